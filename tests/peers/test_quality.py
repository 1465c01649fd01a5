"""The resource `quality` beside scikit-learn and scipy, and beside DeLong's own formula written out over all pairs; the demo's models
beside the libraries that made them."""
import json
import pickle
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).parent))
from test_score import PROGRAM, ROOT, Bench, same  # noqa: E402

duckdb = pytest.importorskip("duckdb")
lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")
metrics = pytest.importorskip("sklearn.metrics")
skops_io = pytest.importorskip("skops.io")
stats = pytest.importorskip("scipy.stats")
pytestmark = [pytest.mark.peer("xgboost"), pytest.mark.peer("lightgbm")]


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("xgboost", xgb.__version__, "real")
    peer("lightgbm", lgb.__version__, "real")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def rows(bench, scope):
    return json.loads(bench.run("get", "quality", scope, "-o", "json").stdout)


def shares(y, p):
    """For every row of either side, the share of the other side that it stands rightly to: all pairs, ties half."""
    above = p[y == 1][:, None] - p[y == 0][None, :]
    won = (above > 0) + (above == 0) / 2
    return won.mean(1), won.mean(0)


def delong(y, a, b=None):
    """Variance of the AUC, or of the difference of two."""
    va, vb = shares(y, a), shares(y, b) if b is not None else (0, 0)
    return sum(np.var(x - z, ddof=1) / len(x) for x, z in zip(va, vb))


def models(bench, classes, n=1500):
    rng = np.random.default_rng(classes)
    x = np.round(rng.normal(size=(n, 3)), 1)
    y = np.clip(np.floor(x.sum(1) + rng.normal(size=n)), -1, classes - 2).astype(int) + 1
    frame = pd.DataFrame(x, columns=list("abc")).assign(y=y)
    p = {"objective": "multiclass", "num_class": classes} if classes > 2 else {"objective": "binary"}
    out = []
    for name, rounds, leaves in (("a.txt", 4, 6), ("b.txt", 25, 20)):
        model = lgb.train({**p, "verbosity": -1, "num_leaves": leaves}, lgb.Dataset(frame[list("abc")][:300], frame.y[:300]), rounds)
        model.save_model(bench.folder / name)
        out.append(model.predict(frame[list("abc")]))
    bench.data(frame)
    return y, out


def given(p):
    return p.argmax(1) if p.ndim > 1 else (p > 0.5).astype(int)


@pytest.mark.parametrize("classes", [2, 3])
def test_figures_and_intervals(bench, classes):
    y, (p, _) = models(bench, classes)
    got = {(r["metric"], r["class"], r["slice"]): r for r in rows(bench, "a.txt data.parquet label=y")}
    said, n = given(p), len(y)

    def near(key, field, want):
        assert abs(got[key][field] - want) < 1e-12, (key, field, got[key], want)

    def share(key, hits, of):
        assert got[key]["n"] == of
        if not of:  # never predicted
            assert got[key]["value"] == 0 and got[key]["low"] is None and got[key]["high"] is None
            return
        ends = stats.binomtest(int(hits), int(of)).proportion_ci(method="wilson")
        near(key, "value", hits / of)
        near(key, "low", ends.low)
        near(key, "high", ends.high)

    near(("accuracy", None, None), "value", metrics.accuracy_score(y, said))
    share(("accuracy", None, None), (y == said).sum(), n)
    near(("log_loss", None, None), "value", metrics.log_loss(y, p))
    assert got["log_loss", None, None]["low"] is None
    parts = metrics.precision_recall_fscore_support(y, said, zero_division=0)
    for k in range(classes):
        share(("precision", str(k), None), ((y == k) & (said == k)).sum(), (said == k).sum())
        share(("recall", str(k), None), ((y == k) & (said == k)).sum(), (y == k).sum())
        near(("f1", str(k), None), "value", parts[2][k])
    table = metrics.confusion_matrix(y, said)
    assert all(got["confusion", str(i), f"predicted {j}"]["value"] == table[i, j] for i in range(classes) for j in range(classes))
    for k in range(classes) if classes > 2 else [None]:
        key, inside = ("auc", None if k is None else str(k), None), (y == (1 if k is None else k)).astype(int)
        score = p if k is None else p[:, k]
        near(key, "value", metrics.roc_auc_score(inside, score))
        half = stats.norm.ppf(0.975) * np.sqrt(delong(inside, score))
        near(key, "low", max(0, got[key]["value"] - half))
        near(key, "high", min(1, got[key]["value"] + half))
    if classes > 2:
        near(("auc", None, None), "value", metrics.roc_auc_score(y, p, multi_class="ovr"))
        assert got["auc", None, None]["low"] is None


