/* compute/partial_int.h: what a part keeps; private to the files of partial. */
#ifndef SL_COMPUTE_PARTIAL_INT_H
#define SL_COMPUTE_PARTIAL_INT_H

#include "compute/exact_sum.h"
#include "compute/partial.h"
#include "compute/quality_int.h"

enum { PARTIAL_BINS = 10, PARTIAL_NAME_MAX = 4096 };

/* A sum of doubles: the finite ones exactly, the others as counts. */
struct partial_sum { struct sl_exact s; uint64_t nan, plus, minus; };
double partial_sum_f64(const struct partial_sum *s);   /* rounded once; infinite or NaN as IEEE 754 adds them */

struct partial_bin { uint64_t n, in; struct partial_sum p; };
/* One class against the rest: rows by bucket of their output (quality_wide.c); same: the bucket's one value, or NaN. */
struct partial_class { uint64_t *in, *rest; double *same; struct partial_bin bin[PARTIAL_BINS]; };

struct sl_partial {
  struct sl_partial_about about;
  struct sl_sketches out;
  uint64_t n, odd;             /* rows with a label; of these, with an output that is no number */
  struct sl_quality q;         /* classes, width, epsilon and confusion alone */
  struct partial_class *at; size_t buckets;    /* width of them; NULL: no probabilities */
  struct partial_sum loss, brier, abs, square, share;
  struct sl_sketch *labels;    /* of numbers */
};

/* Rows are ranked by an output: classes, labels and probabilities are there. */
static inline bool partial_ranks(const struct sl_partial *p) { return p->about.label && p->about.classes && !p->about.index; }
/* Is a row with this label in class k of those that are told apart? Of two classes there is the second alone. */
static inline bool partial_in(const struct sl_partial *p, size_t k, size_t label) { return label == (p->q.classes == 2 ? 1 : k); }

#endif
