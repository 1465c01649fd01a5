/* backends/compute/compute.c: this machine's own engine as a connection: SQL over files and resources, profiles of data.
 *
 * Every workspace has one. It opens nothing itself: statements run in the box, which sees the folders of the workspace's local zones, and
 * besides them only what a statement names. */
#include "backend_compute/compute_int.h"
#include "base/file.h"

enum { MIB = 1 << 20 };

/* ---- roots ---- */

static void roots_free(char **roots)
{
  for (size_t i = 0; roots && roots[i]; i++)
    sl_free(roots[i]);
  sl_free(roots);
}

/* The folders of the zones on this machine, as the workspace names them now. A zone inside another comes with it: by itself it could be
 * a link that somebody who may write the outer one has put there. */
static char **roots_now(struct compute *c)
{
  size_t n = 0, k = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  char **roots = sl_calloc(n + 1, sizeof *roots);
  for (size_t i = 0; roots && i < n; i++) {
    struct sl_str path;
    if (sl_zone_outer(z, n, &z[i]) != &z[i] || !sl_uri_path(sl_str(z[i].uri), &path))
      continue;
    roots[k] = sl_strndup(path.p, path.n);
    if (!roots[k++]) {
      roots_free(roots);
      return NULL;
    }
  }
  return roots;
}

static bool roots_same(char *const *a, char *const *b)
{
  for (; *a && *b; a++, b++)
    if (strcmp(*a, *b) != 0)
      return false;
  return !*a && !*b;
}

static bool inside_any(const char *path, char *const *roots)
{
  for (; *roots; roots++)
    if (sl_path_inside(path, *roots))
      return true;
  return false;
}

/* ---- the pool ---- */

static int open_pool(struct compute *c, struct sl_err *err)
{
  static const char *const none[] = { NULL };
  const struct sl_person *me = sl_backend_person(c->b);
  const char *const *libs = sl_backend_lib_dirs(c->b);
  const char *dir = sl_backend_state_dir(c->b);
  char *tmp = sl_path_join(dir ? dir : "/tmp", "box");
  if (!tmp)
    return sl_err_nomem(err);
  unsigned threads = sl_backend_threads(c->b);
  struct sl_box_opts o = { .loop = sl_backend_loop(c->b), .exe = sl_backend_exe(c->b), .lib_dirs = libs ? libs : none,
                           .roots = (const char *const *)c->roots, .tmp_dir = tmp };
  o.limits.memory = me && me->box_memory > 0 ? (uint64_t)me->box_memory : 0;
  o.limits.tmp = me && me->box_tmp > 0 ? (uint64_t)me->box_tmp : 0;
  o.limits.threads = threads ? threads : me && me->box_threads > 0 ? (unsigned)me->box_threads : 0;
  int rc = sl_box_pool_open(&c->pool, &o, err);
  sl_free(tmp);
  return rc;
}

/* Opened when first needed; again when the workspace's zones have changed and nothing runs. */
static int need_pool(struct compute *c, struct sl_err *err)
{
  char **roots = roots_now(c);
  if (!roots)
    return sl_err_nomem(err);
  if (c->pool && (c->jobs || roots_same(c->roots, roots))) {
    roots_free(roots);
    return SL_OK;
  }
  sl_box_pool_close(c->pool);
  c->pool = NULL;
  roots_free(c->roots);
  c->roots = roots;
  return open_pool(c, err);
}

int compute_start(struct compute *c, struct sl_box_job **out, const struct sl_box_work *w, const struct sl_box_ops *ops, void *user,
                  struct sl_err *err)
{
  int rc = need_pool(c, err);
  if (rc)
    return rc;
  size_t n = 0, k = 0;
  while (w->reads && w->reads[n])
    n++;
  const char **more = sl_calloc(n + 1, sizeof *more);
  if (!more)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    if (!inside_any(w->reads[i], c->roots))
      more[k++] = w->reads[i];
  struct sl_box_work mine = *w;
  mine.reads = k ? more : NULL;
  rc = sl_box_start(out, c->pool, &mine, ops, user, err);
  c->jobs += !rc;
  sl_free(more);
  return rc;
}

void compute_cancel(struct compute *c, struct sl_box_job *j)
{
  c->jobs--;
  sl_box_job_cancel(j);
}

void compute_ended(struct compute *c)
{
  c->jobs--;
}

/* ---- the connection ---- */

static int compute_open(struct sl_backend *b, const struct sl_conf *conf, struct sl_err *err)
{
  struct compute *c = sl_backend_state(b);
  (void)conf;
  (void)err;
  c->b = b;
  sl_backend_report(b, "ok", NULL, 0, -1, NULL);
  return SL_OK;
}

static void compute_close(struct sl_backend *b)
{
  struct compute *c = sl_backend_state(b);
  sl_box_pool_close(c->pool);
  c->pool = NULL;
  roots_free(c->roots);
  c->roots = NULL;
  sl_backend_closed(b);
}

static const struct sl_serve *const serves[] = { &compute_columns, &compute_tables, &compute_drift, &compute_drift_history,
                                                 &compute_quality, NULL };

extern const struct sl_backend_ops sl_backend_compute;
const struct sl_backend_ops sl_backend_compute = {
  .type = "compute",
  .help = "the embedded engine: SQL over files and resources, profiles of data, in a sandbox of its own",
  .state_size = sizeof(struct compute),
  .implicit = true,
  .serves = serves,
  .open = compute_open,
  .close = compute_close,
  .sql = &compute_sql,
};
