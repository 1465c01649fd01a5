/* compute/image_axis.c: which pixels a resized side is made of, and how much each of them weighs: Pillow's filters.
 *
 * A result's centre lies at (i + 0.5) * scale. A filter is stretched by the scale where the side shrinks. Its values at the pixels' centres
 * are divided by their sum in double and rounded to 22 bits behind the point. The order of these operations is Pillow's (its resampling),
 * since the last bit of a weight decides bytes. */
#include "compute/image_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static const double pi = 3.14159265358979323846;

static double by_box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }

static double by_bilinear(double x)
{
  x = fabs(x);
  return x < 1 ? 1 - x : 0;
}

static double by_hamming(double x)
{
  x = fabs(x);
  if (x == 0)
    return 1;
  if (x >= 1)
    return 0;
  x *= pi;
  return sin(x) / x * ((double)0.54f + (double)0.46f * cos(x)); /* its constants are of type float */
}

/* Cubic convolution with a = -1/2. */
static double by_bicubic(double x)
{
  const double a = -0.5;
  x = fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double sinc(double x)
{
  x *= pi;
  return x == 0 ? 1 : sin(x) / x;
}

static double by_lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

static const struct { double (*at)(double x); double support; } filters[SL_IMAGE_FILTERS] = {
  [SL_IMAGE_LANCZOS] = { by_lanczos, 3 }, [SL_IMAGE_BILINEAR] = { by_bilinear, 1 }, [SL_IMAGE_BICUBIC] = { by_bicubic, 2 },
  [SL_IMAGE_BOX] = { by_box, 0.5 }, [SL_IMAGE_HAMMING] = { by_hamming, 1 },
};

void image_axis_free(struct kern_axis *a)
{
  sl_free(a->first);
  sl_free(a->count);
  sl_free(a->k);
  sl_free(a->packed);
  *a = (struct kern_axis){ .n = 0 };
}

static int axis_alloc(struct kern_axis *a, uint32_t n, uint32_t wide, struct sl_err *err)
{
  *a = (struct kern_axis){ .n = n, .wide = wide };
  a->first = sl_calloc(n, sizeof *a->first);
  a->count = sl_calloc(n, sizeof *a->count);
  a->k = sl_calloc((size_t)n * wide, sizeof *a->k);
  if (a->first && a->count && a->k)
    return SL_OK;
  image_axis_free(a);
  return sl_err_nomem(err);
}

/* One pixel each. The position is a running sum, as Pillow has it, not a product: they differ in the last bits. */
static void plan_nearest(struct kern_axis *a, uint32_t size, uint32_t to, uint32_t from)
{
  double step = (double)size / to, at = step * 0.5;
  for (uint32_t i = 0; i < from; i++)
    at += step;
  for (uint32_t i = 0; i < a->n; i++, at += step) {
    uint32_t pixel = (uint32_t)at;
    a->first[i] = pixel < size ? pixel : size - 1;
    a->count[i] = 1;
    a->k[i] = KERN_ONE;
  }
}

static int32_t fixed(double w) { return (int32_t)((w < 0 ? -0.5 : 0.5) + w * KERN_ONE); }

static void plan_one(struct kern_axis *a, uint32_t i, double centre, double support, double by, uint32_t size,
                     double (*filter)(double x), double *w)
{
  int64_t low = (int64_t)(centre - support + 0.5), high = (int64_t)(centre + support + 0.5);
  low = low < 0 ? 0 : low;
  high = high > size ? size : high;
  uint32_t n = high > low ? (uint32_t)(high - low) : 0;
  double sum = 0;
  for (uint32_t t = 0; t < n; t++) {
    w[t] = filter(((double)((int64_t)t + low) - centre + 0.5) * by);
    sum += w[t];
  }
  for (uint32_t t = 0; t < n; t++)
    a->k[(size_t)i * a->wide + t] = fixed(sum != 0 ? w[t] / sum : w[t]);
  a->first[i] = (uint32_t)low;
  a->count[i] = n;
}

static int plan_filter(struct kern_axis *a, uint32_t size, uint32_t to, uint32_t from, uint32_t n, enum sl_image_filter f,
                       struct sl_err *err)
{
  double scale = (double)size / to, wider = scale < 1 ? 1 : scale, support = filters[f].support * wider, by = 1 / wider;
  uint32_t wide = (uint32_t)ceil(support) * 2 + 1;
  double *w = sl_calloc(wide, sizeof *w);
  int rc = w ? axis_alloc(a, n, wide, err) : sl_err_nomem(err);
  for (uint32_t i = 0; !rc && i < n; i++)
    plan_one(a, i, (from + i + 0.5) * scale, support, by, size, filters[f].at, w);
  sl_free(w);
  return rc;
}

int image_axis_plan(struct kern_axis *a, uint32_t size, uint32_t to, uint32_t from, uint32_t n, enum sl_image_filter f,
                    struct sl_err *err)
{
  if (size != to && f != SL_IMAGE_NEAREST)
    return plan_filter(a, size, to, from, n, f, err);
  int rc = axis_alloc(a, n, 1, err);
  if (rc)
    return rc;
  plan_nearest(a, size, to, from);
  a->same = size == to;
  return SL_OK;
}

int image_axis_pack(struct kern_axis *a, const struct kern_image *kern, bool *ok, struct sl_err *err)
{
  uint32_t most = 1;
  for (uint32_t i = 0; i < a->n; i++)
    most = a->count[i] > most ? a->count[i] : most;
  a->steps = (most + KERN_TAPS - 1) / KERN_TAPS;
  *ok = true;
  if (a->same || !kern->pack)
    return SL_OK;
  unsigned char *to = sl_calloc((size_t)a->n * a->steps, KERN_PACKED);
  if (!to)
    return sl_err_nomem(err);
  a->packed = to;
  for (uint32_t i = 0; *ok && i < a->n; i++)
    for (uint32_t s = 0; *ok && s < a->steps; s++, to += KERN_PACKED) {
      int32_t k[KERN_TAPS] = { 0 };
      for (uint32_t t = 0; t < KERN_TAPS && s * KERN_TAPS + t < a->count[i]; t++)
        k[t] = a->k[(size_t)i * a->wide + s * KERN_TAPS + t];
      *ok = kern->pack(k, to);
    }
  return SL_OK;
}
