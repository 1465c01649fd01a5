/* tests/unit/table_torture.c: one life of a table again and again, each time with the next allocation or file call failing: an error, no
 * leak, no crash, and the rows that stand are right. Only in builds with faults; elsewhere it runs once, unharmed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/mem.h"
#include "table/group.h"

static const struct sl_col cols[] = { { .name = "name", .type = SL_TEXT }, { .name = "n", .type = SL_I64 },
                                      { .name = "m", .type = SL_FAMILY_F64 } };
static const struct sl_col wide[] = { { .name = "extra", .type = SL_LIST } };

static int put(struct sl_table *t, struct sl_schema *s, const char *conn, int from, int to, enum sl_op op, struct sl_err *err)
{
  struct sl_batch *b;
  int rc = sl_batch_new(&b, s, err);
  if (rc)
    return rc;
  for (int i = from; i < to; i++) {
    char id[32];
    snprintf(id, sizeof id, "id%d", i);
    sl_batch_row(b, op, sl_str(id));
    sl_batch_set(b, 0, sl_vz(id));
    sl_batch_set(b, 1, sl_vi(i));
    sl_batch_key(b, 2, SL_STR("z"), sl_vf(1));
    sl_batch_key(b, 2, SL_STR("a"), sl_vf(i));
  }
  rc = sl_batch_seal(b, err);
  if (!rc)
    return sl_table_apply(t, sl_str(conn), &b, err);
  sl_batch_unref(b);
  return rc;
}

/* Whatever failed before: what a snapshot shows can be read, and n belongs to its id. */
static int read_all(struct sl_snap *s, struct sl_err *err)
{
  for (uint64_t at = 0; at < sl_snap_count(s);) {
    struct sl_batch *b;
    int rc = sl_snap_page_wait(s, at, 100, &b, err);
    if (rc)
      return rc;
    for (uint32_t r = 0; r < sl_batch_count(b); r++) {
      char id[32];
      snprintf(id, sizeof id, "id%lld", (long long)sl_batch_get(b, r, 1).u.i);
      assert_true(sl_str_eqz(sl_batch_id(b, r), id));
    }
    at += sl_batch_count(b);
    sl_batch_unref(b);
  }
  return SL_OK;
}

struct answer { int rc; struct sl_err err; };
static void got(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  struct answer *a = user;
  a->rc = rc;
  if (rc)
    a->err = *err;
  else
    a->rc = read_all(out, &a->err);
  sl_snap_unref(out);
}

static int ask(struct sl_table *t, const char *where, const char *order, struct sl_err *err)
{
  struct sl_filter *f = NULL;
  struct sl_order *o = NULL;
  struct sl_snap *s = NULL;
  struct answer a = { SL_OK, { 0 } };
  uint64_t hash[2] = { 1, 2 }, pos[2];
  int rc = sl_filter_parse(&f, sl_str(where), 0, NULL, err);
  if (!rc)
    rc = sl_order_parse(&o, sl_str(order), err);
  if (!rc)
    rc = sl_table_snap(t, &s, err);
  if (!rc)
    rc = read_all(s, err);
  if (!rc)
    rc = sl_snap_find(s, hash, 2, pos, NULL, NULL, err);
  if (!rc)
    rc = sl_snap_select(s, f, o, 0, got, &a, NULL, err);
  if (!rc && a.rc) {
    *err = a.err;
    rc = a.rc;
  }
  sl_snap_unref(s);
  sl_filter_unref(f);
  sl_order_unref(o);
  return rc;
}

static void made(void *user, int rc, struct sl_grouped *out, const struct sl_err *err)
{
  struct answer *a = user;
  a->rc = rc;
  if (rc) {
    a->err = *err;
    return;
  }
  struct sl_batch *b = NULL;
  assert_true(sl_snap_count(out->snap) > 1);
  a->rc = sl_snap_page_wait(out->snap, 0, 1024, &b, &a->err);
  sl_batch_unref(b);
  sl_snap_unref(out->snap);
  sl_free(out->columns);
}

static int groups(struct sl_table *t, const char *by, struct sl_err *err)
{
  struct sl_want *w = NULL;
  struct sl_group *g = NULL;
  struct sl_snap *s = NULL;
  struct answer a = { SL_OK, { 0 } };
  int rc = sl_want_parse(&w, sl_str(by), err);
  rc = rc ? rc : sl_group_new(&g, sl_table_schema(t), w, NULL, err);
  rc = rc ? rc : sl_table_snap(t, &s, err);
  rc = rc ? rc : sl_snap_group(s, g, SL_STR("a"), made, &a, NULL, err);
  if (!rc && a.rc) {
    *err = a.err;
    rc = a.rc;
  }
  sl_snap_unref(s);
  sl_group_unref(g);
  sl_want_unref(w);
  return rc;
}

