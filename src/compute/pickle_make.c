/* compute/pickle_make.c: what REDUCE, NEWOBJ and BUILD may stand for. Two tables and nothing else.
 *
 * `makers`: numpy's arrays, types and scalars and Python's own containers, which become values here. `families`: classes that become a
 * record of their name, what they were made with and their state; what such a record means, and whether it means anything, is for its
 * reader to say. Whatever is in neither is refused by its name. No entry calls anything that the file chose. */
#include "compute/pickle_int.h"

enum { INNER_NAME = 80 };
typedef int make_fn(struct pk_vm *vm, const struct pk *args, struct pk **out);

static int fresh(struct pk_vm *vm, enum pk_kind kind, struct pk **out)
{
  *out = pk_new(vm->d, kind, vm->err);
  return *out ? SL_OK : vm->err->code;
}

static const struct pk *arg(const struct pk *args, size_t i) { return args->kind == PK_TUPLE ? pk_item(args, i) : NULL; }

/* ---- numpy ---- */

static int new_array(struct pk_vm *vm, struct pk **out)
{
  int rc = fresh(vm, PK_ARRAY, out);
  if (!rc && !((*out)->u.a = sl_arena_alloc(&vm->d->arena, sizeof *(*out)->u.a)))
    rc = pk_no_room(vm->d, vm->err);
  if (!rc)
    (*out)->u.a->a = (struct npy){ .type = { .kind = 'V' }, .dims = 1, .raw = SL_STR("") };
  return rc;
}

/* _reconstruct(ndarray, (0,), b'b'): empty until its state comes. */
static int make_empty(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  const struct pk *cls = arg(args, 0);
  if (!cls || cls->kind != PK_CLASS || !pk_is_class(cls, "numpy.ndarray"))
    return pk_bad(vm, SL_EUNSUP, "an array of a class of its own");
  return new_array(vm, out);
}

static int take_shape(struct pk_vm *vm, const struct pk *shape, struct npy *a)
{
  if (!shape || shape->kind != PK_TUPLE || pk_count(shape) > NPY_DIMS)
    return pk_bad(vm, SL_EPARSE, "an array without a shape");
  a->dims = (unsigned)pk_count(shape);
  for (unsigned i = 0; i < a->dims; i++) {
    int64_t n;
    if (!pk_i64(pk_item(shape, i), &n) || n < 0)
      return pk_bad(vm, SL_EPARSE, "an array of a shape that is none");
    a->shape[i] = (size_t)n;
  }
  return SL_OK;
}

static int bad_bytes(struct pk_vm *vm) { return pk_bad(vm, SL_EPARSE, "an array's shape is not what it holds"); }

static int take_bytes(struct pk_vm *vm, struct npy *a, struct sl_str raw)
{
  if (!npy_count(a, raw.n) || a->n * a->type.size != raw.n)
    return bad_bytes(vm);
  a->raw = raw;
  return SL_OK;
}

static int take_objects(struct pk_vm *vm, struct pk_array *a, const struct pk *list)
{
  if (!list || list->kind != PK_LIST || !npy_count(&a->a, SIZE_MAX) || a->a.n != list->u.list.n)
    return bad_bytes(vm);
  a->objects = list->u.list;
  a->objects.cap = a->objects.n;
  return SL_OK;
}

/* (version, shape, type, columns first, bytes or objects) */
static int build_array(struct pk_vm *vm, struct pk *target, const struct pk *state)
{
  size_t n = pk_count(state), at = n == 5;
  const struct pk *type = arg(state, at + 1), *data = arg(state, at + 3);
  struct pk_array *a = target->u.a;
  if (a->a.type.kind != 'V' || a->a.raw.n || a->objects.n)
    return pk_bad(vm, SL_EPARSE, "an array is filled twice");
  if ((n != 4 && n != 5) || !type || type->kind != PK_TYPE || !data)
    return pk_bad(vm, SL_EPARSE, "an array's state is none");
  a->a.type = type->u.type;
  a->a.fortran = pk_true(arg(state, at + 2));
  int rc = take_shape(vm, arg(state, at), &a->a);
  if (!rc && a->a.type.kind == 'O')
    rc = take_objects(vm, a, data);
  else if (!rc)
    rc = data->kind == PK_BYTES ? take_bytes(vm, &a->a, data->u.s) : bad_bytes(vm);
  if (rc)
    a->a = (struct npy){ .type = { .kind = 'V' } };
  return rc;
}

