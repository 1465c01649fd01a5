/* box/score_int.h: one scoring inside the box: model, data, outputs; private to this folder. */
#ifndef SL_BOX_SCORE_INT_H
#define SL_BOX_SCORE_INT_H

#include <jansson.h>

#include "box/duck.h"
#include "base/hash.h"
#include "compute/mlmodel.h"
#include "compute/quality.h"

struct sl_clusters;
struct sl_partial;
struct score {
  struct sl_box_ctx *c;
  const struct duck *d;
  duck_conn conn;
  json_t *args;
  char *path;                  /* of the model: a file, or a folder with MLmodel */
  enum sl_model_output what;
  unsigned threads;
  bool judge;                  /* rows of quality are wanted, not predictions */
  bool all;                    /* what is predicted, and how probable each class is: score_all.c */
  bool probs;                  /* it says how probable they are */
  char **class_name; size_t nclasses;          /* of `all`; none: it predicts numbers */
  bool wide;                   /* with the other model's figures beside them, and the rows that matter */
  bool aside;                  /* this is the other model: it collects, and says nothing */
  const char *file;            /* how the file that MLmodel names is called here, if otherwise */
  struct score *other;         /* the model to compare with, done already; NULL: none */
  struct sl_mlmodel page;      /* names NULL: there was none */
  struct sl_model *m;
  size_t *of;                  /* feature -> column of the data */
  const char **said;           /* a feature each: its type in the signature, where the column is of another; NULL: in order */
  size_t label_at, slice_at;   /* of the data; SIZE_MAX: none */
  struct sl_columns f;         /* features in their order, then the label, then what the groups go by, as text */
  struct sl_column *label, *slice;           /* in f; NULL: none */
  struct score_slices *slices;
  struct sl_model_bind *bind;
  struct sl_model_shape shape;
  void *out; size_t out_rows;  /* of the present block */
  void *prob;                  /* beside it, where quality needs probabilities */
  struct sl_model_shape prob_shape;
  uint64_t row;                /* of the first one in the block */
  double kernel_s, total_s;
  struct sl_quality *quality;
  struct sl_clusters *clusters;              /* instead, of a model of clusters */
  struct sl_partial *part;     /* what joined parts need is kept instead of rows; NULL: it is not */
  struct sl_sha256 digest;     /* of the model, then */
  struct sl_schema *schema;
  struct sl_batch *batch;
  struct sl_col *cols; char **col_names; size_t ncols;
  duck_result result; bool more;               /* the data's rows, where they stand */
  struct score_images *images; /* the model takes pictures, and the data holds them; NULL: columns */
};

