/* tests/unit/app_rows.c: rows in the four formats, byte by byte. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/out.h"
#include "base/mem.h"

static const struct sl_col cols[] = {
  { .name = "id", .type = SL_TEXT }, { .name = "bytes", .type = SL_I64, .unit = "B" }, { .name = "at", .type = SL_TIME },
  { .name = "score", .type = SL_F64 }, { .name = "aliases", .type = SL_LIST }, { .name = "key", .type = SL_TEXT, .flags = SL_COL_SECRET },
  { .name = "metrics", .type = SL_FAMILY_F64 },
};
enum { ID, BYTES, AT, SCORE, ALIASES, KEY, METRICS };

static struct sl_batch *batch(void)
{
  struct sl_schema *s;
  struct sl_batch *b;
  struct sl_buf list;
  assert_int_equal(sl_schema_new(&s, cols, sizeof cols / sizeof cols[0], NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_schema_set_resource(s, SL_STR("things"), NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  sl_buf_init(&list, 0);
  sl_list_add(&list, SL_STR("a"));
  sl_list_add(&list, SL_STR("b\"c"));
  sl_batch_row(b, SL_PUT, SL_STR("x/1"));
  sl_batch_set(b, ID, sl_vs(SL_STR("x, \"one\"\n\x1b[31m")));
  sl_batch_set(b, BYTES, sl_vi(31200));
  sl_batch_set(b, AT, sl_vt(1763704800311));
  sl_batch_set(b, SCORE, sl_vf(NAN));
  sl_batch_set(b, ALIASES, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_batch_set(b, KEY, sl_vz("hush"));
  sl_batch_key(b, METRICS, SL_STR("loss"), sl_vf(0.25));
  sl_batch_key(b, METRICS, SL_STR("auc"), sl_vf(0.91));
  sl_batch_row(b, SL_PUT, SL_STR("y\xff"));
  sl_batch_set(b, ID, sl_vs(SL_STR("y\xff")));
  sl_batch_row(b, SL_PUT, SL_STR("z"));
  sl_batch_set(b, ID, sl_vs(SL_STR("")));
  sl_batch_key(b, METRICS, SL_STR("auc"), sl_vf(1));
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  sl_buf_free(&list);
  sl_schema_unref(s);
  return b;
}

/* What comes out of the descriptor, and the notes. */
static char text[8192], notes[1024];

static const char *printed(enum sl_format format, const char *columns, int width, bool vertical)
{
  int fd[2];
  assert_int_equal(pipe(fd), 0);
  struct sl_out o;
  struct sl_rows *r;
  struct sl_err err = { 0 };
  struct sl_want *want = NULL;
  sl_out_open(&o, fd[1]);
  o.width = width;
  o.tty = width > 0;
  if (columns)
    assert_int_equal(sl_want_parse(&want, sl_str(columns), &err), SL_OK);
  struct sl_batch *b = batch();
  struct sl_rows_opts how = { .format = format, .want = want, .conn = "local", .columns = "id,score,bytes", .vertical = vertical,
                              .show = { .now = 1763704860311 } };
  int rc = sl_rows_open(&r, &o, &how, sl_batch_schema(b), &err);
  if (rc) {
    snprintf(text, sizeof text, "! %s", err.msg);
  } else {
    if (sl_rows_wants_scan(r))
      assert_int_equal(sl_rows_scan(r, b, &err), SL_OK);
    assert_int_equal(sl_rows_put(r, b, &err), SL_OK);
    assert_int_equal(sl_rows_end(r, &err), SL_OK);
    struct sl_buf n;
    sl_buf_init(&n, 0);
    sl_rows_notes(r, &n);
    snprintf(notes, sizeof notes, "%s", sl_buf_zstr(&n));
    sl_buf_free(&n);
    ssize_t got = read(fd[0], text, sizeof text - 1);
    assert_true(got >= 0);
    text[got] = 0;
    sl_rows_free(r);
  }
  sl_want_unref(want);
  sl_batch_unref(b);
  sl_out_close(&o);
  close(fd[0]);
  close(fd[1]);
  return text;
}

#define ROW1 "{\"connection\":\"local\",\"id\":\"x, \\\"one\\\"\\n\\u001b[31m\",\"bytes\":31200,\"at\":\"2025-11-21T06:00:00.311Z\"," \
  "\"score\":\"NaN\",\"aliases\":[\"a\",\"b\\\"c\"],\"key\":\"***\"," \
  "\"metrics.auc\":0.91,\"metrics.loss\":0.25,\"ref\":\"local:things/x%2F1\"}"
#define ROW2 "{\"connection\":\"local\",\"id\":\"y\\udcff\",\"bytes\":null,\"at\":null,\"score\":null,\"aliases\":null,\"key\":null," \
  "\"ref\":\"local:things/y%FF\"}"
#define ROW3 "{\"connection\":\"local\",\"id\":\"\",\"bytes\":null,\"at\":null,\"score\":null,\"aliases\":null,\"key\":null," \
  "\"metrics.auc\":1,\"ref\":\"local:things/z\"}"

