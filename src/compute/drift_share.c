/* compute/drift_share.c: distances of the shares of both sides in the same cells. */
#include <math.h>

#include "compute/drift_int.h"

/* Evidently's get_binned_data(): bins where the baseline has more than 20 values, else a cell for each value. As shares. */
static int evidently_cells(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err)
{
  bool bins = p->kind == SL_DRIFT_NUMERIC && drift_distinct_base(p) > DRIFT_BINNED_OVER;
  int rc = bins ? drift_cells_of_bins(p, p->n[0] + p->n[1], c, err) : drift_cells_of_values(p, c, err);
  if (!rc)
    drift_cells_shares(c, p);
  return rc;
}

/* Evidently's "feel_zeroes": an empty cell gets 0.0001, or a millionth of the smallest share where that is not above 0.0001. */
static void fill(double *share, size_t k)
{
  double least = (double)INFINITY;
  for (size_t i = 0; i < k; i++)
    least = share[i] != 0 && share[i] < least ? share[i] : least;
  for (size_t i = 0; i < k; i++)
    if (share[i] == 0)
      share[i] = least <= 0.0001 ? least / 1e6 : 0.0001;
}

static int psi_kl_js(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  int rc = evidently_cells(p, &c, err);
  if (!rc && t != SL_DRIFT_JS) {
    fill(c.count[0], c.k);
    fill(c.count[1], c.k);
  }
  if (!rc) {
    const double *r = c.count[0], *q = c.count[1];
    double psi = drift_chance_psi(c.k, p); /* to second order kl is half of it, the square of js an eighth */
    out->statistic = t == SL_DRIFT_PSI ? sl_stat_psi(r, q, c.k) : t == SL_DRIFT_KL ? sl_stat_kl(r, q, c.k) : sl_stat_js(r, q, c.k, 0);
    out->chance = t == SL_DRIFT_PSI ? psi : t == SL_DRIFT_KL ? psi / 2 : sqrt(psi / 8);
  }
  drift_cells_free(&c);
  return rc;
}

/* Over densities: sum sqrt(h g) times the width of a bin. In float32 numpy sums in float32, which only then agrees. */
static double hellinger_of_bins(const struct drift_cells *c, const struct sl_drift_pair *p)
{
  bool narrow = p->width == SL_STAT_F32;
  const double *edges = c->edges;
  double lo = edges[0], hi = edges[c->k];
  double width = narrow ? (double)(((float)hi - (float)lo) / (float)c->k) : (hi - lo) / (double)c->k, sum = 0;
  for (size_t i = 0; i < c->k; i++) {
    double step = narrow ? (double)((float)edges[i + 1] - (float)edges[i]) : edges[i + 1] - edges[i];
    double h = c->count[0][i] / step / (double)p->n[0], g = c->count[1][i] / step / (double)p->n[1], root = sqrt(h * g);
    sum = narrow ? (double)((float)sum + (float)root * (float)width) : sum + root * width;
  }
  sum = sum < 0 ? 0 : sum > 1 ? 1 : sum;
  return sqrt(narrow ? (double)(1 - (float)sum) : 1 - sum);
}

static int hellinger(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  bool bins = p->kind == SL_DRIFT_NUMERIC;
  int rc = bins ? drift_cells_of_bins(p, drift_distinct(p), &c, err) : evidently_cells(p, &c, err);
  if (!rc) {
    out->statistic = bins ? hellinger_of_bins(&c, p) : sl_stat_hellinger(c.count[0], c.count[1], c.k);
    out->chance = sqrt(drift_chance_psi(c.k, p) / 8);
  }
  drift_cells_free(&c);
  return rc;
}

static int linf(const struct sl_drift_pair *p, bool robust, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  double n = (double)p->n[0], m = (double)p->n[1], less = robust ? 1.8 * sqrt((n + m) / (n * m)) : 0;
  int rc = SL_OK;
  if (p->kind == SL_DRIFT_NUMERIC) {
    out->statistic = drift_ks_of(p);
    out->chance = drift_chance_ks(p, less);
  } else if (!(rc = evidently_cells(p, &c, err))) {
    out->statistic = sl_stat_linf(c.count[0], c.count[1], c.k);
    out->chance = drift_chance_linf(&c, p, less);
  }
  if (!rc && robust)
    out->statistic = sl_stat_linf_robust(out->statistic, p->n[0], p->n[1]);
  drift_cells_free(&c);
  return rc;
}

int drift_share(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  switch (t) {
  case SL_DRIFT_PSI: case SL_DRIFT_JS: case SL_DRIFT_KL: return psi_kl_js(p, t, out, err);
  case SL_DRIFT_HELLINGER: return hellinger(p, out, err);
  case SL_DRIFT_LINF: case SL_DRIFT_LINF_DEEQU: return linf(p, false, out, err);
  case SL_DRIFT_LINF_ROBUST: case SL_DRIFT_LINF_ROBUST_DEEQU: return linf(p, true, out, err);
  default: return sl_err_set(err, SL_EINTERNAL, "%s is no test of shares", sl_drift_test_name(t));
  }
}
