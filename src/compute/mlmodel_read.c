/* compute/mlmodel_read.c: MLmodel: YAML, with the signature as JSON in a text. */
#include <math.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "compute/mlmodel.h"

enum { COLUMNS_MAX = 20000 };

static struct sl_str text_of(const struct sl_yaml_node *map, const char *key)
{
  const struct sl_yaml_node *n = map ? sl_yaml_get(map, key) : NULL;
  return n && n->kind == SL_YAML_SCALAR && !sl_yaml_is_null(n) ? n->text : SL_STR_NONE;
}

/* Relative, and not upwards: it is opened below the folder of MLmodel. */
static bool is_inside(struct sl_str path)
{
  struct sl_str part;
  if (!path.n || path.p[0] == '/' || memchr(path.p, 0, path.n))
    return false;
  while (sl_str_cut(&path, '/', &part))
    if (!part.n || sl_str_eqz(part, "..") || sl_str_eqz(part, "."))
      return false;
  return true;
}

static enum sl_model_wrapper wrapper_of(struct sl_str cls)
{
  return sl_str_ends(cls, SL_STR("Classifier")) ? SL_MODEL_CLASSIFIER
         : sl_str_ends(cls, SL_STR("Regressor")) || sl_str_ends(cls, SL_STR("Ranker")) ? SL_MODEL_REGRESSOR : SL_MODEL_BOOSTER;
}

/* A flavor that is not read: by the class and the file that it names. */
static int unread(const struct sl_yaml_node *flavors, const char *where, struct sl_err *err)
{
  static const char *const known[] = { "pytorch", "catboost", "tensorflow", "keras", "spark", "statsmodels", "prophet",
    "transformers" };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    const struct sl_yaml_node *f = sl_yaml_get(flavors, known[i]);
    struct sl_str file = text_of(f, "pickled_model");
    if (!file.n)
      file = text_of(f, "data");
    if (!file.n)
      file = sl_str(where);
    if (f)
      return sl_err_set(err, SL_EUNSUP, "a model of %s in %.*s: its files are not read here", known[i],
                        SL_ARG(file));
  }
  return sl_err_set(err, SL_EUNSUP, "%s names no model that is read here; what a python_function does only Python knows", where);
}

static int take_flavor(struct sl_mlmodel *p, const struct sl_yaml_node *flavors, const char *where, struct sl_err *err)
{
  const struct sl_yaml_node *x = sl_yaml_get(flavors, "xgboost"), *l = sl_yaml_get(flavors, "lightgbm"),
    *k = sl_yaml_get(flavors, "sklearn"), *o = sl_yaml_get(flavors, "onnx"), *f = x ? x : l ? l : k ? k : o;
  if (!f)
    return unread(flavors, where, err);
  struct sl_str file = text_of(f, f == k ? "pickled_model" : "data"), cls = text_of(f, "model_class");
  if (!is_inside(file))
    return sl_err_set(err, SL_EPARSE, "%s: the flavor names no file beside it", where);
  p->wrapper = wrapper_of(cls);
  p->onnx = f == o;
  p->file = sl_strndup(file.p, file.n);
  return p->file ? SL_OK : sl_err_nomem(err);
}

static int take_inputs(struct sl_mlmodel *p, const json_t *in, struct sl_err *err)
{
  size_t n = json_array_size(in);
  if (n > COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "a signature of %zu columns", n);
  p->names = sl_calloc(n + 1, sizeof *p->names);
  p->types = sl_calloc(n + 1, sizeof *p->types);
  p->optional = sl_calloc(n + 1, sizeof *p->optional);
  if (!p->names || !p->types || !p->optional)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    const json_t *at = json_array_get(in, i);
    struct sl_str name = sl_json_str(at, "name"), type = sl_json_str(at, "type");
    if (!name.p || sl_str_eqz(type, "tensor")) /* by position, as the model itself has it */
      continue;
    p->names[p->n] = sl_strndup(name.p, name.n);
    p->types[p->n] = sl_strndup(type.p ? type.p : "", type.n);
    p->optional[p->n] = json_is_false(json_object_get(at, "required")) || json_is_true(json_object_get(at, "optional"));
    p->n++;
    if (!p->names[p->n - 1] || !p->types[p->n - 1])
      return sl_err_nomem(err);
  }
  return SL_OK;
}

