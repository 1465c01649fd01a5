"""Where the arithmetic of drift goes wrong, one by one: a test each, of data for which the mistake shows (which is asserted), beside the
real tool: scipy and numpy here, Evidently in its own environment, NannyML with ./run test --all.

What else was worked out about numbers has its tests elsewhere:
float32 columns                     test_drift.py (narrow, narrow_ties, narrow_few), float32's edges in tests/unit/compute_drift.c
what is drift on the limit itself   tests/unit/compute_drift_rules.c
equal values in both samples        test_drift.py (rounded, coarse, powers), tests/unit/compute_stat.c (walks_both)
sketches' own errors                test_deequ.py (sketches), tests/cli/test_sketches.py
baselines that are stored           tests/cli/test_sketches.py, tests/cli/test_partial.py
"""
import json
import math
import os
import subprocess
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lib_drift import ALL, PROGRAM, PYTHON, close, ours
from scipy import stats
from sluice_pytest import peer
from test_nannyml import asked

pytestmark = [pytest.mark.peer("evidently")]

EVIDENTLY = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas as pd, evidently
from evidently.legacy.calculations import stattests as t
from evidently.legacy.calculations.stattests.registry import _get_default_stattest
from evidently.core.datasets import infer_column_type
tests = {"psi": t.psi_stat_test, "js": t.jensenshannon_stat_test, "wasserstein": t.wasserstein_stat_test, "chi2": t.chi_stat_test,
         "ks": t.ks_stat_test}
for line in sys.stdin:
    folder, asked = json.loads(line)
    a, b = (pd.read_parquet(f"{folder}/{s}.parquet") for s in ("baseline", "current"))
    out = {"evidently": evidently.__version__, "default": {}}
    for c in a.columns:
        kind = infer_column_type(b[c])
        out["default"][c] = _get_default_stattest(a[c], b[c], kind).name
        for name in asked.split(","):
            score, drifted = tests[name].func(a[c].copy(), b[c].copy(), kind, tests[name].default_threshold)
            out[f"{c} {name}"] = [float(score), bool(drifted)]
    print(json.dumps(out), flush=True)
