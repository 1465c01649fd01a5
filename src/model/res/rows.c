/* model/res/rows.c: what a statement answers; its columns are the statement's own. */
#include "model/resource.h"

const struct sl_resource sl_res_rows = {
  .name = "rows",
  .help = "rows of a SQL statement",
  .scope = "one SQL statement",
  .scope_required = true,
  .shape = SL_KEYED,
  .poll_ms = 0,
  .cap_rows = 10000000,
};
