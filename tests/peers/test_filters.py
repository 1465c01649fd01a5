"""Filters mean the same wherever they run: hundreds of random ones over random runs, asked of a real MLflow server and of its store, each
once so that what can be pushed down is, and once so that nothing can. All of them must find the same runs."""
import math
import os
import random
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from lib_mlflow import PROGRAM, ROOT, Server, answer
from sluice_pytest import peer

TOOL = os.environ.get("ASK_TOOL", str(Path(PROGRAM).resolve().parent / "tests" / "peers" / "ask_tool"))
MS, RUNS, DRAWS = 1790000000000, 30, 200
TEXTS = ["3", "3.0", "10", "-1", "1e1", "", " ", "xgb", "XGB", "xg", "nan", "NaN", "inf", "Ä", "it's", "a \"b\"", "100%", "a_b", "`x`",
         "0x10"]
NUMBERS = [0.0, 0.5, -0.5, 1.0, 3.0, 10.0, 1e-300, -1e300, 1.7976931348623157e308, -1.7976931348623157e308, math.nan, 0.1, 1 / 3]
STATES = {"RUNNING": "running", "FINISHED": "ok", "FAILED": "failed", "KILLED": "stopped", "SCHEDULED": "pending"}
USERS = ["ana", "Ana", "bo", ""]


def fill(path, rnd):
    """An experiment of runs that lack this or that, by plain SQL in MLflow's own tables."""
    shutil.copy(ROOT / "demo" / "mlflow.db", path)
    db = sqlite3.connect(path)
    for table in ("metrics", "latest_metrics", "params", "tags", "inputs", "input_tags", "datasets", "logged_model_metrics",
                  "logged_model_params", "logged_models", "model_version_tags", "registered_model_aliases", "registered_model_tags",
                  "model_versions", "registered_models", "runs"):
        db.execute(f"DELETE FROM {table}")
    for i in range(RUNS):
        u = f"{rnd.getrandbits(128):032x}"
        start = MS + rnd.randrange(5) * 1000
        db.execute(f"INSERT INTO runs VALUES ({','.join('?' * 14)})",
                   (u, f"run {i % 9}", "UNKNOWN", "", "", rnd.choice(USERS), rnd.choice(list(STATES)), start,
                    rnd.choice([None, start + rnd.randrange(3) * 500]), "", "active", f"file:///x/{u}", 1, None))
        for key in ("m", "deep.auc", "a b"):
            if rnd.random() < 0.7:
                v = rnd.choice(NUMBERS)
                db.execute("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,0,?,?)",
                           (key, 0.0 if math.isnan(v) else v, MS, math.isnan(v), u))
        for table, keys in (("params", ("p", "p.q", "p q")), ("tags", ("t", "mlflow.user"))):
            db.executemany(f"INSERT INTO {table}(key,value,run_uuid) VALUES (?,?,?)",
                           [(key, rnd.choice(TEXTS), u) for key in keys if rnd.random() < 0.7])
    db.commit()
    db.close()


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def leaf(rnd):
    compare = rnd.choice(["=", "!=", "<", "<=", ">", ">="])
    kind = rnd.randrange(8)
    if kind < 2:
        name = rnd.choice(["metrics.m", "metrics.deep.auc", 'metrics."a b"', "metrics.nosuch"])
        value = rnd.choice([v for v in NUMBERS if not math.isnan(v)] + [2, -7])
        return rnd.choice([f"{name} {compare} {value!r}", f"{name} in (0.5, 3, 10)", f"{name} is null", f"{name} is not null"])
    if kind < 5:
        name = rnd.choice(["params.p", "params.p.q", 'params."p q"', "params.none", "tags.t", "tags.mlflow.user"])
        text = rnd.choice(TEXTS)
        return rnd.choice([f"{name} {compare} {quoted(text)}", f"{name} {compare} {rnd.choice(['3', '10', '-1', 'xgb'])}",
                           f"{name} in ('xgb', 3, '')", f"{name} is null", f"{name} ~ {rnd.choice(['x', '^[0-9.]+$', 'B$', '^$'])!r}",
                           f"{name} !~ 'g'"])
    if kind == 5:
        return rnd.choice([f"state {rnd.choice(['=', '!='])} {rnd.choice(list(STATES.values()))}", "state in (ok, failed)",
                           "state ~ 'ed$'"])
    if kind == 6:
        at = time.strftime("'%Y-%m-%dT%H:%M:%SZ'", time.gmtime((MS + rnd.randrange(6) * 1000) / 1000))
        return rnd.choice([f"started {compare} {at}", f"ended {compare} {at}", "ended is null", "ended is not null",
                           f"duration_s {compare} 0.5"])
    return rnd.choice([f"user {rnd.choice(['=', '!='])} {quoted(rnd.choice(USERS))}", f"name {compare} 'run {rnd.randrange(9)}'",
                       f"name ~ '[1-{rnd.randrange(2, 9)}]'", "user is null"])


