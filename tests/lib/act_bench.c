/* tests/lib/act_bench.c: planning and acting on the fake backend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "act_bench.h"

enum { TARGETS = 8 };

static void on_planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct fa *a = user;
  a->told++;
  a->plan = *take;
  *take = NULL;
  a->rc = err ? err->code : SL_OK;
  if (err)
    a->err = *err;
}

static void on_done(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct fa *a = user;
  struct sl_buf b;
  a->told++;
  a->rc = rc;
  if (err)
    a->err = *err;
  sl_buf_init(&b, 4096);
  if (started)
    sl_ref_text(&b, started);
  snprintf(a->started, sizeof a->started, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
}

int fa_plan(struct fx *f, struct fa *a, const struct sl_call *c)
{
  *a = (struct fa){ 0 };
  int rc = sl_ws_plan(f->w, c, on_planned, a, &a->err);
  if (rc) {
    a->rc = rc;
    return rc;
  }
  assert_int_equal(a->told, 0);
  fx_settle(f);
  assert_int_equal(a->told, 1);
  assert_int_equal(a->rc != 0, a->plan == NULL);
  return a->rc;
}

int fa_call(struct fx *f, struct fa *a, const struct sl_action *act, const char *ids, const struct sl_val *args)
{
  struct sl_ref ref[TARGETS];
  struct sl_str rest = sl_str(ids), one;
  size_t n = 0;
  while (n < TARGETS && rest.n) {
    if (!sl_str_cut(&rest, ' ', &one)) {
      one = rest;
      rest = SL_STR("");
    }
    ref[n++] = (struct sl_ref){ SL_STR("fake"), SL_STR("things"), one };
  }
  struct sl_call c = { .act = act, .res = &fake_things, .targets = ref, .ntargets = n, .args = args };
  return fa_plan(f, a, &c);
}

int fa_act_start(struct fx *f, struct fa *a, const char *typed)
{
  struct sl_plan *p = a->plan;
  *a = (struct fa){ 0 };
  a->rc = sl_ws_act(f->w, &p, sl_str(typed), on_done, a, &a->err);
  assert_null(p);
  assert_int_equal(a->told, 0);
  return a->rc;
}

int fa_act(struct fx *f, struct fa *a, const char *typed)
{
  if (fa_act_start(f, a, typed))
    return a->rc;
  fx_settle(f);
  assert_int_equal(a->told, 1);
  return a->rc;
}

int fa_do(struct fx *f, struct fa *a, const struct sl_action *act, const char *ids)
{
  assert_int_equal(sl_ws_arm(f->w, SL_STR(""), NULL), SL_OK);
  int rc = fa_call(f, a, act, ids, NULL);
  return rc ? rc : fa_act(f, a, "");
}

struct sl_call fa_halt(struct sl_ref *ref, const char *id)
{
  *ref = (struct sl_ref){ SL_STR("fake"), SL_STR("things"), sl_str(id) };
  return (struct sl_call){ .act = &fake_act_halt, .res = &fake_things, .targets = ref, .ntargets = 1 };
}

static int add_record(void *user, const struct sl_audit_rec *r)
{
  struct sl_buf *b = user;
  sl_buf_printf(b, "%s%.*s", b->n ? " " : "", SL_ARG(r->kind));
  if (r->outcome.n)
    sl_buf_printf(b, ":%.*s", SL_ARG(r->outcome));
  return SL_OK;
}

const char *fa_audit(struct fx *f)
{
  static char text[1024];
  struct sl_buf b;
  uint64_t bad;
  struct sl_err e = { 0 };
  sl_buf_init(&b, 1 << 16);
  if (sl_audit_read(sl_ws_audit_path(f->w), add_record, &b, &bad, &e) || bad)
    fail_msg("%s (%u bad)", e.msg, (unsigned)bad);
  snprintf(text, sizeof text, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return text;
}

void fa_audit_holds(struct fx *f)
{
  struct sl_audit_report r;
  struct sl_err e = { 0 };
  if (sl_audit_verify(sl_ws_audit_path(f->w), &r, &e))
    fail_msg("%s", e.msg);
}
