/* table/batch.c: sealed batches as others see them: counted, immutable, read in place. */
#include "base/mem.h"
#include "table/batch_int.h"

struct sl_batch *sl_batch_ref(struct sl_batch *b)
{
  __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
  return b;
}

void sl_batch_unref(struct sl_batch *b)
{
  if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
    return;
  build_free(b->build);
  image_unref(b->image);
  for (uint32_t i = 0; i < b->nconn; i++)
    conn_name_unref(b->conn[i]);
  sl_free(b->conn);
  sl_free(b->conn_of);
  sl_free(b);
}

uint32_t sl_batch_count(const struct sl_batch *b)
{
  return b->image ? b->image->rows : build_rows(b->build);
}

struct sl_schema *sl_batch_schema(const struct sl_batch *b)
{
  return b->image ? b->image->schema : build_schema(b->build);
}

struct sl_str sl_batch_id(const struct sl_batch *b, uint32_t row)
{
  return image_id(b->image, row);
}

enum sl_op sl_batch_op(const struct sl_batch *b, uint32_t row)
{
  return b->image->del && bit_get(b->image->del, row) ? SL_DEL : SL_PUT;
}

static const struct conn_name *conn_at(const struct sl_batch *b, uint32_t row)
{
  return b->nconn ? b->conn[b->conn_of ? b->conn_of[row] : 0] : NULL;
}

struct sl_str sl_batch_conn(const struct sl_batch *b, uint32_t row)
{
  return conn_name_str(conn_at(b, row));
}

static struct sl_ref ref_at(const struct sl_batch *b, uint32_t row)
{
  return (struct sl_ref){ .conn = sl_batch_conn(b, row), .res = sl_schema_resource(b->image->schema), .id = image_id(b->image, row) };
}

uint64_t sl_batch_hash(const struct sl_batch *b, uint32_t row)
{
  struct sl_ref r = ref_at(b, row);
  return sl_ref_hash(&r);
}

void sl_batch_ref_text(const struct sl_batch *b, uint32_t row, struct sl_buf *out)
{
  struct sl_ref r = ref_at(b, row);
  sl_ref_text(out, &r);
}

struct sl_val sl_batch_get(const struct sl_batch *b, uint32_t row, unsigned col)
{
  const struct sl_col *sc = sl_schema_col(b->image->schema, col);
  if (!sc || row >= b->image->rows)
    return sl_null(SL_TEXT);
  const struct image_col *c = &b->image->cols[col];
  struct sl_val v = { .type = sc->type, .f32 = (sc->flags & SL_COL_F32) != 0 };
  if (c->row) {
    v.null = c->row[row] == c->row[row + 1];
    return v;
  }
  if (image_null(c, row))
    return sl_null(sc->type);
  switch (c->enc) {
  case ENC_BITS: v.u.b = bit_get(c->data, row); break;
  case ENC_INT: v.u.i = image_int(c, row); break;
  case ENC_F64: v.u.f = ((const double *)c->data)[row]; break;
  default: v.u.s = image_text(c, row);
  }
  return v;
}

bool image_local_key(const struct image *m, uint32_t global, uint32_t *local)
{
  uint32_t lo = 0, hi = m->nkeys;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (m->back[mid].global < global)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == m->nkeys || m->back[lo].global != global)
    return false;
  *local = m->back[lo].local;
  return true;
}

bool image_pair(const struct image *m, unsigned col, uint32_t row, uint32_t local, uint32_t *at)
{
  const struct image_col *c = &m->cols[col];
  if (!c->row)
    return false;
  uint32_t lo = c->row[row], end = c->row[row + 1], hi = end;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (c->key[mid] < local)
      lo = mid + 1;
    else
      hi = mid;
  }
  *at = lo;
  return lo < end && c->key[lo] == local;
}

struct sl_val image_pair_val(const struct image_col *c, uint32_t at)
{
  if (c->enc == ENC_PAIRS_F64)
    return sl_vf(((const double *)c->data)[at]);
  return sl_vs(sl_strn(c->heap + c->off[at], c->off[at + 1] - c->off[at]));
}

