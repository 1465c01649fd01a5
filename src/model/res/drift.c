/* model/res/drift.c: two data sets compared, a row a feature and test. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "feature", .type = SL_TEXT, .help = "the column; * all of them" },
  { .name = "kind", .type = SL_TEXT, .help = "numeric, categorical, boolean, text, time; multivariate: all features together" },
  { .name = "test", .type = SL_TEXT, .help = "ks, psi, js, kl, hellinger, wasserstein, chi2, z, tvd, g, fisher, anderson, cvm, mannw, "
    "t, welch, energy, es, linf, linf_robust, pca; schema: gone, new or retyped; none: not judged; Model Monitor's checks by name" },
  { .name = "definition", .type = SL_TEXT, .help = "the tool whose definition the test follows" },
  { .name = "statistic", .type = SL_F64, .help = "the test's own figure, never the p-value" },
  { .name = "p_value", .type = SL_F64, .help = "of tests that have one" },
  { .name = "threshold", .type = SL_F64, .help = "what it is held against: of the p-value where there is one" },
  { .name = "drifted", .type = SL_BOOL, .help = "beyond the threshold" },
  { .name = "n_baseline", .type = SL_I64, .help = "values used of the baseline", .unit = "rows" },
  { .name = "n_current", .type = SL_I64, .help = "values used of the current data", .unit = "rows" },
  { .name = "missing_baseline", .type = SL_I64, .help = "null and NaN in the baseline", .unit = "rows" },
  { .name = "missing_current", .type = SL_I64, .help = "null and NaN in the current data", .unit = "rows" },
  { .name = "infinite_baseline", .type = SL_I64, .help = "infinities in the baseline, which no test uses", .unit = "rows" },
  { .name = "infinite_current", .type = SL_I64, .help = "infinities in the current data, which no test uses", .unit = "rows" },
};

const struct sl_resource sl_res_drift = {
  .name = "drift",
  .help = "whether two data sets are alike, feature by feature",
  .scope = "BASELINE CURRENT [tests=ks,psi] [profile=evidently|nannyml|monitor|deequ] [engine=local|pushdown]: two "
    "addresses; 'quoted' where they hold blanks; or one report.json",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "feature,test,statistic,p_value,threshold,drifted,definition,n_baseline,n_current,missing_current",
  .poll_ms = 0,
  .cap_rows = 100000,
};
