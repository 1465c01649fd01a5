/* Pictures and archives in the box: good ones, broken ones, too large ones. */
#include "box_harness.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

static void run_kind(struct run *r, const char *kind, const char *json)
{
  run_start(r, &(struct sl_box_work){ .kind = kind, .text = sl_str(json) });
  run_wait(r, 30000);
}

static void expect_failure(const char *kind, const char *json, int rc, const char *part)
{
  struct run r = { 0 };
  run_kind(&r, kind, json);
  if (r.rc != rc || !strstr(r.err.msg, part))
    fail_msg("%s: %s (%s)", json, r.err.msg, sl_code_name(r.rc));
  run_free(&r);
}

/* ---- pictures ---- */

enum { W = 64, H = 32 };

/* Left half red, right half blue. */
static void paint(unsigned char *rgb)
{
  for (int i = 0; i < W * H; i++) {
    memset(rgb + i * 3, 0, 3);
    rgb[i * 3 + (i % W < W / 2 ? 0 : 2)] = 255;
  }
}

static void make_png(const char *name)
{
  unsigned char rgb[W * H * 3];
  char path[512];
  png_image p = { .version = PNG_IMAGE_VERSION, .width = W, .height = H, .format = PNG_FORMAT_RGB };
  paint(rgb);
  snprintf(path, sizeof path, "%s/%s", dir, name);
  assert_true(png_image_write_to_file(&p, path, 0, rgb, 0, NULL));
}

static void make_jpeg(const char *name)
{
  unsigned char rgb[W * H * 3], *out = NULL;
  unsigned long n = 0;
  struct jpeg_compress_struct j;
  struct jpeg_error_mgr mgr;
  paint(rgb);
  j.err = jpeg_std_error(&mgr);
  jpeg_create_compress(&j);
  jpeg_mem_dest(&j, &out, &n);
  j.image_width = W;
  j.image_height = H;
  j.input_components = 3;
  j.in_color_space = JCS_RGB;
  jpeg_set_defaults(&j);
  jpeg_set_quality(&j, 95, TRUE);
  jpeg_start_compress(&j, TRUE);
  while (j.next_scanline < j.image_height) {
    JSAMPROW row = rgb + j.next_scanline * W * 3;
    jpeg_write_scanlines(&j, &row, 1);
  }
  jpeg_finish_compress(&j);
  jpeg_destroy_compress(&j);
  write_file(name, out, n);
  write_file("cut.jpg", out, n / 2);
  write_file("head.jpg", out, 20);
  free(out);
}

static uint64_t word(const struct run *r, size_t i)
{
  struct sl_rd rd = sl_rd(sl_str_from(sl_buf_view(&r->bytes), i * 4));
  return sl_rd_le(&rd, 4);
}

static void check_picture(const char *name, int w, int h, int slack)
{
  struct run r = { 0 };
  char json[600];
  snprintf(json, sizeof json, "{\"path\":\"%s/%s\",\"width\":%d,\"height\":%d}", dir, name, w, h);
  run_kind(&r, "image", json);
  assert_string_equal(r.err.msg, "");
  int rw = w ? w : W, rh = h ? h : H;
  assert_int_equal(word(&r, 0), rw);
  assert_int_equal(word(&r, 1), rh);
  assert_int_equal(word(&r, 2), W);
  assert_int_equal(word(&r, 3), H);
  assert_int_equal(r.bytes.n, 16 + rw * rh * 3);
  const unsigned char *p = (const unsigned char *)r.bytes.p + 16;
  assert_true(p[0] >= 255 - slack && p[2] <= slack);
  p += (size_t)rw * (size_t)rh * 3 - 3;
  assert_true(p[2] >= 255 - slack && p[0] <= slack);
  run_free(&r);
}

static void pictures(void **state)
{
  (void)state;
  make_png("a.png");
  make_jpeg("a.jpg");
  check_picture("a.png", 0, 0, 0);
  check_picture("a.png", 8, 4, 0);
  check_picture("a.png", 200, 100, 0);
  check_picture("a.jpg", 0, 0, 8);
  check_picture("a.jpg", 8, 4, 8);
}

static void image_fails(const char *name, int rc, const char *part)
{
  char json[600];
  snprintf(json, sizeof json, "{\"path\":\"%s/%s\"}", dir, name);
  expect_failure("image", json, rc, part);
}

