"""ONNX Runtime: `sluice score` must give what its own run() gives. Models of a few KB lie in data/onnx, with the answers that ONNX Runtime
gave where they were made (onnx_models.py); with ./run test --all it is asked here, and the bits must be the same."""
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
LEVEL = {k: os.environ[k] for k in ("SLUICE_CPU",) if k in os.environ}  # of the processor's, where one is asked for
SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
HERE = Path(__file__).resolve().parent
MODELS = HERE / "data" / "onnx"
ANSWERS = json.loads((MODELS / "answers.json").read_text())
NUMBERS = "sql:select a, b, c, d from 'data.csv'"
MLMODEL = """flavors:
  onnx: {code: null, data: model.onnx, onnx_version: 1.22.0, providers: [CPUExecutionProvider]}
  python_function: {data: model.onnx, loader_module: mlflow.onnx}
"""


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder), **LEVEL}
        os.chmod(folder, 0o700)
        for path in [*MODELS.glob("*.onnx"), MODELS / "data.csv"]:
            shutil.copy(path, folder)

    def run(self, *args, code=0):
        out = subprocess.run([PROGRAM, *map(str, args), "--no-input"], capture_output=True, env=self.env, cwd=self.folder, timeout=120)
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout[:300]}\n{out.stderr.decode()}"
        return out

    def rows(self, model, data, *args):
        text = self.run("score", "--model", model, "--data", data, "-o", "csv", *args).stdout.decode()
        head, *rows = csv.reader(io.StringIO(text))
        assert [int(r[0]) for r in rows] == list(range(len(rows)))
        return [r[1:] for r in rows], head[1:]

    def refused(self, model, data, what, code=1, *args):
        said = self.run("score", "--model", model, "--data", data, *args, code=code).stderr.decode()
        assert said.count("\n") == 1 and what in said, said


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def near(got, want):
    got, want = np.array(got, np.float64), np.array(want, np.float64)
    assert got.shape == want.shape
    assert np.allclose(got, want, rtol=2e-6, atol=2e-6), np.abs(got - want).max()


# model, --output, the output of the runtime that it is
TOLD = [("linear", "", "output_label"), ("linear", "probability", "output_probability"), ("forest", "", "output_label"),
        ("forest", "probability", "output_probability"),
        ("plain", "", "label"), ("plain", "probability", "probabilities"), ("boosted", "", "variable"), ("wide", "", "variable"),
        ("columns", "", "output_label"),
        ("columns", "probability", "output_probability"), ("means", "", "label"), ("means", "raw", "scores"),
        ("batch", "", "y"), ("untold", "probability", "probs"), ("untold", "", "probs"), ("words", "", "word")]


@pytest.mark.parametrize("model,output,named", TOLD)
def test_answers_as_told(bench, model, output, named):
    data = "data.csv" if model in ("columns", "words") else NUMBERS
    rows, head = bench.rows(f"{model}.onnx", data, *(["--output", output] if output else []))
    want = ANSWERS[model][named]
    assert head == (["prediction"] if len(want[0]) == 1 else [f"p{i}" for i in range(len(want[0]))])
    if isinstance(want[0][0], (str, int)):
        assert rows == [[str(v) for v in r] for r in want]
    else:
        near(rows, want)


def test_class_is_an_index(bench):
    rows, _ = bench.rows("forest.onnx", NUMBERS, "--output", "class")
    assert [["low", "mid", "top"][int(r[0])] for r in rows] == [r[0] for r in ANSWERS["forest"]["output_label"]]


def test_quality_by_names_of_classes(bench):
    """A label of texts is compared with the classes of the file."""
    label = "sql:select d.a, d.b, d.c, d.d, s.prediction as truth from (select *, row_number() over () as k from 'data.csv') d " \
            "join (select prediction, row_number() over () as k from 'out.csv') s using (k) order by k"
    bench.run("score", "--model", "forest.onnx", "--data", NUMBERS, "--out", "out.csv")
    said = json.loads(bench.run("score", "--model", "forest.onnx", "--data", label, "--label", "truth", "--out", "again.csv", "-o",
                                "json").stdout)
    assert said[0]["quality"]["accuracy"] == 1


def test_in_an_archive(bench):
    with tarfile.open(bench.folder / "model.tar.gz", "w:gz") as t:
        t.add(MODELS / "boosted.onnx", "model.onnx")
        t.add(MODELS / "data.csv", "code/notes.csv")
    near(bench.rows("model.tar.gz", NUMBERS)[0], ANSWERS["boosted"]["variable"])


def mlflow_folder(bench, model, signature="", name="logged"):
    folder = bench.folder / name
    folder.mkdir()
    shutil.copy(MODELS / f"{model}.onnx", folder / "model.onnx")
    (folder / "MLmodel").write_text(MLMODEL + signature)
    return folder


def test_mlflow_signature_names_columns(bench):
    """One tensor of four columns has no names; the signature that was logged with it has, in its own order."""
    columns = json.dumps([{"type": "double", "name": n, "required": True} for n in "abcd"])
    mlflow_folder(bench, "boosted", f"signature:\n  inputs: '{columns}'\n")
    rows, _ = bench.rows("logged", "sql:select d, c, t, b, a from 'data.csv'")
    near(rows, ANSWERS["boosted"]["variable"])
    bench.refused("logged", "sql:select a, b, c from 'data.csv'", "no column d", 1)


