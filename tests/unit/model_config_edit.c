/* A workspace of what stands around, a workspace written and read back, one more connection in somebody's file, and the tables as JSON
 * Schema and Markdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model_conf_types.h"

static char folder[] = "/tmp/sluice-edit-XXXXXX";

static int set_up(void **state)
{
  (void)state;
  unsetenv("MLFLOW_TRACKING_URI");
  return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static void write_text(const char *path, const char *text)
{
  assert_int_equal(sl_file_write(path, sl_str(text), 0640, NULL), SL_OK);
}

static void read_text(struct sl_buf *b, const char *path)
{
  sl_buf_clear(b);
  assert_int_equal(sl_file_read(b, path, 1 << 20, NULL), SL_OK);
}

/* ---- from the environment ---- */

static char *environment(const char *dir)
{
  struct sl_ws_conf *c = NULL;
  struct sl_err err = { 0 };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  if (sl_ws_conf_environment(&c, dir, types, NTYPES, &err))
    fail_msg("%s", err.msg);
  if (!c)
    return NULL;
  assert_null(sl_ws_conf_path(c));
  assert_string_equal(sl_ws_conf_name(c), "here");
  assert_int_equal(sl_ws_conf_write(c, &b, NULL), SL_OK);
  sl_ws_conf_unref(c);
  return sl_buf_take(&b, NULL);
}

static void finds_what_stands_around(void **state)
{
  (void)state;
  char want[400];
  assert_int_equal(sl_mkdirs("env/data", 0755, NULL), SL_OK);
  assert_null(environment("env"));
  write_text("env/data/notes.txt", "x");
  assert_null(environment("env"));
  write_text("env/mlflow.db", "x");
  snprintf(want, sizeof want, "connections:\n  mlflow:\n    type: mlflow\n    uri: \"sqlite:///%s/env/mlflow.db\"\n", folder);
  char *got = environment("env");
  assert_string_equal(got, want);
  sl_free(got);
  setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db", 1); /* the same store, named by MLflow's variable */
  got = environment("env");
  assert_string_equal(got, want);
  sl_free(got);
  setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000", 1);
  write_text("env/data/a.csv", "x\n");
  snprintf(want, sizeof want,
           "connections:\n  mlflow:\n    type: mlflow\n    uri: \"sqlite:///%s/env/mlflow.db\"\n"
           "  tracking:\n    type: mlflow\n    uri: \"http://127.0.0.1:5000\"\n"
           "lake:\n  zones:\n    - name: here\n      uri: \"file://%s/env\"\n      connection: local\n", folder, folder);
  got = environment("env");
  assert_string_equal(got, want);
  sl_free(got);
  setenv("MLFLOW_TRACKING_URI", "databricks", 1); /* not understood: left alone */
  assert_null(environment("/"));
  unsetenv("MLFLOW_TRACKING_URI");
}

static void the_home_folder_is_no_lake(void **state)
{
  (void)state;
  char home[200], *was = getenv("HOME") ? sl_strdup(getenv("HOME")) : NULL;
  snprintf(home, sizeof home, "%s/home", folder);
  assert_int_equal(sl_mkdirs(home, 0755, NULL), SL_OK);
  write_text("home/a.csv", "x\n");
  char *got = environment(home);
  assert_non_null(got);
  sl_free(got);
  setenv("HOME", home, 1);
  assert_null(environment(home));
  if (was)
    setenv("HOME", was, 1);
  sl_free(was);
}

/* ---- written and read back ---- */

