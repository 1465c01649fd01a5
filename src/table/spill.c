/* table/spill.c: one unlinked file of mode 0600 for what does not fit into memory: blocks by pread, hashes and permutations mapped.
 *
 * The name is gone before the first byte is written, so nothing stays behind whatever happens. Free space is a sorted list of extents,
 * first fit; space of mapped pieces is reserved first, as a full disk would otherwise end the program by a signal. */
#include "table/spill_int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { SPILL_ALIGN = 4096, SLOTS_A_WINDOW = 256, SPILL_EXTENTS_MAX = 1 << 24 };

struct extent { int64_t off, len; };
struct window { char *p; int64_t off; };

struct spill {
  pthread_mutex_t lock;
  char *dir;
  int fd;
  int64_t end;
  size_t used;
  struct extent *ext;
  size_t next, cap;
  struct window *win;
  size_t nwin, capwin;
  int32_t *idle;       /* slots that nobody holds */
  size_t nidle, capidle;
};

int spill_new(struct spill **out, const char *dir, struct sl_err *err)
{
  struct spill *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  s->fd = -1;
  s->dir = sl_strdup(dir);
  if ((dir && !s->dir) || pthread_mutex_init(&s->lock, NULL)) {
    sl_free(s->dir);
    sl_free(s);
    return sl_err_nomem(err);
  }
  *out = s;
  return SL_OK;
}

void spill_free(struct spill *s)
{
  if (!s)
    return;
  for (size_t i = 0; i < s->nwin; i++)
    munmap(s->win[i].p, (size_t)SLOTS_A_WINDOW * SPILL_SLOT);
  if (s->fd >= 0)
    close(s->fd);
  pthread_mutex_destroy(&s->lock);
  sl_free(s->dir);
  sl_free(s->ext);
  sl_free(s->win);
  sl_free(s->idle);
  sl_free(s);
}

size_t spill_used(struct spill *s)
{
  pthread_mutex_lock(&s->lock);
  size_t n = s->used;
  pthread_mutex_unlock(&s->lock);
  return n;
}

static int spill_open(struct spill *s, struct sl_err *err)
{
  if (s->fd >= 0)
    return SL_OK;
  if (!s->dir)
    return sl_err_set(err, SL_ELIMIT, "the memory for tables is used up and there is no folder to spill to; narrow the query");
  int pretend = sl_fault_io("spill open");
  char *path = sl_asprintf("%s/sluice-spill-XXXXXX", s->dir);
  if (!path)
    return sl_err_nomem(err);
  int fd = pretend ? -1 : mkostemp(path, O_CLOEXEC);
  int rc = SL_OK;
  if (fd < 0)
    rc = sl_err_sys(err, pretend ? pretend : errno, "cannot make a spill file in %.160s", s->dir);
  else if (unlink(path) || fchmod(fd, 0600))
    rc = sl_err_sys(err, errno, "cannot hide the spill file %.160s", path);
  sl_free(path);
  if (rc && fd >= 0)
    close(fd);
  else if (!rc)
    s->fd = fd;
  return rc;
}

static int64_t round_up(size_t n)
{
  return ((int64_t)n + SPILL_ALIGN - 1) & ~(int64_t)(SPILL_ALIGN - 1);
}

/* lock held */
static int64_t extent_take(struct spill *s, size_t n)
{
  int64_t need = round_up(n);
  s->used += (size_t)need;
  for (size_t i = 0; i < s->next; i++) {
    if (s->ext[i].len < need)
      continue;
    int64_t off = s->ext[i].off;
    s->ext[i].off += need;
    s->ext[i].len -= need;
    if (!s->ext[i].len)
      memmove(&s->ext[i], &s->ext[i + 1], (--s->next - i) * sizeof *s->ext);
    return off;
  }
  int64_t off = s->end;
  s->end += need;
  return off;
}

/* lock held. Without memory for the list the space is lost until the file goes, which is all that can be done. */
static void extent_give(struct spill *s, int64_t off, size_t n)
{
  int64_t len = round_up(n);
  s->used -= (size_t)len;
  size_t i = s->next;
  while (i && s->ext[i - 1].off > off)
    i--;
  bool joins_left = i && s->ext[i - 1].off + s->ext[i - 1].len == off, joins_right = i < s->next && off + len == s->ext[i].off;
  if (joins_left && joins_right) {
    s->ext[i - 1].len += len + s->ext[i].len;
    memmove(&s->ext[i], &s->ext[i + 1], (--s->next - i) * sizeof *s->ext);
  } else if (joins_left) {
    s->ext[i - 1].len += len;
  } else if (joins_right) {
    s->ext[i].off = off;
    s->ext[i].len += len;
  } else if (sl_grow((void **)&s->ext, &s->cap, s->next + 1, sizeof *s->ext, SPILL_EXTENTS_MAX, NULL) == SL_OK) {
    memmove(&s->ext[i + 1], &s->ext[i], (s->next++ - i) * sizeof *s->ext);
    s->ext[i] = (struct extent){ off, len };
  }
  if (!s->used && s->fd >= 0 && ftruncate(s->fd, 0) == 0) { /* nobody is there: the disk gets its space back */
    s->next = 0;
    s->end = 0;
  }
}

