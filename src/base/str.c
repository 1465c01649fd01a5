/* base/str.c: questions about borrowed bytes, and numbers read without a locale. */
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

bool sl_str_eq(struct sl_str a, struct sl_str b)
{
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sl_str_eqz(struct sl_str a, const char *z)
{
  return sl_str_eq(a, sl_str(z));
}

static unsigned char str_lower(char c)
{
  return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool sl_str_ieq(struct sl_str a, struct sl_str b)
{
  if (a.n != b.n)
    return false;
  for (size_t i = 0; i < a.n; i++)
    if (str_lower(a.p[i]) != str_lower(b.p[i]))
      return false;
  return true;
}

int sl_str_cmp(struct sl_str a, struct sl_str b)
{
  size_t n = a.n < b.n ? a.n : b.n;
  int c = n ? memcmp(a.p, b.p, n) : 0;
  return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool sl_str_starts(struct sl_str s, struct sl_str prefix)
{
  return s.n >= prefix.n && sl_str_eq(sl_str_head(s, prefix.n), prefix);
}

bool sl_str_ends(struct sl_str s, struct sl_str suffix)
{
  return s.n >= suffix.n && sl_str_eq(sl_str_from(s, s.n - suffix.n), suffix);
}

ptrdiff_t sl_str_find(struct sl_str s, struct sl_str what)
{
  if (what.n == 0)
    return 0;
  const char *at = s.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
  return at ? at - s.p : -1;
}

ptrdiff_t sl_str_chr(struct sl_str s, char c)
{
  const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
  return at ? at - s.p : -1;
}

ptrdiff_t sl_str_rchr(struct sl_str s, char c)
{
  const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
  return at ? at - s.p : -1;
}

struct sl_str sl_str_from(struct sl_str s, size_t at)
{
  if (at > s.n)
    at = s.n;
  return at ? sl_strn(s.p + at, s.n - at) : s;
}

struct sl_str sl_str_head(struct sl_str s, size_t n)
{
  return sl_strn(s.p, n < s.n ? n : s.n);
}

static bool str_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sl_str sl_str_trim(struct sl_str s)
{
  while (s.n && str_space(s.p[0]))
    s = sl_str_from(s, 1);
  while (s.n && str_space(s.p[s.n - 1]))
    s.n--;
  return s;
}

bool sl_str_cut(struct sl_str *rest, char sep, struct sl_str *out)
{
  if (!rest->p)
    return false;
  ptrdiff_t at = sl_str_chr(*rest, sep);
  if (at < 0) {
    *out = *rest;
    *rest = SL_STR_NONE;
  } else {
    *out = sl_str_head(*rest, (size_t)at);
    *rest = sl_str_from(*rest, (size_t)at + 1);
  }
  return true;
}

/* ---- numbers ---- */

bool sl_str_u64(struct sl_str s, uint64_t *out)
{
  uint64_t v = 0;
  if (s.n == 0)
    return false;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9')
      return false;
    if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
      return false;
  }
  *out = v;
  return true;
}

bool sl_str_i64(struct sl_str s, int64_t *out)
{
  bool minus = s.n && s.p[0] == '-';
  if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
    s = sl_str_from(s, 1);
  uint64_t v;
  if (!sl_str_u64(s, &v) || v > (uint64_t)INT64_MAX + minus)
    return false;
  *out = !minus ? (int64_t)v : v > INT64_MAX ? INT64_MIN : -(int64_t)v;
  return true;
}

static size_t str_digits(struct sl_str s, size_t at)
{
  size_t i = at;
  while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
    i++;
  return i - at;
}

/* digits[.digits][e[+-]digits], with a digit on at least one side of the point; strtod also takes hex and leading blanks. */
static bool str_is_decimal(struct sl_str s)
{
  size_t whole = str_digits(s, 0), i = whole, fraction = 0;
  if (i < s.n && s.p[i] == '.') {
    fraction = str_digits(s, i + 1);
    i += 1 + fraction;
  }
  if (whole + fraction == 0)
    return false;
  if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
    i++;
    if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
      i++;
    size_t digits = str_digits(s, i);
    if (digits == 0)
      return false;
    i += digits;
  }
  return i == s.n;
}

static locale_t c_locale;

static void str_make_locale(void)
{
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The value without its sign, and whether there is one: words, or digits to be read by one of libc's. */
enum number_form { NUMBER_NONE, NUMBER_INF, NUMBER_NAN, NUMBER_DIGITS };

static enum number_form number_form(struct sl_str s, bool *minus, char digits[SL_STR_F64_MAX + 1])
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, str_make_locale);
  *minus = s.n && s.p[0] == '-';
  struct sl_str t = s.n && (*minus || s.p[0] == '+') ? sl_str_from(s, 1) : s;
  if (sl_str_ieq(t, SL_STR("inf")) || sl_str_ieq(t, SL_STR("infinity")))
    return NUMBER_INF;
  if (sl_str_ieq(t, SL_STR("nan")))
    return NUMBER_NAN;
  if (t.n > SL_STR_F64_MAX || !str_is_decimal(t) || !c_locale)
    return NUMBER_NONE;
  memcpy(digits, t.p, t.n); /* strtod wants a NUL behind */
  digits[t.n] = 0;
  return NUMBER_DIGITS;
}

