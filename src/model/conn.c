/* model/conn.c: connections: opened at first use, closed in their own time, and what became known of their peers. */
#include <stdio.h>

#include "base/mem.h"
#include "base/trace.h"
#include "model/ws_int.h"

struct ws_narrow { struct ws_narrow *next; const struct sl_resource *res; char *why; };
struct ws_schema { struct ws_schema *next; const struct sl_resource *res; const struct sl_col *own; size_t nown; struct sl_schema *s; };

/* ---- finding ---- */

struct sl_backend *ws_conn_find(const struct sl_ws *w, struct sl_str name)
{
  for (size_t i = 0; i < w->nconn; i++)
    if (sl_str_eqz(name, w->conn[i]->name))
      return w->conn[i];
  return NULL;
}

struct sl_backend *ws_conn_type(const struct sl_ws *w, const char *type)
{
  for (size_t i = 0; i < w->nconn; i++)
    if (strcmp(w->conn[i]->ops->type, type) == 0)
      return w->conn[i];
  return NULL;
}

static const struct ws_narrow *narrow_find(const struct sl_backend *b, const struct sl_resource *res)
{
  for (const struct ws_narrow *n = b->narrowed; n; n = n->next)
    if (n->res == res)
      return n;
  return NULL;
}

bool ws_conn_narrowed(const struct sl_backend *b, size_t i, const struct sl_resource **res, const char **why)
{
  const struct ws_narrow *n = b->narrowed;
  for (; n && i; i--)
    n = n->next;
  if (n) {
    *res = n->res;
    *why = n->why;
  }
  return n != NULL;
}

const struct sl_serve *ws_conn_serves(const struct sl_backend *b, const struct sl_resource *res, const char **why_not)
{
  if (why_not)
    *why_not = NULL;
  if (b->internal)
    return ws_own_serves(b->w, res);
  const struct ws_narrow *n = narrow_find(b, res);
  if (n) {
    if (why_not)
      *why_not = n->why;
    return NULL;
  }
  for (size_t i = 0; b->ops->serves && b->ops->serves[i]; i++)
    if (b->ops->serves[i]->res == res)
      return b->ops->serves[i];
  return NULL;
}

/* What runs on this machine may be silent for long: a sort, a large folder. */
uint32_t ws_conn_timeout(const struct sl_backend *b)
{
  int ms = b->conf && !b->ops->implicit ? sl_conf_timeout_ms(b->conf) : 0;
  return ms > 0 ? (uint32_t)ms : 0;
}

/* ---- schemas ---- */

int ws_schema_get(struct sl_ws *w, struct sl_schema **out, const struct sl_resource *res, const struct sl_col *own, size_t nown,
                  struct sl_err *err)
{
  for (struct ws_schema *s = w->schemas; s; s = s->next)
    if (s->res == res && s->own == own && s->nown == nown) {
      *out = s->s;
      return SL_OK;
    }
  struct ws_schema *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  *s = (struct ws_schema){ .next = w->schemas, .res = res, .own = own, .nown = nown };
  int rc = sl_schema_new(&s->s, res ? res->cols : NULL, res ? res->ncols : 0, own, nown, err);
  if (!rc && res)
    rc = sl_schema_set_resource(s->s, sl_str(res->name), err);
  if (rc) {
    sl_schema_unref(s->s);
    sl_free(s);
    return rc;
  }
  w->schemas = s;
  *out = s->s;
  return SL_OK;
}

void ws_schemas_free(struct sl_ws *w)
{
  while (w->schemas) {
    struct ws_schema *s = w->schemas;
    w->schemas = s->next;
    sl_schema_unref(s->s);
    sl_free(s);
  }
}

/* ---- opening ---- */

