/* table/select.c: a filtered and sorted view of a snapshot, made by a worker in one pass over the blocks (walk.c). What a filter keeps is
 * remembered by position, or handed to the sorter at once with its key. */
#include "table/sort_int.h"

struct sl_snap_op {
  struct sl_snap *s, *out;
  struct sl_filter *where;
  struct sl_order *order;
  uint64_t limit;
  sl_snap_done *fn;
  void *user;
  int cancelled;
};

/* State of one pass. */
struct pass {
  struct sl_snap_op *op;
  const volatile int *cancel;
  struct sorter *sorter;
  struct ords *kept;          /* without an order, rows as in dir: their ordinals */
  uint64_t nkept;
  uint8_t *keep_pos;          /* without an order, rows by ords: a bit a position */
  struct sl_err *err;
};

static bool stopped(const struct pass *p)
{
  return *p->cancel || __atomic_load_n(&p->op->cancelled, __ATOMIC_RELAXED);
}

static int keep_row(struct pass *p, const struct key_plan *plan, const struct sl_batch *b, uint32_t ord, uint32_t pos)
{
  if (p->sorter) {
    key_write(sorter_key(p->sorter), plan, b, ord % ROWS);
    return sorter_add(p->sorter, ord, p->err);
  }
  if (p->keep_pos) {
    p->keep_pos[pos >> 3] |= (uint8_t)(1 << (pos & 7));
    return SL_OK;
  }
  int rc = ords_reserve(&p->kept, p->op->s->budget, (size_t)p->nkept, false, p->err);
  if (!rc)
    p->kept->o[p->nkept++] = ord;
  return rc;
}

static bool enough(const struct pass *p)
{
  return p->op->limit && !p->sorter && !p->keep_pos && p->nkept >= p->op->limit;
}

static int pass_block(void *user, const struct snap_part *part)
{
  struct pass *p = user;
  struct sl_snap_op *op = p->op;
  struct key_plan plan;
  uint8_t keep[ROWS];
  int rc = SL_OK;
  if (stopped(p))
    return SL_ECANCELED;
  if (op->where)
    rc = sl_filter_run(op->where, part->b, keep, p->err);
  else
    memset(keep, 1, sizeof keep);
  key_plan(&plan, op->order, part->b);
  for (uint32_t r = part->from; !part->pos && r < part->to && !rc; r++)
    if (keep[r])
      rc = keep_row(p, &plan, part->b, (uint32_t)(part->entry * ROWS + r), 0);
  for (size_t i = 0; part->pos && i < part->npos && !rc; i++) {
    uint32_t ord = op->s->ords->o[part->pos[i]];
    if (keep[ord % ROWS])
      rc = keep_row(p, &plan, part->b, ord, part->pos[i]);
  }
  return rc ? rc : enough(p) ? SNAP_ENOUGH : SL_OK;
}

/* What the pass kept, as ordinals in their final order. */
static int pass_result(struct pass *p, struct ords **out, uint64_t *n)
{
  struct sl_snap_op *op = p->op;
  if (p->sorter)
    return sorter_end(p->sorter, out, n, p->cancel, p->err);
  if (!p->keep_pos) {
    *n = op->limit && p->nkept > op->limit ? op->limit : p->nkept;
    *out = p->kept;
    p->kept = NULL;
    return SL_OK;
  }
  int rc = ords_new(out, op->s->budget, (size_t)op->s->count, p->err);
  *n = 0;
  for (uint64_t i = 0; !rc && i < op->s->count && (!op->limit || *n < op->limit); i++)
    if (p->keep_pos[i >> 3] >> (i & 7) & 1)
      (*out)->o[(*n)++] = op->s->ords->o[i];
  return rc;
}

static int pass_open(struct pass *p)
{
  struct sl_snap_op *op = p->op;
  if (op->order)
    return sorter_new(&p->sorter, op->s->budget, op->limit, p->err);
  if (!op->s->ords)
    return ords_new(&p->kept, op->s->budget, ROWS, p->err);
  p->keep_pos = sl_calloc((size_t)op->s->count / 8 + 1, 1);
  return p->keep_pos ? SL_OK : sl_err_nomem(p->err);
}

static int op_work(void *user, const volatile int *cancel, struct sl_err *err)
{
  struct sl_snap_op *op = user;
  struct sl_snap *s = op->s;
  struct pass p = { .op = op, .cancel = cancel, .err = err };
  struct ords *ords = NULL;
  uint64_t n = 0;
  int rc = op->where ? sl_filter_check(op->where, s->schema, err) : SL_OK;
  if (!rc && op->order)
    rc = sl_order_check(op->order, s->schema, err);
  if (!rc)
    rc = pass_open(&p);
  if (!rc)
    rc = snap_walk(s, pass_block, &p, err);
  if (!rc)
    rc = pass_result(&p, &ords, &n);
  if (!rc)
    rc = snap_new(&op->out, s->budget, s->schema, s->dir, s->n, err);
  if (!rc) {
    op->out->ords = ords_ref(ords);
    op->out->count = n;
    op->out->first_row = s->first_row;
    op->out->struck = s->struck ? ords_ref(s->struck) : NULL;
    op->out->nstruck = s->nstruck;
  }
  ords_unref(ords);
  ords_unref(p.kept);
  sorter_free(p.sorter);
  sl_free(p.keep_pos);
  return rc;
}

static void op_free(struct sl_snap_op *op)
{
  sl_snap_unref(op->s);
  sl_snap_unref(op->out);
  sl_filter_unref(op->where);
  sl_order_unref(op->order);
  sl_free(op);
}

static void op_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_snap_op *op = user;
  struct sl_snap *out = op->out;
  if (!op->cancelled && op->fn) {
    op->out = NULL;
    op->fn(op->user, rc, out, err);
  }
  op_free(op);
}

int sl_snap_select(struct sl_snap *s, struct sl_filter *where, struct sl_order *order, uint64_t limit, sl_snap_done *fn, void *user,
                   struct sl_snap_op **out, struct sl_err *err)
{
  struct sl_snap_op *op = sl_calloc(1, sizeof *op);
  if (!op)
    return sl_err_nomem(err);
  *op = (struct sl_snap_op){ .s = sl_snap_ref(s), .limit = limit, .fn = fn, .user = user };
  op->where = where ? sl_filter_ref(where) : NULL;
  op->order = order ? sl_order_ref(order) : NULL;
  if (out)
    *out = op; /* before it starts: where there are no lanes, done() comes within this call and may clear it */
  int rc = budget_start(s->budget, op_work, op_done, op, err);
  if (!rc)
    return SL_OK;
  if (out)
    *out = NULL;
  op_free(op);
  return rc;
}

void sl_snap_cancel(struct sl_snap_op *op)
{
  if (op)
    __atomic_store_n(&op->cancelled, 1, __ATOMIC_RELAXED);
}
