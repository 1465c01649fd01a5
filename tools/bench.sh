#!/usr/bin/env bash
# tools/bench.sh [NAME...]: the budgets of the design, measured: tests/bench/bench_NAME.py, one after the other, nothing beside them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export SLUICE=$top/build/sluice SLUICE_DEPS=$deps
compgen -G 'tests/bench/bench_*.py' >/dev/null || die "there is nothing to measure yet: tests/bench has no bench_*.py"
failed=0
for file in tests/bench/bench_*.py; do
  name=$(basename "$file" .py)
  name=${name#bench_}
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  echo "== $name"
  "$deps/venv-test/bin/python" "$file" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || die "$failed of the measurements missed a budget"
