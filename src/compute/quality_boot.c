/* compute/quality_boot.c: intervals by resampling rows with replacement, and of two models over the same rows the p-value of their
 * difference (both see the same draw each time). Percentiles as numpy's; draws by splitmix64 from a fixed seed, so that the same
 * data gives the same figures everywhere. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/quality_int.h"

/* Draws: a thousand, fewer where rows are many: DRAWN in all, at least DRAWS_LEAST. RANKED: rows times classes that are held in order. */
enum { DRAWS = 1000, DRAWS_LEAST = 200, DRAWN = 200000000, RANKED = 4 << 20 };
enum { BALANCED, F1_MACRO, F1_WEIGHTED, MCC, LOG_LOSS, BRIER, PRECISION, AUC, OF_ALL };
enum { MAE, RMSE, R2, MAPE, OF_NUMBERS };
static const char *const of_all[OF_ALL] = { "balanced_accuracy", "f1_macro", "f1_weighted", "mcc", "log_loss", "brier",
                                            "average_precision", "auc" };
static const char *const of_numbers[OF_NUMBERS] = { "mae", "rmse", "r2", "mape" };

struct side {
  const struct sl_quality *q;
  struct quality_rank *rank; size_t first, nrank;      /* rank[k - first] of class k; NULL: not ranked */
  double *loss, *brier;                                /* of each row; NULL: no probabilities */
  uint64_t *confusion;
  double *drawn;                                       /* draws x stats, then in the order of each */
};
struct sl_quality_boot {
  size_t classes, stats, draws;
  struct sl_quality_bounds *out;
};

static size_t stats_of(size_t classes) { return classes ? OF_ALL + 2 * classes : OF_NUMBERS; }

/* ---- one model ---- */

static void side_free(struct side *s)
{
  for (size_t i = 0; s->rank && i < s->nrank; i++)
    quality_rank_free(&s->rank[i]);
  sl_free(s->rank);
  sl_free(s->loss);
  sl_free(s->brier);
  sl_free(s->confusion);
  sl_free(s->drawn);
}

static int rank_all(struct side *s, struct sl_err *err)
{
  const struct sl_quality *q = s->q;
  s->first = q->classes == 2 ? 1 : 0;
  if (q->nlabel * (q->classes - s->first) > RANKED)
    return SL_OK;
  s->rank = sl_calloc(q->classes, sizeof *s->rank);
  int rc = s->rank ? SL_OK : sl_err_nomem(err);
  for (size_t k = s->first; !rc && k < q->classes; k++)
    rc = quality_rank_open(&s->rank[s->nrank++], q, k, err);
  return rc;
}

static int side_open(struct side *s, const struct sl_quality *q, size_t draws, struct sl_err *err)
{
  s->q = q;
  s->drawn = sl_calloc(draws * stats_of(q->classes) + 1, sizeof *s->drawn);
  s->confusion = sl_calloc(q->classes * q->classes + 1, sizeof *s->confusion);
  if (!s->drawn || !s->confusion)
    return sl_err_nomem(err);
  if (!q->classes || q->no_p)
    return SL_OK;
  s->loss = sl_calloc(q->nlabel + 1, sizeof *s->loss);
  s->brier = sl_calloc(q->nlabel + 1, sizeof *s->brier);
  if (!s->loss || !s->brier)
    return sl_err_nomem(err);
  for (size_t i = 0; i < q->nlabel; i++) {
    s->loss[i] = quality_log_loss(q, (size_t)q->label[i], q->p + i * q->width);
    s->brier[i] = quality_brier(q, (size_t)q->label[i], q->p + i * q->width);
  }
  return rank_all(s, err);
}

/* ---- one draw ---- */

