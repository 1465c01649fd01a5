/* table/batch.h: up to 1,024 rows by column.
 *
 * One thread's until sealed; then counted and immutable, readable anywhere. A batch belongs to a schema: the resource's columns, one
 * backend's own, and the interned keys of its families. `connection` and `ref` are not stored: the batch knows its connection, each row
 * its id, and the table answers both. [any] throughout. */
#ifndef SL_TABLE_BATCH_H
#define SL_TABLE_BATCH_H

#include "table/val.h"

enum { SL_BATCH_ROWS = 1024 };

/* ---- interned keys of families; grows, never shrinks; lock inside, shared by all batches of a table ---- */
struct sl_keys;
int sl_keys_open(struct sl_keys **out, struct sl_err *err) SL_NODISCARD;          /* counted */
struct sl_keys *sl_keys_ref(struct sl_keys *k);
void sl_keys_unref(struct sl_keys *k);
int sl_keys_intern(struct sl_keys *k, struct sl_str key, uint32_t *out, struct sl_err *err) SL_NODISCARD; /* ELIMIT beyond 1 M */
bool sl_keys_find(struct sl_keys *k, struct sl_str key, uint32_t *out);
struct sl_str sl_keys_name(struct sl_keys *k, uint32_t id);                        /* valid as long as k */
uint32_t sl_keys_count(struct sl_keys *k);

/* ---- schema: counted, immutable ---- */
struct sl_schema;
/* common then own; names and texts are copied, so they may come from data (SQL results). */
int sl_schema_new(struct sl_schema **out, const struct sl_col *common, size_t ncommon, const struct sl_col *own, size_t nown,
                  struct sl_err *err) SL_NODISCARD;
struct sl_schema *sl_schema_ref(struct sl_schema *s);
void sl_schema_unref(struct sl_schema *s);
/* The resource whose rows these are, for `ref`; once, before the schema is shared. Without it refs have an empty resource. */
int sl_schema_set_resource(struct sl_schema *s, struct sl_str resource, struct sl_err *err) SL_NODISCARD;
struct sl_str sl_schema_resource(const struct sl_schema *s);
size_t sl_schema_count(const struct sl_schema *s);
const struct sl_col *sl_schema_col(const struct sl_schema *s, size_t i);
int sl_schema_find(const struct sl_schema *s, struct sl_str name);                 /* -1: no such column */
size_t sl_schema_common(const struct sl_schema *s);                                /* how many of them are the resource's own */
struct sl_keys *sl_schema_keys(const struct sl_schema *s);
bool sl_schema_same(const struct sl_schema *a, const struct sl_schema *b);         /* names and types */

/* ---- batch ---- */
struct sl_batch;
enum sl_op { SL_PUT, SL_DEL };
int sl_batch_new(struct sl_batch **out, struct sl_schema *s, struct sl_err *err) SL_NODISCARD;
void sl_batch_row(struct sl_batch *b, enum sl_op op, struct sl_str id);            /* begins a row; all its cells are null */
void sl_batch_set(struct sl_batch *b, unsigned col, struct sl_val v);              /* of the last row; copies; the first failure sticks */
/* The same, where the cell may have to stay null: NaN, NULL. */
void sl_batch_set_number(struct sl_batch *b, unsigned col, double v);
void sl_batch_set_text(struct sl_batch *b, unsigned col, const char *z);
void sl_batch_key(struct sl_batch *b, unsigned family, struct sl_str key, struct sl_val v);
bool sl_batch_full(const struct sl_batch *b);                                      /* 1,024 rows, or 1 MiB of text: seal and go on */
int sl_batch_seal(struct sl_batch *b, struct sl_err *err) SL_NODISCARD;            /* reports what stuck */
struct sl_batch *sl_batch_ref(struct sl_batch *b);
void sl_batch_unref(struct sl_batch *b);

/* Of a sealed batch; row < count. What they return lives as long as b (schema: count it to keep it). */
uint32_t sl_batch_count(const struct sl_batch *b);
struct sl_schema *sl_batch_schema(const struct sl_batch *b);
struct sl_str sl_batch_id(const struct sl_batch *b, uint32_t row);
enum sl_op sl_batch_op(const struct sl_batch *b, uint32_t row);
struct sl_str sl_batch_conn(const struct sl_batch *b, uint32_t row);               /* set by the table from the source */
uint64_t sl_batch_hash(const struct sl_batch *b, uint32_t row);                    /* of the row's ref: what marks and cursor keep */
void sl_batch_ref_text(const struct sl_batch *b, uint32_t row, struct sl_buf *out); /* CONNECTION:RESOURCE/ID */
struct sl_val sl_batch_get(const struct sl_batch *b, uint32_t row, unsigned col);  /* texts borrowed from b; families: null when empty */
/* The same of one key (an id of the schema's sl_keys); null where the row has none. */
struct sl_val sl_batch_get_key(const struct sl_batch *b, uint32_t row, unsigned family, uint32_t key);
/* Pairs of a family in one row: sets *key and *v for pair i; false beyond the last. */
bool sl_batch_pair(const struct sl_batch *b, uint32_t row, unsigned family, uint32_t i, uint32_t *key, struct sl_val *v);
/* b without what secret columns hold (null); b itself, counted, where it has none. For whatever leaves this process. */
int sl_batch_public(struct sl_batch **out, struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
size_t sl_batch_bytes(const struct sl_batch *b);                                   /* memory it holds */

/* The one encoded form: spill file, box pipe, capsule. Decoding is strict and bounded: bytes may come from outside. */
int sl_batch_encode(struct sl_buf *out, const struct sl_batch *b, struct sl_err *err) SL_NODISCARD;
int sl_batch_decode(struct sl_batch **out, struct sl_schema *s, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int sl_schema_encode(struct sl_buf *out, const struct sl_schema *s, struct sl_err *err) SL_NODISCARD;
int sl_schema_decode(struct sl_schema **out, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;

#endif
