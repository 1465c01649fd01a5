/* Statistics against values that were worked out elsewhere: scipy 1.17, or by hand. tests/peers compares many more with scipy itself. */
#include "compute/stat.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

static uint64_t seed = 1;

static double next_random(void) /* splitmix64, 0 to 1 */
{
  uint64_t z = (seed += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void near(double got, double want, double relative)
{
  if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= relative * fabs(want)))
    fail_msg("%.17g instead of %.17g", got, want);
}

static int by_value(const void *a, const void *b)
{
  double x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

static void sorts(void **state)
{
  (void)state;
  static const size_t sizes[] = { 0, 1, 2, 31, 32, 33, 1000, 70000 };
  for (size_t k = 0; k < N(sizes) * 3; k++) {
    size_t n = sizes[k / 3];
    double *x = calloc(n + 1, sizeof *x), *y = calloc(n + 1, sizeof *y), *other = calloc(n + 1, sizeof *other);
    for (size_t i = 0; i < n; i++) {
      double r = next_random();
      x[i] = y[i] = k % 3 == 0 ? floor(r * 10) - 5 : k % 3 == 1 ? (r - 0.5) * pow(10, floor(next_random() * 600) - 300) : r;
    }
    if (n > 8) {
      x[0] = y[0] = DBL_MAX;
      x[3] = y[3] = -DBL_MAX;
      x[5] = y[5] = DBL_TRUE_MIN;
    }
    qsort(y, n, sizeof *y, by_value);
    sl_stat_sort(x, other, n);
    for (size_t i = 0; i < n; i++)
      near(x[i], y[i], 0);
    free(x);
    free(y);
    free(other);
  }
}

/* Numbers that share their upper bits, by the hundred and by the hundred thousand: the lower ones decide. */
static void sorts_near_ones(void **state)
{
  (void)state;
  enum { MANY = 100000 };
  double *x = calloc(MANY, sizeof *x), *y = calloc(MANY, sizeof *y), *other = calloc(MANY, sizeof *other);
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < MANY; i++)
      x[i] = y[i] = (round == 2 && next_random() < 0.5 ? -1 : 1) *
                    (1 + DBL_EPSILON * floor(next_random() * 1e6) + (round == 1 ? floor(next_random() * 300) / 1024 : 0));
    qsort(y, MANY, sizeof *y, by_value);
    sl_stat_sort(x, other, MANY);
    assert_memory_equal(x, y, MANY * sizeof *x);
  }
  free(x);
  free(y);
  free(other);
}

/* In any ranges of the ranks, the same as sorted together; -0 before 0. */
static void merges(void **state)
{
  (void)state;
  enum { MOST = 60 };
  double a[MOST], b[MOST], both[2 * MOST], out[2 * MOST], other[2 * MOST];
  for (size_t round = 0; round < 300; round++) {
    size_t na = (size_t)(next_random() * MOST), nb = round % 7 ? (size_t)(next_random() * MOST) : 0, n = na + nb;
    for (size_t i = 0; i < n; i++) {
      double v = round % 2 ? next_random() : floor(next_random() * 9) - 4;
      both[i] = v == 0 && next_random() < 0.5 ? -0.0 : v;
      *(i < na ? &a[i] : &b[i - na]) = both[i];
    }
    sl_stat_sort(a, other, na);
    sl_stat_sort(b, other, nb);
    sl_stat_sort(both, other, n);
    size_t cut = (size_t)(next_random() * (double)(n + 1));
    sl_stat_merge(a, na, b, nb, cut, n, out);
    sl_stat_merge(a, na, b, nb, 0, cut, out);
    assert_memory_equal(out, both, n * sizeof *out);
  }
}

