/* backends/mlflow/series_store.c: histories of metrics from the SQLite store. */
#include <stdio.h>

#include "backend_mlflow/series_int.h"
#include "base/json.h"

void mlflow_point_doc(struct sl_buf *b, const struct mlflow_point *p)
{
  struct sl_jw w = sl_jw(b, false);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("run_id"));
  sl_jw_str(&w, p->run);
  sl_jw_key(&w, SL_STR("key"));
  sl_jw_str(&w, p->key);
  sl_jw_key(&w, SL_STR("value"));
  sl_jw_f64(&w, p->value);
  sl_jw_key(&w, SL_STR("timestamp"));
  sl_jw_i64(&w, p->time);
  sl_jw_key(&w, SL_STR("step"));
  sl_jw_i64(&w, p->step);
  sl_jw_end_obj(&w);
}

static int doc_send(struct mlflow_store *s, const struct mlflow_point *p, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  mlflow_point_doc(&b, p);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : sl_feed_doc(s->f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int rows_send(struct mlflow_store *s, sqlite3_stmt *st, struct sl_err *err)
{
  struct sl_rower w;
  struct sl_buf id;
  bool row = true, one = s->q->kind == SL_Q_GET;
  sl_buf_init(&id, 0);
  int rc = sl_rower_begin(&w, s->f, s->schema, err);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    struct mlflow_point p = { .run = mlflow_col(st, 0), .key = mlflow_col(st, 1), .step = sqlite3_column_int64(st, 2),
                              .time = sqlite3_column_int64(st, 3),
                              .value = sl_mlflow_f64(sqlite3_column_double(st, 4), sqlite3_column_int(st, 5)) };
    mlflow_point_id(&id, &p);
    if (one && !sl_str_eq(sl_buf_view(&id), s->q->scope))
      continue;
    rc = sl_buf_check(&id, err);
    rc = rc ? rc : sl_rower_row(&w, SL_PUT, sl_buf_view(&id));
    if (!rc)
      mlflow_put_point(sl_rower_batch(&w), &p);
    if (!rc && one)
      rc = doc_send(s, &p, err);
  }
  if (!rc && one && !w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no point has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  sl_buf_free(&id);
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

static int run_known(struct mlflow_store *s, struct sl_str run, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, "SELECT 1 FROM runs WHERE run_uuid=?1", err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, run, err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  sqlite3_finalize(st);
  if (!rc && !row)
    rc = sl_err_set(err, SL_ENOENT, "no run has the id %.*s (sluice get runs lists them)", SL_ARG(sl_str_head(run, 80)));
  return rc;
}

int mlflow_store_series(struct mlflow_store *s, struct sl_err *err)
{
  struct sl_str run = s->q->scope, only = mlflow_series_name(s->q);
  ptrdiff_t slash = s->q->kind == SL_Q_GET ? sl_str_chr(run, '/') : -1;
  static const char one_run[] = "metrics m WHERE m.run_uuid=?1";
  static const char recent_runs[] = "(SELECT r.run_uuid AS u FROM runs r JOIN experiments e ON e.experiment_id=r.experiment_id "
    "WHERE r.lifecycle_stage='active' AND e.lifecycle_stage='active' ORDER BY r.start_time DESC,r.run_uuid LIMIT ?1) "
    "CROSS JOIN metrics m ON m.run_uuid=u";
  sqlite3_stmt *st = NULL;
  char sql[512];
  if (slash >= 0)
    run = sl_str_head(run, (size_t)slash);
  int rc = run.n ? run_known(s, run, err) : SL_OK;
  snprintf(sql, sizeof sql, "SELECT m.run_uuid,m.key,m.step,m.timestamp,m.value,m.is_nan FROM %s%s", run.n ? one_run : recent_runs,
           !only.p ? "" : run.n ? " AND m.key=?2" : " WHERE m.key=?2");
  rc = rc ? rc : mlflow_prepare(s, &st, sql, err);
  struct sl_val recent = sl_vi(MLFLOW_RECENT_RUNS), one = sl_vs(run);
  rc = rc ? rc : mlflow_bind(s, st, 1, run.n ? &one : &recent, err);
  if (!rc && only.p)
    rc = mlflow_bind_text(s, st, 2, only, err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : rows_send(s, st, err);
  sqlite3_finalize(st);
  return rc;
}
