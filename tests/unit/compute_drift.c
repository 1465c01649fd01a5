/* Tests of drift by name: which fits what, what is chosen, thresholds and directions, and values that break histograms. */
#include "compute/drift.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

enum { MANY = 1001 };
static double many[MANY], ten[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, two[10] = { 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 };

static struct sl_drift_pair numbers(const double *a, size_t na, const double *b, size_t nb)
{
  return (struct sl_drift_pair){ .kind = SL_DRIFT_NUMERIC, .n = { na, nb }, .x = { a, b } };
}

static enum sl_drift_test named(const char *text, const char *tool)
{
  enum sl_drift_test t = SL_DRIFT_TESTS;
  (void)sl_drift_test_find(sl_str(text), tool, &t);
  return t;
}

static void names(void **state)
{
  (void)state;
  assert_int_equal(named("ks", NULL), SL_DRIFT_KS);
  assert_int_equal(named("ks", "evidently"), SL_DRIFT_KS_EVIDENTLY);
  assert_int_equal(named("jensenshannon", NULL), SL_DRIFT_JS);
  assert_int_equal(named("wasserstein@scipy", "evidently"), SL_DRIFT_WASSERSTEIN_SCIPY);
  assert_int_equal(named("linf_robust", "evidently"), SL_DRIFT_LINF_ROBUST);
  static const char *const none[] = { "", "k", "ks@", "ks@whylogs", "@scipy", "js@scipy" };
  for (size_t i = 0; i < N(none); i++)
    assert_int_equal(named(none[i], NULL), SL_DRIFT_TESTS);
  for (int t = 0; t < SL_DRIFT_TESTS; t++)
    assert_true(sl_drift_test_words((enum sl_drift_test)t)[0]);
}

static enum sl_drift_test choice(const struct sl_drift_pair *p)
{
  enum sl_drift_test t = SL_DRIFT_TESTS;
  (void)sl_drift_auto(p, &t);
  return t;
}

static void choices(void **state)
{
  (void)state;
  for (size_t i = 0; i < MANY; i++)
    many[i] = (double)i;
  struct sl_drift_pair p = numbers(many, 1000, ten, 10);
  assert_int_equal(choice(&p), SL_DRIFT_KS_EVIDENTLY);
  p.n[0] = MANY;
  assert_int_equal(choice(&p), SL_DRIFT_WASSERSTEIN);
  p = numbers(ten, 5, ten, 5);
  assert_int_equal(choice(&p), SL_DRIFT_CHI2);
  assert_true(sl_drift_test_fits(SL_DRIFT_CHI2, &p));
  p = numbers(ten, 6, ten, 5);
  assert_false(sl_drift_test_fits(SL_DRIFT_CHI2, &p));
  p = numbers(two, 10, two, 10);
  assert_int_equal(choice(&p), SL_DRIFT_Z);
  p.kind = SL_DRIFT_TEXT;
  assert_int_equal(choice(&p), SL_DRIFT_TESTS);
  assert_false(sl_drift_test_fits(SL_DRIFT_PSI, &p));
}

static struct sl_drift_result run(const double *r, const double *c, size_t k, enum sl_drift_test t)
{
  struct sl_drift_pair p = { .kind = SL_DRIFT_CATEGORICAL, .cell = { r, c }, .ncells = k };
  struct sl_drift_result out;
  for (size_t i = 0; i < k; i++) {
    p.n[0] += (size_t)r[i];
    p.n[1] += (size_t)c[i];
  }
  assert_int_equal(sl_drift_run(&p, t, &out, NULL), SL_OK);
  return out;
}

static void judges(void **state)
{
  (void)state;
  static const double half[] = { 500, 500 }, tenth[] = { 400, 600 }, more[] = { 398, 602 }, fresh[] = { 0, 1000 }, gone[] = { 1000, 0 };
  assert_true(run(half, more, 2, SL_DRIFT_LINF).drifted);
  struct sl_drift_result r = run(half, tenth, 2, SL_DRIFT_LINF); /* on the threshold: Model Monitor says no */
  assert_true(r.judged && !r.drifted && r.statistic <= 0.1);
  r = run(half, fresh, 2, SL_DRIFT_CHI2);
  assert_true(r.drifted && r.by_p && r.threshold == 0.05);
  r = run(gone, fresh, 2, SL_DRIFT_CHI2); /* a category that the baseline never had */
  assert_true(isinf(r.statistic) && r.p == 0 && r.drifted);
  r = run(gone, gone, 1, SL_DRIFT_CHI2);
  assert_true(isnan(r.p) && !r.judged && !r.drifted);
  r = run(gone, gone, 1, SL_DRIFT_Z);
  assert_true(r.p == 1 && r.judged && !r.drifted);
  r = run(half, fresh, 2, SL_DRIFT_TVD);
  assert_true(fabs(r.statistic - 0.5) < 1e-15 && !r.judged && isnan(r.threshold));
  r = run(half, half, 2, SL_DRIFT_PSI);
  assert_true(r.statistic == 0 && r.chance == 0.002 && r.judged && !r.drifted);
}

static void not_defined(void **state)
{
  (void)state;
  static const double far[] = { -1.7e308, 1.7e308 };
  double spread[42];
  for (size_t i = 0; i < N(spread); i++)
    spread[i] = i < 21 ? -1.7e308 + (double)i * 1e295 : 1.7e308 - (double)(41 - i) * 1e295;
  struct sl_drift_pair p = numbers(spread, N(spread), far, 2);
  for (int t = 0; t < SL_DRIFT_TESTS; t++) {
    struct sl_drift_result r;
    assert_int_equal(sl_drift_run(&p, (enum sl_drift_test)t, &r, NULL), SL_OK);
    if (t == SL_DRIFT_PSI || t == SL_DRIFT_JS || t == SL_DRIFT_KL || t == SL_DRIFT_HELLINGER)
      assert_true(isnan(r.statistic) && !r.judged);
  }
  p.n[1] = 0;
  for (int t = 0; t < SL_DRIFT_TESTS; t++) {
    struct sl_drift_result r;
    assert_int_equal(sl_drift_run(&p, (enum sl_drift_test)t, &r, NULL), SL_OK);
    assert_true(isnan(r.statistic) && !r.judged && !r.drifted);
  }
}

static void categories(void **state)
{
  (void)state;
  static const double a[] = { -1, -0.0, 0, 2 }, b[] = { 0, 0, 3 };
  struct sl_drift_pair p = numbers(a, N(a), b, N(b));
  double *cells = NULL;
  assert_int_equal(sl_drift_values(&p, NULL), 4);
  assert_int_equal(sl_drift_as_categories(&p, NULL, &cells, NULL), SL_OK);
  static const double want[2][4] = { { 1, 2, 1, 0 }, { 0, 2, 0, 1 } };
  for (size_t s = 0; s < 2; s++)
    for (size_t i = 0; i < 4; i++)
      assert_true(p.cell[s][i] == want[s][i]);
  sl_free(cells);
}

/* Tenths, and what remains in one more: never more than there is room for. */
static void chunks(void **state)
{
  (void)state;
  static const size_t want[][3] = { { 0, 0, 0 }, { 9, 0, 0 }, { 10, 1, 10 }, { 19, 1, 19 }, { 20, 2, 10 }, { 29, 2, 15 }, { 101, 10, 11 } };
  size_t size;
  for (size_t i = 0; i < N(want); i++) {
    assert_int_equal(sl_drift_chunk_count(want[i][0], &size), want[i][2]);
    assert_int_equal(size, want[i][1]);
  }
  for (size_t rows = 10; rows < 5000; rows++) {
    size_t n = sl_drift_chunk_count(rows, &size);
    assert_true(n >= 10 && n <= SL_DRIFT_CHUNKS && (n - 1) * size < rows && n * size >= rows);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(choices), cmocka_unit_test(judges),
                                      cmocka_unit_test(not_defined), cmocka_unit_test(categories), cmocka_unit_test(chunks) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
