/* compute/push.h: statistics of data that stays where it is: statements for the SQL engine that has it, whose answers are counts and
 * sums, never rows. What comes back becomes a struct sl_drift_known, and the tests are those of compute/drift.h.
 *
 * A dialect says the few things that engines spell differently; everything else here is SQL that all of them know. Columns are quoted
 * names of a query's result. Every number of an answer is a double. [any] */
#ifndef SL_COMPUTE_PUSH_H
#define SL_COMPUTE_PUSH_H

#include "base/buf.h"

enum sl_push_class { SL_PUSH_NUMBER, SL_PUSH_BOOL, SL_PUSH_TEXT, SL_PUSH_TIME, SL_PUSH_OTHER };
/* type: in the engine's words, without what stands in brackets behind it; "X*": begins so. */
struct sl_push_type { const char *type; enum sl_push_class is; bool whole, narrow; };
struct sl_push_dialect {
  const char *name;
  char quote;                          /* around names; doubled inside */
  const char *f64, *wide, *text;       /* types: double, an integer that holds products of two counts, text */
  const char *sum;                     /* of doubles: the most exact that the engine has */
  const char *number_rows;             /* numbers rows from 1 in their order; NULL: rows have no order there */
  const char *collate;                 /* behind a text by which is ordered: by bytes; "" where that is the rule */
  const char *describe[2];             /* around a query: its columns' names and types, a row each */
  const struct sl_push_type *types;    /* ended by NULL; what is not found is OTHER */
};
extern const struct sl_push_dialect sl_push_duckdb;

struct sl_push_column { char *name, *type; enum sl_push_class is; bool whole, narrow; };   /* NUMBER: integers; float32 */
void sl_push_classify(const struct sl_push_dialect *d, struct sl_push_column *c);           /* by c->type */

/* Two queries, without ; at their end. [1] may be NULL where a statement is of the first alone. */
struct sl_push { const struct sl_push_dialect *d; const char *query[2]; };
enum { SL_PUSH_VALUES = 1024, SL_PUSH_CELLS = 65535, SL_PUSH_CHUNKS = 20 };   /* the greatest answers, in rows */

/* A row a column of that query (side 0 or 1): its name and its type, in the engine's words. */
void sl_push_describe(struct sl_buf *b, const struct sl_push *p, int side);
/* One row: how many rows; then of each of n columns SL_PUSH_COUNTS figures: not null; of numbers also finite, infinite, -infinite, least
 * and greatest finite. */
enum { SL_PUSH_COUNTS = 6 };
void sl_push_counts(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, size_t n);

/* One row: of each of n columns that have an order the least and the greatest value, at most `head` characters as text. */
void sl_push_bounds(struct sl_buf *b, const struct sl_push *p, int side, const struct sl_push_column *c, size_t n, size_t head);
/* A row a side, the first one first: side, how many different values. */
void sl_push_distinct(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2]);

/* One row about the two distribution functions F and G of n[0] and n[1] finite numbers, from running counts over the different values:
 * different values of both, of the first, of the second; the greatest |F - G| times n[0] n[1]; the integrals of |F - G|, (F - G)^2, and,
 * H of both together, sqrt(H (1 - H)) and H (1 - H); then of each side the values of the ranks rank[side][0..1], from 0.
 * once: of equal values of that side one counts (n[side] are its different ones then). One query alone: the second has no value. */
enum { SL_PUSH_COURSE = 8, SL_PUSH_RANKS = 6 };
struct sl_push_course { double n[2]; bool once[2]; double rank[2][SL_PUSH_RANKS]; size_t nrank; };
/* c: one column of each query; w->n from sl_push_counts(). */
void sl_push_course(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], const struct sl_push_course *w);

/* How often each value occurs in either, ascending, at most limit rows: the value (number: a double; else text, where wanted), two counts.
 * Of texts no more than `head` characters of the value; 0: none of it. */
void sl_push_values(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], size_t head, size_t limit);
/* Texts that only this side has, the most frequent first, at most limit rows; of as many the first by bytes. */
void sl_push_only(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], int side, size_t head, size_t limit);
/* The same values, and how often each occurs in the first's n chunks of `size` rows: a column a chunk. Needs number_rows. */
void sl_push_value_chunks(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], size_t size, size_t n,
                          size_t limit);

/* A row a side, the first one first: sums of (x - from) / unit, its square and its third power; then for each edge how many are below it,
 * and for the last of a list (last[i]) how many are not above it. */
struct sl_push_edges { const double *edge; const bool *last; size_t n; };
/* unit above 0; edges ascending. */
void sl_push_shape(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *const c[2], double from,
                   double unit, const struct sl_push_edges *e);
/* The first alone by chunks of `size` rows in their order, a row a chunk: finite ones, then as above by edges. */
void sl_push_shape_chunks(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c, size_t size,
                          const struct sl_push_edges *e);

/* The first alone: how many lie in each of k equal steps from lo to hi, a row a step that has any: number, count. */
void sl_push_steps(struct sl_buf *b, const struct sl_push *p, const struct sl_push_column *c, double lo, double hi, size_t k);

#endif
