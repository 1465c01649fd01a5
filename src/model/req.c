/* model/req.c: requests: from the asker's wish to exactly one end.
 *
 * Two lives that need not end together: the asker's (sink), over at the end, a deadline, a cap or when nobody looks any more; and the
 * backend's, over when it says sl_req_end(). The request stays until the backend is done with it, and what it says after the asker has
 * left is dropped. A request that has ended is kept as an empty shell for a while, so that a backend that ends twice is noticed. */
#include <stdio.h>

#include "base/mem.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "model/ws_int.h"

enum { DOC_MAX = 8 << 20 };

static void req_arm(struct sl_req *r);
static void queue_next(struct sl_backend *b);

/* ---- slots by kind ---- */

static const struct sl_port *req_port(const struct sl_req *r)
{
  switch (r->kind) {
  case WS_REQ_SQL: return &r->b->ops->sql->port;
  case WS_REQ_STAT:
  case WS_REQ_READ: return &r->b->ops->bytes->port;
  case WS_REQ_SINK: return &r->b->ops->sink->port;
  default: return NULL;
  }
}

static size_t req_size(const struct sl_req *r)
{
  const struct sl_port *p = req_port(r);
  return p ? p->req_size : r->serve ? r->serve->req_size : r->verb ? r->verb->req_size : 0;
}

static int req_slot(struct sl_req *r, struct sl_err *err)
{
  switch (r->kind) {
  case WS_REQ_QUERY: return r->serve->query(r, err);
  case WS_REQ_SQL: return r->b->ops->sql->run(r, err);
  case WS_REQ_STAT: return r->b->ops->bytes->stat(r, err);
  case WS_REQ_READ: return r->b->ops->bytes->read(r, err);
  case WS_REQ_CALL: return r->verb->run(r, r->call, err);
  case WS_REQ_RECONCILE: return r->verb->reconcile(r, r->call, err);
  case WS_REQ_SINK: return r->b->ops->sink->begin(r, r->put, err);
  }
  return sl_err_set(err, SL_EINTERNAL, "a request of no kind");
}

static bool req_supported(const struct sl_req *r)
{
  const struct sl_backend_ops *o = r->b->ops;
  switch (r->kind) {
  case WS_REQ_QUERY: return r->serve && r->serve->query;
  case WS_REQ_SQL: return o->sql && o->sql->run;
  case WS_REQ_STAT: return o->bytes && o->bytes->stat;
  case WS_REQ_READ: return o->bytes && o->bytes->read;
  case WS_REQ_CALL: return r->verb && r->verb->run;
  case WS_REQ_RECONCILE: return r->verb && r->verb->reconcile;
  case WS_REQ_SINK: return o->sink && o->sink->begin;
  }
  return false;
}

static void req_slot_cancel(struct sl_req *r)
{
  const struct sl_port *p = req_port(r);
  void (*cancel)(struct sl_req *) = p ? p->cancel : r->serve ? r->serve->cancel : r->verb ? r->verb->cancel : NULL;
  if (r->feed)
    ws_feed_cancel(r->feed);
  else if (cancel)
    cancel(r);
}

static void req_slot_resume(struct sl_req *r)
{
  const struct sl_port *p = req_port(r);
  void (*resume)(struct sl_req *) = p ? p->resume : r->serve ? r->serve->resume : NULL;
  if (r->feed)
    ws_feed_resume(r->feed);
  else if (resume)
    resume(r);
}

/* ---- accounts ---- */

void ws_req_busy(struct sl_req *r, bool busy)
{
  if (r->busy != busy)
    sl_loop_busy(r->w->l, busy ? 1 : -1);
  r->busy = busy;
}

static void req_link(struct sl_req *r)
{
  struct sl_ws *w = r->w;
  r->next = w->reqs;
  if (w->reqs)
    w->reqs->prev = r;
  w->reqs = r;
  r->b->live++;
}

static void req_unlink(struct sl_req *r)
{
  if (r->prev)
    r->prev->next = r->next;
  else
    r->w->reqs = r->next;
  if (r->next)
    r->next->prev = r->prev;
  r->prev = r->next = NULL;
  r->b->live--;
}

static void shells_trim(struct sl_ws *w, size_t keep)
{
  while (w->nshells > keep && w->shells && !w->shells->pins) {
    struct sl_req *r = w->shells;
    w->shells = r->next;
    if (!w->shells)
      w->shells_tail = &w->shells;
    w->nshells--;
    sl_query_unref(r->q);
    sl_free(r->uri);
    sl_free(r);
  }
}

