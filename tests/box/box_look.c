/* Pictures, archives and their members as statements, with a real box behind them: good ones, broken ones, hostile ones. */
#include "box_harness.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

#include "base/file.h"
#include "box/wire.h" /* lint-ok: internal: a box that lies */
#include "model/backend.h"

extern const struct sl_backend_ops sl_backend_compute;

static struct sl_ws *ws;
static struct sl_ws_conf *conf;
static char base[64];

/* Only the scheme: addresses need somebody who understands files. */
static const char *const schemes[] = { "file", NULL };
static const struct sl_serve *const no_serves[] = { NULL };
static const struct sl_backend_ops fake_local = { .type = "local", .help = "files", .implicit = true, .serves = no_serves,
                                                  .schemes = schemes };

static bool hostile_box;

static int ws_setup(void **state)
{
  static char exe[512], state_dir[128];
  static const struct sl_backend_ops *const backends[] = { &fake_local, &sl_backend_compute, NULL };
  static const char *const libs[] = { SLUICE_ENGINES, NULL };
  struct sl_type_conf types[] = { { .type = "local", .help = "files", .implicit = true },
                                  { .type = "compute", .help = "engine", .implicit = true } };
  struct sl_err err = { 0 };
  char path[128];
  (void)state;
  snprintf(base, sizeof base, "/tmp/sluice-look-XXXXXX");
  if (!mkdtemp(base) || sl_loop_open(&loop, NULL))
    return -1;
  snprintf(path, sizeof path, "%s/z", base);
  if (sl_mkdirs(path, 0700, NULL))
    return -1;
  snprintf(path, sizeof path, "%s/sluice.yaml", base);
  if (sl_ws_conf_parse(&conf, SL_STR("lake:\n  zones:\n    - {name: z, uri: \"z/\"}\n"), path, NULL, types, 2, &err)) {
    fprintf(stderr, "%s\n", err.msg);
    return -1;
  }
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = 0;
  snprintf(path, sizeof path, "%s/hostile", base);
  if (hostile_box && (symlink(exe, path) || !memcpy(exe, path, sizeof path)))
    return -1;
  snprintf(state_dir, sizeof state_dir, "%s/state", base);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = state_dir, .exe = exe, .lib_dirs = libs, .headless = true };
  return sl_ws_open(&ws, loop, &o, &err) ? -1 : 0;
}

static int ws_teardown(void **state)
{
  (void)state;
  sl_ws_close(ws);
  sl_ws_conf_unref(conf);
  sl_loop_close(loop);
  (void)!sl_rmtree(base, NULL);
  return sl_alloc_live() > 0 ? -1 : 0;
}

/* ---- asking ---- */

struct got { struct sl_buf text; bool done; struct sl_source src; uint64_t rows; struct sl_snap *snap; };

static void on_answer(void *user, sl_watch id, const struct sl_answer *a)
{
  struct got *g = user;
  (void)id;
  if (!a->done)
    return;
  g->done = true;
  g->src = a->src[0];
  g->src.conn = SL_STR_NONE;
  g->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
}

static bool got_done(void *user) { return ((struct got *)user)->done; }

static void put_rows(struct got *g)
{
  struct sl_schema *s = sl_snap_schema(g->snap);
  g->rows = sl_snap_count(g->snap);
  for (uint64_t at = 0; at < g->rows;) {
    struct sl_batch *b = NULL;
    assert_int_equal(sl_snap_page_wait(g->snap, at, SL_BATCH_ROWS, &b, NULL), SL_OK);
    for (uint32_t row = 0; row < sl_batch_count(b); row++)
      for (unsigned i = 0; i < sl_schema_count(s); i++) {
        struct sl_val v = sl_batch_get(b, row, i);
        if (!v.null)
          sl_val_text(&g->text, &v);
        sl_buf_ch(&g->text, i + 1 == sl_schema_count(s) ? '\n' : '|');
      }
    at += sl_batch_count(b);
    sl_batch_unref(b);
  }
}

