/* model/provide.c: resources that the program itself answers at once. To everybody else it is a connection like any other, named sluice. */
#include "base/mem.h"
#include "model/ws_int.h"

struct ws_provided {
  struct ws_provided *next;
  const struct sl_resource *res;
  int (*fill)(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err);
  void *user;
};
struct ws_served { struct ws_served *next; const struct sl_serve *serve; void *user; };
struct sl_rows_sink { struct sl_req *r; struct sl_schema *s; struct sl_batch *b; int rc; };
struct own_state { bool cancelled; };

static const struct ws_provided *provided_find(const struct sl_ws *w, const struct sl_resource *res)
{
  for (const struct ws_provided *p = w->provided; p; p = p->next)
    if (p->res == res)
      return p;
  return NULL;
}

static struct ws_served *served_find(const struct sl_ws *w, const struct sl_resource *res)
{
  struct ws_served *s = w->served;
  while (s && s->serve->res != res)
    s = s->next;
  return s;
}

int sl_ws_serve(struct sl_ws *w, const struct sl_serve *serve, void *user, struct sl_err *err)
{
  struct ws_served *s = served_find(w, serve->res);
  if (!s) {
    s = sl_calloc(1, sizeof *s);
    if (!s)
      return sl_err_nomem(err);
    s->next = w->served;
    w->served = s;
  }
  s->serve = serve;
  s->user = user;
  sl_ws_stale(w, serve->res);
  return SL_OK;
}

void *sl_req_own(const struct sl_req *r)
{
  const struct ws_served *s = r->b->internal && r->res ? served_find(r->w, r->res) : NULL;
  return s ? s->user : NULL;
}

/* What the workspace itself works out with requests of its own. */
static const struct sl_serve *const own_serves[] = { &ws_findings_serve, &ws_audit_serve };

const struct sl_serve *ws_own_serves(const struct sl_ws *w, const struct sl_resource *res)
{
  if (w->replay && res == &sl_res_audit) /* what was done was done elsewhere */
    return &cap_play_audit;
  for (size_t i = 0; i < sizeof own_serves / sizeof own_serves[0]; i++)
    if (own_serves[i]->res == res)
      return own_serves[i];
  const struct ws_served *s = served_find(w, res);
  return s ? s->serve : provided_find(w, res) ? &ws_own_serve : NULL;
}

bool ws_provides(const struct sl_ws *w, const struct sl_resource *res)
{
  return ws_own_serves(w, res) != NULL;
}

int sl_ws_provide(struct sl_ws *w, const struct sl_resource *res,
                  int (*fill)(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err), void *user,
                  struct sl_err *err)
{
  for (struct ws_provided *p = w->provided; p; p = p->next)
    if (p->res == res) { /* a view that is opened again */
      p->fill = fill;
      p->user = user;
      sl_ws_stale(w, res);
      return SL_OK;
    }
  struct ws_provided *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  *p = (struct ws_provided){ .next = w->provided, .res = res, .fill = fill, .user = user };
  w->provided = p;
  return SL_OK;
}

void ws_provided_free(struct sl_ws *w)
{
  while (w->provided) {
    struct ws_provided *p = w->provided;
    w->provided = p->next;
    sl_free(p);
  }
  while (w->served) {
    struct ws_served *s = w->served;
    w->served = s->next;
    sl_free(s);
  }
}

static int sink_send(struct sl_rows_sink *s)
{
  if (!s->rc && s->b) {
    s->rc = sl_req_rows(s->r, &s->b);
    if (s->rc == SL_EAGAIN) /* all of it is here already: nothing to slow down */
      s->rc = SL_OK;
  }
  sl_batch_unref(s->b);
  s->b = NULL;
  return s->rc;
}

int sl_rows_sink_put(struct sl_rows_sink *s, struct sl_str id, const struct sl_val *vals, size_t n)
{
  if (!s->rc && s->b && sl_batch_full(s->b))
    sink_send(s);
  if (!s->rc && !s->b)
    s->rc = sl_batch_new(&s->b, s->s, NULL);
  const struct sl_query *q = s->r->q;
  if (q && q->kind == SL_Q_GET && !sl_str_eq(q->scope, id)) /* one row was asked for */
    return s->rc;
  if (s->rc)
    return s->rc;
  sl_batch_row(s->b, SL_PUT, id);
  for (size_t i = 0; i < n; i++)
    sl_batch_set(s->b, (unsigned)i, vals[i]);
  return SL_OK;
}

/* Outside the slot that started it, as every answer. */
static void own_fill(void *user)
{
  struct sl_req *r = user;
  struct sl_err e = { 0 };
  struct own_state *state = sl_req_state(r);
  r->pins--;
  if (r->magic != WS_REQ_LIVE)
    return;
  if (state->cancelled) {
    sl_req_end(r, SL_ECANCELED, NULL);
    return;
  }
  const struct ws_provided *p = provided_find(r->w, r->res);
  struct sl_rows_sink s = { .r = r, .s = sl_req_schema(r) };
  int rc = !p || !s.s ? sl_err_set(&e, SL_EINTERNAL, "nobody answers for %s", r->res->name) : sl_req_head(r, NULL, 0, -1);
  if (!rc)
    rc = p->fill(p->user, r->q, &s, &e);
  if (!rc)
    rc = sink_send(&s);
  sl_batch_unref(s.b);
  sl_req_end(r, rc, &e);
}

static int own_query(struct sl_req *r, struct sl_err *err)
{
  int rc = ws_later(r->w, own_fill, r, err);
  if (!rc)
    r->pins++;
  return rc;
}

static void own_cancel(struct sl_req *r)
{
  struct own_state *state = sl_req_state(r);
  state->cancelled = true;
}

const struct sl_serve ws_own_serve = { .req_size = sizeof(struct own_state), .query = own_query, .cancel = own_cancel };
const struct sl_backend_ops ws_own_ops = { .type = "sluice", .help = "what the console itself knows" };
