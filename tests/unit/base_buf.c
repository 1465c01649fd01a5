/* The growing buffer: sticky failure, the cap, itself as a source, and reading back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void writes(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_string_equal(sl_buf_zstr(&b), "");
  assert_int_equal(sl_buf_view(&b).n, 0);
  sl_buf_z(&b, "ab");
  sl_buf_ch(&b, 'c');
  sl_buf_str(&b, SL_STR("d\0e"));
  sl_buf_fill(&b, '-', 3);
  sl_buf_printf(&b, "%s=%d", "x", -7);
  sl_buf_u8(&b, 0x20ac);
  sl_buf_u8(&b, 0xd800); /* no character: nothing */
  sl_buf_le(&b, 0x0201, 2);
  sl_buf_add(&b, NULL, 0);
  sl_buf_z(&b, NULL);
  assert_int_equal(sl_buf_check(&b, NULL), SL_OK);
  assert_true(sl_str_eq(sl_buf_view(&b), SL_STR("abcd\0e---x=-7\xe2\x82\xac\x01\x02")));
  assert_int_equal(b.p[b.n], 0);
  sl_buf_drop(&b, 9);
  assert_true(sl_str_starts(sl_buf_view(&b), SL_STR("x=-7")));
  sl_buf_cut(&b, 4);
  sl_buf_cut(&b, 100);
  assert_int_equal(b.n, 4);
  assert_string_equal(sl_buf_zstr(&b), "x=-7");
  sl_buf_drop(&b, 100);
  assert_int_equal(b.n, 0);
  sl_buf_clear(&b);
  sl_buf_free(&b);
  sl_buf_drop(&b, 1);
  sl_buf_cut(&b, 0);
  sl_buf_free(&b);
}

static void the_cap_sticks(void **state)
{
  (void)state;
  struct sl_err err = {0};
  struct sl_buf b;
  sl_buf_init(&b, 10);
  sl_buf_z(&b, "0123456789");
  assert_int_equal(sl_buf_check(&b, NULL), SL_OK); /* exactly the cap */
  sl_buf_ch(&b, 'x');
  assert_int_equal(sl_buf_check(&b, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "more than 10 bytes");
  sl_buf_cut(&b, 0);
  sl_buf_z(&b, "y"); /* would fit, but what came before was lost */
  assert_int_equal(b.n, 0);
  size_t n = 9;
  assert_null(sl_buf_take(&b, &n));
  assert_int_equal(n, 0);
  assert_int_equal(sl_buf_check(&b, NULL), SL_OK); /* take made it new */
  sl_buf_printf(&b, "%020d", 1);
  assert_int_equal(b.failed, SL_ELIMIT);
  sl_buf_clear(&b);
  sl_buf_z(&b, "z");
  assert_string_equal(sl_buf_zstr(&b), "z");
  assert_null(sl_buf_room(&b, SIZE_MAX));
  assert_int_equal(b.failed, SL_ELIMIT);
  sl_buf_wrote(&b, 5); /* ignored after a failure */
  assert_int_equal(b.n, 1);
  sl_buf_free(&b);
}

static void a_zeroed_buffer_works(void **state)
{
  (void)state;
  struct sl_buf b = {0};
  sl_buf_z(&b, "x");
  assert_string_equal(sl_buf_zstr(&b), "x");
  sl_buf_fill(&b, 'y', 16 << 20);
  assert_int_equal(b.failed, SL_ELIMIT); /* 16 MiB without being told */
  sl_buf_free(&b);
}

static void takes_itself(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "0123456789");
  for (int i = 0; i < 8; i++)
    sl_buf_str(&b, sl_buf_view(&b)); /* growing moves what is read */
  assert_int_equal(b.n, 2560);
  for (size_t i = 0; i < b.n; i++)
    assert_int_equal(b.p[i], '0' + (char)(i % 10));
  sl_buf_free(&b);
}

static void hands_over(void **state)
{
  (void)state;
  struct sl_buf b;
  size_t n;
  sl_buf_init(&b, 0);
  char *p = sl_buf_take(&b, &n);
  assert_true(p && n == 0 && !*p); /* nothing written is an empty text, not a failure */
  sl_free(p);
  sl_buf_z(&b, "mine");
  p = sl_buf_take(&b, NULL);
  assert_string_equal(p, "mine");
  assert_true(b.n == 0 && !b.p);
  sl_buf_z(&b, "next");
  assert_string_equal(sl_buf_zstr(&b), "next");
  sl_buf_free(&b);
  sl_free(p);
}

