/* Digests against published vectors, random bytes, and the map. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"

static void assert_digest(struct sl_sha256 d, const char *hex)
{
  char got[65];
  sl_sha256_hex(&d, got);
  assert_string_equal(got, hex);
}

/* FIPS 180-4's examples. */
static void sha256_vectors(void **state)
{
  (void)state;
  assert_digest(sl_sha256(SL_STR_NONE), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_digest(sl_sha256(SL_STR("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  struct sl_sha256_ctx *c = NULL;
  assert_int_equal(sl_sha256_open(&c, NULL), SL_OK);
  sl_sha256_add(c, NULL, 0);
  for (int i = 0; i < 1000; i++) { /* a million a, in pieces */
    char a[1000];
    memset(a, 'a', sizeof a);
    sl_sha256_add(c, a, sizeof a);
  }
  assert_digest(sl_sha256_end(&c), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  assert_null(c);
}

/* RFC 4231, cases 1, 2, 6. */
static void hmac_vectors(void **state)
{
  (void)state;
  char key[131];
  memset(key, 0x0b, 20);
  assert_digest(sl_hmac_sha256(sl_strn(key, 20), SL_STR("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  assert_digest(sl_hmac_sha256(SL_STR("Jefe"), SL_STR("what do ya want for nothing?")),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  memset(key, 0xaa, sizeof key);
  assert_digest(sl_hmac_sha256(sl_strn(key, sizeof key), SL_STR("Test Using Larger Than Block-Size Key - Hash Key First")),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void random_bytes(void **state)
{
  (void)state;
  unsigned char a[32] = {0}, b[32] = {0};
  assert_int_equal(sl_random(a, sizeof a, NULL), SL_OK);
  assert_int_equal(sl_random(b, sizeof b, NULL), SL_OK);
  assert_memory_not_equal(a, b, sizeof a);
  char u[37], v[37];
  assert_int_equal(sl_uuid4(u, NULL), SL_OK);
  assert_int_equal(sl_uuid4(v, NULL), SL_OK);
  assert_string_not_equal(u, v);
  assert_int_equal(strlen(u), 36);
  assert_true(u[8] == '-' && u[13] == '-' && u[18] == '-' && u[23] == '-' && u[14] == '4' && strchr("89ab", u[19]));
#if SL_FAULTS
  struct sl_err err = {0};
  sl_fault_io_after(0, 0, EIO);
  assert_int_equal(sl_uuid4(u, &err), SL_EIO);
  assert_string_equal(err.msg, "no random bytes from the system: Input/output error");
#endif
}

static void map_keeps(void **state)
{
  (void)state;
  struct sl_map m;
  uint64_t v;
  size_t at;
  char key[24];
  sl_map_init(&m);
  assert_false(sl_map_get(&m, SL_STR("x"), &v));
  for (unsigned i = 0; i < 5000; i++) {
    int n = snprintf(key, sizeof key, "key %u", i);
    assert_int_equal(sl_map_put(&m, sl_strn(key, (size_t)n), i * 3u, &at, NULL), SL_OK);
    assert_int_equal(at, i);
  }
  assert_int_equal(sl_map_count(&m), 5000);
  for (unsigned i = 0; i < 5000; i++) {
    int n = snprintf(key, sizeof key, "key %u", i);
    assert_true(sl_map_get(&m, sl_strn(key, (size_t)n), &v) && v == i * 3u);
    assert_true(sl_str_eqz(sl_map_key(&m, i), key)); /* in order */
  }
  assert_false(sl_map_get(&m, SL_STR("key 5000"), NULL));
  assert_int_equal(sl_map_put(&m, SL_STR("key 7"), 70, &at, NULL), SL_OK); /* replaces, keeps its place */
  assert_true(at == 7 && sl_map_value(&m, 7) == 70 && sl_map_count(&m) == 5000);
  sl_map_set(&m, 8, 80);
  assert_true(sl_map_get(&m, SL_STR("key 8"), &v) && v == 80);
  assert_true(sl_map_find(&m, SL_STR("key 9"), &at) && at == 9);
  assert_null(sl_map_key(&m, 5000).p);
  assert_int_equal(sl_map_value(&m, 5000), 0);
  sl_map_free(&m);
  assert_int_equal(sl_map_count(&m), 0);
}

static void map_takes_any_bytes(void **state)
{
  (void)state;
  struct sl_map m;
  uint64_t v;
  sl_map_init(&m);
  assert_int_equal(sl_map_put(&m, SL_STR_NONE, 1, NULL, NULL), SL_OK);
  assert_int_equal(sl_map_put(&m, SL_STR("a"), 2, NULL, NULL), SL_OK);
  assert_int_equal(sl_map_put(&m, SL_STR("a\0"), 3, NULL, NULL), SL_OK);
  assert_int_equal(sl_map_count(&m), 3);
  assert_true(sl_map_get(&m, SL_STR(""), &v) && v == 1);
  assert_true(sl_map_get(&m, SL_STR("a"), &v) && v == 2);
  assert_true(sl_map_get(&m, SL_STR("a\0"), &v) && v == 3);
  sl_map_free(&m);
}

#if SL_FAULTS
/* Fifty entries with the Nth allocation failing, until it goes through; what was put before stays. */
static void map_survives_no_memory(void **state)
{
  (void)state;
  int rc = SL_ENOMEM;
  int64_t before = sl_alloc_live();
  for (long fail = 0; rc != SL_OK; fail++) {
    struct sl_map m;
    uint64_t v;
    unsigned i = 0;
    sl_map_init(&m);
    sl_fault_alloc(fail, 0);
    for (rc = SL_OK; i < 50 && rc == SL_OK; i++) {
      char key[12];
      int n = snprintf(key, sizeof key, "k%u", i);
      rc = sl_map_put(&m, sl_strn(key, (size_t)n), i, NULL, NULL);
    }
    sl_fault_alloc(-1, 0);
    assert_true(rc == SL_OK || rc == SL_ENOMEM);
    assert_int_equal(sl_map_count(&m), rc ? i - 1 : 50);
    if (sl_map_count(&m))
      assert_true(sl_map_get(&m, SL_STR("k0"), &v) && v == 0);
    assert_int_equal(sl_map_put(&m, SL_STR("after"), 9, NULL, NULL), SL_OK); /* still works */
    sl_map_free(&m);
    assert_int_equal(sl_alloc_live(), before);
  }
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sha256_vectors), cmocka_unit_test(hmac_vectors), cmocka_unit_test(random_bytes), cmocka_unit_test(map_keeps),
    cmocka_unit_test(map_takes_any_bytes),
#if SL_FAULTS
    cmocka_unit_test(map_survives_no_memory),
#endif
  };
  return cmocka_run_group_tests_name("base_hash", tests, NULL, NULL);
}
