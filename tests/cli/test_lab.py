"""Commands on a workspace of files only: rows, actions, jobs, logs, exit codes; and every example of the help."""
import json
import os
import re
import shlex
import signal
import subprocess
import time

import pytest

import lab
from conftest import PROGRAM


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def state(here, execution):
    return here.json("describe", "executions", execution)[0]["state"]


# ---- reading ----

def test_zones_and_partitions(here):
    zones = {z["name"]: z for z in here.json("get", "zones")}
    assert set(zones) == {"landing", "raw"} and zones["landing"]["state"] == "fresh"
    parts = here.json("get", "partitions", "raw")
    assert {p["zone"] for p in parts} == {"raw"}
    assert [p["state"] for p in parts if p["partition"] == f"dt={lab.day(1)}"] == ["missing"]


def test_freshness_breaches(here):
    assert here("freshness", "landing").returncode == 0
    rows = here.json("freshness", "raw", code=4)
    assert {"expected", "late_s"} <= set(rows[0])
    assert here("freshness", "raw", "--filter", "state = 'fresh'").returncode == 0


def test_hostile_names_come_out_unchanged_in_json_and_harmless_elsewhere(here):
    want = b"bad\xff\x1b[31m\nname".decode("utf-8", "surrogateescape")
    names = [r["name"] for r in here.json("ls", "lake:raw/")]
    assert want in names
    assert want in [json.loads(line)["name"] for line in here("ls", "lake:raw/", "-o", "ndjson").text.splitlines()]
    assert b"\x1b" not in here("ls", "lake:raw/").stdout


def test_paths_start_here(here):
    by_zone = {r["uri"] for r in here.json("ls", "lake:raw/")}
    assert by_zone == {r["uri"] for r in here.json("ls", "lake/raw")}
    assert by_zone == {r["uri"] for r in here.json("get", "objects", here.cwd / "lake/raw")}


def test_cat(here):
    assert here("cat", "lake:raw/README.txt").text == "one\ntwo\nthree\n"
    both = here("cat", f"lake:landing/dt={lab.day(0)}/labs.csv", "lake:raw/README.txt").text
    assert both == "patient,area\n1,0.5\n2,0.25\none\ntwo\nthree\n"
    assert "nosuch" in here("cat", "lake:raw/nosuch", code=1).notes
    assert "zone" in here("cat", "lake:rwa/x", code=2).notes


def test_describe_by_name_ref_and_many(here):
    ref = here.json("get", "jobs")[0]["ref"]
    assert here.json("describe", ref)[0]["ref"] == ref
    assert "no row of jobs" in here("describe", "jobs", "nosuch", code=1).notes


def test_unknown_scope_and_connection(here):
    assert "no zone rwa" in here("get", "partitions", "rwa", code=1).notes
    assert "no connection" in here("get", "jobs", "-c", "nosuch", code=2).notes


# ---- jobs ----

def test_untrusted_workspace_starts_nothing(here):
    with open(here.cwd / "sluice.yaml", "a", encoding="utf-8") as f:
        f.write("# changed\n")
    assert f"sluice trust {here.cwd}/sluice.yaml" in here("run", "ingest", code=2).notes
    assert here.json("get", "executions") == []


def test_run_shows_the_log_and_its_end(here):
    run = here("run", "ingest", "-p", "dt=2026-11-01")
    assert "loading 2026-11-01" in run.text
    row, = here.json("get", "executions", "ingest")
    assert (row["id"], row["state"], row["native"]) == ("ingest-1", "ok", "exit 0")
    failed = here("run", "clean", code=1)
    assert "looking" in failed.text and "N/A is no number" in failed.text
    assert "clean-1 failed" in failed.notes
    steps = {s["name"]: s["state"] for s in here.json("get", "steps", "clean-1")}
    assert steps["look"] == "failed" and steps["never"] != "ok"


def test_logs(here):
    here("run", "clean", code=1)
    assert "N/A is no number" in here("logs", "clean-1").text
    rows = here.json("logs", "clean-1")
    assert list(rows[0])[:5] == ["connection", "time", "source", "level", "text"]
    assert "N/A" in here("logs", "clean-1", "-f", timeout=20).text


