/* compute/model_bind.c: a model over columns: categories as the model's own codes, values laid out for whoever predicts, and what the
 * outputs are. */
#include <math.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "compute/model_int.h"

static const struct model_cats *cats_of(const struct sl_model *m, size_t i)
{
  return i < m->ncats && m->cats[i].known ? &m->cats[i] : NULL;
}

static const char *called(const struct sl_model_bind *b, size_t i)
{
  const char *name = sl_model_feature(b->m, i);
  return name ? name : b->col[i]->name ? b->col[i]->name : "";
}

static int check_type(const struct sl_model_bind *b, size_t i, struct sl_err *err)
{
  const struct sl_column *c = b->col[i];
  if (c->type == SL_COLUMN_TEXT)
    return sl_err_set(err, SL_EINTERNAL, "texts come as a dictionary");
  if (c->time)
    return sl_err_set(err, SL_EUSAGE, "column %s is a time, and the model takes a number", called(b, i));
  return SL_OK;
}

/* Texts for numbers and the reverse, as soon as there is one: a column without any value has only the type that its file happens to give
 * it. */
static int check_values(const struct sl_model_bind *b, size_t i, struct sl_err *err)
{
  const struct sl_column *c = b->col[i];
  const struct model_cats *cats = cats_of(b->m, i);
  if (b->m->columns || c->nulls == c->n)
    return SL_OK;
  if (sl_column_numeric(c) && cats && !cats->numbers)
    return sl_err_set(err, SL_EUSAGE, "column %s is a number, and the model was trained on its texts", called(b, i));
  if (!sl_column_numeric(c) && !cats)
    return sl_err_set(err, SL_EUSAGE, sl_model_categorical(b->m, i)
                                        ? "column %s is text, and the model does not tell which category has which number"
                                        : "column %s is text, and the model takes a number", called(b, i));
  return SL_OK;
}

int sl_model_bind(struct sl_model_bind **out, const struct sl_model *m, const struct sl_column *const *col, struct sl_err *err)
{
  struct sl_model_bind *b = *out = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  b->m = m;
  b->col = sl_calloc(m->features + 1, sizeof *b->col);
  b->recode = sl_calloc(m->features + 1, sizeof *b->recode);
  int rc = b->col && b->recode ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < m->features; i++) {
    b->col[i] = col[i];
    rc = check_type(b, i, err);
  }
  if (!rc)
    rc = model_other_bind(b, err);
  if (rc) {
    sl_model_bind_free(b);
    *out = NULL;
  }
  return rc;
}

void sl_model_bind_free(struct sl_model_bind *b)
{
  if (!b)
    return;
  for (size_t i = 0; b->recode && i < b->m->features; i++)
    sl_free(b->recode[i].to);
  sl_free(b->recode);
  sl_free(b->col);
  sl_free(b);
}

/* Newer XGBoost refuses what it has not been trained on; LightGBM takes it as missing. */
static int add_code(struct sl_model_bind *b, size_t i, struct sl_str text, struct sl_err *err)
{
  struct recode *r = &b->recode[i];
  size_t index;
  bool known = sl_map_find(&cats_of(b->m, i)->map, text, &index);
  if (!known && b->m->strict)
    return sl_err_set(err, SL_EPARSE, "column %s: the model has not seen the category \"%.*s\"", called(b, i), SL_ARG(text));
  int rc = sl_grow((void **)&r->to, &r->cap, r->n + 1, sizeof *r->to, SL_COLUMN_DICT_MAX, err);
  if (!rc)
    r->to[r->n++] = known ? (int32_t)index : MODEL_CODE_NONE;
  return rc;
}

int sl_model_bind_rows(struct sl_model_bind *b, struct sl_err *err)
{
  int rc = SL_OK;
  model_other_rows(b);
  for (size_t i = 0; !rc && !b->m->columns && i < b->m->features; i++) {
    rc = check_values(b, i, err);
    while (!rc && b->col[i]->type == SL_COLUMN_DICT && b->recode[i].n < sl_column_dict_count(b->col[i]))
      rc = add_code(b, i, sl_column_dict_text(b->col[i], (int32_t)b->recode[i].n), err);
  }
  return rc;
}

void sl_model_bind_forget(struct sl_model_bind *b)
{
  for (size_t i = 0; i < b->m->features; i++)
    if (b->recode[i].n > sl_column_dict_count(b->col[i]))
      b->recode[i].n = 0;
}

/* Numbers that are categories by value, not by code. */
static double code_of_number(const struct model_cats *cats, double v)
{
  struct sl_buf b;
  size_t index;
  sl_buf_init(&b, 64);
  sl_fmt_f64(&b, v);
  bool known = sl_map_find(&cats->map, sl_buf_view(&b), &index);
  sl_buf_free(&b);
  return known ? (double)index : NAN;
}

static double feature(const struct sl_model_bind *b, size_t i, size_t row)
{
  const struct sl_column *c = b->col[i];
  if (!sl_column_has(c, row))
    return NAN;
  if (c->type == SL_COLUMN_DICT) {
    int32_t code = b->recode[i].to[c->v.code[row]];
    return code == MODEL_CODE_NONE ? NAN : (double)code;
  }
  const struct model_cats *cats = cats_of(b->m, i);
  double v = sl_column_f64(c, row);
  return cats && !isnan(v) ? code_of_number(cats, v) : v;
}

