/* tests/torture/wrap.c: the system calls of our own code, each of which can be made to fail (the linker sends them here: -Wl,--wrap).
 *
 * What libraries call by themselves is not ours to harm, nor are standard error (the words that a test looks for come there) and
 * what the fork of a child says to its parent. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <dirent.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "lab.h"
#include "model/audit.h"

void __sanitizer_print_stack_trace(void);

/* Where the failure was made, for whoever looks into a finding. */
static void hit(void)
{
  static bool told;
  if (!lab_tell_where || told)
    return;
  told = true;
  __sanitizer_print_stack_trace();
}

static _Thread_local bool in_audit;

int __real_sl_audit_append(const char *path, struct sl_str fields, sl_ms now, uint64_t *seq, struct sl_err *err);
int __wrap_sl_audit_append(const char *path, struct sl_str fields, sl_ms now, uint64_t *seq, struct sl_err *err);
int __wrap_sl_audit_append(const char *path, struct sl_str fields, sl_ms now, uint64_t *seq, struct sl_err *err)
{
  in_audit = true;
  int rc = __real_sl_audit_append(path, fields, now, seq, err);
  in_audit = false;
  return rc;
}

static bool spared(void)
{
  return lab_audit_only && !in_audit;
}

bool __real_sl_fault_alloc_due(void);
bool __wrap_sl_fault_alloc_due(void);
bool __wrap_sl_fault_alloc_due(void)
{
  bool due = !spared() && __real_sl_fault_alloc_due();
  if (due)
    hit();
  return due;
}

int __real_sl_fault_io(const char *what);
int __wrap_sl_fault_io(const char *what);
int __wrap_sl_fault_io(const char *what)
{
  int due = spared() ? 0 : __real_sl_fault_io(what);
  if (due)
    hit();
  return due;
}

/* How the call fails: with errno, by returning `bad`. */
#define HARM(name, bad) \
  do { \
    int harm_ = sl_fault_io(name); \
    if (harm_) { \
      errno = harm_; \
      return bad; \
    } \
  } while (0)

#define WRAP(type, bad, name, params, args) \
  type __real_##name params; \
  type __wrap_##name params; \
  type __wrap_##name params \
  { \
    HARM(#name, bad); \
    return __real_##name args; \
  }

WRAP(ssize_t, -1, read, (int fd, void *p, size_t n), (fd, p, n))
WRAP(ssize_t, -1, pread64, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
WRAP(ssize_t, -1, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
WRAP(ssize_t, -1, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
WRAP(ssize_t, -1, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WRAP(ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
WRAP(int, -1, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(int, -1, flock, (int fd, int how), (fd, how))
WRAP(int, -1, ftruncate64, (int fd, off_t n), (fd, n))
WRAP(int, -1, fsync, (int fd), (fd))
WRAP(int, -1, rename, (const char *from, const char *to), (from, to))
WRAP(int, -1, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))
WRAP(int, -1, linkat, (int from, const char *a, int to, const char *b, int flags), (from, a, to, b, flags))
WRAP(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(int, -1, pipe2, (int fd[2], int flags), (fd, flags))
WRAP(DIR *, NULL, opendir, (const char *path), (path))
WRAP(DIR *, NULL, fdopendir, (int fd), (fd))
WRAP(struct dirent64 *, NULL, readdir64, (DIR *d), (d))

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
  int e = fd == STDERR_FILENO ? 0 : sl_fault_io("write");
  if (!e)
    return __real_write(fd, p, n);
  if (lab_half && n > 1)
    return __real_write(fd, p, n / 2);
  errno = e;
  return -1;
}

static mode_t mode_of(int flags, va_list ap)
{
  return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(ap, unsigned) : 0;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
  HARM("open", -1);
  va_list ap;
  va_start(ap, flags);
  mode_t mode = mode_of(flags, ap);
  va_end(ap);
  return __real_open64(path, flags, mode);
}

int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...)
{
  HARM("openat", -1);
  va_list ap;
  va_start(ap, flags);
  mode_t mode = mode_of(flags, ap);
  va_end(ap);
  return __real_openat64(dir, path, flags, mode);
}
