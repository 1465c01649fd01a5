/* compute/kern/kern_avx512.c: the kernels for AVX-512 with VBMI and GFNI: 512 rows an instruction where bits are worked on, 64 where leaves
 * are looked up, in tables that lie in registers as planes of bytes. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "compute/kern/kern.h"
#include "compute/kern/kern_image.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,gfni")))

AVX512 static void rank_f32(const struct kern_rank *r, const float *x, uint16_t *rank)
{
  uint32_t bucket[KERN_ROWS];
  __m512 low = _mm512_set1_ps((float)r->low), scale = _mm512_set1_ps((float)r->scale), last = _mm512_set1_ps((float)(r->buckets - 1));
  for (size_t i = 0; r->near && i < KERN_ROWS; i += 16) {
    __m512 at = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + i), low), scale);
    at = _mm512_min_ps(_mm512_max_ps(at, _mm512_setzero_ps()), last); /* of NaN the second: zero */
    _mm512_storeu_si512(bucket + i, _mm512_cvttps_epi32(at));
  }
  if (r->near)
    kern_avx2_near_f32(r, x, bucket, rank);
  else
    kern_halve_f32(r, x, rank);
}

AVX512 static void rank_f64(const struct kern_rank *r, const double *x, uint16_t *rank)
{
  uint32_t bucket[KERN_ROWS];
  __m512d low = _mm512_set1_pd(r->low), scale = _mm512_set1_pd(r->scale), last = _mm512_set1_pd((double)(r->buckets - 1));
  for (size_t i = 0; r->near && i < KERN_ROWS; i += 8) {
    __m512d at = _mm512_mul_pd(_mm512_sub_pd(_mm512_loadu_pd(x + i), low), scale);
    at = _mm512_min_pd(_mm512_max_pd(at, _mm512_setzero_pd()), last);
    _mm256_storeu_si256((__m256i *)(void *)(bucket + i), _mm512_cvttpd_epi32(at));
  }
  if (r->near)
    kern_avx2_near_f64(r, x, bucket, rank);
  else
    kern_halve_f64(r, x, rank);
}

AVX512 static __m512i get(const struct kern_mask *m) { return _mm512_load_si512(m); }

AVX512 static void scan(struct kern_mask *hot, uint32_t k, const struct kern_emit *e, size_t n, const struct kern_mask *zero,
                        struct kern_mask *arena)
{
  __m512i none = _mm512_setzero_si512(), sum = none, nan = get(&hot[k + 1]);
  uint32_t at = 0;
  for (size_t i = 0; i < n; i++) {
    for (; at < e[i].below; at++) {
      sum = _mm512_or_si512(sum, get(&hot[at]));
      _mm512_store_si512(&hot[at], none);
    }
    __m512i v = sum;
    if (e[i].zero != KERN_ZERO_PLAIN)
      v = e[i].zero == KERN_ZERO_LEFT ? _mm512_or_si512(v, get(zero)) : _mm512_andnot_si512(get(zero), v);
    _mm512_store_si512(&arena[e[i].slot], _mm512_or_si512(v, _mm512_maskz_mov_epi8((__mmask64)-(uint64_t)(e[i].nan != 0), nan)));
  }
  memset(hot + at, 0, (k + 2 - at) * sizeof *hot);
}

AVX512 static void any(const struct kern_mask *hot, const uint16_t *which, size_t n, struct kern_mask *out)
{
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i++)
    sum = _mm512_or_si512(sum, get(&hot[which[i]]));
  _mm512_store_si512(out, sum);
}

AVX512 static __m256i half(const struct kern_mask *m, size_t i)
{
  return _mm256_load_si256((const __m256i *)(const void *)(m->w + i * 4));
}

AVX512 static __m256i pick(__m256i m, __m256i a, __m256i b) { return _mm256_ternarylogic_epi64(m, a, b, 0xca); }

