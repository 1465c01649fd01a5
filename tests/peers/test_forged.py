"""Whoever may write to the registry can write any tag: with MLflow's own client approvals are forged here in every way that does not need a
key. No gate changes, no alarm falls silent, and what was forged is shown as the claim that it is."""
import json
import os
import subprocess
from pathlib import Path

import pytest
from sluice_pytest import peer

PROGRAM = os.environ.get("SLUICE", str(Path(__file__).resolve().parent.parent.parent / "build" / "sluice"))
pytestmark = pytest.mark.peer("mlflow")


class Demo:
    def __init__(self, top):
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE", "SSH_", "XDG_")) or k == "SLUICE_LIB"}
        self.env |= {"HOME": str(top), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(top / "run")}
        (top / "run").mkdir(mode=0o700)
        self.folder = str(top / "demo")
        subprocess.run([PROGRAM, "demo", "--dir", self.folder], env=self.env, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def ask(self, *args, code=0):
        out = subprocess.run([PROGRAM, "-w", self.folder, *args], env=self.env, capture_output=True, text=True, timeout=120,
                             stdin=subprocess.DEVNULL, check=False)
        assert code is None or out.returncode == code, (args, out.returncode, out.stderr)
        return out

    def rows(self, *args, code=0):
        return json.loads(self.ask(*args, "-o", "json", code=code).stdout)

    def alarms(self):
        return sorted((r["kind"], r["subject"]) for r in self.rows("get", "findings") if r["subject"].startswith("registry:"))

    def gates(self, version):
        return [(r["gate"], r["state"], r["value"]) for r in self.rows("gate", f"cancer/{version}", code=None)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return Demo(tmp_path_factory.mktemp("forged"))


@pytest.fixture(scope="module")
def client(demo):
    import mlflow
    peer("mlflow", mlflow.__version__, "real")
    uri = f"sqlite:///{demo.folder}/mlflow.db"
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def statement(client, version, person):
    return client.get_model_version("cancer", str(version)).tags[f"approval.statement.{person}"]


def by_key_of_ones_own(demo, text, folder):
    """The same statement, signed by a key that is nobody's."""
    key, message = folder / "eve", folder / "message"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    message.write_text(text)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "sluice-approval", "-f", key, message], check=True, capture_output=True)
    return (folder / "message.sig").read_text()


def forgeries(demo, client, folder):
    real = statement(client, 2, "lead")
    asked = statement(client, 5, "ana")
    body = json.loads(real)["statement"] | {"version": "3", "was": "2"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    eve = by_key_of_ones_own(demo, text, folder)
    yield "tags that say so", {"approval.decision": "approved", "approval.by": "lead", "approval.to": "champion"}
    yield "copied from another version", {"approval.statement": real, "approval.statement.lead": real}
    yield "its version altered", {"approval.statement": real.replace('"version":"2"', '"version":"3"')}
    yield "a request turned into an approval", {"approval.statement.ana": asked.replace('"requested"', '"approved"')}
    yield "unsigned", {"approval.statement.lead": '{"statement":%s,"signature":null}' % text}
    yield "signed by a stranger", {"approval.statement.lead": '{"statement":%s,"signature":%s}' % (text, json.dumps(eve))}
    yield "no statement", {"approval.statement": "\x1b[2J", "approval.statement.lead": "{" * 10000}
    yield "a flood", {f"approval.statement.p{i}": real for i in range(100)}


def test_nothing_that_was_forged_counts(demo, client, tmp_path):
    alarms, gates = demo.alarms(), {v: demo.gates(v) for v in (3, 4, 5, 6)}
    assert ("unapproved in production", "registry:versions/cancer%2F3") in alarms
    valid = {(r["version"], r["by"]) for r in demo.rows("get", "approvals", "cancer") if r["valid"]}
    for what, tags in list(forgeries(demo, client, tmp_path)):
        for version in (3, 6):
            for key, value in tags.items():
                if version == 6 and key.endswith(".ana"):
                    continue  # her request itself: who may write may destroy it, and then nobody was asked
                client.set_model_version_tag("cancer", str(version), key, value)
        assert demo.alarms() == alarms, what
        assert {v: demo.gates(v) for v in (3, 4, 5, 6)} == gates, what
        now = demo.rows("get", "approvals", "cancer")
        assert {(r["version"], r["by"]) for r in now if r["valid"]} <= valid, what
        assert all(r["why"] for r in now if not r["valid"]), what
    demo.ask("approve", "cancer/6", "--no-input", "--expect", "champion=3", code=4)
    demo.ask("approve", "cancer/5", "--no-input", "--expect", "champion=3", code=4)


def test_an_alias_moved_by_the_client_is_seen(demo, client):
    client.set_registered_model_alias("digits", "champion", "1")
    found = [r["summary"] for r in demo.rows("get", "findings") if r["kind"] == "alias moved outside"]
    assert len(found) == 1 and "digits champion is version 1, but was given to 2 last" in found[0]
    client.set_registered_model_alias("digits", "champion", "2")
