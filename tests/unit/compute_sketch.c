/* Sketches: what they say of drawn values is what the values themselves say; the parts and their order leave no trace, to the byte. */
#include "compute/sketch.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "compute/exact_sum.h"
#include "compute/hll.h"
#include "compute/stat.h"

#define N(x) (sizeof(x) / sizeof((x)[0]))

static uint64_t seed = 7;

static uint64_t next(void)
{
  uint64_t z = (seed += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static double uniform(void) { return (double)(next() >> 11) * 0x1p-53; }
static double normal(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

static void near(double got, double want, double relative)
{
  if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= relative * fabs(want)))
    fail_msg("%.17g instead of %.17g", got, want);
}

/* ---- exact sums ---- */

static double sum_of(const double *x, size_t n)
{
  struct sl_exact s = { .adds = 0 };
  for (size_t i = 0; i < n; i++)
    sl_exact_add(&s, x[i]);
  return sl_exact_f64(&s);
}

static void sums_exactly(void **state)
{
  (void)state;
  static const struct { double x[4], want; } cases[] = {
    { { 1e308, 1e308, -1e308, -1e308 }, 0 }, { { 1e16, 1, -1e16, 0 }, 1 }, { { DBL_TRUE_MIN, DBL_TRUE_MIN, 0, 0 }, 2 * DBL_TRUE_MIN },
    { { 1, 0x1p-53, 0, 0 }, 1 }, { { 1, 0x1p-53, DBL_TRUE_MIN, 0 }, 1 + DBL_EPSILON },
    { { 1 + DBL_EPSILON, 0x1p-53, 0, 0 }, 1 + 2 * DBL_EPSILON },
    { { -1, -0x1p-53, -DBL_TRUE_MIN, 0 }, -1 - DBL_EPSILON }, { { DBL_MAX, -DBL_TRUE_MIN, 0, 0 }, DBL_MAX },
    { { DBL_MAX, DBL_MAX, 0, 0 }, (double)INFINITY },
    { { -DBL_MAX, -DBL_MAX, 0, 0 }, -(double)INFINITY },
    { { DBL_MIN, -DBL_TRUE_MIN, 0, 0 }, DBL_MIN - DBL_TRUE_MIN },
  };
  for (size_t i = 0; i < N(cases); i++)
    if (sum_of(cases[i].x, 4) != cases[i].want)
      fail_msg("%zu: %.17g instead of %.17g", i, sum_of(cases[i].x, 4), cases[i].want);
  static const double tenths[] = { 0.1, 0.2, 0.3, -0.6 };
  near(sum_of(tenths, 4), 0x1p-55, 0); /* Python's fractions say so */
}

static void sums_squares(void **state)
{
  (void)state;
  struct sl_exact s = { .adds = 0 }, t = { .adds = 0 };
  sl_exact_add_square(&s, 1e-200);
  sl_exact_add_square(&s, DBL_TRUE_MIN);
  assert_true(sl_exact_f64(&s) == 0);
  sl_exact_add_square(&s, 3);
  assert_true(sl_exact_f64(&s) == 9);
  sl_exact_add_at(&s, true, 9, 0); /* what is left is below every double */
  assert_true(sl_exact_f64(&s) == 0);
  sl_exact_tidy(&s);
  sl_exact_add_times(&t, &s, DBL_MAX);
  near(sl_exact_f64(&t), 1e-200 * (1e-200 * DBL_MAX), 1e-15);
  sl_exact_add_times(&t, &s, -DBL_MAX);
  assert_true(sl_exact_f64(&t) == 0);
}

static void any_order_same_digits(void **state)
{
  (void)state;
  enum { COUNT = 3000 };
  static double x[COUNT];
  struct sl_exact a = { .adds = 0 }, b = { .adds = 0 }, part = { .adds = 0 };
  for (size_t i = 0; i < COUNT; i++)
    x[i] = ldexp(uniform() - 0.5, (int)(next() % 2000) - 1000);
  for (size_t i = 0; i < COUNT; i++)
    sl_exact_add(&a, x[i]);
  for (size_t i = COUNT; i-- > 0;) {
    sl_exact_add(i % 2 ? &b : &part, x[i]);
  }
  sl_exact_add_all(&b, &part);
  sl_exact_tidy(&a);
  assert_memory_equal(&a, &b, sizeof a);
}

static void hll_counts(void **state)
{
  (void)state;
  static const uint64_t counts[] = { 0, 1, 100, 5000, 16384, 100000, 1000000 };
  for (size_t k = 0; k < N(counts); k++) {
    struct sl_hll *h = calloc(1, sizeof *h), *g = calloc(1, sizeof *g);
    for (uint64_t i = 0; i < counts[k]; i++) {
      sl_hll_add(i % 3 ? h : g, sl_hll_mix(i * 77));
      sl_hll_add(h, sl_hll_mix(i * 77));
    }
    sl_hll_merge(g, h);
    assert_memory_equal(g, h, sizeof *g);
    near(sl_hll_count(h), (double)counts[k], 0.03);
    free(h);
    free(g);
  }
}

/* ---- numbers ---- */

enum { ROWS = 20000 };

static double draw(int how, size_t i)
{
  switch (how) {
  case 0: return normal();
  case 1: return exp(normal() * 30);
  case 2: return 1e9 + normal() * 1e-3;
  case 3: return floor(uniform() * 12) - 4;
  case 4: return normal() * 1e-42;
  case 5: return normal() * 1e300;
  case 6: return i % 7 ? -uniform() : i % 2 ? 0.0 : -0.0;
  case 7: return i % 5 ? normal() * 1e-310 : normal() * 1e-40;
  case 8: return 3.5;
  default: return i % 11 == 0 ? (double)NAN : i % 13 == 0 ? (double)INFINITY : i % 17 == 0 ? -(double)INFINITY : tan(uniform() * 3);
  }
}
enum { HOW = 10 };

static struct sl_sketch *make(enum sl_sketch_kind kind)
{
  struct sl_sketch *s;
  assert_int_equal(sl_sketch_new(&s, kind, true, NULL), 0);
  return s;
}

static size_t finite_of(const double *x, double *out)
{
  size_t n = 0;
  for (size_t i = 0; i < ROWS; i++)
    if (isfinite(x[i]))
      out[n++] = x[i];
  return n;
}

static void check_quantiles(const struct sl_sketch *s, const double *sorted, size_t n)
{
  for (double q = 0; q <= 1; q += 0.0625) {
    double low, high, want = sl_stat_quantile(sorted, n, q), got = sl_sketch_quantile(s, q, &low, &high);
    if (!(low <= want && want <= high && low <= got && got <= high))
      fail_msg("q %g: %.17g and %.17g not in %.17g..%.17g", q, want, got, low, high);
  }
}

static void check_bins(const struct sl_sketch *s, const double *sorted, size_t n)
{
  struct sl_sketch_bin *b;
  size_t k, at = 0;
  assert_int_equal(sl_sketch_bins(s, &b, &k, NULL), 0);
  for (size_t i = 0; i < k; i++) {
    double sum = 0;
    assert_true(!i || b[i].low >= b[i - 1].high);
    for (uint64_t j = 0; j < b[i].n; j++, at++) {
      if (!(at < n && sorted[at] >= b[i].low && sorted[at] <= b[i].high))
        fail_msg("bin %zu of %.17g..%.17g: value %.17g", i, b[i].low, b[i].high, sorted[at]);
      sum += sorted[at] - b[i].low;
    }
    if (!isnan(b[i].above) && fabs(b[i].above - sum) > 1e-9 * (double)b[i].n * fmax(b[i].high - b[i].low, fabs(b[i].low) * 1e-7))
      fail_msg("bin %zu of %.17g..%.17g: sum %.17g, not %.17g", i, b[i].low, b[i].high, b[i].above, sum);
  }
  assert_int_equal(at, n);
  sl_free(b);
}

static void says_what_values_say(void **state)
{
  (void)state;
  static double x[ROWS], sorted[ROWS], other[ROWS];
  for (int how = 0; how < HOW; how++) {
    struct sl_sketch *s = make(SL_SKETCH_FLOAT);
    for (size_t i = 0; i < ROWS; i++)
      x[i] = draw(how, i);
    assert_int_equal(sl_sketch_add_f64(s, x, NULL, ROWS, NULL), 0);
    size_t n = finite_of(x, sorted);
    near(sl_sketch_mean(s), sum_of(sorted, n) / (double)n, 0);
    if (how != 5) /* whose squares are no doubles */
      near(sl_sketch_std(s), sl_stat_std(sorted, n), how == 2 ? 1e-12 : how == 7 || how == 4 ? 1 : 1e-13);
    sl_stat_sort(sorted, other, n);
    struct sl_sketch_counts c = sl_sketch_counts(s);
    assert_int_equal(c.rows, ROWS);
    assert_int_equal(c.finite, n);
    assert_true(sl_sketch_min(s) == sorted[0] && sl_sketch_max(s) == sorted[n - 1]);
    double distinct;
    bool exact;
    assert_true(sl_sketch_distinct(s, &distinct, &exact));
    near(distinct, (double)sl_stat_distinct(sorted, n), exact ? 0 : 0.03);
    assert_int_equal(exact, sl_stat_distinct(sorted, n) <= SL_SKETCH_VALUES);
    check_quantiles(s, sorted, n);
    check_bins(s, sorted, n);
    sl_sketch_free(s);
  }
}

static void odd_moments(void **state)
{
  (void)state;
  struct sl_sketch *s = make(SL_SKETCH_FLOAT);
  static const double x[] = { DBL_MAX, DBL_MAX, DBL_MAX, -0.0, (double)INFINITY, -(double)INFINITY, (double)NAN };
  static const uint64_t valid[] = { 0x7f };
  assert_true(isnan(sl_sketch_mean(s)) && isnan(sl_sketch_min(s)) && isnan(sl_sketch_std(s)));
  assert_int_equal(sl_sketch_add_f64(s, x, valid, 3, NULL), 0);
  near(sl_sketch_mean(s), DBL_MAX, 1e-15);
  near(sl_sketch_variance(s), 0, 0);
  assert_true(isinf(sl_sketch_sum(s)));
  assert_int_equal(sl_sketch_add_f64(s, x + 3, valid, 4, NULL), 0);
  assert_int_equal(sl_sketch_add_nulls(s, 3, NULL), 0);
  struct sl_sketch_counts c = sl_sketch_counts(s);
  assert_true(c.rows == 10 && c.nulls == 3 && c.nans == 1 && c.plus_inf == 1 && c.minus_inf == 1 && c.zeros == 1 && c.finite == 4);
  assert_false(signbit(sl_sketch_min(s)));
  assert_int_equal(sl_sketch_add_nulls(s, SL_SKETCH_ROWS_MAX, NULL), SL_ELIMIT);
  sl_sketch_free(s);
}

static void integers_are_exact(void **state)
{
  (void)state;
  struct sl_sketch *s = make(SL_SKETCH_WHOLE);
  struct sl_sketch_value *v;
  int64_t x[] = { INT64_MAX, 7, INT64_MAX - 1, 7, INT64_MIN }, least, greatest;
  uint64_t valid = 0x1f;
  size_t n;
  double distinct;
  bool exact;
  assert_int_equal(sl_sketch_add_i64(s, x, &valid, 5, NULL), 0);
  sl_sketch_bounds(s, &least, &greatest);
  assert_true(least == INT64_MIN && greatest == INT64_MAX);
  assert_true(sl_sketch_distinct(s, &distinct, &exact) && exact && distinct == 4);
  assert_int_equal(sl_sketch_values(s, &v, &n, NULL), 0);
  assert_true(n == 3 && v[1].v == 7 && v[1].n == 2 && v[2].n == 2); /* two are one double */
  sl_free(v);
  sl_sketch_free(s);
}

/* ---- texts ---- */

static void add_text(struct sl_sketch *s, size_t i)
{
  char text[400];
  int n = snprintf(text, sizeof text, "%zu", i);
  if (i % 97 == 0) {
    memset(text, 'x', 300);
    n = 300 + snprintf(text + 300, 100, "%zu", i);
  }
  assert_int_equal(sl_sketch_add_text(s, sl_strn(text, (size_t)n), NULL), 0);
}

static void counts_texts(void **state)
{
  (void)state;
  struct sl_sketch *s = make(SL_SKETCH_TEXT);
  double distinct;
  uint64_t count, sum = 0;
  bool exact;
  for (size_t i = 0; i < 3000; i++)
    add_text(s, i % 1000);
  assert_int_equal(sl_sketch_tidy(s, NULL), 0);
  assert_true(sl_sketch_distinct(s, &distinct, &exact) && exact && distinct == 1000);
  assert_int_equal(sl_sketch_texts(s), 1000);
  for (size_t i = 0; i < 1000; i++) {
    struct sl_str t = sl_sketch_text(s, i, &count);
    assert_true(count == 3 && t.n <= SL_SKETCH_TEXT_MAX);
  }
  assert_int_equal(sl_sketch_other(s), 0);
  for (size_t i = 0; i < 100000; i++)
    add_text(s, i);
  assert_int_equal(sl_sketch_tidy(s, NULL), 0);
  assert_true(sl_sketch_distinct(s, &distinct, &exact) && !exact);
  near(distinct, 100000, 0.03);
  assert_int_equal(sl_sketch_texts(s), SL_SKETCH_TEXTS);
  for (size_t i = 0; i < SL_SKETCH_TEXTS; i++) {
    struct sl_str t = sl_sketch_text(s, i, &count);
    uint64_t number;
    if (sl_str_u64(t, &number))
      assert_int_equal(count, number < 1000 ? 4 : 1);
    sum += count;
  }
  assert_int_equal(sl_sketch_other(s), 103000 - sum);
  sl_sketch_free(s);
}

/* ---- parts, in any order, and as bytes ---- */

static void add_part(struct sl_sketches *f, size_t part, size_t parts, bool shuffled)
{
  for (size_t c = 0; c < f->n; c++)
    for (size_t k = part; k < ROWS; k += parts) {
      size_t i = shuffled ? ROWS - 1 - k : k;
      seed = i * 1000 + c;
      double x = c < HOW ? draw((int)c, i) : 0;
      int64_t whole = c == HOW ? (int64_t)next() : (int64_t)(i % 50);
      if (f->at[c].s && sl_sketch_kind(f->at[c].s) == SL_SKETCH_TEXT)
        add_text(f->at[c].s, c == HOW + 2 ? i * 3 : i % 40);
      else if (i % 19 == 3)
        assert_int_equal(sl_sketch_add_nulls(f->at[c].s, 1, NULL), 0);
      else if (c < HOW)
        assert_int_equal(sl_sketch_add_f64(f->at[c].s, &x, NULL, 1, NULL), 0);
      else
        assert_int_equal(sl_sketch_add_i64(f->at[c].s, &whole, NULL, 1, NULL), 0);
    }
  f->rows = sl_sketch_counts(f->at[0].s).rows;
}

static struct sl_sketches columns(void)
{
  struct sl_sketches f = { .n = HOW + 5 };
  f.at = sl_calloc(f.n, sizeof *f.at);
  for (size_t c = 0; c < f.n; c++) {
    f.at[c].name = sl_asprintf("c%zu", c);
    f.at[c].type = sl_strdup("T");
    bool text = c == HOW + 2 || c == HOW + 3;
    f.at[c].is = text ? SL_SKETCH_WORDS : SL_SKETCH_NUMBER;
    assert_int_equal(sl_sketch_new(&f.at[c].s, c < HOW ? SL_SKETCH_FLOAT : text ? SL_SKETCH_TEXT : SL_SKETCH_WHOLE, c != HOW + 4, NULL), 0);
  }
  return f;
}

static struct sl_buf bytes_of(struct sl_sketches *f)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_sketches_write(&b, f, NULL), 0);
  return b;
}

