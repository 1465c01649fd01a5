/* compute/drift.c: the tests by name: what they compute over a feature, and when that is drift. */
#include "compute/drift.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { FEW = 5, SMALL = 1000, BINNED_OVER = 20 };

static const struct { const char *name, *tool, *words; } tests[SL_DRIFT_TESTS] = {
#define SL_DRIFT_TEST_(id, name, tool, words) { name, tool, words },
#include "compute/drift_tests.def"
#undef SL_DRIFT_TEST_
};

const char *sl_drift_test_name(enum sl_drift_test t) { return tests[t].name; }
const char *sl_drift_test_tool(enum sl_drift_test t) { return tests[t].tool; }
const char *sl_drift_test_words(enum sl_drift_test t) { return tests[t].words; }

const char *sl_drift_kind_name(enum sl_drift_kind k)
{
  static const char *const names[] = { "numeric", "categorical", "boolean", "text", "time" };
  return names[k];
}

/* ---- names ---- */

static struct sl_str own_name(struct sl_str s)
{
  static const char *const also[][2] = { { "jensenshannon", "js" }, { "kl_div", "kl" }, { "chisquare", "chi2" }, { "TVD", "tvd" },
                                         { "linf_simple", "linf" } };
  for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
    if (sl_str_eqz(s, also[i][0]))
      return sl_str(also[i][1]);
  return s;
}

static bool find(struct sl_str name, struct sl_str tool, enum sl_drift_test *out)
{
  for (int t = 0; t < SL_DRIFT_TESTS; t++)
    if (sl_str_eqz(name, tests[t].name) && (!tool.n || sl_str_eqz(tool, tests[t].tool))) {
      *out = (enum sl_drift_test)t;
      return true;
    }
  return false;
}

bool sl_drift_test_find(struct sl_str text, const char *tool, enum sl_drift_test *out)
{
  ptrdiff_t at = sl_str_chr(text, '@');
  struct sl_str name = own_name(at < 0 ? text : sl_str_head(text, (size_t)at));
  if (at >= 0)
    return sl_str_from(text, (size_t)at + 1).n && find(name, sl_str_from(text, (size_t)at + 1), out);
  return (tool && find(name, sl_str(tool), out)) || find(name, SL_STR_NONE, out);
}

/* ---- cells ---- */

struct cells { double *count[2]; size_t k; bool owned; };

static void cells_free(struct cells *c)
{
  if (c->owned)
    sl_free(c->count[0]);
}

static int cells_room(struct cells *c, size_t k, struct sl_err *err)
{
  c->owned = true;
  c->k = k;
  c->count[0] = sl_calloc(2 * k + 1, sizeof *c->count[0]);
  c->count[1] = c->count[0] ? c->count[0] + k : NULL;
  return c->count[0] ? SL_OK : sl_err_nomem(err);
}

static size_t distinct(const struct sl_drift_pair *p) { return p->kind == SL_DRIFT_NUMERIC ? sl_drift_values(p, NULL) : p->ncells; }

/* ---- what fits what ---- */

static bool has_cells(const struct sl_drift_pair *p) { return p->kind == SL_DRIFT_CATEGORICAL || p->kind == SL_DRIFT_BOOLEAN; }

bool sl_drift_test_fits(enum sl_drift_test t, const struct sl_drift_pair *p)
{
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: case SL_DRIFT_WASSERSTEIN: case SL_DRIFT_WASSERSTEIN_SCIPY:
    return p->kind == SL_DRIFT_NUMERIC;
  case SL_DRIFT_CHI2: case SL_DRIFT_CHI2_SCIPY: case SL_DRIFT_Z: case SL_DRIFT_TVD: /* numbers of few values are as good as categories */
    return has_cells(p) || (p->kind == SL_DRIFT_NUMERIC && distinct(p) <= FEW);
  default: return p->kind == SL_DRIFT_NUMERIC || has_cells(p);
  }
}

static int cells_of_values(const struct sl_drift_pair *p, struct cells *c, struct sl_err *err)
{
  if (p->kind != SL_DRIFT_NUMERIC) { /* copied, since empty cells are filled in place */
    int rc = cells_room(c, p->ncells, err);
    for (size_t s = 0; !rc && s < 2; s++)
      memcpy(c->count[s], p->cell[s], p->ncells * sizeof *c->count[s]);
    return rc;
  }
  int rc = cells_room(c, sl_drift_values(p, NULL), err);
  if (!rc)
    (void)sl_drift_values(p, c->count);
  return rc;
}

static int cells_of_bins(const struct sl_drift_pair *p, size_t n, double **edges, struct cells *c, struct sl_err *err)
{
  double lo = fmin(p->x[0][0], p->x[1][0]), hi = fmax(p->x[0][p->n[0] - 1], p->x[1][p->n[1] - 1]);
  size_t k = 0;
  int rc = sl_stat_sturges(lo, hi, n, p->width, edges, &k, err);
  if (!rc)
    rc = cells_room(c, k, err);
  for (size_t s = 0; !rc && s < 2; s++)
    sl_stat_count(p->x[s], p->n[s], *edges, k, c->count[s]);
  return rc;
}

