#!/usr/bin/env bash
# tools/package.sh: the .deb, in build/.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rm -f build/release/*.deb build/*.deb
step "cpack" bash -c 'cd build/release && cpack -G DEB'
mv build/release/*.deb build/
say "$(ls build/*.deb)"
