/* compute/stat_ks.c: p-values of the Kolmogorov-Smirnov statistic.
 *
 * Which formula when is scipy's choice, which is that of Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution",
 * J. Stat. Software 39(11), 2011. Where scipy takes Pomeranz's recursion (n <= 140) we take Durbin's matrix in long double instead: both
 * are exact. Approximations (Pelz and Good; Maag and Dicaire beyond a million) are the same ones as scipy's, so that their errors agree. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/stat.h"
#include "compute/stat_int.h"

#define PI 3.14159265358979323846
#define SQRT_2PI 2.50662827463100050242
#define SQRT_2PI_L 2.50662827463100050241576528481104525L

enum { EXACT_MAX = 10000, DWASS_MAX = 1000000, SCALE_BITS = 256 };

static double clip(double p) { return p < 0 ? 0 : p > 1 ? 1 : p; }

/* ---- one side: Birnbaum and Tingey (1951) ---- */

/* A term: C(n, v) (d + v/n)^(v-1) (1 - d - v/n)^(n-v) d, by the size of the binomial coefficient's own peak, so that nothing cancels. */
static long double one_side_term(long double n, long double v, long double d)
{
  long double p = v / n, q = 1 - p, rest = q - d;
  if (v == 0)
    return expl(n * log1pl(-d));
  if (rest <= 0)
    return 0;
  long double coef = v == n ? 1 : expl(stat_stirling_rest(n) - stat_stirling_rest(v) - stat_stirling_rest(n - v)) /
                                  (SQRT_2PI_L * sqrtl(n * p * q));
  return coef * expl(v * log1pl(d / p) + (v == n ? 0 : (n - v) * log1pl(-d / q))) * d / (d + p);
}

/* Terms rise to a peak and fall: from there outwards, until what is left is nothing. */
static double one_side_sf(double x, uint64_t n)
{
  long double nn = (long double)n, d = x, sum = 0;
  if (n > DWASS_MAX) { /* Maag and Dicaire (1971) */
    double at = 6.0 * (double)n * x + 1;
    return exp(-(at * at) / (18.0 * (double)n));
  }
  long double last = floorl(nn * (1 - d)), mid = floorl(last / 2);
  for (long double v = mid; v <= last; v++) {
    long double t = one_side_term(nn, v, d);
    sum += t;
    if (t < sum * 1e-24L)
      break;
  }
  for (long double v = mid - 1; v >= 0; v--) {
    long double t = one_side_term(nn, v, d);
    sum += t;
    if (t < sum * 1e-24L)
      break;
  }
  return (double)sum;
}

/* ---- the CDF, exact: Durbin's matrix (1968), as Marsaglia, Tsang and Wang (2003) fill and scale it ---- */

/* out = a b; bottoms of the scale are counted apart, since powers of the matrix overflow. */
static void multiply(const long double *a, const long double *b, long double *out, size_t m)
{
  memset(out, 0, m * m * sizeof *out);
  for (size_t i = 0; i < m; i++)
    for (size_t k = 0; k < m; k++) {
      long double x = a[i * m + k];
      for (size_t j = 0; x != 0 && j < m; j++)
        out[i * m + j] += x * b[k * m + j];
    }
}

static void rescale(long double *h, size_t m, size_t centre, long *exponent)
{
  int e;
  (void)frexpl(h[centre * m + centre], &e);
  if (e < SCALE_BITS && e > -SCALE_BITS)
    return;
  for (size_t i = 0; i < m * m; i++)
    h[i] = ldexpl(h[i], -e);
  *exponent += e;
}

/* nd = k - h with k whole and 0 <= h < 1; the matrix has 2k - 1 rows. */
static void durbin_fill(long double *H, size_t m, long double h)
{
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++)
      H[i * m + j] = i + 1 >= j ? 1 : 0;
  for (size_t i = 0; i < m; i++) {
    H[i * m] -= powl(h, (long double)(i + 1));
    H[(m - 1) * m + i] -= powl(h, (long double)(m - i));
  }
  H[(m - 1) * m] += 2 * h > 1 ? powl(2 * h - 1, (long double)m) : 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j <= i; j++)
      for (size_t g = 1; g <= i - j + 1; g++)
        H[i * m + j] /= (long double)g;
}

