/* backends/mlflow/series_int.h: the ways to histories of metrics: which are meant, and how long ones are thinned. */
#ifndef SL_BACKEND_MLFLOW_SERIES_INT_H
#define SL_BACKEND_MLFLOW_SERIES_INT_H

#include "backend_mlflow/mlflow_int.h"
#include "backend_mlflow/series_thin.h"

enum { MLFLOW_SERIES_RUNS = 5000 };
struct mlflow_history { struct sl_str run; struct mlflow_thin thin; };
struct mlflow_histories {           /* what is asked for; texts are the query's */
  struct mlflow_history *run;       /* by id; none: the recent ones, or GET */
  size_t n, at;
  struct sl_str key;                /* the one metric that the filter asks for; p NULL: any */
  uint32_t buckets;                 /* of each history; 0: all its points */
};
/* From the scope RUN,RUN,... and the filter; q must live. ELIMIT: more than MLFLOW_SERIES_RUNS. free: what it holds, not h. */
int mlflow_histories_read(struct mlflow_histories *h, const struct sl_query *q, struct sl_err *err) SL_NODISCARD;
void mlflow_histories_free(struct mlflow_histories *h);
struct mlflow_history *mlflow_history_of(struct mlflow_histories *h, struct sl_str run);   /* NULL: not asked for */
/* A point of that run; of one that is not asked for it is left out. */
int mlflow_history_add(struct mlflow_histories *h, struct sl_str run, const struct mlflow_point *p, struct sl_err *err) SL_NODISCARD;
/* What stays of all of them. */
int mlflow_histories_each(const struct mlflow_histories *h, int (*fn)(void *user, const struct mlflow_point *p, struct sl_err *err),
                          void *user, struct sl_err *err) SL_NODISCARD;
/* The one metric that the filter leaves, to ask for no other; none: several may. The filter is applied again by whoever asked. */
struct sl_str mlflow_series_key(const struct sl_query *q);

void mlflow_point_doc(struct sl_buf *b, const struct mlflow_point *p);   /* as the server's JSON has it */
int mlflow_store_series(struct mlflow_store *s, struct sl_err *err);     /* an mlflow_store_fn */

#endif
