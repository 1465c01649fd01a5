/* Statements in the box: every type, inputs, files good and broken, refusals, limits, and whatever can happen to the process. */
#include "box_harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void every_type(void **state)
{
  (void)state;
  expect_sql("select true a, 1::tinyint b, -2::smallint c, 3::int d, 4::bigint e, 255::utinyint f, 65535::usmallint g, "
             "4294967295::uinteger h",
             "a:bool b:integer c:integer d:integer e:integer f:integer g:integer h:integer\ntrue|1|-2|3|4|255|65535|4294967295\n");
  expect_sql("select 0.1::float a, 0.1::double b, 'nan'::double c, '-inf'::double d", "a:number b:number c:number d:number\n"
             "0.1|0.1|NaN|-Infinity\n");
  expect_sql("select date '2026-11-21' a, date '-0044-03-15' b, timestamp '2026-11-21 06:00:00.311999' c, timestamptz '2026-11-21 "
             "06:00:00+02' d",
             "a:text b:text c:time d:time\n2026-11-21|-044-03-15|2026-11-21T06:00:00.311Z|2026-11-21T04:00:00.000Z\n");
  expect_sql("select '2020-01-01'::timestamp_s a, '2020-01-01 00:00:00.5'::timestamp_ms b, '1969-12-31 23:59:59.9999'::timestamp_ns c, "
             "'infinity'::timestamp d", "a:time b:time c:time d:time\n"
             "2020-01-01T00:00:00.000Z|2020-01-01T00:00:00.500Z|1969-12-31T23:59:59.999Z|null\n");
  expect_sql("select time '01:02:03.5' a, interval 3 days b, uuid '01234567-89ab-cdef-0123-456789abcdef' c, '101'::bit d, "
             "'x'::enum('x','y') e",
             "a:text b:text c:text d:text e:text\n01:02:03.5|3 days|01234567-89ab-cdef-0123-456789abcdef|101|x\n");
  expect_sql("select '\\xDE\\xAD'::blob a, 'it''s' b, '' c, null d", "a:text b:text c:text d:integer\ndead|it's||null\n");
  expect_sql("select [1,null,3] a, {'x': 1, 'y': ['b']} b, map {'k': 1.5} c, ['nan'::double, '-inf'] d, '{\"q\":\"NaN\"}'::json e, "
             "[1,2]::int[2] f",
             "a:json b:json c:json d:json e:json f:json\n"
             "[1,null,3]|{\"x\":1,\"y\":[\"b\"]}|{\"k\":1.5}|[\"NaN\",\"-Infinity\"]|{\"q\":\"NaN\"}|[1,2]\n");
}

static void wide_numbers(void **state)
{
  (void)state;
  expect_sql("select sum(x) s, avg(x) m from (values (1),(2)) t(x)", "s:integer m:number\n3|1.5\n");
  expect_sql("select sum(x) s from (values (1.25),(2.50)) t(x)", "s:number\n3.75\n");
  expect_sql("select -170141183460469231731687303715884105727::hugeint a, 340282366920938463463374607431768211455::uhugeint b, "
             "18446744073709551615::ubigint c, 12345678901234567890.12::decimal(38,2) d, -0.05::decimal(30,2) e, "
                 "9999999999999999.5::decimal(18,1) f",
             "a:text b:text c:text d:text e:number f:text\n-170141183460469231731687303715884105727|"
             "340282366920938463463374607431768211455|18446744073709551615|12345678901234567890.12|-0.05|9999999999999999.5\n");
  expect_error("select case when i = 5000 then 170141183460469231731687303715884105727::hugeint else i::hugeint end x from range(9000) "
               "t(i)",
               SL_ELIMIT, "column x: a value in row 5001 does not fit exactly; write CAST");
}

static void names_and_shapes(void **state)
{
  (void)state;
  expect_sql("select 1 a, 2 a, [3] a", "a:integer a_2:integer a_3:json\n1|2|[3]\n");
  expect_sql("select 1 as \"x\n\033[31m\"\"y\", [2] as \"a,b\"", "x\n\033[31m\"y:integer a,b:json\n1|[2]\n");
  expect_sql("select * from range(3) t(i) where i > 5", "i:integer\n");
  expect_sql("from (values (3,[3]),(1,[1]),(2,[2])) t(i, l) order by i", "i:integer l:json\n1|[1]\n2|[2]\n3|[3]\n");
  expect_sql("select 1 as x; -- the end", "x:integer\n1\n");
  expect_sql("select [1] as x /* ; */ ; /* c */", "x:json\n[1]\n");
  expect_sql("describe select 1 as x", "column_name:text column_type:text null:text key:text default:text "
             "extra:text\nx|INTEGER|YES|null|null|null\n");
}

