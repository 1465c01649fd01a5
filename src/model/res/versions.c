/* model/res/versions.c: versions of models, with what they came from. Scripts rely on the columns. */
#include "model/res/tags.h"

static const struct sl_col cols[] = {
  { .name = "model", .type = SL_TEXT, .help = "model that it belongs to", .link = "models" },
  { .name = "version", .type = SL_I64, .help = "number" },
  { .name = "state", .type = SL_STATE, .help = "pending, approved, rejected, none: the registry's tag, a claim" },
  { .name = "stage", .type = SL_TEXT, .help = "the registry's stage, where it has stages" },
  { .name = "aliases", .type = SL_LIST, .help = "aliases that name it" },
  { .name = "run", .type = SL_TEXT, .help = "run that made it", .link = "runs" },
  { .name = "author", .type = SL_TEXT, .help = "who registered it, as the registry says", .flags = SL_COL_PERSONAL },
  { .name = "created", .type = SL_TIME, .help = "when it was registered" },
  { .name = "source", .type = SL_URI, .help = "where its files lie" },
  { .name = "digest", .type = SL_TEXT, .help = "of its files' manifest, once computed" },
};

/* A decision: `to` is an alias, or stage:Production. What is computed comes from the judge (model/judge.h). */
#define MADE .required = true, .computed = true
#define COMPUTED                                                                                             \
  { .name = "statement", .help = "what is decided, signed where keys are listed", .type = SL_TEXT, MADE },   \
  { .name = "by", .help = "who decides", .type = SL_TEXT, MADE },                                            \
  { .name = "at", .help = "when", .type = SL_TEXT, MADE }
static const struct sl_arg request_args[] = {
  { .name = "to", .help = "what it should become: an alias, or stage:NAME; otherwise what the model's entry says", .type = SL_TEXT },
  { .name = "comment", .help = "why", .type = SL_TEXT, .required = true },
  COMPUTED,
};
static const struct sl_arg approve_args[] = {
  { .name = "to", .help = "what it becomes: an alias, or stage:NAME; otherwise what the model's entry says", .type = SL_TEXT },
  { .name = "comment", .help = "why", .type = SL_TEXT },
  { .name = "break_glass", .help = "although a gate says no; recorded as that", .type = SL_BOOL, .dflt = "false", .quiet = true },
  COMPUTED,
  { .name = "was", .help = "the version that the alias names now; empty: none", .type = SL_TEXT, MADE },
  { .name = "move", .help = "whether the alias moves now", .type = SL_BOOL, .dflt = "false", .computed = true },
  { .name = "expect", .help = "ALIAS=VERSION: only while the alias names that version; ALIAS= for none", .type = SL_TEXT, .quiet = true },
};
static const struct sl_arg reject_args[] = {
  { .name = "to", .help = "what it was to become: an alias, or stage:NAME", .type = SL_TEXT },
  { .name = "comment", .help = "why", .type = SL_TEXT, .required = true },
  COMPUTED,
};
static const struct sl_arg stage_args[] = {
  { .name = "stage", .help = "None, Staging, Production or Archived", .type = SL_TEXT, .required = true },
  { .name = "archive", .help = "versions that are in that stage become Archived", .type = SL_BOOL, .dflt = "false" },
};
static const char *const decision_guards[] = { "state", "source", "run", NULL };
static const char *const stage_guards[] = { "stage", NULL };

const struct sl_action sl_act_version_request = {
  .name = "request", .help = "ask for a version to be promoted", .undo = "reject", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = request_args, .nargs = sizeof request_args / sizeof request_args[0], .guards = decision_guards, .judged = true,
};
const struct sl_action sl_act_version_approve = {
  .name = "approve", .help = "promote a version, by the rules", .undo = "rollback", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = approve_args, .nargs = sizeof approve_args / sizeof approve_args[0], .guards = decision_guards, .judged = true,
};
const struct sl_action sl_act_version_reject = {
  .name = "reject", .help = "say no to a version", .undo = "request", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = reject_args, .nargs = sizeof reject_args / sizeof reject_args[0], .guards = decision_guards, .judged = true,
};
const struct sl_action sl_act_version_stage = {
  .name = "stage", .help = "move a version to a stage", .undo = "stage with the one that it was in", .risk = SL_REVERSIBLE,
  .once = SL_ONCE_READ, .args = stage_args, .nargs = 2, .guards = stage_guards, .judged = true,
};
const struct sl_action sl_act_version_tag = {
  .name = "tag", .help = "set a tag of a version", .undo = "untag, or tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_TAG_ARGS, .guards = sl_res_tag_guards, .judged = true,
};
const struct sl_action sl_act_version_untag = {
  .name = "untag", .help = "remove a tag of a version", .undo = "tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_UNTAG_ARGS, .guards = sl_res_tag_guards, .judged = true,
};
const struct sl_action sl_act_version_note = {
  .name = "note", .help = "write the description of a version", .undo = "note with what it said", .risk = SL_REVERSIBLE,
  .once = SL_ONCE_READ,
  .args = sl_res_note_args, .nargs = SL_RES_NOTE_ARGS, .guards = sl_res_note_guards,
};

static const struct sl_action *const actions[] = {
  &sl_act_version_approve, &sl_act_version_reject, &sl_act_version_request, &sl_act_version_note, &sl_act_version_stage,
  &sl_act_version_tag, &sl_act_version_untag, NULL,
};

const struct sl_resource sl_res_versions = {
  .name = "versions",
  .help = "versions of registered models",
  .scope = "a model's name; without one: all models",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "model,-version",
  .columns = "model,version,state,aliases,author,created,stage,run,digest,source",
  .poll_ms = 15000,
  .cap_rows = 200000,
};
