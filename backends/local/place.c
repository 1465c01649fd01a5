/* backends/local/place.c: what an address means here, and where this connection may read and write.
 *
 * Below a zone or the connection's root a file is reached folder by folder, and no link is followed on the way to writing; for reading a
 * link may lead to another zone, and nowhere else: a link that somebody put into the lake leads nobody out of it. What counts is the
 * outermost zone: whoever may write there may put a link in the place of a zone's folder inside it. A step of a job may write only below
 * what its job says (SLUICE_WRITES).
 *
 * A path that lies in no zone was typed by a person: it is read, and written as `cp` would, but where the environment is protected. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "base/file.h"

bool local_inside(struct sl_str path, struct sl_str root)
{
  while (root.n && root.p[root.n - 1] == '/')
    root.n--;
  return !root.n || (sl_str_starts(path, root) && (path.n == root.n || path.p[root.n] == '/'));
}

/* ---- addresses ---- */

static bool zone_of_conn(const struct sl_zone *z, struct sl_str conn)
{
  struct sl_str path;
  return z->conn && sl_str_eqz(conn, z->conn) && sl_uri_path(sl_str(z->uri), &path);
}

bool local_zone_ours(const struct local_ask *a, const struct sl_zone *z)
{
  return zone_of_conn(z, a->conn);
}

struct sl_str local_zone_path(const struct sl_zone *z)
{
  struct sl_str path;
  return sl_uri_path(sl_str(z->uri), &path) ? path : SL_STR_NONE;
}

const struct sl_zone *local_zone_named(const struct local_ask *a, struct sl_str name)
{
  size_t n = 0;
  const struct sl_zone *z = a->conf ? sl_ws_conf_zones(a->conf, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, z[i].name) && local_zone_ours(a, &z[i]))
      return &z[i];
  return NULL;
}

static int joined(struct sl_str dir, struct sl_str rest, char **out, struct sl_err *err)
{
  char *d = sl_strndup(dir.p, dir.n), *r = sl_strndup(rest.n ? rest.p : ".", rest.n ? rest.n : 1);
  *out = d && r ? sl_path_abs(r, d) : NULL;
  bool stays = *out && local_inside(sl_str(*out), dir);
  sl_free(d);
  sl_free(r);
  if (*out && !stays) {
    sl_free(*out);
    *out = NULL;
    return sl_err_set(err, SL_EDENIED, "%.*s leaves its zone", SL_ARG(rest));
  }
  return *out ? SL_OK : sl_err_nomem(err);
}

int local_path(const struct local_ask *a, struct sl_str address, char **out, struct sl_err *err)
{
  struct sl_str path, name = SL_STR_NONE;
  *out = NULL;
  if (address.n && memchr(address.p, 0, address.n))
    return sl_err_set(err, SL_EUSAGE, "a path with a NUL byte");
  if (sl_str_starts(address, SL_STR("lake:")))
    address = sl_str_from(address, 5);
  else if (sl_uri_path(address, &path)) {
    char *z = sl_strndup(path.p, path.n);
    *out = z ? sl_path_abs(z, "/") : NULL;
    sl_free(z);
    return *out ? SL_OK : sl_err_nomem(err);
  }
  struct sl_str rest = address;
  sl_str_cut(&rest, '/', &name);
  const struct sl_zone *zone = local_zone_named(a, name);
  if (!zone)
    return sl_err_set(err, SL_ENOENT, "%.*s is neither an absolute path nor a zone of this connection", SL_ARG(sl_str_head(address, 120)));
  return joined(local_zone_path(zone), rest, out, err);
}

/* ---- bounds ---- */

struct local_bounds local_bounds(const struct local *s, const struct sl_ws_conf *conf)
{
  return (struct local_bounds){ conf, s->b ? sl_backend_name(s->b) : "", s->root };
}

/* The root, or the outermost zone around the zone of ours that path lies in; none: it lies in neither. */
static struct sl_str base_of(const struct local_bounds *in, struct sl_str path)
{
  size_t n = 0;
  const struct sl_zone *z = in->conf ? sl_ws_conf_zones(in->conf, &n) : NULL;
  if (in->root)
    return local_inside(path, sl_str(in->root)) ? sl_str(in->root) : SL_STR_NONE;
  for (size_t i = 0; i < n; i++)
    if (zone_of_conn(&z[i], sl_str(in->conn)) && local_inside(path, local_zone_path(&z[i])))
      return local_zone_path(sl_zone_outer(z, n, &z[i]));
  return SL_STR_NONE;
}

static int outside(const struct local_bounds *in, const char *path, struct sl_err *err)
{
  return sl_err_set(err, SL_EDENIED, "%s lies outside of %s, the root of connection %s", path, in->root, in->conn);
}

/* ---- reading ---- */

static bool lies_in(struct sl_str real, struct sl_str root)
{
  char top[4096], *z = root.n ? sl_strndup(root.p, root.n) : NULL;
  bool in = z && realpath(z, top) && local_inside(real, sl_str(top));
  sl_free(z);
  return in;
}

int local_stays(const struct local_bounds *in, int fd, const char *path, struct sl_err *err)
{
  char link[64], real[4096];
  struct sl_str base = base_of(in, sl_str(path));
  if (in->root && !base.p)
    return outside(in, path, err);
  if (!base.p)
    return SL_OK;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = readlink(link, real, sizeof real - 1);
  struct sl_str at = sl_strn(real, got > 0 ? (size_t)got : 0);
  size_t n = 0;
  const struct sl_zone *z = in->conf ? sl_ws_conf_zones(in->conf, &n) : NULL;
  bool stays = lies_in(at, base);
  for (size_t i = 0; !stays && !in->root && i < n; i++)
    stays = zone_of_conn(&z[i], sl_str(in->conn)) && sl_zone_outer(z, n, &z[i]) == &z[i] && lies_in(at, local_zone_path(&z[i]));
  return stays ? SL_OK : sl_err_set(err, SL_EDENIED, "%s leads out of %.*s by a link; that is not followed", path, SL_ARG(base));
}

