#!/usr/bin/env python3
"""audit_flip.py SLUICE WORKSPACE: each byte of the audit file, changed alone, makes `audit verify` exit with 4."""
import json
import subprocess
import sys
from pathlib import Path

MOST = 4000


def call(program, workspace, *args):
    return subprocess.run([program, "-w", workspace, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def audit_path(program, workspace):
    """`info -o json` names it in a row or key that says audit."""
    found = json.loads(call(program, workspace, "info", "-o", "json").stdout)
    rows = found if isinstance(found, list) else [found]
    paths = [str(v) for row in rows for k, v in row.items() if isinstance(v, str) and "audit" in f"{k} {row.get('name', '')}" and "/" in v]
    return Path(paths[0])


def main(program, workspace):
    try:
        path = audit_path(program, workspace)
        data = path.read_bytes()
    except (ValueError, IndexError, OSError) as e:
        print(f"not run audit: `info -o json` names no audit file that can be read ({e!r})")
        return
    before = call(program, workspace, "audit", "verify")
    if before.returncode or not data:
        print(f"MISSED audit verify: exit {before.returncode} on {len(data)} untouched bytes")
        return
    places = range(0, len(data), max(1, len(data) // MOST))
    unseen = []
    try:
        for i in places:
            path.write_bytes(data[:i] + bytes([data[i] ^ 1]) + data[i + 1:])
            if call(program, workspace, "audit", "verify").returncode != 4:
                unseen.append(i)
    finally:
        path.write_bytes(data)
    if unseen:
        print(f"MISSED audit: {len(unseen)} of {len(places)} flipped bytes unseen, the first at {unseen[0]}")
    else:
        print(f"ok audit: each of {len(places)} flipped bytes (of {len(data)}) makes verify exit 4")


main(*sys.argv[1:])
