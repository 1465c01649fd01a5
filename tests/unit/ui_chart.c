/* tests/unit/ui_chart.c: charts as pictures at the three glyph levels; gaps, logarithms, ranges, hostile names, and half a thousand series
 * in under a second. */
#include <math.h>
#include <time.h>

#include "ui/widgets.h"
#include "ui_test.h"

enum { N = 200 };
static double steps[N], down[N], gap[N];

static int data(void **state)
{
  (void)state;
  for (int i = 0; i < N; i++) {
    steps[i] = i;
    down[i] = 0.1 + 0.6 * exp(-i / 30.0);
    gap[i] = i > 80 && i < 110 ? NAN : 0.2 + 0.4 * exp(-i / 60.0);
  }
  return 0;
}

static int braille(void **state)
{
  (void)state;
  sl_grid_glyphs(SL_GLYPH_BRAILLE);
  return 0;
}

static void lines_at(enum sl_glyphs level, const struct sl_chart_opts *o, const char *want)
{
  struct sl_grid g = grid_new(48, 9);
  const struct sl_series_line s[2] = {{steps, down, N, SL_ROLE_s1, "lgb-31"}, {steps, gap, N, SL_ROLE_s2, "xgb-6"}};
  sl_grid_glyphs(level);
  sl_chart_lines(&g, sl_grid_all(&g), s, 2, o);
  expect_picture(&g, want);
  sl_grid_free(&g);
}

static void lines(void **state)
{
  (void)state;
  const struct sl_chart_opts o = {.xlabel = "step", .ylabel = "val_logloss"};
  lines_at(SL_GLYPH_BRAILLE, &o,
    "val_logloss   ⠒⠒⠒⠒ lgb-31  ⠒⠒⠒  xgb-6\n"
    "    │⢣⡀\n"
    "0.6 ┤⠒⠱⡀\n"
    "    │  ⠙⣄⠢⢄⡀\n"
    "0.4 ┤   ⠈⠳⣄⠈⠙⠒⠦⢤⣀⡀\n"
    "    │     ⠈⠓⢤⡀   ⠉⠉⠓⠒⠢⠄\n"
    "0.2 ┤        ⠈⠓⠢⢤⣀⡀         ⠈⠈⠁⠉⠈⠃⠒⠐⠂⠒⠐⠂⠒⠰⠄⠤⠠⠄⠤⠠\n"
    "    │             ⠉⠉⠑⠒⠒⠲⠤⠤⠤⠤⠤⠤⣄⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
    "    └0───────────────────100─────────────── step\n");
  lines_at(SL_GLYPH_BLOCK, &o,
    "val_logloss   ▄▄▄▄ lgb-31  ▄▄▄  xgb-6\n"
    "    │▚\n"
    "0.6 ┤▜▜▖\n"
    "    │  ▀▄▚▄▖\n"
    "0.4 ┤   ▝▜▄▝▀▀▙▄▄▖\n"
    "    │     ▝▀▄▄   ▝▀▀▀▀▖     ▗\n"
    "0.2 ┤        ▝▀▜▄▄▄          ▝▘▀▝▘▀▝▘▀▝▘▀▝▘▀▝▘▚▗\n"
    "    │              ▀▀▀▀▀▀▜▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄\n"
    "    └0───────────────────100─────────────── step\n");
  lines_at(SL_GLYPH_ASCII, &o,
    "val_logloss   *** lgb-31  ooo xgb-6\n"
    "    |*\n"
    "0.6 +o**\n"
    "    |  **ooo\n"
    "0.4 +    **ooooooo\n"
    "    |      ****  oooooo     oooo\n"
    "0.2 +         ********         ooooooooooooooooo\n"
    "    |                ***************************\n"
    "    +0-------------------100--------------- step\n");
}

