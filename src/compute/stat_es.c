/* compute/stat_es.c: Epps and Singleton's test: two samples by their characteristic functions at two places. */
#include <float.h>
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

enum { K = 4, FEWEST = 5 };

/* The q-th of both samples together. */
static double pooled_value(const double *a, size_t na, const double *b, size_t nb, size_t q)
{
  size_t lo = q > nb ? q - nb : 0, hi = q < na ? q : na; /* how many of a come before it */
  while (lo < hi) {
    size_t i = lo + (hi - lo) / 2;
    if (a[i] < b[q - i - 1])
      lo = i + 1;
    else
      hi = i;
  }
  return lo < na && (q - lo >= nb || a[lo] <= b[q - lo]) ? a[lo] : b[q - lo];
}

/* numpy's: from the nearer neighbour. */
static double pooled_quantile(const double *a, size_t na, const double *b, size_t nb, double q)
{
  double at = q * (double)(na + nb - 1), whole = floor(at), t = at - whole;
  double x = pooled_value(a, na, b, nb, (size_t)whole);
  double y = (size_t)whole + 1 < na + nb ? pooled_value(a, na, b, nb, (size_t)whole + 1) : x;
  return t >= 0.5 ? y - (y - x) * (1 - t) : x + (y - x) * t;
}

static void features(double x, double s0, double s1, double g[K])
{
  g[0] = cos(s0 * x);
  g[1] = cos(s1 * x);
  g[2] = sin(s0 * x);
  g[3] = sin(s1 * x);
}

/* Means of the features, and their covariance times `by` added to cov. */
static void describe(const double *x, size_t n, const double s[2], double by, double mean[K], double cov[K * K])
{
  struct stat_sum m[K] = { { 0, 0 } }, c[K * K] = { { 0, 0 } };
  double g[K];
  for (size_t i = 0; i < n; i++) {
    features(x[i], s[0], s[1], g);
    for (size_t k = 0; k < K; k++)
      stat_add(&m[k], g[k]);
  }
  for (size_t k = 0; k < K; k++)
    mean[k] = stat_total(&m[k]) / (double)n;
  for (size_t i = 0; i < n; i++) {
    features(x[i], s[0], s[1], g);
    for (size_t j = 0; j < K; j++)
      for (size_t k = 0; k < K; k++)
        stat_add(&c[j * K + k], (g[j] - mean[j]) * (g[k] - mean[k]));
  }
  for (size_t k = 0; k < K * K; k++)
    cov[k] += by * stat_total(&c[k]) / (double)n;
}

/* d' C+ d; the pseudo-inverse leaves out what is nothing beside the largest eigenvalue. *rank: of what remains. */
static double quadratic(double cov[K * K], const double d[K], double *rank)
{
  double value[K], vector[K * K], sum = 0;
  sl_stat_eigen(cov, K, value, vector);
  *rank = 0;
  for (size_t i = 0; i < K; i++) {
    double along = 0;
    if (!(value[i] > value[0] * K * DBL_EPSILON))
      continue;
    for (size_t k = 0; k < K; k++)
      along += vector[i * K + k] * d[k];
    sum += along * along / value[i];
    *rank += 1;
  }
  return sum;
}

void sl_stat_epps_singleton(const double *a, size_t na, const double *b, size_t nb, double *w, double *p)
{
  enum { SMALL = 25 };
  *w = *p = (double)NAN;
  if (na < FEWEST || nb < FEWEST)
    return;
  double half = (pooled_quantile(a, na, b, nb, 0.75) - pooled_quantile(a, na, b, nb, 0.25)) / 2;
  if (!(half > 0) || !isfinite(half))
    return;
  double x = (double)na, y = (double)nb, n = x + y, s[2] = { 0.4 / half, 0.8 / half }, mean[2][K], cov[K * K] = { 0 }, d[K], rank;
  if (!isfinite(s[1]))
    return;
  describe(a, na, s, n / x, mean[0], cov);
  describe(b, nb, s, n / y, mean[1], cov);
  for (size_t k = 0; k < K; k++)
    d[k] = mean[0][k] - mean[1][k];
  *w = n * quadratic(cov, d, &rank);
  if (na < SMALL && nb < SMALL)
    *w *= 1.0 / (1.0 + pow(n, -0.45) + 10.1 * (pow(x, -1.7) + pow(y, -1.7)));
  *p = sl_stat_chi2_sf(*w, rank);
  *w = rank > 0 ? *w : (double)NAN; /* neither sample varies */
}
