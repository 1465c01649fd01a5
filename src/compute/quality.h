/* compute/quality.h: how good predictions are, from labels and outputs: what the resource `quality` and the summary of `score` show.
 *
 * Definitions are scikit-learn's: AUC by ranks with ties halved (one class against the rest, macro the mean of the classes that have both),
 * log loss with probabilities kept off 0 and 1 by the width's epsilon, precision and recall 0 where nothing was predicted or was there. */
#ifndef SL_COMPUTE_QUALITY_H
#define SL_COMPUTE_QUALITY_H

#include "base/buf.h"

enum { SL_QUALITY_ROWS_MAX = 8 << 20, SL_QUALITY_CLASSES_MAX = 256 };

struct sl_quality;
/* classes 0: numbers are predicted. epsilon: of the outputs' width, for the log loss. ELIMIT: more classes than are told apart. */
int sl_quality_open(struct sl_quality **out, size_t classes, double epsilon, struct sl_err *err) SL_NODISCARD;
void sl_quality_free(struct sl_quality *q);
/* One row. Two classes: p[0] is the probability of class 1; more: one for each; none: p[0] is the number. has_p false: only the class is
 * known (chosen). A label that is NaN leaves the row out. EUSAGE: a label that is no class. ELIMIT beyond SL_QUALITY_ROWS_MAX. */
int sl_quality_add(struct sl_quality *q, double label, const double *p, bool has_p, int64_t chosen, struct sl_err *err) SL_NODISCARD;

/* metric: accuracy, auc, log_loss, precision, recall, f1, confusion (class: the label; other: what was predicted); mae, rmse, r2. */
struct sl_quality_value { const char *metric; int cls, other; double value; uint64_t n; };     /* cls, other -1: of all */
/* In an order that does not change; a value that cannot be told (AUC of one class only) is NaN. */
typedef int sl_quality_fn(void *user, const struct sl_quality_value *v);
int sl_quality_end(struct sl_quality *q, sl_quality_fn *fn, void *user, struct sl_err *err) SL_NODISCARD;

#endif
