/* compute/pickle.h: a pickle read as data, by an interpreter that has nothing to call (docs/internals/pickles.md: why it is safe).
 *
 * What Python would make objects of becomes a tree of plain values and of records: the name of a class, what it was made with, its state.
 * A name is only ever a name. Which constructors are understood stands in two tables of pickle_make.c; any other is refused when it would
 * be called. The same tree is made of a skops file (skops.h), so that one reader serves both (skl.h). Values lie in the document's arena,
 * texts and arrays in the bytes that were read: both must stay until the document goes. Cycles may occur: whoever walks counts its
 * steps. */
#ifndef SL_COMPUTE_PICKLE_H
#define SL_COMPUTE_PICKLE_H

#include "compute/npy.h"

enum pk_kind {
  PK_NONE, PK_BOOL, PK_INT, PK_FLOAT, PK_TEXT, PK_BYTES,
  PK_BIG,                      /* a whole number beyond 64 bits */
  PK_LIST, PK_TUPLE, PK_SET, PK_DICT,
  PK_CLASS,                    /* a name: of a class, a function, anything */
  PK_OBJECT,                   /* a record of a class that is known */
  PK_TYPE, PK_ARRAY            /* numpy's */
};
enum { PK_ITEMS_MAX = 1 << 24, PK_MEMO_MAX = 1 << 24, PK_STACK_MAX = 1 << 22, PK_MARKS_MAX = 1 << 10, PK_INNER_MAX = 3, PK_NAME_MAX = 256,
       PK_MEMORY_MAX = 384 << 20 };
#define PK_OPS_MAX ((uint64_t)1 << 28)

struct pk;
struct pk_list { struct pk **at; size_t n, cap; };             /* DICT: key, value, key, value */
struct pk_record {
  struct pk *cls, *args;       /* CLASS; TUPLE, or NULL */
  struct pk *state;            /* NULL: none was given */
  struct pk_list items;        /* what a class that is also a list or a dictionary holds */
};
struct pk_array { struct npy a; struct pk_list objects; };     /* objects: of an array of type O, in its order */
struct pk {
  enum pk_kind kind;
  union {
    int64_t i;                 /* BOOL, INT */
    double f;
    struct sl_str s;           /* TEXT (UTF-8), BYTES, BIG */
    struct pk_list list;       /* LIST, TUPLE, SET, DICT */
    struct { struct sl_str module, name; } cls;
    struct pk_record o;
    struct npy_type type;
    struct pk_array *a;
  } u;
};

struct pk_doc {
  struct sl_arena arena;
  const char *file;            /* for messages; borrowed */
  struct pk *root;
};

/* bytes and file are borrowed as long as the document lives. Plain pickles of protocol 0 to 5, and joblib's with arrays between. EPARSE:
 * damaged, EUNSUP: what is not understood, ELIMIT; all as "FILE: byte N: why". Owns nothing after a failure. */
int sl_pickle_read(struct pk_doc *out, struct sl_str bytes, const char *file, struct sl_err *err) SL_NODISCARD;
void pk_doc_free(struct pk_doc *d);

/* ---- making values (pickle.c) ---- */
struct pk *pk_new(struct pk_doc *d, enum pk_kind kind, struct sl_err *err);      /* NULL: err is set */
int pk_no_room(const struct pk_doc *d, struct sl_err *err);       /* ELIMIT where the cap was met, else ENOMEM */
int pk_push(struct pk_doc *d, struct pk_list *l, struct pk *v, struct sl_err *err) SL_NODISCARD;
/* numpy's single value, from an array of one. EUNSUP: neither number nor text. */
int pk_scalar(struct pk_doc *d, const struct npy *a, struct pk **out, struct sl_err *err) SL_NODISCARD;

/* ---- asking ---- */
/* Of a dictionary, or of a record's state; the last one of a name, as in Python. NULL: no such. */
const struct pk *pk_get(const struct pk *v, const char *key);
/* "collections.OrderedDict" of a class or a record; a name without a dot: whatever its module. */
bool pk_is_class(const struct pk *v, const char *name);
/* "sklearn.linear_model._logistic.LogisticRegression" of a record or a class; "" of anything else. Cut to n. */
const char *pk_class_name(const struct pk *v, char *to, size_t n);
struct sl_str pk_text(const struct pk *v);                     /* none: no text */
bool pk_none(const struct pk *v);                              /* NULL and None */
/* Numbers and numpy's values of one element. False: none. */
bool pk_f64(const struct pk *v, double *out);
bool pk_i64(const struct pk *v, int64_t *out);
bool pk_true(const struct pk *v);                              /* True, or a number but 0 */
const struct npy *pk_array(const struct pk *v);                /* NULL: no array */
/* How many items a list, tuple, set, or array of objects or anything else holds, and each as a value (numbers of arrays: NULL). */
size_t pk_count(const struct pk *v);
const struct pk *pk_item(const struct pk *v, size_t i);

#endif
