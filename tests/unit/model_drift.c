/* The scope of `drift` there and back, and the verdict of rows. */
#include "model/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void asks(void **state)
{
  (void)state;
  static const struct { const char *scope, *baseline, *current, *tests, *profile, *again; } good[] = {
    { "a.csv  b.csv", "a.csv", "b.csv", NULL, NULL, "a.csv b.csv" },
    { "lake:raw/@newest 'sql:select ''x'' as y' profile=monitor tests=ks,js", "lake:raw/@newest", "sql:select 'x' as y", "ks,js", "monitor",
      "lake:raw/@newest 'sql:select ''x'' as y' tests=ks,js profile=monitor" },
    { "\"a b\" 'tests=1'", "a b", "tests=1", NULL, NULL, "'a b' 'tests=1'" },
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct sl_drift_ask a;
    struct sl_buf b;
    sl_buf_init(&b, 0);
    assert_int_equal(sl_drift_ask_parse(&a, sl_str(good[i].scope), NULL), SL_OK);
    assert_string_equal(a.baseline, good[i].baseline);
    assert_string_equal(a.current, good[i].current);
    assert_true(good[i].tests ? a.tests && !strcmp(a.tests, good[i].tests) : !a.tests);
    assert_true(good[i].profile ? a.profile && !strcmp(a.profile, good[i].profile) : !a.profile);
    sl_drift_ask_text(&b, &a);
    assert_string_equal(sl_buf_zstr(&b), good[i].again);
    sl_buf_free(&b);
    sl_drift_ask_free(&a);
  }
  static const char *const bad[] = { "", "a", "a b c", "'a b", "a b profile=whylogs", "a b tests=ks tests=js" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_drift_ask a;
    struct sl_err err = { 0 };
    assert_int_equal(sl_drift_ask_parse(&a, sl_str(bad[i]), &err), SL_EUSAGE);
    assert_true(err.msg[0]);
  }
}

/* feature, drifted (1, 0, -1: null), chosen, definition */
struct row { const char *feature; int drifted; bool chosen; const char *tool; };

static struct sl_drift_tally tally(const struct row *row, size_t n)
{
  static const struct sl_col cols[] = { { .name = "feature", .type = SL_TEXT, .help = "" },
                                        { .name = "drifted", .type = SL_BOOL, .help = "" },
                                        { .name = "chosen", .type = SL_BOOL, .help = "" },
                                        { .name = "definition", .type = SL_TEXT, .help = "" } };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  struct sl_drift_tally t = { 0 };
  assert_int_equal(sl_schema_new(&s, cols, 4, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (size_t i = 0; i < n; i++) {
    sl_batch_row(b, SL_PUT, SL_STR("x"));
    sl_batch_set(b, 0, sl_vz(row[i].feature));
    if (row[i].drifted >= 0)
      sl_batch_set(b, 1, sl_vb(row[i].drifted));
    sl_batch_set(b, 2, sl_vb(row[i].chosen));
    sl_batch_set(b, 3, sl_vz(row[i].tool));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  sl_drift_tally_add(&t, b);
  sl_drift_tally_end(&t);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return t;
}

static void expect_words(const struct sl_drift_tally *t, const char *profile, double share, const char *words)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_drift_words(&b, t, profile, share);
  assert_string_equal(sl_buf_zstr(&b), words);
  sl_buf_free(&b);
}

static void judges(void **state)
{
  (void)state;
  static const struct row rows[] = {
    { "a", 1, true, "evidently" }, { "a", 0, false, "monitor" }, { "b", 0, true, "evidently" }, { "b", 1, false, "monitor" },
    { "c", -1, true, NULL }, { "d", 0, true, "evidently" }, { "d", 0, true, "scipy" },
  };
  struct sl_drift_tally t = tally(rows, sizeof rows / sizeof rows[0]);
  assert_int_equal(t.features, 3);
  assert_int_equal(t.drifted, 1);
  assert_int_equal(t.unjudged, 1);
  assert_int_equal(t.monitored, 2);
  assert_int_equal(t.monitor, 1);
  assert_false(sl_drift_verdict(&t, NULL, -1));
  assert_true(sl_drift_verdict(&t, "monitor", -1));
  assert_true(sl_drift_verdict(&t, NULL, 1 / 3.0));
  assert_false(sl_drift_verdict(&t, "monitor", 0.34));
  expect_words(&t, NULL, -1, "no drift: 1 of 3 features drifted (a), share 0.333 < 0.5, by Evidently's rule; 1 not judged; "
               "Model Monitor would say drift, Evidently would not: one feature is enough for it (they differ over a, b)");
  expect_words(&t, "monitor", -1, "drift: 1 of 3 features drifted (a), by Model Monitor's rule; 1 not judged");
  t = tally(rows, 1);
  assert_true(sl_drift_verdict(&t, "evidently", -1));
  t = tally(rows + 4, 1);
  assert_false(sl_drift_verdict(&t, "monitor", -1));
  expect_words(&t, NULL, -1, "nothing could be judged");
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(asks), cmocka_unit_test(judges) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
