/* compute/lgb_predict.c: what a LightGBM model gives: rows laid out block by block as double, missing as NaN; then sums, and what the
 * objective makes of them. */
#include <math.h>

#include "base/mem.h"
#include "compute/model_int.h"

static int shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  return model_shape(m, SL_COLUMN_F64, m->classes > 0, what, out, err);
}

/* What is nearer to 0 the library drops when it reads rows. */
static void drop(double *v, size_t n)
{
  for (size_t i = 0; i < n; i++)
    v[i] = fabs(v[i]) <= (double)1e-35f ? 0 : v[i];
}

static void block(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, double *rows, double *sums, void *out)
{
  const struct sl_model *m = b->m;
  for (size_t i = 0; i < m->features; i++)
    model_values_f64(b, i, from, n, rows + i, m->features);
  drop(rows, n * m->features);
  if (what == SL_MODEL_LEAF) {
    lgb_leaves(m, rows, n, out);
    return;
  }
  lgb_margins(m, rows, n, sums);
  if (what != SL_MODEL_RAW) {
    lgb_average(m, sums, n);
    lgb_transform(m, sums, n);
  }
  for (size_t r = 0; r < n && what == SL_MODEL_CLASS; r++)
    model_class_f64(m, sums + r * m->groups, 0.5, (int64_t *)out + r);
  if (what != SL_MODEL_CLASS)
    memcpy(out, sums, n * m->groups * sizeof *sums);
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape s;
  int rc = shape(b->m, what, &s, err);
  double *rows = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * (b->m->features + 1) * sizeof *rows);
  double *sums = sl_alloc_aligned(SL_COLUMN_ALIGN, MODEL_BLOCK * b->m->groups * sizeof *sums);
  if (!rc && (!rows || !sums))
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += MODEL_BLOCK)
    block(b, what, from + at, n - at < MODEL_BLOCK ? n - at : MODEL_BLOCK, rows, sums, (char *)out + at * s.width * sizeof(double));
  sl_free(rows);
  sl_free(sums);
  return rc;
}

static void free_model(struct sl_model *m) { lgb_free(m->lgb); }

const struct model_ops lgb_ops = { .shape = shape, .predict = predict, .free = free_model };
