/* tests/lib/fake_verbs.c: what the fake backend can do to its things: halt (guarded, reconciled), make (arguments, nothing to read first),
 * drop (cannot be undone, cannot be asked about). How each call goes is scripted in struct fake. */
#include <stdio.h>
#include <stdlib.h>

#include "fake_backend.h"

static const struct sl_arg make_args[] = {
  { .name = "name", .help = "its name", .type = SL_TEXT, .required = true }, { .name = "n", .help = "how many", .type = SL_I64 },
  { .name = "at", .help = "when", .type = SL_TIME },                         { .name = "share", .help = "a share", .type = SL_F64 },
  { .name = "params", .help = "k=v", .type = SL_LIST },                      { .name = "hard", .help = "hard", .type = SL_BOOL, .dflt =
      "true" },
};
static const char *const no_guards[] = { NULL };
static const char *const drop_guards[] = { "state", "size", "nosuch", NULL };
const struct sl_action fake_act_halt = { .name = "halt", .help = "halt it", .undo = "start", .risk = SL_REVERSIBLE, .once = SL_ONCE_TOKEN,
                                         .when = "state != 'ok'" };
const struct sl_action fake_act_make = { .name = "make", .help = "make one", .risk = SL_DESTRUCTIVE, .once = SL_ONCE_TOKEN, .args =
    make_args,
                                         .nargs = 6, .guards = no_guards };
const struct sl_action fake_act_drop = { .name = "drop", .help = "drop it", .risk = SL_DESTRUCTIVE, .once = SL_ONCE_READ,
                                         .guards = drop_guards };
const struct sl_action fake_act_look = { .name = "look", .help = "look harder", .risk = SL_SAFE, .once = SL_ONCE_READ };
static const struct sl_arg bless_args[] = {
  { .name = "why", .help = "why", .type = SL_TEXT },
  { .name = "statement", .help = "what was decided", .type = SL_TEXT, .required = true, .computed = true },
  { .name = "move", .help = "whether it moves", .type = SL_BOOL, .dflt = "false", .computed = true },
};
const struct sl_action fake_act_bless = { .name = "bless", .help = "by the rules", .undo = "curse", .risk = SL_REVERSIBLE,
                                          .once = SL_ONCE_READ, .args = bless_args, .nargs = 3, .judged = true };
const struct sl_action *const fake_actions[] = { &fake_act_halt, &fake_act_make, &fake_act_drop, &fake_act_look, &fake_act_bless, NULL };

struct verb_req { struct fake *f; struct sl_req *r; const struct sl_call *c; sl_timer t; bool cancelled, reconcile, dry; };

static void note(struct fake *f, const struct sl_call *c)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  for (size_t i = 0; i < c->ntargets; i++)
    sl_buf_printf(&b, "%s%.*s", i ? " " : "", SL_ARG(c->targets[i].id));
  snprintf(f->targets_was, sizeof f->targets_was, "%s", sl_buf_zstr(&b));
  sl_buf_clear(&b);
  for (size_t i = 0; i < c->act->nargs; i++) {
    sl_buf_printf(&b, "%s%s=", i ? " " : "", c->act->args[i].name);
    if (c->args[i].null)
      sl_buf_z(&b, "-");
    else
      sl_val_text(&b, &c->args[i]);
  }
  snprintf(f->args_was, sizeof f->args_was, "%s", sl_buf_zstr(&b));
  snprintf(f->token_was, sizeof f->token_was, "%s", c->token);
  sl_buf_free(&b);
}

static int dry(struct sl_req *r, const struct sl_call *c, struct fake *f)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  sl_buf_z(&b, "{\"calls\":[");
  for (size_t i = 0; i < c->ntargets; i++)
    sl_buf_printf(&b, "%s\"%s %.*s\"", i ? "," : "", c->act->name, SL_ARG(c->targets[i].id));
  sl_buf_z(&b, "]}");
  int rc = b.failed ? b.failed : sl_req_doc(r, f->dry_doc ? sl_str(f->dry_doc) : sl_buf_view(&b));
  sl_buf_free(&b);
  return rc;
}

