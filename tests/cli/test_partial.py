"""Parts of a data set, scored and sketched apart: joined in any order they are the file of the whole, to the byte; their figures are those
of the single run, within rounding or between two bounds that hold. What is damaged, or of another model, is refused in one line."""
import json
import random
import resource
import subprocess

import numpy as np
import pandas as pd
import pytest
from conftest import PROGRAM
from sluice_pytest import peer

lgb = pytest.importorskip("lightgbm")
metrics = pytest.importorskip("sklearn.metrics")
pytestmark = [pytest.mark.peer("lightgbm"), pytest.mark.peer("scikit-learn")]
ROWS = 6000
KINDS = {"two": ({"objective": "binary"}, "y2"), "three": ({"objective": "multiclass", "num_class": 3}, "y3"),
         "number": ({"objective": "regression"}, "z")}


@pytest.fixture(scope="module", autouse=True)
def peers():
    import sklearn
    peer("lightgbm", lgb.__version__, "real")
    peer("scikit-learn", sklearn.__version__, "real")


def draw(seed, n=ROWS):
    r = np.random.default_rng(seed)
    d = pd.DataFrame(r.normal(size=(n, 3)), columns=list("abc"))
    d.loc[r.random(n) < 0.1, "b"] = np.nan
    s = d.a + 0.5 * d.c + r.normal(size=n)
    d["y2"] = (s > 1).astype(int)
    d["y3"] = np.digitize(s, [-0.7, 0.9])
    d["z"] = np.round(s * 10 + 20, 3)
    return d


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three models, and another one like the first; the data as a whole, with some labels missing."""
    folder, data = tmp_path_factory.mktemp("partial"), draw(1)
    for i, (name, (how, label)) in enumerate([*KINDS.items(), ("other", KINDS["two"])]):
        lgb.train({**how, "verbosity": -1, "num_leaves": 7, "seed": i, "deterministic": True, "num_threads": 1},
                  lgb.Dataset(data[list("abc")], data[label]), 12 + i).save_model(folder / f"{name}.txt")
    said = draw(2)
    for label in ("y2", "y3", "z"):
        said[label] = said[label].astype(object).where(np.random.default_rng(3).random(ROWS) > 0.02, None)
    return folder, said


@pytest.fixture
def here(sluice, made):
    for f in made[0].iterdir():
        (sluice.cwd / f.name).write_bytes(f.read_bytes())
    made[1].to_csv(sluice.cwd / "all.csv", index=False)
    return sluice


def keep(here, kind, data, to, *args, **kwargs):
    return here("score", "--partial", "--model", f"{kind}.txt", "--data", data, "--label", KINDS[kind][1], "--output", to, "--replace",
                *args, **kwargs)


def figures(here, *names):
    rows = here.json("score", "--merge", *names)
    return {(r["metric"], r["class"], r["slice"]): r for r in rows if r["at"] is None}, rows


def split(folder, rows, seed):
    """Random parts: an empty one, one of one row, one without a class, the rest in two."""
    r = np.random.default_rng(seed)
    at = r.permutation(len(rows))
    lone, others = at[:1], at[1:]
    single = [i for i in others if rows.y2.iloc[i] == 0][:200]
    others = [i for i in others if i not in set(single)]
    cut = int(r.integers(1, len(others)))
    parts = [[], lone, single, others[:cut], others[cut:]]
    for k, p in enumerate(parts):
        rows.iloc[p].to_csv(folder / f"part{k}.csv", index=False)
    return [f"part{k}" for k in range(len(parts))]


@pytest.mark.parametrize("kind", KINDS)
def test_parts_in_any_order(here, made, kind):
    parts = split(here.cwd, made[1], len(kind))
    keep(here, kind, "all.csv", "all.partial")
    whole = (here.cwd / "all.partial").read_bytes()
    for name in parts:
        keep(here, kind, f"{name}.csv", f"{name}.partial")
    names = [f"{p}.partial" for p in parts]
    for seed in range(2):
        random.Random(seed).shuffle(names)
        here("score", "--merge", *names, "--output", "joined.partial", "--replace")
        assert (here.cwd / "joined.partial").read_bytes() == whole
    here("score", "--merge", *names[:2], "--output", "some.partial")
    here("score", "--merge", *names[2:], "some.partial", "--output", "joined.partial", "--replace")
    assert (here.cwd / "joined.partial").read_bytes() == whole
    assert figures(here, "part*.partial") == figures(here, "all.partial")


def test_sketches_of_drift_in_any_order(here, made):
    parts = split(here.cwd, made[1], 9)[1:]
    data = made[1]
    for name in parts:
        here("drift", "--partial", "--current", f"sql:select a, b, c from '{name}.csv'", "--output", f"{name}.sketch")
    here("drift", "--partial", "--current", "sql:select a, b, c from 'all.csv'", "--output", "all.sketch")
    names = [f"{p}.sketch" for p in parts]
    random.Random(1).shuffle(names)
    here("drift", "--merge", *names, "--output", "joined.sketch")
    assert (here.cwd / "joined.sketch").read_bytes() == (here.cwd / "all.sketch").read_bytes()
    rows = here.json("drift", "--baseline", "joined.sketch", "--current", "sql:select a, b, c from 'part3.csv'", "--tests", "ks", code=None)
    assert len(rows) == 3 and {r["n_baseline"] for r in rows} == {len(data), int(data.b.notna().sum())}


EXACT = ("accuracy", "precision", "recall", "f1", "balanced_accuracy", "f1_macro", "f1_weighted", "mcc", "confusion")
BOUNDED = ("auc", "average_precision")


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_the_single_run(here, kind):
    keep(here, kind, "all.csv", "all.partial")
    label = KINDS[kind][1]
    want = here.json("sql", f"from quality('{kind}.txt', 'all.csv', label => '{label}')")
    got, _ = figures(here, "all.partial")
    bounded = 0
    for w in want:
        g = got.pop((w["metric"], w["class"], w["slice"]))
        assert g["n"] == w["n"]
        if w["metric"] in BOUNDED:
            bounded += 1
            low, high = (g["low"], g["high"]) if g["low"] is not None else (g["value"], g["value"])
            assert low - 1e-12 <= w["value"] <= high + 1e-12 and high - low < 0.02
            assert (g["note"] is None) == (g["low"] is None) and (g["note"] is None or "between low and high" in g["note"])
        elif w["metric"] in EXACT:
            assert (g["value"], g["low"], g["high"]) == (w["value"], w["low"], w["high"]), w
        else:
            assert g["value"] == pytest.approx(w["value"], rel=1e-12, abs=1e-13), w
    assert bounded == {"two": 2, "three": 8, "number": 0}[kind]
    assert {k[0] for k in got} <= {"rows", "ks", "output_mean", "output_std", "output_min", "output_max", "output_median"}


@pytest.mark.parametrize("inside", (64, 65, 300))
@pytest.mark.parametrize("worst", (True, False))
def test_bounds_are_reached(here, inside, worst):
    """Outputs of one bucket, the rows of the class all below the others, or all above: what its order could come to at most. Other rows
    lie in buckets of their own, on both sides."""
    beyond, above = 7, 3
    n = inside + beyond
    mixed = [0.5 + i * 1e-6 for i in range(n)]
    y = [1] * inside + [0] * beyond if worst else [0] * beyond + [1] * inside
    p = [0.9 + i / 100 for i in range(above)] + mixed + [0.1]
    y = [1] * above + y + [0]
    pd.DataFrame({"predicted": p, "y": y}).to_csv(here.cwd / "p.csv", index=False)
    here("score", "--partial", "--model", "predicted:probability", "--data", "p.csv", "--label", "y", "--output", "p.partial", "--replace")
    got, _ = figures(here, "p.partial")
    bounds = {k[0]: (v["low"], v["high"]) for k, v in got.items() if k[0] in (*BOUNDED, "ks")}
    fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
    want = {"auc": metrics.roc_auc_score(y, p), "average_precision": metrics.average_precision_score(y, p), "ks": np.abs(tpr - fpr).max()}
    for name, (low, high) in bounds.items():
        assert low - 1e-12 <= want[name] <= high + 1e-12, (name, low, want[name], high)
    reached = {k: v[0 if worst else 1] for k, v in bounds.items() if k != "ks" or not worst}
    assert {k: v for k, v in want.items() if k in reached} == pytest.approx(reached, abs=1e-12 if inside <= 64 or not worst else 2e-4)


def test_against_the_predictions_themselves(here, made):
    """KS, points of the ROC curve and bins of calibration have nothing to stand beside in a single run's rows."""
    keep(here, "two", "all.csv", "all.partial")
    got, rows = figures(here, "all.partial")
    known = made[1].y2.notna()
    p = lgb.Booster(model_file=here.cwd / "two.txt").predict(made[1][list("abc")])
    y, q = made[1].y2[known].astype(int).to_numpy(), p[known]
    fpr, tpr, _ = metrics.roc_curve(y, q, drop_intermediate=False)
    ks = got["ks", None, None]
    low, high = (ks["low"], ks["high"]) if ks["low"] is not None else (ks["value"], ks["value"])
    assert low - 1e-12 <= np.abs(tpr - fpr).max() <= high + 1e-12
    points = {(round(x, 12), round(v, 12)) for x, v in zip(fpr, tpr)}
    roc = [r for r in rows if r["metric"] == "roc"]
    assert len(roc) > 20 and all((round(r["at"], 12), round(r["value"], 12)) in points for r in roc)
    bins = [r for r in rows if r["metric"] == "calibration"]
    edges = np.linspace(0, 1, 11)
    for r in bins:
        b = round(r["threshold"] * 10)
        inside = (q > edges[b]) & (q <= edges[b + 1]) if b else q <= edges[1]
        assert r["n"] == inside.sum() and r["value"] == y[inside].mean() and r["at"] == pytest.approx(q[inside].mean(), rel=1e-12)
    assert sum(r["n"] for r in bins) == known.sum()
    of = {k[0]: v["value"] for k, v in got.items() if k[0].startswith("output")}
    assert (of["output_min"], of["output_max"]) == (p.min(), p.max()) and of["output_mean"] == pytest.approx(p.mean(), rel=1e-13)
    assert of["output_std"] == pytest.approx(p.std(), rel=1e-12)


