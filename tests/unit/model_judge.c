/* Judged actions: asked about before they are shown and again before they are sent, refused by default, and told exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "act_bench.h"
#include "judge_bench.h"

static const struct fake_row before[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 } };
static const struct fake_row after[] = { { "a", "anna", "running", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 } };
static struct fake *fake;
static struct fx f;
static struct test_judge judge;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = before;
  fake->nrows = 2;
  fx_open(&f, &(struct fx_opts){ .headless = true });
  judge = (struct test_judge){ 0 };
  test_judge_on(f.w, &judge);
  return 0;
}

static int close_up(void **state)
{
  (void)state;
  if (f.w) {
    assert_int_equal(f.w->violations, 0);
    assert_null(f.w->judgings);
    fx_close(&f);
  }
  assert_int_equal(judge.dropped, judge.prepared); /* exactly once each */
  return 0;
}

static int bless(struct fa *a)
{
  return fa_call(&f, a, &fake_act_bless, "a", NULL);
}

static const char *record(const char *field)
{
  static char out[256];
  struct sl_audit_rows rows;
  out[0] = 0;
  assert_int_equal(sl_audit_rows_read(sl_ws_audit_path(f.w), &rows, NULL), SL_OK);
  if (rows.n)
    snprintf(out, sizeof out, "%s", field[0] == 'd' ? rows.row[rows.n - 1].detail : rows.row[rows.n - 1].outcome);
  sl_audit_rows_free(&rows);
  return out;
}

/* ---- it goes well ---- */

static void asked_twice_then_sent(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  assert_int_equal(judge.prepared, 1);
  assert_int_equal(sl_plan_guards(a.plan), 2);
  assert_string_equal(sl_plan_guard(a.plan, 1), "champion is 6");
  assert_string_equal(sl_plan_command(a.plan), "sluice act things.bless fake:things/a"); /* without what is worked out */
  assert_string_equal(fake->args_was, "why=- statement=by the rules move=true");
  assert_int_equal(fa_act(&f, &a, ""), SL_OK);
  assert_int_equal(judge.rechecked, 1);
  assert_string_equal(fake->args_was, "why=- statement=by the rules move=true");
  assert_int_equal(fake->calls, 1);
  assert_string_equal(fa_audit(&f), "intent outcome:ok");
  assert_string_equal(record("detail"), "3 gates asked; let go");
  assert_true(judge.held == 1 && judge.let_go == 1 && judge.told == 1);
  assert_int_equal(judge.ended, SL_OK);
  fa_audit_holds(&f);
}

static void it_sees_the_targets_of_now(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  assert_string_equal(judge.saw, "failed -");
  assert_int_equal(fa_act(&f, &a, ""), SL_OK);
  assert_string_equal(judge.saw, "failed -");
  sl_plan_free(a.plan);
}

/* ---- it is held ---- */

static void what_cannot_be_held_is_not_read_again(void **state)
{
  struct fa a;
  (void)state;
  judge.hold_rc = SL_ECONFLICT;
  assert_int_equal(bless(&a), SL_OK);
  assert_int_equal(judge.held + judge.let_go + judge.told, 0);
  assert_int_equal(fa_act(&f, &a, ""), SL_ECONFLICT);
  assert_string_equal(a.err.msg, "anna holds it until six");
  assert_int_equal(judge.rechecked + fake->calls, 0);
  assert_true(judge.let_go == 1 && judge.told == 1 && judge.ended == SL_ECONFLICT);
  assert_string_equal(fa_audit(&f), "intent outcome:refused");
}

static void it_is_let_go_however_it_ends(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  fake->rows = after; /* a guard does not hold any more */
  assert_int_equal(fa_act(&f, &a, ""), SL_ECONFLICT);
  assert_true(judge.let_go == 1 && judge.ended == SL_ECONFLICT && judge.rechecked == 0);
  fake->rows = before;
  assert_int_equal(bless(&a), SL_OK);
  judge.recheck_rc = SL_EBREACH;
  assert_int_equal(fa_act(&f, &a, ""), SL_EBREACH);
  assert_true(judge.let_go == 2 && judge.ended == SL_EBREACH && judge.told == 2);
}

