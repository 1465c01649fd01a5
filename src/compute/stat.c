/* compute/stat.c: moments, and the statistics that walk two sorted samples side by side. */
#include "compute/stat.h"

#include <math.h>

#include "compute/stat_int.h"

/* ---- one sample ---- */

size_t sl_stat_distinct(const double *sorted, size_t n)
{
  size_t k = n > 0;
  for (size_t i = 1; i < n; i++)
    k += sorted[i] > sorted[i - 1];
  return k;
}

double sl_stat_mean(const double *x, size_t n)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < n; i++)
    stat_add(&s, x[i]);
  return n ? stat_total(&s) / (double)n : (double)NAN;
}

double sl_stat_std(const double *x, size_t n)
{
  double mean = sl_stat_mean(x, n);
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < n; i++)
    stat_add(&s, (x[i] - mean) * (x[i] - mean));
  return n ? sqrt(stat_total(&s) / (double)n) : (double)NAN;
}

double sl_stat_quantile(const double *sorted, size_t n, double q)
{
  if (!n)
    return (double)NAN;
  double at = q * (double)(n - 1), whole = floor(at);
  size_t i = (size_t)whole;
  return i + 1 < n ? sorted[i] + (sorted[i + 1] - sorted[i]) * (at - whole) : sorted[n - 1];
}

size_t sl_stat_below(const double *sorted, size_t n, double v)
{
  size_t lo = 0;
  for (size_t len = n; len;) {
    size_t half = len / 2;
    if (sorted[lo + half] < v) {
      lo += half + 1;
      len -= half + 1;
    } else {
      len = half;
    }
  }
  return lo;
}

size_t sl_stat_upto(const double *sorted, size_t n, double v)
{
  size_t lo = 0;
  for (size_t len = n; len;) {
    size_t half = len / 2;
    if (sorted[lo + half] <= v) {
      lo += half + 1;
      len -= half + 1;
    } else {
      len = half;
    }
  }
  return lo;
}

/* ---- two samples ---- */

double stat_next_value(const double *a, size_t na, const double *b, size_t nb, size_t *i, size_t *j)
{
  double v = *i < na && (*j == nb || a[*i] <= b[*j]) ? a[*i] : b[*j];
  while (*i < na && a[*i] <= v)
    ++*i;
  while (*j < nb && b[*j] <= v)
    ++*j;
  return v;
}

/* i/na - j/nb without rounding before the division: products of counts fit 128 bits, and of all that memory holds 64. */
__extension__ typedef __int128 wide;
static double gap(size_t i, size_t na, size_t j, size_t nb)
{
  if (na < UINT32_MAX / 2 && nb < UINT32_MAX / 2) {
    int64_t d = (int64_t)i * (int64_t)nb - (int64_t)j * (int64_t)na;
    return (double)(d < 0 ? -d : d) / ((double)na * (double)nb);
  }
  wide d = (wide)i * (wide)nb - (wide)j * (wide)na;
  return (double)(d < 0 ? -d : d) / ((double)na * (double)nb);
}

/* A way through two sorted samples, in steps without branches: where values hardly repeat, what is next is anybody's guess, for the
 * processor too. The distance d, in units of 1 / (na nb), counts only behind the last of equal values. */
struct walk { size_t i, j; int64_t d, most; double low; };

static inline void walk_step(struct walk *w, const double *a, size_t na, const double *b, size_t nb)
{
  double x = a[w->i], y = b[w->j];
  size_t left = x <= y, right = y <= x;
  w->low = x < y ? x : y;
  w->i += left;
  w->j += right;
  w->d += (left ? (int64_t)nb : 0) - (right ? (int64_t)na : 0);
  bool ends = (w->i == na || a[w->i] > w->low) && (w->j == nb || b[w->j] > w->low);
  int64_t size = w->d < 0 ? -w->d : w->d;
  w->most = ends && size > w->most ? size : w->most;
}

/* Behind what equals its last value. Once a sample has ended the distance only shrinks. */
static int64_t walk_end(struct walk *w, const double *a, size_t na, const double *b, size_t nb)
{
  for (; w->i < na && a[w->i] <= w->low; w->i++)
    w->d += (int64_t)nb;
  for (; w->j < nb && b[w->j] <= w->low; w->j++)
    w->d -= (int64_t)na;
  int64_t size = w->d < 0 ? -w->d : w->d;
  return size > w->most ? size : w->most;
}

/* Two ways at once, from the beginning and from the middle, since each waits for what it reads. */
static double ks_of_many(const double *a, size_t na, const double *b, size_t nb)
{
  size_t half = (na + nb) / 2, i = stat_from_first(a, na, b, nb, half), j = half - i;
  struct walk w = { .low = -(double)INFINITY }, v = { .i = i, .j = j, .d = (int64_t)i * (int64_t)nb - (int64_t)j * (int64_t)na };
  v.low = fmax(i ? a[i - 1] : w.low, j ? b[j - 1] : w.low);
  while (w.i < na && w.j < nb && w.i + w.j < half && v.i < na && v.j < nb) {
    walk_step(&w, a, na, b, nb);
    walk_step(&v, a, na, b, nb);
  }
  while (w.i < na && w.j < nb && w.i + w.j < half)
    walk_step(&w, a, na, b, nb);
  while (v.i < na && v.j < nb)
    walk_step(&v, a, na, b, nb);
  int64_t first = walk_end(&w, a, na, b, nb), second = walk_end(&v, a, na, b, nb);
  return (double)(first > second ? first : second) / ((double)na * (double)nb);
}

double sl_stat_ks(const double *a, size_t na, const double *b, size_t nb)
{
  double most = 0;
  if (!na || !nb)
    return (double)NAN;
  if (na < UINT32_MAX / 2 && nb < UINT32_MAX / 2)
    return ks_of_many(a, na, b, nb);
  for (size_t i = 0, j = 0; i < na && j < nb;) {
    (void)stat_next_value(a, na, b, nb, &i, &j);
    double d = gap(i, na, j, nb);
    most = d > most ? d : most;
  }
  return most;
}

double sl_stat_wasserstein(const double *a, size_t na, const double *b, size_t nb)
{
  struct stat_sum s = { 0, 0 };
  size_t i = 0, j = 0;
  if (!na || !nb)
    return (double)NAN;
  double v = stat_next_value(a, na, b, nb, &i, &j);
  while (i < na || j < nb) {
    double d = gap(i, na, j, nb), next = stat_next_value(a, na, b, nb, &i, &j);
    stat_add(&s, d * (next - v));
    v = next;
  }
  return stat_total(&s);
}

double sl_stat_energy(const double *a, size_t na, const double *b, size_t nb)
{
  struct stat_sum s = { 0, 0 };
  size_t i = 0, j = 0;
  if (!na || !nb)
    return (double)NAN;
  double v = stat_next_value(a, na, b, nb, &i, &j);
  while (i < na || j < nb) {
    double d = gap(i, na, j, nb), next = stat_next_value(a, na, b, nb, &i, &j);
    stat_add(&s, d * d * (next - v));
    v = next;
  }
  return sqrt(2 * stat_total(&s));
}
