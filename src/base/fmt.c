/* base/fmt.c: numbers and sizes as text. Independent of the locale: libc gives the digits, we place the point. Owns nothing. */
#include "base/fmt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { DIGITS_MAX = 17 };
struct digits { char d[DIGITS_MAX + 1]; int n, exp10; bool minus; }; /* d[0].d[1]... times 10^exp10, no trailing zeros */

/* Rounded to n digits by libc (exactly, by IEEE): "-1.2345e-07" without its sign, point and exponent. */
static struct digits digits_of(double v, int n)
{
  char text[48];
  struct digits g = {.minus = signbit(v) != 0};
  snprintf(text, sizeof text, "%.*e", n - 1, fabs(v));
  const char *p = text;
  for (; *p && *p != 'e'; p++)
    if (*p >= '0' && *p <= '9' && g.n < DIGITS_MAX) /* whatever else stands there is the locale's point */
      g.d[g.n++] = *p;
  g.exp10 = *p ? (int)strtol(p + 1, NULL, 10) : 0;
  while (g.n > 1 && g.d[g.n - 1] == '0')
    g.n--;
  g.d[g.n] = 0;
  return g;
}

/* Digits as an integer and an exponent: no point, so that strtod reads them in any locale. */
static double digits_f64(const struct digits *g)
{
  char text[48];
  snprintf(text, sizeof text, "%se%d", g->d, g->exp10 - (g->n - 1));
  return strtod(text, NULL);
}

static float digits_f32(const struct digits *g)
{
  char text[48];
  snprintf(text, sizeof text, "%se%d", g->d, g->exp10 - (g->n - 1));
  return strtof(text, NULL);
}

static bool same(const struct digits *g, double v, bool narrow)
{
  return narrow ? (double)digits_f32(g) == fabs(v) : digits_f64(g) == fabs(v);
}

/* Where the gap below is half the gap above. Only there may the nearest n digits miss while a neighbour of theirs fits. */
static bool power_of_two(double v)
{
  int exp;
  return frexp(fabs(v), &exp) == 0.5;
}

/* The last digit up or down by one. */
static bool neighbour(struct digits *g, int up)
{
  char *last = &g->d[g->n - 1];
  if (up ? *last == '9' : *last <= '1')
    return false;
  *last = (char)(*last + (up ? 1 : -1));
  return true;
}

static struct digits shortest(double v, bool narrow)
{
  double tiny = narrow ? 1.1754943508222875e-38 : 2.2250738585072014e-308; /* below, precision sinks: count from one digit */
  bool uneven = power_of_two(v);
  int n = fabs(v) < tiny ? 1 : narrow ? 6 : 15, most = narrow ? 9 : 17;
  for (; n < most; n++) {
    struct digits g = digits_of(v, n);
    if (same(&g, v, narrow))
      return g;
    for (int up = 0; uneven && g.n == n && up < 2; up++) {
      struct digits near = g;
      if (neighbour(&near, up) && same(&near, v, narrow))
        return near;
    }
  }
  return digits_of(v, most);
}

/* Plain from 10^lo up to below 10^hi, else with an exponent of at least exp_digits digits and its plus where asked. */
struct style { int lo, hi, exp_digits; bool plus; };

static void put_digits(struct sl_buf *b, const struct digits *g, struct style st)
{
  if (g->minus)
    sl_buf_ch(b, '-');
  if (g->exp10 < st.lo || g->exp10 >= st.hi) {
    sl_buf_ch(b, g->d[0]);
    if (g->n > 1) {
      sl_buf_ch(b, '.');
      sl_buf_z(b, g->d + 1);
    }
    sl_buf_printf(b, st.plus ? "e%+0*d" : "e%0*d", st.exp_digits + (st.plus || g->exp10 < 0), g->exp10);
  } else if (g->exp10 < 0) {
    sl_buf_z(b, "0.");
    sl_buf_fill(b, '0', (size_t)(-g->exp10 - 1));
    sl_buf_z(b, g->d);
  } else {
    int whole = g->exp10 + 1;
    sl_buf_add(b, g->d, (size_t)(g->n < whole ? g->n : whole));
    if (g->n < whole)
      sl_buf_fill(b, '0', (size_t)(whole - g->n));
    else if (g->n > whole) {
      sl_buf_ch(b, '.');
      sl_buf_z(b, g->d + whole);
    }
  }
}