static void ask(struct got *g, const char *statement)
{
  struct sl_query like = { .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_str(statement) }, *q = NULL;
  struct sl_err err = { 0 };
  sl_watch id;
  sl_buf_init(&g->text, 64 << 20);
  assert_int_equal(sl_query_new(&q, &like, &err), SL_OK);
  int rc = sl_ws_query(ws, q, true, on_answer, g, &id, &err);
  sl_query_unref(q);
  if (rc)
    fail_msg("%s", err.msg);
  if (!turn_until(got_done, g, 30000))
    fail_msg("no answer");
  if (g->snap)
    put_rows(g);
}

static void got_free(struct got *g)
{
  sl_buf_free(&g->text);
  sl_snap_unref(g->snap);
  memset(g, 0, sizeof *g);
}

static void expect(const char *statement, const char *text)
{
  struct got g = { 0 };
  ask(&g, statement);
  assert_string_equal(g.src.err.msg, "");
  assert_int_equal(g.src.state, SL_WHOLE);
  assert_string_equal(sl_buf_zstr(&g.text), text);
  got_free(&g);
}

/* One line, with these words in it. */
static void refused(const char *statement, const char *part)
{
  struct got g = { 0 };
  ask(&g, statement);
  if (g.src.state != SL_FAILED || !strstr(g.src.err.msg, part) || strchr(g.src.err.msg, '\n'))
    fail_msg("%s: %s", statement, g.src.err.msg);
  got_free(&g);
}

static void put(const char *name, const void *p, size_t n)
{
  char path[256];
  snprintf(path, sizeof path, "%s/z/%s", base, name);
  assert_int_equal(sl_file_write(path, sl_strn(p, n), 0600, NULL), SL_OK);
}

static struct sl_str get(const char *name, struct sl_buf *b)
{
  char path[256];
  snprintf(path, sizeof path, "%s/z/%s", base, name);
  sl_buf_init(b, 1 << 20);
  assert_int_equal(sl_file_read(b, path, 1 << 20, NULL), SL_OK);
  return sl_buf_view(b);
}

/* ---- pictures ---- */

/* w x h, black at the left, white at the right half. */
static void make_png(const char *name, uint32_t w, uint32_t h)
{
  char path[256];
  unsigned char *rgb = sl_calloc((size_t)w * h, 3);
  png_image p = { .version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = PNG_FORMAT_RGB };
  assert_non_null(rgb);
  for (uint32_t i = 0; i < w * h; i++)
    memset(rgb + i * 3, i % w < w / 2 ? 0 : 255, 3);
  snprintf(path, sizeof path, "%s/z/%s", base, name);
  assert_true(png_image_write_to_file(&p, path, 0, rgb, 0, NULL));
  sl_free(rgb);
}

static void make_jpeg(const char *name, size_t keep)
{
  unsigned char row[16 * 3], *out = NULL;
  unsigned long n = 0;
  struct jpeg_compress_struct j;
  struct jpeg_error_mgr mgr;
  JSAMPROW rows = row;
  memset(row, 255, sizeof row);
  j.err = jpeg_std_error(&mgr);
  jpeg_create_compress(&j);
  jpeg_mem_dest(&j, &out, &n);
  j.image_width = j.image_height = 16;
  j.input_components = 3;
  j.in_color_space = JCS_RGB;
  jpeg_set_defaults(&j);
  jpeg_start_compress(&j, TRUE);
  while (j.next_scanline < j.image_height)
    jpeg_write_scanlines(&j, &rows, 1);
  jpeg_finish_compress(&j);
  jpeg_destroy_compress(&j);
  put(name, out, keep && keep < n ? keep : n);
  free(out);
}

static void pictures(void **state)
{
  (void)state;
  make_png("square.png", 8, 8);
  make_png("wide.png", 16, 4);
  make_png("high.png", 2, 64);
  make_jpeg("white.jpg", 0);
  expect("from image('lake:z/square.png', 4, 2)", "0000ffff\n0000ffff\n");
  expect("select * from image('lake:z/square.png', 8, 2);", "00000000ffff0000\n00000000ffff0000\n"); /* bars at the sides */
  expect("FROM image('lake:z/wide.png', 4, 3)", "00000000\n0000ffff\n00000000\n");                   /* bars above and below */
  expect("from image('lake:z/high.png', 3, 2)", "008000\n008000\n");
  expect("from image('lake:z/white.jpg', 2, 1)", "ffff\n");
}

