/* loop/child.c: children from start to their last byte and exit.
 *
 * SIGCHLD makes us look at each child of ours by its own pid, never at "any child": libraries may have theirs. A child that we stopped
 * takes its group along: what is left of the group is killed while the dead leader still holds the number, before it is reaped. */
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/trace.h"
#include "loop/exec.h"
#include "loop/priv.h"

enum { KILL_AFTER_MS = 2000, DRAIN_MS = 1000, READ_CHUNK = 65536, READS_PER_TURN = 8, ENV_MAX = 5 };

struct sl_child {
  struct sl_child *next;
  struct sl_loop *l;
  struct sl_child_ops ops;
  void *user;
  pid_t pid;
  struct { int fd; sl_fdwatch watch; } out[2];    /* our ends of 1 and 2; -1: closed */
  sl_timer timer;                                 /* timeout, then the kill, then the wait for the last output */
  bool detached, stopping, reaped, new_session, busy;
  int code, signum;
  int64_t cpu_ms, maxrss_kb;
  struct sl_defer defer;
};

struct sl_children { struct sl_child *first; };

static void child_unlink(struct sl_child *c)
{
  struct sl_child **at = &c->l->children->first;
  while (*at && *at != c)
    at = &(*at)->next;
  if (*at)
    *at = c->next;
}

static void out_close(struct sl_child *c, int i)
{
  sl_fd_unwatch(c->l, &c->out[i].watch);
  if (c->out[i].fd >= 0)
    close(c->out[i].fd);
  c->out[i].fd = -1;
}

static void child_quiet(struct sl_child *c)
{
  sl_timer_stop(c->l, &c->timer);
  out_close(c, 0);
  out_close(c, 1);
  if (c->busy)
    sl_loop_busy(c->l, -1);
  c->busy = false;
}

/* Frees c. Last in every path that leads here. */
static void child_finish(struct sl_child *c)
{
  child_quiet(c);
  child_unlink(c);
  if (!c->detached && c->ops.exited)
    c->ops.exited(c->user, c->code, c->signum, c->cpu_ms, c->maxrss_kb);
  sl_free(c);
}

/* False: nothing more now (or the owner left). EOF closes. */
static bool out_read(struct sl_child *c, int i)
{
  static char chunk[READ_CHUNK]; /* the loop's thread only, and callbacks do not come back in here */
  ssize_t n = read(c->out[i].fd, chunk, sizeof chunk);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (n <= 0) {
    out_close(c, i);
    return false;
  }
  if (c->ops.out)
    c->ops.out(c->user, i + 1, chunk, (size_t)n);
  return !c->detached && c->out[i].fd >= 0;
}

static void finish_if_over(struct sl_child *c)
{
  if (c->reaped && c->out[0].fd < 0 && c->out[1].fd < 0)
    child_finish(c);
}

static void on_out(void *user, int fd, unsigned events)
{
  (void)events;
  struct sl_child *c = user;
  int i = c->out[0].fd == fd ? 0 : 1;
  for (int reads = 0; reads < READS_PER_TURN && out_read(c, i); reads++)
    continue;
  if (!c->detached)
    finish_if_over(c);
}

static void on_drain_over(void *user)
{
  struct sl_child *c = user;
  c->timer.v = 0;
  sl_trace(SL_TR_LOOP, 1, "child %d: its output is still held by a process it left behind", (int)c->pid);
  child_finish(c);
}

/* The last output may stay open in a grandchild that was left running: waited for only so long. */
static void child_drain(struct sl_child *c)
{
  sl_timer_stop(c->l, &c->timer);
  if (c->out[0].fd < 0 && c->out[1].fd < 0)
    child_finish(c);
  else if (sl_timer_start(c->l, DRAIN_MS, 0, on_drain_over, c, &c->timer, NULL))
    child_finish(c); /* no memory for the wait: what was read is what there is */
}