/* The greatest distance at any value, ties in both, samples that end on a tie. */
static void walks_both(void **state)
{
  (void)state;
  enum { MOST = 12 };
  double a[MOST], b[MOST], other[MOST];
  for (size_t round = 0; round < 3000; round++) {
    size_t na = 1 + (size_t)(next_random() * (MOST - 1)), nb = 1 + (size_t)(next_random() * (MOST - 1));
    double range = 1 + floor(next_random() * 8), want = 0;
    for (size_t i = 0; i < na; i++)
      a[i] = floor(next_random() * range);
    for (size_t i = 0; i < nb; i++)
      b[i] = floor(next_random() * range);
    sl_stat_sort(a, other, na);
    sl_stat_sort(b, other, nb);
    for (double v = 0; v < range; v++) {
      double i = (double)sl_stat_upto(a, na, v), j = (double)sl_stat_upto(b, nb, v);
      want = fmax(want, fabs(i * (double)nb - j * (double)na));
    }
    near(sl_stat_ks(a, na, b, nb), want / (double)(na * nb), 0);
  }
}

static void describes_one(void **state)
{
  (void)state;
  static const double x[] = { -3, -1, -0.0, 0, 0, 2, 7, 7 };
  assert_int_equal(sl_stat_distinct(x, N(x)), 5);
  assert_int_equal(sl_stat_distinct(x, 0), 0);
  near(sl_stat_mean(x, N(x)), 1.5, 0);
  near(sl_stat_std(x, N(x)), 3.427827300200522, 1e-15);
  near(sl_stat_mean(x, 0), (double)NAN, 0);
  near(sl_stat_quantile(x, N(x), 0.5), 0, 0);
  near(sl_stat_quantile(x, N(x), 0.75), 3.25, 0);
  near(sl_stat_quantile(x, N(x), 1), 7, 0);
  assert_int_equal(sl_stat_below(x, N(x), 0), 2);
  assert_int_equal(sl_stat_upto(x, N(x), 0), 5);
  /* sums of squares would lose everything here */
  static const double far[] = { 1e9 + 1, 1e9 + 2, 1e9 + 3 };
  near(sl_stat_std(far, N(far)), 0.81649658092772603, 1e-15);
}

static void compares_two(void **state)
{
  (void)state;
  static const double a[] = { 1, 2, 2, 3 }, b[] = { 2, 3, 4 };
  near(sl_stat_ks(a, 4, b, 3), 5 / 12.0, 1e-16);
  near(sl_stat_ks(b, 3, a, 4), 5 / 12.0, 1e-16);
  near(sl_stat_ks(a, 4, a, 4), 0, 0);
  near(sl_stat_ks(a, 4, b, 0), (double)NAN, 0);
  near(sl_stat_wasserstein(a, 4, b, 3), 1.0, 1e-15);
  near(sl_stat_wasserstein(a, 4, a, 4), 0, 0);
  static const double one[] = { 5 }, two[] = { 5 };
  near(sl_stat_ks(one, 1, two, 1), 0, 0);
  near(sl_stat_wasserstein(one, 1, two, 1), 0, 0);
}

static void tails(void **state)
{
  (void)state;
  near(sl_stat_chi2_sf(3.841458820694124, 1), 0.05, 1e-14);
  near(sl_stat_chi2_sf(0, 4), 1, 0);
  near(sl_stat_chi2_sf(10, 2), exp(-5.0), 1e-15);
  near(sl_stat_chi2_sf(1200, 999), 1.112935044825893e-05, 1e-12);
  near(sl_stat_chi2_sf(1000, 2), exp(-500.0), 1e-13);
  near(sl_stat_chi2_sf((double)INFINITY, 3), 0, 0);
  near(sl_stat_chi2_sf(1, 0), (double)NAN, 0);
  near(sl_stat_norm_two_sided(1.959963984540054), 0.05, 1e-14);
  near(sl_stat_norm_two_sided(-10), 1.5239706048321052e-23, 1e-13);
}

