/* Quality: small cases worked out by hand; ties, classes that are not there, labels that are missing. */
#include "compute/quality.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct got { struct sl_quality_value v[64]; size_t n; };
struct points { struct sl_quality_point p[80]; size_t n; };

static int take(void *user, const struct sl_quality_value *v)
{
  struct got *g = user;
  assert_true(g->n < 80);
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

static const struct sl_quality_value *find(const struct got *g, const char *metric, int cls)
{
  for (size_t i = 0; i < g->n; i++)
    if (!strcmp(g->v[i].metric, metric) && g->v[i].cls == cls)
      return &g->v[i];
  fail_msg("no %s of %d", metric, cls);
  return NULL;
}

static bool near(double a, double b) { return fabs(a - b) < 1e-12; }

/* Expected figures: scipy's binomtest(k, n).proportion_ci(method='wilson'); of the AUC, by hand from the shares in the comment. */
static void intervals(void **state)
{
  static const double label[] = { 0, 0, 0, 1, 1, 1 }, p[] = { 0.1, 0.3, 0.6, 0.3, 0.7, 0.9 };
  struct sl_quality *q;
  struct got g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_open(&q, 2, 1e-7, NULL), SL_OK);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, p[i] > 0.5, NULL), SL_OK);
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  /* of the class: 1.5/3, 1, 1; of the rest: 1, 2.5/3, 2/3 */
  double auc = 7.5 / 9, var = (1.0 / 12) / 3 + (1.0 / 36) / 3, half = 1.959963984540054 * sqrt(var);
  const struct sl_quality_value *v = find(&g, "auc", -1);
  assert_true(near(v->value, auc) && near(v->low, auc - half) && v->high == 1);
  v = find(&g, "accuracy", -1); /* 4 of 6 */
  assert_true(near(v->value, 4.0 / 6) && near(v->low, 0.299993315138392) && near(v->high, 0.9032285888942195));
  v = find(&g, "recall", 1);    /* 2 of 3 */
  assert_true(near(v->low, 0.20765960080204782) && v->n == 3);
  assert_true(isnan(find(&g, "log_loss", -1)->low) && isnan(find(&g, "f1", 1)->high));
  sl_quality_free(q);
}

static struct sl_quality *pair_of(const double *label, const double *p, size_t n)
{
  struct sl_quality *q;
  assert_int_equal(sl_quality_open(&q, 2, 1e-7, NULL), SL_OK);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, p[i] > 0.5, NULL), SL_OK);
  return q;
}

/* 5 rows that are told apart but for one tie; figures by hand, and by sklearn.metrics where there is one. */
static void more_figures(void **state)
{
  static const double label[] = { 0, 0, 1, 1, 1 }, p[] = { 0.1, 0.4, 0.4, 0.8, 1 };
  struct sl_quality *q;
  struct got g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_open(&q, 2, 1e-7, NULL), SL_OK);
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, p[i] > 0.5, NULL), SL_OK);
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  assert_true(near(value(&g, "balanced_accuracy", -1, -1), (1 + 2.0 / 3) / 2));
  assert_true(near(value(&g, "f1_macro", -1, -1), 0.8) && near(value(&g, "f1_weighted", -1, -1), 0.8));
  assert_true(near(value(&g, "mcc", -1, -1), (4.0 * 5 - 12) / sqrt((25.0 - 13) * (25 - 13))));
  assert_true(near(value(&g, "brier", -1, -1), (0.01 + 0.16 + 0.36 + 0.04) / 5));
  assert_true(near(value(&g, "average_precision", -1, -1), (1 + 1 + 3.0 / 4) / 3));
  assert_true(near(value(&g, "calibration_error", -1, -1), (0.1 + fabs(1 - 0.8) + 0.2) / 5));
  sl_quality_free(q);
}

static int take_point(void *user, const struct sl_quality_point *p)
{
  struct points *g = user;
  assert_true(g->n < 80);
  g->p[g->n++] = *p;
  return SL_OK;
}

static void curves(void **state)
{
  static const double label[] = { 0, 0, 1, 1, 1 }, p[] = { 0.1, 0.4, 0.4, 0.8, 1 };
  struct sl_quality *q = pair_of(label, p, 5);
  struct points g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_curves(q, take_point, &g, NULL), SL_OK);
  /* roc: (0, 0), 1, 0.8, 0.4 tied, 0.1; pr the same; calibration: 0.0.., 0.3.., 0.7.., 0.9..; 10 gains, 10 lifts */
  assert_int_equal(g.n, 5 + 5 + 4 + 20);
  assert_true(isinf(g.p[0].threshold) && near(g.p[3].x, 0.5) && near(g.p[3].y, 1) && near(g.p[3].threshold, 0.4) && g.p[3].n == 4);
  assert_true(near(g.p[5].y, 1) && near(g.p[8].x, 1) && near(g.p[8].y, 0.75) && near(g.p[9].y, 0.6));
  assert_true(near(g.p[11].x, 0.4) && near(g.p[11].y, 0.5) && g.p[11].n == 2 && g.p[11].low > 0 && g.p[11].high < 1);
  assert_string_equal(g.p[14].metric, "gain");
  assert_true(near(g.p[15].y, 1.0 / 3) && near(g.p[17].y, 2.0 / 3) && near(g.p[19].y, 2.0 / 3 + 1.0 / 6) && near(g.p[23].y, 1));
  assert_true(near(g.p[25].y, 5.0 / 3));
  sl_quality_free(q);
}

