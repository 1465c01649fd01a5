/* compute/tree_int.h: what the engine is made of; private to this folder. docs/internals/trees.md tells how it works. */
#ifndef SL_COMPUTE_TREE_INT_H
#define SL_COMPUTE_TREE_INT_H

#include "compute/kern/kern.h"
#include "compute/tree.h"

enum {
  TREE_LEAVES = 256,           /* of a piece: its index is a byte */
  TREE_LEAVES_CUT = 192,       /* of a piece of a larger tree, so that its index has room to be cheap */
  TREE_TEMPS = 192,            /* masks that a piece may need at once while it is worked out */
  TREE_TESTS = 16384,          /* of a plan, so that their masks stay in or near the second cache */
  TREE_SLOT_ZERO = 0, TREE_SLOT_ONE = 1, TREE_SLOT_IN = 2, TREE_SLOT_TEMP = 3, TREE_SLOT_TEST = TREE_SLOT_TEMP + TREE_TEMPS,
  TREE_WALK = 16               /* pieces that one row goes down at once */
};

/* What a plan asks of one feature: by thresholds, or by categories. */
struct tree_feature {
  uint32_t feature;
  struct kern_rank rank;       /* thresholds; k, also of categories: how many there are in all sets */
  size_t emit, emits;          /* its tests, by rank */
  const uint16_t *no;          /* of each rank but that of NaN: how many of them, from the first on, say no */
  bool zero;                   /* some test asks whether it is zero */
  bool categorical;
  size_t cat;                  /* cats[cat..cat+rank.k): ascending */
  size_t test, tests;          /* of categories: sets[test..test+tests) */
};
struct tree_set { uint16_t slot; bool nan, in; size_t first, n; };      /* members[first..first+n): ranks; in: members go left */

/* For a single row: down the pieces by what each test says. down: how far away the one is that yes leads to; no leads to the one behind it.
 * A leaf, down 0, asks what is always yes, and so leads to itself; slot - slots of the plan: which one of the piece. */
struct tree_step { uint16_t slot, down; };

/* A tree, or a part of one: all rows but those in it get -0.0, which changes no sum. */
struct tree_piece {
  size_t op, ops, first;       /* first: so many of them may take larger steps */
  uint16_t bits[KERN_BITS], more[KERN_BITS];   /* slots; more: of the second byte, where there is a map */
  unsigned nbits;              /* of an index into the table */
  const struct kern_map *map;  /* NULL: the first byte is the index */
  const unsigned char *table;  /* its values as the kernels want them; those of each group behind one another */
  uint32_t group, width;
  uint32_t step;               /* where it begins in steps */
  const uint32_t *line_of, *leaf_line;         /* of each index, of each leaf: which line; NULL: leaves are constants */
  const unsigned char *leaf;   /* width values for each of its leaves; NULL: lines */
};

/* A leaf as a sum of features. Terms come in fours; those that fill up ask what is always -0.0, which changes nothing. */
struct tree_sloped { double constant, plain; uint32_t term, n; };          /* plain: where a feature is missing */
struct tree_slope { double coeff; uint32_t at; };                          /* at: which of sloped features, from 1; 0: -0.0 */

/* Pieces in a row whose tests fit together. */
struct tree_plan {
  struct tree_feature *features; size_t nfeatures;
  size_t piece, pieces;
  size_t slots;                /* with zero, one, in and temps */
  unsigned char *nan;          /* of each slot: 1 where what is missing says no */
  size_t hot;                  /* masks that the widest feature needs */
  size_t depth;                /* the most steps that a single row takes down a piece */
};

struct tree_engine {
  struct tree_spec spec;
  const struct kern *kern;
  struct tree_plan *plans; size_t nplans, plans_cap;
  struct tree_piece *pieces; size_t npieces, pieces_cap;
  struct kern_op *ops; size_t nops, ops_cap;
  struct kern_emit *emits; size_t nemits, emits_cap;
  struct tree_set *sets; size_t nsets, sets_cap;
  uint16_t *members; size_t nmembers, members_cap;
  uint32_t *cats; size_t ncats, cats_cap;
  struct tree_step *steps; size_t nsteps, steps_cap;           /* while it is built */
  const struct tree_step *road;                /* the same, in place */
  unsigned char *leaves; size_t nleaves, leaves_cap;           /* values, while it is built */
  struct tree_sloped *lines; size_t nlines, lines_cap;         /* the first one: adds nothing */
  struct tree_slope *slopes; size_t nslopes, slopes_cap;
  uint32_t *sloped; size_t nsloped, sloped_cap;                /* features that some line asks for */
  void **owned; size_t nowned, owned_cap;      /* tables, thresholds, buckets, features: one allocation after the other */
  unsigned char *room; size_t left;            /* of the last one */
  size_t slots, hot;           /* of the largest plan */
};

/* ---- tree_rank.c: thresholds t[0..k), ascending, into what finds the rank of a value; what it takes is the engine's. ---- */
int tree_rank(struct tree_engine *e, const double *t, size_t k, struct kern_rank *out, struct sl_err *err) SL_NODISCARD;
void *tree_own(struct tree_engine *e, size_t n, struct sl_err *err);  /* zeroed, 64-byte aligned; lives as long as e */

/* ---- tree_road.c: a piece into steps of a single row ---- */
struct tree_pnode { uint16_t slot; int16_t left, right; };            /* of an inner node's test; children below 0: ~leaf */
struct tree_way { uint16_t slot; bool left; };         /* which test, and which answer leads on */
struct tree_road {
  const struct tree_pnode *nodes; size_t n;    /* the root first; where there is a way, that one stands for all of the way */
  const struct tree_way *way; size_t nway;     /* from the root of its tree to the piece */
  size_t leaves;               /* the last one is where the way is left */
  uint16_t leaf_slot;
};
/* depth: becomes the steps to its farthest leaf, where it was less. */
int tree_road(struct tree_engine *e, const struct tree_road *r, uint32_t *begin, size_t *depth, struct sl_err *err) SL_NODISCARD;
/* When all are there: steps lie as the processor's lines do. */
int tree_road_end(struct tree_engine *e, struct sl_err *err) SL_NODISCARD;

/* ---- tree_line.c: leaves that are no constants ---- */
struct tree_build;
int tree_line_add(struct tree_build *b, const struct tree_one *t, struct sl_err *err) SL_NODISCARD;
/* x: a row's sloped features behind a -0.0. */
double tree_line_at(const struct tree_engine *e, uint32_t line, const double *x);

/* ---- tree_code.c: a piece into operations on masks. ---- */
struct tree_code {
  const struct tree_pnode *nodes;      /* the root first */
  size_t n, leaves;
  struct kern_op ops[TREE_LEAVES * KERN_BITS]; size_t nops, first;          /* first: so many read no result of another */
  uint16_t bits[KERN_BITS], more[KERN_BITS];
  unsigned nbits;
  bool two;                    /* more and map count */
  struct kern_map map;
  uint16_t from[TREE_LEAVES], count[TREE_LEAVES];      /* of each leaf: the indices that mean it, a run */
};
/* wide: its values are double. The kernels say what costs what. */
void tree_code(struct tree_code *c, const struct kern *kern, bool wide);

#endif
