/* box/sample.h: the numbers of a column, sorted: in memory, or as sorted runs in the scratch folder that are merged into one file, which is
 * looked at where it lies; private to this folder. Either way the same values in the same order. */
#ifndef SL_BOX_SAMPLE_H
#define SL_BOX_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sample_run;
struct sample {
  char *dir;                   /* NULL: in memory */
  unsigned threads;
  double *x, *other;           /* memory: all values; disk: those of the next run. other: to sort in */
  size_t n, cap, most, cut;    /* in x; room now, at most; memory: values before the last cut */
  int runs_fd, out_fd;         /* files without a name: nothing is left of them whatever happens. -1: none yet */
  uint64_t runs_at;            /* values in the file of runs */
  struct sample_run *run; size_t nruns, cap_runs;
  double *block; size_t nblock;/* of the merged file, not written yet */
  uint64_t sorted, limit;      /* values in the merged file; values that both files may hold, 0: any number */
  void *map;
};

/* dir NULL: in memory, with room for `most` values, which is a guess; else runs of at most `most` values, in files in dir of `limit` bytes
 * together. */
int sample_open(struct sample *s, const char *dir, size_t most, uint64_t limit, unsigned threads, struct sl_err *err) SL_NODISCARD;
int sample_add(struct sample *s, const double *x, size_t n, struct sl_err *err) SL_NODISCARD;
/* Sorts what came since the last cut; what comes next is sorted by itself, behind it. *end: values so far. ELIMIT: no room on the disk. */
int sample_cut(struct sample *s, size_t *end, struct sl_err *err) SL_NODISCARD;
/* After the last cut. x lives as long as s; n values. */
int sample_done(struct sample *s, const double **x, size_t *n, struct sl_err *err) SL_NODISCARD;
void sample_free(struct sample *s);

/* Sorts x[n] by up to so many threads; the result stands in *in: x or other. */
void sample_sort(double *x, double *other, size_t n, unsigned threads, double **in);

#endif
