"""Writes ONNX models, and what ONNX Runtime itself answers: run by a Python that has onnx, onnxruntime and skl2onnx.

    onnx_models.py small DIR        the files of tests/peers/data/onnx: small models, good ones and hostile ones, data.csv, answers.json
    onnx_models.py draw DIR SEED    models drawn at random, a folder each: model.onnx, data.parquet, answers.npz (test_onnx.py, --all)
"""
import json
import os
import random
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime as ort  # noqa: E402
from onnx import TensorProto as T, helper as h, numpy_helper as nh  # noqa: E402
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor  # noqa: E402
from sklearn.linear_model import LinearRegression, LogisticRegression  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: E402
from skl2onnx import to_onnx  # noqa: E402
from skl2onnx.common.data_types import (DoubleTensorType, FloatTensorType, Int64TensorType,  # noqa: E402
                                        StringTensorType)

OPSET, IR = 17, 9
NUMBERS = ["a", "b", "c", "d"]


def session(path, threads=1):
    o = ort.SessionOptions()
    o.intra_op_num_threads = threads
    return ort.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])


def model(nodes, inputs, outputs, weights=(), opset=OPSET, domains=(), **notes):
    g = h.make_graph(nodes, "g", inputs, outputs, list(weights))
    m = h.make_model(g, opset_imports=[h.make_opsetid("", opset), *(h.make_opsetid(d, 3) for d in domains)], ir_version=IR)
    for k, v in notes.items():
        m.metadata_props.add(key=k, value=v)
    return m


def info(name, kind, shape):
    return h.make_tensor_value_info(name, kind, shape)


def save(m, path):
    path.write_bytes(m.SerializeToString())


def feed_of(s, data):
    """What data becomes: one input a column by name, or all numbers side by side."""
    dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
             "tensor(string)": object, "tensor(bool)": bool}
    inputs = s.get_inputs()
    if len(inputs) == 1:
        x = np.stack([np.asarray(data[c], dtype=np.float64) for c in NUMBERS], 1)
        return {inputs[0].name: x.astype(dtype[inputs[0].type])}
    out = {}
    for i in inputs:
        v = np.asarray(data[i.name]).astype(dtype[i.type])
        out[i.name] = v if len(i.shape) == 1 else v.reshape(-1, 1)
    return out


def small_data(n=80):
    rng = np.random.default_rng(7)
    d = {c: np.round(rng.normal(size=n), 4) for c in NUMBERS}
    d["n"] = rng.integers(-3, 4, n)
    d["t"] = np.array(["x", "y", "z"])[rng.integers(0, 3, n)]
    return d


def write_csv(d, path):
    names = list(d)
    rows = zip(*(d[c] for c in names))
    path.write_text("\n".join([",".join(names), *(",".join(map(str, r)) for r in rows)]) + "\n")


def columns_model(d, y, kind=FloatTensorType):
    import pandas as pd
    frame = pd.DataFrame({c: d[c] for c in ("a", "b", "n", "t")})
    types = [("a", kind([None, 1])), ("b", kind([None, 1])), ("n", Int64TensorType([None, 1])), ("t", StringTensorType([None, 1]))]
    p = make_pipeline(ColumnTransformer([("num", StandardScaler(), ["a", "b"]), ("int", "passthrough", ["n"]),
                                         ("cat", OneHotEncoder(handle_unknown="ignore"), ["t"])]), LogisticRegression())
    return to_onnx(p.fit(frame, y), initial_types=types, target_opset=OPSET)


