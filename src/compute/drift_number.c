/* compute/drift_number.c: tests of two samples of numbers. */
#include <math.h>

#include "compute/drift_int.h"

static int ks(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  out->statistic = drift_ks_of(p);
  out->p = sl_stat_ks_p(&out->statistic, p->n[0], p->n[1]);
  out->chance = drift_chance_ks(p, 0);
  return isnan(out->p) ? sl_err_nomem(err) : SL_OK;
}

static int wasserstein(const struct sl_drift_pair *p, bool normed, struct sl_drift_result *out)
{
  out->statistic = p->known ? p->known->wasserstein : sl_stat_wasserstein(p->x[0], p->n[0], p->x[1], p->n[1]);
  out->chance = drift_chance_spread(p, true);
  if (normed) {
    double std = p->known ? p->known->std : sl_stat_std(p->x[0], p->n[0]);
    if (p->base_width == SL_STAT_F32) /* pandas rounds the variance to the column's width, then takes the root in it */
      std = (double)sqrtf((float)(std * std));
    out->statistic /= fmax(std, 0.001);
    out->chance /= fmax(std, 0.001);
  }
  return SL_OK;
}

static int energy(const struct sl_drift_pair *p, struct sl_drift_result *out)
{
  out->statistic = p->known ? sqrt(2 * p->known->energy) : sl_stat_energy(p->x[0], p->n[0], p->x[1], p->n[1]);
  out->chance = sqrt(2 * drift_chance_spread(p, false)); /* the root of the mean square */
  return SL_OK;
}

static int mannwhitney(const struct sl_drift_pair *p, bool less, struct sl_drift_result *out, struct sl_err *err)
{
  out->chance = (double)p->n[0] * (double)p->n[1] / 2;
  return sl_stat_mannwhitney(p->x[0], p->n[0], p->x[1], p->n[1], less, &out->statistic, &out->p, err);
}

static int cvm(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  out->chance = (1 + 1 / ((double)p->n[0] + (double)p->n[1])) / 6;
  return sl_stat_cvm(p->x[0], p->n[0], p->x[1], p->n[1], &out->statistic, &out->p, err);
}

static int anderson(const struct sl_drift_pair *p, struct sl_drift_result *out)
{
  sl_stat_anderson(p->x[0], p->n[0], p->x[1], p->n[1], &out->statistic, &out->p);
  out->chance = 0; /* it is standardised */
  return SL_OK;
}

static int ttest(const struct sl_drift_pair *p, bool welch, struct sl_drift_result *out)
{
  if (p->known)
    sl_stat_ttest_of((const long double[]){ p->known->mean[0], p->known->mean[1] },
                     (const long double[]){ p->known->squares[0], p->known->squares[1] }, p->n, welch, &out->statistic, &out->p);
  else
    sl_stat_ttest(p->x[0], p->n[0], p->x[1], p->n[1], welch, &out->statistic, &out->p);
  out->chance = drift_chance_t((double)p->n[0] + (double)p->n[1] - 2);
  return SL_OK;
}

/* Evidently refuses numbers whose middle half is one value; so does the statistic. */
static int epps_singleton(const struct sl_drift_pair *p, struct sl_drift_result *out)
{
  sl_stat_epps_singleton(p->x[0], p->n[0], p->x[1], p->n[1], &out->statistic, &out->p);
  out->chance = isnan(out->statistic) ? (double)NAN : 4; /* the mean of a chi-squared with 4 degrees */
  return SL_OK;
}

int drift_number(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: return ks(p, out, err);
  case SL_DRIFT_WASSERSTEIN: case SL_DRIFT_WASSERSTEIN_SCIPY: return wasserstein(p, t == SL_DRIFT_WASSERSTEIN, out);
  case SL_DRIFT_ENERGY: case SL_DRIFT_ENERGY_EVIDENTLY: return energy(p, out);
  case SL_DRIFT_MANNW: case SL_DRIFT_MANNW_EVIDENTLY: return mannwhitney(p, t == SL_DRIFT_MANNW_EVIDENTLY, out, err);
  case SL_DRIFT_CVM: case SL_DRIFT_CVM_EVIDENTLY: return cvm(p, out, err);
  case SL_DRIFT_ANDERSON: case SL_DRIFT_ANDERSON_EVIDENTLY: return anderson(p, out);
  case SL_DRIFT_T: case SL_DRIFT_T_EVIDENTLY: case SL_DRIFT_WELCH: return ttest(p, t == SL_DRIFT_WELCH, out);
  case SL_DRIFT_ES: case SL_DRIFT_ES_EVIDENTLY: return epps_singleton(p, out);
  default: return sl_err_set(err, SL_EINTERNAL, "%s is no test of numbers", sl_drift_test_name(t));
  }
}
