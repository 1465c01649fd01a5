"""`sluice drift --by partition` and `--model`: drift over time, what persists, and drift of predictions."""
import csv
import json
import random

import pytest

HERE = "sluice drift --baseline old.csv --current days --by partition"


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*columns.values()))


def day(draw, n=200, shift=0.0, ward="nnnss"):
    return {"x": [draw.gauss(5 + shift, 1) for _ in range(n)], "y": [draw.gauss(5, 1) for _ in range(n)],
            "ward": [{"n": "north", "s": "south", "e": "east"}[ward[i % len(ward)]] for i in range(n)]}


SHIFTS = [0, 3, 0, 0, 3, 3, 0, 3]


@pytest.fixture
def days(sluice):
    draw = random.Random(7)
    write(sluice.cwd / "old.csv", **day(draw, 800))
    for i, shift in enumerate(SHIFTS):
        write(sluice.cwd / f"days/dt=2026-11-{10 + i}/part.csv", **day(draw, shift=shift))
    return sluice


def history(sluice, *args, code=0, baseline="old.csv", current="days"):
    rows = sluice.json("drift", "--baseline", baseline, "--current", current, "--by", "partition", *args, code=code)
    return [r for r in rows if r["feature"]], [r for r in rows if not r["feature"]]


def strip(rows, feature, key="drifted"):
    return [r[key] for r in rows if r["feature"] == feature]


def test_each_partition_is_compared(days):
    rows, none = history(days)
    assert not none
    assert strip(rows, "x", "partition") == [f"dt=2026-11-{10 + i}" for i in range(8)]
    assert strip(rows, "x") == [s > 0 for s in SHIFTS]
    assert strip(rows, "x", "back") == list(range(7, -1, -1)) and set(strip(rows, "x", "rows")) == {200}


def test_the_same_as_comparing_each_alone(days):
    """One baseline read once, and values kept of it, change no digit; whatever the profile keeps of the baseline."""
    tests = "auto,psi,js,ks,linf_robust,chi2@scipy"
    for profile in ("evidently", "nannyml", "monitor", "deequ"):
        rows, _ = history(days, "--profile", profile, "--tests", tests, "--last", "3", code=None)
        alone = {}
        for name in ("dt=2026-11-15", "dt=2026-11-16", "dt=2026-11-17"):
            run = days("drift", "--baseline", "old.csv", "--current", f"days/{name}/part.csv", "--profile", profile, "--tests", tests,
                       "-o", "json", code=None)
            for r in json.loads(run.text):
                alone[name, r["feature"], r["test"], r["definition"]] = [r["statistic"], r["p_value"], r["threshold"], r["drifted"],
                                                                         r["n_current"], r["missing_current"], r["chosen"]]
        mine = {(r["partition"], r["feature"], r["test"], r["definition"]):
                [r[k] for k in ("statistic", "p_value", "threshold", "drifted", "n_current", "missing_current", "chosen")] for r in rows}
        assert mine == alone and len(mine) >= 9


def test_persistence(days):
    """x drifted on days 1, 4, 5 and 7: an alarm is M of the last N, this one among them."""
    rows, _ = history(days, "--persist", "2/3")
    assert strip(rows, "x", "recent") == [0, 1, 1, 1, 1, 2, 2, 2]
    assert strip(rows, "x", "of") == [1, 2, 3, 3, 3, 3, 3, 3]
    assert strip(rows, "x", "alarm") == [False, False, False, False, False, True, False, True]
    assert strip(rows, "x", "since") == [None, "dt=2026-11-11", None, None, "dt=2026-11-14", "dt=2026-11-14", None, "dt=2026-11-17"]
    rows, _ = history(days, "--persist", "3/3")
    assert not any(strip(rows, "x", "alarm"))
    rows, _ = history(days, "--persist", "1/1")
    assert strip(rows, "x", "alarm") == [s > 0 for s in SHIFTS]


def test_verdict_is_of_what_persists(days):
    """One feature of three: no drift by Evidently's share of a half, drift by Model Monitor's rule; not for 3 of 3."""
    said = days(*HERE.split()[1:]).notes
    assert "no drift: 1 of 3 features drifted in 2 of the last 3 partitions or more (x 2 of 3, since dt=2026-11-17)" in said
    assert "share 0.333 < 0.5, by Evidently's rule" in said
    days(*HERE.split()[1:], "--profile", "monitor", code=4)
    days(*HERE.split()[1:], "--fail-share", "0.3", code=4)
    said = days(*HERE.split()[1:], "--profile", "monitor", "--persist", "3/3").notes
    assert "no drift: 0 of 3 features" in said and "1 more only lately, in dt=2026-11-17" in said


