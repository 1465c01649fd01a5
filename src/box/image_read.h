/* box/image_read.h: JPEG and PNG as RGB, as PIL.Image.open(f).convert("RGB") has them: gray and palettes become colours, an alpha channel
 * is dropped, CMYK is converted as Pillow does, and no orientation is applied. What cannot be the same is refused by name. [box] */
#ifndef SL_BOX_IMAGE_READ_H
#define SL_BOX_IMAGE_READ_H

#include "base/str.h"
#include "compute/image.h"

enum { SL_IMAGE_FILE_MAX = 256 << 20 };    /* bytes of a file */

/* Fills m (free with sl_image_free). what: whose bytes they are, said in errors. */
int sl_image_read(struct sl_image *m, struct sl_str bytes, const char *what, struct sl_err *err) SL_NODISCARD;
/* Decoding and preprocessing in one go, without the whole picture in memory: fills out, 3 * w * h floats of exactly this size, which
 * prep has to give (sl_image_prep_size). */
int sl_image_read_prep(const struct sl_image_prep *prep, struct sl_str bytes, const char *what, uint32_t w, uint32_t h, float *out,
                       struct sl_err *err) SL_NODISCARD;

#endif
