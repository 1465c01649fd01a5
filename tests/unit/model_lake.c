/* Partitions: which there are, which should be there, and how late they are. Cases are written as files in, rows out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/lake.h"

struct in { const char *rel, *modified; int64_t bytes, rows; };

static sl_ms at(const char *text)
{
  sl_ms t = SL_LAKE_NEVER;
  if (text)
    assert_true(sl_time_parse(sl_str(text), 0, NULL, &t));
  return t;
}

/* One line a partition: name state objects/bytes/rows late expected. */
static char *told(const struct sl_zone *z, const struct sl_tz *tz, const char *now, bool whole, const struct in *in, size_t n,
                  struct sl_lake_zone *out)
{
  struct sl_lake_acc *a;
  const struct sl_lake_part *p;
  size_t np;
  struct sl_buf b;
  assert_int_equal(sl_lake_begin(&a, z, tz, at(now), NULL), SL_OK);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(sl_lake_add(a, sl_str(in[i].rel), in[i].bytes, at(in[i].modified), in[i].rows, NULL), SL_OK);
  assert_int_equal(sl_lake_end(a, whole, &p, &np, NULL), SL_OK);
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < np; i++) {
    sl_buf_printf(&b, "%s %s %lld/%lld/%lld", p[i].name, p[i].state, (long long)p[i].objects, (long long)p[i].bytes, (long long)p[i].rows);
    if (!isnan(p[i].late_s))
      sl_buf_printf(&b, " late %.0fh", p[i].late_s / 3600);
    if (p[i].expected != SL_LAKE_NEVER) {
      sl_buf_z(&b, " due ");
      sl_time_rfc3339(&b, p[i].expected);
      sl_buf_cut(&b, b.n - 8); /* to the minute */
    }
    sl_buf_ch(&b, '\n');
  }
  *out = sl_lake_zone_of(a);
  static char state[32];
  snprintf(state, sizeof state, "%s", out->state);
  out->state = state;
  sl_lake_free(a);
  return sl_buf_take(&b, NULL);
}

#define CHECK(z, tz, now, whole, in, zone_state, want) check(z, tz, now, whole, in, sizeof in / sizeof in[0], zone_state, want)
static struct sl_lake_zone check(const struct sl_zone *z, const struct sl_tz *tz, const char *now, bool whole, const struct in *in,
                                 size_t n, const char *zone_state, const char *want)
{
  struct sl_lake_zone zone;
  char *got = told(z, tz, now, whole, in, n, &zone);
  assert_string_equal(got ? got : "", want);
  assert_string_equal(zone.state, zone_state);
  sl_free(got);
  return zone;
}

static const struct sl_zone daily = { .name = "raw", .layout = "dt=%Y-%m-%d", .fresh_within_s = 26 * 3600.0, .min_rows = 100 };

static void fresh_with_a_gap(void **state)
{
  (void)state;
  const struct in in[] = {
    { "dt=2026-11-18/a.csv", "2026-11-18T06:00:00Z", 100, 500 }, { "dt=2026-11-18/b.csv", "2026-11-18T07:00:00Z", 50, 20 },
    { "dt=2026-11-20/a.csv", "2026-11-20T06:00:00Z", 100, -1 }, { "dt=2026-11-21/a.csv", "2026-11-21T06:00:00Z", 100, 99 },
    { "_SUCCESS", "2026-11-21T06:30:00Z", 0, -1 },
  };
  struct sl_lake_zone z = CHECK(&daily, NULL, "2026-11-21T08:00:00Z", true, in, "missing",
    "dt=2026-11-21 empty 1/100/99 late 0h due 2026-11-22T02:00\n"
    "dt=2026-11-20 fresh 1/100/-1 late 0h due 2026-11-21T02:00\n"
    "dt=2026-11-19 missing 0/0/-1 late 30h due 2026-11-20T02:00\n"
    "dt=2026-11-18 fresh 2/150/520 late 0h due 2026-11-19T02:00\n");
  assert_int_equal(z.objects, 5);
  assert_int_equal(z.bytes, 350);
  assert_int_equal(z.newest, at("2026-11-21T06:30:00Z"));
  assert_true(z.age_s == 5400);
}

