/* model/res/series.c: metric histories, point by point. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "metric's name" },
  { .name = "labels", .type = SL_FAMILY_TEXT, .help = "what tells series of one name apart: labels.run" },
  { .name = "step", .type = SL_I64, .help = "step, as the client counts" },
  { .name = "time", .type = SL_TIME, .help = "when it was logged" },
  { .name = "value", .type = SL_F64, .help = "value" },
};

const struct sl_resource sl_res_series = {
  .name = "series",
  .help = "values of metrics, step by step",
  .scope = "a run's id, or several, comma separated; without one: recent runs",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "name,step",
  .columns = "name,step,value,time",
  .poll_ms = 10000,
  .cap_rows = 1000000,
};
