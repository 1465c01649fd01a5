/* An MLflow server that is none, is dead, slow, old, behind a proxy, refuses, repeats itself, stops in the middle or never ends: each gets
 * one line that says what to do. And the traps of the real ones: numbers as strings, NaN, empty answers. */
#include <time.h>

#include "httpd.h"
#include "mlflow_test.h"

#define JSON "Content-Type: application/json\r\n"
#define HEALTH { .path = "/health", .body = "OK" }
#define VERSION(v) { .path = "/version", .body = v }
#define INFO { .path = "/api/3.0", .status = 404, .body = "{}", .headers = JSON }
#define GOOD HEALTH, VERSION("3.17.2"), INFO
#define EXPERIMENTS { .path = "/api/2.0/mlflow/experiments/search", .headers = JSON, \
  .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"one\",\"lifecycle_stage\":\"active\"}]}" }

struct site { struct mt t; struct httpd *d; };

static void site_open(struct site *s, const struct httpd_step *steps, size_t n, const char *more)
{
  char url[100], settings[300];
  s->d = httpd_start(steps, n);
  assert_non_null(s->d);
  snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n%s", httpd_url(s->d, "/", url, sizeof url), more);
  mt_open(&s->t, settings);
}
#define SITE(s, more, ...) static const struct httpd_step steps_[] = { __VA_ARGS__ }; \
  site_open(s, steps_, sizeof steps_ / sizeof steps_[0], more)

static void site_close(struct site *s)
{
  mt_close(&s->t);
  httpd_stop(s->d);
}

static void refused(struct site *s, const struct sl_resource *res, int code, const char *words)
{
  struct mt_answer *a = mt_ask(&s->t, (struct mt_ask){ .res = res, .idle_ms = 5000 });
  if (a->code != code || !strstr(a->error, words))
    fail_msg("code %s: %s", sl_code_name(a->code), a->error);
  assert_null(strchr(a->error, '\n'));
  mt_free(a);
  site_close(s);
}

static bool asked(struct site *s, const char *path)
{
  char text[4096];
  for (unsigned i = 0; i < httpd_requests(s->d); i++)
    if (httpd_request(s->d, i, text, sizeof text) && strstr(text, path))
      return true;
  return false;
}

static void dead(void **state)
{
  struct mt t;
  char settings[100];
  (void)state;
  snprintf(settings, sizeof settings, "    uri: \"http://127.0.0.1:%d\"\n    timeout: 1s\n", httpd_dead_port());
  mt_open(&t, settings);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .idle_ms = 20000 });
  assert_int_equal(a->code, SL_ENET);
  mt_free(a);
  mt_close(&t);
}

static void slow(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", { .path = "/health", .shape = HTTPD_SILENT });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_runs });
  assert_int_equal(a->code, SL_ETIMEOUT);
  mt_free(a);
  site_close(&s);
}

static void old(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", HEALTH, VERSION("1.30.0"));
  refused(&s, &sl_res_runs, SL_EUNSUP, "1.30.0; Sluice needs 2.0");
}

static void older_still(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", HEALTH, { .path = "/version", .status = 404, .body = "no" },
       { .path = "/api/2.0/preview/mlflow/experiments/list", .headers = JSON, .body = "{\"experiments\": []}" });
  refused(&s, &sl_res_runs, SL_EUNSUP, "1.x");
}

static void html_from_a_proxy(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", { .headers = "Content-Type: text/html\r\n", .body = "<html>please log in \x1b[31m</html>" });
  refused(&s, &sl_res_runs, SL_EPROTO, "proxy");
}

static void html_later(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = "Content-Type: text/html\r\n", .body = "<html>no</html>" });
  refused(&s, &sl_res_experiments, SL_EPROTO, "where JSON was due");
}

static void host_check(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .status = 403, .body = "Invalid Host header - possible DNS rebinding attack detected" });
  refused(&s, &sl_res_experiments, SL_ENET, "--allowed-hosts");
}

static void no_login(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", HEALTH, { .status = 401, .body = "You are not authenticated." });
  refused(&s, &sl_res_experiments, SL_EAUTH, "sluice login reg, or set token");
}

static void wrong_login(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "    username: ana\n    password: \"wrong one\"\n", HEALTH, { .status = 401, .body = "no" });
  refused(&s, &sl_res_experiments, SL_EAUTH, "refused the password of ana");
}

