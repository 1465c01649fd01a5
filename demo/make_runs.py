"""The experiments and the registry: trained by the real libraries, logged by MLflow's own client on a simulated clock.

What is not simulated: data, models, metrics and their histories. What is: when a run started and how long it took,
who ran it, the commit. Ids come from the seed, so a second run of the script writes the same store.
"""
import datetime
import hashlib
import logging
import os
import random
import re
import sqlite3
import sys
import time
import uuid
import warnings

import duckdb
import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import make_lake

ROOT = "file:///sluice-demo"    # what stands in the store for the folder that the demo will live in
ROUNDS = 40


class Clock:
    """Stands in for time.time() and datetime.now() while MLflow writes; moves only when told to."""
    now = 0.0

    @classmethod
    def set(cls, plan, offset, hour, minute=0, second=0):
        day = datetime.datetime.combine(plan.LAST_DAY, datetime.time(), datetime.timezone.utc)
        cls.now = (day + datetime.timedelta(days=offset, hours=hour, minutes=minute, seconds=second)).timestamp()

    @classmethod
    def ms(cls):
        return int(cls.now * 1000)


class Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(Clock.now, tz)


def pin(plan):
    """Take chance and the present out of MLflow. Returns the module, which must not be imported before."""
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet",
                      MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false", LOGNAME="lab", USER="lab", TZ="UTC")
    time.tzset()
    warnings.filterwarnings("ignore")
    import mlflow
    import mlflow.models.model
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    chance = random.Random(plan.SEED)
    uuid.uuid4 = lambda: uuid.UUID(int=chance.getrandbits(128), version=4)
    time.time = lambda: Clock.now
    mlflow.models.model.datetime = Datetime
    pin_skops()
    return mlflow


def pin_skops():
    """It names its arrays by memory address; count them instead."""
    import skops.io
    seen = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("skops.io"):
            module.id = lambda thing: seen.setdefault(id(thing), len(seen) + 1)
    assert skops.io


# ---- data ----

def curated(root, plan, offset, where):
    path = f"{root}/lake/curated/dt={make_lake.day(plan, offset)}/part.parquet"
    return duckdb.sql(f"select * exclude (patient) from read_parquet('{path}', hive_partitioning = false) "
                      f"where {where}").df()


class Data:
    """Training tables ({address: frame}) and their holdout: X, y for both, and where they came from."""
    def __init__(self, parts, hold, label, hold_source):
        self.parts, self.train = parts, pd.concat(parts.values(), ignore_index=True)
        self.hold, self.label, self.hold_source = hold, label, hold_source
        self.columns = [c for c in self.train.columns if c != label]

    def pick(self, columns):
        data = Data(self.parts, self.hold, self.label, self.hold_source)
        data.columns = columns
        return data

    def sample(self, seed, share):
        rows = np.sort(np.random.default_rng(seed).choice(len(self.train), int(share * len(self.train)), replace=False))
        part = self.train.iloc[rows]
        return part[self.columns], part[self.label]


def cancer_data(root, plan, *days):
    hold = duckdb.sql(f"from '{root}/lake/holdout/cancer.parquet'").df()
    parts = {f"lake:curated/dt={make_lake.day(plan, d)}/part.parquet":
             curated(root, plan, d, f"not ({make_lake.holdout_patient()})") for d in days}
    return Data(parts, hold, "malignant", "lake:holdout/cancer.parquet")


def wine_data(root, plan):
    days = [make_lake.day(plan, d) for d in plan.WINE_DAYS[:2]]
    frames = [duckdb.sql(f"select * exclude (bottle) from read_parquet('{root}/lake/wine/dt={d}/part.parquet', "
                         "hive_partitioning = false)").df().astype("float32").astype({"cultivar": "int32"}) for d in days]
    return Data({f"lake:wine/dt={days[0]}/part.parquet": frames[0]}, frames[1], "cultivar",
                f"lake:wine/dt={days[1]}/part.parquet")


def digits_data():
    bunch = load_digits(as_frame=True)
    frame = bunch.frame.astype("float32").astype({"target": "int32"}).rename(columns={"target": "label"})
    return Data({"sklearn:digits": frame[frame.index % 4 != 0][:700]}, frame[frame.index % 4 == 0], "label",
                "sklearn:digits")


