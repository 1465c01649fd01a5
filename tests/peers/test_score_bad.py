"""`sluice score` over data that is not what the model was trained on: columns missing, mistyped, superfluous, without a value, infinite;
files that are empty or hold one row. Where the libraries have an answer it is theirs, to the bit; else one line says what is wrong, and
nothing is on standard output."""
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
sys.path.append(str(ROOT / "tests" / "cli"))
from misuse import box_of  # noqa: E402
pytestmark = [pytest.mark.peer("xgboost"), pytest.mark.peer("lightgbm")]
BOTH = pytest.mark.parametrize("name", ["m.ubj", "m.txt"])


class Bench:
    def __init__(self, folder):
        self.folder = folder
        os.chmod(folder, 0o700)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder)}
        rng = np.random.default_rng(5)
        self.x = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
        self.x.loc[rng.random(400) < 0.3, "b"] = np.nan
        self.y = (self.x.a + self.x.c > 0).astype(int)
        self.xgb = xgb.train({"objective": "binary:logistic", "verbosity": 0}, xgb.DMatrix(self.x, self.y), 10)
        self.lgb = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(self.x, self.y), 10)
        self.xgb.save_model(folder / "m.ubj")
        self.lgb.save_model(folder / "m.txt")

    def want(self, name, x):
        x = np.asarray(x, float)  # as frames of numbers come; a DMatrix takes no infinity
        return self.xgb.inplace_predict(x, validate_features=False) if name == "m.ubj" else self.lgb.predict(x)

    def put(self, data, text):
        (self.folder / data).write_text(text)

    def run(self, model, data, *args):
        return subprocess.run([PROGRAM, "score", "--model", str(model), "--data", data, "--no-input", *args], capture_output=True,
                              env=self.env, cwd=self.folder, timeout=60)

    def score(self, model, data):
        out = self.run(model, data, "--out", "out.parquet", "--replace")
        assert out.returncode == 0, out.stderr.decode()
        said = duckdb.sql(f"from '{self.folder / 'out.parquet'}'").fetchnumpy()
        assert (said["row"] == np.arange(len(said["row"]))).all()
        return said["prediction"]

    def refused(self, model, data, *words, code=(1, 2)):
        for args in ((), ("--out", "none.parquet")):
            out = self.run(model, data, *args)
            said = out.stderr.decode()
            assert out.returncode in code and out.stdout == b"" and said.count("\n") == 1, (out.stdout, said)
            assert all(w in said for w in words), said
        assert not (self.folder / "none.parquet").exists()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    peer("xgboost", xgb.__version__, "real")
    peer("lightgbm", lgb.__version__, "real")
    return Bench(tmp_path_factory.mktemp("bad"))


def same(got, want):
    assert got.dtype == want.dtype and (got == want).all(), (got, want)


@BOTH
def test_columns_by_name(bench, name):
    bench.put("d.csv", "z,c,b,a\n9,0.5,0.25,-1\n")
    same(bench.score(name, "d.csv"), bench.want(name, [[-1, 0.25, 0.5]]))  # another order, one too many
    bench.put("d.csv", "a,b\n1,2\n")
    bench.refused(name, "d.csv", "the data has no column c, which the model takes")
    bench.put("d.csv", "a,b,C\n1,2,3\n")
    bench.refused(name, "d.csv", "the data has no column c")
    bench.refused(name, "sql:select 1 a, 2 b, 3 c, 4 c", "the data has two columns c")


@BOTH
def test_types(bench, name):
    bench.put("d.csv", "a,b,c\n1,2,x\n")
    bench.refused(name, "d.csv", "column c is text, and the model takes a number")
    bench.refused(name, "sql:select 1 a, 2 b, date '2026-01-01' c", "column c is a time")
    bench.refused(name, "sql:select 1 a, 2 b, [1] c", "column c")
    same(bench.score(name, "sql:select true a, 2::utinyint b, 0.5::decimal(9,2) c"), bench.want(name, [[1, 2, 0.5]]))


@BOTH
def test_no_rows_and_one(bench, name):
    bench.put("d.csv", "a,b,c\n")
    assert len(bench.score(name, "d.csv")) == 0
    out = bench.run(name, "d.csv", "-o", "csv")
    assert out.returncode == 0 and out.stdout == b"row,prediction\n", out
    said = json.loads(bench.run(name, "sql:select 1 a, 2 b, 3 c, 1 y where false", "--label", "y", "--out", "o.csv", "--replace", "-o",
                                "json").stdout)
    assert said[0]["rows"] == 0 and said[0]["quality"].get("accuracy") is None
    bench.put("d.csv", "")
    bench.refused(name, "d.csv", "the data has no column a")
    bench.put("d.csv", "a,b,c\n1,2,3\n")
    same(bench.score(name, "d.csv"), bench.want(name, [[1, 2, 3]]))
    said = json.loads(bench.run(name, "sql:select 1 a, 2 b, 3 c, 1 y", "--label", "y", "--out", "o.csv", "--replace", "-o", "json").stdout)
    assert said[0]["rows"] == 1 and said[0]["quality"]["auc"] is None


