"""What NannyML says of the pairs of data sets that drift_oracle.py draws. Runs in the environment of tools/requirements-nannyml.txt:

    nannyml_oracle.py FOLDER     reads FOLDER/baseline.parquet, current.parquet; writes FOLDER/nannyml.json

Its methods are fitted on the baseline with its default chunks; the current data is one chunk. Infinities are left out, since its histograms
refuse them; we count them apart.
"""
import json
import sys
import warnings

import numpy as np
import pandas as pd
from nannyml import __version__
from nannyml.chunk import DefaultChunker
from nannyml.drift.univariate.calculator import DEFAULT_THRESHOLDS
from nannyml.drift.univariate.methods import FeatureType, MethodFactory

warnings.simplefilter("ignore")
NAMES = {"jensen_shannon": "js", "hellinger": "hellinger", "kolmogorov_smirnov": "ks", "wasserstein": "wasserstein", "l_infinity": "linf",
         "chi2": "chi2"}
CONTINUOUS = ("jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein")
CATEGORICAL = ("jensen_shannon", "hellinger", "l_infinity", "chi2")


def number(v):
    return None if v is None or np.isnan(v) else float(v)


def of_column(ref, cur):
    """test -> [statistic, p, drifted, threshold]"""
    numeric = pd.api.types.is_numeric_dtype(ref) and ref.dtype != bool
    kind = FeatureType.CONTINUOUS if numeric else FeatureType.CATEGORICAL
    if not numeric:
        ref, cur = ref.astype(object), cur.astype(object)
    out = {}
    for name in CONTINUOUS if numeric else CATEGORICAL:
        method = MethodFactory.create(key=name, feature_type=kind, chunker=DefaultChunker(), computation_params={},
                                      threshold=DEFAULT_THRESHOLDS[name]) if numeric else \
            MethodFactory.create(key=name, feature_type=kind, chunker=DefaultChunker(), threshold=DEFAULT_THRESHOLDS[name])
        try:
            method.fit(ref)
            value = method.calculate(cur)
            out[NAMES[name]] = [number(value), number(method._p_value) if name == "chi2" else None, bool(method.alert(value)),
                                None if name == "chi2" else number(method.upper_threshold_value)]
        except (ValueError, OverflowError, ZeroDivisionError) as e:
            out[NAMES[name]] = ["error", str(e)[:80], None, None]
    return out


def main(folder):
    a, b = (pd.read_parquet(f"{folder}/{side}.parquet").replace([-np.inf, np.inf], np.nan) for side in ("baseline", "current"))
    columns = {c: of_column(a[c], b[c]) for c in a.columns}
    with open(f"{folder}/nannyml.json", "w") as f:
        json.dump({"nannyml": __version__, "columns": columns}, f)


main(sys.argv[1])
