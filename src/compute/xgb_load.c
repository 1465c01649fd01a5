/* compute/xgb_load.c: XGBoost's document, whichever form its tokens come from, into trees that can be walked.
 *
 * Keys that are not known are skipped, as the library's own next version will add some; what a prediction depends on must be there. The
 * library writes keys sorted, so what spans the document (how many features, which group a tree belongs to) is checked at the end. */
#include <math.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "compute/model_int.h"
#include "compute/xgb_doc.h"

struct field { const char *name; int (*read)(struct xgb_doc *l); };

size_t xgb_at(const struct xgb_read *r) { return (size_t)(r->p - r->from); }

enum xgb_tok xgb_bad(struct xgb_read *r, const char *why)
{
  model_bad(r->err, r->m, xgb_at(r), "%s", why);
  return XT_BAD;
}

static int bad(struct xgb_doc *l, const char *why)
{
  xgb_bad(l->r, why);
  return SL_EPARSE;
}

static enum xgb_tok next(struct xgb_doc *l) { return l->r->next(l->r); }

/* ---- values ---- */

static int skip_from(struct xgb_doc *l, enum xgb_tok t)
{
  unsigned open = 0;
  for (;; t = next(l)) {
    if (t == XT_BAD || t == XT_END)
      return t == XT_END ? bad(l, "the file ends in the middle") : SL_EPARSE;
    open += t == XT_OBJ || t == XT_ARR;
    open -= t == XT_END_OBJ || t == XT_END_ARR;
    if (!open && t != XT_KEY)
      return SL_OK;
  }
}

static int skip(struct xgb_doc *l) { return skip_from(l, next(l)); }

/* What stands in an object that has begun. */
static int fields(struct xgb_doc *l, const struct field *f)
{
  int rc = SL_OK;
  while (!rc) {
    enum xgb_tok t = next(l);
    if (t != XT_KEY)
      return t == XT_END_OBJ ? SL_OK : SL_EPARSE;
    const struct field *at = f;
    while (at->name && !sl_str_eqz(l->r->text, at->name))
      at++;
    rc = at->name ? at->read(l) : skip(l);
  }
  return rc;
}

static int object(struct xgb_doc *l, const struct field *f)
{
  enum xgb_tok t = next(l);
  if (t != XT_OBJ)
    return t == XT_BAD ? SL_EPARSE : bad(l, "an object must stand here");
  return fields(l, f);
}

static int text(struct xgb_doc *l)
{
  enum xgb_tok t = next(l);
  return t == XT_STR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "a text must stand here");
}

/* Parameters are integers written as texts; newer files may have bare ones. */
static int number(struct xgb_doc *l, int64_t *out)
{
  enum xgb_tok t = next(l);
  if (t == XT_INT)
    *out = l->r->i;
  else if (t == XT_BAD)
    return SL_EPARSE;
  else if (t != XT_STR || !sl_str_i64(l->r->text, out))
    return bad(l, "a whole number must stand here");
  return SL_OK;
}

int xgb_doc_int(struct xgb_doc *l, struct xgb_ints *a, int64_t v)
{
  int rc = sl_grow((void **)&a->at, &a->cap, a->n + 1, sizeof *a->at, MODEL_NODES_MAX, l->r->err);
  if (!rc)
    a->at[a->n++] = v;
  return rc;
}

static int ints(struct xgb_doc *l, struct xgb_ints *a)
{
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR) {
    if (t == XT_INT || t == XT_TRUE || t == XT_FALSE)
      rc = xgb_doc_int(l, a, t == XT_INT ? l->r->i : t == XT_TRUE);
    else
      rc = t == XT_BAD ? SL_EPARSE : bad(l, "a whole number must stand here");
  }
  return rc;
}

static int floats_into(struct xgb_doc *l, float **at, size_t *n, size_t *cap)
{
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR) {
    if (t != XT_INT && t != XT_NUM)
      return t == XT_BAD ? SL_EPARSE : bad(l, "a number must stand here");
    rc = sl_grow((void **)at, cap, *n + 1, sizeof **at, MODEL_NODES_MAX, l->r->err);
    if (!rc)
      (*at)[(*n)++] = l->r->f;
  }
  return rc;
}

/* ---- a tree ---- */