def good(d):
    x64 = np.stack([d[c] for c in NUMBERS], 1)
    x = x64.astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
    three = np.array(["low", "mid", "top"])[np.digitize(x[:, 3], [-0.5, 0.5])]
    rng = np.random.default_rng(3)
    w = nh.from_array(rng.normal(size=(4, 3)).astype(np.float32), "W")
    to = dict(target_opset=OPSET)
    yield "linear", to_onnx(LogisticRegression().fit(x, y), x[:1], **to)
    forest = RandomForestClassifier(5, max_depth=3, random_state=0).fit(x, three)
    yield "forest", to_onnx(forest, x[:1], **to)
    yield "plain", to_onnx(forest, x[:1], options={id(forest): {"zipmap": False}}, **to)
    yield "boosted", to_onnx(GradientBoostingRegressor(n_estimators=8, max_depth=2, random_state=0).fit(x, x[:, 0] * 2), x[:1], **to)
    yield "wide", to_onnx(LinearRegression().fit(x64, x64[:, 1] - x64[:, 0]), initial_types=[("X", DoubleTensorType([None, 4]))], **to)
    yield "columns", columns_model(d, np.where(y == 1, 5, -2))
    yield "means", to_onnx(KMeans(3, n_init=1, random_state=0).fit(x), x[:1], **to)
    yield "batch", model([h.make_node("MatMul", ["x", "W"], ["y"])], [info("x", T.FLOAT, [16, 4])], [info("y", T.FLOAT, [16, 3])], [w])
    yield "untold", model([h.make_node("MatMul", ["x", "W"], ["l"]), h.make_node("Softmax", ["l"], ["probs"], axis=1)],
                          [info("x", T.FLOAT, ["n", 4])], [info("probs", T.FLOAT, None)], [w])
    yield "words", model([h.make_node("LabelEncoder", ["t"], ["word"], domain="ai.onnx.ml", keys_strings=["x", "y", "z"],
                                      values_strings=["ex", "why", "zed"]), h.make_node("Identity", ["n"], ["same"])],
                         [info("t", T.STRING, ["n"]), info("n", T.INT32, ["n"])],
                         [info("word", T.STRING, ["n"]), info("same", T.INT32, ["n"])],
                         domains=["ai.onnx.ml"])


def outside(location):
    w = nh.from_array(np.ones((4, 1), np.float32), "W")
    onnx.external_data_helper.set_external_data(w, location=location, offset=0, length=16)
    w.data_location = T.EXTERNAL
    w.ClearField("raw_data")
    return model([h.make_node("MatMul", ["x", "W"], ["y"])], [info("x", T.FLOAT, ["n", 4])], [info("y", T.FLOAT, ["n", 1])], [w])


def hidden(location):
    """The weights of a step's own attribute, in a branch that is never taken."""
    w = nh.from_array(np.ones((4, 1), np.float32), "v")
    onnx.external_data_helper.set_external_data(w, location=location)
    w.data_location = T.EXTERNAL
    w.ClearField("raw_data")
    branch = h.make_graph([h.make_node("Constant", [], ["k"], value=w)], "b", [], [info("k", T.FLOAT, [4, 1])])
    own = h.make_graph([h.make_node("Constant", [], ["k"], value=nh.from_array(np.ones((4, 1), np.float32), "u"))], "c", [],
                       [info("k", T.FLOAT, [4, 1])])
    no = nh.from_array(np.array(False), "no")
    return model([h.make_node("If", ["no"], ["W"], then_branch=branch, else_branch=own), h.make_node("MatMul", ["x", "W"], ["y"])],
                 [info("x", T.FLOAT, ["n", 4])], [info("y", T.FLOAT, ["n", 1])], [no])


def endless():
    yes, first = nh.from_array(np.array(True), "yes"), nh.from_array(np.array(0, np.float32), "first")
    body = h.make_graph([h.make_node("Identity", ["cond"], ["again"]), h.make_node("Sin", ["v"], ["next"])], "body",
                        [info("i", T.INT64, []), info("cond", T.BOOL, []), info("v", T.FLOAT, [])],
                        [info("again", T.BOOL, []), info("next", T.FLOAT, [])])
    return model([h.make_node("Loop", ["", "yes", "first"], ["last"], body=body), h.make_node("Add", ["x", "last"], ["y"])],
                 [info("x", T.FLOAT, ["n", 4])], [info("y", T.FLOAT, ["n", 4])], [yes, first])


