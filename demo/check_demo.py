#!/usr/bin/env python3
"""Is everything that INJECTED.md lists really in the files, and nothing of the machine that made them?

    check_demo.py [FOLDER [LAST_DAY]]     FOLDER: this one, or a copy whose dates were moved to LAST_DAY

Needs duckdb and pyyaml. Prints a line per check; exit 1 when one fails.
"""
import datetime
import glob
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile

import duckdb

import make_demo
import make_manifest
import run_jobs

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = "file:///sluice-demo"
CHECKS = {}


def check(what):
    def add(f):
        CHECKS[what] = f
        return f
    return add


class Demo:
    def __init__(self, root, last_day):
        self.root, self.last_day = root, last_day
        self.moved = root != HERE
        uri = f"file:{root}/mlflow.db?mode=ro&immutable=1"
        self.store = sqlite3.connect(uri, uri=True)

    def day(self, offset):
        return (self.last_day + datetime.timedelta(days=offset)).isoformat()

    def path(self, zone, offset, name="part.parquet"):
        return os.path.join(self.root, "lake", zone, "dt=" + self.day(offset), name)

    def labs(self, offset):
        with open(self.path("landing", offset, "labs.csv")) as f:
            rows = [line.rstrip("\n").split(",") for line in f]
        return rows[0], rows[1:]

    def sql(self, text):
        return duckdb.sql(text).fetchall()

    def rows(self, zone, offset):
        return self.sql(f"select count(*) from '{self.path(zone, offset)}'")[0][0]

    def one(self, text, *args):
        return self.store.execute(text, args).fetchone()

    def tags(self, version, model="cancer"):
        return dict(self.store.execute("select key, value from model_version_tags where name = ? and version = ?",
                                       (model, version)))

    def metric(self, version, key="val_auc"):
        row = self.one("select m.value from model_versions v join latest_metrics m on m.run_uuid = v.run_id "
                       "where v.name = 'cancer' and v.version = ? and m.key = ?", version, key)
        return row[0]

    def model_dir(self, version, model="cancer"):
        source = self.one("select storage_location from model_versions where name = ? and version = ?", model, version)[0]
        return os.path.join(self.root, source[source.index("/artifacts/") + 1:])

    def champion(self, model="cancer"):
        return self.one("select version from registered_model_aliases where name = ? and alias = 'champion'", model)[0]


def steps(demo, folder, job, offset):
    """Run a job's own SQL on a copy, as the demo will; an error is returned, not raised."""
    plan = type("Plan", (), {"LAST_DAY": demo.last_day})
    try:
        run_jobs.run_job(folder, job, plan, offset)
    except duckdb.Error as e:
        return str(e)
    return None


@check("failing job")
def _(demo):
    head, rows = demo.labs(make_demo.BAD_DAY)
    bad = [(i + 1, head[c]) for i, r in enumerate(rows) for c in range(2, 32) if not re.fullmatch(r"-?[0-9.]+", r[c])]
    assert bad == [(214, "mean_area")], bad
    for offset in range(1 - make_demo.DAYS, 1):
        assert (b"N/A" in open(demo.path("landing", offset, "labs.csv"), "rb").read()) == (offset == make_demo.BAD_DAY)


@check("stale zone")
def _(demo):
    """Replays the set-up in a copy: what the jobs leave is what the story says."""
    if demo.moved:
        newest = max(glob.glob(f"{demo.root}/lake/curated/dt=*/part.parquet"))
        assert newest == demo.path("curated", -2), newest
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sluice.yaml", "lake"):
            src = os.path.join(demo.root, name)
            (shutil.copytree if name == "lake" else shutil.copy)(src, os.path.join(folder, name))
        for run in json.load(open(os.path.join(demo.root, "manifest.json")))["run"]:
            error = steps(demo, folder, run["job"], run["day"])
            assert (error is None) == (run["expect"] == "ok"), (run, error)
            assert error is None or ("Line: 215" in error and '"mean_area"' in error and '"N/A"' in error), error
        newest = {z: max(os.listdir(f"{folder}/lake/{z}"))[3:] for z in ("raw", "processed", "curated", "digits", "wine")}
        assert newest == {"raw": demo.day(0), "processed": demo.day(0), "curated": demo.day(-2), "digits": demo.day(-1),
                          "wine": demo.day(-2)}, newest
        assert not os.path.exists(f"{folder}/lake/processed/dt={demo.day(-1)}/part.parquet")
        nulls = duckdb.sql(f"select count(*) - count(mean_area) from '{folder}/lake/raw/dt={demo.day(-1)}/part.parquet'")
        assert nulls.fetchall() == [(1,)]
        rejected = duckdb.sql(f"select count(*) from '{folder}/lake/processed/dt={demo.day(-2)}/part.parquet'").fetchall()
        assert rejected == [(566,)], rejected


@check("missing partition")
def _(demo):
    for offset in range(1 - make_demo.DAYS, 1 - make_demo.RUN_DAYS):
        assert os.path.exists(demo.path("landing", offset, "labs.csv"))
        for zone in ("raw", "processed", "curated"):
            assert os.path.exists(demo.path(zone, offset)) == (offset != make_demo.MISSING_DAY), (zone, offset)


