/* model/res/checks.c: what `sluice doctor` looks at. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "what was looked at" },
  { .name = "state", .type = SL_STATE, .help = "ok, late (works, but worse), failed, unknown" },
  { .name = "value", .type = SL_TEXT, .help = "what was found" },
  { .name = "advice", .type = SL_TEXT, .help = "what to do" },
};

const struct sl_resource sl_res_checks = {
  .name = "checks",
  .help = "whether everything that the console needs is there",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "state,name,value,advice",
  .poll_ms = 0,
  .cap_rows = 1000,
};
