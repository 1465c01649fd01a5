/* compute/npy_read.c: the .npy file: a magic, a version, the header as the text of a Python dictionary with three known keys, the values.
 *
 * The header is read by a reader of just that: quoted texts, numbers, tuples and lists; nothing is evaluated. */
#include "compute/npy.h"

#include <string.h>

struct head { const char *from, *p, *end; struct npy *a; struct sl_arena *arena; struct sl_err *err; };

static int bad(const struct head *h, const char *why)
{
  return sl_err_set(h->err, SL_EPARSE, "byte %zu of the array's header: %s", (size_t)(h->p - h->from), why);
}

static void blanks(struct head *h)
{
  while (h->p < h->end && (*h->p == ' ' || *h->p == '\n' || *h->p == '\t' || *h->p == '\r'))
    h->p++;
}

static bool take(struct head *h, char c)
{
  blanks(h);
  if (h->p == h->end || *h->p != c)
    return false;
  h->p++;
  return true;
}

static bool take_word(struct head *h, const char *w)
{
  size_t n = strlen(w);
  blanks(h);
  if ((size_t)(h->end - h->p) < n || memcmp(h->p, w, n) != 0)
    return false;
  h->p += n;
  return true;
}

/* Without escapes: numpy writes none for the types that are known here. */
static bool take_text(struct head *h, struct sl_str *out)
{
  blanks(h);
  if (h->p == h->end || (*h->p != '\'' && *h->p != '"'))
    return false;
  char quote = *h->p++;
  const char *from = h->p;
  while (h->p < h->end && *h->p != quote && *h->p != '\\' && *h->p != '\n')
    h->p++;
  *out = sl_strn(from, (size_t)(h->p - from));
  return take(h, quote);
}

static bool take_size(struct head *h, size_t *out)
{
  blanks(h);
  const char *from = h->p;
  uint64_t v = 0;
  while (h->p < h->end && *h->p >= '0' && *h->p <= '9')
    h->p++;
  if (h->p == from || !sl_str_u64(sl_strn(from, (size_t)(h->p - from)), &v) || v > SIZE_MAX / 2)
    return false;
  take(h, 'L');
  *out = (size_t)v;
  return true;
}

/* Anything that was not taken whole is an object, a date or a record within a record. */
static int read_type(struct head *h, struct npy_type *t)
{
  struct sl_str s;
  if (!take_text(h, &s))
    return bad(h, "a type that is no plain one");
  if (!npy_type_parse(t, s))
    return sl_err_set(h->err, SL_EUNSUP, "an array of type %.*s: not read", SL_ARG(sl_str_head(s, 40)));
  return t->kind == 'O' ? sl_err_set(h->err, SL_EUNSUP, "an array of objects: that is a pickle, and not read from an .npy file") : SL_OK;
}

static int read_field(struct head *h, struct npy_type *t, struct npy_field *f)
{
  if (!take(h, '(') || !take_text(h, &f->name) || !take(h, ','))
    return bad(h, "no field");
  f->at = t->size;
  int rc = read_type(h, &f->type);
  if (rc)
    return rc;
  t->size += f->type.size;
  take(h, ',');
  return !take(h, ')') ? bad(h, "a field of several values") : t->size > NPY_SIZE_MAX ? bad(h, "a record is too large") : SL_OK;
}

static int read_record(struct head *h, struct npy_type *t)
{
  *t = (struct npy_type){ .kind = 'V' };
  t->fields = sl_arena_alloc(h->arena, NPY_FIELDS_MAX * sizeof *t->fields);
  if (!t->fields)
    return sl_err_nomem(h->err);
  while (!take(h, ']')) {
    if (t->nfields == NPY_FIELDS_MAX)
      return bad(h, "too many fields");
    int rc = read_field(h, t, &t->fields[t->nfields++]);
    if (rc)
      return rc;
    take(h, ',');
  }
  return t->nfields ? SL_OK : bad(h, "a record without fields");
}

static int read_shape(struct head *h)
{
  if (!take(h, '('))
    return bad(h, "no shape");
  while (!take(h, ')')) {
    if (h->a->dims == NPY_DIMS)
      return bad(h, "too many dimensions");
    if (!take_size(h, &h->a->shape[h->a->dims++]))
      return bad(h, "no dimension");
    take(h, ',');
  }
  return SL_OK;
}

static int read_keys(struct head *h)
{
  unsigned seen = 0;
  if (!take(h, '{'))
    return bad(h, "no dictionary");
  while (!take(h, '}')) {
    struct sl_str key;
    if (!take_text(h, &key) || !take(h, ':'))
      return bad(h, "no key");
    unsigned bit = sl_str_eqz(key, "descr") ? 1 : sl_str_eqz(key, "fortran_order") ? 2 : sl_str_eqz(key, "shape") ? 4 : 0;
    int rc = SL_OK;
    if (!bit || seen & bit)
      return bad(h, "an unknown key, or one twice");
    if (bit == 1)
      rc = take(h, '[') ? read_record(h, &h->a->type) : read_type(h, &h->a->type);
    else if (bit == 2 && !(h->a->fortran = take_word(h, "True")) && !take_word(h, "False"))
      rc = bad(h, "neither True nor False");
    else if (bit == 4)
      rc = read_shape(h);
    if (rc)
      return rc;
    seen |= bit;
    take(h, ',');
  }
  blanks(h);
  return seen != 7 ? bad(h, "a key is missing") : h->p != h->end ? bad(h, "more follows the dictionary") : SL_OK;
}

int npy_read(struct npy *out, struct sl_str bytes, struct sl_arena *arena, struct sl_err *err)
{
  *out = (struct npy){ .n = 0 };
  if (bytes.n < 12 || memcmp(bytes.p, "\223NUMPY", 6) != 0)
    return sl_err_set(err, SL_EPARSE, "no array: it does not begin as one");
  unsigned version = (unsigned char)bytes.p[6];
  size_t wide = version == 1 ? 2 : 4, n = 0, at = 8 + wide;
  if (version < 1 || version > 3 || bytes.p[7])
    return sl_err_set(err, SL_EUNSUP, "an array in version %u of its format", version);
  for (size_t i = 0; i < wide; i++)
    n |= (size_t)(unsigned char)bytes.p[8 + i] << (8 * i);
  if (n > NPY_HEADER_MAX || n > bytes.n - at)
    return sl_err_set(err, SL_EPARSE, "the array's header is longer than the file");
  struct head h = { .from = bytes.p, .p = bytes.p + at, .end = bytes.p + at + n, .a = out, .arena = arena, .err = err };
  int rc = read_keys(&h);
  if (rc)
    return rc;
  out->raw = sl_str_from(bytes, at + n);
  if (!npy_count(out, out->raw.n) || out->n * out->type.size != out->raw.n)
    return sl_err_set(err, SL_EPARSE, "the array's shape is not what follows it: %zu bytes", out->raw.n);
  return SL_OK;
}