static unsigned long crc(const unsigned char *p, size_t n)
{
  unsigned long c = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    c ^= p[i];
    for (int k = 0; k < 8; k++)
      c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
  }
  return c ^ 0xffffffffu;
}

static void hostile_pictures(void **state)
{
  (void)state;
  struct sl_buf b;
  unsigned char huge[42] = "\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\177\377\0\0\177\377\10\2\0\0\0????\0\0\0\1IDAT";
  unsigned long c = crc(huge + 12, 17);
  for (int i = 0; i < 4; i++)
    huge[29 + i] = (unsigned char)(c >> (24 - i * 8));
  put("huge.png", huge, sizeof huge);
  make_png("whole.png", 64, 64);
  struct sl_str whole = get("whole.png", &b);
  put("cut.png", whole.p, whole.n / 2);
  sl_buf_free(&b);
  put("text.png", "no picture", 10);
  make_jpeg("cut.jpg", 30);
  refused("from image('lake:z/huge.png', 8, 4)", "32767 x 32767 pixels are more than is read");
  refused("from image('lake:z/cut.png', 8, 4)", "cut.png: cannot be read as PNG");
  refused("from image('lake:z/cut.jpg', 8, 4)", "cut.jpg: cannot be read as JPEG");
  refused("from image('lake:z/text.png', 8, 4)", "neither JPEG nor PNG");
  refused("from image('lake:z/none.png', 8, 4)", "none.png");
  refused("from image('s3://b/x.png', 8, 4)", "s3://b/x.png");
}

static void forms(void **state)
{
  (void)state;
  static const char *const wrong[] = { "from image('a.png')", "from image('a.png', 0, 4)", "from image('a.png', 8, 1001)",
    "from image('a.png', 8, 4) limit 3", "from image(8, 4, 'a.png')", "from image('', 8, 4)", "select * from image('a.png', 8, 4, 1)",
    "from image('a.png', 8, 4", "from image('a.png', 8, 4); select 1" };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    refused(wrong[i], "image() stands alone: `from image('ADDRESS', WIDTH, HEIGHT)`");
  refused("from archive('a', 'b')", "`from archive('ADDRESS')`");
  refused("from member('a.zip')", "`from member('ADDRESS', 'NAME')`");
  expect("select a from (values (1)) archive(a)", "1\n"); /* names of ours are free elsewhere */
}

/* ---- archives ---- */

static void add(struct archive *a, const char *name, const void *text, size_t n, unsigned type)
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

static struct archive *archive_begin(const char *name, bool zip, const char *secret)
{
  char path[256];
  struct archive *a = archive_write_new();
  snprintf(path, sizeof path, "%s/z/%s", base, name);
  if (zip) {
    archive_write_set_format_zip(a);
  } else {
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter_gzip(a);
  }
  if (secret) {
    assert_int_equal(archive_write_set_options(a, "zip:encryption=traditional"), ARCHIVE_OK);
    assert_int_equal(archive_write_set_passphrase(a, secret), ARCHIVE_OK);
  }
  assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
  return a;
}

static void archive_end(struct archive *a)
{
  assert_int_equal(archive_write_close(a), ARCHIVE_OK);
  archive_write_free(a);
}

