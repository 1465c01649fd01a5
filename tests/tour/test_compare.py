"""The tour's comparison: runs are marked and compared at 80x24: what differs, what is noise, curves, another baseline."""
import pytest
from lib_tour import SLUICE, Folders, Tmux


@pytest.fixture
def demo():
    f = Folders()
    f.make_demo()
    yield f
    f.remove()


def test_three_runs_side_by_side(demo):
    t = Tmux([SLUICE, "-w", demo.demo], demo.env)
    try:
        t.wait("job failed")
        t.go("runs cancer", "lgb-31")
        t.keys("/")
        t.wait("filter:")
        t.type("name in ('lgb-31', 'lgb-7', 'xgb-6')")
        t.keys("Enter")
        t.wait("lgb-31", "lgb-7", "xgb-6", absent=("logit", "seed"))
        t.keys("g", "Space", "Space", "Space")
        t.wait("3 marked")
        t.keys("C")
        picture = t.settled("compare 3", "DIFFERENT PARAMETERS", "num_leaves", "METRICS", "val_auc", "spread of repeats", "VERDICT",
                            "by step")
        baseline = picture.splitlines()[1].rsplit("baseline: ", 1)[1].strip()
        assert baseline in ("lgb-31", "lgb-7", "xgb-6") and "~" in picture
        assert "VERDICT" in picture.splitlines()[21], picture
        t.keys("l", "b")
        t.wait("compare 3", absent=(f"baseline: {baseline}",))
        t.keys("S")
        t.wait("smoothing 0.9")
        t.keys("F")
        t.wait("files of 3 runs", "confusion.json", "model/MLmodel", "files differ")
        t.keys("q")
        t.wait("compare 3", "VERDICT")
        t.keys("q")
        t.wait("3 marked")
    finally:
        t.close()
