/* Pictures: every level gives the bytes and floats of the C one; sizes, centres and padding are torchvision's; what is no picture is
 * refused. tests/peers/test_images.py compares the C level with Pillow. */
#include "compute/image.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compute/kern/kern.h"

enum { ROUNDS = 120, SIDE = 90 };

static uint64_t state_of = 88172645463325252u;

static uint64_t next(void)
{
  state_of ^= state_of << 13;
  state_of ^= state_of >> 7;
  return state_of ^= state_of << 17;
}

static uint32_t below(uint32_t n) { return (uint32_t)(next() % n); }

/* Exactly as large as it has to be: what is read behind it is seen by the sanitisers. */
static struct sl_image draw(uint32_t w, uint32_t h)
{
  struct sl_image m;
  assert_int_equal(sl_image_alloc(&m, w, h, NULL), SL_OK);
  bool hard = below(2);
  for (size_t i = 0; i < (size_t)w * h * 3; i++)
    m.rgb[i] = (unsigned char)(hard ? below(2) * 255 : below(256));
  return m;
}

static struct sl_image_prep draw_prep(void)
{
  struct sl_image_prep p = sl_image_prep_imagenet();
  p.fit = (enum sl_image_fit)below(3);
  p.filter = (enum sl_image_filter)below(SL_IMAGE_FILTERS);
  p.w = 1 + below(SIDE);
  p.h = 1 + below(SIDE);
  p.crop_w = below(2) ? 1 + below(SIDE) : 0;
  p.crop_h = p.crop_w ? 1 + below(SIDE) : 0;
  p.nhwc = below(3) == 0;
  p.across_first = below(3) == 0;
  if (below(4) == 0) {
    p.multiply = true;
    p.scale = 1.0 / 255;
  }
  for (int c = 0; below(3) == 0 && c < 3; c++) {
    p.mean[c] = (float)below(1000) / 1000;
    p.std[c] = (float)(1 + below(1000)) / 700;
  }
  return p;
}

static float *prepared(const char *level, const struct sl_image_prep *p, const struct sl_image *in, size_t *n)
{
  uint32_t w = 0, h = 0;
  assert_true(kern_use(level));
  if (sl_image_prep_size(p, in->w, in->h, &w, &h, NULL) || (uint64_t)w * h > 1 << 20)
    return NULL;
  *n = (size_t)w * h * 3;
  float *out = calloc(*n, sizeof *out);
  assert_non_null(out);
  assert_int_equal(sl_image_prep_run(p, in, out, NULL), SL_OK);
  return out;
}

static void resized_agree(const char *level)
{
  for (int i = 0; i < ROUNDS; i++) {
    struct sl_image in = draw(1 + below(SIDE), 1 + below(SIDE)), want, got;
    uint32_t w = below(9) ? 1 + below(SIDE) : in.w, h = below(9) ? 1 + below(SIDE) : in.h;
    enum sl_image_filter f = (enum sl_image_filter)below(SL_IMAGE_FILTERS);
    assert_true(kern_use("c"));
    assert_int_equal(sl_image_resize(&in, w, h, f, &want, NULL), SL_OK);
    assert_true(kern_use(level));
    assert_int_equal(sl_image_resize(&in, w, h, f, &got, NULL), SL_OK);
    assert_memory_equal(got.rgb, want.rgb, (size_t)w * h * 3);
    sl_image_free(&in);
    sl_image_free(&want);
    sl_image_free(&got);
  }
}

static void prepared_agree(const char *level)
{
  for (int i = 0; i < ROUNDS; i++) {
    struct sl_image in = draw(1 + below(SIDE), 1 + below(SIDE));
    struct sl_image_prep p = draw_prep();
    size_t n = 0;
    float *want = prepared("c", &p, &in, &n), *got = prepared(level, &p, &in, &n);
    assert_true(!want == !got);
    if (want)
      assert_memory_equal(got, want, n * sizeof *got);
    free(want);
    free(got);
    sl_image_free(&in);
  }
}

static void levels_agree(void **state)
{
  static const char *const names[] = { "avx2", "avx512" };
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (kern_level(names[i])) {
      resized_agree(names[i]);
      prepared_agree(names[i]);
    } else {
      print_message("no %s on this processor\n", names[i]);
    }
  assert_true(kern_use("c"));
}

/* ---- sizes ---- */

static void size_is(enum sl_image_fit fit, uint32_t side, uint32_t crop, uint32_t w, uint32_t h, uint32_t want_w, uint32_t want_h)
{
  struct sl_image_prep p = sl_image_prep_imagenet();
  uint32_t got_w = 0, got_h = 0;
  p.fit = fit;
  p.w = p.h = side;
  p.crop_w = p.crop_h = crop;
  assert_int_equal(sl_image_prep_size(&p, w, h, &got_w, &got_h, NULL), SL_OK);
  assert_int_equal(got_w, want_w);
  assert_int_equal(got_h, want_h);
}

static void sizes_are_torchvisions(void **state)
{
  (void)state;
  size_is(SL_IMAGE_SHORTER, 256, 224, 600, 450, 224, 224);
  size_is(SL_IMAGE_SHORTER, 256, 0, 600, 450, 341, 256); /* 341.33 down */
  size_is(SL_IMAGE_SHORTER, 256, 0, 450, 599, 256, 340);
  size_is(SL_IMAGE_SHORTER, 10, 0, 3, 3, 10, 10);
  size_is(SL_IMAGE_EXACT, 32, 0, 600, 450, 32, 32);
  size_is(SL_IMAGE_KEEP, 0, 0, 7, 9, 7, 9);
  size_is(SL_IMAGE_KEEP, 0, 20, 7, 9, 20, 20);
}

