/* box/drift_int.h: one comparison of data sets by their values inside the box: its two sides, and what of the baseline is kept while
 * several data sets are compared with it; private to this folder. */
#ifndef SL_BOX_DRIFT_INT_H
#define SL_BOX_DRIFT_INT_H

#include <jansson.h>

#include "box/drift_numbers.h"
#include "box/drift_row.h"
#include "box/duck.h"

enum drift_class { NUMBER, BOOL, TEXT, TIME, OTHER };

struct drift_col { char *name; enum drift_class is; bool whole, narrow; };
struct drift_side { struct drift_col *col; size_t n; int64_t rows; char table[32]; };
/* The baseline's side of the last column that was compared. */
struct drift_kept {
  const struct drift_col *numbers; /* whose values these are, sorted; NULL: none */
  struct drift_numbers x;
  struct drift_feature f;
  const struct drift_col *counts, *values; /* whose counts; whose values stand in a table, each with its number */
  size_t n;
  int64_t missing, different;
};
struct drift {
  struct sl_box_ctx *c;
  const struct duck *d;
  duck_conn conn;
  struct drift_side side[2];
  struct drift_rows out;
  struct drift_kept kept;
  bool again;                  /* other data will be compared with the same baseline */
};

/* Reads what is no Parquet, knows the columns and rows of it. role: in errors. */
int drift_side_open(struct drift *w, int s, const char *sql, const char *role, struct sl_err *err) SL_NODISCARD;
void drift_side_free(struct drift_side *s);
const struct drift_col *drift_find(const struct drift_side *s, const char *name);
/* Column a of the baseline and b of the current data; columns that only one side has. */
int drift_compare_one(struct drift *w, const struct drift_col *a, const struct drift_col *b, struct sl_err *err) SL_NODISCARD;
int drift_only_one(struct drift *w, const struct drift_col *c, int s, struct sl_err *err) SL_NODISCARD;
void drift_kept_free(struct drift_kept *k);
/* All rows of a statement of ours, as columns; yours to free. rows: about how many. */
int drift_fetch(struct drift *w, const char *sql, size_t rows, struct sl_columns *out, struct sl_err *err) SL_NODISCARD;

/* ---- drift_pca.c: all features together, as one row ---- */
int drift_pca_run(struct drift *w, struct sl_err *err) SL_NODISCARD;

/* ---- drift_past.c: one baseline, many data sets one after the other ---- */
int drift_past_run(struct drift *w, const json_t *args, struct sl_err *err) SL_NODISCARD;

#endif
