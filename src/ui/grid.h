/* ui/grid.h: a picture as cells, before any terminal: text, width and a role each. Everything is drawn here; term_curses.c sends the
 * difference. All text goes through the sanitiser (base/text.h), so no caller can put a control byte on the screen. */
#ifndef SL_UI_GRID_H
#define SL_UI_GRID_H

#include "base/text.h"

/* Roles, not colours: themes map them. name, what it is for, attributes in `mono` (b bold, r reverse, u underline, d dim) */
#define SL_ROLES(X)                                                            \
  X(text, "ordinary text", "")                                                 \
  X(dim, "secondary text", "d")                                                \
  X(bright, "what the eye should find", "b")                                   \
  X(header, "first line", "r")                                                 \
  X(prod, "first line and borders in a protected environment", "rb")           \
  X(crumb, "breadcrumb", "b")                                                  \
  X(colhead, "column heads", "u")                                              \
  X(cursor, "the row under the cursor", "r")                                   \
  X(mark, "marked rows", "b")                                                  \
  X(key, "keys in hints and help", "b")                                        \
  X(hint, "hint line", "d")                                                    \
  X(truth, "line of truth", "d")                                               \
  X(border, "lines between panes", "d")                                        \
  X(input, "text being typed", "u")                                            \
  X(match, "found text", "r")                                                  \
  X(escape, "replaced bytes", "r")                                             \
  X(link, "leads somewhere", "u")                                              \
  X(ok, "state ok", "")                                                        \
  X(bad, "state failed", "b")                                                  \
  X(warn, "state late, stale, partial", "b")                                   \
  X(wait, "state waiting, pending", "")                                        \
  X(run, "state running", "")                                                  \
  X(unknown, "state unknown", "")                                              \
  X(struck, "deleted since the last refresh", "d")                             \
  X(armed, "armed: actions will happen", "rb")                                 \
  X(s1, "series 1", "") X(s2, "series 2", "b") X(s3, "series 3", "") X(s4, "series 4", "b") X(s5, "series 5", "") X(s6, "series 6", "b")

enum sl_role {
#define SL_ROLE_ENUM(name, what, mono) SL_ROLE_##name,
  SL_ROLES(SL_ROLE_ENUM)
#undef SL_ROLE_ENUM
  SL_ROLE_N
};
/* As a theme calls it; its attributes without colours, letters of b r u d. */
const char *sl_role_name(enum sl_role r);
const char *sl_role_mono(enum sl_role r);

struct sl_cell { char t[21]; uint8_t n, w /* 0: right half of a wide one */, role, over /* role laid over it (cursor line), or 0xff */; };
struct sl_rect { int x, y, w, h; };
struct sl_grid { int w, h; struct sl_cell *cell; int cx, cy; bool cursor; };

int sl_grid_init(struct sl_grid *g, int w, int h, struct sl_err *err) SL_NODISCARD;   /* clamped to 1..1000 x 1..500 */
void sl_grid_free(struct sl_grid *g);                                                 /* the cells; zeroed then */
void sl_grid_clear(struct sl_grid *g, struct sl_rect r);                              /* blanks in role text */
struct sl_rect sl_grid_all(const struct sl_grid *g);                                  /* all of it: 0, 0, w, h */
/* Draws s at x,y, at most w cells, cut with an ellipsis where it does not fit; returns the cells used. Out of the grid: nothing. */
int sl_grid_put(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s);
int sl_grid_putz(struct sl_grid *g, int x, int y, int w, enum sl_role role, const char *z);
int sl_grid_printf(struct sl_grid *g, int x, int y, int w, enum sl_role role, const char *fmt, ...) SL_PRINTF(6, 7);
int sl_grid_right(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s);   /* right-aligned in w */
int sl_grid_keep(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s, enum sl_text_keep keep);
/* Over at most r.h lines of r.w, broken behind a blank or a slash; how many it took. The end of an error is often what helps. */
int sl_grid_wrap(struct sl_grid *g, struct sl_rect r, enum sl_role role, struct sl_str s);
void sl_grid_cell(struct sl_grid *g, int x, int y, enum sl_role role, const char *utf8);         /* one glyph of ours */
void sl_grid_over(struct sl_grid *g, struct sl_rect r, enum sl_role role);                       /* lays a role over what is drawn */
void sl_grid_hline(struct sl_grid *g, int x, int y, int w, enum sl_role role);
void sl_grid_box(struct sl_grid *g, struct sl_rect r, enum sl_role role, const char *title);     /* clears the inside */
void sl_grid_cursor(struct sl_grid *g, int x, int y);                                            /* where the terminal's cursor shows */
/* Pictures for tests: rows of text; and rows where runs of a role other than text stand as {role:...}. */
int sl_grid_dump(const struct sl_grid *g, bool roles, struct sl_buf *out);

/* ---- glyph levels ---- */
enum sl_glyphs { SL_GLYPH_ASCII, SL_GLYPH_BLOCK, SL_GLYPH_BRAILLE };
void sl_grid_glyphs(enum sl_glyphs level);      /* process-wide, set at start (borders, ellipsis, state glyphs, charts) */
enum sl_glyphs sl_glyphs(void);
const char *sl_glyph_pick(const char *utf8, const char *ascii);
/* A state's word -> its glyph and role (ok, failed, late, stale, missing, waiting, pending, running, fresh, ...). */
void sl_state_look(struct sl_str word, const char **glyph, enum sl_role *role);

#endif
