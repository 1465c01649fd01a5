"""Marked rows: one confirmation, one record, an outcome each; what was done is no longer marked, what could not be stays."""
import json
import os
import re

import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture
def demo():
    f = Folders()
    f.make_demo()
    for i in range(4):
        with open(os.path.join(f.demo, "lake/landing", f"note-{i}.txt"), "w", encoding="ascii") as file:
            file.write("x\n")
    yield f
    f.remove()


def mark_notes(t):
    t.go("objects lake:landing/", "dt=")
    t.keys("/")
    t.wait("filter:")
    t.type("name ~ 'note'")
    t.keys("Enter")
    t.wait("note-0.txt", absent=("dt=",))
    t.keys("Space", "Space", "Space")
    t.wait("3 marked")


def test_one_confirmation_for_all_marked(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        mark_notes(t)
        t.keys("a")
        t.type(re.search(r"(\d)  remove", t.wait("3 objects", "remove"))[1])
        t.wait("note-0.txt", "note-2.txt", "not armed: Enter arms")
        t.press("Enter", "Enter does it")
        t.press("Enter", absent=("Enter does it",))
        t.wait("done", "note-3.txt", absent=("marked",))
    finally:
        t.close()
    left = sorted(n for n in os.listdir(os.path.join(demo.demo, "lake/landing")) if n.startswith("note"))
    assert left == ["note-3.txt"]
    with open(json.loads(demo.run("-w", demo.demo, "info", "-o", "json").stdout)[0]["audit"], encoding="utf-8") as f:
        removed = [r for r in map(json.loads, f) if "remove" in r.get("action", "")]
    assert [r["kind"] for r in removed] == ["intent", "outcome"], removed
    assert [e["rc"] for e in removed[1]["each"]] == ["OK"] * 3, removed[1]


def test_one_mark_elsewhere_is_what_is_named(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        mark_notes(t)
        t.keys("U")
        t.wait("note-0.txt", absent=("marked",))
        t.keys("g", "Space")  # the cursor goes on to the next row
        t.wait("1 marked")
        t.keys("a")
        t.wait("remove", "note-0.txt ─")
    finally:
        t.close()


def test_what_cannot_be_done_stays_marked(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        mark_notes(t)
        t.keys("a")
        t.type(re.search(r"(\d)  remove", t.wait("3 objects", "remove"))[1])
        t.wait("not armed: Enter arms")
        os.unlink(os.path.join(demo.demo, "lake/landing/note-1.txt"))  # meanwhile somebody else
        t.press("Enter", "Enter does it")
        t.press("Enter", absent=("Enter does it",))
        t.wait("note-1.txt", "marked")
    finally:
        t.close()
    assert os.path.exists(os.path.join(demo.demo, "lake/landing/note-2.txt"))
