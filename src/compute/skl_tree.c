/* compute/skl_tree.c: trees, forests and gradient boosting over float32 values: to the bit what scikit-learn's own walk gives.
 *
 * A value goes left where it is not above the threshold, which is a double; missing values go where the node says (since 1.3). Forests sum
 * in the order of their trees, as one job does. Children must lie behind their parent, as the depth-first and best-first builders lay them:
 * so every walk ends. Sums come from the tree engine where it takes the trees; leaves' numbers, and what it does not take, by walking. */
#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "compute/skl_int.h"

struct node { double threshold; int32_t left, right; uint32_t feature; bool missing_left; };
struct tree { struct node *node; double *value; size_t n, wide; };     /* value: n x wide: outputs x classes */
enum loss { L_NONE, L_BINOMIAL, L_EXPONENTIAL, L_MULTINOMIAL };
struct trees {
  struct tree *at; size_t n;
  size_t per;                  /* boosting: trees of a stage */
  size_t outputs, of;          /* values in a leaf: outputs x of */
  bool missing, counts;        /* takes missing values; leaves hold what is made shares of (before 1.4) */
  double rate, *start;         /* boosting: what is added to */
  enum loss loss;
  const struct tree_engine *engine;    /* NULL: they are walked */
  bool large;                  /* walked where there are few rows */
};

/* ---- reading ---- */

static int bad_tree(struct skl_load *l, const struct skl_est *e) { return skl_bad(l, e, "its nodes form no tree"); }

static int take_nodes(struct skl_load *l, const struct skl_est *e, const struct npy *a, struct tree *t)
{
  const struct npy_field *left = npy_field(&a->type, "left_child"), *right = npy_field(&a->type, "right_child"),
    *feature = npy_field(&a->type, "feature"), *cut = npy_field(&a->type, "threshold"), *go = npy_field(&a->type, "missing_go_to_left");
  if (!left || !right || !feature || !cut || a->dims != 1 || !a->n || a->n > INT32_MAX)
    return skl_bad(l, e, "a tree without nodes");
  t->n = a->n;
  t->node = skl_alloc(l, a->n, sizeof *t->node);
  if (!t->node)
    return skl_fail(l);
  for (size_t i = 0; i < a->n; i++) {
    int64_t x = npy_field_i64(a, left, i), y = npy_field_i64(a, right, i), f = npy_field_i64(a, feature, i), n = (int64_t)a->n;
    struct node *at = &t->node[i];
    *at = (struct node){ .left = -1, .right = -1 };
    if (x == -1)
      continue;
    if (x <= (int64_t)i || y <= (int64_t)i || x >= n || y >= n)
      return bad_tree(l, e);
    if (f < 0 || e->in == SIZE_MAX || f >= (int64_t)e->in)
      return skl_bad(l, e, "a node of a feature that there is not");
    *at = (struct node){ .threshold = npy_field_f64(a, cut, i), .left = (int32_t)x, .right = (int32_t)y, .feature = (uint32_t)f,
                         .missing_left = go && npy_field_i64(a, go, i) };
  }
  return SL_OK;
}

/* Before 1.3 nodes do not say where missing values go. */
static int take_tree(struct skl_load *l, const struct skl_est *e, const struct pk *o, const struct trees *all, struct tree *t)
{
  const struct pk *inner = pk_get(o, "tree_");
  const struct npy *nodes = pk_array(pk_get(inner, "nodes")), *values = pk_array(pk_get(inner, "values"));
  size_t n = SIZE_MAX;
  t->wide = all->outputs * all->of;
  if (!inner || !pk_is_class(inner, "sklearn.tree._tree.Tree") || !nodes || !values)
    return skl_bad(l, e, "a tree that is none");
  int rc = take_nodes(l, e, nodes, t);
  if (!rc && (values->dims != 3 || values->shape[0] != t->n || values->shape[1] != all->outputs || values->shape[2] != all->of))
    rc = skl_bad(l, e, "a tree's values are not those of its nodes");
  return rc ? rc : skl_numbers(l, e, inner, "values", &t->value, &n);
}

static bool word_in(const struct pk *o, const char *name, const char *const *words)
{
  for (; *words; words++)
    if (skl_word(o, name, *words))
      return true;
  return false;
}

