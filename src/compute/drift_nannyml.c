/* compute/drift_nannyml.c: NannyML 0.13's definitions (nannyml/drift/univariate/methods.py): distances from what was fitted on the baseline
 * alone, and limits from the baseline's own chunks.
 *
 * Bins are the baseline's, by Doane's rule; what lies beyond them is one cell more. From 10,000 rows of the baseline on, ks and wasserstein
 * are estimates over 10,000 steps between its least and its greatest value, whose quirks are kept: they decide whether the digits agree. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/drift_int.h"
#include "compute/stat_int.h"

enum { ESTIMATED_FROM = 10000, STEPS = 10000 };

/* ---- js, hellinger, linf ---- */

/* Cells of a value each are as good as NannyML's, which throws all new values together: their share of the baseline is 0 either way. */
static int fitted_cells(const struct sl_drift_pair *p, struct drift_cells *c, struct sl_err *err)
{
  size_t k = 0;
  if (p->kind != SL_DRIFT_NUMERIC)
    return drift_cells_of_values(p, c, err);
  int rc = p->known ? sl_stat_doane_of(p->known->min[0], p->known->max[0], p->n[0], p->known->skew, &c->edges, &k, err)
                    : sl_stat_doane(p->x[0], p->n[0], &c->edges, &k, err);
  rc = rc ? rc : drift_cells_room(c, k + 1, err);
  c->k = k;
  if (!rc && p->known)
    rc = drift_known_cells(p, c, err);
  c->k = k + 1;
  for (size_t s = 0; !rc && s < 2; s++) {
    double in = 0;
    if (!p->known)
      sl_stat_count(p->x[s], p->n[s], c->edges, k, c->count[s]);
    for (size_t i = 0; i < k; i++)
      in += c->count[s][i];
    c->count[s][k] = (double)p->n[s] - in;
  }
  return rc;
}

static double hellinger(const struct drift_cells *c)
{
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < c->k; i++) {
    double d = sqrt(c->count[0][i]) - sqrt(c->count[1][i]);
    stat_add(&s, d * d);
  }
  return sqrt(stat_total(&s)) / sqrt(2);
}

static int of_cells(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  int rc = fitted_cells(p, &c, err);
  if (!rc) {
    drift_cells_shares(&c, p);
    double psi = drift_chance_psi(c.k - (c.edges != NULL), p); /* beyond the bins there is nothing by chance, or next to it */
    bool js = t == SL_DRIFT_JS_NANNYML, linf = t == SL_DRIFT_LINF_NANNYML;
    out->statistic = js ? sl_stat_js(c.count[0], c.count[1], c.k, 2) : linf ? sl_stat_linf(c.count[0], c.count[1], c.k) : hellinger(&c);
    out->chance = js ? sqrt(psi / 8 / log(2)) : linf ? drift_chance_linf(&c, p, 0) : sqrt(psi / 8);
  }
  drift_cells_free(&c);
  return rc;
}

/* ---- ks, wasserstein ---- */

/* Shares of both sides up to each step. wide: where all values are one, the steps go half a unit to either side of it. */
static int steps(const struct sl_drift_pair *p, bool wide, struct drift_cells *c, struct sl_err *err)
{
  double lo = p->x[0][0], hi = p->x[0][p->n[0] - 1];
  wide = wide && lo >= hi;
  int rc = drift_cells_room(c, STEPS, err);
  c->edges = sl_calloc(STEPS + 1, sizeof *c->edges);
  if (rc || !c->edges)
    return rc ? rc : sl_err_nomem(err);
  sl_stat_linspace(lo - 0.5 * wide, hi + 0.5 * wide, STEPS, p->base_width == SL_STAT_F32 ? SL_STAT_F32 : SL_STAT_F64, c->edges);
  for (size_t s = 0; s < 2; s++)
    sl_stat_count(p->x[s], p->n[s], c->edges, STEPS, c->count[s]);
  drift_cells_shares(c, p);
  for (size_t s = 0; s < 2; s++)
    for (size_t i = 1; i < STEPS; i++)
      c->count[s][i] += c->count[s][i - 1];
  return SL_OK;
}

