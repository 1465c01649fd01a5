/* JSON in and out: hostile vectors, bytes that survive, and the same tokens however the bytes are cut. */
#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static int load(const char *text, bool lax, struct sl_err *err)
{
  json_t *v;
  int rc = sl_json_load(&v, sl_str(text), lax, err);
  assert_true((rc == SL_OK) == (v != NULL));
  json_decref(v);
  return rc;
}

/* Everything that either parser must refuse, and where. dom_only: the pull parser leaves it to its reader. */
static const struct { const char *text; int code; const char *where; bool dom_only; } hostile[] = {
  {"", SL_EPARSE, "1:1", false}, {"{\"a\":1,\"a\":2}", SL_EPARSE, NULL, true}, {"[1,]", SL_EPARSE, "1:4", false},
  {"{\"a\":1,}", SL_EPARSE, "1:8", false},
  {"[1] x", SL_EPARSE, "1:5", false}, {"[1][2]", SL_EPARSE, "1:4", false}, {"[01]", SL_EPARSE, "1:2", false},
  {"[1.]", SL_EPARSE, "1:2", false},
  {"[.5]", SL_EPARSE, "1:2", false}, {"[-]", SL_EPARSE, "1:2", false}, {"[+1]", SL_EPARSE, "1:2", false}, {"[1e]", SL_EPARSE, "1:2", false},
  {"[0x1]", SL_EPARSE, "1:2", false}, {"[NaN]", SL_EPARSE, "1:2", false}, {"[nul]", SL_EPARSE, "1:2", false},
  {"[True]", SL_EPARSE, "1:2", false},
  {"{\"a\" 1}", SL_EPARSE, "1:6", false}, {"{a:1}", SL_EPARSE, "1:2", false}, {"{1:1}", SL_EPARSE, "1:2", false},
  {"[1 2]", SL_EPARSE, "1:4", false},
  {"{\"a\":}", SL_EPARSE, "1:6", false}, {"[", SL_EPARSE, NULL, false}, {"{\"a\"", SL_EPARSE, NULL, false},
  {"\"abc", SL_EPARSE, NULL, false},
  {"[}", SL_EPARSE, NULL, false}, {"{]", SL_EPARSE, NULL, false}, {"]", SL_EPARSE, NULL, false}, {"\"\t\"", SL_EPARSE, "1:2", false},
  {"\"a\nb\"", SL_EPARSE, "1:3", false}, {"\"\\x\"", SL_EPARSE, "1:2", false}, {"\"\\u12g4\"", SL_EPARSE, "1:2", false},
  {"\"\\ud800\"", SL_EPARSE, "1:2", false}, {"\"\\ud800\\u0041\"", SL_EPARSE, "1:2", false}, {"\"\\udc7f\"", SL_EPARSE, "1:2", false},
  {"\"\\udd00\"", SL_EPARSE, "1:2", false}, {"// c\n1", SL_EPARSE, "1:1", false}, {"'a'", SL_EPARSE, "1:1", false},
  {"\xef\xbb\xbf[]", SL_EPARSE, "1:1", false}, {"[99999999999999999999]", SL_EPARSE, NULL, true}, {"[1e999]", SL_EPARSE, NULL, true},
  {"[\n \"\xc3\xa9\xff\"]", SL_EPARSE, "2:4", false}, {"[\"\xc0\x80\"]", SL_EPARSE, "1:3", false},
  {"[\"\xed\xb2\x80\"]", SL_EPARSE, "1:3", false},
  {"[\"\xf4\x90\x80\x80\"]", SL_EPARSE, "1:3", false}, {"[\"\xe2\x82\"]", SL_EPARSE, "1:3", false}, {"\"\\", SL_EPARSE, NULL, false},
  {"\"\\ud834\\", SL_EPARSE, NULL, false}, {"[\"\\u0000\"]", SL_EPARSE, NULL, true}, {"[\"\\udc80\"]", SL_EPARSE, NULL, true}};

