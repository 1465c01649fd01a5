/* loop/exec.c: from a fork to another program, with nothing of ours left in it.
 *
 * Own code, because posix_spawn() can neither start a session nor close what libraries opened without CLOEXEC, and uv_spawn() does not say
 * what the child used. Between fork and exec only async-signal-safe calls: other threads may have held any lock. */
#include "loop/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

enum stage { STAGE_FD, STAGE_CWD, STAGE_EXEC };
struct report { int stage, errnum; };

/* What is handed on is duplicated later, and so loses the mark again. */
static void mark_all_cloexec(void)
{
  if (!syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC))
    return;
  struct rlimit lim;
  int top = 1 << 16;
  if (!getrlimit(RLIMIT_NOFILE, &lim) && lim.rlim_cur < (rlim_t)top)
    top = (int)lim.rlim_cur;
  for (int fd = 3; fd < top; fd++)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* In two steps over high numbers, so that no target overwrites a source. */
static int place_fds(const struct sl_exec *x, int *report_fd)
{
  int high[SL_EXEC_FDS], above = 3;
  for (size_t i = 0; i < x->nfd; i++)
    if (x->fd[i].theirs >= above)
      above = x->fd[i].theirs + 1;
  *report_fd = fcntl(*report_fd, F_DUPFD_CLOEXEC, above);
  for (size_t i = 0; i < x->nfd; i++) {
    high[i] = fcntl(x->fd[i].ours, F_DUPFD_CLOEXEC, above);
    if (high[i] < 0)
      return -1;
  }
  for (size_t i = 0; i < x->nfd; i++)
    if (dup2(high[i], x->fd[i].theirs) < 0)
      return -1;
  return 0;
}

static void reset_signals(void)
{
  struct sigaction dfl = { .sa_handler = SIG_DFL };
  for (int s = 1; s < NSIG; s++)
    sigaction(s, &dfl, NULL);
}

static _Noreturn void child_main(const struct sl_exec *x, const char *path, int report_fd, pid_t parent)
{
  struct report r = { .stage = STAGE_FD };
  sigset_t none;
  reset_signals();
  if (x->new_session) {
    setsid();
  } else {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(127);
  }
  mark_all_cloexec();
  if (place_fds(x, &report_fd))
    goto fail;
  r.stage = STAGE_CWD;
  if (x->cwd && chdir(x->cwd))
    goto fail;
  r.stage = STAGE_EXEC;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(path, (char *const *)(uintptr_t)x->argv, (char *const *)(uintptr_t)x->env);
fail:
  r.errnum = errno;
  if (write(report_fd, &r, sizeof r) < 0)
    _exit(126);
  _exit(127);
}

static bool is_program(const char *path)
{
  struct stat st;
  return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static struct sl_str path_of(const char *const *env)
{
  for (; *env; env++)
    if (!strncmp(*env, "PATH=", 5))
      return sl_str(*env + 5);
  return SL_STR("/usr/local/bin:/usr/bin:/bin");
}

/* An empty entry of PATH would be the current folder: skipped, whoever wants that says "./". */
static int find_program(const char *name, const char *const *env, char out[PATH_MAX], struct sl_err *err)
{
  size_t n = strlen(name);
  if (strchr(name, '/') || !n) {
    if (n >= PATH_MAX || !n)
      return sl_err_set(err, SL_ECONFIG, n ? "a program's path is too long" : "a program's name is empty");
    memcpy(out, name, n + 1);
    return SL_OK;
  }
  struct sl_str rest = path_of(env), dir;
  while (sl_str_cut(&rest, ':', &dir)) {
    if (!dir.n || dir.n + n + 2 > PATH_MAX)
      continue;
    memcpy(out, dir.p, dir.n);
    out[dir.n] = '/';
    memcpy(out + dir.n + 1, name, n + 1);
    if (is_program(out))
      return SL_OK;
  }
  return sl_err_set(err, SL_ENOENT, "%s: no such program in PATH; install it, or give its path", name);
}

static int report_error(const struct sl_exec *x, const struct report *r, struct sl_err *err)
{
  switch (r->stage) {
  case STAGE_CWD: return sl_err_sys(err, r->errnum, "cannot enter the folder %s", x->cwd);
  case STAGE_EXEC: return sl_err_sys(err, r->errnum, "cannot run %s", x->argv[0]);
  default: return sl_err_sys(err, r->errnum, "cannot hand descriptors to %s", x->argv[0]);
  }
}

/* Waits for the exec: the pipe's other end closes by it. */
static int read_report(const struct sl_exec *x, int fd, pid_t pid, struct sl_err *err)
{
  struct report r;
  ssize_t n;
  do
    n = read(fd, &r, sizeof r);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t)sizeof r)
    return SL_OK;
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  return report_error(x, &r, err);
}

int sl_exec_start(const struct sl_exec *x, pid_t *pid, struct sl_err *err)
{
  char path[PATH_MAX];
  int report[2];
  int rc = find_program(x->argv[0], x->env, path, err);
  if (rc)
    return rc;
  int fault = sl_fault_io("fork");
  if (fault || pipe2(report, O_CLOEXEC))
    return sl_err_sys(err, fault ? fault : errno, "cannot start %s", x->argv[0]);
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old); /* no handler of ours may run in the child */
  pid_t parent = getpid(), child = fork();
  if (!child)
    child_main(x, path, report[1], parent);
  int errnum = errno;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  close(report[1]);
  rc = child < 0 ? sl_err_sys(err, errnum, "cannot start %s", x->argv[0]) : read_report(x, report[0], child, err);
  close(report[0]);
  *pid = child;
  return rc;
}
