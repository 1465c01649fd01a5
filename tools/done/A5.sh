# A5: with a silent name server, a hanging MLflow and a killed box at once, keys are answered within 16 ms and each pane says what is
# wrong.
. "$(dirname "$0")/lib.sh"
pytest_item "keys under three faults at once" tests/tour/test_faults.py
