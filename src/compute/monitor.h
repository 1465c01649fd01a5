/* compute/monitor.h: the files of SageMaker Model Monitor's data quality: statistics.json, constraints.json, constraint_violations.json.
 *
 * Read strictly (an error names file and field), within caps; written as its baselining writes them; compared as its container compares,
 * as far as its documents, its sample files and Deequ's source say. docs/internals/monitor.md has what is known and what is not. [any] */
#ifndef SL_COMPUTE_MONITOR_H
#define SL_COMPUTE_MONITOR_H

#include "base/buf.h"
#include "base/mem.h"
#include "compute/kll.h"

enum { SL_MONITOR_FEATURES_MAX = 1 << 16, SL_MONITOR_ITEMS_MAX = 1 << 23, SL_MONITOR_BUCKETS_MAX = 120 };

enum sl_monitor_type { SL_MONITOR_UNKNOWN, SL_MONITOR_INTEGRAL, SL_MONITOR_FRACTIONAL, SL_MONITOR_STRING, SL_MONITOR_TYPES };
const char *sl_monitor_type_name(enum sl_monitor_type t);    /* "Integral" */

/* ---- statistics.json ---- */
struct sl_monitor_bucket { double lo, hi, count; };
struct sl_monitor_value { const char *text; double count; };
struct sl_monitor_feature {
  const char *name;
  enum sl_monitor_type type;
  bool numbers, texts;                   /* which statistics there are */
  double present, missing;
  double mean, sum, std, min, max;       /* numbers; NaN: not said */
  double distinct;                       /* texts; NaN: not said */
  struct sl_monitor_bucket *bucket; size_t nbuckets, cap_buckets;
  struct sl_kll sketch; bool has_sketch;
  struct sl_monitor_value *value; size_t nvalues, cap_values; bool has_values;
  /* Of data that was counted here, not in the file: values that read as whole numbers, as numbers, infinities. -1: not known. */
  double whole, number, infinite;
};
struct sl_monitor_stats {
  struct sl_arena mem;                   /* names and texts */
  double items;                          /* rows; NaN: not said */
  struct sl_monitor_feature *at; size_t n, cap;
};
/* file: what errors call it. Free it also after a failure. EPARSE, ELIMIT. */
int sl_monitor_read_stats(struct sl_monitor_stats *out, const char *file, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_monitor_stats_free(struct sl_monitor_stats *s);
/* A new feature without anything; name is copied. NULL: err. */
struct sl_monitor_feature *sl_monitor_feature_add(struct sl_monitor_stats *s, struct sl_str name, struct sl_err *err);
int sl_monitor_value_add(struct sl_monitor_stats *s, struct sl_monitor_feature *f, struct sl_str text, double count,
                         struct sl_err *err) SL_NODISCARD;
struct sl_monitor_feature *sl_monitor_feature_find(const struct sl_monitor_stats *s, const char *name);   /* NULL: no such */
void sl_monitor_write_stats(struct sl_buf *b, const struct sl_monitor_stats *s);

/* ---- constraints.json ---- */
enum sl_monitor_flag { SL_MONITOR_UNSAID = -1, SL_MONITOR_NO, SL_MONITOR_YES };
struct sl_monitor_config {               /* NaN and UNSAID: not said */
  double datatype, domain, numeric, categorical;                       /* thresholds */
  enum sl_monitor_flag evaluate, compare, simple, chi2;               /* simple: else robust; chi2: else L-infinity */
};
struct sl_monitor_constraint {
  const char *name;
  enum sl_monitor_type type;
  double completeness;                   /* NaN: not said */
  enum sl_monitor_flag non_negative;
  const char **domain; size_t ndomain, cap_domain; bool has_domain;
  struct sl_monitor_config own;          /* overrides */
};
struct sl_monitor_constraints {
  struct sl_arena mem;
  struct sl_monitor_constraint *at; size_t n, cap;
  struct sl_monitor_config config;
};
/* As sl_monitor_read_stats(); what the file does not say is UNSAID, NaN. EPARSE also for those of model quality, which are no data's. */
int sl_monitor_read_constraints(struct sl_monitor_constraints *out, const char *file, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_monitor_constraints_free(struct sl_monitor_constraints *c);
/* What baselining suggests of statistics; texts stay those of s. */
int sl_monitor_suggest(struct sl_monitor_constraints *out, const struct sl_monitor_stats *s, struct sl_err *err) SL_NODISCARD;
void sl_monitor_write_constraints(struct sl_buf *b, const struct sl_monitor_constraints *c);
/* What holds for c: its own overrides, the file's, Model Monitor's defaults. */
struct sl_monitor_config sl_monitor_config_of(const struct sl_monitor_constraints *all, const struct sl_monitor_constraint *c);

/* ---- constraint_violations.json ---- */
struct sl_monitor_violation {
  const char *feature, *check, *words;
  double value, threshold;               /* as far as the words say them; NaN: they do not */
};
struct sl_monitor_violations { struct sl_arena mem; struct sl_monitor_violation *at; size_t n, cap; bool *seen; };  /* seen: the reader's */
/* As sl_monitor_read_stats(); texts live in mem. */
int sl_monitor_read_violations(struct sl_monitor_violations *out, const char *file, struct sl_str text, struct sl_err *err) SL_NODISCARD;
void sl_monitor_violations_free(struct sl_monitor_violations *v);
/* The numbers in a description, in any of its known forms. */
void sl_monitor_scrape(struct sl_str words, double *value, double *threshold);

/* ---- a comparison ---- */
struct sl_monitor_row {
  const char *feature;                   /* of the baseline or the current data, which must live */
  const char *test;                      /* "linf_robust", "linf", "chi2", "data_type_check", ..., "is_non_negative" */
  const struct sl_monitor_feature *base, *now;                        /* NULL: has none */
  double statistic, p, threshold;        /* NaN: none */
  int violated;                          /* -1: not judged */
  bool chosen, by_p;                     /* the constraints ask for it; threshold is one of p */
  enum sl_monitor_type expected;         /* data_type_check */
  char note[160];
};
struct sl_monitor_check { struct sl_monitor_row *at; size_t n, cap; };
/* base compared with now under c. tests: rows for `linf` (bit 0) and `linf_robust` (bit 1) besides what c chooses. */
int sl_monitor_compare(struct sl_monitor_check *out, const struct sl_monitor_stats *base, const struct sl_monitor_constraints *c,
                       const struct sl_monitor_stats *now, unsigned tests, struct sl_err *err) SL_NODISCARD;
void sl_monitor_check_free(struct sl_monitor_check *k);
/* constraint_violations.json as Model Monitor would have written it of these. columns: how many the current data has, the constraints. */
void sl_monitor_write_violations(struct sl_buf *b, const struct sl_monitor_check *k, size_t now, size_t constrained);

#endif
