"""The story of a model, told once and played unchanged on every kind of registry: seed, filter, compare, gate, request, approve, race,
reject, roll back, verify. MLflow's own client of the same version looks after each step; OpenSSH verifies what was signed.

SLUICE_SCENARIO=sqlite|2.9|2.22|3.4|3.17 plays it there (tools/done/B1.sh does each); without it: on the store and the newest server."""
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from lib_client import Client
from lib_mlflow import peer_name, python_of
from lib_place import Place

STORES = ["sqlite", "2.9", "2.22", "3.4", "3.17"]
WANTED = [os.environ["SLUICE_SCENARIO"]] if os.environ.get("SLUICE_SCENARIO") else ["sqlite", "3.17"]
MODEL = "readmission"
SEED = """
now = int(time.time() * 1000)
e = c.create_experiment("cardio")
runs = {}
def train(name, depth, seed, auc, end="FINISHED"):
    r = c.create_run(e, run_name=name, tags={"mlflow.user": "ana", "team": "care"}).info.run_id
    c.log_batch(r, params=[Param("max_depth", str(depth)), Param("seed", str(seed)), Param("learning rate", "0.1")],
                metrics=[Metric("val_auc", auc - (9 - i) / 100, now + i, i) for i in range(10)])
    c.set_terminated(r, end)
    runs[name] = r
train("shallow-1", 3, 1, 0.900)
train("shallow-2", 3, 2, 0.902)
train("shallow-3", 3, 3, 0.898)
train("deep-1", 6, 1, 0.930)
train("deep-2", 6, 2, 0.931)
train("stump", 1, 1, 0.700)
train("broken", 9, 1, float("nan"), "FAILED")
c.create_registered_model(MODEL)
for name in ("shallow-1", "deep-1", "stump", "deep-2"):
    c.create_model_version(MODEL, "s3://models/" + name, run_id=runs[name])
"""


@pytest.fixture(params=[pytest.param(s, marks=pytest.mark.peer("mlflow" if s == "sqlite" else peer_name(s))) for s in WANTED])
def place(request, tmp_path, world_of):
    store = request.param
    assert store in STORES, f"SLUICE_SCENARIO is one of {', '.join(STORES)}"
    assert shutil.which("ssh-keygen"), "ssh-keygen is missing: apt-get install openssh-client"
    (tmp_path / "home").mkdir()
    if store == "sqlite":
        import mlflow
        from sluice_pytest import peer
        peer("mlflow", mlflow.__version__, "real")
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        client = Client(uri, cwd=tmp_path)
    else:
        assert python_of(store), f"MLflow {store} is not installed: ./run deps peers"
        world = world_of(store)
        uri, client = world.server.url, world.client
    (tmp_path / "leases").mkdir()
    yield Place(store, uri, client, tmp_path / "home", MODEL, lease=f"dir:{tmp_path}/leases")
    if store == "sqlite":
        client.close()


def seed(p):
    p.client.run("import time\nfrom mlflow.entities import Metric, Param", MODEL=MODEL)
    p.client.run(SEED)
    return p.client("runs")


def filter_and_compare(p, runs):
    good = p.rows("get", "runs", "cardio", "--filter", "metrics.val_auc >= 0.9 or (state = failed and params.max_depth = 9)", "--sort",
                  "-metrics.val_auc", "--columns", "name,metrics.val_auc")
    assert [r["name"] for r in good] == ["deep-2", "deep-1", "shallow-2", "shallow-1", "broken"]
    assert good[0]["metrics.val_auc"] == 0.931 and good[-1]["metrics.val_auc"] == "NaN"
    assert len(p.rows("get", "runs", "cardio", "--filter", "not params.`learning rate` = 0.1")) == 0
    points = p.rows("get", "series", runs["deep-1"], "--filter", "name = 'val_auc'")
    assert [q["step"] for q in points] == list(range(10)) and points[-1]["value"] == 0.93
    rows = {r["name"]: r for r in p.rows("compare", runs["shallow-1"], runs["deep-1"], runs["shallow-2"])}
    assert "learning rate" not in " ".join(rows) and any("max_depth" in n for n in rows)  # differences only
    auc, = [r for n, r in rows.items() if "val_auc" in n]
    assert auc["spread"] is not None and auc["verdict"]


def gates(p, version, who="lead"):
    out = subprocess.run(p.command("gate", f"{MODEL}/{version}", "-o", "json", who=who), capture_output=True, env=p.env, timeout=120)
    rows = {r["gate"]: r["state"] for r in json.loads(out.stdout)}
    assert out.returncode == (0 if set(rows.values()) == {"pass"} else 4), f"{rows}\n{out.stderr.decode()}"
    return rows


def request(p):
    rows = gates(p, 1)
    assert (rows["metrics.val_auc >= 0.85"], rows["no-worse"]) == ("pass", "pass")
    said = p.say("approve", f"{MODEL}/1", "--expect", "champion=", code=4)
    assert "four-eyes is unknown" in said and "only claimed" in said, said  # MLflow says that ana made it; nobody else does
    assert gates(p, 3)["metrics.val_auc >= 0.85"] == "fail"
    p.say("request", f"{MODEL}/1", "--to", "champion", "--comment", "first one, größer als 0.85", who="ana")
    word, signed = p.decision(1)
    said = signed["statement"]
    assert word == "requested" and p.verified(signed, "ana") and not p.verified(signed, "lead")
    assert (said["by"], said["model"], said["version"], said["to"], said["was"]) == ("ana", MODEL, "1", "champion", "")
    assert said["comment"] == "first one, größer als 0.85" and p.champion() is None
    row, = [v for v in p.rows("get", "versions", MODEL) if v["version"] == 1]
    assert (row["state"], row["author"]) == ("pending", "ana")


