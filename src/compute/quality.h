/* compute/quality.h: how good predictions are, from labels and outputs: what the resource `quality` and the summary of `score` show.
 *
 * Definitions are scikit-learn's: AUC by ranks with ties halved and average precision as the sum over thresholds (one class against the
 * rest, macro the mean of the classes that have both), log loss with probabilities kept off 0 and 1 by the width's epsilon, precision and
 * recall 0 where nothing was predicted or was there, balanced accuracy over the classes that are labels, macro F1 over those that
 * occur, Brier halved for two classes only, calibration in ten equal bins. The calibration error is the expected one of those bins
 * (Naeini 2015). Intervals hold 95 %: of an AUC by DeLong, DeLong and Clarke-Pearson 1988 (cut at 0 and 1), of shares (accuracy,
 * precision, recall) by Wilson 1927, of the rest by resampling (percentiles, always the same draws). docs/internals/quality.md. */
#ifndef SL_COMPUTE_QUALITY_H
#define SL_COMPUTE_QUALITY_H

#include "base/buf.h"

enum { SL_QUALITY_ROWS_MAX = 8 << 20, SL_QUALITY_NUMBERS_MAX = 16 << 20, /* probabilities of them */
       SL_QUALITY_CLASSES_MAX = 256, SL_QUALITY_CURVES_MAX = 10 };

struct sl_quality;
/* classes 0: numbers are predicted. epsilon: of the outputs' width, for the log loss. ELIMIT: more classes than are told apart. */
int sl_quality_open(struct sl_quality **out, size_t classes, double epsilon, struct sl_err *err) SL_NODISCARD;
void sl_quality_free(struct sl_quality *q);
/* Numbers, too, are kept row by row, for sl_quality_rows(): before the first row. (Classes always are.) */
void sl_quality_keep(struct sl_quality *q);
/* Before the first row: beyond so many rows (at most SL_QUALITY_ROWS_MAX) or SL_QUALITY_NUMBERS_MAX it goes on without keeping rows;
 * instead of auc there are auc_at_least and auc_at_most then. Not with sl_quality_keep(), and not for two models side by side. */
void sl_quality_bound(struct sl_quality *q, size_t rows);
/* One row, the next one. Two classes: p[0] is the probability of class 1; more: one for each; none: p[0] is the number. has_p false: only
 * the class is known (chosen). A label that is NaN leaves the row out. EUSAGE: a label that is no class. ELIMIT beyond
 * SL_QUALITY_ROWS_MAX. */
int sl_quality_add(struct sl_quality *q, double label, const double *p, bool has_p, int64_t chosen, struct sl_err *err) SL_NODISCARD;

uint64_t sl_quality_count(const struct sl_quality *q);       /* rows that have a label */

/* metric: accuracy, auc, log_loss, brier, average_precision, calibration_error, balanced_accuracy, f1_macro, f1_weighted, mcc, precision,
 * recall, f1, confusion (class: the label; other: what was predicted); mae, rmse, r2, mape. */
struct sl_quality_value {
  const char *metric; int cls, other;        /* cls, other -1: of all */
  double value; uint64_t n;                  /* n: rows that it rests on */
  double low, high;                          /* NaN: no interval is known */
};
/* In an order that does not change; a value that cannot be told (AUC of one class only) is NaN. */
typedef int sl_quality_fn(void *user, const struct sl_quality_value *v);
int sl_quality_end(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

/* ---- curves (quality_curve.c) ---- */
/* metric: roc (x false positive rate, y true positive rate), pr (recall, precision), calibration (mean probability, share that was), gain
 * (share of rows, of the class), lift (share of rows, gain over it); of numbers: predicted (label, prediction: rows at even distances),
 * residual (share of rows, error: quantiles of prediction less label). at: counts within one curve, of calibration the bin, of predicted
 * the row of the data. threshold: outputs from here on (infinite: none); of calibration the bin's lower edge. n: rows that lie there. low,
 * high: of y, or NaN. */
struct sl_quality_point { const char *metric; int cls; size_t at; double x, y, threshold, low, high; uint64_t n; };
typedef int sl_quality_point_fn(void *user, const struct sl_quality_point *p);   /* other than 0: ends it, and is returned; p until then */
/* Of each class, curve after curve; of two classes those of the second, cls -1. None without probabilities, with more classes than
 * SL_QUALITY_CURVES_MAX, or of numbers that were not kept. */
int sl_quality_curves(const struct sl_quality *q, sl_quality_point_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

/* ---- resampling (quality_boot.c) ---- */
/* Of what DeLong and Wilson do not tell: intervals, and (other not NULL, comparable) the p-value of the difference. *out NULL: too
 * few rows, or numbers that were not kept. */
struct sl_quality_boot;
struct sl_quality_bounds { double low, high, p; };                         /* NaN: not known */
/* ENOMEM. Yours; it needs neither afterwards. */
int sl_quality_resample(struct sl_quality_boot **out, const struct sl_quality *a, const struct sl_quality *other,
                        struct sl_err *err) SL_NODISCARD;
void sl_quality_resample_free(struct sl_quality_boot *b);
struct sl_quality_bounds sl_quality_resampled(const struct sl_quality_boot *b, const char *metric, int cls);   /* b may be NULL */

/* ---- groups ---- */
/* How many rows that have a label lie in each group: added to count. */
void sl_quality_groups(const struct sl_quality *q, const uint16_t *of, uint64_t *count);
/* The rows whose group is g; of[row of the data]: its group. Yours. Numbers: those that were kept. */
int sl_quality_subset(struct sl_quality **out, const struct sl_quality *q, const uint16_t *of, uint16_t g, struct sl_err *err) SL_NODISCARD;

/* ---- two of them over the same rows (quality_pair.c) ---- */
/* EUSAGE: not the same classes, or other rows or labels. */
int sl_quality_comparable(const struct sl_quality *a, const struct sl_quality *b, struct sl_err *err) SL_NODISCARD;
/* Is the difference noise: the p-value of McNemar's exact test (of accuracy), and of DeLong's test of two correlated AUCs of a class (of
 * two classes: class 1). NaN: cannot be told. */
double sl_quality_mcnemar(const struct sl_quality *a, const struct sl_quality *b);
int sl_quality_delong(const struct sl_quality *a, const struct sl_quality *b, size_t cls, double *p, struct sl_err *err) SL_NODISCARD;

/* Rows to look at: where a and b differ, furthest apart first (b NULL: which a gets wrong, surest first), then by row. */
struct sl_quality_row {
  uint64_t row;                              /* of the data, from 0 */
  double label, apart;
  int a, b;                                  /* classes that were predicted; numbers: -1 */
  double pa, pb;                             /* two classes: probability of class 1; more: of what was predicted; none: the number. NaN */
};
/* *n: how many of at most max are in out; *all: how many there are. */
void sl_quality_rows(const struct sl_quality *a, const struct sl_quality *b, struct sl_quality_row *out, size_t max, size_t *n,
                     uint64_t *all);

#endif