static int take_signature(struct sl_mlmodel *p, const struct sl_yaml_node *root, struct sl_err *err)
{
  const struct sl_yaml_node *s = sl_yaml_get(root, "signature");
  struct sl_str inputs = text_of(s, "inputs");
  json_t *in = NULL;
  if (!inputs.n)
    return SL_OK;
  int rc = sl_json_load(&in, inputs, true, err);
  if (!rc)
    rc = take_inputs(p, in, err);
  json_decref(in);
  return rc;
}

/* ---- metadata ---- */

/* A plain scalar is what JSON would call it, if it would. */
static void put_scalar(struct sl_buf *b, const struct sl_yaml_node *n)
{
  double v;
  bool on, number = !n->quoted && sl_str_f64(n->text, &v) && isfinite(v);
  int64_t whole;
  if (sl_yaml_is_null(n))
    sl_buf_z(b, "null");
  else if (number && sl_str_i64(n->text, &whole))
    sl_buf_printf(b, "%lld", (long long)whole);
  else if (number)
    sl_buf_printf(b, "%.17g", v);
  else if (!n->quoted && sl_yaml_bool(n, &on))
    sl_buf_z(b, on ? "true" : "false");
  else
    sl_json_quote(b, n->text);
}

static void put_node(struct sl_buf *b, const struct sl_yaml_node *n)
{
  if (n->kind == SL_YAML_SCALAR) {
    put_scalar(b, n);
    return;
  }
  sl_buf_ch(b, n->kind == SL_YAML_MAP ? '{' : '[');
  for (size_t i = 0; i < n->n && !b->failed; i++) {
    sl_buf_z(b, i ? "," : "");
    if (n->kind == SL_YAML_MAP) {
      sl_json_quote(b, n->keys[i]->text);
      sl_buf_ch(b, ':');
    }
    put_node(b, n->items[i]);
  }
  sl_buf_ch(b, n->kind == SL_YAML_MAP ? '}' : ']');
}

static int take_metadata(struct sl_mlmodel *p, const struct sl_yaml_node *root, struct sl_err *err)
{
  const struct sl_yaml_node *n = sl_yaml_get(root, "metadata");
  struct sl_buf b;
  if (!n || n->kind != SL_YAML_MAP)
    return SL_OK;
  sl_buf_init(&b, 0);
  put_node(&b, n);
  int rc = sl_buf_check(&b, err);
  p->metadata = rc ? NULL : sl_buf_take(&b, NULL);
  sl_buf_free(&b);
  return rc;
}

int sl_mlmodel_read(struct sl_mlmodel *out, struct sl_str bytes, const char *where, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  *out = (struct sl_mlmodel){ 0 };
  int rc = sl_yaml_parse(&y, bytes, where, err);
  const struct sl_yaml_node *root = rc ? NULL : sl_yaml_root(y), *flavors = root ? sl_yaml_get(root, "flavors") : NULL;
  if (!rc && (!flavors || flavors->kind != SL_YAML_MAP))
    rc = sl_err_set(err, SL_EPARSE, "%s has no flavors", where);
  if (!rc)
    rc = take_flavor(out, flavors, where, err);
  if (!rc)
    rc = take_signature(out, root, err);
  if (!rc)
    rc = take_metadata(out, root, err);
  sl_yaml_free(y);
  if (rc)
    sl_mlmodel_free(out);
  return rc;
}

void sl_mlmodel_free(struct sl_mlmodel *p)
{
  for (size_t i = 0; i < p->n; i++) {
    sl_free(p->names[i]);
    sl_free(p->types[i]);
  }
  sl_free(p->names);
  sl_free(p->types);
  sl_free(p->optional);
  sl_free(p->file);
  sl_free(p->metadata);
  *p = (struct sl_mlmodel){ 0 };
}

bool sl_mlmodel_takes(const char *type, const struct sl_column *c)
{
  bool whole = !strcmp(type, "integer") || !strcmp(type, "long");
  if (!strcmp(type, "string"))
    return !sl_column_numeric(c);
  if (!strcmp(type, "datetime"))
    return c->time;
  if (!strcmp(type, "boolean"))
    return c->type == SL_COLUMN_BOOL;
  if (whole || !strcmp(type, "float") || !strcmp(type, "double"))
    return sl_column_numeric(c) && !c->time && (!whole || c->type == SL_COLUMN_I64 || c->type == SL_COLUMN_BOOL);
  return true; /* a word of a newer MLflow: the model itself decides */
}
