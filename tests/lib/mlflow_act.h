/* tests/lib/mlflow_act.h: decisions on a copy of the demo's MLflow store, with a judge that says what a test wants. Header only: the
 * workspace comes from mlflow_test.h. */
#ifndef SL_TESTS_MLFLOW_ACT_H
#define SL_TESTS_MLFLOW_ACT_H

#include <sqlite3.h>

#include "judge_bench.h"
#include "model/audit.h"

/* What the judge of these tests fills in. */
struct ma_decision { const char *statement, *by, *was; int64_t version; bool move; };
static struct ma_decision ma_say;

static inline void ma_fill(struct test_judge *t, struct sl_judging *j)
{
  const struct sl_action *act = sl_judging_call(j)->act;
  struct sl_err e = { 0 };
  for (size_t i = 0; i < act->nargs && !t->said; i++) {
    const char *name = act->args[i].name;
    if (!act->args[i].computed)
      continue;
    struct sl_val v = !strcmp(name, "statement") ? sl_vz(ma_say.statement) : !strcmp(name, "by") ? sl_vz(ma_say.by)
      : !strcmp(name, "at") ? sl_vz("2026-11-21T06:00:00.000Z") : !strcmp(name, "was") ? sl_vz(ma_say.was)
      : !strcmp(name, "version") ? sl_vi(ma_say.version) : sl_vb(ma_say.move);
    t->said = sl_judging_arg(j, name, v, &e);
  }
}

struct ma { bool done; int rc; struct sl_plan *plan; struct sl_err err; };

static inline void ma_planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct ma *a = user;
  a->done = true;
  a->plan = *take;
  *take = NULL;
  if (err)
    a->err = *err;
  a->rc = err ? err->code : SL_OK;
}

static inline void ma_done(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct ma *a = user;
  (void)started;
  a->done = true;
  a->rc = rc;
  a->err = err ? *err : (struct sl_err){ 0 };
}

static inline void ma_wait(struct sl_loop *l, struct ma *a)
{
  for (int64_t end = sl_loop_now(l) + 50000; !a->done && sl_loop_now(l) < end;)
    sl_loop_turn(l, 20);
}

static inline int ma_plan(struct sl_ws *w, struct sl_loop *l, struct ma *a, const struct sl_resource *res, const struct sl_action *act,
                          const char *id, const struct sl_val *args)
{
  struct sl_ref ref = { SL_STR("reg"), sl_str(res->name), sl_str(id) };
  struct sl_call c = { .act = act, .res = res, .targets = &ref, .ntargets = 1, .args = args };
  *a = (struct ma){ 0 };
  a->rc = sl_ws_plan(w, &c, ma_planned, a, &a->err);
  if (!a->rc)
    ma_wait(l, a);
  return a->rc;
}

static inline int ma_act(struct sl_ws *w, struct sl_loop *l, struct ma *a)
{
  a->done = false;
  a->rc = sl_ws_act(w, &a->plan, SL_STR(""), ma_done, a, &a->err);
  if (!a->rc)
    ma_wait(l, a);
  return a->rc;
}

/* The first column of the first row, or "-". */
static inline const char *ma_sql(const char *path, const char *sql)
{
  static char out[512];
  sqlite3 *db = NULL;
  sqlite3_stmt *st = NULL;
  snprintf(out, sizeof out, "-");
  if (sqlite3_open(path, &db) || sqlite3_prepare_v2(db, sql, -1, &st, NULL))
    snprintf(out, sizeof out, "%s", sqlite3_errmsg(db));
  else if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
    snprintf(out, sizeof out, "%s", (const char *)sqlite3_column_text(st, 0));
  sqlite3_finalize(st);
  sqlite3_close(db);
  return out;
}

static inline int ma_copy(const char *to)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 20);
  int rc = sl_file_read(&b, SLUICE_SOURCE_DIR "/demo/mlflow.db", 32 << 20, NULL);
  rc = rc ? rc : sl_file_write(to, sl_buf_view(&b), 0644, NULL);
  sl_buf_free(&b);
  return rc;
}

#endif
