# B2: 50 approvers racing for one alias on the SQLite store: one winner, 49 told why, the chain whole. Killed at every syscall of the
# write path: nothing unaudited, nothing done twice, UNKNOWN reconciled on the next start.
. "$(dirname "$0")/lib.sh"
pytest_item "50 approvers, one alias" tests/peers/test_race.py
pytest_item "killed at every syscall" tests/torture/test_killed.py