static void explained(void **state)
{
  (void)state;
  struct run r = { 0 };
  run_sql(&r, "explain select 42");
  assert_int_equal(r.rc, SL_OK);
  assert_non_null(strstr(sl_buf_zstr(&r.text), "42"));
  run_free(&r);
  run_sql(&r, "explain analyze select 42");
  assert_int_equal(r.rc, SL_OK);
  run_free(&r);
  run_sql(&r, "explain (format json) select 42");
  assert_int_equal(r.rc, SL_OK);
  run_free(&r);
  expect_error("explain analyze create table t as select 1", SL_EREADONLY, "only queries");
  expect_error("explain analyze copy (select 1) to 'x.csv'", SL_EREADONLY, "--out");
  expect_error("explain (analyze) copy (select 1) to 'x.csv'", SL_EREADONLY, "--out");
}

static void only_queries(void **state)
{
  (void)state;
  static const struct { const char *sql; const char *part; } no[] = {
    { "copy (select 1) to 'x.csv'", "--out FILE" },
    { "attach 'x.db'", "ATTACH is refused" },
    { "install httpfs", "INSTALL and LOAD" },
    { "load httpfs", "INSTALL and LOAD" },
    { "set threads = 1", "settings are fixed" },
    { "pragma memory_limit='9GB'", "settings are fixed" },
    { "call duckdb_settings()", "SELECT * FROM f()" },
    { "create table t(a int)", "WITH x AS" },
    { "create or replace temp view v as select 1", "WITH x AS" },
    { "drop table if exists t", "only queries" },
    { "create macro m() as 1", "WITH x AS" },
    { "prepare p as select 1", "values into the statement" },
    { "begin", "only queries" },
    { "vacuum", "only queries" },
    { "export database 'x'", "--out FILE" },
  };
  for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
    expect_error(no[i].sql, SL_EREADONLY, no[i].part);
  expect_error("select 1; select 2", SL_EUSAGE, "one statement at a time");
  expect_error("", SL_EUSAGE, "there is no statement");
  expect_error("  -- nothing\n", SL_EUSAGE, "there is no statement");
}

static void mistakes(void **state)
{
  (void)state;
  expect_error("slect 1", SL_EPARSE, "Parser Error: syntax error at or near \"slect\" (line 1, column 1)");
  expect_error("select\n a, bb from\n (select 1 a)", SL_EPARSE, "Candidate bindings: \"a\" (line 2, column 5)");
  expect_error("select [x] from nowhere", SL_EPARSE, "nowhere does not exist");
  expect_error("select 'a'::int + 1", SL_EPARSE, "Could not convert string 'a'");
  expect_error("select cast(x as int) from (values ('1'),('z')) t(x)", SL_EPARSE, "Could not convert string 'z'");
}

static void files(void **state)
{
  (void)state;
  char sql[600];
  write_text("good.csv", "a,b\n1,x\n2,y\n");
  write_text("good.ndjson", "{\"a\":1}\n{\"a\":2,\"b\":[1]}\n");
  snprintf(sql, sizeof sql, "select * from '%s/good.csv'", dir);
  expect_sql(sql, "a:integer b:text\n1|x\n2|y\n");
  snprintf(sql, sizeof sql, "select * from '%s/good.ndjson'", dir);
  expect_sql(sql, "a:integer b:json\n1|null\n2|[1]\n");
  snprintf(sql, sizeof sql, "select count(*) n from '%s/*.csv'", dir);
  expect_sql(sql, "n:integer\n2\n");
  snprintf(sql, sizeof sql, "select * from '%s/none.csv'", dir);
  expect_error(sql, SL_ENOENT, "none.csv: no such file");
  snprintf(sql, sizeof sql, "select * from '%s/no\"ne\".csv'", dir);
  expect_error(sql, SL_ENOENT, "no\"ne\".csv: no such file");
  snprintf(sql, sizeof sql, "select * from '%s/none-*.csv'", dir);
  expect_error(sql, SL_ENOENT, "none-*.csv: no file has such a name");
  snprintf(sql, sizeof sql, "select * from '%s/none'", dir);
  expect_error(sql, SL_ENOENT, "none: no such file or folder");
  expect_error("select * from '/etc/passwd.csv'", SL_EDENIED, "only files below");
  expect_error("select * from read_text('/etc/passwd')", SL_EDENIED, "only files below");
  snprintf(sql, sizeof sql, "select * from read_text('%s/../../etc/passwd')", dir);
  expect_error(sql, SL_EDENIED, "only files below");
}

