# tools/done/lib.sh: the words of the items. Sourced by tools/done/*.sh, which run in the clone.
#
# DONE_WORK is a folder of their own, SLUICE the built program, SLUICE_DEPS what was fetched.
set -uo pipefail
export LC_ALL=C.UTF-8 HOME=$DONE_WORK/home XDG_CONFIG_HOME= XDG_STATE_HOME= XDG_CACHE_HOME= XDG_DATA_HOME=
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME
mkdir -p "$HOME"
python=$SLUICE_DEPS/venv-test/bin/python

ok() { echo "ok $*"; }
missed() { echo "MISSED $*"; }
not_run() { echo "not run $*"; }

# The demo's workspace, written once for all items: its folder in $demo.
demo=$DONE_WORK/demo
need_demo() {
  [ -d "$demo" ] && return
  [ -x "$SLUICE" ] || { echo "the program is not built" >"$DONE_WORK/demo.out"; return 1; }
  "$SLUICE" demo --dir "$demo" </dev/null >"$DONE_WORK/demo.out" 2>&1 && [ -d "$demo" ]
}

# The measurements of tests/bench/bench_NAME.py: ok if every budget is met; what missed one by less than a quarter (`near`) is told, each
# with its figure, for the note to explain. Where nothing was measured nothing is met. No smaller sizes than those of the budgets.
unset SLUICE_BENCH_ROWS
bench_item() { # NAME...
  local out=$DONE_WORK/bench-$1.txt name
  for name in "$@"; do
    [ -f "tests/bench/bench_$name.py" ] || { not_run "bench $name: tests/bench/bench_$name.py does not exist yet"; return; }
  done
  if ! tools/bench.sh "$@" >"$out" 2>&1 || grep -qE '^(MISSED|absent) ' "$out" || ! grep -q '^ok ' "$out"; then
    missed "bench $*: $(grep -m 1 -E '^(MISSED|absent) ' "$out" || tail -n 1 "$out")"
  else ok "bench $*: $(grep -c '^ok ' "$out") budgets met$(sed -n 's/^near  */; less than a quarter over: /p' "$out" | tr '\n' ' ')"; fi
}

# A pytest file that is the item: ok with the number of its tests, or MISSED with the first that failed or was passed over.
pytest_item() { # WHAT FILE...
  local what=$1 out=$DONE_WORK/pytest.out
  shift
  local file
  for file in "$@"; do
    [ -e "$file" ] || { not_run "$what: $file does not exist yet"; return; }
  done
  if PYTHONPATH=tools "$python" -m pytest -p sluice_pytest -p no:cacheprovider -q "$@" >"$out" 2>&1; then
    case $(tail -n 1 "$out") in
      *skipped* | *xfailed* | *deselected*) missed "$what: $(tail -n 1 "$out")" ;;
      *passed*) ok "$what: $(tail -n 1 "$out")" ;;
      *) missed "$what: $(tail -n 1 "$out")" ;;
    esac
  else
    missed "$what: $(grep -m 1 -E '^(FAILED|ERROR)' "$out" || tail -n 1 "$out")"
    cat "$out" >&2
  fi
}
