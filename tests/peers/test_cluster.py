"""Quality of models that find clusters, without a label, beside scikit-learn and beside the formulas written out over all rows and pairs
(scikit-learn's own distances lose digits near 0)."""
import json
import pickle
import sys
from pathlib import Path

import lib_mxnet
import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).parent))
from test_score import Bench  # noqa: E402

sklearn = pytest.importorskip("sklearn")
cluster = pytest.importorskip("sklearn.cluster")
metrics = pytest.importorskip("sklearn.metrics")
skops_io = pytest.importorskip("skops.io")
model_selection = pytest.importorskip("sklearn.model_selection")
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")
pytestmark = pytest.mark.peer("scikit-learn")
SAMPLE = 2000


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("scikit-learn", sklearn.__version__, "real")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def blobs(rng, n, columns, k, apart=3.0):
    at = rng.normal(size=(k, columns)) * apart
    return at[rng.integers(0, k, n)] + rng.normal(size=(n, columns))


def frame_of(x):
    return pd.DataFrame(x, columns=[f"c{i}" for i in range(x.shape[1])])


def quality(bench, scope, *args):
    rows = json.loads(bench.run("get", "quality", scope, "-o", "json", *args).stdout)
    return {(r["metric"], r["class"]): r for r in rows}


def kept(n, most=SAMPLE):
    """Which rows stay: the reservoir, by splitmix64 from state 1."""
    mask, state, places = (1 << 64) - 1, 1, list(range(min(n, most)))
    for i in range(most, n):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        at = ((z ^ (z >> 31)) * (i + 1)) >> 64
        if at < most:
            places[at] = i
    return np.array(places)


def silhouettes(x, labels):
    """Rousseeuw's definition, of each row; all pairs."""
    d = np.stack([np.sqrt(((x - row) ** 2).sum(1)) for row in x])
    out = np.zeros(len(x))
    names, sizes = np.unique(labels, return_counts=True)
    sums = np.stack([d[:, labels == k].sum(1) for k in names], 1)
    for i, own in enumerate(np.searchsorted(names, labels)):
        if sizes[own] > 1:
            a, b = sums[i, own] / (sizes[own] - 1), np.delete(sums[i] / sizes, own).min()
            out[i] = (b - a) / max(a, b) if max(a, b) > 0 else 0
    return out


def near(got, want, part=1e-12):
    assert abs(got - want) <= part * max(1, abs(want)), (got, want)


def judged(got, x, centres, labels, most=SAMPLE):
    """x: as it is compared with the centres."""
    far = ((x - centres[labels]) ** 2).sum(1)
    near(got["inertia", None]["value"], far.sum())
    assert got["inertia", None]["n"] == len(x) and got["clusters", None]["value"] == len(centres)
    at = kept(len(x), most)
    own = silhouettes(x[at], labels[at])
    near(got["silhouette", None]["value"], own.mean())
    near(got["silhouette", None]["value"], metrics.silhouette_score(x[at], labels[at]), 1e-7)
    assert got["silhouette", None]["n"] == len(at)
    for k in range(len(centres)):
        assert got["cluster_rows", str(k)]["value"] == (labels == k).sum()
        near(got["cluster_inertia", str(k)]["value"], far[labels == k].sum())
        mine = own[labels[at] == k]
        assert got["cluster_silhouette", str(k)]["n"] == len(mine)
        if len(mine):
            near(got["cluster_silhouette", str(k)]["value"], mine.mean())
        else:
            assert got["cluster_silhouette", str(k)]["value"] is None


