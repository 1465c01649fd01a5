/* compute/hll.c: HyperLogLog: merging, and Ertl's estimator. */
#include "compute/hll.h"

#include <math.h>

void sl_hll_merge(struct sl_hll *h, const struct sl_hll *other)
{
  for (int i = 0; i < SL_HLL_REGISTERS; i++)
    h->reg[i] = other->reg[i] > h->reg[i] ? other->reg[i] : h->reg[i];
}

/* sum of x^(2^k) 2^(k-1), for the share of registers that are 0 */
static double sigma(double x)
{
  double y = 1, z = x, before;
  if (x >= 1)
    return (double)INFINITY;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z > before);
  return z;
}

/* for the share of registers that are not full */
static double tau(double x)
{
  double y = 1, z = 1 - x, before;
  if (x <= 0 || x >= 1)
    return 0;
  do {
    x = sqrt(x);
    before = z;
    y /= 2;
    z -= (1 - x) * (1 - x) * y;
  } while (z < before);
  return z / 3;
}

double sl_hll_count(const struct sl_hll *h)
{
  static const double m = SL_HLL_REGISTERS, alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
  uint32_t with[SL_HLL_RANK_MAX + 1] = { 0 };
  for (int i = 0; i < SL_HLL_REGISTERS; i++)
    with[h->reg[i] <= SL_HLL_RANK_MAX ? h->reg[i] : SL_HLL_RANK_MAX]++;
  double z = m * tau(1 - with[SL_HLL_RANK_MAX] / m);
  for (int k = SL_HLL_RANK_MAX - 1; k >= 1; k--)
    z = 0.5 * (z + with[k]);
  z += m * sigma(with[0] / m);
  return alpha * m * m / z;
}
