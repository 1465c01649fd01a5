/* Every allocation of a scenario fails once: it must end, by its answer or an error, and leave nothing behind. Needs SLUICE_FAULTS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"
#include "httpd.h"
#include "loop/child.h"
#include "loop/http.h"

enum { SITES_MAX = 400 };

static struct httpd *server;
static int ended;

static void http_done(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  (void)i;
  (void)user;
  ended++;
  if (rc)
    assert_true(err->msg[0] != 0);
  else
    assert_true(sl_str_eqz(body, "fine"));
}

static void child_out(void *user, int fd, const void *p, size_t n)
{
  (void)user;
  (void)fd;
  (void)p;
  (void)n;
}

static void child_exited(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb)
{
  (void)user;
  (void)cpu_ms;
  (void)maxrss_kb;
  ended++;
  assert_int_equal(signum, 0);
  assert_int_equal(code, 0);
}

static int http_scenario(struct sl_loop *l, struct sl_err *err)
{
  struct sl_http_pool *pool;
  struct sl_http *h;
  char url[64];
  const struct sl_http_ops ops = { .done = http_done };
  int rc = sl_http_pool_open(&pool, l, NULL, err);
  if (rc)
    return rc;
  struct sl_http_req r = { .method = "GET", .url = httpd_url(server, "/", url, sizeof url), .max_tries = 1 };
  rc = sl_http_new(&h, pool, &r, &ops, NULL, err);
  if (!rc)
    rc = sl_http_header(h, "X-A", SL_STR("b"), err);
  if (!rc)
    rc = sl_http_start(h, err);
  while (!rc && !ended)
    sl_loop_turn(l, 1000);
  sl_http_pool_close(pool);
  return rc;
}

static int child_scenario(struct sl_loop *l, struct sl_err *err)
{
  static const struct sl_child_ops ops = { child_out, child_exited };
  struct sl_child *c;
  const struct sl_child_spec s = { .argv = (const char *const[]){ "/bin/sh", "-c", "echo a; echo b >&2", NULL }, .capture_out = true,
                                   .capture_err = true, .timeout_ms = 60000 };
  int rc = sl_child_start(&c, l, &s, &ops, NULL, err);
  while (!rc && !ended)
    sl_loop_turn(l, 1000);
  return rc;
}

/* How many allocations failed before the scenario came through unharmed. */
static int exhaust(int (*scenario)(struct sl_loop *l, struct sl_err *err))
{
  for (int site = 0; site < SITES_MAX; site++) {
    int64_t before = sl_alloc_live();
    struct sl_loop *l;
    struct sl_err err = { .code = SL_OK };
    ended = 0;
    uint64_t count = sl_alloc_count();
    sl_fault_alloc(site, 0);
    int rc = sl_loop_open(&l, &err);
    if (!rc) {
      rc = scenario(l, &err);
      sl_loop_close(l);
    }
    bool hit = sl_alloc_count() - count > (uint64_t)site;
    sl_fault_alloc(-1, 0);
    assert_true(rc ? err.msg[0] != 0 && !ended : ended == 1);
    assert_int_equal(sl_alloc_live(), before);
    if (!hit)
      return site;
  }
  fail_msg("more than %d allocations", SITES_MAX);
  return 0;
}

static void each_allocation_fails(void **state)
{
  (void)state;
  static const struct httpd_step step = { .body = "fine" };
  server = httpd_start(&step, 1);
  assert_non_null(server);
  unsetenv("http_proxy");
  unsetenv("HTTP_PROXY");
  struct sl_loop *l; /* what curl takes once for the whole process is not counted */
  assert_int_equal(sl_loop_open(&l, NULL), SL_OK);
  ended = 0;
  assert_int_equal(http_scenario(l, NULL), SL_OK);
  sl_loop_close(l);
  int http = exhaust(http_scenario), child = exhaust(child_scenario);
  httpd_stop(server);
  assert_true(http > 20 && child > 5);
  print_message("%d sites in a request, %d in a child\n", http, child);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
