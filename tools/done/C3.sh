# C3: 20 GB of streamed input, made while it is scored, with bounded memory of console and box.
. "$(dirname "$0")/lib.sh"
SLUICE_PEERS=all pytest_item "20 GB streamed" tests/peers/test_stream.py
