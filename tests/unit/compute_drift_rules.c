/* Tests of when it is drift: each test on its limit exactly and a step to either side; and what statistics come to by chance. */
#include "compute/drift.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))

enum direction { NEVER, BELOW, UPTO, OVER, FROM, OWN };

/* As each tool has it: scipy's tests have no limit of their own and take 0.05. OWN: the limit came with the statistic. */
static const struct { const char *test; enum direction when; double limit; } rules[] = {
  { "ks@scipy", UPTO, 0.05 }, { "ks@evidently", UPTO, 0.05 }, { "psi@evidently", FROM, 0.1 }, { "js@evidently", FROM, 0.1 },
  { "kl@evidently", FROM, 0.1 }, { "hellinger@evidently", FROM, 0.1 }, { "wasserstein@evidently", FROM, 0.1 },
  { "wasserstein@scipy", NEVER, 0 }, { "chi2@evidently", BELOW, 0.05 }, { "chi2@scipy", BELOW, 0.05 }, { "z@evidently", BELOW, 0.05 },
  { "tvd@evidently", NEVER, 0 }, { "g@scipy", BELOW, 0.05 }, { "g@evidently", BELOW, 0.1 }, { "fisher@scipy", BELOW, 0.05 },
  { "fisher@evidently", BELOW, 0.1 }, { "anderson@scipy", BELOW, 0.05 }, { "anderson@evidently", BELOW, 0.1 }, { "cvm@scipy", BELOW, 0.05 },
  { "cvm@evidently", UPTO, 0.1 }, { "mannw@scipy", BELOW, 0.05 }, { "mannw@evidently", BELOW, 0.05 }, { "t@scipy", BELOW, 0.05 },
  { "t@evidently", BELOW, 0.05 }, { "welch@scipy", BELOW, 0.05 }, { "energy@scipy", NEVER, 0 }, { "energy@evidently", OVER, 0.1 },
  { "es@scipy", BELOW, 0.05 }, { "es@evidently", BELOW, 0.05 }, { "linf@monitor", OVER, 0.1 }, { "linf_robust@monitor", OVER, 0.1 },
  { "js@nannyml", OWN, 0.25 }, { "hellinger@nannyml", OWN, 0.25 }, { "ks@nannyml", OWN, 0.25 }, { "wasserstein@nannyml", OWN, 0.25 },
  { "linf@nannyml", OWN, 0.25 }, { "chi2@nannyml", BELOW, 0.05 }, { "linf@deequ", OVER, 0.1 }, { "linf_robust@deequ", OVER, 0.1 },
  { "chi2@deequ", BELOW, 0.05 }, { "pca@nannyml", OWN, 0.25 },
};

static bool drifted(enum sl_drift_test t, enum direction when, double v)
{
  bool by_p = when == BELOW || when == UPTO;
  struct sl_drift_result r = { .statistic = by_p ? 7 : v, .p = by_p ? v : (double)NAN, .threshold = when == OWN ? 0.25 : (double)NAN };
  sl_drift_judge(t, &r);
  assert_int_equal(r.judged, when != NEVER);
  assert_true(when == NEVER ? isnan(r.threshold) : r.by_p == by_p);
  return r.drifted;
}

static void on_the_limit(void **state)
{
  (void)state;
  assert_int_equal(N(rules), SL_DRIFT_TESTS);
  for (size_t i = 0; i < N(rules); i++) {
    enum sl_drift_test t;
    enum direction when = rules[i].when;
    double at = rules[i].limit, under = nextafter(at, -1), over = nextafter(at, 1);
    assert_true(sl_drift_test_find(sl_str(rules[i].test), NULL, &t));
    assert_int_equal(drifted(t, when, at), when == UPTO || when == FROM);
    assert_int_equal(drifted(t, when, under), when == BELOW || when == UPTO);
    assert_int_equal(drifted(t, when, over), when == OVER || when == FROM || when == OWN);
    struct sl_drift_result none = { .statistic = (double)NAN, .p = (double)NAN };
    sl_drift_judge(t, &none);
    assert_true(!none.judged && !none.drifted);
  }
}

/* ---- NannyML's limits, Deequ's cells ---- */

/* ks of each tenth of 0..19 from all of it is 0.9, 0.8, .. 0.5 and back: mean 0.7, deviation 0.141; the limit is no more than 1. */
static void limits_of_chunks(void **state)
{
  (void)state;
  enum { ROWS = 20 };
  double x[ROWS], y[2] = { 0, 19 };
  struct sl_drift_chunks chunks = { .n = 10, .x = x };
  struct sl_drift_pair p = { .kind = SL_DRIFT_NUMERIC, .n = { ROWS, 2 }, .x = { x, y }, .chunks = &chunks };
  struct sl_drift_result r;
  for (size_t i = 0; i < ROWS; i++)
    x[i] = (double)i;
  for (size_t i = 0; i <= 10; i++)
    chunks.at[i] = i * 2;
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_KS_NANNYML, &r, NULL), SL_OK);
  assert_true(r.threshold == 1 && r.judged && !r.drifted);
  chunks.n = 1;                                 /* one chunk: no deviation, the limit is its own figure */
  y[0] = 0;
  y[1] = 1;
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_KS_NANNYML, &r, NULL), SL_OK);
  assert_true(r.statistic == r.threshold && r.judged && !r.drifted);
  p.chunks = NULL;
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_KS_NANNYML, &r, NULL), SL_OK);
  assert_true(!r.judged && isnan(r.threshold) && !r.drifted);
}

