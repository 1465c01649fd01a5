/* compute/sketch.h: one column in one pass: what is kept of its values so that statistics follow without them.
 *
 * Fed by spans, in any number of parts; parts are merged. Everything kept is a whole number, a minimum or a maximum, so the result does not
 * depend on the order of values, the parts or the order of merging: two sketches of the same values are written to the same bytes.
 *
 * Numbers: counts (rows, nulls, NaN, infinities, zeros), bounds, and for each bucket (sign, 8 bits of exponent, 7 of mantissa: the value
 * truncated to a float, 128 buckets an octave) how many values it holds, their exact sum and the exact sum of their squares; up to
 * SL_SKETCH_VALUES different values with a count each, beyond that a HyperLogLog. Texts: a count for each of up to SL_SKETCH_TEXTS; beyond
 * that the counts of those texts whose hashes are smallest, which are exact too, and a HyperLogLog. [any], one thread each. */
#ifndef SL_COMPUTE_SKETCH_H
#define SL_COMPUTE_SKETCH_H

#include "base/buf.h"

enum sl_sketch_kind {
  SL_SKETCH_FLOAT,             /* float32 and float64 */
  SL_SKETCH_WHOLE,             /* integers, booleans, times: exact bounds; sums and quantiles as doubles, exact to 2^53 */
  SL_SKETCH_TEXT
};
enum { SL_SKETCH_VALUES = 1024, SL_SKETCH_TEXTS = 8192, SL_SKETCH_TEXT_MAX = 200 };
#define SL_SKETCH_ROWS_MAX (UINT64_C(1) << 38)   /* ELIMIT beyond */

struct sl_sketch;
/* distinct false: numbers of more than SL_SKETCH_VALUES values are not counted further, which saves half of the time. */
int sl_sketch_new(struct sl_sketch **out, enum sl_sketch_kind kind, bool distinct, struct sl_err *err) SL_NODISCARD;
void sl_sketch_free(struct sl_sketch *s);

/* ---- feeding. valid: bit i % 64 of word i / 64: value i is not null; NULL: none is. ---- */
int sl_sketch_add_f64(struct sl_sketch *s, const double *x, const uint64_t *valid, size_t n, struct sl_err *err) SL_NODISCARD;
int sl_sketch_add_f32(struct sl_sketch *s, const float *x, const uint64_t *valid, size_t n, struct sl_err *err) SL_NODISCARD;
int sl_sketch_add_i64(struct sl_sketch *s, const int64_t *x, const uint64_t *valid, size_t n, struct sl_err *err) SL_NODISCARD;
int sl_sketch_add_text(struct sl_sketch *s, struct sl_str text, struct sl_err *err) SL_NODISCARD;
int sl_sketch_add_nulls(struct sl_sketch *s, uint64_t n, struct sl_err *err) SL_NODISCARD;
/* EUSAGE: of another kind. s is unchanged on EUSAGE and ELIMIT, and of no use after ENOMEM. */
int sl_sketch_merge(struct sl_sketch *s, const struct sl_sketch *other, struct sl_err *err) SL_NODISCARD;

/* Texts: drops those that have no count of their own in the end. Before what is asked of texts; numbers need it not. */
int sl_sketch_tidy(struct sl_sketch *s, struct sl_err *err) SL_NODISCARD;

/* ---- what it says. Not defined: NaN. ---- */
struct sl_sketch_counts { uint64_t rows, nulls, nans, plus_inf, minus_inf, zeros, finite; };  /* texts: finite: not null */
/* Of an empty one: counts are 0. */
enum sl_sketch_kind sl_sketch_kind(const struct sl_sketch *s);
struct sl_sketch_counts sl_sketch_counts(const struct sl_sketch *s);
double sl_sketch_min(const struct sl_sketch *s);           /* of the finite ones; 0 is never -0 */
double sl_sketch_max(const struct sl_sketch *s);           /* the same; texts: NaN */
void sl_sketch_bounds(const struct sl_sketch *s, int64_t *least, int64_t *greatest);    /* WHOLE; something where finite is 0 */
void sl_sketch_text_bounds(const struct sl_sketch *s, struct sl_str *least, struct sl_str *greatest);  /* their first bytes, by bytes */
double sl_sketch_sum(const struct sl_sketch *s);           /* rounded once; infinite where no double holds it */
double sl_sketch_mean(const struct sl_sketch *s);          /* of the finite ones, rounded once */
double sl_sketch_variance(const struct sl_sketch *s);      /* of the population: exact about the rounded mean */
double sl_sketch_std(const struct sl_sketch *s);           /* its root, not of the sample */
/* Different finite values or texts; *exact false: estimated, 0.81 % standard error. false: not counted. */
bool sl_sketch_distinct(const struct sl_sketch *s, double *out, bool *exact);
/* The value of rank q (numpy's linear definition) lies from *low to *high; the result: where it would, were values evenly spread. */
double sl_sketch_quantile(const struct sl_sketch *s, double q, double *low, double *high);

