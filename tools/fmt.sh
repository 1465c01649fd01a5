#!/usr/bin/env bash
# tools/fmt.sh: lay out the .c files that git knows, by .clang-format. Headers are left alone: their columns are set by hand.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v clang-format >/dev/null || die "clang-format is not installed: apt-get install clang-format"
step "clang-format" bash -c "git ls-files -z '*.c' | xargs -0r clang-format -i"
