/* compute/xgb_names.c: what XGBoost's files (since 3.1) call the categories of a feature, where those are texts: all bytes in a row, and
 * where each name begins. Some files count characters there; names that cannot be told for sure stay unknown. */
#include "base/mem.h"
#include "compute/xgb_doc.h"

static int names_bad(struct xgb_doc *l, const char *why)
{
  xgb_bad(l->r, why);
  return SL_EPARSE;
}

/* Where name k begins if offsets count characters: XGBoost 3.1 and 3.2 count so what they get from pandas, and write as many bytes as there
 * are characters. */
static int64_t by_characters(const struct xgb_ints *texts, int64_t from, int64_t characters)
{
  while (from < (int64_t)texts->n && characters > 0) {
    from++;
    while (from < (int64_t)texts->n && (texts->at[from] & 0xc0) == 0x80)
      from++;
    characters--;
  }
  return characters ? -1 : from;
}

static int enc_name(struct xgb_doc *l, int64_t from, int64_t to, struct sl_buf *b)
{
  sl_buf_clear(b);
  for (int64_t i = from; i < to; i++)
    sl_buf_ch(b, (char)(l->texts.at[i] & 0xff));
  return sl_buf_check(b, l->r->err);
}

/* Bytes that are cut amidst a character show that characters were counted. Where nothing shows it, only names that either way of counting
 * finds in the same place are known; the others get one that no text has, so that they are refused. */
int xgb_doc_names(struct xgb_doc *l, struct model_cats *c)
{
  struct sl_buf b;
  const struct xgb_ints *o = &l->offsets;
  bool ascii = true, cut = false;
  int rc = SL_OK;
  for (size_t i = 0; i < l->texts.n; i++)
    ascii = ascii && (l->texts.at[i] & 0xff) < 0x80;
  for (size_t k = 0; !rc && k + 1 < o->n; k++) {
    if (o->at[k] < 0 || o->at[k + 1] < o->at[k] || o->at[k + 1] > (int64_t)l->texts.n)
      return names_bad(l, "the names of categories lie outside their array");
    cut = cut || (o->at[k] < (int64_t)l->texts.n && (l->texts.at[o->at[k]] & 0xc0) == 0x80);
  }
  sl_buf_init(&b, 1 << 20);
  int64_t at = 0, last = o->n ? o->at[0] : 0;
  for (size_t k = 0; !rc && k + 1 < o->n; last = o->at[++k]) {
    int64_t from = o->at[k], to = o->at[k + 1], upto = at < 0 ? -1 : by_characters(&l->texts, at, to - last);
    bool half = upto == (int64_t)l->texts.n && to > from && (l->texts.at[upto - 1] & 0x80);
    bool same = at == from && upto == to;
    if (ascii || (same && !cut)) {
      rc = enc_name(l, from, to, &b);
    } else if (cut && upto >= 0 && !half) {
      rc = enc_name(l, at, upto, &b);
    } else {
      sl_buf_clear(&b);
      sl_buf_printf(&b, "\xff%zu", k);
      rc = sl_buf_check(&b, l->r->err);
    }
    if (!rc)
      rc = model_add_category(c, sl_buf_view(&b), l->r->err);
    at = upto;
  }
  sl_buf_free(&b);
  return rc;
}
