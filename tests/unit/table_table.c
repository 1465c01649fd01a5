/* tests/unit/table_table.c: rows arrive, come again, go; snapshots stay; pages come back from disk the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "table/table_state_int.h" /* lint-ok: internal: moves the border of a million rows */

static const struct sl_col cols[] = { { .name = "name", .type = SL_TEXT }, { .name = "n", .type = SL_I64 },
                                      { .name = "tags", .type = SL_FAMILY_TEXT } };
static const struct sl_col more[] = { { .name = "extra", .type = SL_F64 } };

static struct sl_schema *schema;
static struct sl_budget *budget;
static struct sl_table *table;

static void begin(enum sl_shape shape, uint64_t cap, size_t bytes)
{
  struct sl_err err;
  assert_int_equal(sl_schema_new(&schema, cols, 3, NULL, 0, &err), SL_OK);
  assert_int_equal(sl_schema_set_resource(schema, SL_STR("runs"), &err), SL_OK);
  assert_int_equal(sl_budget_open(&budget, NULL, bytes, "/tmp", &err), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, shape, cap, &err), SL_OK);
}

static void end(void)
{
  sl_table_close(table);
  struct sl_budget_use u = sl_budget_used(budget);
  assert_int_equal(u.memory, 0);
  assert_int_equal(u.blocks, 0);
  sl_budget_close(budget);
  sl_schema_unref(schema);
}

static struct sl_batch *rows_of(struct sl_schema *s, enum sl_op op, int from, int to, int n)
{
  struct sl_batch *b;
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (int i = from; i < to; i++) {
    char id[32];
    snprintf(id, sizeof id, "r%d", i);
    sl_batch_row(b, op, sl_str(id));
    if (op == SL_DEL)
      continue;
    sl_batch_set(b, 0, sl_vz(id));
    sl_batch_set(b, 1, sl_vi(n + i));
    sl_batch_key(b, 2, SL_STR("k"), sl_vz(id));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  return b;
}

static int apply(const char *conn, struct sl_batch *b)
{
  struct sl_err err;
  int rc = sl_table_apply(table, sl_str(conn), &b, &err);
  assert_null(b);
  return rc;
}

static int put(const char *conn, int from, int to, int n)
{
  int rc = SL_OK;
  for (int at = from; at < to && !rc; at += SL_BATCH_ROWS)
    rc = apply(conn, rows_of(schema, SL_PUT, at, at + SL_BATCH_ROWS < to ? at + SL_BATCH_ROWS : to, n));
  return rc;
}

static struct sl_snap *snap(void)
{
  struct sl_snap *s;
  assert_int_equal(sl_table_snap(table, &s, NULL), SL_OK);
  return s;
}

/* The ids (without r) of a snapshot as text: "0 1 ~2": struck ones with ~. Long runs only as first..last. */
static const char *ids(struct sl_snap *s)
{
  static struct sl_buf out;
  if (!out.max)
    sl_buf_init(&out, 0);
  sl_buf_clear(&out);
  sl_buf_z(&out, "");
  for (uint64_t at = 0; at < sl_snap_count(s);) {
    struct sl_batch *b;
    assert_int_equal(sl_snap_page_wait(s, at, 100, &b, NULL), SL_OK);
    assert_true(sl_batch_count(b) > 0);
    for (uint32_t r = 0; r < sl_batch_count(b); r++) {
      struct sl_str id = sl_batch_id(b, r);
      sl_buf_printf(&out, "%s%s%.*s", out.n ? " " : "", sl_snap_struck(s, at + r) ? "~" : "", SL_ARG(sl_str_from(id, 1)));
      assert_true(sl_snap_hash(s, at + r) == sl_batch_hash(b, r));
    }
    at += sl_batch_count(b);
    sl_batch_unref(b);
  }
  return sl_buf_zstr(&out);
}

static void shows(const char *want)
{
  struct sl_snap *s = snap();
  assert_string_equal(ids(s), want);
  sl_snap_unref(s);
}

static int64_t n_at(struct sl_snap *s, uint64_t pos)
{
  struct sl_batch *b;
  assert_int_equal(sl_snap_page_wait(s, pos, 1, &b, NULL), SL_OK);
  int64_t n = sl_batch_get(b, 0, 1).u.i;
  sl_batch_unref(b);
  return n;
}

static void test_put_and_del(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 1 << 20);
  put("a", 0, 4, 100);
  struct sl_snap *old = snap();
  put("b", 2, 4, 500); /* the same ids from another connection are other rows */
  shows("0 1 2 3 2 3");
  put("a", 1, 2, 900);
  struct sl_snap *s = snap();
  assert_string_equal(ids(s), "0 1 2 3 2 3");
  assert_int_equal(n_at(s, 1), 901);
  assert_int_equal(n_at(old, 1), 101); /* a snapshot does not change */
  assert_int_equal(sl_snap_count(old), 4);
  struct sl_batch *page;
  assert_int_equal(sl_snap_page_wait(s, 3, 2, &page, NULL), SL_OK);
  assert_true(sl_str_eqz(sl_batch_conn(page, 0), "a") && sl_str_eqz(sl_batch_conn(page, 1), "b"));
  sl_batch_unref(page);
  sl_snap_unref(s);
  apply("a", rows_of(schema, SL_DEL, 0, 3, 0)); /* nobody lists: gone at once */
  shows("3 2 3");
  assert_int_equal(sl_table_count(table), 3);
  put("a", 0, 1, 0);
  shows("3 2 3 0");
  assert_string_equal(ids(old), "0 1 2 3");
  sl_snap_unref(old);
  end();
}

