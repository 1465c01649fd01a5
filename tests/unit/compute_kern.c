/* Kernels: every kernel of every level that this processor has gives the very bytes that the C one gives. */
#include "compute/kern/kern.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MASKS = 400, ROUNDS = 30 };

static const char *const names[] = { "avx2", "avx512", "c" };
static uint64_t state_of = 88172645463325252u;

static uint64_t next(void)
{
  state_of ^= state_of << 13;
  state_of ^= state_of >> 7;
  return state_of ^= state_of << 17;
}

static size_t below(size_t n) { return (size_t)(next() % n); }

/* Each level, C too: there it is the definitions that are checked. Says once which ones are not here. */
static void at_each_level(void (*check)(const struct kern *k))
{
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const struct kern *k = kern_level(names[i]);
    for (int round = 0; k && round < ROUNDS; round++)
      check(k);
    if (!k)
      print_message("no %s on this processor\n", names[i]);
  }
}

static double odd_number(void)
{
  static const double odd[] = { 0, -0.0, INFINITY, -INFINITY, NAN, 1e-310, -1e-310, 1e-40, DBL_MAX, -DBL_MAX, 3.4e38, -3.4e38, 1, -1 };
  return below(3) ? ((double)next() / (double)UINT64_MAX - 0.5) * (below(2) ? 4 : 1e6) : odd[below(sizeof odd / sizeof odd[0])];
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* ---- ranks ---- */

struct ranks { double t[1100]; float f[1100]; uint16_t base[64]; struct kern_rank r; };

static void draw_ranks(struct ranks *d, bool wide)
{
  size_t k = below(4) ? below(300) : below(5), n = 0;
  for (size_t i = 0; i < k; i++) {
    double t = odd_number();
    d->t[n] = wide ? t : (double)(float)t;
    n += isnan(t) ? 0 : 1;
  }
  qsort(d->t, n, sizeof *d->t, by_value);
  k = 0;
  for (size_t i = 0; i < n; i++)
    if (!i || d->t[i] > d->t[k - 1])
      d->t[k++] = d->t[i];
  d->r = (struct kern_rank){ .k = (uint32_t)k, .strict = below(2), .half = k ? 1 : 0 };
  while (d->r.half && 2 * d->r.half <= k)
    d->r.half *= 2;
  for (size_t i = k; i < 1100; i++)
    d->t[i] = NAN;
  for (size_t i = 0; i < 1100; i++)
    d->f[i] = (float)d->t[i];
  if (wide)
    d->r.t = d->t;
  else
    d->r.t = d->f;
}

/* A table as it has to be: what stands before a bucket, and the most that one holds. */
static void draw_table(struct ranks *d, bool wide)
{
  struct kern_rank *r = &d->r;
  uint32_t held[64] = { 0 }, sum = 0;
  if (!r->k || !below(4))
    return;
  r->buckets = 64;
  r->low = wide ? -2 : (double)-2.0f;
  r->scale = 16;
  r->base = d->base;
  for (size_t i = 0; i < r->k; i++)
    held[wide ? kern_bucket_f64(r, d->t[i]) : kern_bucket_f32(r, d->f[i])]++;
  for (size_t b = 0; b < 64; b++) {
    d->base[b] = (uint16_t)sum;
    sum += held[b];
    r->near = held[b] > r->near ? held[b] : r->near;
  }
  r->near = r->near > KERN_NEAR ? 0 : r->near > 4 ? KERN_NEAR : r->near > 1 ? 4 : 1;
}

static uint16_t plain_rank(const struct ranks *d, double x)
{
  uint32_t n = 0;
  if (isnan(x))
    return (uint16_t)(d->r.k + 1);
  for (size_t i = 0; i < d->r.k; i++)
    n += d->r.strict ? d->t[i] <= x : d->t[i] < x;
  return (uint16_t)n;
}

static void ranks_agree(const struct kern *k)
{
  static struct ranks d;
  static double x[KERN_ROWS];
  static float f[KERN_ROWS];
  static uint16_t mine[KERN_ROWS], plain[KERN_ROWS];
  bool wide = below(2);
  draw_ranks(&d, wide);
  draw_table(&d, wide);
  for (size_t i = 0; i < KERN_ROWS; i++) {
    double v = d.r.k && i % 2 ? d.t[below(d.r.k)] : odd_number();
    x[i] = wide ? v : (double)(float)v;
    f[i] = (float)v;
    plain[i] = plain_rank(&d, x[i]);
    assert_int_equal(wide ? kern_rank_one_f64(&d.r, x[i]) : kern_rank_one_f32(&d.r, f[i]), plain[i]);
  }
  for (int level = 0; level < 2; level++) {
    const struct kern *use = level ? k : &kern_c;
    if (wide)
      use->rank_f64(&d.r, x, mine);
    else
      use->rank_f32(&d.r, f, mine);
    assert_memory_equal(mine, plain, sizeof plain);
  }
}

/* ---- masks ---- */

static struct kern_mask arena[2][MASKS], hot[2][MASKS];

static void draw_masks(struct kern_mask *m)
{
  for (size_t i = 0; i < MASKS; i++)
    for (size_t w = 0; w < KERN_WORDS; w++)
      m[i].w[w] = next();
  memset(&m[0], 0, sizeof m[0]);
}

static void scans_agree(const struct kern *k)
{
  static struct kern_emit e[MASKS];
  uint16_t rank[KERN_ROWS];
  struct kern_mask zero;
  uint32_t n = (uint32_t)below(MASKS / 2), emits = (uint32_t)below(MASKS - 1);
  bool ask = below(2);
  memset(hot, 0, sizeof hot);
  draw_masks(arena[0]);
  memcpy(arena[1], arena[0], sizeof arena[0]);
  zero = arena[0][3];
  for (size_t i = 0; i < KERN_ROWS; i++)
    rank[i] = (uint16_t)below(n + 2);
  for (uint32_t i = 0; i < emits; i++)
    e[i] = (struct kern_emit){ .slot = (uint16_t)(i + 1), .below = (uint16_t)((uint64_t)i * (n + 1) / emits), .nan = (uint8_t)below(2),
                               .zero = ask ? (uint8_t)below(3) : KERN_ZERO_PLAIN };
  kern_c.spread(rank, hot[0]);
  k->spread(rank, hot[1]);
  assert_memory_equal(hot[0], hot[1], sizeof hot[0]);
  kern_c.scan(hot[0], n, e, emits, &zero, arena[0]);
  k->scan(hot[1], n, e, emits, &zero, arena[1]);
  assert_memory_equal(arena[0], arena[1], sizeof arena[0]);
  for (size_t i = 0; i < sizeof hot / sizeof(uint64_t); i++)
    assert_int_equal(((const uint64_t *)hot)[i], 0);
  for (uint32_t i = 0; i < emits; i++) /* and by the definition, one row */
    if (e[i].zero == KERN_ZERO_PLAIN)
      assert_int_equal(arena[0][i + 1].w[1] >> 7 & 1, rank[71] == n + 1 ? e[i].nan : rank[71] < e[i].below);
}

static void bits_agree(const struct kern *k)
{
  static struct kern_op ops[200];
  uint16_t which[50];
  struct kern_mask out[2];
  draw_masks(arena[0]);
  memcpy(arena[1], arena[0], sizeof arena[0]);
  for (size_t i = 0; i < 200; i++)
    for (size_t n = 0; n < 8; n++)
      ((uint16_t *)&ops[i])[n] = (uint16_t)below(MASKS);
  size_t first = below(201);
  kern_c.mux(arena[0], ops, first, 200);
  k->mux(arena[1], ops, first, 200);
  assert_memory_equal(arena[0], arena[1], sizeof arena[0]);
  for (size_t i = 0; i < 50; i++)
    which[i] = (uint16_t)below(MASKS);
  size_t n = below(51);
  kern_c.any(arena[0], which, n, &out[0]);
  k->any(arena[0], which, n, &out[1]);
  assert_memory_equal(&out[0], &out[1], sizeof out[0]);
}

/* One operation by its definition. */
static void an_operation_chooses(const struct kern *k)
{
  struct kern_op o;
  for (size_t n = 0; n < 8; n++)
    ((uint16_t *)&o)[n] = (uint16_t)below(MASKS);
  draw_masks(arena[0]);
  memcpy(arena[1], arena[0], sizeof arena[0]);
  k->mux(arena[1], &o, below(2), 1);
  for (size_t r = 0; r < KERN_ROWS; r++) {
#define BIT(a, slot) ((a)[slot].w[r / 64] >> (r % 64) & 1)
    const struct kern_mask *a = arena[0];
    uint64_t want = BIT(a, o.m) ? (BIT(a, o.l) ? BIT(a, o.la) : BIT(a, o.lb)) : BIT(a, o.r) ? BIT(a, o.ra) : BIT(a, o.rb);
    assert_int_equal(BIT(arena[1], o.dst), want);
#undef BIT
  }
}

/* ---- leaves ---- */

static void maps_agree(const struct kern *k)
{
  static struct kern_map map;
  _Alignas(64) unsigned char idx[KERN_ROWS], more[KERN_ROWS];
  unsigned char want[KERN_ROWS];
  for (size_t i = 0; i < 256; i++) {
    map.base[i] = (unsigned char)next();
    map.keep[i] = (unsigned char)next();
  }
  for (size_t r = 0; r < KERN_ROWS; r++) {
    idx[r] = (unsigned char)(r < 256 ? r : next());
    more[r] = (unsigned char)next();
    want[r] = map.base[idx[r]] | (more[r] & map.keep[idx[r]]);
  }
  k->remap(&map, more, idx);
  assert_memory_equal(idx, want, sizeof want);
}

static void indices_agree(const struct kern *k)
{
  unsigned char idx[2][KERN_ROWS];
  uint16_t bits[KERN_BITS];
  draw_masks(arena[0]);
  for (size_t b = 0; b < KERN_BITS; b++)
    bits[b] = (uint16_t)below(MASKS);
  kern_c.index(arena[0], bits, idx[0]);
  k->index(arena[0], bits, idx[1]);
  assert_memory_equal(idx[0], idx[1], sizeof idx[0]);
  for (size_t r = 0; r < KERN_ROWS; r++)
    for (size_t b = 0; b < KERN_BITS; b++)
      assert_int_equal(idx[0][r] >> b & 1, arena[0][bits[b]].w[r / 64] >> (r % 64) & 1);
}

static void sums_agree_f32(const struct kern *k, unsigned nbits, const unsigned char *idx)
{
  static _Alignas(64) float sum[KERN_ROWS];
  static _Alignas(64) unsigned char table[1024];
  float v[256], want[KERN_ROWS];
  for (size_t i = 0; i < (size_t)1 << nbits; i++)
    v[i] = (float)odd_number();
  k->pack_f32(v, nbits, table);
  for (size_t r = 0; r < KERN_ROWS; r++) {
    float from = below(9) ? (float)odd_number() : -0.0f;
    from = isnan(from) ? 0 : from;
    sum[r / KERN_CHUNK * KERN_CHUNK + k->place_f32[r % KERN_CHUNK]] = from;
    want[r] = from + v[idx[r]];
  }
  k->add_f32(table, nbits, idx, sum);
  for (size_t r = 0; r < KERN_ROWS; r++)
    assert_memory_equal(&sum[r / KERN_CHUNK * KERN_CHUNK + k->place_f32[r % KERN_CHUNK]], &want[r], sizeof(float));
}

static void sums_agree_f64(const struct kern *k, unsigned nbits, const unsigned char *idx)
{
  static _Alignas(64) double sum[KERN_ROWS];
  static _Alignas(64) unsigned char table[2048];
  double v[256], want[KERN_ROWS];
  for (size_t i = 0; i < (size_t)1 << nbits; i++)
    v[i] = odd_number();
  k->pack_f64(v, nbits, table);
  for (size_t r = 0; r < KERN_ROWS; r++) {
    double from = below(9) ? odd_number() : -0.0;
    from = isnan(from) ? 0 : from;
    sum[r / KERN_CHUNK * KERN_CHUNK + k->place_f64[r % KERN_CHUNK]] = from;
    want[r] = from + v[idx[r]];
  }
  k->add_f64(table, nbits, idx, sum);
  for (size_t r = 0; r < KERN_ROWS; r++)
    assert_memory_equal(&sum[r / KERN_CHUNK * KERN_CHUNK + k->place_f64[r % KERN_CHUNK]], &want[r], sizeof(double));
}

static void sums_agree(const struct kern *k)
{
  unsigned nbits = (unsigned)below(9);
  unsigned char idx[KERN_ROWS];
  assert_true(kern_table_size(nbits, sizeof(double)) <= 2048);
  for (size_t i = 0; i < KERN_ROWS; i++)
    idx[i] = (unsigned char)below((size_t)1 << nbits);
  sums_agree_f32(&kern_c, nbits, idx);
  sums_agree_f32(k, nbits, idx);
  sums_agree_f64(&kern_c, nbits, idx);
  sums_agree_f64(k, nbits, idx);
}

/* ---- all of them ---- */

static void every_level_ranks(void **state) { (void)state; at_each_level(ranks_agree); }
static void every_level_scans(void **state) { (void)state; at_each_level(scans_agree); }
static void every_level_works_on_bits(void **state) { (void)state; at_each_level(bits_agree); }
static void every_level_chooses(void **state) { (void)state; at_each_level(an_operation_chooses); }
static void every_level_maps(void **state) { (void)state; at_each_level(maps_agree); }
static void every_level_indexes(void **state) { (void)state; at_each_level(indices_agree); }
static void every_level_sums(void **state) { (void)state; at_each_level(sums_agree); }

static void levels_by_name(void **state)
{
  (void)state;
  assert_ptr_equal(kern_level("c"), &kern_c);
  assert_null(kern_level("sse9"));
  assert_non_null(kern_best());
  const char *want = getenv("SLUICE_CPU");
  if (want && kern_level(want))
    assert_ptr_equal(kern_best(), kern_level(want));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_level_ranks),
    cmocka_unit_test(every_level_scans),
    cmocka_unit_test(every_level_works_on_bits),
    cmocka_unit_test(every_level_chooses),
    cmocka_unit_test(every_level_maps),
    cmocka_unit_test(every_level_indexes),
    cmocka_unit_test(every_level_sums),
    cmocka_unit_test(levels_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
