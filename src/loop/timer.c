/* loop/timer.c: timers as a binary heap by (due, order of starting), over the loop's own clock.
 *
 * Not libuv's timers, because a test freezes this clock and moves it by hand. A timer started while others run waits for the next turn,
 * even when it is due, so that a timer that starts itself anew cannot keep the loop from its descriptors. */
#include "base/mem.h"
#include "loop/priv.h"

enum { TIMERS_MAX = 1 << 20 };

struct sl_timer_rt {
  int64_t due, repeat;
  uint64_t seq, id;
  size_t at;             /* in the heap; SIZE_MAX: taken out to run */
  sl_timer_fn *fn;
  void *user;
};

static bool timer_before(const struct sl_timer_rt *a, const struct sl_timer_rt *b)
{
  return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void heap_set(struct sl_loop *l, size_t at, struct sl_timer_rt *t)
{
  l->heap[at] = t;
  t->at = at;
}

static void heap_up(struct sl_loop *l, size_t at)
{
  struct sl_timer_rt *t = l->heap[at];
  for (; at && timer_before(t, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
    heap_set(l, at, l->heap[(at - 1) / 2]);
  heap_set(l, at, t);
}

static void heap_down(struct sl_loop *l, size_t at)
{
  struct sl_timer_rt *t = l->heap[at];
  for (;;) {
    size_t kid = at * 2 + 1;
    if (kid + 1 < l->nheap && timer_before(l->heap[kid + 1], l->heap[kid]))
      kid++;
    if (kid >= l->nheap || !timer_before(l->heap[kid], t))
      break;
    heap_set(l, at, l->heap[kid]);
    at = kid;
  }
  heap_set(l, at, t);
}

static int heap_add(struct sl_loop *l, struct sl_timer_rt *t, struct sl_err *err)
{
  void *grown = l->heap;
  int rc = sl_grow(&grown, &l->capheap, l->nheap + 1, sizeof *l->heap, TIMERS_MAX, err);
  l->heap = grown;
  if (rc)
    return rc;
  heap_set(l, l->nheap++, t);
  heap_up(l, t->at);
  return SL_OK;
}

static void heap_remove(struct sl_loop *l, struct sl_timer_rt *t)
{
  size_t at = t->at;
  struct sl_timer_rt *last = l->heap[--l->nheap];
  t->at = SIZE_MAX;
  if (last == t)
    return;
  heap_set(l, at, last);
  heap_down(l, at);
  heap_up(l, last->at);
}

int sl_timer_start(struct sl_loop *l, int64_t after_ms, int64_t repeat_ms, sl_timer_fn *fn, void *user, sl_timer *out, struct sl_err *err)
{
  if (!l->in_turn && !l->frozen)
    l->now = sl_clock_ms(); /* between turns the clock stands still: a timer must not be due too early */
  struct sl_timer_rt *t = sl_alloc(sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  int64_t due = l->now + (after_ms > 0 ? after_ms : 0);
  *t = (struct sl_timer_rt){ .due = due, .repeat = repeat_ms, .seq = ++l->timer_seq, .fn = fn, .user = user };
  int rc = sl_slots_put(&l->timers, t, &t->id, err);
  if (!rc) {
    rc = heap_add(l, t, err);
    if (rc)
      sl_slots_take(&l->timers, t->id);
  }
  if (rc)
    sl_free(t);
  else if (out)
    out->v = t->id;
  return rc;
}

void sl_timer_stop(struct sl_loop *l, sl_timer *t)
{
  struct sl_timer_rt *rt = sl_slots_take(&l->timers, t->v);
  t->v = 0;
  if (!rt)
    return;
  heap_remove(l, rt);
  sl_free(rt);
}

int64_t sl_timers_due(const struct sl_loop *l)
{
  return l->nheap ? l->heap[0]->due : INT64_MAX;
}

/* A repeating timer that fell behind (suspend, a clock moved far) runs once, not once for each period missed. */
static void timer_fire(struct sl_loop *l, struct sl_timer_rt *t)
{
  sl_timer_fn *fn = t->fn;
  void *user = t->user;
  if (t->repeat > 0) {
    t->due += t->repeat;
    if (t->due <= l->now)
      t->due = l->now + t->repeat;
    t->seq = ++l->timer_seq;
    heap_down(l, t->at);
  } else {
    heap_remove(l, t);
    sl_slots_take(&l->timers, t->id);
    sl_free(t);
  }
  l->ran++;
  fn(user);
}

void sl_timers_run(struct sl_loop *l)
{
  uint64_t last = l->timer_seq;
  while (l->nheap && l->heap[0]->due <= l->now && l->heap[0]->seq <= last)
    timer_fire(l, l->heap[0]);
}

void sl_timers_free(struct sl_loop *l)
{
  for (size_t i = 0; i < l->nheap; i++)
    sl_free(l->heap[i]);
  sl_free(l->heap);
  l->heap = NULL;
  l->nheap = l->capheap = 0;
  sl_slots_free(&l->timers);
}
