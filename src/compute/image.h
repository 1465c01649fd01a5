/* compute/image.h: pictures as a model of pictures wants them: resized as Pillow does, cut out and normalised as torchvision does.
 *
 * Every byte and every float is the one that Pillow and NumPy give: docs/internals/images.md has the formulas and how they were compared.
 * Pixels are 8-bit RGB, rows without gaps. A picture need not lie in memory as a whole: a flow takes the rows of the part that counts as a
 * decoder gives them, and keeps only as many as one row of the result needs. Sizes from outside are bounded here. [any] */
#ifndef SL_COMPUTE_IMAGE_H
#define SL_COMPUTE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SL_IMAGE_SIDE_MAX = 32768, SL_IMAGE_PIXELS_MAX = 64 << 20 };

struct sl_image { uint32_t w, h; unsigned char *rgb; };      /* 3 bytes a pixel */

/* Zeroed pixels; ELIMIT beyond the bounds above or without any pixel. */
int sl_image_alloc(struct sl_image *m, uint64_t w, uint64_t h, struct sl_err *err) SL_NODISCARD;
void sl_image_free(struct sl_image *m);                      /* and empties it; may be empty */

/* Pillow's filters with Pillow's numbers, which stand in the files that describe a model ("resample": 2). */
enum sl_image_filter {
  SL_IMAGE_NEAREST, SL_IMAGE_LANCZOS, SL_IMAGE_BILINEAR, SL_IMAGE_BICUBIC, SL_IMAGE_BOX, SL_IMAGE_HAMMING, SL_IMAGE_FILTERS
};
const char *sl_image_filter_name(enum sl_image_filter f);    /* "bilinear" */
int sl_image_filter_named(const char *name);                 /* -1: none */

/* PIL.Image.resize((w, h), filter) of Pillow 13: out is allocated (free with sl_image_free). */
int sl_image_resize(const struct sl_image *in, uint32_t w, uint32_t h, enum sl_image_filter f, struct sl_image *out,
                    struct sl_err *err) SL_NODISCARD;

/* How a picture becomes an input: resized, cut out, each byte x a number v, then (v - mean) / std by channel in float32. */
enum sl_image_fit {
  SL_IMAGE_KEEP,               /* not resized */
  SL_IMAGE_SHORTER,            /* the shorter side becomes `w`, the longer one keeps the ratio, rounded down */
  SL_IMAGE_EXACT               /* w x h whatever it was */
};
struct sl_image_prep {
  enum sl_image_fit fit;
  uint32_t w, h;
  enum sl_image_filter filter;
  uint32_t crop_w, crop_h;     /* from the middle; 0: not cut. Where the picture is smaller, black is put around it first */
  bool crop_floor;             /* an odd pixel beside the middle: as transformers cuts, rounded down; else torchvision's rounding to even */
  double scale;                /* v = float32(x) / float32(scale): 255 as torchvision; where `multiply`, v = float32(x * scale), as */
  bool multiply;               /* transformers does with 1/255 */
  float mean[3], std[3];
  bool nhwc;                   /* channels last; else NCHW */
  bool across_first;           /* as Pillow before 13: columns first, even in pictures that lose much more height than width */
};
/* torchvision's ImageClassification preset: the shorter side 256 by bilinear, 224 x 224 of it, / 255, ImageNet's mean and std, NCHW. */
struct sl_image_prep sl_image_prep_imagenet(void);
/* Width and height of what becomes of a picture of w x h pixels: 3 * *out_w * *out_h floats. ELIMIT, or EUSAGE for a prep that is none. */
int sl_image_prep_size(const struct sl_image_prep *p, uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h,
                       struct sl_err *err) SL_NODISCARD;
/* Fills out: 3 * out_w * out_h floats, as sl_image_prep_size() says. */
int sl_image_prep_run(const struct sl_image_prep *p, const struct sl_image *in, float *out, struct sl_err *err) SL_NODISCARD;

/* ---- row by row ---- */

struct sl_image_part { uint32_t x, y, w, h; };               /* may be empty: then no row is wanted */
struct sl_image_flow;
/* For pictures of w x h pixels; any number of them, one after the other. */
int sl_image_flow_open(struct sl_image_flow **out, const struct sl_image_prep *p, uint32_t w, uint32_t h,
                       struct sl_err *err) SL_NODISCARD;
void sl_image_flow_free(struct sl_image_flow *f);
struct sl_image_part sl_image_flow_part(const struct sl_image_flow *f);   /* which part of the picture it has to be given */
void sl_image_flow_begin(struct sl_image_flow *f, float *out);            /* a picture starts */
/* Rows part.y, part.y + 1, ... of it, part.h of them: part.w pixels from column part.x on. After the last one out is complete. */
void sl_image_flow_row(struct sl_image_flow *f, const unsigned char *rgb);

#endif
