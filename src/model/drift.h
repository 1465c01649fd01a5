/* model/drift.h: what is asked of the resource `drift`, as one text, and what its rows come to.
 *
 * Command line, view and gates ask alike and judge alike; the statistics themselves are computed in the box. */
#ifndef SL_MODEL_DRIFT_H
#define SL_MODEL_DRIFT_H

#include "table/table.h"

/* The scope: BASELINE CURRENT [tests=..] [profile=..]. A word may be quoted with ' or ", doubled inside. One address alone, ending in
 * .json, is a report that another tool has written: baseline has it, current is NULL. */
struct sl_drift_ask { char *baseline, *current, *tests, *profile; };     /* tests, profile: NULL: none was given */
int sl_drift_ask_parse(struct sl_drift_ask *out, struct sl_str scope, struct sl_err *err) SL_NODISCARD;   /* EUSAGE */
/* Whose verdict: the profile that was named; without one Model Monitor's for its own files, else NULL. */
const char *sl_drift_ask_profile(const struct sl_drift_ask *a);
void sl_drift_ask_free(struct sl_drift_ask *a);
void sl_drift_ask_text(struct sl_buf *b, const struct sl_drift_ask *a);
/* "evidently", "monitor", "nannyml", "deequ"; NULL-ended. How each calls itself: "Model Monitor"; none is Evidently. */
extern const char *const sl_drift_profiles[];
const char *sl_drift_profile_name(const char *profile);

/* ---- the verdict ---- */
struct sl_drift_tally {
  size_t features;             /* judged: those with a threshold, and columns that came, went or changed type */
  size_t drifted;              /* of them */
  size_t unjudged;             /* text, times, columns without a value */
  size_t monitor, monitored;   /* features that Model Monitor would report, of those whose rows say it */
  size_t monitor_all;          /* features that Model Monitor would report, as the profile does where no row says otherwise */
  size_t differ;               /* features over which the two differ */
  char other[3][48];           /* names of the first of them */
  char first[3][48];           /* names of the first that drifted */
  char last[48];               /* the feature of the last row */
  uint64_t last_hash;
  bool counted, bad, seen_monitor, bad_monitor;  /* of that feature */
  bool bottom;                 /* sl_drift_tally_end() was called */
};
/* Rows of one feature must follow each other, as they come. Rows that are not `chosen` are second opinions and count for nothing. */
void sl_drift_tally_add(struct sl_drift_tally *t, const struct sl_batch *b);
void sl_drift_tally_end(struct sl_drift_tally *t);
/* Drift by the profile's own rule (Evidently and none: share >= 0.5; others: any), or by fail_share >= 0 instead. */
bool sl_drift_verdict(const struct sl_drift_tally *t, const char *profile, double fail_share);
/* "drifted: 2 of 31 features: mean_area, worst_smoothness. Evidently would say: no (share 0.06 < 0.5)" */
void sl_drift_words(struct sl_buf *b, const struct sl_drift_tally *t, const char *profile, double fail_share);

#endif
