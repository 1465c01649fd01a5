/* Names: literals, the cache, and above all a name server that does not answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "httpd.h"
#include "loop/loop.h"

struct asked { int calls, rc; size_t n; char first[46]; bool v6; struct sl_err err; };

static struct sl_loop *loop;
static int silent = -1;

static void on_answer(void *user, int rc, const struct sl_addr *addr, size_t n, const struct sl_err *err)
{
  struct asked *a = user;
  a->calls++;
  a->rc = rc;
  a->n = n;
  a->err = *err;
  if (n) {
    memcpy(a->first, addr[0].ip, sizeof a->first);
    a->v6 = addr[0].v6;
  }
}

static int setup(void **state)
{
  (void)state;
  char port[8];
  snprintf(port, sizeof port, "%d", httpd_silent_udp(&silent));
  setenv("SLUICE_TEST_NS", port, 1);
  return sl_loop_open(&loop, NULL);
}

static int teardown(void **state)
{
  (void)state;
  sl_loop_close(loop);
  close(silent);
  unsetenv("SLUICE_TEST_NS");
  return 0;
}

static void ask(const char *host, int deadline_ms, struct asked *a, sl_lookup *q)
{
  struct sl_err err;
  int rc = sl_lookup_start(loop, host, deadline_ms, on_answer, a, q, &err);
  if (rc)
    fail_msg("%s", err.msg);
  assert_int_equal(a->calls, 0);
}

static void literals_answer_in_the_next_turn(void **state)
{
  (void)state;
  static const struct { const char *host, *ip; bool v6; } good[] = {
    { "127.0.0.1", "127.0.0.1", false }, { "::1", "::1", true }, { "[::1]", "::1", true }, { "2001:DB8:0::5", "2001:db8::5", true },
  };
  for (size_t i = 0; i < 4; i++) {
    struct asked a = { .calls = 0 };
    sl_lookup q;
    ask(good[i].host, 0, &a, &q);
    assert_false(sl_loop_settled(loop));
    sl_loop_turn(loop, -1);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.rc, SL_OK);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.first, good[i].ip);
    assert_int_equal(a.v6, good[i].v6);
    assert_true(sl_loop_settled(loop));
  }
}

static void what_is_no_name_is_refused(void **state)
{
  (void)state;
  static const char *const bad[] = { "", "a b", "a/b", "fe80::1%eth0", "m\xc3\xbcller.de", "user@host" };
  struct sl_err err;
  sl_lookup q;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(sl_lookup_start(loop, bad[i], 0, on_answer, NULL, &q, &err), SL_ECONFIG);
  char longest[300];
  memset(longest, 'a', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  assert_int_equal(sl_lookup_start(loop, longest, 0, on_answer, NULL, &q, &err), SL_ECONFIG);
}

static void localhost_comes_from_the_hosts_file_and_is_cached(void **state)
{
  (void)state;
  struct asked a = { .calls = 0 }, b = { .calls = 0 };
  sl_lookup q;
  ask("LocalHost", 0, &a, &q);
  while (!a.calls)
    sl_loop_turn(loop, -1);
  assert_int_equal(a.rc, SL_OK);
  assert_true(a.n >= 1);
  ask("localhost", 0, &b, &q);
  sl_loop_turn(loop, 0); /* no thread could have done it by then */
  assert_int_equal(b.calls, 1);
  assert_string_equal(a.first, b.first);
}

static void a_silent_server_meets_the_deadline(void **state)
{
  (void)state;
  struct asked a = { .calls = 0 };
  sl_lookup q;
  int64_t began = sl_loop_now(loop);
  ask("nobody.example", 50, &a, &q);
  while (!a.calls)
    sl_loop_turn(loop, -1);
  assert_int_equal(a.rc, SL_ETIMEOUT);
  assert_string_equal(a.err.msg, "nobody.example: the name server did not answer within 0.05 s; check the network");
  assert_in_range(sl_loop_now(loop) - began, 45, 3000); /* far from the 5 s and more that it would be without */
}

static void cancel_is_at_once_and_silent(void **state)
{
  (void)state;
  struct asked a = { .calls = 0 };
  sl_lookup q[8];
  for (int i = 0; i < 8; i++) { /* more than the lane has threads */
    char host[32];
    snprintf(host, sizeof host, "host%d.example", i);
    ask(host, 5000, &a, &q[i]);
  }
  for (int i = 0; i < 3; i++)
    sl_loop_turn(loop, 5);
  int64_t began = sl_loop_now(loop);
  for (int i = 0; i < 8; i++) {
    sl_lookup copy = q[i];
    sl_lookup_cancel(loop, &q[i]);
    sl_lookup_cancel(loop, &copy);
    assert_int_equal(q[i].v, 0);
  }
  sl_loop_turn(loop, 0);
  assert_in_range(sl_loop_now(loop) - began, 0, 2000); /* of 5 s */
  assert_int_equal(a.calls, 0);
}

/* teardown closes the loop while four threads hang in the resolver: it must not wait for them. */
static void closing_does_not_wait_for_the_resolver(void **state)
{
  (void)state;
  struct asked a = { .calls = 0 };
  sl_lookup q;
  for (int i = 0; i < 6; i++) {
    char host[32];
    snprintf(host, sizeof host, "stuck%d.example", i);
    ask(host, 5000, &a, &q);
  }
  sl_loop_turn(loop, 20);
  struct timespec t0, t1;
  clock_gettime(CLOCK_MONOTONIC, &t0);
  sl_loop_close(loop);
  clock_gettime(CLOCK_MONOTONIC, &t1);
  loop = NULL;
  assert_in_range((t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000, 0, 2000); /* of 5 s */
  assert_int_equal(a.calls, 0);
}

static sl_lookup other;
static int first_calls;
static void first_cancels_other(void *user, int rc, const struct sl_addr *addr, size_t n, const struct sl_err *err)
{
  (void)rc;
  (void)addr;
  (void)n;
  (void)err;
  first_calls++;
  sl_lookup_cancel(user, &other);
}

static void one_answer_for_equal_names_and_a_callback_may_cancel(void **state)
{
  (void)state;
  struct asked b = { .calls = 0 }, c = { .calls = 0 };
  sl_lookup q, q3;
  first_calls = 0;
  assert_int_equal(sl_lookup_start(loop, "localhost", 0, first_cancels_other, loop, &q, NULL), SL_OK);
  ask("localhost", 0, &b, &other);
  ask("localhost", 0, &c, &q3);
  while (!c.calls)
    sl_loop_turn(loop, -1);
  assert_int_equal(first_calls, 1);
  assert_int_equal(b.calls, 0);
  assert_int_equal(c.rc, SL_OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
    T(literals_answer_in_the_next_turn), T(what_is_no_name_is_refused), T(localhost_comes_from_the_hosts_file_and_is_cached),
    T(one_answer_for_equal_names_and_a_callback_may_cancel), T(a_silent_server_meets_the_deadline), T(cancel_is_at_once_and_silent),
    T(closing_does_not_wait_for_the_resolver),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
