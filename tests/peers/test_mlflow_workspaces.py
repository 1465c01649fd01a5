"""MLflow's own workspaces (3.10 on): the same experiment and model names in two of them, over a real server and on its
store; and a server that has none."""
import json
import urllib.request

import pytest
from lib_client import Client
from lib_mlflow import Server, Sluice, answer
from sluice_pytest import peer

pytestmark = pytest.mark.peer("mlflow")
FILL = """
for ws in ("default", "lab"):
    mlflow.set_workspace(ws)
    e = c.create_experiment("exp-" + ws)
    r = c.create_run(e, run_name="run-" + ws).info.run_id
    c.log_metric(r, "auc", 0.5)
    c.create_registered_model("clf")
    for i in range(2 if ws == "lab" else 1):
        c.create_model_version("clf", "s3://models/" + ws, run_id=r)
    c.set_registered_model_alias("clf", "champion", "1")
"""


def create(url, name):
    req = urllib.request.Request(f"{url}/api/3.0/mlflow/workspaces", json.dumps({"name": name}).encode(),
                                 {"Content-Type": "application/json"})
    with urllib.request.urlopen(req, timeout=60) as r:
        return r.read()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("spaces"), "--enable-workspaces")
    try:
        peer("mlflow", answer(server.url + "/version"), "real")
        create(server.url, "lab")
        client = Client(server.url, cwd=server.folder)
        client.run(FILL)
        yield server, client
        client.close()
    finally:
        server.stop()


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


LAB = "    workspace: lab\n"


def test_each_sees_its_own(served, sluice):
    server, _ = served
    store = f"sqlite:///{server.folder}/mlflow.db"
    ways = ((LAB, {}, "lab", [2, 1]), ("", {"MLFLOW_WORKSPACE": "lab"}, "lab", [2, 1]), ("", {}, "default", [1]))
    for settings, env, name, versions in ways:
        for uri in (server.url, store):
            rows = sluice.run(uri, "experiments", settings=settings, env=env)
            assert f"exp-{name}" in {r["name"] for r in rows} and "exp-" + {"lab": "default", "default": "lab"}[name] not in str(rows)
            assert [r["name"] for r in sluice.run(uri, "runs", settings=settings, env=env)] == [f"run-{name}"]
            assert sorted((r["version"] for r in sluice.run(uri, "versions", settings=settings, env=env)), reverse=True) == versions


def test_writes_stay_in_it(served, sluice):
    server, client = served
    for i, uri in enumerate((server.url, f"sqlite:///{server.folder}/mlflow.db")):
        sluice.run(uri, "models", settings=LAB)
        sluice.ask("act", "alias", "reg:models/clf", "-p", "alias=champion", "-p", f"version={2 - i}")
        sluice.ask("act", "tag", "reg:versions/clf%2F1", "-p", "key=by", "-p", f"value=us {i}")
        client.run("mlflow.set_workspace('lab')")
        assert client.alias("clf", "champion") == 2 - i and client.tags("clf", 1) == {"by": f"us {i}"}
        client.run("mlflow.set_workspace('default')")
        assert client.alias("clf", "champion") == 1 and client.tags("clf", 1) == {}


def test_one_that_is_not_there(served, sluice):
    server, _ = served
    store = f"sqlite:///{server.folder}/mlflow.db"
    for resource in ("experiments", "runs", "versions"):
        said = sluice.run(server.url, resource, settings="    workspace: nosuch\n", code=2)
        assert "the server has no workspace nosuch" in said and "setting `workspace`" in said and said.count("\n") == 1
        assert "has no workspace nosuch" in sluice.run(store, resource, settings="    workspace: nosuch\n", code=2)
    assert "MLFLOW_WORKSPACE" in sluice.run(server.url, "runs", env={"MLFLOW_WORKSPACE": "nosuch"}, code=2)


def test_a_server_without_them(world_of, sluice):
    world = world_of("3.17")
    said = sluice.run(world.server.url, "experiments", settings=LAB, code=2)
    assert "the server has no workspaces, and the setting `workspace` names one; take it out" in said and said.count("\n") == 1
    assert sluice.run(world.server.url, "experiments", settings="    workspace: default\n") == sluice.run(world.server.url, "experiments")
