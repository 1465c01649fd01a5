/* compute/lgb_read.c: LightGBM's text files, v2 to v4: a head of `key=value`, trees in the same way, the categories of pandas at the end.
 *
 * Every array must be as long as the tree says, every child exist and belong to one node, every category set lie in its words: then walking
 * needs no checks. `inf` is a threshold like any other (missing against the rest). */
#include <math.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"
#include "compute/model_int.h"

enum key { LEAVES, CATS, FEATURE, THRESHOLD, TYPE, LEFT, RIGHT, VALUE, CAT_BOUNDS, CAT_WORDS, LINEAR, CONST, COUNTS, TERM_FEATURE,
  TERM_COEFF,  TREE_KEYS };
static const char *const tree_keys[TREE_KEYS] = { "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child",
  "right_child", "leaf_value", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features",
  "leaf_features", "leaf_coeff" };
enum head { VERSION, NUM_CLASS, PER_ITERATION, MAX_FEATURE, OBJECTIVE, NAMES, INFOS, AVERAGE, HEAD_KEYS };
static const char *const head_keys[HEAD_KEYS] = { "version", "num_class", "num_tree_per_iteration", "max_feature_idx", "objective",
  "feature_names", "feature_infos", "average_output" };

struct reader {
  struct sl_model *m;
  struct lgb *g;
  struct sl_str all, rest;
  struct sl_str head[HEAD_KEYS], tree[TREE_KEYS];    /* p NULL: not there */
  struct sl_err *err;
};

static int bad(struct reader *r, const char *at, const char *why)
{
  return model_bad(r->err, r->m, (size_t)(at - r->all.p), "%s", why);
}

/* ---- lines ---- */

static bool line(struct reader *r, struct sl_str *out)
{
  if (!r->rest.n || !sl_str_cut(&r->rest, '\n', out))
    return false;
  if (out->n && out->p[out->n - 1] == '\r')
    out->n--;
  return true;
}

/* key=value into its slot; a bare key stands for an empty value. Keys that are not known do not matter. */
static void note(struct sl_str l, const char *const *keys, size_t n, struct sl_str *slots)
{
  ptrdiff_t eq = sl_str_chr(l, '=');
  struct sl_str key = eq < 0 ? l : sl_str_head(l, (size_t)eq);
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(key, keys[i]))
      slots[i] = sl_strn(l.p + (eq < 0 ? l.n : (size_t)eq + 1), eq < 0 ? 0 : l.n - (size_t)eq - 1);
}

static bool token(struct sl_str *rest, struct sl_str *out)
{
  while (rest->n && rest->p[0] == ' ')
    *rest = sl_str_from(*rest, 1);
  return rest->n && sl_str_cut(rest, ' ', out);
}

static int whole(struct reader *r, struct sl_str s, const char *what, int64_t least, int64_t most, int64_t *out)
{
  if (!s.p)
    return bad(r, r->rest.p ? r->rest.p : r->all.p + r->all.n, what);
  return sl_str_i64(sl_str_trim(s), out) && *out >= least && *out <= most ? SL_OK : bad(r, s.p, what);
}

/* ---- arrays: exactly n values ---- */

typedef int each_fn(struct reader *r, struct sl_str tok, size_t i, void *user);

static int array(struct reader *r, enum key k, size_t n, each_fn *each, void *user)
{
  struct sl_str rest = r->tree[k], tok;
  if (!rest.p)
    return bad(r, r->rest.p ? r->rest.p : r->all.p + r->all.n, tree_keys[k]);
  for (size_t i = 0; i < n; i++) {
    if (!token(&rest, &tok))
      return bad(r, r->tree[k].p, "fewer values than the tree has nodes or leaves");
    int rc = each(r, tok, i, user);
    if (rc)
      return rc;
  }
  return token(&rest, &tok) ? bad(r, tok.p, "more values than the tree has nodes or leaves") : SL_OK;
}

static int i32(struct reader *r, struct sl_str tok, int64_t least, int64_t most, int32_t *out)
{
  int64_t v;
  if (!sl_str_i64(tok, &v) || v < least || v > most)
    return bad(r, tok.p, "a whole number that is none, or out of range");
  *out = (int32_t)v;
  return SL_OK;
}

