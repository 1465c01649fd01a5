/* judge/decide_int.h: one decision being judged, and what the files about it share: decide.c leads it through its steps, rules.c says what
 * is allowed, rollback.c finds where an alias came from, lease_turn.c sees to it that one at a time decides. */
#ifndef SL_JUDGE_DECIDE_INT_H
#define SL_JUDGE_DECIDE_INT_H

#include "judge/decisions.h"
#include "judge/eyes.h"
#include "judge/gates.h"
#include "judge/lease.h"
#include "judge/me.h"
#include "loop/loop.h"
#include "model/judge.h"

struct deciding;
struct turn {                        /* lease_turn.c */
  enum sl_turns kind;
  bool held;
  struct sl_lease_dir dir;
  struct sl_holder me;
  struct sl_str seen, text;          /* of the registry's tag: what stood there, what we wrote */
  struct sl_buf note;                /* for the audit */
  int64_t began;                     /* monotonic */
  sl_timer timer;
  void (*then)(struct deciding *d, int rc, const struct sl_err *err);
  int rc;                            /* what the lane says */
  struct sl_err err;
};
enum judge_what { JUDGE_REQUEST, JUDGE_APPROVE, JUDGE_REJECT, JUDGE_ROLLBACK };
struct deciding {
  struct sl_judging *j;
  struct sl_ws *w;
  enum judge_what what;
  bool again;                        /* the second time: does it still stand? */
  bool gone, working;                /* dropped; a lane has it */
  bool glass, move;
  int have;                          /* how many agree, with this one */
  struct sl_arena mem;               /* holds the texts */
  struct sl_ws_conf *conf;           /* counted; may be NULL */
  const struct sl_model_conf *policy;/* NULL: nothing governs this model */
  struct sl_str conn, model, to, comment, registry;
  struct sl_str was;                 /* what the alias names now, or which version has the stage; "" nothing */
  int64_t holder;                    /* of a stage: who has it, as just read; 0 nobody */
  int64_t version;
  char policy_digest[65], evidence[65], digest[65];
  char *audit;                       /* our own, to be read by a rollback; NULL: none */
  char about[240];                   /* of a rollback: what the earlier approval is worth today; "" nothing */
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
  struct turn turn;
};

/* ---- decide.c ---- */
int decide_keep(struct deciding *d, struct sl_str *out, struct sl_str s, struct sl_err *err);   /* a copy that lives as long as d */
int decide_ask(struct deciding *d, const struct sl_resource *res, enum sl_query_kind kind, const char *want, sl_changed *fn,
               struct sl_err *err);                                       /* of this model; the watch is d->watch */
int decide_answer_rc(const struct sl_answer *a, struct sl_err *err);
/* In lane `long`. Its done begins with decide_back(); false: d is over, by the failure or because it was dropped meanwhile. */
int decide_lane(struct deciding *d, const struct sl_job_ops *ops, struct sl_err *err);
bool decide_back(struct deciding *d, int rc, const struct sl_err *err);

/* ---- lease_turn.c: then() may come inside the call ---- */
void turn_words(const struct deciding *d, struct sl_buf *out);
int turn_look(const struct deciding *d, struct sl_err *err);              /* in a lane: what would keep us from taking it */
void turn_take(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err));
void turn_check(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err));   /* right before it is sent */
void turn_give_back(struct deciding *d, void (*then)(struct deciding *d, int rc, const struct sl_err *err));
void turn_stop(struct deciding *d);

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
/* Who must agree yet; and why an approval that somebody gave does not count here and now. */
void rules_wanting(const struct deciding *d, struct sl_buf *out);

/* ---- rollback.c, in a lane: sets d->version, d->digest and d->about; again: it must be the same version ---- */
int rollback_find(struct deciding *d, struct sl_err *err);

#endif