def huge():
    shape = nh.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    one = nh.from_array(np.array([1], np.int64), "one")
    return model([h.make_node("Gather", ["shape", "zero"], ["k"]), h.make_node("Shape", ["x"], ["rows"]),
                  h.make_node("Mul", ["shape", "rows"], ["big"]),
                  h.make_node("ConstantOfShape", ["big"], ["block"]), h.make_node("ReduceSum", ["block"], ["sum"], keepdims=0),
                  h.make_node("Add", ["x", "sum"], ["y"])],
                 [info("x", T.FLOAT, ["n", 4])], [info("y", T.FLOAT, ["n", 4])], [shape, one, nh.from_array(np.array(0, np.int64), "zero")])


def bad():
    same = [h.make_node("Identity", ["x"], ["y"])]
    x, y = [info("x", T.FLOAT, ["n", 4])], [info("y", T.FLOAT, ["n", 4])]
    yield "upwards", outside("../weights.bin")
    yield "absolute", outside("/etc/hostname")
    yield "memory", outside("*/_ORT_MEM_ADDR_/*")
    yield "hidden", hidden("../../weights.bin")
    yield "absent", outside("weights.bin")
    yield "endless", endless()
    yield "huge", huge()
    yield "unknown_op", model([h.make_node("Frobnicate", ["x"], ["y"], domain="com.example")], x, y, domains=["com.example"])
    future = model(same, x, y)
    future.ir_version = 99
    yield "future_ir", future
    yield "future_opset", model(same, x, y, opset=99)
    yield "half", model(same, [info("x", T.FLOAT16, ["n", 4])], [info("y", T.FLOAT16, ["n", 4])])
    yield "picture", model(same, [info("x", T.FLOAT, ["n", 3, 8, 8])], [info("y", T.FLOAT, ["n", 3, 8, 8])])
    yield "one_for_all", model([h.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], x, [info("y", T.FLOAT, ["k"])])


def answers(path, d):
    """Each output as rows; maps as the values of their sorted keys."""
    s = session(path)
    feed, out = feed_of(s, d), {}
    fixed = s.get_inputs()[0].shape[0]
    n = len(next(iter(feed.values())))
    step = fixed if isinstance(fixed, int) else n
    pieces = []
    for at in range(0, n, step):
        part = {k: np.concatenate([v[at:at + step]] + [v[n - 1:n]] * max(0, step - len(v[at:at + step]))) for k, v in feed.items()}
        pieces.append(s.run(None, part))
    for i, o in enumerate(s.get_outputs()):
        if isinstance(pieces[0][i], list):
            rows = [m for p in pieces for m in p[i]]
            out[o.name] = [[float(m[k]) for k in sorted(m)] for m in rows]
        else:
            whole = np.concatenate([p[i] for p in pieces])[:n].reshape(n, -1)
            out[o.name] = [[v if isinstance(v, str) else v.item() for v in row] for row in whole]
    return out


def write_small(folder):
    folder.mkdir(parents=True, exist_ok=True)
    d, said = small_data(), {"onnxruntime": ort.__version__}
    write_csv(d, folder / "data.csv")
    for name, m in good(d):
        save(m, folder / f"{name}.onnx")
        said[name] = answers(folder / f"{name}.onnx", d)
    save(outside("model.onnx.data"), folder / "beside.onnx")
    for name, m in bad():
        save(m, folder / f"bad_{name}.onnx")
    (folder / "answers.json").write_text(json.dumps(said, separators=(",", ":")) + "\n")


# ---- drawn at random ----

