/* compute/model_other.c: a model that a library outside this folder runs, as one of ours: whoever holds the library says what the model
 * is and predicts; binding, matching of columns and outputs go as with every other model. */
#include "compute/model_int.h"

static const struct sl_model_other *other(const struct sl_model *m) { return m->own; }

static int other_shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  return other(m)->shape(other(m)->own, what, out, err);
}

static int other_predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  return other(b->m)->predict(other(b->m)->own, b->col, what, from, n, out, err);
}

static void other_free(struct sl_model *m)
{
  if (m->own)
    other(m)->free(other(m)->own);
  sl_free(m->own);
}

static const struct model_ops other_ops = { .shape = other_shape, .predict = other_predict, .free = other_free };

int model_other_bind(const struct sl_model_bind *b, struct sl_err *err)
{
  return b->m->ops == &other_ops ? other(b->m)->bind(other(b->m)->own, b->col, err) : SL_OK;
}

void model_other_rows(const struct sl_model_bind *b)
{
  if (b->m->ops == &other_ops)
    other(b->m)->rows(other(b->m)->own);
}

struct sl_model_labels sl_model_labels(const struct sl_model *m)
{
  return m->ops == &other_ops ? other(m)->labels(other(m)->own) : m->named;
}

int sl_model_from(struct sl_model **out, const struct sl_model_other *o, const char *file, struct sl_err *err)
{
  struct sl_model *m = *out = sl_calloc(1, sizeof *m);
  struct sl_model_other *own = sl_alloc(sizeof *own);
  int rc = SL_OK;
  if (!m || !own || !(m->file = sl_strdup(file)) || !(m->objective = sl_strdup(o->objective)))
    rc = sl_err_nomem(err);
  if (m) {
    m->engine = o->engine;
    m->features = o->features;
    m->groups = o->groups;
    m->classes = o->classes;
    m->wrapper = o->classifier ? SL_MODEL_CLASSIFIER : SL_MODEL_REGRESSOR;
    m->columns = m->threads = true;
  }
  for (size_t i = 0; !rc && o->names && i < o->features; i++)
    rc = model_add_name(m, sl_str(o->names[i]), err);
  if (rc) {
    sl_free(own);
    sl_model_free(m);
    *out = NULL;
    return rc;
  }
  *own = *o;
  m->own = own;
  m->ops = &other_ops;
  return SL_OK;
}
