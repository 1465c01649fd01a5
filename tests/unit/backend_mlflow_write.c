/* Decisions on MLflow's SQLite store: every tag, the alias last, only from where the statement says that it stood. */
#include "mlflow_test.h"
#include "mlflow_act.h"

static struct mt t;
static char db[80];
static struct test_judge judge;
static struct ma a;

static int fresh(void **state)
{
  char settings[200];
  (void)state;
  snprintf(db, sizeof db, "/tmp/sluice-write-XXXXXX");
  int fd = mkstemp(db);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(ma_copy(db), SL_OK);
  snprintf(settings, sizeof settings, "    uri: \"sqlite:///%s\"\n", db);
  mt_open(&t, settings);
  judge = (struct test_judge){ .fill = ma_fill };
  ma_say = (struct ma_decision){ .statement = "{\"statement\":{}}", .by = "lead (x)", .was = "", .move = true };
  test_judge_on(t.w, &judge);
  return 0;
}

static int close_up(void **state)
{
  struct sl_audit_report r;
  struct sl_err e = { 0 };
  (void)state;
  if (sl_audit_verify(sl_ws_audit_path(t.w), &r, &e))
    fail_msg("%s", e.msg);
  mt_close(&t);
  unlink(db);
  assert_int_equal(judge.dropped, judge.prepared);
  return 0;
}

static const char *sql(const char *text) { return ma_sql(db, text); }
static const char *champion(void) { return sql("select version from registered_model_aliases where name='cancer' and alias='champion'"); }

static int act(const struct sl_resource *res, const struct sl_action *what, const char *id, const struct sl_val *args)
{
  if (ma_plan(t.w, t.l, &a, res, what, id, args))
    return a.rc;
  return ma_act(t.w, t.l, &a);
}

static int approve(const char *id, const char *to)
{
  const struct sl_val args[] = { sl_vz(to), sl_vz("looks good"), sl_vb(false), sl_null(SL_TEXT), sl_null(SL_TEXT), sl_null(SL_TEXT),
                                 sl_null(SL_TEXT), sl_null(SL_BOOL), sl_null(SL_TEXT) };
  return act(&sl_res_versions, &sl_act_version_approve, id, args);
}

#define TAG(key) sql("select value from model_version_tags where name='cancer' and version=5 and key='" key "'")
static void an_approval_moves_the_alias(void **state)
{
  (void)state;
  char was[8];
  snprintf(was, sizeof was, "%.7s", champion());
  ma_say.was = was;
  assert_string_not_equal(was, "5");
  const struct sl_val args[] = { sl_vz("champion"), sl_vz("looks good"), sl_vb(false), sl_null(SL_TEXT), sl_null(SL_TEXT), sl_null(SL_TEXT),
                                 sl_null(SL_TEXT), sl_null(SL_BOOL), sl_null(SL_TEXT) };
  assert_int_equal(ma_plan(t.w, t.l, &a, &sl_res_versions, &sl_act_version_approve, "cancer/5", args), SL_OK);
  assert_int_equal(sl_plan_calls(a.plan), 8);
  char last[80];
  snprintf(last, sizeof last, "champion of cancer -> 5 (now %s)", was);
  assert_string_equal(sl_plan_call(a.plan, 7), last);
  assert_string_equal(sl_plan_call(a.plan, 2), "tag approval.decision of cancer/5: 'approved'");
  assert_string_equal(champion(), was); /* a plan changes nothing */
  if (ma_act(t.w, t.l, &a))
    fail_msg("%s", a.err.msg);
  assert_string_equal(champion(), "5");
  assert_string_equal(TAG("approval.statement"), ma_say.statement);
  assert_string_equal(TAG("approval.statement.lead_20_28x_29"), ma_say.statement);
  assert_string_equal(TAG("approval.decision"), "approved");
  assert_string_equal(TAG("approval.by"), "lead (x)");
  assert_string_equal(TAG("approval.at"), "2026-11-21T06:00:00.000Z");
  assert_string_equal(TAG("approval.comment"), "looks good");
  assert_string_equal(TAG("approval.to"), "champion");
}

