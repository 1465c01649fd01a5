/* backends/mlflow/series_thin.h: long histories thinned while they are read, so that 500 runs of 10,000 steps are drawn from a few points
 * each.
 *
 * Steps fall into buckets of one width, a power of two, that doubles as the history grows; of each bucket the least, the greatest and the
 * last value stay, and one that is no number. Every point that stays is one that was logged. */
#ifndef SL_BACKEND_MLFLOW_SERIES_THIN_H
#define SL_BACKEND_MLFLOW_SERIES_THIN_H

#include "base/str.h"
#include "base/mem.h"

struct thin_point { int64_t step, time; double value; };
struct thin_bucket { struct thin_point least, most, last, odd; bool any, none; };  /* any: a number; none: one that is none (odd) */
struct mlflow_thin {
  struct thin_bucket *bucket;         /* `buckets` of them; NULL: nothing came yet */
  uint32_t buckets, used;             /* used: up to the last one that holds something */
  int64_t first;                      /* of bucket 0: step >> shift */
  unsigned shift;
  uint64_t points;                    /* how many came */
};
/* At most 4 * buckets points stay; buckets >= 2. False: out of memory. */
bool mlflow_thin_add(struct mlflow_thin *t, uint32_t buckets, const struct thin_point *p);
/* What stays, by step and time within each bucket; at most 4 of bucket i. Its count. */
size_t mlflow_thin_get(const struct mlflow_thin *t, uint32_t i, struct thin_point out[4]);
void mlflow_thin_free(struct mlflow_thin *t);

#endif
