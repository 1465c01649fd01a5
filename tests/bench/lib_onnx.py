"""lib_onnx.py MODEL DATA ROWS COLUMNS THREADS USED: trees by ONNX Runtime, in an environment of its own (tools/requirements-bench.txt).

Converted by onnxmltools, as its users do; the first USED of the ROWS rows, since that runtime takes long. Prints seconds of the better of
two runs over them, and its version. Sums there are made in another order and in float, so no bits are compared."""
import sys
import time

import numpy as np
import onnxruntime
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType


def convert(path, columns):
    shape = [("x", FloatTensorType([None, columns]))]
    if path.endswith(".txt"):
        import lightgbm
        return convert_lightgbm(lightgbm.Booster(model_file=path), initial_types=shape, zipmap=False, target_opset=15)
    import xgboost
    booster = xgboost.Booster(model_file=path)
    booster.feature_names = [f"f{i}" for i in range(columns)]
    return convert_xgboost(booster, initial_types=shape, target_opset=15)


def main():
    path, data = sys.argv[1:3]
    rows, columns, threads, used = (int(a) for a in sys.argv[3:7])
    x = np.ascontiguousarray(np.memmap(data, np.float32, "r", shape=(columns, rows))[:, :used].T)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(convert(path, columns).SerializeToString(), options, providers=["CPUExecutionProvider"])
    took = []
    for _ in range(2):
        t0 = time.monotonic()
        out = session.run(None, {session.get_inputs()[0].name: x})
        took.append(time.monotonic() - t0)
    assert len(out[0]) == used
    print(f"{min(took):.6f} {onnxruntime.__version__}")


if __name__ == "__main__":
    main()
