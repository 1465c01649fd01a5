/* backends/mlflow/artifact_store.c: from an address to the folder that the store names for it.
 *
 * Since MLflow 3 a model's files lie in a place of their own, and runs:/ID/NAME is an old name for them: it is looked for among the run's
 * files first, then among the models that the run logged. */
#include "backend_mlflow/artifacts_int.h"

struct look { struct mlflow_store *s; struct sl_buf location, path; };

/* The first row's text, copied. ENOENT: no row. */
static int one_row(struct mlflow_store *s, const char *sql, struct sl_str key, const struct sl_str *key2, struct sl_buf *a,
                   struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = false;
  int rc = mlflow_prepare(s, &st, sql, err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, key, err);
  if (!rc && key2)
    rc = mlflow_bind_text(s, st, 2, *key2, err);
  if (!rc && sqlite3_bind_parameter_count(st) > 2)
    rc = mlflow_bind_text(s, st, 3, sl_str(s->m->workspace), err);
  rc = rc ? rc : mlflow_step(s, st, &row, err);
  if (!rc && !row)
    rc = SL_ENOENT;
  if (!rc) {
    sl_buf_clear(a);
    sl_buf_str(a, mlflow_col(st, 0));
    rc = sl_buf_check(a, err);
  }
  sqlite3_finalize(st);
  return rc;
}

static int no_such(const char *what, struct sl_str id, struct sl_err *err)
{
  return sl_err_set(err, SL_ENOENT, "no %s is %.*s", what, SL_ARG(sl_str_head(id, 80)));
}

static bool has_models(struct mlflow_store *s)
{
  sqlite3_stmt *st = NULL;
  bool has = !sqlite3_prepare_v2(s->db, "SELECT 1 FROM logged_models LIMIT 0", -1, &st, NULL);
  sqlite3_finalize(st);
  return has;
}

static int at_model(struct look *x, struct sl_str id, struct sl_err *err)
{
  static const char sql[] = "SELECT artifact_location FROM logged_models WHERE model_id=?1";
  int rc = has_models(x->s) ? one_row(x->s, sql, id, NULL, &x->location, err) : SL_ENOENT;
  return rc == SL_ENOENT ? no_such("logged model", id, err) : rc;
}

/* runs:/ID/NAME/rest: NAME as a model that the run logged. */
static int at_run_model(struct look *x, struct sl_str run, struct sl_str path, struct sl_err *err)
{
  struct sl_str name;
  if (!sl_str_cut(&path, '/', &name) || !has_models(x->s))
    return SL_ENOENT;
  int rc = one_row(x->s, "SELECT artifact_location FROM logged_models WHERE source_run_id=?1 AND name=?2 "
                   "ORDER BY creation_timestamp_ms DESC LIMIT 1", run, &name, &x->location, err);
  if (!rc) {
    sl_buf_clear(&x->path);
    sl_buf_str(&x->path, path);
    rc = sl_buf_check(&x->path, err);
  }
  return rc;
}

static int at_run(struct look *x, struct sl_str run, struct sl_str path, struct sl_err *err)
{
  int rc = one_row(x->s, "SELECT artifact_uri FROM runs WHERE run_uuid=?1", run, NULL, &x->location, err);
  if (rc)
    return rc == SL_ENOENT ? no_such("run", run, err) : rc;
  sl_buf_clear(&x->path);
  sl_buf_str(&x->path, path);
  rc = sl_buf_check(&x->path, err);
  struct mlflow_spot at = { sl_buf_view(&x->location), sl_buf_view(&x->path), SL_STR_NONE };
  if (rc || !path.n || mlflow_spot_there(x->s, &at))
    return rc;
  rc = at_run_model(x, run, path, err);
  return rc == SL_ENOENT ? SL_OK : rc; /* then the run's own place is what is not there */
}

