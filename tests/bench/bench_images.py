"""Preprocessing of pictures for a model, as torchvision's ImageNet preset has it, beside Pillow and NumPy in the same run with as many
threads; theirs are processes, so that Python's lock costs them nothing. JPEGs of 600 x 450, 1024 x 768 and 3024 x 2016 pixels.

Preprocessing is what happens to decoded pixels: resize, cut, normalise. Both decode with libjpeg-turbo, which neither can make faster; the
whole with decoding is measured too, and by the same budget, since it is what a person waits for."""
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image, __version__, features

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, at_least, finish, machine, note  # noqa: E402

SIZES, TURNS = ((600, 450, 60), (1024, 768, 40), (3024, 2016, 12)), 3
MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
STD = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]


def scene(w, h):
    """Waves of all lengths, discs with edges and a little noise: about as many bits a pixel as photographs have."""
    rng = np.random.default_rng(w)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    a = np.full((h, w, 3), 127, np.float32)
    for _ in range(14):
        f, turn = 2.0 ** rng.uniform(-8, -1.5), rng.uniform(0, 6.28)
        wave = np.sin(6.28 * f * (x * np.cos(turn) + y * np.sin(turn)) + rng.uniform(0, 6.28))
        a += wave[..., None] * (rng.uniform(8, 36, 3) * (0.02 / f) ** 0.35)
    for _ in range(40):
        r = rng.uniform(5, min(w, h) / 5)
        disc = (x - rng.uniform(0, w)) ** 2 + (y - rng.uniform(0, h)) ** 2 < r * r
        a[disc] = a[disc] * 0.4 + rng.uniform(0, 255, 3) * 0.6
    return Image.fromarray(np.clip(a + rng.normal(0, 3, (h, w, 1)), 0, 255).astype(np.uint8))


def decoded(path):
    return Image.open(path).convert("RGB")


def resized(im):
    short = min(im.size)
    return im.resize((256 * im.width // short, 256 * im.height // short), Image.Resampling.BILINEAR)


def prepared(im):
    im = resized(im)
    left, top = round((im.width - 224) / 2), round((im.height - 224) / 2)
    a = np.asarray(im.crop((left, top, left + 224, top + 224))).transpose(2, 0, 1).astype(np.float32, order="C")
    a /= np.float32(255)
    a -= MEAN
    a /= STD
    return a


WAYS = {"whole": lambda path, im: prepared(decoded(path)), "decode": lambda path, im: decoded(path),
        "prep": lambda path, im: prepared(im), "resize": lambda path, im: resized(im)}


def least(job):
    """Milliseconds of a picture, the least of so many times."""
    path, what, times = job
    im, took = decoded(path), []
    for _ in range(times):
        t0 = time.perf_counter()
        WAYS[what](path, im)
        took.append(time.perf_counter() - t0)
    return min(took) * 1e3


def ours(path, threads, what, times):
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_images")
    out = subprocess.run([program, path, str(threads), what, str(times)], capture_output=True, text=True, check=True, timeout=600).stdout
    return float(out.split()[0])


def compared(pool, path, threads, what, times):
    """(ours, theirs), in turn."""
    mine, pillow = [], []
    for _ in range(TURNS):
        mine.append(ours(path, threads, what, times))
        pillow.append(float(np.mean(pool.map(least, [(path, what, times)] * threads, 1))))
    return min(mine), min(pillow)


def main():
    machine()
    note(f"beside Pillow {__version__} with libjpeg-turbo {features.version('libjpeg_turbo')}, NumPy {np.__version__}")
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        for w, h, times in SIZES:
            path = os.path.join(work, f"{w}.jpg")
            scene(w, h).save(path, quality=90)
            note(f"{w} x {h}: {os.path.getsize(path) * 8 / w / h:.2f} bits a pixel")
            for threads in (1, 2):
                with multiprocessing.get_context("spawn").Pool(threads) as pool:
                    took = {what: compared(pool, path, threads, what, times) for what in WAYS}
                for what in ("resize", "decode"):
                    mine, pillow = took[what]
                    note(f"{what}: {mine:.2f} ms, Pillow {pillow:.2f} ms: {pillow / mine:.1f}x, {threads} threads")
                for what, name in (("prep", "preprocessing"), ("whole", "with decoding")):
                    mine, pillow = took[what]
                    at_least(f"{name} of {w} x {h}, {threads} threads", pillow / mine, 2, f"{mine:.2f} ms, Pillow {pillow:.2f} ms")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
