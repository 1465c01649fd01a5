/* A file of several runs side by side: what it is, text by lines, JSON by values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "judge/artifact.h"

struct said { struct sl_buf text; size_t n, rows; };

/* "line 2 = a | b" for what is the same, "line 2 ~ a | -" for what is not. */
static int say(void *user, const struct sl_art_row *row, struct sl_err *err)
{
  struct said *s = user;
  (void)err;
  sl_buf_printf(&s->text, "%s %.*s %s", row->kind, SL_ARG(row->name), row->same ? "=" : "~");
  for (size_t i = 0; i < s->n; i++) {
    struct sl_str c = row->cell[i].p ? row->cell[i] : SL_STR("-");
    sl_buf_printf(&s->text, "%s %.*s", i ? " |" : "", SL_ARG(c));
  }
  sl_buf_ch(&s->text, '\n');
  s->rows++;
  return SL_OK;
}

static int put(void *user, const struct sl_art_row *row, struct sl_err *err)
{
  struct said *s = user;
  (void)err;
  if (!strcmp(row->kind, "file"))
    return SL_OK;
  sl_buf_printf(&s->text, "%.*s%c", SL_ARG(row->name), row->same ? '=' : '~');
  for (size_t i = 0; i < s->n; i++) {
    struct sl_str c = row->cell[i].p ? row->cell[i] : SL_STR("-");
    sl_buf_printf(&s->text, "%s%.*s", i ? "|" : "", SL_ARG(c));
  }
  sl_buf_ch(&s->text, '\n');
  s->rows++;
  return SL_OK;
}

static struct sl_art_side side(const char *z)
{
  struct sl_art_side s = { .there = z != NULL, .head = sl_str(z ? z : ""), .size = z ? (int64_t)strlen(z) : -1 };
  return s;
}

/* What is said of the content of these, NULL: missing. */
static void compares(const char *const *text, size_t n, const char *want)
{
  struct sl_art_side s[SL_ART_RUNS];
  struct said got = { .n = n };
  struct sl_err err = { 0 };
  for (size_t i = 0; i < n; i++)
    s[i] = side(text[i]);
  sl_buf_init(&got.text, 0);
  assert_int_equal(sl_art_compare(s, n, NULL, put, &got, &err), SL_OK);
  assert_string_equal(sl_buf_zstr(&got.text), want);
  sl_buf_free(&got.text);
}
#define COMPARES(want, ...) \
  compares((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), want)

static void test_lines(void **state)
{
  (void)state;
  COMPARES("1=\"a\"|\"a\"\n2=\"b\"|\"b\"\n", "a\nb\n", "a\r\nb"); /* how a line ends is no difference */
  COMPARES("1=\"a\"|\"a\"\n2~\"b\"|\"x\"\n3=\"c\"|\"c\"\n", "a\nb\nc\n", "a\nx\nc\n");
  COMPARES("1=\"a\"|\"a\"\n2~\"b\"|-\n3=\"c\"|\"c\"\n", "a\nb\nc\n", "a\nc\n");
  COMPARES("1=\"a\"|\"a\"\n1+1~-|\"x\"\n1+2~-|\"y\"\n2=\"c\"|\"c\"\n", "a\nc\n", "a\nx\ny\nc\n");
  COMPARES("0+1~-|\"x\"\n", "", "x");
  COMPARES("1~\"a\"|-\n", "a", "");
  COMPARES("", "", "");
}

/* Two texts that were changed at different places; a missing one is no difference at every line. */
static void test_several(void **state)
{
  (void)state;
  COMPARES("1=\"a\"|\"a\"|-|\"a\"\n1+1~-|\"n\"|-|-\n2~\"b\"|\"b\"|-|\"B\"\n3=\"c\"|\"c\"|-|\"c\"\n3+1~-|-|-|\"d\"\n",
           "a\nb\nc\n", "a\nn\nb\nc\n", NULL, "a\nB\nc\nd\n");
  COMPARES("0+1~-|\"a\"|\"a\"\n", NULL, "a", "a"); /* the baseline has none: all is added */
}

