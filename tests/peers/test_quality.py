"""The resource `quality` beside scikit-learn and scipy, and beside DeLong's own formula written out over all pairs; the demo's models
beside the libraries that made them."""
import hashlib
import html
import html.parser
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

calibration = pytest.importorskip("sklearn.calibration")
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
    # one class against the rest; the mean of several
    one = [(None if classes == 2 else str(k), (y == k).astype(int), p if classes == 2 else p[:, k]) for k in range(classes)
           if classes > 2 or k == 1]
    for k, inside, score in one:
        near(("average_precision", k, None), "value", metrics.average_precision_score(inside, score))
        near(("calibration_error", k, None), "value", calibration_error(inside, score))
    near(("average_precision", None, None), "value", np.mean([metrics.average_precision_score(i, s) for _, i, s in one]))
    near(("balanced_accuracy", None, None), "value", metrics.balanced_accuracy_score(y, said))
    near(("f1_macro", None, None), "value", metrics.f1_score(y, said, average="macro", zero_division=0))
    near(("f1_weighted", None, None), "value", metrics.f1_score(y, said, average="weighted", zero_division=0))
    near(("mcc", None, None), "value", metrics.matthews_corrcoef(y, said))
    near(("brier", None, None), "value", metrics.brier_score_loss(y, p))
    curves(got, one)


def calibration_error(inside, score):
    bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], score)
    return sum(abs(inside[bins == b].sum() - score[bins == b].sum()) for b in range(10)) / len(score)


def thinned(x, y, by_x_only):
    """The first, the last, and each that lies 1/64 or more from the last one kept."""
    keep = [0] + ([1] if by_x_only else [])
    for i in range(1, len(x)):
        far = abs(x[i] - x[keep[-1]]) * 64 >= 1 or (not by_x_only and abs(y[i] - y[keep[-1]]) * 64 >= 1)
        if i not in keep and (i == len(x) - 1 or far):
            keep.append(i)
    return keep


def curves(got, one):
    def drawn(metric, k):
        return [r for (m, c, _), r in got.items() if m == metric and c == k]

    def points(metric, k, x, y, threshold=None):
        rows = drawn(metric, k)
        for field, want in (("at", x), ("value", y)):
            assert np.abs(np.array([r[field] for r in rows]) - want).max() < 1e-12
        if threshold is not None:
            assert rows[0]["threshold"] == "Infinity" and [r["threshold"] for r in rows[1:]] == list(threshold[1:])

    for k, inside, score in one:
        x, y, at = metrics.roc_curve(inside, score, drop_intermediate=False)
        keep = thinned(x, y, False)
        points("roc", k, x[keep], y[keep], at[keep])
        y, x, at = (v[::-1] for v in metrics.precision_recall_curve(inside, score))
        keep = thinned(x, y, True)
        points("pr", k, x[keep], y[keep], np.r_[np.inf, at][keep])
        y, x = calibration.calibration_curve(inside, score, n_bins=10)
        points("calibration", k, x, y)
        assert sum(r["n"] for r in drawn("calibration", k)) == len(score)
        for r in drawn("calibration", k):
            ends = stats.binomtest(round(r["value"] * r["n"]), r["n"]).proportion_ci(method="wilson")
            assert abs(r["low"] - ends.low) < 1e-12 and abs(r["high"] - ends.high) < 1e-12
        order = np.argsort(-score, kind="stable")  # equal outputs share what they hold
        held = pd.Series(inside[order]).groupby(score[order]).transform("mean").to_numpy()
        total = np.r_[0, np.cumsum(held)] / inside.sum()
        parts = np.arange(1, 11) / 10
        gain = np.interp(parts * len(score), np.arange(len(score) + 1), total)
        points("gain", k, parts, gain)
        points("lift", k, parts, gain / parts)


# ---- the draws, made again ----

