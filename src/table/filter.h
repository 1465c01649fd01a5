/* table/filter.h: the filter language of design section 6 and the order of rows, with one meaning wherever they run.
 *
 * Three-valued: a missing value or NaN makes a comparison unknown, and only true keeps the row. Text compares by bytes, as a number
 * when both sides are numbers; `~` is a POSIX extended regex over text. Trees are immutable and counted; backends read them to push
 * down. */
#ifndef SL_TABLE_FILTER_H
#define SL_TABLE_FILTER_H

#include "table/batch.h"

enum sl_filter_op { SL_F_AND, SL_F_OR, SL_F_NOT, SL_F_EQ, SL_F_NE, SL_F_LT, SL_F_LE, SL_F_GT, SL_F_GE, SL_F_MATCH, SL_F_NOMATCH,
  SL_F_IN, SL_F_NULL, SL_F_NOTNULL };
struct sl_name {                 /* a column, or a key of a family: metrics.auc, params."learning rate", tags.`a.b` */
  struct sl_str col, key;        /* key.p NULL: a plain column */
};
/* A literal keeps how it was written and all that it may mean; which of it counts depends on the column that it meets. */
enum { SL_LIT_INT = 1, SL_LIT_F64 = 2, SL_LIT_TIME = 4, SL_LIT_DUR = 8, SL_LIT_SIZE = 16 };
struct sl_lit {
  struct sl_str text;            /* without its quotes */
  bool quoted;                   /* 'text': then never a number */
  unsigned may;                  /* what it can be besides text: SL_LIT_* */
  int64_t i, bytes;              /* INT; SIZE: 10MB, 512KiB */
  double f, seconds;             /* F64 (set with INT too); DUR: 90s, 26h */
  sl_ms time;                    /* TIME, -2h and today resolved */
};
/* The value that l means for a column of this type and unit: a number, time, bool, or text. Text columns (and families of texts) get a
 * number where an unquoted one stands: a cell that is a number too compares as one, any other by its bytes with l->text. False: no such
 * value. */
bool sl_lit_value(const struct sl_lit *l, const struct sl_col *col, struct sl_val *out);

struct sl_regex;
struct sl_filter_node {
  enum sl_filter_op op;
  struct sl_filter_node *a, *b;  /* AND OR; NOT: a */
  struct sl_name name;
  struct sl_lit *lits; size_t nlits;  /* one, or several for IN; none for NULL, NOTNULL */
  struct sl_regex *re;           /* MATCH, NOMATCH: compiled */
};
struct sl_filter;
/* `now` and tz resolve -2h, today. EUSAGE with the column (from 1) and what was expected there. An empty text: *out NULL, SL_OK. */
int sl_filter_parse(struct sl_filter **out, struct sl_str text, sl_ms now, const struct sl_tz *tz, struct sl_err *err) SL_NODISCARD;
/* unref: NULL is fine. What the tree and the text hold lives as long as f. */
struct sl_filter *sl_filter_ref(struct sl_filter *f);
void sl_filter_unref(struct sl_filter *f);
const struct sl_filter_node *sl_filter_root(const struct sl_filter *f);
struct sl_str sl_filter_text(const struct sl_filter *f);
/* Every named column must exist in s (did-you-mean in the error), its literals fit its type. */
int sl_filter_check(const struct sl_filter *f, const struct sl_schema *s, struct sl_err *err) SL_NODISCARD;
/* keep[i] = 1 where the filter is true for row i. [any] `connection` and `ref` are columns too. */
int sl_filter_run(const struct sl_filter *f, const struct sl_batch *b, uint8_t *keep, struct sl_err *err) SL_NODISCARD;
/* Conjunction of two (either may be NULL). */
int sl_filter_and(struct sl_filter **out, struct sl_filter *a, struct sl_filter *b, struct sl_err *err) SL_NODISCARD;

struct sl_order_key { struct sl_name name; bool desc; };
struct sl_order;                 /* counted; always ends in ref, so that two runs draw the same */
int sl_order_parse(struct sl_order **out, struct sl_str text, struct sl_err *err) SL_NODISCARD;  /* "started", "-metrics.auc,name" */
/* unref: NULL is fine. The keys (i < count, else NULL) live as long as o; the ref at the end is none of them. */
struct sl_order *sl_order_ref(struct sl_order *o);
void sl_order_unref(struct sl_order *o);
size_t sl_order_count(const struct sl_order *o);
const struct sl_order_key *sl_order_key(const struct sl_order *o, size_t i);
/* Every name must be in s, and be one value: EUSAGE. */
int sl_order_check(const struct sl_order *o, const struct sl_schema *s, struct sl_err *err) SL_NODISCARD;

/* Which columns are wanted: names, `metrics.*`, `metrics.auc`; NULL means the defaults. */
struct sl_want;
int sl_want_parse(struct sl_want **out, struct sl_str text, struct sl_err *err) SL_NODISCARD;
/* unref: NULL is fine. Names (i < count, else none) live as long as w. */
struct sl_want *sl_want_ref(struct sl_want *w);
void sl_want_unref(struct sl_want *w);
size_t sl_want_count(const struct sl_want *w);
struct sl_name sl_want_name(const struct sl_want *w, size_t i);   /* key "*": all keys of the family */
/* As it is read: quoted where need be. */
void sl_name_text(struct sl_buf *b, const struct sl_name *name);
void sl_want_text(struct sl_buf *b, const struct sl_want *w);

#endif
