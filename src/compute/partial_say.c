/* compute/partial_say.c: the figures of a part. What rests on counts and sums is rounded once. What rests on the order of outputs (AUC,
 * average precision, KS) lies between two numbers: buckets are in order, the rows of one are not, unless all of them have one value. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/partial_int.h"

enum { COUNTED = 64, POINTS = 64 };

struct say { const struct sl_partial *p; sl_partial_fn *fn; void *user; };

static struct sl_partial_figure figure(const char *metric, int cls, double value, uint64_t n)
{
  return (struct sl_partial_figure){ .metric = metric, .cls = cls, .other = -1, .value = value, .low = (double)NAN, .high = (double)NAN,
                                     .at = (double)NAN, .threshold = (double)NAN, .n = n };
}

static int say(const struct say *s, const struct sl_partial_figure *f) { return s->fn(s->user, f); }

static int put(const struct say *s, const char *metric, int cls, double value, uint64_t n)
{
  struct sl_partial_figure f = figure(metric, cls, value, n);
  return say(s, &f);
}

/* ---- outputs ---- */

static int put_of(const struct say *s, const char *metric, const char *output, double value, uint64_t n)
{
  struct sl_partial_figure f = figure(metric, -1, value, n);
  f.output = output;
  return say(s, &f);
}

static int put_output(const struct say *s, const struct sl_sketch_column *c)
{
  uint64_t n = sl_sketch_counts(c->s).finite;
  if (sl_sketch_kind(c->s) == SL_SKETCH_TEXT)
    return SL_OK;
  struct sl_partial_figure median = figure("output_median", -1, (double)NAN, n);
  median.output = c->name;
  median.value = sl_sketch_quantile(c->s, 0.5, &median.low, &median.high);
  median.between = median.low < median.high;
  if (!median.between)
    median.low = median.high = (double)NAN;
  int rc = put_of(s, "output_mean", c->name, n ? sl_sketch_mean(c->s) : (double)NAN, n);
  rc = rc ? rc : put_of(s, "output_std", c->name, n ? sl_sketch_std(c->s) : (double)NAN, n);
  rc = rc ? rc : put_of(s, "output_min", c->name, n ? sl_sketch_min(c->s) : (double)NAN, n);
  rc = rc ? rc : put_of(s, "output_max", c->name, n ? sl_sketch_max(c->s) : (double)NAN, n);
  return rc ? rc : say(s, &median);
}

/* ---- of numbers ---- */

static int end_numbers(const struct say *s)
{
  const struct sl_partial *p = s->p;
  double n = (double)p->n, none = (double)NAN, square = partial_sum_f64(&p->square);
  bool odd = sl_sketch_counts(p->labels).finite < p->n;
  double around = odd ? none : sl_sketch_variance(p->labels) * n;
  int rc = put(s, "mae", -1, p->n ? partial_sum_f64(&p->abs) / n : none, p->n);
  rc = rc ? rc : put(s, "rmse", -1, p->n ? sqrt(square / n) : none, p->n);
  rc = rc ? rc : put(s, "r2", -1, quality_r2(n, square, around), p->n);
  return rc ? rc : put(s, "mape", -1, p->n ? partial_sum_f64(&p->share) / n : none, p->n);
}

/* ---- of the order of outputs ---- */

struct bounds { double low, high; };
struct order { struct bounds auc, precision, ks; double error; uint64_t inside; bool told; };

/* Ranks within a bucket are not known: all wrong is the least, all right the most. */
static struct bounds auc_of(const struct sl_partial *p, const struct partial_class *c, double in, double rest)
{
  double low = 0, mixed = 0, below = 0;
  for (size_t i = 0; i < p->buckets; i++) {
    bool tie = !isnan(c->same[i]);
    low += (double)c->in[i] * (below + (tie ? (double)c->rest[i] / 2 : 0));
    mixed += tie ? 0 : (double)c->in[i] * (double)c->rest[i];
    below += (double)c->rest[i];
  }
  return (struct bounds){ low / (in * rest), (low + mixed) / (in * rest) };
}

/* The sum over j = 1..in of (above + j) / (above + j + beyond), or a little less: 1/m summed from a + 1 to b is at most ln((b + 1/2) /
 * (a + 1/2)). */
static double least_precision(double above, double in, double beyond)
{
  double sum = 0;
  if (in > COUNTED && beyond > 0)
    return in - beyond * log1p(in / (above + beyond + 0.5));
  if (in > COUNTED)
    return in;
  for (double j = 1; j <= in; j++)
    sum += (above + j) / (above + j + beyond);
  return sum;
}

/* From the top. Of a bucket the rows of the class stand last and apart, or first and together. */
static struct bounds precision_of(const struct sl_partial *p, const struct partial_class *c, double inside)
{
  struct bounds sum = { 0, 0 };
  double above = 0, beyond = 0;
  for (size_t i = p->buckets; i > 0; i--) {
    double in = (double)c->in[i - 1], rest = (double)c->rest[i - 1];
    bool tie = !isnan(c->same[i - 1]);
    if (in > 0) {
      double together = in * (above + in) / (above + in + beyond + (tie ? rest : 0));
      sum.high += together;
      sum.low += tie ? together : least_precision(above, in, beyond + rest);
    }
    above += in;
    beyond += rest;
  }
  return (struct bounds){ sum.low / inside, sum.high / inside };
}

