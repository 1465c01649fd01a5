/* loop/priv.h: what the files of this folder know of each other; nobody else includes it (it shows libuv). */
#ifndef SL_LOOP_PRIV_H
#define SL_LOOP_PRIV_H

#include <pthread.h>
#include <uv.h>

#include "base/err.h"
#include "loop/loop.h"

/* ---- slots: ids that outlive what they name. An id is generation << 32 | slot + 1, so 0 never names anything. ---- */
struct sl_slot { void *p; uint32_t gen, next; };
struct sl_slots { struct sl_slot *at; size_t n, cap, live; uint32_t free; };
int sl_slots_put(struct sl_slots *s, void *p, uint64_t *id, struct sl_err *err) SL_NODISCARD;   /* p not NULL; ENOMEM, ELIMIT */
void *sl_slots_get(const struct sl_slots *s, uint64_t id);  /* NULL: stale */
void *sl_slots_take(struct sl_slots *s, uint64_t id);       /* and forgets it */
void *sl_slots_any(const struct sl_slots *s);               /* one of those that are left, or NULL: for tearing down */
void sl_slots_free(struct sl_slots *s);                     /* what they name is left alone */

/* ---- deferred ends: memory that a callback up the stack may still hold. Cannot fail: the node lives in what is freed. ---- */
struct sl_defer { struct sl_defer *next; void (*fn)(void *p); void *p; };

struct sl_note;       /* a finished job, or a piece that it posted (job.c) */
struct sl_lane_rt;
struct sl_timer_rt;
struct sl_names;
struct sl_children;
struct sl_sigwatch;
struct sl_later { sl_timer_fn *fn; void *user; };

struct sl_loop {
  uv_loop_t uv;
  uv_timer_t tick;                     /* bounds the wait */
  uv_async_t async;                    /* lanes and sl_loop_wake() */
  bool stopped, closing, in_turn, frozen, wall_stands;
  unsigned long ran;                   /* callbacks so far: a turn in which none ran calls no hook */
  long busy;                           /* what is under way, see sl_loop_settled() */
  int64_t now;                         /* ms, of this turn or the frozen clock */
  sl_ms wall;                          /* frozen wall clock */
  int (*hook)(void *user);
  void *hook_user;
  int64_t hook_due;                    /* INT64_MAX: no wish */

  struct sl_slots timers;
  struct sl_timer_rt **heap;
  size_t nheap, capheap;
  uint64_t timer_seq;
  struct sl_later *later;
  size_t nlater, caplater;
  struct sl_defer *defer;

  struct sl_slots watches;
  struct sl_sigwatch *signals;

  struct sl_slots jobs;
  unsigned cpu_threads;
  struct sl_lane_rt *lane[SL_LANE_N];
  pthread_mutex_t notes_lock;
  struct sl_note *notes, **notes_tail; /* under the lock: from the lanes */
  struct sl_note *ready;               /* the loop's: taken over, not yet delivered */

  struct sl_names *names;
  struct sl_children *children;
};

/* Every callback of libuv begins with it: the clock moves, the hook will run. */
void sl_loop_enter(struct sl_loop *l);
void sl_loop_defer(struct sl_loop *l, struct sl_defer *d, void (*fn)(void *p), void *p);
int64_t sl_clock_ms(void);             /* monotonic, whatever is frozen */

int64_t sl_timers_due(const struct sl_loop *l);    /* of the first one; INT64_MAX: none */
void sl_timers_run(struct sl_loop *l);             /* those due, but none that was started meanwhile */
/* When the loop closes: no callback of theirs comes any more. */
void sl_timers_free(struct sl_loop *l);

void sl_watches_close(struct sl_loop *l);   /* signals too; descriptors stay open */

void sl_jobs_deliver(struct sl_loop *l);    /* done() and posted pieces, for a slice of time */
bool sl_jobs_ready(struct sl_loop *l); /* something waits to be delivered */
/* Waits for what runs; every done() comes in it. */
void sl_jobs_close(struct sl_loop *l);
/* A job whose thread may hang in libc for long: closing does not wait for it. Then drop(user) runs in its thread instead of done(). */
int sl_job_start_droppable(struct sl_loop *l, enum sl_lane lane, const struct sl_job_ops *ops, void (*drop)(void *user), void *user,
                           sl_job *out, struct sl_err *err) SL_NODISCARD;

void sl_names_free(struct sl_loop *l);   /* nobody who waits is told */
void sl_children_free(struct sl_loop *l);   /* kills what has no session of its own; exited() does not come */

#endif
