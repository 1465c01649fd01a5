"""What numpy and Python's own exact sums say of a large data set. Runs in the environment of tools/requirements-drift.txt:

    profile_oracle.py FOLDER SEED     writes FOLDER/data.parquet, expected.json
"""
import json
import math
import sys

import numpy as np
import pandas as pd

ROWS = 210_000


def draw(seed):
    d = np.random.default_rng(seed)
    x = d.normal(size=ROWS)
    holes = x.copy()
    holes[d.random(ROWS) < 0.1] = np.nan
    letters = np.array(["one", "two", "three", "", "füńf"])
    return pd.DataFrame({
        "normal": x, "far": 1e9 + x * 1e-3, "heavy": d.standard_cauchy(ROWS), "wide": np.exp(x * 40), "tiny": x * 1e-310, "huge": x * 1e300,
        "rounded": np.round(x, 1), "constant": np.full(ROWS, -2.5), "narrow": x.astype("float32"), "holes": holes,
        "zeros": np.where(d.random(ROWS) < 0.6, -0.0, x), "few": d.integers(-3, 4, ROWS), "many": d.integers(0, 1 << 62, ROWS),
        "bytes": d.integers(0, 256, ROWS).astype("uint8"), "letters": letters[d.integers(0, 5, ROWS)],
        "ids": [f"id-{v}" for v in d.integers(0, 100_000, ROWS)], "flag": d.random(ROWS) < 0.3,
    })


def histogram(v, low, high):
    if not high > low:
        return [len(v)] + 19 * [0]
    at = np.minimum(19, np.floor((v - low) / (high - low) * 20)).astype(int)
    return np.bincount(at, minlength=20).tolist()


def numbers(v):
    v = v.astype("float64")
    low, high = float(v.min()), float(v.max())
    with np.errstate(over="ignore"):
        span = high - low
    return {"mean": math.fsum(v.tolist()) / len(v) if span < 1e300 else None, "quartiles": np.quantile(v, [0.25, 0.5, 0.75]).tolist(),
            "low": low, "high": high, "histogram": histogram(v, low, high) if np.isfinite(span) else None}


def main(folder, seed):
    data = draw(seed)
    data.to_parquet(f"{folder}/data.parquet")
    out = {}
    for name in data:
        v = data[name].dropna()
        out[name] = {"nulls": int(data[name].isna().sum()), "distinct": int(v.nunique()), "min": str(v.min()), "max": str(v.max())}
        if v.dtype.kind in "iuf":
            out[name] |= numbers(v.to_numpy())
    with open(f"{folder}/expected.json", "w", encoding="utf-8") as f:
        json.dump({"numpy": np.__version__, "rows": ROWS, "columns": out}, f)


main(sys.argv[1], int(sys.argv[2]))
