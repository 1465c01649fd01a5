/* compute/quality_int.h: what is kept of each row; private to quality.c and quality_pair.c. */
#ifndef SL_COMPUTE_QUALITY_INT_H
#define SL_COMPUTE_QUALITY_INT_H

#include "compute/quality.h"

struct sl_quality {
  size_t classes, width;       /* width: probabilities kept of each row */
  double epsilon;
  int32_t *label; size_t nlabel, label_cap;
  double *p; size_t np, p_cap;
  double *truth; size_t truth_cap;           /* labels of numbers, where they are kept; p beside them */
  uint32_t *row; size_t row_cap;
  int16_t *chosen; size_t chosen_cap;        /* -1: no class of ours */
  uint64_t *confusion;         /* classes x classes: label, predicted */
  bool keep, no_p, odd_p;      /* odd_p: a probability is NaN, nothing can be ranked */
  double loss, abs, square, sum_square;   /* of numbers: errors; labels around their mean (Welford) */
  double mean;
  uint64_t n, seen;            /* seen: rows, with those that were left out */
};

/* Of class k against the rest. v[nlabel]: NULL, or for each row the share of the other side that it stands rightly to (ties half): its
 * mean over either side is the AUC. NaN where one side is empty. */
struct quality_auc { double value, var; uint64_t inside; };
int quality_auc(const struct sl_quality *q, size_t k, double *v, struct quality_auc *out, struct sl_err *err) SL_NODISCARD;
bool quality_in(const struct sl_quality *q, size_t k, size_t i);

#endif
