/* table/ref.c: a row's name for ever, CONNECTION:RESOURCE/ID. */
#include "base/fmt.h"
#include "table/val.h"

void sl_ref_text(struct sl_buf *b, const struct sl_ref *r)
{
  sl_buf_str(b, r->conn);
  sl_buf_ch(b, ':');
  sl_buf_str(b, r->res);
  sl_buf_ch(b, '/');
  sl_fmt_percent(b, r->id);
}

static bool is_resource_name(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_' || s.p[i] == '-' || (i && s.p[i] >= '0' && s.p[i] <= '9')))
      return false;
  return s.n > 0;
}

int sl_ref_parse(struct sl_str text, struct sl_ref *out, struct sl_buf *scratch, struct sl_err *err)
{
  struct sl_str rest = text, conn, res;
  if (!sl_str_cut(&rest, ':', &conn) || !rest.p || !conn.n || sl_str_chr(conn, '/') >= 0)
    goto bad;
  ptrdiff_t slash = sl_str_chr(rest, '/');
  if (slash < 0)
    goto bad;
  res = sl_str_head(rest, (size_t)slash);
  rest = sl_str_from(rest, (size_t)slash + 1);
  if (!is_resource_name(res) || !rest.n)
    goto bad;
  size_t at = scratch->n;
  if (!sl_parse_percent(scratch, rest))
    goto bad;
  int rc = sl_buf_check(scratch, err);
  if (rc)
    return rc;
  *out = (struct sl_ref){ .conn = conn, .res = res, .id = sl_str_from(sl_buf_view(scratch), at) };
  return SL_OK;
bad:
  return sl_err_set(err, SL_EUSAGE, "'%.*s' is no ref; write CONNECTION:RESOURCE/ID, with the id percent-encoded",
                    SL_ARG(sl_str_head(text, 120)));
}

static uint64_t mix(uint64_t h, uint64_t x)
{
  h = (h ^ x) * 0x9fb21c651e98df25u;
  return h ^ h >> 29;
}

uint64_t sl_ref_hash(const struct sl_ref *r)
{
  return mix(mix(sl_str_hash(r->conn), sl_str_hash(r->res)), sl_str_hash(r->id));
}
