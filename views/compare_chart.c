/* views/compare_chart.c: the lower half of the comparison: the curves of a metric, or every run as a point.
 *
 * Smoothing is MLflow's (and TensorBoard's): an exponential average that starts from nothing, divided by what it still lacks:
 * b_i = s b_(i-1) + (1 - s) x_i, drawn is b_i / (1 - s^(i+1)). Values that are no numbers are gaps, are counted, and do not enter it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/compare_int.h"

enum { CLIP_MAX = 1000000 };

/* What lies beyond lo and hi is a gap, too. */
static void smoothed(struct curve *c, double s, double lo, double hi)
{
  double b = 0, rest = 1;
  for (size_t i = 0; i < c->n; i++) {
    double x = c->value[i];
    if (!isfinite(x) || x < lo || x > hi) {
      c->y[i] = NAN;
      continue;
    }
    b = s * b + (1 - s) * x;
    rest *= s;
    c->y[i] = s > 0 ? b / (1 - rest) : x;
  }
}

static void placed(struct curve *c, int axis)
{
  double first = NAN;
  for (size_t i = 0; i < c->n; i++)
    if (isfinite(c->time[i]) && (isnan(first) || c->time[i] < first))
      first = c->time[i];
  for (size_t i = 0; i < c->n; i++)
    c->x[i] = axis == AXIS_STEP ? c->step[i] : axis == AXIS_TIME ? c->time[i] : (c->time[i] - first) / 1000;
}

/* x is what the other metric was at that step, or at the last one before it that has it. */
static void placed_along(struct curve *c, const struct curve *other)
{
  size_t k = 0;
  double x = NAN;
  for (size_t i = 0; i < c->n; i++) {
    for (; k < other->n && other->step[k] <= c->step[i]; k++)
      if (isfinite(other->value[k]))
        x = other->value[k];
    c->x[i] = x;
  }
}

