/* compute/lgb_tree.c: LightGBM's trees into the engine, with their linear leaves. */
#include <math.h>

#include "base/mem.h"
#include "compute/model_int.h"

/* Where missing and 0 go: by the threshold where they count as 0, by the node's default where they count as missing. */
static uint32_t flags_of(const struct lgb_node *n)
{
  bool left = n->type & LGB_DEFAULT_LEFT;
  switch (n->type >> 2 & 3) {
  case LGB_MISSING_NAN: return left ? TREE_NAN_LEFT : 0;
  case LGB_MISSING_ZERO: return left ? TREE_NAN_LEFT | TREE_ZERO_LEFT : TREE_ZERO_RIGHT;
  default: return 0 <= n->threshold ? TREE_NAN_LEFT : 0;
  }
}

/* Of one tree after the other. sets: at the place of a set's first bound. */
struct room { struct tree_node *nodes; struct tree_line *lines; uint32_t *sets; };

static int add_tree(const struct lgb *g, size_t tree, const struct room *r, struct tree_build *b, struct sl_err *err)
{
  const struct lgb_tree *t = &g->trees[tree];
  for (uint32_t i = 0; i + 1 < t->leaves; i++) {
    const struct lgb_node *n = &g->nodes[t->node + i];
    r->nodes[i] = (struct tree_node){ .threshold = n->threshold, .feature = (uint32_t)n->feature, .set = TREE_NO_SET, .left = n->left,
                                      .right = n->right, .flags = flags_of(n) };
    if (n->type & LGB_CATEGORICAL) {
      r->nodes[i].set = r->sets[t->cat_bound + (size_t)n->threshold];
      r->nodes[i].threshold = 0;
      r->nodes[i].flags = TREE_SET_LEFT;
    }
  }
  for (uint32_t i = 0; i < t->leaves && t->linear; i++) {
    const struct lgb_linear *l = &g->linear[g->linear_at[tree] + i];
    r->lines[i] = (struct tree_line){ l->constant, l->n ? g->terms + l->first : NULL, l->n };
  }
  return tree_build_add(b, &(struct tree_one){ .nodes = r->nodes, .n = t->leaves - 1, .values = g->leaves + t->leaf, .leaves = t->leaves,
                                               .width = 1, .group = t->group, .lines = t->linear ? r->lines : NULL }, err);
}

static int add_sets(const struct lgb *g, const struct lgb_tree *t, uint32_t *sets, struct tree_build *b, struct sl_err *err)
{
  int rc = SL_OK;
  for (uint32_t i = 0; !rc && i < t->cats; i++) {
    const int32_t *bound = g->bounds + t->cat_bound + i;
    rc = tree_build_set(b, g->words + t->cat_word + (size_t)bound[0], (size_t)(bound[1] - bound[0]), &sets[t->cat_bound + i], err);
  }
  return rc;
}

static int feed(const struct lgb *g, struct tree_build *b, struct sl_err *err)
{
  size_t most = 0;
  for (size_t i = 0; i < g->ntrees; i++)
    most = g->trees[i].leaves > most ? g->trees[i].leaves : most;
  struct room r = { sl_calloc(most + 1, sizeof *r.nodes), sl_calloc(most + 1, sizeof *r.lines),
                    sl_calloc(g->nbounds + 1, sizeof *r.sets) };
  int rc = r.nodes && r.lines && r.sets ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < g->ntrees; i++) {
    rc = add_sets(g, &g->trees[i], r.sets, b, err);
    if (!rc)
      rc = add_tree(g, i, &r, b, err);
  }
  sl_free(r.nodes);
  sl_free(r.lines);
  sl_free(r.sets);
  return rc;
}

int lgb_engine(struct sl_model *m, struct sl_err *err)
{
  struct lgb *g = m->lgb;
  struct tree_build *b;
  if (!g->ntrees)
    return SL_OK;
  struct tree_spec spec = { .value = SL_COLUMN_F64, .sum = SL_COLUMN_F64, .below_zero = true, .features = m->features,
                            .groups = m->groups };
  int rc = tree_build_open(&b, &spec, err);
  if (!rc)
    rc = feed(g, b, err);
  if (rc)
    tree_build_free(b);
  else
    rc = tree_build_end(&g->engine, b, err);
  if (rc == SL_ELIMIT && err) /* trees of a shape that is better walked */
    *err = (struct sl_err){ 0 };
  return rc == SL_ELIMIT ? SL_OK : rc;
}
