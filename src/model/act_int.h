/* model/act_int.h: a plan's inside, shared by plan.c, act.c and reconcile.c. */
#ifndef SL_MODEL_ACT_INT_H
#define SL_MODEL_ACT_INT_H

#include "base/mem.h"
#include "model/audit.h"
#include "model/judge.h"
#include "model/ws_int.h"

enum { ACT_TARGETS = 1000, ACT_ARGS = 16, ACT_CALLS = 2000, ACT_ARMED_MS = 5 * 60 * 1000, ACT_READ_MS = 30000, ACT_CALL_MS = 120000 };

/* What a guard's column held when the person decided; col NULL: words alone, the judge looks after them. */
struct act_guard { size_t target; const char *col; struct sl_val was; char *words; };

/* A judged plan (judge.c). */
enum judge_stage { JUDGE_IDLE, JUDGE_PREPARE, JUDGE_HOLD, JUDGE_RECHECK, JUDGE_LET_GO };
struct judge_aside;
struct act_seen { struct sl_batch *b; uint32_t row; };
struct sl_judging {
  struct sl_plan *p;
  struct sl_judging *next;           /* in the workspace's list, as long as ops */
  const struct sl_judge_ops *ops;    /* NULL: never judged, or over */
  void *user, *own;
  struct act_seen *seen;             /* the targets as they were read last */
  struct sl_buf notes;
  enum judge_stage stage;
  struct judge_aside *aside;         /* a tag on its way (judge_tag.c) */
  bool inside, ended, held;          /* held: the judge was asked to hold what it needs */
  int rc;
  struct sl_err err;
};

struct sl_plan {
  struct sl_ws *w;
  struct sl_backend *b;
  char *conn;
  const struct sl_verb *verb;
  struct sl_call call;               /* a deep copy in arena */
  struct sl_call dry;                /* the same, asked before: its own, since a backend may still read it when its request has ended */
  struct sl_val *args;               /* call.args, to be completed by the judge */
  struct sl_arena arena;
  struct act_guard *guard;
  size_t nguard, cap_guard;
  char **line; size_t nline, cap_line;
  char *undo, *must, *command;
  /* under way */
  struct sl_plan *next;              /* in the workspace's list, until told */
  sl_planned *planned;
  sl_done *done;
  void *user;
  sl_watch watch;                    /* of the row being read */
  size_t at;                         /* target being read */
  struct act_reading *reading;
  struct sl_req *req;
  unsigned refs;                     /* its holder (or the workspace's list), requests, jobs and callbacks under way */
  bool acting;                       /* its intent is written, or about to be */
  bool closing;                      /* the workspace closes: nobody is told */
  bool nameless;                     /* it started something, and there was no memory to keep its name */
  bool reconciling;                  /* made from a record of the audit: there is no person to tell */
  int rc;
  struct sl_err err;
  /* started: ref of an execution, or NULL; asked: by reconcile */
  struct { int rc; struct sl_err err; char *started; bool told, asked; } *did;
  char *audit_path;                  /* with `when`, what the lane needs: it touches nothing of the workspace */
  sl_ms when;
  struct sl_buf fields;              /* of the next audit record */
  const char *outcome;
  struct sl_judging judging;
};

/* The armed clock, and plans whose callbacks are still to come. */
struct ws_act {
  int64_t armed_until;               /* monotonic; 0: disarmed */
  struct sl_plan *plans;
  struct act_rec *recs;              /* reconcile.c */
  struct sl_errand *errands;
  const struct sl_plan *told;         /* whose end is being told */
  sl_timer armed_end;
};
int act_state(struct sl_ws *w, struct ws_act **out, struct sl_err *err) SL_NODISCARD;   /* ECANCELED: the workspace closes */

/* reconcile.c: of one connection, or (NULL) of all. */
typedef void act_rec_fn(void *user, size_t open, size_t settled);
int act_rec_start(struct sl_ws *w, const char *only, act_rec_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;
void act_recs_close(struct sl_ws *w);
struct sl_plan *act_plan_bare(struct sl_ws *w);                      /* NULL: out of memory */
void act_reconcile(struct sl_plan *p, sl_done *fn, void *user);      /* takes p; every target of it is asked for */

/* Reads the targets' rows one after the other: each(row) for every one found; then(rc). A row that is not there: ENOENT. */
int act_read_targets(struct sl_plan *p, int (*each)(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row),
                     void (*then)(struct sl_plan *p, int rc), struct sl_err *err) SL_NODISCARD;
void plan_link(struct sl_plan *p);
void plan_unlink(struct sl_plan *p);
struct sl_plan *plan_ref(struct sl_plan *p);
void plan_unref(void *plan);          /* fits ws_req_spec.release */
int plan_conn(struct sl_plan *p, struct sl_err *err) SL_NODISCARD;   /* finds b again: the file may have been read again meanwhile */
int plan_must_type(struct sl_plan *p) SL_NODISCARD;
void plan_reading_drop(struct sl_plan *p);
int plan_text(struct sl_plan *p, char **slot, struct sl_str s);
/* `"action":...` and so on: what intent and outcome have in common. */
void act_fields(struct sl_plan *p, const char *kind);
void act_detail(struct sl_plan *p, const char *otherwise);   /* ,"detail": the error, what was started, the judge's notes, or this */
/* Writes p->fields as a record, in the lane: a job of act_append_work(), whose done() first asks act_job_over(), which is false where the
 * workspace has closed meanwhile. */
int act_append_work(void *user, const atomic_bool *cancel, struct sl_err *err);
int act_append(struct sl_plan *p, const struct sl_job_ops *ops, struct sl_err *err) SL_NODISCARD;
bool act_job_over(struct sl_plan *p);
/* Of this machine's run and of a process's start; empty: unknown. Into b. */
struct sl_str act_boot(struct sl_buf *b);
struct sl_str act_born(struct sl_buf *b, long pid);
void act_quote(struct sl_buf *b, struct sl_str s);   /* a JSON string that every reader takes: bytes that are no UTF-8 as \xHH */
/* A column of a row, or `tags.KEY` of a family; false: there is no such column, or one that changes by itself. */
bool act_cell(const struct sl_batch *b, uint32_t row, const char *col, struct sl_val *out);
bool plan_arg_fits(const struct sl_arg *a, const struct sl_val *v);
int plan_val_copy(struct sl_arena *a, struct sl_val *v) SL_NODISCARD;
int plan_guard_words(struct sl_plan *p, const char *words, struct sl_err *err) SL_NODISCARD;

/* judge.c. Each stage goes on with plan_judged(), act_held(), act_judged() or act_let_go(); p may be gone when it returns. */
void judge_prepare(struct sl_plan *p);
void judge_hold(struct sl_plan *p);
void judge_let_go(struct sl_plan *p);
void judge_told(struct sl_plan *p);
void judge_tag_drop(struct sl_judging *j);
void judge_recheck(struct sl_plan *p);
int judge_seen(struct sl_plan *p, size_t target, struct sl_batch *b, uint32_t row) SL_NODISCARD;
void judge_free(struct sl_plan *p);
void judges_close(struct sl_ws *w);
void plan_judged(struct sl_plan *p, int rc);
void act_held(struct sl_plan *p, int rc);
void act_judged(struct sl_plan *p, int rc);
void act_let_go(struct sl_plan *p);

/* As guards compare and as they are shown: null is a value, "not set". */
bool val_is(const struct sl_val *a, const struct sl_val *b);
void val_words(struct sl_buf *b, const struct sl_val *v);

#endif
