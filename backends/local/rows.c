/* backends/local/rows.c: how many rows a file holds, without reading what only the sandbox may read.
 *
 * Whoever wrote the file has told us (STATE/rows: a line "ROWS SIZE MTIME_NS PATH" each, the path percent-encoded, the last one counts), or
 * it is a small text file and its records are counted here: that takes no parser. Both hold as long as size and time stay. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend_local/local_int.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/hash.h"

enum { ENTRIES_MAX = 500000, FILE_MAX = 64 << 20, COMPACT_AT = 16 << 20, COUNT_MAX = 4 << 20, CHUNK = 64 << 10 };

struct known { int64_t rows, bytes, mtime_ns; };
struct local_rows {
  pthread_mutex_t lock;
  char *file;                          /* NULL: no state folder */
  struct sl_map index;                 /* path -> place in known */
  struct known *known;
  size_t n, cap;
  struct timespec seen;                /* of the file, when it was read */
  off_t seen_size;
};

int local_rows_open(struct local_rows **out, const char *state_dir, struct sl_err *err)
{
  struct local_rows *r = sl_calloc(1, sizeof *r);
  if (!r)
    return sl_err_nomem(err);
  if (state_dir && !(r->file = sl_path_join(state_dir, "rows"))) {
    sl_free(r);
    return sl_err_nomem(err);
  }
  pthread_mutex_init(&r->lock, NULL);
  sl_map_init(&r->index);
  *out = r;
  return SL_OK;
}

void local_rows_free(struct local_rows *r)
{
  if (!r)
    return;
  pthread_mutex_destroy(&r->lock);
  sl_map_free(&r->index);
  sl_free(r->known);
  sl_free(r->file);
  sl_free(r);
}

/* Under the lock. Without memory it stays unknown. */
static void keep(struct local_rows *r, struct sl_str path, struct known k)
{
  uint64_t at;
  void *p = r->known;
  if (sl_map_get(&r->index, path, &at)) {
    r->known[at] = k;
    return;
  }
  int rc = sl_grow(&p, &r->cap, r->n + 1, sizeof *r->known, ENTRIES_MAX, NULL);
  r->known = p;
  if (!rc && !sl_map_put(&r->index, path, r->n, NULL, NULL))
    r->known[r->n++] = k;
}

/* ---- what was noted ---- */

static bool read_line(struct sl_str line, struct known *k, struct sl_buf *path)
{
  struct sl_str rows, bytes, mtime;
  sl_buf_clear(path);
  return sl_str_cut(&line, ' ', &rows) && sl_str_cut(&line, ' ', &bytes) && sl_str_cut(&line, ' ', &mtime) && sl_str_i64(rows, &k->rows) &&
         sl_str_i64(bytes, &k->bytes) && sl_str_i64(mtime, &k->mtime_ns) && k->rows >= 0 && sl_parse_percent(path, line) &&
         !sl_buf_check(path, NULL);
}

void local_rows_load(struct local_rows *r)
{
  struct stat st;
  struct sl_buf text, path;
  struct known k;
  if (!r->file || stat(r->file, &st) || (st.st_size == r->seen_size && st.st_mtim.tv_sec == r->seen.tv_sec &&
      st.st_mtim.tv_nsec == r->seen.tv_nsec))
    return;
  sl_buf_init(&text, FILE_MAX);
  sl_buf_init(&path, 0);
  if (!sl_file_read(&text, r->file, FILE_MAX, NULL)) {
    struct sl_str rest = sl_buf_view(&text), line;
    pthread_mutex_lock(&r->lock);
    while (sl_str_cut(&rest, '\n', &line))
      if (read_line(line, &k, &path))
        keep(r, sl_buf_view(&path), k);
    r->seen = st.st_mtim;
    r->seen_size = st.st_size;
    pthread_mutex_unlock(&r->lock);
  }
  sl_buf_free(&text);
  sl_buf_free(&path);
}

/* Keeps the later half of the lines: what was noted long ago was mostly written again since. */
static void compact(const char *file)
{
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX);
  if (!sl_file_read(&b, file, FILE_MAX, NULL)) {
    struct sl_str half = sl_str_from(sl_buf_view(&b), b.n / 2), line;
    sl_str_cut(&half, '\n', &line);
    if (half.n && sl_file_write(file, half, 0600, NULL)) {
      /* it stays long, and correct */
    }
  }
  sl_buf_free(&b);
}

