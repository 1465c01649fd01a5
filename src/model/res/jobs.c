/* model/res/jobs.c: what can be run. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "engine", .type = SL_TEXT, .help = "what runs it: local, ..." },
  { .name = "schedule", .type = SL_TEXT, .help = "cron text by which it is due" },
  { .name = "state", .type = SL_STATE, .help = "of its last execution: pending, running, ok, failed, stopped, waiting, unknown" },
  { .name = "last_execution", .type = SL_TEXT, .help = "its last execution", .link = "executions" },
  { .name = "last_started", .type = SL_TIME, .help = "when that began" },
};

static const struct sl_arg run_args[] = {
  { .name = "p", .help = "parameter as NAME=VALUE", .type = SL_LIST },
  { .name = "detach", .help = "do not wait for its end", .type = SL_BOOL, .dflt = "false" },
};
/* Somebody else who started it meanwhile voids the decision: two runs of one job rarely are what two people want. */
static const char *const run_guards[] = { "last_execution", NULL };

const struct sl_action sl_act_run = {
  .name = "run", .help = "start a job", .undo = "stop", .risk = SL_REVERSIBLE, .once = SL_ONCE_TOKEN,
  .args = run_args, .nargs = sizeof run_args / sizeof run_args[0], .guards = run_guards,
};

static const struct sl_action *const actions[] = { &sl_act_run, NULL };

const struct sl_resource sl_res_jobs = {
  .name = "jobs",
  .help = "jobs that can be run, and how their last run went",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "name",
  .columns = "name,state,last_started,last_execution,schedule,engine",
  .opens = "executions",
  .poll_ms = 5000,
  .cap_rows = 50000,
};
