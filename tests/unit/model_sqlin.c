/* Which resources a statement reads: by places and quotes, not by grep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_backend.h"

static const struct sl_resource *find(void *user, struct sl_str name)
{
  (void)user;
  return sl_resource_find(name);
}

/* "statement" -> "statement as handed on" and "table(resource where scope limit) ..." */
static void expect(const char *in, const char *out, const char *names)
{
  struct ws_sql s;
  struct sl_err e = { 0 };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  int rc = ws_sql_parse(&s, sl_str(in), find, NULL, &e);
  if (rc)
    print_error("%s: %s\n", in, e.msg);
  assert_int_equal(rc, SL_OK);
  for (size_t i = 0; i < s.n; i++) {
    const struct ws_sql_name *n = &s.name[i];
    sl_buf_printf(&b, "%s%.*s(%s", i ? " " : "", SL_ARG(n->table), n->res->name);
    sl_buf_printf(&b, "%s%s%s%s", n->where ? " where:" : "", n->where ? n->where : "", n->scope ? " scope:" : "", n->scope ? n->scope : "");
    if (n->limit)
      sl_buf_printf(&b, " limit:%llu", (unsigned long long)n->limit);
    sl_buf_ch(&b, ')');
  }
  if (strcmp(sl_buf_zstr(&b), names) != 0)
    print_error("%s\n", in);
  assert_string_equal(sl_buf_zstr(&b), names);
  assert_string_equal(s.statement, out ? out : in);
  sl_buf_free(&b);
  ws_sql_free(&s);
}

static void refuse(const char *in, const char *why)
{
  struct ws_sql s;
  struct sl_err e = { 0 };
  assert_int_equal(ws_sql_parse(&s, sl_str(in), find, NULL, &e), SL_EUSAGE);
  if (!strstr(e.msg, why))
    print_error("%s: %s\n", in, e.msg);
  assert_non_null(strstr(e.msg, why));
}

static void tables_are_where_tables_stand(void **state)
{
  (void)state;
  expect("select 1", NULL, "");
  expect("select * from executions", "select * from \"executions\"", "executions(executions)");
  expect("SELECT * FROM Executions e WHERE e.state = 'failed'", "SELECT * FROM \"executions\" e WHERE e.state = 'failed'",
         "executions(executions)");
  expect("select * from \"runs\"", "select * from \"runs\"", "runs(runs)");
  expect("select a.*, b.x from runs a join versions b on a.id = b.run",
         "select a.*, b.x from \"runs\" a join \"versions\" b on a.id = b.run",
         "runs(runs) versions(versions)");
  expect("select * from runs, versions v where 1=1", "select * from \"runs\", \"versions\" v where 1=1", "runs(runs) versions(versions)");
  expect("from executions select state", "from \"executions\" select state", "executions(executions)");
  expect("describe executions", "describe \"executions\"", "executions(executions)");
  expect("explain select * from runs", "explain select * from \"runs\"", "runs(runs)");
  expect("select * from (select * from runs) x", "select * from (select * from \"runs\") x", "runs(runs)");
  expect("select * from (runs join versions on true)", "select * from (\"runs\" join \"versions\" on true)",
         "runs(runs) versions(versions)");
  expect("select (select count(*) from runs), 2 from versions", "select (select count(*) from \"runs\"), 2 from \"versions\"",
         "runs(runs) versions(versions)");
  expect("select * from runs union all select * from versions", "select * from \"runs\" union all select * from \"versions\"",
         "runs(runs) versions(versions)");
  expect("select * from runs a, lateral (select * from versions where run = a.id) v",
         "select * from \"runs\" a, lateral (select * from \"versions\" where run = a.id) v", "runs(runs) versions(versions)");
  expect("select * from runs a join runs b using (id)", "select * from \"runs\" a join \"runs\" b using (id)", "runs(runs)");
}

static void columns_texts_and_comments_are_not(void **state)
{
  (void)state;
  expect("select rows, log from x", NULL, "");
  expect("select runs.id from other as runs", NULL, "");
  expect("select 'from runs' from t -- from runs\n", NULL, "");
  expect("select $$ from runs $$, $x$ from runs $x$ from t /* from runs /* nested */ from runs */", NULL, "");
  expect("select e'it\\'s from runs' from t", NULL, "");
  expect("select 'it''s from runs' from \"t \"\" from runs\"", NULL, "");
  expect("select extract(year from started) from t", NULL, "");
  expect("select trim(both from log) from t", NULL, "");
  expect("select a is distinct from runs from t", NULL, "");
  expect("select * from main.runs", NULL, "");
  expect("select * from read_parquet('runs')", NULL, "");
  expect("select * from 's3://bucket/runs'", NULL, "");
  expect("select * from t where a in (runs, log)", NULL, "");
  expect("select * from t group by rows, log order by runs, jobs", NULL, "");
  expect("select * from t a(runs, log)", NULL, "");
  expect("select f(a, runs) from t", NULL, "");
}

