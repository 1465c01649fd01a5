#!/usr/bin/env bash
# tools/generate.sh PROGRAM [--check]: writes what is made from the program's own tables: the man page, the completions.
# With --check nothing is written; it fails and names what differs.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
program=$1 check=${2:-} rc=0
made=$(mktemp)
trap 'rm -f "$made"' EXIT
one() { # KIND FILE
  "$program" --generate "$1" >"$made"
  if cmp -s "$made" "$2"; then return; fi
  if [ -n "$check" ]; then
    echo "$2 differs from the tables: tools/generate.sh build/sluice writes it" >&2
    rc=1
  else
    mkdir -p "$(dirname "$2")"
    cp "$made" "$2"
    chmod 644 "$2"
  fi
}
one man man/sluice.1
one man5 man/sluice-workspace.5
one config-md docs/CONFIG.md
one bash completions/sluice.bash
one zsh completions/_sluice
one fish completions/sluice.fish
exit "$rc"
