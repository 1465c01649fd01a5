/* Tests of Model Monitor's files: what is refused with which words, what each check says on and beside its threshold, what is written. */
#include "compute/monitor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define N(x) (sizeof(x) / sizeof((x)[0]))

static void refused(void **state)
{
  static const struct { const char *text, *words; } bad[] = {
    { "[]", "s.json: an object must stand here" },
    { "{\"features\":[]}", "s.json: features: there are none" },
    { "{\"features\":[{\"inferred_type\":\"String\"}]}", "s.json: features[0]: a feature without a name" },
    { "{\"features\":[{\"name\":\"a\"}]}", "s.json: features[0]: a: no inferred_type" },
    { "{\"features\":[{\"name\":\"a\",\"inferred_type\":\"Frac\"}]}", "s.json: features[0].inferred_type: Frac: not known here" },
    { "{\"features\":[{\"name\":\"a\",\"inferred_type\":\"Integral\",\"numerical_statistics\":{\"common\":{\"num_present\":-1}}}]}",
      "s.json: features[0].numerical_statistics.common.num_present: a count must stand here" },
    { "{\"features\":[{\"name\":\"a\",\"inferred_type\":\"Integral\",\"numerical_statistics\":{\"distribution\":{\"kll\":{\"sketch\":"
      "{\"data\":[[1],[2,\"x\"]]}}}}}]}",
      "s.json: features[0].numerical_statistics.distribution.kll.sketch.data[1][1]: a number must stand here" },
    { "{\"features\":[{\"name\":\"a\",\"inferred_type\":\"String\"},{\"name\":\"a\",\"inferred_type\":\"String\"}]}",
      "s.json: feature a stands there twice" },
    { "{\"features\":[{\"name\":\"a\",\"name\":\"b\"}]}", "s.json: features[0].name: stands here twice" },
    { "{\"regression_metrics\":{}}", "s.json: regression_metrics: a file of model quality; only data quality is read here" },
    { "{\"features\":[", "s.json: JSON 1:14: " },
  };
  (void)state;
  for (size_t i = 0; i < N(bad); i++) {
    struct sl_monitor_stats s;
    struct sl_err err = { 0 };
    assert_int_equal(sl_monitor_read_stats(&s, "s.json", sl_str(bad[i].text), &err), SL_EPARSE);
    if (strncmp(err.msg, bad[i].words, strlen(bad[i].words)) != 0)
      assert_string_equal(err.msg, bad[i].words);
    sl_monitor_stats_free(&s);
  }
}

static void constraints(void **state)
{
  static const char text[] = "{\"features\":[{\"name\":\"a\",\"inferred_type\":\"Integral\",\"completeness\":0.9,\"num_constraints\":"
    "{\"is_non_negative\":true},\"monitoringConfigOverrides\":{\"datatype_check_threshold\":0.8,\"distribution_constraints\":"
    "{\"comparison_threshold\":0.3}}},{\"name\":\"b\",\"string_constraints\":{\"domains\":[\"x\",\"y\"]}}],\"monitoring_config\":"
    "{\"evaluate_constraints\":\"Enabled\",\"distribution_constraints\":{\"enable_comparisons\":true,\"comparion_method\":\"linf_simple\","
    "\"categorical_drift_method\":\"ChiSquared\"}}}";
  struct sl_monitor_constraints c;
  struct sl_err err;
  (void)state;
  assert_int_equal(sl_monitor_read_constraints(&c, "c.json", sl_str(text), &err), SL_OK);
  assert_int_equal(c.n, 2);
  struct sl_monitor_config a = sl_monitor_config_of(&c, &c.at[0]), b = sl_monitor_config_of(&c, &c.at[1]);
  assert_true(a.datatype == 0.8 && a.numeric == 0.3 && a.categorical == 0.1 && b.datatype == 1 && b.numeric == 0.1);
  assert_true(a.simple == SL_MONITOR_YES && b.chi2 == SL_MONITOR_YES && b.compare == SL_MONITOR_YES && b.evaluate == SL_MONITOR_YES);
  assert_true(c.at[1].has_domain && c.at[1].ndomain == 2 && c.at[0].non_negative == SL_MONITOR_YES);
  sl_monitor_constraints_free(&c);
}

static void scraped(void **state)
{
  double v, t;
  (void)state;
  sl_monitor_scrape(SL_STR("Value: 0.98 does not meet the constraint requirement! "), &v, &t);
  assert_true(v == 0.98 && isnan(t));
  sl_monitor_scrape(SL_STR("Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: "
                           "Only 50.0% of data is Integral."), &v, &t);
  assert_true(v == 0.5 && t == 1);
  sl_monitor_scrape(SL_STR("Baseline drift distance: 4.0E-1 exceeds threshold: 0.1."), &v, &t);
  assert_true(v == 0.4 && t == 0.1);
  sl_monitor_scrape(SL_STR("Value: none"), &v, &t);
  assert_true(isnan(v) && isnan(t));
}

