/* judge/lease_dir.c: a lease as a file in a folder that all approvers see, local or on a network.
 *
 * The files of one model are numbered, NAME.1, NAME.2, ...; the highest is the lease that counts, held, given back or run out. Whoever
 * wants it makes the next number, by link(), which every file system does for one alone; so nothing that somebody else holds is ever
 * removed or renamed, and a slow one who saw an old state finds its number taken, or a higher one beside its own. Given back means: the
 * file is replaced by one that says so; the highest number never falls.
 *
 * A lease's age is its file's time against that of a file written just now: both are the storage's, so that no machine's clock matters.
 * What a file says is for words only: a liar in this folder can keep others waiting, as long as SL_LEASE_MS, and win nothing. */
#include "judge/lease.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

enum { TRIES = 16, DIGITS = 15, KEEP = 4, LITTER_MS = 3600000 };

struct seen { struct stat st; struct sl_holder h; bool readable; };
struct mine { int fd; char temp[96]; struct stat st; };   /* the folder, and our file in it under its first name */

static int64_t boot_ms(void)
{
  struct timespec t = { 0 };
  clock_gettime(CLOCK_BOOTTIME, &t); /* a sleeping machine's lease runs out all the same */
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_ms(void)
{
  struct timespec t = { 0 };
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t time_of(const struct stat *st) { return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000; }

static int dir_fail(struct sl_err *err, int e, const char *dir)
{
  const char *advice = e == ENOENT ? "; make it, on storage that all approvers see" : e == EACCES || e == EROFS || e == EPERM
                       ? "; whoever decides must be able to write there" : "";
  int code = e == EACCES || e == EROFS || e == EPERM ? SL_EDENIED : e == ENOENT || e == ENOTDIR ? SL_ECONFIG : SL_EIO;
  return sl_err_set(err, code, "the folder of leases %.100s: %s%s", dir, strerror(e), advice);
}

static int dir_open(const char *dir, int *fd, struct sl_err *err)
{
  *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return *fd < 0 ? dir_fail(err, errno, dir) : SL_OK;
}

int sl_lease_dir_look(const char *dir, struct sl_err *err)
{
  int fd, rc = dir_open(dir, &fd, err);
  if (rc)
    return rc;
  rc = faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) ? dir_fail(err, errno, dir) : SL_OK;
  close(fd);
  return rc;
}

/* ---- our file ---- */

static int all_written(int fd, struct sl_str s)
{
  return sl_fd_write(fd, s) || fsync(fd) ? errno : 0;
}

static int file_make(int dir, const char *name, const struct sl_holder *h, struct stat *st, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, SL_LEASE_TEXT_MAX);
  int rc = sl_holder_text(&b, h, err), e = 0;
  int fd = rc ? -1 : openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (!rc && fd < 0)
    e = errno;
  if (fd >= 0) {
    e = fchmod(fd, 0644) ? errno : 0; /* the others read who it is */
    e = e ? e : all_written(fd, sl_buf_view(&b));
    e = e ? e : fstat(fd, st) ? errno : 0;
    if (close(fd) && !e)
      e = errno; /* a network's storage may tell only now */
  }
  if (e && fd >= 0)
    unlinkat(dir, name, 0);
  sl_buf_free(&b);
  if (e == EEXIST)
    return SL_EEXIST;
  return rc ? rc : e ? dir_fail(err, e, name) : SL_OK;
}

static int mine_begin(struct mine *m, const char *dir, const char *name, const struct sl_holder *h, struct sl_err *err)
{
  char uuid[37];
  int rc = sl_uuid4(uuid, err);
  rc = rc ? rc : dir_open(dir, &m->fd, err);
  if (rc)
    return rc;
  snprintf(m->temp, sizeof m->temp, ".%s.%s", name, uuid);
  rc = file_make(m->fd, m->temp, h, &m->st, err);
  if (rc)
    close(m->fd);
  return rc;
}

static void mine_end(struct mine *m)
{
  unlinkat(m->fd, m->temp, 0);
  close(m->fd);
}

/* ---- the others' ---- */

static bool number_of(const char *file, const char *name, uint64_t *out)
{
  size_t n = strlen(name);
  if (strncmp(file, name, n) != 0 || file[n] != '.' || file[n + 1] < '1' || file[n + 1] > '9' || strlen(file + n + 1) > DIGITS)
    return false;
  return sl_str_u64(sl_str(file + n + 1), out);
}

