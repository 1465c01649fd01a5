/* model/res/tags.h: arguments and guards of `tag`, `untag` and `note`, which mean the same on models, versions and runs. */
#ifndef SL_MODEL_RES_TAGS_H
#define SL_MODEL_RES_TAGS_H

#include "model/resource.h"

enum { SL_RES_TAG_ARGS = 2, SL_RES_UNTAG_ARGS = 1, SL_RES_NOTE_ARGS = 1 };
extern const struct sl_arg sl_res_tag_args[SL_RES_TAG_ARGS];       /* key, value; untag takes the first alone */
extern const struct sl_arg sl_res_note_args[SL_RES_NOTE_ARGS];     /* text */
extern const char *const sl_res_tag_guards[], *const sl_res_note_guards[];

#endif