/* ---- it is refused ---- */

static void a_gate_that_is_not_met_is_written_down(void **state)
{
  struct fa a;
  (void)state;
  judge.prepare_rc = SL_EBREACH;
  assert_int_equal(bless(&a), SL_EBREACH);
  assert_int_equal(sl_code_exit(a.rc), 4);
  assert_string_equal(a.err.msg, "gate accuracy: 0.70 is not >= 0.85");
  assert_string_equal(fa_audit(&f), "refused:refused");
  assert_string_equal(record("detail"), "gate accuracy: 0.70 is not >= 0.85; 3 gates asked");
  assert_string_equal(record("outcome"), "refused");
  fa_audit_holds(&f);
  assert_int_equal(fake->calls + fake->dries, 0);
}

static void who_only_asks_leaves_no_record(void **state)
{
  struct fa a;
  struct sl_ref ref = { SL_STR("fake"), SL_STR("things"), SL_STR("a") };
  struct sl_call c = { .act = &fake_act_bless, .res = &fake_things, .targets = &ref, .ntargets = 1, .ask_only = true };
  (void)state;
  judge.prepare_rc = SL_EBREACH;
  assert_int_equal(fa_plan(&f, &a, &c), SL_EBREACH);
  assert_string_equal(fa_audit(&f), "");
}

static void other_refusals_leave_no_record(void **state)
{
  struct fa a;
  (void)state;
  judge.prepare_rc = SL_ECONFLICT;
  assert_int_equal(bless(&a), SL_ECONFLICT);
  assert_string_equal(fa_audit(&f), "");
}

static void a_refusal_that_cannot_be_written_stands(void **state)
{
  struct fa a;
  (void)state;
  judge.prepare_rc = SL_EBREACH;
  assert_int_equal(mkdir(sl_ws_audit_path(f.w), 0700), 0);
  assert_int_equal(bless(&a), SL_EBREACH);
  assert_non_null(strstr(a.err.msg, "0.70 is not >= 0.85; and that could not be written down: "));
}

static void refused_again_after_the_intent(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  judge.recheck_rc = SL_EBREACH;
  assert_int_equal(fa_act(&f, &a, ""), SL_EBREACH);
  assert_string_equal(a.err.msg, "gate accuracy: 0.70 is not >= 0.85");
  assert_string_equal(fa_audit(&f), "intent outcome:refused");
  assert_int_equal(fake->calls, 0);
}

static void a_changed_guard_comes_before_the_recheck(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  fake->rows = after;
  assert_int_equal(fa_act(&f, &a, ""), SL_ECONFLICT);
  assert_int_equal(judge.rechecked, 0);
  assert_int_equal(fake->calls, 0);
}

static void without_rules_nothing_is_judged(void **state)
{
  struct fa a;
  (void)state;
  assert_true(sl_ws_offers(f.w, &fake_act_bless));
  sl_ws_judge(f.w, NULL, NULL);
  assert_false(sl_ws_offers(f.w, &fake_act_bless));
  assert_true(sl_ws_offers(f.w, &fake_act_halt));
  assert_int_equal(bless(&a), SL_EUNSUP);
  assert_non_null(strstr(a.err.msg, "no rules are loaded"));
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_OK);
  assert_int_equal(judge.prepared, 0);
}

static void persons_do_not_say_what_is_worked_out(void **state)
{
  struct fa a;
  const struct sl_val args[3] = { sl_null(SL_TEXT), sl_vz("mine"), sl_null(SL_BOOL) };
  (void)state;
  assert_int_equal(fa_call(&f, &a, &fake_act_bless, "a", args), SL_EUSAGE);
  assert_string_equal(a.err.msg, "bless: statement is worked out, not given");
}

