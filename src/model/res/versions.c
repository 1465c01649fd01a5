/* model/res/versions.c: versions of models, with what they came from. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "model", .type = SL_TEXT, .help = "model that it belongs to", .link = "models" },
  { .name = "version", .type = SL_I64, .help = "number" },
  { .name = "state", .type = SL_STATE, .help = "pending, approved, rejected, none: the registry's tag, a claim" },
  { .name = "stage", .type = SL_TEXT, .help = "the registry's stage, where it has stages" },
  { .name = "aliases", .type = SL_LIST, .help = "aliases that name it" },
  { .name = "run", .type = SL_TEXT, .help = "run that made it", .link = "runs" },
  { .name = "author", .type = SL_TEXT, .help = "who registered it, as the registry says", .flags = SL_COL_PERSONAL },
  { .name = "created", .type = SL_TIME, .help = "when it was registered" },
  { .name = "source", .type = SL_URI, .help = "where its files lie" },
  { .name = "digest", .type = SL_TEXT, .help = "of its files' manifest, once computed" },
};

const struct sl_resource sl_res_versions = {
  .name = "versions",
  .help = "versions of registered models",
  .scope = "a model's name; without one: all models",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "model,-version",
  .columns = "model,version,state,aliases,author,created,stage,run,digest,source",
  .poll_ms = 15000,
  .cap_rows = 200000,
};
