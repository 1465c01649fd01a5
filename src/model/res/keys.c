/* model/res/keys.c: the live key table. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "view", .type = SL_TEXT, .help = "where it works; global: everywhere" },
  { .name = "key", .type = SL_TEXT, .help = "key" },
  { .name = "command", .type = SL_TEXT, .help = "command, as config.yaml names it" },
  { .name = "help", .type = SL_TEXT, .help = "what it does" },
};

const struct sl_resource sl_res_keys = {
  .name = "keys",
  .help = "keys and what they do",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "view,key,command,help",
  .poll_ms = 0,
  .cap_rows = 10000,
};
