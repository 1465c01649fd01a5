/* table/group_run.c: one pass over the rows: which group each is in, and the figures of its numbers. [worker]
 *
 * Means and spreads by Welford's recurrence, which neither overflows nor cancels; memory grows with groups and figures, never with rows. */
#include <math.h>

#include "table/group_int.h"

enum { PICK_ROWS = 256, CELLS_MAX = 1 << 20 };

/* ---- cells as bytes ---- */

void cell_write(struct sl_buf *b, const struct sl_val *v)
{
  bool nan = !v->null && v->type == SL_F64 && isnan(v->u.f);
  sl_buf_ch(b, v->null ? CELL_NULL : nan ? CELL_NAN : CELL_VALUE);
  if (v->null || nan)
    return;
  uint64_t bits;
  double f = v->type == SL_F64 ? v->u.f + 0.0 : 0; /* -0 is 0 */
  memcpy(&bits, &f, sizeof bits);
  switch (v->type) {
  case SL_BOOL: sl_buf_ch(b, v->u.b); break;
  case SL_I64:
  case SL_TIME: sl_buf_le(b, (uint64_t)v->u.i, 8); break;
  case SL_F64: sl_buf_le(b, bits, 8); break;
  default: sl_buf_lstr(b, v->u.s);
  }
}

int cell_read(struct sl_rd *r, enum sl_type type, struct sl_val *out)
{
  int kind = (int)sl_rd_le(r, 1);
  enum sl_type plain = type == SL_FAMILY_F64 ? SL_F64 : type == SL_FAMILY_TEXT ? SL_TEXT : type;
  uint64_t bits;
  *out = sl_null(plain);
  if (kind == CELL_NAN)
    *out = sl_vf((double)NAN);
  if (kind != CELL_VALUE)
    return kind;
  out->null = false;
  switch (plain) {
  case SL_BOOL: out->u.b = sl_rd_le(r, 1) != 0; break;
  case SL_I64:
  case SL_TIME: out->u.i = (int64_t)sl_rd_le(r, 8); break;
  case SL_F64:
    bits = sl_rd_le(r, 8);
    memcpy(&out->u.f, &bits, sizeof bits);
    break;
  default: out->u.s = sl_rd_lstr(r);
  }
  return kind;
}

/* ---- columns of one block ---- */

struct at { enum name_kind kind; unsigned col; uint32_t key; };
struct block_at { struct at by[GROUP_BY_MAX]; struct at *value; int all[GROUP_ALL_MAX]; bool same_keys; };

static struct at at_of(const struct sl_schema *s, const struct sl_name *name)
{
  struct name_at n = name_find(s, name);
  struct at a = { .kind = n.kind, .col = n.col < 0 ? 0 : (unsigned)n.col };
  if (n.kind == NAME_KEY && !sl_keys_find(sl_schema_keys(s), n.key, &a.key))
    a.kind = NAME_NONE;
  return a;
}

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const struct at *a)
{
  if (a->kind == NAME_COL)
    return sl_batch_get(b, row, a->col);
  return a->kind == NAME_KEY ? sl_batch_get_key(b, row, a->col, a->key) : sl_null(SL_TEXT);
}

static int block_resolve(struct grouping *x, const struct sl_batch *b, struct block_at *at)
{
  struct sl_schema *s = sl_batch_schema(b);
  at->value = sl_alloc((x->g->nvalue + 1) * sizeof *at->value);
  if (!at->value)
    return sl_err_nomem(x->err);
  for (size_t i = 0; i < x->g->nby; i++)
    at->by[i] = at_of(s, &x->g->by[i].name);
  for (size_t i = 0; i < x->g->nvalue; i++)
    at->value[i] = at_of(s, &x->g->value[i].name);
  for (size_t i = 0; i < x->g->nall; i++)
    at->all[i] = sl_schema_find(s, x->g->all[i].family);
  at->same_keys = sl_schema_keys(s) == sl_schema_keys(x->g->base);
  return SL_OK;
}

/* ---- figures ---- */

static uint64_t mix(uint64_t x)
{
  x ^= x >> 31;
  x *= 0x9e3779b97f4a7c15u;
  return x ^ x >> 29;
}

static int slots_grow(struct grouping *x)
{
  size_t n = x->nslot ? x->nslot * 2 : 1024;
  uint32_t *slot = sl_calloc(n, sizeof *slot);
  if (!slot)
    return sl_err_nomem(x->err);
  for (size_t i = 0; i < x->nfig; i++) {
    size_t at = mix((uint64_t)x->fig[i].group << 32 | x->fig[i].value) & (n - 1);
    while (slot[at])
      at = (at + 1) & (n - 1);
    slot[at] = (uint32_t)i + 1;
  }
  sl_free(x->slot);
  x->slot = slot;
  x->nslot = n;
  return SL_OK;
}

