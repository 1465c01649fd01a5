# A4: retrying the failing job after mending its file succeeds and is seen live; quitting the console meanwhile loses nothing; any
# flipped byte in the audit file makes `audit verify` fail.
. "$(dirname "$0")/lib.sh"
need_demo || { missed "there is no demo workspace: $(tail -n 1 "$DONE_WORK/demo.out" 2>/dev/null)"; exit; }
pytest_item "retry, seen live, over a quit" tests/tour/test_retry.py
"$python" tools/done/audit_flip.py "$SLUICE" "$demo"