void ws_shells_free(struct sl_ws *w)
{
  for (struct sl_req *r = w->shells; r; r = r->next)
    r->pins = 0;
  shells_trim(w, 0);
}

/* What is left of a request: who, how much, how it ended; shown by `requests`, and a guard against a second end. */
static void req_bury(struct sl_req *r)
{
  struct sl_ws *w = r->w;
  sl_timer_stop(w->l, &r->timer);
  ws_prompt_leave(r);
  ws_req_busy(r, false);
  req_unlink(r);
  if (!r->queued && r->counted) {
    r->b->running--;
    if (r->background)
      r->b->running_background--;
  }
  sl_free(r->state);
  r->state = NULL;
  sl_schema_unref(r->schema);
  r->schema = NULL;
  r->sink = NULL;
  r->call = NULL;
  r->feed = NULL;
  r->magic = WS_REQ_DEAD;
  void (*release)(void *) = r->release;
  r->release = NULL;
  if (!w->shells_tail)
    w->shells_tail = &w->shells;
  *w->shells_tail = r;
  w->shells_tail = &r->next;
  w->nshells++;
  void *user = r->release_user;
  shells_trim(w, WS_SHELLS);
  if (release)
    release(user);
}

bool ws_req_live(struct sl_req *r, const char *what)
{
  if (r->magic == WS_REQ_LIVE && !r->ended)
    return true;
  ws_violation(r->w, NULL, what);
  return false;
}

/* ---- the asker leaves ---- */

static void req_tell(struct sl_req *r)
{
  if (r->told || r->magic != WS_REQ_LIVE || r->ended)
    return;
  r->told = true;
  if (r->queued) {
    struct sl_backend *b = r->b;
    r->ended = true;
    r->rc = SL_ECANCELED;
    req_bury(r);
    ws_conn_settle(b);
    return;
  }
  req_slot_cancel(r);
}

static void req_tell_later(void *user)
{
  struct sl_req *r = user;
  r->pins--;
  req_tell(r);
}

/* Not inside the backend's own call: it may not be ready to hear of it there. */
static void req_cancel(struct sl_req *r)
{
  if (r->cancelled || r->ended)
    return;
  r->cancelled = true;
  sl_timer_stop(r->w->l, &r->timer);
  ws_prompt_leave(r);
  if (!r->starting && !r->inside) {
    req_tell(r);
    return;
  }
  r->pins++;
  if (ws_later(r->w, req_tell_later, r, NULL))
    r->pins--; /* no memory: the backend finds out by sl_req_rows() */
}

void ws_req_drop(struct sl_req *r)
{
  if (r->magic != WS_REQ_LIVE)
    return;
  r->sink = NULL;
  ws_req_busy(r, false);
  req_cancel(r);
}

static void req_tell_sink(struct sl_req *r, int rc, const struct sl_err *err)
{
  const struct ws_req_sink *sink = r->sink;
  void *user = r->user;
  r->sink = NULL;
  ws_req_busy(r, false);
  ws_conn_heard(r->b, rc, r->first_ms, err);
  if (r->w->tap && r->w->tap->end)
    r->w->tap->end(r->w->tap->user, r, rc, err);
  if (sink && sink->end)
    sink->end(user, rc, r->cut ? r->note : NULL, err);
}

void ws_req_fail(struct sl_req *r, int rc, const struct sl_err *err)
{
  if (r->magic != WS_REQ_LIVE)
    return;
  r->rc = rc;
  r->err = *err;
  r->pins++; /* the asker may drop it once more from its end */
  if (r->sink)
    req_tell_sink(r, rc, err);
  req_cancel(r);
  r->pins--;
}

/* ---- deadlines ---- */

static int64_t req_due(const struct sl_req *r)
{
  int64_t due = INT64_MAX;
  bool follows = r->q && r->q->kind == SL_Q_FOLLOW;
  if (r->idle_ms && !r->paused && !(follows && r->head))
    due = r->touched + r->idle_ms;
  if (r->total_ms && !follows && r->began + r->total_ms < due)
    due = r->began + r->total_ms;
  return due;
}

