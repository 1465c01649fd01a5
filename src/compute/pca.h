/* compute/pca.h: how well rows agree with what the features of a baseline have to do with each other: NannyML's reconstruction error.
 *
 * Features are standardised (as scikit-learn's StandardScaler), principal components taken until they explain 65 % of the variance (as its
 * PCA), and the error of a row is how far it lies from what those components give back. A missing value is the feature's mean. */
#ifndef SL_COMPUTE_PCA_H
#define SL_COMPUTE_PCA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SL_PCA_FEATURES = 1000 };
struct sl_pca {
  size_t d, k;                 /* features; components that are kept */
  uint64_t n;                  /* rows of the baseline */
  double *mean, *scale;        /* of each feature; the caller sets mean before the first row */
  double *block, *co, *lost;   /* d x d: sums of products of deviations: of the last rows, of all, what rounding left aside */
  double *vector;              /* components, a row each */
  double *z;                   /* scratch, two rows */
};
/* d from 1 to SL_PCA_FEATURES; ELIMIT. */
int sl_pca_open(struct sl_pca *p, size_t d, struct sl_err *err) SL_NODISCARD;
void sl_pca_free(struct sl_pca *p);
/* A row of the baseline; NaN: missing. */
void sl_pca_add(struct sl_pca *p, const double *row);
/* When all are in. EPARSE: nothing varies. */
int sl_pca_fit(struct sl_pca *p, struct sl_err *err) SL_NODISCARD;
/* Of a row of any data set; NaN: missing. */
double sl_pca_error(struct sl_pca *p, const double *row);

#endif
