/* compute/skl_hist.c: histogram gradient boosting: trees over doubles, with sets of categories.
 *
 * Since 1.4 categories are coded by an encoder that the estimator holds and that puts its columns first; before, their codes are the
 * values. A code that no tree has seen goes where missing values go. Sums begin with the baseline, stage after stage: to the bit; by the
 * tree engine where it takes the trees, else by walking. */
#include <math.h>

#include "base/mem.h"
#include "compute/skl_int.h"

struct node { double threshold, value; uint32_t left, right, feature, set; bool leaf, missing_left, categorical; };
struct tree { struct node *node; size_t n; const double *sets; size_t nsets; };          /* sets: eight words of 32 bits each */
struct hist {
  struct tree *at; size_t n, per;
  double *start;
  struct skl_est *prepare;     /* NULL: none */
  uint32_t (*known)[8];        /* of feature i after preparing; NULL: no categories */
  size_t features;
  bool exponential;
  bool *coded;                 /* of feature i after preparing: some node asks for its category */
  const struct tree_engine *engine;    /* NULL: they are walked */
};

static bool is_kind(const struct pk *o, const char *cls) { return pk_is_class(o, cls); }

/* ---- reading ---- */

static int take_node(struct skl_load *l, const struct skl_est *e, const struct hist *h, const struct npy *a, size_t i, struct node *to,
                     size_t nsets)
{
  static const char *const names[] = { "left", "right", "feature_idx", "missing_go_to_left", "is_leaf", "is_categorical", "bitset_idx" };
  int64_t v[7] = { 0 };
  for (size_t k = 0; k < 7; k++) {
    const struct npy_field *f = npy_field(&a->type, names[k]);
    if (!f && k < 5)
      return skl_bad(l, e, "a tree without %s", names[k]);
    v[k] = f ? npy_field_i64(a, f, i) : 0;
  }
  const struct npy_field *value = npy_field(&a->type, "value"), *cut = npy_field(&a->type, "num_threshold");
  cut = cut ? cut : npy_field(&a->type, "threshold");
  if (!value || !cut)
    return skl_bad(l, e, "a tree without values");
  *to = (struct node){ .value = npy_field_f64(a, value, i), .threshold = npy_field_f64(a, cut, i), .leaf = v[4] != 0,
                       .missing_left = v[3] != 0, .categorical = v[5] != 0 };
  if (to->leaf)
    return SL_OK;
  if (v[0] <= (int64_t)i || v[1] <= (int64_t)i || v[0] >= (int64_t)a->n || v[1] >= (int64_t)a->n)
    return skl_bad(l, e, "its nodes form no tree");
  if (v[2] < 0 || v[2] >= (int64_t)h->features || (to->categorical && (v[6] < 0 || v[6] >= (int64_t)nsets || !h->known)))
    return skl_bad(l, e, "a node of a feature or a set that there is not");
  to->left = (uint32_t)v[0];
  to->right = (uint32_t)v[1];
  to->feature = (uint32_t)v[2];
  to->set = (uint32_t)v[6];
  return SL_OK;
}

static int take_tree(struct skl_load *l, const struct skl_est *e, const struct hist *h, const struct pk *o, struct tree *t)
{
  const struct npy *a = pk_array(pk_get(o, "nodes")), *sets = pk_array(pk_get(o, "raw_left_cat_bitsets"));
  size_t n = SIZE_MAX;
  double *v = NULL;
  if (!is_kind(o, "TreePredictor") || !a || a->dims != 1 || !a->n || a->n > INT32_MAX)
    return skl_bad(l, e, "a tree without nodes");
  if (sets && sets->dims == 2 && sets->shape[1] == 8) {
    int rc = skl_numbers(l, e, o, "raw_left_cat_bitsets", &v, &n);
    if (rc)
      return rc;
    t->nsets = sets->shape[0];
  }
  t->sets = v;
  t->n = a->n;
  t->node = skl_alloc(l, a->n, sizeof *t->node);
  int rc = t->node ? SL_OK : skl_fail(l);
  for (size_t i = 0; !rc && i < a->n; i++)
    rc = take_node(l, e, h, a, i, &t->node[i], t->nsets);
  return rc;
}

