/* box/sample.c: numbers of a column, sorted, whatever their number.
 *
 * On disk: what came is sorted in memory, run by run, and written to one file; at the cut all runs are merged into another. Both have lost
 * their names at once, so that a box that is killed leaves nothing. The merged file is mapped: what a test walks over is read as it comes
 * and forgotten as the kernel likes. Only our own writes make the files, so that no page of them is missing. */
#include "box/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "compute/stat.h"

enum { SORT_THREADS = 64, PART_MIN = 1 << 16, BLOCK = 1 << 15, RUNS_MAX = 1 << 20, FIRST = 1 << 12 };
struct sample_run { uint64_t from, n; };

/* ---- sorting in memory ---- */

/* A thread's part: values to sort, or ranks of two sorted neighbours to merge. */
struct part { const double *a, *b; double *x, *other; size_t na, nb, from, upto; };

static void *sort_part(void *user)
{
  struct part *p = user;
  sl_stat_sort(p->x, p->other, p->na);
  return NULL;
}

static void *merge_part(void *user)
{
  struct part *p = user;
  sl_stat_merge(p->a, p->na, p->b, p->nb, p->from, p->upto, p->x);
  return NULL;
}

static void all_parts(struct part *p, size_t n, void *(*fn)(void *))
{
  pthread_t id[SORT_THREADS];
  size_t started = 0;
  while (started + 1 < n && !pthread_create(&id[started], NULL, fn, &p[started]))
    started++;
  for (size_t i = started; i < n; i++)
    fn(&p[i]);
  for (size_t i = 0; i < started; i++)
    pthread_join(id[i], NULL);
}

/* Of k sorted pieces pairs of `width` become one; each piece's thread makes its share of the pair. */
static void merge_pieces(const double *from, double *to, size_t n, size_t k, size_t width)
{
  struct part part[SORT_THREADS];
  for (size_t i = 0; i < k; i++) {
    size_t pair = i / (2 * width) * 2 * width, lo = n * pair / k, mid = n * (pair + width) / k, hi = n * (pair + 2 * width) / k;
    size_t at = i - pair, all = hi - lo;
    part[i] = (struct part){ .a = from + lo, .na = mid - lo, .b = from + mid, .nb = hi - mid, .x = to + lo,
                             .from = all * at / (2 * width), .upto = all * (at + 1) / (2 * width) };
  }
  all_parts(part, k, merge_part);
}

void sample_sort(double *x, double *other, size_t n, unsigned threads, double **in)
{
  struct part part[SORT_THREADS];
  size_t k = 1;
  while (2 * k <= threads && 2 * k <= SORT_THREADS && n / (2 * k) >= PART_MIN)
    k *= 2;
  for (size_t i = 0; i < k; i++) {
    size_t lo = n * i / k, hi = n * (i + 1) / k;
    part[i] = (struct part){ .x = x + lo, .other = other + lo, .na = hi - lo };
  }
  all_parts(part, k, sort_part);
  for (size_t width = 1; width < k; width *= 2) {
    double *t = x;
    merge_pieces(x, other, n, k, width);
    x = other;
    other = t;
  }
  *in = x;
}

/* ---- files ---- */

static int full(const struct sample *s, int e, struct sl_err *err)
{
  if (e == ENOSPC || e == EFBIG || e == EDQUOT)
    return sl_err_set(err, SL_ELIMIT, "no room in the box's folder for the sorted values of a column (%llu MB written): free space, or "
                                      "raise box.tmp or box.memory in config.yaml",
                      (unsigned long long)((s->runs_at + s->sorted) * sizeof(double) / 1000000));
  return sl_err_sys(err, e, "cannot keep the sorted values of a column in the box's folder");
}

static int open_file(struct sample *s, int *fd, struct sl_err *err)
{
  static unsigned serial;      /* one worker, one thread that opens */
  if (*fd >= 0)
    return SL_OK;
  char *path = sl_asprintf("%s/sorted-%u", s->dir, serial++);
  if (!path)
    return sl_err_nomem(err);
  *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int e = errno;
  if (*fd >= 0)
    unlink(path);
  sl_free(path);
  return *fd < 0 ? full(s, e, err) : SL_OK;
}

