/* compute/skops_read.c: schema.json into plain values: first the JSON as it stands, then what its nodes say that they are.
 *
 * A node names a loader, a class and its content. Loaders that only hold data become values; those that stand for an object become records
 * of a class's name; what a node would call (a function, a method, a partial) stays a name. Nothing here knows a class by anything else. */
#include "compute/skops.h"

#include "base/hash.h"
#include "base/json.h"

enum { FEED = 64 << 10, SCALAR_MAX = 4 << 20, NODE_DEPTH = 100 };

struct reader {
  struct pk_doc *d;
  const struct sl_model_part *part;
  struct sl_map names;         /* of a part -> its index */
  struct sl_err *err;
};

static int bad(const struct reader *r, int code, const char *what, struct sl_str word)
{
  return sl_err_set(r->err, code, "%s: schema.json: %s%.*s", r->d->file, what, SL_ARG(sl_str_head(word, 120)));
}

/* ---- JSON ---- */

struct open { struct pk *at[SL_JSON_DEPTH + 1]; unsigned n; };

static struct pk *keep_text(const struct reader *r, struct sl_str s)
{
  struct pk *v = pk_new(r->d, PK_TEXT, r->err);
  char *copy = v ? sl_arena_strndup(&r->d->arena, s.n ? s.p : "", s.n) : NULL;
  if (v && !copy)
    (void)pk_no_room(r->d, r->err);
  if (copy)
    v->u.s = sl_strn(copy, s.n);
  return copy ? v : NULL;
}

static struct pk *number(const struct reader *r, struct sl_str s)
{
  int64_t i;
  double f = 0;
  bool whole = sl_str_i64(s, &i);
  if (!whole && !sl_str_f64(s, &f)) {
    (void)bad(r, SL_EPARSE, "no number: ", s);
    return NULL;
  }
  struct pk *v = pk_new(r->d, whole ? PK_INT : PK_FLOAT, r->err);
  if (v && whole)
    v->u.i = i;
  else if (v)
    v->u.f = f;
  return v;
}

static struct pk *value(const struct reader *r, enum sl_json_tok t, struct sl_str s)
{
  if (t == SL_JT_STR || t == SL_JT_KEY)
    return keep_text(r, s);
  if (t == SL_JT_NUM)
    return number(r, s);
  struct pk *v = pk_new(r->d, t == SL_JT_NULL ? PK_NONE : t == SL_JT_OBJ ? PK_DICT : t == SL_JT_ARR ? PK_LIST : PK_BOOL, r->err);
  if (v && v->kind == PK_BOOL)
    v->u.i = t == SL_JT_TRUE;
  return v;
}

/* One token into the tree that grows below root. */
static int take(const struct reader *r, struct open *o, struct pk **root, enum sl_json_tok t, struct sl_str s)
{
  if (t == SL_JT_END_OBJ || t == SL_JT_END_ARR) {
    o->n--;
    return SL_OK;
  }
  struct pk *v = value(r, t, s);
  int rc = v ? SL_OK : r->err->code;
  if (!rc && o->n)
    rc = pk_push(r->d, &o->at[o->n - 1]->u.list, v, r->err);
  else if (!rc)
    *root = v;
  if (!rc && (t == SL_JT_OBJ || t == SL_JT_ARR))
    o->at[o->n++] = v;
  return rc;
}

static int parse(const struct reader *r, struct sl_str text, struct pk **root)
{
  struct sl_json_pull *p = NULL;
  struct open o = { .n = 0 };
  struct sl_str s;
  int rc = sl_json_pull_open(&p, SCALAR_MAX, true, r->err);
  enum sl_json_tok t = SL_JT_MORE;
  *root = NULL;
  while (!rc && (t = sl_json_pull_next(p, &s, r->err)) != SL_JT_END) {
    if (t == SL_JT_BAD) {
      sl_err_prefix(r->err, "%s: schema.json", r->d->file);
      rc = r->err->code;
    } else if (t != SL_JT_MORE) {
      rc = take(r, &o, root, t, s);
    } else if (text.n) {
      size_t n = text.n < FEED ? text.n : FEED;
      rc = sl_json_pull_feed(p, text.p, n, r->err);
      text = sl_str_from(text, n);
    } else {
      sl_json_pull_eof(p);
    }
  }
  sl_json_pull_free(p);
  return rc || *root ? rc : bad(r, SL_EPARSE, "is empty", SL_STR_NONE);
}

