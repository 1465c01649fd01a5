/* tests/unit/ui_textw.c: text by line numbers: what is asked of the source, wrapping, scrolling, searching, following. */
#include "ui/widgets.h"
#include "ui_view_stub.h"

/* A source of as many lines as one likes; it counts what it is asked. */
struct fake { uint64_t count, asked, hit; const char *const *lines; char text[64]; bool loading; };

static uint64_t fake_count(void *ctx) { return ((struct fake *)ctx)->count; }

static bool fake_line(void *ctx, uint64_t i, struct sl_str *out, enum sl_role *role)
{
  struct fake *f = ctx;
  f->asked++;
  assert_true(i < f->count);
  if (f->loading)
    return false;
  if (f->lines) {
    *out = sl_str(f->lines[i]);
  } else {
    snprintf(f->text, sizeof f->text, "%s %llu", f->hit && i == f->hit ? "Error" : "line", (unsigned long long)i);
    *out = sl_str(f->text);
  }
  *role = i == f->hit && f->hit ? SL_ROLE_bad : SL_ROLE_text;
  return true;
}

static struct sl_textw *text(struct fake *f)
{
  struct sl_textw *t;
  struct sl_text_source src = {f, fake_count, fake_line};
  assert_int_equal(sl_textw_open(&t, stub_view, &src, NULL), SL_OK);
  return t;
}

static void command(struct sl_textw *t, const char *words)
{
  struct sl_str rest = sl_str(words), w;
  while (sl_str_cut(&rest, ' ', &w)) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", SL_ARG(w));
    assert_int_equal(sl_textw_command(t, name), SL_HANDLED);
  }
}

static void draw(struct sl_textw *t, struct sl_grid *g)
{
  sl_grid_clear(g, sl_grid_all(g));
  sl_textw_draw(t, g, sl_grid_all(g));
}

static void a_billion_lines(void **state)
{
  (void)state;
  struct fake f = {.count = 1000000000};
  struct sl_grid g = grid_new(20, 4);
  struct sl_textw *t = text(&f);
  draw(t, &g);
  expect_picture(&g, "line 0\nline 1\nline 2\nline 3\n");
  assert_int_equal(f.asked, 4);
  command(t, "last");
  draw(t, &g);
  expect_picture(&g, "line 999999996\nline 999999997\nline 999999998\nline 999999999\n");
  command(t, "page-up goto-line");
  stub_type("500000001");
  command(t, "line-numbers");
  draw(t, &g);
  expect_picture(&g, " 500000001 line 500…\n 500000002 line 500…\n 500000003 line 500…\n 500000004 line 500…\n");
  command(t, "wrap");
  draw(t, &g);
  command(t, "last");
  draw(t, &g);
  command(t, "page-up page-up down up first page-down");
  draw(t, &g);
  assert_true(f.asked < 200); /* only what is seen, whatever the size */
  assert_int_equal(sl_textw_command(t, "back"), SL_IGNORED);
  sl_textw_close(t);
  sl_grid_free(&g);
}

static void search_runs_in_slices(void **state)
{
  (void)state;
  struct fake f = {.count = 1000000000, .hit = 70000};
  struct sl_grid g = grid_new(30, 8);
  struct sl_textw *t = text(&f);
  draw(t, &g);
  command(t, "find");
  stub_type("error");
  int paints = 0;
  for (; sl_textw_searching(t); paints++) {
    uint64_t before = f.asked;
    int dirty = stub.dirty;
    draw(t, &g);
    assert_true(f.asked - before <= 20000 + 8);
    assert_true(stub.dirty > dirty || !sl_textw_searching(t)); /* it wants to go on */
  }
  assert_int_equal(paints, 4);
  uint64_t at;
  assert_true(sl_textw_match(t, &at));
  assert_int_equal(at, 70000);
  assert_int_equal(sl_textw_top(t), 69998);
  draw(t, &g);
  struct sl_buf b;
  picture(&g, true, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "{match:Error}{bad: 70000}"));
  sl_buf_free(&b);
  command(t, "find-next");
  draw(t, &g);
  assert_true(sl_textw_searching(t));
  command(t, "back"); /* Esc stops it */
  assert_false(sl_textw_searching(t));
  command(t, "back"); /* and again forgets what was searched */
  assert_int_equal(sl_textw_command(t, "back"), SL_IGNORED);
  sl_textw_close(t);
  sl_grid_free(&g);
}

static const char *const few[] = {"alpha beta", "gamma", "beta BETA", "delta", "a rather long line with beta at its end: beta"};

static void search_both_ways(void **state)
{
  (void)state;
  struct fake f = {.count = LEN(few), .lines = few};
  struct sl_grid g = grid_new(20, 2);
  struct sl_textw *t = text(&f);
  uint64_t at;
  draw(t, &g);
  static const struct { const char *cmd; uint64_t line; } way[] = {
    {NULL, 0}, {"find-next", 2}, {"find-next", 4}, {"find-next", 0}, {"find-prev", 4}, {"find-prev", 2}};
  sl_textw_find(t, SL_STR("beta"), true);
  for (size_t i = 0; i < LEN(way); i++) {
    if (way[i].cmd)
      command(t, way[i].cmd);
    draw(t, &g);
    assert_true(sl_textw_match(t, &at));
    assert_int_equal(at, way[i].line);
    assert_true(sl_textw_top(t) <= at && at < sl_textw_top(t) + 2);
  }
  expect_roles(&g, "{match:beta} {match:BETA}\ndelta\n");
  sl_textw_find(t, SL_STR("BETA"), true); /* a capital: case counts */
  draw(t, &g);
  expect_roles(&g, "beta {match:BETA}\ndelta\n");
  sl_textw_find(t, SL_STR("nowhere"), true);
  draw(t, &g);
  assert_string_equal(stub.said, "not found: nowhere");
  sl_textw_find(t, SL_STR("end: beta"), true); /* scrolls sideways to it */
  draw(t, &g);
  draw(t, &g);
  struct sl_buf b;
  picture(&g, true, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "{match:end: beta}"));
  sl_buf_free(&b);
  sl_textw_close(t);
  sl_grid_free(&g);
}