double score_now(void);        /* s, monotonic */
/* ---- score_model.c: s->page and s->m ---- */
int score_model_load(struct score *s, struct sl_err *err) SL_NODISCARD;
/* ---- score_images.c, where s->images ---- */
struct ort_image;
struct ort_ask;
/* What lies beside the model says how a picture is prepared and what classes are called; then s->m and s->images. Takes image. */
int score_images_model(struct score *s, struct ort_image *image, const struct ort_ask *a, struct sl_err *err) SL_NODISCARD;
int score_images_open(struct score *s, struct sl_err *err) SL_NODISCARD;      /* the data: which pictures; s->f and its parts */
int score_images_next(struct score *s, struct sl_err *err) SL_NODISCARD;      /* the next ones, prepared; their paths in s->f */
void score_images_check(struct score *s);                                     /* behind the prediction of a block */
void score_images_progress(const struct score *s);
/* Of a row of the present block: why there is no prediction (NULL: there is one), and how sure the predicted class is (NAN). */
const char *score_images_why(const struct score *s, size_t r);
double score_images_top(const struct score *s, size_t r);
struct sl_str score_images_path(const struct score *s, uint64_t row);         /* of any row of the data */
/* How pictures were prepared, from where that is known, what was left aside. */
void score_images_words(const struct score *s, struct sl_buf *b);
uint64_t score_images_failed(const struct score *s);
uint64_t score_images_others(const struct score *s);
int score_images_notes(struct score *s, struct sl_err *err) SL_NODISCARD;     /* the same to the console */
void score_images_free(struct score *s);
/* ---- score_given.c: predictions that the data holds: a path of `/predicted:...` */
bool score_given_is(const char *path);
int score_given_load(struct score *s, struct sl_err *err) SL_NODISCARD;
/* ---- score_quality.c ---- */
int score_quality_asked(const struct score *s, struct sl_err *err) SL_NODISCARD;    /* once s->m is there */
int score_quality_open(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_quality_block(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_quality_rows(struct score *s, struct sl_err *err) SL_NODISCARD;      /* the resource's columns */

/* ---- score_why.c: what failed, said more plainly; rc is given back, or a better code ---- */
int score_why_columns(const char *const *names, size_t n, int rc, struct sl_err *err);       /* of the data */
int score_why_label(const struct score *s, size_t r, struct sl_err *err);         /* row r of the block: its label is no class */
int score_why(const struct score *s, struct sl_str data, uint64_t ncols, int rc, struct sl_err *err);

/* ---- the rows of quality, one by one (score_quality.c) ---- */
enum { SCORE_FEW = 30 };
enum { J_METRIC, J_CLASS, J_SLICE, J_VALUE, J_LOW, J_HIGH, J_N, J_AGAINST, J_AGAINST_LOW, J_AGAINST_HIGH, J_DIFFERENCE, J_P_VALUE, J_TEST,
       J_ROW, J_PREDICTED, J_AGAINST_PREDICTED, J_AT, J_THRESHOLD, J_NOTE, JUDGED };
struct score_judging {
  struct score *s;
  struct sl_err *err;
  uint64_t row;
  struct sl_quality *a, *b;                  /* what is judged now: all rows, or those of a group; b NULL: no other model */
  const char *slice;                         /* which group; NULL: all */
  struct sl_quality_boot *boot, *boot_b;
  struct sl_quality_value *other; size_t n, cap, at; /* the other model's figures, in their order; at: behind the last that was found */
};
int score_judge_row(struct score_judging *j) SL_NODISCARD;           /* begins one; then its cells, in s->batch: */
/* A class as the model calls it, behind `before`; cls -1: the cell stays null. */
void score_judge_class(struct score_judging *j, unsigned col, const char *before, int cls);
int score_judge_figures(struct score_judging *j) SL_NODISCARD;       /* a's figures, b's beside them */
int score_judge_curves(struct score_judging *j) SL_NODISCARD;        /* score_curves.c */

/* ---- score_clusters.c: a model of clusters, judged without a label; its rows into what score_quality_rows() began ---- */
int score_clusters_open(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_clusters_block(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_judge_clusters(struct score_judging *j) SL_NODISCARD;

/* ---- score_slices.c: nothing without a column to go by */
int score_slices_open(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_slices_block(struct score *s, struct sl_err *err) SL_NODISCARD;
void score_slices_free(struct score *s);
int score_judge_slices(struct score_judging *j) SL_NODISCARD;

/* ---- work_score.c: the next rows are read and predicted (none: there are no more); the block was given on, and goes ---- */
int score_block_next(struct score *s, struct sl_err *err) SL_NODISCARD;
void score_block_done(struct score *s);

/* ---- score_out.c: begin once; the head, block after block; or the summary of what went into a file ---- */
int score_out_begin(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_out_head(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_out_block(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_out_summary(struct score *s, struct sl_err *err) SL_NODISCARD;
/* What predicted classes are called, where that is what is wanted (n 0: they are numbers), and the type of an output. */
struct sl_model_labels score_called(const struct score *s);
enum sl_type score_called_type(const struct score *s);
bool score_with_top(const struct score *s);    /* a column with the predicted class's probability stands behind it */
void score_out_free(struct score *s);

/* ---- score_partial.c ---- */
bool score_partial_wanted(const struct score *s);
int score_partial_model(struct score *s, const char *path, struct sl_err *err) SL_NODISCARD;     /* s->digest */
int score_partial_open(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_partial_block(struct score *s, struct sl_err *err) SL_NODISCARD;
int score_partial_write(struct score *s, struct sl_err *err) SL_NODISCARD;
/* Is what quality needs of a row predicted, beside what is wanted of it? */
static inline bool score_judged(const struct score *s) { return s->quality || s->clusters || s->probs || (s->part && s->label); }

/* ---- score_all.c: prediction, probability_CLASS...: what of a model's predictions is compared over time ---- */
int score_all_open(struct score *s, struct sl_err *err) SL_NODISCARD;
char *score_all_name(const struct score *s, size_t i);     /* of output i, yours; NULL: no memory */
void score_all_free(struct score *s);

/* ---- score_write.c: all rows into the job's file ---- */
int score_write(struct score *s, struct sl_err *err) SL_NODISCARD;

#endif
