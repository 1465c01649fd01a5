/* model/res/partitions.c: the pieces of a zone by its layout, with those that should be there and are not. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "zone", .type = SL_TEXT, .help = "layer that it belongs to", .link = "zones" },
  { .name = "partition", .type = SL_TEXT, .help = "its name: dt=2026-11-20" },
  { .name = "state", .type = SL_STATE, .help = "fresh, stale, missing, empty, unknown" },
  { .name = "objects", .type = SL_I64, .help = "files in it" },
  { .name = "bytes", .type = SL_I64, .help = "their size", .unit = "B" },
  { .name = "rows", .type = SL_I64, .help = "rows in it, where the storage knows", .unit = "rows" },
  { .name = "newest", .type = SL_TIME, .help = "when its newest file was written" },
};

const struct sl_resource sl_res_partitions = {
  .name = "partitions",
  .help = "partitions of the lake's zones, and which are late or missing",
  .scope = "a zone's name; without one: all zones",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "-partition,zone",
  .columns = "zone,partition,state,objects,bytes,rows,newest",
  .opens = "objects",
  .poll_ms = 30000,
  .cap_rows = 200000,
};
