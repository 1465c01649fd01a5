/* model/res/objects.c: files and prefixes of any storage. Scripts rely on the columns. */
#include "model/act.h"

static const struct sl_col cols[] = {
  { .name = "uri", .type = SL_URI, .help = "full address" },
  { .name = "name", .type = SL_TEXT, .help = "last part of the address" },
  { .name = "kind", .type = SL_TEXT, .help = "file or prefix" },
  { .name = "bytes", .type = SL_I64, .help = "size", .unit = "B" },
  { .name = "modified", .type = SL_TIME, .help = "last written" },
  { .name = "etag", .type = SL_TEXT, .help = "what the storage calls this content" },
  { .name = "class", .type = SL_TEXT, .help = "storage class" },
};

static const struct sl_arg copy_args[] = {
  { .name = "to", .help = "address of the copy", .type = SL_URI, .required = true },
  { .name = "replace", .help = "overwrite what is there", .type = SL_BOOL, .dflt = "false" },
};
/* The content that was seen is what is copied and removed: a file written meanwhile is another file. */
static const char *const content_guards[] = { "etag", "modified", "bytes", NULL };
static const char *const no_guards[] = { NULL };

const struct sl_action sl_act_copy = {
  .name = "copy", .help = "copy a file to another place", .undo = "remove", .risk = SL_REVERSIBLE, .once = SL_ONCE_NAME,
  .args = copy_args, .nargs = sizeof copy_args / sizeof copy_args[0], .when = "kind = 'file'", .guards = content_guards,
};

const struct sl_action sl_act_remove = {
  .name = "remove", .help = "delete a file", .undo = NULL, .risk = SL_DESTRUCTIVE, .once = SL_ONCE_NAME,
  .when = "kind = 'file'", .guards = content_guards,
};

static const struct sl_arg write_args[] = {
  { .name = "to", .help = "address to write", .type = SL_URI, .required = true },
  { .name = "from", .help = "local file that holds the bytes", .type = SL_TEXT, .required = true },
  { .name = "replace", .help = "overwrite what is there, whole or not at all", .type = SL_BOOL, .dflt = "true" },
};
/* The target need not exist yet: there is nothing to compare. */
const struct sl_action sl_act_write = {
  .name = "write", .help = "put a file's bytes to an address", .undo = "remove", .risk = SL_REVERSIBLE, .once = SL_ONCE_NAME,
  .args = write_args, .nargs = sizeof write_args / sizeof write_args[0], .guards = no_guards,
};

static const struct sl_action *const actions[] = { &sl_act_copy, &sl_act_remove, &sl_act_write, NULL };

const struct sl_resource sl_res_objects = {
  .name = "objects",
  .help = "files and folders of the storage",
  .scope = "an address or a zone's path (lake:raw/dt=2026-11-20); without one: the top of every zone",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .actions = actions,
  .order = "uri",
  .columns = "name,kind,bytes,modified,class,etag,uri",
  .opens = "objects",
  .poll_ms = 15000,
  .cap_rows = 1000000,
};