def draw(rnd, depth=0):
    if depth == 3 or rnd.random() < 0.35:
        return leaf(rnd)
    if rnd.random() < 0.2:
        return f"not ({draw(rnd, depth + 1)})"
    return f"({draw(rnd, depth + 1)}) {rnd.choice(['and', 'and', 'or'])} ({draw(rnd, depth + 1)})"


def pushed_leaf(rnd):
    """What a server's own language can say, all of it or to narrow: so that what is sent is asked, not only what stays here."""
    compare = rnd.choice(["=", "!=", "<", "<=", ">", ">="])
    kind = rnd.randrange(5)
    if kind == 0:
        name = rnd.choice(["metrics.m", "metrics.deep.auc", 'metrics."a b"', "metrics.nosuch"])
        return f"{name} {compare} {rnd.choice([0.5, -0.5, 1.0, 3.0, 10.0, 1e-300, -1e300, 2, -7, 0.1])!r}"
    if kind == 1:
        name = rnd.choice(["params.p", "params.p.q", 'params."p q"', "params.none", "tags.t", "tags.mlflow.user"])
        return f"{name} {rnd.choice(['=', '!='])} {quoted(rnd.choice(['3', '3.0', '10', '-1', 'xgb', 'XGB', 'nan', '1e1', '0x10']))}"
    if kind == 2:
        return f"state {rnd.choice(['=', '!='])} {rnd.choice(list(STATES.values()))}"
    if kind == 3:
        at = time.strftime("'%Y-%m-%dT%H:%M:%SZ'", time.gmtime((MS + rnd.randrange(6) * 1000) / 1000))
        return f"{rnd.choice(['started', 'ended'])} {compare} {at}"
    return f"user = {quoted(rnd.choice(['ana', 'Ana', 'bo']))}"


class Asked:
    def __init__(self, folder, connections):
        lines = "".join(f"  {n}: {{type: mlflow, uri: '{u}'}}\n" for n, u in connections.items())
        (folder / "sluice.yaml").write_text("connections:\n" + lines)
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(folder)}
        self.process = subprocess.Popen([TOOL, str(folder / "sluice.yaml"), str(folder / "state")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=env)

    def __call__(self, conn, where):
        """(where the filter ran, the ids)"""
        self.process.stdin.write(f"{conn}\truns\t1\t{where}\n")
        self.process.stdin.flush()
        said, _, ids = self.process.stdout.readline().rstrip("\n").partition("\t")
        assert said in ("here", "there"), f"{conn}: {where}: {said}"
        return said, ids.split()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.mark.peer("mlflow")
@pytest.mark.skipif(not Path(TOOL).exists(), reason="ask_tool is not built")
def test_random_filters_find_the_same_runs_everywhere(tmp_path):
    seed = int(os.environ.get("SLUICE_SEED", random.randrange(1 << 32)))
    print(f"SLUICE_SEED={seed}")
    rnd = random.Random(seed)
    fill(tmp_path / "mlflow.db", rnd)
    server = Server(tmp_path)
    peer("mlflow", answer(server.url + "/version"), "real")
    ask = Asked(tmp_path, {"rest": server.url, "file": f"sqlite:///{tmp_path}/mlflow.db"})
    pushed, sifted = {"rest": 0, "file": 0}, {"rest": 0, "file": 0}
    some = 0
    began = time.monotonic()
    try:
        for i in range(DRAWS):
            where = draw(rnd) if i % 2 else " and ".join(pushed_leaf(rnd) for _ in range(rnd.randrange(1, 4)))
            local, want = ask("file", f"({where}) or ref = 'nobody'")
            assert local == "here", where
            some += 0 < len(want) < RUNS
            for conn in ("file", "rest"):
                ran, got = ask(conn, where)
                pushed[conn] += ran == "there"
                sifted[conn] += ran == "there" and 0 < len(got) < RUNS
                odd = set(got) ^ set(want)
                assert got == want, f"seed {seed}, draw {i}, {conn} ({ran}): {where}\n{odd}"
            if i % 20 == 0:
                assert ask("rest", f"({where}) or ref = 'nobody'")[1] == want, f"seed {seed}: {where}"
    finally:
        ask.close()
        server.stop()
    print(f"{DRAWS} filters in {time.monotonic() - began:.1f} s; ran at the server {pushed['rest']}, in the store {pushed['file']}; "
          f"{some} found some but not all, of what the server sifted {sifted['rest']}, of what the store did {sifted['file']}")
    assert min(pushed.values()) > DRAWS // 8 and min(sifted.values()) > DRAWS // 16 and some > DRAWS // 4  # else it would prove little
