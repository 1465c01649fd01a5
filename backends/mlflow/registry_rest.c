/* backends/mlflow/registry_rest.c: the model registry of a server: models (they alone know the aliases), versions, and for the versions the
 * runs that they came from (a version of the open-source server names no author). */
#include <stdio.h>

#include "backend_mlflow/registry_int.h"
#include "backend_mlflow/rest_int.h"
#include "backend_mlflow/runs_int.h"
#include "backend_mlflow/write_int.h"

enum { RUNS_AT_ONCE = 100 };

struct registry_ask {
  struct mlflow_ask a;
  struct mlflow_registry g;
  struct sl_map experiments;
  struct sl_str only, model;        /* GET: the row's id; the one model, or none */
  bool versions, asked;
  size_t at, run;                   /* next row; next run to ask for */
  uint64_t rows;
};

static void authors_next(struct registry_ask *x);

static void drop(struct mlflow_ask *a)
{
  struct registry_ask *x = (struct registry_ask *)a;
  mlflow_registry_free(&x->g);
  sl_map_free(&x->experiments);
}

/* ---- rows, when everything is here ---- */

static void emit(struct mlflow_ask *a)
{
  struct registry_ask *x = (struct registry_ask *)a;
  struct sl_err e = { 0 };
  bool more = true;
  int rc = SL_OK;
  while (more && !rc) {
    struct sl_batch *b = mlflow_ask_batch(a);
    if (!b) {
      rc = sl_err_nomem(&e);
      break;
    }
    more = x->versions ? mlflow_fill_versions(&x->g, &x->at, x->only, b) : mlflow_fill_models(&x->g, &x->at, x->only, b);
    x->rows += sl_batch_count(b);
    rc = mlflow_ask_send(a, true, &e);
  }
  if (rc == SL_EAGAIN && more)
    return; /* go_on() is emit() */
  if ((!rc || rc == SL_EAGAIN) && x->only.p && !x->rows)
    rc = sl_err_set(&e, SL_ENOENT, "there is no %.*s in the registry", SL_ARG(sl_str_head(x->only, 80)));
  mlflow_ask_end(a, rc == SL_EAGAIN ? SL_OK : rc, &e);
}

static void ready(struct registry_ask *x)
{
  mlflow_registry_settle(&x->g);
  if (x->versions && mlflow_registry_later(x->a.r, &x->g, x->only)) {
    mlflow_ask_handed(&x->a);
    return;
  }
  x->a.go_on = emit;
  emit(&x->a);
}

/* ---- authors ---- */

static void authors_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct registry_ask *x = (struct registry_ask *)a;
  char note[90];
  if (rc == SL_ECANCELED) {
    mlflow_ask_end(a, rc, err);
    return;
  }
  if (rc) { /* versions without authors are better than none */
    snprintf(note, sizeof note, "authors are missing: %.60s", err->msg);
    sl_req_cut(a->r, note);
    ready(x);
    return;
  }
  authors_next(x);
}

static int on_author(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct registry_ask *x = user;
  struct mlflow_run r = mlflow_node_run(n);
  const struct sl_mlflow_node *tags = sl_mlflow_get(sl_mlflow_get(n, "data"), "tags");
  (void)err;
  for (const struct sl_mlflow_node *t = tags ? tags->child : NULL; t && !r.user.n; t = t->next)
    if (sl_str_eqz(sl_mlflow_text(t, "key"), "mlflow.user"))
      r.user = sl_mlflow_text(t, "value");
  mlflow_registry_author(&x->g, r.id, r.user);
  return SL_OK;
}

static void authors_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct registry_ask *x = (struct registry_ask *)a;
  struct sl_buf filter;
  (void)query;
  sl_buf_init(&filter, 0);
  sl_buf_z(&filter, "attributes.run_id IN (");
  size_t end = x->run, n = 0;
  for (; end < sl_map_count(&x->g.runs) && n < RUNS_AT_ONCE; end++)
    if (sl_mlflow_plain(sl_map_key(&x->g.runs, end)))
      sl_buf_printf(&filter, "%s'%.*s'", n++ ? "," : "", SL_ARG(sl_map_key(&x->g.runs, end)));
  sl_buf_ch(&filter, ')');
  sl_jw_key(w, SL_STR("experiment_ids"));
  sl_jw_arr(w);
  for (size_t i = 0; i < sl_map_count(&x->experiments); i++)
    sl_jw_str(w, sl_map_key(&x->experiments, i));
  sl_jw_end_arr(w);
  mlflow_body_text(w, "filter", sl_buf_view(&filter));
  mlflow_body_text(w, "run_view_type", SL_STR("ALL"));
  mlflow_body_int(w, "max_results", MLFLOW_PAGE);
  mlflow_body_text(w, "page_token", token);
  sl_buf_free(&filter);
}

