/* model/res/log.c: lines as they were written; rows only arrive. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "time", .type = SL_TIME, .help = "when it was written" },
  { .name = "source", .type = SL_TEXT, .help = "who wrote it: execution and step" },
  { .name = "level", .type = SL_TEXT, .help = "error, warning, info, debug; missing where the line does not say" },
  { .name = "text", .type = SL_TEXT, .help = "the line" },
};

const struct sl_resource sl_res_log = {
  .name = "log",
  .help = "log lines of executions",
  .scope = "an execution's id; without one: recent executions",
  .shape = SL_LOG,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "time,level,text,source",
  .poll_ms = 1000,
  .cap_rows = 500000,
};
