"""Approvals: how long the sheet takes to be whole, and a decision to be made, on a real MLflow server and on a store.

The demo's registry with its rules, keys and evidence, and a few hundred runs more, which the sheet reads for the spread of repeats. Once
it is the store itself, once a server of MLflow stands on a copy of it, behind a relay that notes for how long it was waited for. The sheet
is whole when its verdict counts all gates and no source of it is asked or loading any more. A decision is timed as a person makes it: from
the Enter that does it to the line that says it is done; and as a script does: the whole process. What the server took in the same seconds
is measured beside it and taken off. Each is the middle one of three, in which the alias moves and goes back.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, Screen, budget, demo, finish, machine, note, settings  # noqa: E402
from lib_server import Relay, Server  # noqa: E402

RUNS, TIMES = int(os.environ.get("BENCH_RUNS", "400")), 3
SHEET = "approval cancer/4"
METRICS = ("val_auc", "val_logloss", "train_logloss", "m3", "m4", "m5", "m6", "m7")


def add_runs(store):
    """More runs of the experiment, as a training would have left them: five parameters, eight metrics, repeats by seed."""
    db = sqlite3.connect(store)
    experiment, start = db.execute("SELECT experiment_id, max(start_time) FROM runs JOIN experiments e USING(experiment_id) "
                                   "WHERE e.name = 'cancer'").fetchone()
    for i in range(RUNS):
        u, at = uuid.uuid5(uuid.NAMESPACE_URL, f"bench {i}").hex, start - (i + 1) * 60000
        db.execute(f"INSERT INTO runs VALUES ({','.join('?' * 14)})",
                   (u, f"more {i}", "UNKNOWN", "", "", "ana", "FINISHED", at, at + 500, "", "active", f"file:///x/{u}", experiment, None))
        db.executemany("INSERT INTO params(key,value,run_uuid) VALUES (?,?,?)",
                       [(k, v, u) for k, v in (("model", "lightgbm"), ("num_leaves", str(i // 4)), ("rounds", "200"), ("rate", "0.05"),
                                               ("seed", str(i % 4)))])
        db.executemany("INSERT INTO latest_metrics(key,value,timestamp,step,is_nan,run_uuid) VALUES (?,?,?,?,0,?)",
                       [(k, 0.9 + i % 7 / 1000, at, 9, u) for k in METRICS])
    db.commit()
    db.close()


class Place:
    """A workspace, and a person in it. relay None: the store itself."""

    def __init__(self, name, folder, env, relay=None):
        self.name, self.folder, self.env, self.relay = name, folder, env, relay

    def say(self, *args, who="lead", code=0):
        """(seconds, of them the server's, both streams)"""
        began = time.monotonic()
        p = subprocess.run([SLUICE, "-w", str(self.folder), "--as", who, "--no-input", *args], env={**os.environ, **self.env},
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        took = time.monotonic() - began
        if p.returncode != code:
            sys.exit(f"{self.name}: sluice {' '.join(args)}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return took, self.served(began, began + took), p.stdout + p.stderr

    def served(self, since, until):
        return self.relay.served(since, until) if self.relay else 0.0

    def ready(self):
        """Ana asks, the evidence is computed: what has happened before somebody opens the sheet."""
        self.say("request", "cancer/4", "--to", "champion", "--comment", "three newer days", who="ana")
        self.say("run", "evidence-cancer", "-p", "version=4")
        gates = json.loads(self.say("gate", "cancer/4", "-o", "json")[2])
        if {g["state"] for g in gates} != {"pass"}:
            sys.exit(f"{self.name}: the gates of cancer/4 do not all pass: {gates}")

    def console(self):
        t = Screen([SLUICE, "-w", str(self.folder), "--as", "lead"], rows=24, cols=80, env=self.env)
        if t.until(lambda: "overview" in t.text(), 20.0) is None:
            sys.exit(f"{self.name}: no overview\n{t.text()}")
        return t

    def champion(self):
        model = [m for m in json.loads(self.say("get", "models", "-o", "json")[2]) if m["name"] == "cancer"][0]
        return [a for a in model["aliases"] if a.startswith("champion=")]

    def back(self):
        self.say("rollback", "cancer", "--alias", "champion", "--comment", "again", "--expect", "champion=4")
        self.say("request", "cancer/4", "--to", "champion", "--comment", "three newer days", who="ana")


def whole(t):
    """All gates counted, and the line of truth names no source that is still on its way."""
    truth = t.picture.display[22]
    return "gates pass" in t.text() and "APPROVERS" in t.text() and not re.search("asked|loading|stale|failed|cut", truth)


def middle(values):
    values = sorted(values, key=lambda v: v[0] if isinstance(v, tuple) else v)
    return values[len(values) // 2]


def sheet(place, rest):
    """(seconds from Enter to the whole sheet, the server's of them, requests). rest: the console stood for so long before."""
    seen = []
    for _ in range(TIMES):
        t = place.console()
        t.rest(rest)
        began = time.monotonic()
        took = t.type(f":{SHEET}\r".encode(), lambda t=t: whole(t), 30.0)
        if took is None:
            sys.exit(f"{place.name}: the sheet was never whole\n{t.text()}")
        seen.append((took, place.served(began, began + took), place.relay.count(began) if place.relay else 0))
        t.close()
    return middle(seen)


def confirmed(t, key, seen):
    """A confirmation is deaf for half a second; pressed again until it hears."""
    for _ in range(20):
        if t.type(key, seen, 0.6) is not None:
            return
    sys.exit(f"no answer to {key!r}\n{t.text()}")


def by_hand(place):
    """(seconds from the Enter that does it to what says that it is done, the server's of them)"""
    seen = []
    for _ in range(TIMES):
        t = place.console()
        t.type(f":{SHEET}\r".encode(), lambda t=t: whole(t), 30.0)
        t.type(b"a", lambda t=t: "promote a version" in t.text())
        t.type(re.search(r"(\d)\s+approve", t.text())[1].encode(), lambda t=t: "approve to" in t.text())
        t.type(b"\r", lambda t=t: "approve comment" in t.text())
        t.type(b"newer days\r", lambda t=t: "Esc leaves it" in t.text() and ("Enter arms" in t.text() or "Enter does it" in t.text()))
        if "Enter arms" in t.text():
            confirmed(t, b"\r", lambda t=t: "Enter does it" in t.text())
        t.rest(0.8)
        began = time.monotonic()
        took = t.type(b"\r", lambda t=t: "it is champion, approved by lead" in t.text(), 20.0)
        if took is None or place.champion() != ["champion=4"]:
            sys.exit(f"{place.name}: not approved\n{t.text()}")
        seen.append((took, place.served(began, began + took)))
        t.close()
        place.back()
    return middle(seen)


def by_script(place):
    seen = []
    for _ in range(TIMES):
        seen.append(place.say("approve", "cancer/4", "--expect", "champion=3", "--comment", "newer days")[:2])
        place.back()
    return middle(seen)


def measure(place):
    place.ready()
    took, served, n = sheet(place, 1.5)
    budget(f"{place.name}: the sheet is whole", took, 2, "s", f"of which the server {served:.2f}, {n} requests" if place.relay else "")
    took, served, _ = sheet(place, 0)
    note(f"opened before the overview was whole: {took:.2f} s, of which the server {served:.2f}")
    took, served = by_hand(place)
    budget(f"{place.name}: an approval, Enter to done", took - served, 1, "s", f"the server's {served:.2f}" if place.relay else "")
    took, served = by_script(place)
    budget(f"{place.name}: sluice approve, beyond the server", took - served, 1, "s", f"the server's {served:.2f}" if place.relay else "")
    print(place.say("audit", "verify")[2].strip(), flush=True)


def main():
    machine()
    work = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    env = {**settings(str(work)), "XDG_RUNTIME_DIR": str(work), "SSH_AUTH_SOCK": ""}
    os.chmod(work, 0o700)
    server = None
    try:
        os.environ["SSH_AUTH_SOCK"] = ""
        here = Path(demo(str(work)))
        there = work / "served"
        shutil.copytree(here, there, symlinks=True)
        add_runs(here / "mlflow.db")
        add_runs(there / "mlflow.db")
        server = Server(there)
        relay = Relay(server.port)
        text = (there / "sluice.yaml").read_text()
        text, n = re.subn(r"registry: \{.*\}", f"registry: {{type: mlflow, uri: 'http://127.0.0.1:{relay.port}'}}", text)
        if n != 1:
            sys.exit("the demo's workspace names its registry in another way now")
        (there / "sluice.yaml").write_text(text)
        subprocess.run([SLUICE, "trust", str(there / "sluice.yaml")], env={**os.environ, **env}, check=True, capture_output=True)
        note(f"{RUNS} runs beside the demo's")
        measure(Place("store", here, env))
        measure(Place("MLflow 3.17", there, env, relay))
    finally:
        if server:
            server.stop()
        shutil.rmtree(work, ignore_errors=True)
    finish()


main()