/* The greatest difference of the two distribution functions: at the edges of buckets it is known. */
static struct bounds ks_of(const struct sl_partial *p, const struct partial_class *c, double in, double rest)
{
  struct bounds k = { 0, 0 };
  double x = 0, y = 0;
  for (size_t i = 0; i < p->buckets; i++) {
    double more_x = (double)c->in[i] / in, more_y = (double)c->rest[i] / rest;
    if (isnan(c->same[i]))
      k.high = fmax(k.high, fmax(x + more_x - y, y + more_y - x));
    x += more_x;
    y += more_y;
    k.low = fmax(k.low, fabs(x - y));
  }
  return (struct bounds){ k.low, fmax(k.low, fmin(k.high, 1)) };
}

static double error_of(const struct sl_partial *p, const struct partial_class *c)
{
  double sum = 0;
  for (size_t b = 0; b < PARTIAL_BINS; b++)
    sum += fabs((double)c->bin[b].in - partial_sum_f64(&c->bin[b].p));
  return p->odd || !p->n ? (double)NAN : sum / (double)p->n;
}

static void order_of(const struct sl_partial *p, size_t k, struct order *o)
{
  const struct partial_class *c = &p->at[k];
  const struct bounds none = { (double)NAN, (double)NAN };
  uint64_t rest = 0;
  *o = (struct order){ none, none, none, error_of(p, c), 0, false };
  for (size_t i = 0; i < p->buckets; i++) {
    o->inside += c->in[i];
    rest += c->rest[i];
  }
  o->told = o->inside && rest && !p->odd;
  if (!o->told)
    return;
  o->auc = auc_of(p, c, (double)o->inside, (double)rest);
  o->precision = precision_of(p, c, (double)o->inside);
  o->ks = ks_of(p, c, (double)o->inside, (double)rest);
}

static const struct bounds *which_of(const struct order *o, const char *metric)
{
  return !strcmp(metric, "auc") ? &o->auc : !strcmp(metric, "ks") ? &o->ks : &o->precision;
}

static int put_between(const struct say *s, const char *metric, int cls, struct bounds b, uint64_t n)
{
  struct sl_partial_figure f = figure(metric, cls, b.low + (b.high - b.low) / 2, n);
  f.between = b.low < b.high;
  if (f.between) {
    f.low = b.low;
    f.high = b.high;
  }
  return say(s, &f);
}

/* Of two classes, of the second alone; of several their mean, too, over those that have both sides. */
static int put_order(const struct say *s, const struct order *o, const char *metric)
{
  const struct sl_partial *p = s->p;
  struct bounds mean = { 0, 0 };
  double told = 0;
  for (size_t k = 0; k < p->q.width; k++)
    if (o[k].told) {
      mean.low += which_of(&o[k], metric)->low;
      mean.high += which_of(&o[k], metric)->high;
      told++;
    }
  mean = told > 0 ? (struct bounds){ mean.low / told, mean.high / told } : (struct bounds){ (double)NAN, (double)NAN };
  int rc = put_between(s, metric, -1, mean, p->n);
  for (size_t k = 0; !rc && p->q.width > 1 && k < p->q.width; k++)
    rc = put_between(s, metric, (int)k, *which_of(&o[k], metric), o[k].inside);
  return rc;
}

static int put_errors(const struct say *s, const struct order *o)
{
  const struct sl_partial *p = s->p;
  double sum = 0, told = 0;
  for (size_t k = 0; k < p->q.width; k++)
    if (!isnan(o[k].error)) {
      sum += o[k].error;
      told++;
    }
  int rc = put(s, "calibration_error", -1, told > 0 ? sum / told : (double)NAN, p->n);
  for (size_t k = 0; !rc && p->q.width > 1 && k < p->q.width; k++)
    rc = put(s, "calibration_error", (int)k, o[k].error, p->n);
  return rc;
}

static int end_outputs(const struct say *s)
{
  const struct sl_partial *p = s->p;
  struct order o[SL_QUALITY_CLASSES_MAX];
  double n = (double)p->n;
  for (size_t k = 0; k < p->q.width; k++)
    order_of(p, k, &o[k]);
  int rc = put_order(s, o, "auc");
  rc = rc ? rc : put(s, "log_loss", -1, partial_sum_f64(&p->loss) / n, p->n);
  rc = rc ? rc : put(s, "brier", -1, partial_sum_f64(&p->brier) / n, p->n);
  rc = rc ? rc : put_order(s, o, "average_precision");
  rc = rc ? rc : put_errors(s, o);
  return rc ? rc : put_order(s, o, "ks");
}

/* ---- of what was chosen alone ---- */

static int put_share(const struct say *s, const char *metric, int cls, uint64_t hits, uint64_t n, double none)
{
  struct sl_partial_figure f = figure(metric, cls, n ? (double)hits / (double)n : none, n);
  quality_wilson(hits, n, &f.low, &f.high);
  return say(s, &f);
}

