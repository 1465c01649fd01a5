/* compute/sm_predict.c: SageMaker's k-means, PCA and linear learner over rows. Features are float32, as their containers take them; sums
 * are double, in the order of the features. */
#include <math.h>

#include "compute/sm_int.h"

static void sm_free(struct sl_model *m)
{
  struct sm *s = m->own;
  if (!s)
    return;
  sl_free(s->at);
  sl_free(s->add);
  sl_free(s);
  m->own = NULL;
}

static int no_output(const struct sl_model *m, const char *what, struct sl_err *err)
{
  return sl_err_set(err, SL_EUSAGE, "the model gives no %s (SageMaker's %s)", what, m->objective);
}

static int sm_shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err)
{
  const struct sm *s = m->own;
  *out = (struct sl_model_shape){ SL_COLUMN_F64, what == SL_MODEL_PREDICT && s->kind == SM_KMEANS ? 2 : s->k };
  switch (what) {
  case SL_MODEL_PREDICT:
  case SL_MODEL_RAW: return SL_OK;
  case SL_MODEL_PROBABILITY: return s->kind == SM_LINEAR && s->head != SM_VALUE ? SL_OK : no_output(m, "probabilities", err);
  case SL_MODEL_CLASS:
    *out = (struct sl_model_shape){ SL_COLUMN_I64, 1 };
    if (s->kind == SM_LINEAR && s->head == SM_SIGMOID)
      return sl_err_set(err, SL_EUSAGE, "the artifact does not tell from which score on SageMaker says yes: score by probability");
    return s->kind == SM_KMEANS || (s->kind == SM_LINEAR && s->head == SM_SOFTMAX) ? SL_OK : no_output(m, "classes", err);
  case SL_MODEL_POINT:
    out->width = s->d + 2;
    return s->kind == SM_KMEANS ? SL_OK : no_output(m, "clusters", err);
  default: return no_output(m, "leaves", err);
  }
}

static const char *sm_name(const struct sl_model *m, enum sl_model_output what, size_t i)
{
  const struct sm *s = m->own;
  return s->kind == SM_KMEANS && what == SL_MODEL_PREDICT ? (i ? "distance_to_cluster" : "closest_cluster")
         : s->kind == SM_LINEAR && s->k == 1 && what == SL_MODEL_PREDICT ? "score" : NULL;
}

/* k numbers: distances, projections, sums. */
static void raw_row(const struct sm *s, const float *x, double *out)
{
  for (size_t k = 0; k < s->k; k++) {
    const double *w = s->at + k * s->d;
    double sum = 0;
    for (size_t j = 0; j < s->d; j++) {
      double v = (double)x[j], off = v - w[j];
      sum += s->kind == SM_KMEANS ? off * off : s->kind == SM_PCA ? (v - s->add[j]) * w[j] : v * w[j];
    }
    out[k] = s->kind == SM_KMEANS ? sqrt(sum) : s->kind == SM_LINEAR ? sum + s->add[k] : sum;
  }
}

static size_t first(const double *v, size_t n, bool least)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = (least ? v[i] < v[best] : v[i] > v[best]) ? i : best;
  return best;
}

static void softmax(double *v, size_t n)
{
  double most = v[first(v, n, false)], sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += v[i] = exp(v[i] - most);
  for (size_t i = 0; i < n; i++)
    v[i] /= sum;
}

static void give(const struct sm *s, enum sl_model_output what, double *raw, size_t row, void *out)
{
  double *to = (double *)out + row * s->k;
  if (what == SL_MODEL_CLASS)
    ((int64_t *)out)[row] = (int64_t)first(raw, s->k, s->kind == SM_KMEANS);
  else if (what == SL_MODEL_PREDICT && s->kind == SM_KMEANS) {
    size_t best = first(raw, s->k, true);
    ((double *)out)[2 * row] = (double)best;
    ((double *)out)[2 * row + 1] = raw[best];
  } else {
    if (what != SL_MODEL_RAW && s->head == SM_SOFTMAX)
      softmax(raw, s->k);
    for (size_t k = 0; k < s->k; k++)
      to[k] = what != SL_MODEL_RAW && s->head == SM_SIGMOID ? 1 / (1 + exp(-raw[k])) : raw[k];
  }
}

static void point(const struct sm *s, const float *x, size_t near, double *out)
{
  const double *centre = s->at + near * s->d;
  out[0] = (double)near;
  out[1] = 0;
  for (size_t j = 0; j < s->d; j++) {
    double off = (double)x[j] - centre[j];
    out[1] += off * off;
    out[j + 2] = (double)x[j];
  }
}

static int missing(const struct sl_model_bind *b, size_t j, struct sl_err *err)
{
  return sl_err_set(err, SL_EUSAGE, "a row has no value in column %s, and SageMaker's %s takes none that is missing",
                    b->col[j]->name ? b->col[j]->name : "", b->m->objective);
}

static int sm_predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err)
{
  const struct sm *s = b->m->own;
  size_t many = s->d > (1 << 16) / MODEL_BLOCK ? 1 : MODEL_BLOCK;
  float *x = sl_alloc(many * s->d * sizeof *x);
  double *raw = sl_alloc(s->k * sizeof *raw);
  int rc = x && raw ? SL_OK : sl_err_nomem(err);
  for (size_t at = 0; !rc && at < n; at += many) {
    size_t rows = n - at < many ? n - at : many;
    for (size_t j = 0; j < s->d; j++)
      model_values_f32(b, j, from + at, rows, x + j, s->d);
    for (size_t i = 0; !rc && i < rows * s->d; i++)
      rc = isnan(x[i]) ? missing(b, i % s->d, err) : SL_OK;
    for (size_t r = 0; !rc && r < rows; r++) {
      raw_row(s, x + r * s->d, raw);
      if (what == SL_MODEL_POINT)
        point(s, x + r * s->d, first(raw, s->k, true), (double *)out + (at + r) * (s->d + 2));
      else
        give(s, what, raw, at + r, out);
    }
  }
  sl_free(x);
  sl_free(raw);
  return rc;
}

const struct model_ops sm_ops = { .shape = sm_shape, .predict = sm_predict, .free = sm_free, .name = sm_name };