"""


def write(folder, a, b):
    for name, x in (("baseline", a), ("current", b)):
        pd.DataFrame(x).to_parquet(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def evidently():
    """(folder, tests) -> what Evidently says of the two files there; one process for all, since it takes seconds to start."""
    with subprocess.Popen([PYTHON, "-c", EVIDENTLY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def ask(folder, tests):
            process.stdin.write(json.dumps([str(folder), tests]) + "\n")
            process.stdin.flush()
            out = json.loads(process.stdout.readline())
            peer("evidently", out["evidently"], "real")
            return out
        yield ask
        process.stdin.close()


def rows(folder, tests, profile="evidently"):
    return {(r["feature"], r["test"]): r for r in ours(folder, profile, tests)}


def profile(folder):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
    os.chmod(folder, 0o700)
    run = subprocess.run([PROGRAM, "profile", "baseline.parquet", "-o", "json"], cwd=folder, capture_output=True, env=env, timeout=120)
    assert run.returncode == 0, run.stderr
    return {r["name"]: r for r in json.loads(run.stdout)}


def psi_of(r, c):
    r, c = np.array(r, float), np.array(c, float)
    for x in (r, c):
        least = x[x > 0].min()
        x[x == 0] = least / 1e6 if least <= 1e-4 else 1e-4
    return float(((r - c) * np.log(r / c)).sum())


def test_bins_as_numpy_makes_them(tmp_path, evidently):
    """Values on the edges themselves: the quotient that finds a bin lands beside it, unless it is compared with the edges again."""
    draw = np.random.default_rng(2)
    inner = draw.random(300) * 0.7 + 0.1
    edges = np.histogram_bin_edges(np.concatenate([inner, [0.1, 0.8] * 2, np.zeros(1998)]), bins="sturges")
    edges = np.linspace(0.1, 0.8, len(edges))
    a = np.concatenate([inner, np.repeat(edges, 9), np.nextafter(edges[1:], 0)])
    b = np.concatenate([draw.random(300) * 0.7 + 0.1, np.repeat(edges, 5), np.nextafter(edges[1:-1], 1), [0.1, 0.8]])
    edges = np.histogram_bin_edges(np.concatenate([a, b]), bins="sturges")
    a[300:309] = b[300] = edges[3]  # the edges that the two together have
    a, b = np.concatenate([a, np.repeat(edges, 4)]), np.concatenate([b, edges])
    edges = np.histogram_bin_edges(np.concatenate([a, b]), bins="sturges")
    k = len(edges) - 1
    careless = [np.bincount(np.minimum(((x - edges[0]) / (edges[-1] - edges[0]) * k).astype(int), k - 1), minlength=k) for x in (a, b)]
    exact = [np.histogram(x, edges)[0] for x in (a, b)]
    assert any((c != e).any() for c, e in zip(careless, exact))
    write(tmp_path, {"x": a}, {"x": b})
    want, row = evidently(tmp_path, "psi")["x psi"][0], rows(tmp_path, "psi")["x", "psi"]
    assert close(row["statistic"], want, 1e-12, 0), (row["statistic"], want)
    assert close(want, psi_of(exact[0] / len(a), exact[1] / len(b)), 1e-12, 0)
    assert not close(want, psi_of(careless[0] / len(a), careless[1] / len(b)), 1e-6, 0)


def test_the_variance_of_values_far_from_zero(tmp_path, evidently):
    """Squares summed up lose all digits there; the deviations' squares do not."""
    draw = np.random.default_rng(3)
    a, b = 1e9 + draw.normal(size=4000), 1e9 + draw.normal(0.05, 1, 4000)
    write(tmp_path, {"x": a}, {"x": b})
    careless = math.sqrt(abs((a * a).mean() - a.mean() ** 2))
    assert abs(careless / a.std() - 1) > 1e-3
    row, want = rows(tmp_path, "wasserstein,welch@scipy"), evidently(tmp_path, "wasserstein")["x wasserstein"][0]
    assert close(row["x", "wasserstein"]["statistic"], want, 1e-12, 0)
    near = stats.ttest_ind(a - 1e9, b - 1e9, equal_var=False)  # the same samples, where scipy has its digits
    assert close(row["x", "welch"]["statistic"], near.statistic, 1e-9, 0) and close(row["x", "welch"]["p_value"], near.pvalue, 1e-9, 0)


def test_sums_that_cancel(tmp_path):
    """Added one after the other they lose what the large ones cover; a profile of many rows sums exactly."""
    draw = np.random.default_rng(4)
    large = draw.normal(size=60_000) * 1e12
    x = np.concatenate([large, draw.random(150_000), -large])
    careless = 0.0
    for v in x:
        careless += v
    exact = math.fsum(x) / len(x)
    assert abs(careless / len(x) / exact - 1) > 1e-9
    write(tmp_path, {"x": x}, {"x": x})
    assert close(profile(tmp_path)["x"]["mean"], exact, 1e-12, 0)


def test_empty_bins_are_filled_by_evidentlys_rule(tmp_path, evidently):
    """A category that went and one that came: without a rule PSI is infinite. The row says whose rule it was."""
    a = ["a"] * 11_999 + ["b"] * 8000 + ["gone"]
    b = ["a"] * 7000 + ["b"] * 5000 + ["new"] * 3000
    write(tmp_path, {"c": a}, {"c": b})
    row, want = rows(tmp_path, "psi")["c", "psi"], evidently(tmp_path, "psi")["c psi"]
    assert math.isfinite(want[0]) and close(row["statistic"], want[0], 1e-12, 0) and row["drifted"] == want[1]
    assert row["definition"] == "evidently"
    shares = [[x.count(v) / len(x) for v in ("a", "b", "gone", "new")] for x in (a, b)]
    assert close(want[0], psi_of(*shares), 1e-12, 0)
    assert not close(want[0], psi_of(*[[max(v, 1e-4) for v in s] for s in shares]), 1e-3, 0), "one number for every empty cell"


