"""Profiles of data too large to be counted value by value, beside numpy: counts, bounds, means and histograms are exact; quartiles lie
within a 4,096th of a bucket (beyond 2^128, of the range), counts of different values within 3.3 % (four standard errors) where there
are many."""
import json
import os
import subprocess
from pathlib import Path

import pytest
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
PYTHON = DEPS / "venv-drift" / "bin" / "python"
ORACLE = Path(__file__).with_name("profile_oracle.py")
SEEDS = 6 if os.environ.get("SLUICE_PEERS", "newest") == "all" else 1
EXACT = {"letters": 8192, "ids": 8192}


def same_bound(got, want, name):
    if name in ("letters", "ids"):
        return got == want
    if name == "flag":
        return got == want.lower()
    return got == want if got.lstrip("-").isdigit() else float(got) == float(want)


def number_problems(row, want):
    out = []
    if want["mean"] is not None and abs(row["mean"] - want["mean"]) > 2e-16 * abs(want["mean"]):
        out.append(f"mean {row['mean']!r}, not {want['mean']!r}")
    if want["histogram"] is not None and [int(n) for n in row["histogram"] or []] != want["histogram"]:
        out.append(f"histogram {row['histogram']}, not {want['histogram']}")
    for q, v in zip(("q25", "q50", "q75"), want["quartiles"]):
        bucket = want["high"] - want["low"] if want["high"] >= 2.0 ** 128 else min(abs(v) / 128, want["high"] - want["low"])
        most = bucket / 4096 * 1.01 + 1e-16 * abs(v) + 1e-307
        if abs(row[q] - v) > most:
            out.append(f"{q} {row[q]!r}, not {v!r}")
    return out


def problems(row, want, name):
    out = [] if row["nulls"] == want["nulls"] else [f"nulls {row['nulls']}, not {want['nulls']}"]
    few = want["distinct"] <= EXACT.get(name, 1024)
    if abs(row["distinct"] - want["distinct"]) > (0 if few else 0.033 * want["distinct"]):
        out.append(f"distinct {row['distinct']}, not {want['distinct']}")
    out += [f"{k} {row[k]!r}, not {want[k]!r}" for k in ("min", "max") if not same_bound(row[k], want[k], name)]
    return out + (number_problems(row, want) if "low" in want else [])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_same_as_numpy(tmp_path, seed):
    subprocess.run([PYTHON, ORACLE, tmp_path, str(seed)], check=True, timeout=250)
    expected = json.loads((tmp_path / "expected.json").read_text())
    peer("numpy", expected["numpy"], "real")
    os.chmod(tmp_path, 0o700)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(tmp_path)}
    run = subprocess.run([PROGRAM, "profile", "data.parquet", "-o", "json"], cwd=tmp_path, capture_output=True, env=env, timeout=120)
    assert run.returncode == 0, run.stderr.decode()
    rows = {r["name"]: r for r in json.loads(run.stdout)}
    assert list(rows) == list(expected["columns"])
    wrong = [f"{name}: {p}" for name, want in expected["columns"].items() for p in problems(rows[name], want, name)]
    assert not wrong, "\n".join(wrong)
