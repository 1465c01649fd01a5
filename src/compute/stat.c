/* compute/stat.c: sorting, moments, and the two statistics that walk two sorted samples side by side. */
#include "compute/stat.h"

#include <math.h>
#include <string.h>

#include "compute/stat_int.h"

enum { DIGIT = 11, DIGITS = 6, RADIX = 1 << DIGIT };

/* ---- sorting ---- */

/* The order of the bits becomes the order of the values: negative numbers are turned over, the others come behind them. */
static uint64_t key_of(double v)
{
  uint64_t u;
  memcpy(&u, &v, sizeof u);
  return u ^ (u >> 63 ? UINT64_MAX : UINT64_C(1) << 63);
}

static double of_key(uint64_t u)
{
  double v;
  u ^= u >> 63 ? UINT64_C(1) << 63 : UINT64_MAX;
  memcpy(&v, &u, sizeof v);
  return v;
}

static uint64_t load(const double *p)
{
  uint64_t u;
  memcpy(&u, p, sizeof u);
  return u;
}

static void store(double *p, uint64_t u) { memcpy(p, &u, sizeof u); }

static size_t digit_of(uint64_t key, unsigned d) { return (size_t)(key >> (d * DIGIT) & (RADIX - 1)); }

static void sort_few(double *x, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    uint64_t k = load(&x[i]);
    size_t j = i;
    for (; j && load(&x[j - 1]) > k; j--)
      store(&x[j], load(&x[j - 1]));
    store(&x[j], k);
  }
}

/* One digit, least significant first; a digit that all values share moves nothing. Says whether they are in `to` now. */
static bool pass(const double *from, double *to, size_t n, unsigned d)
{
  size_t at[RADIX] = { 0 }, sum = 0;
  for (size_t i = 0; i < n; i++)
    at[digit_of(load(&from[i]), d)]++;
  for (size_t k = 0; k < RADIX; k++) {
    if (at[k] == n)
      return false;
    size_t c = at[k];
    at[k] = sum;
    sum += c;
  }
  for (size_t i = 0; i < n; i++) {
    uint64_t u = load(&from[i]);
    store(&to[at[digit_of(u, d)]++], u);
  }
  return true;
}

void sl_stat_sort(double *x, double *other, size_t n)
{
  double *from = x, *to = other;
  for (size_t i = 0; i < n; i++)
    store(&x[i], key_of(x[i]));
  if (n <= 32)
    sort_few(x, n);
  for (unsigned d = 0; n > 32 && d < DIGITS; d++)
    if (pass(from, to, n, d)) {
      double *t = from;
      from = to;
      to = t;
    }
  for (size_t i = 0; i < n; i++)
    x[i] = of_key(load(&from[i]));
}

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

/* i/na - j/nb without rounding before the division: products of counts fit 128 bits. */
static double gap(size_t i, size_t na, size_t j, size_t nb)
{
  __extension__ typedef __int128 wide;
  wide d = (wide)i * (wide)nb - (wide)j * (wide)na;
  return (double)(d < 0 ? -d : d) / ((double)na * (double)nb);
}

double sl_stat_ks(const double *a, size_t na, const double *b, size_t nb)
{
  double most = 0;
  if (!na || !nb)
    return (double)NAN;
  for (size_t i = 0, j = 0; i < na && j < nb;) { /* where one has ended, the distance only shrinks */
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