/* Moves on by what the last page asked for; a stretch without one plain id is skipped. */
static void authors_next(struct registry_ask *x)
{
  static const struct mlflow_list list = { .path = "runs/search", .list = "runs", .what = "authors", .post = true, .page = authors_page,
                                           .item = on_author, .end = authors_end };
  size_t n = 0, all = sl_map_count(&x->g.runs);
  if (x->asked)
    for (; x->run < all && n < RUNS_AT_ONCE; x->run++)
      n += sl_mlflow_plain(sl_map_key(&x->g.runs, x->run));
  while (x->run < all && !sl_mlflow_plain(sl_map_key(&x->g.runs, x->run)))
    x->run++;
  x->asked = true;
  if (x->run == all || !sl_map_count(&x->experiments))
    ready(x);
  else
    mlflow_ask_list(&x->a, &list);
}

static int on_experiment(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct registry_ask *x = user;
  return sl_map_put(&x->experiments, sl_mlflow_text(n, "experiment_id"), 0, NULL, err);
}

static void experiments_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)a;
  (void)query;
  mlflow_body_experiments(w, "ALL", token);
}

/* ---- versions ---- */

static int on_version(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct registry_ask *x = user;
  struct mlflow_version v = { .model = sl_mlflow_text(n, "name"), .stage = sl_mlflow_text(n, "current_stage"),
                              .run = sl_mlflow_text(n, "run_id"), .author = sl_mlflow_text(n, "user_id"),
                              .source = sl_mlflow_text(n, "source"), .status = sl_mlflow_text(n, "status"),
                              .description = sl_mlflow_text(n, "description") };
  const struct sl_mlflow_node *tags = sl_mlflow_get(n, "tags");
  if (!v.model.n || !sl_mlflow_int(n, "version", &v.version))
    return sl_err_set(err, SL_EPROTO, "the server sent a version without a model or number");
  if (sl_str_eqz(v.stage, "Deleted_Internal"))
    return SL_OK;
  v.has_created = mlflow_node_ms(n, "creation_timestamp", &v.created);
  int rc = mlflow_registry_version(&x->g, &v, err);
  for (const struct sl_mlflow_node *t = tags ? tags->child : NULL; t && !rc; t = t->next)
    if (sl_mlflow_text(t, "key").p && sl_mlflow_text(t, "value").p)
      rc = mlflow_registry_tag(&x->g, sl_mlflow_text(t, "key"), sl_mlflow_text(t, "value"), err);
  struct sl_buf id;
  sl_buf_init(&id, 0);
  sl_buf_str(&id, v.model);
  sl_buf_printf(&id, "/%lld", (long long)v.version);
  if (!rc && x->versions && x->only.p && sl_str_eq(x->only, sl_buf_view(&id)))
    rc = mlflow_ask_doc(&x->a, n);
  sl_buf_free(&id);
  return rc;
}

static void versions_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct registry_ask *x = (struct registry_ask *)a;
  (void)w;
  if (x->model.n && sl_mlflow_plain(x->model)) {
    struct sl_buf filter;
    sl_buf_init(&filter, 0);
    sl_buf_printf(&filter, "name='%.*s'", SL_ARG(x->model));
    mlflow_param(query, "filter", sl_buf_view(&filter));
    sl_buf_free(&filter);
  }
  mlflow_param(query, "max_results", SL_STR("1000"));
  if (token.n)
    mlflow_param(query, "page_token", token);
}

static void versions_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct registry_ask *x = (struct registry_ask *)a;
  static const struct mlflow_list list = { .path = "experiments/search", .list = "experiments", .what = "experiments", .post = true,
                                           .page = experiments_page, .item = on_experiment, .end = authors_end };
  if (rc)
    mlflow_ask_end(a, rc, err);
  else if (x->versions && sl_map_count(&x->g.runs))
    mlflow_ask_list(a, &list);
  else
    ready(x);
}

/* ---- models ---- */

