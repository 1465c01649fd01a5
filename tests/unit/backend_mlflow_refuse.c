/* Writing through a server that refuses, falls silent, forgets or is overtaken: each call goes out once, a lost answer is asked for by
 * reading, and one line says what it means. */
#include "httpd.h"
#include "mlflow_test.h"
#include "mlflow_act.h"

#define JSON "Content-Type: application/json\r\n"
#define MODEL(n, version) { .path = "/api/2.0/mlflow/registered-models/get?", .times = n, .headers = JSON, \
  .body = "{\"registered_model\":{\"name\":\"m\",\"aliases\":[{\"alias\":\"champion\",\"version\":\"" version "\"}]}}" }
#define ALIAS "/api/2.0/mlflow/registered-models/alias"
#define PROBE { .path = "/health", .body = "OK" }, { .path = "/api/3.0", .status = 404, .body = "{}", .headers = JSON }, \
  { .path = "/api/2.0/mlflow/model-versions/search", .headers = JSON, .body = "{}" }

struct told { const char *name; int code; const char *words, *version; struct httpd_step post, models[3]; };
/* The model is read for the plan, for the guards, and before the call: three times; then again after it, or to ask what became of it. */
static const struct told cases[] = {
  { "done", SL_OK, "", "3.17.2", { .headers = JSON, .body = "{}" }, { MODEL(3, "3"), MODEL(0, "5") } },
  { "overtaken before", SL_ECONFLICT, "champion of m is 9 now (was 3): somebody moved it", "3.17.2", { .headers = JSON, .body = "{}" },
    { MODEL(2, "3"), MODEL(0, "9") } },
  { "overtaken after", SL_EIO, "written, but champion is 9 now", "3.17.2", { .headers = JSON, .body = "{}" },
    { MODEL(3, "3"), MODEL(0, "9") } },
  { "not allowed", SL_EDENIED, "needs the permission EDIT on the model", "3.17.2", { .status = 403, .body = "Permission denied" },
    { MODEL(0, "3") } },
  { "wrong login", SL_EAUTH, "sluice login reg", "3.17.2", { .status = 401, .body = "You are not authenticated" }, { MODEL(0, "3") } },
  { "two at once", SL_ECONFLICT, "somebody set champion at the same moment", "3.17.2",
    { .status = 400, .headers = JSON, .body = "{\"error_code\":\"BAD_REQUEST\",\"message\":\"(sqlite3.IntegrityError) UNIQUE\"}" },
    { MODEL(0, "3") } },
  { "refused", SL_EIO, "no such version", "3.17.2",
    { .status = 400, .headers = JSON, .body = "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"no such version\"}" },
    { MODEL(0, "3") } },
  { "too many", SL_EIO, "429", "3.17.2", { .status = 429, .body = "slow down" }, { MODEL(0, "3") } },
  { "no aliases", SL_EUNSUP, "no aliases (they came with MLflow 2.3)", NULL, { .status = 404, .body = "<html>Not Found</html>" },
    { MODEL(0, "3") } },
  { "old", SL_EUNSUP, "MLflow 2.2.1, has no aliases", "2.2.1", { .headers = JSON, .body = "{}" }, { MODEL(0, "3") } },
  { "lost, and done", SL_OK, "", "3.17.2", { .drop_at = -1 }, { MODEL(3, "3"), MODEL(0, "5") } },
  { "lost, and not done", SL_EIO, "it was not done", "3.17.2", { .drop_at = -1 }, { MODEL(0, "3") } },
  { "silent, and done", SL_OK, "", "3.17.2", { .shape = HTTPD_SILENT }, { MODEL(3, "3"), MODEL(0, "5") } },
  { "a proxy in trouble", SL_EIO, "it was not done", "3.17.2", { .status = 503, .body = "<html>busy</html>" }, { MODEL(0, "3") } },
  { "a login page", SL_EIO, "it was not done", "3.17.2", { .headers = "Content-Type: text/html\r\n", .body = "<html>" },
    { MODEL(0, "3") } },
  { "lost, and cannot be asked", SL_EUNKNOWN, "outcome unknown", "3.17.2", { .drop_at = -1 },
    { MODEL(3, "3"), { .path = "/api/2.0/mlflow/registered-models/get?", .status = 500, .body = "oops" } } },
  { "done, but not to be read again", SL_EUNKNOWN, "outcome unknown", "3.17.2", { .headers = JSON, .body = "{}" },
    { MODEL(3, "3"), { .path = "/api/2.0/mlflow/registered-models/get?", .status = 500, .body = "oops" } } },
};

