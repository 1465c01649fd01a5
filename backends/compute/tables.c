/* backends/compute/tables.c: the resource `tables`: what a statement can read here: the data of each zone on this machine.
 *
 * Sizes and times come from the folders; rows would mean reading every file, so they stay unknown. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"

enum { DEPTH_MAX = 32, ENTRIES_MAX = 2000000 };
enum { COL_SCHEMA, COL_NAME, COL_KIND, COL_ROWS, COL_BYTES, COL_MODIFIED };

struct table { char *name, *path; };
struct job { struct table *t; size_t n; char *only; };
struct size { int64_t bytes; sl_ms newest; uint64_t files, entries; bool cut; };

static void job_free(void *user)
{
  struct job *j = user;
  for (size_t i = 0; i < j->n; i++) {
    sl_free(j->t[i].name);
    sl_free(j->t[i].path);
  }
  sl_free(j->t);
  sl_free(j->only);
  sl_free(j);
}

static void add_up(int at, const char *name, int depth, struct size *s, struct sl_feed *f)
{
  int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
  DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
  struct dirent *e;
  struct stat st;
  if (!d) {
    if (fd >= 0)
      close(fd);
    s->cut = s->cut || depth || errno != ENOENT;
    return;
  }
  while ((e = readdir(d)) && !sl_feed_cancelled(f)) {
    if (e->d_name[0] == '.')
      continue;
    if (++s->entries > ENTRIES_MAX || depth > DEPTH_MAX) {
      s->cut = true;
      break;
    }
    if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
      continue;
    sl_ms at_ms = (sl_ms)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    if (S_ISDIR(st.st_mode)) {
      add_up(dirfd(d), e->d_name, depth + 1, s, f);
    } else if (S_ISREG(st.st_mode)) {
      s->files++;
      s->bytes += st.st_size;
      s->newest = at_ms > s->newest ? at_ms : s->newest;
    }
  }
  closedir(d);
}

static int put_table(struct sl_rower *w, const struct table *t, const struct size *s)
{
  int rc = sl_rower_row(w, SL_PUT, sl_str(t->name));
  if (rc)
    return rc;
  struct sl_batch *b = sl_rower_batch(w);
  sl_batch_set(b, COL_SCHEMA, sl_vs(SL_STR("lake")));
  sl_batch_set(b, COL_NAME, sl_vz(t->name));
  sl_batch_set(b, COL_KIND, sl_vs(SL_STR("files")));
  sl_batch_set(b, COL_BYTES, sl_vi(s->bytes));
  if (s->files)
    sl_batch_set(b, COL_MODIFIED, sl_vt(s->newest));
  return SL_OK;
}

static int tables_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct job *j = user;
  struct sl_rower w;
  int rc = sl_feed_head(f, NULL, 0, -1);
  if (rc)
    return rc;
  rc = sl_rower_begin(&w, f, NULL, err);
  for (size_t i = 0; !rc && i < j->n; i++) {
    struct size s = { .newest = INT64_MIN };
    if (j->only && strcmp(j->only, j->t[i].name) != 0)
      continue;
    add_up(AT_FDCWD, j->t[i].path, 0, &s, f);
    if (s.cut)
      sl_feed_cut(f, "not every folder could be looked at");
    sl_feed_touch(f);
    rc = sl_feed_cancelled(f) ? SL_ECANCELED : put_table(&w, &j->t[i], &s);
  }
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

/* Copies: the workspace may be read again while the lane works. */
static int take_zones(struct job *j, const struct sl_ws_conf *conf, struct sl_err *err)
{
  size_t n = 0;
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  j->t = sl_calloc(n + 1, sizeof *j->t);
  if (!j->t)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    struct sl_str path;
    if (!sl_uri_path(sl_str(z[i].uri), &path))
      continue;
    struct table *t = &j->t[j->n++];
    t->name = sl_strdup(z[i].name);
    t->path = sl_strndup(path.p, path.n);
    if (!t->name || !t->path)
      return sl_err_nomem(err);
  }
  return SL_OK;
}

static int tables_query(struct sl_req *r, struct sl_err *err)
{
  static const struct sl_feed_ops ops = { tables_work, job_free };
  const struct sl_query *q = sl_req_query(r);
  struct job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  int rc = take_zones(j, sl_backend_ws_conf(sl_req_backend(r)), err);
  struct sl_str scope = sl_str_trim(q->scope);
  if (!rc && scope.n && !sl_str_eqz(scope, "lake") && !(j->only = sl_strndup(scope.p, scope.n)))
    rc = sl_err_nomem(err);
  if (!rc)
    rc = sl_req_work(r, SL_LANE_LONG, &ops, j, err);
  if (rc)
    job_free(j);
  return rc;
}

const struct sl_serve compute_tables = { .res = &sl_res_tables, .query = tables_query };
