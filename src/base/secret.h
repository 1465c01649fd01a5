/* base/secret.h: bytes that nobody may see. Locked where the system lets us, kept out of core dumps, wiped on free, unprintable. */
#ifndef SL_BASE_SECRET_H
#define SL_BASE_SECRET_H

#include "base/err.h"
#include "base/str.h"

struct sl_buf;
struct sl_secret; /* counted; any thread */
/* Copies the value (up to 1 MiB; a NUL stands behind it); the caller wipes its own. */
int sl_secret_new(struct sl_secret **out, struct sl_str value, struct sl_err *err) SL_NODISCARD;
struct sl_secret *sl_secret_ref(struct sl_secret *s);
void sl_secret_unref(struct sl_secret *s);
struct sl_str sl_secret_reveal(const struct sl_secret *s);    /* for the one call that sends it; do not keep */
/* True where text holds any live secret of 6 bytes or more, as it is or percent-encoded, or when memory is too short to tell: the trace and
 * the audit ask before they write. */
bool sl_secret_in(struct sl_str text);
/* Replaces every live secret, and what looks like a token (Authorization, password=, X-Amz-Signature...), by ***. A failure
 * leaves b failed and the text out. */
void sl_secret_redact(struct sl_buf *b, struct sl_str text);
/* No core dumps, no ptrace by others: called once by main. Until it execs, a child then finds /proc/self/uid_map and the like owned by
 * root, and secrets read as zeros in a fork. */
void sl_secret_process_init(void);

#endif