def test_infinite_and_missing_values_are_counted_apart(tmp_path):
    draw = np.random.default_rng(6)
    a, b = draw.normal(size=500), draw.normal(0.2, 1, 400)
    a[:7], a[7:10], b[:5], b[5] = np.nan, np.inf, -np.inf, np.nan
    write(tmp_path, {"x": a}, {"x": b})
    row = rows(tmp_path, "ks,wasserstein@scipy")
    kept = a[np.isfinite(a)], b[np.isfinite(b)]
    want = stats.ks_2samp(*kept)
    r = row["x", "ks"]
    assert [r[f"{k}_{s}"] for k in ("n", "missing", "infinite") for s in ("baseline", "current")] == [490, 394, 7, 1, 3, 5]
    assert close(r["statistic"], want.statistic, 1e-12, 0) and close(r["p_value"], want.pvalue, 1e-9, 0)
    assert close(row["x", "wasserstein"]["statistic"], stats.wasserstein_distance(*kept), 1e-12, 0)
    assert stats.ks_2samp(a[~np.isnan(a)], b[~np.isnan(b)]).statistic != want.statistic, "infinities would have counted"


def test_whole_numbers_and_decimals_beyond_2_to_the_53(tmp_path):
    """As doubles, each the nearest one, which is what numpy makes of them; the extremes keep their digits."""
    base = 2 ** 53
    whole = [base + 2 * k + 1 for k in range(60)]
    decimals = [Decimal(f"{10 ** 17 + k}.{k:07d}") for k in range(60)]
    now = [v + 40 for v in whole], [v + 30 for v in decimals]
    for name, i, d in (("baseline", whole, decimals), ("current", *now)):
        pq.write_table(pa.table({"i": pa.array(i, pa.int64()), "d": pa.array(d, pa.decimal128(38, 10))}), tmp_path / f"{name}.parquet")
    row = rows(tmp_path, "ks,wasserstein@scipy")
    for c, a, b in (("i", whole, now[0]), ("d", decimals, now[1])):
        doubles = [np.array([float(v) for v in x]) for x in (a, b)]
        assert len(set(doubles[0])) < 60, "doubles that fall together"
        assert close(row[c, "ks"]["statistic"], stats.ks_2samp(*doubles).statistic, 1e-12, 0)
        assert close(row[c, "wasserstein"]["statistic"], stats.wasserstein_distance(*doubles), 1e-12, 0)
    assert profile(tmp_path)["i"]["min"] == str(whole[0]) and profile(tmp_path)["i"]["max"] == str(whole[-1])


def test_heavy_tails_hide_in_one_of_sturges_bins(tmp_path, evidently):
    """Evidently's PSI, which ours is, sees nothing: nearly all values share a bin. Tests that look at the order see it."""
    draw = np.random.default_rng(8)
    a, b = draw.standard_cauchy(4000), draw.standard_cauchy(4000) + 0.4
    a[0], b[0] = 3e6, 2.5e6
    both = np.concatenate([a, b])
    assert np.histogram(both, np.histogram_bin_edges(both, bins="sturges"))[0].max() > 0.999 * len(both)
    write(tmp_path, {"x": a}, {"x": b})
    want, row = evidently(tmp_path, "psi")["x psi"], rows(tmp_path, "psi,ks,linf_robust,js@nannyml")
    assert close(row["x", "psi"]["statistic"], want[0], 1e-12, 1e-15) and want[0] < 0.01 and not row["x", "psi"]["drifted"]
    assert row["x", "ks"]["drifted"] and row["x", "ks"]["p_value"] < 1e-6 and row["x", "linf_robust"]["statistic"] > 0.05
    assert close(row["x", "ks"]["p_value"], stats.ks_2samp(a, b).pvalue, 1e-9, 0)


