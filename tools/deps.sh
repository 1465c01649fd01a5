#!/usr/bin/env bash
# tools/deps.sh [build|package|test|bench|peers]: install what is missing, and nothing else.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

missing_packages() { # GROUP...
  local group package
  for group in "$@"; do
    for package in $(awk -v g="$group" '$1 == g { $1 = ""; print }' tools/apt.txt); do
      [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {
  as_root apt-get update -q || return
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "$@"
}

packages() { # GROUP...
  local list by_hand
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: these must be there under your system's names:"
    awk -v g=" $* " '/^[a-z]/ && index(g, " " $1 " ") { $1 = "         "; print }' tools/apt.txt
    return
  fi
  list=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "${list// /}" ] || return 0
  by_hand="apt-get update && apt-get install -y --no-install-recommends ${list% }"
  [ "$(id -u)" -eq 0 ] || by_hand="sudo sh -c '$by_hand'"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "packages are missing, and this needs root. As root, type:
  ${by_hand#sudo }"
    # Asked for here, where the terminal is, since a step has none.
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || die "packages are missing. Type:
  $by_hand"
  fi
  # shellcheck disable=SC2086  # the list is words
  step "apt: $(echo $list | wc -w) packages" apt_install $list || die "that did not install. Type this to see why:
  $by_hand"
}

# A Python environment under .deps, made anew when its requirements change.
venv() { # NAME
  local dir=$deps/venv-$1 file=tools/requirements-$1.txt sum
  sum=$(sha256sum <"$file")
  [ "$(cat "$dir/.made-from" 2>/dev/null)" != "$sum" ] || return 0
  step "python: environment for $1" make_venv "$dir" "$file" ||
    die "the Python packages of $file could not be installed. Type this to see why:
  $dir/bin/pip install -r $file"
  printf '%s\n' "$sum" >"$dir/.made-from"
}

make_venv() {
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  rm -rf "$1"
  "$python" -m venv "$1" && "$1/bin/pip" install --disable-pip-version-check --no-input -r "$2"
}

# Java archives under .deps, made anew when what they are made of changes.
jars() { # NAME
  local dir=$deps/jars-$1 file=tools/$1.xml sum
  sum=$(sha256sum <"$file")
  [ "$(cat "$dir/.made-from" 2>/dev/null)" != "$sum" ] || return 0
  step "java: archives for $1" mvn -q -B -f "$file" dependency:copy-dependencies "-DoutputDirectory=$dir" ||
    die "the archives of $file could not be fetched. Type this to see why:
  mvn -B -f $file dependency:copy-dependencies '-DoutputDirectory=$dir'"
  printf '%s\n' "$sum" >"$dir/.made-from"
}

engines() {
  if python3 tools/engines.py --check "$deps/engines" >/dev/null 2>&1; then return; fi
  step "engines: DuckDB, its extensions, ONNX Runtime" python3 tools/engines.py "$deps/engines" ||
    die "the engines could not be fetched; without them all but SQL over files and ONNX works. Type this to see why:
  python3 tools/engines.py '$deps/engines'"
}

mkdir -p "$deps"
exec 9>"$deps/.lock"
flock 9
case "${1:-build}" in
  build|runtime) packages build; engines ;;
  package)       packages build package; engines ;;
  test)          packages build package test; engines; venv test; venv drift ;;
  bench)         packages build package test; engines; venv test; venv bench ;;
  peers)         packages build package test peers
                 engines
                 jars deequ
                 for file in tools/requirements-*.txt; do
                   file=${file#tools/requirements-}
                   venv "${file%.txt}"
                 done ;;
  *) echo "run deps: build, package, test, bench or peers, not '$1'" >&2; exit 2 ;;
esac
