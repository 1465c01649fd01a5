/* compute/kern/kern_avx2.c: the kernels for AVX2: 256 rows an instruction where bits are worked on. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "compute/kern/kern.h"
#include "compute/kern/kern_image.h"

#define AVX2 __attribute__((target("avx2,popcnt")))

/* How many of four (eight) thresholds count, by one comparison. Unsigned compares with NaN are false. */
AVX2 static inline uint32_t count4_ps(const float *t, float x, bool strict)
{
  __m128 at = _mm_loadu_ps(t), v = _mm_set1_ps(x);
  return (uint32_t)_mm_popcnt_u32((uint32_t)_mm_movemask_ps(strict ? _mm_cmple_ps(at, v) : _mm_cmplt_ps(at, v)));
}

AVX2 static inline uint32_t count8_ps(const float *t, float x, bool strict)
{
  __m256 at = _mm256_loadu_ps(t), v = _mm256_set1_ps(x);
  int yes = _mm256_movemask_ps(strict ? _mm256_cmp_ps(at, v, _CMP_LE_OQ) : _mm256_cmp_ps(at, v, _CMP_LT_OQ));
  return (uint32_t)_mm_popcnt_u32((uint32_t)yes);
}

AVX2 static inline uint32_t count4_pd(const double *t, double x, bool strict)
{
  __m256d at = _mm256_loadu_pd(t), v = _mm256_set1_pd(x);
  int yes = _mm256_movemask_pd(strict ? _mm256_cmp_pd(at, v, _CMP_LE_OQ) : _mm256_cmp_pd(at, v, _CMP_LT_OQ));
  return (uint32_t)_mm_popcnt_u32((uint32_t)yes);
}

AVX2 static inline void near_ps(const struct kern_rank *r, uint32_t near, bool strict, const float *x, const uint32_t *bucket,
                                uint16_t *rank)
{
  const float *t = r->t;
  for (size_t i = 0; i < KERN_ROWS; i++) {
    uint32_t at = r->base[bucket[i]];
    if (near == 1)
      at += strict ? t[at] <= x[i] : t[at] < x[i];
    else
      at += near == 4 ? count4_ps(t + at, x[i], strict) : count8_ps(t + at, x[i], strict);
    rank[i] = (uint16_t)(x[i] != x[i] ? r->k + 1 : at);
  }
}

AVX2 static inline void near_pd(const struct kern_rank *r, uint32_t near, bool strict, const double *x, const uint32_t *bucket,
                                uint16_t *rank)
{
  const double *t = r->t;
  for (size_t i = 0; i < KERN_ROWS; i++) {
    uint32_t at = r->base[bucket[i]], n = 0;
    for (uint32_t k = 0; k < near && near > 1; k += 4)
      n += count4_pd(t + at + k, x[i], strict);
    at += near == 1 ? (strict ? t[at] <= x[i] : t[at] < x[i]) : n;
    rank[i] = (uint16_t)(x[i] != x[i] ? r->k + 1 : at);
  }
}

#define NEAR(suffix, type, near_fn) \
  AVX2 void kern_avx2_near_##suffix(const struct kern_rank *r, const type *x, const uint32_t *bucket, uint16_t *rank) \
  { \
    if (r->near == 1) \
      r->strict ? near_fn(r, 1, true, x, bucket, rank) : near_fn(r, 1, false, x, bucket, rank); \
    else if (r->near == 4) \
      r->strict ? near_fn(r, 4, true, x, bucket, rank) : near_fn(r, 4, false, x, bucket, rank); \
    else \
      r->strict ? near_fn(r, KERN_NEAR, true, x, bucket, rank) : near_fn(r, KERN_NEAR, false, x, bucket, rank); \
  }
NEAR(f32, float, near_ps)
NEAR(f64, double, near_pd)

AVX2 static void rank_f32(const struct kern_rank *r, const float *x, uint16_t *rank)
{
  uint32_t bucket[KERN_ROWS];
  __m256 low = _mm256_set1_ps((float)r->low), scale = _mm256_set1_ps((float)r->scale), last = _mm256_set1_ps((float)(r->buckets - 1));
  for (size_t i = 0; r->near && i < KERN_ROWS; i += 8) {
    __m256 at = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), low), scale);
    at = _mm256_min_ps(_mm256_max_ps(at, _mm256_setzero_ps()), last); /* of NaN the second: zero */
    _mm256_storeu_si256((__m256i *)(void *)(bucket + i), _mm256_cvttps_epi32(at));
  }
  if (r->near)
    kern_avx2_near_f32(r, x, bucket, rank);
  else
    kern_halve_f32(r, x, rank);
}

