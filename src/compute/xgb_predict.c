/* compute/xgb_predict.c: what an XGBoost model gives: values as float32, missing as NaN, which is what the library itself makes of a data
 * frame; margins by the engine (or by walking, where there is none); and what the objective makes of them. */
#include "base/mem.h"
#include "compute/model_int.h"

enum { CELLS_MAX = 1 << 20 };

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

static void values(const void *user, size_t feature, size_t from, size_t n, void *out)
{
  model_values_f32(user, feature, from, n, out, 1);
}

/* Rows in a call: enough for the engine to be worth its setting up; the walkers take fewer, laid out row by row. */
static size_t rows_at_once(const struct sl_model *m, bool walked)
{
  size_t n = walked ? MODEL_BLOCK : TREE_CHUNK;
  while (n > MODEL_BLOCK && n * m->groups > CELLS_MAX)
    n /= 2;
  return n;
}

struct scratch { bool walked; float *rows, *sums; };

static int block(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, const struct scratch *s, void *out,
                 struct sl_err *err)
{
  const struct sl_model *m = b->m;
  int rc = SL_OK;
  for (size_t i = 0; s->walked && i < m->features; i++)
    model_values_f32(b, i, from, n, s->rows + i, m->features);
  if (what == SL_MODEL_LEAF) {
    xgb_leaves(m, s->rows, n, out);
    return SL_OK;
  }
  if (s->walked) {
    xgb_margins(m, s->rows, n, s->sums);
  } else {
    xgb_base(m, n, s->sums);
    rc = tree_sum(m->xgb->engine, &(struct tree_rows){ values, b }, from, n, s->sums, err);
  }
  if (!rc && what != SL_MODEL_RAW)
    xgb_transform(m, s->sums, n);
  if (!rc)
    put(m, what, s->sums, n, out);
  return rc;
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape to;
  const struct sl_model *m = b->m;
  struct scratch s = { .walked = !m->xgb->engine || what == SL_MODEL_LEAF };
  int rc = shape(m, what, &to, err);
  size_t wide = to.width * (to.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(int64_t)), most = rows_at_once(m, s.walked);
  most = n < most ? n : most;
  s.rows = sl_alloc_aligned(SL_COLUMN_ALIGN, s.walked ? most * (m->features + 1) * sizeof *s.rows : 1);
  s.sums = sl_alloc_aligned(SL_COLUMN_ALIGN, (most * m->groups + 1) * sizeof *s.sums);
  if (!rc && (!s.rows || !s.sums))
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += most)
    rc = block(b, what, from + at, n - at < most ? n - at : most, &s, (char *)out + at * wide, err);
  sl_free(s.rows);
  sl_free(s.sums);
  return rc;
}

static void free_model(struct sl_model *m) { xgb_free(m->xgb); }

const struct model_ops xgb_ops = { .shape = shape, .predict = predict, .free = free_model };