/* Against a table of the longest common subsequence: as many lines are called the same as can be, and the texts come back whole. */
static size_t common(const char *a, const char *b)
{
  size_t n = strlen(a), m = strlen(b), best[40][40] = { { 0 } };
  for (size_t i = 1; i <= n; i++)
    for (size_t k = 1; k <= m; k++)
      best[i][k] = a[i - 1] == b[k - 1] ? best[i - 1][k - 1] + 1 : best[i - 1][k] > best[i][k - 1] ? best[i - 1][k] : best[i][k - 1];
  return best[n][m];
}

struct counted { size_t same, n[2]; char back[2][64]; };

static int count(void *user, const struct sl_art_row *row, struct sl_err *err)
{
  struct counted *c = user;
  (void)err;
  if (strcmp(row->kind, "line"))
    return SL_OK;
  c->same += row->same;
  for (size_t i = 0; i < 2; i++)
    if (row->cell[i].p && c->n[i] < 63)
      c->back[i][c->n[i]++] = row->cell[i].p[1];
  return SL_OK;
}

static void test_shortest(void **state)
{
  uint32_t seed = 7;
  (void)state;
  for (int round = 0; round < 300; round++) {
    char plain[2][32], text[2][64];
    struct counted c = { 0 };
    struct sl_err err = { 0 };
    for (int s = 0; s < 2; s++) {
      size_t n = (seed = seed * 1664525 + 1013904223) >> 27;
      for (size_t i = 0; i < n; i++) {
        plain[s][i] = (char)('a' + ((seed = seed * 1664525 + 1013904223) >> 28) % 4);
        text[s][2 * i] = plain[s][i];
        text[s][2 * i + 1] = '\n';
      }
      plain[s][n] = text[s][2 * n] = 0;
    }
    struct sl_art_side two[2] = { side(text[0]), side(text[1]) };
    assert_int_equal(sl_art_compare(two, 2, NULL, count, &c, &err), SL_OK);
    assert_string_equal(c.back[0], plain[0]);
    assert_string_equal(c.back[1], plain[1]);
    assert_int_equal(c.same, common(plain[0], plain[1]));
  }
}

static void test_values(void **state)
{
  (void)state;
  COMPARES("/a=1|1\n/b/0=\"x\"|\"x\"\n", "{\"a\": 1, \"b\": [\"x\"]}", "{ \"b\":[\"x\"],\n\"a\":1.0 }"); /* order, spacing, 1.0 */
  COMPARES("/a~1|2\n/b/0~\"x\"|-\n/b~-|[]\n", "{\"a\": 1, \"b\": [\"x\"]}", "{\"a\": 2, \"b\": []}");
  COMPARES("/a~1b~0~null|-\n/c~-|true\n", "{\"a/b~\": null}", "{\"c\": true}");
  COMPARES("/0=3|3\n", "[3]", "[3]");
}

static void test_no_json(void **state)
{
  (void)state;
  COMPARES("1=\"{\"|\"{\"\n2~\"\\\"a\\\": 1}\"|\"broken\"\n", "{\n\"a\": 1}", "{\nbroken");          /* lines, then */
  COMPARES("1~\"{\\\"a\\\": 1}\"|\"plain\"\n", "{\"a\": 1}", "plain");
}

static void test_facts(void **state)
{
  struct sl_art_side s[3] = { side("\x89PNG\r\n\x1a\n...."), side("\x89PNG\r\n\x1a\n....."), side(NULL) };
  struct said got = { .n = 3 };
  struct sl_err err = { 0 };
  (void)state;
  memset(s[0].sha256, 'a', 64);
  memset(s[1].sha256, 'b', 64);
  s[1].size = 2 << 20;
  s[2].why = "connection refused";
  sl_buf_init(&got.text, 0);
  assert_int_equal(sl_art_compare(s, 3, NULL, say, &got, &err), SL_OK);
  assert_non_null(strstr(sl_buf_zstr(&got.text), "file content ~ \"image\" | \"image\" | \"not read: connection refused\"\n"));
  assert_non_null(strstr(sl_buf_zstr(&got.text), "file bytes ~ 12 | 2097152 | "));
  assert_non_null(strstr(sl_buf_zstr(&got.text), "file compared ~ \"all of it\" | \"the first 1 MiB\""));
  assert_int_equal(got.rows, 4);
  sl_buf_free(&got.text);
}