/* Which of them take missing values is a matter of class, version, criterion and whether a monotonic constraint was set. */
static bool takes_missing(const struct pk *o, const struct skl_est *e)
{
  static const char *const fit[] = { "gini", "entropy", "log_loss", "squared_error", "friedman_mse", "poisson", NULL };
  bool extra = !strncmp(e->cls, "Extra", 5), forest = strstr(e->cls, "Trees") || strstr(e->cls, "Forest");
  if (e->version < (extra ? 106 : forest ? 104 : 103))
    return false;
  return word_in(o, "criterion", fit) && pk_none(pk_get(o, "monotonic_cst")) && (extra || forest || e->version >= 106 || skl_word(o,
      "splitter", "best"));
}

static int take_outputs(struct skl_load *l, const struct pk *o, struct skl_est *e, struct trees *t)
{
  int64_t outputs = 1;
  if (e->in == SIZE_MAX)
    return skl_bad(l, e, "no number of features");
  if (pk_get(o, "n_outputs_") && (!pk_i64(pk_get(o, "n_outputs_"), &outputs) || outputs < 1 || outputs > MODEL_GROUPS_MAX))
    return skl_bad(l, e, "no number of outputs");
  t->outputs = (size_t)outputs;
  t->of = 1;
  bool classifier = pk_get(o, "classes_") != NULL;
  if (classifier && outputs > 1)
    return skl_unsup(l, e, "classes of several outputs");
  int rc = classifier ? skl_labels_load(l, e, pk_get(o, "classes_")) : SL_OK;
  t->of = classifier && !rc ? e->classes : 1;
  e->values = classifier ? 1 : t->outputs;
  e->proba = classifier ? e->classes : 0;
  t->missing = takes_missing(o, e);
  t->counts = classifier && e->version < 104;
  return rc;
}

static struct trees *new_trees(struct skl_load *l, struct skl_est *e, size_t n)
{
  struct trees *t = e->own = skl_alloc(l, 1, sizeof *t);
  if (t)
    *t = (struct trees){ .n = n, .per = 1 };
  if (t && !(t->at = skl_alloc(l, n, sizeof *t->at)))
    return NULL;
  return t;
}

/* ---- into the engine ---- */

struct growing { const struct trees *all; struct tree_build *b; struct tree_node *nodes; int32_t *ref; double *values; };

/* Inner nodes by their order, leaves by theirs, as ~leaf. False: some node hangs below several, which the engine does not take. */
static bool number_nodes(const struct growing *g, const struct tree *t, size_t *inner, size_t *leaves)
{
  *inner = *leaves = 0;
  memset(g->ref, 0, t->n * sizeof *g->ref);
  for (size_t i = 0; i < t->n; i++)
    for (int k = 0; k < 2 && t->node[i].left >= 0; k++)
      if (g->ref[k ? t->node[i].right : t->node[i].left]++)
        return false;
  for (size_t i = 0; i < t->n; i++)
    g->ref[i] = t->node[i].left >= 0 ? (int32_t)(*inner)++ : ~(int32_t)(*leaves)++;
  return true;
}

/* What a leaf adds: its values; as shares where they are counts; times the rate of boosting. */
static void leaf_adds(const struct trees *t, const double *v, double *out)
{
  double all = 0;
  size_t wide = t->outputs * t->of;
  for (size_t k = 0; t->counts && k < wide; k++)
    all += v[k];
  for (size_t k = 0; k < wide; k++)
    out[k] = t->start ? t->rate * v[k] : t->counts && all != 0 ? v[k] / all : v[k];
}

static int grow_one(const struct growing *g, size_t i, struct sl_err *err)
{
  const struct tree *t = &g->all->at[i];
  size_t inner, leaves;
  if (!number_nodes(g, t, &inner, &leaves))
    return SL_ELIMIT;
  for (size_t k = 0, n = 0; k < t->n; k++) {
    const struct node *from = &t->node[k];
    if (from->left < 0)
      leaf_adds(g->all, t->value + k * t->wide, g->values + (size_t)~g->ref[k] * t->wide);
    else
      g->nodes[n++] = (struct tree_node){ .threshold = from->threshold, .feature = from->feature, .set = TREE_NO_SET,
                                          .left = g->ref[from->left], .right = g->ref[from->right],
                                          .flags = from->missing_left ? (uint32_t)TREE_NAN_LEFT : 0 };
  }
  return tree_build_add(g->b, &(struct tree_one){ .nodes = g->nodes, .n = inner, .values = g->values, .leaves = leaves, .width = t->wide,
                                                  .group = (uint32_t)(i % g->all->per) }, err);
}

