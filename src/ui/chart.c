/* ui/chart.c: lines and points with axes.
 *
 * Points go straight into columns of dots: of all that falls on one column only the first, last, least and greatest matter, so five
 * million points cost five million comparisons and no line. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "ui/chart_int.h"

enum { LABEL_MAX = 12, LEGEND_ROWS = 2, MAX_SERIES = 60000 };

struct chart {
  const struct sl_series_line *s; size_t n;
  const struct sl_chart_opts *o;
  struct sl_rect r;                  /* what is left: legend above, labels to the left, axis below are cut off */
  struct sl_scale x, y;
  struct sl_plot plot;
};

/* ---- ranges ---- */

static void widen(double v, bool logs, double *min, double *max)
{
  if (logs)
    v = v > 0 ? log10(v) : NAN;
  if (!isfinite(v))
    return;
  if (!(*min <= v))
    *min = v;
  if (!(*max >= v))
    *max = v;
}

static double fixed(double v, bool logs) { return logs ? (v > 0 ? log10(v) : NAN) : v; }

/* A single value still needs an axis around it. */
static void scale_set(struct sl_scale *s, double min, double max, double fixmin, double fixmax, bool logs)
{
  if (fixmin < fixmax && isfinite(fixed(fixmin, logs)) && isfinite(fixed(fixmax, logs)))
    min = fixed(fixmin, logs), max = fixed(fixmax, logs);
  if (!(min <= max))
    min = 0, max = 1;
  if (min == max) {
    double d = logs ? 0.5 : min == 0 ? 1 : fabs(min) * 0.1;
    min -= d;
    max += d;
  }
  *s = (struct sl_scale){.min = min, .max = max, .log = logs};
}

static bool shown(const struct chart *c, double x, double y)
{
  return isfinite(fixed(x, c->o->logx)) && isfinite(fixed(y, c->o->logy));
}

static size_t ranges(struct chart *c)
{
  double xmin = NAN, xmax = NAN, ymin = NAN, ymax = NAN;
  size_t points = 0;
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = 0; k < c->s[i].n; k++) {
      if (!shown(c, c->s[i].x[k], c->s[i].y[k]))
        continue;
      points++;
      widen(c->s[i].x[k], c->o->logx, &xmin, &xmax);
      widen(c->s[i].y[k], c->o->logy, &ymin, &ymax);
    }
  scale_set(&c->x, xmin, xmax, c->o->xmin, c->o->xmax, c->o->logx);
  scale_set(&c->y, ymin, ymax, c->o->ymin, c->o->ymax, c->o->logy);
  return points;
}

/* ---- drawing into dots ---- */

struct pen { struct sl_plot *p; uint16_t series; long step; };

/* Every dot from a to b; the dash runs on along the way. */
static void pen_line(struct pen *pen, int x0, int y0, int x1, int y1)
{
  int dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y0 - y1 : y1 - y0, sx = x1 > x0 ? 1 : -1, sy = y1 > y0 ? 1 : -1, e = dx + dy;
  bool dashed = pen->p->ph > 1;
  for (;;) {
    if (!dashed || sl_plot_dash(pen->series, pen->step++))
      sl_plot_dot(pen->p, x0, y0, pen->series);
    if (x0 == x1 && y0 == y1)
      return;
    int e2 = 2 * e;
    if (e2 >= dy)
      e += dy, x0 += sx;
    if (e2 <= dx)
      e += dx, y0 += sy;
  }
}

/* One column of dots: what of a series falls there, in order. */
struct column { int x, first, last, min, max; bool open; };

/* A column that spans a cell or more is a whole stroke whatever the dash: its extremes are what one looks for. */
static void column_flush(struct pen *pen, const struct column *c)
{
  if (!c->open)
    return;
  bool tall = c->max - c->min >= pen->p->ph && c->max > c->min;
  for (int y = c->min; tall && y <= c->max; y++)
    sl_plot_dot(pen->p, c->x, y, pen->series);
  if (!tall && (pen->p->ph == 1 || sl_plot_dash(pen->series, pen->step)))
    for (int y = c->min; y <= c->max; y++)
      sl_plot_dot(pen->p, c->x, y, pen->series);
  pen->step++;
}

