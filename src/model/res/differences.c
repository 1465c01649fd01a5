/* model/res/differences.c: runs beside each other. A column each run stands between `name` and `spread`; they depend on the question. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "kind", .type = SL_TEXT, .help = "attribute, param or metric; of files: artifact, file, json or line" },
  { .name = "name", .type = SL_TEXT, .help = "of the attribute, parameter or metric; the file's path, the value's place, the line's "
    "number" },
};

const struct sl_resource sl_res_differences = {
  .name = "differences",
  .help = "runs beside each other: what differs, and whether it is more than noise",
  .scope = "ids of two or more runs, comma separated, the baseline first; then, to compare their files, an artifact's path (`.` or FOLDER/ "
           "lists them)",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "kind,name",
  .poll_ms = 10000,
  .cap_rows = 200000,
};
