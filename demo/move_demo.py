#!/usr/bin/env python3
"""Move the demo to another day and folder, as manifest.json says: the plain form of what `sluice demo` does.

    move_demo.py FOLDER YYYY-MM-DD [--run]     --run: also the last days' jobs, by Python's DuckDB

Needs duckdb (and pyyaml for --run).
"""
import datetime
import glob
import json
import os
import shutil
import sqlite3
import sys
import urllib.parse

import duckdb

import make_manifest

HERE = os.path.dirname(os.path.abspath(__file__))


def shifted(body, days):
    def one(m):
        return (datetime.date.fromisoformat(m.group().decode()) + datetime.timedelta(days=days)).isoformat().encode()
    return make_manifest.DATE.sub(one, body)


def rewrite(root, patterns, change):
    for path in sorted({p for pattern in patterns for p in glob.glob(os.path.join(root, pattern))}):
        with open(path, "rb") as f:
            body = f.read()
        with open(path, "wb") as f:
            f.write(change(body))


def move_store(root, rules, days, prefix, address):
    db = sqlite3.connect(os.path.join(root, rules["file"]))
    db.create_function("shifted", 1, lambda v: shifted(v.encode(), days).decode() if isinstance(v, str) else v)
    for where in rules["epoch_ms"]:
        table, column = where.split(".")
        db.execute(f'update "{table}" set "{column}" = "{column}" + ?', (days * 86400000,))
    for where in rules["dates"]:
        table, column = where.split(".")
        db.execute(f'update "{table}" set "{column}" = shifted("{column}")')
    for where in rules["root"]:
        table, column = where.split(".")
        db.execute(f'update "{table}" set "{column}" = replace("{column}", ?, ?)', (prefix, address))
    db.commit()
    db.close()


def move_parquet(root, rules, days):
    db = duckdb.connect()
    for rule in rules:
        columns = ", ".join(f"{c} + interval ({days}) day as {c}" for c in rule["columns"])
        for path in glob.glob(os.path.join(root, rule["files"])):
            db.execute(f"copy (select * replace ({columns}) from read_parquet('{path}', hive_partitioning = false)) "
                       f"to '{path}.new' (format parquet, compression zstd)")
            os.replace(path + ".new", path)


def set_times(root, rules, days):
    now = datetime.datetime.now(datetime.timezone.utc)
    for rule in rules:
        for path in glob.glob(os.path.join(root, rule["files"])):
            day = shifted(rule["day"].encode(), days).decode() if "day" in rule else os.path.basename(os.path.dirname(path))[3:]
            at = datetime.datetime.fromisoformat(f"{day}T{rule['at']}:00+00:00")
            os.utime(path, (min(at, now).timestamp(),) * 2)


def move(root, day):
    with open(os.path.join(HERE, "manifest.json")) as f:
        manifest = json.load(f)
    days = (day - datetime.date.fromisoformat(manifest["last_day"])).days
    os.makedirs(root)
    for name in manifest["copy"]:
        src = os.path.join(HERE, name)
        (shutil.copytree if os.path.isdir(src) else shutil.copy)(src, os.path.join(root, name))
    prefix, address = manifest["root"]["prefix"], "file://" + urllib.parse.quote(root)
    rewrite(root, manifest["root"]["files"], lambda b: b.replace(prefix.encode(), address.encode()))
    rewrite(root, manifest["text_dates"], lambda b: shifted(b, days))
    move_store(root, manifest["sqlite"], days, prefix, address)
    # Furthest first, so that no folder is renamed onto one that is still to move.
    for path in sorted(glob.glob(f"{root}/{manifest['folders']['under']}/*/dt=*"), reverse=days > 0):
        os.rename(path, os.path.join(os.path.dirname(path), shifted(os.path.basename(path).encode(), days).decode()))
    move_parquet(root, manifest["parquet_dates"], days)
    return manifest


def run(root, day, manifest):
    import run_jobs
    plan = type("Plan", (), {"LAST_DAY": day})
    for job in manifest["run"]:
        try:
            run_jobs.run_job(root, job["job"], plan, job["day"])
            state = "ok"
        except duckdb.Error as e:
            state = "failed"
            print(str(e).splitlines()[0])
        print(job["job"], job["day"], state)
        if state != job["expect"]:
            return 1
    return 0


def main(argv):
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    root, day = os.path.abspath(argv[0]), datetime.date.fromisoformat(argv[1])
    manifest = move(root, day)
    code = run(root, day, manifest) if "--run" in argv else 0
    days = (day - datetime.date.fromisoformat(manifest["last_day"])).days
    set_times(root, manifest["modified"], days)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
