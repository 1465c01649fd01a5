/* box/duck_col.c: the engine's chunks become columns: what models are scored on and statistics are made of. */
#include <stdio.h>

#include "base/mem.h"
#include "box/duck.h"

enum { COLUMNS_MAX = 20000 };

static enum sl_column_type type_of(int id, bool dict)
{
  switch (id) {
  case DUCK_BOOLEAN: return SL_COLUMN_BOOL;
  case DUCK_TINYINT: case DUCK_SMALLINT: case DUCK_INTEGER: case DUCK_BIGINT: case DUCK_UTINYINT: case DUCK_USMALLINT: case DUCK_UINTEGER:
  case DUCK_DATE: case DUCK_TIMESTAMP: case DUCK_TIMESTAMP_S: case DUCK_TIMESTAMP_MS: case DUCK_TIMESTAMP_NS: case DUCK_TIMESTAMP_TZ:
    return SL_COLUMN_I64;
  case DUCK_FLOAT: return SL_COLUMN_F32;
  case DUCK_DOUBLE: case DUCK_UBIGINT: case DUCK_HUGEINT: case DUCK_UHUGEINT: case DUCK_DECIMAL: return SL_COLUMN_F64;
  default: return dict ? SL_COLUMN_DICT : SL_COLUMN_TEXT;
  }
}

static bool is_time(int id)
{
  return id == DUCK_DATE || id == DUCK_TIMESTAMP || id == DUCK_TIMESTAMP_S || id == DUCK_TIMESTAMP_MS || id == DUCK_TIMESTAMP_NS ||
         id == DUCK_TIMESTAMP_TZ;
}

