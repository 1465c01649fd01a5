/* compute/sm_read.c: model_algo-1 of SageMaker's k-means and PCA: which arrays make which model.
 *
 * K-means: one array without a name, a centre a row. PCA: "mean", "v" (a component a column), "s". docs/internals/sagemaker.md. */
#include "compute/sm_int.h"

int sm_new(struct sl_model *m, enum sm_kind kind, size_t k, size_t d, struct sm **out, struct sl_err *err)
{
  static const char *const names[] = { "k-means", "pca", "linear learner" };
  if (!k || !d || k > MODEL_GROUPS_MAX || d > MODEL_FEATURES_MAX)
    return sl_err_set(err, SL_EPARSE, "%s: an array of %zu x %zu makes no model", m->file, k, d);
  m->ops = &sm_ops;
  struct sm *s = *out = m->own = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  s->kind = kind;
  s->k = k;
  s->d = d;
  s->at = sl_calloc(k * d, sizeof *s->at);
  s->add = sl_calloc(k > d ? k : d, sizeof *s->add);
  m->engine = "sagemaker";
  m->objective = sl_strdup(names[kind]);
  m->features = d;
  m->groups = kind == SM_KMEANS ? 2 : k;
  m->clusters = kind == SM_KMEANS ? k : 0;
  return s->at && s->add && m->objective ? SL_OK : sl_err_nomem(err);
}

void sm_fill(double *to, const struct mx_array *a, size_t rows, size_t cols, bool turned)
{
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++)
      to[r * cols + c] = mx_f64(a, turned ? c * rows + r : r * cols + c);
}

static int read_kmeans(struct sl_model *m, const struct mx_array *a, struct sl_err *err)
{
  struct sm *s;
  if (a->dims != 2)
    return sl_err_set(err, SL_EPARSE, "%s: centres of a k-means lie in two dimensions, not in %u", m->file, a->dims);
  int rc = sm_new(m, SM_KMEANS, a->shape[0], a->shape[1], &s, err);
  if (!rc)
    sm_fill(s->at, a, s->k, s->d, false);
  return rc;
}

static int read_pca(struct sl_model *m, const struct mx_file *f, struct sl_err *err)
{
  const struct mx_array *mean = mx_find(f, "mean"), *v = mx_find(f, "v");
  struct sm *s;
  if (v->dims != 2)
    return sl_err_set(err, SL_EPARSE, "%s: v of a PCA lies in two dimensions, not in %u", m->file, v->dims);
  if (mean->n != v->shape[0])
    return sl_err_set(err, SL_EPARSE, "%s: a mean of %zu values beside components of %zu", m->file, mean->n, v->shape[0]);
  int rc = sm_new(m, SM_PCA, v->shape[1], v->shape[0], &s, err);
  if (!rc) {
    sm_fill(s->at, v, s->k, s->d, true);
    sm_fill(s->add, mean, 1, s->d, false);
  }
  return rc;
}

int sm_arrays_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct sl_arena arena;
  struct mx_file f;
  sl_arena_init(&arena, 0);
  int rc = mx_read(&f, bytes, m->file, &arena, err);
  if (!rc && f.n == 1 && !f.at[0].name.n)
    rc = read_kmeans(m, &f.at[0], err);
  else if (!rc && mx_find(&f, "mean") && mx_find(&f, "v"))
    rc = read_pca(m, &f, err);
  else if (!rc)
    rc = sl_err_set(err, SL_EUNSUP, "%zu MXNet arrays%s%.*s%s in %s: neither centres of a k-means nor a PCA", f.n, f.n ? " (" : "",
                    SL_ARG(f.n && f.at[0].name.n ? sl_str_head(f.at[0].name, 40) : SL_STR("without names")), f.n ? ", ...)" : "", m->file);
  sl_arena_free(&arena);
  return rc;
}
