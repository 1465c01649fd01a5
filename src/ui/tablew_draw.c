/* ui/tablew_draw.c: which columns are shown and how a cell looks. One painter for every resource: it knows types and units, never names. */
#include <stdio.h>

#include "table/pick.h"
#include "ui/tablew_int.h"

enum { PICK_ROWS = 256, PICK_MOST = 16, HEAD_WIDEST = 18 };

/* ---- columns ---- */

static bool numeric(enum sl_type t)
{
  return t == SL_I64 || t == SL_F64 || t == SL_FAMILY_F64;
}

static bool family(enum sl_type t) { return t == SL_FAMILY_F64 || t == SL_FAMILY_TEXT; }

static struct tw_col *col_add(struct sl_tablew *t, int index, const char *name, bool right)
{
  for (size_t i = 0; i < t->ncol; i++)
    if (!strcmp(t->col[i].name, name))
      return NULL;
  if (t->ncol == TW_COLS)
    return NULL;
  struct tw_col *c = &t->col[t->ncol++];
  *c = (struct tw_col){ .index = index, .right = right };
  snprintf(c->name, sizeof c->name, "%s", name);
  c->head = c->name;
  c->width = (int)sl_text_width(sl_str(c->name), SL_TEXT_CELL);
  return c;
}

static void col_schema(struct sl_tablew *t, size_t i)
{
  const struct sl_col *sc = sl_schema_col(t->schema, i);
  bool led = t->o.lead && !strcmp(sc->name, t->o.lead);
  if (family(sc->type) || ((sc->flags & SL_COL_HIDDEN || led) && !t->chosen))
    return;
  struct tw_col *c = col_add(t, (int)i, sc->name, numeric(sc->type));
  if (c)
    c->keep_ends = sc->type == SL_REF || sc->type == SL_URI || !strcmp(sc->name, "id") || !strcmp(sc->name, "run");
}

static struct tw_col *col_key(struct sl_tablew *t, size_t i, uint32_t key)
{
  const struct sl_col *sc = sl_schema_col(t->schema, i);
  char name[96];
  snprintf(name, sizeof name, "%s.%.*s", sc->name, SL_ARG(sl_keys_name(sl_schema_keys(t->schema), key)));
  struct tw_col *c = col_add(t, -2, name, numeric(sc->type));
  if (c) {
    c->family = (unsigned)i;
    c->key = key;
  }
  return c;
}

static void col_keys(struct sl_tablew *t, size_t i, struct sl_str key)
{
  struct sl_keys *keys = sl_schema_keys(t->schema);
  uint32_t one;
  if (!sl_str_eqz(key, "*")) {
    if (sl_keys_find(keys, key, &one))
      col_key(t, i, one);
    return;
  }
  for (uint32_t k = 0; k < sl_keys_count(keys) && t->ncol < TW_COLS; k++)
    col_key(t, i, k);
}

/* "?4": the up to four best keys of the rows that are there. */
static void col_best(struct sl_tablew *t, size_t i, struct sl_str how)
{
  uint32_t key[PICK_MOST];
  int64_t most = 0;
  struct sl_pick *p = NULL;
  if (!sl_str_i64(sl_str_from(how, 1), &most) || most < 1 || sl_pick_open(&p, t->schema, (unsigned)i, NULL))
    return;
  for (uint64_t row = 0, n = sl_pane_count(t->pane); row < n && row < PICK_ROWS; row++) {
    const struct sl_batch *b;
    uint32_t at;
    if (sl_pane_row(t->pane, row, &b, &at) && !sl_pick_row(p, b, at))
      break;
  }
  size_t n = sl_pick_best(p, key, most < PICK_MOST ? (size_t)most : PICK_MOST);
  for (size_t k = 0; k < n; k++)
    col_key(t, i, key[k]);
  sl_pick_close(p);
  t->picking = true;
}

/* Above a key's column stands the key alone, where no other column is called so. */
static void heads_name(struct sl_tablew *t)
{
  for (size_t i = 0; i < t->ncol; i++) {
    struct tw_col *c = &t->col[i];
    const char *dot = c->index == -2 ? strchr(c->name, '.') : NULL;
    bool clear = dot && dot[1];
    for (size_t k = 0; clear && k < t->ncol; k++) {
      const char *other = t->col[k].index == -2 ? strchr(t->col[k].name, '.') : NULL;
      clear = k == i || strcmp(other ? other + 1 : t->col[k].name, dot + 1);
    }
    c->head = clear ? dot + 1 : c->name;
    if (dot) {
      int w = (int)sl_text_width(sl_str(c->head), SL_TEXT_CELL);
      c->width = w > HEAD_WIDEST ? HEAD_WIDEST : w;
    }
  }
}

