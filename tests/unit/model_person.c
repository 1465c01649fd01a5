/* The person's file. Its single settings are walked by model_config; here is what a whole one means. */
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

static char folder[] = "/tmp/sluice-person-XXXXXX";

static int set_up(void **state)
{
  (void)state;
  return mkdtemp(folder) && chdir(folder) == 0 && setenv("XDG_CONFIG_HOME", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  return chdir("/") == 0 ? sl_rmtree(folder, NULL) : -1;
}

static struct sl_person *load(const char *text)
{
  struct sl_person *p = NULL;
  struct sl_err err = { 0 };
  assert_int_equal(sl_file_write("c.yaml", sl_str(text), 0600, NULL), SL_OK);
  if (sl_person_load(&p, "c.yaml", &err))
    fail_msg("%s", err.msg);
  return p;
}

static void fails(const char *text, const char *says)
{
  struct sl_person *p;
  struct sl_err err = { 0 };
  assert_int_equal(sl_file_write("c.yaml", sl_str(text), 0600, NULL), SL_OK);
  assert_int_equal(sl_person_load(&p, "c.yaml", &err), SL_ECONFIG);
  assert_null(p);
  assert_string_equal(err.msg, says);
}

static void a_whole_file(void **state)
{
  (void)state;
  char key[200];
  struct sl_person *p = load("me: {name: ana, key: keys/id}\nworkspace: care\ntheme: light\nglyphs: ascii\ntimezone: Europe/Berlin\n"
                             "keys: {table: {export: E}}\nlow_bandwidth: true\nmouse: on\n"
                             "table_memory: 64MB\nbox: {memory: 2GiB, threads: 3, tmp: 20GB}\n");
  assert_string_equal(p->name, "ana");
  snprintf(key, sizeof key, "%s/keys/id", folder);
  assert_string_equal(p->key, key);
  assert_string_equal(p->workspace, "care");
  assert_string_equal(p->theme, "light");
  assert_string_equal(p->glyphs, "ascii");
  assert_int_equal(sl_tz_offset_s(p->tz, 0), 3600);
  assert_string_equal(p->path, "c.yaml");
  assert_true(p->low_bandwidth && p->mouse);
  assert_int_equal(p->table_memory, 64000000);
  assert_int_equal(p->box_memory, 2LL << 30);
  assert_int_equal(p->box_tmp, 20000000000LL);
  assert_int_equal(p->box_threads, 3);
  const struct sl_yaml_node *e = sl_yaml_get(sl_yaml_get(p->keys, "table"), "export");
  assert_true(e && sl_str_eqz(e->text, "E"));
  sl_person_free(p);
}

static void nothing_said(void **state)
{
  (void)state;
  struct sl_person *p = load("# nothing yet\n");
  assert_null(p->name);
  assert_null(p->workspace);
  assert_null(p->theme);
  assert_null(p->tz);
  assert_null(p->keys);
  assert_string_equal(p->glyphs, "auto");
  assert_false(p->low_bandwidth || p->mouse);
  assert_int_equal(p->table_memory | p->box_memory | p->box_threads, 0);
  sl_person_free(p);
  p = load("timezone: local\nme:\nbox:\nkeys:\n");
  sl_person_free(p);
}

static void the_default_file_need_not_be_there(void **state)
{
  (void)state;
  struct sl_person *p = NULL;
  struct sl_err err = { 0 };
  char path[200];
  snprintf(path, sizeof path, "%s/sluice/config.yaml", folder);
  assert_int_equal(sl_person_load(&p, NULL, &err), SL_OK);
  assert_string_equal(p->path, path);
  sl_person_free(p);
  assert_int_equal(sl_mkdirs("sluice", 0700, NULL), SL_OK);
  assert_int_equal(sl_file_write("sluice/config.yaml", SL_STR("theme: mono\n"), 0600, NULL), SL_OK);
  assert_int_equal(sl_person_load(&p, NULL, &err), SL_OK);
  assert_string_equal(p->theme, "mono");
  sl_person_free(p);
  assert_int_equal(sl_person_load(&p, "gone.yaml", &err), SL_ECONFIG);
  assert_string_equal(err.msg, "cannot open gone.yaml: No such file or directory; mend it, or name another with --config");
}

static void mistakes(void **state)
{
  (void)state;
  fails("thme: light\n", "c.yaml:1:1: config.yaml has no setting `thme`; did you mean `theme`?");
  fails("me: {nam: ana}\n", "c.yaml:1:6: `me` has no setting `nam`; did you mean `name`?");
  fails("box: {threads: 0}\n", "c.yaml:1:16: `threads` must be between 1 and 1024, not 0");
  fails("glyphs: brail\n", "c.yaml:1:9: `glyphs` must be one of auto, braille, block, ascii, not `brail`; did you mean `braille`?");
  fails("- a\n", "c.yaml:1:1: config.yaml must be a map of settings; write name: value");
  fails("a: b: c\n", "c.yaml:1:5: mapping values are not allowed in this context");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_whole_file), cmocka_unit_test(nothing_said), cmocka_unit_test(the_default_file_need_not_be_there),
    cmocka_unit_test(mistakes),
  };
  return cmocka_run_group_tests_name("model_person", tests, set_up, tear_down);
}