static int too_many(struct grouping *x)
{
  return sl_err_set(x->err, SL_ELIMIT, "more than %d figures in %zu groups; choose numbers with --columns (c in the console), as in "
                    "metrics.auc, or group by a column with fewer values", SL_FIGURES_MAX, sl_map_count(&x->groups));
}

static int figure_of(struct grouping *x, uint32_t group, uint32_t value, struct figure **out)
{
  int rc = x->nfig * 2 >= x->nslot ? slots_grow(x) : SL_OK;
  if (rc)
    return rc;
  size_t at = mix((uint64_t)group << 32 | value) & (x->nslot - 1);
  for (; x->slot[at]; at = (at + 1) & (x->nslot - 1)) {
    struct figure *f = &x->fig[x->slot[at] - 1];
    if (f->group == group && f->value == value) {
      *out = f;
      return SL_OK;
    }
  }
  if (x->nfig == SL_FIGURES_MAX)
    return too_many(x);
  rc = sl_grow((void **)&x->fig, &x->cap_fig, x->nfig + 1, sizeof *x->fig, SL_FIGURES_MAX, x->err);
  if (rc)
    return rc;
  x->fig[x->nfig++] = (struct figure){ .group = group, .value = value };
  x->slot[at] = (uint32_t)x->nfig;
  *out = &x->fig[x->nfig - 1];
  return SL_OK;
}

static int figure_add(struct grouping *x, uint32_t group, uint32_t value, double v)
{
  struct figure *f = NULL;
  int rc = figure_of(x, group, value, &f);
  if (rc)
    return rc;
  if (isnan(v)) {
    f->nan++;
    x->nan++;
    return SL_OK;
  }
  if (isinf(v)) {
    f->infinite++;
    x->infinite++;
    return SL_OK;
  }
  long double off = (long double)v - f->mean;
  f->n++;
  f->mean += off / f->n;
  f->m2 += off * ((long double)v - f->mean);
  f->min = f->n == 1 || v < f->min ? v : f->min;
  f->max = f->n == 1 || v > f->max ? v : f->max;
  return SL_OK;
}

/* ---- keys of whole families ---- */

static int value_of_key(struct grouping *x, size_t all, uint32_t key, uint32_t *out)
{
  size_t was = x->cap_of_key[all];
  int rc = sl_grow((void **)&x->of_key[all], &x->cap_of_key[all], (size_t)key + 1, sizeof **x->of_key, 1 << 20, x->err);
  if (rc)
    return rc;
  if (x->cap_of_key[all] > was)
    memset(x->of_key[all] + was, 0, (x->cap_of_key[all] - was) * sizeof **x->of_key);
  if (!x->of_key[all][key]) {
    rc = sl_grow((void **)&x->value, &x->cap_value, x->nvalue + 1, sizeof *x->value, SL_FIGURES_MAX, x->err);
    if (rc)
      return rc;
    x->value[x->nvalue++] = (struct group_value){ { x->g->all[all].family, sl_keys_name(sl_schema_keys(x->g->base), key) },
                                                  x->g->all[all].out };
    x->of_key[all][key] = (uint32_t)x->nvalue;
  }
  *out = x->of_key[all][key] - 1;
  return SL_OK;
}

static bool grouped_by(const struct sl_group *g, struct sl_str family, struct sl_str key)
{
  for (size_t i = 0; i < g->nby; i++)
    if (g->by[i].name.key.p && sl_str_eq(g->by[i].name.col, family) && sl_str_eq(g->by[i].name.key, key))
      return true;
  return false;
}

static int family_add(struct grouping *x, const struct sl_batch *b, uint32_t row, const struct block_at *at, size_t all, uint32_t group)
{
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  struct sl_val v;
  int rc = SL_OK;
  uint32_t key = 0, value = 0;
  for (uint32_t i = 0; !rc && sl_batch_pair(b, row, (unsigned)at->all[all], i, &key, &v); i++) {
    if (!at->same_keys)
      rc = sl_keys_intern(sl_schema_keys(x->g->base), sl_keys_name(keys, key), &key, x->err);
    if (!rc && x->g->nby && grouped_by(x->g, x->g->all[all].family, sl_keys_name(sl_schema_keys(x->g->base), key)))
      continue;
    rc = rc ? rc : value_of_key(x, all, key, &value);
    rc = rc ? rc : figure_add(x, group, value, v.u.f);
  }
  return rc;
}

/* ---- rows ---- */

