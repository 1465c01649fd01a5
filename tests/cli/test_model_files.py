"""Files of a registered model that somebody moved, cut, swapped or made hostile: neither `score` nor the evidence opens what it should not,
each says why in one line, and the gate that needs them is unknown, which blocks."""
import array
import json
import pickle
import shutil
import sqlite3
from pathlib import Path

import pytest

DATA = ["--data", "lake:holdout/cancer.parquet"]
RESCORE = "rescore.max_abs_diff <= 1e-6"


class Lab:
    """A demo of one's own whose version 4 of cancer is changed by hand."""

    def __init__(self, ask):
        self.ask, self.top = ask, ask.store.parent
        self.files = next(self.top.glob("artifacts/cancer/models/*788c2b1f3324cb4b288ad316e472364/artifacts"))
        self.model = self.files / "model.lgb"
        self.whole = {p: p.read_bytes() for p in self.files.iterdir() if p.is_file()}

    def sql(self, statement, *values):
        db = sqlite3.connect(self.ask.store)
        with db:
            db.execute(statement, values)
        db.close()

    def source(self, uri):
        self.sql("update model_versions set source = ? where name = 'cancer' and version = 4", uri)

    def heal(self):
        self.source("models:/m-b788c2b1f3324cb4b288ad316e472364")
        for path in self.files.iterdir():
            if path.is_symlink() or (path.is_file() and path not in self.whole):
                path.unlink()
        for path, text in self.whole.items():
            path.write_bytes(text)

    def score(self):
        said = self.ask("score", "--model", "models:/cancer/4", *DATA, code=1)
        assert said.stderr.count("\n") == 1 and said.stdout == "", said.stderr
        return said.stderr

    def gate(self):
        """What the making of the evidence says, and the gate after it."""
        run = self.ask("run", "evidence-cancer", "-p", "version=4", code=None)
        row = {r["gate"]: r for r in json.loads(self.ask("gate", "cancer/4", "-o", "json", code=4).stdout)}[RESCORE]
        assert row["state"] == "unknown", row
        return f"{run.stdout}{run.stderr}{row['why']}"


@pytest.fixture(scope="module")
def made(demo_maker):
    return Lab(demo_maker())


@pytest.fixture
def lab(made):
    yield made
    made.heal()


@pytest.mark.parametrize("uri", ["file:///etc", "file:///etc/passwd", "/etc", "artifacts/../../../../../../../../etc",
                                 "s3://another/bucket", "http://127.0.0.1:9/x", "mlflow-artifacts://evil.example/x",
                                 "models:/digits/1", "runs:/../..",
                                 "file:///etc/\x1b[31m"])
def test_a_hostile_source(lab, uri):
    lab.source(uri)
    said = lab.score()
    assert "root:x" not in said and "\x1b" not in said
    why = lab.gate()
    assert why and "root:x" not in why
    for command in (["cat", "models:/cancer/4/passwd"], ["cp", "models:/cancer/4/passwd", "stolen"], ["ls", "models:/cancer/4"]):
        out = lab.ask(*command, code=1)
        assert "root:x" not in out.stdout and out.stderr.count("\n") == 1 and "\x1b" not in out.stderr
    assert not (lab.top.parent / "stolen").exists()


def test_a_link_out_of_the_folder(lab):
    lab.model.unlink()
    lab.model.symlink_to("/etc/passwd")
    assert "root:x" not in lab.score()
    assert "root:x" not in lab.gate()


def test_a_file_that_is_gone_since_it_was_registered(lab):
    lab.model.unlink()
    assert "model.lgb" in lab.score() and "model.lgb" in lab.gate()
    (lab.files / "MLmodel").unlink()
    assert "MLmodel" in lab.score()
    lab.gate()


