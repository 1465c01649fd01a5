/* table/filter_run.c: filters over batches, a column at a time.
 *
 * Each condition yields a verdict a row: no, yes, unknown. Only the root's yes keeps a row. Columns of codes are judged once a code. */
#include "table/filter_int.h"
#include "table/num_int.h"

enum { NO, YES, UNKNOWN };

/* A condition against one batch: literals resolved for the column's type. */
struct leaf {
  const struct sl_filter_node *n;
  const struct sl_batch *b;
  const struct image_col *c;
  const struct sl_col *sc;
  struct sl_val *v;
  uint32_t rows;
};

static int run_node(const struct sl_filter_node *n, const struct sl_batch *b, uint8_t *out, struct sl_err *err);

static uint8_t verdict(enum sl_filter_op op, int c)
{
  if (c == NUM_UNORDERED)
    return UNKNOWN;
  switch (op) {
  case SL_F_NE: return c != 0;
  case SL_F_LT: return c < 0;
  case SL_F_LE: return c <= 0;
  case SL_F_GT: return c > 0;
  case SL_F_GE: return c >= 0;
  default: return c == 0;
  }
}

/* in: any equal; unknown only when nothing was equal and something could not be compared. */
static uint8_t any_of(uint8_t sofar, uint8_t next)
{
  return sofar == YES || next == YES ? YES : sofar == UNKNOWN || next == UNKNOWN ? UNKNOWN : NO;
}

static uint8_t judge_number(const struct leaf *l, struct num x)
{
  uint8_t r = NO;
  for (size_t i = 0; i < l->n->nlits; i++) {
    const struct sl_val *v = &l->v[i];
    int c = num_cmp(x, v->type == SL_F64 ? num_f(v->u.f) : num_i(v->type == SL_BOOL ? v->u.b : v->u.i));
    r = i ? any_of(r, verdict(l->n->op, c)) : verdict(l->n->op, c);
  }
  return r;
}

static uint8_t judge_text(const struct leaf *l, struct sl_str s)
{
  if (l->n->re)
    return regex_matches(l->n->re, s) == (l->n->op == SL_F_MATCH);
  uint8_t r = NO;
  for (size_t i = 0; i < l->n->nlits; i++) {
    uint8_t one = verdict(l->n->op, lit_cmp_text(s, &l->n->lits[i], &l->v[i]));
    r = i ? any_of(r, one) : one;
  }
  return r;
}

/* A list is equal to what it holds, and matches when an item does; the negated forms say that no item does. */
static uint8_t judge_list(const struct leaf *l, struct sl_str rest)
{
  struct sl_filter_node plain = *l->n;
  bool flip = plain.op == SL_F_NE || plain.op == SL_F_NOMATCH;
  if (flip)
    plain.op = plain.op == SL_F_NE ? SL_F_EQ : SL_F_MATCH;
  struct leaf one = *l;
  one.n = &plain;
  uint8_t r = NO;
  for (struct sl_str item; r != YES && sl_list_next(&rest, &item);)
    r = any_of(r, judge_text(&one, item));
  return r == UNKNOWN ? UNKNOWN : r ^ flip;
}

/* ---- columns ---- */

static void run_ints(const struct leaf *l, uint8_t *out)
{
  const struct sl_val *v = l->v;
  if (l->n->nlits != 1 || v->type == SL_F64) {
    for (uint32_t i = 0; i < l->rows; i++)
      out[i] = judge_number(l, num_i(image_int(l->c, i)));
    return;
  }
  enum sl_filter_op op = l->n->op;
  int64_t y = v->u.i;
  for (uint32_t i = 0; i < l->rows; i++)
    out[i] = verdict(op, num_cmp_ii(image_int(l->c, i), y));
}

static void run_floats(const struct leaf *l, uint8_t *out)
{
  const double *x = l->c->data;
  for (uint32_t i = 0; i < l->rows; i++)
    out[i] = judge_number(l, num_f(x[i]));
}

static void run_bits(const struct leaf *l, uint8_t *out)
{
  for (uint32_t i = 0; i < l->rows; i++)
    out[i] = judge_number(l, num_i(bit_get(l->c->data, i)));
}

