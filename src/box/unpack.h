/* box/unpack.h: a model's file out of what it is packed in; private to this folder. */
#ifndef SL_BOX_UNPACK_H
#define SL_BOX_UNPACK_H

#include "base/buf.h"
#include "compute/model.h"

enum { UNPACK_MAX = 512 << 20, UNPACK_PARTS_MAX = 1 << 18 };

/* An archive's files, all of them in memory. */
struct unpacked { struct sl_buf bytes; struct sl_model_part *part; size_t n, cap; };
/* By the archive's own directory, as Python reads it. EPARSE; ELIMIT: too many, or more than UNPACK_MAX bytes in all. file: for
 * messages. */
int unpack_zip(struct unpacked *out, struct sl_str zip, const char *file, struct sl_err *err) SL_NODISCARD;
/* The same of a tar archive, SageMaker's model.tar.gz without its gzip: regular files only, links are left out. EPARSE also for a path that
 * leads out of the archive. */
bool unpack_is_tar(struct sl_str s);
int unpack_tar(struct unpacked *out, struct sl_str tar, const char *file, struct sl_err *err) SL_NODISCARD;
void unpacked_free(struct unpacked *u);

/* One compressed file (zlib, gzip, bzip2, xz, lzma, lz4, zstd: what joblib writes) in place of itself; *was: it was one. */
int unpack_one(struct sl_buf *b, const char *file, bool *was, struct sl_err *err) SL_NODISCARD;

#endif
