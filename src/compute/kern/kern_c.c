/* compute/kern/kern_c.c: the kernels in portable C: what every other level must agree with. */
#include <math.h>
#include <string.h>

#include "compute/kern/kern.h"
#include "compute/kern/kern_image.h"

/* ---- ranks ---- */

/* One body for both types: BELOW asks whether a threshold counts. */
#define RANK(type, suffix) \
  uint32_t kern_bucket_##suffix(const struct kern_rank *r, type x) \
  { \
    type at = (x - (type)r->low) * (type)r->scale, last = (type)(r->buckets - 1); \
    at = at > 0 ? at : 0; /* NaN goes here too */ \
    return (uint32_t)(at < last ? at : last); \
  } \
  static inline uint32_t halve_##suffix(const struct kern_rank *r, type x) \
  { \
    const type *t = r->t; \
    uint32_t at = 0; \
    for (uint32_t step = r->half; step; step /= 2) \
      at += (r->strict ? t[at + step - 1] <= x : t[at + step - 1] < x) ? step : 0; \
    return at; \
  } \
  static inline uint32_t few_##suffix(const type *t, uint32_t n, bool strict, type x) \
  { \
    uint32_t at = 0; \
    for (uint32_t i = 0; i < n; i++) \
      at += strict ? t[i] <= x : t[i] < x; \
    return at; \
  } \
  static inline void near_##suffix(const struct kern_rank *r, uint32_t near, bool strict, const type *x, const uint32_t *bucket, \
                                   uint16_t *rank) \
  { \
    const type *t = r->t; \
    for (size_t i = 0; i < KERN_ROWS; i++) { \
      uint32_t base = r->base[bucket[i]]; \
      uint32_t at = base + few_##suffix(t + base, near, strict, x[i]); \
      rank[i] = (uint16_t)(x[i] != x[i] ? r->k + 1 : at); \
    } \
  } \
  static void all_##suffix(const struct kern_rank *r, const type *x, const uint32_t *bucket, uint16_t *rank) \
  { \
    if (r->near == 1) \
      r->strict ? near_##suffix(r, 1, true, x, bucket, rank) : near_##suffix(r, 1, false, x, bucket, rank); \
    else if (r->near == 4) \
      r->strict ? near_##suffix(r, 4, true, x, bucket, rank) : near_##suffix(r, 4, false, x, bucket, rank); \
    else if (r->near) \
      r->strict ? near_##suffix(r, KERN_NEAR, true, x, bucket, rank) : near_##suffix(r, KERN_NEAR, false, x, bucket, rank); \
    else \
      kern_halve_##suffix(r, x, rank); \
  } \
  void kern_halve_##suffix(const struct kern_rank *r, const type *x, uint16_t *rank) \
  { \
    for (size_t i = 0; i < KERN_ROWS; i++) \
      rank[i] = (uint16_t)(x[i] != x[i] ? r->k + 1 : halve_##suffix(r, x[i])); \
  } \
  uint16_t kern_rank_one_##suffix(const struct kern_rank *r, type x) \
  { \
    const type *t = r->t; \
    uint32_t base = r->near ? r->base[kern_bucket_##suffix(r, x)] : 0; \
    if (x != x) \
      return (uint16_t)(r->k + 1); \
    return (uint16_t)(r->near ? base + few_##suffix(t + base, r->near, r->strict, x) : halve_##suffix(r, x)); \
  } \
  static void rank_##suffix(const struct kern_rank *r, const type *x, uint16_t *rank) \
  { \
    uint32_t bucket[KERN_ROWS]; \
    for (size_t i = 0; r->near && i < KERN_ROWS; i++) \
      bucket[i] = kern_bucket_##suffix(r, x[i]); \
    all_##suffix(r, x, bucket, rank); \
  }

RANK(float, f32)
RANK(double, f64)

/* ---- masks ---- */

void kern_spread(const uint16_t *rank, struct kern_mask *hot)
{
  for (size_t i = 0; i < KERN_WORDS; i++)
    for (size_t k = 0; k < 64; k++)
      hot[rank[i * 64 + k]].w[i] |= UINT64_C(1) << k;
}

static void scan(struct kern_mask *hot, uint32_t k, const struct kern_emit *e, size_t n, const struct kern_mask *zero,
                 struct kern_mask *arena)
{
  struct kern_mask sum = { { 0 } }, nan = hot[k + 1];
  uint32_t at = 0;
  for (size_t i = 0; i < n; i++) {
    for (; at < e[i].below; at++) {
      for (size_t w = 0; w < KERN_WORDS; w++)
        sum.w[w] |= hot[at].w[w];
      memset(&hot[at], 0, sizeof hot[at]);
    }
    struct kern_mask *to = &arena[e[i].slot];
    uint64_t missing = e[i].nan ? UINT64_MAX : 0;
    for (size_t w = 0; w < KERN_WORDS; w++) {
      uint64_t v = sum.w[w];
      if (e[i].zero != KERN_ZERO_PLAIN)
        v = e[i].zero == KERN_ZERO_LEFT ? v | zero->w[w] : v & ~zero->w[w];
      to->w[w] = v | (nan.w[w] & missing);
    }
  }
  memset(hot + at, 0, (k + 2 - at) * sizeof *hot);
}

static void any(const struct kern_mask *hot, const uint16_t *which, size_t n, struct kern_mask *out)
{
  struct kern_mask sum = { { 0 } };
  for (size_t i = 0; i < n; i++)
    for (size_t w = 0; w < KERN_WORDS; w++)
      sum.w[w] |= hot[which[i]].w[w];
  *out = sum;
}

static uint64_t pick(uint64_t m, uint64_t a, uint64_t b) { return b ^ (m & (a ^ b)); }

static void mux(struct kern_mask *arena, const struct kern_op *ops, size_t first, size_t n)
{
  (void)first;
  for (const struct kern_op *o = ops; o < ops + n; o++) {
    struct kern_mask out;
    for (size_t w = 0; w < KERN_WORDS; w++) {
      uint64_t l = pick(arena[o->l].w[w], arena[o->la].w[w], arena[o->lb].w[w]);
      out.w[w] = pick(arena[o->m].w[w], l, pick(arena[o->r].w[w], arena[o->ra].w[w], arena[o->rb].w[w]));
    }
    arena[o->dst] = out;
  }
}

/* ---- leaves ---- */

/* Eight bytes as a square of bits, turned over. */
static uint64_t turned(uint64_t x)
{
  uint64_t t = (x ^ (x >> 7)) & UINT64_C(0x00aa00aa00aa00aa);
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & UINT64_C(0x0000cccc0000cccc);
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & UINT64_C(0x00000000f0f0f0f0);
  return x ^ t ^ (t << 28);
}

static void find(const struct kern_mask *arena, const uint16_t *bits, unsigned char *idx)
{
  for (size_t i = 0; i < KERN_ROWS / 8; i++) {
    uint64_t x = 0;
    for (size_t b = 0; b < KERN_BITS; b++)
      x |= (arena[bits[b]].w[i / 8] >> (i % 8 * 8) & 0xff) << (b * 8);
    x = turned(x);
    for (size_t k = 0; k < 8; k++)
      idx[i * 8 + k] = (unsigned char)(x >> (k * 8));
  }
}

void kern_remap(const struct kern_map *map, const unsigned char *more, unsigned char *idx)
{
  for (size_t i = 0; i < KERN_ROWS; i++)
    idx[i] = map->base[idx[i]] | (more[i] & map->keep[idx[i]]);
}

static void pack_f32(const float *values, unsigned nbits, void *table) { memcpy(table, values, ((size_t)1 << nbits) * sizeof *values); }
static void pack_f64(const double *values, unsigned nbits, void *table) { memcpy(table, values, ((size_t)1 << nbits) * sizeof *values); }

static void add_f32(const void *table, unsigned nbits, const unsigned char *idx, float *sum)
{
  const float *values = table;
  (void)nbits;
  for (size_t i = 0; i < KERN_ROWS; i++)
    sum[i] += values[idx[i]];
}

static void add_f64(const void *table, unsigned nbits, const unsigned char *idx, double *sum)
{
  const double *values = table;
  (void)nbits;
  for (size_t i = 0; i < KERN_ROWS; i++)
    sum[i] += values[idx[i]];
}

#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
const unsigned char kern_place[KERN_CHUNK] = { EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56) };

const struct kern kern_c = {
  .name = "c", .rank_f32 = rank_f32, .rank_f64 = rank_f64, .spread = kern_spread, .scan = scan, .any = any, .mux = mux, .index = find,
  .remap = kern_remap, .pack_f32 = pack_f32, .pack_f64 = pack_f64, .add_f32 = add_f32, .add_f64 = add_f64, .place_f32 = kern_place,
  .place_f64 = kern_place, .cost_two = 310,
  .image = &kern_image_c,
};