/* The first column and row of a cut, seen by pictures whose pixels say where they are. */
static void cut_begins(uint32_t side, uint32_t crop, int want)
{
  struct sl_image_prep p = { .fit = SL_IMAGE_KEEP, .crop_w = crop, .crop_h = crop, .scale = 1, .std = { 1, 1, 1 } };
  struct sl_image in;
  assert_int_equal(sl_image_alloc(&in, side, side, NULL), SL_OK);
  for (uint32_t i = 0; i < side * side; i++) {
    in.rgb[i * 3] = (unsigned char)(1 + i % side);
    in.rgb[i * 3 + 1] = (unsigned char)(1 + i / side);
  }
  float *out = calloc((size_t)crop * crop * 3, sizeof *out);
  assert_non_null(out);
  assert_int_equal(sl_image_prep_run(&p, &in, out, NULL), SL_OK);
  size_t at = want < 0 ? (size_t)-want * crop + (size_t)-want : 0;
  for (size_t c = 0; c < 2; c++) {
    assert_int_equal((int)out[c * crop * crop + at], 1 + (want < 0 ? 0 : want));
    if (want < 0)
      assert_int_equal((int)out[c * crop * crop], 0);
  }
  free(out);
  sl_image_free(&in);
}

static void centres_are_torchvisions(void **state)
{
  (void)state;
  cut_begins(10, 4, 3);
  cut_begins(11, 4, 4);  /* 3.5 to the even one */
  cut_begins(9, 4, 2);   /* 2.5 to the even one */
  cut_begins(5, 5, 0);
  cut_begins(6, 5, 0);   /* 0.5 */
  cut_begins(4, 9, -2);  /* five black ones: two before */
  cut_begins(4, 5, 0);   /* one behind */
}

/* ---- values ---- */

static void values_are_float32(void **state)
{
  (void)state;
  struct sl_image_prep p = sl_image_prep_imagenet();
  struct sl_image in;
  p.fit = SL_IMAGE_KEEP;
  p.crop_w = p.crop_h = 0;
  assert_int_equal(sl_image_alloc(&in, 256, 1, NULL), SL_OK);
  for (size_t i = 0; i < 768; i++)
    in.rgb[i] = (unsigned char)(i / 3);
  static const char *const names[] = { "c", "avx2", "avx512" };
  float out[768];
  for (size_t l = 0; l < 3; l++) {
    if (!kern_use(names[l]))
      continue;
    assert_int_equal(sl_image_prep_run(&p, &in, out, NULL), SL_OK);
    for (size_t i = 0; i < 768; i++) {
      volatile float x = (float)(i % 256) / 255.0f; /* each step rounded */
      volatile float y = x - p.mean[i / 256];
      volatile float z = y / p.std[i / 256];
      assert_true(out[i] == z);
    }
  }
  sl_image_free(&in);
}

/* ---- refused ---- */

static void refused(struct sl_image_prep p, uint32_t w, uint32_t h, int code)
{
  struct sl_err err = { .code = 0 };
  uint32_t a, b;
  assert_int_equal(sl_image_prep_size(&p, w, h, &a, &b, &err), code);
  assert_non_null(err.msg);
  assert_true(err.msg[0]);
}

static void nonsense_is_refused(void **state)
{
  (void)state;
  struct sl_image_prep good = sl_image_prep_imagenet(), p;
  struct sl_image m;
  struct sl_err err;
  refused(good, 0, 5, SL_ELIMIT);
  refused(good, 40000, 5, SL_ELIMIT);
  refused(good, 32768, 32768, SL_ELIMIT);
  refused(good, 32768, 1, SL_ELIMIT); /* 8388608 wide */
  p = good, p.std[1] = 0, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.scale = 0, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.mean[2] = NAN, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.crop_h = 0, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.w = 0, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.filter = SL_IMAGE_FILTERS, refused(p, 9, 9, SL_EUSAGE);
  p = good, p.crop_w = p.crop_h = 40000, refused(p, 9, 9, SL_ELIMIT);
  assert_int_equal(sl_image_alloc(&m, 1ull << 40, 1ull << 40, &err), SL_ELIMIT);
  assert_null(m.rgb);
  struct sl_image in = draw(2000, 30), out;
  assert_int_equal(sl_image_resize(&in, 0, 3, SL_IMAGE_BOX, &out, &err), SL_EUSAGE);
  assert_int_equal(sl_image_resize(&in, 32768, 32768, SL_IMAGE_BOX, &out, &err), SL_ELIMIT);
  assert_null(out.rgb);
  sl_image_free(&in);
}

static void filters_have_names(void **state)
{
  (void)state;
  for (int f = 0; f < SL_IMAGE_FILTERS; f++)
    assert_int_equal(sl_image_filter_named(sl_image_filter_name((enum sl_image_filter)f)), f);
  assert_int_equal(sl_image_filter_named("bilinear"), 2); /* Pillow's number */
  assert_int_equal(sl_image_filter_named("cubic"), -1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(levels_agree),
    cmocka_unit_test(sizes_are_torchvisions),
    cmocka_unit_test(centres_are_torchvisions),
    cmocka_unit_test(values_are_float32),
    cmocka_unit_test(nonsense_is_refused),
    cmocka_unit_test(filters_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
