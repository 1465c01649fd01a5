/* Pictures with every allocation of decoding, resizing and preparing failing in turn: out of memory each time, nothing left behind. */
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

#include "box/image_read.h"
#include "oom_test.h"

enum { W = 90, H = 70 };

static unsigned char pixels[W * H * 3], jpeg[1 << 16], png[1 << 16];
static unsigned long njpeg;
static png_alloc_size_t npng;

static void make(void)
{
  struct jpeg_compress_struct j;
  struct jpeg_error_mgr mgr;
  unsigned char *out = jpeg;
  png_image p = { .version = PNG_IMAGE_VERSION, .width = W, .height = H, .format = PNG_FORMAT_RGB };
  for (size_t i = 0; i < sizeof pixels; i++)
    pixels[i] = (unsigned char)(i * i / 7);
  j.err = jpeg_std_error(&mgr);
  jpeg_create_compress(&j);
  njpeg = sizeof jpeg;
  jpeg_mem_dest(&j, &out, &njpeg);
  j.image_width = W;
  j.image_height = H;
  j.input_components = 3;
  j.in_color_space = JCS_RGB;
  jpeg_set_defaults(&j);
  jpeg_start_compress(&j, TRUE);
  while (j.next_scanline < H) {
    JSAMPROW row = pixels + (size_t)j.next_scanline * W * 3;
    jpeg_write_scanlines(&j, &row, 1);
  }
  jpeg_finish_compress(&j);
  jpeg_destroy_compress(&j);
  npng = sizeof png;
  assert_true(png_image_write_to_memory(&p, png, &npng, 0, pixels, 0, NULL));
}

static int whole(void *user, struct sl_err *err)
{
  static float out[3 * 24 * 20];
  struct sl_image_prep p = sl_image_prep_imagenet();
  struct sl_image a = { 0, 0, NULL }, b = a;
  p.w = 30;
  p.crop_w = 24;
  p.crop_h = 20;
  struct sl_str one = sl_strn((const char *)jpeg, njpeg), two = sl_strn((const char *)png, npng);
  (void)user;
  int rc = sl_image_read(&a, one, "a", err);
  rc = rc ? rc : sl_image_resize(&a, 33, 7, SL_IMAGE_LANCZOS, &b, err);
  rc = rc ? rc : sl_image_prep_run(&p, &a, out, err);
  rc = rc ? rc : sl_image_read_prep(&p, one, "a", 24, 20, out, err);
  rc = rc ? rc : sl_image_read_prep(&p, two, "b", 24, 20, out, err);
  sl_image_free(&a);
  sl_image_free(&b);
  return rc;
}

static void out_of_memory(void **state)
{
  (void)state;
  make();
  oom_each("pictures", whole, NULL, 50);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(out_of_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
