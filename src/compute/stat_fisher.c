/* compute/stat_fisher.c: Fisher's exact test of a 2 x 2 table, two-sided as scipy's: the sum of all tables that are no likelier.
 *
 * The hypergeometric probability is the quotient of three binomial ones, each by Loader's saddle point (2000), so that counts of any size
 * keep their digits. */
#include <math.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

/* How x of n hits in the first row and k - x of m in the second are to be had. */
struct table { uint64_t n, m, k; };

#define TWO_PI_L 6.28318530717958647692528676655900577L

/* ln P(X = x) of the binomial distribution */
static long double binomial(long double x, long double n, long double p)
{
  if (x == 0)
    return n * log1pl(-p);
  if (x >= n)
    return n * logl(p);
  long double rest = stat_stirling_rest(n) - stat_stirling_rest(x) - stat_stirling_rest(n - x);
  return rest - stat_deviance(x, n * p) - stat_deviance(n - x, n * (1 - p)) - logl(TWO_PI_L * x * (n - x) / n) / 2;
}

static long double ln_p(const struct table *t, uint64_t x)
{
  long double n = (long double)t->n, m = (long double)t->m, k = (long double)t->k, p = k / (n + m);
  return binomial((long double)x, n, p) + binomial((long double)(t->k - x), m, p) - binomial(k, n + m, p);
}

static uint64_t least(const struct table *t) { return t->k > t->m ? t->k - t->m : 0; }
static uint64_t most(const struct table *t) { return t->k < t->n ? t->k : t->n; }

/* From x outwards. */
static long double tail(const struct table *t, uint64_t x, bool up)
{
  long double term = expl(ln_p(t, x)), sum = term;
  while (x != (up ? most(t) : least(t)) && term > sum * 1e-22L) {
    uint64_t lo = up ? x : x - 1; /* P(lo + 1) / P(lo) */
    long double by = (long double)(t->n - lo) * (long double)(t->k - lo) / ((long double)(lo + 1) * (long double)(t->m + lo + 1 - t->k));
    term = up ? term * by : term / by;
    sum += term;
    x = up ? x + 1 : x - 1;
  }
  return sum;
}

/* The first x beyond the mode, on the other side of it, that is no likelier than limit; false: none is. */
static bool far_side(const struct table *t, uint64_t mode, bool up, long double limit, uint64_t *out)
{
  uint64_t end = up ? most(t) : least(t), near = mode;
  if (ln_p(t, end) > limit)
    return false;
  *out = end;
  while (up ? near + 1 < *out : *out + 1 < near) { /* near is likelier, *out is not */
    uint64_t mid = up ? near + (*out - near) / 2 : near - (near - *out) / 2;
    if (ln_p(t, mid) > limit)
      near = mid;
    else
      *out = mid;
  }
  return true;
}

void sl_stat_fisher(uint64_t a0, uint64_t a1, uint64_t b0, uint64_t b1, double *odds, double *p)
{
  struct table t = { a0 + a1, b0 + b1, a0 + b0 };
  *odds = (double)NAN;
  *p = 1;
  if (!t.n || !t.m || !t.k || !(a1 + b1))
    return;
  *odds = a1 && b0 ? (double)a0 * (double)b1 / ((double)b0 * (double)a1) : (double)INFINITY;
  uint64_t mode = (uint64_t)(((double)t.k + 1) * ((double)t.n + 1) / ((double)t.n + (double)t.m + 2)), far;
  long double here = ln_p(&t, a0), peak = ln_p(&t, mode);
  if (fabsl(expm1l(here - peak)) <= 1e-14L)
    return;
  bool up = a0 >= mode;
  long double sum = tail(&t, a0, up);
  if (far_side(&t, mode, !up, here + log1pl(1e-14L), &far))
    sum += tail(&t, far, !up);
  *p = sum < 1 ? (double)sum : 1;
}