/* ---- nodes ---- */

static int node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out);

static int fresh(const struct reader *r, enum pk_kind kind, struct pk **out)
{
  *out = pk_new(r->d, kind, r->err);
  return *out ? SL_OK : r->err->code;
}

static int class_node(const struct reader *r, const struct pk *n, struct pk **out)
{
  struct sl_str module = pk_text(pk_get(n, "__module__")), name = pk_text(pk_get(n, "__class__"));
  if (!module.n || !name.n || module.n > PK_NAME_MAX || name.n > PK_NAME_MAX)
    return bad(r, SL_EPARSE, "a node without a class", SL_STR_NONE);
  int rc = fresh(r, PK_CLASS, out);
  if (rc)
    return rc;
  (*out)->u.cls.module = module;
  (*out)->u.cls.name = name;
  return SL_OK;
}

static int part_of(const struct reader *r, const struct pk *n, struct sl_str *out)
{
  size_t i;
  struct sl_str file = pk_text(pk_get(n, "file"));
  if (!file.n || !sl_map_find(&r->names, file, &i))
    return bad(r, SL_EPARSE, "names a member that there is not: ", file);
  *out = r->part[i].bytes;
  return SL_OK;
}

/* The text of a JSON scalar within the JSON. */
static int json_node(const struct reader *r, const struct pk *n, struct pk **out)
{
  struct sl_str s = pk_text(pk_get(n, "content"));
  if (!s.n)
    return bad(r, SL_EPARSE, "a value without content", SL_STR_NONE);
  int rc = parse(r, s, out);
  return !rc && ((*out)->kind == PK_DICT || (*out)->kind == PK_LIST) ? bad(r, SL_EPARSE, "a value that is no single one", SL_STR_NONE) : rc;
}

static int list_node(const struct reader *r, const struct pk *n, enum pk_kind kind, unsigned depth, struct pk **out)
{
  const struct pk *content = pk_get(n, "content");
  int rc = content && content->kind == PK_LIST ? fresh(r, kind, out) : bad(r, SL_EPARSE, "a list without content", SL_STR_NONE);
  for (size_t i = 0; !rc && i < pk_count(content); i++) {
    struct pk *item;
    rc = node(r, pk_item(content, i), depth, &item);
    if (!rc)
      rc = pk_push(r->d, &(*out)->u.list, item, r->err);
  }
  return rc;
}

/* JSON's keys are texts: their types stand beside them. */
static struct pk *key_of(const struct reader *r, struct pk *key, const struct pk *type)
{
  struct sl_str t = pk_text(pk_get(type, "__class__"));
  bool is_number = sl_str_starts(t, SL_STR("int")) || sl_str_starts(t, SL_STR("uint")) || sl_str_starts(t, SL_STR("float"));
  double f;
  return is_number && sl_str_f64(key->u.s, &f) ? number(r, key->u.s) : key;
}

static int dict_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  const struct pk *content = pk_get(n, "content"), *types = pk_get(pk_get(n, "key_types"), "content");
  int rc = content && content->kind == PK_DICT ? fresh(r, PK_DICT, out) : bad(r, SL_EPARSE, "a dictionary without content", SL_STR_NONE);
  for (size_t i = 0; !rc && i + 1 < content->u.list.n; i += 2) {
    struct pk *v = NULL, *key = key_of(r, content->u.list.at[i], pk_item(types, i / 2));
    rc = key ? node(r, content->u.list.at[i + 1], depth, &v) : r->err->code;
    if (!rc)
      rc = pk_push(r->d, &(*out)->u.list, key, r->err);
    if (!rc)
      rc = pk_push(r->d, &(*out)->u.list, v, r->err);
  }
  return rc;
}

