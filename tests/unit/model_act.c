/* Acting: meant, checked again, sent once, written down; and never sent at all where one of these cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "act_bench.h"
#include "base/file.h"

static const struct fake_row before[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "failed",
    2, 2 } };
static const struct fake_row after[] = { { "a", "anna", "running", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "failed",
    2, 2 } };
static struct fake *fake;
static struct fx f;

static int fresh(void **state)
{
  (void)state;
  fake_reset();
  fake = fake_of("fake");
  fake->rows = before;
  fake->nrows = 3;
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

static void again(const struct fx_opts *o)
{
  fx_close(&f);
  fx_open(&f, o);
}

static void arm(const char *typed)
{
  struct sl_err e = { 0 };
  if (sl_ws_arm(f.w, sl_str(typed), &e))
    fail_msg("%s", e.msg);
}

static bool called(void *user)
{
  (void)user;
  return fake->calls > 0;
}

/* ---- it goes well ---- */

static void intent_call_outcome(void **state)
{
  struct fa a;
  (void)state;
  fake->started = "n1";
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_OK);
  assert_string_equal(a.started, "fake:things/n1");
  assert_int_equal(fake->calls, 1);
  assert_int_equal(strlen(fake->token_was), 36);
  assert_string_equal(fa_audit(&f), "intent outcome:ok");
  fa_audit_holds(&f);
}

static int find_texts(void *user, const struct sl_audit_rec *r)
{
  struct sl_buf *b = user;
  sl_buf_str(b, r->raw);
  sl_buf_ch(b, '\n');
  return SL_OK;
}

static void the_record_says_who_what_and_how(void **state)
{
  struct fa a;
  struct sl_buf b;
  (void)state;
  fake->started = "n1";
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a b"), SL_OK);
  sl_buf_init(&b, 0);
  assert_int_equal(sl_audit_read(sl_ws_audit_path(f.w), find_texts, &b, NULL, NULL), SL_OK);
  static const char *const must[] = { "\"who\":\"", "\"pid\":", "\"boot\":\"", "\"born\":\"", "\"action\":\"things.halt\"",
      "\"connection\":\"fake\"",
    "\"targets\":[\"fake:things/a\",\"fake:things/b\"]", "\"calls\":[\"halt a\",\"halt b\"]", "\"rc\":\"OK\"",
        "\"started\":\"fake:things/n1\"" };
  for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
    if (!strstr(sl_buf_zstr(&b), must[i]))
      fail_msg("no %s in %s", must[i], sl_buf_zstr(&b));
  char token[64];
  snprintf(token, sizeof token, "\"id\":\"%s\"", fake->token_was);
  assert_non_null(strstr(sl_buf_zstr(&b), token));
  sl_buf_free(&b);
}

/* Bytes that are no UTF-8 and texts that look like tokens may not make a record that cannot be read again. */
static void strange_texts_leave_a_readable_record(void **state)
{
  static const char *const texts[] = { "password: hunter2, \"quoted\" \\", "\xff\xfe/\xc3(", "Authorization: Bearer abc", "a\nb\x1b[31m" };
  struct fa a;
  struct sl_buf b;
  (void)state;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const struct sl_val args[6] = { sl_vz(texts[i]), sl_null(SL_I64), sl_null(SL_TIME), sl_null(SL_F64), sl_null(SL_LIST),
        sl_null(SL_BOOL) };
    fake->verb_rc[0] = SL_EIO;
    fake->message = texts[i];
    arm("");
    assert_int_equal(fa_call(&f, &a, &fake_act_make, "new", args), SL_OK);
    assert_int_equal(fa_act(&f, &a, ""), SL_EIO);
  }
  fa_audit_holds(&f);
  assert_string_equal(fa_audit(&f), "intent outcome:failed intent outcome:failed intent outcome:failed intent outcome:failed");
  assert_int_equal(sl_audit_read(sl_ws_audit_path(f.w), find_texts, &b, NULL, NULL), SL_OK);
  assert_null(strstr(sl_buf_zstr(&b), "hunter2"));
  assert_null(strstr(sl_buf_zstr(&b), "Bearer abc"));
  assert_non_null(strstr(sl_buf_zstr(&b), "\\\\xff\\\\xfe/"));
  sl_buf_free(&b);
}

