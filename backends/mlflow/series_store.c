/* backends/mlflow/series_store.c: histories of metrics from the SQLite store. */
#include <stdio.h>

#include "backend_mlflow/series_int.h"
#include "base/json.h"

enum { LOOKS = 24, SCAN_SHARE = 4 }; /* a quarter of the runs that have a metric: then all of it is read, in the order it lies in */

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

static int rows_send(struct mlflow_store *s, sqlite3_stmt *st, struct sl_rower *w, struct sl_err *err)
{
  struct sl_buf id;
  bool row = true, one = s->q->kind == SL_Q_GET;
  int rc = SL_OK;
  sl_buf_init(&id, 0);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    struct mlflow_point p = { .run = mlflow_col(st, 0), .key = mlflow_col(st, 1), .step = sqlite3_column_int64(st, 2),
                              .time = sqlite3_column_int64(st, 3),
                              .value = sl_mlflow_f64(sqlite3_column_double(st, 4), sqlite3_column_int(st, 5)) };
    mlflow_point_id(&id, &p);
    if (one && !sl_str_eq(sl_buf_view(&id), s->q->scope))
      continue;
    rc = sl_buf_check(&id, err);
    rc = rc ? rc : sl_rower_row(w, SL_PUT, sl_buf_view(&id));
    if (!rc)
      mlflow_put_point(sl_rower_batch(w), &p);
    if (!rc && one)
      rc = doc_send(s, &p, err);
  }
  sl_buf_free(&id);
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

/* ---- thinned: a few points of each of many histories ---- */

/* sluice_thin(run_uuid, step, timestamp, value, is_nan): eats rows where the engine finds them, without a step of ours for each. */
static void thin_step(sqlite3_context *c, int n, sqlite3_value **v)
{
  struct mlflow_histories *h = sqlite3_user_data(c);
  const char *run = (const char *)sqlite3_value_text(v[0]);
  struct mlflow_point p = { .step = sqlite3_value_int64(v[1]), .time = sqlite3_value_int64(v[2]),
                            .value = sl_mlflow_f64(sqlite3_value_double(v[3]), sqlite3_value_int(v[4])) };
  (void)n;
  if (run && mlflow_history_add(h, sl_strn(run, (size_t)sqlite3_value_bytes(v[0])), &p, NULL))
    sqlite3_result_error_nomem(c);
}

static void thin_final(sqlite3_context *c) { sqlite3_result_null(c); }

/* How many runs have the metric: whether it is cheaper to read all that was ever logged of it. */
static int having(struct mlflow_store *s, struct sl_str key, int64_t *n, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, "SELECT count(*) FROM latest_metrics WHERE key=?1", err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, key, err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  *n = row ? sqlite3_column_int64(st, 0) : 0;
  sqlite3_finalize(st);
  return rc;
}

static int thin_read(struct mlflow_store *s, struct mlflow_histories *h, bool all, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, all ? "SELECT sluice_thin(run_uuid,step,timestamp,value,is_nan) FROM metrics WHERE key=?1" :
                          "SELECT sluice_thin(run_uuid,step,timestamp,value,is_nan) FROM metrics WHERE key=?1 AND run_uuid=?2", err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, h->key, err);
  for (size_t i = 0; i < (all ? 1 : h->n) && !rc; i++) {
    if (!all)
      rc = mlflow_bind_text(s, st, 2, h->run[i].run, err);
    rc = rc ? rc : mlflow_step(s, st, &row, err);
    sqlite3_reset(st);
  }
  sqlite3_finalize(st);
  return rc;
}

struct sending { struct sl_rower w; struct sl_buf id; };

static int point_send(void *user, const struct mlflow_point *p, struct sl_err *err)
{
  struct sending *x = user;
  mlflow_point_id(&x->id, p);
  int rc = sl_buf_check(&x->id, err);
  rc = rc ? rc : sl_rower_row(&x->w, SL_PUT, sl_buf_view(&x->id));
  if (!rc)
    mlflow_put_point(sl_rower_batch(&x->w), p);
  return rc;
}

/* A first look: some points of each history, found by the index that newer stores have, so that curves stand on the screen while all
 * values are still being read. */
static int look_at(struct mlflow_store *s, sqlite3_stmt *st, const struct mlflow_histories *h, struct sl_str run, struct sending *x,
                   struct sl_err *err)
{
  int64_t lo = 0, hi = 0, last = 0;
  bool row = true, any = false;
  int rc = mlflow_bind_text(s, st, 1, run, err);
  for (int k = 0; k < LOOKS && !rc && row; k++) {
    struct sl_val at = sl_vi(k ? lo + (int64_t)((double)(hi - lo) * k / (LOOKS - 1)) : INT64_MIN);
    if (k && at.u.i <= last)
      continue;
    rc = mlflow_bind(s, st, 3, &at, err);
    rc = rc ? rc : mlflow_step(s, st, &row, err);
    if (!rc && row) {
      struct mlflow_point p = { run, h->key, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
                                sl_mlflow_f64(sqlite3_column_double(st, 2), sqlite3_column_int(st, 3)) };
      lo = any ? lo : p.step;
      hi = any ? hi : sqlite3_column_int64(st, 4);
      any = hi - lo >= 0; /* steps at both ends of what there is: no look */
      row = any;
      last = p.step;
      rc = point_send(x, &p, err);
    }
    sqlite3_reset(st);
  }
  return rc;
}

