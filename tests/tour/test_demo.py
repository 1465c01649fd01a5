"""`sluice demo`: a complete workspace with no server, which shows what demo/INJECTED.md says, on whatever day
it is made."""
import datetime
import json
import os
import re
import subprocess
import sys
import time

import pytest
from lib_tour import SLUICE, Folders

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@pytest.fixture(scope="module")
def demo():
    f = Folders()
    start = time.monotonic()
    f.said = f.make_demo()
    f.took = time.monotonic() - start
    yield f
    f.remove()


@pytest.fixture
def fresh():
    f = Folders()
    yield f
    f.remove()


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def findings(folders):
    return [(r["severity"], r["kind"], r["summary"]) for r in folders.rows("get", "findings")]


def expect_findings(rows):
    """What INJECTED.md says of the lake: the defect, the gap, and what did not follow from them."""
    kinds = sorted((severity, kind, re.sub(r": .*", "", summary)) for severity, kind, summary in rows)
    lost = "partition missing"
    asked = [("waiting", "waiting for you", f"cancer/{v} for champion, asked by ana") for v in (4, 5, 6)]
    assert kinds == [("empty", "partition short", f"raw dt={day(-3)}"), ("failed", "job failed", f"clean dt={day(-1)}"),
                     ("failed", "unapproved in production",
                      "cancer champion is version 3, which nobody has approved; the last that was is 2"),
                     ("missing", lost, f"curated dt={day(0)}"), ("missing", lost, f"processed dt={day(-1)}; also curated"),
                     ("missing", lost, f"raw dt={day(-4)}; also curated, processed"), *asked]
    why = next(s for _, kind, s in rows if kind == "job failed")
    assert "labs.csv" in why and "line 215" in why and "mean_area" in why and "N/A" in why, why


def test_without_a_terminal_it_says_what_is_wrong(demo):
    out = demo.said.stdout
    for words in ("job failed", "partition missing", f"raw dt={day(-4)}", f"clean dt={day(-1)}"):
        assert words in out, out
    assert demo.demo in demo.said.stderr and f"last day is {day(0)}" in demo.said.stderr and "sluice -w" in demo.said.stderr
    expect_findings(findings(demo))


def test_every_execution_is_a_process_that_ran(demo):
    rows = demo.rows("get", "executions")
    steps = demo.rows("get", "steps")
    assert sorted(r["job"] for r in rows) == ["clean"] * 3 + ["digits", "features"] + ["ingest"] * 3 + ["wine"]
    assert [(r["job"], r["params"]) for r in rows if r["state"] != "ok"] == [("clean", [f"dt={day(-1)}"])], rows
    for row in rows:
        assert row["native"] == ("exit 0" if row["state"] == "ok" else "exit 1") and row["ended"] >= row["started"]
        mine = [s for s in steps if s["execution"] == row["id"] and s["exit_code"] is not None]
        assert mine and all(s["memory"] > 1 << 20 and s["cpu_s"] is not None for s in mine), mine
        assert demo.run("-w", demo.demo, "logs", row["id"]).stdout.strip()


def test_rows_of_every_partition_are_known(demo):
    """Counted in the files' footers, whoever wrote them; the same as counting them all. A scanned picture has no rows."""
    rows = {f"{p['zone']}/{p['partition']}": p["rows"] for p in demo.rows("get", "partitions") if p["objects"] and p["zone"] != "images"}
    assert len(rows) > 50 and None not in rows.values(), {k for k, v in rows.items() if v is None}
    for part in (f"raw/dt={day(-1)}", f"curated/dt={day(-9)}", f"landing/dt={day(-1)}"):
        assert demo.rows("sql", f"select count(*) as n from 'lake:{part}'") == [{"n": rows[part]}]


def test_it_is_what_injected_says(demo):
    """demo/check_demo.py, which shares no code with the program, on the moved copy."""
    p = subprocess.run([sys.executable, "-B", os.path.join(TOP, "demo", "check_demo.py"), demo.demo, day(0)],
                       capture_output=True, text=True, timeout=120, check=False)
    assert p.returncode == 0, p.stdout + p.stderr
    assert p.stdout.count("ok ") >= 15, p.stdout


def test_again_is_quick_and_changes_nothing(demo):
    before = sorted(r["id"] for r in demo.rows("get", "executions"))
    start = time.monotonic()
    demo.make_demo()
    took = time.monotonic() - start
    print(f"made in {demo.took:.2f} s, the second time {took:.2f} s")
    assert took < max(2, demo.took / 4), "the second `demo` made it anew"
    assert sorted(r["id"] for r in demo.rows("get", "executions")) == before


