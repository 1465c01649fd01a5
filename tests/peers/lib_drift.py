"""What the comparisons of `sluice drift` with other tools share: the run, and when a figure is the other's."""
import json
import math
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
ALL = os.environ.get("SLUICE_PEERS", "newest") == "all"
ORACLE = Path(__file__).with_name("drift_oracle.py")
PYTHON = DEPS / "venv-drift" / "bin" / "python"
BOTH = ("wasserstein", "chi2", "g", "fisher", "anderson", "cvm", "mannw", "t", "energy", "es")


def draw(folder, seed):
    """A pair of data sets in the folder, baseline.parquet and current.parquet, and what Evidently and scipy say of them."""
    subprocess.run([PYTHON, ORACLE, folder, str(seed)], check=True, timeout=250)
    return json.loads((folder / "expected.json").read_text())


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
    return close(got, want, 1e-12 + noise * 10, 1e-11) and (want < 1e-6 or close(got, want, max(1e-9, noise * 10), 4e-15))


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


def ours(folder, profile, tests):
    os.chmod(folder, 0o700)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder),
           **{k: os.environ[k] for k in ("SLUICE_CPU",) if k in os.environ}}
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
