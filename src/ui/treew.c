/* ui/treew.c: a document that folds. One line a value; a long text opens to as many lines as it needs.
 *
 * Folding only changes `open` of a node and the list of lines is made again: a walk over at most 200,000 nodes, 1 ms. */
#include "ui/find_int.h"
#include "ui/treew_int.h"

#include <stdio.h>
#include <string.h>

enum { SMALL = 400, MAX_LINES = 1000000, INDENT = 2 };

struct line { uint32_t node, from, n; bool more; };     /* more: not the first line of an opened text */
struct sl_treew {
  struct sl_view *v;
  struct sl_tree tree;
  struct line *line; size_t n, cap;
  size_t at, top;              /* lines */
  int w, h;                    /* as last drawn: pages, and how texts wrap */
  struct sl_buf needle;
};

int sl_treew_open(struct sl_treew **out, struct sl_view *v, struct sl_err *err)
{
  struct sl_treew *t = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  t->v = v;
  t->w = 80;
  t->h = 20;
  sl_buf_init(&t->needle, 4096);
  *out = t;
  return SL_OK;
}

void sl_treew_close(struct sl_treew *t)
{
  if (!t)
    return;
  sl_tree_free(&t->tree);
  sl_free(t->line);
  sl_buf_free(&t->needle);
  sl_free(t);
}

/* ---- lines ---- */

static bool line_add(struct sl_treew *t, struct line l)
{
  if (sl_grow((void **)&t->line, &t->cap, t->n + 1, sizeof *t->line, MAX_LINES, NULL))
    return false; /* what fits is shown; the count says so */
  t->line[t->n++] = l;
  return true;
}

static int indent_of(const struct sl_treew *t, const struct sl_tree_node *n)
{
  int in = n->depth * INDENT, most = t->w / 2;
  return in < most ? in : most;
}

/* How many bytes of s fit on one line: to a line end, or to the width. */
static size_t wrap_take(struct sl_str s, int width)
{
  struct sl_text_it it = sl_text_it(s, SL_TEXT_LINES);
  struct sl_cluster c;
  int used = 0;
  for (;;) {
    size_t at = s.n - it.s.n;
    if (!sl_text_next(&it, &c))
      return s.n - it.s.n;
    used += c.width;
    if (used > width && at > 0)
      return at;
  }
}

static bool text_lines(struct sl_treew *t, uint32_t i)
{
  const struct sl_tree_node *n = &t->tree.node[i];
  struct sl_str all = sl_tree_val(&t->tree, n);
  int width = t->w - indent_of(t, n) - INDENT - 1;
  for (size_t at = 0; at < all.n;) {
    size_t take = wrap_take(sl_str_from(all, at), width < 4 ? 4 : width);
    if (!line_add(t, (struct line){i, (uint32_t)at, (uint32_t)take, true}))
      return false;
    at += take;
  }
  return true;
}

/* The same node stays under the cursor. */
static void lines_make(struct sl_treew *t)
{
  uint32_t keep = t->at < t->n ? t->line[t->at].node : 0;
  t->n = 0;
  size_t at = 0;
  for (uint32_t i = 0; i < t->tree.n;) {
    const struct sl_tree_node *n = &t->tree.node[i];
    if (i <= keep)
      at = t->n;
    if (!line_add(t, (struct line){i, 0, 0, false}))
      break;
    if (n->kind == SL_TREE_STR && n->open && !text_lines(t, i))
      break;
    i = n->kind <= SL_TREE_ARR && !n->open ? n->end : i + 1;
  }
  t->at = at < t->n ? at : t->n ? t->n - 1 : 0;
}

/* A document that fills more than some screens opens as an outline. */
static void fold_first(struct sl_tree *t)
{
  for (size_t i = 0; i < t->n && t->n > SMALL; i++)
    if (t->node[i].kind <= SL_TREE_ARR && t->node[i].depth >= 1)
      t->node[i].open = false;
}

