/* compute/drift.h: one feature of two data sets, compared by named tests: which definition, which threshold, which direction.
 *
 * The definitions are those of the tools whose name they carry: Evidently 0.7 (evidently/legacy/calculations/stattests), scipy 1.17,
 * NannyML 0.13, SageMaker Model Monitor and Deequ 2.0 (Deequ's analyzers/Distance.scala). [any] */
#ifndef SL_COMPUTE_DRIFT_H
#define SL_COMPUTE_DRIFT_H

#include "base/str.h"
#include "compute/stat.h"

enum sl_drift_kind { SL_DRIFT_NUMERIC, SL_DRIFT_CATEGORICAL, SL_DRIFT_BOOLEAN, SL_DRIFT_TEXT, SL_DRIFT_TIME };
const char *sl_drift_kind_name(enum sl_drift_kind k);   /* "numeric", "categorical", "boolean", "text", "time" */

/* Evidently takes integers of at most so many different values in the current data for categories. */
enum { SL_DRIFT_INTEGER_CATEGORIES = 10 };

/* The baseline in the order of its rows, cut by a tenth of them, what remains too, for limits from it alone. */
enum { SL_DRIFT_TENTH = 10, SL_DRIFT_CHUNKS = 20 };
/* How many chunks so many rows make, at most SL_DRIFT_CHUNKS, and the rows of each but the last; 0 of 0: fewer than ten rows. */
size_t sl_drift_chunk_count(size_t rows, size_t *size);
struct sl_drift_chunks {
  size_t n, at[SL_DRIFT_CHUNKS + 1];   /* chunk i has at[i + 1] - at[i] values */
  const double *x;             /* numeric: chunk after chunk, each sorted */
  const double *cell;          /* others: the counts of a chunk, ncells of them, then of the next */
};

/* What is known of two samples of numbers that are not here: a SQL engine has them (compute/push.h). NaN: not known. */
struct sl_drift_bins {
  double *edges; size_t k;             /* k + 1 edges */
  double *count[2];                    /* of either side, from edge to edge as sl_stat_count() has it */
  double *chunk;                       /* of the baseline's chunks, k each; NULL: not known */
};
enum { SL_DRIFT_BINS = 4 };
struct sl_drift_known {
  double distinct[3];                  /* different values: of the baseline, the current data, both */
  double min[2], max[2], median[2];
  double ks, wasserstein, energy;      /* energy: the integral of (F - G)^2 */
  double spread[2];                    /* integrals of H (1 - H) and of its root, H both together */
  double from, unit, mean[2], squares[2];      /* mean: of (x - from) / unit; squares: the sum of squares about it */
  double std;                          /* of the baseline */
  double skew;                         /* of the baseline */
  double ks_once, n_once[2];           /* as Deequ compares small samples; n_once: how many of each */
  double *value, *cell[2];             /* each value, ascending, and how often it occurs; NULL: too many */
  struct sl_drift_bins bins[SL_DRIFT_BINS]; size_t nbins;
};

/* Of up to so many numbers Deequ compares the distinct ones alone. */
enum { SL_DRIFT_DEEQU_DISTINCT = 2050 };

/* A feature. Numeric ones have values, sorted, without NaN and infinities; the others have cells: how often each value occurs on either
 * side, values in ascending order, none that is 0 on both. [0] is the baseline, [1] the current data. */
struct sl_drift_pair {
  enum sl_drift_kind kind;
  size_t n[2];                 /* values used */
  const double *x[2];          /* numeric */
  enum sl_stat_width width;    /* numeric: what numpy would call the two columns together */
  enum sl_stat_width base_width; /* numeric: the baseline alone, whose deviation divides */
  const double *cell[2];       /* others */
  size_t ncells;
  const struct sl_drift_chunks *chunks;  /* NULL: not known */
  const struct sl_drift_known *known;    /* numeric: x is NULL, and this is instead of it; NULL: x has the values */
  size_t chunk;                /* of known: this chunk of the baseline, from 1, stands in the current data's place */
};

/* The bins with these edges; NULL: they were not counted. */
const struct sl_drift_bins *sl_drift_known_bins(const struct sl_drift_known *w, const double *edges, size_t k);

/* How many different values the two samples of a numeric feature have; how often each occurs into cell[side], where wanted. */
size_t sl_drift_values(const struct sl_drift_pair *p, double *cell[2]);
/* A numeric feature becomes categorical, a cell for each value, and so do its chunks (NULL: none). *cells is yours (sl_free) as long as p
 * lives. */
int sl_drift_as_categories(struct sl_drift_pair *p, struct sl_drift_chunks *chunks, double **cells, struct sl_err *err) SL_NODISCARD;

#define SL_DRIFT_TEST_(id, name, tool, rule, limit, words) SL_DRIFT_##id,
enum sl_drift_test {
#include "compute/drift_tests.def"
  SL_DRIFT_TESTS
};
#undef SL_DRIFT_TEST_

const char *sl_drift_test_name(enum sl_drift_test t);        /* "js" */
const char *sl_drift_test_tool(enum sl_drift_test t);        /* "evidently": whose definition */
const char *sl_drift_test_words(enum sl_drift_test t);       /* what it is, in a line */
/* "js", "js@evidently", and the names that the tools themselves use ("jensenshannon"). tool (NULL: none) decides where no @ does. */
bool sl_drift_test_find(struct sl_str text, const char *tool, enum sl_drift_test *out);
bool sl_drift_test_fits(enum sl_drift_test t, const struct sl_drift_pair *p);   /* has a meaning for such a feature */
/* What Evidently chooses when nobody does; false: it has no test for text and time that is one here. */
bool sl_drift_auto(const struct sl_drift_pair *p, enum sl_drift_test *out);

/* The bins that a test would count numbers in, from what is known; k 0: it needs none, or none can be. edges is yours (sl_free). */
int sl_drift_bins_of(const struct sl_drift_pair *p, enum sl_drift_test t, double **edges, size_t *k, struct sl_err *err) SL_NODISCARD;
/* By how often each value occurs. */
bool sl_drift_by_value(const struct sl_drift_pair *p, enum sl_drift_test t);

struct sl_drift_result {
  double statistic;            /* the test's own, never the p-value; NaN: not defined */
  double p, threshold, chance; /* NaN: has none. chance: the statistic to be expected of two samples of one distribution, of these sizes */
  bool by_p, drifted;          /* threshold is one of p */
  bool judged;                 /* false: no threshold, or nothing to compare */
  bool needs_values;           /* cannot be told from what is known */
};
/* Sets threshold, by_p, judged and drifted from statistic and p. */
void sl_drift_judge(enum sl_drift_test t, struct sl_drift_result *r);
int sl_drift_run(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;

#endif