static int extent_new(struct spill *s, size_t n, int64_t *off, struct sl_err *err)
{
  pthread_mutex_lock(&s->lock);
  int rc = spill_open(s, err);
  if (!rc)
    *off = extent_take(s, n);
  pthread_mutex_unlock(&s->lock);
  return rc;
}

void spill_drop(struct spill *s, int64_t off, size_t n)
{
  pthread_mutex_lock(&s->lock);
  extent_give(s, off, n);
  pthread_mutex_unlock(&s->lock);
}

int spill_write(struct spill *s, struct sl_str bytes, int64_t *off, struct sl_err *err)
{
  int rc = extent_new(s, bytes.n, off, err);
  if (rc)
    return rc;
  for (size_t at = 0; at < bytes.n;) {
    int pretend = sl_fault_io("spill write");
    ssize_t n = pretend ? -1 : pwrite(s->fd, bytes.p + at, bytes.n - at, *off + (int64_t)at);
    int e = pretend ? pretend : errno;
    if (n < 0 && e == EINTR)
      continue;
    if (n <= 0) {
      spill_drop(s, *off, bytes.n);
      return sl_err_sys(err, n ? e : EIO, "cannot write to the spill file in %.160s", s->dir);
    }
    at += (size_t)n;
  }
  return SL_OK;
}

int spill_read(struct spill *s, int64_t off, void *p, size_t n, struct sl_err *err)
{
  for (size_t at = 0; at < n;) {
    int pretend = sl_fault_io("spill read");
    ssize_t got = pretend ? -1 : pread(s->fd, (char *)p + at, n - at, off + (int64_t)at);
    int e = pretend ? pretend : errno;
    if (got < 0 && e == EINTR)
      continue;
    if (got <= 0)
      return sl_err_sys(err, got ? e : EIO, "cannot read back from the spill file in %.160s", s->dir);
    at += (size_t)got;
  }
  return SL_OK;
}

int spill_map(struct spill *s, size_t n, void **p, int64_t *off, struct sl_err *err)
{
  int rc = extent_new(s, n, off, err);
  if (rc)
    return rc;
  size_t len = (size_t)round_up(n);
  int pretend = sl_fault_io("spill map");
  int e = pretend ? pretend : posix_fallocate(s->fd, *off, (off_t)len);
  void *m = e ? MAP_FAILED : mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, *off);
  if (m == MAP_FAILED) {
    rc = sl_err_sys(err, e ? e : errno, "cannot reserve %zu MiB in the spill file in %.120s", len >> 20, s->dir);
    spill_drop(s, *off, n);
    return rc;
  }
  *p = m;
  return SL_OK;
}

void spill_unmap(struct spill *s, void *p, int64_t off, size_t n)
{
  munmap(p, (size_t)round_up(n));
  spill_drop(s, off, n);
}

/* ---- slots ---- */

static int window_add(struct spill *s, struct sl_err *err)
{
  void *p;
  int64_t off;
  int rc = spill_map(s, (size_t)SLOTS_A_WINDOW * SPILL_SLOT, &p, &off, err);
  if (rc)
    return rc;
  pthread_mutex_lock(&s->lock);
  rc = sl_grow((void **)&s->win, &s->capwin, s->nwin + 1, sizeof *s->win, INT32_MAX / SLOTS_A_WINDOW, err);
  if (!rc)
    rc = sl_grow((void **)&s->idle, &s->capidle, (s->nwin + 1) * SLOTS_A_WINDOW, sizeof *s->idle, INT32_MAX, err);
  if (!rc) {
    for (int i = SLOTS_A_WINDOW; i-- > 0;)
      s->idle[s->nidle++] = (int32_t)s->nwin * SLOTS_A_WINDOW + i;
    s->win[s->nwin++] = (struct window){ p, off };
  }
  pthread_mutex_unlock(&s->lock);
  if (rc)
    spill_unmap(s, p, off, (size_t)SLOTS_A_WINDOW * SPILL_SLOT);
  return rc;
}

int spill_slot(struct spill *s, int32_t *slot, void **p, struct sl_err *err)
{
  for (;;) {
    pthread_mutex_lock(&s->lock);
    bool there = s->nidle > 0;
    if (there) {
      *slot = s->idle[--s->nidle];
      *p = s->win[*slot / SLOTS_A_WINDOW].p + (size_t)(*slot % SLOTS_A_WINDOW) * SPILL_SLOT;
    }
    pthread_mutex_unlock(&s->lock);
    if (there)
      return SL_OK;
    int rc = window_add(s, err);
    if (rc)
      return rc;
  }
}

void spill_slot_drop(struct spill *s, int32_t slot)
{
  pthread_mutex_lock(&s->lock);
  s->idle[s->nidle++] = slot; /* has room for every slot there is */
  pthread_mutex_unlock(&s->lock);
}
