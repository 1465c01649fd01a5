/* What an earlier session left open is asked for by reading, written down, and never sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "act_bench.h"

static const struct fake_row rows[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 } };
static struct fake *fake;
static struct fx f;
static struct { int told; size_t open, settled; } got;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = rows;
  fake->nrows = 2;
  fx_open(&f, NULL);
  return 0;
}

static int close_up(void **state)
{
  (void)state;
  assert_int_equal(f.w->violations, 0);
  fx_close(&f);
  return 0;
}

/* Another session in the same folder. */
static void next_session(void)
{
  struct sl_ws_opts o = { .backends = fake_backends, .state_dir = f.state_dir, .threads = 2 };
  sl_ws_close(f.w);
  assert_int_equal(sl_ws_open(&f.w, f.l, &o, NULL), SL_OK);
}

static void on_done(void *user, size_t open, size_t settled)
{
  (void)user;
  got.told++;
  got.open = open;
  got.settled = settled;
}

static void reconcile(void)
{
  memset(&got, 0, sizeof got);
  assert_int_equal(sl_ws_reconcile(f.w, on_done, NULL, NULL), SL_OK);
  assert_int_equal(got.told, 0);
  fx_settle(&f);
  assert_int_equal(got.told, 1);
}

/* As a session that died left it; another boot. */
static void intent(const char *token, const char *more)
{
  char text[1024];
  snprintf(text, sizeof text,
      "\"kind\":\"intent\",\"id\":\"%s\",\"who\":\"ana\",\"host\":\"x\",\"pid\":1,\"boot\":\"b\",\"born\":\"7\",%s", token,
           more);
  assert_int_equal(sl_audit_append(sl_ws_audit_path(f.w), sl_str(text), 1795240800000 - 3600000, NULL, NULL), SL_OK);
}
#define TOKEN "0b6a0d0e-1f6e-4c0f-9d7e-3d8a6d8e5a11"
#define HALT "\"action\":\"things.halt\",\"connection\":\"fake\",\"targets\":[\"fake:things/a\",\"fake:things/b%20c\"],\"args\":{}"

static void nothing_open_asks_nobody(void **state)
{
  struct fa a;
  (void)state;
  reconcile();
  assert_int_equal(got.open, 0);
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_OK);
  next_session();
  reconcile();
  assert_int_equal(got.open, 0);
  assert_int_equal(fake->reconciles, 0);
}

static void a_dead_sessions_intent_is_asked_for(void **state)
{
  static const struct { int said; const char *audit; size_t settled; } ways[] = {
    { SL_OK, "intent reconciled:ok", 1 }, { SL_ENOENT, "intent reconciled:failed", 1 }, { SL_ENET, "intent", 0 } };
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    fx_close(&f);
    fx_open(&f, NULL);
    intent(TOKEN, HALT);
    fake->reconcile_rc = ways[i].said;
    fake->reconciles = 0;
    reconcile();
    assert_int_equal(got.open, 1);
    assert_int_equal(got.settled, ways[i].settled);
    assert_int_equal(fake->reconciles, 1);
    assert_string_equal(fake->targets_was, "a b c");
    assert_string_equal(fake->token_was, TOKEN);
    assert_string_equal(fa_audit(&f), ways[i].audit);
    fa_audit_holds(&f);
    reconcile(); /* settled is settled; open is asked again */
    assert_int_equal(got.open, 1 - ways[i].settled);
  }
  assert_int_equal(fake->calls, 0);
}

static void arguments_are_rebuilt(void **state)
{
  (void)state;
  intent(TOKEN, "\"action\":\"things.make\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"],\"args\":{\"name\":\"x y\",\"n\":7,"
                "\"at\":\"2026-11-21T06:00:00.000Z\",\"share\":0.25,\"params\":[\"k=v\",\"d=2 3\"],\"hard\":false}");
  reconcile();
  assert_int_equal(got.settled, 1);
  assert_string_equal(fake->args_was, "name=x y n=7 at=2026-11-21T06:00:00.000Z share=0.25 params=[\"k=v\",\"d=2 3\"] hard=false");
}