static void col_named(struct sl_tablew *t, struct sl_str name)
{
  name = sl_str_trim(name);
  int i = sl_schema_find(t->schema, name);
  ptrdiff_t dot = sl_str_chr(name, '.');
  if (i < 0 && dot < 0 && !t->chosen && sl_str_ends(name, SL_STR("?")))
    i = t->query->scope.n ? -1 : sl_schema_find(t->schema, sl_str_head(name, name.n - 1));
  if (i >= 0) {
    col_schema(t, (size_t)i);
  } else if (sl_str_eqz(name, "connection")) {
    col_add(t, -1, "connection", false);
  } else if (dot > 0 && (i = sl_schema_find(t->schema, sl_str_head(name, (size_t)dot))) >= 0 && family(sl_schema_col(t->schema,
      (size_t)i)->type)) {
    struct sl_str key = sl_str_from(name, (size_t)dot + 1);
    if (!t->chosen && sl_str_starts(key, SL_STR("?")))
      col_best(t, (size_t)i, key);
    else
      col_keys(t, (size_t)i, key);
  }
}

/* Groups say themselves what of them is worth a look; a key may hold anything, so these are read as names, not as words. */
static bool columns_of_groups(struct sl_tablew *t, struct sl_str text)
{
  struct sl_want *w = NULL;
  t->ncol = 0;
  t->chosen = true;
  t->picking = false;
  if (sl_want_parse(&w, text, NULL) || !w)
    return false;
  for (size_t i = 0; i < sl_want_count(w); i++) {
    struct sl_name n = sl_want_name(w, i);
    int at = sl_schema_find(t->schema, n.col);
    if (!n.key.p && sl_str_eqz(n.col, "connection"))
      col_add(t, -1, "connection", false);
    else if (at >= 0 && n.key.p && family(sl_schema_col(t->schema, (size_t)at)->type))
      col_keys(t, (size_t)at, n.key);
    else if (at >= 0)
      col_schema(t, (size_t)at);
  }
  sl_want_unref(w);
  t->nbest = t->ncol;
  heads_name(t);
  return true;
}

static void columns_make(struct sl_tablew *t)
{
  const struct sl_answer *a = sl_pane_answer(t->pane);
  sl_buf_clear(&t->group_columns);
  if (a->grouped)
    sl_buf_str(&t->group_columns, a->columns);
  if (a->grouped && columns_of_groups(t, a->columns))
    return;
  const char *best = t->o.columns ? t->o.columns : t->query->res ? t->query->res->columns : NULL;
  struct sl_str rest = t->columns.n ? sl_buf_view(&t->columns) : sl_str(best ? best : ""), word;
  t->ncol = 0;
  t->chosen = t->columns.n > 0;
  t->picking = false;
  while (sl_str_cut(&rest, ',', &word))
    col_named(t, word);
  t->nbest = t->ncol;
  for (size_t i = 0; !t->chosen && i < sl_schema_count(t->schema); i++)
    col_schema(t, i);
  if (!t->chosen && a->nsrc > 1 && t->query->kind != SL_Q_SQL) /* a statement has one engine, whatever it reads */
    col_add(t, -1, "connection", false);
  heads_name(t);
}

/* Chosen ones only; else the best first, then all others: wider terminals get more columns, never bigger ones. Keys that were chosen by
 * what the rows hold stay once all rows have come: columns that jump about cannot be read. */
void tw_columns(struct sl_tablew *t)
{
  const struct sl_answer *a = sl_pane_answer(t->pane);
  struct sl_schema *s = a->snap ? sl_snap_schema(a->snap) : NULL;
  char was[96] = "";
  bool same = !a->grouped || sl_str_eq(a->columns, sl_buf_view(&t->group_columns));
  if (!s || (s == t->schema && t->ncol && same && (!t->picking || t->picked == a->snap)))
    return;
  if (t->at_col < t->ncol)
    snprintf(was, sizeof was, "%s", t->col[t->at_col].name);
  sl_schema_unref(t->schema);
  t->schema = sl_schema_ref(s);
  columns_make(t);
  t->picked = a->snap;
  t->picking &= !a->done || !sl_pane_count(t->pane);
  for (t->at_col = 0; t->at_col < t->ncol && strcmp(was, t->col[t->at_col].name);)
    t->at_col++;
  if (t->at_col >= t->ncol)
    t->at_col = 0;
}

