"""scikit-learn itself: `sluice score` beside its own predict and predict_proba, for estimators and data drawn at random, out of every
kind of
file that it is kept in. Trees to the bit; what sums in another order within rounding."""
import collections
import io
import json
import os
import pickle
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).parent))
from test_score import Bench  # noqa: E402

sklearn = pytest.importorskip("sklearn")
joblib = pytest.importorskip("joblib")
skops_io = pytest.importorskip("skops.io")
duckdb = pytest.importorskip("duckdb")
from sklearn import (calibration, cluster, compose, ensemble, impute, linear_model, naive_bayes, pipeline, preprocessing,  # noqa: E402
                     svm, tree)

SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
ROUNDS = int(os.environ.get("SLUICE_ROUNDS", "2"))
pytestmark = [pytest.mark.peer("scikit-learn")]
warnings.filterwarnings("ignore")
DREW = collections.Counter()


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("scikit-learn", sklearn.__version__, "real")
    yield
    print("drew", dict(sorted(DREW.items())))


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def keep(rng, model, path):
    """One of the kinds of file in which a model is kept, drawn."""
    kind = str(rng.choice(["skops", "skops deflated", "pickle 2", "pickle 3", "pickle 4", "pickle 5", "joblib", "joblib zlib",
        "joblib gzip",
                           "joblib xz"]))
    DREW[kind] += 1
    if kind.startswith("skops"):
        import zipfile
        skops_io.dump(model, path, compression=zipfile.ZIP_DEFLATED if "deflated" in kind else zipfile.ZIP_STORED)
    elif kind.startswith("pickle"):
        path.write_bytes(pickle.dumps(model, protocol=int(kind[-1])))
    else:
        joblib.dump(model, path, compress=0 if kind == "joblib" else (kind.split()[1], 3))
    return kind


def numbers(rng, n, f, missing=False):
    x = rng.normal(size=(n, f)) * rng.choice([1, 1, 30])
    if rng.random() < 0.3:
        x = np.round(x, 1)
    if missing:
        x[rng.random(x.shape) < 0.1] = np.nan
    return x.astype(np.float32) if rng.random() < 0.3 else x


def names_of(rng, k):
    """What classes are called: numbers, texts, truths."""
    kind = str(rng.choice(["0..", "int", "text", "bool" if k == 2 else "float"]))
    DREW[f"classes {kind}"] += 1
    return {"0..": np.arange(k), "int": np.arange(k) * 7 - 3, "text": np.array(["ä", "b c", "dd", "e", "f"][:k]),
        "bool": np.array([False, True]),
            "float": np.arange(k) + 1.0}[kind]


def column(out, names):
    return [np.asarray(out[c]) for c in names]


def score(bench, model, data, *args):
    bench.run("score", "--model", model, "--data", data, "--out", "out.parquet", "--replace", "-o", "json", *args)
    out = duckdb.sql(f"from '{bench.folder / 'out.parquet'}'").fetchnumpy()
    if "prediction" in out:
        return np.asarray(out["prediction"])
    return np.stack([np.asarray(out[f"p{i}"]) for i in range(sum(k[0] == "p" and k[1:].isdigit() for k in out))], 1)


def near(got, want, exact, what, scale=1.0):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, (what, got.shape, want.shape)
    if want.dtype.kind in "OUSTb":
        assert (got.astype(str) == want.astype(str)).all(), what
    elif exact:
        off = (got.astype(float) != want.astype(float)) & ~(np.isnan(got.astype(float)) & np.isnan(want.astype(float)))
        assert not off.any(), f"{what}: {off.sum()} differ: {got[off][:3]} is not {want[off][:3]}"
    else:
        rtol = 2e-5 if want.dtype == np.float32 else 1e-12
        worst = np.abs(got - want) / (np.abs(want) + scale)
        assert worst.max() <= rtol, f"{what}: {worst.max()} at {worst.argmax()}: {got.flat[worst.argmax()]} {want.flat[worst.argmax()]}"


def agree(bench, rng, model, frame, exact=False, scale=1.0):
    """All that the model answers, from a file drawn at random."""
    kind = keep(rng, model, bench.folder / "model")
    what = (kind, model, SEED)
    print("drew", what)
    DREW[type(model).__name__] += 1
    data = bench.data(frame)
    want = model.predict(frame if hasattr(model, "feature_names_in_") else frame.to_numpy())
    near(score(bench, "model", data), want, exact or want.dtype.kind in "OUSTbiu", what, scale)
    x = frame if hasattr(model, "feature_names_in_") else frame.to_numpy()
    if hasattr(model, "predict_proba"):
        near(score(bench, "model", data, "--output", "probability"), model.predict_proba(x), exact == "whole", what)
    if hasattr(model, "decision_function"):
        near(score(bench, "model", data, "--output", "raw"), model.decision_function(x), exact, what, scale)


