"""NannyML 0.13.1 beside `sluice drift --profile nannyml`: its distances, and the limits that it finds in the baseline's own chunks. Its
environment takes 2 GB, so that it answers only with ./run test --all (.deps/venv-nannyml).
"""
import json
import os
import subprocess
from pathlib import Path

import pytest
from lib_drift import ALL, DEPS, agrees, draw, ours, problems
from sluice_pytest import peer

PYTHON = DEPS / "venv-nannyml" / "bin" / "python"


def asked(folder):
    assert PYTHON.exists(), "./run deps peers makes it"
    subprocess.run([PYTHON, Path(__file__).with_name("nannyml_oracle.py"), folder], check=True, timeout=250,
                   env={**os.environ, "NML_DISABLE_USAGE_LOGGING": "1"})
    expected = json.loads((folder / "nannyml.json").read_text())
    peer("nannyml", expected["nannyml"], "real")
    return expected


def problems_of(feature, test, want, row):
    if row is None:
        return [f"{feature} {test}: no row"]
    statistic, p, drifted, limit = want
    out = problems(row, test, [statistic, p, drifted])
    if limit is not None and not agrees(test, row["threshold"], limit, 1e-12):
        out.append(f"limit {row['threshold']!r}, not {limit!r}")
    return [f"{feature} {test}: {p}" for p in out]


def univariate(tmp_path, seed):
    draw(tmp_path, seed)
    expected = asked(tmp_path)
    rows = {(r["feature"], r["test"]): r for r in ours(tmp_path, "nannyml", "auto,js,hellinger,ks,wasserstein,linf,chi2")}
    wrong = []
    for feature, tests in expected["columns"].items():
        for test, want in tests.items():
            wrong += [] if want[0] == "error" else problems_of(feature, test, want, rows.get((feature, test)))
    assert not wrong, "\n".join(wrong)
    assert sum(want[0] != "error" for tests in expected["columns"].values() for want in tests.values()) >= 100
    assert {r["test"] for r in rows.values() if r["chosen"]} == {"js"}


if ALL:
    test_univariate = pytest.mark.peer("nannyml")(pytest.mark.parametrize("seed", (2, 3, 5, 7, 8, 10, 11))(univariate))
