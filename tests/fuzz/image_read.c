/* sl_image_read and sl_image_read_prep: whatever the bytes, a picture of its size or an error; row by row the floats of all at once. The
 * first byte chooses how the picture is prepared. */
#include <string.h>

#include "base/mem.h"
#include "box/image_read.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 18, PIXELS_MAX = 1 << 18 };

static struct sl_image_prep prep_of(uint8_t by)
{
  static const uint32_t sides[] = { 1, 7, 32, 60 };
  struct sl_image_prep p = sl_image_prep_imagenet();
  p.fit = (enum sl_image_fit)(by % 3);
  p.filter = (enum sl_image_filter)(by / 3 % SL_IMAGE_FILTERS);
  p.w = sides[by >> 5 & 3];
  p.h = sides[by >> 6];
  p.crop_w = p.crop_h = by & 1 ? 24 : 0;
  p.nhwc = by & 2;
  p.across_first = by & 4;
  return p;
}

/* A header is cheap to write and dear to believe: pictures of many pixels only cost time here. */
static int small(const struct sl_image_prep *p, const struct sl_image *m, uint32_t *w, uint32_t *h)
{
  struct sl_err err;
  return !sl_image_prep_size(p, m->w, m->h, w, h, &err) && (uint64_t)*w * *h <= PIXELS_MAX;
}

static void both_ways(const struct sl_image_prep *p, struct sl_str bytes, const struct sl_image *m)
{
  struct sl_err err;
  uint32_t w = 0, h = 0;
  if ((uint64_t)m->w * m->h > PIXELS_MAX || !small(p, m, &w, &h))
    return;
  size_t n = (size_t)w * h * 3;
  float *one = sl_calloc(n, sizeof *one), *two = sl_calloc(n, sizeof *two);
  FUZZ_CHECK(one && two);
  int rc = sl_image_prep_run(p, m, one, &err);
  FUZZ_CHECK(sl_image_read_prep(p, bytes, "it", w, h, two, &err) == rc);
  FUZZ_CHECK(rc || !memcmp(one, two, n * sizeof *one));
  sl_free(one);
  sl_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_image m;
  struct sl_err err = { .code = 0 };
  if (!size || size > INPUT_MAX)
    return 0;
  struct sl_image_prep p = prep_of(data[0]);
  struct sl_str bytes = sl_strn((const char *)data + 1, size - 1);
  if (!sl_image_read(&m, bytes, "it", &err)) {
    FUZZ_CHECK(m.rgb && m.w && m.h);
    both_ways(&p, bytes, &m);
  } else {
    FUZZ_CHECK(err.msg[0] && !strchr(err.msg, '\n') && !m.rgb);
  }
  sl_image_free(&m);
  return 0;
}
