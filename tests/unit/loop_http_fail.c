/* HTTP that goes wrong: deadlines, broken connections, retries, Retry-After, a silent name server, and cancelling at any point. */
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
#include "loop/http.h"

struct got { int done, rc, status; unsigned attempts; int64_t retry_after_ms; struct sl_err err; char body[64]; };

enum { STEP_MS = 200 };

static struct sl_loop *loop;
static struct sl_http_pool *pool;
static struct httpd *server;
static char url[128];

static void on_done(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct got *g = user;
  g->done++;
  g->rc = rc;
  g->status = i->status;
  g->attempts = i->attempts;
  g->retry_after_ms = i->retry_after_ms;
  g->err = *err;
  snprintf(g->body, sizeof g->body, "%.*s", SL_ARG(body));
}

static const struct sl_http_ops ops = { .done = on_done };

static int setup(void **state)
{
  (void)state;
  unsetenv("http_proxy");
  unsetenv("HTTP_PROXY");
  server = NULL;
  return sl_loop_open(&loop, NULL) || sl_http_pool_open(&pool, loop, NULL, NULL);
}

static int teardown(void **state)
{
  (void)state;
  sl_http_pool_close(pool);
  sl_loop_close(loop);
  httpd_stop(server);
  unsetenv("SLUICE_TEST_NS");
  return 0;
}

#define SERVE(...)                                                 \
  static const struct httpd_step steps[] = { __VA_ARGS__ };        \
  server = httpd_start(steps, sizeof steps / sizeof steps[0]);     \
  assert_non_null(server)

static struct sl_http *begin(struct sl_http_req r, struct got *g)
{
  struct sl_http *h;
  struct sl_err err;
  *g = (struct got){ .done = 0 };
  if (!r.method)
    r.method = "GET";
  if (!r.url)
    r.url = httpd_url(server, "/", url, sizeof url);
  if (sl_http_new(&h, pool, &r, &ops, g, &err) || sl_http_start(h, &err))
    fail_msg("%s", err.msg);
  return h;
}

static int64_t ms_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void finish(struct got *g)
{
  while (!g->done)
    sl_loop_turn(loop, -1);
  sl_loop_turn(loop, 0);
  assert_int_equal(g->done, 1);
}

/* With the clock frozen no real back-off is waited for: it is moved whenever the loop has nothing else to do. */
static void finish_frozen(struct got *g, int64_t *waited)
{
  *waited = 0;
  for (int i = 0; i < 4000 && !g->done; i++) {
    unsigned n = httpd_requests(server);
    for (int k = 0; k < 3; k++)
      sl_loop_turn(loop, 1);
    if (!g->done && httpd_requests(server) == n) {
      sl_loop_clock_advance(loop, STEP_MS);
      *waited += STEP_MS;
    }
  }
  assert_int_equal(g->done, 1);
}

static void a_dead_port_is_tried_again_then_told(void **state)
{
  (void)state;
  sl_loop_clock_freeze(loop, 0);
  struct got g;
  char dead[64];
  snprintf(dead, sizeof dead, "http://127.0.0.1:%d/", httpd_dead_port());
  begin((struct sl_http_req){ .url = dead, .repeatable = true, .max_tries = 3 }, &g);
  for (int i = 0; i < 4000 && !g.done; i++) {
    sl_loop_turn(loop, 1);
    sl_loop_clock_advance(loop, 20);
  }
  assert_int_equal(g.rc, SL_ENET);
  assert_int_equal(g.attempts, 3);
  assert_non_null(strstr(g.err.msg, "is the server running?"));
}

