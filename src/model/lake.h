/* model/lake.h: zones and partitions, the same for every kind of storage: who lists objects feeds them in, and takes rows out.
 *
 * States: fresh (as it should be), stale (the newest one that is due is there, but its newest file is older than fresh_within), missing
 * (due, or between two that are there, and not there itself), empty (there, but without a byte, or with fewer rows than min_rows), unknown
 * (nothing to judge by, or the listing is not whole).
 *
 * When a partition is due: at the schedule's first moment within its day, hour, month or year; a day without such a moment is not expected.
 * Without a schedule: fresh_within after its beginning. Without both nothing is due, only gaps are missing. Days are the workspace's
 * (timezone). Without a layout what lies at the top of the zone are its partitions, each judged by its own newest file. */
#ifndef SL_MODEL_LAKE_H
#define SL_MODEL_LAKE_H

#include "model/backend.h"

#define SL_LAKE_NEVER INT64_MIN      /* a time that there is not */

struct sl_lake_acc;          /* [any] one zone's partitions while its objects are listed */
/* Yours (sl_lake_free). tz (NULL: UTC) is borrowed until then, z for the call; now: by which it is told what is due and late. */
int sl_lake_begin(struct sl_lake_acc **out, const struct sl_zone *z, const struct sl_tz *tz, sl_ms now,
                  struct sl_err *err) SL_NODISCARD;
/* rel: path below the zone's root, '/' separated; a slash at the end: a folder, which makes an empty partition known. modified
 * SL_LAKE_NEVER, rows -1: unknown. ELIMIT beyond a million partitions. */
int sl_lake_add(struct sl_lake_acc *a, struct sl_str rel, int64_t bytes, sl_ms modified, int64_t rows,
                struct sl_err *err) SL_NODISCARD;
struct sl_lake_part {
  const char *name;                    /* path below the zone's root: "dt=2026-11-20", "site=a/dt=2026-11-20" */
  const char *state;
  sl_ms day;                           /* when it begins; SL_LAKE_NEVER: no layout */
  int64_t objects, bytes, rows;        /* rows -1: unknown */
  sl_ms newest, expected;              /* or SL_LAKE_NEVER */
  double late_s;                       /* how long it has been late, 0: is not; NaN: not judged */
};
/* Ends the adding. Newest first, with the missing ones (the newest thousand of each series). Borrowed from a, until the next call. */
int sl_lake_end(struct sl_lake_acc *a, bool whole, const struct sl_lake_part **parts, size_t *n, struct sl_err *err) SL_NODISCARD;
/* The zone as a whole, after sl_lake_end(): stale before missing. age_s NaN: no file. */
struct sl_lake_zone { const char *state; sl_ms newest; double age_s; int64_t objects, bytes; };
struct sl_lake_zone sl_lake_zone_of(const struct sl_lake_acc *a);   /* its words are constants */
void sl_lake_free(struct sl_lake_acc *a);                           /* with what sl_lake_end() lent; NULL is fine */
/* What `freshness` prints after the common columns of `partitions`: expected, late_s. Every storage serves them as its own columns. */
extern const struct sl_col sl_lake_own[2];

#endif
