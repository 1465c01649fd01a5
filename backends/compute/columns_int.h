/* backends/compute/columns_int.h: one table of the resource `columns`: its columns, the statements about them, and how what comes back
 * becomes cells (columns_table.c). Who asks what, and when, is columns.c. */
#ifndef SL_COMPUTE_COLUMNS_INT_H
#define SL_COMPUTE_COLUMNS_INT_H

#include "backend_compute/compute_int.h"

enum { COLUMNS_EXACT_ROWS = 200000, COLUMNS_OWN = 5 };
extern const struct sl_col columns_own[COLUMNS_OWN];       /* behind the resource's */

/* plain: has an order and single values. sketch: its row of what was worked out elsewhere, + 1; mean: the same where that was the mean
 * alone. */
struct columns_column { char *name, *type; bool number, plain; size_t sketch, mean; };
struct columns_table {
  char *name, *src;            /* src: a SELECT over the data, addresses resolved */
  char **reads;                /* NULL-ended */
  struct columns_column *col; size_t ncols;
  struct sl_batch **sketches; size_t nsketches;
  int64_t rows;                /* once they are counted */
  bool means;                  /* the work `profile` is asked for nothing else: avg() loses digits */
};
void columns_free(struct columns_table *t);                /* and empties it */
/* Copies the data's statement and what it reads. */
int columns_source(struct columns_table *t, const char *sql, const char *const *reads, struct sl_err *err) SL_NODISCARD;

/* ---- statements; src goes in brackets ---- */
void columns_put_names(struct sl_buf *b, const struct columns_table *t);       /* a row a column: name, type */
void columns_put_count(struct sl_buf *b, const struct columns_table *t);
/* Columns from..to-1: one row of their statistics, exact up to COLUMNS_EXACT_ROWS rows. */
void columns_put_profile(struct sl_buf *b, const struct columns_table *t, size_t from, size_t to);
/* The columns from..(the result)-1 are asked for at once, or were all sketched. */
size_t columns_group(const struct columns_table *t, size_t from);

/* ---- answers ---- */
int columns_take_names(struct columns_table *t, struct sl_batch *const *rows, size_t n, struct sl_err *err) SL_NODISCARD;
bool columns_has_doubles(const struct columns_table *t);
/* Rows of the work `profile`, which name their columns by number. EPROTO: they are no such rows. */
int columns_take_sketches(struct columns_table *t, struct sl_batch *const *rows, size_t n, struct sl_err *err) SL_NODISCARD;
/* The cells of column i, in the batch's last row. stats: the row that columns_put_profile() from column `first` on brought; NULL: none. */
int columns_put_cells(struct sl_batch *b, const struct columns_table *t, size_t i, struct sl_batch *stats, size_t first,
                      struct sl_err *err) SL_NODISCARD;

#endif
