/* table/batch_copy.c: rows copied from sealed batches into a new one: pages of a snapshot, and small blocks made into one. */
#include "base/mem.h"
#include "table/batch_int.h"

void batch_map_cols(const struct sl_schema *to, const struct sl_schema *from, int32_t *map)
{
  for (size_t i = 0; i < sl_schema_count(to); i++) {
    const struct sl_col *t = sl_schema_col(to, i), *f = sl_schema_col(from, i);
    if (to == from || (f && f->type == t->type && strcmp(f->name, t->name) == 0)) {
      map[i] = (int32_t)i;
      continue;
    }
    int at = sl_schema_find(from, sl_str(t->name));
    map[i] = at >= 0 && sl_schema_col(from, (size_t)at)->type == t->type ? at : -1;
  }
}

static void copy_family(struct sl_batch *dst, unsigned to, const struct sl_batch *src, uint32_t row, unsigned from)
{
  const struct image *m = src->image;
  const struct image_col *c = &m->cols[from];
  if (!c->row)
    return;
  struct sl_keys *mine = sl_schema_keys(build_schema(dst->build)), *theirs = sl_schema_keys(m->schema);
  for (uint32_t i = c->row[row]; i < c->row[row + 1]; i++) {
    struct sl_val v = image_pair_val(c, i);
    uint32_t key = m->global[c->key[i]];
    if (mine == theirs)
      build_pair(dst, to, key, &v);
    else
      sl_batch_key(dst, to, sl_keys_name(theirs, key), v);
    if (build_why(dst->build)->code)
      return;
  }
}

/* The place of a connection in dst's list; appended when it is new. */
static int conn_place(struct sl_batch *dst, struct conn_name *c, uint32_t *at, struct sl_err *err)
{
  for (*at = 0; *at < dst->nconn; ++*at) {
    const struct conn_name *x = dst->conn[*at];
    if (x == c || (x->hash == c->hash && sl_str_eq(conn_name_str(x), conn_name_str(c))))
      return SL_OK;
  }
  struct conn_name **list = sl_realloc_array(dst->conn, dst->nconn + 1, sizeof *list);
  if (!list)
    return sl_err_nomem(err);
  dst->conn = list;
  *at = dst->nconn;
  dst->conn[dst->nconn++] = conn_name_ref(c);
  return SL_OK;
}

static void copy_conn(struct sl_batch *dst, const struct sl_batch *src, uint32_t row)
{
  if (!src->nconn)
    return;
  struct sl_err *why = build_why(dst->build);
  uint32_t at;
  if (conn_place(dst, src->conn[src->conn_of ? src->conn_of[row] : 0], &at, why))
    return;
  if (!dst->conn_of && at) {
    dst->conn_of = sl_calloc(build_max(dst->build), sizeof *dst->conn_of);
    if (!dst->conn_of) {
      sl_err_nomem(why);
      return;
    }
  }
  if (dst->conn_of)
    dst->conn_of[build_rows(dst->build) - 1] = (uint16_t)at;
}

void batch_copy_row(struct sl_batch *dst, const struct sl_batch *src, uint32_t row, const int32_t *map)
{
  sl_batch_row(dst, SL_PUT, sl_batch_id(src, row));
  if (build_why(dst->build)->code)
    return;
  copy_conn(dst, src, row);
  const struct sl_schema *s = build_schema(dst->build);
  for (unsigned c = 0; c < sl_schema_count(s); c++) {
    if (map[c] < 0)
      continue;
    if (type_is_family(sl_schema_col(s, c)->type))
      copy_family(dst, c, src, row, (unsigned)map[c]);
    else
      sl_batch_set(dst, c, sl_batch_get(src, row, (unsigned)map[c]));
  }
}

int sl_batch_public(struct sl_batch **out, struct sl_batch *b, struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(b);
  *out = NULL;
  if (!schema_secret(s)) {
    *out = sl_batch_ref(b);
    return SL_OK;
  }
  size_t n = sl_schema_count(s);
  int32_t *map = sl_calloc(n, sizeof *map);
  int rc = map ? sl_batch_new(out, s, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < n; i++)
    map[i] = sl_schema_col(s, i)->flags & SL_COL_SECRET ? -1 : (int32_t)i;
  for (uint32_t row = 0; !rc && row < sl_batch_count(b); row++)
    batch_copy_row(*out, b, row, map);
  if (!rc)
    rc = sl_batch_seal(*out, err);
  sl_free(map);
  if (rc) {
    sl_batch_unref(*out);
    *out = NULL;
  }
  return rc;
}