static int grow_all(struct growing *g, size_t most, struct sl_err *err)
{
  g->nodes = sl_calloc(most, sizeof *g->nodes);
  g->ref = sl_calloc(most, sizeof *g->ref);
  g->values = sl_calloc(most, sizeof *g->values * g->all->outputs * g->all->of);
  int rc = g->nodes && g->ref && g->values ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < g->all->n; i++)
    rc = grow_one(g, i, err);
  sl_free(g->nodes);
  sl_free(g->ref);
  sl_free(g->values);
  return rc;
}

static int grow(struct skl_load *l, const struct skl_est *e, struct trees *t)
{
  struct growing g = { .all = t };
  struct tree_spec spec = { .value = SL_COLUMN_F64, .sum = SL_COLUMN_F64, .features = e->in,
                            .groups = t->start ? t->per : t->outputs * t->of };
  struct tree_engine *made = NULL;
  size_t most = 0, all = 0;
  for (size_t i = 0; i < t->n; i++) {
    most = t->at[i].n > most ? t->at[i].n : most;
    all += t->at[i].n * t->at[i].wide;
  }
  t->large = all > SKL_NODES_MANY;
  if (all > SKL_NODES_MAX)
    return SL_OK;
  int rc = tree_build_open(&g.b, &spec, l->err);
  if (!rc && (rc = grow_all(&g, most, l->err)) != SL_OK)
    tree_build_free(g.b);
  if (rc)
    return skl_walked(l, rc);
  rc = skl_engine(l, g.b, &made);
  t->engine = made;
  return rc;
}

static int load_tree(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct trees *t = new_trees(l, e, 1);
  int rc = t ? take_outputs(l, o, e, t) : skl_fail(l);
  e->leaves = 1;
  rc = rc ? rc : take_tree(l, e, o, t, &t->at[0]);
  return rc ? rc : grow(l, e, t);
}

static int load_forest(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *list = pk_get(o, "estimators_");
  size_t n = pk_count(list);
  if (!n || n > MODEL_TREES_MAX)
    return skl_bad(l, e, "no trees");
  struct trees *t = new_trees(l, e, n);
  int rc = t ? take_outputs(l, o, e, t) : skl_fail(l);
  for (size_t i = 0; !rc && i < n; i++)
    rc = take_tree(l, e, pk_item(list, i), t, &t->at[i]);
  e->leaves = n;
  return rc ? rc : grow(l, e, t);
}

/* ---- boosting: reading ---- */

static double clipped(double p, double eps) { return p < eps ? eps : p > 1 - eps ? 1 - eps : p; }

/* Centred logarithms, since 1.4; before, logarithms as they are. */
static void start_of_classes(struct trees *t, const double *p, bool old, double eps)
{
  double mean = 0;
  for (size_t k = 0; k < t->per; k++)
    mean += log(clipped(p[k], eps));
  mean /= (double)t->per;
  for (size_t k = 0; k < t->per; k++)
    t->start[k] = old ? log(clipped(p[k], eps)) : log(clipped(p[k], eps) / exp(mean));
}

static int start_from(struct skl_load *l, const struct pk *init, struct skl_est *e, struct trees *t)
{
  bool old = e->version < 104;
  double *v, eps = e->version < 108 ? (double)FLT_EPSILON : DBL_EPSILON;
  size_t n = SIZE_MAX;
  if (pk_is_class(init, "sklearn.dummy.DummyRegressor") && !e->classes) {
    n = 1;
    int rc = skl_numbers(l, e, init, "constant_", &v, &n);
    t->start[0] = rc ? 0 : v[0];
    return rc;
  }
  if (!pk_is_class(init, "sklearn.dummy.DummyClassifier") || !e->classes || !skl_word(init, "strategy", "prior"))
    return skl_unsup(l, e, "it begins with a model of another class");
  n = e->classes;
  int rc = skl_numbers(l, e, init, "class_prior_", &v, &n);
  if (rc)
    return rc;
  if (t->loss == L_MULTINOMIAL) {
    start_of_classes(t, v, old, eps);
    return SL_OK;
  }
  double p = clipped(v[1], eps), raw = old ? log(p / (1 - p)) : skl_logit(p);
  t->start[0] = t->loss == L_EXPONENTIAL ? 0.5 * raw : raw;
  return SL_OK;
}

