/* model/publish.c: from the table to what watchers see: filtered, sorted and cut here where the backend did not; told at most 30 times a
 * second, the end at once. The old order stays on the screen until the new one is ready. */
#include "base/mem.h"
#include "model/ws_int.h"

enum { COST_FACTOR = 4, COST_MIN_MS = 5 };

/* ---- the first rows of a batch, where a cap or a limit falls into it ---- */

static void cell_copy(struct sl_batch *to, const struct sl_batch *b, uint32_t row, unsigned col, enum sl_type type)
{
  if (type != SL_FAMILY_F64 && type != SL_FAMILY_TEXT) {
    sl_batch_set(to, col, sl_batch_get(b, row, col));
    return;
  }
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  uint32_t key;
  struct sl_val v;
  for (uint32_t i = 0; sl_batch_pair(b, row, col, i, &key, &v); i++)
    sl_batch_key(to, col, sl_keys_name(keys, key), v);
}

int ws_batch_head(struct sl_batch **out, struct sl_batch *b, uint32_t n, struct sl_err *err)
{
  *out = NULL;
  struct sl_schema *s = sl_batch_schema(b);
  if (n >= sl_batch_count(b)) {
    *out = sl_batch_ref(b);
    return SL_OK;
  }
  struct sl_batch *to = NULL;
  int rc = sl_batch_new(&to, s, err);
  for (uint32_t row = 0; row < n && !rc; row++) {
    sl_batch_row(to, sl_batch_op(b, row), sl_batch_id(b, row));
    for (unsigned c = 0; c < sl_schema_count(s); c++)
      cell_copy(to, b, row, c, sl_schema_col(s, c)->type);
  }
  if (!rc)
    rc = sl_batch_seal(to, err);
  if (rc)
    sl_batch_unref(to);
  else
    *out = to;
  return rc;
}

/* ---- what remains to be done here ---- */

static bool all_did(const struct ws_ans *a, unsigned what)
{
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i]->headed ? !(a->src[i]->pub.did & what) : a->src[i]->good)
      return false;
  return true;
}

/* Rows of one source in one run come as it sorted them; rows put over older ones or beside another's do not. */
static bool needs_order(const struct ws_ans *a)
{
  return a->order && !(a->nsrc == 1 && a->table_runs == 1 && all_did(a, SL_DID_ORDER));
}

static void show(struct ws_ans *a, struct sl_snap *take, uint64_t version)
{
  sl_snap_unref(a->snap);
  a->snap = take;
  a->version = version;
  a->select_failed = false;
  a->seq++;
}

static void select_failed(struct ws_ans *a, const struct sl_err *err)
{
  a->select_failed = true;
  for (size_t i = 0; i < a->nsrc; i++) {
    a->src[i]->pub.state = SL_FAILED;
    a->src[i]->pub.err = *err;
  }
  a->seq++;
}

static void selected(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  struct ws_ans *a = user;
  a->op = NULL;
  a->op_cost = sl_loop_now(a->w->l) - a->op_began;
  if (rc)
    select_failed(a, err);
  else
    show(a, out, a->op_version);
  if (rc)
    a->version = a->op_version;
  ws_ans_mark(a, !a->running);
}

/* A large table is not sorted again each 33 ms while it grows. */
static bool too_soon(const struct ws_ans *a)
{
  if (!a->running || a->op_cost < COST_MIN_MS || sl_loop_frozen(a->w->l)) /* a test's clock measures no cost */
    return false;
  return sl_loop_now(a->w->l) - a->op_began < a->op_cost * (COST_FACTOR + 1);
}

static void select_start(struct ws_ans *a, struct sl_snap *all, uint64_t version)
{
  struct sl_filter *where = a->q->where && !all_did(a, SL_DID_WHERE) ? a->q->where : NULL;
  struct sl_order *order = needs_order(a) ? a->order : NULL;
  a->filtered_here = where != NULL;
  uint64_t limit = a->q->limit;
  if (limit && limit >= sl_snap_count(all))
    limit = 0;
  if (!where && !order && !limit) {
    show(a, all, version);
    return;
  }
  a->op_version = version;
  a->op_began = sl_loop_now(a->w->l);
  struct sl_err e = { 0 };
  if (sl_snap_select(all, where, order, limit, selected, a, &a->op, &e)) {
    a->op = NULL;
    a->version = version;
    select_failed(a, &e);
  }
  sl_snap_unref(all);
}

