/* compute/sketch_pair.c: two sketches of numbers: between which bounds the Kolmogorov-Smirnov and the Wasserstein distance lie.
 *
 * Both distribution functions F and G are known where buckets end. Within a bucket that only one side has, the other's stands still; within
 * one that both have, the order of values is not known, but the sums of their distances are, and so is the integral of F - G. */
#include <math.h>

#include "base/mem.h"
#include "compute/sketch_int.h"

/* A bucket of one or both: how many of either side it holds; how much their mean distances from low differ, each over its whole side. */
struct step { double low, high, above; uint64_t n[2]; };
struct sides { struct sl_sketch_bin *b[2]; size_t n[2]; double all[2]; };
typedef void step_fn(void *user, const struct sides *w, const struct step *s);

static double above_from(const struct sl_sketch_bin *b, double low, double all)
{
  return b ? (b->above + (double)b->n * (b->low - low)) / all : 0;
}

static void walk(const struct sides *w, step_fn *fn, void *user)
{
  size_t i = 0, k = 0;
  while (i < w->n[0] || k < w->n[1]) {
    const struct sl_sketch_bin *a = i < w->n[0] ? &w->b[0][i] : NULL, *b = k < w->n[1] ? &w->b[1][k] : NULL;
    bool one = a && (!b || a->order <= b->order), two = b && (!a || b->order <= a->order);
    a = one ? a : NULL;
    b = two ? b : NULL;
    double low = !b ? a->low : !a ? b->low : fmin(a->low, b->low), high = !b ? a->high : !a ? b->high : fmax(a->high, b->high);
    i += one;
    k += two;
    fn(user, w, &(struct step){ .low = low, .high = high, .n = { a ? a->n : 0, b ? b->n : 0 },
                                .above = above_from(a, low, w->all[0]) - above_from(b, low, w->all[1]) });
  }
}

static int open(struct sides *w, const struct sl_sketch *a, const struct sl_sketch *b, struct sl_err *err)
{
  *w = (struct sides){ .all = { (double)sketch_finite(a), (double)sketch_finite(b) } };
  if (a->kind == SL_SKETCH_TEXT || b->kind == SL_SKETCH_TEXT)
    return sl_err_set(err, SL_EUSAGE, "texts have no distribution function");
  bool few = a->slot && b->slot;
  int rc = few ? sketch_few_bins(a, &w->b[0], &w->n[0], err) : sl_sketch_bins(a, &w->b[0], &w->n[0], err);
  return rc ? rc : few ? sketch_few_bins(b, &w->b[1], &w->n[1], err) : sl_sketch_bins(b, &w->b[1], &w->n[1], err);
}

static void shut(struct sides *w)
{
  sl_free(w->b[0]);
  sl_free(w->b[1]);
}

/* Before a step and behind it. */
struct course { uint64_t n[2]; double f0, g0, f1, g1; };

static void forward(struct course *c, const struct sides *w, const struct step *s)
{
  c->f0 = (double)c->n[0] / w->all[0];
  c->g0 = (double)c->n[1] / w->all[1];
  c->n[0] += s->n[0];
  c->n[1] += s->n[1];
  c->f1 = (double)c->n[0] / w->all[0];
  c->g1 = (double)c->n[1] / w->all[1];
}

static double widest(const struct course *c) { return fmax(fabs(c->f1 - c->g0), fabs(c->f0 - c->g1)); }

/* ---- Kolmogorov-Smirnov ---- */

struct ks { struct course c; double low, high; };

static void ks_step(void *user, const struct sides *w, const struct step *s)
{
  struct ks *k = user;
  forward(&k->c, w, s);
  double end = fabs(k->c.f1 - k->c.g1);
  k->low = fmax(k->low, end);
  k->high = fmax(k->high, s->n[0] && s->n[1] && s->high > s->low ? fmax(end, widest(&k->c)) : end);
}

int sl_sketch_ks(const struct sl_sketch *a, const struct sl_sketch *b, double *low, double *high, struct sl_err *err)
{
  struct sides w;
  struct ks k = { .low = 0 };
  *low = *high = (double)NAN;
  int rc = open(&w, a, b, err);
  if (!rc && w.n[0] && w.n[1]) {
    walk(&w, ks_step, &k);
    *low = k.low;
    *high = k.high;
  }
  shut(&w);
  return rc;
}

/* ---- Wasserstein ---- */

struct distance { struct course c; double end, low, high; bool begun; };

/* Where F - G keeps its sign the distance is its integral; elsewhere it is at least that, and at most what the widest gap would give. */
static void distance_step(void *user, const struct sides *w, const struct step *s)
{
  struct distance *d = user;
  struct course *c = &d->c;
  double width = s->high - s->low, gap = d->begun && s->low > d->end ? (s->low - d->end) * fabs(c->f1 - c->g1) : 0;
  forward(c, w, s);
  double whole = width > 0 ? fabs(width * (c->f1 - c->g1) - s->above) : 0;
  double most = width > 0 ? width * fmax(widest(c), fmax(fabs(c->f0 - c->g0), fabs(c->f1 - c->g1))) : 0;
  bool one_sign = (c->f0 >= c->g1 || c->g0 >= c->f1) && !isnan(whole);
  d->low += gap + (isnan(whole) ? 0 : whole);
  d->high += gap + (one_sign ? whole : most);
  d->end = s->high;
  d->begun = true;
}

int sl_sketch_wasserstein(const struct sl_sketch *a, const struct sl_sketch *b, double *low, double *high, struct sl_err *err)
{
  struct sides w;
  struct distance d = { .low = 0 };
  *low = *high = (double)NAN;
  int rc = open(&w, a, b, err);
  if (!rc && w.n[0] && w.n[1]) {
    walk(&w, distance_step, &d);
    *low = d.low;
    *high = fmax(d.high, d.low);
  }
  shut(&w);
  return rc;
}
