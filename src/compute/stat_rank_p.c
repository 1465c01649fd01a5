/* compute/stat_rank_p.c: p-values of the tests by rank: how many orders of two samples give a statistic, counted, and one limit. */
#include <math.h>

#include "base/mem.h"
#include "compute/stat.h"
#include "compute/stat_int.h"

#define PI_L 3.14159265358979323846264338327950288L

/* ---- Mann-Whitney: Gauss' binomial coefficients ---- */

/* The share of the orders of few + many values with U = 0 .. last: the product over i of (1 - q^(many + i)) / (1 - q^i), a factor at a
 * time, each scaled by i / (many + i), so that all of it sums to 1. */
static void orders(long double *c, size_t last, size_t few, size_t many)
{
  c[0] = 1;
  for (size_t i = 1; i <= few; i++) {
    long double by = (long double)i / (long double)(many + i);
    for (size_t u = last + 1; u-- > many + i;)
      c[u] -= c[u - many - i];
    for (size_t u = i; u <= last; u++)
      c[u] += c[u - i];
    for (size_t u = 0; u <= last; u++)
      c[u] *= by;
  }
}

int stat_mannwhitney_tail(size_t u, size_t na, size_t nb, double *p, struct sl_err *err)
{
  size_t few = na < nb ? na : nb, many = na < nb ? nb : na, other = few * many - u, last = u < other ? u : other;
  long double *c = sl_calloc(last + 1, sizeof *c), sum = 0;
  if (!c)
    return sl_err_nomem(err);
  orders(c, last, few, many);
  for (size_t i = 0; i < last + (u >= other); i++)
    sum += c[i];
  *p = (double)(u < other ? 1 - sum : sum);
  sl_free(c);
  return SL_OK;
}

/* ---- Cramer-von Mises: Xiao, Gordon and Yakovlev 2006, algorithm 1 ---- */

/* How many ways lead to a place of the grid with each sum of squares, ascending; sums of `cap` and more are one. */
struct sums { uint64_t *value; double *ways; size_t n; };

static int sums_room(struct sums *s, size_t n, struct sl_err *err)
{
  *s = (struct sums){ .value = sl_calloc(n + 1, sizeof *s->value), .ways = sl_calloc(n + 1, sizeof *s->ways) };
  return s->value && s->ways ? SL_OK : sl_err_nomem(err);
}

static void sums_free(struct sums *s)
{
  sl_free(s->value);
  sl_free(s->ways);
  *s = (struct sums){ 0 };
}

static void put(struct sums *s, uint64_t value, double ways, uint64_t cap)
{
  value = value < cap ? value : cap;
  if (s->n && s->value[s->n - 1] == value) {
    s->ways[s->n - 1] += ways;
    return;
  }
  s->value[s->n] = value;
  s->ways[s->n++] = ways;
}

/* *to = both merged, each sum greater by `more`; *to is what *from was afterwards, and freed. */
static int merge(struct sums *to, const struct sums *left, uint64_t more, uint64_t cap, struct sl_err *err)
{
  struct sums out;
  int rc = sums_room(&out, to->n + left->n, err);
  for (size_t i = 0, j = 0; !rc && (i < to->n || j < left->n);)
    if (j == left->n || (i < to->n && to->value[i] <= left->value[j])) {
      put(&out, to->value[i] + more, to->ways[i], cap);
      i++;
    } else {
      put(&out, left->value[j] + more, left->ways[j], cap);
      j++;
    }
  sums_free(rc ? &out : to);
  if (!rc)
    *to = out;
  return rc;
}

static size_t gcd(size_t a, size_t b)
{
  while (b) {
    size_t t = a % b;
    a = b;
    b = t;
  }
  return a;
}

/* A row of the grid after the other; at (v, u) the two distribution functions differ by (a v - b u) / lcm. */
static int walk(struct sums *row, size_t m, size_t n, uint64_t cap, struct sl_err *err)
{
  static const struct sums none = { 0 };
  int64_t g = (int64_t)gcd(m, n), a = (int64_t)n / g, b = (int64_t)m / g;
  int rc = sums_room(&row[0], 1, err);
  if (rc)
    return rc;
  put(&row[0], 0, 1, cap);
  for (int64_t u = 0; u <= (int64_t)n && !rc; u++)
    for (int64_t v = 0; v <= (int64_t)m && !rc; v++) {
      int64_t d = a * v - b * u;
      rc = merge(&row[v], v ? &row[v - 1] : &none, (uint64_t)(d * d), cap, err);
    }
  return rc;
}

int stat_cvm_exact(uint64_t four_u, size_t na, size_t nb, double *p, struct sl_err *err)
{
  enum { MOST = 20 };
  struct sums row[MOST + 1] = { { 0 } };
  __extension__ typedef __int128 wide;
  uint64_t m = na, n = nb, lcm = m / gcd(na, nb) * n, k = m * n;
  wide over = (wide)(lcm * lcm) * (wide)(m + n) * (6 * (wide)four_u - 4 * (wide)k * (4 * (wide)k - 1)), under = 24 * (wide)k * (wide)k;
  uint64_t zeta = over > 0 ? (uint64_t)(over / under) : 0;
  double all = 1, beyond = 0;
  int rc = walk(row, na, nb, zeta + 1, err);
  for (size_t i = 0; !rc && i < row[na].n; i++)
    beyond += row[na].value[i] >= zeta ? row[na].ways[i] : 0;
  for (uint64_t i = 1; i <= m; i++)
    all = all * (double)(n + i) / (double)i;
  for (size_t i = 0; i <= na; i++)
    sums_free(&row[i]);
  *p = beyond / all;
  return rc;
}

/* ---- and its limit: Csorgo and Faraway 1996, equation 1.3 ---- */

/* e^-x K(1/4, x), the modified Bessel function of the second kind: the integral over t of exp(-x - x cosh t) cosh(t / 4), by equal steps,
 * which converge faster than any power. */
static long double bessel_k(long double x)
{
  long double step = fminl(0.125L, 0.5L / sqrtl(x)), sum = 0.5L * expl(-2 * x);
  for (int i = 1; i < 100000; i++) {
    long double t = (long double)i * step, term = expl(-x - x * coshl(t)) * coshl(t / 4);
    sum += term;
    if (term < sum * 1e-22L)
      break;
  }
  return sum * step;
}

double stat_cvm_limit(double t)
{
  if (!(t >= 0.003))
    return isnan(t) ? t : 1;
  long double sum = 0, ratio = sqrtl(PI_L); /* gamma(k + 1/2) / gamma(k + 1) */
  for (int k = 0; k < 1000000; k++) {
    long double y = 4 * (long double)k + 1;
    long double term = ratio / (PI_L * sqrtl(PI_L) * sqrtl((long double)t)) * sqrtl(y) * bessel_k(y * y / (16 * (long double)t));
    sum += term;
    if (term < 1e-7L)
      break;
    ratio *= ((long double)k + 0.5L) / ((long double)k + 1);
  }
  return sum < 1 ? (double)(1 - sum) : 0;
}
