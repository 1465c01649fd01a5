/* compute/skl_encode.c: categories into columns of zeros and ones, or into their numbers.
 *
 * Categories are the values that were seen, numbers or texts, in the order that was learnt; a missing value is a category where it was seen
 * as one. They are found by bisection in a sorted copy. */
#include <math.h>
#include <stdlib.h>

#include "compute/skl_int.h"

enum { NONE = -1 };
struct word { struct sl_str s; int64_t i; };
struct value { double v; int64_t i; };
struct cats {                  /* of one feature */
  struct word *word; size_t nwords;            /* sorted */
  struct value *value; size_t nvalues;
  int64_t missing;             /* the category of what is missing; NONE */
  size_t n;
  int64_t *group;              /* of a category, where rare ones stand together; NULL: itself */
  int64_t rare;                /* the first rare category; NONE */
  int64_t drop;                /* the category (after grouping) without a column; NONE */
  size_t out;                  /* columns */
};
struct encoder {
  struct cats *at;
  bool refuse;                 /* what was not seen is refused */
  bool rare;                   /* it counts as rare, where there are rare ones */
  enum skl_type type;
  double unknown, missing;     /* ordinal */
  bool sparse;
};

/* ---- reading ---- */

static int by_text(const void *a, const void *b) { return sl_str_cmp(((const struct word *)a)->s, ((const struct word *)b)->s); }

static int by_value(const void *a, const void *b)
{
  double x = ((const struct value *)a)->v, y = ((const struct value *)b)->v;
  return x < y ? -1 : x > y;
}

static int take_category(struct skl_load *l, const struct skl_est *e, const struct pk *list, size_t i, struct cats *c)
{
  const struct npy *a = pk_array(list);
  const struct pk *item = pk_item(list, i);
  struct sl_str s = pk_text(item);
  double v = (double)NAN;
  if (a->type.kind == 'U' && npy_text(a, i, &l->s->mem, &s, l->err))
    return skl_fail(l);
  if (s.p) {
    struct sl_str copy = a->type.kind == 'U' ? s : skl_copy(l, s);
    c->word[c->nwords++] = (struct word){ copy, (int64_t)i };
    return copy.p ? SL_OK : skl_fail(l);
  }
  if (npy_is_number(&a->type))
    v = npy_f64(a, i);
  else if (!pk_none(item) && !pk_f64(item, &v))
    return skl_unsup(l, e, "categories that are neither numbers nor texts");
  if (isnan(v))
    c->missing = (int64_t)i;
  else
    c->value[c->nvalues++] = (struct value){ v, (int64_t)i };
  return SL_OK;
}

static int take_cats(struct skl_load *l, const struct skl_est *e, const struct pk *list, struct cats *c)
{
  const struct npy *a = pk_array(list);
  if (!a || a->dims != 1 || (!npy_is_number(&a->type) && a->type.kind != 'U' && a->type.kind != 'O'))
    return skl_bad(l, e, "categories_ of a feature are no list");
  *c = (struct cats){ .missing = NONE, .rare = NONE, .drop = NONE, .n = a->n, .out = a->n };
  c->word = skl_alloc(l, a->n, sizeof *c->word);
  c->value = skl_alloc(l, a->n, sizeof *c->value);
  int rc = c->word && c->value ? SL_OK : skl_fail(l);
  for (size_t i = 0; !rc && i < a->n; i++)
    rc = take_category(l, e, list, i, c);
  if (!rc && c->nwords)
    qsort(c->word, c->nwords, sizeof *c->word, by_text);
  if (!rc && c->nvalues)
    qsort(c->value, c->nvalues, sizeof *c->value, by_value);
  return rc;
}

/* Rare categories share a number: (which are rare, what each becomes). */
static int take_groups(struct skl_load *l, const struct skl_est *e, const struct pk *o, size_t feature, struct cats *c)
{
  const struct pk *rare = pk_item(pk_get(o, "_infrequent_indices"), feature), *map = pk_item(pk_get(o,
      "_default_to_infrequent_mappings"), feature);
  const struct npy *r = pk_array(rare), *m = pk_array(map);
  if (!skl_flag(o, "_infrequent_enabled", false) || !r || !m)
    return SL_OK;
  if (m->n != c->n || !r->n || r->n > c->n || !npy_is_number(&m->type) || !npy_is_number(&r->type))
    return skl_bad(l, e, "rare categories that are none");
  c->rare = npy_i64(r, 0);
  c->out = c->n - (r->n - 1);
  c->group = skl_alloc(l, c->n, sizeof *c->group);
  if (!c->group)
    return skl_fail(l);
  for (size_t i = 0; i < c->n; i++) {
    c->group[i] = npy_i64(m, i);
    if (c->group[i] < 0 || c->group[i] >= (int64_t)c->out)
      return skl_bad(l, e, "rare categories that are none");
  }
  return c->rare >= 0 && c->rare < (int64_t)c->n ? SL_OK : skl_bad(l, e, "rare categories that are none");
}

