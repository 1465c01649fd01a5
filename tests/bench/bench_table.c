/* tests/bench/bench_table.c: the table's budgets of design section 12, printed: sorting a million rows, filtering, and scrolling ten
 * million rows end to end within 64 MiB of anonymous memory. A figure that misses its budget is marked, and the exit code is 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "table/table.h"

enum { MILLION = 1000000, BUDGET = 24 << 20 };

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT }, { .name = "state", .type = SL_STATE }, { .name = "bytes", .type = SL_I64, .unit = "B" },
  { .name = "modified", .type = SL_TIME }, { .name = "score", .type = SL_F64 }, { .name = "metrics", .type = SL_FAMILY_F64 },
};

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* kB of a line of /proc/self/status. */
static long status_kb(const char *name)
{
  char line[256];
  long kb = -1;
  FILE *f = fopen("/proc/self/status", "re");
  while (f && fgets(line, sizeof line, f))
    if (strncmp(line, name, strlen(name)) == 0) {
      int64_t n;
      struct sl_str s = sl_str_trim(sl_str_from(sl_str(line), strlen(name) + 1)), word;
      if (sl_str_cut(&s, ' ', &word) && sl_str_i64(word, &n))
        kb = (long)n;
    }
  if (f)
    fclose(f);
  return kb;
}

static int missed;
static void figure(const char *what, double value, const char *unit, double budget)
{
  bool bad = budget > 0 && value > budget;
  missed |= bad;
  printf("%-58s %10.3f %-8s", what, value, unit);
  if (budget > 0)
    printf(" budget %g %s", budget, bad ? "MISSED" : "ok");
  printf("\n");
}

static uint64_t state = 88172645463325252u;
static uint32_t rnd(void)
{
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static void die(const struct sl_err *err)
{
  fprintf(stderr, "bench_table: %s\n", err->msg);
  abort();
}

static struct sl_batch *make(struct sl_schema *s, int from, int n, bool family)
{
  static const char *const states[] = { "ok", "failed", "running", "stopped" };
  struct sl_batch *b;
  struct sl_err err;
  if (sl_batch_new(&b, s, &err))
    die(&err);
  for (int i = from; i < from + n; i++) {
    char id[64];
    int len = snprintf(id, sizeof id, "care-raw/admissions/dt=2026-11-%02d/part-%08d", i % 28 + 1, i);
    sl_batch_row(b, SL_PUT, sl_strn(id, (size_t)len));
    sl_batch_set(b, 0, sl_vs(sl_strn(id + 20, (size_t)len - 20)));
    sl_batch_set(b, 1, sl_vz(states[rnd() % 4]));
    sl_batch_set(b, 2, sl_vi(rnd()));
    sl_batch_set(b, 3, sl_vt(1760000000000 + rnd()));
    sl_batch_set(b, 4, sl_vf(rnd() / 4e9));
    if (family)
      sl_batch_key(b, 5, SL_STR("auc"), sl_vf(rnd() / 4e9));
  }
  if (sl_batch_seal(b, &err))
    die(&err);
  return b;
}

static struct sl_table *fill(struct sl_budget *budget, struct sl_schema *s, int rows, bool family)
{
  struct sl_table *t;
  struct sl_err err;
  if (sl_table_open(&t, budget, s, SL_KEYED, 0, &err))
    die(&err);
  for (int at = 0; at < rows; at += SL_BATCH_ROWS) {
    struct sl_batch *b = make(s, at, rows - at < SL_BATCH_ROWS ? rows - at : SL_BATCH_ROWS, family);
    if (sl_table_apply(t, SL_STR("lake"), &b, &err))
      die(&err);
  }
  return t;
}

static void got(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  if (rc)
    die(err);
  *(struct sl_snap **)user = out;
}

static double choose(struct sl_snap *s, const char *where, const char *order, uint64_t *n)
{
  struct sl_filter *f = NULL;
  struct sl_order *o = NULL;
  struct sl_snap *out = NULL;
  struct sl_err err;
  if (sl_filter_parse(&f, sl_str(where), 0, NULL, &err) || sl_order_parse(&o, sl_str(order), &err))
    die(&err);
  double t = seconds();
  if (sl_snap_select(s, f, o, 0, got, &out, NULL, &err))
    die(&err);
  t = seconds() - t;
  *n = sl_snap_count(out);
  sl_snap_unref(out);
  sl_filter_unref(f);
  sl_order_unref(o);
  return t;
}

static void bench_million(struct sl_schema *s)
{
  static const char *const orders[] = { "bytes", "-score", "name", "state", "state,-modified", "-metrics.auc", "ref" };
  static const char *const filters[] = { "bytes > 10MB", "state = failed", "name ~ '7$'",
                                         "metrics.auc > 0.5 and not state in (ok, failed)" };
  struct sl_budget *budget;
  struct sl_err err;
  if (sl_budget_open(&budget, NULL, (size_t)512 << 20, "/tmp", &err))
    die(&err);
  double t = seconds();
  struct sl_table *table = fill(budget, s, MILLION, true);
  figure("1M rows made and applied", seconds() - t, "s", 0);
  figure("  memory a row", (double)sl_budget_used(budget).memory / MILLION, "B", 0);
  struct sl_snap *snap;
  if (sl_table_snap(table, &snap, &err))
    die(&err);
  uint64_t n;
  char what[80];
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    snprintf(what, sizeof what, "sort 1M rows by %s", orders[i]);
    figure(what, choose(snap, "", orders[i], &n), "s", 0.5);
  }
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    snprintf(what, sizeof what, "filter %s", filters[i]);
    figure(what, (double)MILLION / 1e6 / choose(snap, filters[i], "", &n), "Mrows/s", 0);
  }
  sl_snap_unref(snap);
  sl_table_close(table);
  sl_budget_close(budget);
}

