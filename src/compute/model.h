/* compute/model.h: a loaded model: what it takes, what it gives, and its predictions over columns.
 *
 * XGBoost (JSON, UBJ), LightGBM (text), scikit-learn (pickles, skops: docs/internals/sklearn.md), SageMaker's own algorithms
 * (docs/internals/sagemaker.md). Predictions of trees have the very bits that the library's own predict() gives: the same arithmetic,
 * width and order of sums. Model files are untrusted: loading is strict and bounded, what is loaded can be walked without further checks.
 * Files are read where they can do no harm: in the box. A loaded model is immutable: [any]. */
#ifndef SL_COMPUTE_MODEL_H
#define SL_COMPUTE_MODEL_H

#include "compute/col.h"

struct sl_model;

/* Who wraps the model, which decides what predict() means: MLmodel's model_class. */
enum sl_model_wrapper { SL_MODEL_BOOSTER, SL_MODEL_CLASSIFIER, SL_MODEL_REGRESSOR };
enum sl_model_output {
  SL_MODEL_PREDICT,            /* what the library's own predict() returns */
  SL_MODEL_RAW,                /* margins, before any transform */
  SL_MODEL_PROBABILITY,        /* of each class; two outputs of one margin: of the second class only */
  SL_MODEL_CLASS,              /* index of the class, i64 */
  SL_MODEL_LEAF,               /* index of the leaf in each tree, i64 */
  SL_MODEL_POINT               /* of clusters: which one, the squared distance to its centre, then the row as it is compared with it */
};
/* What bytes begin with: "xgboost json", "xgboost ubj", "lightgbm text", and words for what is known but not read ("a pickle"). */
#define SL_MODEL_ONNX "an ONNX model, which ONNX Runtime reads"    /* as such: not readable here, but by sl_model_from() */
const char *sl_model_sniff(struct sl_str bytes, bool *readable);
/* The kernels of models that are loaded from now on: "c", "avx2", "avx512". EUSAGE: no such level, or not on this processor. */
int sl_model_cpu(const char *level, struct sl_err *err) SL_NODISCARD;
/* file: for messages ("FILE: byte 123: why"), also what is not read: EUNSUP; damaged: EPARSE; too large: ELIMIT. */
int sl_model_load(struct sl_model **out, struct sl_str bytes, const char *file, enum sl_model_wrapper wrapper,
                  struct sl_err *err) SL_NODISCARD;
/* A model of several files, which were one archive: skops; SageMaker's linear learner. */
struct sl_model_part { struct sl_str name, bytes; };
/* part: n of them, the order is of no matter; names as in the archive. Errors as above. */
int sl_model_load_parts(struct sl_model **out, const struct sl_model_part *part, size_t n, const char *file, enum sl_model_wrapper wrapper,
                        struct sl_err *err) SL_NODISCARD;
void sl_model_free(struct sl_model *m);   /* NULL is fine; after its bindings */

struct sl_model_facts {
  const char *engine;          /* "xgboost", "lightgbm" */
  const char *objective, *booster;
  char version[24];            /* of the library that wrote the file, as far as it says */
  size_t features, groups, trees, classes;   /* classes: 0 for regression */
  size_t clusters;             /* that it tells apart by their centres; 0: it is no such model */
  bool threads;                /* it has threads of its own: all rows of a block at once, by one caller */
};
struct sl_model_facts sl_model_facts(const struct sl_model *m);   /* texts live as long as m */
/* NULL: the model has no names, its features go by position. */
const char *sl_model_feature(const struct sl_model *m, size_t i);
bool sl_model_categorical(const struct sl_model *m, size_t i);

/* What the model calls its classes, where its file tells (scikit-learn's classes_): F64, I64, BOOL as numbers, or TEXT. n 0: 0, 1, 2,
 * ... */
struct sl_model_labels { enum sl_column_type type; size_t n; const double *number; const struct sl_str *text; };
struct sl_model_labels sl_model_labels(const struct sl_model *m);   /* borrowed from m */
/* Which class a label is, by what the model calls it (n 0: by its number). NaN: no value, none of the classes: *known tells. */
double sl_model_label_class(const struct sl_model *m, const struct sl_column *label, size_t row, bool *known);

/* Which data column is feature i: by name where the model (or the signature that was logged with it) has names, else by position among the
 * columns but skip (the label; SIZE_MAX: none). ENOENT names what is missing, and the nearest name. of: a slot for each feature. */
int sl_model_match(const struct sl_model *m, const char *const *names, size_t n, const char *const *signature, size_t nsignature,
                   size_t skip, size_t *of, struct sl_err *err) SL_NODISCARD;

/* The model over columns: col[i] is feature i. Borrows both. EUSAGE: a time where a number is meant. */
struct sl_model_bind;
int sl_model_bind(struct sl_model_bind **out, const struct sl_model *m, const struct sl_column *const *col,
                  struct sl_err *err) SL_NODISCARD;
void sl_model_bind_free(struct sl_model_bind *b);
/* After the columns were filled anew: categories that came for the first time get their codes. EPARSE: one that the model does not know and
 * its library refuses; EUSAGE: a text where a number is meant, or the reverse. One thread. */
int sl_model_bind_rows(struct sl_model_bind *b, struct sl_err *err) SL_NODISCARD;
void sl_model_bind_forget(struct sl_model_bind *b);        /* after columns forgot their texts (sl_column_forget) */

/* What an output is: F32, F64 or I64, and how many values a row. EUSAGE: the model has no such output. */
struct sl_model_shape { enum sl_column_type type; size_t width; };
/* Tells how much room sl_model_predict() wants; *out is set on success only. */
int sl_model_shape(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err) SL_NODISCARD;
/* What output i is called by whoever made the model ("closest_cluster"); NULL: it has no name of its own. */
const char *sl_model_output_name(const struct sl_model *m, enum sl_model_output what, size_t i);
/* Rows from..from+n-1 into out: n x width values, row by row. Several threads may predict different rows of one binding at once. */
int sl_model_predict(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out,
                     struct sl_err *err) SL_NODISCARD;

/* A model that a library outside this folder runs (ONNX Runtime, in the box): what it is, and who predicts. */
struct sl_model_other {
  const char *engine, *objective;        /* engine: stays */
  size_t features, groups, classes;
  bool classifier;                       /* predict() means classes */
  const char *const *names;              /* of the features; NULL: by position */
  void *own;
  struct sl_model_labels (*labels)(void *own);
  int (*shape)(void *own, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err);
  int (*bind)(void *own, const struct sl_column *const *col, struct sl_err *err);      /* may these columns be its features? */
  void (*rows)(void *own);               /* other rows came */
  int (*predict)(void *own, const struct sl_column *const *col, enum sl_model_output what, size_t from, size_t n, void *out,
                 struct sl_err *err);
  void (*free)(void *own);
};
/* o is copied; own is the model's on success only. file: for messages. */
int sl_model_from(struct sl_model **out, const struct sl_model_other *o, const char *file, struct sl_err *err) SL_NODISCARD;

#endif
