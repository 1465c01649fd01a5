/* compute/model.c: loading by content, features by name, and predictions block by block.
 *
 * Rows are laid out for the walkers a block at a time: as float32 for XGBoost, as double for LightGBM, missing as NaN: what the library
 * itself makes of a data frame. */
#include "compute/model.h"

#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "compute/model_int.h"

int model_bad(struct sl_err *err, const struct sl_model *m, size_t at, const char *fmt, ...)
{
  char why[160];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(why, sizeof why, fmt, ap);
  va_end(ap);
  if (err && err->code) /* the first one stands */
    return err->code;
  return sl_err_set(err, SL_EPARSE, "%s: byte %zu: %s", m->file, at, why);
}

int model_add_name(struct sl_model *m, struct sl_str name, struct sl_err *err)
{
  int rc = sl_grow((void **)&m->names, &m->names_cap, m->nnames + 1, sizeof *m->names, MODEL_FEATURES_MAX, err);
  char *copy = rc ? NULL : sl_strndup(name.p, name.n);
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  if (!rc)
    m->names[m->nnames++] = copy;
  return rc;
}

int model_add_category(struct model_cats *c, struct sl_str text, struct sl_err *err)
{
  if (sl_map_count(&c->map) >= SL_COLUMN_DICT_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d categories of one feature", SL_COLUMN_DICT_MAX);
  if (sl_map_get(&c->map, text, NULL))
    return sl_err_set(err, SL_EPARSE, "the same category twice");
  return sl_map_put(&c->map, text, sl_map_count(&c->map), NULL, err);
}

/* ---- loading ---- */

static bool begins(struct sl_str s, const char *z) { return sl_str_starts(s, sl_str(z)); }

static bool is_xgb_json(struct sl_str s)
{
  size_t i = 1;
  if (!s.n || s.p[0] != '{')
    return false;
  while (i < s.n && strchr(" \n\r\t", s.p[i]) && s.p[i])
    i++;
  return i < s.n && s.p[i] == '"';
}

const char *sl_model_sniff(struct sl_str s, bool *readable)
{
  *readable = true;
  if (begins(s, "{L") || begins(s, "{i") || begins(s, "{U") || begins(s, "{l"))
    return "xgboost ubj";
  if (is_xgb_json(s))
    return "xgboost json";
  if (begins(s, "tree\n") || begins(s, "tree\r\n"))
    return "lightgbm text";
  *readable = false;
  if (s.n > 1 && (unsigned char)s.p[0] == 0x80 && s.p[1] >= 2 && s.p[1] <= 5)
    return "a pickle: that is code, and only Python may run it; log the model in its library's own format";
  if (begins(s, "binf"))
    return "XGBoost's old binary format; save the model again as UBJ";
  if (begins(s, "CONFIG-offset:"))
    return "a snapshot of an old XGBoost; save the model again as UBJ";
  if (begins(s, "PK\003\004"))
    return "a zip archive (skops, PyTorch): its models are not read yet";
  if (begins(s, "\037\213"))
    return "a gzip archive; unpack it first";
  if (begins(s, "\010"))
    return "an ONNX model: not read yet";
  return s.n ? "no model that is known here" : "an empty file";
}

int sl_model_load(struct sl_model **out, struct sl_str bytes, const char *file, enum sl_model_wrapper wrapper, struct sl_err *err)
{
  struct sl_err own = { 0 };
  bool readable;
  const char *kind = sl_model_sniff(bytes, &readable);
  *out = NULL;
  if (!readable)
    return sl_err_set(err, SL_EUNSUP, "%s is %s", file, kind);
  struct sl_model *m = sl_calloc(1, sizeof *m);
  if (!m || !(m->file = sl_strdup(file))) {
    sl_free(m);
    return sl_err_nomem(err);
  }
  m->wrapper = wrapper;
  int rc = !strcmp(kind, "xgboost ubj") ? xgb_ubj_read(m, bytes, &own) : !strcmp(kind, "xgboost json") ? xgb_json_read(m, bytes, &own)
                                                                                                         : lgb_read(m, bytes, &own);
  if (rc) {
    if (err)
      *err = own;
    sl_model_free(m);
    return rc;
  }
  *out = m;
  return SL_OK;
}

void sl_model_free(struct sl_model *m)
{
  if (!m)
    return;
  for (size_t i = 0; i < m->nnames; i++)
    sl_free(m->names[i]);
  for (size_t i = 0; i < m->ncats; i++)
    sl_map_free(&m->cats[i].map);
  xgb_free(m->xgb);
  lgb_free(m->lgb);
  sl_free(m->names);
  sl_free(m->categorical);
  sl_free(m->cats);
  sl_free(m->objective);
  sl_free(m->file);
  sl_free(m);
}

struct sl_model_facts sl_model_facts(const struct sl_model *m)
{
  struct sl_model_facts f = { .engine = m->engine, .objective = m->objective, .booster = m->booster, .features = m->features,
                              .groups = m->groups, .classes = m->classes, .trees = m->xgb ? m->xgb->used : m->lgb->ntrees };
  memcpy(f.version, m->version, sizeof f.version);
  return f;
}

const char *sl_model_feature(const struct sl_model *m, size_t i) { return i < m->nnames ? m->names[i] : NULL; }
bool sl_model_categorical(const struct sl_model *m, size_t i) { return i < m->ncategorical && m->categorical[i]; }

/* ---- which column is which feature ---- */

/* LightGBM has no blanks in names: it makes underlines of them. */
static bool same_name(const struct sl_model *m, const char *feature, const char *column)
{
  for (; *feature && *column; feature++, column++)
    if (*feature != *column && !(m->lgb && *feature == '_' && *column == ' '))
      return false;
  return *feature == *column;
}

static int by_name(const struct sl_model *m, const char *feature, const char *const *names, size_t n, size_t *of, struct sl_err *err)
{
  size_t found = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    if (!same_name(m, feature, names[i]))
      continue;
    if (found != SIZE_MAX)
      return sl_err_set(err, SL_EUSAGE, "the data has two columns %s", feature);
    found = i;
  }
  if (found == SIZE_MAX) {
    const char *near = sl_str_nearest(sl_str(feature), names, n);
    return sl_err_set(err, SL_ENOENT, "the data has no column %s, which the model takes%s%s%s", feature, near ? " (is it " : "",
                      near ? near : "", near ? "?)" : "");
  }
  *of = found;
  return SL_OK;
}

