"""Drift of a Parquet file against a stored baseline, beside DuckDB's own scan of the same columns (their sums), in the same box with the
same threads in the same run; and the sketches alone, in memory. SLUICE_BENCH_ROWS unset: 10 million rows of 20 columns of doubles."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, budget, finish, machine, note, settings  # noqa: E402

ROWS, COLUMNS, TIMES = int(os.environ.get("SLUICE_BENCH_ROWS", 10_000_000)), 20, 3


def run(work, *words, times=1):
    took = []
    for _ in range(times):
        t0 = time.monotonic()
        p = subprocess.run([SLUICE, *words], cwd=work, env={**os.environ, **settings(work)}, capture_output=True, check=False, timeout=3600)
        if p.returncode not in (0, 4):
            sys.exit(p.stderr.decode())
        took.append(time.monotonic() - t0)
    return min(took)


def in_memory(rows, threads):
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_sketch")
    out = subprocess.run([program, str(rows), str(COLUMNS), str(threads)], capture_output=True, text=True, check=True, timeout=900).stdout
    return float(out.split()[0])


def main():
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        machine()
        threads = len(os.sched_getaffinity(0))
        columns = [f"sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) * {10 ** (k % 5)} AS x{k}" for k in range(COLUMNS)]
        run(work, "sql", f"SELECT {', '.join(columns)} FROM range({ROWS})", "--out", "data.parquet")
        run(work, "drift", "--partial", "--current", "data.parquet", "--output", "base.sketch")
        note(f"{ROWS} rows of {COLUMNS} doubles, {os.path.getsize(os.path.join(work, 'data.parquet')) / 1e6:.0f} MB; stored baseline "
             f"{os.path.getsize(os.path.join(work, 'base.sketch')) / 1e6:.2f} MB")
        sums = ", ".join(f"sum(x{k})" for k in range(COLUMNS))
        theirs = run(work, "sql", f"SELECT {sums} FROM 'data.parquet'", times=TIMES)
        ours = run(work, "drift", "--baseline", "base.sketch", "--current", "data.parquet", times=TIMES)
        note(f"whole commands: drift {ours:.2f} s, DuckDB's sums {theirs:.2f} s")
        budget("drift from Parquet, times DuckDB's scan", ours / theirs, 2, "x")
        rows = min(ROWS, 10_000_000)
        took = in_memory(rows, threads)
        budget(f"sketches of {rows} x {COLUMNS} in memory", took, 0.4 * rows / 10_000_000, "s", f"{threads} threads")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


main()