static void node_show(struct sl_treew *t, uint32_t i)
{
  for (uint32_t k = t->tree.node[i].parent; k != UINT32_MAX; k = t->tree.node[k].parent)
    t->tree.node[k].open = true;
  lines_make(t);
  for (size_t l = 0; l < t->n; l++)
    if (t->line[l].node == i) {
      t->at = l;
      return;
    }
}

/* After a refresh: folded stays folded, and the cursor stays, by path. */
static void carry_over(struct sl_treew *t, const struct sl_tree *old, struct sl_buf *cursor)
{
  struct sl_tree *now = &t->tree;
  for (size_t i = 0, k = 0; i < old->n && k < now->n; i++, k++) { /* the usual case: the same shape */
    const struct sl_tree_node *a = &old->node[i], *b = &now->node[k];
    if (a->depth != b->depth || a->kind != b->kind || !sl_str_eq(sl_tree_key(old, a), sl_tree_key(now, b)))
      break;
    now->node[k].open = a->open;
  }
  struct sl_buf path;
  sl_buf_init(&path, 1 << 20);
  for (size_t i = 0; i < now->n && cursor->n; i++) {
    sl_buf_clear(&path);
    sl_tree_path(now, i, &path);
    if (sl_str_eq(sl_buf_view(&path), sl_buf_view(cursor))) {
      node_show(t, (uint32_t)i);
      break;
    }
  }
  sl_buf_free(&path);
}

int sl_treew_json(struct sl_treew *t, struct sl_str json, struct sl_err *err)
{
  struct sl_tree fresh, old = t->tree;
  struct sl_buf cursor;
  int rc = sl_tree_read(&fresh, json, err);
  if (rc)
    return rc;
  sl_buf_init(&cursor, 1 << 20);
  if (t->at < t->n)
    sl_tree_path(&old, t->line[t->at].node, &cursor);
  fold_first(&fresh);
  t->tree = fresh;
  t->n = t->at = 0;
  lines_make(t);
  carry_over(t, &old, &cursor);
  lines_make(t);
  sl_buf_free(&cursor);
  sl_tree_free(&old);
  sl_view_dirty(t->v);
  return SL_OK;
}

size_t sl_treew_lines(const struct sl_treew *t) { return t->n; }

bool sl_treew_at(const struct sl_treew *t, struct sl_buf *path, struct sl_str *value)
{
  if (t->at >= t->n)
    return false;
  const struct sl_tree_node *n = &t->tree.node[t->line[t->at].node];
  if (path)
    sl_tree_path(&t->tree, t->line[t->at].node, path);
  *value = n->kind <= SL_TREE_ARR ? SL_STR("") : sl_tree_val(&t->tree, n);
  return true;
}

/* ---- drawing ---- */

static enum sl_role role_of(const struct sl_treew *t, const struct sl_tree_node *n, struct sl_str s)
{
  if (t->needle.n && sl_find_text(s, sl_buf_view(&t->needle)) >= 0)
    return SL_ROLE_match;
  return n->kind == SL_TREE_NULL ? SL_ROLE_dim : SL_ROLE_text;
}

static int draw_key(struct sl_treew *t, struct sl_grid *g, int x, int y, int end, const struct sl_tree_node *n)
{
  struct sl_str key = sl_tree_key(&t->tree, n);
  int used = 0;
  if (n->keyed) {
    bool hit = t->needle.n && sl_find_text(key, sl_buf_view(&t->needle)) >= 0;
    used = sl_grid_put(g, x, y, (end - x) / 2 > 8 ? (end - x) / 2 : end - x, hit ? SL_ROLE_match : SL_ROLE_key, key);
  } else if (n->parent != UINT32_MAX) {
    used = sl_grid_printf(g, x, y, end - x, SL_ROLE_dim, "%u", n->index + 1);
  } else {
    return 0;
  }
  return used + 2;
}