def draw_model(rng, x, x64, y, names):
    kind = rng.choice(["forest", "forest numbers", "boost", "linear", "logistic", "mlp", "mlp numbers", "means"])
    trees, depth = rng.randint(1, 150), rng.randint(1, 9)
    if kind == "forest":
        m = RandomForestClassifier(trees, max_depth=depth, random_state=1).fit(x, names)
    elif kind == "forest numbers":
        m = RandomForestRegressor(trees, max_depth=depth, random_state=1).fit(x, x64[:, 0])
    elif kind == "boost":
        m = GradientBoostingRegressor(n_estimators=trees, max_depth=min(depth, 5), random_state=1).fit(x, x64[:, 0])
    elif kind == "linear":
        m = LinearRegression().fit(x64, np.stack([x64[:, 0], x64[:, 1] * 2], 1))
    elif kind == "logistic":
        m = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, rng.choice([y, names]))
    elif kind == "mlp":
        m = MLPClassifier(hidden_layer_sizes=(rng.randint(2, 80),), max_iter=5, random_state=1).fit(x, rng.choice([y, names]))
    elif kind == "mlp numbers":
        m = MLPRegressor(hidden_layer_sizes=(rng.randint(2, 80), 9), max_iter=5, random_state=1).fit(x, x64[:, 0])
    else:
        m = KMeans(rng.randint(2, 6), n_init=1, random_state=1).fit(x)
    wide = kind in ("linear", "mlp numbers") and rng.random() < 0.5
    types = [("X", (DoubleTensorType if wide else FloatTensorType)([None, x.shape[1]]))]
    options = {id(m): {"zipmap": rng.random() < 0.5}} if kind in ("forest", "logistic", "mlp") else None
    return kind, to_onnx(m, initial_types=types, options=options, target_opset=rng.choice([15, 17, 20])), wide


def flat(values):
    """Maps as the values of their sorted keys."""
    return [np.array([[r[c] for c in sorted(r)] for r in v], np.float32) if isinstance(v, list) else v for v in values]


def in_runs(s, data, size=256):
    """Rows as they are given here: so many at a time, the rest filled up with its last row if others came before."""
    pieces = []
    for at in range(0, len(data), size):
        part = data[at:at + size]
        fill = np.repeat(part[-1:], size - len(part) if at else 0, 0)
        pieces.append(flat(s.run(None, {s.get_inputs()[0].name: np.concatenate([part, fill])})))
    return [np.concatenate([p[k] for p in pieces])[:len(data)] for k in range(len(pieces[0]))]


def draw(folder, seed):
    import pandas as pd
    import warnings
    warnings.filterwarnings("ignore")
    rng = random.Random(seed)
    for i in range(40):
        g = np.random.default_rng(rng.getrandbits(32))
        n, k = rng.choice([1, 2, 63, 64, 65, 700, 3000, 9000]), rng.randint(2, 30)
        x64 = g.normal(size=(max(n, 400), k))
        x = x64.astype(np.float32)
        y = np.digitize(x[:, 0], [-0.4, 0.4]) * 3 - 1
        names = np.array(["low", "mid", "top"])[np.digitize(x[:, 1], [-0.4, 0.4])]
        kind, m, wide = draw_model(rng, x, x64, y, names)
        where, threads = folder / str(i), rng.choice([1, 2])
        where.mkdir()
        save(m, where / "model.onnx")
        data = (x64 if wide else x)[:n]
        pd.DataFrame(data, columns=[f"f{j}" for j in range(k)]).to_parquet(where / "data.parquet")
        s = session(where / "model.onnx", threads)
        got, once = in_runs(s, data), flat(s.run(None, {s.get_inputs()[0].name: data}))
        out = {o.name: v for o, v in zip(s.get_outputs(), got)}
        order = np.array([o.name for o in s.get_outputs()])
        alike = all((a == b).all() for a, b in zip(got, once))
        np.savez(where / "answers.npz", order=order, alike=alike, kind=np.array(kind), threads=threads, version=np.array(ort.__version__),
                 **{k: v.astype(str) if v.dtype == object else v for k, v in out.items()})


if __name__ == "__main__":
    if sys.argv[1] == "small":
        write_small(Path(sys.argv[2]))
    else:
        draw(Path(sys.argv[2]), int(sys.argv[3]))
