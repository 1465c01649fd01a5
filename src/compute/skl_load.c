/* compute/skl_load.c: from the values of a file to an estimator: which class is read by whom, and its attributes as numbers.
 *
 * A class that is not in the table is not re-scored, by its name: guessing from its attributes what it would predict is what a stranger's
 * subclass would make wrong. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "compute/skl_int.h"
#include "compute/skops.h"

enum { MEMORY_MAX = 512 << 20, FEATURES_MAX = MODEL_FEATURES_MAX };

static const struct { const char *package, *cls; const struct skl_ops *ops; } classes[] = {
  { "sklearn.pipeline", "Pipeline", &skl_pipeline }, { "sklearn.pipeline", "FeatureUnion", &skl_union },
  { "sklearn.compose", "ColumnTransformer", &skl_columns }, { "sklearn.calibration", "CalibratedClassifierCV", &skl_calibrated },
  { "sklearn.model_selection", "GridSearchCV", &skl_search }, { "sklearn.model_selection", "RandomizedSearchCV", &skl_search },
  { "sklearn.frozen", "FrozenEstimator", &skl_frozen },
  { "sklearn.linear_model", "LinearRegression", &skl_linear }, { "sklearn.linear_model", "Ridge", &skl_linear },
  { "sklearn.linear_model", "RidgeCV", &skl_linear }, { "sklearn.linear_model", "Lasso", &skl_linear },
  { "sklearn.linear_model", "LassoCV", &skl_linear }, { "sklearn.linear_model", "ElasticNet", &skl_linear },
  { "sklearn.linear_model", "ElasticNetCV", &skl_linear }, { "sklearn.linear_model", "Lars", &skl_linear },
  { "sklearn.linear_model", "LassoLars", &skl_linear }, { "sklearn.linear_model", "BayesianRidge", &skl_linear },
  { "sklearn.linear_model", "ARDRegression", &skl_linear }, { "sklearn.linear_model", "HuberRegressor", &skl_linear },
  { "sklearn.linear_model", "QuantileRegressor", &skl_linear }, { "sklearn.linear_model", "SGDRegressor", &skl_linear },
  { "sklearn.linear_model", "PoissonRegressor", &skl_linear }, { "sklearn.linear_model", "GammaRegressor", &skl_linear },
  { "sklearn.linear_model", "TweedieRegressor", &skl_linear }, { "sklearn.svm", "LinearSVR", &skl_linear },
  { "sklearn.linear_model", "LogisticRegression", &skl_linear_class }, { "sklearn.linear_model", "LogisticRegressionCV",
      &skl_linear_class },
  { "sklearn.linear_model", "RidgeClassifier", &skl_linear_class }, { "sklearn.linear_model", "RidgeClassifierCV", &skl_linear_class },
  { "sklearn.linear_model", "SGDClassifier", &skl_linear_class }, { "sklearn.linear_model", "Perceptron", &skl_linear_class },
  { "sklearn.svm", "LinearSVC", &skl_linear_class },
  { "sklearn.tree", "DecisionTreeClassifier", &skl_tree }, { "sklearn.tree", "DecisionTreeRegressor", &skl_tree },
  { "sklearn.tree", "ExtraTreeClassifier", &skl_tree }, { "sklearn.tree", "ExtraTreeRegressor", &skl_tree },
  { "sklearn.ensemble", "RandomForestClassifier", &skl_forest }, { "sklearn.ensemble", "RandomForestRegressor", &skl_forest },
  { "sklearn.ensemble", "ExtraTreesClassifier", &skl_forest }, { "sklearn.ensemble", "ExtraTreesRegressor", &skl_forest },
  { "sklearn.ensemble", "GradientBoostingClassifier", &skl_boost }, { "sklearn.ensemble", "GradientBoostingRegressor", &skl_boost },
  { "sklearn.ensemble", "HistGradientBoostingClassifier", &skl_hist }, { "sklearn.ensemble", "HistGradientBoostingRegressor", &skl_hist },
  { "sklearn.cluster", "KMeans", &skl_kmeans }, { "sklearn.cluster", "MiniBatchKMeans", &skl_kmeans },
  { "sklearn.naive_bayes", "GaussianNB", &skl_gauss }, { "sklearn.naive_bayes", "MultinomialNB", &skl_multinomial },
  { "sklearn.naive_bayes", "BernoulliNB", &skl_bernoulli },
  { "sklearn.dummy", "DummyClassifier", &skl_dummy_class }, { "sklearn.dummy", "DummyRegressor", &skl_dummy_value },
  { "sklearn.preprocessing", "StandardScaler", &skl_standard }, { "sklearn.preprocessing", "MinMaxScaler", &skl_minmax },
  { "sklearn.preprocessing", "MaxAbsScaler", &skl_maxabs }, { "sklearn.preprocessing", "RobustScaler", &skl_robust },
  { "sklearn.preprocessing", "OneHotEncoder", &skl_onehot }, { "sklearn.preprocessing", "OrdinalEncoder", &skl_ordinal },
  { "sklearn.preprocessing", "FunctionTransformer", &skl_function }, { "sklearn.impute", "SimpleImputer", &skl_imputer },
  { "xgboost", "XGBClassifier", &skl_wrapped }, { "xgboost", "XGBRegressor", &skl_wrapped }, { "xgboost", "XGBRFClassifier", &skl_wrapped },
  { "xgboost", "XGBRFRegressor", &skl_wrapped }, { "xgboost", "XGBRanker", &skl_wrapped },
  { "lightgbm", "LGBMClassifier", &skl_wrapped }, { "lightgbm", "LGBMRegressor", &skl_wrapped }, { "lightgbm", "LGBMRanker", &skl_wrapped },
};

/* ---- failing ---- */

