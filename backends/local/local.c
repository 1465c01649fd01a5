/* backends/local/local.c: this machine as a connection: folders as zones, files as objects, child processes as jobs. */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "base/file.h"
#include "base/trace.h"

enum { TELL_MS = 80 };

static const struct sl_setting settings[] = {
  { .name = "root", .type = SL_SET_PLACE, .help = "folder below which all reading and writing stays; without it, whatever you may read",
    .example = "/data/lake" },
};

/* ---- changes: a supervisor touches the folder of executions whenever a state changes ---- */

static void tell(void *user)
{
  static const struct sl_resource *const touched[] = { &sl_res_executions, &sl_res_steps, &sl_res_jobs, &sl_res_partitions, &sl_res_zones,
                                                       &sl_res_objects };
  struct local *s = user;
  s->tell.v = 0;
  for (size_t i = 0; i < sizeof touched / sizeof touched[0]; i++)
    sl_backend_changed(s->b, touched[i]);
}

static void on_inotify(void *user, int fd, unsigned events)
{
  struct local *s = user;
  char text[4096];
  ssize_t n;
  (void)events;
  do
    n = read(fd, text, sizeof text);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (!s->tell.v && !s->closing && sl_timer_start(sl_backend_loop(s->b), TELL_MS, 0, tell, s, &s->tell, NULL))
    s->tell.v = 0; /* the next poll shows it */
}

static void watch_begin(struct local *s)
{
  struct sl_err e = { 0 };
  s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (s->inotify < 0)
    return;
  if (inotify_add_watch(s->inotify, s->execs, IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_ONLYDIR) >= 0 &&
      !sl_fd_watch(sl_backend_loop(s->b), s->inotify, SL_READABLE, on_inotify, s, &s->watch, &e))
    return;
  close(s->inotify);
  s->inotify = -1;
  sl_trace(SL_TR_JOB, 1, "changes of %s are seen by polling only: %s", s->execs, e.msg);
}

/* ---- life ---- */

static void state_free(struct local *s)
{
  sl_fd_unwatch(sl_backend_loop(s->b), &s->watch);
  sl_timer_stop(sl_backend_loop(s->b), &s->tell);
  if (s->inotify >= 0)
    close(s->inotify);
  s->inotify = -1;
  local_rows_free(s->rows);
  sl_free(s->root);
  sl_free(s->execs);
}

static int local_open_conn(struct sl_backend *b, const struct sl_conf *c, struct sl_err *err)
{
  struct local *s = sl_backend_state(b);
  const char *root = c ? sl_conf_text(c, "root") : NULL, *dir = sl_backend_state_dir(b);
  struct sl_str path;
  *s = (struct local){ .b = b, .inotify = -1 };
  if (root && !sl_uri_path(sl_str(root), &path))
    return sl_err_set(err, SL_ECONFIG, "connection %s: root must be a folder of this machine, not %s", sl_backend_name(b), root);
  int rc = SL_OK;
  if ((root && !(s->root = sl_strndup(path.p, path.n))) || (dir && !(s->execs = sl_path_join(dir, "executions"))))
    rc = sl_err_nomem(err);
  if (!rc)
    rc = local_rows_open(&s->rows, dir, err);
  if (rc) {
    state_free(s);
    return rc;
  }
  if (s->execs && sl_mkdirs(s->execs, 0700, NULL) == SL_OK)
    watch_begin(s);
  sl_backend_report(b, "ok", NULL, 0, 0, NULL);
  return SL_OK;
}

static void local_close(struct sl_backend *b)
{
  struct local *s = sl_backend_state(b);
  s->closing = true;
  sl_timer_stop(sl_backend_loop(b), &s->tell);
  if (s->jobs)
    return; /* the last one closes */
  state_free(s);
  sl_backend_closed(b);
}

void local_job_over(struct local *s)
{
  s->jobs--;
  if (s->closing && !s->jobs)
    local_close(s->b);
}

static bool local_owns(const struct sl_conf *c, struct sl_str canonical)
{
  const char *root = sl_conf_text(c, "root");
  struct sl_str path, top;
  return root && sl_uri_path(sl_str(root), &top) && sl_uri_path(canonical, &path) && local_inside(path, top);
}

static const struct sl_serve *const serves[] = { &local_zones, &local_partitions, &local_objects, &local_jobs, &local_executions,
                                                 &local_steps, &local_log, NULL };
static const char *const schemes[] = { "file", NULL };

const struct sl_backend_ops sl_backend_local = {
  .type = "local",
  .help = "this machine: folders as zones, files, and jobs as child processes that outlive the console",
  .state_size = sizeof(struct local),
  .implicit = true,
  .settings = settings,
  .nsettings = sizeof settings / sizeof settings[0],
  .serves = serves,
  .open = local_open_conn,
  .close = local_close,
  .bytes = &local_bytes,
  .sink = &local_sink,
  .schemes = schemes,
  .owns = local_owns,
};
