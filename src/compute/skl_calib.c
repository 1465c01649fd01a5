/* compute/skl_calib.c: classifiers whose scores are calibrated: by a sigmoid, by steps (isotonic), by a temperature; the mean over
 * folds. */
#include <math.h>

#include "compute/skl_int.h"

#define NEVER_NOTHING 1e-12    /* scikit-learn adds it to a probability before its logarithm */
enum method { M_SIGMOID, M_ISOTONIC, M_TEMPERATURE };
struct curve { double a, b; double *x, *y; size_t n; double low, high; };
struct fold {
  struct skl_est *est;
  bool margins;                /* it has a decision_function: that is calibrated, else its probabilities */
  size_t wide;                 /* scores that are calibrated */
  struct curve *curve; size_t ncurves;
  size_t *cls;                 /* which class a score is of */
};
struct calibrated { struct fold *at; size_t n; enum method method; };

static int take_isotonic(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct curve *c)
{
  size_t n = SIZE_MAX;
  int rc = skl_numbers(l, e, o, "X_thresholds_", &c->x, &n);
  c->n = n;
  if (!rc)
    rc = skl_numbers(l, e, o, "y_thresholds_", &c->y, &n);
  if (!rc && (!n || !skl_word(o, "out_of_bounds", "clip") || !pk_f64(pk_get(o, "X_min_"), &c->low) || !pk_f64(pk_get(o, "X_max_"),
      &c->high)))
    rc = skl_unsup(l, e, "steps that do not go on beyond what was seen");
  for (size_t i = 1; !rc && i < n; i++)
    if (!(c->x[i] > c->x[i - 1]))
      rc = skl_bad(l, e, "steps out of order");
  return rc;
}

static int take_curve(struct skl_load *l, const struct skl_est *e, const struct pk *o, enum method how, struct curve *c)
{
  if (how == M_ISOTONIC)
    return pk_is_class(o, "sklearn.isotonic.IsotonicRegression") ? take_isotonic(l, e, o, c) : skl_bad(l, e,
        "a calibrator of another class");
  bool known = how == M_SIGMOID ? pk_is_class(o, "_SigmoidCalibration") && pk_f64(pk_get(o, "a_"), &c->a) && pk_f64(pk_get(o, "b_"), &c->b)
                                : pk_is_class(o, "_TemperatureScaling") && pk_f64(pk_get(o, "beta_"), &c->a);
  return known ? SL_OK : skl_bad(l, e, "a calibrator of another class");
}

static bool same_label(const struct skl_labels *a, size_t i, const struct skl_labels *b, size_t k)
{
  if ((a->type == SKL_TEXT) != (b->type == SKL_TEXT))
    return false;
  return a->type == SKL_TEXT ? sl_str_eq(a->s[i], b->s[k]) : a->v[i] == b->v[k];
}

/* A fold may not have seen every class. */
static int take_classes(struct skl_load *l, const struct skl_est *e, struct fold *f)
{
  f->cls = skl_alloc(l, f->wide, sizeof *f->cls);
  if (!f->cls)
    return skl_fail(l);
  for (size_t i = 0; i < f->wide; i++) {
    size_t k = 0;
    while (k < e->classes && !same_label(&f->est->labels, i, &e->labels, k))
      k++;
    if (k == e->classes)
      return skl_bad(l, e, "a fold of classes of its own");
    f->cls[i] = e->classes == 2 ? 1 : k;
  }
  return SL_OK;
}

static int take_fold(struct skl_load *l, const struct skl_est *e, const struct pk *o, enum method how, struct fold *f)
{
  const struct pk *est = pk_get(o, "estimator"), *list = pk_get(o, "calibrators");
  int rc = skl_est_load(l, pk_none(est) ? pk_get(o, "base_estimator") : est, &f->est);
  if (rc)
    return rc;
  f->margins = f->est->raw != 0;
  f->wide = f->margins ? f->est->raw : f->est->classes == 2 ? 1 : f->est->classes;
  f->ncurves = pk_count(list);
  if (!f->est->classes || (!f->margins && !f->est->proba) || f->ncurves != (how == M_TEMPERATURE ? 1 : f->wide))
    return skl_unsup(l, e, "its %s gives %zu scores for %zu calibrators", f->est->cls, f->wide, f->ncurves);
  if (f->est->classes > 2 && f->wide != f->est->classes)
    return skl_unsup(l, e, "its %s gives a score for no class", f->est->cls);
  f->curve = skl_alloc(l, f->ncurves, sizeof *f->curve);
  rc = !f->curve ? skl_fail(l) : how != M_TEMPERATURE ? take_classes(l, e, f) : SL_OK; /* one for all classes: none is looked for */
  for (size_t i = 0; !rc && i < f->ncurves; i++)
    rc = take_curve(l, e, pk_item(list, i), how, &f->curve[i]);
  return rc;
}

