/* bench_trees MODEL DATA ROWS COLUMNS THREADS TIMES [OUT]: one model over one matrix of floats (column after column), in this process.
 *
 * Prints a line a figure: s of the best of TIMES runs over all rows, us of one row alone (the median of many, the least, and what nine of
 * ten stay below), ms of loading, at the level of SLUICE_CPU. OUT gets the raw margins (predictions, where a
 * model has none), for comparison with the library's. bench_trees.py runs it beside the libraries. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compute/kern/kern.h"
#include "compute/model.h"

enum { THREADS_MAX = 64, ALONE = 20000 };

struct bench {
  enum sl_model_output what;
  struct sl_model *m; struct sl_model_bind *b; struct sl_model_shape shape;
  size_t rows;
  char *out;
};
struct part { const struct bench *b; size_t from, n; int rc; };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sl_str map(const char *path)
{
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool there = fd >= 0 && !fstat(fd, &st) && st.st_size > 0;
  void *p = there ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : MAP_FAILED;
  if (p == MAP_FAILED) {
    fprintf(stderr, "bench_trees: cannot read %s\n", path);
    exit(2);
  }
  close(fd);
  return sl_strn(p, (size_t)st.st_size);
}

static struct sl_column *columns(struct sl_str data, size_t rows, size_t n)
{
  struct sl_column *c = calloc(n, sizeof *c);
  for (size_t i = 0; c && i < n; i++) {
    if (data.n < (i + 1) * rows * sizeof(float) || sl_column_init(&c[i], NULL, SL_COLUMN_F32, NULL) || sl_column_room(&c[i], rows, NULL))
      exit(2);
    memcpy(c[i].v.f32, data.p + i * rows * sizeof(float), rows * sizeof(float));
    sl_column_wrote(&c[i], rows);
  }
  return c;
}

static size_t wide(const struct bench *b) { return b->shape.width * (b->shape.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double)); }

static void *run_part(void *user)
{
  struct part *p = user;
  p->rc = sl_model_predict(p->b->b, p->b->what, p->from, p->n, p->b->out + p->from * wide(p->b), NULL);
  return NULL;
}

/* s of all rows by so many threads. */
static double run_all(const struct bench *b, size_t threads)
{
  pthread_t id[THREADS_MAX];
  struct part part[THREADS_MAX];
  double t = now();
  for (size_t i = 0; i < threads; i++) {
    size_t from = b->rows * i / threads;
    part[i] = (struct part){ b, from, b->rows * (i + 1) / threads - from, 0 };
    if (i && pthread_create(&id[i], NULL, run_part, &part[i]))
      exit(2);
  }
  run_part(&part[0]);
  for (size_t i = 1; i < threads; i++)
    pthread_join(id[i], NULL);
  return now() - t;
}

static int by_time(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Another row each time: the median of them, so that what else the machine does hardly shows. */
static void one_by_one(const struct bench *b)
{
  static double took[ALONE];
  double out[512];
  size_t n = b->rows < ALONE ? b->rows : ALONE;
  for (size_t i = 0; i < n && wide(b) <= sizeof out; i++) {
    double t = now();
    if (sl_model_predict(b->b, b->what, i, 1, out, NULL) || memcmp(out, b->out + i * wide(b), wide(b)) != 0) {
      printf("differs %zu\n", i);
      return;
    }
    took[i] = (now() - t) * 1e6;
  }
  qsort(took, n, sizeof took[0], by_time);
  printf("one_us %.3f\none_least_us %.3f\none_most_us %.3f\n", took[n / 2], took[0], took[n * 9 / 10]);
}

int main(int argc, char **argv)
{
  struct sl_err err = { 0 };
  struct bench b = { .what = SL_MODEL_RAW };
  uint64_t n[4] = { 0 };
  for (int i = 0; i < 4 && argc > 6; i++)
    if (!sl_str_u64(sl_str(argv[3 + i]), &n[i]))
      return 2;
  if (argc < 7 || !n[0] || !n[1] || !n[2] || n[2] > THREADS_MAX) {
    fputs("usage: bench_trees MODEL DATA ROWS COLUMNS THREADS TIMES [OUT]\n", stderr);
    return 2;
  }
  struct sl_str bytes = map(argv[1]), data = map(argv[2]);
  double t = now();
  if (sl_model_load(&b.m, bytes, argv[1], SL_MODEL_BOOSTER, &err)) {
    fprintf(stderr, "bench_trees: %s\n", err.msg);
    return 1;
  }
  printf("load_ms %.3f\nlevel %s\n", (now() - t) * 1e3, kern_best()->name);
  if (sl_model_shape(b.m, b.what, &b.shape, NULL))
    b.what = SL_MODEL_PREDICT;
  struct sl_column *c = columns(data, n[0], n[1]);
  const struct sl_column **at = calloc(n[1], sizeof *at);
  for (size_t i = 0; at && c && i < n[1]; i++)
    at[i] = &c[i];
  if (!at || !c || sl_model_facts(b.m).features != n[1] || sl_model_bind(&b.b, b.m, at, &err) || sl_model_bind_rows(b.b, &err) ||
      sl_model_shape(b.m, b.what, &b.shape, &err) || !(b.out = calloc(n[0], wide(&b)))) {
    fprintf(stderr, "bench_trees: %s\n", err.msg);
    return 1;
  }
  b.rows = n[0];
  double best = 1e9;
  for (uint64_t i = 0; i < n[3]; i++) {
    t = run_all(&b, n[2]);
    best = t < best ? t : best;
  }
  printf("batch_s %.6f\n", best);
  one_by_one(&b);
  FILE *f = argc > 7 ? fopen(argv[7], "wb") : NULL;
  bool wrote = !f || fwrite(b.out, wide(&b), n[0], f) == n[0];
  if (f && fclose(f))
    wrote = false;
  return wrote ? 0 : 1;
}
