/* compute/skops.h: a skops file: a zip of schema.json, which says what everything is, and of the arrays and bytes that it names. */
#ifndef SL_COMPUTE_SKOPS_H
#define SL_COMPUTE_SKOPS_H

#include "compute/model.h"
#include "compute/pickle.h"

enum { SKOPS_PARTS_MAX = 1 << 18, SKOPS_PROTOCOL_MAX = 2 };

/* Into the same values as a pickle (pickle.h). Borrows the parts' bytes and file as long as the document lives. EPARSE, EUNSUP (also a
 * newer protocol), ELIMIT. Owns nothing after a failure. */
int sl_skops_read(struct pk_doc *out, const struct sl_model_part *part, size_t n, const char *file, struct sl_err *err) SL_NODISCARD;

#endif