static int tree_left(struct xgb_doc *l) { return ints(l, &l->left); }
static int tree_right(struct xgb_doc *l) { return ints(l, &l->right); }
static int tree_feature(struct xgb_doc *l) { return ints(l, &l->feature); }
static int tree_default(struct xgb_doc *l) { return ints(l, &l->dflt); }
static int tree_split_type(struct xgb_doc *l) { return ints(l, &l->split_type); }
static int tree_cats(struct xgb_doc *l) { return ints(l, &l->cats); }
static int tree_cat_nodes(struct xgb_doc *l) { return ints(l, &l->cat_nodes); }
static int tree_cat_segs(struct xgb_doc *l) { return ints(l, &l->cat_segs); }
static int tree_cat_sizes(struct xgb_doc *l) { return ints(l, &l->cat_sizes); }
static int tree_cond(struct xgb_doc *l) { return floats_into(l, &l->cond.at, &l->cond.n, &l->cond.cap); }
static int tree_weights(struct xgb_doc *l) { return floats_into(l, &l->weights.at, &l->weights.n, &l->weights.cap); }
static int tree_node_weights(struct xgb_doc *l)
{
  return floats_into(l, &l->node_weights.at, &l->node_weights.n, &l->node_weights.cap);
}
static int tree_id(struct xgb_doc *l) { return number(l, &l->id); }
static int param_nodes(struct xgb_doc *l) { return number(l, &l->num_nodes); }
static int param_vector(struct xgb_doc *l) { return number(l, &l->vector); }

static int tree_param(struct xgb_doc *l)
{
  static const struct field f[] = { { "num_nodes", param_nodes }, { "size_leaf_vector", param_vector }, { NULL, NULL } };
  return object(l, f);
}

void xgb_doc_begin(struct xgb_doc *l)
{
  l->left.n = l->right.n = l->feature.n = l->dflt.n = l->split_type.n = 0;
  l->cats.n = l->cat_nodes.n = l->cat_segs.n = l->cat_sizes.n = l->cond.n = l->weights.n = l->node_weights.n = 0;
  l->id = l->num_nodes = -1;
  l->vector = 0;
}

static int check_children(struct xgb_doc *l, size_t n)
{
  unsigned char *seen = sl_calloc(n, 1);
  if (!seen)
    return sl_err_nomem(l->r->err);
  bool ok = true;
  for (size_t i = 0; ok && i < n; i++) {
    int64_t c[2] = { l->left.at[i], l->right.at[i] };
    if (c[0] == -1) /* a leaf; what its right says does not matter */
      continue;
    for (int k = 0; ok && k < 2; k++)
      ok = c[k] > 0 && c[k] < (int64_t)n && !seen[c[k]]++;
  }
  sl_free(seen);
  return ok ? SL_OK : bad(l, "the nodes before it form no tree: a child is missing, shared, or its own ancestor");
}

/* The bitset of categorical node k, in the order of categories_nodes. */
static int add_bits(struct xgb_doc *l, size_t k)
{
  struct xgb *x = l->x;
  int64_t from = l->cat_segs.at[k], count = l->cat_sizes.at[k], most = 0;
  if (from < 0 || count < 1 || from > (int64_t)l->cats.n || count > (int64_t)l->cats.n - from)
    return bad(l, "categories that lie outside their array");
  for (int64_t i = from; i < from + count; i++) {
    if (l->cats.at[i] < 0 || l->cats.at[i] >= MODEL_CATEGORY_MAX)
      return bad(l, "a category that is negative or too large");
    most = l->cats.at[i] > most ? l->cats.at[i] : most;
  }
  size_t words = (size_t)most / 32 + 1;
  int rc = sl_grow((void **)&x->words, &x->words_cap, x->nwords + words, sizeof *x->words, MODEL_WORDS_MAX, l->r->err);
  if (!rc)
    rc = sl_grow((void **)&x->segs, &x->segs_cap, x->nsegs + 1, sizeof *x->segs, MODEL_NODES_MAX, l->r->err);
  if (rc)
    return rc;
  memset(x->words + x->nwords, 0, words * sizeof *x->words);
  for (int64_t i = from; i < from + count; i++)
    x->words[x->nwords + (size_t)l->cats.at[i] / 32] |= 1u << (l->cats.at[i] % 32);
  x->segs[x->nsegs++] = (struct xgb_seg){ x->nwords, (uint32_t)words };
  x->nwords += words;
  return SL_OK;
}

