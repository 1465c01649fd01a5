/* compute/drift.h: one feature of two data sets, compared by named tests: which definition, which threshold, which direction.
 *
 * The definitions are those of the tools whose name they carry: Evidently 0.7 (evidently/legacy/calculations/stattests), scipy 1.17,
 * NannyML 0.13, SageMaker Model Monitor and Deequ 2.0 (Deequ's analyzers/Distance.scala). [any] */
#ifndef SL_COMPUTE_DRIFT_H
#define SL_COMPUTE_DRIFT_H

#include "base/str.h"
#include "compute/stat.h"

enum sl_drift_kind { SL_DRIFT_NUMERIC, SL_DRIFT_CATEGORICAL, SL_DRIFT_BOOLEAN, SL_DRIFT_TEXT, SL_DRIFT_TIME };
const char *sl_drift_kind_name(enum sl_drift_kind k);

/* The baseline in the order of its rows, cut by a tenth of them, what remains too, for limits from it alone. */
enum { SL_DRIFT_CHUNKS = 20 };
struct sl_drift_chunks {
  size_t n, at[SL_DRIFT_CHUNKS + 1];   /* chunk i has at[i + 1] - at[i] values */
  const double *x;             /* numeric: chunk after chunk, each sorted */
  const double *cell;          /* others: the counts of a chunk, ncells of them, then of the next */
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
};

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

struct sl_drift_result {
  double statistic;            /* the test's own, never the p-value; NaN: not defined */
  double p, threshold, chance; /* NaN: has none. chance: the statistic to be expected of two samples of one distribution, of these sizes */
  bool by_p, drifted;          /* threshold is one of p */
  bool judged;                 /* false: no threshold, or nothing to compare */
};
/* Sets threshold, by_p, judged and drifted from statistic and p. */
void sl_drift_judge(enum sl_drift_test t, struct sl_drift_result *r);
int sl_drift_run(const struct sl_drift_pair *p, enum sl_drift_test t, struct sl_drift_result *out, struct sl_err *err) SL_NODISCARD;

#endif
