/* tests/unit/ui_grid.c: drawing into cells: widths, clipping, halves of wide characters, and that nothing hostile gets through. */
#include "ui/grid.h"
#include "ui_test.h"

static void puts_and_cuts(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(10, 4);
  assert_int_equal(sl_grid_putz(&g, 0, 0, 10, SL_ROLE_text, "hello"), 5);
  assert_int_equal(sl_grid_putz(&g, 7, 0, 10, SL_ROLE_text, "world"), 3);
  assert_int_equal(sl_grid_putz(&g, 0, 1, 4, SL_ROLE_bad, "failed"), 4);
  assert_int_equal(sl_grid_right(&g, 0, 2, 10, SL_ROLE_text, SL_STR("42")), 10);
  assert_int_equal(sl_grid_keep(&g, 0, 3, 8, SL_ROLE_text, SL_STR("1f0c2a3b4c5d9e"), SL_KEEP_ENDS), 8);
  expect_picture(&g, "hello  wo…\nfai…\n        42\n1f0c…d9e\n");
  assert_int_equal(sl_grid_putz(&g, 0, 9, 4, SL_ROLE_text, "x"), 0);
  assert_int_equal(sl_grid_putz(&g, 10, 0, 4, SL_ROLE_text, "x"), 0);
  assert_int_equal(sl_grid_putz(&g, 0, 0, 0, SL_ROLE_text, "x"), 0);
  sl_grid_printf(&g, 0, -1, 4, SL_ROLE_text, "%d", 1);
  sl_grid_cell(&g, -3, 2, SL_ROLE_text, "x");
  sl_grid_over(&g, (struct sl_rect){-5, -5, 100, 100}, SL_ROLE_cursor);
  sl_grid_clear(&g, (struct sl_rect){-5, -5, 100, 100});
  expect_picture(&g, "\n");
  sl_grid_free(&g);
}

static void sizes_are_clamped(void **state)
{
  (void)state;
  struct sl_grid g;
  assert_int_equal(sl_grid_init(&g, -4, 0, NULL), SL_OK);
  assert_int_equal(g.w * 1000 + g.h, 1001);
  sl_grid_free(&g);
  assert_int_equal(sl_grid_init(&g, 1 << 30, 1 << 30, NULL), SL_OK);
  assert_int_equal(g.w * 1000 + g.h, 1000500);
  sl_grid_free(&g);
}

static void wide_characters(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(6, 3);
  assert_int_equal(sl_grid_putz(&g, 0, 0, 6, SL_ROLE_text, "漢字a"), 5);
  assert_int_equal(sl_grid_putz(&g, 0, 1, 6, SL_ROLE_text, "a漢字漢"), 6); /* the last does not fit beside the ellipsis */
  sl_grid_cell(&g, 5, 2, SL_ROLE_text, "漢");                               /* half out of the grid: nothing */
  expect_picture(&g, "漢字a\na漢字…\n");
  grid_is_clean(&g);
  sl_grid_cell(&g, 1, 0, SL_ROLE_text, "x"); /* on a right half */
  sl_grid_cell(&g, 2, 0, SL_ROLE_text, "y"); /* on a left half */
  expect_picture(&g, " xy a\na漢字…\n");
  grid_is_clean(&g);
  sl_grid_clear(&g, (struct sl_rect){2, 1, 1, 1});
  grid_is_clean(&g);
  sl_grid_cell(&g, 2, 0, SL_ROLE_text, "漢");
  sl_grid_cell(&g, 1, 0, SL_ROLE_text, "字"); /* over a left half, from the left */
  grid_is_clean(&g);
  sl_grid_free(&g);
}

static void roles_and_overlays(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(8, 2);
  sl_grid_putz(&g, 0, 0, 3, SL_ROLE_bad, "x");
  sl_grid_putz(&g, 2, 0, 6, SL_ROLE_text, "failed");
  sl_grid_over(&g, (struct sl_rect){0, 1, 8, 1}, SL_ROLE_cursor);
  sl_grid_putz(&g, 0, 1, 8, SL_ROLE_ok, "ab"); /* drawing takes the overlay off */
  expect_roles(&g, "{bad:x} failed\n{ok:ab}{cursor:      }\n");
  for (int i = 0; i < SL_ROLE_N; i++)
    assert_true(strlen(sl_role_name((enum sl_role)i)) > 0);
  assert_string_equal(sl_role_name((enum sl_role)999), "?");
  sl_grid_free(&g);
}

static void boxes(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(14, 3);
  sl_grid_box(&g, (struct sl_rect){0, 0, 14, 3}, SL_ROLE_border, "title\033[2J");
  expect_picture(&g, "┌ title^[[… ─┐\n│            │\n└────────────┘\n");
  sl_grid_glyphs(SL_GLYPH_ASCII);
  sl_grid_box(&g, (struct sl_rect){0, 0, 14, 3}, SL_ROLE_border, "a long title here");
  expect_picture(&g, "+ a long... -+\n|            |\n+------------+\n");
  sl_grid_glyphs(SL_GLYPH_BRAILLE);
  sl_grid_free(&g);
}