static void broken_files(void **state)
{
  (void)state;
  char sql[600];
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "a,b\n");
  for (int i = 0; i < 30000; i++)
    sl_buf_printf(&b, "%d,%d\n", i, i);
  size_t good = b.n;
  sl_buf_z(&b, "x,12\n");
  write_file("conv.csv", b.p, b.n);
  sl_buf_cut(&b, good);
  sl_buf_z(&b, "1,2,3,4\n");
  write_file("wide.csv", b.p, b.n);
  sl_buf_free(&b);
  snprintf(sql, sizeof sql, "select sum(a) from '%s/conv.csv'", dir);
  expect_error(sql, SL_EPARSE, "conv.csv line 30002: Error when converting column \"a\". Could not convert string \"x\" to 'BIGINT'");
  snprintf(sql, sizeof sql, "select sum(a) from '%s/wide.csv'", dir);
  expect_error(sql, SL_EPARSE, "wide.csv line 30002: Expected Number of Columns: 2 Found: 3");
  write_text("bad.parquet", "PAR1 this is none PAR1");
  snprintf(sql, sizeof sql, "select * from '%s/bad.parquet'", dir);
  expect_error(sql, SL_EPARSE, "bad.parquet");
  write_text("bad.ndjson", "{\"a\":1}\n{\"a\":\n");
  snprintf(sql, sizeof sql, "select * from '%s/bad.ndjson'", dir);
  expect_error(sql, SL_EPARSE, "in line");
}

static void written(void **state)
{
  (void)state;
  static const char *const names[] = { "o.parquet", "o.csv", "o.ndjson", "o.json" };
  for (int i = 0; i < 4; i++) {
    struct run r = { 0 };
    char sql[700];
    run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select i, [i] l from range(5) t(i); -- x"), .out_path = names[i],
                                         .limit = 3 });
    run_wait(&r, 20000);
    assert_string_equal(r.err.msg, "");
    assert_int_equal(r.rc, SL_OK);
    assert_int_equal(r.rows, 3);
    char to[600];
    snprintf(to, sizeof to, "%s/%s", dir, names[i]);
    assert_int_equal(rename(r.file, to), 0);
    run_free(&r);
    snprintf(sql, sizeof sql, "select sum(i)::int s, count(*)::int n from '%s'", to);
    expect_sql(sql, "s:integer n:integer\n3|3\n");
  }
  struct run r = { 0 };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select 1"), .out_path = "o.xlsx" });
  run_wait(&r, 20000);
  assert_int_equal(r.rc, SL_EUSAGE);
  assert_non_null(strstr(r.err.msg, "o.xlsx: results are written as"));
  run_free(&r);
  struct sl_box_job *j;
  struct sl_err err;
  static const struct sl_box_ops ops;
  assert_int_equal(sl_box_start(&j, pool, &(struct sl_box_work){ .kind = "sql", .text = sl_str("x"), .out_path = "../x.csv" }, &ops,
                   NULL, &err),
                   SL_EINTERNAL);
}

/* ---- inputs ---- */

static const struct sl_col in_cols[] = {
  { .name = "name", .type = SL_TEXT }, { .name = "n", .type = SL_I64 },     { .name = "f", .type = SL_F64 },
  { .name = "b", .type = SL_BOOL },    { .name = "at", .type = SL_TIME },   { .name = "tags", .type = SL_LIST },
  { .name = "m", .type = SL_FAMILY_F64 }, { .name = "p", .type = SL_FAMILY_TEXT }, { .name = "key", .type = SL_TEXT,
      .flags = SL_COL_SECRET },
  { .name = "select \"x\"", .type = SL_JSON },
};