@check("short day")
def _(demo):
    for offset in range(1 - make_demo.DAYS, 1):
        want = 219 if offset == make_demo.SHORT_DAY else 569
        assert len(demo.labs(offset)[1]) == want, offset
        for zone in ("raw", "processed", "curated"):
            if offset < 1 - make_demo.RUN_DAYS and offset != make_demo.MISSING_DAY:
                assert demo.rows(zone, offset) == want, (zone, offset)


@check("rejected rows")
def _(demo):
    for offset in range(1 - make_demo.DAYS, 1):
        head, rows = demo.labs(offset)
        bad = tuple(i + 1 for i, r in enumerate(rows) if float(r[head.index("mean_radius")]) <= 0)
        assert bad == (make_demo.REJECT_ROWS if offset == make_demo.REJECT_DAY else ()), (offset, bad)


def landed(demo, expression, days):
    files = ", ".join(f"'{demo.path('landing', d, 'labs.csv')}'" for d in days)
    return demo.sql(f"select median({expression}) from read_csv([{files}], nullstr = 'N/A', hive_partitioning = false) "
                    "where mean_radius > 0")[0][0]


@check("drift, strong")
def _(demo):
    ratio = "mean_area / (mean_radius * mean_radius)"
    before, after = landed(demo, ratio, range(-20, -3)), landed(demo, ratio, range(-3, 1))
    assert 1.19 < after / before < 1.21, (before, after)
    for d in range(-20, 1):
        assert (landed(demo, ratio, [d]) > 1.1 * before) == (d >= make_demo.DRIFT_FROM), d


@check("drift, weaker")
def _(demo):
    before, after = (landed(demo, "worst_smoothness", d) for d in (range(-20, -3), range(-3, 1)))
    assert 1.04 < after / before < 1.08, (before, after)


@check("alias moved outside")
def _(demo):
    assert demo.champion() == 3
    assert not [k for k in demo.tags(3) if k.startswith("approval.")]
    assert demo.tags(2)["approval.decision"] == "approved" and demo.tags(2)["approval.to"] == "champion"
    for model in ("digits", "wine"):
        assert demo.tags(demo.champion(model), model)["approval.decision"] == "approved"


def requested(demo, version):
    tags = demo.tags(version)
    assert tags["approval.decision"] == "requested" and tags["approval.by"] == "ana", tags
    assert {"approval.at", "approval.comment", "approval.to"} <= set(tags), tags


@check("pending, good")
def _(demo):
    requested(demo, 4)
    assert demo.metric(4) > demo.metric(3) + 0.001, (demo.metric(4), demo.metric(3))
    assert "model.lgb" in os.listdir(demo.model_dir(4))


@check("pending, worse")
def _(demo):
    requested(demo, 5)
    assert 0.97 < demo.metric(5) < demo.metric(3) - 0.002, (demo.metric(5), demo.metric(3))


@check("pending, pickle")
def _(demo):
    requested(demo, 6)
    files = os.listdir(demo.model_dir(6))
    assert "model.pkl" in files and demo.metric(6) > demo.metric(4)
    assert open(os.path.join(demo.model_dir(6), "model.pkl"), "rb").read(1) == b"\x80"
    pickles = glob.glob(f"{demo.root}/artifacts/**/*.pkl", recursive=True)
    assert len(pickles) == 1, pickles


def run_of(demo, name):
    return demo.one("select run_uuid, status, lifecycle_stage from runs where name = ?", name)


@check("failed run")
def _(demo):
    run, status, _ = run_of(demo, "lgb-255")
    assert status == "FAILED"
    assert demo.one("select count(*) from metrics where run_uuid = ? and key = 'val_logloss'", run)[0] == 17


@check("stuck run")
def _(demo):
    row = demo.one("select status, end_time from runs where name = 'xgb-8'")
    assert row == ("RUNNING", None), row


@check("NaN")
def _(demo):
    run, _, _ = run_of(demo, "sgd-lr50")
    last = demo.one("select is_nan from latest_metrics where run_uuid = ? and key = 'val_logloss'", run)
    assert last == (1,), last
    huge = demo.one("select count(*) from metrics where run_uuid = ? and is_nan = 0 and abs(value) > 1e308", run)[0]
    assert huge > 0


@check("hostile text")
def _(demo):
    run, _, _ = run_of(demo, "odd-names")
    tags = dict(demo.store.execute("select key, value from tags where run_uuid = ?", (run,)))
    assert "\x1b]0;" in tags["title"] and "\u202e" in tags["bidi"] and "\r\n" in tags["lines"]
    keys = {k for (k,) in demo.store.execute("select key from latest_metrics where run_uuid = ?", (run,))}
    assert {"val.auc.site-1", "präzision/日本"} <= keys, keys


@check("deleted")
def _(demo):
    assert run_of(demo, "oops")[2] == run_of(demo, "oops again")[2] == "deleted"
    assert demo.one("select lifecycle_stage from experiments where name = 'scratch'") == ("deleted",)


