/* tests/unit/table_group.c: groups against a plain count of the same rows, NaN, infinities, nulls and struck rows among them; the filter of
 * each group finds its rows; what cannot be grouped by is told. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/mem.h"
#include "table/group.h"

static const struct sl_col cols[] = {
  { .name = "state", .type = SL_STATE }, { .name = "size", .type = SL_I64, .unit = "B" }, { .name = "at", .type = SL_TIME },
  { .name = "f", .type = SL_F64 },       { .name = "good", .type = SL_BOOL },             { .name = "tags", .type = SL_LIST },
  { .name = "key", .type = SL_TEXT, .flags = SL_COL_SECRET }, { .name = "params", .type = SL_FAMILY_TEXT },
  { .name = "metrics", .type = SL_FAMILY_F64 },
};
enum { STATE, SIZE, AT, F, GOOD, TAGS, KEY, PARAMS, METRICS, NCOL };
enum { N = 3000 };
static const char *const depths[] = { "2", "10", "a 'quoted' one", "", "10.0", NULL };
static const double odd[] = { 1.5, -0.0, 0.0, 1e308, -1e308, INFINITY, -INFINITY, 0.1 };

static struct row { const char *state, *depth; int64_t size, at; double f, auc; bool has_auc, has_size, gone, good; } rows[N];
static struct sl_schema *schema;
static struct sl_budget *budget;
static struct sl_table *table;
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

static void fill(struct row *r)
{
  static const char *const states[] = { "ok", "failed", "running" };
  *r = (struct row){ .state = states[rnd(3)], .depth = depths[rnd(6)], .size = (int64_t)rnd(4), .has_auc = rnd(4) != 0,
                     .has_size = rnd(5) != 0, .good = rnd(2) };
  r->at = 1790000000000 + (int64_t)rnd(3) * 1001;
  r->f = rnd(9) ? odd[rnd(8)] : (double)NAN;
  r->auc = rnd(20) ? (double)rnd(1000) / 1000 : rnd(2) ? (double)NAN : (double)INFINITY;
}

static void put(int from, int to)
{
  struct sl_batch *b;
  char id[16];
  assert_int_equal(sl_batch_new(&b, schema, NULL), SL_OK);
  for (int i = from; i < to; i++) {
    const struct row *r = &rows[i];
    if (r->gone)
      continue;
    snprintf(id, sizeof id, "%d", i);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, STATE, sl_vas(SL_STATE, sl_str(r->state)));
    sl_batch_set(b, SIZE, r->has_size ? sl_vi(r->size) : sl_null(SL_I64));
    sl_batch_set(b, AT, sl_vt(r->at));
    sl_batch_set(b, F, sl_vf(r->f));
    sl_batch_set(b, GOOD, sl_vb(r->good));
    if (r->depth)
      sl_batch_key(b, PARAMS, SL_STR("depth"), sl_vz(r->depth));
    if (r->has_auc)
      sl_batch_key(b, METRICS, SL_STR("auc"), sl_vf(r->auc));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_table_apply(table, SL_STR("reg"), &b, NULL), SL_OK);
}

static int setup(void **state)
{
  (void)state;
  assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
  seed |= 1;
  print_message("seed %llu\n", (unsigned long long)seed);
  assert_int_equal(sl_schema_new(&schema, cols, NCOL, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, NULL, 64 << 10, "/tmp", NULL), SL_OK); /* so little that rows are on the disk */
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  for (int i = 0; i < N; i++)
    fill(&rows[i]);
  for (int again = 0; again < 2; again++) { /* the second listing misses some: they are struck */
    sl_table_gen_begin(table, SL_STR("reg"));
    for (int i = 0; i < N; i += 500)
      put(i, i + 500);
    assert_int_equal(sl_table_gen_end(table, SL_STR("reg"), true, NULL), SL_OK);
    for (int i = 0; i < N && !again; i++)
      rows[i].gone = rnd(30) == 0;
  }
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  sl_table_close(table);
  assert_int_equal(sl_budget_used(budget).memory, 0);
  sl_budget_close(budget);
  sl_schema_unref(schema);
  return 0;
}

static struct sl_grouped made;
static int made_rc;
static struct sl_err made_err;

