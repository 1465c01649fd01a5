/* compute/kern/kern_image_c.c: the loops of pictures in C: what the other levels are compared with. */
#include "compute/kern/kern_image.h"

/* Sums are unsigned so that those of any weights are defined; they are read as signed. */
static unsigned char rounded(uint32_t sum)
{
  int32_t v = (int32_t)sum >> KERN_POINT;
  return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

void kern_image_across_from(const struct kern_axis *a, size_t from, const unsigned char *row, unsigned char *out)
{
  for (size_t i = from; i < a->n; i++) {
    const unsigned char *p = row + (size_t)a->first[i] * 3;
    const int32_t *k = a->k + i * a->wide;
    uint32_t r = KERN_ONE / 2, g = KERN_ONE / 2, b = KERN_ONE / 2;
    for (size_t t = 0; t < a->count[i]; t++, p += 3) {
      r += p[0] * (uint32_t)k[t];
      g += p[1] * (uint32_t)k[t];
      b += p[2] * (uint32_t)k[t];
    }
    out[i * 3] = rounded(r);
    out[i * 3 + 1] = rounded(g);
    out[i * 3 + 2] = rounded(b);
  }
}

static void across(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out)
{
  (void)pixels;
  kern_image_across_from(a, 0, row, out);
}

void kern_image_down_from(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t from, size_t bytes,
                          unsigned char *out)
{
  const int32_t *k = a->k + i * a->wide;
  for (size_t x = from; x < bytes; x++) {
    uint32_t sum = KERN_ONE / 2;
    for (size_t t = 0; t < a->count[i]; t++)
      sum += rows[t][x] * (uint32_t)k[t];
    out[x] = rounded(sum);
  }
}

static void down(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t bytes, unsigned char *out)
{
  kern_image_down_from(a, i, rows, 0, bytes, out);
}

void kern_image_planes_from(const struct kern_value *v, size_t from, const unsigned char *px, size_t n, float *r, float *g, float *b)
{
  for (size_t i = from; i < n; i++) {
    r[i] = v->table[0][px[i * 3]];
    g[i] = v->table[1][px[i * 3 + 1]];
    b[i] = v->table[2][px[i * 3 + 2]];
  }
}

static void planes(const struct kern_value *v, const unsigned char *px, size_t n, float *r, float *g, float *b)
{
  kern_image_planes_from(v, 0, px, n, r, g, b);
}

const struct kern_image kern_image_c = { .name = "c", .across = across, .down = down, .planes = planes };