static void watchers_see_the_change(void **state)
{
  struct fa a;
  struct fx_seen s;
  (void)state;
  struct sl_query *q = fx_query("", NULL, 0);
  fx_watch(&f, q, false, &s);
  fx_settle(&f);
  int asked = fake->queries;
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_OK);
  fx_settle(&f);
  assert_true(fake->queries > asked + 2); /* twice for the guards, and once for who looks */
  sl_ws_unwatch(f.w, s.id);
  fx_forget(&s);
  sl_query_unref(q);
}

/* ---- who may ---- */

static void nothing_happens_unless_armed(void **state)
{
  struct fa a;
  int64_t left;
  (void)state;
  assert_int_equal(sl_ws_armed(f.w, &left), SL_DISARMED);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(fa_act(&f, &a, ""), SL_EREADONLY);
  assert_non_null(strstr(a.err.msg, "not armed"));
  arm("");
  assert_int_equal(sl_ws_armed(f.w, &left), SL_ARMED);
  assert_int_equal(left, 300000);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  fx_pass(&f, 300000);
  assert_int_equal(sl_ws_armed(f.w, &left), SL_DISARMED);
  assert_int_equal(fa_act(&f, &a, ""), SL_EREADONLY);
  arm("");
  fx_pass(&f, 200000);
  arm(""); /* anew: five minutes from now, whatever the first time was to end */
  fx_pass(&f, 200000);
  assert_int_equal(sl_ws_armed(f.w, &left), SL_ARMED);
  assert_int_equal(left, 100000);
  sl_ws_disarm(f.w);
  assert_int_equal(sl_ws_armed(f.w, &left), SL_DISARMED);
  assert_int_equal(fake->calls, 0);
  assert_false(sl_file_exists(sl_ws_audit_path(f.w)));
}

static void read_only_cannot_be_armed_away(void **state)
{
  static const struct fx_opts how[] = { { .readonly = true, .headless = true },
                                        { .workspace = "readonly: true\nconnections:\n  fake: {type: fake}\n", .headless = true } };
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    struct fa a;
    int64_t left;
    struct sl_err e = { 0 };
    again(&how[i]);
    assert_int_equal(sl_ws_armed(f.w, &left), SL_READONLY);
    assert_true(sl_ws_armed_why(f.w)[0]);
    assert_int_equal(sl_ws_arm(f.w, SL_STR(""), &e), SL_EREADONLY);
    assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK); /* a plan is reading */
    assert_int_equal(fa_act(&f, &a, ""), SL_EREADONLY);
  }
  assert_int_equal(fake->calls, 0);
}

static void a_connection_may_be_read_only(void **state)
{
  struct fa a;
  (void)state;
  again(&(struct fx_opts){ .headless = true, .workspace = "connections:\n  fake: {type: fake, readonly: true}\n" });
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(fa_act(&f, &a, ""), SL_EREADONLY);
  assert_non_null(strstr(a.err.msg, "fake"));
  assert_int_equal(fake->calls, 0);
}

static void protected_environments_take_the_typed_name_only(void **state)
{
  static const char *const wrong[] = { "", "b", "A", "a ", "prod" };
  struct fa a;
  struct sl_err e = { 0 };
  (void)state;
  again(&(struct fx_opts){ .workspace = "environment: prod\nconnections:\n  fake: {type: fake}\n" });
  assert_string_equal(sl_ws_arm_needs(f.w), "prod");
  assert_int_equal(sl_ws_arm(f.w, SL_STR("dev"), &e), SL_EUSAGE);
  arm("prod");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
    assert_int_equal(fa_act(&f, &a, wrong[i]), SL_EUSAGE);
  }
  assert_int_equal(fake->calls, 0);
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(fa_act(&f, &a, "a"), SL_OK);
  assert_int_equal(fake->calls, 1);
}

