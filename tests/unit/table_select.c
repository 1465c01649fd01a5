/* tests/unit/table_select.c: filtered and sorted views against qsort over the same rows, in memory and spilled, and what cancels them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "table/table.h"

static const struct sl_col cols[] = { { .name = "s", .type = SL_TEXT },      { .name = "i", .type = SL_I64 },
                                      { .name = "f", .type = SL_F64 },       { .name = "st", .type = SL_STATE },
                                      { .name = "l", .type = SL_LIST },      { .name = "m", .type = SL_FAMILY_F64 },
                                      { .name = "b", .type = SL_BOOL } };
enum { S, I, F, ST, L, M, B, NCOL };
enum { ROWS_MAX = 6000 };

struct row { const char *conn; char id[40]; size_t nid; struct sl_val v[NCOL]; char text[40], list[64]; };
static struct row rows[ROWS_MAX];
static int nrows;

static uint64_t seed;
static uint32_t rnd(uint32_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

static void fill_list(struct row *r)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (uint32_t k = rnd(3); k-- > 0;)
    sl_list_add(&b, sl_strn("a\0bb\0", 1 + rnd(4)));
  memcpy(r->list, b.p ? b.p : "", b.n);
  r->v[L] = sl_vas(SL_LIST, sl_strn(r->list, b.n));
  sl_buf_free(&b);
}

static void fill(struct row *r, int i)
{
  static const char *const states[] = { "ok", "failed", "running" };
  static const int64_t ints[] = { 0, -1, 1, INT64_MAX, INT64_MIN, 1 << 20 };
  static const double floats[] = { 0, -0.0, 1.5, -1.5, INFINITY, -INFINITY, 1e-300, (double)NAN };
  r->conn = rnd(3) ? "alpha" : "be";
  unsigned number = rnd(2) ? (unsigned)i : 100000000u + (unsigned)i;
  r->nid = (size_t)snprintf(r->id, sizeof r->id, "%s%u", rnd(2) ? "a long common prefix/" : "", number);
  if (i % 10 == 0)
    r->id[r->nid++] = 0; /* ids that differ by a NUL at the end */
  size_t n = (size_t)snprintf(r->text, sizeof r->text, "%.*s", (int)rnd(30), "the same beginning of a text");
  if (rnd(3) == 0)
    r->text[n++] = 0;
  if (rnd(3) == 0)
    n += (size_t)snprintf(r->text + n, 8, "%u", rnd(50));
  r->v[S] = rnd(6) ? sl_vs(sl_strn(r->text, n)) : sl_null(SL_TEXT);
  r->v[I] = rnd(6) ? sl_vi(rnd(2) ? ints[rnd(6)] : (int64_t)rnd(20)) : sl_null(SL_I64);
  r->v[F] = rnd(6) ? sl_vf(floats[rnd(8)]) : sl_null(SL_F64);
  r->v[ST] = sl_vz(states[rnd(3)]);
  r->v[M] = rnd(3) ? sl_vf(floats[rnd(8)]) : sl_null(SL_F64);
  r->v[B] = rnd(3) ? sl_vb(rnd(2)) : sl_null(SL_BOOL);
  fill_list(r);
}

static struct sl_schema *schema;
static struct sl_budget *budget;
static struct sl_table *table;

static void put_rows(int from, int to, const char *conn)
{
  struct sl_batch *b;
  assert_int_equal(sl_batch_new(&b, schema, NULL), SL_OK);
  for (int i = from; i < to; i++) {
    const struct row *r = &rows[i];
    if (strcmp(r->conn, conn) != 0)
      continue;
    sl_batch_row(b, SL_PUT, sl_strn(r->id, r->nid));
    for (unsigned c = 0; c < NCOL; c++)
      if (c == M)
        sl_batch_key(b, M, SL_STR("auc"), r->v[c]);
      else
        sl_batch_set(b, c, r->v[c]);
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_table_apply(table, sl_str(conn), &b, NULL), SL_OK);
}