/* scipy.stats.kstwo.sf */
static void kolmogorov(void **state)
{
  (void)state;
  static const struct { double d; uint64_t n; double p; } want[] = {
    { 0.3, 1, 1 }, { 0.7, 1, 0.6 }, { 1, 5, 0 }, { 0.04, 10, 1 }, { 0.08, 10, 0.9999978058034054 }, { 0.95, 10, 1.953125e-13 },
  };
  for (size_t i = 0; i < N(want); i++)
    near(sl_stat_kstwo_sf(want[i].d, want[i].n), want[i].p, 1e-9);
  /* one side of the choice of formulas and the other: the function has no steps */
  for (uint64_t n = 10; n < 200000; n *= 9)
    for (double d = 0.3 / sqrt((double)n); d < 0.9 && (double)n * d * d < 350; d *= 1.3) {
      double p = sl_stat_kstwo_sf(d, n), q = sl_stat_kstwo_sf(d * (1 + 1e-7), n);
      if (!(p >= q - 1e-6 * p && q >= p * 0.9999 - 1e-4))
        fail_msg("p(%g, %llu) = %.17g, then %.17g", d, (unsigned long long)n, p, q);
    }
  near(sl_stat_kstwo_sf((double)NAN, 7), (double)NAN, 0);
}

/* All walks counted one by one: how many leave the band. */
static double walks(int m, int n, int i, int j, int lcm, int h, bool out)
{
  int d = i * (lcm / m) - j * (lcm / n);
  out = out || d >= h || d <= -h;
  if (i == m && j == n)
    return out;
  return (i < m ? walks(m, n, i + 1, j, lcm, h, out) : 0) + (j < n ? walks(m, n, i, j + 1, lcm, h, out) : 0);
}

static int common(int a, int b) { return b ? common(b, a % b) : a; }

static void exact(void **state)
{
  (void)state;
  for (int m = 1; m <= 7; m++)
    for (int n = 1; n <= 7; n++) {
      int lcm = m / common(m, n) * n;
      double all = walks(m, n, 0, 0, lcm, 0, true);
      for (int h = 1; h <= lcm; h++) {
        double d = (double)h / lcm;
        near(sl_stat_ks_p(&d, (size_t)m, (size_t)n), walks(m, n, 0, 0, lcm, h, false) / all, 1e-12);
      }
    }
  double d = 0;
  near(sl_stat_ks_p(&d, 9000, 8000), 1, 0);
  d = 1; /* one walk of each side leaves at once: 2 / C(60, 20) */
  near(sl_stat_ks_p(&d, 40, 20), 2 / 4191844505805495.0, 1e-11);
}

static void distances(void **state)
{
  (void)state;
  static const double r[] = { 0.5, 0.3, 0.2 }, c[] = { 0.4, 0.4, 0.2 }, e[] = { 1, 0, 0 }, f[] = { 0, 0, 1 };
  near(sl_stat_psi(r, c, 3), 0.1 * log(0.5 / 0.4) - 0.1 * log(0.3 / 0.4), 1e-14);
  near(sl_stat_kl(r, c, 3), 0.5 * log(1.25) + 0.3 * log(0.75), 1e-14);
  near(sl_stat_kl(e, f, 3), (double)INFINITY, 0);
  near(sl_stat_js(e, f, 3, 0), sqrt(log(2.0)), 1e-15);
  near(sl_stat_js(e, f, 3, 2), 1, 1e-15);
  near(sl_stat_js(r, r, 3, 0), 0, 0);
  near(sl_stat_hellinger(e, f, 3), 1, 0);
  near(sl_stat_hellinger(e, e, 3), 0, 0);
  near(sl_stat_tvd(r, c, 3), 0.1, 1e-15);
  near(sl_stat_linf(r, c, 3), 0.1, 1e-15);
  near(sl_stat_linf_robust(0.5, 100, 100), 0.5 - 1.8 * sqrt(0.02), 1e-15);
  near(sl_stat_linf_robust(0.1, 100, 100), 0, 0);
  static const double obs[] = { 16, 18, 16, 14, 12, 12 }, expected[] = { 16, 16, 16, 16, 16, 8 }, none[] = { 88, 0, 0, 0, 0, 0 };
  near(sl_stat_chi2(obs, expected, 6), 3.5, 1e-15);
  near(sl_stat_chi2(obs, none, 6), (double)INFINITY, 0);
  near(sl_stat_z(30, 100, 45, 100), -2.1908902300206643, 1e-14);
}

