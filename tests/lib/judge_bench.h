/* tests/lib/judge_bench.h: a judge that does what a test says: refuses, thinks for a while, says nothing, forgets an argument. */
#ifndef SL_TESTS_JUDGE_BENCH_H
#define SL_TESTS_JUDGE_BENCH_H

#include "loop/loop.h"
#include "model/judge.h"

struct test_judge {
  /* ---- the script ---- */
  struct sl_loop *l;
  int prepare_rc, recheck_rc, hold_rc;
  int think_ms;                  /* 0: answers inside the call */
  bool never, silent;            /* never: no answer; silent: fills nothing in */
  const char *statement;         /* what it says; NULL: "by the rules" */
  void (*fill)(struct test_judge *t, struct sl_judging *j);  /* instead of `statement` and `move` */
  /* ---- what happened ---- */
  int prepared, rechecked, dropped, held, let_go, told;
  int ended;                     /* how it had ended when it was let go */
  int said;                      /* the first code that a call of ours gave back */
  char saw[64];                  /* the target's `state`, then tags.team, of the last stage */
  struct sl_judging *at;
  sl_timer t;
};
void test_judge_on(struct sl_ws *w, struct test_judge *t);

#endif
