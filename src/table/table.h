/* table/table.h: rows as they arrive, and immutable snapshots of them.
 *
 * Blocks of 1,024 rows under a permutation. One memory budget covers all tables: over it, the blocks seen longest ago go to an unlinked
 * file of mode 0600 and come back by pread in a worker (secret columns never spill). A table is the loop's; a snapshot is anyone's. */
#ifndef SL_TABLE_TABLE_H
#define SL_TABLE_TABLE_H

#include "table/filter.h"

/* How tables get work done off the loop: the model hands in the loop's lanes; tests hand in "now". */
struct sl_table_env {
  void *ctx;
  int (*start)(void *ctx, int (*work)(void *user, const volatile int *cancel, struct sl_err *err),
               void (*done)(void *user, int rc, const struct sl_err *err), void *user, struct sl_err *err);
  int64_t (*now)(void *ctx);
};
struct sl_budget;                /* one per workspace: bytes in memory, spill file, counters */
struct sl_budget_use { size_t memory, spilled, blocks; uint64_t reads; };
/* bytes: in memory, of all tables together. The unlinked file is made in spill_dir (NULL: none) when it is first needed. env is copied;
 * NULL: everything is done within the call that asks for it. */
int sl_budget_open(struct sl_budget **out, const struct sl_table_env *env, size_t bytes, const char *spill_dir,
                   struct sl_err *err) SL_NODISCARD;
struct sl_budget_use sl_budget_used(const struct sl_budget *b);
void sl_budget_close(struct sl_budget *b);  /* after all tables and snapshots are gone */

enum sl_shape { SL_KEYED, SL_LOG };
struct sl_table;
/* cap_rows: KEYED refuses beyond it (ELIMIT, the source is then cut); LOG drops the oldest and counts them. 0: no cap. */
int sl_table_open(struct sl_table **out, struct sl_budget *b, struct sl_schema *s, enum sl_shape shape, uint64_t cap_rows,
                  struct sl_err *err)
  SL_NODISCARD;
void sl_table_close(struct sl_table *t);
/* Takes a sealed batch whose schema is the table's, or one that begins with the same columns: then the table widens to it. conn: which
 * connection it came from. */
int sl_table_apply(struct sl_table *t, struct sl_str conn, struct sl_batch **take, struct sl_err *err) SL_NODISCARD;
/* A listing that ended whole is a generation: rows of conn that it did not repeat are deleted (kept, struck out, until the next one).
 * Beyond a million rows ids are not looked up: a first listing only appends (an id that it repeats stands twice), a later one is collected
 * aside and replaces the rows of conn when it ended whole, and a DEL waits for that. */
void sl_table_gen_begin(struct sl_table *t, struct sl_str conn);
int sl_table_gen_end(struct sl_table *t, struct sl_str conn, bool whole, struct sl_err *err) SL_NODISCARD;
uint64_t sl_table_count(const struct sl_table *t);             /* without those struck out; a snapshot shows these too */
uint64_t sl_table_dropped(const struct sl_table *t);
uint64_t sl_table_version(const struct sl_table *t);           /* rises with every change */
struct sl_schema *sl_table_schema(const struct sl_table *t);

/* ---- snapshots: counted, immutable ---- */
struct sl_snap;
int sl_table_snap(struct sl_table *t, struct sl_snap **out, struct sl_err *err) SL_NODISCARD;   /* cheap: shares the blocks */
struct sl_snap *sl_snap_ref(struct sl_snap *s);
void sl_snap_unref(struct sl_snap *s);
uint64_t sl_snap_count(const struct sl_snap *s);
struct sl_schema *sl_snap_schema(const struct sl_snap *s);
/* n <= 1,024 rows from position first, fewer only at the end. SL_EAGAIN: on disk; the read is queued and ready(user) comes:
 * painting never waits. */
int sl_snap_page(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_batch **out, void (*ready)(void *user), void *user,
                 struct sl_err *err) SL_NODISCARD;
/* blocks: not on the loop */
int sl_snap_page_wait(struct sl_snap *s, uint64_t first, uint32_t n, struct sl_batch **out, struct sl_err *err) SL_NODISCARD;
/* ready(user) of pages and finds will not come: whoever waits and goes away says so. */
void sl_snap_forget(struct sl_snap *s, void *user);
/* Positions of refs (hashes) after rows moved; UINT64_MAX: gone. EAGAIN the first time: one pass over the hashes in a worker, then
 * ready(). */
int sl_snap_find(struct sl_snap *s, const uint64_t *hash, size_t n, uint64_t *pos, void (*ready)(void *user), void *user,
                 struct sl_err *err)
  SL_NODISCARD;
uint64_t sl_snap_hash(const struct sl_snap *s, uint64_t pos);  /* of the row's ref; from memory always */
bool sl_snap_struck(const struct sl_snap *s, uint64_t pos);    /* deleted since the last refresh */
/* A new snapshot: the rows that `where` keeps, in `order`, first `limit` (0: all). Runs in a worker in slices; done() on the loop exactly
 * once, out yours; without lanes it comes within this call. In memory to a million rows, beyond as sorted
 * runs in the spill file. NULL where/order: all / as they arrived. */
typedef void sl_snap_done(void *user, int rc, struct sl_snap *out, const struct sl_err *err);
struct sl_snap_op;
int sl_snap_select(struct sl_snap *s, struct sl_filter *where, struct sl_order *order, uint64_t limit, sl_snap_done *fn, void *user,
                   struct sl_snap_op **out, struct sl_err *err) SL_NODISCARD;
void sl_snap_cancel(struct sl_snap_op *op);                    /* done() will not come */

#endif
