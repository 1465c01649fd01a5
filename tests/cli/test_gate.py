"""`sluice gate`: rows, exit codes, whose version it is."""
import json
import os
import shutil
import sqlite3

import pytest


def rows(run):
    return {r["gate"]: r for r in json.loads(run.stdout)}


def test_a_worse_version_fails(demo):
    got = rows(demo("gate", "cancer/5", "-o", "json", code=4))
    assert {g: r["state"] for g, r in got.items() if g in ("metrics.val_auc >= 0.98", "no-worse")} == {
        "metrics.val_auc >= 0.98": "pass", "no-worse": "fail"}
    worse = got["no-worse"]
    assert float(worse["value"]) < float(worse["threshold"].removeprefix(">= "))
    assert worse["why"].startswith("metrics.val_auc is 0.98") and ", not >= 0.99" in worse["why"]
    assert "logged by ana" in worse["evidence"] and "logged by omar" in worse["evidence"]
    assert list(got["no-worse"]) == ["connection", "gate", "state", "value", "threshold", "evidence", "why", "policy_sha256",
                                    "evidence_sha256", "files_sha256", "ref"]


def test_it_is_judged_against_the_alias_that_is_named(demo):
    assert rows(demo("gate", "cancer/5", "--to", "fallback", "-o", "json", code=None))["no-worse"]["state"] == "pass"
    got = rows(demo("gate", "cancer/5", "--to", "nobody", "-o", "json", code=None))
    assert got["no-worse"]["why"].startswith("there is no champion yet")


def test_ways_to_name_it(demo):
    one = demo("gate", "cancer/5", "-o", "json", code=4).stdout
    assert demo("gate", "-c", "registry", "cancer/5", "-o", "json", code=4).stdout == one
    assert demo("gate", "registry:versions/cancer%2F5", "-o", "json", code=4).stdout == one
    assert demo("get", "gates", "cancer/5", "-o", "json").stdout == one
    ref = rows(demo("gate", "cancer/5", "-o", "json", code=4))["no-worse"]["ref"]
    assert json.loads(demo("describe", ref, "-o", "json").stdout)[0]["state"] == "fail"


def test_what_cannot_be_judged(demo):
    run = demo("gate", "wine/1", code=2)
    assert 'models: {wine: {gates: ["metrics.auc >= 0.9"]}}' in run.stderr and "sluice.yaml" in run.stderr
    assert demo("gate", "cancr/4", code=2).stderr.endswith("asks nothing of cancr; did you mean cancer?\n")
    assert demo("gate", "cancer/99", code=1).stderr.startswith("sluice: there is no version 99 of cancer")
    assert "cancer is no version" in demo("gate", "cancer", code=2).stderr
    assert "no connection nix" in demo("gate", "-c", "nix", "cancer/5", code=2).stderr


# ---- evidence ----

@pytest.fixture(scope="module")
def judged(demo):
    """Version 4 with its evidence; its folder."""
    before = rows(demo("gate", "cancer/4", "-o", "json", code=4))["drift.share < 0.5"]
    assert before["state"] == "unknown" and "sluice run evidence-cancer -p version=4" in before["why"]
    demo("run", "evidence-cancer", "-p", "version=4")
    return next((demo.store.parents[1] / ".local" / "state" / "sluice").glob("demo-*/evidence/registry/cancer/4"))


def state(demo, version, gate):
    row = rows(demo("gate", f"cancer/{version}", "-o", "json", code=None))[gate]
    return row["state"], row["why"]


RESCORE = "rescore.max_abs_diff <= 1e-6"


