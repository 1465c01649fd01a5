/* bench_kern [LEVEL...]: ns of a call of each kernel of the tree engine and of pictures, at each level that this processor has: the least
 * of many calls, so that other work on the machine hardly shows. A call works on KERN_ROWS rows; mux does OPS operations, half of them on
 * fresh results; those of pictures make a row of PIXELS pixels out of TAPS times as many pixels or rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/kern/kern.h"
#include "compute/kern/kern_image.h"

enum { MASKS = 4096, RANKS = 254, OPS = 256, TESTS = 254, TIMES = 400, CALLS = 16 };
enum { PIXELS = 224, TAPS = 16 };

static struct kern_mask arena[MASKS], hot[RANKS + 2];
static struct kern_emit emits[TESTS];
static struct kern_op ops[OPS];
static uint16_t rank[KERN_ROWS], base[1024], bits[KERN_BITS], which[32];
static _Alignas(64) unsigned char idx[KERN_ROWS], table[4096];
static _Alignas(64) double x[KERN_ROWS], sum[KERN_ROWS];
static _Alignas(64) float f[KERN_ROWS], narrow[KERN_ROWS];
static double t64[2 * RANKS + 300];
static float t32[2 * RANKS + 300];
static struct kern_rank r64, r32;
static struct kern_map map;
static _Alignas(64) unsigned char more[KERN_ROWS];
static unsigned nbits;

static uint64_t state_of = 88172645463325252u;

static uint64_t next(void)
{
  state_of ^= state_of << 13;
  state_of ^= state_of >> 7;
  return state_of ^= state_of << 17;
}

static uint16_t below(size_t n) { return (uint16_t)(next() % n); }

/* near: what a bucket is told to hold at most; 0: by halves. */
static void draw_ranks(uint32_t near)
{
  size_t n = sizeof t64 / sizeof t64[0];
  for (size_t i = 0; i < n; i++) {
    t64[i] = i < RANKS ? (double)i / RANKS : (double)NAN;
    t32[i] = (float)t64[i];
  }
  r64 = (struct kern_rank){ .t = t64, .k = RANKS, .near = near, .base = base, .buckets = 1024, .low = 0, .scale = 1024, .half = 128 };
  r32 = r64;
  r32.t = t32;
  for (uint32_t b = 0, i = 0; b < 1024; b++) {
    while (i < RANKS && (kern_bucket_f64(&r64, t64[i]) < b))
      i++;
    base[b] = (uint16_t)i;
  }
}

static void draw(void)
{
  draw_ranks(1);
  for (size_t i = 0; i < KERN_ROWS; i++) {
    x[i] = (double)next() / (double)UINT64_MAX;
    f[i] = (float)x[i];
    rank[i] = below(RANKS + 2);
    idx[i] = (unsigned char)below(64);
  }
  for (size_t i = 0; i < MASKS; i++)
    for (size_t w = 0; w < KERN_WORDS; w++)
      arena[i].w[w] = next();
  for (uint16_t i = 0; i < TESTS; i++)
    emits[i] = (struct kern_emit){ .slot = (uint16_t)(200 + i), .below = (uint16_t)(i + 1), .nan = i % 2 };
  for (uint16_t i = 0; i < OPS; i++) {
    uint16_t slot[6];
    for (size_t n = 0; n < 6; n++)
      slot[n] = (uint16_t)(200 + below(MASKS - 200));
    ops[i] = (struct kern_op){ (uint16_t)(i % 32), slot[0], slot[1], (uint16_t)(i % 2 ? (i - 1) % 32 : slot[2]), slot[3], slot[4],
                               (uint16_t)(i % 4 == 3 ? (i - 2) % 32 : slot[5]), 40 };
  }
  for (size_t i = 0; i < KERN_BITS; i++)
    bits[i] = below(MASKS);
  for (size_t i = 0; i < 32; i++)
    which[i] = below(RANKS);
}

/* ---- the kernels, each with what it wants ---- */

static void rank_f32(const struct kern *k) { k->rank_f32(&r32, f, rank); }
static void rank_f64(const struct kern *k) { k->rank_f64(&r64, x, rank); }
static void spread(const struct kern *k) { k->spread(rank, hot); }
static void scan(const struct kern *k) { k->scan(hot, RANKS, emits, TESTS, NULL, arena); }
static void any(const struct kern *k) { k->any(arena, which, 32, &arena[0]); }
static void mux(const struct kern *k) { k->mux(arena, ops, 0, OPS); }
static void find(const struct kern *k) { k->index(arena, bits, idx); }
static void remap(const struct kern *k) { k->remap(&map, more, idx); }
static void pack_f32(const struct kern *k) { k->pack_f32(narrow, KERN_BITS, table); }
static void pack_f64(const struct kern *k) { k->pack_f64(sum, KERN_BITS, table); }
static void add_f32(const struct kern *k) { k->add_f32(table, nbits, idx, narrow); }
static void add_f64(const struct kern *k) { k->add_f64(table, nbits, idx, sum); }

