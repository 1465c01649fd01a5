/* Statements for an engine: names are quoted whatever they hold, a dialect's words are used, and no statement asks for rows of the data:
 * each is an aggregate, grouped only under a limit. What comes back is judged as values are. */
#include "compute/push.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compute/drift.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

static const struct sl_push_type other_types[] = {
  { "double precision", SL_PUSH_NUMBER, false, false }, { "int*", SL_PUSH_NUMBER, true, false }, { NULL, SL_PUSH_OTHER, false, false },
};
static const struct sl_push_dialect other = {
  .name = "other", .quote = '`', .f64 = "double precision", .wide = "numeric", .text = "text", .sum = "sum", .collate = " COLLATE \"C\"",
  .describe = { "DESCRIBE SELECT * FROM ", "" }, .types = other_types,
};

static struct sl_push_column number = { .name = (char[]){ "we\"ird`\n; DROP TABLE x; --" }, .type = (char[]){ "DOUBLE" },
                                        .is = SL_PUSH_NUMBER };
static struct sl_push_column word = { .name = (char[]){ "ward" }, .type = (char[]){ "VARCHAR" }, .is = SL_PUSH_TEXT };

static struct sl_buf sql;

static bool has(const char *z) { return strstr(sl_buf_zstr(&sql), z) != NULL; }

static size_t times(const char *z)
{
  size_t n = 0;
  for (const char *p = sl_buf_zstr(&sql); (p = strstr(p, z)); p += strlen(z))
    n++;
  return n;
}

/* The i-th statement. Says how many rows it can answer at most. */
static size_t put(const struct sl_push_dialect *d, int i, const struct sl_push_column *c)
{
  static const double edge[] = { 0, 0.1, 1 };
  static const bool last[] = { false, false, true };
  const struct sl_push p = { d, { "FROM 'a.csv'", "FROM 'b.csv'" } };
  const struct sl_push_column *const both[] = { c, c };
  const struct sl_push_edges e = { edge, last, N(edge) };
  const struct sl_push_course course = { .n = { 10, 20 }, .rank = { { 4, 5 }, { 9, 10 } }, .nrank = 2 };
  sl_buf_clear(&sql);
  switch (i) {
  case 0: sl_push_counts(&sql, &p, 0, c, 1); return 1;
  case 1: sl_push_bounds(&sql, &p, 0, c, 1, 200); return 1;
  case 2: sl_push_distinct(&sql, &p, both); return 2;
  case 3: sl_push_course(&sql, &p, both, &course); return 1;
  case 4: sl_push_values(&sql, &p, both, 0, SL_PUSH_VALUES); return SL_PUSH_VALUES;
  case 5: sl_push_shape(&sql, &p, both, 0.5, 2, &e); return 2;
  case 6: sl_push_steps(&sql, &p, c, 0, 1, 20); return 20;
  case 7: sl_push_value_chunks(&sql, &p, both, 10, 11, SL_PUSH_CELLS); return SL_PUSH_CELLS;
  default: sl_push_shape_chunks(&sql, &p, c, 10, &e); return SL_PUSH_CHUNKS;
  }
}

/* The last SELECT's own rows: either it groups nothing, or it ends in its limit. */
static void no_statement_asks_for_rows(void **state)
{
  (void)state;
  for (int i = 0; i < 9; i++)
    for (int k = 0; k < 2; k++) {
      const struct sl_push_column *c = k ? &word : &number;
      if (k && (i == 3 || i == 5 || i == 6 || i == 8)) /* of numbers alone */
        continue;
      size_t most = put(&sl_push_duckdb, i, c);
      char limit[32];
      snprintf(limit, sizeof limit, "LIMIT %zu", most);
      assert_false(sql.failed);
      if (most > 2)
        assert_true(sl_str_ends(sl_buf_view(&sql), sl_str(limit)));
      assert_true(has("count(") || has("min(") || has("sum("));
      assert_true(most <= SL_PUSH_CELLS && SL_PUSH_CELLS < 1 << 16);
    }
}

static void names_are_quoted(void **state)
{
  (void)state;
  for (int i = 0; i < 9; i++) {
    put(&sl_push_duckdb, i, &number);
    assert_true(has("\"we\"\"ird`\n; DROP TABLE x; --\""));
    assert_int_equal(times("DROP"), times("\"we\"\"ird`\n; DROP"));
  }
  for (int i = 0; i < 7; i++) {
    put(&other, i, &number);
    assert_true(has("`we\"ird``\n; DROP TABLE x; --`"));
  }
}

