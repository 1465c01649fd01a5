/* box/duck_out.c: the engine's chunks become our batches.
 *
 * Nested values travel as JSON and rare types as text: the engine makes those texts itself (duck_wrap), so that they are the ones a person
 * knows from it. Numbers wider than ours (hugeint, decimal, unsigned bigint) are settled by the first chunk: integers if all fit, floats if
 * those are exact, else text; a later value that does not fit ends the query with the cast to write. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "box/duck.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

enum how { PLAIN, AS_JSON, AS_TEXT, AS_HEX };
enum { EXACT_DIGITS = 15, MAX_COLUMNS = 20000, US = 1000000 };

static enum how how_of(int id)
{
  switch (id) {
  case DUCK_LIST:
  case DUCK_STRUCT:
  case DUCK_MAP:
  case DUCK_UNION:
  case DUCK_ARRAY: return AS_JSON;
  case DUCK_BLOB: return AS_HEX;
  case 0:
  case DUCK_BOOLEAN: case DUCK_TINYINT: case DUCK_SMALLINT: case DUCK_INTEGER: case DUCK_BIGINT: case DUCK_UTINYINT: case DUCK_USMALLINT:
  case DUCK_UINTEGER: case DUCK_UBIGINT: case DUCK_FLOAT: case DUCK_DOUBLE: case DUCK_TIMESTAMP: case DUCK_DATE: case DUCK_HUGEINT:
  case DUCK_UHUGEINT: case DUCK_VARCHAR: case DUCK_DECIMAL: case DUCK_TIMESTAMP_S: case DUCK_TIMESTAMP_MS: case DUCK_TIMESTAMP_NS:
  case DUCK_TIMESTAMP_TZ: return PLAIN;
  default: return AS_TEXT;
  }
}

static int type_of(const struct duck *d, duck_prepared p, uint64_t i)
{
  duck_type t = d->prepared_statement_column_logical_type(p, i);
  int id = t ? d->get_type_id(t) : 0;
  d->destroy_logical_type(&t);
  return id;
}

static void put_column(struct sl_buf *b, enum how how, uint64_t i)
{
  static const char *const before[] = { "", "CAST(to_json(", "CAST(", "lower(hex(" };
  static const char *const behind[] = { "", ") AS VARCHAR)", " AS VARCHAR)", "))" };
  sl_buf_printf(b, "%s%sc%llu%s", i ? ", " : "", before[how], (unsigned long long)i, behind[how]);
}

int duck_wrap(const struct duck *d, duck_prepared p, struct sl_str sql, struct sl_buf *out, struct sl_err *err)
{
  uint64_t n = d->prepared_statement_column_count(p);
  bool plain = true;
  for (uint64_t i = 0; i < n; i++)
    plain = plain && how_of(type_of(d, p, i)) == PLAIN;
  if (plain || d->prepared_statement_type(p) != DUCK_ST_SELECT)
    return SL_OK;
  sl_buf_z(out, "SELECT ");
  for (uint64_t i = 0; i < n; i++)
    put_column(out, how_of(type_of(d, p, i)), i);
  sl_buf_printf(out, " FROM (\n%.*s\n) AS t(", SL_ARG(sql));
  for (uint64_t i = 0; i < n; i++)
    put_column(out, PLAIN, i);
  sl_buf_z(out, ")");
  return sl_buf_check(out, err);
}

/* ---- columns ---- */

struct out_col {
  int id, inner;               /* the engine's type; of a decimal what it is kept in */
  unsigned scale;
  bool wide;
  enum sl_type type;
  const void *data;            /* of the present chunk */
  const uint64_t *valid;
};
struct duck_out {
  const struct duck *d;
  struct sl_box_ctx *c;
  struct out_col *col;
  struct sl_col *names;
  uint64_t ncols;
  struct sl_schema *schema;
  struct sl_batch *batch;
  struct sl_buf text;          /* of one cell */
};

static enum sl_type plain_type(int id)
{
  switch (id) {
  case DUCK_BOOLEAN: return SL_BOOL;
  case DUCK_TINYINT: case DUCK_SMALLINT: case DUCK_INTEGER: case DUCK_BIGINT: case DUCK_UTINYINT: case DUCK_USMALLINT:
  case DUCK_UINTEGER: return SL_I64;
  case DUCK_FLOAT: case DUCK_DOUBLE: return SL_F64;
  case DUCK_TIMESTAMP: case DUCK_TIMESTAMP_S: case DUCK_TIMESTAMP_MS: case DUCK_TIMESTAMP_NS: case DUCK_TIMESTAMP_TZ: return SL_TIME;
  default: return SL_TEXT;
  }
}

