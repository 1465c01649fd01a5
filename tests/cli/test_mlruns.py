"""MLflow's old file store, and artifacts that a store on this machine names: made by hand, as MLflow writes them; no server."""
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from servers import Server

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
RUN, CHILD = "a" * 32, "b" * 32


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def runs(tmp_path):
    top = tmp_path / "mlruns"
    put(top / "0" / "meta.yaml", "experiment_id: '0'\nname: Default\nlifecycle_stage: active\nartifact_location: file:///elsewhere/0\n"
        "creation_time: 1700000000000\nlast_update_time: 1700000000001\n")
    put(top / ".trash" / "7" / "meta.yaml", "experiment_id: '7'\nname: gone\nlifecycle_stage: deleted\n")
    for run, more in ((RUN, "run_name: one\nstatus: 3\nend_time: 1700000005000\n"), (CHILD, "run_name: two\nstatus: 1\nend_time: null\n")):
        put(top / "0" / run / "meta.yaml", f"run_id: {run}\nrun_uuid: {run}\nexperiment_id: '0'\nlifecycle_stage: active\nuser_id: ana\n"
            f"start_time: 1700000000000\nartifact_uri: file:///elsewhere/0/{run}/artifacts\ntags: []\n{more}")
    put(top / "0" / CHILD / "tags" / "mlflow.parentRunId", RUN)
    put(top / "0" / RUN / "params" / "opt" / "lr", "0.1")
    put(top / "0" / RUN / "metrics" / "auc", "1700000001000 0.5 0\n1700000003000 nan 2\n1700000002000 0.75 1\n")
    put(top / "0" / RUN / "metrics" / "old", "1700000001000 -inf\n1700000001000 3 4 data digest\n17000")
    put(top / "0" / RUN / "artifacts" / "notes" / "a b.txt", "hello\n")
    put(top / "models" / "clf" / "meta.yaml", "name: clf\nlast_updated_timestamp: 1700000009000\ndescription: null\n")
    put(top / "models" / "clf" / "aliases" / "champion", "1")
    put(top / "models" / "clf" / "version-1" / "meta.yaml", f"name: clf\nversion: 1\nrun_id: {RUN}\ncurrent_stage: None\n"
        f"creation_timestamp: 1700000008000\nsource: runs:/{RUN}/notes\nstatus: READY\n")
    put(top / "models" / "clf" / "version-2" / "meta.yaml", "name: clf\nversion: 2\ncurrent_stage: None\nsource: file:///etc\n"
        "status: READY\n")
    return top


class Program:
    def __init__(self, home, uri, settings=""):
        home.mkdir(mode=0o700)
        (home / "sluice.yaml").write_text(f"connections:\n  reg:\n    type: mlflow\n    uri: \"{uri}\"\n{settings}")
        self.home = home
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(home)}

    def __call__(self, *args, code=0):
        out = subprocess.run([PROGRAM, "-w", str(self.home), *args, "--no-input"], capture_output=True, env=self.env, timeout=60,
                             cwd=self.home)
        assert out.returncode == code, (args, out.returncode, out.stdout[:400], out.stderr.decode())
        return out.stdout.decode() if code == 0 else out.stderr.decode()

    def rows(self, *args):
        return json.loads(self(*args, "-o", "json"))


def test_old_file_store(runs, tmp_path):
    here = Program(tmp_path / "home", f"file://{runs}")
    assert [(e["id"], e["state"]) for e in here.rows("get", "experiments", "--deleted")] == [("0", "active"), ("7", "deleted")]
    one, two = sorted(here.rows("get", "runs"), key=lambda r: r["name"])
    assert (one["state"], one["duration_s"], one["user"], one["params.opt/lr"]) == ("ok", 5, "ana", "0.1")
    assert one["metrics.auc"] == "NaN" and one["metrics.old"] == 3
    assert (two["state"], two["parent"], two["ended"]) == ("running", RUN, None)
    points = {(p["name"], p["step"]): p["value"] for p in here.rows("get", "series", RUN)}
    assert points == {("auc", 0): 0.5, ("auc", 1): 0.75, ("auc", 2): "NaN", ("old", 0): "-Infinity", ("old", 4): 3}
    model, = here.rows("get", "models")
    assert model["aliases"] == ["champion=1"] and model["latest"] == 2
    assert [(v["version"], v["author"]) for v in here.rows("get", "versions", "clf", "--sort", "version")] == [(1, "ana"), (2, None)]
    assert here("cat", f"runs:/{RUN}/notes/a b.txt") == "hello\n"
    assert here("cat", "models:/clf@champion/a b.txt") == "hello\n"
    assert "no folder that this workspace names" in here("cat", "models:/clf/2/passwd", code=1)
    assert "no run has the id nosuch" in here("get", "series", "nosuch", code=1)


