/* Runs beside each other: what differs, the spread of repeats, and what is said of noise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge/compare.h"

static const struct sl_col run_cols[] = {
  { .name = "id", .type = SL_TEXT }, { .name = "name", .type = SL_TEXT }, { .name = "experiment", .type = SL_TEXT },
  { .name = "state", .type = SL_STATE }, { .name = "params", .type = SL_FAMILY_TEXT }, { .name = "metrics", .type = SL_FAMILY_F64 },
  { .name = "tags", .type = SL_FAMILY_TEXT },
};
enum { ID, NAME, EXPERIMENT, STATE, PARAMS, METRICS, TAGS };
struct kv { const char *k, *v; };
struct run { const char *id, *name, *state; struct kv p[4]; struct { const char *k; double v; } m[4]; };

static struct sl_batch *batch_of(const struct run *run, size_t n)
{
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  struct sl_err err = { 0 };
  assert_int_equal(sl_schema_new(&s, run_cols, sizeof run_cols / sizeof run_cols[0], NULL, 0, &err), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  for (size_t i = 0; i < n; i++) {
    sl_batch_row(b, SL_PUT, sl_str(run[i].id));
    sl_batch_set(b, ID, sl_vz(run[i].id));
    sl_batch_set(b, NAME, sl_vz(run[i].name));
    sl_batch_set(b, EXPERIMENT, sl_vz("cancer"));
    sl_batch_set(b, STATE, sl_vas(SL_STATE, sl_str(run[i].state)));
    for (size_t k = 0; k < 4; k++) {
      if (run[i].p[k].k)
        sl_batch_key(b, PARAMS, sl_str(run[i].p[k].k), sl_vz(run[i].p[k].v));
      if (run[i].m[k].k)
        sl_batch_key(b, METRICS, sl_str(run[i].m[k].k), sl_vf(run[i].m[k].v));
    }
  }
  assert_int_equal(sl_batch_seal(b, &err), SL_OK);
  sl_schema_unref(s);
  return b;
}

static struct sl_compare *compared(const struct run *run, size_t n, const struct run *near, size_t nnear)
{
  struct sl_compare *c = NULL;
  struct sl_err err = { 0 };
  struct sl_batch *b = batch_of(run, n), *all = nnear ? batch_of(near, nnear) : NULL;
  assert_int_equal(sl_compare_new(&c, n, &err), SL_OK);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(sl_compare_run(c, i, b, (uint32_t)i, &err), SL_OK);
  for (size_t i = 0; i < nnear; i++)
    assert_int_equal(sl_compare_repeat(c, all, (uint32_t)i, &err), SL_OK);
  assert_int_equal(sl_compare_judge(c, &err), SL_OK);
  sl_batch_unref(b);
  sl_batch_unref(all);
  return c;
}

static const struct sl_cmp_item *item(const struct sl_compare *c, enum sl_cmp_kind kind, const char *name)
{
  for (size_t i = 0; i < sl_compare_items(c); i++)
    if (sl_compare_item(c, i)->kind == kind && sl_str_eqz(sl_compare_item(c, i)->name, name))
      return sl_compare_item(c, i);
  fail_msg("no item %s", name);
  return NULL;
}

static void verdict_is(const struct sl_compare *c, const struct sl_cmp_item *it, const char *words)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_compare_verdict(c, it, &b);
  assert_string_equal(sl_buf_zstr(&b), words);
  sl_buf_free(&b);
}

/* Three repeats of one configuration (differing by seed alone), two of another, and what is no repeat. */
static const struct run repeats[] = {
  { "r1", "a", "ok", { { "depth", "6" }, { "seed", "1" } }, { { "val_auc", 0.90 }, { "val_loss", 0.30 } } },
  { "r2", "a", "ok", { { "depth", "6" }, { "seed", "2" } }, { { "val_auc", 0.92 }, { "val_loss", 0.32 } } },
  { "r3", "a", "ok", { { "model.random_state", "3" }, { "depth", "6" } }, { { "val_auc", 0.94 }, { "val_loss", NAN } } },
  { "r4", "b", "ok", { { "depth", "8" }, { "seed", "1" } }, { { "val_auc", 0.80 } } },
  { "r5", "b", "ok", { { "depth", "8" }, { "seed", "2" } }, { { "val_auc", 0.86 } } },
  { "r6", "b", "failed", { { "depth", "8" }, { "seed", "3" } }, { { "val_auc", 0.10 } } },
  { "r7", "none", "ok", { { "seed", "3" } }, { { "val_auc", 0.5 } } },
  { "r8", "none", "ok", { { NULL, NULL } }, { { "val_auc", 0.7 } } },
};
enum { NREPEATS = sizeof repeats / sizeof repeats[0] };

