#!/usr/bin/env bash
# tools/fmt.sh: lay out the C files that git knows, by .clang-format.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v clang-format >/dev/null || die "clang-format is not installed: apt-get install clang-format"
step "clang-format" bash -c "git ls-files -z '*.c' '*.h' | xargs -0r clang-format -i"
