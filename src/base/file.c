/* base/file.c: whole files in and out, and trees away.
 *
 * Every call that can fail is preceded by sl_fault_io(), so that tests/torture sees each of them fail once. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"

/* -1 with errno set where a fault is due, else the call itself. */
#define FILE_SYS(what, call) ((errno = sl_fault_io(what)) ? -1 : (call))

enum { FILE_PIECE = 64 << 10, FILE_TREE_DEPTH = 200 };

static int file_check_private(int fd, const char *path, struct sl_err *err)
{
  struct stat st;
  if (FILE_SYS("fstat", fstat(fd, &st)) < 0)
    return sl_err_sys(err, errno, "cannot look at %s", path);
  if (st.st_uid != geteuid())
    return sl_err_set(err, SL_EDENIED, "%s belongs to another user: secrets are only read from files of one's own", path);
  if (st.st_mode & 077)
    return sl_err_set(err, SL_EDENIED, "%s may be read or written by others (mode %03o): chmod 600 it", path, (unsigned)st.st_mode & 0777);
  return SL_OK;
}

/* Opened without waiting for anybody (a FIFO would), and refused unless it is a regular file. */
static int file_open(int *fd, const char *path, size_t max, struct sl_err *err)
{
  *fd = FILE_SYS("open", open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (*fd < 0)
    return sl_err_sys(err, errno, "cannot open %s", path);
  struct stat st;
  if (FILE_SYS("fstat", fstat(*fd, &st)) < 0)
    return sl_err_sys(err, errno, "cannot look at %s", path);
  if (!S_ISREG(st.st_mode))
    return sl_err_set(err, SL_EUNSUP, "%s is no regular file", path);
  if ((uint64_t)st.st_size > max)
    return sl_err_set(err, SL_ELIMIT, "%s is larger than %zu bytes", path, max);
  return SL_OK;
}

static int file_read_fd(struct sl_buf *b, int fd, const char *path, size_t max, struct sl_err *err)
{
  for (size_t got = 0;;) {
    char *to = sl_buf_room(b, FILE_PIECE < max - got ? FILE_PIECE : max - got + 1);
    if (!to)
      return b->failed == SL_ENOMEM ? sl_err_nomem(err) : sl_err_set(err, b->failed, "%s does not fit its buffer", path);
    ssize_t n = FILE_SYS("read", read(fd, to, FILE_PIECE < max - got ? FILE_PIECE : max - got + 1));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return sl_err_sys(err, errno, "cannot read %s", path);
    if (n == 0)
      return SL_OK;
    got += (size_t)n;
    if (got > max) /* it grew meanwhile */
      return sl_err_set(err, SL_ELIMIT, "%s is larger than %zu bytes", path, max);
    sl_buf_wrote(b, (size_t)n);
  }
}

static int file_read(struct sl_buf *b, const char *path, size_t max, bool secret, struct sl_err *err)
{
  int fd, rc = file_open(&fd, path, max, err);
  if (rc == SL_OK && secret)
    rc = file_check_private(fd, path, err);
  if (rc == SL_OK)
    rc = file_read_fd(b, fd, path, max, err);
  if (fd >= 0)
    close(fd);
  return rc;
}

int sl_file_read(struct sl_buf *b, const char *path, size_t max, struct sl_err *err)
{
  return file_read(b, path, max, false, err);
}

int sl_file_read_private(struct sl_buf *b, const char *path, size_t max, struct sl_err *err)
{
  return file_read(b, path, max, true, err);
}

int sl_file_private(const char *path, struct sl_err *err)
{
  int fd, rc = file_open(&fd, path, SIZE_MAX, err);
  if (rc == SL_OK)
    rc = file_check_private(fd, path, err);
  if (fd >= 0)
    close(fd);
  return rc;
}

/* ---- writing ---- */

int sl_fd_write(int fd, struct sl_str s)
{
  while (s.n) {
    ssize_t n = FILE_SYS("write", write(fd, s.p, s.n));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n ? errno : EIO; /* a file that takes nothing: not again and again */
      return -1;
    }
    s = sl_str_from(s, (size_t)n);
  }
  return 0;
}

/* The content under a temporary name in the folder, on the disk. */
static int file_write_temp(int dir, const char *temp, struct sl_str s, unsigned mode)
{
  int fd = FILE_SYS("open", openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd < 0)
    return -1;
  int bad = sl_fd_write(fd, s) < 0 || FILE_SYS("fchmod", fchmod(fd, (mode_t)mode)) < 0 || FILE_SYS("fsync", fsync(fd)) < 0;
  int why = errno;
  if (close(fd) < 0 && !bad) { /* NFS tells of a full disk here */
    bad = 1;
    why = errno;
  }
  errno = why;
  return bad ? -1 : 0;
}

static int file_sync_dir(int dir)
{
  if (FILE_SYS("fsync", fsync(dir)) == 0 || errno == EINVAL || errno == ENOTSUP) /* file systems that know no such thing */
    return 0;
  return -1;
}

static int file_replace(int dir, const char *path, const char *temp, struct sl_str s, unsigned mode, struct sl_err *err)
{
  if (file_write_temp(dir, temp, s, mode) < 0 || FILE_SYS("rename", renameat(dir, temp, dir, sl_path_base(path))) < 0) {
    int why = errno;
    unlinkat(dir, temp, 0);
    return sl_err_sys(err, why, "cannot write %s", path);
  }
  if (file_sync_dir(dir) < 0)
    return sl_err_sys(err, errno, "%s was written, but may not survive a power cut", path);
  return SL_OK;
}

