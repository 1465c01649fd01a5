/* compute/pickle.c: the values that pickles and skops files are read into: made in one arena, asked without a cast. */
#include "compute/pickle.h"

#include <math.h>
#include <stdio.h>

void pk_doc_free(struct pk_doc *d)
{
  sl_arena_free(&d->arena);
  d->root = NULL;
}

int pk_no_room(const struct pk_doc *d, struct sl_err *err)
{
  return d->arena.cap - d->arena.used < (1 << 20) ? sl_err_set(err, SL_ELIMIT, "%s: needs more than %d MiB", d->file, PK_MEMORY_MAX >> 20)
                                                  : sl_err_nomem(err);
}

struct pk *pk_new(struct pk_doc *d, enum pk_kind kind, struct sl_err *err)
{
  struct pk *v = sl_arena_alloc(&d->arena, sizeof *v);
  if (v)
    v->kind = kind;
  else
    (void)pk_no_room(d, err);
  return v;
}

/* What it grew out of stays in the arena: no more than as much again. */
int pk_push(struct pk_doc *d, struct pk_list *l, struct pk *v, struct sl_err *err)
{
  if (l->n >= PK_ITEMS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: a list of more than %d items", d->file, PK_ITEMS_MAX);
  if (l->n == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 4;
    struct pk **at = sl_arena_alloc(&d->arena, cap * sizeof *at);
    if (!at)
      return pk_no_room(d, err);
    if (l->n)
      memcpy(at, l->at, l->n * sizeof *at);
    l->at = at;
    l->cap = cap;
  }
  l->at[l->n++] = v;
  return SL_OK;
}

/* A value of an unsigned type beyond 63 bits comes out as what the bits say signed: nothing that predicts has one. */
int pk_scalar(struct pk_doc *d, const struct npy *a, struct pk **out, struct sl_err *err)
{
  char k = a->type.kind;
  bool number = npy_is_number(&a->type);
  if (!number && k != 'U' && k != 'S')
    return sl_err_set(err, SL_EUNSUP, "%s: a single value of a type that is none of numbers or texts", d->file);
  struct pk *v = *out = pk_new(d, k == 'b' ? PK_BOOL : k == 'f' ? PK_FLOAT : k == 'U' ? PK_TEXT : k == 'S' ? PK_BYTES : PK_INT, err);
  if (!v)
    return err && err->code ? err->code : SL_ENOMEM;
  if (k == 'f')
    v->u.f = npy_f64(a, 0);
  else if (k == 'U')
    return npy_text(a, 0, &d->arena, &v->u.s, err);
  else if (k == 'S')
    v->u.s = a->raw;
  else
    v->u.i = npy_i64(a, 0);
  return SL_OK;
}

/* ---- asking ---- */

static const struct pk *in_list(const struct pk_list *l, const char *key)
{
  for (size_t i = l->n & ~(size_t)1; i >= 2; i -= 2)
    if (l->at[i - 2]->kind == PK_TEXT && sl_str_eqz(l->at[i - 2]->u.s, key))
      return l->at[i - 1];
  return NULL;
}

/* A state of two is what an object with slots has: (its attributes, its slots). */
const struct pk *pk_get(const struct pk *v, const char *key)
{
  if (v && v->kind == PK_OBJECT) {
    const struct pk *found = v->u.o.items.n ? in_list(&v->u.o.items, key) : NULL;
    v = v->u.o.state;
    if (found)
      return found;
  }
  if (v && v->kind == PK_TUPLE && v->u.list.n == 2)
    v = v->u.list.at[v->u.list.at[0]->kind == PK_NONE];
  return v && v->kind == PK_DICT ? in_list(&v->u.list, key) : NULL;
}

static const struct pk *class_of(const struct pk *v)
{
  return v && v->kind == PK_OBJECT ? v->u.o.cls : v && v->kind == PK_CLASS ? v : NULL;
}

const char *pk_class_name(const struct pk *v, char *to, size_t n)
{
  const struct pk *c = class_of(v);
  *to = 0;
  if (c)
    snprintf(to, n, "%.*s.%.*s", SL_ARG(sl_str_head(c->u.cls.module, PK_NAME_MAX)), SL_ARG(sl_str_head(c->u.cls.name, PK_NAME_MAX)));
  return to;
}

/* Whole: "collections.OrderedDict"; a name alone: whichever module it is in. */
bool pk_is_class(const struct pk *v, const char *name)
{
  const struct pk *c = class_of(v);
  const char *dot = strrchr(name, '.');
  return c && (dot ? sl_str_eq(c->u.cls.module, sl_strn(name, (size_t)(dot - name))) && sl_str_eqz(c->u.cls.name, dot + 1)
                   : sl_str_eqz(c->u.cls.name, name));
}

struct sl_str pk_text(const struct pk *v) { return v && v->kind == PK_TEXT ? v->u.s : SL_STR_NONE; }
bool pk_none(const struct pk *v) { return !v || v->kind == PK_NONE; }
const struct npy *pk_array(const struct pk *v) { return v && v->kind == PK_ARRAY ? &v->u.a->a : NULL; }

bool pk_f64(const struct pk *v, double *out)
{
  const struct npy *a = pk_array(v);
  if (a && a->n == 1 && npy_is_number(&a->type))
    *out = npy_f64(a, 0);
  else if (v && (v->kind == PK_INT || v->kind == PK_BOOL))
    *out = (double)v->u.i;
  else if (v && v->kind == PK_FLOAT)
    *out = v->u.f;
  else
    return false;
  return true;
}

bool pk_i64(const struct pk *v, int64_t *out)
{
  const struct npy *a = pk_array(v);
  double f;
  if (v && (v->kind == PK_INT || v->kind == PK_BOOL)) {
    *out = v->u.i;
    return true;
  }
  if (a && a->n == 1 && npy_is_number(&a->type) && a->type.kind != 'f') {
    *out = npy_i64(a, 0);
    return true;
  }
  if (!pk_f64(v, &f) || floor(f) != f || fabs(f) > 9e15)
    return false;
  *out = (int64_t)f;
  return true;
}

bool pk_true(const struct pk *v)
{
  double f;
  return pk_f64(v, &f) && f != 0;
}

size_t pk_count(const struct pk *v)
{
  switch (v ? v->kind : PK_NONE) {
  case PK_LIST:
  case PK_TUPLE:
  case PK_SET: return v->u.list.n;
  case PK_DICT: return v->u.list.n / 2;
  case PK_ARRAY: return v->u.a->a.n;
  default: return 0;
  }
}

const struct pk *pk_item(const struct pk *v, size_t i)
{
  if (i >= pk_count(v))
    return NULL;
  if (v->kind == PK_ARRAY) { /* objects lie in the order of memory */
    const struct pk_array *a = v->u.a;
    return a->a.type.kind == 'O' && i < a->objects.n ? a->objects.at[npy_at(&a->a, i) / a->a.type.size] : NULL;
  }
  return v->u.list.at[v->kind == PK_DICT ? 2 * i + 1 : i];
}
