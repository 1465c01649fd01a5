"""Evidently and scipy over random data sets: every statistic, p-value, choice of test and verdict of `sluice drift` must be theirs.

Deviations have their reasons in docs/internals/drift.md; in lib_drift.py they are the tolerances. NannyML's and Deequ's figures have files
of their own, test_nannyml.py and test_deequ.py.
"""
import pytest
from lib_drift import ALL, BOTH, draw, ours, problems, rows_of
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
