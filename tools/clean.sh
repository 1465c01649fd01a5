#!/usr/bin/env bash
# tools/clean.sh [--deps]: remove what building made; with --deps also what was fetched into this tree.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in
  '') rm -rf build; say "build/ is gone" ;;
  --deps) rm -rf build .deps; say "build/ and .deps/ are gone" ;;
  *) echo "run clean: --deps or nothing, not '$1'" >&2; exit 2 ;;
esac
