"""Estimators, data and files drawn at random, for test_sklearn.py. As a program, run by an older scikit-learn:
lib_sklearn.py FOLDER SEED: writes CASE.model, CASE.parquet and what it answers itself, CASE.npz, into FOLDER."""
import collections
import json
import pickle
import sys
import warnings
import zipfile
from pathlib import Path

import duckdb
import joblib
import numpy as np
import pandas as pd
import sklearn
import skops.io as skops_io
from sklearn import (calibration, cluster, compose, ensemble, impute, linear_model, naive_bayes, pipeline, preprocessing, svm, tree)

DREW = collections.Counter()
warnings.filterwarnings("ignore")


def keep(rng, model, path):
    """One of the kinds of file in which a model is kept, drawn."""
    kind = str(rng.choice(["skops", "skops deflated", "pickle 2", "pickle 3", "pickle 4", "pickle 5", "joblib", "joblib zlib",
        "joblib gzip",
                           "joblib xz"]))
    DREW[kind] += 1
    if kind.startswith("skops"):
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


def scaler(rng):
    return [lambda: preprocessing.StandardScaler(with_mean=bool(rng.random() < 0.8), with_std=bool(rng.random() < 0.8)),
            lambda: preprocessing.MinMaxScaler(clip=bool(rng.random() < 0.5), feature_range=(-1, 2)),
            lambda: preprocessing.RobustScaler(with_centering=bool(rng.random() < 0.8)), lambda: preprocessing.MaxAbsScaler(),
            lambda: impute.SimpleImputer(strategy=str(rng.choice(["mean", "median", "most_frequent"])),
                add_indicator=bool(rng.random() < 0.5)),
            lambda: impute.SimpleImputer(strategy="constant", fill_value=float(rng.choice([-1, 2.5])))][int(rng.integers(6))]()


def mixed(rng, n):
    """A frame of texts, numbers, whole numbers and truths, some missing."""
    words = np.array(["red", "green", "blau", "weiß", "a b"], dtype=object)
    frame = pd.DataFrame({"colour": words[rng.integers(0, 5, n)], "size": words[rng.integers(0, 3, n)], "count": rng.integers(0, 5, n),
                          "v": rng.normal(size=n), "w": rng.normal(size=n), "on": rng.random(n) < 0.4})
    frame.loc[rng.random(n) < 0.1, "v"] = np.nan
    return frame


def encoder(rng):
    low = {"min_frequency": 0.15} if rng.random() < 0.3 else {"max_categories": 3} if rng.random() < 0.3 else {}
    if rng.random() < 0.3:
        unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1} if rng.random() < 0.7 else {}
        return preprocessing.OrdinalEncoder(**unknown, **low)
    how = str(rng.choice(["error", "ignore", "infrequent_if_exist"]))
    return preprocessing.OneHotEncoder(handle_unknown=how, drop=[None, "first", "if_binary"][int(rng.integers(3))],
                                       sparse_output=bool(rng.random() < 0.6), **low)


def cases(rng):
    """One of each family, as versions since 1.3 have them."""
    for name, make in (CLASSIFIERS | TREES).items():
        x = numbers(rng, 300, int(rng.integers(1, 6)), missing=name == "hist")
        model = make(rng)
        yield name, model, fit(rng, model, x, classes(rng, x))
    for name, make in (REGRESSORS | REGRESSION_TREES).items():
        x = numbers(rng, 300, int(rng.integers(1, 6))) / 10
        model = make(rng)
        yield f"{name} of numbers", model, fit(rng, model, x, np.exp(0.1 * x.astype(float).sum(1)) + rng.random(300))
    for k in range(6):
        x = numbers(rng, 300, 3, missing=True)
        steps = [scaler(rng) for _ in range(2)] + [impute.SimpleImputer(), preprocessing.StandardScaler()]
        model = pipeline.make_pipeline(*steps, tree.DecisionTreeRegressor(max_depth=9))
        yield f"steps {k}", model, fit(rng, model, x, np.nan_to_num(x.astype(float)).sum(1) + rng.random(300))
    for k in range(6):
        frame = mixed(rng, 300)
        frame["v"] = frame.v.fillna(0)
        columns = compose.ColumnTransformer([("t", encoder(rng), ["colour", "size"]), ("n", preprocessing.StandardScaler(), ["v",
            "count"])],
                                            remainder=str(rng.choice(["drop", "passthrough"])))
        y = (frame.colour == "red") * 2.0 + frame.v + rng.random(300)
        yield f"columns {k}", pipeline.make_pipeline(columns, tree.DecisionTreeRegressor(max_depth=8)).fit(frame, y), frame
    for how in ("sigmoid", "isotonic"):
        x = numbers(rng, 300, 4).astype(float)
        model = calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), method=how, cv=3)
        yield how, model, fit(rng, model, x, classes(rng, x))
    x = numbers(rng, 300, 3)
    model = cluster.KMeans(4, n_init=1)
    yield "kmeans", model, fit(rng, model, x, None)


def answers(model, frame):
    x = frame if hasattr(model, "feature_names_in_") else frame.to_numpy()
    out = {"predict": model.predict(x)}
    for name in ("predict_proba", "decision_function"):
        if hasattr(model, name):
            out[name] = getattr(model, name)(x)
    return {k: v.astype(str) if v.dtype.kind == "O" else v for k, v in out.items()}


def main(folder, seed):
    rng = np.random.default_rng(int(seed))
    for i, (name, model, frame) in enumerate(cases(rng)):
        to = Path(folder) / str(i)
        kind = keep(rng, model, to.with_suffix(".model"))
        duckdb.sql(f"copy (select * from frame) to '{to}.parquet'")
        np.savez(to.with_suffix(".npz"), what=json.dumps([name, kind, repr(model), sklearn.__version__]), **answers(model, frame))


if __name__ == "__main__":
    main(*sys.argv[1:])