static int put(struct sample *s, int fd, const double *x, size_t n, struct sl_err *err)
{
  if (s->limit && (s->runs_at + s->sorted + n) * sizeof *x > s->limit)
    return full(s, EFBIG, err);
  return sl_fd_write(fd, sl_strn((const char *)x, n * sizeof *x)) ? full(s, errno, err) : SL_OK;
}

static int map_file(int fd, uint64_t n, void **out, struct sl_err *err)
{
  *out = mmap(NULL, n * sizeof(double), PROT_READ, MAP_SHARED, fd, 0);
  if (*out != MAP_FAILED)
    return SL_OK;
  *out = NULL;
  return sl_err_sys(err, errno, "cannot look at the sorted values of a column");
}

/* ---- filling ---- */

/* Sorting goes everywhere at once: in large pages, where the kernel has some, it finds its way faster. */
static double *room(size_t n)
{
  enum { LARGE = 2 << 20 };
  double *x = sl_alloc(n * sizeof *x);
  uintptr_t from = ((uintptr_t)x + LARGE - 1) / LARGE * LARGE, end = ((uintptr_t)x + n * sizeof *x) / LARGE * LARGE;
  if (x && end > from)
    (void)madvise((void *)from, end - from, MADV_HUGEPAGE);
  return x;
}

int sample_open(struct sample *s, const char *dir, size_t most, uint64_t limit, unsigned threads, struct sl_err *err)
{
  *s = (struct sample){ .dir = sl_strdup(dir), .threads = threads, .most = most ? most : 1, .limit = limit, .runs_fd = -1, .out_fd = -1 };
  s->cap = dir && s->most > FIRST ? FIRST : s->most;
  s->x = room(s->cap);
  if (dir)
    s->block = sl_alloc(BLOCK * sizeof *s->block);
  return s->x && (!dir || (s->block && s->dir)) ? SL_OK : sl_err_nomem(err);
}

void sample_free(struct sample *s)
{
  if (s->map)
    munmap(s->map, s->sorted * sizeof(double));
  if (s->dir && s->out_fd >= 0)
    close(s->out_fd);
  if (s->dir && s->runs_fd >= 0)
    close(s->runs_fd);
  sl_free(s->run);
  sl_free(s->dir);
  sl_free(s->block);
  sl_free(s->x);
  sl_free(s->other);
  *s = (struct sample){ .runs_fd = -1, .out_fd = -1 };
}

/* Values from..n of x. The sorted ones may be in the other array, which then is x. */
static int sort(struct sample *s, size_t from, struct sl_err *err)
{
  double *in;
  if (s->other == NULL)
    s->other = room(s->cap - from);
  if (!s->other)
    return sl_err_nomem(err);
  sample_sort(s->x + from, s->other, s->n - from, s->threads, &in);
  if (in == s->other && !from) {
    s->other = s->x;
    s->x = in;
  } else if (in == s->other) {
    memcpy(s->x + from, in, (s->n - from) * sizeof *in);
  }
  return SL_OK;
}

static int write_run(struct sample *s, struct sl_err *err)
{
  int rc = sl_grow((void **)&s->run, &s->cap_runs, s->nruns + 1, sizeof *s->run, RUNS_MAX, err);
  if (!rc)
    rc = open_file(s, &s->runs_fd, err);
  if (!rc)
    rc = sort(s, 0, err);
  if (!rc)
    rc = put(s, s->runs_fd, s->x, s->n, err);
  if (rc)
    return rc;
  s->run[s->nruns++] = (struct sample_run){ s->runs_at, s->n };
  s->runs_at += s->n;
  s->n = 0;
  return SL_OK;
}

static int grow(struct sample *s, struct sl_err *err)
{
  size_t cap = s->cap < SIZE_MAX / 2 ? s->cap * 2 : SIZE_MAX;
  cap = s->dir && cap > s->most ? s->most : cap;
  double *x = sl_realloc_array(s->x, cap, sizeof *x);
  if (!x)
    return sl_err_nomem(err);
  sl_free(s->other);           /* it was as large as x */
  s->other = NULL;
  s->x = x;
  s->cap = cap;
  return SL_OK;
}

