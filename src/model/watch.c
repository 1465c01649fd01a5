/* model/watch.c: who looks at what: equal queries share one answer, the most eager visible watcher sets its pace, nobody looking means
 * no request. Watchers hear of changes from one tick, never inside their own call. */
#include "base/mem.h"
#include "model/ws_int.h"

/* What takes long to answer is asked more rarely: a server is busy with a watched listing a quarter of its time at most. */
enum { WATCHES_MAX = 1 << 16, EAGER_MIN_MS = 250, FAILS_MAX = 3, AGAIN_MS = 2000, REST_FACTOR = 3 };

/* ---- slots ---- */

struct ws_watch *ws_watch_get(struct sl_ws *w, sl_watch id)
{
  uint32_t slot = (uint32_t)id.v, gen = (uint32_t)(id.v >> 32);
  struct ws_watch *x = id.v && slot < w->nwatch ? &w->watch[slot] : NULL;
  return x && x->used && x->gen == gen ? x : NULL;
}

static sl_watch watch_id(const struct sl_ws *w, const struct ws_watch *x)
{
  return (sl_watch){ (uint64_t)x->gen << 32 | (uint64_t)(x - w->watch) };
}

int ws_watch_new(struct sl_ws *w, struct ws_watch **out, sl_watch *id, struct sl_err *err)
{
  size_t i = 0;
  while (i < w->nwatch && w->watch[i].used)
    i++;
  if (i == w->nwatch) {
    int rc = sl_grow((void **)&w->watch, &w->cap_watch, w->nwatch + 1, sizeof *w->watch, WATCHES_MAX, err);
    if (rc)
      return rc;
    w->watch[w->nwatch++] = (struct ws_watch){ 0 };
  }
  uint32_t gen = w->watch[i].gen + 1;
  w->watch[i] = (struct ws_watch){ .gen = gen ? gen : 1, .used = true, .visible = true };
  *out = &w->watch[i];
  *id = watch_id(w, *out);
  return SL_OK;
}

/* ---- the cache: answers that nobody watches, for a while ---- */

static bool ans_idle(const struct ws_ans *a)
{
  return !a->watchers && !a->pins;
}

static void cache_trim(struct sl_ws *w)
{
  size_t idle = 0;
  for (struct ws_ans *a = w->answers, *next; a; a = next) { /* newest first */
    next = a->next;
    if (!ans_idle(a))
      continue;
    if (++idle > WS_CACHE_MAX || sl_loop_now(w->l) - a->ended > WS_CACHE_MS)
      ws_ans_free(a);
  }
}

/* What nobody watches asks nobody; whole answers stay for those who take older ones. */
static void ans_leave(struct ws_ans *a)
{
  struct sl_ws *w = a->w;
  if (a->watchers || a->pins)
    return;
  bool good = ws_ans_settled(a) && a->had && !a->fails && !a->wanted && a->q->kind != SL_Q_FOLLOW && !w->closing;
  if (!good) {
    ws_ans_free(a);
    return;
  }
  sl_timer_stop(w->l, &a->poll);
  cache_trim(w);
}

void ws_watch_free(struct sl_ws *w, sl_watch id)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (!x)
    return;
  struct ws_ans *a = x->a;
  struct ws_group *group = x->group;
  uint32_t gen = x->gen;
  *x = (struct ws_watch){ .gen = gen };
  ws_group_free(group);
  if (a) {
    a->watchers--;
    ans_leave(a);
  }
}

static bool watch_all_paused(const struct ws_ans *a)
{
  for (size_t i = 0; i < a->w->nwatch; i++)
    if (a->w->watch[i].used && a->w->watch[i].a == a && !a->w->watch[i].paused)
      return false;
  return true;
}

void sl_ws_unwatch(struct sl_ws *w, sl_watch id)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (!x)
    return;
  struct ws_bytes *b = x->bytes;
  struct ws_ans *a = x->a;
  x->bytes = NULL;
  if (b)
    ws_bytes_drop(b);
  if (a)
    a->pins++;
  ws_watch_free(w, id);
  if (!a)
    return;
  a->pins--;
  if (!a->watchers) {
    ans_leave(a);
    return;
  }
  ws_ans_paused(a, watch_all_paused(a));
  ws_ans_schedule(a);
}