static void draw_val(struct sl_treew *t, struct sl_grid *g, int x, int y, int end, const struct sl_tree_node *n)
{
  struct sl_str val = sl_tree_val(&t->tree, n);
  if (n->kind <= SL_TREE_ARR)
    sl_grid_printf(g, x, y, end - x, SL_ROLE_dim, n->kind == SL_TREE_OBJ ? "{%u}" : "[%u]", n->count);
  else if (n->kind == SL_TREE_STR && n->open)
    sl_grid_printf(g, x, y, end - x, SL_ROLE_dim, "%u bytes", n->val_n);
  else if (n->kind == SL_TREE_STR && !val.n)
    sl_grid_putz(g, x, y, end - x, SL_ROLE_dim, "\"\"");
  else
    sl_grid_put(g, x, y, end - x, role_of(t, n, val), val);
}

static void draw_line(struct sl_treew *t, struct sl_grid *g, struct sl_rect r, int y, const struct line *l)
{
  const struct sl_tree_node *n = &t->tree.node[l->node];
  int x = r.x + indent_of(t, n), end = r.x + r.w;
  if (l->more) {
    struct sl_str part = sl_strn(sl_tree_val(&t->tree, n).p + l->from, l->n);
    struct sl_buf clean; /* tabs as columns; the line end is not drawn */
    sl_buf_init(&clean, 1 << 20);
    if (part.n && part.p[part.n - 1] == '\n')
      part.n--;
    sl_text_clean(&clean, part, SL_TEXT_LINES);
    sl_grid_put(g, x + INDENT, y, end - x - INDENT, role_of(t, n, part), part.n == clean.n ? part : sl_buf_view(&clean));
    sl_buf_free(&clean);
    return;
  }
  if (n->kind <= SL_TREE_ARR && n->count)
    sl_grid_cell(g, x, y, SL_ROLE_dim, n->open ? sl_glyph_pick("▾", "-") : sl_glyph_pick("▸", "+"));
  x += INDENT;
  x += draw_key(t, g, x, y, end, n);
  draw_val(t, g, x, y, end, n);
}

static void draw_end(const struct sl_treew *t, struct sl_grid *g, struct sl_rect r, int y)
{
  if (t->tree.bad[0])
    sl_grid_printf(g, r.x, y, r.w, SL_ROLE_bad, "the rest cannot be read: %s", t->tree.bad);
  else if (t->tree.cut)
    sl_grid_printf(g, r.x, y, r.w, SL_ROLE_warn, "only the first %zu values are shown", t->tree.n);
}

void sl_treew_draw(struct sl_treew *t, struct sl_grid *g, struct sl_rect r)
{
  if (r.w < 1 || r.h < 1)
    return;
  if (r.w != t->w) {
    t->w = r.w;
    lines_make(t);
  }
  bool note = t->tree.bad[0] || t->tree.cut;
  t->h = r.h - note > 0 ? r.h - note : 1;
  if (t->at < t->top)
    t->top = t->at;
  if (t->at >= t->top + (size_t)t->h)
    t->top = t->at - (size_t)t->h + 1;
  for (int y = 0; y < t->h && t->top + (size_t)y < t->n; y++) {
    draw_line(t, g, r, r.y + y, &t->line[t->top + (size_t)y]);
    if (t->top + (size_t)y == t->at)
      sl_grid_over(g, (struct sl_rect){r.x, r.y + y, r.w, 1}, SL_ROLE_cursor);
  }
  if (note && r.h > 1)
    draw_end(t, g, r, r.y + r.h - 1);
}

/* ---- commands ---- */

static void move_to(struct sl_treew *t, size_t at)
{
  t->at = at < t->n ? at : t->n ? t->n - 1 : 0;
}

static struct sl_tree_node *cursor_node(struct sl_treew *t) { return t->at < t->n ? &t->tree.node[t->line[t->at].node] : NULL; }

