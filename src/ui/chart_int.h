/* ui/chart_int.h: what the chart files share: a plot of dots, scales, ticks. */
#ifndef SL_UI_CHART_INT_H
#define SL_UI_CHART_INT_H

#include "ui/widgets.h"

/* Dots under a rectangle of cells: 2x4 a cell in braille, 2x2 in blocks, 1x1 in ASCII. Each cell knows the series that owns it. */
struct sl_plot {
  struct sl_rect r;
  int pw, ph;                  /* dots a cell */
  int w, h;                    /* dots in all */
  uint8_t *mask;               /* r.w * r.h */
  uint16_t *owner;             /* series + 1; 0: none */
};
/* For the glyph level of now. Owns nothing after a failure; free: its arrays, not p. A dot outside, or in a cell of another series:
 * nothing. */
int sl_plot_init(struct sl_plot *p, struct sl_rect r, struct sl_err *err) SL_NODISCARD;
void sl_plot_free(struct sl_plot *p);
void sl_plot_dot(struct sl_plot *p, int x, int y, uint16_t series);
/* The dash of a series: is dot number `step` along it drawn? */
bool sl_plot_dash(size_t series, long step);
const char *sl_plot_marker(size_t series);       /* one glyph */
void sl_plot_glyph(const struct sl_plot *p, uint8_t mask, size_t series, char out[8]);

struct sl_scale { double min, max; bool log; int dots; };    /* min < max; log: both are logarithms to base 10 */
/* Dot of v, or -1: not drawable (NaN, <= 0 in a log scale, outside). */
int sl_scale_dot(const struct sl_scale *s, double v);
enum { SL_TICKS = 24 };
/* At most `most` round values inside the scale, ascending; returns how many. */
size_t sl_scale_ticks(const struct sl_scale *s, size_t most, double out[SL_TICKS]);

#endif
