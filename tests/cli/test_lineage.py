"""`sluice get lineage`: what a version came from and what hangs on a partition, on the demo; and what is said of files that are not those
any more."""
import json
import shutil

import pytest


def tree(demo, what, code=0, **more):
    run = demo("get", "lineage", what, "-o", "json", code=code, **more)
    return json.loads(run.stdout) if not code else run.stderr


def below(rows, row):
    return [r for r in rows if r["parent"] == row["ref"].split("/", 1)[1].replace("%2F", "/").replace("%23", "#").replace("%3D", "=")]


def test_from_the_version_to_what_landed(demo):
    rows = tree(demo, "cancer/4")
    assert [r["seq"] for r in rows] == list(range(len(rows))) and rows[0]["label"] == "cancer/4" and rows[0]["depth"] == 0
    assert rows[0]["parent"] is None and {"files", "lgb-7 fresh"} <= {r["label"] for r in below(rows, rows[0])}
    run = next(r for r in rows if r["kind"] == "run")
    assert (run["relation"], run["state"], run["detail"]) == ("made by", "ok", "cancer, by ana")
    data = [r for r in below(rows, run) if r["kind"] == "data"]
    assert len(data) == 4 and {r["state"] for r in data} == {"ok"} and all(len(r["digest"]) == 8 for r in data)
    assert sum("training" in r["detail"] for r in data) == 3 and all(r["target"].startswith("local:objects/file") for r in data)
    code = next(r for r in rows if r["kind"] == "code")
    assert code["label"].startswith("train.py @ ") and len(code["digest"]) == 40 and code["target"] is None
    day = below(rows, data[0])[0]
    assert day["kind"] == "partition" and day["label"].startswith("curated/dt=") and len(day["digest"]) == 64
    chain = [r["label"].split("/")[0] for r in rows if r["kind"] == "partition" and r["label"].endswith(day["label"].split("/")[1])]
    assert chain == ["curated", "processed", "raw", "landing"]
    jobs = {(r["label"], r["state"]) for r in rows if r["kind"] == "execution" and not r["label"].startswith("evidence-")}
    assert jobs == {
        ("features", "unknown"), ("clean", "unknown"), ("ingest", "unknown")}  # those of the demo's first days are not kept
    one = json.loads(demo("describe", run["ref"], "-o", "json").stdout)[0]
    assert one["label"] == "lgb-7 fresh" and one["parent"] == run["parent"]


def test_all_names_of_a_thing_have_one_tree(demo):
    labels = [[r["label"] for r in tree(demo, what)] for what in ("cancer/4", "registry:versions/cancer%2F4")]
    assert labels[0] == labels[1]
    run = next(r for r in tree(demo, "cancer/4") if r["kind"] == "run")["target"]
    assert run.startswith("registry:runs/")
    runs = [[r["label"] for r in tree(demo, what)] for what in (run, run.split("/")[1], "runs:/" + run.split("/")[1])]
    assert runs[0] == runs[1] == runs[2] and runs[0][:2] == ["lgb-7 fresh", "cancer/4"]
    assert "no run has the id nosuch" in tree(demo, "nosuch", code=1)
    assert "cancer/99" in tree(demo, "cancer/99", code=1)
    assert "write MODEL/VERSION, a run's id, or ZONE/PARTITION" in tree(demo, "a/b/c", code=2)


def test_a_name_that_two_registries_have(demo):
    top = demo.store.parent
    conf, was = top / "sluice.yaml", (top / "sluice.yaml").read_text()
    line = next(x for x in was.splitlines() if x.startswith("  registry:"))
    shutil.copy(demo.store, top / "other.db")
    conf.write_text(was.replace(line, line + "\n" + line.replace("registry:", "other:").replace("mlflow.db", "other.db")))
    try:
        said = tree(demo, "cancer/4", code=2)
        assert said.count("\n") == 1 and "both have cancer/4: name one, as " in said
        for conn in ("registry", "other"):
            ref = f"{conn}:versions/cancer%2F4"
            assert ref in said and tree(demo, ref)[0]["target"] == ref
    finally:
        conf.write_text(was)
        (top / "other.db").unlink()


def test_what_hangs_on_a_partition(demo):
    day = next(r for r in tree(demo, "cancer/4") if r["kind"] == "partition")["label"].split("/")[1]
    rows = tree(demo, f"raw/{day}")
    assert [r["label"] for r in rows[:3]] == [f"raw/{day}", f"processed/{day}", f"curated/{day}"]
    assert {r["relation"] for r in rows[1:3]} == {"made into"}
    assert ("lgb-7 fresh", "read by") in {(r["label"], r["relation"]) for r in rows if r["kind"] == "run"}
    assert {(r["label"], r["relation"]) for r in rows if r["kind"] == "version"} == {(f"cancer/{i}", "became") for i in (4, 5, 6)}
    held = tree(demo, "holdout/cancer.parquet")  # of no day: every run of cancer was judged by it
    versions = {r["label"]: r["detail"] for r in held if r["kind"] == "version"}
    assert set(versions) == {f"cancer/{i}" for i in range(1, 7)} and versions["cancer/3"].startswith("champion")
    assert tree(demo, f"lake:raw/{day}") and tree(demo, f"local:partitions/raw%2F{day.replace('=', '%3D')}")


