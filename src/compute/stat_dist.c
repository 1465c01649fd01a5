/* compute/stat_dist.c: distances of two distributions over the same cells. */
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

static double sum_of(const double *x, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++)
    stat_add(&s, x[i]);
  return stat_total(&s);
}

/* p ln(p / q), 0 where p is; written so that little is lost where p is near q. */
static double relative(double p, double q)
{
  if (p == 0)
    return 0;
  if (q == 0)
    return (double)INFINITY;
  double ratio = p / q;
  return ratio > 0.5 && ratio < 2 ? p * log1p((p - q) / q) : p * log(ratio);
}

double sl_stat_psi(const double *r, const double *c, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++)
    stat_add(&s, (r[i] - c[i]) * log(r[i] / c[i]));
  return stat_total(&s);
}

double sl_stat_kl(const double *r, const double *c, size_t k)
{
  double sr = sum_of(r, k), sc = sum_of(c, k);
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++) {
    double v = relative(r[i] / sr, c[i] / sc);
    if (isinf(v))
      return v;
    stat_add(&s, v);
  }
  return stat_total(&s);
}

double sl_stat_js(const double *r, const double *c, size_t k, double base)
{
  double sr = sum_of(r, k), sc = sum_of(c, k);
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++) {
    double p = r[i] / sr, q = c[i] / sc, m = (p + q) / 2;
    stat_add(&s, relative(p, m));
    stat_add(&s, relative(q, m));
  }
  double js = stat_total(&s);
  if (base > 0)
    js /= log(base);
  return js > 0 ? sqrt(js / 2) : js == 0 || js > -1e-12 ? 0 : (double)NAN; /* rounding may leave it a little below 0 */
}

double sl_stat_hellinger(const double *r, const double *c, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++)
    stat_add(&s, sqrt(r[i] * c[i]));
  double bc = stat_total(&s);
  return sqrt(1 - (bc > 1 ? 1 : bc));
}

double sl_stat_tvd(const double *r, const double *c, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++)
    stat_add(&s, fabs(r[i] - c[i]));
  return stat_total(&s) / 2;
}

double sl_stat_linf(const double *r, const double *c, size_t k)
{
  double most = 0;
  for (size_t i = 0; i < k; i++)
    most = fmax(most, fabs(r[i] - c[i]));
  return most;
}

/* Deequ's constant: 1.8 is sqrt(-ln(alpha / 2) / 2) for alpha near 0.003, the Kolmogorov-Smirnov bound for two samples. */
double sl_stat_linf_robust(double linf, size_t na, size_t nb)
{
  double n = (double)na, m = (double)nb;
  return fmax(0, linf - 1.8 * sqrt((n + m) / (n * m)));
}

double sl_stat_chi2(const double *obs, const double *expected, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++) {
    double d = obs[i] - expected[i];
    if (expected[i] == 0)
      return d == 0 ? (double)NAN : (double)INFINITY;
    stat_add(&s, d * d / expected[i]);
  }
  return stat_total(&s);
}

double sl_stat_g(const double *obs, const double *expected, size_t k)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < k; i++) {
    if (obs[i] == 0)
      continue;
    if (expected[i] == 0)
      return (double)INFINITY;
    stat_add(&s, 2 * obs[i] * log(obs[i] / expected[i]));
  }
  return stat_total(&s);
}

double sl_stat_z(size_t hits_a, size_t na, size_t hits_b, size_t nb)
{
  double a = (double)na, b = (double)nb, p = ((double)hits_a + (double)hits_b) / (a + b);
  return ((double)hits_a / a - (double)hits_b / b) / sqrt(p * (1 - p) * (1 / a + 1 / b));
}
