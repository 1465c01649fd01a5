/* model/res/quality.c: how good a model is over labelled data, a row a figure. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "metric", .type = SL_TEXT, .help = "accuracy, auc, log_loss, brier, average_precision, calibration_error, balanced_accuracy, "
    "f1_macro, f1_weighted, mcc, precision, recall, f1, confusion; mae, rmse, r2, mape; mistakes, disagreements: how many, and "
    "mistake, disagreement: the rows themselves; of clusters silhouette, inertia, clusters, cluster_rows, cluster_inertia, "
    "cluster_silhouette; roc, pr, calibration, gain, lift, predicted, residual: points of curves" },
  { .name = "class", .type = SL_TEXT, .help = "of this class; none: of all (of two classes, of the second). Of a row: its label" },
  { .name = "slice", .type = SL_TEXT, .help = "confusion: what was predicted; of a row or point: which; COLUMN=VALUE: of that group" },
  { .name = "value", .type = SL_F64, .help = "its value; of a row: what the model gives it; of a point: how high" },
  { .name = "low", .type = SL_F64, .help = "lower end of its interval (95 %): auc by DeLong, shares by Wilson, the rest by resampling" },
  { .name = "high", .type = SL_F64, .help = "upper end of its interval" },
  { .name = "n", .type = SL_I64, .help = "rows that it rests on", .unit = "rows" },
};

const struct sl_resource sl_res_quality = {
  .name = "quality",
  .help = "how good a model is over labelled data, and beside another model",
  .scope = "MODEL DATA label=COLUMN (of clusters none) [against=MODEL] [slice=COLUMN]: a file or models:/NAME/3, an address or "
           "'sql:QUERY'; 'quoted' where they hold blanks",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "metric,class,slice,value,low,high,n",
  .poll_ms = 0,
  .cap_rows = 100000,
};
