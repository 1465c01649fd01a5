/* The scope of `drift_history`, and the verdict of its rows. */
#include "model/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void spans(void **state)
{
  (void)state;
  static const struct { const char *scope; unsigned last, need, of; const char *again; } good[] = {
    { "a.csv lake:raw/", SL_DRIFT_LAST, 2, 3, "a.csv lake:raw/" },
    { "a.csv lake:raw/ persist=3/5 last=30", 30, 3, 5, "a.csv lake:raw/ last=30 persist=3/5" },
    { "a b model='m 1.json' last=400 persist=64/64", 400, 64, 64, "a b model='m 1.json' last=400 persist=64/64" },
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct sl_drift_ask a;
    struct sl_drift_span s;
    struct sl_buf b;
    sl_buf_init(&b, 0);
    assert_int_equal(sl_drift_ask_parse(&a, sl_str(good[i].scope), NULL), SL_OK);
    assert_int_equal(sl_drift_span_of(&s, &a, NULL), SL_OK);
    assert_int_equal(s.last, good[i].last);
    assert_int_equal(s.need, good[i].need);
    assert_int_equal(s.of, good[i].of);
    sl_drift_ask_text(&b, &a);
    assert_string_equal(sl_buf_zstr(&b), good[i].again);
    sl_buf_free(&b);
    sl_drift_ask_free(&a);
  }
  static const char *const bad[] = { "a b last=0", "a b last=401", "a b last=x", "a b persist=2", "a b persist=0/3", "a b persist=4/3",
                                     "a b persist=2/65", "a b persist=/3", "a b persist=2/3/4" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_drift_ask a;
    struct sl_drift_span s;
    struct sl_err err = { 0 };
    assert_int_equal(sl_drift_ask_parse(&a, sl_str(bad[i]), NULL), SL_OK);
    assert_int_equal(sl_drift_span_of(&s, &a, &err), SL_EUSAGE);
    assert_true(err.msg[0]);
    sl_drift_ask_free(&a);
  }
}

/* feature NULL: of the partition itself. drifted -1: not judged */
struct row { const char *feature; int back, drifted, recent; bool alarm, chosen; };

static struct sl_drift_past past(const struct row *row, size_t n)
{
  static const struct sl_col cols[] = {
    { .name = "partition", .type = SL_TEXT, .help = "" }, { .name = "feature", .type = SL_TEXT, .help = "" },
    { .name = "drifted", .type = SL_BOOL, .help = "" }, { .name = "recent", .type = SL_I64, .help = "" },
    { .name = "of", .type = SL_I64, .help = "" }, { .name = "alarm", .type = SL_BOOL, .help = "" },
    { .name = "since", .type = SL_TEXT, .help = "" }, { .name = "chosen", .type = SL_BOOL, .help = "" },
    { .name = "back", .type = SL_I64, .help = "" } };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  struct sl_drift_past p = { .span = { .last = 14, .need = 2, .of = 3 } };
  assert_int_equal(sl_schema_new(&s, cols, sizeof cols / sizeof cols[0], NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (size_t i = 0; i < n; i++) {
    char id[8] = { (char)('a' + i), 0 }, name[] = "day 9";
    name[4] = (char)('9' - row[i].back);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, 0, sl_vz(name));
    if (row[i].feature)
      sl_batch_set(b, 1, sl_vz(row[i].feature));
    if (row[i].drifted >= 0)
      sl_batch_set(b, 2, sl_vb(row[i].drifted));
    sl_batch_set(b, 3, sl_vi(row[i].recent));
    sl_batch_set(b, 4, sl_vi(3));
    sl_batch_set(b, 5, sl_vb(row[i].alarm));
    sl_batch_set(b, 6, sl_vz("day 7"));
    sl_batch_set(b, 7, sl_vb(row[i].chosen));
    sl_batch_set(b, 8, sl_vi(row[i].back));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  sl_drift_past_add(&p, b);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return p;
}

static void said(const struct sl_drift_past *p, const char *profile, double share, bool bad, const char *words)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_drift_past_verdict(p, profile, share), bad);
  sl_drift_past_words(&b, p, profile, share);
  assert_string_equal(sl_buf_zstr(&b), words);
  sl_buf_free(&b);
}

/* Of the newest partition alone; two tests of a feature are one feature; what is not chosen counts for nothing. */
static void verdicts(void **state)
{
  (void)state;
  static const struct row some[] = {
    { NULL, 2, -1, 0, false, false }, { "a", 1, 1, 1, false, true }, { "b", 1, 1, 3, true, true }, { "a", 0, 1, 2, true, true },
    { "a", 0, 1, 2, true, true }, { "a", 0, 1, 2, true, false }, { "b", 0, 0, 2, false, true }, { "c", 0, 1, 1, false, true },
    { "d", 0, -1, 0, false, true }, { "e", 0, 1, 1, false, false },
  };
  struct sl_drift_past p = past(some, sizeof some / sizeof some[0]);
  assert_int_equal(p.features, 3);
  assert_int_equal(p.alarms, 1);
  assert_int_equal(p.drifted, 2);
  said(&p, NULL, -1, false, "no drift: 1 of 3 features drifted in 2 of the last 3 partitions or more (a 2 of 3, since day 7), "
       "share 0.333 < 0.5, by Evidently's rule; 1 more only lately, in day 9; 1 of 3 partitions missing or unreadable");
  said(&p, "monitor", -1, true, "drift: 1 of 3 features drifted in 2 of the last 3 partitions or more (a 2 of 3, since day 7), by "
       "Model Monitor's rule; 1 more only lately, in day 9; 1 of 3 partitions missing or unreadable");
  assert_true(sl_drift_past_verdict(&p, NULL, 0.3));
  static const struct row none[] = { { NULL, 0, -1, 0, false, false } };
  p = past(none, 1);
  said(&p, NULL, -1, false, "nothing could be judged in the newest partition");
  p = past(none, 0);
  said(&p, NULL, -1, false, "there is no partition to compare");
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(spans), cmocka_unit_test(verdicts) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