/* Different finite values with a count each, ascending; *out is yours (sl_free). NULL: too many, or texts. */
struct sl_sketch_value { double v; uint64_t n; };
int sl_sketch_values(const struct sl_sketch *s, struct sl_sketch_value **out, size_t *n, struct sl_err *err) SL_NODISCARD; /* *n of them */
/* Texts that have a count of their own, by bytes; sl_sketch_other(): rows that have another. Texts longer than SL_SKETCH_TEXT_MAX are told
 * apart by length and hash, and given cut. */
size_t sl_sketch_texts(const struct sl_sketch *s);
struct sl_str sl_sketch_text(const struct sl_sketch *s, size_t i, uint64_t *count);
uint64_t sl_sketch_other(const struct sl_sketch *s);

/* The buckets in use, ascending, one for zero: values from low to high, how many, and the sum of their distances from low, rounded once
 * (NaN: not known, of values that are no floats). The first begins at the least value, the last ends at the greatest. *out is yours
 * (sl_free), NULL without any. order: equal in two sketches: the same bucket. */
struct sl_sketch_bin { double low, high; uint64_t n; double above; uint64_t order; };
int sl_sketch_bins(const struct sl_sketch *s, struct sl_sketch_bin **out, size_t *n, struct sl_err *err) SL_NODISCARD; /* *n of them */

/* ---- two of them (sketch_pair.c): what the values themselves would give lies between *low and *high ---- */
/* Equal where both have few values; NaN where one has none. EUSAGE: texts. */
int sl_sketch_ks(const struct sl_sketch *a, const struct sl_sketch *b, double *low, double *high, struct sl_err *err) SL_NODISCARD;
int sl_sketch_wasserstein(const struct sl_sketch *a, const struct sl_sketch *b, double *low, double *high, struct sl_err *err) SL_NODISCARD;

/* Few different values, or texts that all have a count of their own, on both sides: how often each occurs on either, ascending. *known
 * false: not so. Texts must be tidy; labels are borrowed from the sketches. EUSAGE: of different kinds. */
struct sl_sketch_cells { double *count[2]; struct sl_str *label; double *value; size_t k; };   /* label: of texts; value: of numbers */
void sl_sketch_cells_free(struct sl_sketch_cells *c);                                          /* the arrays, not c; harmless when zeroed */
/* Arrays of k, yours also without a cell; nothing after a failure. */
int sl_sketch_cells(const struct sl_sketch *a, const struct sl_sketch *b, struct sl_sketch_cells *out, bool *known, struct sl_err *err)
  SL_NODISCARD;
/* n finite values spread over k equal steps from low to high, those of a bucket evenly. */
int sl_sketch_steps(const struct sl_sketch *s, double low, double high, size_t k, double *count, struct sl_err *err) SL_NODISCARD;

/* ---- as bytes (sketch_write.c, sketch_read.c): a data set's columns ---- */
enum sl_sketch_class { SL_SKETCH_NUMBER, SL_SKETCH_BOOL, SL_SKETCH_WORDS, SL_SKETCH_TIME, SL_SKETCH_OTHER, SL_SKETCH_CLASSES };
struct sl_sketch_column {
  char *name, *type;           /* owned; type: in the words of whoever read the data */
  enum sl_sketch_class is;
  bool whole, narrow;          /* NUMBER: integers; float32 */
  struct sl_sketch *s;
};
struct sl_sketches { struct sl_sketch_column *at; size_t n; uint64_t rows; };
enum { SL_SKETCHES_MAX = 20000 };
void sl_sketches_free(struct sl_sketches *f);   /* columns and their sketches, not f */
/* Tidies what it writes. */
int sl_sketches_write(struct sl_buf *b, struct sl_sketches *f, struct sl_err *err) SL_NODISCARD;
bool sl_sketches_is(struct sl_str bytes);                  /* begins like such a file */
/* Strict: what it takes would be written to the same bytes. EPARSE with the byte. */
int sl_sketches_read(struct sl_sketches *out, struct sl_str bytes, struct sl_err *err) SL_NODISCARD;
/* EUSAGE: other columns or types. */
int sl_sketches_merge(struct sl_sketches *f, const struct sl_sketches *other, struct sl_err *err) SL_NODISCARD;

#endif