static void req_late(struct sl_req *r)
{
  struct sl_err e = { 0 };
  bool total = r->total_ms && sl_loop_now(r->w->l) >= r->began + r->total_ms;
  double s = (total ? r->total_ms : r->idle_ms) / 1000.0;
  if (total)
    sl_err_set(&e, SL_ETIMEOUT, "%s: not finished within %g s", r->b->name, s);
  else
    sl_err_set(&e, SL_ETIMEOUT, "no answer for %g s; try again, or give the connection a longer `timeout`", s);
  ws_req_fail(r, SL_ETIMEOUT, &e);
}

static void req_on_timer(void *user)
{
  struct sl_req *r = user;
  r->timer.v = 0;
  if (req_due(r) <= sl_loop_now(r->w->l))
    req_late(r);
  else
    req_arm(r);
}

/* One timer a request; a byte that comes only notes the time, and the timer looks again when it fires. */
static void req_arm(struct sl_req *r)
{
  int64_t due = req_due(r);
  if (r->timer.v || r->cancelled || r->prompt || due == INT64_MAX)
    return;
  struct sl_err e = { 0 };
  if (sl_timer_start(r->w->l, due - sl_loop_now(r->w->l), 0, req_on_timer, r, &r->timer, &e)) {
    r->timer.v = 0;
    ws_req_fail_inside(r, e.code, &e); /* without a deadline it might never end */
  }
}

static void req_heard(struct sl_req *r)
{
  r->touched = sl_loop_now(r->w->l);
  if (r->first_ms < 0)
    r->first_ms = r->touched - r->began;
}

void ws_req_rearm(struct sl_req *r)
{
  r->began = r->touched = sl_loop_now(r->w->l);
  req_arm(r);
}

/* ---- starting ---- */

static int req_new(struct sl_req **out, const struct ws_req_spec *s, struct sl_err *err)
{
  struct sl_req *r = sl_calloc(1, sizeof *r);
  if (!r)
    return sl_err_nomem(err);
  struct sl_ws *w = s->b->w;
  *r = (struct sl_req){ .magic = WS_REQ_LIVE, .kind = s->kind, .w = w, .b = s->b, .verb = s->verb, .call = s->call, .put = s->put,
                        .off = s->off, .len = s->len, .sink = s->sink, .user = s->user, .total_ms = s->total_ms, .first_ms = -1 };
  r->res = s->q ? s->q->res : s->res;
  r->idle_ms = s->idle_ms ? s->idle_ms : ws_conn_timeout(s->b);
  r->background = s->q && s->q->background;
  r->own = s->b->internal;
  /* What lasts (a followed log), what a reader may hold up (bytes) and what a person confirmed (actions) waits in no queue. */
  r->counted = !r->own && (s->kind == WS_REQ_SQL || (s->kind == WS_REQ_QUERY && s->q->kind != SL_Q_FOLLOW));
  if (s->kind == WS_REQ_QUERY)
    r->serve = ws_conn_serves(s->b, r->res, NULL);
  int rc = req_supported(r) ? SL_OK : sl_err_set(err, SL_EUNSUP, "connection %s (%s) cannot do this", s->b->name, s->b->ops->type);
  if (!rc && s->uri.p && !(r->uri = sl_strndup(s->uri.p, s->uri.n)))
    rc = sl_err_nomem(err);
  r->uri_n = r->uri ? s->uri.n : 0;
  if (!rc && s->kind == WS_REQ_QUERY && !sl_req_schema(r)) /* made here, so that no backend finds none */
    rc = sl_err_nomem(err);
  size_t size = rc ? 0 : req_size(r);
  if (!rc && !(r->state = sl_calloc(1, size ? size : 1)))
    rc = sl_err_nomem(err);
  if (rc) {
    sl_schema_unref(r->schema);
    sl_free(r->uri);
    sl_free(r);
    return rc;
  }
  r->q = s->q ? sl_query_ref(s->q) : NULL;
  r->id = ++w->req_id;
  r->queued = true;
  r->release = s->release;
  r->release_user = s->user;
  req_link(r);
  *out = r;
  return SL_OK;
}

/* A slot that fails must have started nothing; one that did start a worker is stopped, and the asker is told by end(). */
static int req_refused(struct sl_req *r, int rc, struct sl_err *err)
{
  struct sl_err e = { .code = rc };
  if (err)
    e = *err;
  if (r->feed) {
    ws_violation(r->w, r->b, "failed to start after it had started work");
    ws_req_fail(r, rc, &e);
    return SL_OK;
  }
  r->rc = rc;
  r->err = e;
  r->ended = true;
  req_bury(r);
  return rc;
}