static void parts_leave_no_trace(void **state)
{
  (void)state;
  enum { PARTS = 5 };
  struct sl_sketches whole = columns(), part[PARTS], read;
  struct sl_err err = { 0 };
  size_t order[PARTS] = { 0, 1, 2, 3, 4 };
  add_part(&whole, 0, 1, false);
  struct sl_buf want = bytes_of(&whole);
  for (size_t times = 0; times < 3; times++) {
    for (size_t i = 0; i < PARTS; i++) {
      part[i] = columns();
      add_part(&part[i], i, PARTS, times & 1);
    }
    seed = times + 1;
    for (size_t i = PARTS; i-- > 1;) {
      size_t k = next() % (i + 1), t = order[i];
      order[i] = order[k];
      order[k] = t;
    }
    struct sl_buf piece = bytes_of(&part[order[0]]); /* through bytes and back on the way */
    assert_int_equal(sl_sketches_read(&read, sl_buf_view(&piece), &err), 0);
    for (size_t i = 1; i < PARTS; i++)
      assert_int_equal(sl_sketches_merge(&read, &part[order[i]], &err), 0);
    struct sl_buf got = bytes_of(&read);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
    sl_buf_free(&got);
    sl_buf_free(&piece);
    sl_sketches_free(&read);
    for (size_t i = 0; i < PARTS; i++)
      sl_sketches_free(&part[i]);
  }
  struct sl_sketches few = columns();
  few.n--;
  assert_int_equal(sl_sketches_merge(&whole, &few, &err), SL_EUSAGE);
  few.n++;
  sl_free(few.at[3].type);
  few.at[3].type = sl_strdup("U");
  assert_int_equal(sl_sketches_merge(&whole, &few, &err), SL_EUSAGE);
  sl_sketches_free(&few);
  sl_sketches_free(&whole);
  sl_buf_free(&want);
}

