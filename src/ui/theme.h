/* ui/theme.h: roles to colours, from YAML (ours) or base16. Colours are `default`, one of 16 names, 0-255, or #rrggbb; each role may also
 * have bold, dim, underline, reverse. Colours degrade to what the terminal has. */
#ifndef SL_UI_THEME_H
#define SL_UI_THEME_H

#include "ui/grid.h"

enum { SL_ATTR_BOLD = 1, SL_ATTR_DIM = 2, SL_ATTR_UNDERLINE = 4, SL_ATTR_REVERSE = 8 };
struct sl_look { int32_t fg, bg; /* -1 default; 0-255; 0x1000000|rgb */ uint8_t attr; };
struct sl_theme { char name[48]; bool light; struct sl_look look[SL_ROLE_N]; };
int sl_theme_load(struct sl_theme *out, const char *path, struct sl_err *err) SL_NODISCARD;      /* ours or base16 by content */
/* The same from bytes; file: for messages (EPARSE, ECONFIG). *out is set only by success. */
int sl_theme_parse(struct sl_theme *out, struct sl_str yaml, const char *file, struct sl_err *err) SL_NODISCARD;
void sl_theme_mono(struct sl_theme *out);                 /* attributes only: NO_COLOR */
/* By name in $XDG_DATA_HOME/sluice/themes, then `dir`; `auto` picks default or light. */
int sl_theme_find(struct sl_theme *out, const char *name, const char *dir, struct sl_err *err) SL_NODISCARD;
int sl_color_degrade(int32_t color, int colors);          /* to 8, 16 or 256 */
double sl_color_contrast(int32_t a, int32_t b);           /* WCAG 2.1: 1 to 21; 0 where one is the terminal's own */
int32_t sl_color_lift(int32_t fg, int32_t bg, double ratio); /* fg, nearer to white or black until it reaches the ratio */

#endif