/* Evidently's get_binned_data(): bins where the baseline has more than 20 values, else a cell for each value. As shares. */
static int evidently_cells(const struct sl_drift_pair *p, struct cells *c, struct sl_err *err)
{
  double *edges = NULL;
  bool bins = p->kind == SL_DRIFT_NUMERIC && sl_stat_distinct(p->x[0], p->n[0]) > BINNED_OVER;
  int rc = bins ? cells_of_bins(p, p->n[0] + p->n[1], &edges, c, err) : cells_of_values(p, c, err);
  sl_free(edges);
  for (size_t s = 0; !rc && s < 2; s++)
    for (size_t i = 0; i < c->k; i++)
      c->count[s][i] /= (double)p->n[s];
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

/* ---- distances over cells ---- */

/* What two samples of one distribution differ by on average: (k - 1) (1/n + 1/m) is the mean of a chi-squared with k - 1 degrees. */
static double chance_of(enum sl_drift_test t, size_t k, const struct sl_drift_pair *p)
{
  double by = (k ? (double)k - 1 : 0) * (1 / (double)p->n[0] + 1 / (double)p->n[1]);
  switch (t) {
  case SL_DRIFT_PSI: return by;
  case SL_DRIFT_KL: return by / 2;
  default: return sqrt(by / 8); /* js, hellinger */
  }
}

static int over_cells(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  int rc = evidently_cells(p, &c, err);
  if (!rc && t != SL_DRIFT_JS) {
    fill(c.count[0], c.k);
    fill(c.count[1], c.k);
  }
  if (!rc) {
    const double *r = c.count[0], *q = c.count[1];
    out->statistic = t == SL_DRIFT_PSI ? sl_stat_psi(r, q, c.k) : t == SL_DRIFT_KL ? sl_stat_kl(r, q, c.k) : sl_stat_js(r, q, c.k, 0);
    out->chance = chance_of(t, c.k, p);
  }
  cells_free(&c);
  return rc;
}

/* Over densities: sum sqrt(h g) times the width of a bin. In float32 numpy sums in float32, which only then agrees. */
static double hellinger_of_bins(const struct cells *c, const double *edges, const struct sl_drift_pair *p)
{
  bool narrow = p->width == SL_STAT_F32;
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
  struct cells c = { 0 };
  double *edges = NULL;
  bool bins = p->kind == SL_DRIFT_NUMERIC;
  int rc = bins ? cells_of_bins(p, distinct(p), &edges, &c, err) : evidently_cells(p, &c, err);
  if (!rc) {
    out->statistic = bins ? hellinger_of_bins(&c, edges, p) : sl_stat_hellinger(c.count[0], c.count[1], c.k);
    out->chance = chance_of(SL_DRIFT_HELLINGER, c.k, p);
  }
  cells_free(&c);
  sl_free(edges);
  return rc;
}

static int linf(const struct sl_drift_pair *p, bool robust, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  int rc = SL_OK;
  if (p->kind == SL_DRIFT_NUMERIC)
    out->statistic = sl_stat_ks(p->x[0], p->n[0], p->x[1], p->n[1]);
  else if (!(rc = evidently_cells(p, &c, err)))
    out->statistic = sl_stat_linf(c.count[0], c.count[1], c.k);
  if (!rc && robust)
    out->statistic = sl_stat_linf_robust(out->statistic, p->n[0], p->n[1]);
  cells_free(&c);
  return rc;
}

static int tvd(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  int rc = evidently_cells(p, &c, err);
  if (!rc)
    out->statistic = sl_stat_tvd(c.count[0], c.count[1], c.k);
  cells_free(&c);
  return rc;
}

/* ---- tests with p-values ---- */

/* Expected are the baseline's counts times n_current / n_baseline. */
static int chi2_scaled(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  double by = (double)p->n[1] / (double)p->n[0];
  int rc = cells_of_values(p, &c, err);
  for (size_t i = 0; !rc && i < c.k; i++)
    c.count[0][i] *= by;
  if (!rc) {
    out->statistic = sl_stat_chi2(c.count[1], c.count[0], c.k);
    out->p = sl_stat_chi2_sf(out->statistic, (double)c.k - 1);
    out->chance = (double)c.k - 1;
  }
  cells_free(&c);
  return rc;
}

/* Both rows against what their margins expect; with one degree of freedom each difference is made smaller by at most 1/2 (Yates). */
static int chi2_table(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  double sum = 0, n[2] = { (double)p->n[0], (double)p->n[1] };
  int rc = cells_of_values(p, &c, err);
  for (size_t i = 0; !rc && i < c.k; i++)
    for (size_t s = 0; s < 2; s++) {
      double expected = (c.count[0][i] + c.count[1][i]) * n[s] / (n[0] + n[1]), d = fabs(c.count[s][i] - expected);
      d = c.k == 2 ? d - fmin(0.5, d) : d;
      sum += d * d / expected;
    }
  if (!rc) {
    out->statistic = sum;
    out->p = c.k < 2 ? 1 : sl_stat_chi2_sf(sum, (double)c.k - 1);
    out->chance = (double)c.k - 1;
  }
  cells_free(&c);
  return rc;
}

/* The share of values other than the smallest. */
static int z_test(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  struct cells c = { 0 };
  int rc = cells_of_values(p, &c, err);
  if (!rc && c.k == 1) {
    out->statistic = 0;
    out->p = 1;
  } else if (!rc) {
    out->statistic = sl_stat_z(p->n[0] - (size_t)c.count[0][0], p->n[0], p->n[1] - (size_t)c.count[1][0], p->n[1]);
    out->p = sl_stat_norm_two_sided(out->statistic);
  }
  cells_free(&c);
  return rc;
}

static int ks(const struct sl_drift_pair *p, struct sl_drift_result *out, struct sl_err *err)
{
  out->statistic = sl_stat_ks(p->x[0], p->n[0], p->x[1], p->n[1]);
  out->p = sl_stat_ks_p(&out->statistic, p->n[0], p->n[1]);
  /* the mean of Kolmogorov's distribution is sqrt(pi / 2) ln 2 */
  out->chance = 0.86873116063615 * sqrt(1 / (double)p->n[0] + 1 / (double)p->n[1]);
  return isnan(out->p) ? sl_err_nomem(err) : SL_OK;
}

static int wasserstein(const struct sl_drift_pair *p, bool normed, struct sl_drift_result *out)
{
  out->statistic = sl_stat_wasserstein(p->x[0], p->n[0], p->x[1], p->n[1]);
  if (normed) {
    double std = sl_stat_std(p->x[0], p->n[0]);
    if (p->base_width == SL_STAT_F32) /* pandas rounds the variance to the column's width, then takes the root in it */
      std = (double)sqrtf((float)(std * std));
    out->statistic /= fmax(std, 0.001);
  }
  return SL_OK;
}

/* ---- by name ---- */

static int compute(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: return ks(p, out, err);
  case SL_DRIFT_PSI: case SL_DRIFT_JS: case SL_DRIFT_KL: return over_cells(p, t, out, err);
  case SL_DRIFT_HELLINGER: return hellinger(p, out, err);
  case SL_DRIFT_WASSERSTEIN: return wasserstein(p, true, out);
  case SL_DRIFT_WASSERSTEIN_SCIPY: return wasserstein(p, false, out);
  case SL_DRIFT_CHI2: return chi2_scaled(p, out, err);
  case SL_DRIFT_CHI2_SCIPY: return chi2_table(p, out, err);
  case SL_DRIFT_Z: return z_test(p, out, err);
  case SL_DRIFT_TVD: return tvd(p, out, err);
  case SL_DRIFT_LINF: return linf(p, false, out, err);
  case SL_DRIFT_LINF_ROBUST: return linf(p, true, out, err);
  case SL_DRIFT_TESTS: break;
  }
  return sl_err_set(err, SL_EINTERNAL, "no such test");
}

