/* table/sort_key.c: a row's place in an order as bytes: comparing the bytes is comparing the rows.
 *
 * Each column: a tag (value, NaN, null: in this order whichever way the column runs), then numbers as eight bytes with the sign turned,
 * text with NUL escaped and a terminator below every continuation. Descending columns invert the value's bytes, never the tag. Then the
 * connection and the id, so that no two rows of a table are equal. */
#include <math.h>

#include "table/sort_int.h"

enum { TAG_VALUE = 1, TAG_NAN, TAG_NULL };

void key_plan(struct key_plan *p, const struct sl_order *o, const struct sl_batch *b)
{
  const struct sl_schema *s = sl_batch_schema(b);
  p->n = 0;
  for (size_t i = 0; o && i < sl_order_count(o) && p->n < SORT_KEYS_MAX; i++) {
    const struct sl_order_key *k = sl_order_key(o, i);
    struct name_at at = name_find(s, &k->name);
    struct sort_key x = { .kind = at.kind, .col = at.col, .desc = k->desc };
    uint32_t key;
    x.has_local = at.kind == NAME_KEY && sl_keys_find(sl_schema_keys(s), at.key, &key) && image_local_key(b->image, key, &x.local);
    p->k[p->n++] = x;
  }
}

static void put_u64(struct sl_buf *out, uint64_t u, bool desc)
{
  uint64_t be = __builtin_bswap64(desc ? ~u : u);
  sl_buf_add(out, &be, sizeof be);
}

static void put_int(struct sl_buf *out, int64_t i, bool desc)
{
  sl_buf_ch(out, TAG_VALUE);
  put_u64(out, (uint64_t)i ^ (uint64_t)1 << 63, desc);
}

static void put_float(struct sl_buf *out, double f, bool desc)
{
  if (isnan(f)) {
    sl_buf_ch(out, TAG_NAN);
    return;
  }
  uint64_t u;
  f += 0.0; /* -0 is 0 */
  memcpy(&u, &f, sizeof u);
  sl_buf_ch(out, TAG_VALUE);
  put_u64(out, u >> 63 ? ~u : u | (uint64_t)1 << 63, desc);
}

static void put_bytes(struct sl_buf *out, const char *p, size_t n, bool desc)
{
  size_t at = out->n;
  sl_buf_add(out, p, n);
  for (; desc && at < out->n; at++)
    out->p[at] = (char)~out->p[at];
}

/* NUL becomes 00 FF, the end 00 00: shorter texts come first, and what follows cannot be taken for text. */
static void put_text(struct sl_buf *out, struct sl_str s, bool desc)
{
  while (s.n) {
    const char *nul = memchr(s.p, 0, s.n);
    size_t n = nul ? (size_t)(nul - s.p) : s.n;
    put_bytes(out, s.p, n, desc);
    if (!nul)
      break;
    put_bytes(out, "\0\xff", 2, desc);
    s = sl_str_from(s, n + 1);
  }
  put_bytes(out, "\0", 2, desc);
}

static void put_list(struct sl_buf *out, struct sl_str rest, bool desc)
{
  for (struct sl_str item; sl_list_next(&rest, &item);) {
    put_bytes(out, "\1", 1, desc);
    put_text(out, item, desc);
  }
  put_bytes(out, "\0", 1, desc);
}

static void put_val(struct sl_buf *out, const struct sl_val *v, bool desc)
{
  if (v->null) {
    sl_buf_ch(out, TAG_NULL);
    return;
  }
  switch (v->type) {
  case SL_BOOL: put_int(out, v->u.b, desc); return;
  case SL_I64:
  case SL_TIME: put_int(out, v->u.i, desc); return;
  case SL_F64: put_float(out, v->u.f, desc); return;
  default: sl_buf_ch(out, TAG_VALUE);
  }
  if (v->type == SL_LIST)
    put_list(out, v->u.s, desc);
  else
    put_text(out, v->u.s, desc);
}

static struct sl_val value_of(const struct sort_key *k, const struct sl_batch *b, uint32_t row)
{
  uint32_t at;
  if (k->kind == NAME_COL)
    return sl_batch_get(b, row, (unsigned)k->col);
  if (k->kind == NAME_KEY && k->has_local && image_pair(b->image, (unsigned)k->col, row, k->local, &at))
    return image_pair_val(&b->image->cols[k->col], at);
  if (k->kind == NAME_CONN)
    return sl_vs(sl_batch_conn(b, row));
  return sl_null(SL_TEXT);
}

void key_write(struct sl_buf *out, const struct key_plan *p, const struct sl_batch *b, uint32_t row)
{
  for (size_t i = 0; i < p->n; i++) {
    if (p->k[i].kind == NAME_REF) {
      put_text(out, sl_batch_conn(b, row), p->k[i].desc);
      put_text(out, sl_batch_id(b, row), p->k[i].desc);
      continue;
    }
    struct sl_val v = value_of(&p->k[i], b, row);
    put_val(out, &v, p->k[i].desc);
  }
  put_text(out, sl_batch_conn(b, row), false);
  sl_buf_str(out, sl_batch_id(b, row));
}