@pytest.mark.parametrize("classes", [2, 3])
def test_two_models(bench, classes):
    y, (a, b) = models(bench, classes)
    all_rows = rows(bench, "a.txt data.parquet label=y against=b.txt")
    got = {(r["metric"], r["class"], r["slice"]): r for r in all_rows}
    sa, sb = given(a), given(b)
    accuracy = got["accuracy", None, None]
    assert abs(accuracy["against"] - (sb == y).mean()) < 1e-12
    assert abs(accuracy["difference"] - ((sa == y).mean() - (sb == y).mean())) < 1e-12
    only = int(((sa == y) & (sb != y)).sum()), int(((sa != y) & (sb == y)).sum())
    want = stats.binomtest(min(only), sum(only), 0.5).pvalue
    assert sum(only) > 20 and abs(accuracy["p_value"] / want - 1) < 1e-9 and accuracy["test"] == "mcnemar"
    for k in range(classes) if classes > 2 else [None]:
        inside = (y == (1 if k is None else k)).astype(int)
        pa, pb = (a, b) if k is None else (a[:, k], b[:, k])
        off = metrics.roc_auc_score(inside, pa) - metrics.roc_auc_score(inside, pb)
        want = 2 * stats.norm.sf(abs(off) / np.sqrt(delong(inside, pa, pb)))
        row = got["auc", None if k is None else str(k), None]
        assert abs(row["p_value"] / want - 1) < 1e-9 and row["test"] == "delong", (row, want)
    table = metrics.confusion_matrix(y, sb)
    assert all(got["confusion", str(i), f"predicted {j}"]["against"] == table[i, j] for i in range(classes) for j in range(classes))
    differ = np.flatnonzero(sa != sb)
    assert got["disagreements", None, None]["value"] == len(differ) and got["disagreements", None, None]["n"] == len(y)
    apart = np.abs(a - b).max(1) if classes > 2 else np.abs(a - b)
    order = sorted(differ, key=lambda i: (-apart[i], i))[:200]
    shown = [r for r in all_rows if r["metric"] == "disagreement"]
    assert [r["row"] for r in shown] == order
    assert all(r["predicted"] == str(sa[r["row"]]) and r["against_predicted"] == str(sb[r["row"]]) and r["class"] == str(y[r["row"]])
               for r in shown)


def test_large_samples_far_from_chance(bench):
    """McNemar's tail, where a power of two no longer fits a double."""
    n = 40000
    frame = pd.DataFrame({"x": np.arange(n) % 2, "z": (np.arange(n) % 20 == 0).astype(int)})
    frame["y"] = frame.x
    for name, column in (("a.txt", "x"), ("b.txt", "z")):
        model = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(frame[["x", "z"]], frame[column]), 30)
        model.save_model(bench.folder / name)
    bench.data(frame)
    accuracy = rows(bench, "a.txt data.parquet label=y against=b.txt")[0]
    assert accuracy["metric"] == "accuracy" and accuracy["value"] == 1 and accuracy["p_value"] == 0
    one = rows(bench, "a.txt 'sql:from ''data.parquet'' limit 700' label=y against=b.txt")[0]
    only = 700 - int((frame.z == frame.y)[:700].sum())
    assert abs(one["p_value"] / stats.binomtest(0, only, 0.5).pvalue - 1) < 1e-9


