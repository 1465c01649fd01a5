/* table/batch_int.h: how a sealed batch lies in memory, for the files of this folder.
 *
 * A sealed batch is one run of bytes, the encoded form itself: sealing writes it, encoding copies it, decoding checks it. So the spill
 * file, the box's pipe and the capsule need no second format, and a block costs one allocation. Little endian, as all our machines are;
 * every array begins at a multiple of eight. */
#ifndef SL_TABLE_BATCH_INT_H
#define SL_TABLE_BATCH_INT_H

#include "table/batch.h"
#include "table/filter.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read in place; a big-endian machine needs a converting reader");

enum image_enc { ENC_NULL, ENC_BITS, ENC_INT, ENC_F64, ENC_TEXT, ENC_DICT, ENC_PAIRS_F64, ENC_PAIRS_TEXT };

/* "SLB1", size, rows, columns, keys, flags; then ids, keys, columns. */
struct image_head { uint32_t magic, size, rows, ncols, nkeys, flags; };
/* Before each column's arrays. len counts the header too. */
struct col_head { uint8_t enc, nulls, width, zero; uint32_t len; int64_t base; };

enum { IMAGE_MAGIC = 0x31424c53, IMAGE_HAS_DEL = 1, IMAGE_MAX = 256 << 20, DICT_MAX = 255 };

struct image_col {
  enum image_enc enc;
  unsigned width;            /* INT: bytes of an offset from base; 0: all alike */
  int64_t base;
  const uint8_t *nulls;      /* a bit a row; NULL: none is null */
  const void *data;          /* BITS, INT, F64: values; DICT: codes; PAIRS_F64: values */
  const uint32_t *off;       /* TEXT rows + 1, DICT entries + 1, PAIRS_TEXT pairs + 1: into heap */
  const char *heap;
  const uint32_t *row, *key; /* PAIRS: rows + 1 into pairs; local key of each pair, ascending within a row */
};

struct key_back { uint32_t global, local; };

struct image {
  uint32_t refs;
  struct sl_schema *schema;
  char *bytes;
  size_t size;
  uint32_t rows, nkeys;
  const uint8_t *del;        /* a bit a row, or NULL */
  const uint32_t *id_off;
  const char *id_heap;
  struct image_col *cols;
  uint32_t *global;          /* local key -> id in the schema's keys */
  struct key_back *back;     /* sorted by global */
};

/* Where rows came from: a counted name, shared by many batches. */
struct conn_name { uint32_t refs; uint64_t hash; size_t n; char p[]; };
/* [any] counted; copies name. ref: not NULL; unref and str take NULL, which is the empty name. */
int conn_name_new(struct conn_name **out, struct sl_str name, struct sl_err *err) SL_NODISCARD;
struct conn_name *conn_name_ref(struct conn_name *c);
void conn_name_unref(struct conn_name *c);
static inline struct sl_str conn_name_str(const struct conn_name *c) { return c ? sl_strn(c->p, c->n) : SL_STR(""); }

struct build;
struct sl_batch {
  uint32_t refs;
  struct image *image;       /* NULL until sealed */
  struct build *build;       /* NULL after */
  struct conn_name **conn;   /* one, or several with conn_of */
  uint32_t nconn;
  uint16_t *conn_of;         /* row -> index into conn; NULL: all the first */
};

/* Is the number a type; are its values bytes? */
static inline bool sl_type_known(enum sl_type t) { return (unsigned)t <= SL_FAMILY_TEXT; }
static inline bool type_is_text(enum sl_type t)
{
  return t == SL_TEXT || t == SL_STATE || t == SL_REF || t == SL_URI || t == SL_LIST || t == SL_JSON;
}
static inline bool type_is_family(enum sl_type t) { return t == SL_FAMILY_F64 || t == SL_FAMILY_TEXT; }   /* of pairs by key */
static inline bool bit_get(const uint8_t *bits, uint32_t i) { return bits[i >> 3] >> (i & 7) & 1; } /* bit i, the low one of a byte first */

/* As sl_schema_new(), over keys that there are already, counted; NULL: new ones. */
int schema_with_keys(struct sl_schema **out, struct sl_keys *keys, const struct sl_col *common, size_t ncommon, const struct sl_col *own,
                     size_t nown, struct sl_err *err) SL_NODISCARD;