struct sl_str tw_key(const struct sl_tablew *t, const struct tw_col *c)
{
  return c->index == -2 ? sl_keys_name(sl_schema_keys(t->schema), c->key) : SL_STR_NONE;
}

bool tw_sorted(const struct sl_tablew *t, const struct tw_col *c, bool *desc)
{
  const struct sl_order *o = t->query->order;
  if (!o || !sl_order_count(o))
    return false;
  const struct sl_order_key *k = sl_order_key(o, 0);
  *desc = k->desc;
  if (c->index != -2)
    return !k->name.key.p && sl_str_eqz(k->name.col, c->name);
  return k->name.key.p && sl_str_eq(k->name.key, tw_key(t, c)) && sl_str_eqz(k->name.col, sl_schema_col(t->schema, c->family)->name);
}

/* ---- cells ---- */

/* A ref as people say it: what is percent-encoded in it is for machines. */
static void ref_show(struct sl_str text, struct sl_buf *out)
{
  struct sl_buf scratch;
  struct sl_ref ref;
  sl_buf_init(&scratch, 1 << 16);
  if (sl_ref_parse(text, &ref, &scratch, NULL))
    sl_buf_str(out, text);
  else
    sl_buf_printf(out, "%.*s:%.*s/%.*s", SL_ARG(ref.conn), SL_ARG(ref.res), SL_ARG(ref.id));
  sl_buf_free(&scratch);
}

/* The glyph of the leading state before the first column, in its colour. */
static void lead_put(struct sl_tablew *t, const struct sl_batch *b, uint32_t row, struct sl_buf *out, enum sl_role *role)
{
  int c = t->chosen || !t->o.lead ? -1 : sl_schema_find(sl_batch_schema(b), sl_str(t->o.lead));
  struct sl_val v = c < 0 ? sl_null(SL_STATE) : sl_batch_get(b, row, (unsigned)c);
  const char *glyph;
  if (v.null)
    return;
  sl_state_look(v.u.s, &glyph, role);
  sl_buf_printf(out, "%s ", glyph);
}

enum { FIXED_DIGITS = 7 };

/* How many characters stand before and behind the point; false: an exponent, a unit, or no number at all. */
static bool plain_number(struct sl_str t, int *whole, int *frac)
{
  ptrdiff_t dot = sl_str_chr(t, '.');
  for (size_t i = 0; i < t.n; i++)
    if ((t.p[i] < '0' || t.p[i] > '9') && t.p[i] != '-' && t.p[i] != '.')
      return false;
  *whole = dot < 0 ? (int)t.n : (int)dot;
  *frac = dot < 0 ? 0 : (int)t.n - (int)dot - 1;
  return t.n > 0;
}

/* Points stand below each other: by as many decimals as the column needs, or by blanks where those would be too many. */
static void number_show(const struct tw_col *c, const struct sl_val *v, const char *unit, const struct sl_show *show, struct sl_buf *out)
{
  size_t from = out->n;
  int whole, frac;
  sl_val_show(out, v, unit, show);
  if (!c->frac || !plain_number(sl_str_from(sl_buf_view(out), from), &whole, &frac) || frac >= c->frac)
    return;
  if (c->whole + c->frac <= FIXED_DIGITS && v->u.f != 0) { /* zero is 0, not something small */
    sl_buf_cut(out, from);
    sl_buf_printf(out, "%.*f", c->frac, v->u.f);
  } else {
    sl_buf_fill(out, ' ', (size_t)(c->frac - frac + !frac));
  }
}

