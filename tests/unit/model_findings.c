/* What is wrong now: composed from what the connections say, mended by what went well later, honest about what cannot be judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "act_bench.h"

enum { MINUTE = 60000 };
#define NOW 1795240800000LL
#define WEEK_MIN (7 * 24 * 60)

/* ---- a backend with executions and partitions ---- */

struct run { const char *id, *job, *state; int started_min; const char *cause, *params; };
struct part { const char *zone, *partition, *state; int rows; };
static struct { const struct run *run; const struct part *part; size_t nruns, nparts; int fail; const char *cut; bool never; } say;
static struct sl_req *waiting;

static int rows_put(struct sl_req *r, struct sl_batch *b)
{
  if (sl_req_query(r)->res == &sl_res_executions) {
    for (size_t i = 0; i < say.nruns; i++) {
      const struct run *x = &say.run[i];
      sl_batch_row(b, SL_PUT, sl_str(x->id));
      sl_batch_set(b, 0, sl_vz(x->id));
      sl_batch_set(b, 1, sl_vz(x->job));
      sl_batch_set(b, 3, sl_vas(SL_STATE, sl_str(x->state)));
      sl_batch_set(b, 5, sl_vt(NOW - (sl_ms)x->started_min * MINUTE));
      sl_batch_set(b, 11, sl_vz(x->cause));
      struct sl_buf list; /* as the engine of this machine has them */
      sl_buf_init(&list, 0);
      if (x->params)
        sl_list_add(&list, sl_str(x->params));
      sl_batch_set(b, 12, x->params ? sl_vas(SL_LIST, sl_buf_view(&list)) : sl_null(SL_LIST));
      sl_buf_free(&list);
    }
    return SL_OK;
  }
  for (size_t i = 0; i < say.nparts; i++) {
    char id[64];
    snprintf(id, sizeof id, "%s/%s", say.part[i].zone, say.part[i].partition);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, 0, sl_vz(say.part[i].zone));
    sl_batch_set(b, 1, sl_vz(say.part[i].partition));
    sl_batch_set(b, 2, sl_vas(SL_STATE, sl_str(say.part[i].state)));
    if (say.part[i].rows)
      sl_batch_set(b, 5, sl_vi(say.part[i].rows));
  }
  return SL_OK;
}

static void answer(void *user)
{
  struct sl_req *r = user;
  struct sl_batch *b = NULL;
  struct sl_err e = { 0 };
  if (sl_req_cancelled(r)) {
    sl_req_end(r, SL_ECANCELED, NULL);
    return;
  }
  if (say.fail) {
    sl_err_set(&e, say.fail, "nobody is there");
    sl_req_end(r, say.fail, &e);
    return;
  }
  if (!sl_req_head(r, NULL, 0, -1) && !sl_batch_new(&b, sl_req_schema(r), NULL) && !rows_put(r, b))
    (void)sl_req_rows(r, &b);
  if (say.cut)
    sl_req_cut(r, say.cut);
  sl_req_end(r, SL_OK, NULL);
}

static int query(struct sl_req *r, struct sl_err *err)
{
  waiting = say.never ? r : NULL;
  return say.never ? SL_OK : sl_loop_later(sl_backend_loop(sl_req_backend(r)), answer, r, err);
}

static void cancel(struct sl_req *r)
{
  if (say.never)
    sl_req_end(r, SL_ECANCELED, NULL);
}

static const struct sl_col own[] = { { .name = "params", .type = SL_LIST } };
static const struct sl_serve serve_runs = { .res = &sl_res_executions, .own = own, .nown = 1, .query = query, .cancel = cancel };
static const struct sl_serve serve_parts = { .res = &sl_res_partitions, .query = query, .cancel = cancel };
static const struct sl_serve *const serves[] = { &serve_runs, &serve_parts, NULL };
static const struct sl_backend_ops engine = { .type = "engine", .help = "runs jobs", .implicit = true, .serves = serves };
static const struct sl_backend_ops *const with_engine[] = { &engine, NULL };
static const struct sl_backend_ops *const nothing[] = { NULL };

