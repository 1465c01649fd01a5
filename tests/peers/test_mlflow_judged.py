"""What a decision writes, on real servers: all of it, in its order, or words that say how far it came. Who may decide is another
matter (test_scenario.py): here a judge lets everything pass (decide_tool). Only the newest MLflow without ./run test --all."""
import json
import os
import subprocess
from pathlib import Path

import pytest
from lib_between import Between
from lib_client import Client
from lib_mlflow import DIALECTS, PROGRAM, Sluice, admin_posts, as_admin, as_reader, peer_name, python_of

TOOL = os.environ.get("DECIDE_TOOL", str(Path(PROGRAM).resolve().parent / "tests" / "peers" / "decide_tool"))
HERE = [v for v in DIALECTS if python_of(v)]
SAID = '{"statement":{"by":"lead","comment":"größe"},"signature":null}'
TAGS = {"approval.statement": SAID, "approval.statement.lead": SAID, "approval.by": "lead", "approval.at": "2026-11-21T06:00:00.000Z",
        "approval.comment": "looks good", "approval.to": "champion"}


class World:
    """A server, MLflow's own client on it, a line between it and Sluice, and Sluice's home."""

    def __init__(self, server, client, home):
        self.server, self.client, self.home = server, client, home
        self.between = Between(server.url)
        self.sluice = Sluice(home)
        (home / "sluice.yaml").write_text(f"connections:\n  reg: {{type: mlflow, uri: \"{self.between.url}\", timeout: 20s}}\n")
        info, = json.loads(self.sluice.ask("info", "-o", "json").stdout)
        self.state = Path(info["audit"]).parent

    def model(self, name, versions=3, champion=1):
        self.client.run("c.create_registered_model(name)\nfor i in range(n):\n  c.create_model_version(name, f's3://models/{i}')",
                        name=name, n=versions)
        if champion:
            self.client.run("c.set_registered_model_alias(name, 'champion', champion)", champion=str(champion))
        return name

    def decide(self, what, ref, code=0, **args):
        args = {"statement": SAID, "by": "lead", "at": "2026-11-21T06:00:00.000Z", **args}
        out = subprocess.run([TOOL, str(self.home / "sluice.yaml"), str(self.state), what, ref, *[f"{k}={v}" for k, v in args.items()]],
                             capture_output=True, env=self.sluice.env, timeout=120)
        said = out.stdout.decode().splitlines()
        assert out.returncode == code, f"{said}\n{out.stderr.decode()}"
        return said

    def approve(self, ref, code=0, **args):
        return self.decide("versions/approve", ref, code, **{"to": "champion", "comment": "looks good", "was": "1", "move": "true", **args})

    def audit(self):
        rows = json.loads(self.sluice.ask("audit", "list", "-o", "json").stdout)
        assert b"whole" in self.sluice.ask("audit", "verify").stdout
        return [(r["action"].removeprefix("versions."), r["outcome"]) for r in rows]


VERSIONS = [pytest.param(v, marks=pytest.mark.peer(peer_name(v))) for v in HERE]


@pytest.fixture(params=VERSIONS)
def world(request, world_of, tmp_path):
    shared = world_of(request.param)
    w = World(shared.server, shared.client, tmp_path)
    yield w
    w.between.stop()


def test_an_approval(world):
    model = world.model("approved")
    said = world.approve(f"{model}/2")
    assert said[-2:] == ["POST registered-models/alias: champion of approved -> 2 (now 1)", "OK"] and len(said) == 9
    assert world.client.tags(model, 2) == {**TAGS, "approval.decision": "approved"} and world.client.alias(model, "champion") == 2
    assert world.client.tags(model, 1) == {}
    assert [c for c in world.between.seen if c[0] == "POST"][-1][1].endswith("registered-models/alias")
    # the first of two approvers moves nothing
    world.approve(f"{model}/3", move="false", was="2")
    assert world.client.alias(model, "champion") == 2 and world.client.tags(model, 3)["approval.decision"] == "requested"
    rolled = world.decide("models/rollback", model, alias="champion", version="1", was="2", comment="slow")
    assert rolled[-1] == "OK" and world.client.alias(model, "champion") == 1
    assert {o for _, o in world.audit()} == {"ok"}


