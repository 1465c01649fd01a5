/* model/res/tags.c: what the tags and notes of models, versions and runs have in common. */
#include "model/res/tags.h"

const struct sl_arg sl_res_tag_args[SL_RES_TAG_ARGS] = {
  { .name = "key", .help = "the tag's name", .type = SL_TEXT, .required = true },
  { .name = "value", .help = "its value", .type = SL_TEXT, .required = true },
};
const struct sl_arg sl_res_note_args[SL_RES_NOTE_ARGS] = {
  { .name = "text", .help = "what to say about it; empty: nothing", .type = SL_TEXT, .required = true },
};
const char *const sl_res_tag_guards[] = { "tags.{key}", NULL };
const char *const sl_res_note_guards[] = { "description", NULL };
