/* tests/unit/table_batch.c: values, refs, keys, schemas, and batches in and out of their encoded form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "table/batch.h"

static const struct sl_col common[] = {
  { .name = "name", .type = SL_TEXT, .help = "what it is called" },
  { .name = "bytes", .type = SL_I64, .unit = "B" },
  { .name = "state", .type = SL_STATE },
  { .name = "started", .type = SL_TIME },
  { .name = "auc", .type = SL_F64 },
};
static const struct sl_col own[] = {
  { .name = "done", .type = SL_BOOL },
  { .name = "aliases", .type = SL_LIST },
  { .name = "metrics", .type = SL_FAMILY_F64 },
  { .name = "params", .type = SL_FAMILY_TEXT },
  { .name = "empty", .type = SL_TEXT },
};

static struct sl_schema *schema(void)
{
  struct sl_schema *s;
  struct sl_err err;
  assert_int_equal(sl_schema_new(&s, common, 5, own, 5, &err), SL_OK);
  assert_int_equal(sl_schema_set_resource(s, SL_STR("runs"), &err), SL_OK);
  return s;
}

static uint64_t seed = 88172645463325252u;
static uint32_t rnd(uint32_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

static struct sl_batch *batch(struct sl_schema *s, uint32_t rows, bool dels)
{
  static const char *const states[] = { "ok", "failed", "running", "" };
  struct sl_batch *b;
  struct sl_err err;
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  for (uint32_t i = 0; i < rows; i++) {
    char text[64];
    int n = snprintf(text, sizeof text, "id-%u%c%u", i, i % 7 ? '/' : 0, rnd(100));
    sl_batch_row(b, dels && i % 5 == 0 ? SL_DEL : SL_PUT, sl_strn(text, (size_t)n));
    if (i % 11 == 0)
      continue; /* a row of nulls */
    sl_batch_set(b, 0, sl_vs(sl_strn(text, (size_t)n)));
    sl_batch_set(b, 1, rnd(4) ? sl_vi((int64_t)rnd(1u << 30) << rnd(34)) : sl_null(SL_I64));
    sl_batch_set(b, 2, sl_vz(states[rnd(4)]));
    sl_batch_set(b, 3, sl_vt(1700000000000 + (int64_t)rnd(100000)));
    sl_batch_set(b, 4, sl_vf(rnd(9) ? rnd(1000) / 7.0 : NAN));
    sl_batch_set(b, 5, rnd(3) ? sl_vb(rnd(2)) : sl_null(SL_BOOL));
    struct sl_buf list;
    sl_buf_init(&list, 0);
    sl_buf_add(&list, "", 0);
    for (uint32_t k = rnd(3); k-- > 0;)
      sl_list_add(&list, sl_str(states[rnd(4)]));
    if (list.n)
      sl_batch_set(b, 6, sl_vas(SL_LIST, sl_buf_view(&list)));
    sl_buf_free(&list);
    for (uint32_t k = rnd(5); k-- > 0;) {
      snprintf(text, sizeof text, "key %u", rnd(40));
      sl_batch_key(b, 7, sl_str(text), sl_vf(rnd(100) / 10.0));
      sl_batch_key(b, 8, sl_str(text), sl_vz("v"));
    }
  }
  assert_int_equal(sl_batch_seal(b, &err), SL_OK);
  return b;
}

static void same_pairs(const struct sl_batch *a, const struct sl_batch *b, uint32_t row, unsigned col)
{
  struct sl_keys *ka = sl_schema_keys(sl_batch_schema(a)), *kb = sl_schema_keys(sl_batch_schema(b));
  uint32_t n = 0, key, other;
  struct sl_val v;
  for (; sl_batch_pair(a, row, col, n, &key, &v); n++) {
    assert_true(sl_keys_find(kb, sl_keys_name(ka, key), &other));
    struct sl_val w = sl_batch_get_key(b, row, col, other);
    assert_true(sl_val_eq(&v, &w));
  }
  assert_false(sl_batch_pair(b, row, col, n, &key, &v));
}