static void a_reload_disarms_and_protects(void **state)
{
  struct fa a;
  int64_t left;
  (void)state;
  again(&(struct fx_opts){ .workspace = "connections:\n  fake: {type: fake}\n" });
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  struct sl_ws_conf *c = fx_conf(&f, "environment: prod\nconnections:\n  fake: {type: fake}\n");
  assert_int_equal(sl_ws_reload(f.w, c, NULL), SL_OK);
  sl_ws_conf_unref(c);
  assert_int_equal(sl_ws_armed(f.w, &left), SL_DISARMED);
  arm("prod");
  assert_int_equal(fa_act(&f, &a, ""), SL_EUSAGE); /* planned when nothing had to be typed */
  assert_int_equal(fake->calls, 0);
}

static void a_connection_that_went_or_changed_is_refused(void **state)
{
  static const char *const files[] = { "connections:\n  else: {type: other}\n", "connections:\n  mine: {type: other}\n" };
  static const int codes[] = { SL_ENOENT, SL_ECONFLICT };
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct fa a;
    struct sl_ref ref;
    struct sl_call c = fa_halt(&ref, "a");
    ref.conn = SL_STR("mine");
    again(&(struct fx_opts){ .headless = true, .workspace = "connections:\n  mine: {type: fake}\n" });
    assert_int_equal(fa_plan(&f, &a, &c), SL_OK);
    struct sl_ws_conf *conf = fx_conf(&f, files[i]);
    assert_int_equal(sl_ws_reload(f.w, conf, NULL), SL_OK);
    sl_ws_conf_unref(conf);
    assert_int_equal(fa_act(&f, &a, ""), codes[i]);
  }
  assert_int_equal(fake->calls, 0);
}

/* ---- what changed meanwhile ---- */

static void a_changed_guard_refuses_and_is_written_down(void **state)
{
  struct fa a;
  (void)state;
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a b", NULL), SL_OK);
  fake->rows = after;
  assert_int_equal(fa_act(&f, &a, ""), SL_ECONFLICT);
  assert_string_equal(a.err.msg, "changed meanwhile: a: state is failed, now running; look again");
  assert_int_equal(fake->calls, 0);
  assert_string_equal(fa_audit(&f), "intent outcome:refused");
  fa_audit_holds(&f);
}

static void a_target_that_went_is_refused(void **state)
{
  struct fa a;
  (void)state;
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  fake->rows = &before[1];
  fake->nrows = 2;
  assert_int_equal(fa_act(&f, &a, ""), SL_ENOENT);
  assert_int_equal(fake->calls, 0);
  assert_string_equal(fa_audit(&f), "intent outcome:refused");
}

static void what_the_person_saw_is_compared(void **state)
{
  struct fa a;
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "a");
  struct sl_expect seen[] = { { .col = "name", .was = sl_vz("anna") }, { .col = "size", .was = sl_vi(3) } };
  (void)state;
  arm("");
  c.expect = seen;
  c.nexpect = 2;
  for (int i = 0; i < 2; i++) {
    seen[0].ref = seen[1].ref = ref;
    seen[1].was = sl_vi(i ? 4 : 3);
    assert_int_equal(fa_plan(&f, &a, &c), SL_OK);
    assert_int_equal(fa_act(&f, &a, ""), i ? SL_ECONFLICT : SL_OK);
  }
  assert_non_null(strstr(a.err.msg, "size of a is not what you saw"));
  assert_int_equal(fake->calls, 1);
}

/* An expectation that cannot be checked is not met. */
static void what_cannot_be_compared_is_refused(void **state)
{
  struct fa a;
  struct sl_ref ref;
  struct sl_call c = fa_halt(&ref, "a");
  struct sl_expect seen = { .ref = ref, .col = "nosuch", .was = sl_vz("x") };
  (void)state;
  arm("");
  c.expect = &seen;
  c.nexpect = 1;
  assert_int_equal(fa_plan(&f, &a, &c), SL_OK);
  assert_int_equal(fa_act(&f, &a, ""), SL_ECONFLICT);
  assert_int_equal(fake->calls, 0);
}

/* ---- no record, no action ---- */

static void an_audit_that_cannot_be_opened_stops_it(void **state)
{
  struct fa a;
  (void)state;
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(mkdir(sl_ws_audit_path(f.w), 0700), 0);
  assert_int_not_equal(fa_act(&f, &a, ""), SL_OK);
  assert_non_null(strstr(a.err.msg, "audit"));
  assert_int_equal(fake->calls, 0);
}

