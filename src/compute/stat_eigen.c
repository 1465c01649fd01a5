/* compute/stat_eigen.c: eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's rotations: slow beyond a few hundred rows, and as
 * exact as can be, small eigenvalues too. */
#include <math.h>
#include <string.h>

#include "compute/stat.h"

static double off_diagonal(const double *a, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++)
      sum += a[i * n + j] * a[i * n + j];
  return sum;
}

/* x, y = c x - s y, s x + c y over a row or a column. */
static void turn(double *x, double *y, size_t n, size_t by, double c, double s)
{
  for (size_t i = 0; i < n * by; i += by) {
    double p = x[i], q = y[i];
    x[i] = c * p - s * q;
    y[i] = s * p + c * q;
  }
}

static void rotate(double *a, double *v, size_t n, size_t p, size_t q)
{
  double apq = a[p * n + q];
  if (apq == 0)
    return;
  double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
  turn(&a[p], &a[q], n, n, c, s);
  turn(&a[p * n], &a[q * n], n, 1, c, s);
  a[p * n + q] = a[q * n + p] = 0;
  turn(&v[p * n], &v[q * n], n, 1, c, s);
}

static void swap_rows(double *x, double *y, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double t = x[i];
    x[i] = y[i];
    y[i] = t;
  }
}

void sl_stat_eigen(double *a, size_t n, double *value, double *vector)
{
  enum { SWEEPS = 100 };
  memset(vector, 0, n * n * sizeof *vector);
  for (size_t i = 0; i < n; i++)
    vector[i * n + i] = 1;
  for (int sweep = 0; sweep < SWEEPS && off_diagonal(a, n) > 0; sweep++)
    for (size_t p = 0; p < n; p++)
      for (size_t q = p + 1; q < n; q++)
        rotate(a, vector, n, p, q);
  for (size_t i = 0; i < n; i++)
    value[i] = a[i * n + i];
  for (size_t i = 0; i < n; i++) {
    size_t top = i;
    for (size_t k = i + 1; k < n; k++)
      top = value[k] > value[top] ? k : top;
    double v = value[i];
    value[i] = value[top];
    value[top] = v;
    if (top != i)
      swap_rows(&vector[i * n], &vector[top * n], n);
  }
}
