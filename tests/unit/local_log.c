/* Logs: literals that a filter needs, finding them, lines and levels, rotation under the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend_local/log_int.h" /* lint-ok: internal: tests look at the parts */
#include "base/file.h"

static void literals_of_expressions(void **state)
{
  (void)state;
  static const struct { const char *pattern, *literal; } cases[] = {
    { "needle", "needle" }, { "row 214", "row 214" }, { "a.*needle", "needle" }, { "needles?", "needle" }, { "colou?r", "colo" },
    { "x+yz", "yz" }, { "ab|cd", "" }, { "(ab)?cdef", "cdef" }, { "[abc]def", "def" }, { "[]x]def", "def" }, { "[[:digit:]]+ms", "ms" },
    { "^start", "start" }, { "end$", "end" }, { "a\\.b", "a.b" }, { "\\bword\\b", "word" }, { "ab{2}cd", "cd" }, { "caf\xc3\xa9*x", "caf" },
    { "", "" }, { ".*", "" }, { "(a(b)c)xyz(d)", "xyz" }, { "\\(call\\)", "(call)" }, { "a*", "" },
  };
  char out[256];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct sl_str s = local_regex_literal(sl_str(cases[i].pattern), out, sizeof out);
    if (!sl_str_eqz(s, cases[i].literal))
      print_error("%s: %.*s\n", cases[i].pattern, SL_ARG(s));
    assert_true(sl_str_eqz(s, cases[i].literal));
  }
}

static void check_filter(const char *filter, bool execs, const char *literal)
{
  struct sl_filter *f = NULL;
  char out[256];
  assert_int_equal(sl_filter_parse(&f, sl_str(filter), 0, NULL, NULL), SL_OK);
  struct sl_str s = local_filter_literal(f, execs, out, sizeof out);
  if (!sl_str_eqz(s, literal))
    print_error("%s: %.*s\n", filter, SL_ARG(s));
  assert_true(sl_str_eqz(s, literal));
  sl_filter_unref(f);
}

static void literals_of_filters(void **state)
{
  (void)state;
  check_filter("text ~ 'needle'", true, "needle");
  check_filter("text ~ 'ab' and text ~ 'needle' and time > -1h", true, "needle");
  check_filter("text ~ 'ab' or text ~ 'needle'", true, "");
  check_filter("not text ~ 'needle'", true, "");
  check_filter("text !~ 'needle'", true, "");
  check_filter("level = 'error'", true, "Z error ");
  check_filter("level = 'error'", false, "");
  check_filter("text = 'whole line'", true, "whole line");
  check_filter("text = 12", true, ""); /* as numbers 12 is 12.0 */
  check_filter("source ~ 'needle'", true, "");
}

static void finding(void **state)
{
  (void)state;
  char hay[300];
  for (size_t len = 1; len < 20; len++)
    for (size_t at = 0; at + len < 250; at += 7) {
      memset(hay, 'a', sizeof hay);
      memset(hay + at, 'b', len);
      char what[20];
      memset(what, 'b', len);
      assert_ptr_equal(local_find(hay, 250, sl_strn(what, len)), hay + at);
      assert_ptr_equal(local_find(hay, at + len, sl_strn(what, len)), hay + at);
      assert_null(local_find(hay, at + len - 1, sl_strn(what, len)));
    }
  assert_null(local_find("abc", 3, SL_STR("abcd")));
}

static void lines(void **state)
{
  (void)state;
  struct local_line l = { 0 };
  local_line_parse(&l, true, SL_STR("2026-11-21T06:00:00.311Z error validate row 214: x"), 0);
  assert_true(sl_str_eqz(l.level, "error") && sl_str_eqz(l.step, "validate") && sl_str_eqz(l.text, "row 214: x"));
  assert_int_equal(l.time, 1795240800311);
  local_line_parse(&l, true, SL_STR("2026-11-21T06:00:00.311Z info load "), 0);
  assert_true(l.text.n == 0 && l.text.p);
  local_line_parse(&l, false, SL_STR("2026-11-21 06:00:00,311 WARNING [x] slow\r"), 0);
  assert_int_equal(l.time, 1795240800311);
  assert_true(sl_str_eqz(l.level, "warning") && sl_str_ends(l.text, SL_STR("slow")));
  local_line_parse(&l, false, SL_STR("now is a word"), 0);
  assert_true(l.time == INT64_MIN && !l.level.p);
  local_line_parse(&l, false, SL_STR("[2026-11-21] Error: no"), 0);
  assert_true(l.time != INT64_MIN && sl_str_eqz(l.level, "error"));
  local_line_parse(&l, true, SL_STR(""), 0);
  assert_true(l.text.n == 0);
}

/* ---- scanning ---- */

static char root[64];
static struct sl_buf seen;
static size_t batches;

static int fresh(void **state)
{
  (void)state;
  memcpy(root, "/tmp/sluice-log-XXXXXX", sizeof "/tmp/sluice-log-XXXXXX");
  sl_buf_init(&seen, 0);
  batches = 0;
  return mkdtemp(root) ? 0 : -1;
}

static int clear(void **state)
{
  (void)state;
  sl_buf_free(&seen);
  return sl_rmtree(root, NULL);
}

static int take(void *user, struct sl_batch **b)
{
  (void)user;
  batches++;
  for (uint32_t i = 0; i < sl_batch_count(*b); i++) {
    struct sl_val v = sl_batch_get(*b, i, 3);
    sl_buf_str(&seen, v.u.s);
    sl_buf_ch(&seen, ';');
  }
  sl_batch_unref(*b);
  *b = NULL;
  return SL_OK;
}

