/* MLflow's SQLite store: the demo's, and files that are none, are locked, damaged or newer than we know. What SQL filters and sorts must be
 * what the core would have kept and in its order. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "mlflow_test.h"

#define DEMO "    uri: \"sqlite:///" SLUICE_SOURCE_DIR "/demo/mlflow.db\"\n"

static void demo(struct mt *t)
{
  mt_open(t, DEMO);
}

static void experiments(void **state)
{
  struct mt t;
  (void)state;
  demo(&t);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_experiments });
  assert_int_equal(a->code, SL_OK);
  assert_int_equal(a->rows, 4);
  assert_true(mt_has(a, "\"name\":\"cancer\",\"state\":\"active\""));
  assert_false(mt_has(a, "scratch"));
  mt_free(a);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_experiments, .deleted = true });
  assert_int_equal(a->rows, 5);
  mt_free(a);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_experiments, .scope = "1", .get = true });
  assert_int_equal(a->rows, 1);
  assert_true(sl_str_find(sl_buf_view(&a->doc), SL_STR("\"experiment_id\":\"1\",\"name\":\"cancer\"")) >= 0);
  mt_free(a);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_experiments, .scope = "77", .get = true });
  assert_int_equal(a->code, SL_ENOENT);
  mt_free(a);
  mt_close(&t);
}

static void runs(void **state)
{
  struct mt t;
  (void)state;
  demo(&t);
  static const struct { const char *scope; bool deleted; unsigned rows; int code; } want[] = {
    { NULL, false, 59, SL_OK }, { NULL, true, 62, SL_OK }, { "cancer", false, 43, SL_OK }, { "1", false, 43, SL_OK },
    { "1", true, 45, SL_OK }, { "4", false, 0, SL_OK }, { "nosuch", false, 0, SL_ENOENT },
  };
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .scope = want[i].scope, .deleted = want[i].deleted });
    assert_int_equal(a->code, want[i].code);
    assert_int_equal(a->rows, want[i].rows);
    mt_free(a);
  }
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .scope = "227c84325e8548deb6a28c1faa86b608", .get = true });
  assert_int_equal(a->rows, 1);
  assert_true(mt_has(a, "\"metrics.infinite\":\"Infinity\""));
  assert_true(mt_has(a, "\"params.empty\":\"\""));
  assert_true(sl_str_find(sl_buf_view(&a->doc), SL_STR("\"key\":\"infinite\",\"value\":\"Infinity\"")) >= 0);
  mt_free(a);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .scope = "nosuch", .get = true });
  assert_int_equal(a->code, SL_ENOENT);
  mt_free(a);
  mt_close(&t);
}

/* A filter that the core cannot hand over, wrapped so that only the core judges it, is the yardstick: id ~ '' keeps all. */
static void same_meaning(void **state)
{
  static const struct { const char *where; bool pushed; } filters[] = {
    { "metrics.val_auc > 0.95", true }, { "metrics.val_auc <= 0.95", true }, { "not metrics.val_auc > 0.95", true },
    { "metrics.val_auc != 0.5", true }, { "metrics.nosuch != 1", true }, { "metrics.nosuch is null", true },
    { "metrics.val_logloss < 1", true }, { "metrics.val_logloss is not null", true }, { "metrics.infinite > 1e308", true },
    { "metrics.infinite = 1.7976931348623157e308", true }, { "metrics.huge >= 1e308", true }, { "metrics.train_logloss >= 0", true },
    { "params.max_depth = '3'", true }, { "params.max_depth = 3", false }, { "params.max_depth != '3'", true },
    { "params.`learning rate` = '0.1'", true }, { "params.empty = ''", true }, { "params.max_depth in ('2', '3')", true },
    { "state = ok", true }, { "state != 'ok'", true }, { "state in (failed, running)", true }, { "state = 'nosuch'", true },
    { "started > 2026-11-15", true }, { "ended is null", true }, { "duration_s > 5s", true }, { "user = 'ana'", true },
    { "experiment = 'wine'", true }, { "name ~ '^xgb'", false }, { "tags.bidi is not null", true }, { "lifecycle = 'active'", true },
    { "metrics.val_auc > 0.9 and (state = ok or not user = 'ana')", true }, { "metrics.val_auc > 0.9 and name ~ 'xgb'", false },
    { "metrics.val_auc > 0.9 or name ~ 'xgb'", false },
    { "metrics.val_auc > 0.9 and metrics.val_acc > 0.9 and params.max_depth = '3'", true },
    { "not (metrics.val_logloss < 1 or state = failed)", true }, { "metrics.val_logloss < 1 or metrics.val_logloss >= 1", true },
  };
  static const char *const orders[] = { "-metrics.val_auc", "metrics.val_logloss", "-metrics.val_logloss,name", "params.max_depth,-started",
                                        "-duration_s", "state,user,-ended", "-ref", "metrics.nosuch,experiment,-name" };
  struct mt t;
  unsigned kept = 0;
  (void)state;
  demo(&t);
  for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
    char plain[400];
    const char *order = orders[i % 8];
    snprintf(plain, sizeof plain, "(id ~ '' and (%s))", filters[i].where);
    snprintf(plain + strlen(plain), 100, " or (id !~ '')");
    struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .where = filters[i].where, .order = order, .deleted = i % 2 });
    struct mt_answer *b = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .where = plain, .order = order, .deleted = i % 2 });
    assert_int_equal(a->code, SL_OK);
    assert_int_equal(b->code, SL_OK);
    if (!(a->did & SL_DID_WHERE) != !filters[i].pushed || (b->did & SL_DID_WHERE))
      fail_msg("%s: did %u", filters[i].where, a->did);
    assert_true(a->did & SL_DID_ORDER);
    if (strcmp(sl_buf_zstr(&a->ids), sl_buf_zstr(&b->ids)) != 0)
      fail_msg("%s, %s:\n%s--\n%s", filters[i].where, order, sl_buf_zstr(&a->ids), sl_buf_zstr(&b->ids));
    kept += a->rows > 0;
    mt_free(b);
    b = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .where = filters[i].where, .order = order, .limit = 2, .want = "id",
                                    .deleted = i % 2 });
    assert_int_equal(b->rows, a->rows < 2 ? a->rows : 2);
    if (filters[i].pushed)
      assert_true(b->did & SL_DID_LIMIT);
    mt_free(a);
    mt_free(b);
  }
  assert_true(kept > 20);
  mt_close(&t);
}

