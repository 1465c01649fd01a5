/* compute/sketch_say.c: what a sketch says: moments, quantiles, bounds, different values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compute/sketch_int.h"

enum { BIAS = 127, TOP_BITS = 7, MANTISSA = 52, ZERO_ORDER = 1 << 16 };

enum sl_sketch_kind sl_sketch_kind(const struct sl_sketch *s) { return s->kind; }

struct sl_sketch_counts sl_sketch_counts(const struct sl_sketch *s)
{
  return (struct sl_sketch_counts){ .rows = s->rows, .nulls = s->nulls, .nans = s->nans, .plus_inf = s->plus_inf,
                                    .minus_inf = s->minus_inf, .zeros = s->zeros, .finite = sketch_finite(s) };
}

static bool numbers(const struct sl_sketch *s) { return s->kind != SL_SKETCH_TEXT && sketch_finite(s); }

double sl_sketch_min(const struct sl_sketch *s) { return numbers(s) ? s->min : (double)NAN; }
double sl_sketch_max(const struct sl_sketch *s) { return numbers(s) ? s->max : (double)NAN; }

void sl_sketch_bounds(const struct sl_sketch *s, int64_t *least, int64_t *greatest)
{
  *least = s->least;
  *greatest = s->greatest;
}

void sl_sketch_text_bounds(const struct sl_sketch *s, struct sl_str *least, struct sl_str *greatest)
{
  *least = sl_strn(s->text_min, s->text_min_n);
  *greatest = sl_strn(s->text_max, s->text_max_n);
}

/* ---- moments ---- */

static void sum_of(const struct sl_sketch *s, struct sl_exact *sum, struct sl_exact *square)
{
  *sum = *square = (struct sl_exact){ .adds = 0 };
  for (size_t page = 0; page < SKETCH_PAGES; page++) {
    int e = (int)(page & 255) - BIAS;
    if (!s->page[page] || (page & 255) == 0 || (page & 255) == SKETCH_EXPONENTS)
      continue;
    for (size_t i = 0; i < SKETCH_PAGE; i++) {
      const struct sketch_bucket *b = &s->page[page][i];
      sl_u128 n = sketch_n(b), low = sketch_low(b), top = SKETCH_PAGE + i;
      if (!n)
        continue;
      sl_exact_add_at(sum, page >> 8, n * top, e - TOP_BITS);
      sl_exact_add_at(sum, page >> 8, low, e - MANTISSA);
      sl_exact_add_at(square, false, n * top * top, 2 * (e - TOP_BITS));
      sl_exact_add_at(square, false, 2 * top * low, 2 * e - TOP_BITS - MANTISSA);
      sl_exact_add_at(square, false, b->square, 2 * (e - MANTISSA));
    }
  }
  if (s->nodd) {
    sl_exact_add_all(sum, s->odd_sum);
    sl_exact_add_all(square, s->odd_square);
  }
  sl_exact_tidy(sum);
  sl_exact_tidy(square);
}

double sl_sketch_sum(const struct sl_sketch *s)
{
  struct sl_exact sum, square;
  if (s->kind == SL_SKETCH_TEXT)
    return (double)NAN;
  sum_of(s, &sum, &square);
  return sl_exact_f64(&sum);
}

static double mean_of(const struct sl_exact *sum, uint64_t n)
{
  static const double small = 0x1p-64, large = 0x1p64;
  double v = sl_exact_f64(sum);
  if (!isinf(v))
    return v / (double)n;
  struct sl_exact t = { .adds = 0 }; /* the sum is no double, its mean is */
  sl_exact_add_times(&t, sum, small);
  return sl_exact_f64(&t) / (double)n * large;
}

double sl_sketch_mean(const struct sl_sketch *s)
{
  struct sl_exact sum, square;
  if (!numbers(s))
    return (double)NAN;
  sum_of(s, &sum, &square);
  return mean_of(&sum, sketch_finite(s));
}

