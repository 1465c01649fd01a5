/* compute/tree.h: the engine that adds up trees: whatever library grew them, handed over node by node, then rows by the block.
 *
 * It gives the very bits that walking each row down each tree would give, whatever the processor's level: sums are made row by row in the
 * order in which trees were added, in the type that was asked for. How: docs/internals/trees.md. A finished engine is immutable. [any] */
#ifndef SL_COMPUTE_TREE_H
#define SL_COMPUTE_TREE_H

#include "compute/col.h"

struct kern;

struct tree_spec {
  enum sl_column_type value;   /* F32 or F64: what a feature is compared as */
  enum sl_column_type sum;     /* F32 or F64: leaves and sums */
  bool strict;                 /* x < threshold goes left, else x <= threshold */
  bool below_zero;             /* categories are truncated towards zero: -0.5 is category 0. Else below 0 is no category */
  size_t features, groups;     /* groups: sums of a row */
  const struct kern *kern;     /* NULL: the best one */
};
enum { TREE_CHUNK = 4096 };    /* rows that are worth a call of tree_sum() */
enum { TREE_NAN_LEFT = 1, TREE_ZERO_LEFT = 2, TREE_ZERO_RIGHT = 4,       /* where missing goes; where 0 goes, whatever the threshold */
       TREE_SET_LEFT = 8 };                                             /* members of the set go left, else right */
#define TREE_NO_SET UINT32_MAX
struct tree_node {
  double threshold;            /* NaN: nothing is below it */
  uint32_t feature, set;       /* set: TREE_NO_SET, or of tree_build_set(): then no threshold */
  int32_t left, right;         /* the inner node, or ~leaf */
  uint32_t flags;
};
/* A leaf that is no constant: constant + coeff * value of each feature, in this order; where one of them is missing, its own value. */
struct tree_term { double coeff; uint32_t feature; };
struct tree_line { double constant; const struct tree_term *terms; size_t n; };
struct tree_one {
  const struct tree_node *nodes; size_t n;     /* inner nodes, the root first; 0: one leaf. Each but the root is the child of one node */
  const void *values; size_t leaves;           /* leaves x width, of the sum's type */
  size_t width;                /* 1, or groups: then a leaf adds to every sum */
  uint32_t group;              /* width 1: which sum */
  const struct tree_line *lines;               /* NULL, or one a leaf: of double alone, and width 1 */
};

struct tree_build;
/* Yours until tree_build_end() or tree_build_free(); spec is copied. What is added is copied, too, and believed: ids and ranges
 * are checked by whoever read them. */
int tree_build_open(struct tree_build **out, const struct tree_spec *spec, struct sl_err *err) SL_NODISCARD;
/* A set of categories; bit c % 32 of word c / 32: c is in it. */
int tree_build_set(struct tree_build *b, const uint32_t *words, size_t n, uint32_t *id, struct sl_err *err) SL_NODISCARD;
int tree_build_add(struct tree_build *b, const struct tree_one *t, struct sl_err *err) SL_NODISCARD;
void tree_build_free(struct tree_build *b);

struct tree_engine;
/* b is used up, also by a failure. ELIMIT: trees of such a shape that walking them is better. */
int tree_build_end(struct tree_engine **out, struct tree_build *b, struct sl_err *err) SL_NODISCARD;
void tree_free(struct tree_engine *e);

/* Where rows come from: n values of a feature (float or double, NaN is missing) into out. */
struct tree_rows { void (*values)(const void *user, size_t feature, size_t from, size_t n, void *out); const void *user; };
/* sums: n x groups, row by row: what stands there is added to. Several threads at once. ENOMEM. */
int tree_sum(const struct tree_engine *e, const struct tree_rows *rows, size_t from, size_t n, void *sums, struct sl_err *err) SL_NODISCARD;

#endif
