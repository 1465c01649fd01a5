/* model/res/drift_history.c: the last partitions of a data set, each compared with one baseline. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "partition", .type = SL_TEXT, .help = "its name: dt=2026-11-20" },
  { .name = "feature", .type = SL_TEXT, .help = "the column; none: the partition is missing, or could not be read (note)" },
  { .name = "kind", .type = SL_TEXT, .help = "numeric, categorical, boolean, text, time" },
  { .name = "test", .type = SL_TEXT, .help = "as in drift; none: not judged; missing, unread: of the partition itself" },
  { .name = "definition", .type = SL_TEXT, .help = "the tool whose definition the test follows" },
  { .name = "statistic", .type = SL_F64, .help = "the test's own figure, never the p-value" },
  { .name = "p_value", .type = SL_F64, .help = "of tests that have one" },
  { .name = "threshold", .type = SL_F64, .help = "what it is held against: of the p-value where there is one" },
  { .name = "drifted", .type = SL_BOOL, .help = "beyond the threshold" },
  { .name = "rows", .type = SL_I64, .help = "rows of the partition", .unit = "rows" },
  { .name = "recent", .type = SL_I64, .help = "in how many of the last partitions, this one among them, the feature drifted" },
  { .name = "of", .type = SL_I64, .help = "how many these are: N of --persist M/N, fewer at the beginning" },
  { .name = "alarm", .type = SL_BOOL, .help = "it drifted here, and in M of the last N" },
  { .name = "since", .type = SL_TEXT, .help = "the partition from which on it has drifted without a break, where it has" },
};

const struct sl_resource sl_res_drift_history = {
  .name = "drift_history",
  .help = "drift over time: each of the last partitions against one baseline",
  .scope = "BASELINE CURRENT [last=14] [persist=2/3] [tests=..] [profile=..] [model=..]: CURRENT is a zone (lake:raw/) or a folder of "
    "partitions",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "partition,feature,test,statistic,threshold,drifted,rows,recent,of,alarm",
  .poll_ms = 0,
  .cap_rows = 1000000,
};
