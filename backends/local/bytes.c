/* backends/local/bytes.c: size and ranges of a file. A worker reads; the reader's pace holds it back. */
#include <errno.h>
#include <unistd.h>

#include "backend_local/local_int.h"

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

static int read_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  const struct local_ask *a = user;
  struct stat st;
  int fd = -1, rc = open_it(a, &fd, &st, err);
  if (rc)
    return rc;
  sl_feed_size(f, st.st_size);
  rc = sl_feed_file(f, fd, a->off, a->len, err);
  close(fd);
  return rc;
}
LOCAL_ASK(bytes_read, read_work)

const struct sl_bytes_ops local_bytes = { .stat = bytes_stat, .read = bytes_read };
