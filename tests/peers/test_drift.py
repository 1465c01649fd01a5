"""Evidently and scipy over random data sets: every statistic, p-value, choice of test and verdict of `sluice drift` must be theirs.

Deviations have their reasons in docs/internals/drift.md; here they are the tolerances.
"""
import json
import math
import os
import subprocess
from pathlib import Path

import pytest
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
PYTHON = DEPS / "venv-drift" / "bin" / "python"
ORACLE = Path(__file__).with_name("drift_oracle.py")
BOTH = ("wasserstein", "chi2", "g", "fisher", "anderson", "cvm", "mannw", "t", "energy", "es")
TESTS = "auto,ks,psi,js,kl,hellinger,z,welch@scipy," + ",".join(f"{t},{t}@scipy" for t in BOTH)

SEEDS = 48 if os.environ.get("SLUICE_PEERS", "newest") == "all" else 5

pytestmark = [pytest.mark.peer("evidently")]


def value(v):
    return math.nan if v is None else float(v) if not isinstance(v, str) else float(v.replace("Infinity", "inf"))


def close(got, want, relative, absolute):
    return (math.isnan(got) and math.isnan(want)) or got == want or abs(got - want) <= max(relative * abs(want), absolute)


def agrees(test, got, want, noise):
    """Statistics to 1e-12. A root near 0 (js, hellinger) is compared before the root: that is what was computed to 1e-15. In float32
    Hellinger sums in float32, whose last step is 6e-8 before the root."""
    got, want = value(got), value(want)
    if test in ("js", "hellinger"):
        return close(got, want, 1e-12, 0) or close(got * got, want * want, 1e-12, 4e-15)
    if test.startswith("cvm"):  # scipy's is the difference of two figures of this size
        return close(got, want, 1e-12, 1e-15 * (1 + abs(want)) * 1e4)
    return close(got, want, noise, 1e-14)


def p_agrees(got, want, noise):
    """To 1e-9, as far as scipy's own subtraction from 1 leaves digits (exact ks, z)."""
    got, want = value(got), value(want)
    return close(got, want, 1e-12 + noise, 1e-11) and (want < 1e-6 or close(got, want, max(1e-9, noise * 10), 0))


def problems(row, test, want):
    statistic, p, drifted, noise = (*want, 1e-12)[:4]
    if statistic == "error":
        return []
    out = []
    if statistic is not None and not agrees(test, row["statistic"], statistic, noise):
        out.append(f"statistic {row['statistic']!r}, not {statistic!r}")
    if p is not None and not p_agrees(row["p_value"], p, noise):
        out.append(f"p {row['p_value']!r}, not {p!r}")
    if drifted is not None and bool(row["drifted"]) != drifted:
        out.append(f"drifted {row['drifted']!r}, not {drifted!r}")
    return out


def ours(folder, profile="evidently", tests=TESTS):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
    run = subprocess.run([PROGRAM, "drift", "--baseline", "baseline.parquet", "--current", "current.parquet", "--profile", profile,
                          "--tests", tests, "-o", "json"], cwd=folder, capture_output=True, env=env, timeout=120)
    assert run.returncode in (0, 4), run.stderr.decode()
    return json.loads(run.stdout)


def rows_of(rows):
    out, chosen = {}, {}
    for r in rows:
        name = r["test"] + ("@scipy" if r["definition"] == "scipy" and r["test"] in (*BOTH, "welch") else "")
        out[r["feature"], name] = r
        if r["chosen"]:
            chosen[r["feature"]] = r["test"]
    return out, chosen


@pytest.mark.parametrize("seed", range(SEEDS))
def test_same_as_evidently_and_scipy(tmp_path, seed):
    subprocess.run([PYTHON, ORACLE, tmp_path, str(seed)], check=True, timeout=250)
    expected = json.loads((tmp_path / "expected.json").read_text())
    peer("evidently", expected["evidently"], "real")
    os.chmod(tmp_path, 0o700)
    rows, chosen = rows_of(ours(tmp_path))
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


