/* compute/quality_rank.c: what the order of the outputs is worth, of one class against the rest: AUC with what its variance rests on, and
 * average precision; both also over rows that count several times. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "compute/quality_int.h"

static int by_score(const void *a, const void *b)
{
  double x = ((const struct quality_scored *)a)->score, y = ((const struct quality_scored *)b)->score;
  return (x > y) - (x < y);
}

double quality_p(const struct sl_quality *q, size_t k, size_t i) { return q->p[i * q->width + (q->width > 1 ? k : 0)]; }

int quality_rank_open(struct quality_rank *r, const struct sl_quality *q, size_t k, struct sl_err *err)
{
  size_t n = q->nlabel;
  *r = (struct quality_rank){ .s = sl_calloc(n + 1, sizeof *r->s), .n = n };
  if (!r->s)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    r->s[i] = (struct quality_scored){ quality_p(q, k, i), (uint32_t)i, quality_in(q, k, i) };
    r->inside += r->s[i].in;
  }
  r->told = r->inside && r->inside < n && !q->odd_p;
  if (r->told)
    qsort(r->s, n, sizeof *r->s, by_score);
  return SL_OK;
}

void quality_rank_free(struct quality_rank *r)
{
  sl_free(r->s);
  r->s = NULL;
}

static void moments(double x, double *n, double *mean, double *square)
{
  double delta = x - *mean;
  *n += 1;
  *mean += delta / *n;
  *square += delta * (x - *mean);
}

/* Mann-Whitney: how often a row of the class stands above one of the rest, ties counted half. What is summed are halves: exact. */
void quality_rank_auc(const struct quality_rank *r, double *v, struct quality_auc *out)
{
  const struct quality_scored *s = r->s;
  size_t n = r->n;
  double in = (double)r->inside, rest = (double)n - in, sum = 0, below_in = 0, below_rest = 0;
  double m[2] = { 0, 0 }, mean[2] = { 0, 0 }, square[2] = { 0, 0 };
  *out = (struct quality_auc){ (double)NAN, (double)NAN, r->inside };
  if (!r->told)
    return;
  for (size_t i = 0, j; i < n; i = j) {
    double tied_in = 0;
    for (j = i; j < n && !(s[j].score > s[i].score); j++)
      tied_in += s[j].in;
    double tied_rest = (double)(j - i) - tied_in, of_in = (below_rest + tied_rest / 2) / rest;
    double of_rest = (in - below_in - tied_in / 2) / in;
    sum += tied_in * (below_rest + tied_rest / 2);
    for (size_t k = i; k < j; k++) {
      double share = s[k].in ? of_in : of_rest;
      moments(share, &m[s[k].in], &mean[s[k].in], &square[s[k].in]);
      if (v)
        v[s[k].at] = share;
    }
    below_in += tied_in;
    below_rest += tied_rest;
  }
  out->value = sum / (in * rest);
  out->var = in > 1 && rest > 1 ? square[1] / (in - 1) / in + square[0] / (rest - 1) / rest : (double)NAN;
}

int quality_auc(const struct sl_quality *q, size_t k, double *v, struct quality_auc *out, struct sl_err *err)
{
  struct quality_rank r;
  int rc = quality_rank_open(&r, q, k, err);
  if (!rc)
    quality_rank_auc(&r, v, out);
  quality_rank_free(&r);
  return rc;
}

/* From the top: each group of equal outputs adds its share of the class, times the precision down to there. */
double quality_rank_precision(const struct quality_rank *r, const uint32_t *w, double *auc)
{
  double in = 0, rest = 0, sum = 0, pairs = 0;
  for (size_t i = r->told ? r->n : 0, j; i > 0; i = j) {
    double tied[2] = { 0, 0 };
    for (j = i; j > 0 && !(r->s[j - 1].score < r->s[i - 1].score); j--)
      tied[r->s[j - 1].in] += w ? w[r->s[j - 1].at] : 1;
    pairs += tied[0] * (in + tied[1] / 2);
    in += tied[1];
    rest += tied[0];
    if (tied[1] > 0)
      sum += tied[1] * (in / (in + rest));
  }
  bool told = in > 0 && rest > 0;
  if (auc)
    *auc = told ? pairs / (in * rest) : (double)NAN;
  return told ? sum / in : (double)NAN;
}
