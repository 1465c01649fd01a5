/* backends/mlflow/rest_may.c: the dry call of an action on a server: whether we may do it, as far as the server tells a user, then its
 * exact calls. None is sent.
 *
 * Servers from 3.13 on tell what a user may do with a model or an experiment. Older ones tell which permissions somebody gave the user by
 * name, and keep for themselves what everybody may. What is not told is not held against the person: then the attempt says it. A run's
 * permission is its experiment's, which is looked up first. */
#include <stdio.h>
#include <string.h>

#include "backend_mlflow/rest_conn_int.h"
#include "backend_mlflow/write_int.h"
#include "base/fmt.h"
#include "base/utf8.h"

enum { ANSWER_MAX = 4 << 20 };

static void ask_next(struct mlflow_may *m);
static void ask_again(struct mlflow_may *m);

static void drop(struct mlflow_ask *a)
{
  struct mlflow_may *m = (struct mlflow_may *)a;
  if (m->made)
    mlflow_changes_free(&m->x);
  m->made = false;
}

static void calls(struct mlflow_may *m)
{
  struct sl_err e = { 0 };
  struct sl_buf doc;
  sl_buf_init(&doc, 4 << 20);
  int rc = mlflow_dry_doc(m->c, mlflow_rest_words, &doc, &e);
  rc = rc ? rc : sl_req_doc(m->a.r, sl_buf_view(&doc));
  sl_buf_free(&doc);
  mlflow_ask_end(&m->a, rc, rc ? &e : NULL);
}

/* ---- what the permission means ---- */

/* -1: a word that we do not know. */
static int rank(struct sl_str p)
{
  static const char *const names[] = { "DENY", "NO_PERMISSIONS", "READ", "USE", "EDIT", "MANAGE" };
  for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
    if (sl_str_eqz(p, names[i]))
      return i;
  return -1;
}

/* The first change that asks for more than the user has; NULL: none. */
static const struct mlflow_change *too_much(const struct mlflow_may *m, struct sl_str has)
{
  int have = rank(has);
  for (size_t i = 0; have >= 0 && i < m->x.n; i++)
    if (have < rank(mlflow_wants_manage(&m->x.c[i]) ? SL_STR("MANAGE") : SL_STR("EDIT")))
      return &m->x.c[i];
  return NULL;
}

static int judge(struct mlflow_may *m, struct sl_str has, struct sl_err *err)
{
  const struct mlflow_change *c = too_much(m, has);
  struct sl_buf what;
  if (!c)
    return SL_OK;
  sl_buf_init(&what, 4096);
  mlflow_change_words(&m->x, c, &what);
  struct sl_str head = sl_str_head(sl_buf_view(&what), sl_utf8_cut(sl_buf_view(&what), 90));
  sl_err_set(err, SL_EDENIED, "%s may not do this: %.*s needs the permission %s on the %s; yours is %.*s", m->a.m->rest->who,
             SL_ARG(head), mlflow_wants_manage(c) ? "MANAGE" : "EDIT", m->on_run ? "experiment" : "model", SL_ARG(sl_str_head(has, 20)));
  sl_buf_free(&what);
  return SL_EDENIED;
}

/* What was given by name; none: nothing was. */
static struct sl_str given(const struct mlflow_may *m, const json_t *doc)
{
  const json_t *one, *all = json_object_get(json_object_get(doc, "user"), m->on_run ? "experiment_permissions"
                                            : "registered_model_permissions");
  size_t i;
  json_array_foreach(all, i, one)
    if (sl_str_eq(sl_json_str(one, m->on_run ? "experiment_id" : "name"), m->on_run ? sl_str(m->experiment) : m->x.model))
      return sl_json_str(one, "permission");
  return SL_STR_NONE;
}

/* ---- asking ---- */

static void on_answer(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct mlflow_may *m = user;
  struct sl_err e = { 0 };
  json_t *doc = NULL;
  m->a.http = NULL;
  if (rc == SL_ECANCELED) {
    mlflow_ask_end(&m->a, rc, err);
    return;
  }
  if (!rc && i->status == 404 && !m->named) {
    m->named = true;
    ask_again(m);
    return;
  }
  bool told = !rc && i->status == 200 && !sl_json_load(&doc, body, true, NULL);
  rc = told ? judge(m, m->named ? given(m, doc) : sl_json_str(doc, "permission"), &e) : SL_OK;
  json_decref(doc);
  if (rc) {
    mlflow_ask_end(&m->a, rc, &e);
    return;
  }
  m->target++;
  ask_next(m);
}

