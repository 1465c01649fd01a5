/* compute/drift_chance.c: what a statistic comes to by chance: formulas. No distance of two samples is 0: the smaller they are the greater
 * it is, and beside this figure alone does it say something.
 *
 * All are limits for many rows: the share of a cell, or of the values up to one, differs between two samples of one distribution by a
 * normal deviation of variance s (1 - s) (1/n + 1/m). The shares are those of both sides together. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/drift_int.h"
#include "compute/stat_int.h"

#define ROOT_2_BY_PI 0.79788456080286535588   /* the mean of |Z| */

static double by_size(const struct sl_drift_pair *p) { return 1 / (double)p->n[0] + 1 / (double)p->n[1]; }

/* (k - 1) (1/n + 1/m): k - 1 is the mean of a chi-squared with k - 1 degrees. */
double drift_chance_psi(size_t k, const struct sl_drift_pair *p) { return (k ? (double)k - 1 : 0) * by_size(p); }

double drift_chance_spread(const struct sl_drift_pair *p, bool root)
{
  struct stat_sum s = { 0, 0 };
  size_t i = 0, j = 0;
  if (p->known)
    return root ? ROOT_2_BY_PI * sqrt(by_size(p)) * p->known->spread[1] : by_size(p) * p->known->spread[0];
  double n = (double)p->n[0] + (double)p->n[1], v = stat_next_value(p->x[0], p->n[0], p->x[1], p->n[1], &i, &j);
  while (i < p->n[0] || j < p->n[1]) {
    double h = ((double)i + (double)j) / n, next = stat_next_value(p->x[0], p->n[0], p->x[1], p->n[1], &i, &j);
    stat_add(&s, (root ? sqrt(h * (1 - h)) : h * (1 - h)) * (next - v));
    v = next;
  }
  return root ? ROOT_2_BY_PI * sqrt(by_size(p)) * stat_total(&s) : by_size(p) * stat_total(&s);
}

static double deviation(const struct drift_cells *c, const struct sl_drift_pair *p, size_t i)
{
  double n = (double)p->n[0], m = (double)p->n[1], s = (c->count[0][i] * n + c->count[1][i] * m) / (n + m);
  return sqrt(s * (1 - s) * by_size(p));
}

double drift_chance_tvd(const struct drift_cells *c, const struct sl_drift_pair *p)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < c->k; i++)
    stat_add(&s, ROOT_2_BY_PI * deviation(c, p, i) / 2);
  return stat_total(&s);
}

static int descending(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return *x > *y ? -1 : *x < *y;
}

/* The integral from `less` of the probability that any of the deviations is greater, as if they were independent. */
static double mean_of_greatest(const double *sd, size_t k, double less)
{
  enum { STEPS = 400 };
  double top = sd[0] * 8, step = (top - less) / STEPS, sum = 0;
  if (!(step > 0))
    return 0;
  for (int i = 0; i <= STEPS; i++) { /* Simpson */
    double at = less + i * step, none = 1;
    for (size_t j = 0; j < k && none > 0; j++)
      none *= erf(at / (sd[j] * 1.41421356237309504880));
    sum += (1 - none) * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
  }
  return sum * step / 3;
}

double drift_chance_linf(const struct drift_cells *c, const struct sl_drift_pair *p, double less)
{
  enum { MOST = 200 };                     /* rarer ones are never the greatest */
  double *sd = sl_calloc(c->k + 1, sizeof *sd), mean = (double)NAN;
  size_t k = 0;
  for (size_t i = 0; sd && i < c->k; i++)
    if ((sd[k] = deviation(c, p, i)) > 0)
      k++;
  if (sd) {
    qsort(sd, k, sizeof *sd, descending);
    k = k == 2 ? 1 : k < MOST ? k : MOST;  /* what one of two cells gains the other loses */
    mean = k ? mean_of_greatest(sd, k, less) : 0;
  }
  sl_free(sd);
  return mean;
}

/* Kolmogorov's distribution has the mean sqrt(pi / 2) ln 2; far out its tail is 2 exp(-2 x^2). */
double drift_chance_ks(const struct sl_drift_pair *p, double less)
{
  double root = sqrt(by_size(p));
  return less > 0 ? root * 1.25331413731550025121 * erfc(less / root * 1.41421356237309504880) : 0.86873116063615 * root;
}

double drift_chance_t(double df)
{
  if (!(df > 1))
    return (double)NAN;
  return 2 * sqrt(df) / (df - 1) * exp(lgamma((df + 1) / 2) - lgamma(df / 2)) * 0.56418958354775628695;
}