/* ---- the bench ---- */

static struct fx f;
static struct fx_seen seen;

static void open_with(const struct sl_backend_ops *const *backends)
{
  struct sl_ws_opts o = { .backends = backends, .state_dir = f.state_dir, .threads = 2 };
  sl_ws_close(f.w);
  assert_int_equal(sl_ws_open(&f.w, f.l, &o, NULL), SL_OK);
}

static int fresh(void **state)
{
  (void)state;
  memset(&say, 0, sizeof say);
  fake_reset();
  fx_open(&f, NULL);
  open_with(with_engine);
  return 0;
}

static int close_up(void **state)
{
  (void)state;
  assert_int_equal(f.w->violations, 0);
  fx_forget(&seen);
  fx_close(&f);
  return 0;
}

/* "severity kind subject | ...", in the order of the answer. */
static const char *found(void)
{
  static char text[2048];
  struct sl_query like = { .res = &sl_res_findings }, *q = NULL;
  struct sl_buf b;
  fx_forget(&seen);
  fx_pass(&f, 1100); /* inputs may be a second old */
  assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
  fx_watch(&f, q, true, &seen);
  fx_settle(&f);
  sl_query_unref(q);
  assert_true(seen.done);
  sl_buf_init(&b, 0);
  struct sl_batch *page = NULL;
  if (seen.rows)
    assert_int_equal(sl_snap_page(seen.snap, 0, 1024, &page, NULL, NULL, NULL), SL_OK);
  for (uint32_t i = 0; i < seen.rows; i++) {
    if (sl_snap_struck(seen.snap, i))
      continue;
    for (unsigned c = 1; c <= 3; c++) { /* connection, severity, kind, subject */
      struct sl_val v = sl_batch_get(page, i, c - 1);
      sl_buf_z(&b, c > 1 ? " " : b.n ? " | " : "");
      sl_val_text(&b, &v);
    }
  }
  sl_batch_unref(page);
  snprintf(text, sizeof text, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return text;
}

static const char *cell(uint32_t row, const char *col)
{
  static char text[512];
  struct sl_batch *page = NULL;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_snap_page(seen.snap, 0, 1024, &page, NULL, NULL, NULL), SL_OK);
  int c = sl_schema_find(sl_batch_schema(page), sl_str(col));
  struct sl_val v = sl_batch_get(page, row, (unsigned)c);
  sl_val_text(&b, &v);
  snprintf(text, sizeof text, "%s", sl_buf_zstr(&b));
  sl_batch_unref(page);
  sl_buf_free(&b);
  return text;
}

#define RUNS(...)                                         \
  do {                                                    \
    static const struct run runs_[] = { __VA_ARGS__ };    \
    say.run = runs_;                                      \
    say.nruns = sizeof runs_ / sizeof runs_[0];           \
  } while (0)
#define PARTS(...)                                        \
  do {                                                    \
    static const struct part parts_[] = { __VA_ARGS__ };  \
    say.part = parts_;                                    \
    say.nparts = sizeof parts_ / sizeof parts_[0];        \
  } while (0)

/* ---- executions ---- */

static void nothing_wrong_is_empty(void **state)
{
  (void)state;
  assert_string_equal(found(), "");
  RUNS({ "1", "clean", "ok", 5, NULL, NULL }, { "2", "train", "running", 3, NULL, NULL });
  PARTS({ "raw", "dt=2026-11-21", "fresh", 0 });
  assert_string_equal(found(), "");
}

