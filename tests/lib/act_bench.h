/* tests/lib/act_bench.h: planning and acting on the fake backend, in one line each. */
#ifndef SL_TESTS_ACT_BENCH_H
#define SL_TESTS_ACT_BENCH_H

#include "fake_backend.h"
#include "model/audit.h"

struct fa {                      /* how the last plan or act ended */
  int told, rc;
  struct sl_plan *plan;          /* yours */
  struct sl_err err;
  char started[128];
};
/* ids: "a b c" of things of `fake`. args: in the action's order, or NULL. */
int fa_call(struct fx *f, struct fa *a, const struct sl_action *act, const char *ids, const struct sl_val *args);
int fa_plan(struct fx *f, struct fa *a, const struct sl_call *c);                    /* settles; rc */
int fa_act(struct fx *f, struct fa *a, const char *typed);                           /* takes a->plan; settles; rc */
int fa_act_start(struct fx *f, struct fa *a, const char *typed);                     /* the same without settling */
int fa_do(struct fx *f, struct fa *a, const struct sl_action *act, const char *ids); /* both, armed */
struct sl_call fa_halt(struct sl_ref *ref, const char *id);

/* The audit: kinds and outcomes in order, "intent outcome:ok". */
const char *fa_audit(struct fx *f);
void fa_audit_holds(struct fx *f);                                                   /* verifies */

#endif
