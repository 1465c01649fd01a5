/* base/str.h: a borrowed run of bytes, and the small questions one asks of it.
 *
 * Bytes may hold anything (NUL, invalid UTF-8); nothing here allocates or fails on content. */
#ifndef SL_BASE_STR_H
#define SL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sl_str { const char *p; size_t n; };

#define SL_STR(lit) ((struct sl_str){ ("" lit), sizeof(lit) - 1 })
#define SL_STR_NONE ((struct sl_str){ NULL, 0 })
#define SL_ARG(s) (int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n), ((s).p ? (s).p : "") /* for "%.*s" */

/* Borrowed: valid as long as what they were made of. z NULL: none. */
static inline struct sl_str sl_str(const char *z) { return (struct sl_str){ z, z ? strlen(z) : 0 }; }
static inline struct sl_str sl_strn(const char *p, size_t n) { return (struct sl_str){ p, n }; }

/* By bytes. None (p NULL) equals the empty one; z NULL is none. */
bool sl_str_eq(struct sl_str a, struct sl_str b);
bool sl_str_eqz(struct sl_str a, const char *z);
bool sl_str_ieq(struct sl_str a, struct sl_str b);            /* ASCII case only */
int sl_str_cmp(struct sl_str a, struct sl_str b);             /* by bytes; a shorter prefix comes first */
bool sl_str_starts(struct sl_str s, struct sl_str prefix);    /* an empty prefix or suffix: always */
bool sl_str_ends(struct sl_str s, struct sl_str suffix);
ptrdiff_t sl_str_find(struct sl_str s, struct sl_str what);   /* -1: not there */
ptrdiff_t sl_str_chr(struct sl_str s, char c);                /* the first of them, the last; -1: not there */
ptrdiff_t sl_str_rchr(struct sl_str s, char c);
struct sl_str sl_str_from(struct sl_str s, size_t at);        /* the rest from byte `at` (clamped) */
struct sl_str sl_str_head(struct sl_str s, size_t n);         /* the first n bytes (clamped) */
struct sl_str sl_str_trim(struct sl_str s);                   /* ASCII white space at both ends */
/* Cuts *rest at the first `sep`: returns what stands before it and moves *rest behind it; false when *rest is used up. */
bool sl_str_cut(struct sl_str *rest, char sep, struct sl_str *out);
uint64_t sl_str_hash(struct sl_str s);                        /* keyed per process (SipHash-1-3): safe for outside keys */
uint64_t sl_str_hash_keyed(struct sl_str s, uint64_t k0, uint64_t k1); /* the same under a key of yours */

/* Whole-string numbers: false when anything is left over, out of range, or empty; a sign is fine but for u64. Floats accept inf, nan in
 * any case, no hex, no locale; what is too small becomes 0; more than SL_STR_F64_MAX characters are refused. */
enum { SL_STR_F64_MAX = 1100 };
bool sl_str_i64(struct sl_str s, int64_t *out);
bool sl_str_u64(struct sl_str s, uint64_t *out);
bool sl_str_f64(struct sl_str s, double *out);
bool sl_str_f32(struct sl_str s, float *out);         /* rounded once: not what a double would become */

/* Damerau-Levenshtein (neighbours swapped count once) by bytes, for did-you-mean: cap + 1 beyond the cap or above 64 bytes. */
unsigned sl_str_distance(struct sl_str a, struct sl_str b, unsigned cap);
/* The nearest of n names, or NULL when none is near enough (distance > 1 + len/4). */
const char *sl_str_nearest(struct sl_str s, const char *const *names, size_t n);

#endif
