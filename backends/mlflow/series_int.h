/* backends/mlflow/series_int.h: the two ways to histories of metrics. */
#ifndef SL_BACKEND_MLFLOW_SERIES_INT_H
#define SL_BACKEND_MLFLOW_SERIES_INT_H

#include "backend_mlflow/mlflow_int.h"

void mlflow_point_doc(struct sl_buf *b, const struct mlflow_point *p);
int mlflow_store_series(struct mlflow_store *s, struct sl_err *err);

#endif
