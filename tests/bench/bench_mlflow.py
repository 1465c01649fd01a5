"""100,000 runs in MLflow's SQLite store, filtered and sorted: `sluice get runs` beside MLflow's own search on the same file.

The store has MLflow's real schema (a copy of the demo's, emptied) and is filled by plain SQL: 8 metrics, 8 parameters, 5 tags a run. Sluice
writes JSON of whole rows to a pipe; MLflow makes a list of its run objects (the faster of its two ways), each in a process of its own, with
the imports not counted. BENCH_RUNS and BENCH_DIR change size and place; BENCH_ALL=1 adds the listing
of all runs, for which MLflow takes minutes.
"""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import at_least, budget, finish  # noqa: E402

TOP = Path(__file__).resolve().parent.parent.parent
SLUICE = os.environ.get("SLUICE", str(TOP / "build" / "sluice"))
RUNS = int(os.environ.get("BENCH_RUNS", "100000"))
MS = 1790000000000
PATIENCE = 90  # seconds for the peer

CASES = [  # what, sluice's arguments, MLflow's filter and order, how many
    ("filtered to 4 %, sorted", ["--filter", "metrics.m0 > 0.96", "--sort", "-metrics.m1"], "metrics.m0 > 0.96", ["metrics.m1 DESC"]),
    ("two conditions, sorted", ["--filter", "metrics.m0 > 0.9 and params.p1 = 'v3'", "--sort", "metrics.m2"],
     "metrics.m0 > 0.9 and params.p1 = 'v3'", ["metrics.m2 ASC"]),
    ("best thousand of all", ["--sort", "-metrics.m1", "--limit", "1000"], "", ["metrics.m1 DESC"], 1000),
]
if os.environ.get("BENCH_ALL"):
    CASES.append(("all, sorted by a metric", ["--sort", "-metrics.m1"], "", ["metrics.m1 DESC"]))

SEARCH = """
import sys, json, time, os
import mlflow
from mlflow import MlflowClient
uri, where, order, most = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
client = MlflowClient(tracking_uri=uri)
client.search_experiments(max_results=1)
began, n, first, token = time.monotonic(), 0, None, None
while True:
    page = client.search_runs(["1"], where, order_by=order, max_results=most or 50000, page_token=token)
    first = first or (page and page[0].info.run_id)
    n, token = n + len(page), page.token
    if most or not token:
        break
print(json.dumps([time.monotonic() - began, n, first]))
"""


def fill(path):
    """The store. Rows come as a training would write them: a run, then what belongs to it."""
    shutil.copy(TOP / "demo" / "mlflow.db", path)
    db = sqlite3.connect(path)
    for table in ("metrics", "latest_metrics", "params", "tags", "inputs", "input_tags", "datasets", "logged_model_metrics",
                  "logged_model_params", "logged_models", "model_version_tags", "registered_model_aliases", "registered_model_tags",
                  "model_versions", "registered_models", "runs"):
        db.execute(f"DELETE FROM {table}")
    rnd = random.Random(7)
    run, latest, param, tag = [], [], [], []
    for i in range(RUNS):
        u = uuid.UUID(int=rnd.getrandbits(128), version=4).hex
        start = MS + i * 1000
        run.append((u, f"run {i}", "UNKNOWN", "", "", "ana", "FINISHED", start, start + 500, "", "active", f"file:///x/{u}", 1, None))
        latest += [(f"m{k}", rnd.random(), start, 9, 0, u) for k in range(8)]
        param += [(f"p{k}", f"v{rnd.randrange(10)}", u) for k in range(8)]
        tag += [(k, v, u) for k, v in (("mlflow.runName", f"run {i}"), ("mlflow.user", "ana"), ("mlflow.source.name", "train.py"),
                                       ("mlflow.source.type", "LOCAL"), ("team", f"t{i % 7}"))]
        if len(run) == 5000 or i == RUNS - 1:
            db.executemany(f"INSERT INTO runs VALUES ({','.join('?' * 14)})", run)
            db.executemany("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,?,?,?)", latest)
            db.executemany("INSERT INTO params(key,value,run_uuid) VALUES (?,?,?)", param)
            db.executemany("INSERT INTO tags(key,value,run_uuid) VALUES (?,?,?)", tag)
            run, latest, param, tag = [], [], [], []
    db.commit()
    db.close()


def ours(work, args):
    """Seconds of the whole process, rows, id of the first."""
    began = time.monotonic()
    out = subprocess.run([SLUICE, "-w", str(work), "get", "runs", "cancer", *args, "-o", "ndjson"], stdout=subprocess.PIPE, check=True)
    took = time.monotonic() - began
    lines = out.stdout.split(b"\n")
    return took, len(lines) - 1, json.loads(lines[0])["id"]


def theirs(store, where, order, most=0):
    """Seconds, rows, id of the first; one that has not answered after PATIENCE is ended: that long, and nothing to compare with."""
    try:
        out = subprocess.run([sys.executable, "-c", SEARCH, f"sqlite:///{store}", where, json.dumps(order), str(most)],
                             stdout=subprocess.PIPE, check=True, timeout=PATIENCE, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"})
    except subprocess.TimeoutExpired:
        return PATIENCE, None, None
    return json.loads(out.stdout.splitlines()[-1])


def main():
    work = Path(os.environ.get("BENCH_DIR") or tempfile.mkdtemp(prefix="sluice-bench-"))
    store = work / "mlflow.db"
    for name in ("config", "state", "runtime"):
        os.environ[f"XDG_{name.upper()}_{'DIR' if name == 'runtime' else 'HOME'}"] = str(work / name)
        (work / name).mkdir(mode=0o700, exist_ok=True)
    if not store.exists():
        fill(store)
    (work / "sluice.yaml").write_text(f"connections:\n  reg: {{type: mlflow, uri: 'sqlite:///{store}'}}\n")
    print(f"{RUNS} runs, {store.stat().st_size / 1e6:.0f} MB")
    for what, args, *asked in CASES:
        mine = min(ours(work, args) for _ in range(3))
        peer = theirs(store, *asked)
        if peer[1] is not None and (mine[1], mine[2]) != (peer[1], peer[2]):
            print(f"MISSED  {what}: {mine[1]} rows from {mine[2]}, MLflow {peer[1]} from {peer[2]}")
            sys.exit(1)
        at_least(f"runs: {what} ({mine[1]} rows)", peer[0] / mine[0], 10,
                 f"mlflow.search_runs {'not done after ' if peer[1] is None else ''}{peer[0]:.2f} s, sluice {mine[0]:.2f} s")
        narrow = min(ours(work, [*args, "--columns", "id,metrics.m1"]) for _ in range(3))
        budget(f"runs: {what}, two columns", narrow[0], peer[0] / 10, "s")
    if not os.environ.get("BENCH_DIR"):
        shutil.rmtree(work)
    finish()


main()