static void ranked(const struct side *s, const uint32_t *w, double *out)
{
  double sum[2] = { 0, 0 };
  size_t told = 0;
  for (size_t i = 0; i < s->nrank; i++) {
    double auc, ap = quality_rank_precision(&s->rank[i], w, &auc);
    out[OF_ALL + s->q->classes + s->first + i] = ap;
    told += isnan(ap) ? 0 : 1;
    sum[0] += isnan(ap) ? 0 : ap;
    sum[1] += isnan(auc) ? 0 : auc;
  }
  out[PRECISION] = told ? sum[0] / (double)told : (double)NAN;
  out[AUC] = told && s->q->classes > 2 ? sum[1] / (double)told : (double)NAN; /* of two classes DeLong tells */
}

static void draw_classes(struct side *s, const uint32_t *w, double *out)
{
  const struct sl_quality *q = s->q;
  struct quality_table t;
  double loss = 0, brier = 0;
  for (size_t i = 0; i < stats_of(q->classes); i++)
    out[i] = (double)NAN;
  memset(s->confusion, 0, q->classes * q->classes * sizeof *s->confusion);
  for (size_t i = 0; i < q->nlabel; i++) {
    if (q->chosen[i] >= 0)
      s->confusion[(size_t)q->label[i] * q->classes + (size_t)q->chosen[i]] += w[i];
    loss += s->loss ? w[i] * s->loss[i] : 0;
    brier += s->loss ? w[i] * s->brier[i] : 0;
  }
  quality_table(s->confusion, q->classes, &t, out + OF_ALL);
  out[BALANCED] = t.balanced;
  out[F1_MACRO] = t.f1_macro;
  out[F1_WEIGHTED] = t.f1_weighted;
  out[MCC] = t.mcc;
  if (!s->loss)
    return;
  out[LOG_LOSS] = loss / (double)q->nlabel;
  out[BRIER] = brier / (double)q->nlabel;
  ranked(s, w, out);
}

static void draw_numbers(const struct side *s, const uint32_t *w, double *out)
{
  const struct sl_quality *q = s->q;
  double n = (double)q->nlabel, off = 0, square = 0, share = 0, mean = 0, around = 0;
  for (size_t i = 0; i < q->nlabel; i++) {
    double e = fabs(q->p[i] - q->truth[i]), d = q->truth[i] - q->mean;
    off += w[i] * e;
    square += w[i] * e * e;
    share += w[i] * e / (fabs(q->truth[i]) > DBL_EPSILON ? fabs(q->truth[i]) : DBL_EPSILON);
    mean += w[i] * d;
    around += w[i] * d * d;
  }
  out[MAE] = off / n;
  out[RMSE] = sqrt(square / n);
  out[R2] = quality_r2(n, square, around - mean * mean / n);
  out[MAPE] = share / n;
}

