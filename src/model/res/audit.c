/* model/res/audit.c: what was done through Sluice, chained by hash. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "seq", .type = SL_I64, .help = "number of the record" },
  { .name = "time", .type = SL_TIME, .help = "when" },
  { .name = "who", .type = SL_TEXT, .help = "who, as issuer:subject or name", .flags = SL_COL_PERSONAL },
  { .name = "action", .type = SL_TEXT, .help = "what" },
  { .name = "target", .type = SL_REF, .help = "to which row" },
  { .name = "outcome", .type = SL_STATE, .help = "intent, ok, refused, failed, unknown, reconciled" },
  { .name = "detail", .type = SL_TEXT, .help = "arguments and result" },
  { .name = "hash", .type = SL_TEXT, .help = "SHA-256 over the record and the one before" },
};

const struct sl_resource sl_res_audit = {
  .name = "audit",
  .help = "what was done through Sluice, by whom, and how it went",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .order = "-seq",
  .columns = "seq,time,who,action,target,outcome,detail,hash",
  .poll_ms = 5000,
  .cap_rows = 100000,
};