struct sl_val sl_batch_get_key(const struct sl_batch *b, uint32_t row, unsigned family, uint32_t key)
{
  const struct sl_col *sc = sl_schema_col(b->image->schema, family);
  enum sl_type type = sc && sc->type == SL_FAMILY_F64 ? SL_F64 : SL_TEXT;
  uint32_t local, at;
  if (!sc || !image_local_key(b->image, key, &local) || !image_pair(b->image, family, row, local, &at))
    return sl_null(type);
  return image_pair_val(&b->image->cols[family], at);
}

bool sl_batch_pair(const struct sl_batch *b, uint32_t row, unsigned family, uint32_t i, uint32_t *key, struct sl_val *v)
{
  const struct image_col *c = family < sl_schema_count(b->image->schema) ? &b->image->cols[family] : NULL;
  if (!c || !c->row || i >= c->row[row + 1] - c->row[row])
    return false;
  uint32_t at = c->row[row] + i;
  *key = b->image->global[c->key[at]];
  *v = image_pair_val(c, at);
  return true;
}

size_t sl_batch_bytes(const struct sl_batch *b)
{
  if (!b->image)
    return sizeof *b;
  const struct image *m = b->image;
  size_t cols = sl_schema_count(m->schema) * sizeof *m->cols, keys = m->nkeys * (sizeof *m->global + sizeof *m->back);
  return sizeof *b + sizeof *m + m->size + cols + keys + (b->conn_of ? m->rows * sizeof *b->conn_of : 0);
}

/* ---- connections of rows ---- */

int conn_name_new(struct conn_name **out, struct sl_str name, struct sl_err *err)
{
  struct conn_name *c = sl_alloc(sizeof *c + name.n);
  if (!c)
    return sl_err_nomem(err);
  *c = (struct conn_name){ .refs = 1, .hash = sl_str_hash(name), .n = name.n };
  if (name.n)
    memcpy(c->p, name.p, name.n);
  *out = c;
  return SL_OK;
}

struct conn_name *conn_name_ref(struct conn_name *c)
{
  __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
  return c;
}

void conn_name_unref(struct conn_name *c)
{
  if (c && !__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
    sl_free(c);
}

int batch_with_conn(struct sl_batch **out, struct sl_batch *b, struct conn_name *c, struct sl_err *err)
{
  struct sl_batch *n = sl_calloc(1, sizeof *n);
  struct conn_name **list = sl_alloc(sizeof *list);
  if (!n || !list) {
    sl_free(n);
    sl_free(list);
    return sl_err_nomem(err);
  }
  list[0] = conn_name_ref(c);
  __atomic_add_fetch(&b->image->refs, 1, __ATOMIC_RELAXED);
  *n = (struct sl_batch){ .refs = 1, .image = b->image, .conn = list, .nconn = 1 };
  *out = n;
  return SL_OK;
}

/* ---- encoded ---- */

int sl_batch_encode(struct sl_buf *out, const struct sl_batch *b, struct sl_err *err)
{
  if (!b->image)
    return sl_err_set(err, SL_EINTERNAL, "a batch is encoded before it is sealed");
  sl_buf_add(out, b->image->bytes, b->image->size);
  return sl_buf_check(out, err);
}

int sl_batch_decode(struct sl_batch **out, struct sl_schema *s, struct sl_str bytes, struct sl_err *err)
{
  if (bytes.n < sizeof(struct image_head) || bytes.n > IMAGE_MAX)
    return sl_err_set(err, SL_EPARSE, "%zu bytes are no batch of rows", bytes.n);
  char *copy = sl_alloc(bytes.n);
  struct sl_batch *b = sl_calloc(1, sizeof *b);
  if (!copy || !b) {
    sl_free(copy);
    sl_free(b);
    return sl_err_nomem(err);
  }
  memcpy(copy, bytes.p, bytes.n);
  b->refs = 1;
  int rc = image_open(&b->image, s, copy, bytes.n, err);
  if (rc)
    sl_free(b);
  else
    *out = b;
  return rc;
}
