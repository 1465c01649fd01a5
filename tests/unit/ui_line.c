/* tests/unit/ui_line.c: a line under edit: by characters, whatever is typed or pasted. */
#include "ui/ui_int.h" /* lint-ok: internal: prompts and editors stand on it, it has no public face */
#include "ui_test.h"

enum { A = 'A' & 31, E = 'E' & 31, W = 'W' & 31, U = 'U' & 31, K = 'K' & 31, D = 'D' & 31 };

static void keys(struct sl_line *l, const int *key, size_t n)
{
  for (size_t i = 0; i < n; i++)
    assert_true(sl_line_key(l, key[i]));
}
#define KEYS(l, ...) keys(l, (const int[]){__VA_ARGS__}, LEN(((const int[]){__VA_ARGS__})))

static void expect(const struct sl_line *l, const char *text, size_t at)
{
  assert_string_equal(sl_line_text(l), text);
  assert_int_equal(l->at, at);
}

static void edits(void **state)
{
  (void)state;
  struct sl_line l;
  sl_line_init(&l, "hello");
  expect(&l, "hello", 5);
  KEYS(&l, SL_KEY_HOME, 'X', SL_KEY_END, '!', SL_KEY_LEFT, SL_KEY_BACKSPACE);
  expect(&l, "Xhell!", 5);
  KEYS(&l, A, SL_KEY_DEL, D, E);
  expect(&l, "ell!", 4);
  KEYS(&l, ' ', 'w', 'o', ' ', W);
  expect(&l, "ell! ", 5);
  KEYS(&l, SL_KEY_LEFT, SL_KEY_LEFT, K);
  expect(&l, "ell", 3);
  KEYS(&l, SL_KEY_LEFT, U);
  expect(&l, "l", 0);
  KEYS(&l, SL_KEY_BACKSPACE, SL_KEY_LEFT, U, W, SL_KEY_RIGHT, SL_KEY_RIGHT, SL_KEY_DEL, K);
  expect(&l, "l", 1);
  sl_line_set(&l, SL_STR("new"));
  expect(&l, "new", 3);
  static const int not_editing[] = {SL_KEY_ENTER, SL_KEY_ESC, SL_KEY_TAB, SL_KEY_UP, SL_KEY_F1, SL_KEY_PGUP, 'x' | SL_KEY_ALT, 7};
  for (size_t i = 0; i < LEN(not_editing); i++)
    assert_false(sl_line_key(&l, not_editing[i]));
  expect(&l, "new", 3);
  sl_line_free(&l);
}

static void whole_characters(void **state)
{
  (void)state;
  struct sl_line l;
  sl_line_init(&l, NULL);
  KEYS(&l, 0xe9, 0x6f22, 0x1f600);
  expect(&l, "é漢😀", 9);
  KEYS(&l, SL_KEY_LEFT, SL_KEY_LEFT);
  assert_int_equal(l.at, 2);
  KEYS(&l, SL_KEY_DEL, SL_KEY_BACKSPACE);
  expect(&l, "😀", 0);
  assert_false(sl_line_key(&l, 0xd800)); /* no character */
  sl_line_free(&l);
}

static void paste_is_one_line(void **state)
{
  (void)state;
  struct sl_line l;
  sl_line_init(&l, "ab");
  KEYS(&l, SL_KEY_LEFT);
  sl_line_paste(&l, SL_STR("1\n2\t3\033[31m\x7f\r"));
  expect(&l, "a1 2 3[31mb", 10);
  sl_line_free(&l);
}

static void has_an_end(void **state)
{
  (void)state;
  struct sl_line l;
  sl_line_init(&l, "");
  for (int i = 0; i < SL_LINE_MAX * 2; i++)
    sl_line_key(&l, 'x');
  assert_true(strlen(sl_line_text(&l)) < SL_LINE_MAX);
  assert_true(strlen(sl_line_text(&l)) > SL_LINE_MAX - 8);
  KEYS(&l, U, 'y');
  expect(&l, "y", 1);
  sl_line_free(&l);
}

static void is_drawn_with_its_cursor(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(12, 1);
  struct sl_line l;
  sl_line_init(&l, "0123456789abcdef");
  sl_line_draw(&l, &g, 1, 0, 8);
  assert_true(g.cursor && g.cx <= 8 && g.cy == 0);
  struct sl_buf b;
  picture(&g, false, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "ef")); /* the end is in sight */
  sl_buf_free(&b);
  KEYS(&l, SL_KEY_HOME);
  sl_line_draw(&l, &g, 1, 0, 8);
  assert_int_equal(g.cx, 1);
  expect_picture(&g, " 0123456…\n");
  for (size_t i = 0; i < LEN(hostile); i++) {
    sl_line_set(&l, sl_strn(hostile[i].p, hostile[i].n));
    sl_line_draw(&l, &g, 1, 0, 8);
    grid_is_clean(&g);
    assert_in_range(g.cx, 1, 9);
  }
  sl_line_free(&l);
  sl_grid_free(&g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(edits), cmocka_unit_test(whole_characters), cmocka_unit_test(paste_is_one_line), cmocka_unit_test(has_an_end),
    cmocka_unit_test(is_drawn_with_its_cursor)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