static int add_cats(struct xgb_doc *l, struct xgb_node *nodes, size_t n)
{
  if (l->cat_segs.n != l->cat_nodes.n || l->cat_sizes.n != l->cat_nodes.n)
    return bad(l, "categorical nodes without their categories");
  int rc = SL_OK;
  for (size_t k = 0; !rc && k < l->cat_nodes.n; k++) {
    int64_t at = l->cat_nodes.at[k];
    if (at < 0 || at >= (int64_t)n || (k && at <= l->cat_nodes.at[k - 1]) || nodes[at].left < 0 || !(nodes[at].feature & XGB_CATEGORICAL))
      return bad(l, "a categorical node that is none");
    nodes[at].u.seg = (uint32_t)l->x->nsegs;
    rc = add_bits(l, k);
  }
  size_t marked = 0;
  for (size_t i = 0; !rc && i < n; i++)
    marked += nodes[i].left >= 0 && (nodes[i].feature & XGB_CATEGORICAL);
  return rc ? rc : marked == l->cat_nodes.n ? SL_OK : bad(l, "a categorical node without categories");
}

static int check_tree(struct xgb_doc *l, size_t n)
{
  bool lengths = l->left.n == n && l->right.n == n && l->feature.n == n && l->dflt.n == n && l->cond.n == n &&
                 (!l->split_type.n || l->split_type.n == n);
  if (l->vector > MODEL_GROUPS_MAX || (l->x->ntrees && l->x->vector != (l->vector > 1 ? (size_t)l->vector : 0)))
    return bad(l, "leaves of different widths");
  if (!lengths || !n || (l->num_nodes >= 0 && l->num_nodes != (int64_t)n))
    return bad(l, "a tree whose arrays have different lengths, or none");
  if (l->id >= 0 && l->id != (int64_t)l->x->ntrees)
    return bad(l, "trees out of order");
  return check_children(l, n);
}

/* A leaf's row of the weights is what stands as its right child; files from before there were leaf_weights have a row for every node. */
static int add_vectors(struct xgb_doc *l, struct xgb_node *nodes, size_t n)
{
  struct xgb *x = l->x;
  bool every = !l->weights.n;
  const struct xgb_floats *w = every ? &l->node_weights : &l->weights;
  size_t wide = x->vector, rows = w->n / wide;
  int rc = sl_grow((void **)&x->vectors, &x->vectors_cap, x->nvectors + w->n, sizeof *x->vectors, MODEL_NODES_MAX, l->r->err);
  if (rc)
    return rc;
  for (size_t i = 0; i < n; i++) {
    int64_t row = every ? (int64_t)i : l->right.at[i];
    if (nodes[i].left >= 0)
      continue;
    if (row < 0 || (uint64_t)row >= rows)
      return bad(l, "a leaf without its outputs");
    nodes[i].u.seg = (uint32_t)(x->nvectors + (size_t)row * wide);
  }
  if (w->n)
    memcpy(x->vectors + x->nvectors, w->at, w->n * sizeof *x->vectors);
  x->nvectors += w->n;
  return SL_OK;
}

static int add_nodes(struct xgb_doc *l, size_t n)
{
  struct xgb *x = l->x;
  struct xgb_node *nodes = x->nodes + x->nnodes;
  for (size_t i = 0; i < n; i++) {
    int64_t feature = l->feature.at[i];
    bool leaf = l->left.at[i] == -1, cat = l->split_type.n && l->split_type.at[i];
    if (!leaf && (feature < 0 || feature >= MODEL_FEATURES_MAX))
      return bad(l, "a node of a feature that there is not");
    nodes[i] = (struct xgb_node){ .u.cond = l->cond.at[i], .left = (int32_t)l->left.at[i], .right = leaf ? -1 : (int32_t)l->right.at[i] };
    if (!leaf)
      nodes[i].feature = (uint32_t)feature | (l->dflt.at[i] ? XGB_DEFAULT_LEFT : 0) | (cat ? XGB_CATEGORICAL : 0);
  }
  l->x->vector = l->vector > 1 ? (size_t)l->vector : 0;
  int rc = l->x->vector ? add_vectors(l, nodes, n) : SL_OK;
  return rc ? rc : add_cats(l, nodes, n);
}

