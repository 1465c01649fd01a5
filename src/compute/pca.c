/* compute/pca.c: principal components of a baseline, row by row, in memory that does not grow with the rows. */
#include "compute/pca.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/stat.h"
#include "compute/stat_int.h"

enum { BLOCK = 1024 };
#define EXPLAINED 0.65         /* NannyML's n_components */

int sl_pca_open(struct sl_pca *p, size_t d, struct sl_err *err)
{
  *p = (struct sl_pca){ .d = d };
  if (!d || d > SL_PCA_FEATURES)
    return sl_err_set(err, SL_ELIMIT, "%zu features; pca takes up to %d", d, SL_PCA_FEATURES);
  p->mean = sl_calloc(d, sizeof *p->mean);
  p->scale = sl_calloc(d, sizeof *p->scale);
  p->z = sl_calloc(2 * d, sizeof *p->z);
  p->block = sl_calloc(d * d, sizeof *p->block);
  p->co = sl_calloc(d * d, sizeof *p->co);
  p->lost = sl_calloc(d * d, sizeof *p->lost);
  p->vector = sl_calloc(d * d, sizeof *p->vector);
  if (p->mean && p->scale && p->z && p->block && p->co && p->lost && p->vector)
    return SL_OK;
  sl_pca_free(p);
  return sl_err_nomem(err);
}

void sl_pca_free(struct sl_pca *p)
{
  double *const all[] = { p->mean, p->scale, p->z, p->block, p->co, p->lost, p->vector };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    sl_free(all[i]);
  *p = (struct sl_pca){ .d = 0 };
}

/* ---- the baseline ---- */

static void end_block(struct sl_pca *p)
{
  for (size_t i = 0; i < p->d * p->d; i++) {
    struct stat_sum s = { p->co[i], p->lost[i] };
    stat_add(&s, p->block[i]);
    p->co[i] = s.hi;
    p->lost[i] = s.lo;
    p->block[i] = 0;
  }
}

void sl_pca_add(struct sl_pca *p, const double *row)
{
  size_t d = p->d;
  double *z = p->z;
  for (size_t i = 0; i < d; i++)
    z[i] = isnan(row[i]) ? 0 : row[i] - p->mean[i];
  for (size_t i = 0; i < d; i++) {
    double *to = p->block + i * d, by = z[i];
    for (size_t j = 0; j <= i; j++)
      to[j] += by * z[j];
  }
  if (++p->n % BLOCK == 0)
    end_block(p);
}

/* scikit-learn's rule for what does not vary but by rounding: it is not divided by anything. */
static double scale_of(double var, double mean, double n)
{
  double rounding = n * mean * DBL_EPSILON;
  return var <= n * DBL_EPSILON * var + rounding * rounding ? 1 : sqrt(var);
}

int sl_pca_fit(struct sl_pca *p, struct sl_err *err)
{
  size_t d = p->d;
  double n = (double)p->n, total = 0, sum = 0, *value = p->z;
  end_block(p);
  for (size_t i = 0; i < d; i++)
    p->scale[i] = scale_of((p->co[i * d + i] + p->lost[i * d + i]) / n, p->mean[i], n);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      double v = (p->co[i * d + j] + p->lost[i * d + j]) / p->scale[i] / p->scale[j] / (n - 1);
      p->block[i * d + j] = p->block[j * d + i] = v;
    }
  sl_stat_eigen(p->block, d, value, p->vector);
  for (size_t i = 0; i < d; i++) {
    value[i] = value[i] > 0 ? value[i] : 0;
    total += value[i];
  }
  if (!(total > 0) || !isfinite(total))
    return sl_err_set(err, SL_EPARSE, "no feature of the baseline varies");
  for (p->k = 0; p->k < d && sum <= EXPLAINED; p->k++)
    sum += value[p->k] / total;
  return SL_OK;
}

/* ---- any row ---- */

double sl_pca_error(struct sl_pca *p, const double *row)
{
  size_t d = p->d;
  double *z = p->z, *rest = p->z + d, sum = 0;
  for (size_t i = 0; i < d; i++)
    rest[i] = z[i] = isnan(row[i]) ? 0 : (row[i] - p->mean[i]) / p->scale[i];
  for (size_t c = 0; c < p->k; c++) {
    const double *v = p->vector + c * d;
    double along = 0;
    for (size_t i = 0; i < d; i++)
      along += z[i] * v[i];
    for (size_t i = 0; i < d; i++)
      rest[i] -= along * v[i];
  }
  for (size_t i = 0; i < d; i++)
    sum += rest[i] * rest[i];
  return sqrt(sum);
}
