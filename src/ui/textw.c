/* ui/textw.c: lines of text from a source that hands them out by number. Only visible lines are ever asked for (searching apart), so the
 * size of the text does not matter; where it stands is a line number, and following is a flag. */
#include "ui/textw_int.h"

#include <stdio.h>
#include <string.h>

const struct sl_bind sl_textw_binds[] = {
  {"wrap", "W", "wrap long lines, or scroll sideways"},
  {"line-numbers", "#", "show line numbers"},
  {"goto-line", "L", "go to a line by its number"},
};
const size_t sl_textw_nbinds = sizeof sl_textw_binds / sizeof sl_textw_binds[0];

int sl_textw_open(struct sl_textw **out, struct sl_view *v, const struct sl_text_source *src, struct sl_err *err)
{
  struct sl_textw *t = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  *t = (struct sl_textw){.v = v, .src = *src, .w = 80, .h = 20};
  sl_buf_init(&t->needle, 4096);
  *out = t;
  return SL_OK;
}

void sl_textw_close(struct sl_textw *t)
{
  if (!t)
    return;
  sl_buf_free(&t->needle);
  sl_free(t);
}

uint64_t sl_textw_top(const struct sl_textw *t) { return t->top; }
bool sl_textw_searching(const struct sl_textw *t) { return t->searching; }
bool sl_textw_following(const struct sl_textw *t) { return t->follow; }

bool sl_textw_match(const struct sl_textw *t, uint64_t *line)
{
  *line = t->match;
  return t->matched;
}

void sl_textw_wrap(struct sl_textw *t, bool wrap)
{
  t->wrap = wrap;
  t->top_at = t->left = 0;
  sl_view_dirty(t->v);
}

void sl_textw_follow(struct sl_textw *t, bool follow)
{
  t->follow = follow;
  sl_view_dirty(t->v);
}

void sl_textw_goto(struct sl_textw *t, uint64_t line)
{
  uint64_t count = sl_textw_count(t);
  t->top = line < count ? line : count ? count - 1 : 0;
  t->top_at = 0;
  t->follow = line == UINT64_MAX;
  sl_view_dirty(t->v);
}

void sl_textw_changed(struct sl_textw *t) { sl_view_dirty(t->v); }

void sl_textw_find(struct sl_textw *t, struct sl_str text, bool forward)
{
  sl_buf_clear(&t->needle);
  sl_buf_str(&t->needle, text);
  t->matched = false;
  sl_textw_search_begin(t, forward, t->top);
}

/* ---- drawing ---- */

struct marks { struct sl_str s, what; size_t from, to, limit; };   /* the match at or behind what is being drawn */

static bool marked(struct marks *m, size_t at)
{
  while (m->what.n && at >= m->to && m->to < m->limit) {
    size_t from = m->to;
    ptrdiff_t hit = sl_find_text(sl_strn(m->s.p + from, m->limit - from), m->what);
    if (hit < 0) {
      m->to = m->limit;
      m->from = m->s.n;
      return false;
    }
    m->from = from + (size_t)hit;
    m->to = m->from + m->what.n;
  }
  return at >= m->from && at < m->to;
}

/* One row: the clusters from byte `at` that fit into w cells, without the first `skip` cells. */
static void row_draw(struct sl_textw *t, struct sl_grid *g, int x, int y, struct sl_str s, size_t at, size_t stop, enum sl_role role)
{
  size_t skip = t->wrap ? 0 : t->left, used = 0, most = skip + (size_t)t->w;
  struct sl_text_it it = sl_text_it(sl_strn(s.p + at, stop - at), SL_TEXT_LINES);
  struct sl_cluster c;
  size_t back = at > t->needle.n ? at - t->needle.n : 0, limit = at + (most + 8) * 24 + t->needle.n;
  struct marks m = {.s = s, .what = sl_buf_view(&t->needle), .from = s.n, .to = back, .limit = limit < s.n ? limit : s.n};
  for (;;) {
    size_t here = stop - it.s.n;
    if (!sl_textw_cluster(&it, &c))
      break;
    if (used + c.width > most) {
      sl_grid_cell(g, x + t->w - 1, y, SL_ROLE_dim, sl_glyph_pick("…", ">"));
      break;
    }
    if (used >= skip)
      sl_grid_put(g, x + (int)(used - skip), y, c.width, marked(&m, here) ? SL_ROLE_match : c.escaped ? SL_ROLE_escape : role,
                  sl_strn(c.text, c.n));
    used += c.width;
  }
}

static int gutter(const struct sl_textw *t)
{
  int digits = 1;
  for (uint64_t n = sl_textw_count(t); n >= 10; n /= 10)
    digits++;
  return t->numbers ? digits + 1 : 0;
}

static void line_number(const struct sl_textw *t, struct sl_grid *g, struct sl_rect r, int y, uint64_t line, int gut)
{
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)line + 1);
  bool here = t->matched && line == t->match;
  if (gut > 1)
    sl_grid_right(g, r.x, y, gut - 1, here ? SL_ROLE_bright : SL_ROLE_dim, sl_str(text));
}