/* ---- checks: a baseline of 100 rows, x = 0..99, c = 60 a and 40 b ---- */

static int rows_of_x = 100;

static void data(struct sl_monitor_stats *s, double shift, int missing, int a, int other)
{
  *s = (struct sl_monitor_stats){ .items = 100 };
  sl_arena_init(&s->mem, 0);
  assert_non_null(sl_monitor_feature_add(s, SL_STR("x"), NULL));
  assert_non_null(sl_monitor_feature_add(s, SL_STR("c"), NULL));
  struct sl_monitor_feature *x = &s->at[0], *c = &s->at[1];
  x->type = SL_MONITOR_INTEGRAL;
  x->numbers = x->has_sketch = true;
  x->present = 100 - missing;
  x->missing = missing;
  x->min = shift;
  assert_int_equal(sl_kll_init(&x->sketch, SL_KLL_K, SL_KLL_C, NULL), SL_OK);
  for (int i = 0; i < rows_of_x; i++)
    assert_int_equal(sl_kll_add(&x->sketch, i + shift, NULL), SL_OK);
  c->type = SL_MONITOR_STRING;
  c->texts = true;
  c->present = 100;
  assert_int_equal(sl_monitor_value_add(s, c, SL_STR("a"), a, NULL), SL_OK);
  assert_int_equal(sl_monitor_value_add(s, c, SL_STR("b"), 100 - a - other, NULL), SL_OK);
  if (other)
    assert_int_equal(sl_monitor_value_add(s, c, SL_STR("z"), other, NULL), SL_OK);
}

static const struct sl_monitor_row *row(const struct sl_monitor_check *k, const char *feature, const char *test)
{
  for (size_t i = 0; i < k->n; i++)
    if (!strcmp(k->at[i].feature, feature) && !strcmp(k->at[i].test, test))
      return &k->at[i];
  return NULL;
}

/* Each check with a current data set that meets it by a hair, and one that misses it. */
static void checks(void **state)
{
  static const struct { double shift; int missing, a, other; const char *feature, *test; double value; int violated; } t[] = {
    { 0, 0, 60, 0, "x", "linf", 0, 0 },
    { 9, 0, 60, 0, "x", "linf", 0.09, 0 },
    { 11, 0, 60, 0, "x", "linf", 0.11, 1 },
    { 0, 5, 60, 0, "x", "completeness_check", 0.95, 1 },
    { 0, 0, 60, 0, "x", "completeness_check", 1, 0 },
    { 0, 0, 71, 0, "c", "linf", 0.11, 1 },
    { 0, 0, 60, 1, "c", "categorical_values_check", 0.99, 1 },
    { 0, 0, 50, 0, "c", "categorical_values_check", 1, 0 },
    { 0, 0, 60, 0, "x", "data_type_check", 1, 0 },
  };
  (void)state;
  for (size_t i = 0; i < N(t); i++) {
    struct sl_monitor_stats base, now;
    struct sl_monitor_constraints c;
    struct sl_monitor_check k;
    data(&base, 0, 0, 60, 0);
    data(&now, t[i].shift, t[i].missing, t[i].a, t[i].other);
    assert_int_equal(sl_monitor_suggest(&c, &base, NULL), SL_OK);
    c.config.simple = SL_MONITOR_YES;
    assert_int_equal(sl_monitor_compare(&k, &base, &c, &now, 0, NULL), SL_OK);
    const struct sl_monitor_row *r = row(&k, t[i].feature, t[i].test);
    assert_non_null(r);
    assert_true(fabs(r->statistic - t[i].value) < 1e-12);
    assert_int_equal(r->violated, t[i].violated);
    sl_monitor_check_free(&k);
    sl_monitor_constraints_free(&c);
    sl_monitor_stats_free(&base);
    sl_monitor_stats_free(&now);
  }
}

/* In 64ths, which doubles hold: on the threshold is no violation. */
static void on_the_threshold(void **state)
{
  struct sl_monitor_stats base, now;
  struct sl_monitor_constraints c;
  struct sl_monitor_check k;
  (void)state;
  rows_of_x = 64;
  data(&base, 0, 0, 60, 0);
  for (int shift = 8; shift < 10; shift++) {
    data(&now, shift, 0, 60, 0);
    assert_int_equal(sl_monitor_suggest(&c, &base, NULL), SL_OK);
    c.config.simple = SL_MONITOR_YES;
    c.config.numeric = 0.125;
    assert_int_equal(sl_monitor_compare(&k, &base, &c, &now, 0, NULL), SL_OK);
    assert_true(row(&k, "x", "linf")->statistic == shift / 64.0);
    assert_int_equal(row(&k, "x", "linf")->violated, shift > 8);
    sl_monitor_check_free(&k);
    sl_monitor_constraints_free(&c);
    sl_monitor_stats_free(&now);
  }
  sl_monitor_stats_free(&base);
  rows_of_x = 100;
}