static void wraps_and_scrolls(void **state)
{
  (void)state;
  static const char *const lines[] = {"0123456789abcdefghij", "漢字漢字漢字", "", "a\tb\tc", "end"};
  struct fake f = {.count = LEN(lines), .lines = lines};
  struct sl_grid g = grid_new(9, 5);
  struct sl_textw *t = text(&f);
  draw(t, &g);
  expect_picture(&g, "01234567…\n漢字漢字…\n\na       …\nend\n");
  command(t, "right");
  draw(t, &g);
  expect_picture(&g, "89abcdef…\n漢字\n\nb       c\n");
  command(t, "left wrap");
  draw(t, &g);
  expect_picture(&g, "012345678\n9abcdefgh\nij\n漢字漢字\n漢字\n");
  command(t, "down down");
  draw(t, &g);
  expect_picture(&g, "ij\n漢字漢字\n漢字\n\na       b\n");
  command(t, "up");
  draw(t, &g);
  expect_picture(&g, "9abcdefgh\nij\n漢字漢字\n漢字\n");
  command(t, "last");
  draw(t, &g);
  expect_picture(&g, "漢字\n\na       b\n        c\nend\n");
  command(t, "up up up up up up up up up");
  assert_int_equal(sl_textw_top(t), 0);
  sl_textw_close(t);
  sl_grid_free(&g);
}

static void follows_the_end(void **state)
{
  (void)state;
  struct fake f = {.count = 10};
  struct sl_grid g = grid_new(12, 3);
  struct sl_textw *t = text(&f);
  command(t, "last");
  draw(t, &g);
  expect_picture(&g, "line 7\nline 8\nline 9\n");
  f.count = 12;
  int dirty = stub.dirty;
  sl_textw_changed(t);
  assert_true(stub.dirty > dirty);
  draw(t, &g);
  expect_picture(&g, "line 9\nline 10\nline 11\n");
  command(t, "up");
  assert_false(sl_textw_following(t));
  f.count = 20;
  draw(t, &g);
  expect_picture(&g, "line 8\nline 9\nline 10\n");
  f.count = 2; /* a ring that forgot, or another text */
  draw(t, &g);
  expect_picture(&g, "line 1\n");
  f.count = 0;
  draw(t, &g);
  expect_picture(&g, "\n");
  command(t, "down last up page-down");
  sl_textw_close(t);
  sl_grid_free(&g);
}

static void waits_for_lines(void **state)
{
  (void)state;
  struct fake f = {.count = 3, .loading = true};
  struct sl_grid g = grid_new(12, 3);
  struct sl_textw *t = text(&f);
  sl_textw_find(t, SL_STR("line 2"), true);
  draw(t, &g);
  expect_picture(&g, "·\n·\n·\n");
  assert_true(sl_textw_searching(t));
  f.loading = false;
  sl_textw_changed(t);
  draw(t, &g);
  assert_false(sl_textw_searching(t));
  expect_picture(&g, "line 0\nline 1\nline 2\n");
  sl_textw_close(t);
  sl_grid_free(&g);
}

static void ten_megabytes_in_a_line(void **state)
{
  (void)state;
  enum { N = 10 << 20 };
  char *big = sl_alloc(N + 1);
  assert_non_null(big);
  memset(big, 'x', N);
  big[N] = 0;
  memcpy(big + N - 6, "needle", 6);
  const char *lines[] = {"first", big, "last"};
  struct fake f = {.count = 3, .lines = lines};
  struct sl_grid g = grid_new(40, 10);
  struct sl_textw *t = text(&f);
  command(t, "wrap last");
  draw(t, &g);
  for (int i = 0; i < 50; i++) {
    command(t, "page-up");
    draw(t, &g);
  }
  sl_textw_find(t, SL_STR("needle"), true);
  draw(t, &g);
  draw(t, &g);
  struct sl_buf b;
  picture(&g, true, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "needle"));
  sl_buf_free(&b);
  sl_textw_close(t);
  sl_free(big);
  sl_grid_free(&g);
}

static void hostile_text_is_harmless(void **state)
{
  (void)state;
  for (int w = 3; w < 40; w += 9) {
    struct sl_grid g = grid_new(w, 12);
    for (size_t i = 0; i < LEN(hostile); i++) {
      const char *one[1];
      char z[128];
      snprintf(z, sizeof z, "%.*s", (int)hostile[i].n, hostile[i].p); /* to its NUL; the grid's own test has those */
      one[0] = z;
      struct fake f = {.count = 1, .lines = one};
      struct sl_textw *t = text(&f);
      sl_textw_find(t, SL_STR("e"), true);
      for (int k = 0; k < 3; k++) {
        draw(t, &g);
        grid_is_clean(&g);
        command(t, k ? "wrap" : "right");
      }
      sl_textw_close(t);
    }
    sl_grid_free(&g);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_billion_lines), cmocka_unit_test(search_runs_in_slices), cmocka_unit_test(search_both_ways),
    cmocka_unit_test(wraps_and_scrolls), cmocka_unit_test(follows_the_end), cmocka_unit_test(waits_for_lines),
    cmocka_unit_test(ten_megabytes_in_a_line), cmocka_unit_test(hostile_text_is_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