static int group_of(struct grouping *x, const struct sl_batch *b, uint32_t row, const struct block_at *at, uint32_t *out)
{
  size_t i;
  sl_buf_clear(&x->cells);
  for (size_t k = 0; k < x->g->nby; k++) {
    struct sl_val v = cell(b, row, &at->by[k]);
    cell_write(&x->cells, &v);
  }
  int rc = sl_buf_check(&x->cells, x->err);
  if (rc)
    return rc;
  if (!sl_map_find(&x->groups, sl_buf_view(&x->cells), &i)) {
    if (sl_map_count(&x->groups) == SL_GROUPS_MAX)
      return sl_err_set(x->err, SL_ELIMIT, "more than %d groups; group by a column with fewer values", SL_GROUPS_MAX);
    rc = sl_map_put(&x->groups, sl_buf_view(&x->cells), 0, &i, x->err);
  }
  if (!rc)
    sl_map_set(&x->groups, i, sl_map_value(&x->groups, i) + 1);
  *out = (uint32_t)i;
  return rc;
}

static double number_of(const struct sl_val *v) { return v->type == SL_F64 ? v->u.f : (double)v->u.i; }

static int row_add(struct grouping *x, const struct sl_batch *b, uint32_t row, const struct block_at *at)
{
  uint32_t group = 0;
  int rc = group_of(x, b, row, at, &group);
  for (size_t i = 0; i < x->g->nvalue && !rc; i++) {
    struct sl_val v = cell(b, row, &at->value[i]);
    struct figure *none;
    rc = v.null ? figure_of(x, group, (uint32_t)i, &none) : figure_add(x, group, (uint32_t)i, number_of(&v));
  }
  for (size_t i = 0; i < x->g->nall && !rc; i++) {
    if (at->all[i] >= 0)
      rc = family_add(x, b, row, at, i, group);
    if (at->all[i] >= 0 && x->pick[i] && x->picked < PICK_ROWS && at->same_keys)
      sl_pick_row(x->pick[i], b, row);
  }
  x->rows++;
  x->picked++;
  return rc;
}

static bool struck(const struct sl_snap *s, uint32_t ord)
{
  size_t lo = 0, hi = s->nstruck;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (s->struck->o[mid] < ord)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < s->nstruck && s->struck->o[lo] == ord;
}

static int block_add(void *user, const struct snap_part *p)
{
  struct grouping *x = user;
  struct block_at at;
  if (*x->cancel || __atomic_load_n(x->cancelled, __ATOMIC_RELAXED))
    return SL_ECANCELED;
  int rc = block_resolve(x, p->b, &at);
  uint32_t n = p->pos ? (uint32_t)p->npos : p->to - p->from;
  for (uint32_t i = 0; i < n && !rc; i++) {
    uint32_t ord = p->pos ? x->s->ords->o[p->pos[i]] : (uint32_t)(p->entry * ROWS + p->from + i);
    if (!x->s->nstruck || !struck(x->s, ord))
      rc = row_add(x, p->b, ord % ROWS, &at);
  }
  sl_free(at.value);
  return rc;
}

static int grouping_open(struct grouping *x)
{
  size_t n = x->g->nvalue, nall = x->g->nall;
  sl_map_init(&x->groups);
  sl_buf_init(&x->cells, CELLS_MAX);
  x->of_key = sl_calloc(nall + 1, sizeof *x->of_key);
  x->cap_of_key = sl_calloc(nall + 1, sizeof *x->cap_of_key);
  x->pick = sl_calloc(nall + 1, sizeof *x->pick);
  int rc = x->of_key && x->cap_of_key && x->pick ? SL_OK : sl_err_nomem(x->err);
  rc = rc ? rc : sl_grow((void **)&x->value, &x->cap_value, n + 1, sizeof *x->value, SL_FIGURES_MAX, x->err);
  if (!rc && n)
    memcpy(x->value, x->g->value, n * sizeof *x->value);
  x->nvalue = rc ? 0 : n;
  for (size_t i = 0; i < nall && !rc; i++)
    rc = sl_pick_open(&x->pick[i], x->g->base, (unsigned)sl_schema_find(x->g->base, x->g->all[i].family), x->err);
  return rc;
}

int grouping_run(struct grouping *x)
{
  int rc = grouping_open(x);
  return rc ? rc : snap_walk(x->s, block_add, x, x->err);
}

void grouping_free(struct grouping *x)
{
  for (size_t i = 0; i < x->g->nall; i++) {
    if (x->of_key)
      sl_free(x->of_key[i]);
    if (x->pick)
      sl_pick_close(x->pick[i]);
  }
  sl_free(x->of_key);
  sl_free(x->cap_of_key);
  sl_free(x->pick);
  sl_free(x->value);
  sl_free(x->fig);
  sl_free(x->slot);
  sl_map_free(&x->groups);
  sl_buf_free(&x->cells);
}
