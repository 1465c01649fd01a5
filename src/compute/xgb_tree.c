/* compute/xgb_tree.c: XGBoost's trees into the engine: inner nodes apart from leaves, and leaves as dropping leaves them. */
#include <math.h>

#include "base/mem.h"
#include "compute/model_int.h"

struct feed { const struct sl_model *m; struct tree_build *b; struct tree_node *nodes; int32_t *ref; float *values; uint32_t *sets; };

/* Inner nodes by their order, leaves by theirs, as ~leaf. */
static size_t number_nodes(const struct feed *f, const struct xgb_tree *t, size_t *leaves)
{
  const struct xgb_node *nodes = f->m->xgb->nodes + t->node;
  size_t inner = 0;
  *leaves = 0;
  for (uint32_t i = 0; i < t->n; i++)
    f->ref[i] = nodes[i].left >= 0 ? (int32_t)inner++ : ~(int32_t)(*leaves)++;
  return inner;
}

static struct tree_node node_of(const struct feed *f, const struct xgb_node *n)
{
  struct tree_node out = { .threshold = (double)n->u.cond, .feature = n->feature & XGB_FEATURE, .set = TREE_NO_SET,
                           .left = f->ref[n->left], .right = f->ref[n->right],
                           .flags = n->feature & XGB_DEFAULT_LEFT ? (uint32_t)TREE_NAN_LEFT : 0 };
  if (n->feature & XGB_CATEGORICAL) {
    out.set = f->sets[n->u.seg];
    out.threshold = 0;
  }
  return out;
}

/* The root is the first inner node, if it is one at all. Nodes that hang below none (the library has pruned them) come along unasked. */
static int add_tree(const struct feed *f, size_t at, struct sl_err *err)
{
  const struct sl_model *m = f->m;
  const struct xgb *x = m->xgb;
  const struct xgb_tree *t = &x->trees[at];
  const struct xgb_node *nodes = x->nodes + t->node;
  size_t leaves, inner = number_nodes(f, t, &leaves), n = 0, wide = x->vector > 1 ? x->vector : 1;
  for (uint32_t i = 0; i < t->n; i++) {
    if (nodes[i].left >= 0)
      f->nodes[n++] = node_of(f, &nodes[i]);
    else
      xgb_leaf(m, at, i, f->values + (size_t)~f->ref[i] * wide);
  }
  return tree_build_add(f->b, &(struct tree_one){ .nodes = f->nodes, .n = inner, .values = f->values, .leaves = leaves, .width = wide,
                                                  .group = t->group }, err);
}

static int add_sets(const struct feed *f, struct sl_err *err)
{
  const struct xgb *x = f->m->xgb;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < x->nsegs; i++)
    rc = tree_build_set(f->b, x->words + x->segs[i].word, x->segs[i].n, &f->sets[i], err);
  return rc;
}

static int feed(struct feed *f, struct sl_err *err)
{
  const struct xgb *x = f->m->xgb;
  size_t most = 0;
  for (size_t i = 0; i < x->used; i++)
    most = x->trees[i].n > most ? x->trees[i].n : most;
  f->nodes = sl_calloc(most + 1, sizeof *f->nodes);
  f->ref = sl_calloc(most + 1, sizeof *f->ref);
  f->values = sl_calloc(most + 1, sizeof *f->values * (x->vector > 1 ? x->vector : 1));
  f->sets = sl_calloc(x->nsegs + 1, sizeof *f->sets);
  int rc = f->nodes && f->ref && f->values && f->sets ? add_sets(f, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < x->used; i++)
    rc = add_tree(f, i, err);
  sl_free(f->nodes);
  sl_free(f->ref);
  sl_free(f->values);
  sl_free(f->sets);
  return rc;
}

int xgb_engine(struct sl_model *m, struct sl_err *err)
{
  struct feed f = { .m = m };
  if (m->xgb->linear || !m->xgb->used)
    return SL_OK;
  struct tree_spec spec = { .value = SL_COLUMN_F32, .sum = SL_COLUMN_F32, .strict = true, .features = m->features, .groups = m->groups };
  int rc = tree_build_open(&f.b, &spec, err);
  if (!rc)
    rc = feed(&f, err);
  if (rc)
    tree_build_free(f.b);
  else
    rc = tree_build_end(&m->xgb->engine, f.b, err);
  if (rc == SL_ELIMIT && err) /* trees of a shape that is better walked */
    *err = (struct sl_err){ 0 };
  return rc == SL_ELIMIT ? SL_OK : rc;
}
