/* ui/textw_rows.c: where rows begin when lines wrap, and moving by rows.
 *
 * A line of ten megabytes is not read from its beginning at every key: rows begin anew at each multiple of 8 KiB, so a row is found from
 * the nearest of those. */
#include "ui/textw_int.h"

uint64_t sl_textw_count(const struct sl_textw *t) { return t->src.count(t->src.ctx); }

bool sl_textw_line(const struct sl_textw *t, uint64_t i, struct sl_str *s, enum sl_role *role)
{
  *s = SL_STR("");
  *role = SL_ROLE_text;
  return i < sl_textw_count(t) && t->src.line(t->src.ctx, i, s, role);
}

/* The anchor at or before `at`, moved to the beginning of a character. */
static size_t anchor(struct sl_str s, size_t at)
{
  size_t a = at - at % SL_TEXTW_ANCHOR;
  for (int i = 0; i < 3 && a > 0 && a < s.n && ((unsigned char)s.p[a] & 0xc0) == 0x80; i++)
    a--;
  return a;
}

static size_t anchor_next(struct sl_str s, size_t at)
{
  size_t next = at - at % SL_TEXTW_ANCHOR + SL_TEXTW_ANCHOR;
  size_t a = next < s.n ? anchor(s, next) : s.n;
  return a > at ? a : next + SL_TEXTW_ANCHOR < s.n ? anchor(s, next + SL_TEXTW_ANCHOR) : s.n;
}

bool sl_textw_cluster(struct sl_text_it *it, struct sl_cluster *c)
{
  size_t before = it->s.n;
  if (sl_text_next(it, c))
    return true;
  if (it->s.n == before)
    return false;
  *c = (struct sl_cluster){.text = "^J", .n = 2, .width = 2, .escaped = true};
  it->column += 2;
  return true;
}

size_t sl_textw_row_end(struct sl_str s, size_t at, int w)
{
  size_t stop = anchor_next(s, at);
  struct sl_text_it it = sl_text_it(sl_strn(s.p + at, stop - at), SL_TEXT_LINES);
  struct sl_cluster c;
  int used = 0;
  for (;;) {
    size_t here = stop - it.s.n;
    if (!sl_textw_cluster(&it, &c))
      return stop;
    used += c.width;
    if (used > w && here > at)
      return here;
  }
}

size_t sl_textw_row_begin(struct sl_str s, size_t at, int w)
{
  if (at == 0 || at > s.n)
    return 0;
  size_t row = anchor(s, at - 1);
  for (size_t next; (next = sl_textw_row_end(s, row, w)) < at;)
    row = next;
  return row;
}

static size_t last_row(const struct sl_textw *t, uint64_t line)
{
  struct sl_str s;
  enum sl_role role;
  return sl_textw_line(t, line, &s, &role) && s.n ? sl_textw_row_begin(s, s.n, t->w) : 0;
}

void sl_textw_up(struct sl_textw *t, uint64_t rows)
{
  if (!t->wrap) {
    t->top = t->top > rows ? t->top - rows : 0;
    return;
  }
  for (; rows && (t->top || t->top_at); rows--) {
    struct sl_str s;
    enum sl_role role;
    if (t->top_at && sl_textw_line(t, t->top, &s, &role)) {
      t->top_at = sl_textw_row_begin(s, t->top_at, t->w);
    } else if (t->top) {
      t->top--;
      t->top_at = last_row(t, t->top);
    } else {
      t->top_at = 0;
    }
  }
}

/* At the end the last line stays in sight. */
void sl_textw_down(struct sl_textw *t, uint64_t rows)
{
  uint64_t count = sl_textw_count(t), last = count ? count - 1 : 0;
  if (!t->wrap) {
    t->top = rows < last - (t->top < last ? t->top : last) ? t->top + rows : last;
    return;
  }
  for (; rows; rows--) {
    struct sl_str s;
    enum sl_role role;
    size_t next = sl_textw_line(t, t->top, &s, &role) ? sl_textw_row_end(s, t->top_at, t->w) : 0;
    if (next > t->top_at && next < s.n) {
      t->top_at = next;
    } else if (t->top < last) {
      t->top++;
      t->top_at = 0;
    } else {
      return;
    }
  }
}

void sl_textw_bottom(struct sl_textw *t)
{
  uint64_t count = sl_textw_count(t);
  t->top = count ? count - 1 : 0;
  t->top_at = t->wrap && count ? last_row(t, t->top) : 0;
  sl_textw_up(t, t->h > 1 ? (uint64_t)t->h - 1 : 0);
}