int ws_conn_open(struct sl_backend *b, struct sl_err *err)
{
  if (b->phase == WS_OPEN)
    return SL_OK;
  if (b->phase == WS_CLOSING || b->w->closing)
    return sl_err_set(err, SL_ECANCELED, "connection %s is closing", b->name);
  b->state = sl_calloc(1, b->ops->state_size ? b->ops->state_size : 1);
  if (!b->state)
    return sl_err_nomem(err);
  b->phase = WS_OPEN;
  struct sl_err e = { 0 };
  int rc = b->ops->open ? b->ops->open(b, b->conf, &e) : SL_OK;
  if (!rc)
    return SL_OK;
  sl_trace(SL_TR_MODEL, 1, "connection %s does not open: %s", b->name, e.msg);
  ws_secrets_close(b->w, b);
  b->phase = WS_SHUT;
  sl_free(b->state);
  b->state = NULL;
  e.code = rc;
  b->err = e;
  snprintf(b->word, sizeof b->word, "%s", rc == SL_EAUTH ? "login" : "failed");
  ws_state_changed(b->w);
  return sl_err_set(err, rc, "%s", e.msg);
}

/* A recording's connection stands as it stood at the recording's end. */
static void stand_as_it_was(struct sl_backend *b, const struct sl_backend_was *was)
{
  snprintf(b->word, sizeof b->word, "%s", was->state);
  snprintf(b->identity, sizeof b->identity, "%s", was->identity);
  b->expires = was->expires;
  b->latency_ms = was->latency_ms;
  snprintf(b->err.msg, sizeof b->err.msg, "%s", was->why);
  for (size_t i = 0; i < was->nnarrow; i++)
    sl_backend_narrow(b, was->narrow[i].res, was->narrow[i].why);
}

static struct sl_backend *conn_new(struct sl_ws *w, const struct sl_backend_ops *ops, const char *name, const struct sl_conf *conf,
                                   struct sl_ws_conf *owner)
{
  struct sl_backend *b = sl_calloc(1, sizeof *b);
  char *copy = sl_strdup(name);
  if (!b || !copy) {
    sl_free(b);
    sl_free(copy);
    return NULL;
  }
  *b = (struct sl_backend){ .w = w, .ops = ops, .name = copy, .conf = conf, .latency_ms = -1, .internal = ops == &ws_own_ops };
  b->conf_owner = owner ? sl_ws_conf_ref(owner) : NULL;
  memcpy(b->word, "unknown", sizeof "unknown");
  if (ops->was)
    stand_as_it_was(b, ops->was);
  return b;
}

void ws_conn_free(struct sl_backend *b)
{
  while (b->narrowed) {
    struct ws_narrow *n = b->narrowed;
    b->narrowed = n->next;
    sl_free(n->why);
    sl_free(n);
  }
  if (b->conf_owner)
    sl_ws_conf_unref(b->conf_owner);
  sl_free(b->state);
  sl_free(b->name);
  sl_free(b);
}

/* ---- the list, from a configuration ---- */

