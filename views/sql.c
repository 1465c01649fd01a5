/* views/sql.c: an editor with history and completion of names above, the streaming result below. A statement runs in the box (or on the
 * connection that the argument names); resources are tables there. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "ui/widgets.h"

enum { HISTORY = 200, EDIT_ROWS = 5, TEXT_MAX = 64 << 10 };

struct sql_state {
  struct sl_buf text;
  size_t at;                     /* cursor, in bytes */
  struct sl_tablew *result;
  char *history[HISTORY];
  size_t nhist, hist_at;
  char conn[64];
  bool editing;
};

/* ---- text under the cursor ---- */

static size_t char_before(const struct sql_state *s, size_t at)
{
  while (at > 0 && ((unsigned char)s->text.p[--at] & 0xc0) == 0x80)
    ;
  return at;
}

static size_t char_after(const struct sql_state *s, size_t at)
{
  if (at < s->text.n)
    at++;
  while (at < s->text.n && ((unsigned char)s->text.p[at] & 0xc0) == 0x80)
    at++;
  return at;
}

static void text_insert(struct sql_state *s, const char *p, size_t n)
{
  size_t tail = s->text.n - s->at;
  if (s->text.n + n >= TEXT_MAX)
    return;
  sl_buf_add(&s->text, p, n);
  if (s->text.failed)
    return;
  memmove(s->text.p + s->at + n, s->text.p + s->at, tail);
  memcpy(s->text.p + s->at, p, n);
  s->at += n;
}

static void text_erase(struct sql_state *s, size_t from, size_t to)
{
  if (from >= to)
    return;
  memmove(s->text.p + from, s->text.p + to, s->text.n - to);
  sl_buf_cut(&s->text, s->text.n - (to - from));
  s->at = from;
}

static void text_set(struct sql_state *s, const char *z)
{
  sl_buf_clear(&s->text);
  sl_buf_z(&s->text, z);
  s->at = s->text.n;
}

static size_t line_start(const struct sql_state *s, size_t at)
{
  while (at > 0 && s->text.p[at - 1] != '\n')
    at--;
  return at;
}

/* Up and down within the text; at its edges, through the history. */
static bool line_move(struct sql_state *s, int by)
{
  size_t start = line_start(s, s->at), column = s->at - start;
  if (by < 0) {
    if (!start)
      return false;
    size_t prev = line_start(s, start - 1);
    s->at = prev + column < start ? prev + column : start - 1;
  } else {
    char *nl = s->text.n > s->at ? memchr(s->text.p + s->at, '\n', s->text.n - s->at) : NULL;
    if (!nl)
      return false;
    size_t next = (size_t)(nl - s->text.p) + 1, end = next;
    while (end < s->text.n && s->text.p[end] != '\n')
      end++;
    s->at = next + column < end ? next + column : end;
  }
  while (s->at > 0 && s->at < s->text.n && ((unsigned char)s->text.p[s->at] & 0xc0) == 0x80)
    s->at--;
  return true;
}

static void history_move(struct sql_state *s, int by)
{
  size_t to = by < 0 ? (s->hist_at ? s->hist_at - 1 : 0) : s->hist_at + 1;
  if (!s->nhist || to > s->nhist)
    return;
  s->hist_at = to;
  text_set(s, to < s->nhist ? s->history[to] : "");
}

static void history_add(struct sql_state *s)
{
  char *copy = sl_strndup(sl_buf_zstr(&s->text), s->text.n);
  if (!copy || (s->nhist && !strcmp(s->history[s->nhist - 1], copy))) {
    sl_free(copy);
  } else {
    if (s->nhist == HISTORY) {
      sl_free(s->history[0]);
      memmove(s->history, s->history + 1, (HISTORY - 1) * sizeof *s->history);
      s->nhist--;
    }
    s->history[s->nhist++] = copy;
  }
  s->hist_at = s->nhist;
}

/* ---- completion: resources that are served, by the word before the cursor ---- */

static void complete(struct sl_view *v, struct sql_state *s)
{
  size_t from = s->at;
  struct sl_buf found;
  const char *only = NULL;
  unsigned hits = 0;
  while (from > 0 && (s->text.p[from - 1] == '_' || (s->text.p[from - 1] >= 'a' && s->text.p[from - 1] <= 'z')))
    from--;
  struct sl_str word = sl_strn(s->text.p + from, s->at - from);
  if (!word.n) {
    text_insert(s, "  ", 2);
    return;
  }
  sl_buf_init(&found, 1 << 16);
  for (const struct sl_resource *const *r = sl_resources; *r; r++)
    if (sl_str_starts(sl_str((*r)->name), word) && sl_ws_serves(sl_view_ws(v), *r)) {
      sl_buf_printf(&found, "%s%s", hits ? "  " : "", (*r)->name);
      only = (*r)->name;
      hits++;
    }
  if (hits == 1)
    text_insert(s, only + word.n, strlen(only) - word.n);
  else
    sl_view_say(v, SL_ROLE_dim, hits ? "%s" : "no resource begins so", sl_buf_zstr(&found));
  sl_buf_free(&found);
}