static int ks(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  out->chance = drift_chance_ks(p, 0);
  if (p->n[0] < ESTIMATED_FROM) {
    out->statistic = sl_stat_ks(p->x[0], p->n[0], p->x[1], p->n[1]);
    return SL_OK;
  }
  int rc = steps(p, false, &c, err);
  if (!rc) {
    double below = (double)sl_stat_below(p->x[1], p->n[1], c.edges[0]) / (double)p->n[1];
    out->statistic = 0;
    for (size_t i = 0; i < STEPS; i++)
      out->statistic = fmax(out->statistic, fabs(c.count[0][i] - (below + c.count[1][i])));
  }
  drift_cells_free(&c);
  return rc;
}

/* What the values below lo (beyond hi) add: the integral of their distribution function up to there. */
static double beyond(const double *x, size_t n, size_t from, size_t upto, double edge, bool above)
{
  struct stat_sum s = { 0, 0 };
  if (above && from < n) {
    stat_add(&s, (double)(n - from) * (x[from] - edge));
    for (size_t i = from; i + 1 < n; i++)
      stat_add(&s, (double)(n - i - 1) * (x[i + 1] - x[i]));
  }
  for (size_t i = 0; !above && i < upto; i++)
    stat_add(&s, (double)(i + 1) * ((i + 1 < upto ? x[i + 1] : edge) - x[i]));
  return stat_total(&s) / (double)n;
}

static double estimate(const struct sl_drift_pair *p, const struct drift_cells *c)
{
  const double *x = p->x[1];
  size_t n = p->n[1], below = sl_stat_below(x, n, c->edges[0]), upto = sl_stat_upto(x, n, c->edges[STEPS]);
  double less = below ? ((double)below + 1) / (double)n : 0, width = c->edges[1] - c->edges[0]; /* one too many, as there */
  struct stat_sum s = { 0, 0 };
  for (size_t i = 0; i < STEPS; i++)
    stat_add(&s, fabs(c->count[0][i] - (c->count[1][i] + less)) * width);
  return stat_total(&s) + beyond(x, n, upto, below, c->edges[0], false) + beyond(x, n, upto, below, c->edges[STEPS], true);
}

static int wasserstein(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct drift_cells c = { 0 };
  int rc = SL_OK;
  out->chance = drift_chance_spread(p, true);
  if (p->n[0] < ESTIMATED_FROM)
    out->statistic = sl_stat_wasserstein(p->x[0], p->n[0], p->x[1], p->n[1]);
  else if (!(rc = steps(p, true, &c, err)))
    out->statistic = estimate(p, &c);
  drift_cells_free(&c);
  return rc;
}

static int distance(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  if (t == SL_DRIFT_KS_NANNYML)
    return ks(p, out, err);
  return t == SL_DRIFT_WASSERSTEIN_NANNYML ? wasserstein(p, out, err) : of_cells(p, t, out, err);
}

/* ---- limits ---- */

/* The pair with one chunk of the baseline in the current data's place. */
static struct sl_drift_pair chunk_of(const struct sl_drift_pair *p, size_t i)
{
  const struct sl_drift_chunks *c = p->chunks;
  struct sl_drift_pair out = *p;
  out.n[1] = c->at[i + 1] - c->at[i];
  if (p->known)
    out.chunk = i + 1;
  else if (p->kind == SL_DRIFT_NUMERIC)
    out.x[1] = c->x + c->at[i];
  else
    out.cell[1] = c->cell + i * p->ncells;
  return out;
}

/* The mean of the baseline's own chunks and three standard deviations; of shares of one never above it. */
static int limit(const struct sl_drift_pair *p, enum sl_drift_test t, double *out, struct sl_err *err)
{
  double v[SL_DRIFT_CHUNKS];
  size_t n = 0;
  int rc = SL_OK;
  for (size_t i = 0; p->chunks && i < p->chunks->n && !rc; i++) {
    struct sl_drift_pair own = chunk_of(p, i);
    struct sl_drift_result r;
    rc = own.n[1] ? distance(&own, t, &r, err) : SL_OK;
    if (!rc && own.n[1] && !isnan(r.statistic))
      v[n++] = r.statistic;
  }
  *out = n ? sl_stat_mean(v, n) + 3 * sl_stat_std(v, n) : (double)NAN;
  if (t == SL_DRIFT_KS_NANNYML)
    *out = *out > 1 ? 1 : *out;
  return rc;
}

int drift_nannyml(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  int rc = distance(p, t, out, err);
  return rc ? rc : limit(p, t, &out->threshold, err);
}
