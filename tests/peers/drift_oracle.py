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
         "chisquare": "chi2", "z": "z", "g_test": "g", "fisher_exact": "fisher", "anderson": "anderson", "cramer_von_mises": "cvm",
         "mannw": "mannw", "t_test": "t", "ed": "energy", "es": "es"}
BY_P = ("ks", "chisquare", "z", "g_test", "fisher_exact", "anderson", "cramer_von_mises", "mannw", "t_test", "es")


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


def wide(name, ref, cur):
    """scipy computes these in float32 for float32 columns, where ranks beyond 2^24 are lost; we do not."""
    if name == "t_test":
        return map(pd.Series, near(ref, cur))
    if name in ("es", "mannw", "cramer_von_mises", "anderson") and "float32" in (ref.dtype, cur.dtype):
        return ref.astype(float), cur.astype(float)
    return ref.copy(), cur.copy()


def near(ref, cur):
    """The same samples moved and scaled: t is the same, and neither the distance from 0 nor squares beyond a double eat digits."""
    x, y = ref.astype(float), cur.astype(float)
    by = max(np.abs(x - np.median(x)).max(), np.abs(y - np.median(x)).max())
    return ((x - np.median(x)) / by, (y - np.median(x)) / by) if by > 0 else (x, y)


def es_noise(ref, cur):
    """How far rounding carries es: the condition of the matrix that it inverts, and the last digit of what it takes the cosine of, which is
    large far from 0. None: numbers of so few values that it has no inverse."""
    half = scipy_stats.iqr(np.hstack([ref, cur])) / 2
    if not half > 0:
        return None
    g = [np.array([f(s / half * x) for f in (np.cos, np.sin) for s in (0.4, 0.8)]) for x in (ref, cur)]
    condition = np.linalg.cond(sum(np.cov(x, bias=True) / x.shape[1] for x in g)) if min(len(ref), len(cur)) > 1 else np.inf
    angle = 0.8 / half * max(np.abs(ref).max(), np.abs(cur).max())
    return max(1e-12, condition * 1e-15, 8 * np.finfo(float).eps * angle) if condition < 1e9 else None


def tried(test, *args, **options):
    try:
        r = test(*args, **options)
    except (ValueError, IndexError) as e:
        return ["error", str(e)[:80], None]
    return [number(r[0]), number(r[-1]), None]


def of_numbers(ref, cur):
    return {
        "wasserstein@scipy": [number(scipy_stats.wasserstein_distance(ref, cur)), None, None],
        "energy@scipy": [number(scipy_stats.energy_distance(ref, cur)), None, None],
        "anderson@scipy": tried(scipy_stats.anderson_ksamp, [ref, cur]),
        "cvm@scipy": tried(lambda *a: (lambda r: (r.statistic, r.pvalue))(scipy_stats.cramervonmises_2samp(*a)), ref, cur),
        "mannw@scipy": tried(scipy_stats.mannwhitneyu, ref, cur),
        "t@scipy": tried(scipy_stats.ttest_ind, *near(ref, cur)),
        "welch@scipy": tried(scipy_stats.ttest_ind, *near(ref, cur), equal_var=False),
        "es@scipy": tried(scipy_stats.epps_singleton_2samp, ref, cur),
    }


def of_categories(ref, cur):
    keys = sorted(set(ref) | set(cur))
    table = [[(side == k).sum() for k in keys] for side in (ref, cur)]
    out = {"chi2@scipy": [*map(number, scipy_stats.chi2_contingency(table)[:2]), None],
           "g@scipy": [*map(number, scipy_stats.chi2_contingency(table, lambda_="log-likelihood")[:2]), None]}
    if len(keys) == 2:
        out["fisher@scipy"] = [*map(number, scipy_stats.fisher_exact(table)), None]
    return out


def of_column(ref, cur, kind):
    """test -> [statistic, p, drifted]; what a test does not give is None."""
    out = {}
    tests = ["psi", "jensenshannon", "kl_div", "hellinger"]
    if kind == ColumnType.Numerical:
        tests += ["wasserstein", "ks", "anderson", "cramer_von_mises", "mannw", "t_test", "ed", "es"]
    else:
        tests += ["chisquare", "z", "g_test", "fisher_exact"]
    default = _get_default_stattest(ref, cur, kind).name
    for name in dict.fromkeys(tests + [default]):
        test = {"chisquare": stattests.chi_stat_test, "z": stattests.z_stat_test, "ks": stattests.ks_stat_test,
                "wasserstein": stattests.wasserstein_stat_test, "psi": stattests.psi_stat_test, "kl_div": stattests.kl_div_stat_test,
                "jensenshannon": stattests.jensenshannon_stat_test, "hellinger": stattests.hellinger_stat_test, "g_test": stattests.g_test,
                "fisher_exact": stattests.fisher_exact_test, "anderson": stattests.anderson_darling_test,
                "cramer_von_mises": stattests.cramer_von_mises, "mannw": stattests.mann_whitney_u_stat_test,
                "t_test": stattests.t_test, "ed": stattests.energy_dist_test, "es": stattests.epps_singleton_test}[name]
        try:
            score, drifted = test.func(*wide(name, ref, cur), kind, test.default_threshold)
        except (ValueError, OverflowError, IndexError, TypeError) as e:  # its exact cvm does not work with numpy 2
            out[NAMES[name]] = ["error", str(e)[:80], None]
            continue
        by_p = name in BY_P
        statistic = None if by_p else number(score)
        if name == "ks":
            statistic = number(scipy_stats.ks_2samp(ref, cur)[0])
        elif name == "chisquare":
            keys = sorted(set(ref) | set(cur))
            expected = [(ref == k).sum() * (len(cur) / len(ref)) for k in keys]
            statistic = number(scipy_stats.chisquare([(cur == k).sum() for k in keys], expected)[0])
        elif name == "g_test":
            keys = sorted(set(ref) | set(cur))
            statistic = number(scipy_stats.power_divergence([(cur == k).sum() for k in keys], [(ref == k).sum() for k in keys],
                                                            lambda_="log-likelihood")[0])
        out[NAMES[name]] = [statistic, number(score) if by_p else None, bool(drifted)]
    if kind == ColumnType.Numerical:
        out.update(of_numbers(ref.to_numpy().astype(float), cur.to_numpy().astype(float)))
        noise = es_noise(ref.to_numpy().astype(float), cur.to_numpy().astype(float))
        for name in ("es", "es@scipy"):
            out[name] = [*out[name], noise] if noise else ["error", "no inverse", None]
    else:
        out.update(of_categories(ref, cur))
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
