"""Every view opens from the palette in tmux at 80x24, shows the demo's story, and survives resize, suspend and a killed box."""
import os
import signal

import pytest
from lib_tour import SLUICE, Folders, Tmux, wait_boxes


@pytest.fixture(scope="module")
def demo():
    f = Folders()
    f.make_demo()
    yield f
    f.remove()


@pytest.fixture
def console(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    t.wait("overview", "finding")
    yield t
    t.close()


VIEWS = [
    ("overview", ("job failed", "partition missing", "ZONES", "JOBS 24h")),
    ("lake", ("landing", "raw", "processed", "missing")),
    ("executions", ("clean", "failed")),
    ("jobs", ("ingest", "clean", "features")),
    ("sql select state, count(*) as n from executions group by 1 order by 1", ("failed", "ok")),
    ("preview lake:landing/@newest/labs.csv", ("patient", "mean_radius")),
    ("runs", ("xgb", "ok")),
    ("versions", ("cancer", "pending")),
]


@pytest.mark.parametrize("line,texts", VIEWS, ids=[v[0].split()[0] + str(i) for i, v in enumerate(VIEWS)])
def test_view_shows_the_story(console, line, texts):
    picture = console.go(line, *texts)
    assert all(len(row) <= 80 for row in picture.splitlines())
    console.resize(40, 10)
    console.wait("sluice", seconds=5)
    console.resize(80, 24)
    console.wait(*texts)


def test_failed_job_leads_to_its_first_error_and_on(console):
    console.go("executions", "failed")
    console.keys("/")
    console.wait("filter:")
    console.type("state = failed")
    console.keys("Enter")
    console.wait("clean-2", "1 of 1", absent=("clean-1", "ingest"))
    console.keys("Enter")
    console.wait("validate", "✗ failed", "transform", "after validate", "first error")
    console.keys("L")
    console.wait("› log clean-2")
    console.keys("W")
    console.wait("labs.csv line 215", "mean_area", "N/A")


def test_help_is_of_the_view(console):
    console.go("lake", "landing")
    console.keys("?")
    console.wait("help: lake", "preview the partition")
    console.keys("Escape")
    console.wait("landing", absent=("help: lake",))


def test_suspend_and_resume(console):
    console.go("lake", "landing")
    console.keys("C-z")
    console.wait("Stopped", seconds=10)
    console.type("fg")
    console.keys("Enter")
    console.wait("landing", "raw")


def test_a_killed_box_is_one_line_and_the_next_works(console):
    console.go("sql select count(*) as n from range(200000000000) t1, range(1000)", "compute: asked")
    for pid in wait_boxes(console.pid()):
        os.kill(pid, signal.SIGKILL)
    console.wait("the box died: killed", "the next query gets a new one", "r asks again")
    console.leave_editor()
    console.go("sql select 6*7 as answer", "answer", "42")