static int ask_start(struct mlflow_may *m, struct sl_err *err)
{
  static const struct sl_http_ops ops = { .done = on_answer };
  struct mlflow_rest *rest = m->a.m->rest;
  struct sl_str who = sl_str_from(sl_str(rest->who), strlen("mlflow:"));
  struct sl_buf url;
  sl_buf_init(&url, 0);
  sl_buf_printf(&url, "%s%s?", rest->base, m->named ? "/api/2.0/mlflow/users/get" : "/api/3.0/mlflow/users/permissions/get");
  mlflow_param(&url, "username", who);
  if (!m->named) {
    mlflow_param(&url, "resource_type", m->on_run ? SL_STR("experiment") : SL_STR("registered_model"));
    mlflow_param(&url, "resource_id", m->on_run ? sl_str(m->experiment) : m->x.model);
  }
  sl_buf_cut(&url, url.n - 1);
  struct sl_http_req req = { .method = "GET", .url = sl_buf_zstr(&url), .repeatable = true, .max_tries = 2,
                             .idle_ms = m->a.m->timeout_ms, .max_body = ANSWER_MAX };
  int rc = sl_buf_check(&url, err);
  rc = rc ? rc : sl_http_new(&m->a.http, rest->pool, &req, &ops, m, err);
  if (!rc && (rc = mlflow_conn_sign(m->a.m, m->a.http, err)))
    sl_http_cancel(m->a.http);
  rc = rc ? rc : sl_http_start(m->a.http, err);
  if (rc)
    m->a.http = NULL;
  sl_buf_free(&url);
  return rc;
}

/* Another target of the same model needs no second question: what is done is the same. */
static bool same_model(const struct mlflow_may *m)
{
  const struct sl_ref *t = m->c->targets;
  struct sl_str a = t[m->target].id, b = m->target ? t[m->target - 1].id : SL_STR("");
  return m->target && sl_str_eqz(sl_str(m->c->res->name), "versions") && sl_str_eq(mlflow_version_model(a), mlflow_version_model(b));
}

static void ask_again(struct mlflow_may *m)
{
  struct sl_err e = { 0 };
  int rc = ask_start(m, &e);
  if (rc)
    mlflow_ask_end(&m->a, rc, &e);
}

/* ---- of which experiment is the run? ---- */

static int on_run(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct mlflow_may *m = user;
  struct sl_str id = sl_mlflow_text(sl_mlflow_get(n, "info"), "experiment_id");
  (void)err;
  if (id.n && id.n < sizeof m->experiment)
    snprintf(m->experiment, sizeof m->experiment, "%.*s", SL_ARG(id));
  return SL_OK;
}

static void run_page(struct mlflow_ask *a, struct sl_str token, struct sl_buf *query, struct sl_jw *w)
{
  (void)token;
  (void)w;
  mlflow_param(query, "run_id", ((struct mlflow_may *)a)->x.run);
}

/* A run that cannot be read is the attempt's to tell. */
static void run_end(struct mlflow_ask *a, int rc, const struct sl_err *err)
{
  struct mlflow_may *m = (struct mlflow_may *)a;
  if (rc == SL_ECANCELED || rc == SL_ENOMEM || rc == SL_EAUTH)
    mlflow_ask_end(a, rc, err);
  else if (m->experiment[0])
    ask_again(m);
  else {
    m->target++;
    ask_next(m);
  }
}

static void ask_run(struct mlflow_may *m)
{
  static const struct mlflow_list list = { .path = "runs/get", .list = "run", .what = "the run", .one_page = true, .page = run_page,
                                           .item = on_run, .end = run_end };
  m->experiment[0] = 0;
  mlflow_ask_list(&m->a, &list);
}

/* ---- target after target ---- */

static void ask_next(struct mlflow_may *m)
{
  struct sl_err e = { 0 };
  drop(&m->a);
  while (m->target < m->c->ntargets && same_model(m))
    m->target++;
  if (m->target == m->c->ntargets) {
    calls(m);
    return;
  }
  int rc = mlflow_changes_make(&m->x, m->c, m->target, &e);
  m->made = true;
  if (rc)
    mlflow_ask_end(&m->a, rc, &e);
  else if (m->on_run)
    ask_run(m);
  else
    ask_again(m);
}

static void start(struct mlflow_ask *a)
{
  struct mlflow_may *m = (struct mlflow_may *)a;
  m->on_run = sl_str_eqz(sl_str(m->c->res->name), "runs");
  if (a->m->rest->who[0] && !a->m->rest->admin)
    ask_next(m);
  else
    calls(m);
}

int mlflow_rest_dry(struct sl_req *r, const struct sl_call *c, struct sl_err *err)
{
  struct mlflow_may *m = sl_req_state(r);
  m->c = c;
  m->a.drop = drop;
  return mlflow_ask_begin(r, start, err);
}
