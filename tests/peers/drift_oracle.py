"""What Evidently and scipy say of random pairs of data sets. Runs in the environment of tools/requirements-drift.txt:

    drift_oracle.py FOLDER SEED     writes FOLDER/baseline.parquet, current.parquet, expected.json

Data are drawn to be awkward: ties, constants, a single row, holes, infinities, heavy tails, float32, categories that come and go.
"""
import json
import sys
import warnings

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

import evidently
from evidently.core.datasets import infer_column_type
from evidently.legacy.calculations import stattests
from evidently.legacy.calculations.stattests.registry import _get_default_stattest
from evidently.legacy.core import ColumnType

warnings.simplefilter("ignore")
SIZES = [(1, 1), (2, 5), (30, 30), (57, 40), (200, 199), (569, 569), (1000, 700), (1001, 1500), (3000, 2000), (700, 3000), (12000, 130),
         (12000, 9000)]
NAMES = {"psi": "psi", "jensenshannon": "js", "kl_div": "kl", "hellinger": "hellinger", "wasserstein": "wasserstein", "ks": "ks",
         "chisquare": "chi2", "z": "z"}


def columns(draw, n, late):
    """One side. late: the current data, which may have moved."""
    shift = 0.3 * late * draw.integers(0, 2)
    x = draw.normal(shift, 1 + shift, n)
    out = {
        "normal": x, "heavy": draw.standard_cauchy(n) * (1 + shift), "lognormal": np.exp(x * 3), "same": draw.normal(size=n),
        "rounded": np.round(x, 1), "coarse": np.round(x), "tiny": x * 1e-300, "huge": x * 1e290, "far": 1e9 + x,
        "constant": np.full(n, 3.5), "two_constants": np.full(n, 3.5 + late), "narrow": x.astype("float32"),
        "narrow_ties": np.round(x, 2).astype("float32"), "narrow_few": draw.integers(0, 8, n).astype("float32"),
        "integers": draw.integers(0, 30 + 5 * late, n), "wide_integers": draw.integers(-10**6, 10**6, n), "signed_zero": x * 0.0,
        "few_integers": draw.integers(0, 4 + late, n), "binary": draw.integers(0, 2, n), "two_floats": draw.integers(0, 2, n) + 0.5,
        "five_floats": draw.integers(0, 5, n) * 0.1, "twenty": draw.integers(0, 20, n) * 0.3, "twenty_one": draw.integers(0, 21, n) * 0.3,
        "powers": 2.0 ** draw.integers(-20, 20, n), "grid": np.arange(n) / 8.0,
    }
    holes = x.copy()
    holes[draw.random(n) < 0.2] = np.nan
    holes[draw.random(n) < 0.05] = np.inf
    holes[draw.random(n) < 0.05] = -np.inf
    out["holes"] = holes
    letters = np.array(list("abcdefgh")[:5 + 3 * late])
    out["letters"] = letters[draw.integers(0, len(letters), n)]
    out["vanished"] = np.array(["x", "y", "z", "w"])[draw.integers(0, 4 - late, n)]
    out["rare"] = np.where(draw.random(n) < 0.002, "rare", "often")
    out["one_text"] = np.array(["only"] * n)
    out["two_texts"] = np.array(["no", "yes"])[(draw.random(n) < 0.4 + 0.1 * late).astype(int)]
    out["flag"] = draw.random(n) < 0.3
    return pd.DataFrame(out)


def number(v):
    v = float(v)
    return None if np.isnan(v) else "Infinity" if v == np.inf else "-Infinity" if v == -np.inf else v


def clean(s):
    return s.replace([-np.inf, np.inf], np.nan).dropna()


def contingency(ref, cur):
    keys = sorted(set(ref) | set(cur))
    table = [[(side == k).sum() for k in keys] for side in (ref, cur)]
    return scipy_stats.chi2_contingency(table)[:2]


def of_column(ref, cur, kind):
    """test -> [statistic, p, drifted]; what a test does not give is None."""
    out = {}
    tests = ["psi", "jensenshannon", "kl_div", "hellinger"]
    tests += ["wasserstein", "ks"] if kind == ColumnType.Numerical else ["chisquare", "z"]
    default = _get_default_stattest(ref, cur, kind).name
    for name in dict.fromkeys(tests + [default]):
        test = {"chisquare": stattests.chi_stat_test, "z": stattests.z_stat_test, "ks": stattests.ks_stat_test,
                "wasserstein": stattests.wasserstein_stat_test, "psi": stattests.psi_stat_test, "kl_div": stattests.kl_div_stat_test,
                "jensenshannon": stattests.jensenshannon_stat_test, "hellinger": stattests.hellinger_stat_test}[name]
        try:
            score, drifted = test.func(ref.copy(), cur.copy(), kind, test.default_threshold)
        except (ValueError, OverflowError) as e:
            out[NAMES[name]] = ["error", str(e)[:80], None]
            continue
        by_p = name in ("ks", "chisquare", "z")
        statistic = None if by_p else number(score)
        if name == "ks":
            statistic = number(scipy_stats.ks_2samp(ref, cur)[0])
        elif name == "chisquare":
            keys = sorted(set(ref) | set(cur))
            expected = [(ref == k).sum() * (len(cur) / len(ref)) for k in keys]
            statistic = number(scipy_stats.chisquare([(cur == k).sum() for k in keys], expected)[0])
        out[NAMES[name]] = [statistic, number(score) if by_p else None, bool(drifted)]
    if kind == ColumnType.Numerical:
        out["wasserstein@scipy"] = [number(scipy_stats.wasserstein_distance(ref, cur)), None, None]
    else:
        out["chi2@scipy"] = [*map(number, contingency(ref, cur)), None]
    return {"default": NAMES[default], "kind": kind.value, "n": [len(ref), len(cur)], "tests": out}


def main(folder, seed):
    draw = np.random.default_rng(seed)
    n, m = SIZES[seed % len(SIZES)]
    a, b = columns(draw, n, 0), columns(draw, m, 1)
    a.to_parquet(f"{folder}/baseline.parquet")
    b.to_parquet(f"{folder}/current.parquet")
    expected = {}
    for c in a.columns:
        kind = infer_column_type(b[c])
        if kind in (ColumnType.Numerical, ColumnType.Categorical) and len(clean(a[c])) and len(clean(b[c])):
            expected[c] = of_column(clean(a[c]), clean(b[c]), kind)
    with open(f"{folder}/expected.json", "w") as f:
        json.dump({"evidently": evidently.__version__, "columns": expected}, f)


main(sys.argv[1], int(sys.argv[2]))