/* Numbers, which are nearly all there is, in whole runs by type; then the holes in them. */
#define RUN(value) \
  for (size_t r = 0; r < n; r++) \
    out[r * stride] = (value)
#define HOLES \
  for (size_t r = 0; c->valid && r < n; r++) \
    out[r * stride] = sl_column_has(c, from + r) ? out[r * stride] : NAN

void model_values_f64(const struct sl_model_bind *b, size_t i, size_t from, size_t n, double *out, size_t stride)
{
  const struct sl_column *c = b->col[i];
  switch (cats_of(b->m, i) ? SL_COLUMN_DICT : c->type) {
  case SL_COLUMN_F32: RUN((double)c->v.f32[from + r]); break;
  case SL_COLUMN_F64: RUN(c->v.f64[from + r]); break;
  case SL_COLUMN_I64: RUN((double)c->v.i64[from + r]); break;
  case SL_COLUMN_BOOL: RUN((double)c->v.b[from + r]); break;
  default: RUN(feature(b, i, from + r)); return;
  }
  HOLES;
}

/* By way of a double, as the library's own rows come: an integer is rounded twice. */
void model_values_f32(const struct sl_model_bind *b, size_t i, size_t from, size_t n, float *out, size_t stride)
{
  const struct sl_column *c = b->col[i];
  if (c->type == SL_COLUMN_F32 && stride == 1 && !c->valid && !cats_of(b->m, i)) {
    memcpy(out, c->v.f32 + from, n * sizeof *out);
    return;
  }
  switch (cats_of(b->m, i) ? SL_COLUMN_DICT : c->type) {
  case SL_COLUMN_F32: RUN(c->v.f32[from + r]); break;
  case SL_COLUMN_F64: RUN((float)c->v.f64[from + r]); break;
  case SL_COLUMN_I64: RUN((float)(double)c->v.i64[from + r]); break;
  case SL_COLUMN_BOOL: RUN((float)c->v.b[from + r]); break;
  default: RUN((float)feature(b, i, from + r)); return;
  }
  HOLES;
}

/* ---- outputs ---- */

bool model_multi(const struct sl_model *m) { return m->classes > 2 || (m->classes && m->groups > 1); }

/* What predict() stands for. */
static enum sl_model_output resolved(const struct sl_model *m, enum sl_model_output what)
{
  bool classes = m->wrapper == SL_MODEL_CLASSIFIER && (m->classes || m->labels);
  return what == SL_MODEL_PREDICT && classes ? SL_MODEL_CLASS : what;
}

int model_shape(const struct sl_model *m, enum sl_column_type own, bool probability, enum sl_model_output what,
                struct sl_model_shape *out, struct sl_err *err)
{
  *out = (struct sl_model_shape){ own, m->groups };
  switch (what) {
  case SL_MODEL_PREDICT:
  case SL_MODEL_RAW: return SL_OK;
  case SL_MODEL_PROBABILITY:
    return probability ? SL_OK : sl_err_set(err, SL_EUSAGE, "the model gives no probabilities (%s)", m->objective);
  case SL_MODEL_CLASS:
    *out = (struct sl_model_shape){ SL_COLUMN_I64, m->labels ? m->groups : 1 };
    return m->classes || m->labels ? SL_OK : sl_err_set(err, SL_EUSAGE, "the model tells no classes apart (%s)", m->objective);
  default:
    *out = (struct sl_model_shape){ SL_COLUMN_I64, m->trees };
    return SL_OK;
  }
}

int sl_model_shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  if (what == SL_MODEL_POINT && !m->clusters)
    return sl_err_set(err, SL_EUSAGE, "the model has no clusters (%s)", m->objective);
  return m->ops->shape(m, resolved(m, what), out, err);
}

int sl_model_predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape shape;
  int rc = sl_model_shape(b->m, what, &shape, err);
  return rc ? rc : b->m->ops->predict(b, resolved(b->m, what), from, n, out, err);
}

size_t model_best_f32(const float *p, size_t n)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = p[i] > p[best] ? i : best;
  return best;
}

static size_t best_f64(const double *p, size_t n)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = p[i] > p[best] ? i : best;
  return best;
}

void model_class_f32(const struct sl_model *m, const float *p, float cut, int64_t *out)
{
  for (size_t k = 0; m->labels && k < m->groups; k++)
    out[k] = p[k] > cut;
  if (!m->labels)
    *out = model_multi(m) ? (int64_t)model_best_f32(p, m->groups) : p[0] > cut;
}

void model_class_f64(const struct sl_model *m, const double *p, double cut, int64_t *out)
{
  for (size_t k = 0; m->labels && k < m->groups; k++)
    out[k] = p[k] > cut;
  if (!m->labels)
    *out = model_multi(m) ? (int64_t)best_f64(p, m->groups) : p[0] > cut;
}