static void a_full_disk_stops_it(void **state)
{
  struct fa a;
  struct rlimit was, small;
  (void)state;
  arm("");
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_OK);
  struct stat st;
  assert_int_equal(stat(sl_ws_audit_path(f.w), &st), 0);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
  small = was;
  signal(SIGXFSZ, SIG_IGN);
  for (rlim_t more = 0; more < 200; more += 67) { /* nothing fits; part of a record fits */
    assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
    small.rlim_cur = (rlim_t)st.st_size + more;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = fa_act(&f, &a, "");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_not_equal(rc, SL_OK);
    assert_non_null(strstr(a.err.msg, "audit"));
  }
  assert_int_equal(fake->calls, 1);
  assert_string_equal(fa_audit(&f), "intent outcome:ok");
  fa_audit_holds(&f);
}

/* The action stands, and that it could not be written down is said. */
static void an_outcome_that_cannot_be_written_is_said(void **state)
{
  struct fa a;
  char aside[128];
  (void)state;
  fake->call_ms = 50;
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
  assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
  fx_until(&f, called, NULL);
  assert_int_equal(a.told, 0);
  snprintf(aside, sizeof aside, "%s.aside", sl_ws_audit_path(f.w));
  assert_int_equal(rename(sl_ws_audit_path(f.w), aside), 0);
  assert_int_equal(mkdir(sl_ws_audit_path(f.w), 0700), 0);
  fx_pass(&f, 50);
  fx_settle(&f);
  assert_int_equal(a.told, 1);
  assert_int_equal(a.rc, SL_EIO);
  assert_non_null(strstr(a.err.msg, "ok; but that could not be written down"));
  assert_int_equal(rmdir(sl_ws_audit_path(f.w)), 0);
}

/* ---- answers ---- */

static void a_refusal_of_the_server_is_a_failure(void **state)
{
  struct fa a;
  (void)state;
  fake->call_rc = SL_EDENIED;
  fake->message = "403: halt is not for you";
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_EDENIED);
  assert_string_equal(a.err.msg, "403: halt is not for you");
  fake->call_rc = 0;
  fake->call_refuse = SL_EUNSUP;
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), SL_EUNSUP);
  assert_string_equal(fa_audit(&f), "intent outcome:failed intent outcome:failed");
}

static void one_of_several_may_fail(void **state)
{
  struct fa a;
  (void)state;
  fake->verb_rc[1] = SL_EDENIED;
  fake->message = "not yours";
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a b c"), SL_EDENIED);
  assert_string_equal(a.err.msg, "2 of 3 done; b: not yours");
  assert_string_equal(fa_audit(&f), "intent outcome:failed");
}

