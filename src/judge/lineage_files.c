/* judge/lineage_files.c: what lies now where data was read from: files and folders of this machine, below their zone whatever links say.
 * Bounded: what is too much is not looked at. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "judge/lineage_int.h"
#include "model/manifest.h"
#include "model/ws.h"

static const char *zone_root(const struct sl_lin_world *w, struct sl_str name)
{
  struct sl_str path;
  for (size_t i = 0; i < w->nzone; i++)
    if (sl_str_eqz(name, w->zone[i].name) && sl_uri_path(sl_str(w->zone[i].uri), &path))
      return path.p;
  return NULL;
}

/* It is where it says, links and all. */
static bool inside(int fd, const char *root)
{
  char link[64], real[4096], top[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, real, sizeof real - 1);
  real[n > 0 ? n : 0] = 0;
  return n > 0 && realpath(root, top) && sl_path_inside(real, top);
}

static int look(struct sl_lin_place *p, const char *path, const char *root, struct sl_manifest_budget *left, struct sl_err *err)
{
  struct stat st;
  struct sl_manifest m;
  struct sl_err e = { 0 };
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    p->state = errno == ENOENT || errno == ENOTDIR ? "missing" : NULL;
    return SL_OK;
  }
  if (!inside(fd, root) || fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
    snprintf(p->why, sizeof p->why, "a link leads out of its zone; it is not followed");
    p->canonical = SL_STR_NONE;
    close(fd);
    return SL_OK;
  }
  p->state = "ok";
  if (S_ISREG(st.st_mode))
    p->modified = (sl_ms)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
  int rc = sl_manifest_fd(&m, fd, NULL, left, &e);
  if (!rc)
    memcpy(p->sha256, m.digest, sizeof p->sha256);
  return rc == SL_ENOMEM || rc == SL_ECANCELED ? sl_err_set(err, rc, "%s", e.msg) : SL_OK;
}

int lin_files(struct sl_lin_world *w, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_manifest_budget left = { LIN_BYTES, LIN_FILES, cancel };
  int rc = SL_OK;
  for (size_t i = 0; i < w->nplaces && !rc; i++) {
    struct sl_lin_place *p = &w->place[i];
    struct sl_str path;
    const char *root = p->canonical.n && sl_uri_path(p->canonical, &path) ? zone_root(w, p->zone) : NULL;
    if (root && left.files-- > 0)
      rc = look(p, path.p, root, &left, err); /* canonical is NUL-ended: of the arena */
  }
  return rc;
}