def test_mistakes_with_jobs(here):
    assert "no row of jobs" in here("run", "nosuch", code=1).notes
    assert "NAME=VALUE" in here("run", "ingest", "-p", "dt", code=2).notes
    assert "dt" in here("run", "ingest", "-p", "dtt=1", code=2).notes


def test_detach_stop_retry(here):
    ref = here("run", "nightly", "--detach").text.strip()
    assert ref == "local:executions/nightly-1"
    wait_for(lambda: state(here, "nightly-1") == "running")
    assert "TERM" in here("stop", "nightly-1", "--dry-run").text
    assert state(here, ref) == "running"
    here("stop", "nightly-1")
    wait_for(lambda: state(here, "nightly-1") == "stopped")
    assert "only when" in here("stop", "nightly-1", code=1).notes
    assert here("retry", "nightly-1", "--detach").text.strip() == "local:executions/nightly-2"
    wait_for(lambda: state(here, "nightly-2") == "running")
    here("act", "stop", "local:executions/nightly-2")
    actions = [(r["action"], r["outcome"]) for r in here.json("audit", "list", "--sort", "seq")]
    assert actions == [("jobs.run", "ok"), ("executions.stop", "ok"), ("executions.retry", "ok"), ("executions.stop", "ok")]
    assert here("audit", "verify").text.startswith("whole: 8 records, 4 actions")


