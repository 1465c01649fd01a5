/* tests/unit/ui_keys.c: names of keys both ways, the live table, collisions, and what a person may change. */
#include "base/yaml.h"
#include "ui/keys.h"
#include "ui_test.h"

static void names_round_trip(void **state)
{
  (void)state;
  struct sl_buf b;
  int tried = 0;
  sl_buf_init(&b, 64);
  for (int alt = 0; alt < 2; alt++)
    for (int key = 1; key <= SL_KEY_F12; key++) {
      bool real = (key < 32 || (key > 32 && key < 127) || (key >= 0xa1 && key < 0x250) || key >= SL_KEY_UP) && key != SL_KEY_RESIZE &&
        key != SL_KEY_PASTE;
      int back = 0, want = key | (alt ? SL_KEY_ALT : 0);
      if (!real || (key >= 0x250 && key < SL_KEY_UP))
        continue;
      sl_buf_clear(&b);
      sl_key_name(want, &b);
      if (!sl_key_parse(sl_buf_view(&b), &back) || back != want)
        fail_msg("key %d is `%s`, read back as %d", want, sl_buf_zstr(&b), back);
      tried++;
    }
  assert_true(tried > 1000);
  sl_buf_free(&b);
}

static void names_people_write(void **state)
{
  (void)state;
  static const struct { const char *name; int key; } good[] = {
    {"x", 'x'}, {"X", 'X'}, {":", ':'}, {"Enter", '\r'}, {"enter", '\r'}, {"pgdn", SL_KEY_PGDN}, {"F5", SL_KEY_F1 + 4},
    {"F12", SL_KEY_F12},
    {"Ctrl-L", 12}, {"Ctrl-l", 12}, {"Alt-x", 'x' | SL_KEY_ALT}, {"Alt-Enter", '\r' | SL_KEY_ALT}, {"é", 0xe9}, {"Space", ' '}};
  static const char *const bad[] = {"", "xy", "F0", "F13", "Ctrl-", "Ctrl-1", "Ctrl-LL", "Alt-", "Hyper-x", "\xff", "\x01", "\x7f",
    "Enterr"};
  for (size_t i = 0; i < LEN(good); i++) {
    int key = 0;
    assert_true(sl_key_parse(sl_str(good[i].name), &key));
    assert_int_equal(key, good[i].key);
  }
  for (size_t i = 0; i < LEN(bad); i++) {
    int key = 0;
    if (sl_key_parse(sl_str(bad[i]), &key))
      fail_msg("`%s` was taken for key %d", bad[i], key);
  }
}

static const struct sl_bind lake[] = {{"preview", "v", "show rows"}, {"by-day", "b Alt-b", "by day"}};

static struct sl_keymap *keymap(void)
{
  struct sl_keymap *m;
  struct sl_err err = {0};
  assert_int_equal(sl_keymap_open(&m, &err), SL_OK);
  if (sl_keymap_add(m, "global", sl_global_binds, sl_global_nbinds, &err) || sl_keymap_add(m, "lake", lake, LEN(lake), &err))
    fail_msg("%s", err.msg);
  return m;
}

static void expect_keys(const struct sl_keymap *m, const char *where, const char *command, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 256);
  sl_keymap_keys(m, where, command, &b);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void finds_commands(void **state)
{
  (void)state;
  struct sl_keymap *m = keymap();
  assert_string_equal(sl_keymap_find(m, "lake", 'v'), "preview");
  assert_string_equal(sl_keymap_find(m, "lake", 'b' | SL_KEY_ALT), "by-day");
  assert_string_equal(sl_keymap_find(m, "lake", 'j'), "down");
  assert_string_equal(sl_keymap_find(m, NULL, '/'), "filter");
  assert_null(sl_keymap_find(m, "other", 'v'));
  assert_null(sl_keymap_find(m, "lake", 0x6f22));
  expect_keys(m, "lake", "down", "j, Down");
  expect_keys(m, "lake", "by-day", "b, Alt-b");
  expect_keys(m, "lake", "nosuch", "");
  sl_keymap_free(m);
}