int local_open(const struct local_bounds *in, const char *path, int *fd, struct stat *st, struct sl_err *err)
{
  *fd = -1;
  if (in->root && !local_inside(sl_str(path), sl_str(in->root)))
    return outside(in, path, err);
  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (*fd < 0)
    return sl_err_sys(err, errno, "cannot open %s", path);
  int rc = fstat(*fd, st) ? sl_err_sys(err, errno, "cannot look at %s", path) : SL_OK;
  if (!rc && S_ISDIR(st->st_mode))
    rc = sl_err_set(err, SL_EUNSUP, "%s is a folder; `sluice ls` lists it", path);
  else if (!rc && !S_ISREG(st->st_mode))
    rc = sl_err_set(err, SL_EUNSUP, "%s is no regular file", path);
  if (!rc)
    rc = local_stays(in, *fd, path, err);
  if (rc) {
    close(*fd);
    *fd = -1;
  }
  return rc;
}

/* ---- writing ---- */

static int check_job(const char *path, struct sl_err *err)
{
  const char *only = getenv("SLUICE_WRITES");
  struct sl_str top;
  if (!only)
    return SL_OK;
  if (!*only)
    return sl_err_set(err, SL_EDENIED, "this job writes nowhere, so not to %s; name a zone by `writes:` of the job", path);
  if (sl_uri_path(sl_str(only), &top) && local_inside(sl_str(path), top))
    return SL_OK;
  return sl_err_set(err, SL_EDENIED, "this job writes only below %s, not to %s", only, path);
}

int local_may_write(const struct local_bounds *in, const char *path, struct sl_err *err)
{
  size_t n = 0;
  const struct sl_zone *z = in->conf ? sl_ws_conf_zones(in->conf, &n) : NULL;
  ptrdiff_t slash = sl_str_rchr(sl_str(path), '/');
  if (path[0] != '/' || !path[slash + 1])
    return sl_err_set(err, SL_EUSAGE, "%s names no file", path);
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(local_zone_path(&z[i]), path))
      return sl_err_set(err, SL_EUSAGE, "%s is the zone itself, not a file in it", path);
  if (in->root && !local_inside(sl_str(path), sl_str(in->root)))
    return sl_err_set(err, SL_EDENIED, "%s lies outside of %s, the root of connection %s; to write there, add to connections: "
                      "NAME: {type: local, root: \"%.*s/\"}", path, in->root, in->conn, (int)slash, path);
  if (in->conf && sl_ws_conf_protected(in->conf) && !base_of(in, sl_str(path)).p)
    return sl_err_set(err, SL_EDENIED, "%s lies in no zone of this protected environment; to write there, add to lake.zones: "
                      "{name: NAME, uri: \"%.*s/\"}", path, (int)slash, path);
  return check_job(path, err);
}

/* Goes down one folder, never through a link; makes it where it may. */
static int step_down(int *dir, struct sl_str part, bool make, const char *path, struct sl_err *err)
{
  char name[256];
  if (part.n >= sizeof name)
    return sl_err_set(err, SL_EUSAGE, "a folder's name is longer than 255 bytes in %s", path);
  memcpy(name, part.p, part.n);
  name[part.n] = 0;
  int next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (next < 0 && errno == ENOENT && make && (mkdirat(*dir, name, 0777) == 0 || errno == EEXIST))
    next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int why = errno;
  if (next < 0) {
    struct stat st;
    bool link = (why == ELOOP || why == ENOTDIR) && fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    return link ? sl_err_set(err, SL_EDENIED, "%s: `%s` is a link; nothing is written through links in a zone", path, name)
                : sl_err_sys(err, why, "cannot open the folder `%s` of %s", name, path);
  }
  close(*dir);
  *dir = next;
  return SL_OK;
}

static int open_base(struct sl_str base, bool make, int *dir, struct sl_err *err)
{
  char *z = sl_strndup(base.p, base.n);
  if (!z)
    return sl_err_nomem(err);
  int rc = make ? sl_mkdirs(z, 0777, err) : SL_OK;
  *dir = rc ? -1 : open(z, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!rc && *dir < 0)
    rc = sl_err_sys(err, errno, "cannot open the folder %s", z);
  sl_free(z);
  return rc;
}

int local_place(const struct local_bounds *in, const char *path, bool make, int *dir, const char **name, struct sl_err *err)
{
  struct sl_str base = base_of(in, sl_str(path)), part;
  *dir = -1;
  int rc = local_may_write(in, path, err);
  if (rc)
    return rc;
  const char *slash = strrchr(path, '/');
  *name = slash + 1;
  struct sl_str folder = sl_strn(path, slash > path ? (size_t)(slash - path) : 1);
  if (!base.p) /* their own folders, links and all, but none is made */
    return open_base(folder, false, dir, err);
  rc = open_base(base, make, dir, err);
  struct sl_str rest = sl_str_from(folder, base.n);
  while (!rc && sl_str_cut(&rest, '/', &part))
    if (part.n)
      rc = step_down(dir, part, make, path, err);
  if (rc && *dir >= 0) {
    close(*dir);
    *dir = -1;
  }
  return rc;
}
