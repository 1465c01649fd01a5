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
static float dropped(const struct sl_model *m, size_t t, float leaf)
{
  const struct xgb *x = m->xgb;
  if (m->wrapper == SL_MODEL_BOOSTER)
    return leaf * x->weight_drop[t];
  float base = x->base[x->trees[t].group];
  return ((base + leaf) - base) * x->weight_drop[t];
}

void xgb_margins(const struct sl_model *m, const float *rows, size_t n, float *out)
{
  const struct xgb *x = m->xgb;
  for (size_t r = 0; r < n; r++) {
    if (x->linear)
      linear(m, rows + r * m->features, out + r * m->groups);
    else
      memcpy(out + r * m->groups, x->base, m->groups * sizeof *out);
  }
  for (size_t t = 0; t < x->used; t++) {
    const struct xgb_tree *tree = &x->trees[t];
    for (size_t r = 0; r < n; r++) {
      float leaf = x->nodes[tree->node + leaf_of(x, tree, rows + r * m->features)].u.cond;
      out[r * m->groups + tree->group] += x->dart ? dropped(m, t, leaf) : leaf;
    }
  }
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
  case XGB_EXP:
    for (size_t i = 0; i < all; i++)
      margins[i] = expf(margins[i]);
    break;
  case XGB_EXP_WIDE:
    for (size_t i = 0; i < all; i++)
      margins[i] = (float)exp((double)margins[i]);
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
