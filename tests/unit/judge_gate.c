/* Gates: what is refused when the file is read, and what each comes to, with its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "judge/gate.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- reading ---- */

static void mistakes_are_told_with_their_column(void **state)
{
  (void)state;
  static const struct { const char *text, *says; } bad[] = {
    { "", "a condition is expected, such as metrics.auc >= 0.8" },
    { "metrics.auc", "column 12: a condition is expected here, such as metrics.auc >= 0.8" },
    { "0.85", "column 5: a condition is expected here, such as metrics.auc >= 0.8" },
    { "1 < 2", "column 1: this asks nothing of the model; name a fact, such as metrics.auc or drift.share" },
    { "metrics.auc >= 0.85 metrics.x", "column 21: and, or, an operator or the end is expected here; as operators, - and / stand between "
      "spaces" },
    { "metrics.auc >", "column 14: a fact such as metrics.auc, a number or a 'text' is expected here" },
    { "metrics.auc > )", "column 15: a fact such as metrics.auc, a number or a 'text' is expected here" },
    { "(metrics.auc > 1", "column 17: ')' is expected here" },
    { "metrics.auc > 1 and", "column 20: a fact such as metrics.auc, a number or a 'text' is expected here" },
    { "metrics.auc > 1 and 2", "column 21: a condition is expected here, such as metrics.auc >= 0.8" },
    { "metrics.auc and metrics.x > 1", "column 1: a condition is expected here, such as metrics.auc >= 0.8" },
    { "not metrics.auc", "column 5: a condition is expected here, such as metrics.auc >= 0.8" },
    { "metrics.auc > (metrics.x > 1)", "column 15: a number, a text or a fact is expected here, not a condition" },
    { "(metrics.auc > 1) > 1", "column 1: a number, a text or a fact is expected here, not a condition" },
    { "metrics.auc + (metrics.x > 1) > 1", "column 15: a number, a text or a fact is expected here, not a condition" },
    { "metrics.auc > auc - 1", "column 15: a number or a fact such as metrics.auc is expected here, not a text" },
    { "metrics.auc > min(1, 'a')", "column 22: a number or a fact such as metrics.auc is expected here, not a text" },
    { "metrics.auc > max()", "column 19: a fact such as metrics.auc, a number or a 'text' is expected here" },
    { "abs(metrics.auc, 1) > 1", "column 19: abs takes one number" },
    { "metric.auc > 1", "column 1: there are no facts `metric.`; did you mean `metrics.`?" },
    { "champion.metric.auc > 1", "column 10: there are no facts `metric.`; did you mean `metrics.`?" },
    { "champion.champion.metrics.auc > 1", "column 10: there are no facts `champion.`; there are: metrics, params, tags, drift, rescore, "
      "quality, champion.metrics, ..." },
    { "weather.rain > 1", "column 1: there are no facts `weather.`; there are: metrics, params, tags, drift, rescore, quality, "
      "champion.metrics, ..." },
    { "champion.metrics > 1", "column 1: a fact has two parts, such as metrics.auc or drift.share; text goes in 'quotes'" },
    { "metrics. > 1", "column 1: a key after 'metrics.'" },
    { "tags.x ~ abc", "column 10: a pattern in 'quotes' is expected here" },
    { "tags.x in 1", "column 11: '(' is expected after in" },
    { "tags.x in (1", "column 13: ',' or ')' is expected here" },
    { "tags.x not 1", "column 12: in is expected after not" },
    { "tags.x is 1", "column 11: null is expected after is" },
    { "tags.x = 'abc", "column 10: this ' is never closed" },
  };
  for (size_t i = 0; i < N(bad); i++) {
    struct sl_gate *g;
    struct sl_err err = { 0 };
    if (sl_gate_parse(&g, sl_str(bad[i].text), &err) != SL_EUSAGE)
      fail_msg("taken: %s (%s)", bad[i].text, err.msg);
    assert_null(g);
    if (strcmp(err.msg, bad[i].says) != 0)
      fail_msg("%s\n  said: %s\n  not:  %s", bad[i].text, err.msg, bad[i].says);
  }
}