static int64_t ms_of(struct timeval t)
{
  return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

static bool child_reap(struct sl_child *c, bool wait)
{
  siginfo_t info = { .si_pid = 0 };
  if (!wait && (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid))
    return false;
  if (c->stopping && !wait)
    kill(-c->pid, SIGKILL);
  struct rusage use;
  int status = 0;
  pid_t got;
  do
    got = wait4(c->pid, &status, 0, &use);
  while (got < 0 && errno == EINTR);
  c->reaped = true;
  c->code = got == c->pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  c->signum = got == c->pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  c->cpu_ms = got == c->pid ? ms_of(use.ru_utime) + ms_of(use.ru_stime) : 0;
  c->maxrss_kb = got == c->pid ? use.ru_maxrss : 0;
  return true;
}

/* A callback may start, stop or detach others: after each one the list is walked from its head again. */
static void on_sigchld(void *user, int signum)
{
  (void)signum;
  struct sl_children *all = user;
  for (struct sl_child *c = all->first; c;) {
    struct sl_child *next = c->next;
    if (!c->reaped && child_reap(c, false)) {
      child_drain(c);
      next = all->first;
    }
    c = next;
  }
}

static int children_open(struct sl_loop *l, struct sl_err *err)
{
  if (l->children)
    return SL_OK;
  struct sl_children *all = sl_calloc(1, sizeof *all);
  if (!all)
    return sl_err_nomem(err);
  int rc = sl_signal_watch(l, SIGCHLD, on_sigchld, all, err);
  if (rc)
    sl_free(all);
  else
    l->children = all;
  return rc;
}

/* ---- starting ---- */

struct setup {
  struct sl_exec x;
  const char *env[ENV_MAX + 1];
  char *owned[ENV_MAX];
  int input, null, pipe[2][2];
};

static int default_env(struct setup *s, struct sl_err *err)
{
  static const char *const names[ENV_MAX] = { "PATH", "HOME", "LANG", "TZ", "TERM" };
  size_t n = 0;
  for (size_t i = 0; i < ENV_MAX; i++) {
    const char *v = getenv(names[i]);
    if (!v)
      continue;
    s->owned[n] = sl_asprintf("%s=%s", names[i], v);
    if (!s->owned[n])
      return sl_err_nomem(err);
    s->env[n] = s->owned[n];
    n++;
  }
  s->x.env = s->env;
  return SL_OK;
}

/* In memory, so that nobody has to feed a pipe while the child reads it. */
static int open_input(struct setup *s, struct sl_str input, struct sl_err *err)
{
  s->input = memfd_create("stdin", MFD_CLOEXEC);
  if (s->input < 0)
    return sl_err_sys(err, errno, "cannot keep the child's input");
  for (size_t at = 0; at < input.n;) {
    ssize_t n = write(s->input, input.p + at, input.n - at);
    if (n < 0 && errno != EINTR)
      return sl_err_sys(err, errno, "cannot keep the child's input");
    at += n > 0 ? (size_t)n : 0;
  }
  if (lseek(s->input, 0, SEEK_SET) < 0)
    return sl_err_sys(err, errno, "cannot keep the child's input");
  return SL_OK;
}

static int open_capture(struct setup *s, int i, struct sl_err *err)
{
  if (pipe2(s->pipe[i], O_CLOEXEC) || fcntl(s->pipe[i][0], F_SETFL, O_NONBLOCK))
    return sl_err_sys(err, errno, "cannot capture the child's output");
  return SL_OK;
}

static void exec_fd(struct setup *s, int ours, int theirs)
{
  size_t i = 0;
  while (i < s->x.nfd && s->x.fd[i].theirs != theirs)
    i++;
  s->x.fd[i].ours = ours;
  s->x.fd[i].theirs = theirs;
  s->x.nfd += i == s->x.nfd;
}

static int setup_open(struct setup *s, const struct sl_child_spec *spec, struct sl_err *err)
{
  *s = (struct setup){ .x = { .argv = spec->argv, .env = spec->env, .cwd = spec->cwd, .new_session = spec->new_session },
                       .input = -1, .null = -1, .pipe = { { -1, -1 }, { -1, -1 } } };
  if (!spec->argv || !spec->argv[0] || spec->nfd > 8)
    return sl_err_set(err, SL_EINTERNAL, "a child without a program, or with more than 8 descriptors");
  int rc = spec->env ? SL_OK : default_env(s, err);
  s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (!rc && s->null < 0)
    rc = sl_err_sys(err, errno, "cannot open /dev/null");
  if (!rc && spec->input.p)
    rc = open_input(s, spec->input, err);
  if (!rc && spec->capture_out)
    rc = open_capture(s, 0, err);
  if (!rc && spec->capture_err)
    rc = open_capture(s, 1, err);
  exec_fd(s, s->input >= 0 ? s->input : s->null, 0);
  exec_fd(s, s->pipe[0][1] >= 0 ? s->pipe[0][1] : s->null, 1);
  exec_fd(s, s->pipe[1][1] >= 0 ? s->pipe[1][1] : s->null, 2);
  for (size_t i = 0; i < spec->nfd; i++)
    exec_fd(s, spec->fd[i].ours, spec->fd[i].theirs);
  return rc;
}

static void fd_drop(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void setup_close(struct setup *s)
{
  for (int i = 0; i < ENV_MAX; i++)
    sl_free(s->owned[i]);
  fd_drop(&s->input);
  fd_drop(&s->null);
  for (int i = 0; i < 4; i++)
    fd_drop(&s->pipe[i / 2][i % 2]);
}

static int child_watch(struct sl_child *c, struct setup *s, struct sl_err *err)
{
  for (int i = 0; i < 2; i++) {
    c->out[i].fd = s->pipe[i][0];
    s->pipe[i][0] = -1;
    if (c->out[i].fd < 0)
      continue;
    int rc = sl_fd_watch(c->l, c->out[i].fd, SL_READABLE, on_out, c, &c->out[i].watch, err);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static void on_kill_due(void *user)
{
  struct sl_child *c = user;
  c->timer.v = 0;
  if (!c->reaped)
    kill(-c->pid, SIGKILL);
}

static void on_timeout(void *user)
{
  struct sl_child *c = user;
  c->timer.v = 0;
  sl_child_kill(c, SIGTERM);
  if (sl_timer_start(c->l, KILL_AFTER_MS, 0, on_kill_due, c, &c->timer, NULL))
    on_kill_due(c); /* no memory to wait politely */
}

static struct sl_child *child_new(struct sl_loop *l, const struct sl_child_spec *s, const struct sl_child_ops *ops, void *user)
{
  struct sl_child *c = sl_calloc(1, sizeof *c);
  if (!c)
    return NULL;
  c->l = l;
  c->ops = *ops;
  c->user = user;
  c->out[0].fd = c->out[1].fd = -1;
  c->new_session = s->new_session;
  return c;
}

int sl_child_start(struct sl_child **out, struct sl_loop *l, const struct sl_child_spec *spec, const struct sl_child_ops *ops, void *user,
                   struct sl_err *err)
{
  *out = NULL;
  int rc = children_open(l, err);
  if (rc)
    return rc;
  struct sl_child *c = child_new(l, spec, ops, user);
  if (!c)
    return sl_err_nomem(err);
  struct setup s;
  rc = setup_open(&s, spec, err);
  if (!rc)
    rc = child_watch(c, &s, err);
  if (!rc && spec->timeout_ms > 0)
    rc = sl_timer_start(l, spec->timeout_ms, 0, on_timeout, c, &c->timer, err);
  if (!rc)
    rc = sl_exec_start(&s.x, &c->pid, err); /* last: once it runs nothing can fail */
  setup_close(&s);
  if (rc) {
    child_quiet(c);
    sl_free(c);
    return rc;
  }
  c->busy = c->out[0].fd >= 0 || c->out[1].fd >= 0;
  if (c->busy)
    sl_loop_busy(l, 1);
  c->next = l->children->first;
  l->children->first = c;
  *out = c;
  return SL_OK;
}

int sl_child_pid(const struct sl_child *c)
{
  return c->pid;
}

void sl_child_kill(struct sl_child *c, int signum)
{
  if (c->reaped)
    return;
  if (signum == SIGKILL || signum == SIGTERM || signum == SIGINT || signum == SIGHUP || signum == SIGQUIT)
    c->stopping = true;
  kill(-c->pid, signum);
}

/* The struct stays until the child is reaped, so that no zombie remains while we live. */
void sl_child_detach(struct sl_child *c)
{
  c->detached = true;
  child_quiet(c);
  if (!c->reaped)
    return;
  child_unlink(c);
  sl_loop_defer(c->l, &c->defer, sl_free, c); /* we may be inside its out() */
}

/* What has a session of its own outlives us; the rest goes. */
void sl_children_free(struct sl_loop *l)
{
  struct sl_children *all = l->children;
  while (all && all->first) {
    struct sl_child *c = all->first;
    if (!c->reaped && !c->detached && !c->new_session) {
      kill(-c->pid, SIGKILL);
      child_reap(c, true);
    }
    c->detached = true;
    child_finish(c);
  }
  sl_free(all);
  l->children = NULL;
}
