/* Samples sorted in memory and on disk: the same values in the same order, by cuts; limits; by threads. */
#include "box/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "compute/stat.h"

enum { MANY = 10000 };
static uint64_t seed = 1;
static char dir[] = "/tmp/sluice-sample-XXXXXX";

static double next(void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  double v = (double)(int64_t)seed;
  return seed >> 20 & 1 ? v : (double)((int64_t)(seed >> 30) % 50) * (seed >> 21 & 1 ? 1 : -0.0);
}

static int make_dir(void **state)
{
  (void)state;
  return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
  (void)state;
  return sl_rmtree(dir, NULL);
}

static void fill(struct sample *s, const double *x, size_t n, const size_t *cut, size_t cuts)
{
  for (size_t i = 0, c = 0; i < n;) {
    size_t k = 1 + (size_t)(seed >> 40) % 700, end;
    (void)next();
    k = c < cuts && i + k > cut[c] ? cut[c] - i : k < n - i ? k : n - i;
    assert_int_equal(sample_add(s, x + i, k, NULL), SL_OK);
    i += k;
    if (c < cuts && i == cut[c]) {
      assert_int_equal(sample_cut(s, &end, NULL), SL_OK);
      assert_int_equal(end, cut[c++]);
    }
  }
}

static void on_disk_as_in_memory(void **state)
{
  (void)state;
  static const size_t most[] = { 1, 7, 999, 5000, 20000 }, cuts[][4] = { { MANY }, { 3000, MANY }, { 1, 2, 6000, MANY } };
  static const size_t ncuts[] = { 1, 2, 4 };
  double *x = calloc(MANY, sizeof *x);
  for (size_t i = 0; i < MANY; i++)
    x[i] = next();
  for (size_t k = 0; k < 15; k++) {
    struct sample memory, disk;
    const double *a, *b;
    size_t na, nb;
    assert_int_equal(sample_open(&memory, NULL, k % 2 ? MANY : 10, 0, 2, NULL), SL_OK);
    assert_int_equal(sample_open(&disk, dir, most[k / 3], 0, 2, NULL), SL_OK);
    fill(&memory, x, MANY, cuts[k % 3], ncuts[k % 3]);
    fill(&disk, x, MANY, cuts[k % 3], ncuts[k % 3]);
    assert_int_equal(sample_done(&memory, &a, &na, NULL), SL_OK);
    assert_int_equal(sample_done(&disk, &b, &nb, NULL), SL_OK);
    assert_true(na == MANY && nb == MANY);
    assert_memory_equal(a, b, MANY * sizeof *a);
    for (size_t i = 1, c = 0; i < MANY; i++)
      if (i == cuts[k % 3][c])
        c++;
      else
        assert_true(sl_stat_key(a[i - 1]) <= sl_stat_key(a[i]));
    sample_free(&memory);
    sample_free(&disk);
  }
  free(x);
}

static void nothing(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    struct sample s;
    const double *x;
    size_t n, end;
    assert_int_equal(sample_open(&s, k ? dir : NULL, 0, 0, 1, NULL), SL_OK);
    assert_int_equal(sample_cut(&s, &end, NULL), SL_OK);
    assert_int_equal(sample_done(&s, &x, &n, NULL), SL_OK);
    assert_true(n == 0 && end == 0);
    sample_free(&s);
    sample_free(&s);
  }
}

static void no_room(void **state)
{
  (void)state;
  struct sl_err err = { 0 };
  struct sample s;
  double x[100] = { 0 };
  size_t end;
  assert_int_equal(sample_open(&s, dir, 100, 1500, 1, &err), SL_OK);
  assert_int_equal(sample_add(&s, x, 100, &err), SL_OK);
  assert_int_equal(sample_add(&s, x, 100, &err), SL_OK);   /* the first hundred became a run */
  assert_int_equal(sample_cut(&s, &end, &err), SL_ELIMIT);
  assert_non_null(strstr(err.msg, "box.tmp"));
  sample_free(&s);
  assert_int_equal(sample_open(&s, "/nowhere/at/all", 1, 0, 1, &err), SL_OK);
  assert_int_equal(sample_add(&s, x, 1, &err), SL_OK);
  assert_true(sample_cut(&s, &end, &err) < 0);
  sample_free(&s);
}

/* While runs are merged they and the merged file are there together: two hundred values twice. */
static void room_to_the_byte(void **state)
{
  (void)state;
  double x[200] = { 0 };
  for (uint64_t limit = 3199; limit <= 3200; limit++) {
    struct sl_err err = { 0 };
    struct sample s;
    const double *sorted;
    size_t end, n;
    assert_int_equal(sample_open(&s, dir, 100, limit, 1, &err), SL_OK);
    assert_int_equal(sample_add(&s, x, 200, &err), SL_OK);
    assert_int_equal(sample_cut(&s, &end, &err), limit == 3200 ? SL_OK : SL_ELIMIT);
    if (limit == 3200) {
      assert_int_equal(sample_done(&s, &sorted, &n, &err), SL_OK);
      assert_int_equal(n, 200);
    }
    sample_free(&s);
  }
}

static void by_threads(void **state)
{
  (void)state;
  enum { LARGE = 600000 };
  double *x = calloc(LARGE, sizeof *x), *y = calloc(LARGE, sizeof *y), *other = calloc(LARGE, sizeof *other), *in;
  for (unsigned threads = 1; threads < 12; threads += 3) {
    for (size_t i = 0; i < LARGE; i++)
      x[i] = y[i] = next();
    sl_stat_sort(y, other, LARGE);
    sample_sort(x, other, LARGE, threads, &in);
    assert_memory_equal(in, y, LARGE * sizeof *y);
  }
  free(x);
  free(y);
  free(other);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(on_disk_as_in_memory), cmocka_unit_test(nothing), cmocka_unit_test(no_room),
    cmocka_unit_test(room_to_the_byte), cmocka_unit_test(by_threads),
  };
  return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
