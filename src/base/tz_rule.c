/* base/tz_rule.c: POSIX TZ texts (RFC 8536 3.3, with the hours of -167 to 167 that version 3 allows). Borrows nothing, owns nothing. */
#include "base/tz_rule.h"

static bool alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool digit(char c) { return c >= '0' && c <= '9'; }
static char peek(const struct sl_str *s) { return s->n ? s->p[0] : 0; }

static bool eat(struct sl_str *s, char c)
{
  if (!s->n || s->p[0] != c)
    return false;
  *s = sl_str_from(*s, 1);
  return true;
}

static bool take_name(struct sl_str *s, char out[SL_TZ_ABBR])
{
  bool angle = eat(s, '<');
  size_t n = 0;
  while (n < s->n && (alpha(s->p[n]) || (angle && (digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-'))))
    n++;
  if (n < 3 || n >= SL_TZ_ABBR)
    return false;
  memcpy(out, s->p, n);
  out[n] = 0;
  *s = sl_str_from(*s, n);
  return !angle || eat(s, '>');
}

static bool take_num(struct sl_str *s, int max, int *out)
{
  int v = 0, n = 0;
  for (; n < 3 && digit(peek(s)); n++, *s = sl_str_from(*s, 1))
    v = v * 10 + (s->p[0] - '0');
  *out = v;
  return n > 0 && v <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool take_hms(struct sl_str *s, int max_hours, int *seconds)
{
  int h = 0, m = 0, sec = 0;
  bool minus = eat(s, '-');
  if (!minus)
    eat(s, '+');
  if (!take_num(s, max_hours, &h))
    return false;
  if (eat(s, ':') && (!take_num(s, 59, &m) || (eat(s, ':') && !take_num(s, 59, &sec))))
    return false;
  *seconds = (h * 3600 + m * 60 + sec) * (minus ? -1 : 1);
  return true;
}

static bool take_day(struct sl_str *s, struct sl_tz_day *d)
{
  *d = (struct sl_tz_day){.kind = 'n', .seconds = 7200};
  if (eat(s, 'M')) {
    d->kind = 'M';
    if (!take_num(s, 12, &d->month) || !eat(s, '.') || !take_num(s, 5, &d->week) || !eat(s, '.') || !take_num(s, 6, &d->day))
      return false;
    if (d->month < 1 || d->week < 1)
      return false;
  } else if (eat(s, 'J')) {
    d->kind = 'J';
    if (!take_num(s, 365, &d->day) || d->day < 1)
      return false;
  } else if (!take_num(s, 365, &d->day)) {
    return false;
  }
  return !eat(s, '/') || take_hms(s, 167, &d->seconds);
}

bool sl_tz_rule_parse(struct sl_tz_rule *r, struct sl_str s)
{
  *r = (struct sl_tz_rule){0};
  if (!take_name(&s, r->abbr[0]) || !take_hms(&s, 24, &r->offset_s[0]))
    return false;
  r->offset_s[0] = -r->offset_s[0];
  if (!s.n)
    return true;
  r->has_dst = true;
  if (!take_name(&s, r->abbr[1]))
    return false;
  r->offset_s[1] = r->offset_s[0] + 3600;
  if (s.n && s.p[0] != ',') {
    if (!take_hms(&s, 24, &r->offset_s[1]))
      return false;
    r->offset_s[1] = -r->offset_s[1];
  }
  return eat(&s, ',') && take_day(&s, &r->start) && eat(&s, ',') && take_day(&s, &r->end) && s.n == 0;
}

static int64_t day_start_s(int year, int month, int day)
{
  struct sl_civil c = {.year = year, .month = month, .day = day};
  return sl_civil_to_ms(&c) / 1000;
}

static bool leap(int y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); }

/* The local second (as if UTC) at which d falls in year. */
static int64_t moment(const struct sl_tz_day *d, int year)
{
  if (d->kind == 'J')
    return day_start_s(year, 1, d->day + (d->day >= 60 && leap(year))) + d->seconds;
  if (d->kind == 'n')
    return day_start_s(year, 1, d->day + 1) + d->seconds;
  int64_t first = day_start_s(year, d->month, 1), next = day_start_s(year, d->month + 1, 1);
  int wday = sl_civil_of(first * 1000, NULL).wday;
  int64_t t = first + ((d->day - wday + 7) % 7 + (d->week - 1) * 7) * INT64_C(86400);
  while (t >= next) /* week 5 is the last one */
    t -= 7 * 86400;
  return t + d->seconds;
}

int sl_tz_rule_at(const struct sl_tz_rule *r, int64_t t)
{
  if (!r->has_dst)
    return 0;
  int year = sl_civil_of((t + r->offset_s[0]) * 1000, NULL).year;
  int64_t start = moment(&r->start, year) - r->offset_s[0], end = moment(&r->end, year) - r->offset_s[1];
  return start < end ? t >= start && t < end : !(t >= end && t < start);
}