static void room_is_written_in_place(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  char *to = sl_buf_room(&b, 100);
  assert_non_null(to);
  memcpy(to, "abc", 3);
  sl_buf_wrote(&b, 3);
  assert_string_equal(sl_buf_zstr(&b), "abc");
  sl_buf_wipe(&b);
  assert_null(b.p);
}

static void secrets_move_by_hand(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init_secret(&b, 0);
  for (int i = 0; i < 1000; i++)
    sl_buf_printf(&b, "%04d", i);
  assert_int_equal(b.n, 4000);
  assert_memory_equal(b.p + 3996, "0999", 5);
  sl_buf_free(&b);
  assert_true(b.secret);
}

static void reads_back(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (unsigned bytes = 1; bytes <= 8; bytes++)
    sl_buf_le(&b, 0x8877665544332211u, bytes);
  sl_buf_lstr(&b, SL_STR("text"));
  sl_buf_lstr(&b, SL_STR_NONE);
  struct sl_rd r = sl_rd(sl_buf_view(&b));
  for (unsigned bytes = 1; bytes <= 8; bytes++)
    assert_int_equal(sl_rd_le(&r, bytes), bytes == 8 ? 0x8877665544332211u : 0x8877665544332211u & ((UINT64_C(1) << 8 * bytes) - 1));
  assert_true(sl_str_eqz(sl_rd_lstr(&r), "text"));
  assert_int_equal(sl_rd_lstr(&r).n, 0);
  assert_false(r.bad);
  assert_true(r.p == r.end);
  assert_int_equal(sl_rd_le(&r, 1), 0);
  assert_true(r.bad);
  sl_buf_free(&b);
}

static void reading_too_far_sticks(void **state)
{
  (void)state;
  struct sl_rd r = sl_rd(SL_STR("\xff\xff\xff\xff" "abc")); /* a length of 4 GiB over three bytes */
  assert_null(sl_rd_lstr(&r).p);
  assert_true(r.bad);
  assert_int_equal(sl_rd_le(&r, 1), 0); /* though a byte is there */
  assert_null(sl_rd_bytes(&r, 0).p);
  r = sl_rd(SL_STR("abc"));
  assert_int_equal(sl_rd_le(&r, 4), 0);
  assert_true(r.bad);
  r = sl_rd(SL_STR("0123456789"));
  (void)sl_rd_le(&r, 9);
  assert_true(r.bad);
  r = sl_rd(SL_STR_NONE);
  assert_int_equal(sl_rd_bytes(&r, 0).n, 0);
  assert_false(r.bad);
}

#if SL_FAULTS
static void survives_no_memory(void **state)
{
  (void)state;
  int64_t before = sl_alloc_live();
  int rc = SL_ENOMEM;
  long fail = 0;
  for (; rc != SL_OK; fail++) {
    for (int secret = 0; secret < 2; secret++) {
      struct sl_err err = {0};
      struct sl_buf b;
      if (secret)
        sl_buf_init_secret(&b, 0);
      else
        sl_buf_init(&b, 0);
      sl_fault_alloc(fail, 0);
      for (int i = 0; i < 500; i++)
        sl_buf_printf(&b, "%03d", i);
      sl_fault_alloc(-1, 0);
      rc = sl_buf_check(&b, &err);
      assert_true(rc == SL_OK || (rc == SL_ENOMEM && strcmp(err.msg, "out of memory") == 0));
      if (rc == SL_OK)
        assert_int_equal(b.n, 1500);
      else
        assert_null(sl_buf_take(&b, NULL));
      sl_buf_free(&b);
      assert_int_equal(sl_alloc_live(), before);
    }
  }
  assert_true(fail > 4); /* it did grow several times */
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes), cmocka_unit_test(the_cap_sticks), cmocka_unit_test(a_zeroed_buffer_works), cmocka_unit_test(takes_itself),
    cmocka_unit_test(hands_over), cmocka_unit_test(room_is_written_in_place), cmocka_unit_test(secrets_move_by_hand),
    cmocka_unit_test(reads_back), cmocka_unit_test(reading_too_far_sticks),
#if SL_FAULTS
    cmocka_unit_test(survives_no_memory),
#endif
  };
  return cmocka_run_group_tests_name("base_buf", tests, NULL, NULL);
}
