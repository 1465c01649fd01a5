"""What SageMaker endpoints captured, and ground truth, as JSON lines of the documented form, drawn here: read as columns, joined on
eventId, and judged as the same rows in a CSV file are. What does not fit is refused with file and line."""
import base64
import json

import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

metrics = pytest.importorskip("sklearn.metrics")
lgb = pytest.importorskip("lightgbm")
NAMES = ["age", "ward", "dose"]


@pytest.fixture(scope="module", autouse=True)
def peers():
    import sklearn
    peer("SageMaker data capture", "documented format", "fake")
    peer("scikit-learn", sklearn.__version__, "real")
    peer("lightgbm", lgb.__version__, "real")


def part(text, how):
    if how == "BASE64":
        return {"observedContentType": "text/csv", "mode": "INPUT", "data": base64.b64encode(text.encode()).decode(), "encoding": "BASE64"}
    kind = {"CSV": "text/csv; charset=utf-8", "JSON": "application/json"}[how]
    return {"observedContentType": kind, "mode": "INPUT", "data": text, "encoding": how}


def event(i, given, said, hows=("CSV", "CSV"), **more):
    return {"captureData": {"endpointInput": part(given, hows[0]), "endpointOutput": part(said, hows[1])},
            "eventMetadata": {"eventId": i, "inferenceTime": "2026-11-20T10:00:00Z"}, "eventVersion": "0", **more}


def truth(i, data, how="CSV"):
    return {"groundTruthData": {"data": data, "encoding": how}, "eventMetadata": {"eventId": i}, "eventVersion": "0"}


def put(folder, events, hour=lambda k: k % 3):
    """y/m/d/h, a few files in each."""
    files = {}
    for k, e in enumerate(events):
        files.setdefault(f"2026/11/20/{10 + hour(k)}/part-{k % 2}.jsonl", []).append(e if isinstance(e, str) else json.dumps(e))
    for name, lines in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")


def records(x):
    return "\n".join(",".join("" if pd.isna(v) else str(v) for v in row) for row in x)


@pytest.fixture
def here(sluice):
    """900 rows in 600 events: of every third, three records; the forms take turns."""
    r = np.random.default_rng(4)
    d = pd.DataFrame({"age": r.integers(20, 90, 1000), "ward": r.choice([1.5, 2.25, np.nan, 9], 1000),
                      "dose": r.normal(size=1000).round(6)})
    d["p"], events, truths, at, row = r.random(1000).round(6), [], [], [], 0
    d["y"] = (r.random(1000) < d.p).astype(int)
    for k in range(600):
        n = 3 if k % 4 == 3 else 1
        x, rows = d[NAMES].iloc[row:row + n].values.tolist(), range(row, row + n)
        x = [[int(a), w, c] for a, w, c in x]
        p, how = d.p.iloc[row:row + n].tolist(), ("CSV", "JSON", "BASE64")[k % 3]
        plain = [[None if isinstance(v, float) and np.isnan(v) else v for v in one] for one in x]
        forms = (json.dumps({"instances": plain}), json.dumps({"instances": [{"features": one} for one in plain]}), json.dumps(plain),
                 "\n".join(json.dumps(one) for one in plain))
        given = forms[k // 3 % 4] if how == "JSON" else records(x)
        said = json.dumps({"predictions": [{"score": v} for v in p]}) if k % 2 else "\n".join(map(str, p))
        events.append(event(f"event-{k}", given, said, (how, "CSV")) if not k % 2 else None)
        if events[-1] is None:
            events[-1] = event(f"event-{k}", given, "\n".join(map(str, p)), (how, "BASE64"))
        if k % 10:
            truths.append(truth(f"event-{k}", "\n".join(str(v) for v in d.y.iloc[row:row + n])))
        at += [(i, bool(k % 10)) for i in rows]
        row += n
    put(sluice.cwd / "cap", events)
    put(sluice.cwd / "gt", truths[::-1])
    sluice.d, sluice.joined = d.iloc[[i for i, _ in at]], d.iloc[[i for i, t in at if t]]
    return sluice


def table(sluice, address):
    run = sluice("sql", f"from '{address}'", "-o", "csv")
    from io import StringIO
    return pd.read_csv(StringIO(run.text)), run.notes


def same(got, want):
    a, b = (np.array(sorted(map(tuple, f.fillna(-1).astype(float).values.tolist()))) for f in (got, want))
    assert a.shape == b.shape and (a == b).all()


def test_every_form_is_the_same_rows(here):
    got, said = table(here, f"capture:cap names={','.join(NAMES)}")
    assert list(got) == [*NAMES, "predicted"] and "captured events: 600\n" in said
    same(got, here.d[[*NAMES, "p"]])
    got, _ = table(here, "capture:cap take=all")
    assert list(got) == ["event_id", "inference_time", "_c0", "_c1", "_c2", "predicted"]
    assert got.event_id.nunique() == 600 and set(got.inference_time) == {"2026-11-20T10:00:00Z"}
    assert list(table(here, "capture:cap take=inputs")[0]) == ["_c0", "_c1", "_c2"]
    assert list(table(here, "capture:cap take=outputs")[0]) == ["predicted"]


def test_joined_with_ground_truth(here):
    got, said = table(here, f"capture:cap truth=gt names={','.join(NAMES)}")
    same(got, here.joined[[*NAMES, "p", "y"]].rename(columns={"p": "predicted", "y": "truth"}))
    assert "events: 600; without ground truth: 60 (left out)" in said
    rows = {r["metric"]: r for r in here.json("sql", "from quality('predicted:probability', 'capture:cap truth=gt', label => 'truth')")
            if not r["class"]}
    y, p = here.joined.y, here.joined.p
    assert rows["auc"]["value"] == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-12) and rows["auc"]["n"] == len(y)
    assert rows["log_loss"]["value"] == pytest.approx(metrics.log_loss(y, p), abs=1e-12)
    assert rows["accuracy"]["value"] == metrics.accuracy_score(y, p > 0.5)
    rows = {r["metric"]: r["value"] for r in here.json("sql", "from quality('predicted:number', 'capture:cap truth=gt', label => 'truth')")}
    assert rows["mae"] == pytest.approx(metrics.mean_absolute_error(y, p), abs=1e-12)
    run = here("score", "--model", "predicted:probability", "--data", "capture:cap truth=gt", "--label", "truth", "--slice", "_c1", "-o",
               "json")
    assert {r["slice"] for r in json.loads(run.text) if r["metric"] == "auc"} >= {None, "_c1=1.5", "_c1=2.25", "_c1=9.0", "_c1 is null"}
    assert "auc" in run.notes


