/* table/group_out.c: groups as rows of a table of their own, and the door: a job that passes over the rows, then a snapshot. */
#include <math.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "table/group_int.h"
#include "table/num_int.h"

enum { BEST_KEYS = 4, COLUMNS_MAX = 1 << 20, WHERE_MAX = 1 << 20 };

/* ---- order: by what they hold, numbers as numbers wherever they stand, NaN and null last ---- */

struct sorted { struct sl_str key; uint32_t group; const struct sl_group *g; };

static int text_cmp(struct sl_str a, struct sl_str b)
{
  struct num x, y;
  bool nx = num_of_text(a, &x), ny = num_of_text(b, &y);
  int c = nx && ny ? num_cmp(x, y) : (int)ny - (int)nx;
  return c && c != NUM_UNORDERED ? c : sl_str_cmp(a, b);
}

static int group_cmp(const void *pa, const void *pb)
{
  const struct sorted *a = pa, *b = pb;
  struct sl_rd x = sl_rd(a->key), y = sl_rd(b->key);
  for (size_t i = 0; i < a->g->nby; i++) {
    struct sl_val v, w;
    int kx = cell_read(&x, a->g->by[i].col.type, &v), ky = cell_read(&y, a->g->by[i].col.type, &w);
    bool text = kx == CELL_VALUE && ky == CELL_VALUE && type_is_text(v.type);
    int c = kx != ky ? kx - ky : kx != CELL_VALUE ? 0 : text ? text_cmp(v.u.s, w.u.s) : sl_val_cmp(&v, &w);
    if (c)
      return c;
  }
  return a->group < b->group ? -1 : a->group > b->group;
}

/* ---- the filter that finds a group's rows ---- */

static void quote(struct sl_buf *b, struct sl_str s)
{
  sl_buf_ch(b, '\'');
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] == '\'')
      sl_buf_ch(b, '\'');
    sl_buf_ch(b, s.p[i]);
  }
  sl_buf_ch(b, '\'');
}

static void literal(struct sl_buf *b, const struct sl_val *v)
{
  struct sl_buf text;
  switch (v->type) {
  case SL_BOOL: sl_buf_z(b, v->u.b ? "true" : "false"); break;
  case SL_I64: sl_buf_printf(b, "%lld", (long long)v->u.i); break;
  case SL_F64: sl_fmt_f64(b, v->u.f); break;
  case SL_TIME:
    sl_buf_init(&text, 0);
    sl_val_text(&text, v);
    quote(b, sl_buf_view(&text));
    sl_buf_free(&text);
    break;
  default: quote(b, v->u.s);
  }
}

/* False: a NaN is equal to nothing, so no filter finds these; what stands there is a name for the group all the same. */
static bool where_text(const struct sl_group *g, struct sl_str key, struct sl_buf *b)
{
  struct sl_rd r = sl_rd(key);
  bool finds = true;
  for (size_t i = 0; i < g->nby; i++) {
    struct sl_val v;
    int kind = cell_read(&r, g->by[i].col.type, &v);
    sl_buf_z(b, i ? " and " : "");
    name_text(b, &g->by[i].name);
    finds &= kind != CELL_NAN;
    sl_buf_z(b, kind == CELL_NULL ? " is null" : kind == CELL_NAN ? " is NaN" : " = ");
    if (kind == CELL_VALUE)
      literal(b, &v);
  }
  return finds;
}

/* ---- rows ---- */

struct writer {
  struct grouping *x;
  struct sl_batch **batch; size_t n, cap;
  struct sl_batch *b;
  struct sl_buf text, key;
  uint32_t *first, *of;          /* a group's figures: of[first[group]..first[group + 1]) */
};

static void stat_put(struct writer *w, const struct group_value *v, int stat, double f)
{
  sl_buf_clear(&w->key);
  if (v->name.key.p) {
    sl_buf_str(&w->key, v->name.key);
    sl_buf_ch(&w->key, '.');
  }
  sl_buf_z(&w->key, group_stats[stat]);
  sl_batch_key(w->b, v->out, sl_buf_view(&w->key), sl_vf(f));
}

