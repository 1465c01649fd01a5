/* compute/kern/kern_image_avx2.c: the loops of pictures for AVX2. A weight is two numbers of 16 bits, high * 2^11 + low, so that one
 * instruction multiplies bytes by them and adds pairs; the two sums are joined at the end. Nothing is lost: sums wrap at 2^32, where the
 * whole one does not. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "compute/kern/kern_image.h"

#define AVX2 __attribute__((target("avx2,fma")))
enum { LOW = 11 };

struct sums { __m256i low, high; };

/* Low of taps 0, 1; low of 2, 3; high of 0, 1; high of 2, 3. */
static bool pack(const int32_t *k, unsigned char *packed)
{
  int16_t w[8];
  for (int t = 0; t < KERN_TAPS; t++) {
    if (k[t] >= 1 << 26 || k[t] < -(1 << 26))
      return false;
    w[t] = (int16_t)(k[t] & ((1 << LOW) - 1));
    w[4 + t] = (int16_t)(k[t] >> LOW);
  }
  memcpy(packed, w, sizeof w);
  return true;
}

AVX2 static inline __m256i joined(struct sums s)
{
  __m256i sum = _mm256_add_epi32(_mm256_add_epi32(s.low, _mm256_slli_epi32(s.high, LOW)), _mm256_set1_epi32(KERN_ONE / 2));
  return _mm256_srai_epi32(sum, KERN_POINT);
}

AVX2 static inline __m256i two_of(const unsigned char *low, const unsigned char *high)
{
  __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)low));
  return _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

/* Four pixels of each of two results, one a lane. */
AVX2 static inline void add_taps(struct sums *s, __m256i px, __m256i k)
{
  const __m256i first = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m256i second = _mm256_broadcastsi128_si256(_mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
  __m256i a = _mm256_shuffle_epi8(px, first), b = _mm256_shuffle_epi8(px, second);
  s->low = _mm256_add_epi32(s->low, _mm256_madd_epi16(a, _mm256_shuffle_epi32(k, 0x00)));
  s->high = _mm256_add_epi32(s->high, _mm256_madd_epi16(a, _mm256_shuffle_epi32(k, 0xaa)));
  s->low = _mm256_add_epi32(s->low, _mm256_madd_epi16(b, _mm256_shuffle_epi32(k, 0x55)));
  s->high = _mm256_add_epi32(s->high, _mm256_madd_epi16(b, _mm256_shuffle_epi32(k, 0xff)));
}

AVX2 static inline void four_results(const struct kern_axis *a, size_t i, const unsigned char *row, unsigned char *out)
{
  struct sums even = { _mm256_setzero_si256(), _mm256_setzero_si256() }, odd = even;
  const unsigned char *p[4], *k = a->packed + i * a->steps * KERN_PACKED;
  size_t next = (size_t)a->steps * KERN_PACKED;
  for (size_t n = 0; n < 4; n++)
    p[n] = row + (size_t)a->first[i + n] * 3;
  for (size_t s = 0; s < a->steps; s++, k += KERN_PACKED) {
    add_taps(&even, two_of(p[0] + s * 12, p[2] + s * 12), two_of(k, k + 2 * next));
    add_taps(&odd, two_of(p[1] + s * 12, p[3] + s * 12), two_of(k + next, k + 3 * next));
  }
  __m256i v = _mm256_packs_epi32(joined(even), joined(odd));
  v = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0x08);
  __m128i px = _mm_shuffle_epi8(_mm256_castsi256_si128(v), _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  uint32_t rest = (uint32_t)_mm_extract_epi32(px, 2);
  _mm_storel_epi64((__m128i *)(void *)out, px);
  memcpy(out + 8, &rest, sizeof rest);
}

AVX2 static void across(const struct kern_axis *a, const unsigned char *row, size_t pixels, unsigned char *out)
{
  size_t i = 0, reach = (size_t)a->steps * KERN_TAPS * 3 + 4;
  while (i + 4 <= a->n && (size_t)a->first[i + 3] * 3 + reach <= pixels * 3) {
    four_results(a, i, row, out + i * 3);
    i += 4;
  }
  kern_image_across_from(a, i, row, out);
}

/* Two rows, 32 bytes of them, by a pair of weights. */
AVX2 static inline void add_rows(struct sums *s, const unsigned char *one, const unsigned char *two, __m256i low, __m256i high)
{
  __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)one), b = _mm256_loadu_si256((const __m256i *)(const void *)two);
  __m256i zero = _mm256_setzero_si256(), ab[2] = { _mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b) };
  for (size_t n = 0; n < 4; n++) {
    __m256i w = n % 2 ? _mm256_unpackhi_epi8(ab[n / 2], zero) : _mm256_unpacklo_epi8(ab[n / 2], zero);
    s[n].low = _mm256_add_epi32(s[n].low, _mm256_madd_epi16(w, low));
    s[n].high = _mm256_add_epi32(s[n].high, _mm256_madd_epi16(w, high));
  }
}