/* _frombuffer(bytes, type, shape, order[, axes]): protocol 5's arrays. */
static int make_frombuffer(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  const struct pk *data = arg(args, 0), *type = arg(args, 1);
  struct sl_str order = pk_text(arg(args, 3));
  bool rows = sl_str_eqz(order, "C"), columns = sl_str_eqz(order, "F");
  if (!data || data->kind != PK_BYTES || !type || type->kind != PK_TYPE || type->u.type.kind == 'O' || (!rows && !columns))
    return pk_bad(vm, SL_EUNSUP, "an array in an order that is neither rows nor columns first");
  int rc = new_array(vm, out);
  if (rc)
    return rc;
  (*out)->u.a->a.type = type->u.type;
  (*out)->u.a->a.fortran = columns;
  rc = take_shape(vm, arg(args, 2), &(*out)->u.a->a);
  return rc ? rc : take_bytes(vm, &(*out)->u.a->a, data->u.s);
}

static int make_type(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  struct sl_str s = pk_text(arg(args, 0));
  int rc = fresh(vm, PK_TYPE, out);
  if (!rc && !npy_type_parse(&(*out)->u.type, s))
    rc = pk_bad(vm, SL_EUNSUP, "numbers of type %.*s", SL_ARG(sl_str_head(s, 20)));
  return rc;
}

static int add_field(struct pk_vm *vm, struct npy_type *t, const struct pk *name, const struct pk *how)
{
  int64_t at;
  const struct pk *type = how && how->kind == PK_TUPLE ? pk_item(how, 0) : NULL;
  if (!type || type->kind != PK_TYPE || !pk_i64(pk_item(how, 1), &at) || at < 0 || !pk_text(name).p)
    return pk_bad(vm, SL_EPARSE, "a record's field that is none");
  struct npy_field *f = &t->fields[t->nfields++];
  *f = (struct npy_field){ .name = pk_text(name), .type = type->u.type, .at = (size_t)at };
  f->type.fields = NULL;
  f->type.nfields = 0;
  return f->at > t->size || f->type.size > t->size - f->at ? pk_bad(vm, SL_EPARSE, "a record's field lies outside it") : SL_OK;
}

static int add_fields(struct pk_vm *vm, struct npy_type *t, const struct pk *names, const struct pk *fields)
{
  if (names->kind != PK_TUPLE || pk_count(names) > NPY_FIELDS_MAX || !fields || fields->kind != PK_DICT)
    return pk_bad(vm, SL_EPARSE, "a record without fields");
  t->fields = sl_arena_alloc(&vm->d->arena, NPY_FIELDS_MAX * sizeof *t->fields);
  int rc = t->fields ? SL_OK : pk_no_room(vm->d, vm->err);
  for (size_t i = 0; !rc && i < pk_count(names); i++) {
    char name[INNER_NAME];
    struct sl_str s = pk_text(pk_item(names, i));
    if (!s.p || s.n >= sizeof name || memchr(s.p, 0, s.n))
      return pk_bad(vm, SL_EPARSE, "a record's field without a name");
    memcpy(name, s.p, s.n);
    name[s.n] = 0;
    rc = add_field(vm, t, pk_item(names, i), pk_get(fields, name));
  }
  return rc;
}

/* (version, byte order, type within, names, fields, size, alignment, flags[, ...]) */
static int build_type(struct pk_vm *vm, struct pk *target, const struct pk *state)
{
  struct npy_type t = target->u.type;
  struct sl_str order = pk_text(arg(state, 1));
  int64_t size = -1;
  if (pk_count(state) < 7 || !order.n || !pk_none(arg(state, 2)) || t.fields)
    return pk_bad(vm, SL_EUNSUP, "a type of several values");
  t.big = order.p[0] == '>';
  if (strchr("USV", t.kind) && t.kind && pk_i64(arg(state, 5), &size) && size >= 0 && size <= NPY_SIZE_MAX)
    t.size = (size_t)size;
  const struct pk *names = arg(state, 3);
  int rc = pk_none(names) ? SL_OK : t.kind == 'V' ? add_fields(vm, &t, names, arg(state, 4)) : pk_bad(vm, SL_EPARSE, "fields of a number");
  if (!rc)
    target->u.type = t;
  return rc;
}