@pytest.mark.parametrize(("kind", "single"), [(cluster.KMeans, False), (cluster.KMeans, True), (cluster.MiniBatchKMeans, False)])
def test_alone(bench, kind, single):
    rng = np.random.default_rng([17, single])
    for i, (n, columns, k) in enumerate(((700, 3, 4), (60, 1, 5), (900, 11, 2))):
        x = blobs(rng, n, columns, k).astype(np.float32 if single else np.float64)
        model = kind(k, n_init=1, random_state=i).fit(frame_of(x))
        with open(bench.folder / "m.pkl", "wb") as f:
            pickle.dump(model, f)
        got = quality(bench, f"m.pkl {bench.data(frame_of(x))}")
        judged(got, x.astype(float), model.cluster_centers_.astype(float), model.predict(frame_of(x)))
        if kind is cluster.KMeans:
            near(got["inertia", None]["value"], model.inertia_, 1e-5 if single else 1e-10)
        near(got["inertia", None]["value"], -model.score(frame_of(x)), 1e-5 if single else 1e-10)


@pytest.mark.parametrize("form", ["pickle", "skops"])
def test_behind_scalers_and_a_search(bench, form):
    """Judged in the space in which the centres lie, not in the data's own."""
    rng = np.random.default_rng(18)
    x = frame_of(blobs(rng, 800, 4, 3) * [1, 1000, 0.01, 5] + [0, 1e6, 3, -2])
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(), preprocessing.MinMaxScaler(),
                                   cluster.KMeans(3, n_init=1, random_state=2))
    model = steps if form == "skops" else model_selection.GridSearchCV(steps, {"kmeans__n_clusters": [3]}, cv=2)
    model.fit(x)
    inner = model if form == "skops" else model.best_estimator_
    name = "m.skops" if form == "skops" else "m.pkl"
    if form == "skops":
        skops_io.dump(model, bench.folder / name)
    else:
        (bench.folder / name).write_bytes(pickle.dumps(model))
    got = quality(bench, f"{name} {bench.data(x)}")
    judged(got, inner[:-1].transform(x), inner[-1].cluster_centers_, model.predict(x))
    near(got["inertia", None]["value"], inner[-1].inertia_, 1e-10)