static int each_file(int dir, void (*fn)(void *user, int dir, const char *file), void *user)
{
  int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd < 0 ? NULL : fdopendir(fd);
  int e = d ? 0 : errno;
  if (!d && fd >= 0)
    close(fd);
  errno = 0;
  for (const struct dirent *f; d && (f = readdir(d)); errno = 0)
    fn(user, dir, f->d_name);
  e = e ? e : errno;
  if (d)
    closedir(d);
  return e;
}

struct looking { const char *name; uint64_t highest; int64_t now; };

static void look_number(void *user, int dir, const char *file)
{
  struct looking *l = user;
  uint64_t n;
  (void)dir;
  if (number_of(file, l->name, &n) && n > l->highest)
    l->highest = n;
}

static int highest(int dir, const char *name, uint64_t *out, struct sl_err *err)
{
  struct looking l = { .name = name };
  int e = each_file(dir, look_number, &l);
  *out = l.highest;
  return e ? dir_fail(err, e, name) : SL_OK;
}

/* Old numbers, and what somebody who died left behind before it had a number. */
static void sweep_one(void *user, int dir, const char *file)
{
  const struct looking *l = user;
  uint64_t n;
  struct stat st;
  bool old = number_of(file, l->name, &n) && n + KEEP <= l->highest;
  bool temp = file[0] == '.' && !strncmp(file + 1, l->name, strlen(l->name)) && !fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) &&
              l->now - time_of(&st) > LITTER_MS;
  if (old || temp)
    unlinkat(dir, file, 0);
}

static int see(int dir, const char *file, struct seen *s, struct sl_err *err)
{
  char text[SL_LEASE_TEXT_MAX + 1];
  *s = (struct seen){ .readable = false };
  int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return SL_ENOENT;
  int bad = fd < 0 ? fstatat(dir, file, &s->st, AT_SYMLINK_NOFOLLOW) : fstat(fd, &s->st);
  ssize_t n = bad || fd < 0 || !S_ISREG(s->st.st_mode) ? -1 : read(fd, text, sizeof text);
  if (fd >= 0)
    close(fd);
  if (bad || !S_ISREG(s->st.st_mode))
    return sl_err_set(err, SL_EIO, "%.90s in the folder of leases is no lease's file; remove it when you know what it is", file);
  s->readable = n >= 0 && sl_holder_read(&s->h, sl_strn(text, (size_t)n));
  return SL_OK;
}

/* ECONFLICT: it is held. */
static int free_now(const struct seen *s, const struct mine *m, const char *file, struct sl_buf *note, struct sl_err *err)
{
  int64_t age = time_of(&m->st) - time_of(&s->st), left = SL_LEASE_MS + SL_LEASE_GRACE_MS - age;
  if (s->readable && !s->h.until)
    return SL_OK;
  if (left > SL_LEASE_MS + SL_LEASE_SKEW_MS)
    return sl_err_set(err, SL_ECONFLICT, "the time of %.70s in the folder of leases lies ahead of the storage's own; remove the file if "
                      "nobody decides now", file);
  if (left > 0)
    return sl_holder_busy(s->readable ? &s->h : NULL, wall_ms() + left, file, err);
  if (s->readable)
    sl_buf_printf(note, "took over the lease %s of %s (process %lld on %s), which ended %lld s ago", file, s->h.by, (long long)s->h.pid,
                  s->h.host, (long long)(-left / 1000));
  else
    sl_buf_printf(note, "took over the lease %s of somebody who cannot be read, which ended %lld s ago", file, (long long)(-left / 1000));
  return SL_OK;
}

/* ---- the next number ---- */

/* EEXIST: somebody was quicker. The answer of a network may be lost although it was done: then our file has two names. */
static int number_make(const struct mine *m, const char *file, const struct sl_holder *me, struct sl_err *err)
{
  struct stat st;
  if (!linkat(m->fd, m->temp, m->fd, file, 0))
    return SL_OK;
  int e = errno;
  if (!fstatat(m->fd, m->temp, &st, AT_SYMLINK_NOFOLLOW) && st.st_nlink == 2)
    return SL_OK;
  if (e == EEXIST)
    return SL_EEXIST;
  if (e == EPERM || e == EOPNOTSUPP || e == ENOSYS || e == EMLINK) /* no hard links there */
    return file_make(m->fd, file, me, &st, err);
  return dir_fail(err, e, file);
}