static int load(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *list = pk_get(o, "calibrated_classifiers_");
  struct calibrated *c = e->own = skl_alloc(l, 1, sizeof *c);
  int rc = c ? skl_labels_load(l, e, pk_get(o, "classes_")) : skl_fail(l);
  if (rc)
    return rc;
  c->method = skl_word(o, "method", "isotonic") ? M_ISOTONIC : skl_word(o, "method", "temperature") ? M_TEMPERATURE : M_SIGMOID;
  c->n = pk_count(list);
  c->at = skl_alloc(l, c->n, sizeof *c->at);
  rc = !c->at ? skl_fail(l) : c->n ? SL_OK : skl_bad(l, e, "no folds");
  for (size_t i = 0; !rc && i < c->n; i++)
    rc = take_fold(l, e, pk_item(list, i), c->method, &c->at[i]);
  e->proba = e->classes;
  e->in = SIZE_MAX;
  return rc;
}

/* Between two thresholds on the line through them. */
static double step_at(const struct curve *c, double v)
{
  v = v < c->low ? c->low : v > c->high ? c->high : v;
  size_t lo = 0, hi = c->n - 1;
  if (v <= c->x[0] || c->n == 1)
    return c->y[0];
  if (v >= c->x[hi])
    return c->y[hi];
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    *(c->x[mid] <= v ? &lo : &hi) = mid;
  }
  return (c->y[hi] - c->y[lo]) / (c->x[hi] - c->x[lo]) * (v - c->x[lo]) + c->y[lo];
}

static void by_temperature(const struct fold *f, size_t classes, const double *d, double *p)
{
  for (size_t k = 0; k < classes; k++) {
    double logit = f->margins ? f->wide == 1 ? k ? d[0] : -d[0] : d[k]
                              : log((f->wide == 1 ? k ? d[0] : 1 - d[0] : d[k]) + NEVER_NOTHING);
    p[k] = f->curve[0].a * logit;
  }
  skl_softmax(p, classes);
}

static void by_curve(const struct fold *f, enum method how, size_t classes, const double *d, double *p)
{
  double sum = 0;
  memset(p, 0, classes * sizeof *p);
  for (size_t i = 0; i < f->wide; i++)
    p[f->cls[i]] = how == M_ISOTONIC ? step_at(&f->curve[i], d[i]) : skl_expit(-(f->curve[i].a * d[i] + f->curve[i].b));
  if (classes == 2) {
    p[0] = 1 - p[1];
    return;
  }
  for (size_t k = 0; k < classes; k++)
    sum += p[k];
  for (size_t k = 0; k < classes; k++)
    p[k] = sum != 0 ? p[k] / sum : 1 / (double)classes;
}

static int add_fold(const struct skl_est *e, const struct fold *f, struct skl_run *r, const struct skl_block *in, double *sum)
{
  const struct calibrated *c = e->own;
  size_t have = f->margins ? f->est->raw : f->est->proba, skip = have - f->wide; /* of two probabilities the second */
  double *d = skl_room(r, in->rows * have), *p = skl_room(r, e->classes);
  int rc = d && p ? skl_predict(f->est, r, in, f->margins ? SKL_RAW : SKL_PROBA, d) : skl_nomem(r);
  for (size_t i = 0; !rc && i < in->rows; i++) {
    if (c->method == M_TEMPERATURE)
      by_temperature(f, e->classes, d + i * have + skip, p);
    else
      by_curve(f, c->method, e->classes, d + i * have + skip, p);
    for (size_t k = 0; k < e->classes; k++)
      sum[i * e->classes + k] += p[k] > 1 && p[k] <= 1 + 1e-5 ? 1 : p[k];
  }
  return rc;
}

static int predict(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct calibrated *c = e->own;
  size_t n = in->rows * e->classes;
  double *sum = skl_room(r, n);
  int rc = sum ? SL_OK : skl_nomem(r);
  for (size_t i = 0; !rc && i < c->n; i++)
    rc = add_fold(e, &c->at[i], r, in, sum);
  if (rc)
    return rc;
  for (size_t i = 0; i < n; i++)
    sum[i] /= (double)c->n;
  for (size_t i = 0; want == SKL_VALUE && i < in->rows; i++)
    out[i] = (double)skl_best(sum + i * e->classes, e->classes);
  if (want != SKL_VALUE)
    memcpy(out, sum, n * sizeof *out);
  return SL_OK;
}

const struct skl_ops skl_calibrated = { .load = load, .predict = predict };