static void same_batch(const struct sl_batch *a, const struct sl_batch *b)
{
  assert_int_equal(sl_batch_count(a), sl_batch_count(b));
  for (uint32_t r = 0; r < sl_batch_count(a); r++) {
    assert_true(sl_str_eq(sl_batch_id(a, r), sl_batch_id(b, r)));
    assert_int_equal(sl_batch_op(a, r), sl_batch_op(b, r));
    for (unsigned c = 0; c < 10; c++) {
      struct sl_val v = sl_batch_get(a, r, c), w = sl_batch_get(b, r, c);
      assert_int_equal(v.null, w.null);
      if (v.type == SL_FAMILY_F64 || v.type == SL_FAMILY_TEXT)
        same_pairs(a, b, r, c);
      else
        assert_true(sl_val_eq(&v, &w));
    }
  }
}

static void test_round_trip(void **state)
{
  (void)state;
  for (uint32_t rows = 0; rows <= 1024; rows = rows * 3 + 1) {
    struct sl_schema *s = schema(), *t;
    struct sl_batch *b = batch(s, rows, rows % 2), *c;
    struct sl_buf out, head;
    struct sl_err err;
    sl_buf_init(&out, 0);
    sl_buf_init(&head, 0);
    assert_int_equal(sl_schema_encode(&head, s, &err), SL_OK);
    assert_int_equal(sl_schema_decode(&t, sl_buf_view(&head), &err), SL_OK);
    assert_true(sl_schema_same(s, t));
    assert_true(sl_str_eqz(sl_schema_resource(t), "runs"));
    assert_string_equal(sl_schema_col(t, 1)->unit, "B");
    assert_int_equal(sl_schema_common(t), 5);
    uint32_t key;
    assert_int_equal(sl_keys_intern(sl_schema_keys(t), SL_STR("shifts all ids"), &key, &err), SL_OK);
    assert_int_equal(sl_batch_encode(&out, b, &err), SL_OK);
    assert_int_equal(sl_batch_decode(&c, t, sl_buf_view(&out), &err), SL_OK);
    same_batch(b, c);
    sl_batch_unref(b);
    sl_batch_unref(c);
    sl_schema_unref(s);
    sl_schema_unref(t);
    sl_buf_free(&out);
    sl_buf_free(&head);
  }
}

/* Reads everything that a decoded batch offers: sanitizers see what lies outside. */
static uint64_t read_all(const struct sl_batch *b)
{
  uint64_t sum = 0;
  for (uint32_t r = 0; r < sl_batch_count(b); r++) {
    sum += sl_batch_hash(b, r);
    for (unsigned c = 0; c < 10; c++) {
      struct sl_val v = sl_batch_get(b, r, c);
      if (v.type != SL_FAMILY_F64 && v.type != SL_FAMILY_TEXT)
        sum += sl_val_hash(&v);
      uint32_t key;
      for (uint32_t i = 0; sl_batch_pair(b, r, c, i, &key, &v); i++)
        sum += sl_val_hash(&v) + key;
    }
  }
  return sum;
}