static uint64_t splitmix(uint64_t *state)
{
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static void draw(struct side *s, size_t sides, size_t draws, uint32_t *w)
{
  uint64_t state = 1;
  size_t n = s[0].q->nlabel, stats = stats_of(s[0].q->classes);
  for (size_t d = 0; d < draws; d++) {
    memset(w, 0, n * sizeof *w);
    for (size_t i = 0; i < n; i++)
      w[((splitmix(&state) >> 24) * n) >> 40]++;
    for (size_t k = 0; k < sides; k++) {
      double *out = s[k].drawn + d * stats;
      if (s[k].q->classes)
        draw_classes(&s[k], w, out);
      else
        draw_numbers(&s[k], w, out);
    }
  }
}

/* ---- all draws ---- */

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile(const double *v, size_t n, double part)
{
  double at = part * (double)(n - 1);
  size_t i = (size_t)at;
  return i + 1 < n ? v[i] + (v[i + 1] - v[i]) * (at - (double)i) : v[n - 1];
}

/* Draws in which it could not be told (a class that was not drawn) are left out; with many of them nothing is said. */
static size_t column(const double *drawn, size_t draws, size_t stats, size_t k, double *v)
{
  size_t n = 0;
  for (size_t d = 0; d < draws; d++)
    if (isfinite(drawn[d * stats + k]))
      v[n++] = drawn[d * stats + k];
  return n * 10 < draws * 9 ? 0 : n;
}

static void bounds(const struct side *s, size_t sides, size_t draws, size_t stats, size_t k, double *v, struct sl_quality_bounds *out)
{
  *out = (struct sl_quality_bounds){ (double)NAN, (double)NAN, (double)NAN };
  size_t n = column(s[0].drawn, draws, stats, k, v), below = 0, above = 0, both = 0;
  if (n) {
    qsort(v, n, sizeof *v, ascending);
    out->low = percentile(v, n, 0.025);
    out->high = percentile(v, n, 0.975);
  }
  for (size_t d = 0; sides > 1 && d < draws; d++) {
    double off = s[0].drawn[d * stats + k] - s[1].drawn[d * stats + k];
    both += isnan(off) ? 0 : 1;
    below += off <= 0 ? 1 : 0;
    above += off >= 0 ? 1 : 0;
  }
  double p = 2 * (double)((below < above ? below : above) + 1) / (double)(both + 1);
  if (sides > 1 && both * 10 >= draws * 9 && both)
    out->p = p > 1 ? 1 : p;
}

static size_t draws_for(size_t n)
{
  size_t draws = n ? DRAWN / n : 0;
  return draws > DRAWS ? DRAWS : draws < DRAWS_LEAST ? DRAWS_LEAST : draws;
}

static int work(struct sl_quality_boot *b, struct side *s, size_t sides, struct sl_err *err)
{
  uint32_t *w = sl_calloc(s[0].q->nlabel + 1, sizeof *w);
  double *v = sl_calloc(b->draws, sizeof *v);
  int rc = w && v ? SL_OK : sl_err_nomem(err);
  if (!rc) {
    draw(s, sides, b->draws, w);
    for (size_t k = 0; k < b->stats; k++)
      bounds(s, sides, b->draws, b->stats, k, v, &b->out[k]);
  }
  sl_free(w);
  sl_free(v);
  return rc;
}

int sl_quality_resample(struct sl_quality_boot **out, const struct sl_quality *a, const struct sl_quality *other, struct sl_err *err)
{
  struct side s[2] = { { .q = NULL } };
  *out = NULL;
  if (a->nlabel < 2 || (!a->classes && !a->keep))
    return SL_OK;
  struct sl_quality_boot *b = sl_calloc(1, sizeof *b);
  if (!b)
    return sl_err_nomem(err);
  *b = (struct sl_quality_boot){ .classes = a->classes, .stats = stats_of(a->classes), .draws = draws_for(a->nlabel) };
  b->out = sl_calloc(b->stats, sizeof *b->out);
  int rc = b->out ? side_open(&s[0], a, b->draws, err) : sl_err_nomem(err);
  if (!rc && other)
    rc = side_open(&s[1], other, b->draws, err);
  if (!rc)
    rc = work(b, s, other ? 2 : 1, err);
  side_free(&s[0]);
  side_free(&s[1]);
  if (rc)
    sl_quality_resample_free(b);
  else
    *out = b;
  return rc;
}

void sl_quality_resample_free(struct sl_quality_boot *b)
{
  if (!b)
    return;
  sl_free(b->out);
  sl_free(b);
}

static size_t find(const struct sl_quality_boot *b, const char *metric, int cls)
{
  size_t n = b->classes ? OF_ALL : OF_NUMBERS;
  if (cls >= 0)
    return !strcmp(metric, "f1") ? OF_ALL + (size_t)cls
           : !strcmp(metric, "average_precision") ? OF_ALL + b->classes + (size_t)cls : SIZE_MAX;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(metric, b->classes ? of_all[i] : of_numbers[i]))
      return i;
  return SIZE_MAX;
}

struct sl_quality_bounds sl_quality_resampled(const struct sl_quality_boot *b, const char *metric, int cls)
{
  size_t at = b ? find(b, metric, cls) : SIZE_MAX;
  return at < SIZE_MAX ? b->out[at] : (struct sl_quality_bounds){ (double)NAN, (double)NAN, (double)NAN };
}
