/* box/drift_row.h: what is known of one feature of two data sets becomes rows: in the box, and where an engine has the data (pushdown),
 * outside of it. They are held until all features are known, since a p-value is worth less the more of them there are. */
#ifndef SL_BOX_DRIFT_ROW_H
#define SL_BOX_DRIFT_ROW_H

#include "base/mem.h"
#include "compute/drift.h"
#include "table/batch.h"

enum { DRIFT_ONLY_NAMES = 8, DRIFT_ONLY_BYTES = 60 };   /* categories of one side only: so many are named, by their first bytes */
enum { DRIFT_TESTS_MAX = 64, DRIFT_BINS = 24, DRIFT_ROWS_MAX = 1 << 20 };
enum { DRIFT_LABEL_MAX = 200 };     /* bytes */

struct drift_feature {
  const char *name;
  struct sl_drift_pair pair;
  struct sl_drift_pair numbers;    /* as numbers, where the pair was made categorical; has_numbers */
  bool has_numbers;
  struct sl_drift_chunks chunks;   /* of the baseline, where they are asked for */
  double *chunk_mem;               /* of it; whoever compares frees it */
  int64_t missing[2], infinite[2];
  char note[64];
  struct sl_str only[2];           /* names of categories that only this side has, as a list; none: there are none, or they are numbers */
  struct sl_str labels;            /* what the cells stand for, as a list (sl_list); none: not known, or too many */
};
enum drift_profile { DRIFT_EVIDENTLY, DRIFT_MONITOR, DRIFT_NANNYML, DRIFT_DEEQU };
/* A row that waits. Numbers that are not known are NaN; texts and lists without bytes are none. */
struct drift_held {
  const char *feature, *kind, *test, *tool, *note;
  size_t n[2];
  int64_t missing[2], infinite[2];
  double statistic, p, q, bonferroni, threshold, chance, median[2], low, high;
  int drifted, chosen;             /* -1: not said */
  bool no_counts;                  /* nor n, missing, infinite */
  unsigned group;                  /* rows whose p-values belong together; 0: has none */
  struct sl_str histogram[2], categories, only[2];
  double only_share[2];            /* of the values of one side: in categories that the other has not */
};
struct drift_sink {                /* where rows go */
  int (*head)(void *user, const struct sl_schema *s, struct sl_err *err);
  int (*rows)(void *user, struct sl_batch *b, struct sl_err *err);       /* b stays ours */
  void *user;
};
struct sl_box_ctx;
struct drift_sink drift_sink_of(struct sl_box_ctx *c);             /* out of the box */
struct drift_rows {
  struct drift_sink to;
  struct sl_schema *schema;
  struct sl_batch *batch;
  bool automatic;                  /* the profile's own choice is among the tests */
  enum drift_profile profile;      /* whose choice */
  bool named;                      /* a profile was named: pure tests carry its name, else scipy's */
  bool integers_may_be_categories, texts_are_categories;
  bool chunked;                    /* a test asks for the baseline's chunks */
  bool pca, only_pca;              /* all features together are asked for; nothing else is */
  bool one_opinion;                /* no second row of Model Monitor's beside the profile's */
  enum sl_drift_test test[DRIFT_TESTS_MAX];
  size_t ntests;
  struct sl_arena mem;
  struct drift_held *held; size_t nheld, cap_held;
};
/* tests: names, comma separated, "auto" for the profile's own; empty: auto. profile: empty: as evidently. EUSAGE. */
int drift_rows_open(struct drift_rows *o, const struct drift_sink *to, struct sl_str tests, struct sl_str profile,
                    struct sl_err *err) SL_NODISCARD;
/* The test that the profile judges the feature by; false: it has none for such. */
bool drift_rows_choice(const struct drift_rows *o, const struct drift_feature *f, enum sl_drift_test *t);
/* The same without saying what rows look like: they are taken from `held` and forgotten, and never end. */
int drift_rows_begin(struct drift_rows *o, const struct drift_sink *to, struct sl_str tests, struct sl_str profile,
                     struct sl_err *err) SL_NODISCARD;
void drift_rows_forget(struct drift_rows *o);
/* The one test that the profile has for every feature; false: it chooses by the feature. */
bool drift_rows_fixed(const struct drift_rows *o, enum sl_drift_test *t);
int drift_rows_feature(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err) SL_NODISCARD;
/* Not judged: counts alone. */
int drift_rows_counts(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err) SL_NODISCARD;
int drift_rows_schema(struct drift_rows *o, const struct drift_feature *f, struct sl_err *err) SL_NODISCARD;   /* gone, new, retyped */
/* A row that was worked out elsewhere: by a file's sketches, by another tool's report. NaN and -1: not said. */
struct drift_given {
  const char *test, *tool, *note;
  double statistic, p, threshold;
  int drifted;                     /* -1: not judged */
  bool chosen, no_counts;          /* no_counts: how many values there were is not known */
  const char *kind;                /* NULL: the pair's */
  double low, high, median[2]; const double *count[2]; size_t bins;      /* a picture; bins 0: none */
};
/* Texts of f and g are copied. */
int drift_rows_given(struct drift_rows *o, const struct drift_feature *f, const struct drift_given *g, struct sl_err *err) SL_NODISCARD;
int drift_rows_end(struct drift_rows *o, struct sl_err *err) SL_NODISCARD;   /* works out what p-values are worth together, sends all */
void drift_rows_free(struct drift_rows *o);                                  /* what it holds, not o; also without an end */

/* ---- drift_only.c ---- */
/* A category's name as pictures have it: its first bytes, whole characters. */
struct sl_str drift_label(struct sl_str name);
void drift_only_shares(const struct sl_drift_pair *p, double share[2]);        /* NaN: no categories */
void drift_only_add(struct sl_buf *list, struct sl_str name);
void drift_only_numbers(const struct sl_drift_pair *p, int side, struct sl_buf *list);
void drift_only_cells(const struct sl_drift_pair *p, const struct sl_str *label, int side, struct sl_buf *list);

#endif
