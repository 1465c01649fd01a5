# tools/lib.sh: what the scripts of ./run share. Sourced, never run.
#
#   top        the root of the repository (also the current directory)
#   deps       where fetched things are: SLUICE_DEPS, else .deps of this tree, else .deps of the main worktree
#   jobs       how many jobs at once
#   step NAME COMMAND...   run it quietly, print NAME and how long it took; on failure the end of its log

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
export LC_ALL=C.UTF-8
jobs=${SLUICE_JOBS:-$(nproc)}
logs=$top/build/log

# A git worktree shares the engines and environments of the main one: they are 220 MB and the same.
find_deps() {
  local common
  if [ -n "${SLUICE_DEPS:-}" ]; then echo "$SLUICE_DEPS"; return; fi
  if [ ! -d .deps ] && common=$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null) &&
     [ -d "${common%/.git}/.deps" ]; then
    echo "${common%/.git}/.deps"
  else
    echo "$top/.deps"
  fi
}
deps=$(find_deps)

say() { printf '          %s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

step_done() { # START NAME
  local ms=$(( $(date +%s%3N) - $1 ))
  [ -t 1 ] && printf '\r\033[K'
  printf '%4d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$2"
}

step() {
  local name=$1 start log rc=0
  shift
  start=$(date +%s%3N)
  mkdir -p "$logs"
  log=$logs/$(printf '%s' "$name" | tr -cs 'A-Za-z0-9.+-' '_').log
  [ -t 1 ] && printf '     ...  %s' "$name"
  if [ -n "${SLUICE_VERBOSE:-}" ]; then
    { "$@" 2>&1 </dev/null || rc=$?; } | tee "$log"
    rc=${PIPESTATUS[0]}
  else
    "$@" >"$log" 2>&1 </dev/null || rc=$?
  fi
  if [ "$rc" -ne 0 ]; then
    step_done "$start" "$name: failed ($rc)"
    tail -n 40 "$log" | sed 's/^/    | /' >&2
    say "the whole log: $log" >&2
    return "$rc"
  fi
  step_done "$start" "$name"
}