static void while_others_must_agree_nothing_moves(void **state)
{
  (void)state;
  char was[8];
  snprintf(was, sizeof was, "%.7s", champion());
  ma_say.was = was;
  ma_say.move = false;
  assert_int_equal(approve("cancer/5", "champion"), SL_OK);
  assert_string_equal(champion(), was);
  assert_string_equal(TAG("approval.decision"), "requested");
  ma_say.move = true;
  ma_say.by = "second";
  assert_int_equal(approve("cancer/5", "champion"), SL_OK);
  assert_string_equal(champion(), "5");
  assert_string_equal(sql("select count(*) from model_version_tags where version=5 and key like 'approval.statement%'"), "3");
}

/* The loser's whole decision is undone, not only the alias. */
static void an_alias_that_moved_meanwhile_stops_everything(void **state)
{
  (void)state;
  ma_say.was = "77";
  assert_int_equal(approve("cancer/5", "champion"), SL_ECONFLICT);
  char words[120];
  snprintf(words, sizeof words, "champion of cancer is %.8s now (was 77): somebody moved it; look again", champion());
  assert_string_equal(a.err.msg, words);
  assert_string_equal(TAG("approval.decision"), "requested"); /* as the demo has it */
  assert_string_equal(TAG("approval.statement.lead_20_28x_29"), "-");
  ma_say.was = "";
  assert_int_equal(approve("cancer/5", "champion"), SL_ECONFLICT);
  assert_int_equal(approve("cancer/5", "shadow"), SL_OK); /* of nothing */
  assert_string_equal(sql("select version from registered_model_aliases where alias='shadow'"), "5");
}

static void to_a_stage(void **state)
{
  (void)state;
  assert_int_equal(approve("cancer/5", "stage:Production"), SL_OK);
  assert_string_equal(sql("select current_stage from model_versions where name='cancer' and version=5"), "Production");
  assert_int_equal(approve("cancer/4", "stage:production"), SL_ECONFLICT); /* was nobody's, says the statement */
  assert_string_equal(a.err.msg, "Production of cancer is 5 now (was nowhere): somebody moved it; look again");
  assert_string_equal(sql("select value from model_version_tags where name='cancer' and version=4 and key='approval.statement'"), "-");
  ma_say.was = "5";
  assert_int_equal(approve("cancer/4", "stage:production"), SL_OK);
  assert_string_equal(sql("select current_stage from model_versions where name='cancer' and version=5"), "Archived");
  assert_string_equal(sql("select current_stage from model_versions where name='cancer' and version=4"), "Production");
  assert_int_equal(approve("cancer/4", "stage:nosuch"), SL_EUSAGE);
}

static void requests_and_rejections(void **state)
{
  const struct sl_val args[] = { sl_vz("champion"), sl_vz("please"), sl_null(SL_TEXT), sl_null(SL_TEXT), sl_null(SL_TEXT) };
  (void)state;
  assert_int_equal(act(&sl_res_versions, &sl_act_version_request, "cancer/5", args), SL_OK);
  assert_string_equal(TAG("approval.decision"), "requested");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_reject, "cancer/5", args), SL_OK);
  assert_string_equal(TAG("approval.decision"), "rejected");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_request, "cancer/99", args), SL_ENOENT);
}

static void aliases_stages_and_tags_by_hand(void **state)
{
  const struct sl_val alias[] = { sl_vz("shadow"), sl_vi(4) }, bad[] = { sl_vz("v7"), sl_vi(4) }, none[] = { sl_vz("shadow"), sl_vi(99) },
    zero[] = { sl_vz("shadow"), sl_vi(0) };
  const struct sl_val stage[] = { sl_vz("Staging"), sl_vb(false) }, tag[] = { sl_vz("k"), sl_vz("v") };
  (void)state;
  assert_int_equal(act(&sl_res_models, &sl_act_model_alias, "cancer", alias), SL_OK);
  assert_string_equal(sql("select version from registered_model_aliases where alias='shadow'"), "4");
  assert_int_equal(act(&sl_res_models, &sl_act_model_alias, "cancer", bad), SL_EUSAGE);
  assert_int_equal(act(&sl_res_models, &sl_act_model_alias, "cancer", none), SL_ENOENT);
  assert_int_equal(act(&sl_res_models, &sl_act_model_alias, "cancer", zero), SL_EUSAGE);
  assert_int_equal(act(&sl_res_models, &sl_act_model_unalias, "cancer", alias), SL_OK);
  assert_string_equal(sql("select version from registered_model_aliases where alias='shadow'"), "-");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_stage, "cancer/4", stage), SL_OK);
  assert_string_equal(sql("select current_stage from model_versions where name='cancer' and version=4"), "Staging");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_tag, "cancer/5", tag), SL_OK);
  assert_string_equal(TAG("k"), "v");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_untag, "cancer/5", tag), SL_OK);
  assert_string_equal(TAG("k"), "-");
  assert_int_equal(act(&sl_res_versions, &sl_act_version_untag, "cancer/5", tag), SL_ENOENT);
  assert_string_equal(a.err.msg, "cancer/5 has no tag k: there is nothing to remove");
}

