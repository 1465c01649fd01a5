/* backends/mlflow/rest_conn.c: getting to know a server: /health, /version, server-info, who we are; and what its refusals mean.
 *
 * /version is not everybody's (401, 403 where there are logins) and server-info came late: what is not told is not held against the
 * server. Before 2.0 there was neither, but the /preview paths, which went with 1.x. */
#include <stdio.h>

#include "backend_mlflow/rest_conn_int.h"
#include "base/fmt.h"

enum { PROBE_MAX = 256 << 10 };

static void probe_next(struct mlflow *m);

/* ---- opening ---- */

static bool is_set(const struct sl_conf *c, const char *name)
{
  const struct sl_secret_src *s = sl_conf_secret(c, name);
  return s && s->kind != SL_SECRET_NONE;
}

/* Where a person would go to mend it. */
static void secret_from(struct mlflow_rest *rest, const struct sl_secret_src *s)
{
  size_t n = sizeof rest->from;
  switch (s ? s->kind : SL_SECRET_NONE) {
  case SL_SECRET_LITERAL: snprintf(rest->from, n, "the workspace file"); break;
  case SL_SECRET_ENV: snprintf(rest->from, n, "the variable %.80s", s->text); break;
  case SL_SECRET_FILE: snprintf(rest->from, n, "the file %.100s", s->text); break;
  case SL_SECRET_COMMAND: snprintf(rest->from, n, "the command %.100s", s->argv[0] ? s->argv[0] : ""); break;
  default: break;
  }
}

int mlflow_conn_open(struct mlflow *m, const struct sl_conf *c, struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest = sl_calloc(1, sizeof *rest);
  struct sl_http_tls tls = { sl_conf_text(c, "ca_file"), sl_conf_text(c, "cert_file"), sl_conf_text(c, "key_file"),
                             sl_conf_bool(c, "insecure", false) };
  struct sl_str uri = sl_str(sl_conf_text(c, "uri"));
  const char *user = sl_conf_text(c, "username");
  struct sl_url u;
  if (!rest)
    return sl_err_nomem(err);
  while (uri.n && uri.p[uri.n - 1] == '/')
    uri.n--;
  if (!sl_url_parse(uri, &u) || u.query.p || u.user.p)
    return sl_err_set(err, SL_ECONFIG, "connection %s: uri must be http(s)://HOST[:PORT][/PREFIX]%s", sl_backend_name(m->b),
                      u.user.p ? "; give username and password as settings" : "");
  rest->base = sl_strndup(uri.p, uri.n);
  rest->user = user ? sl_strdup(user) : NULL;
  rest->latency_ms = -1;
  if (is_set(c, "password") && !user)
    return sl_err_set(err, SL_ECONFIG, "connection %s: password needs username", sl_backend_name(m->b));
  rest->wants_secret = is_set(c, "token") || is_set(c, "password") || user;
  secret_from(rest, sl_conf_secret(c, user ? "password" : "token"));
  if (!rest->base || (user && !rest->user))
    return sl_err_nomem(err);
  int rc = rest->wants_secret ? SL_OK : mlflow_login_around(rest, u.host, err);
  mlflow_tls_around(&tls);
  rest->certified = tls.cert_file != NULL;
  rest->insecure = tls.insecure && sl_str_eqz(u.scheme, "https");
  return rc ? rc : sl_http_pool_open(&rest->pool, sl_backend_loop(m->b), &tls, err);
}

void mlflow_conn_close(struct mlflow *m)
{
  struct mlflow_rest *rest = m->rest;
  if (!rest)
    return;
  sl_timer_stop(sl_backend_loop(m->b), &rest->begin);
  if (rest->pool)
    sl_http_pool_close(rest->pool);
  sl_secret_unref(rest->secret);
  sl_free(rest->base);
  sl_free(rest->user);
  sl_free(rest);
  m->rest = NULL;
}