static void begin(int n, size_t bytes)
{
  assert_int_equal(sl_schema_new(&schema, cols, NCOL, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, NULL, bytes, "/tmp", NULL), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  nrows = n;
  for (int i = 0; i < n; i++)
    fill(&rows[i], i);
  for (int at = 0; at < n; at += 700) {
    put_rows(at, at + 700 < n ? at + 700 : n, "alpha");
    put_rows(at, at + 700 < n ? at + 700 : n, "be");
  }
  for (int k = 0; k < n / 20; k++) { /* some come again with other values, so that the table keeps ordinals */
    int i = (int)rnd((uint32_t)n);
    struct row *r = &rows[i];
    r->v[I] = sl_vi((int64_t)rnd(20));
    put_rows(i, i + 1, r->conn);
  }
}

static void end(void)
{
  sl_table_close(table);
  assert_int_equal(sl_budget_used(budget).memory, 0);
  sl_budget_close(budget);
  sl_schema_unref(schema);
}

static struct sl_snap *result;
static int result_rc, results;
static void got(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  (void)user;
  (void)err;
  result = out;
  result_rc = rc;
  results++;
}

static struct sl_snap *choose(struct sl_snap *from, const char *where, const char *order, uint64_t limit)
{
  struct sl_filter *f = NULL;
  struct sl_order *o = NULL;
  struct sl_err err;
  assert_int_equal(sl_filter_parse(&f, sl_str(where), 0, NULL, &err), SL_OK);
  assert_int_equal(sl_order_parse(&o, sl_str(order), &err), SL_OK);
  struct sl_snap_op *op;
  results = 0;
  assert_int_equal(sl_snap_select(from, f, o, limit, got, NULL, &op, &err), SL_OK);
  assert_int_equal(results, 1);
  sl_filter_unref(f);
  sl_order_unref(o);
  return result_rc ? NULL : result;
}

static const struct { const char *text; struct { int col; bool desc; } k[3]; int n; } orders[] = {
  { "s", { { S, false } }, 1 }, { "-s", { { S, true } }, 1 }, { "i", { { I, false } }, 1 }, { "-i", { { I, true } }, 1 },
  { "f", { { F, false } }, 1 }, { "-f", { { F, true } }, 1 }, { "m.auc", { { M, false } }, 1 },
  { "-m.auc", { { M, true } }, 1 }, { "l", { { L, false } }, 1 }, { "-l", { { L, true } }, 1 }, { "st,-s", { { ST, false },
  { S, true } }, 2 },
  { "-st,b,i", { { ST, true }, { B, false }, { I, false } }, 3 }, { "-b", { { B, true } }, 1 },
};
static int order_at;

static int by_order(const void *a, const void *b)
{
  const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
  for (int i = 0; i < orders[order_at].n; i++) {
    int c = orders[order_at].k[i].col;
    struct sl_val v = x->v[c], w = y->v[c];
    bool special = v.null || w.null || (v.type == SL_F64 && (isnan(v.u.f) || isnan(w.u.f)));
    int r = sl_val_cmp(&v, &w);
    if (r)
      return orders[order_at].k[i].desc && !special ? -r : r; /* NaN and null stand last in both directions */
  }
  int r = strcmp(x->conn, y->conn);
  return r ? r : sl_str_cmp(sl_strn(x->id, x->nid), sl_strn(y->id, y->nid));
}

static void same_rows(struct sl_snap *s, struct row **want, uint64_t n)
{
  assert_int_equal(sl_snap_count(s), n);
  for (uint64_t at = 0; at < n;) {
    struct sl_batch *b;
    assert_int_equal(sl_snap_page_wait(s, at, 500, &b, NULL), SL_OK);
    for (uint32_t r = 0; r < sl_batch_count(b); r++) {
      assert_true(sl_str_eq(sl_batch_id(b, r), sl_strn(want[at + r]->id, want[at + r]->nid)));
      assert_true(sl_str_eqz(sl_batch_conn(b, r), want[at + r]->conn));
      struct sl_val v = sl_batch_get(b, r, I);
      assert_true(sl_val_eq(&v, &want[at + r]->v[I]));
    }
    at += sl_batch_count(b);
    sl_batch_unref(b);
  }
}

static void check_all(struct sl_snap *s)
{
  static struct row *want[ROWS_MAX];
  for (order_at = 0; order_at < (int)(sizeof orders / sizeof orders[0]); order_at++) {
    uint64_t n = 0;
    for (int i = 0; i < nrows; i++)
      want[n++] = &rows[i];
    qsort(want, n, sizeof *want, by_order);
    struct sl_snap *sorted = choose(s, "", orders[order_at].text, 0);
    same_rows(sorted, want, n);
    struct sl_snap *top = choose(s, "", orders[order_at].text, 77);
    same_rows(top, want, n < 77 ? n : 77);
    sl_snap_unref(top);
    uint64_t kept = 0; /* a filter over the sorted view keeps its order */
    for (uint64_t i = 0; i < n; i++)
      if (!want[i]->v[I].null && want[i]->v[I].u.i < 10)
        want[kept++] = want[i];
    struct sl_snap *some = choose(sorted, "i < 10", "", 0);
    same_rows(some, want, kept);
    sl_snap_unref(some);
    sl_snap_unref(sorted);
  }
}

static void test_orders(void **state)
{
  (void)state;
  begin(3000, 64 << 20);
  struct sl_snap *s;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  check_all(s);
  sl_snap_unref(s);
  end();
}

static void test_spilled(void **state)
{
  (void)state;
  begin(ROWS_MAX, 32 << 10);
  assert_true(sl_budget_used(budget).spilled > 100000);
  struct sl_snap *s;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  order_at = 0;
  struct row *want[ROWS_MAX];
  for (int i = 0; i < nrows; i++)
    want[i] = &rows[i];
  qsort(want, (size_t)nrows, sizeof *want, by_order);
  struct sl_snap *sorted = choose(s, "", "s", 0);
  same_rows(sorted, want, (uint64_t)nrows);
  sl_snap_unref(sorted);
  sl_snap_unref(s);
  end();
}

static void test_filter_and_limit(void **state)
{
  (void)state;
  begin(2500, 64 << 20);
  struct sl_snap *s;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  uint64_t want = 0;
  for (int i = 0; i < nrows; i++)
    want += sl_str_eqz(rows[i].v[ST].u.s, "failed") && !strcmp(rows[i].conn, "be");
  struct sl_snap *f = choose(s, "st = failed and connection = be", "", 0);
  assert_int_equal(sl_snap_count(f), want);
  sl_snap_unref(f);
  f = choose(s, "st = failed and connection = be", "", 10);
  assert_int_equal(sl_snap_count(f), 10);
  sl_snap_unref(f);
  assert_null(choose(s, "nobody = 1", "", 0));
  assert_int_equal(result_rc, SL_EUSAGE);
  assert_null(choose(s, "", "-metrics.auc", 0));
  assert_int_equal(result_rc, SL_EUSAGE);
  sl_snap_unref(s);
  end();
}

static void test_ref_order(void **state)
{
  (void)state;
  begin(500, 64 << 20);
  struct sl_snap *s;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  struct sl_snap *up = choose(s, "", "ref", 0), *down = choose(s, "", "-ref", 0), *conn = choose(s, "", "-connection", 0);
  for (uint64_t i = 0; i < 500; i++)
    assert_true(sl_snap_hash(up, i) == sl_snap_hash(down, 499 - i));
  struct sl_batch *b;
  assert_int_equal(sl_snap_page_wait(conn, 0, 1, &b, NULL), SL_OK);
  assert_true(sl_str_eqz(sl_batch_conn(b, 0), "be"));
  sl_batch_unref(b);
  sl_snap_unref(up);
  sl_snap_unref(down);
  sl_snap_unref(conn);
  sl_snap_unref(s);
  end();
}

/* A lane that keeps its jobs until told. */
static struct {
  int (*work)(void *, const volatile int *, struct sl_err *);
  void (*done)(void *, int, const struct sl_err *);
  void *user;
} held;
static int hold(void *ctx, int (*work)(void *, const volatile int *, struct sl_err *), void (*done)(void *, int, const struct sl_err *),
                void *user, struct sl_err *err)
{
  (void)ctx;
  (void)err;
  held.work = work;
  held.done = done;
  held.user = user;
  return SL_OK;
}

static void test_cancel(void **state)
{
  (void)state;
  const struct sl_table_env env = { .start = hold };
  begin(10, 64 << 20);
  end();
  assert_int_equal(sl_schema_new(&schema, cols, NCOL, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, &env, 64 << 20, "/tmp", NULL), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  put_rows(0, 10, "alpha");
  struct sl_snap *s;
  struct sl_snap_op *op;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  results = 0;
  assert_int_equal(sl_snap_select(s, NULL, NULL, 0, got, NULL, &op, NULL), SL_OK);
  sl_snap_unref(s);
  sl_snap_cancel(op);
  struct sl_err err = { 0 };
  int never = 0, rc = held.work(held.user, &never, &err);
  assert_int_equal(rc, SL_ECANCELED);
  held.done(held.user, rc, &err);
  assert_int_equal(results, 0);
  end();
}

static int seeded(void **state)
{
  (void)state;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
    return -1;
  const char *given = getenv("SLUICE_SEED");
  if (given && !sl_parse_hex(sl_str(given), (unsigned char *)&seed, sizeof seed))
    return -1;
  seed |= 1;
  struct sl_buf hex;
  sl_buf_init(&hex, 0);
  sl_fmt_hex(&hex, &seed, sizeof seed);
  print_message("SLUICE_SEED=%s\n", sl_buf_zstr(&hex));
  sl_buf_free(&hex);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_orders), cmocka_unit_test(test_spilled), cmocka_unit_test(test_filter_and_limit),
    cmocka_unit_test(test_ref_order), cmocka_unit_test(test_cancel),
  };
  return cmocka_run_group_tests(tests, seeded, NULL);
}
