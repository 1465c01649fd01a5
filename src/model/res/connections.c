/* model/res/connections.c: what the workspace is connected to, as whom, and how well it answers. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "as the workspace file calls it" },
  { .name = "type", .type = SL_TEXT, .help = "kind of backend: local, mlflow, ..." },
  { .name = "state", .type = SL_STATE, .help = "ok, slow, failed, login (credentials are needed), unknown (not asked yet)" },
  { .name = "identity", .type = SL_TEXT, .help = "who we are there, as the server says", .flags = SL_COL_PERSONAL },
  { .name = "expires", .type = SL_TIME, .help = "when the credentials end" },
  { .name = "readonly", .type = SL_TEXT, .help = "what keeps a query from writing: server, role, or none" },
  { .name = "latency_ms", .type = SL_I64, .help = "last answer took", .unit = "ms", .flags = SL_COL_LIVE },
  { .name = "error", .type = SL_TEXT, .help = "last failure, and what to do" },
};

const struct sl_resource sl_res_connections = {
  .name = "connections",
  .help = "what the workspace is connected to",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "name",
  .columns = "name,type,state,identity,latency_ms,readonly,error,expires",
  .poll_ms = 5000,
  .cap_rows = 10000,
};
