/* Who looks at what: equal queries share, the eager and visible set the pace, nobody looks: nobody asks, failures take nothing away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

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

static struct sl_query *query(uint32_t max_age_ms)
{
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake"), .max_age_ms = max_age_ms }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  return q;
}

static void equal_queries_share_one_request(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen a, b, c;
  fx_open(&f, NULL);
  struct sl_query *q = query(0), *other = fx_query("size > 1", NULL, 0);
  fx_watch(&f, q, false, &a);
  fx_watch(&f, q, false, &b);
  assert_int_equal(fake->queries, 1);
  fx_watch(&f, other, false, &c);
  assert_int_equal(fake->queries, 2);
  fx_settle(&f);
  assert_int_equal(a.rows, 3);
  assert_int_equal(b.rows, 3);
  assert_int_equal(c.rows, 2);
  sl_ws_unwatch(f.w, a.id);
  assert_int_equal(b.rows, 3);
  fx_forget(&a);
  fx_forget(&b);
  fx_forget(&c);
  sl_query_unref(q);
  sl_query_unref(other);
  fx_close(&f);
}

static void the_same_text_at_another_time_is_another_query(void **state)
{
  (void)state;
  struct sl_query a = { .res = &fake_things }, b = a;
  assert_int_equal(sl_filter_parse(&a.where, SL_STR("started > -2h"), 1795240800000, NULL, NULL), SL_OK);
  assert_int_equal(sl_filter_parse(&b.where, SL_STR("started > -2h"), 1795240800000, NULL, NULL), SL_OK);
  assert_true(ws_query_same(&a, &b));
  sl_filter_unref(b.where);
  assert_int_equal(sl_filter_parse(&b.where, SL_STR("started > -2h"), 1795244400000, NULL, NULL), SL_OK);
  assert_false(ws_query_same(&a, &b));
  sl_filter_unref(a.where);
  sl_filter_unref(b.where);
  a.where = b.where = NULL;
  assert_true(ws_query_same(&a, &b));
  b.limit = 3;
  assert_false(ws_query_same(&a, &b));
  b.limit = 0;
  b.scope = SL_STR("x");
  assert_false(ws_query_same(&a, &b));
}

static void polls_at_the_pace_of_the_eager_and_visible(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen slow, eager;
  fx_open(&f, NULL);
  struct sl_query *q = query(0), *often = query(2000);
  fx_watch(&f, q, false, &slow);
  fx_settle(&f);
  fx_pass(&f, 9900);
  assert_int_equal(fake->queries, 1);
  fx_pass(&f, 200);
  assert_int_equal(fake->queries, 2); /* the resource's 10 s */
  fx_watch(&f, often, false, &eager);
  assert_int_equal(fake->queries, 2); /* new enough for it */
  fx_pass(&f, 6500);
  assert_int_equal(fake->queries, 5);
  sl_ws_visible(f.w, eager.id, false);
  fx_pass(&f, 8000);
  assert_int_equal(fake->queries, 5);
  sl_ws_visible(f.w, slow.id, false);
  fx_pass(&f, 60000);
  assert_int_equal(fake->queries, 5); /* nobody looks */
  sl_ws_visible(f.w, slow.id, true);
  fx_pass(&f, 100);
  assert_int_equal(fake->queries, 6); /* overdue: at once */
  sl_ws_pause(f.w, slow.id, true);
  fx_pass(&f, 60000);
  assert_int_equal(fake->queries, 6);
  sl_ws_pause(f.w, slow.id, false);
  fx_pass(&f, 100);
  assert_int_equal(fake->queries, 7);
  sl_ws_unwatch(f.w, slow.id);
  sl_ws_unwatch(f.w, eager.id);
  fx_pass(&f, 60000);
  assert_int_equal(fake->queries, 7);
  fx_forget(&slow);
  fx_forget(&eager);
  sl_query_unref(q);
  sl_query_unref(often);
  fx_close(&f);
}

