/* tests/unit/views_keys.c: the keys of every view beside the global ones: no collision, each with help, each hint a command. */
#include "app/app.h"
#include "ui/keys.h"
#include "ui/widgets.h"
#include "ui_test.h"

static struct sl_keymap *all(void)
{
  struct sl_keymap *m;
  struct sl_err err = {0};
  assert_int_equal(sl_keymap_open(&m, &err), SL_OK);
  int rc = sl_keymap_add(m, "global", sl_global_binds, sl_global_nbinds, &err);
  for (const struct sl_view_ops *const *v = sl_views; *v && !rc; v++)
    rc = sl_keymap_add(m, (*v)->name, (*v)->binds, (*v)->nbinds, &err);
  if (rc)
    fail_msg("%s", err.msg);
  return m;
}

static void no_two_commands_share_a_key(void **state)
{
  (void)state;
  struct sl_keymap *m = all();
  struct sl_keyrow row;
  struct sl_buf b;
  sl_buf_init(&b, 256);
  assert_true(sl_keymap_rows(m) > sl_global_nbinds);
  for (size_t i = 0; sl_keymap_row(m, i, &row, &b); i++)
    if (!row.keys.n || strlen(row.help) < 4)
      fail_msg("%s.%s has no key or no help", row.where, row.command);
  sl_buf_free(&b);
  sl_keymap_free(m);
}

/* A Ctrl key never changes the world: views bind only plain keys and Alt, so that no terminal's own habit does harm. */
static void views_bind_no_control_keys_of_terminals(void **state)
{
  (void)state;
  struct sl_keymap *m = all();
  static const char theirs[] = "ABCDHIJMQSZ\\";
  for (const struct sl_view_ops *const *v = sl_views; *v; v++)
    for (const char *c = theirs; *c; c++) {
      const char *command = sl_keymap_find(m, (*v)->name, *c & 31), *global = sl_keymap_find(m, NULL, *c & 31);
      if (command && command != global)
        fail_msg("%s binds Ctrl-%c to %s", (*v)->name, *c, command);
    }
  sl_keymap_free(m);
}

static void every_hint_has_a_key(void **state)
{
  (void)state;
  struct sl_keymap *m = all();
  struct sl_buf b;
  sl_buf_init(&b, 256);
  for (const struct sl_view_ops *const *v = sl_views; *v; v++) {
    struct sl_str rest = sl_str((*v)->hints ? (*v)->hints : ""), word;
    assert_true((*v)->help && strlen((*v)->help) > 20 && (*v)->title && (*v)->draw && (*v)->cmdline);
    while (sl_str_cut(&rest, ' ', &word)) {
      char command[48];
      snprintf(command, sizeof command, "%.*s", (int)(sl_str_chr(word, '=') >= 0 ? sl_str_chr(word, '=') : (ptrdiff_t)word.n), word.p);
      sl_buf_clear(&b);
      sl_keymap_keys(m, (*v)->name, command, &b);
      if (!b.n)
        fail_msg("view %s hints at `%s`, which no key calls", (*v)->name, command);
    }
  }
  sl_buf_free(&b);
  sl_keymap_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_two_commands_share_a_key),
    cmocka_unit_test(views_bind_no_control_keys_of_terminals), cmocka_unit_test(every_hint_has_a_key)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