/* sum (x - m)^2 = sum x^2 - 2 m sum x + n m^2 */
double sl_sketch_variance(const struct sl_sketch *s)
{
  struct sl_exact sum, square, mm = { .adds = 0 };
  if (!numbers(s))
    return (double)NAN;
  sum_of(s, &sum, &square);
  double n = (double)sketch_finite(s), m = mean_of(&sum, sketch_finite(s));
  sl_exact_add_square(&mm, m);
  sl_exact_tidy(&mm);
  sl_exact_add_times(&square, &sum, -m);
  sl_exact_add_times(&square, &sum, -m);
  sl_exact_add_times(&square, &mm, n);
  double v = sl_exact_f64(&square) / n;
  return v < 0 ? 0 : v; /* only in a file that nobody's values made */
}

double sl_sketch_std(const struct sl_sketch *s) { return sqrt(sl_sketch_variance(s)); }

/* ---- different values ---- */

bool sl_sketch_distinct(const struct sl_sketch *s, double *out, bool *exact)
{
  *exact = !s->hll;
  *out = s->hll ? fmin(sl_hll_count(s->hll), (double)sketch_finite(s)) : s->slot ? (double)s->nslot : (double)s->ntext;
  return s->hll || s->slot || s->kind == SL_SKETCH_TEXT;
}

static double number_of(const struct sl_sketch *s, uint64_t key)
{
  double x;
  if (s->kind == SL_SKETCH_WHOLE)
    return (double)(int64_t)key;
  memcpy(&x, &key, sizeof x);
  return x;
}

static int by_value(const void *a, const void *b)
{
  double x = ((const struct sl_sketch_value *)a)->v, y = ((const struct sl_sketch_value *)b)->v;
  return x < y ? -1 : x > y;
}

/* Integers beyond 2^53 may be one double. */
static size_t joined(struct sl_sketch_value *v, size_t n)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    if (k && v[k - 1].v >= v[i].v)
      v[k - 1].n += v[i].n;
    else
      v[k++] = v[i];
  }
  return k;
}

int sl_sketch_values(const struct sl_sketch *s, struct sl_sketch_value **out, size_t *n, struct sl_err *err)
{
  *out = NULL;
  *n = 0;
  if (!s->slot)
    return SL_OK;
  struct sl_sketch_value *v = *out = sl_calloc(s->nslot + 1, sizeof *v);
  if (!v)
    return sl_err_nomem(err);
  for (size_t i = 0; i < SKETCH_SLOTS; i++)
    if (s->slot[i].count)
      v[(*n)++] = (struct sl_sketch_value){ .v = number_of(s, s->slot[i].key), .n = s->slot[i].count };
  qsort(v, *n, sizeof *v, by_value);
  *n = joined(v, *n);
  return SL_OK;
}

int sl_sketch_tidy(struct sl_sketch *s, struct sl_err *err)
{
  return s->kind == SL_SKETCH_TEXT ? sketch_text_tidy(s, err) : SL_OK;
}

size_t sl_sketch_texts(const struct sl_sketch *s) { return s->ntext; }

struct sl_str sl_sketch_text(const struct sl_sketch *s, size_t i, uint64_t *count)
{
  *count = s->text[i].count;
  return sl_strn(s->text[i].p, s->text[i].n);
}

uint64_t sl_sketch_other(const struct sl_sketch *s)
{
  uint64_t n = sketch_finite(s);
  for (size_t i = 0; i < s->ntext; i++)
    n -= s->text[i].count;
  return n;
}

/* ---- buckets ---- */

/* above: from the bucket's own lower edge; clipped later. */
static struct sl_sketch_bin bin_of(const struct sl_sketch *s, size_t page, size_t i)
{
  const struct sketch_bucket *b = &s->page[page][i];
  size_t e = page & 255;
  double low = sketch_edge(page, i), high = i + 1 < SKETCH_PAGE ? sketch_edge(page, i + 1) : e < SKETCH_EXPONENTS ? sketch_edge(page + 1, 0)
                                                                                                            : (double)INFINITY;
  bool odd = e == 0 || e == SKETCH_EXPONENTS;
  uint64_t order = (page & 255) * SKETCH_PAGE + i + 1;
  double n = (double)sketch_n(b), above = odd ? (double)NAN : ldexp((double)sketch_low(b), (int)e - BIAS - MANTISSA);
  if (page >> 8)
    return (struct sl_sketch_bin){ .low = -high, .high = -low, .n = sketch_n(b), .above = n * (high - low) - above,
                                   .order = ZERO_ORDER - order };
  return (struct sl_sketch_bin){ .low = low, .high = high, .n = sketch_n(b), .above = above, .order = ZERO_ORDER + order };
}

