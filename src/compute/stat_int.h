/* compute/stat_int.h: what the files of the statistics share. */
#ifndef SL_COMPUTE_STAT_INT_H
#define SL_COMPUTE_STAT_INT_H

#include <math.h>

/* ln(n!) less Stirling's formula, for n > 0 that need not be whole. C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000. */
long double stat_stirling_rest(long double n);

/* A sum that carries what rounding lost (Neumaier 1974): exact to an ulp or two in any order. */
struct stat_sum { double hi, lo; };
static inline void stat_add(struct stat_sum *s, double v)
{
  double t = s->hi + v;
  s->lo += fabs(s->hi) >= fabs(v) ? (s->hi - t) + v : (v - t) + s->hi;
  s->hi = t;
}
static inline double stat_total(const struct stat_sum *s) { return isfinite(s->hi) ? s->hi + s->lo : s->hi; }

#endif