/* What is configured is sent, and before it what stands in MLflow's own variables and file. */
static void logins(void **state)
{
  static const struct { const char *settings, *user, *password, *token, *file, *want; } of[] = {
    { "    token: abcdef\n", NULL, NULL, NULL, NULL, "Authorization: Bearer abcdef" },
    { "    username: ana\n    password: pass1234\n", "x", "y", "z", NULL, "Authorization: Basic YW5hOnBhc3MxMjM0" },
    { "", "ana", "pass1234", "z", NULL, "Authorization: Basic YW5hOnBhc3MxMjM0" },
    { "", NULL, NULL, "abcdef", NULL, "Authorization: Bearer abcdef" },
    { "", NULL, NULL, NULL, "[mlflow]\nmlflow_tracking_username = ana\nmlflow_tracking_password = pass1234\n",
      "Authorization: Basic YW5hOnBhc3MxMjM0" },
    { "", NULL, NULL, NULL, "machine 127.0.0.1\n login ana\n password pass1234\n", "Authorization: Basic YW5hOnBhc3MxMjM0" },
    { "", NULL, NULL, "abcdef", "machine 127.0.0.1 login ana password pass1234", "Authorization: Bearer abcdef" },

  };
  (void)state;
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
    struct site s;
    char path[160], dir[128];
    SITE(&s, of[i].settings, GOOD, EXPERIMENTS);
    snprintf(dir, sizeof dir, "%s/.mlflow", s.t.dir);
    snprintf(path, sizeof path, of[i].file && !strncmp(of[i].file, "machine", 7) ? "%s/.netrc" : "%s/.mlflow/credentials", s.t.dir);
    if (of[i].file)
      assert_true(!sl_mkdirs(dir, 0700, NULL) && !sl_file_write(path, sl_str(of[i].file), 0600, NULL));
    const char *const names[] = { "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN" };
    const char *const values[] = { of[i].user, of[i].password, of[i].token };
    for (int k = 0; k < 3; k++)
      if (values[k])
        setenv(names[k], values[k], 1);
    struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments });
    for (int k = 0; k < 3; k++)
      unsetenv(names[k]);
    assert_int_equal(a->code, SL_OK);
    if (!asked(&s, of[i].want))
      fail_msg("%zu: %s", i, of[i].want);
    mt_free(a);
    site_close(&s);
  }
}

/* Where /version is not for everybody. */
static void shy(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", HEALTH, { .path = "/version", .status = 403, .body = "no" }, { .path = "/api/3.0", .status = 401, .body = "no" },
       EXPERIMENTS);
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 1);
  mt_free(a);
  site_close(&s);
}

static void repeated_token(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = JSON,
                       .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}],\"next_page_token\":\"same\"}" });
  refused(&s, &sl_res_experiments, SL_EPROTO, "repeats a page token");
}

static void empty_page_ends(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .path = "/api/2.0/mlflow/experiments/search", .times = 1, .headers = JSON,
                       .body = "{\"next_page_token\":\"t1\",\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}]}" },
       { .headers = JSON, .body = "{\"experiments\":[],\"next_page_token\":\"t2\"}" });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 1);
  assert_true(asked(&s, "\"page_token\":\"t1\""));
  assert_false(asked(&s, "\"page_token\":\"t2\""));
  mt_free(a);
  site_close(&s);
}

static void half_an_answer(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = JSON, .length = 5000, .drop_at = 120,
                       .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}, {\"exp" });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments, .idle_ms = 20000 });
  if (a->code != SL_ENET)
    fail_msg("%s", a->error);
  mt_free(a);
  site_close(&s);
}

static void cut_json(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = JSON, .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}" });
  refused(&s, &sl_res_experiments, SL_EPROTO, "server's answer");
}

static void endless(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = JSON, .shape = HTTPD_ENDLESS_BODY });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments, .idle_ms = 20000 });
  assert_int_equal(a->state, SL_FAILED);
  assert_true(a->code == SL_EPROTO || a->code == SL_ELIMIT);
  mt_free(a);
  site_close(&s);
}

