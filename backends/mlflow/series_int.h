/* backends/mlflow/series_int.h: the two ways to histories of metrics. */
#ifndef SL_BACKEND_MLFLOW_SERIES_INT_H
#define SL_BACKEND_MLFLOW_SERIES_INT_H

#include "backend_mlflow/mlflow_int.h"

void mlflow_point_doc(struct sl_buf *b, const struct mlflow_point *p);
/* The one metric that the filter leaves, to ask for no other; none: several may. The filter is applied again by whoever asked. */
struct sl_str mlflow_series_name(const struct sl_query *q);
int mlflow_store_series(struct mlflow_store *s, struct sl_err *err);

#endif
