/* compute/stat_gamma.c: tails of the chi-squared and the normal distribution.
 *
 * Q(a, x) of the incomplete gamma function: its power series below a + 1 and Legendre's continued fraction above (Abramowitz and Stegun
 * 6.5.29 and 6.5.31), in long double, with the factor before them written so that nothing cancels for large a (Loader 2000). */
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

#define HALF_LN_2PI 0.91893853320467274178032973640561764L
#define TWO_PI 6.28318530717958647692528676655900577L
#define TINY 1e-4000L

enum { STEPS_MAX = 10000000 };

long double stat_stirling_rest(long double n)
{
  /* B(2j) / (2j (2j - 1)), the coefficients of Stirling's series */
  static const long double c[] = { 1 / 12.0L, -1 / 360.0L, 1 / 1260.0L, -1 / 1680.0L, 1 / 1188.0L, -691 / 360360.0L, 1 / 156.0L,
                                   -3617 / 122400.0L };
  if (n < 20)
    return lgammal(n + 1) - (n + 0.5L) * logl(n) + n - HALF_LN_2PI;
  long double r = 1 / n, s = 0;
  for (int j = 7; j >= 0; j--)
    s = s * r * r + c[j];
  return s * r;
}

long double stat_deviance(long double x, long double m)
{
  if (fabsl(x - m) >= 0.1L * (x + m))
    return x * logl(x / m) + m - x;
  long double v = (x - m) / (x + m), s = (x - m) * v, e = 2 * x * v;
  for (int j = 1; j < 1000; j++) {
    e *= v * v;
    long double t = s + e / (2 * j + 1);
    if (t == s)
      break;
    s = t;
  }
  return s;
}

/* x^a e^-x / gamma(a + 1) */
static long double front(long double a, long double x)
{
  return expl(-stat_stirling_rest(a) - stat_deviance(a, x)) / sqrtl(TWO_PI * a);
}

static long double lower_series(long double a, long double x)
{
  long double term = 1, sum = 1;
  for (int k = 1; k < STEPS_MAX && term > sum * 1e-20L; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum * front(a, x);
}

/* Lentz's method, as modified by Thompson and Barnett (1986). */
static long double upper_fraction(long double a, long double x)
{
  long double b = x + 1 - a, c = 1 / TINY, d = 1 / b, h = d;
  for (int i = 1; i < STEPS_MAX; i++) {
    long double an = -(long double)i * (i - a);
    b += 2;
    d = an * d + b;
    d = d == 0 ? TINY : d;
    c = b + an / c;
    c = c == 0 ? TINY : c;
    d = 1 / d;
    h *= d * c;
    if (fabsl(d * c - 1) < 1e-19L)
      break;
  }
  return h * a * front(a, x);
}

double sl_stat_chi2_sf(double x, double df)
{
  if (isnan(x) || !(df > 0))
    return (double)NAN;
  if (x <= 0)
    return 1;
  if (isinf(x))
    return 0;
  long double a = df / 2, h = (long double)x / 2;
  return (double)(h < a + 1 ? 1 - lower_series(a, h) : upper_fraction(a, h));
}

double sl_stat_norm_two_sided(double z)
{
  return erfc(fabs(z) * 0.70710678118654752440);
}
