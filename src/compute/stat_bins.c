/* compute/stat_bins.c: edges as numpy 2 makes them, to the last bit, since a value on an edge belongs to one bin or the other. */
#include <math.h>

#include "base/mem.h"
#include "compute/stat.h"
#include "compute/stat_int.h"

enum { BINS_MAX = 1 << 20 };

/* Step by step in float, since numpy computes edges in the type of the values. */
static void linspace32(float lo, float hi, size_t k, double *edges)
{
  float step = (hi - lo) / (float)k;
  for (size_t i = 0; i < k; i++) {
    float at = step != 0 ? (float)i * step : (float)i / (float)k * (hi - lo);
    edges[i] = (double)(at + lo);
  }
  edges[k] = (double)hi;
}

void sl_stat_linspace(double lo, double hi, size_t k, enum sl_stat_width w, double *edges)
{
  if (w == SL_STAT_F32) {
    linspace32((float)lo, (float)hi, k, edges);
    return;
  }
  double step = (hi - lo) / (double)k;
  for (size_t i = 0; i < k; i++)
    edges[i] = (step != 0 ? (double)i * step : (double)i / (double)k * (hi - lo)) + lo;
  edges[k] = hi;
}

/* Sturges' rule: a range of n values into ceil(log2(n) + 1) bins, but by way of the width, so that rounding may add one. */
static double sturges_bins(double range, size_t n, enum sl_stat_width w)
{
  double width = range / (log2((double)n) + 1);
  if (!(width > 0))
    return 1;
  if (w == SL_STAT_INT && width < 1)
    width = 1;
  return ceil(range / width);
}

static int make_edges(double lo, double hi, double range, double k, enum sl_stat_width w, double **edges, size_t *nbins, struct sl_err *err)
{
  if (range == 0) {
    lo = w == SL_STAT_F32 ? (double)((float)lo - 0.5f) : lo - 0.5;
    hi = w == SL_STAT_F32 ? (double)((float)hi + 0.5f) : hi + 0.5;
  }
  if (!isfinite(range) || k > BINS_MAX)
    return sl_err_set(err, SL_ELIMIT, "the values reach from %g to %g, which no histogram holds", lo, hi);
  *nbins = (size_t)k;
  *edges = sl_calloc(*nbins + 1, sizeof **edges);
  if (!*edges)
    return sl_err_nomem(err);
  sl_stat_linspace(lo, hi, *nbins, w, *edges);
  return SL_OK;
}

int sl_stat_sturges(double lo, double hi, size_t n, enum sl_stat_width w, double **edges, size_t *nbins, struct sl_err *err)
{
  double range = w == SL_STAT_F32 ? (double)((float)hi - (float)lo) : hi - lo;
  return make_edges(lo, hi, range, sturges_bins(range, n, w), w, edges, nbins, err);
}

/* NaN: of few values, or of one. */
static double skewness(const double *x, size_t n)
{
  double m = sl_stat_mean(x, n), sd = sl_stat_std(x, n);
  struct stat_sum s = { 0, 0 };
  if (n <= 2 || !(sd > 0))
    return (double)NAN;
  for (size_t i = 0; i < n; i++) {
    double z = (x[i] - m) / sd;
    stat_add(&s, z * z * z);
  }
  return stat_total(&s) / (double)n;
}

/* Doane 1976: by the skewness beside its own standard deviation. */
int sl_stat_doane_of(double lo, double hi, size_t n, double skew, double **edges, size_t *nbins, struct sl_err *err)
{
  double N = (double)n, width = n > 2 && !isnan(skew) ? (hi - lo) / (1 + log2(N) + log2(1 + fabs(skew) /
                                                                                      sqrt(6 * (N - 2) / ((N + 1) * (N + 3))))) : 0;
  return make_edges(lo, hi, hi - lo, width > 0 ? ceil((hi - lo) / width) : 1, SL_STAT_F64, edges, nbins, err);
}

int sl_stat_doane(const double *sorted, size_t n, double **edges, size_t *nbins, struct sl_err *err)
{
  return sl_stat_doane_of(sorted[0], sorted[n - 1], n, skewness(sorted, n), edges, nbins, err);
}

void sl_stat_count(const double *sorted, size_t n, const double *edges, size_t k, double *counts)
{
  size_t before = sl_stat_below(sorted, n, edges[0]);
  for (size_t i = 0; i < k; i++) {
    size_t upto = i + 1 < k ? sl_stat_below(sorted, n, edges[i + 1]) : sl_stat_upto(sorted, n, edges[k]);
    counts[i] = (double)upto - (double)before;
    before = upto;
  }
}
