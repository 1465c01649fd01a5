"""Models of pictures: `sluice score` over folders and archives of JPEG and PNG files must give what ONNX Runtime gives on tensors that
Pillow and NumPy prepare. Small models, pictures and such answers lie in data/pictures (image_models.py made them); with ./run test --all
they are made anew, from other weights and pictures, and the bits must be the same."""
import csv
import io
import json
import re
import os
import shutil
import signal
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from lib_png import png
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
DEPS = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps"))
LEVEL = {k: os.environ[k] for k in ("SLUICE_CPU",) if k in os.environ}  # of the processor's, where one is asked for
SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
HERE = Path(__file__).resolve().parent
MADE = HERE / "data" / "pictures"
MODELS = ["preset", "soft", "last", "bytes", "clip", "vit", "next", "plain"]
NAMES = ["ant", "bee", "cow"]


class Bench:
    def __init__(self, folder, made=MADE):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder), **LEVEL}
        os.chmod(folder, 0o700)
        shutil.copytree(made, folder, dirs_exist_ok=True)
        self.answers = json.loads((made / "answers.json").read_text())
        self.said = ""

    def run(self, *args, code=0):
        out = subprocess.run([PROGRAM, *map(str, args), "--no-input"], capture_output=True, env=self.env, cwd=self.folder, timeout=120)
        self.said = out.stderr.decode()
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout[:300]}\n{self.said}"
        return out.stdout.decode()

    def rows(self, model, data, *args, code=0):
        rows = list(csv.DictReader(io.StringIO(self.run("score", "--model", model, "--data", data, "-o", "csv", *args, code=code))))
        assert [int(r["row"]) for r in rows] == list(range(len(rows)))
        return rows

    def numbers(self, model, data, *args, code=0):
        rows = self.rows(model, data, *args, code=code)
        names = [k for k in rows[0] if k == "prediction" or (k[0] == "p" and k[1:].isdigit())]
        return np.array([[np.float32(r[k]) for k in names] for r in rows]), [r["path"] for r in rows]

    def refused(self, model, data, what, code, *args):
        self.run("score", "--model", model, "--data", data, *args, code=code)
        assert self.said.count("\n") == 1 and what in self.said, self.said

    def model(self, model="preset", **beside):
        """A copy of a model's folder, with other files beside it."""
        to = self.folder / f"copy{len(list(self.folder.glob('copy*')))}"
        to.mkdir()
        shutil.copy(self.folder / model / "model.onnx", to)
        for name, text in beside.items():
            (to / name.replace("_json", ".json").replace("_txt", ".txt")).write_text(text if isinstance(text, str) else json.dumps(text))
        return to


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def near(got, want):
    want = np.array(want, np.float32)
    assert got.shape == want.shape and np.allclose(got, want, rtol=2e-6, atol=2e-6), np.abs(got - want).max()


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True), dtype=np.float32)
    return e / e.sum(1, keepdims=True)


# ---- what comes out ----

@pytest.mark.parametrize("model", MODELS)
def test_answers_as_told(bench, model):
    raw, paths = bench.numbers(model, "photos", *(["--output", "raw"] if model != "next" else []))
    assert paths == bench.answers["files"]
    near(raw, bench.answers[model])
    if model == "next":
        bench.refused(model, "photos", "tells no classes apart", 2, "--output", "probability")
        return
    p = raw if model == "soft" else softmax(raw)
    got, _ = bench.numbers(model, "photos", "--output", "probability")
    near(got, p)
    assert ("its outputs as they are" if model == "soft" else "softmax of its outputs") in bench.said
    rows = bench.rows(model, "photos")
    named = model in ("soft", "bytes", "clip", "vit")
    assert [r["prediction"] for r in rows] == [NAMES[k] if named else str(k) for k in p.argmax(1)]
    assert np.allclose([float(r["probability"]) for r in rows], p.max(1), rtol=2e-6, atol=2e-6)
    assert list(rows[0]) == ["row", "path", "prediction", "probability", "error"]
    assert [int(r["prediction"]) for r in bench.rows(model, "photos", "--output", "class")] == list(p.argmax(1))


