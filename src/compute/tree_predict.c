/* compute/tree_predict.c: rows of a table through a model of trees: a chunk at a time, its sums by the engine, or laid out row by row for
 * the walkers where there is no engine or leaves are wanted. XGBoost and LightGBM share it; what differs is in their struct tree_model. */
#include "base/mem.h"
#include "compute/model_int.h"

enum { CELLS_MAX = 1 << 20 };

struct predicting {
  const struct tree_model *k;
  const struct tree_engine *engine;
  const struct sl_model_bind *b;
  enum sl_model_output what;
  bool walked;
  void *rows, *sums;
};

/* Rows in a call: enough for the engine to be worth its setting up; the walkers take fewer, laid out row by row. */
static size_t rows_at_once(const struct sl_model *m, bool walked)
{
  size_t n = walked ? MODEL_BLOCK : TREE_CHUNK;
  while (n > MODEL_BLOCK && n * m->groups > CELLS_MAX)
    n /= 2;
  return n;
}

static int chunk(const struct predicting *p, size_t from, size_t n, void *out, struct sl_err *err)
{
  const struct sl_model *m = p->b->m;
  int rc = SL_OK;
  for (size_t i = 0; p->walked && i < m->features; i++)
    p->k->lay(p->b, i, from, n, (char *)p->rows + i * p->k->size, m->features);
  if (p->what == SL_MODEL_LEAF) {
    p->k->leaves(m, p->rows, n, out);
    return SL_OK;
  }
  if (p->walked) {
    p->k->margins(m, p->rows, n, p->sums);
  } else {
    p->k->base(m, n, p->sums);
    rc = tree_sum(p->engine, &(struct tree_rows){ p->k->values, p->b }, from, n, p->sums, err);
  }
  if (!rc)
    p->k->finish(m, p->what, p->sums, n, out);
  return rc;
}

int tree_predict(const struct tree_model *k, const struct tree_engine *engine, const struct sl_model_bind *b, enum sl_model_output what,
                 size_t from, size_t n, void *out, struct sl_err *err)
{
  const struct sl_model *m = b->m;
  struct predicting p = { .k = k, .engine = engine, .b = b, .what = what, .walked = !engine || what == SL_MODEL_LEAF };
  struct sl_model_shape to = { .type = SL_COLUMN_F64 };
  int rc = m->ops->shape(m, what, &to, err);
  size_t wide = to.width * (to.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double)), most = rows_at_once(m, p.walked);
  most = n < most ? n : most;
  p.rows = sl_alloc_aligned(SL_COLUMN_ALIGN, p.walked ? most * (m->features + 1) * k->size : 1);
  p.sums = sl_alloc_aligned(SL_COLUMN_ALIGN, (most * m->groups + 1) * k->size);
  if (!rc && (!p.rows || !p.sums))
    rc = sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += most)
    rc = chunk(&p, from + at, n - at < most ? n - at : most, (char *)out + at * wide, err);
  sl_free(p.rows);
  sl_free(p.sums);
  return rc;
}
