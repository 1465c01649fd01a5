/* model/group.c: an answer put together by what its rows hold. It asks nobody: it listens to the answer that has the rows themselves, which
 * a table of them shares, and groups that again whenever it changes. Order and limit are of the groups.
 *
 * What goes wrong here is told as a failure of every source, as with any other work on an answer. */
#include "base/mem.h"
#include "model/ws_int.h"
#include "table/group.h"

enum { GROUP_COST = 5, GROUP_SOURCES = 64 };

struct ws_group {
  struct sl_ws *w;
  sl_watch id;                      /* the watch of the rows; also what whoever asked holds */
  struct sl_query *q;
  sl_changed *fn;
  void *user;
  bool once;
  struct sl_group *g;
  struct sl_schema *schema;         /* that g was made for */
  struct sl_group_op *op;
  struct sl_snap_op *sort;
  struct sl_snap *under, *of;       /* rows being grouped; those that `shown` was made of */
  struct sl_snap *shown;
  struct sl_grouped made;           /* its figures; snap is in `shown`, or being sorted */
  int64_t began, cost;
  int rc;                           /* of the last attempt, over `of` */
  struct sl_err err;
  struct sl_source src[GROUP_SOURCES];
};

/* ---- grouping ---- */

static void hear_again(struct ws_group *x)
{
  struct ws_watch *w = ws_watch_get(x->w, x->id);
  if (!w || !w->a)
    return;
  w->seen = w->a->seq - 1;
  ws_soon(x->w, true);
}

static void settle(struct ws_group *x, int rc, struct sl_snap *take, const struct sl_err *err)
{
  x->cost = sl_loop_now(x->w->l) - x->began;
  sl_snap_unref(x->of);
  x->of = x->under;
  x->under = NULL;
  x->rc = rc;
  x->err = rc && err ? *err : (struct sl_err){ 0 };
  if (!rc) {
    sl_snap_unref(x->shown);
    x->shown = take;
  }
  hear_again(x);
}

static void sorted(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  struct ws_group *x = user;
  x->sort = NULL;
  settle(x, rc, out, err);
}

static void grouped(void *user, int rc, struct sl_grouped *out, const struct sl_err *err)
{
  struct ws_group *x = user;
  struct sl_err e = { 0 };
  x->op = NULL;
  if (rc) {
    settle(x, rc, NULL, err);
    return;
  }
  sl_free(x->made.columns);
  x->made = *out;
  x->made.snap = NULL;
  uint64_t limit = x->q->limit >= sl_snap_count(out->snap) ? 0 : x->q->limit;
  if (!x->q->order && !limit) {
    settle(x, SL_OK, out->snap, NULL);
    return;
  }
  rc = sl_snap_select(out->snap, NULL, x->q->order, limit, sorted, x, &x->sort, &e);
  sl_snap_unref(out->snap);
  if (rc)
    settle(x, rc, NULL, &e);
}

/* Of the columns that these rows have. */
static int columns_fit(struct ws_group *x, struct sl_schema *s, struct sl_err *err)
{
  if (x->g && x->schema == s)
    return SL_OK;
  struct sl_group *g = NULL;
  int rc = sl_group_new(&g, s, x->q->group, x->q->want, err);
  if (!rc && x->q->order)
    rc = sl_order_check(x->q->order, sl_group_schema(g), err);
  if (rc) {
    sl_group_unref(g);
    return rc;
  }
  sl_group_unref(x->g);
  sl_schema_unref(x->schema);
  x->g = g;
  x->schema = sl_schema_ref(s);
  return SL_OK;
}

static void start(struct ws_group *x, struct sl_snap *rows, struct sl_str conn)
{
  struct sl_err e = { 0 };
  sl_snap_unref(x->under);
  x->under = sl_snap_ref(rows);
  x->began = sl_loop_now(x->w->l);
  int rc = columns_fit(x, sl_snap_schema(rows), &e);
  rc = rc ? rc : sl_snap_group(rows, x->g, conn, grouped, x, &x->op, &e);
  if (rc)
    settle(x, rc, NULL, &e);
}

/* Rows that are still coming are not grouped over and over: it may take its share of the time, no more. */
static bool too_soon(const struct ws_group *x, const struct sl_answer *rows)
{
  if (rows->done)
    return false;
  return x->once || (x->shown && !sl_loop_frozen(x->w->l) && sl_loop_now(x->w->l) - x->began < x->cost * GROUP_COST);
}

/* ---- telling ---- */

static void failed(struct ws_group *x, struct sl_answer *a)
{
  size_t n = a->nsrc < GROUP_SOURCES ? a->nsrc : GROUP_SOURCES;
  for (size_t i = 0; i < n; i++) {
    x->src[i] = a->src[i];
    x->src[i].state = SL_FAILED;
    x->src[i].err = x->err;
  }
  a->src = x->src;
  a->nsrc = n;
}