# ---- models: each returns (model, predict(frame), history {metric: [values by step]}) ----

def fit_xgb(data, p):
    X, y = data.sample(p["seed"], p["row_sample"])
    classes = int(data.train[data.label].max()) + 1
    many = {"objective": "multi:softprob", "num_class": classes, "eval_metric": "mlogloss"}
    two = {"objective": "binary:logistic", "eval_metric": "logloss"}
    d, v, seen = xgb.DMatrix(X, y), xgb.DMatrix(data.hold[data.columns], data.hold[data.label]), {}
    model = xgb.train({**(many if classes > 2 else two), "max_depth": p["max_depth"], "eta": p["learning_rate"],
                       "subsample": 0.8, "seed": p["seed"], "nthread": 1}, d, p["rounds"],
                      evals=[(d, "train"), (v, "val")], evals_result=seen, verbose_eval=False)
    history = {k + "_logloss": next(iter(seen[k].values())) for k in ("train", "val")}
    return model, lambda f: model.predict(xgb.DMatrix(f[data.columns])), history


def fit_lgb(data, p):
    X, y = data.sample(p["seed"], p["row_sample"])
    d, seen = lgb.Dataset(X, y, free_raw_data=False), {}
    v = lgb.Dataset(data.hold[data.columns], data.hold[data.label], reference=d)
    model = lgb.train({"objective": "binary", "metric": "binary_logloss", "num_leaves": p["num_leaves"],
                       "learning_rate": p["learning_rate"], "min_data_in_leaf": p["min_data_in_leaf"],
                       "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1, "seed": p["seed"],
                       "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbose": -1},
                      d, p["rounds"], [d, v], ["train", "val"], callbacks=[lgb.record_evaluation(seen)])
    history = {k + "_logloss": seen[k]["binary_logloss"] for k in ("train", "val")}
    return model, lambda f: model.predict(f[data.columns]), history


def fit_logit(data, p):
    X, y = data.sample(p["seed"], p["row_sample"])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=p["C"], max_iter=500)).fit(X, y)
    many = len(model.classes_) > 2
    return model, lambda f: model.predict_proba(f[data.columns])[:, slice(None) if many else 1], {}


def fit_mlp(data, p):
    X, y = data.sample(p["seed"], p["row_sample"])
    model = make_pipeline(StandardScaler(), MLPClassifier((p["hidden"],), alpha=p["alpha"], max_iter=p["epochs"],
                                                          learning_rate_init=0.01, random_state=p["seed"])).fit(X, y)
    return model, lambda f: model.predict_proba(f[data.columns]), {"train_logloss": model[-1].loss_curve_}


def fit_sgd(data, p):
    """Plain gradient descent on unscaled inputs: with a large rate it overflows, and the loss becomes inf and NaN."""
    X, y = (np.asarray(v, dtype="float32") for v in data.sample(p["seed"], p["row_sample"]))
    w, history = np.zeros(X.shape[1], "float32"), {"train_logloss": [], "val_logloss": []}
    H, h = data.hold[data.columns].to_numpy("float32"), data.hold[data.label].to_numpy()

    def loss(M, t):
        z = M @ w
        return float(np.mean(np.logaddexp(np.float32(0), z) - t * z))
    with np.errstate(all="ignore"):
        for _ in range(p["rounds"]):
            history["train_logloss"].append(loss(X, y))
            history["val_logloss"].append(loss(H, h))
            w = w - np.float32(p["learning_rate"]) * (X.T @ (1 / (1 + np.exp(-(X @ w))) - y)) * np.abs(w + 1)
    return w, lambda f: np.full(len(f), np.nan), history


FIT = {"xgboost": fit_xgb, "lightgbm": fit_lgb, "logistic": fit_logit, "mlp": fit_mlp, "sgd": fit_sgd}


def scores(data, p):
    y = data.hold[data.label]
    if not np.all(np.isfinite(p)):
        return {}
    if p.ndim == 1:
        bins = np.minimum((p * 10).astype(int), 9)
        ece = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in set(bins))
        return {"val_auc": roc_auc_score(y, p), "val_accuracy": accuracy_score(y, p >= 0.5),
                "val_logloss": log_loss(y, p.astype("float64")), "val_ece": ece}
    return {"val_accuracy": accuracy_score(y, p.argmax(axis=1)),
            "val_logloss": log_loss(y, p.astype("float64") / p.astype("float64").sum(axis=1, keepdims=True))}


