/* Requests: exactly one end, whatever a backend does; workers that feed, wait and stop; a queue for the background. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_backend.h"

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };
static struct fake *fake;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = abc;
  fake->nrows = 3;
  return 0;
}

static struct sl_query *query(const char *scope, uint64_t limit, bool background)
{
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake"), .scope = sl_str(scope), .limit = limit }, *q;
  like.background = background;
  if (limit)
    assert_int_equal(sl_filter_parse(&like.where, SL_STR("size > 0"), 0, NULL, NULL), SL_OK);
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  sl_filter_unref(like.where);
  return q;
}

/* Asks once with this mistake; what the watcher saw, and that the mistake was noted. */
static void with_mistake(enum fake_wrong wrong, uint64_t limit, struct fx_seen *s, unsigned *violations)
{
  struct fx f;
  fx_open(&f, NULL);
  fake->wrong = wrong;
  struct sl_query *q = query("", limit, false);
  fx_watch(&f, q, true, s);
  fx_settle(&f);
  *violations = f.w->violations;
  fx_forget(s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_second_end_is_noticed(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  with_mistake(FAKE_END_TWICE, 0, &s, &v);
  assert_int_equal(v, 1);
  assert_int_equal(s.src[0].state, SL_WHOLE); /* the first one counts */
}

static void an_end_inside_the_slot_is_noticed(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  with_mistake(FAKE_END_IN_SLOT, 0, &s, &v);
  assert_int_equal(v, 1);
  assert_true(s.done);
}

static void rows_before_the_head_fail_the_source(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  with_mistake(FAKE_ROWS_BEFORE_HEAD, 0, &s, &v);
  assert_int_equal(v, 1);
  assert_int_equal(s.src[0].err.code, SL_EINTERNAL);
  assert_string_equal(s.src[0].err.msg, "backend fake sent rows before its head");
}

static void a_second_head_fails_the_source(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  with_mistake(FAKE_TWO_HEADS, 0, &s, &v);
  assert_int_equal(v, 1);
  assert_int_equal(s.src[0].state, SL_FAILED);
}

static void a_limit_without_filter_and_order_is_refused(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  with_mistake(FAKE_LIMIT_ALONE, 2, &s, &v);
  assert_int_equal(v, 1);
  assert_string_equal(s.src[0].err.msg, "backend fake applied the limit without filter and order");
}

static void a_slot_that_fails_after_it_began(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  fake->blocks = true;
  with_mistake(FAKE_FAIL_AFTER_WORK, 0, &s, &v);
  assert_int_equal(v, 1);
  assert_int_equal(s.src[0].err.code, SL_EIO);
  assert_int_equal(atomic_load(&fake->freed), 1);
}

static void rows_after_stop_are_dropped(void **state)
{
  (void)state;
  struct fx_seen s;
  unsigned v;
  fake->made = 6000;
  with_mistake(FAKE_GOES_ON, 0, &s, &v);
  assert_int_equal(s.src[0].state, SL_CUT);
  assert_int_equal(s.rows, 5000);
}

static void a_backend_that_never_ends_does_not_hold_up_closing(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->wrong = FAKE_NO_END;
  fake->fail_after = 2;
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, false, &s);
  fx_pass(&f, 100);
  assert_int_equal(s.rows, 2);
  sl_ws_unwatch(f.w, s.id);
  assert_int_equal(fake->cancels, 1);
  assert_non_null(f.w->reqs);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f); /* buried with its connection */
}

/* ---- workers ---- */

static void a_worker_feeds(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->worker = true;
  fake->made = 4321;
  fake->cut = "the folder changed meanwhile";
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 4321);
  assert_string_equal(s.first, "r000000");
  assert_string_equal(s.last, "r004320");
  assert_int_equal(s.src[0].state, SL_CUT);
  assert_string_equal(s.src[0].note, "the folder changed meanwhile");
  assert_int_equal(atomic_load(&fake->freed), 1);
  assert_int_equal(atomic_load(&fake->worker_rc), SL_OK);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_worker_fails(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->worker = true;
  fake->made = 500;
  fake->fail = SL_EPARSE;
  fake->fail_after = 200;
  fake->message = "line 201: not a row";
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 200);
  assert_string_equal(s.src[0].err.msg, "line 201: not a row");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static bool freed(void *user)
{
  (void)user;
  return atomic_load(&fake->freed) == 1;
}

static bool blocked(void *user)
{
  (void)user;
  return atomic_load(&fake->blocked) == 1;
}

static void a_worker_is_cancelled_while_it_blocks(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->worker = fake->blocks = true;
  fake->made = 500;
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, false, &s);
  fx_until(&f, blocked, NULL);
  sl_ws_unwatch(f.w, s.id);
  assert_null(f.w->answers);
  fx_until(&f, freed, NULL);
  assert_int_equal(atomic_load(&fake->worker_rc), SL_ECANCELED);
  assert_null(f.w->reqs);
  assert_int_equal(f.w->violations, 0);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static bool has_rows(void *user)
{
  return ((struct fx_seen *)user)->rows > 0;
}

