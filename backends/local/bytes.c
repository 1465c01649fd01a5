/* backends/local/bytes.c: size and ranges of a file. A worker reads; the reader's pace holds it back. */
#include <errno.h>
#include <unistd.h>

#include "backend_local/local_int.h"

enum { CHUNK = 256 << 10 };

static int open_it(const struct local_ask *a, int *fd, struct stat *st, struct sl_err *err)
{
  char *path = NULL;
  const struct local_bounds in = local_bounds(a->s, a->conf);
  int rc = local_path(a, a->uri, &path, err);
  if (!rc)
    rc = local_open(&in, path, fd, st, err);
  sl_free(path);
  return rc;
}

static int stat_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct stat st;
  int fd = -1, rc = open_it(user, &fd, &st, err);
  if (rc)
    return rc;
  sl_feed_size(f, st.st_size);
  close(fd);
  return SL_OK;
}
LOCAL_ASK(bytes_stat, stat_work)

/* What is there now: a file that shrinks while it is read ends early, and the reader sees that from the size. */
static int read_range(struct sl_feed *f, int fd, uint64_t off, uint64_t len, struct sl_err *err)
{
  char *chunk = sl_alloc(CHUNK);
  int rc = chunk ? SL_OK : sl_err_nomem(err);
  while (!rc && len && off <= INT64_MAX) {
    ssize_t n = pread(fd, chunk, len < CHUNK ? (size_t)len : CHUNK, (off_t)off);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      rc = sl_err_sys(err, errno, "cannot read");
    if (n <= 0)
      break;
    rc = sl_feed_bytes(f, chunk, (size_t)n);
    off += (uint64_t)n;
    len -= (uint64_t)n;
  }
  sl_free(chunk);
  return rc;
}

static int read_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  const struct local_ask *a = user;
  struct stat st;
  int fd = -1, rc = open_it(a, &fd, &st, err);
  if (rc)
    return rc;
  sl_feed_size(f, st.st_size);
  rc = read_range(f, fd, a->off, a->len, err);
  close(fd);
  return rc;
}
LOCAL_ASK(bytes_read, read_work)

const struct sl_bytes_ops local_bytes = { .stat = bytes_stat, .read = bytes_read };
