/* model/res/models.c: registered models and who carries which alias. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "aliases", .type = SL_LIST, .help = "aliases and the version that each names: champion=3" },
  { .name = "latest", .type = SL_I64, .help = "newest version" },
  { .name = "pending", .type = SL_I64, .help = "versions that wait for a decision", .flags = SL_COL_LIVE },
  { .name = "updated", .type = SL_TIME, .help = "last change" },
};

const struct sl_resource sl_res_models = {
  .name = "models",
  .help = "registered models, their aliases and what waits for a decision",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "name",
  .columns = "name,aliases,latest,pending,updated",
  .opens = "versions",
  .poll_ms = 15000,
  .cap_rows = 100000,
};
