/* compute/skl_run.c: rows through an estimator, a block at a time, and the answers as the model's outputs. */
#include <math.h>

#include "compute/skl_int.h"

int skl_nomem(struct skl_run *r)
{
  return r->mem->cap - r->mem->used < (1 << 20) ? sl_err_set(r->err, SL_ELIMIT, "%zu rows become more than %d MiB", r->rows,
      SKL_BLOCK_MAX >> 20)
                                                : sl_err_nomem(r->err);
}

double *skl_room(struct skl_run *r, size_t n)
{
  double *v = n > SIZE_MAX / 16 ? NULL : sl_arena_alloc(r->mem, (n + 1) * sizeof *v);
  if (!v)
    (void)skl_nomem(r);
  return v;
}

int skl_out(struct skl_run *r, const struct skl_block *in, size_t n, struct skl_block *out)
{
  *out = (struct skl_block){ .rows = in->rows, .n = n };
  out->col = n > SKL_BLOCK_MAX / sizeof *out->col ? NULL : sl_arena_alloc(r->mem, (n + 1) * sizeof *out->col);
  return out->col ? SL_OK : skl_nomem(r);
}

enum skl_type skl_joint(const struct skl_block *b)
{
  bool single = b->n != 0, whole = b->n != 0;
  for (size_t i = 0; i < b->n; i++) {
    if (b->col[i].type == SKL_TEXT)
      return SKL_TEXT;
    single = single && b->col[i].type == SKL_F32;
    whole = whole && (b->col[i].type == SKL_I64 || b->col[i].type == SKL_BOOL);
  }
  return single ? SKL_F32 : whole ? SKL_I64 : SKL_F64;
}

static const char *called(const struct skl_col *c) { return c->name ? c->name : "?"; }

static int check_values(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_finite takes)
{
  for (size_t i = 0; i < in->n; i++)
    for (size_t k = 0; k < in->rows; k++)
      if (isinf(in->col[i].v[k]) || (takes == SKL_FINITE && isnan(in->col[i].v[k])))
        return sl_err_set(r->err, SL_EPARSE, "row %zu of the data: column %s is %s, which %s does not take", r->row + k,
            called(&in->col[i]),
                          isnan(in->col[i].v[k]) ? "missing" : "infinite", e->cls);
  return SL_OK;
}

int skl_check(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_finite takes, enum skl_type *out)
{
  *out = skl_joint(in) == SKL_F32 ? SKL_F32 : SKL_F64;
  if (e->in != SIZE_MAX && in->n != e->in)
    return sl_err_set(r->err, SL_EPARSE, "%s takes %zu columns and is given %zu", e->cls, e->in, in->n);
  for (size_t i = 0; i < in->n; i++)
    if (in->col[i].type == SKL_TEXT)
      return sl_err_set(r->err, SL_EUSAGE, "column %s is text, and %s takes a number", called(&in->col[i]), e->cls);
  return takes == SKL_ANY ? SL_OK : check_values(e, r, in, takes);
}

int skl_transform(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  return e->ops->transform ? e->ops->transform(e, r, in, out) : sl_err_set(r->err, SL_EUNSUP, "%s transforms nothing", e->cls);
}

int skl_predict(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  return e->ops->predict(e, r, in, want, out);
}

size_t skl_width(const struct skl_est *e, enum skl_want want)
{
  return want == SKL_VALUE ? e->values : want == SKL_RAW ? e->raw : want == SKL_PROBA ? e->proba : want == SKL_LEAF ? e->leaves : e->points;
}

bool skl_text_missing(const struct skl_col *c, size_t r) { return !c->fill.p && !sl_column_has(c->text, c->from + r); }

struct sl_str skl_text(const struct skl_col *c, size_t r)
{
  return sl_column_has(c->text, c->from + r) ? sl_column_text(c->text, c->from + r) : c->fill;
}

/* ---- the model's outputs ---- */

static enum skl_want want_of(enum sl_model_output what)
{
  return what == SL_MODEL_RAW ? SKL_RAW : what == SL_MODEL_PROBABILITY ? SKL_PROBA : what == SL_MODEL_LEAF ? SKL_LEAF
         : what == SL_MODEL_POINT ? SKL_POINT : SKL_VALUE;
}

