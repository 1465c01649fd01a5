/* compute/model_int.h: what the readers fill in and the walkers walk; private to this folder. */
#ifndef SL_COMPUTE_MODEL_INT_H
#define SL_COMPUTE_MODEL_INT_H

#include "base/mem.h"
#include "compute/model.h"
#include "compute/tree.h"

/* Caps on what a file may ask for. */
enum { MODEL_FEATURES_MAX = 1 << 20, MODEL_GROUPS_MAX = 1 << 16, MODEL_TREES_MAX = 1 << 22, MODEL_NODES_MAX = 1 << 28,
       MODEL_WORDS_MAX = 1 << 26, MODEL_BLOCK = 64, MODEL_CATEGORY_MAX = 16777216, MODEL_CODE_NONE = -1 };

/* Categories of one feature as the model was trained on them: text -> code; numbers as their shortest text. n 0: none are told. */
struct model_cats { struct sl_map map; bool known, numbers; };

/* ---- XGBoost ---- */
struct xgb_node {              /* leaf: left < 0, cond its value */
  union { float cond; uint32_t seg; } u;       /* seg: of a categorical node, into segs */
  int32_t left, right;         /* within the tree */
  uint32_t feature;            /* XGB_DEFAULT_LEFT, XGB_CATEGORICAL beside it */
};
#define XGB_DEFAULT_LEFT 0x80000000u
#define XGB_CATEGORICAL 0x40000000u
#define XGB_FEATURE 0x3fffffffu
struct xgb_tree { size_t node; uint32_t n, group; };           /* nodes[node..node+n) */
struct xgb_seg { size_t word; uint32_t n; };
enum xgb_objective { XGB_IDENTITY, XGB_LOGISTIC, XGB_LOGITRAW, XGB_EXP, XGB_HINGE, XGB_SOFTMAX, XGB_SOFTPROB };
struct xgb {
  struct xgb_node *nodes; size_t nnodes, nodes_cap;
  struct xgb_tree *trees; size_t ntrees, trees_cap;
  struct xgb_seg *segs; size_t nsegs, segs_cap;
  uint32_t *words; size_t nwords, words_cap;
  float *weight_drop; size_t nweight_drop, weight_drop_cap;
  float *weights; size_t nweights, weights_cap;                /* gblinear: features x groups, then the biases */
  float *base; size_t nbase, base_cap;                         /* as told; then a margin for each group */
  bool dart, linear;
  size_t used;                 /* trees that predict: up to the best iteration of a wrapper */
  size_t vector;               /* > 1: leaves have so many values, one a group; u.seg of a leaf: where they begin in vectors */
  float *vectors; size_t nvectors, vectors_cap;
  struct tree_engine *engine;  /* NULL: walked, or linear */
  enum xgb_objective objective;
};

/* ---- LightGBM ---- */
struct lgb_tree {
  size_t node, leaf;           /* where its inner nodes and leaves begin */
  uint32_t leaves, group;
  size_t cat_bound, cat_word; uint32_t cats; /* boundaries of its bitsets, and their words */
  bool linear;
};
struct lgb_node { double threshold; int32_t left, right, feature; uint8_t type; };    /* type: these, and two bits of LGB_MISSING_* */
enum { LGB_CATEGORICAL = 1, LGB_DEFAULT_LEFT = 2, LGB_MISSING_ZERO = 1, LGB_MISSING_NAN = 2 };
struct lgb_linear { double constant; size_t first; uint32_t n; };           /* terms first..first+n */
enum lgb_objective { LGB_IDENTITY, LGB_SQRT, LGB_EXP, LGB_SIGMOID, LGB_SOFTMAX, LGB_OVA, LGB_CROSS, LGB_LAMBDA };
struct lgb {
  struct lgb_node *nodes; size_t nnodes, nodes_cap;
  double *leaves; size_t nleaves, leaves_cap;
  struct lgb_linear *linear; size_t nlinear, linear_cap;       /* beside leaves, of linear trees only; index: leaf - linear_base */
  struct tree_term *terms; size_t nterms, terms_cap;
  struct lgb_tree *trees; size_t ntrees, trees_cap;
  size_t *linear_at; size_t nlinear_at, linear_at_cap;         /* a tree each: where its leaves lie in linear */
  int32_t *bounds; size_t nbounds, bounds_cap;
  uint32_t *words; size_t nwords, words_cap;
  bool average;
  struct tree_engine *engine;  /* NULL: walked */
  enum lgb_objective objective;
  double sigmoid;
};