static void nothing(void **state)
{
  static const struct sl_resource *const all[] = { &sl_res_experiments, &sl_res_runs, &sl_res_series, &sl_res_models, &sl_res_versions };
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .headers = JSON, .body = "{}" });
  for (size_t i = 0; i < 5; i++) {
    struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = all[i] });
    assert_int_equal(a->code, SL_OK);
    assert_int_equal(a->rows, 0);
    mt_free(a);
  }
  site_close(&s);
}

static void server_failed(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .status = 501, .headers = JSON, .body = "{\"error_code\":\"INTERNAL_ERROR\",\"message\":\"database is gone\"}" });
  refused(&s, &sl_res_experiments, SL_ENET, "database is gone");
}

static const char traps[] = "{\"runs\":[{\"data\":{\"metrics\":[{\"key\":\"nan\",\"value\":\"NaN\"},{\"key\":\"bare\",\"value\":NaN},"
  "{\"key\":\"inf\",\"value\":1.7976931348623157e308},{\"key\":\"minf\",\"value\":\"-Infinity\"},{\"key\":\"text\",\"value\":\"0.25\"}],"
  "\"params\":[{\"key\":\"p\",\"value\":\"\\u001b[31m\\u202e\"},{\"key\":\"none\"}],\"unknown\":[[[]]]},"
  "\"info\":{\"run_uuid\":\"abc\",\"experiment_id\":\"1\",\"status\":\"SLEEPING\","
  "\"start_time\":\"1793548800000\",\"end_time\":1793548801500}}]}";

static void traps_of_real_servers(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, EXPERIMENTS, { .path = "/api/2.0/mlflow/runs/search", .headers = JSON, .body = traps,
                                        .shape = HTTPD_CHUNKED, .slice = 7 });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_runs, .where = "metrics.inf > 5 and state = unknown",
                                                      .order = "-metrics.text", .limit = 7 });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 1);
  assert_string_equal(sl_buf_zstr(&a->ids), "abc\n");
  static const char *const parts[] = { "\"experiment\":\"one\"", "\"state\":\"unknown\"", "\"native\":\"SLEEPING\"", "\"duration_s\":1.5",
    "\"metrics.nan\":\"NaN\"", "\"metrics.bare\":\"NaN\"", "\"metrics.inf\":\"Infinity\"", "\"metrics.minf\":\"-Infinity\"",
    "\"metrics.text\":0.25", "\"params.p\":\"\\u001b[31m\\u202e\"" };
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (!mt_has(a, parts[i]))
      fail_msg("%s lacks %s", a->json.p, parts[i]);
  assert_true(asked(&s, "\"filter\":\"metrics.`inf` > 5\""));
  assert_true(asked(&s, "\"order_by\":[\"metrics.`text` DESC\",\"attributes.run_id ASC\"]"));
  assert_true(asked(&s, "\"max_results\":1000"));   /* the state was not sent: all pages are needed */
  assert_false(a->did & SL_DID_WHERE);
  mt_free(a);
  site_close(&s);
}

/* Values that no MLflow takes: shown cut, and said; they cost memory once, and never the other rows. */
static void huge_values(void **state)
{
  enum { HUGE = 10 << 20, TAGS = 3 };
  static const char head[] = "{\"runs\":[{\"info\":{\"run_id\":\"a\"},\"data\":{\"tags\":[",
    tail[] = "{\"key\":\"small\",\"value\":\"s\"}]}},"
    "{\"info\":{\"run_id\":\"b\"},\"data\":{\"params\":[{\"key\":\"p\",\"value\":\"1\"}]}}]}";
  struct sl_buf body;
  struct site s;
  (void)state;
  sl_buf_init(&body, (size_t)64 << 20);
  sl_buf_z(&body, head);
  for (int i = 0; i < TAGS; i++) {
    sl_buf_printf(&body, "{\"key\":\"t%d\",\"value\":\"", i);
    char *at = sl_buf_room(&body, HUGE);
    assert_non_null(at);
    memset(at, 'x', HUGE);
    body.n += HUGE;
    sl_buf_z(&body, "\"},");
  }
  sl_buf_z(&body, tail);
  struct httpd_step steps[] = { GOOD, EXPERIMENTS, { .path = "/api/2.0/mlflow/runs/", .headers = JSON, .body = body.p, .nbody = body.n } };
  site_open(&s, steps, sizeof steps / sizeof steps[0], "");
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_runs, .idle_ms = 20000 });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->state, SL_CUT);
  assert_string_equal(a->note, "3 values are too long to be shown whole");
  assert_int_equal(a->rows, 2);
  assert_true(mt_has(a, "xxx... (cut: 10485760 bytes)\"") && mt_has(a, "\"tags.small\":\"s\"") && mt_has(a, "\"params.p\":\"1\""));
  assert_true(a->json.n < (3 << 20) + 4096);
  mt_free(a);
  site_close(&s);
  sl_buf_free(&body);
}