static void every_global_key_has_help_and_one_meaning(void **state)
{
  (void)state;
  struct sl_keymap *m = keymap();
  struct sl_buf b;
  struct sl_keyrow row;
  sl_buf_init(&b, 256);
  assert_int_equal(sl_keymap_rows(m), sl_global_nbinds + LEN(lake));
  for (size_t i = 0; i < sl_keymap_rows(m); i++) {
    assert_true(sl_keymap_row(m, i, &row, &b));
    assert_true(strlen(row.help) > 3 && row.keys.n > 0);
    assert_null(strstr(sl_buf_zstr(&b), "Ctrl-A"));
    assert_null(strstr(sl_buf_zstr(&b), "Ctrl-B"));
  }
  assert_false(sl_keymap_row(m, sl_keymap_rows(m), &row, &b));
  sl_buf_free(&b);
  sl_keymap_free(m);
}

static void collisions_are_named(void **state)
{
  (void)state;
  static const struct { struct sl_bind bind[2]; size_t n; const char *says; } bad[] = {
    {{{"a", "j", "x"}}, 1, "key j of jobs.a is global.down already"},
    {{{"a", "t", "x"}, {"b", "i t", "x"}}, 2, "key t of jobs.b is jobs.a already"},
    {{{"a", "t", "x"}, {"a", "i", "x"}}, 2, "jobs.a is bound twice"},
    {{{"a", "Ctrl-A", "x"}}, 1, "screen and tmux"}, {{{"a", "Ctrl-B", "x"}}, 1, "screen and tmux"},
    {{{"a", "Hyper-x", "x"}}, 1, "`Hyper-x` is no key"}, {{{"a", "1 2 3 4 5 6 7", "x"}}, 1, "at most 6"}};
  for (size_t i = 0; i < LEN(bad); i++) {
    struct sl_keymap *m = keymap();
    struct sl_err err = {0};
    assert_int_equal(sl_keymap_add(m, "jobs", bad[i].bind, bad[i].n, &err), SL_ECONFIG);
    if (!strstr(err.msg, bad[i].says))
      fail_msg("%zu: %s", i, err.msg);
    sl_keymap_free(m);
  }
}

static int person(struct sl_keymap *m, const char *yaml, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  memset(err, 0, sizeof *err);
  assert_int_equal(sl_yaml_parse(&y, sl_str(yaml), "config.yaml", err), SL_OK);
  int rc = sl_keymap_person(m, y, sl_yaml_get(sl_yaml_root(y), "keys"), err);
  sl_yaml_free(y);
  return rc;
}

static void a_person_rebinds(void **state)
{
  (void)state;
  struct sl_keymap *m = keymap();
  struct sl_err err;
  assert_int_equal(person(m, "me: x\n", &err), SL_OK);
  assert_int_equal(person(m, "keys: {global: {filter: \"| Ctrl-O\"}, lake: {preview: p}}\n", &err), SL_OK);
  assert_string_equal(sl_keymap_find(m, NULL, '|'), "filter");
  assert_string_equal(sl_keymap_find(m, NULL, 15), "filter");
  assert_null(sl_keymap_find(m, NULL, '/'));
  assert_string_equal(sl_keymap_find(m, "lake", 'p'), "preview");
  assert_int_equal(person(m, "keys: {global: {down: k, up: j}}\n", &err), SL_OK); /* a swap */
  assert_string_equal(sl_keymap_find(m, NULL, 'k'), "down");
  assert_string_equal(sl_keymap_find(m, NULL, 'j'), "up");
  assert_int_equal(person(m, "keys: {lake: {preview: b, by-day: p}}\n", &err), SL_OK);
  assert_string_equal(sl_keymap_find(m, "lake", 'b'), "preview");
  assert_int_equal(person(m, "keys: {global: {mark: \"\"}}\n", &err), SL_OK); /* unbound */
  assert_null(sl_keymap_find(m, NULL, ' '));
  sl_keymap_free(m);
}