static void curves_of_numbers(void **state)
{
  static const double label[] = { 1, 2, 3, 4 }, p[] = { 1.5, 1, 3, (double)NAN };
  struct sl_quality *q;
  struct points g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_open(&q, 0, DBL_EPSILON, NULL), SL_OK);
  sl_quality_keep(q);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(sl_quality_add(q, label[i], &p[i], true, 0, NULL), SL_OK);
  assert_int_equal(sl_quality_curves(q, take_point, &g, NULL), SL_OK);
  assert_int_equal(g.n, 4 + 65);
  assert_true(!strcmp(g.p[1].metric, "predicted") && g.p[1].at == 1 && near(g.p[1].x, 2) && near(g.p[1].y, 1) && isnan(g.p[3].y));
  /* errors -1, 0, 0.5; what is no number is none */
  assert_true(!strcmp(g.p[4].metric, "residual") && near(g.p[4].y, -1) && near(g.p[36].y, 0) && g.p[36].n == 3 && near(g.p[68].y, 0.5));
  assert_true(near(g.p[20].x, 0.25) && near(g.p[20].y, -0.5) && near(g.p[52].y, 0.25));
  sl_quality_free(q);
}

static void two_models(void **state)
{
  static const double label[] = { 0, 0, 0, 1, (double)NAN, 1, 1 }, pa[] = { 0.1, 0.3, 0.6, 0.3, 0.5, 0.7, 0.9 },
                      pb[] = { 0.6, 0.8, 0.7, 0.2, 0.1, 0.6, 0.4 };
  struct sl_quality *a = pair_of(label, pa, 7), *b = pair_of(label, pb, 7), *c = pair_of(label, pb, 6);
  struct sl_quality_row row[2];
  size_t n;
  uint64_t all;
  double p;
  (void)state;
  assert_int_equal(sl_quality_comparable(a, b, NULL), SL_OK);
  assert_int_equal(sl_quality_comparable(a, c, NULL), SL_EUSAGE);
  /* a alone is right in rows 0, 1 and 6, b alone never: 2 * 0.5^3 */
  assert_true(near(sl_quality_mcnemar(a, b), 0.25) && near(sl_quality_mcnemar(b, a), 0.25) && sl_quality_mcnemar(a, a) == 1);
  assert_int_equal(sl_quality_delong(a, a, 1, &p, NULL), SL_OK);
  assert_true(p == 1);
  /* b: of the class 0, 0.5/3, 0 (0.2; 0.6 tied with one; 0.4); of the rest 1/6, 0, 0;
   * differences of the shares: 1/2, 5/6, 1 and 5/6, 5/6, 2/3 */
  double var = ((1.0 / 4 + 25.0 / 36 + 1 - 49.0 / 9 / 3) / 2) / 3 + (2 * 25.0 / 36 + 4.0 / 9 - 49.0 / 9 / 3) / 2 / 3;
  double off = 7.5 / 9 - 0.5 / 9;
  assert_int_equal(sl_quality_delong(a, b, 1, &p, NULL), SL_OK);
  assert_true(near(p, erfc(off / sqrt(var) / sqrt(2))));
  struct sl_quality_boot *boot;
  assert_int_equal(sl_quality_resample(&boot, a, b, NULL), SL_OK);
  struct sl_quality_bounds d = sl_quality_resampled(boot, "brier", -1), none = sl_quality_resampled(boot, "accuracy", -1);
  assert_true(d.low < d.high && d.p > 0 && d.p <= 1 && isnan(none.p) && isnan(sl_quality_resampled(NULL, "brier", -1).low));
  sl_quality_resample_free(boot);
  assert_int_equal(sl_quality_resample(&boot, a, a, NULL), SL_OK);
  assert_true(sl_quality_resampled(boot, "mcc", -1).p == 1);
  sl_quality_resample_free(boot);
  sl_quality_rows(a, b, row, 2, &n, &all);
  assert_true(n == 2 && all == 3 && row[0].row == 0 && row[1].row == 1 && row[0].a == 0 && row[0].b == 1);
  assert_true(row[0].apart == 0.5 && row[0].pa == 0.1 && row[0].pb == 0.6);
  sl_quality_rows(a, NULL, row, 2, &n, &all); /* rows 2 (0.6) and 3 (0.3): the surer one first */
  assert_true(n == 2 && all == 2 && row[0].row == 3 && row[1].row == 2 && row[0].label == 1 && isnan(row[0].pb));
  sl_quality_free(a);
  sl_quality_free(b);
  sl_quality_free(c);
}