/* By halves: what was stored as a whole is slower to load again soon, and an operation's result is the input of one of the next. */
AVX512 static void mux(struct kern_mask *arena, const struct kern_op *ops, size_t first, size_t n)
{
  for (const struct kern_op *o = ops; o < ops + first; o++) {
    __m512i l = _mm512_ternarylogic_epi64(get(&arena[o->l]), get(&arena[o->la]), get(&arena[o->lb]), 0xca);
    __m512i r = _mm512_ternarylogic_epi64(get(&arena[o->r]), get(&arena[o->ra]), get(&arena[o->rb]), 0xca);
    __m256i *to = (__m256i *)(void *)arena[o->dst].w;
    l = _mm512_ternarylogic_epi64(get(&arena[o->m]), l, r, 0xca);
    _mm256_store_si256(to, _mm512_castsi512_si256(l));
    _mm256_store_si256(to + 1, _mm512_extracti64x4_epi64(l, 1));
  }
  for (const struct kern_op *o = ops + first; o < ops + n; o++) {
    const struct kern_mask *m = &arena[o->m], *l = &arena[o->l], *r = &arena[o->r];
    const struct kern_mask *la = &arena[o->la], *lb = &arena[o->lb], *ra = &arena[o->ra], *rb = &arena[o->rb];
    __m256i l0 = pick(half(l, 0), half(la, 0), half(lb, 0)), l1 = pick(half(l, 1), half(la, 1), half(lb, 1));
    __m256i r0 = pick(half(r, 0), half(ra, 0), half(rb, 0)), r1 = pick(half(r, 1), half(ra, 1), half(rb, 1));
    __m256i *to = (__m256i *)(void *)arena[o->dst].w;
    l0 = pick(half(m, 0), l0, r0);
    l1 = pick(half(m, 1), l1, r1);
    _mm256_store_si256(to, l0);
    _mm256_store_si256(to + 1, l1);
  }
}

/* ---- leaves ---- */

/* Word w of eight planes, 64 rows: the byte of row 8j + k gets bit k of byte j of each plane. */
AVX512 static void put_rows(unsigned char *idx, size_t w, __m512i x)
{
  /* byte 8j + i: byte j of plane 7 - i, since the product below counts rows of its matrix from the last */
  static const unsigned char order[64] = {
    56, 48, 40, 32, 24, 16, 8, 0, 57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3,
    60, 52, 44, 36, 28, 20, 12, 4, 61, 53, 45, 37, 29, 21, 13, 5, 62, 54, 46, 38, 30, 22, 14, 6, 63, 55, 47, 39, 31, 23, 15, 7 };
  x = _mm512_permutexvar_epi8(_mm512_loadu_si512(order), x);
  x = _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((long long)0x8040201008040201), x, 0);
  _mm512_storeu_si512(idx + w * 64, x);
}

AVX512 static void find(const struct kern_mask *arena, const uint16_t *bits, unsigned char *idx)
{
  __m512i p[8], q[8];
  for (size_t i = 0; i < 4; i++) { /* words 0 2 4 6 and 1 3 5 7 of two planes in turns */
    __m512i a = get(&arena[bits[2 * i]]), b = get(&arena[bits[2 * i + 1]]);
    p[i] = _mm512_unpacklo_epi64(a, b);
    p[4 + i] = _mm512_unpackhi_epi64(a, b);
  }
  for (size_t odd = 0; odd < 2; odd++)
    for (size_t i = 0; i < 2; i++) { /* of four planes: words 0 and 4, 2 and 6 (1 and 5, 3 and 7) */
      __m512i a = p[odd * 4 + 2 * i], b = p[odd * 4 + 2 * i + 1];
      q[odd * 4 + i] = _mm512_shuffle_i64x2(a, b, 0x88);     /* a0 a4 b0 b4 */
      q[odd * 4 + 2 + i] = _mm512_shuffle_i64x2(a, b, 0xdd); /* a2 a6 b2 b6 */
    }
  for (size_t odd = 0; odd < 2; odd++)
    for (size_t two = 0; two < 2; two++) {
      __m512i a = q[odd * 4 + two * 2], b = q[odd * 4 + two * 2 + 1];
      put_rows(idx, odd + two * 2, _mm512_shuffle_i64x2(a, b, 0x88));
      put_rows(idx, odd + two * 2 + 4, _mm512_shuffle_i64x2(a, b, 0xdd));
    }
}