static void fill_wrong(struct test_judge *t, struct sl_judging *j)
{
  struct sl_err e = { 0 };
  assert_int_equal(sl_judging_arg(j, "why", sl_vz("y"), &e), SL_OK);              /* left out */
  assert_int_equal(sl_judging_arg(j, "why", sl_vz("x"), &e), SL_EINTERNAL);       /* said */
  assert_int_equal(sl_judging_arg(j, "nosuch", sl_vz("x"), &e), SL_EINTERNAL);
  assert_int_equal(sl_judging_arg(j, "statement", sl_vi(7), &e), SL_EINTERNAL);   /* of another type */
  assert_true(sl_judging_cell(j, 7, "state").null);
  assert_true(sl_judging_cell(j, 0, "nosuch").null);
  assert_true(sl_judging_cell(j, 0, "nosuch.x").null);
  assert_true(sl_judging_cell(j, 0, "state.x").null);
  assert_int_equal(sl_judging_call(j)->ntargets, 1);
  assert_ptr_equal(sl_judging_ws(j), f.w);
  t->said = SL_OK;
}

/* What must be said and was not: our mistake, and nothing goes out. */
static void a_required_argument_is_not_forgotten(void **state)
{
  struct fa a;
  (void)state;
  judge.fill = fill_wrong;
  assert_int_equal(bless(&a), SL_EINTERNAL);
  assert_string_equal(a.err.msg, "the rules did not say statement");
  judge.fill = NULL;
  judge.silent = true;
  assert_int_equal(bless(&a), SL_EINTERNAL);
}

/* ---- it ends in the middle ---- */

static void told(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct fa *a = user;
  a->told++;
  a->plan = *take;
  *take = NULL;
  a->rc = err ? err->code : SL_OK;
}

static void start(struct fa *a)
{
  struct sl_ref ref = { SL_STR("fake"), SL_STR("things"), SL_STR("a") };
  struct sl_call c = { .act = &fake_act_bless, .res = &fake_things, .targets = &ref, .ntargets = 1 };
  *a = (struct fa){ 0 };
  assert_int_equal(sl_ws_plan(f.w, &c, told, a, NULL), SL_OK);
}

static bool asked(void *user)
{
  (void)user;
  return judge.at != NULL;
}

static void it_may_think_for_a_while(void **state)
{
  struct fa a;
  (void)state;
  for (int round = 0; round < 2; round++) {
    judge.think_ms = 300;
    judge.recheck_rc = SL_OK;
    judge.rechecked = 0;
    start(&a);
    fx_pass(&f, 200);
    assert_int_equal(a.told, 0);
    fx_pass(&f, 200);
    assert_int_equal(a.told, 1);
    judge.recheck_rc = round ? SL_EBREACH : SL_OK;
    assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
    fx_until(&f, asked, NULL);
    fx_pass(&f, 200);
    assert_int_equal(a.told, 0);
    fx_pass(&f, 200);
    assert_int_equal(a.told, 1);
    assert_int_equal(a.rc, judge.recheck_rc);
  }
  assert_int_equal(fake->calls, 1);
}

static void closing_tells_nobody(void **state)
{
  struct fa a;
  (void)state;
  for (int stage = 0; stage < 2; stage++) {
    judge.never = stage == 0;
    start(&a);
    if (stage) {
      fx_settle(&f);
      judge.never = true;
      assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
    }
    fx_until(&f, asked, NULL);
    a.told = 0;
    fx_close(&f);
    f.w = NULL;
    assert_int_equal(a.told, 0);
    assert_int_equal(judge.dropped, judge.prepared);
    assert_null(judge.at);
    fresh(NULL);
  }
}

static void closing_with_a_plan_in_hand(void **state)
{
  struct fa a;
  (void)state;
  assert_int_equal(bless(&a), SL_OK);
  sl_plan_free(a.plan);
  assert_int_equal(judge.dropped, 1);
}

