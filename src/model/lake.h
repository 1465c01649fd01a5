/* model/lake.h: zones and partitions, the same for every kind of storage: who lists objects feeds them in, and takes rows out.
 *
 * States: fresh (newest within fresh_within), stale (older), missing (a partition that the layout or schedule promises is not there),
 * empty (there, nothing in it), unknown (nothing to judge by, or the listing is not whole). */
#ifndef SL_MODEL_LAKE_H
#define SL_MODEL_LAKE_H

#include "model/backend.h"

struct sl_lake_acc;          /* [any] one zone's partitions while its objects are listed */
int sl_lake_begin(struct sl_lake_acc **out, const struct sl_zone *z, const struct sl_tz *tz, sl_ms now, struct sl_err *err) SL_NODISCARD;
/* rel: path below the zone's root, '/' separated. rows -1: unknown. */
int sl_lake_add(struct sl_lake_acc *a, struct sl_str rel, int64_t bytes, sl_ms modified, int64_t rows, struct sl_err *err) SL_NODISCARD;
struct sl_lake_part {
  const char *name; sl_ms day; const char *state; int64_t objects, bytes, rows; sl_ms newest; sl_ms expected; double late_s;
};
/* Sorted, newest first, missing ones between first and last (or today, by schedule) filled in. Borrowed from a. */
int sl_lake_end(struct sl_lake_acc *a, bool whole, const struct sl_lake_part **parts, size_t *n, struct sl_err *err) SL_NODISCARD;
struct sl_lake_zone { const char *state; sl_ms newest; double age_s; int64_t objects, bytes; };
struct sl_lake_zone sl_lake_zone_of(const struct sl_lake_acc *a);
void sl_lake_free(struct sl_lake_acc *a);

#endif