int sl_file_write(const char *path, struct sl_str s, unsigned mode, struct sl_err *err)
{
  char temp[64], id[37];
  int fd = -1, rc = sl_uuid4(id, err);
  if (rc)
    return rc;
  snprintf(temp, sizeof temp, ".sluice-%s.tmp", id);
  if (!*sl_path_base(path))
    return sl_err_set(err, SL_EUSAGE, "'%s' names no file", path);
  char *folder = sl_path_dir(path);
  if (!folder)
    return sl_err_nomem(err);
  fd = FILE_SYS("open", open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0)
    rc = sl_err_sys(err, errno, "cannot open the folder of %s", path);
  else
    rc = file_replace(fd, path, temp, s, mode, err);
  if (fd >= 0)
    close(fd);
  sl_free(folder);
  return rc;
}

static int file_mkdir(const char *path, unsigned mode, struct sl_err *err)
{
  if (FILE_SYS("mkdir", mkdir(path, (mode_t)mode)) == 0)
    return SL_OK;
  int why = errno;
  if (why == EEXIST && sl_dir_exists(path))
    return SL_OK;
  return sl_err_sys(err, why == EEXIST ? ENOTDIR : why, "cannot make the folder %s", path);
}

int sl_mkdirs(const char *path, unsigned mode, struct sl_err *err)
{
  char *p = sl_strdup(path);
  if (!p)
    return sl_err_nomem(err);
  int rc = SL_OK;
  for (char *at = p + 1; *p && *at && rc == SL_OK; at++) {
    if (*at != '/')
      continue;
    *at = 0;
    if (!sl_dir_exists(p))
      rc = file_mkdir(p, mode, err);
    *at = '/';
  }
  if (rc == SL_OK)
    rc = file_mkdir(p, mode, err);
  sl_free(p);
  return rc;
}

bool sl_file_exists(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0;
}

bool sl_dir_exists(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- removing ---- */

struct rm_walk {
  const char *path; /* for the error's text */
  dev_t dev;
  struct sl_err *err;
};

static int rm_failed(const struct rm_walk *w, const char *name)
{
  return sl_err_sys(w->err, errno, "cannot remove %s (at %s)", w->path, name);
}

static int rm_content(const struct rm_walk *w, int fd, int depth);

/* An entry of the folder: a folder is emptied first; everything else, links too, is only unlinked. */
static int rm_entry(const struct rm_walk *w, int dir, const char *name, int depth)
{
  struct stat st;
  if (FILE_SYS("fstatat", fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) < 0)
    return rm_failed(w, name);
  if (!S_ISDIR(st.st_mode))
    return FILE_SYS("unlinkat", unlinkat(dir, name, 0)) < 0 ? rm_failed(w, name) : SL_OK;
  if (st.st_dev != w->dev)
    return sl_err_set(w->err, SL_EDENIED, "cannot remove %s: another file system is mounted at %s", w->path, name);
  int fd = FILE_SYS("openat", openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0)
    return rm_failed(w, name);
  int rc = rm_content(w, fd, depth + 1);
  if (rc == SL_OK && FILE_SYS("unlinkat", unlinkat(dir, name, AT_REMOVEDIR)) < 0)
    rc = rm_failed(w, name);
  return rc;
}

/* Empties the folder and closes fd. */
static int rm_content(const struct rm_walk *w, int fd, int depth)
{
  if (depth > FILE_TREE_DEPTH) {
    close(fd);
    return sl_err_set(w->err, SL_ELIMIT, "cannot remove %s: more than %d folders deep", w->path, FILE_TREE_DEPTH);
  }
  DIR *d = fdopendir(fd);
  if (!d) {
    int rc = rm_failed(w, ".");
    close(fd);
    return rc;
  }
  int rc = SL_OK;
  const struct dirent *e;
  while (rc == SL_OK && (errno = 0, e = readdir(d)) != NULL)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      rc = rm_entry(w, fd, e->d_name, depth);
  if (rc == SL_OK && errno)
    rc = rm_failed(w, ".");
  closedir(d);
  return rc;
}

static int rm_root(const char *path, struct sl_err *err)
{
  struct stat st;
  struct rm_walk w = {.path = path, .err = err};
  if (FILE_SYS("lstat", lstat(path, &st)) < 0)
    return errno == ENOENT ? SL_OK : rm_failed(&w, path);
  if (!S_ISDIR(st.st_mode))
    return FILE_SYS("unlink", unlink(path)) < 0 ? rm_failed(&w, path) : SL_OK;
  w.dev = st.st_dev;
  int fd = FILE_SYS("open", open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0)
    return rm_failed(&w, path);
  int rc = rm_content(&w, fd, 0);
  if (rc == SL_OK && FILE_SYS("rmdir", rmdir(path)) < 0)
    rc = rm_failed(&w, path);
  return rc;
}

/* As it was given but for slashes at its end (lstat would follow a link before them), and never a folder's "." or "..". */
int sl_rmtree(const char *path, struct sl_err *err)
{
  size_t n = strlen(path);
  while (n && path[n - 1] == '/')
    n--;
  char *p = sl_strndup(path, n);
  if (!p)
    return sl_err_nomem(err);
  const char *name = sl_path_base(p);
  bool refuse = !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
  int rc = refuse ? sl_err_set(err, SL_EUSAGE, "refusing to remove '%s'", path) : rm_root(p, err);
  sl_free(p);
  return rc;
}