def test_reset_restores_it(fresh):
    fresh.make_demo()
    path = os.path.join(fresh.demo, "lake", "landing", f"dt={day(-1)}", "labs.csv")
    with open(path, "rb") as f:
        body = f.read()
    os.remove(path)
    fresh.run("-w", fresh.demo, "run", "ingest", "-p", f"dt={day(-4)}")
    fresh.make_demo("--reset")
    with open(path, "rb") as f:
        assert f.read() == body
    expect_findings(findings(fresh))
    assert len(fresh.rows("get", "executions")) == 9
    fresh.run("-w", fresh.demo, "audit", "verify")


def test_reset_removes_only_what_the_demo_wrote(fresh):
    """A person's files stay, with their bytes and times, and are named; also where they lie beside the demo's."""
    fresh.make_demo()
    lake = os.path.join(fresh.demo, "lake")
    mine = [os.path.join(fresh.demo, "notes.txt"), os.path.join(lake, "landing", f"dt={day(-1)}", "more.csv"),
            os.path.join(lake, "landing", "dt=2031-01-01", "labs.csv")]
    os.makedirs(os.path.dirname(mine[2]))
    for path in mine:
        with open(path, "w", encoding="utf-8") as f:
            f.write("mine, of 2026-11-01\n")
        os.utime(path, (1, 1))
    os.remove(os.path.join(fresh.demo, "lake", "raw", f"dt={day(-1)}", "part.parquet"))
    said = fresh.make_demo("--reset").stderr
    for path in mine:
        assert f"{path} stays: the demo did not make it" in said, said
        with open(path, encoding="utf-8") as f:
            assert f.read() == "mine, of 2026-11-01\n"
        assert os.stat(path).st_mtime == 1
    assert os.path.exists(os.path.join(fresh.demo, "lake", "raw", f"dt={day(-1)}", "part.parquet"))


def test_reset_follows_no_link(fresh):
    fresh.make_demo()
    away = os.path.join(fresh.dir, "away")
    raw = os.path.join(fresh.demo, "lake", "raw")
    os.rename(raw, away)
    os.symlink(away, raw)
    p = fresh.run("demo", "--dir", fresh.demo, "--reset", check=False)
    assert p.returncode == 1 and f"{raw} is a link" in p.stderr, p.stderr
    assert os.path.exists(os.path.join(fresh.demo, "mlflow.db")) and os.listdir(away)


def test_a_marker_from_elsewhere_removes_nothing(fresh):
    fresh.make_demo()
    other = os.path.join(fresh.dir, "other")
    os.rename(fresh.demo, other)
    p = fresh.run("demo", "--dir", other, "--reset", check=False)
    assert p.returncode == 1 and "made elsewhere" in p.stderr, p.stderr
    assert os.path.exists(os.path.join(other, "lake"))


@pytest.mark.parametrize("args", [(), ("--reset",)])
def test_a_folder_that_is_no_demo_is_left_alone(fresh, args):
    os.makedirs(fresh.demo)
    mine = os.path.join(fresh.demo, "thesis.txt")
    with open(mine, "w", encoding="utf-8") as f:
        f.write("mine")
    p = fresh.run("demo", "--dir", fresh.demo, *args, check=False)
    assert p.returncode in (1, 2) and "is not empty and no demo" in p.stderr and "--dir" in p.stderr, p.stderr
    assert os.listdir(fresh.demo) == ["thesis.txt"]


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="libfaketime is not installed")
def test_ninety_days_on_it_finds_the_same(demo, fresh):
    fresh.env |= {"LD_PRELOAD": FAKETIME, "FAKETIME": "+90d"}
    fresh.make_demo()
    files = []
    for name, folders in (("now", demo), ("later", fresh)):
        files.append(os.path.join(fresh.dir, name + ".json"))
        with open(files[-1], "w", encoding="utf-8") as f:
            json.dump(folders.rows("get", "findings"), f)
    p = subprocess.run([sys.executable, os.path.join(TOP, "tools", "done", "same_findings.py"), "90 days on", files[0], "0",
                        files[1], "90"], capture_output=True, text=True, timeout=60, check=False)
    assert p.stdout.startswith("ok 90 days on: the same 9 findings"), p.stdout + p.stderr


def test_rows_scale_a_zone(fresh):
    fresh.make_demo("--rows", "100000")
    expect_findings(findings(fresh))
    zones = {z["name"]: z["objects"] for z in fresh.rows("get", "zones")}
    assert zones["big"] == 1
    assert fresh.rows("sql", "select count(*) as n, count(distinct row) as d, count(mean_area) as a from 'lake:big/part.parquet'") == [
        {"n": 100000, "d": 100000, "a": 100000}]
