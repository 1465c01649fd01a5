/* Error values: codes, their exits, and texts that are cut at a character. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"

static void codes_have_names_and_exits(void **state)
{
  (void)state;
  assert_string_equal(sl_code_name(SL_OK), "OK");
  assert_string_equal(sl_code_name(SL_ENOENT), "ENOENT");
  assert_string_equal(sl_code_words(SL_ENOENT), "not found");
  assert_string_equal(sl_code_words(SL_OK), "ok");
  assert_int_equal(sl_code_exit(SL_OK), 0);
  assert_int_equal(sl_code_exit(SL_EUSAGE), 2);
  assert_int_equal(sl_code_exit(SL_ENET), 3);
  assert_int_equal(sl_code_exit(SL_EBREACH), 4);
  assert_int_equal(sl_code_exit(SL_EPARTIAL), 5);
  assert_int_equal(sl_code_exit(SL_EINTERNAL), 1);
  static const int none[] = {1, -1, SL_CODE_FIRST_, SL_CODE_LAST_, -2000000000, 2000000000};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
    assert_string_equal(sl_code_name(none[i]), "?");
    assert_string_equal(sl_code_words(none[i]), "unknown code");
    assert_int_equal(sl_code_exit(none[i]), 1);
  }
  for (int code = SL_CODE_FIRST_ + 1; code < SL_CODE_LAST_; code++)
    assert_true(code < 0 && sl_code_exit(code) > 0 && sl_code_words(code)[0]);
}

static void texts(void **state)
{
  (void)state;
  struct sl_err err = {0};
  assert_int_equal(sl_err_set(&err, SL_EPARSE, "%s:%d: bad", "f", 3), SL_EPARSE);
  assert_int_equal(err.code, SL_EPARSE);
  assert_string_equal(err.msg, "f:3: bad");
  sl_err_prefix(&err, "in %s", "x");
  assert_string_equal(err.msg, "in x: f:3: bad");
  assert_int_equal(err.code, SL_EPARSE);
  assert_int_equal(sl_err_sys(&err, ENOENT, "cannot open %s", "/x"), SL_ENOENT);
  assert_string_equal(err.msg, "cannot open /x: No such file or directory");
  assert_int_equal(sl_err_sys(NULL, EACCES, "x"), SL_EDENIED);
  assert_int_equal(sl_err_sys(NULL, EEXIST, "x"), SL_EEXIST);
  assert_int_equal(sl_err_sys(NULL, ENOMEM, "x"), SL_ENOMEM);
  assert_int_equal(sl_err_sys(NULL, ENOSPC, "x"), SL_EIO);
  assert_int_equal(sl_err_nomem(&err), SL_ENOMEM);
  assert_string_equal(err.msg, "out of memory");
  sl_err_clear(&err);
  assert_true(err.code == SL_OK && !err.msg[0]);
  assert_int_equal(sl_err_set(NULL, SL_EIO, "x"), SL_EIO);
  sl_err_prefix(NULL, "x");
  sl_err_clear(NULL);
}

/* 300 bytes of three-byte characters, shifted by 0, 1, 2: whichever way the text was made, no character is halved. */
static void cut_at_a_character(void **state)
{
  (void)state;
  char euros[301];
  for (size_t i = 0; i < 300; i++)
    euros[i] = "\xe2\x82\xac"[i % 3];
  euros[300] = 0;
  for (int shift = 0; shift < 3; shift++) {
    struct sl_err err;
    sl_err_set(&err, SL_EIO, "%.*s%s", shift, "ab", euros);
    assert_true(sl_utf8_valid(sl_str(err.msg)) && strlen(err.msg) > 250);
    sl_err_sys(&err, EIO, "%.*s%s", shift, "ab", euros);
    assert_true(sl_utf8_valid(sl_str(err.msg)) && strlen(err.msg) > 250);
    sl_err_set(&err, SL_EIO, "%s", euros);
    sl_err_prefix(&err, "%.*s", shift, "ab");
    assert_true(sl_utf8_valid(sl_str(err.msg)) && strlen(err.msg) > 250);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(codes_have_names_and_exits), cmocka_unit_test(texts), cmocka_unit_test(cut_at_a_character),
  };
  return cmocka_run_group_tests_name("base_err", tests, NULL, NULL);
}