void ws_group_hear(struct ws_group *x, const struct sl_answer *rows)
{
  struct sl_str conn = rows->nsrc == 1 ? rows->src[0].conn : SL_STR("sluice");
  bool busy = x->op || x->sort;
  if (rows->snap && rows->snap != x->of && !busy && !too_soon(x, rows)) {
    start(x, rows->snap, conn);
    busy = x->op || x->sort;
  }
  struct sl_answer a = *rows;
  bool fresh = !busy && (!rows->snap || rows->snap == x->of);
  a.snap = x->shown;
  a.done = rows->done && fresh;
  a.grouped = true;
  a.group_rows = x->made.rows;
  a.group_left_out = x->made.nan + x->made.infinite;
  a.columns = sl_str(x->made.columns);
  if (x->rc && fresh)
    failed(x, &a);
  sl_changed *fn = x->fn;
  void *user = x->user;
  struct sl_ws *w = x->w;
  sl_watch id = x->id;
  bool over = x->once && a.done;
  fn(user, id, &a);
  if (over)
    sl_ws_unwatch(w, id);
}

/* ---- asking ---- */

static bool whole(const struct ws_ans *o)
{
  for (size_t i = 0; i < o->nsrc; i++)
    if (o->src[i]->pub.state == SL_CUT || o->src[i]->pub.state == SL_FAILED)
      return false;
  return true;
}

/* Rows that are here already, whatever their order, are as good as any. */
static struct ws_ans *rows_here(struct sl_ws *w, const struct sl_query *rows)
{
  for (struct ws_ans *o = w->answers; o; o = o->next)
    if (!o->q->limit && whole(o) && ws_query_rows_same(o->q, rows))
      return o;
  return NULL;
}

static int rows_query(struct sl_ws *w, const struct sl_query *q, struct sl_query **out, uint64_t *cap, struct sl_err *err)
{
  struct sl_query like = *q;
  like.group = like.want = NULL;
  like.order = NULL;
  like.limit = 0;
  *cap = UINT64_MAX;
  int rc = sl_query_new(out, &like, err);
  struct ws_ans *here = rc ? NULL : rows_here(w, *out);
  if (!here)
    return rc;
  sl_query_unref(*out);
  *out = sl_query_ref(here->q);
  *cap = here->cap;
  return SL_OK;
}

/* What is named must be there, before anybody waits for rows; statements bring their columns with the answer. */
static int names_check(const struct ws_ans *a, const struct sl_query *q, struct sl_err *err)
{
  struct sl_schema *s = NULL;
  struct sl_group *g = NULL;
  if (a->q->kind == SL_Q_SQL || !a->q->res || !a->q->res->ncols)
    return SL_OK;
  int rc = ws_ans_union(a, &s, err);
  rc = rc ? rc : sl_group_new(&g, s, q->group, q->want, err);
  if (!rc && q->order)
    rc = sl_order_check(q->order, sl_group_schema(g), err);
  sl_group_unref(g);
  sl_schema_unref(s);
  return rc;
}

static void never(void *user, sl_watch id, const struct sl_answer *a)
{
  (void)user;
  (void)id;
  (void)a;
}

int ws_group_ask(struct sl_ws *w, struct sl_query *q, bool once, sl_changed *fn, void *user, sl_watch *out, struct sl_err *err)
{
  struct sl_query *rows = NULL;
  uint64_t cap;
  struct ws_group *x = sl_calloc(1, sizeof *x);
  out->v = 0;
  if (!x)
    return sl_err_nomem(err);
  int rc = rows_query(w, q, &rows, &cap, err);
  rc = rc ? rc : ws_ask_aged(w, rows, cap, q->any_age ? UINT32_MAX : q->max_age_ms, once, never, NULL, out, err);
  struct ws_watch *watch = rc ? NULL : ws_watch_get(w, *out);
  rc = rc ? rc : names_check(watch->a, q, err);
  sl_query_unref(rows);
  if (rc) {
    sl_ws_unwatch(w, *out);
    out->v = 0;
    sl_free(x);
    return rc;
  }
  *x = (struct ws_group){ .w = w, .id = *out, .q = sl_query_ref(q), .fn = fn, .user = user, .once = once };
  watch->group = x;
  return SL_OK;
}

void ws_group_free(struct ws_group *x)
{
  if (!x)
    return;
  if (x->op)
    sl_group_cancel(x->op);
  if (x->sort)
    sl_snap_cancel(x->sort);
  sl_snap_unref(x->under);
  sl_snap_unref(x->of);
  sl_snap_unref(x->shown);
  sl_free(x->made.columns);
  sl_group_unref(x->g);
  sl_schema_unref(x->schema);
  sl_query_unref(x->q);
  sl_free(x);
}
