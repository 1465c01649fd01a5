/* model/manifest.c: digests of files and folders of this machine, by descriptors, so that what was allowed is what is read. */
#include "model/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"

enum { CHUNK = 256 << 10 };

/* ---- what is known already ---- */

struct known { char sha256[65]; };
struct sl_hashes { pthread_mutex_t lock; struct sl_map map; struct sl_arena mem; };

int sl_hashes_new(struct sl_hashes **out, struct sl_err *err)
{
  struct sl_hashes *h = sl_calloc(1, sizeof *h);
  *out = h;
  if (!h)
    return sl_err_nomem(err);
  pthread_mutex_init(&h->lock, NULL);
  sl_map_init(&h->map);
  sl_arena_init(&h->mem, 0);
  return SL_OK;
}

void sl_hashes_free(struct sl_hashes *h)
{
  if (!h)
    return;
  sl_map_free(&h->map);
  sl_arena_free(&h->mem);
  pthread_mutex_destroy(&h->lock);
  sl_free(h);
}

/* What a file is told by: a new content has a new time of change, which nobody can set back. */
static struct sl_str key_of(const struct stat *st, char *out, size_t n)
{
  int k = snprintf(out, n, "%llx:%llx:%llx:%llx.%lx:%llx.%lx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
                   (unsigned long long)st->st_size, (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
                   (unsigned long long)st->st_ctim.tv_sec, (unsigned long)st->st_ctim.tv_nsec);
  return sl_strn(out, k > 0 && (size_t)k < n ? (size_t)k : 0);
}

static bool known_get(struct sl_hashes *h, struct sl_str key, char out[65])
{
  uint64_t at = 0;
  if (!h)
    return false;
  pthread_mutex_lock(&h->lock);
  bool has = sl_map_get(&h->map, key, &at) && at;
  if (has)
    memcpy(out, ((const struct known *)(uintptr_t)at)->sha256, 65);
  pthread_mutex_unlock(&h->lock);
  return has;
}

/* Not remembered for want of memory: read again another time. */
static void known_put(struct sl_hashes *h, struct sl_str key, const char *sha256)
{
  if (!h)
    return;
  pthread_mutex_lock(&h->lock);
  if (sl_map_count(&h->map) >= SL_HASHES_MAX) {
    sl_map_free(&h->map);
    sl_arena_reset(&h->mem);
  }
  struct known *k = sl_arena_alloc(&h->mem, sizeof *k);
  if (k) {
    memcpy(k->sha256, sha256, 65);
    (void)!sl_map_put(&h->map, key, (uint64_t)(uintptr_t)k, NULL, NULL);
  }
  pthread_mutex_unlock(&h->lock);
}

/* ---- one file ---- */

static int read_all(int fd, struct sl_sha256_ctx *hash, int64_t *got, const struct sl_manifest_budget *left, struct sl_err *err)
{
  char *chunk = sl_alloc(CHUNK);
  int rc = chunk ? SL_OK : sl_err_nomem(err);
  *got = 0;
  while (!rc) {
    ssize_t n = read(fd, chunk, CHUNK);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      rc = sl_err_sys(err, errno, "cannot read");
    if (n <= 0)
      break;
    sl_sha256_add(hash, chunk, (size_t)n);
    *got += n;
    if (left->cancel && atomic_load(left->cancel))
      rc = sl_err_set(err, SL_ECANCELED, "cancelled");
  }
  sl_free(chunk);
  return rc;
}

/* What was allowed before it is opened is counted: a file that grows meanwhile is a conflict. */
static int file_hash(int fd, const struct stat *st, struct sl_hashes *h, struct sl_manifest_budget *left, char out[65], struct sl_err *err)
{
  char name[160];
  struct sl_str key = key_of(st, name, sizeof name);
  struct sl_sha256_ctx *hash = NULL;
  struct stat after;
  int64_t got = 0;
  if (known_get(h, key, out))
    return SL_OK;
  if (st->st_size > left->bytes)
    return sl_err_set(err, SL_EAGAIN, "more bytes than are read for one answer");
  left->bytes -= st->st_size;
  int rc = sl_sha256_open(&hash, err);
  if (rc)
    return rc;
  rc = read_all(fd, hash, &got, left, err);
  struct sl_sha256 d = sl_sha256_end(&hash);
  sl_sha256_hex(&d, out);
  if (!rc && (fstat(fd, &after) || got != st->st_size || after.st_size != st->st_size ||
              after.st_mtim.tv_sec != st->st_mtim.tv_sec || after.st_mtim.tv_nsec != st->st_mtim.tv_nsec))
    rc = sl_err_set(err, SL_ECONFLICT, "a file changed while it was read");
  if (!rc)
    known_put(h, key, out);
  return rc;
}

/* ---- a folder ---- */

struct entry { const char *path; int64_t bytes; char sha256[65]; };
struct walk {
  struct sl_arena mem;
  struct sl_hashes *h;
  struct sl_manifest_budget *left;
  struct entry *e; size_t n, cap;
};

static int walk_dir(struct walk *w, int fd, const char *path, unsigned depth, struct sl_err *err);

static int walk_file(struct walk *w, int dir, const char *name, const char *path, struct sl_err *err)
{
  struct stat st;
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot open %.120s", path);
  int rc = fstat(fd, &st) ? sl_err_sys(err, errno, "cannot look at %.120s", path) : SL_OK;
  if (!rc && !S_ISREG(st.st_mode)) {
    close(fd);
    return SL_OK;
  }
  rc = rc ? rc : sl_grow((void **)&w->e, &w->cap, w->n + 1, sizeof *w->e, SL_MANIFEST_FILES, err);
  if (!rc) {
    struct entry *e = &w->e[w->n];
    *e = (struct entry){ .path = path, .bytes = st.st_size };
    rc = file_hash(fd, &st, w->h, w->left, e->sha256, err);
    w->n += !rc;
  }
  close(fd);
  return rc;
}

static int walk_entry(struct walk *w, int dir, const char *path, const char *name, unsigned depth, struct sl_err *err)
{
  struct stat st;
  if (!strcmp(name, ".") || !strcmp(name, ".."))
    return SL_OK;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
    return SL_OK; /* gone again, or a link: nothing of ours made one */
  if (w->left->files-- <= 0)
    return sl_err_set(err, SL_EAGAIN, "more files than are looked at for one answer");
  char *whole = sl_arena_printf(&w->mem, "%s%s%s", path, *path ? "/" : "", name);
  if (!whole)
    return sl_err_nomem(err);
  if (S_ISREG(st.st_mode))
    return walk_file(w, dir, name, whole, err);
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY);
  return fd < 0 ? sl_err_sys(err, errno, "cannot open %.120s", whole) : walk_dir(w, fd, whole, depth + 1, err);
}

