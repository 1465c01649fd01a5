/* tests/unit/model_saved.c: saved views come back as they were, replace each other by name, and go; what is no name or no file is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/saved.h"

static char dir[64];

static int setup(void **state)
{
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/sluice-saved-XXXXXX");
  return !mkdtemp(dir);
}

static int teardown(void **state)
{
  (void)state;
  return sl_rmtree(dir, NULL);
}

static struct sl_saved view(const char *name, const char *filter)
{
  return (struct sl_saved){ .name = sl_str(name), .resource = SL_STR("runs"), .scope = SL_STR("cancer"), .filter = sl_str(filter),
                            .sort = SL_STR("-metrics.\"val auc\""), .columns = SL_STR("name,metrics.*") };
}

static void come_back(void **state)
{
  struct sl_saved_set *set = NULL;
  const struct sl_saved *got = NULL;
  struct sl_err err = { 0 };
  struct sl_saved a = view("best", "metrics.auc > 0.9 and name != 'x\"y'"), b = view("b-2", ""), again = view("best", "state = ok");
  (void)state;
  assert_int_equal(sl_saved_load(&set, dir, &err), SL_OK);
  assert_int_equal(sl_saved_count(set), 0);
  sl_saved_free(set);
  assert_int_equal(sl_saved_put(dir, &a, &err), SL_OK);
  assert_int_equal(sl_saved_put(dir, &b, &err), SL_OK);
  assert_int_equal(sl_saved_load(&set, dir, &err), SL_OK);
  assert_int_equal(sl_saved_count(set), 2);
  assert_int_equal(sl_saved_find(set, SL_STR("runs"), SL_STR("best"), &got, &err), SL_OK);
  assert_true(sl_str_eq(got->filter, a.filter) && sl_str_eq(got->sort, a.sort) && sl_str_eq(got->columns, a.columns));
  assert_true(sl_str_eq(got->scope, a.scope));
  assert_int_equal(sl_saved_find(set, SL_STR("models"), SL_STR("best"), &got, &err), SL_ENOENT);
  assert_int_equal(sl_saved_find(set, SL_STR("runs"), SL_STR("worst"), &got, &err), SL_ENOENT);
  assert_non_null(strstr(err.msg, "b-2, best"));
  sl_saved_free(set);
  assert_int_equal(sl_saved_put(dir, &again, &err), SL_OK);
  assert_int_equal(sl_saved_drop(dir, SL_STR("runs"), SL_STR("b-2"), &err), SL_OK);
  assert_int_equal(sl_saved_drop(dir, SL_STR("runs"), SL_STR("b-2"), &err), SL_ENOENT);
  assert_int_equal(sl_saved_load(&set, dir, &err), SL_OK);
  assert_int_equal(sl_saved_count(set), 1);
  assert_true(sl_str_eqz(sl_saved_at(set, 0)->filter, "state = ok"));
  sl_saved_free(set);
}

static void names(void **state)
{
  static const char *const bad[] = { "", "a b", "../x", "a/b", "\x1b[31m", "b\xc3\xa4r", "@x",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };
  struct sl_err err = { 0 };
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct sl_saved v = view(bad[i], "");
    assert_int_equal(sl_saved_put(dir, &v, &err), SL_EUSAGE);
  }
}

/* A damaged file stays as it is: saving does not make the damage final. */
static void damaged(void **state)
{
  static const char *const files[] = { "{}", "[", "[{\"name\":\"../x\",\"resource\":\"runs\"}]", "[{\"name\":\"x\"}]", "[1]",
    "[{\"name\":\"x\",\"resource\":\"Runs;\"}]" };
  struct sl_err err = { 0 };
  struct sl_saved_set *set = NULL;
  struct sl_saved v = view("ok", "");
  char *path = sl_path_join(dir, "views.json");
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct sl_buf b;
    assert_int_equal(sl_file_write(path, sl_str(files[i]), 0600, &err), SL_OK);
    assert_int_equal(sl_saved_load(&set, dir, &err), SL_EPARSE);
    assert_int_equal(sl_saved_put(dir, &v, &err), SL_EPARSE);
    sl_buf_init(&b, 1 << 16);
    assert_int_equal(sl_file_read(&b, path, 4096, &err), SL_OK);
    assert_true(sl_str_eqz(sl_buf_view(&b), files[i]));
    sl_buf_free(&b);
  }
  sl_free(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(come_back, setup, teardown), cmocka_unit_test_setup_teardown(names, setup, teardown),
    cmocka_unit_test_setup_teardown(damaged, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
