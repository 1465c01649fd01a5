/* box/scan_span.c: spans of the engine's values as numbers, and into sketches. */
#include "box/scan.h"

enum { DAYS = 106751991 };
static const int64_t day = INT64_C(86400000000); /* microseconds */

#define WIDEN(type) \
  for (size_t i = 0; i < s->n; i++) \
    out[i] = (int64_t)((const type *)s->data)[i]; \
  return out

const int64_t *scan_whole(const struct scan_span *s, int64_t out[SCAN_CHUNK])
{
  switch (s->type) {
  case DUCK_BOOLEAN: case DUCK_UTINYINT: WIDEN(uint8_t);
  case DUCK_TINYINT: WIDEN(int8_t);
  case DUCK_SMALLINT: WIDEN(int16_t);
  case DUCK_USMALLINT: WIDEN(uint16_t);
  case DUCK_INTEGER: WIDEN(int32_t);
  case DUCK_UINTEGER: WIDEN(uint32_t);
  case DUCK_DATE: /* its infinities are 2^31 days away: as far as 64 bits reach */
    for (size_t i = 0; i < s->n; i++)
      out[i] = ((const int32_t *)s->data)[i] > DAYS ? INT64_MAX : ((const int32_t *)s->data)[i] < -DAYS ? INT64_MIN
                                                                  : day * ((const int32_t *)s->data)[i];
    return out;
  default: return s->data; /* 64 bits already */
  }
}

const double *scan_f64(const struct scan_span *s, double out[SCAN_CHUNK])
{
  int64_t whole[SCAN_CHUNK];
  if (s->type == DUCK_DOUBLE)
    return s->data;
  const int64_t *w = s->type == DUCK_FLOAT ? NULL : scan_whole(s, whole);
  for (size_t i = 0; i < s->n; i++)
    out[i] = w ? (double)w[i] : (double)((const float *)s->data)[i];
  return out;
}

static int sketch_texts(struct sl_sketch *to, const struct scan_span *s, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < s->n && !rc; i++) {
    const duck_text *t = (const duck_text *)s->data + i;
    if (s->valid && !(s->valid[i / 64] >> (i % 64) & 1)) /* what lies there then is anything */
      rc = sl_sketch_add_nulls(to, 1, err);
    else
      rc = sl_sketch_add_text(to, sl_strn(t->len <= sizeof t->in.p ? t->in.p : t->far.p, t->len), err);
  }
  return rc;
}

int scan_sketch(struct sl_sketch *to, const struct scan_span *s, struct sl_err *err)
{
  int64_t whole[SCAN_CHUNK];
  switch (sl_sketch_kind(to)) {
  case SL_SKETCH_FLOAT:
    if (s->type == DUCK_FLOAT)
      return sl_sketch_add_f32(to, s->data, s->valid, s->n, err);
    return sl_sketch_add_f64(to, s->data, s->valid, s->n, err);
  case SL_SKETCH_WHOLE: return sl_sketch_add_i64(to, scan_whole(s, whole), s->valid, s->n, err);
  default: return sketch_texts(to, s, err);
  }
}