static unsigned posts(struct httpd *d)
{
  char text[4096];
  unsigned n = 0;
  for (unsigned i = 0; i < httpd_requests(d); i++)
    n += httpd_request(d, i, text, sizeof text) && strstr(text, "POST " ALIAS) == text;
  return n;
}

static void ask(const struct told *c)
{
  struct httpd_step steps[8] = { { .path = "/version", .body = c->version ? c->version : "", .status = c->version ? 200 : 403 }, PROBE };
  size_t n = 4;
  struct httpd_step post = c->post;
  struct mt t;
  struct test_judge judge = { .fill = ma_fill };
  struct ma a;
  char url[100], settings[200];
  post.path = ALIAS;
  steps[n++] = post;
  for (size_t i = 0; i < 3 && c->models[i].path; i++)
    steps[n++] = c->models[i];
  struct httpd *d = httpd_start(steps, n);
  assert_non_null(d);
  snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n", httpd_url(d, "/", url, sizeof url));
  mt_open(&t, settings);
  test_judge_on(t.w, &judge);
  const struct sl_val args[] = { sl_vz("champion"), sl_vi(5) };
  int rc = ma_plan(t.w, t.l, &a, &sl_res_models, &sl_act_model_alias, "m", args);
  if (rc)
    fail_msg("%s: no plan: %s", c->name, a.err.msg);
  assert_string_equal(sl_plan_call(a.plan, 0), "POST registered-models/alias: champion of m -> 5 (now 3)");
  assert_string_equal(sl_plan_undo(a.plan), "sluice act alias reg:models/m -p alias=champion -p version=3");
  assert_int_equal(posts(d), 0);
  rc = ma_act(t.w, t.l, &a);
  if (rc != c->code || (rc && !strstr(a.err.msg, c->words)))
    fail_msg("%s: %s: %s", c->name, sl_code_name(rc), a.err.msg);
  if (posts(d) > 1)
    fail_msg("%s: sent %u times", c->name, posts(d));
  struct sl_audit_report r;
  assert_int_equal(sl_audit_verify(sl_ws_audit_path(t.w), &r, NULL), SL_OK);
  assert_int_equal(r.unknown, rc == SL_EUNKNOWN);
  mt_close(&t);
  httpd_stop(d);
}

static void each_answer_in_words(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    ask(&cases[i]);
}

/* ---- may we? ---- */

#define USERS "/api/2.0/mlflow/users/"
#define MAY "/api/3.0/mlflow/users/permissions/get?username=ana%20b&resource_type=registered_model&resource_id=m"
#define NAMED(what) { .path = USERS "get?username=ana%20b", .headers = JSON, .body = what }
#define NEW_MAY(what) { .path = MAY, .headers = JSON, .body = what }
#define NEW_WHO(admin) { .path = USERS "current", .headers = JSON, .body = "{\"user\":{\"username\":\"ana b\",\"is_admin\":" admin "}}" }
#define OLD_WHO { .path = USERS "current", .status = 404, .body = "<html>" }, { .path = MAY, .status = 404, .body = "<html>" }
#define GIVEN(model, level) "{\"user\":{\"username\":\"ana b\",\"registered_model_permissions\":[{\"name\":\"" model "\"," \
  "\"permission\":\"" level "\"}]}}"
