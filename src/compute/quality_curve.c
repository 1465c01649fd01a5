/* compute/quality_curve.c: curves of one class against the rest: ROC, precision over recall, calibration, gain and lift; thinned to
 * what a chart can show, so that every point is one of the whole curve. */
#include <math.h>

#include "compute/quality_int.h"

enum { STEPS = 64, TENTHS = 10 };

/* ---- calibration ---- */

struct bin { uint64_t n, in; double p; };

/* Edges as numpy's linspace(0, 1, 11) has them; an output on an edge belongs to the bin below. False: an output is no number. */
static bool bins_of(const struct sl_quality *q, size_t k, struct bin *bin)
{
  for (size_t b = 0; b < TENTHS; b++)
    bin[b] = (struct bin){ 0, 0, 0 };
  for (size_t i = 0; !q->odd_p && i < q->nlabel; i++) {
    double p = quality_p(q, k, i);
    size_t b = 0;
    while (b + 1 < TENTHS && p > (double)(b + 1) * 0.1)
      b++;
    bin[b].n++;
    bin[b].in += quality_in(q, k, i);
    bin[b].p += p;
  }
  return !q->odd_p && q->nlabel;
}

double quality_calibration_error(const struct sl_quality *q, size_t k)
{
  struct bin bin[TENTHS];
  double sum = 0;
  if (!bins_of(q, k, bin))
    return (double)NAN;
  for (size_t b = 0; b < TENTHS; b++)
    sum += fabs((double)bin[b].in - bin[b].p);
  return sum / (double)q->nlabel;
}

static int calibration(const struct sl_quality *q, size_t k, int cls, sl_quality_point_fn *fn, void *user)
{
  struct bin bin[TENTHS];
  int rc = SL_OK;
  if (!bins_of(q, k, bin))
    return SL_OK;
  for (size_t b = 0; !rc && b < TENTHS; b++) {
    double n = (double)bin[b].n;
    struct sl_quality_point p = { .metric = "calibration", .cls = cls, .at = b, .n = bin[b].n, .threshold = (double)b / TENTHS };
    if (!bin[b].n)
      continue;
    p.x = bin[b].p / n;
    p.y = (double)bin[b].in / n;
    quality_wilson(bin[b].in, bin[b].n, &p.low, &p.high);
    rc = fn(user, &p);
  }
  return rc;
}

/* ---- ROC, precision over recall ---- */

struct walk { const struct quality_rank *r; size_t i; uint64_t in, rest; double threshold; };

/* Down by one group of equal outputs. */
static bool step(struct walk *w)
{
  const struct quality_scored *s = w->r->s;
  if (!w->i)
    return false;
  w->threshold = s[w->i - 1].score;
  for (; w->i > 0 && !(s[w->i - 1].score < w->threshold); w->i--) {
    w->in += s[w->i - 1].in;
    w->rest += !s[w->i - 1].in;
  }
  return true;
}

static bool moved(double a, double b) { return fabs(a - b) * STEPS >= 1; }

/* Each point that lies a step from the last one in either direction, the first and the last. */
static int roc(const struct quality_rank *r, int cls, sl_quality_point_fn *fn, void *user)
{
  struct walk w = { .r = r, .i = r->n };
  struct sl_quality_point p = { .metric = "roc", .cls = cls, .low = (double)NAN, .high = (double)NAN, .threshold = (double)INFINITY };
  double rest = (double)(r->n - r->inside);
  int rc = fn(user, &p);
  while (!rc && step(&w)) {
    double x = (double)w.rest / rest, y = (double)w.in / (double)r->inside;
    if (w.i && !moved(x, p.x) && !moved(y, p.y))
      continue;
    p = (struct sl_quality_point){ "roc", cls, p.at + 1, x, y, w.threshold, (double)NAN, (double)NAN, w.in + w.rest };
    rc = fn(user, &p);
  }
  return rc;
}

/* From recall 0, where nothing is predicted and precision is 1 by convention. The first and the last, and each that lies a step of
 * recall on. */
static int precision(const struct quality_rank *r, int cls, sl_quality_point_fn *fn, void *user)
{
  struct walk w = { .r = r, .i = r->n };
  struct sl_quality_point p = { .metric = "pr", .cls = cls, .y = 1, .low = (double)NAN, .high = (double)NAN,
                                .threshold = (double)INFINITY };
  int rc = fn(user, &p);
  while (!rc && step(&w)) {
    double x = (double)w.in / (double)r->inside;
    if (w.i && p.at && !moved(x, p.x))
      continue;
    p = (struct sl_quality_point){ "pr", cls, p.at + 1, x, (double)w.in / (double)(w.in + w.rest), w.threshold, (double)NAN, (double)NAN,
                                   w.in + w.rest };
    rc = fn(user, &p);
  }
  return rc;
}

/* ---- gain and lift ---- */

/* Of the class, how much lies in the first tenth of the rows by their outputs, the first two, ...; within equal outputs in
 * proportion, which is what a random order of them gives on average. */
static void gains(const struct quality_rank *r, double *gain)
{
  struct walk w = { .r = r, .i = r->n };
  size_t t = 0;
  while (t < TENTHS) {
    double rows = (double)(w.in + w.rest), in = (double)w.in;
    if (!step(&w))
      break;
    double more = (double)(w.in + w.rest) - rows, more_in = (double)w.in - in;
    for (; t < TENTHS; t++) {
      double want = (double)r->n * (double)(t + 1) / TENTHS;
      if (want > rows + more)
        break;
      gain[t] = (in + more_in * (want - rows) / more) / (double)r->inside;
    }
  }
}

static int gain_lift(const struct quality_rank *r, int cls, bool lift, sl_quality_point_fn *fn, void *user)
{
  double gain[TENTHS] = { 0 };
  int rc = SL_OK;
  gains(r, gain);
  for (size_t t = 0; !rc && t < TENTHS; t++) {
    double part = (double)(t + 1) / TENTHS;
    rc = fn(user, &(struct sl_quality_point){ lift ? "lift" : "gain", cls, t, part, lift ? gain[t] / part : gain[t], (double)NAN,
                                                     (double)NAN, (double)NAN, r->n });
  }
  return rc;
}

static int curves_of(const struct sl_quality *q, size_t k, int cls, sl_quality_point_fn *fn, void *user, struct sl_err *err)
{
  struct quality_rank r;
  int rc = quality_rank_open(&r, q, k, err);
  if (!rc && r.told)
    rc = roc(&r, cls, fn, user);
  if (!rc && r.told)
    rc = precision(&r, cls, fn, user);
  if (!rc)
    rc = calibration(q, k, cls, fn, user);
  for (int lift = 0; !rc && r.told && lift < 2; lift++)
    rc = gain_lift(&r, cls, lift, fn, user);
  quality_rank_free(&r);
  return rc;
}

int sl_quality_curves(const struct sl_quality *q, sl_quality_point_fn *fn, void *user, struct sl_err *err)
{
  int rc = SL_OK;
  if (!q->classes)
    return quality_fit(q, fn, user, err);
  if (q->classes < 2 || q->classes > SL_QUALITY_CURVES_MAX || q->no_p || !q->nlabel)
    return SL_OK;
  for (size_t k = q->classes == 2 ? 1 : 0; !rc && k < q->classes; k++)
    rc = curves_of(q, k, q->classes == 2 ? -1 : (int)k, fn, user, err);
  return rc;
}