int sl_model_match(const struct sl_model *m, const char *const *names, size_t n, const char *const *signature, size_t nsignature,
                   size_t skip, size_t *of, struct sl_err *err)
{
  const char *const *want = m->nnames ? (const char *const *)m->names : nsignature == m->features ? signature : NULL;
  size_t have = n - (skip < n), at = 0;
  int rc = SL_OK;
  for (size_t i = 0; !rc && want && i < m->features; i++) {
    rc = by_name(m, want[i], names, n, &of[i], err);
    if (!rc && of[i] == skip)
      rc = sl_err_set(err, SL_EUSAGE, "%s is the label, and the model takes it as a feature", names[skip]);
  }
  if (want || rc)
    return rc;
  if (have != m->features)
    return sl_err_set(err, SL_EUSAGE, "the model has no names of its features, so columns go by position: it takes %zu, the data has %zu",
                      m->features, have);
  for (size_t i = 0; i < n; i++)
    if (i != skip)
      of[at++] = i;
  return SL_OK;
}

/* ---- binding ---- */

struct recode { int32_t *to; size_t n, cap; };          /* code of the column -> of the model; MODEL_CODE_NONE: missing */
struct sl_model_bind {
  const struct sl_model *m;
  const struct sl_column **col;
  struct recode *recode;       /* a feature each */
};

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
  const struct model_cats *cats = cats_of(b->m, i);
  if (c->time)
    return sl_err_set(err, SL_EUSAGE, "column %s is a time, and the model takes a number", called(b, i));
  if (sl_column_numeric(c) && cats && !cats->numbers)
    return sl_err_set(err, SL_EUSAGE, "column %s is a number, and the model was trained on its texts", called(b, i));
  if (!sl_column_numeric(c) && !cats)
    return sl_err_set(err, SL_EUSAGE, sl_model_categorical(b->m, i)
                                        ? "column %s is text, and the model does not tell which category has which number"
                                        : "column %s is text, and the model takes a number", called(b, i));
  if (c->type == SL_COLUMN_TEXT)
    return sl_err_set(err, SL_EINTERNAL, "texts come as a dictionary");
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
  if (!known && b->m->xgb)
    return sl_err_set(err, SL_EPARSE, "column %s: the model has not seen the category \"%.*s\"", called(b, i), SL_ARG(text));
  int rc = sl_grow((void **)&r->to, &r->cap, r->n + 1, sizeof *r->to, SL_COLUMN_DICT_MAX, err);
  if (!rc)
    r->to[r->n++] = known ? (int32_t)index : MODEL_CODE_NONE;
  return rc;
}

int sl_model_bind_rows(struct sl_model_bind *b, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < b->m->features; i++)
    while (!rc && b->col[i]->type == SL_COLUMN_DICT && b->recode[i].n < sl_column_dict_count(b->col[i]))
      rc = add_code(b, i, sl_column_dict_text(b->col[i], (int32_t)b->recode[i].n), err);
  return rc;
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

/* ---- outputs ---- */

static bool multi(const struct sl_model *m) { return m->classes > 2 || (m->classes && m->groups > 1); }
static bool has_probability(const struct sl_model *m)
{
  if (m->xgb)
    return m->xgb->objective == XGB_LOGISTIC || m->xgb->objective == XGB_SOFTMAX || m->xgb->objective == XGB_SOFTPROB;
  return m->classes > 0;
}

/* What predict() stands for. */
static enum sl_model_output resolved(const struct sl_model *m, enum sl_model_output what)
{
  bool classes = m->wrapper == SL_MODEL_CLASSIFIER && (m->classes || m->labels);
  return what == SL_MODEL_PREDICT && classes ? SL_MODEL_CLASS : what;
}