static void logarithms(void **state)
{
  (void)state;
  const struct sl_chart_opts o = {.logx = true, .logy = true};
  lines_at(SL_GLYPH_BRAILLE, &o,
    "⠒⠒⠒⠒ lgb-31  ⠒⠒⠒  xgb-6\n"
    "    │⠉⠉⠉⠉⠉⠉⠉⠑⠒⠒⠒⠒⠤⠤⠤⠤⣀⣀⢀⣀\n"
    "0.5 ┤                  ⠉⠉⠑⠒⠤⣀⡀⠒⠢⠤⢄⣀⡀\n"
    "    │                        ⠈⠑⠢⢄⡀ ⠉⠙⠒⠤⣄⡀\n"
    "    │                            ⠉⠲⣄       ⠦⢀⡀⡀\n"
    "0.2 ┤                               ⠙⠦⣀       ⠉⠈\n"
    "    │                                 ⠈⠓⢤⡀\n"
    "    │                                    ⠉⠓⠢⠤⣄⣀⣀\n"
    "    └1────────────────10─────────────────100────\n");
  lines_at(SL_GLYPH_ASCII, &o,
    "*** lgb-31  ooo xgb-6\n"
    "    |***************\n"
    "0.5 +          ooooo*********ooooo\n"
    "    |                       *****oooooooo\n"
    "    |                           *****   o ooooo\n"
    "0.2 +                               ***       oo\n"
    "    |                                 *****\n"
    "    |                                     ******\n"
    "    +1----------------10-----------------100----\n");
}

static void points(void **state)
{
  (void)state;
  static const double x[] = {1, 2, 3, 4, NAN, 6}, a[] = {1, 4, 9, 16, 25, 36}, b[] = {36, 25, 16, NAN, 4, 1};
  const struct sl_series_line s[2] = {{x, a, 6, SL_ROLE_s1, "a"}, {x, b, 6, SL_ROLE_s2, "b"}};
  const struct sl_chart_opts o = {.points = true};
  struct sl_grid g = grid_new(30, 7);
  sl_chart_lines(&g, sl_grid_all(&g), s, 2, &o);
  expect_picture(&g,
    "● a  ○ b\n"
    "   │○                        ●\n"
    "   │     ○\n"
    "20 ┤          ○    ●\n"
    "   │          ●\n"
    "   │●    ●                   ○\n"
    "   └────────────────────5─────\n");
  sl_grid_clear(&g, sl_grid_all(&g));
  sl_grid_glyphs(SL_GLYPH_ASCII);
  sl_chart_lines(&g, sl_grid_all(&g), s, 2, &o);
  expect_picture(&g,
    "* a  o b\n"
    "   |o                        *\n"
    "   |     o\n"
    "20 +          o    *\n"
    "   |          *\n"
    "   |*    *                   o\n"
    "   +--------------------5-----\n");
  sl_grid_free(&g);
}

/* Role and dash together: no two of 36 series look alike; in ASCII role and marker. */
static void series_differ(void **state)
{
  (void)state;
  static const double x[2] = {0, 1}, y[2] = {1, 1};
  const struct sl_chart_opts o = {.ymin = 0, .ymax = 2};
  char seen[36][1024];
  struct sl_series_line s[37];
  for (int level = SL_GLYPH_ASCII; level <= SL_GLYPH_BRAILLE; level++) {
    sl_grid_glyphs((enum sl_glyphs)level);
    for (int i = 0; i < 36; i++) {
      struct sl_grid g = grid_new(40, 4);
      struct sl_buf b;
      for (int k = 0; k < i; k++)
        s[k] = (struct sl_series_line){x, y, 0, SL_ROLE_s1, NULL};
      s[i] = (struct sl_series_line){x, y, 2, (enum sl_role)(SL_ROLE_s1 + i % 6), NULL};
      sl_chart_lines(&g, sl_grid_all(&g), s, (size_t)i + 1, &o);
      picture(&g, true, &b);
      assert_true(b.n < sizeof seen[0]);
      memcpy(seen[i], b.p, b.n + 1);
      for (int k = 0; k < i; k++)
        assert_string_not_equal(seen[k], seen[i]);
      sl_buf_free(&b);
      sl_grid_free(&g);
    }
  }
}