int xgb_doc_add(struct xgb_doc *l)
{
  struct xgb *x = l->x;
  size_t n = l->left.n;
  int rc = check_tree(l, n);
  if (!rc)
    rc = sl_grow((void **)&x->nodes, &x->nodes_cap, x->nnodes + n, sizeof *x->nodes, MODEL_NODES_MAX, l->r->err);
  if (!rc)
    rc = sl_grow((void **)&x->trees, &x->trees_cap, x->ntrees + 1, sizeof *x->trees, MODEL_TREES_MAX, l->r->err);
  if (!rc)
    rc = add_nodes(l, n);
  if (rc)
    return rc;
  x->trees[x->ntrees++] = (struct xgb_tree){ .node = x->nnodes, .n = (uint32_t)n };
  x->nnodes += n;
  return SL_OK;
}

/* Its { has been taken. */
static int tree(struct xgb_doc *l)
{
  static const struct field f[] = {
    { "base_weights", tree_node_weights }, { "categories", tree_cats }, { "categories_nodes", tree_cat_nodes },
    { "categories_segments", tree_cat_segs },
    { "categories_sizes", tree_cat_sizes }, { "default_left", tree_default }, { "id", tree_id }, { "leaf_weights", tree_weights },
    { "left_children", tree_left }, { "right_children", tree_right }, { "split_conditions", tree_cond }, { "split_indices", tree_feature },
    { "split_type", tree_split_type }, { "tree_param", tree_param }, { NULL, NULL } };
  xgb_doc_begin(l);
  int rc = fields(l, f);
  return rc ? rc : xgb_doc_add(l);
}

/* ---- arrays of objects ---- */

/* each is called behind the { of one. */
static int objects(struct xgb_doc *l, int (*each)(struct xgb_doc *l))
{
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR)
    rc = t == XT_OBJ ? each(l) : t == XT_BAD ? SL_EPARSE : bad(l, "an object must stand here");
  return rc;
}

static int model_trees(struct xgb_doc *l) { return objects(l, tree); }

/* ---- what categories were called (since 3.1) ---- */

static int enc_offsets(struct xgb_doc *l) { return ints(l, &l->offsets); }

/* Bytes of all texts one after the other, or the numbers themselves. */
static int enc_values(struct xgb_doc *l)
{
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR) {
    if (t != XT_INT && t != XT_NUM)
      return t == XT_BAD ? SL_EPARSE : bad(l, "a number must stand here");
    rc = xgb_doc_int(l, &l->texts, t == XT_INT ? l->r->i : 0);
    if (!rc && t == XT_NUM) {
      float f = l->r->f;
      uint32_t bits;
      memcpy(&bits, &f, sizeof bits);
      l->texts.at[l->texts.n - 1] = INT64_C(1) << 40 | bits; /* a float, told apart from any byte or category */
    }
  }
  return rc;
}

static int enc_numbers(struct xgb_doc *l, struct model_cats *c)
{
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init(&b, 0);
  c->numbers = true;
  for (size_t k = 0; !rc && k < l->texts.n; k++) {
    int64_t v = l->texts.at[k];
    uint32_t bits = (uint32_t)v;
    float f = (float)v;
    if (v >> 40 == 1)
      memcpy(&f, &bits, sizeof f);
    sl_buf_clear(&b);
    sl_fmt_f64(&b, v >> 40 == 1 ? (double)f : (double)v);
    rc = sl_buf_check(&b, l->r->err);
    if (!rc)
      rc = model_add_category(c, sl_buf_view(&b), l->r->err);
  }
  sl_buf_free(&b);
  return rc;
}

static int enc_one(struct xgb_doc *l)
{
  static const struct field f[] = { { "offsets", enc_offsets }, { "values", enc_values }, { NULL, NULL } };
  struct sl_model *m = l->m;
  l->offsets.n = l->texts.n = 0;
  int rc = fields(l, f);
  if (!rc)
    rc = sl_grow((void **)&m->cats, &m->cats_cap, m->ncats + 1, sizeof *m->cats, MODEL_FEATURES_MAX, l->r->err);
  if (rc)
    return rc;
  struct model_cats *c = &m->cats[m->ncats++];
  *c = (struct model_cats){ .known = l->offsets.n > 1 || (!l->offsets.n && l->texts.n) };
  sl_map_init(&c->map);
  return !c->known ? SL_OK : l->offsets.n ? xgb_doc_names(l, c) : enc_numbers(l, c);
}