static void a_persons_mistakes(void **state)
{
  (void)state;
  static const struct { const char *yaml, *says; } bad[] = {
    {"keys: [a]\n", "config.yaml:1:7"}, {"keys: {lake: v}\n", "config.yaml:1"},
    {"keys: {global: {fliter: x}}\n", "no command `fliter`"}, {"keys: {moon: {preview: x}}\n", "config.yaml:1"},
    {"keys: {global: {filter: Hyper-x}}\n", "`Hyper-x` is no key"}, {"keys: {global: {filter: Ctrl-A}}\n", "tmux"},
    {"keys: {global: {filter: j}}\n", "is global.down already"}, {"keys: {lake: {preview: j}}\n", "is global.down already"},
    {"keys: {global: {filter: v}}\n", "is lake.preview already"}, /* a global key means the same in every view */
    {"keys: {global: {filter: [x]}}\n", "config.yaml:1:25"}};
  for (size_t i = 0; i < LEN(bad); i++) {
    struct sl_keymap *m = keymap();
    struct sl_err err;
    int rc = person(m, bad[i].yaml, &err);
    if (rc != SL_ECONFIG || !strstr(err.msg, bad[i].says))
      fail_msg("%s gives %d: %s", bad[i].yaml, rc, err.msg);
    sl_keymap_free(m);
  }
}

static void moves_stay_within(void **state)
{
  (void)state;
  static const struct { const char *command; uint64_t at, n, to; } moves[] = {
    {"down", 0, 3, 1}, {"down", 2, 3, 2}, {"up", 2, 3, 1}, {"up", 0, 3, 0}, {"page-down", 0, 30, 7}, {"page-down", 25, 30, 29},
    {"page-up", 25, 30, 18}, {"page-up", 3, 30, 0}, {"first", 25, 30, 0}, {"last", 0, 30, 29}, {"down", 0, 0, 0}, {"last", 5, 0, 0},
    {"down", 9, 3, 2}, {"up", 9, 3, 2}, {"last", 0, UINT64_C(1) << 61, (UINT64_C(1) << 61) - 1}};
  int64_t by;
  for (size_t i = 0; i < LEN(moves); i++) {
    assert_true(sl_move_by(moves[i].command, 7, &by));
    assert_int_equal(sl_move_to(moves[i].at, moves[i].n, by), moves[i].to);
  }
  assert_true(sl_move_by("page-down", 0, &by) && by == 1);
  assert_false(sl_move_by("enter", 7, &by));
}

static bool is_odd(const void *user, uint64_t i) { return (void)user, i % 2; }
static bool is_none(const void *user, uint64_t i) { return (void)user, (void)i, false; }

static void moves_over_what_it_cannot_stand_on(void **state)
{
  (void)state;
  static const struct { uint64_t at, n; int64_t by; uint64_t to; } moves[] = {
    {1, 10, 1, 3}, {1, 10, 3, 7}, {1, 10, 99, 9}, {9, 10, -1, 7}, {9, 10, -99, 1}, {1, 10, -1, 1}, {9, 10, 1, 9}, {9, 11, 1, 9},
    {0, 10, 1, 1}, {4, 10, -2, 1}, {3, 10, 0, 3}, {5, 3, 1, 2}, {0, 0, 1, 0}, {1, 10, INT64_MAX / 4, 9}, {9, 10, -(INT64_MAX / 4), 1}};
  for (size_t i = 0; i < LEN(moves); i++)
    assert_int_equal(sl_move_over(moves[i].at, moves[i].n, moves[i].by, is_odd, NULL), moves[i].to);
  assert_int_equal(sl_move_over(4, 10, 3, is_none, NULL), 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(moves_stay_within), cmocka_unit_test(moves_over_what_it_cannot_stand_on),
    cmocka_unit_test(names_round_trip), cmocka_unit_test(names_people_write), cmocka_unit_test(finds_commands),
    cmocka_unit_test(every_global_key_has_help_and_one_meaning), cmocka_unit_test(collisions_are_named), cmocka_unit_test(a_person_rebinds),
    cmocka_unit_test(a_persons_mistakes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
