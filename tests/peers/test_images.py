"""Kernels of pictures beside Pillow and NumPy: decoded, resized and normalised to the very same bytes. torchvision's rules (the longer
side, the centre, the padding, the order of the arithmetic) are written out here over Pillow and NumPy, as its functional.py has them for
PIL images: torchvision itself would bring PyTorch."""
import io
import math
import os
import random
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lib_png import chunk, png
from sluice_pytest import peer

PIL = pytest.importorskip("PIL")
Image = pytest.importorskip("PIL.Image")
ImageFile = pytest.importorskip("PIL.ImageFile")
features = pytest.importorskip("PIL.features")

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = Path(os.environ.get("SLUICE", ROOT / "build" / "sluice")).resolve().parent / "tests" / "peers" / "image_tool"
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MEMORY = 448 << 20     # of the tool with all its libraries: what a hostile file may make it want
pytestmark = pytest.mark.peer("pillow")


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("pillow", f"{PIL.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')})", "real")


class Tool:
    """One process that answers many questions; its memory is bounded."""

    def __init__(self, folder, level):
        self.file = folder / "picture"
        env = {**os.environ, **({"SLUICE_CPU": level} if level else {})}
        sanitised = b"__asan_init" in TOOL.read_bytes()  # maps terabytes
        words = [str(TOOL)] if sanitised else ["prlimit", f"--as={MEMORY}", str(TOOL)]
        self.p = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def ask(self, *words):
        """(w, h, bytes), or the message of a refusal."""
        self.p.stdin.write(("\t".join(map(str, words)) + "\n").encode())
        self.p.stdin.flush()
        line = self.p.stdout.readline().decode()
        assert line.startswith(("ok ", "! ")), f"the tool ended: {line!r}, {self.p.poll()}"
        if line.startswith("! "):
            return line[2:].strip()
        w, h, n = map(int, line.split()[1:])
        return w, h, self.p.stdout.read(n)

    def read(self, data):
        self.file.write_bytes(data)
        return self.ask("read", self.file)

    def resize(self, pixels, size, name):
        self.file.write_bytes(pixels.tobytes())
        return self.ask("resize", self.file, pixels.shape[1], pixels.shape[0], *size, name)

    def prep(self, data, fit="shorter", w=256, h=0, name="bilinear", crop=(224, 224), scale="255", way="divide", mean=MEAN, std=STD,
             layout="nchw"):
        self.file.write_bytes(data)
        got = self.ask("prep", self.file, fit, w, h, name, *crop, scale, way, *mean, *std, layout)
        assert not isinstance(got, str), got
        shape = (3, got[1], got[0]) if layout == "nchw" else (got[1], got[0], 3)
        return np.frombuffer(got[2], np.float32).reshape(shape)

    def close(self):
        self.p.stdin.close()
        assert self.p.wait(20) == 0


@pytest.fixture(scope="module", params=["", "c"])
def tool(request, tmp_path_factory):
    """Of the best level that this processor has, and of C; tests/unit/compute_image.c compares the levels with each other."""
    t = Tool(tmp_path_factory.mktemp("images"), request.param)
    yield t
    t.close()


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """For what does not depend on a level."""
    t = Tool(tmp_path_factory.mktemp("read"), "")
    yield t
    t.close()


def noise(rng, w, h):
    a = rng.integers(0, 256, (h, w, 3)) if rng.integers(2) else rng.integers(0, 2, (h, w, 3)) * 255
    return a.astype(np.uint8)


