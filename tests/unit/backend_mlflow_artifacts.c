/* Artifacts of a server: listed, read whole and by ranges, counted; a source that is not the server's is refused with the line that would
 * allow it. */
#include "httpd.h"
#include "mlflow_test.h"

#define JSON "Content-Type: application/json\r\n"
#define GOOD { .path = "/health", .body = "OK" }, { .path = "/version", .body = "3.17.2" }, \
  { .path = "/api/3.0", .status = 404, .body = "{}", .headers = JSON }
#define FILES(json) { .path = "/api/2.0/mlflow/artifacts/list", .headers = JSON, .body = "{\"files\":[" json "]}" }
#define VERSION_OF(source) { .path = "/api/2.0/mlflow/model-versions/get", .headers = JSON, \
  .body = "{\"model_version\":{\"name\":\"m\",\"version\":\"1\",\"source\":\"" source "\"}}" }

struct site { struct mt t; struct httpd *d; };

static void site_open(struct site *s, const struct httpd_step *steps, size_t n)
{
  char url[100], settings[300];
  s->d = httpd_start(steps, n);
  assert_non_null(s->d);
  snprintf(settings, sizeof settings, "    uri: \"%s\"\n    timeout: 1s\n", httpd_url(s->d, "/", url, sizeof url));
  mt_open(&s->t, settings);
}
#define SITE(s, ...) static const struct httpd_step steps_[] = { __VA_ARGS__ }; site_open(s, steps_, sizeof steps_ / sizeof steps_[0])

static void site_close(struct site *s)
{
  mt_close(&s->t);
  httpd_stop(s->d);
}

static bool asked(struct site *s, const char *what)
{
  char text[4096];
  for (unsigned i = 0; i < httpd_requests(s->d); i++)
    if (httpd_request(s->d, i, text, sizeof text) && strstr(text, what))
      return true;
  return false;
}

struct got { bool done; int code; int64_t size; struct sl_buf b; char error[256]; unsigned pauses; struct mt *t; sl_watch id; };

static int got_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct got *g = user;
  (void)off;
  sl_buf_add(&g->b, p, n);
  return SL_OK;
}

static void got_end(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct got *g = user;
  g->done = true;
  g->code = rc;
  g->size = size;
  snprintf(g->error, sizeof g->error, "%s", rc && err ? err->msg : "");
}

static struct got read_it(struct site *s, const char *uri, uint64_t off, uint64_t len)
{
  static const struct sl_bytes_fn fn = { .data = got_data, .done = got_end };
  struct got g = { .size = -1 };
  struct sl_err e = { 0 };
  sl_watch id;
  sl_buf_init(&g.b, 1 << 20);
  assert_int_equal(sl_ws_bytes(s->t.w, sl_str(uri), off, len, &fn, &g, &id, &e), SL_OK);
  for (int64_t end = sl_loop_now(s->t.l) + 20000; !g.done && sl_loop_now(s->t.l) < end;)
    sl_loop_turn(s->t.l, 20);
  assert_true(g.done);
  return g;
}

static void expect(struct site *s, const char *uri, uint64_t off, uint64_t len, int code, const char *words)
{
  struct got g = read_it(s, uri, off, len);
  const char *is = code ? g.error : sl_buf_zstr(&g.b);
  if (g.code != code || (code ? !strstr(is, words) : strcmp(is, words) != 0))
    fail_msg("%s: %s: %s", uri, sl_code_name(g.code), is);
  sl_buf_free(&g.b);
}

static void lists(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, GOOD, FILES("{\"path\":\"plots/\\u001b[31m.png\",\"is_dir\":false,\"file_size\":\"12\"},"
                       "{\"path\":\"plots/sub/\",\"is_dir\":true},"
                       "{\"path\":\"plots/..\",\"is_dir\":true},{\"path\":\"\"}"));
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_objects, .scope = "runs:/r1/plots" });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->state, SL_CUT);           /* two names that no file can have */
  assert_int_equal(a->rows, 2);
  assert_true(mt_has(a, "\"uri\":\"runs:/r1/plots/\\u001b[31m.png\"") && mt_has(a, "\"bytes\":12"));
  assert_true(mt_has(a, "\"name\":\"sub\",\"kind\":\"prefix\""));
  assert_true(asked(&s, "artifacts/list?run_id=r1&path=plots"));
  mt_free(a);
  site_close(&s);
}

