/* Lanes: order of posts, cancel before and during work, closing with work under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "base/mem.h"
#include "loop/loop.h"

struct task {
  struct sl_loop *l;
  atomic_bool go, began;
  int posts, result;
  int done, rc;
  struct sl_err err;
};

static void nap(void)
{
  nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

static int seen[1000], nseen;
static void piece_arrives(void *piece)
{
  seen[nseen++] = *(int *)piece;
  sl_free(piece);
}

static int task_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct task *t = user;
  atomic_store(&t->began, true);
  for (int i = 0; i < t->posts; i++) {
    int *piece = sl_alloc(sizeof *piece);
    if (!piece)
      return sl_err_nomem(err);
    *piece = i;
    int rc = sl_job_post(t->l, piece_arrives, piece, err);
    if (rc)
      return rc;
  }
  while (!atomic_load(&t->go)) {
    if (*cancel)
      return sl_err_set(err, SL_ECANCELED, "saw the flag");
    nap();
  }
  return t->result ? sl_err_set(err, t->result, "as told") : SL_OK;
}

static void task_done(void *user, int rc, const struct sl_err *err)
{
  struct task *t = user;
  t->done++;
  t->rc = rc;
  t->err = *err;
}

static const struct sl_job_ops task_ops = { task_work, task_done };

static int setup(void **state)
{
  struct sl_loop *l;
  nseen = 0;
  if (sl_loop_open(&l, NULL))
    return -1;
  *state = l;
  return 0;
}

static int teardown(void **state)
{
  sl_loop_close(*state);
  return sl_alloc_live() ? -1 : 0;
}

static void start(struct sl_loop *l, enum sl_lane lane, struct task *t, sl_job *id)
{
  t->l = l;
  assert_int_equal(sl_job_start(l, lane, &task_ops, t, id, NULL), SL_OK);
}

static void a_job_works_and_comes_back(void **state)
{
  struct task ok = { .go = true }, bad = { .go = true, .result = SL_EPARSE };
  for (int lane = 0; lane < SL_LANE_N; lane++) {
    ok.done = bad.done = 0;
    start(*state, (enum sl_lane)lane, &ok, NULL);
    start(*state, (enum sl_lane)lane, &bad, NULL);
    assert_false(sl_loop_settled(*state));
    while (!sl_loop_settled(*state))
      sl_loop_turn(*state, -1);
    assert_int_equal(ok.done, 1);
    assert_int_equal(ok.rc, SL_OK);
    assert_int_equal(bad.done, 1);
    assert_int_equal(bad.rc, SL_EPARSE);
    assert_string_equal(bad.err.msg, "as told");
  }
}

static void posts_come_in_order_before_done(void **state)
{
  struct task t = { .posts = 1000, .go = true };
  start(*state, SL_LANE_LONG, &t, NULL);
  while (!t.done) {
    sl_loop_turn(*state, -1);
    if (t.done)
      assert_int_equal(nseen, 1000);
  }
  for (int i = 0; i < 1000; i++)
    assert_int_equal(seen[i], i);
  assert_int_equal(t.rc, SL_OK);
}

static void a_queued_job_is_cancelled_at_once(void **state)
{
  struct task first = { .go = false }, second = { .go = true };
  sl_job id1, id2;
  start(*state, SL_LANE_FILE, &first, &id1); /* the lane has one thread */
  start(*state, SL_LANE_FILE, &second, &id2);
  sl_job copy = id2;
  sl_job_cancel(*state, &id2);
  sl_job_cancel(*state, &copy);
  assert_int_equal(id2.v, 0);
  assert_int_equal(second.done, 0); /* not inside cancel */
  while (!second.done)
    sl_loop_turn(*state, -1);
  assert_int_equal(second.rc, SL_ECANCELED);
  assert_false(atomic_load(&second.began));
  assert_int_equal(first.done, 0);
  atomic_store(&first.go, true);
  while (!first.done)
    sl_loop_turn(*state, -1);
  assert_int_equal(first.rc, SL_OK);
  assert_int_equal(second.done, 1);
}

static void a_running_job_sees_the_flag(void **state)
{
  struct task t = { .go = false };
  sl_job id;
  start(*state, SL_LANE_CPU, &t, &id);
  while (!atomic_load(&t.began))
    nap();
  sl_job_cancel(*state, &id);
  while (!t.done)
    sl_loop_turn(*state, -1);
  assert_int_equal(t.rc, SL_ECANCELED);
  assert_string_equal(t.err.msg, "saw the flag");
}

/* Eight that wait for each other's end would hang in a lane that did not grow. */
static void the_long_lane_grows(void **state)
{
  struct task t[8] = { { .go = false } };
  for (int i = 0; i < 8; i++)
    start(*state, SL_LANE_LONG, &t[i], NULL);
  for (int i = 0; i < 8; i++)
    while (!atomic_load(&t[i].began))
      nap();
  for (int i = 0; i < 8; i++)
    atomic_store(&t[i].go, true);
  while (!sl_loop_settled(*state))
    sl_loop_turn(*state, -1);
  for (int i = 0; i < 8; i++)
    assert_int_equal(t[i].done, 1);
}

static void lanes_do_not_wait_for_each_other(void **state)
{
  struct task full[4] = { { .go = false } }, file = { .go = true };
  sl_job id[4];
  for (int i = 0; i < 4; i++)
    start(*state, SL_LANE_DNS, &full[i], &id[i]);
  start(*state, SL_LANE_FILE, &file, NULL);
  while (!file.done)
    sl_loop_turn(*state, -1);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(full[i].done, 0);
    sl_job_cancel(*state, &id[i]);
  }
  while (!sl_loop_settled(*state))
    sl_loop_turn(*state, -1);
}

static void closing_answers_everybody_once(void **state)
{
  (void)state;
  struct sl_loop *l;
  assert_int_equal(sl_loop_open(&l, NULL), SL_OK);
  sl_loop_threads(l, 2);
  struct task t[6] = { { .go = false } };
  for (int i = 0; i < 6; i++)
    start(l, SL_LANE_CPU, &t[i], NULL);
  sl_loop_close(l);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(t[i].done, 1);
    assert_int_equal(t[i].rc, SL_ECANCELED);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_job_works_and_comes_back, setup, teardown),
    cmocka_unit_test_setup_teardown(posts_come_in_order_before_done, setup, teardown),
    cmocka_unit_test_setup_teardown(a_queued_job_is_cancelled_at_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_running_job_sees_the_flag, setup, teardown),
    cmocka_unit_test_setup_teardown(the_long_lane_grows, setup, teardown),
    cmocka_unit_test_setup_teardown(lanes_do_not_wait_for_each_other, setup, teardown),
    cmocka_unit_test(closing_answers_everybody_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
