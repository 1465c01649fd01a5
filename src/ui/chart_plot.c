/* ui/chart_plot.c: dots, dashes, scales and ticks: what line charts stand on. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "ui/chart_int.h"

int sl_plot_init(struct sl_plot *p, struct sl_rect r, struct sl_err *err)
{
  static const int dots[3][2] = {[SL_GLYPH_ASCII] = {1, 1}, [SL_GLYPH_BLOCK] = {2, 2}, [SL_GLYPH_BRAILLE] = {2, 4}};
  const int *d = dots[sl_glyphs()];
  size_t cells = (size_t)r.w * (size_t)r.h;
  *p = (struct sl_plot){.r = r, .pw = d[0], .ph = d[1], .w = r.w * d[0], .h = r.h * d[1]};
  p->mask = sl_calloc(cells, sizeof *p->mask);
  p->owner = sl_calloc(cells, sizeof *p->owner);
  if (p->mask && p->owner)
    return SL_OK;
  sl_plot_free(p);
  return sl_err_nomem(err);
}

void sl_plot_free(struct sl_plot *p)
{
  sl_free(p->mask);
  sl_free(p->owner);
  p->mask = NULL;
  p->owner = NULL;
}

/* A cell has one colour: the first series that draws there keeps it, and others do not add dots of a wrong colour. */
void sl_plot_dot(struct sl_plot *p, int x, int y, uint16_t series)
{
  static const uint8_t braille[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  if (x < 0 || y < 0 || x >= p->w || y >= p->h)
    return;
  size_t cell = (size_t)(y / p->ph) * (size_t)p->r.w + (size_t)(x / p->pw);
  if (p->owner[cell] && p->owner[cell] != series + 1)
    return;
  p->owner[cell] = (uint16_t)(series + 1);
  p->mask[cell] = (uint8_t)(p->mask[cell] | (p->ph == 4 ? braille[y % 4][x % 2] : p->ph == 2 ? (uint8_t)(1 << (y % 2 * 2 + x % 2)) : 1));
}

/* On and off by turns, in dots; the first series is solid. */
bool sl_plot_dash(size_t series, long step)
{
  static const uint8_t dash[6][4] = {{1, 0, 0, 0}, {6, 3, 0, 0}, {2, 2, 0, 0}, {6, 2, 2, 2}, {4, 6, 0, 0}, {1, 3, 0, 0}};
  const uint8_t *d = dash[(series + series / 6) % 6]; /* six roles, six dashes: 36 that differ */
  long period = d[0] + d[1] + d[2] + d[3], at = step % period;
  for (int i = 0; i < 4; i++) {
    if (at < d[i])
      return i % 2 == 0;
    at -= d[i];
  }
  return false;
}

const char *sl_plot_marker(size_t series)
{
  static const char *const glyph[6] = {"●", "○", "▲", "△", "■", "□"}, *const ascii[6] = {"*", "o", "+", "x", "#", "@"};
  size_t i = (series + series / 6) % 6;
  return sl_glyph_pick(glyph[i], ascii[i]);
}

void sl_plot_glyph(const struct sl_plot *p, uint8_t mask, size_t series, char out[8])
{
  static const char *const quad[16] = {" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█"};
  if (!mask) { /* U+2800 is not blank everywhere */
    memcpy(out, " ", 2);
    return;
  }
  if (p->ph == 4) {
    out[sl_utf8_put(0x2800u + mask, out)] = 0;
    return;
  }
  const char *z = p->ph == 2 ? quad[mask & 15] : sl_plot_marker(series);
  memcpy(out, z, strlen(z) + 1);
}

/* ---- scales ---- */

int sl_scale_dot(const struct sl_scale *s, double v)
{
  if (s->log)
    v = v > 0 ? log10(v) : NAN;
  if (!(v >= s->min && v <= s->max))
    return -1;
  /* halves first: max - min may be more than a double holds */
  double share = (v / 2 - s->min / 2) / (s->max / 2 - s->min / 2);
  int dot = (int)(share * (s->dots - 1) + 0.5);
  return dot < 0 ? 0 : dot > s->dots - 1 ? s->dots - 1 : dot;
}

static size_t ticks_at(const struct sl_scale *s, double step, double out[SL_TICKS])
{
  size_t n = 0;
  double first = ceil(s->min / step - 1e-9);
  for (double k = first; n < SL_TICKS; k += 1) {
    double v = k * step;
    if (v > s->max + step * 1e-9 || k + 1 == k)
      break;
    out[n++] = fabs(v) < step * 1e-9 ? 0 : v;
  }
  return n;
}

/* Less than two powers of ten: 1, 2, 5 within them. */
static size_t ticks_log_short(const struct sl_scale *s, size_t most, double out[SL_TICKS])
{
  static const double steps[3] = {1, 2, 5};
  size_t n = 0;
  for (double k = floor(s->min); k <= s->max && n < most; k += 1)
    for (int i = 0; i < 3 && n < most; i++) {
      double v = k + log10(steps[i]);
      if (v >= s->min - 1e-9 && v <= s->max + 1e-9)
        out[n++] = steps[i] * pow(10, k);
    }
  return n;
}

/* Steps of 1, 2, 5 times a power of ten; in a log scale whole powers. */
size_t sl_scale_ticks(const struct sl_scale *s, size_t most, double out[SL_TICKS])
{
  static const double steps[3] = {1, 2, 5};
  double span = s->max / 2 - s->min / 2;
  if (most > SL_TICKS - 2)
    most = SL_TICKS - 2;
  if (!(span > 0) || !isfinite(span) || most == 0)
    return 0;
  if (s->log && s->max - s->min < 2)
    return ticks_log_short(s, most, out);
  double power = pow(10, floor(log10(span / (double)most)) - 1);
  if (s->log && power < 1)
    power = 1;
  size_t n = 0;
  for (int i = 0; i < 18; i++) {
    double step = steps[i % 3] * power * pow(10, i / 3);
    if (!isfinite(step) || !(step > 0))
      break;
    n = ticks_at(s, step, out);
    if (n <= most)
      break;
  }
  for (size_t i = 0; i < n && s->log; i++)
    out[i] = pow(10, out[i]);
  return n;
}
