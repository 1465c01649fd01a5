/* base/siphash.c: SipHash-1-3 (Aumasson, Bernstein) under a key drawn once per process, so that nobody outside can choose keys
 * that collide.
 *
 * The key never leaves the process: hashes are for tables in memory, not for files. */
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include "base/str.h"

static uint64_t sip_key[2];

static void sip_draw_key(void)
{
  if (getrandom(sip_key, sizeof sip_key, GRND_NONBLOCK) == (ssize_t)sizeof sip_key)
    return;
  struct timespec t; /* before the pool is ready, at boot: better than a constant */
  clock_gettime(CLOCK_MONOTONIC, &t);
  sip_key[0] = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)&t;
  sip_key[1] = (uint64_t)t.tv_sec * 0xd1b54a32d192ed03u ^ (uint64_t)(uintptr_t)sip_key;
}

static uint64_t sip_rotl(uint64_t x, int by)
{
  return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
  v[0] += v[1];
  v[1] = sip_rotl(v[1], 13) ^ v[0];
  v[0] = sip_rotl(v[0], 32);
  v[2] += v[3];
  v[3] = sip_rotl(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = sip_rotl(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = sip_rotl(v[1], 17) ^ v[2];
  v[2] = sip_rotl(v[2], 32);
}

static uint64_t sip_le(const char *p, size_t n)
{
  uint64_t v = 0;
  for (size_t i = n; i-- > 0;)
    v = v << 8 | (unsigned char)p[i];
  return v;
}

uint64_t sl_str_hash_keyed(struct sl_str s, uint64_t k0, uint64_t k1)
{
  uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
  size_t i = 0;
  for (; i + 8 <= s.n; i += 8) {
    uint64_t m = sip_le(s.p + i, 8);
    v[3] ^= m;
    sip_round(v);
    v[0] ^= m;
  }
  uint64_t last = (uint64_t)s.n << 56 | (s.n > i ? sip_le(s.p + i, s.n - i) : 0);
  v[3] ^= last;
  sip_round(v);
  v[0] ^= last;
  v[2] ^= 0xff;
  for (int r = 0; r < 3; r++)
    sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t sl_str_hash(struct sl_str s)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, sip_draw_key);
  return sl_str_hash_keyed(s, sip_key[0], sip_key[1]);
}
