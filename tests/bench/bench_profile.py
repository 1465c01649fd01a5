"""Profiles of a Parquet file beside DuckDB's own SUMMARIZE of it, in the same box with the same threads in the same run. The file has at
least 1 GB with SLUICE_BENCH_ROWS unset: 16 columns of doubles, two of integers, two of text. It is made in build/bench, where another run
finds it; it goes afterwards unless SLUICE_BENCH_KEEP is set."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, at_least, finish, machine, note, settings  # noqa: E402

ASKED, LEAST = int(os.environ.get("SLUICE_BENCH_ROWS", 0)), 1_000_000_000
PLACE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "build", "bench"))
FILE = os.path.join(PLACE, "profile.parquet")


def run(work, *words, where=None):
    t0 = time.monotonic()
    env = {**os.environ, **settings(work)}
    p = subprocess.run([SLUICE, *words], cwd=where or work, env=env, capture_output=True, check=False, timeout=3600)
    if p.returncode:
        sys.exit(p.stderr.decode())
    return time.monotonic() - t0, p.stdout


def draw(work, rows):
    columns = [f"sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) * {10 ** (k % 5)} AS x{k}" for k in range(16)]
    columns += ["i AS id", "CAST(random() * 1000 AS INTEGER) AS few", "'ward ' || CAST(random() * 40 AS INTEGER) AS ward",
                "CAST(i * 7919 % 1000003 AS VARCHAR) AS code"]
    run(work, "sql", f"SELECT {', '.join(columns)} FROM range({rows}) t(i)", "--out", "data.parquet")
    os.makedirs(PLACE, exist_ok=True)
    shutil.move(os.path.join(work, "data.parquet"), FILE)
    return os.path.getsize(FILE)


def data(work):
    """Bytes of the file, as many as asked for or at least 1 GB."""
    if not ASKED and os.path.exists(FILE) and os.path.getsize(FILE) >= LEAST:
        return os.path.getsize(FILE)
    rows = ASKED or 7_200_000
    size = draw(work, rows)
    while not ASKED and size < LEAST:
        rows = int(rows * LEAST / size * 1.02)
        size = draw(work, rows)
    return size


def main():
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        machine()
        size = data(work)
        rows = json.loads(run(work, "sql", f"SELECT count(*) AS n FROM '{FILE}'", "-o", "json", where=PLACE)[1])[0]["n"]
        note(f"{rows} rows of 20 columns, {size} bytes{'' if size >= LEAST else ': less than the 1 GB of the budget'}")
        run(work, "sql", f"SELECT count(x0) FROM '{FILE}'", where=PLACE)  # the file is in memory for both
        theirs, _ = run(work, "sql", f"SUMMARIZE SELECT * FROM '{FILE}'", "-o", "json", where=PLACE)
        ours, out = run(work, "profile", FILE, "-o", "json", where=PLACE)
        columns = json.loads(out)
        note(f"profile {ours:.2f} s, SUMMARIZE {theirs:.2f} s, {len(columns)} columns")
        at_least("profile, times DuckDB's SUMMARIZE", theirs / ours, 3, "two passes, histograms included")
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not os.environ.get("SLUICE_BENCH_KEEP") and os.path.exists(FILE):
            os.unlink(FILE)
    finish()


main()