/* How a kind of model predicts: what its reader gives to the model, before anything that can fail. docs/internals/models.md. */
struct model_ops {
  /* what: PREDICT of a classifier comes as CLASS. EUSAGE: no such output; model_shape() knows the usual ones. */
  int (*shape)(const struct sl_model *m, enum sl_model_output what, struct sl_model_shape *out, struct sl_err *err);
  /* Rows from..from+n-1 into out, row by row, as shape() says; any n. Several threads at once. */
  int (*predict)(const struct sl_model_bind *b, enum sl_model_output what, size_t from, size_t n, void *out, struct sl_err *err);
  /* What the reader made, also half of it. */
  void (*free)(struct sl_model *m);
  /* NULL, or it says NULL: outputs have the usual names. */
  const char *(*name)(const struct sl_model *m, enum sl_model_output what, size_t i);
};

struct sl_model {
  const struct model_ops *ops;
  void *own;                             /* of the kind, which has it freed */
  char *file;
  const char *engine;
  char *objective;
  char booster[24], version[24];
  enum sl_model_wrapper wrapper;
  size_t features, groups, classes, clusters;
  size_t trees;                          /* that predict; 0: it has none, and no leaves */
  bool columns;                          /* looks at the columns itself: texts are no mistake, and nothing is recoded */
  bool underlines;                       /* blanks in names of columns are underlines in its own */
  bool threads;                          /* predicts with threads of its own */
  bool strict;                           /* a category that it has not seen is refused, not missing */
  bool labels;                           /* each output says yes or no by itself: no classes that exclude each other */
  char **names; size_t nnames, names_cap;                      /* none, or one for each feature */
  bool *categorical; size_t ncategorical, categorical_cap;     /* none, or one for each feature */
  struct model_cats *cats; size_t ncats, cats_cap;             /* none, or one for each feature */
  size_t best_iteration, parallel_trees;                       /* best: SIZE_MAX none */
  struct xgb *xgb;
  struct lgb *lgb;
  struct sl_arena kept;                  /* what named points to */
  struct sl_model_labels named;
};

/* Columns under a model: col[i] is feature i. */
struct recode { int32_t *to; size_t n, cap; };          /* code of the column -> of the model; MODEL_CODE_NONE: missing */
struct sl_model_bind {
  const struct sl_model *m;
  const struct sl_column **col;
  struct recode *recode;       /* a feature each */
};
/* For models of other libraries; nothing for all others. */
int model_other_bind(const struct sl_model_bind *b, struct sl_err *err) SL_NODISCARD;
void model_other_rows(const struct sl_model_bind *b);
/* Feature i of n rows, stride values apart: numbers as they are, categories as the model's codes, what is missing as NaN. */
void model_values_f32(const struct sl_model_bind *b, size_t i, size_t from, size_t n, float *out, size_t stride);
void model_values_f64(const struct sl_model_bind *b, size_t i, size_t from, size_t n, double *out, size_t stride);
/* Values (own type), margins, probabilities, classes, leaves, as the model's own sizes say. */
int model_shape(const struct sl_model *m, enum sl_column_type own, bool probability, enum sl_model_output what,
                struct sl_model_shape *out, struct sl_err *err) SL_NODISCARD;
bool model_multi(const struct sl_model *m);              /* classes by the greatest of several outputs, not by a cut of one */
/* The class of a row from what the outputs are: the first greatest, or above the cut. */
void model_class_f32(const struct sl_model *m, const float *p, float cut, int64_t *out);
void model_class_f64(const struct sl_model *m, const double *p, double cut, int64_t *out);
size_t model_best_f32(const float *p, size_t n);

/* Sniffs and reads into m, which has only its file and its wrapper: for containers that hold a model of another kind. */
int model_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;

