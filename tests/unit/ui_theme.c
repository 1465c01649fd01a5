/* tests/unit/ui_theme.c: themes are read whole, told wrong by line, and can be read on the screen. */
#include "ui/theme.h"
#include "ui_test.h"

static int parse(struct sl_theme *t, const char *yaml, struct sl_err *err)
{
  memset(err, 0, sizeof *err);
  return sl_theme_parse(t, sl_str(yaml), "t.yaml", err);
}

static void looks_are_read(void **state)
{
  (void)state;
  struct sl_theme t;
  struct sl_err err;
  assert_int_equal(parse(&t, "name: x\nvariant: light\nroles: {bad: red bold, cursor: \"default on 236\", match: \"#102030 on bright-white "
    "underline reverse dim\"}\n", &err), SL_OK);
  assert_string_equal(t.name, "x");
  assert_true(t.light);
  assert_int_equal(t.look[SL_ROLE_bad].fg, 1);
  assert_int_equal(t.look[SL_ROLE_bad].bg, -1);
  assert_int_equal(t.look[SL_ROLE_bad].attr, SL_ATTR_BOLD);
  assert_int_equal(t.look[SL_ROLE_cursor].fg, -1);
  assert_int_equal(t.look[SL_ROLE_cursor].bg, 236);
  assert_int_equal(t.look[SL_ROLE_match].fg, 0x1102030);
  assert_int_equal(t.look[SL_ROLE_match].bg, 15);
  assert_int_equal(t.look[SL_ROLE_match].attr, SL_ATTR_DIM | SL_ATTR_UNDERLINE | SL_ATTR_REVERSE);
  assert_int_equal(t.look[SL_ROLE_header].attr, SL_ATTR_REVERSE); /* not mentioned: as in mono, so nothing becomes invisible */
}

static void mistakes_are_told(void **state)
{
  (void)state;
  static const struct { const char *yaml, *where, *what; } wrong[] = {
    {"roles: {bda: red}", "t.yaml:1:9", "did you mean bad"},
    {"roles:\n  bad: rde\n", "t.yaml:2:8", "a look is"},
    {"roles:\n  bad: 256\n", "t.yaml:2:8", "a look is"},
    {"roles:\n  bad: \"#12345\"\n", "t.yaml:2:8", "a look is"},
    {"roles:\n  bad: [red]\n", "t.yaml:2:8", "a look is"},
    {"name: x\n", "t.yaml:1:1", "roles"},
    {"palette: {base00: \"000000\"}\n", "t.yaml:1", "base01 is missing"},
    {"base00: \"zzzzzz\"\n", "t.yaml:1", "base00 is no colour"},
    {"- a\n", "t.yaml", "roles"}, {"", "t.yaml", "roles"}, {"roles: {bad: red", "t.yaml", ""},
  };
  for (size_t i = 0; i < LEN(wrong); i++) {
    struct sl_theme t;
    struct sl_err err;
    assert_true(parse(&t, wrong[i].yaml, &err) < 0);
    if (!strstr(err.msg, wrong[i].where) || !strstr(err.msg, wrong[i].what))
      print_error("%zu: %s\n", i, err.msg);
    assert_non_null(strstr(err.msg, wrong[i].where));
    assert_non_null(strstr(err.msg, wrong[i].what));
  }
}

static void found_by_name(void **state)
{
  (void)state;
  struct sl_theme t, mono;
  struct sl_err err = {0};
  const char *dir = SLUICE_SOURCE_DIR "/themes";
  assert_int_equal(sl_theme_find(&t, "high-contrast", dir, &err), SL_OK);
  assert_string_equal(t.name, "high-contrast");
  assert_int_equal(sl_theme_find(&t, "nosuch", dir, &err), SL_ENOENT);
  assert_non_null(strstr(err.msg, "nosuch"));
  assert_int_equal(sl_theme_find(&t, "..", dir, &err), SL_ECONFIG);
  assert_int_equal(sl_theme_find(&t, SLUICE_SOURCE_DIR "/themes/light.yaml", NULL, &err), SL_OK);
  assert_true(t.light);
  assert_int_equal(sl_theme_load(&t, SLUICE_SOURCE_DIR "/themes/mono.yaml", &err), SL_OK); /* the same as the one built in */
  sl_theme_mono(&mono);
  for (int i = 0; i < SL_ROLE_N; i++) {
    assert_int_equal(t.look[i].fg, -1);
    assert_int_equal(t.look[i].bg, -1);
    assert_int_equal(t.look[i].attr, mono.look[i].attr);
  }
}

