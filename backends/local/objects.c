/* backends/local/objects.c: one folder's files and folders, as they come from the system: a million of them never stand in memory here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "backend_local/objverb_int.h"

struct listing {
  struct local_ask *a;
  struct sl_feed *f;
  struct sl_rower *w;
  const char *dir;
  struct sl_buf uri;
};

static int put(struct listing *l, const struct local_entry *e, struct sl_err *err)
{
  char etag[40];
  sl_buf_clear(&l->uri);
  sl_buf_z(&l->uri, "file://");
  if (strcmp(l->dir, "/") != 0 || !e->name.n)
    sl_buf_z(&l->uri, l->dir);
  if (e->rel.n) {
    sl_buf_ch(&l->uri, '/');
    sl_buf_str(&l->uri, e->rel);
  }
  int rc = sl_buf_check(&l->uri, err);
  if (!rc)
    rc = sl_rower_row(l->w, SL_PUT, sl_buf_view(&l->uri));
  struct sl_batch *b = sl_rower_batch(l->w);
  if (rc)
    return rc;
  sl_batch_set(b, 0, sl_vas(SL_URI, sl_buf_view(&l->uri)));
  sl_batch_set(b, 1, sl_vs(e->name));
  sl_batch_set(b, 2, sl_vz(e->folder ? "prefix" : "file"));
  if (!e->known)
    return SL_OK;
  sl_batch_set(b, 4, sl_vt(local_entry_ms(e)));
  if (e->folder)
    return SL_OK;
  local_etag(etag, e->bytes, e->mtime_ns, e->ino);
  sl_batch_set(b, 3, sl_vi(e->bytes));
  sl_batch_set(b, 5, sl_vz(etag));
  return SL_OK;
}

static int on_entry(void *user, const struct local_entry *e, struct sl_err *err)
{
  return put(user, e, err);
}

static void on_unreadable(void *user, struct sl_str rel, int errnum)
{
  struct listing *l = user;
  struct sl_err e = { 0 };
  (void)rel;
  sl_err_sys(&e, errnum, "not all of %s came", l->dir);
  local_cut(l->f, e.msg);
}

static bool allowed(const struct local *s, const char *path)
{
  return !s->root || local_inside(sl_str(path), sl_str(s->root));
}

/* The file or folder itself, as one row. False: it is not there. */
static int put_itself(struct listing *l, const struct stat *st, struct sl_err *err)
{
  struct sl_str whole = sl_str(l->dir);
  ptrdiff_t slash = sl_str_rchr(whole, '/');
  struct local_entry e = { .name = sl_str_from(whole, (size_t)(slash + 1)), .known = true, .folder = S_ISDIR(st->st_mode),
                           .bytes = st->st_size, .ino = st->st_ino,
                           .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec };
  return put(l, &e, err);
}

static int list_path(struct listing *l, char *path, struct sl_err *err)
{
  struct local_ask *a = l->a;
  struct stat st;
  bool get = a->q->kind == SL_Q_GET;
  l->dir = path;
  if (!allowed(a->s, path))
    return sl_err_set(err, SL_EDENIED, "%s lies outside of %s, the root of connection %.*s", path, a->s->root, SL_ARG(a->conn));
  if (stat(path, &st) && lstat(path, &st)) {
    int why = errno;
    return get && why == ENOENT ? SL_OK : sl_err_sys(err, why, "cannot look at %s", path);
  }
  if (get || !S_ISDIR(st.st_mode))
    return put_itself(l, &st, err);
  const struct local_bounds in = local_bounds(a->s, a->conf);
  struct local_walk w = { .entry = on_entry, .unreadable = on_unreadable, .user = l, .feed = l->f, .in = &in };
  return local_walk(path, &w, err);
}

/* The top of every zone; one that is not there yet has nothing to show. */
static int list_zones(struct listing *l, struct sl_err *err)
{
  size_t n = 0;
  const struct sl_zone *z = l->a->conf ? sl_ws_conf_zones(l->a->conf, &n) : NULL;
  int rc = SL_OK;
  for (size_t i = 0; i < n && !rc; i++) {
    if (!local_zone_ours(l->a, &z[i]))
      continue;
    struct sl_str top = local_zone_path(&z[i]);
    char *path = sl_strndup(top.p, top.n);
    struct sl_err e = { 0 };
    rc = path ? list_path(l, path, &e) : sl_err_nomem(&e);
    sl_free(path);
    if (rc == SL_EDENIED || rc == SL_EIO) {
      local_cut(l->f, e.msg);
      rc = SL_OK;
    } else if (rc == SL_ENOENT) {
      rc = SL_OK;
    } else if (rc) {
      sl_err_set(err, rc, "%s", e.msg);
    }
  }
  return rc;
}

static int objects_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  struct sl_rower w;
  struct listing l = { .a = a, .f = f, .w = &w };
  char *path = NULL;
  int rc = a->q->scope.n ? local_path(a, a->q->scope, &path, err) : SL_OK;
  if (rc)
    return rc;
  rc = sl_feed_head(f, NULL, 0, -1);
  if (!rc)
    rc = sl_rower_begin(&w, f, NULL, err);
  if (!rc) {
    sl_buf_init(&l.uri, 1 << 20);
    rc = path ? list_path(&l, path, err) : list_zones(&l, err);
    sl_buf_free(&l.uri);
    if (rc)
      sl_rower_abort(&w);
    else
      rc = sl_rower_end(&w, err);
  }
  sl_free(path);
  return rc;
}
LOCAL_ASK(objects_query, objects_work)

static const struct sl_verb verbs[] = {
  { .act = &sl_act_copy, .run = local_copy, .reconcile = local_copy_look },
  { .act = &sl_act_remove, .run = local_remove, .reconcile = local_remove_look },
  { .act = &sl_act_write, .run = local_write, .reconcile = local_write_look },
};

const struct sl_serve local_objects = { .res = &sl_res_objects, .query = objects_query, .verbs = verbs,
                                        .nverbs = sizeof verbs / sizeof verbs[0] };
