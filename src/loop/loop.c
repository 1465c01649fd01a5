/* loop/loop.c: one turn of the loop, its clock, and how it opens and closes. */
#include "loop/priv.h"

#include <time.h>

#include "base/mem.h"

enum { LATER_KEPT = 64, LATER_MAX = 1 << 16 };

int64_t sl_clock_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* libuv runs its timers before it polls: what such a callback leaves for our part of the turn must not wait for the poll to end. */
void sl_loop_enter(struct sl_loop *l)
{
  uv_stop(&l->uv); /* only this uv_run(): the poll takes what is there and does not wait */
  l->ran++;
  if (!l->frozen)
    l->now = sl_clock_ms();
}

static void on_async(uv_async_t *a)
{
  sl_loop_enter(a->data);
}

/* It only ends the wait. Where it is due before the wait has begun (we were put aside in between), libuv runs it first and would then poll
 * without an end: the stop makes that poll return at once. */
static void on_tick(uv_timer_t *t)
{
  uv_stop(t->loop);
}

int sl_loop_open(struct sl_loop **out, struct sl_err *err)
{
  *out = NULL;
  struct sl_loop *l = sl_calloc(1, sizeof *l);
  if (!l)
    return sl_err_nomem(err);
  l->hook_due = INT64_MAX;
  l->notes_tail = &l->notes;
  l->caplater = LATER_KEPT; /* so that an end can be told even when there is no memory left to queue it with */
  l->later = sl_calloc(l->caplater, sizeof *l->later);
  if (!l->later) {
    sl_free(l);
    return sl_err_nomem(err);
  }
  int rc = uv_loop_init(&l->uv);
  if (rc) {
    sl_free(l->later);
    sl_free(l);
    return sl_err_sys(err, -rc, "cannot open the event loop");
  }
  uv_timer_init(&l->uv, &l->tick);
  rc = uv_async_init(&l->uv, &l->async, on_async);
  if (rc) {
    uv_close((uv_handle_t *)&l->tick, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
    uv_loop_close(&l->uv);
    sl_free(l->later);
    sl_free(l);
    return sl_err_sys(err, -rc, "cannot open the event loop");
  }
  l->async.data = l;
  l->uv.data = l;
  pthread_mutex_init(&l->notes_lock, NULL);
  l->now = sl_clock_ms();
  *out = l;
  return SL_OK;
}

static void later_run(struct sl_loop *l)
{
  size_t n = l->nlater;
  for (size_t i = 0; i < n; i++) {
    struct sl_later next = l->later[i]; /* a copy: fn may queue more and move the array */
    l->ran++;
    next.fn(next.user);
  }
  l->nlater -= n;
  if (l->nlater)
    memmove(l->later, l->later + n, l->nlater * sizeof *l->later);
}

static void defer_run(struct sl_loop *l)
{
  while (l->defer) {
    struct sl_defer *d = l->defer;
    l->defer = d->next;
    d->fn(d->p);
  }
}

void sl_loop_defer(struct sl_loop *l, struct sl_defer *d, void (*fn)(void *p), void *p)
{
  *d = (struct sl_defer){ .next = l->defer, .fn = fn, .p = p };
  l->defer = d;
}

/* How long the turn may wait: not at all while something is left to do, and not past the first timer or the hook's wish. */
static int64_t turn_wait(struct sl_loop *l, int wait_ms)
{
  if (l->stopped || l->nlater || l->defer || sl_jobs_ready(l))
    return 0;
  int64_t due = sl_timers_due(l);
  if (l->hook && l->hook_due < due)
    due = l->hook_due;
  if (due == INT64_MAX)
    return wait_ms;
  int64_t left = due - (l->frozen ? l->now : sl_clock_ms());
  if (left <= 0)
    return 0;
  return l->frozen || (wait_ms >= 0 && wait_ms < left) ? wait_ms : left;
}

static void turn_poll(struct sl_loop *l, int64_t wait)
{
  if (wait > 0) {
    uv_update_time(&l->uv);
    uv_timer_start(&l->tick, on_tick, (uint64_t)wait, 0);
  }
  uv_run(&l->uv, wait == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
  uv_timer_stop(&l->tick);
  if (!l->frozen)
    l->now = sl_clock_ms();
}

static void turn_hook(struct sl_loop *l, unsigned long ran_before)
{
  if (!l->hook || (l->ran == ran_before && l->hook_due > l->now))
    return;
  int wish = l->hook(l->hook_user);
  l->hook_due = wish < 0 ? INT64_MAX : l->now + wish;
}

bool sl_loop_turn(struct sl_loop *l, int wait_ms)
{
  unsigned long ran = l->ran;
  l->in_turn = true;
  turn_poll(l, turn_wait(l, wait_ms));
  sl_timers_run(l);
  sl_jobs_deliver(l);
  later_run(l);
  defer_run(l);
  turn_hook(l, ran);
  l->in_turn = false;
  return !l->stopped;
}

void sl_loop_stop(struct sl_loop *l)
{
  l->stopped = true;
}

void sl_loop_wake(struct sl_loop *l)
{
  uv_async_send(&l->async);
}

void sl_loop_hook(struct sl_loop *l, int (*turn)(void *user), void *user)
{
  l->hook = turn;
  l->hook_user = user;
  l->hook_due = INT64_MAX;
}

bool sl_loop_settled(const struct sl_loop *l)
{
  int64_t now = l->frozen ? l->now : sl_clock_ms();
  return !l->busy && !l->jobs.live && !l->ready && !l->nlater && !l->defer && sl_timers_due(l) > now && (!l->hook || l->hook_due > now);
}

void sl_loop_busy(struct sl_loop *l, int delta)
{
  l->busy += delta;
  sl_assert(l->busy >= 0);
}

int64_t sl_loop_now(const struct sl_loop *l)
{
  return l->now;
}

sl_ms sl_loop_wall(const struct sl_loop *l)
{
  if (l->frozen || l->wall_stands)
    return l->wall;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (sl_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void sl_loop_wall_stand(struct sl_loop *l, sl_ms wall)
{
  l->wall_stands = true;
  l->wall = wall;
}

bool sl_loop_frozen(const struct sl_loop *l)
{
  return l->frozen;
}

void sl_loop_clock_freeze(struct sl_loop *l, sl_ms wall)
{
  if (!l->frozen)
    l->now = sl_clock_ms();
  l->frozen = true;
  l->wall = wall;
}

void sl_loop_clock_advance(struct sl_loop *l, int64_t ms)
{
  sl_assert(l->frozen && ms >= 0);
  if (!l->frozen || ms < 0)
    return;
  l->now += ms;
  l->wall += ms;
}

int sl_loop_later(struct sl_loop *l, sl_timer_fn *fn, void *user, struct sl_err *err)
{
  void *grown = l->later;
  int rc = sl_grow(&grown, &l->caplater, l->nlater + 1, sizeof *l->later, LATER_MAX, err);
  l->later = grown;
  if (rc)
    return rc;
  l->later[l->nlater++] = (struct sl_later){ fn, user };
  return SL_OK;
}

/* Children first (their callbacks do not come any more), then the lanes, whose done() still comes and may ask for a later(). */
void sl_loop_close(struct sl_loop *l)
{
  if (!l)
    return;
  l->closing = true;
  sl_children_free(l);
  sl_jobs_close(l);
  sl_names_free(l);
  while (l->nlater || l->defer) {
    later_run(l);
    defer_run(l);
  }
  sl_timers_free(l);
  sl_watches_close(l);
  uv_close((uv_handle_t *)&l->tick, NULL);
  uv_close((uv_handle_t *)&l->async, NULL);
  while (uv_run(&l->uv, UV_RUN_NOWAIT))
    continue;
  defer_run(l);
  uv_loop_close(&l->uv);
  pthread_mutex_destroy(&l->notes_lock);
  sl_free(l->later);
  sl_free(l);
}
