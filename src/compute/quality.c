/* compute/quality.c: labels beside outputs, row by row; the numbers at the end. */
#include "compute/quality_int.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define Z95 1.959963984540054

struct pair { double score; uint32_t at; bool in; };

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
  sl_free(q->truth);
  sl_free(q->row);
  sl_free(q->chosen);
  sl_free(q->confusion);
  sl_free(q);
}

uint64_t sl_quality_count(const struct sl_quality *q) { return q->n; }

void sl_quality_keep(struct sl_quality *q) { q->keep = true; }

/* What every kept row has: which one it is, and the class it was given. */
static int keep_row(struct sl_quality *q, int64_t chosen, struct sl_err *err)
{
  if (q->nlabel >= SL_QUALITY_ROWS_MAX || q->seen > UINT32_MAX)
    return sl_err_set(err, SL_ELIMIT, "quality is worked out over at most %d rows", SL_QUALITY_ROWS_MAX);
  int rc = sl_grow((void **)&q->row, &q->row_cap, q->nlabel + 1, sizeof *q->row, SL_QUALITY_ROWS_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&q->chosen, &q->chosen_cap, q->nlabel + 1, sizeof *q->chosen, SL_QUALITY_ROWS_MAX, err);
  if (rc)
    return rc;
  q->row[q->nlabel] = (uint32_t)(q->seen - 1);
  q->chosen[q->nlabel] = (int16_t)(chosen >= 0 && (size_t)chosen < q->classes ? chosen : -1);
  return SL_OK;
}

static int keep_number(struct sl_quality *q, double label, double p, struct sl_err *err)
{
  int rc = keep_row(q, -1, err);
  if (!rc)
    rc = sl_grow((void **)&q->truth, &q->truth_cap, q->nlabel + 1, sizeof *q->truth, SL_QUALITY_ROWS_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&q->p, &q->p_cap, q->nlabel + 1, sizeof *q->p, SL_QUALITY_ROWS_MAX, err);
  if (rc)
    return rc;
  q->truth[q->nlabel] = label;
  q->p[q->nlabel++] = p;
  return SL_OK;
}

static int add_number(struct sl_quality *q, double label, double p, struct sl_err *err)
{
  double off = p - label, delta = label - q->mean;
  q->n++;
  q->mean += delta / (double)q->n;
  q->sum_square += delta * (label - q->mean);
  q->abs += fabs(off);
  q->square += off * off;
  return q->keep ? keep_number(q, label, p, err) : SL_OK;
}

static double kept_off(const struct sl_quality *q, double p)
{
  return p < q->epsilon ? q->epsilon : p > 1 - q->epsilon ? 1 - q->epsilon : p;
}

static int add_class(struct sl_quality *q, size_t label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  int rc = keep_row(q, chosen, err);
  if (!rc)
    rc = sl_grow((void **)&q->label, &q->label_cap, q->nlabel + 1, sizeof *q->label, SL_QUALITY_ROWS_MAX, err);
  if (!rc && has_p)
    rc = sl_grow((void **)&q->p, &q->p_cap, q->np + q->width, sizeof *q->p, (size_t)SL_QUALITY_ROWS_MAX * 4, err);
  if (rc)
    return rc;
  q->label[q->nlabel++] = (int32_t)label;
  for (size_t k = 0; has_p && k < q->width; k++) {
    q->odd_p = q->odd_p || isnan(p[k]);
    q->p[q->np++] = p[k];
  }
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
  q->seen++;
  if (isnan(label))
    return SL_OK;
  if (!q->classes)
    return add_number(q, label, p[0], err);
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

bool quality_in(const struct sl_quality *q, size_t k, size_t i) { return (size_t)q->label[i] == k; }

static void moments(double x, double *n, double *mean, double *square)
{
  double delta = x - *mean;
  *n += 1;
  *mean += delta / *n;
  *square += delta * (x - *mean);
}

/* Mann-Whitney: how often a row of the class stands above one of the rest, ties counted half. What is summed are halves: exact. */
static void rank_pairs(const struct pair *s, size_t n, double *v, struct quality_auc *out)
{
  double in = (double)out->inside, rest = (double)n - in, sum = 0, below_in = 0, below_rest = 0;
  double m[2] = { 0, 0 }, mean[2] = { 0, 0 }, square[2] = { 0, 0 };
  for (size_t i = 0, j; i < n; i = j) {
    double tied_in = 0;
    for (j = i; j < n && !(s[j].score > s[i].score); j++)
      tied_in += s[j].in;
    double tied_rest = (double)(j - i) - tied_in, of_in = (below_rest + tied_rest / 2) / rest;
    double of_rest = (in - below_in - tied_in / 2) / in;
    sum += tied_in * (below_rest + tied_rest / 2);
    for (size_t k = i; k < j; k++) {
      double share = s[k].in ? of_in : of_rest;
      moments(share, &m[s[k].in], &mean[s[k].in], &square[s[k].in]);
      if (v)
        v[s[k].at] = share;
    }
    below_in += tied_in;
    below_rest += tied_rest;
  }
  out->value = sum / (in * rest);
  out->var = in > 1 && rest > 1 ? square[1] / (in - 1) / in + square[0] / (rest - 1) / rest : (double)NAN;
}

int quality_auc(const struct sl_quality *q, size_t k, double *v, struct quality_auc *out, struct sl_err *err)
{
  size_t n = q->nlabel;
  struct pair *s = sl_calloc(n + 1, sizeof *s);
  *out = (struct quality_auc){ .value = (double)NAN, .var = (double)NAN };
  if (!s)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    s[i] = (struct pair){ q->p[i * q->width + (q->width > 1 ? k : 0)], (uint32_t)i, quality_in(q, k, i) };
    out->inside += s[i].in;
  }
  if (out->inside && out->inside < n && !q->odd_p) {
    qsort(s, n, sizeof *s, by_score);
    rank_pairs(s, n, v, out);
  }
  sl_free(s);
  return SL_OK;
}

