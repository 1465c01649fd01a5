/* compute/stat_t.c: Student's t: the statistic of two samples, and its distribution by the incomplete beta function.
 *
 * I(x; a, b) is Lentz's evaluation of the continued fraction 26.5.8 of Abramowitz and Stegun, below its mean; above it the complement. */
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

#define TINY 1e-4000L
#define LN_PI_HALF 0.57236494292470008707171367567652936L /* ln(pi) / 2 */

/* ln(gamma(a + 1/2) / gamma(a)) */
static long double half_ratio(long double a)
{
  if (a < 20)
    return lgammal(a + 0.5L) - lgammal(a);
  return stat_stirling_rest(a - 0.5L) - stat_stirling_rest(a) + a * log1pl(-0.5L / a) + 0.5L + logl(a) / 2;
}

static long double fraction_step(long double an, long double *c, long double *d)
{
  *d = 1 + an * *d;
  *d = 1 / (*d == 0 ? TINY : *d);
  *c = 1 + an / *c;
  *c = *c == 0 ? TINY : *c;
  return *c * *d;
}

/* The fraction of I(x; a, b), without what stands before it. */
static long double beta_fraction(long double a, long double b, long double x)
{
  long double c = 1, d = 1 - (a + b) * x / (a + 1), h;
  d = 1 / (d == 0 ? TINY : d);
  h = d;
  for (int i = 1; i < 1000000; i++) {
    long double m = i, even = fraction_step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), &c, &d);
    h *= even;
    long double odd = fraction_step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), &c, &d);
    h *= odd;
    if (fabsl(odd - 1) < 1e-19L)
      break;
  }
  return h;
}

/* I(df / (df + t^2); df / 2, 1/2) */
double sl_stat_t_two_sided(double t, double df)
{
  if (isnan(t) || !(df > 0))
    return (double)NAN;
  if (isinf(t))
    return 0;
  if (isinf(df))
    return sl_stat_norm_two_sided(t);
  long double a = df / 2, q = (long double)t / (long double)df * (long double)t, x = 1 / (1 + q), y = q / (1 + q);
  if (y <= 0)
    return 1;
  long double front = half_ratio(a) - LN_PI_HALF - a * log1pl(q) + 0.5L * logl(y); /* ln of x^a y^(1/2) / B(a, 1/2) */
  if (x < (a + 1) / (a + 2.5L))
    return (double)(expl(front - logl(a)) * beta_fraction(a, 0.5L, x));
  return (double)(1 - 2 * expl(front) * beta_fraction(0.5L, a, y));
}

/* Mean of x - from, and the sum of squares about it. */
static void moments(const double *x, size_t n, double from, long double *mean, long double *squares)
{
  long double sum = 0, rest = 0;
  for (size_t i = 0; i < n; i++)
    sum += (long double)x[i] - from;
  *mean = sum / (long double)n;
  *squares = 0;
  for (size_t i = 0; i < n; i++) {
    long double d = (long double)x[i] - from - *mean;
    *squares += d * d;
    rest += d;
  }
  *squares -= rest * rest / (long double)n;
}

void sl_stat_ttest_of(const long double mean[2], const long double ss[2], const size_t size[2], bool welch, double *t, double *p)
{
  long double n = (long double)size[0], m = (long double)size[1], df = n + m - 2;
  long double var = ss[0] / df * (1 / n + 1 / m);
  var += ss[1] / df * (1 / n + 1 / m);
  if (welch) {
    long double va = ss[0] / (n - 1) / n, vb = ss[1] / (m - 1) / m;
    var = va + vb;
    df = var * var / (va * va / (n - 1) + vb * vb / (m - 1));
    df = isnan(df) ? 1 : df;
  }
  *t = (double)((mean[0] - mean[1]) / sqrtl(var));
  *p = sl_stat_t_two_sided(*t, (double)df);
}

void sl_stat_ttest(const double *a, size_t na, const double *b, size_t nb, bool welch, double *t, double *p)
{
  *t = *p = (double)NAN;
  if (!na || !nb)
    return;
  long double mean[2], ss[2];
  double from = a[na / 2]; /* near both: the difference keeps its digits where the values are far from 0 */
  moments(a, na, from, &mean[0], &ss[0]);
  moments(b, nb, from, &mean[1], &ss[1]);
  sl_stat_ttest_of(mean, ss, (const size_t[]){ na, nb }, welch, t, p);
}
