/* Columns: values, holes, texts, and memory that is kept from block to block. */
#include "compute/col.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_and_holes(void **state)
{
  struct sl_column c;
  (void)state;
  assert_int_equal(sl_column_init(&c, "x", SL_COLUMN_F32, NULL), SL_OK);
  for (int i = 0; i < 5000; i++)
    assert_int_equal(i % 3 ? sl_column_put_f64(&c, i, NULL) : sl_column_put_null(&c, NULL), SL_OK);
  assert_int_equal(c.n, 5000);
  assert_int_equal(c.nulls, 1667);
  assert_int_equal((uintptr_t)c.v.f32 % SL_COLUMN_ALIGN, 0);
  for (int i = 0; i < 5000; i++) {
    assert_int_equal(sl_column_has(&c, (size_t)i), i % 3 != 0);
    assert_true(i % 3 ? sl_column_f64(&c, (size_t)i) == i : isnan(sl_column_f64(&c, (size_t)i)));
  }
  size_t cap = c.cap;
  sl_column_clear(&c);
  assert_int_equal(c.n + c.nulls, 0);
  assert_int_equal(sl_column_put_f64(&c, NAN, NULL), SL_OK);
  assert_true(sl_column_has(&c, 0)); /* NaN is a value */
  assert_int_equal(c.cap, cap);
  sl_column_free(&c);
}

static void wide_integers_stay_exact(void **state)
{
  struct sl_column c;
  (void)state;
  assert_int_equal(sl_column_init(&c, NULL, SL_COLUMN_I64, NULL), SL_OK);
  assert_int_equal(sl_column_put_i64(&c, INT64_C(9007199254740993), NULL), SL_OK);
  assert_true(c.v.i64[0] == INT64_C(9007199254740993));
  sl_column_free(&c);
  assert_int_equal(sl_column_init(&c, NULL, SL_COLUMN_BOOL, NULL), SL_OK);
  assert_int_equal(sl_column_put_i64(&c, 7, NULL), SL_OK);
  assert_true(sl_column_f64(&c, 0) == 1);
  assert_int_equal(sl_column_put_text(&c, SL_STR("x"), NULL), SL_EINTERNAL);
  sl_column_free(&c);
}

static void texts(void **state)
{
  struct sl_column t, d;
  (void)state;
  static const char *const words[] = { "red", "", "green", "red" };
  assert_int_equal(sl_column_init(&t, "t", SL_COLUMN_TEXT, NULL), SL_OK);
  assert_int_equal(sl_column_init(&d, "d", SL_COLUMN_DICT, NULL), SL_OK);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(sl_column_put_text(&t, sl_str(words[i]), NULL), SL_OK);
    assert_int_equal(sl_column_put_text(&d, sl_str(words[i]), NULL), SL_OK);
  }
  assert_int_equal(sl_column_put_null(&t, NULL), SL_OK);
  assert_int_equal(sl_column_put_null(&d, NULL), SL_OK);
  for (size_t i = 0; i < 4; i++) {
    assert_true(sl_str_eqz(sl_column_text(&t, i), words[i]));
    assert_true(sl_str_eqz(sl_column_text(&d, i), words[i]));
  }
  assert_null(sl_column_text(&t, 4).p);
  assert_null(sl_column_text(&d, 4).p);
  assert_int_equal(sl_column_dict_count(&d), 3);
  assert_int_equal(d.v.code[3], 0);
  sl_column_clear(&d);
  assert_int_equal(sl_column_dict_count(&d), 3); /* codes keep their meaning from block to block */
  sl_column_free(&t);
  sl_column_free(&d);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_and_holes),
    cmocka_unit_test(wide_integers_stay_exact),
    cmocka_unit_test(texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