static void test_row_by_row(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 64 << 20);
  for (int i = 0; i < 3000; i++)
    put("a", i, i + 1, 0);
  assert_in_range(sl_budget_used(budget).blocks, 3, 20);
  put("a", 5, 6, 1000000); /* from here with ordinals */
  struct sl_snap *old = snap();
  for (int i = 3000; i < 6000; i++) {
    put("a", i, i + 1, 0);
    put("a", i - 2500, i - 2499, 100);
  }
  assert_in_range(sl_budget_used(budget).blocks, 6, 40);
  struct sl_snap *s = snap();
  assert_int_equal(sl_snap_count(s), 6000);
  for (uint64_t i = 0; i < 6000; i += 7)
    assert_int_equal(n_at(s, i), (int)i + (i == 5 ? 1000000 : i >= 500 && i < 3500 ? 100 : 0));
  for (uint64_t i = 0; i < 3000; i += 7)
    assert_int_equal(n_at(old, i), (int)i + (i == 5 ? 1000000 : 0));
  sl_snap_unref(s);
  sl_snap_unref(old);
  for (int i = 0; i < 5990; i += 599)
    apply("a", rows_of(schema, SL_DEL, i, i + 599, 0));
  shows("5990 5991 5992 5993 5994 5995 5996 5997 5998 5999");
  assert_in_range(sl_budget_used(budget).blocks, 1, 10);
  end();
}

/* The behaviour beyond a million rows, with the border moved to 5,000. */
static void test_huge(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 64 << 20);
  table->indexed_most = 5000;
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 8000, 0);
  put("a", 7990, 8010, 0); /* repeated within the first listing: stands twice */
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  assert_int_equal(sl_table_count(table), 8020);
  apply("a", rows_of(schema, SL_DEL, 0, 5, 0)); /* waits for the next listing */
  assert_int_equal(sl_table_count(table), 8020);
  put("b", 0, 10, 0);
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 100, 7000, 500);
  assert_int_equal(sl_table_count(table), 8030);
  struct sl_snap *old = snap();
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), false, NULL), SL_OK);
  assert_int_equal(sl_table_count(table), 8030); /* cut: the old rows stay */
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 100, 7000, 500);
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  assert_int_equal(sl_table_count(table), 6910);
  struct sl_snap *s = snap();
  assert_int_equal(n_at(s, 0), 0); /* b's rows stood before */
  assert_int_equal(n_at(s, 10), 600);
  assert_int_equal(n_at(s, 6909), 7499);
  assert_int_equal(n_at(old, 8029), 9);
  sl_snap_unref(old);
  sl_snap_unref(s);
  sl_table_gen_begin(table, SL_STR("b"));
  assert_int_equal(sl_table_gen_end(table, SL_STR("b"), true, NULL), SL_OK);
  assert_int_equal(sl_table_count(table), 6900);
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 3, 7);
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  shows("0 1 2");
  end();
}

/* A listing that grows past the border still finds what it repeats. */
static void test_across_the_border(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 64 << 20);
  table->indexed_most = 5000;
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 4000, 0);
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 500, 7000, 0);
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  assert_int_equal(sl_table_count(table), 6500);
  struct sl_snap *s = snap();
  assert_true(sl_snap_struck(s, 499) && !sl_snap_struck(s, 500));
  sl_snap_unref(s);
  end();
}