int duck_columns_open(const struct duck *d, duck_prepared p, bool dict, struct sl_columns *out, struct sl_err *err)
{
  uint64_t n = d->prepared_statement_column_count(p);
  *out = (struct sl_columns){ 0 };
  if (n > COLUMNS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%llu columns; at most %d are taken", (unsigned long long)n, COLUMNS_MAX);
  out->at = sl_calloc(n + 1, sizeof *out->at);
  if (!out->at)
    return sl_err_nomem(err);
  int rc = SL_OK;
  for (uint64_t i = 0; !rc && i < n; i++) {
    duck_type t = d->prepared_statement_column_logical_type(p, i);
    int id = t ? d->get_type_id(t) : 0;
    const char *name = d->prepared_statement_column_name(p, i);
    d->destroy_logical_type(&t);
    rc = sl_column_init(&out->at[i], name ? name : "", type_of(id, dict), err);
    out->at[i].time = is_time(id);
    out->n += !rc;
  }
  if (rc)
    sl_columns_free(out);
  return rc;
}

/* ---- one vector ---- */

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

struct source { int id, inner, scale; const void *data; const uint64_t *valid; };

static i128 integer(const struct source *s, uint64_t row)
{
  switch (s->id == DUCK_DECIMAL ? s->inner : s->id) {
  case DUCK_SMALLINT: return ((const int16_t *)s->data)[row];
  case DUCK_INTEGER: return ((const int32_t *)s->data)[row];
  case DUCK_BIGINT: return ((const int64_t *)s->data)[row];
  case DUCK_UBIGINT: return ((const uint64_t *)s->data)[row];
  default: break;
  }
  duck_huge h = ((const duck_huge *)s->data)[row];
  return (i128)((u128)(uint64_t)h.high << 64 | h.low);
}

/* The double next to m / 10^scale: one division where both are exact, else by way of the digits. */
static double nearest(u128 m, int scale)
{
  static const double ten[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
                                1e20, 1e21, 1e22 };
  char text[64];
  size_t at = 48;
  double v = 0;
  if (m <= (u128)1 << 53 && scale < (int)(sizeof ten / sizeof ten[0]))
    return (double)(uint64_t)m / ten[scale];
  int after = snprintf(text + at, sizeof text - at, "e-%d", scale);
  for (; m && at; m /= 10)
    text[--at] = (char)('0' + (int)(m % 10));
  (void)sl_str_f64(sl_strn(text + at, 48 - at + (size_t)after), &v);
  return v;
}

static double wide(const struct source *s, uint64_t row)
{
  i128 v = integer(s, row);
  bool minus = v < 0 && s->id != DUCK_UHUGEINT;
  double m = nearest(minus ? -(u128)v : (u128)v, s->scale);
  return minus ? -m : m;
}

/* Microseconds; what they cannot hold is as far away as they reach. */
static int64_t times(int64_t v, int64_t by)
{
  return v > INT64_MAX / by ? INT64_MAX : v < INT64_MIN / by ? INT64_MIN : v * by;
}

static int64_t whole(const struct source *s, uint64_t row)
{
  switch (s->id) {
  case DUCK_TINYINT: return ((const int8_t *)s->data)[row];
  case DUCK_SMALLINT: return ((const int16_t *)s->data)[row];
  case DUCK_INTEGER: return ((const int32_t *)s->data)[row];
  case DUCK_UTINYINT: return ((const uint8_t *)s->data)[row];
  case DUCK_USMALLINT: return ((const uint16_t *)s->data)[row];
  case DUCK_UINTEGER: return ((const uint32_t *)s->data)[row];
  case DUCK_DATE: return times(((const int32_t *)s->data)[row], INT64_C(86400000000));
  case DUCK_TIMESTAMP_S: return times(((const int64_t *)s->data)[row], 1000000);
  case DUCK_TIMESTAMP_MS: return times(((const int64_t *)s->data)[row], 1000);
  case DUCK_TIMESTAMP_NS: return ((const int64_t *)s->data)[row] / 1000;
  default: return ((const int64_t *)s->data)[row];
  }
}

static struct sl_str text_at(const struct source *s, uint64_t row)
{
  const duck_text *t = (const duck_text *)s->data + row;
  return t->len <= sizeof t->in.p ? sl_strn(t->in.p, t->len) : sl_strn(t->far.p, t->len);
}

static int value(struct sl_column *c, const struct source *s, uint64_t row, struct sl_err *err)
{
  if (s->valid && !(s->valid[row / 64] >> (row % 64) & 1))
    return sl_column_put_null(c, err);
  switch (c->type) {
  case SL_COLUMN_BOOL: return sl_column_put_i64(c, ((const uint8_t *)s->data)[row] != 0, err);
  case SL_COLUMN_I64: return sl_column_put_i64(c, whole(s, row), err);
  case SL_COLUMN_F32: return sl_column_put_f64(c, (double)((const float *)s->data)[row], err);
  case SL_COLUMN_F64: return sl_column_put_f64(c, s->id == DUCK_DOUBLE ? ((const double *)s->data)[row] : wide(s, row), err);
  default: break;
  }
  if (s->id != DUCK_VARCHAR)
    return sl_err_set(err, SL_EUNSUP, "column %s has a type that is not read here; cast it in a query: sql:select ...", c->name);
  return sl_column_put_text(c, text_at(s, row), err);
}

/* Floats without nulls, the common case, whole. */
static bool plain(const struct sl_column *c, const struct source *s)
{
  return !s->valid && ((c->type == SL_COLUMN_F32 && s->id == DUCK_FLOAT) || (c->type == SL_COLUMN_F64 && s->id == DUCK_DOUBLE));
}

static int vector(struct sl_column *c, const struct source *s, uint64_t n, struct sl_err *err)
{
  int rc = sl_column_room(c, n, err);
  if (!rc && plain(c, s)) {
    size_t w = c->type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double);
    memcpy((char *)c->v.raw + c->n * w, s->data, n * w);
    sl_column_wrote(c, n);
    return SL_OK;
  }
  for (uint64_t row = 0; !rc && row < n; row++)
    rc = value(c, s, row, err);
  return rc;
}

static struct source source_of(const struct duck *d, duck_result *r, duck_chunk k, uint64_t i)
{
  duck_vector v = d->data_chunk_get_vector(k, i);
  duck_type t = d->column_logical_type(r, i);
  struct source s = { .id = d->get_type_id(t), .data = d->vector_get_data(v), .valid = d->vector_get_validity(v) };
  if (s.id == DUCK_DECIMAL) {
    s.inner = d->decimal_internal_type(t);
    s.scale = d->decimal_scale(t);
  }
  d->destroy_logical_type(&t);
  return s;
}

int duck_columns_next(const struct duck *d, duck_result *r, struct sl_columns *f, bool *more, struct sl_err *err)
{
  duck_chunk k = d->fetch_chunk(*r);
  const char *why = k ? NULL : d->result_error(r);
  int rc = why && *why ? duck_error(err, why) : SL_OK;
  *more = k != NULL;
  if (!k)
    return rc;
  if (d->column_count(r) != f->n)
    rc = sl_err_set(err, SL_EPROTO, "the engine sent %llu columns instead of %zu", (unsigned long long)d->column_count(r), f->n);
  for (uint64_t i = 0; !rc && i < f->n; i++) {
    struct source s = source_of(d, r, k, i);
    rc = vector(&f->at[i], &s, d->data_chunk_get_size(k), err);
  }
  d->destroy_data_chunk(&k);
  return rc;
}
