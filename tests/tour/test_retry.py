"""The failing job: its landed file is mended, it is retried from the console and seen to succeed live; a console that quits loses
nothing."""
import glob
import json
import os
import time

import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture
def demo():
    f = Folders()
    f.make_demo()
    return f


def executions(demo):
    return json.loads(demo.run("-w", demo.demo, "get", "executions", "-o", "json").stdout)


def failed_clean(demo):
    rows = [r for r in executions(demo) if r["job"] == "clean" and r["state"] == "failed"]
    assert len(rows) == 1, rows
    return rows[0]


def mend(demo):
    """What the person does in an editor: the one bad value becomes a number."""
    bad = [p for p in glob.glob(os.path.join(demo.demo, "lake/landing/*/labs.csv")) if b"N/A" in open(p, "rb").read()]
    assert len(bad) == 1, bad
    with open(bad[0], "rb") as f:
        body = f.read()
    with open(bad[0], "wb") as f:
        f.write(body.replace(b"N/A", b"551.1", 1))


def retry_in_console(t, execution):
    t.go("execution " + execution, "failed")
    t.keys("a")
    t.wait("retry", "run it again")
    t.type("2" if "1  stop" in t.screen() else "1")
    t.wait("Esc leaves it")
    time.sleep(0.6)  # the confirmation is deaf for half a second, by design
    t.keys("Enter")
    t.wait("Enter does it")
    time.sleep(0.6)
    t.keys("Enter")


def wait_ok(demo, known, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fresh = [r for r in executions(demo) if r["id"] not in known]
        if fresh and fresh[0]["state"] == "ok":
            return fresh[0]
        assert not fresh or fresh[0]["state"] in ("pending", "running"), fresh
        time.sleep(0.1)
    raise AssertionError("the retry never ended")


def test_mended_and_retried_is_seen_live(demo):
    old = failed_clean(demo)
    mend(demo)
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        retry_in_console(t, old["id"])
        t.wait("started", seconds=15)
        t.keys("q")
        t.wait("overview", "finding", absent=("job failed",), seconds=30)
    finally:
        t.close()
    rows = json.loads(demo.run("-w", demo.demo, "audit", "list", "-o", "json").stdout)
    assert any(r["action"] == "executions.retry" and r["outcome"] == "ok" for r in rows)
    demo.run("-w", demo.demo, "audit", "verify")


def test_quitting_meanwhile_loses_nothing(demo):
    old = failed_clean(demo)
    known = {r["id"] for r in executions(demo)}
    mend(demo)
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        retry_in_console(t, old["id"])
        t.keys("C-c", "C-c")
        t.wait("LEFT 0")
    finally:
        t.close()
    assert wait_ok(demo, known)["job"] == "clean"
