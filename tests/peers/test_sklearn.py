"""scikit-learn itself: `sluice score` beside its own predict and predict_proba, for estimators and data drawn at random, out of every
kind of
file that it is kept in. Trees to the bit; what sums in another order within rounding."""
import json
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).parent))
from test_score import ROOT, Bench  # noqa: E402

sklearn = pytest.importorskip("sklearn")
skops_io = pytest.importorskip("skops.io")
duckdb = pytest.importorskip("duckdb")
import lib_sklearn  # noqa: E402
from lib_sklearn import (CLASSIFIERS, DREW, REGRESSION_TREES, REGRESSORS, TREES, classes, encoder, fit, frame_of, keep,  # noqa: E402
                         mixed, numbers, scaler)
from sklearn import (calibration, cluster, compose, ensemble, impute, linear_model, naive_bayes, pipeline, preprocessing,  # noqa: E402
                     svm, tree)

SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
ROUNDS = int(os.environ.get("SLUICE_ROUNDS", "1"))
pytestmark = [pytest.mark.peer("scikit-learn")]
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("scikit-learn", sklearn.__version__, "real")
    yield
    print("drew", dict(sorted(DREW.items())))


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def score(bench, model, data, *args):
    bench.run("score", "--model", model, "--data", data, "--out", "out.parquet", "--replace", "-o", "json", *args)
    out = duckdb.sql(f"from '{bench.folder / 'out.parquet'}'").fetchnumpy()
    if "prediction" in out:
        return np.asarray(out["prediction"])
    return np.stack([np.asarray(out[f"p{i}"]) for i in range(sum(k[0] == "p" and k[1:].isdigit() for k in out))], 1)


def near(got, want, exact, what, scale=1.0, single=False):
    got, want = np.asarray(got), np.asarray(want)
    if got.ndim == 1 and want.ndim == 2 and want.shape[1] == 2:  # a native model of two classes tells the second one's probability
        want = want[:, 1]
    assert got.shape == want.shape, (what, got.shape, want.shape)
    if want.dtype.kind in "OUSTb":
        assert (got.astype(str) == want.astype(str)).all(), what
    elif exact:
        off = (got.astype(float) != want.astype(float)) & ~(np.isnan(got.astype(float)) & np.isnan(want.astype(float)))
        assert not off.any(), f"{what}: {off.sum()} differ: {got[off][:3]} is not {want[off][:3]}"
    else:
        rtol = 2e-5 if single or want.dtype == np.float32 else 1e-12
        worst = np.abs(got - want) / (np.abs(want) + scale)
        assert worst.max() <= rtol, f"{what}: {worst.max()} at {worst.argmax()}: {got.flat[worst.argmax()]} {want.flat[worst.argmax()]}"


def agree(bench, rng, model, frame, exact=False, scale=1.0):
    """All that the model answers, from a file drawn at random."""
    kind = keep(rng, model, bench.folder / "model")
    what = (kind, model, SEED)
    print("drew", what)
    DREW[type(model).__name__] += 1
    data = bench.data(frame)
    single = all(t == np.float32 for t in frame.dtypes)  # scikit-learn sums in float32, then
    want = model.predict(frame if hasattr(model, "feature_names_in_") else frame.to_numpy())
    near(score(bench, "model", data), want, exact or want.dtype.kind in "OUSTbiu", what, scale, single)
    x = frame if hasattr(model, "feature_names_in_") else frame.to_numpy()
    if hasattr(model, "predict_proba"):
        near(score(bench, "model", data, "--output", "probability"), model.predict_proba(x), exact == "whole", what, single=single)
    if hasattr(model, "decision_function"):
        near(score(bench, "model", data, "--output", "raw"), model.decision_function(x), exact, what, scale, single)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_linear_and_simple_classifiers(bench, name):
    rng = np.random.default_rng([SEED, 1, list(CLASSIFIERS).index(name)])
    for _ in range(ROUNDS):
        x = numbers(rng, 300, int(rng.integers(1, 9)))
        model = CLASSIFIERS[name](rng)
        frame = fit(rng, model, x, classes(rng, x))
        agree(bench, rng, model, frame, scale=1 + np.abs(x).max() * 10)


