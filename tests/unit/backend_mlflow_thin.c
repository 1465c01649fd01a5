/* tests/unit/backend_mlflow_thin.c: thinned histories keep the ends, every extreme of each stretch, and one value that is no number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend_mlflow/series_thin.h"

enum { BUCKETS = 16 };

static void add(struct mlflow_thin *t, int64_t step, double value)
{
  assert_true(mlflow_thin_add(t, BUCKETS, &(struct thin_point){ step, step / 10, value }));
}

struct got { size_t n, nans; double least, most; int64_t first, last; bool ordered; };

static struct got get(const struct mlflow_thin *t)
{
  struct got g = { .least = INFINITY, .most = -INFINITY, .ordered = true, .first = INT64_MAX, .last = INT64_MIN };
  struct thin_point p[4];
  for (uint32_t i = 0; i < t->used; i++)
    for (size_t k = 0, n = mlflow_thin_get(t, i, p); k < n; k++) {
      g.ordered &= p[k].step >= g.last || !g.n;
      g.first = g.n ? g.first : p[k].step;
      g.last = p[k].step;
      g.n++;
      if (isnan(p[k].value))
        g.nans++;
      else {
        g.least = fmin(g.least, p[k].value);
        g.most = fmax(g.most, p[k].value);
      }
    }
  return g;
}

static void short_ones_stay_whole(void **state)
{
  struct mlflow_thin t = { .bucket = NULL };
  (void)state;
  for (int i = 0; i < BUCKETS; i++)
    add(&t, i + 100, i);
  struct got g = get(&t);
  assert_int_equal(g.n, BUCKETS);
  assert_int_equal(g.first, 100);
  assert_int_equal(g.last, 115);
  assert_true(g.ordered);
  mlflow_thin_free(&t);
}

static void spikes_stay(void **state)
{
  struct mlflow_thin t = { .bucket = NULL };
  (void)state;
  for (int i = 0; i < 10000; i++)
    add(&t, i, i == 7777 ? 50 : i == 1234 ? -50 : i == 5000 ? NAN : 1.0 / (1 + i));
  struct got g = get(&t);
  assert_in_range(g.n, BUCKETS / 2, BUCKETS * 4);
  assert_true(g.most == 50 && g.least == -50 && g.nans == 1 && g.ordered);
  assert_int_equal(g.last, 9999);
  assert_int_equal(t.points, 10000);
  mlflow_thin_free(&t);
}

/* Backwards, with gaps as wide as there are, and the ends of what a step may be. */
static void any_order(void **state)
{
  struct mlflow_thin t = { .bucket = NULL };
  (void)state;
  for (int i = 300; i-- > -300;)
    add(&t, i, i);
  struct got g = get(&t);
  assert_true(g.ordered && g.least == -300 && g.most == 299);
  add(&t, INT64_MAX, 1000);
  add(&t, INT64_MIN / 2, -1000);
  add(&t, INT64_MIN, -2000);
  g = get(&t);
  assert_true(g.least == -2000 && g.most == 1000 && g.last == INT64_MAX);
  assert_true(t.used <= BUCKETS);
  mlflow_thin_free(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(short_ones_stay_whole), cmocka_unit_test(spikes_stay), cmocka_unit_test(any_order) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