def test_last_and_mistakes(days):
    rows, _ = history(days, "--last", "2")
    assert strip(rows, "x", "partition") == ["dt=2026-11-16", "dt=2026-11-17"]
    for args, why in ((["--persist", "4/3"], "--persist 4/3"), (["--persist", "2"], "M/N"), (["--persist", "0/3"], "M/N"),
                      (["--last", "0"], "--last 0"), (["--tests", "nope"], "no test nope")):
        assert why in days(*HERE.split()[1:], *args, code=2).notes
    assert "--by is one of" in days("drift", "--baseline", "old.csv", "--current", "days", "--by", "hour", code=2).notes
    assert "--by partition" in days("drift", "--baseline", "old.csv", "--current", "old.csv", "--persist", "2/3", code=2).notes
    assert "one data set" in days("drift", "--baseline", "old.csv", "--current", "sql:select 1 as x", "--by", "partition", code=2).notes
    (days.cwd / "nothing").mkdir()
    assert "no partitions" in days("drift", "--baseline", "old.csv", "--current", "nothing", "--by", "partition", code=1).notes
    assert "baseline" in days("drift", "--baseline", "gone.csv", "--current", "days", "--by", "partition", code=1).notes


def test_what_cannot_be_read_is_a_row_and_the_rest_goes_on(days):
    """A damaged day, one without rows and an empty folder: rows of their own; the answer is a part where a day could not be found."""
    (days.cwd / "days/dt=2026-11-12/part.csv").write_text("x,y,ward\n")
    (days.cwd / "days/dt=2026-11-13/part.csv").unlink()
    (days.cwd / "days/dt=2026-11-13/part.parquet").write_bytes(b"PAR1" + bytes(range(200)) * 3 + b"PAR1")
    rows, none = history(days)
    assert {r["partition"]: r["test"] for r in none} == {"dt=2026-11-12": "unread", "dt=2026-11-13": "unread"}
    assert all(r["note"] for r in none)
    assert len(strip(rows, "x")) == 6 and strip(rows, "x", "of")[-1] == 3
    assert "2 of 8 partitions missing or unreadable" in days(*HERE.split()[1:]).notes
    (days.cwd / "days/dt=2026-11-14/part.csv").unlink()
    run = days(*HERE.split()[1:], code=5)
    assert "some partitions cannot be read" in run.notes


def test_columns_that_come_and_go(days):
    draw = random.Random(3)
    part = day(draw)
    del part["y"]
    write(days.cwd / "days/dt=2026-11-16/part.csv", **part, extra=[1] * 200)
    rows, _ = history(days, "--last", "3")
    by = {(r["partition"], r["feature"]): r for r in rows}
    assert by["dt=2026-11-16", "y"]["note"] == "gone" and by["dt=2026-11-16", "y"]["drifted"]
    assert by["dt=2026-11-16", "extra"]["note"] == "new" and ("dt=2026-11-17", "extra") not in by


def test_from_a_stored_baseline(days):
    days("drift", "--partial", "--current", "old.csv", "--output", "old.sketch")
    rows, none = history(days, "--tests", "z,chi2", code=0)
    kept, _ = history(days, "--tests", "z,chi2", baseline="old.sketch")
    key = lambda r: (r["feature"], r["back"])
    strips = [[[r[k] for k in ("partition", "test", "statistic", "drifted", "recent", "alarm", "since", "rows")]
               for r in sorted(some, key=key) if r["feature"] == "ward"] for some in (rows, kept)]
    assert strips[0] == strips[1] and len(strips[0]) == 16 and not none


def test_zones_know_what_is_missing(days, tmp_path):
    (days.cwd / "sluice.yaml").write_text(
        'connections:\n  local: {type: local}\nlake:\n  zones:\n    - {name: raw, uri: "days/", layout: "dt=%Y-%m-%d"}\n')
    for f in (days.cwd / "days/dt=2026-11-15").iterdir():
        f.unlink()
    (days.cwd / "days/dt=2026-11-15").rmdir()
    rows, none = history(days, "-w", ".", current="lake:raw/")
    assert [(r["partition"], r["test"], r["rows"]) for r in none] == [("dt=2026-11-15", "missing", None)]
    assert strip(rows, "x", "partition")[-2:] == ["dt=2026-11-16", "dt=2026-11-17"]
    again = days.json("-w", ".", "get", "drift_history", "old.csv lake:raw/ last=2")
    assert {r["partition"] for r in again} == {"dt=2026-11-16", "dt=2026-11-17"}


