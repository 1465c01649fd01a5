/* model/res/zones.c: the layers of the lake, judged by their newest data. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "layer: landing, raw, processed, curated, ..." },
  { .name = "uri", .type = SL_URI, .help = "where its data lies", .link = "objects" },
  { .name = "state", .type = SL_STATE, .help = "fresh, stale, missing (an expected partition is not there), empty, unknown" },
  { .name = "newest", .type = SL_TIME, .help = "when its newest object was written" },
  { .name = "age_s", .type = SL_F64, .help = "time since then", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "fresh_within_s", .type = SL_F64, .help = "how old its newest data may be", .unit = "s" },
  { .name = "objects", .type = SL_I64, .help = "files in it", .flags = SL_COL_LIVE },
  { .name = "bytes", .type = SL_I64, .help = "their size", .unit = "B", .flags = SL_COL_LIVE },
};

const struct sl_resource sl_res_zones = {
  .name = "zones",
  .help = "layers of the lake and how fresh they are",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "name,state,age_s,fresh_within_s,objects,bytes,newest,uri",
  .opens = "partitions,objects",
  .poll_ms = 30000,
  .cap_rows = 10000,
};