static void a_worker_waits_while_its_reader_is_paused(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts real = { .real_clock = true };
  fx_open(&f, &real);
  fake->worker = true;
  fake->made = 4000;
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, false, &s);
  sl_ws_pause(f.w, s.id, true); /* before the first rows: none goes further than a few pieces */
  for (int i = 0; i < 40; i++)
    sl_loop_turn(f.l, 2);
  struct ws_ans *a = f.w->answers;
  assert_true(a->src[0]->run_rows < 1000);
  assert_int_equal(atomic_load(&fake->freed), 0);
  sl_ws_pause(f.w, s.id, false);
  fx_until(&f, freed, NULL);
  fx_until(&f, has_rows, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 4000);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void closing_stops_workers(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->worker = fake->blocks = true;
  fake->made = 500;
  struct sl_query *q = query("", 0, false);
  fx_watch(&f, q, false, &s);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(f.l, 1);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
  assert_int_equal(atomic_load(&fake->freed), 1);
  assert_int_equal(fake->closes, 1); /* after the worker, which reads the backend's state */
}

/* ---- the queue ---- */

static void the_background_waits_behind_the_person(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s[12];
  struct sl_query *q[12];
  fx_open(&f, NULL);
  fake->delay_ms = 100;
  for (int i = 0; i < 12; i++) {
    char scope[8];
    snprintf(scope, sizeof scope, "%d", i);
    q[i] = query(scope, 0, i < 6);
    fx_watch(&f, q[i], true, &s[i]);
  }
  assert_int_equal(fake->queries, WS_RUNNING_MAX); /* two of the background, four that somebody waits for */
  assert_int_equal(fake->b->running_background, WS_RUNNING_BACKGROUND);
  sl_ws_unwatch(f.w, s[5].id); /* still in the queue: never asked */
  for (int i = 0; i < 30; i++)
    fx_pass(&f, 20);
  for (int i = 0; i < 12; i++)
    assert_true(s[i].done || i == 5);
  assert_int_equal(fake->queries, 11);
  assert_int_equal(fake->b->running, 0);
  for (int i = 0; i < 12; i++) {
    fx_forget(&s[i]);
    sl_query_unref(q[i]);
  }
  fx_close(&f);
}

static void closing_in_the_middle_of_everything(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s, t;
  struct fx_opts o = { .answers = true };
  struct sl_query *things = query("", 0, false), *own;
  struct sl_query like = { .res = &sl_res_connections };
  assert_int_equal(sl_query_new(&own, &like, NULL), SL_OK);
  for (int turns = 0; turns < 6; turns++) { /* before the answer is made, before a prompt is shown, ... */
    fresh(NULL);
    fake->ask = turns % 2 ? "passphrase" : NULL;
    fx_open(&f, &o);
    fx_watch(&f, own, false, &s);
    fx_watch(&f, things, false, &t);
    fx_turn(&f, turns / 2);
    fx_close(&f);
    assert_int_equal(fake->closes, 1);
    fx_forget(&s);
    fx_forget(&t);
  }
  sl_query_unref(own);
  sl_query_unref(things);
}

static void followed_logs_hold_nobody_up(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s[8], list;
  struct sl_query *q[8], *things = query("", 0, false);
  fx_open(&f, NULL);
  for (int i = 0; i < 8; i++) {
    char scope[8];
    snprintf(scope, sizeof scope, "%d", i);
    struct sl_query like = { .res = &fake_lines, .kind = SL_Q_FOLLOW, .conn = SL_STR("fake"), .scope = sl_str(scope) };
    assert_int_equal(sl_query_new(&q[i], &like, NULL), SL_OK);
    fx_watch(&f, q[i], false, &s[i]);
  }
  fake->never = true;
  fx_settle(&f);
  assert_int_equal(fake->queries, 8);
  fake->never = false;
  fx_watch(&f, things, true, &list);
  fx_settle(&f);
  assert_true(list.done);
  for (int i = 0; i < 8; i++) {
    fx_forget(&s[i]);
    sl_query_unref(q[i]);
  }
  fx_forget(&list);
  sl_query_unref(things);
  fx_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_second_end_is_noticed, fresh),
    cmocka_unit_test_setup(an_end_inside_the_slot_is_noticed, fresh),
    cmocka_unit_test_setup(rows_before_the_head_fail_the_source, fresh),
    cmocka_unit_test_setup(a_second_head_fails_the_source, fresh),
    cmocka_unit_test_setup(a_limit_without_filter_and_order_is_refused, fresh),
    cmocka_unit_test_setup(a_slot_that_fails_after_it_began, fresh),
    cmocka_unit_test_setup(rows_after_stop_are_dropped, fresh),
    cmocka_unit_test_setup(a_backend_that_never_ends_does_not_hold_up_closing, fresh),
    cmocka_unit_test_setup(a_worker_feeds, fresh),
    cmocka_unit_test_setup(a_worker_fails, fresh),
    cmocka_unit_test_setup(a_worker_is_cancelled_while_it_blocks, fresh),
    cmocka_unit_test_setup(a_worker_waits_while_its_reader_is_paused, fresh),
    cmocka_unit_test_setup(closing_stops_workers, fresh),
    cmocka_unit_test_setup(the_background_waits_behind_the_person, fresh),
    cmocka_unit_test_setup(followed_logs_hold_nobody_up, fresh),
    cmocka_unit_test_setup(closing_in_the_middle_of_everything, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
