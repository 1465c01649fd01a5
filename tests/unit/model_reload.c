/* The workspace is read again: what changed reopens, the rest stays, mistakes keep the old state; and it closes whatever backends do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake_backend.h"

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };
static const struct fake_row xyz[] = { { "x", "bart", "ok", 9, 0 }, { "y", "anna", "ok", 8, 0 } };
static struct fake *fake, *other;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  other = fake_of("other");
  fake->rows = abc;
  fake->nrows = 3;
  other->rows = xyz;
  other->nrows = 2;
  return 0;
}

static struct sl_query *query(const char *conn)
{
  struct sl_query like = { .res = &fake_things, .conn = sl_str(conn) }, *q;
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  return q;
}

static int reload(struct fx *f, const char *yaml)
{
  struct sl_ws_conf *conf = fx_conf(f, yaml);
  struct sl_err e = { 0 };
  int rc = sl_ws_reload(f->w, conf, &e);
  if (rc)
    print_error("%s\n", e.msg);
  sl_ws_conf_unref(conf);
  return rc;
}

static void what_changed_reopens_the_rest_stays(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts o = { .workspace = "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n" };
  fx_open(&f, &o);
  struct sl_query *q = query("");
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 3); /* one, and the two implicit ones that serve things */
  assert_int_equal(fake->opens, 2);
  assert_int_equal(other->opens, 1);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(fake->opens, 2); /* nothing changed */
  assert_int_equal(fake->closes, 0);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://elsewhere/\"}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(fake->opens, 3);
  assert_int_equal(fake->closes, 1);
  assert_int_equal(fake->state_was, 0); /* zeroed again */
  assert_int_equal(other->opens, 1);
  assert_null(f.w->dying);
  assert_true(s.done);
  assert_int_equal(s.rows, 8);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void connections_come_and_go(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s, one;
  struct fx_opts o = { .workspace = "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n" };
  fx_open(&f, &o);
  struct sl_query *q = query(""), *named = query("one");
  fx_watch(&f, q, false, &s);
  fx_watch(&f, named, false, &one);
  fx_settle(&f);
  assert_int_equal(one.rows, 3);
  assert_int_equal(reload(&f, "connections:\n  two: {type: fake, uri: \"fake://two/\"}\n  three: {type: other}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 4);
  assert_string_equal(s.conn[0], "two");
  assert_string_equal(s.conn[1], "three");
  assert_int_equal(s.loaded, 10);
  assert_int_equal(s.rows, 10); /* not even struck out: nobody is left to ask */
  assert_int_equal(one.src[0].state, SL_FAILED); /* it says so, and keeps what it showed */
  assert_int_equal(one.src[0].err.code, SL_EUSAGE);
  assert_true(one.stale);
  assert_int_equal(one.loaded, 3);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(one.src[0].state, SL_WHOLE);
  assert_false(one.stale);
  fx_forget(&s);
  fx_forget(&one);
  sl_query_unref(q);
  sl_query_unref(named);
  fx_close(&f);
}

static void requests_under_way_are_asked_again(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  struct fx_opts o = { .workspace = "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n" };
  fx_open(&f, &o);
  fake->delay_ms = 500;
  struct sl_query *q = query("one");
  fx_watch(&f, q, true, &s);
  fx_pass(&f, 100);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://elsewhere/\"}\n"), SL_OK);
  assert_int_equal(fake->cancels, 1);
  fx_pass(&f, 700);
  fx_settle(&f);
  assert_true(s.done);
  assert_int_equal(s.src[0].state, SL_WHOLE);
  assert_int_equal(s.rows, 3);
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static void a_workspace_without_a_file_and_back(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s;
  fx_open(&f, NULL);
  struct sl_query *q = query("");
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 2);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 3);
  struct sl_err e = { 0 };
  assert_int_equal(sl_ws_reload(f.w, NULL, &e), SL_OK);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 2);
  assert_null(sl_ws_config(f.w));
  fx_forget(&s);
  sl_query_unref(q);
  fx_close(&f);
}

static int states;
static void on_state(void *user)
{
  (void)user;
  states++;
}

static void the_header_hears_of_it(void **state)
{
  (void)state;
  struct fx f;
  fx_open(&f, NULL);
  states = 0;
  sl_ws_on_state(f.w, on_state, NULL);
  assert_int_equal(reload(&f, "connections:\n  one: {type: fake, uri: \"fake://one/\"}\n"), SL_OK);
  fx_settle(&f);
  assert_int_equal(states, 1);
  assert_string_equal(sl_ws_me(f.w)->name[0] ? "named" : "nameless", "named");
  assert_int_equal(sl_ws_me(f.w)->known, SL_KNOWN_OS);
  assert_string_equal(sl_known_name(SL_KNOWN_KEY), "key");
  fx_close(&f);
}

static void closing_drops_everybody(void **state)
{
  (void)state;
  struct fx f;
  struct fx_seen s, t;
  fx_open(&f, NULL);
  fake->delay_ms = 1000;
  fake->late_end_ms = 100000; /* it says that it ends later, and closes meanwhile */
  struct sl_query *q = query("fake"), *r = query("other");
  fx_watch(&f, q, false, &s);
  fx_watch(&f, r, false, &t);
  fx_turn(&f, 3);
  int calls = s.calls;
  fx_close(&f);
  assert_int_equal(s.calls, calls);
  assert_int_equal(fake->closes, 1);
  fx_forget(&s);
  fx_forget(&t);
  sl_query_unref(q);
  sl_query_unref(r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(what_changed_reopens_the_rest_stays, fresh),
    cmocka_unit_test_setup(connections_come_and_go, fresh),
    cmocka_unit_test_setup(requests_under_way_are_asked_again, fresh),
    cmocka_unit_test_setup(a_workspace_without_a_file_and_back, fresh),
    cmocka_unit_test_setup(the_header_hears_of_it, fresh),
    cmocka_unit_test_setup(closing_drops_everybody, fresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
