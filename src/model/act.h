/* model/act.h: the second door: plan, then act.
 *
 * A plan holds the exact calls, what undoes them, who we are, the guards, and what must be typed. Acting: INTENT to the audit (fsync) ->
 * guards read again and compared -> call with its token -> read again -> OUTCOME. A lost answer is UNKNOWN and reconciled by reading, never
 * sent again blindly. The audit cannot be written: the action does not happen. */
#ifndef SL_MODEL_ACT_H
#define SL_MODEL_ACT_H

#include "model/ws.h"

struct sl_expect { struct sl_ref ref; const char *col; struct sl_val was; };  /* what the person saw: force-with-lease */
struct sl_call {                            /* immutable, the core's for as long as a backend works on it */
  const struct sl_action *act;
  const struct sl_resource *res;
  const struct sl_ref *targets; size_t ntargets;
  const struct sl_val *args;                /* in the order of act->args, already checked; null: not given */
  const struct sl_expect *expect; size_t nexpect;
  const struct sl_expect *held; size_t nheld; /* what the guards held when it was planned; none when reconciling */
  char token[37];                           /* from the CSPRNG; the same when reconciling */
  struct sl_str settled;                    /* what the dry call's document had under "settled"; none while dry or reconciling */
  bool dry;                                 /* answer with the exact calls as the document; send nothing */
  bool ask_only;                            /* the plan is all that is wanted (--dry-run): a refusal is not written to the audit */
};
struct sl_plan;
typedef void sl_planned(void *user, struct sl_plan **take, const struct sl_err *err);   /* take NULL: err says why it cannot be done */
typedef void sl_done(void *user, int rc, const struct sl_ref *started, const struct sl_err *err); /* started: execution's ref or NULL */
/* c is copied. The plan is made by reading the targets and asking the backend for the exact calls. */
int sl_ws_plan(struct sl_ws *w, const struct sl_call *c, sl_planned *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* typed: what the person typed, "" where nothing was asked. Refused (EREADONLY) unless armed. */
int sl_ws_act(struct sl_ws *w, struct sl_plan **take, struct sl_str typed, sl_done *fn, void *user, struct sl_err *err) SL_NODISCARD;
void sl_plan_free(struct sl_plan *p);
/* Inside sl_done: the plan that has ended, to ask which of its targets were done; else NULL. */
const struct sl_plan *sl_ws_acted(const struct sl_ws *w);
/* A decision about one version or alias that was taken: "cancer/4 is approved by lead; champion of cancer is 4 now, it was 2". Of any other
 * action nothing. */
void sl_plan_said(const struct sl_plan *p, struct sl_buf *out);
bool sl_plan_target_done(const struct sl_plan *p, size_t i);
/* Actions whose end is still to come; with `plans`, plans too. Whoever leaves waits for the first, and frees no user of either before 0. */
size_t sl_ws_under_way(const struct sl_ws *w, bool plans);
/* What goes on after an action was told (a message about it): whoever leaves waits a little for it. Yours; drop() comes when the workspace
 * closes first, and the errand is out of the list by then. */
struct sl_errand { struct sl_errand *next; void (*drop)(struct sl_errand *e); };
int sl_ws_errand_begin(struct sl_ws *w, struct sl_errand *e, struct sl_err *err) SL_NODISCARD;   /* e: not in a list yet; ENOMEM */
void sl_ws_errand_end(struct sl_ws *w, struct sl_errand *e);   /* e is yours alone again; harmless where it is in no list */
bool sl_ws_errands(const struct sl_ws *w);                     /* some are still out */
/* A workspace that closes tells nobody: neither callback comes, and what was sent is reconciled by the next session. */

/* What a confirmation shows. Borrowed from the plan. */
const struct sl_action *sl_plan_action(const struct sl_plan *p);
size_t sl_plan_calls(const struct sl_plan *p);                       /* exact calls, one line each */
const char *sl_plan_call(const struct sl_plan *p, size_t i);
const char *sl_plan_undo(const struct sl_plan *p);                   /* a command line or words; NULL: cannot be undone */
size_t sl_plan_guards(const struct sl_plan *p);
const char *sl_plan_guard(const struct sl_plan *p, size_t i);        /* "state is failed" */
/* An argument, with what the judge filled in; null: not given, or no such. */
struct sl_val sl_plan_arg(const struct sl_plan *p, const char *name);
const char *sl_plan_must_type(const struct sl_plan *p);              /* NULL: Enter is enough */
const char *sl_plan_command(const struct sl_plan *p);                /* the equal command line, for Y and the docs */
size_t sl_plan_targets(const struct sl_plan *p);
const struct sl_ref *sl_plan_target(const struct sl_plan *p, size_t i);

/* ---- read-only until armed ---- */
enum sl_armed { SL_ARMED, SL_DISARMED, SL_READONLY };                /* READONLY cannot be armed away; why: sl_ws_armed_why() */
enum sl_armed sl_ws_armed(const struct sl_ws *w, int64_t *left_ms);
const char *sl_ws_armed_why(const struct sl_ws *w);
const char *sl_ws_arm_needs(const struct sl_ws *w);                  /* text to type; NULL: nothing */
int sl_ws_arm(struct sl_ws *w, struct sl_str typed, struct sl_err *err) SL_NODISCARD;   /* five minutes */
void sl_ws_disarm(struct sl_ws *w);

/* ---- audit ---- */
/* Actions that never came to a known end (of sessions that died, or whose answer was lost): each connection that can is asked, by reading,
 * and what it says is written down as `reconciled`. fn (may be NULL) is told at the end: how many were open, how many of them have an end
 * now; a workspace that closes first tells nobody. For the program's start; a plan does the same for its connection first. */
int sl_ws_reconcile(struct sl_ws *w, void (*fn)(void *user, size_t open, size_t settled), void *user, struct sl_err *err) SL_NODISCARD;
/* The same for connections that have answered something in this session: one that is dead is not asked for this alone. For a command line
 * that has its answer. */
int sl_ws_reconcile_reached(struct sl_ws *w, void (*fn)(void *user, size_t open, size_t settled), void *user, struct sl_err *err)
  SL_NODISCARD;
const char *sl_ws_audit_path(const struct sl_ws *w);
/* Writes down something beside an action: a record of its own (kind `outcome`), which names the action's token. In the lane; a failure is
 * told by sl_ws_say(). Texts are copied. */
struct sl_audit_aside { const char *action, *outcome, *of; struct sl_ref target; struct sl_str detail; };
void sl_ws_audit_aside(struct sl_ws *w, const struct sl_audit_aside *a);   /* closing waits for it */
struct sl_audit_report { uint64_t records, actions, unknown; char head[65]; const char *anchor; uint64_t bad_line; bool torn; };
/* 0, or EBREACH when broken (err names the first bad record). Says what it compared with. Blocks: a lane or the command line. */
int sl_audit_verify(const char *path, struct sl_audit_report *out, struct sl_err *err) SL_NODISCARD;

/* ---- writing objects (cp, sql --out): the sink port behind actions of `objects` ---- */
extern const struct sl_action sl_act_copy, sl_act_remove, sl_act_write;  /* write: args to (URI), from (local file made by us) */

#endif
