/* judge/compare.h: runs beside each other: which parameters differ, which metrics, and whether that is more than repeats of one
 * configuration differ among themselves.
 *
 * Noise: runs of one experiment that ended well with the same parameters, but for seeds, are repeats. Their values of a metric give one
 * pooled standard deviation s (over all such groups, with the sum of n - 1 as its degrees of freedom df). Two single runs differ by chance
 * alone by no more than t(0.975, df) * s * sqrt(2) in 19 of 20 cases: what lies within that is noise. Without repeats nothing is said.
 *
 * Pure: batches in, items out; any thread, one at a time. Everything returned is borrowed from the comparison. */
#ifndef SL_JUDGE_COMPARE_H
#define SL_JUDGE_COMPARE_H

#include "table/batch.h"

enum { SL_CMP_RUNS = 500 };
/* How a cell stands against the baseline's. Better and worse only where the metric's name tells which way is good. */
enum sl_cmp_mark { SL_CMP_NONE = ' ', SL_CMP_SAME = '=', SL_CMP_NOISE = '~', SL_CMP_BETTER = '+', SL_CMP_WORSE = '-', SL_CMP_HIGHER = '>',
  SL_CMP_LOWER = '<', SL_CMP_UNSURE = '?' };
struct sl_cmp_cell { bool there, number; double num; struct sl_str text; enum sl_cmp_mark mark; };
enum sl_cmp_kind { SL_CMP_ATTRIBUTE, SL_CMP_PARAM, SL_CMP_METRIC };
struct sl_cmp_item {
  enum sl_cmp_kind kind;
  struct sl_str name;
  struct sl_cmp_cell *cell;           /* one a run */
  double spread;                      /* metrics: s; NaN: no repeats */
  uint32_t df, groups;
  bool differs;
  bool ruled;                         /* metrics: the rules speak of it */
  int tier; double weight;            /* metrics: how much it differs: first what is more than noise, within a tier by how much */
};
struct sl_compare;
/* Of n runs (2..SL_CMP_RUNS, else EUSAGE); the first is the baseline. */
int sl_compare_new(struct sl_compare **out, size_t n, struct sl_err *err) SL_NODISCARD;
void sl_compare_free(struct sl_compare *c);
/* Run i, from a row of the resource runs. */
int sl_compare_run(struct sl_compare *c, size_t i, const struct sl_batch *b, uint32_t row, struct sl_err *err) SL_NODISCARD;
/* A run of the same experiments, after all runs that are compared (they may be among these): for the spread of repeats. */
int sl_compare_repeat(struct sl_compare *c, const struct sl_batch *b, uint32_t row, struct sl_err *err) SL_NODISCARD;
/* Texts of rules ("metrics.val_auc >= 0.85"), copied, before judging: the metrics that they name stand first. Any number of times. */
int sl_compare_rules(struct sl_compare *c, struct sl_str text, struct sl_err *err) SL_NODISCARD;
/* When all have come: marks, spreads, items in their order: attributes and parameters by name; metrics that rules name, then those that
 * differ by more than noise, by nobody knows what, by noise, costs, and those that are the same: within each the one that differs most
 * first, then by name. */
int sl_compare_judge(struct sl_compare *c, struct sl_err *err) SL_NODISCARD;
size_t sl_compare_items(const struct sl_compare *c);
const struct sl_cmp_item *sl_compare_item(const struct sl_compare *c, size_t i);
size_t sl_compare_runs(const struct sl_compare *c);
struct sl_str sl_compare_name(const struct sl_compare *c, size_t run);   /* the run's, made different from the others' by its id */
/* How well a metric's curves stand for the whole: held-out losses best, then any loss, then the rest; the greatest is drawn first. */
int sl_compare_curve_rank(struct sl_str metric);
/* "no difference beyond repeats", "worse: logit; better: xgb-6", "same", "differs", "no repeats to judge by" */
void sl_compare_verdict(const struct sl_compare *c, const struct sl_cmp_item *it, struct sl_buf *out);
/* +1: more is better; -1: less is; 0: its name does not tell. A cost (seconds, bytes) is less-is-better, but no quality. */
int sl_compare_direction(struct sl_str metric, bool *cost);
double sl_compare_t975(uint32_t df);     /* Student's t, two-sided 95 % (table to 30, then Cornish-Fisher, Abramowitz & Stegun 26.7.5) */

#endif