static int sign(struct mlflow *m, struct sl_http *h, struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  if (!rest->secret)
    return SL_OK;
  return rest->user ? sl_http_basic(h, rest->user, rest->secret, err) : sl_http_bearer(h, rest->secret, err);
}

/* A server that has none refuses the header even with the name that is everybody's. */
int mlflow_conn_sign(struct mlflow *m, struct sl_http *h, struct sl_err *err)
{
  bool named = m->workspace_set && (m->rest->workspaces || !sl_str_eqz(sl_str(m->workspace), "default"));
  int rc = sign(m, h, err);
  return rc || !named ? rc : sl_http_header(h, "X-MLFLOW-WORKSPACE", sl_str(m->workspace), err);
}

/* What was set at opening (MLflow's variables and files) stays; what was asked for is asked for again. */
static void secret_forget(struct mlflow_rest *rest)
{
  if (rest->asked_secret) {
    sl_secret_unref(rest->secret);
    rest->secret = NULL;
    rest->asked_secret = false;
  }
  rest->proved = false;
  rest->generation++;
  if (rest->at == REST_KNOWN)
    rest->at = REST_NEW;
}

bool mlflow_conn_renew(struct mlflow *m, unsigned generation)
{
  struct mlflow_rest *rest = m->rest;
  if (generation != rest->generation)
    return true; /* somebody was told before us */
  if (!rest->secret || !rest->asked_secret || !rest->proved)
    return false;
  secret_forget(rest);
  return true;
}

/* ---- words ---- */

/* Where the right one goes. */
static void advice(struct mlflow *m, char *out, size_t n)
{
  if (m->rest->from[0])
    snprintf(out, n, "it is from %s: mend it there", m->rest->from);
  else
    snprintf(out, n, "run: sluice login %s", sl_backend_name(m->b));
}

static int not_logged_in(struct mlflow *m, const struct sl_http_info *i, struct sl_err *err)
{
  const char *name = sl_backend_name(m->b);
  struct mlflow_rest *rest = m->rest;
  bool by_name = sl_str_ieq(sl_str_head(sl_http_find(i, "WWW-Authenticate"), 5), SL_STR("Basic"));
  char what[160];
  advice(m, what, sizeof what);
  if (rest->secret)
    sl_err_set(err, SL_EAUTH, "the server refused %s%s%s; %s", rest->user ? "the password of " : "the token", rest->user ? rest->user : "",
               by_name && !rest->user ? " (it takes a username and a password)" : "", what);
  else if (by_name && !rest->wants_secret)
    sl_err_set(err, SL_EAUTH, "the server wants a login by name; set username of connection %s, then run: sluice login %s%s%s", name, name,
               rest->secret_err.msg[0] ? "; " : "", rest->secret_err.msg);
  else
    sl_err_set(err, SL_EAUTH, "the server wants a login; run: sluice login %s, or set token, or username and password%s%s", name,
               rest->secret_err.msg[0] ? "; " : "", rest->secret_err.msg);
  if (rest->at == REST_KNOWN)
    secret_forget(rest);
  return SL_EAUTH;
}

static const char *workspace_from(const struct mlflow *m)
{
  return m->workspace_env ? "MLFLOW_WORKSPACE" : "the setting `workspace`";
}

static int no_workspaces(const struct mlflow *m, struct sl_err *err)
{
  return sl_err_set(err, SL_ECONFIG, "the server has no workspaces, and %s names one; take it out", workspace_from(m));
}

