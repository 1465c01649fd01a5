/* compute/mxnet_read.c: MXNet's file of arrays; every length is checked against what is left before anything is taken. */
#include <math.h>

#include "base/buf.h"
#include "compute/mxnet.h"

enum { LIST = 0x112, NUMPY_SHAPE = 2 };
#define MAGIC_V1 0xf993fac8u

struct reader { struct sl_rd r; struct sl_str all; const char *file; struct sl_err *err; struct sl_arena *arena; };

static const unsigned char width[] = { [MX_F32] = 4, [MX_F64] = 8, [MX_F16] = 2, [MX_U8] = 1, [MX_I32] = 4, [MX_I8] = 1, [MX_I64] = 8 };

static int bad(struct reader *x, int code, const char *why)
{
  size_t at = (size_t)((const char *)x->r.p - x->all.p);
  return sl_err_set(x->err, code, "%s: byte %zu: %s", x->file, at, why);
}

static size_t left(const struct reader *x) { return (size_t)(x->r.end - x->r.p); }

bool mx_is(struct sl_str s)
{
  return s.n >= 16 && !memcmp(s.p, "\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static int shape(struct reader *x, struct mx_array *a, uint64_t dims, unsigned wide)
{
  if (dims > MX_DIMS)
    return bad(x, SL_EUNSUP, "an array of more than 4 dimensions");
  a->dims = (unsigned)dims;
  a->n = 1;
  for (unsigned i = 0; i < a->dims; i++) {
    uint64_t size = sl_rd_le(&x->r, wide);
    if (x->r.bad || size > x->all.n)
      return bad(x, SL_EPARSE, "a dimension that is larger than the file");
    a->shape[i] = (size_t)size;
    if (size && a->n > x->all.n / size)
      return bad(x, SL_EPARSE, "more values than the file has bytes");
    a->n *= (size_t)size;
  }
  return SL_OK;
}

static int values(struct reader *x, struct mx_array *a)
{
  (void)sl_rd_le(&x->r, 8); /* on which device it lay */
  uint64_t type = sl_rd_le(&x->r, 4);
  if (x->r.bad)
    return bad(x, SL_EPARSE, "the file ends in an array");
  if (type >= sizeof width)
    return bad(x, SL_EUNSUP, "values of a type that is not read here");
  a->type = (enum mx_type)type;
  if (a->n > left(x) / width[type])
    return bad(x, SL_EPARSE, "the file ends before the array's values");
  a->raw = sl_rd_bytes(&x->r, a->n * width[type]);
  return SL_OK;
}

static int array(struct reader *x, struct mx_array *a)
{
  uint32_t magic = (uint32_t)sl_rd_le(&x->r, 4), kind = magic - MAGIC_V1;
  if (x->r.bad)
    return bad(x, SL_EPARSE, "the file ends before its arrays");
  if (kind > NUMPY_SHAPE) { /* no magic word: how many dimensions */
    int rc = shape(x, a, magic, 4);
    return rc ? rc : values(x, a);
  }
  if (kind && sl_rd_le(&x->r, 4))
    return bad(x, SL_EUNSUP, "a sparse array");
  int rc = shape(x, a, sl_rd_le(&x->r, 4), 8);
  if (rc)
    return rc;
  if (!a->dims && kind != NUMPY_SHAPE)
    return bad(x, SL_EPARSE, "an array without a shape");
  return values(x, a);
}

static int names(struct reader *x, struct mx_file *f)
{
  uint64_t n = sl_rd_le(&x->r, 8);
  if (x->r.bad || (n && n != f->n))
    return bad(x, SL_EPARSE, "as many names as arrays must stand behind them, or none");
  for (uint64_t i = 0; i < n; i++) {
    uint64_t len = sl_rd_le(&x->r, 8);
    if (x->r.bad || len > left(x))
      return bad(x, SL_EPARSE, "the file ends in a name");
    f->at[i].name = sl_rd_bytes(&x->r, (size_t)len);
  }
  return left(x) ? bad(x, SL_EPARSE, "something stands behind the last name") : SL_OK;
}

int mx_read(struct mx_file *out, struct sl_str bytes, const char *file, struct sl_arena *arena, struct sl_err *err)
{
  struct reader x = { .r = sl_rd(bytes), .all = bytes, .file = file, .err = err, .arena = arena };
  *out = (struct mx_file){ .n = 0 };
  if (sl_rd_le(&x.r, 8) != LIST || sl_rd_le(&x.r, 8))
    return bad(&x, SL_EPARSE, "not a file of MXNet's arrays");
  uint64_t n = sl_rd_le(&x.r, 8);
  if (x.r.bad || n > left(&x) / 16)
    return bad(&x, SL_EPARSE, "more arrays than the file has room for");
  if (n > MX_ARRAYS_MAX)
    return bad(&x, SL_ELIMIT, "too many arrays");
  out->at = sl_arena_alloc(arena, (size_t)n * sizeof *out->at + 1);
  if (!out->at)
    return sl_err_nomem(err);
  int rc = SL_OK;
  for (; !rc && out->n < n; out->n += !rc)
    rc = array(&x, &out->at[out->n]);
  return rc ? rc : names(&x, out);
}

const struct mx_array *mx_find(const struct mx_file *f, const char *name)
{
  for (size_t i = 0; i < f->n; i++)
    if (sl_str_eqz(f->at[i].name, name))
      return &f->at[i];
  return NULL;
}

static double half(const unsigned char *p)
{
  unsigned h = p[0] | (unsigned)p[1] << 8, e = h >> 10 & 31, m = h & 1023;
  double v = e == 31 ? (m ? (double)NAN : (double)INFINITY) : e ? ldexp(1024 + m, (int)e - 25) : ldexp(m, -24);
  return h >> 15 ? -v : v;
}

double mx_f64(const struct mx_array *a, size_t i)
{
  const unsigned char *p = (const unsigned char *)a->raw.p + i * width[a->type];
  float f;
  double d;
  int32_t w;
  int64_t q;
  switch (a->type) {
  case MX_F32: memcpy(&f, p, sizeof f); return (double)f;
  case MX_F64: memcpy(&d, p, sizeof d); return d;
  case MX_F16: return half(p);
  case MX_I32: memcpy(&w, p, sizeof w); return w;
  case MX_I64: memcpy(&q, p, sizeof q); return (double)q;
  case MX_I8: return (signed char)*p;
  default: return *p;
  }
}
