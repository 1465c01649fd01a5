"""Who must agree: two of three with key files, what voids a yes, keys that are revoked or nobody's, and a workspace without keys."""
import json
import shutil
import sqlite3

import pytest
from conftest import ROOT

KEYS = {
    "lead": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhhU2vu2ftMWtNlK9pQRinDoEjQSmjcSn8R8/rGnODN",
    "ana": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfFBojCcXT4zSh0Qj9PJj0OMb76oQDwtVtY2deTAtkI",
    "omar": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26",
}
OMAR = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCsjaomhVZ05g029mlad10VjhhymCTbxxchmI0lUWoNugAAAIjgSCDC4Egg
wgAAAAtzc2gtZWQyNTUxOQAAACCsjaomhVZ05g029mlad10VjhhymCTbxxchmI0lUWoNug
AAAECFeIgeR7OIB6uFjLGsRfHg89/akLOqxmvhY0nd+1/0tKyNqiaFVnTmDTb2aVp3XRWO
GHKYJNvHFyGYjSVRag26AAAAAWEBAgME
-----END OPENSSH PRIVATE KEY-----
"""
WORKSPACE = """\
connections:
  registry: {type: mlflow, uri: "sqlite:///mlflow.db"}
models:
  cancer:
    gates: ["metrics.val_auc >= %s"]
    approval: {%s}
