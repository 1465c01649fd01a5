"""NannyML's reconstruction error of a pair of data sets. Runs in the environment of tools/requirements-nannyml.txt:

    nannyml_pca.py FOLDER     reads FOLDER/baseline.parquet, current.parquet; prints JSON: its version, the error of the current data as one
                              chunk, whether that alerts, the limits of the baseline's tenths, the error of the whole baseline

Missing texts are NaN, as pandas reads them from CSV: None, which it reads from Parquet, slips through NannyML's imputer and is a text more.
"""
import json
import sys
import warnings

import numpy as np
import pandas as pd
from nannyml import DataReconstructionDriftCalculator, __version__

warnings.simplefilter("ignore")
A, B = (pd.read_parquet(f"{sys.argv[1]}/{side}.parquet") for side in ("baseline", "current"))
for X in (A, B):
    for column in X.select_dtypes("object"):
        X[column] = X[column].where(X[column].notna(), np.nan)
C = DataReconstructionDriftCalculator(column_names=list(A.columns))
C.fit(A)
LOW, HIGH = C.lower_threshold_value, C.upper_threshold_value
ERROR = float(C._calculate_dre_results(B.copy())[0])
print(json.dumps({"nannyml": __version__, "error": ERROR, "drifted": not (float("-inf") if LOW is None else LOW) < ERROR < HIGH,
                  "high": float(HIGH), "low": None if LOW is None else float(LOW),
                  "baseline": float(C._calculate_dre_results(A.copy())[0])}))
