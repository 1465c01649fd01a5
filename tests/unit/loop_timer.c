/* Timers, the frozen clock, what is deferred, descriptors and signals: one loop, no threads. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"

static struct sl_loop *loop_new(void)
{
  struct sl_loop *l;
  struct sl_err err;
  assert_int_equal(sl_loop_open(&l, &err), SL_OK);
  return l;
}

static char story[64];
static size_t nstory;
static void tell(void *user)
{
  if (nstory + 1 < sizeof story)
    story[nstory++] = *(const char *)user;
  story[nstory] = 0;
}

static void story_begin(void)
{
  nstory = 0;
  story[0] = 0;
}

static sl_timer start(struct sl_loop *l, int64_t after, int64_t repeat, const char *what)
{
  sl_timer t;
  static char letters[256];
  letters[(unsigned char)*what] = *what;
  assert_int_equal(sl_timer_start(l, after, repeat, tell, &letters[(unsigned char)*what], &t, NULL), SL_OK);
  return t;
}

static void frozen_timers_run_in_order(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  sl_loop_clock_freeze(l, 1000);
  story_begin();
  start(l, 30, 0, "c");
  start(l, 10, 0, "a");
  start(l, 10, 0, "b");
  sl_timer gone = start(l, 20, 0, "x"), copy = gone;
  start(l, 0, 0, "0");
  sl_timer_stop(l, &gone);
  sl_timer_stop(l, &copy); /* stale: ignored */
  assert_int_equal(gone.v, 0);
  sl_loop_turn(l, 0);
  assert_string_equal(story, "0");
  sl_loop_turn(l, 20); /* real time passes, the frozen clock does not */
  assert_string_equal(story, "0");
  assert_true(sl_loop_settled(l));
  sl_loop_clock_advance(l, 10);
  assert_false(sl_loop_settled(l));
  assert_int_equal(sl_loop_wall(l), 1010);
  sl_loop_turn(l, -1); /* due timers end the wait */
  assert_string_equal(story, "0ab");
  sl_loop_clock_advance(l, 1000);
  sl_loop_turn(l, -1);
  assert_string_equal(story, "0abc");
  sl_loop_close(l);
}

static void repeating_timer_does_not_catch_up(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  sl_loop_clock_freeze(l, 0);
  story_begin();
  sl_timer t = start(l, 5, 5, "r");
  for (int i = 0; i < 3; i++) {
    sl_loop_clock_advance(l, 5);
    sl_loop_turn(l, 0);
  }
  assert_string_equal(story, "rrr");
  sl_loop_clock_advance(l, 500);
  sl_loop_turn(l, 0);
  sl_loop_turn(l, 0);
  assert_string_equal(story, "rrrr");
  sl_timer_stop(l, &t);
  sl_loop_clock_advance(l, 500);
  sl_loop_turn(l, 0);
  assert_string_equal(story, "rrrr");
  sl_loop_close(l);
}

static struct sl_loop *again_loop;
static unsigned agains;
static void again(void *user)
{
  (void)user;
  agains++;
  assert_int_equal(sl_timer_start(again_loop, 0, 0, again, NULL, NULL, NULL), SL_OK);
}

static void a_timer_that_restarts_itself_waits_for_the_next_turn(void **state)
{
  (void)state;
  again_loop = loop_new();
  agains = 0;
  again(NULL);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(again_loop, 0);
  assert_int_equal(agains, 6);
  sl_loop_close(again_loop);
}

static void many_timers_in_any_order(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  sl_loop_clock_freeze(l, 0);
  sl_timer t[500];
  unsigned r = 12345;
  story_begin();
  for (int i = 0; i < 500; i++) {
    r = r * 1103515245u + 12345u;
    t[i] = start(l, 1 + (r >> 16) % 1000, 0, "m");
  }
  for (int i = 0; i < 500; i += 1)
    if (i % 50)
      sl_timer_stop(l, &t[i]);
  for (int i = 0; i < 1001; i++) {
    sl_loop_clock_advance(l, 1);
    sl_loop_turn(l, 0);
  }
  assert_int_equal(nstory, 10);
  sl_loop_close(l);
}

static void real_clock_waits_no_longer_than_asked(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  story_begin();
  start(l, 20, 0, "t");
  int64_t began = sl_loop_now(l);
  sl_loop_turn(l, 5);
  if (nstory) /* others may have had the machine for as long */
    assert_true(sl_loop_now(l) - began >= 20);
  while (!nstory)
    sl_loop_turn(l, -1);
  assert_in_range(sl_loop_now(l) - began, 20, 1000);
  sl_loop_close(l);
}

static void later_again(void *user)
{
  tell(user);
  static char z = 'z';
  assert_int_equal(sl_loop_later(again_loop, tell, &z, NULL), SL_OK);
}

