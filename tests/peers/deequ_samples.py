"""The pairs of data sets that drift_oracle.py draws, as lines for deequ_distance.java, in the environment of requirements-drift.txt."""
import sys

import numpy as np
import pandas as pd

FOLDER = sys.argv[1]
A, B = (pd.read_parquet(f"{FOLDER}/{side}.parquet").replace([-np.inf, np.inf], np.nan) for side in ("baseline", "current"))
for c in A.columns:
    sides = A[c].dropna(), B[c].dropna()
    if min(map(len, sides)):
        number = pd.api.types.is_numeric_dtype(A[c]) and A[c].dtype != bool
        for side in sides:
            print(c, "n" if number else "c", *([repr(float(v)) for v in side] if number else map(str, side)), sep="\t")
