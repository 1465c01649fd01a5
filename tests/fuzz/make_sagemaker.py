"""Writes the inputs that the fuzzers of SageMaker's models begin with: python tests/fuzz/make_sagemaker.py"""
import struct
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent / "peers"))
import lib_mxnet as mx  # noqa: E402

f4 = np.arange(12, dtype=np.float32).reshape(3, 4)
PCA = {"mean": f4[:1], "v": f4.T[:, :2].copy(), "s": f4[0, :2]}
LISTS = {
    "kmeans": mx.arrays([f4]),
    "pca": mx.arrays(PCA),
    "types": mx.arrays([np.arange(3).astype(t) for t in mx.TYPES]),
    "half": mx.arrays([np.array([1, 65504, 6e-8, np.inf, np.nan], np.float16)]),
    "empty": mx.arrays([]),
    "no_values": mx.arrays([np.zeros((0, 4), np.float32)]),
    "old": struct.pack("<QQQ", 0x112, 0, 1) + struct.pack("<IIIiii", 2, 1, 2, 1, 0, 0) + struct.pack("<2f", 1, 2) + bytes(8),
    "v1": struct.pack("<QQQ", 0x112, 0, 1) + struct.pack("<Iiqiii", 0xF993FAC8, 1, 2, 1, 0, 0) + struct.pack("<2f", 1, 2) + bytes(8),
    "sparse": struct.pack("<QQQ", 0x112, 0, 1) + struct.pack("<Iii", 0xF993FAC9, 1, 2) + bytes(60),
    "huge": struct.pack("<QQQ", 0x112, 0, 1) + struct.pack("<Iii2q", 0xF993FAC9, 0, 2, 2 ** 31, 2 ** 33) + bytes(40),
    "many": struct.pack("<QQQ", 0x112, 0, 2 ** 40) + bytes(40),
    "cut": mx.arrays(PCA)[:-9],
}
LINEAR = {
    "value": mx.linear(f4[:1], f4[0, :1], "LinearRegressionOutput"),
    "score": mx.linear(f4[:1], f4[0, :1], "LogisticRegressionOutput"),
    "classes": mx.linear(f4, f4[0, :3], "SoftmaxOutput"),
    "bare": mx.linear(f4[:2], f4[0, :2]),
    "activation": mx.linear(f4[:1], f4[0, :1], "Activation", act_type="sigmoid"),
    "other": mx.linear(f4[:1], f4[0, :1], "Custom"),
    "loop": mx.linear(f4[:1], f4[0, :1], graph='{"nodes":[{"op":"identity","name":"a","inputs":[[0,0,0]]}],"heads":[[0,0,0]]}'),
}


def put(target, inputs):
    folder = ROOT / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in inputs.items():
        (folder / name).write_bytes(data)


def parts(data):
    with zipfile.ZipFile(BytesIO(data)) as z:
        return b"".join(n.encode() + b"\0" + struct.pack("<I", len(z.read(n))) + z.read(n) for n in z.namelist() if n.startswith("mx-"))


put("mxnet_read", LISTS)
put("sm_read", {n: d for n, d in LISTS.items() if n in ("kmeans", "pca", "types", "cut", "old")})
put("sm_linear_read", {n: parts(d) for n, d in LINEAR.items()})