static int cats_enc(struct xgb_doc *l) { return objects(l, enc_one); }

static int model_cats(struct xgb_doc *l)
{
  static const struct field f[] = { { "enc", cats_enc }, { NULL, NULL } };
  return object(l, f);
}

/* ---- the booster ---- */

static int gb_num_parallel(struct xgb_doc *l) { return number(l, &l->num_parallel); }
static int gb_num_trees(struct xgb_doc *l) { return number(l, &l->num_trees); }
static int model_info(struct xgb_doc *l) { return ints(l, &l->info); }
static int model_indptr(struct xgb_doc *l) { return ints(l, &l->indptr); }
static int model_weights(struct xgb_doc *l) { return floats_into(l, &l->x->weights, &l->x->nweights, &l->x->weights_cap); }

static int gb_weight_drop(struct xgb_doc *l)
{
  l->x->dart = true;
  return floats_into(l, &l->x->weight_drop, &l->x->nweight_drop, &l->x->weight_drop_cap);
}

static int model_param(struct xgb_doc *l)
{
  static const struct field f[] = { { "num_parallel_tree", gb_num_parallel }, { "num_trees", gb_num_trees }, { NULL, NULL } };
  return object(l, f);
}

static int gb_model(struct xgb_doc *l)
{
  static const struct field f[] = { { "cats", model_cats }, { "gbtree_model_param", model_param }, { "iteration_indptr", model_indptr },
    { "tree_info", model_info }, { "trees", model_trees }, { "weight_drop", gb_weight_drop }, { "weights", model_weights },
    { NULL, NULL } };
  return object(l, f);
}

static int keep_text(struct xgb_doc *l, struct sl_buf *b)
{
  int rc = text(l);
  sl_buf_clear(b);
  if (!rc)
    sl_buf_str(b, l->r->text);
  return rc ? rc : sl_buf_check(b, l->r->err);
}

static int gb_name(struct xgb_doc *l) { return keep_text(l, &l->booster); }

static int gb_gbtree(struct xgb_doc *l)
{
  static const struct field f[] = { { "model", gb_model }, { NULL, NULL } };
  return object(l, f);
}

static int learner_booster(struct xgb_doc *l)
{
  static const struct field f[] = { { "gbtree", gb_gbtree }, { "model", gb_model }, { "name", gb_name }, { "weight_drop", gb_weight_drop },
                                    { NULL, NULL } };
  return object(l, f);
}

/* ---- the learner ---- */

/* "5E-1", "[4.9E-1]", "[a,b,c]", "(a,b)": in a text. */
static int param_base(struct xgb_doc *l)
{
  int rc = text(l);
  struct sl_str s = rc ? SL_STR_NONE : sl_str_trim(l->r->text), one;
  if (s.n > 1 && (s.p[0] == '[' || s.p[0] == '(') && (s.p[s.n - 1] == ']' || s.p[s.n - 1] == ')'))
    s = sl_strn(s.p + 1, s.n - 2);
  while (!rc && sl_str_cut(&s, ',', &one)) {
    struct xgb *x = l->x;
    rc = sl_grow((void **)&x->base, &x->base_cap, x->nbase + 1, sizeof *x->base, MODEL_GROUPS_MAX, l->r->err);
    if (!rc && (!sl_str_f32(sl_str_trim(one), &x->base[x->nbase]) || !isfinite(x->base[x->nbase])))
      rc = bad(l, "base_score is no number");
    x->nbase += !rc;
  }
  return rc;
}

static int param_feature(struct xgb_doc *l) { return number(l, &l->num_feature); }
static int param_class(struct xgb_doc *l) { return number(l, &l->num_class); }
static int param_target(struct xgb_doc *l) { return number(l, &l->num_target); }

static int learner_param(struct xgb_doc *l)
{
  static const struct field f[] = { { "base_score", param_base }, { "num_class", param_class }, { "num_feature", param_feature },
                                    { "num_target", param_target }, { NULL, NULL } };
  return object(l, f);
}