def nannyml_problems(feature, test, want, row):
    if row is None:
        return [f"{feature} {test}: no row"]
    statistic, p, drifted, limit = want
    out = problems(row, test, [statistic, p, drifted])
    if limit is not None and not agrees(test, row["threshold"], limit, 1e-12):
        out.append(f"limit {row['threshold']!r}, not {limit!r}")
    return [f"{feature} {test}: {p}" for p in out]


def nannyml(tmp_path, seed):
    """With ./run test --all: NannyML's distances and the limits that it finds in the baseline's own chunks."""
    python = DEPS / "venv-nannyml" / "bin" / "python"
    assert python.exists(), "./run deps peers makes it"
    subprocess.run([PYTHON, ORACLE, tmp_path, str(seed)], check=True, timeout=250)
    subprocess.run([python, ORACLE.with_name("drift_nannyml.py"), tmp_path], check=True, timeout=250,
                   env={**os.environ, "NML_DISABLE_USAGE_LOGGING": "1"})
    expected = json.loads((tmp_path / "nannyml.json").read_text())
    peer("nannyml", expected["nannyml"], "real")
    os.chmod(tmp_path, 0o700)
    rows = {(r["feature"], r["test"]): r for r in ours(tmp_path, "nannyml", "auto,js,hellinger,ks,wasserstein,linf,chi2")}
    wrong = []
    for feature, tests in expected["columns"].items():
        for test, want in tests.items():
            wrong += [] if want[0] == "error" else nannyml_problems(feature, test, want, rows.get((feature, test)))
    assert not wrong, "\n".join(wrong)
    assert sum(want[0] != "error" for tests in expected["columns"].values() for want in tests.values()) >= 100
    assert {r["test"] for r in rows.values() if r["chosen"]} == {"js"}


def deequ_figures(tmp_path, seed):
    subprocess.run([PYTHON, ORACLE, tmp_path, str(seed)], check=True, timeout=250)
    lines = [PYTHON, ORACLE.with_name("drift_deequ_samples.py"), tmp_path]
    samples = subprocess.run(lines, check=True, timeout=100, capture_output=True).stdout
    run = subprocess.run(["java", "-cp", f"{DEPS}/jars-deequ/*", ORACLE.with_name("drift_deequ.java")], input=samples, check=True,
                         capture_output=True, timeout=250)
    return {name: list(map(float, figures)) for name, *figures in (line.split("\t") for line in run.stdout.decode().splitlines())}


def deequ(tmp_path, seed):
    """With ./run test --all: the distances that Model Monitor is made of, by Deequ's own classes. Its p comes from Spark's chi-squared."""
    assert (DEPS / "jars-deequ").exists(), "./run deps peers makes it"
    expected = deequ_figures(tmp_path, seed)
    peer("deequ", next((DEPS / "jars-deequ").glob("deequ-*.jar")).stem.removeprefix("deequ-"), "real")
    os.chmod(tmp_path, 0o700)
    rows = {(r["feature"], r["test"]): r for r in ours(tmp_path, "deequ", "auto,linf,chi2")}
    wrong = []
    for feature, (simple, robust, *chi2) in expected.items():
        want = {"linf": [simple, None, simple > 0.1], "linf_robust": [robust, None, robust > 0.1]}
        if chi2:
            want["chi2"] = [chi2[1], chi2[0], chi2[0] < 0.05]
        for test, figures in want.items():
            row = rows.get((feature, test))
            wrong += [f"{feature} {test}: {p}" for p in problems(row, test, figures)] if row else [f"{feature} {test}: no row"]
    assert not wrong, "\n".join(wrong)
    assert len(expected) >= 30


if os.environ.get("SLUICE_PEERS", "newest") == "all":
    test_same_as_deequ = pytest.mark.peer("deequ")(pytest.mark.parametrize("seed", (1, 2, 3, 4, 6, 7))(deequ))
    test_same_as_nannyml = pytest.mark.peer("nannyml")(pytest.mark.parametrize("seed", (2, 3, 5, 7, 8, 10, 11))(nannyml))