/* ---- running ---- */

static void run(struct sl_view *v, struct sql_state *s)
{
  struct sl_str text = sl_str_trim(sl_buf_view(&s->text));
  struct sl_query like = {.res = &sl_res_rows, .kind = SL_Q_SQL, .conn = sl_str(s->conn), .scope = text}, *q = NULL;
  static const struct sl_tablew_opts opts = {.empty = "the statement answered no row"};
  struct sl_err err = {0};
  if (!text.n)
    return;
  history_add(s);
  int rc = sl_query_new(&q, &like, &err);
  if (!rc) {
    sl_tablew_close(s->result); /* another shape of rows: a new table */
    s->result = NULL;
    rc = sl_tablew_open(&s->result, v, q, &opts, &err);
  }
  sl_query_unref(q);
  if (rc)
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
}

static void editing_set(struct sl_view *v, struct sql_state *s, bool editing)
{
  s->editing = editing;
  sl_view_typing(v, editing);
}

static enum sl_handled edit_key(struct sl_view *v, struct sql_state *s, int key)
{
  switch (key) {
  case SL_KEY_LEFT: s->at = char_before(s, s->at); break;
  case SL_KEY_RIGHT: s->at = char_after(s, s->at); break;
  case SL_KEY_UP: if (!line_move(s, -1)) history_move(s, -1); break;
  case SL_KEY_DOWN: if (!line_move(s, 1)) history_move(s, 1); break;
  case SL_KEY_HOME: s->at = line_start(s, s->at); break;
  case SL_KEY_END: while (s->at < s->text.n && s->text.p[s->at] != '\n') s->at++; break;
  case SL_KEY_BACKSPACE: text_erase(s, char_before(s, s->at), s->at); break;
  case SL_KEY_DEL: { size_t at = s->at; text_erase(s, at, char_after(s, at)); break; }
  case 'U' & 31: text_set(s, ""); break;
  case 'P' & 31: history_move(s, -1); break;
  case 'N' & 31: history_move(s, 1); break;
  case SL_KEY_TAB: complete(v, s); break;
  default: return SL_IGNORED;
  }
  return SL_HANDLED;
}

/* Enter runs; a line ends with Alt-Enter or Ctrl-J; Esc leaves the editor for the rows. */
static enum sl_handled sql_key(struct sl_view *v, int key)
{
  struct sql_state *s = sl_view_state(v);
  char u[4];
  if (key == SL_KEY_ESC) {
    editing_set(v, s, false);
    return SL_HANDLED;
  }
  if (key == SL_KEY_ENTER || key == SL_KEY_F1 + 4) {
    run(v, s);
    return SL_HANDLED;
  }
  if (key == ('J' & 31) || key == (SL_KEY_ENTER | SL_KEY_ALT)) {
    text_insert(s, "\n", 1);
    return SL_HANDLED;
  }
  if (edit_key(v, s, key) == SL_HANDLED)
    return SL_HANDLED;
  int n = key >= 32 && key < 0x110000 ? sl_utf8_put((uint32_t)key, u) : 0;
  if (n > 0)
    text_insert(s, u, (size_t)n);
  return n > 0 ? SL_HANDLED : SL_IGNORED;
}

static int sql_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct sql_state *s = sl_view_state(v);
  (void)err;
  sl_buf_init(&s->text, TEXT_MAX);
  sl_buf_str(&s->text, arg);
  s->at = s->text.n;
  editing_set(v, s, true);
  if (arg.n)
    run(v, s);
  return SL_OK;
}

static void sql_close(struct sl_view *v)
{
  struct sql_state *s = sl_view_state(v);
  sl_tablew_close(s->result);
  sl_buf_free(&s->text);
  for (size_t i = 0; i < s->nhist; i++)
    sl_free(s->history[i]);
}

/* ---- drawing ---- */