static bool same_text(const char *a, const char *b)
{
  return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_secret(const struct sl_secret_src *a, const struct sl_secret_src *b)
{
  if (!a || !b)
    return a == b;
  if (a->kind != b->kind || !same_text(a->text, b->text) || !a->argv != !b->argv)
    return false;
  for (size_t i = 0; a->argv; i++) {
    if (!same_text(a->argv[i], b->argv[i]))
      return false;
    if (!a->argv[i])
      break;
  }
  return true;
}

static bool same_setting(const struct sl_setting *s, const struct sl_conf *a, const struct sl_conf *b)
{
  switch (s->type) {
  case SL_SET_SECRET: return same_secret(sl_conf_secret(a, s->name), sl_conf_secret(b, s->name));
  case SL_SET_BOOL: return sl_conf_bool(a, s->name, false) == sl_conf_bool(b, s->name, false);
  case SL_SET_INT:
  case SL_SET_DURATION:
  case SL_SET_BYTES: return sl_conf_int(a, s->name, INT64_MIN) == sl_conf_int(b, s->name, INT64_MIN);
  default: return same_text(sl_conf_text(a, s->name), sl_conf_text(b, s->name));
  }
}

static bool same_conf(const struct sl_backend_ops *ops, const struct sl_conf *a, const struct sl_conf *b)
{
  if (!a || !b)
    return a == b;
  if (strcmp(sl_conf_type(a), sl_conf_type(b)) != 0 || sl_conf_readonly(a) != sl_conf_readonly(b) ||
      sl_conf_timeout_ms(a) != sl_conf_timeout_ms(b))
    return false;
  for (size_t i = 0; i < ops->nsettings; i++)
    if (!same_setting(&ops->settings[i], a, b))
      return false;
  return true;
}

struct conn_list { struct sl_backend **v; size_t n, cap; };

/* The connection as it stands where nothing about it changed, else a new one. */
static int list_want(struct sl_ws *w, struct conn_list *list, const struct sl_backend_ops *ops, const char *name, const struct sl_conf *c,
                     struct sl_ws_conf *owner, struct sl_err *err)
{
  int rc = sl_grow((void **)&list->v, &list->cap, list->n + 1, sizeof(struct sl_backend *), 10000, err);
  if (rc)
    return rc;
  struct sl_backend *b = ws_conn_find(w, sl_str(name));
  if (!b || b->ops != ops || !same_conf(ops, b->conf, c))
    b = conn_new(w, ops, name, c, owner);
  if (!b)
    return sl_err_nomem(err);
  list->v[list->n++] = b;
  return SL_OK;
}

static const struct sl_backend_ops *ops_find(const struct sl_ws *w, const char *type)
{
  for (size_t i = 0; w->backends && w->backends[i]; i++)
    if (strcmp(w->backends[i]->type, type) == 0)
      return w->backends[i];
  return NULL;
}

static int list_configured(struct sl_ws *w, struct conn_list *list, struct sl_ws_conf *conf, struct sl_err *err)
{
  const struct sl_conf *const *c = NULL;
  size_t n = conf ? sl_ws_conf_conns(conf, &c) : 0;
  for (size_t i = 0; i < n; i++) {
    const struct sl_backend_ops *ops = ops_find(w, sl_conf_type(c[i]));
    if (!ops)
      return sl_err_set(err, SL_ECONFIG, "connection %s: this build has no backend of type %s", sl_conf_name(c[i]), sl_conf_type(c[i]));
    int rc = list_want(w, list, ops, sl_conf_name(c[i]), c[i], conf, err);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static int list_implicit(struct sl_ws *w, struct conn_list *list, struct sl_err *err)
{
  for (size_t i = 0; w->backends && w->backends[i]; i++) {
    const struct sl_backend_ops *ops = w->backends[i];
    bool there = !ops->implicit;
    for (size_t k = 0; k < list->n && !there; k++)
      there = strcmp(list->v[k]->name, ops->type) == 0;
    int rc = there ? SL_OK : list_want(w, list, ops, ops->type, NULL, NULL, err);
    if (rc)
      return rc;
  }
  return list_want(w, list, &ws_own_ops, ws_own_ops.type, NULL, NULL, err);
}

static bool list_has(const struct conn_list *list, const struct sl_backend *b)
{
  for (size_t i = 0; i < list->n; i++)
    if (list->v[i] == b)
      return true;
  return false;
}

/* What the new list lacks is closed; nothing changes when it cannot be made. */
int ws_conns_load(struct sl_ws *w, struct sl_ws_conf *conf, struct sl_err *err)
{
  struct conn_list list = { 0 }, old = { w->conn, w->nconn, w->cap_conn };
  int rc = list_configured(w, &list, conf, err);
  if (!rc)
    rc = list_implicit(w, &list, err);
  struct conn_list keep = rc ? old : list, drop = rc ? list : old;
  w->conn = keep.v;
  w->nconn = keep.n;
  w->cap_conn = keep.cap;
  for (size_t i = 0; i < drop.n; i++) {
    struct sl_backend *b = drop.v[i];
    if (list_has(&keep, b))
      continue;
    if (rc) {
      ws_conn_free(b);
      continue;
    }
    b->dying = true;
    b->next_dying = w->dying;
    w->dying = b;
  }
  sl_free(drop.v);
  return rc;
}

/* ---- closing ---- */

void ws_conn_close(struct sl_backend *b)
{
  if (b->phase == WS_OPEN) {
    b->phase = WS_CLOSING;
    struct sl_err why = { 0 };
    sl_err_set(&why, SL_ECANCELED, "connection %s was closed", b->name);
    ws_secrets_close(b->w, b);
    ws_reqs_close(b, &why);
  }
  ws_conn_settle(b);
}

/* Workers still read the backend's state: close() waits for them. */
void ws_conn_settle(struct sl_backend *b)
{
  if (b->phase == WS_CLOSING && !b->feeds && !b->close_called) {
    b->close_called = true;
    if (b->ops->close)
      b->ops->close(b);
    else
      sl_backend_closed(b);
  }
}

void sl_backend_closed(struct sl_backend *b)
{
  if (b->phase != WS_CLOSING || !b->close_called || b->closed) {
    ws_violation(b->w, b, "said that it has closed without being asked");
    return;
  }
  b->closed = true;
  ws_reqs_force(b);
  sl_loop_wake(b->w->l);
}

/* ---- what a backend asks of its connection ---- */

void *sl_backend_state(struct sl_backend *b) { return b->state; }
const char *sl_backend_name(const struct sl_backend *b) { return b->name; }
struct sl_loop *sl_backend_loop(struct sl_backend *b) { return b->w->l; }
struct sl_ws *sl_backend_ws(struct sl_backend *b) { return b->w; }
const struct sl_ws_conf *sl_backend_ws_conf(const struct sl_backend *b) { return b->w->conf; }
const char *sl_backend_state_dir(const struct sl_backend *b) { return b->w->state_dir; }
const char *sl_backend_exe(const struct sl_backend *b) { return b->w->exe; }
const char *const *sl_backend_lib_dirs(const struct sl_backend *b) { return b->w->lib_dirs; }
unsigned sl_backend_threads(const struct sl_backend *b) { return b->w->threads; }
const struct sl_person *sl_backend_person(const struct sl_backend *b) { return b->w->person; }

void sl_backend_report(struct sl_backend *b, const char *state, const char *identity, sl_ms expires, int64_t latency_ms,
                       const struct sl_err *err)
{
  if (state)
    snprintf(b->word, sizeof b->word, "%s", state);
  if (identity)
    snprintf(b->identity, sizeof b->identity, "%s", identity);
  b->expires = expires;
  if (latency_ms >= 0)
    b->latency_ms = latency_ms;
  b->err = err ? *err : (struct sl_err){ 0 };
  ws_state_changed(b->w);
}

/* What the end of a request says of the peer; a backend that knows more says it by sl_backend_report(). */
void ws_conn_heard(struct sl_backend *b, int rc, int64_t latency_ms, const struct sl_err *err)
{
  const char *word = !rc ? "ok" : rc == SL_EAUTH ? "login" : rc == SL_ENET || rc == SL_ETIMEOUT ? "failed" : NULL;
  if (!word || b->internal || b->ops->was)
    return;
  if (latency_ms >= 0)
    b->latency_ms = latency_ms;
  bool slow = !rc && strcmp(b->word, "slow") == 0;
  if (slow || (strcmp(b->word, word) == 0 && (!rc || strcmp(b->err.msg, err->msg) == 0)))
    return;
  snprintf(b->word, sizeof b->word, "%s", word);
  b->err = rc ? *err : (struct sl_err){ 0 };
  ws_state_changed(b->w);
}

void sl_backend_narrow(struct sl_backend *b, const struct sl_resource *res, const char *why)
{
  if (narrow_find(b, res))
    return;
  struct ws_narrow *n = sl_calloc(1, sizeof *n);
  char *copy = sl_strdup(why ? why : "this server does not have it");
  if (!n || !copy) { /* then it is asked once more, and says so again */
    sl_free(n);
    sl_free(copy);
    return;
  }
  *n = (struct ws_narrow){ .next = b->narrowed, .res = res, .why = copy };
  b->narrowed = n;
  ws_state_changed(b->w);
}

void sl_backend_changed(struct sl_backend *b, const struct sl_resource *res)
{
  sl_ws_stale(b->w, res);
}

static void state_tell(void *user)
{
  struct sl_ws *w = user;
  w->state_queued = false;
  if (w->closing)
    return;
  sl_ws_stale(w, &sl_res_connections);
  if (w->on_state)
    w->on_state(w->on_state_user);
}

void ws_state_changed(struct sl_ws *w)
{
  if (!w->state_queued && !w->closing && !ws_later(w, state_tell, w, NULL))
    w->state_queued = true;
}

void ws_violation(struct sl_ws *w, const struct sl_backend *b, const char *what)
{
  w->violations++;
  sl_trace(SL_TR_MODEL, 0, "backend %s (%s) %s", b ? b->name : "?", b ? b->ops->type : "?", what);
}
