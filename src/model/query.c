/* model/query.c: queries are counted and immutable, so that everybody who answers one may keep it without a copy; and when two of them
 * would have the same answer. */
#include "base/mem.h"
#include "model/ws_int.h"

static int text_copy(struct sl_str *to, struct sl_str from, struct sl_err *err)
{
  *to = SL_STR_NONE;
  char *p = sl_strndup(from.n ? from.p : "", from.n);
  if (!p)
    return sl_err_nomem(err);
  *to = sl_strn(p, from.n);
  return SL_OK;
}

static int inputs_copy(struct sl_query *q, const struct sl_query *like, struct sl_err *err)
{
  q->inputs = NULL;
  q->ninputs = 0;
  if (!like->ninputs)
    return SL_OK;
  q->inputs = sl_calloc(like->ninputs, sizeof *q->inputs);
  if (!q->inputs)
    return sl_err_nomem(err);
  for (size_t i = 0; i < like->ninputs; i++, q->ninputs++) {
    q->inputs[i].name = sl_strdup(like->inputs[i].name);
    if (!q->inputs[i].name)
      return sl_err_nomem(err);
    q->inputs[i].snap = like->inputs[i].snap ? sl_snap_ref(like->inputs[i].snap) : NULL;
  }
  return SL_OK;
}

int sl_query_new(struct sl_query **out, const struct sl_query *like, struct sl_err *err)
{
  *out = NULL;
  struct sl_query *q = sl_calloc(1, sizeof *q);
  if (!q)
    return sl_err_nomem(err);
  *q = *like;
  q->refs = 1;
  q->conn = q->scope = q->out = SL_STR_NONE;
  q->want = like->want ? sl_want_ref(like->want) : NULL;
  q->where = like->where ? sl_filter_ref(like->where) : NULL;
  q->order = like->order ? sl_order_ref(like->order) : NULL;
  q->group = like->group ? sl_want_ref(like->group) : NULL;
  int rc = inputs_copy(q, like, err);
  if (!rc)
    rc = text_copy(&q->conn, like->conn, err);
  if (!rc)
    rc = text_copy(&q->scope, like->scope, err);
  if (!rc)
    rc = text_copy(&q->out, like->out, err);
  if (rc)
    sl_query_unref(q);
  else
    *out = q;
  return rc;
}

struct sl_query *sl_query_ref(struct sl_query *q)
{
  __atomic_add_fetch(&q->refs, 1, __ATOMIC_RELAXED);
  return q;
}

/* The texts are ours: the casts only undo what the struct promises to readers. */
static void text_free(struct sl_str s)
{
  sl_free((void *)(uintptr_t)s.p);
}

void sl_query_unref(struct sl_query *q)
{
  if (!q || __atomic_sub_fetch(&q->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (size_t i = 0; i < q->ninputs; i++) {
    text_free(sl_str(q->inputs[i].name));
    sl_snap_unref(q->inputs[i].snap);
  }
  sl_free(q->inputs);
  sl_want_unref(q->want);
  sl_filter_unref(q->where);
  sl_order_unref(q->order);
  sl_want_unref(q->group);
  text_free(q->conn);
  text_free(q->scope);
  text_free(q->out);
  sl_free(q);
}

static bool name_same(struct sl_name a, struct sl_name b)
{
  return sl_str_eq(a.col, b.col) && !a.key.p == !b.key.p && sl_str_eq(a.key, b.key);
}

/* By what it means, not by text alone: `started > -2h` is another question an hour later. */
static bool lit_same(const struct sl_lit *a, const struct sl_lit *b)
{
  return a->quoted == b->quoted && a->may == b->may && sl_str_eq(a->text, b->text) && (!(a->may & SL_LIT_TIME) || a->time == b->time);
}

static bool node_same(const struct sl_filter_node *a, const struct sl_filter_node *b)
{
  if (!a || !b)
    return a == b;
  if (a->op != b->op || a->nlits != b->nlits || !name_same(a->name, b->name))
    return false;
  for (size_t i = 0; i < a->nlits; i++)
    if (!lit_same(&a->lits[i], &b->lits[i]))
      return false;
  return node_same(a->a, b->a) && node_same(a->b, b->b);
}

static bool filter_same(const struct sl_filter *a, const struct sl_filter *b)
{
  return a == b || (a && b && sl_str_eq(sl_filter_text(a), sl_filter_text(b)) && node_same(sl_filter_root(a), sl_filter_root(b)));
}

static bool order_same(const struct sl_order *a, const struct sl_order *b)
{
  if (!a || !b || sl_order_count(a) != sl_order_count(b))
    return a == b;
  for (size_t i = 0; i < sl_order_count(a); i++) {
    const struct sl_order_key *x = sl_order_key(a, i), *y = sl_order_key(b, i);
    if (x->desc != y->desc || !name_same(x->name, y->name))
      return false;
  }
  return true;
}

static bool want_same(const struct sl_want *a, const struct sl_want *b)
{
  if (!a || !b || sl_want_count(a) != sl_want_count(b))
    return a == b;
  for (size_t i = 0; i < sl_want_count(a); i++)
    if (!name_same(sl_want_name(a, i), sl_want_name(b, i)))
      return false;
  return true;
}

static bool inputs_same(const struct sl_query *a, const struct sl_query *b)
{
  if (a->ninputs != b->ninputs)
    return false;
  for (size_t i = 0; i < a->ninputs; i++)
    if (a->inputs[i].snap != b->inputs[i].snap || strcmp(a->inputs[i].name, b->inputs[i].name) != 0)
      return false;
  return true;
}

bool ws_query_alike(const struct sl_query *a, const struct sl_query *b)
{
  return !a->out.n && !b->out.n && a->res == b->res && a->kind == b->kind && a->limit == b->limit && a->deleted == b->deleted &&
         a->unordered == b->unordered && a->input_rows == b->input_rows && a->points == b->points &&
         a->no_cap == b->no_cap && sl_str_eq(a->conn, b->conn) &&
         sl_str_eq(a->scope, b->scope) && want_same(a->want, b->want) && want_same(a->group, b->group) && inputs_same(a, b);
}

bool ws_query_rows_same(const struct sl_query *a, const struct sl_query *b)
{
  return ws_query_alike(a, b) && filter_same(a->where, b->where);
}

bool ws_query_same(const struct sl_query *a, const struct sl_query *b)
{
  return a == b || (ws_query_alike(a, b) && filter_same(a->where, b->where) && order_same(a->order, b->order));
}