static void archives(void **state)
{
  (void)state;
  static const char *const names[] = { "a.tar.gz", "a.zip" };
  char statement[128];
  for (int i = 0; i < 2; i++) {
    struct archive *a = archive_begin(names[i], i == 1, NULL);
    add(a, "a.txt", "one\n\nthree", 10, AE_IFREG);
    add(a, "it's/", "", 0, AE_IFDIR);
    add(a, "it's/b", "\0\n", 2, AE_IFREG);
    add(a, "a.txt", "another\n", 8, AE_IFREG);
    archive_end(a);
    snprintf(statement, sizeof statement, "from archive('lake:z/%s')", names[i]);
    expect(statement, "a.txt|file|10|2023-11-14T22:13:20.000Z\nit's/|folder|0|2023-11-14T22:13:20.000Z\n"
                      "it's/b|file|2|2023-11-14T22:13:20.000Z\na.txt|file|8|2023-11-14T22:13:20.000Z\n");
    snprintf(statement, sizeof statement, "from member('lake:z/%s', 'a.txt')", names[i]);
    expect(statement, "1|one|4\n2||1\n3|three|5\n");
    snprintf(statement, sizeof statement, "from member('lake:z/%s', 4)", names[i]);
    expect(statement, "1|another|8\n");
    snprintf(statement, sizeof statement, "select * from member('lake:z/%s', 'it''s/b');", names[i]);
    struct got g = { 0 };
    ask(&g, statement);
    assert_string_equal(g.src.err.msg, "");
    assert_int_equal(g.text.n, 6);
    assert_memory_equal(g.text.p, "1|\0|2\n", 6);
    got_free(&g);
    snprintf(statement, sizeof statement, "from member('lake:z/%s', 'none')", names[i]);
    refused(statement, "no member of that name");
    snprintf(statement, sizeof statement, "from member('lake:z/%s', 5)", names[i]);
    refused(statement, "no member of that number");
  }
}

/* Lines beyond what is held at once; a long one comes in pieces that add up. */
static void long_members(void **state)
{
  (void)state;
  enum { LINES = 200000, LONG = 100000 };
  char *text = sl_calloc(LINES * 2 + LONG, 1);
  assert_non_null(text);
  for (size_t i = 0; i < LINES; i++)
    memcpy(text + i * 2, "x\n", 2);
  memset(text + LINES * 2, 'y', LONG);
  struct archive *a = archive_begin("long.tar.gz", false, NULL);
  add(a, "long", text, LINES * 2 + LONG, AE_IFREG);
  archive_end(a);
  sl_free(text);
  struct got g = { 0 };
  ask(&g, "from member('lake:z/long.tar.gz', 'long')");
  assert_string_equal(g.src.err.msg, "");
  assert_int_equal(g.rows, LINES + 4);
  assert_non_null(strstr(sl_buf_zstr(&g.text), "\n200000|x|2\n200001|yyyy"));
  assert_non_null(strstr(sl_buf_zstr(&g.text), "yyyy|1696\n"));
  got_free(&g);
}

static void hostile_archives(void **state)
{
  (void)state;
  enum { BOMB = 64 << 20 };
  char *zeros = sl_calloc(BOMB, 1);
  struct sl_buf b;
  assert_non_null(zeros);
  struct archive *a = archive_begin("bomb.zip", true, NULL);
  add(a, "zeros", zeros, BOMB, AE_IFREG);
  archive_end(a);
  sl_free(zeros);
  a = archive_begin("locked.zip", true, "secret");
  add(a, "a.txt", "hello", 5, AE_IFREG);
  archive_end(a);
  a = archive_begin("whole.tar.gz", false, NULL);
  add(a, "a.txt", "hello", 5, AE_IFREG);
  archive_end(a);
  struct sl_str whole = get("whole.tar.gz", &b);
  put("cut.tar.gz", whole.p, whole.n - 20);
  sl_buf_free(&b);
  put("bad.zip", "PK\3\4 this is no zip at all, and goes on for a while", 50);
  struct got g = { 0 };
  ask(&g, "from member('lake:z/bomb.zip', 'zeros')");
  assert_int_equal(g.src.state, SL_CUT);
  assert_string_equal(g.src.note, "the member's first 4 MiB");
  assert_int_equal(g.rows, 128);
  got_free(&g);
  expect("from archive('lake:z/locked.zip')", "a.txt|file|5|2023-11-14T22:13:20.000Z\n");
  refused("from member('lake:z/locked.zip', 'a.txt')", "assphrase");
  refused("from archive('lake:z/cut.tar.gz')", "cut.tar.gz cannot be read as an archive");
  refused("from archive('lake:z/bad.zip')", "bad.zip cannot be read as an archive");
  refused("from archive('lake:z/none.zip')", "cannot open");
}