static size_t count_bins(const struct sl_sketch *s)
{
  size_t n = s->zeros ? 1 : 0;
  for (size_t page = 0; page < SKETCH_PAGES; page++)
    for (size_t i = 0; s->page[page] && i < SKETCH_PAGE; i++)
      n += s->page[page][i].n != 0;
  return n;
}

static size_t put_page(const struct sl_sketch *s, size_t page, struct sl_sketch_bin *out, size_t n)
{
  for (size_t k = 0; s->page[page] && k < SKETCH_PAGE; k++) {
    size_t i = page >> 8 ? SKETCH_PAGE - 1 - k : k;
    if (s->page[page][i].n)
      out[n++] = bin_of(s, page, i);
  }
  return n;
}

static void clip(const struct sl_sketch *s, struct sl_sketch_bin *first, struct sl_sketch_bin *last)
{
  last->high = s->max < last->high ? s->max : last->high;
  if (s->min > first->low) {
    first->above = isfinite(first->low) ? first->above - (double)first->n * (s->min - first->low) : (double)NAN;
    first->above = first->above < 0 ? 0 : first->above;
    first->low = s->min;
  }
}

int sl_sketch_bins(const struct sl_sketch *s, struct sl_sketch_bin **out, size_t *n, struct sl_err *err)
{
  size_t all = numbers(s) ? count_bins(s) : 0, k = 0;
  *out = NULL;
  *n = 0;
  if (!all)
    return SL_OK;
  struct sl_sketch_bin *b = *out = sl_calloc(all, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  for (size_t page = SKETCH_PAGES; page-- > SKETCH_PAGES / 2;)
    k = put_page(s, page, b, k);
  if (s->zeros)
    b[k++] = (struct sl_sketch_bin){ .n = s->zeros, .order = ZERO_ORDER };
  for (size_t page = 0; page < SKETCH_PAGES / 2; page++)
    k = put_page(s, page, b, k);
  clip(s, &b[0], &b[k - 1]);
  *n = k;
  return SL_OK;
}

/* ---- quantiles ---- */

/* The value of rank k (from 0), as the values lie evenly in their bin. */
static double at_rank(const struct sl_sketch_bin *b, size_t n, double k, double *low, double *high)
{
  double before = 0;
  size_t i = 0;
  while (i + 1 < n && before + (double)b[i].n <= k)
    before += (double)b[i++].n;
  *low = b[i].low;
  *high = b[i].high;
  double share = (k - before + 0.5) / (double)b[i].n;
  return b[i].low + (b[i].high - b[i].low) * (share < 1 ? share : 1);
}

static double between(const struct sl_sketch_bin *b, size_t n, double h, double *low, double *high)
{
  double x, l, k = floor(h), v = at_rank(b, n, k, low, high);
  if (h <= k)
    return v;
  x = at_rank(b, n, k + 1, &l, high);
  return v + (x - v) * (h - k);
}

/* Doubles as integers that ascend as they do. */
static uint64_t order_of(double x)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

int sketch_few_bins(const struct sl_sketch *s, struct sl_sketch_bin **out, size_t *n, struct sl_err *err)
{
  struct sl_sketch_value *v;
  int rc = sl_sketch_values(s, &v, n, err);
  *out = NULL;
  if (rc || !*n) {
    sl_free(v);
    return rc ? rc : sl_sketch_bins(s, out, n, err);
  }
  *out = sl_calloc(*n, sizeof **out);
  for (size_t i = 0; *out && i < *n; i++)
    (*out)[i] = (struct sl_sketch_bin){ .low = v[i].v, .high = v[i].v, .n = v[i].n, .order = order_of(v[i].v) };
  sl_free(v);
  return *out ? SL_OK : sl_err_nomem(err);
}

double sl_sketch_quantile(const struct sl_sketch *s, double q, double *low, double *high)
{
  struct sl_sketch_bin *b = NULL;
  size_t n = 0;
  double v = (double)NAN;
  *low = *high = v;
  if (numbers(s) && !sketch_few_bins(s, &b, &n, NULL))
    v = between(b, n, q * (double)(sketch_finite(s) - 1), low, high);
  sl_free(b);
  return v;
}
