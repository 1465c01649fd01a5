/* table/sort_int.h: rows sorted by byte strings that compare as the order says, in memory or as runs in the spill file. */
#ifndef SL_TABLE_SORT_INT_H
#define SL_TABLE_SORT_INT_H

#include "table/table_int.h"

/* ---- keys ---- */
struct sort_key { enum name_kind kind; int col; bool desc, has_local; uint32_t local; };
enum { SORT_KEYS_MAX = 17 };
/* Resolves order against one batch. The row's own id stands last always. */
struct key_plan { struct sort_key k[SORT_KEYS_MAX]; size_t n; };
void key_plan(struct key_plan *p, const struct sl_order *o, const struct sl_batch *b);   /* o NULL: by id alone */
/* Appends the row's key: bytes whose memcmp order (a shorter prefix first) is the order of rows. */
void key_write(struct sl_buf *out, const struct key_plan *p, const struct sl_batch *b, uint32_t row);

/* ---- sorting ---- */
struct sort_item { uint64_t head; uint32_t off, ord; };     /* off: into keys, u32 length then bytes; head: the first bytes that differ */
/* Ascending by key (as memcmp, a shorter prefix first); tmp: room for n. keys: their run. */
void sort_items(struct sort_item *item, struct sort_item *tmp, size_t n, const char *keys);

/* ---- runs ---- */
struct sorter;
/* keep: only that many first rows are wanted (0: all). */
int sorter_new(struct sorter **out, struct sl_budget *b, uint64_t keep, struct sl_err *err) SL_NODISCARD;
void sorter_free(struct sorter *s);
struct sl_buf *sorter_key(struct sorter *s);                /* write one key at its end, then: */
int sorter_add(struct sorter *s, uint32_t ord, struct sl_err *err) SL_NODISCARD;
/* All ordinals in order, at most keep. */
int sorter_end(struct sorter *s, struct ords **out, uint64_t *n, const volatile int *cancel, struct sl_err *err) SL_NODISCARD;

#endif
