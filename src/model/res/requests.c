/* model/res/requests.c: what this console is asking just now. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "resource", .type = SL_TEXT, .help = "what is asked for" },
  { .name = "scope", .type = SL_TEXT, .help = "of what" },
  { .name = "kind", .type = SL_TEXT, .help = "list, get, follow, sql, bytes, action" },
  { .name = "state", .type = SL_STATE, .help = "waiting, running, ok, failed, stopped" },
  { .name = "started", .type = SL_TIME, .help = "when it was sent" },
  { .name = "rows", .type = SL_I64, .help = "rows that came", .unit = "rows", .flags = SL_COL_LIVE },
  { .name = "bytes", .type = SL_I64, .help = "bytes that came", .unit = "B", .flags = SL_COL_LIVE },
  { .name = "wait_s", .type = SL_F64, .help = "time without a byte", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "error", .type = SL_TEXT, .help = "why it failed" },
};

const struct sl_resource sl_res_requests = {
  .name = "requests",
  .help = "requests in flight and those that just ended",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "-started",
  .columns = "resource,scope,kind,state,started,rows,bytes,wait_s,error",
  .poll_ms = 1000,
  .cap_rows = 10000,
};