static long double durbin_power(long double *mem, size_t m, uint64_t n, size_t k)
{
  long double *H = mem, *P = mem + m * m, *T = mem + 2 * m * m;
  long eh = 0, ep = 0;
  for (size_t i = 0; i < m; i++)
    P[i * m + i] = 1;
  for (uint64_t left = n; left; left >>= 1) {
    if (left & 1) {
      multiply(P, H, T, m);
      memcpy(P, T, m * m * sizeof *T);
      ep += eh;
      rescale(P, m, k - 1, &ep);
    }
    multiply(H, H, T, m);
    memcpy(H, T, m * m * sizeof *T);
    eh *= 2;
    rescale(H, m, k - 1, &eh);
  }
  long double s = P[(k - 1) * m + k - 1];
  for (uint64_t i = 1; i <= n; i++) {
    s = s * (long double)i / (long double)n;
    if (s < 1e-1000L) {
      s = ldexpl(s, 3000);
      ep -= 3000;
    }
  }
  return ldexpl(s, (int)ep);
}

static long double durbin_cdf(double d, uint64_t n)
{
  long double nd = (long double)n * d, k = ceill(nd);
  size_t m = 2 * (size_t)k - 1;
  long double *mem = sl_calloc(3 * m * m, sizeof *mem);
  if (!mem)
    return (long double)NAN;
  durbin_fill(mem, m, k - nd);
  long double p = durbin_power(mem, m, n, (size_t)k);
  sl_free(mem);
  return p;
}

/* ---- the CDF, approximately: Pelz and Good (1976) ---- */

/* Sums over odd numbers m of the theta functions; k[i] is the factor of n^(-i/2). */
static void pelz_odd(double z, double k[4])
{
  double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, p2 = PI * PI, p4 = p2 * p2, p6 = p4 * p2;
  int most = (int)ceil(16 * z / PI);
  for (int i = most; i > 0; i--) {
    double m = 2 * i - 1, m2 = m * m, m4 = m2 * m2, e = exp(-m2 * p2 / (8 * z2));
    k[0] += e;
    k[1] += (p2 / 4 * m2 - z2) * e;
    k[2] += (6 * z6 + 2 * z4 + p2 / 4 * (2 * z4 - 5 * z2) * m2 + p4 / 16 * (1 - 2 * z2) * m4) * e;
    k[3] += (-30 * z6 - 90 * z6 * z2 + p2 / 4 * (135 * z4 - 96 * z6) * m2 + p4 / 16 * (212 * z4 - 60 * z2) * m4 +
             p6 / 64 * (5 - 30 * z2) * m4 * m2) * e;
  }
  k[0] *= SQRT_2PI / z;
  k[1] *= SQRT_2PI / (6 * z4);
  k[2] *= SQRT_2PI / (72 * z6 * z);
  k[3] *= SQRT_2PI / (6480 * z6 * z4);
}

static void pelz_all(double z, double k[4])
{
  double z2 = z * z, p2 = PI * PI, two = 0, three = 0;
  int most = (int)ceil(16 * z / PI);
  for (int i = most; i > 0; i--) {
    double m2 = (double)i * i, e = exp(-m2 * p2 / (2 * z2));
    two += m2 * e;
    three += (3 * z2 - p2 * m2) * m2 * e;
  }
  k[2] -= two * p2 * SQRT_2PI / (36 * z2 * z);
  k[3] += three * p2 * SQRT_2PI / (216 * z2 * z2 * z2);
}

static double pelz_good_cdf(double d, uint64_t n)
{
  double root = sqrt((double)n), z = root * d, k[4] = { 0, 0, 0, 0 };
  if (-PI * PI / (8 * z * z) < -708)
    return 0;
  pelz_odd(z, k);
  pelz_all(z, k);
  return k[0] + k[1] / root + k[2] / (double)n + k[3] / ((double)n * root);
}

/* ---- the choice ---- */

/* n d <= 1: n! (2d - 1/n)^n (Ruben and Gambino 1982). */
static double small_sf(double t, uint64_t n)
{
  long double nn = (long double)n, rest = 2 * (long double)t - 1;
  return (double)(1 - expl(stat_stirling_rest(nn) + 0.5L * logl(nn) - nn + logl(SQRT_2PI_L) + nn * logl(rest)));
}

static double middle_sf(double d, uint64_t n)
{
  double t = (double)n * d, nd2 = t * d;
  if (n <= 140)
    return nd2 <= 4 ? (double)(1 - durbin_cdf(d, n)) : 2 * one_side_sf(d, n);
  if (nd2 >= 370)
    return 0;
  if (nd2 >= 2.2)
    return 2 * one_side_sf(d, n);
  if (n <= 100000 && (double)n * pow(d, 1.5) <= 1.4)
    return (double)(1 - durbin_cdf(d, n));
  return 1 - pelz_good_cdf(d, n);
}

double sl_stat_kstwo_sf(double d, uint64_t n)
{
  double t = (double)n * d;
  if (isnan(d) || !n)
    return (double)NAN;
  if (d >= 1)
    return 0;
  if (t <= 0.5)
    return 1;
  if (t <= 1)
    return clip(small_sf(t, n));
  if (t >= (double)n - 1)
    return clip(2 * pow(1 - d, (double)n));
  double p = d >= 0.5 ? 2 * one_side_sf(d, n) : middle_sf(d, n);
  return isnan(p) ? p : clip(p);
}

