/* views/drift_page.c: one feature of two data sets: below the list in six lines, or alone: both histograms over each other, its tests side
 * by side with limits and what chance would make of them, what became of its categories, its partitions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "views/drift_int.h"

enum { LABEL_W = 18, TESTS_MAX = 24, TESTS_W = 73, CHART_MIN = 5 };

static const char *arrow(void) { return sl_glyph_pick("→", "->"); }

static struct sl_val cell(struct drift_state *s, const struct drift_feature *f, const char *col)
{
  return sl_pane_val(s->pane, f->first, col);
}

static size_t bins_of(struct sl_val v, double *out)
{
  struct sl_str rest = drift_text(v), item;
  size_t n = 0;
  while (n < DRIFT_BINS_MAX && sl_list_next(&rest, &item))
    if (sl_str_f64(item, &out[n]))
      n++;
  return n;
}

static size_t side_bins(struct drift_state *s, const struct drift_feature *f, int side, double *out)
{
  return bins_of(cell(s, f, side ? "histogram_current" : "histogram_baseline"), out);
}

/* "baseline  569  median 551  missing 3" */
static void side_words(struct drift_state *s, const struct drift_feature *f, int side, struct sl_buf *b)
{
  double median = drift_f64(cell(s, f, side ? "median_current" : "median_baseline"));
  int64_t infinite = drift_i64(cell(s, f, side ? "infinite_current" : "infinite_baseline"));
  sl_buf_printf(b, "%-8s  ", side ? "current" : "baseline");
  sl_fmt_count(b, f->n[side]);
  if (!isnan(median)) {
    sl_buf_z(b, "  median ");
    sl_fmt_sig(b, median, 3);
  }
  if (f->missing[side])
    sl_buf_printf(b, "  missing %lld", (long long)f->missing[side]);
  if (infinite)
    sl_buf_printf(b, "  infinite %lld", (long long)infinite);
}

