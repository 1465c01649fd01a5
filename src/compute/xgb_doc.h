/* compute/xgb_doc.h: an XGBoost model while it is read, from whatever form; private to this folder.
 *
 * Open; for each tree begin, fill in its arrays, add; fill in the rest; close, which checks what spans the whole and makes the engine. */
#ifndef SL_COMPUTE_XGB_DOC_H
#define SL_COMPUTE_XGB_DOC_H

#include "compute/model_int.h"

struct xgb_ints { int64_t *at; size_t n, cap; };
struct xgb_floats { float *at; size_t n, cap; };
struct xgb_doc {
  struct xgb_read *r;
  struct xgb *x;
  struct sl_model *m;
  struct xgb_ints left, right, feature, dflt, split_type, cats, cat_nodes, cat_segs, cat_sizes;    /* of the present tree */
  struct xgb_floats cond, weights, node_weights;     /* weights: of vector leaves, one row a leaf; before 3: one row a node */
  int64_t id, num_nodes, vector;
  struct xgb_ints info, indptr, offsets, texts;
  int64_t num_feature, num_class, num_target, num_parallel, num_trees, best;
  struct sl_buf name, booster;
  bool learner;
  bool margin;                 /* the base score is a margin already, as it was before 1.0 */
};

int xgb_doc_open(struct xgb_doc *d, struct xgb_read *r) SL_NODISCARD;  /* of r->m; errors go to r->err */
void xgb_doc_begin(struct xgb_doc *d);                                 /* a tree */
int xgb_doc_add(struct xgb_doc *d) SL_NODISCARD;                       /* as its arrays say */
int xgb_doc_int(struct xgb_doc *d, struct xgb_ints *a, int64_t v) SL_NODISCARD;   /* one more to a; ELIMIT: a file that is made to hurt */
/* The categories' names from texts and offsets (xgb_names.c). */
int xgb_doc_names(struct xgb_doc *d, struct model_cats *c) SL_NODISCARD;
int xgb_doc_close(struct xgb_doc *d, int rc) SL_NODISCARD;             /* rc: of reading; d holds nothing afterwards */

#endif
