/* backends/mlflow/artifact_file.c: artifacts that lie in folders of this machine.
 *
 * Where they lie is written in a store that anybody may have written: what lies outside of the allowed folders, by whatever links, is not
 * read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_mlflow/artifacts_int.h"
#include "base/file.h"
#include "base/fmt.h"

enum { LOOK_EVERY = 256 };

/* ---- rows ---- */

bool mlflow_name_ok(struct sl_str name)
{
  return name.n && !sl_str_eqz(name, ".") && !sl_str_eqz(name, "..") && sl_str_chr(name, '/') < 0 && !memchr(name.p, 0, name.n);
}

int mlflow_object_uri(struct sl_buf *out, const struct mlflow_object *o, struct sl_err *err)
{
  sl_buf_clear(out);
  sl_buf_str(out, o->shown);
  if (o->name.n) {
    sl_buf_z(out, o->shown.n && o->shown.p[o->shown.n - 1] == '/' ? "" : "/");
    sl_buf_str(out, o->name);
  }
  return sl_buf_check(out, err);
}

void mlflow_put_object(struct sl_batch *b, struct sl_str uri, const struct mlflow_object *o)
{
  ptrdiff_t slash = sl_str_rchr(uri, '/');
  sl_batch_set(b, 0, sl_vas(SL_URI, uri));
  sl_batch_set(b, 1, sl_vs(o->name.n ? o->name : sl_str_from(uri, (size_t)(slash + 1))));
  sl_batch_set(b, 2, sl_vz(o->folder ? "prefix" : "file"));
  if (!o->folder && o->bytes >= 0)
    sl_batch_set(b, 3, sl_vi(o->bytes));
  if (o->has_modified)
    sl_batch_set(b, 4, sl_vt(o->modified));
  if (o->etag)
    sl_batch_set(b, 5, sl_vz(o->etag));
}

/* ---- where ---- */

static char *beside(const struct mlflow_store *s, const char *name)
{
  char *dir = s->m->folder ? sl_strdup(s->m->folder) : sl_path_dir(s->m->path);
  char *path = dir && name ? sl_path_join(dir, name) : dir;
  if (name)
    sl_free(dir);
  return path;
}

/* What could not be opened has only its name to go by; anything else is where it really is. */
static bool below(const char *path, const char *root, bool opened)
{
  char top[4096];
  return root && ((!opened && sl_path_inside(path, root)) || (realpath(root, top) && sl_path_inside(path, top)));
}

static bool below_own(const struct mlflow_store *s, const char *path, bool opened)
{
  static const char *const own[] = { "mlruns", "mlartifacts" };
  bool in = s->m->folder && below(path, s->m->folder, opened);
  for (size_t i = 0; i < 2 && !in && !s->m->folder; i++) {
    char *root = beside(s, own[i]);
    in = below(path, root, opened);
    sl_free(root);
  }
  return in;
}

static bool allowed(const struct mlflow_store *s, const char *path, bool opened)
{
  size_t n = 0;
  const struct sl_zone *z = s->conf ? sl_ws_conf_zones(s->conf, &n) : NULL;
  struct sl_str top;
  bool in = below_own(s, path, opened) || below(path, s->m->artifact_root, opened);
  for (size_t i = 0; i < n && !in; i++)
    in = sl_uri_path(sl_str(z[i].uri), &top) && below(path, top.p, opened);
  return in;
}

static int not_allowed(const struct mlflow_store *s, const char *path, struct sl_err *err)
{
  return sl_err_set(err, SL_EDENIED, "%.150s is an address from the store, and lies below no folder that this workspace names; to allow it "
                    "add to connection %s: artifact_root: FOLDER", path, sl_backend_name(s->m->b));
}

static int elsewhere(struct sl_str location, struct sl_err *err)
{
  return sl_err_set(err, SL_EDENIED, "its files lie at %.*s; only folders of this machine are read here, so copy them and name the copy",
                    SL_ARG(sl_str_head(location, 120)));
}

static bool has_scheme(struct sl_str s)
{
  ptrdiff_t colon = sl_str_find(s, SL_STR(":/"));
  return colon > 1 && sl_str_chr(sl_str_head(s, (size_t)colon), '/') < 0;
}

/* The folder or file that a location means on this machine. */
static int base_path(const struct mlflow_store *s, struct sl_str location, struct sl_buf *out, struct sl_err *err)
{
  struct sl_mlflow_address at;
  const char *under = NULL;
  if (sl_str_starts(location, SL_STR("file:"))) {
    struct sl_str path;
    if (!sl_uri_path(location, &path) || !sl_parse_percent(out, path))
      return elsewhere(location, err);
    return sl_buf_check(out, err);
  }
  if (sl_str_starts(location, SL_STR("mlflow-artifacts:"))) {
    if (!sl_mlflow_address(location, &at))
      return elsewhere(location, err);
    location = at.path;
    under = "mlartifacts"; /* where a server keeps what it proxies, unless it was told otherwise */
  } else if (has_scheme(location))
    return elsewhere(location, err);
  if (!location.n || location.p[0] != '/') {
    char *dir = under && s->m->artifact_root ? sl_strdup(s->m->artifact_root) : beside(s, under);
    if (!dir)
      return sl_err_nomem(err);
    sl_buf_z(out, dir);
    sl_buf_ch(out, '/');
    sl_free(dir);
  }
  sl_buf_str(out, location);
  return sl_buf_check(out, err);
}