static int objective_name(struct xgb_doc *l) { return keep_text(l, &l->name); }

static int learner_objective(struct xgb_doc *l)
{
  static const struct field f[] = { { "name", objective_name }, { NULL, NULL } };
  return object(l, f);
}

static int attr_best(struct xgb_doc *l) { return number(l, &l->best); }

static int learner_attributes(struct xgb_doc *l)
{
  static const struct field f[] = { { "best_iteration", attr_best }, { NULL, NULL } };
  return object(l, f);
}

static int learner_names(struct xgb_doc *l)
{
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR)
    rc = t == XT_STR ? model_add_name(l->m, l->r->text, l->r->err) : t == XT_BAD ? SL_EPARSE : bad(l, "a name must stand here");
  return rc;
}

static int learner_types(struct xgb_doc *l)
{
  struct sl_model *m = l->m;
  enum xgb_tok t = next(l);
  int rc = t == XT_ARR ? SL_OK : t == XT_BAD ? SL_EPARSE : bad(l, "an array must stand here");
  while (!rc && (t = next(l)) != XT_END_ARR) {
    if (t != XT_STR)
      return t == XT_BAD ? SL_EPARSE : bad(l, "a type must stand here");
    rc = sl_grow((void **)&m->categorical, &m->categorical_cap, m->ncategorical + 1, sizeof *m->categorical, MODEL_FEATURES_MAX, l->r->err);
    if (!rc)
      m->categorical[m->ncategorical++] = sl_str_eqz(l->r->text, "c") || sl_str_eqz(l->r->text, "categorical");
  }
  return rc;
}

static int doc_learner(struct xgb_doc *l)
{
  static const struct field f[] = {
    { "attributes", learner_attributes }, { "feature_names", learner_names }, { "feature_types", learner_types },
    { "gradient_booster", learner_booster }, { "learner_model_param", learner_param }, { "objective", learner_objective }, { NULL, NULL } };
  if (l->learner)
    return bad(l, "a second model in one file");
  l->learner = true;
  return object(l, f);
}

static int doc_version(struct xgb_doc *l)
{
  struct xgb_ints v = { 0 };
  struct sl_buf b;
  int rc = ints(l, &v);
  sl_buf_init(&b, sizeof l->m->version - 1);
  for (size_t i = 0; !rc && i < v.n && i < 3; i++)
    sl_buf_printf(&b, "%s%lld", i ? "." : "", (long long)v.at[i]);
  memcpy(l->m->version, sl_buf_zstr(&b), b.n);
  sl_buf_free(&b);
  sl_free(v.at);
  return rc;
}

static const struct field in_model[] = { { "learner", doc_learner }, { "version", doc_version }, { NULL, NULL } };
static int doc_model(struct xgb_doc *l) { return object(l, in_model); }

/* ---- the whole ---- */

static const struct { const char *name; enum xgb_objective what; } objectives[] = {
  { "reg:squarederror", XGB_IDENTITY }, { "reg:linear", XGB_IDENTITY }, { "reg:squaredlogerror", XGB_IDENTITY },
  { "reg:pseudohubererror", XGB_IDENTITY }, { "reg:absoluteerror", XGB_IDENTITY }, { "reg:quantileerror", XGB_IDENTITY },
  { "rank:pairwise", XGB_IDENTITY }, { "rank:ndcg", XGB_IDENTITY }, { "rank:map", XGB_IDENTITY }, { "reg:logistic", XGB_LOGISTIC },
  { "binary:logistic", XGB_LOGISTIC }, { "binary:logitraw", XGB_LOGITRAW }, { "binary:hinge", XGB_HINGE }, { "count:poisson", XGB_EXP },
  { "reg:gamma", XGB_EXP }, { "reg:tweedie", XGB_EXP }, { "survival:cox", XGB_EXP }, { "survival:aft", XGB_EXP },
  { "multi:softmax", XGB_SOFTMAX }, { "multi:softprob", XGB_SOFTPROB },
};

