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
struct sl_filter_node {
  enum sl_filter_op op;
  struct sl_filter_node *a, *b;  /* AND OR NOT */
  struct sl_name name;
  struct sl_val *vals; size_t nvals;  /* one, or several for IN. A bare word or number keeps how it was written: */
  bool quoted;                   /* 'text' was quoted: then never a number */
  struct sl_str literal;         /* as typed */
};
struct sl_filter;
/* `now` and tz resolve -2h, today. EUSAGE with the column (from 1) and what was expected there. An empty text: *out NULL, SL_OK. */
int sl_filter_parse(struct sl_filter **out, struct sl_str text, sl_ms now, const struct sl_tz *tz, struct sl_err *err) SL_NODISCARD;
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
struct sl_order *sl_order_ref(struct sl_order *o);
void sl_order_unref(struct sl_order *o);
size_t sl_order_count(const struct sl_order *o);
const struct sl_order_key *sl_order_key(const struct sl_order *o, size_t i);
int sl_order_check(const struct sl_order *o, const struct sl_schema *s, struct sl_err *err) SL_NODISCARD;

/* Which columns are wanted: names, `metrics.*`, `metrics.auc`; NULL means the defaults. */
struct sl_want;
int sl_want_parse(struct sl_want **out, struct sl_str text, struct sl_err *err) SL_NODISCARD;
struct sl_want *sl_want_ref(struct sl_want *w);
void sl_want_unref(struct sl_want *w);
size_t sl_want_count(const struct sl_want *w);
struct sl_name sl_want_name(const struct sl_want *w, size_t i);   /* key "*": all keys of the family */

#endif
