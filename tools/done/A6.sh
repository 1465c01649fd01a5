# A6: ./run bench meets the budgets; a capsule of the demo replays offline with equal screens.
. "$(dirname "$0")/lib.sh"
if compgen -G 'tests/bench/bench_*.py' >/dev/null; then
  if tools/bench.sh logs mlflow quit table terminal >"$DONE_WORK/bench.txt" 2>&1
  then ok "bench: $(grep -c '^ok' "$DONE_WORK/bench.txt") budgets met"
  else missed "bench: $(tail -n 1 "$DONE_WORK/bench.txt")"; fi
else
  not_run "bench: tests/bench has nothing to measure yet"
fi
pytest_item "a capsule replays with equal screens" tests/tour/test_capsule.py
