/* ui/chart_small.c: charts that stand beside a number: sparkline, bar, histogram, in eighths of a cell. */
#include <math.h>
#include <string.h>

#include "ui/widgets.h"

static const char *const up[9] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const up_ascii[9] = {" ", "_", ".", "-", "~", "=", "+", "*", "#"};
static const char *const left[9] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

static const char *rise(int eighths)
{
  return sl_glyph_pick(up[eighths], up_ascii[eighths]);
}

static double greatest(const double *v, size_t n)
{
  double max = 0;
  for (size_t i = 0; i < n; i++)
    if (isfinite(v[i]) && v[i] > max)
      max = v[i];
  return max;
}

/* Value of column i of `cells` over n values: the greatest that falls there, so that no peak is lost. NaN: none does. */
static double pooled(const double *v, size_t n, int i, int cells)
{
  size_t from = n * (size_t)i / (size_t)cells, to = n * ((size_t)i + 1) / (size_t)cells;
  double best = NAN;
  for (size_t k = from; k < to; k++)
    if (!isnan(v[k]) && !(best >= v[k]))
      best = v[k];
  return best;
}

/* Of `full` eighths; what is more than nothing shows at least one. */
static int eighths(double v, double max, int full)
{
  if (!(v > 0) || !(max > 0))
    return 0;
  double e = v >= max ? full : floor(v / max * full + 0.5);
  return e < 1 ? 1 : (int)e;
}

void sl_chart_spark(struct sl_grid *g, int x, int y, int w, enum sl_role role, const double *v, size_t n)
{
  double max = greatest(v, n);
  int cells = n < (size_t)(w > 0 ? w : 0) ? (int)n : w;
  for (int i = 0; i < cells; i++) {
    double a = pooled(v, n, i, cells);
    int e = isnan(a) ? 0 : 1 + eighths(a, max, 7); /* zero is the lowest line, a gap is a blank */
    sl_grid_cell(g, x + i, y, role, rise(e));
  }
}

void sl_chart_bar(struct sl_grid *g, int x, int y, int w, enum sl_role role, double share)
{
  if (w <= 0)
    return;
  if (isnan(share)) {
    sl_grid_cell(g, x, y, SL_ROLE_unknown, "?");
    return;
  }
  bool ascii = sl_glyphs() == SL_GLYPH_ASCII;
  int e = eighths(share, 1, w * 8);
  for (int i = 0; i < w; i++) {
    int part = e - i * 8 > 8 ? 8 : e - i * 8 < 0 ? 0 : e - i * 8;
    if (part)
      sl_grid_cell(g, x + i, y, role, !ascii ? left[part] : part >= 4 ? "#" : i ? " " : "|");
  }
}

static const char *column_part(int part)
{
  if (sl_glyphs() != SL_GLYPH_ASCII)
    return up[part];
  return part == 0 ? " " : part == 8 ? "#" : part < 3 ? "." : part < 6 ? ":" : "|";
}

void sl_chart_hist(struct sl_grid *g, struct sl_rect r, enum sl_role role, const double *v, size_t n)
{
  if (r.w <= 0 || r.h <= 0 || !n)
    return;
  double max = greatest(v, n);
  int each = n <= (size_t)r.w ? r.w / (int)n : 1, cols = n <= (size_t)r.w ? (int)n : r.w;
  for (int i = 0; i < cols; i++) {
    int e = eighths(pooled(v, n, i, cols), max, r.h * 8);
    for (int row = 0; row < r.h; row++) {
      int part = e - row * 8 > 8 ? 8 : e - row * 8 < 0 ? 0 : e - row * 8;
      for (int k = 0; part && k < each; k++)
        sl_grid_cell(g, r.x + i * each + k, r.y + r.h - 1 - row, role, column_part(part));
    }
  }
}
