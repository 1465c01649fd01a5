/* compute/partial.c: rows into counts and exact sums; two parts into one. */
#include "compute/partial_int.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

/* ---- begin, end ---- */

static int copy_about(struct sl_partial *p, const struct sl_partial_about *a, struct sl_err *err)
{
  p->about = *a;
  p->about.called = NULL;
  p->about.label = sl_strdup(a->label);
  if (a->label && !p->about.label)
    return sl_err_nomem(err);
  if (!a->called || !a->classes)
    return SL_OK;
  p->about.called = sl_calloc(a->classes, sizeof *p->about.called);
  for (size_t i = 0; p->about.called && i < a->classes; i++)
    if (!(p->about.called[i] = sl_strdup(a->called[i])))
      return sl_err_nomem(err);
  return p->about.called ? SL_OK : sl_err_nomem(err);
}

static int room(struct sl_partial *p, struct sl_err *err)
{
  p->q.confusion = sl_calloc(p->q.classes * p->q.classes + 1, sizeof *p->q.confusion);
  p->buckets = quality_buckets(p->q.width);
  p->at = partial_ranks(p) ? sl_calloc(p->q.width, sizeof *p->at) : NULL;
  if (!p->q.confusion || (partial_ranks(p) && !p->at))
    return sl_err_nomem(err);
  for (size_t k = 0; p->at && k < p->q.width; k++) {
    struct partial_class *c = &p->at[k];
    c->in = sl_calloc(p->buckets, sizeof *c->in);
    c->rest = sl_calloc(p->buckets, sizeof *c->rest);
    c->same = sl_calloc(p->buckets, sizeof *c->same);
    if (!c->in || !c->rest || !c->same)
      return sl_err_nomem(err);
  }
  return p->about.label && !p->q.classes ? sl_sketch_new(&p->labels, SL_SKETCH_FLOAT, true, err) : SL_OK;
}