static void too_much_is_refused(void **state)
{
  (void)state;
  struct sl_gate *g;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_fill(&b, '(', 100);
  assert_int_equal(sl_gate_parse(&g, sl_buf_view(&b), NULL), SL_EUSAGE);
  sl_buf_clear(&b);
  sl_buf_fill(&b, 'x', SL_RULE_MAX + 1);
  assert_int_equal(sl_gate_parse(&g, sl_buf_view(&b), NULL), SL_ELIMIT);
  sl_buf_clear(&b);
  sl_buf_z(&b, "1");
  for (int i = 0; i < 1000; i++)
    sl_buf_z(&b, "+1");
  sl_buf_z(&b, ">tags.a");
  assert_int_equal(sl_gate_parse(&g, sl_buf_view(&b), NULL), SL_ELIMIT);
  sl_buf_free(&b);
}

/* ---- what it comes to ---- */

static const struct { const char *name; double f; const char *text; enum sl_fact_state state; const char *source; } facts[] = {
  { "metrics.auc", 0.91, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.low", 0.5, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.nan", NAN, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.inf", INFINITY, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.zero", 0, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.\"val auc\"", 0.7, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "metrics.a-b/c", 3, NULL, SL_FACT_KNOWN, "run 4f2a" },
  { "champion.metrics.auc", 0.9, NULL, SL_FACT_KNOWN, "run 11aa of version 6" },
  { "champion.metrics.none", 0, NULL, SL_FACT_NO_CHAMPION, "" },
  { "drift.share", 0, NULL, SL_FACT_STALE, "drift of 06:00" },
  { "rescore.max_abs_diff", 0, NULL, SL_FACT_PARTIAL, "rescore of 06:00" },
  { "params.depth", 0, "6", SL_FACT_KNOWN, "run 4f2a" },
  { "champion.params.depth", 0, "12", SL_FACT_KNOWN, "run 11aa of version 6" },
  { "params.kind", 0, "linear", SL_FACT_KNOWN, "run 4f2a" },
  { "tags.day", 0, "2026-11-20", SL_FACT_KNOWN, "version 7" },
};

static int look_up(void *user, const struct sl_rule_node *n, struct sl_fact *out)
{
  static char borrowed[64]; /* as a real one may: gone at the next question */
  (void)user;
  assert_int_equal(n->champion, !strncmp(n->fact.p, "champion.", 9));
  assert_true(n->name.col.n && n->name.key.n);
  for (size_t i = 0; i < N(facts); i++)
    if (sl_str_eqz(n->fact, facts[i].name)) {
      out->state = facts[i].state;
      snprintf(borrowed, sizeof borrowed, "%s", facts[i].text ? facts[i].text : "");
      out->v = facts[i].text ? sl_vz(borrowed) : sl_vf(facts[i].f);
      snprintf(out->source, sizeof out->source, "%s", facts[i].source);
      return SL_OK;
    }
  out->state = SL_FACT_MISSING;
  return SL_OK;
}

static void run(const char *text, const char *first, struct sl_gate_result *r)
{
  struct sl_gate *g;
  struct sl_err err = { 0 };
  if (sl_gate_parse(&g, sl_str(text), &err))
    fail_msg("%s: %s", text, err.msg);
  sl_gate_run(g, look_up, NULL, first, r);
  sl_gate_free(g);
}

