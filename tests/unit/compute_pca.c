/* Reconstruction errors that can be worked out by hand. tests/peers/test_nannyml.py compares many more with scikit-learn. */
#include "compute/pca.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Two features that are one: the first component explains all, and only what leaves the line has an error. */
static void a_line(void **state)
{
  (void)state;
  struct sl_pca p;
  assert_int_equal(sl_pca_open(&p, 2, NULL), SL_OK);
  p.mean[0] = 5;
  p.mean[1] = 50;
  for (int i = 0; i < 11; i++)
    sl_pca_add(&p, (double[]){ i, 10 * i });
  assert_int_equal(sl_pca_fit(&p, NULL), SL_OK);
  assert_int_equal(p.k, 1);
  assert_true(fabs(p.scale[0] - sqrt(10)) < 1e-14 && fabs(p.scale[1] - 10 * sqrt(10)) < 1e-13);
  assert_true(sl_pca_error(&p, (double[]){ 3, 30 }) < 1e-15 && sl_pca_error(&p, (double[]){ 400, 4000 }) < 1e-12);
  assert_true(fabs(sl_pca_error(&p, (double[]){ 6, 50 }) - sqrt(0.05)) < 1e-15);        /* 1 / sqrt(10) aside, half of it along */
  assert_true(fabs(sl_pca_error(&p, (double[]){ 6, (double)NAN }) - sqrt(0.05)) < 1e-15);
  sl_pca_free(&p);
}

/* Three that have nothing to do with each other, more rows than a block: two components reach 65 %. A fourth does not vary. */
static void no_relation(void **state)
{
  (void)state;
  struct sl_pca p;
  assert_int_equal(sl_pca_open(&p, 4, NULL), SL_OK);
  p.mean[3] = 7;
  for (int i = 0; i < 4096; i++)
    sl_pca_add(&p, (double[]){ i & 1 ? 1 : -1, i & 2 ? 3 : -3, i & 4 ? 0.5 : -0.5, 7 });
  assert_int_equal(sl_pca_fit(&p, NULL), SL_OK);
  assert_int_equal(p.k, 2);
  assert_true(p.scale[3] == 1 && p.scale[1] == 3);
  assert_true(fabs(sl_pca_error(&p, (double[]){ 1, 3, 0.5, 7 }) - 1) < 1e-15);
  assert_true(fabs(sl_pca_error(&p, (double[]){ 1, 3, 0.5, 9 }) - sqrt(5)) < 1e-15);
  sl_pca_free(&p);
}

static void nothing_varies(void **state)
{
  (void)state;
  struct sl_pca p;
  struct sl_err err = { 0 };
  assert_int_equal(sl_pca_open(&p, 0, &err), SL_ELIMIT);
  assert_int_equal(sl_pca_open(&p, SL_PCA_FEATURES + 1, &err), SL_ELIMIT);
  for (int rows = 1; rows < 4; rows++) {
    assert_int_equal(sl_pca_open(&p, 2, NULL), SL_OK);
    for (int i = 0; i < rows; i++)
      sl_pca_add(&p, (double[]){ 0, (double)NAN });
    assert_int_equal(sl_pca_fit(&p, &err), SL_EPARSE);
    sl_pca_free(&p);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(a_line), cmocka_unit_test(no_relation), cmocka_unit_test(nothing_varies) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
