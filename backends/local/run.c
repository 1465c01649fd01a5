/* backends/local/run.c: `sluice --run DIR`: the supervisor of one execution. It lives in a session of its own, so the console may go.
 *
 * Steps run as their `after` allows, each in its own process group with a clean environment. It ends when all have ended; a step that
 * failed keeps those that wait for it from starting. A file `stop` in DIR, TERM or INT ends it: TERM to the groups, five seconds later
 * KILL. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "backend_local/exec_int.h"
#include "base/file.h"
#include "base/text.h"
#include "loop/child.h"

enum { KILL_AFTER_MS = 5000, LOOK_MS = 1000, SIDE_BY_SIDE = 16, LOCK_FD = 3 };

struct run;
struct run_step {
  struct run *r;
  size_t i;
  struct sl_child *child;
  struct sl_buf part[2];               /* of a line of its output and its error output */
  char first_error[LOCAL_CAUSE], last[LOCAL_CAUSE];
};
struct run {
  struct sl_loop *l;
  const char *dir;
  struct local_spec spec;
  struct local_state st;
  struct run_step *step;
  struct local_runlog log;
  int lock, inotify;
  sl_fdwatch watch;
  sl_timer kill, timeout, look;
  bool stopping, timed_out, over;
  const char *const *env;
};

static void advance(struct run *r);

static sl_ms now_of(const struct run *r) { return sl_loop_wall(r->l); }

/* ---- telling ---- */

/* Consoles watch the folder that DIR lies in: touching it is the bell. */
static void publish(struct run *r)
{
  struct sl_err e = { 0 };
  if (local_state_write(r->dir, &r->spec, &r->st, &e))
    local_runlog_line(&r->log, now_of(r), "error", "sluice", sl_str(e.msg));
  char *up = sl_path_dir(r->dir);
  if (up && utimensat(AT_FDCWD, up, NULL, 0)) {
    /* they poll as well */
  }
  sl_free(up);
}

/* A line for people out of bytes from anywhere. */
static void clean(char *out, size_t n, struct sl_str text)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_text_clean(&b, sl_str_head(sl_str_trim(text), n), SL_TEXT_CELL);
  snprintf(out, n, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
}

/* ---- output ---- */

static bool is_error(struct sl_str line)
{
  return sl_str_starts(line, SL_STR("sluice: ")) || (line.n >= 5 && sl_str_ieq(sl_str_head(line, 5), SL_STR("error")));
}

static void on_line(struct run_step *s, int fd, struct sl_str line)
{
  const char *name = s->r->spec.steps[s->i].name;
  bool error = fd == 2 && is_error(line), warning = line.n >= 4 && sl_str_ieq(sl_str_head(line, 4), SL_STR("warn"));
  if (line.n && line.p[line.n - 1] == '\r')
    line.n--;
  local_runlog_line(&s->r->log, now_of(s->r), error ? "error" : fd == 2 && warning ? "warning" : "info", name, line);
  if (sl_str_starts(line, SL_STR("sluice: ")))
    line = sl_str_from(line, 8);
  if (sl_str_starts(line, SL_STR("compute: "))) /* where every statement of a job runs: no news */
    line = sl_str_from(line, 9);
  if (error && !s->first_error[0])
    clean(s->first_error, sizeof s->first_error, line);
  if (fd == 2 && sl_str_trim(line).n)
    clean(s->last, sizeof s->last, line);
}

static void on_out(void *user, int fd, const void *p, size_t n)
{
  struct run_step *s = user;
  struct sl_buf *part = &s->part[fd - 1];
  struct sl_str rest = sl_strn(p, n), line;
  for (ptrdiff_t at; (at = sl_str_chr(rest, '\n')) >= 0; rest = sl_str_from(rest, (size_t)at + 1)) {
    line = sl_str_head(rest, (size_t)at);
    if (part->n) {
      sl_buf_str(part, line);
      line = sl_buf_view(part);
    }
    on_line(s, fd, line);
    sl_buf_clear(part);
  }
  while (rest.n) { /* a line without end is cut into pieces */
    size_t take = rest.n < LOCAL_LINE_MAX - part->n ? rest.n : LOCAL_LINE_MAX - part->n;
    sl_buf_str(part, sl_str_head(rest, take));
    rest = sl_str_from(rest, take);
    if (part->n < LOCAL_LINE_MAX && !part->failed)
      break;
    on_line(s, fd, sl_buf_view(part));
    sl_buf_clear(part);
  }
}

static void flush_parts(struct run_step *s)
{
  for (int fd = 1; fd <= 2; fd++) {
    if (s->part[fd - 1].n)
      on_line(s, fd, sl_buf_view(&s->part[fd - 1]));
    sl_buf_free(&s->part[fd - 1]);
  }
}

