/* compute/stat_sort.c: sorting numbers by their bits, and merging what is sorted.
 *
 * Radix sort, least significant digit first, but of the upper 44 bits only: of numbers that are not alike hardly two share them. Those that
 * do lie side by side then, and are sorted by what is left. */
#include <string.h>

#include "compute/stat.h"
#include "compute/stat_int.h"

enum { DIGIT = 11, RADIX = 1 << DIGIT, HIGH = 4, REST = 64 - HIGH * DIGIT, LOW_DIGIT = 10, LOW = 2, FEW = 32 };

static double of_key(uint64_t u)
{
  double v;
  u ^= u >> 63 ? UINT64_C(1) << 63 : UINT64_MAX;
  memcpy(&v, &u, sizeof v);
  return v;
}

static uint64_t load(const double *p)
{
  uint64_t u;
  memcpy(&u, p, sizeof u);
  return u;
}

static void store(double *p, uint64_t u) { memcpy(p, &u, sizeof u); }

static void sort_few(double *x, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    uint64_t k = load(&x[i]);
    size_t j = i;
    for (; j && load(&x[j - 1]) > k; j--)
      store(&x[j], load(&x[j - 1]));
    store(&x[j], k);
  }
}

/* Where the values of each digit go; a digit that all share moves nothing: false. */
static bool places(size_t at[RADIX], size_t n, size_t first)
{
  size_t sum = 0;
  if (at[first] == n)
    return false;
  for (size_t k = 0; k < RADIX; k++) {
    size_t c = at[k];
    at[k] = sum;
    sum += c;
  }
  return true;
}

/* Digits of `bits` bits from `shift` on, all counted at once. */
static void by_digits(double *x, double *other, size_t n, unsigned shift, unsigned bits, unsigned digits)
{
  size_t at[HIGH][RADIX] = { { 0 } }, mask = ((size_t)1 << bits) - 1;
  double *from = x, *to = other;
  for (size_t i = 0; i < n; i++) {
    uint64_t u = load(&x[i]) >> shift;
    for (unsigned d = 0; d < digits; d++, u >>= bits)
      at[d][u & mask]++;
  }
  for (unsigned d = 0; d < digits; d++) {
    unsigned by = shift + d * bits;
    if (!places(at[d], n, load(&x[0]) >> by & mask))
      continue;
    for (size_t i = 0; i < n; i++) {
      uint64_t u = load(&from[i]);
      store(&to[at[d][u >> by & mask]++], u);
    }
    double *t = from;
    from = to;
    to = t;
  }
  if (from != x)
    memcpy(x, from, n * sizeof *x);
}

/* Those whose upper bits are alike, by the others. */
static void by_rest(double *x, double *other, size_t n)
{
  for (size_t i = 0, k; i < n; i = k) {
    uint64_t high = load(&x[i]) >> REST;
    for (k = i + 1; k < n && load(&x[k]) >> REST == high;)
      k++;
    if (k - i > FEW)
      by_digits(x + i, other + i, k - i, 0, LOW_DIGIT, LOW);
    else if (k - i > 1)
      sort_few(x + i, k - i);
  }
}

void sl_stat_sort(double *x, double *other, size_t n)
{
  for (size_t i = 0; i < n; i++)
    store(&x[i], sl_stat_key(x[i]));
  if (n > FEW) {
    by_digits(x, other, n, REST, DIGIT, HIGH);
    by_rest(x, other, n);
  } else {
    sort_few(x, n);
  }
  for (size_t i = 0; i < n; i++)
    x[i] = of_key(load(&x[i]));
}

size_t stat_from_first(const double *a, size_t na, const double *b, size_t nb, size_t rank)
{
  size_t lo = rank > nb ? rank - nb : 0, hi = rank < na ? rank : na;
  while (lo < hi) {
    size_t i = lo + (hi - lo) / 2;
    if (sl_stat_key(a[i]) <= sl_stat_key(b[rank - i - 1]))
      lo = i + 1;
    else
      hi = i;
  }
  return lo;
}

void sl_stat_merge(const double *a, size_t na, const double *b, size_t nb, size_t from, size_t upto, double *out)
{
  size_t i = stat_from_first(a, na, b, nb, from), j = from - i, k = from;
  for (; k < upto && i < na && j < nb; k++) {
    bool left = sl_stat_key(a[i]) <= sl_stat_key(b[j]);
    out[k] = left ? a[i] : b[j];
    i += left;
    j += !left;
  }
  size_t rest = upto - k;
  if (rest)
    memcpy(out + k, i < na ? a + i : b + j, rest * sizeof *out);
}