static int make_scalar(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  const struct pk *type = arg(args, 0), *data = arg(args, 1);
  if (!type || type->kind != PK_TYPE || !data)
    return pk_bad(vm, SL_EPARSE, "a single value without a type");
  if (type->u.type.kind == 'O') {
    *out = args->u.list.at[1];
    return SL_OK;
  }
  const struct npy a = { .type = type->u.type, .n = 1, .raw = data->kind == PK_BYTES ? data->u.s : SL_STR_NONE };
  return a.raw.p && a.raw.n == a.type.size ? pk_scalar(vm->d, &a, out, vm->err) : pk_bad(vm, SL_EPARSE,
      "a single value of another size than its type");
}

/* ---- Python's own ---- */

/* encode(text, "latin1"): how protocols before 3 write bytes. */
static int make_encoded(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  struct sl_str s = pk_text(arg(args, 0)), how = pk_text(arg(args, 1));
  if (!s.p || (!sl_str_eqz(how, "latin1") && !sl_str_eqz(how, "latin-1")))
    return pk_bad(vm, SL_EUNSUP, "a text in an encoding other than Latin-1");
  char *to = sl_arena_alloc(&vm->d->arena, s.n + 1);
  size_t n = 0;
  if (!to)
    return pk_no_room(vm->d, vm->err);
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
    bool two = (c == 0xc2 || c == 0xc3) && (next & 0xc0) == 0x80;
    if (c >= 0x80 && !two)
      return pk_bad(vm, SL_EPARSE, "a text that is not Latin-1");
    to[n++] = (char)(two ? (c & 3) << 6 | (next & 63) : c);
    i += two;
  }
  int rc = fresh(vm, PK_BYTES, out);
  if (!rc)
    (*out)->u.s = sl_strn(to, n);
  return rc;
}

/* bytearray(), of bytes, of a text in Latin-1. */
static int make_bytes(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  if (pk_count(args) == 2)
    return make_encoded(vm, args, out);
  const struct pk *from = arg(args, 0);
  if (pk_count(args) > 1 || (from && from->kind != PK_BYTES))
    return pk_bad(vm, SL_EUNSUP, "bytes that are made of something else");
  int rc = fresh(vm, PK_BYTES, out);
  if (!rc)
    (*out)->u.s = from ? from->u.s : SL_STR("");
  return rc;
}

static int make_of(struct pk_vm *vm, enum pk_kind kind, const struct pk *args, struct pk **out)
{
  const struct pk *from = arg(args, 0);
  if (pk_count(args) > 1 || (from && from->kind != PK_LIST && from->kind != PK_TUPLE && from->kind != PK_SET))
    return pk_bad(vm, SL_EUNSUP, "a container that is made of something else");
  int rc = fresh(vm, kind, out);
  for (size_t i = 0; !rc && i < pk_count(from); i++)
    rc = pk_push(vm->d, &(*out)->u.list, from->u.list.at[i], vm->err);
  return rc;
}

static int make_list(struct pk_vm *vm, const struct pk *args, struct pk **out) { return make_of(vm, PK_LIST, args, out); }
static int make_tuple(struct pk_vm *vm, const struct pk *args, struct pk **out) { return make_of(vm, PK_TUPLE, args, out); }
static int make_set(struct pk_vm *vm, const struct pk *args, struct pk **out) { return make_of(vm, PK_SET, args, out); }

