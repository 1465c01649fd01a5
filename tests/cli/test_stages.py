"""Decisions about a stage: one way to write it, bound to who has it now."""
import shutil

import pytest
from conftest import ROOT

YAML = """\
connections:
  registry: {type: mlflow, uri: "sqlite:///mlflow.db"}
models:
  cancer:
    gates: [{name: no-worse, pass: "metrics.val_auc >= champion.metrics.val_auc - 1", first: pass}]
    approval: {required: 1, four_eyes: false}
    promote: {stage: Production}
"""


@pytest.fixture
def staged(sluice):
    shutil.copy(ROOT / "demo" / "mlflow.db", sluice.cwd)
    (sluice.cwd / "sluice.yaml").write_text(YAML, encoding="ascii")
    sluice.env["SLUICE_WORKSPACE"] = str(sluice.cwd)
    sluice("approve", "cancer/4", "--comment", "first", "--no-input", "--expect", "stage:Production=")
    return sluice


def stages(sluice):
    return {v["version"]: v["stage"] for v in sluice.json("get", "versions", "cancer") if v["stage"]}


def test_another_spelling_is_no_way_past_the_gates(staged):
    (staged.cwd / "sluice.yaml").write_text(YAML.replace("auc - 1", "auc + 1"), encoding="ascii")
    staged("approve", "cancer/5", "--comment", "no", code=4)
    out = staged("approve", "cancer/5", "--comment", "no", "--to", "stage:production", code=2)
    assert "there is no stage:production" in out.notes
    assert stages(staged) == {4: "Production"}


def test_what_is_expected_of_a_stage(staged):
    out = staged("approve", "cancer/5", "--comment", "x", "--expect", "stage:Production=3", code=1)
    assert "stage:Production of cancer is 4 now, not 3" in out.notes
    dry = staged("approve", "cancer/5", "--comment", "x", "--dry-run").text
    assert "stage:Production is 4" in dry and "undo: sluice approve cancer/4 --to stage:Production" in dry
    staged("approve", "cancer/5", "--comment", "x", "--no-input", "--expect", "stage:Production=4")
    assert stages(staged) == {4: "Archived", 5: "Production"}
