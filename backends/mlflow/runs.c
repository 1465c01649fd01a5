/* backends/mlflow/runs.c: runs, with their parameters, metrics and tags. */
#include "backend_mlflow/runs_int.h"

static int runs_query(struct sl_req *r, struct sl_err *err)
{
  return mlflow_store_start(r, mlflow_store_runs, err);
}

const struct sl_serve mlflow_serve_runs = {
  .res = &sl_res_runs,
  .own = mlflow_run_cols,
  .nown = MLFLOW_RUN_COLS,
  .query = runs_query,
};
