#!/usr/bin/env bash
# tools/package.sh: the .deb, in build/. It has a build of its own, since the program knows the prefix it is made for.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -f build/package/build.ninja ] ||
  step "configure package" cmake --preset release -B build/package -DCMAKE_INSTALL_PREFIX=/usr -DSLUICE_TESTS=OFF -DSLUICE_DEPS_DIR="$deps"
step "build package" ninja -C build/package -j "$jobs"
[ -x build/package/sluice ] || die "the build made no program: build/package/sluice is missing"
rm -f build/package/*.deb build/*.deb
step "cpack" sh -c 'cd build/package && cpack -G DEB'
mv build/package/*.deb build/
say "$(ls build/*.deb)"
