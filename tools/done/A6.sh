# A6: ./run bench meets the budgets; a capsule of the demo replays offline with equal screens.
. "$(dirname "$0")/lib.sh"
bench_item logs mlflow quit table terminal
pytest_item "a capsule replays with equal screens" tests/tour/test_capsule.py