static int try_once(struct sl_lease_dir *x, const struct mine *m, const struct sl_holder *me, struct sl_buf *note, struct sl_err *err)
{
  char file[64];
  struct seen s;
  uint64_t n, top;
  sl_buf_clear(note);
  int rc = highest(m->fd, x->name, &n, err);
  if (!rc && n) {
    snprintf(file, sizeof file, "%s.%llu", x->name, (unsigned long long)n);
    rc = see(m->fd, file, &s, err);
    rc = rc == SL_ENOENT ? SL_EAGAIN : rc ? rc : free_now(&s, m, file, note, err);
  }
  if (rc)
    return rc;
  snprintf(file, sizeof file, "%s.%llu", x->name, (unsigned long long)(n + 1));
  if (strlen(file) > strlen(x->name) + 1 + DIGITS)
    return sl_err_set(err, SL_ELIMIT, "the leases' numbers have run out: %.70s; remove the files of that name when nobody decides", file);
  rc = number_make(m, file, me, err);
  rc = rc ? rc : highest(m->fd, x->name, &top, err);
  if (!rc && top == n + 1)
    x->number = top;
  bool overtaken = !rc && top != n + 1; /* what we saw was old, and what we made counts for nothing */
  return rc == SL_EEXIST || overtaken ? SL_EAGAIN : rc;
}

int sl_lease_dir_take(struct sl_lease_dir *x, const char *dir, struct sl_str what, const struct sl_holder *me, struct sl_buf *note,
                      struct sl_err *err)
{
  struct mine m;
  char hex[65];
  const struct sl_sha256 d = sl_sha256(what);
  sl_sha256_hex(&d, hex);
  *x = (struct sl_lease_dir){ .taken = boot_ms() };
  snprintf(x->name, sizeof x->name, "lease-%.32s", hex);
  memcpy(x->nonce, me->nonce, sizeof x->nonce);
  int rc = mine_begin(&m, dir, x->name, me, err);
  if (rc)
    return rc;
  rc = SL_EAGAIN;
  for (int i = 0; i < TRIES && rc == SL_EAGAIN; i++)
    rc = try_once(x, &m, me, note, err);
  if (rc == SL_EAGAIN)
    rc = sl_err_set(err, SL_ECONFLICT, "others take the lease all the time; look again (%s)", x->name);
  if (!rc) {
    struct looking l = { x->name, x->number, time_of(&m.st) };
    (void)!fsync(m.fd); /* where folders can be synced; the number is made by now */
    (void)each_file(m.fd, sweep_one, &l);
  }
  mine_end(&m);
  return rc;
}

/* ---- while it is held ---- */

static int ours(const struct sl_lease_dir *x, int fd, char *file, size_t size, struct sl_err *err)
{
  struct seen s;
  uint64_t n;
  int rc = highest(fd, x->name, &n, err);
  snprintf(file, size, "%s.%llu", x->name, (unsigned long long)x->number);
  if (!rc && n == x->number)
    rc = see(fd, file, &s, err);
  if (rc && rc != SL_ENOENT)
    return rc;
  if (rc || n != x->number || !s.readable || !s.h.until || strcmp(s.h.nonce, x->nonce) != 0)
    return sl_err_set(err, SL_ECONFLICT, "the lease was taken away meanwhile; look again (%s)", file);
  return SL_OK;
}

int sl_lease_dir_check(const struct sl_lease_dir *x, const char *dir, struct sl_err *err)
{
  char file[64];
  int fd, rc = dir_open(dir, &fd, err);
  if (rc)
    return rc;
  rc = ours(x, fd, file, sizeof file, err);
  close(fd);
  int64_t left = SL_LEASE_MS - (boot_ms() - x->taken);
  if (!rc && left < SL_LEASE_NEEDS_MS)
    rc = sl_err_set(err, SL_ECONFLICT, "looking again took %lld s, and the lease does not last for the writing; try again",
                    (long long)((SL_LEASE_MS - left) / 1000));
  return rc;
}

int sl_lease_dir_give_back(const struct sl_lease_dir *x, const char *dir, const struct sl_holder *me, struct sl_err *err)
{
  struct mine m;
  char file[64];
  struct sl_holder free_again = *me;
  free_again.until = 0;
  int rc = mine_begin(&m, dir, x->name, &free_again, err);
  if (rc)
    return rc;
  rc = ours(x, m.fd, file, sizeof file, err);
  if (!rc && renameat(m.fd, m.temp, m.fd, file))
    rc = dir_fail(err, errno, file);
  mine_end(&m);
  return rc;
}