static void common_table_expressions_hide(void **state)
{
  (void)state;
  expect("with runs as (select 1) select * from runs", NULL, "");
  expect("with recursive a(x, y) as (select * from runs), log as materialized (select 1) select * from a, log",
         "with recursive a(x, y) as (select * from \"runs\"), log as materialized (select 1) select * from a, log", "runs(runs)");
  expect("with runs(a) as not materialized (select 1) select * from runs", NULL, "");
}

static void arguments_are_taken_out(void **state)
{
  (void)state;
  expect("select engine, count(*) from executions(where => 'state = failed and started > -2h') group by 1",
         "select engine, count(*) from \"executions\" group by 1", "executions(executions where:state = failed and started > -2h)");
  expect("select * from runs('readmission', where := 'metrics.auc > 0.8', limit => 10) r", "select * from \"runs\" r",
         "runs(runs where:metrics.auc > 0.8 scope:readmission limit:10)");
  expect("select * from runs()", "select * from \"runs\"", "runs(runs)");
  expect("select * from runs(where => 'name = ''x''')", "select * from \"runs\"", "runs(runs where:name = 'x')");
  expect("select * from runs(where => 'a') x join runs(where => 'b') y on true join runs(where => 'a') z on true",
         "select * from \"runs\" x join \"runs__2\" y on true join \"runs\" z on true", "runs(runs where:a) runs__2(runs where:b)");
  expect("from runs('a', 'b', label => 'c')", "from runs('a', 'b', label => 'c')", ""); /* two texts: the engine's own */
  refuse("select * from runs(were => 'a')", "takes where, scope, conn, order");
  refuse("select * from runs(where => 3)", "takes where");
  refuse("select * from runs(limit => 'x')", "N is a number");
  refuse("select * from runs(limit => 0)", "N is a number");
  refuse("select * from runs(where => 'a' limit => 3)", "expected a comma");
  refuse("select * from runs(1 + 2)", "expected name => 'value'");
  refuse("select * from runs(where => 'a'", "not closed");
  refuse("select * from runs()('x')", "another parenthesis");
}

static void nonsense_is_the_engines_to_refuse(void **state)
{
  (void)state;
  expect("", NULL, "");
  expect("select 'open", NULL, "");
  expect("select \"open", NULL, "");
  expect("))))", NULL, "");
  expect("$", NULL, "");
  expect("$a$ open", NULL, "");
  expect("/* open", NULL, "");
  expect("select * from", NULL, "");
  char deep[600];
  memset(deep, '(', sizeof deep - 1);
  deep[sizeof deep - 1] = 0;
  refuse(deep, "nests deeper");
}

/* ---- the whole way ---- */

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };
static const struct fake_row xyz[] = { { "x", "bart", "ok", 9, 0 }, { "y", "anna", "ok", 8, 0 } };

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake_of("fake")->rows = abc;
  fake_of("fake")->nrows = 3;
  fake_of("other")->rows = xyz;
  fake_of("other")->nrows = 2;
  return 0;
}

static struct sl_query *sql(const char *statement, uint64_t limit)
{
  struct sl_query like = { .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_str(statement), .input_rows = limit }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  return q;
}

static int64_t count_of(const struct fx_seen *s, uint32_t row)
{
  struct sl_batch *b = NULL;
  assert_int_equal(sl_snap_page(s->snap, 0, 10, &b, NULL, NULL, NULL), SL_OK);
  struct sl_val v = sl_batch_get(b, row, 1);
  sl_batch_unref(b);
  return v.u.i;
}