static void contrast_is_wcags(void **state)
{
  (void)state;
  assert_float_equal(sl_color_contrast(0x1000000, 0x1ffffff), 21, 1e-9);
  assert_float_equal(sl_color_contrast(0x1777777, 0x1ffffff), 4.4776, 1e-3); /* the grey that just fails on white */
  assert_float_equal(sl_color_contrast(0x1767676, 0x1ffffff), 4.5423, 1e-3); /* and the one that just passes */
  assert_float_equal(sl_color_contrast(0x1ff0000, 0x1ff0000), 1, 1e-9);
  assert_float_equal(sl_color_contrast(-1, 0), 0, 0);
  assert_true(sl_color_contrast(sl_color_lift(0x1bf616a, 0x12b303b, 4.5), 0x12b303b) >= 4.5);
  assert_int_equal(sl_color_lift(0x1ffffff, 0x1000000, 4.5), 0x1ffffff);
  assert_int_equal(sl_color_lift(-1, 0, 4.5), -1);
}

/* Where both colours are known. A theme on the terminal's own background is for black (light: white); the sixteen names are the person's
 * own and unknown, unless one stands on another. */
static void text_can_be_read(void **state)
{
  (void)state;
  static const struct { const char *name; double ratio; int32_t own_bg; } themes[] = {
    {"default", 4.5, -1}, {"light", 4.5, 0x1ffffff}, {"high-contrast", 7, 0x1000000}, {"colour-blind-safe", 4.5, 0x1000000},
    {"mono", 4.5, -1}, {"base16-ocean", 4.5, 0x12b303b}};
  for (size_t k = 0; k < LEN(themes); k++) {
    struct sl_theme t;
    struct sl_err err = {0};
    char path[512];
    int known = 0;
    snprintf(path, sizeof path, "%s/themes/%s.yaml", SLUICE_SOURCE_DIR, themes[k].name);
    if (sl_theme_load(&t, path, &err))
      fail_msg("%s", err.msg);
    for (int i = 0; i < SL_ROLE_N; i++) {
      const struct sl_look *l = &t.look[i];
      int32_t bg = l->bg >= 0 ? l->bg : themes[k].own_bg;
      if (i == SL_ROLE_border || l->fg < 0 || bg < 0)
        continue;
      known++;
      double have = sl_color_contrast(l->fg, bg);
      if (have < themes[k].ratio)
        fail_msg("%s: %s is %.2f to 1, needs %.1f", themes[k].name, sl_role_name((enum sl_role)i), have, themes[k].ratio);
    }
    if (themes[k].own_bg >= 0)
      assert_true(known >= SL_ROLE_N - 4);
  }
}

/* What a glance must tell apart does not look alike: states, and the frame in a protected environment. */
static void states_differ(void **state)
{
  (void)state;
  static const char *const names[] = {"default", "light", "high-contrast", "colour-blind-safe", "base16-ocean"};
  static const enum sl_role differ[] = {SL_ROLE_ok, SL_ROLE_bad, SL_ROLE_warn, SL_ROLE_text};
  for (size_t k = 0; k < LEN(names); k++) {
    struct sl_theme t;
    assert_int_equal(sl_theme_find(&t, names[k], SLUICE_SOURCE_DIR "/themes", NULL), SL_OK);
    for (size_t i = 0; i < LEN(differ); i++)
      for (size_t j = 0; j < i; j++)
        assert_memory_not_equal(&t.look[differ[i]], &t.look[differ[j]], offsetof(struct sl_look, attr) + 1);
    assert_memory_not_equal(&t.look[SL_ROLE_header], &t.look[SL_ROLE_prod], offsetof(struct sl_look, attr) + 1);
  }
}

static void colours_degrade(void **state)
{
  (void)state;
  assert_int_equal(sl_color_degrade(-1, 8), -1);
  assert_int_equal(sl_color_degrade(3, 16), 3);
  assert_int_equal(sl_color_degrade(0x1ff0000, 256), 196);
  assert_int_equal(sl_color_degrade(0x1ff0000, 16), 9);
  assert_int_equal(sl_color_degrade(0x1000000, 8), 0);
  assert_int_equal(sl_color_degrade(255, 16), 7); /* grey 238 is nearer to 229 than to 255 */
  assert_int_equal(sl_color_degrade(12, 8), 4);
  for (int c = 0; c < 256; c++) {
    assert_in_range(sl_color_degrade(c, 16), 0, 15);
    assert_in_range(sl_color_degrade(c, 8), 0, 7);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(looks_are_read), cmocka_unit_test(mistakes_are_told), cmocka_unit_test(found_by_name),
    cmocka_unit_test(contrast_is_wcags), cmocka_unit_test(text_can_be_read), cmocka_unit_test(states_differ),
    cmocka_unit_test(colours_degrade),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
