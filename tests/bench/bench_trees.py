"""Trees: 500 of depth 6 to 8 over 500,000 x 28 with missing values, beside XGBoost, LightGBM and ONNX Runtime with the same threads in the
same run.

The kernel in this process's sense: values lie in memory on both sides, nothing but predicting is timed; each library predicts from what it
likes best (a DMatrix made before, a matrix of doubles). Margins must have the library's very bits. ONNX Runtime has its own environment."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import lightgbm as lgb
import numpy as np
import xgboost as xgb

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, at_least, budget, finish, machine, note  # noqa: E402

ROWS, COLUMNS, TREES, TRAIN = (int(os.environ.get("SLUICE_BENCH_ROWS", 500000)), 28, 500, 60000)
THREADS = len(os.sched_getaffinity(0))
TIMES = 5


def draw(work):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    y = ((x[:, 0] * x[:, 1] + np.sin(x[:, 2] * 2) + x[:, 3] + rng.normal(size=ROWS) * 0.3) > 0).astype(int)
    x[rng.random(x.shape) < 0.02] = np.nan
    data = os.path.join(work, "data")
    np.ascontiguousarray(x.T).tofile(data)
    return x, y, data


def ours(model, data, times=TIMES, level=""):
    """The figures that bench_trees prints, and the margins."""
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_trees")
    out = model + ".out"
    p = subprocess.run([program, model, data, str(ROWS), str(COLUMNS), str(THREADS), str(times), out], capture_output=True, text=True,
                       check=True, timeout=900, env={**os.environ, **({"SLUICE_CPU": level} if level else {})})
    return dict(line.split(" ", 1) for line in p.stdout.splitlines()), out


def best(predict):
    took = []
    for _ in range(2):
        t0 = time.monotonic()
        want = predict()
        took.append(time.monotonic() - t0)
    return min(took), want


def onnx_runtime(model, data):
    """Its seconds for all rows, by what it needs for some of them; and its version."""
    python = os.path.join(os.environ.get("SLUICE_DEPS", ""), "venv-bench", "bin", "python")
    used = min(ROWS, 50000)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib_onnx.py")
    p = subprocess.run([python, script, model, data, str(ROWS), str(COLUMNS), str(THREADS), str(used)], capture_output=True, text=True,
                       check=True, timeout=900)
    took, version = p.stdout.split()[-2:]
    return float(took) * ROWS / used, version


def compare(name, model, data, library, limit, want):
    got, out = ours(model, data)
    mine = np.fromfile(out, dtype=want.dtype)
    equal = mine.tobytes() == want.tobytes() and "differs" not in got
    took = float(got["batch_s"])
    each = took / ROWS / TREES * 1e9
    note(f"{name}: {took * 1e3:.0f} ms ({each:.3f} ns a row and tree, {got['level']}), the library {library * 1e3:.0f} ms")
    at_least(f"{name}, times the library", library / took, limit, f"{THREADS} threads each, " + ("same bits" if equal else "OTHER BITS"))
    budget(f"{name}: rows whose bits differ", 0 if equal else int((mine != want).sum()) or 1, 0, "rows")
    budget(f"{name}: one row alone", float(got["one_us"]), 10, "us",
           f"the median; least {float(got['one_least_us']):.3g} us, nine of ten below {float(got['one_most_us']):.3g} us")
    theirs, version = onnx_runtime(model, data)
    at_least(f"{name}, times ONNX Runtime", theirs / took, 15, f"{version}, {THREADS} threads each, {theirs:.1f} s for all rows")
    for level in ("avx2", "c"):
        if level != got["level"]:
            note(f"{name}: with {level} {float(ours(model, data, 1, level)[0]['batch_s']) * 1e3:.0f} ms")
    return float(got["load_ms"])


def xgboost(work, x, y, data):
    train, small = xgb.DMatrix(x[:TRAIN], y[:TRAIN]), 0
    for depth in (6, 8):
        p = {"objective": "binary:logistic", "max_depth": depth, "nthread": THREADS, "eta": 0.1, "min_child_weight": 0}
        booster = xgb.train(p, train, TREES)
        model = os.path.join(work, f"depth{depth}.json")
        booster.save_model(model)
        rows = []  # a matrix is predicted once: the library remembers what it has predicted
        for _ in range(2):
            rows.append(xgb.DMatrix(x, nthread=THREADS))
        library, want = best(lambda b=booster, r=rows: b.predict(r.pop(), output_margin=True))
        load = compare(f"XGBoost, depth {depth}", model, data, library, 8, want)
        size = os.path.getsize(model) / 1e6
        t0 = time.monotonic()
        xgb.Booster(model_file=model)
        theirs = (time.monotonic() - t0) * 1e3
        if size < 5:
            small += 1
            budget(f"loading {size:.1f} MB of JSON", load * 4 / size, 30, "ms", f"as for 4 MB; XGBoost {theirs:.0f} ms")
    if not small:
        budget("loading JSON of less than 5 MB", None, 30, "ms")


def lightgbm(work, x, y, data):
    for leaves in (31, 127):
        p = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": THREADS}
        model = lgb.train(p, lgb.Dataset(x[:TRAIN], y[:TRAIN]), TREES)
        path = os.path.join(work, f"leaves{leaves}.txt")
        model.save_model(path)
        wide = x.astype(np.float64)
        library, want = best(lambda m=model, w=wide: m.predict(w, raw_score=True, num_threads=THREADS))
        compare(f"LightGBM, {leaves} leaves", path, data, library, 20, want)


def main():
    machine()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        x, y, data = draw(work)
        note(json.dumps({"rows": ROWS, "columns": COLUMNS, "trees": TREES, "missing": 0.02, "xgboost": xgb.__version__,
                         "lightgbm": lgb.__version__}))
        xgboost(work, x, y, data)
        lightgbm(work, x, y, data)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
