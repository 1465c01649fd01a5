/* compute/quality_fit.c: of predicted numbers, what a chart shows of them: a sample of the rows, predicted beside true, and how the errors
 * are spread. Both rest on the rows that were kept. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/quality_int.h"

enum { SAMPLE = 300, STEPS = 64 };

/* Rows at even distances, so that the same data gives the same ones and two models show the same. */
static int sample(const struct sl_quality *q, sl_quality_point_fn *fn, void *user)
{
  size_t n = q->nlabel < SAMPLE ? q->nlabel : SAMPLE;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < n; i++) {
    size_t at = i * q->nlabel / n;
    rc = fn(user, &(struct sl_quality_point){ "predicted", -1, q->row[at], q->truth[at], q->p[at], (double)NAN, (double)NAN,
                                              (double)NAN, 1 });
  }
  return rc;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t errors(const struct sl_quality *q, double *e)
{
  size_t n = 0;
  for (size_t i = 0; i < q->nlabel; i++) {
    e[n] = q->p[i] - q->truth[i];
    n += isnan(e[n]) ? 0 : 1;
  }
  qsort(e, n, sizeof *e, by_value);
  return n;
}

/* numpy's quantiles, between neighbours in proportion. */
static double quantile(const double *e, size_t n, double share)
{
  double where = share * (double)(n - 1), part;
  size_t at = (size_t)where;
  part = where - (double)at;
  if (at + 1 >= n)
    return e[n - 1];
  return part >= 0.5 ? e[at + 1] - (e[at + 1] - e[at]) * (1 - part) : e[at] + (e[at + 1] - e[at]) * part;
}

static int residuals(const struct sl_quality *q, sl_quality_point_fn *fn, void *user, struct sl_err *err)
{
  double *e = sl_realloc_array(NULL, q->nlabel, sizeof *e);
  int rc = e ? SL_OK : sl_err_nomem(err);
  size_t n = e ? errors(q, e) : 0;
  for (size_t i = 0; !rc && n && i <= STEPS; i++) {
    double share = (double)i / STEPS;
    rc = fn(user, &(struct sl_quality_point){ "residual", -1, i, share, quantile(e, n, share), (double)NAN, (double)NAN, (double)NAN, n });
  }
  sl_free(e);
  return rc;
}

int quality_fit(const struct sl_quality *q, sl_quality_point_fn *fn, void *user, struct sl_err *err)
{
  if (!q->truth || !q->nlabel)
    return SL_OK;
  int rc = sample(q, fn, user);
  return rc ? rc : residuals(q, fn, user, err);
}