# ---- the store ----

class Store:
    """Writes runs through MLflow's client; each call is at Clock's time."""
    def __init__(self, root, plan):
        self.root, self.plan = root, plan
        Clock.set(plan, -20, 8)
        self.mlflow = pin(plan)
        from mlflow.store.tracking import sqlalchemy_store
        self.uri = f"sqlite:///{root}/building.db"
        sqlalchemy_store.SqlAlchemyStore(self.uri, f"{root}/artifacts").engine.dispose()
        self.mlflow.set_tracking_uri(self.uri)
        self.client = self.mlflow.MlflowClient()
        self.experiments, self.datasets = {}, {}

    def experiment(self, name, note):
        where = f"file://{self.root}/artifacts/{name}"
        self.experiments[name] = self.client.create_experiment(name, where, {"mlflow.note.content": note, "team": "lab"})

    def start(self, experiment, name, user, commit="a1", parent=None, tags=None):
        sha = hashlib.sha1(commit.encode()).hexdigest()
        tags = {"mlflow.user": user, "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL",
                "mlflow.source.git.commit": sha, **(tags or {})}
        if parent:
            tags["mlflow.parentRunId"] = parent
        return self.client.create_run(self.experiments[experiment], Clock.ms(), tags, name).info.run_id

    def log(self, run, params=None, metrics=None, history=None, step_s=0.25):
        from mlflow.entities import Metric, Param
        rows = [Metric(k, v, Clock.ms() + int(1000 * step_s * (i + 1)), i)
                for k, values in (history or {}).items() for i, v in enumerate(values)]
        last = max([len(v) for v in (history or {}).values()], default=1)
        Clock.now += step_s * (last + 1)
        rows += [Metric(k, v, Clock.ms(), last - 1 if k in (history or {}) else 0) for k, v in (metrics or {}).items()]
        self.client.log_batch(run, metrics=rows[:1000], params=[Param(k, str(v)) for k, v in (params or {}).items()])

    def inputs(self, run, data):
        from mlflow.data.pandas_dataset import from_pandas
        from mlflow.data.sources import LocalArtifactDatasetSource
        from mlflow.entities import Dataset, DatasetInput, InputTag
        found = []
        uses = [(frame, source, "training") for source, frame in data.parts.items()]
        for frame, source, context in [*uses, (data.hold, data.hold_source, "validation")]:
            key = (source, context)
            if key not in self.datasets:
                name = source.split(":")[1].replace("/part.parquet", "").replace("dt=", "")
                d = from_pandas(frame, LocalArtifactDatasetSource(source), targets=data.label, name=name).to_dict()
                self.datasets[key] = Dataset(**{k: d[k] for k in ("name", "digest", "source_type", "source", "schema",
                                                                  "profile")})
            found.append(DatasetInput(self.datasets[key], [InputTag("mlflow.data.context", context)]))
        self.client.log_inputs(run, found)

    def end(self, run, status="FINISHED"):
        Clock.now += 1
        self.client.set_terminated(run, status, Clock.ms())

    def train(self, experiment, name, user, kind, data, params, at, commit="a1", parent=None, tags=None, keep=None):
        """One run from start to end; `keep` logs the model too and returns its id."""
        Clock.set(self.plan, *at)
        run = self.start(experiment, name, user, commit, parent, tags)
        model, predict, history = FIT[kind](data, params)
        p = predict(data.hold)
        metrics = {**scores(data, p), "train_rows": len(data.train)}
        self.log(run, {"model": kind, "features": len(data.columns), **params}, metrics, history)
        self.inputs(run, data)
        model_id = self.keep(run, keep, model, data, p) if keep else None
        self.end(run)
        return run, model_id, metrics

    def keep(self, run, how, model, data, p):
        from mlflow.models import infer_signature
        X = data.hold[data.columns]
        with self.mlflow.start_run(run_id=run):
            said = model.predict(X) if how in ("skops", "pickle") else np.asarray(p)
            common = {"name": "model", "signature": infer_signature(X, said)}
            model_id, said = LOG[how](self.mlflow, model, X, said, common)
            self.files(run, model_id, data, p, said)
        return model_id

    def files(self, run, model_id, data, p, said):
        """Beside the model: the rows it was trained on, and what its own library's predict says of the holdout."""
        folder = os.path.join(self.root, "files")
        os.makedirs(folder, exist_ok=True)
        train, pred = os.path.join(folder, "train.parquet"), os.path.join(folder, "predictions.parquet")
        parquet(data.train[[*data.columns, data.label]], train)
        columns = {"prediction": said} if said.ndim == 1 else {f"p{i}": said[:, i] for i in range(said.shape[1])}
        parquet(pd.DataFrame({**columns, data.label: data.hold[data.label].to_numpy()}), pred)
        for path in (train, pred):
            self.client.log_model_artifact(model_id, path)
        label = data.hold[data.label].to_numpy()
        guess = (p >= 0.5).astype(int) if p.ndim == 1 else p.argmax(axis=1)
        counts = [[int(np.sum((label == a) & (guess == b))) for b in range(label.max() + 1)] for a in range(label.max() + 1)]
        self.client.log_dict(run, {"rows": "truth", "columns": "predicted", "counts": counts}, "confusion.json")