int skl_fail(struct skl_load *l) { return l->err->code ? l->err->code : sl_err_nomem(l->err); }

int skl_bad(struct skl_load *l, const struct skl_est *e, const char *fmt, ...)
{
  char why[160];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(why, sizeof why, fmt, ap);
  va_end(ap);
  return l->err->code ? l->err->code : sl_err_set(l->err, SL_EPARSE, "%s: %s: %s", l->file, e->cls, why);
}

int skl_unsup(struct skl_load *l, const struct skl_est *e, const char *fmt, ...)
{
  char why[160];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(why, sizeof why, fmt, ap);
  va_end(ap);
  return l->err->code ? l->err->code : sl_err_set(l->err, SL_EUNSUP, "%s in %s: %s", e->cls, l->file, why);
}

void *skl_alloc(struct skl_load *l, size_t n, size_t size)
{
  void *p = size && n > (size_t)MEMORY_MAX / size ? NULL : sl_arena_alloc(&l->s->mem, n * size + 1);
  if (!p && l->s->mem.cap - l->s->mem.used < (16 << 20))
    (void)sl_err_set(l->err, SL_ELIMIT, "%s: the model takes more than %d MiB", l->file, MEMORY_MAX >> 20);
  else if (!p)
    (void)sl_err_nomem(l->err);
  return p;
}

struct sl_str skl_copy(struct skl_load *l, struct sl_str s)
{
  char *to = skl_alloc(l, s.n + 1, 1);
  if (to && s.n)
    memcpy(to, s.p, s.n);
  return to ? sl_strn(to, s.n) : SL_STR_NONE;
}

/* ---- attributes ---- */

bool skl_is_f32(const struct pk *v)
{
  const struct npy *a = pk_array(v);
  return a && a->type.kind == 'f' && a->type.size == 4;
}

bool skl_flag(const struct pk *o, const char *name, bool other)
{
  const struct pk *v = pk_get(o, name);
  return v ? pk_true(v) : other;
}

bool skl_word(const struct pk *o, const char *name, const char *word) { return sl_str_eqz(pk_text(pk_get(o, name)), word); }