@pytest.mark.parametrize("name", TREES)
def test_classifying_trees_to_the_bit(bench, name):
    rng = np.random.default_rng([SEED, 2, list(TREES).index(name)])
    for _ in range(ROUNDS):
        x = numbers(rng, 400, int(rng.integers(1, 9)), missing=name not in ("extra tree", "boosting", "extra trees") and rng.random() < 0.5)
        model = TREES[name](rng)
        frame = fit(rng, model, x, classes(rng, x))
        agree(bench, rng, model, frame, exact=True if name in ("boosting", "hist") else "whole")


@pytest.mark.parametrize("name", REGRESSORS)
def test_linear_regressors(bench, name):
    rng = np.random.default_rng([SEED, 3, list(REGRESSORS).index(name)])
    for _ in range(ROUNDS):
        x = numbers(rng, 300, int(rng.integers(1, 9))) / 10
        y = np.exp(0.1 * x.astype(float).sum(1)) + rng.random(300)
        if name in ("linear", "ridge") and rng.random() < 0.5:
            y = np.stack([y, -y * 2], 1)
        model = REGRESSORS[name](rng)
        frame = fit(rng, model, x, y)
        agree(bench, rng, model, frame, scale=np.abs(x).max() * 10)


@pytest.mark.parametrize("name", REGRESSION_TREES)
def test_regressing_trees_to_the_bit(bench, name):
    rng = np.random.default_rng([SEED, 4, list(REGRESSION_TREES).index(name)])
    for _ in range(ROUNDS):
        x = numbers(rng, 400, int(rng.integers(1, 9)), missing=name in ("tree", "forest", "hist") and rng.random() < 0.5)
        y = np.abs(np.nan_to_num(x.astype(float)).sum(1)) + rng.random(400)
        if name in ("tree", "forest", "extra trees") and rng.random() < 0.4:
            y = np.stack([y, y ** 2], 1)
        model = REGRESSION_TREES[name](rng)
        frame = fit(rng, model, x, y)
        poisson = name == "hist" and model.loss == "poisson"
        agree(bench, rng, model, frame, exact=not poisson)


def test_nearest_centres_and_counts(bench):
    rng = np.random.default_rng([SEED, 5])
    for k in range(2 * ROUNDS):
        x = numbers(rng, 300, int(rng.integers(1, 6)))
        model = (cluster.KMeans if k % 2 else cluster.MiniBatchKMeans)(int(rng.integers(2, 7)), n_init=1, random_state=k)
        agree(bench, rng, model, fit(rng, model, x, None))
        counts = rng.integers(0, 9, size=(300, int(rng.integers(1, 6))))
        model = naive_bayes.MultinomialNB()
        agree(bench, rng, model, fit(rng, model, counts, classes(rng, counts)), scale=100)


def test_pipelines(bench):
    """Scalers and imputers in a row; trees behind them show each last bit of theirs."""
    rng = np.random.default_rng([SEED, 6])
    for k in range(8 * ROUNDS):
        exact = k % 2 == 0
        x = numbers(rng, 300, int(rng.integers(1, 7)), missing=rng.random() < 0.5)
        steps = [scaler(rng) for _ in range(int(rng.integers(1, 4)))] + [impute.SimpleImputer(), preprocessing.StandardScaler()]
        model = pipeline.make_pipeline(*steps, tree.DecisionTreeRegressor(max_depth=9) if exact else linear_model.Ridge())
        for s in steps:
            DREW[type(s).__name__] += 1
        y = np.nan_to_num(x.astype(float)).sum(1) + rng.random(300)
        agree(bench, rng, model, fit(rng, model, x, y), exact=exact, scale=100)


