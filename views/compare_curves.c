/* views/compare_curves.c: histories of one metric for the runs that are compared: asked for, smoothed, drawn.
 *
 * Smoothing is MLflow's (and TensorBoard's): an exponential average that starts from nothing, divided by what it still lacks:
 * b_i = s b_(i-1) + (1 - s) x_i, drawn is b_i / (1 - s^(i+1)). Values that are no numbers are gaps and do not enter it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/compare_int.h"

enum { POINTS_MAX = 1000000 };

static void curve_clear(struct curve *c)
{
  sl_pane_close(c->pane);
  sl_free(c->step);
  sl_free(c->time);
  sl_free(c->value);
  sl_free(c->x);
  sl_free(c->y);
  memset(c, 0, sizeof *c);
}

void curves_close(struct compare_state *s)
{
  for (size_t i = 0; i < CURVES; i++)
    curve_clear(&s->curve[i]);
}

static int curve_room(struct curve *c, size_t n)
{
  double **part[] = { &c->step, &c->time, &c->value, &c->x, &c->y };
  if (n <= c->cap)
    return SL_OK;
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
    double *p = sl_realloc_array(*part[i], n, sizeof **part[i]);
    if (!p)
      return SL_ENOMEM;
    *part[i] = p;
  }
  c->cap = n;
  return SL_OK;
}

/* Rows of the pane into arrays. A page that is still on the disk ends it: the pane tells when it is there. */
static void curve_changed(struct sl_view *v, void *user)
{
  struct curve *c = user;
  uint64_t n = sl_pane_count(c->pane);
  n = n < POINTS_MAX ? n : POINTS_MAX;
  c->n = 0;
  if (curve_room(c, (size_t)n))
    return;
  for (uint64_t i = 0; i < n; i++) {
    const struct sl_batch *b;
    uint32_t row;
    if (!sl_pane_row(c->pane, i, &b, &row))
      break;
    struct sl_val step = sl_batch_get(b, row, 2), time = sl_batch_get(b, row, 3), value = sl_batch_get(b, row, 4);
    c->step[c->n] = step.null ? NAN : (double)step.u.i;
    c->time[c->n] = time.null ? NAN : (double)time.u.i;
    c->value[c->n++] = value.null ? NAN : value.u.f;
  }
  sl_view_dirty(v);
}

void curves_ask(struct sl_view *v, struct compare_state *s)
{
  struct sl_filter *f = NULL;
  struct sl_order *o = NULL;
  struct sl_buf where;
  struct sl_err err = {0};
  curves_close(s);
  if (!s->metric[0] || strchr(s->metric, '\'')) /* a name that the filter language cannot hold */
    return;
  sl_buf_init(&where, 4096);
  sl_buf_printf(&where, "name = '%s'", s->metric);
  int rc = sl_filter_parse(&f, sl_buf_view(&where), sl_ws_now(sl_view_ws(v)), NULL, &err);
  if (!rc)
    rc = sl_order_parse(&o, SL_STR("step,time"), &err);
  for (size_t i = 0; i < s->nrun && i < CURVES && !rc; i++) {
    struct sl_query like = {.res = &sl_res_series, .kind = SL_Q_LIST, .scope = sl_str(s->run[i]), .where = f, .order = o}, *q = NULL;
    rc = sl_query_new(&q, &like, &err);
    if (!rc)
      rc = sl_pane_open(&s->curve[i].pane, v, q, curve_changed, &s->curve[i], &err);
    sl_query_unref(q);
  }
  if (rc)
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  sl_order_unref(o);
  sl_filter_unref(f);
  sl_buf_free(&where);
}

void curves_refresh(struct compare_state *s)
{
  for (size_t i = 0; i < CURVES; i++)
    if (s->curve[i].pane)
      sl_pane_refresh(s->curve[i].pane);
}

void curves_visible(struct compare_state *s, bool visible)
{
  for (size_t i = 0; i < CURVES; i++)
    if (s->curve[i].pane)
      sl_pane_visible(s->curve[i].pane, visible);
}

/* Rows of the differences are ours; the points know whose they are. */
const char *curves_conn(struct compare_state *s, size_t run)
{
  static char name[128];
  const struct sl_batch *b;
  uint32_t row;
  name[0] = 0;
  if (run < CURVES && s->curve[run].pane && sl_pane_row(s->curve[run].pane, 0, &b, &row))
    snprintf(name, sizeof name, "%.*s", SL_ARG(sl_batch_conn(b, row)));
  return name;
}