/* Lists of numbers, too: what a person gave as a parameter stays as it was given. */
static int to_numbers(struct skl_load *l, const struct skl_est *e, const struct pk *v, const char *name, double **out, size_t *n)
{
  const struct npy *a = pk_array(v);
  double one;
  size_t have = a ? a->n : pk_f64(v, &one) ? 1 : v ? pk_count(v) : 0;
  bool single = !a && pk_f64(v, &one);
  if (!v || (a && !npy_is_number(&a->type) && a->type.kind != 'O'))
    return skl_bad(l, e, "%s is no array of numbers", name);
  if (*n != SIZE_MAX && have != *n)
    return skl_bad(l, e, "%s has %zu values, not %zu", name, have, *n);
  *n = have;
  *out = skl_alloc(l, have, sizeof **out);
  if (!*out)
    return skl_fail(l);
  for (size_t i = 0; i < have; i++)
    if (single)
      (*out)[i] = one;
    else if (a && a->type.kind != 'O')
      (*out)[i] = npy_f64(a, i);
    else if (!pk_f64(pk_item(v, i), &(*out)[i]))
      return skl_bad(l, e, "%s holds something else than numbers", name);
  return SL_OK;
}

int skl_numbers(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out, size_t *n)
{
  return to_numbers(l, e, pk_get(o, name), name, out, n);
}

int skl_matrix(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out, size_t *rows, size_t *cols)
{
  const struct npy *a = pk_array(pk_get(o, name));
  size_t n = SIZE_MAX;
  if (!a || a->dims < 1 || a->dims > 2)
    return skl_bad(l, e, "%s is no array of one or two dimensions", name);
  *rows = a->dims == 2 ? a->shape[0] : 1;
  *cols = a->shape[a->dims - 1];
  return skl_numbers(l, e, o, name, out, &n);
}

/* ---- classes ---- */

static int label_text(struct skl_load *l, struct skl_est *e, const struct pk *c, size_t i)
{
  const struct npy *a = pk_array(c);
  struct sl_str s = pk_text(pk_item(c, i));
  if (a->type.kind == 'U' && npy_text(a, i, &l->s->mem, &s, l->err))
    return skl_fail(l);
  if (!s.p)
    return skl_unsup(l, e, "classes that are neither numbers nor texts");
  e->labels.s[i] = skl_copy(l, s);
  return e->labels.s[i].p ? SL_OK : skl_fail(l);
}

int skl_labels_load(struct skl_load *l, struct skl_est *e, const struct pk *c)
{
  const struct npy *a = pk_array(c);
  double one;
  bool number = a && (npy_is_number(&a->type) || (a->type.kind == 'O' && a->n && pk_f64(pk_item(c, 0), &one)));
  if (!a || a->dims != 1 || !a->n || a->n > MODEL_GROUPS_MAX)
    return skl_unsup(l, e, "it tells several outputs of classes, or none");
  e->classes = e->labels.n = a->n;
  e->values = 1;
  if (number) {
    size_t n = a->n;
    e->labels.type = a->type.kind == 'b' ? SKL_BOOL : a->type.kind == 'f' ? SKL_F64 : SKL_I64;
    return to_numbers(l, e, c, "classes_", &e->labels.v, &n);
  }
  e->labels.type = SKL_TEXT;
  e->labels.s = skl_alloc(l, a->n, sizeof *e->labels.s);
  int rc = !e->labels.s ? skl_fail(l) : a->type.kind == 'U' || a->type.kind == 'O' ? SL_OK : skl_unsup(l, e, "classes that are no texts");
  for (size_t i = 0; !rc && i < a->n; i++)
    rc = label_text(l, e, c, i);
  return rc;
}

/* ---- any estimator ---- */

static int version_of(const struct pk *o)
{
  struct sl_str s = pk_text(pk_get(o, "_sklearn_version")), major, minor;
  uint64_t a, b;
  bool known = s.p && sl_str_cut(&s, '.', &major) && sl_str_cut(&s, '.', &minor) && sl_str_u64(major, &a) && sl_str_u64(minor, &b);
  return known && a < 100 && b < 100 ? (int)(a * 100 + b) : 999;
}