static int req_launch(struct sl_req *r, struct sl_err *err)
{
  struct sl_ws *w = r->w;
  r->queued = false;
  r->b->running += r->counted;
  r->b->running_background += r->counted && r->background;
  r->started = sl_loop_wall(w->l);
  r->began = r->touched = sl_loop_now(w->l);
  ws_req_busy(r, true);
  struct sl_err e = { 0 };
  r->starting = true;
  if (w->tap && w->tap->start)
    w->tap->start(w->tap->user, r);
  int rc = req_slot(r, &e);
  r->starting = false;
  if (rc) {
    e.code = rc;
    if (err)
      *err = e;
    return req_refused(r, rc, &e);
  }
  if (r->ended)
    ws_req_finish(r); /* it ended inside the slot: noted there */
  else
    req_arm(r);
  return SL_OK;
}

static bool queue_free(const struct sl_req *r)
{
  const struct sl_backend *b = r->b;
  return !r->counted || (b->running < WS_RUNNING_MAX && (!r->background || b->running_background < WS_RUNNING_BACKGROUND));
}

/* The oldest that may run now; foreground first. */
static struct sl_req *queue_pick(struct sl_backend *b)
{
  struct sl_req *pick = NULL;
  for (struct sl_req *r = b->w->reqs; r; r = r->next)
    if (r->b == b && r->queued && !r->cancelled && queue_free(r) && (!pick || r->background <= pick->background))
      pick = r; /* newest first in the list: the last one found is the oldest */
  return pick;
}

static void queue_next(struct sl_backend *b)
{
  struct sl_req *r;
  while (b->phase == WS_OPEN && (r = queue_pick(b))) {
    struct sl_err e = { 0 };
    const struct ws_req_sink *sink = r->sink;
    void *user = r->user;
    int rc = req_launch(r, &e);
    if (rc && sink && sink->end)
      sink->end(user, rc, NULL, &e);
  }
}

int ws_req_start(struct sl_req **out, const struct ws_req_spec *s, struct sl_err *err)
{
  *out = NULL;
  struct sl_req *r = NULL;
  int rc = ws_conn_open(s->b, err);
  if (!rc)
    rc = req_new(&r, s, err);
  if (rc) {
    if (s->release)
      s->release(s->user);
    return rc;
  }
  if (!queue_free(r)) {
    ws_req_busy(r, true);
    *out = r;
    return SL_OK;
  }
  r->pins++; /* it may end while it starts */
  rc = req_launch(r, err);
  r->pins--;
  if (!rc && r->magic == WS_REQ_LIVE && r->sink)
    *out = r;
  return rc;
}

/* ---- ending ---- */

void ws_req_finish(struct sl_req *r)
{
  struct sl_backend *b = r->b;
  if (r->sink)
    req_tell_sink(r, r->rc, &r->err);
  req_bury(r);
  ws_conn_settle(b);
  if (b->phase == WS_OPEN)
    queue_next(b);
}

void sl_req_end(struct sl_req *r, int rc, const struct sl_err *err)
{
  if (!ws_req_live(r, "ended a request twice"))
    return;
  r->ended = true;
  if (r->sink) { /* what the asker was told before stays */
    r->rc = rc;
    r->err = err ? *err : (struct sl_err){ 0 };
    r->err.code = rc;
    if (rc && !r->err.msg[0])
      snprintf(r->err.msg, sizeof r->err.msg, "%s: %s", r->b->name, sl_code_words(rc));
  }
  if (r->starting)
    ws_violation(r->w, r->b, "ended a request inside the slot that starts it");
  else
    ws_req_finish(r);
}

void ws_reqs_close(struct sl_backend *b, struct sl_err *why)
{
  for (struct sl_req *r = b->w->reqs, *next; r; r = next) {
    next = r->next;
    if (r->b != b)
      continue;
    if (next)
      next->pins++; /* r's end may end others */
    r->pins++;
    ws_req_fail(r, SL_ECANCELED, why);
    if (!r->inside && !r->starting)
      req_tell(r); /* where that was lost for want of memory */
    r->pins--;
    if (next) {
      next->pins--;
      if (next->magic != WS_REQ_LIVE)
        next = b->w->reqs;
    }
  }
}

