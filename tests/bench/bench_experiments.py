"""Experiments: 20,000 runs of a real MLflow server over REST, beside MLflow's own client; curves of 500 runs x 10,000 steps of a store.

Between everybody and the server stands a relay that notes when each answer's first and last byte came: what it took beyond that is the
client's own time. The stores have MLflow's schema (copies of the demo's, emptied) and are filled by plain SQL.
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
from lib_bench import SLUICE, Memory, Screen, budget, finish, machine, note, settings  # noqa: E402
from lib_server import Relay, Server  # noqa: E402

TOP = Path(__file__).resolve().parent.parent.parent
MS = 1790000000000
KEYS = 12000
RUNS, CURVES, STEPS = (int(os.environ.get(k, d)) for k, d in (("BENCH_RUNS", "20000"), ("BENCH_CURVES", "500"), ("BENCH_STEPS", "10000")))

CLIENT = """
import json, sys, time
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
client.search_experiments(max_results=1)
print("ready", flush=True)
sys.stdin.readline()
began, n, token = time.monotonic(), 0, None
while True:
    page = client.search_runs(["1"], "", max_results=1000, page_token=token)
    n, token = n + len(page), page.token
    if not token:
        break
print(json.dumps([time.monotonic() - began, n]), flush=True)
"""


def emptied(path):
    shutil.copy(TOP / "demo" / "mlflow.db", path)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA cache_size=-400000;")
    for table in ("metrics", "latest_metrics", "params", "tags", "inputs", "input_tags", "datasets", "logged_model_metrics",
                  "logged_model_params", "logged_models", "model_version_tags", "registered_model_aliases", "registered_model_tags",
                  "model_versions", "registered_models", "runs"):
        db.execute(f"DELETE FROM {table}")
    return db


def add_run(db, u, i):
    start = MS + i * 1000
    db.execute(f"INSERT INTO runs VALUES ({','.join('?' * 14)})", (u, f"run {i}", "UNKNOWN", "", "", "ana", "FINISHED", start, start + 500,
                                                                   "", "active", f"file:///x/{u}", 1, None))
    db.executemany("INSERT INTO tags(key,value,run_uuid) VALUES (?,?,?)",
                   [("mlflow.runName", f"run {i}", u), ("mlflow.user", "ana", u), ("mlflow.source.name", "train.py", u),
                    ("team", f"t{i % 7}", u)])


def fill_runs(path):
    db, rnd = emptied(path), random.Random(7)
    for i in range(RUNS):
        u = uuid.UUID(int=rnd.getrandbits(128), version=4).hex
        add_run(db, u, i)
        db.executemany("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,?,?,?)",
                       [(f"m{k}", rnd.random(), MS + i, 9, 0, u) for k in range(8)])
        db.executemany("INSERT INTO params(key,value,run_uuid) VALUES (?,?,?)", [(f"p{k}", f"v{rnd.randrange(10)}", u) for k in range(8)])
    db.commit()
    db.close()


def fill_curves(path):
    """Runs that went on side by side, a spike in one of them that thinning must keep."""
    db = emptied(path)
    for i in range(CURVES):
        u = f"{i * 2654435761 % (1 << 64):032x}"
        add_run(db, u, i)
        db.execute("INSERT INTO params(key,value,run_uuid) VALUES ('n',?,?)", (str(i), u))
        db.executemany("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,?,0,?)",
                       [("loss", 0.1, MS, STEPS - 1, u), ("val_loss", 0.1 + i / 1000, MS, 0, u)])
        db.execute("INSERT INTO metrics(key,value,timestamp,run_uuid,step,is_nan) VALUES ('val_loss',?,?,?,0,0)", (0.1 + i / 1000, MS, u))
    indexes = [r[0] for r in db.execute("SELECT sql FROM sqlite_master WHERE tbl_name='metrics' AND type='index' AND sql IS NOT NULL")]
    for name in [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE tbl_name='metrics' AND type='index' AND sql IS NOT NULL")]:
        db.execute(f"DROP INDEX {name}")
    db.execute("WITH RECURSIVE s(k) AS (SELECT 0 UNION ALL SELECT k+1 FROM s WHERE k<?-1) INSERT INTO metrics(key,value,timestamp,run_uuid,"
               "step,is_nan) SELECT 'loss', CASE WHEN k=777 AND r.name='run 3' THEN 9.5 ELSE 1.0/(1+k/100.0)+length(r.name)*0.01 END,"
               "?+k*1000, r.run_uuid, k, 0 FROM s CROSS JOIN (SELECT run_uuid, name FROM runs ORDER BY run_uuid) r", (STEPS, MS))
    for sql in indexes:
        db.execute(sql)
    db.commit()
    db.close()


def fill_keys(path):
    """300 runs with 400 of 12,000 metrics and 100 of 12,000 parameters each."""
    db, rnd = emptied(path), random.Random(9)
    for i in range(300):
        u = uuid.UUID(int=rnd.getrandbits(128), version=4).hex
        add_run(db, u, i)
        db.executemany("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,?,0,?)",
                       [(f"layer.{k}.norm", rnd.random(), MS + i, 9, u) for k in rnd.sample(range(KEYS), 399)] +
                       [("val_auc", rnd.random(), MS + i, 9, u)])
        db.executemany("INSERT INTO params(key,value,run_uuid) VALUES (?,?,?)",
                       [(f"p{k}", f"v{rnd.randrange(10)}", u) for k in rnd.sample(range(KEYS), 99)] + [("depth", str(i % 6), u)])
    db.commit()
    db.close()


def first_page(workspace, env, relay):
    """ms from the first byte of the first page to rows on the screen: the least of three."""
    took = []
    for _ in range(3):
        t = Screen([SLUICE, "-w", str(workspace)], env=env)
        t.until(lambda t=t: "overview" in t.text())
        t.rest(1.0)
        relay.forget()
        at = t.type(b":runs cancer\r", lambda t=t: (c := t.counter()) and c[1] > 0 and "runs cancer" in t.picture.display[1], 30.0)
        now = time.monotonic()
        began = relay.first("runs/search")
        if at is not None and began is not None:
            took.append((now - began) * 1000)
        t.close()
    return min(took) if took else None


def over_rest(work, env, relay):
    """(ours, theirs): seconds beyond the server's for all runs."""
    relay.forget()
    began = time.monotonic()
    out = subprocess.run([SLUICE, "-w", str(work), "get", "runs", "cancer", "-o", "ndjson"], stdout=subprocess.PIPE, check=True,
                         env={**os.environ, **env})
    wall = time.monotonic() - began
    rows, served = out.stdout.count(b"\n"), relay.served()
    with subprocess.Popen([sys.executable, "-c", CLIENT, f"http://127.0.0.1:{relay.port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}) as p:
        p.stdout.readline()
        relay.forget()
        p.stdin.write("\n")
        p.stdin.flush()
        peer, n = json.loads(p.stdout.readline())
    peer_served = relay.served()
    if rows != n or n != RUNS:
        budget(f"runs listed: {rows}, by MLflow's client {n}", None, 0, "")
    note(f"{rows} runs: sluice {wall:.2f} s of which the server {served:.2f}; MLflow's client {peer:.2f} s of which the server "
         f"{peer_served:.2f}")
    return wall - served, peer - peer_served


def curves(workspace, env):
    """s from Enter on the metric's row to all curves, and to all that their values tell (least and greatest of each stretch); s from C to
    the comparison; MiB. Once: asked again, the answer is still there."""
    t = Screen([SLUICE, "-w", str(workspace)], env=env)
    t.until(lambda: "overview" in t.text())
    t.type(b":runs cancer\r", lambda: (c := t.counter()) and c[1] == CURVES, 30.0)
    t.type(b" " * CURVES, lambda: f"{CURVES} marked" in t.picture.display[1], 60.0)
    whole = f"{CURVES} of {CURVES} histories"
    # what differs most stands first: val_loss, of one value a run, below the parameter; then loss, whose curves are asked for
    opened = t.type(b"C", lambda: f"compare {CURVES}" in t.text() and "one value a run" in t.text(), 60.0)
    memory = Memory(t.pid)
    t.rest(0.5)
    t0 = time.monotonic()
    drawn = t.type(b"gjj\r", lambda: " loss by step" in t.text() and whole in t.text(), 20.0)
    read = t.until(lambda: "more is coming" not in t.text() and whole in t.text(), 60.0, t0)
    t.close()
    return drawn, read, opened, memory.end().mib()


def many_keys(workspace, env):
    """ms to the runs on the screen, ms to groups of them, MiB; s for the whole table as CSV, a column a metric."""
    t = Screen([SLUICE, "-w", str(workspace)], env=env)
    t.until(lambda: "overview" in t.text())
    memory = Memory(t.pid)
    shown = t.type(b":runs cancer\r", lambda: (c := t.counter()) and c[1] == 300, 30.0)
    groups = t.type(b"Bparams.depth\r", lambda: (c := t.counter()) and c[1] == 6 and "val_auc.mean" in t.text(), 30.0)
    t.close()
    began = time.monotonic()
    out = subprocess.run([SLUICE, "-w", str(workspace), "get", "runs", "cancer", "-o", "csv", "--columns", "name,metrics.*"],
                         stdout=subprocess.PIPE, check=True, env={**os.environ, **env})
    columns = out.stdout.split(b"\n", 1)[0].count(b",")
    return [x and x * 1000 for x in (shown, groups)], memory.end().mib(), time.monotonic() - began, columns


def main():
    machine()
    work = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    env = {**settings(str(work)), "XDG_RUNTIME_DIR": str(work)}
    os.chmod(work, 0o700)
    server = None
    try:
        for name in ("rest", "store", "keys"):
            (work / name).mkdir()
        fill_runs(work / "rest" / "mlflow.db")
        fill_curves(work / "store" / "mlflow.db")
        fill_keys(work / "keys" / "mlflow.db")
        server = Server(work / "rest")
        relay = Relay(server.port)
        (work / "rest" / "sluice.yaml").write_text(f"connections:\n  reg: {{type: mlflow, uri: 'http://127.0.0.1:{relay.port}'}}\n")
        for name in ("store", "keys"):
            (work / name / "sluice.yaml").write_text(f"connections:\n  reg: {{type: mlflow, uri: 'sqlite:///{work}/{name}/mlflow.db'}}\n")
        budget(f"{RUNS} runs over REST: first page on the screen", first_page(work / "rest", env, relay), 300, "ms",
               "after the server's first byte")
        ours, theirs = over_rest(work / "rest", env, relay)
        budget(f"{RUNS} runs over REST: own time beyond the server's", ours, theirs / 3, "s",
               f"a third of MLflow's client's {theirs:.2f} s")
        server.stop()
        server = None
        drawn, read, opened, mib = curves(work / "store", env)
        budget(f"curves of {CURVES} runs x {STEPS} steps drawn", drawn, 1, "s")
        note(f"every value of them read {read or 0:.2f} s after the key; {opened or 0:.2f} s from C to the comparison")
        budget("most anonymous memory while they are", mib, 64, "MiB")
        (shown, groups), mib, csv, columns = many_keys(work / "keys", env)
        budget(f"300 runs of {KEYS} metrics: on the screen", shown, 1000, "ms")
        budget("by a parameter, every metric's mean", groups, 1000, "ms")
        budget("most anonymous memory while they are", mib, 64, "MiB")
        note(f"all of them as CSV: {columns} columns in {csv:.2f} s")
    finally:
        if server:
            server.stop()
        shutil.rmtree(work, ignore_errors=True)
    finish()


main()
