/* model/uri.c: addresses: what they stand for, and which connection owns them.
 *
 * An address from data opens only below a root that the workspace names: a zone's, or one of a connection's settings. Files are
 * file:///absolute/path with the bytes of the path as they are; every other address keeps its spelling. */
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/ws_int.h"

bool sl_uri_path(struct sl_str uri, struct sl_str *path)
{
  if (sl_str_starts(uri, SL_STR("file:///")))
    *path = sl_str_from(uri, 7);
  else if (sl_str_starts(uri, SL_STR("file:/")) && !sl_str_starts(uri, SL_STR("file://")))
    *path = sl_str_from(uri, 5);
  else if (uri.n && uri.p[0] == '/')
    *path = uri;
  else
    return false;
  return true;
}

/* "s3" of s3://b/k; none for a path. One letter is no scheme. */
static struct sl_str uri_scheme(struct sl_str uri)
{
  size_t i = 0;
  while (i < uri.n && ((uri.p[i] >= 'a' && uri.p[i] <= 'z') || (i && ((uri.p[i] >= '0' && uri.p[i] <= '9') || strchr("+.-", uri.p[i])))))
    i++;
  return i > 1 && i < uri.n && uri.p[i] == ':' ? sl_str_head(uri, i) : SL_STR_NONE;
}

static struct sl_str strip_slashes(struct sl_str s)
{
  while (s.n && s.p[s.n - 1] == '/')
    s.n--;
  return s;
}

/* Equal, or below at a slash. Both canonical. */
static bool uri_inside(struct sl_str uri, struct sl_str root)
{
  struct sl_str a, b;
  if (sl_uri_path(uri, &a) && sl_uri_path(root, &b)) {
    uri = a;
    root = b;
  }
  bool top = root.n > 0 && strip_slashes(root).n == 0; /* the whole machine */
  root = strip_slashes(root);
  return top || (root.n && sl_str_starts(uri, root) && (uri.n == root.n || uri.p[root.n] == '/'));
}

static bool serves_scheme(const struct sl_backend *b, struct sl_str scheme)
{
  if (b->internal || (!b->ops->bytes && !b->ops->sink && !b->ops->schemes))
    return false;
  if (!b->ops->schemes)
    return sl_str_eqz(scheme, b->ops->type) || (sl_str_eqz(scheme, "file") && strcmp(b->ops->type, "local") == 0);
  for (const char *const *s = b->ops->schemes; *s; s++)
    if (sl_str_eqz(scheme, *s))
      return true;
  return false;
}

static bool setting_root(const struct sl_backend *b, const char *name, struct sl_str uri)
{
  for (size_t i = 0; i < b->ops->nsettings; i++) {
    const struct sl_setting *s = &b->ops->settings[i];
    if (strcmp(s->name, name) == 0 && s->type != SL_SET_SECRET && s->type != SL_SET_LIST) {
      const char *root = sl_conf_text(b->conf, name);
      return root && uri_inside(uri, sl_str(root));
    }
  }
  return false;
}

static bool conn_owns(const struct sl_backend *b, struct sl_str uri)
{
  if (!b->conf || b->internal || !b->ops->bytes)
    return false;
  if (b->ops->owns)
    return b->ops->owns(b->conf, uri);
  return setting_root(b, "root", uri) || setting_root(b, "uri", uri);
}

static const struct sl_zone *zone_of(const struct sl_ws *w, struct sl_str uri)
{
  size_t n = 0;
  const struct sl_zone *z = w->conf ? sl_ws_conf_zones(w->conf, &n) : NULL, *best = NULL;
  for (size_t i = 0; i < n; i++)
    if (uri_inside(uri, sl_str(z[i].uri)) && (!best || strlen(z[i].uri) > strlen(best->uri)))
      best = &z[i];
  return best;
}

static const struct sl_zone *zone_named(const struct sl_ws *w, struct sl_str name, struct sl_err *err)
{
  const char *names[64];
  size_t n = 0, known = 0;
  const struct sl_zone *z = w->conf ? sl_ws_conf_zones(w->conf, &n) : NULL;
  for (size_t i = 0; i < n; i++) {
    if (sl_str_eqz(name, z[i].name))
      return &z[i];
    if (known < 64)
      names[known++] = z[i].name;
  }
  const char *near = sl_str_nearest(name, names, known);
  sl_err_set(err, SL_EUSAGE, "this workspace has no zone %.*s%s%s%s", SL_ARG(name), near ? "; did you mean " : "", near ? near : "",
             near ? "?" : "");
  return NULL;
}

/* scheme://NAME/...: the connection of that name, where it understands the scheme. */
static const struct sl_backend *conn_authority(const struct sl_ws *w, struct sl_str uri, struct sl_str scheme)
{
  struct sl_str rest = sl_str_from(uri, scheme.n + 1), name;
  if (!sl_str_starts(rest, SL_STR("//")))
    return NULL;
  rest = sl_str_from(rest, 2);
  if (!sl_str_cut(&rest, '/', &name))
    return NULL;
  const struct sl_backend *b = ws_conn_find(w, name);
  return b && serves_scheme(b, scheme) ? b : NULL;
}

/* named: below a root that the workspace names. */
static const struct sl_backend *owner(const struct sl_ws *w, struct sl_str uri, bool *named)
{
  const struct sl_zone *z = zone_of(w, uri);
  const struct sl_backend *b = z && z->conn ? ws_conn_find(w, sl_str(z->conn)) : NULL;
  *named = true;
  for (size_t i = 0; i < w->nconn && !b; i++)
    if (conn_owns(w->conn[i], uri))
      b = w->conn[i];
  if (b)
    return b;
  *named = z != NULL;
  struct sl_str scheme = uri_scheme(uri);
  b = conn_authority(w, uri, scheme);
  for (size_t i = 0; i < w->nconn && !b; i++) /* configured ones come before the implicit */
    if (serves_scheme(w->conn[i], scheme))
      b = w->conn[i];
  return b;
}