void ws_ans_publish(struct ws_ans *a)
{
  a->dirty = false;
  if (a->op || (!a->table && !a->base) || (a->replacing && a->running)) {
    if (!a->op)
      a->seq++;
    return;
  }
  uint64_t version = a->table ? sl_table_version(a->table) : a->version;
  if ((a->snap || a->select_failed) && version == a->version && !a->replaced) {
    a->seq++;
    return;
  }
  if (too_soon(a)) {
    a->dirty = true;
    a->seq++;
    return;
  }
  struct sl_snap *all = NULL;
  struct sl_err e = { 0 };
  a->replaced = false;
  if (!a->table)
    select_start(a, sl_snap_ref(a->base), version);
  else if (sl_table_snap(a->table, &all, &e))
    select_failed(a, &e);
  else
    select_start(a, all, version);
}

/* ---- the same question in another order or under another filter ---- */

/* All its rows are here, as nobody filtered at the source: another filter or order of them is what the source would answer. */
static bool adoptable(const struct ws_ans *o, const struct ws_ans *a, uint32_t max_age_ms)
{
  if (o == a || o->cap != a->cap || o->q->limit || o->ninput || o->nsrc != a->nsrc || !(o->base || (o->table && !o->q->where)))
    return false;
  if (o->running || o->wanted || o->fails || o->ended < 0 || sl_loop_now(o->w->l) - o->ended > max_age_ms)
    return false;
  for (size_t i = 0; i < o->nsrc; i++)
    if (o->src[i]->pub.state != SL_WHOLE || !o->src[i]->headed)
      return false;
  return ws_query_alike(o->q, a->q);
}

static bool fits(const struct ws_ans *a, const struct sl_schema *s)
{
  return (!a->q->where || !sl_filter_check(a->q->where, s, NULL)) && (!a->order || !sl_order_check(a->order, s, NULL));
}

bool ws_ans_adopt(struct ws_ans *a, uint32_t max_age_ms)
{
  struct ws_ans *o = a->w->answers;
  while (o && !adoptable(o, a, max_age_ms))
    o = o->next;
  if (a->q->kind != SL_Q_SQL || !o || !fits(a, o->schema))
    return false;
  if (!o->table)
    a->base = sl_snap_ref(o->base);
  else if (sl_table_snap(o->table, &a->base, NULL))
    return false; /* no memory to share: the statement runs again */
  a->schema = sl_schema_ref(o->schema);
  a->ended = o->ended;
  a->had = true;
  for (size_t i = 0; i < a->nsrc; i++) {
    struct sl_str conn = a->src[i]->pub.conn;
    a->src[i]->pub = o->src[i]->pub;
    a->src[i]->pub.conn = conn;
    a->src[i]->pub.did = 0;
    a->src[i]->headed = a->src[i]->good = true;
  }
  ws_ans_mark(a, true);
  return true;
}

bool ws_ans_settled(const struct ws_ans *a)
{
  return !a->running && !a->op && !a->dirty;
}

struct sl_answer ws_ans_view(struct ws_ans *a, uint64_t want_run)
{
  struct sl_err e = { 0 };
  if (ws_ans_pub(a, &e) && a->npub) { /* sources that cannot be shown must not look as if all were well */
    a->pub[0].state = SL_FAILED;
    a->pub[0].err = e;
  }
  return (struct sl_answer){
    .snap = a->snap, .src = a->pub, .nsrc = a->npub, .done = a->q->kind != SL_Q_FOLLOW ? ws_ans_settled(a) && a->run >= want_run : false,
    .stale = a->stale, .filtered_here = a->filtered_here,
    .loaded = a->table ? sl_table_count(a->table) : a->base ? sl_snap_count(a->base) : 0,
    .dropped = a->table ? sl_table_dropped(a->table) : 0, .doc = sl_buf_view(&a->doc),
  };
}

void ws_ans_mark(struct ws_ans *a, bool urgent)
{
  a->dirty = true;
  ws_soon(a->w, urgent);
}
