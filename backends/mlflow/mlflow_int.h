/* backends/mlflow/mlflow_int.h: what the files of this backend share.
 *
 * One connection is either MLflow's own SQLite store or a server. Each resource is one file with both ways; the rows are filled by the
 * same functions (rows.c), so that the answers cannot drift apart. */
#ifndef SL_BACKEND_MLFLOW_INT_H
#define SL_BACKEND_MLFLOW_INT_H

#include <sqlite3.h>

#include "base/mem.h"
#include "model/backend.h"
#include "proto/mlflow.h"

struct mlflow {                     /* one connection; the loop's, but for what never changes: path, workspace */
  struct sl_backend *b;
  char *path;                       /* of the SQLite store; NULL: a server */
  char *workspace;
  int timeout_ms;
};

/* ---- rows: the columns of each resource, whoever answers ---- */
enum { RUN_ID, RUN_NAME, RUN_EXPERIMENT, RUN_STATE, RUN_STARTED, RUN_ENDED, RUN_DURATION, RUN_USER, RUN_PARAMS, RUN_METRICS, RUN_TAGS,
  RUN_NATIVE, RUN_LIFECYCLE, RUN_ARTIFACTS };
struct mlflow_run {
  struct sl_str id, name, experiment, status, user, lifecycle, artifacts;
  bool has_start, has_end;
  sl_ms start, end;
};
void mlflow_put_run(struct sl_batch *b, const struct mlflow_run *r, sl_ms now);
void mlflow_put_metric(struct sl_batch *b, struct sl_str key, double v);
extern const struct sl_col mlflow_run_cols[];
enum { MLFLOW_RUN_COLS = 3, MLFLOW_EXPERIMENT_COLS = 2 };

enum { EXP_ID, EXP_NAME, EXP_STATE, EXP_CREATED, EXP_UPDATED, EXP_ARTIFACTS, EXP_TAGS };
struct mlflow_experiment { struct sl_str id, name, lifecycle, artifacts; bool has_created, has_updated; sl_ms created, updated; };
void mlflow_put_experiment(struct sl_batch *b, const struct mlflow_experiment *e);
extern const struct sl_col mlflow_experiment_cols[];

/* ---- the SQLite store: opened for each request, in a lane ---- */
struct mlflow_store {               /* [worker] */
  const struct mlflow *m;
  struct sl_feed *f;
  struct sl_schema *schema;
  const struct sl_query *q;
  sl_ms now;
  sqlite3 *db;
  int64_t give_up;                  /* monotonic ms: when a lock has been waited for long enough */
  bool workspaces;                  /* the registry has workspaces */
  bool utf8;                        /* text compares by its bytes */
};
typedef int mlflow_store_fn(struct mlflow_store *s, struct sl_err *err);
/* Runs fn over the opened store in a lane; the request is the lane's then. */
int mlflow_store_start(struct sl_req *r, mlflow_store_fn *fn, struct sl_err *err) SL_NODISCARD;
int mlflow_prepare(struct mlflow_store *s, sqlite3_stmt **out, const char *sql, struct sl_err *err) SL_NODISCARD;
int mlflow_step(struct mlflow_store *s, sqlite3_stmt *st, bool *row, struct sl_err *err) SL_NODISCARD;
int mlflow_bind(struct mlflow_store *s, sqlite3_stmt *st, int n, const struct sl_val *v, struct sl_err *err) SL_NODISCARD;
int mlflow_bind_text(struct mlflow_store *s, sqlite3_stmt *st, int n, struct sl_str v, struct sl_err *err) SL_NODISCARD;
struct sl_str mlflow_col(sqlite3_stmt *st, int i);                 /* valid until the next step; NULL: none */
bool mlflow_col_ms(sqlite3_stmt *st, int i, sl_ms *out);           /* false: NULL */
int mlflow_sql_fail(struct mlflow_store *s, int rc, struct sl_err *err);
/* -1: no such experiment. by id where the text is one, else by name. */
int mlflow_store_experiment(struct mlflow_store *s, struct sl_str scope, int64_t *id, struct sl_err *err) SL_NODISCARD;

extern const struct sl_serve mlflow_serve_experiments, mlflow_serve_runs;

#endif
