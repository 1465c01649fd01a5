/* ui/grid.c: drawing into cells. Clipping, widths and the sanitiser are here once, so that views cannot get them wrong. */
#include "ui/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { NO_OVER = 0xff };

static const struct { const char *name, *mono; } roles[SL_ROLE_N] = {
#define SL_ROLE_ROW(name, what, mono) {#name, mono},
  SL_ROLES(SL_ROLE_ROW)
#undef SL_ROLE_ROW
};

const char *sl_role_name(enum sl_role r) { return (unsigned)r < SL_ROLE_N ? roles[r].name : "?"; }
const char *sl_role_mono(enum sl_role r) { return (unsigned)r < SL_ROLE_N ? roles[r].mono : ""; }

static int clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

static void cell_blank(struct sl_cell *c)
{
  *c = (struct sl_cell){ .t = " ", .n = 1, .w = 1, .role = SL_ROLE_text, .over = NO_OVER };
}

int sl_grid_init(struct sl_grid *g, int w, int h, struct sl_err *err)
{
  w = clamp(w, 1, 1000);
  h = clamp(h, 1, 500);
  struct sl_cell *cell = sl_calloc((size_t)w * (size_t)h, sizeof *cell);
  if (!cell)
    return sl_err_nomem(err);
  *g = (struct sl_grid){ .w = w, .h = h, .cell = cell };
  sl_grid_clear(g, sl_grid_all(g));
  return SL_OK;
}

void sl_grid_free(struct sl_grid *g)
{
  sl_free(g->cell);
  *g = (struct sl_grid){ 0 };
}

struct sl_rect sl_grid_all(const struct sl_grid *g) { return (struct sl_rect){ 0, 0, g->w, g->h }; }

static struct sl_cell *cell_at(struct sl_grid *g, int x, int y)
{
  return x < 0 || y < 0 || x >= g->w || y >= g->h ? NULL : &g->cell[(size_t)y * (size_t)g->w + (size_t)x];
}

static struct sl_rect clip(const struct sl_grid *g, struct sl_rect r)
{
  int x1 = clamp(r.x + r.w, 0, g->w), y1 = clamp(r.y + r.h, 0, g->h);
  r.x = clamp(r.x, 0, g->w);
  r.y = clamp(r.y, 0, g->h);
  r.w = x1 > r.x ? x1 - r.x : 0;
  r.h = y1 > r.y ? y1 - r.y : 0;
  return r;
}

/* Half of a wide character that is about to lose its other half becomes a blank. */
static void unpair(struct sl_grid *g, int x, int y)
{
  struct sl_cell *c = cell_at(g, x, y), *left = cell_at(g, x - 1, y), *right = cell_at(g, x + 1, y);
  if (c && c->w == 0 && left && left->w == 2)
    cell_blank(left);
  if (c && c->w == 2 && right && right->w == 0)
    cell_blank(right);
}

void sl_grid_clear(struct sl_grid *g, struct sl_rect r)
{
  r = clip(g, r);
  for (int y = r.y; y < r.y + r.h; y++)
    for (int x = r.x; x < r.x + r.w; x++) {
      unpair(g, x, y);
      cell_blank(cell_at(g, x, y));
    }
}

/* One cluster of at most two cells. */
static void put_cluster(struct sl_grid *g, int x, int y, enum sl_role role, const char *t, size_t n, int w)
{
  struct sl_cell *c = cell_at(g, x, y);
  if (!c || n >= sizeof c->t || (w == 2 && x + 1 >= g->w))
    return;
  unpair(g, x, y);
  if (w == 2)
    unpair(g, x + 1, y);
  memcpy(c->t, t, n);
  c->t[n] = 0;
  c->n = (uint8_t)n;
  c->w = (uint8_t)w;
  c->role = (uint8_t)role;
  c->over = NO_OVER;
  if (w == 2) {
    struct sl_cell *right = cell_at(g, x + 1, y);
    *right = (struct sl_cell){ .role = (uint8_t)role, .over = NO_OVER };
  }
}