static void a_failure_counts_until_the_job_went_well(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "failed", 90, "exit 3", "dt=1" }, { "2", "train", "failed", 30, NULL, NULL }, { "3", "train", "ok", 60, NULL,
      NULL });
  assert_string_equal(found(), "failed job failed engine:executions/2 | failed job failed engine:executions/1");
  assert_string_equal(cell(1, "summary"), "clean dt=1: exit 3");
  assert_string_equal(cell(0, "summary"), "train: no reason was left");
  assert_string_equal(cell(1, "since"), "2026-11-21T04:30:00.000Z");
  RUNS({ "1", "clean", "failed", 90, "exit 3", "dt=1" }, { "2", "train", "failed", 30, NULL, NULL }, { "4", "train", "ok", 10, NULL,
      NULL });
  assert_string_equal(found(), "failed job failed engine:executions/1");
}

static void only_the_same_parameters_mend(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "failed", 90, "x", "dt=1" }, { "2", "clean", "ok", 30, NULL, "dt=2" }, { "3", "clean", "running", 1, NULL, "dt=1" });
  assert_string_equal(found(), "failed job failed engine:executions/1");
  RUNS({ "1", "clean", "failed", 90, "x", "dt=1" }, { "2", "clean", "ok", 30, NULL, "dt=1" });
  assert_string_equal(found(), "");
}

static void one_finding_for_a_job_that_fails_again_and_again(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "failed", 90, "x", NULL }, { "2", "clean", "failed", 60, "y", NULL }, { "3", "clean", "unknown", 30, "gone", NULL });
  assert_string_equal(found(), "unknown job lost engine:executions/3");
}

static void what_is_a_week_old_is_history(void **state)
{
  (void)state;
  RUNS({ "1", "a", "failed", WEEK_MIN + 1, "x", NULL }, { "2", "b", "failed", WEEK_MIN - 1, "y", NULL });
  assert_string_equal(found(), "failed job failed engine:executions/2");
}

/* ---- partitions, order ---- */

static void late_partitions_come_after_failures(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "failed", 90, "x", NULL });
  PARTS({ "raw", "dt=2026-11-21", "missing", 0 }, { "gold", "dt=2026-11-20", "stale", 0 }, { "gold", "dt=2026-11-19", "fresh", 0 });
  assert_string_equal(found(),
      "failed job failed engine:executions/1 | missing partition missing engine:partitions/raw%2Fdt%3D2026-11-21 | "
                               "stale partition stale engine:partitions/gold%2Fdt%3D2026-11-20");
}

static void a_short_partition_says_its_rows(void **state)
{
  (void)state;
  PARTS({ "raw", "dt=2026-11-20", "empty", 219 }, { "gold", "dt=2026-11-19", "empty", 0 }, { "gold", "dt=2026-11-20", "empty", 219 });
  assert_string_equal(found(), "empty partition empty engine:partitions/gold%2Fdt%3D2026-11-19 | "
                               "empty partition short engine:partitions/gold%2Fdt%3D2026-11-20");
  assert_string_equal(cell(0, "summary"), "gold dt=2026-11-19");
  assert_string_equal(cell(1, "summary"), "gold dt=2026-11-20: 219 rows; also raw");
}

/* ---- what cannot be judged ---- */

static void a_failed_input_cannot_be_judged(void **state)
{
  (void)state;
  say.fail = SL_ENET;
  assert_string_equal(found(),
      "unknown cannot be judged  | unknown cannot be judged  | failed connection failed sluice:connections/engine");
  assert_non_null(strstr(cell(0, "summary"), "nobody is there"));
  assert_non_null(strstr(cell(2, "summary"), "engine: "));
}

static void a_cut_input_cannot_be_judged(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "ok", 90, NULL, NULL });
  say.cut = "page 3 was lost";
  found();
  assert_int_equal(seen.rows, 2);
  assert_non_null(strstr(cell(0, "summary"), "page 3 was lost"));
}

