"""Writes models of pictures, pictures for them, and what ONNX Runtime answers on tensors that Pillow and NumPy prepare: run by a Python
that has onnx, onnxruntime and pillow.

    image_models.py small DIR        the files of tests/peers/data/pictures: models, pictures, answers.json
    image_models.py draw DIR SEED    the same with other weights and pictures, for test_images_score.py with --all
"""
import json
import os
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime as ort  # noqa: E402
from onnx import TensorProto as T, helper as h, numpy_helper as nh  # noqa: E402
from PIL import Image  # noqa: E402

OPSET, IR, BATCH = 17, 9, 8
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NAMES = ["ant", "bee", "cow"]
CLIP = {"do_resize": True, "size": {"shortest_edge": 30}, "resample": 3, "do_center_crop": True, "crop_size": {"height": 24, "width": 20},
        "do_rescale": True, "rescale_factor": 0.00392156862745098, "do_normalize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711], "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True}
VIT = {"do_normalize": True, "do_resize": True, "feature_extractor_type": "ViTFeatureExtractor", "image_mean": [0.5, 0.5, 0.5],
       "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 24}
NEXT = {"crop_pct": 0.875, "do_normalize": True, "do_resize": True, "feature_extractor_type": "ConvNextFeatureExtractor",
        "image_mean": MEAN, "image_std": STD, "resample": 3, "size": {"shortest_edge": 24}}
PLAIN = {"do_resize": True, "size": {"height": 24, "width": 24}, "resample": 1, "do_rescale": False, "do_normalize": False}


# ---- how a picture is prepared ----

def shorter(im, side, resample):
    w, h_ = im.size
    size = (side, int(side * h_ / w)) if w <= h_ else (int(side * w / h_), side)
    return im.resize(size, resample)


def middle(im, w, h_):
    if im.size[0] < w or im.size[1] < h_:
        raise SystemExit("the pictures here are large enough")
    left, top = int(round((im.size[0] - w) / 2.0)), int(round((im.size[1] - h_) / 2.0))
    return im.crop((left, top, left + w, top + h_))


def middle_hf(im, w, h_):
    left, top = (im.size[0] - w) // 2, (im.size[1] - h_) // 2
    return im.crop((left, top, left + w, top + h_))


def preset(im, w, h_, raw=False):
    im = middle(shorter(im, (max(w, h_) * 256 + 112) // 224, Image.BILINEAR), w, h_)
    x = np.asarray(im)
    if raw:
        return x.transpose(2, 0, 1)
    x = x.astype(np.float32) / np.float32(255)
    return ((x - np.array(MEAN, np.float32)) / np.array(STD, np.float32)).transpose(2, 0, 1)


def page(im, p):
    """As transformers' image processors: the steps of a preprocessor_config.json."""
    size = p["size"]
    if "crop_pct" in p:
        side = size["shortest_edge"]
        im = middle_hf(shorter(im, int(side / p["crop_pct"]), p["resample"]), side, side)
    elif isinstance(size, int):
        im = im.resize((size, size), p["resample"])
    elif "shortest_edge" in size:
        im = shorter(im, size["shortest_edge"], p["resample"])
    else:
        im = im.resize((size["width"], size["height"]), p["resample"])
    if p.get("do_center_crop"):
        im = middle_hf(im, p["crop_size"]["width"], p["crop_size"]["height"])
    x = np.asarray(im)
    if p.get("do_rescale", True):
        x = (x.astype(np.float64) * p.get("rescale_factor", 1 / 255)).astype(np.float32)
    x = x.astype(np.float32)
    if p["do_normalize"]:
        x = (x - np.array(p["image_mean"], np.float32)) / np.array(p["image_std"], np.float32)
    return x.transpose(2, 0, 1)


# ---- models ----

def net(rng, n=3, w=24, h_=24, batch="N", soft=False, last=False, raw=False, notes=None):
    weight = [nh.from_array((rng.normal(size=(4, 3, 3, 3)) * (0.01 if raw else 0.5)).astype(np.float32), "w"),
              nh.from_array(rng.normal(size=4).astype(np.float32), "b"),
              nh.from_array((rng.normal(size=(4, n)) * 3).astype(np.float32), "f")]
    nodes, at = [], "x"
    if raw:
        nodes, at = [h.make_node("Cast", [at], ["xf"], to=T.FLOAT)], "xf"
    if last:
        nodes, at = [*nodes, h.make_node("Transpose", [at], ["xt"], perm=[0, 3, 1, 2])], "xt"
    nodes += [h.make_node("Conv", [at, "w", "b"], ["c"], strides=[2, 2]), h.make_node("Relu", ["c"], ["r"]),
              h.make_node("GlobalAveragePool", ["r"], ["g"]), h.make_node("Flatten", ["g"], ["l"]),
              h.make_node("MatMul", ["l", "f"], ["logits"])]
    if soft:
        nodes.append(h.make_node("Softmax", ["logits"], ["out"], axis=1))
    shape = [batch, h_, w, 3] if last else [batch, 3, h_, w]
    g = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.UINT8 if raw else T.FLOAT, shape)],
                     [h.make_tensor_value_info("out" if soft else "logits", T.FLOAT, [batch, n])], weight)
    m = h.make_model(g, opset_imports=[h.make_opsetid("", OPSET)], ir_version=IR)
    for k, v in (notes or {}).items():
        m.metadata_props.add(key=k, value=v)
    return m


