/* compute/tree_run.c: rows through the engine: 512 at a time by masks, or one by one by steps where there are few. */
#include <math.h>

#include "base/mem.h"
#include "compute/tree_int.h"

enum { FEW_ROWS = 24 };        /* fewer are done sooner one by one */

struct run {
  const struct tree_engine *e;
  const struct tree_rows *rows;
  struct kern_mask *arena, *hot;
  double *x;                   /* values of a feature; floats where that is their type */
  double *sloped;              /* row by row: -0.0, then what lines ask for */
  uint16_t *rank;
  unsigned char *idx, *more, *no;      /* more: the second byte; no: of a single row: 1 where a test says no */
  void *sums;                  /* of each group, KERN_ROWS of them */
  void *memory;
};

static bool wide_value(const struct tree_engine *e) { return e->spec.value == SL_COLUMN_F64; }
static bool wide_sum(const struct tree_engine *e) { return e->spec.sum == SL_COLUMN_F64; }

static size_t take(size_t *at, size_t n)
{
  size_t here = *at;
  *at += (n + 63) / 64 * 64;
  return here;
}

/* whole: for blocks, not only for single rows. */
static int open_run(struct run *r, const struct tree_engine *e, const struct tree_rows *rows, bool whole, struct sl_err *err)
{
  size_t n = 0, arena = take(&n, whole ? e->slots * sizeof *r->arena : 0), hot = take(&n, whole ? e->hot * sizeof *r->hot : 0);
  size_t x = take(&n, KERN_ROWS * sizeof *r->x), rank = take(&n, KERN_ROWS * sizeof *r->rank), idx = take(&n, 2 * KERN_ROWS);
  size_t sloped = take(&n, (whole ? KERN_ROWS : 1) * (e->nsloped + 1) * sizeof *r->sloped);
  size_t no = take(&n, e->slots + TREE_LEAVES), sums = take(&n, whole ? e->spec.groups * KERN_ROWS * sizeof(double) : 0);
  unsigned char *p = sl_alloc_aligned(64, n + 64);
  *r = (struct run){ .e = e, .rows = rows, .memory = p };
  if (!p)
    return sl_err_nomem(err);
  r->arena = (struct kern_mask *)(void *)(p + arena);
  r->hot = (struct kern_mask *)(void *)(p + hot);
  r->x = (double *)(void *)(p + x);
  r->sloped = (double *)(void *)(p + sloped);
  r->rank = (uint16_t *)(void *)(p + rank);
  r->idx = p + idx;
  r->more = r->idx + KERN_ROWS;
  r->no = p + no;
  r->sums = p + sums;
  if (e->slots) {
    r->no[TREE_SLOT_ZERO] = 1;
    r->no[TREE_SLOT_ONE] = 0;
  }
  if (e->slots && whole) {
    memset(r->arena, 0, TREE_SLOT_TEST * sizeof *r->arena);
    memset(&r->arena[TREE_SLOT_ONE], 0xff, sizeof *r->arena);
  }
  if (e->hot && whole)
    memset(r->hot, 0, e->hot * sizeof *r->hot);
  return SL_OK;
}

/* ---- categories ---- */

/* Which category a value is; UINT32_MAX: none. */
static uint32_t category(const struct tree_engine *e, double v)
{
  bool known = e->spec.below_zero ? v > -1 : v >= 0;
  return known && v < 2147483648.0 ? (uint32_t)(int64_t)v : UINT32_MAX;
}

static uint16_t cat_rank(const struct tree_engine *e, const struct tree_feature *f, double v)
{
  const uint32_t *all = e->cats + f->cat, k = f->rank.k, cat = category(e, v);
  if (isnan(v))
    return (uint16_t)(k + 1);
  if (k && all[k - 1] == k - 1) /* 0, 1, 2 ... without a gap */
    return (uint16_t)(cat < k ? cat : k);
  uint32_t low = 0, n = k;
  while (n) {
    uint32_t half = n / 2;
    bool right = all[low + half] < cat;
    low = right ? low + half + 1 : low;
    n = right ? n - half - 1 : half;
  }
  return (uint16_t)(low < k && all[low] == cat ? low : k);
}

static double value_at(const struct run *r, size_t i)
{
  return wide_value(r->e) ? r->x[i] : (double)((const float *)(const void *)r->x)[i];
}

