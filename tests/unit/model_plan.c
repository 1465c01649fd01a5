/* A plan says exactly what would happen, changes nothing, and is refused where the action cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act_bench.h"
#include "base/file.h"

static const struct fake_row rows[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "ok", 1, 1.5 }, { "c", "carl", "failed", 2, 2 },
                                        { "o'c k", "odd", "failed", 4, 2.5 } };
static struct fake *fake;
static struct fx f;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = rows;
  fake->nrows = 4;
  fx_open(&f, NULL);
  return 0;
}

static int close_up(void **state)
{
  (void)state;
  assert_int_equal(fake->calls, 0); /* no plan ever sends anything */
  assert_int_equal(f.w->violations, 0);
  fx_close(&f);
  return 0;
}

static void again(const char *yaml)
{
  fx_close(&f);
  fx_open(&f, &(struct fx_opts){ .workspace = yaml });
}

/* ---- what a confirmation shows ---- */

static void shows_the_exact_calls(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_ptr_equal(sl_plan_action(a.plan), &fake_act_halt);
  assert_int_equal(sl_plan_calls(a.plan), 1);
  assert_string_equal(sl_plan_call(a.plan, 0), "halt a");
  assert_string_equal(sl_plan_call(a.plan, 1), "");
  assert_string_equal(sl_plan_undo(a.plan), "start"); /* the action's, where the backend says nothing */
  assert_int_equal(sl_plan_guards(a.plan), 1);
  assert_string_equal(sl_plan_guard(a.plan, 0), "state is failed");
  assert_null(sl_plan_must_type(a.plan));
  assert_string_equal(sl_plan_command(a.plan), "sluice act things.halt fake:things/a");
  assert_int_equal(sl_plan_targets(a.plan), 1);
  assert_int_equal(fake->dries, 1);
  assert_false(sl_file_exists(sl_ws_audit_path(f.w))); /* a plan is no intent */
  sl_plan_free(a.plan);
}

static void several_targets_have_a_guard_each(void **state)
{
  struct fa a;
  (void)state;
  fake->dry_doc = "{\"calls\":[\"POST /halt a c\"],\"undo\":\"sluice act things.start a c\"}";
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "c a", NULL), SL_OK);
  assert_string_equal(sl_plan_call(a.plan, 0), "POST /halt a c");
  assert_string_equal(sl_plan_undo(a.plan), "sluice act things.start a c");
  assert_int_equal(sl_plan_guards(a.plan), 2);
  assert_string_equal(sl_plan_guard(a.plan, 0), "c: state is failed");
  assert_string_equal(sl_plan_guard(a.plan, 1), "a: state is failed");
  assert_string_equal(sl_plan_command(a.plan), "sluice act things.halt fake:things/c fake:things/a");
  assert_true(sl_str_eqz(sl_plan_target(a.plan, 0)->id, "c"));
  assert_true(sl_str_eqz(sl_plan_target(a.plan, 1)->res, "things"));
  sl_plan_free(a.plan);
}

static void named_guards_and_no_undo(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_drop, "b", NULL), SL_OK);
  assert_null(sl_plan_undo(a.plan));
  assert_int_equal(sl_plan_guards(a.plan), 2); /* `nosuch` is no column of this backend */
  assert_string_equal(sl_plan_guard(a.plan, 1), "size is 1");
  sl_plan_free(a.plan);
}

static void a_name_that_the_shell_would_read_is_quoted(void **state)
{
  struct fa a;
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "o'c k");
  (void)state;
  assert_int_equal(fa_plan(&f, &a, &c), SL_OK);
  assert_string_equal(sl_plan_command(a.plan), "sluice act things.halt fake:things/o%27c%20k");
  sl_plan_free(a.plan);
}

/* ---- arguments ---- */

