/* box/drift_sink.c: a comparison's rows, out of the box. */
#include "box/drift_row.h"
#include "box/inside.h"

static int head(void *user, const struct sl_schema *s, struct sl_err *err) { return box_head(user, s, -1, err); }
static int rows(void *user, struct sl_batch *b, struct sl_err *err) { return box_rows(user, b, err); }

struct drift_sink drift_sink_of(struct sl_box_ctx *c) { return (struct drift_sink){ head, rows, c }; }