@BOTH
def test_columns_without_a_value(bench, name):
    """Whatever type their file gives them."""
    want = bench.want(name, [[1, np.nan, 3], [2, np.nan, 4]])
    bench.put("d.csv", "a,b,c\n1,,3\n2,,4\n")
    same(bench.score(name, "d.csv"), want)
    for null in ("null", "null::varchar", "null::double", "'nan'::double"):
        same(bench.score(name, f"sql:select a, {null} b, c from (values (1, 3), (2, 4)) t(a, c)"), want)
    same(bench.score(name, "sql:select null a, null b, null c"), bench.want(name, [[np.nan] * 3]))


@BOTH
def test_infinities(bench, name):
    x = [[np.inf, 0.5, 1], [-np.inf, np.inf, -np.inf], [1e39, -1e39, 0], [0.5, 1, 2]]
    rows = ", ".join("(" + ", ".join(f"'{v}'::double" for v in r) + ")" for r in x)
    same(bench.score(name, f"sql:select * from (values {rows}) t(a, b, c)"), bench.want(name, x))
    bench.put("d.csv", "a,b,c\n0.5,0.5,1.5\ninf,0.25,-inf\n")
    same(bench.score(name, "d.csv"), bench.want(name, [[0.5, 0.5, 1.5], [np.inf, 0.25, -np.inf]]))


def test_by_position_the_count_must_be_right(bench):
    model = xgb.train({"verbosity": 0}, xgb.DMatrix(bench.x.to_numpy(), bench.y), 3)
    model.save_model(bench.folder / "bare.ubj")
    bench.refused("bare.ubj", "sql:select 1 a, 2 b", "it takes 3, the data has 2")
    bench.refused("bare.ubj", "sql:select 1 a, 2 b, 3 c, 4 d", "it takes 3, the data has 4")
    assert len(bench.score("bare.ubj", "sql:select 1 x, 2 y, 3 z")) == 1


def test_categories_never_seen(bench):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"k": pd.Categorical(rng.choice(["u", "v", "w"], 300)), "v": rng.normal(size=300)})
    y = frame.k.cat.codes + frame.v
    one = xgb.train({"verbosity": 0}, xgb.DMatrix(frame, y, enable_categorical=True), 5)
    two = lgb.train({"verbosity": -1, "min_data_per_group": 2, "cat_smooth": 1}, lgb.Dataset(frame, y), 5)
    one.save_model(bench.folder / "k.ubj")
    two.save_model(bench.folder / "k.txt")
    data = "sql:select * from (values ('u', 1.0), ('x', 1.0), (null, 1.0)) t(k, v)"
    odd = pd.DataFrame({"k": pd.Categorical(["u", "x", None], categories=["u", "v", "w", "x"]), "v": [1.0] * 3})
    same(bench.score("k.txt", data), two.predict(odd))  # as missing
    with pytest.raises(Exception, match="not in the training set|category"):
        one.predict(xgb.DMatrix(odd, enable_categorical=True))
    bench.refused("k.ubj", data, 'column k: the model has not seen the category "x"')
    for m in ("k.ubj", "k.txt"):
        bench.refused(m, "sql:select 1 k, 1.0 v", "column k is a number, and the model was trained on its texts")
    blank = pd.DataFrame({"k": pd.Categorical([None], categories=["u", "v", "w"]), "v": [1.0]})
    for null in ("null", "null::integer"):  # none at all, whatever the type
        same(bench.score("k.txt", f"sql:select {null} k, 1.0 v"), two.predict(blank))
        same(bench.score("k.ubj", f"sql:select {null} k, 1.0 v"), one.predict(xgb.DMatrix(blank, enable_categorical=True)))


def test_what_is_wrong_is_said(bench):
    """The column, the row and its text, what there is instead; of a file without rows that it is empty."""
    lines = ["a,b,c,y", "1,2,3,0", "1,high,3,1", "1,2,3,9"]
    bench.put("text.csv", "\n".join(lines))
    bench.refused("m.txt", "text.csv", "column b is text, and the model takes a number: row 1 of the data holds \"high\"")
    bench.put("inf.csv", "a,b,c\n1,inf,3\n1,2,3\n")
    want = pytest.approx(bench.want("m.txt", [[1, np.inf, 3]])[0])
    assert bench.score("m.txt", "inf.csv")[0] == want
    bench.put("twice.csv", "a,b,c,B\n1,inf,3,4\n1,2,3,4\n")  # whose b? the engine's guess stands
    bench.refused("m.txt", "twice.csv", "column b is text", "sql:select * replace (\"b\"::double as \"b\") from ...")
    told = bench.run("m.txt", "sql:select * replace (b::double as b) from 'twice.csv'", "-o", "json")
    assert json.loads(told.stdout)[0]["prediction"] == want
    bench.put("other.csv", "one,two,three\n1,2,3\n")
    bench.refused("m.ubj", "other.csv", "the data has no column a, which the model takes; it has one, two, three")
    bench.put("nothing.csv", "")
    bench.refused("m.ubj", "nothing.csv", "the data has no column a, which the model takes: it is empty")
    bench.refused("m.ubj", "m.txt", "/m.txt: no data by its name: that ends in .parquet, .csv")
    bench.put("head.csv", "a,b,c,y\n")
    for data, words in (("head.csv", "the data has no rows: there is nothing to judge"), ("lab.csv", "row 1 of the data: a label is 9;")):
        bench.put("lab.csv", "a,b,c,y\n1,2,3,0\n1,2,3,9\n")
        out = subprocess.run([PROGRAM, "get", "quality", f"m.ubj {data} label=y", "--no-input"], capture_output=True, env=bench.env,
                             cwd=bench.folder)
        assert out.returncode in (1, 2) and words in out.stderr.decode() and out.stderr.count(b"\n") == 1, out


