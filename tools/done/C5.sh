# C5: ./run bench prints the ratios of the compute core beside its peers; all budgets met.
. "$(dirname "$0")/lib.sh"
for name in trees sketch profile ks images; do bench_item "$name"; done
