/* backends/compute/push_int.h: --engine pushdown: what asking an engine for aggregations has in common (push.c); of two data sets what the
 * tests of drift need (push_drift.c, push_number.c). Statements go out one at a time; an answer is counts and sums. */
#ifndef SL_COMPUTE_PUSH_INT_H
#define SL_COMPUTE_PUSH_INT_H

#include "backend_compute/compute_int.h"
#include "compute/push.h"

enum { PUSH_COLUMNS_MAX = 20000, PUSH_AT_ONCE = 16 };

/* ---- an answer, row by row ---- */
struct push_answer { struct sl_batch *const *rows; size_t n; };
size_t push_rows(const struct push_answer *a);                                 /* of all batches */
double push_f64(const struct push_answer *a, size_t row, unsigned col);        /* NaN: null, or no such row */
struct sl_str push_text(const struct push_answer *a, size_t row, unsigned col);   /* borrowed; none: null, or no such */

/* ---- a relation, or two ---- */
struct push_side {
  struct sl_push_column *col;
  double (*count)[SL_PUSH_COUNTS];     /* of each column, as sl_push_counts() says */
  size_t n, next;
  double rows;
};
struct push;
typedef int push_step(struct push *w, const struct push_answer *a, struct sl_err *err);   /* a failure ends it; a until it returns */
typedef void push_end(struct sl_req *r, int rc, const struct sl_err *err);     /* once; frees it by push_leave() */
struct push {                          /* the first member of what is worked out */
  struct compute *c;
  struct sl_req *r;
  struct compute_ask *ask;
  const char *const *reads;            /* borrowed, as p.query */
  struct sl_push p;
  struct push_side side[2];
  int sides;
  struct sl_buf sql;                   /* the next statement */
  push_step *next;
  int (*counted)(struct push *w, struct sl_err *err);      /* columns and counts of all sides are there */
  push_end *end;
  int at_side;                         /* whose statement it is; 2: of both */
  const char *at_column;               /* NULL: of none alone */
  double done, total;                  /* columns */
};
int push_start(struct push *w, struct sl_err *err) SL_NODISCARD;               /* names, types and counts of its sides; then counted() */
void push_leave(struct push *w);                                               /* what w holds, not w; end does not come */
/* w->sql is asked; next hears. side, column: for errors. */
int push_ask(struct push *w, int side, const char *column, push_step *next, struct sl_err *err) SL_NODISCARD;

/* ---- drift ---- */
struct push_drift_ask { const char *sql[2], *tests, *profile; const char *const *reads; };
struct push_drift;
/* Rows of drift into r; ask is borrowed until end. Drop it after a failure, too. */
int push_drift_start(struct push_drift **out, struct compute *c, struct sl_req *r, const struct push_drift_ask *ask, push_end *end,
                     struct sl_err *err) SL_NODISCARD;
void push_drift_drop(struct push_drift *w);                /* end does not come */

/* ---- profiles (push_profile.c): a row a column, as the box's work `profile` sends them ---- */
struct push_profile;
int push_profile_start(struct push_profile **out, struct compute *c, struct sl_req *r, const char *sql, const char *const *reads,
                       push_end *end, struct sl_err *err) SL_NODISCARD;
struct sl_batch *const *push_profile_rows(const struct push_profile *w, size_t *n, int64_t *rows);  /* in end(); rows: of the data */
void push_profile_drop(struct push_profile *w);

#endif
