/* compute/kll.c: Deequ's KLL sketch: filled, compacted, ranked. */
#include "compute/kll.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LEVEL_MAX = 1 << 22 };

/* ---- levels ---- */

static size_t capacity(const struct sl_kll *s, size_t height)
{
  return 2 * ((size_t)ceil((double)s->k * pow(s->c, (double)height) / 2) + 1);
}

static int expand(struct sl_kll *s, struct sl_err *err)
{
  if (s->nlevels == SL_KLL_LEVELS)
    return sl_err_set(err, SL_ELIMIT, "a sketch of more than %d levels", SL_KLL_LEVELS);
  s->room += capacity(s, s->nlevels++);
  return SL_OK;
}

int sl_kll_init(struct sl_kll *s, uint32_t k, double c, struct sl_err *err)
{
  *s = (struct sl_kll){ .c = c, .k = k };
  if (!k || k > SL_KLL_K_MAX || !(c > 0 && c <= 1))
    return sl_err_set(err, SL_EPARSE, "a sketch of k = %u and c = %g", k, c);
  return expand(s, err);
}

void sl_kll_free(struct sl_kll *s)
{
  for (size_t i = 0; i < s->nlevels; i++)
    sl_free(s->level[i].v);
  *s = (struct sl_kll){ 0 };
}

static int push(struct sl_kll_level *l, double v, struct sl_err *err)
{
  int rc = sl_grow((void **)&l->v, &l->cap, l->n + 1, sizeof *l->v, LEVEL_MAX, err);
  if (!rc)
    l->v[l->n++] = v;
  return rc;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Every other value of the sorted level goes up; one that has no partner, the latest, stays. */
static int compact(struct sl_kll_level *from, struct sl_kll_level *to, struct sl_err *err)
{
  size_t even = from->n - from->n % 2;
  if (from->compactions % 2)
    from->odd = !from->odd;
  if (even)
    qsort(from->v, even, sizeof *from->v, by_value);
  for (size_t i = from->odd; i < even; i += 2) {
    int rc = push(to, from->v[i], err);
    if (rc)
      return rc;
  }
  if (from->n % 2)
    from->v[0] = from->v[even];
  from->n %= 2;
  from->compactions++;
  return SL_OK;
}

static int condense(struct sl_kll *s, struct sl_err *err)
{
  for (size_t h = 0; h < s->nlevels; h++) {
    if (s->level[h].n < capacity(s, h))
      continue;
    int rc = h + 1 >= s->nlevels ? expand(s, err) : SL_OK;
    if (!rc)
      rc = compact(&s->level[h], &s->level[h + 1], err);
    s->items = 0;
    for (size_t i = 0; i < s->nlevels; i++)
      s->items += s->level[i].n;
    return rc;
  }
  return SL_OK;
}

int sl_kll_add(struct sl_kll *s, double v, struct sl_err *err)
{
  int rc = push(&s->level[0], v, err);
  if (rc)
    return rc;
  s->items++;
  return s->items > s->room ? condense(s, err) : SL_OK;
}

int sl_kll_put(struct sl_kll *s, size_t level, double v, struct sl_err *err)
{
  int rc = SL_OK;
  while (!rc && s->nlevels <= level)
    rc = expand(s, err);
  if (!rc)
    rc = push(&s->level[level], v, err);
  s->items += !rc;
  return rc;
}

double sl_kll_weight(const struct sl_kll *s)
{
  double sum = 0;
  for (size_t i = 0; i < s->nlevels; i++)
    sum += ldexp((double)s->level[i].n, (int)i);
  return sum;
}

/* ---- ranks ---- */

struct item { double v, weight; };

static int by_item(const void *a, const void *b)
{
  const struct item *x = a, *y = b;
  return x->v != y->v ? (x->v > y->v) - (x->v < y->v) : (x->weight > y->weight) - (x->weight < y->weight);
}

static struct item *items_of(const struct sl_kll *s, size_t *n)
{
  struct item *all = sl_calloc(s->items + 1, sizeof *all);
  *n = 0;
  for (size_t i = 0; all && i < s->nlevels; i++)
    for (size_t k = 0; k < s->level[i].n; k++)
      all[(*n)++] = (struct item){ s->level[i].v[k], ldexp(1, (int)i) };
  if (all && *n)
    qsort(all, *n, sizeof *all, by_item);
  return all;
}

int sl_kll_ranks(const struct sl_kll *s, enum sl_kll_rule rule, struct sl_kll_ranks *out, struct sl_err *err)
{
  size_t n = 0;
  double before = 0;
  struct item *all = items_of(s, &n);
  *out = (struct sl_kll_ranks){ .at = sl_calloc(n + 1, sizeof *out->at), .rank = sl_calloc(n + 1, sizeof *out->rank) };
  if (!all || !out->at || !out->rank) {
    sl_free(all);
    sl_kll_ranks_free(out);
    return sl_err_nomem(err);
  }
  for (size_t i = 0; i < n;) {
    size_t end = i;
    double weight = 0;
    for (; end < n && all[end].v == all[i].v; end++)
      weight = rule == SL_KLL_DEEQU ? all[end].weight : weight + all[end].weight;
    out->repeats |= end - i > 1;
    out->at[out->n] = all[i].v;
    out->rank[out->n++] = before += weight;
    i = end;
  }
  sl_free(all);
  return SL_OK;
}

void sl_kll_ranks_free(struct sl_kll_ranks *r)
{
  sl_free(r->at);
  sl_free(r->rank);
  *r = (struct sl_kll_ranks){ 0 };
}

double sl_kll_linf(const struct sl_kll_ranks *a, const struct sl_kll_ranks *b)
{
  double n = a->n ? a->rank[a->n - 1] : 0, m = b->n ? b->rank[b->n - 1] : 0, most = 0;
  if (!a->n || !b->n)
    return (double)NAN;
  for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
    double at = i < a->n && (k == b->n || a->at[i] <= b->at[k]) ? a->at[i] : b->at[k];
    i += i < a->n && a->at[i] == at;
    k += k < b->n && b->at[k] == at;
    double d = fabs((i ? a->rank[i - 1] / n : 0) - (k ? b->rank[k - 1] / m : 0));
    most = d > most ? d : most;
  }
  return most;
}

/* How many values are < v, or <= v. */
static double rank(const struct sl_kll_ranks *r, double v, bool with)
{
  size_t lo = 0, hi = r->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (with ? r->at[mid] <= v : r->at[mid] < v)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo ? r->rank[lo - 1] : 0;
}

void sl_kll_buckets(const struct sl_kll_ranks *r, double lo, double hi, size_t n, double *count)
{
  for (size_t i = 0; i < n; i++) {
    double from = lo + (hi - lo) * (double)i / (double)n, to = lo + (hi - lo) * (double)(i + 1) / (double)n;
    count[i] = rank(r, to, i + 1 == n) - rank(r, from, false);
  }
}

double sl_kll_quantile(const struct sl_kll_ranks *r, double q)
{
  double want = r->n ? q * r->rank[r->n - 1] : 0;
  for (size_t i = 0; i < r->n; i++)
    if (r->rank[i] >= want)
      return r->at[i];
  return (double)NAN;
}
