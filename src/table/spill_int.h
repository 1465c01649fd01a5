/* table/spill_int.h: the unlinked file behind a budget. */
#ifndef SL_TABLE_SPILL_INT_H
#define SL_TABLE_SPILL_INT_H

#include "base/err.h"
#include "base/str.h"

/* All of it [any]: a lock is inside. */
struct spill;
int spill_new(struct spill **out, const char *dir, struct sl_err *err) SL_NODISCARD;   /* no file until the first write */
void spill_free(struct spill *s);
size_t spill_used(struct spill *s);                                                    /* bytes that somebody holds */
int spill_write(struct spill *s, struct sl_str bytes, int64_t *off, struct sl_err *err) SL_NODISCARD;
int spill_read(struct spill *s, int64_t off, void *p, size_t n, struct sl_err *err) SL_NODISCARD;
void spill_drop(struct spill *s, int64_t off, size_t n);
/* Memory that is the file's own pages: writable, zeroed, its space reserved so that touching it cannot fail. */
int spill_map(struct spill *s, size_t n, void **p, int64_t *off, struct sl_err *err) SL_NODISCARD;
void spill_unmap(struct spill *s, void *p, int64_t off, size_t n);
/* 8 KiB pieces of mapped memory, for the hashes of one block. */
enum { SPILL_SLOT = 8192 };
int spill_slot(struct spill *s, int32_t *slot, void **p, struct sl_err *err) SL_NODISCARD;
void spill_slot_drop(struct spill *s, int32_t slot);

#endif
