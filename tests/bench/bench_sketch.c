/* bench_sketch ROWS COLUMNS THREADS: seconds to sketch so many normal doubles that lie in memory, and compare them with sketches made
 * before; the best of three. Prints the figure. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "compute/sketch.h"

enum { TIMES = 3, THREADS_MAX = 64 };
struct job { const double *x; size_t rows, columns, first, step; struct sl_sketch **base; double sum; };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(double *x, size_t n)
{
  uint64_t seed = 1;
  for (size_t i = 0; i < n; i++) { /* sums of uniform ones: near enough to normal */
    double v = -6;
    for (int k = 0; k < 12; k++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      v += (double)(seed >> 11) * 0x1p-53;
    }
    x[i] = v;
  }
}

static struct sl_sketch *sketch_of(const double *x, size_t rows)
{
  struct sl_sketch *s;
  if (sl_sketch_new(&s, SL_SKETCH_FLOAT, false, NULL) || sl_sketch_add_f64(s, x, NULL, rows, NULL))
    abort();
  return s;
}

static void *work(void *user)
{
  struct job *j = user;
  for (size_t c = j->first; c < j->columns; c += j->step) {
    struct sl_sketch *s = sketch_of(j->x + c * j->rows, j->rows);
    double low, high;
    if (sl_sketch_wasserstein(j->base[c], s, &low, &high, NULL))
      abort();
    j->sum += low + high + sl_sketch_std(s);
    sl_sketch_free(s);
  }
  return NULL;
}

static double once(const double *x, size_t rows, size_t columns, size_t threads, struct sl_sketch **base)
{
  pthread_t id[THREADS_MAX];
  struct job job[THREADS_MAX];
  double from = now();
  for (size_t i = 0; i < threads; i++) {
    job[i] = (struct job){ .x = x, .rows = rows, .columns = columns, .first = i, .step = threads, .base = base };
    if (pthread_create(&id[i], NULL, work, &job[i]))
      abort();
  }
  for (size_t i = 0; i < threads; i++)
    pthread_join(id[i], NULL);
  return now() - from;
}

int main(int argc, char **argv)
{
  unsigned long long rows = 0, columns = 0, threads = 0;
  if (argc != 4 || sscanf(argv[1], "%llu", &rows) != 1 || sscanf(argv[2], "%llu", &columns) != 1 ||
      sscanf(argv[3], "%llu", &threads) != 1 || !rows || !columns || !threads || threads > THREADS_MAX) {
    fprintf(stderr, "bench_sketch ROWS COLUMNS THREADS\n");
    return 2;
  }
  double *x = malloc(rows * columns * sizeof *x), best = (double)INFINITY;
  struct sl_sketch **base = calloc(columns, sizeof(struct sl_sketch *));
  if (!x || !base)
    return 1;
  fill(x, rows * columns);
  for (size_t c = 0; c < columns; c++)
    base[c] = sketch_of(x + c * rows, rows / 2);
  for (int i = 0; i < TIMES; i++)
    best = fmin(best, once(x, rows, columns, threads, base));
  printf("%.6f s, %.3f ns a value and thread\n", best, best * (double)threads / (double)(rows * columns) * 1e9);
  for (size_t c = 0; c < columns; c++)
    sl_sketch_free(base[c]);
  free(base);
  free(x);
  return 0;
}
