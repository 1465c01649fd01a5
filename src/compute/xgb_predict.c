/* compute/xgb_predict.c: what an XGBoost model gives: rows laid out block by block as float32, missing as NaN, which is what the library
 * itself makes of a data frame; then margins, and what the objective makes of them. */
#include "base/mem.h"
#include "compute/model_int.h"

static bool probability(const struct xgb *x)
{
  return x->objective == XGB_LOGISTIC || x->objective == XGB_SOFTMAX || x->objective == XGB_SOFTPROB;
}

static int shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  int rc = model_shape(m, SL_COLUMN_F32, probability(m->xgb), what, out, err);
  if (what == SL_MODEL_PREDICT && m->xgb->objective == XGB_SOFTMAX)
    out->width = 1;
  return !rc && what == SL_MODEL_LEAF && m->xgb->linear ? sl_err_set(err, SL_EUSAGE, "a linear model has no leaves") : rc;
}

static void put(const struct sl_model *m, enum sl_model_output what, const float *sums, size_t n, void *out)
{
  float cut = m->xgb->objective == XGB_LOGITRAW ? 0 : 0.5f;
  size_t groups = m->groups;
  for (size_t r = 0; r < n && what == SL_MODEL_CLASS; r++)
    model_class_f32(m, sums + r * groups, cut, (int64_t *)out + r * (m->labels ? groups : 1));
  bool index = what == SL_MODEL_PREDICT && m->xgb->objective == XGB_SOFTMAX;
  for (size_t r = 0; r < n && index; r++)
    ((float *)out)[r] = (float)model_best_f32(sums + r * groups, groups);
  if (what != SL_MODEL_CLASS && !index)
    memcpy(out, sums, n * groups * sizeof *sums);
}

static void block(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, float *rows, float *sums, void *out)
{
  const struct sl_model *m = b->m;
  for (size_t i = 0; i < m->features; i++)
    model_values_f32(b, i, from, n, rows + i, m->features);
  if (what == SL_MODEL_LEAF) {
    xgb_leaves(m, rows, n, out);
    return;
  }
  xgb_margins(m, rows, n, sums);
  if (what != SL_MODEL_RAW)
    xgb_transform(m, sums, n);
  put(m, what, sums, n, out);
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape s;
  int rc = shape(b->m, what, &s, err);
  float *rows = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * (b->m->features + 1) * sizeof *rows);
  float *sums = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * b->m->groups * sizeof *sums);
  size_t wide = s.width * (s.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(int64_t));
  if (!rc && (!rows || !sums))
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += MODEL_BLOCK)
    block(b, what, from + at, n - at < MODEL_BLOCK ? n - at : MODEL_BLOCK, rows, sums, (char *)out + at * wide);
  sl_free(rows);
  sl_free(sums);
  return rc;
}

static void free_model(struct sl_model *m) { xgb_free(m->xgb); }

const struct model_ops xgb_ops = { .shape = shape, .predict = predict, .free = free_model };
