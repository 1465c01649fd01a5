/* table/table_int.h: blocks, the budget that keeps them in memory or not, and what tables and snapshots share.
 *
 * A block is immutable and counted; only whether its batch is in memory changes, under the budget's lock. An ordinal names a row for one
 * directory: place of the block * 1,024 + row. Directories and lists of ordinals are shared with snapshots: appended to in place (a
 * snapshot knows how far it may read), copied before anything that it can see would change. */
#ifndef SL_TABLE_TABLE_INT_H
#define SL_TABLE_TABLE_INT_H

#include <pthread.h>

#include "base/mem.h"
#include "table/batch_int.h"
#include "table/spill_int.h"
#include "table/table.h"

enum { ROWS = SL_BATCH_ROWS, ORDS_IN_MEMORY = 1 << 20 };

struct block {
  uint32_t refs;
  uint32_t rows;
  uint32_t live;              /* loop: rows that the table still shows */
  bool pinned;                /* holds a secret column: never leaves memory */
  bool writing;               /* lock: a job is at it */
  struct sl_budget *budget;
  struct sl_schema *schema;
  struct conn_name *conn;
  struct sl_batch *batch;     /* lock: NULL: on disk */
  uint64_t *hash;             /* lock: of each row's ref; in memory, or a mapped slot of the spill file */
  int32_t slot;               /* lock: -1: hash is in memory */
  int64_t off;                /* lock: in the spill file; -1: never written */
  uint32_t len;
  size_t bytes;
  struct block *older, *newer; /* lock: resident ones, by when they were seen last */
};

struct sl_budget {
  uint32_t refs;
  struct sl_table_env env;
  bool has_env;
  size_t limit;
  pthread_mutex_t lock;
  struct block *oldest, *newest;
  size_t memory, blocks;
  uint64_t reads;
  struct spill *spill;
  bool job;                   /* loop: a writing job is under way */
  int failed;                 /* lock: the last write's code; 0: fine */
  struct sl_err why;
};

/* [any] counted: the last of those that hold it frees it, with its spill file. */
struct sl_budget *budget_ref(struct sl_budget *b);
void budget_unref(struct sl_budget *b);
/* Loop: begins to write what has to leave memory; writes here and now when far over. Fails when nothing can leave. */
int budget_relieve(struct sl_budget *b, struct sl_err *err) SL_NODISCARD;
/* Runs work in a lane and done on the loop, or both now when there is no lane. */
int budget_start(struct sl_budget *b, int (*work)(void *user, const volatile int *cancel, struct sl_err *err),
                 void (*done)(void *user, int rc, const struct sl_err *err), void *user, struct sl_err *err) SL_NODISCARD;

/* Shares what batch holds, under conn (counted). A block counts against the budget from now on; unref: NULL is fine, [any]. */
int block_new(struct block **out, struct sl_budget *b, struct sl_batch *batch, struct conn_name *conn, struct sl_err *err) SL_NODISCARD;
struct block *block_ref(struct block *k);
void block_unref(struct block *k);
struct sl_batch *block_resident(struct block *k);  /* [any] a reference, and seen now; NULL: on disk */
/* [any, blocks] keep: stays in memory for the next reader. */
int block_load(struct block *k, bool keep, struct sl_batch **out, struct sl_err *err) SL_NODISCARD;
void block_hashes(struct block *k, uint64_t *out); /* [any] copies all rows' */
uint64_t block_hash(struct block *k, uint32_t row);   /* [any] of one row */

/* ---- directory of blocks ---- */
struct dent { struct block *b; uint64_t start; };  /* start: rows before it since the table began; only in tables without ords */
struct dir { uint32_t refs; size_t n, cap; struct dent e[]; };
/* Empty. unref: its blocks, too, when it was the last; NULL is fine. */
int dir_new(struct dir **out, size_t cap, struct sl_err *err) SL_NODISCARD;
void dir_unref(struct dir *d);
/* Room for one more at the end, or (own) the right to change any entry: copies when shared. */
int dir_reserve(struct dir **d, bool own, struct sl_err *err) SL_NODISCARD;

/* ---- lists of ordinals ---- */
struct ords { uint32_t refs; size_t cap; uint32_t *o; struct spill *spill; int64_t off; size_t mapped; };
int ords_new(struct ords **out, struct sl_budget *b, size_t cap, struct sl_err *err) SL_NODISCARD;  /* mapped when large */
/* sort: the first n, ascending. */
struct ords *ords_ref(struct ords *o);
void ords_unref(struct ords *o);
void ords_sort(struct ords *o, size_t n);
/* Room for n + 1, or a copy when shared (own). */
int ords_reserve(struct ords **o, struct sl_budget *b, size_t n, bool own, struct sl_err *err) SL_NODISCARD;

/* ---- which position has a hash: built for keyed tables of up to a million rows ---- */
struct index { struct { uint32_t pos1, tag; } *slot; size_t nslot, n; };
/* What it holds, not x. reserve: room for so many more, ENOMEM. */
void index_free(struct index *x);
int index_reserve(struct index *x, size_t more, struct sl_err *err) SL_NODISCARD;
void index_add(struct index *x, uint64_t hash, uint32_t pos);   /* after reserve */
/* Positions became moved[pos]; UINT32_MAX: gone. */
void index_move(struct index *x, const uint32_t *moved);
/* Calls same(user, pos) on candidates until one is it. */
bool index_find(const struct index *x, uint64_t hash, bool (*same)(void *user, uint32_t pos, uint64_t hash), void *user, uint32_t *pos);

/* ---- snapshots ---- */
struct page { uint64_t first; uint32_t n; struct sl_batch *b; };
struct snap_wait { void (*ready)(void *user); void *user; };
enum { SNAP_PAGES = 4, SNAP_WAITS = 8 };
struct sl_snap {
  uint32_t refs;
  struct sl_budget *budget;
  struct sl_schema *schema;
  struct dir *dir;
  size_t n;                   /* entries of dir that are ours */
  uint64_t first_row;         /* start of position 0, without ords */
  struct ords *ords;          /* NULL: as they stand in dir */
  uint64_t count;
  struct ords *struck;        /* sorted ordinals; NULL: none */
  size_t nstruck;
  /* loop only */
  struct page page[SNAP_PAGES];
  unsigned next_page;
  bool paging, finding;
  int failed;                 /* the last page job's code, until somebody was told */
  struct sl_err why;
  struct snap_wait wait[SNAP_WAITS];
  unsigned nwait;
  uint64_t *found_hash, *found_pos;
  size_t nfound;
};
/* Takes references of s and of dir, whose first n entries it sees. */
int snap_new(struct sl_snap **out, struct sl_budget *b, struct sl_schema *s, struct dir *dir, size_t n, struct sl_err *err) SL_NODISCARD;
/* The block and row at a position. */
struct block *snap_at(const struct sl_snap *s, uint64_t pos, uint32_t *row);
size_t snap_entry(const struct sl_snap *s, uint64_t pos);        /* without ords: which entry holds pos */

/* The rows of one block that a snapshot has: [from, to), or, with pos, those at its npos positions. */
struct snap_part { struct sl_batch *b; size_t entry; uint32_t from, to; const uint32_t *pos; size_t npos; };
enum { SNAP_ENOUGH = 1 };   /* of a visitor: no more */
/* For each block in the order of dir; p->b is borrowed until it returns. Other than 0 ends it: an error, or SNAP_ENOUGH, which is SL_OK. */
typedef int snap_block_fn(void *user, const struct snap_part *p);
int snap_walk(const struct sl_snap *s, snap_block_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

#endif