/* OrderedDict() or OrderedDict([[key, value], ...]); defaultdict(what is made by default). */
static int make_dict(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  const struct pk *from = arg(args, 0);
  int rc = fresh(vm, PK_DICT, out);
  if (rc || !from || from->kind == PK_CLASS || from->kind == PK_NONE)
    return rc;
  if (from->kind != PK_LIST || pk_count(args) > 1)
    return pk_bad(vm, SL_EUNSUP, "a dictionary that is made of something else");
  for (size_t i = 0; !rc && i < pk_count(from); i++) {
    const struct pk *pair = pk_item(from, i);
    if ((pair->kind != PK_LIST && pair->kind != PK_TUPLE) || pk_count(pair) != 2)
      return pk_bad(vm, SL_EPARSE, "a dictionary that is not made of pairs");
    rc = pk_push(vm->d, &(*out)->u.list, pair->u.list.at[0], vm->err);
    if (!rc)
      rc = pk_push(vm->d, &(*out)->u.list, pair->u.list.at[1], vm->err);
  }
  return rc;
}

/* copyreg's (class, base, its value) and (class, ...): an instance, the long way round. */
static int make_instance(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  struct pk *cls = args->kind == PK_TUPLE && args->u.list.n ? args->u.list.at[0] : NULL, *none;
  const struct pk *held = arg(args, 2);
  if (!cls)
    return pk_bad(vm, SL_EPARSE, "an object without a class");
  int rc = fresh(vm, PK_TUPLE, &none);
  if (!rc)
    rc = pk_instance(vm, cls, none, out);
  if (!rc && (*out)->kind == PK_OBJECT && held && held->kind == PK_DICT) {
    (*out)->u.o.items = held->u.list;
    (*out)->u.o.items.cap = held->u.list.n;
  }
  return rc;
}

static int make_new(struct pk_vm *vm, const struct pk *args, struct pk **out)
{
  struct pk *rest;
  int rc = args->kind == PK_TUPLE && args->u.list.n ? fresh(vm, PK_TUPLE, &rest) : pk_bad(vm, SL_EPARSE, "an object without a class");
  for (size_t i = 1; !rc && i < args->u.list.n; i++)
    rc = pk_push(vm->d, &rest->u.list, args->u.list.at[i], vm->err);
  return rc ? rc : pk_instance(vm, args->u.list.at[0], rest, out);
}

/* ---- the tables ---- */

static const struct { const char *name; make_fn *make; } makers[] = {
  { "numpy._core.multiarray._reconstruct", make_empty }, { "numpy.core.multiarray._reconstruct", make_empty },
  { "numpy._core.multiarray.scalar", make_scalar }, { "numpy.core.multiarray.scalar", make_scalar },
  { "numpy._core.numeric._frombuffer", make_frombuffer }, { "numpy.core.numeric._frombuffer", make_frombuffer },
  { "numpy.dtype", make_type }, { "_codecs.encode", make_encoded },
  { "builtins.bytearray", make_bytes }, { "__builtin__.bytearray", make_bytes }, { "builtins.bytes", make_bytes },
  { "__builtin__.bytes", make_bytes }, { "builtins.list", make_list }, { "__builtin__.list", make_list },
  { "builtins.tuple", make_tuple }, { "__builtin__.tuple", make_tuple }, { "builtins.set", make_set }, { "__builtin__.set", make_set },
  { "builtins.frozenset", make_set }, { "__builtin__.frozenset", make_set }, { "builtins.dict", make_dict },
  { "__builtin__.dict", make_dict }, { "collections.OrderedDict", make_dict }, { "collections.defaultdict", make_dict },
  { "copyreg._reconstructor", make_instance }, { "copy_reg._reconstructor", make_instance }, { "copyreg.__newobj__", make_new },
  { "copy_reg.__newobj__", make_new },
};
/* A dot at the end: everything below; else the one name. (_loss: what scikit-learn 1.4 and 1.5 call their own module of that name.) */
static const char *const families[] = { "sklearn.", "_loss.", "xgboost.", "lightgbm.", "numpy.random.", "numpy.ma.", "scipy.sparse.",
    "scipy.stats.",
  "functools.partial",
  "builtins.slice", "__builtin__.slice", "joblib.numpy_pickle.NumpyArrayWrapper" };

static bool is_family(const char *name)
{
  for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
    size_t n = strlen(families[i]);
    if (families[i][n - 1] == '.' ? !strncmp(name, families[i], n) : !strcmp(name, families[i]))
      return true;
  }
  return false;
}