static bool put_special(struct sl_buf *b, double v)
{
  if (isfinite(v))
    return false;
  sl_buf_z(b, isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
  return true;
}

static void put_shortest(struct sl_buf *b, double v, bool narrow)
{
  if (put_special(b, v))
    return;
  if (v == 0) { /* with the point, as an integer has no minus zero */
    sl_buf_z(b, signbit(v) ? "-0.0" : "0");
    return;
  }
  struct digits g = shortest(v, narrow);
  put_digits(b, &g, (struct style){.lo = -4, .hi = 16, .exp_digits = 2, .plus = true});
}

void sl_fmt_f64(struct sl_buf *b, double v) { put_shortest(b, v, false); }
void sl_fmt_f32(struct sl_buf *b, float v) { put_shortest(b, (double)v, true); }

void sl_fmt_sig(struct sl_buf *b, double v, int digits)
{
  if (put_special(b, v))
    return;
  digits = digits < 1 ? 1 : digits > DIGITS_MAX ? DIGITS_MAX : digits;
  if (v == 0) {
    sl_buf_ch(b, '0');
    return;
  }
  struct digits g = digits_of(v, digits);
  put_digits(b, &g, (struct style){.lo = -4, .hi = digits > 7 ? digits : 7, .exp_digits = 1});
}

void sl_fmt_count(struct sl_buf *b, int64_t v)
{
  char text[24];
  int n = snprintf(text, sizeof text, "%llu", v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v);
  if (v < 0)
    sl_buf_ch(b, '-');
  for (int i = 0; i < n; i++) {
    if (i && (n - i) % 3 == 0)
      sl_buf_ch(b, ' ');
    sl_buf_ch(b, text[i]);
  }
}

void sl_fmt_bytes(struct sl_buf *b, int64_t v)
{
  static const char units[] = "BkMGTPE";
  uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, unit = 1;
  int u = 0;
  if (v < 0)
    sl_buf_ch(b, '-');
  while (u < 6 && size / unit >= 1000) {
    unit *= 1000;
    u++;
  }
  if (!u) {
    sl_buf_printf(b, "%d B", (int)size);
    return;
  }
  double q = (double)size / (double)unit;
  if (q >= 999.5 && u < 6) { /* would round to 1000 */
    q = 1;
    u++;
  }
  sl_fmt_sig(b, q, 3);
  sl_buf_printf(b, " %cB", units[u]);
}

/* 10^(3k) for kB.., 2^(10k) for KiB..; 0: no unit. */
static int64_t unit_size(struct sl_str s)
{
  static const char letters[] = "kmgtpe";
  if (!s.n || sl_str_ieq(s, SL_STR("b")))
    return 1;
  const char *at = memchr(letters, s.p[0] | 0x20, sizeof letters - 1);
  s = sl_str_from(s, 1);
  bool binary = sl_str_ieq(s, SL_STR("ib"));
  if (!at || (s.n && !binary && !sl_str_ieq(s, SL_STR("b"))))
    return 0;
  int64_t v = 1;
  for (const char *p = letters; p <= at; p++)
    v *= binary ? 1024 : 1000;
  return v;
}

bool sl_parse_bytes(struct sl_str s, int64_t *out)
{
  size_t n = 0;
  int64_t whole = 0, part = 0, scale = 1;
  while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
    n++;
  if (!n || !sl_str_i64(sl_str_head(s, n), &whole))
    return false;
  s = sl_str_from(s, n);
  if (s.n && s.p[0] == '.') {
    for (n = 1; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++, scale *= 10) {
      if (n > 6)
        return false;
      part = part * 10 + (s.p[n] - '0');
    }
    if (n == 1)
      return false;
    s = sl_str_from(s, n);
  }
  int64_t unit = unit_size(s.n && s.p[0] == ' ' ? sl_str_from(s, 1) : s), v;
  if (!unit || (scale > 1 && unit == 1) || __builtin_mul_overflow(whole, unit, &v))
    return false;
  int64_t more = unit / scale * part + unit % scale * part / scale;
  return !__builtin_add_overflow(v, more, out);
}

static int hex_digit(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

void sl_fmt_hex(struct sl_buf *b, const void *p, size_t n)
{
  const unsigned char *u = p;
  for (size_t i = 0; i < n; i++) {
    sl_buf_ch(b, "0123456789abcdef"[u[i] >> 4]);
    sl_buf_ch(b, "0123456789abcdef"[u[i] & 15]);
  }
}

bool sl_parse_hex(struct sl_str s, unsigned char *out, size_t n)
{
  if (s.n != n * 2)
    return false;
  for (size_t i = 0; i < n; i++) {
    int hi = hex_digit(s.p[2 * i]), lo = hex_digit(s.p[2 * i + 1]);
    if (hi < 0 || lo < 0)
      return false;
    out[i] = (unsigned char)(hi << 4 | lo);
  }
  return true;
}

void sl_fmt_base64(struct sl_buf *b, const void *p, size_t n)
{
  static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *u = p;
  for (size_t i = 0; i < n; i += 3) {
    uint32_t v = (uint32_t)u[i] << 16 | (i + 1 < n ? (uint32_t)u[i + 1] << 8 : 0) | (i + 2 < n ? u[i + 2] : 0);
    sl_buf_ch(b, abc[v >> 18]);
    sl_buf_ch(b, abc[v >> 12 & 63]);
    sl_buf_ch(b, i + 1 < n ? abc[v >> 6 & 63] : '=');
    sl_buf_ch(b, i + 2 < n ? abc[v & 63] : '=');
  }
}

static int base64_digit(char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sl_parse_base64(struct sl_buf *b, struct sl_str s)
{
  if (s.n % 4)
    return false;
  for (size_t i = 0; i < s.n; i += 4) {
    unsigned pad = i + 4 < s.n || s.p[i + 3] != '=' ? 0 : s.p[i + 2] != '=' ? 1 : 2;
    uint32_t v = 0;
    for (unsigned k = 0; k < 4; k++) {
      int d = k < 4 - pad ? base64_digit(s.p[i + k]) : 0;
      if (d < 0)
        return false;
      v = v << 6 | (uint32_t)d;
    }
    if (pad && v & (pad == 1 ? 0xffU : 0xffffU))
      return false;
    for (unsigned k = 0; k < 3 - pad; k++)
      sl_buf_ch(b, (char)(v >> (16 - 8 * k) & 0xff));
  }
  return true;
}

static bool alnum(char c)
{
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void sl_fmt_percent(struct sl_buf *b, struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++)
    if (alnum(s.p[i]) || (s.p[i] && strchr("-._~", s.p[i])))
      sl_buf_ch(b, s.p[i]);
    else
      sl_buf_printf(b, "%%%02X", (unsigned)(unsigned char)s.p[i]);
}

bool sl_parse_percent(struct sl_buf *b, struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] != '%') {
      sl_buf_ch(b, s.p[i]);
      continue;
    }
    unsigned char c;
    if (s.n - i < 3 || !sl_parse_hex(sl_strn(s.p + i + 1, 2), &c, 1))
      return false;
    sl_buf_ch(b, (char)c);
    i += 2;
  }
  return true;
}