static void robust_and_switches(void **state)
{
  struct sl_monitor_stats base, now;
  struct sl_monitor_constraints c;
  struct sl_monitor_check k;
  (void)state;
  data(&base, 0, 0, 60, 0);
  data(&now, -40, 0, 20, 0);
  assert_int_equal(sl_monitor_suggest(&c, &base, NULL), SL_OK);
  assert_int_equal(sl_monitor_compare(&k, &base, &c, &now, 3, NULL), SL_OK);
  double off = 1.8 * sqrt(200.0 / 10000);
  assert_true(fabs(row(&k, "x", "linf_robust")->statistic - (0.4 - off)) < 1e-12);
  assert_true(fabs(row(&k, "x", "linf")->statistic - 0.4) < 1e-12 && !row(&k, "x", "linf")->chosen);
  assert_true(fabs(row(&k, "c", "linf_robust")->statistic - (0.4 - off)) < 1e-12);
  assert_int_equal(row(&k, "x", "is_non_negative")->violated, -1);
  sl_monitor_check_free(&k);
  c.config.evaluate = c.config.compare = SL_MONITOR_NO;
  c.config.chi2 = SL_MONITOR_YES;
  assert_int_equal(sl_monitor_compare(&k, &base, &c, &now, 0, NULL), SL_OK);
  for (size_t i = 0; i < k.n; i++)
    assert_int_equal(k.at[i].violated, -1);
  /* (20-60)^2/60 + (80-40)^2/40 */
  assert_true(fabs(row(&k, "c", "chi2")->statistic - (1600.0 / 60 + 40)) < 1e-9 && row(&k, "c", "chi2")->p < 1e-10);
  sl_monitor_check_free(&k);
  sl_monitor_constraints_free(&c);
  sl_monitor_stats_free(&base);
  sl_monitor_stats_free(&now);
}

static void written(void **state)
{
  struct sl_monitor_stats base, now, again;
  struct sl_monitor_constraints c, d;
  struct sl_monitor_violations v;
  struct sl_monitor_check k;
  struct sl_buf b;
  (void)state;
  sl_buf_init(&b, 0);
  data(&base, 0, 0, 60, 0);
  data(&now, 60, 5, 60, 40);
  assert_non_null(sl_monitor_feature_add(&now, SL_STR("new"), NULL));
  sl_monitor_write_stats(&b, &base);
  assert_int_equal(sl_monitor_read_stats(&again, "again", sl_buf_view(&b), NULL), SL_OK);
  assert_true(again.n == 2 && sl_kll_weight(&again.at[0].sketch) == 100 && again.at[1].nvalues == 2 && again.items == 100);
  sl_buf_clear(&b);
  assert_int_equal(sl_monitor_suggest(&c, &again, NULL), SL_OK);
  sl_monitor_write_constraints(&b, &c);
  assert_int_equal(sl_monitor_read_constraints(&d, "again", sl_buf_view(&b), NULL), SL_OK);
  assert_true(d.n == 2 && d.at[0].completeness == 1 && d.at[1].ndomain == 2 && d.config.datatype == 1);
  sl_buf_clear(&b);
  assert_int_equal(sl_monitor_compare(&k, &again, &d, &now, 0, NULL), SL_OK);
  sl_monitor_write_violations(&b, &k, now.n, d.n);
  assert_int_equal(sl_monitor_read_violations(&v, "again", sl_buf_view(&b), NULL), SL_OK);
  assert_int_equal(v.n, 5); /* x: drift, completeness; c: drift, values; a column more */
  assert_string_equal(v.at[0].check, "baseline_drift_check");
  assert_true(fabs(v.at[0].value - (0.6 - 1.8 * sqrt(0.02))) < 1e-12 && v.at[0].threshold == 0.1);
  assert_string_equal(v.at[1].check, "completeness_check");
  assert_true(v.at[1].value == 0.95);
  assert_string_equal(v.at[4].feature, "Extra columns");
  sl_monitor_violations_free(&v);
  sl_monitor_check_free(&k);
  sl_monitor_constraints_free(&c);
  sl_monitor_constraints_free(&d);
  sl_monitor_stats_free(&base);
  sl_monitor_stats_free(&now);
  sl_monitor_stats_free(&again);
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(refused), cmocka_unit_test(constraints), cmocka_unit_test(scraped),
                                      cmocka_unit_test(checks), cmocka_unit_test(on_the_threshold),
                                      cmocka_unit_test(robust_and_switches), cmocka_unit_test(written) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