/* Whoever answers so, in text, HTML or JSON: one line, the right code, nothing that a terminal obeys. */
static void refusals(void **state)
{
  static const struct { int status, code; const char *type, *body, *words; } of[] = {
    { 401, SL_EAUTH, "text/plain", "You are not authenticated. Please see https://www.mlflow.org", "sluice login reg" },
    { 401, SL_EAUTH, "text/html", "<html><h1>401 Authorization Required</h1></html>", "sluice login reg" },
    { 403, SL_EDENIED, "text/plain", "Permission denied", "Permission denied; ask for the right" },
    { 403, SL_EDENIED, "text/html", "<!doctype html><title>Forbidden</title>", "an HTML page" },
    { 403, SL_ENET, "text/plain", "Invalid Host header - possible DNS rebinding attack detected", "--allowed-hosts" },
    { 403, SL_EDENIED, "application/json", "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"no\\u001b[31m\\n\\u202ehere\"}", "no" },
    { 429, SL_ENET, "text/plain", "slow\ndown", "slow down; wait, then try again" },
    { 429, SL_ENET, "text/html", "<html>", "429" },
    { 503, SL_ENET, "text/plain", "Endpoint: /x disabled due to running with `--no-serve-artifacts`", "no-serve-artifacts" },
    { 503, SL_ENET, "text/html", "<html><body>Service Unavailable</body></html>", "an HTML page" },
    { 502, SL_ENET, "text/html", "<html><center><h1>502 Bad Gateway</h1></center>", "502 the server failed" },
    { 404, SL_ENOENT, "text/html", "<!doctype html><title>404 Not Found</title>", "404 not found" },
    { 400, SL_EAUTH, "text/html", "<html><head><title>400 No required SSL certificate was sent</title>", "set cert_file and key_file" },
    { 418, SL_EPROTO, "text/plain", "\x1b[2J\xff\xfe teapot", "unexpected answer" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
    struct site s;
    char headers[120];
    snprintf(headers, sizeof headers, "Content-Type: %s\r\nRetry-After: 86400\r\n", of[i].type);
    const struct httpd_step steps[] = { GOOD, { .status = of[i].status, .headers = headers, .body = of[i].body } };
    site_open(&s, steps, sizeof steps / sizeof steps[0], "");
    refused(&s, &sl_res_experiments, of[i].code, of[i].words);
  }
}

/* A secret that was good and is refused: fetched anew from where it comes from, and the same page asked for again; no row is lost. */
static void a_token_that_expires(void **state)
{
  struct site s;
  char path[160];
  unsigned looks = 0;
  char text[4096];
  (void)state;
  SITE(&s, "    token: {file: tok}\n", GOOD, { .path = "/api/2.0/mlflow/experiments/search", .times = 1, .headers = JSON,
         .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}],\"next_page_token\":\"t1\"}" },
       { .path = "/api/2.0/mlflow/experiments/search", .times = 1, .status = 401, .body = "token expired" },
       { .path = "/api/2.0/mlflow/experiments/search", .times = 1, .headers = JSON,
         .body = "{\"experiments\":[{\"experiment_id\":\"2\",\"name\":\"b\"}]}" },
       { .path = "/api/2.0/mlflow/experiments/search", .status = 401, .body = "token expired" });
  snprintf(path, sizeof path, "%s/tok", s.t.dir);
  assert_int_equal(sl_file_write(path, SL_STR("secret-token-1\n"), 0600, NULL), SL_OK);
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments, .idle_ms = 20000 });
  if (a->code)
    fail_msg("%s", a->error);
  assert_string_equal(sl_buf_zstr(&a->ids), "1\n2\n");
  mt_free(a);
  /* refused again and again: one more look, then the words; whoever asks next has it fetched anew */
  a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments, .idle_ms = 20000 });
  assert_int_equal(a->code, SL_EAUTH);
  if (!strstr(a->error, "the server refused the token; it is from the file ") || !strstr(a->error, "tok: mend it there"))
    fail_msg("%s", a->error);
  mt_free(a);
  assert_int_equal(sl_file_write(path, SL_STR("secret-token-2\n"), 0600, NULL), SL_OK);
  mt_free(mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments, .idle_ms = 20000 }));
  assert_true(asked(&s, "Bearer secret-token-2"));
  for (unsigned i = 0; i < httpd_requests(s.d); i++)
    looks += httpd_request(s.d, i, text, sizeof text) && strstr(text, "GET /health") == text;
  assert_int_equal(looks, 4);
  site_close(&s);
}

