"""Lineage of what MLflow's own client logged: through a real server of 3.17, and from the store behind it. Hostile addresses are text."""
import json
import subprocess
from pathlib import Path

import pytest
from lib_mlflow import PROGRAM, Server, Sluice, answer
from sluice_pytest import peer

pytestmark = pytest.mark.peer("mlflow")
BIDI = "\u202e\x1b]0;owned\x07 gnp.exe"


class Asked(Sluice):
    def tree(self, uri, top, what):
        (self.home / "sluice.yaml").write_text(
            f"connections:\n  local: {{type: local}}\n  reg: {{type: mlflow, uri: \"{uri}\"}}\n"
            f"lake:\n  zones:\n    - {{name: gold, uri: \"file://{top}/gold/\", layout: \"dt=%Y-%m-%d\"}}\n")
        return json.loads(self.ask("get", "lineage", what, "-o", "json").stdout)


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A run with five inputs and a version, a deleted run with another; the server, the lake's folder, ids."""
    import mlflow
    import pandas
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.data.sources import LocalArtifactDatasetSource
    top = tmp_path_factory.mktemp("lineage")
    day = top / "gold" / "dt=2026-11-20"
    day.mkdir(parents=True)
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    frame.to_csv(day / "part.csv", index=False)
    server = Server(top, "--artifacts-destination", str(top / "kept"))
    peer("mlflow", answer(server.url + "/version"), "real")
    mlflow.set_tracking_uri(server.url)
    client = mlflow.MlflowClient(server.url, server.url)
    inputs = [("lake:gold/dt=2026-11-20/part.csv", "training"), (f"file://{day}/part.csv", "validation"), ("file:///etc/passwd", BIDI),
              ("s3://other-bucket/x.csv", "test"), ("data/train.csv", "test")]
    with mlflow.start_run(run_name="one") as run:
        for n, (source, context) in enumerate(inputs):
            mlflow.log_input(from_pandas(frame, LocalArtifactDatasetSource(source), name=f"set {n}"), context=context)
        mlflow.set_tags({"mlflow.source.git.commit": "c0ffee" * 6 + "0000", "sluice.execution": "local:executions/train-1"})
        mlflow.log_text("flavors: {}\n", "model/MLmodel")
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_text("flavors: {}\n", "model/MLmodel")
    client.create_registered_model("care")
    for r in (run, gone):
        client.create_model_version("care", f"{client.get_run(r.info.run_id).info.artifact_uri}/model", r.info.run_id)
    client.set_registered_model_alias("care", "champion", "1")
    client.delete_run(gone.info.run_id)
    yield server, top, run.info.run_id
    server.stop()


@pytest.fixture
def sluice(tmp_path):
    (tmp_path / "home").mkdir()
    return Asked(tmp_path / "home")


@pytest.mark.parametrize("face", ["rest", "store"])
def test_dataset_inputs_of_its_own_client(sluice, logged, face):
    server, top, run = logged
    uri = server.url if face == "rest" else f"sqlite:///{top}/mlflow.db"
    rows = sluice.tree(uri, top, "care/1")
    [made] = [r for r in rows if r["kind"] == "run"]
    assert made["label"] == "one" and made["target"] == f"reg:runs/{run}" and rows[0]["detail"].startswith("champion")
    data = {r["label"]: r for r in rows if r["kind"] == "data"}
    assert [data[f"set {i}"]["state"] for i in range(5)] == ["ok", "ok", "unknown", "unknown", "unknown"]
    assert len({r["digest"] for r in data.values()}) == 1 and "2 rows" in data["set 0"]["detail"]  # MLflow's, of the frame
    assert data["set 0"]["target"] == data["set 1"]["target"] == f"local:objects/file%3A%2F%2F{str(top).replace('/', '%2F')}" \
        "%2Fgold%2Fdt%3D2026-11-20%2Fpart.csv"
    for i, words in ((2, "outside every zone"), (3, 'uri: "s3://other-bucket/x.csv"'), (4, "machine that trained")):
        assert data[f"set {i}"]["target"] is None and words in data[f"set {i}"]["detail"]
    assert BIDI.strip() in data["set 2"]["detail"]                          # bytes as they are; a terminal gets them sanitised
    [part] = [r for r in rows if r["kind"] == "partition" and r["detail"] != "as above"]
    assert part["label"] == "gold/dt=2026-11-20" and len(part["digest"]) == 64
    [code] = [r for r in rows if r["kind"] == "code"]
    assert code["label"].endswith("@ c0ffeec0ff") and code["known"] == "tags, a claim"
    [by] = [r for r in rows if r["kind"] == "execution"]
    assert (by["label"], by["state"]) == ("train-1", "unknown") and "no such execution is kept" in by["detail"]
    down = sluice.tree(uri, top, "gold/dt=2026-11-20")
    assert [(r["kind"], r["label"], r["relation"]) for r in down] == [
        ("partition", "gold/dt=2026-11-20", None), ("run", "one", "read by"), ("version", "care/1", "became")]


@pytest.mark.parametrize("face", ["rest", "store"])
def test_a_run_that_was_deleted(sluice, logged, face):
    server, top, _ = logged
    rows = sluice.tree(server.url if face == "rest" else f"sqlite:///{top}/mlflow.db", top, "care/2")
    [gone] = [r for r in rows if r["kind"] == "run"]
    assert gone["state"] == "missing" and "run deleted" in gone["detail"]
    [none] = [r for r in rows if r["kind"] == "data"]
    assert none["state"] == "unknown" and "mlflow.log_input()" in none["detail"]


def test_a_terminal_gets_no_bytes_of_theirs(sluice, logged):
    server, top, _ = logged
    sluice.tree(server.url, top, "care/1")
    out = subprocess.run(["script", "-qec", f"{PROGRAM} -w {sluice.home} get lineage care/1 --columns detail", "/dev/null"],
                         capture_output=True, env={**sluice.env, "TERM": "xterm"}, timeout=120).stdout
    assert b"etc/passwd" in out and b"\x1b]0;" not in out and b"\x07" not in out and "\u202e".encode() not in out


def test_digests_of_the_store_behind_the_server(sluice, logged):
    """What the server keeps is read where the workspace names its folder; through the server it is not known."""
    server, top, _ = logged
    assert {v["digest"] for v in sluice.run(server.url, "versions", "care")} == {None}
    uri, settings = f"sqlite:///{top}/mlflow.db", f"    artifact_root: \"{top}/kept\"\n"
    got = {v["version"]: v for v in sluice.run(uri, "versions", "care", settings=settings)}
    assert len(got[1]["digest"]) == 64 and got[1]["digest"] == got[2]["digest"] and got[1]["digest_from"] == "files"
    for path in Path(top / "kept").rglob("MLmodel"):
        path.unlink()
    assert {v["artifact"] for v in sluice.run(uri, "versions", "care", settings=settings)} == {"missing"}