static int new_array(const struct reader *r, struct pk **out)
{
  int rc = fresh(r, PK_ARRAY, out);
  if (!rc && !((*out)->u.a = sl_arena_alloc(&r->d->arena, sizeof *(*out)->u.a)))
    rc = pk_no_room(r->d, r->err);
  return rc;
}

static int take_shape(const struct reader *r, const struct pk *shape, struct npy *a)
{
  a->dims = 0;
  for (size_t i = 0; i < pk_count(shape); i++) {
    int64_t n;
    if (i >= NPY_DIMS || !pk_i64(pk_item(shape, i), &n) || n < 0)
      return bad(r, SL_EPARSE, "an array of a shape that is none", SL_STR_NONE);
    a->shape[a->dims++] = (size_t)n;
  }
  return SL_OK;
}

/* An array of objects: its values are nodes; of several dimensions they are lists within lists, which nothing that is known here has. */
static int objects_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  const struct pk *shape = pk_get(n, "shape");
  struct pk *items = NULL, *dims = NULL;
  int rc = list_node(r, n, PK_LIST, depth, &items);
  if (!rc)
    rc = shape ? node(r, shape, depth, &dims) : bad(r, SL_EPARSE, "an array without a shape", SL_STR_NONE);
  if (!rc)
    rc = new_array(r, out);
  if (rc)
    return rc;
  struct pk_array *a = (*out)->u.a;
  a->a = (struct npy){ .type = { .kind = 'O', .size = 8 } };
  rc = take_shape(r, dims, &a->a);
  if (!rc && a->a.dims == 2) { /* rows as lists: laid out one behind the other */
    for (size_t i = 0; !rc && i < pk_count(items); i++)
      for (size_t k = 0; !rc && k < pk_count(items->u.list.at[i]) && items->u.list.at[i]->kind == PK_LIST; k++)
        rc = pk_push(r->d, &a->objects, items->u.list.at[i]->u.list.at[k], r->err);
  } else {
    a->objects = items->u.list;
    a->objects.cap = a->objects.n;
  }
  if (!rc && (!npy_count(&a->a, SIZE_MAX) || a->a.n != a->objects.n))
    rc = bad(r, SL_EPARSE, "an array's shape is not what it holds", SL_STR_NONE);
  return rc;
}

static int array_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  struct sl_str bytes, name = pk_text(pk_get(n, "__class__")), type = pk_text(pk_get(n, "type"));
  if (sl_str_eqz(type, "json"))
    return objects_node(r, n, depth, out);
  if (!sl_str_eqz(type, "numpy"))
    return bad(r, SL_EUNSUP, "an array of type ", type);
  int rc = part_of(r, n, &bytes);
  if (!rc)
    rc = new_array(r, out);
  if (!rc && (rc = npy_read(&(*out)->u.a->a, bytes, &r->d->arena, r->err)) != 0)
    sl_err_prefix(r->err, "%s: %.*s", r->d->file, SL_ARG(sl_str_head(pk_text(pk_get(n, "file")), 60)));
  if (rc || sl_str_eqz(name, "ndarray"))
    return rc;
  struct npy a = (*out)->u.a->a; /* numpy's single values are arrays of one */
  return a.n == 1 ? pk_scalar(r->d, &a, out, r->err) : bad(r, SL_EUNSUP, "an array of class ", name);
}

static int type_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  struct pk *empty;
  const struct pk *content = pk_get(n, "content");
  int rc = content ? node(r, content, depth, &empty) : bad(r, SL_EPARSE, "a type without content", SL_STR_NONE);
  if (!rc)
    rc = empty->kind == PK_ARRAY ? fresh(r, PK_TYPE, out) : bad(r, SL_EPARSE, "a type that is none", SL_STR_NONE);
  if (!rc)
    (*out)->u.type = empty->u.a->a.type;
  return rc;
}