static int take_drop(struct skl_load *l, const struct skl_est *e, const struct pk *o, size_t feature, struct cats *c)
{
  const struct pk *after = pk_get(o, "_drop_idx_after_grouping"), *list = pk_none(after) ? pk_get(o, "drop_idx_") : after;
  const struct npy *a = pk_array(list);
  const struct pk *v = pk_item(list, feature);
  if (pk_none(list) || (a && a->type.kind == 'O' && pk_none(v)))
    return SL_OK;
  if (!a || feature >= a->n || (a->type.kind == 'O' ? !pk_i64(v, &c->drop) : !npy_is_number(&a->type)))
    return skl_bad(l, e, "a dropped category that is none");
  if (a->type.kind != 'O')
    c->drop = npy_i64(a, feature);
  if (c->drop < 0 || c->drop >= (int64_t)c->out)
    return skl_bad(l, e, "a dropped category that is none");
  c->out--;
  return SL_OK;
}

static enum skl_type type_of(const struct pk *o)
{
  char name[2 * PK_NAME_MAX + 2];
  const struct pk *t = pk_get(o, "dtype");
  pk_class_name(t, name, sizeof name);
  if (t && t->kind == PK_TYPE)
    return t->u.type.kind == 'f' && t->u.type.size == 4 ? SKL_F32 : t->u.type.kind == 'f' ? SKL_F64 : SKL_I64;
  return !strcmp(name, "numpy.float32") ? SKL_F32 : strstr(name, "float") || !*name ? SKL_F64 : SKL_I64;
}

static int begin(struct skl_load *l, const struct pk *o, struct skl_est *e, struct encoder **out)
{
  const struct pk *cats = pk_get(o, "categories_");
  struct encoder *c = *out = e->own = skl_alloc(l, 1, sizeof *c);
  size_t n = pk_count(cats);
  if (!c || !(c->at = skl_alloc(l, n, sizeof *c->at)))
    return skl_fail(l);
  if (!cats || (e->in != SIZE_MAX && e->in != n))
    return skl_bad(l, e, "its categories do not fit its features");
  e->in = n;
  c->refuse = skl_word(o, "handle_unknown", "error");
  c->rare = skl_word(o, "handle_unknown", "infrequent_if_exist") || skl_word(o, "handle_unknown", "warn");
  c->type = type_of(o);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < n; i++) {
    rc = take_cats(l, e, pk_item(cats, i), &c->at[i]);
    if (!rc)
      rc = take_groups(l, e, o, i, &c->at[i]);
  }
  return rc;
}

static int load_onehot(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct encoder *c;
  int rc = begin(l, o, e, &c);
  size_t wide = 0;
  for (size_t i = 0; !rc && i < e->in; i++) {
    rc = take_drop(l, e, o, i, &c->at[i]);
    wide += c->at[i].out;
  }
  if (!rc && wide > SKL_WIDE_MAX)
    return sl_err_set(l->err, SL_ELIMIT, "%s: %zu columns of categories", l->file, wide);
  if (!rc)
    c->sparse = skl_flag(o, "sparse_output", skl_flag(o, "sparse", true));
  return rc;
}

static int load_ordinal(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct encoder *c;
  int rc = begin(l, o, e, &c);
  if (rc)
    return rc;
  c->unknown = c->missing = (double)NAN;
  (void)pk_f64(pk_get(o, "encoded_missing_value"), &c->missing);
  bool known = pk_f64(pk_get(o, "unknown_value"), &c->unknown);
  return c->refuse || known ? SL_OK : skl_bad(l, e, "no number for what was not seen");
}

/* ---- running ---- */

static int64_t find_text(const struct cats *c, struct sl_str s)
{
  struct word key = { s, 0 };
  const struct word *w = c->nwords ? bsearch(&key, c->word, c->nwords, sizeof key, by_text) : NULL;
  return w ? w->i : NONE;
}

