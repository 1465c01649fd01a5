/* model/res/runs.c: trainings with what went in and what came out. Scripts rely on the columns. */
#include "model/res/tags.h"

static const struct sl_col cols[] = {
  { .name = "id", .type = SL_TEXT, .help = "id in its store" },
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "experiment", .type = SL_TEXT, .help = "its experiment's name", .link = "experiments" },
  { .name = "state", .type = SL_STATE, .help = "pending, running, ok, failed, stopped, unknown" },
  { .name = "started", .type = SL_TIME, .help = "when it began" },
  { .name = "ended", .type = SL_TIME, .help = "when it ended" },
  { .name = "duration_s", .type = SL_F64, .help = "how long it took, or has been running", .unit = "s", .flags = SL_COL_LIVE },
  { .name = "user", .type = SL_TEXT, .help = "who started it, as the client says", .flags = SL_COL_PERSONAL },
  { .name = "params", .type = SL_FAMILY_TEXT, .help = "parameters: params.max_depth" },
  { .name = "metrics", .type = SL_FAMILY_F64, .help = "last values of metrics: metrics.auc", .flags = SL_COL_LIVE },
  { .name = "tags", .type = SL_FAMILY_TEXT, .help = "tags: tags.team" },
};

static const char *const note_guards[] = { "tags.mlflow.note.content", NULL };

const struct sl_action sl_act_run_tag = {
  .name = "tag", .help = "set a tag of a run", .undo = "untag, or tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_TAG_ARGS, .guards = sl_res_tag_guards,
};
const struct sl_action sl_act_run_untag = {
  .name = "untag", .help = "remove a tag of a run", .undo = "tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_UNTAG_ARGS, .guards = sl_res_tag_guards,
};
const struct sl_action sl_act_run_note = {
  .name = "note", .help = "write the description of a run", .undo = "note with what it said", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_note_args, .nargs = SL_RES_NOTE_ARGS, .guards = note_guards,
};

static const struct sl_action *const actions[] = { &sl_act_run_note, &sl_act_run_tag, &sl_act_run_untag, NULL };

const struct sl_resource sl_res_runs = {
  .name = "runs",
  .help = "training runs with their parameters, metrics and tags",
  .scope = "an experiment's id or name; without one: all experiments",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "-started",
  .columns = "name,experiment?,state,started,metrics.?4,params.?4,duration_s,user,metrics.?16,params.?16,id,ended",
  .opens = "series",
  .poll_ms = 10000,
  .cap_rows = 200000,
};
