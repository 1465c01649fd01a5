"""MXNet's files of arrays, written by hand as their source lays them out, and what SageMaker's algorithms put into them. With mxnet 1.9.1
itself (./run test --all) the same bytes come out: test_sagemaker.py compares them."""
import io
import json
import struct
import tarfile
import zipfile

import numpy as np

TYPES = {"float32": 0, "float64": 1, "float16": 2, "uint8": 3, "int32": 4, "int8": 5, "int64": 6}


def arrays(what):
    """A list of arrays, or a dict of them by name."""
    named = isinstance(what, dict)
    out = struct.pack("<QQQ", 0x112, 0, len(what))
    for a in what.values() if named else what:
        a = np.ascontiguousarray(a)
        out += struct.pack("<IiI", 0xF993FAC9, 0, a.ndim) + struct.pack(f"<{a.ndim}q", *a.shape)
        out += struct.pack("<iii", 1, 0, TYPES[a.dtype.name]) + a.tobytes()
    out += struct.pack("<Q", len(what) if named else 0)
    for name in what if named else ():
        out += struct.pack("<Q", len(name)) + name.encode()
    return out


def symbol(outputs, end=None, **attrs):
    """One FullyConnected of the data, and an end of it."""
    nodes = [{"op": "null", "name": n, "inputs": []} for n in ("data", "fc0_weight", "fc0_bias")]
    inputs = [[i, 0, 0] for i in range(3)]
    nodes.append({"op": "FullyConnected", "name": "fc0", "attrs": {"num_hidden": str(outputs)}, "inputs": inputs})
    if end:
        nodes.append({"op": "null", "name": "label", "inputs": []})
        nodes.append({"op": end, "name": "end", "attrs": attrs, "inputs": [[3, 0, 0], [4, 0, 0]]})
    heads, version = [[len(nodes) - 1, 0, 0]], {"mxnet_version": ["int", 10901]}
    return json.dumps({"nodes": nodes, "arg_nodes": [0, 1, 2], "heads": heads, "attrs": version})


def linear(weight, bias, end=None, graph=None, **attrs):
    """The zip that the linear learner leaves."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("additional-params.json", "{}")
        z.writestr("manifest.json", json.dumps({"files": []}))
        z.writestr("mx-mod-symbol.json", graph or symbol(len(weight), end, **attrs))
        z.writestr("mx-mod-0000.params", arrays({"arg:fc0_weight": weight, "arg:fc0_bias": bias}))
    return out.getvalue()


def tar_gz(path, **files):
    """model.tar.gz of NAME=bytes."""
    with tarfile.open(path, "w:gz") as t:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
