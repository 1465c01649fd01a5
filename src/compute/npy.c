/* compute/npy.c: values out of numpy's arrays: any byte order, any alignment, rows or columns first. */
#include "compute/npy.h"

#include <math.h>
#include <string.h>

bool npy_is_number(const struct npy_type *t)
{
  switch (t->kind) {
  case 'b': return t->size == 1;
  case 'i':
  case 'u': return t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8;
  case 'f': return t->size == 2 || t->size == 4 || t->size == 8;
  default: return false;
  }
}

static bool known(const struct npy_type *t)
{
  return npy_is_number(t) || (t->kind == 'U' && t->size % 4 == 0) || t->kind == 'S' || t->kind == 'O' || t->kind == 'V';
}

bool npy_type_parse(struct npy_type *out, struct sl_str s)
{
  uint64_t n = 0;
  *out = (struct npy_type){ .kind = 0 };
  if (s.n && strchr("<>|=", s.p[0]) && s.p[0]) {
    out->big = s.p[0] == '>';
    s = sl_str_from(s, 1);
  }
  if (!s.n)
    return false;
  out->kind = s.p[0] == '?' ? 'b' : s.p[0];
  struct sl_str digits = sl_str_from(s, 1);
  if (s.p[0] == '?')
    n = 1;
  else if (out->kind == 'O')
    n = 8;
  else if (!digits.n || digits.p[0] < '0' || digits.p[0] > '9' || !sl_str_u64(digits, &n))
    return false;
  n = out->kind == 'U' ? n * 4 : n;
  out->size = (size_t)n;
  return n <= NPY_SIZE_MAX && known(out);
}

bool npy_count(struct npy *a, size_t max)
{
  a->n = 1;
  size_t most = a->type.size ? max / a->type.size : max;
  for (unsigned d = 0; d < a->dims; d++) /* an empty one may stand behind large ones */
    if (!a->shape[d])
      a->n = 0;
  for (unsigned d = 0; a->n && d < a->dims; d++) {
    if (a->shape[d] > most / a->n)
      return false;
    a->n *= a->shape[d];
  }
  return true;
}

size_t npy_at(const struct npy *a, size_t i)
{
  if (!a->fortran || a->dims < 2)
    return i * a->type.size;
  size_t index[NPY_DIMS], at = 0;
  for (unsigned d = a->dims; d-- > 0; i /= a->shape[d])
    index[d] = i % a->shape[d];
  for (unsigned d = a->dims; d-- > 0;)
    at = at * a->shape[d] + index[d];
  return at * a->type.size;
}

static uint64_t bits(const struct npy_type *t, const char *p)
{
  uint64_t v = 0;
  for (size_t i = 0; i < t->size && i < 8; i++)
    v |= (uint64_t)(unsigned char)p[t->big ? t->size - 1 - i : i] << (8 * i);
  return v;
}

static double half(uint64_t b)
{
  int e = (int)(b >> 10 & 31);
  double m = (double)(b & 1023), v = e == 31 ? (m > 0 ? (double)NAN : (double)INFINITY) : e ? ldexp(m + 1024, e - 25) : ldexp(m, -24);
  return b >> 15 ? -v : v;
}

static int64_t whole(const struct npy_type *t, const char *p)
{
  uint64_t b = bits(t, p);
  unsigned shift = 64 - 8 * (unsigned)t->size;
  return t->kind == 'i' ? (int64_t)(b << shift) >> shift : (int64_t)b;
}

static double number(const struct npy_type *t, const char *p)
{
  if (!npy_is_number(t))
    return (double)NAN;
  uint64_t b = bits(t, p);
  if (t->kind == 'u' || t->kind == 'b')
    return (double)b;
  if (t->kind == 'i')
    return (double)whole(t, p);
  if (t->size == 2)
    return half(b);
  if (t->size == 4) {
    uint32_t small = (uint32_t)b;
    float f;
    memcpy(&f, &small, sizeof f);
    return (double)f;
  }
  double v;
  memcpy(&v, &b, sizeof v);
  return v;
}

/* Floats, too, where they are whole: an index may have been stored as one. */
static int64_t integer(const struct npy_type *t, const char *p)
{
  if (!npy_is_number(t))
    return 0;
  if (t->kind != 'f')
    return whole(t, p);
  double v = number(t, p);
  return fabs(v) < 9e18 ? (int64_t)v : 0;
}

double npy_f64(const struct npy *a, size_t i) { return number(&a->type, a->raw.p + npy_at(a, i)); }
int64_t npy_i64(const struct npy *a, size_t i) { return integer(&a->type, a->raw.p + npy_at(a, i)); }

const struct npy_field *npy_field(const struct npy_type *t, const char *name)
{
  for (size_t i = 0; i < t->nfields; i++)
    if (sl_str_eqz(t->fields[i].name, name))
      return &t->fields[i];
  return NULL;
}

double npy_field_f64(const struct npy *a, const struct npy_field *f, size_t i) { return number(&f->type, a->raw.p + npy_at(a, i) + f->at); }
int64_t npy_field_i64(const struct npy *a, const struct npy_field *f, size_t i) { return integer(&f->type, a->raw.p + npy_at(a,
    i) + f->at); }

static size_t put_utf8(char *to, uint32_t c)
{
  if (c < 0x80) {
    to[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    to[0] = (char)(0xc0 | c >> 6);
    to[1] = (char)(0x80 | (c & 63));
    return 2;
  }
  if (c < 0x10000) {
    to[0] = (char)(0xe0 | c >> 12);
    to[1] = (char)(0x80 | (c >> 6 & 63));
    to[2] = (char)(0x80 | (c & 63));
    return 3;
  }
  to[0] = (char)(0xf0 | c >> 18);
  to[1] = (char)(0x80 | (c >> 12 & 63));
  to[2] = (char)(0x80 | (c >> 6 & 63));
  to[3] = (char)(0x80 | (c & 63));
  return 4;
}

int npy_text(const struct npy *a, size_t i, struct sl_arena *arena, struct sl_str *out, struct sl_err *err)
{
  const char *p = a->raw.p + npy_at(a, i);
  const struct npy_type one = { .kind = 'u', .size = 4, .big = a->type.big };
  size_t n = a->type.kind == 'U' ? a->type.size / 4 : a->type.size, k = 0;
  char *to = sl_arena_alloc(arena, a->type.size + 1);
  if (!to)
    return sl_err_nomem(err);
  for (size_t c = 0; c < n; c++) {
    uint32_t u = a->type.kind == 'U' ? (uint32_t)bits(&one, p + 4 * c) : (unsigned char)p[c];
    if (u > 0x10ffff || (u >= 0xd800 && u < 0xe000))
      return sl_err_set(err, SL_EPARSE, "a text in an array holds what is no character");
    if (a->type.kind == 'U')
      k += put_utf8(to + k, u);
    else
      to[k++] = (char)u;
  }
  while (k && !to[k - 1])
    k--;
  *out = sl_strn(to, k);
  return SL_OK;
}
