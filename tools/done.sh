#!/usr/bin/env bash
# tools/done.sh ISSUE [N...]: an issue's "Done when", by number, from a fresh clone of what is committed.
#
# tools/done/ISSUE1.sh, ISSUE2.sh, ... each print one or more of "ok FIGURE", "MISSED FIGURE", "not run WHY"
# (tools/done/lib.sh has the words). They run in the clone, with its program built. Exit 1 unless every line is ok.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
issue=${1:-}
[ -n "$issue" ] && compgen -G "tools/done/${issue}[0-9]*.sh" >/dev/null || {
  echo "run done: which issue? There are: $(ls tools/done | sed -n 's/^\([A-Z]\)[0-9]*\.sh$/\1/p' | sort -u | tr '\n' ' ')" >&2
  exit 2
}
shift
numbers=$*
[ -n "$numbers" ] || numbers=$(ls tools/done | sed -n "s/^$issue\([0-9]*\)\.sh\$/\1/p" | sort -n)

[ -z "$(git status --porcelain --untracked-files=no)" ] || say "what is not committed is not in the clone"
work=$top/build/done/$issue
clone=$work/clone
rm -rf "$work"
mkdir -p "$work"
step "clone" git clone -q --no-local "$top" "$clone"
export SLUICE_DEPS=$deps DONE_WORK=$work DONE_CLONE=$clone
export SLUICE=$clone/build/sluice
step "install what is missing" "$clone/tools/deps.sh" test
step "build the clone" "$clone/tools/build.sh" release || say "MISSED the clone does not build"

red=0
for n in $numbers; do
  script=$clone/tools/done/$issue$n.sh
  [ -f "$script" ] || { echo "$issue$n  not run there is no such item, or it is not committed"; red=1; continue; }
  start=$(date +%s)
  (cd "$clone" && bash "$script" 2>"$work/$issue$n.log" </dev/null) >"$work/$issue$n.out" ||
    echo "MISSED it ended with exit code $?, maybe before its last line: see $work/$issue$n.log" >>"$work/$issue$n.out"
  grep -E '^(ok|MISSED|not run) ' "$work/$issue$n.out" >"$work/$issue$n.lines" ||
    echo "MISSED it said nothing: see $work/$issue$n.log" >"$work/$issue$n.lines"
  sed "s/^/$issue$n  /" "$work/$issue$n.lines"
  say "$(($(date +%s) - start)) s"
  if grep -qvE '^ok ' "$work/$issue$n.lines"; then red=1; fi
done
exit "$red"