static void put(const char *name, const char *text, const char *mode)
{
  char path[128];
  snprintf(path, sizeof path, "%s/%s", root, name);
  FILE *f = fopen(path, mode);
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static struct local_scan *scan_of(const char *scope, const char *filter)
{
  struct local s = { .execs = root };
  struct sl_query q = { .res = &sl_res_log, .scope = sl_str(scope) };
  struct local_ask a = { .s = &s, .q = &q };
  struct sl_schema *schema = NULL;
  struct local_scan *x = NULL;
  struct sl_err e = { 0 };
  assert_int_equal(sl_filter_parse(&q.where, sl_str(filter), 0, NULL, NULL), SL_OK);
  assert_int_equal(sl_schema_new(&schema, sl_res_log.cols, sl_res_log.ncols, NULL, 0, NULL), SL_OK);
  int rc = local_scan_open(&x, &a, schema, &e);
  if (rc)
    print_error("%s\n", e.msg);
  assert_int_equal(rc, SL_OK);
  x->send = take;
  sl_filter_unref(q.where);
  sl_schema_unref(schema);
  return x;
}

static void go(struct local_scan *x, const char *expected)
{
  bool more = true;
  struct sl_err e = { 0 };
  sl_buf_clear(&seen);
  while (more)
    assert_int_equal(local_scan_some(x, 1, &more, &e), SL_OK);
  assert_string_equal(sl_buf_zstr(&seen), expected);
  local_scan_rewind(x);
}

#define L(step, level, text) "2026-11-21T06:00:00.000Z " level " " step " " text "\n"

static void growth_and_rotation_lose_nothing(void **state)
{
  (void)state;
  char dir[128], a[160], b[160];
  snprintf(dir, sizeof dir, "%s/job-1", root);
  assert_int_equal(sl_mkdirs(dir, 0700, NULL), SL_OK);
  put("job-1/log.1", L("s", "info", "old"), "w");
  put("job-1/log", L("s", "info", "one"), "w");
  struct local_scan *x = scan_of("job-1", "");
  go(x, "old;one;");
  go(x, "");
  put("job-1/log", "2026-11-21T06:00:00.000Z info s half", "a");
  go(x, ""); /* its end is not written yet */
  put("job-1/log", " and half\n", "a");
  go(x, "half and half;");
  put("job-1/log", L("s", "info", "before"), "a");
  snprintf(a, sizeof a, "%s/log.1", dir);
  snprintf(b, sizeof b, "%s/log.2", dir);
  assert_int_equal(rename(a, b), 0);
  snprintf(b, sizeof b, "%s/log", dir);
  assert_int_equal(rename(b, a), 0);
  put("job-1/log", L("s", "info", "after"), "w");
  go(x, "before;after;");
  local_scan_free(x);
}

static void steps_and_filters(void **state)
{
  (void)state;
  char dir[128];
  snprintf(dir, sizeof dir, "%s/job-1", root);
  assert_int_equal(sl_mkdirs(dir, 0700, NULL), SL_OK);
  put("job-1/log", L("a", "info", "x needle") L("b", "error", "needle y") L("a", "error", "other") "not a line of ours\n", "w");
  struct local_scan *x = scan_of("job-1/a", "");
  go(x, "x needle;other;");
  local_scan_free(x);
  x = scan_of("job-1", "level = 'error'");
  go(x, "needle y;other;");
  local_scan_free(x);
  x = scan_of("job-1", "text ~ '^needle'");
  go(x, "needle y;");
  local_scan_free(x);
  x = scan_of("job-1", "level is null");
  go(x, "not a line of ours;");
  local_scan_free(x);
  x = scan_of("", "text ~ 'nowhere'");
  go(x, "");
  assert_int_equal(batches, 4); /* none was made for it */
  local_scan_free(x);
}

static void a_text_file_and_its_tail(void **state)
{
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/app.log", root);
  put("app.log", "first line\nsecond\nlast without newline", "w");
  struct local_scan *x = scan_of(path, "");
  x->last_counts = true;
  go(x, "first line;second;last without newline;");
  local_scan_free(x);
  x = scan_of(path, "");
  x->last_counts = true;
  local_scan_tail(x, 25);
  go(x, "last without newline;");
  assert_int_equal(x->skipped, 18);
  local_scan_free(x);
  x = scan_of(path, "");
  go(x, "first line;second;");
  put("app.log", "new\n", "w"); /* emptied and written again */
  go(x, "new;");
  local_scan_free(x);
}

/* Lines longer than a chunk, lines across chunks, very many lines. */
static void large_ones(void **state)
{
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/big.log", root);
  FILE *f = fopen(path, "w");
  for (int i = 0; i < 60000; i++)
    fprintf(f, "line number %06d of a log that is longer than one chunk\n", i);
  for (int i = 0; i < (2 << 20); i++)
    fputc('x', f);
  fputs("\nlast\n", f);
  fclose(f);
  struct local_scan *x = scan_of(path, "text ~ 'number 05999[0-9]'");
  bool more = true;
  while (more)
    assert_int_equal(local_scan_some(x, 1 << 30, &more, NULL), SL_OK);
  size_t n = 0;
  for (size_t i = 0; i < seen.n; i++)
    n += seen.p[i] == ';';
  assert_int_equal(n, 10);
  local_scan_free(x);
  x = scan_of(path, "text = 'last'");
  go(x, "last;");
  local_scan_free(x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, clear)
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(literals_of_expressions), cmocka_unit_test(literals_of_filters), cmocka_unit_test(finding), cmocka_unit_test(lines),
    T(growth_and_rotation_lose_nothing), T(steps_and_filters), T(a_text_file_and_its_tail), T(large_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
