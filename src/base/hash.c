/* base/hash.c: SHA-256 and HMAC on OpenSSL's block function, and random bytes from the kernel.
 *
 * The plain SHA256_* calls, not EVP: they allocate nothing and therefore cannot fail, so a digest in the audit chain or in a signature is
 * never "the zeros that came back because memory was short". OpenSSL 3 marks them as deprecated; they run the same (SHA-NI) code. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <errno.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include "base/mem.h"

enum { HASH_BLOCK = 64 };

struct sl_sha256_ctx { SHA256_CTX c; };

/* SHA256_Update takes no NULL in all versions. */
static void hash_add(SHA256_CTX *c, const void *p, size_t n)
{
  if (n)
    SHA256_Update(c, p, n);
}

struct sl_sha256 sl_sha256(struct sl_str s)
{
  struct sl_sha256 d;
  SHA256_CTX c;
  SHA256_Init(&c);
  hash_add(&c, s.p, s.n);
  SHA256_Final(d.b, &c);
  return d;
}

int sl_sha256_open(struct sl_sha256_ctx **out, struct sl_err *err)
{
  *out = sl_alloc(sizeof **out);
  if (!*out)
    return sl_err_nomem(err);
  SHA256_Init(&(*out)->c);
  return SL_OK;
}

void sl_sha256_add(struct sl_sha256_ctx *c, const void *p, size_t n)
{
  hash_add(&c->c, p, n);
}

struct sl_sha256 sl_sha256_end(struct sl_sha256_ctx **take)
{
  struct sl_sha256 d;
  SHA256_Final(d.b, &(*take)->c);
  sl_free_wipe(*take, sizeof **take);
  *take = NULL;
  return d;
}

void sl_sha256_hex(const struct sl_sha256 *d, char out[65])
{
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < sizeof d->b; i++) {
    out[2 * i] = digits[d->b[i] >> 4];
    out[2 * i + 1] = digits[d->b[i] & 15];
  }
  out[64] = 0;
}

/* RFC 2104 */
struct sl_sha256 sl_hmac_sha256(struct sl_str key, struct sl_str s)
{
  unsigned char k[HASH_BLOCK] = {0}, pad[HASH_BLOCK];
  struct sl_sha256 d;
  SHA256_CTX c;
  if (key.n > HASH_BLOCK) {
    d = sl_sha256(key);
    memcpy(k, d.b, sizeof d.b);
  } else if (key.n) {
    memcpy(k, key.p, key.n);
  }
  for (size_t i = 0; i < HASH_BLOCK; i++)
    pad[i] = k[i] ^ 0x36;
  SHA256_Init(&c);
  SHA256_Update(&c, pad, sizeof pad);
  hash_add(&c, s.p, s.n);
  SHA256_Final(d.b, &c);
  for (size_t i = 0; i < HASH_BLOCK; i++)
    pad[i] = k[i] ^ 0x5c;
  SHA256_Init(&c);
  SHA256_Update(&c, pad, sizeof pad);
  SHA256_Update(&c, d.b, sizeof d.b);
  SHA256_Final(d.b, &c);
  explicit_bzero(k, sizeof k);
  explicit_bzero(pad, sizeof pad);
  explicit_bzero(&c, sizeof c);
  return d;
}

int sl_random(void *p, size_t n, struct sl_err *err)
{
  unsigned char *to = p;
  while (n) {
    errno = sl_fault_io("getrandom");
    ssize_t got = errno ? -1 : getrandom(to, n, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return sl_err_sys(err, errno, "no random bytes from the system");
    to += got;
    n -= (size_t)got;
  }
  return SL_OK;
}

int sl_uuid4(char out[37], struct sl_err *err)
{
  static const char digits[] = "0123456789abcdef";
  unsigned char b[16];
  int rc = sl_random(b, sizeof b, err);
  if (rc)
    return rc;
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  char *to = out;
  for (size_t i = 0; i < sizeof b; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      *to++ = '-';
    *to++ = digits[b[i] >> 4];
    *to++ = digits[b[i] & 15];
  }
  *to = 0;
  return SL_OK;
}
