/* compute/quality_wide.c: more rows than are kept: how many of each class lie in each of some ten thousand buckets of probability, and from
 * that between which two numbers the AUC lies. Rows of two buckets are told apart, rows of one are not: with all of them wrong it is the
 * lower one, with all of them right the upper one. A bucket in which all probabilities are the same, as those of few leaves are, is a tie.
 *
 * A bucket is the beginning of the float of p, or above a half of 1 - p: as fine near 0 and near 1 as rare events need. */
#include <math.h>

#include "base/mem.h"
#include "compute/quality_int.h"

enum { FINE = 14, COARSE = 18, FINE_CLASSES = 16, TINY = 64 };      /* bits of a float that are left out; 2^-TINY and below is one */

static size_t key(float f, unsigned shift)
{
  uint32_t bits, least = (uint32_t)(127 - TINY) << 23;
  memcpy(&bits, &f, sizeof bits);
  return f > 0 && bits > least ? (bits - least) >> shift : 0;
}

static size_t half_of(unsigned shift) { return key(0.5f, shift) + 1; }
static unsigned shift_of(size_t width) { return width > FINE_CLASSES ? COARSE : FINE; }
size_t quality_buckets(size_t width) { return 2 * half_of(shift_of(width)); }
static size_t buckets(const struct sl_quality *q) { return quality_buckets(q->width); }

size_t quality_bucket(size_t width, double p)
{
  unsigned shift = shift_of(width);
  double off = p < 0.5 ? p : 1 - p;
  size_t k = key((float)(off > 0.5 ? 0.5 : off), shift);
  return p < 0.5 ? k : quality_buckets(width) - 1 - k;
}

void quality_wide_add(struct sl_quality *q, size_t label, const double *p)
{
  size_t n = buckets(q);
  for (size_t k = 0; k < q->width; k++) {
    bool in = label == (q->width > 1 ? k : 1);
    size_t b = isnan(p[k]) ? 0 : quality_bucket(q->width, p[k]);
    bool first = !q->wide[2 * k * n + b] && !q->wide[(2 * k + 1) * n + b];
    double *same = &q->same[k * n + b];
    *same = first || *same == p[k] ? p[k] : (double)NAN;
    q->wide[(2 * k + in) * n + b]++;
  }
}

int quality_wide_begin(struct sl_quality *q, struct sl_err *err)
{
  q->wide = sl_calloc(2 * q->width * buckets(q), sizeof *q->wide);
  q->same = sl_calloc(q->width * buckets(q), sizeof *q->same);
  if (!q->wide || !q->same)
    return sl_err_nomem(err);
  for (size_t i = 0; i < q->nlabel && q->np; i++)
    quality_wide_add(q, (size_t)q->label[i], q->p + i * q->width);
  sl_free(q->label);
  sl_free(q->p);
  sl_free(q->row);
  sl_free(q->chosen);
  q->label = NULL;
  q->p = NULL;
  q->row = NULL;
  q->chosen = NULL;
  q->nlabel = q->label_cap = q->np = q->p_cap = q->row_cap = q->chosen_cap = 0;
  return SL_OK;
}

bool quality_wide_auc(const struct sl_quality *q, size_t k, double *least, double *most)
{
  size_t n = buckets(q), at = q->width > 1 ? k : 0;
  const uint64_t *in = q->wide + (2 * at + 1) * n, *rest = q->wide + 2 * at * n;
  double low = 0, mixed = 0, below = 0, all_in = 0;
  for (size_t i = 0; i < n; i++) {
    bool tie = !isnan(q->same[at * n + i]);
    low += (double)in[i] * (below + (tie ? (double)rest[i] / 2 : 0));
    mixed += tie ? 0 : (double)in[i] * (double)rest[i];
    below += (double)rest[i];
    all_in += (double)in[i];
  }
  *least = low / (all_in * below);
  *most = (low + mixed) / (all_in * below);
  return all_in > 0 && below > 0 && !q->odd_p;
}