static void refuses_what_was_touched(void **state)
{
  (void)state;
  struct sl_sketches f = columns(), read;
  struct sl_err err = { 0 };
  add_part(&f, 0, 400, false);
  struct sl_buf b = bytes_of(&f);
  size_t taken = 0;
  for (size_t i = 0; i < b.n; i += 1 + i / 300) { /* cut anywhere; a bit turned anywhere */
    assert_int_not_equal(sl_sketches_read(&read, sl_strn(b.p, i), &err), 0);
    assert_true(err.msg[0]);
    b.p[i] = (char)(b.p[i] ^ (1 << next() % 8));
    if (!sl_sketches_read(&read, sl_buf_view(&b), &err)) {
      struct sl_buf again = bytes_of(&read);
      assert_int_equal(again.n, b.n);
      assert_memory_equal(again.p, b.p, b.n);
      sl_buf_free(&again);
      sl_sketches_free(&read);
      taken++;
    }
    memcpy(b.p, "SLSKETCH", 8);
    sl_buf_free(&b);
    b = bytes_of(&f);
  }
  assert_true(taken > 0);
  sl_buf_free(&b);
  sl_sketches_free(&f);
}

/* ---- two of them ---- */

static void bounds_hold(void **state)
{
  (void)state;
  static double x[2][ROWS], sorted[2][ROWS], other[ROWS];
  for (int how = 0; how < HOW * 3; how++) {
    struct sl_sketch *s[2];
    size_t n[2];
    double low, high, want;
    for (int k = 0; k < 2; k++) {
      s[k] = make(SL_SKETCH_FLOAT);
      for (size_t i = 0; i < ROWS; i++)
        x[k][i] = draw(how % HOW, i) * (k && how >= HOW ? 1.05 : 1) + (k && how >= 2 * HOW ? 0.25 : 0);
      n[k] = finite_of(x[k], sorted[k]);
      n[k] = k ? n[k] : n[k] / 2;
      assert_int_equal(sl_sketch_add_f64(s[k], sorted[k], NULL, n[k], NULL), 0);
      sl_stat_sort(sorted[k], other, n[k]);
    }
    want = sl_stat_ks(sorted[0], n[0], sorted[1], n[1]);
    assert_int_equal(sl_sketch_ks(s[0], s[1], &low, &high, NULL), 0);
    if (!(low <= want + 1e-15 && want <= high + 1e-15))
      fail_msg("%d: KS %.17g not in %.17g..%.17g", how, want, low, high);
    if (how % HOW == 3)
      near(low, high, 0);
    if (how % HOW == 0)
      assert_true(high - low < 0.02);
    want = sl_stat_wasserstein(sorted[0], n[0], sorted[1], n[1]);
    assert_int_equal(sl_sketch_wasserstein(s[0], s[1], &low, &high, NULL), 0);
    double slack = 1e-9 * fmax(want, fabs(sl_sketch_max(s[1])) * 1e-7);
    if (isfinite(want) && !(low <= want + slack && want <= high + slack))
      fail_msg("%d: W1 %.17g not in %.17g..%.17g", how, want, low, high);
    if (how == 2 * HOW)
      assert_true(high - low < 1e-2 * want);
    sl_sketch_free(s[0]);
    sl_sketch_free(s[1]);
  }
}