/* ---- when to ask again ---- */

/* The pace of the most eager watcher that looks; 0: nobody does, or the resource is never polled. */
static uint32_t ans_pace(const struct ws_ans *a)
{
  uint32_t best = 0, poll = a->q->res ? a->q->res->poll_ms : 0;
  if (a->q->kind == SL_Q_FOLLOW) /* taken up again when it broke off */
    poll = a->fails ? AGAIN_MS : 0;
  if (!poll || a->q->kind == SL_Q_SQL)
    return 0;
  for (size_t i = 0; i < a->w->nwatch; i++) {
    const struct ws_watch *x = &a->w->watch[i];
    if (!x->used || x->a != a || !x->visible || x->paused || x->once)
      continue;
    uint32_t mine = x->max_age_ms ? x->max_age_ms : poll;
    if (mine < EAGER_MIN_MS)
      mine = EAGER_MIN_MS;
    if (!best || mine < best)
      best = mine;
  }
  return best;
}

static void ans_poll(void *user)
{
  struct ws_ans *a = user;
  a->poll.v = 0;
  if (ans_pace(a))
    ws_ans_run(a);
}

/* From the end of the last run; after failures less often. */
void ws_ans_schedule(struct ws_ans *a)
{
  struct sl_ws *w = a->w;
  sl_timer_stop(w->l, &a->poll);
  uint32_t pace = ans_pace(a);
  if (a->running || !pace || a->ended < 0 || w->closing)
    return;
  unsigned fails = a->fails < FAILS_MAX ? a->fails : FAILS_MAX;
  int64_t rest = (a->ended - a->began) * REST_FACTOR, wait = a->fails || rest < pace ? pace : rest;
  int64_t due = a->ended + (wait << fails) - sl_loop_now(w->l);
  if (sl_timer_start(w->l, due < 0 ? 0 : due, 0, ans_poll, a, &a->poll, NULL))
    a->poll.v = 0;
}

static void ans_again(struct ws_ans *a)
{
  if (a->running)
    a->again = true;
  else
    ws_ans_run(a);
}

/* ---- asking ---- */

/* Rows of several connections are never merged by arrival: lines of logs without an order of their own stand by their time. */
static const char *order_of(const struct sl_ws *w, const struct sl_query *q)
{
  const struct sl_resource *res = q->res;
  if (res->order)
    return q->kind == SL_Q_LIST ? res->order : NULL;
  size_t n = 0;
  for (size_t i = 0; i < w->nconn && !q->conn.n; i++)
    n += ws_conn_serves(w->conn[i], res, NULL) != NULL;
  for (size_t i = 0; n > 1 && res->shape == SL_LOG && i < res->ncols; i++)
    if (res->cols[i].type == SL_TIME)
      return res->cols[i].name;
  return NULL;
}

/* The query as backends get it: with the resource's order, the owner of an address and its canonical form. */
static int query_canonical(struct sl_ws *w, struct sl_query *q, struct sl_query **out, struct sl_err *err)
{
  struct sl_query like = *q;
  struct sl_order *order = NULL;
  struct sl_buf uri, conn;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = SL_OK;
  if (!q->res && q->kind != SL_Q_SQL)
    return sl_err_set(err, SL_EUSAGE, "a query of no resource");
  const char *own = !q->order && !q->unordered && (q->kind == SL_Q_LIST || q->kind == SL_Q_FOLLOW) ? order_of(w, q) : NULL;
  if (own)
    rc = sl_order_parse(&order, sl_str(own), err);
  if (order)
    like.order = order;
  if (q->kind == SL_Q_SQL && !q->conn.n)
    like.conn = SL_STR("compute");
  if (!rc && q->res == &sl_res_objects && q->scope.n && q->kind != SL_Q_SQL && (!q->conn.n || sl_str_starts(q->scope, SL_STR("lake:")))) {
    rc = sl_ws_resolve(w, q->scope, false, &uri, &conn, err);
    if (!rc && !conn.n)
      rc = sl_err_set(err, SL_EUSAGE, "no connection of this workspace serves %.*s", SL_ARG(q->scope));
    like.scope = sl_buf_view(&uri);
    if (!q->conn.n)
      like.conn = sl_buf_view(&conn);
  }
  if (!rc && q->res && q->res->scope_required && !q->scope.n)
    rc = sl_err_set(err, SL_EUSAGE, "%s of what? it takes %s", q->res->name, q->res->scope ? q->res->scope : "a scope");
  if (!rc)
    rc = sl_query_new(out, &like, err);
  sl_order_unref(order);
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return rc;
}

