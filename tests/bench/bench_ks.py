"""Exact Kolmogorov-Smirnov and Wasserstein of two columns of float64, beside scipy.stats.ks_2samp and wasserstein_distance in the same
run: arrays in memory, one thread, as scipy has, and once more with all. Without a budget: the same values out of a Parquet file, the
whole command. SLUICE_BENCH_ROWS unset: 10 million values a side."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, at_least, budget, finish, machine, note, settings  # noqa: E402

ROWS, TIMES = int(os.environ.get("SLUICE_BENCH_ROWS", 10_000_000)), 3


def command(work, test):
    """Seconds of `sluice drift`, the best of some, and its row."""
    took, words = [], ["drift", "--baseline", "baseline.parquet", "--current", "current.parquet", "--tests", test, "-o", "json"]
    for _ in range(TIMES):
        t0 = time.monotonic()
        p = subprocess.run([SLUICE, *words], cwd=work, env={**os.environ, **settings(work)}, capture_output=True, check=False, timeout=900)
        if p.returncode not in (0, 4):
            sys.exit(p.stderr.decode())
        took.append(time.monotonic() - t0)
    return min(took), json.loads(p.stdout)[0]


def in_memory(work, threads):
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_ks")
    words = [program, str(ROWS), os.path.join(work, "baseline.f64"), os.path.join(work, "current.f64"), str(threads)]
    return list(map(float, subprocess.run(words, capture_output=True, text=True, check=True, timeout=900).stdout.split()))


def scipys(a, b):
    """Seconds and answers of ks_2samp, of wasserstein_distance."""
    from scipy import stats
    t0 = time.monotonic()
    ks = stats.ks_2samp(a, b)
    t1 = time.monotonic()
    w = stats.wasserstein_distance(a, b)
    return t1 - t0, time.monotonic() - t1, ks, w


def same(what, d, p, w, ks, theirs):
    """Answers that are not scipy's are missed budgets, too."""
    budget(f"D {what}, away from scipy's", abs(d - ks.statistic), 1e-12, "", f"D {d:.6g}")
    budget(f"p {what}, away from scipy's", abs(p / ks.pvalue - 1), 1e-9, "", f"p {p:.6g}")
    budget(f"Wasserstein {what}, away from scipy's", abs(w / theirs - 1), 1e-9, "", f"{w:.6g}")


def main():
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        machine()
        threads = len(os.sched_getaffinity(0))
        draw = np.random.default_rng(1)
        a, b = draw.normal(size=ROWS), draw.normal(0.001, 1, ROWS)
        for name, x in (("baseline", a), ("current", b)):
            pq.write_table(pa.table({"x": x}), os.path.join(work, name + ".parquet"))
            x.tofile(os.path.join(work, name + ".f64"))
        ks_s, w_s, ks, w = scipys(a, b)
        del a, b
        note(f"{ROWS} + {ROWS} doubles; scipy: ks_2samp {ks_s:.2f} s, wasserstein_distance {w_s:.2f} s, one thread, in memory")
        ours_ks, row = command(work, "ks")
        ours_w, other = command(work, "wasserstein@scipy")
        note(f"out of Parquet, read and all, {threads} threads: KS {ours_ks:.2f} s, {ks_s / ours_ks:.1f} times scipy; Wasserstein "
             f"{ours_w:.2f} s, {w_s / ours_w:.1f} times")
        same("out of Parquet", row["statistic"], row["p_value"], other["statistic"], ks, w)
        for k in dict.fromkeys((1, threads)):
            sort, walk, walk_w, d, p, distance = in_memory(work, k)
            words = f"{k} thread{'s' * (k > 1)}"
            at_least("exact KS in memory, times scipy", ks_s / (sort + walk), 6, f"{words}: sort {sort:.3f}, walk {walk:.3f} s")
            at_least("exact Wasserstein in memory, times scipy", w_s / (sort + walk_w), 6, f"{words}: walked in {walk_w:.3f} s")
            same(f"by {words}", d, p, distance, ks, w)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


main()
