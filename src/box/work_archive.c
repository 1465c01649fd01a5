/* box/work_archive.c: members of tar, zip, 7z, cpio archives and of single compressed files: a list of them, or the bytes of one.
 *
 * Nothing is ever unpacked to a file. A bomb costs time only: what is read is capped, and the list ends after MEMBERS_MAX. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "box/inside.h"

enum { BLOCK = 64 << 10, MEMBERS_MAX = 1000000, PIECE = 64 << 10, DEFAULT_MAX = 16 << 20 };

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT, .help = "path inside the archive" },
  { .name = "kind", .type = SL_TEXT, .help = "file, folder, link, other" },
  { .name = "bytes", .type = SL_I64, .help = "size", .unit = "B" },
  { .name = "modified", .type = SL_TIME, .help = "last written" },
};

static int broken(struct archive *a, const char *path, struct sl_err *err)
{
  const char *why = archive_error_string(a);
  return sl_err_set(err, SL_EPARSE, "%s cannot be read as an archive: %s", path, why ? why : "damaged");
}

/* fd: yours, also on failure; -1 when the file itself cannot be opened. */
static int open_archive(struct archive **out, int *fd, const char *path, struct sl_err *err)
{
  *fd = open(path, O_RDONLY | O_CLOEXEC);
  if (*fd < 0)
    return sl_err_sys(err, errno, "cannot open %s", path);
  struct archive *a = *out = archive_read_new();
  if (!a)
    return sl_err_nomem(err);
  archive_read_support_filter_gzip(a);
  archive_read_support_filter_bzip2(a);
  archive_read_support_filter_xz(a);
  archive_read_support_filter_lzma(a);
  archive_read_support_filter_zstd(a);
  archive_read_support_filter_lz4(a);
  archive_read_support_format_tar(a);
  archive_read_support_format_zip(a);
  archive_read_support_format_7zip(a);
  archive_read_support_format_cpio(a);
  archive_read_support_format_ar(a);
  archive_read_support_format_raw(a); /* x.csv.gz: one member called "data" */
  return archive_read_open_fd(a, *fd, BLOCK) == ARCHIVE_OK ? SL_OK : broken(a, path, err);
}

static struct sl_str entry_name(struct archive_entry *e)
{
  const char *n = archive_entry_pathname(e);
  if (!n)
    n = archive_entry_pathname_utf8(e);
  return sl_str(n ? n : "");
}

static const char *entry_kind(struct archive_entry *e)
{
  switch (archive_entry_filetype(e)) {
  case AE_IFREG: return archive_entry_hardlink(e) ? "link" : "file";
  case AE_IFDIR: return "folder";
  case AE_IFLNK: return "link";
  default: return "other";
  }
}

static void put_entry(struct sl_batch *b, struct archive_entry *e, uint64_t number)
{
  char id[24];
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)number);
  sl_batch_row(b, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(b, 0, sl_vs(entry_name(e)));
  sl_batch_set(b, 1, sl_vz(entry_kind(e)));
  if (archive_entry_size_is_set(e))
    sl_batch_set(b, 2, sl_vi(archive_entry_size(e)));
  if (archive_entry_mtime_is_set(e))
    sl_batch_set(b, 3, sl_vt((sl_ms)archive_entry_mtime(e) * 1000));
}

static int list_entries(struct sl_box_ctx *c, struct archive *a, const char *path, struct sl_schema *s, struct sl_batch **b,
                        struct sl_err *err)
{
  struct archive_entry *e;
  int rc = SL_OK, got;
  for (uint64_t n = 1; !rc && (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF; n++) {
    if (got < ARCHIVE_WARN)
      return broken(a, path, err);
    if (n > MEMBERS_MAX)
      return sl_err_set(err, SL_ELIMIT, "%s: more than %d members", path, MEMBERS_MAX);
    if (!*b)
      rc = sl_batch_new(b, s, err);
    if (rc)
      return rc;
    put_entry(*b, e, n);
    if (!sl_batch_full(*b))
      continue;
    rc = box_rows(c, *b, err);
    sl_batch_unref(*b);
    *b = NULL;
  }
  return rc;
}

static int list_all(struct sl_box_ctx *c, struct archive *a, const char *path, struct sl_err *err)
{
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  int rc = sl_schema_new(&s, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  if (!rc)
    rc = box_head(c, s, -1, err);
  if (!rc)
    rc = list_entries(c, a, path, s, &b, err);
  if (!rc && b)
    rc = box_rows(c, b, err);
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc;
}

/* By name, or where there is none by its place in the list: names repeat, and need not be text. */
static int find_entry(struct archive *a, const char *path, struct sl_str member, int64_t number, struct sl_err *err)
{
  struct archive_entry *e;
  int got;
  for (int64_t n = 1; (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF; n++) {
    if (got < ARCHIVE_WARN)
      return broken(a, path, err);
    if (member.p ? sl_str_eq(entry_name(e), member) : n == number)
      return SL_OK;
  }
  return sl_err_set(err, SL_ENOENT, "%s has no member of that %s", path, member.p ? "name" : "number");
}

static int read_member(struct sl_box_ctx *c, struct archive *a, const char *path, int64_t max, struct sl_err *err)
{
  static char piece[PIECE];
  int rc = SL_OK;
  int64_t left = max;
  while (!rc) {
    la_ssize_t n = archive_read_data(a, piece, sizeof piece);
    if (n < 0)
      return broken(a, path, err);
    if (!n)
      return SL_OK;
    int64_t k = n < left ? n : left;
    rc = k ? box_bytes(c, piece, (size_t)k, err) : SL_OK;
    left -= k;
    if (!rc && k < n)
      return sl_err_set(err, SL_ELIMIT, "%s: the member is longer than the %lld bytes that are shown", path, (long long)max);
  }
  return rc;
}

static int archive_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  json_t *args = NULL;
  char *path = NULL;
  struct archive *a = NULL;
  int64_t max = 0, number = 0;
  int fd = -1;
  int rc = box_args(text, &args, &path, err);
  if (!rc)
    rc = open_archive(&a, &fd, path, err);
  struct sl_str member = rc ? SL_STR_NONE : sl_json_str(args, "member");
  if (!rc && (!sl_json_i64(args, "max", &max) || max <= 0))
    max = DEFAULT_MAX;
  bool one = !rc && (member.p || (sl_json_i64(args, "number", &number) && number > 0));
  if (one)
    rc = find_entry(a, path, member, number, err);
  if (!rc)
    rc = one ? read_member(c, a, path, max, err) : list_all(c, a, path, err);
  if (a)
    archive_read_free(a);
  if (fd >= 0)
    close(fd);
  json_decref(args);
  sl_free(path);
  return rc;
}

const struct sl_box_worker box_worker_archive = { .kind = "archive", .run = archive_run };
