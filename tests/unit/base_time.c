/* Dates, zones, texts of time, cron and layouts. Where libc knows the answer too (timegm, localtime_r), it is asked. */
#include "base/time.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"

enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

static struct sl_tz *open_tz(const char *name)
{
  struct sl_tz *tz = NULL;
  struct sl_err err = {0};
  if (sl_tz_open(&tz, name, &err))
    fail_msg("%s: %s", name, err.msg);
  return tz;
}

static sl_ms at(const char *text)
{
  sl_ms t = -1;
  if (!sl_time_parse(sl_str(text), 0, NULL, &t))
    fail_msg("cannot parse %s", text);
  return t;
}

static const char *show(sl_ms t)
{
  static char text[4][64];
  static int turn;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_time_rfc3339(&b, t);
  turn = (turn + 1) % 4;
  snprintf(text[turn], sizeof text[turn], "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return text[turn];
}

static void civil_agrees_with_libc(void **state)
{
  (void)state;
  for (int64_t s = -62000000000; s < 250000000000; s += 86399 * 37 + 12345) {
    struct sl_civil c = sl_civil_of(s * 1000 + 7, NULL);
    time_t libc = (time_t)s;
    struct tm tm;
    gmtime_r(&libc, &tm);
    assert_int_equal(c.year, tm.tm_year + 1900);
    assert_int_equal(c.month, tm.tm_mon + 1);
    assert_int_equal(c.day, tm.tm_mday);
    assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second, tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
    assert_int_equal(c.wday, tm.tm_wday);
    assert_int_equal(c.ms, 7);
    assert_true(sl_civil_to_ms(&c) == s * 1000 + 7);
  }
}

static void civil_normalises_and_saturates(void **state)
{
  (void)state;
  struct sl_civil c = {.year = 2026, .month = 14, .day = 0, .hour = 25, .minute = -1};
  assert_string_equal(show(sl_civil_to_ms(&c)), "2027-02-01T00:59:00.000Z");
  c = (struct sl_civil){.year = 2024, .month = 2, .day = 30};
  assert_string_equal(show(sl_civil_to_ms(&c)), "2024-03-01T00:00:00.000Z");
  c = (struct sl_civil){.year = 2026, .month = -1, .day = 1};
  assert_string_equal(show(sl_civil_to_ms(&c)), "2025-11-01T00:00:00.000Z");
  assert_true(sl_civil_of(INT64_MAX, NULL).year > 200000000);
  assert_true(sl_civil_of(INT64_MIN, NULL).year < -200000000);
  c = (struct sl_civil){.year = INT32_MAX, .month = INT32_MAX, .day = INT32_MAX, .hour = INT32_MAX, .second = INT32_MAX};
  assert_true(sl_civil_to_ms(&c) > 0);
}

static void zones_agree_with_libc(void **state)
{
  (void)state;
  static const char *const names[] = {"Europe/Berlin", "America/New_York", "Europe/Dublin", "America/Nuuk", "Australia/Lord_Howe",
    "Asia/Gaza",
    "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "America/Sao_Paulo", "Etc/GMT+12", "EST5EDT"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct sl_tz *tz = open_tz(names[i]);
    setenv("TZ", names[i], 1);
    tzset();
    for (int64_t s = -2500000000; s < 4800000000; s += 86400 * 3 + 4567) {
      time_t libc = (time_t)s;
      struct tm tm;
      localtime_r(&libc, &tm);
      if (sl_tz_offset_s(tz, s * 1000) != tm.tm_gmtoff)
        fail_msg("%s at %s: %d, libc says %ld", names[i], show(s * 1000), sl_tz_offset_s(tz, s * 1000), tm.tm_gmtoff);
      assert_string_equal(sl_tz_abbr(tz, s * 1000), tm.tm_zone);
    }
    sl_tz_free(tz);
  }
  setenv("TZ", "UTC", 1);
  tzset();
}

static void gaps_and_folds(void **state)
{
  (void)state;
  struct sl_tz *tz = open_tz("Europe/Berlin");
  sl_ms t;
  static const struct { const char *local, *utc; } rows[] = {
    {"2026-03-29 01:59:59", "2026-03-29T00:59:59.000Z"}, {"2026-03-29 02:00", "2026-03-29T01:00:00.000Z"},
    {"2026-03-29 02:30", "2026-03-29T01:00:00.000Z"}, {"2026-03-29 03:00", "2026-03-29T01:00:00.000Z"},
    {"2026-10-25 01:59:59", "2026-10-24T23:59:59.000Z"}, {"2026-10-25 02:30", "2026-10-25T00:30:00.000Z"},
    {"2026-10-25 03:00", "2026-10-25T02:00:00.000Z"}, {"2057-07-01 12:00", "2057-07-01T10:00:00.000Z"},
    {"1900-01-01", "1899-12-31T23:00:00.000Z"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_true(sl_time_parse(sl_str(rows[i].local), 0, tz, &t));
    assert_string_equal(show(t), rows[i].utc);
  }
  sl_tz_free(tz);
  tz = open_tz("Pacific/Apia"); /* crossed the date line: 30 December 2011 never was */
  assert_true(sl_time_parse(SL_STR("2011-12-30 12:00"), 0, tz, &t));
  assert_string_equal(show(t), "2011-12-30T10:00:00.000Z");
  sl_tz_free(tz);
}

/* Every local time of two years maps to a moment that shows it, or to the end of the gap that swallowed it. */
static void local_and_back(void **state)
{
  (void)state;
  static const char *const names[] = {"Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct sl_tz *tz = open_tz(names[i]);
    sl_ms from = at("2010-12-01"), last = INT64_MIN;
    for (sl_ms l = from; l < from + INT64_C(730) * DAY; l += 10 * MINUTE) {
      struct sl_civil c = sl_civil_of(l, NULL);
      sl_ms t = sl_tz_to_ms(tz, &c), back = t + (sl_ms)sl_tz_offset_s(tz, t) * 1000;
      sl_ms before = t - 1 + (sl_ms)sl_tz_offset_s(tz, t - 1) * 1000;
      assert_true(back == l || (back > l && before < l));
      assert_true(t >= last);
      last = t;
    }
    sl_tz_free(tz);
  }
}

static void zone_names(void **state)
{
  (void)state;
  struct sl_tz *tz = NULL;
  struct sl_err err;
  static const char *const wrong[] = {"", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe/../../../etc/passwd",
    "Europe//Berlin",
    "Europe/", "Europe", "tzdata.zi", "Europe/Berlin\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_int_not_equal(sl_tz_open(&tz, wrong[i], &err), SL_OK);
    assert_null(tz);
  }
  assert_int_equal(sl_tz_open(&tz, "UTC", &err), SL_OK);
  assert_null(tz);
  assert_string_equal(sl_tz_abbr(NULL, 0), "UTC");
}

static void local_zone(void **state)
{
  (void)state;
  static const struct { const char *tz; int summer_s; } rows[] = {{"Europe/Berlin", 7200}, {":America/New_York", -14400}, {"", 0},
    {"/usr/share/zoneinfo/Asia/Tokyo", 32400}, {"NZST-12NZDT,M9.5.0,M4.1.0/3", 43200}, {"<+0330>-3:30", 12600}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    setenv("TZ", rows[i].tz, 1);
    struct sl_tz *tz = open_tz("local");
    assert_int_equal(sl_tz_offset_s(tz, at("2026-07-01")), rows[i].summer_s);
    assert_true(sl_civil_of(INT64_MAX, tz).year > 200000000 && sl_civil_of(INT64_MIN, tz).year < -200000000);
    sl_tz_free(tz);
  }
  struct sl_tz *tz;
  setenv("TZ", "Nonsense/Zone", 1);
  assert_int_equal(sl_tz_open(&tz, "local", NULL), SL_ENOENT);
  setenv("TZ", "UTC", 1);
}

/* ---- TZif by hand ---- */

static void put_head(struct sl_buf *b, char version, unsigned leap, unsigned time, unsigned type, unsigned chars)
{
  unsigned counts[6] = {0, 0, leap, time, type, chars};
  sl_buf_z(b, "TZif");
  sl_buf_ch(b, version);
  sl_buf_fill(b, 0, 15);
  for (int i = 0; i < 6; i++)
    for (int shift = 24; shift >= 0; shift -= 8)
      sl_buf_ch(b, (char)(counts[i] >> shift));
}

static void put_type(struct sl_buf *b, int offset, int dst, int abbr)
{
  for (int shift = 24; shift >= 0; shift -= 8)
    sl_buf_ch(b, (char)((unsigned)offset >> shift));
  sl_buf_ch(b, (char)dst);
  sl_buf_ch(b, (char)abbr);
}

static int read_tz(struct sl_buf *b, int *offset_s)
{
  struct sl_tz *tz;
  int rc = sl_tz_read(&tz, sl_buf_view(b), NULL);
  if (!rc)
    *offset_s = sl_tz_offset_s(tz, 0);
  assert_true((rc == 0) == (tz != NULL));
  sl_tz_free(tz);
  return rc;
}

static void tzif_version_1(void **state)
{
  (void)state;
  struct sl_buf b;
  int offset = 0;
  sl_buf_init(&b, 0);
  put_head(&b, 0, 0, 1, 2, 8);
  sl_buf_add(&b, "\xff\xff\xff\xff", 4); /* one second before 1970 */
  sl_buf_ch(&b, 1);
  put_type(&b, 3600, 0, 0);
  put_type(&b, -7200, 0, 4);
  sl_buf_add(&b, "AAA\0BBB\0", 8);
  assert_int_equal(read_tz(&b, &offset), SL_OK);
  assert_int_equal(offset, -7200);
  for (size_t n = 0; n < b.n; n++) { /* cut anywhere: refused */
    struct sl_tz *tz;
    assert_int_equal(sl_tz_read(&tz, sl_strn(b.p, n), NULL), SL_EPARSE);
  }
  sl_buf_ch(&b, 'x');
  assert_int_equal(read_tz(&b, &offset), SL_EPARSE);
  sl_buf_free(&b);
}

static void tzif_broken(void **state)
{
  (void)state;
  static const struct { unsigned leap, time, type, chars; int offset, dst, abbr; unsigned char index; int rc; } rows[] = {
    {0, 1, 1, 4, 0, 0, 0, 0, SL_OK}, {1, 1, 1, 4, 0, 0, 0, 0, SL_EUNSUP}, {0, 1, 1, 4, 90000, 0, 0, 0, SL_OK},
    {0, 1, 1, 4, 93600, 0, 0, 0, SL_EPARSE},
    {0, 1, 1, 4, INT32_MIN, 0, 0, 0, SL_EPARSE}, {0, 1, 1, 4, 0, 2, 0, 0, SL_EPARSE}, {0, 1, 1, 4, 0, 0, 4, 0, SL_EPARSE},
    {0, 1, 1, 4, 0, 0, 0, 1, SL_EPARSE}, {0, 1, 0, 4, 0, 0, 0, 0, SL_EPARSE}, {0, 0xffffffff, 1, 4, 0, 0, 0, 0, SL_EPARSE},
    {0, 1, 1, 3, 0, 0, 0, 0, SL_EPARSE}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct sl_buf b;
    int offset;
    sl_buf_init(&b, 0);
    put_head(&b, 0, rows[i].leap, rows[i].time, rows[i].type, rows[i].chars);
    sl_buf_fill(&b, 0, 4);
    sl_buf_ch(&b, (char)rows[i].index);
    put_type(&b, rows[i].offset, rows[i].dst, rows[i].abbr);
    sl_buf_add(&b, "AAA\0", 4);
    assert_int_equal(read_tz(&b, &offset), rows[i].rc);
    sl_buf_free(&b);
  }
}

static void tzif_footer(void **state)
{
  (void)state;
  static const struct { const char *footer; int rc, offset_s; } rows[] = {
    {"\n\n", SL_OK, 3600}, {"\nXXX-5\n", SL_OK, 18000}, {"\nEST5EDT,0/0,J365/25\n", SL_OK, -14400},
    {"\nIST-1GMT0,M10.5.0,M3.5.0/1\n", SL_OK, 0},
    {"", SL_EPARSE, 0}, {"\n", SL_EPARSE, 0}, {"\nXX5\n", SL_EPARSE, 0}, {"\nEST5EDT\n", SL_EPARSE, 0},
    {"\nEST5EDT,M13.1.0,M1.1.0\n", SL_EPARSE, 0},
    {"\nEST5EDT,M3.2.0/168,M1.1.0\n", SL_EPARSE, 0}, {"\nXXX-5\nmore\n", SL_EPARSE, 0}, {"\nABCDEFGHIJKLMNOPQRS5\n", SL_EPARSE, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct sl_buf b;
    int offset = -1;
    sl_buf_init(&b, 0);
    for (int half = 0; half < 2; half++) {
      put_head(&b, '2', 0, 0, 1, 4);
      put_type(&b, 3600, 0, 0);
      sl_buf_add(&b, "AAA\0", 4);
    }
    sl_buf_z(&b, rows[i].footer);
    assert_int_equal(read_tz(&b, &offset), rows[i].rc);
    if (!rows[i].rc)
      assert_int_equal(offset, rows[i].offset_s);
    sl_buf_free(&b);
  }
}

#if SL_FAULTS
/* Each allocation fails once: an error each time, nothing left behind. */
static void running_out(void **state)
{
  (void)state;
  int64_t live = sl_alloc_live();
  long n = 0;
  int rc;
  do {
    struct sl_tz *tz;
    sl_fault_alloc(n, 0);
    rc = sl_tz_open(&tz, "Europe/Berlin", NULL);
    sl_fault_alloc(-1, 0);
    assert_true((rc == SL_OK || rc == SL_ENOMEM) && (rc == SL_OK) == (tz != NULL));
    sl_tz_free(tz);
    assert_true(sl_alloc_live() == live);
  } while (rc && ++n < 100);
  assert_true(n > 2 && n < 100);
}
#endif

/* ---- texts ---- */

static void parses(void **state)
{
  (void)state;
  struct sl_tz *berlin = open_tz("Europe/Berlin"), *ny = open_tz("America/New_York");
  sl_ms now = at("2026-11-21T02:30:00.500Z"), t;
  const struct { const char *text; const struct sl_tz *tz; const char *want; } rows[] = {
    {"2026-11-01T06:00:00Z", berlin, "2026-11-01T06:00:00.000Z"}, {"2026-11-01t06:00:00.5z", berlin, "2026-11-01T06:00:00.500Z"},
    {"2026-11-01T06:00:00+02:00", NULL, "2026-11-01T04:00:00.000Z"}, {"2026-11-01 06:00:00.123456789-0530", NULL,
      "2026-11-01T11:30:00.123Z"},
    {"2026-11-01 06:00", berlin, "2026-11-01T05:00:00.000Z"}, {"2026-11-01", berlin, "2026-10-31T23:00:00.000Z"},
    {"2026-11-01T06:00+01", NULL, "2026-11-01T05:00:00.000Z"}, {"2024-02-29", NULL, "2024-02-29T00:00:00.000Z"},
    {"2016-12-31T23:59:60Z", NULL, "2017-01-01T00:00:00.000Z"}, {"now", ny, "2026-11-21T02:30:00.500Z"},
    {"today", NULL, "2026-11-21T00:00:00.000Z"}, {"today", berlin, "2026-11-20T23:00:00.000Z"}, {"today", ny, "2026-11-20T05:00:00.000Z"},
    {"yesterday", ny, "2026-11-19T05:00:00.000Z"}, {"tomorrow", NULL, "2026-11-22T00:00:00.000Z"}, {"-2h", ny, "2026-11-21T00:30:00.500Z"},
    {"+1d12h", NULL, "2026-11-22T14:30:00.500Z"}, {"1700000000", NULL, "2023-11-14T22:13:20.000Z"},
    {"1700000000123", NULL, "2023-11-14T22:13:20.123Z"},
    {"1700000000.25", NULL, "2023-11-14T22:13:20.250Z"}, {"0001-01-01", NULL, "0001-01-01T00:00:00.000Z"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (!sl_time_parse(sl_str(rows[i].text), now, rows[i].tz, &t))
      fail_msg("refused: %s", rows[i].text);
    assert_string_equal(show(t), rows[i].want);
  }
  static const char *const wrong[] = {"", "x", "2026-13-01", "2026-02-29", "2100-02-29", "2026-04-31", "2026-00-10", "2026-01-00",
    "2026-1-1", "2026-11-01T",
    "2026-11-01T24:00:00Z", "2026-11-01T06", "2026-11-01T06:60Z", "2026-11-01T06:00:61Z", "2026-11-01T06:00:00.Z", "2026-11-01T06:00:00+1",
    "2026-11-01T06:00:00+24:00", "2026-11-01T06:00:00+02:", "2026-11-01T06:00:00Zx", "2026-11-01 ", "999999999", "-2", "-", "+", "-2x",
      "99999999999999999999",
    "-1700000000", "today ", " now", "1700000000.", "2026-11-01T06:00:00 +02:00x"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (sl_time_parse(sl_str(wrong[i]), now, NULL, &t))
      fail_msg("accepted: %s", wrong[i]);
  sl_tz_free(berlin);
  sl_tz_free(ny);
}

static void every_text_reads_back(void **state)
{
  (void)state;
  for (sl_ms t = at("0001-01-01"); t < at("9999-12-31"); t += INT64_C(123456789) * 1009 + 17) {
    sl_ms back;
    assert_true(sl_time_parse(sl_str(show(t)), 0, NULL, &back));
    assert_true(back == t);
  }
}

static void check_text(struct sl_buf *b, const char *want)
{
  assert_string_equal(sl_buf_zstr(b), want);
  sl_buf_clear(b);
}

static void shows(void **state)
{
  (void)state;
  struct sl_buf b;
  struct sl_tz *berlin = open_tz("Europe/Berlin");
  sl_ms now = at("2026-11-21T06:00:00Z");
  sl_buf_init(&b, 0);
  const struct { const char *t, *want; } rows[] = {{"2026-11-21T05:59:15Z", "45s"}, {"2026-11-21T05:42:00Z", "18m"},
    {"2026-11-21T00:30:00Z", "5h"},
    {"2026-11-20T06:00:00.001Z", "23h"}, {"2026-11-20T05:00:00Z", "11-20 06:00"}, {"2025-12-31T23:30:00Z", "01-01 00:30"},
    {"2025-11-20T12:00:00Z", "2025-11-20"}, {"2026-11-21T06:18:00Z", "in 18m"}, {"2026-11-21T06:00:00Z", "0s"},
    {"2027-01-02T06:00:00Z", "2027-01-02"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sl_time_show(&b, at(rows[i].t), now, berlin);
    check_text(&b, rows[i].want);
  }
  sl_time_clock(&b, at("2026-11-21T06:00:00.311Z"), NULL, true);
  check_text(&b, "06:00:00.311");
  sl_time_clock(&b, at("2026-11-21T06:00:00.311Z"), berlin, false);
  check_text(&b, "07:00:00");
  sl_time_rfc3339(&b, sl_civil_to_ms(&(struct sl_civil){.year = 12026, .month = 1, .day = 1}));
  check_text(&b, "+012026-01-01T00:00:00.000Z");
  sl_time_show(&b, INT64_MAX, INT64_MIN, NULL);
  assert_true(b.n > 0);
  sl_tz_free(berlin);
  sl_buf_free(&b);
}

static void durations(void **state)
{
  (void)state;
  struct sl_buf b;
  double s;
  sl_buf_init(&b, 0);
  static const struct { double s; const char *want; } rows[] = {{0, "0s"}, {0.0123, "12ms"}, {0.8, "0.8s"}, {0.96, "1s"}, {4.25, "4.3s"},
    {9.96, "10s"},
    {42.4, "42s"}, {59.6, "1m"}, {60, "1m"}, {90, "1m30"}, {1080, "18m"}, {3599, "59m"}, {7500, "2h05"}, {7200, "2h"}, {93600, "26h"},
    {259200, "3d"},
    {-90, "-1m30"}, {1e300, "11574074074d"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sl_dur_show(&b, rows[i].s);
    check_text(&b, rows[i].want);
  }
  sl_dur_show(&b, (double)NAN);
  check_text(&b, "?");
  static const struct { const char *text; double want; } good[] = {{"26h", 93600}, {"90s", 90}, {"1d12h", 129600}, {"500ms", 0.5},
    {"2w", 1209600},
    {"1.5h", 5400}, {"1m30s", 90}, {"0s", 0}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(sl_dur_parse(sl_str(good[i].text), &s));
    assert_true(fabs(s - good[i].want) < 1e-9);
  }
  static const char *const wrong[] = {"", "5", "h", "5x", "5h5", "5m1h", "1h1h", "-5h", "1..5h", ".5h", "5.h", "5 h", "1e3s", "inf", "5H",
    "99999999999999999999h"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (sl_dur_parse(sl_str(wrong[i]), &s))
      fail_msg("accepted: %s", wrong[i]);
  sl_buf_free(&b);
}

static void layouts(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_ms t;
  sl_buf_init(&b, 0);
  static const struct { const char *layout, *text, *want; int64_t step; } rows[] = {
    {"dt=%Y-%m-%d", "dt=2026-11-17", "2026-11-17T00:00:00.000Z", DAY}, {"%Y/%m/%d/%H", "2026/11/17/06", "2026-11-17T06:00:00.000Z", HOUR},
    {"year=%Y/month=%m", "year=2026/month=11", "2026-11-01T00:00:00.000Z", -1}, {"%Y", "2026", "2026-01-01T00:00:00.000Z", -2},
    {"100%%/%Y%m%d", "100%/20240229", "2024-02-29T00:00:00.000Z", DAY},
    {"%Y/%Y-%m-%d", "2026/2026-11-17", "2026-11-17T00:00:00.000Z", DAY}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_true(sl_layout_parse(rows[i].layout, sl_str(rows[i].text), &t));
    assert_string_equal(show(t), rows[i].want);
    sl_layout_format(&b, rows[i].layout, t);
    check_text(&b, rows[i].text);
    assert_true(sl_layout_step_ms(rows[i].layout) == rows[i].step);
  }
  static const struct { const char *layout, *text; } wrong[] = {{"dt=%Y-%m-%d", "dt=2026-11-1"}, {"dt=%Y-%m-%d", "dt=2026-11-17x"},
    {"dt=%Y-%m-%d", "dt=2026-13-01"}, {"dt=%Y-%m-%d", "dt=2026-02-29"}, {"dt=%Y-%m-%d", "dt=2026-11-00"}, {"dt=%Y-%m-%d", ""},
    {"%Y/%m/%d/%H", "2026/11/17/24"},
    {"%m-%d", "11-17"}, {"%Y-%d", "2026-17"}, {"%Y/%Y-%m-%d", "2025/2026-11-17"}, {"%Y%j", "2026123"}, {"%Y%", "2026"}, {"", ""},
    {"%Y", "20x6"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (sl_layout_parse(wrong[i].layout, sl_str(wrong[i].text), &t))
      fail_msg("accepted: %s as %s", wrong[i].text, wrong[i].layout);
  sl_layout_format(&b, "%j%Y%", 0);
  check_text(&b, "%j1970%");
  assert_true(sl_layout_step_ms("plain") == 0);
  sl_buf_free(&b);
}

/* ---- cron ---- */

static struct sl_cron cron(const char *text)
{
  struct sl_cron c;
  struct sl_err err = {0};
  if (sl_cron_parse(&c, sl_str(text), &err))
    fail_msg("%s: %s", text, err.msg);
  return c;
}

static void cron_texts(void **state)
{
  (void)state;
  static const char *const wrong[] = {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
    "* * * * 8", "*/0 * * * *",
    "5-1 * * * *", "a * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *", "*/ * * * *", "1-2-3 * * * *", "* * * foo *", "@reboot",
      "@dailyx", "-1 * * * *",
    "1.5 * * * *", "* * ? * *", "* * L * *", "*5 * * * *", "+5 * * * *", "/5 * * * *"};
  struct sl_cron c;
  struct sl_err err;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (sl_cron_parse(&c, sl_str(wrong[i]), &err) != SL_EPARSE)
      fail_msg("accepted: %s", wrong[i]);
  assert_true(cron("*/15 * * * *").minute == (1 | 1 << 15 | UINT64_C(1) << 30 | UINT64_C(1) << 45));
  assert_int_equal(cron("0 8-18/5 * * *").hour, 1 << 8 | 1 << 13 | 1 << 18);
  assert_int_equal(cron("0 0 * JAN,mar *").month, 1 << 1 | 1 << 3);
  assert_int_equal(cron("0 0 * * mon-FRI").wday, 0x3e);
  assert_int_equal(cron("0 0 * * 7").wday, 1);
  assert_int_equal(cron("0 0 * * 5-7").wday, 0x61);
  assert_int_equal(cron("0 0 * * *").wday, 0x7f);
  assert_true(cron("50/5 0 * * *").minute == (UINT64_C(1) << 50 | UINT64_C(1) << 55));
  assert_int_equal(cron("  @Weekly ").wday, 1);
}

static void cron_moments(void **state)
{
  (void)state;
  struct sl_tz *berlin = open_tz("Europe/Berlin");
  const struct { const char *cron, *after; const struct sl_tz *tz; const char *next; } rows[] = {
    {"0 6 * * *", "2026-11-21T06:00:00Z", NULL, "2026-11-22T06:00:00.000Z"},
    {"0 6 * * *", "2026-11-21T05:59:59.999Z", NULL, "2026-11-21T06:00:00.000Z"},
    {"0 6 * * *", "2026-11-21T05:30:00Z", berlin, "2026-11-22T05:00:00.000Z"},
    {"0 0 29 2 *", "2026-01-01", NULL, "2028-02-29T00:00:00.000Z"},
    {"0 0 29 2 *", "2096-03-01", NULL, "2104-02-29T00:00:00.000Z"}, {"0 0 31 * *", "2026-01-31", NULL, "2026-03-31T00:00:00.000Z"},
    {"0 0 13 * 5", "2026-11-13", NULL, "2026-11-20T00:00:00.000Z"}, /* or: the 13th, and Fridays */
    {"0 0 */2 * 5", "2026-11-13", NULL, "2026-11-27T00:00:00.000Z"}, /* and: odd days that are Fridays */
    {"59 23 31 12 *", "2026-12-31T23:59:00Z", NULL, "2027-12-31T23:59:00.000Z"},
    {"30 2 * * *", "2026-03-28T12:00:00Z", berlin, "2026-03-29T01:00:00.000Z"}, /* the clock jumps over it */
    {"30 2 * * *", "2026-03-29T01:00:00Z", berlin, "2026-03-30T00:30:00.000Z"},
    {"30 2 * * *", "2026-10-24T12:00:00Z", berlin, "2026-10-25T00:30:00.000Z"}, /* twice on the clock: once */
    {"30 2 * * *", "2026-10-25T00:30:00Z", berlin, "2026-10-26T01:30:00.000Z"},
    {"*/30 * * * *", "2026-10-25T00:30:00Z", berlin, "2026-10-25T01:00:00.000Z"}, /* by real time */
    {"*/30 * * * *", "2026-10-25T01:00:00Z", berlin, "2026-10-25T01:30:00.000Z"},
    {"0 * * * *", "2026-03-29T00:00:00Z", berlin, "2026-03-29T01:00:00.000Z"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct sl_cron c = cron(rows[i].cron);
    assert_string_equal(show(sl_cron_next(&c, at(rows[i].after), rows[i].tz)), rows[i].next);
  }
  struct sl_cron never = cron("0 0 30 2 *");
  assert_true(sl_cron_next(&never, at("2026-01-01"), NULL) == INT64_MAX);
  assert_true(sl_cron_prev(&never, at("2026-01-01"), berlin) == INT64_MIN);
  never = cron("* * 30 2 *");
  assert_true(sl_cron_next(&never, at("2026-01-01"), berlin) == INT64_MAX);
  assert_true(sl_cron_prev(&never, at("2026-01-01"), NULL) == INT64_MIN);
  assert_true(sl_cron_next(&never, INT64_MAX, NULL) == INT64_MAX && sl_cron_prev(&never, INT64_MIN, NULL) == INT64_MIN);
  sl_tz_free(berlin);
}

/* Against the plainest reading of the text: every minute of the days around, asked one by one. UTC has no clock changes to disagree on. */
static void cron_brute_force(void **state)
{
  (void)state;
  static const char *const texts[] = {"*/7 * * * *", "5 */6 * * *", "0 12 1 * *", "30 4 1,15 * 5", "0 0 * 12 mon"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct sl_cron c = cron(texts[i]);
    sl_ms t = at("2026-11-28T03:03:03Z"), last = INT64_MIN;
    for (sl_ms m = at("2026-11-28T03:04:00Z"); m < at("2026-12-20"); m += MINUTE) {
      struct sl_civil d = sl_civil_of(m, NULL);
      bool mday = c.mday >> d.day & 1, wday = c.wday >> d.wday & 1;
      bool day = c.mday_any || c.wday_any ? mday && wday : mday || wday;
      if (!(c.minute >> d.minute & 1) || !(c.hour >> d.hour & 1) || !(c.month >> d.month & 1) || !day)
        continue;
      assert_true(sl_cron_next(&c, t, NULL) == m);
      if (last != INT64_MIN)
        assert_true(sl_cron_prev(&c, m, NULL) == last);
      t = last = m;
    }
    assert_true(last != INT64_MIN);
  }
}

/* next() walks forward, prev() walks the same moments back, across both clock changes. */
static void cron_there_and_back(void **state)
{
  (void)state;
  static const char *const zones[] = {"Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia"};
  static const char *const texts[] = {"*/20 * * * *", "15 1,2,3 * * *", "0 0 * * *", "30 23 * * sat,sun"};
  for (size_t z = 0; z < 4; z++)
    for (size_t i = 0; i < 4; i++) {
      struct sl_tz *tz = open_tz(zones[z]);
      struct sl_cron c = cron(texts[i]);
      sl_ms t = sl_cron_next(&c, at("2010-10-01"), tz);
      while (t < at("2010-11-20")) {
        sl_ms n = sl_cron_next(&c, t, tz);
        assert_true(n > t);
        assert_true(sl_cron_prev(&c, n, tz) == t);
        assert_true(sl_cron_next(&c, n - 1, tz) == n);
        t = n;
      }
      sl_tz_free(tz);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(civil_agrees_with_libc), cmocka_unit_test(civil_normalises_and_saturates), cmocka_unit_test(zones_agree_with_libc),
    cmocka_unit_test(gaps_and_folds), cmocka_unit_test(local_and_back), cmocka_unit_test(zone_names), cmocka_unit_test(local_zone),
    cmocka_unit_test(tzif_version_1), cmocka_unit_test(tzif_broken), cmocka_unit_test(tzif_footer), cmocka_unit_test(parses),
    cmocka_unit_test(every_text_reads_back), cmocka_unit_test(shows), cmocka_unit_test(durations), cmocka_unit_test(layouts),
    cmocka_unit_test(cron_texts), cmocka_unit_test(cron_moments), cmocka_unit_test(cron_brute_force),
      cmocka_unit_test(cron_there_and_back),
#if SL_FAULTS
    cmocka_unit_test(running_out),
#endif
 };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