/* Of three, one expected 4 times joins the next; two then need ten each; values the baseline never had are left out. */
static void joined_cells(void **state)
{
  (void)state;
  static const double base[] = { 4, 50, 46, 0 }, now[] = { 10, 40, 50, 30 }, few[] = { 91, 9 }, some[] = { 90, 10 };
  struct sl_drift_pair p = { .kind = SL_DRIFT_CATEGORICAL, .n = { 100, 130 }, .cell = { base, now }, .ncells = 4 };
  struct sl_drift_result r;
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_CHI2_DEEQU, &r, NULL), SL_OK);
  assert_true(fabs(r.statistic - 4) < 1e-14);   /* 60 of 50 and 40 of 50 */
  p = (struct sl_drift_pair){ .kind = SL_DRIFT_CATEGORICAL, .n = { 100, 100 }, .cell = { few, few }, .ncells = 2 };
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_CHI2_DEEQU, &r, NULL), SL_OK);
  assert_true(isnan(r.statistic) && !r.judged); /* nine are too few, ten are not */
  p.cell[0] = p.cell[1] = some;
  assert_int_equal(sl_drift_run(&p, SL_DRIFT_CHI2_DEEQU, &r, NULL), SL_OK);
  assert_true(r.statistic == 0 && r.p == 1);
}

/* ---- by chance ---- */

static uint64_t seed = 7;

static double uniform(void) /* splitmix64 */
{
  uint64_t z = (seed += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void) { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

enum { ROWS_A = 400, ROWS_B = 300, DRAWS = 600 };

static void draw_numbers(struct sl_drift_pair *p, double *x, double *y, double *other)
{
  for (size_t i = 0; i < ROWS_A; i++)
    x[i] = normal();
  for (size_t i = 0; i < ROWS_B; i++)
    y[i] = normal();
  sl_stat_sort(x, other, ROWS_A);
  sl_stat_sort(y, other, ROWS_B);
  *p = (struct sl_drift_pair){ .kind = SL_DRIFT_NUMERIC, .n = { ROWS_A, ROWS_B }, .x = { x, y } };
}

static void draw_cells(struct sl_drift_pair *p, double *a, double *b, size_t k)
{
  memset(a, 0, k * sizeof *a);
  memset(b, 0, k * sizeof *b);
  for (size_t i = 0; i < ROWS_A; i++)
    a[(size_t)(uniform() * (double)k)]++;
  for (size_t i = 0; i < ROWS_B; i++)
    b[(size_t)(uniform() * (double)k)]++;
  *p = (struct sl_drift_pair){ .kind = SL_DRIFT_CATEGORICAL, .n = { ROWS_A, ROWS_B }, .cell = { a, b }, .ncells = k };
}

/* The mean over draws of one distribution against the mean of what was foretold; root: of the squares. */
static void as_foretold(const char *test, size_t cells, bool root)
{
  static double x[ROWS_A], y[ROWS_B], other[ROWS_A];
  double seen = 0, told = 0;
  enum sl_drift_test t;
  assert_true(sl_drift_test_find(sl_str(test), NULL, &t));
  for (int i = 0; i < DRAWS; i++) {
    struct sl_drift_pair p;
    struct sl_drift_result r;
    if (cells)
      draw_cells(&p, x, y, cells);
    else
      draw_numbers(&p, x, y, other);
    assert_int_equal(sl_drift_run(&p, t, &r, NULL), SL_OK);
    seen += (root ? r.statistic * r.statistic : fabs(r.statistic)) / DRAWS;
    told += (root ? r.chance * r.chance : r.chance) / DRAWS;
  }
  if (!(fabs(seen - told) < 0.1 * told))
    fail_msg("%s over %zu cells: %g, not the %g foretold", test, cells, seen, told);
}

static void by_chance(void **state)
{
  (void)state;
  static const struct { const char *test; size_t cells; bool root; } of[] = {
    { "psi", 6, false }, { "kl", 6, false }, { "js", 6, true }, { "hellinger", 6, true }, { "tvd", 6, false }, { "linf@monitor", 6, false },
    { "linf@monitor", 2, false }, { "chi2", 6, false }, { "chi2@scipy", 6, false }, { "g@scipy", 6, false }, { "z", 2, false },
    { "ks", 0, false },
    { "wasserstein", 0, false }, { "wasserstein@scipy", 0, false }, { "energy", 0, true }, { "cvm", 0, false }, { "mannw", 0, false },
    { "t", 0, false }, { "welch", 0, false }, { "es", 0, false }, { "linf@monitor", 0, false },
  };
  for (size_t i = 0; i < N(of); i++)
    as_foretold(of[i].test, of[i].cells, of[i].root);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(on_the_limit), cmocka_unit_test(limits_of_chunks), cmocka_unit_test(joined_cells),
                                      cmocka_unit_test(by_chance) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
