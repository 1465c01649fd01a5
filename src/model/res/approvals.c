/* model/res/approvals.c: what was decided about versions, by whom, and whether it counts. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "model", .type = SL_TEXT, .help = "model", .link = "models" },
  { .name = "version", .type = SL_I64, .help = "number of the version" },
  { .name = "decision", .type = SL_STATE, .help = "requested, approved, rejected, rolled-back" },
  { .name = "by", .type = SL_TEXT, .help = "who decided, as it says", .flags = SL_COL_PERSONAL },
  { .name = "known", .type = SL_STATE, .help = "how that is known: key, authenticated, os, claimed" },
  { .name = "at", .type = SL_TIME, .help = "when, as it says" },
  { .name = "comment", .type = SL_TEXT, .help = "why" },
  { .name = "to", .type = SL_TEXT, .help = "what the version becomes: an alias, or stage:NAME" },
  { .name = "evidence", .type = SL_TEXT, .help = "SHA-256 of the evidence that was judged" },
  { .name = "valid", .type = SL_BOOL, .help = "whether it counts; null: nobody has a key, so nothing is signed" },
};

const struct sl_resource sl_res_approvals = {
  .name = "approvals",
  .help = "requests and decisions about versions, and whether they count",
  .scope = "a model's name; without one: all models",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "-at",
  .columns = "model,version,decision,by,known,valid,at,to,comment,evidence",
  .poll_ms = 15000,
  .cap_rows = 200000,
};
