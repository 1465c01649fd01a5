/* views/artifacts_draw.c: the columns of the view `artifacts`: facts, listed files, values and lines; a sign before each cell says how it
 * stands to the baseline's. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/artifacts_int.h"

enum { COL_TEXT = 22, COL_NUMBER = 12, GUTTER_TEXT = 7, SIGN = 2 };

/* What most of the lines are decides the columns: lines of a text need room, sizes do not. */
static enum files_kind main_kind(const struct files_state *s)
{
  for (size_t i = 0; i < s->nline; i++)
    if (s->line[i].kind != FILES_FACT && s->line[i].kind != FILES_SKIP)
      return s->line[i].kind;
  return FILES_FACT;
}

static int gutter_of(const struct files_state *s, int w)
{
  int third = w / 3;
  return main_kind(s) == FILES_TEXT ? GUTTER_TEXT + 2 : third < 10 ? 10 : third > 48 ? 48 : third;
}

int files_columns(const struct files_state *s, int w)
{
  int least = main_kind(s) == FILES_TEXT ? COL_TEXT : main_kind(s) == FILES_VALUE ? 17 : COL_NUMBER + 4;
  int n = (w - gutter_of(s, w)) / least;
  return n < 1 ? 1 : n > (int)s->runs.n ? (int)s->runs.n : n;
}

size_t files_shown(const struct files_state *s, int i) { return i ? s->left + (size_t)i : 0; }

/* The run under the column is among the columns. */
static void keep_column(struct files_state *s, int n)
{
  if (n < 2 || s->col == 0) {
    s->left = n < 2 && s->col ? s->col : 0;
    return;
  }
  if (s->col <= s->left)
    s->left = s->col - 1;
  else if (s->col > s->left + (size_t)n - 1)
    s->left = s->col - (size_t)n + 1;
}

static void size_text(struct sl_buf *b)
{
  int64_t n;
  if (!sl_str_i64(sl_buf_view(b), &n))
    return;
  sl_buf_clear(b);
  sl_fmt_bytes(b, n);
}