static void column_add(struct column *c, int y)
{
  c->last = y;
  if (y < c->min)
    c->min = y;
  if (y > c->max)
    c->max = y;
}

static void series_lines(struct chart *c, uint16_t i)
{
  const struct sl_series_line *s = &c->s[i];
  struct pen pen = {.p = &c->plot, .series = i};
  struct column col = {.open = false};
  bool alone = false;
  for (size_t k = 0; k < s->n; k++) {
    int x = sl_scale_dot(&c->x, s->x[k]), y = sl_scale_dot(&c->y, s->y[k]);
    if (x < 0 || y < 0) { /* a gap, or outside a fixed range */
      if (alone)
        sl_plot_dot(&c->plot, col.x, col.last, i);
      column_flush(&pen, &col);
      col.open = alone = false;
      continue;
    }
    y = c->plot.h - 1 - y;
    if (col.open && col.x == x) {
      column_add(&col, y);
      continue;
    }
    column_flush(&pen, &col);
    if (col.open)
      pen_line(&pen, col.x, col.last, x, y);
    alone = !col.open; /* a lone value between two gaps must not fall into a dash's hole */
    col = (struct column){.x = x, .first = y, .last = y, .min = y, .max = y, .open = true};
  }
  if (alone && col.open)
    sl_plot_dot(&c->plot, col.x, col.last, i);
  column_flush(&pen, &col);
}

static void series_points(struct chart *c, uint16_t i)
{
  const struct sl_series_line *s = &c->s[i];
  for (size_t k = 0; k < s->n; k++) {
    int x = sl_scale_dot(&c->x, s->x[k]), y = sl_scale_dot(&c->y, s->y[k]);
    if (x >= 0 && y >= 0)
      sl_plot_dot(&c->plot, x, c->plot.h - 1 - y, i);
  }
}

static void plot_show(struct sl_grid *g, const struct chart *c)
{
  const struct sl_plot *p = &c->plot;
  for (int y = 0; y < p->r.h; y++)
    for (int x = 0; x < p->r.w; x++) {
      size_t cell = (size_t)y * (size_t)p->r.w + (size_t)x;
      if (!p->owner[cell])
        continue;
      size_t series = (size_t)p->owner[cell] - 1;
      char glyph[8];
      sl_plot_glyph(p, p->mask[cell], series, glyph);
      sl_grid_cell(g, p->r.x + x, p->r.y + y, c->s[series].role, c->o->points ? sl_plot_marker(series) : glyph);
    }
}

/* ---- legend: two rows at most, drawn with the same dashes ---- */

static int legend_sample(struct sl_grid *g, const struct chart *c, int x, int y, size_t i)
{
  if (c->o->points || sl_glyphs() == SL_GLYPH_ASCII) {
    for (int k = 0; k < (c->o->points ? 1 : 3); k++)
      sl_grid_cell(g, x + k, y, c->s[i].role, sl_plot_marker(i));
    return c->o->points ? 1 : 3;
  }
  struct sl_plot one = c->plot; /* only its shape of dots is used */
  for (int k = 0; k < 4; k++) {
    char glyph[8];
    uint8_t mask = 0;
    for (int d = 0; d < 2; d++)
      if (sl_plot_dash(i, k * 2 + d))
        mask |= (uint8_t)(one.ph == 4 ? (d ? 0x10 : 0x02) : (d ? 8 : 4));
    sl_plot_glyph(&one, mask, i, glyph);
    sl_grid_cell(g, x + k, y, c->s[i].role, glyph);
  }
  return 4;
}

static size_t named(const struct chart *c)
{
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++)
    n += c->s[i].name && c->s[i].name[0];
  return n;
}

