/* One session again and again, each time with the next allocation failing: it ends, nothing leaks, nobody is told twice. Only in builds
 * with faults; elsewhere it runs once, unharmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "fake_backend.h"

static const struct fake_row abc[] = { { "a", "anna", "ok", 3, 0.5 }, { "b", "bert", "failed", 1, 1.5 }, { "c", "carl", "ok", 2, 2.5 } };

struct hear { int calls, dones; bool done; int asks; uint64_t ask_id; };

static void heard(void *user, sl_watch id, const struct sl_answer *a)
{
  struct hear *h = user;
  (void)id;
  h->calls++;
  h->done = a->done;
  h->dones += a->done;
  for (size_t i = 0; i < a->nsrc; i++)
    assert_true(!a->done || a->src[i].state >= SL_WHOLE || a->src[i].state == SL_ASKED);
}

static int on_data(void *user, uint64_t off, const void *p, size_t n)
{
  (void)user;
  (void)off;
  (void)p;
  (void)n;
  return SL_OK;
}

static void on_done(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct hear *h = user;
  (void)rc;
  (void)size;
  (void)err;
  h->dones++;
  h->done = true;
}

static void on_ask(void *user, uint64_t id, const struct sl_ask *a)
{
  struct hear *h = user;
  if (a) {
    h->asks++;
    h->ask_id = id;
  }
}

static void turn_until(struct sl_loop *l, const struct hear *h, int asks)
{
  for (int i = 0; i < 5000 && !h->done && h->asks == asks; i++) {
    sl_loop_clock_advance(l, 20);
    sl_loop_turn(l, 0);
    if (i < 20)
      continue;
    struct timespec t = { 0, 1000000 }; /* a worker may be slow to start */
    nanosleep(&t, NULL);
  }
}

static struct sl_query *query(const struct sl_resource *res, enum sl_query_kind kind, const char *scope, const char *where)
{
  struct sl_query like = { .res = res, .kind = kind, .scope = sl_str(scope), .idle_ms = 5000 }, *q = NULL;
  if (where && sl_filter_parse(&like.where, sl_str(where), 0, NULL, NULL))
    return NULL;
  if (sl_query_new(&q, &like, NULL))
    q = NULL;
  sl_filter_unref(like.where);
  return q;
}

/* Asked, and told of the end unless the question itself was refused. */
static void ask_once(struct sl_ws *w, struct sl_loop *l, struct sl_query *q, struct hear *h)
{
  sl_watch id;
  *h = (struct hear){ 0 };
  if (!q)
    return;
  sl_ws_on_ask(w, on_ask, h);
  if (sl_ws_query(w, q, true, heard, h, &id, NULL) == SL_OK) {
    turn_until(l, h, 0);
    if (!h->done && h->asks) {
      struct sl_secret *s = NULL;
      if (sl_secret_new(&s, SL_STR("a secret"), NULL))
        s = NULL;
      sl_ws_answer(w, h->ask_id, &s);
      turn_until(l, h, h->asks);
    }
    assert_true(h->done);
    assert_int_equal(h->dones, 1);
  }
  sl_ws_on_ask(w, NULL, NULL);
  sl_query_unref(q);
}

static void life(void)
{
  struct sl_loop *l = NULL;
  struct sl_ws *w = NULL;
  struct hear h;
  struct fake *fake = fake_of("fake");
  if (sl_loop_open(&l, NULL))
    return;
  sl_loop_clock_freeze(l, 1795240800000);
  struct sl_ws_opts o = { .backends = fake_backends, .state_dir = "/tmp/sluice-torture-none", .threads = 1 };
  if (!sl_ws_open(&w, l, &o, NULL)) {
    ask_once(w, l, query(&fake_things, SL_Q_LIST, "", "size > 1"), &h);
    fake->ask = "passphrase";
    fake->answers = 0;
    ask_once(w, l, query(&fake_things, SL_Q_LIST, "2", NULL), &h);
    fake->ask = NULL;
    fake->worker = true;
    ask_once(w, l, query(&fake_lines, SL_Q_LIST, "3", NULL), &h);
    fake->worker = false;
    ask_once(w, l, query(&sl_res_rows, SL_Q_SQL, "select * from things(where => 'state = ok'), lines", NULL), &h);
    ask_once(w, l, query(&sl_res_connections, SL_Q_LIST, "", NULL), &h);
    sl_watch id;
    const struct sl_bytes_fn fns = { on_data, on_done };
    h = (struct hear){ 0 };
    if (!sl_ws_bytes(w, SL_STR("fake://x/y"), 0, UINT64_MAX, &fns, &h, &id, NULL)) {
      turn_until(l, &h, 0);
      assert_int_equal(h.dones, 1);
    }
    sl_ws_close(w);
  }
  sl_loop_close(l);
}

static void each_allocation_fails_once(void **state)
{
  (void)state;
  fake_reset();
  for (const char *const *type = (const char *const[]){ "fake", "other", "third", NULL }; *type; type++) {
    fake_of(*type)->rows = abc;
    fake_of(*type)->nrows = 3;
  }
  fake_of("fake")->bytes = "0123456789";
  fake_of("fake")->nbytes = 10;
  life(); /* what is made once and kept (tables of hash keys) is made here */
  uint64_t before = sl_alloc_count();
  life();
  uint64_t all = sl_alloc_count() - before;
  int64_t live = sl_alloc_live();
#if SL_FAULTS
  const char *every = getenv("SLUICE_TORTURE");
  uint64_t step = every && every[0] ? 1 : all / 60 + 1, first = every ? 0 : before % step;
  for (uint64_t n = first; n < all; n += step) {
    sl_fault_alloc((long)n, 0);
    life();
    sl_fault_alloc(-1, 0);
    if (sl_alloc_live() != live)
      print_error("allocation %llu of %llu: %lld pieces left\n", (unsigned long long)n, (unsigned long long)all,
                  (long long)(sl_alloc_live() - live));
    assert_int_equal(sl_alloc_live(), live);
  }
#else
  (void)all;
  assert_int_equal(sl_alloc_live(), live);
#endif
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails_once) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