def test_interrupt_leaves_it_running(here):
    text = (here.cwd / "sluice.yaml").read_text()
    (here.cwd / "sluice.yaml").write_text(text.replace('[sleep, "100"]', '[sh, -c, "echo begun; exec sleep 100"]'))
    here("trust", "sluice.yaml")
    p = subprocess.Popen([PROGRAM, "run", "nightly"], env=here.env, cwd=here.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"begun\n"
    p.send_signal(signal.SIGINT)
    _, notes = p.communicate(timeout=10)
    assert p.returncode == 130 and b"goes on" in notes
    assert state(here, "nightly-1") == "running"
    here("stop", "nightly-1")


def test_doctor_looks_at_the_workspace(here):
    def checks():
        return {r["name"]: r for r in here.json("doctor", code=None)}
    assert checks()["workspace"]["state"] == "ok" and checks()["audit"]["value"] == "nothing was done yet"
    here("cp", "lake:raw/README.txt", "lake:landing/")
    assert "2 records, whole" in checks()["audit"]["value"]
    path = here.json("info")[0]["audit"]
    data = bytearray(open(path, "rb").read())
    data[10] ^= 1
    open(path, "wb").write(data)
    assert checks()["audit"]["state"] == "failed" and here("doctor", code=4)
    (here.cwd / "sluice.yaml").write_text("conections: {}\n")
    assert "sluice.yaml:1:1" in checks()["workspace"]["value"]


def test_watch_prints_what_changes(here):
    p = subprocess.Popen([PROGRAM, "get", "executions", "--watch", "-o", "ndjson", "--columns", "id,state"], env=here.env, cwd=here.cwd,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    here("run", "ingest")
    rows = [json.loads(p.stdout.readline())]
    while rows[-1] != {"id": "ingest-1", "state": "ok"}:
        rows.append(json.loads(p.stdout.readline()))
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=10)
    assert p.returncode == 130


# ---- files ----

def test_copy_and_remove_go_through_the_audit(here):
    source, copy = here.cwd / "lake/raw/README.txt", here.cwd / "lake/landing/README.txt"
    assert "copy" in here("cp", "lake:raw/README.txt", "lake:landing/", "--dry-run").text and not copy.exists()
    here("cp", "lake:raw/README.txt", "lake:landing/")
    assert copy.read_text() == source.read_text()
    assert "there already" in here("cp", "lake:raw/README.txt", "lake:landing/", code=1).notes
    here("cp", "lake:raw/README.txt", "lake:landing/", "--replace")
    assert "read-only" in here("--read-only", "rm", "lake:landing/README.txt", code=2).notes and copy.exists()
    here("rm", "lake:landing/README.txt")
    assert not copy.exists()
    here("rm", "lake:landing/README.txt", code=1)
    outcomes = [r["outcome"] for r in here.json("audit", "list", "--sort", "seq")]
    assert outcomes == ["ok", "failed", "ok", "ok"]


def test_protected_environment_wants_the_name(here):
    text = (here.cwd / "sluice.yaml").read_text()
    (here.cwd / "sluice.yaml").write_text(text.replace("environment: test", "environment: prod"))
    here("trust", "sluice.yaml")
    run = here("run", "ingest", "--detach", code=2)
    assert "--confirm 'ingest'" in run.notes
    assert here.json("get", "executions") == []
    here("run", "ingest", "--confirm", "nightly", code=2)
    here("run", "ingest", "--confirm", "ingest")


def test_any_flipped_byte_of_the_audit_is_found(here):
    here("cp", "lake:raw/README.txt", "lake:landing/")
    path = here.json("info")[0]["audit"]
    data = bytearray(open(path, "rb").read())
    for at in range(0, len(data), max(1, len(data) // 25)):
        data[at] ^= 1
        open(path, "wb").write(data)
        assert here("audit", "verify", code=None).returncode == 4, at
        data[at] ^= 1
    open(path, "wb").write(data)
    here("audit", "verify")


def test_audit_that_cannot_be_written_stops_the_action(here):
    path = here.json("info")[0]["audit"]
    os.makedirs(path)  # a folder is there instead
    here("cp", "lake:raw/README.txt", "lake:landing/", code=1)
    assert not (here.cwd / "lake/landing/README.txt").exists()


# ---- sources that fail ----

def test_nobody_answers(here):
    run = here("get", "experiments", code=3)
    assert run.notes.startswith("sluice: registry: ") and run.notes.count("\n") == 1
    assert here.json("get", "experiments", code=3) == []
    assert here("get", "experiments", "--partial-ok", code=3).text == ""


# ---- SQL ----

def test_sql_over_resources_and_files(here):
    here("run", "clean", code=1)
    assert here.json("sql", "select state, count(*) as n from executions group by 1") == [{"state": "failed", "n": 1}]
    assert here.json("sql", "select sum(area) as a from 'lake:landing/*/labs.csv'") == [{"a": 8.25}]
    joined = here.json("sql", "select z.name, f.patient from zones z join 'lake:raw/*/labs.csv' f on true where z.name = 'raw' order by 2")
    assert [r["patient"] for r in joined] == [1, 1, 2, 2]
    assert "nosuch" in here("sql", "select * from nosuch", code=1).notes
    cut = here("sql", "select count(*) as n from objects(scope => 'lake:landing/')", "--rows", "2", "-o", "csv", code=5)
    assert cut.text == "n\n2\n" and "not all of it" in cut.notes
    assert here("sql", "select count(*) as n from objects(scope => 'lake:landing/')", "-o", "csv").text == "n\n3\n"
    assert here("sql", "selct 1", code=1).notes.count("\n") == 1
    assert here("sql", "select 1 as a union all select 2 order by 1", "-o", "csv").text == "a\n1\n2\n"


def test_sql_out_writes_whole_or_nothing(here):
    out = here.cwd / "lake/raw/out.csv"
    row, = here.json("sql", "select patient from 'lake:landing/*/labs.csv' order by 1", "--out", "lake:raw/out.csv")
    assert row == {"uri": f"file://{out}", "rows": 6}
    assert out.read_text() == "patient\n1\n1\n1\n2\n2\n2\n"
    assert "write" in here("sql", "select 1", "--out", "lake:raw/two.csv", "--dry-run").text
    assert not (here.cwd / "lake/raw/two.csv").exists()
    here("sql", "select error('no')", "--out", "lake:raw/three.parquet", code=1)
    assert not (here.cwd / "lake/raw/three.parquet").exists()
    assert ".parquet" in here("sql", "select 1", "--out", "lake:raw/x.txt", code=2).notes
    assert [r["action"] for r in here.json("audit", "list")] == ["objects.write"]


def test_head_schema_profile(here):
    assert here.json("head", "lake:landing/@newest/labs.csv", "--limit", "1") == [{"patient": 1, "area": 0.5, "dt": lab.day(0)}]
    assert here("head", "lake:raw/README.txt", "--limit", "2").text == "one\ntwo\n"
    types = [(r["name"], r["type"]) for r in here.json("schema", "lake:landing/@newest/labs.csv")]
    assert types == [("patient", "BIGINT"), ("area", "DOUBLE"), ("dt", "DATE")]
    area = here.json("profile", "lake:landing/@newest/labs.csv", "--filter", "name = 'area'")[0]
    assert (area["nulls"], area["distinct"], float(area["min"]), float(area["max"]), area["mean"]) == (0, 2, 0.25, 0.5, 0.375)


# ---- setting up ----

def test_connect_tries_before_it_writes(here):
    before = (here.cwd / "sluice.yaml").read_text()
    assert "files: it answers, and serves:" in here("connect", "./lake", "--type", "local", "--name", "files", "--dry-run").text
    here("connect", "sqlite:///nosuch.db", "--name", "gone", code=1)
    assert "--type" in here("connect", "whatever", code=2).notes
    assert (here.cwd / "sluice.yaml").read_text() == before
    here("connect", "./lake", "--type", "local", "--name", "files")
    assert "files" in [c["name"] for c in here.json("get", "connections")]


def test_completion_of_what_is_there(here):
    def words(*args):
        return here("-w", here.cwd, "--complete", *args).text.split()
    here("run", "ingest", "--detach")
    assert words("job") == ["clean", "ingest", "nightly"]
    assert words("execution") == ["ingest-1"] == words("scope", "steps")
    assert words("zone") == ["landing", "raw"] and words("uri") == ["lake:landing/", "lake:raw/"]
    assert "registry" in words("connection")


# ---- pipes ----

def test_a_reader_that_leaves_a_long_listing(here):
    many = here.cwd / "many"
    many.mkdir()
    for i in range(30000):
        os.close(os.open(many / f"{i:06d}", os.O_CREAT | os.O_WRONLY))
    begin = time.monotonic()
    run = subprocess.run(["bash", "-c", f"set -o pipefail; '{PROGRAM}' get objects many -o ndjson | head -n 1"], env=here.env, cwd=here.cwd,
                         capture_output=True, timeout=30)
    assert (run.returncode, run.stderr) == (0, b"") and run.stdout.count(b"\n") == 1
    assert time.monotonic() - begin < 5
    assert len(here.json("get", "objects", "many")) == 30000


def test_a_marker_that_came_with_other_files_removes_nothing(here):
    """A half made demo is made anew; somebody else's folder is not removed for holding its marker."""
    other = here.cwd / "other"
    other.mkdir()
    (other / "keep").write_text("mine")
    for text in ("unfinished\n", "unfinished\nfolder /somewhere/else\nfile keep\n", "2026-01-01\n"):
        (other / ".sluice-demo").write_text(text)
        notes = here("demo", "--dir", "other", code=1).notes
        assert ("made elsewhere" if text[0] == "u" else "is not empty") in notes, notes
        assert "made elsewhere" in here("demo", "--dir", "other", "--reset", code=1).notes
        assert (other / "keep").read_text() == "mine"


# ---- the examples of the help ----

def examples():
    text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=20).stdout
    names = re.findall(r"^  (\w+)", text[text.index("commands:"):text.index("everywhere")], re.M)
    for name in names:
        if name == "demo":
            continue  # tests/peers runs it
        page = subprocess.run([PROGRAM, name, "--help"], capture_output=True, text=True, timeout=20).stdout
        yield from re.findall(r"^  (sluice .*)$", page[page.index("examples:"):], re.M)


# the small workspace has no registry: these run in the demo
NEED_RUNS = {"compare": 0, "gate": 4, "request": 0, "approve": 0, "reject": 0, "rollback": 0}


@pytest.mark.parametrize("line", list(examples()))
def test_example(here, demo, line):
    if "models:/" in line:
        assert demo(*shlex.split(line)[1:]).stdout
        return
    if shlex.split(line)[1] in NEED_RUNS:
        if shlex.split(line)[1] == "approve":
            demo("run", "evidence-cancer", "-p", "version=4")
        assert demo(*shlex.split(line)[1:], code=NEED_RUNS[shlex.split(line)[1]]).stdout
        return
    here("run", "ingest", code=None)
    here("run", "clean", code=None)
    here("run", "nightly", "--detach", code=None)
    words = shlex.split(line)
    assert words[0] == "sluice"
    codes = {"freshness": (4,), "drift": (0, 4)}.get(words[1], (0,))  # a check may be breached
    try:
        run = here(*words[1:], code=None)
        assert run.returncode in codes, run.notes
    finally:
        here("stop", "nightly-1", code=None)
