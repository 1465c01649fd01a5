/* Trust: a workspace outside the config folder starts nothing until its bytes, at its place, were trusted. */
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
#include "base/mem.h"
#include "model_conf_types.h"

static bool trusts(const struct sl_ws_conf *c)
{
  bool has;
  return !sl_trust_look(c, &has, NULL) && has;
}

static char folder[] = "/tmp/sluice-trust-XXXXXX";
static char state_home[64], config_home[64];

static int set_up(void **state)
{
  (void)state;
  if (!mkdtemp(folder) || chdir(folder) != 0)
    return -1;
  snprintf(state_home, sizeof state_home, "%s/state", folder);
  snprintf(config_home, sizeof config_home, "%s/config", folder);
  return setenv("XDG_STATE_HOME", state_home, 1) || setenv("XDG_CONFIG_HOME", config_home, 1);
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static void write_text(const char *path, const char *text)
{
  char *dir = sl_path_dir(path);
  assert_int_equal(sl_mkdirs(dir, 0755, NULL), SL_OK);
  assert_int_equal(sl_file_write(path, sl_str(text), 0644, NULL), SL_OK);
  sl_free(dir);
}

static bool trusted(const char *path)
{
  struct sl_ws_conf *c;
  assert_int_equal(sl_ws_conf_load(&c, path, types, NTYPES, NULL), SL_OK);
  bool has = trusts(c);
  sl_ws_conf_unref(c);
  return has;
}

static void trust_is_of_bytes_at_a_place(void **state)
{
  (void)state;
  struct stat st;
  write_text("a/w.yaml", "readonly: true\n");
  write_text("b/w.yaml", "readonly: true\n");
  assert_false(trusted("a/w.yaml"));
  assert_int_equal(sl_trust_add("a/w.yaml", NULL), SL_OK);
  assert_true(trusted("a/w.yaml"));
  assert_false(trusted("b/w.yaml")); /* the same bytes would start other programs there */
  assert_int_equal(symlink("a", "link"), 0);
  assert_true(trusted("link/w.yaml"));
  assert_true(stat("state/sluice/trust", &st) == 0 && (st.st_mode & 0777) == 0600);
  write_text("a/w.yaml", "readonly: false\n");
  assert_false(trusted("a/w.yaml"));
  assert_int_equal(sl_trust_add("a/w.yaml", NULL), SL_OK);
  assert_true(trusted("a/w.yaml"));
  write_text("a/w.yaml", "readonly: true\n"); /* what was trusted once still is */
  assert_true(trusted("a/w.yaml"));
}

static void adding_twice_adds_once(void **state)
{
  (void)state;
  struct sl_buf one, two;
  sl_buf_init(&one, 0);
  sl_buf_init(&two, 0);
  write_text("odd name\n%/w.yaml", "readonly: true\n");
  assert_int_equal(sl_trust_add("odd name\n%/w.yaml", NULL), SL_OK);
  assert_int_equal(sl_file_read(&one, "state/sluice/trust", 1 << 20, NULL), SL_OK);
  assert_int_equal(sl_trust_add("odd name\n%/w.yaml", NULL), SL_OK);
  assert_int_equal(sl_file_read(&two, "state/sluice/trust", 1 << 20, NULL), SL_OK);
  assert_string_equal(sl_buf_zstr(&one), sl_buf_zstr(&two));
  assert_true(trusted("odd name\n%/w.yaml"));
  sl_buf_free(&one);
  sl_buf_free(&two);
}

static void the_config_folder_is_ones_own(void **state)
{
  (void)state;
  write_text("config/sluice/workspaces/care.yaml", "readonly: true\n");
  write_text("config/sluice/workspaces2/care.yaml", "readonly: true\n");
  assert_true(trusted("config/sluice/workspaces/care.yaml"));
  assert_false(trusted("config/sluice/workspaces2/care.yaml"));
  assert_false(trusted("config/sluice/workspaces/../workspaces2/care.yaml"));
}

static void a_torn_line_is_no_trust(void **state)
{
  (void)state;
  write_text("t/w.yaml", "readonly: true\n");
  assert_int_equal(sl_trust_add("t/w.yaml", NULL), SL_OK);
  assert_true(trusted("t/w.yaml"));
  struct stat st;
  assert_int_equal(stat("state/sluice/trust", &st), 0);
  assert_int_equal(truncate("state/sluice/trust", st.st_size - 3), 0);
  assert_false(trusted("t/w.yaml"));
  assert_int_equal(sl_trust_add("t/w.yaml", NULL), SL_OK);
  assert_true(trusted("t/w.yaml"));
}

static void what_others_may_write_is_not_believed(void **state)
{
  (void)state;
  struct sl_err err = { 0 };
  write_text("c/w.yaml", "readonly: true\n");
  assert_int_equal(sl_trust_add("c/w.yaml", NULL), SL_OK);
  assert_int_equal(chmod("state/sluice/trust", 0666), 0);
  assert_false(trusted("c/w.yaml"));
  assert_int_equal(sl_trust_add("c/w.yaml", &err), SL_EDENIED);
  assert_non_null(strstr(err.msg, "chmod 600"));
  assert_int_equal(chmod("state/sluice/trust", 0600), 0);
  assert_int_equal(sl_trust_add("c/gone.yaml", &err), SL_ENOENT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(trust_is_of_bytes_at_a_place), cmocka_unit_test(adding_twice_adds_once),
    cmocka_unit_test(the_config_folder_is_ones_own), cmocka_unit_test(a_torn_line_is_no_trust),
    cmocka_unit_test(what_others_may_write_is_not_believed),
  };
  return cmocka_run_group_tests_name("model_trust", tests, set_up, tear_down);
}
