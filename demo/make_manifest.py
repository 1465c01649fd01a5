"""manifest.json: what moves with the date, what moves with the folder, and what the demo runs at set-up."""
import datetime
import glob
import json
import os
import re
import sqlite3

DATE = re.compile(rb"(?<![0-9])20[0-9]{2}-[0-9]{2}-[0-9]{2}(?![0-9])")
COPY = ["sluice.yaml", "INJECTED.md", "lake", "mlflow.db", "artifacts", "keys"]
TEXT = ["lake/landing/*/labs.csv", "lake/bottles/*/wine.jsonl", "artifacts/*/models/*/artifacts/MLmodel"]
PARQUET = [{"files": f"lake/{zone}/*/part.parquet", "columns": ["measured_at"]} for zone in ("raw", "processed")]
AT = {"landing": "05:41", "raw": "06:00", "processed": "06:10", "curated": "06:20", "images": "07:02", "digits": "07:30",
      "bottles": "08:15", "wine": "08:30"}


def scan(path, plan, prefix):
    """Which columns of the store hold epoch milliseconds, ISO dates, and the root; found by looking at every value."""
    day = datetime.datetime.combine(plan.LAST_DAY, datetime.time(), datetime.timezone.utc).timestamp()
    low, high = (day - 60 * 86400) * 1000, (day + 86400) * 1000
    found = {"epoch_ms": [], "dates": [], "root": []}
    db = sqlite3.connect(path)
    for (table,) in db.execute("select name from sqlite_master where type = 'table' order by name").fetchall():
        for _, column, *_ in db.execute(f'pragma table_info("{table}")').fetchall():
            values = [v for (v,) in db.execute(f'select distinct "{column}" from "{table}"')]
            texts = [v.encode("utf-8", "surrogatepass") for v in values if isinstance(v, str)]
            where = f"{table}.{column}"
            if any(isinstance(v, int) and low <= v < high for v in values):
                found["epoch_ms"].append(where)
            if any(DATE.search(t) for t in texts):
                found["dates"].append(where)
            if any(prefix.encode() in t for t in texts):
                found["root"].append(where)
    db.close()
    return found


def runs(plan):
    """The last three days, in order. What is held back is held back on purpose: see INJECTED.md."""
    rows = []
    for offset in range(1 - plan.RUN_DAYS, 1):
        for job in ("ingest", "clean", "features"):
            if job == "features" and offset >= plan.BAD_DAY:
                continue
            rows.append({"job": job, "day": offset, "at": {"ingest": "06:00", "clean": "06:10", "features": "06:20"}[job],
                         "expect": "failed" if (job, offset) == ("clean", plan.BAD_DAY) else "ok"})
        rows += [{"job": "digits", "day": d, "at": "07:30", "expect": "ok"} for d in plan.DIGITS_DAYS if d == offset]
        rows += [{"job": "wine", "day": d, "at": "08:30", "expect": "ok"} for d in plan.WINE_DAYS if d == offset]
    return rows


def root_files(root, prefix):
    hits = [p for p in glob.glob(f"{root}/artifacts/**", recursive=True)
            if os.path.isfile(p) and prefix.encode() in open(p, "rb").read()]
    assert all(p.endswith("/MLmodel") for p in hits), hits
    return ["artifacts/*/models/*/artifacts/MLmodel"]


def write(root, plan):
    import make_store
    found = scan(os.path.join(root, "mlflow.db"), plan, make_store.ROOT)
    manifest = {
        "format": 1,
        "last_day": plan.LAST_DAY.isoformat(),
        "days": plan.DAYS,
        "copy": COPY,
        "folders": {"under": "lake", "pattern": "dt=%Y-%m-%d"},
        "text_dates": TEXT,
        "parquet_dates": PARQUET,
        "sqlite": {"file": "mlflow.db", **found},
        "root": {"prefix": make_store.ROOT, "files": root_files(root, make_store.ROOT)},
        "modified": [{"files": f"lake/{zone}/dt=*/*", "at": at} for zone, at in AT.items()] +
                    [{"files": "lake/holdout/*", "at": "05:00",     # of no day: there before the first run read it
                      "day": (plan.LAST_DAY - datetime.timedelta(days=plan.DAYS - 1)).isoformat()}],
        "run": runs(plan),
        "made": [f"lake/{zone}/dt=*/part.parquet" for zone in ("raw", "processed", "curated", "digits", "wine")] +
                ["lake/big/part.parquet", "mlflow.db-wal", "mlflow.db-shm", "mlflow.db-journal"],
    }
    with open(os.path.join(root, "manifest.json"), "w") as f:
        json.dump(manifest, f, indent=1)
        f.write("\n")
