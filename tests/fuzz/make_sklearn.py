#!/usr/bin/env python3
"""make_sklearn.py: the corpora of pickle_read, npy_read and skops_read, written anew: small fitted models in every protocol and
container, and
hostile pickles. Needs scikit-learn, skops and joblib (.deps/venv-test). What a fuzzer found beside them stays."""
import collections
import io
import json
import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn import (calibration, cluster, compose, ensemble, impute, linear_model, naive_bayes, pipeline, preprocessing, tree)

HERE = Path(__file__).resolve().parent / "corpus"
warnings.filterwarnings("ignore")
RNG = np.random.default_rng(7)
X = RNG.normal(size=(30, 2))
Y = (X.sum(1) > 0).astype(int)
WORDS = np.array([["a", "b"][i % 2] for i in range(30)], dtype=object)
MIXED = np.column_stack([WORDS, X[:, 0]]).astype(object)


def models():
    columns = compose.ColumnTransformer([("one", preprocessing.OneHotEncoder(handle_unknown="ignore"), [0]), ("two", "passthrough", [1])])
    yield "linear", linear_model.LinearRegression().fit(X, X)
    yield "logistic", linear_model.LogisticRegression().fit(X, np.array(["no", "yes"])[Y])
    yield "tree", tree.DecisionTreeClassifier(max_depth=2).fit(X, Y)
    yield "forest", ensemble.RandomForestRegressor(2, max_depth=1).fit(X, X[:, 0])
    yield "boosting", ensemble.GradientBoostingClassifier(n_estimators=2, max_depth=1).fit(X, Y)
    yield "hist", ensemble.HistGradientBoostingClassifier(max_iter=1, max_depth=1, min_samples_leaf=3).fit(X, Y)
    yield "kmeans", cluster.KMeans(2, n_init=1).fit(X)
    yield "gauss", naive_bayes.GaussianNB().fit(X, Y)
    yield "bernoulli", naive_bayes.BernoulliNB().fit(X, Y)
    yield "steps", pipeline.make_pipeline(impute.SimpleImputer(add_indicator=True), preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(),
                                          preprocessing.RobustScaler(), preprocessing.MaxAbsScaler(), linear_model.Ridge()).fit(X, Y)
    yield "columns", pipeline.make_pipeline(columns, linear_model.LogisticRegression()).fit(MIXED, Y)
    ordinal = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    yield "ordinal", pipeline.make_pipeline(ordinal, tree.DecisionTreeRegressor(max_depth=1)).fit(WORDS.reshape(-1, 1), Y)
    for how in ("sigmoid", "isotonic"):
        yield how, calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), method=how, cv=2).fit(X, Y)


OPS = {
    "every number": b"(I1\nI01\nL12L\nL99999999999999999999L\nF1.5\n"
                    b"G\x3f\xf0\0\0\0\0\0\0J\xff\xff\xff\xffK\x01M\x02\x03\x8a\x01\xff\x8b\x02\0\0\0\1\2"
                    b"\x8a\x09123456789\x88\x89Nt.",
    "every text": b"(S'abc'\nT\x03\0\0\0abcU\x01xVa\\u00e4\\U0001f600\xe9\nX\x01\0\0\0y\x8c\x01z\x8d\x01\0\0\0\0\0\0\0zB\x01\0\0\0bC\x01c"
                  b"\x8e\x01\0\0\0\0\0\0\0d\x96\x01\0\0\0\0\0\0\0el.",
    "every container": b"\x80\x04](K\x01K\x02e}(K\x01K\x02uK\x01K\x02s\x8f(K\x01\x90(K\x01\x91)K\x05\x85K\x06K\x07\x86\x87\x87.",
    "memo": b"(lp0\nq\1r\2\0\0\0\x940g0\nh\1j\2\0\0\0\x87.",
    "stack": b"K\1(K\2K\3120(02\x86.",
    "cycle": b"\x80\x04]\x94h\0a.",
    "nested": b"(" * 2000 + b".",
    "calls": b"cos\nsystem\n(S'id'\ntR.",
    "calls by stack": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "builds a call": b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85\x81.",
    "outside": b"P1\n.", "outside too": b"NQ.", "extension": b"\x80\x02\x82\x01.", "buffer": b"\x80\x05\x97.",
        "old class": b"(ios\nsystem\n.",
    "getattr": b"\x80\x04c__builtin__\ngetattr\ncos\nsystem\n\x86R.",
    "many memos": b"\x80\x04Nr\xff\xff\xff\x7f.", "a long text": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
        "frame": b"\x80\x04\x95\xff\0\0\0\0\0\0\0.",
    "dict": b"\x80\x04ccollections\nOrderedDict\n]]K\1K\2eaa\x85R.",
        "bytes": b"\x80\x02c_codecs\nencode\nX\x02\0\0\0\xc3\xa9X\x06\0\0\0latin1\x86R.",
    "bytearray": b"\x80\x05cbuiltins\nbytearray\nC\1a\x85R.", "sets": b"\x80\x02c__builtin__\nset\n](K\1e\x85R.",
    "odd array": b"\x80\x04cnumpy\nndarray\n.",
}