static int file_canonical(struct sl_str uri, bool foreign, struct sl_buf *out, struct sl_err *err)
{
  struct sl_str path;
  if (!sl_uri_path(uri, &path)) {
    path = sl_str_starts(uri, SL_STR("file:")) ? sl_str_from(uri, 5) : uri;
    if (foreign || sl_str_starts(path, SL_STR("//")))
      return sl_err_set(err, SL_EUSAGE, "%.*s is no absolute path", SL_ARG(uri));
  }
  char cwd[4096], *z = sl_strndup(path.p ? path.p : "", path.n);
  if (!z)
    return sl_err_nomem(err);
  if (strlen(z) != path.n || !path.n || !getcwd(cwd, sizeof cwd)) {
    sl_free(z);
    return sl_err_set(err, SL_EUSAGE, "%s", path.n ? "a path with a NUL byte, or no current folder" : "an empty address");
  }
  char *abs = sl_path_abs(z, cwd);
  sl_free(z);
  if (!abs)
    return sl_err_nomem(err);
  sl_buf_z(out, "file://");
  sl_buf_z(out, abs);
  sl_free(abs);
  return sl_buf_check(out, err);
}

/* lake:zone/path below the zone's root. newest: the partition to put in place of @newest; NULL: it is not known. */
static int lake_canonical(struct sl_ws *w, struct sl_str uri, const char *newest, struct sl_buf *out, struct sl_err *err)
{
  struct sl_str rest = sl_str_from(uri, 5), name = SL_STR_NONE;
  sl_str_cut(&rest, '/', &name);
  const struct sl_zone *z = zone_named(w, name, err);
  if (!z)
    return SL_EUSAGE;
  if (sl_path_climbs(rest))
    return sl_err_set(err, SL_EUSAGE, "%.*s leaves its zone", SL_ARG(uri));
  struct sl_str path;
  bool file = sl_uri_path(sl_str(z->uri), &path);
  if (file)
    sl_buf_z(out, "file://");
  sl_buf_str(out, strip_slashes(file ? path : sl_str(z->uri)));
  if (sl_str_eqz(rest, "@newest") || sl_str_starts(rest, SL_STR("@newest/"))) {
    rest = sl_str_from(rest, 7);
    if (z->layout && !newest)
      return sl_err_set(err, SL_EAGAIN, "the newest partition of %s must be asked for first", z->name);
    if (z->layout) {
      sl_buf_ch(out, '/');
      sl_buf_z(out, newest);
    }
    sl_buf_str(out, rest);
  } else if (rest.n) {
    sl_buf_ch(out, '/');
    sl_buf_str(out, rest);
  }
  return sl_buf_check(out, err);
}

static void say_unowned(struct sl_str uri, bool served, struct sl_err *err)
{
  if (served)
    sl_err_set(err, SL_EDENIED, "%.*s comes from data and lies below no root of this workspace; to allow it add to its zones: "
               "- {name: NAME, uri: \"...\"}", SL_ARG(sl_str_head(uri, 80)));
  else
    sl_err_set(err, SL_EUSAGE, "no connection of this workspace reads %.*s; add one to its connections", SL_ARG(sl_str_head(uri, 120)));
}

static int resolve(struct sl_ws *w, struct sl_str uri, bool foreign, const char *newest, struct sl_buf *canonical, struct sl_buf *conn,
                   struct sl_err *err)
{
  sl_buf_clear(canonical);
  sl_buf_clear(conn);
  uri = sl_str_trim(uri);
  struct sl_str scheme = uri_scheme(uri);
  int rc;
  if (sl_str_eqz(scheme, "lake"))
    rc = lake_canonical(w, uri, newest, canonical, err);
  else if (!scheme.n || sl_str_eqz(scheme, "file"))
    rc = file_canonical(uri, foreign, canonical, err);
  else if (foreign && sl_path_climbs(uri))
    rc = sl_err_set(err, SL_EDENIED, "%.*s goes up with ..; that is not followed", SL_ARG(sl_str_head(uri, 120)));
  else {
    sl_buf_str(canonical, uri);
    rc = sl_buf_check(canonical, err);
  }
  if (rc)
    return rc;
  bool named;
  const struct sl_backend *b = owner(w, sl_buf_view(canonical), &named);
  if (b && (named || !foreign))
    sl_buf_z(conn, b->name);
  else
    say_unowned(sl_buf_view(canonical), b != NULL, err);
  return sl_buf_check(conn, NULL) ? sl_err_nomem(err) : SL_OK;
}

int sl_ws_resolve(struct sl_ws *w, struct sl_str uri, bool foreign, struct sl_buf *canonical, struct sl_buf *conn, struct sl_err *err)
{
  return resolve(w, uri, foreign, NULL, canonical, conn, err);
}

int ws_resolve_with(struct sl_ws *w, struct sl_str uri, bool foreign, const char *newest, struct sl_buf *canonical, struct sl_buf *conn,
                    struct sl_err *err)
{
  return resolve(w, uri, foreign, newest, canonical, conn, err);
}

struct sl_str ws_lake_zone(struct sl_str uri)
{
  struct sl_str rest = sl_str_from(sl_str_trim(uri), 5), name = SL_STR_NONE;
  sl_str_cut(&rest, '/', &name);
  return name;
}
