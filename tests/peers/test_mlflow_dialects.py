"""The same questions to MLflow 2.9, 2.22, 3.4 and 3.17: each server on a store that its own client filled, compared with that store as we
read it ourselves, and its artifacts with the files that went in. Only the newest without ./run test --all."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lib_mlflow import ROOT, Server, Sluice, answer, settled
from sluice_pytest import peer

SEED = Path(__file__).with_name("seed_mlflow.py")
DIALECTS = {"2.9": "mlflow29", "2.22": "mlflow222", "3.4": "mlflow34", "3.17": "test"}


def python_of(version):
    if version == "3.17":
        return sys.executable
    if not os.environ.get("SLUICE_ALL"):
        return None
    deps = Path(sys.executable).parent.parent.parent
    path = deps / f"venv-{DIALECTS[version]}" / "bin" / "python"
    return str(path) if path.exists() else None


HERE = [v for v in DIALECTS if python_of(v)]


class World:
    """A server of one version, its store, and what the seed put in."""

    def __init__(self, version, folder):
        self.folder, self.version = folder, version
        python = python_of(version)
        self.server = Server(folder, python=python)
        self.name = "mlflow" if version == "3.17" else f"mlflow-{version}"
        peer(self.name, answer(self.server.url + "/version"), "real")
        try:
            env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
            out = subprocess.run([python, str(SEED), self.server.url], capture_output=True, cwd=folder, env=env, timeout=200)
            assert out.returncode == 0, out.stderr.decode()[-3000:]
        except BaseException:
            self.server.stop()
            raise
        self.made = json.loads(out.stdout.splitlines()[-1])


@pytest.fixture(scope="module", params=[pytest.param(v, marks=pytest.mark.peer("mlflow" if v == "3.17" else f"mlflow-{v}")) for v in HERE])
def world(request, tmp_path_factory):
    w = World(request.param, tmp_path_factory.mktemp("mlflow"))
    yield w
    w.server.stop()


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


def both(world, sluice, *args):
    """The server's rows and the store's, which must be equal; without what only one of them can know."""
    there = settled(sluice.run(world.server.url, *args))
    here = settled(sluice.run(f"sqlite:///{world.folder}/mlflow.db", *args))
    assert there == here
    return there


QUESTIONS = [["experiments"], ["experiments", "--deleted"], ["runs"], ["runs", "--deleted"], ["runs", "dialect"], ["models"], ["versions"],
             ["runs", "--filter", "metrics.auc >= 0.5", "--sort", "-metrics.auc"], ["runs", "--filter", "parent is not null"],
             ["runs", "--filter", "params.`a b/c` = 'x' and tags.team ~ 'o'"]]


@pytest.mark.parametrize("args", QUESTIONS, ids=[" ".join(q) for q in QUESTIONS])
def test_rows_are_the_stores(world, sluice, args):
    assert both(world, sluice, *args) or args[-1].startswith("params")


def test_runs(world, sluice):
    made = world.made
    rows = {r["id"]: r for r in both(world, sluice, "runs", "--deleted")}
    one = rows[made["run"]]
    assert (one["state"], one["name"], one["params.a b/c"]) == ("ok", "one", "x")
    assert one["metrics.nan"] == "NaN" and one["metrics.inf"] == "Infinity" and one["metrics.minf"] == "-Infinity"
    assert rows[made["child"]]["parent"] == made["run"] and rows[made["child"]]["state"] == "running"
    assert rows[made["deleted"]]["lifecycle"] == "deleted" and made["deleted"] not in str(sluice.run(world.server.url, "runs"))


def test_histories(world, sluice):
    points = both(world, sluice, "series", world.made["run"])
    loss = sorted((p["step"], p["value"]) for p in points if p["name"] == "loss")
    assert loss == [(i - 5, i / 8) for i in range(300)]
    assert {p["value"] for p in points if p["name"] in ("nan", "inf", "minf")} == {"NaN", "Infinity", "-Infinity"}


def test_documents_name_data_and_models(world, sluice):
    for uri in (world.server.url, f"sqlite:///{world.folder}/mlflow.db"):
        sluice.run(uri, "runs")
        text = sluice.ask("describe", "runs", world.made["run"]).stdout.decode()
        doc = json.loads(text[text.index("\n{") + 1:])
        data = doc["inputs"]["dataset_inputs"][0]
        assert data["dataset"]["name"] == "train" and data["tags"][0]["value"] == "training"
        if world.made["model"]:
            assert [m["model_id"] for m in doc["outputs"]["model_outputs"]] == [world.made["model"]]


def test_registry(world, sluice):
    two, one = both(world, sluice, "versions", "clf")
    assert (one["version"], one["aliases"], two["version"]) == (1, ["champion"], 2)
    assert one["run"] == world.made["run"] and two["tags.approval.decision"] == "requested" and two["state"] == "pending"


def test_artifacts(world, sluice, tmp_path):
    made = world.made
    (tmp_path / "out").mkdir()
    for uri in (world.server.url, f"sqlite:///{world.folder}/mlflow.db"):
        sluice.run(uri, "runs")
        ls = json.loads(sluice.ask("ls", f"runs:/{made['run']}", "-o", "json").stdout)
        kinds = {o["name"]: (o["kind"], o["bytes"]) for o in ls}
        assert kinds["hello.txt"] == ("file", 12) and kinds["sub dir"] == ("prefix", None)
        big = sluice.ask("cat", f"runs:/{made['run']}/sub dir/\u00e4 &+=.bin").stdout
        assert big == (world.folder / "up" / "sub dir" / "\u00e4 &+=.bin").read_bytes() and len(big) == 3_000_000
        for address in ("models:/clf/1/MLmodel", "models:/clf@champion/MLmodel", f"runs:/{made['run']}/model/MLmodel"):
            assert b"flavors" in sluice.ask("cat", address).stdout
        if made["model"]:
            assert b"flavors" in sluice.ask("cat", f"models:/{made['model']}/MLmodel").stdout
            assert kinds["model"] == ("prefix", None)
        sluice.ask("cp", "models:/clf@champion/MLmodel", str(tmp_path / "out" / "MLmodel"), "--replace")
        assert (tmp_path / "out" / "MLmodel").read_bytes() == (world.folder / "mod" / "MLmodel").read_bytes()
        assert b"nosuch" in sluice.ask("cat", f"runs:/{made['run']}/nosuch", code=1).stderr


def test_a_lost_artifact(world, sluice):
    """Registered, then gone from the disk: said, by both."""
    made = world.made
    kept = world.folder / "mlartifacts"
    if not kept.exists():
        kept = world.folder / "mlruns"
    found = list(kept.rglob("hello.txt"))
    assert len(found) == 1
    away = found[0].with_name("hello.gone")
    shutil.move(found[0], away)
    try:
        for uri in (world.server.url, f"sqlite:///{world.folder}/mlflow.db"):
            sluice.run(uri, "experiments")
            assert b"there is no" in sluice.ask("cat", f"runs:/{made['run']}/hello.txt", code=1).stderr
    finally:
        shutil.move(away, found[0])