int sample_add(struct sample *s, const double *x, size_t n, struct sl_err *err)
{
  int rc = SL_OK;
  while (!rc && n) {
    if (s->n == s->cap) {
      rc = s->dir && s->cap == s->most ? write_run(s, err) : grow(s, err);
      continue;
    }
    size_t k = s->cap - s->n < n ? s->cap - s->n : n;
    memcpy(s->x + s->n, x, k * sizeof *x);
    s->n += k;
    x += k;
    n -= k;
  }
  return rc;
}

/* ---- merging: a heap of runs, the one whose next value is least on top ---- */

struct head { uint64_t key; const double *at, *end; };

static void sink(struct head *h, size_t n, size_t i)
{
  struct head moving = h[i];
  for (size_t child; (child = 2 * i + 1) < n; i = child) {
    child += child + 1 < n && h[child + 1].key < h[child].key;
    if (moving.key <= h[child].key)
      break;
    h[i] = h[child];
  }
  h[i] = moving;
}

static int flush(struct sample *s, struct sl_err *err)
{
  int rc = put(s, s->out_fd, s->block, s->nblock, err);
  s->sorted += rc ? 0 : s->nblock;
  s->nblock = 0;
  return rc;
}

static int merge_heads(struct sample *s, struct head *h, size_t n, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = n / 2; i-- > 0;)
    sink(h, n, i);
  while (n && !rc) {
    s->block[s->nblock++] = *h->at++;
    if (h->at == h->end)
      h[0] = h[--n];
    else
      h->key = sl_stat_key(*h->at);
    sink(h, n, 0);
    rc = s->nblock == BLOCK ? flush(s, err) : SL_OK;
  }
  return rc ? rc : flush(s, err);
}

/* All runs into the merged file; their own begins anew. */
static int merge_runs(struct sample *s, struct sl_err *err)
{
  struct head *h = sl_calloc(s->nruns + 1, sizeof *h);
  void *map = NULL;
  int rc = h ? map_file(s->runs_fd, s->runs_at, &map, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < s->nruns; i++) {
    const double *x = (const double *)map + s->run[i].from;
    h[i] = (struct head){ sl_stat_key(*x), x, x + s->run[i].n };
  }
  rc = rc ? rc : merge_heads(s, h, s->nruns, err);
  if (map)
    munmap(map, s->runs_at * sizeof(double));
  sl_free(h);
  if (!rc && (ftruncate(s->runs_fd, 0) || lseek(s->runs_fd, 0, SEEK_SET)))
    rc = sl_err_sys(err, errno, "cannot empty a file in the box's folder");
  s->nruns = 0;
  s->runs_at = 0;
  return rc;
}

static int cut_file(struct sample *s, struct sl_err *err)
{
  int rc = open_file(s, &s->out_fd, err);
  if (!rc && s->nruns && s->n)
    rc = write_run(s, err);
  if (!rc && s->nruns)
    return merge_runs(s, err);
  if (!rc && s->n)
    rc = sort(s, 0, err);
  if (!rc && s->n)
    rc = put(s, s->out_fd, s->x, s->n, err);
  s->sorted += rc ? 0 : s->n;
  s->n = 0;
  return rc;
}

int sample_cut(struct sample *s, size_t *end, struct sl_err *err)
{
  int rc = s->dir ? cut_file(s, err) : s->n > s->cut ? sort(s, s->cut, err) : SL_OK;
  s->cut = s->n;
  *end = s->dir ? (size_t)s->sorted : s->n;
  return rc;
}

int sample_done(struct sample *s, const double **x, size_t *n, struct sl_err *err)
{
  int rc = s->dir && s->sorted ? map_file(s->out_fd, s->sorted, &s->map, err) : SL_OK;
  *n = s->dir ? (size_t)s->sorted : s->n;
  *x = s->map ? s->map : s->x;
  if (s->dir) {                /* only the file is needed now */
    sl_free(s->x);
    s->x = NULL;
    *x = s->map;
  }
  sl_free(s->other);
  s->other = NULL;
  return rc;
}
