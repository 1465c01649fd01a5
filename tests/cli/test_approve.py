"""Decisions on the demo, as its story goes: the good version approved, the worse, the unknown and one's own refused, and no way past."""
import json
import sqlite3

import pytest


@pytest.fixture(scope="module")
def lab(demo_maker):
    made = demo_maker()
    made("run", "evidence-cancer", "-p", "version=4")
    return made


def champion(lab):
    with sqlite3.connect(lab.store) as db:
        return str(db.execute("select version from registered_model_aliases where name='cancer' and alias='champion'").fetchone()[0])


def findings(lab):
    rows = json.loads(lab("get", "findings", "-o", "json").stdout)
    return {r["subject"].removeprefix("registry:versions/").replace("%2F", "/"): r["kind"] for r in rows
            if r["subject"].startswith("registry:")}


def approvals(lab):
    return {(r["version"], r["by"], r["decision"]): r for r in json.loads(lab("get", "approvals", "cancer", "-o", "json").stdout)}


def test_what_the_demo_begins_with(lab):
    assert findings(lab) == {"cancer/3": "unapproved in production", "cancer/4": "waiting for you", "cancer/5": "waiting for you",
                             "cancer/6": "waiting for you"}
    rows = approvals(lab)
    assert all(r["valid"] and r["known"] == "key" for r in rows.values()) and (4, "ana", "requested") in rows


@pytest.mark.parametrize("version, who, words", [
    ("5", "lead", "no-worse fails"), ("6", "lead", "no-overfit is unknown"), ("4", "ana", "ana made this version")])
def test_refused_by_a_rule(lab, version, who, words):
    run = lab("approve", f"cancer/{version}", "--as", who, code=4)
    assert words in run.stderr and champion(lab) == "3"
    audit = json.loads(lab("audit", "list", "-o", "json").stdout)[0]
    assert audit["outcome"] == "refused" and words in audit["detail"]


def test_dry_run_sends_nothing_and_names_each_call(lab):
    out = lab("approve", "cancer/4", "--dry-run").stdout
    for words in ("champion of cancer -> 4 (now 3)", "sluice rollback cancer --alias champion", "you are lead (key SHA256:"):
        assert words in out
    assert out.index("approval.statement") < out.index("champion of cancer ->") and champion(lab) == "3"


def test_without_a_person_the_alias_must_be_named(lab):
    assert "--expect" in lab("approve", "cancer/4", "--no-input", code=2).stderr
    assert "champion of cancer is 3 now, not 2" in lab("approve", "cancer/4", "--no-input", "--expect", "champion=2", code=1).stderr
    assert champion(lab) == "3"


@pytest.mark.parametrize("args, words", [
    (("models.alias", "registry:models/cancer", "-p", "alias=champion", "-p", "version=5"), "moves by decisions only: sluice approve"),
    (("models.unalias", "registry:models/cancer", "-p", "alias=champion"), "moves by decisions only"),
    (("versions.tag", "registry:versions/cancer%2F5", "-p", "key=approval.by", "-p", "value=lead"), "written by decisions only"),
    (("versions.untag", "registry:versions/cancer%2F5", "-p", "key=approval.statement"), "written by decisions only"),
    (("versions.approve", "registry:versions/cancer%2F4", "-p", "statement={}"), "worked out, not given")])
def test_no_way_past_the_rules(lab, args, words):
    assert words in lab("act", *args, code=2).stderr and champion(lab) == "3"


def test_a_rejection_needs_a_reason(lab):
    lab("reject", "cancer/5", code=2)
    assert lab("reject", "cancer/5", "--comment", "worse than the champion").stderr == "sluice: cancer/5 is rejected by lead\n"
    assert approvals(lab)[5, "lead", "rejected"]["valid"] and findings(lab)["cancer/6"] == "waiting for you"
    assert "cancer/5" not in findings(lab)


def test_the_good_one_and_back(lab):
    said = lab("approve", "cancer/4", "--no-input", "--expect", "champion=3", "--comment", "checked").stderr
    assert said == "sluice: cancer/4 is approved by lead; champion of cancer is 4 now, it was 3\n"
    assert champion(lab) == "4" and "unapproved in production" not in findings(lab).values()
    row = approvals(lab)[4, "lead", "approved"]
    assert row["valid"] and row["comment"] == "checked" and "signed by lead" in row["why"]
    said = lab("rollback", "cancer", "--alias", "champion", "--comment", "only a drill").stderr
    assert said == "sluice: champion of cancer is 3 now, it was 4\n"
    assert champion(lab) == "3" and approvals(lab)[3, "lead", "rolled-back"]["valid"]
    lab("audit", "verify")


def test_over_a_gate_only_with_a_reason_and_for_all_to_see(lab):
    assert "needs a comment" in lab("approve", "cancer/6", "--break-glass", code=2).stderr
    lab("approve", "cancer/6", "--break-glass", "--comment", "the ward is waiting")
    assert champion(lab) == "6" and approvals(lab)[6, "lead", "approved"]["comment"] == "break-glass: the ward is waiting"
    audit = json.loads(lab("audit", "list", "-o", "json").stdout)[0]
    assert "break-glass: 3 gates do not pass: no-overfit is unknown" in audit["detail"]


def test_copied_and_altered_statements_count_for_nothing(lab):
    with sqlite3.connect(lab.store) as db:
        text = db.execute("select value from model_version_tags where name='cancer' and version=6 and "
                          "key='approval.statement'").fetchone()[0]
        db.execute("update registered_model_aliases set version=5 where name='cancer' and alias='champion'")
        for key, value in (("approval.statement", text), ("approval.statement.lead", text.replace('"version":"6"', '"version":"5"')),
                           ("approval.statement.eve", "{}"), ("approval.decision", "approved")):
            db.execute("insert or replace into model_version_tags(workspace,name,version,key,value) values('default','cancer',5,?,?)",
                       (key, value))
    assert findings(lab)["cancer/5"] == "unapproved in production"
    why = [r["why"] for r in json.loads(lab("get", "approvals", "cancer", "-o", "json").stdout) if r["version"] == 5 and not r["valid"]]
    assert len(why) == 3 and any("another version" in w for w in why), why
