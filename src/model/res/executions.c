/* model/res/executions.c: runs of jobs, everywhere in the same words. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "id", .type = SL_TEXT, .help = "id, as its engine knows it" },
  { .name = "job", .type = SL_TEXT, .help = "job that it is a run of", .link = "jobs" },
  { .name = "engine", .type = SL_TEXT, .help = "what ran it: local, ..." },
  { .name = "state", .type = SL_STATE, .help = "pending, running, ok, failed, stopped, waiting, unknown" },
  { .name = "native", .type = SL_TEXT, .help = "the engine's own word for the state" },
  { .name = "started", .type = SL_TIME, .help = "when it began" },
  { .name = "ended", .type = SL_TIME, .help = "when it ended" },
  { .name = "duration_s", .type = SL_F64, .help = "how long it took, or has been running", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "done", .type = SL_I64, .help = "work done so far, in units", .flags = SL_COL_LIVE },
  { .name = "total", .type = SL_I64, .help = "work in all, in units", .flags = SL_COL_LIVE },
  { .name = "unit", .type = SL_TEXT, .help = "what done and total count: rows, bytes, steps" },
  { .name = "cause", .type = SL_TEXT, .help = "why it failed, in one line" },
};

/* Stopping loses the work done so far, but nothing that cannot be made again: `retry` starts it anew. */
const struct sl_action sl_act_stop = {
  .name = "stop", .help = "stop what runs", .undo = "retry", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .when = "state in ('pending', 'running', 'waiting')",
};

const struct sl_action sl_act_retry = {
  .name = "retry", .help = "run it again with the same parameters", .undo = "stop", .risk = SL_REVERSIBLE, .once = SL_ONCE_TOKEN,
  .when = "state in ('failed', 'stopped')",
};

static const struct sl_action *const actions[] = { &sl_act_stop, &sl_act_retry, NULL };

const struct sl_resource sl_res_executions = {
  .name = "executions",
  .help = "runs of jobs: what runs now, what failed and why",
  .scope = "a job's name; without one: all jobs",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "-started",
  .columns = "id,job,state,started,duration_s,cause,done,total,unit,engine,native,ended",
  .opens = "steps,log",
  .poll_ms = 2000,
  .cap_rows = 10000,
};
