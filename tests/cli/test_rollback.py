"""Going back: by the model's own alias, from the audit where the tags are gone, onto nothing whose files changed, and with a word on what
the earlier approval is worth today."""
import json
import os
import sqlite3
import subprocess

import pytest


@pytest.fixture
def lab(demo_maker):
    """The demo, where lead has moved the champion from 3 to 6 over a gate."""
    made = demo_maker()
    made.folder = made.store.parent
    made("approve", "cancer/6", "--break-glass", "--comment", "the ward is waiting")
    return made


def sql(lab, text, *args):
    with sqlite3.connect(lab.store) as db:
        return db.execute(text, args).fetchall()


def champion(lab):
    return sql(lab, "select version from registered_model_aliases where name='cancer' and alias='champion'")[0][0]


def statement(lab, version, person="lead"):
    return json.loads(sql(lab, "select value from model_version_tags where name='cancer' and version=? and key=?", version,
                          f"approval.statement.{person}")[0][0])


def resigned(lab, version, **changes):
    """lead's statement about a version with other fields, signed with lead's key as ssh-keygen does."""
    said = statement(lab, version)["statement"] | changes
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    message = lab.folder / "message"
    message.write_text(text)
    (lab.folder / "message.sig").unlink(missing_ok=True)
    key = str(lab.folder / "keys" / "lead")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "sluice-approval", "-f", key, str(message)], check=True, capture_output=True)
    tag = '{"statement":%s,"signature":%s}' % (text, json.dumps((lab.folder / "message.sig").read_text()))
    sql(lab, "update model_version_tags set value=? where name='cancer' and version=? and key in ('approval.statement', "
             "'approval.statement.lead')", tag, version)


def test_by_the_models_own_alias(lab):
    plan = lab("rollback", "cancer", "--dry-run").stdout
    assert "champion of cancer -> 3 (now 6)" in plan and "no statement is known that approves 3" in plan
    lab("rollback", "cancer", "--comment", "a drill")
    assert champion(lab) == 3 and statement(lab, 3)["statement"]["to"] == "champion"
    assert "6 was approved by lead on 20" in lab("rollback", "cancer", "--dry-run").stdout  # and forth again


def test_from_our_own_audit(lab):
    """Whoever may write tags may remove them; what we did is in the audit, and signed."""
    sql(lab, "delete from model_version_tags where name='cancer' and key like 'approval.%'")
    lab("rollback", "cancer")
    assert champion(lab) == 3
    sql(lab, "delete from model_version_tags where name='cancer' and key like 'approval.%'")
    assert "champion of cancer -> 6 (now 3)" in lab("rollback", "cancer", "--dry-run").stdout


def test_an_audit_that_was_written_to_says_nothing(lab):
    """A statement of the audit counts as one of a tag does: by its signature."""
    state = json.loads(lab("info", "-o", "json").stdout)[0]["audit"]
    with open(state, encoding="utf-8") as f:
        lines = f.read()
    with open(state, "w", encoding="utf-8") as f:
        f.write(lines.replace('\\"was\\":\\"3\\"', '\\"was\\":\\"5\\"'))
    sql(lab, "delete from model_version_tags where name='cancer' and key like 'approval.%'")
    assert "no statement says where champion of cancer was before 6" in lab("rollback", "cancer", "--dry-run", code=1).stderr


def test_an_expired_approval_is_called_so(lab):
    resigned(lab, 2, expires="2026-01-02T03:04:05.678Z", at="2026-01-01T03:04:05.678Z")
    resigned(lab, 6, was="2")
    plan = lab("rollback", "cancer", "--dry-run").stdout
    assert "champion of cancer -> 2 (now 6)" in plan
    assert "the approval of 2 by lead of 2026-01-01 is EXPIRED since 2026-01-02" in plan
    resigned(lab, 6, was="2", expires="2026-01-02T03:04:05.678Z", at="2026-01-01T03:04:05.678Z")
    os.unlink(json.loads(lab("info", "-o", "json").stdout)[0]["audit"])
    assert "champion of cancer -> 2 (now 6)" in lab("rollback", "cancer", "--dry-run").stdout  # it says what was, all the same


def test_rules_that_changed_since_are_named(lab):
    lab("rollback", "cancer")
    file = lab.folder / "sluice.yaml"
    file.write_text(file.read_text().replace('"drift.share < 0.5"', '"drift.share < 0.4"'))
    assert "the approval of 6 by lead of 20" in lab("rollback", "cancer", "--dry-run").stdout
    assert "is void today: it was given under other rules" in lab("rollback", "cancer", "--dry-run").stdout


def test_other_files_do_not_come_back(lab):
    resigned(lab, 2, digest="ab" * 32)
    resigned(lab, 6, was="2")
    err = lab("rollback", "cancer", code=4).stderr
    assert "cancer/2 does not come back" in err and champion(lab) == 6
    row = json.loads(lab("audit", "list", "-o", "json").stdout)[0]
    assert (row["action"], row["outcome"]) == ("models.rollback", "refused") and "does not come back" in row["detail"]


def test_a_stage_goes_back_by_an_approval(lab):
    file = lab.folder / "sluice.yaml"
    file.write_text(file.read_text().replace("promote: {alias: champion}\n  digits", "promote: {stage: Production}\n  digits"))
    assert "cancer moves stage:Production, which no rollback takes back" in lab("rollback", "cancer", code=2).stderr