/* Since 3.0 the files of a model that a run logged stand apart; they are shown where they were before. */
static void logged_models(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, GOOD, { .path = "/api/2.0/mlflow/artifacts/list", .headers = JSON, .body = "{}" },
       { .path = "/api/2.0/mlflow/runs/get", .headers = JSON,
         .body = "{\"run\":{\"info\":{\"run_id\":\"r1\"},\"outputs\":{\"model_outputs\":["
         "{\"model_id\":\"m-1\",\"step\":\"0\"},{\"model_id\":\"m/../2\"}]}}}" },
       { .path = "/api/2.0/mlflow/logged-models/m-1/artifacts/directories", .headers = JSON,
         .body = "{\"files\":[{\"path\":\"MLmodel\",\"file_size\":3}]}" },
       { .path = "/api/2.0/mlflow/logged-models/m-1", .headers = JSON, .body = "{\"model\":{\"info\":{\"name\":\"clf\"}}}" },
       { .path = "/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path=MLmodel", .body = "abc" });
  struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_objects, .scope = "runs:/r1" });
  assert_true(a->code == SL_OK && a->rows == 1 && mt_has(a, "runs:/r1/clf"));
  mt_free(a);
  expect(&s, "runs:/r1/clf/MLmodel", 0, UINT64_MAX, SL_OK, "abc");
  expect(&s, "runs:/r1/clf/none", 0, UINT64_MAX, SL_ENOENT, "there is no runs:/r1/clf/none");
  assert_false(asked(&s, "m/../2"));
  site_close(&s);
}

static void ranges(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, GOOD, FILES("{\"path\":\"a.bin\",\"file_size\":10}"),
       { .path = "/get-artifact?run_id=r1&path=a.bin", .times = 1, .status = 206, .headers = "Content-Range: bytes 3-5/10\r\n",
         .body = "345" },
       { .path = "/get-artifact?run_id=r2", .body = "0123456789" }, { .path = "/get-artifact", .body = "0123456789" });
  expect(&s, "runs:/r1/a.bin", 3, 3, SL_OK, "345");
  assert_true(asked(&s, "Range: bytes=3-5"));
  expect(&s, "runs:/r2/a.bin", 3, 3, SL_OK, "345");           /* a server that does not know ranges */
  expect(&s, "runs:/r2/a.bin", 7, UINT64_MAX, SL_OK, "789");
  expect(&s, "runs:/r2/a.bin", 10, 5, SL_OK, "");
  struct got g = read_it(&s, "runs:/r2/a.bin", 0, 0);          /* stat */
  assert_true(!g.code && g.size == 10 && !g.b.n);
  site_close(&s);
}

/* No length is said where it is proxied: what broke off is told by the size that was listed. */
static void broken_off(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, GOOD, FILES("{\"path\":\"a.bin\",\"file_size\":10}"), { .path = "/get-artifact?run_id=r1", .shape = HTTPD_UNTIL_CLOSE,
         .body = "01234" },
       { .path = "/get-artifact?run_id=r2", .body = "0123456789 and more" },
       { .path = "/get-artifact?run_id=r3", .status = 403, .body = "Permission denied" },
       { .path = "/get-artifact?run_id=r4", .status = 404, .headers = "Content-Type: text/html\r\n", .body = "<html>" },
       { .path = "/api/2.0/mlflow/runs/get", .headers = JSON,
         .body = "{\"run\":{\"info\":{\"run_id\":\"r4\",\"artifact_uri\":\"mlflow-artifacts:/1/r4/artifacts\"}}}" },
       { .path = "/api/2.0/mlflow-artifacts/artifacts/1/r4/artifacts/a.bin", .shape = HTTPD_CHUNKED, .slice = 3, .body = "0123456789" });
  expect(&s, "runs:/r1/a.bin", 0, UINT64_MAX, SL_EPARTIAL, "5 of 10 bytes");
  expect(&s, "runs:/r2/a.bin", 0, UINT64_MAX, SL_ECONFLICT, "changed meanwhile");
  expect(&s, "runs:/r3/a.bin", 0, UINT64_MAX, SL_EDENIED, "Permission denied");
  expect(&s, "runs:/r4/a.bin", 0, UINT64_MAX, SL_OK, "0123456789");
  site_close(&s);
}