static void relist(struct sl_table *t, struct sl_schema *s, int from, int rows)
{
  struct sl_err err;
  double most = 0, all = seconds();
  sl_table_gen_begin(t, SL_STR("lake"));
  for (int at = from; at < from + rows; at += SL_BATCH_ROWS) {
    struct sl_batch *b = make(s, at, SL_BATCH_ROWS, false);
    double x = seconds();
    if (sl_table_apply(t, SL_STR("lake"), &b, &err))
      die(&err);
    most = seconds() - x > most ? seconds() - x : most;
  }
  figure("  listed again", seconds() - all, "s", 0);
  figure("  longest apply", most * 1e3, "ms", 16);
  double x = seconds();
  if (sl_table_gen_end(t, SL_STR("lake"), true, &err))
    die(&err);
  figure("  end of the listing", (seconds() - x) * 1e3, "ms", 0);
}

/* What the loop spends when 900,000 rows are listed again: some are new, some are missing. */
static void bench_refresh(struct sl_schema *s)
{
  struct sl_budget *budget;
  struct sl_err err;
  if (sl_budget_open(&budget, NULL, (size_t)512 << 20, "/tmp", &err))
    die(&err);
  struct sl_table *t;
  if (sl_table_open(&t, budget, s, SL_KEYED, 0, &err))
    die(&err);
  for (int i = 0; i < 4; i++) {
    printf("900,000 rows, listing %d\n", i + 1);
    relist(t, s, i * 1024, 900 * 1000);
  }
  struct sl_snap *snap;
  double x = seconds();
  if (sl_table_snap(t, &snap, &err))
    die(&err);
  figure("  snapshot", (seconds() - x) * 1e3, "ms", 16);
  sl_snap_unref(snap);
  sl_table_close(t);
  sl_budget_close(budget);
}

static void bench_ten(struct sl_schema *s, const char *dir)
{
  struct sl_budget *budget;
  struct sl_err err;
  if (sl_budget_open(&budget, NULL, BUDGET, dir, &err))
    die(&err);
  double t = seconds();
  struct sl_table *table = fill(budget, s, 10 * MILLION, false);
  figure("10M rows made and applied", seconds() - t, "s", 0);
  figure("  RssAnon after", (double)status_kb("RssAnon") / 1024, "MiB", 64);
  struct sl_snap *snap;
  if (sl_table_snap(table, &snap, &err))
    die(&err);
  t = seconds();
  long most = 0;
  uint64_t sum = 0, pages = 0;
  for (uint64_t at = 0; at < sl_snap_count(snap); pages++) {
    struct sl_batch *b;
    if (sl_snap_page_wait(snap, at, 50, &b, &err))
      die(&err);
    sum += (uint64_t)sl_batch_get(b, 0, 2).u.i + sl_snap_hash(snap, at);
    at += sl_batch_count(b);
    sl_batch_unref(b);
    if (pages % 1000 == 0 && status_kb("RssAnon") > most)
      most = status_kb("RssAnon");
  }
  t = seconds() - t;
  figure("10M rows scrolled by pages of 50", t, "s", 0);
  figure("  a page", t / (double)pages * 1e6, "us", 16000);
  figure("  RssAnon at most", (double)most / 1024, "MiB", 64);
  uint64_t n;
  figure("sort 10M rows by bytes", choose(snap, "", "bytes", &n), "s", 0);
  figure("sort 10M rows by state", choose(snap, "", "state", &n), "s", 0);
  figure("filter 10M rows by state = failed", choose(snap, "state = failed", "", &n), "s", 0);
  figure("  RssAnon after", (double)status_kb("RssAnon") / 1024, "MiB", 0);
  printf("  spilled %zu MiB, checksum %llx\n", sl_budget_used(budget).spilled >> 20, (unsigned long long)sum);
  sl_snap_unref(snap);
  sl_table_close(table);
  sl_budget_close(budget);
}

int main(int argc, char **argv)
{
  struct sl_schema *s;
  struct sl_err err;
  if (sl_schema_new(&s, cols, sizeof cols / sizeof *cols, NULL, 0, &err))
    die(&err);
  bool only = argc > 1 && strcmp(argv[1], "ten") == 0;
  if (argc < 2 || !only)
    bench_ten(s, "/tmp"); /* first: the other leaves memory with the allocator */
  if (only)
    bench_ten(s, argc > 2 ? argv[2] : "/tmp");
  else {
    bench_million(s);
    bench_refresh(s);
  }
  sl_schema_unref(s);
  return missed;
}
