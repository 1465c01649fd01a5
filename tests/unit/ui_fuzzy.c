/* tests/unit/ui_fuzzy.c: what the palette finds first. */
#include "ui/ui_int.h" /* lint-ok: internal: the matcher has no public face */
#include "ui_test.h"

static int score(const char *pat, const char *text) { return sl_fuzzy(sl_str(pat), sl_str(text)); }

static void matches_in_order(void **state)
{
  (void)state;
  assert_true(score("exe", "executions") >= 0);
  assert_true(score("EXE", "executions") >= 0);
  assert_true(score("exe", "EXECUTIONS") >= 0);
  assert_true(score("", "anything") >= -200 && score("", "") >= 0);
  assert_int_equal(score("exx", "executions"), -1);
  assert_int_equal(score("snoitucexe", "executions"), -1);
  assert_int_equal(score("executionss", "executions"), -1);
  assert_int_equal(score("a", ""), -1);
}

static void better_comes_first(void **state)
{
  (void)state;
  static const struct { const char *pat, *better, *worse; } pairs[] = {
    {"runs", "runs", "runs of an experiment"}, /* the whole name */
    {"run", "runs", "drum n"},                 /* a beginning */
    {"job", "jobs", "object b"},               /* one run of letters */
    {"et", "export table", "delete"},          /* starts of words */
    {"cp", "compare-partitions", "recipe"},
    {"a", "ab", "abcdefghijklmnop"},           /* the shorter */
  };
  for (size_t i = 0; i < LEN(pairs); i++) {
    int good = score(pairs[i].pat, pairs[i].better), bad = score(pairs[i].pat, pairs[i].worse);
    if (good <= bad)
      print_error("%s: %s %d, %s %d\n", pairs[i].pat, pairs[i].better, good, pairs[i].worse, bad);
    assert_true(good > bad);
  }
}

static void hostile_is_fine(void **state)
{
  (void)state;
  for (size_t i = 0; i < LEN(hostile); i++)
    for (size_t k = 0; k < LEN(hostile); k++) {
      int s = sl_fuzzy(sl_strn(hostile[i].p, hostile[i].n), sl_strn(hostile[k].p, hostile[k].n));
      assert_true(i != k || s > -1 || !hostile[i].n);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(matches_in_order), cmocka_unit_test(better_comes_first), cmocka_unit_test(hostile_is_fine)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