static void feed_rows(struct run *r, size_t input)
{
  struct sl_schema *s = r->feed_state;
  struct sl_batch *b = NULL;
  struct sl_buf list;
  assert_int_equal(input, 0);
  if (r->batches < 0)
    return;
  sl_buf_init(&list, 0);
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("id 1"));
  sl_batch_set(b, 0, sl_vs(SL_STR("bad \xff utf8")));
  sl_batch_set(b, 1, sl_vi(INT64_MIN));
  sl_batch_set(b, 2, sl_vf(0.5));
  sl_batch_set(b, 3, sl_vb(true));
  sl_batch_set(b, 4, sl_vt(1500));
  sl_list_add(&list, SL_STR("x"));
  sl_list_add(&list, SL_STR("a longer text than twelve bytes"));
  sl_batch_set(b, 5, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_batch_key(b, 6, SL_STR("auc"), sl_vf(0.9));
  sl_batch_key(b, 6, SL_STR("loss"), sl_vf(0.1));
  sl_batch_key(b, 7, SL_STR("k"), sl_vs(SL_STR("v")));
  sl_batch_set(b, 8, sl_vs(SL_STR("hunter2hunter2")));
  sl_batch_row(b, SL_PUT, SL_STR("2"));
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_box_job_rows(r->job, 0, b, NULL), SL_OK);
  assert_int_equal(sl_box_job_rows_end(r->job, 0, NULL), SL_OK);
  r->batches = -100; /* fed: once */
  sl_batch_unref(b);
  sl_buf_free(&list);
}

static void with_input(const char *sql, const char *text)
{
  struct sl_schema *s = NULL;
  struct run r = { .feed = feed_rows };
  assert_int_equal(sl_schema_new(&s, in_cols, sizeof in_cols / sizeof in_cols[0], NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_schema_set_resource(s, SL_STR("runs"), NULL), SL_OK);
  r.feed_state = s;
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str(sql), .inputs = &(struct sl_box_input){ "run\"s", s }, .ninputs = 1 });
  run_wait(&r, 20000);
  assert_string_equal(r.err.msg, "");
  assert_string_equal(sl_buf_zstr(&r.text), text);
  run_free(&r);
  sl_schema_unref(s);
}

static void inputs(void **state)
{
  (void)state;
  with_input("select connection, name, n, f, b, \"at\", tags, ref from \"run\"\"s\"",
             "connection:text name:text n:integer f:number b:bool at:time tags:json ref:text\n"
             "|bad \xef\xbf\xbd utf8|-9223372036854775808|0.5|true|1970-01-01T00:00:01.500Z|[\"x\",\"a longer text than twelve "
                 "bytes\"]|:runs/id%201\n"
             "|null|null|null|null|null|null|:runs/2\n");
  with_input("select m['auc'] auc, p['k'] k, m from \"run\"\"s\" where p['k'] = 'v'",
             "auc:number k:text m:json\n0.9|v|{\"auc\":0.9,\"loss\":0.1}\n");
  with_input("select count(*)::int n from (describe \"run\"\"s\") where column_name = 'key'", "n:integer\n0\n");
  expect_error("select * from \"run\"\"s\"", SL_EPARSE, "does not exist"); /* gone with its job */
}

struct many { struct sl_schema *s; int sent; };

static void feed_many(struct run *r, size_t input)
{
  struct many *m = r->feed_state;
  struct sl_batch *b = NULL;
  if (m->sent == 300) {
    m->sent++;
    assert_int_equal(sl_box_job_rows_end(r->job, input, NULL), SL_OK);
  }
  if (m->sent > 300)
    return;
  assert_int_equal(sl_batch_new(&b, m->s, NULL), SL_OK);
  for (int i = 0; i < SL_BATCH_ROWS; i++) {
    char id[16];
    snprintf(id, sizeof id, "%d", m->sent * SL_BATCH_ROWS + i);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, 0, sl_vi(m->sent * SL_BATCH_ROWS + i));
  }
  m->sent++;
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_box_job_rows(r->job, input, b, NULL), SL_OK);
  sl_batch_unref(b);
}

static void many_inputs(void **state)
{
  (void)state;
  static const struct sl_col col = { .name = "n", .type = SL_I64 };
  struct many m = { NULL, 0 };
  struct run r = { .feed = feed_many, .feed_state = &m };
  assert_int_equal(sl_schema_new(&m.s, &col, 1, NULL, 0, NULL), SL_OK);
  run_start(&r, &(struct sl_box_work){ .kind = "sql",
            .text = sl_str("select count(*)::bigint c, sum(n) s, count(distinct ref)::bigint d from t"),
                                       .inputs = &(struct sl_box_input){ "t", m.s }, .ninputs = 1 });
  run_wait(&r, 30000);
  assert_string_equal(r.err.msg, "");
  assert_string_equal(sl_buf_zstr(&r.text), "c:integer s:integer d:integer\n307200|47185766400|307200\n");
  run_free(&r);
  sl_schema_unref(m.s);
}