static void figure_put(struct writer *w, const struct figure *f, uint64_t rows)
{
  const struct group_value *v = &w->x->value[f->value];
  uint64_t missing = rows - f->n - f->nan - f->infinite;
  stat_put(w, v, STAT_N, f->n);
  if (f->n) {
    stat_put(w, v, STAT_MEAN, (double)f->mean);
    stat_put(w, v, STAT_MIN, f->min);
    stat_put(w, v, STAT_MAX, f->max);
  }
  if (f->n > 1)
    stat_put(w, v, STAT_SD, (double)sqrtl(f->m2 / (f->n - 1)));
  if (f->nan)
    stat_put(w, v, STAT_NAN, f->nan);
  if (f->infinite)
    stat_put(w, v, STAT_INFINITE, f->infinite);
  if (missing)
    stat_put(w, v, STAT_MISSING, (double)missing);
}

static int batch_close(struct writer *w)
{
  struct sl_err *err = w->x->err;
  int rc = w->b ? sl_batch_seal(w->b, err) : SL_OK;
  rc = rc || !w->b ? rc : sl_grow((void **)&w->batch, &w->cap, w->n + 1, sizeof *w->batch, SL_GROUPS_MAX, err);
  if (rc || !w->b)
    return rc;
  w->batch[w->n++] = w->b;
  w->b = NULL;
  return SL_OK;
}

static int group_put(struct writer *w, uint32_t group)
{
  struct grouping *x = w->x;
  const struct sl_group *g = x->g;
  struct sl_str cells = sl_map_key(&x->groups, group);
  uint64_t rows = sl_map_value(&x->groups, group);
  struct sl_rd r = sl_rd(cells);
  int rc = w->b && sl_batch_full(w->b) ? batch_close(w) : SL_OK;
  if (!rc && !w->b)
    rc = sl_batch_new(&w->b, g->out, x->err);
  if (rc)
    return rc;
  sl_buf_clear(&w->text);
  bool finds = where_text(g, cells, &w->text);
  sl_batch_row(w->b, SL_PUT, sl_buf_view(&w->text));
  for (size_t i = 0; i < g->nby; i++) {
    struct sl_val v;
    (void)cell_read(&r, g->by[i].col.type, &v);
    if (!v.null && g->by[i].name.key.p && type_is_family(g->by[i].col.type))
      sl_batch_key(w->b, g->by[i].out, g->by[i].name.key, v);
    else if (!v.null)
      sl_batch_set(w->b, g->by[i].out, v);
  }
  sl_batch_set(w->b, g->count, sl_vi((int64_t)rows));
  if (finds)
    sl_batch_set(w->b, g->where, sl_vs(sl_buf_view(&w->text)));
  for (uint32_t i = w->first[group]; i < w->first[group + 1]; i++)
    figure_put(w, &x->fig[w->of[i]], rows);
  return sl_buf_check(&w->text, x->err);
}

/* Which figures are of which group: counted, then dealt out in the order in which they were met. */
static int figures_deal(struct writer *w)
{
  struct grouping *x = w->x;
  size_t n = sl_map_count(&x->groups);
  w->first = sl_calloc(n + 2, sizeof *w->first);
  w->of = sl_alloc((x->nfig + 1) * sizeof *w->of);
  if (!w->first || !w->of)
    return sl_err_nomem(x->err);
  for (size_t i = 0; i < x->nfig; i++)
    w->first[x->fig[i].group + 2]++;
  for (size_t g = 2; g < n + 2; g++)
    w->first[g] += w->first[g - 1];
  for (size_t i = 0; i < x->nfig; i++)
    w->of[w->first[x->fig[i].group + 1]++] = (uint32_t)i;
  return SL_OK;
}

