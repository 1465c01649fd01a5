"""MLflow 2.9, with ./run test --all: its server, and the store that it made itself with an older schema, give the same answers."""
import os
import subprocess
from pathlib import Path

import pytest
from sluice_pytest import peer
from test_mlflow import ROOT, Server, Sluice, answer, settled

PYTHON = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps")) / "venv-mlflow29" / "bin" / "python"
FILL = """
import sys, mlflow
from mlflow import MlflowClient
c = MlflowClient(sys.argv[1])
for name in ("cancer", "wine \u202e odd"):
    e = c.create_experiment(name, tags={"team": "care"})
    for i in range(12):
        r = c.create_run(e, run_name=f"run-{i}", tags={"mlflow.user": "ana" if i % 2 else "lead"}).info.run_id
        c.log_param(r, "max_depth", i)
        c.log_param(r, "learning rate", "0.1")
        for step in range(3):
            c.log_metric(r, "val_auc", 0.8 + i / 100 + step / 1000, step=step)
        if i == 5:
            c.log_metric(r, "broken", float("nan"))
        if i < 11:
            c.set_terminated(r, "FAILED" if i == 3 else "FINISHED")
c.delete_run(r)
c.create_registered_model("cancer")
for i in range(3):
    c.create_model_version("cancer", f"s3://models/{i}", tags={"approval.decision": "requested"})
c.transition_model_version_stage("cancer", 2, "Staging")
c.set_registered_model_alias("cancer", "champion", 1)
"""
QUESTIONS = [
    (3, ["experiments"]), (23, ["runs"]), (24, ["runs", "--deleted"]), (12, ["runs", "cancer"]), (1, ["models"]),
    (3, ["versions", "cancer"]),
    (2, ["runs", "--filter", "state = failed"]), (None, ["runs", "--filter", "metrics.val_auc > 0.85", "--sort", "-metrics.val_auc"]),
    (None, ["runs", "--filter", "params.max_depth >= 10", "--sort", "started"]),
    (5, ["runs", "--sort", "-metrics.val_auc,id", "--limit", "5"]),
]

if os.environ.get("SLUICE_PEERS") == "all":
    @pytest.fixture(scope="module")
    def old(tmp_path_factory):
        folder = tmp_path_factory.mktemp("old")
        assert PYTHON.exists(), f"{PYTHON} is missing: ./run deps peers"
        subprocess.run([PYTHON, "-c", FILL, f"sqlite:///{folder}/mlflow.db"], check=True, timeout=120)
        s = Server(folder, python=str(PYTHON))
        try:
            version = answer(s.url + "/version")
            assert version.startswith("2.9.")
            peer("mlflow-2.9", version, "real")
            yield folder, s.url
        finally:
            s.stop()

    @pytest.mark.peer("mlflow-2.9")
    @pytest.mark.parametrize("rows, args", QUESTIONS, ids=[" ".join(q[1]) for q in QUESTIONS])
    def test_old_store_and_server_agree(old, tmp_path, rows, args):
        folder, url = old
        sluice = Sluice(tmp_path)
        here, there = settled(sluice.run(f"sqlite:///{folder}/mlflow.db", *args)), settled(sluice.run(url, *args))
        assert there == here
        assert rows is None and here or len(here) == rows

    @pytest.mark.peer("mlflow-2.9")
    def test_old_versions_have_stage_and_alias(old, tmp_path):
        rows = {r["version"]: r for r in Sluice(tmp_path).run(old[1], "versions", "cancer")}
        by = {str(k): (r["stage"], r["aliases"]) for k, r in rows.items()}
        assert by["2"] == ("Staging", []) and by["1"][1] == ["champion"]
