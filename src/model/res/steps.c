/* model/res/steps.c: the parts of an execution and what each waited for. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "execution", .type = SL_TEXT, .help = "execution that it is part of", .link = "executions" },
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "state", .type = SL_STATE, .help = "pending, running, ok, failed, stopped, waiting, unknown" },
  { .name = "native", .type = SL_TEXT, .help = "the engine's own word for the state" },
  { .name = "started", .type = SL_TIME, .help = "when it began" },
  { .name = "ended", .type = SL_TIME, .help = "when it ended" },
  { .name = "duration_s", .type = SL_F64, .help = "how long it took, or has been running", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "after", .type = SL_LIST, .help = "steps that it waits for" },
  { .name = "cause", .type = SL_TEXT, .help = "why it failed, in one line" },
};

const struct sl_resource sl_res_steps = {
  .name = "steps",
  .help = "steps of an execution, as a graph",
  .scope = "an execution's id; without one: those of recent executions",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "started",
  .columns = "name,state,started,duration_s,after,cause,native,ended,execution",
  .opens = "log",
  .poll_ms = 2000,
  .cap_rows = 10000,
};
