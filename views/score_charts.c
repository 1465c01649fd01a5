/* views/score_charts.c: the curves of quality on one pair of axes, the model's and the other one's, beside what chance or perfect
 * calibration would be. Their points are rows of the answer: they are gathered when it changes, so that drawing reads none. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "views/score_int.h"

enum { POINTS_MAX = 4096, EVEN = 64 };
enum even { NO_EVEN, DIAGONAL, ONE, ZERO, SAME };
static const struct { const char *metric, *title, *x, *y, *even; enum even how; bool unit, origin; } charts[] = {
  { "roc", "ROC", "false positive rate", "true positive rate", "chance", DIAGONAL, true, false },
  { "pr", "precision over recall", "recall", "precision", NULL, NO_EVEN, true, false },
  { "calibration", "calibration", "mean probability", "share that was", "perfect", DIAGONAL, true, false },
  { "gain", "gain", "share of rows, highest first", "share of the class", "chance", DIAGONAL, true, true },
  { "lift", "lift", "share of rows, highest first", "times the class's share of all", "chance", ONE, false, false },
  { "predicted", "predicted over true, sample", "true", "predicted", "perfect", SAME, false, false },
  { "residual", "errors, least first", "share of rows", "predicted less true", "no error", ZERO, false, false },
};
enum { CHARTS = sizeof charts / sizeof charts[0] };

struct sl_str score_text_at(struct score_state *s, uint64_t row, const char *col)
{
  struct sl_val v = sl_pane_val(s->pane, row, col);
  return v.null ? SL_STR("") : v.u.s;
}

double score_f64_at(struct score_state *s, uint64_t row, const char *col)
{
  struct sl_val v = sl_pane_val(s->pane, row, col);
  return v.null ? (double)NAN : v.u.f;
}

bool score_is(struct score_state *s, uint64_t row, const char *metric) { return sl_str_eqz(score_text_at(s, row, "metric"), metric); }

bool score_pair(const struct score_state *s) { return s->ask.against != NULL; }

/* 0 stands for the first that there is. */
static size_t shown(const struct score_state *s)
{
  size_t c = s->chart ? s->chart - 1 : 0;
  while (!s->chart && c + 1 < CHARTS && !(s->drawn >> c & 1))
    c++;
  return c;
}

/* The class of the first curve, or (after not NULL) the one behind it; after the last the first again. */
static void choose_class(struct score_state *s, const struct sl_buf *after)
{
  uint64_t n = sl_pane_count(s->pane);
  bool passed = false;
  struct sl_str old = after ? sl_buf_view(after) : SL_STR("");
  for (uint64_t i = 0; after && i < n; i++) {
    struct sl_str cls = score_text_at(s, i, "class");
    if (!score_is(s, i, "roc"))
      continue;
    passed = passed || sl_str_eq(cls, old);
    if (passed && !sl_str_eq(cls, old)) {
      sl_buf_clear(&s->of);
      sl_buf_str(&s->of, cls);
      return;
    }
  }
  for (uint64_t i = 0; i < n; i++)
    if (score_is(s, i, "roc")) {
      struct sl_str cls = score_text_at(s, i, "class");
      sl_buf_clear(&s->of);
      sl_buf_str(&s->of, cls);
      return;
    }
}

static void put_point(struct score_curve *c, double x, double y)
{
  if (isnan(y) || sl_grow((void **)&c->x, &c->cap_x, c->n + 1, sizeof *c->x, POINTS_MAX, NULL)
      || sl_grow((void **)&c->y, &c->cap_y, c->n + 1, sizeof *c->y, POINTS_MAX, NULL))
    return;
  c->x[c->n] = x;
  c->y[c->n++] = y;
}

static void gather(struct score_state *s)
{
  size_t c = shown(s);
  for (size_t k = 0; k < 2; k++)
    s->curve[k].n = 0;
  for (size_t k = 0; charts[c].origin && k < (score_pair(s) ? 2 : 1); k++)
    put_point(&s->curve[k], 0, 0);
  for (uint64_t i = 0; i < sl_pane_count(s->pane); i++) {
    if (!score_is(s, i, charts[c].metric) || !sl_str_eq(score_text_at(s, i, "class"), sl_buf_view(&s->of)))
      continue;
    double x = score_f64_at(s, i, "at");
    put_point(&s->curve[0], x, score_f64_at(s, i, "value"));
    put_point(&s->curve[1], x, score_f64_at(s, i, "against"));
  }
}

