/* Tests of two samples and of tables, against scipy 1.17's figures. tests/peers compares many more with scipy itself. */
#include "compute/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))

static const double a[] = { 1, 2, 2, 3, 5, 8, 9.5 }, b[] = { 2, 4, 4, 6, 7, 9, 10, 11 };   /* with ties */
static const double c[] = { 0.5, 1.5, 2.5, 4.5 }, d[] = { 1, 2, 3, 5, 6, 7 };              /* without */
static const double nine[] = { 9, 9, 9, 9, 9 };
static double e[30], f[25];

static int fill(void **state)
{
  (void)state;
  for (size_t i = 0; i < N(e); i++)
    e[i] = (double)i;
  for (size_t i = 0; i < N(f); i++)
    f[i] = (double)i + 6.5;
  return 0;
}

static void near(double got, double want, double relative)
{
  if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= relative * fabs(want)))
    fail_msg("%.17g instead of %.17g", got, want);
}

static void mannwhitney(const double *x, size_t n, const double *y, size_t m, bool less, double u, double p)
{
  double got_u, got_p;
  assert_int_equal(sl_stat_mannwhitney(x, n, y, m, less, &got_u, &got_p, NULL), SL_OK);
  near(got_u, u, 0);
  near(got_p, p, 1e-14);
}

static void by_rank(void **state)
{
  (void)state;
  mannwhitney(a, N(a), b, N(b), false, 16, 0.1812723078709939);
  mannwhitney(a, N(a), b, N(b), true, 16, 0.09063615393549695);
  mannwhitney(c, N(c), d, N(d), false, 6, 0.2571428571428571);
  mannwhitney(d, N(d), c, N(c), true, 18, 0.9142857142857143);
  mannwhitney(nine, N(nine), nine, N(nine), false, 12.5, 1);
  mannwhitney(a, 0, b, N(b), false, 0, (double)NAN);
}

static void cvm(const double *x, size_t n, const double *y, size_t m, double t, double p)
{
  double got_t, got_p;
  assert_int_equal(sl_stat_cvm(x, n, y, m, &got_t, &got_p, NULL), SL_OK);
  near(got_t, t, 1e-14);
  near(got_p, p, 1e-13);
}

static void cramer_von_mises(void **state)
{
  (void)state;
  cvm(a, N(a), b, N(b), 0.22222222222222222, 0.2501942501942502);
  cvm(c, N(c), d, N(d), 0.2, 0.3142857142857143);
  cvm(e, N(e), f, N(f), 0.27745454545454546, 0.15874700251794105);
  cvm(e, 20, f, 20, 0.835, 0.00558786352179978);
  cvm(e, 1, f, 20, (double)NAN, (double)NAN);
}

static void anderson(void **state)
{
  (void)state;
  double far[N(f)], a2, p;
  sl_stat_anderson(a, N(a), b, N(b), &a2, &p);
  near(a2, 0.5095215157702251, 1e-13);
  near(p, 0.20458761495311395, 1e-13);
  sl_stat_anderson(e, N(e), f, N(f), &a2, &p);
  near(a2, 1.1205200016833288, 1e-13);
  near(p, 0.11251604789351873, 1e-13);
  for (size_t i = 0; i < N(f); i++)
    far[i] = f[i] + 200;
  sl_stat_anderson(e, N(e), far, N(far), &a2, &p); /* its table ends here */
  near(a2, 27.52907520021926, 1e-13);
  near(p, 0.001, 0);
  sl_stat_anderson(e, N(e), e, N(e), &a2, &p);
  near(p, 0.25, 0);
  sl_stat_anderson(nine, 5, nine, 5, &a2, &p);
  assert_true(isnan(a2) && isnan(p));
  sl_stat_anderson(e, 1, f, 2, &a2, &p);
  assert_true(isnan(a2) && isnan(p));
}

static void t_test(const double *x, size_t n, const double *y, size_t m, bool welch, double t, double p)
{
  double got_t, got_p;
  sl_stat_ttest(x, n, y, m, welch, &got_t, &got_p);
  near(got_t, t, 1e-13);
  near(got_p, p, 1e-13);
}

static void means(void **state)
{
  (void)state;
  static const double one[] = { 1 }, two[] = { 2, 3 }, far[] = { 1e9, 1e9 + 1 }, farther[] = { 1e9 + 2, 1e9 + 3 };
  static const double tiny[] = { 1e-300, 2e-300 }, tinier[] = { 2e-300, 3e-300 }, huge[] = { 1e300, 2e300 }, more[] = { 2e300, 3e300 };
  static const double near_one[] = { 0, 1 }, near_three[] = { 2, 3 }, x[] = { 1, 2 };
  double t, p, want;
  t_test(a, N(a), b, N(b), false, -1.3536174990793952, 0.19892590659983025);
  t_test(a, N(a), b, N(b), true, -1.3514972675864108, 0.2002062884412386);
  t_test(one, 1, two, 2, false, -1.7320508075688774, 1 / 3.0);
  t_test(one, 1, one, 1, false, (double)NAN, (double)NAN);
  t_test(nine, 5, nine, 5, false, (double)NAN, (double)NAN);
  t_test(nine, 5, one, 1, false, (double)INFINITY, 0);
  sl_stat_ttest(near_one, 2, near_three, 2, false, &t, &want); /* far from 0 no digit is lost, nor are squares beyond a double */
  t_test(far, 2, farther, 2, false, t, want);
  sl_stat_ttest(x, 2, two, 2, false, &t, &p);
  t_test(tiny, 2, tinier, 2, false, t, p);
  t_test(huge, 2, more, 2, false, t, p);
}