/* Left at any moment, nothing stays behind. */
static void leaving(void **state)
{
  (void)state;
  make_png("a.png", 64, 64);
  struct archive *a = archive_begin("a.zip", true, NULL);
  add(a, "a.txt", "hello", 5, AE_IFREG);
  archive_end(a);
  static const char *const statements[] = { "from image('lake:z/a.png', 80, 24)", "from member('lake:z/a.zip', 'a.txt')",
                                            "from archive('lake:z/a.zip')" };
  for (size_t i = 0; i < 3; i++)
    for (int turns = 0; turns < 8; turns++) {
      struct sl_query like = { .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_str(statements[i]) }, *q = NULL;
      struct got g = { 0 };
      sl_watch id;
      assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
      assert_int_equal(sl_ws_query(ws, q, true, on_answer, &g, &id, NULL), SL_OK);
      sl_query_unref(q);
      for (int k = 0; k < turns; k++)
        sl_loop_turn(loop, 5);
      sl_ws_unwatch(ws, id);
      sl_snap_unref(g.snap);
    }
  expect("from member('lake:z/a.zip', 'a.txt')", "1|hello|5\n");
}

#define WS(f) cmocka_unit_test_setup_teardown(f, ws_setup, ws_teardown)

/* ---- a box that is somebody else's by now ---- */

/* Bytes, whatever it was asked for; for a picture: rows. */
static int hostile_main(void)
{
  struct sl_buf in, head;
  uint8_t kind;
  static const struct sl_col col = { .name = "n", .type = SL_I64, .help = "" };
  struct sl_schema *s = NULL;
  sl_buf_init(&in, WIRE_MAX_IN);
  sl_buf_init(&head, 0);
  sl_buf_le(&head, UINT64_MAX, 8);
  if (wire_send(WIRE_FD, WIRE_READY, SL_STR(""), NULL) || sl_schema_new(&s, NULL, 0, &col, 1, NULL) || sl_schema_encode(&head, s, NULL))
    return 1;
  while (!wire_recv(WIRE_FD, &kind, &in, NULL)) {
    if (kind == WIRE_WORK && sl_str_find(sl_buf_view(&in), SL_STR("width")) >= 0) {
      struct sl_batch *b = NULL;
      struct sl_buf rows;
      sl_buf_init(&rows, 0);
      if (sl_batch_new(&b, s, NULL))
        return 1;
      sl_batch_row(b, SL_PUT, SL_STR("1"));
      if (sl_batch_seal(b, NULL) || sl_batch_encode(&rows, b, NULL) || wire_send(WIRE_FD, WIRE_HEAD, sl_buf_view(&head), NULL) ||
          wire_send(WIRE_FD, WIRE_ROWS, sl_buf_view(&rows), NULL))
        return 1;
    } else if (kind == WIRE_WORK && wire_send(WIRE_FD, WIRE_BYTES, SL_STR("boo"), NULL)) {
      return 1;
    }
  }
  return 0;
}

static int hostile_setup(void **state)
{
  hostile_box = true;
  int rc = ws_setup(state);
  hostile_box = false;
  return rc;
}

static void another_kind(void **state)
{
  static const char *const statements[] = { "select 1", "from archive('lake:z/x.zip')", "from image('lake:z/x.png', 4, 4)" };
  (void)state;
  for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    struct got g = { .done = false };
    ask(&g, statements[i]);
    assert_int_equal(g.src.state, SL_FAILED);
    assert_int_equal(g.src.err.code, SL_EPROTO);
    assert_non_null(strstr(g.src.err.msg, "the box sent a broken message and was ended"));
    sl_snap_unref(g.snap);
    sl_buf_free(&g.text);
  }
}

int main(int argc, char **argv)
{
  if (argc > 1 && sl_str_ends(sl_str(argv[0]), SL_STR("/hostile")))
    return hostile_main();
  static const struct CMUnitTest tests[] = { WS(pictures), WS(hostile_pictures), WS(forms), WS(archives), WS(long_members),
    WS(hostile_archives), WS(leaving), cmocka_unit_test_setup_teardown(another_kind, hostile_setup, ws_teardown) };
  return harness_main(argc, argv, NULL, tests, sizeof tests / sizeof tests[0]);
}