/* One side: its histogram, how many values, the middle one. */
static void side_draw(struct drift_state *s, const struct drift_feature *f, int side, struct sl_grid *g, struct sl_rect r)
{
  double bin[DRIFT_BINS_MAX];
  size_t n = side_bins(s, f, side, bin);
  int w = (int)n < r.w / 2 ? (int)n : r.w / 2;
  struct sl_buf b;
  sl_buf_init(&b, 256);
  side_words(s, f, side, &b);
  if (w)
    sl_chart_hist(g, (struct sl_rect){ r.x + 3, r.y, w, 1 }, side ? SL_ROLE_s2 : SL_ROLE_s1, bin, n);
  sl_grid_put(g, r.x + 5 + w, r.y, r.w - 5 - w, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* What was chosen for it, and what that came to. */
static void test_words(const struct drift_state *s, const struct drift_feature *f, struct sl_buf *b)
{
  if (!f->by[0] || isnan(f->by_statistic))
    return;
  sl_buf_printf(b, "%s ", f->by);
  sl_fmt_sig(b, f->by_statistic, 3);
  if (f->own_p) {
    sl_buf_z(b, ", p ");
    sl_fmt_sig(b, f->test[DRIFT_P], 2);
  }
  if (!isnan(f->by_threshold)) {
    sl_buf_z(b, ", limit ");
    sl_fmt_sig(b, f->by_threshold, 2);
  }
  if (f->own_p && !isnan(f->test[DRIFT_Q])) {
    sl_buf_printf(b, "; among %zu features ", s->tested);
    sl_fmt_sig(b, f->test[DRIFT_Q], 2);
  }
}

/* ---- categories ---- */

struct category { struct sl_str label; double share[2]; };

static int by_change(const void *a, const void *b)
{
  const struct category *x = a, *y = b;
  double dx = fabs(x->share[1] - x->share[0]), dy = fabs(y->share[1] - y->share[0]);
  return dx > dy ? -1 : dx < dy ? 1 : sl_str_cmp(x->label, y->label);
}

/* What changed most comes first, since not all may fit. */
static size_t categories(struct drift_state *s, const struct drift_feature *f, struct category *c)
{
  double bin[2][DRIFT_BINS_MAX], all[2] = { 0, 0 };
  struct sl_str rest = drift_text(cell(s, f, "categories")), label;
  size_t n = side_bins(s, f, 0, bin[0]), other = side_bins(s, f, 1, bin[1]), k = 0;
  n = n < other ? n : other;
  for (size_t i = 0; i < n; i++)
    for (int side = 0; side < 2; side++)
      all[side] += bin[side][i];
  for (; k < n && sl_list_next(&rest, &label); k++)
    c[k] = (struct category){ label, { all[0] > 0 ? bin[0][k] / all[0] : 0, all[1] > 0 ? bin[1][k] / all[1] : 0 } };
  qsort(c, k, sizeof c[0], by_change);
  return k;
}

/* "B 63 -> 55 %, M 37 -> 45 %" */
static void category_words(struct drift_state *s, const struct drift_feature *f, struct sl_buf *b)
{
  struct category c[DRIFT_BINS_MAX];
  size_t k = categories(s, f, c);
  for (size_t i = 0; i < k; i++)
    sl_buf_printf(b, "%s%.*s %.0f %s %.0f %%", i ? ", " : "", SL_ARG(sl_str_head(c[i].label, 40)), c[i].share[0] * 100, arrow(),
                  c[i].share[1] * 100);
}

/* "new: east 12 %; gone: west 3 %"; nothing where none came or went. */
static void only_words(struct drift_state *s, const struct drift_feature *f, struct sl_buf *b)
{
  static const char *const share[] = { "new_share", "vanished_share" }, *const names[] = { "new_categories", "vanished_categories" };
  for (int i = 0; i < 2; i++) {
    double v = drift_f64(cell(s, f, share[i]));
    struct sl_str rest = drift_text(cell(s, f, names[i])), name;
    if (!(v > 0))
      continue;
    sl_buf_printf(b, "%s%s: ", b->n ? "; " : "", i ? "gone" : "new");
    for (size_t k = 0; sl_list_next(&rest, &name); k++)
      sl_buf_printf(b, "%s%.*s", k ? ", " : "", SL_ARG(name));
    sl_buf_printf(b, " (%.2g %% of the %s)", v * 100, i ? "baseline" : "values");
  }
}

static void categories_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  struct category c[DRIFT_BINS_MAX];
  size_t k = categories(s, f, c);
  int w = (r.w - LABEL_W - 16) / 2;
  for (int i = 0; i < r.h && (size_t)i < k; i++) {
    sl_grid_put(g, r.x, r.y + i, LABEL_W - 1, SL_ROLE_text, c[i].label);
    for (int side = 0; side < 2; side++) {
      int x = r.x + LABEL_W + side * (w + 8);
      sl_grid_printf(g, x, r.y + i, 6, SL_ROLE_text, "%4.0f %%", c[i].share[side] * 100);
      sl_chart_bar(g, x + 7, r.y + i, w, side ? SL_ROLE_s2 : SL_ROLE_s1, c[i].share[side]);
    }
  }
}

/* ---- six lines ---- */

/* Below the bars: where they begin and end, or what they stand for. */
static void axis_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  double low = drift_f64(cell(s, f, "low")), high = drift_f64(cell(s, f, "high")), bin[DRIFT_BINS_MAX];
  size_t n = side_bins(s, f, 0, bin);
  int w = (int)n < r.w / 2 ? (int)n : r.w / 2;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 14);
  if (!isnan(low) && !isnan(high) && w > 8) {
    sl_fmt_sig(&b, low, 3);
    int used = sl_grid_put(g, r.x + 3, r.y, w, SL_ROLE_dim, sl_buf_view(&b));
    sl_buf_clear(&b);
    sl_fmt_sig(&b, high, 3);
    sl_grid_right(g, r.x + 4 + used, r.y, w - used - 1, SL_ROLE_dim, sl_buf_view(&b));
  } else {
    category_words(s, f, &b);
    sl_grid_put(g, r.x + 3, r.y, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

static void chance_words(const struct drift_feature *f, struct sl_buf *b)
{
  if (isnan(f->chance))
    return;
  sl_buf_z(b, "by chance psi ");
  sl_fmt_sig(b, f->chance, 2);
  sl_buf_printf(b, " at n = %lld + %lld", (long long)f->n[0], (long long)f->n[1]);
}

static void head_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  struct sl_buf b;
  sl_buf_init(&b, 1024);
  int used = sl_grid_putz(g, r.x + 1, r.y, r.w / 2, SL_ROLE_bright, f->name);
  if (f->note[0])
    sl_buf_z(&b, f->note);
  else
    test_words(s, f, &b);
  sl_grid_put(g, r.x + used + 4, r.y, r.w - used - 5, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* The chosen cell's words below, where there is a history; of categories what came and went, else what chance makes of it. */
static void small_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_grid_hline(g, r.x, r.y, r.w, SL_ROLE_border);
  head_draw(s, f, g, (struct sl_rect){ r.x, r.y + 1, r.w, 1 });
  side_draw(s, f, 0, g, (struct sl_rect){ r.x, r.y + 2, r.w, 1 });
  side_draw(s, f, 1, g, (struct sl_rect){ r.x, r.y + 3, r.w, 1 });
  axis_draw(s, f, g, (struct sl_rect){ r.x, r.y + 4, r.w, 1 });
  only_words(s, f, &b);
  if (!b.n)
    chance_words(f, &b);
  sl_grid_put(g, r.x + 3, r.y + 5, r.w - 3, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_clear(&b);
  if (drift_past_shown(&s->past) && r.h > 6) {
    drift_past_words(&s->past, f->hash, true, &b);
    sl_grid_put(g, r.x + 3, r.y + 6, r.w - 3, SL_ROLE_text, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

/* ---- alone ---- */

static void put_number(struct sl_grid *g, int x, int y, int w, double v, int digits)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (isnan(v))
    sl_buf_z(&b, sl_glyph_pick("–", "-"));
  else
    sl_fmt_sig(&b, v, digits);
  sl_grid_right(g, x, y, w, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void test_row(struct drift_state *s, uint64_t i, struct sl_grid *g, struct sl_rect r)
{
  struct sl_val drifted = sl_pane_val(s->pane, i, "drifted"), chosen = sl_pane_val(s->pane, i, "chosen");
  const char *glyph;
  enum sl_role role;
  sl_state_look(drifted.null ? SL_STR("unknown") : drifted.u.b ? SL_STR("late") : SL_STR("ok"), &glyph, &role);
  sl_grid_cell(g, r.x, r.y, role, glyph);
  sl_grid_put(g, r.x + 2, r.y, 12, chosen.null || chosen.u.b ? SL_ROLE_bright : SL_ROLE_text, drift_text(sl_pane_val(s->pane, i, "test")));
  sl_grid_put(g, r.x + 15, r.y, 10, SL_ROLE_dim, drift_text(sl_pane_val(s->pane, i, "definition")));
  put_number(g, r.x + 25, r.y, 9, drift_f64(sl_pane_val(s->pane, i, "statistic")), 3);
  put_number(g, r.x + 34, r.y, 9, drift_f64(sl_pane_val(s->pane, i, "p_value")), 2);
  put_number(g, r.x + 43, r.y, 8, drift_f64(sl_pane_val(s->pane, i, "threshold")), 2);
  put_number(g, r.x + 51, r.y, 10, drift_f64(sl_pane_val(s->pane, i, "chance")), 2);
  sl_grid_putz(g, r.x + 62, r.y, r.w - 62, role, drifted.null ? "not judged" : drifted.u.b ? "drifted" : "no drift");
}

/* Which profile chose is bright; the others are second opinions. */
static int tests_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  static const struct { int x, w; const char *head; } heads[] = { { 25, 9, "statistic" }, { 34, 9, "p" }, { 43, 8, "limit" },
                                                                  { 51, 10, "by chance" } };
  int shown = 0;
  sl_grid_putz(g, r.x + 2, r.y, 12, SL_ROLE_colhead, "test");
  sl_grid_putz(g, r.x + 15, r.y, 10, SL_ROLE_colhead, "as in");
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    sl_grid_right(g, r.x + heads[i].x, r.y, heads[i].w, SL_ROLE_colhead, sl_str(heads[i].head));
  for (; shown + 1 < r.h && (uint64_t)shown < f->rows; shown++)
    test_row(s, f->first + (uint64_t)shown, g, (struct sl_rect){ r.x, r.y + 1 + shown, r.w, 1 });
  return shown + 1;
}

/* Shares of the values in each step, one line over the other: samples of different size can be compared. */
static void overlay_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  double y[2][DRIFT_BINS_MAX], x[DRIFT_BINS_MAX], low = drift_f64(cell(s, f, "low")), high = drift_f64(cell(s, f, "high"));
  size_t n = 0;
  struct sl_series_line line[2];
  if (drift_text(cell(s, f, "categories")).n) {
    categories_draw(s, f, g, (struct sl_rect){ r.x + 3, r.y, r.w - 3, r.h });
    return;
  }
  for (int side = 0; side < 2; side++) {
    double all = 0;
    n = side_bins(s, f, side, y[side]);
    for (size_t i = 0; i < n; i++)
      all += y[side][i];
    for (size_t i = 0; i < n; i++) {
      y[side][i] = all > 0 ? y[side][i] / all * 100 : 0;
      x[i] = !isnan(low) && high > low ? low + (high - low) * ((double)i + 0.5) / (double)n : (double)i + 1;
    }
    line[side] = (struct sl_series_line){ x, y[side], n, side ? SL_ROLE_s2 : SL_ROLE_s1, side ? "current" : "baseline" };
  }
  if (n && line[0].n == n)
    sl_chart_lines(g, r, line, 2, &(struct sl_chart_opts){ .ylabel = "% of the values" });
  else
    sl_grid_putz(g, r.x + 3, r.y, r.w - 3, SL_ROLE_dim, "no picture: one value, text, or too many categories");
}

/* Both sides' counts, what came and went, the partitions in at most `words` lines; how many lines. */
static int facts_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r, int words)
{
  int y = r.y;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  for (int side = 0; side < 2 && y < r.y + r.h; side++) {
    sl_buf_clear(&b);
    side_words(s, f, side, &b);
    sl_grid_put(g, r.x + 1, y++, r.w - 1, side ? SL_ROLE_s2 : SL_ROLE_s1, sl_buf_view(&b));
  }
  sl_buf_clear(&b);
  only_words(s, f, &b);
  if (b.n && y < r.y + r.h)
    y += sl_grid_wrap(g, (struct sl_rect){ r.x + 1, y, r.w - 1, r.y + r.h - y > 2 ? 2 : 1 }, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_clear(&b);
  if (drift_past_shown(&s->past) && y + 1 < r.y + r.h) {
    int w = drift_past_width(&s->past, r.w * 4); /* roomy: it stands alone */
    struct sl_rect strip = { r.x + 1, y, w, 1 };
    drift_past_draw(&s->past, f->hash, g, strip);
    drift_past_head(&s->past, g, (struct sl_rect){ r.x + 1, y + 1, w, 1 });
    drift_past_words(&s->past, f->hash, false, &b);
    int lines = sl_grid_wrap(g, (struct sl_rect){ r.x + w + 3, y, r.w - w - 4, words }, SL_ROLE_text, sl_buf_view(&b));
    y += lines > 2 ? lines : 2;
  }
  sl_buf_free(&b);
  return y - r.y;
}

static void alone_draw(struct drift_state *s, const struct drift_feature *f, struct sl_grid *g, struct sl_rect r)
{
  int tests = (int)(f->rows < TESTS_MAX ? f->rows : TESTS_MAX) + 1, facts = drift_past_shown(&s->past) ? 6 : 4;
  bool wide = r.w >= DRIFT_WIDE;
  int below = wide ? 0 : tests + facts + 1, chart = r.h - 2 - below;
  head_draw(s, f, g, (struct sl_rect){ r.x, r.y, r.w, 1 });
  if (wide) {
    int half = r.w - TESTS_W - 2;
    overlay_draw(s, f, g, (struct sl_rect){ r.x, r.y + 1, half, r.h - 1 });
    int y = r.y + 1 + tests_draw(s, f, g, (struct sl_rect){ r.x + half + 2, r.y + 1, TESTS_W, tests < r.h - 1 ? tests : r.h - 1 }) + 1;
    facts_draw(s, f, g, (struct sl_rect){ r.x + half + 2, y, TESTS_W, r.y + r.h - y }, 3);
    return;
  }
  chart = chart < CHART_MIN ? CHART_MIN : chart;
  overlay_draw(s, f, g, (struct sl_rect){ r.x, r.y + 1, r.w - 1, chart });
  int y = r.y + 2 + chart;
  y += facts_draw(s, f, g, (struct sl_rect){ r.x, y, r.w, r.y + r.h - y }, 2);
  if (y + 1 < r.y + r.h)
    tests_draw(s, f, g, (struct sl_rect){ r.x + 1, y, r.w - 1, r.y + r.h - y });
}

void drift_page_draw(struct drift_state *s, struct sl_grid *g, struct sl_rect r, bool tall)
{
  const struct drift_feature *f = &s->f[s->at];
  if (tall)
    alone_draw(s, f, g, r);
  else
    small_draw(s, f, g, r);
}
