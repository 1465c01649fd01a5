# B1: one scenario (seed, filter, compare, gate, request, approve, race, reject, roll back, verify) passes unchanged on SQLite and on
# REST 2.9, 2.22, 3.4 and 3.17: the same test, a parameter each; a server that is not installed is a miss.
. "$(dirname "$0")/lib.sh"
"$DONE_CLONE/tools/deps.sh" peers >"$DONE_WORK/servers.txt" 2>&1 || missed "the servers: $(tail -n 1 "$DONE_WORK/servers.txt")"
for store in sqlite 2.9 2.22 3.4 3.17; do
  SLUICE_SCENARIO=$store pytest_item "the scenario on $store" tests/peers/test_scenario.py
done