static void each_gate_has_its_verdict(void **state)
{
  (void)state;
  enum { P = SL_GATE_PASS, F = SL_GATE_FAIL, U = SL_GATE_UNKNOWN };
  static const struct { const char *text; int want; } gates[] = {
    { "metrics.auc >= 0.85", P }, { "metrics.auc >= 0.92", F }, { "metrics.auc > 0.91", F }, { "metrics.auc = 0.91", P },
    { "metrics.auc != 0.91", F }, { "metrics.auc <> 0.9", P }, { "0.9 < metrics.auc", P }, { "metrics.auc < .92", P },
    { "metrics.auc >= champion.metrics.auc - 0.005", P }, { "metrics.low >= champion.metrics.auc - 0.005", F },
    { "metrics.missing > 0", U }, { "metrics.nan > 0", U }, { "metrics.nan = metrics.nan", U }, { "metrics.inf > 1e300", P },
    { "metrics.inf - metrics.inf < 1", U }, { "drift.share < 0.3", U }, { "rescore.max_abs_diff <= 1e-6", U },
    { "metrics.auc / metrics.zero > 1", U }, { "metrics.auc / 2 = 0.455", P }, { "metrics.low * 2 + 1 = 2", P },
    { "1 + metrics.low * 2 = 2", P }, { "(1 + metrics.low) * 2 = 3", P }, { "7 - metrics.low - 2 = 4.5", P },
    { "8 / metrics.low / 2 = 8", P },
    { "-metrics.low = -0.5", P }, { "abs(metrics.low - 1) = 0.5", P }, { "min(metrics.auc, metrics.low, 3) = 0.5", P },
    { "max(metrics.auc, metrics.low) = 0.91", P }, { "max(metrics.auc, metrics.missing) = 0.91", U }, { "metrics.low >= 5e-1", P },
    { "metrics.low >= 5e+1", F }, { "metrics.\"val auc\" = 0.7", P }, { "metrics.a-b/c = 3", P }, { "metrics.a-b/c - 1 = 2", P },
    { "params.depth = 6", P }, { "params.depth < 10", P }, { "params.depth < champion.params.depth", P }, { "params.depth = '6'", P },
    { "params.depth < '10'", F }, { "params.kind = linear", P }, { "params.kind = 'tree'", F }, { "params.kind > 3", U },
    { "params.kind != 3", P }, { "params.kind + 1 > 3", U }, { "tags.day >= 2026-11-01", P }, { "tags.day < 2026-11-01", F },
    { "params.kind ~ '^lin'", P }, { "params.kind !~ '^lin'", F }, { "params.missing ~ 'x'", U }, { "params.kind in (tree, linear)", P },
    { "params.kind not in (tree, linear)", F }, { "params.depth in (5, 6)", P }, { "params.depth in (5, 7)", F },
    { "params.depth in (metrics.missing, 6)", P }, { "params.depth in (metrics.missing, 7)", U },
    { "params.depth not in (metrics.missing, 7)", U }, { "metrics.missing is null", P }, { "metrics.missing is not null", F },
    { "metrics.auc is not null", P }, { "drift.share is null", U }, { "metrics.auc > 0.9 and metrics.low > 0.4", P },
    { "metrics.auc > 0.9 and metrics.low > 0.6", F }, { "metrics.missing > 0 and metrics.low > 0.6", F },
    { "metrics.missing > 0 and metrics.low > 0.4", U }, { "metrics.missing > 0 or metrics.low > 0.4", P },
    { "metrics.missing > 0 or metrics.low > 0.6", U }, { "not metrics.low > 0.6", P }, { "not metrics.missing > 0", U },
    { "! (metrics.low > 0.4 && metrics.auc > 0.9)", F }, { "not not metrics.low > 0.4", P }, { "metrics.low > 1 || metrics.auc > 0.9", P },
    { "(metrics.low > 1 or metrics.auc > 0.9) and not metrics.zero > 0", P }, { "metrics.auc < 1h", P }, { "metrics.auc < 1kB", P },
  };
  for (size_t i = 0; i < N(gates); i++) {
    struct sl_gate_result r;
    run(gates[i].text, "unknown", &r);
    if ((int)r.state != gates[i].want)
      fail_msg("%s: %s, value `%s`, needs `%s`, %s", gates[i].text, sl_gate_word(r.state), r.value, r.needs, r.why);
    if (!r.needs[0] || !r.why[0])
      fail_msg("%s: value `%s`, needs `%s`, why `%s`", gates[i].text, r.value, r.needs, r.why);
  }
}