def parquet(frame, path):
    db = duckdb.connect(config={"threads": 1})
    db.execute(f"copy (from frame) to '{path}' (format parquet, compression zstd, compression_level 19)")


def pips(*names):
    import importlib.metadata as m
    return [f"{n}=={m.version(n)}" for n in names]


# Each logs the model and returns its id and what the logged file predicts.

def log_onnx(mlflow, model, X, said, common):
    from onnxruntime import InferenceSession, set_default_logger_severity
    from skl2onnx import to_onnx
    from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
    set_default_logger_severity(3)
    x = X.to_numpy("float32")
    net = to_onnx(model, x[:1], options={"zipmap": False}, target_opset=18)
    net = select_model_inputs_outputs(net, outputs=["probabilities"])
    session = InferenceSession(net.SerializeToString(), providers=["CPUExecutionProvider"])
    info = mlflow.onnx.log_model(net, pip_requirements=pips("onnxruntime"), save_as_external_data=False,
                                 onnx_execution_providers=["CPUExecutionProvider"], **common)
    return info.model_id, session.run(None, {session.get_inputs()[0].name: x})[0]


def log_sklearn(how):
    def log(mlflow, model, X, said, common):
        return mlflow.sklearn.log_model(model, serialization_format=how, pip_requirements=pips("scikit-learn"),
                                        **common).model_id, said
    return log


def log_xgb(how):
    def log(mlflow, model, X, said, common):
        return mlflow.xgboost.log_model(model, model_format=how, pip_requirements=pips("xgboost-cpu"),
                                        **common).model_id, said
    return log


def log_lgb(mlflow, model, X, said, common):
    return mlflow.lightgbm.log_model(model, pip_requirements=pips("lightgbm"), **common).model_id, said


LOG = {"json": log_xgb("json"), "ubj": log_xgb("ubj"), "skops": log_sklearn("skops"), "pickle": log_sklearn("pickle"),
       "onnx": log_onnx, "lgb": log_lgb}


# ---- the story ----

def xgb_p(depth, rate=0.1, seed=0, rounds=ROUNDS):
    return {"max_depth": depth, "learning_rate": rate, "rounds": rounds, "row_sample": 0.9, "seed": seed}


def lgb_p(leaves, seed=0, least=5):
    return {"num_leaves": leaves, "learning_rate": 0.1, "min_data_in_leaf": least, "rounds": ROUNDS, "row_sample": 0.9,
            "seed": seed}


def repeats(store, name, user, kind, data, params, at, commit, keep=None):
    """Five runs that differ in nothing but the seed; the first one's model is kept. Returns (run, model id)."""
    offset, hour = at
    first = None
    for seed in range(5):
        run, model, _ = store.train("cancer", name if seed == 0 else f"{name} seed {seed}", user, kind, data,
                                    {**params, "seed": seed}, (offset, hour, 7 * seed + 3), commit,
                                    keep=keep if seed == 0 else None)
        first = first or (run, model)
    return first