AVX2 static void rank_f64(const struct kern_rank *r, const double *x, uint16_t *rank)
{
  uint32_t bucket[KERN_ROWS];
  __m256d low = _mm256_set1_pd(r->low), scale = _mm256_set1_pd(r->scale), last = _mm256_set1_pd((double)(r->buckets - 1));
  for (size_t i = 0; r->near && i < KERN_ROWS; i += 4) {
    __m256d at = _mm256_mul_pd(_mm256_sub_pd(_mm256_loadu_pd(x + i), low), scale);
    at = _mm256_min_pd(_mm256_max_pd(at, _mm256_setzero_pd()), last);
    _mm_storeu_si128((__m128i *)(void *)(bucket + i), _mm256_cvttpd_epi32(at));
  }
  if (r->near)
    kern_avx2_near_f64(r, x, bucket, rank);
  else
    kern_halve_f64(r, x, rank);
}

AVX2 static __m256i get(const struct kern_mask *m, size_t half)
{
  return _mm256_load_si256((const __m256i *)(const void *)(m->w + half * 4));
}
AVX2 static void put(struct kern_mask *m, size_t half, __m256i v) { _mm256_store_si256((__m256i *)(void *)(m->w + half * 4), v); }

AVX2 static __m256i with_zero(__m256i v, const struct kern_mask *zero, size_t half, uint8_t what)
{
  if (what == KERN_ZERO_PLAIN)
    return v;
  return what == KERN_ZERO_LEFT ? _mm256_or_si256(v, get(zero, half)) : _mm256_andnot_si256(get(zero, half), v);
}

AVX2 static void scan(struct kern_mask *hot, uint32_t k, const struct kern_emit *e, size_t n, const struct kern_mask *zero,
                      struct kern_mask *arena)
{
  __m256i none = _mm256_setzero_si256(), s0 = none, s1 = none, nan0 = get(&hot[k + 1], 0), nan1 = get(&hot[k + 1], 1);
  uint32_t at = 0;
  for (size_t i = 0; i < n; i++) {
    for (; at < e[i].below; at++) {
      s0 = _mm256_or_si256(s0, get(&hot[at], 0));
      s1 = _mm256_or_si256(s1, get(&hot[at], 1));
      put(&hot[at], 0, none);
      put(&hot[at], 1, none);
    }
    __m256i missing = _mm256_set1_epi8((char)-(e[i].nan != 0));
    put(&arena[e[i].slot], 0, _mm256_or_si256(with_zero(s0, zero, 0, e[i].zero), _mm256_and_si256(nan0, missing)));
    put(&arena[e[i].slot], 1, _mm256_or_si256(with_zero(s1, zero, 1, e[i].zero), _mm256_and_si256(nan1, missing)));
  }
  memset(hot + at, 0, (k + 2 - at) * sizeof *hot);
}

AVX2 static void any(const struct kern_mask *hot, const uint16_t *which, size_t n, struct kern_mask *out)
{
  __m256i s0 = _mm256_setzero_si256(), s1 = s0;
  for (size_t i = 0; i < n; i++) {
    s0 = _mm256_or_si256(s0, get(&hot[which[i]], 0));
    s1 = _mm256_or_si256(s1, get(&hot[which[i]], 1));
  }
  put(out, 0, s0);
  put(out, 1, s1);
}

AVX2 static __m256i pick(__m256i m, __m256i a, __m256i b) { return _mm256_xor_si256(b, _mm256_and_si256(m, _mm256_xor_si256(a, b))); }

AVX2 static void mux(struct kern_mask *arena, const struct kern_op *ops, size_t first, size_t n)
{
  (void)first;
  for (const struct kern_op *o = ops; o < ops + n; o++) {
    __m256i l0 = pick(get(&arena[o->l], 0), get(&arena[o->la], 0), get(&arena[o->lb], 0));
    __m256i r0 = pick(get(&arena[o->r], 0), get(&arena[o->ra], 0), get(&arena[o->rb], 0));
    __m256i l1 = pick(get(&arena[o->l], 1), get(&arena[o->la], 1), get(&arena[o->lb], 1));
    __m256i r1 = pick(get(&arena[o->r], 1), get(&arena[o->ra], 1), get(&arena[o->rb], 1));
    l0 = pick(get(&arena[o->m], 0), l0, r0);
    l1 = pick(get(&arena[o->m], 1), l1, r1);
    put(&arena[o->dst], 0, l0);
    put(&arena[o->dst], 1, l1);
  }
}