static void a_judge_that_leaves(void **state)
{
  struct fa a;
  (void)state;
  judge.never = true;
  start(&a);
  fx_until(&f, asked, NULL);
  sl_ws_judge(f.w, NULL, NULL);
  assert_int_equal(a.told, 1);
  assert_int_equal(a.rc, SL_EUNSUP);
  assert_int_equal(judge.dropped, 1);
  test_judge_on(f.w, &judge);
  judge.never = false;
  assert_int_equal(bless(&a), SL_OK);
  sl_ws_judge(f.w, NULL, NULL); /* between the two stages */
  assert_int_equal(judge.dropped, 2);
  assert_int_equal(fa_act(&f, &a, ""), SL_EUNSUP);
  assert_int_equal(fake->calls, 0);
  assert_string_equal(fa_audit(&f), "intent outcome:refused");
}

static void start_on(struct fa *a, const char *conn)
{
  struct sl_ref ref = { sl_str(conn), SL_STR("things"), SL_STR("a") };
  struct sl_call c = { .act = &fake_act_bless, .res = &fake_things, .targets = &ref, .ntargets = 1 };
  *a = (struct fa){ 0 };
  assert_int_equal(sl_ws_plan(f.w, &c, told, a, NULL), SL_OK);
  fx_until(&f, asked, NULL);
}

static void a_reload_in_the_middle(void **state)
{
  struct fa a;
  (void)state;
  judge.think_ms = 100;
  struct sl_ws_conf *conf = fx_conf(&f, "connections:\n  mine: {type: fake}\n");
  assert_int_equal(sl_ws_reload(f.w, conf, NULL), SL_OK);
  sl_ws_conf_unref(conf);
  start_on(&a, "fake");
  assert_int_equal(sl_ws_reload(f.w, conf = fx_conf(&f, "connections:\n  mine: {type: fake}\n"), NULL), SL_OK); /* nothing changed */
  sl_ws_conf_unref(conf);
  fx_pass(&f, 200);
  assert_int_equal(a.told, 1);
  assert_int_equal(a.rc, SL_OK);
  sl_plan_free(a.plan);
  start_on(&a, "mine");
  assert_int_equal(sl_ws_reload(f.w, NULL, NULL), SL_OK);
  fx_pass(&f, 200);
  assert_int_equal(a.told, 1);
  assert_int_equal(a.rc, SL_ENOENT);
  assert_null(a.plan);
}

/* ---- resources of one's own ---- */

static int own_query(struct sl_req *r, struct sl_err *err);
static const struct sl_serve own = { .res = &fake_parts, .query = own_query };

static int own_query(struct sl_req *r, struct sl_err *err)
{
  int *n = sl_req_own(r);
  (*n)++;
  return sl_err_set(err, SL_EDENIED, "asked %d times", *n);
}

static void a_resource_beside_the_own_ones(void **state)
{
  int first = 0, second = 0;
  struct fx_seen s;
  struct sl_query like = { .res = &fake_parts, .conn = SL_STR("sluice"), .scope = SL_STR("x") }, *q = NULL;
  (void)state;
  assert_int_equal(sl_ws_serve(f.w, &own, &first, NULL), SL_OK);
  assert_int_equal(sl_ws_serve(f.w, &own, &second, NULL), SL_OK); /* replaces */
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, true, &s);
  fx_settle(&f);
  assert_int_equal(s.nsrc, 1);
  assert_string_equal(s.conn[0], "sluice");
  assert_string_equal(s.src[0].err.msg, "asked 1 times");
  assert_int_equal(first, 0);
  assert_int_equal(second, 1);
  fx_forget(&s);
  sl_query_unref(q);
}

/* ---- where a statement lies ---- */