static void run_texts(const struct leaf *l, uint8_t *out)
{
  bool list = l->sc->type == SL_LIST;
  if (l->c->enc == ENC_DICT) {
    uint8_t of_code[DICT_MAX];
    const uint8_t *code = l->c->data;
    for (uint32_t k = 0; k < (uint64_t)l->c->base; k++) {
      struct sl_str s = sl_strn(l->c->heap + l->c->off[k], l->c->off[k + 1] - l->c->off[k]);
      of_code[k] = list ? judge_list(l, s) : judge_text(l, s);
    }
    for (uint32_t i = 0; i < l->rows; i++)
      out[i] = of_code[code[i]];
    return;
  }
  for (uint32_t i = 0; i < l->rows; i++)
    if (!image_null(l->c, i))
      out[i] = list ? judge_list(l, image_text(l->c, i)) : judge_text(l, image_text(l->c, i));
}

static void run_col(const struct leaf *l, uint8_t *out)
{
  switch (l->c->enc) {
  case ENC_INT: run_ints(l, out); break;
  case ENC_F64: run_floats(l, out); break;
  case ENC_BITS: run_bits(l, out); break;
  case ENC_TEXT:
  case ENC_DICT: run_texts(l, out); break;
  default: memset(out, UNKNOWN, l->rows);
  }
  for (uint32_t i = 0; l->c->nulls && i < l->rows; i++)
    if (bit_get(l->c->nulls, i))
      out[i] = UNKNOWN;
}

static void run_key(const struct leaf *l, unsigned col, uint32_t local, uint8_t *out)
{
  for (uint32_t i = 0; i < l->rows; i++) {
    uint32_t at;
    if (!image_pair(l->b->image, col, i, local, &at)) {
      out[i] = UNKNOWN;
      continue;
    }
    struct sl_val v = image_pair_val(l->c, at);
    out[i] = v.type == SL_F64 ? judge_number(l, num_f(v.u.f)) : judge_text(l, v.u.s);
  }
}

static void run_null(const struct leaf *l, const struct name_at *at, bool has_local, uint32_t local, uint8_t *out)
{
  bool want = l->n->op == SL_F_NULL;
  for (uint32_t i = 0; i < l->rows; i++) {
    uint32_t pair;
    bool null = false;
    if (at->kind == NAME_KEY)
      null = !has_local || !image_pair(l->b->image, (unsigned)at->col, i, local, &pair);
    else if (at->kind == NAME_COL)
      null = sl_batch_get(l->b, i, (unsigned)at->col).null;
    else
      null = at->kind == NAME_NONE;
    out[i] = null == want;
  }
}

/* `connection` and `ref` are not stored, so they are judged as text a row; a run of equal connections is judged once. */
static int run_made(const struct leaf *l, bool ref, uint8_t *out, struct sl_err *err)
{
  struct sl_buf text;
  sl_buf_init(&text, 0);
  struct sl_str was = SL_STR_NONE;
  uint8_t r = UNKNOWN;
  for (uint32_t i = 0; i < l->rows; i++) {
    struct sl_str s = sl_batch_conn(l->b, i);
    if (ref) {
      sl_buf_clear(&text);
      sl_batch_ref_text(l->b, i, &text);
      s = sl_buf_view(&text);
    }
    if (ref || !i || s.p != was.p || s.n != was.n)
      r = judge_text(l, s);
    was = s;
    out[i] = r;
  }
  int rc = sl_buf_check(&text, err);
  sl_buf_free(&text);
  return rc;
}

/* ---- leaves and logic ---- */

static const struct sl_col made_col = { .name = "ref", .type = SL_TEXT };

static int lits_resolve(struct leaf *l, struct sl_val *one, struct sl_err *err)
{
  l->v = l->n->nlits <= 1 ? one : sl_alloc(l->n->nlits * sizeof *l->v);
  if (!l->v)
    return sl_err_nomem(err);
  for (size_t i = 0; i < l->n->nlits && !l->n->re; i++)
    if (!sl_lit_value(&l->n->lits[i], l->sc, &l->v[i]))
      return leaf_check(l->n, l->sc, true, err);
  return SL_OK;
}

static int run_judged(struct leaf *l, const struct name_at *at, bool has_local, uint32_t local, uint8_t *out, struct sl_err *err)
{
  int rc = leaf_check(l->n, l->sc, at->kind == NAME_KEY, err);
  if (rc)
    return rc;
  if (at->kind == NAME_CONN || at->kind == NAME_REF)
    return run_made(l, at->kind == NAME_REF, out, err);
  if (at->kind == NAME_COL)
    run_col(l, out);
  else if (has_local)
    run_key(l, (unsigned)at->col, local, out);
  else
    memset(out, UNKNOWN, l->rows);
  return SL_OK;
}