def test_a_model_and_drift_over_what_was_captured(here):
    here.d[NAMES].to_csv(here.cwd / "same.csv", index=False)
    x = here.d[NAMES]
    model = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, lgb.Dataset(x, here.d.y), 5)
    model.save_model(here.cwd / "m.txt")
    address = f"capture:cap names={','.join(NAMES)} take=inputs"
    got = [r["prediction"] for r in here.json("score", "--model", "m.txt", "--data", address)]
    assert sorted(got) == sorted(model.predict(x))
    want = here.json("drift", "--baseline", "same.csv", "--current", "same.csv", "--tests", "ks,chi2")
    got = here.json("drift", "--baseline", "same.csv", "--current", address, "--tests", "ks,chi2")
    keys = ("feature", "kind", "test", "statistic", "p_value", "n_baseline", "n_current", "missing_current", "drifted")
    assert [[r[k] for k in keys] for r in got] == [[r[k] for k in keys] for r in want] and len(got) >= 3
    profile = {r["name"]: r for r in here.json("profile", address)}
    assert {k: (v["type"], v["nulls"]) for k, v in profile.items()} == {
        "age": ("BIGINT", 0), "ward": ("DOUBLE", int(here.d.ward.isna().sum())), "dose": ("DOUBLE", 0)}
    here("score", "--partial", "--model", "predicted:probability", "--data", "capture:cap truth=gt", "--label", "truth", "--output",
         "a.partial")
    rows = {r["metric"]: r["value"] for r in here.json("score", "--merge", "a.partial") if not r["class"]}
    assert rows["brier"] == pytest.approx(metrics.brier_score_loss(here.joined.y, here.joined.p), abs=1e-12)


def test_a_probability_of_one_half(sluice):
    """As likely as not is the first class, as argmax has it."""
    (sluice.cwd / "half.csv").write_text("predicted,y\n0.5,0\n0.5,0\n0.75,1\n0.25,0\n")
    rows = sluice.json("sql", "from quality('predicted:probability', 'half.csv', label => 'y')")
    assert next(r["value"] for r in rows if r["metric"] == "accuracy") == 1


def test_names_of_a_baseline(here):
    here.d[["y", *NAMES]].to_csv(here.cwd / "train.csv", index=False)
    here.d[NAMES].to_parquet(here.cwd / "train.parquet")
    here("profile", "sql:select age, ward, dose from 'train.csv'", "--out", "statistics.json")
    for names in ("statistics.json", "train.csv", "train.parquet", ",".join(NAMES)):
        got, _ = table(here, f"capture:cap names={names}")
        assert list(got)[:3] == NAMES, names  # Model Monitor's baseline has the output first
    run = here("sql", "from 'capture:cap names=a,b'", code=None)
    assert run.returncode and "2 names; captured are 3 inputs and 1 outputs" in run.notes


