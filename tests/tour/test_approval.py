"""The tour's approval: the sheet at 80x24 with its verdict in sight, evidence computed from it, the promotion signed, and back again."""
import re

import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture
def demo():
    f = Folders()
    f.env["SSH_AUTH_SOCK"] = ""  # the demo's own keys, whoever runs the test
    f.make_demo()
    yield f
    f.remove()


def champion(demo):
    aliases = [m["aliases"] for m in demo.rows("get", "models") if m["name"] == "cancer"][0]
    return [a for a in aliases if a.startswith("champion=")][0]


def confirm(t):
    """Arms where that is asked first, then does it."""
    picture = t.settled("Esc leaves it")
    if "Enter arms" in picture:
        t.press("Enter", "Enter does it")
    t.press("Enter", absent=("Enter does it",))


def test_the_good_one_is_promoted_and_goes_back(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("unapproved in production", "waiting for you")
        t.go("approval cancer/4", "VERDICT", "2 gates unknown", "APPROVERS", "four-eyes", "you are lead (key)")
        sheet = t.settled("VERDICT", "2 gates unknown", "APPROVERS", "four-eyes", "you are lead (key)")
        assert "lead (key)" in sheet.splitlines()[0]  # whose key signs, in the header too
        assert len(sheet.rstrip("\n").splitlines()) <= 24 and "VERDICT" in sheet.splitlines()[2]
        t.keys("E")
        confirm(t)
        t.keys("r")
        for _ in range(40):  # the execution ends; the sheet asks again every few seconds, and at once by r
            try:
                t.wait("can be approved: 6 of 6 gates pass", seconds=1)
                break
            except AssertionError:
                t.keys("r")
        t.wait("can be approved: 6 of 6 gates pass", absent=("evidence –", "files –"))
        t.keys("a")
        t.type(re.search(r"(\d)  approve", t.wait("promote a version, by the rules"))[1])
        t.wait("approve to")
        t.keys("Enter")
        t.wait("approve comment")
        t.type("three newer days, fewer missed cases")
        t.keys("Enter")
        t.wait("you are lead (key SHA256:", "champion of cancer -> 4 (now 3)", "sluice rollback cancer --alias champion", "champion is 3")
        confirm(t)
        t.wait("cancer/4 is approved by lead; champion of cancer is 4 now, it was 3")
        t.wait("it is champion", absent=("nobody approved", "cannot be approved"))
    finally:
        t.close()
    assert champion(demo) == "champion=4"
    rows = {(r["version"], r["decision"]): r for r in demo.rows("get", "approvals", "cancer")}
    assert rows[4, "approved"]["valid"] is True and rows[4, "approved"]["known"] == "key" and rows[4, "approved"]["by"] == "lead"
    assert "unapproved in production" not in {f["kind"] for f in demo.rows("get", "findings")}
    demo.run("-w", demo.demo, "rollback", "cancer", "--alias", "champion", "--comment", "too early", "--no-input", "--expect", "champion=4")
    assert champion(demo) == "champion=3"
    demo.run("-w", demo.demo, "audit", "verify")


def test_the_worse_the_unknown_and_ones_own_are_refused(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("waiting for you")
        t.go("approval cancer/5", "VERDICT", "cannot be approved: 1 gate failed", "no-worse")
        t.keys("q")
        t.go("approval cancer/6", "VERDICT", "cannot be approved", "unknown")
    finally:
        t.close()
    for version, who, words in (("5", "lead", "no-worse fails"), ("6", "lead", "is unknown"), ("4", "ana", "ana made this version")):
        p = demo.run("-w", demo.demo, "approve", f"cancer/{version}", "--as", who, check=False)
        assert p.returncode == 4 and words in p.stderr, (version, p)
    assert champion(demo) == "champion=3"


def test_where_it_came_from(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("unapproved in production")
        t.go("approval cancer/4", "VERDICT", "L lineage")
        t.keys("L")
        t.wait("lineage cancer/4", "made by lgb-7 fresh", "ran train.py @ ", "read curated/", "written by features", "read landing/dt=",
               "HERE")
        t.keys("j", "j")
        t.wait("run: cancer, by ana")
        t.keys("Enter")
        t.wait("name  lgb-7 fresh", "experiment  cancer")
        t.keys("Escape")
        t.wait("made by lgb-7 fresh")
        t.go("lineage holdout/cancer.parquet", "lineage holdout/cancer.parquet", "versions", "read by")
        t.keys("G")
        t.wait("cancer/1", "became")
    finally:
        t.close()