static void odd_data(void **state)
{
  (void)state;
  static const double x[] = {0, 1, 2, 3, 4}, same[] = {5, 5, 5, 5, 5}, none[] = {NAN, NAN, INFINITY, -INFINITY, NAN},
                      huge[] = {-1.7e308, 1.7e308, 0, 1e-308, -1e-308}, lone[] = {NAN, 1, NAN, 2, NAN}, minus[] = {-1, 0, -5, 0, -2};
  const double *const ys[] = {same, none, huge, lone, minus};
  struct sl_grid g = grid_new(40, 8);
  for (int logs = 0; logs < 4; logs++)
    for (size_t i = 0; i < LEN(ys); i++)
      for (int w = 1; w < 40; w += 3) {
        const struct sl_series_line s = {x, ys[i], 5, SL_ROLE_s1, "odd"};
        const struct sl_chart_opts o = {.logx = logs & 1, .logy = logs & 2, .xmin = NAN, .xmax = NAN};
        sl_grid_clear(&g, sl_grid_all(&g));
        sl_chart_lines(&g, (struct sl_rect){40 - w, 1, w, 1 + w / 6}, &s, 1, &o);
        grid_is_clean(&g);
      }
  sl_grid_clear(&g, sl_grid_all(&g));
  sl_chart_lines(&g, sl_grid_all(&g), &(struct sl_series_line){x, none, 5, SL_ROLE_s1, "none"}, 1, NULL);
  expect_picture(&g, "\n\n\n\n no values to draw\n");
  sl_grid_clear(&g, sl_grid_all(&g));
  sl_chart_lines(&g, (struct sl_rect){0, 0, 24, 4}, &(struct sl_series_line){x, lone, 5, SL_ROLE_s5, "lone"}, 1, NULL);
  expect_picture(&g,
    "2 ┤                    ⠈\n"
    "  │\n"
    "1 ┤⡀\n"
    "  └──────────2──────────\n"); /* a lone value between gaps is seen, whatever the dash */
  sl_grid_free(&g);
}

static void times_on_the_axis(void **state)
{
  (void)state;
  double t[100];
  const struct sl_show show = {0};
  for (int i = 0; i < 100; i++)
    t[i] = 1763704800000.0 + i * 600e3; /* 2025-11-21 06:00 */
  const struct sl_series_line s = {t, down, 100, SL_ROLE_s1, "cpu"};
  const struct sl_chart_opts o = {.xtime = &show};
  struct sl_grid g = grid_new(48, 5);
  sl_chart_lines(&g, sl_grid_all(&g), &s, 1, &o);
  expect_roles(&g,
    "    {border:│}{s1:⠑⠲⢄⡀}\n"
    "{dim:0.5} {border:┤}   {s1:⠈⠙⠒⠤⢄⡀}\n"
    "    {border:│}        {s1:⠈⠉⠑⠒⠢⠤⢄⣀⣀⡀}\n"
    "    {border:│}                 {s1:⠈⠉⠉⠉⠒⠒⠒⠒⠒⠦⠤⠤⠤⠤⠤⠤⠤⠤⣀⣀⣀⣀⣀⣀⣀⣀}\n"
    "    {border:└}{dim:06:00}{border:────────}{dim:12:00}{border:───────────}{dim:18:00}{border:─────────}\n");
  sl_grid_free(&g);
}

static void small_ones(void **state)
{
  (void)state;
  static const double jobs[24] = {0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, NAN, 2, 5, 5, 0, 0},
                      hist[12] = {1, 2, 4, 6, 8, 7, 5, 3, 2, 1, 1, 0.01}, share[8] = {0, 0.001, 0.17, 0.34, 0.5, 0.75, 2, NAN};
  static const char *const want[3] = {
    "__.__-__________#_ -==__      .-___#==\n"
    "\n"
    "|                       ##::\n"
    "##                    ######::\n"
    "###                 ##########::\n"
    "#####           ::################::::..\n"
    "########\n"
    "##########\n"
    "?\n",
    "▁▁▂▁▁▃▁▁▁▁▁▁▁▁▁▁█▁ ▃▅▅▁▁      ▂▃▁▁▁█▅▅\n"
    "\n"
    "▏                       ██▄▄\n"
    "█▊                    ██████▄▄\n"
    "███▍                ██████████▄▄\n"
    "█████           ▄▄████████████████▄▄▄▄▁▁\n"
    "███████▌\n"
    "██████████\n"
    "?\n",
    "▁▁▂▁▁▃▁▁▁▁▁▁▁▁▁▁█▁ ▃▅▅▁▁      ▂▃▁▁▁█▅▅\n"
    "\n"
    "▏                       ██▄▄\n"
    "█▊                    ██████▄▄\n"
    "███▍                ██████████▄▄\n"
    "█████           ▄▄████████████████▄▄▄▄▁▁\n"
    "███████▌\n"
    "██████████\n"
    "?\n"};
  for (int level = 0; level < 3; level++) {
    struct sl_grid g = grid_new(44, 9);
    sl_grid_glyphs((enum sl_glyphs)level);
    sl_chart_spark(&g, 0, 0, 24, SL_ROLE_s1, jobs, 24);
    sl_chart_spark(&g, 30, 0, 8, SL_ROLE_s1, jobs, 24);
    for (int i = 0; i < 8; i++)
      sl_chart_bar(&g, 0, 1 + i, 10, SL_ROLE_s1, share[i]);
    sl_chart_hist(&g, (struct sl_rect){16, 2, 24, 4}, SL_ROLE_s1, hist, 12);
    expect_picture(&g, want[level]);
    grid_is_clean(&g);
    sl_grid_free(&g);
  }
}

