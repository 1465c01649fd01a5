/* ui/find.c: finding typed text. By bytes; only ASCII letters have a case here, so that nothing is decoded on the way through a log. */
#include "ui/find_int.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

static bool capitals(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (s.p[i] >= 'A' && s.p[i] <= 'Z')
      return true;
  return false;
}

static bool same_at(const char *p, struct sl_str what)
{
  for (size_t i = 1; i < what.n; i++)
    if (lower(p[i]) != what.p[i])
      return false;
  return true;
}

/* Jumps from first letter to first letter with memchr, which is what makes a log fast. */
static ptrdiff_t find_any_case(struct sl_str s, struct sl_str what)
{
  char c = what.p[0], other = c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
  size_t last = s.n - what.n;
  const char *end = s.p + last + 1, *low = s.p, *high = other == c ? end : s.p;
  bool low_in = false, high_in = false;
  for (const char *at = s.p; at < end;) {
    if (!low_in && !(low = memchr(at, c, (size_t)(end - at))))
      low = end;
    if (other != c && !high_in && !(high = memchr(at, other, (size_t)(end - at))))
      high = end;
    const char *p = low < high ? low : high;
    if (p == end)
      return -1;
    if (same_at(p, what))
      return p - s.p;
    at = p + 1;
    low_in = low >= at;
    high_in = high >= at;
  }
  return -1;
}

ptrdiff_t sl_find_text(struct sl_str s, struct sl_str what)
{
  if (!what.n || s.n < what.n)
    return -1;
  return capitals(what) ? sl_str_find(s, what) : find_any_case(s, what);
}
