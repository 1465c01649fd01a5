"""What SageMaker's own algorithms leave behind: model.tar.gz around an XGBoost booster, k-means, PCA or a linear learner. Boosters have the
library's bits; the others the formulas of their documentation, worked out by numpy (the containers cannot be had). The arrays are written
by lib_mxnet; with ./run test --all mxnet 1.9.1 itself writes them, to the same bytes."""
import os
import pickle
import subprocess
import tarfile
from pathlib import Path

import duckdb
import lib_mxnet
import numpy as np
import pandas as pd
import pytest
from sluice_pytest import peer

xgb = pytest.importorskip("xgboost")

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
LEVEL = {k: os.environ[k] for k in ("SLUICE_CPU",) if k in os.environ}  # of the processor's, where one is asked for
ROWS = 300
pytestmark = pytest.mark.peer("xgboost")


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("xgboost", xgb.__version__, "real")


class Bench:
    def __init__(self, folder):
        self.folder = folder
        os.chmod(folder, 0o700)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder), **LEVEL}

    def run(self, *args, code=0):
        out = subprocess.run([PROGRAM, *map(str, args), "--no-input"], capture_output=True, env=self.env, cwd=self.folder, timeout=60)
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout[:300]}\n{out.stderr.decode()}"
        return out

    def data(self, x, **more):
        frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(x.shape[1])]).assign(**more)
        duckdb.sql(f"copy frame to '{self.folder / 'data.parquet'}'")

    def score(self, model, *args):
        self.run("score", "--model", model, "--data", "data.parquet", "--out", "out.parquet", "--replace", *args)
        return duckdb.sql(f"from '{self.folder / 'out.parquet'}'").df()

    def refused(self, model, *words, args=(), code=1):
        said = self.run("score", "--model", model, "--data", "data.parquet", *args, code=code).stderr.decode()
        assert said.count("\n") == 1 and all(w in said for w in words), said


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.x = np.random.default_rng(7).normal(size=(ROWS, 5)).astype(np.float32)
    made.data(made.x)
    return made


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def near(got, want):
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape and np.abs(got - want).max() <= 1e-12 * max(1, np.abs(want).max()), np.abs(got - want).max()


def wide(x):
    return x.astype(np.float64)


def test_k_means(bench):
    centres = draw(4, 5)
    lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **{"model_algo-1": lib_mxnet.arrays([centres])})
    (bench.folder / "bare").write_bytes(lib_mxnet.arrays([centres]))
    far = np.sqrt(((wide(bench.x)[:, None] - wide(centres)[None]) ** 2).sum(2))
    for model in ("model.tar.gz", "bare"):
        got = bench.score(model)
        assert list(got) == ["row", "closest_cluster", "distance_to_cluster"]
        assert (got.closest_cluster == far.argmin(1)).all()
        near(got.distance_to_cluster, far.min(1))
    near(bench.score("bare", "--output", "raw")[[f"p{i}" for i in range(4)]], far)
    assert (bench.score("bare", "--output", "class").prediction == far.argmin(1)).all()
    bench.refused("bare", "no probabilities", args=("--output", "probability"), code=2)


def test_pca(bench):
    v, mean = draw(5, 3), draw(1, 5)
    lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **{"model_algo-1": lib_mxnet.arrays({"mean": mean, "v": v, "s": draw(3)})})
    near(bench.score("model.tar.gz")[["p0", "p1", "p2"]], (wide(bench.x) - wide(mean)) @ wide(v))
    (bench.folder / "odd").write_bytes(lib_mxnet.arrays({"mean": draw(1, 4), "v": v, "s": draw(3)}))
    bench.refused("odd", "not re-scored: odd: a mean of 4 values beside components of 5")


