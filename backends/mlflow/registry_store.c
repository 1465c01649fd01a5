/* backends/mlflow/registry_store.c: the model registry from the SQLite store: four statements, then rows. */
#include <stdio.h>

#include "backend_mlflow/files_int.h"
#include "backend_mlflow/mlflow_int.h"
#include "backend_mlflow/registry_int.h"
#include "base/json.h"

struct load { struct mlflow_store *s; struct mlflow_registry g; struct sl_str model; };  /* model: only this one, or none */

/* Prepares sql with its conditions in place of %s: workspace ?1, name ?2. */
static int ask(struct load *x, sqlite3_stmt **st, const char *sql, const char *alias, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, sql);
  if (x->s->workspaces)
    sl_buf_printf(&b, " AND %sworkspace=?1", alias);
  if (x->model.p)
    sl_buf_printf(&b, " AND %sname=?2", alias);
  sl_buf_printf(&b, " ORDER BY %sname", alias);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : mlflow_prepare(x->s, st, b.p, err);
  if (!rc && x->s->workspaces)
    rc = mlflow_bind_text(x->s, *st, 1, sl_str(x->s->m->workspace), err);
  if (!rc && x->model.p)
    rc = mlflow_bind_text(x->s, *st, 2, x->model, err);
  sl_buf_free(&b);
  return rc;
}

static int read_models(struct load *x, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = true;
  int rc = ask(x, &st, "SELECT name,description,last_updated_time FROM registered_models WHERE 1", "", err);
  while (!rc && !(rc = mlflow_step(x->s, st, &row, err)) && row) {
    struct mlflow_model m = { .name = mlflow_col(st, 0), .description = mlflow_col_value(x->s, st, 1) };
    m.has_updated = mlflow_col_ms(st, 2, &m.updated);
    rc = mlflow_registry_model(&x->g, &m, err);
  }
  sqlite3_finalize(st);
  st = NULL;
  row = true;
  rc = rc ? rc : ask(x, &st, "SELECT name FROM registered_model_tags WHERE key='mlflow.prompt.is_prompt' AND value='true'", "", err);
  while (!rc && !(rc = mlflow_step(x->s, st, &row, err)) && row)
    mlflow_registry_prompt(&x->g, mlflow_col(st, 0));
  sqlite3_finalize(st);
  return rc;
}

static int read_aliases(struct load *x, struct sl_err *err)
{
  sqlite3_stmt *st = NULL;
  bool row = true;
  int rc = ask(x, &st, "SELECT name,alias,version FROM registered_model_aliases WHERE 1", "", err);
  while (!rc && !(rc = mlflow_step(x->s, st, &row, err)) && row)
    rc = mlflow_registry_alias(&x->g, mlflow_col(st, 0), mlflow_col(st, 1), sqlite3_column_int64(st, 2), err);
  sqlite3_finalize(st);
  return rc;
}

static int tags_of(struct load *x, sqlite3_stmt *st, const struct mlflow_version *v, struct sl_err *err)
{
  bool row = true;
  struct sl_val n = sl_vi(v->version);
  sqlite3_reset(st);
  int rc = mlflow_bind_text(x->s, st, 2, v->model, err);
  rc = rc ? rc : mlflow_bind(x->s, st, 3, &n, err);
  while (!rc && !(rc = mlflow_step(x->s, st, &row, err)) && row)
    if (mlflow_col(st, 1).p)
      rc = mlflow_registry_tag(&x->g, mlflow_col(st, 0), mlflow_col_value(x->s, st, 1), err);
  return rc;
}

static struct mlflow_version version_of(struct mlflow_store *s, sqlite3_stmt *st)
{
  struct mlflow_version v = { .model = mlflow_col(st, 0), .version = sqlite3_column_int64(st, 1), .stage = mlflow_col(st, 3),
                              .source = mlflow_col(st, 4), .run = mlflow_col(st, 5), .author = mlflow_col(st, 6),
                              .description = mlflow_col_value(s, st, 7), .status = mlflow_col(st, 8) };
  v.has_created = mlflow_col_ms(st, 2, &v.created);
  return v;
}

