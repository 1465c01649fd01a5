/* box/image_member.c: the bytes of pictures: of a file below the folder, of a member of the archive.
 *
 * An archive says of itself what it likes: what comes out is counted while it comes, a single picture ends at its cap, all of it at
 * another; a path that leads out of it is told, as whoever packs such a one means harm. */
#include "box/image_member.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

enum { BLOCK = 64 << 10, PIECE = 256 << 10, MEMBERS_MAX = 4 << 20, STEP = 64 };
#define ALL_MAX ((int64_t)1 << 38)

static int broken(struct archive *a, const char *path, struct sl_err *err)
{
  const char *why = archive_error_string(a);
  return sl_err_set(err, SL_EPARSE, "%s cannot be read as an archive: %s", sl_path_base(path), why ? why : "damaged");
}

void image_members_close(struct image_list *l)
{
  if (l->a)
    archive_read_free(l->a);
  if (l->fd >= 0)
    close(l->fd);
  l->a = NULL;
  l->fd = -1;
  l->member = 0;
}

void image_list_rewind(struct image_list *l) { image_members_close(l); }

static int begin(struct image_list *l, struct sl_err *err)
{
  image_members_close(l);
  l->fd = open(l->root, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (l->fd < 0)
    return sl_err_sys(err, errno, "cannot open %s", l->root);
  struct archive *a = l->a = archive_read_new();
  if (!a)
    return sl_err_nomem(err);
  archive_read_support_filter_gzip(a);
  archive_read_support_filter_bzip2(a);
  archive_read_support_filter_xz(a);
  archive_read_support_filter_zstd(a);
  archive_read_support_filter_lz4(a);
  archive_read_support_format_tar(a);
  archive_read_support_format_zip(a);
  return archive_read_open_fd(a, l->fd, BLOCK) == ARCHIVE_OK ? SL_OK : broken(a, l->root, err);
}

static struct sl_str path_of(struct archive_entry *e)
{
  const char *n = archive_entry_pathname(e);
  if (!n)
    n = archive_entry_pathname_utf8(e);
  while (n && n[0] == '.' && n[1] == '/')
    n += 2;
  return sl_str(n ? n : "");
}

static bool plain(struct archive_entry *e)
{
  return archive_entry_filetype(e) == AE_IFREG && !archive_entry_hardlink(e) && !archive_entry_symlink(e);
}

static bool begins_so(struct archive *a)
{
  char head[8];
  size_t n = 0;
  while (n < sizeof head) {
    la_ssize_t k = archive_read_data(a, head + n, sizeof head - n);
    if (k <= 0)
      break;
    n += (size_t)k;
  }
  return image_begins(sl_strn(head, n));
}

static int one_member(struct image_list *l, struct archive_entry *e, uint32_t member, struct sl_err *err)
{
  struct sl_str path = path_of(e);
  if (archive_entry_filetype(e) == AE_IFDIR)
    return SL_OK;
  if (sl_str_starts(path, SL_STR("/")) || sl_path_climbs(path))
    return sl_err_set(err, SL_EPARSE, "%s holds a path that leads out of it: %.100s", sl_path_base(l->root), path.p);
  enum image_named is = image_named(path);
  bool picture = plain(e) && is != IMAGE_HIDDEN && (is == IMAGE_IS || begins_so(l->a));
  return picture ? image_list_add(l, path, member, err) : image_list_other(l, path, err);
}

int image_members(struct image_list *l, struct sl_box_ctx *c, struct sl_err *err)
{
  struct archive_entry *e;
  int64_t all = 0;
  int got = ARCHIVE_OK, rc = begin(l, err);
  for (uint32_t n = 0; !rc && (got = archive_read_next_header(l->a, &e)) != ARCHIVE_EOF; n++) {
    int64_t size = got < ARCHIVE_WARN || !archive_entry_size_is_set(e) ? 0 : archive_entry_size(e);
    all = size < 0 || size > ALL_MAX - all ? ALL_MAX : all + size;
    if (got < ARCHIVE_WARN)
      rc = broken(l->a, l->root, err);
    else if (n >= MEMBERS_MAX || all >= ALL_MAX)
      rc = sl_err_set(err, SL_ELIMIT, "%s: more than %d members, or more than 256 GiB of them", sl_path_base(l->root), MEMBERS_MAX);
    else
      rc = one_member(l, e, n, err);
    if (n % STEP == 0)
      box_progress(c, 0, 0);
  }
  image_members_close(l);
  return rc;
}

/* ---- bytes ---- */

static int too_long(struct sl_err *err)
{
  return sl_err_set(err, SL_ELIMIT, "a picture of more than %d MiB", IMAGE_FILE_MAX >> 20);
}

static int read_member(struct image_list *l, struct sl_buf *to, bool *lost, struct sl_err *err)
{
  for (;;) {
    char *room = sl_buf_room(to, PIECE);
    la_ssize_t n = room ? archive_read_data(l->a, room, PIECE) : 0;
    if (!room)
      return to->failed == SL_ELIMIT ? too_long(err) : sl_buf_check(to, err);
    if (n < 0) {
      *lost = n == ARCHIVE_FATAL;
      return broken(l->a, l->root, err);
    }
    if (!n)
      return SL_OK;
    sl_buf_wrote(to, (size_t)n);
    if (to->n > IMAGE_FILE_MAX)
      return too_long(err);
  }
}

static int from_archive(struct image_list *l, size_t i, struct sl_buf *to, bool *lost, struct sl_err *err)
{
  struct archive_entry *e = NULL;
  int rc = l->a ? SL_OK : begin(l, err);
  while (!rc && l->member <= l->at[i].member) {
    int got = archive_read_next_header(l->a, &e);
    l->member++;
    if (got == ARCHIVE_EOF || got < ARCHIVE_WARN)
      rc = broken(l->a, l->root, err);
  }
  if (!rc && (!e || !sl_str_eq(path_of(e), image_list_path(l, i))))
    rc = sl_err_set(err, SL_ECONFLICT, "%s has changed while it was read", sl_path_base(l->root));
  *lost = rc != SL_OK;
  return rc ? rc : read_member(l, to, lost, err);
}

/* A link may lead anywhere: where the file really lies decides. */
static int check_link(const struct image_list *l, const char *path, struct sl_err *err)
{
  char root[PATH_MAX], real[PATH_MAX], *whole = sl_asprintf("%s/%s", l->root, path);
  if (!whole)
    return sl_err_nomem(err);
  bool there = realpath(l->root, root) && realpath(whole, real);
  sl_free(whole);
  if (!there)
    return sl_err_set(err, SL_ENOENT, "a link to what is not there, or may not be read");
  return sl_path_inside(real, root) ? SL_OK : sl_err_set(err, SL_EDENIED, "a link that leads out of the folder");
}

static int open_file(const struct image_list *l, const char *path, int *fd, struct sl_err *err)
{
  *fd = openat(l->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (*fd < 0 && errno == ELOOP) {
    int rc = check_link(l, path, err);
    if (rc)
      return rc;
    *fd = openat(l->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }
  return *fd >= 0 ? SL_OK : sl_err_sys(err, errno, "cannot be opened");
}

static int from_folder(const struct image_list *l, size_t i, struct sl_buf *to, struct sl_err *err)
{
  int fd = -1;
  struct sl_str s = image_list_path(l, i);
  char *path = sl_strndup(s.p, s.n);
  int rc = path ? open_file(l, path, &fd, err) : sl_err_nomem(err);
  while (!rc) {
    char *room = sl_buf_room(to, PIECE);
    ssize_t n = room ? read(fd, room, PIECE) : 0;
    if (!room || to->n + (size_t)(n > 0 ? n : 0) > IMAGE_FILE_MAX)
      rc = room || to->failed == SL_ELIMIT ? too_long(err) : sl_buf_check(to, err);
    else if (n < 0 && errno != EINTR)
      rc = sl_err_sys(err, errno, "cannot be read");
    else if (n > 0)
      sl_buf_wrote(to, (size_t)n);
    else if (!n)
      break;
  }
  if (fd >= 0)
    close(fd);
  sl_free(path);
  return rc;
}

int image_list_read(struct image_list *l, size_t i, struct sl_buf *to, bool *lost, struct sl_err *err)
{
  *lost = false;
  sl_buf_clear(to);
  return l->packed ? from_archive(l, i, to, lost, err) : from_folder(l, i, to, err);
}