struct may { const char *name; const struct sl_action *act; const char *words; struct httpd_step step[3]; };
static const struct may mays[] = {
  { "may read", &sl_act_model_alias, "mlflow:ana b may not do this: champion of m -> 5 (now 3) needs the permission EDIT on the model; "
    "yours is READ", { NEW_WHO("false"), NEW_MAY("{\"permission\":\"READ\"}") } },
  { "may edit", &sl_act_model_alias, NULL, { NEW_WHO("false"), NEW_MAY("{\"permission\":\"EDIT\"}") } },
  { "may not manage", &sl_act_model_unalias, "needs the permission MANAGE on the model; yours is EDIT",
    { NEW_WHO("false"), NEW_MAY("{\"permission\":\"EDIT\"}") } },
  { "is an admin", &sl_act_model_alias, NULL, { NEW_WHO("true"), NEW_MAY("{\"permission\":\"READ\"}") } },
  { "a word of tomorrow", &sl_act_model_alias, NULL, { NEW_WHO("false"), NEW_MAY("{\"permission\":\"SUGGEST\"}") } },
  { "no answer", &sl_act_model_alias, NULL, { NEW_WHO("false"), { .path = MAY, .status = 500, .body = "oops" } } },
  { "no JSON", &sl_act_model_alias, NULL, { NEW_WHO("false"), NEW_MAY("{") } },
  { "given by name", &sl_act_model_alias, "mlflow:ana b may not do this", { OLD_WHO, NAMED(GIVEN("m", "NO_PERMISSIONS")) } },
  { "given for another", &sl_act_model_alias, NULL, { OLD_WHO, NAMED(GIVEN("n", "READ")) } },
  { "nobody knows the user", &sl_act_model_alias, NULL, { OLD_WHO, { .path = USERS "get", .status = 403, .body = "Permission denied" } } },
};

static void may(const struct may *c)
{
  struct httpd_step steps[8] = { { .path = "/version", .body = "3.17.2" }, MODEL(0, "3") };
  const struct httpd_step probe[] = { PROBE };
  size_t n = 2;
  for (size_t i = 0; i < 3; i++) /* before the probe's, whose paths are shorter */
    if (c->step[i].path)
      steps[n++] = c->step[i];
  for (size_t i = 0; i < sizeof probe / sizeof probe[0]; i++)
    steps[n++] = probe[i];
  struct httpd *d = httpd_start(steps, n);
  struct mt t;
  struct test_judge judge = { .fill = ma_fill };
  struct ma a;
  char url[100], settings[200];
  assert_non_null(d);
  snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n    username: ana b\n    password: p\n",
           httpd_url(d, "/", url, sizeof url));
  mt_open(&t, settings);
  test_judge_on(t.w, &judge);
  const struct sl_val args[] = { sl_vz("champion"), sl_vi(5) };
  int rc = ma_plan(t.w, t.l, &a, &sl_res_models, c->act, "m", args);
  if (rc != (c->words ? SL_EDENIED : SL_OK) || (c->words && !strstr(a.err.msg, c->words)))
    fail_msg("%s: %s: %s", c->name, sl_code_name(rc), a.err.msg);
  assert_int_equal(posts(d), 0);
  sl_plan_free(a.plan);
  mt_close(&t);
  httpd_stop(d);
}

static void told_before_the_attempt(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof mays / sizeof mays[0]; i++)
    may(&mays[i]);
}