static void edit_draw(struct sql_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct sl_str rest = sl_buf_view(&s->text), line;
  size_t off = 0, cursor_line = 0, n = 0;
  for (size_t i = 0; i < s->at; i++)
    cursor_line += s->text.p[i] == '\n';
  size_t top = cursor_line >= (size_t)r.h ? cursor_line - (size_t)r.h + 1 : 0;
  for (bool more = true; more; n++) {
    more = sl_str_chr(rest, '\n') >= 0;
    if (!sl_str_cut(&rest, '\n', &line))
      line = SL_STR("");
    if (n >= top && n < top + (size_t)r.h) {
      int y = r.y + (int)(n - top);
      sl_grid_putz(g, r.x + 1, y, 2, SL_ROLE_key, n ? sl_glyph_pick("┆", "|") : ">");
      sl_grid_put(g, r.x + 3, y, r.w - 4, s->editing ? SL_ROLE_text : SL_ROLE_dim, line);
      if (s->editing && n == cursor_line)
        sl_grid_cursor(g, r.x + 3 + (int)sl_text_width(sl_strn(line.p, s->at - off), SL_TEXT_CELL), y);
    }
    off += line.n + 1;
  }
}

static void sql_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct sql_state *s = sl_view_state(v);
  int lines = 1;
  for (size_t i = 0; i < s->text.n; i++)
    lines += s->text.p[i] == '\n';
  int edit = lines > EDIT_ROWS ? EDIT_ROWS : lines;
  edit_draw(s, g, (struct sl_rect){ r.x, r.y, r.w, edit });
  sl_grid_hline(g, r.x, r.y + edit, r.w, SL_ROLE_border);
  struct sl_rect below = {r.x, r.y + edit + 1, r.w, r.h - edit - 1};
  if (s->result) {
    sl_tablew_draw(s->result, g, below, !s->editing);
    return;
  }
  static const char *const ways[] = {"select state, count(*) from executions group by 1", "from 'lake:raw/@newest' limit 100",
    "select * from 'file.parquet'", "describe 'data/*.csv'"};
  sl_grid_putz(g, 3, below.y + 1, r.w - 4, SL_ROLE_dim,
      "Enter runs, Ctrl-J begins a line, Tab completes, Esc leaves the editor.");
  for (int i = 0; i < 4; i++)
    sl_grid_putz(g, 5, below.y + 3 + i, r.w - 6, SL_ROLE_text, ways[i]);
}

/* ---- commands ---- */

static enum sl_handled sql_command(struct sl_view *v, const char *command)
{
  struct sql_state *s = sl_view_state(v);
  if (!strcmp(command, "edit") || !strcmp(command, "next-pane") || !strcmp(command, "prev-pane")) {
    editing_set(v, s, !s->editing);
    return SL_HANDLED;
  }
  if (!strcmp(command, "interrupt") && s->result) {
    sl_tablew_close(s->result);
    s->result = NULL;
    sl_view_say(v, SL_ROLE_warn, "stopped");
    return SL_HANDLED;
  }
  return s->result ? sl_tablew_command(s->result, command) : SL_IGNORED;
}

static void sql_count(struct sl_view *v, struct sl_buf *b)
{
  struct sql_state *s = sl_view_state(v);
  if (s->result)
    sl_tablew_count(s->result, b);
}

static bool sql_subject(struct sl_view *v, struct sl_subject *out)
{
  struct sql_state *s = sl_view_state(v);
  return s->result && sl_tablew_subject(s->result, out);
}

static void sql_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct sql_state *s = sl_view_state(v);
  if (s->result) {
    sl_tablew_cmdline(s->result, b);
    return;
  }
  sl_buf_z(b, "sql ");
  sl_fmt_shell(b, sl_str_trim(sl_buf_view(&s->text)));
}

static const struct sl_bind sql_binds[] = {{"edit", "i", "go on editing the statement"}};

const struct sl_view_ops sl_view_sql = {
  .name = "sql",
  .title = "sql",
  .help = "A statement above, its rows below. Files, zones (lake:zone/path) and every resource are tables: `select engine, count(*) from "
          "executions group by 1`. Enter runs, Ctrl-J begins a new line, Up and Down at the edges go through the history.",
  .arg = "[STATEMENT]",
  .binds = sql_binds, .nbinds = sizeof sql_binds / sizeof sql_binds[0],
  .hints = "edit sort export copy-command",
  .state_size = sizeof(struct sql_state),
  .open = sql_open,
  .close = sql_close,
  .draw = sql_draw,
  .command = sql_command,
  .key = sql_key,
  .crumb = NULL,
  .count = sql_count,
  .truth = NULL,
  .subject = sql_subject,
  .cmdline = sql_cmdline,
  .visible = NULL,
};
