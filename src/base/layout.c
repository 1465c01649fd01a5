/* base/layout.c: partition names such as dt=%Y-%m-%d, written and read back. Partitions are named in UTC. Owns nothing. */
#include "base/time.h"

/* One piece of a layout at *p: a literal byte, or the conversion's letter ('%' for "%%"); moves behind it. '?': no conversion of ours. */
static char next_piece(const char **p, bool *literal)
{
  char c = *(*p)++;
  *literal = c != '%';
  if (*literal)
    return c;
  char k = **p;
  if (!k)
    return '?';
  (*p)++;
  *literal = k == '%';
  return strchr("YmdH%", k) ? k : '?';
}

void sl_layout_format(struct sl_buf *b, const char *layout, sl_ms t)
{
  struct sl_civil c = sl_civil_of(t, NULL);
  bool literal;
  for (const char *p = layout; p && *p;) {
    const char *at = p;
    char k = next_piece(&p, &literal);
    if (literal)
      sl_buf_ch(b, k);
    else if (k == '?')
      sl_buf_add(b, at, (size_t)(p - at));
    else
      sl_buf_printf(b, k == 'Y' ? "%04d" : "%02d", k == 'Y' ? c.year : k == 'm' ? c.month : k == 'd' ? c.day : c.hour);
  }
}

static bool take_field(struct sl_str *s, size_t digits, int *field)
{
  int v = 0;
  if (s->n < digits)
    return false;
  for (size_t i = 0; i < digits; i++) {
    if (s->p[i] < '0' || s->p[i] > '9')
      return false;
    v = v * 10 + (s->p[i] - '0');
  }
  if (*field >= 0 && *field != v) /* year=2026/dt=2025-...: it contradicts itself */
    return false;
  *field = v;
  *s = sl_str_from(*s, digits);
  return true;
}

static bool fields_to_ms(int y, int m, int d, int h, sl_ms *out)
{
  if (y < 0 || (d >= 0 && m < 0) || (h >= 0 && d < 0)) /* a hole in the middle: no moment */
    return false;
  struct sl_civil c = {.year = y, .month = m < 0 ? 1 : m, .day = d < 0 ? 1 : d, .hour = h < 0 ? 0 : h};
  sl_ms t = sl_civil_to_ms(&c);
  struct sl_civil back = sl_civil_of(t, NULL);
  if (back.month != c.month || back.day != c.day || back.hour != c.hour) /* month 13, 30 February, hour 24 */
    return false;
  *out = t;
  return true;
}

bool sl_layout_parse(const char *layout, struct sl_str s, sl_ms *out)
{
  int y = -1, m = -1, d = -1, h = -1;
  bool literal;
  for (const char *p = layout; p && *p;) {
    char k = next_piece(&p, &literal);
    if (literal) {
      if (!s.n || s.p[0] != k)
        return false;
      s = sl_str_from(s, 1);
    } else if (k == '?' || !take_field(&s, k == 'Y' ? 4 : 2, k == 'Y' ? &y : k == 'm' ? &m : k == 'd' ? &d : &h)) {
      return false;
    }
  }
  return s.n == 0 && fields_to_ms(y, m, d, h, out);
}

int64_t sl_layout_step_ms(const char *layout)
{
  bool year = false, month = false, day = false, hour = false, literal;
  for (const char *p = layout; p && *p;) {
    char k = next_piece(&p, &literal);
    if (literal)
      continue;
    year |= k == 'Y';
    month |= k == 'm';
    day |= k == 'd';
    hour |= k == 'H';
  }
  return hour ? 3600000 : day ? 86400000 : month ? -1 : year ? -2 : 0;
}