int sl_partial_new(struct sl_partial **out, const struct sl_partial_about *about, struct sl_err *err)
{
  *out = NULL;
  if (about->classes > SL_QUALITY_CLASSES_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu classes; at most %d are told apart", about->classes, SL_QUALITY_CLASSES_MAX);
  struct sl_partial *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->q.classes = about->classes;
  p->q.width = about->classes > 2 ? about->classes : 1;
  p->q.epsilon = about->narrow ? (double)FLT_EPSILON : DBL_EPSILON;
  int rc = copy_about(p, about, err);
  rc = rc ? rc : room(p, err);
  if (rc)
    sl_partial_free(p);
  else
    *out = p;
  return rc;
}

void sl_partial_free(struct sl_partial *p)
{
  if (!p)
    return;
  for (size_t i = 0; p->about.called && i < p->about.classes; i++)
    sl_free(p->about.called[i]);
  for (size_t k = 0; p->at && k < p->q.width; k++) {
    sl_free(p->at[k].in);
    sl_free(p->at[k].rest);
    sl_free(p->at[k].same);
  }
  sl_free(p->at);
  sl_free(p->about.called);
  sl_free(p->about.label);
  sl_free(p->q.confusion);
  sl_sketch_free(p->labels);
  sl_sketches_free(&p->out);
  sl_free(p);
}

struct sl_sketches *sl_partial_outputs(struct sl_partial *p) { return &p->out; }
bool sl_partial_labelled(const struct sl_partial *p) { return p->about.label != NULL; }

const char *sl_partial_called(const struct sl_partial *p, int cls)
{
  return p->about.called && cls >= 0 && (size_t)cls < p->about.classes ? p->about.called[cls] : NULL;
}

/* ---- a row ---- */

static bool special(struct partial_sum *s, double x)
{
  if (isfinite(x))
    return false;
  s->nan += isnan(x) ? 1 : 0;
  s->plus += isinf(x) && x > 0;
  s->minus += isinf(x) && x < 0;
  return true;
}

static void add(struct partial_sum *s, double x)
{
  if (!special(s, x))
    sl_exact_add(&s->s, x);
}

static void add_square(struct partial_sum *s, double x)
{
  if (!special(s, x * x))
    sl_exact_add_square(&s->s, x);
}

double partial_sum_f64(const struct partial_sum *s)
{
  if (s->nan || (s->plus && s->minus))
    return (double)NAN;
  return s->plus ? (double)INFINITY : s->minus ? -(double)INFINITY : sl_exact_f64(&s->s);
}

static int add_number(struct sl_partial *p, double label, double said, struct sl_err *err)
{
  double off = said - label;
  add(&p->abs, fabs(off));
  add_square(&p->square, off);
  add(&p->share, fabs(off) / (fabs(label) > DBL_EPSILON ? fabs(label) : DBL_EPSILON));
  p->n++;
  return sl_sketch_add_f64(p->labels, &label, NULL, 1, err);
}

/* Edges as numpy's linspace(0, 1, 11) has them; an output on an edge belongs to the bin below. */
static void add_class(struct sl_partial *p, size_t k, double x, bool in)
{
  struct partial_class *c = &p->at[k];
  size_t at = quality_bucket(p->q.width, x), b = 0;
  bool first = !c->in[at] && !c->rest[at];
  c->same[at] = first || c->same[at] == x ? x + 0.0 : (double)NAN;
  c->in[at] += in;
  c->rest[at] += !in;
  while (b + 1 < PARTIAL_BINS && x > (double)(b + 1) * 0.1)
    b++;
  c->bin[b].n++;
  c->bin[b].in += in;
  add(&c->bin[b].p, x);
}

static void add_probabilities(struct sl_partial *p, size_t label, const double *prob)
{
  bool odd = false;
  for (size_t k = 0; k < p->q.width; k++) {
    odd = odd || isnan(prob[k]);
    if (!isnan(prob[k]))
      add_class(p, k, prob[k], partial_in(p, k, label));
  }
  p->odd += odd;
  add(&p->loss, quality_log_loss(&p->q, label, prob));
  add(&p->brier, quality_brier(&p->q, label, prob));
}

int sl_partial_add(struct sl_partial *p, double label, const double *prob, int64_t chosen, struct sl_err *err)
{
  if (isnan(label) || !p->about.label)
    return SL_OK;
  if (!p->q.classes)
    return add_number(p, label, prob[0], err);
  if (!(label >= 0 && label < (double)p->q.classes && label == floor(label)))
    return sl_err_set(err, SL_EUSAGE, "a label is %g; the model knows the classes 0 to %zu", label, p->q.classes - 1);
  size_t at = (size_t)label;
  p->n++;
  if (chosen >= 0 && (size_t)chosen < p->q.classes)
    p->q.confusion[at * p->q.classes + (size_t)chosen]++;
  if (p->at)
    add_probabilities(p, at, prob);
  return SL_OK;
}

/* ---- two parts ---- */

static bool same_text(const char *a, const char *b) { return (!a && !b) || (a && b && !strcmp(a, b)); }

static int check_same(const struct sl_partial_about *a, const struct sl_partial_about *b, struct sl_err *err)
{
  char x[65], y[65];
  sl_sha256_hex(&a->model, x);
  sl_sha256_hex(&b->model, y);
  if (strcmp(x, y) != 0)
    return sl_err_set(err, SL_EUSAGE, "of another model (sha256 %.12s, the first %.12s): parts of one scoring are joined", y, x);
  if (!same_text(a->label, b->label))
    return sl_err_set(err, SL_EUSAGE, "its label is %.60s, the first one's %.60s", b->label ? b->label : "none",
                      a->label ? a->label : "none");
  if (a->output != b->output || a->narrow != b->narrow || a->index != b->index || a->classes != b->classes || !a->called != !b->called)
    return sl_err_set(err, SL_EUSAGE, "of other outputs of the model: parts of one scoring are joined");
  for (size_t i = 0; a->called && i < a->classes; i++)
    if (strcmp(a->called[i], b->called[i]) != 0)
      return sl_err_set(err, SL_EUSAGE, "class %zu is %.60s and %.60s", i, a->called[i], b->called[i]);
  return SL_OK;
}

static void merge_sum(struct partial_sum *s, const struct partial_sum *o)
{
  sl_exact_add_all(&s->s, &o->s);
  s->nan += o->nan;
  s->plus += o->plus;
  s->minus += o->minus;
}

static void merge_class(struct sl_partial *p, const struct sl_partial *o, size_t k)
{
  struct partial_class *c = &p->at[k];
  const struct partial_class *d = &o->at[k];
  for (size_t i = 0; i < p->buckets; i++) {
    bool empty = !c->in[i] && !c->rest[i], none = !d->in[i] && !d->rest[i];
    c->same[i] = none ? c->same[i] : empty || c->same[i] == d->same[i] ? d->same[i] : (double)NAN;
    c->in[i] += d->in[i];
    c->rest[i] += d->rest[i];
  }
  for (size_t b = 0; b < PARTIAL_BINS; b++) {
    c->bin[b].n += d->bin[b].n;
    c->bin[b].in += d->bin[b].in;
    merge_sum(&c->bin[b].p, &d->bin[b].p);
  }
}

int sl_partial_merge(struct sl_partial *p, const struct sl_partial *other, struct sl_err *err)
{
  int rc = check_same(&p->about, &other->about, err);
  if (!rc && p->out.rows + other->out.rows > SL_SKETCH_ROWS_MAX)
    rc = sl_err_set(err, SL_ELIMIT, "more than 2^38 rows");
  rc = rc ? rc : sl_sketches_merge(&p->out, &other->out, err);
  if (!rc && p->labels)
    rc = sl_sketch_merge(p->labels, other->labels, err);
  if (rc)
    return rc;
  p->n += other->n;
  p->odd += other->odd;
  for (size_t i = 0; i < p->q.classes * p->q.classes; i++)
    p->q.confusion[i] += other->q.confusion[i];
  for (size_t k = 0; p->at && k < p->q.width; k++)
    merge_class(p, other, k);
  merge_sum(&p->loss, &other->loss);
  merge_sum(&p->brier, &other->brier);
  merge_sum(&p->abs, &other->abs);
  merge_sum(&p->square, &other->square);
  merge_sum(&p->share, &other->share);
  return SL_OK;
}