static void overdue_by_fresh_within(void **state)
{
  (void)state;
  const struct in in[] = { { "dt=2026-11-19/a", "2026-11-19T06:00:00Z", 1, -1 } };
  CHECK(&daily, NULL, "2026-11-21T08:00:00Z", true, in, "stale",
    "dt=2026-11-20 missing 0/0/-1 late 6h due 2026-11-21T02:00\n"
    "dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-20T02:00\n");
}

static void stale_is_the_newest_that_was_due(void **state)
{
  (void)state;
  const struct in in[] = { { "dt=2026-11-19/a", "2026-11-19T01:00:00Z", 1, -1 }, { "dt=2026-11-20/a", "2026-11-20T01:00:00Z", 1, -1 } };
  CHECK(&daily, NULL, "2026-11-21T09:00:00Z", true, in, "stale",
    "dt=2026-11-20 stale 1/1/-1 late 6h due 2026-11-21T02:00\n"
    "dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-20T02:00\n");
  CHECK(&daily, NULL, "2026-11-21T02:59:59Z", true, in, "fresh",
    "dt=2026-11-20 fresh 1/1/-1 late 0h due 2026-11-21T02:00\n"
    "dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-20T02:00\n");
}

/* On working days at six, Berlin's clock: nothing is expected at the weekend, and today's is due at five UTC. */
static void due_by_schedule(void **state)
{
  (void)state;
  struct sl_tz *tz = NULL;
  struct sl_zone z = { .name = "raw", .layout = "dt=%Y-%m-%d", .schedule = "0 6 * * 1-5" };
  const struct in in[] = { { "dt=2026-11-19/a", "2026-11-19T06:00:00Z", 1, -1 } };
  assert_int_equal(sl_tz_open(&tz, "Europe/Berlin", NULL), SL_OK);
  CHECK(&z, tz, "2026-11-23T04:59:00Z", true, in, "missing",
    "dt=2026-11-20 missing 0/0/-1 late 72h due 2026-11-20T05:00\n"
    "dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-19T05:00\n");
  CHECK(&z, tz, "2026-11-23T05:00:00Z", true, in, "missing",
    "dt=2026-11-23 missing 0/0/-1 late 0h due 2026-11-23T05:00\n"
    "dt=2026-11-20 missing 0/0/-1 late 72h due 2026-11-20T05:00\n"
    "dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-19T05:00\n");
  sl_tz_free(tz);
}

static void nothing_to_judge_by(void **state)
{
  (void)state;
  struct sl_zone z = { .name = "raw", .layout = "%Y/%m" };
  const struct in in[] = { { "2026/09/a", NULL, 1, -1 }, { "2026/11/a", NULL, 1, -1 }, { "2025/12/b", NULL, 1, -1 } };
  struct sl_lake_zone zone = CHECK(&z, NULL, "2027-11-21", true, in, "missing",
    "2026/11 unknown 1/1/-1\n"
    "2026/10 missing 0/0/-1 late 9240h due 2026-11-01T00:00\n"
    "2026/09 unknown 1/1/-1\n"
    "2026/08 missing 0/0/-1 late 10704h due 2026-09-01T00:00\n"
    "2026/07 missing 0/0/-1 late 11448h due 2026-08-01T00:00\n"
    "2026/06 missing 0/0/-1 late 12192h due 2026-07-01T00:00\n"
    "2026/05 missing 0/0/-1 late 12912h due 2026-06-01T00:00\n"
    "2026/04 missing 0/0/-1 late 13656h due 2026-05-01T00:00\n"
    "2026/03 missing 0/0/-1 late 14376h due 2026-04-01T00:00\n"
    "2026/02 missing 0/0/-1 late 15120h due 2026-03-01T00:00\n"
    "2026/01 missing 0/0/-1 late 15792h due 2026-02-01T00:00\n"
    "2025/12 unknown 1/1/-1\n");
  assert_int_equal(zone.newest, SL_LAKE_NEVER);
  assert_true(isnan(zone.age_s));
}