static void what_is_written_reads_back(void **state)
{
  (void)state;
  struct sl_ws_conf *c;
  struct sl_err err = { 0 };
  struct sl_buf one, two;
  sl_buf_init(&one, 0);
  sl_buf_init(&two, 0);
  write_text("all.yaml",
    "environment: live\ntimezone: Europe/Berlin\nreadonly: true\n"
    "connections:\n"
    "  a: {type: mlflow, uri: \"http://a\", token: {env: T}, headers: [x, \"y: z\"], keep: 90s, cache: 10MB, verify: no, timeout: 1m30s}\n"
    "  b: {type: mlflow, uri: \"http://a\", token: {file: /t}, due: \"0 6 * * *\"}\n"
    "  c: {type: mlflow, uri: \"http://a\", token: {command: [a, b]}}\n"
    "  d: {type: mlflow, uri: \"http://a\", token: hush}\n"
    "lake:\n  zones:\n    - {name: r, uri: x, layout: \"dt=%Y-%m-%d\", fresh_within: 26h, min_rows: 3, schedule: \"@daily\", format: csv}\n"
    "    - {name: \"5\", uri: \"mlflow://b/y\", fresh_within: 1500ms}\n"
    "jobs:\n  j:\n    help: \"it: helps\"\n    params: {dt: \"@today\"}\n    reads: [r]\n    writes: r\n"
    "    timeout: 90m\n    schedule: \"@hourly\"\n"
    "    steps: {a: {run: [sql, \"a\\n'b' ${dt}\"]}, b: {run: [\"yes\", \"\"], after: [a]}}\n  k: {after: j, steps: {s: {run: [x]}}}\n");
  if (sl_ws_conf_load(&c, "all.yaml", types, NTYPES, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(sl_ws_conf_write(c, &one, NULL), SL_OK);
  sl_ws_conf_unref(c);
  assert_null(strstr(sl_buf_zstr(&one), "hush"));
  assert_non_null(strstr(sl_buf_zstr(&one), "fresh_within: 26h\n"));
  write_text("again.yaml", sl_buf_zstr(&one));
  if (sl_ws_conf_load(&c, "again.yaml", types, NTYPES, &err))
    fail_msg("%s\n%s", err.msg, sl_buf_zstr(&one));
  size_t n;
  const struct sl_job_conf *j = sl_ws_conf_jobs(c, &n);
  assert_int_equal(n, 2);
  assert_string_equal(j->steps[0].argv[1], "a\n'b' ${dt}");
  assert_string_equal(j->steps[1].argv[0], "yes");
  assert_string_equal(j->steps[1].argv[1], "");
  assert_true(j->timeout_s == 5400);
  assert_string_equal(j[1].after[0], "j");
  assert_true(sl_ws_conf_protected(c) && sl_ws_conf_readonly(c));
  assert_int_equal(sl_ws_conf_write(c, &two, NULL), SL_OK);
  assert_string_equal(sl_buf_zstr(&one), sl_buf_zstr(&two));
  sl_ws_conf_unref(c);
  sl_buf_free(&one);
  sl_buf_free(&two);
}

/* ---- one connection more ---- */

static void adds(const char *was, const char *want)
{
  struct sl_buf b;
  struct sl_err err = { 0 };
  struct stat st;
  sl_buf_init(&b, 0);
  write_text("add.yaml", was);
  if (sl_ws_conf_add_connection("add.yaml", "new", SL_STR("type: mlflow\nuri: \"http://n\"\n"), &err))
    fail_msg("%s\n%s", err.msg, was);
  read_text(&b, "add.yaml");
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
  assert_true(stat("add.yaml", &st) == 0 && (st.st_mode & 0777) == 0640);
}

#define NEW "  new:\n    type: mlflow\n    uri: \"http://n\"\n"

static void a_connection_is_added_and_the_rest_untouched(void **state)
{
  (void)state;
  adds("", "connections:\n" NEW);
  adds("# mine\nenvironment: a", "# mine\nenvironment: a\nconnections:\n" NEW);
  adds("connections:\njobs:\n", "connections:\n" NEW "jobs:\n");
  adds("connections:\n  a: {type: x}   # first\n\n  # a note\n  b:\n    type: y\n\n# the lake\nlake:\n  zones: []\n",
       "connections:\n  a: {type: x}   # first\n\n  # a note\n  b:\n    type: y\n" NEW "\n# the lake\nlake:\n  zones: []\n");
  adds("connections:\n    a:\n        type: x",
       "connections:\n    a:\n        type: x\n    new:\n      type: mlflow\n      uri: \"http://n\"\n");
}

static void refuses(const char *was, int code, const char *says)
{
  struct sl_buf b;
  struct sl_err err = { 0 };
  sl_buf_init(&b, 0);
  write_text("add.yaml", was);
  assert_int_equal(sl_ws_conf_add_connection("add.yaml", "new", SL_STR("type: mlflow\n"), &err), code);
  assert_string_equal(err.msg, says);
  read_text(&b, "add.yaml");
  assert_string_equal(sl_buf_zstr(&b), was);
  sl_buf_free(&b);
}

static void what_cannot_be_added_is_said(void **state)
{
  (void)state;
  struct sl_err err = { 0 };
  refuses("connections:\n  new: {type: x}\n", SL_EEXIST, "add.yaml has a connection `new` already; choose another name");
  refuses("connections: {a: {type: x}}\n", SL_ECONFIG,
          "add.yaml:1:14: `connections` is written in one line; put each connection on a line of its own first");
  refuses("- a\n", SL_ECONFIG, "add.yaml:1:1: the workspace must be a map of settings; write name: value");
  refuses("{environment: a}\n", SL_ECONFIG, "add.yaml: cannot add `new` without rewriting it; add its lines by hand");
  refuses("a: 1\n...\n", SL_ECONFIG, "add.yaml: cannot add `new` without rewriting it; add its lines by hand");
  assert_int_equal(sl_ws_conf_add_connection("add.yaml", "No Name", SL_STR("type: x\n"), &err), SL_EUSAGE);
}

static void the_file_is_made(void **state)
{
  (void)state;
  struct sl_ws_conf *c;
  assert_int_equal(sl_ws_conf_add_connection("made.yaml", "new", SL_STR("type: mlflow\nuri: \"http://n\"\n"), NULL), SL_OK);
  assert_int_equal(sl_ws_conf_load(&c, "made.yaml", types, NTYPES, NULL), SL_OK);
  sl_ws_conf_unref(c);
}

/* ---- the tables, told ---- */

static const json_t *at(const json_t *j, const char *path)
{
  char part[64];
  while (j && *path) {
    size_t n = strcspn(path, "/");
    snprintf(part, sizeof part, "%.*s", (int)n, path);
    j = json_is_array(j) ? json_array_get(j, (size_t)(part[0] - '0')) : json_object_get(j, part);
    path += n + (path[n] == '/');
  }
  return j;
}

static void schema_is_made_of_the_tables(void **state)
{
  (void)state;
  struct sl_buf b;
  json_t *j;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_conf_schema(&b, types, NTYPES, NULL), SL_OK);
  assert_int_equal(sl_json_load(&j, sl_buf_view(&b), false, NULL), SL_OK);
  assert_true(json_is_false(at(j, "additionalProperties")));
  const json_t *conns = at(j, "properties/connections");
  assert_non_null(at(conns, "properties/local"));
  assert_int_equal(json_array_size(at(conns, "properties/local/required")), 0);
  const json_t *mlflow = at(conns, "additionalProperties/oneOf/1");
  assert_string_equal(json_string_value(at(mlflow, "properties/type/const")), "mlflow");
  assert_int_equal(json_array_size(at(mlflow, "required")), 2);
  assert_int_equal(json_integer_value(at(mlflow, "properties/retries/maximum")), 10);
  for (size_t i = 0; i < sizeof every / sizeof every[0]; i++)
    if (!json_object_get(at(mlflow, "properties"), every[i].name))
      fail_msg("no %s in the schema", every[i].name);
  assert_int_equal(json_array_size(at(j, "properties/lake/properties/zones/items/required")), 2);
  const json_t *step = at(j, "properties/jobs/additionalProperties/properties/steps/additionalProperties");
  assert_string_equal(json_string_value(at(step, "required/0")), "run");
  json_decref(j);
  sl_buf_free(&b);
}

static void markdown_names_every_setting(void **state)
{
  (void)state;
  struct sl_buf b;
  size_t n;
  const struct sl_conf_table *t = sl_conf_tables(&n);
  char row[100];
  sl_buf_init(&b, 0);
  assert_int_equal(sl_conf_markdown(&b, types, NTYPES, NULL), SL_OK);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < t[i].nsettings; k++) {
      snprintf(row, sizeof row, "\n| `%s` | ", t[i].settings[k].name);
      if (!strstr(sl_buf_zstr(&b), row))
        fail_msg("%s.%s is not in CONFIG.md", t[i].name, t[i].settings[k].name);
    }
  assert_non_null(strstr(sl_buf_zstr(&b), "### `type: mlflow`\n\nAn MLflow registry.\n"));
  assert_non_null(strstr(sl_buf_zstr(&b), "| `cert` | path |  | file \\| of the authority; e.g. `ca.pem` |\n"));
  assert_non_null(strstr(sl_buf_zstr(&b), "| `timeout` | duration, 1s to 1h | `30s` |"));
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_what_stands_around), cmocka_unit_test(the_home_folder_is_no_lake), cmocka_unit_test(what_is_written_reads_back),
    cmocka_unit_test(a_connection_is_added_and_the_rest_untouched), cmocka_unit_test(what_cannot_be_added_is_said),
    cmocka_unit_test(the_file_is_made), cmocka_unit_test(schema_is_made_of_the_tables), cmocka_unit_test(markdown_names_every_setting),
  };
  return cmocka_run_group_tests_name("model_config_edit", tests, set_up, tear_down);
}