int grouping_batches(struct grouping *x, struct sl_batch ***out, size_t *nout)
{
  struct writer w = { .x = x };
  size_t n = sl_map_count(&x->groups);
  struct sorted *order = sl_alloc((n + 1) * sizeof *order);
  sl_buf_init(&w.text, WHERE_MAX);
  sl_buf_init(&w.key, WHERE_MAX);
  int rc = order ? figures_deal(&w) : sl_err_nomem(x->err);
  for (size_t i = 0; i < n && !rc; i++)
    order[i] = (struct sorted){ sl_map_key(&x->groups, i), (uint32_t)i, x->g };
  if (!rc && n)
    qsort(order, n, sizeof *order, group_cmp);
  for (size_t i = 0; i < n && !rc; i++)
    rc = *x->cancel ? SL_ECANCELED : group_put(&w, order[i].group);
  rc = rc ? rc : batch_close(&w);
  rc = rc ? rc : sl_buf_check(&w.key, x->err);
  sl_batch_unref(w.b);
  *out = w.batch;
  *nout = w.n;
  sl_free(order);
  sl_free(w.first);
  sl_free(w.of);
  sl_buf_free(&w.text);
  sl_buf_free(&w.key);
  return rc;
}

/* ---- which columns to show ---- */

static void shown_put(struct sl_buf *b, const struct sl_name *name, const char *stat)
{
  struct sl_buf key;
  sl_buf_init(&key, COLUMNS_MAX);
  if (name->key.p) {
    sl_buf_str(&key, name->key);
    sl_buf_ch(&key, '.');
  }
  sl_buf_z(&key, stat);
  struct sl_name whole = { name->col, sl_buf_view(&key) };
  sl_buf_z(b, b->n ? "," : "");
  name_text(b, &whole);
  if (key.failed)
    b->failed = key.failed;
  sl_buf_free(&key);
}

static void value_shown(struct sl_buf *b, const struct sl_name *name, bool count)
{
  for (int i = STAT_MEAN; i < STAT_SHOWN; i++)
    shown_put(b, name, group_stats[i]);
  if (count)
    shown_put(b, name, group_stats[STAT_N]);
}

static void best_shown(struct grouping *x, struct sl_buf *b)
{
  for (size_t i = 0; i < x->g->nall; i++) {
    uint32_t key[BEST_KEYS];
    size_t n = sl_pick_best(x->pick[i], key, BEST_KEYS);
    for (size_t k = 0; k < n; k++) {
      struct sl_name name = { x->g->all[i].family, sl_keys_name(sl_schema_keys(x->g->base), key[k]) };
      if (!sl_str_eqz(name.key, "*"))
        value_shown(b, &name, false);
    }
  }
  for (size_t i = 0; i < x->g->nvalue; i++)
    value_shown(b, &x->g->value[i].name, false);
}

/* As they were named: a number stands for all that is known of it. */
static void wanted_shown(const struct sl_group *g, struct sl_buf *b)
{
  for (size_t i = 0; i < sl_want_count(g->want); i++) {
    struct sl_name name = sl_want_name(g->want, i);
    bool value = false;
    for (size_t k = 0; k < g->nvalue && !value; k++)
      value = sl_str_eq(g->value[k].name.col, name.col) && !g->value[k].name.key.p == !name.key.p &&
              sl_str_eq(g->value[k].name.key, name.key);
    int at = sl_schema_find(g->out, name.col);
    if (value) {
      value_shown(b, &name, true);
      continue;
    }
    if (!name.key.p && at >= 0 && sl_schema_col(g->out, (size_t)at)->type == SL_FAMILY_F64)
      name.key = SL_STR("*");
    sl_buf_z(b, b->n ? "," : "");
    name_text(b, &name);
  }
}