/* Draws (or, without g, only counts) the rows that the legend takes. */
static int legend(struct sl_grid *g, const struct chart *c, struct sl_rect r)
{
  size_t n = named(c);
  int rows = r.h >= 10 ? LEGEND_ROWS : 1, x = r.x, y = 0, sample = c->o->points ? 1 : sl_glyphs() == SL_GLYPH_ASCII ? 3 : 4;
  bool label = c->o->ylabel && c->o->ylabel[0];
  if (r.h < 5 || (n < 2 && !label))
    return 0;
  if (label)
    x += 3 + (g ? sl_grid_putz(g, x, r.y, r.w / 2, SL_ROLE_dim, c->o->ylabel)
      : (int)sl_text_width(sl_str(c->o->ylabel), SL_TEXT_CELL));
  for (size_t i = 0; i < c->n && n >= 2; i++) {
    int name = c->s[i].name ? (int)sl_text_width(sl_str(c->s[i].name), SL_TEXT_CELL) : 0, more = i + 1 < c->n ? 14 : 0;
    if (!name)
      continue;
    if (name > 24)
      name = 24;
    if (x + sample + 1 + name + more > r.x + r.w && y + 1 < rows)
      x = r.x, y++;
    if (x + sample + 1 + name + (y + 1 < rows ? 0 : more) > r.x + r.w) {
      if (g)
        sl_grid_printf(g, x, r.y + y, r.x + r.w - x, SL_ROLE_dim, "and %zu more", c->n - i);
      break;
    }
    if (g) {
      legend_sample(g, c, x, r.y + y, i);
      sl_grid_putz(g, x + sample + 1, r.y + y, name, c->s[i].role, c->s[i].name ? c->s[i].name : "");
    }
    x += sample + 1 + name + 2;
  }
  return y + 1;
}

/* ---- axes ---- */

