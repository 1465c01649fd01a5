/* model/res/models.c: registered models and who carries which alias. Scripts rely on the columns. */
#include "model/res/tags.h"

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "name" },
  { .name = "aliases", .type = SL_LIST, .help = "aliases and the version that each names: champion=3" },
  { .name = "latest", .type = SL_I64, .help = "newest version" },
  { .name = "pending", .type = SL_I64, .help = "versions that wait for a decision", .flags = SL_COL_LIVE },
  { .name = "updated", .type = SL_TIME, .help = "last change" },
};

const struct sl_action sl_act_model_tag = {
  .name = "tag", .help = "set a tag of a model", .undo = "untag, or tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_TAG_ARGS, .guards = sl_res_tag_guards,
};
const struct sl_action sl_act_model_untag = {
  .name = "untag", .help = "remove a tag of a model", .undo = "tag with what it held", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_tag_args, .nargs = SL_RES_UNTAG_ARGS, .guards = sl_res_tag_guards,
};
const struct sl_action sl_act_model_note = {
  .name = "note", .help = "write the description of a model", .undo = "note with what it said", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = sl_res_note_args, .nargs = SL_RES_NOTE_ARGS, .guards = sl_res_note_guards,
};

static const struct sl_arg alias_args[] = {
  { .name = "alias", .help = "the alias's name", .type = SL_TEXT, .required = true },
  { .name = "version", .help = "the version that it names then", .type = SL_I64, .required = true },
};
/* Filled in by the judge: the version to go back to, what the alias names now, and the statement that is kept with it. */
static const struct sl_arg rollback_args[] = {
  { .name = "alias", .help = "the alias's name; otherwise the one that the model's entry promotes", .type = SL_TEXT },
  { .name = "comment", .help = "why", .type = SL_TEXT },
  { .name = "version", .help = "the version to go back to", .type = SL_I64, .required = true, .computed = true },
  { .name = "was", .help = "the version that the alias names now", .type = SL_TEXT, .required = true, .computed = true },
  { .name = "statement", .help = "what is decided, signed where keys are listed", .type = SL_TEXT, .required = true, .computed = true },
  { .name = "by", .help = "who decides", .type = SL_TEXT, .required = true, .computed = true },
  { .name = "at", .help = "when", .type = SL_TEXT, .required = true, .computed = true },
  { .name = "expect", .help = "ALIAS=VERSION: only while the alias names that version", .type = SL_TEXT, .quiet = true },
};
static const char *const alias_guards[] = { "aliases", NULL };

const struct sl_action sl_act_model_alias = {
  .name = "alias", .help = "let an alias name a version", .undo = "alias with the version that it named", .risk = SL_REVERSIBLE,
  .once = SL_ONCE_READ, .args = alias_args, .nargs = 2, .guards = alias_guards, .judged = true,
};
const struct sl_action sl_act_model_unalias = {
  .name = "unalias", .help = "remove an alias", .undo = "alias with the version that it named", .risk = SL_REVERSIBLE, .once = SL_ONCE_READ,
  .args = alias_args, .nargs = 1, .guards = alias_guards, .judged = true,
};
const struct sl_action sl_act_model_rollback = {
  .name = "rollback", .help = "let an alias name the version before the latest change", .undo = "approve the version again",
  .risk = SL_REVERSIBLE, .once = SL_ONCE_READ, .args = rollback_args, .nargs = sizeof rollback_args / sizeof rollback_args[0],
  .guards = alias_guards, .judged = true,
};

static const struct sl_action *const actions[] = {
  &sl_act_model_rollback, &sl_act_model_note, &sl_act_model_tag, &sl_act_model_untag, &sl_act_model_alias, &sl_act_model_unalias, NULL,
};

const struct sl_resource sl_res_models = {
  .name = "models",
  .help = "registered models, their aliases and what waits for a decision",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "name",
  .columns = "name,aliases,latest,pending,updated",
  .opens = "versions",
  .poll_ms = 15000,
  .cap_rows = 100000,
};