/* Eight bytes as a square of bits, turned over, four at once. */
AVX2 static __m256i turned(__m256i x)
{
  __m256i t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 7)), _mm256_set1_epi64x(0x00aa00aa00aa00aa));
  x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 7)));
  t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 14)), _mm256_set1_epi64x(0x0000cccc0000cccc));
  x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 14)));
  t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 28)), _mm256_set1_epi64x(0x00000000f0f0f0f0));
  return _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 28)));
}

/* Bytes 2k and 2k + 1 of both 16-byte halves of the eight planes, behind each other: the rows of these bytes. */
AVX2 static void put_rows(unsigned char *idx, size_t k, __m256i x)
{
  x = turned(x);
  _mm_storeu_si128((__m128i *)(void *)(idx + k * 16), _mm256_castsi256_si128(x));
  _mm_storeu_si128((__m128i *)(void *)(idx + 128 + k * 16), _mm256_extracti128_si256(x, 1));
}

AVX2 static void find_half(const struct kern_mask *arena, const uint16_t *bits, size_t half, unsigned char *idx)
{
  __m256i p[8], q[8];
  for (size_t i = 0; i < 4; i++) { /* bytes of two planes in turns */
    __m256i a = get(&arena[bits[2 * i]], half), b = get(&arena[bits[2 * i + 1]], half);
    p[i] = _mm256_unpacklo_epi8(a, b);
    p[4 + i] = _mm256_unpackhi_epi8(a, b);
  }
  for (size_t i = 0; i < 2; i++) { /* of four */
    q[i] = _mm256_unpacklo_epi16(p[2 * i], p[2 * i + 1]);
    q[2 + i] = _mm256_unpackhi_epi16(p[2 * i], p[2 * i + 1]);
    q[4 + i] = _mm256_unpacklo_epi16(p[4 + 2 * i], p[5 + 2 * i]);
    q[6 + i] = _mm256_unpackhi_epi16(p[4 + 2 * i], p[5 + 2 * i]);
  }
  for (size_t i = 0; i < 4; i++) { /* of all eight */
    put_rows(idx, 2 * i, _mm256_unpacklo_epi32(q[2 * i], q[2 * i + 1]));
    put_rows(idx, 2 * i + 1, _mm256_unpackhi_epi32(q[2 * i], q[2 * i + 1]));
  }
}

AVX2 static void find(const struct kern_mask *arena, const uint16_t *bits, unsigned char *idx)
{
  find_half(arena, bits, 0, idx);
  find_half(arena, bits, 1, idx + KERN_ROWS / 2);
}

static void pack_f32(const float *values, unsigned nbits, void *table) { memcpy(table, values, ((size_t)1 << nbits) * sizeof *values); }
static void pack_f64(const double *values, unsigned nbits, void *table) { memcpy(table, values, ((size_t)1 << nbits) * sizeof *values); }

/* One by one from memory: on most processors faster than their gathers. */
AVX2 static void add_f32(const void *table, unsigned nbits, const unsigned char *idx, float *sum)
{
  const float *v = table;
  (void)nbits;
  for (size_t i = 0; i < KERN_ROWS; i += 8) {
    const unsigned char *k = idx + i;
    __m256 leaf = _mm256_setr_ps(v[k[0]], v[k[1]], v[k[2]], v[k[3]], v[k[4]], v[k[5]], v[k[6]], v[k[7]]);
    _mm256_store_ps(sum + i, _mm256_add_ps(_mm256_load_ps(sum + i), leaf));
  }
}

AVX2 static void add_f64(const void *table, unsigned nbits, const unsigned char *idx, double *sum)
{
  const double *v = table;
  (void)nbits;
  for (size_t i = 0; i < KERN_ROWS; i += 4) {
    const unsigned char *k = idx + i;
    _mm256_store_pd(sum + i, _mm256_add_pd(_mm256_load_pd(sum + i), _mm256_setr_pd(v[k[0]], v[k[1]], v[k[2]], v[k[3]])));
  }
}

const struct kern kern_avx2 = {
  .name = "avx2", .rank_f32 = rank_f32, .rank_f64 = rank_f64, .spread = kern_spread, .scan = scan, .any = any, .mux = mux, .index = find,
  .remap = kern_remap, .pack_f32 = pack_f32, .pack_f64 = pack_f64, .add_f32 = add_f32, .add_f64 = add_f64, .place_f32 = kern_place,
  .place_f64 = kern_place, .cost_two = 215,
  .image = &kern_image_avx2,
};
#else
typedef int kern_avx2_is_not_here;
#endif