static void test_last_wins(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 1 << 20);
  struct sl_batch *b;
  assert_int_equal(sl_batch_new(&b, schema, NULL), SL_OK);
  for (int i = 0; i < 6; i++) {
    sl_batch_row(b, i == 4 ? SL_DEL : SL_PUT, sl_strn("r0r1r0r2r1r3" + 2 * i, 2));
    sl_batch_set(b, 1, sl_vi(i));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  apply("a", b);
  struct sl_snap *s = snap();
  assert_string_equal(ids(s), "0 2 3");
  assert_int_equal(n_at(s, 0), 2);
  sl_snap_unref(s);
  end();
}

static void test_generations(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 1 << 20);
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 5, 0);
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  put("b", 0, 1, 0);
  shows("0 1 2 3 4 0");
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 2, 0);
  put("a", 4, 6, 0);
  shows("0 1 2 3 4 0 5");
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), false, NULL), SL_OK); /* cut: deletes nothing */
  shows("0 1 2 3 4 0 5");
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 2, 7);
  put("a", 4, 6, 7);
  struct sl_snap *before = snap();
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  shows("0 1 ~2 ~3 4 0 5");
  assert_int_equal(sl_table_count(table), 5);
  assert_string_equal(ids(before), "0 1 2 3 4 0 5");
  sl_snap_unref(before);
  sl_table_gen_begin(table, SL_STR("a"));
  put("a", 0, 1, 7);
  put("a", 3, 4, 7); /* is back */
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  shows("0 ~1 3 ~4 0 ~5");
  apply("a", rows_of(schema, SL_DEL, 0, 1, 0)); /* where somebody lists: struck first */
  shows("~0 ~1 3 ~4 0 ~5");
  sl_table_gen_begin(table, SL_STR("a"));
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  shows("~3 0");
  sl_table_gen_begin(table, SL_STR("a"));
  assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  shows("0");
  end();
}

static void test_many_refreshes(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 64 << 20);
  for (int g = 0; g < 20; g++) {
    sl_table_gen_begin(table, SL_STR("a"));
    put("a", g * 100, g * 100 + 3000, g * 10000);
    struct sl_snap *s = snap();
    assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
    sl_snap_unref(s);
    assert_int_equal(sl_table_count(table), 3000);
  }
  struct sl_budget_use u = sl_budget_used(budget);
  assert_in_range(u.blocks, 3, 8); /* blocks without a row went */
  struct sl_snap *s = snap();
  assert_int_equal(sl_snap_count(s), 3100);
  struct sl_filter *f;
  assert_int_equal(sl_filter_parse(&f, SL_STR("n >= 190000"), 0, NULL, NULL), SL_OK);
  sl_filter_unref(f);
  sl_snap_unref(s);
  end();
}

static void test_log(void **state)
{
  (void)state;
  begin(SL_LOG, 2500, 1 << 20);
  int at = 0;
  struct sl_snap *old = NULL;
  while (at < 10000) {
    int n = at % 37 + 1;
    put("a", at, at + n, 0);
    at += n;
    if (!old && at > 3000)
      old = snap();
  }
  assert_int_equal(sl_table_count(table), 2500);
  assert_int_equal(sl_table_dropped(table), at - 2500);
  struct sl_snap *s = snap();
  for (uint64_t i = 0; i < 2500; i++)
    assert_int_equal(n_at(s, i), at - 2500 + (int)i);
  assert_int_equal(sl_snap_count(old), 2500);
  assert_true(n_at(old, 2499) < 3100);
  sl_snap_unref(old);
  sl_snap_unref(s);
  assert_in_range(sl_budget_used(budget).blocks, 3, 60); /* small blocks became large ones */
  end();
}

static void test_cap(void **state)
{
  (void)state;
  begin(SL_KEYED, 10, 1 << 20);
  assert_int_equal(put("a", 0, 8, 0), SL_OK);
  assert_int_equal(put("a", 6, 20, 100), SL_ELIMIT);
  shows("0 1 2 3 4 5 6 7 8 9");
  struct sl_snap *s = snap();
  assert_int_equal(n_at(s, 7), 107);
  sl_snap_unref(s);
  assert_int_equal(put("a", 0, 10, 5), SL_OK);
  end();
}

