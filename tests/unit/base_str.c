/* Borrowed bytes: comparing, finding, numbers, distance. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "base/str.h"

static void compares(void **state)
{
  (void)state;
  assert_true(sl_str_eq(SL_STR_NONE, SL_STR("")));
  assert_true(sl_str_eqz(SL_STR("abc"), "abc"));
  assert_false(sl_str_eqz(SL_STR("abc"), "abd"));
  assert_false(sl_str_eq(SL_STR("a\0b"), SL_STR("a\0c")));
  assert_true(sl_str_ieq(SL_STR("Content-TYPE"), SL_STR("content-type")));
  assert_false(sl_str_ieq(SL_STR("\xc3\x84"), SL_STR("\xc3\xa4"))); /* ASCII only */
  assert_false(sl_str_ieq(SL_STR("@"), SL_STR("`")));
  assert_true(sl_str_cmp(SL_STR("ab"), SL_STR("abc")) < 0);
  assert_true(sl_str_cmp(SL_STR("b"), SL_STR("abc")) > 0);
  assert_true(sl_str_cmp(SL_STR("\xff"), SL_STR("a")) > 0); /* bytes are unsigned */
  assert_int_equal(sl_str_cmp(SL_STR_NONE, SL_STR("")), 0);
  assert_true(sl_str_starts(SL_STR("abc"), SL_STR("ab")) && sl_str_starts(SL_STR("abc"), SL_STR_NONE));
  assert_false(sl_str_starts(SL_STR("ab"), SL_STR("abc")));
  assert_true(sl_str_ends(SL_STR("abc"), SL_STR("bc")));
  assert_false(sl_str_ends(SL_STR("abc"), SL_STR("ab")));
}

static void finds(void **state)
{
  (void)state;
  struct sl_str s = SL_STR("a\0bcbc");
  assert_int_equal(sl_str_find(s, SL_STR("bc")), 2);
  assert_int_equal(sl_str_find(s, SL_STR("cc")), -1);
  assert_int_equal(sl_str_find(s, SL_STR_NONE), 0);
  assert_int_equal(sl_str_find(SL_STR_NONE, SL_STR("x")), -1);
  assert_int_equal(sl_str_chr(s, 'c'), 3);
  assert_int_equal(sl_str_rchr(s, 'c'), 5);
  assert_int_equal(sl_str_rchr(s, 'x'), -1);
  assert_true(sl_str_eqz(sl_str_from(SL_STR("abc"), 2), "c"));
  assert_int_equal(sl_str_from(SL_STR("abc"), 9).n, 0);
  assert_int_equal(sl_str_head(SL_STR("abc"), 9).n, 3);
  assert_true(sl_str_eqz(sl_str_trim(SL_STR(" \t\v a b\r\n")), "a b"));
  assert_int_equal(sl_str_trim(SL_STR(" \n ")).n, 0);
}

static void cuts(void **state)
{
  (void)state;
  static const char *const want[] = {"a", "", "b", ""};
  struct sl_str rest = SL_STR("a,,b,"), out;
  for (size_t i = 0; i < 4; i++) {
    assert_true(sl_str_cut(&rest, ',', &out));
    assert_true(sl_str_eqz(out, want[i]));
  }
  assert_false(sl_str_cut(&rest, ',', &out));
  rest = SL_STR("");
  assert_true(sl_str_cut(&rest, ',', &out)); /* an empty text has one empty field */
  assert_false(sl_str_cut(&rest, ',', &out));
}

static void reads_integers(void **state)
{
  (void)state;
  int64_t i = 7;
  uint64_t u = 7;
  assert_true(sl_str_i64(SL_STR("-9223372036854775808"), &i) && i == INT64_MIN);
  assert_true(sl_str_i64(SL_STR("9223372036854775807"), &i) && i == INT64_MAX);
  assert_true(sl_str_i64(SL_STR("+12"), &i) && i == 12);
  assert_true(sl_str_i64(SL_STR("-0"), &i) && i == 0);
  assert_true(sl_str_u64(SL_STR("18446744073709551615"), &u) && u == UINT64_MAX);
  i = 7;
  u = 7;
  static const char *const bad[] = {"", "-", "+", "1 ", " 1", "1.0", "0x1", "--1", "1e3", "99999999999999999999", "12\n"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    assert_false(sl_str_i64(sl_str(bad[k]), &i));
    assert_false(sl_str_u64(sl_str(bad[k]), &u));
  }
  assert_false(sl_str_i64(SL_STR("9223372036854775808"), &i));
  assert_false(sl_str_i64(SL_STR("-9223372036854775809"), &i));
  assert_false(sl_str_u64(SL_STR("18446744073709551616"), &u));
  assert_false(sl_str_u64(SL_STR("-1"), &u));
  assert_false(sl_str_u64(SL_STR("1\0" "2"), &u));
  assert_true(i == 7 && u == 7); /* untouched on failure */
}