static int set_left(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  return i32(r, tok, -(int64_t)t->leaves, (int64_t)t->leaves - 2, &r->g->nodes[t->node + i].left);
}

static int set_right(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  return i32(r, tok, -(int64_t)t->leaves, (int64_t)t->leaves - 2, &r->g->nodes[t->node + i].right);
}

static int set_feature(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  return i32(r, tok, 0, (int64_t)r->m->features - 1, &r->g->nodes[t->node + i].feature);
}

static int set_type(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  int32_t v = 0;
  int rc = i32(r, tok, 0, 15, &v);
  if (!rc)
    r->g->nodes[t->node + i].type = (uint8_t)v;
  return rc;
}

static int set_threshold(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  return sl_str_f64(tok, &r->g->nodes[t->node + i].threshold) ? SL_OK : bad(r, tok.p, "a number that cannot be read");
}

static int set_leaf(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb_tree *t = user;
  return sl_str_f64(tok, &r->g->leaves[t->leaf + i]) ? SL_OK : bad(r, tok.p, "a number that cannot be read");
}

static int add_bound(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb *g = r->g;
  int rc = sl_grow((void **)&g->bounds, &g->bounds_cap, g->nbounds + 1, sizeof *g->bounds, MODEL_NODES_MAX, r->err);
  (void)user;
  if (!rc)
    rc = i32(r, tok, i ? g->bounds[g->nbounds - 1] : 0, i ? MODEL_WORDS_MAX : 0, &g->bounds[g->nbounds]);
  g->nbounds += !rc;
  return rc;
}

static int add_word(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb *g = r->g;
  uint64_t v;
  (void)i;
  (void)user;
  if (!sl_str_u64(tok, &v) || v > UINT32_MAX)
    return bad(r, tok.p, "a category word that is none");
  int rc = sl_grow((void **)&g->words, &g->words_cap, g->nwords + 1, sizeof *g->words, MODEL_WORDS_MAX, r->err);
  if (!rc)
    g->words[g->nwords++] = (uint32_t)v;
  return rc;
}

/* ---- linear leaves ---- */

static int set_const(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  size_t *base = user;
  return sl_str_f64(tok, &r->g->linear[*base + i].constant) ? SL_OK : bad(r, tok.p, "a number that cannot be read");
}

static int set_count(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  size_t *base = user;
  int32_t n = 0;
  int rc = i32(r, tok, 0, MODEL_FEATURES_MAX, &n);
  if (!rc)
    r->g->linear[*base + i].n = (uint32_t)n;
  return rc;
}

static int add_term(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  struct lgb *g = r->g;
  int32_t feature = 0;
  (void)i;
  (void)user;
  int rc = sl_grow((void **)&g->terms, &g->terms_cap, g->nterms + 1, sizeof *g->terms, MODEL_NODES_MAX, r->err);
  if (!rc)
    rc = i32(r, tok, 0, (int64_t)r->m->features - 1, &feature);
  if (!rc)
    g->terms[g->nterms++] = (struct tree_term){ .feature = (uint32_t)feature };
  return rc;
}

static int set_coeff(struct reader *r, struct sl_str tok, size_t i, void *user)
{
  size_t *first = user;
  return sl_str_f64(tok, &r->g->terms[*first + i].coeff) ? SL_OK : bad(r, tok.p, "a number that cannot be read");
}

static int read_linear(struct reader *r, const struct lgb_tree *t)
{
  struct lgb *g = r->g;
  size_t base = g->nlinear, first = g->nterms, terms = 0;
  int rc = sl_grow((void **)&g->linear, &g->linear_cap, base + t->leaves, sizeof *g->linear, MODEL_NODES_MAX, r->err);
  if (rc)
    return rc;
  memset(g->linear + base, 0, t->leaves * sizeof *g->linear);
  g->nlinear += t->leaves;
  rc = array(r, CONST, t->leaves, set_const, &base);
  if (!rc)
    rc = array(r, COUNTS, t->leaves, set_count, &base);
  for (size_t i = 0; !rc && i < t->leaves; i++) {
    g->linear[base + i].first = first + terms;
    terms += g->linear[base + i].n;
  }
  if (!rc && terms > r->all.n)
    rc = bad(r, r->tree[COUNTS].p, "more terms than the file has bytes");
  if (!rc && terms)
    rc = array(r, TERM_FEATURE, terms, add_term, NULL);
  if (!rc && terms)
    rc = array(r, TERM_COEFF, terms, set_coeff, &first);
  return rc;
}

