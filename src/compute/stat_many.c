/* compute/stat_many.c: many tests at once: what a p-value is worth among others. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/stat.h"

struct ranked { double p; size_t at; };

static int by_p(const void *a, const void *b)
{
  const struct ranked *x = a, *y = b;
  return x->p < y->p ? -1 : x->p > y->p ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

int sl_stat_bh(const double *p, size_t n, double *q, struct sl_err *err)
{
  struct ranked *r = sl_calloc(n + 1, sizeof *r);
  size_t m = 0;
  if (!r)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    q[i] = (double)NAN;
    if (p[i] >= 0 && p[i] <= 1)
      r[m++] = (struct ranked){ p[i], i };
  }
  qsort(r, m, sizeof *r, by_p);
  double least = 1;
  for (size_t i = m; i-- > 0;) {
    double scaled = r[i].p * ((double)m / (double)(i + 1));
    least = scaled < least ? scaled : least;
    q[r[i].at] = least;
  }
  sl_free(r);
  return SL_OK;
}

void sl_stat_bonferroni(const double *p, size_t n, double *q)
{
  size_t m = 0;
  for (size_t i = 0; i < n; i++)
    m += p[i] >= 0 && p[i] <= 1;
  for (size_t i = 0; i < n; i++)
    q[i] = p[i] >= 0 && p[i] <= 1 ? fmin(1, p[i] * (double)m) : (double)NAN;
}
