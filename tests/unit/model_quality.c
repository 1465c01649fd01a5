/* The scope of `quality` there and back, and the words over its rows. */
#include "model/quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool same(const char *want, const char *got) { return want ? got && !strcmp(want, got) : !got; }

static void asks(void **state)
{
  static const struct { const char *scope, *model, *data, *label, *against, *again; } good[] = {
    { "m.ubj  d.csv", "m.ubj", "d.csv", NULL, NULL, "m.ubj d.csv" },
    { "against=models:/m@champion label=y models:/m/3 lake:raw/@newest", "models:/m/3", "lake:raw/@newest", "y", "models:/m@champion",
      "models:/m/3 lake:raw/@newest label=y against=models:/m@champion" },
    { "slice=ward m d label=y", "m", "d", "y", NULL, "m d label=y slice=ward" },
    { "m d slice='a b' label=y", "m", "d", "y", NULL, "m d label=y slice='a b'" },
    { "m 'sql:select ''a b'' as y' label=\"the \"\"y\"\"\"", "m", "sql:select 'a b' as y", "the \"y\"", NULL,
      "m 'sql:select ''a b'' as y' label='the \"y\"'" },
    { "'label=m' d label=''", "label=m", "d", "", NULL, "'label=m' d label=''" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct sl_quality_ask a, b;
    struct sl_buf text;
    sl_buf_init(&text, 0);
    assert_int_equal(sl_quality_ask_parse(&a, sl_str(good[i].scope), NULL), SL_OK);
    assert_string_equal(a.model, good[i].model);
    assert_string_equal(a.data, good[i].data);
    assert_true(same(good[i].label, a.label) && same(good[i].against, a.against));
    sl_quality_ask_text(&text, &a);
    assert_string_equal(sl_buf_zstr(&text), good[i].again);
    assert_int_equal(sl_quality_ask_parse(&b, sl_buf_view(&text), NULL), SL_OK);
    assert_true(same(a.label, b.label) && same(a.against, b.against) && same(a.model, b.model) && same(a.data, b.data));
    sl_buf_free(&text);
    sl_quality_ask_free(&a);
    sl_quality_ask_free(&b);
  }
  static const struct { const char *scope, *words; } bad[] = {
    { "", "a model over data" }, { "m", "a model over data" }, { "m d x", "one too many: x" }, { "m d label=a label=b", "one too many" },
    { "m 'd", "a quote is not closed: '" }, { "m d label='a", "a quote is not closed" } };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_quality_ask a;
    struct sl_err err = { 0 };
    assert_int_equal(sl_quality_ask_parse(&a, sl_str(bad[i].scope), &err), SL_EUSAGE);
    assert_non_null(strstr(err.msg, bad[i].words));
    assert_null(a.model);
  }
}

/* NAN: null */
struct row { const char *metric, *cls; double value, low, high, against, difference, p; int64_t n; };
#define NONE (double)NAN

