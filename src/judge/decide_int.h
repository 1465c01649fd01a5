/* judge/decide_int.h: one decision being judged, and what the files about it share: decide.c leads it through its steps, rules.c says what
 * is allowed, rollback.c finds where an alias came from. */
#ifndef SL_JUDGE_DECIDE_INT_H
#define SL_JUDGE_DECIDE_INT_H

#include "judge/decisions.h"
#include "judge/eyes.h"
#include "judge/gates.h"
#include "judge/me.h"
#include "loop/loop.h"
#include "model/judge.h"

enum judge_what { JUDGE_REQUEST, JUDGE_APPROVE, JUDGE_REJECT, JUDGE_ROLLBACK };
struct deciding {
  struct sl_judging *j;
  struct sl_ws *w;
  enum judge_what what;
  bool again;                        /* the second time: does it still stand? */
  bool gone, working;                /* dropped; a lane has it */
  bool glass, move;
  struct sl_arena mem;               /* holds the texts */
  struct sl_ws_conf *conf;           /* counted; may be NULL */
  const struct sl_model_conf *policy;/* NULL: nothing governs this model */
  struct sl_str conn, model, to, comment, registry;
  struct sl_str was;                 /* what the alias names now, or which version has the stage; "" nothing */
  int64_t holder;                    /* of a stage: who has it, as just read; 0 nobody */
  int64_t version;
  char policy_digest[65], evidence[65], digest[65];
  struct { struct sl_str key, value; } *tag; size_t ntag;   /* that may hold statements of people: */
  struct sl_snap *versions;          /* of a rollback: where it may go; of a stage: who has it */
  struct sl_me_ask ask;
  struct sl_me me;
  struct sl_decisions past;
  sl_ms at;
  struct sl_str text;                /* the statement */
  struct sl_buf sealed;              /* the tag's value */
  sl_watch watch;
  sl_job job;
  struct sl_gates_job *gates;
};

/* ---- rules.c: EBREACH: a rule is not met; EUSAGE: another command, or a line for the workspace file ---- */
/* Actions that would go past the rules: tags approval.*, the alias or stage that a policy governs. */
int rules_raw(const struct sl_judging *j, struct sl_err *err);
/* Who decides here may; and signs, where keys are listed. */
int rules_person(const struct deciding *d, struct sl_err *err);
/* `--expect ALIAS=VERSION`. */
int rules_expect(const struct deciding *d, struct sl_str expect, struct sl_err *err);
/* Every gate and four eyes; words: what was passed over by break_glass, or only advised. Sets the digests. */
int rules_gates(struct deciding *d, const struct sl_gates *g, struct sl_buf *words, struct sl_err *err);
/* Whether this approval is the last that is needed. */
int rules_enough(struct deciding *d, struct sl_err *err);

/* ---- rollback.c, in a lane: sets d->version ---- */
int rollback_find(struct deciding *d, struct sl_err *err);

#endif
