/* compute/exact_sum.h: sums of doubles and of their squares without any rounding, so that the order of adding does not matter.
 *
 * A number of fixed point, wide enough for every double, every square of one and 2^38 of them: digits of 32 bits in words of 64, so that
 * carries wait. Two sums of the same numbers in whatever order and grouping are equal once sl_exact_tidy() has been called. [any] */
#ifndef SL_COMPUTE_EXACT_SUM_H
#define SL_COMPUTE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 sl_u128;

enum { SL_EXACT_DIGITS = 138, SL_EXACT_LOW = -2176 };   /* digit 0 counts multiples of 2^SL_EXACT_LOW */
struct sl_exact { int64_t d[SL_EXACT_DIGITS]; uint32_t adds; };   /* zeroed: 0 */

void sl_exact_add(struct sl_exact *s, double x);                  /* x finite */
void sl_exact_add_square(struct sl_exact *s, double x);           /* adds x^2, all 106 bits of it; x finite */
/* (negative ? -1 : 1) * m * 2^exponent; what lies outside the digits is a mistake of the caller's, and not added. */
void sl_exact_add_at(struct sl_exact *s, bool negative, sl_u128 m, int exponent);
void sl_exact_add_all(struct sl_exact *s, const struct sl_exact *other);
/* s += other * by; other is tidy, by finite. */
void sl_exact_add_times(struct sl_exact *s, const struct sl_exact *other, double by);
/* Each digit below 2^32 and not negative, but for the last, which carries the sign. */
void sl_exact_tidy(struct sl_exact *s);
/* The nearest double, ties to even; infinite beyond. */
double sl_exact_f64(const struct sl_exact *s);

#endif
