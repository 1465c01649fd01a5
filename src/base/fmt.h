/* base/fmt.h: numbers and sizes as text, for people and for machines. */
#ifndef SL_BASE_FMT_H
#define SL_BASE_FMT_H

#include "base/buf.h"

void sl_fmt_f64(struct sl_buf *b, double v);             /* shortest text that reads back the same, laid out as Python's repr
                                                          * without ".0": 3, 0.1, 1e+16, -0.0; NaN, Infinity, -Infinity */
void sl_fmt_f32(struct sl_buf *b, float v);
/* for people: at most `digits` significant, no trailing zeros; 102000, 1.2e7, 1e-19 */
void sl_fmt_sig(struct sl_buf *b, double v, int digits);
void sl_fmt_count(struct sl_buf *b, int64_t v);          /* 101 766 with thin separation (space) */
void sl_fmt_bytes(struct sl_buf *b, int64_t v);          /* 31.2 kB, 8 MB: powers of 1000, three figures */
bool sl_parse_bytes(struct sl_str s, int64_t *out);      /* 10MB 512KiB 1.5GB 300 */
void sl_fmt_hex(struct sl_buf *b, const void *p, size_t n);
bool sl_parse_hex(struct sl_str s, unsigned char *out, size_t n); /* exactly n bytes */
void sl_fmt_base64(struct sl_buf *b, const void *p, size_t n);
bool sl_parse_base64(struct sl_buf *b, struct sl_str s); /* one form only: padded, no white space, no bits left over; appends */
void sl_fmt_percent(struct sl_buf *b, struct sl_str s);  /* RFC 3986: all but unreserved as %HH */
bool sl_parse_percent(struct sl_buf *b, struct sl_str s);/* false on a stray % */
void sl_fmt_shell(struct sl_buf *b, struct sl_str word); /* one word, quoted for the shell only where needed; always harmless UTF-8 */
void sl_fmt_quote(struct sl_buf *b, struct sl_str s, char quote); /* SQL: between quotes, those inside doubled */
void sl_fmt_csv(struct sl_buf *b, struct sl_str field);  /* RFC 4180 quoting where needed */

#endif