static void a_statement_reads_what_it_names(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = sql("select * from things(where => 'state = ok') t, lines('x') l", 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_string_equal(fake_of("compute")->statement, "select * from \"things\" t, \"lines\" l");
  assert_string_equal(fake_of("compute")->inputs, "things lines");
  assert_int_equal(count_of(&s, 0), 4); /* anna, carl of fake; both of other */
  assert_int_equal(s.nsrc, 5);          /* compute; things of fake and other; lines of fake and third */
  assert_string_equal(s.conn[0], "compute");
  assert_string_equal(s.src[1].note, "things");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_statement_says_what_is_missing(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("other")->fail = SL_ENET;
  fake_of("other")->message = "no route";
  struct sl_query *q = sql("select * from things", 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(s.src[2].state, SL_FAILED); /* partial evidence is seen as such */
  assert_string_equal(s.src[2].err.msg, "things: no route");
  assert_int_equal(count_of(&s, 0), 3);
  fx_forget(&s);
  fake_of("fake")->fail = SL_ENET;
  fake_of("fake")->refuse = SL_ENET;
  fake_of("fake")->message = "no route";
  fake_of("other")->refuse = SL_ENET;
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].state, SL_FAILED);
  assert_string_equal(s.src[0].err.msg, "things: no route");
  assert_int_equal(fake_of("compute")->queries, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void inputs_are_capped_and_say_so(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->made = 300;
  fake_of("other")->nrows = 0;
  struct sl_query *q = sql("select * from things", 120);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(count_of(&s, 0), 120);
  assert_int_equal(s.src[1].state, SL_CUT);
  assert_string_equal(s.src[1].note, "things: first 120 of more");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void mistakes_in_arguments_are_told_at_once(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct sl_err e = { 0 };
  fx_open(&f, NULL);
  struct sl_query *q = sql("select * from things(where => 'state = ')", 0);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUSAGE);
  assert_non_null(strstr(e.msg, "things(...): "));
  sl_query_unref(q);
  q = sql("select * from things(where => 'sise = 3')", 0);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_OK);
  fx_settle(&f);
  assert_int_equal(s.src[0].state, SL_FAILED);
  assert_non_null(strstr(s.src[0].err.msg, "size"));
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void leaving_cancels_the_inputs(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("fake")->delay_ms = 1000;
  struct sl_query *q = sql("select * from things", 0);
  fx_watch(&f, q, false, &s);
  fx_turn(&f, 5);
  sl_ws_unwatch(f.w, s.id);
  assert_int_equal(fake_of("fake")->cancels, 1);
  assert_int_equal(fake_of("compute")->queries, 0);
  assert_null(f.w->answers);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

/* The rows of a statement that has run, in another order: nobody is asked, unless one wants them new. */
static void another_order_takes_the_rows_that_are_here(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen all, some, first, s;
  fx_open(&f, NULL);
  struct sl_query *q = fx_query(NULL, NULL, 0), *ok = fx_query("state = ok", NULL, 0), *next = NULL;
  fx_watch(&f, q, false, &all);
  fx_watch(&f, ok, false, &some);
  fx_settle(&f);
  struct sl_query_input in[] = { { "many", all.snap }, { "few", some.snap } };
  struct sl_query like = { .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = SL_STR("select 1"), .inputs = in, .ninputs = 2 };
  struct sl_query *plain = NULL;
  assert_int_equal(sl_query_new(&plain, &like, NULL), SL_OK);
  fx_watch(&f, plain, false, &first);
  fx_settle(&f);
  assert_int_equal(fake_of("compute")->queries, 1);
  assert_string_equal(first.first, "many");
  assert_int_equal(sl_order_parse(&like.order, SL_STR("n"), NULL), SL_OK);
  like.any_age = true;
  assert_int_equal(sl_query_new(&next, &like, NULL), SL_OK);
  fx_watch(&f, next, false, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_string_equal(s.first, "few");
  assert_int_equal(s.rows, 2);
  assert_int_equal(s.loaded, 2);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(fake_of("compute")->queries, 1);
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_int_equal(fake_of("compute")->queries, 2);
  assert_string_equal(s.first, "few");
  struct fx_seen *seen[] = { &all, &some, &first, &s };
  for (size_t i = 0; i < 4; i++) {
    sl_ws_unwatch(f.w, seen[i]->id);
    fx_forget(seen[i]);
  }
  sl_query_unref(next);
  sl_query_unref(plain);
  sl_query_unref(q);
  sl_query_unref(ok);
  sl_order_unref(like.order);
  fx_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tables_are_where_tables_stand),
    cmocka_unit_test(columns_texts_and_comments_are_not),
    cmocka_unit_test(common_table_expressions_hide),
    cmocka_unit_test(arguments_are_taken_out),
    cmocka_unit_test(nonsense_is_the_engines_to_refuse),
    cmocka_unit_test_setup(a_statement_reads_what_it_names, fresh),
    cmocka_unit_test_setup(a_statement_says_what_is_missing, fresh),
    cmocka_unit_test_setup(inputs_are_capped_and_say_so, fresh),
    cmocka_unit_test_setup(mistakes_in_arguments_are_told_at_once, fresh),
    cmocka_unit_test_setup(leaving_cancels_the_inputs, fresh),
    cmocka_unit_test_setup(another_order_takes_the_rows_that_are_here, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