static int read_versions(struct load *x, struct sl_err *err)
{
  sqlite3_stmt *st = NULL, *tags = NULL;
  bool row = true;
  int rc = ask(x, &st, "SELECT v.name,v.version,v.creation_time,v.current_stage,v.source,v.run_id,v.user_id,v.description,v.status,"
               "coalesce(nullif(r.user_id,''),(SELECT value FROM tags WHERE key='mlflow.user' AND run_uuid=v.run_id)) "
               "FROM model_versions v LEFT JOIN runs r ON r.run_uuid=v.run_id "
               "WHERE (v.current_stage IS NULL OR v.current_stage<>'Deleted_Internal')", "v.", err);
  rc = rc ? rc : mlflow_prepare(x->s, &tags, x->s->workspaces
                                ? "SELECT key,value FROM model_version_tags WHERE name=?2 AND version=?3 AND workspace=?1 ORDER BY key"
                                : "SELECT key,value FROM model_version_tags WHERE name=?2 AND version=?3 ORDER BY key", err);
  if (!rc && x->s->workspaces)
    rc = mlflow_bind_text(x->s, tags, 1, sl_str(x->s->m->workspace), err);
  while (!rc && !(rc = mlflow_step(x->s, st, &row, err)) && row) {
    struct mlflow_version v = version_of(x->s, st);
    struct sl_str user = mlflow_col(st, 9);
    rc = mlflow_registry_version(&x->g, &v, err);
    rc = rc ? rc : tags_of(x, tags, &v, err);
    if (!rc)
      mlflow_registry_author(&x->g, v.run, user);
  }
  sqlite3_finalize(tags);
  sqlite3_finalize(st);
  return rc;
}

static int load(struct load *x, struct sl_err *err)
{
  mlflow_registry_init(&x->g);
  int rc = x->s->db ? read_models(x, err) : mlflow_files_registry(x->s, &x->g, x->model, err);
  if (!rc && x->model.p && !x->g.nmodel)
    rc = sl_err_set(err, SL_ENOENT, "no model is named %.*s (sluice get models lists them)", SL_ARG(sl_str_head(x->model, 80)));
  if (!rc && x->s->db)
    rc = read_aliases(x, err);
  if (!rc && x->s->db)
    rc = read_versions(x, err);
  mlflow_registry_settle(&x->g);
  return rc;
}

/* ---- documents, in the server's words ---- */

static void doc_version(const struct mlflow_registry *g, size_t i, struct sl_jw *w)
{
  const struct mlflow_version *v = &g->version[i];
  const struct { const char *key; struct sl_str text; } texts[] = {
    { "name", v->model }, { "current_stage", v->stage }, { "description", v->description }, { "source", v->source }, { "run_id", v->run },
    { "user_id", v->author }, { "status", v->status },
  };
  sl_jw_obj(w);
  for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
    if (texts[k].text.p) {
      sl_jw_key(w, sl_str(texts[k].key));
      sl_jw_str(w, texts[k].text);
    }
  sl_jw_key(w, SL_STR("version"));
  sl_jw_i64(w, v->version);
  if (v->has_created) {
    sl_jw_key(w, SL_STR("creation_timestamp"));
    sl_jw_i64(w, v->created);
  }
  sl_jw_key(w, SL_STR("tags"));
  sl_jw_obj(w);
  for (size_t k = 0; k < g->ntag; k++)
    if (g->tag[k].version == i) {
      sl_jw_key(w, g->tag[k].key);
      sl_jw_str(w, g->tag[k].value);
    }
  sl_jw_end_obj(w);
  sl_jw_end_obj(w);
}