def test_fractions_of_a_baseline(here):
    """Where a baseline has fractions, captured whole numbers are numbers with a point too; its output may stand first."""
    put(here.cwd / "whole", [event(f"e{k}", f"{k},2,3", "1") for k in range(3)])
    rows = "\n".join("1,4,0.5,7" for _ in range(3))
    (here.cwd / "four.csv").write_text(f"y,a,b,c\n{rows}\n")
    (here.cwd / "three.csv").write_text("a,b,c\n" + rows.replace("1,4", "4") + "\n")
    for names in ("four.csv", "three.csv"):
        types = here.json("sql", f"select distinct typeof(a) as a, typeof(b) as b, typeof(c) as c from 'capture:whole names={names}'")
        assert [(t["a"], t["b"], t["c"]) for t in types] == [("BIGINT", "DOUBLE", "BIGINT")], names

def test_the_merged_form(here):
    """As Model Monitor's merge writes them: event and truth in one line; here two scores a record, and names in the data."""
    events = [event(f"e{k}", json.dumps({"b c": k, "a": None if k == 2 else f"t{k}"}), f"0.{k},0.{9 - k}", ("JSON", "CSV"),
                    **({"groundTruthData": {"data": str(k % 2), "encoding": "CSV"}} if k != 4 else {})) for k in range(6)]
    put(here.cwd / "merged", events, lambda k: 0)
    got, said = table(here, "capture:merged")
    assert list(got) == ["b c", "a", "predicted_0", "predicted_1", "truth"] and "without ground truth: 1 (left out)" in said
    assert sorted(got["b c"]) == [0, 1, 2, 3, 5] and got.set_index("b c").a[3] == "t3" and got.a.isna().sum() == 1
    assert got.set_index("b c").predicted_0[3] == 0.3 and got.set_index("b c").truth[5] == 1
    rows = here.json("sql", "from quality('predicted:probability/2=predicted_1', 'capture:merged', label => 'truth')")
    assert next(r["n"] for r in rows if r["metric"] == "accuracy") == 5


def test_repeated_and_superfluous(here):
    events = [event(f"e{k % 5}", f"{k},1,2", f"0.{k}") for k in range(7)]
    put(here.cwd / "twice", events, lambda k: 0)
    put(here.cwd / "gt2", [truth("e1", "1"), truth("e0", "0"), truth("e1", "late"), truth("none", "of nobody")], lambda k: 0)
    got, said = table(here, "capture:twice")
    assert len(got) == 5 and "events: 7; with an eventId that came before: 2 (the first counts)" in said
    got, said = table(here, "capture:twice truth=gt2")
    assert sorted(zip(got._c0, got.truth))[0] == (0, 0) and len(got) == 2
    assert "without ground truth: 3 (left out)" in said and "ground truths without an event: 1" in said
    types = here.json("sql", "select distinct typeof(truth) as t from 'capture:twice truth=gt2'")
    assert types == [{"t": "BIGINT"}]  # neither the later truth nor the one of no event is looked at
    assert "ground truths with an eventId that came before: 1" in said
    put(here.cwd / "gt3", [truth("x", "1")])
    run = here("sql", "from 'capture:twice truth=gt3'", code=None)
    assert run.returncode and "none of 7 captured events has a ground truth" in run.notes


GOOD = event("ok", "1,2,3", "0.5")
HOSTILE = {
    "not json": "not JSON", '{"a": 1}': "no eventMetadata.eventId", "[]": "no eventMetadata.eventId",
    json.dumps({"eventMetadata": {"eventId": "q"}, "captureData": {}}): "no captureData",
    json.dumps(event("q", "1,2", "0.5")): "endpointInput.data: 2 values, others have 3",
    json.dumps(event("q", "1,2,3,4", "0.5")): "endpointInput.data: 4 values, others have 3",
    json.dumps(event("q", "1,2,3", "0.5,0.1")): "endpointOutput.data: 2 values, others have 1",
    json.dumps(event("q", "1,2,3\n4,5,6", "0.5")): "records",
    json.dumps(event("q", '1,"2,3', "0.5")): "quotes that are no CSV",
    json.dumps(event("q", "{", "0.5", ("JSON", "CSV"))): "endpointInput.data: not JSON",
    json.dumps(event("q", '{"a": 1}', "0.5", ("JSON", "CSV"))): "endpointInput.data",
    json.dumps(event("q", "1,2,3", "0.5")).replace('"CSV"', '"PARQUET"', 1): "endpointInput.encoding PARQUET: CSV, JSON or BASE64",
    json.dumps(event("q", "1,2,3", "0.5", ("BASE64", "CSV"))).replace("MSwyLDM=", "!!"): "no BASE64 of a text",
    json.dumps(event("q", "1,2,3", "0.5", ("BASE64", "CSV"))).replace("MSwyLDM=", "/w=="): "no BASE64 of a text",
    json.dumps(event("q", "1,2,3", "0.5", ("BASE64", "CSV"))).replace("text/csv", "image/png", 1): "BASE64 of image/png",
    json.dumps(event("q", "1,2," + "3" * 5_000_000, "0.5")): "Maximum line size",
    '{"a": "\x01"}': "Number of Columns", '"' + "x" * 9_000_000 + '"': "Maximum line size",
}


