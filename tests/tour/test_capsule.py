"""A recording of the demo opens with no workspace and no network, and shows the same pictures.

The header differs by what it must say (no environment, no workspace file). The lake and the overview are left out: they take the order
of the zones from the workspace file, which is not part of a recording yet.
"""
import os
import re

import pytest
from lib_tour import SLUICE, Folders, Tmux

VIEWS = [
    ("executions", ("clean", "failed")),
    ("runs", ("logit-all pickled",)),
    ("versions", ("cancer", "pending")),
    ("jobs", ("ingest", "features")),
    ("sql select state, count(*) as n from executions group by 1 order by 1", ("failed", "ok")),
]


def pictures(argv, env):
    """What each view shows, from the breadcrumb on, without the line of truth; ages count from another now, so they are masked."""
    t = Tmux(argv, env)
    out = {}
    try:
        t.wait("overview", "finding")
        for line, texts in VIEWS:
            picture = t.go(line, *texts)
            out[line] = [re.sub(r"\s+", " ", re.sub(r"\b\d+(\.\d+)?(ms|s|m|h\d*|d)\b", "AGE", row)) for row in picture.splitlines()[1:-2]]
            if line.startswith("sql"):
                t.leave_editor()
            t.keys("q")
            t.wait("overview", "finding")
        t.keys("q")
        t.wait("LEFT 0")
    finally:
        t.close()
    return out


@pytest.fixture(scope="module")
def recorded():
    f = Folders()
    f.make_demo()
    capsule = os.path.join(f.dir, "capsule")
    shown = pictures([SLUICE, "-w", f.demo, "--record", capsule, "--with-data"], f.env)
    yield f, capsule, shown
    f.remove()


def test_it_replays_offline_with_equal_screens(recorded):
    f, capsule, shown = recorded
    os.rename(f.demo, f.demo + ".away")
    try:
        again = pictures([SLUICE, "--replay", capsule], f.env)
    finally:
        os.rename(f.demo + ".away", f.demo)
    for line, picture in shown.items():
        assert again[line] == picture, line


def test_nothing_can_be_changed_in_it(recorded):
    f, capsule, _ = recorded
    p = f.run("--replay", capsule, "run", "clean", check=False)
    assert p.returncode != 0
    assert p.stderr.strip()


def test_what_was_not_asked_is_said(recorded):
    f, capsule, _ = recorded
    p = f.run("--replay", capsule, "get", "experiments", check=False)
    assert p.returncode == 1
    assert "not in this recording" in p.stderr


@pytest.mark.parametrize("words", [("get", "executions"), ("get", "runs", "cancer"), ("get", "versions"), ("get", "partitions"),
                                   ("logs", "clean-2")], ids=" ".join)
def test_a_command_replays_with_equal_rows(recorded, words):
    f, _, _ = recorded
    capsule = os.path.join(f.dir, "command")
    first = f.run("-w", f.demo, "--record", capsule, "--with-data", *words, "-o", "json").stdout
    os.rename(f.demo, f.demo + ".away")
    try:
        again = f.run("--replay", capsule, *words, "-o", "json").stdout
    finally:
        os.rename(f.demo + ".away", f.demo)
    assert again == first and len(first) > 40


def test_persons_are_hashed_unless_asked_for(recorded):
    f, _, _ = recorded
    capsule = os.path.join(f.dir, "persons")
    p = f.run("-w", f.demo, "--record", capsule, "get", "versions", "-o", "json")
    assert '"author":"ana"' in p.stdout and "hashed" in p.stderr, p.stderr
    assert '"author":"ana"' not in f.run("--replay", capsule, "get", "versions", "-o", "json").stdout
