/* box/work_image.c: JPEG and PNG as RGB, scaled by area for a preview in character cells. Re-scoring has its own resampling. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/image_read.h"
#include "box/inside.h"

enum { OUT_MAX = 4096, PIECE = 256 << 10 };

static int read_image(const char *path, struct sl_image *m, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, SL_IMAGE_FILE_MAX);
  int rc = sl_file_read(&b, path, SL_IMAGE_FILE_MAX, err);
  if (!rc)
    rc = sl_image_read(m, sl_strn(b.p, b.n), path, err);
  sl_buf_free(&b);
  return rc;
}

/* ---- scaling: the mean of the pixels that a new one covers; the nearest where it grows ---- */

static void mean_pixel(const struct sl_image *m, uint64_t x0, uint64_t x1, uint64_t y0, uint64_t y1, unsigned char *out)
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

static int scale(struct sl_image *m, uint32_t w, uint32_t h, struct sl_err *err)
{
  struct sl_image s = { w, h, sl_calloc((size_t)w * h, 3) };
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

static int send_image(struct sl_box_ctx *c, const struct sl_image *m, uint32_t w, uint32_t h, struct sl_err *err)
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
static void fit_cells(const struct sl_image *m, int64_t *w, int64_t *h)
{
  double by_width = (double)*w / m->w, by_height = 2.0 * (double)*h / m->h, by = by_width < by_height ? by_width : by_height;
  int64_t fw = (int64_t)(m->w * by + 0.5), fh = (int64_t)(m->h * by / 2 + 0.5);
  *w = fw < 1 ? 1 : fw < *w ? fw : *w;
  *h = fh < 1 ? 1 : fh < *h ? fh : *h;
}

static int resize(struct sl_image *m, int64_t w, int64_t h, bool fit, struct sl_err *err)
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
  struct sl_image m = { 0, 0, NULL };
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