static int end_class(const struct say *s, size_t k)
{
  const struct sl_quality *q = &s->p->q;
  uint64_t hits = q->confusion[k * q->classes + k], there = 0, said = 0;
  for (size_t i = 0; i < q->classes; i++) {
    there += q->confusion[k * q->classes + i];
    said += q->confusion[i * q->classes + k];
  }
  int rc = put_share(s, "precision", (int)k, hits, said, 0);
  rc = rc ? rc : put_share(s, "recall", (int)k, hits, there, 0);
  return rc ? rc : put(s, "f1", (int)k, said + there ? 2 * (double)hits / (double)(said + there) : 0, there);
}

static int end_table(const struct say *s)
{
  const struct sl_quality *q = &s->p->q;
  struct quality_table t;
  quality_table(q->confusion, q->classes, &t, NULL);
  int rc = put(s, "balanced_accuracy", -1, t.balanced, s->p->n);
  rc = rc ? rc : put(s, "f1_macro", -1, t.f1_macro, s->p->n);
  rc = rc ? rc : put(s, "f1_weighted", -1, t.f1_weighted, s->p->n);
  rc = rc ? rc : put(s, "mcc", -1, t.mcc, s->p->n);
  for (size_t k = 0; !rc && k < q->classes; k++)
    rc = end_class(s, k);
  for (size_t i = 0; !rc && i < q->classes * q->classes; i++) {
    struct sl_partial_figure f = figure("confusion", (int)(i / q->classes), (double)q->confusion[i], q->confusion[i]);
    f.other = (int)(i % q->classes);
    rc = say(s, &f);
  }
  return rc;
}

/* ---- points of curves: those at the edges of buckets, thinned to what a chart shows, and the bins of calibration ---- */

static bool moved(double a, double b) { return fabs(a - b) * POINTS >= 1; }

/* Everything from bucket i up is predicted. A bucket of one value has it for a threshold; of others the edge is not said. */
static int roc(const struct say *s, size_t k, int cls, double in, double rest)
{
  const struct partial_class *c = &s->p->at[k];
  struct sl_partial_figure f = figure("roc", cls, 0, 0);
  f.at = 0;
  f.threshold = (double)INFINITY;
  int rc = say(s, &f);
  double x = 0, y = 0;
  for (size_t i = s->p->buckets; !rc && i > 0; i--) {
    x += (double)c->rest[i - 1];
    y += (double)c->in[i - 1];
    bool last = x >= rest && y >= in, any = c->rest[i - 1] || c->in[i - 1];
    if (!any || (!last && !moved(x / rest, f.at) && !moved(y / in, f.value)))
      continue;
    f.at = x / rest;
    f.value = y / in;
    f.threshold = c->same[i - 1];
    f.n = (uint64_t)(x + y);
    rc = say(s, &f);
  }
  return rc;
}

static int calibration(const struct say *s, size_t k, int cls)
{
  int rc = SL_OK;
  for (size_t b = 0; !rc && !s->p->odd && b < PARTIAL_BINS; b++) {
    const struct partial_bin *bin = &s->p->at[k].bin[b];
    if (!bin->n)
      continue;
    struct sl_partial_figure f = figure("calibration", cls, (double)bin->in / (double)bin->n, bin->n);
    f.at = partial_sum_f64(&bin->p) / (double)bin->n;
    f.threshold = (double)b / PARTIAL_BINS;
    quality_wilson(bin->in, bin->n, &f.low, &f.high);
    rc = say(s, &f);
  }
  return rc;
}

static int curves(const struct say *s)
{
  const struct sl_partial *p = s->p;
  int rc = SL_OK;
  for (size_t k = 0; !rc && p->q.classes <= SL_QUALITY_CURVES_MAX && k < p->q.width; k++) {
    struct order o;
    order_of(p, k, &o);
    int cls = p->q.width > 1 ? (int)k : -1;
    if (o.told)
      rc = roc(s, k, cls, (double)o.inside, (double)(p->n - o.inside));
    rc = rc ? rc : calibration(s, k, cls);
  }
  return rc;
}

int sl_partial_end(const struct sl_partial *p, sl_partial_fn *fn, void *user)
{
  const struct say s = { p, fn, user };
  uint64_t hits = 0;
  int rc = put(&s, "rows", -1, (double)p->out.rows, p->out.rows);
  for (size_t i = 0; !rc && i < p->out.n; i++)
    rc = put_output(&s, &p->out.at[i]);
  if (rc || !p->about.label)
    return rc;
  if (!p->q.classes)
    return end_numbers(&s);
  for (size_t k = 0; k < p->q.classes; k++)
    hits += p->q.confusion[k * p->q.classes + k];
  rc = put_share(&s, "accuracy", -1, hits, p->n, (double)NAN);
  if (!rc && p->at && p->n)
    rc = end_outputs(&s);
  rc = rc ? rc : end_table(&s);
  return rc || !p->at || !p->n ? rc : curves(&s);
}
