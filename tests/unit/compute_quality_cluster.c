/* Clusters without a label: figures worked out by hand, what is not defined, and a sample that is the same each time. */
#include "compute/quality_cluster.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sl_clusters *filled(size_t clusters, const double *point, size_t rows)
{
  struct sl_clusters *c;
  assert_int_equal(sl_clusters_open(&c, clusters, 1, NULL), SL_OK);
  for (size_t i = 0; i < rows; i++)
    assert_int_equal(sl_clusters_add(c, point + 3 * i, NULL), SL_OK);
  return c;
}

/* 0 and 1 around 0, 4 alone; the third has none. */
static void by_hand(void **state)
{
  static const double point[] = { 0, 0, 0, 0, 1, 1, 1, 0.25, 4 };
  struct sl_clusters *c = filled(3, point, 3);
  struct sl_clusters_figures f;
  (void)state;
  assert_int_equal(sl_clusters_end(c, &f, NULL), SL_OK);
  assert_true(f.inertia == 1.25 && f.rows == 3 && f.sampled == 3 && f.clusters == 3);
  assert_true(f.of[0].rows == 2 && f.of[0].inertia == 1 && f.of[1].rows == 1 && f.of[1].inertia == 0.25 && f.of[2].rows == 0);
  double first = 3.0 / 4, second = 2.0 / 3; /* (4 - 1) / 4, (3 - 1) / 3, and 0 for what is alone */
  assert_true(fabs(f.silhouette - (first + second) / 3) < 1e-15);
  assert_true(fabs(f.of[0].silhouette - (first + second) / 2) < 1e-15 && f.of[1].silhouette == 0 && isnan(f.of[2].silhouette));
  sl_clusters_free(c);
}

static void same_place(void **state)
{
  static const double point[] = { 0, 0, 5, 0, 0, 5, 1, 0, 5, 1, 0, 5 };
  struct sl_clusters *c = filled(2, point, 4);
  struct sl_clusters_figures f;
  (void)state;
  assert_int_equal(sl_clusters_end(c, &f, NULL), SL_OK);
  assert_true(f.silhouette == 0 && f.inertia == 0);
  sl_clusters_free(c);
}

static void not_defined(void **state)
{
  static const double one[] = { 1, 1, 0, 1, 1, 2 }, each[] = { 0, 1, 0, 1, 1, 2 };
  const double *const of[] = { one, each, each };
  const size_t rows[] = { 2, 2, 0 };
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    struct sl_clusters *c = filled(2, of[i], rows[i]);
    struct sl_clusters_figures f;
    assert_int_equal(sl_clusters_end(c, &f, NULL), SL_OK);
    assert_true(isnan(f.silhouette) && isnan(f.of[1].silhouette) && f.inertia == (double)rows[i]);
    sl_clusters_free(c);
  }
}

/* Any order of adding gives the same sum, whatever cancels; the sample of many rows is the same each time. */
static void many_rows(void **state)
{
  struct sl_clusters_figures f[2];
  struct sl_clusters *c[2];
  enum { ROWS = 5000 };
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    assert_int_equal(sl_clusters_open(&c[k], 2, 1, NULL), SL_OK);
    for (size_t i = 0; i < ROWS; i++) {
      double at = (double)(i * 7919 % ROWS), point[] = { i % 2 ? 1 : 0, i ? 0.1 : 1e20, i % 2 ? at : -at };
      assert_int_equal(sl_clusters_add(c[k], point, NULL), SL_OK);
    }
    assert_int_equal(sl_clusters_end(c[k], &f[k], NULL), SL_OK);
  }
  assert_true(f[0].rows == ROWS && f[0].sampled == SL_CLUSTERS_SAMPLE && f[0].of[0].sampled + f[0].of[1].sampled == SL_CLUSTERS_SAMPLE);
  assert_true(f[0].silhouette == f[1].silhouette);
  assert_true(fabs(f[0].silhouette - (2 - 1.25 * log(3))) < 0.02); /* of two even spreads side by side */
  assert_true(f[0].of[1].inertia > 249.99 && f[0].of[1].inertia < 250.01 && f[0].inertia == 1e20);
  sl_clusters_free(c[0]);
  sl_clusters_free(c[1]);
}

static void refused(void **state)
{
  static const double bad[][3] = { { 2, 0, 0 }, { -1, 0, 0 }, { 0, (double)INFINITY, 0 }, { 0, (double)NAN, 0 }, { (double)NAN, 0, 0 } };
  struct sl_clusters *c = filled(2, NULL, 0);
  struct sl_err err;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(sl_clusters_add(c, bad[i], &err), SL_EUSAGE);
  sl_clusters_free(c);
  assert_int_equal(sl_clusters_open(&c, SL_CLUSTERS_MAX + 1, 1, &err), SL_ELIMIT);
  assert_int_equal(sl_clusters_open(&c, 2, SL_CLUSTERS_COLUMNS_MAX + 1, &err), SL_ELIMIT);
  assert_null(c);
  sl_clusters_free(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(by_hand), cmocka_unit_test(same_place), cmocka_unit_test(not_defined),
                                      cmocka_unit_test(many_rows), cmocka_unit_test(refused) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
