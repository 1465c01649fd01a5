/* box/duck_in.c: rows that the console sends become temporary tables of the engine.
 *
 * Families are maps, lists are lists, times are timestamps; `connection` comes first and `ref` last, as everywhere. Secret columns stay
 * outside. The engine takes only UTF-8: other bytes become U+FFFD here, and only here. */
#include "base/fmt.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "box/duck.h"

struct in_table {
  const struct duck *d;
  duck_conn conn;
  struct sl_schema *schema;
  unsigned *from;              /* column of the table (less `connection`) -> of the schema */
  size_t n;
  duck_type *types;            /* n + 2 */
  duck_appender app;
  duck_chunk chunk;
  struct sl_buf text;
};

static const char *sql_type(enum sl_type t)
{
  switch (t) {
  case SL_BOOL: return "BOOLEAN";
  case SL_I64: return "BIGINT";
  case SL_F64: return "DOUBLE";
  case SL_TIME: return "TIMESTAMP";
  case SL_LIST: return "VARCHAR[]";
  case SL_FAMILY_F64: return "MAP(VARCHAR, DOUBLE)";
  case SL_FAMILY_TEXT: return "MAP(VARCHAR, VARCHAR)";
  default: return "VARCHAR";
  }
}

static duck_type chunk_type(const struct duck *d, enum sl_type t)
{
  duck_type text = d->create_logical_type(DUCK_VARCHAR), value, out;
  switch (t) {
  case SL_BOOL: out = d->create_logical_type(DUCK_BOOLEAN); break;
  case SL_I64: out = d->create_logical_type(DUCK_BIGINT); break;
  case SL_F64: out = d->create_logical_type(DUCK_DOUBLE); break;
  case SL_TIME: out = d->create_logical_type(DUCK_TIMESTAMP); break;
  case SL_LIST: out = d->create_list_type(text); break;
  case SL_FAMILY_F64:
  case SL_FAMILY_TEXT:
    value = d->create_logical_type(t == SL_FAMILY_F64 ? DUCK_DOUBLE : DUCK_VARCHAR);
    out = d->create_map_type(text, value);
    d->destroy_logical_type(&value);
    break;
  default: return text;
  }
  d->destroy_logical_type(&text);
  return out;
}

static bool wanted(const struct sl_col *c)
{
  return !(c->flags & SL_COL_SECRET) && strcmp(c->name, "connection") != 0 && strcmp(c->name, "ref") != 0;
}

static int table_make(struct in_table *t, struct sl_str name, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "CREATE TEMP TABLE ");
  sl_fmt_quote(&b, name, '"');
  sl_buf_z(&b, " (\"connection\" VARCHAR");
  t->types[0] = chunk_type(t->d, SL_TEXT);
  for (size_t i = 0; i < sl_schema_count(t->schema); i++) {
    const struct sl_col *c = sl_schema_col(t->schema, i);
    if (!wanted(c))
      continue;
    sl_buf_z(&b, ", ");
    sl_fmt_quote(&b, sl_str(c->name), '"');
    sl_buf_printf(&b, " %s", sql_type(c->type));
    t->from[t->n++] = (unsigned)i;
    t->types[t->n] = chunk_type(t->d, c->type);
  }
  t->types[t->n + 1] = chunk_type(t->d, SL_TEXT);
  sl_buf_z(&b, ", \"ref\" VARCHAR)");
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = duck_do(t->d, t->conn, b.p, err);
  sl_buf_free(&b);
  return rc;
}

static int table_open(struct in_table *t, const struct wire_input *in, struct sl_err *err)
{
  int rc = sl_schema_decode(&t->schema, in->schema, err);
  if (rc)
    return rc;
  size_t n = sl_schema_count(t->schema);
  t->from = sl_calloc(n + 1, sizeof *t->from);
  t->types = sl_calloc(n + 2, sizeof *t->types);
  char *name = sl_strndup(in->name.p, in->name.n);
  rc = t->from && t->types && name ? table_make(t, in->name, err) : sl_err_nomem(err);
  if (!rc && t->d->appender_create_ext(t->conn, "temp", "main", name, &t->app) != DUCK_OK)
    rc = duck_error(err, t->d->appender_error(t->app));
  if (!rc)
    t->chunk = t->d->create_data_chunk(t->types, t->n + 2);
  if (!rc && !t->chunk)
    rc = sl_err_nomem(err);
  sl_free(name);
  return rc;
}

static void table_close(struct in_table *t)
{
  for (size_t i = 0; t->types && i < t->n + 2; i++)
    t->d->destroy_logical_type(&t->types[i]);
  t->d->destroy_data_chunk(&t->chunk);
  if (t->app)
    t->d->appender_destroy(&t->app);
  sl_free(t->types);
  sl_free(t->from);
  sl_schema_unref(t->schema);
  sl_buf_free(&t->text);
}

/* ---- cells ---- */

static void set_text(struct in_table *t, duck_vector v, uint64_t row, struct sl_str s)
{
  sl_buf_clear(&t->text);
  if (!sl_utf8_valid(s)) {
    for (size_t i = 0; i < s.n;) {
      uint32_t cp;
      int n = sl_utf8_next(sl_str_from(s, i), &cp);
      sl_buf_u8(&t->text, n > 0 ? cp : 0xfffd);
      i += n > 0 ? (size_t)n : 1;
    }
    s = sl_buf_view(&t->text);
  }
  t->d->vector_assign_string_element_len(v, row, s.n ? s.p : "", s.n);
}

static void set_null(struct in_table *t, duck_vector v, uint64_t row)
{
  t->d->vector_ensure_validity_writable(v);
  t->d->validity_set_row_invalid(t->d->vector_get_validity(v), row);
}