int pk_instance(struct pk_vm *vm, struct pk *cls, struct pk *args, struct pk **out)
{
  char name[2 * PK_NAME_MAX + 2];
  if (cls->kind != PK_CLASS || args->kind != PK_TUPLE)
    return pk_bad(vm, SL_EPARSE, "makes an object of what is no class");
  if (!is_family(pk_class_name(cls, name, sizeof name)))
    return pk_bad(vm, SL_EUNSUP, "holds %.150s, which only Python can make", name);
  int rc = fresh(vm, PK_OBJECT, out);
  if (!rc)
    (*out)->u.o = (struct pk_record){ .cls = cls, .args = args };
  return rc;
}

int pk_make(struct pk_vm *vm, struct pk *callable, struct pk *args, struct pk **out)
{
  char name[2 * PK_NAME_MAX + 2];
  if (callable->kind != PK_CLASS || args->kind != PK_TUPLE)
    return pk_bad(vm, SL_EUNSUP, "would call what is no name of a known constructor");
  pk_class_name(callable, name, sizeof name);
  for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
    if (!strcmp(makers[i].name, name))
      return makers[i].make(vm, args, out);
  if (!is_family(name))
    return pk_bad(vm, SL_EUNSUP, "would call %.150s, which is no constructor that is known here", name);
  return pk_instance(vm, callable, args, out);
}

/* ---- joblib: the values follow the record that describes them ---- */

static int joblib_bytes(struct pk_vm *vm, struct pk_array *a, bool aligned)
{
  if (aligned) {
    struct sl_str pad = pk_take(vm, 1);
    if (!pad.p || !pk_take(vm, (unsigned char)pad.p[0]).p)
      return SL_EPARSE;
  }
  size_t left = (size_t)(vm->end - vm->p);
  if (!npy_count(&a->a, left) || a->a.n * a->a.type.size > left)
    return pk_bad(vm, SL_EPARSE, "the file ends in the middle of an array");
  a->a.raw = pk_take(vm, a->a.n * a->a.type.size);
  return SL_OK;
}

static int joblib_array(struct pk_vm *vm, struct pk *target, struct pk *state)
{
  const struct pk *type = pk_get(state, "dtype"), *cls = pk_get(state, "subclass");
  struct sl_str order = pk_text(pk_get(state, "order"));
  struct pk *made = NULL;
  if (!type || type->kind != PK_TYPE || !cls || !pk_is_class(cls, "numpy.ndarray") || (!sl_str_eqz(order, "C") && !sl_str_eqz(order, "F")))
    return pk_bad(vm, SL_EUNSUP, "an array of a class of its own");
  int rc = type->u.type.kind == 'O' ? pk_run(vm, &made) : new_array(vm, &made);
  if (rc)
    return rc;
  if (type->u.type.kind != 'O') {
    made->u.a->a.type = type->u.type;
    made->u.a->a.fortran = order.p[0] == 'F';
    rc = take_shape(vm, pk_get(state, "shape"), &made->u.a->a);
    if (!rc)
      rc = joblib_bytes(vm, made->u.a, !pk_none(pk_get(state, "numpy_array_alignment_bytes")));
  } else if (made->kind != PK_ARRAY) {
    rc = pk_bad(vm, SL_EPARSE, "no array where one was said to follow");
  }
  if (!rc)
    *target = *made;
  return rc;
}

int pk_build(struct pk_vm *vm, struct pk *target, struct pk *state)
{
  if (target->kind == PK_ARRAY)
    return state->kind == PK_TUPLE ? build_array(vm, target, state) : bad_bytes(vm);
  if (target->kind == PK_TYPE)
    return state->kind == PK_TUPLE ? build_type(vm, target, state) : pk_bad(vm, SL_EPARSE, "a type's state is none");
  if (target->kind != PK_OBJECT || target->u.o.state)
    return pk_bad(vm, SL_EUNSUP, "gives a state to what has none, or twice");
  if (pk_is_class(target, "joblib.numpy_pickle.NumpyArrayWrapper"))
    return joblib_array(vm, target, state);
  target->u.o.state = state;
  return SL_OK;
}
