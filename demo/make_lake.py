"""The lake: landed files from scikit-learn's data sets, and the layers that sluice.yaml's own SQL makes of them."""
import gzip
import io
import json
import os
import tarfile

import duckdb
import numpy as np
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from run_jobs import day, run_job

NOISE = 0.01            # relative, of every measurement, every day
LABS = 569
IMAGES_A_WEEK, SAMPLES = 150, 12
WINES_A_WEEK = 90


def rng_for(plan, *key):
    return np.random.default_rng([plan.SEED, *[k + 1000 for k in key]])


def place(root, zone, plan, offset, name):
    folder = os.path.join(root, "lake", zone, "dt=" + day(plan, offset))
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def text(v, digits):
    """As the analyser prints it: three significant digits, two for a standard error, never an exponent."""
    return np.format_float_positional(float(f"{v:.{digits}g}"), trim="-")


def labs_rows(plan, offset):
    data = load_breast_cancer()
    names = [str(n).replace(" ", "_") for n in data.feature_names]
    rng = rng_for(plan, 1, offset)
    who = rng.integers(0, len(data.target), LABS)
    values = data.data[who] * (1 + rng.normal(0, NOISE, (LABS, len(names))))
    if offset >= plan.DRIFT_FROM:
        for column, factor in plan.DRIFT.items():
            values[:, names.index(column)] *= factor
    seconds = np.sort(rng.integers(0, 19800, LABS))     # the night's samples: 00:00 to 05:30
    digits = [2 if n.endswith("_error") else 3 for n in names]
    yield ["patient", "measured_at", *names, "diagnosis"]
    for i in range(LABS):
        t = int(seconds[i])
        yield [f"P{who[i] + 1:04d}", f"{day(plan, offset)} {t // 3600:02d}:{t // 60 % 60:02d}:{t % 60:02d}",
               *map(text, values[i], digits), "B" if data.target[who[i]] else "M"]


def write_labs(root, plan, offset):
    rows = list(labs_rows(plan, offset))
    head = rows[0]
    if offset == plan.BAD_DAY:
        rows[plan.BAD_ROW][head.index(plan.BAD_COLUMN)] = plan.BAD_VALUE
    if offset == plan.REJECT_DAY:
        for r in plan.REJECT_ROWS:
            rows[r][head.index("mean_radius")] = "-1"
    if offset == plan.SHORT_DAY:
        rows = rows[:plan.SHORT_ROWS + 1]
    with open(place(root, "landing", plan, offset, "labs.csv"), "w") as f:
        f.writelines(",".join(r) + "\n" for r in rows)


def write_bottles(root, plan, offset):
    data = load_wine()
    rng = rng_for(plan, 2, offset)
    with open(place(root, "bottles", plan, offset, "wine.jsonl"), "w") as f:
        for i in rng.integers(0, len(data.target), WINES_A_WEEK):
            row = {n: float(f"{v * (1 + rng.normal(0, NOISE)):.3g}") for n, v in zip(data.feature_names, data.data[i])}
            f.write(json.dumps({"bottle": f"W{i + 1:03d}", "tasted_on": day(plan, offset), **row,
                                "cultivar": int(data.target[i])}) + "\n")


def png(pixels, scale=1):
    picture = Image.fromarray((pixels.reshape(8, 8) * 255 / 16).astype(np.uint8))
    out = io.BytesIO()
    picture.resize((8 * scale, 8 * scale), Image.Resampling.BICUBIC).save(out, "PNG", optimize=True)
    return out.getvalue()


def write_images(root, plan, offset):
    data = load_digits()
    chosen = rng_for(plan, 3, offset).choice(len(data.target), IMAGES_A_WEEK, replace=False)
    with open(place(root, "images", plan, offset, "digits.csv"), "w") as f:
        f.write("file," + ",".join(f"pixel_{p // 8}_{p % 8}" for p in range(64)) + ",label\n")
        for i in chosen:
            f.write(f"{i:04d}.png," + ",".join(str(int(v)) for v in data.data[i]) + f",{data.target[i]}\n")
    with open(place(root, "images", plan, offset, "scans.tar.gz"), "wb") as f, \
            gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z, tarfile.open(fileobj=z, mode="w") as tar:
        for i in chosen:
            info, body = tarfile.TarInfo(f"{i:04d}.png"), png(data.data[i])
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    for i in chosen[:SAMPLES]:
        with open(place(root, "images", plan, offset, f"{i:04d}.png"), "wb") as f:
            f.write(png(data.data[i], 8))


def holdout_patient():
    """One patient in four is never trained on."""
    return "substr(patient, 2)::int % 4 = 0"


def write_holdout(root, plan):
    folder = os.path.join(root, "lake", "holdout")
    os.makedirs(folder, exist_ok=True)
    days = ", ".join(f"'{root}/lake/curated/dt={day(plan, d)}/part.parquet'" for d in (-20, -19))
    db = duckdb.connect(config={"threads": 1})
    db.execute(f"copy (select * exclude (patient) from read_parquet([{days}], hive_partitioning = false) "
               f"where {holdout_patient()}) to '{folder}/cancer.parquet' (format parquet, compression zstd)")


def write(root, plan):
    for offset in range(1 - plan.DAYS, 1):
        write_labs(root, plan, offset)
        if offset == plan.MISSING_DAY or offset > -plan.RUN_DAYS:
            continue
        for job in ("ingest", "clean", "features"):
            run_job(root, job, plan, offset)
    for offset in plan.WINE_DAYS:
        write_bottles(root, plan, offset)
        run_job(root, "wine", plan, offset)
    for offset in plan.DIGITS_DAYS:
        write_images(root, plan, offset)
        run_job(root, "digits", plan, offset)
    write_holdout(root, plan)


def drop_run_days(root, plan):
    """The last days' wine and digits are the demo's own jobs' work."""
    for zone, days in (("wine", plan.WINE_DAYS), ("digits", plan.DIGITS_DAYS)):
        for offset in days:
            if offset > -plan.RUN_DAYS:
                path = place(root, zone, plan, offset, "part.parquet")
                os.remove(path)
                os.rmdir(os.path.dirname(path))