/* EPARSE with the file, the byte and why. */
int model_bad(struct sl_err *err, const struct sl_model *m, size_t at, const char *fmt, ...) SL_PRINTF(4, 5);
int model_add_name(struct sl_model *m, struct sl_str name, struct sl_err *err) SL_NODISCARD;
int model_add_category(struct model_cats *c, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void model_cats_free(struct sl_model *m);

/* The readers: m is zeroed but file, wrapper; on failure it is freed by the caller. */
int xgb_json_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int xgb_ubj_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int xgb_binf_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int lgb_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int skl_pickle_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
int skl_skops_read(struct sl_model *m, const struct sl_model_part *part, size_t n, struct sl_err *err) SL_NODISCARD;
int sm_arrays_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
bool sm_linear_is(const struct sl_model_part *part, size_t n);
int sm_linear_read(struct sl_model *m, const struct sl_model_part *part, size_t n, struct sl_err *err) SL_NODISCARD;

/* ---- XGBoost's document, token by token, from either form (xgb_load.c) ---- */
enum xgb_tok { XT_OBJ, XT_END_OBJ, XT_ARR, XT_END_ARR, XT_KEY, XT_STR, XT_INT, XT_NUM, XT_TRUE, XT_FALSE, XT_NULL, XT_END, XT_BAD };
struct xgb_read {
  struct sl_model *m;
  struct sl_err *err;
  enum xgb_tok (*next)(struct xgb_read *r);     /* BAD: err is set */
  const char *from, *p, *end;
  struct sl_str text;          /* KEY, STR: valid until the next token */
  int64_t i;                   /* INT */
  float f;                     /* NUM and INT */
  struct sl_buf scratch;       /* a string with escapes */
  unsigned depth;
  uint64_t is_obj;             /* a bit for each open container */
  void *own;
};
enum { XGB_DEPTH = 32 };
/* The byte that is read next, from 0; EPARSE there, always BAD; the whole document into r->m. */
size_t xgb_at(const struct xgb_read *r);
enum xgb_tok xgb_bad(struct xgb_read *r, const char *why);
int xgb_load(struct xgb_read *r) SL_NODISCARD;
/* With engines and arrays; NULL is fine. */
void xgb_free(struct xgb *x);
void lgb_free(struct lgb *g);
/* The engine for what has been read; none where walking is better. */
int xgb_engine(struct sl_model *m, struct sl_err *err) SL_NODISCARD;
int lgb_engine(struct sl_model *m, struct sl_err *err) SL_NODISCARD;
/* What a leaf of a tree adds: one value, or one for each group. */
void xgb_leaf(const struct sl_model *m, size_t tree, size_t node, float *out);

extern const struct model_ops xgb_ops, lgb_ops;

/* ---- rows through a model of trees (tree_predict.c): what a kind does by itself. Rows and sums are all float or all double. ---- */
struct tree_model {
  size_t size;                 /* of a value, of a sum */
  /* Feature i of n rows, as the library sees it: stride values apart, for the walkers; in a row, for the engine (user: the binding). */
  void (*lay)(const struct sl_model_bind *b, size_t i, size_t from, size_t n, void *out, size_t stride);
  void (*values)(const void *user, size_t feature, size_t from, size_t n, void *out);
  void (*leaves)(const struct sl_model *m, const void *rows, size_t n, int64_t *out);
  void (*margins)(const struct sl_model *m, const void *rows, size_t n, void *sums);
  void (*base)(const struct sl_model *m, size_t n, void *sums);        /* what trees add to */
  void (*finish)(const struct sl_model *m, enum sl_model_output what, void *sums, size_t n, void *out);
};
/* engine NULL: walked. As model_ops.predict. */
int tree_predict(const struct tree_model *k, const struct tree_engine *engine, const struct sl_model_bind *b, enum sl_model_output what,
                 size_t from, size_t n, void *out, struct sl_err *err) SL_NODISCARD;

/* ---- walking, which is what the engine must agree with: a block of rows as the library sees them, row by row (features values each;
 * NaN is missing) ---- */
void xgb_margins(const struct sl_model *m, const float *rows, size_t n, float *out);        /* n x groups */
void xgb_base(const struct sl_model *m, size_t n, float *out);                                /* what trees add to */
void xgb_transform(const struct sl_model *m, float *margins, size_t n);                       /* in place */
void xgb_leaves(const struct sl_model *m, const float *rows, size_t n, int64_t *out);       /* n x used */
void lgb_margins(const struct sl_model *m, const double *rows, size_t n, double *out);
void lgb_average(const struct sl_model *m, double *margins, size_t n);   /* of predict() only: raw sums stay sums */
void lgb_transform(const struct sl_model *m, double *margins, size_t n);
void lgb_leaves(const struct sl_model *m, const double *rows, size_t n, int64_t *out);

#endif