static void place(struct sl_textw *t)
{
  uint64_t count = sl_textw_count(t);
  if (t->top >= count) {
    t->top = count ? count - 1 : 0;
    t->top_at = 0;
  }
  if (t->follow)
    sl_textw_bottom(t);
  if (t->searching) {
    sl_textw_search_step(t);
    if (t->searching)
      sl_view_dirty(t->v);
  }
}

void sl_textw_draw(struct sl_textw *t, struct sl_grid *g, struct sl_rect r)
{
  int gut = gutter(t), w = r.w - gut;
  if (w < 1 || r.h < 1)
    return;
  if (w != t->w && t->wrap)
    t->top_at = 0; /* rows begin elsewhere now */
  t->w = w;
  t->h = r.h;
  place(t);
  uint64_t line = t->top, count = sl_textw_count(t);
  size_t at = t->wrap ? t->top_at : 0;
  for (int y = 0; y < r.h && line < count; y++) {
    struct sl_str s;
    enum sl_role role;
    bool have = sl_textw_line(t, line, &s, &role);
    size_t from = at > s.n ? 0 : at, stop = t->wrap ? sl_textw_row_end(s, from, w) : s.n;
    if (from == 0)
      line_number(t, g, r, r.y + y, line, gut);
    if (have)
      row_draw(t, g, r.x + gut, r.y + y, s, from, stop, role);
    else
      sl_grid_cell(g, r.x + gut, r.y + y, SL_ROLE_dim, sl_glyph_pick("·", "."));
    at = stop < s.n ? stop : 0;
    line += at == 0;
  }
}

/* ---- commands ---- */

static void find_typed(struct sl_view *v, void *user, const char *text)
{
  (void)v;
  if (text && text[0])
    sl_textw_find(user, sl_str(text), true);
}

static void goto_typed(struct sl_view *v, void *user, const char *text)
{
  uint64_t n;
  if (!text)
    return;
  if (sl_str_u64(sl_str_trim(sl_str(text)), &n) && n > 0)
    sl_textw_goto(user, n - 1);
  else
    sl_view_say(v, SL_ROLE_warn, "a line is a number from 1");
}

static void find_again(struct sl_textw *t, bool forward)
{
  uint64_t count = sl_textw_count(t), from = t->matched ? t->match : t->top;
  if (!t->needle.n || !count) {
    sl_view_say(t->v, SL_ROLE_dim, "nothing to find yet: f asks what");
    return;
  }
  if (t->matched)
    from = forward ? from + 1 : from + count - 1;
  sl_textw_search_begin(t, forward, from);
}

static void copy_line(struct sl_textw *t)
{
  struct sl_str s;
  enum sl_role role;
  if (sl_textw_line(t, t->matched ? t->match : t->top, &s, &role))
    sl_view_copy(t->v, s);
}

static bool command_move(struct sl_textw *t, const char *c)
{
  uint64_t page = t->h > 1 ? (uint64_t)t->h - 1 : 1;
  bool follow = false;
  if (!strcmp(c, "down"))
    sl_textw_down(t, 1), follow = t->follow;
  else if (!strcmp(c, "up"))
    sl_textw_up(t, 1);
  else if (!strcmp(c, "page-down"))
    sl_textw_down(t, page), follow = t->follow;
  else if (!strcmp(c, "page-up"))
    sl_textw_up(t, page);
  else if (!strcmp(c, "first"))
    t->top = 0, t->top_at = 0;
  else if (!strcmp(c, "last"))
    follow = true;
  else if (!strcmp(c, "left"))
    t->left = t->left > 8 ? t->left - 8 : 0, follow = t->follow;
  else if (!strcmp(c, "right"))
    t->left += t->wrap || t->left > 1u << 30 ? 0 : 8, follow = t->follow;
  else
    return false;
  t->follow = follow;
  return true;
}

static bool command_back(struct sl_textw *t)
{
  if (!t->searching && !t->needle.n)
    return false;
  if (!t->searching)
    sl_buf_clear(&t->needle);
  t->searching = t->matched = false;
  return true;
}

enum sl_handled sl_textw_command(struct sl_textw *t, const char *command)
{
  if (command_move(t, command))
    ;
  else if (!strcmp(command, "find"))
    sl_view_prompt(t->v, "find:", sl_buf_zstr(&t->needle), find_typed, t);
  else if (!strcmp(command, "find-next") || !strcmp(command, "find-prev"))
    find_again(t, !strcmp(command, "find-next"));
  else if (!strcmp(command, "goto-line"))
    sl_view_prompt(t->v, "line:", "", goto_typed, t);
  else if (!strcmp(command, "wrap"))
    sl_textw_wrap(t, !t->wrap);
  else if (!strcmp(command, "line-numbers"))
    t->numbers = !t->numbers;
  else if (!strcmp(command, "copy"))
    copy_line(t);
  else if (strcmp(command, "back") || !command_back(t))
    return SL_IGNORED;
  sl_view_dirty(t->v);
  return SL_HANDLED;
}