def cancer_runs(store, root, plan):
    """Returns the models that become versions: {version: (run, model id)}."""
    one, old, mid, new = (cancer_data(root, plan, *d) for d in ((-19,), (-16,), (-10,), (-7, -6, -5)))
    mean = one.pick([c for c in one.columns if c.startswith("mean_")])
    made = {1: repeats(store, "logit", "omar", "logistic", mean, {"C": 1.0, "row_sample": 0.9}, (-18, 9), "a1", "skops"),
            2: repeats(store, "xgb-3", "ana", "xgboost", old, xgb_p(3), (-15, 10), "a1", "ubj"),
            3: repeats(store, "xgb-6", "omar", "xgboost", mid, xgb_p(6), (-9, 13), "b2", "json"),
            4: repeats(store, "lgb-7 fresh", "ana", "lightgbm", new, lgb_p(7), (-2, 9), "c3", "lgb")}
    repeats(store, "lgb-7", "ana", "lightgbm", mid, lgb_p(7), (-6, 10), "c3")
    repeats(store, "lgb-31", "ana", "lightgbm", mid, lgb_p(31), (-6, 14), "c3")
    sweep(store, mid)
    made[5] = store.train("cancer", "xgb-1 quick", "ana", "xgboost", new, xgb_p(1, 0.3, rounds=5), (-1, 9), "d4",
                          keep="ubj", tags={"mlflow.note.content": "Five stumps: fits the handheld."})[:2]
    made[6] = store.train("cancer", "logit-all pickled", "ana", "logistic", new, {"C": 0.5, "row_sample": 1.0, "seed": 0},
                          (-1, 13), "d4", keep="pickle",
                          tags={"mlflow.note.content": "Best AUC so far, from the notebook."})[:2]
    return made


def sweep(store, data):
    plan = store.plan
    Clock.set(plan, -8, 9)
    parent = store.start("cancer", "depth sweep", "omar", "b2", tags={"mlflow.note.content": "Depth against rate."})
    best = 0
    for i, (depth, rate) in enumerate((d, r) for d in (1, 2, 4) for r in (0.05, 0.2)):
        _, _, m = store.train("cancer", f"depth {depth}, rate {rate}", "omar", "xgboost", data,
                              xgb_p(depth, rate, rounds=30), (-8, 9, 2 + 3 * i), "b2", parent)
        best = max(best, m["val_auc"])
    Clock.now += 5
    store.log(parent, {"children": 6}, {"best.val_auc": best})
    store.end(parent)


def odd_runs(store, root, plan):
    data = cancer_data(root, plan, -10)
    # Ended early: the process was killed for memory, as its note says.
    Clock.set(plan, -5, 15)
    run = store.start("cancer", "lgb-255", "omar", "c3", tags={
        "mlflow.note.content": "Killed by the kernel after 17 rounds: out of memory."})
    _, _, history = fit_lgb(data, {**lgb_p(255, least=1), "rounds": 17})
    store.log(run, {"model": "lightgbm", "features": len(data.columns), **lgb_p(255, least=1)}, None, history)
    store.end(run, "FAILED")
    Clock.set(plan, -6, 22, 40)
    run = store.start("cancer", "xgb-8", "omar", "c3")
    _, _, history = fit_xgb(data, xgb_p(8, rounds=9))
    store.log(run, {"model": "xgboost", "features": len(data.columns), **xgb_p(8)}, None, history)
    store.train("cancer", "sgd-lr50", "omar", "sgd", data,
                {"learning_rate": 50, "rounds": 20, "row_sample": 1.0, "seed": 0}, (-13, 17), "a1",
                tags={"mlflow.note.content": "Inputs were not scaled."})
    Clock.set(plan, -12, 12)
    run = store.start("cancer", "odd-names", "lead", "b2", tags={
        "title": "\x1b]0;owned\x07\x1b[31mred\x1b[0m and \x1b[2J gone", "bidi": "safe \u202egnp.exe\u202c",
        "lines": "one\ntwo\r\nthree\ttab", "größe/日本": "ключ", "emoji": "👩\u200d🔬 e\u0301", "long": "x" * 4000})
    store.log(run, {"learning rate": "0.1", "model.depth.max": 6, "Größe": "groß", "empty": ""},
              {"val.auc.site-1": 0.91, "val.auc.site 2": 0.87, "präzision/日本": 0.5, "tiny": 5e-324, "huge": 1e308,
               "minus zero": -0.0, "infinite": float("inf")})
    store.end(run)
    for i, name in enumerate(("oops", "oops again")):
        run, _, _ = store.train("cancer", name, "ana", "xgboost", data, xgb_p(2, rounds=2), (-14, 18, 4 * i), "a1")
        Clock.now += 60
        store.client.delete_run(run)


