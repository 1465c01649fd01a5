"""Fifty approvers of one alias at once, on MLflow's SQLite store: one moves it, the others are told why, and the chain is whole."""
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

PROGRAM = os.environ.get("SLUICE", str(Path(__file__).resolve().parent.parent.parent / "build" / "sluice"))
RACERS = 50


@pytest.fixture
def demo(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE", "SSH_", "XDG_")) or k == "SLUICE_LIB"}
    env |= {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    (tmp_path / "run").mkdir(mode=0o700)
    subprocess.run([PROGRAM, "demo", "--dir", str(tmp_path / "demo")], env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return str(tmp_path / "demo"), env


def test_one_of_fifty(demo):
    folder, env = demo
    ask = [PROGRAM, "-w", folder, "--no-input"]
    subprocess.run([*ask, "run", "evidence-cancer", "-p", "version=4"], env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    runs = [subprocess.Popen([*ask, "approve", "cancer/4", "--expect", "champion=3", "--comment", f"racer {i}"], env=env, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(RACERS)]
    ends = [(*run.communicate(timeout=300), run.returncode) for run in runs]
    won = [i for i, (_, _, code) in enumerate(ends) if code == 0]
    assert len(won) == 1, [e for e in ends if e[2] not in (0, 1)]
    for i, (_, err, code) in enumerate(ends):
        # Who reads the alias before the winner and the gates after it hears of the move from the evidence, computed against 3.
        stale = code == 4 and "champion was version 3" in err and "4 now" in err
        moved = stale or (code == 1 and ("look again" in err or "changed" in err))
        assert i in won or moved, (i, code, err)
    with sqlite3.connect(os.path.join(folder, "mlflow.db")) as db:
        tag = dict(db.execute("select key, value from model_version_tags where name='cancer' and version=4"))
        alias = db.execute("select version from registered_model_aliases where name='cancer' and alias='champion'").fetchall()
    assert alias == [(4,)] and tag["approval.comment"] == f"racer {won[0]}"
    assert json.loads(tag["approval.statement"])["statement"]["comment"] == f"racer {won[0]}"
    verify = subprocess.run([*ask, "audit", "verify"], env=env, capture_output=True, text=True, check=False)
    assert verify.returncode == 0, verify.stderr
    listed = subprocess.run([*ask, "audit", "list", "-o", "json"], env=env, capture_output=True, text=True, check=True)
    mine = [r["outcome"] for r in json.loads(listed.stdout) if r["action"] == "versions.approve"]
    assert mine.count("ok") == 1 and not {"intent", "unknown"} & set(mine), mine
