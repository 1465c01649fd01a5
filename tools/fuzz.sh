#!/usr/bin/env bash
# tools/fuzz.sh [NAME...] [--minutes N]: each fuzz target for N minutes (1), from its corpus. What crashes is kept in build/fuzz/found.
#
# New inputs that reach new code stay in build/fuzz/corpus; copy the few that matter to tests/fuzz/corpus/NAME. Each run is a line of
# tests/fuzz/LOG: target, commit (+ where the sources were not as committed), seconds, executions, new edges, findings.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minutes=1
names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) minutes=${2:-}; shift 2 || true ;;
    -*) echo "run fuzz: no option '$1'; there is --minutes N" >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done
[[ $minutes =~ ^[0-9]+([.][0-9]+)?$ ]] || { echo "run fuzz: --minutes takes a number, not '$minutes'" >&2; exit 2; }
seconds=$(awk "BEGIN { printf \"%d\", $minutes * 60 }")
known=$(find tests/fuzz -maxdepth 1 -name '*.c' ! -name replay_main.c -printf '%f\n' | sed 's/\.c$//' | sort)
for name in "${names[@]}"; do
  grep -qx -- "$name" <<<"$known" || { echo "run fuzz: no target '$name'; there are: $(tr '\n' ' ' <<<"$known")" >&2; exit 2; }
done
[ ${#names[@]} -gt 0 ] || mapfile -t names <<<"$known"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

# The line of the run, from what libFuzzer printed.
entry() { # NAME SECONDS FINDINGS
  local log before after runs
  log=$logs/fuzz_$1.log
  before=$(sed -n 's/^#[0-9]*\tINITED cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
  after=$(sed -n 's/^#[0-9]*\t[A-Za-z]* *cov: \([0-9]*\).*/\1/p' "$log" | sort -n | tail -n 1)
  runs=$(sed -n 's/^stat::number_of_executed_units: *\([0-9]*\).*/\1/p' "$log" | tail -n 1)
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$commit" "$2" "${runs:-0}" $(( ${after:-0} - ${before:-0} )) "$3" >>tests/fuzz/LOG
}

[ -f build/fuzz/build.ninja ] ||
  step "configure fuzz" cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DSLUICE_FUZZ=ON \
    -DSLUICE_SANITIZE=address,undefined -DSLUICE_DEPS_DIR="$deps" -DCMAKE_C_FLAGS=-fsanitize=fuzzer-no-link
step "build fuzz" ninja -C build/fuzz -j "$jobs" fuzzers
commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- src backends tests/fuzz ':!tests/fuzz/LOG' || commit+=+
[ -s tests/fuzz/LOG ] || printf '# target\tcommit\tseconds\texecutions\tnew edges\tfindings\n' >tests/fuzz/LOG
mkdir -p build/fuzz/found
passed=0 failed=0
for name in "${names[@]}"; do
  mkdir -p "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  began=$(date +%s) found=0
  if step "fuzz_$name" "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1)) found=1
  fi
  entry "$name" $(( $(date +%s) - began )) "$found"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