static struct ws_ans *ans_find(struct sl_ws *w, const struct sl_query *q, uint64_t cap)
{
  for (struct ws_ans *a = w->answers; a; a = a->next)
    if (ws_query_same(a->q, q) && (cap == UINT64_MAX || a->cap == cap))
      return a;
  return NULL;
}

/* New enough for this watcher, so that nobody is asked. */
static bool ans_good_for(const struct ws_ans *a, uint32_t max_age_ms)
{
  return a->running || (a->ended >= 0 && max_age_ms && !a->wanted && !a->fails && sl_loop_now(a->w->l) - a->ended <= max_age_ms);
}

int ws_ask(struct sl_ws *w, struct sl_query *q, uint64_t cap, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err)
{
  return ws_ask_aged(w, q, cap, q->any_age && q->kind == SL_Q_SQL ? UINT32_MAX : q->max_age_ms, once, fn, user, out, err);
}

int ws_ask_aged(struct sl_ws *w, struct sl_query *q, uint64_t cap, uint32_t age, bool once, sl_changed *fn, void *user, sl_watch *out,
                struct sl_err *err)
{
  struct sl_query *mine = NULL;
  struct ws_ans *a = NULL;
  struct ws_watch *x;
  out->v = 0;
  if (w->closing)
    return sl_err_set(err, SL_ECANCELED, "the workspace is closing");
  int rc = query_canonical(w, q, &mine, err);
  if (rc)
    return rc;
  a = ans_find(w, mine, cap);
  if (!a && !(rc = ws_ans_new(w, &a, mine, cap, err)) && age)
    (void)ws_ans_adopt(a, age); /* where it cannot, it asks */
  if (!rc && (rc = ws_watch_new(w, &x, out, err)) && !a->watchers)
    ans_leave(a);
  sl_query_unref(mine);
  if (rc)
    return rc;
  x->once = once;
  x->fn = fn;
  x->user = user;
  x->max_age_ms = q->max_age_ms;
  x->a = a;
  x->seen = a->seq - 1; /* the first word always comes */
  a->watchers++;
  bool fresh = ans_good_for(a, age);
  x->want_run = fresh ? a->run : a->run + 1;
  ws_ans_paused(a, false);
  if (!fresh)
    ws_ans_run(a);
  else
    ws_ans_schedule(a);
  ws_soon(w, true);
  return SL_OK;
}

int sl_ws_query(struct sl_ws *w, struct sl_query *q, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err)
{
  return q->group ? ws_group_ask(w, q, once, fn, user, out, err) : ws_ask(w, q, UINT64_MAX, once, fn, user, out, err);
}

/* ---- the watchers' wishes ---- */

void sl_ws_visible(struct sl_ws *w, sl_watch id, bool visible)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (!x || !x->a || x->visible == visible)
    return;
  x->visible = visible;
  if (visible && x->a->wanted)
    ans_again(x->a);
  else
    ws_ans_schedule(x->a);
}

void sl_ws_refresh(struct sl_ws *w, sl_watch id)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (x && x->a)
    ws_ans_run(x->a); /* one under way is a refresh already */
}

void sl_ws_pause(struct sl_ws *w, sl_watch id, bool paused)
{
  struct ws_watch *x = ws_watch_get(w, id);
  if (!x || x->paused == paused)
    return;
  x->paused = paused;
  if (!x->a)
    return;
  ws_ans_paused(x->a, watch_all_paused(x->a));
  ws_ans_schedule(x->a);
  if (!paused)
    ws_soon(w, true);
}