static void got(void *user, int rc, struct sl_grouped *out, const struct sl_err *err)
{
  (void)user;
  made_rc = rc;
  made = rc ? (struct sl_grouped){ .snap = NULL } : *out;
  made_err = rc ? *err : (struct sl_err){ 0 };
}

static struct sl_want *want(const char *text)
{
  struct sl_want *w = NULL;
  assert_int_equal(sl_want_parse(&w, sl_str(text), NULL), SL_OK);
  return w;
}

static int group(const char *by, const char *values, struct sl_err *err)
{
  struct sl_want *b = want(by), *v = want(values);
  struct sl_group *g = NULL;
  struct sl_snap *s = NULL;
  int rc = sl_group_new(&g, schema, b, v, err);
  if (!rc) {
    assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
    assert_int_equal(sl_snap_group(s, g, SL_STR("reg"), got, NULL, NULL, err), SL_OK);
    sl_snap_unref(s);
  }
  sl_group_unref(g);
  sl_want_unref(b);
  sl_want_unref(v);
  return rc ? rc : made_rc;
}

static void made_free(void)
{
  sl_snap_unref(made.snap);
  sl_free(made.columns);
}

static double stat(const struct sl_batch *b, uint32_t row, const char *family, const char *key)
{
  uint32_t k;
  int col = sl_schema_find(sl_batch_schema(b), sl_str(family));
  assert_true(col >= 0);
  if (!sl_keys_find(sl_schema_keys(sl_batch_schema(b)), sl_str(key), &k))
    return -77;
  struct sl_val v = sl_batch_get_key(b, row, (unsigned)col, k);
  return v.null ? -77 : v.u.f;
}

static bool alike(double a, double b)
{
  return a == b || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

/* The rows of one depth, counted the plain way. */
static void check_depth(const struct sl_batch *b, uint32_t row, const char *depth)
{
  long double sum = 0, square = 0;
  double min = INFINITY, max = -INFINITY;
  int n = 0, all = 0, nan = 0, inf = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < N; i++) {
      const struct row *r = &rows[i];
      if (r->gone || (depth ? !r->depth || strcmp(r->depth, depth) != 0 : r->depth != NULL))
        continue;
      all += !pass;
      if (!r->has_auc)
        continue;
      nan += !pass && isnan(r->auc);
      inf += !pass && isinf(r->auc);
      if (!isfinite(r->auc))
        continue;
      n += !pass;
      sum += pass ? 0 : r->auc;
      square += pass ? (r->auc - sum / n) * (r->auc - sum / n) : 0;
      min = fmin(min, r->auc);
      max = fmax(max, r->auc);
    }
  int count = sl_schema_find(sl_batch_schema(b), SL_STR("n"));
  assert_int_equal(sl_batch_get(b, row, (unsigned)count).u.i, all);
  assert_true(stat(b, row, "metrics", "auc.n") == n);
  assert_true(alike(stat(b, row, "metrics", "auc.mean"), (double)(sum / n)));
  assert_true(alike(stat(b, row, "metrics", "auc.sd"), (double)sqrtl(square / (n - 1))));
  assert_true(stat(b, row, "metrics", "auc.min") == min && stat(b, row, "metrics", "auc.max") == max);
  assert_true(stat(b, row, "metrics", "auc.nan") == (nan ? nan : -77));
  assert_true(stat(b, row, "metrics", "auc.infinite") == (inf ? inf : -77));
  assert_true(stat(b, row, "metrics", "auc.missing") == all - n - nan - inf);
}

static void figures_are_those_of_a_plain_count(void **state)
{
  static const char *const order[] = { "2", "10", "10.0", "", "a 'quoted' one", NULL }; /* numbers first, as numbers; null last */
  struct sl_batch *b;
  (void)state;
  assert_int_equal(group("params.depth", "", NULL), SL_OK);
  assert_int_equal(sl_snap_count(made.snap), 6);
  assert_int_equal(sl_snap_page_wait(made.snap, 0, 10, &b, NULL), SL_OK);
  for (uint32_t i = 0; i < 6; i++) {
    uint32_t key;
    assert_true(sl_keys_find(sl_schema_keys(sl_batch_schema(b)), SL_STR("depth"), &key));
    struct sl_val v = sl_batch_get_key(b, i, 0, key);
    assert_true(order[i] ? !v.null && sl_str_eqz(v.u.s, order[i]) : v.null);
    check_depth(b, i, order[i]);
  }
  assert_true(strstr(made.columns, "params.depth,n,metrics.auc.mean,metrics.auc.sd,metrics.auc.min,metrics.auc.max,"));
  sl_batch_unref(b);
  made_free();
}