static int at_source(struct look *x, struct sl_str source, struct sl_str path, struct sl_err *err)
{
  struct sl_mlflow_address at;
  struct sl_buf whole;
  sl_buf_clear(&x->path);
  sl_buf_str(&x->path, path);
  if (!sl_mlflow_address(source, &at) || at.kind == SL_MLFLOW_AT_PROXY) {
    sl_buf_clear(&x->location);
    sl_buf_str(&x->location, source);
    return sl_buf_check(&x->location, err);
  }
  if (at.kind == SL_MLFLOW_AT_MODEL)
    return at_model(x, at.id, err);
  if (at.kind != SL_MLFLOW_AT_RUN)
    return sl_err_set(err, SL_EDENIED, "its source %.*s names another version; open that", SL_ARG(sl_str_head(source, 120)));
  sl_buf_init(&whole, 64 << 10);
  sl_buf_str(&whole, at.path);
  sl_buf_z(&whole, at.path.n && path.n ? "/" : "");
  sl_buf_str(&whole, path);
  int rc = sl_buf_check(&whole, err);
  rc = rc ? rc : at_run(x, at.id, sl_buf_view(&whole), err);
  sl_buf_free(&whole);
  return rc;
}

static int at_version(struct look *x, const struct sl_mlflow_address *at, struct sl_err *err)
{
  static const char *const by[2][3] = {
    { "SELECT source FROM model_versions WHERE name=?1 AND version=?2 AND coalesce(current_stage,'')<>'Deleted_Internal'",
      "SELECT v.source FROM registered_model_aliases a JOIN model_versions v ON v.name=a.name AND v.version=a.version "
      "WHERE a.name=?1 AND a.alias=?2",
      "SELECT source FROM model_versions WHERE name=?1 AND current_stage=?2 COLLATE NOCASE ORDER BY version DESC LIMIT 1" },
    { "SELECT source FROM model_versions WHERE name=?1 AND version=?2 AND workspace=?3 "
      "AND coalesce(current_stage,'')<>'Deleted_Internal'",
      "SELECT v.source FROM registered_model_aliases a JOIN model_versions v ON v.name=a.name AND v.version=a.version AND "
      "v.workspace=a.workspace WHERE a.name=?1 AND a.alias=?2 AND a.workspace=?3",
      "SELECT source FROM model_versions WHERE name=?1 AND current_stage=?2 COLLATE NOCASE AND workspace=?3 "
      "ORDER BY version DESC LIMIT 1" },
  };
  struct sl_buf source;
  sl_buf_init(&source, 64 << 10);
  int which = at->kind == SL_MLFLOW_AT_VERSION ? 0 : at->kind == SL_MLFLOW_AT_ALIAS ? 1 : 2;
  int rc = one_row(x->s, by[x->s->workspaces][which], at->id, &at->which, &source, err);
  if (rc == SL_ENOENT)
    rc = sl_err_set(err, SL_ENOENT, "model %.*s has no %s %.*s", SL_ARG(sl_str_head(at->id, 80)),
                    at->kind == SL_MLFLOW_AT_VERSION ? "version" : at->kind == SL_MLFLOW_AT_ALIAS ? "alias" : "version in stage",
                    SL_ARG(sl_str_head(at->which, 60)));
  rc = rc ? rc : at_source(x, sl_buf_view(&source), at->path, err);
  sl_buf_free(&source);
  return rc;
}

static int find(struct look *x, const struct sl_mlflow_address *at, struct sl_str uri, struct sl_err *err)
{
  if (!x->s->db)
    return mlflow_files_find(x->s, at, uri, &x->location, &x->path, err);
  switch (at->kind) {
  case SL_MLFLOW_AT_RUN: return at_run(x, at->id, at->path, err);
  case SL_MLFLOW_AT_MODEL:
    sl_buf_str(&x->path, at->path);
    return at_model(x, at->id, err);
  case SL_MLFLOW_AT_PROXY:
    sl_buf_str(&x->location, uri);
    return sl_buf_check(&x->location, err);
  default: return at_version(x, at, err);
  }
}