/* The categories that were seen: as thresholds of their feature. */
static int take_known(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct hist *h)
{
  const struct pk *mapper = pk_get(o, "_bin_mapper"), *cuts = pk_get(mapper, "bin_thresholds_");
  const struct npy *is = pk_array(pk_get(mapper, "is_categorical_"));
  if (!is || is->n != h->features || pk_count(cuts) != h->features)
    return SL_OK;
  h->known = skl_alloc(l, h->features, sizeof *h->known);
  if (!h->known)
    return skl_fail(l);
  for (size_t f = 0; f < h->features; f++) {
    const struct npy *a = pk_array(pk_item(cuts, f));
    for (size_t i = 0; npy_i64(is, f) && a && i < a->n; i++) {
      double v = npy_f64(a, i);
      if (!(v >= 0 && v < 256))
        return skl_bad(l, e, "a category that is no code");
      h->known[f][(unsigned)v / 32] |= 1u << ((unsigned)v % 32);
    }
  }
  return SL_OK;
}

static int take_prepare(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct hist *h)
{
  const struct pk *prepare = pk_get(o, "_preprocessor");
  if (pk_none(prepare))
    return SL_OK;
  int rc = skl_est_load(l, prepare, &h->prepare);
  return rc || h->prepare->ops->transform ? rc : skl_bad(l, e, "it prepares its columns with what transforms nothing");
}

static int take_stages(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct hist *h)
{
  const struct pk *stages = pk_get(o, "_predictors");
  size_t n = pk_count(stages);
  h->per = pk_count(pk_item(stages, 0));
  if (!n || !h->per || n > MODEL_TREES_MAX / h->per || h->per != (e->classes > 2 ? e->classes : 1))
    return skl_bad(l, e, "no stages of trees");
  h->n = n * h->per;
  h->at = skl_alloc(l, h->n, sizeof *h->at);
  int rc = h->at ? skl_numbers(l, e, o, "_baseline_prediction", &h->start, &h->per) : skl_fail(l);
  for (size_t i = 0; !rc && i < n; i++) {
    const struct pk *stage = pk_item(stages, i);
    if (pk_count(stage) != h->per)
      return skl_bad(l, e, "stages of different lengths");
    for (size_t k = 0; !rc && k < h->per; k++)
      rc = take_tree(l, e, h, pk_item(stage, k), &h->at[i * h->per + k]);
  }
  return rc;
}

static int take_loss(struct skl_load *l, const struct skl_est *e, const struct pk *o, struct hist *h)
{
  static const char *const same[] = { "squared_error", "least_squares", "absolute_error", "least_absolute_deviation", "quantile" };
  static const char *const ofclasses[] = { "log_loss", "auto", "binary_crossentropy", "categorical_crossentropy" };
  h->exponential = skl_word(o, "loss", "poisson") || skl_word(o, "loss", "gamma");
  bool known = h->exponential && !e->classes;
  for (size_t i = 0; i < 5 && !e->classes; i++)
    known = known || skl_word(o, "loss", same[i]);
  for (size_t i = 0; i < 4 && e->classes; i++)
    known = known || skl_word(o, "loss", ofclasses[i]);
  return known ? SL_OK : skl_unsup(l, e, "a loss of its own");
}

/* ---- into the engine ---- */

struct growing { const struct hist *h; struct tree_build *b; struct tree_node *nodes; int32_t *ref; double *values; };

/* Which features are asked for categories. False: one also for numbers, or a node hangs below several: the engine takes neither. */
static bool survey(const struct hist *h, const struct tree *t, int32_t *ref)
{
  memset(ref, 0, t->n * sizeof *ref);
  for (size_t i = 0; i < t->n; i++) {
    const struct node *n = &t->node[i];
    if (n->leaf)
      continue;
    if (ref[n->left]++ || ref[n->right]++ || n->left == n->right)
      return false;
    h->coded[n->feature] = h->coded[n->feature] || n->categorical;
  }
  return true;
}

static bool mixed(const struct hist *h, const struct tree *t)
{
  for (size_t i = 0; i < t->n; i++)
    if (!t->node[i].leaf && h->coded[t->node[i].feature] != t->node[i].categorical)
      return true;
  return false;
}

