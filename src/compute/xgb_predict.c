/* compute/xgb_predict.c: what an XGBoost model gives: values as float32, missing as NaN, which is what the library itself makes of a data
 * frame; margins by the engine (or by walking, where there is none); and what the objective makes of them. */
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
  /* The wrapper cuts whatever the objective gives at a half, also margins. */
  float cut = m->xgb->objective == XGB_LOGITRAW && m->wrapper != SL_MODEL_CLASSIFIER ? 0 : 0.5f;
  size_t groups = m->groups;
  for (size_t r = 0; r < n && what == SL_MODEL_CLASS; r++)
    model_class_f32(m, sums + r * groups, cut, (int64_t *)out + r * (m->labels ? groups : 1));
  bool index = what == SL_MODEL_PREDICT && m->xgb->objective == XGB_SOFTMAX;
  for (size_t r = 0; r < n && index; r++)
    ((float *)out)[r] = (float)model_best_f32(sums + r * groups, groups);
  if (what != SL_MODEL_CLASS && !index)
    memcpy(out, sums, n * groups * sizeof *sums);
}

static void lay(const struct sl_model_bind *b, size_t i, size_t from, size_t n, void *out, size_t stride)
{
  model_values_f32(b, i, from, n, out, stride);
}

static void values(const void *user, size_t feature, size_t from, size_t n, void *out) { lay(user, feature, from, n, out, 1); }
static void leaves(const struct sl_model *m, const void *rows, size_t n, int64_t *out) { xgb_leaves(m, rows, n, out); }
static void margins(const struct sl_model *m, const void *rows, size_t n, void *sums) { xgb_margins(m, rows, n, sums); }
static void base(const struct sl_model *m, size_t n, void *sums) { xgb_base(m, n, sums); }

static void finish(const struct sl_model *m, enum sl_model_output what, void *sums, size_t n, void *out)
{
  if (what != SL_MODEL_RAW)
    xgb_transform(m, sums, n);
  put(m, what, sums, n, out);
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  static const struct tree_model kind = { .size = sizeof(float), .lay = lay, .values = values, .leaves = leaves, .margins = margins,
                                          .base = base, .finish = finish };
  return tree_predict(&kind, b->m->xgb->engine, b, what, from, n, out, err);
}

static void free_model(struct sl_model *m) { xgb_free(m->xgb); }

const struct model_ops xgb_ops = { .shape = shape, .predict = predict, .free = free_model };