static void col_open(struct duck_out *o, duck_result *r, duck_prepared first, uint64_t i)
{
  const struct duck *d = o->d;
  struct out_col *c = &o->col[i];
  duck_type t = d->column_logical_type(r, i);
  c->id = d->get_type_id(t);
  c->type = plain_type(c->id);
  c->wide = c->id == DUCK_HUGEINT || c->id == DUCK_UHUGEINT || c->id == DUCK_UBIGINT || c->id == DUCK_DECIMAL;
  if (c->id == DUCK_DECIMAL) {
    c->inner = d->decimal_internal_type(t);
    c->scale = d->decimal_scale(t);
  }
  char *alias = d->logical_type_get_alias(t);
  if ((alias && !strcmp(alias, "JSON")) || how_of(type_of(d, first, i)) == AS_JSON)
    c->type = SL_JSON;
  if (alias)
    d->free(alias);
  d->destroy_logical_type(&t);
}

static bool is_null(const struct out_col *c, uint64_t row)
{
  return c->valid && !(c->valid[row / 64] >> (row % 64) & 1);
}

/* The unscaled value; too_big: beyond what a signed 128-bit number holds. */
static i128 wide_get(const struct out_col *c, uint64_t row, bool *too_big)
{
  *too_big = false;
  int id = c->id == DUCK_DECIMAL ? c->inner : c->id;
  switch (id) {
  case DUCK_SMALLINT: return ((const int16_t *)c->data)[row];
  case DUCK_INTEGER: return ((const int32_t *)c->data)[row];
  case DUCK_BIGINT: return ((const int64_t *)c->data)[row];
  case DUCK_UBIGINT: return ((const uint64_t *)c->data)[row];
  default: break;
  }
  duck_huge h = ((const duck_huge *)c->data)[row];
  *too_big = id == DUCK_UHUGEINT && h.high < 0;
  return (i128)((u128)(uint64_t)h.high << 64 | h.low);
}

static bool exact_f64(i128 v, bool too_big)
{
  const i128 limit = 1000000000000000; /* 10^EXACT_DIGITS: so many digits survive a double */
  return !too_big && v > -limit && v < limit;
}

static bool fits_i64(i128 v, bool too_big) { return !too_big && v >= INT64_MIN && v <= INT64_MAX; }

static void settle(struct out_col *c, uint64_t rows)
{
  bool i64 = c->scale == 0, f64 = true, too_big;
  for (uint64_t r = 0; r < rows; r++) {
    if (is_null(c, r))
      continue;
    i128 v = wide_get(c, r, &too_big);
    i64 = i64 && fits_i64(v, too_big);
    f64 = f64 && exact_f64(v, too_big);
  }
  c->type = i64 ? SL_I64 : f64 ? SL_F64 : SL_TEXT;
}

static void put_wide(struct sl_buf *b, u128 v, unsigned scale)
{
  char digits[48];
  size_t n = 0;
  do {
    digits[n++] = (char)('0' + (int)(v % 10));
    v /= 10;
  } while (v || n <= scale);
  while (n) {
    if (n == scale)
      sl_buf_ch(b, '.');
    sl_buf_ch(b, digits[--n]);
  }
}