/* ---- a tree ---- */

/* Each inner node but the first, and each leaf, the child of exactly one node. */
static int check_children(struct reader *r, const struct lgb_tree *t)
{
  size_t inner = t->leaves - 1;
  unsigned char *seen = sl_calloc(inner + t->leaves, 1);
  if (!seen)
    return sl_err_nomem(r->err);
  bool ok = true;
  for (size_t i = 0; ok && i < inner; i++) {
    int32_t c[2] = { r->g->nodes[t->node + i].left, r->g->nodes[t->node + i].right };
    for (int k = 0; ok && k < 2; k++) {
      size_t at = c[k] < 0 ? inner + (size_t)~c[k] : (size_t)c[k];
      ok = at && !seen[at]++;
    }
  }
  sl_free(seen);
  return ok ? SL_OK : bad(r, r->tree[LEFT].p, "the nodes form no tree: a child is shared, or its own ancestor");
}

static int read_cats(struct reader *r, struct lgb_tree *t)
{
  struct lgb *g = r->g;
  t->cat_bound = g->nbounds;
  t->cat_word = g->nwords;
  int rc = t->cats ? array(r, CAT_BOUNDS, (size_t)t->cats + 1, add_bound, NULL) : SL_OK;
  if (!rc && t->cats)
    rc = array(r, CAT_WORDS, (size_t)g->bounds[g->nbounds - 1], add_word, NULL);
  for (size_t i = 0; !rc && i + 1 < t->leaves; i++) {
    const struct lgb_node *n = &g->nodes[t->node + i];
    if ((n->type & 1) && !(n->threshold >= 0 && n->threshold < t->cats && n->threshold == floor(n->threshold)))
      rc = bad(r, r->tree[THRESHOLD].p, "a categorical node of a set that there is not");
  }
  return rc;
}

static int read_nodes(struct reader *r, struct lgb_tree *t)
{
  static each_fn *const each[] = { set_left, set_right, set_feature, set_threshold };
  static const enum key keys[] = { LEFT, RIGHT, FEATURE, THRESHOLD };
  struct lgb *g = r->g;
  size_t inner = t->leaves - 1;
  int rc = sl_grow((void **)&g->nodes, &g->nodes_cap, g->nnodes + inner, sizeof *g->nodes, MODEL_NODES_MAX, r->err);
  if (rc)
    return rc;
  memset(g->nodes + g->nnodes, 0, inner * sizeof *g->nodes);
  g->nnodes += inner;
  for (size_t i = 0; !rc && i < sizeof keys / sizeof keys[0]; i++)
    rc = array(r, keys[i], inner, each[i], t);
  if (!rc && r->tree[TYPE].p)
    rc = array(r, TYPE, inner, set_type, t);
  if (!rc)
    rc = check_children(r, t);
  return rc ? rc : read_cats(r, t);
}

static int add_tree(struct reader *r, struct lgb_tree *t)
{
  struct lgb *g = r->g;
  int rc = sl_grow((void **)&g->trees, &g->trees_cap, g->ntrees + 1, sizeof *g->trees, MODEL_TREES_MAX, r->err);
  if (!rc)
    rc = sl_grow((void **)&g->linear_at, &g->linear_at_cap, g->ntrees + 1, sizeof *g->linear_at, MODEL_TREES_MAX, r->err);
  if (rc)
    return rc;
  g->linear_at[g->ntrees] = g->nlinear - (t->linear ? t->leaves : 0);
  g->trees[g->ntrees++] = *t;
  return SL_OK;
}

