/* backends/local/put.c: a file that appears whole or not at all: written beside its place, synced, renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "base/file.h"

int local_put_begin(struct local_put *p, const struct local_bounds *in, const char *path, bool replace, struct sl_err *err)
{
  const char *name;
  *p = (struct local_put){ .dir = -1, .fd = -1, .replace = replace };
  int rc = local_place(in, path, true, &p->dir, &name, err);
  if (rc)
    return rc;
  struct stat st;
  if (!replace && !fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW))
    rc = sl_err_set(err, SL_EEXIST, "%s is there already; say replace=true to overwrite it", path);
  if (!rc && !(p->name = sl_strdup(name)))
    rc = sl_err_nomem(err);
  for (int tries = 0; !rc && p->fd < 0 && tries < 4; tries++) {
    local_tmp_name(p->tmp);
    p->fd = openat(p->dir, p->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (p->fd < 0 && errno != EEXIST)
      rc = sl_err_sys(err, errno, "cannot write beside %s", path);
  }
  if (rc)
    local_put_drop(p);
  return rc;
}

int local_put_part(struct local_put *p, const void *bytes, size_t n, struct sl_err *err)
{
  return sl_fd_write(p->fd, sl_strn(bytes, n)) ? sl_err_sys(err, errno, "cannot write %s", p->name) : SL_OK;
}

/* rename() replaces; without that wish a file that came meanwhile must stay. */
static int show(struct local_put *p, struct sl_err *err)
{
  if (p->replace ? renameat(p->dir, p->tmp, p->dir, p->name) == 0
                 : renameat2(p->dir, p->tmp, p->dir, p->name, RENAME_NOREPLACE) == 0)
    return SL_OK;
  if (errno == EEXIST)
    return sl_err_set(err, SL_EEXIST, "%s came meanwhile; nothing was overwritten", p->name);
  return sl_err_sys(err, errno, "cannot put %s in its place", p->name);
}

int local_put_commit(struct local_put *p, struct sl_err *err)
{
  int pretend = sl_fault_io("fsync");
  if (pretend)
    errno = pretend;
  int rc = pretend || fsync(p->fd) ? sl_err_sys(err, errno, "cannot write %s to the disk", p->name) : show(p, err);
  if (!rc) {
    p->tmp[0] = 0;
    if (fsync(p->dir)) {
      /* the file stands whole; that its name survives a power cut is up to the file system */
    }
  }
  local_put_drop(p);
  return rc;
}

void local_put_drop(struct local_put *p)
{
  if (p->fd >= 0)
    close(p->fd);
  if (p->tmp[0] && p->dir >= 0)
    unlinkat(p->dir, p->tmp, 0);
  if (p->dir >= 0)
    close(p->dir);
  sl_free(p->name);
  *p = (struct local_put){ .dir = -1, .fd = -1 };
}