/* Evidently: p < 0.05, but KS p <= 0.05; distances >= 0.1. Model Monitor: > 0.1. Others have no threshold of their own. */
static void judge(enum sl_drift_test t, struct sl_drift_result *r)
{
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: case SL_DRIFT_CHI2: case SL_DRIFT_CHI2_SCIPY: case SL_DRIFT_Z:
    r->by_p = true;
    r->threshold = 0.05;
    r->judged = !isnan(r->p);
    r->drifted = t == SL_DRIFT_KS || t == SL_DRIFT_KS_EVIDENTLY ? r->p <= 0.05 : r->p < 0.05;
    return;
  case SL_DRIFT_WASSERSTEIN_SCIPY: case SL_DRIFT_TVD: return;
  default: break;
  }
  r->threshold = 0.1;
  r->judged = !isnan(r->statistic);
  r->drifted = t == SL_DRIFT_LINF || t == SL_DRIFT_LINF_ROBUST ? r->statistic > 0.1 : r->statistic >= 0.1;
}

int sl_drift_run(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  *out = (struct sl_drift_result){ .statistic = (double)NAN, .p = (double)NAN, .threshold = (double)NAN, .chance = (double)NAN };
  int rc = SL_OK;
  if (p->n[0] && p->n[1] && sl_drift_test_fits(t, p))
    rc = compute(p, t, out, err);
  if (rc == SL_ELIMIT) /* values too far apart for any histogram: not defined, and no reason to stop the others */
    rc = SL_OK;
  if (!rc)
    judge(t, out);
  return rc;
}

/* registry.py, _get_default_stattest(). */
bool sl_drift_auto(const struct sl_drift_pair *p, enum sl_drift_test *out)
{
  size_t k = distinct(p);
  if (p->kind == SL_DRIFT_TEXT || p->kind == SL_DRIFT_TIME)
    return false;
  if (p->n[0] > SMALL)
    *out = p->kind == SL_DRIFT_NUMERIC && k > FEW ? SL_DRIFT_WASSERSTEIN : SL_DRIFT_JS;
  else if (p->kind == SL_DRIFT_NUMERIC && k > FEW)
    *out = SL_DRIFT_KS_EVIDENTLY;
  else
    *out = k > 2 ? SL_DRIFT_CHI2 : SL_DRIFT_Z;
  return true;
}
