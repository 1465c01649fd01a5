/* compute/tree_rank.c: thresholds of a feature into a table that finds a value's rank among them.
 *
 * The values between the first and the last threshold fall into buckets of equal width. Falling is monotone, also as computers round, so
 * that all thresholds of the buckets before a value's own are below it and only those in its own must be looked at. Where some bucket would
 * hold many of them, the table is no use and the rank is found by halving. */
#include <math.h>

#include "base/mem.h"
#include "compute/tree_int.h"

enum { FEW_BEST = 4, BUCKETS_MAX = 1024, CHUNK = 256 << 10 };

void *tree_own(struct tree_engine *e, size_t n, struct sl_err *err)
{
  n = (n + 63) / 64 * 64;
  if (n > e->left) {
    size_t size = n > CHUNK ? n : CHUNK;
    if (sl_grow((void **)&e->owned, &e->owned_cap, e->nowned + 1, sizeof *e->owned, SIZE_MAX, err))
      return NULL;
    void *p = e->owned[e->nowned] = sl_alloc_aligned(64, size);
    if (!p) {
      sl_err_nomem(err);
      return NULL;
    }
    e->nowned++;
    e->room = memset(p, 0, size);
    e->left = size;
  }
  void *out = e->room;
  e->room += n;
  e->left -= n;
  return out;
}

static uint32_t bucket_of(const struct kern_rank *r, bool wide, double t)
{
  return wide ? kern_bucket_f64(r, t) : kern_bucket_f32(r, (float)t);
}

/* The most thresholds that a bucket would hold; 0: there is no such table. */
static uint32_t crowd(struct kern_rank *r, bool wide, const double *t, size_t k, uint32_t buckets)
{
  size_t a = 0, b = k;
  while (a < b && isinf(t[a]))
    a++;
  while (b > a && isinf(t[b - 1]))
    b--;
  double range = a < b ? t[b - 1] - t[a] : 0, scale = buckets / range;
  scale = wide ? scale : (double)(float)scale;
  if (!(range > 0) || !isfinite(range) || !(scale > 0) || !isfinite(scale))
    return 0;
  r->low = t[a];
  r->scale = scale;
  r->buckets = buckets;
  uint32_t most = 0, run = 0, last = UINT32_MAX;
  for (size_t i = 0; i < k; i++) {
    uint32_t at = bucket_of(r, wide, t[i]);
    run = at == last ? run + 1 : 1;
    last = at;
    most = run > most ? run : most;
  }
  return most;
}

static int fill(struct tree_engine *e, struct kern_rank *r, bool wide, const double *t, size_t k, struct sl_err *err)
{
  uint16_t *base = tree_own(e, r->buckets * sizeof *base, err);
  if (!base)
    return SL_ENOMEM;
  size_t i = 0;
  for (uint32_t b = 0; b < r->buckets; b++) {
    while (i < k && bucket_of(r, wide, t[i]) < b)
      i++;
    base[b] = (uint16_t)i;
  }
  r->base = base;
  return SL_OK;
}

/* Thresholds in the type of the values, NaN behind them. */
static int copy(struct tree_engine *e, struct kern_rank *r, bool wide, const double *t, size_t k, size_t room, struct sl_err *err)
{
  void *to = tree_own(e, room * (wide ? sizeof(double) : sizeof(float)) + 64, err);
  if (!to)
    return SL_ENOMEM;
  for (size_t i = 0; i < room; i++) {
    double v = i < k ? t[i] : (double)NAN;
    if (wide)
      ((double *)to)[i] = v;
    else
      ((float *)to)[i] = (float)v;
  }
  r->t = to;
  return SL_OK;
}

int tree_rank(struct tree_engine *e, const double *t, size_t k, struct kern_rank *r, struct sl_err *err)
{
  bool wide = e->spec.value == SL_COLUMN_F64;
  uint32_t buckets = 64;
  *r = (struct kern_rank){ .k = (uint32_t)k, .strict = e->spec.strict };
  while (buckets < 2 * k && buckets < BUCKETS_MAX)
    buckets *= 2;
  uint32_t most = (uint32_t)k; /* few: one bucket, into which all fall */
  if (k <= FEW_BEST)
    r->buckets = 1;
  else
    most = crowd(r, wide, t, k, buckets);
  while (most > FEW_BEST && buckets < BUCKETS_MAX)
    most = crowd(r, wide, t, k, buckets *= 2);
  if (most && most <= KERN_NEAR)
    r->near = most <= 1 ? 1 : most <= 4 ? 4 : KERN_NEAR;
  r->half = k ? 1 : 0;
  while (r->half && 2 * r->half <= k)
    r->half *= 2;
  int rc = copy(e, r, wide, t, k, k + 2 * r->half + KERN_NEAR, err);
  return rc || !r->near ? rc : fill(e, r, wide, t, k, err);
}