/* MLflow's workspaces, where the server has them, has not this one, or has none. */
static void workspaces(void **state)
{
#define HAS(yes) { .path = "/api/3.0/mlflow/server-info", .headers = JSON, .body = "{\"workspaces_enabled\":" yes "}" }
#define UP { .path = "/health", .body = "OK" }, { .path = "/version", .body = "3.17.2" }
  static const char missing[] = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Workspace 'lab' not found\"}",
    none[] = "{\"error_code\":\"FEATURE_DISABLED\",\"message\":\"Workspace APIs are not available\"}",
    wants[] = "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Active workspace is required\"}";
  struct site s;
  (void)state;
  SITE(&s, "    workspace: lab\n", UP, HAS("true"), { .status = 404, .headers = JSON, .body = missing });
  refused(&s, &sl_res_experiments, SL_ECONFIG, "no workspace lab, or does not show it to you; mend the setting `workspace`");
  const struct httpd_step without[][5] = {
    { UP, HAS("false"), EXPERIMENTS },
    { UP, { .path = "/api/3.0", .status = 403, .body = "no" }, { .status = 400, .headers = JSON, .body = none } },
    { { .path = "/health", .body = "OK" }, { .path = "/version", .body = "2.9.1" }, { .path = "/api/3.0", .status = 404, .body = "?" },
      EXPERIMENTS } };
  for (size_t i = 0; i < 3; i++) {
    setenv("MLFLOW_WORKSPACE", "lab", 1);
    site_open(&s, without[i], 4, "");
    refused(&s, &sl_res_experiments, SL_ECONFIG, "has no workspaces, and MLFLOW_WORKSPACE names one");
    unsetenv("MLFLOW_WORKSPACE");
    site_open(&s, without[i], 4, "    workspace: default\n"); /* everybody's: as good as none */
    struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_experiments });
    assert_int_equal(a->code, i == 1 ? SL_ECONFIG : SL_OK); /* it answers so to everything */
    assert_false(asked(&s, "X-MLFLOW-WORKSPACE"));
    mt_free(a);
    site_close(&s);
  }
  const struct httpd_step needs[] = { UP, HAS("true"), { .status = 400, .headers = JSON, .body = wants } };
  site_open(&s, needs, sizeof needs / sizeof needs[0], "");
  refused(&s, &sl_res_experiments, SL_ECONFIG, "set `workspace` of connection reg");
}

/* Nobody waits for a server that says nothing, wherever it stopped. The ms it took to leave. */
static int64_t leave(const char *silent)
{
  struct site s;
  struct sl_query *q = NULL;
  struct sl_err e = { 0 };
  struct timespec t;
  sl_watch id;
  const struct httpd_step steps[] = { { .path = silent, .shape = HTTPD_SILENT }, GOOD,
    { .headers = JSON, .length = 5000, .slice = 10, .slice_ms = 200,
      .body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"a\"}" } };
  struct mt_answer *a = calloc(1, sizeof *a);
  site_open(&s, steps, sizeof steps / sizeof steps[0], "");
  sl_buf_init(&a->json, 1 << 20);
  sl_buf_init(&a->doc, 0);
  sl_buf_init(&a->ids, 0);
  const struct sl_query like = { .res = &sl_res_experiments, .kind = SL_Q_LIST, .conn = SL_STR("reg"), .no_cap = true };
  assert_int_equal(sl_query_new(&q, &like, &e), SL_OK);
  assert_int_equal(sl_ws_query(s.t.w, q, true, mt_changed, a, &id, &e), SL_OK);
  sl_query_unref(q);
  for (int64_t end = sl_loop_now(s.t.l) + 200; sl_loop_now(s.t.l) < end;)
    sl_loop_turn(s.t.l, 20);
  assert_false(a->done);
  clock_gettime(CLOCK_MONOTONIC, &t);
  int64_t began = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
  sl_ws_unwatch(s.t.w, id);
  mt_close(&s.t); /* waits for what is under way */
  clock_gettime(CLOCK_MONOTONIC, &t);
  httpd_stop(s.d);
  mt_free(a);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 - began;
}