static int put(sl_quality_fn *fn, void *user, const char *metric, int cls, int other, double value, uint64_t n)
{
  return fn(user, &(struct sl_quality_value){ metric, cls, other, value, n, (double)NAN, (double)NAN });
}

static int put_auc(sl_quality_fn *fn, void *user, int cls, const struct quality_auc *a, uint64_t n)
{
  double half = Z95 * sqrt(a->var), low = a->value - half, high = a->value + half;
  return fn(user, &(struct sl_quality_value){ "auc", cls, -1, a->value, n, low < 0 ? 0 : low, high > 1 ? 1 : high });
}

/* hits of n. */
static int put_share(sl_quality_fn *fn, void *user, const char *metric, int cls, uint64_t hits, uint64_t n, double none)
{
  double x = (double)hits, of = (double)n, z2 = Z95 * Z95;
  struct sl_quality_value v = { metric, cls, -1, none, n, (double)NAN, (double)NAN };
  if (n) {
    double mid = (x + z2 / 2) / (of + z2), half = Z95 / (of + z2) * sqrt(x * (of - x) / of + z2 / 4);
    v.value = x / of;
    v.low = hits ? mid - half : 0;
    v.high = hits < n ? mid + half : 1;
  }
  return fn(user, &v);
}

static int end_numbers(struct sl_quality *q, sl_quality_fn *fn, void *user)
{
  double n = (double)q->n;
  int rc = put(fn, user, "mae", -1, -1, n > 0 ? q->abs / n : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "rmse", -1, -1, n > 0 ? sqrt(q->square / n) : (double)NAN, q->n);
  return rc ? rc : put(fn, user, "r2", -1, -1, n > 1 && q->sum_square > 0 ? 1 - q->square / q->sum_square : (double)NAN, q->n);
}

/* Of each class against the rest; of two classes, of the second alone. The mean of several has no interval. */
static int end_auc(const struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  struct quality_auc each[SL_QUALITY_CLASSES_MAX], mean = { 0, (double)NAN, 0 };
  size_t first = q->classes > 2 ? 0 : 1, told = 0;
  int rc = SL_OK;
  for (size_t k = first; !rc && k < q->classes; k++) {
    rc = quality_auc(q, k, NULL, &each[k], err);
    told += isnan(each[k].value) ? 0 : 1;
    mean.value += isnan(each[k].value) ? 0 : each[k].value;
  }
  mean.value = told ? mean.value / (double)told : (double)NAN;
  if (!rc)
    rc = put_auc(fn, user, -1, q->classes == 2 ? &each[1] : &mean, q->n);
  for (size_t k = first; !rc && q->classes > 2 && k < q->classes; k++)
    rc = put_auc(fn, user, (int)k, &each[k], each[k].inside);
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
  uint64_t hits = q->confusion[k * q->classes + k], there = marginal(q, k, true), said = marginal(q, k, false);
  int rc = put_share(fn, user, "precision", (int)k, hits, said, 0);
  if (!rc)
    rc = put_share(fn, user, "recall", (int)k, hits, there, 0);
  return rc ? rc : put(fn, user, "f1", (int)k, -1, said + there ? 2 * (double)hits / (double)(said + there) : 0, there);
}

int sl_quality_end(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  uint64_t hits = 0;
  if (!q->classes)
    return end_numbers(q, fn, user);
  for (size_t k = 0; k < q->classes; k++)
    hits += q->confusion[k * q->classes + k];
  int rc = put_share(fn, user, "accuracy", -1, hits, q->n, (double)NAN);
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