static const struct skl_ops *ops_of(const struct pk *o)
{
  const struct pk *c = o && o->kind == PK_OBJECT ? o->u.o.cls : NULL;
  for (size_t i = 0; c && i < sizeof classes / sizeof classes[0]; i++) {
    size_t n = strlen(classes[i].package);
    bool inside = sl_str_starts(c->u.cls.module, sl_str(classes[i].package)) && (c->u.cls.module.n == n || c->u.cls.module.p[n] == '.');
    if (inside && sl_str_eqz(c->u.cls.name, classes[i].cls))
      return classes[i].ops;
  }
  return NULL;
}

static int unknown(struct skl_load *l, const struct pk *o)
{
  char name[2 * PK_NAME_MAX + 2];
  const char *why = *pk_class_name(o, name, sizeof name) ? name : "something that is no estimator";
  return sl_err_set(l->err, SL_EUNSUP, "%.150s in %s", why, l->file);
}

int skl_est_load(struct skl_load *l, const struct pk *o, struct skl_est **out)
{
  const struct skl_ops *ops = ops_of(o);
  int64_t in;
  *out = NULL;
  if (!ops)
    return unknown(l, o);
  if (l->depth >= SKL_DEPTH || !l->budget)
    return sl_err_set(l->err, SL_ELIMIT, "%s: estimators within estimators without end", l->file);
  struct skl_est *e = skl_alloc(l, 1, sizeof *e);
  if (!e || !(e->cls = skl_copy(l, o->u.o.cls->u.cls.name).p))
    return skl_fail(l);
  e->ops = ops;
  e->version = version_of(o);
  e->in = pk_i64(pk_get(o, "n_features_in_"), &in) && in >= 0 && in <= FEATURES_MAX ? (size_t)in : SIZE_MAX;
  l->depth++;
  l->budget--;
  int rc = ops->load(l, o, e);
  l->depth--;
  if (!rc)
    *out = e;
  return rc;
}

int skl_walked(struct skl_load *l, int rc)
{
  if (rc == SL_ELIMIT && l->err)
    *l->err = (struct sl_err){ 0 };
  return rc == SL_ELIMIT ? SL_OK : rc;
}

int skl_engine(struct skl_load *l, struct tree_build *b, struct tree_engine **out)
{
  int rc = sl_grow((void **)&l->s->engines, &l->s->engines_cap, l->s->nengines + 1, sizeof *l->s->engines, SIZE_MAX / 64, l->err);
  if (rc)
    tree_build_free(b);
  else
    rc = tree_build_end(out, b, l->err);
  if (!rc)
    l->s->engines[l->s->nengines++] = *out;
  return skl_walked(l, rc);
}

int skl_inner_load(struct skl_load *l, struct sl_str bytes, enum sl_model_wrapper w, struct sl_model **out)
{
  int rc = sl_grow((void **)&l->s->inner, &l->s->inner_cap, l->s->ninner + 1, sizeof *l->s->inner, SKL_STEPS_MAX, l->err);
  if (!rc)
    rc = sl_model_load(out, bytes, l->file, w, l->err);
  if (!rc)
    l->s->inner[l->s->ninner++] = *out;
  return rc;
}

/* ---- the model ---- */

/* Names of what goes in: of the estimator itself, or of the first step that has them. */
static const struct pk *first_with(const struct pk *o, const char *name)
{
  for (unsigned depth = 0; o && depth < SKL_DEPTH; depth++) {
    const struct pk *found = pk_get(o, name), *steps = pk_get(o, "steps"), *best = pk_get(o, "best_estimator_");
    if (found)
      return found;
    o = best ? best : NULL;
    for (size_t i = 0; !o && i < pk_count(steps); i++) {
      const struct pk *step = pk_item(pk_item(steps, i), 1);
      o = step && step->kind == PK_OBJECT ? step : NULL;
    }
  }
  return NULL;
}