def frame_of(x, named=True):
    return pd.DataFrame(x, columns=[f"f {i}" for i in range(x.shape[1])])


def fit(rng, model, x, y):
    named = rng.random() < 0.7
    model.fit(frame_of(x) if named else x, y)
    return frame_of(x)


CLASSIFIERS = {
    "logistic": lambda r: linear_model.LogisticRegression(C=float(r.choice([0.1, 10])), fit_intercept=bool(r.random() < 0.8), max_iter=200),
    "logistic cv": lambda r: linear_model.LogisticRegressionCV(Cs=2, cv=3, max_iter=50),
    "ridge": lambda r: linear_model.RidgeClassifier(), "svc": lambda r: svm.LinearSVC(max_iter=200),
    "sgd": lambda r: linear_model.SGDClassifier(loss=str(r.choice(["log_loss", "modified_huber", "hinge"])), max_iter=20),
    "perceptron": lambda r: linear_model.Perceptron(max_iter=10), "gauss": lambda r: naive_bayes.GaussianNB(),
    "bernoulli": lambda r: naive_bayes.BernoulliNB(binarize=float(r.choice([0, 0.5]))),
}
TREES = {
    "tree": lambda r: tree.DecisionTreeClassifier(max_depth=int(r.integers(1, 9)), criterion=str(r.choice(["gini", "entropy"]))),
    "extra tree": lambda r: tree.ExtraTreeClassifier(max_depth=6),
    "forest": lambda r: ensemble.RandomForestClassifier(int(r.integers(1, 40)), max_depth=int(r.integers(2, 12))),
    "extra trees": lambda r: ensemble.ExtraTreesClassifier(int(r.integers(2, 20)), max_leaf_nodes=int(r.choice([7, 50]))),
    "boosting": lambda r: ensemble.GradientBoostingClassifier(n_estimators=int(r.integers(1, 20)), init=r.choice([None, "zero"])),
    "hist": lambda r: ensemble.HistGradientBoostingClassifier(max_iter=int(r.integers(1, 20))),
}
REGRESSORS = {
    "linear": lambda r: linear_model.LinearRegression(), "ridge": lambda r: linear_model.Ridge(),
        "lasso": lambda r: linear_model.Lasso(0.01),
    "elastic": lambda r: linear_model.ElasticNet(0.01), "bayes": lambda r: linear_model.BayesianRidge(),
    "huber": lambda r: linear_model.HuberRegressor(), "sgd": lambda r: linear_model.SGDRegressor(), "svr": lambda r: svm.LinearSVR(),
    "poisson": lambda r: linear_model.PoissonRegressor(), "gamma": lambda r: linear_model.GammaRegressor(),
    "tweedie": lambda r: linear_model.TweedieRegressor(power=float(r.choice([0, 1.5]))),
}
REGRESSION_TREES = {
    "tree": lambda r: tree.DecisionTreeRegressor(max_depth=int(r.integers(1, 9))),
        "extra tree": lambda r: tree.ExtraTreeRegressor(max_depth=5),
    "forest": lambda r: ensemble.RandomForestRegressor(int(r.integers(1, 30)), max_depth=8),
    "extra trees": lambda r: ensemble.ExtraTreesRegressor(int(r.integers(2, 20)), max_depth=6),
    "boosting": lambda r: ensemble.GradientBoostingRegressor(n_estimators=int(r.integers(1, 20)), loss=str(r.choice(["squared_error",
        "huber"]))),
    "hist": lambda r: ensemble.HistGradientBoostingRegressor(max_iter=int(r.integers(1, 20)), loss=str(r.choice(["squared_error",
        "poisson"]))),
}


def classes(rng, x):
    k = int(rng.choice([2, 2, 3, 5]))
    score_ = np.nan_to_num(x.astype(float)) @ rng.normal(size=x.shape[1]) + rng.normal(size=len(x)) * 0.3
    return names_of(rng, k)[np.searchsorted(np.quantile(score_, np.arange(1, k) / k), score_)]


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
