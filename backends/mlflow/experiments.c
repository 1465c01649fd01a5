/* backends/mlflow/experiments.c: experiments. */
#include <stdio.h>

#include "backend_mlflow/files_int.h"
#include "backend_mlflow/rest_int.h"

/* ---- the store ---- */

int mlflow_store_experiment(struct mlflow_store *s, struct sl_str scope, int64_t *id, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  int64_t as_id = -1;
  bool row = false, is_id = sl_str_i64(scope, &as_id);
  int rc = mlflow_prepare(s, &st, "SELECT experiment_id FROM experiments WHERE experiment_id=?1 OR name=?2 "
                          "ORDER BY experiment_id=?1 DESC LIMIT 1", err);
  struct sl_val v = sl_vi(is_id ? as_id : -1);
  rc = rc ? rc : mlflow_bind(s, st, 1, &v, err);
  rc = rc ? rc : mlflow_bind_text(s, st, 2, scope, err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  if (!rc && !row)
    rc = sl_err_set(err, SL_ENOENT, "no experiment has the id or name %.*s (sluice get experiments lists them)",
                    SL_ARG(sl_str_head(scope, 80)));
  if (!rc)
    *id = sqlite3_column_int64(st, 0);
  sqlite3_finalize(st);
  return rc;
}

static int tags_fill(struct mlflow_store *s, sqlite3_stmt *tags, int64_t id, struct sl_batch *b, struct sl_jw *w, struct sl_err *err)
{
  bool row = true;
  int sq = sqlite3_reset(tags);
  sq = sq ? sq : sqlite3_bind_int64(tags, 1, id);
  int rc = sq ? mlflow_sql_fail(s, sq, err) : SL_OK;
  while (!rc && !(rc = mlflow_step(s, tags, &row, err)) && row) {
    struct sl_str key = mlflow_col(tags, 0), value = mlflow_col_value(s, tags, 1);
    if (b && value.p)
      sl_batch_key(b, EXP_TAGS, key, sl_vs(value));
    if (!w)
      continue;
    sl_jw_obj(w);
    sl_jw_key(w, SL_STR("key"));
    sl_jw_str(w, key);
    sl_jw_key(w, SL_STR("value"));
    sl_jw_str(w, value);
    sl_jw_end_obj(w);
  }
  return rc;
}

static struct mlflow_experiment experiment_of(sqlite3_stmt *st)
{
  struct mlflow_experiment e = { .id = mlflow_col(st, 0), .name = mlflow_col(st, 1), .lifecycle = mlflow_col(st, 2),
                                 .artifacts = mlflow_col(st, 5) };
  e.has_created = mlflow_col_ms(st, 3, &e.created);
  e.has_updated = mlflow_col_ms(st, 4, &e.updated);
  return e;
}

static void put_str(struct sl_jw *w, const char *key, struct sl_str s)
{
  if (!s.p)
    return;
  sl_jw_key(w, sl_str(key));
  sl_jw_str(w, s);
}

static int doc_send(struct mlflow_store *s, const struct mlflow_experiment *e, sqlite3_stmt *tags, int64_t id, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  struct sl_jw w = sl_jw(&b, false);
  sl_jw_obj(&w);
  put_str(&w, "experiment_id", e->id);
  put_str(&w, "name", e->name);
  put_str(&w, "artifact_location", e->artifacts);
  put_str(&w, "lifecycle_stage", e->lifecycle);
  if (e->has_updated) {
    sl_jw_key(&w, SL_STR("last_update_time"));
    sl_jw_i64(&w, e->updated);
  }
  if (e->has_created) {
    sl_jw_key(&w, SL_STR("creation_time"));
    sl_jw_i64(&w, e->created);
  }
  sl_jw_key(&w, SL_STR("tags"));
  sl_jw_arr(&w);
  int rc = tags_fill(s, tags, id, NULL, &w, err);
  sl_jw_end_arr(&w);
  sl_jw_end_obj(&w);
  rc = rc ? rc : sl_buf_check(&b, err);
  rc = rc ? rc : sl_feed_doc(s->f, sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int rows_send(struct mlflow_store *s, sqlite3_stmt *st, sqlite3_stmt *tags, struct sl_err *err)
{
  struct sl_rower w;
  bool row = true, one = s->q->kind == SL_Q_GET;
  int rc = sl_rower_begin(&w, s->f, s->schema, err);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    struct mlflow_experiment e = experiment_of(st);
    int64_t id = sqlite3_column_int64(st, 0);
    rc = sl_rower_row(&w, SL_PUT, e.id);
    if (rc)
      break;
    mlflow_put_experiment(sl_rower_batch(&w), &e);
    rc = tags_fill(s, tags, id, sl_rower_batch(&w), NULL, err);
    if (!rc && one)
      rc = doc_send(s, &e, tags, id, err);
  }
  if (!rc && one && !w.rows)
    rc = sl_err_set(err, SL_ENOENT, "no experiment has the id %.*s", SL_ARG(sl_str_head(s->q->scope, 80)));
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

static int store_experiments(struct mlflow_store *s, struct sl_err *err)
{
  bool one = s->q->kind == SL_Q_GET, all = one || s->q->deleted;
  sqlite3_stmt *st = NULL, *tags = NULL;
  char sql[400];
  snprintf(sql, sizeof sql, "SELECT experiment_id,name,lifecycle_stage,creation_time,last_update_time,artifact_location FROM experiments "
           "WHERE %s AND %s AND %s ORDER BY experiment_id", all ? "1" : "lifecycle_stage='active'", one ? "experiment_id=?2" : "1",
           s->workspaces ? "workspace=?1" : "1");
  int rc = mlflow_prepare(s, &st, sql, err);
  rc = rc ? rc : mlflow_prepare(s, &tags, "SELECT key,value FROM experiment_tags WHERE experiment_id=?1 ORDER BY key", err);
  if (!rc && s->workspaces)
    rc = mlflow_bind_text(s, st, 1, sl_str(s->m->workspace), err);
  if (!rc && one)
    rc = mlflow_bind_text(s, st, 2, s->q->scope, err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : rows_send(s, st, tags, err);
  sqlite3_finalize(st);
  sqlite3_finalize(tags);
  return rc;
}

/* ---- a server ---- */

struct experiments_ask { struct mlflow_ask a; };

struct mlflow_experiment mlflow_node_experiment(const struct sl_mlflow_node *n)
{
  struct mlflow_experiment e = { .id = sl_mlflow_text(n, "experiment_id"), .name = sl_mlflow_text(n, "name"),
                                 .lifecycle = sl_mlflow_text(n, "lifecycle_stage"), .artifacts = sl_mlflow_text(n, "artifact_location") };
  e.has_created = mlflow_node_ms(n, "creation_time", &e.created);
  e.has_updated = mlflow_node_ms(n, "last_update_time", &e.updated);
  return e;
}

void mlflow_body_experiments(struct sl_jw *w, const char *view, struct sl_str token)
{
  mlflow_body_int(w, "max_results", MLFLOW_PAGE);
  mlflow_body_text(w, "view_type", sl_str(view));
  mlflow_body_text(w, "page_token", token);
}

static int on_experiment(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct mlflow_ask *a = user;
  struct mlflow_experiment e = mlflow_node_experiment(n);
  const struct sl_mlflow_node *tags = sl_mlflow_get(n, "tags");
  struct sl_batch *b = NULL;
  if (!e.id.n)
    return sl_err_set(err, SL_EPROTO, "the server sent an experiment without an id");
  int rc = mlflow_ask_row(a, e.id, &b, err);
  if (rc)
    return rc;
  mlflow_put_experiment(b, &e);
  for (const struct sl_mlflow_node *t = tags ? tags->child : NULL; t; t = t->next)
    if (sl_mlflow_text(t, "key").p && sl_mlflow_text(t, "value").p)
      sl_batch_key(b, EXP_TAGS, sl_mlflow_text(t, "key"), sl_vs(sl_mlflow_text(t, "value")));
  if (sl_req_query(a->r)->kind == SL_Q_GET)
    return mlflow_ask_doc(a, n);
  return mlflow_ask_send(a, false, err);
}

static void all_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)query;
  mlflow_body_experiments(w, sl_req_query(a->r)->deleted ? "ALL" : "ACTIVE_ONLY", token);
}

static void one_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)token;
  (void)w;
  mlflow_param(query, "experiment_id", sl_req_query(a->r)->scope);
}

static void start(struct mlflow_ask *a)
{
  static const struct mlflow_list all = { .path = "experiments/search", .list = "experiments", .what = "experiments", .post = true,
                                          .page = all_page, .item = on_experiment, .end = mlflow_ask_end };
  static const struct mlflow_list one = { .path = "experiments/get", .list = "experiment", .what = "experiment", .page = one_page,
                                          .item = on_experiment, .end = mlflow_ask_end };
  if (sl_req_head(a->r, NULL, 0, -1) == SL_ECANCELED)
    mlflow_ask_end(a, SL_ECANCELED, NULL);
  else
    mlflow_ask_list(a, sl_req_query(a->r)->kind == SL_Q_GET ? &one : &all);
}

static int experiments_query(struct sl_req *r, struct sl_err *err)
{
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (m->rest)
    return mlflow_ask_begin(r, start, err);
  return mlflow_store_start(r, m->folder ? mlflow_files_experiments : store_experiments, err);
}

const struct sl_serve mlflow_serve_experiments = {
  .res = &sl_res_experiments,
  .own = mlflow_experiment_cols,
  .nown = MLFLOW_EXPERIMENT_COLS,
  .req_size = sizeof(struct experiments_ask),
  .query = experiments_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};