/* deep: with its state; else the name alone is kept (generators of random numbers, partials: nothing predicts with them). */
static int object_node(const struct reader *r, const struct pk *n, unsigned depth, bool deep, struct pk **out)
{
  const struct pk *content = deep ? pk_get(n, "content") : NULL, *args = deep ? pk_get(pk_get(n, "__reduce__"), "args") : NULL;
  int rc = fresh(r, PK_OBJECT, out);
  if (!rc)
    rc = class_node(r, n, &(*out)->u.o.cls);
  if (!rc && content && content->kind != PK_NONE)
    rc = node(r, content, depth, &(*out)->u.o.state);
  if (!rc && args)
    rc = node(r, args, depth, &(*out)->u.o.args);
  return rc;
}

static int slice_node(const struct reader *r, const struct pk *n, struct pk **out)
{
  static const char *const keys[] = { "start", "stop", "step" };
  const struct pk *content = pk_get(n, "content");
  int rc = object_node(r, n, 0, false, out);
  if (!rc)
    rc = fresh(r, PK_TUPLE, &(*out)->u.o.args);
  for (size_t i = 0; !rc && i < 3; i++) {
    const struct pk *v = pk_get(content, keys[i]);
    struct pk *copy;
    rc = fresh(r, PK_NONE, &copy);
    if (!rc && v && v->kind == PK_INT)
      *copy = *v;
    if (!rc)
      rc = pk_push(r->d, &(*out)->u.o.args->u.list, copy, r->err);
  }
  return rc;
}

/* What would be called stays a name, as the first of what the record was made with. */
static int partial_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  const struct pk *func = pk_get(pk_get(n, "content"), "func");
  struct pk *v = NULL;
  int rc = object_node(r, n, depth, false, out);
  if (!rc)
    rc = func ? node(r, func, depth, &v) : bad(r, SL_EPARSE, "a partial of nothing", SL_STR_NONE);
  if (!rc)
    rc = fresh(r, PK_TUPLE, &(*out)->u.o.args);
  return rc ? rc : pk_push(r->d, &(*out)->u.o.args->u.list, v, r->err);
}

static int bytes_node(const struct reader *r, const struct pk *n, struct pk **out)
{
  int rc = fresh(r, PK_BYTES, out);
  return rc ? rc : part_of(r, n, &(*out)->u.s);
}

static int default_node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  const struct pk *in = pk_get(pk_get(n, "content"), "main");
  return in ? node(r, in, depth, out) : bad(r, SL_EPARSE, "a dictionary without content", SL_STR_NONE);
}

enum loader { L_DICT, L_DEFAULT, L_LIST, L_TUPLE, L_SET, L_JSON, L_ARRAY, L_DTYPE, L_BYTES, L_CLASS, L_SLICE, L_PARTIAL, L_OBJECT, L_NAME };
static const struct { const char *name; enum loader is; } loaders[] = {
  { "JsonNode", L_JSON }, { "DictNode", L_DICT }, { "ListNode", L_LIST }, { "TupleNode", L_TUPLE }, { "NdArrayNode", L_ARRAY },
  { "ObjectNode", L_OBJECT }, { "TreeNode", L_OBJECT }, { "LossNode", L_OBJECT }, { "TypeNode", L_CLASS }, { "FunctionNode", L_CLASS },
  { "BytesNode", L_BYTES }, { "BytearrayNode", L_BYTES }, { "SliceNode", L_SLICE }, { "DTypeNode", L_DTYPE }, { "SetNode", L_SET },
  { "DefaultDictNode", L_DEFAULT }, { "RandomStateNode", L_NAME }, { "RandomGeneratorNode", L_NAME }, { "MaskedArrayNode", L_NAME },
  { "PartialNode", L_PARTIAL }, { "MethodNode", L_NAME }, { "OperatorFuncNode", L_NAME }, { "ConstructorFromReduceNode", L_NAME },
  { "SparseMatrixNode", L_NAME }, { "SGDNode", L_OBJECT }, { "_DictWithDeprecatedKeysNode", L_DEFAULT }, { "QuantileForestNode", L_NAME },
};

