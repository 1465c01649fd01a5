/* box/unpack.c: archives and compressed files into memory, by the libraries that the box has for them. What comes out is counted while it
 * comes: a bomb ends at the cap. */
#include "box/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "base/mem.h"

enum { PIECE = 256 << 10 };

void unpacked_free(struct unpacked *u)
{
  for (size_t i = 0; i < u->n; i++)
    sl_free((char *)(uintptr_t)u->part[i].name.p);
  sl_buf_free(&u->bytes);
  sl_free(u->part);
  *u = (struct unpacked){ .part = NULL };
}

static int broken(struct archive *a, const char *file, struct sl_err *err)
{
  const char *why = archive_error_string(a);
  return sl_err_set(err, SL_EPARSE, "%s cannot be unpacked: %s", file, why ? why : "damaged");
}

static int too_much(const char *file, struct sl_err *err)
{
  return sl_err_set(err, SL_ELIMIT, "%s becomes more than %d MiB when it is unpacked", file, UNPACK_MAX >> 20);
}

static int all_data(struct archive *a, struct sl_buf *b, const char *file, struct sl_err *err)
{
  for (;;) {
    char *room = sl_buf_room(b, PIECE);
    if (!room)
      return b->failed == SL_ELIMIT ? too_much(file, err) : sl_buf_check(b, err);
    la_ssize_t n = archive_read_data(a, room, PIECE);
    if (n < 0)
      return broken(a, file, err);
    if (!n)
      return SL_OK;
    if (b->n + (size_t)n > UNPACK_MAX)
      return too_much(file, err);
    sl_buf_wrote(b, (size_t)n);
  }
}

/* Where its bytes begin is noted first, as their place in the buffer: it may still move. */
static int one_member(struct unpacked *u, struct archive *a, struct archive_entry *e, const char *file, struct sl_err *err)
{
  const char *name = archive_entry_pathname(e);
  if (archive_entry_filetype(e) != AE_IFREG)
    return SL_OK;
  int rc = sl_grow((void **)&u->part, &u->cap, u->n + 1, sizeof *u->part, UNPACK_PARTS_MAX, err);
  char *copy = rc ? NULL : sl_strdup(name ? name : "");
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  if (rc)
    return rc;
  size_t from = u->bytes.n;
  u->part[u->n++] = (struct sl_model_part){ .name = sl_str(copy) };
  rc = all_data(a, &u->bytes, file, err);
  u->part[u->n - 1].bytes = sl_strn(NULL, u->bytes.n - from);
  return rc;
}

/* Nothing is written anywhere; but who packs such a path means harm, and is told so. */
static int inside(const struct archive_entry *e, const char *file, struct sl_err *err)
{
  const char *name = archive_entry_pathname((struct archive_entry *)(uintptr_t)e);
  struct sl_str rest = sl_str(name ? name : ""), part;
  bool out = sl_str_starts(rest, SL_STR("/"));
  while (!out && sl_str_cut(&rest, '/', &part))
    out = sl_str_eqz(part, "..");
  return out ? sl_err_set(err, SL_EPARSE, "%s holds a path that leads out of it: %.100s", file, name) : SL_OK;
}