def test_column_transformers(bench):
    rng = np.random.default_rng([SEED, 7])
    for k in range(6 * ROUNDS):
        frame, exact = mixed(rng, 300), k % 2 == 0
        y = (frame.colour == "red") * 2.0 + frame.v.fillna(0) + frame["count"] + rng.random(300)
        numeric = pipeline.make_pipeline(impute.SimpleImputer(add_indicator=bool(rng.random() < 0.5)), preprocessing.StandardScaler())
        texts = encoder(rng) if rng.random() < 0.5 else pipeline.make_pipeline(impute.SimpleImputer(strategy="most_frequent"), encoder(rng))
        columns = compose.ColumnTransformer([("t", texts, ["colour", "size"]), ("n", numeric, ["v", "count"])] +
                                            ([("c", encoder(rng), ["count"])] if rng.random() < 0.5 else []),
                                            remainder=str(rng.choice(["drop", "passthrough"])))
        last = tree.DecisionTreeRegressor(max_depth=8) if exact else linear_model.Ridge()
        model = pipeline.make_pipeline(columns, last).fit(frame, y)
        DREW["ColumnTransformer"] += 1
        agree(bench, rng, model, frame, exact=exact, scale=100)
    new = bench.data(frame.assign(colour="violet"), "new.parquet")
    model = pipeline.make_pipeline(compose.make_column_transformer((preprocessing.OneHotEncoder(), ["colour"])),
        linear_model.Ridge()).fit(frame, y)
    keep(rng, model, bench.folder / "model")
    said = bench.run("score", "--model", "model", "--data", new, code=1).stderr
    assert b'column colour: OneHotEncoder has not seen the category "violet"' in said


def test_missing_categories(bench):
    rng = np.random.default_rng([SEED, 8])
    frame = mixed(rng, 300)
    frame.loc[rng.random(300) < 0.2, "colour"] = None
    y = frame["count"] + rng.random(300)
    frame = duckdb.sql("from frame").df()
    for enc in (preprocessing.OneHotEncoder(handle_unknown="ignore"), preprocessing.OrdinalEncoder(encoded_missing_value=-5)):
        model = pipeline.make_pipeline(compose.make_column_transformer((enc, ["colour", "size"])), tree.DecisionTreeRegressor(max_depth=5))
        agree(bench, rng, model.fit(frame, y), frame, exact=True)


def test_calibrated(bench):
    rng = np.random.default_rng([SEED, 9])
    inner = [naive_bayes.GaussianNB(), tree.DecisionTreeClassifier(max_depth=4), linear_model.LogisticRegression(), svm.LinearSVC()]
    for k in range(4 * ROUNDS):
        x = numbers(rng, 300, 4).astype(float)  # steps would show what float32 loses
        model = calibration.CalibratedClassifierCV(inner[k % 4], method=["sigmoid", "isotonic", "temperature"][int(rng.integers(3))], cv=3)
        agree(bench, rng, model, fit(rng, model, x, classes(rng, x)), scale=10)


def test_histogram_boosting_over_categories(bench):
    rng = np.random.default_rng([SEED, 10])
    for k in range(2 * ROUNDS):
        frame = mixed(rng, 400)[["colour", "v", "count"]]
        y = (frame.colour == "red") * 2.0 + frame.v.fillna(0) * (frame["count"] == 2) + rng.random(400)
        if k % 2:
            frame["colour"] = frame.colour.map({w: i for i, w in enumerate(sorted(set(frame.colour)))})
        model = ensemble.HistGradientBoostingRegressor(max_iter=20, categorical_features=[0, 2] if k % 3 else ["count"] if k % 2 else [0])
        agree(bench, rng, model.fit(frame, y), frame, exact=True)


