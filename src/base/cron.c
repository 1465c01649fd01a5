/* base/cron.c: five-field cron text, and the moments that it names. Used to judge lateness; nothing is started from here.
 *
 * Where clocks change we follow Vixie cron: a time of day that the clock jumps over counts at the moment after the gap, one that comes
 * twice counts once; a schedule for every hour goes by real time and is not disturbed. Day of month and day of week are joined by
 * "or" when both are restricted. */
#include "base/time.h"

struct cron_field { const char *what; int lo, hi; const char *const *names; };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const wday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct cron_field fields[5] = {
  {"minute", 0, 59, NULL}, {"hour", 0, 23, NULL}, {"day of month", 1, 31, NULL}, {"month", 1, 12, month_names},
  {"day of week", 0, 7, wday_names}};
static const struct { const char *name, *text; } macros[] = {
  {"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"}, {"@monthly", "0 0 1 * *"},
  {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};

enum { HOURS_ALL = 0xffffff, MINUTE_MS = 60000, DAYS_MAX = 41 * 366 /* 29 February on one weekday across 2100 */ };

static int bad_field(const struct cron_field *f, struct sl_str s, struct sl_err *err)
{
  return sl_err_set(err, SL_EPARSE, "cron %s \"%.*s\": use *, %d-%d%s, lists, ranges and steps", f->what, SL_ARG(sl_str_head(s, 40)),
    f->lo, f->hi,
    f->names ? ", names" : "");
}

static bool take_value(const struct cron_field *f, struct sl_str s, int *out)
{
  int64_t v;
  if (s.n && s.n <= 2 && s.p[0] >= '0' && s.p[0] <= '9' && sl_str_i64(s, &v)) {
    *out = (int)v;
    return v >= f->lo && v <= f->hi;
  }
  for (int i = 0; f->names && f->names[i]; i++)
    if (sl_str_ieq(s, sl_str(f->names[i]))) {
      *out = i + f->lo;
      return true;
    }
  return false;
}

/* One item of a list: *, a, a-b, each with /step. */
static bool add_item(const struct cron_field *f, struct sl_str s, uint64_t *mask)
{
  ptrdiff_t slash = sl_str_chr(s, '/');
  int64_t step = 1;
  if (slash >= 0) {
    struct sl_str text = sl_str_from(s, (size_t)slash + 1);
    if (!text.n || text.n > 2 || text.p[0] < '0' || text.p[0] > '9' || !sl_str_i64(text, &step) || step < 1)
      return false;
    s = sl_str_head(s, (size_t)slash);
  }
  int lo = f->lo, hi = f->hi;
  ptrdiff_t dash = sl_str_chr(s, '-');
  if (sl_str_eqz(s, "*")) {
    hi = hi == 7 ? 6 : hi; /* Sunday once, so that steps do not land on it twice */
  } else if (dash >= 0) {
    if (!take_value(f, sl_str_head(s, (size_t)dash), &lo) || !take_value(f, sl_str_from(s, (size_t)dash + 1), &hi) || lo > hi)
      return false;
  } else {
    if (!take_value(f, s, &lo))
      return false;
    hi = slash < 0 ? lo : hi == 7 ? 6 : hi;
  }
  for (int64_t v = lo; v <= hi; v += step)
    *mask |= UINT64_C(1) << v;
  return true;
}

static bool next_field(struct sl_str *rest, struct sl_str *out)
{
  *rest = sl_str_trim(*rest);
  size_t n = 0;
  while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
    n++;
  *out = sl_str_head(*rest, n);
  *rest = sl_str_from(*rest, n);
  return n > 0;
}

static int parse_field(const struct cron_field *f, struct sl_str s, uint64_t *mask, struct sl_err *err)
{
  struct sl_str rest = s, item;
  *mask = 0;
  if (s.p[s.n - 1] == ',')
    return bad_field(f, s, err);
  while (sl_str_cut(&rest, ',', &item))
    if (!add_item(f, item, mask))
      return bad_field(f, s, err);
  return SL_OK;
}

int sl_cron_parse(struct sl_cron *c, struct sl_str s, struct sl_err *err)
{
  struct sl_str rest = sl_str_trim(s), field;
  uint64_t mask[5];
  *c = (struct sl_cron){0};
  if (rest.n && rest.p[0] == '@') {
    size_t i = 0, n = sizeof macros / sizeof macros[0];
    while (i < n && !sl_str_ieq(rest, sl_str(macros[i].name)))
      i++;
    if (i == n)
      return sl_err_set(err, SL_EPARSE, "cron \"%.*s\" is none of @hourly @daily @weekly @monthly @yearly", SL_ARG(sl_str_head(s, 40)));
    rest = sl_str(macros[i].text);
  }
  for (int i = 0; i < 5; i++) {
    if (!next_field(&rest, &field))
      return sl_err_set(err, SL_EPARSE, "cron \"%.*s\" has %d of 5 fields: minute hour day month weekday", SL_ARG(sl_str_head(s, 60)), i);
    int rc = parse_field(&fields[i], field, &mask[i], err);
    if (rc)
      return rc;
    if (i == 2)
      c->mday_any = field.p[0] == '*';
    if (i == 4)
      c->wday_any = field.p[0] == '*';
  }
  if (sl_str_trim(rest).n)
    return sl_err_set(err, SL_EPARSE, "cron \"%.*s\" has more than 5 fields", SL_ARG(sl_str_head(s, 60)));
  c->minute = mask[0];
  c->hour = (uint32_t)mask[1];
  c->mday = (uint32_t)mask[2];
  c->month = (uint32_t)mask[3];
  c->wday = (uint32_t)((mask[4] | mask[4] >> 7) & 0x7f);
  return SL_OK;
}

static bool date_matches(const struct sl_cron *c, const struct sl_civil *d)
{
  bool mday = c->mday >> d->day & 1, wday = c->wday >> d->wday & 1;
  return (c->month >> d->month & 1) && (c->mday_any || c->wday_any ? mday && wday : mday || wday);
}

static sl_ms day_start(const struct sl_civil *d, int plus, const struct sl_tz *tz)
{
  struct sl_civil c = {.year = d->year, .month = d->month, .day = d->day + plus};
  return sl_tz_to_ms(tz, &c);
}

/* The local minute that t stands in. */
static sl_ms minute_of(sl_ms t, const struct sl_tz *tz)
{
  struct sl_civil c = sl_civil_of(t, tz);
  return t - c.second * INT64_C(1000) - c.ms;
}

/* Every hour: by real time, a step of minutes within a day that matches, else of days. */
static sl_ms hourly_next(const struct sl_cron *c, sl_ms after, const struct sl_tz *tz)
{
  sl_ms t = minute_of(after, tz) + MINUTE_MS, end = after + DAYS_MAX * INT64_C(86400000);
  while (t < end) {
    struct sl_civil d = sl_civil_of(t, tz);
    if (!date_matches(c, &d)) {
      sl_ms next = day_start(&d, 1, tz);
      t = next > t ? next : t + MINUTE_MS;
    } else if (c->minute >> d.minute & 1) {
      return t;
    } else {
      t = minute_of(t + MINUTE_MS, tz);
    }
  }
  return INT64_MAX;
}

static sl_ms hourly_prev(const struct sl_cron *c, sl_ms before, const struct sl_tz *tz)
{
  sl_ms t = minute_of(before - 1, tz), end = before - DAYS_MAX * INT64_C(86400000);
  while (t > end) {
    struct sl_civil d = sl_civil_of(t, tz);
    if (!date_matches(c, &d)) {
      sl_ms last = day_start(&d, 0, tz) - 1;
      t = minute_of(last < t ? last : t - MINUTE_MS, tz);
    } else if (c->minute >> d.minute & 1) {
      return t;
    } else {
      t = minute_of(t - 1, tz);
    }
  }
  return INT64_MIN;
}

/* The first (dir 1) or last (dir -1) moment of the day that lies beyond t; false when none does. */
static bool in_day(const struct sl_cron *c, const struct sl_civil *day, sl_ms t, int dir, const struct sl_tz *tz, sl_ms *out)
{
  for (int i = 0; i < 24 * 60; i++) {
    int m = dir > 0 ? i : 24 * 60 - 1 - i;
    if (!(c->hour >> (m / 60) & 1) || !(c->minute >> (m % 60) & 1))
      continue;
    struct sl_civil at = {.year = day->year, .month = day->month, .day = day->day, .hour = m / 60, .minute = m % 60};
    *out = sl_tz_to_ms(tz, &at);
    if (dir > 0 ? *out > t : *out < t)
      return true;
  }
  return false;
}

static bool daily(const struct sl_cron *c, sl_ms t, int dir, const struct sl_tz *tz, sl_ms *out)
{
  struct sl_civil from = sl_civil_of(t, tz);
  for (int i = -1; i < DAYS_MAX; i++) { /* a day too early: the clock may have gone back over midnight */
    struct sl_civil want = {.year = from.year, .month = from.month, .day = from.day + i * dir};
    struct sl_civil day = sl_civil_of(sl_civil_to_ms(&want), NULL);
    if (date_matches(c, &day) && in_day(c, &day, t, dir, tz, out))
      return true;
  }
  return false;
}

static bool sane(sl_ms t)
{
  return t > -INT64_C(8000000000000000) && t < INT64_C(8000000000000000); /* 250,000 years both ways */
}

sl_ms sl_cron_next(const struct sl_cron *c, sl_ms after, const struct sl_tz *tz)
{
  sl_ms t;
  if (!sane(after))
    return INT64_MAX;
  if (c->hour == HOURS_ALL)
    return hourly_next(c, after, tz);
  return daily(c, after, 1, tz, &t) ? t : INT64_MAX;
}

sl_ms sl_cron_prev(const struct sl_cron *c, sl_ms before, const struct sl_tz *tz)
{
  sl_ms t;
  if (!sane(before))
    return INT64_MIN;
  if (c->hour == HOURS_ALL)
    return hourly_prev(c, before, tz);
  return daily(c, before, -1, tz, &t) ? t : INT64_MIN;
}
