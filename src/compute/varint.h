/* compute/varint.h: numbers in files of ours: seven bits a byte, the low ones first, in the shortest form only, so that equal values are
 * equal bytes. [any] */
#ifndef SL_COMPUTE_VARINT_H
#define SL_COMPUTE_VARINT_H

#include "base/buf.h"
#include "compute/exact_sum.h"

/* What does not fit sticks in b. */
void varint_put(struct sl_buf *b, sl_u128 v);
void varint_put_str(struct sl_buf *b, struct sl_str s);    /* its length, then its bytes */
void varint_put_f64(struct sl_buf *b, double x);           /* eight bytes, low first */
/* Sign, the lowest digit in use, how many, the digits: one form for one sum. */
void varint_put_exact(struct sl_buf *b, const struct sl_exact *s);

/* At most max; false also at the end, and for a number that could be written shorter. */
bool varint_take_wide(struct sl_rd *r, sl_u128 max, sl_u128 *out);
bool varint_take(struct sl_rd *r, uint64_t max, uint64_t *out);
bool varint_take_str(struct sl_rd *r, size_t max, struct sl_str *out);   /* borrowed */
double varint_take_f64(struct sl_rd *r);                   /* r->bad at the end */
/* s zeroed; false: what no sum is written as. */
bool varint_take_exact(struct sl_rd *r, struct sl_exact *s);

#endif