static int append(const char *file, struct sl_str line, struct sl_err *err)
{
  struct stat st;
  int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot open %s", file);
  ssize_t n;
  do
    n = write(fd, line.p, line.n);
  while (n < 0 && errno == EINTR);
  int rc = n == (ssize_t)line.n ? SL_OK : sl_err_sys(err, n < 0 ? errno : ENOSPC, "cannot write %s", file);
  bool big = !fstat(fd, &st) && st.st_size > COMPACT_AT;
  close(fd);
  if (!rc && big)
    compact(file);
  return rc;
}

int sl_local_rows_note(const char *state_dir, const char *path, int64_t rows, struct sl_err *err)
{
  struct stat st;
  struct sl_buf line;
  if (stat(path, &st))
    return sl_err_sys(err, errno, "cannot look at %s", path);
  char *file = sl_path_join(state_dir, "rows"), *abs = sl_path_abs(path, NULL);
  sl_buf_init(&line, 64 << 10);
  sl_buf_printf(&line, "%lld %lld %lld ", (long long)rows, (long long)st.st_size,
                (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
  sl_fmt_percent(&line, sl_str(abs));
  sl_buf_ch(&line, '\n');
  int rc = file && abs ? sl_buf_check(&line, err) : sl_err_nomem(err);
  if (!rc)
    rc = append(file, sl_buf_view(&line), err);
  sl_buf_free(&line);
  sl_free(file);
  sl_free(abs);
  return rc;
}

/* ---- counting ---- */

enum text_kind { TEXT_NONE, TEXT_CSV, TEXT_LINES };

static enum text_kind kind_of(struct sl_str name)
{
  if (sl_str_ends(name, SL_STR(".csv")) || sl_str_ends(name, SL_STR(".tsv")))
    return TEXT_CSV;
  if (sl_str_ends(name, SL_STR(".ndjson")) || sl_str_ends(name, SL_STR(".jsonl")))
    return TEXT_LINES;
  return TEXT_NONE;
}

struct count { int64_t rows; bool quoted, some; };

static void count_chunk(struct count *c, enum text_kind kind, const char *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '"' && kind == TEXT_CSV)
      c->quoted = !c->quoted;
    if (p[i] != '\n' || c->quoted) {
      c->some = c->some || (p[i] != '\r' && p[i] != '\n');
      continue;
    }
    c->rows += c->some;
    c->some = false;
  }
}

/* -1: it cannot be told. */
static int64_t count_file(const struct local_entry *e, enum text_kind kind)
{
  char name[256], *chunk = sl_alloc(CHUNK);
  struct count c = { 0 };
  int64_t left = e->bytes;
  ssize_t n = -1;
  snprintf(name, sizeof name, "%.*s", SL_ARG(e->name));
  int fd = chunk ? openat(e->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW) : -1;
  while (fd >= 0 && left > 0 && (n = read(fd, chunk, CHUNK)) > 0) {
    count_chunk(&c, kind, chunk, (size_t)n);
    left -= n;
  }
  if (fd >= 0)
    close(fd);
  sl_free(chunk);
  if (left || c.quoted || fd < 0)
    return -1;
  c.rows += c.some;
  return kind == TEXT_CSV ? (c.rows ? c.rows - 1 : 0) : c.rows;
}

int64_t local_rows_of(struct local_rows *r, struct sl_str path, const struct local_entry *e, int64_t *budget)
{
  uint64_t at;
  int64_t rows = -1;
  pthread_mutex_lock(&r->lock);
  if (sl_map_get(&r->index, path, &at) && r->known[at].bytes == e->bytes && r->known[at].mtime_ns == e->mtime_ns)
    rows = r->known[at].rows;
  pthread_mutex_unlock(&r->lock);
  enum text_kind kind = rows < 0 && e->known ? kind_of(e->name) : TEXT_NONE;
  if (kind == TEXT_NONE || e->bytes > COUNT_MAX || e->bytes > *budget)
    return rows;
  *budget -= e->bytes;
  rows = count_file(e, kind);
  if (rows >= 0) {
    pthread_mutex_lock(&r->lock);
    keep(r, path, (struct known){ rows, e->bytes, e->mtime_ns });
    pthread_mutex_unlock(&r->lock);
  }
  return rows;
}