static void test_widens(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 1 << 20);
  put("a", 0, 2, 0);
  struct sl_schema *wide, *other;
  assert_int_equal(sl_schema_new(&wide, cols, 3, more, 1, NULL), SL_OK);
  struct sl_batch *b = rows_of(wide, SL_PUT, 5, 6, 0), *page;
  assert_int_equal(sl_table_apply(table, SL_STR("b"), &b, NULL), SL_OK);
  assert_int_equal(sl_batch_new(&b, wide, NULL), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("r9"));
  sl_batch_set(b, 3, sl_vf(0.5));
  sl_batch_key(b, 2, SL_STR("z"), sl_vz("zz"));
  sl_batch_key(b, 2, SL_STR("k"), sl_vz("kk"));
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_table_apply(table, SL_STR("b"), &b, NULL), SL_OK);
  assert_int_equal(sl_schema_count(sl_table_schema(table)), 4);
  struct sl_snap *s = snap();
  assert_int_equal(sl_snap_page_wait(s, 0, 10, &page, NULL), SL_OK);
  assert_ptr_equal(sl_batch_schema(page), sl_table_schema(table));
  assert_true(sl_batch_get(page, 0, 3).null);
  assert_true(sl_batch_get(page, 3, 3).u.f == 0.5);
  uint32_t k; /* the other schema numbered its keys differently */
  assert_true(sl_keys_find(sl_schema_keys(sl_snap_schema(s)), SL_STR("k"), &k));
  assert_true(sl_str_eqz(sl_batch_get_key(page, 3, 2, k).u.s, "kk"));
  assert_true(sl_str_eqz(sl_batch_get_key(page, 0, 2, k).u.s, "r0"));
  sl_batch_unref(page);
  sl_snap_unref(s);
  const struct sl_col clash = { .name = "n", .type = SL_TEXT };
  assert_int_equal(sl_schema_new(&other, &clash, 1, NULL, 0, NULL), SL_OK);
  struct sl_err err;
  assert_int_equal(sl_batch_new(&b, other, NULL), SL_OK);
  sl_batch_row(b, SL_PUT, SL_STR("x"));
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  assert_int_equal(sl_table_apply(table, SL_STR("c"), &b, &err), SL_ECONFLICT);
  assert_string_equal(err.msg, "column n is integer from one connection and text from another");
  sl_schema_unref(other);
  sl_schema_unref(wide);
  end();
}

static void test_find(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 1 << 20);
  put("a", 0, 3000, 0);
  struct sl_snap *s = snap();
  uint64_t h[4] = { sl_snap_hash(s, 2999), 12345, sl_snap_hash(s, 0), sl_snap_hash(s, 1500) }, pos[4];
  assert_int_equal(sl_snap_find(s, h, 4, pos, NULL, NULL, NULL), SL_OK);
  assert_true(pos[0] == 2999 && pos[1] == UINT64_MAX && pos[2] == 0 && pos[3] == 1500);
  sl_snap_unref(s);
  apply("a", rows_of(schema, SL_DEL, 0, 10, 0));
  s = snap();
  assert_int_equal(sl_snap_find(s, h, 4, pos, NULL, NULL, NULL), SL_OK);
  assert_true(pos[0] == 2989 && pos[2] == UINT64_MAX && pos[3] == 1490);
  sl_snap_unref(s);
  end();
}

/* ---- lanes that run when the test says so ---- */

struct job { int (*work)(void *, const volatile int *, struct sl_err *); void (*done)(void *, int, const struct sl_err *); void *user; };
static struct job queue[64];
static int njobs;

static int lane_start(void *ctx, int (*work)(void *, const volatile int *, struct sl_err *),
                      void (*done)(void *, int, const struct sl_err *), void *user, struct sl_err *err)
{
  (void)ctx;
  (void)err;
  assert_true(njobs < 64);
  queue[njobs++] = (struct job){ work, done, user };
  return SL_OK;
}

static void lane_run(void)
{
  while (njobs) {
    struct job j = queue[0];
    memmove(queue, queue + 1, (size_t)--njobs * sizeof *queue);
    struct sl_err err = { 0 };
    int never = 0, rc = j.work(j.user, &never, &err);
    j.done(j.user, rc, &err);
  }
}

static void ready(void *user) { ++*(int *)user; }

