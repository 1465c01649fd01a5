"""Profiles of a Parquet file beside DuckDB's own SUMMARIZE of it, in the same box with the same threads in the same run. The file has
1 GB with SLUICE_BENCH_ROWS unset: 16 columns of doubles, two of integers, two of text."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, at_least, finish, machine, note, settings  # noqa: E402

ROWS = int(os.environ.get("SLUICE_BENCH_ROWS", 7_000_000))


def run(work, *words):
    t0 = time.monotonic()
    p = subprocess.run([SLUICE, *words], cwd=work, env={**os.environ, **settings(work)}, capture_output=True, check=False, timeout=3600)
    if p.returncode:
        sys.exit(p.stderr.decode())
    return time.monotonic() - t0, p.stdout


def draw(work):
    columns = [f"sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) * {10 ** (k % 5)} AS x{k}" for k in range(16)]
    columns += ["i AS id", "CAST(random() * 1000 AS INTEGER) AS few", "'ward ' || CAST(random() * 40 AS INTEGER) AS ward",
                "CAST(i * 7919 % 1000003 AS VARCHAR) AS code"]
    run(work, "sql", f"SELECT {', '.join(columns)} FROM range({ROWS}) t(i)", "--out", "data.parquet")
    return os.path.getsize(os.path.join(work, "data.parquet"))


def main():
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        machine()
        size = draw(work)
        note(f"{ROWS} rows of 20 columns, {size / 1e6:.0f} MB")
        run(work, "sql", "SELECT count(x0) FROM 'data.parquet'")  # the file is in memory for both
        theirs, _ = run(work, "sql", "SUMMARIZE SELECT * FROM 'data.parquet'", "-o", "json")
        ours, out = run(work, "profile", "data.parquet", "-o", "json")
        rows = json.loads(out)
        note(f"profile {ours:.2f} s, SUMMARIZE {theirs:.2f} s, {len(rows)} columns")
        at_least("profile, times DuckDB's SUMMARIZE", theirs / ours, 3, "two passes, histograms included")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


main()