static void mask_sets(struct run *r, const struct tree_feature *f)
{
  const struct tree_engine *e = r->e;
  for (size_t i = 0; i < KERN_ROWS; i++)
    r->rank[i] = cat_rank(e, f, value_at(r, i));
  e->kern->spread(r->rank, r->hot);
  const struct kern_mask *nan = &r->hot[f->rank.k + 1];
  for (size_t t = 0; t < f->tests; t++) {
    const struct tree_set *s = &e->sets[f->test + t];
    struct kern_mask in;
    e->kern->any(r->hot, e->members + s->first, s->n, &in);
    for (size_t w = 0; w < KERN_WORDS; w++) {
      uint64_t left = s->in ? in.w[w] : ~(in.w[w] | nan->w[w]);
      r->arena[s->slot].w[w] = s->nan ? left | nan->w[w] : left;
    }
  }
  memset(r->hot, 0, (f->rank.k + 2) * sizeof *r->hot);
}

/* ---- thresholds ---- */

static void zeros(const struct run *r, struct kern_mask *zero)
{
  for (size_t w = 0; w < KERN_WORDS; w++) {
    zero->w[w] = 0;
    for (size_t i = 0; i < 64; i++)
      zero->w[w] |= (uint64_t)(value_at(r, w * 64 + i) == 0) << i;
  }
}

static void mask_numbers(struct run *r, const struct tree_feature *f)
{
  const struct tree_engine *e = r->e;
  struct kern_mask zero;
  if (wide_value(e))
    e->kern->rank_f64(&f->rank, r->x, r->rank);
  else
    e->kern->rank_f32(&f->rank, (const float *)(const void *)r->x, r->rank);
  if (f->zero)
    zeros(r, &zero);
  e->kern->spread(r->rank, r->hot);
  e->kern->scan(r->hot, f->rank.k, e->emits + f->emit, f->emits, f->zero ? &zero : NULL, r->arena);
}

static void fill(struct run *r, size_t feature, size_t from, size_t n)
{
  size_t size = wide_value(r->e) ? sizeof(double) : sizeof(float);
  r->rows->values(r->rows->user, feature, from, n, r->x);
  if (n < KERN_ROWS)
    memset((char *)r->x + n * size, 0, (KERN_ROWS - n) * size);
}

/* ---- leaves that are no constants ---- */

static void fill_sloped(struct run *r, size_t from, size_t n)
{
  const struct tree_engine *e = r->e;
  size_t wide = e->nsloped + 1;
  for (size_t i = 0; e->nlines && i < n; i++)
    r->sloped[i * wide] = -0.0;
  for (size_t k = 0; k < e->nsloped; k++) {
    r->rows->values(r->rows->user, e->sloped[k], from, n, r->x);
    for (size_t i = 0; i < n; i++)
      r->sloped[i * wide + 1 + k] = r->x[i];
  }
}

static void add_lines(const struct run *r, const struct tree_piece *p, size_t n)
{
  const unsigned char *place = r->e->kern->place_f64;
  double *sums = (double *)r->sums + p->group * KERN_ROWS;
  size_t wide = r->e->nsloped + 1;
  for (size_t i = 0; i < n; i++)
    sums[i / KERN_CHUNK * KERN_CHUNK + place[i % KERN_CHUNK]] += tree_line_at(r->e, p->line_of[r->idx[i]], r->sloped + i * wide);
}

/* ---- 512 rows ---- */

static void add(struct run *r, const struct tree_piece *p, size_t n)
{
  const struct kern *k = r->e->kern;
  if (p->ops) /* none are kept where no tree has any */
    k->mux(r->arena, r->e->ops + p->op, p->first, p->ops);
  k->index(r->arena, p->bits, r->idx);
  if (p->map) {
    k->index(r->arena, p->more, r->more);
    k->remap(p->map, r->more, r->idx);
  }
  if (p->line_of) {
    add_lines(r, p, n);
    return;
  }
  size_t size = kern_table_size(p->nbits, wide_sum(r->e) ? sizeof(double) : sizeof(float));
  for (uint32_t g = 0; g < p->width; g++) {
    size_t group = p->width > 1 ? g : p->group;
    if (wide_sum(r->e))
      k->add_f64(p->table + g * size, p->nbits, r->idx, (double *)r->sums + group * KERN_ROWS);
    else
      k->add_f32(p->table + g * size, p->nbits, r->idx, (float *)r->sums + group * KERN_ROWS);
  }
}