/* What goes left: the members, and what was never seen where missing goes left. */
static int set_of(const struct growing *g, const struct tree *t, const struct node *n, struct tree_node *to, struct sl_err *err)
{
  uint32_t left[8];
  for (size_t i = 0; i < 8; i++)
    left[i] = (uint32_t)t->sets[(size_t)n->set * 8 + i] | (n->missing_left ? ~g->h->known[n->feature][i] : 0);
  to->threshold = 0;
  to->flags |= TREE_SET_LEFT;
  return tree_build_set(g->b, left, 8, &to->set, err);
}

static int grow_one(const struct growing *g, size_t i, struct sl_err *err)
{
  const struct tree *t = &g->h->at[i];
  size_t inner = 0, leaves = 0;
  int rc = SL_OK;
  for (size_t k = 0; k < t->n; k++)
    g->ref[k] = t->node[k].leaf ? ~(int32_t)leaves++ : (int32_t)inner++;
  for (size_t k = 0, n = 0; !rc && k < t->n; k++) {
    const struct node *from = &t->node[k];
    if (from->leaf) {
      g->values[~g->ref[k]] = from->value;
      continue;
    }
    struct tree_node *to = &g->nodes[n++];
    *to = (struct tree_node){ .threshold = from->threshold, .feature = from->feature, .set = TREE_NO_SET, .left = g->ref[from->left],
                              .right = g->ref[from->right], .flags = from->missing_left ? (uint32_t)TREE_NAN_LEFT : 0 };
    if (from->categorical)
      rc = set_of(g, t, from, to, err);
  }
  return rc ? rc : tree_build_add(g->b, &(struct tree_one){ .nodes = g->nodes, .n = inner, .values = g->values, .leaves = leaves,
                                                            .width = 1, .group = (uint32_t)(i % g->h->per) }, err);
}

/* ELIMIT: the trees are such as must be walked. */
static int grow_all(struct growing *g, size_t most, struct sl_err *err)
{
  const struct hist *h = g->h;
  bool fits = true;
  g->nodes = sl_calloc(most, sizeof *g->nodes);
  g->ref = sl_calloc(most, sizeof *g->ref);
  g->values = sl_calloc(most, sizeof *g->values);
  int rc = g->nodes && g->ref && g->values ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && fits && i < h->n; i++)
    fits = survey(h, &h->at[i], g->ref);
  for (size_t i = 0; !rc && fits && i < h->n; i++)
    fits = !mixed(h, &h->at[i]);
  for (size_t i = 0; !rc && fits && i < h->n; i++)
    rc = grow_one(g, i, err);
  sl_free(g->nodes);
  sl_free(g->ref);
  sl_free(g->values);
  return rc || fits ? rc : SL_ELIMIT;
}

static int grow(struct skl_load *l, struct hist *h)
{
  struct growing g = { .h = h };
  struct tree_spec spec = { .value = SL_COLUMN_F64, .sum = SL_COLUMN_F64, .features = h->features, .groups = h->per };
  struct tree_engine *made = NULL;
  size_t most = 0, all = 0;
  for (size_t i = 0; i < h->n; i++) {
    most = h->at[i].n > most ? h->at[i].n : most;
    all += h->at[i].n;
  }
  if (!(h->coded = skl_alloc(l, h->features, sizeof *h->coded)))
    return skl_fail(l);
  int rc = all > SKL_NODES_MAX ? SL_ELIMIT : tree_build_open(&g.b, &spec, l->err);
  if (!rc && (rc = grow_all(&g, most, l->err)) != SL_OK)
    tree_build_free(g.b);
  if (rc)
    return skl_walked(l, rc);
  rc = skl_engine(l, g.b, &made);
  h->engine = made;
  return rc;
}