static int64_t find_value(const struct cats *c, double v)
{
  struct value key = { v, 0 };
  const struct value *w = c->nvalues ? bsearch(&key, c->value, c->nvalues, sizeof key, by_value) : NULL;
  return w ? w->i : NONE;
}

/* The category of a row, before grouping; NONE: it was not seen. */
static int64_t category(const struct cats *c, const struct skl_col *in, size_t i)
{
  if (in->type == SKL_TEXT)
    return skl_text_missing(in, i) ? c->missing : find_text(c, skl_text(in, i));
  return isnan(in->v[i]) ? c->missing : find_value(c, in->v[i]);
}

static int unseen(const struct skl_est *e, struct skl_run *r, const struct skl_col *in, size_t i)
{
  const char *name = in->name ? in->name : "?";
  struct sl_str s = in->type == SKL_TEXT && !skl_text_missing(in, i) ? sl_str_head(skl_text(in, i), 60) : SL_STR_NONE;
  if (s.p)
    return sl_err_set(r->err, SL_EPARSE, "row %zu of the data: column %s: %s has not seen the category \"%.*s\"", r->row + i, name, e->cls,
                      SL_ARG(s));
  return sl_err_set(r->err, SL_EPARSE, "row %zu of the data: column %s: %s has not seen this value", r->row + i, name, e->cls);
}

static int64_t grouped(const struct cats *c, int64_t i) { return c->group && i >= 0 ? c->group[i] : i; }

/* What is unknown is a rare one, where the encoder says so and there are rare ones; else it has no column at all. */
static int onehot_column(const struct skl_est *e, struct skl_run *r, const struct skl_col *in, const struct cats *c, size_t rows,
    double *out)
{
  const struct encoder *enc = e->own;
  for (size_t i = 0; i < rows; i++) {
    int64_t k = category(c, in, i);
    if (k == NONE && enc->refuse)
      return unseen(e, r, in, i);
    if (k == NONE && enc->rare)
      k = c->rare;
    k = grouped(c, k);
    if (k != NONE && k != c->drop)
      out[(size_t)(c->drop != NONE && k > c->drop ? k - 1 : k) * rows + i] = 1;
  }
  return SL_OK;
}

static int onehot(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct encoder *c = e->own;
  size_t wide = 0, n = 0;
  for (size_t j = 0; j < e->in; j++)
    wide += c->at[j].out;
  int rc = in->n == e->in ? skl_out(r, in, wide, out)
                          : sl_err_set(r->err, SL_EPARSE, "%s takes %zu columns and is given %zu", e->cls, e->in, in->n);
  for (size_t j = 0; !rc && j < in->n; j++) {
    double *v = skl_room(r, c->at[j].out * in->rows);
    rc = v ? onehot_column(e, r, &in->col[j], &c->at[j], in->rows, v) : skl_nomem(r);
    for (size_t k = 0; !rc && k < c->at[j].out; k++)
      out->col[n++] = (struct skl_col){ .type = c->type, .v = v + k * in->rows, .name = in->col[j].name };
  }
  if (!rc)
    out->sparse = c->sparse;
  return rc;
}

static int ordinal_column(const struct skl_est *e, struct skl_run *r, const struct skl_col *in, const struct cats *c, size_t rows,
    double *out)
{
  const struct encoder *enc = e->own;
  for (size_t i = 0; i < rows; i++) {
    int64_t k = category(c, in, i);
    if (k == NONE && enc->refuse)
      return unseen(e, r, in, i);
    out[i] = k == NONE ? enc->unknown : k == c->missing ? enc->missing : (double)grouped(c, k);
  }
  return SL_OK;
}

static int ordinal(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct encoder *c = e->own;
  int rc = in->n == e->in ? skl_out(r, in, in->n, out)
                          : sl_err_set(r->err, SL_EPARSE, "%s takes %zu columns and is given %zu", e->cls, e->in, in->n);
  for (size_t j = 0; !rc && j < in->n; j++) {
    double *v = skl_room(r, in->rows);
    rc = v ? ordinal_column(e, r, &in->col[j], &c->at[j], in->rows, v) : skl_nomem(r);
    out->col[j] = (struct skl_col){ .type = c->type, .v = v, .name = in->col[j].name };
  }
  return rc;
}

const struct skl_ops skl_onehot = { .load = load_onehot, .transform = onehot };
const struct skl_ops skl_ordinal = { .load = load_ordinal, .transform = ordinal };