static int wide_val(struct duck_out *o, uint64_t i, uint64_t row, struct sl_val *v, struct sl_err *err)
{
  const struct out_col *c = &o->col[i];
  bool too_big;
  i128 x = wide_get(c, row, &too_big);
  if (c->type == SL_TEXT) {
    bool minus = !too_big && x < 0;
    sl_buf_z(&o->text, minus ? "-" : "");
    put_wide(&o->text, minus ? -(u128)x : (u128)x, c->scale);
    *v = sl_vs(sl_buf_view(&o->text));
  } else if (c->type == SL_I64 ? !fits_i64(x, too_big) : !exact_f64(x, too_big)) {
    return sl_err_set(err, SL_ELIMIT, "column %s: a value in row %llu does not fit exactly; write CAST(... AS VARCHAR) or AS DOUBLE",
                      o->names[i].name, (unsigned long long)(o->c->rows + row + 1));
  } else {
    *v = c->type == SL_I64 ? sl_vi((int64_t)x) : sl_vf((double)x / pow(10, c->scale));
  }
  return SL_OK;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Infinity is no point in time: null, as is what milliseconds cannot hold. */
static struct sl_val time_val(int id, int64_t v)
{
  if (v == INT64_MAX || v == -INT64_MAX || (id == DUCK_TIMESTAMP_S && (v > INT64_MAX / 1000 || v < INT64_MIN / 1000)))
    return sl_null(SL_TIME);
  switch (id) {
  case DUCK_TIMESTAMP_S: return sl_vt(v * 1000);
  case DUCK_TIMESTAMP_MS: return sl_vt(v);
  case DUCK_TIMESTAMP_NS: return sl_vt(floor_div(v, US));
  default: return sl_vt(floor_div(v, 1000));
  }
}

static struct sl_val date_val(struct duck_out *o, int32_t days)
{
  if (days == INT32_MAX || days == -INT32_MAX)
    return sl_vz(days > 0 ? "infinity" : "-infinity");
  struct sl_civil c = sl_civil_of((sl_ms)days * 86400000, NULL);
  sl_buf_printf(&o->text, "%04d-%02d-%02d", c.year, c.month, c.day);
  return sl_vs(sl_buf_view(&o->text));
}

/* The engine writes NaN and infinities bare into JSON; there they are texts. */
static struct sl_val json_val(struct duck_out *o, struct sl_str s)
{
  static const char *const bare[] = { "NaN", "-Infinity", "Infinity" };
  bool quoted = false;
  for (size_t i = 0; i < s.n;) {
    struct sl_str rest = sl_str_from(s, i), word = SL_STR_NONE;
    for (size_t k = 0; !quoted && k < 3 && !word.p; k++)
      if (sl_str_starts(rest, sl_str(bare[k])))
        word = sl_str(bare[k]);
    if (word.p) {
      sl_buf_printf(&o->text, "\"%.*s\"", SL_ARG(word));
      i += word.n;
      continue;
    }
    size_t step = quoted && s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
    quoted ^= step == 1 && s.p[i] == '"';
    sl_buf_add(&o->text, s.p + i, step);
    i += step;
  }
  return sl_vas(SL_JSON, sl_buf_view(&o->text));
}

static struct sl_str text_at(const struct out_col *c, uint64_t row)
{
  const duck_text *t = (const duck_text *)c->data + row;
  return t->len <= sizeof t->in.p ? sl_strn(t->in.p, t->len) : sl_strn(t->far.p, t->len);
}

static int cell(struct duck_out *o, uint64_t i, uint64_t row, struct sl_val *v, struct sl_err *err)
{
  const struct out_col *c = &o->col[i];
  sl_buf_clear(&o->text);
  if (c->wide)
    return wide_val(o, i, row, v, err);
  switch (c->id) {
  case DUCK_BOOLEAN: *v = sl_vb(((const uint8_t *)c->data)[row] != 0); break;
  case DUCK_TINYINT: *v = sl_vi(((const int8_t *)c->data)[row]); break;
  case DUCK_SMALLINT: *v = sl_vi(((const int16_t *)c->data)[row]); break;
  case DUCK_INTEGER: *v = sl_vi(((const int32_t *)c->data)[row]); break;
  case DUCK_BIGINT: *v = sl_vi(((const int64_t *)c->data)[row]); break;
  case DUCK_UTINYINT: *v = sl_vi(((const uint8_t *)c->data)[row]); break;
  case DUCK_USMALLINT: *v = sl_vi(((const uint16_t *)c->data)[row]); break;
  case DUCK_UINTEGER: *v = sl_vi(((const uint32_t *)c->data)[row]); break;
  case DUCK_FLOAT: *v = sl_vf((double)((const float *)c->data)[row]); break;
  case DUCK_DOUBLE: *v = sl_vf(((const double *)c->data)[row]); break;
  case DUCK_DATE: *v = date_val(o, ((const int32_t *)c->data)[row]); break;
  case DUCK_TIMESTAMP: case DUCK_TIMESTAMP_S: case DUCK_TIMESTAMP_MS: case DUCK_TIMESTAMP_NS:
  case DUCK_TIMESTAMP_TZ: *v = time_val(c->id, ((const int64_t *)c->data)[row]); break;
  case DUCK_VARCHAR: *v = c->type == SL_JSON ? json_val(o, text_at(c, row)) : sl_vs(text_at(c, row)); break;
  default: return sl_err_set(err, SL_EINTERNAL, "column %s has a type that is not known here (%d)", o->names[i].name, c->id);
  }
  return sl_buf_check(&o->text, err);
}

/* ---- rows ---- */

/* Two columns of one name would be one column of ours: the second becomes "name_2". */
static int col_name(struct duck_out *o, uint64_t i, const char *name, struct sl_err *err)
{
  char *mine = sl_strdup(name && *name ? name : "column");
  for (unsigned k = 2; mine; k++) {
    uint64_t j = 0;
    while (j < i && strcmp(o->names[j].name, mine) != 0)
      j++;
    if (j == i)
      break;
    sl_free(mine);
    mine = sl_asprintf("%s_%u", name && *name ? name : "column", k);
  }
  o->names[i].name = mine;
  return mine ? SL_OK : sl_err_nomem(err);
}

static int out_open(struct duck_out *o, duck_result *r, duck_prepared first, struct sl_err *err)
{
  o->ncols = o->d->column_count(r);
  if (o->ncols > MAX_COLUMNS)
    return sl_err_set(err, SL_ELIMIT, "%llu columns; at most %d are taken", (unsigned long long)o->ncols, MAX_COLUMNS);
  o->col = sl_calloc(o->ncols + 1, sizeof *o->col);
  o->names = sl_calloc(o->ncols + 1, sizeof *o->names);
  if (!o->col || !o->names)
    return sl_err_nomem(err);
  int rc = SL_OK;
  bool same = o->d->prepared_statement_column_count(first) == o->ncols;
  for (uint64_t i = 0; !rc && i < o->ncols; i++) {
    col_open(o, r, first, i);
    rc = col_name(o, i, same ? o->d->prepared_statement_column_name(first, i) : o->d->column_name(r, i), err);
  }
  return rc;
}

static int send_head(struct duck_out *o, uint64_t rows, struct sl_err *err)
{
  for (uint64_t i = 0; i < o->ncols; i++) {
    if (o->col[i].wide)
      settle(&o->col[i], rows);
    o->names[i].type = o->col[i].type;
    o->names[i].help = "";
    o->names[i].flags = o->col[i].id == DUCK_FLOAT ? SL_COL_F32 : 0;
  }
  int rc = sl_schema_new(&o->schema, NULL, 0, o->names, o->ncols, err);
  return rc ? rc : box_head(o->c, o->schema, -1, err);
}

static int flush(struct duck_out *o, struct sl_err *err)
{
  int rc = o->batch ? box_rows(o->c, o->batch, err) : SL_OK;
  sl_batch_unref(o->batch);
  o->batch = NULL;
  return rc;
}

static int row(struct duck_out *o, uint64_t r, uint64_t number, struct sl_err *err)
{
  char id[24];
  int rc = o->batch && sl_batch_full(o->batch) ? flush(o, err) : SL_OK;
  if (!rc && !o->batch)
    rc = sl_batch_new(&o->batch, o->schema, err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)number);
  sl_batch_row(o->batch, SL_PUT, sl_strn(id, (size_t)n));
  for (uint64_t i = 0; !rc && i < o->ncols; i++) {
    struct sl_val v = { .null = true };
    if (is_null(&o->col[i], r))
      continue;
    rc = cell(o, i, r, &v, err);
    if (!rc && !v.null)
      sl_batch_set(o->batch, (unsigned)i, v);
  }
  return rc;
}

