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

/* Pieces that are walked together: where each of them stands, and which ones are not at a leaf yet. */
enum { HERD = 512, FIRST_STEPS = 6, MORE_STEPS = 4, ALL_STEPS = 8 };
struct herd { uint32_t at[HERD + 1]; uint16_t on[HERD + TREE_WALK]; const void *leaf[HERD]; };

/* So many steps for each that is still on its way. While one waits for memory the others go on, so each has a variable of its own; at a
 * leaf steps lead nowhere. How many are on their way then; last: none, as is known. */
static size_t go(const struct tree_step *step, const unsigned char *no, struct herd *h, size_t n, size_t steps, bool last)
{
  size_t left = 0;
  for (size_t i = 0; i < TREE_WALK; i++)
    h->on[n + i] = HERD;
  for (size_t first = 0; first < n; first += TREE_WALK) {
    const uint16_t *w = h->on + first;
    uint32_t *at = h->at, a = at[w[0]], b = at[w[1]], c = at[w[2]], d = at[w[3]], e = at[w[4]], f = at[w[5]], g = at[w[6]], i = at[w[7]];
    uint32_t j = at[w[8]], k = at[w[9]], l = at[w[10]], m = at[w[11]], o = at[w[12]], p = at[w[13]], q = at[w[14]], r = at[w[15]];
#define GO(x) (x += (uint32_t)step[x].down + no[step[x].slot])
    for (size_t s = 0; s < steps; s++) {
      GO(a), GO(b), GO(c), GO(d), GO(e), GO(f), GO(g), GO(i);
      GO(j), GO(k), GO(l), GO(m), GO(o), GO(p), GO(q), GO(r);
    }
#undef GO
    at[w[0]] = a, at[w[1]] = b, at[w[2]] = c, at[w[3]] = d, at[w[4]] = e, at[w[5]] = f, at[w[6]] = g, at[w[7]] = i;
    at[w[8]] = j, at[w[9]] = k, at[w[10]] = l, at[w[11]] = m, at[w[12]] = o, at[w[13]] = p, at[w[14]] = q, at[w[15]] = r;
    for (size_t x = 0; x < TREE_WALK && !last; x++) {
      h->on[left] = w[x];
      left += step[at[w[x]]].down != 0;
    }
  }
  return left;
}

/* One sum of a row, which is what most models have: it stays in a register. */
static void add_one_sum(const struct run *r, const struct tree_piece *p, size_t n, const struct herd *h, void *sums)
{
  double w = wide_sum(r->e) ? *(double *)sums : 0;
  float f = wide_sum(r->e) ? 0 : *(float *)sums;
  for (size_t i = 0; wide_sum(r->e) && i < n; i++)
    w += p[i].leaf_line ? tree_line_at(r->e, *(const uint32_t *)h->leaf[i], r->sloped) : *(const double *)h->leaf[i];
  for (size_t i = 0; !wide_sum(r->e) && i < n; i++)
    f += *(const float *)h->leaf[i];
  if (wide_sum(r->e))
    *(double *)sums = w;
  else
    *(float *)sums = f;
}

static void add_leaf(const struct run *r, const struct tree_piece *p, const void *leaf, void *sums)
{
  for (uint32_t g = 0; g < p->width; g++) {
    size_t group = p->width > 1 ? g : p->group;
    if (p->leaf_line)
      ((double *)sums)[group] += tree_line_at(r->e, *(const uint32_t *)leaf, r->sloped);
    else if (wide_sum(r->e))
      ((double *)sums)[group] += ((const double *)leaf)[g];
    else
      ((float *)sums)[group] += ((const float *)leaf)[g];
  }
}

static void walk(const struct run *r, const struct tree_plan *plan, const struct tree_piece *p, size_t n, void *sums)
{
  struct herd h;
  const struct tree_step *road = r->e->road;
  size_t size = wide_sum(r->e) ? sizeof(double) : sizeof(float);
  h.at[HERD] = 0; /* the first step of all is a rest */
  for (size_t i = 0; i < n; i++) {
    h.at[i] = p[i].step;
    h.on[i] = (uint16_t)i;
  }
  bool flat = plan->depth <= ALL_STEPS;
  size_t left = go(road, r->no, &h, n, flat ? plan->depth : FIRST_STEPS, flat);
  while (left)
    left = go(road, r->no, &h, left, MORE_STEPS, false);
  for (size_t i = 0; i < n; i++) {
    size_t k = road[h.at[i]].slot - plan->slots;
    h.leaf[i] = p[i].leaf_line ? (const void *)(p[i].leaf_line + k) : p[i].leaf + k * p[i].width * size;
    __builtin_prefetch(h.leaf[i]);
  }
  if (r->e->spec.groups == 1)
    add_one_sum(r, p, n, &h, sums);
  for (size_t i = 0; i < n && r->e->spec.groups > 1; i++)
    add_leaf(r, &p[i], h.leaf[i], sums);
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
    for (size_t k = 0; k < p->pieces; k += HERD)
      walk(r, p, &e->pieces[p->piece + k], p->pieces - k < HERD ? p->pieces - k : HERD, sums);
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
