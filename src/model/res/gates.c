/* model/res/gates.c: what a version's promotion must meet, judged now. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "gate", .type = SL_TEXT, .help = "its name, or its condition" },
  { .name = "state", .type = SL_STATE, .help = "pass, fail, unknown" },
  { .name = "value", .type = SL_TEXT, .help = "what it is" },
  { .name = "threshold", .type = SL_TEXT, .help = "what it must be" },
  { .name = "evidence", .type = SL_TEXT, .help = "where the value is from", .flags = SL_COL_PERSONAL },
};

const struct sl_resource sl_res_gates = {
  .name = "gates",
  .help = "what a version must meet before it is promoted: pass, fail, unknown",
  .scope = "MODEL/VERSION, or MODEL/VERSION@ALIAS where it is another alias than the workspace says",
  .scope_required = true,
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "gate,state,value,threshold,evidence",
  .poll_ms = 15000,
  .cap_rows = 10000,
};
