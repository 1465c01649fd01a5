"""`sluice score` over data that is longer than memory: made by a query while it is scored, never on disk. What console and box hold is
looked at while they work; a sample of what came out is what the library itself predicts. Then what may go wrong on the long way: a full
disk, Ctrl-C, a killed box, one that hangs."""
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sluice_pytest import peer

lgb = pytest.importorskip("lightgbm")

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
sys.path.append(str(ROOT / "tests" / "cli"))
from misuse import box_of  # noqa: E402
ALL = os.environ.get("SLUICE_PEERS", "newest") == "all"
MIB = 1 << 20
pytestmark = pytest.mark.peer("lightgbm")


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("lightgbm", lgb.__version__, "real")


def held(pid):
    """Anonymous memory of a process in MiB: what it has taken, without files and shared libraries."""
    try:
        return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("RssAnon")) >> 10
    except (OSError, StopIteration):
        return 0


def boxes(pid):
    try:
        return [int(k) for t in os.listdir(f"/proc/{pid}/task") for k in open(f"/proc/{pid}/task/{t}/children").read().split()]
    except OSError:
        return []


class Bench:
    def __init__(self, folder):
        self.folder, self.tmp = folder, folder / "run"
        self.tmp.mkdir(mode=0o700)
        os.chmod(folder, 0o700)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(self.tmp),
                    "TMPDIR": str(self.tmp)}

    def model(self, features, name="m.txt"):
        rng = np.random.default_rng(features)
        x = rng.random((600, features)) * 100
        d = lgb.Dataset(x, (x.sum(1) > 50 * features).astype(int), feature_name=[f"f{i}" for i in range(features)])
        made = lgb.train({"objective": "binary", "verbosity": -1, "num_leaves": 15}, d, 8)
        made.save_model(self.folder / name)
        return made

    def start(self, data, *args, out="out.parquet", **more):
        asked = [PROGRAM, "score", "--model", "m.txt", "--data", data, "--out", out, "--replace", "-o", "json", "--no-input", *args]
        return subprocess.Popen(asked, env=self.env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def watched(self, *args, timeout=1800, **more):
        """Runs to the end; the most that console and box held at any time."""
        p, most, until = self.start(*args, **more), [0, 0], time.time() + timeout
        while p.poll() is None and time.time() < until:
            most = [max(most[0], held(p.pid)), max([most[1], *map(held, boxes(p.pid))])]
            time.sleep(0.02)
        out, err = p.communicate(timeout=5)
        assert p.returncode == 0, err.decode()
        assert min(most) > 0, f"{most} MiB: nobody looked"
        return json.loads(out)[0], most

    def nothing_left(self):
        left = [str(f) for f in self.folder.rglob("*") if f.is_file() and f.name != "m.txt"]
        assert not left, left


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def query(features, rows):
    """Columns of doubles that are cheap to make and that anybody can make again."""
    columns = ", ".join(f"((i * {2 * k + 1} + {k}) & 127)::double f{k}" for k in range(features))
    return f"sql:select {columns}, (i & 1)::int as y, from range({rows}) t(i)"


def check(bench, model, features, rows):
    """Every row is there, in order; some of them are what the library says."""
    at = np.unique(np.concatenate([np.random.default_rng(1).integers(0, rows, 500), [0, 2047, 2048, 16383, 16384, rows - 1]]))
    out = bench.folder / "out.parquet"
    n, wrong, last = duckdb.sql(f"select count(*), count(*) filter (where row <> file_row_number), max(row) from "
                                f"read_parquet('{out}', file_row_number = true)").fetchone()
    assert (n, wrong, last) == (rows, 0, rows - 1)
    got = duckdb.sql(f"from '{out}' where row in ({','.join(map(str, at))}) order by row").df().prediction.to_numpy()
    x = np.stack([((at * (2 * k + 1) + k) & 127).astype(float) for k in range(features)], 1)
    assert (got == model.predict(x)).all()


def test_a_long_input_needs_no_more_than_a_short_one(bench):
    model, used = bench.model(12), []
    for rows in (100_000, 800_000):
        said, (console, box) = bench.watched(query(12, rows), "--label", "y")
        check(bench, model, 12, rows)
        assert said["rows"] == rows and 0 < said["quality"]["auc"] < 1
        used.append(box)
        assert console < 64 and box < 256, (console, box)
    assert used[1] < used[0] + 800_000 * 48 / MIB + 32, used  # the labels and probabilities of the AUC, not the 83 MB of data


def test_texts_that_are_all_different(bench):
    """A label may be a text of which no two rows are alike: it is written, not learnt by heart."""
    bench.model(2)
    rows = 1_100_000  # more than a dictionary holds
    said, (_, box) = bench.watched(query(2, rows).replace("(i & 1)::int as y", "'row number ' || i as y"), "--label", "y")
    assert said["rows"] == rows and said["quality"] is None and box < 128, (said, box)
    odd = duckdb.sql(f"select count(*) from '{bench.folder / 'out.parquet'}' where y <> 'row number ' || row").fetchone()
    assert odd == (0,)


def test_no_room_for_the_result(bench):
    bench.model(2)
    for name in ("out.parquet", "out.csv"):
        p = bench.start(query(2, 3_000_000), out=name, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))
        out, err = p.communicate(timeout=60)
        assert p.returncode == 1 and err.count(b"\n") == 1 and out == b"", (p.returncode, err)
        assert b"box.tmp" in err or b"File too large" in err or b"No space" in err, err
        bench.nothing_left()


def test_ctrl_c_on_the_way(bench):
    bench.model(4)
    p = bench.start(query(4, 10 ** 10))
    box = box_of(p.pid)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=10)
    assert p.returncode == 130 and err.count(b"\n") <= 1 and out == b"", (p.returncode, err)
    assert not os.path.exists(f"/proc/{box}")
    bench.nothing_left()


def test_a_killed_box(bench):
    bench.model(4)
    p = bench.start(query(4, 10 ** 10))
    os.kill(box_of(p.pid), signal.SIGKILL)
    out, err = p.communicate(timeout=10)
    assert p.returncode == 1 and err.count(b"\n") == 1 and b"killed" in err and out == b"", (p.returncode, err)
    bench.nothing_left()


def a_hanging_box(bench):
    """With ./run test --all: no sign of life for half a minute."""
    bench.model(4)
    p = bench.start(query(4, 10 ** 10))
    box = box_of(p.pid)
    os.kill(box, signal.SIGSTOP)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 3 and err.count(b"\n") == 1 and b"sign of life" in err and out == b"", (p.returncode, err)
    assert not os.path.exists(f"/proc/{box}")
    bench.nothing_left()


def twenty_gigabytes(bench):
    """With ./run test --all, and ./run done C 3: 25 million rows of 100 doubles and a label."""
    features, rows = 100, 25_000_000
    assert rows * features * 8 >= 20e9
    model = bench.model(features)
    said, (console, box) = bench.watched(query(features, rows), "--label", "y")
    print(f"20 GB: {said['total_s']:.0f} s, at most {console} MiB in the console, {box} MiB in the box")
    assert said["rows"] == rows and console < 64 and box < 512, (console, box)
    assert said["quality"]["auc_at_least"] <= said["quality"]["auc_at_most"] and "auc" not in said["quality"]
    check(bench, model, features, rows)


if ALL:
    test_a_hanging_box = a_hanging_box
    test_twenty_gigabytes = pytest.mark.timeout(2400)(twenty_gigabytes)