static int spot_path(const struct mlflow_store *s, const struct mlflow_spot *at, char **out, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 10);
  *out = NULL;
  int rc = base_path(s, at->location, &b, err);
  if (!rc && at->path.n) {
    sl_buf_ch(&b, '/');
    sl_buf_str(&b, at->path);
  }
  rc = rc ? rc : sl_buf_check(&b, err);
  if (!rc && memchr(b.p, 0, b.n))
    rc = elsewhere(at->location, err);
  if (!rc && !(*out = sl_path_abs(sl_buf_zstr(&b), "/")))
    rc = sl_err_nomem(err);
  sl_buf_free(&b);
  return rc;
}

static int spot_open(struct mlflow_store *s, const struct mlflow_spot *at, int *fd, struct stat *st, struct sl_err *err)
{
  char *path = NULL, link[64], real[4096];
  *fd = -1;
  int rc = spot_path(s, at, &path, err);
  if (rc)
    return rc;
  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int why = errno;
  if (*fd < 0 && !allowed(s, path, false))
    rc = not_allowed(s, path, err);
  else if (*fd < 0 && why == ENOENT)
    rc = sl_err_set(err, SL_ENOENT, "%.*s: there is no %.160s", SL_ARG(sl_str_head(at->shown, 60)), path);
  else if (*fd < 0)
    rc = sl_err_sys(err, why, "cannot open %s", path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", *fd);
  ssize_t n = rc ? 0 : readlink(link, real, sizeof real - 1);
  real[n > 0 ? n : 0] = 0;
  if (!rc && (n <= 0 || !allowed(s, real, true)))
    rc = not_allowed(s, path, err);
  if (!rc && fstat(*fd, st))
    rc = sl_err_sys(err, errno, "cannot look at %s", path);
  if (!rc && !S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
    rc = sl_err_set(err, SL_EUNSUP, "%s is no regular file", path);
  if (rc && *fd >= 0) {
    close(*fd);
    *fd = -1;
  }
  sl_free(path);
  return rc;
}

int mlflow_spot_open(struct mlflow_store *s, const struct mlflow_spot *at, int *fd, struct sl_err *err)
{
  struct stat st;
  return spot_open(s, at, fd, &st, err);
}

bool mlflow_spot_there(struct mlflow_store *s, const struct mlflow_spot *at)
{
  struct stat st;
  int fd = -1;
  bool there = !spot_open(s, at, &fd, &st, NULL);
  if (fd >= 0)
    close(fd);
  return there;
}

/* ---- what is there ---- */

static int put(struct sl_rower *w, struct sl_buf *uri, struct sl_str shown, struct sl_str name, const struct stat *st, struct sl_err *err)
{
  char etag[64];
  int64_t ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
  struct mlflow_object o = { .shown = shown, .name = name, .folder = S_ISDIR(st->st_mode), .bytes = st->st_size, .has_modified = true,
                             .modified = ns / 1000000 };
  snprintf(etag, sizeof etag, "%llx-%llx-%llx", (unsigned long long)ns, (unsigned long long)st->st_ino, (unsigned long long)st->st_size);
  o.etag = o.folder ? NULL : etag;
  int rc = mlflow_object_uri(uri, &o, err);
  rc = rc ? rc : sl_rower_row(w, SL_PUT, sl_buf_view(uri));
  if (!rc)
    mlflow_put_object(sl_rower_batch(w), sl_buf_view(uri), &o);
  return rc;
}

static int list_dir(struct mlflow_store *s, const struct mlflow_spot *at, int fd, struct sl_rower *w, struct sl_err *err)
{
  struct sl_buf uri;
  DIR *d = fdopendir(fd);
  int rc = SL_OK;
  unsigned n = 0;
  if (!d) {
    close(fd);
    return sl_err_sys(err, errno, "cannot list %.*s", SL_ARG(sl_str_head(at->shown, 120)));
  }
  sl_buf_init(&uri, 1 << 20);
  for (struct dirent *e; !rc && (e = readdir(d));) {
    struct stat st;
    if (!mlflow_name_ok(sl_str(e->d_name)) || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
      continue;
    if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) /* a link leads somewhere else: nothing of ours made one */
      rc = put(w, &uri, at->shown, sl_str(e->d_name), &st, err);
    if (++n % LOOK_EVERY == 0)
      sl_feed_touch(s->f);
    if (sl_feed_cancelled(s->f))
      rc = sl_err_set(err, SL_ECANCELED, "cancelled");
  }
  sl_buf_free(&uri);
  closedir(d);
  return rc;
}

int mlflow_spot_row(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_rower *w, struct sl_err *err)
{
  struct stat st;
  struct sl_buf uri;
  int fd, rc = spot_open(s, at, &fd, &st, err);
  if (rc)
    return rc;
  close(fd);
  sl_buf_init(&uri, 1 << 20);
  rc = put(w, &uri, at->shown, SL_STR_NONE, &st, err);
  sl_buf_free(&uri);
  return rc;
}

int mlflow_spot_list(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_rower *w, struct sl_err *err)
{
  struct stat st;
  int fd, rc = spot_open(s, at, &fd, &st, err);
  if (rc)
    return rc;
  if (S_ISDIR(st.st_mode))
    return list_dir(s, at, fd, w, err);
  close(fd);
  return mlflow_spot_row(s, at, w, err);
}

int mlflow_spot_read(struct mlflow_store *s, const struct mlflow_spot *at, struct sl_err *err)
{
  struct stat st;
  int fd, rc = spot_open(s, at, &fd, &st, err);
  if (rc)
    return rc;
  if (S_ISDIR(st.st_mode))
    rc = sl_err_set(err, SL_EUNSUP, "%.*s is a folder; `sluice ls` lists it", SL_ARG(sl_str_head(at->shown, 160)));
  if (!rc)
    sl_feed_size(s->f, st.st_size);
  rc = rc ? rc : sl_feed_file(s->f, fd, s->off, s->len, err);
  close(fd);
  return rc;
}
