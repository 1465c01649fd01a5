/* box/ort_in.c: columns as the tensors that a model takes: each type as numpy would convert it, and nothing that would lose what it is. */
#include <stdint.h>

#include "base/mem.h"
#include "box/ort_model.h"

bool ort_takes(int type, const struct sl_column *c)
{
  switch (type) {
  case ORT_F32:
  case ORT_F64: return sl_column_numeric(c) && !c->time;
  case ORT_I32:
  case ORT_I64: return (c->type == SL_COLUMN_I64 || c->type == SL_COLUMN_BOOL) && !c->time;
  case ORT_BOOL: return c->type == SL_COLUMN_BOOL;
  case ORT_STRING: return !sl_column_numeric(c);
  default: return false;
  }
}

static size_t size_of(int type) { return type == ORT_BOOL ? 1 : type == ORT_F32 || type == ORT_I32 ? 4 : 8; }

#define RUN(value) \
  for (size_t r = 0; r < n; r++) \
    out[r * stride] = (value)

static void put_f32(const struct sl_column *c, size_t from, size_t n, float *out, size_t stride)
{
  switch (c->type) {
  case SL_COLUMN_F32: RUN(c->v.f32[from + r]); break;
  case SL_COLUMN_F64: RUN((float)c->v.f64[from + r]); break;
  case SL_COLUMN_I64: RUN((float)c->v.i64[from + r]); break;
  default: RUN((float)c->v.b[from + r]);
  }
  for (size_t r = 0; c->valid && r < n; r++)
    out[r * stride] = sl_column_has(c, from + r) ? out[r * stride] : __builtin_nanf("");
}

static void put_f64(const struct sl_column *c, size_t from, size_t n, double *out, size_t stride)
{
  switch (c->type) {
  case SL_COLUMN_F32: RUN((double)c->v.f32[from + r]); break;
  case SL_COLUMN_F64: RUN(c->v.f64[from + r]); break;
  case SL_COLUMN_I64: RUN((double)c->v.i64[from + r]); break;
  default: RUN((double)c->v.b[from + r]);
  }
  for (size_t r = 0; c->valid && r < n; r++)
    out[r * stride] = sl_column_has(c, from + r) ? out[r * stride] : __builtin_nan("");
}

/* Whole numbers, truths and texts have no word for what is missing. */
static int put_whole(struct ort_model *m, const struct sl_column *c, int type, size_t from, size_t n, void *to, size_t stride,
                     struct sl_err *err)
{
  for (size_t r = 0; r < n; r++) {
    size_t row = from + r, at = r * stride;
    if (!sl_column_has(c, row))
      return sl_err_set(err, SL_EUSAGE, "row %llu: column %s has no value, and the model takes %s there",
                        (unsigned long long)(m->before + row), c->name ? c->name : "", ort_type_name(type));
    if (type == ORT_STRING) {
      struct sl_str s = sl_column_text(c, row);
      ((const char **)to)[at] = sl_arena_strndup(&m->texts, s.n ? s.p : "", s.n);
      if (!((const char **)to)[at])
        return sl_err_nomem(err);
      continue;
    }
    int64_t v = c->type == SL_COLUMN_BOOL ? c->v.b[row] : c->v.i64[row];
    if (type == ORT_I32 && (v < INT32_MIN || v > INT32_MAX))
      return sl_err_set(err, SL_EUSAGE, "row %llu: column %s holds %lld, more than the model's int32 does",
                        (unsigned long long)(m->before + row), c->name ? c->name : "", (long long)v);
    if (type == ORT_I64)
      ((int64_t *)to)[at] = v;
    else if (type == ORT_I32)
      ((int32_t *)to)[at] = (int32_t)v;
    else
      ((unsigned char *)to)[at] = v != 0;
  }
  return SL_OK;
}

static int put(struct ort_model *m, const struct sl_column *c, int type, size_t from, size_t n, void *to, size_t stride,
               struct sl_err *err)
{
  if (type != ORT_F32 && type != ORT_F64)
    return put_whole(m, c, type, from, n, to, stride, err);
  if (type == ORT_F32)
    put_f32(c, from, n, to, stride);
  else
    put_f64(c, from, n, to, stride);
  return SL_OK;
}

static int room(struct ort_model *m, size_t rows, struct sl_err *err)
{
  if (rows <= m->in_rows)
    return SL_OK;
  for (size_t i = 0; i < m->s.nin; i++) {
    sl_free(m->in[i]);
    m->in[i] = sl_alloc_aligned(SL_COLUMN_ALIGN, rows * m->width[i] * size_of(m->s.in[i].type) + 1);
    m->in_rows = 0;
    if (!m->in[i])
      return sl_err_nomem(err);
  }
  m->in_rows = rows;
  return SL_OK;
}

static void repeat_last(void *to, size_t row_bytes, size_t n, size_t rows)
{
  char *p = to;
  for (size_t r = n; r < rows; r++)
    memcpy(p + r * row_bytes, p + (n - 1) * row_bytes, row_bytes);
}

static int tensor(struct ort_model *m, size_t i, size_t rows, ort_value *out, struct sl_err *err)
{
  const struct ort *o = m->s.o;
  const struct ort_port *p = &m->s.in[i];
  int64_t dim[ORT_DIMS_MAX] = { (int64_t)rows, (int64_t)m->width[i] };
  size_t bytes = rows * m->width[i] * size_of(p->type);
  if (p->type != ORT_STRING)
    return ort_check(o, o->tensor_over(m->s.memory, m->in[i], bytes, dim, p->rank, p->type, out), err);
  int rc = ort_check(o, o->new_tensor(m->s.allocator, dim, p->rank, p->type, out), err);
  return rc ? rc : ort_check(o, o->fill_strings(*out, m->in[i], rows * m->width[i]), err);
}

int ort_fill(struct ort_model *m, const struct sl_column *const *col, size_t from, size_t n, size_t rows, ort_value *in,
             struct sl_err *err)
{
  int rc = room(m, rows, err);
  sl_arena_reset(&m->texts);
  for (size_t i = 0; !rc && i < m->s.nin; i++) {
    size_t size = size_of(m->s.in[i].type), wide = m->width[i];
    for (size_t k = 0; !rc && k < wide; k++)
      rc = put(m, col[m->first[i] + k], m->s.in[i].type, from, n, (char *)m->in[i] + k * size, wide, err);
    if (!rc)
      repeat_last(m->in[i], wide * size, n, rows);
    if (!rc)
      rc = tensor(m, i, rows, &in[i], err);
  }
  return rc;
}

int ort_fill_nothing(struct ort_model *m, size_t rows, ort_value *in, struct sl_err *err)
{
  int rc = room(m, rows, err);
  for (size_t i = 0; !rc && i < m->s.nin; i++) {
    size_t n = rows * m->width[i];
    memset(m->in[i], 0, n * size_of(m->s.in[i].type));
    for (size_t k = 0; m->s.in[i].type == ORT_STRING && k < n; k++)
      ((const char **)m->in[i])[k] = "";
    rc = tensor(m, i, rows, &in[i], err);
  }
  return rc;
}