int sl_model_shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  enum sl_column_type own = m->xgb ? SL_COLUMN_F32 : SL_COLUMN_F64;
  *out = (struct sl_model_shape){ own, m->groups };
  switch (resolved(m, what)) {
  case SL_MODEL_PREDICT:
    if (m->xgb && m->xgb->objective == XGB_SOFTMAX)
      out->width = 1;
    return SL_OK;
  case SL_MODEL_RAW: return SL_OK;
  case SL_MODEL_PROBABILITY:
    return has_probability(m) ? SL_OK : sl_err_set(err, SL_EUSAGE, "the model gives no probabilities (%s)", m->objective);
  case SL_MODEL_CLASS:
    *out = (struct sl_model_shape){ SL_COLUMN_I64, m->labels ? m->groups : 1 };
    return m->classes || m->labels ? SL_OK : sl_err_set(err, SL_EUSAGE, "the model tells no classes apart (%s)", m->objective);
  default:
    *out = (struct sl_model_shape){ SL_COLUMN_I64, m->xgb ? m->xgb->used : m->lgb->ntrees };
    return m->xgb && m->xgb->linear ? sl_err_set(err, SL_EUSAGE, "a linear model has no leaves") : SL_OK;
  }
}

static int64_t best_f32(const float *p, size_t n)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = p[i] > p[best] ? i : best;
  return (int64_t)best;
}

static int64_t best_f64(const double *p, size_t n)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = p[i] > p[best] ? i : best;
  return (int64_t)best;
}

static void put_class(const struct sl_model *m, const float *p, float cut, int64_t *out, size_t row)
{
  for (size_t k = 0; m->labels && k < m->groups; k++)
    out[row * m->groups + k] = p[k] > cut;
  if (!m->labels)
    out[row] = multi(m) ? best_f32(p, m->groups) : p[0] > cut;
}

static void block_xgb(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, float *rows, float *sums, void *out)
{
  const struct sl_model *m = b->m;
  for (size_t i = 0; i < m->features; i++)
    for (size_t r = 0; r < n; r++)
      rows[r * m->features + i] = (float)feature(b, i, from + r);
  if (what == SL_MODEL_LEAF) {
    xgb_leaves(m, rows, n, out);
    return;
  }
  xgb_margins(m, rows, n, sums);
  if (what != SL_MODEL_RAW)
    xgb_transform(m, sums, n);
  float cut = m->xgb->objective == XGB_LOGITRAW ? 0 : 0.5f;
  bool index = what == SL_MODEL_PREDICT && m->xgb->objective == XGB_SOFTMAX;
  for (size_t r = 0; r < n; r++) {
    const float *p = sums + r * m->groups;
    if (what == SL_MODEL_CLASS)
      put_class(m, p, cut, out, r);
    else if (index)
      ((float *)out)[r] = (float)best_f32(p, m->groups);
    else
      memcpy((float *)out + r * m->groups, p, m->groups * sizeof *p);
  }
}

static void block_lgb(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, double *rows, double *sums,
                      void *out)
{
  const struct sl_model *m = b->m;
  const double zero = (double)1e-35f; /* what is nearer to 0 the library drops when it reads rows */
  for (size_t i = 0; i < m->features; i++)
    for (size_t r = 0; r < n; r++) {
      double v = feature(b, i, from + r);
      rows[r * m->features + i] = fabs(v) <= zero ? 0 : v;
    }
  if (what == SL_MODEL_LEAF) {
    lgb_leaves(m, rows, n, out);
    return;
  }
  lgb_margins(m, rows, n, sums);
  if (what != SL_MODEL_RAW) {
    lgb_average(m, sums, n);
    lgb_transform(m, sums, n);
  }
  for (size_t r = 0; r < n; r++) {
    const double *p = sums + r * m->groups;
    if (what == SL_MODEL_CLASS)
      ((int64_t *)out)[r] = multi(m) ? best_f64(p, m->groups) : p[0] > 0.5;
    else
      memcpy((double *)out + r * m->groups, p, m->groups * sizeof *p);
  }
}

int sl_model_predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape shape;
  size_t w = b->m->xgb ? sizeof(float) : sizeof(double);
  int rc = sl_model_shape(b->m, what, &shape, err);
  if (rc)
    return rc;
  what = resolved(b->m, what);
  void *rows = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * (b->m->features + 1) * w);
  void *sums = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * b->m->groups * w);
  size_t wide = shape.width * (shape.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double));
  if (!rows || !sums)
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += MODEL_BLOCK) {
    size_t k = n - at < MODEL_BLOCK ? n - at : MODEL_BLOCK;
    void *to = (char *)out + at * wide;
    if (b->m->xgb)
      block_xgb(b, what, from + at, k, rows, sums, to);
    else
      block_lgb(b, what, from + at, k, rows, sums, to);
  }
  sl_free(rows);
  sl_free(sums);
  return rc;
}
