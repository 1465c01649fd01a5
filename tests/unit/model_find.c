/* Which workspace is meant: -w, the variable, the person's file, the only one; and the names there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/config.h"

static char folder[] = "/tmp/sluice-find-XXXXXX";

static int set_up(void **state)
{
  (void)state;
  unsetenv("SLUICE_WORKSPACE");
  return mkdtemp(folder) && chdir(folder) == 0 && setenv("XDG_CONFIG_HOME", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static void touch(const char *path)
{
  char *dir = sl_path_dir(path);
  assert_int_equal(sl_mkdirs(dir, 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write(path, SL_STR("readonly: true\n"), 0600, NULL), SL_OK);
  sl_free(dir);
}

/* want: below the test's folder; NULL: none. */
static void finds(const char *arg, const struct sl_person *me, const char *want)
{
  char *path = NULL, abs[300];
  struct sl_err err = { 0 };
  if (sl_ws_find(&path, arg, me, &err))
    fail_msg("%s", err.msg);
  snprintf(abs, sizeof abs, "%s/%s", folder, want ? want : "");
  if (want)
    assert_string_equal(path, abs);
  else
    assert_null(path);
  sl_free(path);
}

static void fails(const char *arg, const struct sl_person *me, const char *says)
{
  char *path = NULL;
  struct sl_err err = { 0 };
  assert_int_equal(sl_ws_find(&path, arg, me, &err), SL_EUSAGE);
  assert_null(path);
  assert_string_equal(err.msg, says);
}

static void nothing_there(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  finds(NULL, NULL, NULL);
  fails("care", NULL, "-w: no workspace, file or folder `care`; write one with: sluice init");
  assert_int_equal(sl_ws_names(&b, NULL), SL_OK);
  assert_int_equal(b.n, 0);
  sl_buf_free(&b);
}

static void the_only_one(void **state)
{
  (void)state;
  touch("sluice/workspaces/care.yaml");
  touch("sluice/workspaces/notes.txt");
  touch("sluice/workspaces/.hidden.yaml");
  finds(NULL, NULL, "sluice/workspaces/care.yaml");
}

static void by_name_file_and_folder(void **state)
{
  (void)state;
  touch("sluice/workspaces/prod.yml");
  touch("demo/sluice.yaml");
  touch("other.yaml");
  assert_int_equal(sl_mkdirs("empty", 0755, NULL), SL_OK);
  finds("care", NULL, "sluice/workspaces/care.yaml");
  finds("prod", NULL, "sluice/workspaces/prod.yml");
  finds("demo", NULL, "demo/sluice.yaml");
  finds("./demo/", NULL, "demo/sluice.yaml");
  finds("other.yaml", NULL, "other.yaml");
  fails("empty", NULL, "-w: the folder empty holds no sluice.yaml; write one with: sluice init");
  fails("crae", NULL, "-w: no workspace `crae`; did you mean `care`?");
  fails("zzzzzzzz", NULL, "-w: no workspace, file or folder `zzzzzzzz`; there are: care, prod");
  fails("", NULL, "-w: the workspace's name is empty");
}

static void which_comes_first(void **state)
{
  (void)state;
  struct sl_person me = { .workspace = "care", .path = "/c/config.yaml" }, wrong = { .workspace = "gone/x", .path = "/c/config.yaml" };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  fails(NULL, NULL, "several workspaces: care, prod; choose one with -w NAME");
  finds(NULL, &me, "sluice/workspaces/care.yaml");
  fails(NULL, &wrong, "/c/config.yaml: no workspace, file or folder `gone/x`; there are: care, prod");
  setenv("SLUICE_WORKSPACE", "prod", 1);
  finds(NULL, &me, "sluice/workspaces/prod.yml");
  finds("demo", &me, "demo/sluice.yaml");
  setenv("SLUICE_WORKSPACE", "nope", 1);
  fails(NULL, &me, "SLUICE_WORKSPACE: no workspace, file or folder `nope`; there are: care, prod");
  unsetenv("SLUICE_WORKSPACE");
  assert_int_equal(sl_ws_names(&b, NULL), SL_OK);
  assert_string_equal(sl_buf_zstr(&b), "care\nprod\n");
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_there), cmocka_unit_test(the_only_one), cmocka_unit_test(by_name_file_and_folder),
    cmocka_unit_test(which_comes_first),
  };
  return cmocka_run_group_tests_name("model_find", tests, set_up, tear_down);
}