int grouping_columns(struct grouping *x, char **out)
{
  struct sl_buf b;
  const struct sl_group *g = x->g;
  sl_buf_init(&b, COLUMNS_MAX);
  for (size_t i = 0; i < g->nby && !g->want; i++) {
    sl_buf_z(&b, i ? "," : "");
    name_text(&b, &g->by[i].name);
  }
  if (g->want)
    wanted_shown(g, &b);
  else {
    sl_buf_printf(&b, ",%s", sl_schema_col(g->out, g->count)->name);
    best_shown(x, &b);
  }
  int rc = sl_buf_check(&b, x->err);
  *out = rc ? NULL : sl_buf_take(&b, NULL);
  sl_buf_free(&b);
  return rc || *out ? rc : sl_err_nomem(x->err);
}

/* ---- the door ---- */

struct sl_group_op {
  struct sl_snap *s;
  struct sl_group *g;
  char *conn;
  sl_group_done *fn;
  void *user;
  struct sl_batch **batch; size_t n;
  struct sl_grouped made;
  int cancelled;
};

static void op_free(struct sl_group_op *op)
{
  for (size_t i = 0; i < op->n; i++)
    sl_batch_unref(op->batch[i]);
  sl_free(op->batch);
  sl_snap_unref(op->made.snap);
  sl_free(op->made.columns);
  sl_snap_unref(op->s);
  sl_group_unref(op->g);
  sl_free(op->conn);
  sl_free(op);
}

static int op_work(void *user, const volatile int *cancel, struct sl_err *err)
{
  struct sl_group_op *op = user;
  struct grouping x = { .g = op->g, .s = op->s, .cancel = cancel, .cancelled = &op->cancelled, .err = err };
  int rc = grouping_run(&x);
  rc = rc ? rc : grouping_batches(&x, &op->batch, &op->n);
  rc = rc ? rc : grouping_columns(&x, &op->made.columns);
  op->made.rows = x.rows;
  op->made.nan = x.nan;
  op->made.infinite = x.infinite;
  grouping_free(&x);
  return rc;
}

/* A table for as long as it takes to have a snapshot of it. */
static int op_snap(struct sl_group_op *op, struct sl_err *err)
{
  struct sl_table *t = NULL;
  int rc = sl_table_open(&t, op->s->budget, op->g->out, SL_LOG, 0, err);
  for (size_t i = 0; i < op->n && !rc; i++)
    rc = sl_table_apply(t, sl_str(op->conn), &op->batch[i], err);
  rc = rc ? rc : sl_table_snap(t, &op->made.snap, err);
  sl_table_close(t);
  return rc;
}

static void op_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_group_op *op = user;
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  if (!op->cancelled && !rc)
    rc = op_snap(op, &e);
  if (!op->cancelled) {
    struct sl_grouped made = op->made;
    if (!rc)
      op->made = (struct sl_grouped){ .snap = NULL };
    op->fn(op->user, rc, rc ? NULL : &made, &e);
  }
  op_free(op);
}

int sl_snap_group(struct sl_snap *s, struct sl_group *g, struct sl_str conn, sl_group_done *fn, void *user, struct sl_group_op **out,
                  struct sl_err *err)
{
  struct sl_group_op *op = sl_calloc(1, sizeof *op);
  if (!op)
    return sl_err_nomem(err);
  *op = (struct sl_group_op){ .s = sl_snap_ref(s), .g = sl_group_ref(g), .fn = fn, .user = user };
  op->conn = sl_strndup(conn.n ? conn.p : "", conn.n);
  if (out)
    *out = op; /* before it starts: where there are no lanes, done() comes within this call and may clear it */
  int rc = op->conn ? budget_start(s->budget, op_work, op_done, op, err) : sl_err_nomem(err);
  if (!rc)
    return SL_OK;
  if (out)
    *out = NULL;
  op_free(op);
  return rc;
}

void sl_group_cancel(struct sl_group_op *op)
{
  if (op)
    __atomic_store_n(&op->cancelled, 1, __ATOMIC_RELAXED);
}
