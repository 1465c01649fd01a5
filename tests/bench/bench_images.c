/* bench_images FILE THREADS whole|decode|prep|resize TIMES: milliseconds of a picture, each thread doing the same one over and over: read
 * and prepared as torchvision's ImageNet preset does (whole), only decoded, only prepared, only resized to its shorter side of 256. The
 * least of so many times, so that other work on the machine hardly shows; the mean of the threads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "box/image_read.h"

enum { THREADS_MAX = 64 };
struct job { struct sl_str bytes; struct sl_image image; char what; unsigned times; double took; };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void once(const struct job *j, float *out)
{
  struct sl_image_prep p = sl_image_prep_imagenet();
  struct sl_image m = { 0, 0, NULL };
  uint32_t w = j->image.w, h = j->image.h, side = w < h ? w : h;
  int rc = j->what == 'w' ? sl_image_read_prep(&p, j->bytes, "it", 224, 224, out, NULL)
           : j->what == 'd' ? sl_image_read(&m, j->bytes, "it", NULL)
           : j->what == 'p' ? sl_image_prep_run(&p, &j->image, out, NULL)
                            : sl_image_resize(&j->image, 256 * w / side, 256 * h / side, SL_IMAGE_BILINEAR, &m, NULL);
  if (rc)
    abort();
  sl_image_free(&m);
}

static void *work(void *user)
{
  struct job *j = user;
  float *out = malloc(3 * 224 * 224 * sizeof *out);
  if (!out)
    abort();
  j->took = 1e18;
  for (unsigned i = 0; i < j->times; i++) {
    double from = now();
    once(j, out);
    double took = now() - from;
    j->took = took < j->took ? took : j->took;
  }
  free(out);
  return NULL;
}

int main(int argc, char **argv)
{
  struct sl_buf b;
  struct job job[THREADS_MAX];
  pthread_t id[THREADS_MAX];
  struct sl_image m;
  unsigned threads = 0, times = 0;
  sl_buf_init(&b, SL_IMAGE_FILE_MAX);
  if (argc != 5 || sscanf(argv[2], "%u", &threads) != 1 || !threads || threads > THREADS_MAX ||
      sscanf(argv[4], "%u", &times) != 1 || !times || sl_file_read(&b, argv[1], SL_IMAGE_FILE_MAX, NULL) ||
      sl_image_read(&m, sl_strn(b.p, b.n), argv[1], NULL)) {
    fprintf(stderr, "bench_images FILE THREADS whole|decode|prep|resize TIMES\n");
    return 2;
  }
  double sum = 0;
  for (unsigned i = 0; i < threads; i++) {
    job[i] = (struct job){ .bytes = sl_strn(b.p, b.n), .image = m, .what = argv[3][0], .times = times };
    if (pthread_create(&id[i], NULL, work, &job[i]))
      abort();
  }
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(id[i], NULL);
    sum += job[i].took;
  }
  printf("%.4f ms a picture and thread\n", sum / threads);
  sl_image_free(&m);
  sl_buf_free(&b);
  return 0;
}
