/* Strict decoding of every code point and of what is none, and widths. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"

static void every_code_point_goes_round(void **state)
{
  (void)state;
  for (uint32_t cp = 0; cp < 0x110000; cp++) {
    char out[4];
    uint32_t back = 0;
    int n = sl_utf8_put(cp, out);
    if (cp >= 0xd800 && cp <= 0xdfff) {
      assert_int_equal(n, 0);
      continue;
    }
    if (n != (cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4) || sl_utf8_next(sl_strn(out, (size_t)n), &back) != n || back != cp)
      fail_msg("U+%04X does not go round", cp);
    if (n > 1 && sl_utf8_next(sl_strn(out, (size_t)n - 1), &back) != -1) /* cut off */
      fail_msg("U+%04X cut off is taken", cp);
  }
  char out[4];
  assert_int_equal(sl_utf8_put(0x110000, out), 0);
}

static void refuses_what_is_none(void **state)
{
  (void)state;
  static const char *const bad[] = {
    "\x80", "\xbf", "\xfe", "\xff", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xe2\x82(", "\xc3(",
    "\xf0\x9f\x98", "\xf0(\x98\x80",
  };
  uint32_t cp;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(sl_utf8_next(sl_str(bad[i]), &cp), -1);
    assert_false(sl_utf8_valid(sl_str(bad[i])));
  }
  assert_int_equal(sl_utf8_next(SL_STR_NONE, &cp), 0);
  assert_true(sl_utf8_valid(SL_STR("a\0\xc3\xa9\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf")));
}

static void widths(void **state)
{
  (void)state;
  static const struct { uint32_t cp; int width; } cases[] = {
    {0, -1}, {0x1b, -1}, {0x7f, -1}, {0x9b, -1}, {'a', 1}, {0xa9, 1}, {0x2ff, 1}, {0x301, 0}, {0x20e3, 0}, {0x2026, 1}, {0xb1, 1},
    {0x4e00, 2}, {0xac00, 2}, {0xff41, 2}, {0x1f600, 2}, {0x2500, 1}, {0x28ff, 1}, {0x1100, 2}, {0x1161, 0}, {0x11a8, 0},
    {0xd7b0, 0}, {0xd7fb, 0}, {0x115f, 2}, {0x1160, 0}, {0x11ff, 0},
    {0x0903, 1}, {0xfdfd, 1}, {0x20ac, 1}, {0x3000, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    if (sl_cp_width(cases[i].cp) != cases[i].width)
      fail_msg("U+%04X is %d wide, not %d", cases[i].cp, sl_cp_width(cases[i].cp), cases[i].width);
  assert_true(sl_cp_combining(0x301) && !sl_cp_combining('a') && !sl_cp_combining(0x4e00));
  assert_int_equal(sl_cp_lower('A'), 'a');
  assert_int_equal(sl_cp_lower('@'), '@');
  assert_int_equal(sl_cp_lower(0xc4), 0xe4);
  assert_int_equal(sl_cp_lower(0x416), 0x436);
}

static void cuts_at_a_character(void **state)
{
  (void)state;
  struct sl_str s = SL_STR("a\xe2\x82\xac\xf0\x9f\x98\x80"); /* a € 😀 */
  static const size_t want[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
  for (size_t max = 0; max < 10; max++)
    assert_int_equal(sl_utf8_cut(s, max), want[max]);
  assert_int_equal(sl_utf8_cut(sl_strn(s.p, 6), 100), 4); /* cut off before us */
  assert_int_equal(sl_utf8_cut(SL_STR_NONE, 5), 0);
  assert_int_equal(sl_utf8_cut(SL_STR("\x80\x80\x80\x80"), 4), 4); /* no beginning in sight: left alone */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_code_point_goes_round), cmocka_unit_test(refuses_what_is_none), cmocka_unit_test(widths),
    cmocka_unit_test(cuts_at_a_character),
  };
  return cmocka_run_group_tests_name("base_utf8", tests, NULL, NULL);
}
