/* ui/line.c: one line of text under edit, by characters. */
#include "ui/ui_int.h"

void sl_line_init(struct sl_line *l, const char *initial)
{
  sl_buf_init(&l->text, SL_LINE_MAX);
  sl_line_set(l, sl_str(initial ? initial : ""));
}

void sl_line_free(struct sl_line *l) { sl_buf_wipe(&l->text); }
const char *sl_line_text(const struct sl_line *l) { return sl_buf_zstr(&l->text); }

void sl_line_set(struct sl_line *l, struct sl_str s)
{
  sl_buf_clear(&l->text);
  sl_buf_str(&l->text, s);
  l->at = l->text.n;
}

static size_t before(const struct sl_line *l, size_t at)
{
  while (at > 0 && ((unsigned char)l->text.p[--at] & 0xc0) == 0x80)
    ;
  return at;
}

static size_t after(const struct sl_line *l, size_t at)
{
  if (at < l->text.n)
    at++;
  while (at < l->text.n && ((unsigned char)l->text.p[at] & 0xc0) == 0x80)
    at++;
  return at;
}

static size_t word_before(const struct sl_line *l, size_t at)
{
  while (at > 0 && l->text.p[at - 1] == ' ')
    at--;
  while (at > 0 && l->text.p[at - 1] != ' ')
    at--;
  return at;
}

static void erase(struct sl_line *l, size_t from, size_t to)
{
  if (from >= to)
    return;
  memmove(l->text.p + from, l->text.p + to, l->text.n - to);
  sl_buf_cut(&l->text, l->text.n - (to - from));
  l->at = from;
}

static void insert(struct sl_line *l, struct sl_str s)
{
  size_t tail = l->text.n - l->at;
  if (l->text.n + s.n >= SL_LINE_MAX)
    return;
  sl_buf_str(&l->text, s); /* makes room; then the tail moves behind it */
  if (l->text.failed)
    return;
  memmove(l->text.p + l->at + s.n, l->text.p + l->at, tail);
  memcpy(l->text.p + l->at, s.p, s.n);
  l->at += s.n;
}

void sl_line_paste(struct sl_line *l, struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i] == '\n' || s.p[i] == '\t' ? ' ' : s.p[i];
    if ((unsigned char)c >= 32 && c != 127)
      insert(l, sl_strn(&c, 1));
  }
}

static bool edit_key(struct sl_line *l, int key)
{
  switch (key) {
  case SL_KEY_LEFT: l->at = before(l, l->at); return true;
  case SL_KEY_RIGHT: l->at = after(l, l->at); return true;
  case SL_KEY_HOME: case 'A' & 31: l->at = 0; return true;
  case SL_KEY_END: case 'E' & 31: l->at = l->text.n; return true;
  case SL_KEY_BACKSPACE: erase(l, before(l, l->at), l->at); return true;
  case SL_KEY_DEL: case 'D' & 31: { size_t at = l->at; erase(l, at, after(l, at)); return true; }
  case 'W' & 31: erase(l, word_before(l, l->at), l->at); return true;
  case 'U' & 31: erase(l, 0, l->at); return true;
  case 'K' & 31: erase(l, l->at, l->text.n); return true;
  default: return false;
  }
}

bool sl_line_key(struct sl_line *l, int key)
{
  if (edit_key(l, key))
    return true;
  char u[4];
  int n = key >= 32 && key < 0x110000 ? sl_utf8_put((uint32_t)key, u) : 0;
  if (n > 0)
    insert(l, sl_strn(u, (size_t)n));
  return n > 0;
}

void sl_line_draw(const struct sl_line *l, struct sl_grid *g, int x, int y, int w)
{
  struct sl_str all = sl_buf_view(&l->text);
  size_t from = 0, left = sl_text_width(sl_str_head(all, l->at), SL_TEXT_CELL);
  while (w > 2 && left >= (size_t)w - 1 && from < l->at) { /* scroll so that the cursor is seen */
    from = after(l, from);
    left = sl_text_width(sl_strn(all.p + from, l->at - from), SL_TEXT_CELL);
  }
  sl_grid_clear(g, (struct sl_rect){ x, y, w, 1 });
  sl_grid_put(g, x, y, w, SL_ROLE_input, sl_str_from(all, from));
  sl_grid_cursor(g, x + (int)left, y);
}