static int chunk(struct duck_out *o, duck_chunk k, uint64_t *sent, struct sl_err *err)
{
  uint64_t n = o->d->data_chunk_get_size(k), limit = o->c->work.limit;
  if (limit && n > limit - *sent)
    n = limit - *sent;
  for (uint64_t i = 0; i < o->ncols; i++) {
    duck_vector v = o->d->data_chunk_get_vector(k, i);
    o->col[i].data = o->d->vector_get_data(v);
    o->col[i].valid = o->d->vector_get_validity(v);
  }
  int rc = o->schema ? SL_OK : send_head(o, n, err);
  for (uint64_t r = 0; !rc && r < n; r++)
    rc = row(o, r, ++*sent, err);
  return rc ? rc : flush(o, err); /* what is there is shown now, not when a batch is full */
}

static void out_close(struct duck_out *o)
{
  for (uint64_t i = 0; o->names && i < o->ncols; i++)
    sl_free((void *)(uintptr_t)o->names[i].name);
  sl_free(o->names);
  sl_free(o->col);
  sl_schema_unref(o->schema);
  sl_batch_unref(o->batch);
  sl_buf_free(&o->text);
}

int duck_send(const struct duck *d, struct sl_box_ctx *c, duck_result *r, duck_prepared first, struct sl_err *err)
{
  struct duck_out o = { .d = d, .c = c };
  uint64_t sent = 0;
  sl_buf_init(&o.text, WIRE_MAX_OUT);
  int rc = out_open(&o, r, first, err);
  while (!rc && (!c->work.limit || sent < c->work.limit)) {
    duck_chunk k = d->fetch_chunk(*r);
    if (!k)
      break;
    rc = chunk(&o, k, &sent, err);
    d->destroy_data_chunk(&k);
  }
  const char *why = rc ? NULL : d->result_error(r);
  if (why && *why)
    rc = duck_error(err, why);
  if (!rc && !o.schema)
    rc = send_head(&o, 0, err);
  out_close(&o);
  return rc;
}