static void fold(struct sl_treew *t, struct sl_tree_node *n, bool open)
{
  if (n->kind == SL_TREE_STR || (n->kind <= SL_TREE_ARR && n->count)) {
    n->open = open;
    lines_make(t);
  }
}

static void go_left(struct sl_treew *t)
{
  struct sl_tree_node *n = cursor_node(t);
  if (n && n->open && (n->count || n->kind == SL_TREE_STR))
    fold(t, n, false);
  else if (n && n->parent != UINT32_MAX)
    node_show(t, n->parent);
}

static void go_right(struct sl_treew *t)
{
  struct sl_tree_node *n = cursor_node(t);
  if (n && !n->open)
    fold(t, n, true);
  else if (n && n->count)
    move_to(t, t->at + 1);
}

static bool node_matches(const struct sl_treew *t, size_t i)
{
  const struct sl_tree_node *n = &t->tree.node[i];
  struct sl_str what = sl_buf_view(&t->needle);
  if (n->keyed && sl_find_text(sl_tree_key(&t->tree, n), what) >= 0)
    return true;
  return n->kind > SL_TREE_ARR && sl_find_text(sl_tree_val(&t->tree, n), what) >= 0;
}

/* Folded parts are searched too, and opened where something is found. */
static void find_step(struct sl_treew *t, bool forward, bool here)
{
  size_t n = t->tree.n, from = t->at < t->n ? t->line[t->at].node : 0;
  if (!t->needle.n || !n)
    return;
  for (size_t k = here ? 0 : 1; k <= n; k++) {
    size_t i = forward ? (from + k) % n : (from + n - k % n) % n;
    if (node_matches(t, i)) {
      if (forward ? i < from : i > from)
        sl_view_say(t->v, SL_ROLE_dim, "found again from the %s", forward ? "top" : "end");
      node_show(t, (uint32_t)i);
      return;
    }
  }
  sl_view_say(t->v, SL_ROLE_warn, "not found: %.*s", SL_ARG(sl_buf_view(&t->needle)));
}

void sl_treew_find(struct sl_treew *t, struct sl_str text)
{
  sl_buf_clear(&t->needle);
  sl_buf_str(&t->needle, text);
  find_step(t, true, true);
  sl_view_dirty(t->v);
}

static void find_typed(struct sl_view *v, void *user, const char *text)
{
  (void)v;
  if (text)
    sl_treew_find(user, sl_str(text));
}

static void copy_value(struct sl_treew *t)
{
  struct sl_str val;
  struct sl_buf path;
  sl_buf_init(&path, 1 << 16);
  if (sl_treew_at(t, &path, &val))
    sl_view_copy(t->v, val.n ? val : sl_buf_view(&path));
  sl_buf_free(&path);
}

static bool command_move(struct sl_treew *t, const char *c)
{
  int64_t by;
  if (sl_move_by(c, t->h > 1 ? (uint64_t)t->h - 1 : 1, &by))
    t->at = (size_t)sl_move_to(t->at, t->n, by);
  else if (!strcmp(c, "left"))
    go_left(t);
  else if (!strcmp(c, "right"))
    go_right(t);
  else
    return false;
  return true;
}

enum sl_handled sl_treew_command(struct sl_treew *t, const char *command)
{
  struct sl_tree_node *n = cursor_node(t);
  if (command_move(t, command))
    ;
  else if (!strcmp(command, "enter") && n)
    fold(t, n, !n->open);
  else if (!strcmp(command, "find"))
    sl_view_prompt(t->v, "find:", sl_buf_zstr(&t->needle), find_typed, t);
  else if (!strcmp(command, "find-next"))
    find_step(t, true, false);
  else if (!strcmp(command, "find-prev"))
    find_step(t, false, false);
  else if (!strcmp(command, "copy") && n)
    copy_value(t);
  else if (!strcmp(command, "back") && t->needle.n)
    sl_buf_clear(&t->needle);
  else
    return SL_IGNORED;
  sl_view_dirty(t->v);
  return SL_HANDLED;
}