static void a_dialect_has_its_words(void **state)
{
  (void)state;
  for (int i = 0; i < 7; i++) {
    put(&other, i, &number);
    assert_false(has("DOUBLE)") || has("fsum") || has("HUGEINT") || has("VARCHAR"));
  }
  put(&other, 3, &number);
  assert_true(has("AS numeric)") && has("sum(f * step)"));
  put(&other, 4, &word);
  assert_true(has("COLLATE \"C\""));
  put(&sl_push_duckdb, 5, &number);
  assert_true(has("v <= CAST('1' AS DOUBLE)") && has("v < CAST('0.10000000000000001' AS DOUBLE)"));
}

static void types_have_classes(void **state)
{
  (void)state;
  static const struct { const char *type; enum sl_push_class is; bool whole, narrow; } of[] = {
    { "BIGINT", SL_PUSH_NUMBER, true, false }, { "FLOAT", SL_PUSH_NUMBER, false, true }, { "DECIMAL(10,2)", SL_PUSH_NUMBER, false, false },
    { "DECIMAL(10,2)[]", SL_PUSH_OTHER, false, false }, { "ENUM('a', 'b')", SL_PUSH_TEXT, false, false },
    { "TIMESTAMP WITH TIME ZONE", SL_PUSH_TIME, false, false }, { "BOOLEAN", SL_PUSH_BOOL, false, false },
    { "STRUCT(a INTEGER)", SL_PUSH_OTHER, false, false }, { "", SL_PUSH_OTHER, false, false }, { "INTEGERS", SL_PUSH_OTHER, false, false },
  };
  for (size_t i = 0; i < N(of); i++) {
    struct sl_push_column c = { .type = (char *)(uintptr_t)of[i].type };
    sl_push_classify(&sl_push_duckdb, &c);
    assert_int_equal(c.is, of[i].is);
    assert_int_equal(c.whole, of[i].whole);
    assert_int_equal(c.narrow, of[i].narrow);
  }
}

/* ---- known figures in place of values ---- */

static const double a[] = { 1, 2, 2, 3, 4, 5, 6, 7 }, b[] = { 2, 3, 5, 5, 8, 9 };

static void known_is_as_good_as_values(void **state)
{
  (void)state;
  struct sl_drift_pair by_values = { .kind = SL_DRIFT_NUMERIC, .n = { N(a), N(b) }, .x = { a, b } }, by_known = by_values;
  struct sl_drift_known k = { .distinct = { 7, 5, 9 }, .min = { 1, 2 }, .max = { 7, 9 }, .ks = sl_stat_ks(a, N(a), b, N(b)),
                              .wasserstein = sl_stat_wasserstein(a, N(a), b, N(b)), .ks_once = (double)NAN };
  static const enum sl_drift_test told[] = { SL_DRIFT_KS, SL_DRIFT_LINF, SL_DRIFT_LINF_ROBUST, SL_DRIFT_WASSERSTEIN_SCIPY };
  static const enum sl_drift_test not_told[] = { SL_DRIFT_ANDERSON, SL_DRIFT_CVM, SL_DRIFT_MANNW, SL_DRIFT_ES, SL_DRIFT_LINF_DEEQU,
                                                 SL_DRIFT_PSI, SL_DRIFT_KS_NANNYML, SL_DRIFT_WASSERSTEIN_NANNYML };
  struct sl_drift_result want, got;
  struct sl_err err;
  by_known.x[0] = by_known.x[1] = NULL;
  by_known.known = &k;
  for (size_t i = 0; i < N(told); i++) {
    assert_int_equal(sl_drift_run(&by_values, told[i], &want, &err), SL_OK);
    assert_int_equal(sl_drift_run(&by_known, told[i], &got, &err), SL_OK);
    assert_true(got.statistic == want.statistic && got.drifted == want.drifted && !got.needs_values);
    assert_true(isnan(want.p) ? isnan(got.p) : got.p == want.p);
  }
  for (size_t i = 0; i < N(not_told); i++) {
    assert_int_equal(sl_drift_run(&by_known, not_told[i], &got, &err), SL_OK);
    assert_true(got.needs_values && isnan(got.statistic) && !got.judged);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_statement_asks_for_rows), cmocka_unit_test(names_are_quoted), cmocka_unit_test(a_dialect_has_its_words),
    cmocka_unit_test(types_have_classes), cmocka_unit_test(known_is_as_good_as_values),
  };
  sl_buf_init(&sql, 1 << 20);
  int rc = cmocka_run_group_tests(tests, NULL, NULL);
  sl_buf_free(&sql);
  return rc;
}
