/* compute/skl_simple.c: nearest centres, naive Bayes, and the models that always say the same. */
#include <math.h>

#include "compute/skl_int.h"

/* ---- k-means: the nearest centre, by what differs of the squared distances ---- */

struct centres { double *at, *square; size_t n, cols; };

static int load_kmeans(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct centres *c = e->own = skl_alloc(l, 1, sizeof *c);
  int rc = c ? skl_matrix(l, e, o, "cluster_centers_", &c->at, &c->n, &c->cols) : skl_fail(l);
  if (rc)
    return rc;
  if (!c->n || !c->cols || (e->in != SIZE_MAX && e->in != c->cols))
    return skl_bad(l, e, "its centres do not fit its features");
  if (!(c->square = skl_alloc(l, c->n, sizeof *c->square)))
    return skl_fail(l);
  for (size_t k = 0; k < c->n; k++)
    for (size_t j = 0; j < c->cols; j++)
      c->square[k] += c->at[k * c->cols + j] * c->at[k * c->cols + j];
  e->in = c->cols;
  e->clusters = c->n;
  e->points = c->cols + 2;
  e->values = 1;
  return SL_OK;
}

/* Distances of differences: the order of centres above needs no more than what differs, but loses digits near a centre. */
static void points(const struct centres *c, const struct skl_block *in, const double *near, double *out)
{
  for (size_t i = 0; i < in->rows; i++) {
    double *to = out + i * (c->cols + 2), sum = 0;
    const double *at = c->at + (size_t)near[i] * c->cols;
    for (size_t j = 0; j < c->cols; j++) {
      double off = in->col[j].v[i] - at[j];
      sum += off * off;
      to[j + 2] = in->col[j].v[i];
    }
    to[0] = near[i];
    to[1] = sum;
  }
}

static int predict_kmeans(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct centres *c = e->own;
  enum skl_type type;
  double *best = skl_room(r, in->rows), *d = skl_room(r, in->rows);
  int rc = best && d ? skl_check(e, r, in, SKL_FINITE, &type) : skl_nomem(r);
  double *near = want == SKL_POINT && !rc ? skl_room(r, in->rows) : out;
  if (!near)
    rc = skl_nomem(r);
  for (size_t k = 0; !rc && k < c->n; k++) {
    for (size_t i = 0; i < in->rows; i++)
      d[i] = c->square[k];
    for (size_t j = 0; j < c->cols; j++)
      for (size_t i = 0; i < in->rows; i++)
        d[i] -= 2 * in->col[j].v[i] * c->at[k * c->cols + j];
    for (size_t i = 0; i < in->rows; i++)
      if (!k || d[i] < best[i]) {
        best[i] = d[i];
        near[i] = (double)k;
      }
  }
  if (!rc && want == SKL_POINT)
    points(c, in, near, out);
  return rc;
}

/* ---- naive Bayes ---- */

struct bayes {
  double *prior;               /* logarithms */
  double *a, *b;               /* classes x cols: mean and variance; or what a value, and its absence, weighs */
  double *start;               /* of each class, beside the prior */
  size_t cols;
  bool cut; double above;      /* Bernoulli: values become whether they lie above */
};

static int bayes_matrix(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out, size_t *cols)
{
  size_t rows;
  int rc = skl_matrix(l, e, o, name, out, &rows, cols);
  return rc || (rows == e->classes && (e->in == SIZE_MAX || e->in == *cols)) ? rc : skl_bad(l, e, "%s does not fit its classes", name);
}

static int begin_bayes(struct skl_load *l, const struct pk *o, struct skl_est *e, const char *prior, struct bayes **out)
{
  struct bayes *b = *out = e->own = skl_alloc(l, 1, sizeof *b);
  int rc = b ? skl_labels_load(l, e, pk_get(o, "classes_")) : skl_fail(l);
  size_t n = e->classes;
  if (!rc)
    rc = skl_numbers(l, e, o, prior, &b->prior, &n);
  if (!rc && !(b->start = skl_alloc(l, n, sizeof *b->start)))
    rc = skl_fail(l);
  e->proba = e->classes;
  return rc;
}

static int load_gauss(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct bayes *b;
  size_t cols = 0;
  int rc = begin_bayes(l, o, e, "class_prior_", &b);
  if (!rc)
    rc = bayes_matrix(l, e, o, "theta_", &b->a, &b->cols);
  if (!rc)
    rc = bayes_matrix(l, e, o, pk_get(o, "var_") ? "var_" : "sigma_", &b->b, &cols);
  if (!rc && cols != b->cols)
    rc = skl_bad(l, e, "means and variances of different lengths");
  for (size_t k = 0; !rc && k < e->classes; k++) {
    double sum = 0;
    for (size_t j = 0; j < cols; j++)
      sum += log(2.0 * M_PI * b->b[k * cols + j]);
    b->start[k] = -0.5 * sum;
    b->prior[k] = log(b->prior[k]);
  }
  e->in = rc ? 0 : b->cols;
  return rc;
}

