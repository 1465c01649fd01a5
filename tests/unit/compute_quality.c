/* Quality: small cases worked out by hand; ties, classes that are not there, labels that are missing. */
#include "compute/quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct got { struct sl_quality_value v[64]; size_t n; };

static int take(void *user, const struct sl_quality_value *v)
{
  struct got *g = user;
  assert_true(g->n < 64);
  g->v[g->n++] = *v;
  return SL_OK;
}

static double value(const struct got *g, const char *metric, int cls, int other)
{
  for (size_t i = 0; i < g->n; i++)
    if (!strcmp(g->v[i].metric, metric) && g->v[i].cls == cls && g->v[i].other == other)
      return g->v[i].value;
  fail_msg("no %s of %d, %d", metric, cls, other);
  return 0;
}

static void two_classes(void **state)
{
  static const double label[] = { 0, 0, 1, 1, (double)NAN, 1 }, p[] = { 0.1, 0.4, 0.4, 0.8, 0.9, 1 };
  struct sl_quality *q;
  struct got g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_open(&q, 2, 0.25, NULL), SL_OK);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, p[i] > 0.5, NULL), SL_OK);
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  assert_true(value(&g, "accuracy", -1, -1) == 0.8 && g.v[0].n == 5);
  assert_true(fabs(value(&g, "auc", -1, -1) - 5.5 / 6) < 1e-15); /* one tie of six pairs */
  double loss = -(log(0.75) + log(0.6) + log(0.4) + log(0.75) + log(0.75)) / 5; /* kept 0.25 off 0 and 1 */
  assert_true(fabs(value(&g, "log_loss", -1, -1) - loss) < 1e-15);
  assert_true(value(&g, "precision", 1, -1) == 1 && fabs(value(&g, "recall", 1, -1) - 2.0 / 3) < 1e-15);
  assert_true(value(&g, "confusion", 1, 0) == 1 && value(&g, "confusion", 0, 0) == 2);
  sl_quality_free(q);
}

static void one_class_only(void **state)
{
  struct sl_quality *q;
  struct got g = { .n = 0 };
  struct sl_err err;
  double p = 0.2;
  (void)state;
  assert_int_equal(sl_quality_open(&q, 2, 1e-7, NULL), SL_OK);
  assert_int_equal(sl_quality_add(q, 0, &p, true, 0, NULL), SL_OK);
  assert_int_equal(sl_quality_add(q, 2, &p, true, 0, &err), SL_EUSAGE);
  assert_string_equal(err.msg, "a label is 2; the model knows the classes 0 to 1");
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  assert_true(isnan(value(&g, "auc", -1, -1)));
  assert_true(value(&g, "recall", 1, -1) == 0);
  sl_quality_free(q);
}

static void numbers(void **state)
{
  static const double label[] = { 1, 2, 3 }, p[] = { 1, 2, 5 };
  struct sl_quality *q;
  struct got g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_open(&q, 0, 0, NULL), SL_OK);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, 0, NULL), SL_OK);
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  assert_true(fabs(value(&g, "mae", -1, -1) - 2.0 / 3) < 1e-15);
  assert_true(fabs(value(&g, "rmse", -1, -1) - sqrt(4.0 / 3)) < 1e-15);
  assert_true(fabs(value(&g, "r2", -1, -1) + 1) < 1e-15);
  sl_quality_free(q);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_classes),
    cmocka_unit_test(one_class_only),
    cmocka_unit_test(numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