bool schema_secret(const struct sl_schema *s);   /* has a column that must not reach a disk */

/* Checks every offset of bytes (taken, also on failure) and makes them readable. */
int image_open(struct image **out, struct sl_schema *s, char *bytes, size_t size, struct sl_err *err) SL_NODISCARD;
void image_unref(struct image *m);
bool image_local_key(const struct image *m, uint32_t global, uint32_t *local);
/* Pair of a row by its local key; false: the row has none. */
bool image_pair(const struct image *m, unsigned col, uint32_t row, uint32_t local, uint32_t *at);
struct sl_val image_pair_val(const struct image_col *c, uint32_t at);
/* Of a cell that is not null, in a column of that encoding; texts are borrowed from the image. */
static inline int64_t image_int(const struct image_col *c, uint32_t row)
{
  switch (c->width) {
  case 1: return (int64_t)((uint64_t)c->base + ((const uint8_t *)c->data)[row]);
  case 2: return (int64_t)((uint64_t)c->base + ((const uint16_t *)c->data)[row]);
  case 4: return (int64_t)((uint64_t)c->base + ((const uint32_t *)c->data)[row]);
  case 8: return (int64_t)((uint64_t)c->base + ((const uint64_t *)c->data)[row]);
  default: return c->base;
  }
}
/* TEXT, DICT. */
static inline struct sl_str image_text(const struct image_col *c, uint32_t row)
{
  uint32_t i = c->enc == ENC_DICT ? ((const uint8_t *)c->data)[row] : row;
  return sl_strn(c->heap + c->off[i], c->off[i + 1] - c->off[i]);
}
/* All encodings but pairs. */
static inline bool image_null(const struct image_col *c, uint32_t row)
{
  return c->enc == ENC_NULL || (c->nulls && bit_get(c->nulls, row));
}
/* The row's id. */
static inline struct sl_str image_id(const struct image *m, uint32_t row)
{
  return sl_strn(m->id_heap + m->id_off[row], m->id_off[row + 1] - m->id_off[row]);
}

/* ---- building ---- */
int batch_new_sized(struct sl_batch **out, struct sl_schema *s, uint32_t rows, struct sl_err *err) SL_NODISCARD;
void build_free(struct build *b);
uint32_t build_rows(const struct build *b);
struct sl_schema *build_schema(const struct build *b);
uint32_t build_max(const struct build *b);
struct sl_err *build_why(struct build *b);       /* what stuck */
/* A pair of the last row by the id of its key; the caller has seen that nothing stuck and that family is one. */
void build_pair(struct sl_batch *b, unsigned family, uint32_t key, const struct sl_val *v);
/* The same rows under another connection: shares the image. */
int batch_with_conn(struct sl_batch **out, struct sl_batch *b, struct conn_name *c, struct sl_err *err) SL_NODISCARD;
/* Which column of `from` stands at each column of `to`, or -1. */
void batch_map_cols(const struct sl_schema *to, const struct sl_schema *from, int32_t *map);
/* Appends row of src to dst (not sealed), columns through map, families by name where the keys differ, the connection too. */
void batch_copy_row(struct sl_batch *dst, const struct sl_batch *src, uint32_t row, const int32_t *map);

/* ---- names of filters and orders against a schema ---- */
enum name_kind { NAME_NONE, NAME_COL, NAME_KEY, NAME_CONN, NAME_REF };
struct name_at { enum name_kind kind; int col; struct sl_str key; };
struct name_at name_find(const struct sl_schema *s, const struct sl_name *name);             /* key borrowed from name */
int name_unknown(const struct sl_schema *s, const struct sl_name *name, struct sl_err *err); /* EUSAGE with the nearest name */
void name_text(struct sl_buf *b, const struct sl_name *name);                                /* as it is read, quoted where need be */
struct sl_arena;
/* Text in quotes (s.p[0], doubled inside): bytes used; 0: not closed or out of memory (err). Borrows from s where it can. */
size_t quoted_read(struct sl_str s, struct sl_str *out, struct sl_arena *a, struct sl_err *err);
/* Reads a name at s.p: a bare word or quoted, then perhaps .KEY. Bytes used; 0: there is none. Quoted parts are copied to the arena. */
size_t name_read(struct sl_str s, struct sl_name *out, struct sl_arena *a, bool star, struct sl_err *err);

#endif
