"""Models of XGBoost and LightGBM drawn at random (lib_draws.py), of every version that is a peer: the bits of the library's own predict, at
every level of the processor, for thousands of rows on and beside the thresholds. Prints what it drew; a noun of issue C's lines that came
too seldom fails. ./run test draws a few of the newest; ./run test --all hundreds of each version. Then each pitfall by its name."""
import collections
import json
import os
import pickle
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).parent))
from test_score import PROGRAM, ROOT, Bench, same  # noqa: E402

lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")

SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
ALL = os.environ.get("SLUICE_PEERS", "newest") == "all"
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
TOOL = os.environ.get("SCORE_TOOL", str(Path(PROGRAM).resolve().parent / "tests" / "peers" / "score_tool"))
DRAWS = Path(__file__).with_name("lib_draws.py")
pytestmark = [pytest.mark.peer("xgboost"), pytest.mark.peer("lightgbm")]
XGB_OBJECTIVES = ["reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror", "reg:linear",
                  "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "survival:cox",
                  "survival:aft", "rank:pairwise", "rank:ndcg", "rank:map", "multi:softmax", "multi:softprob", "reg:quantileerror"]
LGB_OBJECTIVES = ["regression", "regression_sqrt", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
                  "binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg", "custom"]
DEPTHS = ["depth below 6", "depth 6 and more"]
ROWS_BOTH = ["float32 rows", "float64 rows"]
XGB_NOUNS = [*(f"objective {o}" for o in XGB_OBJECTIVES), *(f"booster {b}" for b in ("gbtree", "dart", "gblinear")), *ROWS_BOTH,
             *(f"missing {m}" for m in ("nan", "none", "zero", "infinity")), *(f"format {f}" for f in ("json", "ubj", "pickle")),
             *(f"categorical {c}" for c in ("none", "onehot", "partition", "encoder")), "num_parallel_tree", "multi-class", *DEPTHS,
             *(f"base_score {b}" for b in ("list of one", "vector", "its own", "given", "tiny")), "names", "no names", "wrapper", "native",
             "best_iteration, cut there", "best_iteration, all trees", "multi-output, a tree for all", "multi-output, a tree each"]
XGB_OLD = ["format binary", "base_score text", "xgboost 1.7", "xgboost 2.1", "xgboost 3.2"]
LGB_NOUNS = [*(f"objective {o}" for o in LGB_OBJECTIVES), *(f"booster {b}" for b in ("gbdt", "dart", "rf", "goss")), *ROWS_BOTH, "text v4",
             *(f"missing {m}" for m in ("None", "Zero", "NaN")), "infinities", "linear trees", "multi-class", "best_iteration",
             *(f"categorical {c}" for c in ("none", "bitsets", "bitsets by name")),
             *(f"format {f}" for f in ("text", "pickle", "pickle of a wrapper")), *DEPTHS]
LGB_OLD = ["text v3", "lightgbm 3.3", "lightgbm 4.7"]
# name of the environment (tools/requirements-NAME.txt), or None: the tests' own; draws
OLDER = {"xgboost": [("xgboost21", 240), ("xgboost17", 240)], "lightgbm": [("xgboost17", 220)]}
NEWEST = {"xgboost": (None, 288 if ALL else 26), "lightgbm": (None, 220 if ALL else 21)}


def levels():
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    return ["c"] + ["avx2"] * (" avx2" in flags) + ["avx512"] * (" avx512_vbmi2" in flags and " gfni" in flags)


def python_of(environment):
    path = Path(sys.executable) if environment is None else DEPS / f"venv-{environment}" / "bin" / "python"
    assert path.exists(), f"{path} is missing: tools/deps.sh peers makes it"
    return str(path)


