"""A real MLflow server on a copy of the demo's store: what `sluice get` says of it must be what it says of the store itself."""
import os
import shutil
import subprocess
import time

import pytest
from lib_mlflow import ADMIN, PROGRAM, ROOT, Server, Sluice, answer, as_admin, free_port, settled
from sluice_pytest import peer


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(ROOT / "demo" / "mlflow.db", folder / "mlflow.db")
    return folder


@pytest.fixture(scope="module")
def server(store):
    s = Server(store)
    peer("mlflow", answer(s.url + "/version"), "real")
    yield s
    s.stop()


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


QUESTIONS = [
    (4, ["experiments"]), (5, ["experiments", "--deleted"]), (59, ["runs"]), (62, ["runs", "--deleted"]), (43, ["runs", "cancer"]),
    (43, ["runs", "1"]), (3, ["models"]), (9, ["versions"]), (6, ["versions", "cancer"]), (1, ["versions", "wine"]),
    (None, ["series"]), (None, ["series", "227c84325e8548deb6a28c1faa86b608"]), (None, ["series", "35c72de899464b04a1c85c6229a7a565"]),
    (38, ["runs", "--filter", "metrics.val_auc > 0.95", "--sort", "-metrics.val_auc"]),
    (None, ["runs", "--filter", "metrics.val_logloss < 1", "--sort", "-metrics.val_logloss"]),
    (40, ["runs", "--sort", "-metrics.val_logloss", "--limit", "40"]), (3, ["runs", "--sort", "started", "--limit", "3"]),
    (5, ["runs", "--filter", "params.max_depth = '3' and state = ok and started > 2026-11-01", "--sort", "metrics.val_auc,started"]),
    (2, ["runs", "--filter", "state != ok"]), (1, ["runs", "--filter", "metrics.infinite > 5"]), (1, ["runs", "--filter", "ended is null"]),
    (1, ["runs", "--filter", "metrics.`val.auc.site-1` >= 0.9"]), (0, ["runs", "--filter", "metrics.nosuch != 4"]),
    (30, ["runs", "--filter", "user = 'ana' and tags.`mlflow.source.name` = 'train.py'"]),
    (None, ["runs", "--filter", "not params.max_depth = 3 or name ~ 'seed'", "--sort", "name"]),
]


@pytest.mark.peer("mlflow")
@pytest.mark.parametrize("rows, args", QUESTIONS, ids=[" ".join(q[1]) for q in QUESTIONS])
def test_store_and_server_agree(server, store, sluice, rows, args):
    here = settled(sluice.run(f"sqlite:///{store}/mlflow.db", *args))
    there = settled(sluice.run(server.url, *args))
    assert there == here
    assert rows is None and here or len(here) == rows


@pytest.mark.peer("mlflow")
def test_hostile_names_come_out_unchanged(server, sluice):
    row, = sluice.run(server.url, "runs", "--filter", "name = 'odd-names'")
    assert row["tags.title"].startswith("\x1b]0;owned\x07") and "\u202e" in row["tags.bidi"]
    assert row["tags.lines"] == "one\ntwo\r\nthree\ttab"
    out = subprocess.run([PROGRAM, "-w", str(sluice.home), "get", "runs", "--columns", "name,tags.*"], capture_output=True, env=sluice.env,
                         timeout=60)
    assert out.returncode == 0 and b"\x1b" not in out.stdout and "\u202e".encode() not in out.stdout


@pytest.mark.peer("mlflow")
def test_unknown_names(server, sluice):
    for args in (["runs", "nosuch"], ["runs", "99"], ["versions", "nosuch"], ["series", "nosuch"]):
        assert "nosuch" in sluice.run(server.url, *args, code=1) or "99" in args


@pytest.mark.peer("mlflow")
def test_login(secured_of, sluice):
    s = secured_of("3.17")
    assert "sluice login reg" in sluice.run(s.url, "experiments", code=3)
    wrong = "    username: admin\n    password: {env: WRONG}\n"
    assert "refused the password of admin" in sluice.run(s.url, "experiments", settings=wrong, code=3, env={"WRONG": "not this one"})
    assert len(sluice.run(s.url, "experiments", env=as_admin())) == 4
    here = sluice.run(f"sqlite:///{s.folder}/mlflow.db", "versions")
    assert sluice.run(s.url, "versions", settings="    username: admin\n    password: {env: P}\n", env={"P": ADMIN}) == here


@pytest.mark.peer("mlflow")
def test_stopped_server(store, sluice, server):
    """A server that hangs (stopped by a signal), then one that is gone."""
    os.killpg(server.process.pid, 19)
    try:
        began = time.monotonic()
        assert "reg" in sluice.run(server.url, "experiments", settings="    timeout: 1s\n", code=3)
        assert time.monotonic() - began < 15
    finally:
        os.killpg(server.process.pid, 18)
    assert "reg" in sluice.run(f"http://127.0.0.1:{free_port()}", "experiments", code=3)
