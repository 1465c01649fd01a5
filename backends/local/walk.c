/* backends/local/walk.c: the entries of a folder, and of those below it.
 *
 * One open folder at a time; those still to do are remembered by name. A folder that is reached twice (a link, a mount) is entered once, so
 * loops of links end; a link that leads out of the top is told as unreadable (EXDEV): nobody's link makes us walk the whole machine. Names
 * are bytes and stay as they are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "base/hash.h"
#include "base/text.h"

enum { FOLDERS_MAX = 4000000, LOOK_EVERY = 256, CUT_CELLS = 90 };
#define TMP_PREFIX ".sluice-"

struct walk {
  const struct local_walk *w;
  int top;
  char **todo;
  size_t n, cap;
  struct sl_map seen;
  struct sl_buf rel;
  unsigned since;
};

sl_ms local_entry_ms(const struct local_entry *e)
{
  return e->mtime_ns / 1000000;
}

void local_etag(char out[40], int64_t bytes, int64_t mtime_ns, uint64_t ino)
{
  snprintf(out, 40, "%llx-%llx-%llx", (unsigned long long)mtime_ns, (unsigned long long)ino, (unsigned long long)bytes);
}

void local_tmp_name(char out[LOCAL_TMP_LEN])
{
  uint64_t x = 0;
  if (sl_random(&x, sizeof x, NULL))
    x = (uint64_t)getpid() * 0x9e3779b97f4a7c15u;
  snprintf(out, LOCAL_TMP_LEN, TMP_PREFIX "%016llx", (unsigned long long)x);
}

bool local_is_tmp(const char *name)
{
  return strncmp(name, TMP_PREFIX, sizeof TMP_PREFIX - 1) == 0;
}

void local_cut(struct sl_feed *f, const char *text)
{
  struct sl_buf note;
  sl_buf_init(&note, 4096);
  sl_text_fit(&note, sl_str(text), CUT_CELLS, SL_KEEP_ENDS, true);
  sl_feed_cut(f, note.failed ? "" : sl_buf_zstr(&note));
  sl_buf_free(&note);
}

static int push(struct walk *k, struct sl_str rel, struct sl_err *err)
{
  void *p = k->todo;
  int rc = sl_grow(&p, &k->cap, k->n + 1, sizeof *k->todo, FOLDERS_MAX, err);
  k->todo = p;
  if (rc)
    return rc;
  k->todo[k->n] = sl_strndup(rel.n ? rel.p : "", rel.n);
  return k->todo[k->n++] ? SL_OK : sl_err_nomem(err);
}

/* True where the folder was not entered before. */
static int first_time(struct walk *k, int fd, bool *first, struct sl_err *err)
{
  struct stat st;
  char key[48];
  *first = true;
  if (!k->w->deep || fstat(fd, &st))
    return SL_OK;
  int n = snprintf(key, sizeof key, "%llx:%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
  *first = !sl_map_get(&k->seen, sl_strn(key, (size_t)n), NULL);
  return sl_map_put(&k->seen, sl_strn(key, (size_t)n), 1, NULL, err);
}

static void look_at(struct local_entry *e, const struct dirent *d)
{
  struct stat st;
  e->folder = d->d_type == DT_DIR;
  if (fstatat(e->dir, d->d_name, &st, 0) && fstatat(e->dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
    return;
  e->known = true;
  e->folder = S_ISDIR(st.st_mode);
  e->bytes = st.st_size;
  e->ino = st.st_ino;
  e->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static int one_entry(struct walk *k, int fd, struct sl_str rel, const struct dirent *d, struct sl_err *err)
{
  if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || local_is_tmp(d->d_name))
    return SL_OK;
  if (k->w->feed && ++k->since % LOOK_EVERY == 0) {
    sl_feed_touch(k->w->feed);
    if (sl_feed_cancelled(k->w->feed))
      return SL_ECANCELED;
  }
  struct local_entry e = { .name = sl_str(d->d_name), .dir = fd };
  look_at(&e, d);
  sl_buf_clear(&k->rel);
  sl_buf_str(&k->rel, rel);
  sl_buf_z(&k->rel, rel.n ? "/" : "");
  sl_buf_str(&k->rel, e.name);
  int rc = sl_buf_check(&k->rel, err);
  e.rel = sl_buf_view(&k->rel);
  if (!rc)
    rc = k->w->entry(k->w->user, &e, err);
  if (!rc && k->w->deep && e.folder)
    rc = push(k, e.rel, err);
  return rc;
}

static void cannot(struct walk *k, struct sl_str rel, int errnum)
{
  if (k->w->unreadable)
    k->w->unreadable(k->w->user, rel, errnum);
}

/* A folder below the top that really lies elsewhere. */
static bool leads_out(const struct walk *k, int fd)
{
  char link[64], top[4096], real[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", k->top);
  ssize_t n = readlink(link, top, sizeof top - 1);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t m = readlink(link, real, sizeof real - 1);
  return n > 0 && m > 0 && !local_inside(sl_strn(real, (size_t)m), sl_strn(top, (size_t)n));
}

static int one_folder(struct walk *k, struct sl_str rel, struct sl_err *err)
{
  bool first;
  int fd = openat(k->top, rel.n ? rel.p : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT || !rel.n) /* gone meanwhile is no gap */
      cannot(k, rel, errno);
    return SL_OK;
  }
  if (rel.n && leads_out(k, fd)) {
    close(fd);
    cannot(k, rel, EXDEV);
    return SL_OK;
  }
  int rc = first_time(k, fd, &first, err);
  DIR *d = rc || !first ? NULL : fdopendir(fd);
  if (!d) {
    if (!rc && first)
      cannot(k, rel, errno);
    close(fd);
    return rc;
  }
  struct dirent *at;
  errno = 0;
  while (!rc && (at = readdir(d))) {
    rc = one_entry(k, dirfd(d), rel, at, err);
    errno = 0;
  }
  if (!rc && errno)
    cannot(k, rel, errno);
  closedir(d);
  return rc;
}

int local_walk(const char *path, const struct local_walk *w, struct sl_err *err)
{
  struct walk k = { .w = w };
  k.top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (k.top < 0)
    return sl_err_sys(err, errno, "cannot list %s", path);
  sl_map_init(&k.seen);
  sl_buf_init(&k.rel, 1 << 20);
  int rc = w->in ? local_stays(w->in, k.top, path, err) : SL_OK;
  if (!rc)
    rc = push(&k, SL_STR(""), err);
  while (!rc && k.n) {
    char *rel = k.todo[--k.n];
    rc = one_folder(&k, sl_str(rel), err);
    sl_free(rel);
  }
  while (k.n)
    sl_free(k.todo[--k.n]);
  sl_free(k.todo);
  sl_buf_free(&k.rel);
  sl_map_free(&k.seen);
  close(k.top);
  return rc;
}