/* ---- as drawn ---- */

static void smoothed(struct curve *c, double s)
{
  double b = 0, rest = 1;
  for (size_t i = 0; i < c->n; i++) {
    double x = c->value[i];
    if (!isfinite(x)) {
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

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The range between 5 and 95 percent of all drawn values; false: too few. */
static bool clipped(const struct compare_state *s, double *lo, double *hi)
{
  size_t n = 0, all = 0;
  for (size_t i = 0; i < CURVES; i++)
    all += s->curve[i].n;
  double *v = all >= 20 && all <= POINTS_MAX ? sl_calloc(all, sizeof *v) : NULL;
  for (size_t i = 0; v && i < CURVES; i++)
    for (size_t k = 0; k < s->curve[i].n; k++)
      if (isfinite(s->curve[i].y[k]))
        v[n++] = s->curve[i].y[k];
  bool ok = v && n >= 20;
  if (ok) {
    qsort(v, n, sizeof *v, by_value);
    *lo = v[n / 20];
    *hi = v[n - 1 - n / 20];
  }
  sl_free(v);
  return ok && *lo < *hi;
}

static const char *axis_name(int axis)
{
  return axis == AXIS_STEP ? "by step" : axis == AXIS_RELATIVE ? "by seconds" : "by time";
}

static void title_draw(struct compare_state *s, struct sl_grid *g, int y)
{
  char title[400], how[96];
  snprintf(title, sizeof title, " %s %s%s ", s->metric, axis_name(s->axis), s->logy ? ", logarithmic" : "");
  snprintf(how, sizeof how, " smoothing %g%s ", s->smooth, s->clip ? ", 5 to 95 %" : "");
  sl_grid_hline(g, 0, y, g->w, SL_ROLE_border);
  sl_grid_putz(g, 3, y, g->w / 2, SL_ROLE_crumb, title);
  sl_grid_right(g, g->w - 36, y, 34, SL_ROLE_dim, sl_str(how));
}

void curves_draw(struct sl_view *v, struct compare_state *s, struct sl_grid *g, struct sl_rect r)
{
  static const enum sl_role roles[] = { SL_ROLE_s1, SL_ROLE_s2, SL_ROLE_s3, SL_ROLE_s4, SL_ROLE_s5, SL_ROLE_s6 };
  struct sl_series_line line[CURVES];
  char names[CURVES][40];
  struct sl_chart_opts o = {.logy = s->logy, .xtime = s->axis == AXIS_TIME ? sl_view_show(v) : NULL};
  size_t n = 0, points = 0;
  title_draw(s, g, r.y);
  for (size_t i = 0; i < s->nrun && i < CURVES; i++) {
    struct curve *c = &s->curve[i];
    if (!c->pane || !c->n)
      continue;
    smoothed(c, s->smooth);
    placed(c, s->axis);
    points += c->n;
    snprintf(names[n], sizeof names[n], "%.*s", SL_ARG(sl_str_head(compare_run_name(s, i), 38)));
    line[n] = (struct sl_series_line){ c->x, c->y, c->n, roles[i % 6], names[n] };
    n++;
  }
  if (s->clip && clipped(s, &o.ymin, &o.ymax)) {
    double pad = (o.ymax - o.ymin) * 0.05;
    o.ymin -= pad;
    o.ymax += pad;
  }
  struct sl_rect body = { r.x + 1, r.y + 1, r.w - 2, r.h - 1 };
  if (points > n)
    sl_chart_lines(g, body, line, n, &o);
  else
    sl_grid_put(g, r.x + 3, r.y + 1 + r.h / 3, r.w - 6, SL_ROLE_dim,
        n ? SL_STR("one value a run: no history was logged for this metric") : SL_STR("no history yet"));
}

void curves_truth(struct compare_state *s, struct sl_buf *b)
{
  size_t points = 0, runs = 0, whole = 0;
  for (size_t i = 0; i < s->nrun && i < CURVES; i++) {
    runs += s->curve[i].pane != NULL;
    points += s->curve[i].n;
    whole += s->curve[i].pane && sl_pane_whole(s->curve[i].pane);
  }
  if (!runs)
    return;
  sl_buf_printf(b, "%s%zu of %zu histories, %zu points%s", sl_glyph_pick(" · ", " - "), whole, s->nrun, points,
                s->nrun > CURVES ? ", the first 24 are drawn" : "");
}
