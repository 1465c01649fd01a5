/* Digests of versions: files of this machine as they lie there, what was recorded where they do not, and what neither is. */
#include <sqlite3.h>
#include <sys/stat.h>

#include "mlflow_test.h"
#include "model/recorded.h"

/* A copy of the demo's store whose models lie beside it. */
static char dir[64];

static void store(struct mt *t, const char *where)
{
  char db[200], sql[600], settings[300];
  snprintf(dir, sizeof dir, "/tmp/sluice-digest-XXXXXX");
  struct sl_buf b;
  sqlite3 *s = NULL;
  assert_non_null(mkdtemp(dir));
  snprintf(db, sizeof db, "%s/mlflow.db", dir);
  sl_buf_init(&b, 16 << 20);
  assert_int_equal(sl_file_read(&b, SLUICE_SOURCE_DIR "/demo/mlflow.db", 16 << 20, NULL), SL_OK);
  assert_int_equal(sl_file_write(db, sl_buf_view(&b), 0644, NULL), SL_OK);
  sl_buf_free(&b);
  snprintf(sql, sizeof sql, "UPDATE logged_models SET artifact_location=replace(artifact_location,'file:///sluice-demo/artifacts','%s')",
           where);
  assert_int_equal(sqlite3_open(db, &s), SQLITE_OK);
  assert_int_equal(sqlite3_exec(s, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_exec(s, "INSERT INTO model_version_tags(key,value,name,version,workspace) VALUES('artifact.digest',"
                                "'sha256:"
                                "1111111111111111111111111111111111111111111111111111111111111111','cancer',2,'default')",
                                NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(s);
  snprintf(settings, sizeof settings, "    uri: \"sqlite:///%s\"\n    artifact_root: \"%s/demo/artifacts\"\n", db, SLUICE_SOURCE_DIR);
  mt_open(t, settings);
}

static void closed(struct mt *t)
{
  mt_close(t);
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

static char said[65];
static void *k_open(struct sl_ws *w) { return w; }
static void k_close(void *held) { (void)held; }

static bool k_find(void *held, const struct sl_recorded_version *v, struct sl_recorded *out)
{
  (void)held;
  if (v->version != 3 || !sl_str_eqz(v->model, "cancer") || !sl_str_eqz(v->conn, "reg"))
    return false;
  *out = (struct sl_recorded){ .how = "statement", .by = "lead" };
  memcpy(out->digest, said, sizeof said);
  return true;
}
static const struct sl_recorded_ops ops = { k_open, k_find, k_close };

static struct mt_answer *one(struct mt *t, const char *id)
{
  struct mt_answer *a = mt_ask(t, (struct mt_ask){ .res = &sl_res_versions, .scope = id, .get = true });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 1);
  return a;
}

static void digest_of(const struct mt_answer *a, char out[65])
{
  struct sl_str json = sl_buf_view(&a->json);
  ptrdiff_t at = sl_str_find(json, SL_STR("\"digest\":\""));
  assert_true(at >= 0);
  snprintf(out, 65, "%.*s", SL_ARG(sl_str_head(sl_str_from(json, (size_t)at + 10), 64)));
}

static void files_as_they_lie_there(void **state)
{
  struct mt t;
  char digest[65];
  (void)state;
  store(&t, "file://" SLUICE_SOURCE_DIR "/demo/artifacts");
  struct mt_answer *a = one(&t, "cancer/3");
  digest_of(a, digest);
  assert_true(mt_has(a, "\"digest_from\":\"files\"") && mt_has(a, "recorded nowhere"));
  assert_false(mt_has(a, "\"artifact\":"));
  mt_free(a);
  sl_ws_recorded(t.w, &ops);
  memcpy(said, digest, sizeof said); /* what was stated is what lies there */
  a = one(&t, "cancer/3");
  assert_true(mt_has(a, "\"artifact\":\"ok\"") && mt_has(a, ":\"the files that lead decided about"));
  mt_free(a);
  said[0] = said[0] == '0' ? '1' : '0';
  a = one(&t, "cancer/3");
  assert_true(mt_has(a, "\"artifact\":\"changed\"") && mt_has(a, "not the files that lead decided about"));
  assert_true(mt_has(a, digest));   /* the digest is that of the files */
  mt_free(a);
  a = one(&t, "cancer/2");          /* a tag is compared too, as the claim that it is */
  assert_true(mt_has(a, "\"artifact\":\"changed\"") && mt_has(a, "not the files that the tag artifact.digest names"));
  mt_free(a);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_versions, .want = "model,version" }); /* not asked for: not read */
  assert_int_equal(a->rows, 9);
  assert_false(mt_has(a, "\"digest\""));
  mt_free(a);
  closed(&t);
}

static void files_that_are_gone(void **state)
{
  struct mt t;
  (void)state;
  store(&t, "file://" SLUICE_SOURCE_DIR "/demo/artifacts/gone");
  sl_ws_recorded(t.w, &ops);
  memset(said, 'a', 64);
  struct mt_answer *a = one(&t, "cancer/3");
  assert_true(mt_has(a, "\"artifact\":\"missing\"") && mt_has(a, "its files are gone"));
  assert_true(mt_has(a, "\"digest\":\"aaaa") && mt_has(a, "\"digest_from\":\"statement\"")); /* what it was */
  mt_free(a);
  a = one(&t, "cancer/1");
  assert_true(mt_has(a, "\"artifact\":\"missing\""));
  assert_false(mt_has(a, "\"digest\":"));
  mt_free(a);
  closed(&t);
}

/* Files that may not be read are not missing: nobody knows. */
static void files_elsewhere(void **state)
{
  struct mt t;
  (void)state;
  store(&t, "s3://bucket/models");
  sl_ws_recorded(t.w, &ops);
  memset(said, 'a', 64);
  struct mt_answer *a = one(&t, "cancer/3");
  assert_true(mt_has(a, "\"digest\":\"aaaa") && mt_has(a, "\"digest_from\":\"statement\"") && mt_has(a, "not compared"));
  assert_false(mt_has(a, "\"artifact\":"));
  mt_free(a);
  a = one(&t, "cancer/1");
  assert_false(mt_has(a, "\"digest\":") || mt_has(a, "\"artifact\":"));
  mt_free(a);
  a = one(&t, "cancer/2");
  assert_true(mt_has(a, "\"digest\":\"1111") && mt_has(a, "\"digest_from\":\"tag\""));
  mt_free(a);
  closed(&t);
  store(&t, "file:///etc");
  a = one(&t, "cancer/3");
  assert_false(mt_has(a, "\"digest\":") || mt_has(a, "\"artifact\":"));
  mt_free(a);
  sl_ws_recorded(t.w, &ops);
  a = one(&t, "cancer/3");
  assert_true(mt_has(a, "not compared: ") && mt_has(a, "lies below no folder that this workspace names"));
  mt_free(a);
  closed(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_as_they_lie_there), cmocka_unit_test(files_that_are_gone), cmocka_unit_test(files_elsewhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