static int read_tree(struct reader *r)
{
  struct lgb *g = r->g;
  struct sl_str l;
  int64_t leaves, cats = 0, linear = 0;
  memset(r->tree, 0, sizeof r->tree);
  while (line(r, &l) && l.n)
    note(l, tree_keys, TREE_KEYS, r->tree);
  /* a leaf takes two bytes of the file at least */
  int rc = whole(r, r->tree[LEAVES], "num_leaves", 1, (int64_t)(r->all.n < MODEL_NODES_MAX ? r->all.n : MODEL_NODES_MAX), &leaves);
  if (!rc && r->tree[CATS].p)
    rc = whole(r, r->tree[CATS], "num_cat", 0, leaves - 1, &cats);
  if (!rc && r->tree[LINEAR].p)
    rc = whole(r, r->tree[LINEAR], "is_linear", 0, 1, &linear);
  if (rc)
    return rc;
  struct lgb_tree t = { .node = g->nnodes, .leaf = g->nleaves, .leaves = (uint32_t)leaves, .cats = (uint32_t)cats, .linear = linear != 0,
                        .group = (uint32_t)(g->ntrees % r->m->groups) };
  if (r->tree[VALUE].n < (size_t)leaves)
    return bad(r, r->tree[LEAVES].p, "more leaves than leaf values");
  rc = sl_grow((void **)&g->leaves, &g->leaves_cap, g->nleaves + t.leaves, sizeof *g->leaves, MODEL_NODES_MAX, r->err);
  if (rc)
    return rc;
  g->nleaves += t.leaves;
  rc = array(r, VALUE, t.leaves, set_leaf, &t);
  if (!rc && t.leaves > 1)
    rc = read_nodes(r, &t);
  if (!rc && t.linear)
    rc = read_linear(r, &t);
  return rc ? rc : add_tree(r, &t);
}

/* ---- the head ---- */

/* Sums of digits, as the library reads it: the last bit of a number with many digits may differ from strtod's. */
static bool rough(struct sl_str s, double *out)
{
  double v = 0, right = 0, scale = 1;
  size_t i = 0, digits = 0;
  for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++)
    v = v * 10.0 + (s.p[i] - '0');
  if (i < s.n && s.p[i] == '.')
    for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++) {
      right = (s.p[i] - '0') + right * 10.0;
      scale *= 10.0;
    }
  *out = v + right / scale;
  return i == s.n && digits && digits < 22;
}

static const struct { const char *name; enum lgb_objective what; } objectives[] = {
  { "regression", LGB_IDENTITY }, { "regression_l1", LGB_IDENTITY }, { "quantile", LGB_IDENTITY }, { "huber", LGB_IDENTITY },
  { "fair", LGB_IDENTITY }, { "mape", LGB_IDENTITY }, { "lambdarank", LGB_IDENTITY }, { "rank_xendcg", LGB_IDENTITY },
  { "custom", LGB_IDENTITY }, { "poisson", LGB_EXP }, { "gamma", LGB_EXP }, { "tweedie", LGB_EXP }, { "binary", LGB_SIGMOID },
  { "multiclass", LGB_SOFTMAX }, { "multiclassova", LGB_OVA }, { "cross_entropy", LGB_CROSS }, { "cross_entropy_lambda", LGB_LAMBDA },
};

static int objective_words(struct reader *r, struct sl_str rest)
{
  struct sl_str tok;
  double v;
  bool needs_sigmoid = r->g->objective == LGB_SIGMOID || r->g->objective == LGB_OVA;
  while (token(&rest, &tok)) {
    if (r->g->objective == LGB_IDENTITY && sl_str_eqz(tok, "sqrt"))
      r->g->objective = LGB_SQRT;
    if (sl_str_starts(tok, SL_STR("sigmoid:")) && rough(sl_str_from(tok, 8), &v))
      r->g->sigmoid = v;
    if (sl_str_starts(tok, SL_STR("num_class:")) && (!sl_str_f64(sl_str_from(tok, 10), &v) || v != (double)r->m->groups))
      return bad(r, tok.p, "another number of classes than of trees in an iteration");
  }
  if (r->g->objective == LGB_SIGMOID && r->m->groups > 1)
    return bad(r, r->head[OBJECTIVE].p, "two classes, and several trees in an iteration");
  return needs_sigmoid && !(r->g->sigmoid > 0) ? bad(r, r->head[OBJECTIVE].p, "the objective lacks its sigmoid") : SL_OK;
}

