/* compute/drift_count.c: tests of how often each value occurs on both sides. */
#include <math.h>

#include "compute/drift_int.h"

/* ---- the baseline's counts as what is expected ---- */

static void scaled(struct drift_cells *c, double by, bool g, struct sl_drift_result *out)
{
  for (size_t i = 0; i < c->k; i++)
    c->count[0][i] *= by;
  out->statistic = g ? sl_stat_g(c->count[1], c->count[0], c->k) : sl_stat_chi2(c->count[1], c->count[0], c->k);
  out->p = sl_stat_chi2_sf(out->statistic, (double)c->k - 1);
  out->chance = ((double)c->k - 1) * (1 + by); /* the baseline is taken for the truth, but varies too: more than the k - 1 that p assumes */
}

/* scipy refuses sums that differ by more than the root of the rounding unit; Evidently gives it the counts as they are. */
static bool as_many(const struct sl_drift_pair *p)
{
  double n = (double)p->n[0], m = (double)p->n[1];
  return !(fabs(n - m) / fmin(n, m) > 1.4901161193847656e-08);
}

/* ---- both rows against what their margins expect ---- */

/* With one degree of freedom each count goes towards what is expected by at most 1/2 (Yates). */
static void table(const struct drift_cells *c, const struct sl_drift_pair *p, bool g, struct sl_drift_result *out)
{
  double sum = 0, n[2] = { (double)p->n[0], (double)p->n[1] };
  for (size_t i = 0; i < c->k; i++)
    for (size_t s = 0; s < 2; s++) {
      double expected = (c->count[0][i] + c->count[1][i]) * n[s] / (n[0] + n[1]), d = c->count[s][i] - expected;
      d = c->k == 2 ? copysign(fabs(d) - fmin(0.5, fabs(d)), d) : d;
      double obs = expected + d;
      sum += !g ? d * d / expected : obs > 0 ? 2 * obs * log(obs / expected) : 0;
    }
  out->statistic = c->k < 2 ? 0 : sum;
  out->p = c->k < 2 ? 1 : sl_stat_chi2_sf(sum, (double)c->k - 1);
  out->chance = (double)c->k - 1;
}

/* The share of values other than the smallest. */
static void z(const struct drift_cells *c, const struct sl_drift_pair *p, struct sl_drift_result *out)
{
  out->statistic = 0;
  out->p = 1;
  out->chance = 0.79788456080286535588; /* the mean of |z| */
  if (c->k == 1)
    return;
  out->statistic = sl_stat_z(p->n[0] - (size_t)c->count[0][0], p->n[0], p->n[1] - (size_t)c->count[1][0], p->n[1]);
  out->p = sl_stat_norm_two_sided(out->statistic);
}

/* Odds of the first value, the baseline's by the current data's. */
static void fisher(const struct drift_cells *c, struct sl_drift_result *out)
{
  if (c->k > 2)
    return;
  double rest[2] = { c->k == 2 ? c->count[0][1] : 0, c->k == 2 ? c->count[1][1] : 0 };
  sl_stat_fisher((uint64_t)c->count[0][0], (uint64_t)rest[0], (uint64_t)c->count[1][0], (uint64_t)rest[1], &out->statistic, &out->p);
  out->chance = 1;
}

int drift_count(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  int rc = drift_cells_of_values(p, &c, err);
  if (!rc)
    switch (t) {
    case SL_DRIFT_CHI2: scaled(&c, (double)p->n[1] / (double)p->n[0], false, out); break;
    case SL_DRIFT_CHI2_SCIPY: case SL_DRIFT_CHI2_NANNYML: table(&c, p, false, out); break;
    case SL_DRIFT_G: table(&c, p, true, out); break;
    case SL_DRIFT_G_EVIDENTLY: if (as_many(p)) scaled(&c, 1, true, out); break;
    case SL_DRIFT_Z: z(&c, p, out); break;
    case SL_DRIFT_FISHER: fisher(&c, out); break;
    case SL_DRIFT_FISHER_EVIDENTLY: if (p->n[0] == p->n[1]) fisher(&c, out); break;
    default: /* tvd */
      drift_cells_shares(&c, p);
      out->statistic = sl_stat_tvd(c.count[0], c.count[1], c.k);
      out->chance = drift_chance_tvd(&c, p);
    }
  drift_cells_free(&c);
  return rc;
}