static int live_once(struct sl_table *t, struct sl_schema *s, struct sl_schema *w, struct sl_err *err)
{
  int rc = put(t, s, "a", 0, 300, SL_PUT, err);
  if (!rc)
    rc = put(t, s, "a", 290, 600, SL_PUT, err);
  if (!rc)
    rc = put(t, w, "b", 0, 200, SL_PUT, err);
  if (!rc)
    rc = ask(t, "n < 500 and name ~ '[0-4]$' or m.a in (3, 4)", "-m.a,name", err);
  if (!rc)
    rc = put(t, s, "a", 5, 10, SL_DEL, err);
  sl_table_gen_begin(t, SL_STR("a"));
  if (!rc)
    rc = put(t, s, "a", 20, 400, SL_PUT, err);
  if (!rc)
    rc = sl_table_gen_end(t, SL_STR("a"), true, err);
  if (!rc)
    rc = ask(t, "connection = a", "", err);
  if (!rc)
    rc = groups(t, "name", err);
  return rc;
}

static int scenario(struct sl_err *err)
{
  struct sl_schema *s = NULL, *w = NULL;
  struct sl_budget *budget = NULL;
  struct sl_table *t = NULL;
  int rc = sl_schema_new(&s, cols, 3, NULL, 0, err);
  if (!rc)
    rc = sl_schema_new(&w, cols, 3, wide, 1, err);
  if (!rc)
    rc = sl_budget_open(&budget, NULL, 8 << 10, "/tmp", err);
  if (!rc)
    rc = sl_table_open(&t, budget, s, SL_KEYED, 0, err);
  if (!rc)
    rc = live_once(t, s, w, err);
  if (rc && t) { /* after the failure the table is still one */
    sl_fault_alloc(-1, 0);
    sl_fault_io_after(-1, 0, 0);
    struct sl_snap *snap;
    struct sl_err later;
    assert_int_equal(sl_table_snap(t, &snap, &later), SL_OK);
    assert_int_equal(read_all(snap, &later), SL_OK);
    sl_snap_unref(snap);
    assert_int_equal(put(t, s, "a", 0, 50, SL_PUT, &later), SL_OK);
  }
  sl_table_close(t);
  if (budget) {
    assert_int_equal(sl_budget_used(budget).blocks, 0);
    assert_int_equal(sl_budget_used(budget).memory, 0);
  }
  sl_budget_close(budget);
  sl_schema_unref(s);
  sl_schema_unref(w);
  return rc;
}

/* Which sites: 25 spread evenly from a random one; all with SLUICE_TORTURE=exhaustive. */
struct sites { long at, step; };
static struct sites sites(long n)
{
  const char *all = getenv("SLUICE_TORTURE");
  struct sites s = { .step = n / 25 + 1 };
  if (all && strcmp(all, "exhaustive") == 0)
    s.step = 1;
  uint32_t r;
  assert_int_equal(getrandom(&r, sizeof r, 0), (int)sizeof r);
  s.at = (long)(r % (uint64_t)s.step);
  if (SL_FAULTS)
    print_message("sites from %ld by %ld of %ld\n", s.at, s.step, n);
  return s;
}

static void test_allocations(void **state)
{
  (void)state;
  struct sl_err err = { 0 };
  assert_int_equal(scenario(&err), SL_OK);
  uint64_t before = sl_alloc_count();
  int64_t live = sl_alloc_live();
  assert_int_equal(scenario(&err), SL_OK);
  long n = (long)(sl_alloc_count() - before);
  struct sites s = sites(n);
  int failed = 0;
  for (long i = s.at; SL_FAULTS && i < n; i += s.step) {
    memset(&err, 0, sizeof err);
    sl_fault_alloc(i, 0);
    int rc = scenario(&err);
    sl_fault_alloc(-1, 0);
    failed += rc != SL_OK;
    if (rc && rc != SL_ENOMEM)
      fail_msg("allocation %ld: %s", i, err.msg);
    if (rc)
      assert_true(err.msg[0] != 0);
    if (sl_alloc_live() != live)
      fail_msg("allocation %ld: %ld pieces leak", i, (long)(sl_alloc_live() - live));
  }
  assert_true(!SL_FAULTS || failed > 5);
}

static void test_files(void **state)
{
  (void)state;
  struct sl_err err = { 0 };
  uint64_t before = sl_io_count();
  int64_t live = sl_alloc_live();
  assert_int_equal(scenario(&err), SL_OK);
  long n = (long)(sl_io_count() - before);
  struct sites s = sites(n);
  for (long i = s.at; SL_FAULTS && i < n; i += s.step) {
    sl_fault_io_after(i, 0, ENOSPC);
    int rc = scenario(&err);
    sl_fault_io_after(-1, 0, 0);
    if (rc && rc != SL_EIO)
      fail_msg("call %ld: %s", i, err.msg);
    assert_int_equal(sl_alloc_live(), live);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_allocations), cmocka_unit_test(test_files) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
