"""Model Monitor's files, as its documents and published examples have them: what `sluice profile` and `sluice drift` make of them.

The container cannot be had. Its sketches and distances are Deequ's: test_deequ.py compares them.
"""
import json
import math
import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))


def sluice(folder, *args):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
    os.chmod(folder, 0o700)
    run = subprocess.run([PROGRAM, *args, "-o", "json"], cwd=folder, capture_output=True, env=env, timeout=120)
    return run, json.loads(run.stdout) if run.stdout else None


def numbers(values, missing=0, sketch=True):
    n, low, high = len(values), min(values), max(values)
    edges = [low + (high - low) * i / 10 for i in range(11)]
    buckets = [{"lower_bound": a, "upper_bound": b, "count": float(sum(a <= v < b or (b == high == v) for v in values))}
               for a, b in zip(edges, edges[1:])]
    kll = {"buckets": buckets, **({"sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [values]}} if sketch else {})}
    mean = sum(values) / n
    return {"common": {"num_present": n, "num_missing": missing}, "mean": mean, "sum": sum(values), "min": low, "max": high,
            "std_dev": math.sqrt(sum((v - mean) ** 2 for v in values) / n), "distribution": {"kll": kll}}


def texts(values, missing=0):
    buckets = [{"value": v, "count": n} for v, n in Counter(values).items()]
    return {"common": {"num_present": len(values), "num_missing": missing}, "distinct_count": float(len(buckets)),
            "distribution": {"categorical": {"buckets": buckets}}}


def statistics(folder, features, rows, constraints=None):
    folder.mkdir(exist_ok=True)
    kinds = {"Fractional": "numerical_statistics", "Integral": "numerical_statistics", "String": "string_statistics"}
    body = {"version": 0.0, "dataset": {"item_count": rows},
            "features": [{"name": n, "inferred_type": t, kinds[t]: s} for n, t, s in features]}
    (folder / "statistics.json").write_text(json.dumps(body))
    if constraints:
        (folder / "constraints.json").write_text(json.dumps({"version": 0.0, **constraints}))
    return folder / "statistics.json"


def by_test(rows):
    return {(r["feature"], r["test"]): r for r in rows}


def linf(a, b):
    points = sorted(set(a) | set(b))
    return max(abs(sum(v <= p for v in a) / len(a) - sum(v <= p for v in b) / len(b)) for p in points)


@pytest.fixture
def drawn():
    draw = random.Random(7)
    return [draw.gauss(0, 1) for _ in range(300)], [draw.gauss(0.5, 1) for _ in range(200)], draw


def test_profile(tmp_path, drawn):
    x, _, _ = drawn
    file = statistics(tmp_path / "b", [("x", "Fractional", numbers(x, missing=3)), ("c", "String", texts(["a", "b", "a"]))], 303)
    run, rows = sluice(tmp_path, "profile", str(file))
    assert run.returncode == 0 and [(r["name"], r["type"], r["nulls"]) for r in rows] == [("x", "Fractional", 3), ("c", "String", 0)]
    assert rows[0]["mean"] == sum(x) / 300 and float(rows[0]["min"]) == min(x) and rows[1]["distinct"] == 2
    assert sum(map(int, rows[0]["histogram"])) == 300 and min(x) < rows[0]["q25"] < rows[0]["q50"] < rows[0]["q75"] < max(x)


def test_drift_with_constraints_of_the_file(tmp_path, drawn):
    x, y, draw = drawn
    c = [draw.choice("aab") for _ in x]
    features = [{"name": "x", "inferred_type": "Fractional", "completeness": 1.0, "num_constraints": {"is_non_negative": False}},
                {"name": "c", "inferred_type": "String", "completeness": 0.9, "string_constraints": {"domains": ["a", "b"]}},
                {"name": "gone", "inferred_type": "Integral", "completeness": 1.0}]
    config = {"evaluate_constraints": "Enabled", "emit_metrics": "Enabled", "datatype_check_threshold": 1.0,
              "domain_content_threshold": 0.9,
              "distribution_constraints": {"perform_comparison": "Enabled", "comparison_threshold": 0.15, "comparison_method": "Simple",
                                           "categorical_comparison_threshold": 0.1, "categorical_drift_method": "LInfinity"}}
    statistics(tmp_path / "b", [("x", "Fractional", numbers(x)), ("c", "String", texts(c))], 300,
               {"features": features, "monitoring_config": config})
    now = [draw.choice("abz" if i < 60 else "ab") for i in range(len(y))]
    (tmp_path / "now.csv").write_text("x,c,more\n" + "".join(f"{'' if i == 9 else repr(v)},{now[i]},1\n" for i, v in enumerate(y)))
    run, rows = sluice(tmp_path, "drift", "--baseline", "b/statistics.json", "--current", "now.csv", "--tests", "auto,linf_robust")
    assert run.returncode == 4, run.stderr
    row, kept = by_test(rows), y[:9] + y[10:]
    want = linf(x, kept)
    assert abs(row["x", "linf"]["statistic"] - want) < 1e-12 and row["x", "linf"]["threshold"] == 0.15
    assert row["x", "linf"]["drifted"] == (want > 0.15) and row["x", "linf"]["definition"] == "monitor"
    n, m = len(x), len(kept)
    assert abs(row["x", "linf_robust"]["statistic"] - max(0, want - 1.8 * math.sqrt((n + m) / (n * m)))) < 1e-12
    assert row["x", "completeness_check"]["statistic"] == 199 / 200 and row["x", "completeness_check"]["drifted"] is True
    shares = [abs(c.count(v) / len(c) - now.count(v) / len(now)) for v in "abz"]
    assert abs(row["c", "linf"]["statistic"] - max(shares)) < 1e-12
    inside = sum(v in "ab" for v in now) / len(now)
    assert row["c", "categorical_values_check"]["statistic"] == inside and row["c", "categorical_values_check"]["drifted"] == (inside < 0.9)
    assert row["gone", "missing_column_check"]["drifted"] and row["more", "extra_column_check"]["drifted"]


def test_equal_items_count_once_and_it_is_said(tmp_path):
    statistics(tmp_path / "b", [("i", "Integral", numbers([1.0, 1.0, 1.0, 2.0] * 100))], 400)
    (tmp_path / "now.csv").write_text("i\n" + "1\n2\n2\n2\n" * 100)
    run, rows = sluice(tmp_path, "drift", "--baseline", "b/statistics.json", "--current", "now.csv")
    row = by_test(rows)["i", "linf_robust"]
    assert run.returncode == 0 and row["statistic"] == 0 and "counted fully: 0.37" in row["note"] and "(drift)" in row["note"]


def test_two_files_and_files_without_sketches(tmp_path, drawn):
    x, y, _ = drawn
    statistics(tmp_path / "a", [("x", "Fractional", numbers(x, sketch=False))], 300)
    statistics(tmp_path / "b", [("x", "Fractional", numbers(y))], 200)
    run, rows = sluice(tmp_path, "drift", "--baseline", "a/statistics.json", "--current", "b/statistics.json", "--tests", "linf")
    row = by_test(rows)["x", "linf"]
    assert run.returncode in (0, 4) and abs(row["statistic"] - linf(x, y)) < 0.1 and "10 buckets" in row["note"]


def test_violations(tmp_path):
    words = [("store_and_fwd_flag", "categorical_values_check", "Value: 0.009009009009009009 does not meet the constraint requirement! "),
             ("b", "data_type_check", "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
              "Observed: Only 50.0% of data is Integral."),
             ("f", "baseline_drift_check", "Baseline drift distance: 0.4 exceeds threshold: 0.1")]
    body = {"violations": [dict(zip(("feature_name", "constraint_check_type", "description"), w)) for w in words]}
    (tmp_path / "constraint_violations.json").write_text(json.dumps(body))
    run, rows = sluice(tmp_path, "drift", "--current", "constraint_violations.json")
    assert run.returncode == 4
    assert [(r["feature"], r["test"], r["statistic"], r["threshold"], r["drifted"], r["note"]) for r in rows] == [
        (words[0][0], words[0][1], 0.009009009009009009, None, True, words[0][2]), (words[1][0], words[1][1], 0.5, 1, True, words[1][2]),
        (words[2][0], words[2][1], 0.4, 0.1, True, words[2][2])]
    (tmp_path / "constraint_violations.json").write_text('{"violations": []}')
    run, rows = sluice(tmp_path, "drift", "--current", "constraint_violations.json")
    assert run.returncode == 0 and rows == []


@pytest.mark.parametrize("text, words", [
    ('{"features": [{"name": "x", "inferred_type": "Frac"}]}', "statistics.json: features[0].inferred_type: Frac: not known here"),
    ('{"binary_classification_metrics": {}}', "statistics.json: binary_classification_metrics: a file of model quality"),
    ('{"features": [', "statistics.json: JSON 1:15"), ("", "statistics.json: ")])
def test_refused_in_one_line(tmp_path, text, words):
    (tmp_path / "statistics.json").write_text(text)
    (tmp_path / "now.csv").write_text("x\n1\n")
    for args in (["profile", "statistics.json"], ["drift", "--baseline", "statistics.json", "--current", "now.csv"]):
        run, _ = sluice(tmp_path, *args)
        assert run.returncode == 1 and words in run.stderr.decode() and run.stderr.count(b"\n") == 1, run.stderr


def folder_of(tmp_path, draw, n):
    """n rows: a number with holes and an infinity, whole numbers, texts that are numbers, texts, nothing."""
    x = [draw.gauss(0, 3) for _ in range(n)]
    lines = ["x,i,t,c,e"]
    for k, v in enumerate(x):
        lines.append(f"{'' if k % 50 == 7 else 'inf' if k == 5 else repr(v)},{k % 4 - 1},{k}.5,{draw.choice('abc')},")
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    return [v for k, v in enumerate(x) if k % 50 != 7 and k != 5]


def test_written(tmp_path, drawn):
    kept = folder_of(tmp_path, drawn[2], 400)
    for name in ("statistics.json", "constraints.json"):
        run, _ = sluice(tmp_path, "profile", "data.csv", "--out", name)
        assert run.returncode == 0 and not run.stdout and b"wrote file://" in run.stderr, run.stderr
    made = json.loads((tmp_path / "statistics.json").read_text())
    assert '"version": 0.0' in (tmp_path / "statistics.json").read_text() and made["dataset"] == {"item_count": 400}
    f = {f["name"]: f for f in made["features"]}
    assert [(n, f[n]["inferred_type"]) for n in f] == [("x", "Fractional"), ("i", "Integral"), ("t", "Fractional"), ("c", "String"),
                                                       ("e", "Unknown")]
    x = f["x"]["numerical_statistics"]
    assert x["common"] == {"num_present": 392, "num_missing": 8} and (x["min"], x["max"]) == (min(kept), max(kept))
    mean = math.fsum(kept) / len(kept)
    assert abs(x["mean"] - mean) < 1e-12 and abs(x["sum"] - math.fsum(kept)) < 1e-9
    assert abs(x["std_dev"] - math.sqrt(math.fsum((v - mean) ** 2 for v in kept) / len(kept))) < 1e-12
    kll = x["distribution"]["kll"]
    assert sorted(kll["sketch"]["data"][0]) == sorted(kept) and kll["sketch"]["parameters"] == {"c": 0.64, "k": 2048.0}
    assert [b["count"] for b in kll["buckets"]] == [b["count"] for b in numbers(kept)["distribution"]["kll"]["buckets"]]
    rules = json.loads((tmp_path / "constraints.json").read_text())
    c = {f["name"]: f for f in rules["features"]}
    assert c["x"]["completeness"] == 0.98 and c["i"]["num_constraints"] == {"is_non_negative": False}
    assert sorted(c["c"]["string_constraints"]["domains"]) == ["a", "b", "c"]
    assert rules["monitoring_config"]["distribution_constraints"]["comparison_method"] == "Robust"
    run, rows = sluice(tmp_path, "drift", "--baseline", "statistics.json", "--current", "data.csv", "--out", "constraint_violations.json")
    assert run.returncode == 0 and not any(r["drifted"] for r in rows), "a baseline never violates itself"
    assert json.loads((tmp_path / "constraint_violations.json").read_text()) == {"violations": []}


def test_violations_written_and_read_again(tmp_path, drawn):
    folder_of(tmp_path, drawn[2], 400)
    sluice(tmp_path, "profile", "data.csv", "--out", "statistics.json")
    (tmp_path / "now.csv").write_text("x,i,t,c,z\n" + "".join(f"{9 + k % 7}.25,{k % 3}.5,{k}.5,{'abz'[k % 3]},1\n" for k in range(300)))
    run, rows = sluice(tmp_path, "drift", "--baseline", "statistics.json", "--current", "now.csv", "--out", "constraint_violations.json")
    assert run.returncode == 4
    bad = {(r["feature"], r["test"]) for r in rows if r["drifted"]}
    made = json.loads((tmp_path / "constraint_violations.json").read_text())["violations"]
    said = {(v["feature_name"], v["constraint_check_type"]) for v in made}
    assert ("i", "data_type_check") in said and ("x", "baseline_drift_check") in said and ("c", "categorical_values_check") in said
    assert ("Missing columns", "missing_column_check") in said and ("Extra columns", "extra_column_check") in said
    assert len(said) == len(bad), (said, bad)
    again, rows2 = sluice(tmp_path, "drift", "--current", "constraint_violations.json")
    assert again.returncode == 4 and len(rows2) == len(made)
    value = {(r["feature"], r["test"]): r["statistic"] for r in rows}
    assert all(r["statistic"] == value[r["feature"], r["test"]] for r in rows2 if r["test"] in ("completeness_check", "data_type_check"))


@pytest.mark.parametrize("args, words", [
    (["profile", "now.csv", "--out", "x.csv"], "statistics.json or constraints.json"),
    (["drift", "--baseline", "now.csv", "--current", "now.csv", "--out", "constraint_violations.json"], "against a statistics.json"),
    (["sql", "from statistics('now.csv')"], "--out FILE.json"), (["sql", "from violations('now.csv', 'now.csv')"], "statistics.json")])
def test_misuse(tmp_path, args, words):
    (tmp_path / "now.csv").write_text("x\n1\n")
    run, _ = sluice(tmp_path, *args)
    assert run.returncode == 2 and words in run.stderr.decode() and [p.name for p in tmp_path.glob("*.json")] == [], run.stderr


# ---- Evidently's reports ----

REPORT = """
import sys, warnings
warnings.simplefilter("ignore")
import json, numpy as np, pandas as pd, evidently
from evidently import Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
draw = np.random.default_rng(4)
def data(n, late):
    return pd.DataFrame({"x": draw.normal(late, 1, n), "y": draw.normal(0, 1, n), "c": draw.choice(list("aab" if late else "abc"), n)})
methods = ["anderson", "cramer_von_mises", "mannw", "t_test", "psi", "hellinger", "kl_div", "ed"]
for n in (300, 1200):
    a, b = data(n, 0), data(n, 0.4)
    more = [ValueDrift(column=c, method=m) for c in "xy" for m in methods]
    run = Report([DataDriftPreset(), *more], include_tests=True).run(b, a)
    run.save_json(f"{sys.argv[1]}/report{n}.json")
print(evidently.__version__)
"""


def test_evidently_report(tmp_path):
    python = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps")) / "venv-drift" / "bin" / "python"
    version = subprocess.run([python, "-c", REPORT, tmp_path], check=True, capture_output=True, timeout=250).stdout.decode().strip()
    peer("evidently", version, "real")
    for n in (300, 1200):
        report = json.loads((tmp_path / f"report{n}.json").read_text())
        status = {(t["metric_config"]["params"]["column"], t["metric_config"]["params"]["method"]): t["status"] for t in report["tests"]
                  if t["metric_config"]["params"].get("column")}
        metrics = [m for m in report["metrics"] if m["metric_name"].startswith("ValueDrift")]
        run, rows = sluice(tmp_path, "drift", "--current", f"report{n}.json")
        assert run.returncode == 4 and len(rows) == len(metrics) >= 19, run.stderr
        for m, r in zip(metrics, rows):
            c = m["config"]
            assert (r["feature"], r["threshold"], r["definition"]) == (c["column"], c["threshold"], "evidently")
            assert (r["p_value"] if r["statistic"] is None else r["statistic"]) == m["value"]
            assert r["drifted"] == (status[c["column"], c["method"]] == "FAIL"), (m, r)


@pytest.mark.parametrize("name, want", [
    ("v04", [("x", "ks", None, 1e-9, True), ("y", "psi", 0.01, None, False), ("x", "wasserstein", 0.3, None, True)]),
    ("suite", [("x", "ks", None, 0, True)]),
    ("v07", [("x", "js", 0.3, None, True), ("a,b", "ks", None, 0.01, True), ("z", "none", 0.5, None, None)])])
def test_evidently_layouts(tmp_path, name, want):
    corpus = ROOT / "tests" / "fuzz" / "corpus" / "evidently_read" / name
    (tmp_path / "report.json").write_bytes(corpus.read_bytes())
    _, rows = sluice(tmp_path, "drift", "--current", "report.json")
    assert [(r["feature"], r["test"], r["statistic"], r["p_value"], r["drifted"]) for r in rows] == want


def test_a_report_of_nothing_known(tmp_path):
    (tmp_path / "report.json").write_text('{"metrics": []}')
    run, _ = sluice(tmp_path, "drift", "--current", "report.json")
    assert run.returncode == 1 and b"no report that is known here" in run.stderr