static void dom_refuses(void **state)
{
  (void)state;
  struct sl_err err;
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
    int rc = load(hostile[i].text, false, &err);
    if (rc != hostile[i].code || strncmp(err.msg, "JSON ", 5))
      fail_msg("%s: %d %s", hostile[i].text, rc, rc ? err.msg : "accepted");
    for (const char *p = err.msg; *p; p++)
      assert_true((unsigned char)*p >= 0x20);
  }
  json_t *v;
  assert_int_equal(sl_json_load(&v, SL_STR("[1\0]"), false, &err), SL_EPARSE); /* jansson alone takes it */
  assert_string_equal(err.msg, "JSON 1:3: a control character");
  assert_int_equal(load("[\n \"\xc3\xa9\xff\"]", false, &err), SL_EPARSE);
  assert_string_equal(err.msg, "JSON 2:4: invalid UTF-8");
}

static char *nested(const char *open, const char *close, size_t depth)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < depth; i++)
    sl_buf_z(&b, open);
  sl_buf_z(&b, *open == '{' ? "1" : "");
  for (size_t i = 0; i < depth; i++)
    sl_buf_z(&b, close);
  size_t n;
  char *text = sl_buf_take(&b, &n);
  assert_non_null(text);
  return text;
}

static void dom_limits(void **state)
{
  (void)state;
  struct sl_err err;
  char *text = nested("[", "]", SL_JSON_DEPTH);
  assert_int_equal(load(text, false, &err), SL_OK);
  sl_free(text);
  text = nested("[", "]", SL_JSON_DEPTH + 1);
  assert_int_equal(load(text, false, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "JSON 1:129: nested deeper than 128");
  sl_free(text);
  text = nested("{\"a\":", "}", 100000);
  assert_int_equal(load(text, false, &err), SL_ELIMIT);
  sl_free(text);
  text = nested("{},", "", 500000); /* 68 times its size in jansson */
  assert_int_equal(load(text, false, &err), SL_ELIMIT);
  sl_free(text);
  text = nested(" ", "", SL_JSON_MAX + 1);
  assert_int_equal(load(text, false, &err), SL_ELIMIT);
  sl_free(text);
  assert_int_equal(load("{\"k\":\"[[[{{{\"}", false, &err), SL_OK);
}

static void dom_reads(void **state)
{
  (void)state;
  json_t *v;
  int64_t i;
  double d;
  const char *text = "{\"s\":\"a\\u00e9\",\"i\":-5,\"pi\":\"1700000000000\",\"r\":1.7e12,\"half\":0.5"
    ",\"n\":NaN,\"inf\":-Infinity,\"in\":\"x NaN\",\"np\":\"Infinity\"}";
  assert_int_equal(sl_json_load(&v, sl_str(text), true, NULL), SL_OK);
  assert_true(sl_str_eqz(sl_json_str(v, "s"), "a\xc3\xa9"));
  assert_null(sl_json_str(v, "i").p);
  assert_null(sl_json_str(NULL, "i").p);
  assert_true(sl_json_i64(v, "i", &i) && i == -5);
  assert_true(sl_json_i64(v, "pi", &i) && i == 1700000000000);
  assert_true(sl_json_i64(v, "r", &i) && i == 1700000000000);
  assert_false(sl_json_i64(v, "half", &i));
  assert_false(sl_json_i64(v, "s", &i));
  assert_false(sl_json_i64(v, "none", &i));
  assert_true(sl_json_f64(v, "half", &d) && d == 0.5);
  assert_true(sl_json_f64(v, "i", &d) && d == -5);
  assert_true(sl_json_f64(v, "n", &d) && isnan(d));
  assert_true(sl_json_f64(v, "inf", &d) && isinf(d) && d < 0);
  assert_true(sl_json_f64(v, "np", &d) && isinf(d) && d > 0);
  assert_false(sl_json_f64(v, "in", &d));
  assert_true(sl_str_eqz(sl_json_str(v, "in"), "x NaN")); /* inside a string nothing is touched */
  json_decref(v);
  assert_int_equal(load("[nan]", true, NULL), SL_EPARSE);
  assert_int_equal(load("[NaN1]", true, NULL), SL_EPARSE);
  assert_int_equal(load(" null ", false, NULL), SL_OK);
}

/* ---- pull ---- */

static void note(struct sl_buf *log, enum sl_json_tok t, struct sl_str text, unsigned depth)
{
  static const char names[] = ".{}[]k\"#tf0$!";
  sl_buf_ch(log, names[t]);
  sl_buf_printf(log, "%u:%zu:", depth, text.n);
  sl_buf_str(log, text);
}

/* All tokens as text; pieces of `step` bytes, the first one `first` bytes long. Ends with BAD's message. */
static int pull(struct sl_buf *log, struct sl_str in, size_t first, size_t step, size_t max, bool lax)
{
  struct sl_json_pull *p;
  struct sl_str text;
  struct sl_err err = {0};
  size_t at = 0, n = first;
  sl_buf_clear(log);
  assert_int_equal(sl_json_pull_open(&p, max, lax, NULL), SL_OK);
  for (;;) {
    enum sl_json_tok t = sl_json_pull_next(p, &text, &err);
    if (t == SL_JT_MORE && at == in.n) {
      sl_json_pull_eof(p);
      continue;
    }
    if (t == SL_JT_MORE) {
      n = n > in.n - at ? in.n - at : n;
      assert_int_equal(sl_json_pull_feed(p, in.p + at, n, NULL), SL_OK);
      at += n;
      n = step;
      continue;
    }
    note(log, t, text, sl_json_pull_depth(p));
    if (t == SL_JT_BAD) {
      assert_int_equal(sl_json_pull_next(p, &text, NULL), SL_JT_BAD);
      sl_buf_z(log, err.msg);
      break;
    }
    if (t == SL_JT_END)
      break;
  }
  sl_json_pull_free(p);
  return err.code;
}

static void same_in_pieces(struct sl_str in, bool lax)
{
  struct sl_buf whole, cut;
  sl_buf_init(&whole, 0);
  sl_buf_init(&cut, 0);
  pull(&whole, in, in.n, 1, 0, lax);
  for (size_t at = 0; at <= in.n; at++) {
    pull(&cut, in, at ? at : 1, in.n + 1, 0, lax);
    if (strcmp(sl_buf_zstr(&whole), sl_buf_zstr(&cut)))
      fail_msg("cut at %zu of %.*s:\n%s\n%s", at, SL_ARG(in), sl_buf_zstr(&whole), sl_buf_zstr(&cut));
  }
  pull(&cut, in, 1, 1, 0, lax);
  assert_string_equal(sl_buf_zstr(&whole), sl_buf_zstr(&cut));
  sl_buf_free(&whole);
  sl_buf_free(&cut);
}

static const char tour[] = " {\"a\" : [1, -2.5e+10 ,true,false,null,\"\"], \"b\\n\\u00e9\\ud834\\udd1e\\udcff\":{"
  "},\r\n\t\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":[[],[{}]],"
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":0.0}  ";

static void pull_reads(void **state)
{
  (void)state;
  struct sl_buf log;
  sl_buf_init(&log, 0);
  assert_int_equal(pull(&log, SL_STR("{\"a\":[1,true,\"x\\u0041\"],\"b\":{}} "), 99, 1, 0, false), SL_OK);
  assert_string_equal(sl_buf_zstr(&log), "{1:0:k1:1:a[2:0:#2:1:1t2:0:\"2:2:xA]1:0:k1:1:b{2:0:}1:0:}0:0:$0:0:");
  assert_int_equal(pull(&log, SL_STR("\"\\u0000\\udc80\\udcff\\ud83d\\ude00\""), 99, 1, 0, false), SL_OK);
  assert_int_equal(log.n, strlen("\"0:7:") + 7 + strlen("$0:0:"));
  assert_memory_equal(log.p + 5, "\0\x80\xff\xf0\x9f\x98\x80", 7);
  assert_int_equal(pull(&log, SL_STR("[NaN,-Infinity,Infinity]"), 99, 1, 0, true), SL_OK);
  assert_string_equal(sl_buf_zstr(&log), "[1:0:#1:3:NaN#1:9:-Infinity#1:8:Infinity]0:0:$0:0:");
  assert_int_equal(pull(&log, SL_STR("-0"), 99, 1, 0, false), SL_OK);
  assert_string_equal(sl_buf_zstr(&log), "#0:2:-0$0:0:");
  sl_buf_free(&log);
}

static void pull_in_pieces(void **state)
{
  (void)state;
  same_in_pieces(sl_strn(tour, sizeof tour - 1), false);
  same_in_pieces(SL_STR("[NaN,-Infinity]"), true);
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
    same_in_pieces(sl_str(hostile[i].text), false);
  struct sl_str all = sl_strn(tour, sizeof tour - 1);
  for (size_t n = 0; n < all.n; n++) /* cut off anywhere: bad, never a hang */
    same_in_pieces(sl_str_head(all, n), false);
}

static void pull_refuses(void **state)
{
  (void)state;
  struct sl_buf log;
  sl_buf_init(&log, 0);
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
    int rc = pull(&log, sl_str(hostile[i].text), 9999, 1, 0, false);
    if (rc != (hostile[i].dom_only ? SL_OK : hostile[i].code))
      fail_msg("%s: %d %s", hostile[i].text, rc, sl_buf_zstr(&log));
    char where[32];
    snprintf(where, sizeof where, "JSON %s: ", hostile[i].where ? hostile[i].where : "");
    if (hostile[i].where && !strstr(sl_buf_zstr(&log), where))
      fail_msg("%s: %s, not at %s", hostile[i].text, sl_buf_zstr(&log), hostile[i].where);
  }
  sl_buf_free(&log);
}

