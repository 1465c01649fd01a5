/* box/image_read.c: which decoder reads a picture, and where its rows go. */
#include "box/image_read.h"

#include <string.h>

#include "box/image_int.h"

int image_sink_size(struct image_sink *s, uint32_t w, uint32_t h, struct sl_err *err)
{
  s->part = (struct sl_image_part){ 0, 0, w, h };
  if (s->whole)
    return sl_image_alloc(s->whole, w, h, err);
  uint32_t out_w = 0, out_h = 0;
  int rc = sl_image_prep_size(s->prep, w, h, &out_w, &out_h, err);
  if (rc)
    return rc;
  if (out_w != s->out_w || out_h != s->out_h)
    return sl_err_set(err, SL_EUSAGE, "%u x %u pixels become %u x %u, not %u x %u", w, h, out_w, out_h, s->out_w, s->out_h);
  rc = sl_image_flow_open(&s->flow, s->prep, w, h, err);
  if (rc)
    return rc;
  s->part = sl_image_flow_part(s->flow);
  sl_image_flow_begin(s->flow, s->out);
  return SL_OK;
}

void image_sink_row(struct image_sink *s, uint32_t y, const unsigned char *rgb)
{
  if (s->whole)
    memcpy(s->whole->rgb + (size_t)y * s->whole->w * 3, rgb, (size_t)s->whole->w * 3);
  else
    sl_image_flow_row(s->flow, rgb);
}

static int decode(struct image_sink *s, struct sl_str b, struct sl_err *err)
{
  static const char png[] = { '\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n' };
  int rc;
  if (b.n > SL_IMAGE_FILE_MAX)
    rc = sl_err_set(err, SL_ELIMIT, "%zu bytes are more than is read of a picture", b.n);
  else if (b.n >= 2 && !memcmp(b.p, "\xff\xd8", 2))
    rc = image_jpeg(s, b, err);
  else if (b.n >= sizeof png && !memcmp(b.p, png, sizeof png))
    rc = image_png(s, b, err);
  else
    rc = sl_err_set(err, SL_EPARSE, "neither JPEG nor PNG");
  if (rc)
    sl_err_prefix(err, "%s", s->what);
  return rc;
}

int sl_image_read(struct sl_image *m, struct sl_str bytes, const char *what, struct sl_err *err)
{
  struct image_sink s = { .what = what, .whole = m };
  *m = (struct sl_image){ 0, 0, NULL };
  int rc = decode(&s, bytes, err);
  if (rc)
    sl_image_free(m);
  return rc;
}

int sl_image_read_prep(const struct sl_image_prep *prep, struct sl_str bytes, const char *what, uint32_t w, uint32_t h, float *out,
                       struct sl_err *err)
{
  struct image_sink s = { .what = what, .prep = prep, .out = out, .out_w = w, .out_h = h };
  int rc = decode(&s, bytes, err);
  sl_image_flow_free(s.flow);
  return rc;
}