static void test_damage(void **state)
{
  (void)state;
  struct sl_schema *s = schema();
  struct sl_batch *b = batch(s, 40, true), *c;
  struct sl_buf out;
  struct sl_err err;
  sl_buf_init(&out, 0);
  assert_int_equal(sl_batch_encode(&out, b, &err), SL_OK);
  for (size_t n = 0; n < out.n; n++) {
    char *cut = sl_strndup(out.p, n); /* exact size, so that a read behind it is seen */
    assert_int_not_equal(sl_batch_decode(&c, s, sl_strn(cut, n), &err), SL_OK);
    sl_free(cut);
  }
  unsigned fine = 0;
  uint64_t sum = 0;
  for (int i = 0; i < 10000; i++) {
    size_t at = rnd((uint32_t)out.n);
    char bit = (char)(1 << rnd(8));
    out.p[at] = (char)(out.p[at] ^ bit);
    if (sl_batch_decode(&c, s, sl_buf_view(&out), &err) == SL_OK) {
      fine++;
      sum += read_all(c);
      sl_batch_unref(c);
    }
    out.p[at] = (char)(out.p[at] ^ bit);
  }
  assert_in_range(fine, 100, 9900); /* flips in values are read, flips in structure refused */
  assert_int_not_equal(sum, 0);
  sl_buf_free(&out);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static void test_schema_damage(void **state)
{
  (void)state;
  struct sl_schema *s = schema(), *t;
  struct sl_buf out;
  struct sl_err err;
  sl_buf_init(&out, 0);
  assert_int_equal(sl_schema_encode(&out, s, &err), SL_OK);
  for (size_t n = 0; n < out.n; n++)
    assert_int_equal(sl_schema_decode(&t, sl_strn(out.p, n), &err), SL_EPARSE);
  for (int i = 0; i < 2000; i++) {
    size_t at = rnd((uint32_t)out.n);
    char bit = (char)(1 << rnd(8));
    out.p[at] = (char)(out.p[at] ^ bit);
    if (sl_schema_decode(&t, sl_buf_view(&out), &err) == SL_OK)
      sl_schema_unref(t);
    out.p[at] = (char)(out.p[at] ^ bit);
  }
  sl_buf_free(&out);
  sl_schema_unref(s);
}

static void test_families(void **state)
{
  (void)state;
  struct sl_schema *s = schema();
  struct sl_batch *b;
  struct sl_err err;
  char key[32];
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  for (unsigned r = 0; r < 4; r++) {
    sl_batch_row(b, SL_PUT, sl_strn("abcd" + r, 1));
    for (unsigned k = 0; k < 12000; k++) {
      snprintf(key, sizeof key, "m%u", (k * 7919) % 12000); /* not in the order of the ids in later rows */
      sl_batch_key(b, 7, sl_str(key), sl_vf(k + r));
    }
    sl_batch_key(b, 7, SL_STR("m5"), sl_vf(-1)); /* named twice: the later wins */
  }
  assert_int_equal(sl_batch_seal(b, &err), SL_OK);
  assert_int_equal(sl_keys_count(sl_schema_keys(s)), 12000);
  uint32_t id, n = 0;
  struct sl_val v;
  assert_true(sl_keys_find(sl_schema_keys(s), SL_STR("m5"), &id));
  assert_true(sl_batch_get_key(b, 2, 7, id).u.f == -1);
  assert_true(sl_keys_find(sl_schema_keys(s), SL_STR("m7919"), &id));
  assert_true(sl_batch_get_key(b, 3, 7, id).u.f == 4);
  while (sl_batch_pair(b, 3, 7, n, &id, &v))
    n++;
  assert_int_equal(n, 12000);
  assert_false(sl_keys_find(sl_schema_keys(s), SL_STR("m12000"), &id));
  assert_true(sl_batch_get_key(b, 0, 8, 3).null);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static void test_mistakes(void **state)
{
  (void)state;
  struct sl_schema *s = schema();
  struct sl_batch *b;
  struct sl_err err;
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("x"));
  sl_batch_set(b, 1, sl_vz("no number"));
  sl_batch_set(b, 1, sl_vi(1));
  assert_int_equal(sl_batch_seal(b, &err), SL_EINTERNAL);
  assert_string_equal(err.msg, "column bytes is integer, the value is text");
  sl_batch_unref(b);
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  for (int i = 0; i < 1025; i++)
    sl_batch_row(b, SL_PUT, SL_STR("x"));
  assert_true(sl_batch_full(b));
  assert_int_equal(sl_batch_seal(b, &err), SL_ELIMIT);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static void test_full_by_text(void **state)
{
  (void)state;
  struct sl_schema *s = schema();
  struct sl_batch *b;
  struct sl_err err;
  struct sl_buf big;
  sl_buf_init(&big, 0);
  sl_buf_fill(&big, 'x', 600 << 10);
  assert_int_equal(sl_batch_new(&b, s, &err), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("x"));
  sl_batch_set(b, 0, sl_vs(sl_buf_view(&big)));
  assert_false(sl_batch_full(b));
  sl_batch_row(b, SL_PUT, SL_STR("y"));
  sl_batch_set(b, 0, sl_vs(sl_buf_view(&big)));
  assert_true(sl_batch_full(b));
  assert_int_equal(sl_batch_seal(b, &err), SL_OK);
  assert_int_equal(sl_batch_get(b, 1, 0).u.s.n, 600 << 10);
  sl_buf_free(&big);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

static int cmp(struct sl_val a, struct sl_val b) { return sl_val_cmp(&a, &b); }

static void test_order_of_values(void **state)
{
  (void)state;
  const int64_t big = 9007199254740993; /* 2^53 + 1: no double */
  assert_int_equal(cmp(sl_vi(big), sl_vf(9007199254740992.0)), 1);
  assert_int_equal(cmp(sl_vf(9007199254740992.0), sl_vi(big)), -1);
  assert_int_equal(cmp(sl_vi(INT64_MAX), sl_vf(9223372036854775808.0)), -1);
  assert_int_equal(cmp(sl_vi(INT64_MIN), sl_vf(-9223372036854775808.0)), 0);
  assert_int_equal(cmp(sl_vi(2), sl_vf(2.5)), -1);
  assert_int_equal(cmp(sl_vi(-2), sl_vf(-2.5)), 1);
  assert_int_equal(cmp(sl_vf(NAN), sl_vf(INFINITY)), 1);
  assert_int_equal(cmp(sl_vf(NAN), sl_null(SL_F64)), -1);
  assert_int_equal(cmp(sl_vf(NAN), sl_vf(-NAN)), 0);
  assert_int_equal(cmp(sl_vz("a"), sl_vz("ab")), -1);
  assert_int_equal(cmp(sl_vz("\x80"), sl_vz("z")), 1);
  assert_int_equal(cmp(sl_vz(""), sl_null(SL_TEXT)), -1);
  struct sl_val i = sl_vi(5), f = sl_vf(5);
  assert_true(sl_val_eq(&i, &f) && sl_val_hash(&i) == sl_val_hash(&f));
}

static void text_is(struct sl_val v, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_val_text(&b, &v);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void test_texts(void **state)
{
  (void)state;
  struct sl_buf list, out;
  sl_buf_init(&list, 0);
  sl_buf_init(&out, 0);
  sl_list_add(&list, SL_STR("champion"));
  sl_list_add(&list, SL_STR(""));
  text_is(sl_vi(INT64_MIN), "-9223372036854775808");
  text_is(sl_vf(0.1), "0.1");
  text_is(sl_vf(NAN), "NaN");
  text_is(sl_vb(true), "true");
  text_is(sl_vt(0), "1970-01-01T00:00:00.000Z");
  text_is(sl_null(SL_I64), "");
  text_is(sl_vas(SL_LIST, sl_buf_view(&list)), "[\"champion\",\"\"]");
  struct sl_jw w = sl_jw(&out, false);
  struct sl_val v = sl_vf(-INFINITY);
  sl_val_json(&w, &v);
  assert_string_equal(sl_buf_zstr(&out), "\"-Infinity\"");
  sl_buf_clear(&out);
  v = sl_vi(90);
  struct sl_show how = { 0 };
  sl_val_show(&out, &v, "s", &how);
  assert_true(out.n > 1);
  sl_buf_free(&out);
  sl_buf_free(&list);
}

static void test_refs(void **state)
{
  (void)state;
  struct sl_ref r = { SL_STR("aws"), SL_STR("executions"), SL_STR("arn:aws/a b%") }, back;
  struct sl_buf text, scratch;
  struct sl_err err;
  sl_buf_init(&text, 0);
  sl_buf_init(&scratch, 0);
  sl_ref_text(&text, &r);
  assert_string_equal(sl_buf_zstr(&text), "aws:executions/arn%3Aaws%2Fa%20b%25");
  assert_int_equal(sl_ref_parse(sl_buf_view(&text), &back, &scratch, &err), SL_OK);
  assert_true(sl_str_eq(back.id, r.id) && sl_str_eq(back.conn, r.conn) && sl_str_eq(back.res, r.res));
  assert_true(sl_ref_hash(&r) == sl_ref_hash(&back));
  static const char *const bad[] = { "", "aws", "aws:", ":runs/x", "aws:runs", "aws:runs/", "aws:Runs/x", "aws:runs/%4", "a/b:runs/x" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(sl_ref_parse(sl_str(bad[i]), &back, &scratch, &err), SL_EUSAGE);
  sl_buf_free(&text);
  sl_buf_free(&scratch);
}

/* ---- secrets, and numbers that were floats ---- */

static void test_secrets_stay_here(void **state)
{
  static const struct sl_col cols[] = { { .name = "name", .type = SL_TEXT }, { .name = "key", .type = SL_TEXT, .flags = SL_COL_SECRET },
                                        { .name = "m", .type = SL_FAMILY_F64 } };
  struct sl_schema *s;
  struct sl_batch *b, *open, *again;
  struct sl_buf bytes;
  (void)state;
  assert_int_equal(sl_schema_new(&s, cols, 3, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (int i = 0; i < 3; i++) {
    sl_batch_row(b, SL_PUT, i ? SL_STR("b") : SL_STR("a"));
    sl_batch_set(b, 0, sl_vz("alice"));
    sl_batch_set(b, 1, sl_vz("hunter2hunter2"));
    sl_batch_key(b, 2, SL_STR("auc"), sl_vf(0.5));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_batch_public(&open, b, NULL), SL_OK);
  sl_buf_init(&bytes, 1 << 20);
  assert_int_equal(sl_batch_encode(&bytes, open, NULL), SL_OK);
  assert_true(sl_str_find(sl_buf_view(&bytes), SL_STR("alice")) >= 0);
  assert_true(sl_str_find(sl_buf_view(&bytes), SL_STR("hunter2")) < 0);
  assert_int_equal(sl_batch_count(open), 3);
  assert_true(sl_batch_get(open, 2, 1).null);
  uint32_t key;
  struct sl_val v;
  assert_true(sl_batch_pair(open, 2, 2, 0, &key, &v) && v.u.f == 0.5);
  assert_int_equal(sl_batch_public(&again, open, NULL), SL_OK);
  sl_batch_unref(again);
  sl_batch_unref(open);
  sl_batch_unref(b);
  sl_schema_unref(s);
  struct sl_schema *plain = schema();
  struct sl_batch *none = batch(plain, 3, false);
  assert_int_equal(sl_batch_public(&again, none, NULL), SL_OK);
  assert_ptr_equal(again, none); /* nothing to copy for */
  sl_batch_unref(again);
  sl_batch_unref(none);
  sl_schema_unref(plain);
  sl_buf_free(&bytes);
}

static void test_floats_are_short(void **state)
{
  static const struct sl_col cols[] = { { .name = "f", .type = SL_F64, .flags = SL_COL_F32 }, { .name = "d", .type = SL_F64 } };
  static const float values[] = { 0.1f, 1e20f, -3.4028235e38f, 16777216.0f, 1.0f / 3 };
  struct sl_schema *s;
  struct sl_batch *b;
  struct sl_buf t;
  (void)state;
  assert_int_equal(sl_schema_new(&s, cols, 2, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    sl_batch_row(b, SL_PUT, i == 0 ? SL_STR("0") : SL_STR("x"));
    sl_batch_set(b, 0, sl_vf((double)values[i]));
    sl_batch_set(b, 1, sl_vf((double)values[i]));
  }
  sl_batch_row(b, SL_PUT, SL_STR("nan"));
  sl_batch_set(b, 0, sl_vf(NAN));
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  sl_buf_init(&t, 4096);
  struct sl_jw w = sl_jw(&t, false);
  sl_jw_arr(&w);
  for (uint32_t i = 0; i < sl_batch_count(b); i++) {
    struct sl_val v = sl_batch_get(b, i, 0);
    sl_val_json(&w, &v);
  }
  sl_jw_end_arr(&w);
  assert_string_equal(sl_buf_zstr(&t), "[0.1,1e+20,-3.4028235e+38,16777216,0.33333334,\"NaN\"]");
  for (uint32_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    struct sl_val v = sl_batch_get(b, i, 0), d = sl_batch_get(b, i, 1);
    sl_buf_clear(&t);
    sl_val_text(&t, &v);
    double back = 0;
    assert_true(sl_str_f64(sl_buf_view(&t), &back) && (float)back == values[i]);
    assert_true(sl_val_eq(&v, &d)); /* the number is what it was */
  }
  sl_buf_clear(&t);
  struct sl_val d = sl_batch_get(b, 0, 1);
  sl_val_text(&t, &d);
  assert_string_equal(sl_buf_zstr(&t), "0.10000000149011612");
  sl_buf_free(&t);
  sl_batch_unref(b);
  sl_schema_unref(s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage), cmocka_unit_test(test_schema_damage),
    cmocka_unit_test(test_families), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_full_by_text),
    cmocka_unit_test(test_order_of_values), cmocka_unit_test(test_texts), cmocka_unit_test(test_refs),
    cmocka_unit_test(test_secrets_stay_here), cmocka_unit_test(test_floats_are_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
