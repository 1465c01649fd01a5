/* model/res/experiments.c: groups of runs. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "id", .type = SL_TEXT, .help = "id in its store" },
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "state", .type = SL_STATE, .help = "active or deleted" },
  { .name = "created", .type = SL_TIME, .help = "when it was made" },
  { .name = "updated", .type = SL_TIME, .help = "last change" },
};

const struct sl_resource sl_res_experiments = {
  .name = "experiments",
  .help = "experiments, each a group of runs",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "-updated",
  .columns = "name,id,state,updated,created",
  .opens = "runs",
  .poll_ms = 30000,
  .cap_rows = 100000,
};