def test_hostile_lines(here):
    for k, (line, words) in enumerate(HOSTILE.items()):
        folder = here.cwd / f"bad{k}"
        put(folder, [GOOD, {**GOOD, "eventMetadata": {"eventId": "ok2"}}], lambda k: 0)
        bad = folder / "2026/11/20/11/z.jsonl"
        bad.parent.mkdir()
        bad.write_text(json.dumps({**GOOD, "eventMetadata": {"eventId": "ok3"}}) + "\n\n" + line + "\n")
        run = here("sql", f"from 'capture:bad{k}'", code=None)
        errors = [s for s in run.notes.splitlines() if "captured events" not in s]
        assert run.returncode == 1 and run.text == "" and len(errors) == 1, (words, run.notes[:500])
        assert words in errors[0] and ("z.jsonl:3" in errors[0] or "z.jsonl line 3" in errors[0]), errors[0][:500]
    (here.cwd / "endless").mkdir()
    (here.cwd / "endless/a.jsonl").write_text(json.dumps(GOOD) + '\n"' + "x" * 40_000_000)
    assert "a line without an end" in here("sql", "from 'capture:endless'", code=1).notes
    (here.cwd / "latin").mkdir()
    (here.cwd / "latin/a.jsonl").write_bytes(b'{"a": "\xff"}\n')
    assert "a.jsonl line 1" in here("sql", "from 'capture:latin'", code=1).notes


@pytest.mark.parametrize("extra", [False, True], ids=["each once", "some repeated, some without an event"])
def test_more_than_the_memory_holds(sluice, extra):
    """Events and truths of 28 MB as text, in a box whose engine has 100 MB: what is joined is narrow."""
    n, r = 60_000, np.random.default_rng(8)
    events = [event(f"{k:036x}", f"{k},1.5,{k % 7}", f"0.{k % 1000:03}") for k in range(n)]
    truths = [truth(f"{k:036x}", str(k % 2)) for k in r.permutation(n).tolist() if k % 10]
    if extra:
        events += [event(f"{k:036x}", "7,7,7", "0.5") for k in range(0, n, 600)]
        truths += [truth(e["eventMetadata"]["eventId"], "late") for e in events[1:10]]
        truths += [truth(f"none {k}", "late") for k in range(40)]
    for name, lines in (("cap", events), ("gt", truths)):
        (sluice.cwd / name).mkdir()
        (sluice.cwd / name / "a.jsonl").write_text("".join(json.dumps(e) + "\n" for e in lines))
    (sluice.cwd / "small.yaml").write_text("box: {memory: 128MB}\n")
    run = sluice("--config", "small.yaml", "sql", "select count(*) as n, sum(_c0) as k, sum(truth) as t, count(distinct _c0) as d from "
                 "'capture:cap truth=gt'", "-o", "json")
    k = [k for k in range(n) if k % 10]
    assert json.loads(run.text) == [{"n": len(k), "k": sum(k), "t": sum(v % 2 for v in k), "d": len(k)}]
    assert "without ground truth: 6 000 (left out)" in run.notes
    said = ("before: 100 (the first counts)", "before: 9 (the first counts)", "without an event: 40")
    assert all((words in run.notes) == extra for words in said), run.notes


def test_wrong(here):
    for address, words in (("capture:", "needs the folder"), ("capture:cap gt", "it is capture:FOLDER"), ("capture:none", "none"),
                           ("capture:cap truth=none", "none"), ("capture:cap truth=", "it is capture:FOLDER")):
        run = here("sql", f"from '{address}'", code=None)
        assert run.returncode and words in run.notes and run.notes.count("\n") == 1, run.notes
    assert "behind FROM" in here("sql", "describe 'capture:cap'", code=None).notes
    for model in ("predicted:", "predicted:odd", "predicted:class/1", "predicted:number/3", "predicted:number="):
        run = here("score", "--model", model, "--data", "capture:cap", code=None)
        assert run.returncode and "predicted:probability, class or number" in run.notes
    run = here("score", "--model", "predicted:number=absent", "--data", "capture:cap", code=None)
    assert run.returncode and "absent" in run.notes
    (here.cwd / "empty").mkdir()
    (here.cwd / "empty/a.jsonl").write_text("\n\n")
    assert "no event was captured there" in here("sql", "from 'capture:empty'", code=1).notes