static int all_members(struct unpacked *out, struct archive *a, struct sl_str bytes, bool tar, const char *file, struct sl_err *err)
{
  struct archive_entry *e;
  int rc = archive_read_open_memory(a, bytes.p, bytes.n) == ARCHIVE_OK ? SL_OK : broken(a, file, err), got = ARCHIVE_OK;
  while (!rc && (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
    rc = got < ARCHIVE_WARN ? broken(a, file, err) : tar ? inside(e, file, err) : SL_OK;
    if (!rc && !(tar && archive_entry_hardlink(e)))
      rc = one_member(out, a, e, file, err);
  }
  const char *p = out->bytes.n ? out->bytes.p : "";
  for (size_t i = 0; i < out->n; i++) {
    out->part[i].bytes.p = p;
    p += out->part[i].bytes.n;
  }
  return rc;
}

static int unpack(struct unpacked *out, struct sl_str bytes, bool tar, const char *file, struct sl_err *err)
{
  struct archive *a = archive_read_new();
  *out = (struct unpacked){ .part = NULL };
  sl_buf_init(&out->bytes, (size_t)UNPACK_MAX + 2 * PIECE);
  if (!a)
    return sl_err_nomem(err);
  if (tar)
    archive_read_support_format_tar(a);
  else
    archive_read_support_format_zip_seekable(a);
  int rc = all_members(out, a, bytes, tar, file, err);
  archive_read_free(a);
  if (rc)
    unpacked_free(out);
  return rc;
}

int unpack_zip(struct unpacked *out, struct sl_str zip, const char *file, struct sl_err *err)
{
  return unpack(out, zip, false, file, err);
}

bool unpack_is_tar(struct sl_str s) { return s.n >= 512 && !memcmp(s.p + 257, "ustar", 5); }

int unpack_tar(struct unpacked *out, struct sl_str tar, const char *file, struct sl_err *err)
{
  return unpack(out, tar, true, file, err);
}

/* ---- one file ---- */

static bool is_zlib(struct sl_str s)
{
  return s.n > 2 && s.p[0] == 0x78 && ((unsigned)0x78 * 256 + (unsigned char)s.p[1]) % 31 == 0;
}

static int inflate_all(z_stream *z, struct sl_buf *to, const char *file, struct sl_err *err)
{
  int got = Z_OK;
  while (got != Z_STREAM_END) {
    char *room = sl_buf_room(to, PIECE);
    if (!room)
      return to->failed == SL_ELIMIT ? too_much(file, err) : sl_buf_check(to, err);
    z->next_out = (unsigned char *)room;
    z->avail_out = PIECE;
    got = inflate(z, Z_NO_FLUSH);
    if (got != Z_OK && got != Z_STREAM_END)
      return sl_err_set(err, SL_EPARSE, "%s cannot be unpacked: %s", file, z->msg ? z->msg : "it ends too early");
    sl_buf_wrote(to, PIECE - z->avail_out);
    if (to->n > UNPACK_MAX)
      return too_much(file, err);
  }
  return z->avail_in ? sl_err_set(err, SL_EPARSE, "%s cannot be unpacked: more follows its end", file) : SL_OK;
}

static int from_zlib(struct sl_str s, struct sl_buf *to, const char *file, struct sl_err *err)
{
  z_stream z = { .next_in = (unsigned char *)(uintptr_t)s.p, .avail_in = (unsigned)s.n };
  if (inflateInit(&z) != Z_OK)
    return sl_err_nomem(err);
  int rc = inflate_all(&z, to, file, err);
  inflateEnd(&z);
  return rc;
}

static bool is_packed(struct sl_str s)
{
  static const struct sl_str magic[] = { { "\037\213", 2 }, { "BZh", 3 }, { "\375" "7zXZ", 5 }, { "\135\000\000", 3 },
      { "\004\042\115\030", 4 },
                                         { "\050\265\057\375", 4 } };
  for (size_t i = 0; i < sizeof magic / sizeof magic[0]; i++)
    if (sl_str_starts(s, magic[i]))
      return true;
  return false;
}

static int from_archive(struct sl_str s, struct sl_buf *to, const char *file, struct sl_err *err)
{
  struct archive_entry *e;
  struct archive *a = archive_read_new();
  if (!a)
    return sl_err_nomem(err);
  archive_read_support_filter_all(a);
  archive_read_support_format_raw(a);
  int rc = archive_read_open_memory(a, s.p, s.n) == ARCHIVE_OK && archive_read_next_header(a, &e) == ARCHIVE_OK ? SL_OK : broken(a, file,
      err);
  if (!rc)
    rc = all_data(a, to, file, err);
  archive_read_free(a);
  return rc;
}

int unpack_one(struct sl_buf *b, const char *file, bool *was, struct sl_err *err)
{
  struct sl_str s = sl_buf_view(b);
  struct sl_buf to;
  bool zlib = is_zlib(s);
  *was = zlib || is_packed(s);
  if (!*was)
    return SL_OK;
  sl_buf_init(&to, (size_t)UNPACK_MAX + 2 * PIECE);
  int rc = zlib ? from_zlib(s, &to, file, err) : from_archive(s, &to, file, err);
  if (!rc) {
    sl_buf_free(b);
    *b = to;
  } else {
    sl_buf_free(&to);
  }
  return rc;
}
