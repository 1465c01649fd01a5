/* model/capsule.h: a recording of queries and answers that opens with no network and no backend. docs/internals/capsules.md has the whole.
 *
 * Recording listens at the first door: every query, its schema, batches, documents, byte ranges, what a plan would do, and how each ended;
 * at the end how connections stood, and what views need of the workspace's file: environment, timezone, zones. Columns marked secret never
 * enter, personal ones only as keyed hashes unless with_data; every text passes the filter for tokens, and bytes that hold one stay out;
 * documents of resources that have such columns are left out. The key of the hashes is thrown away: equal values stay equal within one
 * capsule.
 *
 * Replaying makes connections of what was recorded, under their old names; equal queries get the latest answer that was recorded, others
 * an error that says so. What the workspace computes itself (findings, requests, keys) is computed again. The program opens the workspace
 * with these connections and this configuration, read-only, in a state folder of its own. */
#ifndef SL_MODEL_CAPSULE_H
#define SL_MODEL_CAPSULE_H

#include "model/ws.h"

/* ---- recording ---- */
struct sl_capsule_rec;
struct sl_capsule_opts { bool with_data; };
/* One at a time for a workspace (EEXIST); ends before the workspace closes. Memory: what was recorded, 64 MiB at most. */
int sl_capsule_record_begin(struct sl_capsule_rec **out, struct sl_ws *w, const struct sl_capsule_opts *o, struct sl_err *err) SL_NODISCARD;
/* What would be written, for the person to read first: a line a resource: queries, rows, bytes, columns hashed, columns left out. */
int sl_capsule_summary(const struct sl_capsule_rec *r, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;
/* Writes the file, whole or not at all (mode 0600); path NULL: thrown away. *take is NULL afterwards, whatever happened. ELIMIT: it was
 * longer than the cap, and what came later is missing; the file is written all the same. Blocks. */
int sl_capsule_record_end(struct sl_capsule_rec **take, const char *path, struct sl_err *err) SL_NODISCARD;

/* ---- replaying ---- */
struct sl_capsule;
/* Strict: EPARSE where anything is not as it was written, a file without its end included. */
int sl_capsule_read(struct sl_capsule **out, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
/* The same from a file, and the loop's clock stands still at the recording's end. Blocks. */
int sl_capsule_replay_open(struct sl_capsule **out, const char *path, struct sl_loop *l, struct sl_err *err) SL_NODISCARD;
const struct sl_backend_ops *const *sl_capsule_backends(const struct sl_capsule *c);   /* for sl_ws_opts; valid as long as c */
const char *sl_capsule_name(const struct sl_capsule *c);                               /* of the workspace that was recorded */
struct sl_ws_conf *sl_capsule_conf(const struct sl_capsule *c);                        /* what it holds of the workspace; borrowed */
sl_ms sl_capsule_time(const struct sl_capsule *c);                                     /* when the recording ended */
void sl_capsule_free(struct sl_capsule *c);                                            /* after the workspace has closed */

#endif