void curves_place(struct compare_state *s, size_t run)
{
  struct curve *c = &s->of.curve[run];
  smoothed(c, s->smooth, s->clip ? s->low : -(double)INFINITY, s->clip ? s->high : (double)INFINITY);
  if (s->along[0] && run < s->over.n)
    placed_along(c, &s->over.curve[run]);
  else
    placed(c, s->axis);
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The range between 5 and 95 percent of all logged values: an outlier is left out before it is smoothed into its neighbours. */
void curves_range(struct compare_state *s)
{
  size_t n = 0, all = s->of.points;
  double *v = s->clip && all >= 20 && all <= CLIP_MAX ? sl_calloc(all, sizeof *v) : NULL;
  s->low = -(double)INFINITY;
  s->high = (double)INFINITY;
  for (size_t i = 0; v && i < s->of.n; i++)
    for (size_t k = 0; k < s->of.curve[i].n && n < all; k++)
      if (isfinite(s->of.curve[i].value[k]))
        v[n++] = s->of.curve[i].value[k];
  if (v && n >= 20) {
    qsort(v, n, sizeof *v, by_value);
    if (v[n / 20] < v[n - 1 - n / 20]) {
      s->low = v[n / 20];
      s->high = v[n - 1 - n / 20];
    }
  }
  sl_free(v);
}

const char *curves_axis(const struct compare_state *s)
{
  return s->along[0] ? s->along : s->axis == AXIS_STEP ? "step" : s->axis == AXIS_RELATIVE ? "seconds" : "time";
}

static void title_draw(struct compare_state *s, struct sl_grid *g, int y)
{
  char title[600], how[96];
  size_t nans = 0, infinite = 0;
  for (size_t i = 0; i < s->of.n; i++) {
    nans += s->of.curve[i].nans;
    infinite += s->of.curve[i].infinite;
  }
  if (s->against[0])
    snprintf(title, sizeof title, " %s over %s, a point a run%s ", s->metric, s->against, s->logy ? ", logarithmic" : "");
  else
    snprintf(title, sizeof title, " %s by %s%s ", s->metric, curves_axis(s), s->logy ? ", logarithmic" : "");
  snprintf(how, sizeof how, " smoothing %g%s ", s->smooth, s->clip ? ", 5 to 95 %" : "");
  if (nans || infinite)
    snprintf(how, sizeof how, " %zu %s%s, smoothing %g ", nans + infinite, infinite ? "not finite" : "NaN",
             s->clip ? ", 5 to 95 %" : "", s->smooth);
  nans += infinite;
  sl_grid_hline(g, 0, y, g->w, SL_ROLE_border);
  sl_grid_putz(g, 3, y, s->against[0] ? g->w - 6 : g->w / 2, SL_ROLE_crumb, title);
  if (!s->against[0])
    sl_grid_right(g, g->w - 46, y, 44, nans ? SL_ROLE_warn : SL_ROLE_dim, sl_str(how));
}

/* Of many the baseline and the run under the cursor stand out, the others are dim. */
static void line_of(struct compare_state *s, size_t run, struct sl_series_line *line, char name[40])
{
  static const enum sl_role roles[] = { SL_ROLE_s1, SL_ROLE_s2, SL_ROLE_s3, SL_ROLE_s4, SL_ROLE_s5, SL_ROLE_s6 };
  bool many = s->runs.n > CURVES_WHOLE, told = !many || !run || run == s->col;
  snprintf(name, 40, "%.*s", SL_ARG(sl_str_head(compare_run_name(s, run), 38)));
  line->name = told ? name : NULL;
  line->role = many ? !run ? SL_ROLE_s1 : told ? SL_ROLE_s2 : SL_ROLE_dim : roles[run % 6];
}

static void curves_lines(struct sl_view *v, struct compare_state *s, struct sl_grid *g, struct sl_rect r, struct sl_series_line *line,
                         char (*names)[40])
{
  struct sl_chart_opts o = {.logy = s->logy, .xtime = s->axis == AXIS_TIME && !s->along[0] ? sl_view_show(v) : NULL};
  size_t n = 0, points = 0;
  curves_range(s);
  for (size_t k = 0; k <= s->of.n; k++) { /* the first are drawn on top: baseline, the run under the cursor, the rest */
    size_t i = !k ? 0 : k == 1 ? s->col : k - 1;
    if (i >= s->of.n || (k == 1 && !i) || (k > 1 && i == s->col) || !s->of.curve[i].n)
      continue;
    struct curve *c = &s->of.curve[i];
    curves_place(s, i);
    points += c->n;
    line[n] = (struct sl_series_line){ .x = c->x, .y = c->y, .n = c->n };
    line_of(s, i, &line[n], names[n]);
    n++;
  }
  if (points > n)
    sl_chart_lines(g, r, line, n, &o);
  else
    sl_grid_put(g, r.x + 2, r.y + r.h / 3, r.w - 4, SL_ROLE_dim,
        n ? SL_STR("one value a run: no history was logged for this metric") : SL_STR("no history yet"));
}

/* Baseline, the run under the cursor, all others: three kinds of points. */
static void scatter_draw(struct compare_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct sl_series_line line[3];
  struct sl_chart_opts o = {.points = true, .logy = s->logy};
  char names[3][40];
  size_t n = 0, all = 0;
  double *x = sl_calloc(s->runs.n, sizeof *x), *y = sl_calloc(s->runs.n, sizeof *y);
  uint64_t xrow, yrow;
  bool there = compare_row(s, s->against_param ? "param" : "metric", s->against, &xrow) && compare_row(s, "metric", s->metric, &yrow);
  for (size_t i = 0; x && y && there && i < s->runs.n; i++) {
    x[i] = compare_number(s, i, xrow);
    y[i] = compare_number(s, i, yrow);
    all += isfinite(x[i]) && isfinite(y[i]);
  }
  for (size_t k = 0; x && y && k < 2; k++) {
    size_t i = k ? s->col : 0;
    if (k && !i)
      continue;
    line[n] = (struct sl_series_line){ .x = &x[i], .y = &y[i], .n = 1, .role = k ? SL_ROLE_s2 : SL_ROLE_s1, .name = names[n] };
    snprintf(names[n], sizeof names[n], "%.*s", SL_ARG(sl_str_head(compare_run_name(s, i), 38)));
    n++;
  }
  if (x && y)
    line[n++] = (struct sl_series_line){ .x = x, .y = y, .n = s->runs.n, .role = SL_ROLE_s3, .name = "others" };
  if (all > 1)
    sl_chart_lines(g, r, line, n, &o);
  else
    sl_grid_put(g, r.x + 2, r.y + r.h / 3, r.w - 4, SL_ROLE_dim, SL_STR("fewer than two runs have numbers for both"));
  sl_free(x);
  sl_free(y);
}

void curves_draw(struct sl_view *v, struct compare_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct sl_rect body = { r.x + 1, r.y + 1, r.w - 2, r.h - 1 };
  title_draw(s, g, r.y);
  if (s->against[0]) {
    scatter_draw(s, g, body);
    return;
  }
  struct sl_series_line *line = sl_calloc(s->runs.n + 1, sizeof *line);
  char (*names)[40] = sl_calloc(s->runs.n + 1, sizeof *names);
  if (line && names)
    curves_lines(v, s, g, body, line, names);
  sl_free(line);
  sl_free(names);
}