def test_many_rows_are_a_sample(bench):
    rng = np.random.default_rng(19)
    x = blobs(rng, 50000, 3, 4)
    model = cluster.KMeans(5, n_init=1, random_state=3).fit(frame_of(x))
    (bench.folder / "m.pkl").write_bytes(pickle.dumps(model))
    scope = f"m.pkl {bench.data(frame_of(x))}"
    got = quality(bench, scope)
    judged(got, x, model.cluster_centers_, model.predict(frame_of(x)))
    assert got == quality(bench, scope)
    whole = json.loads(bench.run("get", "quality", scope, "-o", "json", "--columns", "metric,note").stdout)
    assert [r["note"] for r in whole if r["metric"] == "silhouette"] == ["over 2000 of 50000 rows"]
    wide = blobs(rng, 1500, 1047, 2)  # many columns, fewer rows
    model = cluster.KMeans(2, n_init=1, random_state=3).fit(wide)
    (bench.folder / "w.pkl").write_bytes(pickle.dumps(model))
    got = quality(bench, f"w.pkl {bench.data(frame_of(wide))}")
    judged(got, wide, model.cluster_centers_, model.predict(wide), most=(1 << 20) // 1048)


def test_sagemaker(bench):
    rng = np.random.default_rng(20)
    x = blobs(rng, 500, 5, 3).astype(np.float32)
    centres = x[rng.choice(len(x), 3, replace=False)]
    (bench.folder / "m").write_bytes(lib_mxnet.arrays([centres]))
    got = quality(bench, f"m {bench.data(frame_of(x))}")
    wide, at = x.astype(float), centres.astype(float)
    judged(got, wide, at, np.sqrt(((wide[:, None] - at) ** 2).sum(2)).argmin(1))


def test_where_it_is_not_defined(bench):
    model = cluster.KMeans(3, n_init=1, random_state=3).fit([[0.0], [1.0], [9.0]])
    (bench.folder / "m.pkl").write_bytes(pickle.dumps(model))
    for x, rows in (([[0.0], [0.0]], 2), ([[0.0], [1.0], [9.0]], 3), (np.zeros((0, 1)), 0)):
        got = quality(bench, f"m.pkl {bench.data(frame_of(np.array(x)))}", "--columns", "metric,class,value,n,note")
        assert got["silhouette", None]["value"] is None and "not defined" in got["silhouette", None]["note"]
        assert got["inertia", None]["value"] == 0 and got["inertia", None]["n"] == rows
    x = np.array([[0.0], [0.0], [0.0], [1.0]])  # all of a cluster at one place; a cluster of one row
    got = quality(bench, f"m.pkl {bench.data(frame_of(x))}")
    assert got["silhouette", None]["value"] == metrics.silhouette_score(x, model.predict(x)) == 0.75


def test_two_models_and_words(bench):
    rng = np.random.default_rng(21)
    x = frame_of(blobs(rng, 600, 3, 4))
    a, b = (cluster.KMeans(k, n_init=1, random_state=1).fit(x) for k in (4, 6))
    for name, model in (("a.pkl", a), ("b.pkl", b)):
        (bench.folder / name).write_bytes(pickle.dumps(model))
    bench.data(x.assign(kind="some"))
    got = quality(bench, "a.pkl data.parquet label=kind against=b.pkl", "--columns", "metric,class,value,against,difference,p_value")
    row = got["inertia", None]
    near(row["value"], a.inertia_, 1e-10)
    near(row["against"], b.inertia_, 1e-10)
    assert row["difference"] == row["value"] - row["against"] and row["p_value"] is None
    near(got["silhouette", None]["against"], metrics.silhouette_score(x, b.labels_), 1e-7)
    said = bench.run("score", "--model", "a.pkl", "--data", "data.parquet", "--label", "kind", "--against", "b.pkl").stderr.decode()
    assert "silhouette" in said and "inertia +" in said
    assert "of 4 clusters (the other has 6) over 600 rows; whether it is noise cannot be told" in said
    bench.data(x)
    said = bench.run("score", "--model", "a.pkl", "--data", "data.parquet", "--report", "r.md").stderr.decode()
    assert "silhouette 0." in said and "over 600 rows" in said and "label" not in said
    text = (bench.folder / "r.md").read_text()
    assert "cluster\\_inertia" in text and "Clusters" in text and "DeLong" not in text
    said = json.loads(bench.run("sql", "from quality('a.pkl', 'data.parquet')", "-o", "json").stdout)
    near(next(r["value"] for r in said if r["metric"] == "inertia"), a.inertia_, 1e-10)


def test_refusals(bench):
    x = frame_of(blobs(np.random.default_rng(22), 60, 2, 2))
    km = cluster.KMeans(2, n_init=1, random_state=1).fit(x)
    (bench.folder / "m.pkl").write_bytes(pickle.dumps(km))
    line = pytest.importorskip("sklearn.linear_model").LinearRegression().fit(x, x.c0)
    (bench.folder / "l.pkl").write_bytes(pickle.dumps(line))
    (bench.folder / "n.pkl").write_bytes(pickle.dumps(type(line)().fit(x.to_numpy(), x.c0)))  # columns by position
    bench.data(x.assign(y=1.0))
    for scope, code, words in (("m.pkl data.parquet label=y against=l.pkl", 2, "one model finds clusters, the other predicts"),
                               ("l.pkl data.parquet label=y against=m.pkl", 2, "one model finds clusters, the other predicts"),
                               ("m.pkl data.parquet label=y slice=c0", 1, "this one finds clusters"),
                               ("l.pkl data.parquet", 2, "quality needs the label"), ("n.pkl data.parquet", 2, "quality needs the label"),
                               ("m.pkl data.parquet against=l.pkl", 2, "one model finds clusters, the other predicts")):
        said = bench.run("get", "quality", scope, code=code).stderr.decode()
        assert words in said and said.count("\n") == 1, said
    with_label = bench.run("score", "--model", "m.pkl", "--data", "data.parquet", "--label", "y", "--out", "o.parquet", "-o", "json")
    assert not json.loads(with_label.stdout)[0].get("quality")