int mlflow_conn_explain(struct mlflow *m, const struct sl_http_info *i, struct sl_str body, const char *what, struct sl_err *err)
{
  if (i->status == 401)
    return not_logged_in(m, i, err);
  if (i->status == 403 && sl_str_find(body, SL_STR("Invalid Host header")) >= 0)
    return sl_err_set(err, SL_ENET, "the server does not answer to this host name (its check against DNS rebinding); start it with "
                      "--allowed-hosts HOST:PORT, or reach it as localhost");
  if (i->status == 400 && sl_str_find(body, SL_STR("SSL certificate")) >= 0) /* nginx, after the handshake */
    return sl_err_set(err, SL_EAUTH, m->rest->certified ? "the server does not take our certificate; is cert_file of its authority, and "
                      "not out of date?" : "the server wants a certificate of ours; set cert_file and key_file");
  if (i->status == 200)
    return sl_err_set(err, SL_EPROTO, "%s answered %.*s where JSON was due; is a proxy or a login page in between, or does uri lack a "
                      "prefix?", m->rest->base, SL_ARG(i->content_type.n ? sl_str_head(i->content_type, 40)
                      : SL_STR("something")));
  if (m->workspace_set && sl_str_find(body, SL_STR("FEATURE_DISABLED")) >= 0)
    return no_workspaces(m, err);
  if (i->status == 404 && m->workspace_set && m->rest->workspaces && sl_str_find(body, SL_STR("Workspace '")) >= 0)
    return sl_err_set(err, SL_ECONFIG, "the server has no workspace %.60s, or does not show it to you; mend %s", m->workspace,
                      workspace_from(m));
  if (i->status == 400 && m->rest->workspaces && !m->workspace_set && sl_str_find(body, SL_STR("orkspace")) >= 0)
    return sl_err_set(err, SL_ECONFIG, "%s: the server has workspaces and wants one named; set `workspace` of connection %s", what,
                      sl_backend_name(m->b));
  return sl_http_explain(i, body, what, err);
}

void mlflow_conn_fine(struct mlflow *m)
{
  struct mlflow_rest *rest = m->rest;
  struct sl_err e = { 0 };
  if (rest->insecure)
    sl_err_set(&e, SL_EUNSUP, "insecure: true: nobody checks who %s is; anybody on the way can read and change what is sent", rest->base);
  sl_backend_report(m->b, "ok", rest->who[0] ? rest->who : NULL, 0, rest->latency_ms, rest->insecure ? &e : NULL);
}

void mlflow_conn_failed(struct mlflow *m, int rc, const struct sl_err *err)
{
  if (rc == SL_ECANCELED || rc == SL_ENOENT || rc == SL_ENOMEM)
    return;
  sl_backend_report(m->b, rc == SL_EAUTH ? "login" : rc == SL_EDENIED ? "ok" : "failed", m->rest->who[0] ? m->rest->who : NULL, 0,
                    m->rest->latency_ms, err);
}

/* ---- the look at it ---- */

static void waiting_start(struct mlflow *m, int rc, const struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  while (rest->waiting) {
    struct mlflow_ask *a = rest->waiting;
    rest->waiting = a->next;
    a->waiting = false;
    if (!rc)
      a->start(a);
    else if (a->listing)
      mlflow_ask_list_end(a, rc, err);
    else
      mlflow_ask_end(a, rc, err);
  }
}

static void probe_over(struct mlflow *m, int rc, const struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  rest->at = rc ? REST_NEW : REST_KNOWN;
  if (rc == SL_EAUTH)
    secret_forget(rest);
  if (rc)
    mlflow_conn_failed(m, rc, &e);
  else
    mlflow_conn_fine(m);
  waiting_start(m, rc, &e);
}

static int too_old(const char *version, struct sl_err *err)
{
  return sl_err_set(err, SL_EUNSUP, "the server is MLflow %s; Sluice needs 2.0 or newer", version);
}

static int take_version(struct mlflow *m, const struct sl_http_info *i, struct sl_str body, struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  int major = 0, minor = 0;
  if (i->status != 200 || !sl_mlflow_version(body, &major, &minor)) {
    rest->at = i->status == 404 ? REST_OLD : REST_INFO;
    return SL_OK;
  }
  snprintf(rest->version, sizeof rest->version, "%.*s", SL_ARG(sl_str_head(sl_str_trim(body), sizeof rest->version - 1)));
  rest->at = REST_INFO;
  return major < 2 ? too_old(rest->version, err) : SL_OK;
}

