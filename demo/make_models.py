"""The training data, the models, and how good each is: the real libraries, one thread, seeds."""
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

from make_lake import holdout_patient
from run_jobs import day


def curated(root, plan, offset, where):
    path = f"{root}/lake/curated/dt={day(plan, offset)}/part.parquet"
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
    parts = {f"lake:curated/dt={day(plan, d)}/part.parquet":
             curated(root, plan, d, f"not ({holdout_patient()})") for d in days}
    return Data(parts, hold, "malignant", "lake:holdout/cancer.parquet")


def wine_data(root, plan):
    days = [day(plan, d) for d in plan.WINE_DAYS[:2]]
    frames = [duckdb.sql(f"select * exclude (bottle) from read_parquet('{root}/lake/wine/dt={d}/part.parquet', "
                         "hive_partitioning = false)").df().astype("float32").astype({"cultivar": "int32"}) for d in days]
    return Data({f"lake:wine/dt={days[0]}/part.parquet": frames[0]}, frames[1], "cultivar",
                f"lake:wine/dt={days[1]}/part.parquet")


def digits_data():
    bunch = load_digits(as_frame=True)
    frame = bunch.frame.astype("float32").astype({"target": "int32"}).rename(columns={"target": "label"})
    return Data({"sklearn:digits": frame[frame.index % 4 != 0][:700]}, frame[frame.index % 4 == 0], "label",
                "sklearn:digits")


# Each returns (model, predict(frame), history {metric: [values by step]}) ----

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
