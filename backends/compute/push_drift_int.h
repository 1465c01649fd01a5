/* backends/compute/push_drift_int.h: two data sets in an engine, feature by feature: what push_drift.c and push_number.c share. */
#ifndef SL_COMPUTE_PUSH_DRIFT_INT_H
#define SL_COMPUTE_PUSH_DRIFT_INT_H

#include "backend_compute/push_int.h"
#include "box/drift_row.h"

/* The feature that is being asked for: both columns, what is known so far, and the memory that its pair points into. */
struct push_feature {
  const struct sl_push_column *col[2];
  size_t at[2];                        /* of the columns, in their sides */
  struct drift_feature f;
  struct sl_drift_known known;
  bool few;                            /* integers of few values: a category each */
  size_t doane;                        /* which bins are those of the baseline's shape */
  struct sl_push_course course;
  double *edge; bool *last; size_t nedge;
  double *x[2], *cells, *chunk;
  struct sl_buf labels, only[2];
  int nonly;                           /* sides whose own values were asked for */
};
struct push_drift {
  struct push push;
  struct drift_rows out;
  struct push_feature now;
  size_t next[2];                      /* columns of the baseline, then those that only the current data has */
};

/* The feature is known: its rows, and the next one. */
int push_drift_feature(struct push_drift *w, struct sl_err *err) SL_NODISCARD;
int push_drift_counts(struct push_drift *w, struct sl_err *err) SL_NODISCARD;  /* as counts alone, with f.note */
int push_drift_too_many(struct push_drift *w, struct sl_err *err) SL_NODISCARD;
int push_drift_ask(struct push_drift *w, push_step *next, struct sl_err *err) SL_NODISCARD;    /* push.sql, about this feature */
/* Rows of the baseline a chunk, and how many chunks; 0: rows have no order, or are fewer than ten. */
size_t push_drift_chunks(const struct push_drift *w, size_t *size);
/* An answer of sl_push_value_chunks(), a row a value and a column a chunk: its counts become f.chunks. ECONFLICT: not so many rows. */
int push_drift_take_cells(struct push_drift *w, const struct push_answer *a, size_t cells, struct sl_err *err) SL_NODISCARD;

/* Both columns are numbers (push_number.c). */
int push_number(struct push_drift *w, struct sl_err *err) SL_NODISCARD;

#endif