def test_linear_learner(bench):
    w, b = draw(1, 5), draw(1)
    margin = (wide(bench.x) @ wide(w).T + wide(b))[:, 0]
    for end, attrs, want in (("LinearRegressionOutput", {}, margin), (None, {}, margin),
                             ("LogisticRegressionOutput", {}, 1 / (1 + np.exp(-margin))),
                             ("Activation", {"act_type": "sigmoid"}, 1 / (1 + np.exp(-margin)))):
        lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **{"model_algo-1": lib_mxnet.linear(w, b, end, **attrs)})
        near(bench.score("model.tar.gz").score, want)
        near(bench.score("model.tar.gz", "--output", "raw").prediction, margin)
    bench.refused("model.tar.gz", "does not tell from which score on", args=("--output", "class"), code=2)
    w, b = draw(3, 5), draw(3)
    raw = wide(bench.x) @ wide(w).T + wide(b)
    share = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    (bench.folder / "zip").write_bytes(lib_mxnet.linear(w, b, "SoftmaxOutput"))
    near(bench.score("zip")[["p0", "p1", "p2"]], share)
    assert (bench.score("zip", "--output", "class").prediction == share.argmax(1)).all()
    (bench.folder / "zip").write_bytes(lib_mxnet.linear(w, b, "Custom"))
    bench.refused("zip", "not re-scored: zip: mx-mod-symbol.json: no linear learner: Custom")


def test_boosters(bench):
    y = (bench.x.sum(1) > 0).astype(int)
    d, other = xgb.DMatrix(bench.x[:200], y[:200]), xgb.DMatrix(bench.x[200:], y[200:])
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 3, "eta": 1, "verbosity": 0}, d, 60, evals=[(other, "e")],
                        early_stopping_rounds=3, verbose_eval=False)
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    # SageMaker's server stops at the best round: ntree_limit=best_ntree_limit
    best = booster.predict(xgb.DMatrix(bench.x), iteration_range=(0, booster.best_iteration + 1))
    for kind in ("ubj", "json"):
        lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **{"xgboost-model": bytes(booster.save_raw(kind)), "._xgboost-model": b"mac",
                                                          "code/inference.py": b"import os", "hyperparameters.json": b'{"eta": 1}'}
                         if kind == "ubj" else {"xgboost-model": bytes(booster.save_raw(kind))})
        assert (bench.score("model.tar.gz").prediction == best).all(), kind
    whole = xgb.train({"verbosity": 0}, d, 5)
    lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **{"xgboost-model": pickle.dumps(whole)})
    assert (bench.score("model.tar.gz").prediction == whole.predict(xgb.DMatrix(bench.x))).all()
    os.rename(bench.folder / "model.tar.gz", bench.folder / "model.onnx")  # what it is called says nothing
    assert (bench.score("model.onnx").prediction == whole.predict(xgb.DMatrix(bench.x))).all()


def test_archives_that_hold_something_else(bench):
    def pack(**files):
        lib_mxnet.tar_gz(bench.folder / "model.tar.gz", **files)

    model = lib_mxnet.arrays([draw(2, 5)])
    pack(**{"a": model, "b": model})
    bench.refused("model.tar.gz", "not re-scored: model.tar.gz holds 2 models")
    pack(**{"../model_algo-1": model})
    bench.refused("model.tar.gz", "holds a path that leads out of it: ../model_algo-1")
    pack(**{"/etc/model_algo-1": model})
    bench.refused("model.tar.gz", "leads out of it")
    pack(**{"a.txt": b"text", "b.txt": b"text"})
    bench.refused("model.tar.gz", "none of the 2 files in model.tar.gz is a model that is known here")
    pack(**{"model.txt": b"text"})
    bench.refused("model.tar.gz", "model.tar.gz: model.txt is no model that is known here")
    with tarfile.open(bench.folder / "model.tar.gz", "w:gz") as t:
        link = tarfile.TarInfo("model_algo-1")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        t.addfile(link)
    bench.refused("model.tar.gz", "model.tar.gz holds no file")
    pack(**{"model_algo-1": model})
    whole = (bench.folder / "model.tar.gz").read_bytes()
    (bench.folder / "model.tar.gz").write_bytes(whole[:-30])
    bench.refused("model.tar.gz", "not re-scored: model.tar.gz")