static void broken_pictures(void **state)
{
  (void)state;
  make_jpeg("a.jpg");
  make_png("a.png");
  write_text("text.png", "no picture");
  write_file("cut.png", "\211PNG\r\n\032\n\0\0", 10);
  image_fails("text.png", SL_EPARSE, "neither JPEG nor PNG");
  image_fails("cut.png", SL_EPARSE, "cut.png: cannot be read as PNG");
  image_fails("head.jpg", SL_EPARSE, "head.jpg: cannot be read as JPEG");
  image_fails("none.png", SL_ENOENT, "cannot open");
  expect_failure("image", "{\"path\":\"/etc/passwd\"}", SL_EDENIED, "Permission denied");
  expect_failure("image", "{\"path\":\"relative.png\"}", SL_EINTERNAL, "absolute");
  expect_failure("image", "no json", SL_EPARSE, "");
  char json[600];
  snprintf(json, sizeof json, "{\"path\":\"%s/a.png\",\"width\":100000,\"height\":2}", dir);
  expect_failure("image", json, SL_ELIMIT, "pixels a side");
  /* a header that promises more than there can be */
  static const unsigned char huge[] = "\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\177\377\0\0\177\377\10\2\0\0\0\0\0\0\0";
  write_file("huge.png", huge, sizeof huge - 1);
  image_fails("huge.png", SL_EPARSE, "huge.png"); /* its checksum is wrong before its size is too large */
}

/* ---- archives ---- */

static void add(struct archive *a, const char *name, const char *text, size_t n, unsigned type)
{
  struct archive_entry *e = archive_entry_new();
  archive_entry_set_pathname(e, name);
  archive_entry_set_size(e, (la_int64_t)n);
  archive_entry_set_filetype(e, type);
  archive_entry_set_perm(e, 0644);
  archive_entry_set_mtime(e, 1700000000, 0);
  assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
  if (n)
    assert_int_equal(archive_write_data(a, text, n), n);
  archive_entry_free(e);
}

static void make_archive(const char *name, bool zip)
{
  char path[512];
  struct archive *a = archive_write_new();
  snprintf(path, sizeof path, "%s/%s", dir, name);
  if (zip) {
    archive_write_set_format_zip(a);
  } else {
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter_gzip(a);
  }
  assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
  add(a, "a.txt", "hello", 5, AE_IFREG);
  add(a, "d/", "", 0, AE_IFDIR);
  add(a, "../../evil\033[31m", "x", 1, AE_IFREG);
  archive_write_close(a);
  archive_write_free(a);
}

static void archives(void **state)
{
  (void)state;
  static const char *const names[] = { "a.tar.gz", "a.zip" };
  for (int i = 0; i < 2; i++) {
    struct run r = { 0 };
    char json[600];
    make_archive(names[i], i == 1);
    snprintf(json, sizeof json, "{\"path\":\"%s/%s\"}", dir, names[i]);
    run_kind(&r, "archive", json);
    assert_string_equal(r.err.msg, "");
    assert_string_equal(sl_buf_zstr(&r.text), "name:text kind:text bytes:integer modified:time\n"
      "a.txt|file|5|2023-11-14T22:13:20.000Z\nd/|folder|0|2023-11-14T22:13:20.000Z\n"
      "../../evil\033[31m|file|1|2023-11-14T22:13:20.000Z\n");
    run_free(&r);
    snprintf(json, sizeof json, "{\"path\":\"%s/%s\",\"member\":\"a.txt\"}", dir, names[i]);
    run_kind(&r, "archive", json);
    assert_string_equal(sl_buf_zstr(&r.bytes), "hello");
    assert_int_equal(r.rc, SL_OK);
    run_free(&r);
    snprintf(json, sizeof json, "{\"path\":\"%s/%s\",\"member\":\"a.txt\",\"max\":3}", dir, names[i]);
    run_kind(&r, "archive", json);
    assert_string_equal(sl_buf_zstr(&r.bytes), "hel");
    assert_int_equal(r.rc, SL_ELIMIT);
    run_free(&r);
    snprintf(json, sizeof json, "{\"path\":\"%s/%s\",\"member\":\"no\"}", dir, names[i]);
    expect_failure("archive", json, SL_ENOENT, "no member");
  }
}

static void broken_archives(void **state)
{
  (void)state;
  char json[600];
  write_file("bad.zip", "PK\3\4 this is no zip at all, and goes on for a while", 50);
  snprintf(json, sizeof json, "{\"path\":\"%s/bad.zip\"}", dir);
  expect_failure("archive", json, SL_EPARSE, "bad.zip cannot be read as an archive");
  write_file("empty.tar", "", 0);
  snprintf(json, sizeof json, "{\"path\":\"%s/gone.tar\"}", dir);
  expect_failure("archive", json, SL_ENOENT, "gone.tar");
  expect_failure("archive", "{\"path\":\"/etc/passwd\"}", SL_EDENIED, "/etc/passwd");
}

#define BOXED(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = { BOXED(pictures), BOXED(broken_pictures), BOXED(archives), BOXED(broken_archives) };
  return harness_main(argc, argv, NULL, tests, sizeof tests / sizeof tests[0]);
}
