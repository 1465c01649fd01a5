"""The failing job: its landed file is mended, it is retried from the console and seen to succeed live; a console that quits loses
nothing."""
import glob
import os
import re
import time

import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture
def demo():
    f = Folders()
    f.make_demo()
    yield f
    f.remove()


def failed_clean(demo):
    rows = [r for r in demo.rows("get", "executions") if r["job"] == "clean" and r["state"] == "failed"]
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


def retry_here(t):
    """The row or execution under the cursor, through the menu of actions and the confirmation, which arms first."""
    t.keys("a")
    t.type(re.search(r"(\d)  retry", t.wait("retry", "run it again"))[1])
    t.wait("not armed: Enter arms", "guards  state is failed")
    t.press("Enter", "Enter does it")
    t.press("Enter", absent=("Enter does it",))


def wait_ok(demo, known, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fresh = [r for r in demo.rows("get", "executions") if r["id"] not in known]
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
        t.go("executions", old["id"])
        t.keys("/")
        t.wait("filter:")
        t.type("state = failed")
        t.keys("Enter")
        t.wait(old["id"], absent=("clean-1",))
        retry_here(t)
        new = re.search(r"started local:executions/(\S+)", t.wait("started local:executions/"))[1]
        t.keys("Escape")
        t.wait_row(new, "ok")  # no key is pressed: the row arrives and changes by itself
        t.keys("q")
        t.wait("overview", "finding", absent=("job failed",), seconds=30)
    finally:
        t.close()
    rows = demo.rows("audit", "list")
    assert any(r["action"] == "executions.retry" and r["outcome"] == "ok" for r in rows)
    demo.run("-w", demo.demo, "audit", "verify")


def test_a_flipped_byte_is_seen(demo):
    """Some bytes of every record; tools/done/audit_flip.py takes them all."""
    path = demo.rows("info")[0]["audit"]
    with open(path, "rb") as f:
        body = f.read()
    assert demo.run("-w", demo.demo, "audit", "verify").returncode == 0 and len(body) > 4000
    for at in range(0, len(body), len(body) // 40):
        with open(path, "wb") as f:
            f.write(body[:at] + bytes([body[at] ^ 1]) + body[at + 1:])
        assert demo.run("-w", demo.demo, "audit", "verify", check=False).returncode == 4, f"byte {at}: {body[max(0, at - 40):at + 1]}"
    with open(path, "wb") as f:
        f.write(body)
    demo.run("-w", demo.demo, "audit", "verify")


def test_quitting_meanwhile_loses_nothing(demo):
    old = failed_clean(demo)
    known = {r["id"] for r in demo.rows("get", "executions")}
    mend(demo)
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        t.go("execution " + old["id"], "✗ failed")
        retry_here(t)
        t.keys("C-c", "C-c")
        t.wait("LEFT 0")
    finally:
        t.close()
    assert wait_ok(demo, known)["job"] == "clean"