@pytest.mark.parametrize("part", [0, 1, 3])
def test_a_file_that_was_cut(lab, part):
    text = lab.whole[lab.model]
    lab.model.write_bytes(text[:len(text) * part // 4])
    assert "not re-scored" in lab.score() and "model.lgb" in lab.gate()


def test_a_pickle_under_another_name(lab):
    class Hostile:
        def __reduce__(self):
            return (open, (str(lab.top / "pwned"), "w"))

    lab.model.write_bytes(pickle.dumps(Hostile()))
    assert "model.lgb" in (said := lab.score()) and ("would call io.open" in said or "a pickle" in said)
    assert "model.lgb" in lab.gate()
    assert not (lab.top / "pwned").exists()


@pytest.mark.parametrize("text", ["flavors:\n  lightgbm: {data: ../../../../../../../../etc/passwd, model_class: x}\n",
                                  "flavors:\n  lightgbm: {data: /etc/passwd, model_class: x}\n",
                                  "flavors:\n  lightgbm: {data: 'file:///etc/passwd', model_class: x}\n",
                                  "flavors: [" * 2000, "flavors: {}\n", "a: &a [x,x]\nb: &b [*a,*a]\n" * 3, "\x00\xff", ""])
def test_a_hostile_mlmodel(lab, text):
    (lab.files / "MLmodel").write_text(text)
    said = lab.score()
    assert "root:x" not in said
    assert "root:x" not in lab.gate()


def test_a_model_that_does_not_fit_the_data(lab):
    lab.model.write_bytes(lab.whole[lab.model].replace(b"mean_radius", b"mean_radios"))
    assert "mean_radios" in lab.score()
    lab.gate()


ONNX = Path(__file__).resolve().parent.parent / "peers" / "data"
FLAVOR = "flavors:\n  onnx: {data: %s, onnx_version: 1.22.0}\n"


def test_an_onnx_model_whose_weights_lie_beside_it(lab):
    """What its file names is copied, too, and nothing that lies elsewhere."""
    (lab.files / "MLmodel").write_text(FLAVOR % "model.onnx")
    (lab.files / "model.onnx").write_bytes((ONNX / "onnx" / "bad_absent.onnx").read_bytes())
    (lab.files / "weights.bin").write_bytes(array.array("f", [1, 2, 3, 4]).tobytes())
    ask = ["score", "--model", "models:/cancer/4", "--data", "sql:select 1.0 a, 10.0 b, 100.0 c, 1000.0 d", "-o", "csv"]
    assert lab.ask(*ask).stdout == "row,prediction\n0,4321\n"
    (lab.files / "weights.bin").unlink()
    assert "weights.bin" in lab.ask(*ask, code=1).stderr
    (lab.files / "weights.bin").symlink_to("/etc/passwd")
    assert "root:x" not in (said := lab.ask(*ask, code=1)).stderr and not said.stdout
    for name in ("bad_upwards", "bad_absolute", "bad_memory"):
        (lab.files / "model.onnx").write_bytes((ONNX / "onnx" / f"{name}.onnx").read_bytes())
        said = lab.ask(*ask, code=1).stderr
        assert said.count("\n") == 1 and "not re-scored" in said and "root:x" not in said


def test_a_registered_model_of_pictures(lab):
    """What tells of it lies beside it in the registry, where the page's folder is another one than the model's."""
    (lab.files / "onnx").mkdir(exist_ok=True)
    (lab.files / "MLmodel").write_text(FLAVOR % "onnx/model.onnx")
    for name in ("model.onnx", "preprocessor_config.json", "config.json"):
        (lab.files / "onnx" / name).write_bytes((ONNX / "pictures" / "clip" / name).read_bytes())
    said = lab.ask("score", "--model", "models:/cancer/4", "--data", str(ONNX / "pictures" / "photos"), "-o", "csv")
    assert said.stdout.startswith("row,path,prediction,probability,error\n0,ant/0.jpg,") and said.stdout.count("\n") == 17
    assert "(preprocessor_config.json)" in said.stderr and "classes: config.json" in said.stderr
    (lab.files / "onnx" / "preprocessor_config.json").unlink()
    said = lab.ask("score", "--model", "models:/cancer/4", "--data", str(ONNX / "pictures" / "photos"), "-o", "csv")
    assert "224 x 224 of its middle" in said.stderr and "torchvision's preset" in said.stderr
    shutil.rmtree(lab.files / "onnx")