def moved_edges(folder):
    """The same current data twice, the second time with one value far out: Evidently's bins move with it, the baseline's do not."""
    draw = np.random.default_rng(9)
    a, b = draw.normal(size=3000), draw.normal(0.5, 1, 3000)
    far = b.copy()
    far[0] = 400
    for name, x in (("calm", b), ("far", far)):
        (folder / name).mkdir()
        write(folder / name, {"x": a}, {"x": x})
        yield folder / name


def test_bins_over_both_move_with_one_value(tmp_path, evidently):
    calm, far = moved_edges(tmp_path)
    theirs = [evidently(f, "psi")["x psi"][0] for f in (calm, far)]
    mine = [rows(f, "psi,js@nannyml,linf") for f in (calm, far)]
    assert theirs[0] > 5 * theirs[1], "one value of 3,000 makes the drift go away"
    for want, row in zip(theirs, mine):
        assert close(row["x", "psi"]["statistic"], want, 1e-12, 0)
    for test in ("js", "linf"):  # bins of the baseline; no bins at all
        assert abs(mine[0]["x", test]["statistic"] - mine[1]["x", test]["statistic"]) < 0.01, test


def test_kolmogorov_and_smirnov_are_timid_where_values_repeat(tmp_path, evidently):
    """Of few values chi-squared or Jensen-Shannon is chosen, as Evidently does; KS has scipy's p, which is too large."""
    draw = np.random.default_rng(10)
    few = {"small": 900, "large": 4000}
    for name, n in few.items():
        (tmp_path / name).mkdir()
        a, b = (draw.choice([0.0, 1.0, 2.0], n, p=p) for p in ([0.4, 0.35, 0.25], [0.4 + 1.2 / n ** 0.5, 0.35, 0.25 - 1.2 / n ** 0.5]))
        write(tmp_path / name, {"x": a}, {"x": b})
        row, want = rows(tmp_path / name, "auto,ks,chi2"), evidently(tmp_path / name, "chi2,js")
        chosen = {r["test"] for r in row.values() if r["chosen"]}
        assert chosen == {"chi2" if name == "small" else "js"}
        assert want["default"]["x"] == {"small": "chisquare", "large": "jensenshannon"}[name]
        assert close(row["x", "ks"]["p_value"], stats.ks_2samp(a, b).pvalue, 1e-9, 0)
        assert close(row["x", "chi2"]["p_value"], want["x chi2"][0], 1e-9, 0)
        assert row["x", "chi2"]["p_value"] < row["x", "ks"]["p_value"]


def test_of_many_rows_every_p_is_small(tmp_path, evidently):
    """A p-value alone says how many rows there are: D, the normed distance and the chance level stand beside it."""
    draw = np.random.default_rng(11)
    a, b = draw.normal(size=400_000), draw.normal(0.008, 1, 400_000)
    write(tmp_path, {"x": a}, {"x": b})
    row, want = rows(tmp_path, "auto,ks"), stats.ks_2samp(a, b)
    ks, normed = row["x", "ks"], row["x", "wasserstein"]
    assert close(ks["p_value"], want.pvalue, 1e-9, 0) and ks["drifted"] and want.pvalue < 0.01
    assert close(ks["statistic"], want.statistic, 1e-12, 0) and ks["statistic"] < 0.01
    theirs = evidently(tmp_path, "wasserstein")["x wasserstein"]
    assert normed["chosen"] and not normed["drifted"] and close(normed["statistic"], theirs[0], 1e-12, 0) and not theirs[1]
    assert 0 < ks["chance"] < ks["statistic"] and 0 < normed["chance"] < 0.01


def the_baselines_bins_are_nannymls(tmp_path):
    """With ./run test --all: NannyML's bins stay, whatever the current data; ours are its."""
    for folder in moved_edges(tmp_path):
        want = asked(folder)["columns"]["x"]["js"]
        row = rows(folder, "js", "nannyml")["x", "js"]
        assert close(row["statistic"], want[0], 1e-12, 0) and close(row["threshold"], want[3], 1e-12, 0)


if ALL:
    test_the_baselines_bins_are_nannymls = pytest.mark.peer("nannyml")(the_baselines_bins_are_nannymls)