/* ---- flow, cancel, death ---- */

static bool paused(void *user)
{
  struct run *r = user;
  return r->batches >= r->pause_after;
}

static void flow(void **state)
{
  (void)state;
  struct run r = { .pause_after = 3 };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select i, repeat('x', 50) t from range(1000000) t(i)") });
  assert_true(turn_until(paused, &r, 20000));
  for (int i = 0; i < 10; i++)
    sl_loop_turn(loop, 20);
  assert_int_equal(r.batches, 3); /* nothing comes while it is not wanted */
  sl_box_job_resume(r.job);
  run_wait(&r, 60000);
  assert_int_equal(r.rc, SL_OK);
  assert_int_equal(r.rows, 1000000);
  run_free(&r);
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select * from range(1000000)"), .limit = 1500 });
  run_wait(&r, 20000);
  assert_int_equal(r.rows, 1500);
  run_free(&r);
}

static bool has_pid(void *user)
{
  struct run *r = user;
  return r->heads > 0;
}

static bool at_work(void *user)
{
  struct run *r = user;
  return r->progress > 0;
}

static bool dead(void *user)
{
  return kill(*(int *)user, 0) != 0;
}

static const char forever[] = "select i, random() from range(1000000000000) t(i)";

/* Milliseconds from the word to the end of the box's process. */
static int64_t cancel_takes(void)
{
  struct run r = { .pause_after = 1 };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select sum(i * random()) from range(1000000000000) t(i)") });
  assert_true(turn_until(at_work, &r, 20000));
  int pid = sl_box_job_pid(r.job);
  assert_true(pid > 0);
  int64_t from = now_ms();
  sl_box_job_cancel(r.job);
  r.job = NULL;
  assert_true(turn_until(dead, &pid, 5000));
  int64_t took = now_ms() - from;
  run_free(&r);
  return took;
}

static void cancelled(void **state)
{
  (void)state;
  int64_t least = 5000;
  expect_sql("select 1 a", "a:integer\n1\n");
  for (int i = 0; i < 5 && least >= 100; i++) { /* a busy machine keeps us waiting now and then; a box that does not stop does every time */
    int64_t took = cancel_takes();
    print_message("cancel: gone after %d ms\n", (int)took);
    least = took < least ? took : least;
  }
  assert_true(least < 100);
  expect_sql("select 1 a", "a:integer\n1\n");
}

static void killed(void **state)
{
  (void)state;
  struct run r = { .pause_after = 1 };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str(forever) });
  assert_true(turn_until(has_pid, &r, 20000));
  sl_box_job_resume(r.job);
  assert_int_equal(kill(sl_box_job_pid(r.job), SIGKILL), 0);
  run_wait(&r, 5000);
  assert_int_equal(r.rc, SL_EIO);
  assert_non_null(strstr(r.err.msg, "the box died: killed"));
  run_free(&r);
  r.pause_after = 1;
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str(forever) });
  assert_true(turn_until(has_pid, &r, 20000));
  assert_int_equal(kill(sl_box_job_pid(r.job), SIGSEGV), 0);
  sl_box_job_resume(r.job);
  run_wait(&r, 5000);
  assert_int_equal(r.rc, SL_EIO);
  assert_non_null(strstr(r.err.msg, "the box died"));
  run_free(&r);
  expect_sql("select 1 a", "a:integer\n1\n");
}

static void hangs(void **state)
{
  (void)state;
  struct sl_box_limits l = small;
  l.hang_ms = 2500;
  pool_again(&l, 2);
  struct run r = { 0 };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str("select sum(i * random()) from range(1000000000000) t(i)") });
  int64_t least = now_ms() + 3500;
  while (now_ms() < least || (r.progress < 2 && now_ms() < least + 20000))
    sl_loop_turn(loop, 50);
  assert_non_null(r.job); /* busy is not hanging */
  assert_true(r.progress >= 2);
  assert_int_equal(kill(sl_box_job_pid(r.job), SIGSTOP), 0);
  run_wait(&r, 8000);
  assert_int_equal(r.rc, SL_ETIMEOUT);
  assert_non_null(strstr(r.err.msg, "the box hangs"));
  run_free(&r);
  expect_sql("select 1 a", "a:integer\n1\n");
}