static int run_leaf(const struct sl_filter_node *n, const struct sl_batch *b, uint8_t *out, struct sl_err *err)
{
  struct sl_schema *s = b->image->schema;
  struct name_at at = name_find(s, &n->name);
  struct leaf l = { .n = n, .b = b, .rows = b->image->rows, .sc = &made_col };
  if (at.kind == NAME_COL || at.kind == NAME_KEY) {
    l.c = &b->image->cols[at.col];
    l.sc = sl_schema_col(s, (size_t)at.col);
  }
  uint32_t key = 0, local = 0;
  bool has_local = at.kind == NAME_KEY && sl_keys_find(sl_schema_keys(s), at.key, &key) && image_local_key(b->image, key, &local);
  if (n->op == SL_F_NULL || n->op == SL_F_NOTNULL) {
    run_null(&l, &at, has_local, local, out);
    return SL_OK;
  }
  if (at.kind == NAME_NONE) { /* another backend's own column: these rows have no such value */
    memset(out, UNKNOWN, l.rows);
    return SL_OK;
  }
  struct sl_val one;
  int rc = lits_resolve(&l, &one, err);
  if (!rc)
    rc = run_judged(&l, &at, has_local, local, out, err);
  if (l.v != &one)
    sl_free(l.v);
  return rc;
}

/* The right side has a verdict of its own only while this frame lives: chains lean left and stay cheap. */
static int combine(const struct sl_filter_node *n, const struct sl_batch *b, uint8_t *out, struct sl_err *err)
{
  uint8_t right[SL_BATCH_ROWS];
  int rc = run_node(n->b, b, right, err);
  uint8_t settles = n->op == SL_F_AND ? NO : YES, other = n->op == SL_F_AND ? YES : NO;
  for (uint32_t i = 0; !rc && i < b->image->rows; i++) {
    if (out[i] == settles || right[i] == settles)
      out[i] = settles;
    else
      out[i] = out[i] == other && right[i] == other ? other : UNKNOWN;
  }
  return rc;
}

static int run_node(const struct sl_filter_node *n, const struct sl_batch *b, uint8_t *out, struct sl_err *err)
{
  if (n->op != SL_F_AND && n->op != SL_F_OR && n->op != SL_F_NOT)
    return run_leaf(n, b, out, err);
  int rc = run_node(n->a, b, out, err);
  if (rc || n->op != SL_F_NOT)
    return rc ? rc : combine(n, b, out, err);
  for (uint32_t i = 0; i < b->image->rows; i++)
    out[i] = out[i] == UNKNOWN ? UNKNOWN : !out[i];
  return SL_OK;
}

int sl_filter_run(const struct sl_filter *f, const struct sl_batch *b, uint8_t *keep, struct sl_err *err)
{
  if (!b->image)
    return sl_err_set(err, SL_EINTERNAL, "a batch is filtered before it is sealed");
  int rc = run_node(sl_filter_root(f), b, keep, err);
  for (uint32_t i = 0; !rc && i < b->image->rows; i++)
    keep[i] = keep[i] == YES;
  return rc;
}

static int check_node(const struct sl_filter_node *n, const struct sl_schema *s, struct sl_err *err)
{
  for (; n; n = n->a) { /* down the left side, as chains lean */
    if (n->op == SL_F_AND || n->op == SL_F_OR) {
      int rc = check_node(n->b, s, err);
      if (rc)
        return rc;
      continue;
    }
    if (n->op == SL_F_NOT)
      continue;
    struct name_at at = name_find(s, &n->name);
    if (at.kind == NAME_NONE)
      return name_unknown(s, &n->name, err);
    const struct sl_col *col = at.kind == NAME_COL || at.kind == NAME_KEY ? sl_schema_col(s, (size_t)at.col) : &made_col;
    return leaf_check(n, col, at.kind == NAME_KEY, err);
  }
  return SL_OK;
}

int sl_filter_check(const struct sl_filter *f, const struct sl_schema *s, struct sl_err *err)
{
  return check_node(sl_filter_root(f), s, err);
}