FROM = [("preset", "27 by bilinear, 24 x 24 of its middle, / 255, mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (torchvision's preset"),
        ("clip", "30 by bicubic, 20 x 24 of its middle, / 255, mean 0.48145467 0.4578275 0.40821072, std 0.26862955 0.2613026 0.2757771 "
         "(preprocessor_config.json); probabilities: softmax of its outputs; classes: config.json"),
        ("vit", "to 24 x 24 by bilinear, / 255, mean 0.5 0.5 0.5, std 0.5 0.5 0.5 (the model's own metadata); probabilities: softmax of "
         "its outputs; classes: the model's own metadata"),
        ("soft", "; probabilities: its outputs as they are; classes: classes.txt"),
        ("bytes", "27 by bilinear, 24 x 24 of its middle (torchvision's preset"),
        ("plain", "to 24 x 24 by lanczos (preprocessor_config.json)")]


@pytest.mark.parametrize("model,words", FROM)
def test_it_says_what_was_done(bench, model, words):
    bench.rows(model, "photos")
    assert words in bench.said and bench.said.startswith("sluice: 16 pictures: "), bench.said


def test_mlmodel_tells(bench):
    page = {"flavors": {"onnx": {"data": "model.onnx"}},
            "metadata": {"class_names": ["x", "y", "z"], "preprocessor_config": {"size": {"height": 24, "width": 24}, "resample": 0,
                                                                               "do_normalize": False}}}
    to = bench.model(MLmodel=page)
    rows = bench.rows(to, "photos")
    assert "to 24 x 24 by nearest, / 255 (MLmodel's metadata)" in bench.said and "classes: MLmodel's metadata" in bench.said
    assert {r["prediction"] for r in rows} <= {"x", "y", "z"}
    (to / "preprocessor_config.json").write_text(json.dumps({**page["metadata"]["preprocessor_config"], "resample": 4}))
    bench.rows(to, "photos")
    assert "by box" in bench.said and "(preprocessor_config.json)" in bench.said