/* As MLflow 3.17 says it: 400 for an alias, 404 for a version. */
static void no_such_version(void **state)
{
  struct site s;
  (void)state;
  SITE(&s, GOOD, { .path = "/api/2.0/mlflow/registered-models/alias?", .status = 400, .headers = JSON,
                   .body = "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Registered model alias nobody not found.\"}" },
       { .path = "/api/2.0/mlflow/model-versions/get?", .status = 404, .headers = JSON,
         .body = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Model Version (name=m, version=9) not found\"}" });
  expect(&s, "models:/m@nobody/x", 0, UINT64_MAX, SL_ENOENT, "model m has no alias nobody (sluice get versions lists them)");
  expect(&s, "runs:/r9/x", 0, UINT64_MAX, SL_ENOENT, "no run has the id r9 (sluice get runs lists them)");
  expect(&s, "models:/m/9/x", 0, UINT64_MAX, SL_ENOENT, "model m has no version 9 (");
  site_close(&s);
}

static void hostile(void **state)
{
  static const char *const climbing[] = { "runs:/r1/../../etc/passwd", "runs:/../x", "models:/m/1/../2", "mlflow-artifacts:/../x",
    "runs:/" };
  struct site s;
  (void)state;
  SITE(&s, GOOD, { .path = "/api/2.0/mlflow/model-versions/get?name=m&version=1", .headers = JSON,
                   .body = "{\"model_version\":{\"name\":\"m\",\"source\":\"file:///etc/passwd\"}}" },
       { .path = "/api/2.0/mlflow/model-versions/get?name=m&version=2", .headers = JSON,
         .body = "{\"model_version\":{\"name\":\"m\",\"source\":\"s3://other/bucket\",\"run_id\":\"r9\"}}" },
       { .path = "/api/2.0/mlflow/model-versions/get?name=m&version=3", .headers = JSON,
         .body = "{\"model_version\":{\"name\":\"m\",\"source\":\"mlflow-artifacts://evil.example/x\"}}" },
       { .path = "/api/2.0/mlflow/runs/get", .headers = JSON,
         .body = "{\"run\":{\"info\":{\"run_id\":\"r9\",\"artifact_uri\":\"s3://mine/r9\"}}}" });
  expect(&s, "models:/m/1/x", 0, UINT64_MAX, SL_EDENIED, "file:///etc/passwd");
  expect(&s, "models:/m/2/x", 0, UINT64_MAX, SL_EDENIED, "which is not read from here");
  expect(&s, "models:/m/3/x", 0, UINT64_MAX, SL_EDENIED, "mlflow-artifacts://evil.example/x");
  for (size_t i = 0; i < sizeof climbing / sizeof climbing[0]; i++) {
    struct mt_answer *a = mt_ask(&s.t, (struct mt_ask){ .res = &sl_res_objects, .scope = climbing[i] });
    assert_int_equal(a->code, SL_EUSAGE);
    mt_free(a);
  }
  assert_false(asked(&s, "passwd"));
  site_close(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(lists), cmocka_unit_test(logged_models), cmocka_unit_test(ranges),
                                      cmocka_unit_test(broken_off), cmocka_unit_test(hostile),
                                      cmocka_unit_test(no_such_version) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