static void reads_floats(void **state)
{
  (void)state;
  static const struct { const char *text; double v; } good[] = {
    {"0", 0}, {"1.5", 1.5}, {".5", 0.5}, {"5.", 5}, {"-2e3", -2000}, {"+1E-2", 0.01}, {"1e-400", 0}, {"5e-324", 5e-324},
    {"1.7976931348623157e308", 1.7976931348623157e308}, {"0.1", 0.1}, {"inf", HUGE_VAL}, {"-Infinity", -HUGE_VAL}, {"+INF", HUGE_VAL},
  };
  double v;
  for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
    assert_true(sl_str_f64(sl_str(good[k].text), &v));
    assert_memory_equal(&v, &good[k].v, sizeof v);
  }
  assert_true(sl_str_f64(SL_STR("NaN"), &v) && isnan(v));
  assert_true(sl_str_f64(SL_STR("-0"), &v) && v == 0 && signbit(v));
  static const char *const bad[] = {"", ".", "-", "e5", "1e", "1e+", "0x10", "0x1p3", " 1", "1 ", "1,5", "1e999", "-1e999", "infin",
    "nan(1)", "1_000", "--1", "+-1", "1.2.3"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
    assert_false(sl_str_f64(sl_str(bad[k]), &v));
  char digits[SL_STR_F64_MAX + 1];
  memset(digits, '1', sizeof digits);
  assert_true(sl_str_f64(sl_strn(digits, 300), &v));
  digits[0] = '0';
  digits[1] = '.';
  assert_true(sl_str_f64(sl_strn(digits, SL_STR_F64_MAX), &v));
  assert_false(sl_str_f64(sl_strn(digits, SL_STR_F64_MAX + 1), &v));
}

static void measures_distance(void **state)
{
  (void)state;
  assert_int_equal(sl_str_distance(SL_STR("kitten"), SL_STR("sitting"), 9), 3);
  assert_int_equal(sl_str_distance(SL_STR("wehre"), SL_STR("where"), 9), 1); /* swapped */
  assert_int_equal(sl_str_distance(SL_STR("abc"), SL_STR("abc"), 0), 0);
  assert_int_equal(sl_str_distance(SL_STR("abc"), SL_STR("xyz"), 1), 2); /* cap + 1 */
  assert_int_equal(sl_str_distance(SL_STR(""), SL_STR("abcdef"), 3), 4);
  static const char *const names[] = {"connections", "executions", "experiments", "runs"};
  assert_string_equal(sl_str_nearest(SL_STR("conections"), names, 4), "connections");
  assert_string_equal(sl_str_nearest(SL_STR("rusn"), names, 4), "runs");
  assert_null(sl_str_nearest(SL_STR("zones"), names, 4));
  assert_null(sl_str_nearest(SL_STR("x"), names, 0));
}

/* The vectors are CPython's: its bytes hash is SipHash-1-3, with a key of zeros under PYTHONHASHSEED=0. */
static void hashes(void **state)
{
  (void)state;
  assert_true(sl_str_hash(SL_STR("a")) == sl_str_hash(SL_STR("a")));
  assert_true(sl_str_hash(SL_STR("a")) != sl_str_hash(SL_STR("b")));
  assert_true(sl_str_hash(SL_STR("a")) != sl_str_hash(SL_STR("a\0")));
  assert_true(sl_str_hash(SL_STR_NONE) == sl_str_hash(SL_STR("")));
  assert_int_equal(sl_str_hash_keyed(SL_STR("a"), 0, 0), 0x407448d2b89b1813u);
  assert_int_equal(sl_str_hash_keyed(SL_STR("abcdefgh"), 0, 0), 0x3f7b849c0b8e35eau);
  assert_int_equal(sl_str_hash_keyed(SL_STR("sluice: fifteen"), 0, 0), 0x7b8cb9807f2911d0u);
  char bytes[63];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)i;
  assert_int_equal(sl_str_hash_keyed(sl_strn(bytes, sizeof bytes), 0, 0), 0x385d3e39e5f37359u);
  assert_true(sl_str_hash_keyed(SL_STR("a"), 0, 0) != sl_str_hash_keyed(SL_STR("a"), 0, 1));
}

/* Just above half way between two floats: a double would hide that. */
static void floats_are_rounded_once(void **state)
{
  float f = 0;
  double d;
  (void)state;
  assert_true(sl_str_f32(SL_STR("1.00000005960464477539062500000001"), &f) && f == 1.00000011920928955f);
  assert_true(sl_str_f64(SL_STR("1.00000005960464477539062500000001"), &d) && (float)d == 1.0f);
  assert_true(sl_str_f32(SL_STR("-inf"), &f) && f < 0 && isinf(f));
  assert_true(sl_str_f32(SL_STR("NaN"), &f) && isnan(f));
  assert_false(sl_str_f32(SL_STR("1e39"), &f));
  assert_false(sl_str_f32(SL_STR("0x1p3"), &f));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(floats_are_rounded_once),
    cmocka_unit_test(compares), cmocka_unit_test(finds), cmocka_unit_test(cuts), cmocka_unit_test(reads_integers),
    cmocka_unit_test(reads_floats), cmocka_unit_test(measures_distance), cmocka_unit_test(hashes),
  };
  return cmocka_run_group_tests_name("base_str", tests, NULL, NULL);
}
