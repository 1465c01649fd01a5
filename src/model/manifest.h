/* model/manifest.h: the digest of a file, or of a folder as one thing: SHA-256 over the canonical list of its files,
 * [{"bytes":N,"path":"MLmodel","sha256":"..."},...], sorted by path. The same that evidence and statements hold
 * (docs/internals/evidence.md), so that they can be compared.
 *
 * Blocks: a lane. What was read once is known as long as device, number, size and both times of the file are the same. */
#ifndef SL_MODEL_MANIFEST_H
#define SL_MODEL_MANIFEST_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

enum { SL_MANIFEST_FILES = 10000, SL_MANIFEST_DEPTH = 8, SL_HASHES_MAX = 100000 };

/* Digests of files that were read before, for all lanes. */
struct sl_hashes;
int sl_hashes_new(struct sl_hashes **out, struct sl_err *err) SL_NODISCARD;
void sl_hashes_free(struct sl_hashes *h);

/* How much may be done: bytes that may still be read, files that may still be looked at; both are counted down. */
struct sl_manifest_budget { int64_t bytes, files; const atomic_bool *cancel; };
struct sl_manifest { char digest[65]; uint64_t files; int64_t bytes; };

/* Of what fd is open for, which is closed in any case. A file's digest is its own SHA-256. Links are not followed and do not count. h may
 * be NULL. ENOENT: there is no file in the folder. EAGAIN: the budget is used up; what was read stays known. ELIMIT: too many files, or
 * folders too deep. EUNSUP: a name that is no UTF-8. ECONFLICT: a file changed while it was read. */
int sl_manifest_fd(struct sl_manifest *out, int fd, struct sl_hashes *h, struct sl_manifest_budget *left, struct sl_err *err) SL_NODISCARD;

#endif
