/* The audit, and acting, with everything failing: no record is half written, nothing is sent that is not written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "act_bench.h"
#include "base/file.h"
#include "judge_bench.h"
#include "torture.h"

/* ---- one record ---- */

static char dir[64], path[96];

static int verify(uint64_t *records, struct sl_err *err)
{
  struct sl_audit_report r;
  int rc = sl_audit_verify(path, &r, err);
  *records = r.records;
  return rc;
}

static void audit_before(void)
{
  snprintf(dir, sizeof dir, "/tmp/sluice-torture-XXXXXX");
  assert_non_null(mkdtemp(dir));
  snprintf(path, sizeof path, "%s/audit", dir);
  assert_int_equal(sl_audit_append(path, SL_STR("\"kind\":\"intent\",\"id\":\"z\""), 1, NULL, NULL), SL_OK);
  assert_int_equal(sl_audit_append(path, SL_STR("\"kind\":\"intent\",\"id\":\"a\""), 1, NULL, NULL), SL_OK);
}

static int audit_run(struct sl_err *err)
{
  return sl_audit_append(path, SL_STR("\"kind\":\"outcome\",\"id\":\"a\",\"detail\":\"password=sesame\""), 2, NULL, err);
}

static void audit_after(int rc, bool harmed)
{
  uint64_t n;
  struct sl_err e = { 0 };
  (void)harmed;
  if (verify(&n, &e))
    fail_msg("%s", e.msg);
  assert_true(rc ? n == 2 || n == 3 : n == 3);
  assert_int_equal(sl_audit_append(path, SL_STR("\"kind\":\"intent\",\"id\":\"b\""), 3, NULL, &e), SL_OK); /* it goes on */
  assert_int_equal(verify(&n, &e), SL_OK);
}

static void audit_finish(void)
{
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

static void appending(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "audit append", .always = true, .before = audit_before, .run = audit_run, .after = audit_after,
                             .finish = audit_finish });
}

/* ---- plan and act ---- */

static const struct fake_row rows[] = { { "a", "anna", "failed", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 } };
static struct fx f;
static struct fake *fake;
static struct fa a;

static void act_before(void)
{
  fake_reset();
  fake = fake_of("fake");
  fake->rows = rows;
  fake->nrows = 2;
  fake->started = "n";
  fx_open(&f, &(struct fx_opts){ .headless = true });
}

static int act_run(struct sl_err *err)
{
  int rc = fa_call(&f, &a, &fake_act_halt, "a b", NULL);
  if (!rc)
    rc = fa_act(&f, &a, "");
  *err = a.err;
  return rc;
}

static void act_after(int rc, bool harmed)
{
  struct sl_audit_rows r;
  (void)harmed;
  fa_audit_holds(&f);
  assert_int_equal(sl_audit_rows_read(sl_ws_audit_path(f.w), &r, NULL), SL_OK);
  assert_true(fake->calls <= (int)r.n); /* nothing was sent that had not been written down */
  if (!rc) {
    assert_int_equal(fake->calls, 1);
    assert_string_equal(r.row[0].outcome, "ok");
  }
  sl_audit_rows_free(&r);
  assert_int_equal(f.w->violations, 0);
}

static void act_finish(void)
{
  fx_close(&f);
}

static void acting(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "plan and act", .always = true, .before = act_before, .run = act_run, .after = act_after, .finish =
      act_finish });
}

/* ---- the same, judged ---- */

static struct test_judge judge;

static void judged_before(void)
{
  act_before();
  judge = (struct test_judge){ .recheck_rc = SL_OK };
  test_judge_on(f.w, &judge);
}

static int judged_run(struct sl_err *err)
{
  int rc = fa_call(&f, &a, &fake_act_bless, "a b", NULL);
  if (!rc)
    rc = fa_act(&f, &a, "");
  *err = a.err;
  return rc;
}

static void judged_after(int rc, bool harmed)
{
  act_after(rc, harmed);
  assert_int_equal(judge.dropped, judge.prepared);
  assert_true(fake->calls <= judge.rechecked); /* and nothing that was not judged twice */
}

static void judged(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "judged", .always = true, .before = judged_before, .run = judged_run, .after = judged_after,
                             .finish = act_finish });
}

static void refused_before(void)
{
  judged_before();
  judge.prepare_rc = SL_EBREACH;
}

static void refused_after(int rc, bool harmed)
{
  struct sl_audit_rows r;
  assert_int_not_equal(rc, SL_OK);
  fa_audit_holds(&f);
  assert_int_equal(sl_audit_rows_read(sl_ws_audit_path(f.w), &r, NULL), SL_OK);
  assert_true(harmed || r.n == 1);
  sl_audit_rows_free(&r);
  assert_int_equal(fake->calls + fake->dries, 0);
  assert_int_equal(judge.dropped, judge.prepared);
}

static int refused_run(struct sl_err *err)
{
  return judged_run(err) == SL_EBREACH && !strstr(err->msg, "could not be") ? SL_OK : err->code;
}

static void refused_after_ok(int rc, bool harmed)
{
  refused_after(rc ? rc : SL_EBREACH, harmed);
}

static void refused(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "refused by a gate", .always = true, .before = refused_before, .run = refused_run,
                             .after = refused_after_ok, .finish = act_finish });
}

/* ---- what an earlier session left ---- */

static struct { int told; size_t settled; } got;

static void rec_before(void)
{
  act_before();
  assert_int_equal(sl_audit_append(sl_ws_audit_path(f.w),
    SL_STR("\"kind\":\"intent\",\"id\":\"t1\",\"action\":\"things.halt\",\"connection\":\"fake\",\"targets\":[\"fake:things/a\"]"), 1,
        NULL, NULL),
    SL_OK);
}

static void on_done(void *user, size_t open, size_t settled)
{
  (void)user;
  (void)open;
  got.told++;
  got.settled = settled;
}

static int rec_run(struct sl_err *err)
{
  memset(&got, 0, sizeof got);
  int rc = sl_ws_reconcile(f.w, on_done, NULL, err);
  if (rc)
    return rc;
  fx_settle(&f);
  return SL_OK;
}

static void rec_after(int rc, bool harmed)
{
  assert_int_equal(got.told, rc == SL_OK);
  assert_true(harmed || got.settled == 1);
  assert_int_equal(fake->calls, 0);
  fa_audit_holds(&f);
}

static void reconciling(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "reconcile", .always = true, .before = rec_before, .run = rec_run, .after = rec_after, .finish =
      act_finish });
}

int main(void)
{
  sl_mem_install_hooks();
  const struct CMUnitTest tests[] = { cmocka_unit_test(appending), cmocka_unit_test(acting), cmocka_unit_test(judged),
                                      cmocka_unit_test(refused), cmocka_unit_test(reconciling) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
