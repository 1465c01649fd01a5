"""NannyML 0.13.1 beside `sluice drift --profile nannyml`: its distances, and the limits that it finds in the baseline's own chunks; its
reconstruction error of all features together. Its environment takes 2 GB, so that it answers only with ./run test --all
(.deps/venv-nannyml); a plain run compares the reconstruction error with scikit-learn, which NannyML has it from.
"""
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lib_drift import ALL, DEPS, agrees, close, draw, ours, problems
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


# ---- all features together ----

def related(folder, seed):
    """Features that have to do with each other, holes, few values, texts and booleans; one that does not vary; the current data late."""
    draw_ = np.random.default_rng(seed)
    sides = []
    for late, n in ((0, (1234, 5003, 57, 3000)[seed % 4]), (1, (900, 4000, 60, 7)[seed % 4])):
        a, b = draw_.normal(size=n), draw_.normal(size=n)
        out = {"a": a, "b": 1e3 * (a + 0.3 * b) + 1e5, "c": b * (1 - 0.6 * late * (seed % 3)) + 0.1 * a, "few": draw_.integers(0, 5, n),
               "narrow": (a - b + draw_.normal(size=n)).astype("float32"), "constant": np.full(n, 2.5)}
        out["ward"] = np.array(["north", "south", "east", "west", "new"])[np.where(a > 0, draw_.integers(0, 4, n), 4 * late)].astype(object)
        out["flag"] = a + draw_.normal(size=n) > 0
        out["c"][draw_.random(n) < 0.1] = np.nan
        out["ward"][draw_.random(n) < 0.2] = None
        sides.append(pd.DataFrame(out))
        sides[-1].to_parquet(folder / ("current.parquet" if late else "baseline.parquet"))
    return sides


def by_scikit_learn(a, b):
    """NannyML's steps. Error of b; limits; error of a."""
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler
    texts = [c for c in a.columns if a[c].dtype.kind in "Ob" or str(a[c].dtype) in ("str", "string")]
    numbers = [c for c in a.columns if c not in texts]
    imputer = SimpleImputer(strategy="mean").fit(a[numbers])
    mode = {c: sorted(a[c].dropna().mode())[0] for c in texts}
    share = {c: a[c].astype(object).where(a[c].notna(), mode[c]).value_counts(normalize=True) for c in texts}

    def encoded(x):
        out = pd.DataFrame(imputer.transform(x[numbers]), columns=numbers)
        for c in texts:
            out[c] = x[c].astype(object).where(x[c].notna(), mode[c]).map(share[c]).fillna(0).to_numpy(float)
        return out[list(a.columns)].to_numpy()

    scaler = StandardScaler().fit(encoded(a))
    pca = PCA(n_components=0.65, random_state=16).fit(scaler.transform(encoded(a)))

    def errors(x):
        z = scaler.transform(encoded(x))
        return np.linalg.norm(z - pca.inverse_transform(pca.transform(z)), axis=1)

    own, size = errors(a), len(a) // 10
    chunks = np.array([own[i:i + size].mean() for i in range(0, len(a), size)])
    return errors(b).mean(), chunks.mean() - 3 * chunks.std(), chunks.mean() + 3 * chunks.std(), own.mean()


def check_pca(folder, error, low, high, baseline):
    """To 1e-9 and not to the last digits: eigenvectors are LAPACK's there and Jacobi's here, and sums go in another order."""
    row, = ours(folder, "nannyml", "pca")
    assert (row["feature"], row["kind"], row["test"], row["definition"], row["chosen"]) == ("*", "multivariate", "pca", "nannyml", True)
    for what, got, want in (("error", row["statistic"], error), ("limit", row["threshold"], high), ("baseline", row["chance"], baseline)):
        assert close(got, want, 1e-9, 1e-12), (what, got, want)
    assert row["drifted"] == (not (low if low is not None and low > 0 else -1) < error < high)
    return row


@pytest.mark.parametrize("seed", range(6))
def test_reconstruction_as_scikit_learn(tmp_path, seed):
    check_pca(tmp_path, *by_scikit_learn(*related(tmp_path, seed)))


def test_reconstruction_beside_the_features(tmp_path):
    """With other tests it is one row more and counts for no verdict of its own; what it cannot do is said."""
    a, b = related(tmp_path, 1)
    rows = ours(tmp_path, "nannyml", "auto,pca")
    assert [(r["feature"], r["test"]) for r in rows if not r["chosen"]] == [("*", "pca")] and len(rows) == len(a.columns) + 1
    for name, frame in (("baseline", a), ("current", b)):
        frame[["a"]].to_parquet(tmp_path / f"{name}.parquet")
    row, = ours(tmp_path, "nannyml", "pca")
    assert row["statistic"] is None and row["drifted"] is None and "two features" in row["note"]
    for name in ("baseline", "current"):
        pd.DataFrame({"x": [1.0] * 20, "y": [2.0] * 20}).to_parquet(tmp_path / f"{name}.parquet")
    row, = ours(tmp_path, "nannyml", "pca")
    assert row["statistic"] is None and "varies" in row["note"]
    pd.DataFrame({"x": [1.0, 2, 3], "y": [2.0, 1, 5]}).to_parquet(tmp_path / "baseline.parquet")
    row, = ours(tmp_path, "nannyml", "pca")
    assert row["statistic"] > 0 and row["threshold"] is None and row["drifted"] is None and "fewer than ten" in row["note"]


def reconstruction(tmp_path, seed):
    related(tmp_path, seed)
    out = subprocess.run([PYTHON, Path(__file__).with_name("nannyml_pca.py"), tmp_path], check=True, capture_output=True, timeout=250,
                         env={**os.environ, "NML_DISABLE_USAGE_LOGGING": "1"}).stdout
    want = json.loads(out.splitlines()[-1])
    peer("nannyml", want["nannyml"], "real")
    row = check_pca(tmp_path, want["error"], want["low"], want["high"], want["baseline"])
    assert row["drifted"] == want["drifted"]


if ALL:
    test_univariate = pytest.mark.peer("nannyml")(pytest.mark.parametrize("seed", (2, 3, 5, 7, 8, 10, 11))(univariate))
    test_reconstruction = pytest.mark.peer("nannyml")(pytest.mark.parametrize("seed", range(4))(reconstruction))