static void an_audit_that_cannot_be_read_cannot_be_judged(void **state)
{
  (void)state;
  assert_int_equal(mkdir(sl_ws_audit_path(f.w), 0700), 0);
  assert_string_equal(found(), "unknown cannot be judged ");
  assert_non_null(strstr(cell(0, "summary"), "audit"));
  assert_int_equal(rmdir(sl_ws_audit_path(f.w)), 0);
}

static void without_jobs_and_lake_the_audit_is_looked_at(void **state)
{
  (void)state;
  open_with(nothing);
  assert_string_equal(found(), "");
}

/* ---- connections, audit ---- */

static void a_connection_that_wants_a_login_says_how(void **state)
{
  (void)state;
  say.fail = SL_EAUTH;
  assert_string_equal(found(), "unknown cannot be judged  | unknown cannot be judged  | waiting login needed sluice:connections/engine");
  assert_string_equal(cell(2, "next"), "sluice login engine");
  say.fail = 0;
  assert_string_equal(found(), "");
}

static void audit_add(const char *fields, sl_ms at)
{
  assert_int_equal(sl_audit_append(sl_ws_audit_path(f.w), sl_str(fields), at, NULL, NULL), SL_OK);
}

static void open_questions_of_the_audit_come_first(void **state)
{
  static const char intent[] =
      "\"kind\":\"intent\",\"id\":\"%s\",\"who\":\"ana\",\"action\":\"executions.stop\",\"targets\":[\"engine:executions/7\"]";
  char text[256];
  (void)state;
  for (int i = 0; i < 3; i++) {
    snprintf(text, sizeof text, intent, i == 0 ? "t0" : i == 1 ? "t1" : "t2");
    audit_add(text, NOW - (i == 2 ? 1 : 10) * MINUTE); /* t2 is under way */
  }
  audit_add("\"kind\":\"outcome\",\"id\":\"t1\",\"outcome\":\"unknown\",\"detail\":\"lost\"", NOW - 9 * MINUTE);
  assert_string_equal(found(), "unknown outcome unknown engine:executions/7 | unknown outcome unknown engine:executions/7");
  assert_string_equal(cell(0, "summary"), "executions.stop engine:executions/7 by ana");
  audit_add("\"kind\":\"reconciled\",\"id\":\"t1\",\"outcome\":\"ok\"", NOW);
  audit_add("\"kind\":\"reconciled\",\"id\":\"t0\",\"outcome\":\"failed\"", NOW);
  assert_string_equal(found(), "");
}

/* ---- closing ---- */

static void closed_while_composing(void **state)
{
  (void)state;
  RUNS({ "1", "clean", "failed", 90, "x", NULL });
  for (int never = 0; never < 2; never++)
    for (int turns = 0; turns < 10; turns++) {
      struct sl_query like = { .res = &sl_res_findings }, *q = NULL;
      say.never = never;
      assert_int_equal(sl_query_new(&q, &like, NULL), SL_OK);
      fx_forget(&seen);
      fx_watch(&f, q, true, &seen);
      sl_query_unref(q);
      fx_turn(&f, turns);
      if (turns % 2)
        sl_ws_unwatch(f.w, seen.id);
      assert_int_equal(f.w->violations, 0);
      open_with(with_engine);
    }
}

int main(void)
{
#define T(x) cmocka_unit_test_setup_teardown(x, fresh, close_up)
  const struct CMUnitTest tests[] = {
    T(nothing_wrong_is_empty),
    T(a_short_partition_says_its_rows), T(a_failure_counts_until_the_job_went_well), T(only_the_same_parameters_mend),
    T(one_finding_for_a_job_that_fails_again_and_again), T(what_is_a_week_old_is_history), T(late_partitions_come_after_failures),
    T(a_failed_input_cannot_be_judged), T(a_cut_input_cannot_be_judged), T(an_audit_that_cannot_be_read_cannot_be_judged),
    T(without_jobs_and_lake_the_audit_is_looked_at), T(a_connection_that_wants_a_login_says_how), T(open_questions_of_the_audit_come_first),
    T(closed_while_composing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
