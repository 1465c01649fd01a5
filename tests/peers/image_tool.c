/* tests/peers/image_tool.c: pictures decoded, resized and prepared, for tests/peers/test_images.py and the measurements.
 *
 *   image_tool       each line of stdin, words apart by tabs:
 *                      read FILE
 *                      resize RAW W H TO_W TO_H FILTER
 *                      prep FILE FIT W H FILTER CROP_W CROP_H SCALE divide|multiply MEAN MEAN MEAN STD STD STD nchw|nhwc
 *
 * RAW holds W x H pixels of 3 bytes. A line is answered by "ok W H BYTES" and so many bytes after its end, or by "! why". The level of the
 * processor is what SLUICE_CPU says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "box/image_read.h"

enum { WORDS = 20, LINE_BYTES = 1 << 13 };

static uint32_t number(const char *s)
{
  uint64_t v = 0;
  return sl_str_u64(sl_str(s), &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static double real(const char *s)
{
  double v = 0;
  return sl_str_f64(sl_str(s), &v) ? v : 0;
}

static void answer(uint32_t w, uint32_t h, const void *p, size_t n)
{
  printf("ok %u %u %zu\n", w, h, n);
  fwrite(p, 1, n, stdout);
}

static int slurp(struct sl_buf *b, const char *name, struct sl_err *err)
{
  sl_buf_init(b, SL_IMAGE_FILE_MAX);
  return sl_file_read(b, name, SL_IMAGE_FILE_MAX, err);
}

static int do_read(char **w, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_image m = { 0, 0, NULL };
  int rc = slurp(&b, w[1], err);
  if (!rc)
    rc = sl_image_read(&m, sl_strn(b.p, b.n), w[1], err);
  if (!rc)
    answer(m.w, m.h, m.rgb, (size_t)m.w * m.h * 3);
  sl_image_free(&m);
  sl_buf_free(&b);
  return rc;
}

static int do_resize(char **w, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_image in, out = { 0, 0, NULL };
  int filter = sl_image_filter_named(w[6]), rc = slurp(&b, w[1], err);
  in = (struct sl_image){ number(w[2]), number(w[3]), (unsigned char *)b.p };
  if (!rc && (filter < 0 || b.n != (size_t)in.w * in.h * 3))
    rc = sl_err_set(err, SL_EUSAGE, "no such filter, or not so many pixels");
  if (!rc)
    rc = sl_image_resize(&in, number(w[4]), number(w[5]), (enum sl_image_filter)filter, &out, err);
  if (!rc)
    answer(out.w, out.h, out.rgb, (size_t)out.w * out.h * 3);
  sl_image_free(&out);
  sl_buf_free(&b);
  return rc;
}

static struct sl_image_prep prep_of(char **w)
{
  struct sl_image_prep p = { .fit = !strcmp(w[2], "shorter") ? SL_IMAGE_SHORTER : !strcmp(w[2], "exact") ? SL_IMAGE_EXACT : SL_IMAGE_KEEP,
    .w = number(w[3]), .h = number(w[4]), .filter = (enum sl_image_filter)sl_image_filter_named(w[5]), .crop_w = number(w[6]),
    .crop_h = number(w[7]), .scale = real(w[8]), .multiply = !strcmp(w[9], "multiply"), .nhwc = !strcmp(w[16], "nhwc") };
  for (int c = 0; c < 3; c++) {
    p.mean[c] = (float)real(w[10 + c]);
    p.std[c] = (float)real(w[13 + c]);
  }
  return p;
}

/* Both ways: the rows as they are decoded, and the whole picture; they have to agree. */
static int do_prep(char **w, struct sl_err *err)
{
  struct sl_image_prep p = prep_of(w);
  struct sl_image m = { 0, 0, NULL };
  struct sl_buf b;
  float *one = NULL, *two = NULL;
  uint32_t ow = 0, oh = 0;
  int rc = slurp(&b, w[1], err);
  if (!rc)
    rc = sl_image_read(&m, sl_strn(b.p, b.n), w[1], err);
  if (!rc)
    rc = sl_image_prep_size(&p, m.w, m.h, &ow, &oh, err);
  size_t n = (size_t)ow * oh * 3 * sizeof(float);
  if (!rc && (!(one = sl_calloc(1, n)) || !(two = sl_calloc(1, n))))
    rc = sl_err_nomem(err);
  if (!rc)
    rc = sl_image_prep_run(&p, &m, one, err);
  if (!rc)
    rc = sl_image_read_prep(&p, sl_strn(b.p, b.n), w[1], ow, oh, two, err);
  if (!rc && memcmp(one, two, n))
    rc = sl_err_set(err, SL_EINTERNAL, "row by row is not as at once");
  if (!rc)
    answer(ow, oh, two, n);
  sl_free(one);
  sl_free(two);
  sl_image_free(&m);
  sl_buf_free(&b);
  return rc;
}

static int do_line(char **w, int n, struct sl_err *err)
{
  if (n == 2 && !strcmp(w[0], "read"))
    return do_read(w, err);
  if (n == 7 && !strcmp(w[0], "resize"))
    return do_resize(w, err);
  if (n == 17 && !strcmp(w[0], "prep"))
    return do_prep(w, err);
  return sl_err_set(err, SL_EUSAGE, "not read, resize or prep with its words");
}

int main(void)
{
  static char line[LINE_BYTES];
  while (fgets(line, sizeof line, stdin)) {
    char *w[WORDS], *at = line;
    int n = 0;
    line[strcspn(line, "\n")] = 0;
    while (at && n < WORDS) {
      char *tab = strchr(at, '\t');
      w[n++] = at;
      if (tab)
        *tab++ = 0;
      at = tab;
    }
    struct sl_err err = { .code = 0 };
    if (do_line(w, n, &err))
      printf("! %s\n", err.msg);
    fflush(stdout);
  }
  return 0;
}
