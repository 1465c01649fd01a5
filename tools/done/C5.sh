# C5: ./run bench prints the ratios of the compute core beside its peers; all budgets met.
. "$(dirname "$0")/lib.sh"
measure() { # NAME
  local out=$DONE_WORK/bench-$1.txt
  [ -f "tests/bench/bench_$1.py" ] || { not_run "bench $1: tests/bench/bench_$1.py does not exist yet"; return; }
  if tools/bench.sh "$1" >"$out" 2>&1; then ok "bench $1: $(grep -c '^ok' "$out") budgets met"
  else missed "bench $1: $(grep -m 1 '^MISSED' "$out" || tail -n 1 "$out")"; fi
}
for name in trees sketch profile ks images; do measure "$name"; done
