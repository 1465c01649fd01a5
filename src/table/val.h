/* table/val.h: values, columns and refs: the words that every layer above speaks. */
#ifndef SL_TABLE_VAL_H
#define SL_TABLE_VAL_H

#include "base/buf.h"
#include "base/time.h"

enum sl_type {
  SL_BOOL, SL_I64, SL_F64,
  SL_TIME,         /* i: ms since 1970 UTC */
  SL_TEXT,         /* s: any bytes */
  SL_STATE,        /* s: one of the words of section 1 (or of the resource); drawn as glyph + word + colour */
  SL_REF,          /* s: a ref's text */
  SL_URI,          /* s: an address; from data it is foreign: opened only below a configured root */
  SL_LIST,         /* s: several texts, each u32 length + bytes (sl_list_*); JSON: an array of strings */
  SL_JSON,         /* s: a JSON document as text, for nested values of SQL results */
  SL_FAMILY_F64,   /* (key, f64) pairs over interned keys: metrics */
  SL_FAMILY_TEXT   /* (key, text) pairs: params, tags, labels */
};
const char *sl_type_name(enum sl_type t);   /* in words: "integer", "family of numbers"; "?": none of them */

struct sl_val {
  enum sl_type type;
  bool null;
  bool f32;        /* of an F64 that was a float: as text it is the shortest that reads back as that float */
  union { bool b; int64_t i; double f; struct sl_str s; } u;
};
/* Values made here borrow their text; none (p NULL) is null. */
static inline struct sl_val sl_null(enum sl_type t) { return (struct sl_val){ .type = t, .null = true }; }
static inline struct sl_val sl_vi(int64_t i) { return (struct sl_val){ .type = SL_I64, .u.i = i }; }
static inline struct sl_val sl_vf(double f) { return (struct sl_val){ .type = SL_F64, .u.f = f }; }
static inline struct sl_val sl_vb(bool b) { return (struct sl_val){ .type = SL_BOOL, .u.b = b }; }
static inline struct sl_val sl_vt(sl_ms t) { return (struct sl_val){ .type = SL_TIME, .u.i = t }; }
static inline struct sl_val sl_vs(struct sl_str s) { return (struct sl_val){ .type = SL_TEXT, .null = !s.p, .u.s = s }; }
static inline struct sl_val sl_vz(const char *z) { return sl_vs(sl_str(z)); } /* NULL: null */
static inline struct sl_val sl_vas(enum sl_type t, struct sl_str s) { return (struct sl_val){ .type = t, .null = !s.p, .u.s = s }; }

/* -1, 0 or 1: ascending order with one meaning everywhere: numbers exact across I64 and F64, text by bytes, NaN after numbers,
 * null last; lists item by item, the shorter first. Numbers come before text where the two meet. */
int sl_val_cmp(const struct sl_val *a, const struct sl_val *b);
bool sl_val_eq(const struct sl_val *a, const struct sl_val *b);          /* null equals null; NaN equals NaN: "is it the same cell" */
uint64_t sl_val_hash(const struct sl_val *v);                            /* equal cells have one hash; keyed: of this process only */
/* For machines: RFC 3339, shortest floats, NaN; list as JSON array. null: writes nothing. */
void sl_val_text(struct sl_buf *b, const struct sl_val *v);
struct sl_jw;
void sl_val_json(struct sl_jw *w, const struct sl_val *v); /* null as null, a time as RFC 3339, lists as arrays of strings; JSON as it is */
/* For people, plain text: units, relative times. */
struct sl_show { sl_ms now; const struct sl_tz *tz; bool ascii; bool data; /* times in full: they are data, not news */ };
/* unit: of the column (struct sl_col), or NULL. null: writes nothing; texts are not cleaned: drawing does that. */
void sl_val_show(struct sl_buf *b, const struct sl_val *v, const char *unit, const struct sl_show *how);

/* A list's bytes grow by one item; and are taken apart again: item is borrowed, *rest moves behind it; false: no more, or no list. */
void sl_list_add(struct sl_buf *b, struct sl_str item);
bool sl_list_next(struct sl_str *rest, struct sl_str *item);

/* ---- columns ---- */
enum {
  SL_COL_SECRET = 1,    /* drawn masked; never in a capsule, spill file, trace, export or SQL */
  SL_COL_PERSONAL = 2,  /* in a capsule only as a keyed hash, unless --with-data */
  SL_COL_LIVE = 4,      /* counters and ages: change by themselves, so never a guard */
  SL_COL_F32 = 16,      /* F64 whose values are floats */
  SL_COL_FIGURES = 32,  /* family of figures about a number: n, nan, infinite and missing are counts, and have not its unit */
  SL_COL_HIDDEN = 8     /* not among the default columns of the table view */
};
struct sl_col {
  const char *name, *help, *unit;  /* unit: "B" bytes, "s" seconds, "ms", "rows", NULL */
  enum sl_type type;
  unsigned flags;
  const char *link;     /* resource that the value leads to, or NULL */
};

/* Of a cell: the column's, unless the key is a count of figures. */
const char *sl_col_unit(const struct sl_col *c, struct sl_str key);

/* ---- refs: a row's name for ever, CONNECTION:RESOURCE/ID, the id percent-encoded ---- */
struct sl_ref { struct sl_str conn, res, id; };
void sl_ref_text(struct sl_buf *b, const struct sl_ref *r);   /* percent-encodes the id */
/* Parts of text (id still encoded is decoded into scratch). EUSAGE: no ref. */
int sl_ref_parse(struct sl_str text, struct sl_ref *out, struct sl_buf *scratch, struct sl_err *err) SL_NODISCARD;
uint64_t sl_ref_hash(const struct sl_ref *r);   /* of the three parts; keyed, stable within a process */

#endif