def test_drift_of_predictions(here):
    for k in ("a", "b"):
        (here.cwd / f"{k}.csv").write_text("\n".join((here.cwd / "all.csv").read_text().split("\n")[:1 + 2000 * (k == "b")]
                                                     + (here.cwd / "all.csv").read_text().split("\n")[1:3000]))
        keep(here, "two", f"{k}.csv", f"{k}.partial")
    rows = here.json("drift", "--baseline", "a.partial", "--current", "b.partial", "--tests", "ks")
    assert [r["feature"] for r in rows] == ["prediction"] and rows[0]["n_baseline"] and rows[0]["drifted"] is False


def one_line(run, *words):
    assert run.returncode in (1, 2) and run.text in ("", "[]\n") and run.notes.count("\n") == 1, (run.returncode, run.text, run.notes)
    assert all(w in run.notes for w in words), run.notes


def test_of_another_model(here):
    keep(here, "two", "all.csv", "a.partial")
    keep(here, "three", "all.csv", "b.partial")
    here("score", "--partial", "--model", "other.txt", "--data", "all.csv", "--label", "y2", "--output", "c.partial")
    here("score", "--partial", "--model", "two.txt", "--data", "all.csv", "--output", "d.partial")
    for other, words in (("b", "of another model"), ("c", "of another model"), ("d", "its label is none")):
        one_line(here("score", "--merge", "a.partial", f"{other}.partial", "--output", "w.partial", code=None), f"{other}.partial", words)
        assert not (here.cwd / "w.partial").exists()
    rows = {r["metric"] for r in here.json("score", "--merge", "d.partial")}
    assert rows == {"rows", "output_mean", "output_std", "output_min", "output_max", "output_median"}