static void numbers_row_by_row(void **state)
{
  static const double label[] = { 1, 2, 3 }, pa[] = { 1, 2, 5 }, pb[] = { 1, 3, 5.5 };
  struct sl_quality *a, *b, *two;
  struct sl_quality_row row[4];
  size_t n;
  uint64_t all;
  double p;
  (void)state;
  assert_int_equal(sl_quality_open(&a, 0, 0, NULL), SL_OK);
  assert_int_equal(sl_quality_open(&b, 0, 0, NULL), SL_OK);
  assert_int_equal(sl_quality_open(&two, 2, 0, NULL), SL_OK);
  sl_quality_keep(a);
  sl_quality_keep(b);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(sl_quality_add(a, label[i], &pa[i], true, 0, NULL), SL_OK);
    assert_int_equal(sl_quality_add(b, label[i], &pb[i], true, 0, NULL), SL_OK);
  }
  assert_int_equal(sl_quality_comparable(a, b, NULL), SL_OK);
  assert_int_equal(sl_quality_comparable(a, two, NULL), SL_EUSAGE);
  sl_quality_rows(a, b, row, 4, &n, &all);
  assert_true(n == 2 && all == 2 && row[0].row == 1 && row[1].row == 2 && row[0].pa == 2 && row[0].pb == 3 && row[0].a == -1);
  sl_quality_rows(a, NULL, row, 4, &n, &all);
  assert_true(n == 1 && row[0].row == 2 && row[0].label == 3 && row[0].apart == 2);
  assert_true(isnan(sl_quality_mcnemar(a, b)));
  assert_int_equal(sl_quality_delong(a, b, 1, &p, NULL), SL_OK);
  assert_true(isnan(p));
  sl_quality_free(a);
  sl_quality_free(b);
  sl_quality_free(two);
}

/* A model that answers NaN cannot be ranked; it must not keep us for ever either. */
static void no_number(void **state)
{
  static const double label[] = { 0, 1, 1 }, p[] = { (double)NAN, 0.7, 0.7 };
  struct sl_quality *q = pair_of(label, p, 3);
  struct got g = { .n = 0 };
  (void)state;
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  assert_true(isnan(value(&g, "auc", -1, -1)) && value(&g, "accuracy", -1, -1) == 1);
  sl_quality_free(q);
}

/* Beyond the bound nothing is kept: counts stay exact, and the AUC lies between two numbers that are not far apart. */
static void bounded(size_t classes)
{
  struct sl_quality *exact, *q;
  struct got want = { .n = 0 }, g = { .n = 0 };
  uint64_t x = 7;
  assert_int_equal(sl_quality_open(&exact, classes, DBL_EPSILON, NULL), SL_OK);
  assert_int_equal(sl_quality_open(&q, classes, DBL_EPSILON, NULL), SL_OK);
  sl_quality_bound(q, 100);
  for (size_t i = 0; i < 4000; i++) {
    double p[3] = { 0 }, label;
    for (size_t k = 0; k < 3; k++) {
      x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
      p[k] = (double)(x >> 40) / (1 << 24);
      p[k] = p[k] * p[k] * p[k]; /* many near 0 */
    }
    label = classes == 2 ? p[0] + p[1] > 0.4 : p[0] > p[1] ? 0 : p[1] > p[2] ? 1 : 2;
    assert_int_equal(sl_quality_add(exact, label, p, true, classes == 2 ? p[0] > 0.5 : 1, NULL), SL_OK);
    assert_int_equal(sl_quality_add(q, label, p, true, classes == 2 ? p[0] > 0.5 : 1, NULL), SL_OK);
  }
  assert_int_equal(sl_quality_end(exact, take, &want, NULL), SL_OK);
  assert_int_equal(sl_quality_end(q, take, &g, NULL), SL_OK);
  double auc = value(&want, "auc", -1, -1), least = value(&g, "auc_at_least", -1, -1), most = value(&g, "auc_at_most", -1, -1);
  assert_true(auc > 0.6 && auc < 0.95 && least <= auc && auc <= most && most - least > 0 && most - least < 0.001);
  assert_true(value(&want, "accuracy", -1, -1) == value(&g, "accuracy", -1, -1));
  assert_true(value(&want, "log_loss", -1, -1) == value(&g, "log_loss", -1, -1));
  for (size_t i = 0; i < g.n; i++)
    assert_true(strcmp(g.v[i].metric, "auc") != 0);
  sl_quality_free(exact);
  sl_quality_free(q);
}

static void beyond_the_bound(void **state)
{
  (void)state;
  bounded(2);
  bounded(3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(two_classes),
    cmocka_unit_test(one_class_only),
    cmocka_unit_test(numbers),
    cmocka_unit_test(intervals),
    cmocka_unit_test(more_figures),
    cmocka_unit_test(curves), cmocka_unit_test(curves_of_numbers),
    cmocka_unit_test(two_models),
    cmocka_unit_test(numbers_row_by_row),
    cmocka_unit_test(no_number),
    cmocka_unit_test(beyond_the_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
