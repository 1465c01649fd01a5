/* tests/lib/judge_bench.c: the scripted judge. Each judging gets an allocation of its own, so that a forgotten drop is a leak. */
#include <stdio.h>

#include "base/mem.h"
#include "judge_bench.h"

static void say(struct test_judge *t)
{
  struct sl_err e = { 0 };
  int rc = t->rechecked ? t->recheck_rc : t->prepare_rc;
  t->t.v = 0;
  if (t->said) {
    rc = t->said;
    sl_err_set(&e, rc, "the judge could not speak");
  } else if (rc)
    sl_err_set(&e, rc, "gate accuracy: 0.70 is not >= 0.85");
  struct sl_judging *j = t->at;
  t->at = NULL;
  sl_judging_end(j, rc, &e);
}

static void later(void *user) { say(user); }

static void cell_put(struct test_judge *t, struct sl_judging *j, const char *col)
{
  struct sl_val v = sl_judging_cell(j, 0, col);
  size_t n = strlen(t->saw);
  snprintf(t->saw + n, sizeof t->saw - n, "%s%.*s", n ? " " : "", v.null ? 1 : (int)v.u.s.n, v.null ? "-" : v.u.s.p);
}

static void stage(struct test_judge *t, struct sl_judging *j)
{
  t->at = j;
  t->saw[0] = 0;
  cell_put(t, j, "state");
  cell_put(t, j, "tags.team");
  if (t->never)
    return;
  if (!t->think_ms)
    say(t);
  else if (sl_timer_start(t->l, t->think_ms, 0, later, t, &t->t, NULL)) {
    t->said = SL_ENOMEM;
    say(t);
  }
}

static void prepare(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  struct sl_err e;
  t->prepared++;
  t->said = SL_OK;
  void *own = sl_alloc(16);
  sl_judging_set_user(j, own);
  if (!own)
    t->said = SL_ENOMEM;
  else if (t->fill)
    t->fill(t, j);
  else if (!t->silent) {
    t->said = sl_judging_arg(j, "statement", sl_vz(t->statement ? t->statement : "by the rules"), &e);
    t->said = t->said ? t->said : sl_judging_arg(j, "move", sl_vb(true), &e);
    t->said = t->said ? t->said : sl_judging_guard(j, "champion is 6", &e);
    t->said = t->said ? t->said : sl_judging_note(j, "3 gates asked", &e);
  }
  stage(t, j);
}

static void recheck(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  t->rechecked++;
  stage(t, j);
}

static void drop(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  t->dropped++;
  sl_free(sl_judging_user(j));
  if (t->at == j) {
    t->at = NULL;
    sl_timer_stop(t->l, &t->t);
  }
}

static void hold(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  struct sl_err e = { 0 };
  t->held++;
  if (t->hold_rc)
    sl_err_set(&e, t->hold_rc, "anna holds it until six");
  sl_judging_end(j, t->hold_rc, &e);
}

static void let_go(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  struct sl_err e;
  t->let_go++;
  t->ended = sl_judging_rc(j);
  sl_judging_end(j, sl_judging_note(j, "let go", &e), NULL);
}

static void told(void *user, struct sl_judging *j)
{
  struct test_judge *t = user;
  (void)j;
  t->told++;
}

void test_judge_on(struct sl_ws *w, struct test_judge *t)
{
  static const struct sl_judge_ops ops = { .prepare = prepare, .recheck = recheck, .drop = drop, .hold = hold, .let_go = let_go,
                                           .told = told };
  t->l = sl_ws_loop(w);
  sl_ws_judge(w, &ops, t);
}