%s"""


def people(**members):
    return "people:\n" + "".join(f"  {name}: {json.dumps(what)}\n" for name, what in members.items())


THREE = {name: {"keys": [line]} for name, line in KEYS.items()}


@pytest.fixture
def team(sluice):
    """A registry, the keys of three people beside the workspace file, and two of them who must agree."""
    shutil.copy(ROOT / "demo" / "mlflow.db", sluice.cwd)
    (sluice.cwd / "keys").mkdir()
    for name in KEYS:
        path = sluice.cwd / "keys" / name
        path.write_text(OMAR if name == "omar" else (ROOT / "demo" / "keys" / name).read_text(), encoding="ascii")
        path.chmod(0o600)
    sluice.env["SLUICE_WORKSPACE"] = str(sluice.cwd)

    def rules(approval="required: 2, approvers: [lead, ana, omar], four_eyes: false", auc="0.9", who=None):
        (sluice.cwd / "sluice.yaml").write_text(WORKSPACE % (auc, approval, people(**(who or THREE))), encoding="ascii")
    sluice.rules = rules
    rules()
    return sluice


def champion(sluice):
    with sqlite3.connect(sluice.cwd / "mlflow.db") as db:
        return str(db.execute("select version from registered_model_aliases where name='cancer' and alias='champion'").fetchone()[0])


def yes(sluice, who, version=4, **kwargs):
    return sluice("approve", f"cancer/{version}", "--as", who, "--no-input", "--expect", "champion=3", **kwargs)


def approvals(sluice, version=4):
    return {(r["by"], r["decision"]): r for r in sluice.json("get", "approvals", "cancer") if r["version"] == version and r["at"]}


def wanting(sluice, who="omar"):
    return " ".join(sluice("approve", "cancer/4", "--as", who, "--dry-run").text.split())


def test_two_of_three(team):
    assert "2 must agree, 1 with you so far: champion stays until the last of them" in wanting(team, "lead")
    yes(team, "lead")
    assert champion(team) == "3" and approvals(team)["lead", "approved"]["valid"]
    waiting = {who: [r["summary"] for r in team.json("get", "findings", "--as", who) if r["kind"] == "waiting for you"] for who in KEYS}
    assert waiting == {"lead": [], "ana": ["cancer/4 for champion, approved by lead: 1 of 2 must agree yet"],
                       "omar": ["cancer/4 for champion, approved by lead: 1 of 2 must agree yet"]}
    yes(team, "lead")  # twice the same is one
    assert champion(team) == "3"
    yes(team, "omar")
    assert champion(team) == "4" and approvals(team)["omar", "approved"]["valid"] and approvals(team)["lead", "approved"]["valid"]
    assert not [r for r in team.json("get", "findings", "--as", "ana") if r["kind"] == "waiting for you"]


def test_a_rejection_begins_anew(team):
    yes(team, "lead")
    team("reject", "cancer/4", "--as", "ana", "--comment", "not yet")
    assert "that of lead counts for nothing: the version was rejected since" in wanting(team)
    yes(team, "omar")
    assert champion(team) == "3"
    yes(team, "lead")
    assert champion(team) == "4"


def test_somebody_new_below_people_voids_nothing(team):
    yes(team, "lead")
    team.rules(who={**THREE, "eva": {"identities": ["mlflow:eva"]}})
    yes(team, "omar")
    assert champion(team) == "4"


@pytest.mark.parametrize("change", [
    {"auc": "0.91"}, {"approval": "required: 2, approvers: [lead, omar], four_eyes: false"},
    {"who": {**THREE, "ana": {"keys": [KEYS["ana"]], "identities": ["mlflow:ana"]}}}])
def test_other_rules_or_other_approvers_void_it(team, change):
    yes(team, "lead")
    team.rules(**change)
    assert "that of lead counts for nothing: the rules or the approvers' keys have changed since" in wanting(team)
    yes(team, "omar")
    assert champion(team) == "3"


def test_a_revoked_key_voids_what_it_signed(team):
    yes(team, "lead")
    team.rules(who={**THREE, "lead": {"revoked": [KEYS["lead"]]}})
    row = approvals(team)["lead", "approved"]
    assert row["valid"] is False and "a key of lead that was revoked" in row["why"]
    assert "that of lead counts for nothing: signed by SHA256:" in wanting(team)
    yes(team, "omar")
    assert champion(team) == "3"
    assert "decisions are signed here: the key at hand is one of lead that was revoked" in yes(team, "lead", code=2).notes


def test_the_last_key_that_is_revoked_opens_nothing(team):
    team.rules("required: 1, four_eyes: false", who={"lead": {"revoked": [KEYS["lead"]]}})
    assert "decisions are signed here" in team("approve", "cancer/4", code=2).notes and champion(team) == "3"


@pytest.mark.parametrize("who, words", [
    ({"lead": {"keys": [KEYS["lead"]]}, "omar": {"revoked": [KEYS["lead"]]}}, "sluice.yaml:9:22: this key is `lead`'s already (line 8)"),
    ({"lead": {"keys": [KEYS["lead"]]}, "omar": {"keys": [KEYS["lead"] + " again"]}}, "sluice.yaml:9:19: this key is `lead`'s already")])
def test_a_key_is_one_persons(team, who, words):
    team.rules("required: 1, four_eyes: false", who=who)
    assert words in team("config", "validate", code=2).notes


def test_a_key_that_is_nobodys(team):
    team.rules("required: 1, four_eyes: false", who={"lead": THREE["lead"]})
    config = team.cwd.parent / "home" / ".config" / "sluice"
    config.mkdir(parents=True)
    (config / "config.yaml").write_text(f"me: {{key: {team.cwd / 'keys' / 'omar'}}}\n", encoding="ascii")
    (team.cwd / "keys" / "lead").unlink()
    said = team("approve", "cancer/4", code=2).notes
    assert "your key is not listed; add below people:" in said and f'{{keys: ["{KEYS["omar"]}"]}}' in said
    checks = {r["name"]: r for r in team.json("doctor", code=None)}
    assert checks["signing"]["state"] == "late" and "your key is not listed" in checks["signing"]["advice"]
    gate = {r["gate"]: r["state"] for r in team.json("gate", "cancer/4")}  # no four eyes asked for: nobody's key matters
    assert gate == {"metrics.val_auc >= 0.9": "pass"}


def test_a_workspace_without_keys(team):
    """Claims and accounts: it works, says that nothing is signed, and counts for nothing where more than one must agree."""
    nobody = {"lead": {"identities": ["mlflow:lead"]}}
    team.rules("required: 1", who=nobody)
    said = team("approve", "cancer/4", "--no-input", "--expect", "champion=3", code=4).notes
    assert "four-eyes is unknown" in said and "only claimed" in said
    assert {r["gate"]: r["state"] for r in team.json("gate", "cancer/4", code=4)}["four-eyes"] == "unknown"
    team.rules("required: 2, four_eyes: advisory", who=nobody)
    assert "only signed statements can show" in team("approve", "cancer/4", "--no-input", "--expect", "champion=3", code=4).notes
    team.rules("required: 1, four_eyes: advisory", who=nobody)
    assert {r["gate"]: r["state"] for r in team.json("gate", "cancer/4")}["four-eyes"] == "pass"
    team("approve", "cancer/4", "--no-input", "--expect", "champion=3")
    assert champion(team) == "4"
    row, = approvals(team).values()
    assert row["valid"] is None and row["known"] == "claimed" and row["why"] == "not signed: people: lists no key"
    assert "four-eyes: only advised" in json.loads(team("audit", "list", "-o", "json").text)[0]["detail"]
    kinds = {r["kind"] for r in team.json("get", "findings") if r["subject"].startswith("registry:")}
    assert kinds == {"unsigned in production"}
    team.rules("required: 1, four_eyes: advisory", who={"lead": THREE["lead"]})  # the first key ends that
    row, = approvals(team).values()
    assert row["valid"] is False
    kinds = {r["kind"] for r in team.json("get", "findings") if r["subject"].startswith("registry:")}
    assert kinds == {"unapproved in production"}


def test_a_statement_says_nothing_in_another_registry(team):
    team.rules("required: 1, four_eyes: false")
    yes(team, "lead")
    assert champion(team) == "4" and approvals(team)["lead", "approved"]["valid"]
    other = team.cwd.parent / "other"
    shutil.copytree(team.cwd, other)
    team.env["SLUICE_WORKSPACE"] = str(other)
    row = approvals(team)["lead", "approved"]
    assert row["valid"] is False and row["why"] == "was made for another registry, and copied here"
    assert "unapproved in production" in {r["kind"] for r in team.json("get", "findings")}


def test_who_signs_in_the_gate_and_in_doctor(team):
    team.rules("required: 1, approvers: [lead, omar]")
    eyes = {r["gate"]: r for r in team.json("gate", "cancer/4", "--as", "lead", code=4)}["four-eyes"]
    assert eyes["state"] == "unknown" and eyes["evidence"].endswith("approver lead (key)") and eyes["threshold"] == "two people"
    other = {r["gate"]: r for r in team.json("gate", "cancer/4", "--as", "ana", code=4)}["four-eyes"]
    assert "ana is no approver; ask one of them: lead, omar" in other["why"]
    assert len(other["policy_sha256"]) == 64
    assert team.json("gate", "cancer/4", "--as", "lead", "--filter", "gate != 'four-eyes'")[0]["state"] == "pass"
    checks = {r["name"]: r for r in team.json("doctor", "--as", "omar", code=None)}
    assert checks["signing"]["value"].startswith("omar (key SHA256:") and checks["signing"]["value"].endswith("keys/omar")
