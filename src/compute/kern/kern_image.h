/* compute/kern/kern_image.h: the inner loops of pictures, once a level of the processor, as compute/kern/kern.h has them for trees.
 *
 * All levels give the very same bytes: tests/unit/compute_image.c compares them. Pixels are RGB, 3 bytes. Weights have 22 bits behind the
 * point; a sum of bytes by weights is rounded to the nearest and cut to 0..255, which is what Pillow does after each pass. */
#ifndef SL_COMPUTE_KERN_KERN_IMAGE_H
#define SL_COMPUTE_KERN_KERN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERN_POINT = 22, KERN_ONE = 1 << KERN_POINT };

/* Results along one side: result i is the sum over t < count[i] of pixel first[i] + t by k[i * wide + t]. Both first and first + count
 * never fall. Weights behind count are 0. */
struct kern_axis {
  uint32_t n, wide;
  uint32_t *first, *count;
  int32_t *k;
  bool same;                   /* every result is its own pixel: nothing is to be computed */
};

struct kern_image {
  const char *name;
  /* A row of `pixels` pixels becomes a.n of them. */
  void (*across)(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out);
  /* n rows of so many bytes become one. */
  void (*down)(const unsigned char *const *rows, const int32_t *k, size_t n, size_t bytes, unsigned char *out);
};

extern const struct kern_image kern_image_c;

#endif