def test_weights_beside(bench):
    """Weights in a file of their own: beside the model under any name in a folder, or under the usual name beside a bare file."""
    for folder, source, name, model in (("logged", "bad_absent", "weights.bin", "logged"), ("bare", "bad_absent", "weights.bin", "bare"),
                                        ("usual", "beside", "model.onnx.data", "usual/model.onnx")):
        where = bench.folder / folder
        where.mkdir()
        shutil.copy(MODELS / f"{source}.onnx", where / "model.onnx")
        np.arange(1, 5, dtype=np.float32).tofile(where / name)
        if folder == "logged":
            (where / "MLmodel").write_text(MLMODEL)
        rows, _ = bench.rows(model, NUMBERS)
        x = np.array([[float(r[c]) for c in "abcd"] for r in csv.DictReader((MODELS / "data.csv").open())], np.float32)
        near(rows, x @ np.arange(1, 5, dtype=np.float32).reshape(4, 1))
    bench.refused("bare/model.onnx", NUMBERS, "name the folder that holds both")
    link = bench.folder / "linked"
    link.mkdir()
    (link / "MLmodel").write_text(MLMODEL)
    shutil.copy(MODELS / "bad_absent.onnx", link / "model.onnx")
    (link / "weights.bin").symlink_to(bench.folder / "bare" / "weights.bin")
    bench.refused("linked", NUMBERS, "outside the model's folder")


BAD = [("upwards", "not a file in the model's folder"), ("absolute", "not a file in the model's folder"),
       ("memory", "not a file in the model's folder"), ("hidden", "not a file in the model's folder"), ("absent", "which is not beside it"),
       ("huge", "more memory than the box has"), ("unknown_op", "Frobnicate"), ("future_ir", "IR version: 99"),
       ("future_opset", "opset 99"), ("half", "input x is float16"), ("picture", "no output is a row of floats a picture"),
       ("one_for_all", "not one result for each row")]


@pytest.mark.parametrize("name,what", BAD)
def test_refused_in_one_line(bench, name, what):
    bench.refused(f"bad_{name}.onnx", NUMBERS, what)


def test_wrong_columns(bench):
    bench.refused("forest.onnx", "sql:select a, b from 'data.csv'", "it takes 4, the data has 2", 2)
    bench.refused("forest.onnx", "sql:select a, b, c, t from 'data.csv'", "column t is text, and the model's input X takes float", 2)
    bench.refused("columns.onnx", "sql:select a, b, n from 'data.csv'", "no column t", 1)
    bench.refused("columns.onnx", "sql:select a, b, n + 0.5 as n, t from 'data.csv'", "takes int64", 2)
    bench.refused("columns.onnx", "sql:select a, b, n, 7 as t from 'data.csv'", "takes string", 2)
    bench.refused("columns.onnx", "sql:select a, b, case when n > 2 then null else n end as n, t from 'data.csv'", "has no value", 2)
    bench.refused("words.onnx", "sql:select t, 5000000000 as n from 'data.csv'", "more than the model's int32 does", 2)
    bench.refused("boosted.onnx", NUMBERS, "no probabilities", 2, "--output", "probability")
    bench.refused("boosted.onnx", NUMBERS, "no leaves", 2, "--output", "leaf")


def test_damaged(bench):
    """Cut and bit-flipped files: one line and exit 1, or an answer; never a crash without words."""
    whole = (MODELS / "forest.onnx").read_bytes()
    rng = np.random.default_rng(SEED)
    for k in range(10):
        out = bytearray(whole)
        if k < 4:
            out = out[:int(rng.integers(1, len(out)))]
        else:
            out[int(rng.integers(0, len(out)))] ^= 1 << int(rng.integers(0, 8))
        (bench.folder / "bad.onnx").write_bytes(out)
        done = subprocess.run([PROGRAM, "score", "--model", "bad.onnx", "--data", NUMBERS, "-o", "csv", "--no-input"], capture_output=True,
                              env=bench.env, cwd=bench.folder, timeout=120)
        said = done.stderr.decode()
        assert done.returncode in (0, 1, 2) and said.count("\n") == (done.returncode != 0), (k, done.returncode, said)
        assert "the box died" not in said, (k, said)


def exact(bench):
    """With ./run test --all: models drawn at random, ONNX Runtime's own answers in runs of as many rows, with as many threads."""
    python = DEPS / "venv-onnx" / "bin" / "python"
    assert python.exists(), "./run deps peers makes it"
    subprocess.run([python, HERE / "onnx_models.py", "draw", bench.folder, str(SEED)], check=True, timeout=900)
    found = sorted((p.parent for p in bench.folder.glob("*/answers.npz")), key=lambda p: int(p.name))
    assert len(found) == 40
    kinds, alike = {}, 0
    for folder in found:
        want = np.load(folder / "answers.npz")
        peer("onnxruntime", str(want["version"]), "real")
        order, kind = list(want["order"]), str(want["kind"])
        kinds[kind] = kinds.get(kind, 0) + 1
        alike += int(want["alike"])
        for name in order:
            output = {"probabilities": "probability", "output_probability": "probability", "scores": "raw"}.get(str(name))
            bench.run("score", "--model", folder / "model.onnx", "--data", folder / "data.parquet", "--out", "o.parquet", "--replace",
                      "--threads", int(want["threads"]), *(["--output", output] if output else []))
            out = duckdb.sql(f"from '{bench.folder / 'o.parquet'}'").fetchnumpy()
            got = np.stack([np.asarray(v) for k, v in out.items() if k != "row"], 1)
            same = want[name].reshape(got.shape)
            what = (folder.name, kind, str(name), got.shape, int(want["threads"]))
            assert (got.astype(str) == same).all() if same.dtype.kind == "U" else got.dtype == same.dtype, what
            assert same.dtype.kind == "U" or got.tobytes() == same.tobytes(), (what, np.abs(got - same).max())
    print(json.dumps(kinds), f"{alike} of {len(found)} the same over all rows at once", file=sys.stderr)
    assert alike > 30


if os.environ.get("SLUICE_PEERS", "newest") == "all":
    test_exact = exact
