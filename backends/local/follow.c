/* backends/local/follow.c: a log that grows. No thread waits for it: a worker reads what is there, a piece at a time, then inotify (or a
 * timer, where there is none) says when to look again. The reader's pace holds the pieces back. */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "backend_local/log_int.h"
#include "base/file.h"
#include "base/fmt.h"

enum { TAIL_BYTES = 8 << 20, PIECE = 32 << 20, SOON_MS = 30, LOOK_MS = 1000, LOOK_WATCHED_MS = 5000,
       READY_MAX = LOCAL_SCAN_CHUNK / LOCAL_SCAN_LINES + 2 /* a chunk of newlines */ };

struct follow {
  struct local *s;
  struct sl_req *r;                    /* NULL: it has ended */
  struct local_ask ask;
  struct local_scan *x;                /* the worker's while one is at it */
  struct sl_schema *schema;
  sl_job job;
  const atomic_bool *stop;             /* [worker] */
  struct sl_batch *ready[READY_MAX];
  size_t nready, at;
  bool working, full, more, headed, cancelled, told;
  int inotify;
  sl_fdwatch watch;
  sl_timer timer;
};

static void look(void *user);

static void follow_free(struct follow *f)
{
  struct sl_loop *l = sl_backend_loop(f->s->b);
  sl_timer_stop(l, &f->timer);
  sl_fd_unwatch(l, &f->watch);
  if (f->inotify >= 0)
    close(f->inotify);
  for (size_t i = f->at; i < f->nready; i++)
    sl_batch_unref(f->ready[i]);
  local_scan_free(f->x);
  sl_schema_unref(f->schema);
  if (f->ask.conf)
    sl_ws_conf_unref(f->ask.conf);
  sl_free(f);
}

static void follow_end(struct follow *f, int rc, const struct sl_err *err)
{
  struct sl_req *r = f->r;
  follow_free(f);
  sl_req_end(r, rc, err);
}

/* ---- when to look again ---- */

static void look_in(struct follow *f, int64_t ms)
{
  struct sl_loop *l = sl_backend_loop(f->s->b);
  sl_timer_stop(l, &f->timer);
  if (sl_timer_start(l, ms, 0, look, f, &f->timer, NULL))
    f->timer.v = 0; /* no memory: inotify wakes it */
}

static void on_change(void *user, int fd, unsigned events)
{
  struct follow *f = user;
  char text[4096];
  ssize_t n;
  (void)events;
  do
    n = read(fd, text, sizeof text);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (!f->working && !f->full)
    look_in(f, SOON_MS);
}

/* The folders that the files lie in: so renaming is seen as well as growing. */
static void watch_begin(struct follow *f)
{
  f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  bool all = f->inotify >= 0;
  for (size_t i = 0; all && i < f->x->n; i++) {
    char *dir = sl_path_dir(f->x->src[i].path);
    all = dir && inotify_add_watch(f->inotify, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0;
    sl_free(dir);
  }
  if (all && !sl_fd_watch(sl_backend_loop(f->s->b), f->inotify, SL_READABLE, on_change, f, &f->watch, NULL))
    return;
  if (f->inotify >= 0)
    close(f->inotify);
  f->inotify = -1;
}

/* ---- handing over ---- */

static int work_start(struct follow *f, struct sl_err *err);

static void deliver(struct follow *f)
{
  while (f->at < f->nready && !f->full) {
    int rc = sl_req_rows(f->r, &f->ready[f->at++]);
    f->full = rc == SL_EAGAIN;
    if (rc && rc != SL_EAGAIN)
      break; /* the asker has left: cancel comes */
  }
  if (f->at < f->nready || f->full)
    return;
  f->at = f->nready = 0;
  if (f->more)
    look_in(f, 0);
  else
    look_in(f, f->inotify >= 0 ? LOOK_WATCHED_MS : LOOK_MS);
}

/* What was left out stands as a line of its own: nobody looks at notes while a log runs by. */
static void tell_skipped(struct follow *f)
{
  struct sl_batch *b = NULL;
  struct sl_buf text;
  if (!f->x->skipped || f->told || sl_batch_new(&b, f->schema, NULL))
    return;
  f->told = true;
  sl_buf_init(&text, 0);
  sl_buf_z(&text, "(the ");
  sl_fmt_bytes(&text, f->x->skipped);
  sl_buf_z(&text, " before this are not shown; a filter searches all of it)");
  sl_batch_row(b, SL_PUT, SL_STR("skipped#0.0"));
  sl_batch_set(b, 1, sl_vz("sluice"));
  sl_batch_set(b, 3, sl_vs(sl_buf_view(&text)));
  f->full = sl_req_rows(f->r, &b) == SL_EAGAIN;
  sl_buf_free(&text);
}

/* ---- [worker] ---- */

static int take(void *user, struct sl_batch **batch)
{
  struct follow *f = user;
  sl_assert(f->nready < READY_MAX);
  f->ready[f->nready++] = *batch;
  *batch = NULL;
  return SL_OK;
}

static bool stopped(void *user)
{
  const struct follow *f = user;
  return atomic_load(f->stop);
}

static int work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct follow *f = user;
  f->stop = cancel;
  if (!f->x) {
    int rc = local_scan_open(&f->x, &f->ask, f->schema, err);
    if (rc)
      return rc;
    f->x->send = take;
    f->x->stop = stopped;
    f->x->user = f;
    local_scan_tail(f->x, TAIL_BYTES);
  } else if (!f->more) {
    local_scan_rewind(f->x);
  }
  int rc = SL_OK;
  f->more = true;
  /* a chunk has room for some batches at most: so much is left free before each */
  for (int64_t left = PIECE; !rc && f->more && left > 0 && !f->nready; left -= LOCAL_SCAN_CHUNK)
    rc = local_scan_some(f->x, 1, &f->more, err);
  return rc;
}

