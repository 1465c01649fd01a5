/* compute/image_int.h: what the files of pictures share. */
#ifndef SL_COMPUTE_IMAGE_INT_H
#define SL_COMPUTE_IMAGE_INT_H

#include "compute/image.h"
#include "compute/kern/kern_image.h"

enum { IMAGE_RESIZED_MAX = 1 << 20 };      /* a side before it is cut */

/* Results from..from + n - 1 of `to` that a side of `size` pixels is resized to. `first` counts from the side's first pixel. */
int image_axis_plan(struct kern_axis *a, uint32_t size, uint32_t to, uint32_t from, uint32_t n, enum sl_image_filter f,
                    struct sl_err *err) SL_NODISCARD;
void image_axis_free(struct kern_axis *a);
/* Brings the weights into the form that the level wants; false in *ok where it cannot take them. */
int image_axis_pack(struct kern_axis *a, const struct kern_image *kern, bool *ok, struct sl_err *err) SL_NODISCARD;
void image_values(struct kern_value *v, const struct sl_image_prep *p);

/* One side of a prep: resized to `to`, of which `n` results from `from` on stand behind `pad` black ones; `out` in all. */
struct image_side { uint32_t to, from, n, pad, out; };
/* Of a picture of w x h. EUSAGE: no such preparation; ELIMIT: too large. */
int image_sides(const struct sl_image_prep *p, uint32_t w, uint32_t h, struct image_side *x, struct image_side *y,
                struct sl_err *err) SL_NODISCARD;

/* As sl_image_flow_begin(), for bytes: 3 * out_w * out_h of them. */
void image_flow_begin_bytes(struct sl_image_flow *f, unsigned char *out);
void image_flow_all(struct sl_image_flow *f, const struct sl_image *in);      /* all rows of a picture that lies in memory */

#endif