static int walk_dir(struct walk *w, int fd, const char *path, unsigned depth, struct sl_err *err)
{
  DIR *d = depth > SL_MANIFEST_DEPTH ? NULL : fdopendir(fd);
  int rc = SL_OK;
  if (!d) {
    int why = errno;
    close(fd);
    return depth > SL_MANIFEST_DEPTH ? sl_err_set(err, SL_ELIMIT, "folders more than %d deep", SL_MANIFEST_DEPTH)
                                     : sl_err_sys(err, why, "cannot list %.120s", path);
  }
  for (struct dirent *e; !rc && (e = readdir(d));)
    rc = walk_entry(w, fd, path, e->d_name, depth, err);
  closedir(d);
  return rc;
}

static int by_path(const void *a, const void *b)
{
  return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int list_hash(const struct walk *w, struct sl_manifest *out, struct sl_err *err)
{
  struct sl_buf b;
  bool ok = true;
  sl_buf_init(&b, 0);
  sl_buf_ch(&b, '[');
  for (size_t i = 0; i < w->n && ok; i++) {
    sl_buf_printf(&b, "%s{\"bytes\":%lld,\"path\":", i ? "," : "", (long long)w->e[i].bytes);
    ok = sl_json_canon(&b, sl_str(w->e[i].path));
    sl_buf_printf(&b, ",\"sha256\":\"%s\"}", w->e[i].sha256);
    out->bytes += w->e[i].bytes;
  }
  sl_buf_ch(&b, ']');
  int rc = ok ? sl_buf_check(&b, err) : sl_err_set(err, SL_EUNSUP, "a file has a name that is no UTF-8");
  struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
  sl_sha256_hex(&d, out->digest);
  out->files = w->n;
  sl_buf_free(&b);
  return rc;
}

static int folder(struct sl_manifest *out, int fd, struct sl_hashes *h, struct sl_manifest_budget *left, struct sl_err *err)
{
  struct walk w = { .h = h, .left = left };
  sl_arena_init(&w.mem, 0);
  int rc = walk_dir(&w, fd, "", 0, err);
  if (!rc && !w.n)
    rc = sl_err_set(err, SL_ENOENT, "there is no file in it");
  if (!rc)
    qsort(w.e, w.n, sizeof *w.e, by_path);
  rc = rc ? rc : list_hash(&w, out, err);
  sl_free(w.e);
  sl_arena_free(&w.mem);
  return rc;
}

static int single(struct sl_manifest *out, int fd, const struct stat *st, struct sl_hashes *h, struct sl_manifest_budget *left,
                  struct sl_err *err)
{
  int rc = S_ISREG(st->st_mode) ? file_hash(fd, st, h, left, out->digest, err) : sl_err_set(err, SL_EUNSUP, "no regular file");
  out->files = 1;
  out->bytes = st->st_size;
  close(fd);
  return rc;
}

int sl_manifest_fd(struct sl_manifest *out, int fd, struct sl_hashes *h, struct sl_manifest_budget *left, struct sl_err *err)
{
  struct stat st;
  int rc;
  *out = (struct sl_manifest){ .files = 0 };
  if (fstat(fd, &st)) {
    rc = sl_err_sys(err, errno, "cannot look at it");
    close(fd);
    return rc;
  }
  rc = S_ISDIR(st.st_mode) ? folder(out, fd, h, left, err) : single(out, fd, &st, h, left, err);
  if (rc)
    out->digest[0] = 0;
  return rc;
}