/* ---- a step's end ---- */

static void judge(struct run_step *s, int code, int signum)
{
  struct run *r = s->r;
  struct local_step_state *p = &r->st.steps[s->i];
  bool fine = code == 0 && !signum;
  p->state = fine ? "ok" : r->stopping && !r->timed_out ? "stopped" : "failed";
  if (signum)
    snprintf(p->native, sizeof p->native, "signal %d (%s)", signum, sigabbrev_np(signum) ? sigabbrev_np(signum) : "?");
  else
    snprintf(p->native, sizeof p->native, "exit %d", code);
  if (fine)
    return;
  const char *said = s->first_error[0] ? s->first_error : s->last;
  if (r->timed_out)
    snprintf(p->cause, sizeof p->cause, "stopped after %.3g s, the job's timeout", (double)r->spec.timeout_ms / 1000);
  else if (r->stopping)
    snprintf(p->cause, sizeof p->cause, "stopped");
  else if (signum)
    snprintf(p->cause, sizeof p->cause, "killed by signal %d%s%.200s", signum, said[0] ? "; " : "", said);
  else
    snprintf(p->cause, sizeof p->cause, "%s", said[0] ? said : "it said nothing about why");
}

static void on_exited(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb)
{
  struct run_step *s = user;
  struct run *r = s->r;
  struct local_step_state *p = &r->st.steps[s->i];
  s->child = NULL;
  flush_parts(s);
  p->ended = now_of(r);
  p->code = code;
  p->signum = signum ? signum : -1;
  p->cpu_ms = cpu_ms;
  p->maxrss_kb = maxrss_kb;
  judge(s, code, signum);
  advance(r);
}

/* ---- a step's start ---- */

static int step_env(struct run *r, struct sl_arena *mem, const char *name, const char *const **out, struct sl_err *err)
{
  const struct local_spec *s = &r->spec;
  const char *more[8];
  size_t n = 0;
  more[n++] = sl_arena_printf(mem, "SLUICE_EXECUTION=%s", s->id);
  more[n++] = sl_arena_printf(mem, "SLUICE_STEP=%s", name);
  if (s->workspace)
    more[n++] = sl_arena_printf(mem, "SLUICE_WORKSPACE=%s", s->workspace);
  if (s->config)
    more[n++] = sl_arena_printf(mem, "SLUICE_CONFIG=%s", s->config);
  if (s->writes)
    more[n++] = sl_arena_printf(mem, "SLUICE_WRITES=%s", s->writes);
  more[n] = NULL;
  for (size_t i = 0; i < n; i++)
    if (!more[i])
      return sl_err_nomem(err);
  return local_env(mem, more, out, err);
}

static int spawn(struct run_step *s, struct sl_err *err)
{
  static const struct sl_child_ops ops = { .out = on_out, .exited = on_exited };
  struct run *r = s->r;
  const struct local_step_spec *p = &r->spec.steps[s->i];
  struct sl_arena mem;
  const char *const *env;
  size_t n = 0;
  while (p->argv[n])
    n++;
  sl_arena_init(&mem, 8 << 20);
  const char **argv = sl_arena_alloc(&mem, (n + 1) * sizeof *argv);
  int rc = argv ? step_env(r, &mem, p->name, &env, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < n; i++)
    argv[i] = i == 0 && !strcmp(p->argv[0], "sluice") ? r->spec.exe : p->argv[i];
  if (!rc) {
    struct sl_child_spec spec = { .argv = argv, .env = env, .cwd = r->spec.cwd, .capture_out = true, .capture_err = true };
    rc = sl_child_start(&s->child, r->l, &spec, &ops, s, err);
  }
  sl_arena_free(&mem);
  return rc;
}

static void start_step(struct run_step *s)
{
  struct run *r = s->r;
  struct local_step_state *p = &r->st.steps[s->i];
  struct sl_err e = { 0 };
  sl_buf_init(&s->part[0], LOCAL_LINE_MAX + 1);
  sl_buf_init(&s->part[1], LOCAL_LINE_MAX + 1);
  p->started = now_of(r);
  p->state = "running";
  int rc = spawn(s, &e);
  if (!rc) {
    p->pid = sl_child_pid(s->child);
    return;
  }
  p->state = "failed";
  p->ended = now_of(r);
  snprintf(p->native, sizeof p->native, "not started");
  clean(p->cause, sizeof p->cause, sl_str(e.msg));
  local_runlog_line(&r->log, now_of(r), "error", r->spec.steps[s->i].name, sl_str(e.msg));
}

/* ---- the order of things ---- */

