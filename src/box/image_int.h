/* box/image_int.h: a decoder gives rows; what takes them is one of two: the whole picture, or a preprocessing under way. */
#ifndef SL_BOX_IMAGE_INT_H
#define SL_BOX_IMAGE_INT_H

#include "box/image_read.h"

struct image_sink {
  const char *what;
  struct sl_image *whole;      /* all of it goes there; or: */
  const struct sl_image_prep *prep;
  struct sl_image_flow *flow;
  float *out;
  uint32_t out_w, out_h;
  struct sl_image_part part;   /* what is wanted, once the size is known */
};

/* Makes room for a picture of this size: afterwards sink->part says which rows and columns are wanted. */
int image_sink_size(struct image_sink *s, uint32_t w, uint32_t h, struct sl_err *err) SL_NODISCARD;
/* The next of the wanted rows, from its first wanted column on. */
void image_sink_row(struct image_sink *s, uint32_t y, const unsigned char *rgb);

/* All of a file, to s. EPARSE with the library's words, ELIMIT: too large. libjpeg and libpng, in the box only. */
int image_jpeg(struct image_sink *s, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int image_png(struct image_sink *s, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;

#endif