/* Only what is wanted, filtered or sorted by is read. */
static void wanted_keys(void **state)
{
  struct mt t;
  (void)state;
  demo(&t);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .want = "name,metrics.val_auc,params.*",
                                                    .where = "tags.`mlflow.user` = 'ana' and name ~ 'x'", .limit = 5 });
  assert_int_equal(a->code, SL_OK);
  assert_true(mt_has(a, "metrics.val_auc"));
  assert_true(mt_has(a, "params."));
  assert_true(mt_has(a, "tags.mlflow.user"));
  assert_false(mt_has(a, "tags.mlflow.source.name"));
  assert_false(mt_has(a, "metrics.train"));
  mt_free(a);
  mt_close(&t);
}

/* ---- files that are not what they should be ---- */

static void copy_demo(const char *to)
{
  struct sl_buf b;
  sl_buf_init(&b, 16 << 20);
  assert_int_equal(sl_file_read(&b, SLUICE_SOURCE_DIR "/demo/mlflow.db", 16 << 20, NULL), SL_OK);
  assert_int_equal(sl_file_write(to, sl_buf_view(&b), 0644, NULL), SL_OK);
  sl_buf_free(&b);
}

static void sql(const char *path, const char *text)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void expect(const char *path, int code, const char *words)
{
  struct mt t;
  char settings[200];
  snprintf(settings, sizeof settings, "    uri: \"sqlite:///%s\"\n    timeout: 1s\n", path);
  mt_open(&t, settings);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs });
  if (a->code != code || !strstr(a->error, words))
    fail_msg("%s: %d %s", path, a->code, a->error);
  assert_null(strchr(a->error, '\n'));
  mt_free(a);
  mt_close(&t);
}