/* Room for n more items behind those of earlier rows; returns where they start. */
static int list_room(struct in_table *t, duck_vector v, uint64_t row, uint64_t at, uint64_t n, struct sl_err *err)
{
  if (t->d->list_vector_reserve(v, at + n) != DUCK_OK || t->d->list_vector_set_size(v, at + n) != DUCK_OK)
    return sl_err_nomem(err);
  ((duck_list *)t->d->vector_get_data(v))[row] = (duck_list){ at, n };
  return SL_OK;
}

static int set_list(struct in_table *t, duck_vector v, uint64_t row, struct sl_str list, uint64_t *at, struct sl_err *err)
{
  struct sl_str rest = list, item;
  uint64_t n = 0;
  while (sl_list_next(&rest, &item))
    n++;
  int rc = list_room(t, v, row, *at, n, err);
  if (rc)
    return rc;
  duck_vector child = t->d->list_vector_get_child(v);
  for (rest = list; sl_list_next(&rest, &item);)
    set_text(t, child, (*at)++, item);
  return SL_OK;
}

static int set_map(struct in_table *t, duck_vector v, const struct sl_batch *b, uint32_t row, unsigned col, uint64_t *at,
                   struct sl_err *err)
{
  uint32_t n = 0, key;
  struct sl_val x;
  while (sl_batch_pair(b, row, col, n, &key, &x))
    n++;
  int rc = list_room(t, v, row, *at, n, err);
  if (rc)
    return rc;
  duck_vector pairs = t->d->list_vector_get_child(v);
  duck_vector keys = t->d->struct_vector_get_child(pairs, 0), values = t->d->struct_vector_get_child(pairs, 1);
  for (uint32_t i = 0; i < n && sl_batch_pair(b, row, col, i, &key, &x); i++, ++*at) {
    set_text(t, keys, *at, sl_keys_name(sl_schema_keys(t->schema), key));
    if (x.null)
      set_null(t, values, *at);
    else if (x.type == SL_F64)
      ((double *)t->d->vector_get_data(values))[*at] = x.u.f;
    else
      set_text(t, values, *at, x.u.s);
  }
  return SL_OK;
}

static int set_cell(struct in_table *t, duck_vector v, const struct sl_batch *b, uint32_t row, unsigned col, uint64_t *at,
                    struct sl_err *err)
{
  enum sl_type type = sl_schema_col(t->schema, col)->type;
  if (type == SL_FAMILY_F64 || type == SL_FAMILY_TEXT)
    return set_map(t, v, b, row, col, at, err);
  struct sl_val x = sl_batch_get(b, row, col);
  if (x.null) {
    set_null(t, v, row);
    return SL_OK;
  }
  switch (type) {
  case SL_BOOL: ((uint8_t *)t->d->vector_get_data(v))[row] = x.u.b; break;
  case SL_I64: ((int64_t *)t->d->vector_get_data(v))[row] = x.u.i; break;
  case SL_F64: ((double *)t->d->vector_get_data(v))[row] = x.u.f; break;
  case SL_TIME: ((int64_t *)t->d->vector_get_data(v))[row] = x.u.i * 1000; break;
  case SL_LIST: return set_list(t, v, row, x.u.s, at, err);
  default: set_text(t, v, row, x.u.s); break;
  }
  return SL_OK;
}

/* conns: how many rows come from which connection, in order. */
static void set_refs(struct in_table *t, struct sl_str conns, const struct sl_batch *b)
{
  struct sl_rd r = sl_rd(conns);
  struct sl_buf ref;
  sl_buf_init(&ref, 0);
  duck_vector first = t->d->data_chunk_get_vector(t->chunk, 0), last = t->d->data_chunk_get_vector(t->chunk, t->n + 1);
  struct sl_str conn = SL_STR("");
  uint64_t left = 0;
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    while (!left && !r.bad && r.p < r.end) {
      left = sl_rd_le(&r, 4);
      conn = sl_rd_lstr(&r);
    }
    left -= left > 0;
    set_text(t, first, row, conn);
    sl_buf_clear(&ref);
    sl_ref_text(&ref, &(struct sl_ref){ conn, sl_schema_resource(t->schema), sl_batch_id(b, row) });
    set_text(t, last, row, sl_buf_view(&ref));
  }
  sl_buf_free(&ref);
}

static int take_batch(void *user, struct sl_str conns, struct sl_batch *b, struct sl_err *err)
{
  struct in_table *t = user;
  uint32_t n = sl_batch_count(b);
  int rc = SL_OK;
  t->d->data_chunk_reset(t->chunk);
  for (size_t i = 0; !rc && i < t->n; i++) {
    duck_vector v = t->d->data_chunk_get_vector(t->chunk, i + 1);
    uint64_t at = 0;
    for (uint32_t row = 0; !rc && row < n; row++)
      rc = set_cell(t, v, b, row, t->from[i], &at, err);
  }
  if (rc)
    return rc;
  set_refs(t, conns, b);
  t->d->data_chunk_set_size(t->chunk, n);
  if (t->d->append_data_chunk(t->app, t->chunk) != DUCK_OK)
    return duck_error(err, t->d->appender_error(t->app));
  return SL_OK;
}

int duck_inputs(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < c->work.ninputs; i++) {
    struct in_table t = { .d = d, .conn = conn };
    sl_buf_init(&t.text, 0);
    rc = table_open(&t, &c->work.inputs[i], err);
    if (!rc)
      rc = box_input(c, i, t.schema, take_batch, &t, err);
    if (!rc && d->appender_close(t.app) != DUCK_OK)
      rc = duck_error(err, d->appender_error(t.app));
    table_close(&t);
  }
  return rc;
}
