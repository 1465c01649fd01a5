/* compute/stat_int.h: what the files of the statistics share. */
#ifndef SL_COMPUTE_STAT_INT_H
#define SL_COMPUTE_STAT_INT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ln(n!) less Stirling's formula, for n > 0 that need not be whole. C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000. */
long double stat_stirling_rest(long double n);

/* x ln(x / m) + m - x, also where x is near m and all of it cancels. */
long double stat_deviance(long double x, long double m);

/* How many of the first `rank` values of two sorted samples merged come from a; of equal ones a's come first. */
size_t stat_from_first(const double *a, size_t na, const double *b, size_t nb, size_t rank);
/* Steps over the next value that either of two sorted samples has; *i and *j are then how many are <= it. */
double stat_next_value(const double *a, size_t na, const double *b, size_t nb, size_t *i, size_t *j);

/* P(U >= u) of Mann and Whitney's statistic without ties, counted. Allocates while it works. */
int stat_mannwhitney_tail(size_t u, size_t na, size_t nb, double *p, struct sl_err *err) SL_NODISCARD;
/* P(U >= u) of Cramer and von Mises' U, given four times, counted; both sizes at most 20. Allocates while it works. */
int stat_cvm_exact(uint64_t four_u, size_t na, size_t nb, double *p, struct sl_err *err) SL_NODISCARD;
/* P(W >= t) of the statistic's limit, by scipy's sum, which leaves out terms below 1e-7: below some 1e-6 it is that sum's and no more. */
double stat_cvm_limit(double t);

/* A sum that carries what rounding lost (Neumaier 1974): exact to an ulp or two in any order. */
struct stat_sum { double hi, lo; };
/* s zeroed: 0. The total is infinite or NaN as a plain sum would be. */
static inline void stat_add(struct stat_sum *s, double v)
{
  double t = s->hi + v;
  s->lo += fabs(s->hi) >= fabs(v) ? (s->hi - t) + v : (v - t) + s->hi;
  s->hi = t;
}
static inline double stat_total(const struct stat_sum *s) { return isfinite(s->hi) ? s->hi + s->lo : s->hi; }   /* the sum so far */

#endif