static int load(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct hist *h = e->own = skl_alloc(l, 1, sizeof *h);
  int rc = !h ? skl_fail(l) : e->in == SIZE_MAX ? skl_bad(l, e, "no number of features") : SL_OK;
  if (!rc && strstr(e->cls, "Classifier"))
    rc = skl_labels_load(l, e, pk_get(o, "classes_"));
  if (rc)
    return rc;
  h->features = e->in;
  rc = take_loss(l, e, o, h);
  if (!rc)
    rc = take_prepare(l, e, o, h);
  if (!rc)
    rc = take_known(l, e, o, h);
  if (!rc)
    rc = take_stages(l, e, o, h);
  if (!rc)
    rc = grow(l, h);
  e->values = 1;
  e->raw = e->classes ? h->per : 0;
  e->proba = e->classes;
  return rc;
}

/* ---- walking ---- */

static bool in_set(const uint32_t *words, unsigned c) { return words[c / 32] >> (c % 32) & 1; }

/* A value is cut to a byte as the library's cast does it. */
static unsigned code_of(double v) { return v < 2147483648.0 ? (unsigned)(uint8_t)(int32_t)v : 0; }

static bool goes_left(const struct hist *h, const struct tree *t, const struct node *n, double v)
{
  uint32_t left[8];
  if (isnan(v))
    return n->missing_left;
  if (!n->categorical)
    return v <= n->threshold;
  if (v < 0)
    return n->missing_left;
  unsigned code = code_of(v);
  for (size_t i = 0; i < 8; i++)
    left[i] = (uint32_t)t->sets[(size_t)n->set * 8 + i];
  return in_set(left, code) || (!in_set(h->known[n->feature], code) && n->missing_left);
}

static double value_of(const struct hist *h, const struct tree *t, const struct skl_block *in, size_t r)
{
  const struct node *n = t->node;
  while (!n->leaf)
    n = &t->node[goes_left(h, t, n, in->col[n->feature].v[r]) ? n->left : n->right];
  return n->value;
}

/* As the engine wants them: of categories the codes. */
struct seen { const struct hist *h; const struct skl_block *in; };

static void values(const void *user, size_t feature, size_t from, size_t n, void *out)
{
  const struct seen *s = user;
  const double *v = s->in->col[feature].v + from;
  double *to = out;
  memcpy(to, v, n * sizeof *to);
  for (size_t i = 0; s->h->coded[feature] && i < n; i++)
    to[i] = v[i] >= 0 ? code_of(v[i]) : (double)NAN;
}

static int add_up(const struct hist *h, struct skl_run *r, const struct skl_block *in, double *out)
{
  for (size_t i = 0; i < in->rows; i++)
    memcpy(out + i * h->per, h->start, h->per * sizeof *out);
  if (h->engine)
    return tree_sum(h->engine, &(struct tree_rows){ values, &(struct seen){ h, in } }, 0, in->rows, out, r->err);
  for (size_t i = 0; i < in->rows; i++)
    for (size_t k = 0; k < h->n; k++)
      out[i * h->per + k % h->per] += value_of(h, &h->at[k], in, i);
  return SL_OK;
}

static int raw(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, double *out)
{
  const struct hist *h = e->own;
  struct skl_block made;
  enum skl_type type;
  int rc = h->prepare ? skl_transform(h->prepare, r, in, &made) : SL_OK;
  if (h->prepare)
    in = &made;
  if (!rc)
    rc = skl_check(e, r, in, SKL_ANY, &type);
  return rc ? rc : add_up(h, r, in, out);
}

static void answer(const struct skl_est *e, const double *d, enum skl_want want, double *out)
{
  const struct hist *h = e->own;
  if (want == SKL_VALUE) {
    *out = e->classes ? h->per == 1 ? d[0] > 0 : (double)skl_best(d, h->per) : h->exponential ? exp(d[0]) : d[0];
  } else if (h->per > 1) {
    memcpy(out, d, h->per * sizeof *out);
    skl_softmax(out, h->per);
  } else {
    out[1] = skl_expit(d[0]);
    out[0] = 1 - out[1];
  }
}

static int predict(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct hist *h = e->own;
  double *d = want == SKL_RAW ? out : skl_room(r, in->rows * h->per);
  int rc = d ? raw(e, r, in, d) : skl_nomem(r);
  for (size_t i = 0; !rc && want != SKL_RAW && i < in->rows; i++)
    answer(e, d + i * h->per, want, out + i * skl_width(e, want));
  return rc;
}

const struct skl_ops skl_hist = { .load = load, .predict = predict };
