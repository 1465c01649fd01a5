"""An MLflow store that comes out the same each time: MLflow's own client on a simulated clock, ids from the seed, and
a file without a trace of the machine that it was made on."""
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
import numpy as np
import pandas as pd

from make_models import FIT, scores

ROOT = "file:///sluice-demo"    # what stands in the store for the folder that the demo will live in


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
