/* box/work_image.c: JPEG and PNG as RGB, scaled by area for a preview in character cells. Re-scoring has its own resampling. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>

#include "base/json.h"
#include "base/mem.h"
#include "box/inside.h"

enum { SIDE_MAX = 32768, PIXELS_MAX = 64 << 20, OUT_MAX = 4096, PIECE = 256 << 10 };

struct image { uint32_t w, h; unsigned char *rgb; };   /* 3 bytes a pixel, rows without gaps */

static int image_alloc(struct image *m, uint64_t w, uint64_t h, const char *path, struct sl_err *err)
{
  if (!w || !h || w > SIDE_MAX || h > SIDE_MAX || w * h > PIXELS_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: %llu x %llu pixels are more than is shown", path, (unsigned long long)w, (unsigned long long)h);
  m->w = (uint32_t)w;
  m->h = (uint32_t)h;
  m->rgb = sl_calloc((size_t)w * h, 3);
  return m->rgb ? SL_OK : sl_err_nomem(err);
}

/* ---- JPEG: its errors jump ---- */

struct jpeg_fail { struct jpeg_error_mgr mgr; jmp_buf back; char why[JMSG_LENGTH_MAX]; };

static void jpeg_failed(j_common_ptr j)
{
  struct jpeg_fail *f = (struct jpeg_fail *)j->err;
  j->err->format_message(j, f->why);
  longjmp(f->back, 1);
}

static void jpeg_quiet(j_common_ptr j) { (void)j; }

static int jpeg_rows(struct jpeg_decompress_struct *j, struct image *m, const char *path, struct sl_err *err)
{
  if (jpeg_read_header(j, TRUE) != JPEG_HEADER_OK)
    return sl_err_set(err, SL_EPARSE, "%s is no whole JPEG", path);
  j->out_color_space = JCS_RGB;
  int rc = image_alloc(m, j->image_width, j->image_height, path, err);
  if (rc)
    return rc;
  jpeg_start_decompress(j);
  while (j->output_scanline < j->output_height) {
    JSAMPROW row = m->rgb + (size_t)j->output_scanline * m->w * 3;
    jpeg_read_scanlines(j, &row, 1);
  }
  jpeg_finish_decompress(j);
  return SL_OK;
}

static int read_jpeg(FILE *f, struct image *m, const char *path, struct sl_err *err)
{
  struct jpeg_decompress_struct j;
  struct jpeg_fail fail;
  int rc;
  j.err = jpeg_std_error(&fail.mgr);
  fail.mgr.error_exit = jpeg_failed;
  fail.mgr.output_message = jpeg_quiet;
  if (setjmp(fail.back)) {
    rc = sl_err_set(err, SL_EPARSE, "%s cannot be read as JPEG: %s", path, fail.why);
  } else {
    jpeg_create_decompress(&j);
    jpeg_stdio_src(&j, f);
    rc = jpeg_rows(&j, m, path, err);
  }
  jpeg_destroy_decompress(&j);
  return rc;
}

static int read_png(FILE *f, struct image *m, const char *path, struct sl_err *err)
{
  png_image p = { .version = PNG_IMAGE_VERSION };
  if (!png_image_begin_read_from_stdio(&p, f))
    return sl_err_set(err, SL_EPARSE, "%s cannot be read as PNG: %s", path, p.message);
  p.format = PNG_FORMAT_RGB;
  png_color black = { 0, 0, 0 };
  int rc = image_alloc(m, p.width, p.height, path, err);
  if (!rc && !png_image_finish_read(&p, &black, m->rgb, 0, NULL))
    rc = sl_err_set(err, SL_EPARSE, "%s cannot be read as PNG: %s", path, p.message);
  png_image_free(&p);
  return rc;
}

static int read_image(const char *path, struct image *m, struct sl_err *err)
{
  unsigned char magic[8] = { 0 };
  FILE *f = fopen(path, "rb");
  if (!f)
    return sl_err_sys(err, errno, "cannot open %s", path);
  size_t n = fread(magic, 1, sizeof magic, f);
  int rc;
  rewind(f);
  if (n >= 2 && magic[0] == 0xff && magic[1] == 0xd8)
    rc = read_jpeg(f, m, path, err);
  else if (n == sizeof magic && !png_sig_cmp(magic, 0, sizeof magic))
    rc = read_png(f, m, path, err);
  else
    rc = sl_err_set(err, SL_EPARSE, "%s is neither JPEG nor PNG", path);
  fclose(f);
  return rc;
}

/* ---- scaling: the mean of the pixels that a new one covers; the nearest where it grows ---- */

static void mean_pixel(const struct image *m, uint64_t x0, uint64_t x1, uint64_t y0, uint64_t y1, unsigned char *out)
{
  uint64_t sum[3] = { 0 }, n = (x1 - x0) * (y1 - y0);
  for (uint64_t y = y0; y < y1; y++)
    for (const unsigned char *p = m->rgb + (y * m->w + x0) * 3, *end = p + (x1 - x0) * 3; p < end; p += 3)
      for (int k = 0; k < 3; k++)
        sum[k] += p[k];
  for (int k = 0; k < 3; k++)
    out[k] = (unsigned char)((sum[k] + n / 2) / n);
}

static void span(uint64_t i, uint64_t to, uint64_t from, uint64_t *a, uint64_t *b)
{
  *a = i * from / to;
  *b = (i + 1) * from / to;
  if (*b <= *a)
    *b = *a + 1;
}

static int scale(struct image *m, uint32_t w, uint32_t h, struct sl_err *err)
{
  struct image s = { w, h, sl_calloc((size_t)w * h, 3) };
  if (!s.rgb)
    return sl_err_nomem(err);
  for (uint32_t y = 0; y < h; y++)
    for (uint32_t x = 0; x < w; x++) {
      uint64_t x0, x1, y0, y1;
      span(x, w, m->w, &x0, &x1);
      span(y, h, m->h, &y0, &y1);
      mean_pixel(m, x0, x1, y0, y1, s.rgb + ((size_t)y * w + x) * 3);
    }
  sl_free(m->rgb);
  *m = s;
  return SL_OK;
}

static int send_image(struct sl_box_ctx *c, const struct image *m, uint32_t w, uint32_t h, struct sl_err *err)
{
  struct sl_buf head;
  uint32_t size[4] = { m->w, m->h, w, h };
  sl_buf_init(&head, 0);
  for (int i = 0; i < 4; i++)
    sl_buf_le(&head, size[i], 4);
  int rc = sl_buf_check(&head, err);
  if (!rc)
    rc = box_bytes(c, head.p, head.n, err);
  size_t all = (size_t)m->w * m->h * 3;
  for (size_t at = 0; !rc && at < all; at += PIECE)
    rc = box_bytes(c, m->rgb + at, all - at < PIECE ? all - at : PIECE, err);
  sl_buf_free(&head);
  return rc;
}

/* "fit": as large as width x height holds without being stretched, for cells that are twice as high as wide. */
static void fit_cells(const struct image *m, int64_t *w, int64_t *h)
{
  double by_width = (double)*w / m->w, by_height = 2.0 * (double)*h / m->h, by = by_width < by_height ? by_width : by_height;
  int64_t fw = (int64_t)(m->w * by + 0.5), fh = (int64_t)(m->h * by / 2 + 0.5);
  *w = fw < 1 ? 1 : fw < *w ? fw : *w;
  *h = fh < 1 ? 1 : fh < *h ? fh : *h;
}

static int resize(struct image *m, int64_t w, int64_t h, bool fit, struct sl_err *err)
{
  if (w > OUT_MAX || h > OUT_MAX)
    return sl_err_set(err, SL_ELIMIT, "pictures are scaled to at most %d pixels a side", OUT_MAX);
  if (fit)
    fit_cells(m, &w, &h);
  return scale(m, (uint32_t)w, (uint32_t)h, err);
}

static int image_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  json_t *args = NULL;
  char *path = NULL;
  struct image m = { 0, 0, NULL };
  int64_t w = 0, h = 0;
  int rc = box_args(text, &args, &path, err);
  if (!rc)
    rc = read_image(path, &m, err);
  uint32_t was_w = m.w, was_h = m.h;
  if (!rc && sl_json_i64(args, "width", &w) && sl_json_i64(args, "height", &h) && w > 0 && h > 0)
    rc = resize(&m, w, h, json_is_true(json_object_get(args, "fit")), err);
  if (!rc)
    rc = send_image(c, &m, was_w, was_h, err);
  sl_free(m.rgb);
  json_decref(args);
  sl_free(path);
  return rc;
}

const struct sl_box_worker box_worker_image = { .kind = "image", .run = image_run };
