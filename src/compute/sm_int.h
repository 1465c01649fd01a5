/* compute/sm_int.h: models of SageMaker's own algorithms, once read: one matrix and what is done with it; private to this folder. */
#ifndef SL_COMPUTE_SM_INT_H
#define SL_COMPUTE_SM_INT_H

#include "compute/model_int.h"
#include "compute/mxnet.h"

enum sm_kind { SM_KMEANS, SM_PCA, SM_LINEAR };
enum sm_head { SM_VALUE, SM_SIGMOID, SM_SOFTMAX };
struct sm {
  enum sm_kind kind;
  size_t k, d;                 /* outputs (centres, components, classes), features */
  double *at;                  /* k x d: centres, components, weights */
  double *add;                 /* PCA: d, the mean that is taken away; LINEAR: k, added */
  enum sm_head head;
};

/* Into m, which has it freed: k x d zeros. EPARSE: too large, or empty. */
int sm_new(struct sl_model *m, enum sm_kind kind, size_t k, size_t d, struct sm **out, struct sl_err *err) SL_NODISCARD;
/* Values by row and column as they lie, or the other way round. */
void sm_fill(double *to, const struct mx_array *a, size_t rows, size_t cols, bool turned);
extern const struct model_ops sm_ops;

#endif