void tw_cell(struct sl_tablew *t, const struct tw_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *out, enum sl_role *role)
{
  struct sl_schema *s = sl_batch_schema(b);
  *role = SL_ROLE_text;
  if (c == t->col)
    lead_put(t, b, row, out, role);
  if (c->index == -1) {
    sl_buf_str(out, sl_batch_conn(b, row));
    return;
  }
  bool key = c->index == -2;
  unsigned col = key ? c->family : (unsigned)c->index;
  if (col >= sl_schema_count(s))
    return;
  const struct sl_col *sc = sl_schema_col(s, col);
  struct sl_val v = key ? sl_batch_get_key(b, row, col, c->key) : sl_batch_get(b, row, col);
  if (v.null) {
    *role = SL_ROLE_dim;
    sl_buf_z(out, sl_glyph_pick("–", "-"));
  } else if (sc->flags & SL_COL_SECRET) {
    sl_buf_z(out, "***");
  } else if (sc->type == SL_STATE) {
    const char *glyph;
    sl_state_look(v.u.s, &glyph, role);
    sl_buf_printf(out, "%s %.*s", glyph, SL_ARG(v.u.s));
  } else if (sc->type == SL_REF) {
    ref_show(v.u.s, out);
  } else {
    struct sl_show show = *sl_view_show(t->v);
    show.data = t->query->kind == SL_Q_SQL;
    const char *unit = sl_col_unit(sc, tw_key(t, c));
    if (sc->type == SL_F64 || sc->type == SL_FAMILY_F64)
      number_show(c, &v, unit, &show, out);
    else
      sl_val_show(out, &v, unit, &show);
  }
}

static void cell_learn(struct sl_tablew *t, struct tw_col *c, const struct sl_batch *b, uint32_t row, struct sl_buf *scratch, bool points)
{
  enum sl_role role;
  int whole, frac;
  sl_buf_clear(scratch);
  tw_cell(t, c, b, row, scratch, &role);
  if (!points) {
    int w = (int)sl_text_width(sl_str_head(sl_buf_view(scratch), TW_WIDEST * 8), SL_TEXT_CELL);
    w = w > TW_WIDEST ? TW_WIDEST : w;
    c->width = w > c->width ? w : c->width;
  } else if (c->right && plain_number(sl_str_trim(sl_buf_view(scratch)), &whole, &frac)) {
    c->whole = whole > c->whole ? whole : c->whole;
    c->frac = frac > c->frac ? frac : c->frac;
  }
}

/* Where the points are, then how wide that makes the columns: of the visible rows, and of those that were. */
static void widths_learn(struct sl_tablew *t, struct sl_buf *scratch)
{
  for (int points = 1; points >= 0; points--)
    for (int y = 0; y < t->rows; y++) {
      const struct sl_batch *b;
      uint32_t row;
      if (!sl_pane_row(t->pane, t->top + (uint64_t)y, &b, &row))
        continue;
      for (size_t i = 0; i < t->ncol; i++)
        if (!points || t->col[i].right)
          cell_learn(t, &t->col[i], b, row, scratch, points);
    }
}

static void head_draw(struct sl_tablew *t, struct sl_grid *g, const struct tw_col *c, int x, int y, int w, size_t i)
{
  enum sl_role role = i == t->at_col ? SL_ROLE_bright : SL_ROLE_colhead;
  char text[104];
  bool desc = false, sorted = tw_sorted(t, c, &desc);
  const char *arrow = !sorted ? "" : desc ? sl_glyph_pick("▾", "v") : sl_glyph_pick("▴", "^");
  snprintf(text, sizeof text, "%s%s", c->head, arrow);
  if (c->right && (int)sl_text_width(sl_str(text), SL_TEXT_CELL) <= w)
    sl_grid_right(g, x, y, w, role, sl_str(text));
  else
    sl_grid_keep(g, x, y, w, role, sl_str(text), c->index == -2 ? SL_KEEP_ENDS : SL_KEEP_HEAD);
}

