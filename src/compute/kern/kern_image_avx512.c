/* compute/kern/kern_image_avx512.c: the loops of pictures for AVX-512 with VNNI. A weight is three signed bytes, of 65536, 256 and 1; one
 * instruction multiplies 64 bytes of pixels by bytes of weights and adds fours of them. The three sums are joined at the end. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "compute/kern/kern_image.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))

struct sums { __m512i d[3]; };

/* Four weights' bytes of 1, of 256, of 65536, and four bytes of nothing. */
static bool pack(const int32_t *k, unsigned char *packed)
{
  memset(packed, 0, KERN_PACKED);
  for (int t = 0; t < KERN_TAPS; t++) {
    int32_t rest = k[t];
    for (int d = 0; d < 3; d++) {
      int32_t low = (rest & 255) - (rest & 128) * 2;
      packed[d * KERN_TAPS + t] = (unsigned char)(low & 255);
      rest = (rest - low) / 256;
    }
    if (rest)
      return false;
  }
  return true;
}

AVX512 static inline struct sums none(void)
{
  return (struct sums){ { _mm512_set1_epi32(KERN_ONE / 2), _mm512_setzero_si512(), _mm512_setzero_si512() } };
}

AVX512 static inline void add(struct sums *s, __m512i px, __m512i k)
{
  s->d[0] = _mm512_dpbusd_epi32(s->d[0], px, _mm512_shuffle_epi32(k, 0x00));
  s->d[1] = _mm512_dpbusd_epi32(s->d[1], px, _mm512_shuffle_epi32(k, 0x55));
  s->d[2] = _mm512_dpbusd_epi32(s->d[2], px, _mm512_shuffle_epi32(k, 0xaa));
}

AVX512 static inline __m512i joined(struct sums s)
{
  __m512i high = _mm512_add_epi32(_mm512_slli_epi32(s.d[2], 16), _mm512_slli_epi32(s.d[1], 8));
  return _mm512_srai_epi32(_mm512_add_epi32(high, s.d[0]), KERN_POINT);
}

AVX512 static inline __m128i load(const unsigned char *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }

AVX512 static inline __m512i four_of(const unsigned char *a, const unsigned char *b, const unsigned char *c, const unsigned char *d)
{
  __m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(load(a)), load(b), 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(v, load(c), 2), load(d), 3);
}

/* Four results, one a lane: four pixels of each at a time. */
AVX512 static inline __m128i four_results(const struct kern_axis *a, size_t i, const unsigned char *row)
{
  const __m512i turn = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
  const unsigned char *p[4], *k = a->packed + i * a->steps * KERN_PACKED;
  size_t next = (size_t)a->steps * KERN_PACKED;
  struct sums s = none();
  for (size_t n = 0; n < 4; n++)
    p[n] = row + (size_t)a->first[i + n] * 3;
  for (size_t n = 0; n < a->steps; n++, k += KERN_PACKED) {
    __m512i px = _mm512_shuffle_epi8(four_of(p[0] + n * 12, p[1] + n * 12, p[2] + n * 12, p[3] + n * 12), turn);
    add(&s, px, four_of(k, k + next, k + 2 * next, k + 3 * next));
  }
  return _mm512_cvtusepi32_epi8(_mm512_max_epi32(joined(s), _mm512_setzero_si512()));
}

AVX512 static void across(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out)
{
  const __m128i squeeze = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  size_t i = 0, reach = (size_t)a->steps * KERN_TAPS * 3 + 4;
  while (i + 4 <= a->n && (size_t)a->first[i + 3] * 3 + reach <= pixels * 3) {
    _mm_mask_storeu_epi8(out + i * 3, 0x0fff, _mm_shuffle_epi8(four_results(a, i, row), squeeze));
    i += 4;
  }
  kern_image_across_from(a, i, row, out);
}

/* 64 bytes of four rows: each 32 bits of v[0..3] are the four of one column; the pack instructions bring columns back into their order. */
AVX512 static inline void add_rows(struct sums *s, const unsigned char *const *rows, size_t x, __mmask64 these, __m512i k)
{
  __m512i r[4];
  for (size_t n = 0; n < 4; n++)
    r[n] = _mm512_maskz_loadu_epi8(these, rows[n] + x);
  __m512i a = _mm512_unpacklo_epi8(r[0], r[1]), b = _mm512_unpackhi_epi8(r[0], r[1]);
  __m512i c = _mm512_unpacklo_epi8(r[2], r[3]), d = _mm512_unpackhi_epi8(r[2], r[3]);
  add(&s[0], _mm512_unpacklo_epi16(a, c), k);
  add(&s[1], _mm512_unpackhi_epi16(a, c), k);
  add(&s[2], _mm512_unpacklo_epi16(b, d), k);
  add(&s[3], _mm512_unpackhi_epi16(b, d), k);
}

AVX512 static void down(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t bytes, unsigned char *out)
{
  for (size_t x = 0; x < bytes; x += 64) {
    const unsigned char *k = a->packed + i * a->steps * KERN_PACKED;
    __mmask64 these = bytes - x >= 64 ? ~0ull : (1ull << (bytes - x)) - 1;
    struct sums s[4] = { none(), none(), none(), none() };
    for (size_t n = 0; n < a->steps; n++, k += KERN_PACKED)
      add_rows(s, rows + n * KERN_TAPS, x, these, _mm512_broadcast_i32x4(load(k)));
    __m512i low = _mm512_packs_epi32(joined(s[0]), joined(s[1])), high = _mm512_packs_epi32(joined(s[2]), joined(s[3]));
    _mm512_mask_storeu_epi8(out + x, these, _mm512_packus_epi16(low, high));
  }
}

/* ---- floats ---- */

AVX512 static inline __m512 by_sum(__m512 x, float high, float low)
{
  return _mm512_fmadd_ps(x, _mm512_set1_ps(high), _mm512_mul_ps(x, _mm512_set1_ps(low)));
}

AVX512 static inline void sixteen(const struct kern_value *v, int c, __m128i bytes, __mmask16 these, float *out)
{
  __m512 x = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
  x = _mm512_sub_ps(by_sum(x, v->by, v->by_low), _mm512_set1_ps(v->mean[c]));
  _mm512_mask_storeu_ps(out, these, by_sum(x, v->of[c], v->of_low[c]));
}

AVX512 static void planes(const struct kern_value *v, const unsigned char *px, size_t n, float *r, float *g, float *b)
{
  unsigned char at[64];
  for (size_t i = 0; i < sizeof at; i++)
    at[i] = (unsigned char)(i < 48 ? i % 16 * 3 + i / 16 : 63);
  const __m512i by_channel = _mm512_loadu_si512(at);
  for (size_t i = 0; v->fused && i < n; i += 16) {
    size_t left = n - i < 16 ? n - i : 16;
    __mmask16 these = (__mmask16)((1u << left) - 1);
    __m512i p = _mm512_permutexvar_epi8(by_channel, _mm512_maskz_loadu_epi8((1ull << (left * 3)) - 1, px + i * 3));
    sixteen(v, 0, _mm512_castsi512_si128(p), these, r + i);
    sixteen(v, 1, _mm512_extracti32x4_epi32(p, 1), these, g + i);
    sixteen(v, 2, _mm512_extracti32x4_epi32(p, 2), these, b + i);
  }
  if (!v->fused)
    kern_image_planes_from(v, 0, px, n, r, g, b);
}

const struct kern_image kern_image_avx512 = { .name = "avx512", .pack = pack, .across = across, .down = down, .planes = planes };
#else
typedef int kern_image_avx512_is_not_here;
#endif
