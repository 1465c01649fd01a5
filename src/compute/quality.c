/* compute/quality.c: labels beside outputs, row by row; the numbers at the end. */
#include "compute/quality.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct pair { double score; int32_t label; };
struct sl_quality {
  size_t classes, width;       /* width: probabilities kept of each row */
  double epsilon;
  int32_t *label; size_t nlabel, label_cap;
  double *p; size_t np, p_cap;
  uint64_t *confusion;         /* classes x classes: label, predicted */
  bool no_p;
  double loss, abs, square, sum_square;   /* of numbers: errors; labels around their mean (Welford) */
  double mean;
  uint64_t n;
};

int sl_quality_open(struct sl_quality **out, size_t classes, double epsilon, struct sl_err *err)
{
  *out = NULL;
  if (classes > SL_QUALITY_CLASSES_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu classes; at most %d are told apart", classes, SL_QUALITY_CLASSES_MAX);
  struct sl_quality *q = sl_calloc(1, sizeof *q);
  uint64_t *confusion = sl_calloc(classes * classes + 1, sizeof *confusion);
  if (!q || !confusion) {
    sl_free(q);
    sl_free(confusion);
    return sl_err_nomem(err);
  }
  *q = (struct sl_quality){ .classes = classes, .width = classes > 2 ? classes : 1, .epsilon = epsilon, .confusion = confusion };
  *out = q;
  return SL_OK;
}

void sl_quality_free(struct sl_quality *q)
{
  if (!q)
    return;
  sl_free(q->label);
  sl_free(q->p);
  sl_free(q->confusion);
  sl_free(q);
}

static void add_number(struct sl_quality *q, double label, double p)
{
  double off = p - label, delta = label - q->mean;
  q->n++;
  q->mean += delta / (double)q->n;
  q->sum_square += delta * (label - q->mean);
  q->abs += fabs(off);
  q->square += off * off;
}

static double kept_off(const struct sl_quality *q, double p)
{
  return p < q->epsilon ? q->epsilon : p > 1 - q->epsilon ? 1 - q->epsilon : p;
}

static int add_class(struct sl_quality *q, size_t label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  if (q->nlabel >= SL_QUALITY_ROWS_MAX)
    return sl_err_set(err, SL_ELIMIT, "quality is worked out over at most %d rows", SL_QUALITY_ROWS_MAX);
  int rc = sl_grow((void **)&q->label, &q->label_cap, q->nlabel + 1, sizeof *q->label, SL_QUALITY_ROWS_MAX, err);
  if (!rc && has_p)
    rc = sl_grow((void **)&q->p, &q->p_cap, q->np + q->width, sizeof *q->p, (size_t)SL_QUALITY_ROWS_MAX * 4, err);
  if (rc)
    return rc;
  q->label[q->nlabel++] = (int32_t)label;
  for (size_t k = 0; has_p && k < q->width; k++)
    q->p[q->np++] = p[k];
  q->no_p = q->no_p || !has_p;
  q->n++;
  if (chosen >= 0 && (size_t)chosen < q->classes)
    q->confusion[label * q->classes + (size_t)chosen]++;
  if (has_p)
    q->loss -= log(kept_off(q, q->classes > 2 ? p[label] : label ? p[0] : 1 - p[0]));
  return SL_OK;
}

int sl_quality_add(struct sl_quality *q, double label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  if (isnan(label))
    return SL_OK;
  if (!q->classes) {
    add_number(q, label, p[0]);
    return SL_OK;
  }
  if (!(label >= 0 && label < (double)q->classes && label == floor(label)))
    return sl_err_set(err, SL_EUSAGE, "a label is %g; the model knows the classes 0 to %zu", label, q->classes - 1);
  return add_class(q, (size_t)label, p, has_p, chosen, err);
}

/* ---- the end ---- */

static int by_score(const void *a, const void *b)
{
  double x = ((const struct pair *)a)->score, y = ((const struct pair *)b)->score;
  return (x > y) - (x < y);
}

/* Mann-Whitney: how often a row of the class stands above one of the rest, ties counted half. */
static double auc(struct pair *s, size_t n, uint64_t *inside)
{
  double ranks = 0;
  uint64_t in = 0;
  qsort(s, n, sizeof *s, by_score);
  for (size_t i = 0, j; i < n; i = j) {
    uint64_t tied = 0;
    for (j = i; j < n && s[j].score <= s[i].score; j++)
      tied += s[j].label != 0;
    ranks += (double)tied * ((double)(i + 1) + (double)j) / 2;
    in += tied;
  }
  *inside = in;
  double other = (double)(n - in), mine = (double)in;
  return mine > 0 && other > 0 ? (ranks - mine * (mine + 1) / 2) / (mine * other) : (double)NAN;
}

static int put(sl_quality_fn *fn, void *user, const char *metric, int cls, int other, double value, uint64_t n)
{
  return fn(user, &(struct sl_quality_value){ metric, cls, other, value, n });
}

static int end_numbers(struct sl_quality *q, sl_quality_fn *fn, void *user)
{
  double n = (double)q->n;
  int rc = put(fn, user, "mae", -1, -1, n > 0 ? q->abs / n : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "rmse", -1, -1, n > 0 ? sqrt(q->square / n) : (double)NAN, q->n);
  return rc ? rc : put(fn, user, "r2", -1, -1, n > 1 && q->sum_square > 0 ? 1 - q->square / q->sum_square : (double)NAN, q->n);
}

/* Of each class against the rest; of two classes, of the second alone. */
static int end_auc(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  struct pair *s = sl_calloc(q->nlabel + 1, sizeof *s);
  size_t first = q->classes > 2 ? 0 : 1, told = 0;
  double sum = 0, each[SL_QUALITY_CLASSES_MAX];
  uint64_t inside[SL_QUALITY_CLASSES_MAX];
  int rc = s ? SL_OK : sl_err_nomem(err);
  for (size_t k = first; !rc && k < q->classes; k++) {
    for (size_t i = 0; i < q->nlabel; i++)
      s[i] = (struct pair){ q->p[i * q->width + (q->width > 1 ? k : 0)], (size_t)q->label[i] == k };
    each[k] = auc(s, q->nlabel, &inside[k]);
    told += isnan(each[k]) ? 0 : 1;
    sum += isnan(each[k]) ? 0 : each[k];
  }
  if (!rc)
    rc = put(fn, user, "auc", -1, -1, told ? sum / (double)told : (double)NAN, q->n);
  for (size_t k = first; !rc && q->classes > 2 && k < q->classes; k++)
    rc = put(fn, user, "auc", (int)k, -1, each[k], inside[k]);
  sl_free(s);
  return rc;
}

static uint64_t marginal(const struct sl_quality *q, size_t k, bool of_label)
{
  uint64_t n = 0;
  for (size_t i = 0; i < q->classes; i++)
    n += of_label ? q->confusion[k * q->classes + i] : q->confusion[i * q->classes + k];
  return n;
}

static int end_class(const struct sl_quality *q, size_t k, sl_quality_fn *fn, void *user)
{
  double hit = (double)q->confusion[k * q->classes + k];
  uint64_t there = marginal(q, k, true), said = marginal(q, k, false);
  double precision = said ? hit / (double)said : 0, recall = there ? hit / (double)there : 0;
  int rc = put(fn, user, "precision", (int)k, -1, precision, there);
  if (!rc)
    rc = put(fn, user, "recall", (int)k, -1, recall, there);
  return rc ? rc : put(fn, user, "f1", (int)k, -1, said + there ? 2 * hit / (double)(said + there) : 0, there);
}

int sl_quality_end(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  uint64_t hits = 0;
  if (!q->classes)
    return end_numbers(q, fn, user);
  for (size_t k = 0; k < q->classes; k++)
    hits += q->confusion[k * q->classes + k];
  int rc = put(fn, user, "accuracy", -1, -1, q->n ? (double)hits / (double)q->n : (double)NAN, q->n);
  if (!rc && !q->no_p && q->n)
    rc = end_auc(q, fn, user, err);
  if (!rc && !q->no_p && q->n)
    rc = put(fn, user, "log_loss", -1, -1, q->loss / (double)q->n, q->n);
  for (size_t k = 0; !rc && k < q->classes; k++)
    rc = end_class(q, k, fn, user);
  for (size_t i = 0; !rc && i < q->classes * q->classes; i++)
    rc = put(fn, user, "confusion", (int)(i / q->classes), (int)(i % q->classes), (double)q->confusion[i], q->confusion[i]);
  return rc;
}