static void states_have_glyph_and_role(void **state)
{
  (void)state;
  static const struct { const char *word, *glyph, *ascii; enum sl_role role; } looks[] = {
    {"failed", "✗", "x", SL_ROLE_bad}, {"ok", "✓", "+", SL_ROLE_ok}, {"late", "▲", "^", SL_ROLE_warn}, {"waiting", "●", "o", SL_ROLE_wait},
    {"unknown", "?", "?", SL_ROLE_unknown}, {"running", "▶", ">", SL_ROLE_run}, {"\033[2J", "·", ".", SL_ROLE_text}};
  for (size_t i = 0; i < LEN(looks); i++) {
    const char *glyph;
    enum sl_role role;
    sl_state_look(sl_str(looks[i].word), &glyph, &role);
    assert_string_equal(glyph, looks[i].glyph);
    assert_int_equal(role, looks[i].role);
    sl_grid_glyphs(SL_GLYPH_ASCII);
    sl_state_look(sl_str(looks[i].word), &glyph, &role);
    assert_string_equal(glyph, looks[i].ascii);
    sl_grid_glyphs(SL_GLYPH_BRAILLE);
  }
}

static void hostile_text_is_harmless(void **state)
{
  (void)state;
  struct sl_buf flood;
  sl_buf_init(&flood, 4 << 20);
  sl_buf_z(&flood, "Z");
  for (int i = 0; i < 10000; i++)
    sl_buf_u8(&flood, 0x301);
  for (int w = 1; w <= 33; w += 4)
    for (int x = -2; x < w; x += 5)
      for (size_t i = 0; i <= LEN(hostile); i++) {
        struct sl_grid g = grid_new(w + 2, 4);
        struct sl_str s = i < LEN(hostile) ? sl_strn(hostile[i].p, hostile[i].n) : sl_buf_view(&flood);
        int used = sl_grid_put(&g, x, 0, w - x, SL_ROLE_text, s);
        assert_true(used <= w - x);
        sl_grid_right(&g, x, 1, w - x, SL_ROLE_text, s);
        sl_grid_keep(&g, x, 2, w - x, SL_ROLE_text, s, SL_KEEP_ENDS);
        sl_grid_keep(&g, x, 3, w - x, SL_ROLE_text, s, SL_KEEP_TAIL);
        grid_is_clean(&g);
        for (int y = 0; y < 4; y++) /* nothing behind its end */
          for (int k = w; k < w + 2; k++)
            assert_string_equal(g.cell[y * (w + 2) + k].t, " ");
        sl_grid_free(&g);
      }
  sl_buf_free(&flood);
}

/* Nothing of a hostile text vanishes without a trace: what is no plain text is drawn as an escape. */
static void evidence_stays(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(60, 4);
  sl_grid_put(&g, 0, 0, 60, SL_ROLE_text, SL_STR("delete prod\rdelete test"));
  sl_grid_put(&g, 0, 1, 60, SL_ROLE_text, SL_STR("user\xe2\x80\xae" "nimda\xe2\x80\x8b"));
  sl_grid_put(&g, 0, 2, 60, SL_ROLE_text, SL_STR("\xcc\x81x a\0b \xff"));
  expect_roles(&g, "delete prod{escape:^M}delete test\nuser{escape:<U+202E>}nimda{escape:<U+200B>}\n"
                   "{escape:◌\xcc\x81}x a{escape:^@}b {escape:\\xFF}\n");
  sl_grid_free(&g);
}

static void ten_megabytes_cost_nothing(void **state)
{
  (void)state;
  enum { N = 10 << 20 };
  char *big = sl_alloc(N);
  struct sl_grid g = grid_new(20, 1);
  assert_non_null(big);
  memset(big, 'x', N);
  for (int i = 0; i < 2000; i++) {
    sl_grid_put(&g, 0, 0, 20, SL_ROLE_text, sl_strn(big, N));
    sl_grid_right(&g, 0, 0, 20, SL_ROLE_text, sl_strn(big, N));
  }
  expect_picture(&g, "xxxxxxxxxxxxxxxxxxx…\n");
  sl_free(big);
  sl_grid_free(&g);
}

static void wraps(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(12, 8);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){1, 0, 10, 3}, SL_ROLE_text, SL_STR("  one two three/four  five")), 3);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){1, 3, 10, 2}, SL_ROLE_text, SL_STR("aaaaaaaaaaaabbbbbbbbbbbbbbb")), 2);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){1, 5, 10, 2}, SL_ROLE_bad, SL_STR("漢字漢字漢字漢字")), 2);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){1, 7, 10, 2}, SL_ROLE_text, SL_STR("short")), 1);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){0, 0, 10, 0}, SL_ROLE_text, SL_STR("x")), 0);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){0, 0, 0, 3}, SL_ROLE_text, SL_STR("x")), 0);
  assert_int_equal(sl_grid_wrap(&g, (struct sl_rect){0, 0, 10, 3}, SL_ROLE_text, SL_STR("   ")), 0);
  expect_picture(&g, " one two\n three/\n four  five\n aaaaaaaaaa\n aabbbbbbb…\n 漢字漢\n 字漢字漢字\n short\n");
  for (size_t i = 0; i < LEN(hostile); i++)
    sl_grid_wrap(&g, (struct sl_rect){0, 0, 3, 8}, SL_ROLE_text, sl_strn(hostile[i].p, hostile[i].n));
  grid_is_clean(&g);
  sl_grid_free(&g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(puts_and_cuts), cmocka_unit_test(sizes_are_clamped), cmocka_unit_test(wide_characters),
    cmocka_unit_test(roles_and_overlays), cmocka_unit_test(boxes), cmocka_unit_test(states_have_glyph_and_role),
    cmocka_unit_test(hostile_text_is_harmless), cmocka_unit_test(evidence_stays), cmocka_unit_test(ten_megabytes_cost_nothing),
    cmocka_unit_test(wraps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
