#!/usr/bin/env python3
"""resources.py SLUICE WORKSPACE: every resource answers as JSON, and its columns are those of design section 15, in order."""
import json
import subprocess
import sys

FAMILIES = ("params", "metrics", "tags", "labels")
# resource: (columns between `connection` and `ref`, scope or None)
COLUMNS = {
    "connections": "name type state identity expires readonly latency_ms error",
    "zones": "name uri state newest age_s fresh_within_s objects bytes",
    "objects": "uri name kind bytes modified etag class",
    "partitions": "zone partition state objects bytes rows newest",
    "tables": "schema name kind rows bytes modified",
    "columns": "name type nullable nulls distinct min max mean",
    "jobs": "name engine schedule state last_execution last_started",
    "executions": "id job engine state native started ended duration_s done total unit cause",
    "steps": "execution name state native started ended duration_s after cause",
    "log": "time source level text",
    "experiments": "id name state created updated",
    "runs": "id name experiment state started ended duration_s user",
    "series": "name labels step time value",
    "models": "name aliases latest pending updated",
    "versions": "model version state stage aliases run author created source digest",
    "approvals": "model version decision by known at comment to evidence valid",
    "audit": "seq time who action target outcome detail hash",
    "findings": "severity kind subject since summary next",
    "requests": "resource scope kind state started rows bytes wait_s error",
    "keys": "view key command help",
    "checks": "name state value advice",
}
MAY_BE_EMPTY = {"audit", "requests"}


def judge(program, workspace, resource):
    """None, or what is wrong."""
    run = subprocess.run([program, "-w", workspace, "get", resource, "-o", "json"], capture_output=True, text=True, timeout=120,
                         stdin=subprocess.DEVNULL)
    if run.returncode:
        return f"exit {run.returncode}: {(run.stderr.strip().splitlines() or ['(nothing said)'])[0]}"
    rows = json.loads(run.stdout)
    if not rows:
        return None if resource in MAY_BE_EMPTY else "no rows"
    want = ["connection", *(c for c in COLUMNS[resource].split() if c not in FAMILIES)]
    for row in rows:
        have = [k for k in row if k.split(".")[0] not in FAMILIES]  # a row prints those keys of a family that it has
        if have[:len(want)] != want and [c for c in want if c not in have]:
            return f"columns missing: {', '.join(c for c in want if c not in have)}"
        if [c for c in have if c in want] != want or have[-1] != "ref":
            return f"columns in another order: {', '.join(have)}"
    return None


def main(program, workspace):
    wrong = 0
    for resource in COLUMNS:
        try:
            why = judge(program, workspace, resource)
        except (ValueError, subprocess.TimeoutExpired) as e:
            why = str(e)
        if why:
            wrong += 1
            print(f"MISSED get {resource}: {why}")
    if not wrong:
        print(f"ok get answers for {len(COLUMNS)} resources, with their columns")


main(*sys.argv[1:])