static void bad_files(void **state)
{
  char dir[] = "/tmp/sluice-mlf-XXXXXX", db[64], other[64];
  (void)state;
  assert_non_null(mkdtemp(dir));
  snprintf(db, sizeof db, "%s/a b#%%?.db", dir);
  snprintf(other, sizeof other, "%s/other.db", dir);
  expect(other, SL_ENOENT, "cannot open");
  expect(dir, SL_EPARSE, "is no file");
  assert_int_equal(sl_file_write(other, SL_STR("hello, I am a text of some length, and no database"), 0644, NULL), SL_OK);
  expect(other, SL_EPARSE, "no SQLite database");
  assert_int_equal(unlink(other), 0);
  sql(other, "CREATE TABLE t(x)");
  expect(other, SL_EPARSE, "no MLflow store");
  sql(other, "CREATE TABLE alembic_version(version_num); CREATE TABLE runs(x); CREATE TABLE experiments(x)");
  expect(other, SL_EPARSE, "not the tables");
  copy_demo(db);
  expect(db, SL_OK, "");
  sql(db, "UPDATE alembic_version SET version_num='cc1f77228345'");
  expect(db, SL_EUNSUP, "mlflow db upgrade");
  sql(db, "UPDATE alembic_version SET version_num='ffffffffffff'");
  expect(db, SL_OK, "");
  assert_int_equal(truncate(db, 300000), 0);
  expect(db, SL_EPARSE, "damaged");
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

static void locked(void **state)
{
  char dir[] = "/tmp/sluice-mlf-XXXXXX", db[64];
  sqlite3 *writer = NULL;
  (void)state;
  assert_non_null(mkdtemp(dir));
  snprintf(db, sizeof db, "%s/m.db", dir);
  copy_demo(db);
  assert_int_equal(sqlite3_open(db, &writer), SQLITE_OK);
  assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
  struct mt t;
  char settings[200];
  snprintf(settings, sizeof settings, "    uri: \"sqlite:///%s\"\n    timeout: 1s\n", db);
  mt_open(&t, settings);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .idle_ms = 5000 });
  assert_int_equal(a->code, SL_ETIMEOUT);
  assert_non_null(strstr(a->error, "locked"));
  mt_free(a);
  sqlite3_exec(writer, "ROLLBACK", NULL, NULL, NULL);
  a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs });
  assert_int_equal(a->rows, 59);
  mt_free(a);
  mt_close(&t);
  sqlite3_close(writer);
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

/* A store in WAL mode: with a writer, and without one; nothing new may stand beside it. */
static void wal(void **state)
{
  char dir[] = "/tmp/sluice-mlf-XXXXXX", db[64], beside[80];
  sqlite3 *writer = NULL;
  (void)state;
  assert_non_null(mkdtemp(dir));
  snprintf(db, sizeof db, "%s/m.db", dir);
  snprintf(beside, sizeof beside, "%s-shm", db);
  copy_demo(db);
  sql(db, "PRAGMA journal_mode=wal");
  expect(db, SL_OK, "");
  assert_false(sl_file_exists(beside));
  assert_int_equal(sqlite3_open(db, &writer), SQLITE_OK);
  assert_int_equal(sqlite3_exec(writer, "BEGIN; UPDATE runs SET name='new'; COMMIT; BEGIN; UPDATE runs SET name='unseen'", NULL, NULL,
                                NULL), SQLITE_OK);
  struct mt t;
  char settings[200];
  snprintf(settings, sizeof settings, "    uri: \"sqlite:///%s\"\n", db);
  mt_open(&t, settings);
  struct mt_answer *a = mt_ask(&t, (struct mt_ask){ .res = &sl_res_runs, .where = "name = 'new'" });
  assert_int_equal(a->rows, 59);
  mt_free(a);
  mt_close(&t);
  sqlite3_close(writer);
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(experiments), cmocka_unit_test(runs), cmocka_unit_test(same_meaning), cmocka_unit_test(wanted_keys),
    cmocka_unit_test(bad_files), cmocka_unit_test(locked), cmocka_unit_test(wal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