static int take_names(struct skl_load *l, struct sl_model *m, const struct pk *root)
{
  const struct pk *names = first_with(root, "feature_names_in_");
  const struct npy *a = pk_array(names);
  int64_t n;
  if (!pk_i64(first_with(root, "n_features_in_"), &n) || n < 0 || n > FEATURES_MAX)
    n = a ? (int64_t)a->n : -1;
  if (n < 0 && l->s->root->in != SIZE_MAX)
    n = (int64_t)l->s->root->in;
  if (n < 0)
    return skl_unsup(l, l->s->root, "it does not tell how many features it takes");
  m->features = (size_t)n;
  for (size_t i = 0; a && i < a->n; i++) {
    struct sl_str s = pk_text(pk_item(names, i));
    if (a->type.kind == 'U' && npy_text(a, i, &l->s->mem, &s, l->err))
      return skl_fail(l);
    int rc = s.p ? model_add_name(m, s, l->err) : skl_bad(l, l->s->root, "a feature without a name");
    if (rc)
      return rc;
  }
  const struct sl_model *inner = !a && l->s->root->ops == &skl_wrapped ? l->s->inner[0] : NULL;
  for (size_t i = 0; inner && sl_model_feature(inner, i); i++) {
    int rc = model_add_name(m, sl_str(sl_model_feature(inner, i)), l->err);
    if (rc)
      return rc;
  }
  return m->nnames && m->nnames != m->features ? skl_bad(l, l->s->root, "another number of names than of features") : SL_OK;
}

static int take_facts(struct skl_load *l, struct sl_model *m)
{
  const struct skl_est *e = l->s->root;
  m->objective = sl_strdup(e->cls);
  m->groups = e->classes > 2 ? e->classes : e->values ? e->values : 1;
  m->classes = e->classes;
  m->clusters = e->clusters;
  m->trees = e->leaves;
  snprintf(m->booster, sizeof m->booster, "%s", e->cls);
  if (e->version < 999)
    snprintf(m->version, sizeof m->version, "%d.%d", e->version / 100, e->version % 100);
  return !e->ops->predict || (!e->values && !e->classes) ? skl_unsup(l, e, "it predicts nothing") : m->objective ? SL_OK
      : sl_err_nomem(l->err);
}

int skl_model_read(struct sl_model *m, const struct pk *root, struct sl_err *err)
{
  struct skl_native native;
  if (skl_native_of(root, &native) && isnan(native.missing)) /* else what stands for missing is taken out first */
    return skl_native_read(m, &native, err);
  struct skl *s = m->own = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  m->ops = &skl_model_ops;
  m->columns = true;
  m->engine = "scikit-learn";
  sl_arena_init(&s->mem, MEMORY_MAX);
  struct skl_load l = { .s = s, .m = m, .file = m->file, .err = err, .budget = SKL_STEPS_MAX };
  int rc = skl_est_load(&l, root, &s->root);
  if (!rc)
    rc = take_names(&l, m, root);
  if (!rc && s->root->in != SIZE_MAX && s->root->in != m->features)
    rc = skl_bad(&l, s->root, "another number of features than its first step has");
  if (!rc)
    rc = take_facts(&l, m);
  return rc ? rc : skl_name_classes(m, &s->root->labels, err);
}

int skl_pickle_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct pk_doc d;
  int rc = sl_pickle_read(&d, bytes, m->file, err);
  if (rc)
    return rc;
  rc = skl_model_read(m, d.root, err);
  pk_doc_free(&d);
  return rc;
}

int skl_skops_read(struct sl_model *m, const struct sl_model_part *part, size_t n, struct sl_err *err)
{
  struct pk_doc d;
  int rc = sl_skops_read(&d, part, n, m->file, err);
  if (rc)
    return rc;
  rc = skl_model_read(m, d.root, err);
  pk_doc_free(&d);
  return rc;
}