static void pull_limits(void **state)
{
  (void)state;
  struct sl_buf log;
  sl_buf_init(&log, 0);
  char *text = nested("[", "]", SL_JSON_DEPTH);
  assert_int_equal(pull(&log, sl_str(text), 7, 7, 0, false), SL_OK);
  sl_free(text);
  text = nested("{\"a\":[", "]}", 65);
  assert_int_equal(pull(&log, sl_str(text), 7, 7, 0, false), SL_ELIMIT);
  sl_free(text);
  assert_int_equal(pull(&log, SL_STR("\"12345678\""), 3, 3, 8, false), SL_OK);
  assert_int_equal(pull(&log, SL_STR("\"123456789\""), 3, 3, 8, false), SL_ELIMIT);
  assert_int_equal(pull(&log, SL_STR("123456789"), 3, 3, 8, false), SL_ELIMIT);
  sl_buf_free(&log);
}

/* Megabytes in pieces, in three allocations. */
/* Instead of refusing: how the string begins, by whole characters, in whatever pieces it comes. */
static void pull_cuts(void **state)
{
  static const struct { const char *in, *out; uint64_t lost; } of[] = {
    { "[\"12345678\",1]", "12345678", 0 }, { "[\"123456789\",1]", "12345678", 1 }, { "[\"1234567\\u00e4x\",1]", "1234567", 3 },
    { "[\"1234567\xc3\xa4x\",1]", "1234567", 3 }, { "[\"123456\xc3\xa4\",1]", "123456\xc3\xa4", 0 },
    { "[\"12345678\\n\\udc80\\ud83d\\ude00\",1]", "12345678", 6 },
  };
  (void)state;
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
    for (size_t step = 1; step < 40; step += 3) {
      struct sl_json_pull *p;
      struct sl_str in = sl_str(of[i].in), text;
      enum sl_json_tok t;
      bool seen = false;
      assert_int_equal(sl_json_pull_open(&p, 8, false, NULL), SL_OK);
      sl_json_pull_cut(p);
      while ((t = sl_json_pull_next(p, &text, NULL)) != SL_JT_END) {
        assert_int_not_equal(t, SL_JT_BAD);
        if (t == SL_JT_STR) {
          assert_true(sl_str_eqz(text, of[i].out) && sl_json_pull_lost(p) == of[i].lost);
          seen = true;
        } else if (t == SL_JT_MORE && in.n) {
          size_t n = in.n < step ? in.n : step;
          assert_int_equal(sl_json_pull_feed(p, in.p, n, NULL), SL_OK);
          in = sl_str_from(in, n);
        } else if (t == SL_JT_MORE)
          sl_json_pull_eof(p);
      }
      assert_true(seen);
      sl_json_pull_free(p);
    }
}