/* Records that do not say enough, name what is not there, or were redacted stay open and ask nobody. */
static void what_cannot_be_rebuilt_stays_open(void **state)
{
  static const char *const bad[] = {
    "\"action\":\"things.make\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"],\"args\":{}",
    "\"action\":\"things.make\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"],\"args\":{\"name\":\"***\"}",
    "\"action\":\"things.make\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"],\"args\":{\"name\":\"x\",\"n\":\"many\"}",
    "\"action\":\"things.halt\",\"connection\":\"gone\",\"targets\":[\"gone:things/n\"]",
    "\"action\":\"things.fly\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"]",
    "\"action\":\"birds.halt\",\"connection\":\"fake\",\"targets\":[\"fake:birds/n\"]",
    "\"action\":\"halt\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"]",
    "\"action\":\"things.drop\",\"connection\":\"fake\",\"targets\":[\"fake:things/n\"]",
    "\"action\":\"things.halt\",\"connection\":\"fake\",\"targets\":[]",
    "\"action\":\"things.halt\",\"connection\":\"fake\",\"targets\":[7]",
    "\"action\":\"things.halt\",\"connection\":\"fake\",\"targets\":[\"nonsense\"]",
    "\"action\":7" };
  (void)state;
  char token[40];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(token, sizeof token, "token-%zu", i);
    intent(token, bad[i]);
  }
  reconcile();
  assert_int_equal(got.open, sizeof bad / sizeof bad[0]);
  assert_int_equal(got.settled, 0);
  assert_int_equal(fake->reconciles, 0);
}

/* One that cannot say is not asked a hundred times over. */
static void a_connection_that_cannot_say_is_asked_once(void **state)
{
  (void)state;
  intent("t1", HALT);
  intent("t2", HALT);
  fake->reconcile_rc = SL_ETIMEOUT;
  reconcile();
  assert_int_equal(got.open, 2);
  assert_int_equal(fake->reconciles, 1);
}

static void a_living_session_is_left_alone(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(sl_ws_arm(f.w, SL_STR(""), NULL), SL_OK);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  fake->call_never = true;
  assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
  while (!fake->calls)
    sl_loop_turn(f.l, 1);
  next_session(); /* the same process: its intent may still come to an end */
  reconcile();
  assert_int_equal(got.open, 0);
  assert_int_equal(fake->reconciles, 0);
}

static void an_unknown_outcome_is_asked_for_again(void **state)
{
  struct fa a;
  (void)state;
  fake->call_rc = SL_ETIMEOUT;
  fake->reconcile_rc = SL_ENET;
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_EUNKNOWN);
  fake->reconcile_rc = SL_OK;
  reconcile();
  assert_int_equal(got.settled, 1);
  assert_string_equal(fa_audit(&f), "intent outcome:unknown reconciled:ok");
  fa_audit_holds(&f);
}

static void a_plan_asks_its_connection_first(void **state)
{
  struct fa a;
  (void)state;
  intent(TOKEN, HALT);
  intent("other", "\"action\":\"things.halt\",\"connection\":\"else\",\"targets\":[\"else:things/a\"],\"args\":{}");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(fake->reconciles, 1);
  sl_plan_free(a.plan);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK); /* once */
  assert_int_equal(fake->reconciles, 1);
  sl_plan_free(a.plan);
  assert_string_equal(fa_audit(&f), "intent intent reconciled:ok");
}

static void after_an_answer_only_who_answered(void **state)
{
  struct sl_err e = { 0 };
  (void)state;
  intent(TOKEN, HALT);
  memset(&got, 0, sizeof got);
  assert_int_equal(sl_ws_reconcile_reached(f.w, on_done, NULL, &e), SL_ENOENT); /* nobody has answered anything */
  assert_int_equal(fake->reconciles, 0);
  assert_string_equal(fa_audit(&f), "intent");
  struct sl_query *q = fx_query(NULL, NULL, 0);
  struct fx_seen seen = { 0 };
  fx_watch(&f, q, true, &seen);
  fx_settle(&f);
  fx_forget(&seen);
  sl_query_unref(q);
  assert_int_equal(sl_ws_reconcile_reached(f.w, on_done, NULL, &e), SL_OK);
  fx_settle(&f);
  assert_int_equal(got.told, 1);
  assert_int_equal(got.settled, 1);
  assert_string_equal(fa_audit(&f), "intent reconciled:ok");
}

static void closed_while_asking(void **state)
{
  (void)state;
  intent(TOKEN, HALT);
  fake->call_never = true;
  for (int turns = 0; turns < 8; turns++) {
    memset(&got, 0, sizeof got);
    assert_int_equal(sl_ws_reconcile(f.w, on_done, NULL, NULL), SL_OK);
    for (int i = 0; i < turns; i++)
      sl_loop_turn(f.l, 1);
    next_session();
    assert_int_equal(got.told, 0);
  }
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, fresh, close_up)
  const struct CMUnitTest tests[] = {
    T(nothing_open_asks_nobody), T(a_dead_sessions_intent_is_asked_for), T(arguments_are_rebuilt), T(what_cannot_be_rebuilt_stays_open),
    T(a_connection_that_cannot_say_is_asked_once), T(a_living_session_is_left_alone), T(an_unknown_outcome_is_asked_for_again),
    T(a_plan_asks_its_connection_first), T(after_an_answer_only_who_answered),
    T(closed_while_asking),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