static void test_spread(void **state)
{
  (void)state;
  struct sl_compare *c = compared(repeats, 5, repeats, NREPEATS);
  const struct sl_cmp_item *auc = item(c, SL_CMP_METRIC, "val_auc"), *loss = item(c, SL_CMP_METRIC, "val_loss");
  /* squares of group a: 0.02^2 + 0 + 0.02^2 = 0.0008 (df 2), of b: 2 * 0.03^2 = 0.0018 (df 1) */
  assert_int_equal(auc->df, 3);
  assert_int_equal(auc->groups, 2);
  assert_true(fabs(auc->spread - (sqrt(0.0026 / 3))) < 1e-12);
  assert_int_equal(loss->df, 1);
  assert_true(fabs(loss->spread - (sqrt(0.0002))) < 1e-12);
  sl_compare_free(c);
}

static void test_marks(void **state)
{
  static const struct run run[] = {
    { "b", "base", "ok", { { "depth", "6" } }, { { "val_auc", 0.90 }, { "val_loss", 0.30 }, { "odd", 1 }, { "alone", 1 } } },
    { "c", "close", "ok", { { "depth", "6" } }, { { "val_auc", 0.95 }, { "val_loss", 0.30 }, { "odd", 5 }, { "alone", 2 } } },
    { "d", "far", "ok", { { "depth", "7" } }, { { "val_auc", 0.60 }, { "val_loss", 0.80 }, { "odd", -5 }, { "alone", NAN } } },
    { "e", "better", "ok", { { "rate", "1" } }, { { "val_auc", 1.50 }, { "val_loss", 0.01 } } },
  };
  static const struct run near[] = {
    { "1", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.90 }, { "val_loss", 0.30 }, { "odd", 1 } } },
    { "2", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.92 }, { "val_loss", 0.31 }, { "odd", 1 } } },
    { "3", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.91 }, { "val_loss", 0.30 }, { "odd", 1 } } },
  };
  (void)state;
  struct sl_compare *c = compared(run, 4, near, 3);
  const struct sl_cmp_item *auc = item(c, SL_CMP_METRIC, "val_auc");
  assert_int_equal(auc->cell[0].mark, SL_CMP_NONE);
  assert_int_equal(auc->cell[1].mark, SL_CMP_NOISE); /* s 0.01, t(2) 4.3027: within 0.0608 */
  assert_int_equal(auc->cell[2].mark, SL_CMP_WORSE);
  assert_int_equal(auc->cell[3].mark, SL_CMP_BETTER);
  verdict_is(c, auc, "better: better; worse: far");
  const struct sl_cmp_item *loss = item(c, SL_CMP_METRIC, "val_loss");
  assert_int_equal(loss->cell[1].mark, SL_CMP_SAME);
  assert_int_equal(loss->cell[2].mark, SL_CMP_WORSE);
  assert_int_equal(loss->cell[3].mark, SL_CMP_BETTER);
  const struct sl_cmp_item *odd = item(c, SL_CMP_METRIC, "odd"); /* repeats that never differ: everything is more than noise */
  assert_int_equal(odd->cell[1].mark, SL_CMP_HIGHER);
  assert_int_equal(odd->cell[2].mark, SL_CMP_LOWER);
  assert_int_equal(odd->cell[3].mark, SL_CMP_NONE);
  verdict_is(c, odd, "higher: close; lower: far");
  const struct sl_cmp_item *alone = item(c, SL_CMP_METRIC, "alone");
  assert_int_equal(alone->cell[1].mark, SL_CMP_UNSURE);
  assert_int_equal(alone->cell[2].mark, SL_CMP_NONE); /* NaN */
  verdict_is(c, alone, "no repeats to judge by");
  verdict_is(c, item(c, SL_CMP_PARAM, "depth"), "differs");
  verdict_is(c, item(c, SL_CMP_ATTRIBUTE, "experiment"), "same");
  sl_compare_free(c);
}

static void test_noise_alone(void **state)
{
  static const struct run run[] = { { "b", "one", "ok", { { NULL, NULL } }, { { "acc", 0.5 } } },
                                    { "c", "one", "ok", { { NULL, NULL } }, { { "acc", 0.6 } } } };
  static const struct run near[] = { { "1", "x", "ok", { { "p", "1" } }, { { "acc", 0.1 } } },
                                     { "2", "x", "ok", { { "p", "1" } }, { { "acc", 0.9 } } } };
  (void)state;
  struct sl_compare *c = compared(run, 2, near, 2);
  verdict_is(c, item(c, SL_CMP_METRIC, "acc"), "no difference beyond repeats");
  assert_true(sl_str_eqz(sl_compare_name(c, 0), "one b")); /* one name: the id tells them apart */
  assert_true(sl_str_eqz(sl_compare_name(c, 1), "one c"));
  sl_compare_free(c);
}

