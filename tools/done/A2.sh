# A2: `sluice -w D get R -o json` answers for every resource of the list, with the columns that scripts may rely on; and the
# same rows for runs over REST, from a real MLflow server on the demo's own store.
. "$(dirname "$0")/lib.sh"
need_demo || { missed "there is no demo workspace: $(tail -n 1 "$DONE_WORK/demo.out" 2>/dev/null)"; exit; }
"$python" tools/done/resources.py "$SLUICE" "$demo"
pytest_item "the same over REST" tests/peers/test_mlflow.py
