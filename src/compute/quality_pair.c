/* compute/quality_pair.c: two models over the same rows: is their difference noise, and which rows make it; of one model, the rows
 * that it gets wrong. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/quality_int.h"
#include "compute/stat.h"

static bool same_labels(const struct sl_quality *a, const struct sl_quality *b)
{
  for (size_t i = 0; i < a->nlabel; i++)
    if (a->row[i] != b->row[i] || (a->classes ? a->label[i] != b->label[i] : a->truth[i] < b->truth[i] || a->truth[i] > b->truth[i]))
      return false;
  return true;
}

int sl_quality_comparable(const struct sl_quality *a, const struct sl_quality *b, struct sl_err *err)
{
  if (!a->classes != !b->classes)
    return sl_err_set(err, SL_EUSAGE, "one model predicts classes, the other numbers: there is nothing to compare");
  if (a->classes != b->classes)
    return sl_err_set(err, SL_EUSAGE, "one model knows %zu classes, the other %zu: there is nothing to compare", a->classes, b->classes);
  if (a->nlabel != b->nlabel || !same_labels(a, b))
    return sl_err_set(err, SL_EUSAGE, "the data gave other rows when it was read again: a query needs an order, and no chance in it");
  return SL_OK;
}

/* ---- noise ---- */

/* Of the rows that one of them alone gets right, as many on one side as here or more, if both were as good. */
double sl_quality_mcnemar(const struct sl_quality *a, const struct sl_quality *b)
{
  uint64_t only[2] = { 0, 0 };
  for (size_t i = 0; a->classes && i < a->nlabel; i++) {
    bool right[2] = { a->chosen[i] == a->label[i], b->chosen[i] == b->label[i] };
    if (right[0] != right[1])
      only[right[1]]++;
  }
  uint64_t less = only[0] < only[1] ? only[0] : only[1], all = only[0] + only[1];
  if (!a->classes || !a->nlabel)
    return (double)NAN;
  if (only[0] == only[1])
    return 1;
  long double n = (long double)all, k = (long double)less, sum = 0;
  long double term = expl(lgammal(n + 1) - lgammal(k + 1) - lgammal(n - k + 1) - n * logl(2.0L));
  for (; k >= 0 && term > sum * 1e-22L; k--) {
    sum += term;
    term *= k / (n - k + 1);
  }
  double p = (double)(2 * sum);
  return p > 1 ? 1 : p;
}

/* Variance of the difference of the means of both sides: rows of the class, and the rest, are drawn apart from each other. */
static double var_of_difference(const struct sl_quality *q, size_t cls, const double *va, const double *vb)
{
  double n[2] = { 0, 0 }, mean[2] = { 0, 0 }, square[2] = { 0, 0 };
  for (size_t i = 0; i < q->nlabel; i++) {
    int in = quality_in(q, cls, i);
    double d = va[i] - vb[i], delta = d - mean[in];
    n[in] += 1;
    mean[in] += delta / n[in];
    square[in] += delta * (d - mean[in]);
  }
  return n[0] > 1 && n[1] > 1 ? square[0] / (n[0] - 1) / n[0] + square[1] / (n[1] - 1) / n[1] : (double)NAN;
}

int sl_quality_delong(const struct sl_quality *a, const struct sl_quality *b, size_t cls, double *p, struct sl_err *err)
{
  *p = (double)NAN;
  if (!a->classes || a->no_p || b->no_p || !a->nlabel)
    return SL_OK;
  double *va = sl_calloc(a->nlabel, sizeof *va), *vb = sl_calloc(a->nlabel, sizeof *vb);
  struct quality_auc x, y;
  int rc = va && vb ? quality_auc(a, cls, va, &x, err) : sl_err_nomem(err);
  if (!rc)
    rc = quality_auc(b, cls, vb, &y, err);
  if (!rc && !isnan(x.value) && !isnan(y.value)) {
    double off = x.value - y.value, var = var_of_difference(a, cls, va, vb);
    if (var > 0)
      *p = sl_stat_norm_two_sided(off / sqrt(var));
    else if (!isnan(var) && !(fabs(off) > 0)) /* they rank alike */
      *p = 1;
  }
  sl_free(va);
  sl_free(vb);
  return rc;
}

/* ---- rows ---- */

static double given(const struct sl_quality *q, size_t i, int cls)
{
  if (q->no_p || cls < 0)
    return (double)NAN;
  return q->width > 1 ? q->p[i * q->width + (size_t)cls] : q->p[i];
}

/* How far two outputs of a row lie apart: the greatest difference of a probability, or of the numbers; classes alone: 1. */
static double apart(const struct sl_quality *a, const struct sl_quality *b, size_t i)
{
  double most = 0;
  if (a->no_p || b->no_p)
    return 1;
  for (size_t k = 0; k < a->width; k++) {
    double d = fabs(a->p[i * a->width + k] - b->p[i * b->width + k]);
    most = d > most || isnan(d) ? d : most;
  }
  return isnan(most) ? (double)INFINITY : most;
}

/* How sure of what is wrong. */
static double wrong_by(const struct sl_quality *q, size_t i)
{
  if (!q->classes)
    return fabs(q->p[i] - q->truth[i]);
  if (q->no_p || q->chosen[i] < 0)
    return 1;
  return q->width > 1 ? q->p[i * q->width + (size_t)q->chosen[i]] - q->p[i * q->width + (size_t)q->label[i]] : fabs(q->p[i] - 0.5);
}

static bool wanted(const struct sl_quality *a, const struct sl_quality *b, size_t i)
{
  if (!a->classes)
    return b ? a->p[i] < b->p[i] || a->p[i] > b->p[i] : wrong_by(a, i) > 0;
  return b ? a->chosen[i] != b->chosen[i] : a->chosen[i] != a->label[i];
}

static void fill(const struct sl_quality *a, const struct sl_quality *b, size_t i, double by, struct sl_quality_row *r)
{
  *r = (struct sl_quality_row){ .row = a->row[i], .apart = by, .a = -1, .b = -1, .pa = (double)NAN, .pb = (double)NAN,
                                .label = a->classes ? (double)a->label[i] : a->truth[i] };
  if (!a->classes) {
    r->pa = a->p[i];
    r->pb = b ? b->p[i] : (double)NAN;
    return;
  }
  r->a = a->chosen[i];
  r->pa = given(a, i, r->a);
  r->b = b ? b->chosen[i] : -1;
  r->pb = b ? given(b, i, r->b) : (double)NAN;
}

void sl_quality_rows(const struct sl_quality *a, const struct sl_quality *b, struct sl_quality_row *out, size_t max, size_t *n,
                     uint64_t *all)
{
  *n = 0;
  *all = 0;
  for (size_t i = 0; (a->classes || a->keep) && i < a->nlabel; i++) {
    if (!wanted(a, b, i))
      continue;
    double by = b ? apart(a, b, i) : wrong_by(a, i);
    size_t at = *n;
    ++*all;
    while (at > 0 && by > out[at - 1].apart)
      at--;
    if (at >= max)
      continue;
    *n += *n < max;
    for (size_t k = *n - 1; k > at; k--)
      out[k] = out[k - 1];
    fill(a, b, i, by, &out[at]);
  }
}
