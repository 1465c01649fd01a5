/* box/drift_numbers.h: a column of numbers of one of two data sets, as drift compares them; private to this folder. */
#ifndef SL_BOX_DRIFT_NUMBERS_H
#define SL_BOX_DRIFT_NUMBERS_H

#include "box/drift_row.h"
#include "box/duck.h"
#include "box/sample.h"

struct drift_numbers { struct sample values, chunks; };      /* chunks: of the baseline, where they are asked for */

/* Whether columns of so many rows are sorted in memory. */
bool drift_numbers_fit(const struct sl_box_ctx *c, int64_t rows_baseline, int64_t rows_current, bool chunked);
/* sql: one column of doubles; side 0 or 1 of f. f's values live as long as n does. */
int drift_numbers_load(struct sl_box_ctx *c, duck_conn conn, const char *sql, int64_t rows, bool fits, int side, bool chunked,
                       struct drift_numbers *n, struct drift_feature *f, struct sl_err *err) SL_NODISCARD;
void drift_numbers_free(struct drift_numbers *n);

#endif