static bool ans_looked_at(const struct ws_ans *a)
{
  for (size_t i = 0; i < a->w->nwatch; i++) {
    const struct ws_watch *x = &a->w->watch[i];
    if (x->used && x->a == a && (x->once || (x->visible && !x->paused)))
      return true;
  }
  return false;
}

void sl_ws_stale(struct sl_ws *w, const struct sl_resource *res)
{
  for (struct ws_ans *a = w->answers, *next; a; a = next) {
    next = a->next;
    if (a->q->res != res || a->q->kind == SL_Q_FOLLOW)
      continue;
    a->wanted = true;
    if (ans_idle(a)) {
      ws_ans_free(a);
      continue;
    }
    if (next)
      next->pins++; /* asking may end others */
    if (ans_looked_at(a))
      ans_again(a);
    if (next)
      next->pins--;
  }
}

void ws_answers_reload(struct sl_ws *w)
{
  for (struct ws_ans *a = w->answers, *next; a; a = next) {
    next = a->next;
    if (ans_idle(a)) {
      ws_ans_free(a);
      continue;
    }
    struct sl_err e = { 0 };
    ws_ans_stop(a);
    for (size_t i = 0; i < a->ninput; i++)
      a->input[i].nsrc = 0;
    if (ws_ans_sources(a, &e))
      ws_ans_lost(a, &e);
    a->wanted = true;
  }
  for (struct ws_ans *a = w->answers; a; a = a->next) {
    a->pins++;
    if (ans_looked_at(a))
      ws_ans_run(a);
    a->pins--;
  }
}

/* ---- telling ---- */

/* One watcher. It may do anything from its callback, so nothing is kept across it. */
static void tell(struct sl_ws *w, size_t slot)
{
  struct ws_watch *x = &w->watch[slot];
  struct ws_ans *a = x->a;
  if (!x->used || !a || x->paused || x->seen == a->seq)
    return;
  x->seen = a->seq;
  struct sl_answer view = ws_ans_view(a, x->want_run);
  sl_watch id = watch_id(w, x);
  bool over = x->once && view.done, grouped = x->group != NULL;
  sl_changed *fn = x->fn;
  void *user = x->user;
  a->pins++;
  if (x->group)
    ws_group_hear(x->group, &view);
  else
    fn(user, id, &view);
  if (over && !grouped)
    sl_ws_unwatch(w, id);
  a->pins--;
  ans_leave(a);
}

static void tick(struct sl_ws *w)
{
  w->tick_queued = false;
  if (w->closing)
    return;
  sl_timer_stop(w->l, &w->tick);
  w->ticked = sl_loop_now(w->l);
  for (struct ws_ans *a = w->answers; a; a = a->next)
    if (a->dirty)
      ws_ans_publish(a);
  size_t n = w->nwatch;
  for (size_t i = 0; i < n && !w->closing; i++)
    tell(w, i);
  for (struct ws_ans *a = w->answers; a; a = a->next)
    if (a->dirty)
      ws_soon(w, false);
}

int ws_later(struct sl_ws *w, sl_timer_fn *fn, void *user, struct sl_err *err)
{
  sl_timer t;
  return sl_loop_later(w->l, fn, user, NULL) ? sl_timer_start(w->l, 0, 0, fn, user, &t, err) : SL_OK;
}

static void tick_later(void *user)
{
  tick(user);
}

static void tick_timer(void *user)
{
  struct sl_ws *w = user;
  w->tick.v = 0;
  if (!w->tick_queued)
    tick(w);
}

/* At the end of this turn, or when 33 ms have passed since the last time. Where a test stands on the clock, time does not pass by itself,
 * and a tick comes each turn. */
void ws_soon(struct sl_ws *w, bool urgent)
{
  if (w->tick_queued || w->closing)
    return;
  int64_t left = w->ticked + WS_TICK_MS - sl_loop_now(w->l);
  if (urgent || left <= 0 || sl_loop_frozen(w->l)) {
    w->tick_queued = !ws_later(w, tick_later, w, NULL);
    return;
  }
  if (!w->tick.v && sl_timer_start(w->l, left, 0, tick_timer, w, &w->tick, NULL)) {
    w->tick.v = 0; /* no memory for a timer: rather too early than never */
    w->tick_queued = !ws_later(w, tick_later, w, NULL);
  }
}
