/* base/hash.h: digests, random bytes, and a map from bytes to a number. */
#ifndef SL_BASE_HASH_H
#define SL_BASE_HASH_H

#include "base/err.h"
#include "base/str.h"

struct sl_sha256 { unsigned char b[32]; };
/* FIPS 180-4's SHA-256, at once or by pieces. Only opening allocates (ENOMEM), nothing else can fail. */
struct sl_sha256 sl_sha256(struct sl_str s);
struct sl_sha256_ctx;
int sl_sha256_open(struct sl_sha256_ctx **out, struct sl_err *err) SL_NODISCARD;   /* yours: sl_sha256_end() */
void sl_sha256_add(struct sl_sha256_ctx *c, const void *p, size_t n);
struct sl_sha256 sl_sha256_end(struct sl_sha256_ctx **take);                       /* wipes and frees it; *take is NULL then */
void sl_sha256_hex(const struct sl_sha256 *d, char out[65]);                       /* 64 lower case digits and a NUL */
struct sl_sha256 sl_hmac_sha256(struct sl_str key, struct sl_str s);               /* RFC 2104 */
int sl_random(void *p, size_t n, struct sl_err *err) SL_NODISCARD;      /* CSPRNG */
int sl_uuid4(char out[37], struct sl_err *err) SL_NODISCARD;            /* RFC 9562, version 4: 36 lower case characters and a NUL */

/* Open addressing, keys copied; value is a 64-bit number (an index or a pointer). Insertion order is kept by index 0..n-1. */
struct sl_map { struct sl_map_ent *ent; uint32_t *slot; size_t n, cap, nslot; };
void sl_map_init(struct sl_map *m);   /* empty; allocates nothing, as a zeroed one */
void sl_map_free(struct sl_map *m);   /* its keys too, never what values point to; empty then */
int sl_map_put(struct sl_map *m, struct sl_str key, uint64_t value, size_t *index, struct sl_err *err) SL_NODISCARD; /* replaces */
bool sl_map_get(const struct sl_map *m, struct sl_str key, uint64_t *value);   /* value may be NULL */
bool sl_map_find(const struct sl_map *m, struct sl_str key, size_t *index);    /* false: not there, *index is of no use */
size_t sl_map_count(const struct sl_map *m);                                   /* keys; indices are below it */
/* By index; beyond the end: none, 0, ignored. Keys stand still until sl_map_free(), each followed by a NUL. */
struct sl_str sl_map_key(const struct sl_map *m, size_t index);
uint64_t sl_map_value(const struct sl_map *m, size_t index);
void sl_map_set(struct sl_map *m, size_t index, uint64_t value);

#endif