static void cells_of_both(void **state)
{
  (void)state;
  static const double x[] = { 2, 1, 2, -0.5 }, y[] = { 2, 7, 7 };
  struct sl_sketch *a = make(SL_SKETCH_FLOAT), *b = make(SL_SKETCH_FLOAT), *t = make(SL_SKETCH_TEXT), *u = make(SL_SKETCH_TEXT);
  struct sl_sketch_cells c;
  double step[3];
  bool known;
  assert_int_equal(sl_sketch_add_f64(a, x, NULL, 4, NULL), 0);
  assert_int_equal(sl_sketch_add_f64(b, y, NULL, 3, NULL), 0);
  assert_int_equal(sl_sketch_cells(a, b, &c, &known, NULL), 0);
  assert_true(known && c.k == 4 && c.value[0] == -0.5 && c.value[3] == 7 && c.count[0][2] == 2 && c.count[1][2] == 1 && c.count[1][3] == 2);
  sl_sketch_cells_free(&c);
  assert_int_equal(sl_sketch_steps(a, -0.5, 2.5, 3, step, NULL), 0);
  assert_true(step[0] == 1 && step[1] == 1 && step[2] == 2);
  for (size_t i = 0; i < 400; i++) {
    add_text(t, i % 98); /* one of them is cut */
    add_text(u, i % 195);
  }
  assert_int_equal(sl_sketch_tidy(t, NULL), 0);
  assert_int_equal(sl_sketch_tidy(u, NULL), 0);
  assert_int_equal(sl_sketch_cells(t, u, &c, &known, NULL), 0);
  assert_true(known && c.k == 195);
  double sum = 0;
  for (size_t i = 0; i < c.k; i++)
    sum += c.count[0][i] + c.count[1][i];
  assert_true(sum == 800);
  sl_sketch_cells_free(&c);
  assert_int_equal(sl_sketch_cells(a, t, &c, &known, NULL), SL_EUSAGE);
  for (size_t i = 0; i < 30000; i++)
    add_text(u, i);
  assert_int_equal(sl_sketch_tidy(u, NULL), 0);
  assert_int_equal(sl_sketch_cells(t, u, &c, &known, NULL), 0);
  assert_true(!known && !c.k);
  sl_sketch_free(a);
  sl_sketch_free(b);
  sl_sketch_free(t);
  sl_sketch_free(u);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_exactly), cmocka_unit_test(sums_squares), cmocka_unit_test(any_order_same_digits), cmocka_unit_test(hll_counts),
    cmocka_unit_test(says_what_values_say), cmocka_unit_test(odd_moments), cmocka_unit_test(integers_are_exact),
    cmocka_unit_test(counts_texts), cmocka_unit_test(parts_leave_no_trace), cmocka_unit_test(refuses_what_was_touched),
    cmocka_unit_test(bounds_hold), cmocka_unit_test(cells_of_both),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
