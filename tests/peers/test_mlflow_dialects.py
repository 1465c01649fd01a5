"""The same questions to MLflow 2.9, 2.22, 3.4 and 3.17: each server on a store that its own client filled, compared with that store as we
read it ourselves, and its artifacts with the files that went in. Only the newest without ./run test --all."""
import hashlib
import json
import shutil

import pytest
from lib_mlflow import DIALECTS, Sluice, peer_name, python_of, settled

HERE = [v for v in DIALECTS if python_of(v)]


@pytest.fixture(scope="module", params=[pytest.param(v, marks=pytest.mark.peer(peer_name(v))) for v in HERE])
def world(request, world_of):
    return world_of(request.param)


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


FILES = ("digest", "digest_from", "artifact", "artifact_why")  # of a version: known where its files lie here, not behind a server


def both(world, sluice, *args):
    """The server's rows and the store's, which must be equal; without what only one of them can know."""
    there = settled(sluice.run(world.server.url, *args))
    here = settled(sluice.run(f"sqlite:///{world.folder}/mlflow.db", *args))
    if args[0] == "versions":
        assert all(row["digest"] is None for row in there)
        there, here = ([{k: v for k, v in row.items() if k not in FILES} for row in rows] for rows in (there, here))
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


def test_files_of_two_runs(world, sluice):
    """Listed through the server, folder by folder; read and hashed whole; missing in the other run."""
    run, child = world.made["run"], world.made["child"]
    rows = {r["name"]: r for r in sluice.run(world.server.url, "differences", f"{run},{child} .")}
    assert rows["hello.txt"]["one"] == 12 and rows["hello.txt"]["verdict"] == "not in: child"
    assert rows["sub dir/\u00e4 &+=.bin"]["one"] == 3_000_000
    text = {(r["kind"], r["name"]): r for r in sluice.run(world.server.url, "differences", f"{run},{child} hello.txt")}
    assert [text["line", n]["one"] for n in ("1", "2")] == ["hello", "world"] and text["line", "1"]["child"] is None
    assert text["file", "content"]["child"] == "missing"
    assert text["file", "sha256"]["one"] == hashlib.sha256(b"hello\nworld\n").hexdigest()
    binary = {r["name"]: r for r in sluice.run(world.server.url, "differences", f"{run},{child} 'sub dir/\u00e4 &+=.bin'")}
    assert binary["content"]["one"] == "binary" and len(binary["sha256"]["one"]) == 64
