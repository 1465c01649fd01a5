"""The keys that docs/TOUR.md tells to press, where they count rows: read from its text and pressed, so that a row more in the demo does
not lead its reader elsewhere."""
import datetime
import os
import re

import pytest
from lib_tour import SLUICE, Folders, Tmux

TOUR = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "TOUR.md")
MADE = datetime.date(2026, 11, 21)  # "the tour was made on"
NAMES = {"Esc": "Escape", "Ctrl-U": "C-u"}


@pytest.fixture(scope="module")
def demo():
    f = Folders()
    f.make_demo()
    f.last = max(p["partition"] for p in f.rows("get", "partitions") if p["zone"] == "landing").removeprefix("dt=")
    yield f
    f.remove()


def moved(demo, text):
    """Days as they are in a demo that ends today."""
    by = datetime.date.fromisoformat(demo.last) - MADE
    return re.sub(r"2026-11-\d\d", lambda m: (datetime.date.fromisoformat(m[0]) + by).isoformat(), text)


def told(demo, step, nth):
    """The keys of the nth line "Keys:" of a step."""
    with open(TOUR, encoding="utf-8") as f:
        part = re.split(r"^## ", f.read(), flags=re.M)[step]
    assert part.startswith(f"{step}. "), part
    return re.findall(r"`([^`]+)`", re.findall(r"^Keys: (.*)$", moved(demo, part), flags=re.M)[nth])


def press(t, keys):
    for key in keys:
        if key[0] != '"':
            t.keys(NAMES.get(key, key))
        elif key.startswith('":'):
            t.keys(":")
            t.wait("go to")
            t.type(key[2:-1])
        else:
            t.type(key[1:-1])


def test_the_findings_lead_where_the_tour_says(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed", "partition missing", "9 findings")
        press(t, told(demo, 2, 0))
        t.wait("clean  ✗ failed", "line 215")
        press(t, told(demo, 2, 1))
        t.wait("log clean-2", "line 1 of 1")
        press(t, told(demo, 2, 2))
        t.wait("9 findings", "MODELS", absent=("clean-2",))
        press(t, told(demo, 3, 0))
        t.wait("9 zones", moved(demo, "dt=2026-11-20  stopped between raw and processed"))
    finally:
        t.close()


def test_the_missing_day_is_ingested_by_the_keys_of_the_tour(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("partition missing", "9 findings")
        jobs = told(demo, 7, 0)
        press(t, jobs[:2])
        t.wait("6 jobs", "ingest", absent=("go to",))
        press(t, jobs[2:-1])
        t.wait("1  run  start a job")
        press(t, jobs[-1:])
        t.wait("run p (parameter as NAME=VALUE, Enter: none):")
        start = told(demo, 7, 1)
        press(t, start[:2])
        t.wait("run detach")
        press(t, start[2:3])
        t.wait("run: start a job", "not armed: Enter arms")
        t.press(start[3], "Enter does it")
        t.press("Enter", "started local:executions/ingest-4", absent=("Enter does it",))
    finally:
        t.close()
    assert [r["params"] for r in demo.rows("get", "executions") if r["id"] == "ingest-4"] == [[moved(demo, "dt=2026-11-17")]]