static int take_health(struct mlflow *m, const struct sl_http_info *i, struct sl_str body, struct sl_err *err)
{
  struct sl_str text = sl_str_trim(sl_str_head(body, 64));
  bool html = sl_str_find(i->content_type, SL_STR("html")) >= 0 && text.n && text.p[0] == '<';
  m->rest->latency_ms = i->wait_ms;
  m->rest->at = REST_VERSION;
  if ((i->status == 200 && html) || i->status == 401 || i->status == 407 || i->status >= 500 || (i->status >= 300 && i->status < 400))
    return mlflow_conn_explain(m, i, body, "health", err);
  return SL_OK;
}

/* Servers before 3.13 have no users/current, but tell a user about himself: who has the password of a name that they know is that name. */
static void take_who(struct mlflow *m, const struct sl_http_info *i, struct sl_str body)
{
  json_t *doc = NULL;
  struct mlflow_rest *rest = m->rest;
  struct sl_str name = SL_STR_NONE;
  if (i->status == 200 && !sl_json_load(&doc, body, true, NULL)) {
    const json_t *user = json_object_get(doc, "user");
    name = sl_json_str(json_is_object(user) ? user : doc, "username");
    rest->admin = json_is_true(json_object_get(user, "is_admin"));
  }
  if (name.n)
    snprintf(rest->who, sizeof rest->who, "mlflow:%.*s", SL_ARG(sl_str_head(name, 80)));
  rest->at = rest->at == REST_WHO && i->status == 404 && rest->user ? REST_USER : REST_KNOWN;
  json_decref(doc);
}

/* Servers before 3.10 take no notice of a workspace's name, and would show everything. */
static int take_info(struct mlflow *m, const struct sl_http_info *i, struct sl_str body, struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  json_t *doc = NULL, *said = NULL;
  int major = 0, minor = 0;
  if (i->status == 200 && !sl_json_load(&doc, body, true, NULL))
    said = json_object_get(doc, "workspaces_enabled");
  bool old = i->status == 404 && sl_mlflow_version(sl_str(rest->version), &major, &minor) && (major < 3 || (major == 3 && minor < 10));
  bool none = json_is_false(said) || old;
  rest->workspaces = json_is_true(said);
  rest->at = REST_WHO;
  json_decref(doc);
  return none && m->workspace_set && !sl_str_eqz(sl_str(m->workspace), "default") ? no_workspaces(m, err) : SL_OK;
}

static void on_probe(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct mlflow *m = user;
  struct mlflow_rest *rest = m->rest;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  rest->http = NULL;
  if (rc && rest->at != REST_HEALTH && (rc == SL_ELIMIT || rc == SL_EPROTO))
    rc = SL_OK; /* strange, but not what we came for */
  if (rc) {
    probe_over(m, rc, &e);
    return;
  }
  switch (rest->at) {
  case REST_HEALTH: rc = take_health(m, i, body, &e); break;
  case REST_VERSION: rc = take_version(m, i, body, &e); break;
  case REST_OLD:
    rest->at = REST_INFO;
    if (i->status == 200 && sl_str_find(body, SL_STR("\"experiment")) >= 0)
      rc = too_old("1.x", &e);
    break;
  case REST_INFO: rc = take_info(m, i, body, &e); break;
  default: take_who(m, i, body);
  }
  if (rc || rest->at == REST_KNOWN)
    probe_over(m, rc, &e);
  else
    probe_next(m);
}

static void probe_url(const struct mlflow_rest *rest, struct sl_buf *out)
{
  static const char *const paths[] = {
    [REST_HEALTH] = "/health", [REST_VERSION] = "/version", [REST_OLD] = "/api/2.0/preview/mlflow/experiments/list",
    [REST_INFO] = "/api/3.0/mlflow/server-info", [REST_WHO] = "/api/2.0/mlflow/users/current",
    [REST_USER] = "/api/2.0/mlflow/users/get?username=",
  };
  sl_buf_printf(out, "%s%s", rest->base, paths[rest->at]);
  if (rest->at == REST_USER)
    sl_fmt_percent(out, sl_str(rest->user));
}