def digits_runs(store):
    data, made = digits_data(), {}
    for i, c in enumerate((0.01, 0.1, 1.0, 10.0)):
        run, model, _ = store.train("digits", f"logit C={c}", "omar", "logistic", data,
                                    {"C": c, "row_sample": 1.0, "seed": 0}, (-17, 14, 5 * i), "a1",
                                    keep="onnx" if c == 0.1 else None)
        made[1] = (run, model) if model else made.get(1)
    for seed in range(4):
        run, model, _ = store.train("digits", f"mlp-32 seed {seed}", "ana", "mlp", data,
                                    {"hidden": 32, "alpha": 1e-4, "epochs": 40, "row_sample": 0.9, "seed": seed},
                                    (-11, 11, 6 * seed), "b2", keep="onnx" if seed == 0 else None)
        made[2] = (run, model) if model else made.get(2)
    return made


def wine_runs(store, root, plan):
    data, made = wine_data(root, plan), {}
    for seed in range(4):
        run, model, _ = store.train("wine", f"xgb-2 seed {seed}", "ana", "xgboost", data, xgb_p(2, 0.2, seed, 20),
                                    (-8, 15, 4 * seed), "b2", keep="ubj" if seed == 0 else None)
        made[1] = (run, model) if model else made.get(1)
    for i, c in enumerate((0.01, 0.1, 1.0, 10.0)):
        store.train("wine", f"logit C={c}", "omar", "logistic", data, {"C": c, "row_sample": 1.0, "seed": 0},
                    (-8, 16, 4 * i), "b2")
    return made


def approval(decision, by, plan, offset, hour, comment):
    at = datetime.datetime.combine(plan.LAST_DAY + datetime.timedelta(days=offset), datetime.time(hour, 12))
    return {"approval.decision": decision, "approval.by": by, "approval.to": "champion", "approval.comment": comment,
            "approval.at": at.isoformat(timespec="milliseconds") + "Z"}


def register(store, model, version, made, at, note, tags=None, alias=None):
    """Registered by the run's owner; decided, where it was, an hour later."""
    Clock.set(store.plan, *at)
    run, model_id = made
    store.client.create_model_version(model, f"models:/{model_id}", run, description=note, model_id=model_id)
    Clock.now += 3600
    for k, v in (tags or {}).items():
        store.client.set_model_version_tag(model, str(version), k, v)
    if alias:
        store.client.set_registered_model_alias(model, alias, str(version))


def registry(store, cancer, digits, wine):
    plan = store.plan
    Clock.set(plan, -18, 11)
    for name, note in (("cancer", "Malignant or benign, from the lab's 30 measurements."),
                       ("digits", "Reads the handwritten digits of a scanned form."),
                       ("wine", "Which of three cultivars a bottle is.")):
        store.client.create_registered_model(name, {"team": "lab"}, note)

    def ok(offset, hour, comment):
        return approval("approved", "lead", plan, offset, hour, comment)

    def ask(by, offset, hour, comment):
        return approval("requested", by, plan, offset, hour, comment)
    register(store, "cancer", 1, cancer[1], (-18, 11), "Ten means, logistic.", ok(-18, 12, "a start"), "champion")
    register(store, "cancer", 2, cancer[2], (-14, 13), "All measurements, depth 3.", ok(-14, 14, "AUC up, checked"), "champion")
    register(store, "cancer", 3, cancer[3], (-9, 16), "Deeper trees.", None, None)
    register(store, "cancer", 4, cancer[4], (-2, 10), "LightGBM, 7 leaves, three newer days.",
             ask("ana", -2, 11, "three newer days: better than xgb-6 on the same holdout"))
    register(store, "cancer", 5, cancer[5], (-1, 10), "Five stumps.", ask("ana", -1, 11, "small enough for the handheld"))
    register(store, "cancer", 6, cancer[6], (-1, 14), "Logistic on everything, pickled.",
             ask("ana", -1, 15, "best AUC so far"))
    Clock.set(plan, -1, 21, 48)
    store.client.set_registered_model_alias("cancer", "champion", "3")      # by nobody who wrote down why
    store.client.set_registered_model_alias("cancer", "fallback", "1")
    register(store, "digits", 1, digits[1], (-16, 9), "Logistic, as ONNX.", ok(-16, 10, "fine for the pilot"), "champion")
    register(store, "digits", 2, digits[2], (-10, 9), "32 hidden units, as ONNX.", ok(-10, 10, "fewer mistakes"), "champion")
    register(store, "wine", 1, wine[1], (-7, 10), "Depth 2, three classes.", ok(-7, 11, "good enough"), "champion")