static uint64_t found;
static void counted(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  (void)err;
  assert_int_equal(rc, SL_OK);
  found = 0;
  for (uint64_t i = 0; i < sl_snap_count(out); i++)
    found += !sl_snap_struck(out, i);
  sl_snap_unref(out);
  (void)user;
}

static void each_group_is_found_by_its_filter(void **state)
{
  static const char *const bys[] = { "params.depth", "state,good", "size", "at", "f", "params.depth,state,size,f" };
  (void)state;
  for (size_t k = 0; k < sizeof bys / sizeof bys[0]; k++) {
    struct sl_snap *s;
    uint64_t sum = 0, live = 0;
    assert_int_equal(group(bys[k], "metrics.auc", NULL), SL_OK);
    assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
    for (int i = 0; i < N; i++)
      live += !rows[i].gone;
    for (uint64_t at = 0; at < sl_snap_count(made.snap); at++) {
      struct sl_batch *b;
      struct sl_filter *f = NULL;
      struct sl_err err = { 0 };
      assert_int_equal(sl_snap_page_wait(made.snap, at, 1, &b, NULL), SL_OK);
      struct sl_schema *gs = sl_batch_schema(b);
      struct sl_val where = sl_batch_get(b, 0, (unsigned)sl_schema_find(gs, SL_STR("where")));
      uint64_t n = (uint64_t)sl_batch_get(b, 0, (unsigned)sl_schema_find(gs, SL_STR("n"))).u.i;
      sum += n;
      if (!where.null) {
        if (sl_filter_parse(&f, where.u.s, 0, NULL, &err) || sl_snap_select(s, f, NULL, 0, counted, NULL, NULL, &err))
          fail_msg("%.*s: %s", SL_ARG(where.u.s), err.msg);
        if (found != n)
          fail_msg("%.*s: %llu, not %llu", SL_ARG(where.u.s), (unsigned long long)found, (unsigned long long)n);
      } else
        assert_non_null(strstr(sl_batch_id(b, 0).p, "f is NaN"));
      sl_filter_unref(f);
      sl_batch_unref(b);
    }
    assert_int_equal(sum, live);
    assert_int_equal(made.rows, live);
    sl_snap_unref(s);
    made_free();
  }
}

static void columns_are_those_that_are_wanted(void **state)
{
  (void)state;
  assert_int_equal(group("state", "state,n,metrics.auc", NULL), SL_OK);
  assert_string_equal(made.columns, "state,n,metrics.auc.mean,metrics.auc.sd,metrics.auc.min,metrics.auc.max,metrics.auc.n");
  made_free();
  assert_int_equal(group("state", "n,metrics.auc.sd,size.max", NULL), SL_OK);
  assert_string_equal(made.columns, "n,metrics.auc.sd,size.max");
  made_free();
  assert_int_equal(group("state", "metrics.*,connection", NULL), SL_OK);
  assert_string_equal(made.columns, "metrics.*,connection");
  made_free();
}

static void what_has_no_groups_is_told(void **state)
{
  static const struct { const char *by, *values, *word; } bad[] = {
    { "depth", "", "no column 'depth'" },     { "params", "", "many values" },      { "params.*", "", "many values" },
    { "tags", "", "list" },                   { "key", "", "secret" },              { "ref", "", "one row's" },
    { "state", "params.lr", "only numbers" }, { "state", "state,at", "only numbers" }, { "state", "metrix.auc", "no column" },
  };
  struct sl_err err;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(group(bad[i].by, bad[i].values, &err), SL_EUSAGE);
    if (!strstr(err.msg, bad[i].word))
      fail_msg("%s / %s: %s", bad[i].by, bad[i].values, err.msg);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(figures_are_those_of_a_plain_count), cmocka_unit_test(each_group_is_found_by_its_filter),
    cmocka_unit_test(columns_are_those_that_are_wanted), cmocka_unit_test(what_has_no_groups_is_told),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