def odd(shape, out=(None, 3), kind=T.FLOAT):
    """What is no model of pictures: other inputs, other outputs."""
    g = h.make_graph([h.make_node("Identity", ["x"], ["y"])], "g", [h.make_tensor_value_info("x", kind, shape)],
                     [h.make_tensor_value_info("y", kind, out)])
    return h.make_model(g, opset_imports=[h.make_opsetid("", OPSET)], ir_version=IR)


def nan():
    """The root of each channel's mean: of a dark picture no number comes out."""
    steps = [h.make_node("GlobalAveragePool", ["x"], ["g"]), h.make_node("Flatten", ["g"], ["l"]), h.make_node("Sqrt", ["l"], ["y"])]
    g = h.make_graph(steps, "g", [h.make_tensor_value_info("x", T.FLOAT, ["N", 3, 24, 24])],
                     [h.make_tensor_value_info("y", T.FLOAT, ["N", 3])])
    return h.make_model(g, opset_imports=[h.make_opsetid("", OPSET)], ir_version=IR)


def folders(rng):
    """name, model, files beside it, how Pillow and NumPy prepare a picture, how its input lies"""
    label = json.dumps({str(i): n for i, n in enumerate(NAMES)})
    yield "preset", net(rng), {}, lambda im: preset(im, 24, 24), {}
    yield "soft", net(rng, soft=True), {"classes.txt": "\n".join(NAMES) + "\n"}, lambda im: preset(im, 24, 24), {"soft": True}
    yield "last", net(rng, w=32, h_=24, last=True, batch=4), {}, lambda im: preset(im, 32, 24), {"last": True, "batch": 4}
    yield "bytes", net(rng, last=True, raw=True), {"classes.txt": json.dumps(NAMES)}, lambda im: preset(im, 24, 24, True), {"last": True}
    config = json.dumps({"id2label": json.loads(label)})
    clip = {"preprocessor_config.json": json.dumps(CLIP), "config.json": config}
    yield "clip", net(rng, w="W", h_="H"), clip, lambda im: page(im, CLIP), {}
    yield "vit", net(rng, notes={"preprocessor_config": json.dumps(VIT), "id2label": label}), {}, lambda im: page(im, VIT), {}
    yield "next", net(rng, n=1), {"preprocessor_config.json": json.dumps(NEXT)}, lambda im: page(im, NEXT), {}
    yield "plain", net(rng, raw=False), {"preprocessor_config.json": json.dumps(PLAIN)}, lambda im: page(im, PLAIN), {}


def pictures(rng, to):
    """Smooth ones, as JPEG and PNG in several modes, of sizes above and below what the models take; none is an answer of a class."""
    for k, name in enumerate(NAMES):
        (to / name).mkdir(parents=True)
        for i in range(5):
            small = rng.integers(0, 256, (4 + i, 6 + k, 3), dtype=np.uint8)
            im = Image.fromarray(small).resize((int(rng.integers(40, 90)), int(rng.integers(40, 90))), Image.BICUBIC)
            im = im.convert(["RGB", "L", "RGB", "P", "RGB"][i]) if i != 2 else im
            im.save(to / name / (f"{i}.jpg" if i in (0, 1, 4) else f"{i}.png"))
    Image.new("RGB", (1, 1), (9, 200, 3)).save(to / "bee" / "one.png")


def answers(model, prepare, files, last=False, batch=0, soft=False):
    """In runs as sluice makes them: BATCH pictures (or what the file fixes), a rest behind others filled up with its last one."""
    o = ort.SessionOptions()
    o.intra_op_num_threads = 1
    s = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"])
    x = np.stack([prepare(Image.open(f).convert("RGB")) for f in files])
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if last else x
    out, size = [], batch or BATCH
    for at in range(0, len(x), size):
        part = x[at:at + size]
        short = size - len(part) if batch or at else 0
        part = np.concatenate([part, np.repeat(part[-1:], short, 0)])
        out.append(s.run(None, {"x": part})[0][:size - short if short else len(part)])
    return np.concatenate(out)


def write(to, seed):
    rng = np.random.default_rng(seed)
    to.mkdir(parents=True, exist_ok=True)
    pictures(rng, to / "photos")
    files = sorted((to / "photos").rglob("*.*"), key=lambda p: str(p.relative_to(to)).encode())
    said = {"files": [str(f.relative_to(to / "photos")) for f in files], "onnxruntime": ort.__version__}
    for name, model, beside, prepare, how in folders(rng):
        (to / name).mkdir()
        (to / name / "model.onnx").write_bytes(model.SerializeToString())
        for file, text in beside.items():
            (to / name / file).write_text(text)
        said[name] = answers(model, prepare, files, **how).tolist()
    bad = {"rank3": odd(["N", 3, 24]), "gray": odd(["N", 1, 24, 24], ["N", 1, 24, 24]), "masks": odd(["N", 3, 24, 24], ["N", 3, 24, 24]),
           "half": odd(["N", 3, 24, 24], ["N", 3, 1, 1], T.FLOAT16), "nan": nan(),
           "many": net(rng, n=300, notes={"classes": json.dumps([f"kind{i}" for i in range(298)] + NAMES[:2])})}
    for name, m in bad.items():
        (to / f"{name}.onnx").write_bytes(m.SerializeToString())
    (to / "answers.json").write_text(json.dumps(said) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[2]), 11 if sys.argv[1] == "small" else int(sys.argv[3]))