static void pull_keeps_nothing(void **state)
{
  (void)state;
  struct sl_json_pull *p;
  struct sl_str text;
  int64_t live = sl_alloc_live();
  size_t objects = 0;
  char piece[8192];
  size_t n = 0;
  while (n + 40 < sizeof piece)
    n += (size_t)snprintf(piece + n, sizeof piece - n, "{\"key\":\"value of no use\",\"n\":12345},");
  assert_int_equal(sl_json_pull_open(&p, 0, false, NULL), SL_OK);
  assert_int_equal(sl_json_pull_feed(p, "[", 1, NULL), SL_OK);
  for (int i = 0; i < 400; i++) {
    assert_int_equal(sl_json_pull_feed(p, piece, n, NULL), SL_OK);
    for (enum sl_json_tok t; (t = sl_json_pull_next(p, &text, NULL)) != SL_JT_MORE;) {
      assert_int_not_equal(t, SL_JT_BAD);
      objects += t == SL_JT_OBJ;
    }
    assert_true(sl_alloc_live() - live <= 3);
  }
  assert_int_equal(objects, 400 * (n / 36));
  sl_json_pull_free(p);
  assert_true(sl_alloc_live() == live);
}

/* ---- writer ---- */

static void writes(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (int pretty = 0; pretty < 2; pretty++) {
    struct sl_jw w = sl_jw(&b, pretty);
    sl_jw_obj(&w);
    sl_jw_key(&w, SL_STR("a"));
    sl_jw_arr(&w);
    sl_jw_i64(&w, INT64_MIN);
    sl_jw_f64(&w, 0.1);
    sl_jw_f64(&w, (double)NAN);
    sl_jw_f64(&w, -(double)INFINITY);
    sl_jw_bool(&w, true);
    sl_jw_null(&w);
    sl_jw_raw(&w, SL_STR("{}"));
    sl_jw_end_arr(&w);
    sl_jw_key(&w, SL_STR("b"));
    sl_jw_obj(&w);
    sl_jw_end_obj(&w);
    sl_jw_key(&w, SL_STR("c"));
    sl_jw_str(&w, SL_STR("\"\n"));
    sl_jw_end_obj(&w);
    assert_string_equal(sl_buf_zstr(&b), pretty ?
      "{\n  \"a\": [\n    -9223372036854775808,\n    0.1,\n    \"NaN\",\n    \"-Infinity\",\n    true,\n"
        "    null,\n    {}\n  ],\n  \"b\": {},\n  \"c\": \"\\\"\\n\"\n}" :
      "{\"a\":[-9223372036854775808,0.1,\"NaN\",\"-Infinity\",true,null,{}],\"b\":{},\"c\":\"\\\"\\n\"}");
    sl_buf_clear(&b);
  }
  struct sl_jw w = sl_jw(&b, false); /* deeper than it can count: the buffer fails, nothing else */
  for (int i = 0; i < 100; i++)
    sl_jw_arr(&w);
  for (int i = 0; i < 100; i++)
    sl_jw_end_arr(&w);
  assert_int_equal(sl_buf_check(&b, NULL), SL_ELIMIT);
  sl_buf_free(&b);
}

