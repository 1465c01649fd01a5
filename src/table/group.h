/* table/group.h: rows put together by what they hold in some columns: a row a group, with how many there are, and of numbers how many,
 * their mean, spread, least and greatest.
 *
 * One meaning for every table. Rows belong together when the cells are the same: text by its bytes ("6" is not "6.0"), numbers by value,
 * null a group of its own, NaN another. A group's columns are those cells, `n` (`rows` where the rows have an n of their own), and each
 * number C as a family C of n, mean, sd, min, max; a key of a family, metrics.auc, as metrics.auc.mean and so on. sd is the sample's, with
 * n - 1 below the line; of one value there is none. Null, NaN and infinity count in nobody's mean: C.missing, C.nan and C.infinite say how
 * many were left out, where any were. Rows that are struck out are in no group. `where` is the filter that finds a group's rows. */
#ifndef SL_TABLE_GROUP_H
#define SL_TABLE_GROUP_H

#include "table/table.h"

enum { SL_GROUPS_MAX = 200000, SL_FIGURES_MAX = 300000 };   /* a figure: one number's mean, spread and so on in one group */

struct sl_group;                 /* counted, immutable: which columns of which schema */
/* by: names of columns and keys. values: the numbers that are wanted (metrics.auc, metrics.auc.mean, metrics.*, duration_s); NULL: all.
 * EUSAGE: no such column, or one that cannot be grouped by (a list, a secret, JSON), or has no mean. */
int sl_group_new(struct sl_group **out, struct sl_schema *s, const struct sl_want *by, struct sl_want *values,
                 struct sl_err *err) SL_NODISCARD;
struct sl_group *sl_group_ref(struct sl_group *g);
void sl_group_unref(struct sl_group *g);
struct sl_schema *sl_group_schema(struct sl_group *g);             /* of the groups; its resource is `groups` */

struct sl_grouped {
  struct sl_snap *snap;          /* yours; by what they hold, numbers as numbers, NaN and null last */
  uint64_t rows, nan, infinite;  /* that were grouped; values left out */
  char *columns;                 /* yours (sl_free): what to show of them, best first, as sl_want_parse() reads it */
};
/* out is yours; done() on the loop exactly once. conn: whose the groups are. */
typedef void sl_group_done(void *user, int rc, struct sl_grouped *out, const struct sl_err *err);
struct sl_group_op;
/* One pass in a worker. ELIMIT: too many groups, or figures. s has g's schema, or one that begins with its columns. */
int sl_snap_group(struct sl_snap *s, struct sl_group *g, struct sl_str conn, sl_group_done *fn, void *user, struct sl_group_op **out,
                  struct sl_err *err) SL_NODISCARD;
void sl_group_cancel(struct sl_group_op *op);                      /* done() will not come */

#endif
