/* compute/kll.h: quantile sketches as Deequ makes them, which is how Model Monitor's statistics.json keeps a distribution.
 *
 * A column's values go into level 0; a level that is full is sorted and every other value goes up, where it stands for twice as many.
 * The variant is Deequ's own (analyzers/QuantileNonSample.scala, NonSampleCompactor.scala): the lowest level is the largest, levels shrink
 * by c, and what remains of an odd level stays. It never draws at random, so that the same rows in the same order give the same sketch.
 * Only for these files; our own quantiles are exact counts (stat.h). [any] */
#ifndef SL_COMPUTE_KLL_H
#define SL_COMPUTE_KLL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SL_KLL_LEVELS = 48, SL_KLL_K = 2048, SL_KLL_K_MAX = 1 << 16, SL_KLL_BUCKETS = 10 };
#define SL_KLL_C 0.64

struct sl_kll_level { double *v; size_t n, cap; uint64_t compactions; bool odd; };   /* odd: which of each pair goes up */
struct sl_kll {
  double c;                    /* how fast levels shrink */
  uint32_t k;
  size_t nlevels, items, room; /* items held, items before something must give way */
  struct sl_kll_level level[SL_KLL_LEVELS];   /* an item of level i stands for 2^i values */
};

/* k from 1 to SL_KLL_K_MAX, c above 0 and at most 1: else EPARSE. Owns nothing after a failure. */
int sl_kll_init(struct sl_kll *s, uint32_t k, double c, struct sl_err *err) SL_NODISCARD;
void sl_kll_free(struct sl_kll *s);
int sl_kll_add(struct sl_kll *s, double v, struct sl_err *err) SL_NODISCARD;          /* v: finite */
/* For readers: one more item on a level as a file has it, levels from 0 on without a gap. ELIMIT. */
int sl_kll_put(struct sl_kll *s, size_t level, double v, struct sl_err *err) SL_NODISCARD;
double sl_kll_weight(const struct sl_kll *s);            /* values that it stands for */

/* ---- what it says ---- */
/* The items in ascending order; at[i] with how many values are <= it. Equal items are one. */
struct sl_kll_ranks { double *at, *rank; size_t n; bool repeats; };
enum sl_kll_rule {
  SL_KLL_ALL,                  /* each item counts with its weight */
  SL_KLL_DEEQU                 /* of equal items only the heaviest counts, as in Deequ's getRankMap(): what its distances are made of */
};
/* Arrays of n, yours; nothing after a failure. */
int sl_kll_ranks(const struct sl_kll *s, enum sl_kll_rule rule, struct sl_kll_ranks *out, struct sl_err *err) SL_NODISCARD;
void sl_kll_ranks_free(struct sl_kll_ranks *r);   /* the arrays, not r */
/* The greatest difference of the two distribution functions; NaN where one is empty. */
double sl_kll_linf(const struct sl_kll_ranks *a, const struct sl_kll_ranks *b);
/* How many values lie in each of n equal steps from lo to hi, the last one with its end: Deequ's BucketDistribution. r by SL_KLL_ALL. */
void sl_kll_buckets(const struct sl_kll_ranks *r, double lo, double hi, size_t n, double *count);
double sl_kll_quantile(const struct sl_kll_ranks *r, double q);   /* NaN: empty */

#endif