/* The caller's sums stand row by row; the kernels want each group's together, in an order of their own. */
static void carry(struct run *r, void *sums, size_t n, bool back)
{
  size_t groups = r->e->spec.groups;
  const unsigned char *place = wide_sum(r->e) ? r->e->kern->place_f64 : r->e->kern->place_f32;
  for (size_t g = 0; g < groups; g++)
    for (size_t i = 0; i < n; i++) {
      size_t mine = g * KERN_ROWS + i / KERN_CHUNK * KERN_CHUNK + place[i % KERN_CHUNK], theirs = i * groups + g;
      if (wide_sum(r->e))
        *((double *)(back ? sums : r->sums) + (back ? theirs : mine)) = *((double *)(back ? r->sums : sums) + (back ? mine : theirs));
      else
        *((float *)(back ? sums : r->sums) + (back ? theirs : mine)) = *((float *)(back ? r->sums : sums) + (back ? mine : theirs));
    }
}

static void block(struct run *r, size_t from, size_t n, void *sums)
{
  const struct tree_engine *e = r->e;
  memset(r->sums, 0, e->spec.groups * KERN_ROWS * (wide_sum(e) ? sizeof(double) : sizeof(float)));
  carry(r, sums, n, false);
  fill_sloped(r, from, n);
  for (size_t i = 0; i < e->nplans; i++) {
    const struct tree_plan *p = &e->plans[i];
    for (size_t k = 0; k < p->nfeatures; k++) {
      fill(r, p->features[k].feature, from, n);
      if (p->features[k].categorical)
        mask_sets(r, &p->features[k]);
      else
        mask_numbers(r, &p->features[k]);
    }
    for (size_t k = 0; k < p->pieces; k++)
      add(r, &e->pieces[p->piece + k], n);
  }
  carry(r, sums, n, true);
}

/* ---- one row ---- */

static void ask_sets(struct run *r, const struct tree_feature *f, double v)
{
  const struct tree_engine *e = r->e;
  uint16_t rank = cat_rank(e, f, v);
  for (size_t t = 0; t < f->tests; t++) {
    const struct tree_set *s = &e->sets[f->test + t];
    bool in = false;
    for (size_t k = 0; k < s->n && !in; k++)
      in = e->members[s->first + k] == rank;
    r->no[s->slot] = isnan(v) ? !s->nan : in != s->in;
  }
}

static void ask_numbers(struct run *r, const struct tree_plan *p, const struct tree_feature *f, double v)
{
  const struct kern_emit *emit = r->e->emits + f->emit;
  unsigned char *no = r->no + emit[0].slot;
  if (isnan(v)) {
    memcpy(no, p->nan + emit[0].slot, f->emits);
    return;
  }
  size_t n = f->no[wide_value(r->e) ? kern_rank_one_f64(&f->rank, v) : kern_rank_one_f32(&f->rank, (float)v)];
  memset(no, 1, n);
  memset(no + n, 0, f->emits - n);
  for (size_t i = 0; f->zero && v == 0 && i < f->emits; i++)
    no[i] = emit[i].zero == KERN_ZERO_PLAIN ? no[i] : emit[i].zero == KERN_ZERO_RIGHT;
}

static double leaf_f64(const struct run *r, const struct tree_piece *p, size_t i)
{
  return p->leaf_line ? tree_line_at(r->e, p->leaf_line[i], r->sloped) : ((const double *)(const void *)p->leaf)[i];
}
static float leaf_f32(const struct tree_piece *p, size_t i) { return ((const float *)(const void *)p->leaf)[i]; }

static void add_leaf(const struct run *r, const struct tree_piece *p, size_t leaf, void *sums)
{
  for (uint32_t g = 0; g < p->width; g++) {
    size_t group = p->width > 1 ? g : p->group, i = leaf * p->width + g;
    if (wide_sum(r->e))
      ((double *)sums)[group] += leaf_f64(r, p, i);
    else
      ((float *)sums)[group] += leaf_f32(p, i);
  }
}