AVX2 static inline void down_32(const unsigned char *k, size_t steps, const unsigned char *const *rows, size_t x, unsigned char *out)
{
  struct sums s[4] = { { _mm256_setzero_si256(), _mm256_setzero_si256() } };
  s[1] = s[2] = s[3] = s[0];
  for (size_t n = 0; n < steps; n++, k += KERN_PACKED, rows += KERN_TAPS) {
    __m256i w = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)k));
    add_rows(s, rows[0] + x, rows[1] + x, _mm256_shuffle_epi32(w, 0x00), _mm256_shuffle_epi32(w, 0xaa));
    add_rows(s, rows[2] + x, rows[3] + x, _mm256_shuffle_epi32(w, 0x55), _mm256_shuffle_epi32(w, 0xff));
  }
  __m256i v = _mm256_packus_epi16(_mm256_packs_epi32(joined(s[0]), joined(s[1])), _mm256_packs_epi32(joined(s[2]), joined(s[3])));
  _mm256_storeu_si256((__m256i *)(void *)(out + x), v);
}

AVX2 static void down(const struct kern_axis *a, size_t i, const unsigned char *const *rows, size_t bytes, unsigned char *out)
{
  const unsigned char *k = a->packed + i * a->steps * KERN_PACKED;
  size_t x = 0;
  for (; x + 32 <= bytes; x += 32)
    down_32(k, a->steps, rows, x, out);
  if (x < bytes && bytes >= 32)
    down_32(k, a->steps, rows, bytes - 32, out);
  else
    kern_image_down_from(a, i, rows, x, bytes, out);
}

/* ---- floats ---- */

AVX2 static inline __m256 by_sum(__m256 x, float high, float low)
{
  return _mm256_fmadd_ps(x, _mm256_set1_ps(high), _mm256_mul_ps(x, _mm256_set1_ps(low)));
}

AVX2 static inline void eight(const struct kern_value *v, int c, __m128i bytes, float *out)
{
  __m256 x = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  x = _mm256_sub_ps(by_sum(x, v->by, v->by_low), _mm256_set1_ps(v->mean[c]));
  _mm256_storeu_ps(out, by_sum(x, v->of[c], v->of_low[c]));
}

AVX2 static void planes(const struct kern_value *v, const unsigned char *px, size_t n, float *r, float *g, float *b)
{
  size_t i = 0;
  const __m128i low[3] = { _mm_setr_epi8(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
                           _mm_setr_epi8(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
                           _mm_setr_epi8(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1) };
  const __m128i high[3] = { _mm_setr_epi8(-1, -1, -1, -1, -1, -1, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1),
                            _mm_setr_epi8(-1, -1, -1, -1, -1, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1),
                            _mm_setr_epi8(-1, -1, -1, -1, -1, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1) };
  float *const out[3] = { r, g, b };
  for (; v->fused && i + 8 <= n; i += 8) {
    __m128i one = _mm_loadu_si128((const __m128i *)(const void *)(px + i * 3));
    __m128i two = _mm_loadu_si128((const __m128i *)(const void *)(px + i * 3 + 8));
    for (int c = 0; c < 3; c++)
      eight(v, c, _mm_or_si128(_mm_shuffle_epi8(one, low[c]), _mm_shuffle_epi8(two, high[c])), out[c] + i);
  }
  kern_image_planes_from(v, i, px, n, r, g, b);
}

const struct kern_image kern_image_avx2 = { .name = "avx2", .pack = pack, .across = across, .down = down, .planes = planes };
#else
typedef int kern_image_avx2_is_not_here;
#endif
