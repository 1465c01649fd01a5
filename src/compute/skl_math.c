/* compute/skl_math.c: the formulas that several estimators share, as scipy and scikit-learn write them. */
#include <math.h>

#include "compute/skl_int.h"

double skl_expit(double x) { return 1 / (1 + exp(-x)); }

/* Near one half the difference of two logarithms keeps the digits that the quotient loses. */
double skl_logit(double p)
{
  double s = 2 * (p - 0.5);
  return p < 0.3 || p > 0.65 ? log(p / (1 - p)) : log1p(s) - log1p(-s);
}

void skl_softmax(double *p, size_t n)
{
  double most = p[skl_best(p, n)], sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += p[i] = exp(p[i] - most);
  for (size_t i = 0; i < n; i++)
    p[i] /= sum;
}

size_t skl_best(const double *p, size_t n)
{
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = p[i] > p[best] ? i : best;
  return best;
}