/* Enough digits to tell neighbouring ticks apart. */
static void label_num(char out[32], double v, const struct sl_scale *s, double step)
{
  double at = fabs(s->log ? v : fmax(fabs(s->min), fabs(s->max)));
  int digits = s->log || !(step > 0) || !(at > 0) ? 3 : (int)ceil(log10(at / step) - 1e-9) + 1;
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_fmt_sig(&b, v, digits < 2 ? 2 : digits > 12 ? 12 : digits);
  snprintf(out, 32, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static int y_labels(struct sl_grid *g, const struct chart *c, int width)
{
  double tick[SL_TICKS];
  size_t n = sl_scale_ticks(&c->y, (size_t)(c->r.h > 3 ? c->r.h / 2 : 2), tick);
  int widest = 1;
  for (size_t i = 0; i < n; i++) {
    char text[32];
    label_num(text, tick[i], &c->y, n > 1 ? tick[1] - tick[0] : 0);
    int w = (int)strlen(text) > LABEL_MAX ? LABEL_MAX : (int)strlen(text);
    widest = w > widest ? w : widest;
    int dot = sl_scale_dot(&c->y, tick[i]);
    if (!g || dot < 0)
      continue;
    int row = (c->plot.h - 1 - dot) / c->plot.ph;
    sl_grid_right(g, c->r.x - 2 - width, c->r.y + row, width, SL_ROLE_dim, sl_str(text));
    sl_grid_cell(g, c->r.x - 1, c->r.y + row, SL_ROLE_border, sl_glyph_pick("┤", "+"));
  }
  return widest;
}

static void label_time(char out[32], double v, const struct chart *c)
{
  sl_ms t = (sl_ms)v;
  struct sl_civil at = sl_civil_of(t, c->o->xtime->tz);
  bool days = c->x.max - c->x.min > 2 * 86400e3;
  if (days)
    snprintf(out, 32, "%02d-%02d", at.month, at.day);
  else
    snprintf(out, 32, "%02d:%02d", at.hour, at.minute);
}

/* Round moments: minutes, hours, days. */
static size_t time_ticks(const struct chart *c, size_t most, double tick[SL_TICKS])
{
  static const double steps[] = {6e4, 3e5, 6e5, 18e5, 36e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6, 7776e6, 31536e6, 31536e7};
  double off = (double)sl_tz_offset_s(c->o->xtime->tz, (sl_ms)c->x.min) * 1000;
  size_t n = 0;
  for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
    double first = ceil((c->x.min + off) / steps[k]);
    n = 0;
    while (n <= most && n < SL_TICKS && (first + (double)n) * steps[k] - off <= c->x.max) {
      tick[n] = (first + (double)n) * steps[k] - off;
      n++;
    }
    if (n <= most && n < SL_TICKS)
      break;
  }
  return n;
}

static void x_labels(struct sl_grid *g, const struct chart *c)
{
  int y = c->r.y + c->r.h, end = c->r.x + c->r.w, free_from = c->r.x;
  double tick[SL_TICKS];
  int tail = c->o->xlabel ? (int)sl_text_width(sl_str(c->o->xlabel), SL_TEXT_CELL) : 0;
  if (tail > c->r.w / 3)
    tail = 0;
  size_t most = (size_t)(c->r.w / 12 > 1 ? c->r.w / 12 : 2);
  size_t n = c->o->xtime ? time_ticks(c, most, tick) : sl_scale_ticks(&c->x, most, tick);
  sl_grid_cell(g, c->r.x - 1, y, SL_ROLE_border, sl_glyph_pick("└", "+"));
  sl_grid_hline(g, c->r.x, y, c->r.w, SL_ROLE_border);
  if (tail) {
    sl_grid_printf(g, end - tail - 1, y, tail + 1, SL_ROLE_dim, " %s", c->o->xlabel);
    end -= tail + 1;
  }
  for (size_t i = 0; i < n; i++) {
    char text[32];
    if (c->o->xtime)
      label_time(text, tick[i], c);
    else
      label_num(text, tick[i], &c->x, n > 1 ? tick[1] - tick[0] : 0);
    int w = (int)strlen(text), dot = sl_scale_dot(&c->x, tick[i]), at = c->r.x + dot / c->plot.pw - w / 2;
    at = at < free_from ? free_from : at;
    if (dot < 0 || at + w > end)
      continue;
    sl_grid_putz(g, at, y, w, SL_ROLE_dim, text);
    free_from = at + w + 1;
  }
}

/* ---- all of it ---- */

static void chart_draw(struct sl_grid *g, struct chart *c, int label)
{
  for (int y = 0; y < c->r.h; y++)
    sl_grid_cell(g, c->r.x - 1, c->r.y + y, SL_ROLE_border, sl_glyph_pick("│", "|"));
  y_labels(g, c, label);
  x_labels(g, c);
  for (size_t i = 0; i < c->n && i < MAX_SERIES; i++)
    if (c->o->points)
      series_points(c, (uint16_t)i);
    else
      series_lines(c, (uint16_t)i);
  plot_show(g, c);
}

void sl_chart_lines(struct sl_grid *g, struct sl_rect r, const struct sl_series_line *s, size_t n, const struct sl_chart_opts *o)
{
  static const struct sl_chart_opts plain = {0};
  struct chart c = {.s = s, .n = n, .o = o ? o : &plain, .r = r};
  if (r.w < 8 || r.h < 3)
    return;
  if (!ranges(&c)) {
    sl_grid_putz(g, r.x + 1, r.y + r.h / 2, r.w - 1, SL_ROLE_dim, "no values to draw");
    return;
  }
  int top = legend(NULL, &c, r);
  c.r = (struct sl_rect){r.x, r.y + top, r.w, r.h - top - 1};
  int label = y_labels(NULL, &c, 0);
  c.r.x += label + 2;
  c.r.w -= label + 2;
  if (c.r.w < 4 || c.r.h < 1 || sl_plot_init(&c.plot, c.r, NULL)) {
    sl_grid_putz(g, r.x, r.y, r.w, SL_ROLE_dim, "too narrow for a chart");
    return;
  }
  c.x.dots = c.plot.w;
  c.y.dots = c.plot.h;
  legend(g, &c, r);
  chart_draw(g, &c, label);
  sl_plot_free(&c.plot);
}