# ---- files that are not those any more ----

@pytest.fixture(scope="module")
def promoted(demo_maker):
    ask = demo_maker()
    ask("run", "evidence-cancer", "-p", "version=4")
    ask("--as", "lead", "approve", "cancer/4", "--comment", "better", "--expect", "champion=3", "--no-input")
    run = version(ask, 4)["source"].removeprefix("models:/")
    return ask, next((ask.store.parent / "artifacts").glob(f"cancer/models/{run}/artifacts"))


def test_executions_of_ours(promoted):
    ask, _ = promoted
    ran = next(e for e in json.loads(ask("get", "executions", "-o", "json").stdout) if e["job"] == "features")
    day = ran["params"][0]
    rows = tree(ask, f"curated/{day}")
    by = [r for r in rows if r["kind"] == "execution"]
    assert [r["label"].rsplit("-", 1)[0] for r in by] == ["features", "clean", "ingest"] and {r["state"] for r in by} == {"ok"}
    assert by[0]["target"] == f"local:executions/{ran['id']}" and day in by[0]["detail"] and by[0]["known"] == "our records"
    down = tree(ask, f"raw/{day}")
    assert [(r["relation"], r["detail"].split(",")[0].rsplit("-", 1)[0]) for r in down[1:3]] == [
        ("made into", "by clean"), ("made into", "by features")]
    rows = tree(ask, "cancer/4")
    proof = [r for r in rows if r["kind"] == "evidence"]
    assert [r["label"] for r in proof] == ["drift", "rescore"] and "max_abs_diff 0" in proof[1]["detail"]
    assert [r["target"] for r in below(rows, proof[0]) if r["kind"] == "execution"] == ["local:executions/evidence-cancer-1"]
    assert {(r["detail"].split(",")[0], len(r["digest"])) for r in below(rows, proof[0]) if r["kind"] == "data"} == {
        ("baseline", 64), ("current", 64)}


def version(ask, n):
    return next(v for v in json.loads(ask("get", "versions", "cancer", "-o", "json").stdout) if v["version"] == n)


def files_of(ask):
    return [f for f in json.loads(ask("get", "findings", "-o", "json").stdout) if f["kind"].startswith("files ")]


def test_files_are_those_that_were_decided_about(promoted):
    ask, _ = promoted
    now = version(ask, 4)
    assert now["artifact"] == "ok" and now["digest_from"] == "files" and "the files that lead decided about" in now["artifact_why"]
    stated = json.loads(now["tags.approval.statement"])["statement"]["digest"]
    assert stated == now["digest"] and not files_of(ask)
    other = version(ask, 3)
    assert len(other["digest"]) == 64 and other["artifact"] is None  # it is there; what it was is recorded nowhere


def test_files_that_changed_in_production_are_raised(promoted):
    ask, folder = promoted
    before = (folder / "model.lgb").read_bytes()
    try:
        (folder / "model.lgb").write_bytes(before.replace(b"tree", b"eert", 1))
        [found] = files_of(ask)
        assert found["kind"] == "files changed in production" and found["severity"] == "failed"
        assert "cancer champion is version 4: not the files that lead decided about" in found["summary"]
        run = ask("--as", "lead", "approve", "cancer/4", "--comment", "again", "--expect", "champion=4", "--no-input", code=4)
        assert "not the files that lead decided about" in run.stderr
        row = next(r for r in tree(ask, "cancer/4") if r["kind"] == "files")
        assert row["state"] == "changed" and row["digest"] == version(ask, 4)["digest"]
    finally:
        (folder / "model.lgb").write_bytes(before)
    assert not files_of(ask) and version(ask, 4)["artifact"] == "ok"


def test_files_that_are_gone_are_raised(promoted):
    ask, folder = promoted
    away = folder.with_name("away")
    shutil.move(folder, away)
    try:
        [found] = files_of(ask)
        assert found["kind"] == "files missing in production" and "its files are gone" in found["summary"]
        gone = version(ask, 4)
        assert gone["artifact"] == "missing" and gone["digest_from"] == "statement" and len(gone["digest"]) == 64
    finally:
        shutil.move(away, folder)
    assert not files_of(ask)


def test_data_that_changed_since_it_was_read(promoted):
    ask, _ = promoted
    lake = ask.store.parent / "lake"
    [*_, row] = [r for r in tree(ask, "cancer/4") if r["kind"] == "data" and "training" in r["detail"]]
    path = lake / row["detail"].split("lake:")[1]
    path.write_bytes(path.read_bytes())  # the same bytes: but nobody knows that from the outside
    again = {r["label"]: r for r in tree(ask, "cancer/4") if r["kind"] == "data"}
    assert again[row["label"]]["state"] == "changed" and "after it was read" in again[row["label"]]["detail"]
    path.unlink()
    gone = {r["label"]: r for r in tree(ask, "cancer/4")}
    assert gone[row["label"]]["state"] == "missing" and "nothing lies there" in gone[row["label"]]["detail"]
