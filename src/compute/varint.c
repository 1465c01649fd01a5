/* compute/varint.c: numbers of seven bits a byte, texts, doubles and exact sums, as bytes and back. */
#include "compute/varint.h"

#include <string.h>

void varint_put(struct sl_buf *b, sl_u128 v)
{
  for (; v >= 128; v >>= 7)
    sl_buf_ch(b, (char)((unsigned char)v | 128));
  sl_buf_ch(b, (char)(unsigned char)v);
}

void varint_put_str(struct sl_buf *b, struct sl_str s)
{
  varint_put(b, s.n);
  sl_buf_str(b, s);
}

void varint_put_f64(struct sl_buf *b, double x)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  sl_buf_le(b, u, 8);
}

/* Sign, the lowest digit in use, how many, the digits of the magnitude. */
void varint_put_exact(struct sl_buf *b, const struct sl_exact *s)
{
  struct sl_exact o = *s;
  size_t low = 0, high = SL_EXACT_DIGITS;
  sl_exact_tidy(&o);
  bool negative = o.d[SL_EXACT_DIGITS - 1] < 0;
  for (size_t i = 0; negative && i < SL_EXACT_DIGITS; i++)
    o.d[i] = -o.d[i];
  sl_exact_tidy(&o);
  while (high && !o.d[high - 1])
    high--;
  while (low < high && !o.d[low])
    low++;
  varint_put(b, negative);
  varint_put(b, low);
  varint_put(b, high - low);
  for (; low < high; low++)
    sl_buf_le(b, (uint64_t)o.d[low], 4);
}

bool varint_take_wide(struct sl_rd *r, sl_u128 max, sl_u128 *out)
{
  sl_u128 v = 0;
  for (unsigned shift = 0; shift < 128; shift += 7) {
    uint64_t c = sl_rd_le(r, 1);
    sl_u128 part = c & 127;
    if (r->bad || (shift && !c) || (part << shift) >> shift != part)
      return false;
    v |= part << shift;
    if (!(c & 128)) {
      *out = v;
      return v <= max;
    }
  }
  return false;
}

bool varint_take(struct sl_rd *r, uint64_t max, uint64_t *out)
{
  sl_u128 v = 0;
  bool ok = varint_take_wide(r, max, &v);
  *out = (uint64_t)v;
  return ok;
}

bool varint_take_str(struct sl_rd *r, size_t max, struct sl_str *out)
{
  uint64_t n;
  if (!varint_take(r, max, &n))
    return false;
  *out = sl_rd_bytes(r, (size_t)n);
  return !r->bad;
}

double varint_take_f64(struct sl_rd *r)
{
  double x;
  uint64_t u = sl_rd_le(r, 8);
  memcpy(&x, &u, sizeof x);
  return x;
}

bool varint_take_exact(struct sl_rd *r, struct sl_exact *s)
{
  uint64_t negative, low, n;
  if (!varint_take(r, 1, &negative) || !varint_take(r, SL_EXACT_DIGITS - 1, &low) || !varint_take(r, SL_EXACT_DIGITS - 1 - low, &n) ||
      (!n && (negative || low)))
    return false;
  for (uint64_t i = low; i < low + n; i++) {
    s->d[i] = (int64_t)sl_rd_le(r, 4);
    if (r->bad || (!s->d[i] && (i == low || i + 1 == low + n)))
      return false;
  }
  for (int i = 0; negative && i < SL_EXACT_DIGITS; i++)
    s->d[i] = -s->d[i];
  sl_exact_tidy(s);
  return true;
}
