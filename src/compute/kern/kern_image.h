/* compute/kern/kern_image.h: the inner loops of pictures, once a level of the processor, as compute/kern/kern.h has them for trees.
 *
 * All levels give the very same bytes: tests/unit/compute_image.c compares them. Pixels are RGB, 3 bytes. Weights have 22 bits behind the
 * point; a sum of bytes by weights is rounded to the nearest and cut to 0..255, which is what Pillow does after each pass. Nothing is read
 * or written beyond what is said here. */
#ifndef SL_COMPUTE_KERN_KERN_IMAGE_H
#define SL_COMPUTE_KERN_KERN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERN_POINT = 22, KERN_ONE = 1 << KERN_POINT, KERN_TAPS = 4, KERN_PACKED = 16 };

/* Results along one side: result i is the sum over t < count[i] of pixel first[i] + t by k[i * wide + t]. Both first and first + count
 * never fall. */
struct kern_axis {
  uint32_t n, wide;
  uint32_t *first, *count;
  int32_t *k;
  bool same;                   /* every result is its own pixel: nothing is to be computed */
  uint32_t steps;              /* groups of KERN_TAPS weights of each result, zeros behind count */
  unsigned char *packed;       /* n * steps * KERN_PACKED bytes in the level's own form; not for C */
};

/* What a byte becomes, by channel. Where fused: t = x * (by + by_low) - mean and t * (of + of_low) give the very same, where a product by a
 * sum of two is one fma of it. */
struct kern_value {
  float table[3][256];
  bool fused;
  float by, by_low, mean[3], of[3], of_low[3];
};

struct kern_image {
  const char *name;
  /* KERN_TAPS weights as the others want them; NULL: they want none. False: too large for that. */
  bool (*pack)(const int32_t *k, unsigned char *packed);
  /* A row of `pixels` pixels becomes a.n of them. */
  void (*across)(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out);
  /* Rows of so many bytes become result i. There are steps * KERN_TAPS pointers; those behind the count point at any row. */
  void (*down)(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t bytes, unsigned char *out);
  /* n pixels as three rows of floats. */
  void (*planes)(const struct kern_value *v, const unsigned char *px, size_t n, float *r, float *g, float *b);
};

extern const struct kern_image kern_image_c;
#if defined(__x86_64__)
extern const struct kern_image kern_image_avx2, kern_image_avx512;
#endif
/* What the other levels leave to C: results from..n - 1, bytes from..bytes - 1, pixels from..n - 1. */
void kern_image_across_from(const struct kern_axis *a, size_t from, const unsigned char *row, unsigned char *out);
void kern_image_down_from(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t from, size_t bytes,
                          unsigned char *out);
void kern_image_planes_from(const struct kern_value *v, size_t from, const unsigned char *px, size_t n, float *r, float *g, float *b);

#endif