/* ---- [loop] ---- */

static void work_done(void *user, int rc, const struct sl_err *err)
{
  struct follow *f = user;
  struct local *s = f->s;
  f->working = false;
  if (f->cancelled || rc) {
    follow_end(f, f->cancelled ? SL_ECANCELED : rc, f->cancelled ? NULL : err);
    local_job_over(s);
    return;
  }
  if (!f->headed) {
    f->headed = true;
    watch_begin(f);
    f->full = sl_req_head(f->r, NULL, f->x->filter_here ? SL_DID_WHERE : 0, -1) == SL_EAGAIN;
    if (!f->full)
      tell_skipped(f);
  }
  deliver(f);
  local_job_over(s);
}

static int work_start(struct follow *f, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = work, .done = work_done };
  int rc = sl_job_start(sl_backend_loop(f->s->b), SL_LANE_LONG, &ops, f, &f->job, err);
  f->working = !rc;
  f->s->jobs += !rc;
  return rc;
}

static void look(void *user)
{
  struct follow *f = user;
  struct sl_err err = { 0 };
  f->timer.v = 0;
  if (f->working || f->full || f->cancelled)
    return;
  int rc = work_start(f, &err);
  if (rc)
    follow_end(f, rc, &err);
}

int local_follow(struct sl_req *r, struct sl_err *err)
{
  struct sl_backend *b = sl_req_backend(r);
  struct sl_schema *schema = sl_req_schema(r);
  struct follow *f = sl_calloc(1, sizeof *f);
  if (!f || !schema) {
    sl_free(f);
    return sl_err_nomem(err);
  }
  *f = (struct follow){ .s = sl_backend_state(b), .r = r, .inotify = -1, .schema = sl_schema_ref(schema) };
  f->ask = (struct local_ask){ .s = f->s, .conf = local_conf_hold(b), .q = sl_req_query(r), .conn = sl_str(sl_backend_name(b)),
                               .now = sl_loop_wall(sl_backend_loop(b)) };
  int rc = work_start(f, err);
  if (rc) {
    follow_free(f);
    return rc;
  }
  *(struct follow **)sl_req_state(r) = f;
  return SL_OK;
}

static struct follow *of(struct sl_req *r)
{
  return *(struct follow **)sl_req_state(r);
}

void local_follow_resume(struct sl_req *r)
{
  struct follow *f = of(r);
  if (!f || !f->full)
    return;
  f->full = false;
  if (f->headed && !f->told)
    tell_skipped(f);
  if (!f->working && !f->full)
    deliver(f);
}

void local_follow_cancel(struct sl_req *r)
{
  struct follow *f = of(r);
  if (!f || f->cancelled)
    return;
  f->cancelled = true;
  if (f->working)
    sl_job_cancel(sl_backend_loop(f->s->b), &f->job);
  else
    follow_end(f, SL_ECANCELED, NULL);
}
