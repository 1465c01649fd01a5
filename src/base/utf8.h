/* base/utf8.h: strict UTF-8, and how wide a character is.
 *
 * Widths come from utf8proc's tables, never from libc's locale, so pictures are the same on every machine. */
#ifndef SL_BASE_UTF8_H
#define SL_BASE_UTF8_H

#include "base/str.h"

/* Decodes one character at s.p: returns its length (1-4) and sets *cp; 0 when s is empty; -1 when the first byte begins no valid sequence
 * (overlong, surrogate, > U+10FFFF, cut off). */
int sl_utf8_next(struct sl_str s, uint32_t *cp);
bool sl_utf8_valid(struct sl_str s);
int sl_utf8_put(uint32_t cp, char out[4]);        /* bytes written; 0 for a surrogate or out of range */
int sl_cp_width(uint32_t cp);                     /* 0 combining, 1, 2; -1 control */
bool sl_cp_combining(uint32_t cp);
uint32_t sl_cp_lower(uint32_t cp);
size_t sl_utf8_cut(struct sl_str s, size_t max);  /* the longest prefix <= max bytes that ends at a character */

#endif
