/* compute/quality_int.h: what is kept of each row; private to the files of quality. */
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
  double mean, share, brier;                 /* share: errors as parts of the labels */
  size_t bound;                /* rows that are kept before they are only counted; 0: more is an error */
  uint64_t *wide; double *same;              /* beyond it: rows of each class (width, rest or in) by bucket; its one value, or NaN */
  uint64_t n, seen;            /* seen: rows, with those that were left out */
};

/* ---- of class k against the rest (quality_rank.c) ---- */
/* Rows by their output, least first. inside: rows of the class. told: both sides are there, and every output is a number. */
struct quality_scored { double score; uint32_t at; bool in; };
struct quality_rank { struct quality_scored *s; size_t n; uint64_t inside; bool told; };
/* r is for free also after a failure. Sorted only where told. */
int quality_rank_open(struct quality_rank *r, const struct sl_quality *q, size_t k, struct sl_err *err) SL_NODISCARD;
void quality_rank_free(struct quality_rank *r);
/* v[n]: NULL, or for each row the share of the other side that it stands rightly to (ties half): its mean over either side is the AUC.
 * NaN where one side is empty. */
struct quality_auc { double value, var; uint64_t inside; };
void quality_rank_auc(const struct quality_rank *r, double *v, struct quality_auc *out);   /* variance by DeLong */
/* The same, without keeping the order. */
int quality_auc(const struct sl_quality *q, size_t k, double *v, struct quality_auc *out, struct sl_err *err) SL_NODISCARD;
/* Average precision, and (auc not NULL) the AUC, of rows that count w[at] times; w NULL: once. */
double quality_rank_precision(const struct quality_rank *r, const uint32_t *w, double *auc);

/* ---- quality_wide.c: what was kept becomes counts; a row more; between which numbers the AUC of class k lies (false: it is none) ---- */
int quality_wide_begin(struct sl_quality *q, struct sl_err *err) SL_NODISCARD;
void quality_wide_add(struct sl_quality *q, size_t label, const double *p);
bool quality_wide_auc(const struct sl_quality *q, size_t k, double *least, double *most);
/* In which of so many buckets a probability lies, of which so many stand in a row. */
size_t quality_buckets(size_t width);
size_t quality_bucket(size_t width, double p);
bool quality_in(const struct sl_quality *q, size_t k, size_t i);
double quality_p(const struct sl_quality *q, size_t k, size_t i);          /* of class k; two classes: 1 */

/* ---- of one row, and of sums: what quality.c and the resampling share ---- */
double quality_log_loss(const struct sl_quality *q, size_t label, const double *p);
double quality_brier(const struct sl_quality *q, size_t label, const double *p);
double quality_r2(double n, double square, double around);
double quality_calibration_error(const struct sl_quality *q, size_t k);  /* quality_curve.c */
/* Of numbers (quality_fit.c). */
int quality_fit(const struct sl_quality *q, sl_quality_point_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;
struct quality_table { double balanced, f1_macro, f1_weighted, mcc; };
/* f1: NULL, or one for each class. Means are of the classes that occur, as labels (balanced) or at all (f1_macro). */
void quality_table(const uint64_t *confusion, size_t classes, struct quality_table *out, double *f1);
/* hits of n, by Wilson; n 0: NaN. */
void quality_wilson(uint64_t hits, uint64_t n, double *low, double *high);

#endif
