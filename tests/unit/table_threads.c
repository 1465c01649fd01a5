/* tests/unit/table_threads.c: a loop that applies, snaps and pages while workers write, read, filter and sort the same blocks. Worth most
 * under TSan; everywhere it checks that what comes out is what went in. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "table/table.h"

/* A lane of two threads and a queue of finished jobs that the "loop" takes from. */
struct job { int (*work)(void *, const volatile int *, struct sl_err *); void (*done)(void *, int, const struct sl_err *); void *user;
  int rc; struct sl_err err; struct job *next; };
struct list { struct job *head, **tail; };
static struct list todo = { NULL, &todo.head }, over = { NULL, &over.head };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;
static bool stop;
static int under_way;

static void list_add(struct list *l, struct job *j)
{
  j->next = NULL;
  *l->tail = j;
  l->tail = &j->next;
}

static struct job *list_take(struct list *l)
{
  struct job *j = l->head;
  if (j && !(l->head = j->next))
    l->tail = &l->head;
  return j;
}

static void *worker(void *unused)
{
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    struct job *j;
    while (!(j = list_take(&todo)) && !stop)
      pthread_cond_wait(&wake, &lock);
    if (!j)
      break;
    pthread_mutex_unlock(&lock);
    int never = 0;
    j->rc = j->work(j->user, &never, &j->err);
    pthread_mutex_lock(&lock);
    list_add(&over, j);
    pthread_cond_signal(&ended);
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

static int start(void *ctx, int (*work)(void *, const volatile int *, struct sl_err *), void (*done)(void *, int, const struct sl_err *),
                 void *user, struct sl_err *err)
{
  (void)ctx;
  (void)err;
  struct job *j = calloc(1, sizeof *j);
  *j = (struct job){ .work = work, .done = done, .user = user };
  under_way++;
  pthread_mutex_lock(&lock);
  list_add(&todo, j);
  pthread_cond_signal(&wake);
  pthread_mutex_unlock(&lock);
  return SL_OK;
}

/* A turn of the loop: what has ended is told. wait: until something has. */
static void turn(bool wait)
{
  pthread_mutex_lock(&lock);
  while (wait && under_way && !over.head)
    pthread_cond_wait(&ended, &lock);
  struct job *j = list_take(&over);
  pthread_mutex_unlock(&lock);
  if (!j)
    return;
  under_way--;
  j->done(j->user, j->rc, &j->err);
  free(j);
}

static const struct sl_col cols[] = { { .name = "name", .type = SL_TEXT }, { .name = "n", .type = SL_I64 } };
enum { N = 20000, STEP = 500 };

static int answers;
static void got(void *user, int rc, struct sl_snap *out, const struct sl_err *err)
{
  (void)err;
  assert_int_equal(rc, SL_OK);
  uint64_t most = (uint64_t)(uintptr_t)user;
  assert_true(sl_snap_count(out) <= most);
  answers++;
  sl_snap_unref(out);
}

static void ready(void *user) { ++*(int *)user; }

static struct sl_batch *rows(struct sl_schema *s, int from, int n)
{
  struct sl_batch *b;
  char id[32];
  assert_int_equal(sl_batch_new(&b, s, NULL), SL_OK);
  for (int i = from; i < from + n; i++) {
    snprintf(id, sizeof id, "row %d", i);
    sl_batch_row(b, SL_PUT, sl_str(id));
    sl_batch_set(b, 0, sl_vz(id));
    sl_batch_set(b, 1, sl_vi(i));
  }
  assert_int_equal(sl_batch_seal(b, NULL), SL_OK);
  return b;
}

static void ask(struct sl_table *t, struct sl_filter *f, struct sl_order *o)
{
  struct sl_snap *s;
  struct sl_snap_op *op;
  assert_int_equal(sl_table_snap(t, &s, NULL), SL_OK);
  assert_int_equal(sl_snap_select(s, f, o, 0, got, (void *)(uintptr_t)sl_snap_count(s), &op, NULL), SL_OK);
  sl_snap_unref(s);
}

static void look(struct sl_table *t, uint64_t at, int *woken)
{
  struct sl_snap *s;
  struct sl_batch *b = NULL;
  struct sl_err err;
  assert_int_equal(sl_table_snap(t, &s, NULL), SL_OK);
  int rc;
  while ((rc = sl_snap_page(s, at, 40, &b, ready, woken, &err)) == SL_EAGAIN)
    turn(true);
  assert_int_equal(rc, SL_OK);
  assert_int_equal(sl_batch_get(b, 0, 1).u.i, at);
  assert_true(sl_snap_hash(s, at) == sl_batch_hash(b, 0));
  sl_batch_unref(b);
  sl_snap_unref(s);
}

static void test_together(void **state)
{
  (void)state;
  const struct sl_table_env env = { .start = start };
  struct sl_schema *s;
  struct sl_budget *budget;
  struct sl_table *t;
  struct sl_filter *f;
  struct sl_order *o;
  pthread_t thread[2];
  int woken = 0;
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&thread[i], NULL, worker, NULL), 0);
  assert_int_equal(sl_schema_new(&s, cols, 2, NULL, 0, NULL), SL_OK);
  assert_int_equal(sl_budget_open(&budget, &env, 128 << 10, "/tmp", NULL), SL_OK);
  assert_int_equal(sl_table_open(&t, budget, s, SL_KEYED, 0, NULL), SL_OK);
  assert_int_equal(sl_filter_parse(&f, SL_STR("n > 100 and name ~ 7"), 0, NULL, NULL), SL_OK);
  assert_int_equal(sl_order_parse(&o, SL_STR("-name"), NULL), SL_OK);
  int asked = 0;
  for (int round = 0; round < 2; round++) { /* the second time every row comes again */
    sl_table_gen_begin(t, SL_STR("c"));
    for (int at = 0; at < N; at += STEP) {
      struct sl_batch *b = rows(s, at, STEP);
      assert_int_equal(sl_table_apply(t, SL_STR("c"), &b, NULL), SL_OK);
      if (at / STEP % 5 == 0) {
        ask(t, f, o);
        asked++;
      }
      look(t, (uint64_t)at / 3, &woken);
      turn(false);
    }
    assert_int_equal(sl_table_gen_end(t, SL_STR("c"), true, NULL), SL_OK);
  }
  sl_table_close(t); /* jobs hold what they need */
  while (under_way)
    turn(true);
  assert_int_equal(answers, asked);
  assert_int_equal(sl_budget_used(budget).memory, 0);
  sl_filter_unref(f);
  sl_order_unref(o);
  sl_budget_close(budget);
  sl_schema_unref(s);
  pthread_mutex_lock(&lock);
  stop = true;
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < 2; i++)
    pthread_join(thread[i], NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_together) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
