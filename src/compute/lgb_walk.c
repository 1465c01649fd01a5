/* compute/lgb_walk.c: LightGBM's predictions: double throughout, sums from zero in the order of the trees. */
#include <math.h>

#include "compute/model_int.h"

static const double zero_below = (double)1e-35f;

static int32_t by_category(const struct lgb *g, const struct lgb_tree *t, const struct lgb_node *n, double v)
{
  if (isnan(v) || v <= -1 || v >= 2147483648.0) /* a cast would be undefined; the library's gives a negative number */
    return n->right;
  int64_t cat = (int64_t)v;
  const int32_t *bound = g->bounds + t->cat_bound + (size_t)n->threshold;
  size_t words = (size_t)(bound[1] - bound[0]);
  if ((size_t)cat / 32 >= words)
    return n->right;
  return g->words[t->cat_word + (size_t)bound[0] + (size_t)cat / 32] >> (cat % 32) & 1 ? n->left : n->right;
}

static int32_t by_number(const struct lgb_node *n, double v)
{
  int missing = n->type >> 2 & 3;
  if (isnan(v) && missing != LGB_MISSING_NAN)
    v = 0;
  if ((missing == LGB_MISSING_ZERO && v >= -zero_below && v <= zero_below) || (missing == LGB_MISSING_NAN && isnan(v)))
    return n->type & LGB_DEFAULT_LEFT ? n->left : n->right;
  return v <= n->threshold ? n->left : n->right;
}

static size_t leaf_of(const struct lgb *g, const struct lgb_tree *t, const double *row)
{
  int32_t at = 0;
  if (t->leaves == 1)
    return 0;
  do {
    const struct lgb_node *n = &g->nodes[t->node + (size_t)at];
    at = n->type & LGB_CATEGORICAL ? by_category(g, t, n, row[n->feature]) : by_number(n, row[n->feature]);
  } while (at >= 0);
  return (size_t)~at;
}

static double linear(const struct lgb *g, size_t t, size_t leaf, const double *row)
{
  const struct lgb_linear *l = &g->linear[g->linear_at[t] + leaf];
  double out = l->constant;
  for (uint32_t i = 0; i < l->n; i++) {
    const struct tree_term *term = &g->terms[l->first + i];
    if (isnan(row[term->feature]))
      return g->leaves[g->trees[t].leaf + leaf];
    out += term->coeff * row[term->feature];
  }
  return out;
}

void lgb_margins(const struct sl_model *m, const double *rows, size_t n, double *out)
{
  const struct lgb *g = m->lgb;
  memset(out, 0, n * m->groups * sizeof *out);
  for (size_t t = 0; t < g->ntrees; t++) {
    const struct lgb_tree *tree = &g->trees[t];
    for (size_t r = 0; r < n; r++) {
      const double *row = rows + r * m->features;
      size_t leaf = leaf_of(g, tree, row);
      out[r * m->groups + tree->group] += tree->linear ? linear(g, t, leaf, row) : g->leaves[tree->leaf + leaf];
    }
  }
}

void lgb_leaves(const struct sl_model *m, const double *rows, size_t n, int64_t *out)
{
  const struct lgb *g = m->lgb;
  for (size_t t = 0; t < g->ntrees; t++)
    for (size_t r = 0; r < n; r++)
      out[r * g->ntrees + t] = (int64_t)leaf_of(g, &g->trees[t], rows + r * m->features);
}

static void softmax(double *p, size_t n)
{
  double most = p[0], sum = 0;
  for (size_t i = 1; i < n; i++)
    most = p[i] < most ? most : p[i];
  for (size_t i = 0; i < n; i++) {
    p[i] = exp(p[i] - most);
    sum += p[i];
  }
  for (size_t i = 0; i < n; i++)
    p[i] /= sum;
}

static double one(const struct lgb *g, double v)
{
  switch (g->objective) {
  case LGB_SQRT: return ((v > 0) - (v < 0)) * v * v;
  case LGB_EXP: return exp(v);
  case LGB_SIGMOID:
  case LGB_OVA: return 1.0 / (1.0 + exp(-g->sigmoid * v));
  case LGB_CROSS: return 1.0 / (1.0 + exp(-v));
  case LGB_LAMBDA: return log1p(exp(v));
  default: return v;
  }
}

/* A random forest's sums become means first. */
void lgb_average(const struct sl_model *m, double *margins, size_t n)
{
  size_t rounds = m->lgb->ntrees / m->groups;
  for (size_t i = 0; m->lgb->average && rounds && i < n * m->groups; i++)
    margins[i] /= (double)rounds;
}

void lgb_transform(const struct sl_model *m, double *margins, size_t n)
{
  for (size_t i = 0; i < n && m->lgb->objective == LGB_SOFTMAX; i++)
    softmax(margins + i * m->groups, m->groups);
  for (size_t i = 0; i < n * m->groups && m->lgb->objective != LGB_SOFTMAX; i++)
    margins[i] = one(m->lgb, margins[i]);
}
