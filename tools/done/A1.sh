# A1: in an empty Debian 12 `./run demo </dev/null` and `./run test` pass from a clone; the installed .deb gives the same demo
# with the clone deleted, and the same findings with the clock 90 days on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/debian.sh"
[ "$(id -u)" -eq 0 ] || { not_run "chroot needs root"; exit; }
command -v debootstrap >/dev/null || { not_run "debootstrap is not installed"; exit; }
debian_base || { not_run "debootstrap failed"; exit; }

made=$DONE_WORK/debian-clone
used=$DONE_WORK/debian-deb
trap 'debian_remove "$made"; debian_remove "$used"' EXIT
debian_new "$made" || { not_run "the empty Debian could not be made"; exit; }
git clone -q --no-local "$DONE_CLONE" "$made/root/sluice" || exit

inside() { # NAME COMMAND: run in the clone there; seconds in $took, output in $DONE_WORK/NAME.txt
  local start rc=0
  start=$(date +%s)
  debian_in "$made" sh -c "cd /root/sluice && $2" >"$DONE_WORK/$1.txt" 2>&1 || rc=$?
  took=$(($(date +%s) - start))
  [ "$rc" -eq 0 ] || tail -n 30 "$DONE_WORK/$1.txt" >&2
  return "$rc"
}

if inside demo './run demo --dir /root/demo'; then ok "./run demo in an empty Debian 12: $took s"
else missed "./run demo in an empty Debian 12: exit code not 0 after $took s"; fi
if inside test './run test' && [ "$took" -lt 1500 ]; then ok "./run test there: $took s, $(tail -n 1 "$DONE_WORK/test.txt")"
else missed "./run test there: $took s, $(tail -n 1 "$DONE_WORK/test.txt")"; fi
if ! inside package './run package'; then missed "./run package: $(tail -n 1 "$DONE_WORK/package.txt")"; exit; fi

debian_new "$used" || { not_run "the second empty Debian could not be made"; exit; }
cp "$made"/root/sluice/build/*.deb "$used/root/"
debian_in "$used" sh -c "apt-get update -q && apt-get install -q -y --no-install-recommends /root/*.deb libfaketime" \
  >"$DONE_WORK/apt.txt" 2>&1 ||
  { missed "the .deb does not install: $(tail -n 1 "$DONE_WORK/apt.txt")"; exit; }
debian_in "$used" sluice --version >"$DONE_WORK/version.txt" 2>&1 || { missed "the installed program does not start"; exit; }
ok "the .deb installs: $(du -k "$used"/root/*.deb | cut -f 1) KiB"

findings() { # ROOT PROGRAM DAYS
  debian_in "$1" sh -c "
    rm -rf /root/found
    [ $3 -eq 0 ] || export LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME=+${3}d
    $2 demo --dir /root/found >/dev/null && $2 -w /root/found get findings -o json"
}
findings "$made" /root/sluice/build/sluice 0 >"$DONE_WORK/clone.json" || missed "the clone's demo has no findings"
findings "$used" sluice 0 >"$DONE_WORK/deb.json" || missed "the .deb's demo has no findings"
findings "$used" sluice 90 >"$DONE_WORK/later.json" || missed "the .deb's demo, 90 days on, has no findings"
python3 tools/done/same_findings.py "the .deb's demo" "$DONE_WORK/clone.json" 0 "$DONE_WORK/deb.json" 0
python3 tools/done/same_findings.py "90 days on" "$DONE_WORK/deb.json" 0 "$DONE_WORK/later.json" 90