static int take_objective(struct xgb_doc *l)
{
  size_t n = sizeof objectives / sizeof objectives[0], i = 0;
  while (i < n && strcmp(objectives[i].name, sl_buf_zstr(&l->name)) != 0)
    i++;
  if (i == n)
    return sl_err_set(l->r->err, SL_EUNSUP, "%s: the objective \"%.60s\" is not known here; what it makes of a margin would be a guess",
                      l->m->file, sl_buf_zstr(&l->name));
  l->x->objective = objectives[i].what;
  l->m->objective = sl_strdup(objectives[i].name);
  return l->m->objective ? SL_OK : sl_err_nomem(l->r->err);
}

/* Since 3.2 a probability keeps away from 0 and 1. Older ones take it as it is. */
static bool clamped(const struct sl_model *m)
{
  struct sl_str rest = sl_str(m->version), one;
  uint64_t v[2] = { 0 };
  for (size_t i = 0; i < 2 && sl_str_cut(&rest, '.', &one); i++)
    (void)sl_str_u64(one, &v[i]);
  return v[0] > 3 || (v[0] == 3 && v[1] >= 2);
}

/* From the scale of the output to that of the sums, in the library's own float arithmetic. */
static float to_margin(const struct sl_model *m, float p)
{
  const float eps = 1e-6f;
  enum xgb_objective what = m->xgb->objective;
  if (what == XGB_EXP)
    return logf(p);
  if (what != XGB_LOGISTIC)
    return p;
  if (clamped(m) || !(p > 0 && p < 1)) {
    p = p < eps ? eps : p;
    p = 1.0f - eps < p ? 1.0f - eps : p;
  }
  return -logf(1.0f / p - 1.0f);
}

static int take_base(struct xgb_doc *l)
{
  struct xgb *x = l->x;
  size_t groups = l->m->groups;
  if (x->nbase != 1 && x->nbase != groups)
    return bad(l, "base_score has another number of values than the model has outputs");
  int rc = sl_grow((void **)&x->base, &x->base_cap, groups, sizeof *x->base, MODEL_GROUPS_MAX, l->r->err);
  for (size_t g = 1; !rc && x->nbase == 1 && g < groups; g++)
    x->base[g] = x->base[0];
  for (size_t g = 0; !rc && g < groups; g++)
    x->base[g] = l->margin ? x->base[g] : to_margin(l->m, x->base[g]);
  x->nbase = groups;
  return rc;
}

static int take_sizes(struct xgb_doc *l)
{
  struct sl_model *m = l->m;
  int64_t groups = l->num_class > l->num_target ? l->num_class : l->num_target;
  if (l->num_feature < 0 || l->num_feature > MODEL_FEATURES_MAX || groups > MODEL_GROUPS_MAX || l->num_class < 0 || l->num_parallel < 0)
    return bad(l, "more features or outputs than any model has");
  m->features = (size_t)l->num_feature;
  m->groups = groups > 1 ? (size_t)groups : 1;
  enum xgb_objective o = l->x->objective;
  bool two = o == XGB_LOGISTIC || o == XGB_HINGE || o == XGB_LOGITRAW;
  m->labels = two && m->groups > 1;
  m->classes = o == XGB_SOFTMAX || o == XGB_SOFTPROB ? m->groups : two && !m->labels ? 2 : 0;
  if ((m->nnames && m->nnames != m->features) || (m->ncategorical && m->ncategorical != m->features) ||
      (m->ncats && m->ncats != m->features))
    return bad(l, "another number of names or types than of features");
  return SL_OK;
}

static int take_trees(struct xgb_doc *l)
{
  struct xgb *x = l->x;
  if (l->info.n != x->ntrees || (l->num_trees >= 0 && l->num_trees != (int64_t)x->ntrees))
    return bad(l, "another number of trees than it says");
  for (size_t t = 0; t < x->ntrees; t++) {
    if (l->info.at[t] < 0 || l->info.at[t] >= (int64_t)l->m->groups)
      return bad(l, "a tree of an output that there is not");
    x->trees[t].group = (uint32_t)l->info.at[t];
  }
  for (size_t i = 0; i < x->nnodes; i++)
    if (x->nodes[i].left >= 0 && (x->nodes[i].feature & XGB_FEATURE) >= l->m->features)
      return bad(l, "a node of a feature that there is not");
  if (x->vector && x->vector != l->m->groups)
    return bad(l, "leaves of another width than the model has outputs");
  if (x->dart && x->nweight_drop != x->ntrees)
    return bad(l, "another number of tree weights than of trees");
  return SL_OK;
}