static int take_loss(struct skl_load *l, const struct pk *o, const struct skl_est *e, struct trees *t)
{
  if (!e->classes)
    return SL_OK;
  bool deviance = skl_word(o, "loss", "log_loss") || skl_word(o, "loss", "deviance");
  t->loss = skl_word(o, "loss", "exponential") && e->classes == 2 ? L_EXPONENTIAL
            : !deviance ? L_NONE : e->classes == 2 ? L_BINOMIAL : L_MULTINOMIAL;
  return t->loss == L_NONE ? skl_unsup(l, e, "a loss of its own") : SL_OK;
}

static int take_stages(struct skl_load *l, const struct pk *o, struct skl_est *e, struct trees *t, const struct pk *list)
{
  const struct pk *init = pk_get(o, "init_");
  int rc = take_loss(l, o, e, t);
  if (rc)
    return rc;
  if (t->per != (t->loss == L_MULTINOMIAL ? e->classes : 1) || !pk_f64(pk_get(o, "learning_rate"), &t->rate))
    return skl_bad(l, e, "stages of %zu trees, or no learning rate", t->per);
  if (!(t->start = skl_alloc(l, t->per, sizeof *t->start)))
    return skl_fail(l);
  if (!sl_str_eqz(pk_text(init), "zero"))
    rc = start_from(l, init, e, t);
  for (size_t i = 0; !rc && i < t->n; i++)
    rc = take_tree(l, e, pk_item(list, i), t, &t->at[i]);
  return rc ? rc : grow(l, e, t);
}

static int load_boost(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *list = pk_get(o, "estimators_");
  const struct npy *a = pk_array(list);
  if (!a || a->dims != 2 || !a->n || a->n > MODEL_TREES_MAX || a->type.kind != 'O' || e->in == SIZE_MAX)
    return skl_bad(l, e, "no stages of trees");
  struct trees *t = new_trees(l, e, a->n);
  if (!t)
    return skl_fail(l);
  t->per = a->shape[1];
  t->outputs = t->of = 1;
  int rc = strstr(e->cls, "Classifier") ? skl_labels_load(l, e, pk_get(o, "classes_")) : SL_OK;
  if (rc)
    return rc;
  e->values = 1;
  e->raw = e->classes ? t->per : 0;
  e->proba = e->classes;
  e->leaves = a->n;
  return take_stages(l, o, e, t, list);
}

/* ---- walking ---- */

static size_t leaf_of(const struct tree *t, const struct skl_block *in, size_t r)
{
  size_t at = 0;
  while (t->node[at].left >= 0) {
    const struct node *n = &t->node[at];
    float v = (float)in->col[n->feature].v[r];
    bool left = isnan(v) ? n->missing_left : (double)v <= n->threshold;
    at = (size_t)(left ? n->left : n->right);
  }
  return at;
}

/* Values are float32 from here on: what is too large for it is as good as infinite, and refused. */
static int check(const struct skl_est *e, struct skl_run *r, const struct skl_block *in)
{
  const struct trees *t = e->own;
  enum skl_type type;
  int rc = skl_check(e, r, in, t->missing ? SKL_NAN : SKL_FINITE, &type);
  for (size_t i = 0; !rc && i < in->n; i++)
    for (size_t k = 0; k < in->rows; k++)
      if (fabs(in->col[i].v[k]) > (double)FLT_MAX && isinf((float)in->col[i].v[k]))
        return sl_err_set(r->err, SL_EPARSE, "row %zu of the data: a value too large for float32, which %s computes in", r->row + k,
            e->cls);
  return rc;
}

static void leaves(const struct trees *t, const struct skl_block *in, double *out)
{
  for (size_t r = 0; r < in->rows; r++)
    for (size_t i = 0; i < t->n; i++)
      out[r * t->n + i] = (double)leaf_of(&t->at[i], in, r);
}