def arrays():
    for t in ("<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "<i2", "|i1", "<u8", "<u4", "|u1", "|b1", "<U3", ">U2", "|S4"):
        yield t.strip("<>|=") + ("be" if t[0] == ">" else ""), np.array([[1, 0], [1, 1]]).astype(t)
    yield "fortran", np.asfortranarray(np.arange(6.0).reshape(2, 3))
    yield "empty", np.zeros((0, 3))
    yield "scalar", np.array(2.5)
    yield "record", np.zeros(2, dtype=[("left_child", "<i8"), ("threshold", "<f8"), ("go", "|u1")])
    yield "objects", np.array([1, None], dtype=object)


def npy(a, version=(1, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, a, version=version)
    return out.getvalue()


def framed(path):
    with zipfile.ZipFile(io.BytesIO(path)) as z:
        parts = {n: z.read(n) for n in sorted(z.namelist())}
    parts["schema.json"] = json.dumps(json.loads(parts["schema.json"]), separators=(",", ":")).encode()
    return b"".join(n.encode() + b"\0" + struct.pack("<I", len(data)) + data for n, data in parts.items())


def write(folder, name, data):
    (HERE / folder / name.replace(" ", "_")).write_bytes(data)


def main():
    for i, (name, model) in enumerate(models()):
        write("pickle_read", name, pickle.dumps(model, protocol=i % 6))
        out = io.BytesIO()
        joblib.dump(model, out)
        if i % 3 == 0:
            write("pickle_read", f"{name} joblib", out.getvalue())
        write("skops_read", name, framed(skops.io.dumps(model)))
    for name, data in OPS.items():
        write("pickle_read", name, data)
    odd = collections.OrderedDict(a=np.arange(3, dtype=">i4"), b=np.array(["x", None], dtype=object), c=np.float32(2), d=np.str_("t"),
                                  e=np.bool_(True), f=np.array(["ab"]), g=b"bytes", h={1, 2}, i=slice(1, 2))
    for protocol in (0, 2, 5):
        write("pickle_read", f"values {protocol}", pickle.dumps(odd, protocol=protocol))
    for name, a in arrays():
        write("npy_read", name, npy(a))
    write("npy_read", "version 2", npy(np.arange(3), (2, 0)))
    write("npy_read", "version 3", npy(np.arange(3), (3, 0)))
    for name, head in {"no dictionary": "[]", "unknown key": "{'a': 1}", "twice": "{'shape': (), 'shape': ()}",
        "missing": "{'shape': (1,)}",
                       "huge": "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
                       "deep": "{'descr': [('a', '<f8', (2,))], 'fortran_order': True, 'shape': (1L,), }"}.items():
        write("npy_read", name, b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode())
    for name, text in {"no node": "{}", "newer": '{"protocol": 9}', "unknown": '{"protocol": 2, "__loader__": "EvilNode"}',
                       "calls": '{"protocol": 2, "__loader__": "MethodNode", "__class__": "x", "__module__": "os", "content": {}}',
                       "lacks": '{"protocol": 2, "__loader__": "NdArrayNode", "type": "numpy", "file": "1.npy", "__class__": "ndarray"}',
                       "deep": '{"protocol": 2, "a": ' + "[" * 120 + "]" * 120 + "}"}.items():
        write("skops_read", name, b"schema.json\0" + struct.pack("<I", len(text)) + text.encode())


if __name__ == "__main__":
    main()