static const struct local_step_state *state_of(const struct run *r, const char *name)
{
  for (size_t i = 0; i < r->spec.nsteps; i++)
    if (!strcmp(r->spec.steps[i].name, name))
      return &r->st.steps[i];
  return NULL;
}

static void skip(struct run *r, size_t i, const char *why)
{
  struct local_step_state *p = &r->st.steps[i];
  p->state = "stopped";
  snprintf(p->native, sizeof p->native, "skipped");
  snprintf(p->cause, sizeof p->cause, "%s", why);
}

/* True where its turn has come, or never will. */
static bool ready(struct run *r, size_t i)
{
  const char *const *after = r->spec.steps[i].after;
  for (; *after; after++) {
    const struct local_step_state *before = state_of(r, *after);
    if (before && !local_state_final(before->state))
      return false;
    if (!before || strcmp(before->state, "ok") != 0) {
      char why[LOCAL_CAUSE];
      snprintf(why, sizeof why, "it comes after %s, which %s", *after, before ? before->state : "is not there");
      skip(r, i, why);
      return true;
    }
  }
  return true;
}

static size_t running(const struct run *r)
{
  size_t n = 0;
  for (size_t i = 0; i < r->spec.nsteps; i++)
    n += r->step[i].child != NULL;
  return n;
}

static bool start_some(struct run *r)
{
  bool moved = false;
  for (size_t i = 0; i < r->spec.nsteps; i++) {
    struct local_step_state *p = &r->st.steps[i];
    if (local_state_final(p->state) || r->step[i].child)
      continue;
    if (r->stopping)
      skip(r, i, "stopped before its turn");
    else if (running(r) >= SIDE_BY_SIDE || !ready(r, i))
      continue;
    else if (!local_state_final(p->state))
      start_step(&r->step[i]);
    moved = true;
  }
  return moved;
}

static const struct local_step_state *worst(const struct run *r)
{
  const struct local_step_state *stopped = NULL;
  for (size_t i = 0; i < r->spec.nsteps; i++) {
    if (!strcmp(r->st.steps[i].state, "failed"))
      return &r->st.steps[i];
    if (!stopped && strcmp(r->st.steps[i].state, "ok") != 0)
      stopped = &r->st.steps[i];
  }
  return stopped;
}

static void finish(struct run *r)
{
  const struct local_step_state *w = worst(r);
  r->st.ended = now_of(r);
  r->st.state = !w ? "ok" : r->timed_out ? "failed" : w->state;
  snprintf(r->st.native, sizeof r->st.native, "%s", !w ? "exit 0" : r->timed_out ? "timeout" : w->native);
  if (w)
    snprintf(r->st.cause, sizeof r->st.cause, "%s", w->cause);
  r->over = true;
  sl_loop_stop(r->l);
}

static void advance(struct run *r)
{
  if (r->over)
    return;
  while (start_some(r))
    continue;
  if (!running(r))
    finish(r);
  publish(r);
}

/* ---- stopping ---- */

static void signal_all(struct run *r, int signum)
{
  for (size_t i = 0; i < r->spec.nsteps; i++)
    if (r->step[i].child)
      sl_child_kill(r->step[i].child, signum);
}

static void on_kill(void *user)
{
  struct run *r = user;
  r->kill.v = 0;
  signal_all(r, SIGKILL);
}

static void stop(struct run *r, const char *why)
{
  if (r->stopping || r->over)
    return;
  r->stopping = true;
  local_runlog_line(&r->log, now_of(r), "warning", "sluice", sl_str(why));
  if (sl_timer_start(r->l, KILL_AFTER_MS, 0, on_kill, r, &r->kill, NULL))
    signal_all(r, SIGKILL); /* no memory for being patient */
  else
    signal_all(r, SIGTERM);
  advance(r);
}

static void on_timeout(void *user)
{
  struct run *r = user;
  r->timeout.v = 0;
  r->timed_out = true;
  stop(r, "the job's timeout has passed; stopping");
}

static void on_signal(void *user, int signum)
{
  struct run *r = user;
  char why[64];
  snprintf(why, sizeof why, "signal %d; stopping", signum);
  stop(r, why);
}

static void look_for_stop(void *user)
{
  struct run *r = user;
  char *path = sl_path_join(r->dir, "stop");
  if (path && sl_file_exists(path))
    stop(r, "asked to stop");
  sl_free(path);
}

static void on_inotify(void *user, int fd, unsigned events)
{
  char text[4096];
  ssize_t n;
  (void)events;
  do
    n = read(fd, text, sizeof text);
  while (n > 0 || (n < 0 && errno == EINTR));
  look_for_stop(user);
}