static void arguments_are_checked_copied_and_told(void **state)
{
  struct fa a;
  struct sl_buf list;
  char name[] = "x y";
  (void)state;
  sl_buf_init(&list, 0);
  sl_list_add(&list, SL_STR("k=v"));
  sl_list_add(&list, SL_STR("d=2 3"));
  const struct sl_val args[6] = { sl_vz(name), sl_vi(7), sl_vt(1795240800000), sl_null(SL_F64), sl_vas(SL_LIST, sl_buf_view(&list)),
                                  sl_null(SL_BOOL) };
  assert_int_equal(fa_call(&f, &a, &fake_act_make, "new", args), SL_OK);
  name[0] = '!';
  assert_string_equal(fake->args_was, "name=x y n=7 at=2026-11-21T06:00:00.000Z share=- params=[\"k=v\",\"d=2 3\"] hard=true");
  assert_string_equal(sl_plan_command(a.plan), "sluice act things.make fake:things/new -p 'name=x y' -p n=7 -p at=2026-11-21T06:00:00.000Z "
                                               "-p params=k=v -p 'params=d=2 3' -p hard=true");
  assert_int_equal(sl_plan_guards(a.plan), 0);
  assert_int_equal(fake->queries, 0); /* nothing to read first */
  sl_plan_free(a.plan);
  sl_buf_free(&list);
}

static void a_missing_argument_is_named(void **state)
{
  struct fa a;
  const struct sl_val none[6] = { sl_null(SL_TEXT), sl_vi(1), sl_null(SL_TIME), sl_null(SL_F64), sl_null(SL_LIST), sl_null(SL_BOOL) };
  const struct sl_val wrong[6] = { sl_vz("x"), sl_vz("many"), sl_null(SL_TIME), sl_null(SL_F64), sl_null(SL_LIST), sl_null(SL_BOOL) };
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_make, "new", none), SL_EUSAGE);
  assert_string_equal(a.err.msg, "make needs name: its name");
  assert_int_equal(fa_call(&f, &a, &fake_act_make, "new", NULL), SL_EUSAGE);
  assert_int_equal(fa_call(&f, &a, &fake_act_make, "new", wrong), SL_EUSAGE);
  assert_non_null(strstr(a.err.msg, "n is "));
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a c a", NULL), SL_EUSAGE);
  assert_string_equal(a.err.msg, "a is named twice");
  assert_int_equal(fake->dries, 0);
}

/* ---- refusals ---- */

static void when_the_row_does_not_fit_it_is_refused(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "b", NULL), SL_ECONFLICT);
  assert_string_equal(a.err.msg, "cannot halt b: only when state != 'ok'");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a b", NULL), SL_ECONFLICT); /* one of them is enough */
  assert_int_equal(fake->dries, 0);
}

static void what_is_gone_or_cannot_be_is_refused(void **state)
{
  struct fa a;
  struct sl_ref ref, two[2];
  struct sl_call c = fa_halt(&ref, "a");
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "zz", NULL), SL_ENOENT);
  assert_string_equal(a.err.msg, "zz is gone");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "", NULL), SL_EUSAGE);
  ref.conn = SL_STR("nobody");
  assert_int_equal(fa_plan(&f, &a, &c), SL_ENOENT);
  ref.conn = SL_STR("other"); /* serves things, cannot halt them */
  assert_int_equal(fa_plan(&f, &a, &c), SL_EUNSUP);
  ref.conn = SL_STR("third"); /* serves no things */
  assert_int_equal(fa_plan(&f, &a, &c), SL_EUNSUP);
  fa_halt(&two[0], "a");
  fa_halt(&two[1], "b");
  two[1].conn = SL_STR("other");
  c.targets = two;
  c.ntargets = 2;
  assert_int_equal(fa_plan(&f, &a, &c), SL_EUSAGE);
  c.ntargets = 1001;
  assert_int_equal(fa_plan(&f, &a, &c), SL_ELIMIT);
}

static void a_server_that_fails_is_told_as_it_is(void **state)
{
  struct fa a;
  (void)state;
  fake->refuse = SL_EAUTH;
  fake->message = "token expired";
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_EAUTH);
  assert_non_null(strstr(a.err.msg, "token expired"));
  fake->refuse = 0;
  fake->dry_rc = SL_EDENIED;
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_EDENIED);
}

/* A person may not agree to half of the calls. */
static void calls_that_cannot_be_read_are_no_plan(void **state)
{
  static const char *const bad[] = { "{\"calls\":[\"PUT a\",7]}", "{\"calls\":[", "{\"calls\":[]}", "{}", "[]", "null" };
  struct fa a;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    fake->dry_doc = bad[i];
    if (fa_call(&f, &a, &fake_act_halt, "a", NULL) == SL_OK)
      fail_msg("%s made a plan", bad[i]);
    assert_true(a.err.msg[0]);
  }
}