/* An escape such as <U+202E> is several ASCII cells. */
static void put_escape(struct sl_grid *g, int x, int y, const struct sl_cluster *c)
{
  for (int i = 0; i < c->n; i++)
    put_cluster(g, x + i, y, SL_ROLE_escape, c->text + i, 1, 1);
}

static int put_run(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_CELL);
  struct sl_cluster c;
  int used = 0;
  while (sl_text_next(&it, &c) && used + c.width <= w) {
    if (c.escaped && c.n == c.width)
      put_escape(g, x + used, y, &c);
    else if (c.escaped) /* marks on a dotted circle */
      put_cluster(g, x + used, y, SL_ROLE_escape, c.text, c.n, c.width);
    else if (c.width > 0)
      put_cluster(g, x + used, y, role, c.text, c.n, c.width);
    used += c.width;
  }
  return used;
}

int sl_grid_keep(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s, enum sl_text_keep keep)
{
  if (w <= 0 || y < 0 || y >= g->h || x >= g->w)
    return 0;
  if (x + w > g->w)
    w = g->w - x;
  /* Only as much as could be seen is measured: a cell of 10 MB costs nothing. */
  struct sl_str seen = keep == SL_KEEP_HEAD ? sl_str_head(s, (size_t)w * 24 + 64) : s;
  if (sl_text_width(seen, SL_TEXT_CELL) <= (size_t)w)
    return put_run(g, x, y, w, role, seen);
  bool ascii = sl_glyphs() == SL_GLYPH_ASCII;
  if (keep == SL_KEEP_HEAD) { /* what was replaced keeps its own role */
    int dots = !ascii ? 1 : w < 3 ? w : 3, used = put_run(g, x, y, w - dots, role, seen);
    return used + put_run(g, x + used, y, dots, role, ascii ? SL_STR("...") : SL_STR("…"));
  }
  struct sl_buf b;
  sl_buf_init(&b, 16384);
  sl_text_fit(&b, seen, (size_t)w, keep, ascii);
  int used = put_run(g, x, y, w, role, sl_buf_view(&b));
  sl_buf_free(&b);
  return used;
}

int sl_grid_put(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s)
{
  return sl_grid_keep(g, x, y, w, role, s, SL_KEEP_HEAD);
}

/* As much as fits a line, up to behind its last blank or slash where that does not leave half of it empty. */
static size_t line_take(struct sl_str s, size_t w)
{
  if (sl_text_width(sl_str_head(s, w * 24 + 64), SL_TEXT_CELL) <= w)
    return s.n;
  size_t most = sl_utf8_cut(s, w), take = most;
  while (take > w / 2 && s.p[take - 1] != ' ' && s.p[take - 1] != '/')
    take--;
  return take > w / 2 ? take : most ? most : s.n;
}

int sl_grid_wrap(struct sl_grid *g, struct sl_rect r, enum sl_role role, struct sl_str s)
{
  int n = 0;
  for (s = sl_str_trim(s); s.n && n < r.h && r.w > 0; n++) {
    size_t take = n + 1 < r.h ? line_take(s, (size_t)r.w) : s.n;
    sl_grid_put(g, r.x, r.y + n, r.w, role, sl_str_trim(sl_str_head(s, take)));
    s = sl_str_trim(sl_str_from(s, take));
  }
  return n;
}

int sl_grid_putz(struct sl_grid *g, int x, int y, int w, enum sl_role role, const char *z)
{
  return sl_grid_put(g, x, y, w, role, sl_str(z));
}

int sl_grid_printf(struct sl_grid *g, int x, int y, int w, enum sl_role role, const char *fmt, ...)
{
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return sl_grid_putz(g, x, y, w, role, text);
}

int sl_grid_right(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str s)
{
  size_t width = sl_text_width(sl_str_head(s, (size_t)(w > 0 ? w : 0) * 24 + 64), SL_TEXT_CELL);
  int pad = width < (size_t)(w > 0 ? w : 0) ? w - (int)width : 0;
  return pad + sl_grid_put(g, x + pad, y, w - pad, role, s);
}

