/* compute/skl_linear.c: linear models: numbers, through a link, or classes by their margins.
 *
 * Sums run over the features in order and in double; numpy leaves the order to its BLAS. So margins agree within rounding (1e-12 of the
 * largest term), not to the bit; where scikit-learn would compute in float32 (data and coefficients of it), results are rounded to it. */
#include <math.h>

#include "compute/skl_int.h"

enum proba { NO_PROBA, OVR, SOFTMAX, SOFTMAX_PAIR, HUBER };
struct linear { double *w, *b; size_t rows, cols; bool single, log_link; enum proba proba; };

static int load_weights(struct skl_load *l, const struct pk *o, struct skl_est *e, struct linear **out)
{
  struct linear *m = *out = e->own = skl_alloc(l, 1, sizeof *m);
  double *b;
  size_t n = SIZE_MAX;
  int rc = m ? skl_matrix(l, e, o, "coef_", &m->w, &m->rows, &m->cols) : skl_fail(l);
  if (!rc)
    rc = skl_numbers(l, e, o, "intercept_", &b, &n);
  if (rc)
    return rc;
  if ((n != 1 && n != m->rows) || !m->rows || m->rows > MODEL_GROUPS_MAX || (e->in != SIZE_MAX && e->in != m->cols))
    return skl_bad(l, e, "coef_ of %zu x %zu does not fit its features and intercepts", m->rows, m->cols);
  m->b = skl_alloc(l, m->rows, sizeof *m->b);
  for (size_t k = 0; m->b && k < m->rows; k++)
    m->b[k] = b[n == 1 ? 0 : k];
  m->single = skl_is_f32(pk_get(o, "coef_"));
  e->in = m->cols;
  return m->b ? SL_OK : skl_fail(l);
}

/* Which general linear model has its numbers behind an exponential. */
static int load_link(struct skl_load *l, const struct pk *o, struct skl_est *e, struct linear *m)
{
  double power = 0;
  bool tweedie = !strcmp(e->cls, "TweedieRegressor");
  m->log_link = !strcmp(e->cls, "PoissonRegressor") || !strcmp(e->cls, "GammaRegressor");
  if (!tweedie)
    return SL_OK;
  if (!pk_f64(pk_get(o, "power"), &power))
    return skl_bad(l, e, "no power");
  m->log_link = skl_word(o, "link", "log") || (skl_word(o, "link", "auto") && power > 0);
  return m->log_link || skl_word(o, "link", "identity") || skl_word(o, "link", "auto") ? SL_OK : skl_unsup(l, e, "a link of its own");
}

static int load_value(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct linear *m;
  int rc = load_weights(l, o, e, &m);
  if (!rc)
    rc = load_link(l, o, e, m);
  e->values = m ? m->rows : 0;
  return rc;
}

static enum proba proba_of(const struct pk *o, const struct skl_est *e)
{
  const struct pk *multi = pk_get(o, "multi_class");
  bool two = e->classes <= 2;
  if (!strcmp(e->cls, "SGDClassifier"))
    return skl_word(o, "loss", "log_loss") || skl_word(o, "loss", "log") ? OVR : skl_word(o, "loss", "modified_huber") ? HUBER : NO_PROBA;
  if (strncmp(e->cls, "LogisticRegression", 18) != 0)
    return NO_PROBA;
  struct sl_str how = pk_text(multi);
  bool by_itself = sl_str_eqz(how, "auto") || sl_str_eqz(how, "deprecated");
  if (how.n) /* until 1.8 */
    return sl_str_eqz(how, "ovr") || sl_str_eqz(how, "warn") || (by_itself && (two || skl_word(o, "solver", "liblinear"))) ? OVR
           : two ? SOFTMAX_PAIR : SOFTMAX;
  return two ? OVR : SOFTMAX;
}