def approve(p):
    assert set(gates(p, 1).values()) == {"pass"}
    p.say("approve", f"{MODEL}/1", "--expect", "champion=", who="ana", code=4)  # neither an approver nor other eyes
    p.say("approve", f"{MODEL}/3", "--expect", "champion=", code=4)             # worse than the gates ask
    assert "--expect" in p.say("approve", f"{MODEL}/1", code=2)
    assert "champion" in p.say("approve", f"{MODEL}/1", "--expect", "champion=2", code=1)
    plan = p.say("approve", f"{MODEL}/1", "--dry-run")
    assert "champion" in plan and p.champion() is None and p.decision(1)[0] == "requested"
    p.say("approve", f"{MODEL}/1", "--expect", "champion=", "--comment", "holds on the hold-out")
    word, signed = p.decision(1)
    said = signed["statement"]
    assert word == "approved" and p.champion() == 1 and p.verified(signed, "lead")
    assert (said["by"], said["decision"], said["was"], said["comment"]) == ("lead", "approved", "", "holds on the hold-out")
    assert re.fullmatch("[0-9a-f]{64}", said["policy"]) and p.uri.split("@")[-1].rstrip("/") in said["registry"]
    assert p.decision(3) == (None, None)


def race(p):
    """Two approvals from the same place at the same moment. The store compares and moves in one transaction; a server compares nothing, and
    there the lease lets one at a time decide. One wins, the other is told why."""
    for v in (2, 4):
        p.say("request", f"{MODEL}/{v}", "--to", "champion", "--comment", "better", who="ana")
    guard = "store: one transaction" if p.store == "sqlite" else "lease: dir /"
    assert f"race guard: {guard}" in p.say("approve", f"{MODEL}/2", "--dry-run")
    at_once = [subprocess.Popen(p.command("approve", f"{MODEL}/{v}", "--expect", "champion=1", "--comment", "race"), env=p.env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for v in (2, 4)]
    ends = [(q.communicate(timeout=120)[1].decode(), q.returncode) for q in at_once]
    won = [v for v, (_, code) in zip((2, 4), ends) if code == 0]
    lost = [words for words, code in ends if code]
    assert len(won) == 1 and p.champion() == won[0], ends
    assert all(("champion" in words and "somebody" in words) or "decides about this model now" in words for words in lost), ends
    assert {c for _, c in ends} == {0, 1}, ends
    return p.champion()


def reject(p):
    assert "comment" in p.say("reject", f"{MODEL}/3", "--to", "champion", code=2)
    p.say("reject", f"{MODEL}/3", "--to", "champion", "--comment", "below the gate")
    word, signed = p.decision(3)
    assert word == "rejected" and p.verified(signed, "lead") and signed["statement"]["comment"] == "below the gate"


def roll_back(p, champion):
    assert "champion" in p.say("rollback", MODEL, "--alias", "champion", "--dry-run") and p.champion() == champion
    p.say("rollback", MODEL, "--alias", "champion", "--expect", f"champion={champion}", "--comment", "slower than promised")
    word, signed = p.decision(1)
    assert p.champion() == 1 and signed["statement"]["decision"] == "rolled-back" and signed["statement"]["was"] == str(champion)
    assert word == "approved" and p.verified(signed, "lead")


def past_the_rules(p):
    """What MLflow's client can write changes no gate, and our own raw actions lead nowhere else."""
    for args in (["alias", f"reg:models/{MODEL}", "-p", "alias=champion", "-p", "version=3"],
                 ["tag", f"reg:versions/{MODEL}%2F3", "-p", "key=approval.decision", "-p", "value=approved"]):
        assert "by decisions only: sluice" in p.say("act", *args, code=2)
    before = gates(p, 3)
    stolen = p.client.tags(MODEL, 1)
    p.client.run("for k, v in stolen.items():\n  c.set_model_version_tag(MODEL, '3', k, v)", stolen=stolen)
    assert gates(p, 3) == before and before["metrics.val_auc >= 0.85"] == "fail"
    p.say("approve", f"{MODEL}/3", "--expect", "champion=1", code=4)
    assert p.champion() == 1


def verify(p):
    rows = p.rows("audit", "list")
    done = [(r["action"].split(".")[-1], r["outcome"]) for r in rows]
    assert done.count(("request", "ok")) == 3 and ("reject", "ok") in done and ("rollback", "ok") in done
    assert len([d for d in done if d == ("approve", "ok")]) in (2, 3) and ("approve", "refused") in done
    assert not [d for d in done if d[1] in ("intent", "unknown")]
    assert "whole" in p.say("audit", "verify")


def test_the_scenario(place):
    began = time.monotonic()
    runs = seed(place)
    filter_and_compare(place, runs)
    request(place)
    approve(place)
    champion = race(place)
    reject(place)
    roll_back(place, champion)
    past_the_rules(place)
    verify(place)
    print(f"{place.store}: {time.monotonic() - began:.1f} s")
