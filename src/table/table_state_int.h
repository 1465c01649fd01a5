/* table/table_state_int.h: a table's own state, for table.c (rows arrive) and table_gen.c (listings end). */
#ifndef SL_TABLE_STATE_INT_H
#define SL_TABLE_STATE_INT_H

#include "table/table_int.h"

/* Up to INDEXED rows a keyed table knows where each id stands. Beyond, a first listing only appends (an id that it repeats stands twice),
 * later batches outside a listing append too, and a new listing is collected aside and replaces the old rows when it ended whole. A listing
 * that began below may grow to twice that first, so that a refresh across the border still finds what it repeats. */
enum { INDEXED = 1 << 20, MARK_STRUCK = 0x80, MARK_GENS = 0x7f };

struct table_conn {
  struct conn_name *name;
  uint8_t gen;          /* 1..MARK_GENS; marks of rows seen in it hold it */
  bool listing, listed; /* in a generation; was there ever one */
  bool aside;           /* this one is collected in `shadow` */
  struct dir *shadow;
};

struct sl_table {
  struct sl_budget *budget;
  struct sl_schema *schema, *seen;  /* seen: the last foreign schema that fits */
  enum sl_shape shape;
  uint64_t cap, count, struck, dropped, version;
  struct dir *dir;
  uint64_t first_row;               /* LOG: rows dropped from the front, as dent.start counts */
  struct ords *ords;                /* NULL: rows stand as in dir */
  bool indexed;                     /* index and mark are kept */
  struct index index;
  uint8_t *mark;                    /* a byte a position: generation, struck */
  size_t capmark;
  size_t *hole;                     /* places of dir that are free again */
  size_t nhole, caphole;
  size_t spare, sweep;              /* a place with a small block, or SIZE_MAX; the next place to look for a sparse one */
  uint64_t indexed_most;            /* INDEXED; tests set less */
  struct ords *struck_ords;         /* what the last snapshot got; NULL: stale */
  struct table_conn *conn;
  size_t nconn, capconn;
};

struct table_conn *table_conn(struct sl_table *t, struct sl_str name);   /* NULL: none came from it; until another is added */
/* Rows stand by ords from now on. */
int table_ords(struct sl_table *t, struct sl_err *err) SL_NODISCARD;
struct block *table_at(const struct sl_table *t, uint64_t pos, uint32_t *row);
/* The block at a place lost a row; the place is free when it was the last. */
void table_row_dead(struct sl_table *t, size_t place);
void table_merge_tail(struct sl_table *t);
/* Small and sparse blocks of a table with ords become one; at most one such step after each batch. */
void table_tidy(struct sl_table *t, size_t place);
/* Where the id with this hash stands. */
bool table_pos(struct sl_table *t, uint64_t hash, uint32_t *pos);
/* Takes a reference to k and gives it a place. */
int table_place(struct sl_table *t, struct block *k, size_t *place, struct sl_err *err) SL_NODISCARD;
/* Removes positions where gone[pos]; the rest moves up. */
int table_remove(struct sl_table *t, bool (*gone)(struct sl_table *t, uint64_t pos, void *user), void *user, struct sl_err *err)
  SL_NODISCARD;
void table_unindex(struct sl_table *t);

#endif