def scene(w, h, seed=0):
    """Waves, an edge and noise: what a JPEG keeps something of."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([127 + 120 * np.sin(x / 17 + y / 29), 127 + 120 * np.cos(x / 7 - y / 11), (x * 3 + y * 5) % 256], -1)
    return Image.fromarray(np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8))


def encoded(im, kind, **options):
    out = io.BytesIO()
    ImageFile.MAXBLOCK = 1 << 22  # a progressive file has to fit, and noisy ones are large
    im.save(out, kind, **options)
    return out.getvalue()


def theirs(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


# ---- resize ----

def sizes(rng, n):
    yield from [(1, 1, 1, 1), (1, 1, 9, 7), (1, 50, 3, 20), (50, 1, 20, 3), (97, 61, 1, 1), (64, 64, 64, 64), (64, 48, 64, 21),
                (64, 48, 23, 48), (640, 480, 341, 256), (200, 700, 100, 350), (9, 2000, 9, 31), (20, 901, 21, 3), (33, 47, 300, 301),
                (2, 2, 255, 3)]
    for i in range(n):
        high, wide = (4, 60, 400)[i % 3], (5, 80, 300)[int(rng.integers(3))]
        w, h, to_w, to_h = *rng.integers(1, high, 2), *rng.integers(1, wide, 2)
        yield int(w), int(h), int(w if i % 13 == 0 else to_w), int(h if i % 11 == 0 else to_h)


def test_every_filter_gives_pillows_bytes(tool):
    rng = np.random.default_rng(11)
    for w, h, to_w, to_h in sizes(rng, 120):
        a = noise(rng, w, h)
        for name, number in FILTERS.items():
            got = tool.resize(a, (to_w, to_h), name)
            want = Image.fromarray(a).resize((to_w, to_h), number)
            assert got == (to_w, to_h, want.tobytes()), f"{w}x{h} to {to_w}x{to_h}, {name}"


def test_rows_go_first_where_pillow_13_lets_them(tool):
    """Twice the columns that go against the rows that go, right at the border; and its old order on request."""
    rng = np.random.default_rng(12)
    both = 0
    for _ in range(40):
        w, h = (int(v) for v in rng.integers(30, 120, 2))
        to_w = int(rng.integers(max(2, w - h // 3), w))
        for to_h in (h - 2 * (w - to_w) + d for d in (-1, 0, 1)):
            if not 0 < to_h < h:
                continue
            a = noise(rng, w, h)
            im = Image.fromarray(a)
            assert tool.resize(a, (to_w, to_h), "bicubic")[2] == im.resize((to_w, to_h), 3).tobytes(), (w, h, to_w, to_h)
            old, new = im.resize((to_w, h), 3).resize((to_w, to_h), 3), im.resize((w, to_h), 3).resize((to_w, to_h), 3)
            both += old.tobytes() != new.tobytes()
            assert im.resize((to_w, to_h), 3).tobytes() == (new if h - to_h > 2 * (w - to_w) else old).tobytes()
    assert both > 30, both


# ---- JPEG ----

def patched(data, factors):
    """The luminance's sampling factors, of a file whose blocks are as many either way."""
    at = data.index(b"\xff\xc0") + 11
    return data[:at] + bytes([factors]) + data[at + 1:]


def jpegs():
    for w, h in [(1, 1), (2, 2), (8, 8), (9, 17), (17, 1), (1, 33), (61, 47), (333, 217), (400, 300)]:
        im = scene(w, h)
        for quality in (35, 92):
            for sampling in (0, 1, 2):
                for progressive in (False, True):
                    yield f"{w}x{h} {quality} {sampling} {progressive}", encoded(im, "JPEG", quality=quality, subsampling=sampling,
                                                                                 progressive=progressive)
            yield f"{w}x{h} {quality} gray", encoded(im.convert("L"), "JPEG", quality=quality)
            yield f"{w}x{h} {quality} CMYK", encoded(im.convert("CMYK"), "JPEG", quality=quality)
            yield f"{w}x{h} {quality} RGB", encoded(im, "JPEG", quality=quality, keep_rgb=True)
            yield f"{w}x{h} {quality} restarts", encoded(im, "JPEG", quality=quality, restart_marker_rows=1)
    yield "4:4:0", patched(encoded(scene(128, 128), "JPEG", subsampling=1), 0x12)
    yield "4:1:1", patched(encoded(scene(128, 128), "JPEG", subsampling=2), 0x41)
    yield "4:1:0, turned", patched(encoded(scene(128, 128), "JPEG", subsampling=2), 0x14)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned: Image.open does not
    yield "orientation", encoded(scene(40, 30), "JPEG", exif=exif)
    yield "bytes behind the end", encoded(scene(40, 30), "JPEG") + b"more"


def ycck(data):
    """A CMYK file of which its Adobe marker says that it is YCCK."""
    at = data.index(b"Adobe")
    return data[:at + 11] + b"\x02" + data[at + 12:]


def test_jpegs_decode_to_pillows_bytes(reader):
    n = 0
    for name, data in [*jpegs(), ("YCCK", ycck(encoded(scene(61, 47).convert("CMYK"), "JPEG")))]:
        want = theirs(data)
        assert reader.read(data) == (*want.size, want.tobytes()), name
        n += 1
    assert n > 150


def test_crops_of_jpegs_are_those_of_the_whole(tool):
    """The tool compares row by row, which leaves out what no crop wants, with the whole picture; here it is compared with Pillow."""
    rng = np.random.default_rng(13)
    files = [patched(encoded(scene(256, 256, 1), "JPEG", subsampling=1), 0x12),
             patched(encoded(scene(256, 256, 2), "JPEG", subsampling=2), 0x41)]
    for sampling in (0, 1, 2):
        shapes = (431, 97), (97, 431), (303, 301), (1000, 20)
        files += [encoded(scene(*size, 3), "JPEG", quality=70, subsampling=sampling) for size in shapes]
    files += [encoded(scene(301, 203).convert("L"), "JPEG"), encoded(scene(301, 203), "JPEG", restart_marker_blocks=7)]
    for data in files:
        want = theirs(data)
        for _ in range(6):
            crop = tuple(int(v) for v in rng.integers(1, 60, 2))
            got = tool.prep(data, fit="keep", crop=crop, scale="1", mean=(0, 0, 0), std=(1, 1, 1), layout="nhwc")
            assert np.array_equal(got, np.asarray(centre_crop(want, *crop), np.float32)), (want.size, crop)


