/* compute/skl_int.h: scikit-learn's fitted estimators, as what their readers fill in and a block of rows runs through; private to this
 * folder.
 *
 * An estimator is read once from the values of its file (pickle.h) into an arena of the model's own: the file is not needed afterwards.
 * Rows pass through it in blocks of columns. Each column keeps the type that numpy would give it, since float32 is computed in float32
 * there too. docs/internals/sklearn.md says which classes, how exact, and what their versions changed. */
#ifndef SL_COMPUTE_SKL_INT_H
#define SL_COMPUTE_SKL_INT_H

#include "compute/model_int.h"
#include "compute/pickle.h"

enum { SKL_ROWS = 128, SKL_DEPTH = 16, SKL_WIDE_MAX = 1 << 20, SKL_STEPS_MAX = 10000, SKL_NAME = 96, SKL_BLOCK_MAX = 512 << 20,
       SKL_ROWS_MANY = 512, SKL_ROWS_FEW = 24, SKL_NODES_MAX = 1 << 19, SKL_NODES_MANY = 1 << 16 };
    /* ROWS_MANY: what the tree engine likes, where so many fit. Trees of more than NODES_MAX nodes in all are walked, of more than
     * NODES_MANY where there are FEW rows: the engine would ask every test of every tree. */

/* ---- rows on their way ---- */
enum skl_type { SKL_F64, SKL_F32, SKL_I64, SKL_BOOL, SKL_TEXT };
struct skl_col {
  enum skl_type type;
  const double *v;             /* rows of them; NaN: missing. F32 holds what a float holds. TEXT: NULL */
  const struct sl_column *text; size_t from;   /* TEXT: row r is from + r there */
  struct sl_str fill;          /* TEXT: what stands for what is missing; none: it is missing */
  const char *name;            /* of the column it began as, for messages */
};
struct skl_block { size_t rows, n; struct skl_col *col; bool sparse; };  /* sparse: scipy would hold it so, which rounds otherwise */
struct skl_run { struct sl_arena *mem; size_t row, rows; struct sl_err *err; };          /* row: of the first one; both for messages */

/* ---- estimators ---- */
enum skl_want {
  SKL_VALUE,                   /* of a regressor: its outputs; of a classifier or of clusters: the index, as a double */
  SKL_RAW,                     /* decision_function */
  SKL_PROBA, SKL_LEAF,
  SKL_POINT                    /* SL_MODEL_POINT */
};
struct skl_est;
struct skl_load;
struct skl_ops {
  /* From o into e: sizes and e->own. Mandatory. */
  int (*load)(struct skl_load *l, const struct pk *o, struct skl_est *e);
  /* Columns to columns; NULL: it is no transformer. */
  int (*transform)(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out);
  /* rows x width values, row by row; NULL: it predicts nothing. What e says it has not got is not asked for. */
  int (*predict)(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out);
};
enum skl_finite { SKL_ANY, SKL_NAN, SKL_FINITE };              /* what values it takes: any, no infinities, none of both */
struct skl_labels { enum skl_type type; size_t n; double *v; struct sl_str *s; };       /* classes_: numbers, or texts */
struct skl_est {
  const struct skl_ops *ops;
  const char *cls;             /* "RandomForestClassifier" */
  int version;                 /* of scikit-learn that wrote it: 109 is 1.9 */
  size_t in;                   /* features; SIZE_MAX: any */
  size_t classes;              /* 0: no classifier */
  size_t clusters;             /* 0: it finds none */
  size_t values, raw, proba, leaves, points;   /* width of each output; 0: it has none. values of a classifier: 1 */
  bool single;                 /* its numbers are float32 whatever it is given */
  struct skl_labels labels;
  void *own;
};

struct skl {                   /* the model: what sl_model.own is */
  struct sl_arena mem;
  struct skl_est *root;
  struct sl_model **inner; size_t ninner, inner_cap;           /* of XGBoost and LightGBM, freed with it */
  struct tree_engine **engines; size_t nengines, engines_cap;  /* likewise */
};