AVX512 static void remap(const struct kern_map *map, const unsigned char *more, unsigned char *idx)
{
  const unsigned char *base = map->base, *keep = map->keep;
  __m512i b0 = _mm512_load_si512(base), b1 = _mm512_load_si512(base + 64), b2 = _mm512_load_si512(base + 128);
  __m512i b3 = _mm512_load_si512(base + 192), k0 = _mm512_load_si512(keep), k1 = _mm512_load_si512(keep + 64);
  __m512i k2 = _mm512_load_si512(keep + 128), k3 = _mm512_load_si512(keep + 192);
  for (size_t i = 0; i < KERN_ROWS; i += 64) {
    __m512i at = _mm512_loadu_si512(idx + i);
    __mmask64 high = _mm512_movepi8_mask(at);
    __m512i b = _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(b0, at, b1), high, _mm512_permutex2var_epi8(b2, at, b3));
    __m512i k = _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(k0, at, k1), high, _mm512_permutex2var_epi8(k2, at, k3));
    _mm512_storeu_si512(idx + i, _mm512_ternarylogic_epi64(b, _mm512_loadu_si512(more + i), k, 0xf8)); /* b | (more & k) */
  }
}

/* Byte p of each value into plane p; a table shorter than 64 values is filled up. */
static void pack(const void *values, unsigned nbits, size_t width, void *table)
{
  const unsigned char *v = values;
  unsigned char *to = table;
  size_t n = (size_t)1 << nbits, room = n < 64 ? 64 : n;
  memset(table, 0, room * width);
  for (size_t i = 0; i < n; i++)
    for (size_t p = 0; p < width; p++)
      to[p * room + i] = v[i * width + p];
}

static void pack_f32(const float *values, unsigned nbits, void *table) { pack(values, nbits, sizeof *values, table); }
static void pack_f64(const double *values, unsigned nbits, void *table) { pack(values, nbits, sizeof *values, table); }

/* What plane p has for each of 64 rows. high: rows whose index has its last bit. */
AVX512 static inline __m512i look(const unsigned char *plane, unsigned nbits, __m512i idx, __mmask64 high)
{
  __m512i t = _mm512_load_si512(plane);
  if (nbits <= 6)
    return _mm512_permutexvar_epi8(idx, t);
  __m512i low = _mm512_permutex2var_epi8(t, idx, _mm512_load_si512(plane + 64));
  if (nbits == 7)
    return low;
  return _mm512_mask_mov_epi8(low, high, _mm512_permutex2var_epi8(_mm512_load_si512(plane + 128), idx, _mm512_load_si512(plane + 192)));
}

AVX512 static inline void sum_ps(float *at, __m512i v) { _mm512_store_ps(at, _mm512_add_ps(_mm512_load_ps(at), _mm512_castsi512_ps(v))); }
AVX512 static inline void sum_pd(double *at, __m512i v) { _mm512_store_pd(at, _mm512_add_pd(_mm512_load_pd(at), _mm512_castsi512_pd(v))); }

AVX512 static inline void add4(const unsigned char *table, unsigned nbits, const unsigned char *idx, float *sum)
{
  size_t room = (size_t)1 << (nbits < 6 ? 6 : nbits);
  for (size_t i = 0; i < KERN_ROWS; i += 64) {
    __m512i at = _mm512_loadu_si512(idx + i);
    __mmask64 high = _mm512_movepi8_mask(at);
    __m512i a = look(table, nbits, at, high), b = look(table + room, nbits, at, high);
    __m512i c = look(table + 2 * room, nbits, at, high), d = look(table + 3 * room, nbits, at, high);
    __m512i ab0 = _mm512_unpacklo_epi8(a, b), ab1 = _mm512_unpackhi_epi8(a, b);
    __m512i cd0 = _mm512_unpacklo_epi8(c, d), cd1 = _mm512_unpackhi_epi8(c, d);
    sum_ps(sum + i, _mm512_unpacklo_epi16(ab0, cd0));
    sum_ps(sum + i + 16, _mm512_unpackhi_epi16(ab0, cd0));
    sum_ps(sum + i + 32, _mm512_unpacklo_epi16(ab1, cd1));
    sum_ps(sum + i + 48, _mm512_unpackhi_epi16(ab1, cd1));
  }
}

AVX512 static void add_f32(const void *table, unsigned nbits, const unsigned char *idx, float *sum)
{
  if (nbits <= 6)
    add4(table, 6, idx, sum);
  else if (nbits == 7)
    add4(table, 7, idx, sum);
  else
    add4(table, 8, idx, sum);
}

