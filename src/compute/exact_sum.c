/* compute/exact_sum.c: numbers of fixed point, 4,416 bits wide. */
#include "compute/exact_sum.h"

#include <math.h>
#include <string.h>

enum { DIGIT = 32, TIDY_AFTER = 1 << 30, MANTISSA = 52, EXPONENT_MASK = 0x7ff, LEAST = -1074 };

/* |x| = *m * 2^result */
static int parts(double x, uint64_t *m, bool *negative)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  int e = (int)(u >> MANTISSA & EXPONENT_MASK);
  *negative = u >> 63;
  *m = (u & ((UINT64_C(1) << MANTISSA) - 1)) | (e ? UINT64_C(1) << MANTISSA : 0);
  return (e ? e : 1) + LEAST - 1;
}

void sl_exact_add_at(struct sl_exact *s, bool negative, sl_u128 m, int exponent)
{
  int at = exponent - SL_EXACT_LOW, shift = at % DIGIT;
  if (at < 0 || at / DIGIT + 5 > SL_EXACT_DIGITS)
    return;
  int64_t *d = &s->d[at / DIGIT];
  for (int i = 0; i < 5; i++) {
    int64_t part = (int64_t)(uint32_t)(i ? m : m << shift);
    m >>= i ? DIGIT : DIGIT - shift;
    d[i] += negative ? -part : part;
  }
  if (++s->adds >= TIDY_AFTER)
    sl_exact_tidy(s);
}

void sl_exact_add(struct sl_exact *s, double x)
{
  uint64_t m;
  bool negative;
  int e = parts(x, &m, &negative);
  sl_exact_add_at(s, negative, m, e);
}

void sl_exact_add_square(struct sl_exact *s, double x)
{
  uint64_t m;
  bool negative;
  int e = parts(x, &m, &negative);
  sl_exact_add_at(s, false, (sl_u128)m * m, 2 * e);
}

void sl_exact_tidy(struct sl_exact *s)
{
  int64_t carry = 0;
  for (int i = 0; i < SL_EXACT_DIGITS - 1; i++) {
    int64_t v = s->d[i] + carry;
    s->d[i] = (int64_t)((uint64_t)v & UINT32_MAX);
    carry = (v - s->d[i]) / (INT64_C(1) << DIGIT);
  }
  s->d[SL_EXACT_DIGITS - 1] += carry;
  s->adds = 0;
}

void sl_exact_add_all(struct sl_exact *s, const struct sl_exact *other)
{
  struct sl_exact o = *other;
  sl_exact_tidy(s);
  sl_exact_tidy(&o);
  for (int i = 0; i < SL_EXACT_DIGITS; i++)
    s->d[i] += o.d[i];
  sl_exact_tidy(s);
}

/* The magnitude of a tidy copy; false: it was not negative. */
static bool magnitude(struct sl_exact *s)
{
  sl_exact_tidy(s);
  if (s->d[SL_EXACT_DIGITS - 1] >= 0)
    return false;
  for (int i = 0; i < SL_EXACT_DIGITS; i++)
    s->d[i] = -s->d[i];
  sl_exact_tidy(s);
  return true;
}

void sl_exact_add_times(struct sl_exact *s, const struct sl_exact *other, double by)
{
  struct sl_exact o = *other;
  uint64_t m;
  bool negative, below = magnitude(&o);
  int e = parts(by, &m, &negative), even = m ? __builtin_ctzll(m) : 0;
  m >>= even; /* whole numbers reach no further down than other does */
  e += even;
  for (int i = 0; i < SL_EXACT_DIGITS; i++)
    if (o.d[i])
      sl_exact_add_at(s, negative != below, (sl_u128)(uint64_t)o.d[i] * m, SL_EXACT_LOW + i * DIGIT + e);
}

/* 64 bits of a magnitude from 2^exponent up. */
static uint64_t bits_from(const struct sl_exact *s, int exponent)
{
  int at = exponent - SL_EXACT_LOW, i = at / DIGIT;
  sl_u128 v = 0;
  for (int k = 2; k >= 0; k--)
    v = v << DIGIT | (i + k < SL_EXACT_DIGITS ? (uint64_t)s->d[i + k] : 0);
  return (uint64_t)(v >> at % DIGIT);
}

static bool any_below(const struct sl_exact *s, int exponent)
{
  int at = exponent - SL_EXACT_LOW;
  for (int i = 0; i < at / DIGIT; i++)
    if (s->d[i])
      return true;
  return (uint64_t)s->d[at / DIGIT] & ((UINT64_C(1) << at % DIGIT) - 1);
}

double sl_exact_f64(const struct sl_exact *s)
{
  struct sl_exact o = *s;
  bool negative = magnitude(&o);
  int top = SL_EXACT_DIGITS - 1;
  while (top > 0 && !o.d[top])
    top--;
  if (!o.d[top])
    return 0;
  int high = SL_EXACT_LOW + top * DIGIT + 63 - __builtin_clzll((uint64_t)o.d[top]);
  int low = high - MANTISSA > LEAST ? high - MANTISSA : LEAST;
  uint64_t m = high < low ? 0 : bits_from(&o, low);
  bool half = bits_from(&o, low - 1) & 1;
  if (half && ((m & 1) || any_below(&o, low - 1)))
    m++;
  double v = ldexp((double)m, low);
  return negative ? -v : v;
}
