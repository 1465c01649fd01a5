# B5: ./run bench meets the budgets of experiments and approvals.
. "$(dirname "$0")/lib.sh"
bench_item experiments
bench_item approvals