def test_damaged_arrays_say_where(bench):
    whole = lib_mxnet.arrays([draw(2, 5)])
    for name, data, words in (("cut", whole[:-20], "cut: byte 64: the file ends before the array's values"),
                              ("tail", whole + b"x", "something stands behind the last name"),
                              ("sparse", whole[:28] + b"\1" + whole[29:], "byte 32: a sparse array"),
                              ("huge", whole[:36] + b"\xff\xff\xff\x7f" + whole[40:], "a dimension that is larger than the file"),
                              ("one", lib_mxnet.arrays([draw(5)]), "two dimensions, not in 1"),
                              ("two", lib_mxnet.arrays([draw(2, 5), draw(1)]), "2 MXNet arrays (without names, ...) in two"),
                              ("other", lib_mxnet.arrays({"w": draw(2, 5)}), "1 MXNet arrays (w, ...) in other")):
        (bench.folder / name).write_bytes(data)
        bench.refused(name, "not re-scored: ", words)


def test_missing_values_are_refused(bench):
    (bench.folder / "m").write_bytes(lib_mxnet.arrays([draw(2, 5)]))
    x = bench.x.copy()
    x[3, 2] = np.nan
    bench.data(x)
    bench.refused("m", "a row has no value in column c2", code=2)


def mxnet_itself(bench):
    """With ./run test --all: the same bytes as mxnet 1.9.1 writes, and the linear learner's symbol as it makes it."""
    python = DEPS / "venv-mxnet" / "bin" / "python"
    assert python.exists(), "./run deps peers makes it"
    what = {"centres": draw(4, 5), "mean": draw(1, 5), "v": draw(5, 3), "s": draw(3), "w": draw(3, 5), "b": draw(3)}
    np.savez(bench.folder / "in.npz", **what)
    said = subprocess.run([python, "-c", MXNET], cwd=bench.folder, check=True, capture_output=True, timeout=120).stdout.decode().split()
    peer("mxnet", said[-1], "real")
    pca = {n: what[n] for n in ("mean", "v", "s")}
    assert (bench.folder / "kmeans").read_bytes() == lib_mxnet.arrays([what["centres"]])
    assert (bench.folder / "pca").read_bytes() == lib_mxnet.arrays(pca)
    types = [np.arange(3).astype(t) for t in lib_mxnet.TYPES]
    assert (bench.folder / "types").read_bytes() == lib_mxnet.arrays(types)
    read, write = (bench.folder / f"mx-mod-{n}" for n in ("symbol.json", "0000.params"))
    assert write.read_bytes() == lib_mxnet.arrays({"arg:fc0_weight": what["w"], "arg:fc0_bias": what["b"]})
    (bench.folder / "zip").write_bytes(lib_mxnet.linear(what["w"], what["b"], graph=read.read_text()))
    want = np.load(bench.folder / "out.npy")  # float32 all the way
    assert np.abs(bench.score("zip")[["p0", "p1", "p2"]].to_numpy() - want).max() < 1e-6


MXNET = """
import mxnet as mx, numpy as np
z = {n: mx.nd.array(v, dtype=v.dtype) for n, v in np.load("in.npz").items()}
mx.nd.save("kmeans", [z["centres"]])
mx.nd.save("pca", {n: z[n] for n in ("mean", "v", "s")})
mx.nd.save("types", [mx.nd.array(np.arange(3), dtype=t) for t in ("float32", "float64", "float16", "uint8", "int32", "int8", "int64")])
out = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc0"), name="softmax")
x = np.random.default_rng(7).normal(size=(300, 5)).astype(np.float32)
mod = mx.mod.Module(out, data_names=["data"], label_names=["softmax_label"])
mod.bind(data_shapes=[("data", x.shape)], for_training=False)
mod.init_params(arg_params={"fc0_weight": z["w"], "fc0_bias": z["b"]}, aux_params={})
mod.save_checkpoint("mx-mod", 0)
mod.forward(mx.io.DataBatch([mx.nd.array(x)]), is_train=False)
np.save("out.npy", mod.get_outputs()[0].asnumpy())
print(mx.__version__)
"""

if os.environ.get("SLUICE_PEERS", "newest") == "all":
    test_mxnet_itself = pytest.mark.peer("mxnet")(mxnet_itself)
