#!/usr/bin/env python3
"""Make the demo's data: a lab's lake and the models that were trained on it, all from seeds.

    python3 -m venv V && V/bin/pip install -r demo/requirements.txt && V/bin/python demo/make_demo.py

Writes beside itself lake/, mlflow.db, artifacts/, manifest.json and INJECTED.md; sluice.yaml is written by hand, and
its SQL is what makes the lake here too. `sluice demo` copies these files, moves every date so that the last day is
today, and then runs the last three days' jobs. What is wrong in the data is wrong on purpose, and listed here.
"""
import datetime
import os
import shutil
import sys
import tempfile

LAST_DAY = datetime.date(2026, 11, 20)      # L: the day that becomes today
DAYS = 21                                   # landing holds L-20 .. L
RUN_DAYS = 3                                # L-2 .. L are left for the demo's own jobs
SEED = 20261120

# Offsets are days from L. check_demo.py finds each of these in the files.
BAD_DAY, BAD_ROW, BAD_COLUMN, BAD_VALUE = -1, 214, "mean_area", "N/A"      # row 214 of the data is line 215 of the file
REJECT_DAY, REJECT_ROWS = -2, (57, 311, 498)                               # the sensor's "no reading": mean_radius -1
SHORT_DAY, SHORT_ROWS = -3, 219
MISSING_DAY = -4
DRIFT_FROM = -3
DRIFT = {"mean_area": 1.2, "worst_smoothness": 1.06}
WINE_DAYS = (-16, -9, -2)
DIGITS_DAYS = (-15, -8, -1)

INJECTED = [
    # what, where, day, how it shows
    ("failing job", "landing labs.csv row 214 (line 215), mean_area = 'N/A'", BAD_DAY,
     "`clean` fails in `validate` with DuckDB's conversion error; `ingest` reads it as null (1 missing of 569)"),
    ("stale zone", "curated has nothing after L-2", 0,
     "`features` builds the days in order: L-1 has no processed partition, so L-1 and L were not built"),
    ("missing partition", "raw, processed and curated; landing has the file", MISSING_DAY,
     "`ingest` did not run that day; `sluice run ingest -p dt=DAY` mends it"),
    ("short day", "landing: 219 rows instead of 569, the upload ended early (last measured_at about 02:00)", SHORT_DAY,
     "raw, processed, curated below min_rows"),
    ("rejected rows", "landing rows 57, 311, 498: mean_radius = -1", REJECT_DAY,
     "processed has 566 rows of raw's 569"),
    ("drift, strong", "mean_area times 1.2 from L-3 on, every row", DRIFT_FROM,
     "its ratio to mean_radius squared jumps by 1.2: a changed calibration, not other patients"),
    ("drift, weaker", "worst_smoothness times 1.06 from L-3 on, every row", DRIFT_FROM, "about 0.35 standard deviations"),
    ("alias moved outside", "cancer: champion is version 3, which has no approval.* tag", None,
     "version 2 has approval.decision=approved, approval.to=champion"),
    ("pending, good", "cancer version 4: better val_auc than the champion", None, "approval.decision=requested"),
    ("pending, worse", "cancer version 5: worse val_auc than the champion", None, "approval.decision=requested"),
    ("pending, pickle", "cancer version 6: a scikit-learn pickle, which nothing may execute", None,
     "approval.decision=requested"),
    ("failed run", "experiment cancer, run lgb-255: FAILED, history ends early", None, ""),
    ("stuck run", "experiment cancer, run xgb-8: RUNNING for days, its process is gone", None, ""),
    ("NaN", "experiment cancer, run sgd-lr50: val_logloss is NaN, train_logloss infinite on the way", None, ""),
    ("hostile text", "experiment cancer, run odd-names: escape sequences, bidi and newlines in tags; unicode and dotted "
     "keys of metrics and params", None, ""),
    ("deleted", "two runs of cancer and one experiment (scratch) are deleted", None, ""),
]


def injected_md():
    rows = ["| what | where | day | how it shows |", "|---|---|---|---|"]
    for what, where, day, shows in INJECTED:
        rows.append(f"| {what} | {where} | {'' if day is None else 'L%+d' % day if day else 'L'} | {shows} |")
    return "\n".join([
        "# What is wrong in the demo, on purpose", "",
        "Written by make_demo.py, proved by check_demo.py. Days are offsets from the last day, L.", "", *rows, "",
        "## Addresses and dates in the store", "",
        "mlflow.db and the MLmodel files carry `file:///sluice-demo` where an absolute folder stands in a living store;",
        "manifest.json lists the columns and files (`root`), the columns of epoch milliseconds and the columns and files",
        "that hold ISO dates. Moving the demo is: replace that prefix, and add whole days.", ""])


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":      # MLflow and alembic write sets in the order of their hashes
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    here = os.path.dirname(os.path.abspath(__file__))
    import make_lake
    import make_manifest
    import make_runs

    with tempfile.TemporaryDirectory(prefix="sluice-demo-") as work:
        shutil.copy(os.path.join(here, "sluice.yaml"), work)
        make_lake.write(work, sys.modules[__name__])
        make_runs.write(work, sys.modules[__name__])
        make_lake.drop_run_days(work, sys.modules[__name__])
        with open(os.path.join(work, "INJECTED.md"), "w") as f:
            f.write(injected_md())
        make_manifest.write(work, sys.modules[__name__])
        for name in ("lake", "artifacts"):
            shutil.rmtree(os.path.join(here, name), ignore_errors=True)
            shutil.copytree(os.path.join(work, name), os.path.join(here, name))
        for name in ("mlflow.db", "manifest.json", "INJECTED.md"):
            shutil.copy(os.path.join(work, name), here)
    import check_demo
    return check_demo.main()


if __name__ == "__main__":
    sys.exit(main())
