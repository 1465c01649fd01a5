/* box/guard.c: the order in which the box shuts itself in, and what it gives up: limits, capabilities, namespaces, dumps.
 *
 * The order matters: a user namespace needs /proc/self/uid_map while we are dumpable; capabilities go after the namespaces that need them;
 * Landlock needs no_new_privs; seccomp comes last, because it refuses the calls that all others are made with. */
#include "box/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GUARD_SANITIZED 1
#else
#define GUARD_SANITIZED 0
#endif

enum { NICE = 5, NOFILE = 4096, THREAD_ROOM = 16, MIB = 1 << 20, ENGINE_ROOM_MIB = 192, PER_THREAD_MIB = 16 };

void guard_fact(struct guard *g, const char *name, bool ok, const char *advice, const char *fmt, ...)
{
  if (g->nfacts == GUARD_FACTS)
    return;
  struct sl_box_fact *f = &g->fact[g->nfacts++];
  *f = (struct sl_box_fact){ .name = name, .ok = ok, .advice = advice };
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(f->value, sizeof f->value, fmt, ap);
  va_end(ap);
}

static bool put_file(const char *path, const char *text)
{
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0)
    close(fd);
  return ok;
}

/* We stay who we are: only the files that the person could read may be read, and none of root's power goes along. */
static bool map_ids(uid_t uid, gid_t gid)
{
  char map[64];
  snprintf(map, sizeof map, "%u %u 1", (unsigned)uid, (unsigned)uid);
  if (!put_file("/proc/self/uid_map", map) || !put_file("/proc/self/setgroups", "deny"))
    return false;
  snprintf(map, sizeof map, "%u %u 1", (unsigned)gid, (unsigned)gid);
  return put_file("/proc/self/gid_map", map);
}

void guard_namespaces(struct guard *g)
{
  uid_t uid = geteuid();
  gid_t gid = getegid();
  const char *advice = "allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces); a chroot refuses them";
  int user = unshare(CLONE_NEWUSER) ? errno : 0;
  g->user_ns = !user && map_ids(uid, gid);
  guard_fact(g, "user namespace", g->user_ns, g->user_ns ? NULL : advice, "%s", g->user_ns ? "own" : user ? strerror(user) : "no id map");
  /* root may make the others without one */
  int net = unshare(CLONE_NEWNET) ? errno : 0;
  guard_fact(g, "network", !net, net ? advice : NULL, "%s", net ? strerror(net) : "own namespace, without a way out");
  int rest = unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS) ? errno : 0;
  guard_fact(g, "mounts and ipc", !rest, rest ? advice : NULL, "%s", rest ? strerror(rest) : "own namespaces");
}

static int limit(int what, rlim_t n, const char *name, struct sl_err *err)
{
  struct rlimit now, want = { n, n };
  if (getrlimit((__rlimit_resource_t)what, &now))
    return sl_err_sys(err, errno, "cannot read the limit %s", name);
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < n)
    want.rlim_cur = want.rlim_max = now.rlim_max;
  return setrlimit((__rlimit_resource_t)what, &want) ? sl_err_sys(err, errno, "cannot limit %s of the box", name) : SL_OK;
}

/* What the engine maps besides its own budget, measured: 20 MiB at rest, 80 MiB under load with two threads, plus stacks. */
static rlim_t data_limit(const struct wire_hello *h)
{
  return h->memory + (rlim_t)ENGINE_ROOM_MIB * MIB + (rlim_t)h->threads * PER_THREAD_MIB * MIB;
}

int guard_limits(struct guard *g, struct sl_err *err)
{
  const struct wire_hello *h = g->hello;
  int rc = limit(RLIMIT_CORE, 0, "core dumps", err);
  if (!rc)
    rc = limit(RLIMIT_FSIZE, h->tmp, "file sizes", err);
  if (!rc)
    rc = limit(RLIMIT_NOFILE, NOFILE, "descriptors", err);
  if (!rc)
    rc = limit(RLIMIT_MEMLOCK, 0, "locked memory", err);
  if (!rc)
    rc = limit(RLIMIT_MSGQUEUE, 0, "message queues", err);
  /* Counted within our own user namespace; without one it would count all that the person runs, and seccomp refuses forks anyway. */
  if (!rc && g->user_ns)
    rc = limit(RLIMIT_NPROC, h->threads + THREAD_ROOM, "threads", err);
  if (!rc && !GUARD_SANITIZED) /* a sanitiser's shadow is larger than any limit */
    rc = limit(RLIMIT_DATA, data_limit(h), "memory", err);
  if (!rc)
    guard_fact(g, "limits", !GUARD_SANITIZED, NULL, "%llu MiB memory%s, %llu MiB files, no core dumps",
               (unsigned long long)(h->memory / MIB), GUARD_SANITIZED ? " (the engine's only: built with a sanitiser)" : "",
               (unsigned long long)(h->tmp / MIB));
  return rc;
}

int guard_capabilities(struct guard *g, struct sl_err *err)
{
  for (int cap = 0; cap <= 63; cap++)
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno == EINVAL)
      break;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };
  if (syscall(SYS_capset, &head, none))
    return sl_err_sys(err, errno, "the box cannot give up its capabilities");
  guard_fact(g, "capabilities", true, NULL, "none");
  return SL_OK;
}

static void ignore(int signum)
{
  struct sigaction ign = { .sa_handler = SIG_IGN };
  sigaction(signum, &ign, NULL);
}

int guard_before(struct guard *g, struct sl_err *err)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ignore(SIGXFSZ); /* a full scratch folder is an error of the write, not the end */
  ignore(SIGPIPE);
  if (setpriority(PRIO_PROCESS, 0, NICE) && errno != EACCES)
    return sl_err_sys(err, errno, "the box cannot lower its priority");
  guard_namespaces(g);
  int rc = guard_limits(g, err);
  if (!rc)
    rc = guard_capabilities(g, err);
  if (!rc && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    rc = sl_err_sys(err, errno, "the box cannot forbid dumps");
  if (!rc)
    guard_fact(g, "dumps and ptrace", true, NULL, "refused to others");
  return rc;
}

int guard_shut(struct guard *g, struct sl_err *err)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    return sl_err_sys(err, errno, "the box cannot set no_new_privs");
  guard_fact(g, "no_new_privs", true, NULL, "set");
  int rc = guard_landlock(g, err);
  return rc ? rc : guard_seccomp(g, err);
}
