# C3: a 20 GB streamed input, generated on the fly, scores with bounded memory; merged partial sketches equal the single run; pushdown
# agrees with local.
. "$(dirname "$0")/lib.sh"
SLUICE_PEERS=all pytest_item "20 GB streamed" tests/peers/test_stream.py
pytest_item "merged partials" tests/cli/test_partial.py
pytest_item "pushdown" tests/cli/test_pushdown.py
