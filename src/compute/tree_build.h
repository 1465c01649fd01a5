/* compute/tree_build.h: trees on their way into an engine: what is told node by node, which tests are the same, which nodes make a piece;
 * private to this folder. */
#ifndef SL_COMPUTE_TREE_BUILD_H
#define SL_COMPUTE_TREE_BUILD_H

#include "compute/tree_int.h"

enum { TREE_NODES_MAX = 1 << 26, TREE_SLOTS_MAX = 60000 };

/* leaf: where its values begin, in values; line: 0, or where its lines do. */
struct tree_grown { size_t node, n, leaf; uint32_t leaves, width, group, line; };
struct tree_cats { size_t first, n; };         /* of a set: cats[first..first+n), ascending */
/* A piece: from which node, and what lies between the root of its tree and that. */
struct tree_part { uint32_t tree; int32_t root; };
struct tree_build {
  struct tree_spec spec;
  struct tree_node *nodes; size_t nnodes, nodes_cap;
  struct tree_grown *trees; size_t ntrees, trees_cap;
  struct tree_cats *sets; size_t nsets, sets_cap;
  uint32_t *cats; size_t ncats, cats_cap;
  uint32_t *slope_of;          /* of each feature: its place among the sloped ones, from 1; NULL: no line so far */
  /* from here on: at the end */
  struct tree_engine *e;
  uint32_t *test;              /* of each node: which one of the tests, that ascend by kind, feature and threshold */
  uint32_t *one;               /* of each test: a node that asks it */
  size_t ntests;
  uint16_t *slot;              /* of each test, in the present plan */
  uint32_t *stamp;             /* of each test: the last plan that asks it, from 1 */
  uint32_t *asked; size_t nasked, asked_cap;     /* tests of the present plan */
  struct tree_part *parts; size_t nparts, parts_cap;           /* pieces of the present plan */
  uint32_t present;            /* tree + 1, 0 none; of that: */
  int32_t *up; uint32_t *size; bool *cut;        /* a slot each node: its parent (-1: none), its leaves, whether it begins a piece */
  uint32_t *order;             /* nodes, parents first */
  size_t scratch_cap;
};

/* ---- tree_build.c ---- */
/* Nodes of a piece in the order of their visit, at most TREE_LEAVES - 1; leaves: ~k of its tree, or INT32_MIN for what another piece holds.
 * pnodes' slots are the present plan's; NULL: not wanted. Their leaves are numbered as in `leaves`. */
struct tree_view { uint32_t nodes[TREE_LEAVES]; size_t n; int32_t leaves[TREE_LEAVES]; size_t nleaves; struct tree_pnode *p; };
void tree_view(const struct tree_build *b, const struct tree_part *part, struct tree_view *v);   /* v->p is set before */
int tree_cut(struct tree_build *b, uint32_t tree, struct sl_err *err) SL_NODISCARD;      /* up, size, cut, order of this tree */

/* ---- tree_plan.c: the tests asked and the parts gathered become a plan. ---- */
int tree_plan(struct tree_build *b, struct sl_err *err) SL_NODISCARD;

#endif
