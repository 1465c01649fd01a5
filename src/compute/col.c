/* compute/col.c: columns of data: how they grow. */
#include "compute/col.h"

#include <math.h>

#include "base/mem.h"

enum { FIRST_ROWS = 1024, TEXT_MAX = 1 << 30 };

static size_t width(enum sl_column_type t)
{
  switch (t) {
  case SL_COLUMN_F32: return sizeof(float);
  case SL_COLUMN_F64: return sizeof(double);
  case SL_COLUMN_I64: return sizeof(int64_t);
  case SL_COLUMN_BOOL: return 1;
  case SL_COLUMN_DICT: return sizeof(int32_t);
  default: return sizeof(size_t);
  }
}

int sl_column_init(struct sl_column *c, const char *name, enum sl_column_type type, struct sl_err *err)
{
  *c = (struct sl_column){ .type = type, .name = sl_strdup(name) };
  sl_buf_init(&c->bytes, TEXT_MAX);
  sl_map_init(&c->dict);
  return name && !c->name ? sl_err_nomem(err) : SL_OK;
}

void sl_column_free(struct sl_column *c)
{
  sl_free(c->name);
  sl_free(c->valid);
  sl_free(c->v.raw);
  sl_buf_free(&c->bytes);
  sl_map_free(&c->dict);
  *c = (struct sl_column){ .type = c->type };
}

void sl_column_clear(struct sl_column *c)
{
  sl_free(c->valid);
  c->valid = NULL;
  c->n = c->nulls = 0;
  sl_buf_clear(&c->bytes);
}

/* ---- room ---- */

static size_t words(size_t rows) { return (rows + 63) / 64; }

static void *moved(void *old, size_t keep, size_t bytes)
{
  size_t whole = (bytes + SL_COLUMN_ALIGN - 1) / SL_COLUMN_ALIGN * SL_COLUMN_ALIGN;
  void *p = sl_alloc_aligned(SL_COLUMN_ALIGN, whole);
  if (!p)
    return NULL;
  if (keep)
    memcpy(p, old, keep);
  memset((char *)p + keep, 0, whole - keep); /* what a kernel reads behind the last row is the same every time */
  sl_free(old);
  return p;
}

bool sl_column_forget(struct sl_column *c, size_t texts, size_t bytes)
{
  size_t n = sl_map_count(&c->dict), all = 0;
  if (c->type != SL_COLUMN_DICT || c->n)
    return false;
  for (size_t i = 0; n <= texts && all <= bytes && i < n; i++)
    all += sl_map_key(&c->dict, i).n;
  if (n <= texts && all <= bytes)
    return false;
  sl_map_free(&c->dict);
  sl_map_init(&c->dict);
  return true;
}

int sl_column_room(struct sl_column *c, size_t n, struct sl_err *err)
{
  size_t w = width(c->type), cap = c->cap ? c->cap : FIRST_ROWS;
  if (c->n + n <= c->cap)
    return SL_OK;
  while (cap < c->n + n) {
    if (cap > SIZE_MAX / 4 / w)
      return sl_err_nomem(err);
    cap *= 2;
  }
  if (c->valid) {
    uint64_t *valid = moved(c->valid, words(c->n) * 8, words(cap) * 8);
    if (!valid)
      return sl_err_nomem(err);
    c->valid = valid;
  }
  void *p = moved(c->v.raw, c->n * w, cap * w);
  if (!p)
    return sl_err_nomem(err);
  c->v.raw = p;
  c->cap = cap;
  return SL_OK;
}

static void mark(struct sl_column *c, size_t row, bool has)
{
  uint64_t bit = UINT64_C(1) << (row % 64), *word = &c->valid[row / 64];
  *word = has ? *word | bit : *word & ~bit;
}

void sl_column_wrote(struct sl_column *c, size_t n)
{
  for (size_t i = c->n; c->valid && i < c->n + n; i++)
    mark(c, i, true);
  c->n += n;
}

int sl_column_null(struct sl_column *c, size_t row, struct sl_err *err)
{
  if (!c->valid) {
    c->valid = moved(NULL, 0, words(c->cap) * 8);
    if (!c->valid)
      return sl_err_nomem(err);
    for (size_t i = 0; i < c->n; i++)
      mark(c, i, true);
  }
  c->nulls += sl_column_has(c, row);
  mark(c, row, false);
  return SL_OK;
}

/* ---- one more row ---- */

int sl_column_put_f64(struct sl_column *c, double v, struct sl_err *err)
{
  int rc = sl_column_room(c, 1, err);
  if (rc)
    return rc;
  switch (c->type) {
  case SL_COLUMN_F32: c->v.f32[c->n] = (float)v; break;
  case SL_COLUMN_F64: c->v.f64[c->n] = v; break;
  case SL_COLUMN_I64: c->v.i64[c->n] = (int64_t)v; break;
  case SL_COLUMN_BOOL: c->v.b[c->n] = v != 0; break;
  default: return sl_err_set(err, SL_EINTERNAL, "a number in a column of texts");
  }
  sl_column_wrote(c, 1);
  return SL_OK;
}

