/* base/time.c: civil dates, their texts, durations.
 *
 * The calendar is the proleptic Gregorian one, computed here: libc's would bring the locale, TZ and a lock. Everything saturates long
 * before 64 bits overflow (280 million years), so that "never" (INT64_MAX) may be passed anywhere. */
#include "base/time.h"

#include <math.h>
#include <stdio.h>

enum { DAY_MS = 86400000, YEAR_MAX = 280000000 };
static const sl_ms ms_max = INT64_C(8800000000000000000);

static int64_t floor_div(int64_t a, int64_t b)
{
  return a / b - (a % b < 0);
}

static sl_ms clamp_ms(sl_ms t)
{
  return t > ms_max ? ms_max : t < -ms_max ? -ms_max : t;
}

/* Days since 1970-01-01; years are counted from March, so that the leap day is the last of its year. month 1-12. */
static int64_t days_of(int64_t year, int month, int64_t day)
{
  year -= month <= 2;
  int64_t era = floor_div(year, 400), yoe = year - era * 400;
  int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

sl_ms sl_civil_to_ms(const struct sl_civil *c)
{
  int64_t month0 = (int64_t)c->month - 1;
  int64_t year = c->year + floor_div(month0, 12);
  int month = (int)(month0 - floor_div(month0, 12) * 12) + 1;
  year = year > YEAR_MAX ? YEAR_MAX : year < -YEAR_MAX ? -YEAR_MAX : year;
  int64_t minutes = (int64_t)c->hour * 60 + c->minute;
  return days_of(year, month, c->day) * DAY_MS + minutes * 60000 + (int64_t)c->second * 1000 + c->ms;
}

static void civil_date(struct sl_civil *c, int64_t days)
{
  days += 719468;
  int64_t era = floor_div(days, 146097), doe = days - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
  c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
  c->year = (int)(yoe + era * 400 + (c->month <= 2));
}

struct sl_civil sl_civil_of(sl_ms t, const struct sl_tz *tz)
{
  t = clamp_ms(t);
  t += (sl_ms)sl_tz_offset_s(tz, t) * 1000;
  int64_t days = floor_div(t, DAY_MS), rest = t - days * DAY_MS;
  struct sl_civil c = {.hour = (int)(rest / 3600000), .minute = (int)(rest / 60000 % 60), .second = (int)(rest / 1000 % 60),
    .ms = (int)(rest % 1000), .wday = (int)((days % 7 + 11) % 7)};
  civil_date(&c, days);
  return c;
}

/* ---- reading ---- */

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Exactly n digits at *s; moves behind them. */
static bool take_digits(struct sl_str *s, size_t n, int *out)
{
  int v = 0;
  if (s->n < n)
    return false;
  for (size_t i = 0; i < n; i++) {
    if (!digit(s->p[i]))
      return false;
    v = v * 10 + (s->p[i] - '0');
  }
  *s = sl_str_from(*s, n);
  *out = v;
  return true;
}

static bool take_ch(struct sl_str *s, char c)
{
  if (!s->n || s->p[0] != c)
    return false;
  *s = sl_str_from(*s, 1);
  return true;
}

/* ".123456": milliseconds, cut (not rounded: a time must not move into the next second). */
static bool take_fraction(struct sl_str *s, int *ms)
{
  int scale = 100, n = 0;
  *ms = 0;
  if (!take_ch(s, '.'))
    return true;
  for (; s->n && digit(s->p[0]); *s = sl_str_from(*s, 1), scale /= 10, n++)
    *ms += (s->p[0] - '0') * scale;
  return n > 0 && n <= 12;
}

static bool take_date(struct sl_str *s, struct sl_civil *c)
{
  if (!take_digits(s, 4, &c->year) || !take_ch(s, '-') || !take_digits(s, 2, &c->month) || !take_ch(s, '-') ||
      !take_digits(s, 2, &c->day))
    return false;
  struct sl_civil back = sl_civil_of(sl_civil_to_ms(c), NULL);
  return c->month >= 1 && c->month <= 12 && c->day >= 1 && back.month == c->month;
}

static bool take_clock(struct sl_str *s, struct sl_civil *c)
{
  if (!take_digits(s, 2, &c->hour) || !take_ch(s, ':') || !take_digits(s, 2, &c->minute))
    return false;
  if (take_ch(s, ':') && (!take_digits(s, 2, &c->second) || !take_fraction(s, &c->ms)))
    return false;
  return c->hour < 24 && c->minute < 60 && c->second <= 60; /* 60: a leap second, counted as the next one */
}

/* Z, +02:00, -0530, +02; none leaves *there false. */
static bool take_offset(struct sl_str *s, bool *there, int *seconds)
{
  int h = 0, m = 0;
  *seconds = 0;
  *there = s->n > 0;
  if (!s->n)
    return true;
  char sign = s->p[0];
  *s = sl_str_from(*s, 1);
  if (sign == 'Z' || sign == 'z')
    return s->n == 0;
  if ((sign != '+' && sign != '-') || !take_digits(s, 2, &h))
    return false;
  bool colon = take_ch(s, ':');
  if ((colon || s->n) && !take_digits(s, 2, &m))
    return false;
  *seconds = (h * 60 + m) * (sign == '-' ? -60 : 60);
  return s->n == 0 && h < 24 && m < 60;
}

static bool parse_calendar(struct sl_str s, const struct sl_tz *tz, sl_ms *out)
{
  struct sl_civil c = {0};
  bool zoned = false;
  int offset = 0;
  if (!take_date(&s, &c))
    return false;
  if (s.n) {
    if (s.p[0] != 'T' && s.p[0] != 't' && s.p[0] != ' ')
      return false;
    s = sl_str_from(s, 1);
    if (!take_clock(&s, &c))
      return false;
    take_ch(&s, ' ');
    if (!take_offset(&s, &zoned, &offset))
      return false;
  }
  *out = zoned ? sl_civil_to_ms(&c) - (sl_ms)offset * 1000 : sl_tz_to_ms(tz, &c);
  return true;
}

/* 10^9 (2001) to 10^11 (5138) are seconds, beyond are milliseconds: both name the same century. */
static bool parse_epoch(struct sl_str s, sl_ms *out)
{
  ptrdiff_t dot = sl_str_chr(s, '.');
  struct sl_str whole = dot < 0 ? s : sl_str_head(s, (size_t)dot), rest = sl_str_from(s, whole.n);
  uint64_t v;
  int ms = 0;
  if (!whole.n || !digit(whole.p[0]) || !sl_str_u64(whole, &v) || v < 1000000000 || v > (uint64_t)ms_max)
    return false;
  if (!take_fraction(&rest, &ms) || rest.n)
    return false;
  *out = v < UINT64_C(100000000000) ? (sl_ms)v * 1000 + ms : (sl_ms)v;
  return true;
}

static sl_ms midnight(sl_ms now, int days, const struct sl_tz *tz)
{
  struct sl_civil c = sl_civil_of(now, tz);
  c = (struct sl_civil){.year = c.year, .month = c.month, .day = c.day + days};
  return sl_tz_to_ms(tz, &c);
}

static bool parse_relative(struct sl_str s, sl_ms now, sl_ms *out)
{
  double seconds;
  if (!sl_dur_parse(sl_str_from(s, 1), &seconds))
    return false;
  *out = clamp_ms(now) + (sl_ms)llround((s.p[0] == '-' ? -seconds : seconds) * 1000);
  return true;
}

bool sl_time_parse(struct sl_str s, sl_ms now, const struct sl_tz *tz, sl_ms *out)
{
  static const struct { const char *word; int days; } words[] = {{"yesterday", -1}, {"today", 0}, {"tomorrow", 1}};
  if (!s.n)
    return false;
  if (sl_str_eqz(s, "now")) {
    *out = now;
    return true;
  }
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (sl_str_eqz(s, words[i].word)) {
      *out = midnight(now, words[i].days, tz);
      return true;
    }
  if (s.p[0] == '-' || s.p[0] == '+')
    return parse_relative(s, now, out);
  return parse_calendar(s, tz, out) || parse_epoch(s, out);
}

/* ---- showing ---- */

static void put_year(struct sl_buf *b, int year)
{
  if (year >= 0 && year <= 9999)
    sl_buf_printf(b, "%04d", year);
  else
    sl_buf_printf(b, "%+07d", year); /* ISO 8601's expanded form */
}

void sl_time_rfc3339(struct sl_buf *b, sl_ms t)
{
  struct sl_civil c = sl_civil_of(t, NULL);
  put_year(b, c.year);
  sl_buf_printf(b, "-%02d-%02dT%02d:%02d:%02d.%03dZ", c.month, c.day, c.hour, c.minute, c.second, c.ms);
}

void sl_time_show(struct sl_buf *b, sl_ms t, sl_ms now, const struct sl_tz *tz)
{
  t = clamp_ms(t), now = clamp_ms(now);
  struct sl_civil c = sl_civil_of(t, tz);
  if (t > now - DAY_MS && t < now + DAY_MS) {
    int s = (int)((t > now ? t - now : now - t) / 1000);
    sl_buf_z(b, t > now && s ? "in " : "");
    sl_buf_printf(b, "%d%c", s < 60 ? s : s < 3600 ? s / 60 : s / 3600, s < 60 ? 's' : s < 3600 ? 'm' : 'h');
  } else if (c.year == sl_civil_of(now, tz).year) {
    sl_buf_printf(b, "%02d-%02d %02d:%02d", c.month, c.day, c.hour, c.minute);
  } else {
    put_year(b, c.year);
    sl_buf_printf(b, "-%02d-%02d", c.month, c.day);
  }
}

void sl_time_clock(struct sl_buf *b, sl_ms t, const struct sl_tz *tz, bool ms)
{
  struct sl_civil c = sl_civil_of(t, tz);
  sl_buf_printf(b, "%02d:%02d:%02d", c.hour, c.minute, c.second);
  if (ms)
    sl_buf_printf(b, ".%03d", c.ms);
}

/* Two units where the second one still tells something: 1m30, 2h05; 18m and 3d stand alone. */
static void show_long(struct sl_buf *b, int64_t s)
{
  if (s < 600 && s % 60)
    sl_buf_printf(b, "%dm%02d", (int)(s / 60), (int)(s % 60));
  else if (s < 3600)
    sl_buf_printf(b, "%dm", (int)(s / 60));
  else if (s < 2 * 86400 && s / 60 % 60)
    sl_buf_printf(b, "%dh%02d", (int)(s / 3600), (int)(s / 60 % 60));
  else if (s < 2 * 86400)
    sl_buf_printf(b, "%dh", (int)(s / 3600));
  else
    sl_buf_printf(b, "%lldd", (long long)(s / 86400));
}

void sl_dur_show(struct sl_buf *b, double seconds)
{
  if (!isfinite(seconds)) {
    sl_buf_z(b, isnan(seconds) ? "?" : seconds < 0 ? "-never" : "never");
    return;
  }
  double size = fmin(fabs(seconds), 1e15);
  int64_t ms = llround(size * 1000);
  if (seconds < 0 && ms)
    sl_buf_ch(b, '-');
  int64_t tenths = (ms + 50) / 100;
  if (ms < 100)
    sl_buf_printf(b, ms ? "%dms" : "%ds", (int)ms);
  else if (tenths < 100 && tenths % 10)
    sl_buf_printf(b, "%d.%ds", (int)(tenths / 10), (int)(tenths % 10));
  else if (ms < 59500)
    sl_buf_printf(b, "%ds", (int)((ms + 500) / 1000));
  else
    show_long(b, (ms + 500) / 1000);
}

static const struct { const char *name; double seconds; } dur_units[] = {
  {"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}};

/* The unit's index, -1 when there is none; moves behind it. */
static int take_unit(struct sl_str *s)
{
  size_t n = 0;
  while (n < s->n && s->p[n] >= 'a' && s->p[n] <= 'z')
    n++;
  for (size_t i = 0; i < sizeof dur_units / sizeof dur_units[0]; i++)
    if (sl_str_eqz(sl_str_head(*s, n), dur_units[i].name)) {
      *s = sl_str_from(*s, n);
      return (int)i;
    }
  return -1;
}

bool sl_dur_parse(struct sl_str s, double *seconds)
{
  int last = -1;
  double sum = 0;
  if (!s.n)
    return false;
  while (s.n) {
    size_t n = 0;
    double v;
    while (n < s.n && (digit(s.p[n]) || s.p[n] == '.'))
      n++;
    if (!n || !digit(s.p[0]) || s.p[n - 1] == '.' || !sl_str_f64(sl_str_head(s, n), &v))
      return false;
    s = sl_str_from(s, n);
    int unit = take_unit(&s);
    if (unit <= last) /* none, or 5m1h, or 1h1h: surely a slip */
      return false;
    last = unit;
    sum += v * dur_units[unit].seconds;
  }
  if (sum > 1e11) /* three thousand years: a slip too, and far from any overflow */
    return false;
  *seconds = sum;
  return true;
}