static void a_lost_answer_is_asked_for_and_never_sent_again(void **state)
{
  static const struct { int lost, said, rc; const char *audit; } ways[] = {
    { SL_ETIMEOUT, SL_OK, SL_OK, "intent outcome:ok" },
    { SL_ENET, SL_ENOENT, SL_EIO, "intent outcome:failed" },
    { SL_EPROTO, SL_ENET, SL_EUNKNOWN, "intent outcome:unknown" },
    { SL_EUNKNOWN, SL_OK, SL_OK, "intent outcome:ok" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    struct fa a;
    again(NULL);
    fake->calls = fake->reconciles = 0;
    fake->call_rc = ways[i].lost;
    fake->reconcile_rc = ways[i].said;
    assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a"), ways[i].rc);
    assert_int_equal(fake->calls, 1);
    assert_int_equal(fake->reconciles, 1);
    assert_string_equal(fa_audit(&f), ways[i].audit);
    if (ways[i].rc == SL_EUNKNOWN)
      assert_non_null(strstr(a.err.msg, "outcome unknown"));
  }
}

static void only_the_lost_one_is_asked_for(void **state)
{
  struct fa a;
  (void)state;
  fake->verb_rc[1] = FAKE_UNTOLD; /* ended well, but not a word about b */
  fake->verb_rc[2] = SL_EDENIED;
  fake->reconcile_rc = SL_ENET;
  assert_int_equal(fa_do(&f, &a, &fake_act_halt, "a b c"), SL_EUNKNOWN);
  assert_non_null(strstr(a.err.msg, "1 of 3 done; b: outcome unknown"));
  assert_string_equal(fa_audit(&f), "intent outcome:unknown");
}

static void without_reconcile_it_stays_unknown(void **state)
{
  struct fa a;
  (void)state;
  fake->call_rc = SL_ETIMEOUT;
  assert_int_equal(fa_do(&f, &a, &fake_act_drop, "a"), SL_EUNKNOWN);
  assert_non_null(strstr(a.err.msg, "outcome unknown"));
  assert_string_equal(fa_audit(&f), "intent outcome:unknown");
  assert_int_equal(fake->reconciles, 0);
}

/* The deadline passes; the backend lets go of its request (and of the call) only later. */
static void no_answer_at_all_is_unknown(void **state)
{
  struct fa a;
  (void)state;
  fake->call_never = true;
  fake->late_end_ms = 5000;
  arm("");
  assert_int_equal(fa_call(&f, &a, &fake_act_drop, "a b", NULL), SL_OK);
  assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
  fx_until(&f, called, NULL);
  fx_pass(&f, 121000);
  fx_settle(&f);
  assert_int_equal(a.told, 1);
  assert_int_equal(a.rc, SL_EUNKNOWN);
  memset(fake->targets_was, 0, sizeof fake->targets_was);
  fx_pass(&f, 6000);
  assert_string_equal(fake->targets_was, "a b"); /* still readable then */
}

/* ---- closing ---- */

static void closed_while_acting_leaves_the_intent(void **state)
{
  (void)state;
  for (int turns = 0; turns < 30; turns++)
    for (int late = 0; late < 2; late++) {
      struct fa a;
      again(&(struct fx_opts){ .real_clock = true, .headless = true });
      fake->late_end_ms = late;
      fake->call_ms = 3;
      assert_int_equal(fa_call(&f, &a, &fake_act_halt, "a", NULL), SL_OK);
      int calls = fake->calls;
      assert_int_equal(fa_act_start(&f, &a, ""), SL_OK);
      for (int i = 0; i < turns; i++)
        sl_loop_turn(f.l, 1);
      int told = a.told;
      char audit[128];
      struct sl_audit_rows rows;
      snprintf(audit, sizeof audit, "%s", sl_ws_audit_path(f.w));
      sl_ws_close(f.w);
      assert_int_equal(a.told, told);
      assert_int_equal(sl_audit_rows_read(audit, &rows, NULL), SL_OK);
      if (fake->calls > calls) /* what was sent had been written down before */
        assert_int_equal(rows.n, 1);
      if (rows.n)
        assert_true(strcmp(rows.row[0].outcome, "intent") == 0 || strcmp(rows.row[0].outcome, "ok") == 0);
      sl_audit_rows_free(&rows);
      struct sl_ws_opts o = { .backends = fake_backends, .state_dir = f.state_dir, .threads = 2 };
      assert_int_equal(sl_ws_open(&f.w, f.l, &o, NULL), SL_OK);
    }
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, fresh, close_up)
  const struct CMUnitTest tests[] = {
    T(intent_call_outcome), T(the_record_says_who_what_and_how), T(strange_texts_leave_a_readable_record), T(watchers_see_the_change),
    T(nothing_happens_unless_armed), T(read_only_cannot_be_armed_away), T(a_connection_may_be_read_only),
    T(protected_environments_take_the_typed_name_only), T(a_reload_disarms_and_protects), T(a_connection_that_went_or_changed_is_refused),
    T(a_changed_guard_refuses_and_is_written_down), T(a_target_that_went_is_refused), T(what_the_person_saw_is_compared),
    T(what_cannot_be_compared_is_refused), T(an_audit_that_cannot_be_opened_stops_it), T(a_full_disk_stops_it),
    T(an_outcome_that_cannot_be_written_is_said), T(a_refusal_of_the_server_is_a_failure), T(one_of_several_may_fail),
    T(a_lost_answer_is_asked_for_and_never_sent_again), T(only_the_lost_one_is_asked_for), T(without_reconcile_it_stays_unknown),
    T(no_answer_at_all_is_unknown), T(closed_while_acting_leaves_the_intent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
