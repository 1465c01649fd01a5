"""Is it the data or the model: the demo's version 5 beside its champion, and the day on which the data changed; in tmux."""
import os

import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture(scope="module")
def demo():
    f = Folders()
    f.make_demo()
    yield f
    f.remove()


def test_a_worse_model_and_its_rows(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        t.go("score models:/cancer/5 lake:holdout/cancer.parquet malignant", "worse: auc")
        screen = t.settled("worse: auc", "disagree on 12 of", "furthest apart    label", "of all rows")
        lines = {line.split()[0]: line.split() for line in screen.split("\n") if line.strip()}
        assert lines["auc"][-1] == "counts" and lines["accuracy"][-1] == "noise"
        assert "they disagree on 12 of 294 rows" in " ".join(screen.split())
        assert any(line.split()[:7] == ["row", "37", "1", "0", "(0.328)", "1", "(0.865)"] for line in screen.split("\n"))
        t.keys("G")
        t.press("Enter", "limit 1 offset", "1 of 1")
        t.leave_editor()
    finally:
        t.close()


def test_the_command_line_says_the_same(demo):
    scope = "models:/cancer/5 lake:holdout/cancer.parquet label=malignant against=models:/cancer@champion"
    rows = {(r["metric"], r["class"], r["slice"]): r for r in demo.rows("get", "quality", scope)}
    assert rows["auc", None, None]["p_value"] < 0.05 < rows["accuracy", None, None]["p_value"]
    assert rows["disagreements", None, None]["value"] == 12
    left = [d for d, _, files in os.walk(demo.env["XDG_STATE_HOME"]) if "MLmodel" in files]
    assert not left, "copies of models are left behind"