static int shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  const struct skl_est *e = ((const struct skl *)m->own)->root;
  static const char *const no[] = { "no numbers", "no margins", "no probabilities", "no classes", "no leaves",
                                     "no clusters" };
  enum skl_want want = want_of(what);
  bool index = (want == SKL_VALUE && (e->classes || e->clusters)) || want == SKL_LEAF;
  *out = (struct sl_model_shape){ index ? SL_COLUMN_I64 : e->single ? SL_COLUMN_F32 : SL_COLUMN_F64, skl_width(e, want) };
  bool has = out->width && (what != SL_MODEL_CLASS || e->classes || e->clusters);
  return has ? SL_OK : sl_err_set(err, SL_EUSAGE, "the model has %s (%s)", no[what], e->cls);
}

static enum skl_type type_of(const struct sl_column *c)
{
  switch (c->type) {
  case SL_COLUMN_F32: return SKL_F32;
  case SL_COLUMN_I64: return c->nulls ? SKL_F64 : SKL_I64;
  case SL_COLUMN_BOOL: return c->nulls ? SKL_F64 : SKL_BOOL;
  case SL_COLUMN_F64: return SKL_F64;
  default: return SKL_TEXT;
  }
}

static int take_column(struct skl_run *r, const struct sl_column *c, const char *name, size_t from, size_t n, struct skl_col *to)
{
  *to = (struct skl_col){ .type = type_of(c), .name = name ? name : c->name };
  if (to->type == SKL_TEXT) {
    to->text = c;
    to->from = from;
    return SL_OK;
  }
  double *v = skl_room(r, n);
  for (size_t k = 0; v && k < n; k++)
    v[k] = sl_column_f64(c, from + k);
  to->v = v;
  return v ? SL_OK : skl_nomem(r);
}

static int block(const struct sl_model_bind *b, struct skl_run *r, struct skl_block *in, enum skl_want want, double **out)
{
  const struct skl *s = b->m->own;
  size_t rows = in->rows;
  int rc = skl_out(r, in, b->m->features, in);
  in->rows = rows;
  for (size_t i = 0; !rc && i < in->n; i++)
    rc = take_column(r, b->col[i], sl_model_feature(b->m, i), r->row, rows, &in->col[i]);
  if (!rc && !(*out = skl_room(r, rows * skl_width(s->root, want))))
    rc = skl_nomem(r);
  return rc ? rc : skl_predict(s->root, r, in, want, *out);
}

static void put(const double *v, size_t n, enum sl_column_type type, void *out, size_t at)
{
  for (size_t i = 0; i < n; i++)
    if (type == SL_COLUMN_I64)
      ((int64_t *)out)[at + i] = (int64_t)v[i];
    else if (type == SL_COLUMN_F32)
      ((float *)out)[at + i] = (float)v[i];
    else
      ((double *)out)[at + i] = v[i];
}

/* So many rows at once; fewer where many would take too much memory. */
static int some_rows(const struct sl_model_bind *b, struct sl_arena *mem, enum skl_want want, size_t from, size_t n, double **out,
                     struct sl_err *err)
{
  struct skl_run r = { .mem = mem, .row = from, .rows = n, .err = err };
  struct skl_block in = { .rows = n };
  sl_arena_reset(mem);
  return block(b, &r, &in, want, out);
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape sh;
  struct sl_arena mem;
  int rc = shape(b->m, what, &sh, err);
  sl_arena_init(&mem, SKL_BLOCK_MAX);
  for (size_t at = 0, most = SKL_ROWS_MANY, k; !rc && at < n; at += k) {
    double *v = NULL;
    k = n - at < most ? n - at : most;
    rc = some_rows(b, &mem, want_of(what), from + at, k, &v, err);
    if (rc == SL_ELIMIT && k > SKL_ROWS) {
      if (err)
        *err = (struct sl_err){ 0 };
      k = most = SKL_ROWS;
      rc = some_rows(b, &mem, want_of(what), from + at, k, &v, err);
    }
    if (!rc)
      put(v, k * sh.width, sh.type, out, at * sh.width);
  }
  sl_arena_free(&mem);
  return rc;
}

static void forget(struct sl_model *m)
{
  struct skl *s = m->own;
  for (size_t i = 0; i < s->ninner; i++)
    sl_model_free(s->inner[i]);
  sl_free(s->inner);
  for (size_t i = 0; i < s->nengines; i++)
    tree_free(s->engines[i]);
  sl_free(s->engines);
  sl_arena_free(&s->mem);
  sl_free(s);
}

const struct model_ops skl_model_ops = { .shape = shape, .predict = predict, .free = forget };