/* ---- pictures ---- */

static unsigned char picture[TAPS][PIXELS * TAPS * 3 + 16], made[PIXELS * 3], packed[PIXELS * TAPS / KERN_TAPS * KERN_PACKED];
static const unsigned char *lines[TAPS];
static uint32_t from[PIXELS], count[PIXELS];
static int32_t weights[PIXELS * TAPS];
static struct kern_axis axis = { .n = PIXELS, .wide = TAPS, .first = from, .count = count, .k = weights, .steps = TAPS / KERN_TAPS,
                                 .packed = packed };
static struct kern_value value = { .fused = true, .by = 1.0f / 255, .of = { 1, 1, 1 } };
static float planes[3][PIXELS];

static void draw_picture(const struct kern_image *k)
{
  for (size_t i = 0; i < TAPS; i++) {
    lines[i] = picture[i];
    for (size_t n = 0; n < sizeof picture[i]; n++)
      picture[i][n] = (unsigned char)next();
  }
  for (uint32_t i = 0; i < PIXELS; i++) {
    from[i] = i * TAPS;
    count[i] = TAPS;
    for (size_t t = 0; t < TAPS; t++)
      weights[i * TAPS + t] = KERN_ONE / TAPS;
  }
  for (size_t n = 0; k->pack && n < PIXELS * TAPS / KERN_TAPS; n++)
    k->pack(weights + n * KERN_TAPS, packed + n * KERN_PACKED);
}

static void across(const struct kern *k) { k->image->across(&axis, picture[0], PIXELS * TAPS + 5, made); }
static void down(const struct kern *k) { k->image->down(&axis, 0, lines, sizeof made, made); }
static void to_floats(const struct kern *k) { k->image->planes(&value, made, PIXELS, planes[0], planes[1], planes[2]); }

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double least(const struct kern *k, void (*call)(const struct kern *))
{
  double best = 1e18;
  for (int i = 0; i < TIMES; i++) {
    double t = now();
    for (int c = 0; c < CALLS; c++)
      call(k);
    t = (now() - t) / CALLS;
    best = t < best ? t : best;
  }
  return best;
}

static void at_level(const struct kern *k)
{
  static const struct { const char *name; void (*call)(const struct kern *); } plain[] = {
    { "spread", spread }, { "scan", scan }, { "any", any }, { "mux", mux }, { "index", find }, { "remap", remap },
    { "pack_f32", pack_f32 }, { "pack_f64", pack_f64 },
    { "picture across", across }, { "picture down", down }, { "picture floats", to_floats } };
  static const uint32_t near[] = { 1, 4, KERN_NEAR, 0 };
  draw_picture(k->image);
  for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
    draw_ranks(near[i]);
    printf("%-7s rank_f32 near %u %6.1f ns\n", k->name, near[i], least(k, rank_f32));
    printf("%-7s rank_f64 near %u %6.1f ns\n", k->name, near[i], least(k, rank_f64));
  }
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    printf("%-7s %-14s %8.1f ns\n", k->name, plain[i].name, least(k, plain[i].call));
  for (nbits = 5; nbits <= KERN_BITS; nbits++) {
    double v[256];
    float w[256];
    for (size_t i = 0; i < 256; i++)
      w[i] = (float)(v[i] = (double)below(1000) / 1e4 - 0.05);
    for (size_t i = 0; i < KERN_ROWS; i++)
      idx[i] = (unsigned char)below((size_t)1 << nbits);
    k->pack_f32(w, nbits, table);
    printf("%-7s add_f32 %u bits %8.1f ns\n", k->name, nbits, least(k, add_f32));
    k->pack_f64(v, nbits, table);
    printf("%-7s add_f64 %u bits %8.1f ns\n", k->name, nbits, least(k, add_f64));
  }
}

int main(int argc, char **argv)
{
  static const char *const all[] = { "avx512", "avx2", "c" };
  draw();
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    const struct kern *k = kern_level(all[i]);
    bool wanted = argc < 2;
    for (int a = 1; a < argc; a++)
      wanted = wanted || !strcmp(argv[a], all[i]);
    if (k && wanted)
      at_level(k);
  }
  return 0;
}