static int on_model(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct registry_ask *x = user;
  struct mlflow_model m = { .name = sl_mlflow_text(n, "name"), .description = sl_mlflow_text(n, "description") };
  const struct sl_mlflow_node *aliases = sl_mlflow_get(n, "aliases"), *tags = sl_mlflow_get(n, "tags");
  int64_t version;
  if (!m.name.n)
    return sl_err_set(err, SL_EPROTO, "the server sent a model without a name");
  m.has_updated = mlflow_node_ms(n, "last_updated_timestamp", &m.updated);
  int rc = mlflow_registry_model(&x->g, &m, err);
  for (const struct sl_mlflow_node *c = aliases ? aliases->child : NULL; c && !rc; c = c->next)
    if (sl_mlflow_int(c, "version", &version))
      rc = mlflow_registry_alias(&x->g, m.name, sl_mlflow_text(c, "alias"), version, err);
  for (const struct sl_mlflow_node *c = tags ? tags->child : NULL; c && !rc; c = c->next)
    if (sl_str_eqz(sl_mlflow_text(c, "key"), "mlflow.prompt.is_prompt") && sl_str_eqz(sl_mlflow_text(c, "value"), "true"))
      mlflow_registry_prompt(&x->g, m.name);
  if (!rc && x->only.p && !x->versions)
    rc = mlflow_ask_doc(&x->a, n);
  return rc;
}

static void models_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  struct registry_ask *x = (struct registry_ask *)a;
  (void)w;
  if (x->model.p) {
    mlflow_param(query, "name", x->model);
    return;
  }
  mlflow_param(query, "max_results", SL_STR("1000"));
  if (token.n)
    mlflow_param(query, "page_token", token);
}

static void models_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct registry_ask *x = (struct registry_ask *)a;
  static const struct mlflow_list list = { .path = "model-versions/search", .list = "model_versions", .what = "versions",
                                           .page = versions_page, .item = on_version, .end = versions_end };
  struct sl_err e;
  if (rc == SL_ENOENT && x->model.p) {
    sl_err_set(&e, SL_ENOENT, "no model is named %.*s (sluice get models lists them)", SL_ARG(sl_str_head(x->model, 80)));
    err = &e;
  }
  if (rc)
    mlflow_ask_end(a, rc, err);
  else
    mlflow_ask_list(a, &list);
}

/* ---- the requests ---- */

static void start(struct mlflow_ask *a)
{
  struct registry_ask *x = (struct registry_ask *)a;
  static const struct mlflow_list all = { .path = "registered-models/search", .list = "registered_models", .what = "models",
                                          .page = models_page, .item = on_model, .end = models_end };
  static const struct mlflow_list one = { .path = "registered-models/get", .list = "registered_model", .what = "model",
                                          .page = models_page, .item = on_model, .end = models_end };
  if (sl_req_head(a->r, NULL, 0, -1) == SL_ECANCELED)
    mlflow_ask_end(a, SL_ECANCELED, NULL);
  else
    mlflow_ask_list(a, x->model.p ? &one : &all);
}

static int registry_query(struct sl_req *r, bool versions, struct sl_err *err)
{
  struct registry_ask *x = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  const struct mlflow *m = sl_backend_state(sl_req_backend(r));
  if (!m->rest)
    return mlflow_store_start(r, versions ? mlflow_store_versions : mlflow_store_models, err);
  mlflow_registry_init(&x->g);
  sl_map_init(&x->experiments);
  x->versions = versions;
  x->only = q->kind == SL_Q_GET ? q->scope : SL_STR_NONE;
  x->model = x->only.p ? (versions ? mlflow_version_model(q->scope) : q->scope) : versions && q->scope.n ? q->scope : SL_STR_NONE;
  x->a.drop = drop;
  return mlflow_ask_begin(r, start, err);
}

static int models_query(struct sl_req *r, struct sl_err *err)
{
  return registry_query(r, false, err);
}

static int versions_query(struct sl_req *r, struct sl_err *err)
{
  return registry_query(r, true, err);
}

const struct sl_serve mlflow_serve_models = {
  .res = &sl_res_models,
  .own = mlflow_model_cols,
  .nown = MLFLOW_MODEL_COLS,
  .verbs = mlflow_model_verbs,
  .nverbs = MLFLOW_MODEL_VERBS,
  .req_size = sizeof(struct registry_ask),
  .query = models_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};
const struct sl_serve mlflow_serve_versions = {
  .res = &sl_res_versions,
  .own = mlflow_version_cols,
  .nown = MLFLOW_VERSION_COLS,
  .verbs = mlflow_version_verbs,
  .nverbs = MLFLOW_VERSION_VERBS,
  .req_size = sizeof(struct registry_ask),
  .query = versions_query,
  .resume = mlflow_ask_resume,
  .cancel = mlflow_ask_cancel,
};