static void row_draw(struct sl_tablew *t, struct sl_grid *g, struct sl_rect r, int y, uint64_t pos, struct sl_buf *scratch)
{
  const struct sl_batch *b;
  uint32_t row;
  struct sl_snap *snap = sl_pane_answer(t->pane)->snap;
  if (!sl_pane_row(t->pane, pos, &b, &row)) {
    sl_grid_putz(g, r.x + 2, y, 3, SL_ROLE_dim, "...");
    return;
  }
  bool marked = t->nmark && tw_marked(t, sl_snap_hash(snap, pos)), struck = sl_snap_struck(snap, pos);
  if (marked)
    sl_grid_cell(g, r.x, y, SL_ROLE_mark, sl_glyph_pick("◆", "*"));
  for (size_t i = t->left_col; i < t->left_col + t->shown; i++) {
    const struct tw_col *c = &t->col[i];
    enum sl_role role;
    sl_buf_clear(scratch);
    tw_cell(t, c, b, row, scratch, &role);
    role = struck ? SL_ROLE_struck : marked && role == SL_ROLE_text ? SL_ROLE_mark : role;
    if (c->right)
      sl_grid_right(g, c->x, y, c->w, role, sl_buf_view(scratch));
    else
      sl_grid_keep(g, c->x, y, c->w, role, sl_buf_view(scratch), c->keep_ends ? SL_KEEP_ENDS : SL_KEEP_HEAD);
  }
}

/* How much the flexible column gives, so that the default columns fit. */
static int flex_give(const struct sl_tablew *t, int room)
{
  int need = 0;
  if (!t->o.flex || t->chosen || t->left_col)
    return 0;
  for (size_t i = 0; i < t->nbest && i < t->ncol; i++)
    need += t->col[i].width + 2;
  return need - 2 > room ? need - 2 - room : 0;
}

/* Columns from left_col on, as many as fit; the last one takes what is left. */
static void layout(struct sl_tablew *t, struct sl_rect r)
{
  int x = r.x + 2, end = r.x + r.w, give = flex_give(t, r.w - 2);
  t->shown = 0;
  for (size_t i = t->left_col; i < t->ncol && x < end; i++, t->shown++) {
    struct tw_col *c = &t->col[i];
    bool desc;
    int left = end - x, w = c->width, head = (int)sl_text_width(sl_str(c->head), SL_TEXT_CELL);
    if (head == w && tw_sorted(t, c, &desc)) /* room for the arrow */
      w = ++c->width;
    if (give && !strcmp(c->name, t->o.flex))
      w = w - give > 12 ? w - give : 12;
    c->x = x;
    c->w = w < left ? w : left;
    if (w > left && left < 6 && i > t->left_col)
      break;
    if ((i + 1 == t->ncol || x + w + 2 >= end) && !c->right)
      c->w = left;
    x += w + 2;
  }
}

static void heads_draw(struct sl_tablew *t, struct sl_grid *g, struct sl_rect r)
{
  for (size_t i = t->left_col; i < t->left_col + t->shown; i++)
    head_draw(t, g, &t->col[i], t->col[i].x, r.y, t->col[i].w, i);
}

static void scroll_fit(struct sl_tablew *t)
{
  uint64_t n = sl_pane_count(t->pane), rows = t->rows > 0 ? (uint64_t)t->rows : 1;
  if (n && t->at >= n)
    t->at = n - 1;
  if (t->at < t->top)
    t->top = t->at;
  if (t->at >= t->top + rows)
    t->top = t->at - rows + 1;
  if (t->top + rows > n)
    t->top = n > rows ? n - rows : 0;
  if (t->at_col < t->left_col)
    t->left_col = t->at_col;
  if (t->shown && t->at_col >= t->left_col + t->shown)
    t->left_col = t->at_col - t->shown + 1;
}

void sl_tablew_draw(struct sl_tablew *t, struct sl_grid *g, struct sl_rect r, bool focused)
{
  struct sl_buf scratch;
  int head = t->o.compact ? 0 : 1;
  t->rows = r.h - head;
  tw_columns(t);
  tw_follow(t);
  if (t->rows < 1 || sl_pane_draw_state(t->pane, g, r, t->o.empty))
    return;
  sl_buf_init(&scratch, 1 << 20);
  scroll_fit(t);
  widths_learn(t, &scratch);
  layout(t, r);
  if (head)
    heads_draw(t, g, r);
  uint64_t n = sl_pane_count(t->pane);
  for (int y = 0; y < t->rows && t->top + (uint64_t)y < n; y++)
    row_draw(t, g, r, r.y + head + y, t->top + (uint64_t)y, &scratch);
  if (focused && t->at >= t->top && t->at < t->top + (uint64_t)t->rows)
    sl_grid_over(g, (struct sl_rect){ r.x, r.y + head + (int)(t->at - t->top), r.w, 1 }, SL_ROLE_cursor);
  sl_buf_free(&scratch);
}
