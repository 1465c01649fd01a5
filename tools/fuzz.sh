#!/usr/bin/env bash
# tools/fuzz.sh [SECONDS] [NAME...]: each fuzz target for SECONDS (60), from its corpus. What crashes is kept in build/fuzz/found.
#
# New inputs that reach new code stay in build/fuzz/corpus; copy the few that matter to tests/fuzz/corpus/NAME.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "run fuzz: SECONDS first, not '$seconds'" >&2; exit 2; }
[ $# -eq 0 ] || shift
names=$*
[ -n "$names" ] || names=$(find tests/fuzz -maxdepth 1 -name '*.c' ! -name replay_main.c -printf '%f\n' | sed 's/\.c$//' | sort)
[ -n "$names" ] || die "there is no fuzz target yet: tests/fuzz has no NAME.c"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

[ -f build/fuzz/build.ninja ] ||
  step "configure fuzz" cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DSLUICE_FUZZ=ON \
    -DSLUICE_SANITIZE=address,undefined -DSLUICE_DEPS_DIR="$deps" -DCMAKE_C_FLAGS=-fsanitize=fuzzer-no-link
step "build fuzz" ninja -C build/fuzz -j "$jobs" fuzzers
mkdir -p build/fuzz/found
passed=0 failed=0
for name in $names; do
  mkdir -p "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  if step "fuzz $name for $seconds s" "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