def test_mlruns_without_a_workspace(runs, tmp_path):
    here = Program(tmp_path / "home", "unused")
    os.unlink(tmp_path / "home" / "sluice.yaml")
    out = subprocess.run([PROGRAM, "get", "experiments", "-o", "json"], capture_output=True, env=here.env, cwd=runs.parent, timeout=60)
    assert [e["name"] for e in json.loads(out.stdout)] == ["Default"]


def test_damaged_files_are_left_out_and_said(runs, tmp_path):
    (runs / "0" / CHILD / "meta.yaml").write_text("run_id: [\n")
    (runs / "0" / RUN / "metrics" / "auc").write_text("no number\n1 2 3\n")
    here = Program(tmp_path / "home", f"file://{runs}")
    assert "left out" in here("get", "runs", code=5)


@pytest.fixture
def store(tmp_path):
    """The demo's store with a run whose files lie where the test says."""
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copy(ROOT / "demo" / "mlflow.db", folder / "mlflow.db")

    def place(uri):
        with sqlite3.connect(folder / "mlflow.db") as db:
            run, = db.execute("select min(run_uuid) from runs where lifecycle_stage = 'active'").fetchone()
            db.execute("update runs set artifact_uri = ? where run_uuid = ?", (uri, run))
        db.close()
        return run
    return folder, place


@pytest.mark.parametrize("form", ["{0}/mlruns/1/r/artifacts", "file://{0}/mlruns/1/r/artifacts", "mlruns/1/r/artifacts",
                                  "mlflow-artifacts:/1/r/artifacts"])
def test_artifacts_of_a_store(store, tmp_path, form):
    folder, place = store
    top = folder / ("mlartifacts" if form.startswith("mlflow-artifacts") else "mlruns") / "1" / "r" / "artifacts"
    put(top / "plots" / "a %41.txt", "one\n")
    (top / "big").write_bytes(os.urandom(700_000))
    run = place(form.format(folder))
    here = Program(tmp_path / "home", f"sqlite:///{folder}/mlflow.db")
    listed = {(o["name"], o["kind"], o["bytes"]) for o in here.rows("ls", f"runs:/{run}")}
    assert listed == {("plots", "prefix", None), ("big", "file", 700_000)}
    assert here("cat", f"runs:/{run}/plots/a %41.txt") == "one\n"
    (tmp_path / "home" / "out").mkdir()
    here("cp", f"runs:/{run}/big", "out/")
    assert (tmp_path / "home" / "out" / "big").read_bytes() == (top / "big").read_bytes()
    assert "there already" in here("cp", f"runs:/{run}/big", "out/", code=1)
    assert not list((tmp_path / "home").glob(".cache/sluice/fetch/*"))


@pytest.mark.parametrize("uri", ["file:///etc", "/etc", "mlruns/../../../../../../../etc", "s3://bucket/x", "file://host/etc", "link"])
def test_hostile_places_are_refused(store, tmp_path, uri):
    folder, place = store
    (folder / "mlruns").mkdir()
    (folder / "mlruns" / "out").symlink_to("/etc")
    run = place(f"{folder}/mlruns/out" if uri == "link" else uri)
    here = Program(tmp_path / "home", f"sqlite:///{folder}/mlflow.db")
    for args in (["ls", f"runs:/{run}"], ["cat", f"runs:/{run}/passwd"], ["cp", f"runs:/{run}/passwd", "x"]):
        assert ("copy them" if "//bucket" in uri or "//host" in uri else "to allow it add") in here(*args, code=1)
    assert "root:x" not in here("ls", f"runs:/{run}/passwd", code=1)


