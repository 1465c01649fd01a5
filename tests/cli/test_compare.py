"""sluice compare: runs beside each other, judged by the spread of their repeats, which the test works out for itself."""
import csv
import io
import json
import math
import re
import sqlite3
import statistics
from xml.etree import ElementTree

import pytest


def repeats(store, metric):
    """Pooled standard deviation and degrees of freedom over runs with the same parameters but for the seed."""
    db = sqlite3.connect(store)
    groups = {}
    for run, value in db.execute("SELECT l.run_uuid, l.value FROM latest_metrics l JOIN runs r USING(run_uuid) JOIN experiments e "
                                 "USING(experiment_id) WHERE l.key = ? AND l.is_nan = 0 AND e.name = 'cancer' AND r.status = 'FINISHED' "
                                 "AND r.lifecycle_stage = 'active'", (metric,)):
        params = frozenset(db.execute("SELECT key, value FROM params WHERE run_uuid = ? AND key != 'seed'", (run,)))
        if params:
            groups.setdefault(params, []).append(value)
    squares = sum(statistics.variance(v) * (len(v) - 1) for v in groups.values() if len(v) > 1)
    df = sum(len(v) - 1 for v in groups.values())
    return math.sqrt(squares / df), df


def test_spread_is_that_of_the_repeats(demo):
    rows = {(r["kind"], r["name"]): r for r in json.loads(demo("compare", "lgb-31 seed 1", "lgb-7 seed 1", "xgb-6", "-o", "json").stdout)}
    for metric in ("val_auc", "val_logloss", "train_logloss"):
        spread, df = repeats(demo.store, metric)
        row = rows["metric", metric]
        assert df > 10 and row["spread"] == pytest.approx(spread, rel=1e-9), metric
        for i, run in enumerate(("lgb-7 seed 1", "xgb-6"), 1):
            within = abs(row[run] - row["lgb-31 seed 1"]) <= spread * math.sqrt(2) * 2.1  # t for 19 and more is below 2.1
            sign = row["marks"][i]
            assert (sign in "~=") if within and sign != "-" else sign in "+-~", (metric, run, row)
    assert rows["metric", "train_logloss"]["verdict"] == "worse: xgb-6"
    assert rows["metric", "val_auc"]["verdict"] == "no difference beyond repeats"
    assert rows["param", "num_leaves"] | {"verdict": "differs"} == rows["param", "num_leaves"]
    assert rows["param", "num_leaves"]["xgb-6"] is None
    assert ("param", "rounds") not in rows  # the same in all


def test_all_has_what_is_the_same_too(demo):
    rows = json.loads(demo("compare", "lgb-31 seed 1", "lgb-7 seed 1", "--all", "-o", "json").stdout)
    same = [r for r in rows if r["verdict"] == "same"]
    assert {r["name"] for r in same} >= {"rounds", "model", "experiment"}
    assert list(rows[0]) == ["connection", "kind", "name", "lgb-31 seed 1", "lgb-7 seed 1", "spread", "verdict", "marks", "ref"]


def test_csv_and_table(demo):
    text = demo("compare", "lgb-31 seed 1", "xgb-6", "--filter", "kind = 'param'", "-o", "csv").stdout
    rows = {r["name"]: r for r in csv.DictReader(io.StringIO(text))}
    assert rows["model"]["lgb-31 seed 1"] == "lightgbm" and rows["rounds"]["verdict"] == "same"
    table = demo("compare", "lgb-31 seed 1", "xgb-6").stdout.splitlines()
    assert table[0].split()[:2] == ["KIND", "NAME"] and "marks" not in table[0].lower() and "connection" not in table[0].lower()


def test_the_same_rows_by_get(demo):
    ids = [json.loads(demo("get", "runs", "--filter", f"name = '{n}'", "-o", "json").stdout)[0]["id"] for n in ("lgb-31", "xgb-6")]
    got = json.loads(demo("get", "differences", ",".join(ids), "-o", "json").stdout)
    assert got == json.loads(demo("compare", *ids, "--all", "-o", "json").stdout)


def test_names_that_fit_none_or_several(demo):
    assert "no row of runs has the id or name nothing" in demo("compare", "nothing", "xgb-6", code=1).stderr
    assert "fits 2 rows" in demo("compare", "logit C=0.01", "xgb-6", code=2).stderr
    assert "2 to 500" in demo("compare", "xgb-6", "xgb-6", code=2).stderr
    assert "there is no run" in demo("get", "differences", "xx,yy", code=1).stderr
    demo("get", "differences", code=2)


def test_histories_of_several_runs_and_their_report(demo, tmp_path):
    ids = [json.loads(demo("get", "runs", "--filter", f"name = '{n}'", "-o", "json").stdout)[0]["id"] for n in ("lgb-31", "xgb-6")]
    rows = json.loads(demo("get", "series", ",".join(ids), "--filter", "name = 'val_logloss'", "-o", "json").stdout)
    db = sqlite3.connect(demo.store)
    count = db.execute("SELECT count(*) FROM metrics WHERE key='val_logloss' AND run_uuid IN (?,?)", ids).fetchone()[0]
    assert len(rows) == count > 20 and {r["labels.run"] for r in rows} == set(ids)
    svg = tmp_path / "curves.svg"
    demo("compare", *ids, "--report", str(svg))
    text = svg.read_text()
    ElementTree.fromstring(text)
    assert "val_logloss" in text and ">lgb-31<" in text and text.count("stroke-width=\"2.2\"") == 1
    assert len(re.findall(r"[ML][0-9.]+ [0-9.]+", text)) > 20
    demo("compare", *ids, "--report", str(svg), "--metric", "train_logloss")
    assert "train_logloss" in svg.read_text()
    assert "ends in .md or .svg" in demo("compare", *ids, "--report", str(tmp_path / "x.pdf"), code=2).stderr
    assert not (tmp_path / "x.pdf").exists()


def test_report_for_people(demo, tmp_path):
    report = tmp_path / "r.md"
    demo("compare", "lgb-31 seed 1", "xgb-6", "--report", str(report))
    text = report.read_text()
    assert text.startswith("# Comparison\n") and "## Metrics" in text and "lgb-31 seed 1 (baseline)" in text
    row = next(line for line in text.splitlines() if line.startswith("| train\\_logloss"))
    assert "▼" in row and row.rstrip().endswith("worse: xgb-6 |")
    heads = [len(line.split("|")) for line in text.split("## Metrics")[1].splitlines() if line.startswith("|")]
    assert len(set(heads)) == 1  # a pipe in a name is no column