static void a_busy_server_is_asked_again(void **state)
{
  (void)state;
  SERVE({ .times = 1, .status = 503, .body = "busy" }, { .times = 1, .drop_at = -1 },
        { .times = 1, .drop_at = 10, .reset = true, .body = "x" }, { .body = "fine" });
  sl_loop_clock_freeze(loop, 0);
  struct got g;
  int64_t waited;
  begin((struct sl_http_req){ .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.rc, SL_OK);
  assert_int_equal(g.status, 200);
  assert_string_equal(g.body, "fine");
  assert_int_equal(httpd_requests(server), 4);
  assert_in_range(g.attempts, 3, 4); /* curl itself goes on when a reused connection turns out dead */
  assert_in_range(waited, 0, 250 + 500 + 1000 + 10 * STEP_MS); /* full jitter: at most the sum of the caps, and some turns */
}

static void what_may_not_be_repeated_is_not(void **state)
{
  (void)state;
  SERVE({ .path = "/busy", .status = 503, .body = "busy" }, { .path = "/drop", .drop_at = -1 });
  struct got g;
  begin((struct sl_http_req){ .method = "POST", .url = httpd_url(server, "/busy", url, sizeof url), .body = SL_STR("x") }, &g);
  finish(&g);
  assert_int_equal(g.rc, SL_OK);
  assert_int_equal(g.status, 503);
  assert_string_equal(g.body, "busy");
  begin((struct sl_http_req){ .method = "POST", .url = httpd_url(server, "/drop", url, sizeof url), .body = SL_STR("x") }, &g);
  finish(&g);
  assert_int_equal(g.rc, SL_ENET);
  assert_int_equal(httpd_requests(server), 2);
}

static void answers_that_are_final_are_not_repeated(void **state)
{
  (void)state;
  SERVE({ .status = 404, .body = "no" });
  struct got g;
  begin((struct sl_http_req){ .repeatable = true }, &g);
  finish(&g);
  assert_int_equal(g.status, 404);
  assert_int_equal(g.attempts, 1);
}

static void after_the_last_try_the_answer_stands(void **state)
{
  (void)state;
  SERVE({ .status = 500, .body = "broken" });
  sl_loop_clock_freeze(loop, 0);
  struct got g;
  int64_t waited;
  begin((struct sl_http_req){ .repeatable = true, .max_tries = 2 }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.rc, SL_OK);
  assert_int_equal(g.status, 500);
  assert_string_equal(g.body, "broken");
  assert_int_equal(httpd_requests(server), 2);
}

static void retry_after_is_obeyed_within_reason(void **state)
{
  (void)state;
  SERVE({ .path = "/soon", .times = 1, .status = 429, .headers = "Retry-After: 5\r\n" }, { .path = "/soon", .body = "now" },
        { .path = "/never", .status = 429, .headers = "Retry-After: 86400\r\n", .body = "slow down" },
        { .path = "/past", .times = 1, .status = 429, .headers = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n" }, { .path = "/past" },
        { .path = "/date", .times = 1, .status = 503, .headers = "Retry-After: Thu, 01 Jan 1970 00:17:00 GMT\r\n" }, { .path = "/date" },
        { .path = "/junk", .times = 1, .status = 429, .headers = "Retry-After: soon\r\n" }, { .path = "/junk" });
  sl_loop_clock_freeze(loop, 1000000); /* 00:16:40 */
  struct got g;
  int64_t waited;
  begin((struct sl_http_req){ .url = httpd_url(server, "/soon", url, sizeof url), .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_string_equal(g.body, "now");
  assert_in_range(waited, 5000, 5000 + 10 * STEP_MS);
  sl_loop_clock_freeze(loop, 1000000);
  begin((struct sl_http_req){ .url = httpd_url(server, "/date", url, sizeof url), .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.status, 200);
  assert_in_range(waited, 18000, 20000 + 10 * STEP_MS);
  begin((struct sl_http_req){ .url = httpd_url(server, "/never", url, sizeof url), .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.status, 429);
  assert_int_equal(g.attempts, 1);
  assert_int_equal(g.retry_after_ms, 86400000);
  assert_string_equal(g.body, "slow down");
  begin((struct sl_http_req){ .url = httpd_url(server, "/junk", url, sizeof url), .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.status, 200);
  assert_in_range(waited, 0, 250 + 10 * STEP_MS);
  sl_loop_clock_freeze(loop, 1700000000000);
  begin((struct sl_http_req){ .url = httpd_url(server, "/past", url, sizeof url), .repeatable = true }, &g);
  finish_frozen(&g, &waited);
  assert_int_equal(g.status, 200);
  assert_in_range(waited, 0, 250 + 10 * STEP_MS);
}

static void no_wait_goes_past_the_total(void **state)
{
  (void)state;
  SERVE({ .status = 429, .headers = "Retry-After: 5\r\n", .body = "later" });
  struct got g;
  begin((struct sl_http_req){ .repeatable = true, .total_ms = 2000 }, &g);
  int64_t t = ms_now();
  finish(&g);
  assert_int_equal(g.status, 429);
  assert_string_equal(g.body, "later");
  assert_in_range(ms_now() - t, 0, 1000);
}

static void silence_meets_the_idle_deadline(void **state)
{
  (void)state;
  SERVE({ .path = "/silent", .shape = HTTPD_SILENT }, { .path = "/drip", .body = "0123456789", .slice = 16, .slice_ms = 30 },
        { .path = "/stall", .body = "0123456789", .slice = 40, .slice_ms = 5000 });
  struct got g;
  begin((struct sl_http_req){ .url = httpd_url(server, "/silent", url, sizeof url), .idle_ms = 60, .repeatable = true }, &g);
  int64_t t = ms_now();
  finish(&g);
  assert_int_equal(g.rc, SL_ETIMEOUT);
  assert_int_equal(g.attempts, 1);
  assert_string_equal(g.err.msg, "GET 127.0.0.1: nothing came for 0.06 s");
  assert_in_range(ms_now() - t, 55, 3000); /* far from the 30 s that it would be without */
  begin((struct sl_http_req){ .url = httpd_url(server, "/stall", url, sizeof url), .idle_ms = 60 }, &g);
  finish(&g);
  assert_int_equal(g.rc, SL_ETIMEOUT);
  /* slow, but never still */
  begin((struct sl_http_req){ .url = httpd_url(server, "/drip", url, sizeof url), .idle_ms = 300 }, &g);
  finish(&g);
  assert_int_equal(g.rc, SL_OK);
  assert_string_equal(g.body, "0123456789");
}

static void the_total_counts_whatever_moves(void **state)
{
  (void)state;
  SERVE({ .shape = HTTPD_ENDLESS_BODY, .slice = 8, .slice_ms = 10 });
  struct got g;
  int64_t t = ms_now();
  begin((struct sl_http_req){ .total_ms = 80 }, &g);
  finish(&g);
  assert_int_equal(g.rc, SL_ETIMEOUT);
  assert_string_equal(g.err.msg, "GET 127.0.0.1: not finished within 0.08 s");
  assert_in_range(ms_now() - t, 75, 3000);
}

static void dropped_at_every_byte(void **state)
{
  (void)state;
  static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
  for (long k = 1; k < (long)sizeof whole; k++) {
    const struct httpd_step step = { .shape = HTTPD_RAW, .body = whole, .drop_at = k };
    server = httpd_start(&step, 1);
    struct got g;
    begin((struct sl_http_req){ .method = "GET" }, &g);
    finish(&g);
    if (k == sizeof whole - 1)
      assert_int_equal(g.rc, SL_OK);
    else
      assert_true(g.rc == SL_ENET || g.rc == SL_EPROTO);
    httpd_stop(server);
  }
  server = NULL;
}

static void point_at_silent_name_server(int *fd)
{
  char port[8];
  snprintf(port, sizeof port, "%d", httpd_silent_udp(fd));
  setenv("SLUICE_TEST_NS", port, 1);
}

static void a_silent_name_server_meets_the_deadline_and_the_cancel(void **state)
{
  (void)state;
  int fd;
  point_at_silent_name_server(&fd);
  struct got g, h;
  begin((struct sl_http_req){ .url = "http://nobody.example:5000/", .connect_ms = 60, .repeatable = true }, &g);
  int64_t t = ms_now();
  finish(&g);
  assert_int_equal(g.rc, SL_ETIMEOUT);
  assert_non_null(strstr(g.err.msg, "nobody.example: the name server did not answer"));
  assert_in_range(ms_now() - t, 55, 3000); /* far from the 30 s that it would be without */
  struct sl_http *late = begin((struct sl_http_req){ .url = "http://nobody.example:5000/", .connect_ms = 5000 }, &h);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(loop, 4);
  t = ms_now();
  sl_http_cancel(late);
  sl_loop_turn(loop, 0);
  assert_in_range(ms_now() - t, 0, 2000); /* of 5 s */
  assert_int_equal(h.done, 0);
  close(fd);
}

static void tls_against_plain_text_fails_well(void **state)
{
  (void)state;
  SERVE({ .body = "plain" });
  struct got g;
  char https[64];
  snprintf(https, sizeof https, "https://127.0.0.1:%d/", httpd_port(server));
  begin((struct sl_http_req){ .url = https }, &g);
  /* what the server waits for never comes: the handshake must not hang either */
  struct timespec nap = { .tv_nsec = 20000000 };
  nanosleep(&nap, NULL);
  httpd_stop(server);
  server = NULL;
  finish(&g);
  assert_int_equal(g.rc, SL_ENET);
}

/* Cancelled after each number of turns that a whole request takes: never a done(), never a leak. */
static void cancelled_at_every_turn(void **state)
{
  (void)state;
  SERVE({ .times = 40, .status = 503, .body = "busy" }, { .body = "0123456789", .slice = 20, .slice_ms = 1 });
  int slow = 0;
  for (int turns = 0; turns < 60; turns++) {
    struct got g;
    struct sl_http *h = begin((struct sl_http_req){ .repeatable = true }, &g);
    for (int i = 0; i < turns && !g.done; i++)
      sl_loop_turn(loop, 1);
    int64_t t = ms_now();
    if (!g.done) {
      sl_http_cancel(h);
      sl_loop_turn(loop, 0);
      assert_int_equal(g.done, 0);
    }
    slow += ms_now() - t >= 100;
    assert_true(sl_loop_settled(loop));
  }
  assert_in_range(slow, 0, 5); /* a busy machine may take our time now and then; waiting for something would be all of them */
}

static struct sl_http *others[3];
static int cancel_others(void *user, const void *p, size_t n)
{
  (void)user;
  (void)p;
  (void)n;
  for (int i = 0; i < 3; i++) {
    sl_http_cancel(others[i]);
    others[i] = NULL;
  }
  return SL_OK;
}

static void a_callback_may_cancel_itself_and_others(void **state)
{
  (void)state;
  SERVE({ .path = "/first", .body = "first" }, { .shape = HTTPD_SILENT });
  struct got g[3];
  const struct sl_http_ops cancels = { .data = cancel_others, .done = on_done };
  for (int i = 1; i < 3; i++)
    others[i] = begin((struct sl_http_req){ .method = "GET" }, &g[i]);
  g[0] = (struct got){ .done = 0 };
  struct sl_http_req r = { .method = "GET", .url = httpd_url(server, "/first", url, sizeof url) };
  assert_int_equal(sl_http_new(&others[0], pool, &r, &cancels, &g[0], NULL), SL_OK);
  assert_int_equal(sl_http_start(others[0], NULL), SL_OK);
  while (others[0])
    sl_loop_turn(loop, -1);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(loop, 1);
  for (int i = 0; i < 3; i++)
    assert_int_equal(g[i].done, 0);
  assert_true(sl_loop_settled(loop));
}

static int close_pool(void *user, const void *p, size_t n)
{
  (void)user;
  (void)p;
  (void)n;
  sl_http_pool_close(pool);
  pool = NULL;
  return SL_OK;
}

static void a_callback_may_close_the_pool(void **state)
{
  (void)state;
  SERVE({ .path = "/first", .shape = HTTPD_ENDLESS_BODY }, { .shape = HTTPD_SILENT });
  struct got g, h;
  begin((struct sl_http_req){ .method = "GET" }, &g);
  const struct sl_http_ops closes = { .data = close_pool, .done = on_done };
  struct sl_http *first;
  h = (struct got){ .done = 0 };
  struct sl_http_req r = { .method = "GET", .url = httpd_url(server, "/first", url, sizeof url) };
  assert_int_equal(sl_http_new(&first, pool, &r, &closes, &h, NULL), SL_OK);
  assert_int_equal(sl_http_start(first, NULL), SL_OK);
  while (pool)
    sl_loop_turn(loop, -1);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(loop, 1);
  assert_int_equal(g.done + h.done, 0);
}

static int chained;
static void chain(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  (void)i;
  (void)body;
  (void)err;
  const struct sl_http_ops more = { .done = chain };
  assert_int_equal(rc, SL_OK);
  struct sl_http *h;
  if (++chained == 20)
    return;
  struct sl_http_req r = { .method = "GET", .url = url, .repeatable = true };
  assert_int_equal(sl_http_new(&h, pool, &r, &more, user, NULL), SL_OK);
  assert_int_equal(sl_http_start(h, NULL), SL_OK);
}

static void many_at_once_and_one_after_the_other(void **state)
{
  (void)state;
  SERVE({ .body = "ok" });
  struct got g[100];
  for (int i = 0; i < 100; i++)
    begin((struct sl_http_req){ .repeatable = true }, &g[i]);
  while (!sl_loop_settled(loop))
    sl_loop_turn(loop, -1);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(g[i].done, 1);
    assert_int_equal(g[i].rc, SL_OK);
  }
  assert_in_range(httpd_connections(server), 1, 32);
  chained = 0;
  const struct sl_http_ops more = { .done = chain };
  struct sl_http *h;
  struct sl_http_req r = { .method = "GET", .url = url, .repeatable = true };
  assert_int_equal(sl_http_new(&h, pool, &r, &more, NULL, NULL), SL_OK);
  assert_int_equal(sl_http_start(h, NULL), SL_OK);
  while (chained < 20)
    sl_loop_turn(loop, -1);
}

/* Its last test closed the loop: what curl holds for the process is all that may be left. */
static void nothing_leaks(void **state)
{
  (void)state;
  sl_http_pool_close(pool);
  sl_loop_close(loop);
  int64_t before = sl_alloc_live();
  assert_int_equal(setup(state), 0);
  SERVE({ .body = "ok" });
  struct got g;
  begin((struct sl_http_req){ .repeatable = true }, &g);
  finish(&g);
  sl_http_pool_close(pool);
  sl_loop_close(loop);
  pool = NULL;
  loop = NULL;
  assert_int_equal(sl_alloc_live(), before);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
    T(a_dead_port_is_tried_again_then_told), T(a_busy_server_is_asked_again), T(what_may_not_be_repeated_is_not),
    T(answers_that_are_final_are_not_repeated), T(after_the_last_try_the_answer_stands), T(retry_after_is_obeyed_within_reason),
    T(no_wait_goes_past_the_total), T(silence_meets_the_idle_deadline), T(the_total_counts_whatever_moves), T(dropped_at_every_byte),
    T(tls_against_plain_text_fails_well), T(cancelled_at_every_turn), T(a_callback_may_cancel_itself_and_others),
    T(a_callback_may_close_the_pool), T(many_at_once_and_one_after_the_other), T(nothing_leaks),
    T(a_silent_name_server_meets_the_deadline_and_the_cancel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