static void quotes(void **state)
{
  (void)state;
  const struct { struct sl_str in; const char *want; } rows[] = {{SL_STR("\xc3\xa9\xf0\x9f\x98\x80"),
    "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    {SL_STR("\x01\x1b[31m\x7f\0"), "\"\\u0001\\u001b[31m\\u007f\\u0000\""}, {SL_STR("\xc2\x9b\xe2\x80\xae"), "\"\\u009b\\u202e\""},
    {SL_STR("\xff\xc3\x28\xed\xb2\x80"), "\"\\udcff\\udcc3(\\udced\\udcb2\\udc80\""}, {SL_STR("\xf3\xa0\x80\x81"), "\"\\udb40\\udc01\""},
    {SL_STR("\b\f\n\r\t\"\\/"), "\"\\b\\f\\n\\r\\t\\\"\\\\/\""}, {{NULL, 0}, "\"\""}};
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sl_json_quote(&b, rows[i].in);
    assert_string_equal(sl_buf_zstr(&b), rows[i].want);
    sl_buf_clear(&b);
  }
  sl_buf_free(&b);
}

/* Any bytes: written, read back by the pull parser, the same bytes. */
static void bytes_survive(void **state)
{
  (void)state;
  struct sl_buf b, raw;
  struct sl_str text;
  sl_buf_init(&b, 0);
  sl_buf_init(&raw, 0);
  uint32_t seed = 12345;
  for (int round = 0; round < 500; round++) {
    sl_buf_clear(&raw);
    sl_buf_clear(&b);
    for (int i = 0; i < 64; i++) {
      seed = seed * 1664525 + 1013904223;
      sl_buf_ch(&raw, (char)(round % 2 ? seed >> 24 : 0xc0 | (seed >> 24)));
      if (seed >> 10 & 1)
        sl_buf_ch(&raw, (char)(0x80 | (seed >> 18 & 0x3f)));
    }
    sl_json_quote(&b, sl_buf_view(&raw));
    struct sl_json_pull *p;
    assert_int_equal(sl_json_pull_open(&p, 0, false, NULL), SL_OK);
    assert_int_equal(sl_json_pull_feed(p, b.p, b.n, NULL), SL_OK);
    assert_int_equal(sl_json_pull_next(p, &text, NULL), SL_JT_STR);
    assert_int_equal(text.n, raw.n);
    assert_memory_equal(text.p, raw.p, raw.n);
    sl_json_pull_free(p);
  }
  sl_buf_free(&b);
  sl_buf_free(&raw);
}