static void paused_hears_nothing_until_it_goes_on(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->made = 3000;
  fake->gap_ms = 100;
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &s);
  fx_pass(&f, 350);
  assert_true(s.rows > 0 && s.rows < 3000);
  sl_ws_pause(f.w, s.id, true);
  int calls = s.calls;
  fx_pass(&f, 500);
  assert_int_equal(s.calls, calls);
  assert_int_equal(fake->stopped, 1); /* the backend was told to stop: rows wait at the server, not here */
  sl_ws_pause(f.w, s.id, false);
  assert_int_equal(fake->resumes, 1);
  fx_pass(&f, 4000);
  assert_int_equal(s.rows, 3000);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_failed_refresh_keeps_the_last_good_table(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_false(s.stale);
  fake->fail = SL_ENET;
  fake->fail_after = 1;
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_true(s.done);
  assert_true(s.stale);
  assert_int_equal(s.rows, 3);
  assert_int_equal(s.src[0].state, SL_FAILED);
  fx_pass(&f, 15000); /* after a failure the next poll waits longer */
  assert_int_equal(fake->queries, 2);
  fake->fail = 0;
  fake->nrows = 2;
  fx_pass(&f, 6000);
  assert_int_equal(fake->queries, 3);
  assert_false(s.stale);
  assert_int_equal(s.loaded, 2); /* a whole listing deletes what it did not repeat: struck out for one refresh */
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_int_equal(s.rows, 2);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_cut_answer_deletes_nothing(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  fake->nrows = 1;
  fake->cut = "a page was lost";
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_int_equal(s.loaded, 3);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_log_stays_on_the_screen_until_the_new_one_is_there(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query like = { .res = &fake_lines, .conn = SL_STR("fake") }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 3);
  fake->delay_ms = 200;
  fake->nrows = 2;
  sl_ws_refresh(f.w, s.id);
  fx_pass(&f, 100);
  assert_int_equal(s.rows, 3);
  assert_true(s.stale);
  fx_pass(&f, 200);
  fx_settle(&f);
  assert_int_equal(s.rows, 2); /* not five: lines are not added twice */
  assert_false(s.stale);
  fake->fail = SL_EIO;
  fake->fail_after = 0;
  sl_ws_refresh(f.w, s.id);
  fx_pass(&f, 300);
  fx_settle(&f);
  assert_int_equal(s.rows, 2);
  assert_true(s.stale);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_log_rings(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->made = 2500;
  struct sl_query like = { .res = &fake_lines, .conn = SL_STR("fake") }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 1000);
  assert_int_equal(s.dropped, 1500);
  assert_string_equal(s.last, "r002499");
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void lines_of_several_connections_stand_by_time(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  static const struct fake_row odd[] = { { "p", "", "", 1, 0 }, { "q", "", "", 3, 0 } };
  static const struct fake_row even[] = { { "x", "", "", 0, 0 }, { "y", "", "", 2, 0 } };
  fake->rows = odd;
  fake_of("third")->rows = even;
  fake->nrows = fake_of("third")->nrows = 2;
  fake->never = fake_of("third")->never = true;
  fx_open(&f, NULL);
  struct sl_query like = { .res = &fake_lines, .kind = SL_Q_FOLLOW }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  fx_ids(&s, &b);
  assert_string_equal(sl_buf_zstr(&b), "x p y q");
  sl_buf_free(&b);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_log_that_broke_off_is_taken_up_again(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  fake->fail = SL_ENET;
  fake->fail_after = 2;
  struct sl_query like = { .res = &fake_lines, .kind = SL_Q_FOLLOW, .conn = SL_STR("fake") }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 2);
  assert_int_equal(s.src[0].state, SL_FAILED);
  fake->fail = 0;
  fake->never = true;
  fx_pass(&f, 3000);
  assert_int_equal(fake->queries, 1);
  fx_pass(&f, 1500); /* 2 s, doubled after a failure */
  assert_int_equal(fake->queries, 2);
  assert_int_equal(s.rows, 3);
  assert_int_equal(s.src[0].state, SL_FLOWING);
  assert_false(s.stale);
  fx_pass(&f, 20000);
  assert_int_equal(fake->queries, 2);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void once_ends_by_itself_and_the_cache_answers_by_age(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *now = query(0), *old = query(5000);
  fx_watch(&f, now, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_null(ws_watch_get(f.w, s.id));
  assert_int_equal(fake->queries, 1);
  fx_forget(&s);
  fx_watch(&f, old, true, &s);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.rows, 3);
  assert_int_equal(fake->queries, 1); /* from the cache */
  fx_forget(&s);
  fx_pass(&f, 6000);
  fx_watch(&f, old, true, &s);
  fx_settle(&f);
  assert_int_equal(fake->queries, 2); /* too old */
  fx_forget(&s);
  fx_watch(&f, now, true, &s);
  fx_settle(&f);
  assert_int_equal(fake->queries, 3); /* always asks */
  fx_forget(&s);
  sl_query_unref(now);
  sl_query_unref(old);
  fx_close(&f);
}

static void once_waits_for_its_own_run(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen a, b;
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &a);
  fx_settle(&f);
  fake->delay_ms = 100;
  fake->nrows = 2;
  fx_watch(&f, q, true, &b);
  fx_turn(&f, 3);
  assert_true(b.calls > 0);
  assert_false(b.done); /* the old answer is shown, but is not what it asked for */
  assert_true(b.stale);
  fx_pass(&f, 200);
  fx_settle(&f);
  assert_true(b.done);
  assert_int_equal(b.loaded, 2);
  fx_forget(&a);
  fx_forget(&b);
  sl_query_unref(q);
  fx_close(&f);
}

static void stale_asks_again_for_those_who_look(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen a, b;
  fx_open(&f, NULL);
  struct sl_query *q = query(0), *other = fx_query("size > 1", NULL, 0);
  fx_watch(&f, q, false, &a);
  fx_watch(&f, other, false, &b);
  sl_ws_visible(f.w, b.id, false);
  fx_settle(&f);
  assert_int_equal(fake->queries, 2);
  sl_ws_stale(f.w, &fake_things);
  fx_settle(&f);
  assert_int_equal(fake->queries, 3);
  sl_ws_visible(f.w, b.id, true);
  fx_settle(&f);
  assert_int_equal(fake->queries, 4);
  fake->delay_ms = 100; /* under way when it goes stale: asked once more after it */
  sl_ws_refresh(f.w, a.id);
  sl_ws_unwatch(f.w, b.id);
  fx_turn(&f, 2);
  sl_ws_stale(f.w, &fake_things);
  fx_pass(&f, 400);
  fx_settle(&f);
  assert_int_equal(fake->queries, 6);
  fx_forget(&a);
  fx_forget(&b);
  sl_query_unref(q);
  sl_query_unref(other);
  fx_close(&f);
}

static void a_backend_says_that_something_changed(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  sl_backend_changed(fake->b, &fake_things);
  fx_settle(&f);
  assert_int_equal(fake->queries, 2);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static bool is_done(void *user)
{
  return ((struct fx_seen *)user)->done;
}

static void told_at_most_thirty_times_a_second(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts real = { .real_clock = true };
  fx_open(&f, &real);
  fake->made = 4000;
  fake->batch = 20;
  fake->gap_ms = 1;
  struct timespec t0, t1;
  clock_gettime(CLOCK_MONOTONIC, &t0);
  struct sl_query *q = query(0);
  fx_watch(&f, q, true, &s);
  fx_until(&f, is_done, &s);
  clock_gettime(CLOCK_MONOTONIC, &t1);
  int64_t ms = (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000;
  assert_int_equal(s.rows, 4000);
  assert_true(s.calls >= 3);
  assert_true(s.calls <= ms / WS_TICK_MS + 4); /* beside the first and the last word */
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void the_program_answers_too(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s, r;
  fx_open(&f, NULL);
  struct sl_query like = { .res = &sl_res_connections }, *q, *things = query(0), *requests;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.rows, 4);
  assert_string_equal(s.first, "compute");
  assert_string_equal(s.conn[0], "sluice");
  fx_watch(&f, things, true, &r);
  fx_settle(&f);
  fx_forget(&r);
  int calls = s.calls;
  sl_backend_report(fake->b, "ok", "me", 0, 12, NULL);
  fx_settle(&f);
  assert_true(s.calls > calls);
  struct sl_batch *b = NULL;
  assert_int_equal(sl_snap_page(s.snap, 1, 1, &b, NULL, NULL, NULL), SL_OK);
  struct sl_val state_was = sl_batch_get(b, 0, 2), latency = sl_batch_get(b, 0, 6);
  assert_true(sl_str_eqz(state_was.u.s, "ok"));
  assert_int_equal(latency.u.i, 12);
  sl_batch_unref(b);
  like.res = &sl_res_requests;
  assert_int_equal(sl_query_new(&requests, &like, NULL), SL_OK);
  fx_watch(&f, requests, true, &r);
  fx_settle(&f);
  assert_int_equal(r.rows, 1); /* the one that ended; its own do not count */
  assert_int_equal(sl_snap_page(r.snap, 0, 1, &b, NULL, NULL, NULL), SL_OK);
  assert_true(sl_str_eqz(sl_batch_get(b, 0, 0).u.s, "things"));
  assert_true(sl_str_eqz(sl_batch_get(b, 0, 3).u.s, "ok"));
  assert_int_equal(sl_batch_get(b, 0, 5).u.i, 3);
  sl_batch_unref(b);
  assert_int_equal(sl_ws_conn_count(f.w), 4);
  assert_true(sl_ws_serves(f.w, &sl_res_connections));
  assert_true(sl_ws_serves(f.w, &fake_things));
  assert_false(sl_ws_serves(f.w, &sl_res_runs));
  fx_forget(&s);
  fx_forget(&r);
  sl_query_unref(q);
  sl_query_unref(things);
  sl_query_unref(requests);
  fx_close(&f);
}

static void connections_say_how_their_requests_ended(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, false, &s);
  assert_string_equal(fake->b->word, "unknown");
  fx_settle(&f);
  assert_string_equal(fake->b->word, "ok");
  assert_int_equal(fake->b->latency_ms, 0);
  fake->fail = SL_ENET;
  fake->message = "no route to host";
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_string_equal(fake->b->word, "failed");
  assert_string_equal(fake->b->err.msg, "no route to host");
  fake->fail = SL_ENOENT; /* says nothing of the peer */
  sl_ws_refresh(f.w, s.id);
  fx_settle(&f);
  assert_string_equal(fake->b->word, "failed");
  fake->fail = 0;
  fake->delay_ms = 50;
  sl_ws_refresh(f.w, s.id);
  fx_pass(&f, 100);
  assert_string_equal(fake->b->word, "ok");
  assert_string_equal(fake->b->err.msg, "");
  assert_int_equal(fake->b->latency_ms, 50);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_server_without_the_resource(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct sl_err e = { 0 };
  fx_open(&f, NULL);
  struct sl_query *q = query(0);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  fx_forget(&s);
  sl_backend_narrow(fake->b, &fake_things, "this server is too old");
  assert_int_equal(fx_try(&f, q, &s, &e), SL_OK); /* still shared with the answer that is there */
  fx_settle(&f);
  fx_forget(&s);
  sl_query_unref(q);
  struct sl_query like = { .res = &fake_things, .conn = SL_STR("fake"), .limit = 7 };
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  assert_int_equal(fx_try(&f, q, &s, &e), SL_EUNSUP);
  assert_string_equal(e.msg, "connection fake (fake) has no things: this server is too old");
  sl_query_unref(q);
  fx_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(equal_queries_share_one_request, fresh),
    cmocka_unit_test_setup(the_same_text_at_another_time_is_another_query, fresh),
    cmocka_unit_test_setup(polls_at_the_pace_of_the_eager_and_visible, fresh),
    cmocka_unit_test_setup(paused_hears_nothing_until_it_goes_on, fresh),
    cmocka_unit_test_setup(a_failed_refresh_keeps_the_last_good_table, fresh),
    cmocka_unit_test_setup(a_cut_answer_deletes_nothing, fresh),
    cmocka_unit_test_setup(a_log_stays_on_the_screen_until_the_new_one_is_there, fresh),
    cmocka_unit_test_setup(a_log_rings, fresh),
    cmocka_unit_test_setup(a_log_that_broke_off_is_taken_up_again, fresh),
    cmocka_unit_test_setup(lines_of_several_connections_stand_by_time, fresh),
    cmocka_unit_test_setup(once_ends_by_itself_and_the_cache_answers_by_age, fresh),
    cmocka_unit_test_setup(once_waits_for_its_own_run, fresh),
    cmocka_unit_test_setup(stale_asks_again_for_those_who_look, fresh),
    cmocka_unit_test_setup(a_backend_says_that_something_changed, fresh),
    cmocka_unit_test_setup(told_at_most_thirty_times_a_second, fresh),
    cmocka_unit_test_setup(the_program_answers_too, fresh),
    cmocka_unit_test_setup(connections_say_how_their_requests_ended, fresh),
    cmocka_unit_test_setup(a_server_without_the_resource, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