void ws_reqs_force(struct sl_backend *b)
{
  for (struct sl_req *r = b->w->reqs, *next; r; r = next) {
    next = r->next;
    if (r->b != b || r->feed)
      continue;
    ws_violation(b->w, b, "closed without ending a request");
    r->ended = true;
    req_bury(r);
  }
}

/* ---- answering ---- */

void *sl_req_state(struct sl_req *r) { return r->state; }
struct sl_backend *sl_req_backend(const struct sl_req *r) { return r->b; }
const struct sl_query *sl_req_query(const struct sl_req *r) { return r->q; }
const struct sl_call *sl_req_call(const struct sl_req *r) { return r->call; }
struct sl_str sl_req_uri(const struct sl_req *r) { return sl_strn(r->uri, r->uri_n); }
uint64_t sl_req_off(const struct sl_req *r) { return r->off; }
uint64_t sl_req_len(const struct sl_req *r) { return r->len; }
bool sl_req_cancelled(const struct sl_req *r) { return r->cancelled; }

struct sl_schema *sl_req_schema(struct sl_req *r)
{
  if (!r->schema) {
    struct sl_schema *s = NULL;
    struct sl_err e = { 0 };
    bool own = r->serve;
    if (ws_schema_get(r->w, &s, r->res, own ? r->serve->own : NULL, own ? r->serve->nown : 0, &e))
      return NULL;
    r->schema = sl_schema_ref(s);
  }
  return r->schema;
}

/* From a call of the backend: the asker hears at once, the backend when it has returned. */
int ws_req_fail_inside(struct sl_req *r, int rc, const struct sl_err *err)
{
  r->inside++;
  ws_req_fail(r, rc, err);
  r->inside--;
  return rc;
}

static int req_break(struct sl_req *r, const char *what)
{
  ws_violation(r->w, r->b, what);
  struct sl_err e = { 0 };
  sl_err_set(&e, SL_EINTERNAL, "backend %s %s", r->b->ops->type, what);
  return ws_req_fail_inside(r, SL_EINTERNAL, &e);
}

/* What is not asked for is done: a query without a filter has its filter applied by everybody. */
static unsigned req_did(const struct sl_req *r, unsigned did)
{
  const struct sl_query *q = r->q;
  if (q && !q->where)
    did |= SL_DID_WHERE;
  if (q && !q->order) /* the resource's own order was put into the query */
    did |= SL_DID_ORDER;
  return did;
}

/* The asker's answer to rows and bytes: full means stop until resume; any other failure is the end. */
static int req_taken(struct sl_req *r, int rc, struct sl_err *e)
{
  r->inside--;
  if (!r->sink)
    return SL_ECANCELED;
  if (rc == SL_EAGAIN) {
    r->paused = true;
    return SL_EAGAIN;
  }
  if (!rc)
    return SL_OK;
  if (!e->msg[0])
    sl_err_set(e, rc, "%s", sl_code_words(rc));
  return ws_req_fail_inside(r, rc, e);
}

int sl_req_head(struct sl_req *r, struct sl_schema *s, unsigned did, int64_t total)
{
  if (!ws_req_live(r, "sent a head after the end"))
    return SL_ECANCELED;
  if (!r->sink)
    return SL_ECANCELED;
  req_heard(r);
  if (r->head)
    return req_break(r, "sent a second head");
  if (!s && !(s = sl_req_schema(r))) {
    struct sl_err e = { 0 };
    return ws_req_fail_inside(r, sl_err_nomem(&e), &e);
  }
  did = req_did(r, did);
  if ((did & SL_DID_LIMIT) && r->q && r->q->limit && (did & (SL_DID_WHERE | SL_DID_ORDER)) != (SL_DID_WHERE | SL_DID_ORDER))
    return req_break(r, "applied the limit without filter and order");
  r->head = true;
  if (r->q && r->q->kind == SL_Q_FOLLOW) {
    sl_timer_stop(r->w->l, &r->timer); /* a quiet log is no dead server */
    ws_req_busy(r, false);
  }
  if (r->w->tap && r->w->tap->head)
    r->w->tap->head(r->w->tap->user, r, s, did, total);
  r->inside++;
  struct sl_err e = { 0 };
  return req_taken(r, r->sink->head ? r->sink->head(r->user, s, did, total, &e) : SL_OK, &e);
}

