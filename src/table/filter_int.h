/* table/filter_int.h: what the parser and the evaluator of filters share. */
#ifndef SL_TABLE_FILTER_INT_H
#define SL_TABLE_FILTER_INT_H

#include "base/mem.h"
#include "table/batch_int.h"

enum { FILTER_TEXT_MAX = 64 << 10, FILTER_NODES_MAX = 1000, FILTER_DEPTH_MAX = 64, FILTER_IN_MAX = 10000 };

/* Compiles a POSIX extended expression; owned by whoever asked. EUSAGE with the library's reason. */
int regex_new(struct sl_regex **out, struct sl_str pattern, struct sl_err *err) SL_NODISCARD;
void regex_free(struct sl_regex *re);
bool regex_matches(const struct sl_regex *re, struct sl_str text);

/* What the text may be besides a text; cannot fail. l->text is text, borrowed. */
void lit_read(struct sl_lit *l, struct sl_str text, bool quoted, sl_ms now, const struct sl_tz *tz);
/* -1 0 1, or 2 (unknown: NaN): a text cell against a literal, as numbers when both are. */
int lit_cmp_text(struct sl_str cell, const struct sl_lit *l, const struct sl_val *v);
/* EUSAGE when a literal of n does not fit the column, or the operator does not. name: as the filter wrote it. */
int leaf_check(const struct sl_filter_node *n, const struct sl_col *col, bool keyed, struct sl_err *err);

#endif
