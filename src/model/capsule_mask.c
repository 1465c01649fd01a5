/* model/capsule_mask.c: what may enter a capsule: no secret, no person unless asked for, no token in any text. */
#include "base/json.h"
#include "model/capsule_int.h"

enum { HASH_HEX = 12, TEXT_MAX = 8 << 20 };

void cap_redact(struct sl_buf *out, struct sl_str s)
{
  struct sl_buf t;
  sl_buf_init(&t, TEXT_MAX);
  sl_secret_redact(&t, s);
  sl_buf_str(out, t.failed ? SL_STR("***") : sl_buf_view(&t));
  sl_buf_free(&t);
}

bool cap_clean(struct sl_str s)
{
  struct sl_buf t;
  sl_buf_init(&t, CAP_MAX);
  sl_secret_redact(&t, s);
  bool same = !t.failed && sl_str_eq(sl_buf_view(&t), s);
  sl_buf_free(&t);
  return same;
}

static bool is_text(enum sl_type t)
{
  return t == SL_TEXT || t == SL_STATE || t == SL_REF || t == SL_URI || t == SL_JSON || t == SL_FAMILY_TEXT;
}

void cap_hash(const struct cap_mask *m, struct sl_str s, struct sl_buf *out)
{
  char hex[65];
  struct sl_sha256 d = sl_hmac_sha256(sl_strn((const char *)m->secret, sizeof m->secret), s);
  sl_sha256_hex(&d, hex);
  sl_buf_ch(out, '~');
  sl_buf_add(out, hex, HASH_HEX);
}

/* Only texts can hold it. */
static struct sl_val hashed(const struct cap_mask *m, struct sl_val v, struct sl_buf *room)
{
  if (v.null || !is_text(v.type))
    return sl_null(v.type);
  sl_buf_clear(room);
  cap_hash(m, v.u.s, room);
  v.u.s = sl_buf_view(room);
  return room->failed ? sl_null(v.type) : v;
}

static struct sl_val list_clean(struct sl_val v, struct sl_buf *room)
{
  struct sl_str rest = v.u.s, one;
  struct sl_buf t;
  sl_buf_init(&t, TEXT_MAX);
  sl_buf_clear(room);
  while (sl_list_next(&rest, &one)) {
    sl_buf_clear(&t);
    cap_redact(&t, one);
    sl_list_add(room, sl_buf_view(&t));
  }
  sl_buf_free(&t);
  v.u.s = sl_buf_view(room);
  return room->failed ? sl_null(v.type) : v;
}

static struct sl_val clean(const struct cap_mask *m, unsigned flags, struct sl_val v, struct sl_buf *room)
{
  if (v.null || (flags & SL_COL_SECRET))
    return sl_null(v.type);
  if ((flags & SL_COL_PERSONAL) && !m->with_data)
    return hashed(m, v, room);
  if (v.type == SL_LIST)
    return list_clean(v, room);
  if (!is_text(v.type))
    return v;
  sl_buf_clear(room);
  cap_redact(room, v.u.s);
  v.u.s = room->n ? sl_buf_view(room) : SL_STR("");
  return room->failed ? sl_null(v.type) : v;
}

static void family_copy(const struct cap_mask *m, struct sl_batch *to, const struct sl_batch *b, uint32_t row, unsigned col,
                        struct sl_buf *room)
{
  const struct sl_schema *s = sl_batch_schema(b);
  unsigned flags = sl_schema_col(s, col)->flags;
  struct sl_val v;
  uint32_t key;
  if (flags & SL_COL_SECRET)
    return;
  for (uint32_t i = 0; sl_batch_pair(b, row, col, i, &key, &v); i++)
    sl_batch_key(to, col, sl_keys_name(sl_schema_keys(s), key), clean(m, flags, v, room));
}

int cap_mask_rows(const struct cap_mask *m, struct sl_batch *b, struct sl_buf *out, struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(b);
  struct sl_batch *to = NULL;
  struct sl_buf room;
  int rc = sl_batch_new(&to, s, err);
  if (rc)
    return rc;
  sl_buf_init(&room, TEXT_MAX);
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    sl_batch_row(to, sl_batch_op(b, row), sl_batch_id(b, row));
    for (unsigned c = 0; c < sl_schema_count(s); c++) {
      const struct sl_col *col = sl_schema_col(s, c);
      if (col->type == SL_FAMILY_F64 || col->type == SL_FAMILY_TEXT) {
        family_copy(m, to, b, row, c, &room);
        continue;
      }
      struct sl_val v = clean(m, col->flags, sl_batch_get(b, row, c), &room);
      if (!v.null)
        sl_batch_set(to, c, v);
    }
  }
  sl_buf_free(&room);
  rc = sl_batch_seal(to, err);
  if (!rc)
    rc = sl_batch_encode(out, to, err);
  sl_batch_unref(to);
  return rc;
}

/* A document is the row's original: whatever its columns hide may stand in it. */
bool cap_mask_doc_ok(const struct cap_mask *m, const struct sl_schema *s)
{
  for (size_t i = 0; i < sl_schema_count(s); i++) {
    unsigned flags = sl_schema_col(s, i)->flags;
    if ((flags & SL_COL_SECRET) || ((flags & SL_COL_PERSONAL) && !m->with_data))
      return false;
  }
  return true;
}