int sl_req_rows(struct sl_req *r, struct sl_batch **take)
{
  struct sl_batch *b = *take;
  struct sl_err e = { 0 };
  *take = NULL;
  int rc = !ws_req_live(r, "sent rows after the end") || !r->sink ? SL_ECANCELED : SL_OK;
  if (!rc && !r->head)
    rc = req_break(r, "sent rows before its head");
  if (!rc && (rc = b ? sl_batch_seal(b, &e) : sl_err_nomem(&e))) /* none: there was no memory to make it */
    ws_req_fail_inside(r, rc, &e);
  if (rc) {
    sl_batch_unref(b);
    return rc;
  }
  req_heard(r);
  r->rows += sl_batch_count(b);
  if (r->w->tap && r->w->tap->rows)
    r->w->tap->rows(r->w->tap->user, r, b);
  r->inside++;
  rc = r->sink->rows ? r->sink->rows(r->user, &b, &e) : SL_OK;
  sl_batch_unref(b);
  return req_taken(r, rc, &e);
}

int sl_req_bytes(struct sl_req *r, const void *p, size_t n)
{
  if (!ws_req_live(r, "sent bytes after the end") || !r->sink)
    return SL_ECANCELED;
  struct sl_err e = { 0 };
  req_heard(r);
  r->bytes += n;
  if (r->w->tap && r->w->tap->bytes)
    r->w->tap->bytes(r->w->tap->user, r, p, n);
  r->inside++;
  return req_taken(r, r->sink->bytes ? r->sink->bytes(r->user, p, n) : SL_OK, &e);
}

void sl_req_size(struct sl_req *r, int64_t size)
{
  if (!ws_req_live(r, "sent a size after the end") || !r->sink)
    return;
  req_heard(r);
  if (r->w->tap && r->w->tap->size)
    r->w->tap->size(r->w->tap->user, r, size);
  r->inside++;
  if (r->sink->size)
    r->sink->size(r->user, size);
  r->inside--;
}

int sl_req_doc(struct sl_req *r, struct sl_str json)
{
  if (!ws_req_live(r, "sent a document after the end") || !r->sink)
    return SL_ECANCELED;
  req_heard(r);
  if (json.n > DOC_MAX) {
    sl_req_cut(r, "the document is larger than 8 MiB and was left out");
    return SL_OK;
  }
  if (r->w->tap && r->w->tap->doc)
    r->w->tap->doc(r->w->tap->user, r, json);
  r->inside++;
  int rc = r->sink->doc ? r->sink->doc(r->user, json) : SL_OK;
  r->inside--;
  return r->sink ? rc : SL_ECANCELED;
}

int sl_req_did(struct sl_req *r, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  if (!ws_req_live(r, "reported a target after the end") || !r->sink)
    return SL_ECANCELED;
  if (!r->call || target >= r->call->ntargets)
    return req_break(r, "reported a target that was not asked for");
  req_heard(r);
  r->inside++;
  int taken = r->sink->did ? r->sink->did(r->user, target, rc, started, err) : SL_OK;
  r->inside--;
  return r->sink ? taken : SL_ECANCELED;
}

void ws_note_set(char note[SL_NOTE_MAX], const char *words)
{
  static const char more[] = "\u2026";
  struct sl_str s = sl_str(words);
  bool cut = s.n >= SL_NOTE_MAX;
  size_t n = cut ? sl_utf8_cut(s, SL_NOTE_MAX - sizeof more) : s.n;
  memcpy(note, s.p, n);
  memcpy(note + n, more, cut ? sizeof more - 1 : 0);
  note[n + (cut ? sizeof more - 1 : 0)] = 0;
}

void sl_req_cut(struct sl_req *r, const char *note)
{
  if (!ws_req_live(r, "cut a request after the end"))
    return;
  r->cut = true;
  ws_note_set(r->note, note ? note : "not all of it came");
}

void sl_req_touch(struct sl_req *r, uint64_t bytes)
{
  if (r->magic != WS_REQ_LIVE)
    return;
  r->bytes += bytes;
  req_heard(r);
}

void sl_req_say(struct sl_req *r, const char *words)
{
  sl_req_touch(r, 0);
  if (r->magic != WS_REQ_LIVE || !r->sink || !r->sink->say)
    return;
  r->inside++;
  r->sink->say(r->user, words);
  r->inside--;
}

void ws_req_resume(struct sl_req *r)
{
  if (r->magic != WS_REQ_LIVE || !r->paused || r->ended)
    return;
  r->paused = false;
  r->touched = sl_loop_now(r->w->l);
  req_arm(r);
  if (!r->cancelled)
    req_slot_resume(r);
}