void sl_grid_cell(struct sl_grid *g, int x, int y, enum sl_role role, const char *utf8)
{
  put_run(g, x, y, 2, role, sl_str(utf8));
}

void sl_grid_over(struct sl_grid *g, struct sl_rect r, enum sl_role role)
{
  r = clip(g, r);
  for (int y = r.y; y < r.y + r.h; y++)
    for (int x = r.x; x < r.x + r.w; x++)
      cell_at(g, x, y)->over = (uint8_t)role;
}

void sl_grid_hline(struct sl_grid *g, int x, int y, int w, enum sl_role role)
{
  for (int i = 0; i < w; i++)
    sl_grid_cell(g, x + i, y, role, sl_glyph_pick("─", "-"));
}

void sl_grid_box(struct sl_grid *g, struct sl_rect r, enum sl_role role, const char *title)
{
  if (r.w < 2 || r.h < 2)
    return;
  sl_grid_clear(g, r);
  int x1 = r.x + r.w - 1, y1 = r.y + r.h - 1;
  sl_grid_hline(g, r.x + 1, r.y, r.w - 2, role);
  sl_grid_hline(g, r.x + 1, y1, r.w - 2, role);
  for (int y = r.y + 1; y < y1; y++) {
    sl_grid_cell(g, r.x, y, role, sl_glyph_pick("│", "|"));
    sl_grid_cell(g, x1, y, role, sl_glyph_pick("│", "|"));
  }
  sl_grid_cell(g, r.x, r.y, role, sl_glyph_pick("┌", "+"));
  sl_grid_cell(g, x1, r.y, role, sl_glyph_pick("┐", "+"));
  sl_grid_cell(g, r.x, y1, role, sl_glyph_pick("└", "+"));
  sl_grid_cell(g, x1, y1, role, sl_glyph_pick("┘", "+"));
  if (title && title[0] && r.w > 6) {
    sl_grid_putz(g, r.x + 1, r.y, 1, role, " ");
    int used = sl_grid_putz(g, r.x + 2, r.y, r.w - 5, SL_ROLE_bright, title);
    sl_grid_putz(g, r.x + 2 + used, r.y, 1, role, " ");
  }
}

void sl_grid_cursor(struct sl_grid *g, int x, int y)
{
  g->cx = x;
  g->cy = y;
  g->cursor = true;
}

/* ---- pictures for tests ---- */

static enum sl_role cell_role(const struct sl_cell *c) { return (enum sl_role)(c->over != NO_OVER ? c->over : c->role); }

static void dump_row(const struct sl_grid *g, int y, bool with_roles, struct sl_buf *out)
{
  const struct sl_cell *row = &g->cell[(size_t)y * (size_t)g->w];
  int end = g->w;
  while (end > 0 && row[end - 1].n == 1 && row[end - 1].t[0] == ' ' && (!with_roles || cell_role(&row[end - 1]) == SL_ROLE_text))
    end--;
  enum sl_role open = SL_ROLE_text;
  for (int x = 0; x < end; x++) {
    enum sl_role now = row[x].w == 0 ? open : cell_role(&row[x]);
    if (with_roles && now != open) {
      if (open != SL_ROLE_text)
        sl_buf_ch(out, '}');
      if (now != SL_ROLE_text)
        sl_buf_printf(out, "{%s:", sl_role_name(now));
      open = now;
    }
    sl_buf_add(out, row[x].t, row[x].n);
  }
  if (with_roles && open != SL_ROLE_text)
    sl_buf_ch(out, '}');
  sl_buf_ch(out, '\n');
}

int sl_grid_dump(const struct sl_grid *g, bool with_roles, struct sl_buf *out)
{
  for (int y = 0; y < g->h; y++)
    dump_row(g, y, with_roles, out);
  return out->failed;
}
