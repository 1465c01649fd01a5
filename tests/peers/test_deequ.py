"""Deequ 2.0.7, which Model Monitor is made of: its distances beside `sluice drift --profile deequ`, its sketches beside those of the
statistics.json that `sluice profile` writes. Deequ itself answers with ./run test --all, by its own classes in Java 17 (.deps/jars-deequ,
with its Spark 3.5); a plain run compares with the answers that it gave then (data/deequ_kll.json).
"""
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from lib_drift import ALL, DEPS, PROGRAM, PYTHON, draw, ours, problems
from sluice_pytest import peer

HERE = Path(__file__).parent
JARS = DEPS / "jars-deequ"
RECORDED = json.loads((HERE / "data" / "deequ_kll.json").read_text(encoding="utf-8"))


def java(program, text):
    """What one of the programs beside this file answers: lines of words."""
    assert JARS.exists(), "./run deps peers makes it"
    peer("deequ", next(JARS.glob("deequ-*.jar")).stem.removeprefix("deequ-"), "real")
    run = subprocess.run(["java", "-cp", f"{JARS}/*", HERE / program], input=text, check=True, capture_output=True, timeout=250)
    return [line.split("\t") for line in run.stdout.decode().splitlines()]


def sluice(folder, *args):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
    os.chmod(folder, 0o700)
    return subprocess.run([PROGRAM, *args, "-o", "json"], cwd=folder, capture_output=True, env=env, timeout=120)


def write_statistics(folder, values):
    """A statistics.json of ours in the folder; the levels of its sketch."""
    folder.mkdir(exist_ok=True)
    (folder / "data.csv").write_text("x\n" + "".join(f"{v!r}\n" for v in values))
    run = sluice(folder, "profile", "data.csv", "--out", "statistics.json")
    assert run.returncode == 0, run.stderr
    numerical = json.loads((folder / "statistics.json").read_text())["features"][0]["numerical_statistics"]
    return numerical["distribution"]["kll"]["sketch"]["data"]


def check_pair(folder, a, b, simple, robust):
    run = sluice(folder, "drift", "--baseline", f"{a}/statistics.json", "--current", f"{b}/statistics.json", "--tests", "auto,linf")
    row = {(r["feature"], r["test"]): r for r in json.loads(run.stdout)}
    assert abs(row["x", "linf"]["statistic"] - simple) < 1e-12 and abs(row["x", "linf_robust"]["statistic"] - robust) < 1e-12, (a, b)


def formula(rows, step, modulus, shift):
    return [float(i * step % modulus + shift) for i in range(rows)]


def digest(levels):
    """Of each level: how many, their sum, and the sum weighed by rank: a recorded sketch in a line."""
    return [[len(v), sum(v), sum(x * k for k, x in enumerate(sorted(v)))] for v in levels]


def test_sketches_as_recorded(tmp_path):
    for i, case in enumerate(RECORDED["sets"]):
        assert digest(write_statistics(tmp_path / str(i), formula(*case))) == RECORDED["levels"][i], case
    for pair in RECORDED["pairs"]:
        check_pair(tmp_path, *pair)


# ---- Deequ itself ----

def asked(sets):
    """Levels of each set, and (a, b) -> simple, robust."""
    rows = java("deequ_sketch.java", "".join("\t".join(map(repr, values)) + "\n" for values in sets).encode())
    levels = [[[float(x) for x in level.split(",") if x] for level in row[1:]] for row in rows if row[0] == "levels"]
    return levels, {(int(r[1]), int(r[2])): (float(r[3]), float(r[4])) for r in rows if r[0] == "pair"}


def record_holds():
    """The answers that plain runs compare with are still Deequ's."""
    levels, pairs = asked([formula(*case) for case in RECORDED["sets"]])
    assert [digest(each) for each in levels] == RECORDED["levels"]
    for a, b, simple, robust in RECORDED["pairs"]:
        assert pairs.get((min(a, b), max(a, b)), (0, 0)) == (simple, robust), (a, b)


def drawn(seed):
    """Numbers of every size of a sketch: below one level, on its edge, many levels; ties, a constant."""
    draw_ = random.Random(seed)
    sizes = [1, 40, 2049, 2050, 2051, draw_.randrange(3000, 9000), draw_.randrange(20000, 60000), draw_.randrange(60000, 150000)]
    return [[[draw_.gauss(0, 1), float(draw_.randrange(50)), draw_.expovariate(1), 2.5][(i + seed) % 4 if i else 0] for _ in range(n)]
            for i, n in enumerate(sizes)]


def sketches_of_numbers_drawn(tmp_path, seed):
    sets = drawn(seed)
    levels, pairs = asked(sets)
    for i, values in enumerate(sets):
        assert [sorted(v) for v in write_statistics(tmp_path / str(i), values)] == [sorted(v) for v in levels[i]], (seed, i, len(values))
    for (a, b), figures in pairs.items():
        check_pair(tmp_path, a, b, *figures)
    assert len(pairs) == 28


def distances(tmp_path, seed):
    """The distances that Model Monitor is made of; p comes from Spark's chi-squared."""
    draw(tmp_path, seed)
    samples = subprocess.run([PYTHON, HERE / "deequ_samples.py", tmp_path], check=True, timeout=100, capture_output=True).stdout
    expected = {name: list(map(float, figures)) for name, *figures in java("deequ_distance.java", samples)}
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


if ALL:
    test_the_record_holds = pytest.mark.peer("deequ")(record_holds)
    test_sketches = pytest.mark.peer("deequ")(pytest.mark.parametrize("seed", range(4))(sketches_of_numbers_drawn))
    test_distances = pytest.mark.peer("deequ")(pytest.mark.parametrize("seed", (1, 2, 3, 4, 6, 7))(distances))