static void doc_model(const struct mlflow_registry *g, struct sl_jw *w)
{
  sl_jw_obj(w);
  sl_jw_key(w, SL_STR("name"));
  sl_jw_str(w, g->model[0].name);
  if (g->model[0].description.p) {
    sl_jw_key(w, SL_STR("description"));
    sl_jw_str(w, g->model[0].description);
  }
  sl_jw_key(w, SL_STR("aliases"));
  sl_jw_obj(w);
  for (size_t i = 0; i < g->nalias; i++) {
    sl_jw_key(w, g->alias[i].alias);
    sl_jw_i64(w, g->alias[i].version);
  }
  sl_jw_end_obj(w);
  sl_jw_key(w, SL_STR("versions"));
  sl_jw_arr(w);
  for (size_t i = 0; i < g->nversion; i++)
    doc_version(g, i, w);
  sl_jw_end_arr(w);
  sl_jw_end_obj(w);
}

static int doc_send(struct load *x, bool versions, struct sl_err *err)
{
  struct sl_buf b, id;
  sl_buf_init(&b, 0);
  sl_buf_init(&id, 0);
  struct sl_jw w = sl_jw(&b, false);
  if (!versions)
    doc_model(&x->g, &w);
  for (size_t i = 0; versions && i < x->g.nversion; i++) {
    sl_buf_clear(&id);
    sl_buf_str(&id, x->g.version[i].model);
    sl_buf_printf(&id, "/%lld", (long long)x->g.version[i].version);
    if (sl_str_eq(sl_buf_view(&id), x->s->q->scope))
      doc_version(&x->g, i, &w);
  }
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : sl_feed_doc(x->s->f, sl_buf_view(&b));
  sl_buf_free(&b);
  sl_buf_free(&id);
  return rc;
}

/* ---- rows ---- */

static int rows_send(struct load *x, bool versions, struct sl_err *err)
{
  struct sl_str only = x->s->q->kind == SL_Q_GET ? x->s->q->scope : SL_STR_NONE;
  bool more = true;
  uint64_t rows = 0;
  size_t at = 0;
  int rc = SL_OK;
  while (more && !rc) {
    struct sl_batch *b = NULL;
    rc = sl_batch_new(&b, x->s->schema, err);
    if (rc)
      break;
    more = versions ? mlflow_fill_versions(&x->g, &at, only, b) : mlflow_fill_models(&x->g, &at, only, b);
    rows += sl_batch_count(b);
    rc = sl_feed_rows(x->s->f, &b);
  }
  if (!rc && only.p && !rows)
    rc = sl_err_set(err, SL_ENOENT, "there is no %.*s in the registry", SL_ARG(sl_str_head(only, 80)));
  return !rc && only.p ? doc_send(x, versions, err) : rc;
}

static int answer(struct mlflow_store *s, bool versions, struct sl_err *err)
{
  struct load x = { .s = s };
  bool one = s->q->kind == SL_Q_GET;
  if (versions)
    x.model = one ? mlflow_version_model(s->q->scope) : s->q->scope.n ? s->q->scope : SL_STR_NONE;
  else if (one)
    x.model = s->q->scope;
  int rc = load(&x, err);
  if (!rc && s->db) /* all is read: nobody who writes waits while files are */
    (void)sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
  if (!rc && versions && mlflow_want_digests(s->q))
    rc = mlflow_registry_digests(&x.g, s, s->recorder, sl_str(sl_backend_name(s->m->b)), one ? s->q->scope : SL_STR_NONE,
                                 sl_feed_cancel_flag(s->f), err);
  rc = rc ? rc : sl_feed_head(s->f, NULL, 0, -1);
  rc = rc ? rc : rows_send(&x, versions, err);
  mlflow_registry_free(&x.g);
  return rc;
}

int mlflow_store_models(struct mlflow_store *s, struct sl_err *err)
{
  return answer(s, false, err);
}

int mlflow_store_versions(struct mlflow_store *s, struct sl_err *err)
{
  return answer(s, true, err);
}
