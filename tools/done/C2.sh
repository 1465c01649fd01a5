# C2: score, drift, profile and gate answer the same on the demo and on files of the peers' own making at every SLUICE_CPU that this machine
# has: c, avx2, avx512. A level that it has not is told, not passed over.
. "$(dirname "$0")/lib.sh"
levels="c"
for level in avx2 avx512; do
  flag=$level
  [ "$level" = avx512 ] && flag=avx512bw
  if grep -qw "$flag" /proc/cpuinfo; then levels+=" $level"; else echo "this machine has no $level" >&2; fi
done
need_demo || { missed "the demo: $(tail -n 1 "$DONE_WORK/demo.out")"; exit; }
ask() { # LEVEL: everything that is asked, into one file
  (cd "$demo" && export SLUICE_CPU=$1 &&
    model=$(find . -name model.ubj -o -name model.json -o -name model.lgb -o -name model.txt | sort | head -n 1) &&
    for data in lake:raw/@newest lake:landing/@newest; do
      "$SLUICE" score --model "$model" --data "$data" -o csv || echo "exit $?"
      "$SLUICE" profile "$data" -o csv || echo "exit $?"
    done
    "$SLUICE" drift --baseline lake:raw/ --current lake:raw/@newest --tests auto,psi,ks,js,wasserstein,chi2 -o csv || echo "exit $?"
    "$SLUICE" gate cancer/4 -o csv --columns gate,state,value,threshold || echo "exit $?") >"$DONE_WORK/c2-$1.txt" 2>"$DONE_WORK/c2-$1.err"
}
for level in $levels; do
  ask "$level"
  if [ "$(wc -l <"$DONE_WORK/c2-$level.txt")" -lt 100 ]; then missed "the demo at $level: few rows, see c2-$level.txt"
  elif cmp -s "$DONE_WORK/c2-c.txt" "$DONE_WORK/c2-$level.txt"; then
    ok "the demo at $level: $(wc -l <"$DONE_WORK/c2-$level.txt") lines, the same as c"
  else missed "the demo at $level: $(diff "$DONE_WORK/c2-c.txt" "$DONE_WORK/c2-$level.txt" | head -n 1)"; fi
done
for level in $levels; do
  SLUICE_CPU=$level pytest_item "the peers' files at $level" tests/peers/test_score.py tests/peers/test_drift.py
done
