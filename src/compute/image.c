/* compute/image.c: pictures in memory, and what size a preprocessing makes of them. */
#include "compute/image.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "compute/image_int.h"

static int image_size_refused(uint64_t w, uint64_t h, struct sl_err *err)
{
  if (!w || !h)
    return sl_err_set(err, SL_ELIMIT, "a picture without pixels");
  return sl_err_set(err, SL_ELIMIT, "%llu x %llu pixels are more than is read of a picture: %d million, %d a side", (unsigned long long)w,
                    (unsigned long long)h, SL_IMAGE_PIXELS_MAX / 1000000, SL_IMAGE_SIDE_MAX);
}

int sl_image_alloc(struct sl_image *m, uint64_t w, uint64_t h, struct sl_err *err)
{
  *m = (struct sl_image){ 0, 0, NULL };
  if (!w || !h || w > SL_IMAGE_SIDE_MAX || h > SL_IMAGE_SIDE_MAX || w * h > SL_IMAGE_PIXELS_MAX)
    return image_size_refused(w, h, err);
  m->rgb = sl_calloc((size_t)w * h, 3);
  if (!m->rgb)
    return sl_err_nomem(err);
  m->w = (uint32_t)w;
  m->h = (uint32_t)h;
  return SL_OK;
}

void sl_image_free(struct sl_image *m)
{
  sl_free(m->rgb);
  *m = (struct sl_image){ 0, 0, NULL };
}

static const char *const names[SL_IMAGE_FILTERS] = {
  [SL_IMAGE_NEAREST] = "nearest", [SL_IMAGE_LANCZOS] = "lanczos", [SL_IMAGE_BILINEAR] = "bilinear", [SL_IMAGE_BICUBIC] = "bicubic",
  [SL_IMAGE_BOX] = "box", [SL_IMAGE_HAMMING] = "hamming",
};

const char *sl_image_filter_name(enum sl_image_filter f) { return f < SL_IMAGE_FILTERS ? names[f] : "?"; }

int sl_image_filter_named(const char *name)
{
  for (int i = 0; i < SL_IMAGE_FILTERS; i++)
    if (!strcmp(names[i], name))
      return i;
  return -1;
}

struct sl_image_prep sl_image_prep_imagenet(void)
{
  return (struct sl_image_prep){ .fit = SL_IMAGE_SHORTER, .w = 256, .filter = SL_IMAGE_BILINEAR, .crop_w = 224, .crop_h = 224,
    .scale = 255, .mean = { 0.485f, 0.456f, 0.406f }, .std = { 0.229f, 0.224f, 0.225f } };
}

/* ---- sizes ---- */

static int prep_check(const struct sl_image_prep *p, struct sl_err *err)
{
  if (p->filter >= SL_IMAGE_FILTERS || p->fit > SL_IMAGE_EXACT)
    return sl_err_set(err, SL_EUSAGE, "no such filter or fit of a picture");
  if ((p->fit != SL_IMAGE_KEEP && !p->w) || (p->fit == SL_IMAGE_EXACT && !p->h) || !p->crop_w != !p->crop_h)
    return sl_err_set(err, SL_EUSAGE, "a picture cannot be resized or cut to no pixels");
  if (!isfinite(p->scale) || p->scale == 0)
    return sl_err_set(err, SL_EUSAGE, "the scale of a picture's values must be a number other than 0");
  for (int c = 0; c < 3; c++)
    if (!isfinite(p->mean[c]) || !isfinite(p->std[c]) || p->std[c] == 0)
      return sl_err_set(err, SL_EUSAGE, "mean and std of a picture's channels must be numbers, and std not 0");
  return SL_OK;
}

/* torchvision's centre: (size - crop) / 2 rounded to the nearest, half to even; what is missing is put around, the odd one behind.
 * transformers': rounded down; the odd one before. */
static struct image_side cut(uint32_t to, uint32_t crop, bool down)
{
  if (!crop)
    return (struct image_side){ .to = to, .n = to, .out = to };
  if (crop > to)
    return (struct image_side){ .to = to, .n = to, .pad = (crop - to + down) / 2, .out = crop };
  uint32_t over = to - crop, half = over / 2;
  return (struct image_side){ .to = to, .from = !down && over % 2 && half % 2 ? half + 1 : half, .n = crop, .out = crop };
}

int image_sides(const struct sl_image_prep *p, uint32_t w, uint32_t h, struct image_side *x, struct image_side *y, struct sl_err *err)
{
  int rc = prep_check(p, err);
  if (rc)
    return rc;
  if (!w || !h || w > SL_IMAGE_SIDE_MAX || h > SL_IMAGE_SIDE_MAX || (uint64_t)w * h > SL_IMAGE_PIXELS_MAX)
    return image_size_refused(w, h, err);
  uint64_t to_w = w, to_h = h;
  if (p->fit == SL_IMAGE_EXACT) {
    to_w = p->w;
    to_h = p->h;
  } else if (p->fit == SL_IMAGE_SHORTER) {
    to_w = w <= h ? p->w : (uint64_t)p->w * w / h;
    to_h = w <= h ? (uint64_t)p->w * h / w : p->w;
  }
  if (to_w > IMAGE_RESIZED_MAX || to_h > IMAGE_RESIZED_MAX)
    return sl_err_set(err, SL_ELIMIT, "a picture of %u x %u pixels would be resized to %llu x %llu", w, h, (unsigned long long)to_w,
                      (unsigned long long)to_h);
  *x = cut((uint32_t)to_w, p->crop_w, p->crop_floor);
  *y = cut((uint32_t)to_h, p->crop_h, p->crop_floor);
  if (x->out > SL_IMAGE_SIDE_MAX || y->out > SL_IMAGE_SIDE_MAX || (uint64_t)x->out * y->out > SL_IMAGE_PIXELS_MAX)
    return sl_err_set(err, SL_ELIMIT, "a picture of %u x %u pixels is more than is made of one", x->out, y->out);
  return SL_OK;
}

int sl_image_prep_size(const struct sl_image_prep *p, uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h, struct sl_err *err)
{
  struct image_side x, y;
  int rc = image_sides(p, w, h, &x, &y, err);
  if (rc)
    return rc;
  *out_w = x.out;
  *out_h = y.out;
  return SL_OK;
}

/* ---- whole pictures ---- */

int sl_image_prep_run(const struct sl_image_prep *p, const struct sl_image *in, float *out, struct sl_err *err)
{
  struct sl_image_flow *f;
  int rc = sl_image_flow_open(&f, p, in->w, in->h, err);
  if (rc)
    return rc;
  sl_image_flow_begin(f, out);
  image_flow_all(f, in);
  sl_image_flow_free(f);
  return SL_OK;
}

int sl_image_resize(const struct sl_image *in, uint32_t w, uint32_t h, enum sl_image_filter filter, struct sl_image *out,
                    struct sl_err *err)
{
  struct sl_image_prep p = { .fit = SL_IMAGE_EXACT, .w = w, .h = h, .filter = filter, .scale = 1, .std = { 1, 1, 1 } };
  struct sl_image_flow *f;
  *out = (struct sl_image){ 0, 0, NULL };
  int rc = sl_image_flow_open(&f, &p, in->w, in->h, err);
  if (rc)
    return rc;
  rc = sl_image_alloc(out, w, h, err);
  if (!rc) {
    image_flow_begin_bytes(f, out->rgb);
    image_flow_all(f, in);
  }
  sl_image_flow_free(f);
  return rc;
}