static void test_kinds(void **state)
{
  (void)state;
  assert_int_equal(sl_art_kind(SL_STR("a: b\n")), SL_ART_TEXT);
  assert_int_equal(sl_art_kind(SL_STR("")), SL_ART_TEXT);
  assert_int_equal(sl_art_kind(SL_STR("  [1]")), SL_ART_JSON);
  assert_int_equal(sl_art_kind(SL_STR("ab\0c")), SL_ART_BINARY);
  assert_int_equal(sl_art_kind(SL_STR("\x01\x02\x03\x04")), SL_ART_BINARY);
  assert_int_equal(sl_art_kind(SL_STR("\xff\xd8\xff\xe0")), SL_ART_IMAGE);
}

/* Controls, bidi marks and bytes that are no UTF-8 leave here only escaped; what is long ends in an ellipsis, not inside a character. */
static void test_hostile(void **state)
{
  struct said got = { .n = 2 };
  struct sl_err err = { 0 };
  char *big = malloc(20001);
  (void)state;
  assert_non_null(big);
  for (size_t i = 0; i < 20000; i += 2)
    memcpy(big + i, "\xc3\xa4", 2);
  big[20000] = 0;
  struct sl_art_side s[2] = { side("\x1b[31m\xe2\x80\xae x\xff\n"), side(big) };
  sl_buf_init(&got.text, 0);
  assert_int_equal(sl_art_compare(s, 2, NULL, put, &got, &err), SL_OK);
  for (size_t i = 0; i < got.text.n; i++)
    assert_true((unsigned char)got.text.p[i] >= 0x20 || got.text.p[i] == '\n');
  assert_null(strstr(sl_buf_zstr(&got.text), "\xe2\x80\xae"));
  assert_non_null(strstr(sl_buf_zstr(&got.text), "\\udcff"));
  assert_non_null(strstr(sl_buf_zstr(&got.text), "\xc3\xa4…\""));
  assert_true(got.text.n < 2 * SL_ART_CELL);
  sl_buf_free(&got.text);
  free(big);
}

/* Nothing in common and far more lines than edits are looked for: still every line stands somewhere. */
static void test_rewritten(void **state)
{
  struct counted c = { 0 };
  struct sl_err err = { 0 };
  struct sl_buf a, b;
  (void)state;
  sl_buf_init(&a, 0);
  sl_buf_init(&b, 0);
  for (int i = 0; i < 4000; i++) {
    sl_buf_printf(&a, "a%d\n", i);
    sl_buf_printf(&b, "b%d\n", i);
  }
  struct sl_art_side s[2] = { side(sl_buf_zstr(&a)), side(sl_buf_zstr(&b)) };
  struct said got = { .n = 2 };
  sl_buf_init(&got.text, 0);
  assert_int_equal(sl_art_compare(s, 2, NULL, put, &got, &err), SL_OK);
  assert_int_equal(got.rows, 4000); /* beside each other */
  sl_buf_free(&got.text);
  atomic_bool stop = true;
  assert_int_equal(sl_art_compare(s, 2, &stop, count, &c, &err), SL_ECANCELED);
  assert_int_equal(sl_art_compare(s, SL_ART_RUNS + 1, NULL, count, &c, &err), SL_EUSAGE);
  sl_buf_free(&a);
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_lines), cmocka_unit_test(test_several), cmocka_unit_test(test_shortest), cmocka_unit_test(test_values),
    cmocka_unit_test(test_no_json), cmocka_unit_test(test_facts), cmocka_unit_test(test_kinds), cmocka_unit_test(test_hostile),
    cmocka_unit_test(test_rewritten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
