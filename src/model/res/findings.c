/* model/res/findings.c: what is wrong now, over every connection. Scripts rely on the columns. */
#include "model/resource.h"

static const struct sl_col cols[] = {
  { .name = "severity", .type = SL_STATE, .help = "failed, late, waiting, unknown" },
  { .name = "kind", .type = SL_TEXT, .help = "job failed, partition missing, ..." },
  { .name = "subject", .type = SL_REF, .help = "row that it is about" },
  { .name = "since", .type = SL_TIME, .help = "since when" },
  { .name = "summary", .type = SL_TEXT, .help = "what is wrong, in one line" },
  { .name = "next", .type = SL_TEXT, .help = "what to do" },
};

const struct sl_resource sl_res_findings = {
  .name = "findings",
  .help = "what is wrong now, worst first",
  .shape = SL_KEYED,
  .cols = cols,
  .ncols = sizeof cols / sizeof cols[0],
  .columns = "severity,kind,summary,since,next,subject",
  .poll_ms = 5000,
  .cap_rows = 10000,
};