def test_searches_and_searched_pipelines(bench):
    from sklearn.model_selection import GridSearchCV
    rng = np.random.default_rng([SEED, 11])
    x = numbers(rng, 200, 3)
    steps = pipeline.Pipeline([("s", preprocessing.StandardScaler()), ("off", "passthrough"), ("m", linear_model.LogisticRegression())])
    model = GridSearchCV(steps, {"m__C": [0.1, 1]}, cv=2)
    agree(bench, rng, model, fit(rng, model, x, classes(rng, x)), scale=100)


def test_wrappers_of_xgboost_and_lightgbm(bench):
    xgb, lgb = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    rng = np.random.default_rng([SEED, 12])
    for k in range(3 * ROUNDS):
        x = numbers(rng, 400, 4, missing=True)
        y = classes(rng, x)
        codes = np.unique(y, return_inverse=True)[1]
        frame = frame_of(x)
        stop = {"early_stopping_rounds": 2} if rng.random() < 0.5 else {}
        model = xgb.XGBClassifier(n_estimators=20, max_depth=3, **stop)
        model.fit(frame, codes, eval_set=[(frame[:100], codes[:100])], verbose=False)
        agree(bench, rng, model, frame, exact="whole")
        agree(bench, rng, xgb.XGBRegressor(n_estimators=5, missing=-1.0 if k % 2 else np.nan).fit(frame.fillna(0), codes),
            frame.fillna(0), exact=True)
        model = lgb.LGBMClassifier(n_estimators=20, num_leaves=7, verbosity=-1)
        model.fit(frame, y, eval_set=[(frame[:100], y[:100])], callbacks=[lgb.early_stopping(2, verbose=False)] if stop else None)
        agree(bench, rng, model, frame, exact="whole")
        model = pipeline.make_pipeline(preprocessing.StandardScaler(), lgb.LGBMClassifier(n_estimators=5, verbosity=-1)).fit(frame, y)
        agree(bench, rng, model, frame, exact="whole")
        model = pipeline.make_pipeline(preprocessing.RobustScaler(), xgb.XGBClassifier(n_estimators=5)).fit(frame, codes)
        agree(bench, rng, model, frame, exact="whole")


def test_what_mlflow_logs(bench):
    """The page beside the model names file and format; quality knows classes by their names."""
    from sklearn import metrics
    mlflow = pytest.importorskip("mlflow")
    rng = np.random.default_rng([SEED, 13])
    x = frame_of(numbers(rng, 400, 3))
    y = np.array(["no", "yes"])[(x.sum(axis=1) + rng.normal(size=400) > 0).astype(int)]
    for how in ("skops", "cloudpickle", "pickle"):
        model = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(x, y)
        mlflow.sklearn.save_model(model, str(bench.folder / how), serialization_format=how, signature=mlflow.models.infer_signature(x, y))
        data = bench.data(x.assign(y=y)[["y", *reversed(x.columns)]])
        near(score(bench, how, data, "--label", "y"), model.predict(x), True, how)
        rows = json.loads(bench.run("sql", f"from quality('{how}', '{data}', label => 'y')", "-o", "json").stdout)
        got = {(r["metric"], r["class"]): r["value"] for r in rows if not r["slice"]}
        assert abs(got["accuracy", None] - metrics.accuracy_score(y, model.predict(x))) < 1e-12
        assert abs(got["recall", "yes"] - metrics.recall_score(y, model.predict(x), pos_label="yes")) < 1e-12
        assert abs(got["auc", None] - metrics.roc_auc_score(y, model.predict_proba(x)[:, 1])) < 1e-12
    wrong = bench.data(x.assign(y="maybe"), "wrong.parquet")
    assert b"row 0 of the data: its label is none of the model's classes" in bench.run("sql",
        f"from quality('skops', '{wrong}', label => 'y')",
                                                                                       code=2).stderr


class Mine(linear_model.LinearRegression):
    pass