static int listen_for_stop(struct run *r, struct sl_err *err)
{
  static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
  int rc = SL_OK;
  for (size_t i = 0; i < sizeof signals / sizeof signals[0] && !rc; i++)
    rc = sl_signal_watch(r->l, signals[i], on_signal, r, err);
  r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (!rc && r->inotify >= 0 && inotify_add_watch(r->inotify, r->dir, IN_CREATE | IN_MOVED_TO) >= 0)
    rc = sl_fd_watch(r->l, r->inotify, SL_READABLE, on_inotify, r, &r->watch, err);
  if (!rc) /* where there is no inotify, and for what came before it */
    rc = sl_timer_start(r->l, 0, LOOK_MS, look_for_stop, r, &r->look, err);
  if (!rc && r->spec.timeout_ms > 0)
    rc = sl_timer_start(r->l, r->spec.timeout_ms, 0, on_timeout, r, &r->timeout, err);
  return rc;
}

/* ---- life ---- */

/* The console hands the lock over, held, so that there is no moment in which nobody seems to be alive. */
static int take_lock(struct run *r, struct sl_err *err)
{
  struct stat given, file;
  char *path = sl_path_join(r->dir, "lock");
  if (!path)
    return sl_err_nomem(err);
  int rc = SL_OK;
  if (!fstat(LOCK_FD, &given) && !stat(path, &file) && given.st_dev == file.st_dev && given.st_ino == file.st_ino)
    r->lock = LOCK_FD;
  else
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (r->lock < 0)
    rc = sl_err_sys(err, errno, "cannot open %s", path);
  else if (fcntl(r->lock, F_SETFD, FD_CLOEXEC) || flock(r->lock, LOCK_EX | LOCK_NB))
    rc = sl_err_set(err, SL_ECONFLICT, "%s: somebody runs it already", r->dir);
  sl_free(path);
  return rc;
}

static int run_open(struct run *r, struct sl_err *err)
{
  int rc = local_spec_read(&r->spec, r->dir, err);
  if (!rc)
    rc = take_lock(r, err);
  if (!rc)
    rc = local_state_init(&r->st, &r->spec, err);
  if (!rc)
    rc = local_runlog_open(&r->log, r->dir, err);
  if (!rc)
    rc = sl_loop_open(&r->l, err);
  if (!rc && !(r->step = sl_calloc(r->spec.nsteps, sizeof *r->step)))
    rc = sl_err_nomem(err);
  for (size_t i = 0; !rc && i < r->spec.nsteps; i++)
    r->step[i] = (struct run_step){ .r = r, .i = i };
  return rc ? rc : listen_for_stop(r, err);
}

static void prune(struct run *r)
{
  char words[160], *execs = sl_path_dir(r->dir);
  size_t gone = execs ? local_prune(execs, &r->spec, now_of(r)) : 0;
  snprintf(words, sizeof words, "removed %zu execution%s of %.60s: its newest %lld stay, for %lld days", gone, gone == 1 ? "" : "s",
           r->spec.job, (long long)r->spec.keep, (long long)(r->spec.keep_ms / 86400000));
  if (gone) {
    local_runlog_line(&r->log, now_of(r), "info", "sluice", sl_str(words));
    publish(r); /* the bell: listings look again */
  }
  sl_free(execs);
}

static void run_close(struct run *r)
{
  if (r->l) {
    sl_fd_unwatch(r->l, &r->watch);
    sl_loop_close(r->l);
  }
  if (r->inotify >= 0)
    close(r->inotify);
  for (size_t i = 0; r->step && i < r->spec.nsteps; i++) {
    sl_buf_free(&r->step[i].part[0]);
    sl_buf_free(&r->step[i].part[1]);
  }
  sl_free(r->step);
  local_runlog_close(&r->log);
  local_state_free(&r->st);
  local_spec_free(&r->spec);
  if (r->lock >= 0)
    close(r->lock);
}

int sl_local_run_main(int argc, char **argv)
{
  struct sl_err err = { 0 };
  if (argc != 3) {
    fprintf(stderr, "sluice: --run takes the folder of one execution\n");
    return 2;
  }
  struct run r = { .dir = argv[2], .lock = -1, .inotify = -1, .log = { .fd = -1 } };
  if (setsid() < 0) {
    /* it leads its group already: whoever started it saw to the session */
  }
  int rc = run_open(&r, &err);
  if (rc) {
    fprintf(stderr, "sluice: %s\n", err.msg);
  } else {
    r.st.pid = getpid();
    r.st.started = now_of(&r);
    r.st.state = "running";
    advance(&r);
    while (!r.over && sl_loop_turn(r.l, -1))
      continue;
    prune(&r);
  }
  bool fine = !rc && r.st.state && !strcmp(r.st.state, "ok");
  run_close(&r);
  return fine ? 0 : 1;
}
