/* box/image_png.c: PNG by libpng, as Pillow has it: values as they stand in the file, whatever gamma or profile is named; of 16 bits the
 * upper eight, but of gray ones all that is above 255 is white; the alpha channel dropped, not composited. Its errors jump. */
#include <setjmp.h>
#include <string.h>

#include <png.h>

#include "base/mem.h"
#include "box/image_int.h"

enum { CHUNK_MAX = 8 << 20, CHUNKS_MAX = 1000 };

struct png {
  png_structp p;
  png_infop info;
  struct sl_str left;
  struct image_sink *sink;
  bool wide_gray;              /* two bytes a pixel */
  unsigned char *rgb;          /* a row of it */
  unsigned char *all;          /* rows of an interlaced picture; else of one row */
  unsigned char **rows;
  bool full;                   /* it was memory that was missing */
  jmp_buf back;
  char why[160];
};

static void failed(png_structp p, const char *why)
{
  struct png *x = png_get_error_ptr(p);
  size_t n = strlen(why);
  n = n < sizeof x->why ? n : sizeof x->why - 1;
  memcpy(x->why, why, n);
  x->why[n] = 0;
  longjmp(x->back, 1);
}

static void quiet(png_structp p, const char *why)
{
  (void)p;
  (void)why;
}

static void give(png_structp p, png_bytep to, size_t n)
{
  struct png *x = png_get_io_ptr(p);
  if (n > x->left.n)
    png_error(p, "it is cut short");
  memcpy(to, x->left.p, n);
  x->left.p += n;
  x->left.n -= n;
}

static void *png_room(png_structp p, png_alloc_size_t n)
{
  struct png *x = png_get_mem_ptr(p);
  void *m = sl_alloc(n);
  x->full = x->full || !m;
  return m;
}

static void png_drop(png_structp p, void *m)
{
  (void)p;
  sl_free(m);
}

static size_t pixel(const struct png *x) { return x->wide_gray ? 2 : 3; }

static int start(struct png *x, struct sl_err *err)
{
  png_read_info(x->p, x->info);
  uint32_t w = png_get_image_width(x->p, x->info), h = png_get_image_height(x->p, x->info);
  int depth = png_get_bit_depth(x->p, x->info), kind = png_get_color_type(x->p, x->info);
  x->wide_gray = depth == 16 && kind == PNG_COLOR_TYPE_GRAY;
  int rc = image_sink_size(x->sink, w, h, err);
  if (rc)
    return rc;
  if (depth == 16 && !x->wide_gray)
    png_set_strip_16(x->p);
  if (kind == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(x->p);
  else if (!x->wide_gray && !(kind & PNG_COLOR_MASK_COLOR)) {
    png_set_expand_gray_1_2_4_to_8(x->p);
    png_set_gray_to_rgb(x->p);
  }
  png_set_strip_alpha(x->p);
  png_set_interlace_handling(x->p);
  png_read_update_info(x->p, x->info);
  if (png_get_rowbytes(x->p, x->info) != w * pixel(x))
    return sl_err_set(err, SL_EUNSUP, "PNG of an unknown kind");
  x->rgb = x->wide_gray ? sl_alloc((size_t)w * 3) : NULL;
  return x->wide_gray && !x->rgb ? sl_err_nomem(err) : SL_OK;
}

static void put(struct png *x, uint32_t y, const unsigned char *row)
{
  const struct sl_image_part part = x->sink->part;
  row += part.x * pixel(x);
  for (size_t i = 0; x->wide_gray && i < part.w; i++)
    memset(x->rgb + i * 3, row[i * 2] ? 255 : row[i * 2 + 1], 3);
  image_sink_row(x->sink, y, x->wide_gray ? x->rgb : row);
}

static int by_rows(struct png *x, uint32_t w, uint32_t h, struct sl_err *err)
{
  const struct sl_image_part part = x->sink->part;
  x->all = sl_alloc(w * pixel(x));
  if (!x->all)
    return sl_err_nomem(err);
  for (uint32_t y = 0; y < h; y++) {
    png_read_row(x->p, x->all, NULL);
    if (y >= part.y && y - part.y < part.h)
      put(x, y, x->all);
  }
  return SL_OK;
}

/* Its rows are complete only with the last pass. */
static int interlaced(struct png *x, uint32_t w, uint32_t h, struct sl_err *err)
{
  const struct sl_image_part part = x->sink->part;
  x->all = sl_calloc((size_t)w * h, pixel(x));
  x->rows = sl_calloc(h, sizeof *x->rows);
  if (!x->all || !x->rows)
    return sl_err_nomem(err);
  for (uint32_t y = 0; y < h; y++)
    x->rows[y] = x->all + y * w * pixel(x);
  png_read_image(x->p, x->rows);
  for (uint32_t y = part.y; y < part.y + part.h; y++)
    put(x, y, x->rows[y]);
  return SL_OK;
}

/* Whatever it makes hangs at x before anything may jump. */
static int rows(struct png *x, struct sl_err *err)
{
  x->p = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, x, failed, quiet, x, png_room, png_drop);
  x->info = x->p ? png_create_info_struct(x->p) : NULL;
  if (!x->info)
    return sl_err_nomem(err);
  png_set_read_fn(x->p, x, give);
  png_set_user_limits(x->p, SL_IMAGE_SIDE_MAX, SL_IMAGE_SIDE_MAX);
  png_set_chunk_malloc_max(x->p, CHUNK_MAX);
  png_set_chunk_cache_max(x->p, CHUNKS_MAX);
  png_set_benign_errors(x->p, 1);
  int rc = start(x, err);
  if (rc)
    return rc;
  uint32_t w = png_get_image_width(x->p, x->info), h = png_get_image_height(x->p, x->info);
  bool laced = png_get_interlace_type(x->p, x->info) != PNG_INTERLACE_NONE;
  rc = laced ? interlaced(x, w, h, err) : by_rows(x, w, h, err);
  if (!rc)
    png_read_end(x->p, NULL);
  return rc;
}

int image_png(struct image_sink *s, struct sl_str bytes, struct sl_err *err)
{
  struct png x = { .left = bytes, .sink = s };
  int rc = setjmp(x.back) ? SL_EPARSE : rows(&x, err);
  if (x.full)
    rc = sl_err_nomem(err);
  else if (x.why[0])
    rc = sl_err_set(err, SL_EPARSE, "cannot be read as PNG: %s", x.why);
  png_destroy_read_struct(&x.p, &x.info, NULL);
  sl_free(x.all);
  sl_free(x.rgb);
  sl_free(x.rows);
  return rc;
}
