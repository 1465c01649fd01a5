# C2: score, drift, profile and gate answer the same on the demo and on files of the peers' own making at every SLUICE_CPU that this machine
# has: c, avx2, avx512. A level that it has not is told, not passed over. Each model of the demo is scored over each folder of rows that it
# may take, its raw sums too (which those without any refuse; nothing else may be refused), and gates are judged by evidence that was
# computed at that level.
. "$(dirname "$0")/lib.sh"
levels="c"
for level in avx2 avx512; do
  flag=$level
  [ "$level" = avx512 ] && flag='avx512_vbmi2'
  if grep -qw "$flag" /proc/cpuinfo; then levels+=" $level"; else echo "this machine has no $level" >&2; fi
done
need_demo || { missed "the demo: $(tail -n 1 "$DONE_WORK/demo.out")"; exit; }
rows_of() { # FOLDER: what the models of this family take
  case $1 in
    */cancer/*) echo lake:curated/ lake:holdout/cancer.parquet ;;
    */digits/*) echo lake:digits/ ;;
    *) echo lake:wine/ ;;
  esac
}
ask() { # LEVEL: everything that is asked, into one file; one model and its rows on a line of "scored"
  (cd "$demo" && export SLUICE_CPU=$1 && rm -rf "$HOME/.local/state/sluice" &&
    find . -name MLmodel -printf '%h\n' | sort | while read -r model; do
      for data in $(rows_of "$model"); do
        for what in "" "--output raw"; do
          # shellcheck disable=SC2086
          "$SLUICE" -w . score --model "$model" --data "$data" $what -o csv || echo "exit $?"
        done
      done
    done
    for data in lake:raw/@newest lake:landing/@newest; do "$SLUICE" -w . profile "$data" -o csv || echo "exit $?"; done
    "$SLUICE" -w . drift --baseline lake:curated/ --current lake:curated/@newest --tests auto,psi,ks,js,wasserstein,chi2 -o csv ||
      echo "exit $?"
    "$SLUICE" trust sluice.yaml >&2
    "$SLUICE" -w . run evidence-cancer -p version=4 >&2 || echo "evidence: exit $?"
    "$SLUICE" -w . gate cancer/4 -o csv --columns gate,state,value,threshold || echo "exit $?"
  ) >"$DONE_WORK/c2-$1.txt" 2>"$DONE_WORK/c2-$1.err"
}
for level in $levels; do
  ask "$level"
  out=$DONE_WORK/c2-$level.txt
  models=$(grep -c '^row,' "$out")
  if [ "$(grep -cE '^(evidence: )?exit ' "$out")" -ne "$(grep -c 'the model gives no scores besides$' "${out%.txt}.err")" ]; then
    missed "the demo at $level: $(grep -m 1 -E '^(evidence: )?exit ' "$out") is no answer; see ${out%.txt}.err"
  elif [ "$models" -lt 15 ] || [ "$(grep -c "^compute," "$out")" -lt 100 ] || ! grep -q "^rescore.*,pass," "$out"; then
    missed "the demo at $level: $models lists of predictions, $(wc -l <"$out") lines; $(tail -n 1 "$DONE_WORK/c2-$level.err")"
  elif cmp -s "$DONE_WORK/c2-c.txt" "$out"; then ok "the demo at $level: $models lists of predictions, $(wc -l <"$out") lines, as at c"
  else missed "the demo at $level: $(diff "$DONE_WORK/c2-c.txt" "$out" | head -n 2 | tail -n 1)"; fi
done
for level in $levels; do
  SLUICE_CPU=$level pytest_item "the peers' files at $level" tests/peers/test_score.py tests/peers/test_drift.py \
    tests/peers/test_sklearn.py tests/peers/test_sagemaker.py tests/peers/test_images_score.py
done