def test_evidence_makes_it_pass(demo, judged):
    got = rows(demo("gate", "cancer/4", "-o", "json"))
    assert {r["state"] for r in got.values()} == {"pass"} and got[RESCORE]["value"] == "0"
    assert got[RESCORE]["evidence"].startswith("accuracy 0.982993 as claimed, 2 more (rescore of ")
    # what somebody claims afterwards is seen beside what was found
    where = "where key='val_auc' and run_uuid=(select run_id from model_versions where name='cancer' and version=4)"
    with sqlite3.connect(demo.store) as db:
        was = db.execute(f"select value from latest_metrics {where}").fetchone()[0]
        db.execute(f"update latest_metrics set value=0.9999 {where}")
    try:
        said = rows(demo("gate", "cancer/4", "-o", "json", code=None))[RESCORE]["evidence"]
        assert said.startswith("auc 0.996922, the run claims val_auc 0.9999 (rescore of "), said
    finally:
        with sqlite3.connect(demo.store) as db:
            db.execute(f"update latest_metrics set value=? {where}", (was,))
    made = json.loads((judged / "rescore.json").read_text())
    assert {f["address"] for f in made["inputs"] if f["role"] == "model"} >= {"models:/cancer/4/MLmodel", "models:/cancer/4/model.lgb"}
    assert made["execution"] == "local:executions/evidence-cancer-1" and made["facts"]["n"] == 294 and len(made["digest"]) == 64
    assert (judged / "rescore.json").stat().st_mode & 0o777 == 0o600
    assert not list(judged.parents[2].glob("copy-*"))
    assert "evidence-cancer" in demo("get", "jobs", "-o", "csv").stdout
    assert "evidence-cancer" not in demo("config", "show").stdout


def test_a_fact_that_is_misspelt(demo, judged):
    """What comes near is named; what is another name, and simply not there, is not."""
    conf = demo.store.parent / "sluice.yaml"
    was = conf.read_text()
    words = was
    for old, new in (('"drift.share', '"drift.shrae'), ('"rescore.max_abs_diff', '"rescore.max_abs_dif'),
                     ('"metrics.val_auc >= 0', '"metrics.val_aucc >= 0'),
                     ("champion.metrics.val_auc", "champion.metrics.vl_auc")):
        assert old in words
        words = words.replace(old, new)
    conf.write_text(words)
    try:
        got = {g: r["why"] for g, r in rows(demo("gate", "cancer/4", "-o", "json", code=4)).items()}
        assert got["metrics.val_aucc >= 0.98"] == "metrics.val_aucc is missing: the run has none; did you mean metrics.val_auc?"
        assert got["no-worse"] == "champion.metrics.vl_auc is missing: the run has none; did you mean metrics.val_auc?"
        for gate, near in (("drift.shrae < 0.5", "drift.share"), ("rescore.max_abs_dif <= 1e-6", "rescore.max_abs_diff")):
            assert got[gate] == f"{gate.split()[0]} is missing: it was computed, and has no such fact; did you mean {near}?"
        assert state(demo, 6, "no-overfit") == ("unknown", "metrics.train_logloss is missing")
    finally:
        conf.write_text(was)


def test_a_pickle_is_scored_again(demo):
    """As data: the predictions that were logged with it come out of it again, and what its run did not log stays unknown."""
    demo("run", "evidence-cancer", "-p", "version=6")
    assert state(demo, 6, RESCORE) == ("pass", "rescore.max_abs_diff is 0, <= 1e-06")
    assert state(demo, 6, "no-overfit") == ("unknown", "metrics.train_logloss is missing")


def test_a_model_of_a_class_of_its_own_is_refused(demo, judged):
    model = next(demo.store.parent.glob("artifacts/cancer/models/*/artifacts/model.pkl"))
    was = model.read_bytes()
    model.write_bytes(was.replace(b"LogisticRegression", b"LogisticEquatorial", 1))
    try:
        demo("run", "evidence-cancer", "-p", "version=6")
        got, why = state(demo, 6, RESCORE)
        assert got == "unknown" and "LogisticEquatorial in model.pkl" in why
    finally:
        model.write_bytes(was)


def test_changed_files_make_it_stale(demo, judged):
    curated = sorted((demo.store.parent / "lake" / "curated").glob("dt=*/part.parquet"))[-1]
    model = next(demo.store.parent.glob("artifacts/cancer/models/*/artifacts/model.lgb"))
    for path, gate, name in ((curated, "drift.share < 0.5", "part.parquet"), (model, RESCORE, "model.lgb")):
        was, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
        path.write_bytes(was[:-1] + bytes([was[-1] ^ 1]))
        got, why = state(demo, 4, gate)
        assert got == "unknown" and f"it was computed from other bytes of {name}" in why
        path.write_bytes(was)
        os.utime(path, ns=times)