def scratch(store):
    Clock.set(store.plan, -19, 16)
    store.experiment("scratch", "thrown away")
    run = store.start("scratch", "hello", "omar")
    store.log(run, {"x": 1}, {"y": 2.0})
    store.end(run)
    Clock.now += 300
    store.client.delete_experiment(store.experiments["scratch"])


# ---- the file ----

def text_columns(db):
    for (table,) in db.execute("select name from sqlite_master where type = 'table' order by name").fetchall():
        for _, column, kind, *_ in db.execute(f'pragma table_info("{table}")').fetchall():
            if kind.upper().startswith(("VARCHAR", "TEXT", "CHAR", "CLOB", "JSON")):
                yield table, column


def sorted_checks(sql):
    """The CHECK lines of a table, which the migrations write in a random order too."""
    lines = sql.split("\n")
    at = [i for i, line in enumerate(lines) if re.match(r"\s*CONSTRAINT \w+ CHECK", line)]
    for i, line in zip(at, sorted(lines[i].rstrip().removesuffix(",") for i in at)):
        lines[i] = line + ("," if lines[i].rstrip().endswith(",") else "")
    return "\n".join(lines)


def rebuild(old, new):
    """The same store with tables and indexes in the order of their names: the migrations make them in a random one.
    Pages of 1 KiB, since MLflow's many empty tables would fill a megabyte of 4 KiB ones."""
    db = sqlite3.connect(new)
    db.execute("pragma page_size = 1024")
    db.execute("attach ? as old", (old,))
    parts = db.execute("select type, name, sql from old.sqlite_master where sql is not null and name not like 'sqlite_%' "
                       "order by type <> 'table', type, name").fetchall()
    for kind, name, sql in parts:
        db.execute(sorted_checks(sql))
        if kind == "table":
            # table_info leaves generated columns out.
            columns = ", ".join(f'"{c[1]}"' for c in db.execute(f'pragma old.table_info("{name}")'))
            db.execute(f'insert into main."{name}" ({columns}) select {columns} from old."{name}" order by rowid')
    db.commit()
    db.close()


def hide(root):
    """Put ROOT where this machine's folder stands, in the store and in the files that MLflow wrote."""
    db = sqlite3.connect(f"{root}/building.db")
    for table, column in list(text_columns(db)):
        for old in (f"file://{root}", root):
            db.execute(f'update "{table}" set "{column}" = replace("{column}", ?, ?) where instr("{column}", ?)',
                       (old, ROOT, old))
    # The client notes who and where it runs on each logged model: the run says it better.
    db.execute("delete from logged_model_tags where tag_key like 'mlflow.source.%' or tag_key = 'mlflow.user'")
    db.commit()
    db.close()
    rebuild(f"{root}/building.db", f"{root}/mlflow.db")
    for folder, _, names in os.walk(f"{root}/artifacts"):
        for name in names:
            path = os.path.join(folder, name)
            body = open(path, "rb").read()
            clean = body.replace(f"file://{root}".encode(), ROOT.encode()).replace(root.encode(), ROOT.encode())
            if clean != body:
                open(path, "wb").write(clean)


def write(root, plan):
    real = time.time, uuid.uuid4
    store = Store(root, plan)
    try:
        for name, note in (("cancer", "The lab's malignant/benign classifier."), ("digits", "Digits on scanned forms."),
                           ("wine", "Cultivar of a bottle.")):
            store.experiment(name, note)
        scratch(store)
        cancer = cancer_runs(store, root, plan)
        odd_runs(store, root, plan)
        registry(store, cancer, digits_runs(store), wine_runs(store, root, plan))
    finally:
        time.time, uuid.uuid4 = real
    hide(root)