AVX512 static inline __attribute__((always_inline)) void add8(const unsigned char *table, unsigned nbits, const unsigned char *idx,
                                                              double *sum)
{
  size_t room = (size_t)1 << (nbits < 6 ? 6 : nbits);
  for (size_t i = 0; i < KERN_ROWS; i += 64) {
    __m512i at = _mm512_loadu_si512(idx + i), p[8], two[8], four[8];
    __mmask64 high = _mm512_movepi8_mask(at);
#pragma GCC unroll 8
    for (size_t b = 0; b < 8; b++)
      p[b] = look(table + b * room, nbits, at, high);
#pragma GCC unroll 8
    for (size_t b = 0; b < 4; b++) {
      two[b] = _mm512_unpacklo_epi8(p[2 * b], p[2 * b + 1]);
      two[4 + b] = _mm512_unpackhi_epi8(p[2 * b], p[2 * b + 1]);
    }
#pragma GCC unroll 8
    for (size_t h = 0; h < 2; h++)
#pragma GCC unroll 8
      for (size_t b = 0; b < 2; b++) { /* rows 0-3, 4-7 (8-11, 12-15) of a lane: the low and the high four bytes */
        four[h * 4 + b] = _mm512_unpacklo_epi16(two[h * 4 + 2 * b], two[h * 4 + 2 * b + 1]);
        four[h * 4 + 2 + b] = _mm512_unpackhi_epi16(two[h * 4 + 2 * b], two[h * 4 + 2 * b + 1]);
      }
#pragma GCC unroll 8
    for (size_t k = 0; k < 4; k++) {
      sum_pd(sum + i + k * 16, _mm512_unpacklo_epi32(four[2 * k], four[2 * k + 1]));
      sum_pd(sum + i + k * 16 + 8, _mm512_unpackhi_epi32(four[2 * k], four[2 * k + 1]));
    }
  }
}

AVX512 static void add_f64(const void *table, unsigned nbits, const unsigned char *idx, double *sum)
{
  if (nbits <= 6)
    add8(table, 6, idx, sum);
  else if (nbits == 7)
    add8(table, 7, idx, sum);
  else
    add8(table, 8, idx, sum);
}

/* Row 16L + 4j + e of a chunk is element 4L + e of the jth vector of floats; 16L + 2j + e is 2L + e of the jth of doubles. */
#define FOUR(L) 4 * L, 4 * L + 1, 4 * L + 2, 4 * L + 3, 16 + 4 * L, 17 + 4 * L, 18 + 4 * L, 19 + 4 * L, 32 + 4 * L, 33 + 4 * L, \
                34 + 4 * L, 35 + 4 * L, 48 + 4 * L, 49 + 4 * L, 50 + 4 * L, 51 + 4 * L
#define TWO(L) 2 * L, 2 * L + 1, 8 + 2 * L, 9 + 2 * L, 16 + 2 * L, 17 + 2 * L, 24 + 2 * L, 25 + 2 * L, 32 + 2 * L, 33 + 2 * L, \
               40 + 2 * L, 41 + 2 * L, 48 + 2 * L, 49 + 2 * L, 56 + 2 * L, 57 + 2 * L
static const unsigned char place_f32[KERN_CHUNK] = { FOUR(0), FOUR(1), FOUR(2), FOUR(3) };
static const unsigned char place_f64[KERN_CHUNK] = { TWO(0), TWO(1), TWO(2), TWO(3) };

const struct kern kern_avx512 = {
  .name = "avx512", .rank_f32 = rank_f32, .rank_f64 = rank_f64, .spread = kern_spread, .scan = scan, .any = any, .mux = mux,
  .index = find, .remap = remap, .pack_f32 = pack_f32, .pack_f64 = pack_f64, .add_f32 = add_f32, .add_f64 = add_f64,
  .place_f32 = place_f32, .place_f64 = place_f64, .cost_two = 22, .cost_f32 = { [7] = 3, [8] = 12 }, .cost_f64 = { [7] = 1, [8] = 25 },
  .image = &kern_image_avx512,
};
#else
typedef int kern_avx512_is_not_here;
#endif
