#!/usr/bin/env bash
# tools/test.sh [--all]: every test, then the tables and one line "N passed, N failed".
#
# A suite that fails does not stop the others. What ran is in build/results (tools/summary.py says in which form), what a step
# printed in build/log.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
all=
case "${1:-}" in
  '') ;;
  --all) all=1 ;;
  *) echo "run test: --all or nothing, not '$1'" >&2; exit 2 ;;
esac

results=$top/build/results
rm -rf "$results"
mkdir -p "$results"
export SLUICE_RESULTS=$results SLUICE_DEPS=$deps SLUICE=$top/build/sluice
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
export SLUICE_PEERS=${all:+all}
export SLUICE_PEERS=${SLUICE_PEERS:-newest}

failed_step() { # NAME
  printf 'case\t%s\t0\t1\t0\t0\n' "$1" >>"$results/steps.tsv"
}

# ctest over one build; its answer is read from the file, so the exit code does not matter unless there is no file.
suite() { # PRESET NAME ARG...
  local preset=$1 name=$2
  shift 2
  ctest --test-dir "build/$preset" --show-only=json-v1 >"$results/ctest-$name.json"
  # a second try is named in the log ("Test #N: ... ***Failed" before its "Passed")
  step "test $name" ctest --test-dir "build/$preset" -j "$jobs" --timeout 300 --no-tests=error --output-on-failure \
    --repeat until-pass:2 \
    --output-junit "$results/ctest-$name.xml" --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" ||
    [ -s "$results/ctest-$name.xml" ] || failed_step "ctest $name"
}

# What failed runs once more by itself; the log and the summary name what passed only then.
second_try() { # NAME
  [ -s "$results/pytest-$1.xml" ] || { failed_step "pytest $1"; return; }
  PYTHONPATH=$top/tools step "second try $1" python3 tools/second_try.py "$results/pytest-$1.xml" "$deps/venv-test/bin/python" || true
  grep -h '^passed on the second try' "$logs/second_try_$1.log" 2>/dev/null | tee -a "$results/second_tries.txt" || true
}

pytest_suite() { # FOLDER [BUILD]: with the program of another build than release
  local name
  name=$(basename "$1")${2:+-$2}
  if [ -n "${2:-}" ]; then local -x SLUICE=$top/build/$2/sluice; fi
  PYTHONPATH=$top/tools step "test $name" "$deps/venv-test/bin/python" -m pytest -p sluice_pytest -p no:cacheprovider --timeout=300 \
    -q --junit-xml="$results/pytest-$name.xml" "$1" || second_try "$name"
}

build() { # PRESET
  tools/build.sh "$1" || { failed_step "build $1"; return 1; }
}

export SLUICE_ALL=$all # which peers there are
tools/deps.sh "$([ -n "$all" ] && echo peers || echo test)"
if build release; then
  suite release release -LE 'bench'
  # These wait for servers and terminals more than they work: the longest of them runs beside the others.
  pytest_suite tests/peers >"$logs/beside.txt" 2>&1 &
  beside=$!
  for folder in tests/*/; do
    if compgen -G "${folder}test_*.py" >/dev/null && [ "$folder" != tests/lint/ ] && [ "$folder" != tests/peers/ ]; then
      pytest_suite "${folder%/}"
    fi
  done
  wait "$beside" || true
  cat "$logs/beside.txt"
fi
if build dev; then
  suite dev dev -LE 'bench|lint|peers|torture'
  # A second try looks at the same sites: one that failed once is not hidden by a throw of the dice.
  # Without --all they are the same sites every time, so that what fails is the change's doing; --all looks at every one.
  export SLUICE_TORTURE_SEED=${SLUICE_TORTURE_SEED:-1}
  say "torture: SLUICE_TORTURE_SEED=$SLUICE_TORTURE_SEED"
  SLUICE_TORTURE=${all:+exhaustive} suite dev torture -L torture
fi
if [ -n "$all" ]; then
  if build tsan; then suite tsan tsan -LE 'bench|lint|peers|box'; fi
  if build cov; then
    find build/cov -name '*.gcda' -delete
    suite cov cov -LE 'bench|lint|peers'
    for folder in tests/cli tests/tour tests/peers; do pytest_suite "$folder" cov; done
    step "coverage" python3 tools/coverage.py build/cov --least 85 || failed_step "coverage below 85 %"
    cat "$logs/coverage.log"
  fi
fi
python3 tools/summary.py "$results"