static int load_multinomial(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct bayes *b;
  int rc = begin_bayes(l, o, e, "class_log_prior_", &b);
  if (!rc)
    rc = bayes_matrix(l, e, o, "feature_log_prob_", &b->a, &b->cols);
  e->in = rc ? 0 : b->cols;
  return rc;
}

static int load_bernoulli(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  int rc = load_multinomial(l, o, e);
  struct bayes *b = e->own;
  for (size_t k = 0; !rc && k < e->classes; k++)
    for (size_t j = 0; j < b->cols; j++) {
      double no = log(1 - exp(b->a[k * b->cols + j]));
      b->a[k * b->cols + j] -= no;
      b->start[k] += no;
    }
  if (!rc)
    b->cut = pk_f64(pk_get(o, "binarize"), &b->above);
  return rc;
}

/* The logarithm of how likely row and class are together, up to what is the same for all classes. */
static void likelihood(const struct skl_est *e, const struct skl_block *in, bool gauss, double *out)
{
  const struct bayes *b = e->own;
  size_t n = e->classes;
  for (size_t i = 0; i < in->rows; i++)
    for (size_t k = 0; k < n; k++) {
      double sum = 0;
      for (size_t j = 0; j < b->cols; j++) {
        double v = in->col[j].v[i], w = b->a[k * b->cols + j], far = v - w;
        sum += gauss ? far * far / b->b[k * b->cols + j] : b->cut ? v > b->above ? w : 0 : v * w;
      }
      out[i * n + k] = gauss ? b->prior[k] + (b->start[k] - 0.5 * sum) : sum + (b->prior[k] + b->start[k]);
    }
}

static void bayes_proba(double *p, size_t n)
{
  double most = p[skl_best(p, n)], sum = 0;
  for (size_t k = 0; k < n; k++)
    sum += exp(p[k] - most);
  double all = most + log(sum);
  for (size_t k = 0; k < n; k++)
    p[k] = exp(p[k] - all);
}

static int predict_bayes(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out,
    bool gauss)
{
  enum skl_type type;
  size_t n = e->classes;
  double *p = want == SKL_PROBA ? out : skl_room(r, in->rows * n);
  int rc = p ? skl_check(e, r, in, SKL_FINITE, &type) : skl_nomem(r);
  if (rc)
    return rc;
  likelihood(e, in, gauss, p);
  for (size_t i = 0; i < in->rows; i++)
    if (want == SKL_PROBA)
      bayes_proba(p + i * n, n);
    else
      out[i] = (double)skl_best(p + i * n, n);
  return SL_OK;
}

static int predict_gauss(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  return predict_bayes(e, r, in, want, out, true);
}

static int predict_discrete(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  return predict_bayes(e, r, in, want, out, false);
}

/* ---- always the same ---- */

struct same { double *v; size_t n, best; };

static int load_dummy_value(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct same *s = e->own = skl_alloc(l, 1, sizeof *s);
  size_t n = SIZE_MAX;
  int rc = s ? skl_numbers(l, e, o, "constant_", &s->v, &n) : skl_fail(l);
  e->values = n;
  return rc || (n && n <= MODEL_GROUPS_MAX) ? rc : skl_bad(l, e, "no constant");
}

static int load_dummy_class(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct same *s = e->own = skl_alloc(l, 1, sizeof *s);
  bool frequent = skl_word(o, "strategy", "most_frequent");
  int rc = s ? skl_labels_load(l, e, pk_get(o, "classes_")) : skl_fail(l);
  s = e->own;
  size_t n = e->classes;
  if (!rc)
    rc = skl_numbers(l, e, o, "class_prior_", &s->v, &n);
  if (!rc && !frequent && !skl_word(o, "strategy", "prior"))
    return skl_unsup(l, e, "it draws at random, or says what it was told");
  if (rc)
    return rc;
  s->best = skl_best(s->v, n);
  for (size_t k = 0; frequent && k < n; k++)
    s->v[k] = k == s->best;
  e->proba = n;
  return SL_OK;
}

static int predict_dummy(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct same *s = e->own;
  size_t wide = skl_width(e, want);
  (void)r;
  for (size_t i = 0; i < in->rows; i++)
    for (size_t k = 0; k < wide; k++)
      out[i * wide + k] = e->classes && want == SKL_VALUE ? (double)s->best : s->v[k];
  return SL_OK;
}

const struct skl_ops skl_kmeans = { .load = load_kmeans, .predict = predict_kmeans };
const struct skl_ops skl_gauss = { .load = load_gauss, .predict = predict_gauss };
const struct skl_ops skl_multinomial = { .load = load_multinomial, .predict = predict_discrete };
const struct skl_ops skl_bernoulli = { .load = load_bernoulli, .predict = predict_discrete };
const struct skl_ops skl_dummy_value = { .load = load_dummy_value, .predict = predict_dummy };
const struct skl_ops skl_dummy_class = { .load = load_dummy_class, .predict = predict_dummy };