/* From `shift` cells on; what is cut off at the left is marked. */
static void put_shifted(struct sl_grid *g, int x, int y, int w, enum sl_role role, struct sl_str text, size_t shift)
{
  struct sl_text_it it = sl_text_it(text, SL_TEXT_CELL);
  struct sl_cluster c;
  struct sl_buf b;
  size_t at = 0;
  if (!shift) {
    sl_grid_put(g, x, y, w, role, text);
    return;
  }
  sl_buf_init(&b, 1 << 16);
  while (sl_text_next(&it, &c) && b.n < 4096) {
    if (at >= shift)
      sl_buf_add(&b, c.text, c.n);
    at += c.width;
  }
  sl_grid_putz(g, x, y, 1, SL_ROLE_dim, sl_glyph_pick("…", "<"));
  sl_grid_put(g, x + 1, y, w - 1, role, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void cell_draw(struct files_state *s, struct sl_grid *g, struct sl_rect r, const struct files_line *l, size_t run)
{
  struct sl_buf base, mine;
  sl_buf_init(&base, 1 << 16);
  sl_buf_init(&mine, 1 << 16);
  bool was = files_cell(s, l->row, 0, &base), is = files_cell(s, l->row, run, &mine);
  bool same = was == is && sl_str_eq(sl_buf_view(&base), sl_buf_view(&mine));
  struct sl_val name = sl_pane_val(s->pane, l->row, "name");
  bool size = l->kind == FILES_LISTED || (l->kind == FILES_FACT && !name.null && sl_str_eqz(name.u.s, "bytes"));
  if (run && !same)
    sl_grid_putz(g, r.x, r.y, 1, SL_ROLE_warn, was && is ? "~" : is ? "+" : "-");
  enum sl_role role = run && !same ? SL_ROLE_bright : SL_ROLE_text;
  if (size)
    size_text(&mine);
  if (!is)
    sl_grid_putz(g, r.x + SIGN, r.y, r.w - SIGN, SL_ROLE_dim, sl_glyph_pick("–", "-"));
  else if (l->kind == FILES_TEXT)
    put_shifted(g, r.x + SIGN, r.y, r.w - SIGN - 1, role, sl_buf_view(&mine), s->shift);
  else if (l->kind == FILES_FACT && !size)
    sl_grid_keep(g, r.x + SIGN, r.y, r.w - SIGN - 1, role, sl_buf_view(&mine), SL_KEEP_ENDS);
  else
    sl_grid_put(g, r.x + SIGN, r.y, r.w - SIGN - 1, role, sl_buf_view(&mine));
  sl_buf_free(&base);
  sl_buf_free(&mine);
}

static void skip_draw(const struct files_state *s, const struct files_line *l, struct sl_grid *g, struct sl_rect r)
{
  bool values = main_kind(s) == FILES_VALUE;
  sl_grid_printf(g, r.x + 1, r.y, r.w - 1, SL_ROLE_dim, "%s %llu %s%s the same", sl_glyph_pick("⋯", "..."), (unsigned long long)l->skipped,
                 values ? "value" : "line", l->skipped == 1 ? "" : "s");
}

static void line_draw(struct files_state *s, const struct files_line *l, struct sl_grid *g, struct sl_rect r)
{
  int gutter = gutter_of(s, r.w), n = files_columns(s, r.w), w = (r.w - gutter) / n;
  if (l->kind == FILES_SKIP) {
    skip_draw(s, l, g, r);
    return;
  }
  struct sl_val name = sl_pane_val(s->pane, l->row, "name");
  struct sl_str text = name.null ? SL_STR("") : name.u.s;
  if (l->kind == FILES_TEXT)
    sl_grid_right(g, r.x, r.y, GUTTER_TEXT, SL_ROLE_dim, text);
  else
    sl_grid_keep(g, r.x + 1, r.y, gutter - 2, l->kind == FILES_FACT ? SL_ROLE_dim : SL_ROLE_text, text, SL_KEEP_TAIL);
  for (int i = 0; i < n && files_shown(s, i) < s->runs.n; i++)
    cell_draw(s, g, (struct sl_rect){ r.x + gutter + i * w, r.y, w, 1 }, l, files_shown(s, i));
}

void files_names_draw(struct files_state *s, struct sl_grid *g, struct sl_rect r, int gutter)
{
  int n = files_columns(s, r.w), w = (r.w - gutter) / n;
  char more[32];
  for (int i = 0; i < n && files_shown(s, i) < s->runs.n; i++) {
    size_t run = files_shown(s, i);
    sl_grid_keep(g, r.x + gutter + i * w + SIGN, r.y, w - SIGN - 1, run == s->col ? SL_ROLE_bright : SL_ROLE_colhead,
                 files_run_name(s, run), SL_KEEP_ENDS);
  }
  if ((size_t)n < s->runs.n) {
    snprintf(more, sizeof more, "%zu more", s->runs.n - (size_t)n);
    sl_grid_put(g, r.x + 1, r.y, gutter - 1, SL_ROLE_dim, sl_str(more));
  }
}

void files_draw(struct files_state *s, struct sl_grid *g, struct sl_rect r)
{
  int rows = r.h - 1;
  keep_column(s, files_columns(s, r.w));
  files_names_draw(s, g, r, gutter_of(s, r.w));
  if (rows < 1)
    return;
  if (s->cursor < s->top)
    s->top = s->cursor;
  if (s->cursor >= s->top + (size_t)rows)
    s->top = s->cursor - (size_t)rows + 1;
  if (s->nline <= (size_t)rows)
    s->top = 0;
  for (int i = 0; i < rows && s->top + (size_t)i < s->nline; i++) {
    struct sl_rect line = { r.x, r.y + 1 + i, r.w, 1 };
    line_draw(s, &s->line[s->top + (size_t)i], g, line);
    if (s->top + (size_t)i == s->cursor)
      sl_grid_over(g, line, SL_ROLE_cursor);
  }
}
