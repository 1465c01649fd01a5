"""Fills an MLflow server by its own client, in any version from 2.9 on; prints what was made as one line of JSON."""
import json
import os
import sys
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

mlflow.set_tracking_uri(sys.argv[1])
c = MlflowClient()
exp = c.create_experiment("dialect", tags={"team": "core"})
gone = c.create_experiment("gone")
c.delete_experiment(gone)
run = c.create_run(exp, run_name="one", tags={"mlflow.user": "ana", "team": "core"}).info.run_id
now = int(time.time() * 1000)
c.log_batch(run, metrics=[Metric("loss", i / 8, now + i, i - 5) for i in range(300)], params=[Param("lr", "0.1"), Param("a b/c", "x")],
            tags=[RunTag("bidi", "\u202e\x1b[31m")])
for key, value in (("nan", float("nan")), ("inf", float("inf")), ("minf", float("-inf")), ("auc", 0.75)):
    c.log_metric(run, key, value, step=1)
os.makedirs("up/sub dir", exist_ok=True)
with open("up/hello.txt", "w") as f:
    f.write("hello\nworld\n")
with open("up/sub dir/\u00e4 &+=.bin", "wb") as f:
    f.write(os.urandom(3_000_000))
c.log_artifacts(run, "up")
os.makedirs("mod", exist_ok=True)
with open("mod/MLmodel", "w") as f:
    f.write("flavors: {}\n")
c.create_registered_model("clf")
model = ""
if hasattr(c, "create_logged_model"):
    from mlflow.entities import LoggedModelOutput
    m = c.create_logged_model(exp, name="model", source_run_id=run)
    c.log_model_artifacts(m.model_id, "mod")
    c.finalize_logged_model(m.model_id, "READY")
    c.log_outputs(run, [LoggedModelOutput(m.model_id, 0)])
    model, source = m.model_id, f"models:/{m.model_id}"
else:
    c.log_artifacts(run, "mod", "model")
    source = f"{c.get_run(run).info.artifact_uri}/model"
for i in range(2):
    if model:
        c.create_model_version("clf", source, run_id=run, model_id=model)
    else:
        c.create_model_version("clf", source, run_id=run)
c.set_registered_model_alias("clf", "champion", "1")
c.set_model_version_tag("clf", "2", "approval.decision", "requested")
import numpy
with mlflow.start_run(run_id=run):
    mlflow.log_input(mlflow.data.from_numpy(numpy.arange(6).reshape(3, 2), name="train"), context="training")
c.set_terminated(run)
child = c.create_run(exp, run_name="child", tags={"mlflow.parentRunId": run}).info.run_id
dead = c.create_run(exp, run_name="dead").info.run_id
c.delete_run(dead)
print(json.dumps({"run": run, "child": child, "deleted": dead, "model": model}))