/* ---- reading (skl_load.c) ---- */
struct skl_load { struct skl *s; struct sl_model *m; const char *file; struct sl_err *err; unsigned depth; size_t budget; };
/* Any estimator that is known. EUNSUP: "CLASS in FILE". */
int skl_est_load(struct skl_load *l, const struct pk *o, struct skl_est **out) SL_NODISCARD;
void *skl_alloc(struct skl_load *l, size_t n, size_t size);    /* zeroed; NULL: err is set */
int skl_fail(struct skl_load *l) SL_NODISCARD;                 /* the code that is set already */
/* EPARSE: "FILE: CLASS: ...". */
int skl_bad(struct skl_load *l, const struct skl_est *e, const char *fmt, ...) SL_PRINTF(3, 4);
/* EUNSUP: "CLASS in FILE: ...". */
int skl_unsup(struct skl_load *l, const struct skl_est *e, const char *fmt, ...) SL_PRINTF(3, 4);
/* An attribute as numbers, in rows: an array of any numbers, a single one. n SIZE_MAX: however many there are, told back. */
int skl_numbers(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out, size_t *n) SL_NODISCARD;
/* The same of two dimensions; one dimension is one row. */
int skl_matrix(struct skl_load *l, const struct skl_est *e, const struct pk *o, const char *name, double **out, size_t *rows,
               size_t *cols) SL_NODISCARD;
bool skl_is_f32(const struct pk *v);                           /* an array of float32 */
bool skl_flag(const struct pk *o, const char *name, bool other);               /* other: where there is no such attribute */
bool skl_word(const struct pk *o, const char *name, const char *word);
struct sl_str skl_copy(struct skl_load *l, struct sl_str s);   /* none: err is set */
int skl_labels_load(struct skl_load *l, struct skl_est *e, const struct pk *classes) SL_NODISCARD;
/* b, which is used up, becomes an engine that is freed with the model; NULL: trees of such a shape that they are better walked. */
int skl_engine(struct skl_load *l, struct tree_build *b, struct tree_engine **out) SL_NODISCARD;
/* What becomes of an engine that could not be: ELIMIT is no failure. */
int skl_walked(struct skl_load *l, int rc);
int skl_inner_load(struct skl_load *l, struct sl_str bytes, enum sl_model_wrapper w, struct sl_model **out) SL_NODISCARD;

/* ---- running (skl_run.c) ---- */
int skl_nomem(struct skl_run *r);
double *skl_room(struct skl_run *r, size_t n);                 /* zeroed; NULL: err is set */
int skl_out(struct skl_run *r, const struct skl_block *in, size_t n, struct skl_block *out) SL_NODISCARD;
    /* n columns without values */
/* What numpy would make of all columns together; TEXT: they are no numbers. */
enum skl_type skl_joint(const struct skl_block *b);
/* FLOAT_DTYPES: F32 stays, all else is F64. Refuses texts, another number of columns, and values that the estimator does not take. */
int skl_check(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_finite takes,
    enum skl_type *out) SL_NODISCARD;
int skl_transform(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out) SL_NODISCARD;
int skl_predict(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out) SL_NODISCARD;
size_t skl_width(const struct skl_est *e, enum skl_want want);
/* Of a column: is row r missing; its text. */
bool skl_text_missing(const struct skl_col *c, size_t r);
struct sl_str skl_text(const struct skl_col *c, size_t r);

/* ---- formulas (skl_math.c) ---- */
double skl_expit(double x);
double skl_logit(double p);
void skl_softmax(double *p, size_t n);
size_t skl_best(const double *p, size_t n);                    /* the first greatest */

/* ---- families: each file its own ---- */
extern const struct skl_ops skl_linear, skl_linear_class, skl_tree, skl_forest, skl_boost, skl_hist, skl_kmeans, skl_gauss, skl_multinomial,
  skl_bernoulli, skl_dummy_class, skl_dummy_value, skl_standard, skl_minmax, skl_maxabs, skl_robust, skl_imputer, skl_onehot, skl_ordinal,
  skl_function, skl_pipeline, skl_columns, skl_union, skl_calibrated, skl_search, skl_frozen, skl_wrapped;
/* Into m: the estimator that the values stand for. */
int skl_model_read(struct sl_model *m, const struct pk *root, struct sl_err *err) SL_NODISCARD;
/* What scikit-learn's wrappers of XGBoost and LightGBM hold: their own file, and how it is to be used. False: it is no such class. */
struct skl_native { struct sl_str bytes; enum sl_model_wrapper wrapper; size_t rounds; const struct pk *classes; double missing; };
bool skl_native_of(const struct pk *o, struct skl_native *out);   /* borrowed from o; rounds SIZE_MAX: all */
/* Copies what the classes are called into the model. */
int skl_name_classes(struct sl_model *m, const struct skl_labels *labels, struct sl_err *err) SL_NODISCARD;
/* The file of such a wrapper itself: m becomes the model that it holds. */
int skl_native_read(struct sl_model *m, const struct skl_native *n, struct sl_err *err) SL_NODISCARD;
extern const struct model_ops skl_model_ops;

#endif
