/* compute/lgb_predict.c: what a LightGBM model gives: values as double, missing as NaN; sums by the engine (or by walking, where there is
 * none); and what the objective makes of them. */
#include <math.h>

#include "base/mem.h"
#include "compute/model_int.h"

enum { CELLS_MAX = 1 << 20 };

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

static void values(const void *user, size_t feature, size_t from, size_t n, void *out)
{
  model_values_f64(user, feature, from, n, out, 1);
  drop(out, n);
}

/* Rows in a call: enough for the engine to be worth its setting up; the walkers take fewer, laid out row by row. */
static size_t rows_at_once(const struct sl_model *m, bool walked)
{
  size_t n = walked ? MODEL_BLOCK : TREE_CHUNK;
  while (n > MODEL_BLOCK && n * m->groups > CELLS_MAX)
    n /= 2;
  return n;
}

struct scratch { bool walked; double *rows, *sums; };

static int block(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, const struct scratch *s, void *out,
                 struct sl_err *err)
{
  const struct sl_model *m = b->m;
  int rc = SL_OK;
  for (size_t i = 0; s->walked && i < m->features; i++)
    model_values_f64(b, i, from, n, s->rows + i, m->features);
  if (s->walked)
    drop(s->rows, n * m->features);
  if (what == SL_MODEL_LEAF) {
    lgb_leaves(m, s->rows, n, out);
    return SL_OK;
  }
  if (s->walked) {
    lgb_margins(m, s->rows, n, s->sums);
  } else {
    memset(s->sums, 0, n * m->groups * sizeof *s->sums);
    rc = tree_sum(m->lgb->engine, &(struct tree_rows){ values, b }, from, n, s->sums, err);
  }
  if (!rc && what != SL_MODEL_RAW) {
    lgb_average(m, s->sums, n);
    lgb_transform(m, s->sums, n);
  }
  for (size_t r = 0; !rc && r < n && what == SL_MODEL_CLASS; r++)
    model_class_f64(m, s->sums + r * m->groups, 0.5, (int64_t *)out + r);
  if (!rc && what != SL_MODEL_CLASS)
    memcpy(out, s->sums, n * m->groups * sizeof *s->sums);
  return rc;
}

static int predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  struct sl_model_shape to;
  const struct sl_model *m = b->m;
  struct scratch s = { .walked = !m->lgb->engine || what == SL_MODEL_LEAF };
  int rc = shape(m, what, &to, err);
  size_t most = rows_at_once(m, s.walked);
  most = n < most ? n : most;
  s.rows = sl_alloc_aligned(SL_COLUMN_ALIGN, s.walked ? most * (m->features + 1) * sizeof *s.rows : 1);
  s.sums = sl_alloc_aligned(SL_COLUMN_ALIGN, (most * m->groups + 1) * sizeof *s.sums);
  if (!rc && (!s.rows || !s.sums))
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += most)
    rc = block(b, what, from + at, n - at < most ? n - at : most, &s, (char *)out + at * to.width * sizeof(double), err);
  sl_free(s.rows);
  sl_free(s.sums);
  return rc;
}

static void free_model(struct sl_model *m) { lgb_free(m->lgb); }

const struct model_ops lgb_ops = { .shape = shape, .predict = predict, .free = free_model };
