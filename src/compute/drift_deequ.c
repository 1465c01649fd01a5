/* compute/drift_deequ.c: Deequ 2.0.7's distances (analyzers/Distance.scala, QuantileNonSample.scala), where they are its own.
 *
 * Its rank map keeps one of equal values, so that its distance of numbers is that of the distinct ones. We follow while its sketch holds
 * every value; beyond, where what it keeps is left to chance, all values are compared. Of its chi-squared test small categories of the
 * baseline join their next greater, until what is expected of each is enough to trust it. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/drift_int.h"

enum { COCHRAN = 10, YATES = 5 };   /* expected at least, of two categories and of more */

static size_t least(const double *x, size_t k)
{
  size_t at = 0;
  for (size_t i = 1; i < k; i++)
    at = x[i] < x[at] ? i : at;
  return at;
}

/* Of more than two a fifth may be below. */
static bool enough(const double *expected, size_t k)
{
  size_t below = 0, may = k > 2 ? (size_t)(0.2 * (double)k) : 0;
  for (size_t i = 0; i < k; i++)
    below += expected[i] < (k > 2 ? YATES : COCHRAN);
  return below <= may;
}

static void drop(double *x, size_t at, size_t k) { memmove(x + at, x + at + 1, (k - at - 1) * sizeof *x); }

/* Values that the baseline never had are left out, as there. */
static size_t known(struct drift_cells *c, double *seen)
{
  size_t k = 0;
  *seen = 0;
  for (size_t i = 0; i < c->k; i++)
    if (c->count[0][i] > 0) {
      c->count[0][k] = c->count[0][i];
      c->count[1][k] = c->count[1][i];
      *seen += c->count[1][k++];
    }
  return k;
}

int drift_deequ_chi2(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  double seen;
  int rc = drift_cells_of_values(p, &c, err);
  if (rc)
    return rc;
  double *expected = c.count[0], *obs = c.count[1];
  size_t k = known(&c, &seen);
  for (size_t i = 0; i < k; i++)
    expected[i] = expected[i] / (double)p->n[0] * seen;
  while (k >= 2 && !enough(expected, k)) {
    size_t at = least(expected, k);
    double e = expected[at], o = obs[at];
    drop(expected, at, k);
    drop(obs, at, k--);
    at = least(expected, k);
    expected[at] += e;
    obs[at] += o;
  }
  if (k >= 2 && seen > 0) {
    out->statistic = sl_stat_chi2(obs, expected, k);
    out->p = sl_stat_chi2_sf(out->statistic, (double)k - 1);
    out->chance = ((double)k - 1) * (1 + seen / (double)p->n[0]);
  }
  drift_cells_free(&c);
  return rc;
}

/* Where it is small enough, the distinct ones of a sorted sample, as its sketch would give them back, in out. */
static void keep(struct sl_drift_pair *p, size_t s, double out[SL_DRIFT_DEEQU_DISTINCT])
{
  const double *x = p->x[s];
  size_t k = 0;
  if (p->n[s] > SL_DRIFT_DEEQU_DISTINCT)
    return;
  for (size_t i = 0; i < p->n[s]; i++)
    if (!i || x[i] > x[i - 1])
      out[k++] = x[i];
  p->x[s] = out;
  p->n[s] = k;
}

/* The engine has told equal ones apart already. */
static int known_linf(const struct sl_drift_pair *p, bool robust, struct sl_drift_result *out)
{
  struct sl_drift_pair own = *p;
  double n = p->known->n_once[0], m = p->known->n_once[1];
  own.n[0] = (size_t)n;
  own.n[1] = (size_t)m;
  out->statistic = robust ? sl_stat_linf_robust(p->known->ks_once, own.n[0], own.n[1]) : p->known->ks_once;
  out->chance = drift_chance_ks(&own, robust ? 1.8 * sqrt((n + m) / (n * m)) : 0);
  return SL_OK;
}

int drift_deequ_linf(const struct sl_drift_pair *p, bool robust, struct sl_drift_result *out, struct sl_err *err)
{
  struct sl_drift_pair own = *p;
  if (p->known)
    return known_linf(p, robust, out);
  double *x = sl_calloc(2 * SL_DRIFT_DEEQU_DISTINCT, sizeof *x);
  if (!x)
    return sl_err_nomem(err);
  keep(&own, 0, x);
  keep(&own, 1, x + SL_DRIFT_DEEQU_DISTINCT);
  double n = (double)own.n[0], m = (double)own.n[1];
  out->statistic = sl_stat_ks(own.x[0], own.n[0], own.x[1], own.n[1]);
  if (robust)
    out->statistic = sl_stat_linf_robust(out->statistic, own.n[0], own.n[1]);
  out->chance = drift_chance_ks(&own, robust ? 1.8 * sqrt((n + m) / (n * m)) : 0);
  sl_free(x);
  return SL_OK;
}