static void two_people_never_share_a_tag(void **state)
{
  static const char *const names[] = { "lead", "a/b", "a_b", "a_2fb", "A_b", "a:b", "a b", "a.b", "a-b", "os:host:ana", "", "_", "-",
    "\xc3\xa9", "\xe9", "_-" };
  enum { COUNT = sizeof names / sizeof names[0] };
  struct sl_buf key[COUNT + 2];
  char longer[2][90];
  (void)state;
  memset(longer, 'A', sizeof longer);
  longer[0][89] = longer[1][88] = 0;
  for (size_t i = 0; i < COUNT + 2; i++) {
    sl_buf_init(&key[i], 4096);
    assert_int_equal(sl_statement_key(&key[i], sl_str(i < COUNT ? names[i] : longer[i - COUNT]), NULL), SL_OK);
    assert_true(key[i].n < 250);
    for (size_t k = 0; k < i; k++)
      if (sl_str_ieq(sl_buf_view(&key[i]), sl_buf_view(&key[k]))) /* a store may fold the case */
        fail_msg("one tag for %zu and %zu: %s", k, i, sl_buf_zstr(&key[i]));
  }
  assert_string_equal(sl_buf_zstr(&key[0]), "approval.statement.lead");
  assert_string_equal(sl_buf_zstr(&key[1]), "approval.statement.a_2fb");
  assert_string_equal(sl_buf_zstr(&key[2]), "approval.statement.a_5fb");
  assert_true(sl_str_starts(sl_buf_view(&key[COUNT]), SL_STR("approval.statement._-")));
  for (size_t i = 0; i < COUNT + 2; i++)
    sl_buf_free(&key[i]);
}

/* ---- who decides ---- */

static int looked, closed;
static void look_who(void *user) { *(int *)user += 1; }
static void forget(void *user) { (void)user; closed++; }

static void who_signs_is_asked_once_until_the_file_is_read_again(void **state)
{
  static const struct sl_judge_ops ops = { .who = look_who, .close = forget };
  const struct sl_identity lead = { .name = "lead", .known = SL_KNOWN_KEY, .issuer = "people", .subject = "lead" };
  (void)state;
  looked = closed = 0;
  sl_ws_judge(f.w, &ops, &looked);
  assert_int_equal(looked, 0);
  assert_string_equal(sl_ws_signer(f.w)->name, sl_ws_me(f.w)->name);
  assert_string_equal(sl_ws_signer(f.w)->name, sl_ws_me(f.w)->name);
  assert_int_equal(looked, 1);
  sl_ws_set_signer(f.w, &lead);
  assert_string_equal(sl_ws_signer(f.w)->name, "lead");
  assert_int_equal(sl_ws_signer(f.w)->known, SL_KNOWN_KEY);
  assert_int_equal(sl_ws_reload(f.w, f.w->conf, NULL), SL_OK);
  assert_string_equal(sl_ws_signer(f.w)->name, "lead"); /* until it is known better */
  assert_int_equal(looked, 2);
  fx_close(&f);
  f.w = NULL;
  assert_int_equal(closed, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fresh, close_up)
int main(void)
{
  const struct CMUnitTest tests[] = {
    T(asked_twice_then_sent), T(what_cannot_be_held_is_not_read_again), T(it_is_let_go_however_it_ends), T(it_may_think_for_a_while),
    T(it_sees_the_targets_of_now), T(a_gate_that_is_not_met_is_written_down),
    T(who_only_asks_leaves_no_record), T(other_refusals_leave_no_record), T(a_refusal_that_cannot_be_written_stands),
    T(refused_again_after_the_intent), T(a_changed_guard_comes_before_the_recheck), T(without_rules_nothing_is_judged),
    T(persons_do_not_say_what_is_worked_out), T(a_required_argument_is_not_forgotten), T(closing_tells_nobody),
    T(closing_with_a_plan_in_hand), T(a_judge_that_leaves), T(a_reload_in_the_middle), T(a_resource_beside_the_own_ones),
    T(two_people_never_share_a_tag),
    T(who_signs_is_asked_once_until_the_file_is_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