static void probe_next(struct mlflow *m)
{
  static const struct sl_http_ops ops = { .done = on_probe };
  struct mlflow_rest *rest = m->rest;
  struct sl_err e = { 0 };
  if (rest->at == REST_WHO && !rest->secret) {
    probe_over(m, SL_OK, NULL);
    return;
  }
  struct sl_buf url;
  sl_buf_init(&url, 0);
  probe_url(rest, &url);
  struct sl_http_req req = { .method = "GET", .url = sl_buf_zstr(&url), .repeatable = rest->at == REST_HEALTH, .max_tries = 2,
                             .idle_ms = m->timeout_ms, .max_body = PROBE_MAX };
  int rc = sl_buf_check(&url, &e);
  rc = rc ? rc : sl_http_new(&rest->http, rest->pool, &req, &ops, m, &e);
  if (!rc && (rc = sign(m, rest->http, &e))) /* no workspace: what is asked here is everybody's */
    sl_http_cancel(rest->http);
  rc = rc ? rc : sl_http_start(rest->http, &e);
  sl_buf_free(&url);
  if (rc) {
    rest->http = NULL;
    probe_over(m, rc, &e);
  }
}

/* ---- the secret ---- */

static void on_secret(void *user, struct sl_secret *s, const struct sl_err *err)
{
  struct mlflow *m = user;
  struct mlflow_rest *rest = m->rest;
  if (s)
    rest->secret = sl_secret_ref(s);
  else if (rest->wants_secret || (err && err->code == SL_ECANCELED)) {
    rest->asked_secret = false; /* ask again next time: it may have been mended */
    probe_over(m, err ? err->code : SL_EAUTH, err);
    return;
  }
  rest->at = REST_HEALTH;
  probe_next(m);
}

/* What is set; where nothing is, what `sluice login` may have kept. */
static int secret_begin(struct mlflow *m, struct sl_err *err)
{
  struct mlflow_rest *rest = m->rest;
  rest->asked_secret = true;
  rest->at = REST_SECRET;
  int rc = sl_backend_secret(m->b, rest->user ? "password" : "token", on_secret, m, err);
  if (rc && !rest->wants_secret) { /* nothing is kept: nobody, then */
    rest->at = REST_HEALTH;
    sl_err_clear(err);
    probe_next(m);
    return SL_OK;
  }
  if (rc) {
    rest->asked_secret = false;
    rest->at = REST_NEW;
  }
  return rc;
}

/* Not inside the slot that asks: what fails at once ends the request, and that is not allowed there. */
static void begin(void *user)
{
  struct mlflow *m = user;
  struct mlflow_rest *rest = m->rest;
  struct sl_err e = { 0 };
  rest->begin.v = 0;
  if (rest->at == REST_KNOWN)
    waiting_start(m, SL_OK, NULL);
  if (rest->at != REST_NEW)
    return;
  if (!rest->secret && !rest->asked_secret) {
    int rc = secret_begin(m, &e);
    if (rc)
      probe_over(m, rc, &e);
    return;
  }
  rest->at = REST_HEALTH;
  probe_next(m);
}

int mlflow_conn_wait(struct mlflow_ask *a, struct sl_err *err)
{
  struct mlflow *m = a->m;
  struct mlflow_rest *rest = m->rest;
  bool idle = rest->at == REST_NEW || rest->at == REST_KNOWN;
  int rc = idle && !rest->begin.v ? sl_timer_start(sl_backend_loop(m->b), 0, 0, begin, m, &rest->begin, err) : SL_OK;
  if (rc)
    return rc;
  a->waiting = true;
  a->next = rest->waiting;
  rest->waiting = a;
  return SL_OK;
}

void mlflow_conn_unwait(struct mlflow_ask *a)
{
  struct mlflow_ask **at = &a->m->rest->waiting;
  while (a->waiting && *at && *at != a)
    at = &(*at)->next;
  if (a->waiting && *at)
    *at = a->next;
  a->waiting = false;
}