/* ---- two samples, exact ---- */

static uint64_t gcd(uint64_t a, uint64_t b)
{
  while (b) {
    uint64_t t = a % b;
    a = b;
    b = t;
  }
  return a;
}

/* Equal sizes: 2 (C(2n, n-h) - C(2n, n-2h) + ...) / C(2n, n), nested so that nothing overflows (Gnedenko and Korolyuk 1951). */
static double equal_sizes(uint64_t n, uint64_t h)
{
  double p = 0;
  for (uint64_t k = n / h + 1; k-- > 0;) {
    double term = 1;
    for (uint64_t j = 0; j < h; j++)
      term = ((double)n - (double)(k * h) - (double)j) * term / (double)(n + k * h + j + 1);
    p = term * (1 - p);
  }
  return 2 * p;
}

/* Walks of m steps one way and n the other, all equally likely (Hodges 1957). P[i] is the share that is at i of m after k steps and has
 * stayed within |i/m - j/n| < h/lcm; what leaves is summed, all of it positive, so that small probabilities keep their digits. */
struct walk { int64_t m, n, mg, ng, h; double *p, *next; };

static bool inside(const struct walk *w, int64_t i, int64_t j)
{
  int64_t d = i * w->ng - j * w->mg;
  return d < w->h && -d < w->h;
}

static int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0); }
static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Those i that are inside after k steps. */
static void bounds(const struct walk *w, int64_t k, int64_t *lo, int64_t *hi)
{
  int64_t s = w->mg + w->ng, a = floor_div(k * w->mg - w->h, s) + 1, b = ceil_div(k * w->mg + w->h, s) - 1;
  int64_t first = k > w->n ? k - w->n : 0, last = k < w->m ? k : w->m;
  *lo = a > first ? a : first;
  *hi = b < last ? b : last;
}

static double walk_out(struct walk *w)
{
  double out = 0, in = 1;
  int64_t lo = 0, hi = 0;
  w->p[0] = 1;
  for (int64_t k = 1; k <= w->m + w->n && in > out * 1e-18; k++) {
    int64_t was_lo = lo, was_hi = hi;
    double by = 1 / (double)(w->m + w->n - k + 1);
    bounds(w, k, &lo, &hi);
    in = 0;
    for (int64_t i = was_lo < lo ? was_lo : lo, end = was_hi + 1 > hi ? was_hi + 1 : hi; i <= end; i++) {
      double right = i > was_lo && i <= was_hi + 1 ? w->p[i - 1] * (double)(w->m - i + 1) * by : 0;
      double up = i >= was_lo && i <= was_hi ? w->p[i] * (double)(w->n - (k - 1 - i)) * by : 0;
      bool stays = i >= lo && i <= hi;
      w->next[i] = stays ? right + up : 0;
      in += stays ? right + up : 0;
      out += stays ? 0 : right + up;
    }
    double *t = w->p;
    w->p = w->next;
    w->next = t;
  }
  return out;
}

static double unequal_sizes(uint64_t m, uint64_t n, uint64_t g, uint64_t h)
{
  double *mem = sl_calloc(2 * (m + 2), sizeof *mem);
  if (!mem)
    return (double)NAN;
  struct walk w = { (int64_t)m, (int64_t)n, (int64_t)(m / g), (int64_t)(n / g), (int64_t)h, mem, mem + m + 2 };
  double p = inside(&w, 0, 0) ? walk_out(&w) : 1;
  sl_free(mem);
  return p;
}

double sl_stat_ks_p(double *d, size_t na, size_t nb)
{
  uint64_t n1 = na, n2 = nb;
  if (!n1 || !n2 || isnan(*d))
    return (double)NAN;
  if (n1 <= EXACT_MAX && n2 <= EXACT_MAX) {
    uint64_t g = gcd(n1, n2), lcm = n1 / g * n2, h = (uint64_t)nearbyint(*d * (double)lcm);
    *d = (double)h / (double)lcm;
    if (!h)
      return 1;
    double p = n1 == n2 ? equal_sizes(n1, h) : unequal_sizes(n1 > n2 ? n1 : n2, n1 > n2 ? n2 : n1, g, h);
    return isnan(p) ? p : clip(p);
  }
  double big = (double)(n1 > n2 ? n1 : n2), few = (double)(n1 > n2 ? n2 : n1);
  return clip(sl_stat_kstwo_sf(*d, (uint64_t)nearbyint(big * few / (big + few))));
}