static void it_is_told_in_words(void **state)
{
  (void)state;
  static const struct { const char *text, *value, *needs, *why, *source; } gates[] = {
    { "metrics.auc >= 0.92", "0.91", ">= 0.92", "metrics.auc is 0.91, not >= 0.92", "run 4f2a" },
    { "metrics.auc >= 0.85", "0.91", ">= 0.85", "metrics.auc is 0.91, >= 0.85", "run 4f2a" },
    { "metrics.low >= champion.metrics.auc - 0.25", "0.5", ">= 0.65", "metrics.low is 0.5, not >= 0.65",
      "run 4f2a; run 11aa of version 6" },
    { "metrics.missing >= 0.85", "", ">= 0.85", "metrics.missing is missing", "" },
    { "metrics.nan >= 0.85", "", ">= 0.85", "metrics.nan is NaN", "run 4f2a" },
    { "drift.share < 0.3", "", "< 0.3", "drift.share is stale", "drift of 06:00" },
    { "rescore.max_abs_diff <= 1e-6", "", "<= 1e-06", "rescore.max_abs_diff is known only in part", "rescore of 06:00" },
    { "metrics.auc >= champion.metrics.none", "0.91", ">= champion.metrics.none", "champion.metrics.none is unknown: there is no champion",
      "run 4f2a" },
    { "metrics.auc / metrics.zero > 1", "", "> 1", "it divides by zero", "run 4f2a" },
    { "params.kind in (tree, forest)", "linear", "in (tree, forest)", "params.kind is linear, not in (tree, forest)", "run 4f2a" },
    { "metrics.missing is not null", "", "is not null", "metrics.missing is missing, not is not null", "" },
    { "params.kind + 1 > 3", "", "> 3", "params.kind is no number", "run 4f2a" },
    /* of several the one that decided */
    { "metrics.auc > 0.9 and metrics.low > 0.6", "0.5", "> 0.6", "metrics.low is 0.5, not > 0.6", "run 4f2a" },
    { "metrics.missing > 0 and metrics.low > 0.6", "0.5", "> 0.6", "metrics.low is 0.5, not > 0.6", "run 4f2a" },
    { "metrics.low > 0 and metrics.missing > 0", "", "> 0", "metrics.missing is missing", "" },
    { "metrics.missing > 0 or metrics.low > 0.4", "0.5", "> 0.4", "metrics.low is 0.5, > 0.4", "run 4f2a" },
    { "champion.metrics.none > 0 and metrics.missing > 0", "", "> 0", "metrics.missing is missing", "" },
    { "champion.metrics.none + metrics.missing > 0", "", "> 0", "metrics.missing is missing", "" },
  };
  for (size_t i = 0; i < N(gates); i++) {
    struct sl_gate_result r;
    run(gates[i].text, "unknown", &r);
    if (strcmp(r.value, gates[i].value) || strcmp(r.needs, gates[i].needs) || strcmp(r.why, gates[i].why) ||
        strcmp(r.source, gates[i].source))
      fail_msg("%s: `%s` `%s` `%s` `%s`", gates[i].text, r.value, r.needs, r.why, r.source);
  }
}

/* `first` is for the want of a champion and nothing else. */
static void without_a_champion_first_decides(void **state)
{
  (void)state;
  static const struct { const char *text, *first; enum sl_gate_state want; } gates[] = {
    { "metrics.auc >= champion.metrics.none", "pass", SL_GATE_PASS }, { "metrics.auc >= champion.metrics.none", "fail", SL_GATE_FAIL },
    { "metrics.auc >= champion.metrics.none", "unknown", SL_GATE_UNKNOWN },
    { "not metrics.auc < champion.metrics.none", "pass", SL_GATE_PASS },
    { "champion.metrics.none is null", "fail", SL_GATE_FAIL },
    { "metrics.low > 0.6 and metrics.auc >= champion.metrics.none", "pass", SL_GATE_FAIL },
    { "metrics.low > 0.4 and metrics.auc >= champion.metrics.none", "pass", SL_GATE_PASS },
    { "metrics.missing > 0 and metrics.auc >= champion.metrics.none", "pass", SL_GATE_UNKNOWN },
    { "metrics.missing >= champion.metrics.none", "pass", SL_GATE_UNKNOWN },
    { "metrics.missing > 0 or metrics.auc >= champion.metrics.none", "pass", SL_GATE_UNKNOWN },
    { "metrics.missing > 0", "pass", SL_GATE_UNKNOWN }, { "metrics.low > 0.6", "pass", SL_GATE_FAIL },
    { "champion.metrics.missing > 0", "pass", SL_GATE_UNKNOWN },  /* there is one, but it has no such metric */
  };
  for (size_t i = 0; i < N(gates); i++) {
    struct sl_gate_result r;
    run(gates[i].text, gates[i].first, &r);
    if (r.state != gates[i].want)
      fail_msg("%s, first: %s: %s, %s", gates[i].text, gates[i].first, sl_gate_word(r.state), r.why);
  }
  struct sl_gate_result r;
  run(gates[0].text, "pass", &r);
  assert_string_equal(r.why, "there is no champion yet; first: pass");
  struct sl_gate *g;
  assert_int_equal(sl_gate_parse(&g, SL_STR("metrics.a > champion.metrics.b"), NULL), SL_OK);
  assert_true(sl_gate_champion(g));
  sl_gate_free(g);
  assert_int_equal(sl_gate_parse(&g, SL_STR("metrics.champion > 1"), NULL), SL_OK);
  assert_false(sl_gate_champion(g));
  sl_gate_free(g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mistakes_are_told_with_their_column),
    cmocka_unit_test(too_much_is_refused),
    cmocka_unit_test(each_gate_has_its_verdict),
    cmocka_unit_test(it_is_told_in_words),
    cmocka_unit_test(without_a_champion_first_decides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