static int read_objective(struct reader *r)
{
  struct sl_str rest = r->head[OBJECTIVE], tok;
  struct sl_model *m = r->m;
  size_t n = sizeof objectives / sizeof objectives[0], i = 0;
  if (!token(&rest, &tok)) /* none: sums are all there is */
    tok = SL_STR("custom");
  while (i < n && !sl_str_eqz(tok, objectives[i].name))
    i++;
  if (i == n)
    return sl_err_set(r->err, SL_EUNSUP, "%s: the objective \"%.*s\" is not known here; what it makes of a sum would be a guess", m->file,
                      tok.n > 60 ? 60 : (int)tok.n, tok.p);
  r->g->objective = objectives[i].what;
  m->objective = sl_strdup(objectives[i].name);
  if (!m->objective)
    return sl_err_nomem(r->err);
  bool multi = objectives[i].what == LGB_SOFTMAX || objectives[i].what == LGB_OVA;
  m->classes = multi ? m->groups : objectives[i].what == LGB_SIGMOID ? 2 : 0;
  return objective_words(r, rest);
}

static int read_names(struct reader *r)
{
  struct sl_str rest = r->head[NAMES], tok;
  bool made_up = true; /* Column_0, Column_1, ...: the data had no names */
  int rc = SL_OK;
  for (size_t i = 0; !rc && token(&rest, &tok); i++) {
    uint64_t at;
    made_up = made_up && sl_str_starts(tok, SL_STR("Column_")) && sl_str_u64(sl_str_from(tok, 7), &at) && at == i;
    rc = model_add_name(r->m, tok, r->err);
  }
  if (!rc && r->m->nnames != r->m->features)
    rc = bad(r, r->head[NAMES].p ? r->head[NAMES].p : r->all.p, "another number of feature names than of features");
  for (size_t i = 0; made_up && i < r->m->nnames; i++)
    sl_free(r->m->names[i]);
  if (made_up)
    r->m->nnames = 0;
  return rc;
}

/* "[least:most]", "none", or the categories with colons between them. */
static int read_infos(struct reader *r)
{
  struct sl_str rest = r->head[INFOS], tok;
  struct sl_model *m = r->m;
  int rc = SL_OK;
  while (!rc && token(&rest, &tok)) {
    rc = sl_grow((void **)&m->categorical, &m->categorical_cap, m->ncategorical + 1, sizeof *m->categorical, MODEL_FEATURES_MAX, r->err);
    if (!rc)
      m->categorical[m->ncategorical++] = tok.p[0] != '[' && !sl_str_eqz(tok, "none");
  }
  if (!rc && m->ncategorical != m->features)
    rc = bad(r, r->head[INFOS].p ? r->head[INFOS].p : r->all.p, "another number of feature_infos than of features");
  return rc;
}

static int read_head(struct reader *r)
{
  static const char *const versions[] = { "v2", "v3", "v4" };
  struct sl_str l, v;
  int64_t classes, per = 0, most;
  struct sl_str before = r->rest;
  while (line(r, &l) && !sl_str_starts(l, SL_STR("Tree=")) && !sl_str_eqz(l, "end of trees")) {
    note(l, head_keys, HEAD_KEYS, r->head);
    before = r->rest;
  }
  r->rest = before;
  bool known = false;
  v = r->head[VERSION];
  for (size_t i = 0; i < 3; i++)
    known = known || sl_str_eqz(v, versions[i]);
  if (!known)
    return sl_err_set(r->err, SL_EUNSUP, "%s: LightGBM's format \"%.*s\" is not known here (v2, v3 and v4 are)", r->m->file,
                      v.n > 20 ? 20 : (int)v.n, v.p ? v.p : "");
  memcpy(r->m->version, v.p, v.n);
  int rc = whole(r, r->head[NUM_CLASS], "num_class", 1, MODEL_GROUPS_MAX, &classes);
  if (!rc)
    rc = r->head[PER_ITERATION].p ? whole(r, r->head[PER_ITERATION], "num_tree_per_iteration", 1, MODEL_GROUPS_MAX, &per) : SL_OK;
  if (!rc)
    rc = whole(r, r->head[MAX_FEATURE], "max_feature_idx", 0, MODEL_FEATURES_MAX - 1, &most);
  if (rc)
    return rc;
  r->m->groups = (size_t)(per ? per : classes);
  r->m->features = (size_t)most + 1;
  r->g->average = r->head[AVERAGE].p != NULL;
  rc = read_names(r);
  if (!rc)
    rc = read_infos(r);
  return rc ? rc : read_objective(r);
}