bool sl_str_f64(struct sl_str s, double *out)
{
  char digits[SL_STR_F64_MAX + 1];
  bool minus;
  enum number_form form = number_form(s, &minus, digits);
  double v = form == NUMBER_DIGITS ? strtod_l(digits, NULL, c_locale) : form == NUMBER_INF ? HUGE_VAL : (double)NAN;
  if (form == NUMBER_NONE || (form == NUMBER_DIGITS && isinf(v))) /* out of range; what is too small becomes 0 or subnormal */
    return false;
  *out = minus ? -v : v;
  return true;
}

bool sl_str_f32(struct sl_str s, float *out)
{
  char digits[SL_STR_F64_MAX + 1];
  bool minus;
  enum number_form form = number_form(s, &minus, digits);
  float v = form == NUMBER_DIGITS ? strtof_l(digits, NULL, c_locale) : form == NUMBER_INF ? HUGE_VALF : NAN;
  if (form == NUMBER_NONE || (form == NUMBER_DIGITS && isinf(v)))
    return false;
  *out = minus ? -v : v;
  return true;
}

/* ---- did you mean ---- */

enum { STR_DISTANCE_MAX = 64 };

static unsigned str_min3(unsigned a, unsigned b, unsigned c)
{
  unsigned m = a < b ? a : b;
  return m < c ? m : c;
}

unsigned sl_str_distance(struct sl_str a, struct sl_str b, unsigned cap)
{
  if (sl_str_eq(a, b))
    return 0;
  size_t gap = a.n > b.n ? a.n - b.n : b.n - a.n;
  if (a.n > STR_DISTANCE_MAX || b.n > STR_DISTANCE_MAX || gap > cap)
    return cap + 1;
  unsigned rows[3][STR_DISTANCE_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= b.n; j++)
    last[j] = (unsigned)j;
  for (size_t i = 1; i <= a.n; i++) {
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= b.n; j++) {
      unsigned same = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
      now[j] = str_min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
    unsigned *spare = before;
    before = last;
    last = now;
    now = spare;
  }
  return last[b.n] > cap ? cap + 1 : last[b.n];
}

const char *sl_str_nearest(struct sl_str s, const char *const *names, size_t n)
{
  unsigned best = 2 + (unsigned)(s.n < STR_DISTANCE_MAX ? s.n : STR_DISTANCE_MAX) / 4;
  const char *found = NULL;
  for (size_t i = 0; i < n; i++) {
    unsigned d = sl_str_distance(s, sl_str(names[i]), best);
    if (d < best) {
      best = d;
      found = names[i];
    }
  }
  return found;
}