static void left_while_it_is_silent(void **state)
{
  static const char *const silent[] = { "/health", "/version", "/api/2.0/mlflow/experiments/search", "/nowhere" };
  (void)state;
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    int64_t took = leave(silent[i]);
    for (int again = 0; again < 3 && took >= 100; again++) /* the machine has others to serve, too */
      took = leave(silent[i]);
    if (took >= 100)
      fail_msg("%s: it took %lld ms to leave", silent[i], (long long)took);
  }
}

/* get-history: max_results always; the token that servers from 3.4 on repeat with an empty page ends it. */
static void histories(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, "", GOOD, { .path = "/api/2.0/mlflow/runs/get", .headers = JSON,
         .body = "{\"run\":{\"info\":{\"run_id\":\"r1\"},\"data\":{\"metrics\":[{\"key\":\"a b/c\",\"value\":1}]}}}" },
       { .path = "/api/2.0/mlflow/metrics/get-history", .times = 1, .headers = JSON,
         .body = "{\"metrics\":[{\"key\":\"a b/c\",\"value\":1,\"timestamp\":\"5\",\"step\":2},{\"key\":\"a b/c\",\"value\":2,"
                 "\"timestamp\":6}],\"next_page_token\":\"t\"}" },
       { .headers = JSON, .body = "{\"metrics\":[],\"next_page_token\":\"t\"}" });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_series, .scope = "r1" });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 2);
  assert_true(asked(&s, "run_id=r1&metric_key=a%20b%2Fc&max_results=25000"));
  assert_true(mt_has(a, "\"step\":0"));
  mt_free(a);
  site_close(&s);
}

static void config(void **state)
{
  static const struct { const char *uri; const char *words; } bad[] = {
    { "postgresql+psycopg2://h/db", "not read yet" }, { "http://u:secret@h/", "username and password" }, { "ftp://h/x", "must be" },
    { "http://h/?q=1", "uri must be" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct mt t;
    char settings[200];
    snprintf(settings, sizeof settings, "    uri: \"%s\"\n", bad[i].uri);
    mt_open(&t, settings);
    struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs });
    if (!a->code || !strstr(a->error, bad[i].words) || strstr(a->error, "secret"))
      fail_msg("%s: %s", bad[i].uri, a->error);
    mt_free(a);
    mt_close(&t);
  }
}

static int no_proxy(void **state)
{
  static const char *const vars[] = { "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_WORKSPACE" };
  (void)state;
  for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++)
    unsetenv(vars[i]);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dead), cmocka_unit_test(slow), cmocka_unit_test(old), cmocka_unit_test(older_still),
    cmocka_unit_test(html_from_a_proxy), cmocka_unit_test(html_later), cmocka_unit_test(host_check), cmocka_unit_test(no_login),
    cmocka_unit_test(wrong_login), cmocka_unit_test(logins), cmocka_unit_test(shy), cmocka_unit_test(repeated_token),
    cmocka_unit_test(empty_page_ends), cmocka_unit_test(half_an_answer), cmocka_unit_test(cut_json), cmocka_unit_test(endless),
    cmocka_unit_test(nothing), cmocka_unit_test(server_failed), cmocka_unit_test(traps_of_real_servers), cmocka_unit_test(histories),
    cmocka_unit_test(config), cmocka_unit_test(huge_values), cmocka_unit_test(refusals), cmocka_unit_test(a_token_that_expires),
    cmocka_unit_test(workspaces), cmocka_unit_test(left_while_it_is_silent),
  };
  return cmocka_run_group_tests(tests, no_proxy, NULL);
}