static int load_class(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct linear *m;
  const struct pk *told = pk_get(o, "classes_");
  int rc = skl_labels_load(l, e, told ? told : pk_get(pk_get(o, "_label_binarizer"), "classes_"));
  if (!rc)
    rc = load_weights(l, o, e, &m);
  if (rc)
    return rc;
  if (m->rows != (e->classes == 2 ? 1 : e->classes) || e->classes < 2)
    return skl_unsup(l, e, "%zu margins for %zu classes", m->rows, e->classes);
  m->proba = proba_of(o, e);
  e->raw = m->rows;
  e->proba = m->proba == NO_PROBA ? 0 : e->classes;
  return SL_OK;
}

static double round_to(bool single, double v) { return single ? (double)(float)v : v; }

/* rows x m->rows margins; single: they are float32. */
static int margins(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, double *out, bool *single)
{
  const struct linear *m = e->own;
  enum skl_type type;
  double *sum = skl_room(r, in->rows);
  int rc = sum ? skl_check(e, r, in, SKL_FINITE, &type) : skl_nomem(r);
  if (rc)
    return rc;
  *single = m->single && type == SKL_F32;
  for (size_t k = 0; k < m->rows; k++) {
    memset(sum, 0, in->rows * sizeof *sum);
    for (size_t j = 0; j < m->cols; j++)
      for (size_t i = 0; i < in->rows; i++)
        sum[i] += in->col[j].v[i] * m->w[k * m->cols + j];
    for (size_t i = 0; i < in->rows; i++)
      out[i * m->rows + k] = round_to(*single, round_to(*single, sum[i]) + m->b[k]);
  }
  return SL_OK;
}

static int predict_value(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct linear *m = e->own;
  bool single;
  int rc = margins(e, r, in, out, &single);
  (void)want;
  for (size_t i = 0; !rc && m->log_link && i < in->rows * m->rows; i++)
    out[i] = round_to(single, exp(out[i]));
  return rc;
}

static double cut(double v) { return ((v < -1 ? -1 : v > 1 ? 1 : v) + 1) / 2; }

/* One against the rest: made to sum to 1; where none says yes, all alike. */
static void normalise(double *p, size_t n)
{
  double sum = 0;
  for (size_t k = 0; k < n; k++)
    sum += p[k];
  for (size_t k = 0; k < n; k++)
    p[k] = sum == 0 ? 1 / (double)n : p[k] / sum;
}

static void probabilities(const struct linear *m, size_t classes, const double *d, double *p)
{
  double pair[2] = { -d[0], d[0] };
  if (m->proba == SOFTMAX || m->proba == SOFTMAX_PAIR) {
    memcpy(p, m->proba == SOFTMAX ? d : pair, classes * sizeof *p);
    skl_softmax(p, classes);
    return;
  }
  for (size_t k = 0; k < m->rows; k++)
    p[k] = m->proba == OVR ? skl_expit(d[k]) : cut(d[k]);
  if (classes > 2) {
    normalise(p, classes);
    return;
  }
  p[1] = p[0];
  p[0] = 1 - p[1];
}

static int predict_class(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct linear *m = e->own;
  bool single;
  double *d = want == SKL_RAW ? out : skl_room(r, in->rows * m->rows);
  int rc = d ? margins(e, r, in, d, &single) : skl_nomem(r);
  if (rc || want == SKL_RAW)
    return rc;
  for (size_t i = 0; i < in->rows; i++) {
    const double *row = d + i * m->rows;
    double *p = out + i * e->classes;
    if (want == SKL_VALUE) {
      out[i] = m->rows == 1 ? row[0] > 0 : (double)skl_best(row, m->rows);
      continue;
    }
    probabilities(m, e->classes, row, p);
    for (size_t k = 0; k < e->classes; k++)
      p[k] = round_to(single, p[k]);
  }
  return SL_OK;
}

const struct skl_ops skl_linear = { .load = load_value, .predict = predict_value };
const struct skl_ops skl_linear_class = { .load = load_class, .predict = predict_class };
