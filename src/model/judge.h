/* model/judge.h: who knows the rules of a decision.
 *
 * Actions that are `judged` (an approval, an alias's move) are more than their call: whether they may happen depends on gates, evidence and
 * people. Whoever knows those is asked twice: when a plan is made (prepare), and again when the intent is written and the guards hold
 * (recheck). Without a judge such actions are refused and not offered, so nobody passes the rules by their absence.
 *
 * Threads: the loop's. What a function gives back is borrowed and lives as long as the judging. */
#ifndef SL_MODEL_JUDGE_H
#define SL_MODEL_JUDGE_H

#include "model/act.h"

struct sl_judging;           /* one plan being judged: from prepare until drop */
struct sl_judge_ops {
  /* The targets are read: fill in computed arguments, add guards' words, or refuse. Ends with sl_judging_end(), inside or later. */
  void (*prepare)(void *user, struct sl_judging *j);
  /* The intent is written and the guards hold; cells are those of now: does the decision still stand? Ends the same way. */
  void (*recheck)(void *user, struct sl_judging *j);
  /* The plan is over, however it ended: exactly once for every one that prepare was asked about. Free what is yours. A stage that was
   * still under way gets no end any more. */
  void (*drop)(void *user, struct sl_judging *j);
  /* Who decides here? Look, off the loop, and tell sl_ws_set_signer(), unless it was told to close before. NULL: nobody looks. */
  void (*who)(void *user);
  void (*close)(void *user);  /* the workspace closes, or another judge takes over: touch it no more. NULL: nothing is held */
  /* The intent is written and nothing was read again yet: take what is held while it is. Ends as prepare does. NULL, as the next two: not
   * asked. */
  void (*hold)(void *user, struct sl_judging *j);
  /* After a hold, however it ended: all is done and read again, the outcome (sl_judging_rc()) is about to be written down: let go. Ends as
   * the others; its code changes nothing. */
  void (*let_go)(void *user, struct sl_judging *j);
  /* After a hold: the outcome is written down, and the person knows it. No end. */
  void (*told)(void *user, struct sl_judging *j);
};
/* NULL ops: judged actions are refused from now on (EUNSUP); plans that wait for an answer are refused inside this call. */
void sl_ws_judge(struct sl_ws *w, const struct sl_judge_ops *ops, void *user);
/* To be listed at all: it is not judged, or somebody is there to judge it. */
bool sl_ws_offers(const struct sl_ws *w, const struct sl_action *act);

const struct sl_call *sl_judging_call(const struct sl_judging *j);       /* with the computed arguments so far */
struct sl_ws *sl_judging_ws(const struct sl_judging *j);                 /* whose plan it is */
/* Of the target as it was read last, also `tags.KEY` of a family; null: no such. Until the next stage. */
struct sl_val sl_judging_cell(const struct sl_judging *j, size_t target, const char *col);
/* The tag in which a registry keeps one person's statement: approval.statement.PERSON, whatever is no a-z 0-9 . - escaped as _ and two hex
 * digits, so that two persons never share one, also where a store compares without case; a very long name stands there as its digest. */
int sl_statement_key(struct sl_buf *out, struct sl_str person, struct sl_err *err) SL_NODISCARD;
/* The next three belong to prepare. A computed argument, or one that the person left out; copied. */
int sl_judging_arg(struct sl_judging *j, const char *name, struct sl_val v, struct sl_err *err) SL_NODISCARD;
int sl_judging_guard(struct sl_judging *j, const char *words, struct sl_err *err) SL_NODISCARD;  /* shown: "champion is 6" */
int sl_judging_note(struct sl_judging *j, const char *words, struct sl_err *err) SL_NODISCARD;   /* into the audit's detail */
void sl_judging_set_user(struct sl_judging *j, void *own);
void *sl_judging_user(const struct sl_judging *j);
int sl_judging_rc(const struct sl_judging *j);              /* in let_go and told: how it ended; EUNKNOWN: nobody knows yet */
/* From hold to let_go, one at a time: a tag of a model of the same connection is set, by the backend's own verb; value none: removed. Only
 * while it still holds `was` (none: nothing), which the registry may compare no better than by looking. It is a part of the action whose
 * intent is written, and no action of its own. fn never comes inside the call, and not after drop. */
typedef void sl_judging_tagged(void *user, int rc, const struct sl_err *err);
int sl_judging_tag(struct sl_judging *j, struct sl_str model, struct sl_str key, struct sl_str was, struct sl_str value,
                   sl_judging_tagged *fn, void *user, struct sl_err *err) SL_NODISCARD;
/* Exactly once a stage; touch j no more after it until you are called again. EBREACH: a rule is not met; in prepare that is written to the
 * audit as `refused` (not where the call is ask_only). err's words are what the person reads. */
void sl_judging_end(struct sl_judging *j, int rc, const struct sl_err *err);

#endif