def test_request_reject_and_stage(world):
    model = world.model("asked", champion=None)
    world.decide("versions/request", f"{model}/1", to="champion", comment="please")
    assert world.client.tags(model, 1)["approval.decision"] == "requested"
    world.decide("versions/reject", f"{model}/1", to="champion", comment="no: drift")
    assert world.client.tags(model, 1)["approval.decision"] == "rejected" and world.client.alias(model, "champion") is None
    world.approve(f"{model}/2", was="")  # nothing was there: it is made
    assert world.client.alias(model, "champion") == 2
    for v in (1, 2):
        world.approve(f"{model}/{v}", to="stage:Production", was="")
    assert world.client("[c.get_model_version(model, str(v)).current_stage for v in (1, 2, 3)]", model=model) == \
        ["Archived", "Production", "None"]


def test_moved_before(world):
    model = world.model("before", champion=3)
    said = world.approve(f"{model}/2", code=1)
    assert said[-1] == "ECONFLICT: champion of before is 3 now (was 1): somebody moved it; look again"
    assert world.client.tags(model, 2) == {} and world.client.alias(model, "champion") == 3


@pytest.mark.parametrize("call", [1, 7])
def test_moved_between_our_tags_and_our_alias(world, call):
    model = world.model(f"between-{call}")

    def meanwhile(forward):
        world.client.run("c.set_registered_model_alias(model, 'champion', '3')", model=model)
        return forward()

    world.between.rules = [("POST", "set-tag", lambda forward: forward())] * (call - 1) + [("POST", "set-tag", meanwhile)]
    said = world.approve(f"{model}/2", code=1)
    assert said[-1] == f"ECONFLICT: 7 of 8 calls done, then: champion of {model} is 3 now (was 1): somebody moved it; look again"
    assert world.client.alias(model, "champion") == 3 and not world.between.calls("POST", "registered-models/alias")


def test_moved_right_after(world):
    """What no reading before can see is seen by reading after."""
    model = world.model("after")

    def then(forward):
        said = forward()
        world.client.run("c.set_registered_model_alias(model, 'champion', '3')", model=model)
        return said

    world.between.rules = [("POST", "registered-models/alias", then)]
    said = world.approve(f"{model}/2", code=1)
    assert said[-1] == "EIO: written, but champion is 3 now: somebody changed it at the same time; look again"


@pytest.mark.parametrize("done", [True, False], ids=["after the write", "before the write"])
def test_the_server_dies(world, done):
    """Its answer is lost and it cannot be asked: unknown, until the next command finds it alive again."""
    model = world.model(f"dies-{done}".lower())
    rows = ["get", "versions", model, "-o", "json"]

    def dies(forward):
        if done:
            forward()
        world.server.kill()

    world.between.rules = [("POST", "registered-models/alias", dies)]
    try:
        said = world.approve(f"{model}/2", code=1)
        assert said[-1].startswith("EUNKNOWN: ") and "outcome unknown" in said[-1], said[-1]
        assert world.audit() == [("approve", "unknown")]
    finally:
        world.server.start()
    row = [r for r in json.loads(world.sluice.ask(*rows).stdout) if r["version"] == 2][0]
    assert row["aliases"] == (["champion"] if done else []) and row["state"] == "approved"
    assert world.client.alias(model, "champion") == (2 if done else 1)
    assert len(world.between.calls("POST", "registered-models/alias")) == 1
    last = world.audit()[-1]
    assert last == ("approve", "reconciled") or (not done and last == ("approve", "failed")), world.audit()


@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_only_read_is_told_before(secured_of, tmp_path, version):
    server = secured_of(version)
    w = World(server, None, tmp_path)
    admin_posts(server, "registered-models/create", {"name": "guarded"})
    admin_posts(server, "model-versions/create", {"name": "guarded", "source": "s3://models/1"})
    if version != "3.17":  # older servers tell what was given by name only
        admin_posts(server, "registered-models/permissions/create", {"name": "guarded", "username": "reader", "permission": "READ"})
    w.sluice.env.update(as_reader())
    try:
        said = w.sluice.ask("act", "note", "reg:models/guarded", "-p", "text=x", "--dry-run", code=1).stderr.decode()
        assert "mlflow:reader may not do this" in said and "needs the permission EDIT on the model; yours is READ" in said, said
        said = w.approve("guarded/1", code=1, was="")
        assert "EDENIED: mlflow:reader may not do this: tag approval.statement of guarded/1" in said[-1]
        assert not w.between.calls("POST", "set-tag") and not w.between.calls("PATCH", "update") and w.audit() == []
        w.sluice.env.update(as_admin())
        w.sluice.ask("act", "note", "reg:models/guarded", "-p", "text=x")
    finally:
        w.between.stop()