static void students(void **state)
{
  (void)state;
  static const double of[][3] = { { 1, 1, 0.5 }, { 2.5, 7.5, 0.03882025827362553 }, { 0.001, 3, 0.9992648949694609 },
                                  { 40, 5, 1.8411962171772954e-07 }, { 1.96, 1e6, 0.04999606758526985 }, { 0, 5, 1 } };
  for (size_t i = 0; i < N(of); i++) {
    near(sl_stat_t_two_sided(of[i][0], of[i][1]), of[i][2], 1e-13);
    near(sl_stat_t_two_sided(-of[i][0], of[i][1]), of[i][2], 1e-13);
  }
  near(sl_stat_t_two_sided(1.96, (double)INFINITY), sl_stat_norm_two_sided(1.96), 0);
  near(sl_stat_t_two_sided((double)INFINITY, 3), 0, 0);
  near(sl_stat_t_two_sided(1, 0), (double)NAN, 0);
}

static void distances(void **state)
{
  (void)state;
  double w, p;
  near(sl_stat_energy(a, N(a), b, N(b)), 1.1188892998443245, 1e-14);
  near(sl_stat_energy(a, N(a), a, N(a)), 0, 0);
  near(sl_stat_energy(a, 0, b, N(b)), (double)NAN, 0);
  sl_stat_epps_singleton(a, N(a), b, N(b), &w, &p);
  near(w, 2.3095114241141546, 1e-12);
  near(p, 0.6790378877783492, 1e-12);
  sl_stat_epps_singleton(e, N(e), f, N(f), &w, &p);
  near(w, 7.401146983730137, 1e-12);
  near(p, 0.11614812404382001, 1e-12);
  sl_stat_epps_singleton(a, 4, b, N(b), &w, &p);
  assert_true(isnan(w) && isnan(p));
  sl_stat_epps_singleton(nine, 5, nine, 5, &w, &p);
  assert_true(isnan(w) && isnan(p));
}

static void fisher(void **state)
{
  (void)state;
  static const struct { uint64_t n[4]; double odds, p; } of[] = {
    { { 3, 1, 1, 3 }, 9, 0.48571428571428565 }, { { 8, 2, 1, 5 }, 20, 0.034965034965034975 }, { { 10, 10, 10, 10 }, 1, 1 },
    { { 100000, 2, 100100, 9 }, 4.495504495504496, 0.06542285519737509 } /* scipy: ..787172 */, { { 0, 5, 0, 3 }, (double)NAN, 1 },
    { { 12, 0, 5, 5 }, (double)INFINITY, 0.009569377990430623 }, { { 1000, 1100, 1100, 1000 }, 0.8264462809917356, 0.002245269154511993 },
    { { 0, 0, 1, 1 }, (double)NAN, 1 },
  };
  for (size_t i = 0; i < N(of); i++) {
    double odds, p;
    sl_stat_fisher(of[i].n[0], of[i].n[1], of[i].n[2], of[i].n[3], &odds, &p);
    near(odds, of[i].odds, 1e-15);
    near(p, of[i].p, 1e-12);
  }
}

static void likelihood(void **state)
{
  (void)state;
  static const double obs[] = { 10, 0, 30 }, expected[] = { 20, 5, 15 }, none[] = { 0, 25, 15 };
  near(sl_stat_g(obs, expected, 3), 20 * log(0.5) + 60 * log(2), 1e-15);
  near(sl_stat_g(obs, none, 3), (double)INFINITY, 0);
  near(sl_stat_g(obs, obs, 3), 0, 0);
}

static void eigen(void **state)
{
  (void)state;
  double m[9] = { 2, 1, 0, 1, 2, 1, 0, 1, 2 }, value[3], vector[9];
  sl_stat_eigen(m, 3, value, vector);
  near(value[0], 2 + sqrt(2), 1e-15);
  near(value[1], 2, 1e-15);
  near(value[2], 2 - sqrt(2), 1e-14);
  near(fabs(vector[0]), 0.5, 1e-14);
  near(fabs(vector[1]), sqrt(0.5), 1e-14);
  near(vector[0] * vector[3] + vector[1] * vector[4] + vector[2] * vector[5] + 1, 1, 1e-15);
}

static void many(void **state)
{
  (void)state;
  static const double p[] = { 0.01, (double)NAN, 0.5, 0 };
  double q[4];
  sl_stat_bonferroni(p, 4, q);
  near(q[0], 0.03, 1e-15);
  near(q[1], (double)NAN, 0);
  near(q[2], 1, 0);
  near(q[3], 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(by_rank), cmocka_unit_test(cramer_von_mises), cmocka_unit_test(anderson),
                                      cmocka_unit_test(means), cmocka_unit_test(students), cmocka_unit_test(distances),
                                      cmocka_unit_test(fisher), cmocka_unit_test(likelihood), cmocka_unit_test(eigen),
                                      cmocka_unit_test(many) };
  return cmocka_run_group_tests(tests, fill, NULL);
}