/* Length of what stands at the start of s and may stand between single quotes: 0 where it is no character, or one that a terminal obeys
 * or that changes how a line reads. */
static size_t quotable(struct sl_str s)
{
  uint32_t c;
  int n = sl_utf8_next(s, &c);
  bool obeyed = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
                (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
  return n > 0 && !obeyed ? (size_t)n : 0;
}

static bool all_quotable(struct sl_str s)
{
  size_t n = 1;
  for (; s.n && n; s = sl_str_from(s, n))
    n = quotable(s);
  return n > 0;
}

/* $'...': the one quoting of bash, zsh and ksh in which every byte can be written with plain characters. */
static void shell_escaped(struct sl_buf *b, struct sl_str s)
{
  sl_buf_z(b, "$'");
  while (s.n) {
    size_t n = quotable(s);
    char c = s.p[0];
    if (n && (c == '\'' || c == '\\'))
      sl_buf_printf(b, "\\%c", c);
    else if (n && (unsigned char)c >= 0x20)
      sl_buf_add(b, s.p, n);
    else if (c) /* a NUL cannot be in a word */
      sl_buf_printf(b, "\\x%02x", (unsigned)(unsigned char)c);
    s = sl_str_from(s, n ? n : 1);
  }
  sl_buf_ch(b, '\'');
}

void sl_fmt_shell(struct sl_buf *b, struct sl_str word)
{
  if (!all_quotable(word)) {
    shell_escaped(b, word);
    return;
  }
  bool plain = word.n > 0;
  for (size_t i = 0; plain && i < word.n; i++)
    plain = alnum(word.p[i]) || (word.p[i] && strchr("_@%+:,./-", word.p[i])) || (i && word.p[i] == '=');
  if (plain) {
    sl_buf_str(b, word);
    return;
  }
  sl_buf_ch(b, '\'');
  for (size_t i = 0; i < word.n; i++)
    if (word.p[i] == '\'')
      sl_buf_z(b, "'\\''");
    else if (word.p[i])
      sl_buf_ch(b, word.p[i]); /* a NUL cannot be in a word */
  sl_buf_ch(b, '\'');
}

void sl_fmt_csv(struct sl_buf *b, struct sl_str field)
{
  bool plain = true;
  for (size_t i = 0; plain && i < field.n; i++)
    plain = field.p[i] != ',' && field.p[i] != '"' && field.p[i] != '\r' && field.p[i] != '\n';
  if (plain) {
    sl_buf_str(b, field);
    return;
  }
  sl_buf_ch(b, '"');
  for (size_t i = 0; i < field.n; i++) {
    if (field.p[i] == '"')
      sl_buf_ch(b, '"');
    sl_buf_ch(b, field.p[i]);
  }
  sl_buf_ch(b, '"');
}

void sl_fmt_quote(struct sl_buf *b, struct sl_str s, char quote)
{
  sl_buf_ch(b, quote);
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] == quote)
      sl_buf_ch(b, quote);
    sl_buf_ch(b, s.p[i]);
  }
  sl_buf_ch(b, quote);
}