def test_numbers_and_what_cannot_be_compared(bench):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 2))
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=x.sum(1), c=(x[:, 0] > 0).astype(int), t="text")
    for name, y, objective, rounds in (("n1.txt", frame.y, "regression", 5), ("n2.txt", frame.y, "regression", 30),
                                       ("c.txt", frame.c, "binary", 5)):
        lgb.train({"objective": objective, "verbosity": -1}, lgb.Dataset(frame[["a", "b"]], y), rounds).save_model(bench.folder / name)
    bench.data(frame)
    got = {r["metric"]: r for r in rows(bench, "n1.txt data.parquet label=y against=n2.txt")}
    p = [lgb.Booster(model_file=bench.folder / m).predict(frame[["a", "b"]]) for m in ("n1.txt", "n2.txt")]
    assert abs(got["rmse"]["against"] - metrics.root_mean_squared_error(frame.y, p[1])) < 1e-12
    assert abs(got["r2"]["value"] - metrics.r2_score(frame.y, p[0])) < 1e-12 and got["rmse"]["p_value"] is None
    assert got["disagreements"]["value"] == (p[0] != p[1]).sum()
    for scope, words in (("n1.txt data.parquet label=y against=c.txt", b"one model predicts classes, the other numbers"),
                         ("c.txt data.parquet label=t", b"the label t is text"), ("c.txt data.parquet", b"quality needs the label"),
                         ("c.txt data.parquet label=d", b"the data has no column d"),
                         ("c.txt data.parquet label=c against=gone.txt", b"the model to compare with: ")):
        out = subprocess.run([PROGRAM, "get", "quality", scope, "--no-input"], capture_output=True, env=bench.env, cwd=bench.folder)
        assert out.returncode in (1, 2) and words in out.stderr and out.stderr.count(b"\n") == 1, (scope, out.stderr)


# ---- the demo's models ----

def versions():
    with sqlite3.connect(f"file:{ROOT / 'demo' / 'mlflow.db'}?mode=ro&immutable=1", uri=True) as db:
        return db.execute("select name, version from model_versions order by 1, 2").fetchall()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    bench = Bench(folder)
    bench.run("demo", "--dir", folder / "here")
    bench.env["SLUICE_WORKSPACE"] = str(folder / "here")
    return bench


DATA = {"cancer": "lake:holdout/cancer.parquet", "digits": "lake:digits/@newest", "wine": "lake:wine/@newest"}


@pytest.mark.parametrize("name, version", versions())
def test_the_demo_s_models(demo, name, version):
    """To the bit as the library predicts from the registered file; a model of another library is refused by name."""
    model, address = f"models:/{name}/{version}", DATA[name]
    page = demo.run("cat", f"{model}/MLmodel").stdout.decode()
    assert "flavors:" in page
    out = demo.folder / "out.parquet"
    flavor = next((f for f in ("xgboost", "lightgbm", "sklearn") if f"\n  {f}:" in page), None)
    said = demo.run("score", "--model", model, "--data", address, "--out", out, "--replace", "-o", "json", code=0 if flavor else 1)
    if not flavor:
        assert b"not re-scored: a model of onnx in " in said.stderr
        return
    got = duckdb.sql(f"from '{out}'").df()
    columns = [c for c in got if c != "row"]
    file = re.search(rf"\n  {flavor}:\n(?:    .*\n)*?    (?:data|pickled_model): (.*)\n", page)[1]
    assert flavor == "sklearn" or ".Booster\n" in page  # no wrapper: what predict() returns is the booster's own
    raw = demo.folder / Path(file).name
    raw.write_bytes(demo.run("cat", f"{model}/{file}").stdout)
    demo.run("sql", f"from '{address}'", "--out", demo.folder / "data.parquet", "--replace")
    frame = duckdb.sql(f"from '{demo.folder / 'data.parquet'}'").df()
    if flavor == "sklearn":
        model_ = skops_io.load(raw) if raw.suffix == ".skops" else pickle.loads(raw.read_bytes())
        want = model_.predict(frame[list(model_.feature_names_in_)])
    elif flavor == "xgboost":
        booster = xgb.Booster(model_file=raw)
        want = booster.predict(xgb.DMatrix(frame[booster.feature_names]))
    else:
        booster = lgb.Booster(model_file=raw)
        want = booster.predict(frame[booster.feature_name()])
    same(got[columns].to_numpy(), want, model)