@check("store: counts, repeats, families of models")
def _(demo):
    n = demo.one("select count(*) from runs where lifecycle_stage = 'active'")[0]
    assert 55 <= n <= 70, n
    for name in ("logit", "xgb-3", "xgb-6", "lgb-7", "lgb-31", "lgb-7 fresh"):
        like = demo.one("select count(*) from runs where name = ? or name like ?", name, name + " seed %")[0]
        assert like == 5, (name, like)
    files = {os.path.basename(p) for p in glob.glob(f"{demo.root}/artifacts/*/models/*/artifacts/*")}
    assert {"model.ubj", "model.json", "model.lgb", "model.skops", "model.onnx", "model.pkl", "MLmodel",
            "train.parquet", "predictions.parquet"} <= files, files
    assert demo.one("select count(*) from tags where key = 'mlflow.parentRunId'")[0] == 6


@check("every model's predictions are the library's")
def _(demo):
    """XGBoost and LightGBM only, by their own loaders, where they are installed."""
    try:
        import lightgbm
        import xgboost
    except ImportError:
        return "no xgboost or lightgbm here"
    hold = duckdb.sql(f"from '{demo.root}/lake/holdout/cancer.parquet'").df()
    X = hold.drop(columns="malignant")
    for version in (2, 3, 4, 5):
        folder = demo.model_dir(version)
        said = duckdb.sql(f"from '{folder}/predictions.parquet'").df().prediction
        name = next(n for n in os.listdir(folder) if n in ("model.ubj", "model.json", "model.lgb"))
        path = os.path.join(folder, name)
        got = (lightgbm.Booster(model_file=path).predict(X) if name == "model.lgb"
               else xgboost.Booster(model_file=path).predict(xgboost.DMatrix(X)))
        assert (said.to_numpy() == got).all(), version


@check("manifest: every date and every root is listed, nothing is of the future")
def _(demo):
    if demo.moved:
        return "a moved copy"
    manifest = json.load(open(f"{demo.root}/manifest.json"))
    found = make_manifest.scan(f"{demo.root}/mlflow.db", make_demo, PREFIX)
    for key, where in found.items():
        assert manifest["sqlite"][key] == where, (key, where)
    midnight = datetime.datetime.combine(demo.last_day, datetime.time(), datetime.timezone.utc).timestamp() * 1000
    for where in found["epoch_ms"]:
        table, column = where.split(".")
        low, high = demo.one(f'select min("{column}"), max("{column}") from "{table}"')
        assert midnight - 40 * 86400000 < low and high < midnight, (where, low, high)
    listed = {p for pattern in manifest["text_dates"] for p in glob.glob(os.path.join(demo.root, pattern))}
    for zone in manifest["copy"]:
        for path in glob.glob(os.path.join(demo.root, zone, "**"), recursive=True):
            if os.path.isfile(path) and not path.endswith((".parquet", ".png", ".gz", ".ubj", ".onnx", ".skops", ".db")):
                dates = set(make_manifest.DATE.findall(open(path, "rb").read()))
                assert not dates or path in listed, path
                assert all(demo.day(-30) <= d.decode() <= demo.day(0) for d in dates), (path, dates)
    moving = {p for rule in manifest["parquet_dates"] for p in glob.glob(os.path.join(demo.root, rule["files"]))}
    for path in glob.glob(f"{demo.root}/**/*.parquet", recursive=True):
        kinds = {t for _, t, *_ in demo.sql(f"describe select * from read_parquet('{path}', hive_partitioning = false)")}
        assert bool(kinds & {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}) == (path in moving), path


@check("one schema for every day of a zone")
def _(demo):
    for zone in ("raw", "processed", "curated", "digits", "wine"):
        seen = {str(demo.sql(f"describe select * from read_parquet('{p}', hive_partitioning = false)"))
                for p in glob.glob(f"{demo.root}/lake/{zone}/*/part.parquet")}
        assert len(seen) == 1, zone


@check("nothing of the machine that made it, and small")
def _(demo):
    if demo.moved:
        return "a moved copy"
    size = 0
    for path in glob.glob(f"{demo.root}/**", recursive=True):
        if not os.path.isfile(path) or "__pycache__" in path or path.endswith(".py"):
            continue
        size += os.path.getsize(path)
        body = open(path, "rb").read()
        for word in (b"/tmp/", b"/home/", b"/work/", b"/root/", HERE.encode()):
            assert word not in body, (path, word)
    assert size < 8_000_000, size


def main(argv=()):
    root = os.path.abspath(argv[0]) if argv else HERE
    day = datetime.date.fromisoformat(argv[1]) if len(argv) > 1 else make_demo.LAST_DAY
    demo, failed = Demo(root, day), 0
    for what in [row[0] for row in make_demo.INJECTED]:
        if what not in CHECKS:
            print(f"FAIL {what}: listed in INJECTED, but nothing checks it")
            failed += 1
    for what, f in CHECKS.items():
        try:
            why = f(demo)
            print(f"skip {what}: {why}" if why else f"ok   {what}")
        except Exception as e:
            failed += 1
            print(f"FAIL {what}: {type(e).__name__} {e}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
