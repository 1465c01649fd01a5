/* box/image_jpeg.c: JPEG by libjpeg-turbo, as Pillow asks it: the exact integer DCT, smooth upsampling, no orientation. Its errors jump.
 *
 * Columns and rows that nobody wants are read, but not turned into pixels. Smooth upsampling looks at a pixel's neighbours, so a margin
 * around the wanted part is decoded and dropped: what is left is as it is in the whole picture. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/mem.h"
#include "box/image_int.h"

enum { SCANS_MAX = 500, MEMORY_MAX = 256 << 20 };
enum { ODD = 1 };              /* an aligned row is stored past the caches, and slow to be read again */
enum { MARGIN = 32 };          /* of columns and rows: the largest block of a JPEG (MCU) has 32 x 32 pixels */

struct jpeg_fail { struct jpeg_error_mgr mgr; jmp_buf back; char why[JMSG_LENGTH_MAX]; };

struct jpeg {
  struct jpeg_decompress_struct j;
  struct jpeg_fail fail;
  struct jpeg_source_mgr from;
  struct jpeg_progress_mgr scans;
  struct image_sink *sink;
  unsigned char *room, *row;   /* a row of the decoder's own channels */
  JDIMENSION left;             /* its first column */
};

static void failed(j_common_ptr j)
{
  struct jpeg_fail *f = (struct jpeg_fail *)(void *)j->err;
  j->err->format_message(j, f->why);
  longjmp(f->back, 1);
}

static const char *why(const struct jpeg_fail *f)
{
  int code = f->mgr.msg_code;
  return code == JERR_NO_BACKING_STORE ? "its scans need more memory than a picture is given"
         : code == JERR_BAD_PROGRESSION ? "its progression is wrong, or has scans without end" : f->why;
}

static void quiet(j_common_ptr j) { (void)j; }

static void no_more(j_decompress_ptr j) { (void)j; }

/* All bytes were there from the start: to want more is to be cut short. */
static boolean no_bytes(j_decompress_ptr j)
{
  ERREXIT(j, JERR_INPUT_EOF);
  return FALSE;
}

static void skip(j_decompress_ptr j, long n)
{
  if (n <= 0)
    return;
  if ((size_t)n > j->src->bytes_in_buffer)
    no_bytes(j);
  j->src->next_input_byte += n;
  j->src->bytes_in_buffer -= (size_t)n;
}

/* A progressive file may hold scans without end, each of which costs a pass. */
static void count_scans(j_common_ptr c)
{
  if (((j_decompress_ptr)c)->input_scan_number > SCANS_MAX)
    ERREXIT(c, JERR_BAD_PROGRESSION);
}

/* CMYK as Pillow has it: every such JPEG is taken for inverted (Adobe's way), and ink is taken off the light that the black leaves. */
static void from_cmyk(const unsigned char *in, size_t n, unsigned char *out)
{
  for (size_t i = 0; i < n; i++, in += 4, out += 3)
    for (int c = 0; c < 3; c++) {
      unsigned light = in[3], t = (255u - in[c]) * light + 128;
      out[c] = (unsigned char)(light - ((t + (t >> 8)) >> 8));
    }
}

static int start(struct jpeg *x, struct sl_err *err)
{
  struct jpeg_decompress_struct *j = &x->j;
  if (jpeg_read_header(j, TRUE) != JPEG_HEADER_OK)
    return sl_err_set(err, SL_EPARSE, "JPEG without a picture");
  if (j->num_components != 1 && j->num_components != 3 && j->num_components != 4)
    return sl_err_set(err, SL_EUNSUP, "JPEG of %d components", j->num_components);
  j->out_color_space = j->num_components == 4 ? JCS_CMYK : JCS_RGB;
  int rc = image_sink_size(x->sink, j->image_width, j->image_height, err);
  if (rc)
    return rc;
  jpeg_start_decompress(j);
  x->room = sl_alloc_aligned(64, (size_t)j->output_width * 7 + ODD);
  x->row = x->room ? x->room + ODD : NULL;
  return x->row ? SL_OK : sl_err_nomem(err);
}

/* Where the file has one scan only: the others are kept as coefficients anyway, and take their time before. */
static void leave_out(struct jpeg *x, const struct sl_image_part *part)
{
  struct jpeg_decompress_struct *j = &x->j;
  JDIMENSION end = part->x + part->w, width = j->output_width;
  if (jpeg_has_multiple_scans(j) || j->num_components == 4)
    return;
  x->left = part->x > MARGIN ? part->x - MARGIN : 0;
  width = (width - end > MARGIN ? end + MARGIN : width) - x->left;
  if (width < j->output_width)
    jpeg_crop_scanline(j, &x->left, &width);
  if (part->y > MARGIN)
    jpeg_skip_scanlines(j, part->y - MARGIN);
}

static void give(struct jpeg *x, const struct sl_image_part *part, uint32_t y)
{
  unsigned char *px = x->row, *rgb = x->row + (size_t)x->j.output_width * 4;
  size_t at = part->x - x->left;
  if (x->j.num_components == 4)
    from_cmyk(px + at * 4, part->w, rgb);
  else
    rgb = px + at * 3;
  image_sink_row(x->sink, y, rgb);
}

static int rows(struct jpeg *x, struct sl_err *err)
{
  struct jpeg_decompress_struct *j = &x->j;
  jpeg_create_decompress(j);
  j->mem->max_memory_to_use = MEMORY_MAX;
  j->src = &x->from;
  x->scans.progress_monitor = count_scans;
  j->progress = &x->scans;
  int rc = start(x, err);
  if (rc)
    return rc;
  const struct sl_image_part part = x->sink->part;
  leave_out(x, &part);
  while (j->output_scanline < part.y + part.h) {
    uint32_t y = j->output_scanline;
    jpeg_read_scanlines(j, &x->row, 1);
    if (y >= part.y)
      give(x, &part, y);
  }
  if (j->output_scanline < j->output_height)
    jpeg_skip_scanlines(j, j->output_height - j->output_scanline);
  jpeg_finish_decompress(j);
  return SL_OK;
}

int image_jpeg(struct image_sink *s, struct sl_str bytes, struct sl_err *err)
{
  struct jpeg x = { .sink = s };
  x.j.err = jpeg_std_error(&x.fail.mgr);
  x.fail.mgr.error_exit = failed;
  x.fail.mgr.output_message = quiet;
  x.from = (struct jpeg_source_mgr){ .next_input_byte = (const JOCTET *)bytes.p, .bytes_in_buffer = bytes.n, .init_source = no_more,
    .fill_input_buffer = no_bytes, .skip_input_data = skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = no_more };
  int rc = setjmp(x.fail.back) ? sl_err_set(err, SL_EPARSE, "cannot be read as JPEG: %s", why(&x.fail)) : rows(&x, err);
  jpeg_destroy_decompress(&x.j);
  sl_free(x.room);
  return rc;
}