/* A run's permission is its experiment's, by the new way and the older one. */
static void told_before_the_attempt_on_a_run(void **state)
{
#define EXP_MAY "/api/3.0/mlflow/users/permissions/get?username=ana%20b&resource_type=experiment&resource_id=7"
#define ITS_RUN(what) { .path = "/api/2.0/mlflow/runs/get?", .headers = JSON, .body = what }
#define RUN7 ITS_RUN("{\"run\":{\"info\":{\"run_id\":\"r1\",\"experiment_id\":\"7\",\"lifecycle_stage\":\"active\"}}}")
#define EXP7 { .path = "/api/2.0/mlflow/experiments/get?", .headers = JSON, .body = "{\"experiment\":{\"name\":\"e\"}}" }
  static const char *const no = "mlflow:ana b may not do this: tag k of run r1: 'v' (now not set) needs the permission EDIT on the "
    "experiment; yours is READ";
#define OLD_EXP { .path = USERS "current", .status = 404, .body = "<html>" }, \
      { .path = "/api/3.0/mlflow/users", .status = 404, .body = "<html>" }
  static const struct { const char *words; struct httpd_step who, may, named; } of[] = {
    { no, NEW_WHO("false"), { .path = EXP_MAY, .headers = JSON, .body = "{\"permission\":\"READ\"}" }, { .path = "/none" } },
    { NULL, NEW_WHO("false"), { .path = EXP_MAY, .headers = JSON, .body = "{\"permission\":\"EDIT\"}" }, { .path = "/none" } },
    { NULL, NEW_WHO("true"), { .path = EXP_MAY, .headers = JSON, .body = "{\"permission\":\"READ\"}" }, { .path = "/none" } },
    { no, OLD_EXP,
      NAMED("{\"user\":{\"username\":\"ana b\",\"experiment_permissions\":[{\"experiment_id\":\"6\",\"permission\":\"EDIT\"},"
            "{\"experiment_id\":\"7\",\"permission\":\"READ\"}]}}") },
    { NULL, OLD_EXP,
      NAMED("{\"user\":{\"username\":\"ana b\",\"experiment_permissions\":[]}}") },
  };
  const struct sl_val tag[] = { sl_vz("k"), sl_vz("v") };
  (void)state;
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
    struct httpd_step steps[] = { { .path = "/version", .body = "3.17.2" }, of[i].who, of[i].may, of[i].named, RUN7, EXP7, PROBE };
    struct httpd *d = httpd_start(steps, sizeof steps / sizeof steps[0]);
    struct mt t;
    struct ma a;
    char url[100], settings[200];
    assert_non_null(d);
    snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n    username: ana b\n    password: p\n",
             httpd_url(d, "/", url, sizeof url));
    mt_open(&t, settings);
    int rc = ma_plan(t.w, t.l, &a, &sl_res_runs, &sl_act_run_tag, "r1", tag);
    if (rc != (of[i].words ? SL_EDENIED : SL_OK) || (of[i].words && strcmp(a.err.msg, of[i].words) != 0))
      fail_msg("%zu: %s: %s", i, sl_code_name(rc), a.err.msg);
    sl_plan_free(a.plan);
    mt_close(&t);
    httpd_stop(d);
  }
}

/* Whether a tag stands on a run that was deleted behind it: it was written, and that is how it is recorded. */
static void a_run_deleted_meanwhile(void **state)
{
#define RUN(n, stage, tags) \
  { .path = "/api/2.0/mlflow/runs/get?", .times = n, .headers = JSON, .body = "{\"run\":{\"info\":{\"run_id\":\"r1\"," \
  "\"lifecycle_stage\":\"" stage "\"},\"data\":{\"tags\":[" tags "]}}}" }
#define ITS { .path = "/api/2.0/mlflow/experiments/get?", .headers = JSON, .body = "{\"experiment\":{\"name\":\"e\"}}" }
  static const struct httpd_step posts[] = { { .path = "/api/2.0/mlflow/runs/set-tag", .headers = JSON, .body = "{}" },
                                             { .path = "/api/2.0/mlflow/runs/set-tag", .drop_at = -1 } };
  const struct sl_val tag[] = { sl_vz("k"), sl_vz("v") };
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    struct httpd_step steps[] = { { .path = "/version", .body = "3.17.2" }, PROBE, posts[i], ITS, RUN(3, "active", ""),
                                  RUN(0, "deleted", "{\"key\":\"k\",\"value\":\"v\"}") };
    struct httpd *d = httpd_start(steps, sizeof steps / sizeof steps[0]);
    struct mt t;
    struct ma a;
    char url[100], settings[200];
    assert_non_null(d);
    snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n", httpd_url(d, "/", url, sizeof url));
    mt_open(&t, settings);
    if (ma_plan(t.w, t.l, &a, &sl_res_runs, &sl_act_run_tag, "r1", tag) || ma_act(t.w, t.l, &a))
      fail_msg("%zu: %s", i, a.err.msg);
    mt_close(&t);
    httpd_stop(d);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(each_answer_in_words), cmocka_unit_test(told_before_the_attempt),
                                      cmocka_unit_test(told_before_the_attempt_on_a_run),
                                      cmocka_unit_test(a_run_deleted_meanwhile) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
