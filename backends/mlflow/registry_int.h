/* backends/mlflow/registry_int.h: the two ways to the model registry. */
#ifndef SL_BACKEND_MLFLOW_REGISTRY_INT_H
#define SL_BACKEND_MLFLOW_REGISTRY_INT_H

#include "backend_mlflow/mlflow_int.h"

/* An mlflow_store_fn each: rows of `models` and `versions`, from SQL or from files. */
int mlflow_store_models(struct mlflow_store *s, struct sl_err *err);
int mlflow_store_versions(struct mlflow_store *s, struct sl_err *err);

#endif
