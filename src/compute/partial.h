/* compute/partial.h: what a scoring leaves of its rows, so that parts of one data set can be scored apart and joined: a sketch of each
 * output, and beside labels whatever quality needs, as counts and exact sums. The same rows give the same bytes, in whatever parts and
 * order they came and were joined. docs/internals/sketches.md has the file. [any], one thread each. */
#ifndef SL_COMPUTE_PARTIAL_H
#define SL_COMPUTE_PARTIAL_H

#include "base/hash.h"
#include "compute/sketch.h"

enum { SL_PARTIAL_OUTPUTS_MAX = 512 };

/* What must be the same in all parts. label NULL: only outputs are kept. called: what the classes are called, one name for each. */
struct sl_partial_about {
  struct sl_sha256 model;      /* of its file */
  unsigned output;             /* enum sl_model_output: which outputs the sketches are of */
  size_t classes;              /* 0: numbers are predicted */
  bool narrow, index;          /* outputs are float32; classes are predicted without probabilities */
  char *label, **called;
};

struct sl_partial;
/* Copies about. ELIMIT: more classes than are told apart. */
int sl_partial_new(struct sl_partial **out, const struct sl_partial_about *about, struct sl_err *err) SL_NODISCARD;
void sl_partial_free(struct sl_partial *p);
/* The outputs: add columns before the first row, feed their sketches, count rows. */
struct sl_sketches *sl_partial_outputs(struct sl_partial *p);
/* The label of a row and what was predicted, as sl_quality_add() takes them. EUSAGE: a label that is no class. */
int sl_partial_add(struct sl_partial *p, double label, const double *prob, int64_t chosen, struct sl_err *err) SL_NODISCARD;

/* EUSAGE: of another model, other outputs or labels: says which. */
int sl_partial_merge(struct sl_partial *p, const struct sl_partial *other, struct sl_err *err) SL_NODISCARD;

/* ---- as bytes (partial_file.c) ---- */
int sl_partial_write(struct sl_buf *b, struct sl_partial *p, struct sl_err *err) SL_NODISCARD;
bool sl_partial_is(struct sl_str bytes);
/* Strict: what it takes is written to the same bytes. */
int sl_partial_read(struct sl_partial **out, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;

/* ---- what it says (partial_say.c) ---- */
/* Metrics as sl_quality_end() has them, and ks; average_precision, auc and ks between bounds, unless outputs are few. Of outputs:
 * output_mean, output_std, output_min, output_max, output_median. roc, calibration: points of curves, exact. */
struct sl_partial_figure {
  const char *metric;
  int cls, other;              /* as struct sl_quality_value's */
  const char *output;          /* its name; NULL: the figure is of none */
  double value, low, high;     /* low, high: an interval of 95 %; between: what the rows themselves would give lies there. NaN: none */
  bool between;
  double at, threshold;        /* of a curve's point; NaN: it is none */
  uint64_t n;
};
/* In an order that does not change; other than 0 ends it and is returned. f is borrowed. */
typedef int sl_partial_fn(void *user, const struct sl_partial_figure *f);
int sl_partial_end(const struct sl_partial *p, sl_partial_fn *fn, void *user) SL_NODISCARD;
/* What a class is called; NULL: it has no name. */
const char *sl_partial_called(const struct sl_partial *p, int cls);
bool sl_partial_labelled(const struct sl_partial *p);

#endif
