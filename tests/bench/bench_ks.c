/* bench_ks N BASELINE CURRENT THREADS: reads N doubles from each of two files, sorts copies of them and compares; the best of three. Prints
 * seconds to sort, of KS and of Wasserstein; D, p, the distance. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/sample.h"
#include "compute/stat.h"

enum { TIMES = 3 };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double *room(size_t n)
{
  double *x = malloc(n * sizeof *x);
  if (!x)
    abort();
  memset(x, 1, n * sizeof *x); /* its pages are there */
  return x;
}

static double *read_all(const char *path, size_t n)
{
  FILE *f = fopen(path, "rb");
  double *x = room(n);
  if (!f || fread(x, sizeof *x, n, f) != n)
    abort();
  fclose(f);
  return x;
}

int main(int argc, char **argv)
{
  unsigned long long n = 0, threads = 0;
  if (argc != 5 || sscanf(argv[1], "%llu", &n) != 1 || sscanf(argv[4], "%llu", &threads) != 1 || !n || !threads) {
    fprintf(stderr, "bench_ks N BASELINE CURRENT THREADS\n");
    return 2;
  }
  const double *from[2] = { read_all(argv[2], n), read_all(argv[3], n) };
  double *x[2] = { room(n), room(n) }, *other = room(n), best[3] = { (double)INFINITY, (double)INFINITY, (double)INFINITY };
  double d = 0, p = 0, w = 0;
  for (int i = 0; i < TIMES; i++) {
    for (int s = 0; s < 2; s++)
      memcpy(x[s], from[s], n * sizeof *x[s]);
    double t0 = now();
    for (int s = 0; s < 2; s++) {
      double *in;
      sample_sort(x[s], other, n, (unsigned)threads, &in);
      other = in == x[s] ? other : x[s];
      x[s] = in;
    }
    double t1 = now();
    d = sl_stat_ks(x[0], n, x[1], n);
    p = sl_stat_ks_p(&d, n, n);
    double t2 = now();
    w = sl_stat_wasserstein(x[0], n, x[1], n);
    best[0] = fmin(best[0], t1 - t0);
    best[1] = fmin(best[1], t2 - t1);
    best[2] = fmin(best[2], now() - t2);
  }
  printf("%.6f %.6f %.6f %.17g %.17g %.17g\n", best[0], best[1], best[2], d, p, w);
  return 0;
}
