/* table/pick.h: which keys of a family deserve a column: those that most of the rows have, out of any number of keys.
 *
 * Counts over the rows that it is shown, not over a whole table: what a person sees decides. Not shared between threads. */
#ifndef SL_TABLE_PICK_H
#define SL_TABLE_PICK_H

#include "table/batch.h"

struct sl_pick;
/* family: its column in s, which is held. */
int sl_pick_open(struct sl_pick **out, struct sl_schema *s, unsigned family, struct sl_err *err) SL_NODISCARD;
void sl_pick_close(struct sl_pick *p);
/* False: enough pairs were looked at; more rows are not counted. */
bool sl_pick_row(struct sl_pick *p, const struct sl_batch *b, uint32_t row);
/* The best keys, at most n: of numbers those measured on held-out data first, then others, costs and system metrics last; of texts only
 * those that differ between the rows, seeds last. Keys that fewer than half of the rows have stay out, unless there is no other. */
size_t sl_pick_best(struct sl_pick *p, uint32_t *key, size_t n);

/* "val_auc", "eval-logloss", "test.f1": measured on data that the training did not see. */
bool sl_metric_held_out(struct sl_str name);

#endif