ENDLESS = "sql:select x::double a, 1.0 b, 2.0 c from range(10000000000) t(x)"


def test_a_box_that_is_killed(bench):
    """One line, the exit code, nothing under the name that was asked for; and the next one works."""
    p = subprocess.Popen([PROGRAM, "score", "--model", "m.ubj", "--data", ENDLESS, "--out", "gone.csv", "--no-input"], env=bench.env,
                         cwd=bench.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.kill(box_of(p.pid), signal.SIGKILL)
    out, said = p.communicate(timeout=30)
    assert p.returncode == 1 and out == b"" and said.count(b"\n") == 1 and b"the box died: killed" in said and b"next query" in said, said
    assert not (bench.folder / "gone.csv").exists()
    assert len(bench.score("m.ubj", "sql:select 1.0 a, 2.0 b, 3.0 c")) == 1


@pytest.mark.parametrize("name", ["full.csv", "full.parquet", "full.ndjson"])
def test_a_disk_that_is_full(bench, name):
    out = subprocess.run([PROGRAM, "score", "--model", "m.ubj", "--data", ENDLESS.replace("10000000000", "3000000"), "--out", name,
                          "--no-input"], capture_output=True, env=bench.env, cwd=bench.folder, timeout=60,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
    said = out.stderr.decode()
    assert out.returncode == 1 and out.stdout == b"" and said.count("\n") == 1, (out.returncode, said)
    assert any(words in said for words in ("File too large", "No space", "box.tmp")), said
    assert not [p.name for p in bench.folder.iterdir() if p.name.startswith(name) or p.name.startswith("." + name)]


def test_the_signature_is_asked(bench):
    """Names and types as MLflow has them: what is required must be there, what is more is left aside."""
    folder = bench.folder / "mlflow"
    folder.mkdir()
    bench.lgb.save_model(folder / "model.lgb")
    columns = [{"type": "double", "name": n, "required": True} for n in "abc"]
    columns += [{"type": "string", "name": "d", "required": True}, {"type": "long", "name": "e", "required": False}]

    def page(columns):
        (folder / "MLmodel").write_text("flavors:\n  lightgbm:\n    data: model.lgb\n    model_class: lightgbm.basic.Booster\nsignature:\n"
                                        f"  inputs: '{json.dumps(columns)}'\n")

    page(columns)
    bench.refused("mlflow", "sql:select 1 a, 2 b, 3 c", "the data has no column d, which the model's signature asks for", code=(1,))
    bench.refused("mlflow", "sql:select 1 a, 'x' d", "the data has none of 2 columns that the model's signature asks for: b, c", code=(1,))
    same(bench.score("mlflow", "sql:select 9 more, 1 a, 2 b, 3 c, 'x' d"), bench.want("m.txt", [[1, 2, 3]]))
    page(columns[:3])
    bench.refused("mlflow", "sql:select 1 a, 'x' b, 3 c", "column b is text; the model's signature says double", code=(2,))
    bench.refused("mlflow", "sql:select 1 a, 2 b, date '2026-01-01' c", "column c is", code=(2,))
    bench.put("d.csv", "a,b,c\n1,,3\n")
    same(bench.score("mlflow", "d.csv"), bench.want("m.txt", [[1, np.nan, 3]]))
    page([{"type": "long", "name": n} for n in "abc"])
    bench.refused("mlflow", "sql:select 1 a, 2 b, 0.5 c", "column c is float64; the model's signature says long", code=(2,))


def test_another_class_is_named(bench):
    import joblib
    from sklearn.neighbors import KNeighborsClassifier
    joblib.dump(KNeighborsClassifier().fit(bench.x.fillna(0), bench.y), bench.folder / "knn.txt")  # whatever it is called
    bench.refused("knn.txt", "sql:select 1 a, 2 b, 3 c", "not re-scored: ", "KNeighborsClassifier", "knn.txt", code=(1,))
    for text, words in (("", "knn.txt is an empty file"), ("hello", "knn.txt is no model that is known here"),
                        ("\x08\x07", "knn.txt is no ONNX model: it holds no graph")):
        bench.put("knn.txt", text)
        bench.refused("knn.txt", "sql:select 1 a", "not re-scored: ", words, code=(1,))
