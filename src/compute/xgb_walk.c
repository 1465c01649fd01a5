/* compute/xgb_walk.c: XGBoost's predictions: float32 throughout, sums from the base score in the order of the trees.
 *
 * Transforms use libm's own expf, as the library does: another exp would differ in the last bit. */
#include <math.h>

#include "compute/model_int.h"

static bool goes_left(const struct xgb *x, const struct xgb_node *n, float v)
{
  if (!(n->feature & XGB_CATEGORICAL))
    return v < n->u.cond;
  const struct xgb_seg *s = &x->segs[n->u.seg];
  if (v < 0 || v >= (float)MODEL_CATEGORY_MAX)
    return true;
  uint32_t cat = (uint32_t)v;
  return cat / 32 >= s->n || !(x->words[s->word + cat / 32] >> (cat % 32) & 1);
}

static size_t leaf_of(const struct xgb *x, const struct xgb_tree *t, const float *row)
{
  const struct xgb_node *nodes = x->nodes + t->node;
  size_t i = 0;
  while (nodes[i].left >= 0) {
    const struct xgb_node *n = &nodes[i];
    float v = row[n->feature & XGB_FEATURE];
    bool left = isnan(v) ? (n->feature & XGB_DEFAULT_LEFT) != 0 : goes_left(x, n, v);
    i = (size_t)(left ? n->left : n->right);
  }
  return i;
}

static void linear(const struct sl_model *m, const float *row, float *out)
{
  const struct xgb *x = m->xgb;
  const float *bias = x->weights + m->features * m->groups;
  for (size_t g = 0; g < m->groups; g++) {
    float sum = bias[g] + x->base[0];
    for (size_t f = 0; f < m->features; f++)
      if (!isnan(row[f]))
        sum += row[f] * x->weights[f * m->groups + g];
    out[g] = sum;
  }
}

/* A wrapper predicts in place: there the library adds the base to a tree of DART and takes it away again, which rounds. */
static float dropped(const struct sl_model *m, size_t t, size_t group, float leaf)
{
  const struct xgb *x = m->xgb;
  if (!x->dart)
    return leaf;
  if (m->wrapper == SL_MODEL_BOOSTER)
    return leaf * x->weight_drop[t];
  return ((x->base[group] + leaf) - x->base[group]) * x->weight_drop[t];
}

void xgb_leaf(const struct sl_model *m, size_t tree, size_t node, float *out)
{
  const struct xgb *x = m->xgb;
  const struct xgb_node *n = &x->nodes[x->trees[tree].node + node];
  if (x->vector <= 1)
    *out = dropped(m, tree, x->trees[tree].group, n->u.cond);
  for (size_t g = 0; x->vector > 1 && g < x->vector; g++)
    out[g] = dropped(m, tree, g, x->vectors[n->u.seg + g]);
}

void xgb_base(const struct sl_model *m, size_t n, float *out)
{
  for (size_t r = 0; r < n; r++)
    memcpy(out + r * m->groups, m->xgb->base, m->groups * sizeof *out);
}

static void add_leaf(const struct sl_model *m, size_t t, const float *row, float *out)
{
  const struct xgb *x = m->xgb;
  const struct xgb_tree *tree = &x->trees[t];
  const struct xgb_node *n = &x->nodes[tree->node + leaf_of(x, tree, row)];
  if (x->vector <= 1)
    out[tree->group] += dropped(m, t, tree->group, n->u.cond);
  for (size_t g = 0; x->vector > 1 && g < x->vector; g++)
    out[g] += dropped(m, t, g, x->vectors[n->u.seg + g]);
}

void xgb_margins(const struct sl_model *m, const float *rows, size_t n, float *out)
{
  const struct xgb *x = m->xgb;
  for (size_t r = 0; r < n && x->linear; r++)
    linear(m, rows + r * m->features, out + r * m->groups);
  if (!x->linear)
    xgb_base(m, n, out);
  for (size_t t = 0; t < x->used; t++)
    for (size_t r = 0; r < n; r++)
      add_leaf(m, t, rows + r * m->features, out + r * m->groups);
}

void xgb_leaves(const struct sl_model *m, const float *rows, size_t n, int64_t *out)
{
  const struct xgb *x = m->xgb;
  for (size_t t = 0; t < x->used; t++)
    for (size_t r = 0; r < n; r++)
      out[r * x->used + t] = (int64_t)leaf_of(x, &x->trees[t], rows + r * m->features);
}

static float sigmoid(float x)
{
  float y = 88.7f < -x ? 88.7f : -x;
  float denominator = expf(y) + 1.0f + 1e-16f;
  return 1.0f / denominator;
}

static void softmax(float *p, size_t n)
{
  float most = p[0];
  double sum = 0;
  for (size_t i = 1; i < n; i++)
    most = fmaxf(p[i], most);
  for (size_t i = 0; i < n; i++) {
    p[i] = expf(p[i] - most);
    sum += (double)p[i];
  }
  for (size_t i = 0; i < n; i++)
    p[i] /= (float)sum;
}

void xgb_transform(const struct sl_model *m, float *margins, size_t n)
{
  size_t all = n * m->groups;
  switch (m->xgb->objective) {
  case XGB_LOGISTIC:
    for (size_t i = 0; i < all; i++)
      margins[i] = sigmoid(margins[i]);
    break;
  case XGB_EXP: /* survival:aft too: so in the wheels named xgboost; xgboost-cpu has exp of a double there, and now and then another bit */
    for (size_t i = 0; i < all; i++)
      margins[i] = expf(margins[i]);
    break;
  case XGB_HINGE:
    for (size_t i = 0; i < all; i++)
      margins[i] = margins[i] > 0 ? 1.0f : 0.0f;
    break;
  case XGB_SOFTMAX:
  case XGB_SOFTPROB:
    for (size_t i = 0; i < n; i++)
      softmax(margins + i * m->groups, m->groups);
    break;
  default: break;
  }
}
