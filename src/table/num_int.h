/* table/num_int.h: numbers of two kinds compared exactly: an i64 is never rounded to a double to meet one. */
#ifndef SL_TABLE_NUM_INT_H
#define SL_TABLE_NUM_INT_H

#include <math.h>

#include "base/str.h"

struct num { bool is_int; int64_t i; double f; };

enum { NUM_UNORDERED = 2 };

/* A number of either kind. */
static inline struct num num_i(int64_t i) { return (struct num){ .is_int = true, .i = i }; }
static inline struct num num_f(double f) { return (struct num){ .f = f }; }

/* -1, 0, 1; what a double is in may be NaN: NUM_UNORDERED. */
static inline int num_cmp_ii(int64_t a, int64_t b) { return (a > b) - (a < b); }

/* Exact, whatever the two are. */
static inline int num_cmp_if(int64_t i, double f)
{
  if (isnan(f))
    return NUM_UNORDERED;
  if (f >= 9223372036854775808.0)
    return -1;
  if (f < -9223372036854775808.0)
    return 1;
  int64_t whole = (int64_t)f; /* towards zero, in range by the two tests above */
  if (i != whole)
    return i < whole ? -1 : 1;
  double rest = f - (double)whole;
  return (rest < 0) - (rest > 0);
}

/* 0 and -0 are one. */
static inline int num_cmp_ff(double a, double b)
{
  return isnan(a) || isnan(b) ? NUM_UNORDERED : (a > b) - (a < b);
}

/* -1, 0, 1, or NUM_UNORDERED when either is NaN. */
static inline int num_cmp(struct num a, struct num b)
{
  if (a.is_int && b.is_int)
    return num_cmp_ii(a.i, b.i);
  if (a.is_int)
    return num_cmp_if(a.i, b.f);
  if (!b.is_int)
    return num_cmp_ff(a.f, b.f);
  int c = num_cmp_if(b.i, a.f);
  return c == NUM_UNORDERED ? c : -c;
}

/* Text as a number: whole digits stay exact. */
static inline bool num_of_text(struct sl_str s, struct num *out)
{
  if (!s.n || s.n > 400 || s.p[0] > '9') /* most words end here: digits, signs and dots come before letters in ASCII */
    if (!s.n || s.n > 400 || !strchr("iInN", s.p[0]))
      return false;
  *out = num_i(0);
  if (sl_str_i64(s, &out->i))
    return true;
  out->is_int = false;
  return sl_str_f64(s, &out->f);
}

#endif