static void hostile_names(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(50, 8);
  for (size_t i = 0; i < LEN(hostile); i++) {
    char z[128];
    snprintf(z, sizeof z, "%.*s", (int)hostile[i].n, hostile[i].p);
    const struct sl_series_line s[2] = {{steps, down, N, SL_ROLE_s1, z}, {steps, gap, N, SL_ROLE_s2, z}};
    const struct sl_chart_opts o = {.xlabel = z, .ylabel = z};
    sl_grid_clear(&g, sl_grid_all(&g));
    sl_chart_lines(&g, (struct sl_rect){1, 0, 48, 8}, s, 2, &o);
    grid_is_clean(&g);
    for (int y = 0; y < 8; y++) { /* nothing beside the rectangle */
      assert_string_equal(g.cell[y * 50].t, " ");
      assert_string_equal(g.cell[y * 50 + 49].t, " ");
    }
  }
  sl_grid_free(&g);
}

/* 500 series of 10,000 points; and a single spike among a million is drawn. */
#ifdef __SANITIZE_THREAD__ /* which makes it several times slower */
enum { SECONDS = 10 };
#else
enum { SECONDS = 1 };
#endif

static void large_is_fast_and_keeps_peaks(void **state)
{
  (void)state;
  enum { S = 500, P = 10000, M = 1000000 };
  double *x = sl_alloc(M * sizeof *x), *y = sl_alloc((size_t)S * P * sizeof *y);
  static struct sl_series_line s[S];
  struct sl_grid g = grid_new(80, 24);
  assert_true(x && y);
  for (int i = 0; i < M; i++)
    x[i] = i;
  for (int k = 0; k < S; k++) {
    for (int i = 0; i < P; i++)
      y[k * P + i] = sin(i / 700.0 + k) + (i * 7919 % 97) / 970.0;
    s[k] = (struct sl_series_line){x, y + (size_t)k * P, P, (enum sl_role)(SL_ROLE_s1 + k % 6), "run"};
  }
  clock_t before = clock();
  sl_chart_lines(&g, sl_grid_all(&g), s, S, NULL);
  assert_true((double)(clock() - before) / CLOCKS_PER_SEC < SECONDS);
  for (int i = 0; i < M; i++)
    y[i] = i == 654321 ? 100 : 1;
  sl_grid_clear(&g, sl_grid_all(&g));
  sl_chart_lines(&g, (struct sl_rect){0, 0, 40, 4}, &(struct sl_series_line){x, y, M, SL_ROLE_s1, "spike"}, 1, NULL);
  expect_picture(&g,
    "100 ┤                      ⢸\n"
    " 50 ┤                      ⢸\n"
    "    │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣸⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
    "    └0─────────────500000───────────────\n");
  sl_free(x);
  sl_free(y);
  sl_grid_free(&g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(lines, braille), cmocka_unit_test_setup(logarithms, braille), cmocka_unit_test_setup(points, braille),
    cmocka_unit_test_setup(series_differ, braille), cmocka_unit_test_setup(odd_data, braille),
    cmocka_unit_test_setup(times_on_the_axis, braille), cmocka_unit_test_setup(small_ones, braille),
    cmocka_unit_test_setup(hostile_names, braille), cmocka_unit_test_setup(large_is_fast_and_keeps_peaks, braille),
  };
  return cmocka_run_group_tests(tests, data, NULL);
}
