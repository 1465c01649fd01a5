/* compute/drift.c: the tests by name: what they compute over a feature, and when that is drift. */
#include "compute/drift.h"

#include <math.h>
#include <string.h>

#include "compute/drift_int.h"

enum { FEW = 5, SMALL = 1000 };

/* Who is drift on the limit itself differs from test to test: Evidently's ks is, its chi2 is not. */
enum rule { P_BELOW, P_UPTO, OVER, FROM, NEVER, CHUNKS };

static const struct { const char *name, *tool; enum rule rule; double limit; const char *words; } tests[SL_DRIFT_TESTS] = {
#define SL_DRIFT_TEST_(id, name, tool, rule, limit, words) { name, tool, rule, limit, words },
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

size_t sl_drift_chunk_count(size_t rows, size_t *size)
{
  *size = rows / SL_DRIFT_TENTH;
  return *size ? (rows + *size - 1) / *size : 0;
}

/* ---- names ---- */

static struct sl_str own_name(struct sl_str s)
{
  static const char *const also[][2] = { { "jensenshannon", "js" }, { "kl_div", "kl" }, { "chisquare", "chi2" }, { "TVD", "tvd" },
                                         { "linf_simple", "linf" }, { "l_infinity", "linf" }, { "jensen_shannon", "js" },
                                         { "kolmogorov_smirnov", "ks" }, { "g_test", "g" }, { "fisher_exact", "fisher" },
                                         { "cramer_von_mises", "cvm" }, { "mann_whitney", "mannw" }, { "t_test", "t" },
                                         { "ed", "energy" }, { "data_reconstruction", "pca" }, { "epps_singleton", "es" } };
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

/* ---- what fits what ---- */

enum family { NUMBERS, SHARES, COUNTS, CATEGORIES };

static enum family family_of(enum sl_drift_test t)
{
  switch (t) {
  case SL_DRIFT_CHI2: case SL_DRIFT_CHI2_SCIPY: case SL_DRIFT_Z: case SL_DRIFT_TVD: case SL_DRIFT_G: case SL_DRIFT_G_EVIDENTLY:
  case SL_DRIFT_FISHER: case SL_DRIFT_FISHER_EVIDENTLY: return COUNTS;
  case SL_DRIFT_LINF_NANNYML: case SL_DRIFT_CHI2_NANNYML: case SL_DRIFT_CHI2_DEEQU: return CATEGORIES;
  case SL_DRIFT_PSI: case SL_DRIFT_JS: case SL_DRIFT_KL: case SL_DRIFT_HELLINGER: case SL_DRIFT_LINF:
  case SL_DRIFT_LINF_ROBUST: case SL_DRIFT_LINF_DEEQU: case SL_DRIFT_LINF_ROBUST_DEEQU: case SL_DRIFT_JS_NANNYML:
  case SL_DRIFT_HELLINGER_NANNYML: return SHARES;
  default: return NUMBERS;
  }
}

static bool has_cells(const struct sl_drift_pair *p) { return p->kind == SL_DRIFT_CATEGORICAL || p->kind == SL_DRIFT_BOOLEAN; }

bool sl_drift_test_fits(enum sl_drift_test t, const struct sl_drift_pair *p)
{
  bool numeric = p->kind == SL_DRIFT_NUMERIC;
  if (t == SL_DRIFT_PCA)       /* of no feature: of all together */
    return false;
  switch (family_of(t)) {
  case NUMBERS: return numeric;
  case CATEGORIES: return has_cells(p);
  case COUNTS: return has_cells(p) || (numeric && drift_distinct(p) <= FEW); /* numbers of few values are as good as categories */
  default: return numeric || has_cells(p);
  }
}

/* ---- by name ---- */

static int compute(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  if (tests[t].rule == CHUNKS)
    return drift_nannyml(p, t, out, err);
  if (t == SL_DRIFT_CHI2_DEEQU)
    return drift_deequ_chi2(p, out, err);
  if (p->kind == SL_DRIFT_NUMERIC && (t == SL_DRIFT_LINF_DEEQU || t == SL_DRIFT_LINF_ROBUST_DEEQU))
    return drift_deequ_linf(p, t == SL_DRIFT_LINF_ROBUST_DEEQU, out, err);
  switch (family_of(t)) {
  case NUMBERS: return drift_number(p, t, out, err);
  case COUNTS: case CATEGORIES: return drift_count(p, t, out, err);
  default: return drift_share(p, t, out, err);
  }
}

void sl_drift_judge(enum sl_drift_test t, struct sl_drift_result *r)
{
  enum rule rule = tests[t].rule;
  if (rule == NEVER)
    return;
  r->by_p = rule == P_BELOW || rule == P_UPTO;
  r->threshold = rule == CHUNKS ? r->threshold : tests[t].limit;
  double v = r->by_p ? r->p : r->statistic;
  r->judged = !isnan(v) && !isnan(r->threshold);
  switch (rule) {
  case P_BELOW: r->drifted = v < r->threshold; break;
  case P_UPTO: r->drifted = v <= r->threshold; break;
  case OVER: case CHUNKS: r->drifted = v > r->threshold; break;
  default: r->drifted = v >= r->threshold; break;
  }
}

/* ---- from what is known ---- */

bool sl_drift_by_value(const struct sl_drift_pair *p, enum sl_drift_test t)
{
  if (family_of(t) == COUNTS)
    return drift_distinct(p) <= FEW;
  return (t == SL_DRIFT_PSI || t == SL_DRIFT_JS || t == SL_DRIFT_KL) && drift_distinct_base(p) <= DRIFT_BINNED_OVER;
}

int sl_drift_bins_of(const struct sl_drift_pair *p, enum sl_drift_test t, double **edges, size_t *k, struct sl_err *err)
{
  const struct sl_drift_known *w = p->known;
  double lo = fmin(w->min[0], w->min[1]), hi = fmax(w->max[0], w->max[1]);
  int rc = SL_OK;
  *edges = NULL;
  *k = 0;
  if (!p->n[0] || !p->n[1] || sl_drift_by_value(p, t))
    return SL_OK;
  switch (t) {
  case SL_DRIFT_PSI: case SL_DRIFT_JS: case SL_DRIFT_KL:
    rc = sl_stat_sturges(lo, hi, p->n[0] + p->n[1], p->width, edges, k, err);
    break;
  case SL_DRIFT_HELLINGER:
    rc = sl_stat_sturges(lo, hi, drift_distinct(p), p->width, edges, k, err);
    break;
  case SL_DRIFT_JS_NANNYML: case SL_DRIFT_HELLINGER_NANNYML:
    rc = sl_stat_doane_of(w->min[0], w->max[0], p->n[0], w->skew, edges, k, err);
    break;
  default: break;
  }
  return rc == SL_ELIMIT ? SL_OK : rc; /* no histogram holds them: the test will say so */
}

/* The engine would have to send the values, or more of their order than it was asked for. */
static bool can_be_told(const struct sl_drift_pair *p, enum sl_drift_test t)
{
  if (!p->known || p->kind != SL_DRIFT_NUMERIC)
    return true;
  if (sl_drift_by_value(p, t))
    return p->known->cell[0] != NULL;
  switch (t) {
  case SL_DRIFT_KS: case SL_DRIFT_KS_EVIDENTLY: case SL_DRIFT_LINF: case SL_DRIFT_LINF_ROBUST: case SL_DRIFT_WASSERSTEIN:
  case SL_DRIFT_WASSERSTEIN_SCIPY: case SL_DRIFT_ENERGY: case SL_DRIFT_ENERGY_EVIDENTLY: case SL_DRIFT_T: case SL_DRIFT_T_EVIDENTLY:
  case SL_DRIFT_WELCH: case SL_DRIFT_PSI: case SL_DRIFT_JS: case SL_DRIFT_KL: case SL_DRIFT_HELLINGER: return true;
  case SL_DRIFT_JS_NANNYML: case SL_DRIFT_HELLINGER_NANNYML: return true;
  case SL_DRIFT_LINF_DEEQU: case SL_DRIFT_LINF_ROBUST_DEEQU: return !isnan(p->known->ks_once);
  default: return false;
  }
}

int sl_drift_run(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err)
{
  *out = (struct sl_drift_result){ .statistic = (double)NAN, .p = (double)NAN, .threshold = (double)NAN, .chance = (double)NAN };
  int rc = SL_OK;
  bool fits = p->n[0] && p->n[1] && sl_drift_test_fits(t, p);
  out->needs_values = fits && !can_be_told(p, t);
  if (fits && !out->needs_values)
    rc = compute(p, t, out, err);
  if (rc == SL_ELIMIT) /* values too far apart for any histogram: not defined, and no reason to stop the others */
    rc = SL_OK;
  if (isnan(out->statistic))
    out->chance = (double)NAN;
  if (!rc)
    sl_drift_judge(t, out);
  return rc;
}

/* registry.py, _get_default_stattest(). */
bool sl_drift_auto(const struct sl_drift_pair *p, enum sl_drift_test *out)
{
  size_t k = drift_distinct(p);
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