void score_chart_gather(struct score_state *s)
{
  s->drawn = 0;
  for (uint64_t i = 0; i < sl_pane_count(s->pane); i++)
    for (size_t c = 0; c < CHARTS; c++)
      s->drawn |= score_is(s, i, charts[c].metric) ? 1u << c : 0;
  if (!s->of.n)
    choose_class(s, NULL);
  if (s->chart && !(s->drawn >> (s->chart - 1) & 1))
    s->chart = 0;
  gather(s);
}

/* The next one that there is; after the last the figures, or (beside them) the first one again. */
static size_t next_chart(const struct score_state *s)
{
  size_t c = s->chart || !s->split ? s->chart : shown(s) + 1;
  while (c < CHARTS && !(s->drawn >> c & 1))
    c++;
  return c < CHARTS ? c + 1 : 0;
}

void score_chart_next(struct score_state *s, bool of_class)
{
  struct sl_buf old;
  if (!s->drawn)
    return;
  if (!of_class) {
    s->chart = next_chart(s);
  } else {
    sl_buf_init(&old, 4096);
    sl_buf_str(&old, sl_buf_view(&s->of));
    choose_class(s, &old);
    sl_buf_free(&old);
  }
  gather(s);
}

/* What chance or perfection would be: two ends, or points close enough for a scatter; how many. */
static size_t even_put(const struct score_state *s, enum even how, double *x, double *y)
{
  double low = how == SAME ? (double)INFINITY : 0, high = how == SAME ? -(double)INFINITY : 1;
  for (size_t k = 0; how == SAME && k < 2; k++)
    for (size_t i = 0; i < s->curve[k].n; i++) {
      low = s->curve[k].x[i] < low ? s->curve[k].x[i] : low;
      high = s->curve[k].x[i] > high ? s->curve[k].x[i] : high;
    }
  size_t n = how == SAME ? EVEN : 2;
  for (size_t i = 0; i < n; i++) {
    x[i] = low + (high - low) * (double)i / (double)(n - 1);
    y[i] = how == ONE ? 1 : how == ZERO ? 0 : x[i];
  }
  return n;
}

static void title_draw(struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  size_t c = shown(s), n = 0, at = 0;
  for (size_t k = 0; k < CHARTS; k++) {
    bool there = s->drawn >> k & 1;
    at += there && k <= c ? 1u : 0u;
    n += there ? 1u : 0u;
  }
  int x = sl_grid_printf(g, r.x + 1, r.y, r.w - 1, SL_ROLE_colhead, "%s%s%s", charts[c].title, s->of.n ? " of class " : "",
                         sl_buf_zstr(&s->of)) + 3;
  sl_grid_printf(g, r.x + x, r.y, r.w - x, SL_ROLE_dim, "%zu/%zu v%s", at, n, s->of.n && s->classes > 2 ? "  class o" : "");
}

void score_chart_draw(struct score_state *s, struct sl_grid *g, struct sl_rect r)
{
  double x[EVEN], y[EVEN];
  struct sl_series_line line[3];
  size_t c = shown(s), n = 0;
  double top = charts[c].unit ? 1 : 0;
  struct sl_chart_opts o = { .xlabel = charts[c].x, .ylabel = charts[c].y, .xmax = top, .ymax = top, .points = charts[c].how == SAME };
  title_draw(s, g, r);
  for (size_t k = 0; k < 2; k++)
    if (s->curve[k].n > charts[c].origin)
      line[n++] = (struct sl_series_line){ s->curve[k].x, s->curve[k].y, s->curve[k].n, k ? SL_ROLE_s2 : SL_ROLE_s1,
                                           k ? "against" : "this" };
  if (!n) {
    sl_grid_putz(g, r.x + 1, r.y + 1, r.w - 1, SL_ROLE_dim, "none: one of the sides has no row");
    return;
  }
  if (charts[c].even)
    line[n++] = (struct sl_series_line){ x, y, even_put(s, charts[c].how, x, y), SL_ROLE_dim, charts[c].even };
  sl_chart_lines(g, (struct sl_rect){ r.x, r.y + 1, r.w, r.h - 1 }, line, n, &o);
}

void score_chart_free(struct score_state *s)
{
  for (size_t k = 0; k < 2; k++) {
    sl_free(s->curve[k].x);
    sl_free(s->curve[k].y);
  }
  sl_buf_free(&s->of);
}