def test_tampered_evidence_is_none(demo, judged):
    path = judged / "drift.json"
    was = path.read_text()
    path.write_text(was.replace('"version": 4', '"version": 5'))
    assert "not of the version where it lies" in state(demo, 4, "drift.share < 0.5")[1]
    path.write_text(was[:-20])
    assert state(demo, 4, "drift.share < 0.5")[0] == "unknown"
    made = json.loads(was)
    path.write_text(json.dumps({**made, "at": made["at"] - 8 * 86400000}))
    assert "beyond max_age" in state(demo, 4, "drift.share < 0.5")[1]
    path.write_text(json.dumps({**made, "at": made["at"] + 86400000}))
    assert "made in the future" in state(demo, 4, "drift.share < 0.5")[1]
    path.write_text(was)
    assert state(demo, 4, "drift.share < 0.5")[0] == "pass"


def test_an_alias_that_moved_makes_it_stale(demo, judged):
    db = sqlite3.connect(demo.store)
    with db:
        db.execute("UPDATE registered_model_aliases SET version = 2 WHERE name = 'cancer' AND alias = 'champion'")
    try:
        assert "champion was version 3 when it was computed, it is 2 now" in state(demo, 4, "drift.share < 0.5")[1]
    finally:
        with db:
            db.execute("UPDATE registered_model_aliases SET version = 3 WHERE name = 'cancer' AND alias = 'champion'")
        db.close()


def test_drift_that_persists_counts_alone(demo, judged):
    """persist: M/N judges the newest partition of a zone, and what drifted in M of the last N: fewer features than on the one day."""
    file = demo.store.parent / "sluice.yaml"
    was, once = file.read_text(), json.loads((judged / "drift.json").read_text())["facts"]
    try:
        file.write_text(was.replace('current: "lake:curated/@newest",', 'current: "lake:curated/", persist: 2/3,'))
        demo("trust", str(file))
        demo("run", "evidence-cancer", "-p", "version=4")
        facts = json.loads((judged / "drift.json").read_text())["facts"]
        assert facts["features"] == once["features"] and 0 < facts["drifted"] < once["drifted"]
        assert facts["n_current"] == once["n_current"] and facts["n_baseline"] == once["n_baseline"]
        assert state(demo, 4, "drift.share < 0.5")[0] == "pass"
    finally:
        file.write_text(was)
        demo("trust", str(file))
        demo("run", "evidence-cancer", "-p", "version=4")


def test_evidence_is_never_about_another_registry_s_file(demo):
    """Two registries have a cancer/4, and models:/cancer/4 means the first one's."""
    top = demo.store.parent
    conf, was = top / "sluice.yaml", (top / "sluice.yaml").read_text()
    line = next(x for x in was.splitlines() if x.startswith("  registry:"))
    other = line.replace("registry:", "other:").replace("mlflow.db", "other.db")
    shutil.copy(demo.store, top / "other.db")
    try:
        for named, first in (("other", "registry"), ("registry", "other")):
            both = (line, other) if first == "registry" else (other, line)
            conf.write_text(was.replace(line, "\n".join(both)).replace("  cancer:  ", f"  cancer:\n    connection: {named} #"))
            demo("trust", str(conf))
            said = demo("run", "evidence-cancer", "-p", "version=4", code=1).stderr
            newest = json.loads(demo("get", "executions", "--filter", "job = 'evidence-cancer'", "--sort", "-started", "--limit", "1", "-o",
                                     "json").stdout)[0]["id"]
            log = demo("logs", newest, "-o", "csv").stdout
            assert f"is read from {first}, but this version is {named}'s: put {named} first below connections:" in said + log, said + log
    finally:
        conf.write_text(was)
        (top / "other.db").unlink()
        demo("trust", str(conf))