def test_a_gap_in_the_listing_is_never_an_older_day(days):
    """Behind a link that leads out of the zone a newer day may lie: nothing takes the one before for the newest."""
    (days.cwd / "sluice.yaml").write_text(
        'connections:\n  local: {type: local}\nlake:\n  zones:\n    - {name: raw, uri: "days/", layout: "dt=%Y-%m-%d"}\n')
    newest = days.json("-w", ".", "sql", "select count(*) as n from 'lake:raw/@newest'")
    assert newest[0]["n"] == 200
    (days.cwd / "days/dt=2026-11-18").symlink_to("/")
    for args in (("ls", "lake:raw/@newest"), ("profile", "lake:raw/@newest/part.csv"), ("cat", "lake:raw/@newest/part.csv"),
                 ("drift", "--baseline", "old.csv", "--current", "lake:raw/@newest")):
        run = days("-w", ".", *args, code=1)
        assert "which partition is the newest is not known" in run.notes and "dt=2026-11-18" in run.notes and not run.text, run.notes
    run = days("-w", ".", "drift", "--baseline", "old.csv", "--current", "lake:raw/", "--by", "partition", code=5)
    assert "not all partitions could be listed" in run.notes, run.notes


def test_hostile_names(days):
    name = "dt=\x1b[31m'\"%s"
    write(days.cwd / "days" / name / "part.csv", **day(random.Random(1)))
    rows, none = history(days)
    assert name in {r["partition"] for r in rows + none}, none
    table = days(*HERE.split()[1:]).text
    assert "\x1b" not in table


def test_report(days):
    days(*HERE.split()[1:], "--report", "r.html")
    page = (days.cwd / "r.html").read_text()
    assert "2 of 3, alarm" in page and "<svg" in page and "dt=2026-11-17" in page
    days(*HERE.split()[1:], "--report", "r.md")
    assert "--by partition" in (days.cwd / "r.md").read_text()


# ---- predictions ----

@pytest.fixture
def model(days):
    """A logistic model of one feature, written by hand as XGBoost's gblinear would be: probability rises with x."""
    booster = {"version": [2, 1, 0], "learner": {
        "attributes": {}, "feature_names": ["x"], "feature_types": ["float"],
        "gradient_booster": {"name": "gblinear", "model": {"param": {"num_feature": "1", "num_output_group": "1"}, "weights": [1.0, -5.0],
                                                           "boosted_rounds": 1}},
        "learner_model_param": {"base_score": "5E-1", "boost_from_average": "1", "num_class": "0", "num_feature": "1", "num_target": "1"},
        "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}}}}
    (days.cwd / "m.json").write_text(json.dumps(booster))
    return days


def test_predictions_drift(model):
    rows = model.json("drift", "--model", "m.json", "--baseline", "old.csv", "--current", "days/dt=2026-11-17/part.csv", code=4)
    by = {(r["feature"], r["chosen"]): r for r in rows}
    assert {r["feature"] for r in rows} == {"prediction", "probability_1"}
    assert by["prediction", True]["kind"] == "categorical" and by["prediction", True]["drifted"]
    assert by["probability_1", True]["kind"] == "numeric" and by["probability_1", True]["drifted"]
    model.json("drift", "--model", "m.json", "--baseline", "old.csv", "--current", "days/dt=2026-11-16/part.csv")


def test_predictions_are_those_of_score(model):
    """The same figures as drift over what `score` wrote down, to the bit."""
    for name, data in (("a", "old.csv"), ("b", "days/dt=2026-11-17/part.csv")):
        model("score", "--model", "m.json", "--data", data, "--output", "probability", "--out", f"{name}.parquet")
    direct = model.json("drift", "--model", "m.json", "--baseline", "old.csv", "--current", "days/dt=2026-11-17/part.csv", "--tests",
                        "ks,psi,wasserstein", code=4)
    written = model.json("drift", "--baseline", "sql:select prediction from 'a.parquet'", "--current",
                         "sql:select prediction from 'b.parquet'", "--tests", "ks,psi,wasserstein", code=4)
    mine = {r["test"]: (r["statistic"], r["p_value"]) for r in direct if r["feature"] == "probability_1"}
    assert mine == {r["test"]: (r["statistic"], r["p_value"]) for r in written} and len(mine) == 3


def test_predictions_over_time(model):
    rows, _ = history(model, "--model", "m.json", "--persist", "2/3", code=4)
    assert strip(rows, "probability_1") == [s > 0 for s in SHIFTS] and strip(rows, "prediction", "alarm")[-1]
    left = [p for p in model.cwd.rglob("predictions*.parquet")]
    assert not left


def test_predictions_refused(model):
    assert "no column x" in model("drift", "--model", "m.json", "--baseline", "sql:select 1.5 as z", "--current", "old.csv", code=1).notes
    assert "not re-scored" in model("drift", "--model", "old.csv", "--baseline", "old.csv", "--current", "old.csv", code=1).notes
    (model.cwd / "statistics.json").write_text("{}")
    assert "not over files of other tools" in model("drift", "--model", "m.json", "--baseline", "statistics.json", "--current", "old.csv",
                                                    code=2).notes