static void test_spill(void **state)
{
  (void)state;
  const struct sl_table_env env = { .start = lane_start };
  begin(SL_KEYED, 0, 1);
  end();
  assert_int_equal(sl_schema_new(&schema, cols, 3, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, &env, 256 << 10, "/tmp", NULL), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  for (int at = 0; at < 40000; at += 1000) {
    put("a", at, at + 1000, 0);
    lane_run();
    assert_true(sl_budget_used(budget).memory <= (256 << 10) + 200000);
  }
  struct sl_budget_use u = sl_budget_used(budget);
  assert_true(u.spilled > 1000000);
  struct sl_snap *s = snap();
  int woken = 0;
  unsigned later = 0;
  for (uint64_t at = 0; at < 40000; at += 333) {
    struct sl_batch *b = NULL;
    struct sl_err err;
    int rc = sl_snap_page(s, at, 333, &b, ready, &woken, &err);
    if (rc == SL_EAGAIN) {
      assert_null(b);
      int was = woken;
      lane_run();
      assert_int_equal(woken, was + 1);
      later++;
      rc = sl_snap_page(s, at, 333, &b, ready, &woken, &err);
    }
    assert_int_equal(rc, SL_OK);
    for (uint32_t r = 0; r < sl_batch_count(b); r++) {
      assert_int_equal(sl_batch_get(b, r, 1).u.i, at + r);
      assert_true(sl_snap_hash(s, at + r) == sl_batch_hash(b, r));
    }
    sl_batch_unref(b);
  }
  assert_in_range(later, 20, 121);
  struct sl_batch *b = NULL;
  woken = 0;
  assert_int_equal(sl_snap_page(s, 5, 5, &b, ready, &woken, NULL), SL_EAGAIN);
  sl_snap_forget(s, &woken);
  sl_snap_unref(s);
  lane_run();
  assert_int_equal(woken, 0);
  sl_table_close(table);
  assert_int_equal(sl_budget_used(budget).spilled, 2 << 20); /* one window of hashes stays with the budget */
  sl_budget_close(budget);
  sl_schema_unref(schema);
}

static void test_spilled_refresh(void **state)
{
  (void)state;
  begin(SL_KEYED, 0, 64 << 10);
  for (int g = 0; g < 3; g++) {
    sl_table_gen_begin(table, SL_STR("a"));
    put("a", g * 10, 20000 + g * 10, g * 100000);
    assert_int_equal(sl_table_gen_end(table, SL_STR("a"), true, NULL), SL_OK);
  }
  struct sl_snap *s = snap();
  assert_int_equal(sl_snap_count(s), 20010);
  assert_true(sl_snap_struck(s, 0));
  assert_int_equal(n_at(s, 10), 200020);
  assert_int_equal(n_at(s, 20009), 200000 + 20019);
  sl_snap_unref(s);
  end();
}

static void test_secret_stays(void **state)
{
  (void)state;
  const struct sl_col secret[] = { { .name = "name", .type = SL_TEXT }, { .name = "n", .type = SL_I64 },
                                   { .name = "tags", .type = SL_FAMILY_TEXT, .flags = SL_COL_SECRET } };
  assert_int_equal(sl_schema_new(&schema, secret, 3, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, NULL, 1000, "/tmp", NULL), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  put("a", 0, 5000, 0);
  assert_int_equal(sl_budget_used(budget).spilled, 0);
  end();
}

static void test_nowhere_to_spill(void **state)
{
  (void)state;
  struct sl_err err;
  assert_int_equal(sl_schema_new(&schema, cols, 3, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, NULL, 1000, "/nonexistent", NULL), SL_OK);
  assert_int_equal(sl_table_open(&table, budget, schema, SL_KEYED, 0, NULL), SL_OK);
  int rc = SL_OK;
  for (int at = 0; at < 200000 && !rc; at += 1000) {
    struct sl_batch *b = rows_of(schema, SL_PUT, at, at + 1000, 0);
    rc = sl_table_apply(table, SL_STR("a"), &b, &err);
  }
  assert_int_equal(rc, SL_ENOENT);
  assert_non_null(strstr(err.msg, "cannot make a spill file in /nonexistent"));
  end();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_put_and_del), cmocka_unit_test(test_row_by_row), cmocka_unit_test(test_huge),
    cmocka_unit_test(test_across_the_border), cmocka_unit_test(test_last_wins), cmocka_unit_test(test_generations),
    cmocka_unit_test(test_many_refreshes), cmocka_unit_test(test_log), cmocka_unit_test(test_cap), cmocka_unit_test(test_widens),
    cmocka_unit_test(test_find), cmocka_unit_test(test_spill), cmocka_unit_test(test_spilled_refresh), cmocka_unit_test(test_secret_stays),
    cmocka_unit_test(test_nowhere_to_spill),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
