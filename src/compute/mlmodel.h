/* compute/mlmodel.h: MLmodel, the page that MLflow puts beside a model: which file it is in, who reads it, which columns it takes. */
#ifndef SL_COMPUTE_MLMODEL_H
#define SL_COMPUTE_MLMODEL_H

#include "compute/model.h"

struct sl_mlmodel {
  char *file;                  /* beside MLmodel, perhaps in a folder there: never outside */
  enum sl_model_wrapper wrapper;
  bool onnx;                   /* the flavor says so */
  char **names, **types;       /* the signature's inputs in their order: MLflow's words ("double", "string"); tensors have none */
  bool *optional;              /* a column each: the data may do without it */
  size_t n;
  char *metadata;              /* what whoever logged it noted, as JSON; NULL: nothing */
};
enum { SL_MLMODEL_MAX = 1 << 20 };
/* EUNSUP: a model that is not read here, with its class and file; EPARSE. Owns nothing after a failure. where: for messages. */
int sl_mlmodel_read(struct sl_mlmodel *out, struct sl_str bytes, const char *where, struct sl_err *err) SL_NODISCARD;
void sl_mlmodel_free(struct sl_mlmodel *p);
/* The column may stand where the signature says type: numbers for float and double, whole ones for integer and long, texts for string. */
bool sl_mlmodel_takes(const char *type, const struct sl_column *c);

#endif
