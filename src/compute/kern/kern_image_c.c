/* compute/kern/kern_image_c.c: the loops of pictures in C: what the other levels are compared with. */
#include "compute/kern/kern_image.h"

static unsigned char rounded(int32_t sum)
{
  int32_t v = sum >> KERN_POINT;
  return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void across(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out)
{
  (void)pixels;
  for (size_t i = 0; i < a->n; i++, out += 3) {
    const unsigned char *p = row + (size_t)a->first[i] * 3;
    const int32_t *k = a->k + i * a->wide;
    int32_t r = KERN_ONE / 2, g = KERN_ONE / 2, b = KERN_ONE / 2;
    for (size_t t = 0; t < a->count[i]; t++, p += 3) {
      r += p[0] * k[t];
      g += p[1] * k[t];
      b += p[2] * k[t];
    }
    out[0] = rounded(r);
    out[1] = rounded(g);
    out[2] = rounded(b);
  }
}

static void down(const unsigned char *const *rows, const int32_t *k, size_t n, size_t bytes, unsigned char *out)
{
  for (size_t i = 0; i < bytes; i++) {
    int32_t sum = KERN_ONE / 2;
    for (size_t t = 0; t < n; t++)
      sum += rows[t][i] * k[t];
    out[i] = rounded(sum);
  }
}

const struct kern_image kern_image_c = { .name = "c", .across = across, .down = down };
