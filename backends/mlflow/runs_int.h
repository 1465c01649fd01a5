/* backends/mlflow/runs_int.h: the two ways to runs. */
#ifndef SL_BACKEND_MLFLOW_RUNS_INT_H
#define SL_BACKEND_MLFLOW_RUNS_INT_H

#include "backend_mlflow/mlflow_int.h"

struct sl_mlflow_node;
struct mlflow_run mlflow_node_run(const struct sl_mlflow_node *n);   /* borrowed from n */
struct sl_jw;
/* Members `inputs` and `outputs` of a run's document: its datasets, the models that went in and that came out. */
int mlflow_store_links(struct mlflow_store *s, struct sl_str run, struct sl_jw *w, struct sl_err *err) SL_NODISCARD;
/* Prepares what mlflow_store_inputs() asks; *st stays NULL where the store knows no datasets. */
int mlflow_store_inputs_prepare(struct mlflow_store *s, sqlite3_stmt **st, struct sl_err *err) SL_NODISCARD;
/* The row's column `inputs`, of st. */
int mlflow_store_inputs(struct mlflow_store *s, sqlite3_stmt *st, struct sl_str run, struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
int mlflow_store_runs(struct mlflow_store *s, struct sl_err *err);

#endif