# ---- PNG ----

def passes(w, h, lace):
    laced = (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
    for x, y, dx, dy in laced if lace else ((0, 0, 1, 1),):
        if w > x and h > y:
            yield (w - x + dx - 1) // dx, (h - y + dy - 1) // dy


def pngs(rng):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    for kind, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth, lace, (w, h) in [(d, i, s) for d in depths for i in (0, 1) for s in ((13, 11), (1, 1), (33, 5), (3, 40))]:
            rows = b"".join(bytes([int(rng.integers(5))]) + rng.bytes((pw * channels[kind] * depth + 7) // 8)
                            for pw, ph in passes(w, h, lace) for _ in range(ph))
            for colours in ((1 << depth, max(1, 1 << depth >> 1)) if kind == 3 else (0,)):
                palette = chunk(b"PLTE", rng.bytes(3 * colours)) if kind == 3 else b""
                yield f"kind {kind} of {depth} bits, {w}x{h}, laced {lace}, {colours} colours", png(w, h, depth, kind, rows, lace, palette)
                if kind in (0, 2, 3):
                    clear = {0: struct.pack(">H", 1), 2: struct.pack(">HHH", 1, 2, 3), 3: bytes([0, 128][:colours])}[kind]
                    extra = chunk(b"gAMA", struct.pack(">I", 45455)) + palette + chunk(b"tRNS", clear)
                    yield f"kind {kind} of {depth} bits, {w}x{h}, laced {lace}, clear", png(w, h, depth, kind, rows, lace, extra)


@pytest.mark.filterwarnings("ignore:Palette images")
def test_pngs_decode_to_pillows_bytes(reader):
    rng, n = np.random.default_rng(14), 0
    for name, data in pngs(rng):
        want = theirs(data)
        assert reader.read(data) == (*want.size, want.tobytes()), name
        n += 1
    for mode in ("RGB", "L", "LA", "RGBA", "P", "1"):
        data = encoded(scene(50, 37).convert(mode), "PNG")
        assert reader.read(data)[2] == theirs(data).tobytes(), mode
    assert n > 150


# ---- a whole preprocessing ----

def resized(im, fit, w, h, number):
    """torchvision's resize of a PIL image: the longer side is int(size * long / short)."""
    if fit == "keep":
        return im
    if fit == "exact":
        return im.resize((w, h), number)
    short, long = sorted(im.size)
    other = int(w * long / short)
    size = (w, other) if im.width <= im.height else (other, w)
    return im if im.size == size else im.resize(size, number)


def centre_crop(im, w, h):
    """torchvision's center_crop: black around what is smaller, then the middle by Python's round()."""
    if w > im.width or h > im.height:
        left, top = (max(w - im.width, 0) // 2, max(h - im.height, 0) // 2)
        right, bottom = ((max(w - im.width, 0) + 1) // 2, (max(h - im.height, 0) + 1) // 2)
        wider = Image.new("RGB", (im.width + left + right, im.height + top + bottom))
        wider.paste(im, (left, top))
        im = wider
    top, left = int(round((im.height - h) / 2.0)), int(round((im.width - w) / 2.0))
    return im.crop((left, top, left + w, top + h))


def normalised(im, mean, std):
    """ToTensor or convert_image_dtype, then normalize: float32 at each step."""
    a = np.asarray(im).transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return (a - np.array(mean, np.float32)[:, None, None]) / np.array(std, np.float32)[:, None, None]


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(np.ascontiguousarray(a).view(np.uint32), np.ascontiguousarray(b).view(np.uint32))


@pytest.mark.parametrize("size", [(600, 450), (1024, 768), (450, 600), (200, 130), (512, 100), (90, 500), (256, 256), (257, 256)])
def test_imagenets_preprocessing_has_numpys_bits(tool, size):
    for data in (encoded(scene(*size), "JPEG", quality=88), encoded(scene(*size), "PNG", compress_level=1)):
        want = normalised(centre_crop(resized(theirs(data), "shorter", 256, 0, 2), 224, 224), MEAN, STD)
        assert same_bits(tool.prep(data), want)


def test_any_preprocessing_has_numpys_bits(tool):
    rng, draw = np.random.default_rng(15), random.Random(15)
    for i in range(80):
        im = Image.fromarray(noise(rng, *(int(v) for v in rng.integers(1, 150, 2))))
        fit, (name, number) = draw.choice(["keep", "shorter", "exact"]), draw.choice(list(FILTERS.items()))
        w, h = draw.randint(1, 60), draw.randint(1, 60)
        crop = draw.choice([(0, 0), (draw.randint(1, 60), draw.randint(1, 60))])
        odd = [round(draw.random(), 3) for _ in range(3)], [0.3, 7, 0.001]
        mean, std = draw.choice([(MEAN, STD), ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), odd])
        if fit == "shorter" and w * max(im.size) // min(im.size) > 3000:
            continue
        cut = resized(im, fit, w, h, number)
        want = normalised(centre_crop(cut, *crop) if crop[0] else cut, mean, std)
        for layout in ("nchw", "nhwc"):
            got = tool.prep(encoded(im, "PNG", compress_level=0), fit, w, h, name, crop, mean=mean, std=std, layout=layout)
            assert same_bits(got, want if layout == "nchw" else want.transpose(1, 2, 0)), (i, im.size, fit, name, w, h, crop, layout)


def test_transformers_scale_has_numpys_bits(tool):
    """Hugging Face's processors multiply by 1/255 in double and round that to float32 before mean and std."""
    im = scene(60, 50)
    a = (np.asarray(im).astype(np.float64) * (1 / 255)).astype(np.float32)
    want = ((a - np.array(MEAN, np.float32)) / np.array(STD, np.float32)).astype(np.float32).transpose(2, 0, 1)
    assert same_bits(tool.prep(encoded(im, "PNG"), "keep", crop=(0, 0), scale=repr(1 / 255), way="multiply"), want)


# ---- what is not whole ----

def test_what_is_cut_short_is_refused_in_a_line(reader):
    for data in (encoded(scene(90, 70), "JPEG"), encoded(scene(90, 70), "JPEG", progressive=True), encoded(scene(90, 70), "PNG")):
        for cut in (1, 2, 10, 40, 200, len(data) // 2, len(data) - 9, len(data) - 2):
            got = reader.read(data[:-cut])
            assert isinstance(got, str) and got.startswith(str(reader.file) + ": "), (cut, got)
    assert "neither JPEG nor PNG" in reader.read(b"GIF89a") and "neither" in reader.read(b"")


def test_hostile_headers_are_refused(reader):
    """Sizes beyond what is read, and files of a few bytes that would need much memory or time."""
    jpeg = encoded(scene(64, 64), "JPEG", progressive=True, subsampling=0)
    at = jpeg.index(b"\xff\xc2") + 5
    for w, h in ((65500, 65500), (0, 5), (40000, 3)):
        assert isinstance(reader.read(jpeg[:at] + struct.pack(">HH", h, w) + jpeg[at + 4:]), str), (w, h)
    assert "more memory" in reader.read(jpeg[:at] + struct.pack(">HH", 8000, 8000) + jpeg[at + 4:])  # 384 MB of coefficients
    for w, h in ((1 << 31, 5), (30000, 30000), (0, 5), (5, 0)):
        assert isinstance(reader.read(png(w, h, 8, 2, b"\0" * 100)), str), (w, h)
    assert isinstance(reader.read(png(8000, 8000, 16, 6, b"\0" * 100, 1)), str)
    scan = jpeg[jpeg.index(b"\xff\xda"):jpeg.index(b"\xff\xc4", jpeg.index(b"\xff\xda"))]
    first = jpeg.index(b"\xff\xda") + len(scan)
    assert "scans without end" in reader.read(jpeg[:first] + scan * 2000 + jpeg[first:])


def test_what_is_damaged_is_refused_or_read_as_pillow_does(reader):
    """Flipped bytes: libjpeg goes on after bad data, in both; where both read a file their bytes are the same."""
    draw, read, said = random.Random(16), 0, 0
    for _ in range(150):
        data = bytearray(encoded(scene(120, 90), "JPEG", subsampling=draw.choice([0, 1, 2])))
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(620, len(data) - 2)] = draw.randrange(256)
        got = reader.read(bytes(data))
        try:
            want = theirs(bytes(data)).tobytes()
        except (OSError, SyntaxError):
            want = None
        if isinstance(got, str) or want is None:
            said += 1
        else:
            read += 1
            assert got[2] == want
    assert read > 60, (read, said)


def test_the_centre_of_odd_differences_is_pythons(tool):
    """Half a pixel goes to the even side."""
    for side in range(5, 24):
        im = Image.fromarray(np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3))
        got = tool.prep(encoded(im, "PNG"), "keep", crop=(4, 4), scale="1", mean=(0, 0, 0), std=(1, 1, 1), layout="nhwc")
        at = int(round((side - 4) / 2.0))
        assert math.isclose(at, (side - 4) / 2, abs_tol=0.5)
        assert np.array_equal(got, np.asarray(im, np.float32)[at:at + 4, at:at + 4])
