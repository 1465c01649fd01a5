/* compute/stat_rank.c: the tests that see of two samples only their order: Mann-Whitney, Cramer-von Mises, Anderson-Darling.
 *
 * Ranks of equal values are their mean. Doubled they are whole, and so are the sums, kept in 128 bits: the statistics are exact up
 * to the last division, where scipy's cancel. */
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

__extension__ typedef __int128 wide;

/* ---- Mann-Whitney ---- */

/* U of the first sample, twice, and the sum of t^3 - t over the ties. */
static wide twice_u(const double *a, size_t na, const double *b, size_t nb, wide *ties)
{
  wide ranks = 0;
  *ties = 0;
  for (size_t i = 0, j = 0; i < na || j < nb;) {
    size_t i0 = i, j0 = j;
    (void)stat_next_value(a, na, b, nb, &i, &j);
    wide t = (wide)(i - i0) + (wide)(j - j0), twice_rank = (wide)(i0 + j0) * 2 + t + 1;
    ranks += (wide)(i - i0) * twice_rank;
    *ties += t * t * t - t;
  }
  return ranks - (wide)na * ((wide)na + 1);
}

static double clip(double p) { return p < 0 ? 0 : p > 1 ? 1 : p; }

/* P(U >= u) by the normal distribution, less half a step. */
static double normal_tail(wide twice, double n1, double n2, wide ties)
{
  double n = n1 + n2, s = sqrt(n1 * n2 / 12 * ((n + 1) - (double)ties / (n * (n - 1))));
  double z = ((double)twice / 2 - n1 * n2 / 2 - 0.5) / s;
  return erfc(z * 0.70710678118654752440) / 2;
}

int sl_stat_mannwhitney(const double *a, size_t na, const double *b, size_t nb, bool less, double *u, double *p, struct sl_err *err)
{
  enum { FEW = 8 };
  wide ties, twice = twice_u(a, na, b, nb, &ties), other = 2 * (wide)na * (wide)nb - twice;
  *u = (double)twice / 2;
  *p = (double)NAN;
  if (!na || !nb)
    return SL_OK;
  wide tail = less || other > twice ? other : twice;
  double by = less ? 1 : 2;
  if (!ties && (na <= FEW || nb <= FEW) && (double)na * (double)nb <= SL_STAT_MANNWHITNEY_EXACT) {
    int rc = stat_mannwhitney_tail((size_t)(tail / 2), na, nb, p, err);
    *p = clip(by * *p);
    return rc;
  }
  *p = clip(by * normal_tail(tail, (double)na, (double)nb, ties));
  return SL_OK;
}

/* ---- Cramer-von Mises ---- */

/* 4 U of Anderson 1962, equation 10: the squared distances of ranks in both samples from ranks in one, each weighed by its own size. */
static wide four_u(const double *a, size_t na, const double *b, size_t nb)
{
  wide sum[2] = { 0, 0 };
  for (size_t i = 0, j = 0; i < na || j < nb;) {
    size_t i0 = i, j0 = j;
    (void)stat_next_value(a, na, b, nb, &i, &j);
    wide twice_rank = (wide)(i0 + j0) * 2 + (wide)(i - i0) + (wide)(j - j0) + 1;
    for (size_t k = i0; k < i; k++) {
      wide d = twice_rank - 2 * ((wide)k + 1);
      sum[0] += d * d;
    }
    for (size_t k = j0; k < j; k++) {
      wide d = twice_rank - 2 * ((wide)k + 1);
      sum[1] += d * d;
    }
  }
  return sum[0] * (wide)na + sum[1] * (wide)nb;
}

int sl_stat_cvm(const double *a, size_t na, const double *b, size_t nb, double *t, double *p, struct sl_err *err)
{
  enum { EXACT_MAX = 20 };
  *t = *p = (double)NAN;
  if (na < 2 || nb < 2)
    return SL_OK;
  wide u = four_u(a, na, b, nb), k = (wide)na * (wide)nb, n = (wide)na + (wide)nb;
  *t = (double)((long double)(6 * u - 4 * k * (4 * k - 1)) / (24 * (long double)k * (long double)n));
  if (na <= EXACT_MAX && nb <= EXACT_MAX)
    return stat_cvm_exact((uint64_t)u, na, nb, p, err);
  double N = (double)n, kk = (double)k, x = (double)na, y = (double)nb;
  double mean = (1 + 1 / N) / 6, var = (N + 1) * (4 * kk * N - 3 * (x * x + y * y) - 2 * kk) / (45 * N * N * 4 * kk);
  *p = stat_cvm_limit(1.0 / 6 + (*t - mean) / sqrt(45 * var));
  return SL_OK;
}

/* ---- Anderson-Darling ---- */

/* Scholz and Stephens 1987, equation 7: the statistic of k = 2 samples, for data with ties. */
static double midrank_a2(const double *a, size_t na, const double *b, size_t nb)
{
  struct stat_sum sum[2] = { { 0, 0 }, { 0, 0 } };
  double n[2] = { (double)na, (double)nb }, N = n[0] + n[1];
  for (size_t i = 0, j = 0; i < na || j < nb;) {
    size_t i0 = i, j0 = j;
    (void)stat_next_value(a, na, b, nb, &i, &j);
    double f[2] = { (double)(i - i0), (double)(j - j0) }, l = f[0] + f[1], B = (double)(i0 + j0) + l / 2;
    double m[2] = { (double)i - f[0] / 2, (double)j - f[1] / 2 };
    for (size_t s = 0; s < 2; s++) {
      double d = N * m[s] - B * n[s];
      stat_add(&sum[s], l / N * (d * d) / (B * (N - B) - N * l / 4));
    }
  }
  return (stat_total(&sum[0]) / n[0] + stat_total(&sum[1]) / n[1]) * (N - 1) / N;
}

/* Their equation 4, for k = 2. */
static double a2_variance(size_t na, size_t nb)
{
  size_t n = na + nb;
  long double N = (long double)n, H = 1 / (long double)na + 1 / (long double)nb, h = 0, g = 0;
  for (size_t i = n - 1; i > 1; i--) { /* g: sum of 1/((N - i) j) over i < j; the inner sum grows from the end */
    h += 1 / (long double)i;
    g += h / (long double)(n - i + 1);
  }
  h += 1;
  long double A = (4 * g - 6) + (10 - 6 * g) * H, B = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * H - 8 * h + 4 * g - 6;
  long double C = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * H + 4 * h, D = (2 * h + 6) * 4 - 8 * h;
  return (double)((A * N * N * N + B * N * N + C * N + D) / ((N - 1) * (N - 2) * (N - 3)));
}

/* A parabola through the logarithms of seven levels, least squares over the critical values of their table 2; from 0.001 to 0.25. */
static double a2_p(double x)
{
  static const double critical_first = 0.32500000000000007, critical_last = 6.546; /* as their sums come out in doubles */
  static const double c[3] = { -1.0777702798204873, -1.0082265644652506, 0.018198094574111258 };
  if (x < critical_first)
    return 0.25;
  return x > critical_last ? 0.001 : exp(c[0] + x * (c[1] + x * c[2]));
}

void sl_stat_anderson(const double *a, size_t na, const double *b, size_t nb, double *a2, double *p)
{
  *a2 = *p = (double)NAN;
  if (!na || !nb || na + nb < 4 || (a[0] >= b[nb - 1] && b[0] >= a[na - 1])) /* one value alone: no order */
    return;
  *a2 = (midrank_a2(a, na, b, nb) - 1) / sqrt(a2_variance(na, nb));
  *p = a2_p(*a2);
}
