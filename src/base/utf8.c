/* base/utf8.c: strict UTF-8. The decoder is ours (utf8proc's takes what we refuse late); categories and widths are utf8proc's. */
#include "base/utf8.h"

#include <utf8proc.h>

static bool utf8_tail(struct sl_str s, size_t at, unsigned char low, unsigned char high)
{
  return at < s.n && (unsigned char)s.p[at] >= low && (unsigned char)s.p[at] <= high;
}

static uint32_t utf8_bits(struct sl_str s, size_t at)
{
  return (unsigned char)s.p[at] & 0x3fu;
}

/* Unicode's table 3-7: only the second byte's range depends on the first; that excludes overlong forms, surrogates, > U+10FFFF. */
int sl_utf8_next(struct sl_str s, uint32_t *cp)
{
  if (s.n == 0)
    return 0;
  unsigned char c = (unsigned char)s.p[0];
  if (c < 0x80) {
    *cp = c;
    return 1;
  }
  if (c >= 0xc2 && c <= 0xdf && utf8_tail(s, 1, 0x80, 0xbf)) {
    *cp = (c & 0x1fu) << 6 | utf8_bits(s, 1);
    return 2;
  }
  if ((c & 0xf0) == 0xe0 && utf8_tail(s, 1, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf) && utf8_tail(s, 2, 0x80, 0xbf)) {
    *cp = (c & 0x0fu) << 12 | utf8_bits(s, 1) << 6 | utf8_bits(s, 2);
    return 3;
  }
  if (c >= 0xf0 && c <= 0xf4 && utf8_tail(s, 1, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf) && utf8_tail(s, 2, 0x80, 0xbf) &&
      utf8_tail(s, 3, 0x80, 0xbf)) {
    *cp = (c & 0x07u) << 18 | utf8_bits(s, 1) << 12 | utf8_bits(s, 2) << 6 | utf8_bits(s, 3);
    return 4;
  }
  return -1;
}

bool sl_utf8_valid(struct sl_str s)
{
  uint32_t cp;
  while (s.n) {
    int n = sl_utf8_next(s, &cp);
    if (n < 0)
      return false;
    s = sl_str_from(s, (size_t)n);
  }
  return true;
}

int sl_utf8_put(uint32_t cp, char out[4])
{
  if (cp < 0x80) {
    out[0] = (char)cp;
    return 1;
  }
  if (cp < 0x800) {
    out[0] = (char)(0xc0 | cp >> 6);
    out[1] = (char)(0x80 | (cp & 0x3f));
    return 2;
  }
  if (cp < 0x10000) {
    if (cp >= 0xd800 && cp <= 0xdfff)
      return 0;
    out[0] = (char)(0xe0 | cp >> 12);
    out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[2] = (char)(0x80 | (cp & 0x3f));
    return 3;
  }
  if (cp > 0x10ffff)
    return 0;
  out[0] = (char)(0xf0 | cp >> 18);
  out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
  out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
  out[3] = (char)(0x80 | (cp & 0x3f));
  return 4;
}

/* Vowels and finals of a decomposed Hangul syllable are drawn inside the leading consonant's two cells. */
static bool utf8_jamo_tail(uint32_t cp)
{
  return (cp >= 0x1160 && cp <= 0x11ff) || (cp >= 0xd7b0 && cp <= 0xd7fb);
}

bool sl_cp_combining(uint32_t cp)
{
  if (cp < 0x300)
    return false;
  utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
  return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME || utf8_jamo_tail(cp);
}

int sl_cp_width(uint32_t cp)
{
  if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
    return -1;
  if (cp < 0x300)
    return 1;
  if (sl_cp_combining(cp))
    return 0;
  if (utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_MC)
    return 1; /* spacing marks take a cell of their own */
  return utf8proc_charwidth((utf8proc_int32_t)cp);
}

uint32_t sl_cp_lower(uint32_t cp)
{
  if (cp < 0x80)
    return cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
  return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
}

size_t sl_utf8_cut(struct sl_str s, size_t max)
{
  size_t n = s.n < max ? s.n : max;
  for (size_t back = 1; back <= 3 && back <= n; back++) {
    unsigned char c = (unsigned char)s.p[n - back];
    if ((c & 0xc0) == 0x80)
      continue;
    size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return need > back ? n - back : n;
  }
  return n;
}