def test_a_root_that_the_workspace_names(store, tmp_path):
    folder, place = store
    put(tmp_path / "srv" / "x.txt", "mine\n")
    run = place(f"file://{tmp_path}/srv")
    uri = f"sqlite:///{folder}/mlflow.db"
    assert "artifact_root" in Program(tmp_path / "no", uri)("cat", f"runs:/{run}/x.txt", code=1)
    assert Program(tmp_path / "set", uri, f"    artifact_root: {tmp_path}/srv\n")("cat", f"runs:/{run}/x.txt") == "mine\n"
    zone = f"lake:\n  zones:\n    - {{name: srv, uri: \"{tmp_path}/srv\"}}\n"
    assert Program(tmp_path / "zone", uri, zone)("cat", f"runs:/{run}/x.txt") == "mine\n"


def test_a_download_that_breaks_off(tmp_path):
    """Nothing under the final name, and what was there before stays."""
    with Server("broken_file") as server:
        here = Program(tmp_path / "home", server.uri)
        said = here("cp", f"runs:/{RUN}/a.bin", "got.bin", code=5)
        assert "400 of 1000 bytes came" in said and said.count("\n") == 1
        (here.home / "kept.bin").write_text("mine")
        here("cp", f"runs:/{RUN}/a.bin", "kept.bin", "--replace", code=5)
        assert (here.home / "kept.bin").read_text() == "mine"
        left = {p.name for p in here.home.rglob("*") if p.is_file()}
        assert not {n for n in left if "got" in n or n.startswith(".")} and not list(here.home.glob(".cache/sluice/fetch/*")), left
        assert "400 of 1000 bytes" in here("cat", f"runs:/{RUN}/a.bin", code=5)


def test_what_killed_copies_left_goes(runs, tmp_path):
    here = Program(tmp_path / "home", f"file://{runs}")
    cache = here.home / ".cache" / "sluice" / "fetch"
    cache.mkdir(parents=True, mode=0o700)
    names = {"0" * 8 + "-0000-4000-8000-" + "0" * 12: 0, "1" * 8 + "-0000-4000-8000-" + "0" * 12: 1_700_000_000, "mine": 1_700_000_000}
    for name, when in names.items():
        (cache / name).write_text("half")
        if when:
            os.utime(cache / name, (when, when))
    here("cp", f"runs:/{RUN}/notes/a b.txt", "got.txt")
    assert (here.home / "got.txt").read_text() == "hello\n"
    assert sorted(p.name for p in cache.iterdir()) == sorted(n for n, when in names.items() if not when or n == "mine")


BIG = "\u00e4" * (5 << 20)


def cut(here, resource, *args):
    """Rows come, with words about what was cut."""
    out = subprocess.run([PROGRAM, "-w", str(here.home), "get", resource, *args, "-o", "json", "--no-input"], capture_output=True,
                         env=here.env, timeout=60)
    said = out.stderr.decode()
    assert out.returncode == 5 and said.count("\n") == 1, said
    return json.loads(out.stdout), said


def test_values_too_large_to_be_shown(store, runs, tmp_path):
    folder, place = store
    run = place("mlruns/1/r/artifacts")
    with sqlite3.connect(folder / "mlflow.db") as db:
        db.execute("insert into tags (key, value, run_uuid) values ('big', ?, ?)", (BIG, run))
        db.execute("insert into model_version_tags (workspace, key, value, name, version) values ('default', 'big', ?, 'cancer', 3)",
                   (BIG,))
    db.close()
    here = Program(tmp_path / "home", f"sqlite:///{folder}/mlflow.db")
    rows, said = cut(here, "runs")
    big, = [r["tags.big"] for r in rows if "tags.big" in r]
    assert len(rows) == 59 and big.endswith("\u00e4... (cut: 10485760 bytes)") and len(big.encode()) < 1_100_000
    assert "1 value is too long to be shown whole" in said
    rows, said = cut(here, "versions", "cancer")
    assert len(rows) == 6 and sum("cut: 10485760" in r.get("tags.big", "") for r in rows) == 1
    put(runs / "0" / RUN / "tags" / "big", BIG)
    put(runs / "models" / "clf" / "version-1" / "tags" / "big", BIG)
    here = Program(tmp_path / "files", f"file://{runs}")
    for resource, n in (("runs", 2), ("versions", 2)):
        rows, said = cut(here, resource)
        assert len(rows) == n and "left out" in said
