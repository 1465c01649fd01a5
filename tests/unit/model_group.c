/* tests/unit/model_group.c: groups over an answer: they share its request, follow it, keep their order and limit, and fail as it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_backend.h"

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

static struct sl_query *grouped(const char *by, const char *where, const char *order, uint64_t limit)
{
  struct sl_query *q = fx_query(where, order, limit), *mine = NULL;
  struct sl_query like = *q;
  assert_int_equal(sl_want_parse(&like.group, sl_str(by), NULL), SL_OK);
  assert_int_equal(sl_query_new(&mine, &like, NULL), SL_OK);
  sl_want_unref(like.group);
  sl_query_unref(q);
  return mine;
}

static void expect_ids(const struct fx_seen *s, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  fx_ids(s, &b);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void groups_of_several_connections(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = grouped("state", NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.nsrc, 2);
  assert_int_equal(s.loaded, 5);
  expect_ids(&s, "state = 'failed' state = 'ok'");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void order_and_limit_are_of_the_groups_the_filter_of_the_rows(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = grouped("name", "state = ok", "-size.max", 2);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  expect_ids(&s, "name = 'bart' name = 'anna'");
  assert_true(s.filtered_here);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void rows_that_are_here_are_not_asked_for_again(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen rows, s;
  fx_open(&f, NULL);
  struct sl_query *q = fx_query(NULL, "-size", 0), *g = grouped("state", NULL, NULL, 0), *any = NULL;
  fx_watch(&f, q, false, &rows);
  fx_settle(&f);
  assert_int_equal(fake_of("fake")->queries, 1);
  struct sl_query like = *g;
  like.any_age = true;
  assert_int_equal(sl_query_new(&any, &like, NULL), SL_OK);
  fx_watch(&f, any, false, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.rows, 2);
  assert_int_equal(fake_of("fake")->queries, 1); /* whatever their order */
  sl_ws_unwatch(f.w, rows.id);
  fx_forget(&rows);
  sl_query_unref(q);
  fx_forget(&s);
  sl_query_unref(g);
  sl_query_unref(any);
  fx_close(&f);
}

static void follows_its_rows(void **state)
{
  static const struct fake_row later[] = { { "a", "anna", "stopped", 3, 0.5 }, { "d", "dora", "ok", 7, 1 } };
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = grouped("state", NULL, NULL, 0);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 2);
  int calls = s.calls;
  fake_of("fake")->rows = later;
  fake_of("fake")->nrows = 2;
  fx_pass(&f, 10100); /* the resource's own pace */
  fx_settle(&f);
  assert_true(s.calls > calls && s.done);
  expect_ids(&s, "state = 'ok' state = 'stopped'"); /* those that are struck out are in no group */
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_failed_source_is_told(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake_of("other")->fail = SL_ENET;
  fake_of("other")->message = "nobody home";
  struct sl_query *q = grouped("state", NULL, NULL, 0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[1].state, SL_FAILED);
  assert_true(s.rows > 0);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void wrong_names_are_refused_at_once(void **state)
{
  static const char *const bad[][2] = { { "stat", NULL }, { "state", "name" }, { "tags", NULL } };
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct sl_err e = { 0 };
  fx_open(&f, NULL);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_query *q = grouped(bad[i][0], NULL, bad[i][1], 0);
    assert_int_equal(fx_try(&f, q, &s, &e), SL_EUSAGE);
    sl_query_unref(q);
  }
  fx_close(&f);
}

static void left_while_it_is_at_it(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  for (int turns = 0; turns < 12; turns++) {
    fx_open(&f, &(struct fx_opts){ .real_clock = true });
    struct sl_query *q = grouped("state", NULL, "-n", 1);
    fx_watch(&f, q, false, &s);
    fx_turn(&f, turns);
    sl_ws_unwatch(f.w, s.id);
    fx_turn(&f, 1);
    fx_forget(&s);
    sl_query_unref(q);
    fx_close(&f);
    fresh(NULL);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(groups_of_several_connections, fresh),
    cmocka_unit_test_setup(order_and_limit_are_of_the_groups_the_filter_of_the_rows, fresh),
    cmocka_unit_test_setup(rows_that_are_here_are_not_asked_for_again, fresh), cmocka_unit_test_setup(follows_its_rows, fresh),
    cmocka_unit_test_setup(a_failed_source_is_told, fresh), cmocka_unit_test_setup(wrong_names_are_refused_at_once, fresh),
    cmocka_unit_test_setup(left_while_it_is_at_it, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