def zipped(path, files, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as z:
        for name, data in files:
            z.writestr(name, data)


def photos(bench, before=""):
    return [(before + f, (bench.folder / "photos" / f).read_bytes()) for f in bench.answers["files"]]


def test_archives(bench):
    """zip and tar, also packed as one folder: the same rows, in the archive's own order."""
    zipped(bench.folder / "a.zip", photos(bench))
    for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.xz", "w:xz")):
        with tarfile.open(bench.folder / name, mode) as t:
            t.add(bench.folder / "photos", "set/photos")
    want = {r["path"]: (r["prediction"], r["folder"]) for r in bench.rows("soft", "photos", "--label", "folder")}
    for name in ("a.zip", "a.tar", "a.tar.gz", "a.tar.xz"):
        rows = bench.rows("soft", name, "--label", "folder")
        got = {r["path"].removeprefix("set/photos/"): (r["prediction"], r["folder"]) for r in rows}
        assert got == want and len(rows) == 16, name


def test_threads_and_places_make_no_difference(bench):
    want = {r["path"]: r["p0"] for r in bench.rows("preset", "photos", "--output", "raw", "--threads", "1")}
    for n in (2, 5):
        assert {r["path"]: r["p0"] for r in bench.rows("preset", "photos", "--output", "raw", "--threads", n)} == want
    for i in range(3):
        shutil.copy(bench.folder / "photos" / "cow" / "4.jpg", bench.folder / "photos" / "ant" / f"0{i}.jpg")
    got = {r["path"]: r["p0"] for r in bench.rows("preset", "photos", "--output", "raw", "--threads", "1")}
    assert {k: got[k] for k in want} == want and {got[f"ant/0{i}.jpg"] for i in range(3)} == {want["cow/4.jpg"]}


# ---- labels, quality, samples ----

def test_quality_by_folder(bench):
    rows = bench.rows("soft", "photos", "--label", "folder")
    right = sum(r["prediction"] == r["folder"] for r in rows)
    said = json.loads(bench.run("score", "--model", "soft", "--data", "photos", "--label", "folder", "--out", "o.parquet", "-o", "json"))[0]
    assert said["rows"] == 16 and said["failed"] == 0 and abs(said["quality"]["accuracy"] - right / 16) < 1e-12
    out = list(csv.DictReader(io.StringIO(bench.run("sql", "from 'o.parquet'", "-o", "csv"))))
    assert [r["prediction"] for r in out] == [r["prediction"] for r in rows] and [r["path"] for r in out] == [r["path"] for r in rows]
    asked = ["score", "--model", "soft", "--data", "photos", "--label", "folder", "-o", "csv"]
    text = bench.run(*asked, "--against", "clip", "--slice", "folder")
    judged = list(csv.DictReader(io.StringIO(text)))
    figure = next(r for r in judged if r["metric"] == "accuracy" and not r["slice"])
    assert float(figure["value"]) == pytest.approx(right / 16) and int(figure["n"]) == 16 and figure["test"] == "mcnemar"
    assert any(r["slice"] == "folder=bee" for r in judged)
    other = [r["prediction"] for r in bench.rows("clip", "photos")]
    apart = next(r for r in judged if r["metric"] == "disagreements")
    assert float(apart["value"]) == sum(a["prediction"] != b for a, b in zip(rows, other))
    paths = [r["note"] for r in judged if r["metric"] == "disagreement"]
    assert paths and all(p in bench.answers["files"] for p in paths)
    assert "preset" in next(r["note"] for r in judged if r["metric"] == "preprocessing")


def test_accuracy_of_rows_and_of_many_classes(bench):
    """Without a summary, and where there are more classes than quality takes apart, the note has it."""
    rows = bench.rows("soft", "photos", "--label", "folder")
    right = sum(r["prediction"] == r["folder"] for r in rows)
    assert f"; accuracy {right / 16:.4g} over 16" in bench.said, bench.said
    (bench.folder / "photos" / "cow").rename(bench.folder / "photos" / "kind7")
    rows = bench.rows("many.onnx", "photos", "--label", "folder")
    want = sum(r["prediction"] == r["folder"] for r in rows) / 16
    asked = ["score", "--model", "many.onnx", "--data", "photos", "--label", "folder"]
    said = json.loads(bench.run(*asked, "--out", "o.csv", "-o", "json"))[0]
    assert f"; accuracy {want:.4g} over 16, of more than 256 classes" in said["prepared"] and said.get("quality") is None, said
    bench.refused("many.onnx", "photos", "at most 256 are told apart", 1, "--label", "folder", "--slice", "folder")


def test_folders_as_classes(bench):
    """A model that names none: the folders in their order, as ImageFolder numbers them, and only where they tell."""
    rows = bench.rows("preset", "photos", "--label", "folder")
    assert "classes: the folders, in their order" in bench.said
    number = [int(r["prediction"]) for r in bench.rows("preset", "photos")]
    assert [r["prediction"] for r in rows] == [NAMES[k] for k in number]
    for name in ("[ant]", "{ant", "ant ", "a\nnt"):
        shutil.copytree(bench.folder / "photos", bench.folder / "odd")
        (bench.folder / "odd" / "ant").rename(bench.folder / "odd" / name)
        odd = bench.rows("preset", "odd", "--label", "folder")
        names = sorted([name, "bee", "cow"])
        want = [int(r["prediction"]) for r in bench.rows("preset", "odd")]
        assert [r["prediction"] for r in odd] == [names[k] for k in want], name
        shutil.rmtree(bench.folder / "odd")
    (bench.folder / "photos" / "cow").rename(bench.folder / "photos" / "10")
    bench.refused("preset", "photos", "put classes.txt beside it", 2, "--label", "folder")
    (bench.folder / "photos" / "10").rename(bench.folder / "photos" / "yak")
    bench.refused("soft", "photos", "its folder is none of the model's classes", 2, "--label", "folder", "--out", "no.csv")
    shutil.copytree(bench.folder / "photos" / "yak", bench.folder / "photos" / "zebra")
    bench.refused("preset", "photos", "4 folders do not tell which of its 3 is which", 2, "--label", "folder")
    bench.refused("soft", "photos/ant", "the pictures lie in no folders", 2, "--label", "folder")
    bench.refused("soft", "photos", "only `folder` is known", 2, "--label", "kind")


def test_sample(bench):
    """The same ones every time, of each folder its share, whatever else is asked."""
    all_rows = {r["path"]: r["prediction"] for r in bench.rows("soft", "photos")}
    some = bench.rows("soft", "photos", "--sample", "7")
    assert "7 pictures, a sample of 16 spread over the folders" in bench.said
    assert len(some) == 7 and all(all_rows[r["path"]] == r["prediction"] for r in some)
    per = [sum(r["path"].startswith(n + "/") for r in some) for n in NAMES]
    assert all(2 <= k <= 3 for k in per)
    assert [r["path"] for r in bench.rows("clip", "photos", "--sample", "7", "--label", "folder")] == [r["path"] for r in some]
    assert len({r["path"].split("/")[0] for r in bench.rows("soft", "photos", "--sample", "3")}) == 3
    assert len(bench.rows("soft", "photos", "--sample", "1")) == 1 and len(bench.rows("soft", "photos", "--sample", "99")) == 16
    asked = ["score", "--model", "soft", "--data", "photos", "--label", "folder", "-o", "csv"]
    judged = bench.run(*asked, "--slice", "folder", "--sample", "7")
    assert next(r["n"] for r in csv.DictReader(io.StringIO(judged)) if r["metric"] == "accuracy") == "7"
    for name, n in (("a", 1), ("b", 1), ("c", 6)):
        (bench.folder / "uneven" / name).mkdir(parents=True)
        for k in range(n):
            shutil.copy(bench.folder / "photos" / "ant" / "0.jpg", bench.folder / "uneven" / name / f"{k}.jpg")
    assert [r["path"][0] for r in bench.rows("soft", "uneven", "--sample", "3")] == ["a", "b", "c"]
    (bench.folder / "t.csv").write_text("a\n1\n")


# ---- bad input ----

def test_a_broken_picture_is_a_row(bench):
    whole = (bench.folder / "photos" / "ant" / "0.jpg").read_bytes()
    (bench.folder / "photos" / "ant" / "cut.jpg").write_bytes(whole[:len(whole) // 2])
    (bench.folder / "photos" / "bee" / "text.png").write_text("no picture")
    (bench.folder / "photos" / "bee" / "void.jpg").write_bytes(b"")
    rows = {r["path"]: r for r in bench.rows("soft", "photos", "--label", "folder", code=5)}
    assert re.search(r"3 of 19 pictures cannot be read: ant/cut\.jpg: .+, and others\n", bench.said), bench.said
    for path in ("ant/cut.jpg", "bee/text.png", "bee/void.jpg"):
        assert rows[path]["error"] and not rows[path]["prediction"] and not rows[path]["probability"], rows[path]
        assert rows[path]["folder"] == path[:3]
    good = {k: v for k, v in rows.items() if not v["error"]}
    assert list(good) == bench.answers["files"] and all(v["prediction"] for v in good.values())
    raw = {r["path"]: [r["p0"], r["p1"], r["p2"]] for r in bench.rows("soft", "photos", "--output", "raw", code=5)}
    near(np.array([[np.float32(v) for v in raw[f]] for f in good]), bench.answers["soft"])
    asked = ["score", "--model", "soft", "--data", "photos", "--label", "folder"]
    said = json.loads(bench.run(*asked, "--out", "o.csv", "-o", "json", code=5))[0]
    assert said["rows"] == 19 and said["failed"] == 3 and "3 of 19 pictures cannot be read" in bench.said
    right = sum(r["prediction"] == r["folder"] for r in good.values())
    assert said["quality"]["accuracy"] == pytest.approx(right / 16)
    kept = list(csv.DictReader((bench.folder / "o.csv").open()))
    assert {r["path"]: r["prediction"] for r in kept} == {k: v["prediction"] for k, v in rows.items()}
    bench.rows("soft", "photos", "--partial-ok")
    text = bench.run("score", "--model", "soft", "--data", "photos", "--label", "folder", "--slice", "folder", "-o", "csv", code=5)
    judged = {r["metric"]: r for r in csv.DictReader(io.StringIO(text)) if not r["class"]}
    assert float(judged["pictures_unread"]["value"]) == 3 and "over 16 rows" in bench.said


def test_outputs_that_are_no_numbers(bench):
    shutil.copy(bench.folder / "photos" / "ant" / "0.jpg", bench.folder / "photos" / "x.jpg")
    rows = bench.rows("nan.onnx", "photos", "--output", "raw", code=5)
    dark = [r for r in rows if r["error"]]
    assert 0 < len(dark) < len(rows) and {r["error"] for r in dark} == {"the model's outputs for it are no numbers"}


def test_what_is_no_picture_is_counted(bench):
    photo = (bench.folder / "photos" / "ant" / "0.jpg").read_bytes()
    for name, data in (("notes.txt", b"x"), (".hidden.jpg", photo), ("ant/._0.jpg", b"x"), ("moving.gif", b"GIF89a"), ("no_ending", photo)):
        (bench.folder / "photos" / name).write_bytes(data)
    (bench.folder / "photos" / ".git").mkdir()
    (bench.folder / "photos" / "loop").symlink_to(bench.folder / "photos")
    os.mkfifo(bench.folder / "photos" / "pipe.png")
    rows = bench.rows("soft", "photos")
    assert [r["path"] for r in rows] == sorted([*bench.answers["files"], "no_ending"])
    assert "left aside: 7 files that are no JPEG or PNG (" in bench.said, bench.said
    said = json.loads(bench.run("score", "--model", "soft", "--data", "photos", "--out", "o.csv", "-o", "json"))[0]
    assert said["aside"] == 7


def test_links_stay_below(bench):
    (bench.folder / "outside.jpg").write_bytes((bench.folder / "photos" / "ant" / "0.jpg").read_bytes())
    (bench.folder / "photos" / "in.jpg").symlink_to("ant/0.jpg")
    (bench.folder / "photos" / "out.jpg").symlink_to(bench.folder / "outside.jpg")
    (bench.folder / "photos" / "gone.jpg").symlink_to("nowhere.jpg")
    rows = {r["path"]: r for r in bench.rows("soft", "photos", code=5)}
    assert rows["in.jpg"]["prediction"] == rows["ant/0.jpg"]["prediction"] and not rows["in.jpg"]["error"]
    assert "link" in rows["out.jpg"]["error"] or "denied" in rows["out.jpg"]["error"].lower()
    assert rows["gone.jpg"]["error"]


def test_hostile_archives(bench):
    photo = (bench.folder / "photos" / "ant" / "0.jpg").read_bytes()
    for k, name in enumerate(("../up.jpg", "a/../../up.jpg", "/etc/up.jpg")):
        zipped(bench.folder / f"up{k}.zip", [("ok.jpg", photo), (name, photo)])
        bench.refused("soft", f"up{k}.zip", "leads out of it", 1)
    with tarfile.open(bench.folder / "links.tar", "w") as t:
        t.add(bench.folder / "photos" / "ant" / "0.jpg", "ant/0.jpg")
        for kind, name in ((tarfile.SYMTYPE, "sym.jpg"), (tarfile.LNKTYPE, "hard.jpg"), (tarfile.CHRTYPE, "dev.png")):
            m = tarfile.TarInfo(name)
            m.type, m.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else "ant/0.jpg"
            t.addfile(m)
    assert [r["path"] for r in bench.rows("soft", "links.tar")] == ["ant/0.jpg"]
    assert "left aside: 3 files" in bench.said
    zipped(bench.folder / "bomb.zip", [("a/ok.jpg", photo), ("a/bomb.jpg", photo + bytes(80 << 20)), ("a/last.jpg", photo)])
    assert (bench.folder / "bomb.zip").stat().st_size < 1 << 20
    rows = bench.rows("soft", "bomb.zip", code=5)
    assert [bool(r["error"]) for r in rows] == [False, True, False] and "more than 64 MiB" in rows[1]["error"]
    wide = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452000075300000753008020000007d8c1d3b")
    zipped(bench.folder / "wide.zip", [("ok.jpg", photo), ("wide.png", wide)])
    rows = bench.rows("soft", "wide.zip", code=5)
    assert not rows[0]["error"] and rows[1]["error"]


def test_damaged_archives(bench):
    zipped(bench.folder / "a.zip", photos(bench))
    with tarfile.open(bench.folder / "a.tar.gz", "w:gz") as t:
        t.add(bench.folder / "photos", "photos")
    rng = np.random.default_rng(SEED)
    for name in ("a.zip", "a.tar.gz"):
        whole = (bench.folder / name).read_bytes()
        (bench.folder / name).write_bytes(whole[:len(whole) // 3])
        bench.run("score", "--model", "soft", "--data", name, code=1)
        assert bench.said.count("\n") == 1
        for _ in range(4):
            bad = bytearray(whole)
            bad[int(rng.integers(0, len(bad)))] ^= 1 << int(rng.integers(0, 8))
            (bench.folder / name).write_bytes(bad)
            done = subprocess.run([PROGRAM, "score", "--model", "soft", "--data", name, "-o", "csv", "--no-input"], capture_output=True,
                                  env=bench.env, cwd=bench.folder, timeout=120)
            said = done.stderr.decode()
            assert done.returncode in (0, 1, 5) and "the box died" not in said, said


def test_nothing_there(bench):
    (bench.folder / "empty").mkdir()
    bench.refused("soft", "empty", "empty holds no JPEG or PNG", 1)
    (bench.folder / "empty" / "a.txt").write_text("x")
    bench.refused("soft", "empty", "1 other file (a.txt)", 1)
    zipped(bench.folder / "empty.zip", [])
    bench.refused("soft", "empty.zip", "holds no JPEG or PNG", 1)
    bench.refused("soft", "answers.json", "cannot be read as an archive", 1)
    bench.refused("soft", "nowhere", "nowhere", 1)
    bench.refused("soft", "sql:select 1", "a folder or an archive of JPEG and PNG", 2)


def test_one_pixel(bench):
    """Larger than it is, by the same filter."""
    path = bench.folder / "photos" / "bee" / "one.png"
    got, _ = bench.numbers("preset", path.parent, "--output", "raw")
    at = bench.answers["files"].index("bee/one.png")
    near(got[-1:], [bench.answers["preset"][at]])


NOT_TAKEN = [("rank3.onnx", "3 dimensions"), ("gray.onnx", "a picture has 3 channels"), ("half.onnx", "input x is float16"),
             ("masks.onnx", "no output is a row of floats")]


@pytest.mark.parametrize("model,what", NOT_TAKEN)
def test_models_that_are_not_taken(bench, model, what):
    bench.refused(model, "photos", what, 1)


PAGES = [({"size": {"shortest_edge": 24}, "do_normalize": False}, "no fixed size"),
         ({"size": 30, "do_normalize": False, "do_center_crop": True, "crop_size": 16},
          "makes pictures of 16 x 16, the model takes 24 x 24"),
         ({"size": 24, "do_pad": True}, "do_pad is a step"),
         ({"size": {"longest_edge": 24}}, "only shortest_edge"), ({"size": "24"}, "size: "), ({"do_resize": 1}, "neither true nor false"),
         ({"size": 24, "resample": 9}, "none of Pillow's filters"), ({"size": {"height": 24, "width": 24}}, "image_mean: missing"),
         ({"size": {"height": 24, "width": 24}, "image_mean": [0, 0, 0], "image_std": [0, 1, 1]}, "image_std: a value that cannot be"),
         ("{", "preprocessor_config.json: "), ("[]", "no object"), ({"size": {"height": 1 << 40, "width": 24}}, "no side of a picture")]


@pytest.mark.parametrize("page,what", PAGES)
def test_pages_that_are_not_followed(bench, page, what):
    bench.refused(bench.model(preprocessor_config_json=page), "photos", what, 1)


NAMED = [("a\nb\n", "names 2 classes"), ("a\n\nb", "a line without a name"), ('["a", 3, "b"]', "a name that is no text"),
         ('{"0": "a", "2": "b", "3": "c"}', "not numbered from 0 on")]


@pytest.mark.parametrize("names,what", NAMED)
def test_names_that_are_not_taken(bench, names, what):
    bench.refused(bench.model(classes_txt=names), "photos", what, 1)


def test_two_kinds_are_not_compared(bench):
    shutil.copy(HERE / "data" / "onnx" / "linear.onnx", bench.folder)
    bench.refused("soft", "photos", "one model takes pictures, the other columns", 2, "--label", "folder", "--against", "linear.onnx")
    bench.refused("linear.onnx", "photos", "no Parquet, CSV or JSON file", 1)
    (bench.folder / "t.csv").write_text("a,b,c,d\n1,2,3,4\n")
    bench.refused("linear.onnx", "t.csv", "--sample is for pictures", 2, "--sample", "1")


def test_interrupted(bench):
    """Ctrl-C ends it at once, and no half of a file is left."""
    photo = png(6000, 4000, 8, 2, bytes(18001 * 4000))  # minutes of work for any machine
    zipped(bench.folder / "many.zip", [(f"{i % 9}/{i}.png", photo) for i in range(1000)], zipfile.ZIP_STORED)
    run = subprocess.Popen([PROGRAM, "score", "--model", "soft", "--data", "many.zip", "--out", "o.csv", "--no-input"], env=bench.env,
                           cwd=bench.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    assert run.poll() is None, run.communicate()
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)
    assert run.returncode == 130 and time.monotonic() - began < 5 and not (bench.folder / "o.csv").exists()
    assert not list(bench.folder.glob(".local/state/sluice/**/sluice-box-*/*.csv"))


# ---- beside the library itself ----

def exact(tmp_path):
    """With ./run test --all: other weights and pictures, and ONNX Runtime's and Pillow's own answers: the same bits."""
    python = DEPS / "venv-onnx" / "bin" / "python"
    assert python.exists(), "./run deps peers makes it"
    made = tmp_path / "made"
    subprocess.run([python, HERE / "image_models.py", "draw", made, str(SEED)], check=True, timeout=600)
    (tmp_path / "work").mkdir()
    b = Bench(tmp_path / "work", made)
    peer("onnxruntime", b.answers["onnxruntime"], "real")
    for model in MODELS:
        got, paths = b.numbers(model, "photos", "--threads", "1", *(["--output", "raw"] if model != "next" else []))
        want = np.array(b.answers[model], np.float32)
        assert paths == b.answers["files"] and got.tobytes() == want.tobytes(), (model, np.abs(got - want).max())


if os.environ.get("SLUICE_PEERS", "newest") == "all":
    test_exact = exact