/* A wrapper predicts up to its best iteration; a booster with everything. */
static void take_used(struct xgb_doc *l)
{
  struct xgb *x = l->x;
  x->used = x->ntrees;
  if (l->m->wrapper == SL_MODEL_BOOSTER || l->best < 0 || l->best >= MODEL_TREES_MAX)
    return;
  size_t rounds = (size_t)l->best + 1, parallel = l->num_parallel > 1 ? (size_t)l->num_parallel : 1;
  uint64_t upto = rounds < l->indptr.n ? (uint64_t)l->indptr.at[rounds] : (uint64_t)rounds * parallel * l->m->groups;
  if (upto < x->used)
    x->used = (size_t)upto;
}

static int finish(struct xgb_doc *l)
{
  struct xgb *x = l->x;
  const char *booster = sl_buf_zstr(&l->booster);
  if (!l->learner || !l->name.n || !l->booster.n)
    return bad(l, "this is no XGBoost model: learner, objective or booster is missing");
  x->linear = !strcmp(booster, "gblinear");
  if (!x->linear && strcmp(booster, "gbtree") != 0 && strcmp(booster, "dart") != 0)
    return sl_err_set(l->r->err, SL_EUNSUP, "%s: the booster \"%.40s\" is not known here", l->m->file, booster);
  memcpy(l->m->booster, booster, l->booster.n + 1);
  int rc = take_objective(l);
  if (!rc)
    rc = take_sizes(l);
  if (!rc)
    rc = take_base(l);
  if (!rc && x->linear && x->nweights != (l->m->features + 1) * l->m->groups)
    rc = bad(l, "another number of weights than of features");
  if (!rc && x->linear && x->ntrees) /* walking would take them, and nobody has looked at their features */
    rc = bad(l, "a linear model with trees");
  if (!rc && !x->linear)
    rc = take_trees(l);
  take_used(l);
  l->m->trees = x->used;
  return rc;
}

static void load_free(struct xgb_doc *l)
{
  struct xgb_ints *all[] = { &l->left, &l->right, &l->feature, &l->dflt, &l->split_type, &l->cats, &l->cat_nodes, &l->cat_segs,
                             &l->cat_sizes, &l->info, &l->indptr, &l->offsets, &l->texts };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    sl_free(all[i]->at);
  sl_free(l->cond.at);
  sl_free(l->weights.at);
  sl_free(l->node_weights.at);
  sl_buf_free(&l->name);
  sl_buf_free(&l->booster);
}

int xgb_doc_open(struct xgb_doc *l, struct xgb_read *r)
{
  *l = (struct xgb_doc){ .r = r, .m = r->m, .best = -1, .num_trees = -1 };
  r->m->ops = &xgb_ops;
  r->m->engine = "xgboost";
  r->m->strict = true;
  sl_buf_init(&l->name, 200);
  sl_buf_init(&l->booster, sizeof r->m->booster - 1);
  l->x = r->m->xgb = sl_calloc(1, sizeof *l->x);
  return l->x ? SL_OK : sl_err_nomem(r->err);
}

int xgb_doc_close(struct xgb_doc *l, int rc)
{
  if (!rc)
    rc = finish(l);
  if (!rc)
    rc = xgb_engine(l->m, l->r->err);
  if (rc && l->r->err && l->r->err->code) /* what a token said stands, whatever it was called on the way up */
    rc = l->r->err->code;
  load_free(l);
  return rc;
}

int xgb_load(struct xgb_read *r)
{
  static const struct field top[] = { { "Model", doc_model }, { "learner", doc_learner }, { "version", doc_version }, { NULL, NULL } };
  struct xgb_doc l;
  int rc = xgb_doc_open(&l, r);
  if (!rc)
    rc = object(&l, top);
  if (!rc && next(&l) != XT_END)
    rc = SL_EPARSE;
  return xgb_doc_close(&l, rc);
}

void xgb_free(struct xgb *x)
{
  if (!x)
    return;
  sl_free(x->nodes);
  sl_free(x->trees);
  sl_free(x->segs);
  sl_free(x->words);
  sl_free(x->weight_drop);
  sl_free(x->weights);
  sl_free(x->base);
  sl_free(x->vectors);
  tree_free(x->engine);
  sl_free(x);
}