def draws(n, times):
    with np.errstate(over="ignore"):
        z = np.uint64(1) + np.arange(1, n * times + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        rows = ((z ^ (z >> np.uint64(31))) >> np.uint64(24)) * np.uint64(n) >> np.uint64(40)
    return [np.bincount(r.astype(int), minlength=n) for r in rows.reshape(times, n)]


def drawn_figures(y, p, w):
    at = np.repeat(np.arange(len(y)), w)
    y, p, said = y[at], p[at], given(p[at])
    table = np.zeros((p.shape[1] if p.ndim > 1 else 2,) * 2)
    np.add.at(table, (y, said), 1)
    there, told, hit, n = table.sum(1), table.sum(0), np.diag(table), len(y)
    f1 = 2 * hit / np.maximum(there + told, 1)
    truth = np.eye(len(table))[y]
    both = p if p.ndim > 1 else np.c_[1 - p, p]
    out = {"balanced_accuracy": (hit[there > 0] / there[there > 0]).mean(), "f1_macro": f1[there + told > 0].mean(),
           "f1_weighted": (f1 * there).sum() / n,
           "mcc": (hit.sum() * n - there @ told) / np.sqrt((n * n - told @ told) * (n * n - there @ there)),
           "log_loss": -np.log(both[np.arange(n), y]).mean(), "brier": ((both - truth) ** 2).sum(1).mean() / (1 if p.ndim > 1 else 2)}
    return out


@pytest.mark.parametrize("classes", [2, 3])
def test_intervals_by_drawing_rows_again(bench, classes):
    y, (a, b) = models(bench, classes, n=250)
    got = {(r["metric"], r["class"]): r for r in rows(bench, "a.txt data.parquet label=y against=b.txt") if not r["slice"]}
    table = [[drawn_figures(y, p, w) for p in (a, b)] for w in draws(len(y), 1000)]
    for metric in table[0][0]:
        one, other = (np.array([t[i][metric] for t in table]) for i in (0, 1))
        row, below, above = got[metric, None], (one - other <= 0).sum(), (one - other >= 0).sum()
        for side, values in (("", one), ("against_", other)):
            ends = np.percentile(values, [2.5, 97.5])
            assert abs(row[side + "low"] - ends[0]) < 1e-12 and abs(row[side + "high"] - ends[1]) < 1e-12, (metric, row, ends)
        assert row["test"] == "bootstrap" and abs(row["p_value"] - min(1, 2 * (min(below, above) + 1) / 1001)) < 2e-3, (metric, row)
    row = got["average_precision", None]
    inside = [(y == k).astype(int) for k in range(classes)][1 if classes == 2 else 0:]
    ends = np.percentile([np.mean([metrics.average_precision_score(i, a if classes == 2 else a[:, k], sample_weight=w)
                                   for k, i in enumerate(inside)]) for w in draws(len(y), 1000)], [2.5, 97.5])
    assert abs(row["low"] - ends[0]) < 1e-12 and abs(row["high"] - ends[1]) < 1e-12
    same = rows(bench, "a.txt data.parquet label=y against=a.txt")
    assert all(r["p_value"] == 1 for r in same if r["test"])


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


def test_groups(bench):
    y, (a, b) = models(bench, 2)
    frame = duckdb.sql(f"from '{bench.folder / 'data.parquet'}'").df()
    rng = np.random.default_rng(1)
    frame["ward"] = rng.choice(["north", "south \x1b[31m", "a=b", None], len(y), p=[0.5, 0.3, 0.19, 0.01])
    frame["many"] = np.arange(len(y)) % 60 * (np.arange(len(y)) < 1400)
    frame["all"] = np.arange(len(y))
    bench.data(frame)
    out = [r for r in rows(bench, "a.txt data.parquet label=y against=b.txt slice=ward") if (r["slice"] or "").startswith("ward")]
    sizes = frame.ward.value_counts(dropna=False)
    names = ["ward is null" if pd.isna(v) else f"ward={v}" for v in sizes.index]
    assert list(dict.fromkeys(r["slice"] for r in out)) == names and sizes.iloc[-1] < 30
    got = {(r["slice"], r["metric"]): r for r in out}
    for value, name in zip(sizes.index, names):
        at = (frame.ward.isna() if pd.isna(value) else frame.ward == value).to_numpy()
        yy, p = y[at], a[at]
        want = {"accuracy": metrics.accuracy_score(yy, given(p)), "auc": metrics.roc_auc_score(yy, p), "log_loss": metrics.log_loss(yy, p),
                "mcc": metrics.matthews_corrcoef(yy, given(p)), "brier": metrics.brier_score_loss(yy, p),
                "average_precision": metrics.average_precision_score(yy, p)}
        for metric, v in want.items():
            row = got[name, metric]
            assert abs(row["value"] - v) < 1e-12 and row["n"] == at.sum() and row["class"] is None, (row, v)
            assert row["note"] == ("few rows" if at.sum() < 30 else None)
        off = want["auc"] - metrics.roc_auc_score(yy, b[at])
        p_value = 2 * stats.norm.sf(abs(off) / np.sqrt(delong(yy, p, b[at])))
        assert abs(got[name, "auc"]["p_value"] / p_value - 1) < 1e-9
    # the statement, on which evidence rests, tells the same
    said = json.loads(bench.run("sql", "from quality('a.txt', 'data.parquet', label => 'y', slice => 'ward')", "-o", "json").stdout)
    assert [(r["slice"], r["value"]) for r in said if r["metric"] == "accuracy"][1:] == [(n, got[n, "accuracy"]["value"]) for n in names]
    many = rows(bench, "a.txt data.parquet label=y slice=many")
    left = next(r for r in many if r["metric"] == "slices_left_out")
    assert len({r["slice"] for r in many if (r["slice"] or "").startswith("many=")}) == 50 and left["value"] == 10
    assert left["n"] == sum(frame.many.value_counts().sort_values()[:10])
    for column, words in (("all", b"has more than 1000 values"), ("wrd", b"the data has no column wrd (is it ward?)")):
        out = subprocess.run([PROGRAM, "get", "quality", f"a.txt data.parquet label=y slice={column}", "--no-input"], capture_output=True,
                             env=bench.env, cwd=bench.folder)
        assert out.returncode in (1, 2) and words in out.stderr, out.stderr


def test_groups_of_numbers(bench):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"]).assign(g=np.arange(300) % 2 == 0)
    frame["y"] = frame.a + frame.b
    lgb.train({"objective": "regression", "verbosity": -1}, lgb.Dataset(frame[["a", "b"]], frame.y), 5).save_model(bench.folder / "n.txt")
    bench.data(frame)
    p = lgb.Booster(model_file=bench.folder / "n.txt").predict(frame[["a", "b"]])
    got = {(r["slice"], r["metric"]): r["value"] for r in rows(bench, "n.txt data.parquet label=y slice=g")}
    for value in (True, False):
        at = (frame.g == value).to_numpy()
        assert abs(got[f"g={str(value).lower()}", "r2"] - metrics.r2_score(frame.y[at], p[at])) < 1e-12
        assert abs(got[f"g={str(value).lower()}", "mape"] - metrics.mean_absolute_percentage_error(frame.y[at], p[at])) < 1e-12


class Page(html.parser.HTMLParser):
    """The tags that a page holds, and the cells of its tables."""
    def __init__(self, text):
        super().__init__()
        self.tags, self.attrs, self.cells, self.cell = set(), set(), [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attrs |= {k for k, _ in attrs}
        if tag == "tr":
            self.cells.append([])
        self.cell = "" if tag in ("td", "th") else self.cell

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cells[-1].append(self.cell)
            self.cell = None


def test_reports(bench):
    y, (a, b) = models(bench, 2, n=400)
    frame = duckdb.sql(f"from '{bench.folder / 'data.parquet'}'").df()
    bad = "<script>alert(1)</script>|`x`\x1b[31m&\"'"
    frame["g|<b>"] = np.where(np.arange(400) % 2, bad, "plain")
    bench.data(frame)
    ask = ["score", "--model", "a.txt", "--data", "data.parquet", "--label", "y", "--against", "b.txt", "--slice", "g|<b>", "-o", "json"]
    said = bench.run(*ask, "--report", "r.html")
    got = json.loads(said.stdout)
    text = (bench.folder / "r.html").read_text()
    page = Page(text)
    assert page.tags <= set("html head meta title style body h1 h2 p pre table tr th td svg rect path text".split()) and "svg" in page.tags
    assert not any(k.startswith("on") or k in ("href", "src") for k in page.attrs) and "\x1b" not in text
    verdict = said.stderr.decode().splitlines()[-1].removeprefix("sluice: ")
    assert f'<p class="v">{html.escape(verdict, quote=False)}</p>' in text
    for name in ("a.txt", "b.txt", "data.parquet"):
        assert hashlib.sha256((bench.folder / name).read_bytes()).hexdigest() in text
    cells = {tuple(r[:1]): r for r in reversed(page.cells) if r and len(r) == 9}
    for row in got:
        if row["class"] is None and row["slice"] is None and (row["metric"],) in cells:
            shown = cells[row["metric"],]
            assert float(shown[1]) == pytest.approx(row["value"], rel=1e-5) and float(shown[5]) == pytest.approx(row["against"], rel=1e-5)
    assert ["label", "0", "1"] in page.cells, "the confusion matrix has a column a class"
    assert len(cells) > 9 and any(r[1].startswith("g|<b>=<script>alert(1)") for r in page.cells if len(r) == 10)
    bench.run(*ask, "--report", "r.md")
    text = (bench.folder / "r.md").read_text()
    assert "\x1b" not in text and all(line.startswith("    ") or "<script" not in line.replace("\\<", "") for line in text.splitlines())
    # a file in the way stays as it was, and nothing half written lies about
    (bench.folder / "no").mkdir()
    (bench.folder / "no" / "r.md").mkdir()
    bench.run(*ask, "--report", "no/r.md", code=1)
    assert [p.name for p in (bench.folder / "no").iterdir()] == ["r.md"]
    for args in (["--report", "r.pdf"], ["--report", "r.md", "--out", "p.csv"], ["--report", "r.md", "--limit", "3"]):
        bench.run(*ask, *args, code=2)
    bench.run("score", "--model", "a.txt", "--data", "data.parquet", "--report", "r.md", code=2)
    drift = ["drift", "--baseline", "data.parquet", "--current", "sql:select * from 'data.parquet' where a > 0", "-o", "json"]
    rows_ = json.loads(bench.run(*drift, "--report", "d.html").stdout)
    page = Page((bench.folder / "d.html").read_text())
    shown = [r for r in page.cells if len(r) == 14][1:]
    assert [(r[0], r[2]) for r in shown] == [(r["feature"], r["test"]) for r in rows_] and "svg" in page.tags
    assert all(r["statistic"] is None or float(s[4]) == pytest.approx(r["statistic"], rel=1e-5) for r, s in zip(rows_, shown))


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
    assert abs(got["r2"]["value"] - metrics.r2_score(frame.y, p[0])) < 1e-12
    assert abs(got["mape"]["value"] - metrics.mean_absolute_percentage_error(frame.y, p[0])) < 1e-12
    w, t, off = np.array(draws(400, 1000)), frame.y.to_numpy(), np.abs(p[0] - frame.y.to_numpy())
    around = w @ t ** 2 - (w @ t) ** 2 / 400
    for metric, of in (("mae", w @ off / 400), ("rmse", np.sqrt(w @ off ** 2 / 400)), ("r2", 1 - w @ off ** 2 / around),
                       ("mape", w @ (off / np.abs(t)) / 400)):
        ends = np.percentile(of, [2.5, 97.5])
        assert np.abs(np.array([got[metric]["low"], got[metric]["high"]]) / ends - 1).max() < 1e-12, (metric, got[metric], ends)
        assert got[metric]["test"] == "bootstrap" and got[metric]["p_value"] < 0.01
    assert got["disagreements"]["value"] == (p[0] != p[1]).sum()
    points = rows(bench, "n1.txt data.parquet label=y against=n2.txt")
    for k, (own, side) in enumerate((("", "value"), ("against, ", "against"))):
        sample = [r for r in points if r["metric"] == "predicted" and (r["slice"].startswith("against")) == (k == 1)]
        assert [r["row"] for r in sample] == [i * 400 // 300 for i in range(300)]
        assert all(r[side] == p[k][r["row"]] and r["at"] == frame.y[r["row"]] and r["slice"] == f"{own}row {r['row']}" for r in sample)
        spread = [r for r in points if r["metric"] == "residual" and (r["slice"].startswith("against")) == (k == 1)]
        want = np.quantile(p[k] - frame.y, [r["at"] for r in spread])
        assert len(spread) == 65 and np.abs(np.array([r[side] for r in spread]) - want).max() < 1e-12
    said = bench.run("score", "--model", "n1.txt", "--data", "data.parquet", "--label", "y", "--against", "n2.txt", "--report", "r.html")
    page = Page((bench.folder / "r.html").read_text())
    assert ["row", "true", "predicted", "the other one"] in page.cells and "svg" in page.tags and b"rmse" in said.stderr
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
    """To the bit as the library predicts from the registered file."""
    model, address = f"models:/{name}/{version}", DATA[name]
    page = demo.run("cat", f"{model}/MLmodel").stdout.decode()
    assert "flavors:" in page
    out = demo.folder / "out.parquet"
    flavor = next(f for f in ("xgboost", "lightgbm", "sklearn", "onnx") if f"\n  {f}:" in page)
    demo.run("score", "--model", model, "--data", address, "--out", out, "--replace",
             *(["--label", "label"] if flavor == "onnx" else []))
    got = duckdb.sql(f"from '{out}'").df()
    if flavor == "onnx":  # its own runtime is asked with --all: test_onnx.py
        p = got[[f"p{i}" for i in range(10)]].to_numpy()
        assert np.allclose(p.sum(1), 1, atol=1e-5) and (p.argmax(1) == got.label).mean() > 0.9
        return
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