/* Values as the trees see them: a float's. */
static void values(const void *user, size_t feature, size_t from, size_t n, void *out)
{
  const double *v = ((const struct skl_block *)user)->col[feature].v + from;
  for (size_t i = 0; i < n; i++)
    ((double *)out)[i] = (double)(float)v[i];
}

/* To sum, row by row, tree after tree: what the leaves add. */
static int add_up(const struct trees *t, struct skl_run *r, const struct skl_block *in, double *sum)
{
  size_t wide = t->outputs * t->of, groups = t->start ? t->per : wide;
  if (t->engine && (!t->large || in->rows >= SKL_ROWS_FEW))
    return tree_sum(t->engine, &(struct tree_rows){ values, in }, 0, in->rows, sum, r->err);
  double *one = skl_room(r, wide);
  for (size_t i = 0; one && i < in->rows; i++)
    for (size_t k = 0; k < t->n; k++) {
      leaf_adds(t, t->at[k].value + leaf_of(&t->at[k], in, i) * wide, one);
      for (size_t g = 0; g < wide; g++)
        sum[i * groups + (t->start ? k % t->per : g)] += one[g];
    }
  return one ? SL_OK : skl_nomem(r);
}

static int means(const struct trees *t, struct skl_run *r, const struct skl_block *in, double *sum)
{
  size_t n = in->rows * t->outputs * t->of;
  memset(sum, 0, n * sizeof *sum);
  int rc = add_up(t, r, in, sum);
  for (size_t i = 0; !rc && t->n > 1 && i < n; i++)
    sum[i] /= (double)t->n;
  return rc;
}

static int predict_mean(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct trees *t = e->own;
  size_t wide = t->outputs * t->of;
  bool index = e->classes && want == SKL_VALUE;
  double *sum = index ? skl_room(r, in->rows * wide) : out;
  int rc = sum ? check(e, r, in) : skl_nomem(r);
  if (rc)
    return rc;
  if (want == SKL_LEAF) {
    leaves(t, in, out);
    return SL_OK;
  }
  rc = means(t, r, in, sum);
  for (size_t i = 0; !rc && index && i < in->rows; i++)
    out[i] = (double)skl_best(sum + i * wide, wide);
  return rc;
}

/* Stage after stage, as the library's own loop: each leaf times the rate, then added. */
static int raw(const struct trees *t, struct skl_run *r, const struct skl_block *in, double *out)
{
  for (size_t i = 0; i < in->rows; i++)
    memcpy(out + i * t->per, t->start, t->per * sizeof *out);
  return add_up(t, r, in, out);
}

static void boost_row(const struct skl_est *e, const double *d, enum skl_want want, double *out)
{
  const struct trees *t = e->own;
  if (want == SKL_VALUE) {
    bool yes = e->version < 104 ? d[0] > 0 : d[0] >= 0;
    *out = !e->classes ? d[0] : t->per == 1 ? yes : (double)skl_best(d, t->per);
  } else if (t->loss == L_MULTINOMIAL) {
    memcpy(out, d, t->per * sizeof *out);
    skl_softmax(out, t->per);
  } else {
    out[1] = skl_expit(t->loss == L_EXPONENTIAL ? 2 * d[0] : d[0]);
    out[0] = 1 - out[1];
  }
}

static int predict_boost(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct trees *t = e->own;
  double *d = want == SKL_RAW ? out : skl_room(r, in->rows * t->per);
  int rc = d ? check(e, r, in) : skl_nomem(r);
  if (rc)
    return rc;
  if (want == SKL_LEAF) {
    leaves(t, in, out);
    return SL_OK;
  }
  rc = raw(t, r, in, d);
  for (size_t i = 0; !rc && want != SKL_RAW && i < in->rows; i++)
    boost_row(e, d + i * t->per, want, out + i * skl_width(e, want));
  return rc;
}

const struct skl_ops skl_tree = { .load = load_tree, .predict = predict_mean };
const struct skl_ops skl_forest = { .load = load_forest, .predict = predict_mean };
const struct skl_ops skl_boost = { .load = load_boost, .predict = predict_boost };