def test_damaged(here):
    keep(here, "three", "all.csv", "a.partial")
    whole, r = (here.cwd / "a.partial").read_bytes(), random.Random(4)
    for n in [0, 9, 42, *(r.randrange(len(whole)) for _ in range(6)), len(whole) - 1]:
        (here.cwd / "cut.partial").write_bytes(whole[:n])
        one_line(here("score", "--merge", "cut.partial", code=None), "cut.partial")
    taken = 0
    for _ in range(24):
        at, bit = r.randrange(len(whole)), 1 << r.randrange(8)
        (here.cwd / "bad.partial").write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:])
        run = here("score", "--merge", "bad.partial", "-o", "json", code=None)
        if run.returncode:
            one_line(run, "bad.partial")
        else:  # another count or sum that rows could have had: still a file that says something
            taken += 1
            assert json.loads(run.text)
    assert taken < 24
    (here.cwd / "more.partial").write_bytes(whole + b"\0")
    one_line(here("score", "--merge", "more.partial", code=None), "more.partial", "more than there should be")
    one_line(here("score", "--merge", "none.partial", code=None), "none.partial")
    assert not list(here.cwd.glob("*.tmp*"))


def test_wrong(here):
    keep(here, "two", "all.csv", "a.partial")
    for args, words in ((("--partial", "--output", "w.partial"), "--model and --data"),
                        (("--partial", "--model", "two.txt", "--data", "all.csv"), "--output W.partial"),
                        (("--model", "two.txt", "--data", "all.csv", "--output", "w.partial"), "one of --partial"),
                        (("--merge",), "--merge needs the files"), (("--merge", "all.csv"), "end in .partial"),
                        (("a.partial",), "one of"), (("--merge", "a.partial", "--model", "two.txt"), "files alone"),
                        (("--partial", "--model", "two.txt", "--data", "all.csv", "--label", "y2", "--slice", "a", "--output", "w.partial"),
                         "judge whole data")):
        assert words in here("score", *args, code=2).notes
    one_line(here("score", "--merge", "a.partial", "--out", "w.csv", code=None), "--output W.partial")
    one_line(here("sql", "from 'all.csv'", "--out", "w.partial", code=None), "score --partial")
    assert "label" in keep(here, "two", "sql:select a, b, c, 'x' as y2 from 'all.csv'", "w.partial", code=None).notes
    assert not (here.cwd / "w.partial").exists()


def test_disk_full(here):
    """No half file under the final name, and no other one."""
    split(here.cwd, draw(2), 5)
    for args in (("score", "--partial", "--model", "two.txt", "--data", "all.csv", "--label", "y2"),
                 ("score", "--merge", "all.partial")):
        if args[1] == "--merge":
            keep(here, "two", "all.csv", "all.partial")
        before = {f.name for f in here.cwd.iterdir()}
        run = subprocess.run([PROGRAM, *args, "--output", "w.partial"], cwd=here.cwd, env=here.env, capture_output=True, timeout=60,
                             stdin=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)))
        assert run.returncode == 1 and run.stdout == b"" and run.stderr.count(b"\n") == 1, run.stderr
        assert {f.name for f in here.cwd.iterdir()} == before
