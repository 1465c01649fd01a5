/* compute/lgb_predict.c: what a LightGBM model gives: values as double, missing as NaN; sums by the engine (or by walking, where there is
 * none); and what the objective makes of them. */
#include <math.h>

#include "compute/model_int.h"

static int shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  return model_shape(m, SL_COLUMN_F64, m->classes > 0, what, out, err);
}

/* What is nearer to 0 the library drops when it reads rows. */
static void lay(const struct sl_model_bind *b, size_t i, size_t from, size_t n, void *out, size_t stride)
{
  double *v = out;
  model_values_f64(b, i, from, n, v, stride);
  for (size_t r = 0; r < n; r++)
    v[r * stride] = fabs(v[r * stride]) <= (double)1e-35f ? 0 : v[r * stride];
}

static void values(const void *user, size_t feature, size_t from, size_t n, void *out) { lay(user, feature, from, n, out, 1); }
static void leaves(const struct sl_model *m, const void *rows, size_t n, int64_t *out) { lgb_leaves(m, rows, n, out); }
static void margins(const struct sl_model *m, const void *rows, size_t n, void *sums) { lgb_margins(m, rows, n, sums); }
static void base(const struct sl_model *m, size_t n, void *sums) { memset(sums, 0, n * m->groups * sizeof(double)); }

static void finish(const struct sl_model *m, enum sl_model_output what, void *sums, size_t n, void *out)
{
  const double *v = sums;
  if (what != SL_MODEL_RAW) {
    lgb_average(m, sums, n);
    lgb_transform(m, sums, n);
  }
  for (size_t r = 0; r < n && what == SL_MODEL_CLASS; r++)
    model_class_f64(m, v + r * m->groups, 0.5, (int64_t *)out + r);
  if (what != SL_MODEL_CLASS)
    memcpy(out, v, n * m->groups * sizeof *v);
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  static const struct tree_model kind = { .size = sizeof(double), .lay = lay, .values = values, .leaves = leaves, .margins = margins,
                                          .base = base, .finish = finish };
  return tree_predict(&kind, b->m->lgb->engine, b, what, from, n, out, err);
}

static void free_model(struct sl_model *m) { lgb_free(m->lgb); }

const struct model_ops lgb_ops = { .shape = shape, .predict = predict, .free = free_model };