static void test_json(void **state)
{
  (void)state;
  assert_string_equal(printed(SL_FMT_JSON, NULL, 0, false), "[\n" ROW1 ",\n" ROW2 ",\n" ROW3 "\n]\n");
  assert_string_equal(notes, "");
  assert_string_equal(printed(SL_FMT_NDJSON, NULL, 0, false), ROW1 "\n" ROW2 "\n" ROW3 "\n");
  assert_string_equal(printed(SL_FMT_NDJSON, "metrics.auc,id,metrics.none", 0, false),
    "{\"metrics.auc\":0.91,\"id\":\"x, \\\"one\\\"\\n\\u001b[31m\",\"metrics.none\":null}\n"
    "{\"metrics.auc\":null,\"id\":\"y\\udcff\",\"metrics.none\":null}\n{\"metrics.auc\":1,\"id\":\"\",\"metrics.none\":null}\n");
}

static void test_csv(void **state)
{
  (void)state;
  assert_string_equal(printed(SL_FMT_CSV, NULL, 0, false),
    "connection,id,bytes,at,score,aliases,key,ref\n"
    "local,\"x, \"\"one\"\"\n\x1b[31m\",31200,2025-11-21T06:00:00.311Z,NaN,\"[\"\"a\"\",\"\"b\\\"\"c\"\"]\",***,local:things/x%2F1\n"
    "local,y\xff,,,,,,local:things/y%FF\n"
    "local,\"\",,,,,,local:things/z\n");
  assert_non_null(strstr(notes, "not shown: metrics"));
  assert_string_equal(printed(SL_FMT_CSV, "bytes,metrics.*", 0, false), "bytes,metrics.auc,metrics.loss\n31200,0.91,0.25\n,,\n,1,\n");
  assert_null(strchr(printed(SL_FMT_CSV, "id", 80, false), '\x1b')); /* a terminal gets it harmless */
}

static void test_table(void **state)
{
  (void)state;
  assert_string_equal(printed(SL_FMT_TABLE, "bytes,metrics.*,ref", 0, false),
    "  BYTES  metrics.auc  metrics.loss  REF\n"
    "31.2 kB         0.91          0.25  local:things/x%2F1\n"
    "      -            -             -  local:things/y%FF\n"
    "      -            1             -  local:things/z\n");
  assert_null(strchr(printed(SL_FMT_TABLE, NULL, 0, false), '\x1b'));
}

static void test_narrow(void **state)
{
  (void)state;
  const char *got = printed(SL_FMT_TABLE, NULL, 34, false);
  struct sl_str rest = sl_str(got), line;
  assert_true(sl_str_starts(rest, SL_STR("ID ")));
  while (sl_str_cut(&rest, '\n', &line))
    assert_true(line.n <= 36);
  assert_non_null(strstr(notes, "no room for: "));
  assert_non_null(strstr(notes, "ref"));
  printed(SL_FMT_TABLE, "ref", 10, false);
  assert_string_equal(notes, "3 values cut to fit the terminal (-o json has all)\n");
}

static void test_vertical(void **state)
{
  (void)state;
  const char *got = printed(SL_FMT_TABLE, NULL, 0, true);
  assert_non_null(strstr(got, "bytes       31.2 kB\n"));
  assert_non_null(strstr(got, "loss=0.25"));
  assert_string_equal(notes, "");
}

static void test_unknown_column(void **state)
{
  (void)state;
  assert_string_equal(printed(SL_FMT_JSON, "scor", 0, false), "! no column 'scor'; did you mean 'score'?");
}

static void test_empty(void **state)
{
  (void)state;
  int fd[2];
  char got[32];
  assert_int_equal(pipe(fd), 0);
  struct sl_out o;
  struct sl_rows *r;
  sl_out_open(&o, fd[1]);
  assert_int_equal(sl_rows_open(&r, &o, &(struct sl_rows_opts){ .format = SL_FMT_JSON }, NULL, NULL), SL_OK);
  assert_int_equal(sl_rows_end(r, NULL), SL_OK);
  assert_int_equal(read(fd[0], got, sizeof got), 3);
  assert_memory_equal(got, "[]\n", 3);
  sl_rows_free(r);
  close(fd[0]);
  sl_buf_z(&o.b, "nobody reads this");
  struct sl_err err = { 0 };
  assert_int_equal(sl_out_flush(&o, &err), SL_ECANCELED);
  assert_true(o.gone);
  assert_string_equal(err.msg, "");
  close(fd[1]);
  sl_out_close(&o);
}

static int no_sigpipe(void **state)
{
  (void)state;
  struct sigaction sa = { .sa_handler = SIG_IGN };
  return sigaction(SIGPIPE, &sa, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_json), cmocka_unit_test(test_csv), cmocka_unit_test(test_table), cmocka_unit_test(test_narrow),
    cmocka_unit_test(test_vertical), cmocka_unit_test(test_unknown_column), cmocka_unit_test(test_empty),
  };
  return cmocka_run_group_tests(tests, no_sigpipe, NULL);
}
