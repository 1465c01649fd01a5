/* ui/textw_find.c: searching text of any length: one slice a paint, so that keys are answered meanwhile; Esc stops it. */
#include <stdio.h>

#include "ui/textw_int.h"

void sl_textw_search_begin(struct sl_textw *t, bool forward, uint64_t from)
{
  uint64_t count = sl_textw_count(t);
  if (!t->needle.n || !count)
    return;
  t->forward = forward;
  t->next = from % count;
  t->todo = count;
  t->searching = true;
  t->follow = false;
  sl_view_dirty(t->v);
}

static size_t width_of(struct sl_str s)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_LINES);
  struct sl_cluster c;
  size_t width = 0;
  while (sl_textw_cluster(&it, &c))
    width += c.width;
  return width;
}

static void found(struct sl_textw *t, uint64_t line, struct sl_str s)
{
  t->searching = false;
  t->matched = true;
  t->match = line;
  if (t->wrap || line < t->top || line >= t->top + (uint64_t)(t->h > 0 ? t->h : 1)) {
    t->top = line; /* with two lines of what came before */
    t->top_at = 0;
    sl_textw_up(t, t->h > 6 ? 2 : 0);
  }
  struct sl_str before = sl_str_head(s, (size_t)sl_find_text(s, sl_buf_view(&t->needle)));
  size_t col = width_of(before), w = (size_t)(t->w > 0 ? t->w : 1);
  if (t->wrap && col >= w && t->h > 0)
    for (t->top = line, t->top_at = 0; t->top_at < before.n;) { /* the row that holds it */
      size_t next = sl_textw_row_end(s, t->top_at, t->w);
      if (next > before.n || next >= s.n)
        break;
      t->top_at = next;
    }
  else if (!t->wrap && (col < t->left || col + t->needle.n > t->left + w))
    t->left = col > w / 2 ? col - w / 2 : 0;
  if (!t->wrap && col < w && col + t->needle.n <= w)
    t->left = 0;
}

static uint64_t neighbour(const struct sl_textw *t, uint64_t i, uint64_t count)
{
  if (t->forward)
    return i + 1 < count ? i + 1 : 0;
  return i ? i - 1 : count - 1;
}

void sl_textw_search_step(struct sl_textw *t)
{
  uint64_t count = sl_textw_count(t);
  size_t bytes = 0;
  for (int n = 0; t->searching && t->todo && n < SL_TEXTW_SLICE_LINES && bytes < SL_TEXTW_SLICE_BYTES; n++) {
    struct sl_str s;
    enum sl_role role;
    if (t->next >= count)
      t->next = 0;
    if (!sl_textw_line(t, t->next, &s, &role))
      return; /* not loaded yet: sl_textw_changed() goes on from here */
    if (sl_find_text(s, sl_buf_view(&t->needle)) >= 0) {
      found(t, t->next, s);
      return;
    }
    bytes += s.n + 1;
    t->todo--;
    t->next = neighbour(t, t->next, count);
  }
  if (t->searching && !t->todo) {
    t->searching = false;
    sl_view_say(t->v, SL_ROLE_warn, "not found: %.*s", SL_ARG(sl_buf_view(&t->needle)));
  } else if (t->searching) {
    sl_view_say(t->v, SL_ROLE_dim, "searching, %d %% done; Esc stops", (int)(100 - (double)t->todo / (double)count * 100));
  }
}
