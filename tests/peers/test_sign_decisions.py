"""Decisions signed by a real ssh-agent: what `sluice approve` leaves in the registry verifies with ssh-keygen; a revoked key, one that is
nobody's, and an agent without keys are refused in words."""
import json
import os
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest
from lib_mlflow import KEEP
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
YAML = """\
connections:
  registry: {type: mlflow, uri: "sqlite:///mlflow.db"}
models:
  cancer: {gates: ["metrics.val_auc >= 0.9"], approval: {four_eyes: false}}
"""

pytestmark = pytest.mark.peer("openssh")


def run(*args, env=None, code=0, stdin=b""):
    done = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, env=env, timeout=60, check=False)
    assert code is None or done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Desk:
    """A workspace on the demo's store, and an agent that holds one key of each kind."""

    def __init__(self, top):
        self.top, self.folder = top, top / "work"
        self.folder.mkdir()
        (top / "run").mkdir(mode=0o700)
        shutil.copy(ROOT / "demo" / "mlflow.db", self.folder)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(top), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(top / "run"),
                    "SSH_AUTH_SOCK": str(top / "agent")}

    def key(self, name, *args):
        run("ssh-keygen", "-q", "-t", *args, "-N", "", "-C", name, "-f", self.top / name)
        return (self.top / f"{name}.pub").read_text().strip()

    def people(self, **members):
        (self.folder / "sluice.yaml").write_text(YAML + "people: " + json.dumps(members) + "\n", encoding="ascii")

    def __call__(self, *args, code=0):
        return run(PROGRAM, "-w", self.folder, *args, env=self.env, code=code).stderr.decode()

    def tags(self, version):
        with sqlite3.connect(self.folder / "mlflow.db") as db:
            return dict(db.execute("select key, value from model_version_tags where name='cancer' and version=?", (version,)))


@pytest.fixture
def desk(tmp_path):
    assert shutil.which("ssh-keygen"), "ssh-keygen is missing: apt-get install openssh-client"
    peer("openssh", run("ssh", "-V").stderr.decode().split(",")[0], "real")
    d = Desk(tmp_path)
    agent = ["ssh-agent", "-D", "-a", d.env["SSH_AUTH_SOCK"]]
    with subprocess.Popen([*KEEP, *agent], stdin=subprocess.PIPE, start_new_session=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(1500):
                if (tmp_path / "agent").exists():
                    break
                threading.Event().wait(0.02)
            yield d
        finally:
            os.killpg(process.pid, 15)


def add(desk, name):
    run("ssh-add", "-q", desk.top / name, env=desk.env)


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "256"), ("rsa", "-b", "2048")])
def test_an_agent_signs_the_approval(desk, kind):
    desk.people(lead={"keys": [desk.key("lead", *kind)]})
    said = desk("approve", "cancer/4", "--no-input", "--expect", "champion=3", code=2)
    assert "decisions are signed here: no key that people: lists is at hand" in said
    add(desk, "lead")
    (desk.top / "lead").unlink()  # from here on only the agent has it
    desk("approve", "cancer/4", "--no-input", "--expect", "champion=3", "--comment", "gr\u00fc\u00dfe")
    tag = json.loads(desk.tags(4)["approval.statement.lead"])
    text = json.dumps(tag["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    (desk.top / "allowed").write_text(f'lead namespaces="sluice-approval" {(desk.top / "lead.pub").read_text()}')
    (desk.top / "sig").write_text(tag["signature"])
    verify = ("ssh-keygen", "-Y", "verify", "-f", desk.top / "allowed", "-I", "lead", "-n", "sluice-approval", "-s", desk.top / "sig")
    assert b"Good" in run(*verify, stdin=text).stdout and run(*verify, stdin=text + b" ", code=None).returncode
    rows = json.loads(run(PROGRAM, "-w", desk.folder, "get", "approvals", "cancer", "-o", "json", env=desk.env).stdout)
    assert [(r["by"], r["known"], r["valid"]) for r in rows if r["version"] == 4 and r["decision"] == "approved"] == [("lead", "key", True)]
    doctor = json.loads(run(PROGRAM, "-w", desk.folder, "doctor", "-o", "json", env=desk.env, code=None).stdout)
    assert [r["value"].endswith(", by the SSH agent") for r in doctor if r["name"] == "signing"] == [True]


def test_a_key_that_counts_for_nothing(desk):
    lost, eve = desk.key("lost", "ed25519"), desk.key("eve", "ed25519")
    desk.people(lead={"keys": [desk.key("lead", "ed25519")], "revoked": [lost]})
    add(desk, "lost")
    assert "the key at hand is one of lead that was revoked" in desk("approve", "cancer/4", "--no-input", "--expect", "champion=3", code=2)
    run("ssh-add", "-q", "-D", env=desk.env)
    add(desk, "eve")
    said = desk("approve", "cancer/4", "--no-input", "--expect", "champion=3", code=2)
    assert f"{{keys: [\"{eve.rsplit(' ', 1)[0]}\"]}}" in said and "your key is not listed; add below people:" in said
    assert not any(k.startswith("approval.statement") for k in desk.tags(4))
    add(desk, "lead")  # one that counts is found behind those that do not
    desk("approve", "cancer/4", "--no-input", "--expect", "champion=3")
    assert "approval.statement.lead" in desk.tags(4)
