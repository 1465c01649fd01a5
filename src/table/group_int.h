/* table/group_int.h: what a grouping is made of: columns resolved in group.c, counted in group_run.c, written as rows in group_out.c. */
#ifndef SL_TABLE_GROUP_INT_H
#define SL_TABLE_GROUP_INT_H

#include "base/hash.h"
#include "table/pick.h"
#include "table/group.h"
#include "table/table_int.h"

enum { GROUP_BY_MAX = 16, GROUP_ALL_MAX = 64, GROUP_VALUES_MAX = 4096 };

struct group_by { struct sl_name name; struct sl_col col; unsigned out; };   /* out: in the groups' schema */
struct group_value { struct sl_name name; unsigned out; };                   /* a plain number, or a key of a family */
struct group_all { struct sl_str family; unsigned out; };                    /* every key of it */
struct sl_group {
  uint32_t refs;
  struct sl_arena arena;
  struct sl_schema *base, *out;
  struct group_by by[GROUP_BY_MAX]; size_t nby;
  struct group_value *value; size_t nvalue, cap_value;
  struct group_all all[GROUP_ALL_MAX]; size_t nall;
  unsigned count, where;         /* columns of out */
  struct sl_want *want;          /* values were named: columns are those, as they were named; NULL: the best */
};

/* One number in one group. Means are kept wider than they are told, so that the order of the rows does not show. */
struct figure { long double mean, m2; double min, max; uint32_t n, nan, infinite, group, value; };
struct grouping {
  struct sl_group *g;
  struct sl_snap *s;
  const volatile int *cancel;
  const int *cancelled;
  struct sl_map groups;          /* the cells as bytes -> rows in it */
  struct sl_buf cells;           /* of the row at hand */
  struct figure *fig; size_t nfig, cap_fig;
  uint32_t *slot; size_t nslot;  /* (group, value) -> figure + 1 */
  struct group_value *value;     /* the named ones, then each key of a whole family as it is met */
  size_t nvalue, cap_value;
  uint32_t **of_key; size_t *cap_of_key;   /* a whole family's: key -> value + 1 */
  struct sl_pick **pick;         /* a whole family's: its best keys among the first rows */
  uint64_t rows, picked, nan, infinite;
  struct sl_err *err;
};
int grouping_run(struct grouping *x);   /* counts all rows of x->s; x->err says what went wrong */
void grouping_free(struct grouping *x); /* what it holds, not x */
/* The groups as sealed batches, in order; and what to show of them. */
int grouping_batches(struct grouping *x, struct sl_batch ***out, size_t *n);
int grouping_columns(struct grouping *x, char **out);

/* The cell of a group as it was written into the map's key. */
enum { CELL_VALUE = 1, CELL_NAN, CELL_NULL };
void cell_write(struct sl_buf *b, const struct sl_val *v);
int cell_read(struct sl_rd *r, enum sl_type type, struct sl_val *out);      /* CELL_* */
extern const char *const group_stats[];      /* n, mean, sd, min, max: those that are shown */
enum { STAT_N, STAT_MEAN, STAT_SD, STAT_MIN, STAT_MAX, STAT_SHOWN, STAT_NAN = STAT_SHOWN, STAT_INFINITE, STAT_MISSING, STATS };

#endif
