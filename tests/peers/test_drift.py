"""Evidently and scipy over random data sets: every statistic, p-value, choice of test and verdict of `sluice drift` must be theirs.

Deviations have their reasons in docs/internals/drift.md; in lib_drift.py they are the tolerances. NannyML's and Deequ's figures have files
of their own, test_nannyml.py and test_deequ.py.
"""
import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
from lib_drift import ALL, BOTH, PROGRAM, close, draw, ours, problems, rows_of
from scipy import stats
from sluice_pytest import peer

TESTS = "auto,ks,psi,js,kl,hellinger,z,welch@scipy," + ",".join(f"{t},{t}@scipy" for t in BOTH)

SEEDS = 48 if ALL else 5

pytestmark = [pytest.mark.peer("evidently")]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_same_as_evidently_and_scipy(tmp_path, seed):
    expected = draw(tmp_path, seed)
    peer("evidently", expected["evidently"], "real")
    rows, chosen = rows_of(ours(tmp_path, "evidently", TESTS))
    wrong, compared = [], 0
    for feature, want in expected["columns"].items():
        if chosen.get(feature) != want["default"]:
            wrong.append(f"{feature}: chose {chosen.get(feature)}, not {want['default']}")
        for test, figures in want["tests"].items():
            row = rows.get((feature, test))
            if not row:
                wrong.append(f"{feature} {test}: no row")
                continue
            compared += 1
            wrong += [f"{feature} {test}: {p}" for p in problems(row, test, figures)]
            if [row["n_baseline"], row["n_current"]] != want["n"]:
                wrong.append(f"{feature}: n {row['n_baseline']}, {row['n_current']}, not {want['n']}")
    assert not wrong, "\n".join(wrong)
    assert compared >= 100


# ---- p-values that are almost 0 ----

def table_of(x, y):
    return np.array([[np.count_nonzero(side == v) for v in np.union1d(x, y)] for side in (x, y)])


def test_small_p_values_keep_their_digits(tmp_path):
    """Strong drift: where scipy does not subtract from 1, relative to 1e-9 down to the least numbers that doubles are."""
    draw_, a, b = np.random.default_rng(3), {}, {}
    for k, s in enumerate((0.25, 0.4, 0.8, 1.5)):
        a[f"x{k}"], b[f"x{k}"] = draw_.normal(0, 1, 2000), draw_.normal(s, 1.1, 1500)
        a[f"c{k}"] = draw_.choice(list("pqr"), 2000, p=[.5, .3, .2])
        b[f"c{k}"] = draw_.choice(list("pqr"), 1500, p=[.5 - s / 4, .3 + s / 4, .2])
        a[f"b{k}"], b[f"b{k}"] = draw_.choice(["u", "v"], 2000), draw_.choice(["u", "v"], 1500, p=[.5 - s / 4, .5 + s / 4])
    pd.DataFrame(a).to_parquet(tmp_path / "baseline.parquet")
    pd.DataFrame(b).to_parquet(tmp_path / "current.parquet")
    rows, _ = rows_of(ours(tmp_path, "evidently", "ks,t@scipy,welch@scipy,mannw@scipy,es@scipy,chi2@scipy,g@scipy,fisher@scipy"))
    small = 0
    for c, x in a.items():
        y = b[c]
        if c[0] == "x":
            want = {"ks": stats.ks_2samp(x, y), "t@scipy": stats.ttest_ind(x, y), "welch@scipy": stats.ttest_ind(x, y, equal_var=False),
                    "mannw@scipy": stats.mannwhitneyu(x, y), "es@scipy": stats.epps_singleton_2samp(x, y)}
        else:
            t = table_of(x, y)
            want = {"chi2@scipy": stats.chi2_contingency(t), "g@scipy": stats.chi2_contingency(t, lambda_="log-likelihood")}
            want |= {"fisher@scipy": stats.fisher_exact(t)} if c[0] == "b" else {}
        for test, one in want.items():
            got = float(rows[c, test]["p_value"])
            assert close(got, one.pvalue, 1e-9, 0), (c, test, got, one.pvalue)
            small += 0 < one.pvalue < 1e-11
    assert small >= 20, small


# ---- columns that memory does not hold ----

def long_columns(folder):
    """3 and 2.5 million rows: more than the least box sorts in memory."""
    draw_ = np.random.default_rng(5)
    for name, n, shift in (("baseline", 3_000_000, 0), ("current", 2_500_000, 0.001)):
        x, holes = draw_.normal(shift, 1, n), np.round(draw_.normal(shift, 50, n))
        holes[draw_.random(n) < 0.1] = np.nan
        holes[draw_.random(n) < 0.01] = np.inf
        pd.DataFrame({"x": x, "holes": holes}).to_parquet(folder / f"{name}.parquet")
        yield {"x": x, "holes": holes[np.isfinite(holes)]}


def with_limits(folder, memory, tmp, cpu, tests):
    config = folder / ".config" / "sluice" / "config.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"box: {{memory: {memory}, tmp: {tmp}}}\n")
    os.chmod(folder, 0o700)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder), "SLUICE_CPU": cpu}
    words = [PROGRAM, "drift", "--baseline", "baseline.parquet", "--current", "current.parquet", "--tests", tests, "-o", "json"]
    return subprocess.run(words, cwd=folder, capture_output=True, env=env, timeout=120)


def test_sorted_on_disk_as_in_memory_and_as_scipy(tmp_path):
    """To the bit, at every level of the processor; a full disk is one line, and nothing is left."""
    a, b = long_columns(tmp_path)
    tests = "auto,ks,wasserstein@scipy,mannw,psi,js@nannyml,linf_robust@deequ"
    on_disk, in_memory = (with_limits(tmp_path, m, "2GB", "c", tests) for m in ("128MB", "1GB"))
    assert on_disk.returncode in (0, 4), on_disk.stderr
    assert on_disk.stdout == in_memory.stdout and on_disk.stderr == in_memory.stderr
    assert with_limits(tmp_path, "128MB", "2GB", "avx2", tests).stdout == on_disk.stdout
    rows = {(r["feature"], r["test"], r["definition"]): r for r in json.loads(on_disk.stdout)}
    for c in a:
        ks, w = stats.ks_2samp(a[c], b[c]), stats.wasserstein_distance(a[c], b[c])
        row = rows[c, "ks", "scipy"]
        assert close(row["statistic"], ks.statistic, 0, 1e-12) and close(row["p_value"], ks.pvalue, 1e-9, 0), (c, row, ks)
        assert close(rows[c, "wasserstein", "scipy"]["statistic"], w, 1e-9, 0), (c, w)
    for tmp in ("30MB", "70MB"):  # no room for a run; none to merge them
        full = with_limits(tmp_path, "128MB", tmp, "c", "ks")
        assert full.returncode == 1 and full.stderr.count(b"\n") == 1 and b"box.tmp" in full.stderr, full.stderr
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p.name not in ("baseline.parquet", "current.parquet", "config.yaml")] == []
