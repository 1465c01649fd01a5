/* model/drift.h: what is asked of the resource `drift`, as one text, and what its rows come to.
 *
 * Command line, view and gates ask alike and judge alike; the statistics themselves are computed in the box. */
#ifndef SL_MODEL_DRIFT_H
#define SL_MODEL_DRIFT_H

#include "table/table.h"

/* The scope: BASELINE CURRENT [tests=..] [profile=..] [model=..] [engine=local|pushdown], of a history also [last=N] [persist=M/N]. A word
 * may be quoted with ' or ", doubled inside. One address alone, ending in .json, is a
 * report that another tool has written: baseline has it, current is NULL. */
struct sl_drift_ask {
  char *baseline, *current;
  char *tests, *profile, *model, *last, *persist, *engine;    /* NULL: was not given */
};
int sl_drift_ask_parse(struct sl_drift_ask *out, struct sl_str scope, struct sl_err *err) SL_NODISCARD;   /* EUSAGE */
/* Whose verdict: the profile that was named; without one Model Monitor's for its own files, else NULL. */
const char *sl_drift_ask_profile(const struct sl_drift_ask *a);
void sl_drift_ask_free(struct sl_drift_ask *a);
void sl_drift_ask_text(struct sl_buf *b, const struct sl_drift_ask *a);
/* "evidently", "monitor", "nannyml", "deequ"; NULL-ended. How each calls itself: "Model Monitor"; none is Evidently. */
extern const char *const sl_drift_profiles[];
const char *sl_drift_profile_name(const char *profile);

/* A history's: how many partitions, and of how many of the last a feature must have drifted to be an alarm (2 of 3 where
 * nothing is said). EUSAGE. */
enum { SL_DRIFT_LAST = 14, SL_DRIFT_LAST_MAX = 400, SL_DRIFT_OF_MAX = 64 };
struct sl_drift_span { unsigned last, need, of; };
/* Defaults where a says nothing. */
int sl_drift_span_of(struct sl_drift_span *out, const struct sl_drift_ask *a, struct sl_err *err) SL_NODISCARD;

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
  size_t novel;                /* features with categories that the baseline has not */
  char novel_first[3][48];     /* names of the first of them */
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
/* From which share of drifted features on it is drift; -1: any. */
double sl_drift_limit(const char *profile, double fail_share);
/* "drifted: 2 of 31 features: mean_area, worst_smoothness. Evidently would say: no (share 0.06 < 0.5)" */
void sl_drift_words(struct sl_buf *b, const struct sl_drift_tally *t, const char *profile, double fail_share);

/* ---- of a history: rows of drift_history, partitions from the oldest to the newest, a feature's rows of one behind each other ---- */
struct sl_drift_past {
  struct sl_drift_span span;
  size_t features, drifted, alarms;    /* of the newest partition */
  size_t partitions, unread;           /* that were compared, or could not be */
  char newest[64];
  struct { char name[48], since[64]; int64_t recent, of; } first[3];    /* alarms */
  uint64_t last_hash;                  /* the feature of the last row of the newest partition */
  bool judged, bad;                    /* it */
};
void sl_drift_past_add(struct sl_drift_past *p, const struct sl_batch *b);   /* p zeroed before the first */
/* The newest partition by the profile's own rule, but features that persist alone count as drifted. */
bool sl_drift_past_verdict(const struct sl_drift_past *p, const char *profile, double fail_share);
/* "no drift: 2 of 31 features drifted in 2 of the last 3 partitions or more (mean_area 3 of 3, since dt=..; ..), share 0.0645 < 0.5, by
 * Evidently's rule" */
void sl_drift_past_words(struct sl_buf *b, const struct sl_drift_past *p, const char *profile, double fail_share);

#endif