static void hungry(void **state)
{
  (void)state;
  expect_error("select * from range(1000000000000) order by random()", SL_ELIMIT, "box.memory");
  expect_error("select list(repeat('x', 1000000)) from range(100000)", SL_ELIMIT, "box.memory");
  expect_sql("select 1 a", "a:integer\n1\n");
}

static void queued(void **state)
{
  (void)state;
  pool_again(&small, 1);
  struct run r[4] = { { 0 } };
  for (int i = 0; i < 4; i++)
    run_start(&r[i], &(struct sl_box_work){ .kind = "sql", .text = sl_str("select 1 a") });
  sl_box_job_cancel(r[1].job);
  r[1].job = NULL;
  run_wait(&r[3], 20000);
  assert_null(r[0].job);
  assert_null(r[2].job);
  assert_int_equal(r[3].rc, SL_OK);
  for (int i = 0; i < 4; i++)
    run_free(&r[i]);
}

static bool nobody(void *user)
{
  (void)user;
  char path[400];
  snprintf(path, sizeof path, "%s-tmp", dir);
  int n = 0;
  DIR *d = opendir(path), *in;
  for (struct dirent *e; d && (e = readdir(d));) {
    if (e->d_name[0] == '.')
      continue;
    snprintf(path, sizeof path, "%.280s-tmp/%.100s", dir, e->d_name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    in = opendir(path);
    while (in && (e = readdir(in)))
      n += e->d_name[0] != '.';
    if (in)
      closedir(in);
  }
  if (d)
    closedir(d);
  return n == 0;
}

static void idle_ends(void **state)
{
  (void)state;
  struct sl_box_limits l = small;
  l.idle_ms = 200;
  pool_again(&l, 2);
  expect_sql("select 1 a", "a:integer\n1\n");
  assert_false(nobody(NULL));
  assert_true(turn_until(nobody, NULL, 5000)); /* box and scratch folder are gone */
}

static void swept(void **state)
{
  (void)state;
  char path[400];
  snprintf(path, sizeof path, "%s-tmp/sluice-box-999999999-abc", dir);
  assert_int_equal(mkdir(path, 0700), 0);
  pool_again(&small, 2);
  assert_int_equal(access(path, F_OK), -1);
}

static void extra_reads(void **state)
{
  (void)state;
  char path[64] = "/tmp/sluice-boxextra-XXXXXX", sql[200];
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "a\n7\n", 4), 4);
  close(fd);
  snprintf(sql, sizeof sql, "select * from read_csv('%s')", path);
  expect_error(sql, SL_EDENIED, "only files below");
  struct run r = { 0 };
  const char *const reads[] = { path, NULL };
  run_start(&r, &(struct sl_box_work){ .kind = "sql", .text = sl_str(sql), .reads = reads });
  run_wait(&r, 20000);
  assert_string_equal(r.err.msg, "");
  assert_string_equal(sl_buf_zstr(&r.text), "a:integer\n7\n");
  run_free(&r);
  unlink(path);
}

static void no_engine(void **state)
{
  (void)state;
  char exe[512];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[n] = 0;
  const char *const none[] = { "/nonexistent", NULL };
  char tmp[400];
  snprintf(tmp, sizeof tmp, "%s-tmp", dir);
  sl_box_pool_close(pool);
  struct sl_box_opts o = { .loop = loop, .exe = exe, .lib_dirs = none, .roots = none, .tmp_dir = tmp, .limits = small };
  assert_int_equal(sl_box_pool_open(&pool, &o, NULL), SL_OK);
  expect_error("select 1", SL_EUNSUP, "./run deps");
}

#define BOXED(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = {
    BOXED(every_type), BOXED(wide_numbers), BOXED(names_and_shapes), BOXED(explained), BOXED(only_queries), BOXED(mistakes), BOXED(files),
    BOXED(broken_files), BOXED(written), BOXED(inputs), BOXED(many_inputs), BOXED(flow), BOXED(cancelled), BOXED(killed), BOXED(hangs),
    BOXED(hungry), BOXED(queued), BOXED(idle_ends), BOXED(swept), BOXED(extra_reads), BOXED(no_engine),
  };
  return harness_main(argc, argv, NULL, tests, sizeof tests / sizeof tests[0]);
}