static void back_to_the_version_before(void **state)
{
  const struct sl_val args[] = { sl_vz("champion"), sl_vz("worse"), sl_null(SL_I64), sl_null(SL_TEXT), sl_null(SL_TEXT), sl_null(SL_TEXT),
                                 sl_null(SL_TEXT), sl_null(SL_TEXT) };
  char was[8];
  (void)state;
  snprintf(was, sizeof was, "%.7s", champion());
  ma_say.was = was;
  ma_say.version = 5;
  assert_int_equal(act(&sl_res_models, &sl_act_model_rollback, "cancer", args), SL_OK);
  assert_string_equal(champion(), "5");
  assert_string_equal(TAG("approval.comment"), "worse");
}

/* Somebody else writes between the plan and the act. */
static void a_foreign_edit_while_the_plan_is_shown(void **state)
{
  const struct sl_val tag[] = { sl_vz("k"), sl_vz("v") };
  (void)state;
  assert_int_equal(ma_plan(t.w, t.l, &a, &sl_res_versions, &sl_act_version_tag, "cancer/5", tag), SL_OK);
  assert_string_equal(sl_plan_guard(a.plan, 0), "tags.k is not set");
  sql("insert into model_version_tags(workspace,name,version,key,value) values('default','cancer',5,'k','theirs')");
  assert_int_equal(ma_act(t.w, t.l, &a), SL_ECONFLICT);
  assert_string_equal(TAG("k"), "theirs");
}

/* MLflow's own rules, said before anything is written. */
static void names_that_mlflow_refuses(void **state)
{
  static const char *const keys[] = { "", "a//b", "/a", "a/", "..", "a/../b", "a$b", "a\nb", "\xff", "mlflow.runName" };
  static const char *const aliases[] = { "", "a b", "latest", "LATEST", "v1", "V22", "a/b" };
  (void)state;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const struct sl_val tag[] = { sl_vz(keys[i]), sl_vz("v") };
    assert_int_not_equal(act(&sl_res_runs, &sl_act_run_tag, "227c84325e8548deb6a28c1faa86b608", tag), SL_OK);
  }
  for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
    const struct sl_val alias[] = { sl_vz(aliases[i]), sl_vi(4) };
    assert_int_not_equal(act(&sl_res_models, &sl_act_model_alias, "cancer", alias), SL_OK);
  }
  char *text = malloc(8002);
  assert_non_null(text);
  memset(text, 'x', 8001);
  text[8001] = 0;
  const struct sl_val tag[] = { sl_vz("k"), sl_vz(text) };
  assert_int_equal(act(&sl_res_runs, &sl_act_run_tag, "227c84325e8548deb6a28c1faa86b608", tag), SL_ELIMIT);
  text[8000] = 0;
  const struct sl_val fits[] = { sl_vz("k"), sl_vz(text) };
  assert_int_equal(act(&sl_res_runs, &sl_act_run_tag, "227c84325e8548deb6a28c1faa86b608", fits), SL_OK);
  free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fresh, close_up)
int main(void)
{
  const struct CMUnitTest tests[] = {
    T(an_approval_moves_the_alias), T(while_others_must_agree_nothing_moves), T(an_alias_that_moved_meanwhile_stops_everything),
    T(to_a_stage), T(requests_and_rejections), T(aliases_stages_and_tags_by_hand), T(back_to_the_version_before),
    T(a_foreign_edit_while_the_plan_is_shown), T(names_that_mlflow_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