class Child:
    """A program that answers each line with one."""

    def __init__(self, *command):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "HOME": os.environ.get("HOME", "/")}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=env)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, f"{self.process.args} ended"
        return line.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def drawn(library, environment, count, folder):
    """Each model as it comes; the next is trained meanwhile."""
    child, ready = Child(python_of(environment), str(DRAWS), library, str(SEED), str(folder)), queue.Queue(2)
    said = json.loads(child.answer())

    def work():
        try:
            for k in range(count):
                ready.put(json.loads(child.ask(str(k))))
        except AssertionError as e:
            ready.put({"failed": str(e), "plan": ""})
        ready.put(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield said
    while (one := ready.get()) is not None:
        yield one
    thread.join()
    child.close()


def through_the_program(bench, one):
    """The same model and rows as a Parquet file with its columns in another order, through the box."""
    model, wrapper, rows, types, data = one["words"][:5]
    if wrapper != "booster" and not model.endswith(".pkl"):
        return False  # who wraps it tells a folder of MLflow's (test_score.py)
    raw, at, columns = Path(data).read_bytes(), 0, {}
    names = one["names"] or [f"f{j}" for j in range(len(types))]
    for name, t in zip(names, types):
        kind = {"f": np.float32, "d": np.float64, "s": np.int32}[t]
        v = np.frombuffer(raw, kind, int(rows), at)
        at += v.nbytes
        if t == "s":
            texts = Path(data + ".texts").read_text(encoding="utf-8").split("\n")
            v = np.array([None if c < 0 else texts[c] for c in v], object)
        columns[name] = v
    if one["names"]:
        columns = dict(reversed(columns.items()))
    frame = pd.DataFrame(columns)
    duckdb.sql(f"copy (select * from frame) to '{bench.folder / 'x.parquet'}'")
    for output, expected in zip(one["words"][5::2], one["words"][6::2]):
        want = np.frombuffer(Path(expected).read_bytes(), np.dtype(one["dtypes"][output]) if one["dtypes"][output][1] == "f" else np.int64)
        got = bench.score(model, "x.parquet", *(["--output", output] if output != "predict" else []))[0]
        if got.dtype == np.float64 and want.dtype == np.int64:  # classes as the labels were written, which were doubles
            want = want.astype(np.float64)
        same(got, want.reshape(int(rows), -1), (output, one["version"], one["nouns"], one["params"]))
    return True


def check(library, runs, bench, nouns, least):
    started, counts, wrong, due = time.monotonic(), collections.Counter(), [], 5
    rows = deep = models = program = splits = compared = 0
    tool, use = Child(TOOL), ",".join(levels())
    for environment, count in runs:
        source = drawn(library, environment, count, bench.folder / (environment or "newest"))
        said = next(source)
        if environment is None or ALL:
            peer(f"{library} {said['version']}" if environment else library, said["version"], "real")
        if said["candidates"]:
            assert sorted(said["objectives"]) == said["candidates"], "not what the library can train"
        for one in source:
            models += 1
            if "failed" in one:
                wrong.append(f"{library} {said['version']}: {one['failed']} {one['plan']}")
                continue
            assert one["rows"] >= 10000
            answer = tool.ask("\t".join([use, *one["words"]]))
            if not answer.startswith("ok "):
                wrong.append(f"{one['version']}: {answer} {one['nouns']} {one['params']}")
            else:
                assert int(answer[3:]) >= one["rows"] * 4 * len(levels()), (answer, one["words"])  # a float a row and level at least
                compared += int(answer[3:])
            counts.update(one["nouns"] + [one["version"]])
            rows, splits, deep = rows + one["rows"], splits + one["splits"], deep + (one["deep"] >= 100)
            if models >= due:  # every seventh or so, and the next that a lone file tells all about
                try:
                    taken = through_the_program(bench, one)
                except AssertionError as e:
                    taken = wrong.append(f"{one['version']}, by the program: {e}") is None
                program, due = program + taken, models + 7 if taken else due
            shutil.rmtree(Path(one["words"][4]).parent)
    tool.close()
    print(f"\n{library}: {models} models, {rows} rows; {splits} times a row arrives at a split, on its threshold; {deep} models with 100 "
          f"trees or more of depth 6; {program} also through the program; levels {use}; {compared} bytes compared; seed {SEED}; "
          f"{time.monotonic() - started:.0f} s")
    for noun in sorted(counts):
        print(f"  drew {counts[noun]:5d}  {noun}")
    assert not wrong, f"{len(wrong)} of {models}:\n" + "\n".join(wrong[:10])
    seldom = {n: counts[n] for n in nouns if counts[n] < least}
    assert not seldom, f"drawn fewer than {least} times: {seldom}"
    assert deep * 3 >= models, f"only {deep} of {models} models are deep"
    assert program >= models // 10 and set(counts) <= set(nouns), set(counts) - set(nouns)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.timeout(3000 if ALL else 300)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_models_at_random(bench, library):
    old = XGB_OLD if library == "xgboost" else LGB_OLD
    nouns = (XGB_NOUNS if library == "xgboost" else LGB_NOUNS) + (old if ALL else [old[-1]])
    runs = [NEWEST[library]] + (OLDER[library] if ALL else [])
    # the plain run's few draws have every noun by the seed that it has, not by any other
    check(library, runs, bench, nouns, 20 if ALL else int("SLUICE_SEED" not in os.environ))
