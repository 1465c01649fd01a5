"""sluice.yaml's jobs, run by Python's DuckDB: how the older days are made, and how check_demo.py replays the set-up."""
import datetime
import os
import re

import duckdb
import yaml


def day(plan, offset):
    return (plan.LAST_DAY + datetime.timedelta(days=offset)).isoformat()


def workspace(root):
    with open(os.path.join(root, "sluice.yaml")) as f:
        return yaml.safe_load(f)


def step_sql(root, argv, dt):
    """What `sluice sql SQL --out lake:ZONE/FILE` does, in Python's DuckDB; returns the statement and the file."""
    argv = [re.sub(r"\$\{dt\}", dt, a) for a in argv]
    zones = {z["name"]: z["uri"] for z in workspace(root)["lake"]["zones"]}

    def path(m):
        return os.path.join(root, zones[m.group(1)], "")
    sql = re.sub(r"lake:(\w+)/", path, argv[2])
    out = re.sub(r"lake:(\w+)/", path, argv[argv.index("--out") + 1]) if "--out" in argv else None
    return sql, out


def run_job(root, name, plan, offset):
    """The steps stand in the file in the order in which they run."""
    db = duckdb.connect(config={"threads": 1})
    for step in workspace(root)["jobs"][name]["steps"].values():
        sql, out = step_sql(root, step["run"], day(plan, offset))
        if out is None:
            db.sql(sql).fetchall()
            continue
        os.makedirs(os.path.dirname(out), exist_ok=True)
        db.execute(f"copy ({sql}) to '{out}' (format parquet, compression zstd, compression_level 19)")
    db.close()
