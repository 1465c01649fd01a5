/* compute/col.h: columns of data in memory: what models are scored on and statistics are made of.
 *
 * Values lie in one 64-byte aligned array, so that kernels load whole vectors; which rows hold a value says a bitmap. A column grows by
 * appending, is cleared for the next block without giving memory back, and belongs to whoever holds the struct. [any], one thread each. */
#ifndef SL_COMPUTE_COL_H
#define SL_COMPUTE_COL_H

#include "base/buf.h"
#include "base/hash.h"

enum sl_column_type {
  SL_COLUMN_F32, SL_COLUMN_F64, SL_COLUMN_I64,
  SL_COLUMN_BOOL,      /* a byte each, 0 or 1 */
  SL_COLUMN_DICT,      /* int32 codes into the column's own texts, numbered as they first came */
  SL_COLUMN_TEXT       /* ends of the texts in one run of bytes */
};
enum { SL_COLUMN_ALIGN = 64, SL_COLUMN_DICT_MAX = 1 << 20 };

struct sl_column {
  char *name;                  /* owned; NULL: none */
  enum sl_column_type type;
  bool time;                   /* I64: microseconds since 1970 UTC */
  size_t n, cap;               /* rows; rows there is room for */
  size_t nulls;                /* rows without a value (NaN is a value) */
  uint64_t *valid;             /* bit i % 64 of word i / 64: row i has a value. NULL as long as every row has one */
  union {
    void *raw;
    float *f32; double *f64; int64_t *i64; unsigned char *b; int32_t *code;
    size_t *end;               /* TEXT: where row i ends in bytes; it begins where the row before ends */
  } v;                         /* rows without a value hold 0, or nothing */
  struct sl_buf bytes;         /* TEXT */
  struct sl_map dict;          /* DICT: text -> code is its index; never more than SL_COLUMN_DICT_MAX */
};

/* name may be NULL. Owns nothing after a failure. */
int sl_column_init(struct sl_column *c, const char *name, enum sl_column_type type, struct sl_err *err) SL_NODISCARD;
void sl_column_free(struct sl_column *c);
void sl_column_clear(struct sl_column *c);     /* no rows; memory and dictionary stay */
/* DICT without rows: the dictionary goes, too, if it has more texts or more bytes than that. Codes begin anew then: true. */
bool sl_column_forget(struct sl_column *c, size_t texts, size_t bytes);
/* Room for n more rows, so that the values may be written into v directly; then sl_column_wrote(). */
int sl_column_room(struct sl_column *c, size_t n, struct sl_err *err) SL_NODISCARD;
void sl_column_wrote(struct sl_column *c, size_t n);          /* n more rows that all have a value */
int sl_column_null(struct sl_column *c, size_t row, struct sl_err *err) SL_NODISCARD;   /* row (< n) has no value after all */

/* One more row. put_f64 and put_i64 convert to the type that the column has (F32, F64, I64, BOOL). */
int sl_column_put_f64(struct sl_column *c, double v, struct sl_err *err) SL_NODISCARD;
int sl_column_put_i64(struct sl_column *c, int64_t v, struct sl_err *err) SL_NODISCARD;
int sl_column_put_text(struct sl_column *c, struct sl_str s, struct sl_err *err) SL_NODISCARD;   /* TEXT and DICT; ELIMIT: too many */
int sl_column_put_null(struct sl_column *c, struct sl_err *err) SL_NODISCARD;

/* Row (< n) holds a value. */
static inline bool sl_column_has(const struct sl_column *c, size_t row)
{
  return !c->valid || (c->valid[row / 64] >> (row % 64) & 1);
}
/* Numbers and booleans as a double; NaN where there is no value, or none that is a number (TEXT, DICT). */
double sl_column_f64(const struct sl_column *c, size_t row);
/* TEXT and DICT; none where there is no value. Valid until the column changes. */
struct sl_str sl_column_text(const struct sl_column *c, size_t row);
/* DICT: how many texts, and the text of a code. */
size_t sl_column_dict_count(const struct sl_column *c);
struct sl_str sl_column_dict_text(const struct sl_column *c, int32_t code);
bool sl_column_numeric(const struct sl_column *c);            /* F32, F64, I64, BOOL */
const char *sl_column_type_name(const struct sl_column *c);   /* "float32", "text", "time" */

/* ---- columns of equal length, by name ---- */
struct sl_columns { struct sl_column *at; size_t n; };        /* owned */
/* The columns and their array, not f; clear as sl_column_clear(); rows of the first one, 0 without any. */
void sl_columns_free(struct sl_columns *f);
void sl_columns_clear(struct sl_columns *f);
size_t sl_columns_rows(const struct sl_columns *f);
struct sl_column *sl_columns_find(const struct sl_columns *f, struct sl_str name);   /* NULL: no such */

#endif
