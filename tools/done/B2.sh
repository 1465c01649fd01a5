# B2: 50 approvers racing for one alias on the SQLite store: one winner, 49 told why, the chain whole. Killed at every syscall of the
# write path: nothing unaudited, nothing done twice, UNKNOWN reconciled on the next start.
. "$(dirname "$0")/lib.sh"
pytest_item "50 approvers, one alias" tests/peers/test_race.py
if ctest --test-dir build/release -R '^unit_backend_mlflow_race$' --no-tests=error >"$DONE_WORK/killed.txt" 2>&1
then ok "killed at every write of the store and the audit: $(grep -m 1 'tests passed' "$DONE_WORK/killed.txt")"
else missed "killed at every write: $(grep -m 1 'Failed' "$DONE_WORK/killed.txt" || tail -n 1 "$DONE_WORK/killed.txt")"; fi