/* Many pieces at once: while one waits for memory the others go on, so each has a variable of its own. Until all have come to a leaf. */
static void down(const struct tree_step *step, const unsigned char *no, uint32_t at[TREE_WALK])
{
  uint32_t a = at[0], b = at[1], c = at[2], d = at[3], e = at[4], f = at[5], g = at[6], h = at[7], more;
  uint32_t i = at[8], j = at[9], k = at[10], l = at[11], m = at[12], n = at[13], o = at[14], p = at[15];
#define GO(x) (x += (uint32_t)step[x].down + no[step[x].slot])
#define GO_ALL GO(a), GO(b), GO(c), GO(d), GO(e), GO(f), GO(g), GO(h), GO(i), GO(j), GO(k), GO(l), GO(m), GO(n), GO(o), GO(p)
  do {
    GO_ALL;
    GO_ALL;
    more = step[a].down | step[b].down | step[c].down | step[d].down | step[e].down | step[f].down | step[g].down | step[h].down;
    more |= step[i].down | step[j].down | step[k].down | step[l].down | step[m].down | step[n].down | step[o].down | step[p].down;
  } while (more);
#undef GO_ALL
#undef GO
  at[0] = a, at[1] = b, at[2] = c, at[3] = d, at[4] = e, at[5] = f, at[6] = g, at[7] = h;
  at[8] = i, at[9] = j, at[10] = k, at[11] = l, at[12] = m, at[13] = n, at[14] = o, at[15] = p;
}

/* One sum of a row, which is what most models have: it stays in a register. */
static void add_one_sum(const struct run *r, const struct tree_piece *p, size_t n, const uint32_t *leaf, void *sums)
{
  double w = wide_sum(r->e) ? *(double *)sums : 0;
  float f = wide_sum(r->e) ? 0 : *(float *)sums;
  for (size_t i = 0; wide_sum(r->e) && i < n; i++)
    w += leaf_f64(r, &p[i], leaf[i]);
  for (size_t i = 0; !wide_sum(r->e) && i < n; i++)
    f += leaf_f32(&p[i], leaf[i]);
  if (wide_sum(r->e))
    *(double *)sums = w;
  else
    *(float *)sums = f;
}

static void walk(const struct run *r, const struct tree_plan *plan, size_t from, size_t n, void *sums)
{
  uint32_t at[TREE_WALK];
  const struct tree_piece *p = r->e->pieces + plan->piece + from;
  for (size_t i = 0; i < TREE_WALK; i++)
    at[i] = p[i < n ? i : 0].step;
  down(r->e->road, r->no, at);
  for (size_t i = 0; i < TREE_WALK; i++)
    at[i] = r->e->road[at[i]].slot - (uint32_t)plan->slots;
  if (r->e->spec.groups == 1)
    add_one_sum(r, p, n, at, sums);
  for (size_t i = 0; i < n && r->e->spec.groups > 1; i++)
    add_leaf(r, &p[i], at[i], sums);
}

static void one(struct run *r, size_t from, void *sums)
{
  const struct tree_engine *e = r->e;
  fill_sloped(r, from, 1);
  for (size_t i = 0; i < e->nplans; i++) {
    const struct tree_plan *p = &e->plans[i];
    for (size_t k = 0; k < p->nfeatures; k++) {
      r->rows->values(r->rows->user, p->features[k].feature, from, 1, r->x);
      if (p->features[k].categorical)
        ask_sets(r, &p->features[k], value_at(r, 0));
      else
        ask_numbers(r, p, &p->features[k], value_at(r, 0));
    }
    memset(r->no + p->slots, 0, TREE_LEAVES);
    for (size_t k = 0; k < p->pieces; k += TREE_WALK)
      walk(r, p, k, p->pieces - k < TREE_WALK ? p->pieces - k : TREE_WALK, sums);
  }
}

int tree_sum(const struct tree_engine *e, const struct tree_rows *rows, size_t from, size_t n, void *sums, struct sl_err *err)
{
  struct run r;
  size_t wide = e->spec.groups * (wide_sum(e) ? sizeof(double) : sizeof(float)), at = 0;
  int rc = open_run(&r, e, rows, n >= FEW_ROWS, err);
  while (!rc && at < n) {
    size_t k = n - at < KERN_ROWS ? n - at : KERN_ROWS;
    void *to = (char *)sums + at * wide;
    if (k >= FEW_ROWS) {
      block(&r, from + at, k, to);
      at += k;
    } else {
      one(&r, from + at++, to);
    }
  }
  sl_free(r.memory);
  return rc;
}