#if SL_FAULTS
/* Each allocation fails once: an error each time, nothing left behind. */
static void running_out(void **state)
{
  (void)state;
  const char *text = "{\"a\":[1,2,\"a longer string than fits in a small buffer, to make the text grow\",NaN],\"b\":{}}";
  long n = 0;
  int rc;
  do {
    json_t *v = NULL;
    int64_t live = sl_alloc_live();
    sl_fault_alloc(n, 0);
    rc = sl_json_load(&v, sl_str(text), true, NULL);
    sl_fault_alloc(-1, 0);
    assert_true((rc == SL_OK || rc == SL_ENOMEM) && (rc == SL_OK) == (v != NULL));
    json_decref(v);
    assert_true(sl_alloc_live() == live);
  } while (rc && ++n < 1000);
  assert_true(n > 3 && n < 1000);
  n = 0;
  do {
    struct sl_json_pull *p;
    struct sl_str s;
    struct sl_err err = {0};
    enum sl_json_tok t = SL_JT_MORE;
    sl_fault_alloc(n, 0);
    rc = sl_json_pull_open(&p, 0, true, &err);
    if (!rc)
      rc = sl_json_pull_feed(p, text, strlen(text), &err);
    if (!rc)
      sl_json_pull_eof(p);
    while (!rc && t != SL_JT_END) {
      t = sl_json_pull_next(p, &s, &err);
      rc = t == SL_JT_BAD ? err.code : SL_OK;
    }
    sl_fault_alloc(-1, 0);
    assert_true(rc == SL_OK || rc == SL_ENOMEM);
    sl_json_pull_free(p);
  } while (rc && ++n < 1000);
  assert_true(n > 2 && n < 1000);
}
#endif

int main(void)
{
  sl_mem_install_hooks();
  const struct CMUnitTest tests[] = {cmocka_unit_test(dom_refuses), cmocka_unit_test(dom_limits), cmocka_unit_test(dom_reads),
    cmocka_unit_test(pull_reads), cmocka_unit_test(pull_in_pieces), cmocka_unit_test(pull_refuses), cmocka_unit_test(pull_limits),
    cmocka_unit_test(pull_cuts), cmocka_unit_test(pull_keeps_nothing), cmocka_unit_test(writes), cmocka_unit_test(quotes),
    cmocka_unit_test(bytes_survive),
#if SL_FAULTS
    cmocka_unit_test(running_out),
#endif
 };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