/* Two suppliers, each a series of its own, below folders that the layout does not name. */
static void series_below_folders(void **state)
{
  (void)state;
  struct sl_zone z = { .name = "raw", .layout = "dt=%Y-%m-%d", .schedule = "@daily" };
  const struct in in[] = {
    { "site=a/dt=2026-11-20/x/y/z", "2026-11-20", 1, -1 }, { "site=b/dt=2026-11-19/x", "2026-11-20", 1, -1 },
    { "site=a/dt=2026-11-19/x", "2026-11-20", 1, -1 }, { "site=b/notes.txt", "2026-11-20", 1, -1 },
    { "site=a/dt=2026-13-01/x", "2026-11-20", 1, -1 },
  };
  struct sl_lake_zone zone = CHECK(&z, NULL, "2026-11-20T01:00:00Z", true, in, "missing",
    "site=a/dt=2026-11-20 fresh 1/1/-1 late 0h due 2026-11-20T00:00\n"
    "site=b/dt=2026-11-20 missing 0/0/-1 late 1h due 2026-11-20T00:00\n"
    "site=a/dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-19T00:00\n"
    "site=b/dt=2026-11-19 fresh 1/1/-1 late 0h due 2026-11-19T00:00\n");
  assert_int_equal(zone.objects, 5);
}

static void empty_folders_and_files(void **state)
{
  (void)state;
  const struct in in[] = { { "dt=2026-11-20/", NULL, 0, -1 }, { "dt=2026-11-21/a", "2026-11-21", 0, -1 },
    { "dt=2026-11-19/a", "2026-11-19", 5, 0 } };
  CHECK(&daily, NULL, "2026-11-21T01:00:00Z", true, in, "fresh",
    "dt=2026-11-21 empty 1/0/-1 late 0h due 2026-11-22T02:00\n"
    "dt=2026-11-20 empty 0/0/-1 late 0h due 2026-11-21T02:00\n"
    "dt=2026-11-19 empty 1/5/0 late 0h due 2026-11-20T02:00\n");
}

/* What was not listed to its end says nothing about what is missing. */
static void half_a_listing(void **state)
{
  (void)state;
  const struct in in[] = { { "dt=2026-11-01/a", "2026-11-01", 1, -1 }, { "dt=2026-11-20/a", "2026-11-20", 1, -1 } };
  CHECK(&daily, NULL, "2026-11-21T01:00:00Z", false, in, "unknown",
    "dt=2026-11-20 unknown 1/1/-1 late 0h due 2026-11-21T02:00\n"
    "dt=2026-11-01 unknown 1/1/-1 late 0h due 2026-11-02T02:00\n");
}

static void without_a_layout(void **state)
{
  (void)state;
  struct sl_zone z = { .name = "raw", .fresh_within_s = 86400 };
  const struct in in[] = { { "labs/a/b.csv", "2026-11-20T12:00:00Z", 1, -1 }, { "old.csv", "2026-11-10", 2, -1 },
    { "labs/c.csv", "2026-11-19", 1, -1 }, { "none/", NULL, 0, -1 }, { "/", NULL, 0, -1 }, { "", NULL, 9, -1 } };
  CHECK(&z, NULL, "2026-11-21T00:00:00Z", true, in, "fresh",
    "labs fresh 2/2/-1\n"
    "old.csv fresh 1/2/-1\n"
    "none empty 0/0/-1\n");
}