static struct sl_quality_tally tally(const struct row *row, size_t n)
{
  static const struct sl_col cols[] = {
    { .name = "metric", .type = SL_TEXT, .help = "" }, { .name = "class", .type = SL_TEXT, .help = "" },
    { .name = "n", .type = SL_I64, .help = "" }, { .name = "value", .type = SL_F64, .help = "" },
    { .name = "low", .type = SL_F64, .help = "" },
    { .name = "high", .type = SL_F64, .help = "" }, { .name = "against", .type = SL_F64, .help = "" },
    { .name = "difference", .type = SL_F64, .help = "" }, { .name = "p_value", .type = SL_F64, .help = "" } };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  struct sl_quality_tally t;
  assert_int_equal(sl_schema_new(&s, cols, 9, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (size_t i = 0; i < n; i++) {
    const double v[] = { row[i].value, row[i].low, row[i].high, row[i].against, row[i].difference, row[i].p };
    sl_batch_row(b, SL_PUT, sl_str(row[i].metric));
    sl_batch_set(b, 0, sl_vz(row[i].metric));
    if (row[i].cls)
      sl_batch_set(b, 1, sl_vz(row[i].cls));
    sl_batch_set(b, 2, sl_vi(row[i].n));
    for (unsigned k = 0; k < 6; k++)
      if (!isnan(v[k]))
        sl_batch_set(b, 3 + k, sl_vf(v[k]));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  sl_quality_tally_init(&t);
  sl_quality_tally_add(&t, b);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return t;
}

static void says(const struct row *row, size_t n, bool pair, enum sl_quality_verdict verdict, const char *words)
{
  struct sl_quality_tally t = tally(row, n);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_quality_words(&b, &t, pair);
  assert_string_equal(sl_buf_zstr(&b), words);
  assert_int_equal(sl_quality_verdict(&t, pair), verdict);
  sl_buf_free(&b);
}

static void alone(void **state)
{
  static const struct row two[] = { { "accuracy", NULL, 0.95, 0.91, 0.97, NONE, NONE, NONE, 294 },
                                    { "auc", NULL, 0.98, NONE, NONE, NONE, NONE, NONE, 294 },
                                    { "auc", "1", 0.1, NONE, NONE, NONE, NONE, NONE, 3 },
                                    { "mistakes", NULL, 1, NONE, NONE, NONE, NONE, NONE, 294 } };
  static const struct row numbers[] = { { "rmse", NULL, 1.25, NONE, NONE, NONE, NONE, NONE, 1 } };
  static const struct row none[] = { { "accuracy", NULL, NONE, NONE, NONE, NONE, NONE, NONE, 0 } };
  (void)state;
  says(two, 4, false, SL_QUALITY_ALONE, "accuracy 0.95 (0.91 to 0.97), auc 0.98 over 294 rows; 1 is wrong");
  says(numbers, 1, false, SL_QUALITY_ALONE, "rmse 1.25 over 1 row");
  static const struct row found[] = { { "silhouette", NULL, 0.5, NONE, NONE, NONE, NONE, NONE, 20 },
                                      { "inertia", NULL, 31, NONE, NONE, NONE, NONE, NONE, 90 },
                                      { "clusters", NULL, 1, NONE, NONE, NONE, NONE, NONE, 90 },
                                      { "cluster_rows", "0", 90, NONE, NONE, NONE, NONE, NONE, 90 } };
  says(found, 4, false, SL_QUALITY_ALONE, "silhouette 0.5, inertia 31 of 1 cluster over 90 rows");
  static const struct row one[] = { { "silhouette", NULL, NONE, NONE, NONE, NONE, NONE, NONE, 1 },
                                    { "inertia", NULL, 0, NONE, NONE, NONE, NONE, NONE, 1 },
                                    { "clusters", NULL, 2, NONE, NONE, NONE, NONE, NONE, 1 } };
  says(one, 3, false, SL_QUALITY_ALONE, "silhouette unknown, inertia 0 of 2 clusters over 1 row");
  says(none, 1, false, SL_QUALITY_ALONE, "no row has a label: nothing can be told");
}

static void beside(void **state)
{
  struct row r[] = { { "accuracy", NULL, 0.95, NONE, NONE, 0.96, -0.01, 0.39, 294 },
                     { "auc", NULL, 0.98, NONE, NONE, 0.99, -0.01, 0.016, 294 },
                     { "disagreements", NULL, 12, NONE, NONE, NONE, NONE, NONE, 294 } };
  (void)state;
  says(r, 3, true, SL_QUALITY_WORSE, "worse: auc -0.01 (p 0.016), accuracy -0.01 is noise (p 0.39); they disagree on 12 of 294 rows");
  r[1].difference = 0.01;
  says(r, 3, true, SL_QUALITY_BETTER, "better: auc +0.01 (p 0.016), accuracy -0.01 is noise (p 0.39); they disagree on 12 of 294 rows");
  r[0].p = 0.049;
  says(r, 3, true, SL_QUALITY_MIXED, "mixed: auc +0.01 (p 0.016), accuracy -0.01 (p 0.049); they disagree on 12 of 294 rows");
  r[0].p = r[1].p = 0.05;
  says(r, 3, true, SL_QUALITY_SAME,
       "no difference beyond noise: auc +0.01 (p 0.05), accuracy -0.01 (p 0.05); they disagree on 12 of 294 rows");
  struct row more[] = { r[0], r[1], r[2], { "brier", NULL, 0.02, NONE, NONE, 0.03, -0.01, 0.004, 294 },
                        { "log_loss", NULL, 0.1, NONE, NONE, 0.2, -0.1, 0.05, 294 },
                        { "average_precision", "1", 0.9, NONE, NONE, 0.8, 0.1, 0.001, 90 } };
  says(more, 6, true, SL_QUALITY_SAME,
       "no difference beyond noise: auc +0.01 (p 0.05), accuracy -0.01 (p 0.05); 1 other figure is beyond it; "
       "they disagree on 12 of 294 rows");
  more[1].p = 0.01;
  says(more, 6, true, SL_QUALITY_BETTER, "better: auc +0.01 (p 0.01), accuracy -0.01 is noise (p 0.05); they disagree on 12 of 294 rows");
  more[3].difference = 0.01; /* of a loss more is worse */
  says(more, 6, true, SL_QUALITY_BETTER, "better: auc +0.01 (p 0.01), accuracy -0.01 is noise (p 0.05), but 1 other figure is worse; "
       "they disagree on 12 of 294 rows");
  more[1].difference = -0.01;
  more[3].difference = -0.01;
  more[4].p = 0.001;
  says(more, 6, true, SL_QUALITY_WORSE, "worse: auc -0.01 (p 0.01), accuracy -0.01 is noise (p 0.05), but 2 other figures are better; "
       "they disagree on 12 of 294 rows");
  r[0].p = r[1].p = NONE;
  says(r, 2, true, SL_QUALITY_UNKNOWN, "whether it is noise cannot be told: auc +0.01, accuracy -0.01");
  static const struct row numbers[] = { { "rmse", NULL, 1.25, NONE, NONE, 1.5, -0.25, NONE, 9 } };
  static const struct row found[] = { { "silhouette", NULL, 0.5, NONE, NONE, 0.25, 0.25, NONE, 20 },
                                      { "inertia", NULL, 31, NONE, NONE, 33, -2, NONE, 90 },
                                      { "clusters", NULL, 1, NONE, NONE, 3, -2, NONE, 90 } };
  says(found, 3, true, SL_QUALITY_UNKNOWN,
       "silhouette +0.25, inertia -2 of 1 cluster (the other has 3) over 90 rows; whether it is noise cannot be told");
  says(numbers, 1, true, SL_QUALITY_UNKNOWN, "whether it is noise cannot be told: rmse -0.25");
  static const struct row less[] = { { "rmse", NULL, 1.25, NONE, NONE, 1.5, -0.25, 0.01, 9 } };
  says(less, 1, true, SL_QUALITY_BETTER, "better: rmse -0.25 (p 0.01)");
  static const struct row alike[] = { { "rmse", NULL, 1.25, NONE, NONE, 1.5, -0.25, 0.3, 9 } };
  says(alike, 1, true, SL_QUALITY_SAME, "no difference beyond noise: rmse -0.25 (p 0.3)");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(asks),
    cmocka_unit_test(alone),
    cmocka_unit_test(beside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
