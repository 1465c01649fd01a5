/* loop/loop.h: the one thread that everything happens on, and what wakes it.
 *
 * libuv below, hidden: nobody includes uv.h outside this folder. A turn is: wait -> callbacks of descriptors, timers, finished jobs ->
 * deferred closes -> the turn hook (which paints). No callback blocks, and none frees its caller. Ids are slot + generation: a stale id is
 * ignored everywhere. Threads: the loop's, except what is marked [any]. */
#ifndef SL_LOOP_LOOP_H
#define SL_LOOP_LOOP_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

struct sl_loop;
int sl_loop_open(struct sl_loop **out, struct sl_err *err) SL_NODISCARD;   /* yours */
void sl_loop_close(struct sl_loop *l);              /* cancels everything, waits for the lanes' current jobs, frees */
/* One turn: waits at most wait_ms (-1: until something happens; 0: not at all). False once sl_loop_stop() was called. */
bool sl_loop_turn(struct sl_loop *l, int wait_ms);
void sl_loop_stop(struct sl_loop *l);
void sl_loop_wake(struct sl_loop *l);               /* [any] the loop's next turn starts at once */
/* Called at the end of each turn in which something ran; returns ms until it wants to be called again, -1: no wish. */
void sl_loop_hook(struct sl_loop *l, int (*turn)(void *user), void *user);
/* True when nothing is under way: no job, request, child with output due, name look-up, nor timer due now. Tests wait for it. */
bool sl_loop_settled(const struct sl_loop *l);
/* Work that the loop does not see by itself (a box, a watch that waits) counts in with these. */
void sl_loop_busy(struct sl_loop *l, int delta);

/* ---- clock: monotonic for intervals, wall for what people read. A test freezes both and moves them. ---- */
int64_t sl_loop_now(const struct sl_loop *l);       /* ms, monotonic, as of this turn */
sl_ms sl_loop_wall(const struct sl_loop *l);
bool sl_loop_frozen(const struct sl_loop *l);
/* What people read stands at `wall`, while timers and deadlines go on: a recording that is looked at later. */
void sl_loop_wall_stand(struct sl_loop *l, sl_ms wall);
void sl_loop_clock_freeze(struct sl_loop *l, sl_ms wall);
void sl_loop_clock_advance(struct sl_loop *l, int64_t ms); /* only when frozen; due timers run in the next turn */

/* ---- timers ---- */
typedef struct { uint64_t v; } sl_timer;
typedef void sl_timer_fn(void *user);
int sl_timer_start(struct sl_loop *l, int64_t after_ms, int64_t repeat_ms, sl_timer_fn *fn, void *user, sl_timer *out, struct sl_err *err)
  SL_NODISCARD;                                     /* repeat 0: once */
void sl_timer_stop(struct sl_loop *l, sl_timer *t); /* and sets it to 0 */
/* Runs fn at the end of this turn: for what must not happen inside the caller's frame. */
int sl_loop_later(struct sl_loop *l, sl_timer_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

/* ---- descriptors and signals ---- */
typedef struct { uint64_t v; } sl_fdwatch;
enum { SL_READABLE = 1, SL_WRITABLE = 2, SL_HANGUP = 4 };
int sl_fd_watch(struct sl_loop *l, int fd, unsigned events, void (*fn)(void *user, int fd, unsigned events), void *user, sl_fdwatch *out,
                struct sl_err *err) SL_NODISCARD; /* one watch a descriptor at a time; its O_NONBLOCK stays as it was */
void sl_fd_events(struct sl_loop *l, sl_fdwatch w, unsigned events); /* 0: paused */
void sl_fd_unwatch(struct sl_loop *l, sl_fdwatch *w); /* does not close fd */
int sl_signal_watch(struct sl_loop *l, int signum, void (*fn)(void *user, int signum), void *user, struct sl_err *err) SL_NODISCARD;

/* ---- lanes: threads for what blocks ---- */
enum sl_lane {
  SL_LANE_DNS,   /* name look-ups only: a silent name server fills this lane and no other */
  SL_LANE_FILE,  /* fsync, spill, audit, key files: short */
  SL_LANE_CPU,   /* decode, sort, filter: one thread a core */
  SL_LANE_LONG,  /* anything without a bound (directory walks, SQLite queries); grows to 8 threads */
  SL_LANE_N
};
typedef struct { uint64_t v; } sl_job;
struct sl_job_ops {
  /* In the lane's thread. Owns what `user` points to until it returns; touches no model, ui or global. Polls *cancel. */
  int (*work)(void *user, const atomic_bool *cancel, struct sl_err *err);
  /* On the loop, exactly once, also after cancel (rc SL_ECANCELED when it never ran). `user` is yours again: free it here. */
  void (*done)(void *user, int rc, const struct sl_err *err);
};
int sl_job_start(struct sl_loop *l, enum sl_lane lane, const struct sl_job_ops *ops, void *user, sl_job *out, struct sl_err *err)
  SL_NODISCARD;                                     /* on failure nothing was started: user is still yours */
void sl_job_cancel(struct sl_loop *l, sl_job *j);   /* sets the flag; done() still follows */
void sl_loop_threads(struct sl_loop *l, unsigned cpu_threads); /* before the first job; 0: the cores */
/* [any, inside work()] hands a piece of output to the loop before the job ends: fn(piece) runs there in order. */
int sl_job_post(struct sl_loop *l, void (*fn)(void *piece), void *piece, struct sl_err *err) SL_NODISCARD;

/* ---- names: no library ever sees an unresolved one (curl's cancel and libpq block on a silent server) ---- */
struct sl_addr { char ip[46]; bool v6; };
typedef struct { uint64_t v; } sl_lookup;
/* On the loop, once. addr: n addresses, until it returns. */
typedef void sl_lookup_fn(void *user, int rc, const struct sl_addr *addr, size_t n, const struct sl_err *err);
unsigned sl_lookup_test_port(void);    /* SLUICE_TEST_NS: names are asked of this port of 127.0.0.1, and of nobody else; 0: it is not set */
int sl_lookup_start(struct sl_loop *l, const char *host, int deadline_ms, sl_lookup_fn *fn, void *user, sl_lookup *out, struct sl_err *err)
  SL_NODISCARD;                                     /* literals answer in the next turn; answers are cached for 60 s */
void sl_lookup_cancel(struct sl_loop *l, sl_lookup *q); /* at once; fn is not called */

#endif