int mlflow_store_place(struct mlflow_store *s, struct sl_str source, struct sl_buf *location, struct sl_buf *path, struct sl_err *err)
{
  struct look x = { .s = s, .location = *location, .path = *path };
  struct sl_mlflow_address at;
  int rc = SL_OK;
  if (s->db)
    rc = at_source(&x, source, SL_STR(""), err);
  else if (sl_mlflow_address(source, &at))
    rc = mlflow_files_find(s, &at, source, &x.location, &x.path, err);
  else
    sl_buf_str(&x.location, source);
  *location = x.location; /* they may have moved */
  *path = x.path;
  return rc ? rc : sl_buf_check(location, err);
}

/* Models of a run stand among its files, as MLflow's own client shows them. */
static int models_add(struct mlflow_store *s, struct sl_str run, struct sl_str shown, struct sl_rower *w, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  struct sl_buf uri;
  bool row = true;
  if (!s->db || !has_models(s))
    return SL_OK;
  sl_buf_init(&uri, 64 << 10);
  int rc = mlflow_prepare(s, &st, "SELECT name,max(creation_timestamp_ms) FROM logged_models WHERE source_run_id=?1 GROUP BY name", err);
  rc = rc ? rc : mlflow_bind_text(s, st, 1, run, err);
  while (!rc && !(rc = mlflow_step(s, st, &row, err)) && row) {
    struct mlflow_object o = { .shown = shown, .name = mlflow_col(st, 0), .folder = true, .bytes = -1 };
    o.has_modified = mlflow_col_ms(st, 1, &o.modified);
    if (!mlflow_name_ok(o.name))
      continue;
    rc = mlflow_object_uri(&uri, &o, err);
    rc = rc ? rc : sl_rower_row(w, SL_PUT, sl_buf_view(&uri));
    if (!rc)
      mlflow_put_object(sl_rower_batch(w), sl_buf_view(&uri), &o);
  }
  sqlite3_finalize(st);
  sl_buf_free(&uri);
  return rc;
}

static int rows_send(struct mlflow_store *s, const struct sl_mlflow_address *at, const struct mlflow_spot *spot, struct sl_err *err)
{
  struct sl_rower w;
  bool top = at->kind == SL_MLFLOW_AT_RUN && !at->path.n, one = s->q->kind == SL_Q_GET;
  int rc = sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : sl_rower_begin(&w, s->f, s->schema, err);
  if (rc)
    return rc;
  rc = one ? mlflow_spot_row(s, spot, &w, err) : mlflow_spot_list(s, spot, &w, err);
  if (top && !one && (!rc || rc == SL_ENOENT)) { /* a run that logged only models has no folder of its own */
    uint64_t before = w.rows;
    struct sl_err e = { 0 };
    int more = models_add(s, at->id, spot->shown, &w, &e);
    if (more) {
      rc = more;
      sl_err_set(err, more, "%s", e.msg);
    } else if (w.rows > before)
      rc = SL_OK;
  }
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

int mlflow_store_artifacts(struct mlflow_store *s, struct sl_err *err)
{
  struct look x = { .s = s };
  struct sl_mlflow_address at;
  struct sl_buf uri;
  sl_buf_init(&x.location, 64 << 10);
  sl_buf_init(&x.path, 64 << 10);
  sl_buf_init(&uri, 64 << 10);
  int rc = mlflow_address_of(s->q ? s->q->scope : s->uri, &uri, err);
  if (!rc && !sl_mlflow_address(sl_buf_view(&uri), &at))
    rc = mlflow_address_bad(sl_buf_view(&uri), err);
  rc = rc ? rc : find(&x, &at, sl_buf_view(&uri), err);
  struct mlflow_spot spot = { sl_buf_view(&x.location), sl_buf_view(&x.path), sl_buf_view(&uri) };
  if (!rc)
    rc = s->q ? rows_send(s, &at, &spot, err) : mlflow_spot_read(s, &spot, err);
  sl_buf_free(&x.location);
  sl_buf_free(&x.path);
  sl_buf_free(&uri);
  return rc;
}