static int look(struct mlflow_store *s, const struct mlflow_histories *h, struct sending *x, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool has = false;
  int rc = mlflow_prepare(s, &st, "SELECT 1 FROM sqlite_master WHERE type='index' AND name='index_metrics_run_uuid_key_step'", err);
  rc = rc ? rc : mlflow_step(s, st, &has, err);
  sqlite3_finalize(st);
  st = NULL;
  if (rc || !has)
    return rc;
  rc = mlflow_prepare(s, &st, "SELECT step,timestamp,value,is_nan,(SELECT max(step) FROM metrics WHERE run_uuid=?1 AND key=?2) "
                      "FROM metrics WHERE run_uuid=?1 AND key=?2 AND step>=?3 ORDER BY step LIMIT 1", err);
  rc = rc ? rc : mlflow_bind_text(s, st, 2, h->key, err);
  for (size_t i = 0; i < h->n && !rc; i++)
    rc = look_at(s, st, h, h->run[i].run, x, err);
  sqlite3_finalize(st);
  return rc;
}

static int thinned_send(struct mlflow_store *s, struct mlflow_histories *h, bool all, struct sl_err *err)
{
  struct sending x;
  sl_buf_init(&x.id, 0);
  int rc = sl_rower_begin(&x.w, s->f, s->schema, err);
  if (!rc && (rc = look(s, h, &x, err)))
    sl_rower_abort(&x.w);
  else if (!rc)
    rc = sl_rower_end(&x.w, err);
  rc = rc ? rc : thin_read(s, h, all, err);
  rc = rc ? rc : sl_rower_begin(&x.w, s->f, s->schema, err);
  if (!rc && (rc = mlflow_histories_each(h, point_send, &x, err)))
    sl_rower_abort(&x.w);
  else if (!rc)
    rc = sl_rower_end(&x.w, err);
  sl_buf_free(&x.id);
  return rc;
}

static int thinned(struct mlflow_store *s, struct mlflow_histories *h, struct sl_err *err)
{
  int64_t have = 0;
  int sq = sqlite3_create_function_v2(s->db, "sluice_thin", 5, SQLITE_UTF8 | SQLITE_DIRECTONLY, h, NULL, thin_step, thin_final, NULL);
  int rc = sq ? mlflow_sql_fail(s, sq, err) : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : having(s, h->key, &have, err);
  return rc ? rc : thinned_send(s, h, (int64_t)h->n * SCAN_SHARE >= have, err);
}

/* ---- the request ---- */

static int one_statement(struct mlflow_store *s, sqlite3_stmt **st, const struct mlflow_histories *h, struct sl_str run, struct sl_err *err)
{
  char sql[512];
  snprintf(sql, sizeof sql, "SELECT m.run_uuid,m.key,m.step,m.timestamp,m.value,m.is_nan FROM %s%s", run.n ?
           "metrics m WHERE m.run_uuid=?1" :
           "(SELECT r.run_uuid AS u FROM runs r JOIN experiments e ON e.experiment_id=r.experiment_id WHERE r.lifecycle_stage='active' "
           "AND e.lifecycle_stage='active' ORDER BY r.start_time DESC,r.run_uuid LIMIT ?1) CROSS JOIN metrics m ON m.run_uuid=u",
           h->key.p ? " AND m.key=?2" : "");
  int rc = mlflow_prepare(s, st, sql, err);
  struct sl_val recent = sl_vi(MLFLOW_RECENT_RUNS), one = sl_vs(run);
  rc = rc ? rc : mlflow_bind(s, *st, 1, run.n ? &one : &recent, err);
  return rc || !h->key.p ? rc : mlflow_bind_text(s, *st, 2, h->key, err);
}

/* Run after run, whole. */
static int whole(struct mlflow_store *s, struct mlflow_histories *h, struct sl_err *err)
{
  struct sl_str only = s->q->scope;
  ptrdiff_t slash = s->q->kind == SL_Q_GET ? sl_str_chr(only, '/') : -1;
  struct sl_rower w;
  int rc = SL_OK;
  if (slash >= 0)
    only = sl_str_head(only, (size_t)slash);
  for (size_t i = 0; i < h->n && !rc && h->n == 1; i++)
    rc = run_known(s, h->run[i].run, err);
  if (!rc && s->q->kind == SL_Q_GET)
    rc = run_known(s, only, err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&w, s->f, s->schema, err);
  if (rc)
    return rc;
  for (size_t i = 0; i < (h->n ? h->n : 1) && !rc; i++) {
    sqlite3_stmt *st = NULL;
    rc = one_statement(s, &st, h, h->n ? h->run[i].run : s->q->kind == SL_Q_GET ? only : SL_STR_NONE, err);
    rc = rc ? rc : rows_send(s, st, &w, err);
    sqlite3_finalize(st);
  }
  if (!rc && s->q->kind == SL_Q_GET && !w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no point has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  return rc ? (sl_rower_abort(&w), rc) : sl_rower_end(&w, err);
}

int mlflow_store_series(struct mlflow_store *s, struct sl_err *err)
{
  struct mlflow_histories h;
  int rc = mlflow_histories_read(&h, s->q, err);
  if (!rc)
    rc = h.key.p && h.buckets && h.n ? thinned(s, &h, err) : whole(s, &h, err);
  mlflow_histories_free(&h);
  return rc;
}