static void files_named_by_the_day(void **state)
{
  (void)state;
  struct sl_zone z = { .name = "raw", .layout = "labs-%Y-%m-%d-%H.csv", .fresh_within_s = 7200 };
  const struct in in[] = { { "labs-2026-11-21-01.csv", "2026-11-21T01:30:00Z", 1, -1 },
    { "labs-2026-11-21-03.csv", "2026-11-21T03:30:00Z", 1, -1 } };
  CHECK(&z, NULL, "2026-11-21T04:00:00Z", true, in, "missing",
    "labs-2026-11-21-03.csv fresh 1/1/-1 late 0h due 2026-11-21T05:00\n"
    "labs-2026-11-21-02.csv missing 0/0/-1 late 0h due 2026-11-21T04:00\n"
    "labs-2026-11-21-01.csv fresh 1/1/-1 late 0h due 2026-11-21T03:00\n");
}

static void an_empty_zone(void **state)
{
  (void)state;
  struct sl_lake_zone zone;
  char *got = told(&daily, NULL, "2026-11-21", true, NULL, 0, &zone);
  assert_string_equal(zone.state, "empty");
  assert_true(!got || !*got);
  sl_free(got);
  got = told(&daily, NULL, "2026-11-21", false, NULL, 0, &zone);
  assert_string_equal(zone.state, "unknown");
  sl_free(got);
}

/* One folder named long ago does not bury the rest: a thousand missing ones are enough. */
static void missing_ones_are_capped(void **state)
{
  (void)state;
  struct sl_lake_acc *a;
  const struct sl_lake_part *p;
  size_t n;
  assert_int_equal(sl_lake_begin(&a, &daily, NULL, at("2026-11-21T01:00:00Z"), NULL), SL_OK);
  assert_int_equal(sl_lake_add(a, SL_STR("dt=0001-01-01/x"), 1, 0, -1, NULL), SL_OK);
  assert_int_equal(sl_lake_add(a, SL_STR("dt=2026-11-20/x"), 1, at("2026-11-20"), -1, NULL), SL_OK);
  assert_int_equal(sl_lake_end(a, true, &p, &n, NULL), SL_OK);
  assert_int_equal(n, 1002);
  assert_string_equal(p[1].name, "dt=2026-11-19");
  assert_string_equal(p[1001].name, "dt=0001-01-01");
  sl_lake_free(a);
}

/* In the night that has 25 hours a day is still a day. */
static void clocks_going_back(void **state)
{
  (void)state;
  struct sl_tz *tz = NULL;
  struct sl_zone z = { .name = "raw", .layout = "%Y-%m-%d", .schedule = "30 0 * * *" };
  const struct in in[] = { { "2026-10-24/a", "2026-10-24", 1, -1 }, { "2026-10-27/a", "2026-10-27", 1, -1 } };
  assert_int_equal(sl_tz_open(&tz, "Europe/Berlin", NULL), SL_OK);
  CHECK(&z, tz, "2026-10-27T12:00:00Z", true, in, "missing",
    "2026-10-27 fresh 1/1/-1 late 0h due 2026-10-26T23:30\n"
    "2026-10-26 missing 0/0/-1 late 36h due 2026-10-25T23:30\n"
    "2026-10-25 missing 0/0/-1 late 62h due 2026-10-24T22:30\n"
    "2026-10-24 fresh 1/1/-1 late 0h due 2026-10-23T22:30\n");
  sl_tz_free(tz);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fresh_with_a_gap), cmocka_unit_test(overdue_by_fresh_within), cmocka_unit_test(stale_is_the_newest_that_was_due),
    cmocka_unit_test(due_by_schedule), cmocka_unit_test(nothing_to_judge_by), cmocka_unit_test(series_below_folders),
    cmocka_unit_test(empty_folders_and_files), cmocka_unit_test(half_a_listing), cmocka_unit_test(without_a_layout),
    cmocka_unit_test(files_named_by_the_day), cmocka_unit_test(an_empty_zone), cmocka_unit_test(missing_ones_are_capped),
    cmocka_unit_test(clocks_going_back),
  };
  return cmocka_run_group_tests_name("model_lake", tests, NULL, NULL);
}