static int loaded(const struct reader *r, enum loader is, const struct pk *n, unsigned depth, struct pk **out)
{
  switch (is) {
  case L_DICT: return dict_node(r, n, depth, out);
  case L_DEFAULT: return default_node(r, n, depth, out);
  case L_LIST: return list_node(r, n, PK_LIST, depth, out);
  case L_TUPLE: return list_node(r, n, PK_TUPLE, depth, out);
  case L_SET: return list_node(r, n, PK_SET, depth, out);
  case L_JSON: return json_node(r, n, out);
  case L_ARRAY: return array_node(r, n, depth, out);
  case L_DTYPE: return type_node(r, n, depth, out);
  case L_BYTES: return bytes_node(r, n, out);
  case L_CLASS: return class_node(r, n, out);
  case L_SLICE: return slice_node(r, n, out);
  case L_PARTIAL: return partial_node(r, n, depth, out);
  default: return object_node(r, n, depth, is == L_OBJECT, out);
  }
}

static int node(const struct reader *r, const struct pk *n, unsigned depth, struct pk **out)
{
  struct sl_str loader = pk_text(n && n->kind == PK_DICT ? pk_get(n, "__loader__") : NULL);
  if (depth >= NODE_DEPTH)
    return bad(r, SL_ELIMIT, "nested too deep", SL_STR_NONE);
  for (size_t i = 0; loader.n && i < sizeof loaders / sizeof loaders[0]; i++)
    if (sl_str_eqz(loader, loaders[i].name))
      return loaded(r, loaders[i].is, n, depth + 1, out);
  return loader.n ? bad(r, SL_EUNSUP, "a kind of node that is not known: ", loader) : bad(r, SL_EPARSE, "no node", SL_STR_NONE);
}

static int read_root(struct reader *r, size_t nparts)
{
  struct pk *json = NULL;
  int64_t protocol;
  size_t at;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < nparts; i++)
    rc = sl_map_find(&r->names, r->part[i].name, &at) ? bad(r, SL_EPARSE, "the archive has two members ", r->part[i].name)
                                                      : sl_map_put(&r->names, r->part[i].name, i, NULL, r->err);
  if (!rc && !sl_map_find(&r->names, SL_STR("schema.json"), &at))
    rc = sl_err_set(r->err, SL_EUNSUP, "%s is a zip archive without schema.json: no skops file", r->d->file);
  if (!rc)
    rc = parse(r, r->part[at].bytes, &json);
  if (!rc && (!pk_i64(pk_get(json, "protocol"), &protocol) || protocol < 0))
    rc = bad(r, SL_EPARSE, "no protocol", SL_STR_NONE);
  if (!rc && protocol > SKOPS_PROTOCOL_MAX)
    rc = bad(r, SL_EUNSUP, "a protocol of skops that is newer than what is known here", SL_STR_NONE);
  return rc ? rc : node(r, json, 0, &r->d->root);
}

int sl_skops_read(struct pk_doc *out, const struct sl_model_part *part, size_t n, const char *file, struct sl_err *err)
{
  struct sl_err own = { 0 };
  *out = (struct pk_doc){ .file = file };
  sl_arena_init(&out->arena, PK_MEMORY_MAX);
  struct reader r = { .d = out, .part = part, .err = &own };
  sl_map_init(&r.names);
  int rc = n > SKOPS_PARTS_MAX ? sl_err_set(&own, SL_ELIMIT, "%s: more than %d members", file, SKOPS_PARTS_MAX) : read_root(&r, n);
  sl_map_free(&r.names);
  if (rc) {
    if (err)
      *err = own;
    pk_doc_free(out);
  }
  return rc;
}