static void expect_edges(double lo, double hi, size_t n, enum sl_stat_width w, size_t k, double second)
{
  double *e = NULL;
  size_t got;
  assert_int_equal(sl_stat_sturges(lo, hi, n, w, &e, &got, NULL), SL_OK);
  assert_int_equal(got, k);
  near(e[1], second, 0);
  assert_true(e[k] >= hi && e[0] <= lo);
  sl_free(e);
}

static void bins(void **state)
{
  (void)state;
  expect_edges(0, 1, 1024, SL_STAT_F64, 11, 1 / 11.0);
  expect_edges(0, 1, 1000, SL_STAT_F64, 11, 1 / 11.0);
  expect_edges(3, 3, 50, SL_STAT_F64, 1, 3.5);
  expect_edges(0, 5, 1024, SL_STAT_INT, 5, 1);
  expect_edges((double)0.1f, (double)0.7f, 100, SL_STAT_F32, 8, (double)(0.1f + 1 * ((0.7f - 0.1f) / 8.0f)));
  double *e = NULL;
  size_t k;
  assert_int_equal(sl_stat_sturges(-DBL_MAX, DBL_MAX, 9, SL_STAT_F64, &e, &k, NULL), SL_ELIMIT);
  static const double x[] = { 0, 1, 1, 2, 3, 3 };
  static const double edges[] = { 0, 1, 2, 3 };
  double count[3];
  sl_stat_count(x, N(x), edges, 3, count);
  near(count[0], 1, 0);
  near(count[1], 2, 0);
  near(count[2], 3, 0);
}

/* Against scipy 1.17's false_discovery_control(p, method='bh'). */
static void many(void **state)
{
  static const double p[] = { 0.01, 0.04, 0.03, 0.005, 0.5, 0.9, 1.0, 0.0, 0.03 };
  static const double want[] = { 0.03, 0.06, 0.054, 0.0225, 0.6428571428571429, 1.0, 1.0, 0.0, 0.054 };
  static const double far[] = { 1e-19, 3e-8, 0.21, 0.44, 0.049, 0.051, 0.8 };
  static const double far_want[] = { 6.999999999999999e-19, 1.0499999999999999e-07, 0.294, 0.5133333333333334, 0.08925, 0.08925, 0.8 };
  double q[N(p)], with[] = { 0.05, (double)NAN, 0.05, -1, 0.05, 2 };
  (void)state;
  assert_int_equal(sl_stat_bh(p, N(p), q, NULL), SL_OK);
  for (size_t i = 0; i < N(p); i++)
    near(q[i], want[i], 1e-15);
  assert_int_equal(sl_stat_bh(far, N(far), q, NULL), SL_OK);
  for (size_t i = 0; i < N(far); i++)
    near(q[i], far_want[i], 1e-15);
  assert_int_equal(sl_stat_bh(with, N(with), q, NULL), SL_OK); /* three tests, not six */
  for (size_t i = 0; i < N(with); i++)
    assert_true(i % 2 ? isnan(q[i]) : fabs(q[i] - 0.05) < 1e-15);
  assert_int_equal(sl_stat_bh(NULL, 0, q, NULL), SL_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sorts), cmocka_unit_test(sorts_near_ones), cmocka_unit_test(merges), cmocka_unit_test(walks_both),
    cmocka_unit_test(describes_one), cmocka_unit_test(compares_two), cmocka_unit_test(tails),
    cmocka_unit_test(kolmogorov), cmocka_unit_test(exact), cmocka_unit_test(distances), cmocka_unit_test(bins), cmocka_unit_test(many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