static int did_all(struct verb_req *q)
{
  const struct sl_call *c = q->c;
  struct fake *f = q->f;
  int rc = SL_OK;
  for (size_t i = 0; i < c->ntargets && !rc; i++) {
    int how = i < sizeof f->verb_rc / sizeof f->verb_rc[0] ? f->verb_rc[i] : SL_OK;
    struct sl_err e = { 0 };
    struct sl_ref ref = { SL_STR("fake"), SL_STR("things"), sl_str(f->started ? f->started : "") };
    if (how == FAKE_UNTOLD)
      continue;
    if (how)
      sl_err_set(&e, how, "%s", f->message ? f->message : "scripted failure");
    rc = sl_req_did(q->r, i, how, f->started && !how ? &ref : NULL, how ? &e : NULL);
  }
  return rc;
}

static void verb_step(void *user)
{
  struct verb_req *q = user;
  struct fake *f = q->f;
  int rc = q->reconcile ? f->reconcile_rc : q->c->dry ? SL_OK : f->call_rc;
  struct sl_err e = { 0 };
  q->t.v = 0;
  f->dry_turned += q->dry && !q->c->dry;
  if (q->cancelled) {
    struct sl_backend *b = sl_req_backend(q->r);
    note(f, q->c); /* the call is still there to be read */
    sl_req_end(q->r, SL_ECANCELED, NULL);
    f->ending--;
    fake_may_close(f, b);
    return;
  }
  if (q->c->dry)
    rc = f->dry_rc ? f->dry_rc : dry(q->r, q->c, f);
  else if (!q->reconcile && !rc)
    rc = did_all(q);
  if (rc)
    sl_err_set(&e, rc, "%s", f->message ? f->message : "scripted failure");
  sl_req_end(q->r, rc, rc ? &e : NULL);
}

static int verb_start(struct sl_req *r, const struct sl_call *c, bool reconcile, struct sl_err *err)
{
  struct fake *f = *(struct fake **)sl_backend_state(sl_req_backend(r));
  struct verb_req *q = sl_req_state(r);
  *q = (struct verb_req){ .f = f, .r = r, .c = c, .reconcile = reconcile, .dry = c->dry };
  f->calls += !reconcile && !c->dry;
  f->dries += c->dry;
  f->reconciles += reconcile;
  note(f, c);
  if (!reconcile && !c->dry && f->call_refuse)
    return sl_err_set(err, f->call_refuse, "scripted refusal");
  if (f->call_never && !c->dry)
    return SL_OK;
  return sl_timer_start(sl_backend_loop(sl_req_backend(r)), c->dry ? f->dry_ms : f->call_ms, 0, verb_step, q, &q->t, err);
}

static int verb_run(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return verb_start(r, c, false, err); }
static int verb_reconcile(struct sl_req *r, const struct sl_call *c, struct sl_err *err) { return verb_start(r, c, true, err); }

static void verb_cancel(struct sl_req *r)
{
  struct verb_req *q = sl_req_state(r);
  sl_timer_stop(sl_backend_loop(sl_req_backend(r)), &q->t);
  q->f->cancels++;
  q->f->ending++;
  q->cancelled = true;
  if (!q->f->late_end_ms || sl_timer_start(sl_backend_loop(sl_req_backend(r)), q->f->late_end_ms, 0, verb_step, q, &q->t, NULL))
    verb_step(q);
}

#define VERB .req_size = sizeof(struct verb_req), .run = verb_run, .cancel = verb_cancel
const struct sl_verb fake_verbs[FAKE_VERBS] = {
  { .act = &fake_act_halt, VERB, .reconcile = verb_reconcile },
  { .act = &fake_act_make, VERB, .reconcile = verb_reconcile },
  { .act = &fake_act_drop, VERB },
  { .act = &fake_act_look, VERB },
  { .act = &fake_act_bless, VERB, .reconcile = verb_reconcile },
};