static void later_runs_after_timers_in_order(void **state)
{
  (void)state;
  struct sl_loop *l = again_loop = loop_new();
  sl_loop_clock_freeze(l, 0);
  story_begin();
  char a = 'a', b = 'b';
  assert_int_equal(sl_loop_later(l, later_again, &a, NULL), SL_OK);
  assert_int_equal(sl_loop_later(l, tell, &b, NULL), SL_OK);
  start(l, 0, 0, "t");
  assert_false(sl_loop_settled(l));
  sl_loop_turn(l, -1);
  assert_string_equal(story, "tab");
  sl_loop_turn(l, -1);
  assert_string_equal(story, "tabz");
  assert_true(sl_loop_settled(l));
  sl_loop_close(l);
}

static int hook_wish = -1;
static int hook(void *user)
{
  tell(user);
  return hook_wish;
}

static void hook_runs_after_work_and_when_it_wants(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  sl_loop_clock_freeze(l, 0);
  story_begin();
  char h = 'h';
  sl_loop_hook(l, hook, &h);
  sl_loop_turn(l, 0);
  assert_string_equal(story, ""); /* nothing ran */
  sl_loop_wake(l);
  sl_loop_turn(l, -1);
  assert_string_equal(story, "h");
  hook_wish = 33;
  sl_loop_wake(l);
  sl_loop_turn(l, -1);
  hook_wish = -1;
  sl_loop_clock_advance(l, 32);
  sl_loop_turn(l, 0);
  assert_string_equal(story, "hh");
  sl_loop_clock_advance(l, 1);
  sl_loop_turn(l, -1);
  assert_string_equal(story, "hhh");
  sl_loop_close(l);
}

static unsigned seen_events;
static int seen_fd;
static void on_fd(void *user, int fd, unsigned events)
{
  (void)user;
  seen_fd = fd;
  seen_events = events;
}

static void descriptors_tell_and_keep_their_flags(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  int p[2];
  assert_int_equal(pipe(p), 0);
  sl_fdwatch w;
  assert_int_equal(sl_fd_watch(l, p[0], SL_READABLE, on_fd, NULL, &w, NULL), SL_OK);
  assert_false(fcntl(p[0], F_GETFL) & O_NONBLOCK);
  seen_events = 0;
  sl_loop_turn(l, 0);
  assert_int_equal(seen_events, 0);
  assert_int_equal(write(p[1], "x", 1), 1);
  sl_loop_turn(l, -1);
  assert_int_equal(seen_fd, p[0]);
  assert_true(seen_events & SL_READABLE);
  seen_events = 0;
  sl_fd_events(l, w, 0);
  sl_loop_turn(l, 0);
  assert_int_equal(seen_events, 0);
  sl_fd_events(l, w, SL_READABLE);
  sl_loop_turn(l, -1);
  assert_true(seen_events & SL_READABLE);
  sl_fdwatch copy = w;
  sl_fd_unwatch(l, &w);
  sl_fd_unwatch(l, &copy);
  seen_events = 0;
  sl_loop_turn(l, 0);
  assert_int_equal(seen_events, 0);
  /* the write end hears that the reader went */
  assert_int_equal(sl_fd_watch(l, p[1], SL_HANGUP | SL_WRITABLE, on_fd, NULL, &w, NULL), SL_OK);
  close(p[0]);
  sl_loop_turn(l, -1);
  assert_true(seen_events & SL_HANGUP);
  sl_fd_unwatch(l, &w);
  close(p[1]);
  struct sl_err err;
  assert_int_not_equal(sl_fd_watch(l, p[1], SL_READABLE, on_fd, NULL, &w, &err), SL_OK);
  sl_loop_close(l);
}

static void on_signal(void *user, int signum)
{
  *(int *)user = signum;
}

static void signals_arrive_on_the_loop(void **state)
{
  (void)state;
  struct sl_loop *l = loop_new();
  int got = 0;
  assert_int_equal(sl_signal_watch(l, SIGUSR1, on_signal, &got, NULL), SL_OK);
  raise(SIGUSR1);
  assert_int_equal(got, 0);
  while (!got)
    sl_loop_turn(l, -1);
  assert_int_equal(got, SIGUSR1);
  sl_loop_stop(l);
  assert_false(sl_loop_turn(l, -1));
  sl_loop_close(l);
}

static void nothing_leaks(void **state)
{
  (void)state;
  int64_t before = sl_alloc_live();
  struct sl_loop *l = loop_new();
  start(l, 100000, 100000, "n");
  sl_fdwatch w;
  int p[2];
  assert_int_equal(pipe(p), 0);
  assert_int_equal(sl_fd_watch(l, p[0], SL_READABLE, on_fd, NULL, &w, NULL), SL_OK);
  sl_loop_close(l);
  close(p[0]);
  close(p[1]);
  assert_int_equal(sl_alloc_live(), before);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(frozen_timers_run_in_order),
    cmocka_unit_test(repeating_timer_does_not_catch_up),
    cmocka_unit_test(a_timer_that_restarts_itself_waits_for_the_next_turn),
    cmocka_unit_test(many_timers_in_any_order),
    cmocka_unit_test(real_clock_waits_no_longer_than_asked),
    cmocka_unit_test(later_runs_after_timers_in_order),
    cmocka_unit_test(hook_runs_after_work_and_when_it_wants),
    cmocka_unit_test(descriptors_tell_and_keep_their_flags),
    cmocka_unit_test(signals_arrive_on_the_loop),
    cmocka_unit_test(nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
