/* Tests of Deequ's sketches: how they fill and give way, ranks with items that repeat, buckets, the largest distance. */
#include "compute/kll.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

static void fill(struct sl_kll *s, uint32_t k, int n, int step)
{
  assert_int_equal(sl_kll_init(s, k, SL_KLL_C, NULL), SL_OK);
  for (int i = 0; i < n; i++)
    assert_int_equal(sl_kll_add(s, (double)((i * 7919) % n * step), NULL), SL_OK);
}

/* k = 4: the lowest level has room for 2 (ceil(4 / 2) + 1) = 6, the next for 2 (ceil(2.56 / 2) + 1) = 6. */
static void gives_way(void **state)
{
  struct sl_kll s;
  (void)state;
  assert_int_equal(sl_kll_init(&s, 4, SL_KLL_C, NULL), SL_OK);
  assert_int_equal(s.room, 6);
  static const double in[] = { 5, 3, 1, 6, 2, 4 };
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(sl_kll_add(&s, in[i], NULL), SL_OK);
  assert_int_equal(s.nlevels, 1);
  assert_int_equal(sl_kll_add(&s, 7, NULL), SL_OK); /* 7 items: 1, 3, 5 of the sorted six go up, the latest stays */
  assert_int_equal(s.nlevels, 2);
  assert_int_equal(s.room, 12);
  assert_int_equal(s.level[0].n, 1);
  assert_true(s.level[0].v[0] == 7);
  assert_int_equal(s.level[1].n, 3);
  assert_true(s.level[1].v[0] == 1 && s.level[1].v[1] == 3 && s.level[1].v[2] == 5);
  assert_true(sl_kll_weight(&s) == 7);
  sl_kll_free(&s);
}

static void keeps_weight_and_rank(void **state)
{
  struct sl_kll s;
  struct sl_kll_ranks r;
  (void)state;
  fill(&s, 256, 20011, 1);
  assert_true(sl_kll_weight(&s) == 20011);
  assert_true(s.items < 2000);
  assert_int_equal(sl_kll_ranks(&s, SL_KLL_ALL, &r, NULL), SL_OK);
  for (size_t i = 0; i < r.n; i++)
    assert_true(fabs(r.rank[i] - (r.at[i] + 1)) < 0.02 * 20011);
  assert_true(fabs(sl_kll_quantile(&r, 0.5) - 10005) < 400);
  double count[4];
  sl_kll_buckets(&r, 0, 20010, 4, count);
  assert_true(count[0] + count[1] + count[2] + count[3] == 20011);
  sl_kll_ranks_free(&r);
  sl_kll_free(&s);
}

static void counts_repeats_as_deequ(void **state)
{
  static const double in[] = { 1, 1, 1, 2 };
  struct sl_kll s, t;
  struct sl_kll_ranks all[2], deequ[2];
  (void)state;
  assert_int_equal(sl_kll_init(&s, SL_KLL_K, SL_KLL_C, NULL), SL_OK);
  assert_int_equal(sl_kll_init(&t, SL_KLL_K, SL_KLL_C, NULL), SL_OK);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(sl_kll_add(&s, in[i], NULL), SL_OK);
    assert_int_equal(sl_kll_add(&t, i < 3 ? 2 : 1, NULL), SL_OK);
  }
  assert_int_equal(sl_kll_put(&t, 2, 2, NULL), SL_OK); /* one that stands for four */
  assert_int_equal(sl_kll_ranks(&s, SL_KLL_ALL, &all[0], NULL), SL_OK);
  assert_int_equal(sl_kll_ranks(&t, SL_KLL_ALL, &all[1], NULL), SL_OK);
  assert_int_equal(sl_kll_ranks(&s, SL_KLL_DEEQU, &deequ[0], NULL), SL_OK);
  assert_int_equal(sl_kll_ranks(&t, SL_KLL_DEEQU, &deequ[1], NULL), SL_OK);
  assert_true(all[0].repeats && all[0].rank[0] == 3 && all[0].rank[1] == 4);
  assert_true(deequ[0].rank[0] == 1 && deequ[0].rank[1] == 2);
  assert_true(deequ[1].rank[0] == 1 && deequ[1].rank[1] == 5);
  assert_true(fabs(sl_kll_linf(&all[0], &all[1]) - (0.75 - 0.125)) < 1e-15);
  assert_true(fabs(sl_kll_linf(&deequ[0], &deequ[1]) - 0.3) < 1e-15);
  for (size_t i = 0; i < 2; i++) {
    sl_kll_ranks_free(&all[i]);
    sl_kll_ranks_free(&deequ[i]);
  }
  sl_kll_free(&s);
  sl_kll_free(&t);
}

static void refuses(void **state)
{
  struct sl_kll s;
  struct sl_err err;
  (void)state;
  assert_int_equal(sl_kll_init(&s, 0, SL_KLL_C, &err), SL_EPARSE);
  assert_int_equal(sl_kll_init(&s, 2048, 0, &err), SL_EPARSE);
  assert_int_equal(sl_kll_init(&s, 2048, 1.5, &err), SL_EPARSE);
  assert_int_equal(sl_kll_init(&s, 2048, 0.64, &err), SL_OK);
  assert_int_equal(sl_kll_put(&s, SL_KLL_LEVELS, 1, &err), SL_ELIMIT);
  sl_kll_free(&s);
}

/* What a sketch of nothing says: nothing. */
static void empty(void **state)
{
  struct sl_kll s;
  struct sl_kll_ranks r;
  (void)state;
  assert_int_equal(sl_kll_init(&s, SL_KLL_K, SL_KLL_C, NULL), SL_OK);
  assert_int_equal(sl_kll_ranks(&s, SL_KLL_ALL, &r, NULL), SL_OK);
  assert_true(isnan(sl_kll_linf(&r, &r)) && isnan(sl_kll_quantile(&r, 0.5)));
  sl_kll_ranks_free(&r);
  sl_kll_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(gives_way), cmocka_unit_test(keeps_weight_and_rank),
                                      cmocka_unit_test(counts_repeats_as_deequ), cmocka_unit_test(refuses), cmocka_unit_test(empty) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