int sl_column_put_i64(struct sl_column *c, int64_t v, struct sl_err *err)
{
  if (c->type != SL_COLUMN_I64)
    return sl_column_put_f64(c, (double)v, err);
  int rc = sl_column_room(c, 1, err);
  if (rc)
    return rc;
  c->v.i64[c->n] = v;
  sl_column_wrote(c, 1);
  return SL_OK;
}

static int put_code(struct sl_column *c, struct sl_str s, struct sl_err *err)
{
  size_t code;
  int rc = SL_OK;
  if (!sl_map_find(&c->dict, s, &code)) {
    if (sl_map_count(&c->dict) >= SL_COLUMN_DICT_MAX)
      return sl_err_set(err, SL_ELIMIT, "column %s: more than %d different texts", c->name ? c->name : "", SL_COLUMN_DICT_MAX);
    rc = sl_map_put(&c->dict, s, 0, &code, err);
  }
  if (!rc)
    c->v.code[c->n] = (int32_t)code;
  return rc;
}

int sl_column_put_text(struct sl_column *c, struct sl_str s, struct sl_err *err)
{
  int rc = sl_column_room(c, 1, err);
  if (rc)
    return rc;
  if (c->type == SL_COLUMN_DICT) {
    rc = put_code(c, s, err);
  } else if (c->type == SL_COLUMN_TEXT) {
    sl_buf_str(&c->bytes, s);
    rc = sl_buf_check(&c->bytes, err);
    c->v.end[c->n] = c->bytes.n;
  } else {
    rc = sl_err_set(err, SL_EINTERNAL, "a text in a column of numbers");
  }
  if (!rc)
    sl_column_wrote(c, 1);
  return rc;
}

int sl_column_put_null(struct sl_column *c, struct sl_err *err)
{
  int rc = sl_column_room(c, 1, err);
  if (rc)
    return rc;
  memset((char *)c->v.raw + c->n * width(c->type), 0, width(c->type));
  if (c->type == SL_COLUMN_TEXT)
    c->v.end[c->n] = c->bytes.n;
  sl_column_wrote(c, 1);
  return sl_column_null(c, c->n - 1, err);
}

/* ---- reading ---- */

bool sl_column_numeric(const struct sl_column *c)
{
  return c->type != SL_COLUMN_DICT && c->type != SL_COLUMN_TEXT;
}

double sl_column_f64(const struct sl_column *c, size_t row)
{
  if (!sl_column_has(c, row))
    return NAN;
  switch (c->type) {
  case SL_COLUMN_F32: return (double)c->v.f32[row];
  case SL_COLUMN_F64: return c->v.f64[row];
  case SL_COLUMN_I64: return (double)c->v.i64[row];
  case SL_COLUMN_BOOL: return c->v.b[row];
  default: return NAN;
  }
}

struct sl_str sl_column_text(const struct sl_column *c, size_t row)
{
  if (!sl_column_has(c, row) || sl_column_numeric(c))
    return SL_STR_NONE;
  if (c->type == SL_COLUMN_DICT)
    return sl_column_dict_text(c, c->v.code[row]);
  size_t from = row ? c->v.end[row - 1] : 0;
  return sl_strn(c->bytes.p ? c->bytes.p + from : "", c->v.end[row] - from);
}

size_t sl_column_dict_count(const struct sl_column *c) { return sl_map_count(&c->dict); }

struct sl_str sl_column_dict_text(const struct sl_column *c, int32_t code)
{
  return code < 0 ? SL_STR_NONE : sl_map_key(&c->dict, (size_t)code);
}

const char *sl_column_type_name(const struct sl_column *c)
{
  static const char *const names[] = { "float32", "float64", "integer", "boolean", "text", "text" };
  return c->time ? "time" : names[c->type];
}

/* ---- several ---- */

void sl_columns_free(struct sl_columns *f)
{
  for (size_t i = 0; i < f->n; i++)
    sl_column_free(&f->at[i]);
  sl_free(f->at);
  *f = (struct sl_columns){ 0 };
}

void sl_columns_clear(struct sl_columns *f)
{
  for (size_t i = 0; i < f->n; i++)
    sl_column_clear(&f->at[i]);
}

size_t sl_columns_rows(const struct sl_columns *f) { return f->n ? f->at[0].n : 0; }

struct sl_column *sl_columns_find(const struct sl_columns *f, struct sl_str name)
{
  for (size_t i = 0; i < f->n; i++)
    if (f->at[i].name && sl_str_eqz(name, f->at[i].name))
      return &f->at[i];
  return NULL;
}