/* ---- typed names ---- */

static void protected_environments_ask_for_the_name(void **state)
{
  struct fa a;
  (void)state;
  again("environment: prod\nconnections:\n  fake: {type: fake}\n");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_string_equal(sl_plan_must_type(a.plan), "a");
  sl_plan_free(a.plan);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a c", NULL), SL_OK);
  assert_string_equal(sl_plan_must_type(a.plan), "2 things");
  sl_plan_free(a.plan);
  assert_int_equal(fa_call(&f, &a, &fake_act_look, "a", NULL), SL_OK); /* nothing can go wrong */
  assert_null(sl_plan_must_type(a.plan));
  sl_plan_free(a.plan);
}

/* ---- life ---- */

static void not_told(void *user, struct sl_plan **take, const struct sl_err *err)
{
  (void)take;
  (void)err;
  ++*(int *)user;
}

/* Closed while its row is read, while the backend is asked, before anything began: no leak, no late call. */
static void a_workspace_may_close_over_a_plan(void **state)
{
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "a"), make = c;
  const struct sl_val args[6] = { sl_vz("x"), sl_vi(1), sl_null(SL_TIME), sl_null(SL_F64), sl_null(SL_LIST), sl_null(SL_BOOL) };
  (void)state;
  make.act = &fake_act_make;
  make.args = args;
  for (int turns = 0; turns < 12; turns++)
    for (int late = 0; late < 2; late++) {
      int told = 0;
      fake->call_ms = 0;
      fake->late_end_ms = late;
      assert_int_equal(sl_ws_plan(f.w, &c, not_told, &told, NULL), SL_OK);
      assert_int_equal(sl_ws_plan(f.w, &make, not_told, &told, NULL), SL_OK);
      fx_turn(&f, turns);
      int before = told;
      fx_close(&f);
      assert_int_equal(told, before);
      fx_open(&f, &(struct fx_opts){ .real_clock = true });
    }
}

static void a_plan_that_nobody_takes_is_freed(void **state)
{
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "a");
  int told = 0;
  (void)state;
  assert_int_equal(sl_ws_plan(f.w, &c, not_told, &told, NULL), SL_OK);
  fx_settle(&f);
  assert_int_equal(told, 1);
}

/* The plan has failed; the backend still works on the call that it was asked for, and must go on to see that nothing is to be done. */
static bool dry_asked(void *user)
{
  (void)user;
  return fake->dries > 0;
}

static void a_dry_call_stays_dry_when_its_plan_has_failed(void **state)
{
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "a");
  int told = 0;
  (void)state;
  fake->dry_ms = 10 * 60 * 1000;
  fake->late_end_ms = 5000;
  assert_int_equal(sl_ws_plan(f.w, &c, not_told, &told, NULL), SL_OK);
  fx_until(&f, dry_asked, NULL);
  fx_pass(&f, 31000); /* longer than a plan waits */
  assert_int_equal(told, 1);
  assert_int_equal(fake->cancels, 1);
  assert_int_equal(fake->ending, 1);
  fx_pass(&f, 6000);
  assert_int_equal(fake->ending, 0);
  assert_int_equal(fake->dry_turned, 0);
  assert_int_equal(fake->calls, 0);
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, fresh, close_up)
  const struct CMUnitTest tests[] = {
    T(shows_the_exact_calls), T(several_targets_have_a_guard_each), T(named_guards_and_no_undo),
    T(a_dry_call_stays_dry_when_its_plan_has_failed),
    T(a_name_that_the_shell_would_read_is_quoted), T(arguments_are_checked_copied_and_told), T(a_missing_argument_is_named),
    T(when_the_row_does_not_fit_it_is_refused), T(what_is_gone_or_cannot_be_is_refused), T(a_server_that_fails_is_told_as_it_is),
    T(calls_that_cannot_be_read_are_no_plan), T(protected_environments_ask_for_the_name), T(a_workspace_may_close_over_a_plan),
    T(a_plan_that_nobody_takes_is_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
