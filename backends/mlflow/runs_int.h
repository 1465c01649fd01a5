/* backends/mlflow/runs_int.h: the two ways to runs. */
#ifndef SL_BACKEND_MLFLOW_RUNS_INT_H
#define SL_BACKEND_MLFLOW_RUNS_INT_H

#include "backend_mlflow/mlflow_int.h"

int mlflow_store_runs(struct mlflow_store *s, struct sl_err *err);

#endif
