/* compute/quality.c: labels beside outputs, row by row; the numbers at the end. */
#include "compute/quality_int.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"

#define Z95 1.959963984540054

int sl_quality_open(struct sl_quality **out, size_t classes, double epsilon, struct sl_err *err)
{
  *out = NULL;
  if (classes > SL_QUALITY_CLASSES_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu classes; at most %d are told apart", classes, SL_QUALITY_CLASSES_MAX);
  struct sl_quality *q = sl_calloc(1, sizeof *q);
  uint64_t *confusion = sl_calloc(classes * classes + 1, sizeof *confusion);
  if (!q || !confusion) {
    sl_free(q);
    sl_free(confusion);
    return sl_err_nomem(err);
  }
  *q = (struct sl_quality){ .classes = classes, .width = classes > 2 ? classes : 1, .epsilon = epsilon, .confusion = confusion };
  *out = q;
  return SL_OK;
}

void sl_quality_free(struct sl_quality *q)
{
  if (!q)
    return;
  sl_free(q->label);
  sl_free(q->p);
  sl_free(q->truth);
  sl_free(q->row);
  sl_free(q->chosen);
  sl_free(q->confusion);
  sl_free(q->wide);
  sl_free(q->same);
  sl_free(q);
}

uint64_t sl_quality_count(const struct sl_quality *q) { return q->n; }

void sl_quality_keep(struct sl_quality *q) { q->keep = true; }
void sl_quality_bound(struct sl_quality *q, size_t rows) { q->bound = rows; }

/* Without a comparison score goes on: sl_quality_bound(), partial.h. It must say its end also of the other model. */
static const char too_many_words[] = "intervals and comparisons take at most %d rows (%d probabilities): sample them "
                                     "(--data \"sql:from 'D' using sample 1000000 rows\"), or without: score --partial --label C "
                                     "--output W.partial, score --merge W.partial";
_Static_assert(sizeof too_many_words + sizeof "the model to compare with: 8388608 16777216" <= sizeof ((struct sl_err *)0)->msg,
               "the end would be cut");

static int too_many(struct sl_err *err)
{
  return sl_err_set(err, SL_ELIMIT, too_many_words, SL_QUALITY_ROWS_MAX, SL_QUALITY_NUMBERS_MAX);
}

/* What every kept row has: which one it is, and the class it was given. */
static int keep_row(struct sl_quality *q, int64_t chosen, struct sl_err *err)
{
  if (q->nlabel >= SL_QUALITY_ROWS_MAX || q->seen > UINT32_MAX)
    return too_many(err);
  int rc = sl_grow((void **)&q->row, &q->row_cap, q->nlabel + 1, sizeof *q->row, SL_QUALITY_ROWS_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&q->chosen, &q->chosen_cap, q->nlabel + 1, sizeof *q->chosen, SL_QUALITY_ROWS_MAX, err);
  if (rc)
    return rc;
  q->row[q->nlabel] = (uint32_t)(q->seen - 1);
  q->chosen[q->nlabel] = (int16_t)(chosen >= 0 && (size_t)chosen < q->classes ? chosen : -1);
  return SL_OK;
}

static int keep_number(struct sl_quality *q, double label, double p, struct sl_err *err)
{
  int rc = keep_row(q, -1, err);
  if (!rc)
    rc = sl_grow((void **)&q->truth, &q->truth_cap, q->nlabel + 1, sizeof *q->truth, SL_QUALITY_ROWS_MAX, err);
  if (!rc)
    rc = sl_grow((void **)&q->p, &q->p_cap, q->nlabel + 1, sizeof *q->p, SL_QUALITY_ROWS_MAX, err);
  if (rc)
    return rc;
  q->truth[q->nlabel] = label;
  q->p[q->nlabel++] = p;
  return SL_OK;
}

static int add_number(struct sl_quality *q, double label, double p, struct sl_err *err)
{
  double off = p - label, delta = label - q->mean;
  q->n++;
  q->mean += delta / (double)q->n;
  q->sum_square += delta * (label - q->mean);
  q->abs += fabs(off);
  q->square += off * off;
  q->share += fabs(off) / (fabs(label) > DBL_EPSILON ? fabs(label) : DBL_EPSILON);
  return q->keep ? keep_number(q, label, p, err) : SL_OK;
}

static double kept_off(const struct sl_quality *q, double p)
{
  return p < q->epsilon ? q->epsilon : p > 1 - q->epsilon ? 1 - q->epsilon : p;
}

double quality_log_loss(const struct sl_quality *q, size_t label, const double *p)
{
  return -log(kept_off(q, q->classes > 2 ? p[label] : label ? p[0] : 1 - p[0]));
}

double quality_brier(const struct sl_quality *q, size_t label, const double *p)
{
  double sum = 0;
  if (q->width == 1)
    return (p[0] - (double)label) * (p[0] - (double)label);
  for (size_t k = 0; k < q->width; k++)
    sum += (p[k] - (k == label)) * (p[k] - (k == label));
  return sum;
}

static int keep_class(struct sl_quality *q, size_t label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  int rc = has_p && q->np + q->width > SL_QUALITY_NUMBERS_MAX ? too_many(err) : keep_row(q, chosen, err);
  if (!rc)
    rc = sl_grow((void **)&q->label, &q->label_cap, q->nlabel + 1, sizeof *q->label, SL_QUALITY_ROWS_MAX, err);
  if (!rc && has_p)
    rc = sl_grow((void **)&q->p, &q->p_cap, q->np + q->width, sizeof *q->p, SL_QUALITY_NUMBERS_MAX, err);
  if (rc)
    return rc;
  q->label[q->nlabel++] = (int32_t)label;
  for (size_t k = 0; has_p && k < q->width; k++)
    q->p[q->np++] = p[k];
  return SL_OK;
}

static int add_class(struct sl_quality *q, size_t label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  bool full = q->nlabel >= q->bound || q->np + q->width > SL_QUALITY_NUMBERS_MAX;
  int rc = full && q->bound && !q->wide ? quality_wide_begin(q, err) : SL_OK;
  if (!rc && !q->wide)
    rc = keep_class(q, label, p, has_p, chosen, err);
  if (rc)
    return rc;
  for (size_t k = 0; has_p && k < q->width; k++)
    q->odd_p = q->odd_p || isnan(p[k]);
  if (has_p && q->wide)
    quality_wide_add(q, label, p);
  q->no_p = q->no_p || !has_p;
  q->n++;
  if (chosen >= 0 && (size_t)chosen < q->classes)
    q->confusion[label * q->classes + (size_t)chosen]++;
  if (has_p) {
    q->loss += quality_log_loss(q, label, p);
    q->brier += quality_brier(q, label, p);
  }
  return SL_OK;
}

int sl_quality_add(struct sl_quality *q, double label, const double *p, bool has_p, int64_t chosen, struct sl_err *err)
{
  q->seen++;
  if (isnan(label))
    return SL_OK;
  if (!q->classes)
    return add_number(q, label, p[0], err);
  if (!(label >= 0 && label < (double)q->classes && label == floor(label)))
    return sl_err_set(err, SL_EUSAGE, "a label is %g; the model knows the classes 0 to %zu", label, q->classes - 1);
  return add_class(q, (size_t)label, p, has_p, chosen, err);
}

void sl_quality_groups(const struct sl_quality *q, const uint16_t *of, uint64_t *count)
{
  for (size_t i = 0; i < q->nlabel; i++)
    count[of[q->row[i]]]++;
}

int sl_quality_subset(struct sl_quality **out, const struct sl_quality *q, const uint16_t *of, uint16_t g, struct sl_err *err)
{
  int rc = sl_quality_open(out, q->classes, q->epsilon, err);
  if (rc)
    return rc;
  sl_quality_keep(*out);
  for (size_t i = 0; !rc && i < q->nlabel; i++) {
    if (of[q->row[i]] != g)
      continue;
    (*out)->seen = q->row[i];
    rc = sl_quality_add(*out, q->classes ? q->label[i] : q->truth[i], q->no_p && q->classes ? NULL : q->p + i * q->width,
                        !q->no_p || !q->classes, q->chosen[i], err);
  }
  if (rc) {
    sl_quality_free(*out);
    *out = NULL;
  }
  return rc;
}

/* ---- the end ---- */

bool quality_in(const struct sl_quality *q, size_t k, size_t i) { return (size_t)q->label[i] == k; }

static int put(sl_quality_fn *fn, void *user, const char *metric, int cls, int other, double value, uint64_t n)
{
  return fn(user, &(struct sl_quality_value){ metric, cls, other, value, n, (double)NAN, (double)NAN });
}

static int put_auc(sl_quality_fn *fn, void *user, int cls, const struct quality_auc *a, uint64_t n)
{
  double half = Z95 * sqrt(a->var), low = a->value - half, high = a->value + half;
  return fn(user, &(struct sl_quality_value){ "auc", cls, -1, a->value, n, low < 0 ? 0 : low, high > 1 ? 1 : high });
}

void quality_wilson(uint64_t hits, uint64_t n, double *low, double *high)
{
  double x = (double)hits, of = (double)n, z2 = Z95 * Z95, mid = (x + z2 / 2) / (of + z2);
  double half = n ? Z95 / (of + z2) * sqrt(x * (of - x) / of + z2 / 4) : 0;
  *low = !n ? (double)NAN : hits ? mid - half : 0;
  *high = !n ? (double)NAN : hits < n ? mid + half : 1;
}

/* hits of n. */
static int put_share(sl_quality_fn *fn, void *user, const char *metric, int cls, uint64_t hits, uint64_t n, double none)
{
  struct sl_quality_value v = { metric, cls, -1, n ? (double)hits / (double)n : none, n, (double)NAN, (double)NAN };
  quality_wilson(hits, n, &v.low, &v.high);
  return fn(user, &v);
}

/* Labels that do not differ: all right is 1, anything else 0. */
double quality_r2(double n, double square, double around)
{
  if (n < 2)
    return (double)NAN;
  return around > 0 ? 1 - square / around : square > 0 ? 0 : 1;
}

static int end_numbers(struct sl_quality *q, sl_quality_fn *fn, void *user)
{
  double n = (double)q->n;
  int rc = put(fn, user, "mae", -1, -1, n > 0 ? q->abs / n : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "rmse", -1, -1, n > 0 ? sqrt(q->square / n) : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "r2", -1, -1, quality_r2(n, q->square, q->sum_square), q->n);
  return rc ? rc : put(fn, user, "mape", -1, -1, n > 0 ? q->share / n : (double)NAN, q->n);
}

/* What the order of the outputs and the outputs themselves are worth, of each class against the rest. */
struct each { struct quality_auc auc; double precision, error; };

static double mean_of(const struct each *e, size_t n, size_t which)
{
  double sum = 0;
  size_t told = 0;
  for (size_t k = 0; k < n; k++) {
    double v = which == 0 ? e[k].auc.value : which == 1 ? e[k].precision : e[k].error;
    told += isnan(v) ? 0 : 1;
    sum += isnan(v) ? 0 : v;
  }
  return told ? sum / (double)told : (double)NAN;
}

static int rank_class(const struct sl_quality *q, size_t k, struct each *e, struct sl_err *err)
{
  struct quality_rank r;
  int rc = quality_rank_open(&r, q, k, err);
  if (!rc) {
    quality_rank_auc(&r, NULL, &e->auc);
    e->precision = quality_rank_precision(&r, NULL, NULL);
    e->error = quality_calibration_error(q, k);
  }
  quality_rank_free(&r);
  return rc;
}

/* Of two classes, of the second alone. The mean of several has no interval here. */
static int put_each(const struct sl_quality *q, const struct each *e, size_t first, size_t which, sl_quality_fn *fn, void *user)
{
  static const char *const names[] = { "auc", "average_precision", "calibration_error" };
  bool alone = q->classes == 2;
  struct quality_auc mean = { mean_of(e + first, q->classes - first, which), (double)NAN, 0 };
  int rc = which ? put(fn, user, names[which], -1, -1, mean.value, q->n) : put_auc(fn, user, -1, alone ? &e[1].auc : &mean, q->n);
  for (size_t k = first; !rc && !alone && k < q->classes; k++)
    rc = which ? put(fn, user, names[which], (int)k, -1, which == 1 ? e[k].precision : e[k].error, which == 1 ? e[k].auc.inside : q->n)
               : put_auc(fn, user, (int)k, &e[k].auc, e[k].auc.inside);
  return rc;
}

static int end_outputs(const struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  struct each e[SL_QUALITY_CLASSES_MAX];
  size_t first = q->classes == 2 ? 1 : 0;
  int rc = SL_OK;
  for (size_t k = first; !rc && k < q->classes; k++)
    rc = rank_class(q, k, &e[k], err);
  if (!rc)
    rc = put_each(q, e, first, 0, fn, user);
  if (!rc)
    rc = put(fn, user, "log_loss", -1, -1, q->loss / (double)q->n, q->n);
  if (!rc)
    rc = put(fn, user, "brier", -1, -1, q->brier / (double)q->n, q->n);
  if (!rc)
    rc = put_each(q, e, first, 1, fn, user);
  return rc ? rc : put_each(q, e, first, 2, fn, user);
}


/* The same where rows are no longer kept: the mean of several lies between the means. */
static int end_outputs_wide(const struct sl_quality *q, sl_quality_fn *fn, void *user)
{
  double least = 0, most = 0, told = 0;
  for (size_t k = q->classes > 2 ? 0 : 1; k < q->classes; k++) {
    double low, high;
    if (!quality_wide_auc(q, k, &low, &high))
      continue;
    least += low;
    most += high;
    told++;
  }
  int rc = put(fn, user, "auc_at_least", -1, -1, told > 0 ? least / told : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "auc_at_most", -1, -1, told > 0 ? most / told : (double)NAN, q->n);
  if (!rc)
    rc = put(fn, user, "log_loss", -1, -1, q->loss / (double)q->n, q->n);
  return rc ? rc : put(fn, user, "brier", -1, -1, q->brier / (double)q->n, q->n);
}

/* ---- of what was chosen alone ---- */

static uint64_t marginal(const struct sl_quality *q, size_t k, bool of_label)
{
  uint64_t n = 0;
  for (size_t i = 0; i < q->classes; i++)
    n += of_label ? q->confusion[k * q->classes + i] : q->confusion[i * q->classes + k];
  return n;
}

void quality_table(const uint64_t *confusion, size_t classes, struct quality_table *out, double *f1)
{
  double hits = 0, all = 0, recalls = 0, f1s = 0, weighted = 0, both = 0, there2 = 0, said2 = 0;
  size_t labelled = 0, seen = 0;
  for (size_t k = 0; k < classes; k++) {
    double there = 0, said = 0, hit = (double)confusion[k * classes + k];
    for (size_t i = 0; i < classes; i++) {
      there += (double)confusion[k * classes + i];
      said += (double)confusion[i * classes + k];
    }
    double f = there + said > 0 ? 2 * hit / (there + said) : 0;
    if (f1)
      f1[k] = f;
    seen += there + said > 0;
    labelled += there > 0;
    recalls += there > 0 ? hit / there : 0;
    f1s += f;
    weighted += f * there;
    hits += hit;
    all += there;
    both += there * said;
    there2 += there * there;
    said2 += said * said;
  }
  double spread = (all * all - said2) * (all * all - there2);
  *out = (struct quality_table){ .balanced = labelled ? recalls / (double)labelled : (double)NAN,
                                 .f1_macro = seen ? f1s / (double)seen : (double)NAN, .f1_weighted = all > 0 ? weighted / all : (double)NAN,
                                 .mcc = all > 0 ? spread > 0 ? (hits * all - both) / sqrt(spread) : 0 : (double)NAN };
}

static int end_table(const struct sl_quality *q, sl_quality_fn *fn, void *user)
{
  struct quality_table t;
  quality_table(q->confusion, q->classes, &t, NULL);
  int rc = put(fn, user, "balanced_accuracy", -1, -1, t.balanced, q->n);
  if (!rc)
    rc = put(fn, user, "f1_macro", -1, -1, t.f1_macro, q->n);
  if (!rc)
    rc = put(fn, user, "f1_weighted", -1, -1, t.f1_weighted, q->n);
  return rc ? rc : put(fn, user, "mcc", -1, -1, t.mcc, q->n);
}

static int end_class(const struct sl_quality *q, size_t k, sl_quality_fn *fn, void *user)
{
  uint64_t hits = q->confusion[k * q->classes + k], there = marginal(q, k, true), said = marginal(q, k, false);
  int rc = put_share(fn, user, "precision", (int)k, hits, said, 0);
  if (!rc)
    rc = put_share(fn, user, "recall", (int)k, hits, there, 0);
  return rc ? rc : put(fn, user, "f1", (int)k, -1, said + there ? 2 * (double)hits / (double)(said + there) : 0, there);
}

int sl_quality_end(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err)
{
  uint64_t hits = 0;
  if (!q->classes)
    return end_numbers(q, fn, user);
  for (size_t k = 0; k < q->classes; k++)
    hits += q->confusion[k * q->classes + k];
  int rc = put_share(fn, user, "accuracy", -1, hits, q->n, (double)NAN);
  if (!rc && !q->no_p && q->n)
    rc = q->wide ? end_outputs_wide(q, fn, user) : end_outputs(q, fn, user, err);
  if (!rc)
    rc = end_table(q, fn, user);
  for (size_t k = 0; !rc && k < q->classes; k++)
    rc = end_class(q, k, fn, user);
  for (size_t i = 0; !rc && i < q->classes * q->classes; i++)
    rc = put(fn, user, "confusion", (int)(i / q->classes), (int)(i % q->classes), (double)q->confusion[i], q->confusion[i]);
  return rc;
}