def test_what_is_not_known_is_named(bench):
    from sklearn.neighbors import KNeighborsClassifier
    rng = np.random.default_rng([SEED, 14])
    x, data = rng.normal(size=(50, 2)), bench.data(frame_of(rng.normal(size=(50, 2))))
    knn = KNeighborsClassifier().fit(x, x[:, 0] > 0)
    custom = pipeline.make_pipeline(preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge()).fit(np.abs(x), x[:, 0])
    for name, model, words in (("knn.pkl", knn, b"neighbors._classification.KNeighborsClassifier in knn.pkl"),
                               ("mine.pkl", Mine().fit(x, x[:, 0]), b"mine.pkl: byte "), ("f.pkl", custom,
                                   b"FunctionTransformer in f.pkl")):
        (bench.folder / name).write_bytes(pickle.dumps(model))
        said = bench.run("score", "--model", name, "--data", data, code=1).stderr
        assert b"not re-scored: " in said and words in said and said.count(b"\n") == 1, said
    for kind, raw in (("pkl", pickle.dumps(linear_model.Ridge().fit(x, x))), ("skops", skops_io.dumps(linear_model.Ridge().fit(x, x)))):
        for cut in sorted(random.Random(SEED).sample(range(20, len(raw) - 1), 8)):
            (bench.folder / f"cut.{kind}").write_bytes(raw[:cut])
            said = bench.run("score", "--model", f"cut.{kind}", "--data", data, code=1).stderr
            assert b"not re-scored: cut." in said and said.count(b"\n") == 1, (kind, cut, said)


def test_values_that_it_refuses(bench):
    rng = np.random.default_rng([SEED, 15])
    x = rng.normal(size=(50, 2))
    odd = x.copy()
    odd[7, 1] = np.inf
    for model, words in ((linear_model.Ridge(), b"infinite, which Ridge does not take"),
                         (tree.DecisionTreeRegressor(), b"infinite, which DecisionTreeRegressor does not take")):
        (bench.folder / "m").write_bytes(pickle.dumps(model.fit(frame_of(x), x[:, 0])))
        said = bench.run("score", "--model", "m", "--data", bench.data(frame_of(odd)), code=1).stderr
        assert b"row 7 of the data: column f 1 is " + words in said, said


OLD = {"1.3": "sklearn13", "1.5": "sklearn15"}
EXACT = ("tree", "extra tree", "forest", "extra trees", "boosting", "hist")


def older_versions(bench, version):
    """With ./run test --all: files that an older scikit-learn wrote, beside what it answers itself."""
    python = DEPS / f"venv-{OLD[version]}" / "bin" / "python"
    assert python.exists(), "./run deps peers makes it"
    subprocess.run([python, lib_sklearn.__file__, bench.folder, str(SEED)], check=True, timeout=600)
    found = sorted(bench.folder.glob("*.npz"), key=lambda p: int(p.stem))
    assert len(found) > 40
    for path in found:
        want = np.load(path)
        what = json.loads(str(want["what"]))
        assert what[3].startswith(version)
        peer(f"scikit-learn-{version}", what[3], "real")
        frame = duckdb.sql(f"from '{path.parent}/{path.stem}.parquet'").df()
        name, single = what[0].removesuffix(" of numbers"), all(t == np.float32 for t in frame.dtypes)
        exact = name in EXACT or name.startswith(("steps", "columns"))
        data, model = path.with_suffix(".parquet").name, path.with_suffix(".model").name
        near(score(bench, model, data), want["predict"], exact and "poisson" not in what[2] or want["predict"].dtype.kind in "Uiub",
            what, 100,
             single)
        if "predict_proba" in want:
            near(score(bench, model, data, "--output", "probability"), want["predict_proba"], False, what, single=single)
        if "decision_function" in want:
            near(score(bench, model, data, "--output", "raw"), want["decision_function"], exact, what, 1000, single)


if os.environ.get("SLUICE_PEERS", "newest") == "all":
    test_older_versions = pytest.mark.parametrize("version", OLD)(older_versions)