static void test_t(void **state)
{
  (void)state;
  assert_true(isnan(sl_compare_t975(0)));
  assert_true(fabs(sl_compare_t975(1) - (12.7062)) < 1e-4);
  assert_true(fabs(sl_compare_t975(30) - (2.0423)) < 1e-4);
  assert_true(fabs(sl_compare_t975(31) - (2.0395)) < 1e-4);
  assert_true(fabs(sl_compare_t975(60) - (2.0003)) < 1e-4);
  assert_true(fabs(sl_compare_t975(100000) - (1.9600)) < 1e-4);
}

static void test_direction(void **state)
{
  static const struct { const char *name; int way; bool cost; } is[] = {
    { "val_auc", 1, false }, { "val_logloss", -1, false }, { "test/f1", 1, false }, { "r2", 1, false }, { "fit_seconds", -1, true },
    { "rmse", -1, false }, { "aucune", 0, false }, { "x", 0, false }, { "Accuracy", 1, false }, { "score_time", -1, true },
  };
  (void)state;
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
    bool cost;
    assert_int_equal(sl_compare_direction(sl_str(is[i].name), &cost), is[i].way);
    assert_int_equal(cost, is[i].cost);
  }
}

/* The metrics in their order, as one text. */
static void order_is(const struct sl_compare *c, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < sl_compare_items(c); i++)
    if (sl_compare_item(c, i)->kind == SL_CMP_METRIC)
      sl_buf_printf(&b, "%s%.*s", b.n ? " " : "", SL_ARG(sl_compare_item(c, i)->name));
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static struct sl_compare *ordered(const struct run *run, const struct run *near, size_t nnear, const char *rule)
{
  struct sl_compare *c = NULL;
  struct sl_err err = { 0 };
  struct sl_batch *b = batch_of(run, 2), *all = nnear ? batch_of(near, nnear) : NULL;
  assert_int_equal(sl_compare_new(&c, 2, &err), SL_OK);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(sl_compare_run(c, i, b, (uint32_t)i, &err), SL_OK);
  for (size_t i = 0; i < nnear; i++)
    assert_int_equal(sl_compare_repeat(c, all, (uint32_t)i, &err), SL_OK);
  if (rule)
    assert_int_equal(sl_compare_rules(c, sl_str(rule), &err), SL_OK);
  assert_int_equal(sl_compare_judge(c, &err), SL_OK);
  sl_batch_unref(b);
  sl_batch_unref(all);
  return c;
}

static void test_order(void **state)
{
  static const struct run run[] = {
    { "b", "base", "ok", { { NULL, NULL } }, { { "val_auc", 0.90 }, { "a_loss", 0.30 }, { "fit_seconds", 1 }, { "b_same", 7 } } },
    { "c", "other", "ok", { { NULL, NULL } }, { { "val_auc", 0.905 }, { "a_loss", 0.60 }, { "fit_seconds", 90 }, { "b_same", 7 } } },
  };
  static const struct run near[] = {
    { "1", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.90 }, { "a_loss", 0.30 }, { "fit_seconds", 1 }, { "b_same", 7 } } },
    { "2", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.92 }, { "a_loss", 0.31 }, { "fit_seconds", 2 }, { "b_same", 7 } } },
    { "3", "x", "ok", { { "p", "1" } }, { { "val_auc", 0.91 }, { "a_loss", 0.30 }, { "fit_seconds", 1 }, { "b_same", 8 } } },
  };
  static const struct { const char *rule, *order; } by[] = {
    { NULL, "a_loss val_auc fit_seconds b_same" },               /* beyond noise, noise, a cost, the same */
    { "metrics.b_same >= champion.metrics.val_auc", "val_auc b_same a_loss fit_seconds" },
    { "metrics.\"b_same\" > 1 or metrics.`a_loss` < 2", "a_loss b_same val_auc fit_seconds" },
    { "metrics.val_au > 1 and metrics.a_lossy < 1 and metrics.\"val_auc", "a_loss val_auc fit_seconds b_same" }, /* other names */
  };
  (void)state;
  for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
    struct sl_compare *c = ordered(run, near, 3, by[i].rule);
    order_is(c, by[i].order);
    sl_compare_free(c);
  }
  struct sl_compare *c = ordered(run, NULL, 0, NULL); /* no repeats: by the share of the greater value */
  order_is(c, "a_loss val_auc fit_seconds b_same");
  sl_compare_free(c);
}

static void test_limits(void **state)
{
  struct sl_compare *c = NULL;
  struct sl_err err = { 0 };
  (void)state;
  assert_int_equal(sl_compare_new(&c, 1, &err), SL_EUSAGE);
  assert_int_equal(sl_compare_new(&c, SL_CMP_RUNS + 1, &err), SL_EUSAGE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_spread), cmocka_unit_test(test_marks), cmocka_unit_test(test_noise_alone), cmocka_unit_test(test_t),
    cmocka_unit_test(test_direction), cmocka_unit_test(test_order), cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