/* ---- the categories that pandas had ---- */

static int add_value(struct reader *r, struct model_cats *c, const json_t *v)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  c->numbers = !json_is_string(v);
  if (json_is_string(v))
    sl_buf_add(&b, json_string_value(v), json_string_length(v));
  else
    sl_fmt_f64(&b, json_is_boolean(v) ? json_is_true(v) : json_number_value(v));
  int rc = sl_buf_check(&b, r->err);
  if (!rc)
    rc = model_add_category(c, sl_buf_view(&b), r->err);
  sl_buf_free(&b);
  return rc;
}

/* A list for each categorical column, in their order: which is known only where there are as many as categorical features. */
static int take_categories(struct reader *r, const json_t *lists)
{
  struct sl_model *m = r->m;
  size_t n = 0, at = 0;
  for (size_t i = 0; i < m->features; i++)
    n += m->categorical[i];
  if (!json_is_array(lists) || json_array_size(lists) != n || !n)
    return SL_OK;
  m->cats = sl_calloc(m->features, sizeof *m->cats);
  if (!m->cats)
    return sl_err_nomem(r->err);
  m->ncats = m->features;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < m->features; i++) {
    sl_map_init(&m->cats[i].map);
    const json_t *list = m->categorical[i] ? json_array_get(lists, at++) : NULL;
    m->cats[i].known = json_array_size(list) > 0;
    for (size_t k = 0; !rc && k < json_array_size(list); k++)
      rc = add_value(r, &m->cats[i], json_array_get(list, k));
  }
  return rc;
}

static int read_end(struct reader *r)
{
  static const struct sl_str mark = { "pandas_categorical:", 19 };
  struct sl_str l, found = SL_STR_NONE;
  while (line(r, &l))
    if (sl_str_starts(l, mark))
      found = sl_str_from(l, mark.n);
  json_t *lists = NULL;
  if (!found.n)
    return SL_OK;
  int rc = sl_json_load(&lists, found, true, r->err);
  if (rc) {
    sl_err_prefix(r->err, "%s: byte %zu: pandas_categorical", r->m->file, (size_t)(found.p - r->all.p));
    return rc;
  }
  rc = take_categories(r, lists);
  json_decref(lists);
  return rc;
}

int lgb_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct reader r = { .m = m, .all = bytes, .rest = bytes, .err = err };
  struct sl_str l;
  m->ops = &lgb_ops;
  r.g = m->lgb = sl_calloc(1, sizeof *r.g);
  if (!r.g)
    return sl_err_nomem(err);
  m->engine = "lightgbm";
  m->underlines = true;
  memcpy(m->booster, "gbdt", 5);
  bool ended = false;
  int rc = read_head(&r);
  while (!rc && !ended && line(&r, &l)) {
    ended = sl_str_eqz(l, "end of trees");
    if (sl_str_starts(l, SL_STR("Tree=")))
      rc = read_tree(&r);
    else if (l.n && !ended)
      rc = bad(&r, l.p, "a tree must stand here");
  }
  if (!rc && !ended)
    rc = bad(&r, bytes.p + bytes.n, "the file ends before \"end of trees\"");
  if (!rc && m->lgb->ntrees % m->groups)
    rc = bad(&r, bytes.p + bytes.n, "the last iteration lacks trees");
  m->trees = r.g->ntrees;
  if (!rc)
    rc = read_end(&r);
  return rc ? rc : lgb_engine(m, err);
}

void lgb_free(struct lgb *g)
{
  if (!g)
    return;
  sl_free(g->nodes);
  sl_free(g->leaves);
  sl_free(g->linear);
  sl_free(g->terms);
  sl_free(g->trees);
  sl_free(g->linear_at);
  sl_free(g->bounds);
  sl_free(g->words);
  tree_free(g->engine);
  sl_free(g);
}
